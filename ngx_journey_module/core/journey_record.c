
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>


/* Bytes of a record that are not in its strings, at most: every key with its
 * punctuation and every number but val, and what the copies of fixed size
 * below write beyond their text. */
#define JOURNEY_RECORD_FIXED  768

#define JOURNEY_ONES          0x0101010101010101ULL
#define JOURNEY_HIGHS         0x8080808080808080ULL

/* Copies a literal. */
#define journey_put(p, text)                                                  \
    (memcpy(p, text, sizeof(text) - 1), (p) + sizeof(text) - 1)


/* Copied whole, so that the length is no variable of the copy. */

typedef struct {
    size_t       len;
    char         text[16 + 1];
} journey_fixed_t;


static const journey_fixed_t  journey_kinds[JOURNEY_EVENT_LAST] = {
    { 0, "" },
    { 11, ",\"k\":\"page\"" },
    { 11, ",\"k\":\"goal\"" },
    { 12, ",\"k\":\"click\"" },
    { 12, ",\"k\":\"pixel\"" },
    { 12, ",\"k\":\"error\"" },
    { 14, ",\"k\":\"offline\"" }
};

static const journey_fixed_t  journey_devices[JOURNEY_DEVICE_LAST] = {
    { 0, "" },
    { 16, ",\"dev\":\"desktop\"" },
    { 15, ",\"dev\":\"mobile\"" },
    { 15, ",\"dev\":\"tablet\"" },
    { 11, ",\"dev\":\"tv\"" },
    { 14, ",\"dev\":\"other\"" }
};

static const journey_str_t  journey_kind_names[JOURNEY_EVENT_LAST] = {
    journey_string(""),
    journey_string("page"),
    journey_string("goal"),
    journey_string("click"),
    journey_string("pixel"),
    journey_string("error"),
    journey_string("offline")
};

static const char  journey_digits[] =
    "00010203040506070809101112131415161718192021222324"
    "25262728293031323334353637383940414243444546474849"
    "50515253545556575859606162636465666768697071727374"
    "75767778798081828384858687888990919293949596979899";

static const char  journey_hex[] = "0123456789abcdef";


/* Non-zero when one of the eight bytes cannot be copied as it is: a quote,
 * a backslash, a control character, or no ASCII. */

static inline uint64_t
journey_json_special(uint64_t w)
{
    uint64_t  quote, slash;

    quote = w ^ (JOURNEY_ONES * '"');
    slash = w ^ (JOURNEY_ONES * '\\');

    return ((w - JOURNEY_ONES * 0x20) | (quote - JOURNEY_ONES)
            | (slash - JOURNEY_ONES) | w) & JOURNEY_HIGHS;
}


/* Length of the valid UTF-8 character (RFC 3629) that begins here, 0 when
 * none does. */

