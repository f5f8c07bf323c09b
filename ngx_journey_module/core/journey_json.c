
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_json.h"

#include <stdio.h>
#include <stdlib.h>


#define JOURNEY_ONES        0x0101010101010101ULL
#define JOURNEY_HIGHS       0x8080808080808080ULL

#define JOURNEY_JSON_DEPTH  64          /* nesting of what is passed over */
#define JOURNEY_DIGITS      40          /* of a number that count */


int
journey_json_error(journey_json_t *json, const char *what)
{
    return journey_error(json->err, "%s at byte %zu", what,
                         (size_t) (json->pos - json->line) + 1);
}


static int
journey_json_hex(const u_char *p, const u_char *end, uint32_t *value)
{
    u_char    c;
    unsigned  i;

    if (end - p < 4) {
        return JOURNEY_ERROR;
    }

    *value = 0;

    for (i = 0; i < 4; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            c = (u_char) ((c | 0x20) - 'a' + 10);

        } else {
            return JOURNEY_ERROR;
        }

        *value = *value << 4 | c;
    }

    return JOURNEY_OK;
}


static u_char *
journey_json_utf8(u_char *dst, uint32_t c)
{
    if (c < 0x80) {
        *dst++ = (u_char) c;

    } else if (c < 0x800) {
        *dst++ = (u_char) (0xc0 | c >> 6);
        *dst++ = (u_char) (0x80 | (c & 0x3f));

    } else if (c < 0x10000) {
        *dst++ = (u_char) (0xe0 | c >> 12);
        *dst++ = (u_char) (0x80 | (c >> 6 & 0x3f));
        *dst++ = (u_char) (0x80 | (c & 0x3f));

    } else {
        *dst++ = (u_char) (0xf0 | c >> 18);
        *dst++ = (u_char) (0x80 | (c >> 12 & 0x3f));
        *dst++ = (u_char) (0x80 | (c >> 6 & 0x3f));
        *dst++ = (u_char) (0x80 | (c & 0x3f));
    }

    return dst;
}


/* One escape, json->pos behind its backslash.  It is never longer when it is
 * unescaped. */

static int
journey_json_escape(journey_json_t *json)
{
    u_char    c;
    uint32_t  code, low;

    if (json->pos == json->end) {
        return journey_json_error(json, "unfinished string");
    }

    c = *json->pos++;

    switch (c) {

    case '"':
    case '\\':
    case '/':
        break;

    case 'b':
        c = '\b';
        break;

    case 'f':
        c = '\f';
        break;

    case 'n':
        c = '\n';
        break;

    case 'r':
        c = '\r';
        break;

    case 't':
        c = '\t';
        break;

    case 'u':
        if (journey_json_hex(json->pos, json->end, &code) != JOURNEY_OK) {
            return journey_json_error(json, "bad \\u escape");
        }

        json->pos += 4;

        if (code >= 0xd800 && code <= 0xdbff && json->end - json->pos >= 6
            && json->pos[0] == '\\' && json->pos[1] == 'u'
            && journey_json_hex(json->pos + 2, json->end, &low) == JOURNEY_OK
            && low >= 0xdc00 && low <= 0xdfff)
        {
            json->pos += 6;
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }

        if (code >= 0xd800 && code <= 0xdfff) {
            code = 0xfffd;
        }

        json->buf = journey_json_utf8(json->buf, code);

        return JOURNEY_OK;

    default:
        json->pos--;
        return journey_json_error(json, "bad escape");
    }

    *json->buf++ = c;

    return JOURNEY_OK;
}


/* The rest of a string from its first backslash on; start is its begin. */

static int
journey_json_escaped(journey_json_t *json, const u_char *start,
    journey_str_t *str)
{
    size_t  n;

    n = json->pos - start;
    str->data = json->buf;
    memcpy(json->buf, start, n);
    json->buf += n;

    for ( ;; ) {
        if (json->pos == json->end) {
            return journey_json_error(json, "unfinished string");
        }

        if (*json->pos == '"') {
            json->pos++;
            str->len = json->buf - str->data;
            return JOURNEY_OK;
        }

        if (*json->pos == '\\') {
            json->pos++;

            if (journey_json_escape(json) != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }

            continue;
        }

        if (*json->pos < 0x20) {
            return journey_json_error(json, "control character in a string");
        }

        *json->buf++ = *json->pos++;
    }
}


