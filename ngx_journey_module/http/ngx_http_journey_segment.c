
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The segment of a log belongs to path and buffer: a reload that leaves both
 * as they are finds it again.  One that changes them makes a new one and keeps
 * the old one as long as somebody needs it.
 */


#include "ngx_http_journey_segment.h"
#include "ngx_http_journey_module.h"

#include <sys/mman.h>


#define NGX_HTTP_JOURNEY_SEGMENT_NAME  "journey_log:"


static size_t ngx_http_journey_segment_stride(size_t buffer);
static ngx_int_t ngx_http_journey_segment_init(ngx_shm_zone_t *zone,
    void *data);
static ngx_int_t ngx_http_journey_segment_create(
    ngx_http_journey_segment_t *segment);
static ngx_shm_zone_t *ngx_http_journey_segment_next(ngx_cycle_t *cycle,
    ngx_list_part_t **part, ngx_uint_t *i);
static ngx_uint_t ngx_http_journey_segment_has(ngx_cycle_t *cycle,
    ngx_str_t *name);
static ngx_int_t ngx_http_journey_segment_lock(
    ngx_http_journey_segment_t *segment, ngx_uint_t n);


ngx_shm_zone_t *
ngx_http_journey_segment_add(ngx_conf_t *cf, ngx_str_t *path, size_t buffer)
{
    size_t           size;
    ngx_str_t        name;
    ngx_shm_zone_t  *zone;

    name.data = ngx_pnalloc(cf->pool, sizeof(NGX_HTTP_JOURNEY_SEGMENT_NAME)
                                      + NGX_SIZE_T_LEN + 1 + path->len);
    if (name.data == NULL) {
        return NULL;
    }

    name.len = ngx_sprintf(name.data, NGX_HTTP_JOURNEY_SEGMENT_NAME "%uz:%V",
                           buffer, path)
               - name.data;

    /* and the slab allocator's own, 32 bytes a page at most */

    size = sizeof(ngx_http_journey_segment_t)
           + NGX_HTTP_JOURNEY_SLOTS * ngx_http_journey_segment_stride(buffer);

    size = ngx_align(size + size / 64 + 16 * ngx_pagesize, ngx_pagesize);

    zone = ngx_shared_memory_add(cf, &name, size, &ngx_http_journey_module);

    if (zone != NULL) {
        zone->init = ngx_http_journey_segment_init;
    }

    return zone;
}


static size_t
ngx_http_journey_segment_stride(size_t buffer)
{
    return ngx_align(sizeof(ngx_http_journey_slot_t), 16)
           + ngx_align(journey_ring_memory(buffer), 16);
}


/* Three ways: a reload, a segment that exists, a fresh one. */

static ngx_int_t
ngx_http_journey_segment_init(ngx_shm_zone_t *zone, void *data)
{
    size_t                       size;
    ngx_str_t                    name;
    ngx_slab_pool_t             *shpool;
    ngx_http_journey_segment_t  *segment;

    if (data != NULL) {
        zone->data = data;
        return NGX_OK;
    }

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        zone->data = shpool->data;
        return NGX_OK;
    }

    /* journey_log:BUFFER:PATH */

    name.data = zone->shm.name.data + sizeof(NGX_HTTP_JOURNEY_SEGMENT_NAME) - 1;
    name.len = ngx_strlchr(name.data,
                           zone->shm.name.data + zone->shm.name.len, ':')
               - name.data;

    size = (size_t) ngx_atosz(name.data, name.len);

    /* lines are not cleared: a slot that nobody takes costs no memory */

    segment = ngx_slab_alloc(shpool, sizeof(ngx_http_journey_segment_t)
                             + NGX_HTTP_JOURNEY_SLOTS
                               * ngx_http_journey_segment_stride(size));

    if (segment == NULL) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "no room in zone \"%V\"", &zone->shm.name);
        return NGX_ERROR;
    }

    ngx_memzero(segment, sizeof(ngx_http_journey_segment_t));

    segment->buffer = size;
    segment->slot = ngx_http_journey_segment_stride(size);

    name.data += name.len + 1;
    name.len = zone->shm.name.data + zone->shm.name.len - name.data;

    segment->path_len = name.len;
    ngx_memcpy(segment->path, name.data, name.len);

    if (ngx_http_journey_segment_create(segment) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "robust mutexes are not available for zone \"%V\"",
                      &zone->shm.name);
        return NGX_ERROR;
    }

    ngx_http_journey_zone_nodump(zone);

    shpool->data = segment;
    zone->data = segment;

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_segment_create(ngx_http_journey_segment_t *segment)
{
    int                       err;
    ngx_uint_t                n;
    pthread_mutexattr_t       attr;
    ngx_http_journey_slot_t  *slot;

    if (pthread_mutexattr_init(&attr) != 0) {
        return NGX_ERROR;
    }

    err = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);

    if (err == 0) {
        err = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    }

    for (n = 0; err == 0 && n < NGX_HTTP_JOURNEY_SLOTS; n++) {
        slot = ngx_http_journey_segment_slot(segment, n);
        ngx_memzero(slot, sizeof(ngx_http_journey_slot_t));

        err = pthread_mutex_init(&slot->owner, &attr);

        journey_ring_init(ngx_http_journey_segment_ring(segment, n),
                          segment->buffer);
    }

    (void) pthread_mutexattr_destroy(&attr);

    return (err == 0) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_journey_segment_keep(ngx_conf_t *cf,
    ngx_int_t (*found)(ngx_conf_t *cf, ngx_shm_zone_t *zone,
                       ngx_http_journey_segment_t *segment))
{
    ngx_str_t                    path;
    ngx_uint_t                   i;
    ngx_shm_zone_t              *old, *zone;
    ngx_list_part_t             *part;
    ngx_http_journey_segment_t  *segment;

    i = 0;
    part = NULL;

    for ( ;; ) {
        old = ngx_http_journey_segment_next(cf->cycle->old_cycle, &part, &i);

        if (old == NULL) {
            return NGX_OK;
        }

        segment = old->data;

        if (ngx_http_journey_segment_has(cf->cycle, &old->shm.name)
            || (ngx_process != NGX_PROCESS_SINGLE
                && ngx_http_journey_segment_idle(segment)))
        {
            continue;
        }

        path.data = segment->path;
        path.len = segment->path_len;

        zone = ngx_http_journey_segment_add(cf, &path, segment->buffer);

        if (zone == NULL || found(cf, zone, segment) != NGX_OK) {
            return NGX_ERROR;
        }
    }
}


