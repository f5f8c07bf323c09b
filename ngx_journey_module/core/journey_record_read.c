
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The way back: a line of the journey log as a record.  One pass, no
 * allocation; keys are told by their length and bytes, not by comparisons.
 */


#include "journey_record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>


#define JOURNEY_ONES        0x0101010101010101ULL
#define JOURNEY_HIGHS       0x8080808080808080ULL

#define JOURNEY_SKIP_DEPTH  64          /* nesting in unknown keys */
#define JOURNEY_DIGITS      40          /* of a number that count */

/* A key of up to four bytes as one integer. */
#define journey_key(a, b, c, d)                                               \
    ((uint32_t) (a) | (uint32_t) (b) << 8 | (uint32_t) (c) << 16              \
     | (uint32_t) (d) << 24)


typedef struct {
    const u_char     *line;
    const u_char     *pos;
    const u_char     *end;
    u_char           *buf;              /* room for unescaped strings */
    journey_error_t  *err;
} journey_parser_t;


static int
journey_parse_error(journey_parser_t *ps, const char *what)
{
    return journey_error(ps->err, "%s at byte %zu", what,
                         (size_t) (ps->pos - ps->line) + 1);
}


static inline void
journey_parse_blanks(journey_parser_t *ps)
{
    while (ps->pos < ps->end
           && (*ps->pos == ' ' || *ps->pos == '\t' || *ps->pos == '\r'
               || *ps->pos == '\n'))
    {
        ps->pos++;
    }
}


/* The next byte that is no blank; 0 at the end of the line. */

static inline u_char
journey_parse_peek(journey_parser_t *ps)
{
    if (ps->pos < ps->end && *ps->pos > ' ') {
        return *ps->pos;
    }

    journey_parse_blanks(ps);

    return ps->pos < ps->end ? *ps->pos : 0;
}


static int
journey_parse_hex(const u_char *p, const u_char *end, uint32_t *value)
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
journey_parse_utf8(u_char *dst, uint32_t c)
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


/* One escape, ps->pos behind its backslash.  It is never longer when it is
 * unescaped. */

static int
journey_parse_escape(journey_parser_t *ps)
{
    u_char    c;
    uint32_t  code, low;

    if (ps->pos == ps->end) {
        return journey_parse_error(ps, "unfinished string");
    }

    c = *ps->pos++;

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
        if (journey_parse_hex(ps->pos, ps->end, &code) != JOURNEY_OK) {
            return journey_parse_error(ps, "bad \\u escape");
        }

        ps->pos += 4;

        if (code >= 0xd800 && code <= 0xdbff && ps->end - ps->pos >= 6
            && ps->pos[0] == '\\' && ps->pos[1] == 'u'
            && journey_parse_hex(ps->pos + 2, ps->end, &low) == JOURNEY_OK
            && low >= 0xdc00 && low <= 0xdfff)
        {
            ps->pos += 6;
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }

        if (code >= 0xd800 && code <= 0xdfff) {
            code = 0xfffd;
        }

        ps->buf = journey_parse_utf8(ps->buf, code);

        return JOURNEY_OK;

    default:
        ps->pos--;
        return journey_parse_error(ps, "bad escape");
    }

    *ps->buf++ = c;

    return JOURNEY_OK;
}


/* The rest of a string from its first backslash on; start is its begin. */

static int
journey_parse_escaped(journey_parser_t *ps, const u_char *start,
    journey_str_t *str)
{
    size_t  n;

    n = ps->pos - start;
    str->data = ps->buf;
    memcpy(ps->buf, start, n);
    ps->buf += n;

    for ( ;; ) {
        if (ps->pos == ps->end) {
            return journey_parse_error(ps, "unfinished string");
        }

        if (*ps->pos == '"') {
            ps->pos++;
            str->len = ps->buf - str->data;
            return JOURNEY_OK;
        }

        if (*ps->pos == '\\') {
            ps->pos++;

            if (journey_parse_escape(ps) != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }

            continue;
        }

        if (*ps->pos < 0x20) {
            return journey_parse_error(ps, "control character in a string");
        }

        *ps->buf++ = *ps->pos++;
    }
}


/* A string, ps->pos behind the quote that opens it. */

