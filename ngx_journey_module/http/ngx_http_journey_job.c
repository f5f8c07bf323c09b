
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The jobs of a log's writer, one at a time.  Lines leave their ring when they
 * are in the file, so a job may fail or stop at any point.
 */


#include "ngx_http_journey_job.h"
#include "ngx_http_journey_module.h"


#define NGX_HTTP_JOURNEY_LOG_ALERT   60         /* s between two alerts */
#define NGX_HTTP_JOURNEY_LOG_PAUSE   100        /* us between two tries */


static ngx_int_t ngx_http_journey_log_end(ngx_http_journey_log_t *log);
static uint64_t ngx_http_journey_log_clock(void);
static void ngx_http_journey_log_alert(ngx_http_journey_log_t *log,
    ngx_err_t err, const char *what);


/* A job: the process's own lines, or those of a dead one. */

ngx_int_t
ngx_http_journey_log_find(ngx_http_journey_log_t *log)
{
    ngx_int_t                  rc;
    ngx_http_journey_source_t  source;

    if (log->own.ring != NULL && journey_ring_waiting(log->own.ring) > 0) {
        return ngx_http_journey_log_start(log, &log->own);
    }

    log->flushing = 0;

    if (log->looking) {

        rc = ngx_http_journey_log_look(log, 0, &source);

        if (rc == NGX_OK) {
            return ngx_http_journey_log_start(log, &source);
        }

        log->looking = 0;

        if (rc == NGX_AGAIN && !log->timer.timer_set) {
            ngx_http_journey_log_wait(log);
        }
    }

    return NGX_DECLINED;
}


/* A slot that a dead process left with lines, or any free one.  NGX_AGAIN:
 * there is one, but nobody knows yet which of its lines are in the file. */

ngx_int_t
ngx_http_journey_log_look(ngx_http_journey_log_t *log, ngx_uint_t any,
    ngx_http_journey_source_t *source)
{
    ngx_int_t                    n, from;
    ngx_http_journey_segment_t  *segment;

    from = 0;
    segment = ngx_http_journey_log_segment(log);

    for ( ;; ) {
        n = ngx_http_journey_segment_take(segment, any, from, ngx_cycle->log);

        if (n == -1) {
            return (from == 0) ? NGX_DECLINED : NGX_AGAIN;
        }

        source->n = (ngx_uint_t) n;
        source->slot = ngx_http_journey_segment_slot(segment, n);
        source->ring = ngx_http_journey_segment_ring(segment, n);

        if (ngx_http_journey_file_resolve(source->slot, source->ring,
                                          !log->draining, ngx_cycle->log)
            == NGX_AGAIN)
        {
            ngx_http_journey_log_say(log, ngx_errno, "what a process wrote as "
                                     "it died cannot be seen");

            ngx_http_journey_segment_release(segment, n);
            from = n + 1;
            continue;
        }

        source->slot->pid = ngx_pid;

        if (any || journey_ring_waiting(source->ring) > 0) {
            break;
        }

        /* all of it was there */

        ngx_http_journey_segment_release(segment, n);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_journey_log_start(ngx_http_journey_log_t *log,
    ngx_http_journey_source_t *source)
{
    log->job = *source;
    log->old = 0;

    journey_ring_start(log->job.ring, &log->cursor);

    log->state = NGX_HTTP_JOURNEY_LOG_PACKING;

    if (ngx_http_journey_member_begin(&log->member) != NGX_OK) {
        ngx_http_journey_log_alert(log, 0, "deflateReset() failed");
        ngx_http_journey_log_stop(log);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The end of a job, done or not: lines that are not in the file are still in
 * the ring. */

void
ngx_http_journey_log_stop(ngx_http_journey_log_t *log)
{
    if (ngx_http_journey_log_foreign(log)) {
        ngx_http_journey_segment_release(ngx_http_journey_log_segment(log),
                                         log->job.n);
        log->looking = 1;
    }

    log->job.ring = NULL;
    log->state = NGX_HTTP_JOURNEY_LOG_IDLE;

    if (log->old) {
        log->old = 0;
        ngx_http_journey_file_name(&log->file, log->name);
    }
}


/* At most budget bytes more into the member; then it may be complete. */

ngx_int_t
ngx_http_journey_log_pack(ngx_http_journey_log_t *log, size_t budget)
{
    size_t         n;
    const u_char  *data;

    while (budget > 0) {

        n = log->old ? ngx_min(budget, log->left) : budget;
        n = journey_ring_read(log->job.ring, &log->cursor, n, &data);

        if (n == 0) {
            break;
        }

        if (ngx_http_journey_member_add(&log->member, data, n) != NGX_OK) {
            ngx_http_journey_log_alert(log, 0, "deflate() failed");
            ngx_http_journey_log_stop(log);
            return NGX_ERROR;
        }

        budget -= n;
        log->left -= log->old ? n : 0;
    }

    if (log->old) {
        return (log->left == 0) ? ngx_http_journey_log_end(log) : NGX_OK;
    }

    if (log->cursor.read >= log->buffer - log->buffer / 4) {
        return ngx_http_journey_log_end(log);
    }

    if ((log->flushing || ngx_http_journey_log_foreign(log))
        && journey_ring_unread(log->job.ring, &log->cursor) == 0)
    {
        log->flushing = ngx_http_journey_log_foreign(log) && log->flushing;

        return ngx_http_journey_log_end(log);
    }

    return NGX_OK;
}


/* Packs the line in which the cursor stands, and ends the member. */

static ngx_int_t
ngx_http_journey_log_end(ngx_http_journey_log_t *log)
{
    size_t         n;
    const u_char  *data;

    if (log->cursor.read == 0) {

        /* a member of nothing would bring nothing on */

        ngx_http_journey_log_stop(log);
        return NGX_DECLINED;
    }

    n = journey_ring_read_line(log->job.ring, &log->cursor, &data);

    if ((n > 0
         && ngx_http_journey_member_add(&log->member, data, n) != NGX_OK)
        || ngx_http_journey_member_end(&log->member) != NGX_OK)
    {
        ngx_http_journey_log_alert(log, 0, "deflate() failed");
        ngx_http_journey_log_stop(log);
        return NGX_ERROR;
    }

    log->left -= log->old ? n : 0;
    log->state = NGX_HTTP_JOURNEY_LOG_APPENDING;

    return NGX_OK;
}


ngx_int_t
ngx_http_journey_log_append(ngx_http_journey_log_t *log, uint64_t patience)
{
    uint64_t     began;
    size_t       left;
    ngx_err_t    err;
    ngx_int_t    rc;
    const char  *what;

    if (!log->old) {
        ngx_http_journey_file_name(&log->file, log->name);
    }

    began = 0;

    for ( ;; ) {
        rc = ngx_http_journey_file_append(&log->file, log->job.slot,
                                          log->job.ring, &log->cursor,
                                          &log->member, &what, &err);

        if (rc != NGX_AGAIN || patience == 0) {
            break;
        }

        /* pauses are longer than asked for where many want to run */

        if (began == 0) {
            began = ngx_http_journey_log_clock();

        } else if (ngx_http_journey_log_clock() - began >= patience) {
            break;
        }

        (void) usleep(NGX_HTTP_JOURNEY_LOG_PAUSE);
    }

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (rc == NGX_ERROR) {
        ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_ERRORS, 1);
        ngx_http_journey_log_alert(log, err, what);
        return NGX_ERROR;
    }

    if (log->alarmed) {
        log->alarmed = 0;

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "journey log \"%s\" is written again, %uL lines were "
                      "dropped by this process meanwhile", log->file.name,
                      (log->own.ring != NULL)
                      ? journey_ring_dropped(log->own.ring) - log->dropped
                      : (uint64_t) 0);
    }

    if (log->job.slot == NULL) {
        ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_MEMBERS, 1);
        ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_BYTES,
                                   log->member.len);
        ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_BUFFERED,
                                   -(ngx_atomic_int_t) log->cursor.lines);
    }

    if (ngx_http_journey_log_foreign(log)) {
        ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_RECOVERED,
                                   log->cursor.lines);
    }

    left = log->old ? log->left : 0;

    if (left == 0) {
        ngx_http_journey_log_stop(log);
        return NGX_OK;
    }

    /* the next lines are of the former period, too */

    if (ngx_http_journey_log_start(log, &log->own) == NGX_OK) {
        log->old = 1;
        log->left = left;
    }

    return NGX_OK;
}


