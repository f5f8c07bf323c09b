
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A hash table and a queue of the least recently seen.  Ids come out of a
 * keyed hash, so that nobody can fill one bucket.
 */


#include "ngx_http_journey_visitors.h"

#include "journey_daily.h"


#define NGX_HTTP_JOURNEY_VISITORS_WARN  3600    /* s between two warnings */


struct ngx_http_journey_visitor_s {
    ngx_http_journey_visitor_t   *next;         /* of the bucket */
    ngx_queue_t                   queue;
    time_t                        seen;
    journey_state_t               state;
};


static ngx_http_journey_visitor_t **ngx_http_journey_visitors_place(
    ngx_http_journey_visitors_t *visitors, const u_char *id);
static ngx_http_journey_visitor_t *ngx_http_journey_visitors_add(
    ngx_slab_pool_t *shpool, ngx_http_journey_visitors_t *visitors,
    ngx_uint_t *evicted);
static void ngx_http_journey_visitors_remove(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors,
    ngx_http_journey_visitor_t **place);
static ngx_uint_t ngx_http_journey_visitors_expire_locked(
    ngx_slab_pool_t *shpool, ngx_http_journey_visitors_t *visitors,
    ngx_uint_t max, ngx_uint_t forced);


ngx_int_t
ngx_http_journey_visitors_init(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, size_t size)
{
    ngx_uint_t  n;

    /* a zone that is full has about four visitors in a bucket */

    for (n = 64; n < size / 512; n *= 2) { /* void */ }

    visitors->buckets = ngx_slab_calloc(shpool, n * sizeof(void *));
    if (visitors->buckets == NULL) {
        return NGX_ERROR;
    }

    visitors->mask = n - 1;
    ngx_queue_init(&visitors->queue);

    /* a full zone is nothing to alert of: it makes room */

    shpool->log_nomem = 0;

    return NGX_OK;
}


/* Where the pointer to the visitor of that id is, or would be. */

static ngx_http_journey_visitor_t **
ngx_http_journey_visitors_place(ngx_http_journey_visitors_t *visitors,
    const u_char *id)
{
    uint32_t                      hash;
    ngx_http_journey_visitor_t  **p;

    ngx_memcpy(&hash, id, sizeof(uint32_t));

    for (p = &visitors->buckets[hash & visitors->mask]; *p != NULL;
         p = &(*p)->next)
    {
        if (ngx_memcmp((*p)->state.id, id, JOURNEY_ID_LEN) == 0) {
            break;
        }
    }

    return p;
}


ngx_int_t
ngx_http_journey_visitors_find(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, const u_char id[JOURNEY_ID_LEN],
    journey_state_t *state)
{
    ngx_http_journey_visitor_t  *visitor;

    ngx_shmtx_lock(&shpool->mutex);

    visitor = *ngx_http_journey_visitors_place(visitors, id);

    if (visitor != NULL) {
        *state = visitor->state;
        visitor->seen = ngx_time();

        ngx_queue_remove(&visitor->queue);
        ngx_queue_insert_head(&visitors->queue, &visitor->queue);
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return (visitor != NULL) ? NGX_OK : NGX_DECLINED;
}


void
ngx_http_journey_visitors_store(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, const journey_state_t *state,
    ngx_log_t *log)
{
    ngx_uint_t                    evicted, warn;
    ngx_http_journey_visitor_t   *visitor, **place;

    warn = 0;
    evicted = 0;

    ngx_shmtx_lock(&shpool->mutex);

    visitor = *ngx_http_journey_visitors_place(visitors, state->id);

    if (visitor != NULL) {
        ngx_queue_remove(&visitor->queue);

    } else {
        visitor = ngx_http_journey_visitors_add(shpool, visitors, &evicted);
    }

    if (visitor != NULL) {
        visitor->state = *state;
        visitor->seen = ngx_time();

        ngx_queue_insert_head(&visitors->queue, &visitor->queue);

        /* its bucket may have changed meanwhile */

        place = ngx_http_journey_visitors_place(visitors, state->id);

        if (*place == NULL) {
            visitor->next = NULL;
            *place = visitor;
        }
    }

    if (evicted
        && ngx_time() - visitors->warned >= NGX_HTTP_JOURNEY_VISITORS_WARN)
    {
        visitors->warned = ngx_time();
        warn = 1;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    if (warn) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"journey_zone\" is full: the least recently seen of "
                      "%uA visitors without a cookie make room, and count as "
                      "new ones when they come back", visitors->number);
    }
}


