
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A table without pointers between its places: what a key may have is a run
 * of sixteen.  A worker that dies in its midst leaves a place that is free, or
 * taken as it should be, and numbers that are too high until the next look
 * at all of it; readers without a lock then lose time, and nothing else.
 */


#include "ngx_http_journey_landings.h"


#define NGX_HTTP_JOURNEY_LANDINGS_MAX   4096
#define NGX_HTTP_JOURNEY_LANDINGS_MIN   8
#define NGX_HTTP_JOURNEY_LANDINGS_RUN   16

/* A zone's part that is theirs. */
#define NGX_HTTP_JOURNEY_LANDINGS_PART  16


struct ngx_http_journey_waiting_s {
    ngx_http_journey_landing_key_t   key;
    uint32_t                         until;     /* 0: free; set last */
    uint16_t                         len;       /* 0: its values are wiped */
    uint16_t                         times;     /* it may be taken */
};


static ngx_http_journey_waiting_t *ngx_http_journey_landings_run(
    ngx_http_journey_landings_t *landings,
    const ngx_http_journey_landing_key_t *key, ngx_uint_t *n);
static ngx_http_journey_waiting_t *ngx_http_journey_landings_place(
    ngx_http_journey_landings_t *landings,
    const ngx_http_journey_landing_key_t *key);
static ngx_uint_t ngx_http_journey_landings_old(uint32_t until);
static ngx_uint_t ngx_http_journey_landings_remove(
    ngx_http_journey_landings_t *landings, ngx_http_journey_waiting_t *place);


#define ngx_http_journey_landings_values(landings, place)                     \
    ((landings)->values + ((place) - (landings)->places) * JOURNEY_LANDING_MAX)


ngx_int_t
ngx_http_journey_landings_init(ngx_slab_pool_t *shpool,
    ngx_http_journey_landings_t *landings, size_t size)
{
    size_t      each;
    ngx_uint_t  n;

    each = sizeof(ngx_http_journey_waiting_t) + JOURNEY_LANDING_MAX
           + sizeof(uint16_t);

    for (n = NGX_HTTP_JOURNEY_LANDINGS_MAX;
         n > NGX_HTTP_JOURNEY_LANDINGS_MIN
         && n * each > size / NGX_HTTP_JOURNEY_LANDINGS_PART;
         n /= 2)
    {
        /* void */
    }

    landings->places = ngx_slab_calloc(shpool,
                                       n * sizeof(ngx_http_journey_waiting_t));
    landings->values = ngx_slab_calloc(shpool, n * JOURNEY_LANDING_MAX);
    landings->targets = ngx_slab_calloc(shpool, n * sizeof(uint16_t));

    if (landings->places == NULL || landings->values == NULL
        || landings->targets == NULL)
    {
        return NGX_ERROR;
    }

    landings->n = n;

    return NGX_OK;
}


/* Ids come out of a keyed hash: nobody can fill one run alone. */

static ngx_http_journey_waiting_t *
ngx_http_journey_landings_run(ngx_http_journey_landings_t *landings,
    const ngx_http_journey_landing_key_t *key, ngx_uint_t *n)
{
    uint32_t  hash;

    *n = ngx_min(landings->n, NGX_HTTP_JOURNEY_LANDINGS_RUN);

    ngx_memcpy(&hash, key->id, sizeof(uint32_t));

    return &landings->places[(hash ^ key->target) & (landings->n - *n)];
}


static ngx_http_journey_waiting_t *
ngx_http_journey_landings_place(ngx_http_journey_landings_t *landings,
    const ngx_http_journey_landing_key_t *key)
{
    ngx_uint_t                 n;
    ngx_http_journey_waiting_t  *place;

    place = ngx_http_journey_landings_run(landings, key, &n);

    for ( /* void */ ; n > 0; n--, place++) {

        if (place->until != 0 && place->key.target == key->target
            && ngx_memcmp(place->key.id, key->id, JOURNEY_ID_LEN) == 0)
        {
            return place;
        }
    }

    return NULL;
}


/* Also what would wait for longer than it may: the clock was set back. */

static ngx_uint_t
ngx_http_journey_landings_old(uint32_t until)
{
    uint32_t  now;

    now = (uint32_t) ngx_time();

    return until < now || until - now > JOURNEY_LANDING_LIFE;
}


