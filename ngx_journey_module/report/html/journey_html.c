
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_html.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>


typedef struct {
    uint32_t     first;
    uint32_t     last;
} journey_html_range_t;

/* What a reader must not meet: control characters, what steers the direction
 * of writing or is not to be seen, and what XML knows no character for. */

static const journey_html_range_t  journey_html_hidden[] = {
    { 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
    { 0x061c, 0x061c }, { 0x180e, 0x180e }, { 0x200b, 0x200f },
    { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xd800, 0xdfff },
    { 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb },
    { 0xfffe, 0xffff }, { 0xe0000, 0xe0fff }
};


static void
journey_html_put(journey_html_t *h, const void *data, size_t len)
{
    size_t   size;
    u_char  *p;

    if (h->no_memory) {
        return;
    }

    if (len > h->size - h->len) {
        size = 2 * h->size + len + 65536;

        p = realloc(h->data, size);
        if (p == NULL) {
            h->no_memory = 1;
            return;
        }

        h->data = p;
        h->size = size;
    }

    memcpy(h->data + h->len, data, len);
    h->len += len;
}


void
journey_html_raw(journey_html_t *h, const char *text)
{
    journey_html_put(h, text, strlen(text));
}


void
journey_html_fmt(journey_html_t *h, const char *fmt, ...)
{
    int      n;
    char     text[JOURNEY_HTML_LONG];
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    if (n > 0) {
        journey_html_put(h, text, journey_min((size_t) n, sizeof(text) - 1));
    }
}


/* The character at p, 0xfffd for what is none or must not be seen; *n is the
 * number of its bytes. */

static uint32_t
journey_html_char(const u_char *p, const u_char *end, size_t *n)
{
    size_t    i, len;
    uint32_t  c;

    c = *p;
    len = (c < 0x80) ? 1 : (c >= 0xf0) ? 4 : (c >= 0xe0) ? 3 : 2;
    *n = 1;

    if (len > 1) {
        if (c < 0xc2 || c > 0xf4 || (size_t) (end - p) < len) {
            return 0xfffd;
        }

        c &= 0xff >> (len + 1);

        for (i = 1; i < len; i++) {
            if ((p[i] & 0xc0) != 0x80) {
                return 0xfffd;
            }

            c = c << 6 | (p[i] & 0x3f);
        }

        if ((len == 3 && c < 0x800) || (len == 4 && c < 0x10000)
            || c > 0x10ffff)
        {
            return 0xfffd;
        }

        *n = len;
    }

    for (i = 0; i < sizeof(journey_html_hidden)
                    / sizeof(journey_html_hidden[0]); i++)
    {
        if (c >= journey_html_hidden[i].first
            && c <= journey_html_hidden[i].last)
        {
            return 0xfffd;
        }
    }

    return (c & 0xfffe) == 0xfffe ? 0xfffd : c;
}


/* The width of a character, in tenths of a usual one, as fonts have it. */

static unsigned
journey_html_width(const journey_html_t *h, uint32_t c)
{
    if (!h->fit) {
        return 10;
    }

    if (c >= 0x2e80 || c == 'm' || c == 'w' || c == 'M' || c == 'W'
        || c == '@' || c == '%')
    {
        return 17;
    }

    if (c < 0x80 && strchr(" ijlftrI.,:;'!|()[]-", (int) c) != NULL) {
        return 7;
    }

    return (c >= 0x80 || (c >= 'A' && c <= 'Z')) ? 13 : 10;
}


void
journey_html_str(journey_html_t *h, const journey_str_t *str, unsigned max)
{
    size_t         n;
    unsigned       used, cut;
    uint32_t       c;
    const u_char  *p, *end;

    end = str->data + str->len;
    max *= 10;

    for (p = str->data, used = 0; p < end && used <= max; p += n) {
        c = journey_html_char(p, end, &n);
        used += journey_html_width(h, c);
    }

    cut = (used > max);
    max -= cut ? 10 : 0;

    for (p = str->data, used = 0; p < end; p += n) {
        c = journey_html_char(p, end, &n);
        used += journey_html_width(h, c);

        if (used > max) {
            break;
        }

        switch (c) {

        case '&':
            journey_html_raw(h, "&amp;");
            break;

        case '<':
            journey_html_raw(h, "&lt;");
            break;

        case '>':
            journey_html_raw(h, "&gt;");
            break;

        case '"':
            journey_html_raw(h, "&quot;");
            break;

        case '\'':
            journey_html_raw(h, "&#39;");
            break;

        case 0xfffd:
            journey_html_raw(h, "\xef\xbf\xbd");
            break;

        default:
            journey_html_put(h, p, n);
        }
    }

    if (cut) {
        journey_html_raw(h, "\xe2\x80\xa6");
    }
}


void
journey_html_name(journey_html_t *h, const journey_str_t *str, unsigned max)
{
    size_t         i;
    u_char         name[64];
    journey_str_t  pretty;

    if (str->len == 0 || str->len > sizeof(name)) {
        journey_html_str(h, str, max);
        return;
    }

    for (i = 0; i < str->len; i++) {
        if (!((str->data[i] >= 'a' && str->data[i] <= 'z')
              || str->data[i] == '_'
              || (i != 0 && str->data[i] >= '0' && str->data[i] <= '9')))
        {
            journey_html_str(h, str, max);
            return;
        }

        name[i] = (str->data[i] == '_') ? ' ' : str->data[i];
    }

    name[0] = (u_char) toupper(name[0]);

    /* words that are no words */

    if (str->len >= 3 && memcmp(str->data, "ai_", 3) == 0) {
        name[1] = 'I';

    } else if (str->len == 3 && memcmp(str->data, "sms", 3) == 0) {
        memcpy(name, "SMS", 3);
    }

    pretty.data = name;
    pretty.len = str->len;

    journey_html_str(h, &pretty, max);
}


void
journey_html_touch(journey_html_t *h, const journey_str_t *str, unsigned max)
{
    if (h->opts->touch == JOURNEY_TOUCH_CHANNEL) {
        journey_html_name(h, str, max);

    } else {
        journey_html_str(h, str, max);
    }
}


void
journey_html_count(journey_html_t *h, uint64_t n)
{
    char  text[32];

    journey_text_count(text, n);
    journey_html_raw(h, text);
}


void
journey_html_money(journey_html_t *h, double value)
{
    char  text[352];

    journey_text_money(text, value);
    journey_html_raw(h, text);
}


void
journey_html_credit(journey_html_t *h, double number)
{
    if (number >= 0 && number < 1e15
        && number == (double) (uint64_t) number)
    {
        journey_html_count(h, (uint64_t) number);
        return;
    }

    journey_html_money(h, number);
}


void
journey_html_share(journey_html_t *h, double share)
{
    journey_html_fmt(h, "%.1f\xc2\xa0%%", 100 * share);
}


void
journey_html_time(journey_html_t *h, uint64_t ms)
{
    char           text[JOURNEY_TIME_LEN];
    journey_str_t  str;

    journey_time_format(&h->opts->zone, ms, text);

    /* the zone's name comes from a file of the system */

    str.data = (u_char *) text;
    str.len = strlen(text);

    journey_html_str(h, &str, JOURNEY_TIME_LEN);
}


void
journey_html_currency(journey_html_t *h)
{
    /* "Value EUR" has letters only */

    if (h->value != NULL && strlen(h->value) == sizeof("Value EUR") - 1) {
        journey_html_fmt(h, "\xc2\xa0%s", h->value + sizeof("Value ") - 1);
    }
}


void
journey_html_counted(journey_html_t *h, uint64_t n, const char *one,
    const char *many)
{
    journey_html_count(h, n);
    journey_html_fmt(h, "\xc2\xa0%s", n == 1 ? one : many);
}


void
journey_html_empty(journey_html_t *h, const char *text)
{
    journey_html_fmt(h, "<p class=\"empty\">%s</p>\n", text);
}
