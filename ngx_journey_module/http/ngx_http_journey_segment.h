
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A log's segment of shared memory: slots with a ring of lines each.  A worker
 * owns a slot for its life; what a dead one leaves there, another writes.
 */


#ifndef NGX_HTTP_JOURNEY_SEGMENT_H
#define NGX_HTTP_JOURNEY_SEGMENT_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "journey_ring.h"

#include <pthread.h>


#define NGX_HTTP_JOURNEY_SLOTS  32


/* The owner's mutex is robust: the system itself tells when its holder died,
 * however it died, and whichever process has its pid since. */

typedef struct {
    pthread_mutex_t    owner;
    ngx_pid_t          pid;             /* the latest owner */
    u_char             name[NGX_MAX_PATH + 1];
                                        /* of the file that it had open */
} ngx_http_journey_slot_t;

typedef struct {
    uint64_t           lines;
    uint64_t           members;
    uint64_t           bytes;
    uint64_t           dropped;
    uint64_t           buffered;
} ngx_http_journey_totals_t;

typedef struct {
    size_t             buffer;          /* bytes of lines in a slot */
    size_t             slot;            /* bytes of memory of a slot */
    ngx_atomic_t       alerted;         /* s, of the latest alert */
    ngx_http_journey_totals_t  folded;  /* counted elsewhere by now */
    ngx_uint_t         path_len;
    u_char             path[NGX_MAX_PATH + 1];
                                        /* of the log, as configured */
} ngx_http_journey_segment_t;


/* The zone for a log of this path and buffer; NULL without memory.  Its data
 * is a ngx_http_journey_segment_t *, set once the cycle's zones are there. */
ngx_shm_zone_t *ngx_http_journey_segment_add(ngx_conf_t *cf, ngx_str_t *path,
    size_t buffer);

/*
 * Segments of the former configuration in which lines wait, or workers write:
 * adds their zones to this cycle too, so that they stay mapped, and calls
 * found for each.
 */
ngx_int_t ngx_http_journey_segment_keep(ngx_conf_t *cf,
    ngx_int_t (*found)(ngx_conf_t *cf, ngx_shm_zone_t *zone,
                       ngx_http_journey_segment_t *segment));

/* Segments of the former cycle that are kept no longer: adds their counts to
 * totals, and not again. */
void ngx_http_journey_segment_fold(ngx_cycle_t *cycle,
    ngx_http_journey_totals_t *totals);

/*
 * A slot for this process: one that a dead process left with lines, else, if
 * any is not 0, a free one.  Returns its number, or -1.  A slot with a ring
 * that cannot be is cleared, with an alert.  The slot's pid and its ring's
 * intent are still those of the dead.  Those before from are passed over, and
 * no free one has an intent.
 */
ngx_int_t ngx_http_journey_segment_take(ngx_http_journey_segment_t *segment,
    ngx_uint_t any, ngx_uint_t from, ngx_log_t *log);
void ngx_http_journey_segment_release(ngx_http_journey_segment_t *segment,
    ngx_uint_t n);

ngx_http_journey_slot_t *ngx_http_journey_segment_slot(
    ngx_http_journey_segment_t *segment, ngx_uint_t n);
journey_ring_t *ngx_http_journey_segment_ring(
    ngx_http_journey_segment_t *segment, ngx_uint_t n);

/* 1 if nobody owns a slot and no line waits. */
ngx_uint_t ngx_http_journey_segment_idle(ngx_http_journey_segment_t *segment);

/* Adds what its slots count. */
void ngx_http_journey_segment_totals(ngx_http_journey_segment_t *segment,
    ngx_http_journey_totals_t *totals);

/* Keeps the pages of a zone out of core dumps. */
void ngx_http_journey_zone_nodump(ngx_shm_zone_t *zone);


#endif /* NGX_HTTP_JOURNEY_SEGMENT_H */