/* Memory for one more, which is in no bucket and no queue yet. */

static ngx_http_journey_visitor_t *
ngx_http_journey_visitors_add(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, ngx_uint_t *evicted)
{
    ngx_http_journey_visitor_t  *visitor;

    (void) ngx_http_journey_visitors_expire_locked(shpool, visitors, 2, 0);

    for ( ;; ) {
        visitor = ngx_slab_alloc_locked(shpool,
                                        sizeof(ngx_http_journey_visitor_t));

        if (visitor != NULL) {
            visitors->number++;
            return visitor;
        }

        if (ngx_http_journey_visitors_expire_locked(shpool, visitors, 1, 1)
            == 0)
        {
            return NULL;
        }

        *evicted = 1;
        visitors->evicted++;
    }
}


ngx_int_t
ngx_http_journey_visitors_delete(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, const u_char id[JOURNEY_ID_LEN])
{
    ngx_int_t                     rc;
    ngx_http_journey_visitor_t  **place;

    rc = NGX_DECLINED;

    ngx_shmtx_lock(&shpool->mutex);

    place = ngx_http_journey_visitors_place(visitors, id);

    if (*place != NULL) {
        ngx_http_journey_visitors_remove(shpool, visitors, place);
        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return rc;
}


static void
ngx_http_journey_visitors_remove(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, ngx_http_journey_visitor_t **place)
{
    ngx_http_journey_visitor_t  *visitor;

    visitor = *place;

    *place = visitor->next;
    ngx_queue_remove(&visitor->queue);

    /* nothing of a visitor stays behind */

    ngx_explicit_memzero(visitor, sizeof(ngx_http_journey_visitor_t));
    ngx_slab_free_locked(shpool, visitor);

    visitors->number--;
}


ngx_uint_t
ngx_http_journey_visitors_expire(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, ngx_uint_t max)
{
    ngx_uint_t  n;

    ngx_shmtx_lock(&shpool->mutex);

    n = ngx_http_journey_visitors_expire_locked(shpool, visitors, max, 0);

    ngx_shmtx_unlock(&shpool->mutex);

    return n;
}


/* At most max of those seen longest ago, unless forced only such as were last
 * seen under a salt that is gone: no request finds them any more. */

static ngx_uint_t
ngx_http_journey_visitors_expire_locked(ngx_slab_pool_t *shpool,
    ngx_http_journey_visitors_t *visitors, ngx_uint_t max, ngx_uint_t forced)
{
    time_t                       midnight;
    ngx_uint_t                   n;
    ngx_queue_t                 *q;
    ngx_http_journey_visitor_t  *visitor;

    midnight = ngx_time() - ngx_time() % JOURNEY_SALT_DAY;

    if (ngx_time() - midnight < JOURNEY_SALT_KEEP) {
        midnight -= JOURNEY_SALT_DAY;
    }

    for (n = 0; n < max && !ngx_queue_empty(&visitors->queue); n++) {

        q = ngx_queue_last(&visitors->queue);
        visitor = ngx_queue_data(q, ngx_http_journey_visitor_t, queue);

        if (!forced && visitor->seen >= midnight) {
            break;
        }

        ngx_http_journey_visitors_remove(shpool, visitors,
            ngx_http_journey_visitors_place(visitors, visitor->state.id));
    }

    return n;
}