ngx_uint_t
ngx_http_journey_landings_keep(ngx_slab_pool_t *shpool,
    ngx_http_journey_landings_t *landings,
    const ngx_http_journey_landing_key_t *key,
    const ngx_http_journey_landing_t *landing)
{
    u_char                    *values;
    ngx_uint_t                 n, lost;
    ngx_http_journey_waiting_t  *place, *found;

    lost = 0;

    ngx_shmtx_lock(&shpool->mutex);

    found = ngx_http_journey_landings_place(landings, key);

    if (found != NULL) {
        values = ngx_http_journey_landings_values(landings, found);

        if (found->len == landing->len && found->times < 0xffff
            && !ngx_http_journey_landings_old(found->until)
            && ngx_memcmp(values, landing->values, landing->len) == 0)
        {
            /* one link opened twice: two pages will ask */

            landings->number++;

            found->until = landing->until;
            found->times++;

            ngx_shmtx_unlock(&shpool->mutex);

            return 0;
        }

        lost += ngx_http_journey_landings_remove(landings, found);
    }

    place = ngx_http_journey_landings_run(landings, key, &n);

    for ( /* void */ ; n > 0; n--, place++) {

        if (place->until != 0 && ngx_http_journey_landings_old(place->until)) {
            lost += ngx_http_journey_landings_remove(landings, place);
        }

        if (found == NULL
            || (found->until != 0 && place->until < found->until))
        {
            found = place;
        }
    }

    if (found->until != 0) {
        lost += ngx_http_journey_landings_remove(landings, found);
    }

    values = ngx_http_journey_landings_values(landings, found);

    /* marked as not wiped before the first byte */

    found->len = (uint16_t) landing->len;
    ngx_memory_barrier();

    ngx_memcpy(values, landing->values, landing->len);

    found->key = *key;
    found->times = 1;

    landings->targets[key->target & (landings->n - 1)]++;
    landings->number++;

    ngx_memory_barrier();
    found->until = landing->until;

    ngx_shmtx_unlock(&shpool->mutex);

    return lost;
}


ngx_int_t
ngx_http_journey_landings_find(ngx_slab_pool_t *shpool,
    ngx_http_journey_landings_t *landings,
    const ngx_http_journey_landing_key_t *key, ngx_uint_t take,
    ngx_http_journey_landing_t *landing)
{
    ngx_int_t                  rc;
    ngx_http_journey_waiting_t  *place;

    rc = NGX_DECLINED;

    ngx_shmtx_lock(&shpool->mutex);

    place = ngx_http_journey_landings_place(landings, key);

    if (place != NULL && !ngx_http_journey_landings_old(place->until)) {

        rc = NGX_OK;

        landing->until = place->until;
        landing->len = ngx_min(place->len, JOURNEY_LANDING_MAX);

        ngx_memcpy(landing->values,
                   ngx_http_journey_landings_values(landings, place),
                   landing->len);

        if (take && place->times > 1) {
            place->times--;
            landings->number--;

        } else if (take) {
            (void) ngx_http_journey_landings_remove(landings, place);
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return rc;
}


/* How many go with it. */

static ngx_uint_t
ngx_http_journey_landings_remove(ngx_http_journey_landings_t *landings,
    ngx_http_journey_waiting_t *place)
{
    ngx_uint_t          times;
    volatile uint16_t  *waiting;

    times = place->times;

    place->until = 0;
    ngx_memory_barrier();

    /* nothing of a visitor stays behind */

    ngx_explicit_memzero(ngx_http_journey_landings_values(landings, place),
                         JOURNEY_LANDING_MAX);

    waiting = &landings->targets[place->key.target & (landings->n - 1)];

    if (*waiting > 0) {
        (*waiting)--;
    }

    landings->number -= ngx_min(landings->number, times);

    ngx_explicit_memzero(&place->key, sizeof(ngx_http_journey_landing_key_t));
    place->times = 0;
    place->len = 0;

    return times;
}


ngx_uint_t
ngx_http_journey_landings_expire(ngx_slab_pool_t *shpool,
    ngx_http_journey_landings_t *landings)
{
    uint16_t                   targets[NGX_HTTP_JOURNEY_LANDINGS_MAX];
    ngx_uint_t                 i, number, lost;
    ngx_http_journey_waiting_t  *place;

    number = 0;
    lost = 0;

    ngx_memzero(targets, sizeof(targets));

    ngx_shmtx_lock(&shpool->mutex);

    for (i = 0; i < landings->n; i++) {
        place = &landings->places[i];

        if (place->until != 0 && ngx_http_journey_landings_old(place->until)) {
            lost += ngx_http_journey_landings_remove(landings, place);
            continue;
        }

        if (place->until != 0) {
            number += place->times;
            targets[place->key.target & (landings->n - 1)]++;

        } else if (place->len != 0) {

            /* its worker died before it was filled, or wiped */

            ngx_explicit_memzero(
                ngx_http_journey_landings_values(landings, place),
                JOURNEY_LANDING_MAX);
            ngx_explicit_memzero(place, sizeof(ngx_http_journey_waiting_t));
        }
    }

    /* each at once: who reads without a lock must not see too little */

    for (i = 0; i < landings->n; i++) {
        if (landings->targets[i] != targets[i]) {
            landings->targets[i] = targets[i];
        }
    }

    landings->number = number;

    ngx_shmtx_unlock(&shpool->mutex);

    return lost;
}
