
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What the formats of journey_status share: all counters at one moment, and
 * the one table of their names.
 */


#ifndef NGX_HTTP_JOURNEY_STATUS_H
#define NGX_HTTP_JOURNEY_STATUS_H


#include "ngx_http_journey_module.h"
#include "ngx_http_journey_status_privacy.h"


/* Numbers of a snapshot that are no counters of the zone. */

#define NGX_HTTP_JOURNEY_ZONE_BYTES  NGX_HTTP_JOURNEY_COUNTERS
#define NGX_HTTP_JOURNEY_ZONE_USED   (NGX_HTTP_JOURNEY_COUNTERS + 1)
#define NGX_HTTP_JOURNEY_NUMBERS     (NGX_HTTP_JOURNEY_COUNTERS + 2)


/*
 * The table, in the order of the JSON document: a number, the begin of an
 * object, or its end.  Metrics are named without "journey_"; those that end in
 * "_total" are counters, all others gauges.  An object either is one metric,
 * whose label has its members' keys, or each member has a metric.
 */

typedef struct {
    const char          *key;           /* NULL: the end of an object */
    ngx_int_t            number;        /* of a snapshot; -1: an object */
    const char          *metric;
    const char          *label;
    const char          *help;          /* of the metric */
    const char          *text;          /* in words, for people */
} ngx_http_journey_field_t;

extern const ngx_http_journey_field_t  ngx_http_journey_status_fields[];
extern const ngx_uint_t  ngx_http_journey_status_nfields;


/* A number that has a name. */

typedef struct {
    ngx_str_t            name;
    ngx_atomic_uint_t    n;
    ngx_uint_t           position;      /* of a phase, the lowest of all
                                           models; 0: in none */
} ngx_http_journey_named_t;

/* Values of a goal in a currency, in millionths. */

typedef struct {
    ngx_uint_t           goal;          /* its place in the zone */
    u_char               currency[4];   /* ends with a zero byte */
    int64_t              plus;
    int64_t              minus;         /* without its sign */
} ngx_http_journey_worth_t;

typedef struct {
    ngx_str_t            name;
    ngx_atomic_uint_t    reached;
    ngx_atomic_uint_t    completed;
    ngx_uint_t                 nworths;
    ngx_http_journey_worth_t  *worths;
} ngx_http_journey_counted_goal_t;


typedef struct {
    ngx_http_journey_main_conf_t   *mcf;
    time_t                          now;
    time_t                          started;
    ngx_atomic_uint_t               numbers[NGX_HTTP_JOURNEY_NUMBERS];
    ngx_array_t                     channels;   /* ngx_http_journey_named_t, */
    ngx_array_t                     phases;     /* zeros too */
    ngx_array_t                     reasons;
    ngx_array_t                     goals;      /* ngx_http_journey_counted_…,
                                                   by name */
    ngx_array_t                     worths;     /* by goal and currency */
    ngx_http_journey_salt_times_t   salts;
    unsigned                        paused:1;   /* no refresh is wanted */
} ngx_http_journey_snapshot_t;


/* A format: how many bytes the document has at most, and the document. */

typedef struct {
    ngx_str_t     name;
    ngx_str_t     type;
    size_t        type_len;             /* without parameters */
    ngx_str_t     csp;                  /* Content-Security-Policy; empty:
                                           none */
    size_t      (*size)(ngx_http_journey_snapshot_t *snapshot);
    u_char     *(*write)(u_char *p, u_char *last,
                         ngx_http_journey_snapshot_t *snapshot);
} ngx_http_journey_format_t;

extern const ngx_http_journey_format_t  ngx_http_journey_status_json;
extern const ngx_http_journey_format_t  ngx_http_journey_status_prometheus;
extern const ngx_http_journey_format_t  ngx_http_journey_status_html;


/* All counters, ngx_http_journey_status_snapshot.c; NGX_ERROR without memory.
 * Strings point into the zone and the configuration. */
ngx_int_t ngx_http_journey_snapshot(ngx_pool_t *pool,
    ngx_http_journey_main_conf_t *mcf, ngx_http_journey_snapshot_t *snapshot);

/* Writes millionths as a decimal without zeros at its end, at most
 * NGX_HTTP_JOURNEY_MONEY_LEN bytes. */
#define NGX_HTTP_JOURNEY_MONEY_LEN  sizeof("-9223372036854.775808")

u_char *ngx_http_journey_status_money(u_char *p, u_char *last,
    int64_t millionths);


#endif /* NGX_HTTP_JOURNEY_STATUS_H */