/* A string, json->pos behind the quote that opens it. */

static inline int
journey_json_rest(journey_json_t *json, journey_str_t *str)
{
    uint64_t       w, quote, slash;
    const u_char  *p;

    p = json->pos;

    for ( ;; ) {

        while (json->end - p >= 8) {
            memcpy(&w, p, 8);

            quote = w ^ (JOURNEY_ONES * '"');
            slash = w ^ (JOURNEY_ONES * '\\');

            w = (((quote - JOURNEY_ONES) & ~quote)
                 | ((slash - JOURNEY_ONES) & ~slash)
                 | ((w - JOURNEY_ONES * 0x20) & ~w)) & JOURNEY_HIGHS;

            if (w != 0) {
#if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
                /* the lowest mark is a true one whatever was borrowed */
                p += __builtin_ctzll(w) / 8;
#endif
                break;
            }

            p += 8;
        }

        while (p < json->end && *p != '"' && *p != '\\' && *p >= 0x20) {
            p++;
        }

        break;
    }

    if (p < json->end && *p == '"') {
        str->data = (u_char *) json->pos;
        str->len = p - json->pos;
        json->pos = p + 1;
        return JOURNEY_OK;
    }

    if (p < json->end && *p == '\\') {
        w = p - json->pos;
        json->pos = p;
        return journey_json_escaped(json, p - w, str);
    }

    json->pos = p;

    return journey_json_error(json, p == json->end
                                   ? "unfinished string"
                                   : "control character in a string");
}


int
journey_json_string(journey_json_t *json, journey_str_t *str)
{
    if (journey_json_peek(json) != '"') {
        return journey_json_error(json, "not a string");
    }

    json->pos++;

    return journey_json_rest(json, str);
}


int
journey_json_uint(journey_json_t *json, uint64_t max, uint64_t *value)
{
    u_char         c;
    size_t         len;
    uint64_t       n;
    const u_char  *p, *start, *end;

    c = journey_json_peek(json);

    if (c < '0' || c > '9') {
        return journey_json_error(json, "not a whole number");
    }

    start = json->pos;
    end = json->end;
    n = 0;

    for (p = start; p < end && *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (uint64_t) (*p - '0');
    }

    len = p - start;

    if ((*start == '0' && len > 1)
        || (p < end && (*p == '.' || (*p | 0x20) == 'e')))
    {
        return journey_json_error(json, "not a whole number");
    }

    /* nineteen digits fit, whatever they are */

    if (len > 19 || n > max) {
        return journey_json_error(json, "number too large");
    }

    json->pos = p;
    *value = n;

    return JOURNEY_OK;
}


/* The digits of a number that count, as a whole number and a power of ten. */

typedef struct {
    char        digits[JOURNEY_DIGITS + 32];
    unsigned    n;                      /* of them */
    uint64_t    whole;                  /* their value while n <= 19 */
    long        exponent;
} journey_decimal_t;


/* Digits, and digits behind a point; NULL when they are missing. */

static const u_char *
journey_json_digits(journey_decimal_t *d, const u_char *p, const u_char *end)
{
    unsigned       point;
    const u_char  *start;

    d->n = 0;
    d->whole = 0;
    d->exponent = 0;
    point = 0;

    for (start = p; p < end; p++) {
        if (*p == '.' && !point && p > start) {
            start = p + 1;
            point = 1;
            continue;
        }

        if (*p < '0' || *p > '9') {
            break;
        }

        if (d->n == JOURNEY_DIGITS) {
            d->exponent += !point;
            continue;
        }

        if (d->n > 0 || *p != '0') {
            d->digits[d->n++] = (char) *p;
            d->whole = d->whole * 10 + (uint64_t) (*p - '0');
        }

        d->exponent -= point;
    }

    return p == start ? NULL : p;
}


/* Behind an "e". */

static const u_char *
journey_json_exponent(journey_decimal_t *d, const u_char *p, const u_char *end)
{
    int            minus;
    long           n;
    const u_char  *start;

    minus = (p < end && *p == '-');
    p += (p < end && (*p == '-' || *p == '+'));
    n = 0;

    for (start = p; p < end && *p >= '0' && *p <= '9'; p++) {
        if (n < 100000) {
            n = n * 10 + (*p - '0');
        }
    }

    d->exponent += minus ? -n : n;

    return p == start ? NULL : p;
}