static inline int
journey_parse_rest(journey_parser_t *ps, journey_str_t *str)
{
    uint64_t       w, quote, slash;
    const u_char  *p;

    p = ps->pos;

    for ( ;; ) {

        while (ps->end - p >= 8) {
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

        while (p < ps->end && *p != '"' && *p != '\\' && *p >= 0x20) {
            p++;
        }

        break;
    }

    if (p < ps->end && *p == '"') {
        str->data = (u_char *) ps->pos;
        str->len = p - ps->pos;
        ps->pos = p + 1;
        return JOURNEY_OK;
    }

    if (p < ps->end && *p == '\\') {
        w = p - ps->pos;
        ps->pos = p;
        return journey_parse_escaped(ps, p - w, str);
    }

    ps->pos = p;

    return journey_parse_error(ps, p == ps->end
                                   ? "unfinished string"
                                   : "control character in a string");
}


static int
journey_parse_string(journey_parser_t *ps, journey_str_t *str)
{
    if (journey_parse_peek(ps) != '"') {
        return journey_parse_error(ps, "not a string");
    }

    ps->pos++;

    return journey_parse_rest(ps, str);
}


static int
journey_parse_uint(journey_parser_t *ps, uint64_t max, uint64_t *value)
{
    u_char         c;
    uint64_t       n;
    const u_char  *start;

    c = journey_parse_peek(ps);

    if (c < '0' || c > '9') {
        return journey_parse_error(ps, "not a whole number");
    }

    start = ps->pos;
    n = 0;

    while (ps->pos < ps->end && *ps->pos >= '0' && *ps->pos <= '9') {
        c = (u_char) (*ps->pos - '0');

        if (c > max || n > (max - c) / 10) {
            ps->pos = start;
            return journey_parse_error(ps, "number too large");
        }

        n = n * 10 + c;
        ps->pos++;
    }

    if ((*start == '0' && ps->pos - start > 1)
        || (ps->pos < ps->end && (*ps->pos == '.' || (*ps->pos | 0x20) == 'e')))
    {
        ps->pos = start;
        return journey_parse_error(ps, "not a whole number");
    }

    *value = n;

    return JOURNEY_OK;
}


static int
journey_parse_flag(journey_parser_t *ps, unsigned *flag)
{
    uint64_t  n;

    if (journey_parse_uint(ps, 1, &n) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    *flag = (unsigned) n;

    return JOURNEY_OK;
}


/* JSON's numbers (RFC 8259, section 6).  Free of the locale: strtod() sees
 * digits and an exponent, no point. */

static int
journey_parse_double(journey_parser_t *ps, double *value)
{
    int             minus, expminus;
    long            scale, exponent;
    char            digits[JOURNEY_DIGITS + 32];
    double          d;
    unsigned        n;
    uint64_t        m;
    const u_char   *p, *end, *start;

    static const double  powers[] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
        1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
    };

    (void) journey_parse_peek(ps);

    p = ps->pos;
    end = ps->end;
    minus = (p < end && *p == '-');
    p += minus;

    if (p == end || *p < '0' || *p > '9') {
        return journey_parse_error(ps, "not a number");
    }

    if (*p == '0' && end - p > 1 && p[1] >= '0' && p[1] <= '9') {
        return journey_parse_error(ps, "not a number");
    }

    n = 0;
    m = 0;
    scale = 0;
    exponent = 0;

    for (start = p; p < end; p++) {
        if (*p == '.' && scale == 0) {
            start = p + 1;
            scale = 1;
            continue;
        }

        if (*p < '0' || *p > '9') {
            break;
        }

        if (n < JOURNEY_DIGITS) {
            if (n > 0 || *p != '0') {
                digits[n++] = (char) *p;
                m = m * 10 + (uint64_t) (*p - '0');
            }

            exponent -= scale;

        } else {
            exponent += 1 - scale;
        }
    }

    if (p == start) {
        ps->pos = p;
        return journey_parse_error(ps, "not a number");
    }

    if (p < end && (*p | 0x20) == 'e') {
        p++;
        expminus = (p < end && *p == '-');
        p += (p < end && (*p == '-' || *p == '+'));

        for (start = p, scale = 0; p < end && *p >= '0' && *p <= '9'; p++) {
            if (scale < 100000) {
                scale = scale * 10 + (*p - '0');
            }
        }

        if (p == start) {
            ps->pos = p;
            return journey_parse_error(ps, "not a number");
        }

        exponent += expminus ? -scale : scale;
    }

    if (n == 0) {
        d = 0;

    } else if (n <= 15 && exponent <= 0 && exponent >= -22) {
        d = (double) m / powers[-exponent];

    } else if (n <= 15 && exponent > 0 && exponent <= 22) {
        d = (double) m * powers[exponent];

    } else {
        snprintf(digits + n, sizeof(digits) - n, "e%ld", exponent);
        d = strtod(digits, NULL);
    }

    *value = minus ? -d : d;
    ps->pos = p;

    return JOURNEY_OK;
}


static int
journey_parse_word(journey_parser_t *ps, const char *word, size_t len)
{
    if ((size_t) (ps->end - ps->pos) < len || memcmp(ps->pos, word, len) != 0) {
        return journey_parse_error(ps, "not a value");
    }

    ps->pos += len;

    return JOURNEY_OK;
}


static int
journey_parse_scalar(journey_parser_t *ps)
{
    double         number;
    journey_str_t  str;

    switch (journey_parse_peek(ps)) {

    case '"':
        return journey_parse_string(ps, &str);

    case 't':
        return journey_parse_word(ps, "true", 4);

    case 'f':
        return journey_parse_word(ps, "false", 5);

    case 'n':
        return journey_parse_word(ps, "null", 4);

    default:
        return journey_parse_double(ps, &number);
    }
}


/* "KEY": of a member of an object. */

static int
journey_parse_name(journey_parser_t *ps, journey_str_t *name)
{
    if (journey_parse_string(ps, name) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (journey_parse_peek(ps) != ':') {
        return journey_parse_error(ps, "no colon behind a key");
    }

    ps->pos++;

    return JOURNEY_OK;
}


/* Passes over the value of an unknown key: without recursion, and what is no
 * JSON is an error here too. */

static int
journey_parse_skip(journey_parser_t *ps)
{
    u_char         c;
    uint64_t       objects;             /* a bit a level: 1 for an object */
    unsigned       depth;
    journey_str_t  name;

    objects = 0;
    depth = 0;

    for ( ;; ) {
        c = journey_parse_peek(ps);

        if (c == '{' || c == '[') {
            if (depth == JOURNEY_SKIP_DEPTH) {
                return journey_parse_error(ps, "value nested too deeply");
            }

            ps->pos++;
            depth++;
            objects = objects << 1 | (c == '{');

            if (journey_parse_peek(ps) != c + 2) {      /* '}' or ']' */

                if (c == '{' && journey_parse_name(ps, &name) != JOURNEY_OK) {
                    return JOURNEY_ERROR;
                }

                continue;
            }

        } else if (journey_parse_scalar(ps) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        /* behind a value: the ends of what is open, or the next one */

        for ( ;; ) {
            if (depth == 0) {
                return JOURNEY_OK;
            }

            c = journey_parse_peek(ps);

            if (c == ',') {
                ps->pos++;

                if ((objects & 1)
                    && journey_parse_name(ps, &name) != JOURNEY_OK)
                {
                    return JOURNEY_ERROR;
                }

                break;
            }

            if (c != ((objects & 1) ? '}' : ']')) {
                return journey_parse_error(ps, "unfinished value");
            }

            ps->pos++;
            depth--;
            objects >>= 1;
        }
    }
}


/* w: an array of strings. */

static int
journey_parse_touches(journey_parser_t *ps, journey_record_t *rec)
{
    u_char  c;

    rec->ntouches = 0;

    if (journey_parse_peek(ps) != '[') {
        return journey_parse_error(ps, "not an array");
    }

    ps->pos++;

    if (journey_parse_peek(ps) == ']') {
        ps->pos++;
        return JOURNEY_OK;
    }

    for ( ;; ) {
        if (rec->ntouches == JOURNEY_RECORD_TOUCHES) {
            return journey_parse_error(ps, "too many channels");
        }

        if (journey_parse_string(ps, &rec->touches[rec->ntouches])
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        rec->ntouches++;

        c = journey_parse_peek(ps);

        if (c == ',') {
            ps->pos++;
            continue;
        }

        if (c != ']') {
            return journey_parse_error(ps, "unfinished array");
        }

        ps->pos++;

        return JOURNEY_OK;
    }
}


/* l: an object of strings. */

static int
journey_parse_labels(journey_parser_t *ps, journey_record_t *rec)
{
    u_char    c;
    uint32_t  n;

    rec->nlabels = 0;

    if (journey_parse_peek(ps) != '{') {
        return journey_parse_error(ps, "not an object");
    }

    ps->pos++;

    if (journey_parse_peek(ps) == '}') {
        ps->pos++;
        return JOURNEY_OK;
    }

    for ( ;; ) {
        n = rec->nlabels;

        if (n == JOURNEY_RECORD_LABELS) {
            return journey_parse_error(ps, "too many labels");
        }

        if (journey_parse_name(ps, &rec->label_names[n]) != JOURNEY_OK
            || journey_parse_string(ps, &rec->label_values[n]) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        rec->nlabels++;

        c = journey_parse_peek(ps);

        if (c == ',') {
            ps->pos++;
            continue;
        }

        if (c != '}') {
            return journey_parse_error(ps, "unfinished object");
        }

        ps->pos++;

        return JOURNEY_OK;
    }
}


static int
journey_parse_enum(journey_parser_t *ps, journey_record_t *rec, uint32_t key)
{
    journey_str_t  word;
    const u_char  *start;

    (void) journey_parse_peek(ps);
    start = ps->pos;

    if (journey_parse_string(ps, &word) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (key == journey_key('b', 0, 0, 0)) {

        /* a letter of a later version is no reason to lose the event */

        if (word.len == 1 && (word.data[0] == 'e' || word.data[0] == 'a'
                              || word.data[0] == 'c'))
        {
            rec->basis = word.data[0];
        }

        return JOURNEY_OK;
    }

    rec->kind = journey_event_kind_parse(&word);

    if (rec->kind == JOURNEY_EVENT_NONE) {
        ps->pos = start;
        return journey_parse_error(ps, "unknown k");
    }

    return JOURNEY_OK;
}


static int
journey_parse_device(journey_parser_t *ps, journey_record_t *rec)
{
    journey_str_t  word;

    if (journey_parse_string(ps, &word) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    /* and so is a device of a later version */

    rec->device = journey_str_is(&word, "desktop") ? JOURNEY_DEVICE_DESKTOP
                  : journey_str_is(&word, "mobile") ? JOURNEY_DEVICE_MOBILE
                  : journey_str_is(&word, "tablet") ? JOURNEY_DEVICE_TABLET
                  : journey_str_is(&word, "tv") ? JOURNEY_DEVICE_TV
                  : JOURNEY_DEVICE_OTHER;

    return JOURNEY_OK;
}


/* The value of one key.  Long, for it is one table of keys. */

static int
journey_parse_member(journey_parser_t *ps, journey_record_t *rec, uint32_t key)
{
    unsigned        flag;
    uint32_t       *num;
    uint64_t        n;
    journey_str_t  *str;

    str = NULL;
    num = NULL;
    flag = 0;

    switch (key) {

    case journey_key('t', 0, 0, 0):
        /* the year 10889: later ones are no times of ours */
        return journey_parse_uint(ps, 281474976710655ULL, &rec->time);

    case journey_key('k', 0, 0, 0):
    case journey_key('b', 0, 0, 0):
        return journey_parse_enum(ps, rec, key);

    case journey_key('d', 'e', 'v', 0):
        return journey_parse_device(ps, rec);

    case journey_key('w', 0, 0, 0):
        return journey_parse_touches(ps, rec);

    case journey_key('l', 0, 0, 0):
        return journey_parse_labels(ps, rec);

    case journey_key('v', 'a', 'l', 0):
        if (journey_parse_double(ps, &rec->value) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        if (!isfinite(rec->value)) {
            return journey_parse_error(ps, "number too large");
        }

        rec->has_value = 1;
        return JOURNEY_OK;

    case journey_key('d', 'o', 'n', 'e'):
        if (journey_parse_flag(ps, &flag) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        rec->done = flag & 1;
        return JOURNEY_OK;

    case journey_key('p', 'f', 0, 0):
        if (journey_parse_flag(ps, &flag) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        rec->prefetched = flag & 1;
        return JOURNEY_OK;

    case journey_key('m', 's', 0, 0):
        rec->has_ms = 1;
        num = &rec->ms;
        break;

    case journey_key('f', 's', 0, 0):
        rec->has_first_seen = 1;
        num = &rec->first_seen;
        break;

    case journey_key('j', 0, 0, 0):         num = &rec->journey;        break;
    case journey_key('s', 0, 0, 0):         num = &rec->session;        break;
    case journey_key('p', 'n', 0, 0):       num = &rec->position;       break;
    case journey_key('w', 'n', 0, 0):       num = &rec->touches_total;  break;
    case journey_key('s', 't', 0, 0):       num = &rec->status;         break;

    case journey_key('v', 0, 0, 0):         str = &rec->visitor;        break;
    case journey_key('h', 0, 0, 0):         str = &rec->host;           break;
    case journey_key('p', 0, 0, 0):         str = &rec->path;           break;
    case journey_key('p', 'h', 0, 0):       str = &rec->phase;          break;
    case journey_key('c', 'h', 0, 0):       str = &rec->channel;        break;
    case journey_key('s', 'r', 'c', 0):     str = &rec->source;         break;
    case journey_key('m', 'e', 'd', 0):     str = &rec->medium;         break;
    case journey_key('c', 'm', 'p', 0):     str = &rec->campaign;       break;
    case journey_key('t', 'r', 'm', 0):     str = &rec->term;           break;
    case journey_key('c', 'o', 'n', 0):     str = &rec->content;        break;
    case journey_key('c', 'i', 'd', 0):     str = &rec->click;          break;
    case journey_key('r', 'e', 'f', 0):     str = &rec->referrer;       break;
    case journey_key('w', 'h', 'y', 0):     str = &rec->why;            break;
    case journey_key('g', 'o', 'a', 'l'):   str = &rec->goal;           break;
    case journey_key('c', 'u', 'r', 0):     str = &rec->currency;       break;
    case journey_key('o', 'r', 'd', 0):     str = &rec->order;          break;
    case journey_key('p', 'v', 0, 0):       str = &rec->previous;       break;
    case journey_key('c', 'c', 0, 0):       str = &rec->country;        break;
    case journey_key('r', 'g', 0, 0):       str = &rec->region;         break;
    case journey_key('c', 't', 0, 0):       str = &rec->city;           break;
    case journey_key('u', 0, 0, 0):         str = &rec->user;           break;

    default:
        return journey_parse_skip(ps);
    }

    if (str != NULL) {
        return journey_parse_string(ps, str);
    }

    if (journey_parse_uint(ps, UINT32_MAX, &n) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    *num = (uint32_t) n;

    return JOURNEY_OK;
}


/* The key as an integer, 0 for one that is longer than any of ours; ps->pos
 * is behind the colon. */

static inline int
journey_parse_key(journey_parser_t *ps, uint32_t *key)
{
    size_t          i;
    u_char         *buf;
    const u_char   *p;
    journey_str_t   name;

    p = ps->pos;
    *key = 0;

    if (ps->end - p > 7 && p[0] == '"') {

        for (i = 1; i <= 4 && p[i] > '"' && p[i] != '\\'; i++) {
            *key |= (uint32_t) p[i] << (8 * (i - 1));
        }

        if (p[i] == '"' && p[i + 1] == ':' && i > 1) {
            ps->pos = p + i + 2;
            return JOURNEY_OK;
        }
    }

    buf = ps->buf;
    *key = 0;

    if (journey_parse_name(ps, &name) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (name.len <= 4) {
        for (i = 0; i < name.len; i++) {
            *key |= (uint32_t) name.data[i] << (8 * i);
        }

        /* a NUL must not make another key of it */

        if (name.len == 0 || name.data[name.len - 1] == '\0') {
            *key = 0;
        }
    }

    ps->buf = buf;

    return JOURNEY_OK;
}


int
journey_record_read(journey_record_t *rec, const u_char *line, size_t len,
    u_char *buf, journey_error_t *err)
{
    u_char            c;
    uint32_t          key;
    unsigned          has_time;
    journey_parser_t  ps;

    /* touches and labels are valid up to their numbers only: clearing them
     * would cost more than reading the line's short keys */

    memset(rec, 0, offsetof(journey_record_t, touches));
    memset(&rec->ntouches, 0, offsetof(journey_record_t, label_names)
                              - offsetof(journey_record_t, ntouches));
    memset(&rec->nlabels, 0, sizeof(journey_record_t)
                             - offsetof(journey_record_t, nlabels));

    ps.line = line;
    ps.pos = line;
    ps.end = line + len;
    ps.buf = buf;
    ps.err = err;

    has_time = 0;

    if (journey_parse_peek(&ps) != '{') {
        return journey_parse_error(&ps, "not an object");
    }

    ps.pos++;
    c = journey_parse_peek(&ps);

    if (c == '}') {
        ps.pos++;
    }

    while (c != '}') {
        if (journey_parse_key(&ps, &key) != JOURNEY_OK
            || journey_parse_member(&ps, rec, key) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        has_time |= (key == journey_key('t', 0, 0, 0));

        c = journey_parse_peek(&ps);

        if (c != ',' && c != '}') {
            return journey_parse_error(&ps, "no comma behind a value");
        }

        ps.pos++;

        if (c == ',') {
            (void) journey_parse_peek(&ps);
        }
    }

    journey_parse_blanks(&ps);

    if (ps.pos != ps.end) {
        return journey_parse_error(&ps, "something behind the object");
    }

    if (!has_time) {
        return journey_parse_error(&ps, "no t");
    }

    if (rec->kind == JOURNEY_EVENT_NONE) {
        return journey_parse_error(&ps, "no k");
    }

    return JOURNEY_OK;
}