/* us, of no meaning but their difference */

static uint64_t
ngx_http_journey_log_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


/* At once, without other turns: what is packed, else the oldest lines, at
 * most size bytes of them and the end of a line. */

ngx_int_t
ngx_http_journey_log_sync(ngx_http_journey_log_t *log, size_t size,
    uint64_t patience)
{
    ngx_int_t  rc;

    if (log->state == NGX_HTTP_JOURNEY_LOG_IDLE
        && ngx_http_journey_log_find(log) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (log->state == NGX_HTTP_JOURNEY_LOG_PACKING) {

        if (log->cursor.read < size
            && ngx_http_journey_log_pack(log, size - log->cursor.read)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (log->state == NGX_HTTP_JOURNEY_LOG_PACKING
            && ngx_http_journey_log_end(log) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    rc = ngx_http_journey_log_append(log, patience);

    if (rc == NGX_AGAIN) {

        /* not in a request's way once more */

        log->failed = 1;

        if (log->attached) {
            ngx_http_journey_log_wait(log);
        }
    }

    return rc;
}


/* Nothing is appended until the timer tries again. */

static void
ngx_http_journey_log_alert(ngx_http_journey_log_t *log, ngx_err_t err,
    const char *what)
{
    if (!log->alarmed && log->own.ring != NULL) {
        log->dropped = journey_ring_dropped(log->own.ring);
    }

    log->failed = 1;
    log->alarmed = 1;

    if (log->attached) {                    /* not in the master */
        ngx_http_journey_log_wait(log);
    }

    ngx_http_journey_log_say(log, err, what);
}


/* One a minute, whichever worker comes first. */

void
ngx_http_journey_log_say(ngx_http_journey_log_t *log, ngx_err_t err,
    const char *what)
{
    ngx_atomic_uint_t            last, now;
    ngx_http_journey_segment_t  *segment;

    segment = ngx_http_journey_log_segment(log);

    now = (ngx_atomic_uint_t) ngx_time();
    last = segment->alerted;

    if ((last != 0 && now - last < NGX_HTTP_JOURNEY_LOG_ALERT)
        || !ngx_atomic_cmp_set(&segment->alerted, last, now))
    {
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, err,
                  "journey log \"%s\": %s, lines wait in memory",
                  (log->file.name[0] != '\0') ? log->file.name : log->name,
                  what);
}
