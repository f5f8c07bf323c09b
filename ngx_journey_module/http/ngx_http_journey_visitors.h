
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Visitors without a cookie: their states, in the zone.  When the zone is
 * full, the least recently seen one goes.
 */


#ifndef NGX_HTTP_JOURNEY_VISITORS_H
#define NGX_HTTP_JOURNEY_VISITORS_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "journey_state.h"


typedef struct ngx_http_journey_visitor_s  ngx_http_journey_visitor_t;

typedef struct {
    ngx_http_journey_visitor_t  **buckets;
    ngx_uint_t                    mask;     /* of a bucket's number */
    ngx_queue_t                   queue;    /* the latest seen first */
    ngx_atomic_t                  number;
    ngx_atomic_t                  evicted;  /* for lack of room */
    time_t                        warned;   /* of that */
} ngx_http_journey_visitors_t;


/* In a new zone of that size, bytes; NGX_ERROR when it has no room. */
ngx_int_t ngx_http_journey_visitors_init(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, size_t size);

/* The state of the visitor with that id; NGX_DECLINED when there is none. */
ngx_int_t ngx_http_journey_visitors_find(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, const u_char id[JOURNEY_ID_LEN],
    journey_state_t *state);

/* Keeps the state under its id. */
void ngx_http_journey_visitors_store(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, const journey_state_t *state,
    ngx_log_t *log);

/* NGX_DECLINED when there was none. */
ngx_int_t ngx_http_journey_visitors_delete(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, const u_char id[JOURNEY_ID_LEN]);

/* Deletes at most max visitors whose salt is gone; returns how many. */
ngx_uint_t ngx_http_journey_visitors_expire(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, ngx_uint_t max);


#endif /* NGX_HTTP_JOURNEY_VISITORS_H */
