
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The salts of the daily hash: in the zone, and a copy in each worker.  All
 * of them are brought to their time by a timer too, so that nothing outlives
 * it in a process that is idle (design, section 10).
 */


#include "ngx_http_journey_module.h"


#define NGX_HTTP_JOURNEY_SALTS_EXPIRE  1000     /* visitors in a turn */


static void ngx_http_journey_salts_timer(ngx_event_t *ev);
static ngx_msec_t ngx_http_journey_salts_due(
    ngx_http_journey_main_conf_t *mcf);
static void ngx_http_journey_salts_destroy(ngx_http_journey_main_conf_t *mcf);
static uint64_t ngx_http_journey_uptime(void);


ngx_int_t
ngx_http_journey_salts_start(ngx_cycle_t *cycle,
    ngx_http_journey_main_conf_t *mcf)
{
    journey_error_t  err;

    mcf->daily = journey_daily_create(mcf->pool, &err);

    if (mcf->daily == NULL) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "journey: no daily hash: %s", err.text);
        return NGX_ERROR;
    }

    mcf->salts.data = mcf;
    mcf->salts.handler = ngx_http_journey_salts_timer;
    mcf->salts.log = cycle->log;
    mcf->salts.cancelable = 1;

    ngx_add_timer(&mcf->salts, mcf->enabled ? 1
                                            : ngx_http_journey_salts_due(mcf));

    return NGX_OK;
}


static void
ngx_http_journey_salts_timer(ngx_event_t *ev)
{
    ngx_http_journey_main_conf_t *mcf = ev->data;

    ngx_uint_t        n;
    ngx_slab_pool_t  *shpool;

    /* a reload of a single process may have taken the zone away */

    if (mcf->cycle != ngx_cycle) {
        return;
    }

    if (mcf->enabled) {
        (void) ngx_http_journey_salts_ready(mcf);

    } else {
        ngx_http_journey_salts_destroy(mcf);
    }

    shpool = (ngx_slab_pool_t *) mcf->zone->shm.addr;

    n = ngx_http_journey_visitors_expire(shpool, &mcf->shared->visitors,
                                         NGX_HTTP_JOURNEY_SALTS_EXPIRE);

    /* the rest of many soon, but requests have their turn between */

    ngx_add_timer(ev, (n == NGX_HTTP_JOURNEY_SALTS_EXPIRE)
                      ? 1 : ngx_http_journey_salts_due(mcf));
}


/* What waits for landings goes with the same timer. */

static ngx_msec_t
ngx_http_journey_salts_due(ngx_http_journey_main_conf_t *mcf)
{
    uint64_t          due;
    ngx_msec_t        landings;
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) mcf->zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    due = journey_salts_due(&mcf->shared->salts, (uint64_t) ngx_time(),
                            ngx_http_journey_uptime());

    ngx_shmtx_unlock(&shpool->mutex);

    landings = ngx_http_journey_landing_expire(mcf, 0);

    return ngx_min((ngx_msec_t) due * 1000, landings);
}


/* Journey is on nowhere any more: those of a former configuration, and of its
 * last requests, go when they are looked at. */

static void
ngx_http_journey_salts_destroy(ngx_http_journey_main_conf_t *mcf)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) mcf->zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    journey_salts_destroy(&mcf->shared->salts, (uint64_t) ngx_time());

    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_int_t
ngx_http_journey_salts_ready(ngx_http_journey_main_conf_t *mcf)
{
    int               rc;
    ngx_slab_pool_t  *shpool;

    if (mcf->daily == NULL
        && ngx_http_journey_salts_start((ngx_cycle_t *) ngx_cycle, mcf)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (journey_daily_ready(mcf->daily, &mcf->shared->salts,
                            (uint64_t) ngx_time()))
    {
        return NGX_OK;
    }

    shpool = (ngx_slab_pool_t *) mcf->zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    rc = journey_salts_rotate(&mcf->shared->salts, (uint64_t) ngx_time(),
                              ngx_http_journey_uptime(), NULL);

    journey_daily_load(mcf->daily, &mcf->shared->salts);

    ngx_shmtx_unlock(&shpool->mutex);

    if (rc != JOURNEY_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "libcrypto has no random bytes for a daily salt");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Seconds by a clock that nobody sets. */

static uint64_t
ngx_http_journey_uptime(void)
{
    struct timespec  ts;

#ifdef CLOCK_BOOTTIME
    (void) clock_gettime(CLOCK_BOOTTIME, &ts);
#else
    (void) clock_gettime(CLOCK_MONOTONIC, &ts);
#endif

    return (uint64_t) ts.tv_sec;
}