void
ngx_http_journey_segment_fold(ngx_cycle_t *cycle,
    ngx_http_journey_totals_t *totals)
{
    ngx_uint_t                   i;
    ngx_shm_zone_t              *old;
    ngx_list_part_t             *part;
    ngx_http_journey_totals_t    counted;
    ngx_http_journey_segment_t  *segment;

    i = 0;
    part = NULL;

    for ( ;; ) {
        old = ngx_http_journey_segment_next(cycle->old_cycle, &part, &i);

        if (old == NULL) {
            return;
        }

        if (ngx_http_journey_segment_has(cycle, &old->shm.name)) {
            continue;
        }

        segment = old->data;

        ngx_memzero(&counted, sizeof(ngx_http_journey_totals_t));
        ngx_http_journey_segment_totals(segment, &counted);

        totals->lines += counted.lines;
        totals->members += counted.members;
        totals->bytes += counted.bytes;
        totals->dropped += counted.dropped;

        segment->folded.lines += counted.lines;
        segment->folded.members += counted.members;
        segment->folded.bytes += counted.bytes;
        segment->folded.dropped += counted.dropped;
    }
}


static ngx_uint_t
ngx_http_journey_segment_has(ngx_cycle_t *cycle, ngx_str_t *name)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *zone;
    ngx_list_part_t  *part;

    i = 0;
    part = NULL;

    do {
        zone = ngx_http_journey_segment_next(cycle, &part, &i);

    } while (zone != NULL
             && (zone->shm.name.len != name->len
                 || ngx_memcmp(zone->shm.name.data, name->data, name->len)
                    != 0));

    return zone != NULL;
}


/* The zones of a cycle that are segments, one after the other; *part is NULL
 * at first. */

static ngx_shm_zone_t *
ngx_http_journey_segment_next(ngx_cycle_t *cycle, ngx_list_part_t **part,
    ngx_uint_t *i)
{
    ngx_shm_zone_t  *zone;

    if (*part == NULL) {
        *part = &cycle->shared_memory.part;
        *i = 0;

    } else {
        (*i)++;
    }

    for ( ;; ) {

        if (*i >= (*part)->nelts) {

            if ((*part)->next == NULL) {
                return NULL;
            }

            *part = (*part)->next;
            *i = 0;
            continue;
        }

        zone = (ngx_shm_zone_t *) (*part)->elts + *i;

        if (zone->tag == &ngx_http_journey_module
            && zone->init == ngx_http_journey_segment_init)
        {
            return zone;
        }

        (*i)++;
    }
}


ngx_http_journey_slot_t *
ngx_http_journey_segment_slot(ngx_http_journey_segment_t *segment,
    ngx_uint_t n)
{
    return (ngx_http_journey_slot_t *)
           ((u_char *) (segment + 1) + n * segment->slot);
}


