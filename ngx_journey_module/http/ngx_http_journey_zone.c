
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "ngx_http_journey_module.h"

#include <openssl/rand.h>


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

    return ngx_http_journey_log_probe(mcf->cycle, &mcf->logs, mcf->shared);
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

    shared->started = ngx_time();

    shpool->data = shared;
    mcf->shared = shared;

    return NGX_OK;
}
