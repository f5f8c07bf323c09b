
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What waits in the zone for pages that browsers were redirected to: a fixed
 * number of places, so that no flood takes memory.
 */


#ifndef NGX_HTTP_JOURNEY_LANDINGS_H
#define NGX_HTTP_JOURNEY_LANDINGS_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "journey_landing.h"
#include "journey_state.h"


typedef struct ngx_http_journey_waiting_s  ngx_http_journey_waiting_t;

typedef struct {
    ngx_http_journey_waiting_t  *places;
    u_char                    *values;      /* JOURNEY_LANDING_MAX for each */
    volatile uint16_t         *targets;     /* places in use, by target */
    ngx_uint_t                 n;           /* of all three; a power of 2 */
    ngx_atomic_t               number;      /* that waits now */
} ngx_http_journey_landings_t;


/* For whom, and where. */

typedef struct {
    uint32_t                   target;
    u_char                     id[JOURNEY_ID_LEN];
} ngx_http_journey_landing_key_t;


typedef struct {
    uint32_t                   until;       /* s since 1970, the last one */
    uint32_t                   len;
    u_char                     values[JOURNEY_LANDING_MAX];
} ngx_http_journey_landing_t;


/* In a new zone of that size, bytes; NGX_ERROR when it has no room. */
ngx_int_t ngx_http_journey_landings_init(ngx_slab_pool_t *shpool,
    ngx_http_journey_landings_t *landings, size_t size);

/* 0 when nothing waits at that target for anybody.  Without a lock; 1 may be
 * wrong. */
#define ngx_http_journey_landings_any(landings, target)                       \
    ((landings)->targets[(target) & ((landings)->n - 1)] != 0)

/* Keeps the values; returns how many were lost by it: others that were too
 * old, or the oldest for lack of room. */
ngx_uint_t ngx_http_journey_landings_keep(ngx_slab_pool_t *shpool,
    ngx_http_journey_landings_t *landings,
    const ngx_http_journey_landing_key_t *key,
    const ngx_http_journey_landing_t *landing);

/* What waits under that key, and with take 1 it does so no more.
 * NGX_DECLINED: nothing. */
ngx_int_t ngx_http_journey_landings_find(ngx_slab_pool_t *shpool,
    ngx_http_journey_landings_t *landings,
    const ngx_http_journey_landing_key_t *key, ngx_uint_t take,
    ngx_http_journey_landing_t *landing);

/* Overwrites what is too old, and mends what a worker left that died here;
 * returns how many were lost. */
ngx_uint_t ngx_http_journey_landings_expire(ngx_slab_pool_t *shpool,
    ngx_http_journey_landings_t *landings);


#endif /* NGX_HTTP_JOURNEY_LANDINGS_H */