journey_ring_t *
ngx_http_journey_segment_ring(ngx_http_journey_segment_t *segment,
    ngx_uint_t n)
{
    return (journey_ring_t *)
           ((u_char *) ngx_http_journey_segment_slot(segment, n)
            + ngx_align(sizeof(ngx_http_journey_slot_t), 16));
}


/* NGX_OK: it is ours; NGX_DECLINED: somebody lives there. */

static ngx_int_t
ngx_http_journey_segment_lock(ngx_http_journey_segment_t *segment,
    ngx_uint_t n)
{
    ngx_http_journey_slot_t  *slot;

    slot = ngx_http_journey_segment_slot(segment, n);

    switch (pthread_mutex_trylock(&slot->owner)) {

    case 0:
        return NGX_OK;

    case EOWNERDEAD:
        (void) pthread_mutex_consistent(&slot->owner);
        return NGX_OK;

    default:
        return NGX_DECLINED;
    }
}


ngx_int_t
ngx_http_journey_segment_take(ngx_http_journey_segment_t *segment,
    ngx_uint_t any, ngx_uint_t from, ngx_log_t *log)
{
    ngx_uint_t                n, pass;
    journey_ring_t           *ring;
    ngx_http_journey_slot_t  *slot;

    for (pass = 0; pass < (any ? 2 : 1); pass++) {

        for (n = (pass == 0) ? from : 0; n < NGX_HTTP_JOURNEY_SLOTS; n++) {

            slot = ngx_http_journey_segment_slot(segment, n);
            ring = ngx_http_journey_segment_ring(segment, n);

            if (pass == 0 && !journey_ring_waiting(ring)
                && !ring->intent.pending)
            {
                continue;
            }

            if (ngx_http_journey_segment_lock(segment, n) != NGX_OK) {
                continue;
            }

            if (!journey_ring_valid(ring, segment->buffer)) {
                ngx_log_error(NGX_LOG_ALERT, log, 0,
                              "journey log \"%s\": process %P left a slot "
                              "that makes no sense, it is cleared",
                              segment->path, slot->pid);

                journey_ring_init(ring, segment->buffer);
            }

            /* what became of it cannot be seen just now */

            if (pass == 1 && ring->intent.pending) {
                ngx_http_journey_segment_release(segment, n);
                continue;
            }

            if (pass == 0 && slot->pid != ngx_pid && !ring->intent.pending
                && journey_ring_waiting(ring))
            {
                ngx_log_error(NGX_LOG_NOTICE, log, 0,
                              "journey log \"%s\": %uL lines of process %P "
                              "are taken over", segment->path,
                              journey_ring_waiting(ring), slot->pid);
            }

            return n;
        }
    }

    return -1;
}


void
ngx_http_journey_segment_release(ngx_http_journey_segment_t *segment,
    ngx_uint_t n)
{
    (void) pthread_mutex_unlock(
               &ngx_http_journey_segment_slot(segment, n)->owner);
}


ngx_uint_t
ngx_http_journey_segment_idle(ngx_http_journey_segment_t *segment)
{
    ngx_uint_t       n;
    journey_ring_t  *ring;

    for (n = 0; n < NGX_HTTP_JOURNEY_SLOTS; n++) {

        ring = ngx_http_journey_segment_ring(segment, n);

        if (journey_ring_waiting(ring) || ring->intent.pending
            || ngx_http_journey_segment_lock(segment, n) != NGX_OK)
        {
            return 0;
        }

        ngx_http_journey_segment_release(segment, n);
    }

    return 1;
}


void
ngx_http_journey_segment_totals(ngx_http_journey_segment_t *segment,
    ngx_http_journey_totals_t *totals)
{
    ngx_uint_t       n;
    journey_ring_t  *ring;

    for (n = 0; n < NGX_HTTP_JOURNEY_SLOTS; n++) {

        ring = ngx_http_journey_segment_ring(segment, n);

        totals->lines += journey_ring_lines(ring);
        totals->members += ring->members;
        totals->bytes += ring->bytes;
        totals->dropped += journey_ring_dropped(ring);
        totals->buffered += journey_ring_waiting(ring);
    }

    totals->lines -= segment->folded.lines;
    totals->members -= segment->folded.members;
    totals->bytes -= segment->folded.bytes;
    totals->dropped -= segment->folded.dropped;
}


void
ngx_http_journey_zone_nodump(ngx_shm_zone_t *zone)
{
#ifdef MADV_DONTDUMP
    if (madvise(zone->shm.addr, zone->shm.size, MADV_DONTDUMP) == -1) {
        ngx_log_error(NGX_LOG_WARN, zone->shm.log, ngx_errno,
                      "madvise(MADV_DONTDUMP) failed for zone \"%V\"",
                      &zone->shm.name);
    }
#endif
}
