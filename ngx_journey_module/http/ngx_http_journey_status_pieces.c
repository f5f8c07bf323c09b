
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "ngx_http_journey_status_pieces.h"


u_char *
ngx_http_journey_html_bar(u_char *p, u_char *last, ngx_atomic_uint_t n,
    ngx_atomic_uint_t max, ngx_uint_t centred)
{
    ngx_uint_t  width;

    width = (max > 0) ? (ngx_uint_t) ((double) n / max * 1000 + 0.5) : 0;

    /* what is there is to be seen */

    if (n > 0 && width < 5) {
        width = 5;
    }

    return ngx_slprintf(p, last, NGX_HTTP_JOURNEY_HTML_BAR,
                        centred ? (1000 - ngx_min(width, 1000)) / 2 : 0,
                        ngx_min(width, 1000));
}


u_char *
ngx_http_journey_html_text(u_char *p, const ngx_str_t *text)
{
    return (u_char *) ngx_escape_html(p, text->data, text->len);
}


u_char *
ngx_http_journey_html_number(u_char *p, u_char *last, uint64_t n)
{
    u_char      digits[NGX_INT64_LEN], *end;
    ngx_uint_t  left;

    end = ngx_sprintf(digits, "%uL", n);

    for (left = end - digits; left > 0 && p < last; left--) {
        *p++ = end[- (ngx_int_t) left];

        if (left > 1 && left % 3 == 1 && p < last) {
            *p++ = ',';
        }
    }

    return p;
}


u_char *
ngx_http_journey_html_money(u_char *p, u_char *last,
    ngx_http_journey_worth_t *worth)
{
    int64_t   net;
    u_char    text[NGX_HTTP_JOURNEY_MONEY_LEN], *end, *point;
    uint64_t  n;

    net = worth->plus - worth->minus;
    n = (net < 0) ? (uint64_t) 0 - (uint64_t) net : (uint64_t) net;

    p = ngx_slprintf(p, last, "%s%s%s", worth->currency,
                     worth->currency[0] ? " " : "",
                     (net < 0) ? "\xe2\x88\x92" : "");
    p = ngx_http_journey_html_number(p, last, n / 1000000);

    end = ngx_http_journey_status_money(text, text + sizeof(text),
                                        (int64_t) (n % 1000000));
    point = ngx_strlchr(text, end, '.');

    if (point == NULL) {
        return ngx_slprintf(p, last, ".00");
    }

    p = ngx_slprintf(p, last, "%*s", (size_t) (end - point), point);

    return (end - point == 2) ? ngx_slprintf(p, last, "0") : p;
}


u_char *
ngx_http_journey_html_share(u_char *p, u_char *last, ngx_atomic_uint_t n,
    ngx_atomic_uint_t total)
{
    ngx_uint_t  share;

    share = (total > 0) ? (ngx_uint_t) ((double) n / total * 1000 + 0.5) : 0;
    share = ngx_min(share, 1000);

    return ngx_slprintf(p, last, "%ui.%ui%%", share / 10, share % 10);
}


u_char *
ngx_http_journey_html_bytes(u_char *p, u_char *last, uint64_t n)
{
    double              value;
    ngx_uint_t          i, tenths;
    static const char  *units[] = { "bytes", "KiB", "MiB", "GiB", "TiB",
                                    "PiB", "EiB" };

    if (n < 1024) {
        return ngx_slprintf(p, last, "%uL bytes", n);
    }

    value = (double) n;

    for (i = 0; value >= 1023.95; i++) {
        value /= 1024;
    }

    tenths = (ngx_uint_t) (value * 10 + 0.5);

    return ngx_slprintf(p, last, "%ui.%ui %s", tenths / 10, tenths % 10,
                        units[i]);
}


u_char *
ngx_http_journey_html_time(u_char *p, u_char *last, time_t t)
{
    ngx_tm_t  tm;

    ngx_gmtime(t, &tm);

    return ngx_slprintf(p, last, "%4d-%02d-%02d %02d:%02d:%02d UTC",
                        tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                        tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec);
}


u_char *
ngx_http_journey_html_span(u_char *p, u_char *last, time_t s)
{
    if (s >= 86400) {
        return ngx_slprintf(p, last, "%T d %T h", s / 86400,
                            s % 86400 / 3600);
    }

    if (s >= 3600) {
        return ngx_slprintf(p, last, "%T h %T min", s / 3600, s % 3600 / 60);
    }

    if (s >= 60) {
        return ngx_slprintf(p, last, "%T min", s / 60);
    }

    return ngx_slprintf(p, last, "%T s", ngx_max(s, 0));
}