/* Free of the locale: strtod() sees digits and an exponent, no point. */

static double
journey_json_value(journey_decimal_t *d)
{
    static const double  powers[] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
        1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
    };

    if (d->n == 0) {
        return 0;
    }

    /* both are exact as doubles, so one operation rounds once */

    if (d->n <= 15 && d->exponent <= 0 && d->exponent >= -22) {
        return (double) d->whole / powers[-d->exponent];
    }

    if (d->n <= 15 && d->exponent > 0 && d->exponent <= 22) {
        return (double) d->whole * powers[d->exponent];
    }

    snprintf(d->digits + d->n, sizeof(d->digits) - d->n, "e%ld", d->exponent);

    return strtod(d->digits, NULL);
}


/* JSON's numbers (RFC 8259, section 6). */

int
journey_json_double(journey_json_t *json, double *value)
{
    int                 minus;
    double              number;
    const u_char       *p, *end;
    journey_decimal_t   d;

    (void) journey_json_peek(json);

    p = json->pos;
    end = json->end;
    minus = (p < end && *p == '-');
    p += minus;

    if (p == end || *p < '0' || *p > '9'
        || (*p == '0' && end - p > 1 && p[1] >= '0' && p[1] <= '9'))
    {
        return journey_json_error(json, "not a number");
    }

    p = journey_json_digits(&d, p, end);

    if (p != NULL && p < end && (*p | 0x20) == 'e') {
        p = journey_json_exponent(&d, p + 1, end);
    }

    if (p == NULL) {
        return journey_json_error(json, "not a number");
    }

    number = journey_json_value(&d);

    *value = minus ? -number : number;
    json->pos = p;

    return JOURNEY_OK;
}


static int
journey_json_word(journey_json_t *json, const char *word, size_t len)
{
    if ((size_t) (json->end - json->pos) < len
        || memcmp(json->pos, word, len) != 0)
    {
        return journey_json_error(json, "not a value");
    }

    json->pos += len;

    return JOURNEY_OK;
}


static int
journey_json_scalar(journey_json_t *json)
{
    double         number;
    journey_str_t  str;

    switch (journey_json_peek(json)) {

    case '"':
        return journey_json_string(json, &str);

    case 't':
        return journey_json_word(json, "true", 4);

    case 'f':
        return journey_json_word(json, "false", 5);

    case 'n':
        return journey_json_word(json, "null", 4);

    default:
        return journey_json_double(json, &number);
    }
}


int
journey_json_name(journey_json_t *json, journey_str_t *name)
{
    if (journey_json_string(json, name) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (journey_json_peek(json) != ':') {
        return journey_json_error(json, "no colon behind a key");
    }

    json->pos++;

    return JOURNEY_OK;
}


/* Passes over the value of an unknown key: without recursion, and what is no
 * JSON is an error here too. */

int
journey_json_skip(journey_json_t *json)
{
    u_char         c;
    uint64_t       objects;             /* a bit a level: 1 for an object */
    unsigned       depth;
    journey_str_t  name;

    objects = 0;
    depth = 0;

    for ( ;; ) {
        c = journey_json_peek(json);

        if (c == '{' || c == '[') {
            if (depth == JOURNEY_JSON_DEPTH) {
                return journey_json_error(json, "value nested too deeply");
            }

            json->pos++;
            depth++;
            objects = objects << 1 | (c == '{');

            if (journey_json_peek(json) != c + 2) {      /* '}' or ']' */

                if (c == '{' && journey_json_name(json, &name) != JOURNEY_OK) {
                    return JOURNEY_ERROR;
                }

                continue;
            }

        } else if (journey_json_scalar(json) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        /* behind a value: the ends of what is open, or the next one */

        for ( ;; ) {
            if (depth == 0) {
                return JOURNEY_OK;
            }

            c = journey_json_peek(json);

            if (c == ',') {
                json->pos++;

                if ((objects & 1)
                    && journey_json_name(json, &name) != JOURNEY_OK)
                {
                    return JOURNEY_ERROR;
                }

                break;
            }

            if (c != ((objects & 1) ? '}' : ']')) {
                return journey_json_error(json, "unfinished value");
            }

            json->pos++;
            depth--;
            objects >>= 1;
        }
    }
}
