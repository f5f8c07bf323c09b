
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "ngx_http_journey_module.h"

#include <openssl/rand.h>


static void ngx_http_journey_zone_fold(ngx_cycle_t *cycle,
    ngx_http_journey_shared_t *shared);
static void ngx_http_journey_zone_goals(ngx_shm_zone_t *shm_zone,
    ngx_http_journey_main_conf_t *mcf);
static ngx_int_t ngx_http_journey_zone_data(ngx_shm_zone_t *shm_zone,
    ngx_http_journey_main_conf_t *mcf, ngx_http_journey_main_conf_t *old);


ngx_int_t
ngx_http_journey_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_journey_main_conf_t *old = data;

    journey_error_t                err;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = shm_zone->data;

    if (ngx_http_journey_zone_data(shm_zone, mcf, old) != NGX_OK) {
        return NGX_ERROR;
    }

    if (mcf->keys == NULL) {
        mcf->keys = journey_keys_create(mcf->pool, mcf->shared->key, &err);

        if (mcf->keys == NULL) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "journey zone \"%V\": %s", &shm_zone->shm.name,
                          err.text);
            return NGX_ERROR;
        }
    }

    if (ngx_http_journey_log_probe(mcf->cycle, &mcf->logs, mcf->shared)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_journey_zone_fold(mcf->cycle, mcf->shared);
    ngx_http_journey_zone_goals(shm_zone, mcf);

    return NGX_OK;
}


/* The goals of the configuration have their places before those that an
 * application invents, and are there with a 0. */

static void
ngx_http_journey_zone_goals(ngx_shm_zone_t *shm_zone,
    ngx_http_journey_main_conf_t *mcf)
{
    ngx_uint_t             i;
    const journey_str_t  **name;

    name = mcf->goals.elts;

    for (i = 0; i < mcf->goals.nelts; i++) {
        ngx_http_journey_goals_know((ngx_slab_pool_t *) shm_zone->shm.addr,
                                    &mcf->shared->goals, name[i]);
    }
}


/* What segments counted that go with this reload. */

static void
ngx_http_journey_zone_fold(ngx_cycle_t *cycle,
    ngx_http_journey_shared_t *shared)
{
    ngx_atomic_t               *counters;
    ngx_http_journey_totals_t   totals;

    ngx_memzero(&totals, sizeof(ngx_http_journey_totals_t));

    ngx_http_journey_segment_fold(cycle, &totals);

    counters = shared->counters;

    (void) ngx_atomic_fetch_add(&counters[NGX_HTTP_JOURNEY_LOG_LINES],
                                totals.lines);
    (void) ngx_atomic_fetch_add(&counters[NGX_HTTP_JOURNEY_LOG_MEMBERS],
                                totals.members);
    (void) ngx_atomic_fetch_add(&counters[NGX_HTTP_JOURNEY_LOG_BYTES],
                                totals.bytes);
    (void) ngx_atomic_fetch_add(&counters[NGX_HTTP_JOURNEY_LOG_DROPPED],
                                totals.dropped);
}


/* Three ways: a reload, a segment that exists, a fresh one. */

static ngx_int_t
ngx_http_journey_zone_data(ngx_shm_zone_t *shm_zone,
    ngx_http_journey_main_conf_t *mcf, ngx_http_journey_main_conf_t *old)
{
    ngx_slab_pool_t            *shpool;
    ngx_http_journey_shared_t  *shared;

    if (old != NULL) {
        mcf->shared = old->shared;
        return NGX_OK;
    }

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        mcf->shared = shpool->data;
        return NGX_OK;
    }

    shared = ngx_slab_calloc(shpool, sizeof(ngx_http_journey_shared_t));

    if (shared == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "\"journey_zone\" \"%V\" is too small",
                      &shm_zone->shm.name);
        return NGX_ERROR;
    }

    if (RAND_bytes(shared->key, JOURNEY_KEY_LEN) != 1) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "libcrypto has no random bytes for \"journey_zone\"");
        return NGX_ERROR;
    }

    if (ngx_http_journey_reasons_init(shpool, &shared->reasons) != NGX_OK
        || ngx_http_journey_goals_init(shpool, &shared->goals) != NGX_OK
        || ngx_http_journey_landings_init(shpool, &shared->landings,
                                          shm_zone->shm.size)
           != NGX_OK
        || ngx_http_journey_visitors_init(shpool, &shared->visitors,
                                          shm_zone->shm.size)
           != NGX_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "\"journey_zone\" \"%V\" is too small",
                      &shm_zone->shm.name);
        return NGX_ERROR;
    }

    ngx_http_journey_zone_nodump(shm_zone);

    shared->started = ngx_time();

    shpool->data = shared;
    mcf->shared = shared;

    return NGX_OK;
}
