
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What the page of journey_status is made of: bars, and numbers as people read
 * them.
 */


#ifndef NGX_HTTP_JOURNEY_STATUS_PIECES_H
#define NGX_HTTP_JOURNEY_STATUS_PIECES_H


#include "ngx_http_journey_status.h"


/* The most bytes that a number becomes, a time; and a bar's format. */

#define NGX_HTTP_JOURNEY_HTML_NUMBER  sizeof("18,446,744,073,709,551,615")

#define NGX_HTTP_JOURNEY_HTML_TIME    "2026-11-22 00:00:00 UTC"

#define NGX_HTTP_JOURNEY_HTML_BAR                                             \
    "<svg viewBox=\"0 0 1000 1\" preserveAspectRatio=\"none\" "               \
    "aria-hidden=\"true\"><rect x=\"%ui\" width=\"%ui\" height=\"1\"/></svg>"


/* Of max, a full one. */
u_char *ngx_http_journey_html_bar(u_char *p, u_char *last,
    ngx_atomic_uint_t n, ngx_atomic_uint_t max, ngx_uint_t centred);

/* Escaped; six times its length has room. */
u_char *ngx_http_journey_html_text(u_char *p, const ngx_str_t *text);

/* With a comma for each three digits. */
u_char *ngx_http_journey_html_number(u_char *p, u_char *last,
    uint64_t n);

/* "EUR 1,234.50": two digits at least behind the point. */
u_char *ngx_http_journey_html_money(u_char *p, u_char *last,
    ngx_http_journey_worth_t *worth);

/* "12.5%", "1.5 MiB", "2026-11-22 08:45:00 UTC", "4 h 12 min" (of seconds). */
u_char *ngx_http_journey_html_share(u_char *p, u_char *last,
    ngx_atomic_uint_t n, ngx_atomic_uint_t total);
u_char *ngx_http_journey_html_bytes(u_char *p, u_char *last,
    uint64_t n);
u_char *ngx_http_journey_html_time(u_char *p, u_char *last, time_t t);
u_char *ngx_http_journey_html_span(u_char *p, u_char *last, time_t s);


#endif /* NGX_HTTP_JOURNEY_STATUS_PIECES_H */
