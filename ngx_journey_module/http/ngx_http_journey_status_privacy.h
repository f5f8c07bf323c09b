
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What an operator has to prove: the settings in force, and times of salts.
 * Collected here, formatted by who answers.
 */


#ifndef NGX_HTTP_JOURNEY_STATUS_PRIVACY_H
#define NGX_HTTP_JOURNEY_STATUS_PRIVACY_H


#include "ngx_http_journey_module.h"


#define NGX_HTTP_JOURNEY_GEO_COUNTRY  0x01
#define NGX_HTTP_JOURNEY_GEO_REGION   0x02
#define NGX_HTTP_JOURNEY_GEO_CITY     0x04


/* One for all locations with the same settings. */

typedef struct {
    ngx_uint_t                   profile;
    ngx_uint_t                   identity;  /* 0: by a variable */
    ngx_uint_t                   consent;   /* 1: it is asked for */
    ngx_uint_t                   signals;
    ngx_http_journey_cookie_t   *cookie;    /* NULL: never set */
    time_t                       session;
    ngx_uint_t                   geo;       /* a bit mask: at most these */
    ngx_array_t                  logs;      /* ngx_str_t: paths, as
                                               configured */
} ngx_http_journey_settings_t;


/* Times of the salts; of one that is not there created is 0. */

typedef struct {
    uint64_t                     created;   /* numbers */
    uint64_t                     destroyed;
    journey_salt_gone_t          today;
    journey_salt_gone_t          previous;
    ngx_uint_t                   ngone;     /* used in gone */
    journey_salt_gone_t          gone[JOURNEY_SALTS_GONE];
} ngx_http_journey_salt_times_t;


/* Copies the times, under the zone's lock; never a key. */
void ngx_http_journey_salt_times(ngx_http_journey_main_conf_t *mcf,
    ngx_http_journey_salt_times_t *times);

/* As members of a JSON object, each with a comma before it: "salts" and
 * "privacy".  size is an upper bound of what is written. */
size_t ngx_http_journey_privacy_size(ngx_http_journey_main_conf_t *mcf);
u_char *ngx_http_journey_privacy_json(u_char *p, u_char *last,
    ngx_http_journey_main_conf_t *mcf, ngx_http_journey_salt_times_t *times);

/* A JSON string; six times its length and two quotes have room. */
u_char *ngx_http_journey_json_string(u_char *p, ngx_str_t *value);


#endif /* NGX_HTTP_JOURNEY_STATUS_PRIVACY_H */
