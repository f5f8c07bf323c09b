
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A job of a log's writer: some lines of a ring, packed into a member, and the
 * member appended to the file.
 */


#ifndef NGX_HTTP_JOURNEY_JOB_H
#define NGX_HTTP_JOURNEY_JOB_H


#include "ngx_http_journey_log.h"


/* us that an append may wait for the file's lock: in a request's way, at an
 * end. */

#define NGX_HTTP_JOURNEY_LOG_SHORT   1000
#define NGX_HTTP_JOURNEY_LOG_LONG    2000000


#define ngx_http_journey_log_count(log, counter, n)                           \
    (void) ngx_atomic_fetch_add(&(log)->shared->counters[counter], n)

#define ngx_http_journey_log_segment(log)                                     \
    ((ngx_http_journey_segment_t *) (log)->zone->data)

/* a job of lines that others left */

#define ngx_http_journey_log_foreign(log)                                     \
    ((log)->job.ring != NULL && (log)->job.ring != (log)->own.ring)


/*
 * A slot that a dead process left with lines, or, if any is not 0, any free
 * one; what was half written there is known then.  NGX_DECLINED: there is
 * none.  NGX_AGAIN: there is one, but nobody knows yet which of its lines are
 * in the file.
 */
ngx_int_t ngx_http_journey_log_look(ngx_http_journey_log_t *log,
    ngx_uint_t any, ngx_http_journey_source_t *source);

/* Begins a job: with the process's own lines or, when it is to look for them,
 * with those of a dead one (find); with those of source (start). */
ngx_int_t ngx_http_journey_log_find(ngx_http_journey_log_t *log);
ngx_int_t ngx_http_journey_log_start(ngx_http_journey_log_t *log,
    ngx_http_journey_source_t *source);

/* The end of a job, done or not: lines that are not in the file are still in
 * the ring. */
void ngx_http_journey_log_stop(ngx_http_journey_log_t *log);

/* At most budget bytes more into the member; then it may be complete, and the
 * state APPENDING. */
ngx_int_t ngx_http_journey_log_pack(ngx_http_journey_log_t *log,
    size_t budget);

/* NGX_AGAIN: patience (us) was not enough for the file's lock.  NGX_ERROR: the
 * timer tries again. */
ngx_int_t ngx_http_journey_log_append(ngx_http_journey_log_t *log,
    uint64_t patience);

/* All of it at once, without other turns: of what is packed, else of the
 * oldest lines, size bytes at most and the end of a line. */
ngx_int_t ngx_http_journey_log_sync(ngx_http_journey_log_t *log, size_t size,
    uint64_t patience);

/* An alert, one a minute, whichever worker comes first. */
void ngx_http_journey_log_say(ngx_http_journey_log_t *log, ngx_err_t err,
    const char *what);

/* Arms the writer's timer for its next look; ngx_http_journey_writer.c. */
void ngx_http_journey_log_wait(ngx_http_journey_log_t *log);


#endif /* NGX_HTTP_JOURNEY_JOB_H */