static size_t
journey_utf8_char(const u_char *p, size_t len)
{
    u_char  c, lo, hi;
    size_t  n, i;

    c = p[0];
    lo = 0x80;
    hi = 0xbf;

    if (c < 0x80) {
        return 1;
    }

    if (c >= 0xc2 && c <= 0xdf) {
        n = 2;

    } else if (c >= 0xe0 && c <= 0xef) {
        n = 3;
        lo = (c == 0xe0) ? 0xa0 : 0x80;
        hi = (c == 0xed) ? 0x9f : 0xbf;

    } else if (c >= 0xf0 && c <= 0xf4) {
        n = 4;
        lo = (c == 0xf0) ? 0x90 : 0x80;
        hi = (c == 0xf4) ? 0x8f : 0xbf;

    } else {
        return 0;
    }

    if (len < n || p[1] < lo || p[1] > hi) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


/* As journey_json_escape(); ends before the character with which the string
 * would have more than max bytes in memory. */

static u_char *
journey_json_escape_max(u_char *dst, const u_char *src, size_t len, size_t max)
{
    size_t         n;
    u_char         c;
    uint64_t       w;
    const u_char  *end;

    end = src + len;

    while (src < end) {

        if (end - src >= 8 && max >= 8) {
            memcpy(&w, src, 8);

            if (journey_json_special(w) == 0) {
                memcpy(dst, &w, 8);
                src += 8;
                dst += 8;
                max -= 8;
                continue;
            }
        }

        c = *src;

        if (c >= 0x80) {
            n = journey_utf8_char(src, end - src);

            if (n == 0) {
                if (max < 3) {
                    break;
                }

                dst = journey_put(dst, "\xef\xbf\xbd");
                max -= 3;
                src++;
                continue;
            }

            if (max < n) {
                break;
            }

            memcpy(dst, src, n);
            src += n;
            dst += n;
            max -= n;
            continue;
        }

        if (max == 0) {
            break;
        }

        max--;
        src++;

        if (c == '"' || c == '\\') {
            *dst++ = '\\';
            *dst++ = c;

        } else if (c >= 0x20) {
            *dst++ = c;

        } else {
            dst = journey_put(dst, "\\u00");
            *dst++ = (u_char) journey_hex[c >> 4];
            *dst++ = (u_char) journey_hex[c & 0xf];
        }
    }

    return dst;
}


/* Copies while it looks; what is not plain goes the long way. */

static inline u_char *
journey_put_string(u_char *dst, const u_char *src, size_t len, size_t max)
{
    size_t    i;
    uint32_t  lo, hi;
    uint64_t  w, special;

    if (len > max) {
        return journey_json_escape_max(dst, src, len, max);
    }

    if (len >= 8) {
        special = 0;

        for (i = 0; i + 8 <= len; i += 8) {
            memcpy(&w, src + i, 8);
            memcpy(dst + i, &w, 8);
            special |= journey_json_special(w);
        }

        memcpy(&w, src + len - 8, 8);
        memcpy(dst + len - 8, &w, 8);
        special |= journey_json_special(w);

        if (special == 0) {
            return dst + len;
        }

        return journey_json_escape_max(dst, src, len, max);
    }

    if (len >= 4) {
        memcpy(&lo, src, 4);
        memcpy(&hi, src + len - 4, 4);

        if (journey_json_special((uint64_t) hi << 32 | lo) == 0) {
            memcpy(dst, &lo, 4);
            memcpy(dst + len - 4, &hi, 4);
            return dst + len;
        }

        return journey_json_escape_max(dst, src, len, max);
    }

    for (i = 0; i < len; i++) {
        if (src[i] < 0x20 || src[i] >= 0x80 || src[i] == '"'
            || src[i] == '\\')
        {
            return journey_json_escape_max(dst, src, len, max);
        }

        dst[i] = src[i];
    }

    return dst + len;
}


u_char *
journey_json_escape(u_char *dst, const u_char *src, size_t len)
{
    return journey_put_string(dst, src, len, (size_t) -1);
}


static inline u_char *
journey_put_digits(u_char *dst, uint32_t n, unsigned pairs)
{
    unsigned  i;

    for (i = pairs; i > 0; i--) {
        memcpy(dst + 2 * (i - 1), journey_digits + 2 * (n % 100), 2);
        n /= 100;
    }

    return dst + 2 * pairs;
}


static u_char *
journey_put_large(u_char *dst, uint64_t n)
{
    u_char    buf[20], *p;
    uint32_t  low;

    p = buf + sizeof(buf);

    while (n >= 100000000) {
        low = (uint32_t) (n % 100000000);
        n /= 100000000;
        p -= 8;
        (void) journey_put_digits(p, low, 4);
    }

    low = (uint32_t) n;

    while (low >= 100) {
        p -= 2;
        memcpy(p, journey_digits + 2 * (low % 100), 2);
        low /= 100;
    }

    if (low >= 10) {
        p -= 2;
        memcpy(p, journey_digits + 2 * low, 2);

    } else {
        *--p = (u_char) ('0' + low);
    }

    memcpy(dst, p, buf + sizeof(buf) - p);

    return dst + (buf + sizeof(buf) - p);
}


static inline u_char *
journey_put_uint(u_char *dst, uint64_t n)
{
    if (n < 10) {
        *dst = (u_char) ('0' + n);
        return dst + 1;
    }

    if (n < 100) {
        memcpy(dst, journey_digits + 2 * n, 2);
        return dst + 2;
    }

    return journey_put_large(dst, n);
}


static inline u_char *
journey_put_time(u_char *dst, uint64_t t)
{
    uint32_t  high, low;

    /* thirteen digits: from September 2001 to November 2286 */

    if (t < 1000000000000ULL || t >= 10000000000000ULL) {
        return journey_put_large(dst, t);
    }

    high = (uint32_t) (t / 100000000);
    low = (uint32_t) (t % 100000000);

    *dst++ = (u_char) ('0' + high / 10000);
    dst = journey_put_digits(dst, high % 10000, 2);

    return journey_put_digits(dst, low, 4);
}


/* The digits of value and the place of its point: value is 0.DIGITS times
 * ten to the power of *point.  Free of the locale: neither the point that
 * snprintf() writes nor one for strtod() matters. */

static unsigned
journey_shortest(double value, char *digits, int *point)
{
    int       precision, exponent;
    char      buf[64], back[64], *p;
    unsigned  n;

    n = 0;
    exponent = 0;

    for (precision = 0; precision < 17; precision++) {
        snprintf(buf, sizeof(buf), "%.*e", precision, value);

        n = 0;

        for (p = buf; *p != 'e'; p++) {
            if (*p >= '0' && *p <= '9') {
                digits[n++] = *p;
            }
        }

        exponent = atoi(p + 1);

        snprintf(back, sizeof(back), "%.*se%d", (int) n, digits,
                 exponent - precision);

        if (strtod(back, NULL) == value) {
            break;
        }
    }

    while (n > 1 && digits[n - 1] == '0') {
        n--;
    }

    *point = exponent + 1;

    return n;
}


u_char *
journey_json_number(u_char *dst, double value)
{
    int       point;
    char      digits[20];
    unsigned  n, i;
    uint64_t  cents;

    if (!isfinite(value)) {
        return journey_put(dst, "null");
    }

    if (value < 0) {
        *dst++ = '-';
        value = -value;
    }

    /* money: a decimal of at most fifteen digits is the shortest one when it
     * leads back to the same double */

    if (value < 1e13) {
        cents = (uint64_t) (value * 100 + 0.5);

        if ((double) cents / 100 == value) {
            dst = journey_put_uint(dst, cents / 100);

            if (cents % 100 != 0) {
                *dst++ = '.';
                memcpy(dst, journey_digits + 2 * (cents % 100), 2);
                dst += (cents % 10 != 0) ? 2 : 1;
            }

            return dst;
        }
    }

    n = journey_shortest(value, digits, &point);

    if (point > 21) {
        *dst++ = (u_char) digits[0];

        if (n > 1) {
            *dst++ = '.';
            memcpy(dst, digits + 1, n - 1);
            dst += n - 1;
        }

        *dst++ = 'e';

        return journey_put_uint(dst, (uint64_t) (point - 1));
    }

    if (point <= 0) {
        dst = journey_put(dst, "0.");
        memset(dst, '0', (size_t) -point);
        dst += -point;
        memcpy(dst, digits, n);

        return dst + n;
    }

    for (i = 0; i < (unsigned) point || i < n; i++) {
        if (i == (unsigned) point) {
            *dst++ = '.';
        }

        *dst++ = (u_char) (i < n ? digits[i] : '0');
    }

    return dst;
}


size_t
journey_record_size(const journey_record_t *r)
{
    size_t    len;
    uint32_t  i;

    len = r->visitor.len + r->host.len
          + journey_min(r->path.len, JOURNEY_PATH_MAX)
          + r->phase.len + r->previous.len + r->country.len + r->region.len
          + r->city.len + r->bot.len + r->user.len
          + r->channel.len + r->source.len + r->medium.len + r->campaign.len
          + r->term.len + r->content.len + r->click.len + r->referrer.len
          + r->why.len
          + r->goal.len + r->currency.len + r->order.len;

    for (i = 0; i < r->ntouches; i++) {
        len += r->touches[i].len + 1;
    }

    for (i = 0; i < r->nlabels; i++) {
        len += r->label_names[i].len + r->label_values[i].len + 1;
    }

    len = 6 * len + JOURNEY_RECORD_FIXED;

    return r->has_value ? len + JOURNEY_JSON_NUMBER_LEN : len;
}


#define journey_put_str(p, key, str, max)                                     \
    if ((str).len != 0) {                                                     \
        p = journey_put(p, ",\"" key "\":\"");                                \
        p = journey_put_string(p, (str).data, (str).len, max);                \
        *p++ = '"';                                                           \
    }

#define journey_put_num(p, key, num)                                          \
    p = journey_put(p, ",\"" key "\":");                                      \
    p = journey_put_uint(p, num)


/* The keys of a touch: on few events only, so kept out of the others' way. */

static u_char *
journey_record_touch(u_char *p, const journey_record_t *r)
{
    journey_put_str(p, "ch", r->channel, (size_t) -1);
    journey_put_str(p, "src", r->source, (size_t) -1);
    journey_put_str(p, "med", r->medium, (size_t) -1);
    journey_put_str(p, "cmp", r->campaign, (size_t) -1);
    journey_put_str(p, "trm", r->term, (size_t) -1);
    journey_put_str(p, "con", r->content, (size_t) -1);
    journey_put_str(p, "cid", r->click, (size_t) -1);
    journey_put_str(p, "ref", r->referrer, (size_t) -1);
    journey_put_str(p, "why", r->why, (size_t) -1);

    return p;
}


static u_char *
journey_record_goal(u_char *p, const journey_record_t *r)
{
    uint32_t  i;

    journey_put_str(p, "goal", r->goal, (size_t) -1);

    if (r->done) {
        p = journey_put(p, ",\"done\":1");
    }

    if (r->has_value && isfinite(r->value)) {
        p = journey_put(p, ",\"val\":");
        p = journey_json_number(p, r->value);
    }

    journey_put_str(p, "cur", r->currency, (size_t) -1);
    journey_put_str(p, "ord", r->order, (size_t) -1);

    if (r->ntouches != 0) {
        p = journey_put(p, ",\"w\":[");

        for (i = 0; i < r->ntouches; i++) {
            *p++ = '"';
            p = journey_put_string(p, r->touches[i].data, r->touches[i].len,
                                   (size_t) -1);
            *p++ = '"';
            *p++ = ',';
        }

        p[-1] = ']';
    }

    if (r->touches_total != 0) {
        journey_put_num(p, "wn", r->touches_total);
    }

    return p;
}


static u_char *
journey_record_labels(u_char *p, const journey_record_t *r)
{
    uint32_t  i;

    p = journey_put(p, ",\"l\":{");

    for (i = 0; i < r->nlabels; i++) {
        *p++ = '"';
        p = journey_put_string(p, r->label_names[i].data,
                               r->label_names[i].len, (size_t) -1);
        p = journey_put(p, "\":\"");
        p = journey_put_string(p, r->label_values[i].data,
                               r->label_values[i].len, (size_t) -1);
        *p++ = '"';
        *p++ = ',';
    }

    p[-1] = '}';

    return p;
}


u_char *
journey_record_write(u_char *p, const journey_record_t *r)
{
    p = journey_put(p, "{\"t\":");
    p = journey_put_time(p, r->time);

    journey_put_str(p, "v", r->visitor, (size_t) -1);

    if (r->journey != 0) {
        journey_put_num(p, "j", r->journey);
    }

    if (r->session != 0) {
        journey_put_num(p, "s", r->session);
    }

    memcpy(p, journey_kinds[r->kind].text, 16);
    p += journey_kinds[r->kind].len;

    journey_put_str(p, "h", r->host, (size_t) -1);
    journey_put_str(p, "p", r->path, JOURNEY_PATH_MAX);
    journey_put_str(p, "ph", r->phase, (size_t) -1);

    if (r->position != 0) {
        journey_put_num(p, "pn", r->position);
    }

    if (r->channel.len | r->source.len | r->medium.len | r->campaign.len
        | r->term.len | r->content.len | r->click.len | r->referrer.len
        | r->why.len)
    {
        p = journey_record_touch(p, r);
    }

    if (r->has_first_seen) {
        journey_put_num(p, "fs", r->first_seen);
    }

    if (r->kind == JOURNEY_EVENT_GOAL || r->goal.len != 0 || r->has_value
        || r->ntouches != 0)
    {
        p = journey_record_goal(p, r);
    }

    if (r->status != 0) {
        journey_put_num(p, "st", r->status);
    }

    if (r->has_ms) {
        journey_put_num(p, "ms", r->ms);
    }

    if (r->prefetched) {
        p = journey_put(p, ",\"pf\":1");
    }

    journey_put_str(p, "pv", r->previous, (size_t) -1);
    journey_put_str(p, "cc", r->country, (size_t) -1);
    journey_put_str(p, "rg", r->region, (size_t) -1);
    journey_put_str(p, "ct", r->city, (size_t) -1);

    memcpy(p, journey_devices[r->device].text, 16);
    p += journey_devices[r->device].len;

    journey_put_str(p, "bot", r->bot, (size_t) -1);
    journey_put_str(p, "u", r->user, (size_t) -1);

    if (r->nlabels != 0) {
        p = journey_record_labels(p, r);
    }

    if (r->basis != 0) {
        p = journey_put(p, ",\"b\":\"");
        *p++ = r->basis;
        *p++ = '"';
    }

    *p++ = '}';
    *p++ = '\n';

    return p;
}


const journey_str_t *
journey_event_kind_name(journey_event_kind_e kind)
{
    return &journey_kind_names[(unsigned) kind < JOURNEY_EVENT_LAST ? kind : 0];
}


journey_event_kind_e
journey_event_kind_parse(const journey_str_t *word)
{
    unsigned  i;

    for (i = 1; i < JOURNEY_EVENT_LAST; i++) {
        if (word->len == journey_kind_names[i].len
            && memcmp(word->data, journey_kind_names[i].data, word->len) == 0)
        {
            return (journey_event_kind_e) i;
        }
    }

    return JOURNEY_EVENT_NONE;
}
