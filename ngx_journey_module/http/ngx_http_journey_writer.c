
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The writer of a log in a process.  Requests only append to the ring of the
 * process's slot; turns of the event loop pack lines into a gzip member, a
 * piece at a time, and append the member to the file.  Lines leave the ring
 * when they are in the file, so whatever fails is tried again, and whoever
 * dies leaves them to the next one.
 *
 * The way of a line: reserve, commit (request) > turn: start, pack (member) >
 * turn: append (file); the latter three are a job, ngx_http_journey_job.c.
 */


#include "ngx_http_journey_job.h"
#include "ngx_http_journey_module.h"


#define NGX_HTTP_JOURNEY_LOG_PIECE   16384      /* bytes packed in a turn */
#define NGX_HTTP_JOURNEY_LOG_PIECES  131072     /* at most, when many wait */
#define NGX_HTTP_JOURNEY_LOG_SYNC    65536      /* bytes packed at once when
                                                   a ring is full */
#define NGX_HTTP_JOURNEY_LOG_LOOK    64         /* lines, about a piece */
#define NGX_HTTP_JOURNEY_LOG_OLD     45         /* s for the period before */
#define NGX_HTTP_JOURNEY_LOG_TICK    10000      /* ms, of a timed log */
#define NGX_HTTP_JOURNEY_LOG_AGAIN   1000       /* ms, once it failed */
#define NGX_HTTP_JOURNEY_LOG_RETRY   2          /* ms, while another writes */

/* Tries of the master at its end, which may take a moment. */

#define NGX_HTTP_JOURNEY_LOG_LAST    4
#define NGX_HTTP_JOURNEY_LOG_REST    50         /* ms between two */


static ngx_int_t ngx_http_journey_log_begin(ngx_http_journey_log_t *log);
static ngx_int_t ngx_http_journey_log_own(ngx_http_journey_log_t *log);
static u_char *ngx_http_journey_log_room(ngx_http_journey_log_t *log,
    size_t size);
static void ngx_http_journey_log_post(ngx_http_journey_log_t *log);
static void ngx_http_journey_log_timer(ngx_event_t *ev);
static void ngx_http_journey_log_turn_handler(ngx_event_t *ev);
static void ngx_http_journey_log_turn(ngx_http_journey_log_t *log);
static void ngx_http_journey_log_period(ngx_http_journey_log_t *log);
static void ngx_http_journey_log_finish(ngx_http_journey_log_t *log);


ngx_int_t
ngx_http_journey_log_attach(ngx_http_journey_log_t *log)
{
    if (log->attached) {
        return NGX_OK;
    }

    if (ngx_http_journey_log_begin(log) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!log->kept && ngx_http_journey_log_own(log) != NGX_OK) {
        ngx_http_journey_log_finish(log);
        return NGX_ERROR;
    }

    log->timer.data = log;
    log->timer.handler = ngx_http_journey_log_timer;
    log->timer.log = ngx_cycle->log;
    log->timer.cancelable = 1;

    log->retry.data = log;
    log->retry.handler = ngx_http_journey_log_turn_handler;
    log->retry.log = ngx_cycle->log;
    log->retry.cancelable = 1;

    log->turn.data = log;
    log->turn.handler = ngx_http_journey_log_turn_handler;
    log->turn.log = ngx_cycle->log;

    log->attached = 1;
    log->looking = 1;
    log->flushing = !log->kept;

    ngx_http_journey_log_post(log);

    if (log->kept || journey_ring_waiting(log->own.ring) > 0) {
        ngx_http_journey_log_wait(log);
    }

    return NGX_OK;
}


/* What every process needs that writes. */

static ngx_int_t
ngx_http_journey_log_begin(ngx_http_journey_log_t *log)
{
    log->file.fd = NGX_INVALID_FILE;
    log->file.name[0] = '\0';
    log->rendered = ngx_time();
    log->state = NGX_HTTP_JOURNEY_LOG_IDLE;
    log->job.ring = NULL;
    log->own.ring = NULL;
    log->failed = 0;
    log->old = 0;

    /* a file that may not grow beyond a limit is an error, not an end */

    (void) signal(SIGXFSZ, SIG_IGN);

    if (ngx_http_journey_log_render(log, log->rendered, log->name) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_journey_member_init(&log->member, log->level, log->buffer);
}


static ngx_int_t
ngx_http_journey_log_own(ngx_http_journey_log_t *log)
{
    if (ngx_http_journey_log_look(log, 1, &log->own) == NGX_OK) {
        ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_RECOVERED,
                                   journey_ring_waiting(log->own.ring));
        return NGX_OK;
    }

    /* more workers than slots */

    log->own.slot = NULL;
    log->own.ring = ngx_alloc(journey_ring_memory(log->buffer),
                              ngx_cycle->log);

    if (log->own.ring == NULL) {
        return NGX_ERROR;
    }

    journey_ring_init(log->own.ring, log->buffer);

    ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_UNSLOTTED, 1);

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "journey log \"%V\": all %d slots are taken, lines wait in "
                  "this worker's own memory", &log->path,
                  NGX_HTTP_JOURNEY_SLOTS);

    return NGX_OK;
}


u_char *
ngx_http_journey_log_reserve(ngx_http_journey_log_t *log, size_t size)
{
    u_char  *p;

    if (!log->attached && ngx_http_journey_log_attach(log) != NGX_OK) {
        ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_LINES, 1);
        ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_DROPPED, 1);
        return NULL;
    }

    /* a line belongs to the period in which it is appended */

    if (log->timed && log->rendered != ngx_time()) {
        ngx_http_journey_log_period(log);
    }

    p = journey_ring_reserve(log->own.ring, size);

    return (p != NULL) ? p : ngx_http_journey_log_room(log, size);
}


/* Lines came faster than turns of the event loop, or cannot be written: then
 * the oldest make room. */

static u_char *
ngx_http_journey_log_room(ngx_http_journey_log_t *log, size_t size)
{
    u_char  *p;

    for ( ;; ) {

        if (log->failed
            || ngx_http_journey_log_sync(log, NGX_HTTP_JOURNEY_LOG_SYNC,
                                         NGX_HTTP_JOURNEY_LOG_SHORT)
               != NGX_OK)
        {
            if (!ngx_http_journey_log_foreign(log)) {
                ngx_http_journey_log_stop(log);
            }

            if (!log->alarmed) {
                ngx_http_journey_log_say(log, 0,
                                         "it is locked by another process");
            }

            if (!journey_ring_drop(log->own.ring)) {
                return NULL;
            }

            if (log->own.slot == NULL) {
                ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_DROPPED,
                                           1);
                ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_BUFFERED,
                                           -1);
            }
        }

        p = journey_ring_reserve(log->own.ring, size);

        if (p != NULL) {
            return p;
        }
    }
}


void
ngx_http_journey_log_commit(ngx_http_journey_log_t *log, u_char *last)
{
    journey_ring_publish(log->own.ring, last);

    if (log->own.slot == NULL) {
        ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_LINES, 1);
        ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_BUFFERED, 1);
    }

    if (++log->fresh == NGX_HTTP_JOURNEY_LOG_LOOK) {
        log->fresh = 0;

        if (!log->failed) {
            ngx_http_journey_log_post(log);
        }
    }

    if (!log->timer.timer_set) {
        ngx_http_journey_log_wait(log);
    }
}


/* In the next turn of the event loop. */

static void
ngx_http_journey_log_post(ngx_http_journey_log_t *log)
{
    ngx_post_event(&log->turn, &ngx_posted_next_events);
}


/* Until the timer's next look, at the latest. */

void
ngx_http_journey_log_wait(ngx_http_journey_log_t *log)
{
    ngx_msec_t  next;

    next = log->flush;

    if (log->timed) {
        next = ngx_min(next, NGX_HTTP_JOURNEY_LOG_TICK);
    }

    if (log->failed && log->alarmed) {
        next = ngx_min(next, NGX_HTTP_JOURNEY_LOG_AGAIN);

    } else if (log->failed) {
        next = NGX_HTTP_JOURNEY_LOG_RETRY;
    }

    ngx_add_timer(&log->timer, next);
}


/* Runs as long as a file is open, so that an idle worker lets go of a file
 * that was renamed, or whose period is over. */

static void
ngx_http_journey_log_timer(ngx_event_t *ev)
{
    ngx_http_journey_log_t *log = ev->data;

    ngx_uint_t  more;

    if (log->timed) {
        ngx_http_journey_log_period(log);

        if (log->old
            && ngx_time() - log->changed >= NGX_HTTP_JOURNEY_LOG_OLD)
        {
            log->old = 0;
        }
    }

    if (log->failed) {
        log->failed = 0;

        (void) ngx_http_journey_log_sync(log, NGX_HTTP_JOURNEY_LOG_SYNC, 0);
    }

    if (!log->old) {
        ngx_http_journey_file_follow(&log->file);
    }

    log->looking = 1;

    if (log->kept) {
        more = !ngx_http_journey_segment_idle(
                   ngx_http_journey_log_segment(log));

        if (!more) {
            ngx_http_journey_file_close(&log->file);
        }

    } else {
        more = (journey_ring_waiting(log->own.ring) > 0);
        log->flushing = more;
    }

    ngx_http_journey_log_turn(log);

    if (!more && log->file.fd == NGX_INVALID_FILE
        && log->state == NGX_HTTP_JOURNEY_LOG_IDLE)
    {
        return;
    }

    ngx_http_journey_log_wait(log);
}


static void
ngx_http_journey_log_turn_handler(ngx_event_t *ev)
{
    ngx_http_journey_log_turn(ev->data);
}


/* A bounded piece of work: packs some lines, or appends a member. */

static void
ngx_http_journey_log_turn(ngx_http_journey_log_t *log)
{
    size_t  unread;

    /* the timer tries again */

    if (log->failed) {
        return;
    }

    if (log->state == NGX_HTTP_JOURNEY_LOG_APPENDING) {

        switch (ngx_http_journey_log_append(log, 0)) {

        case NGX_OK:
            if (log->flushing || log->looking || log->old) {
                ngx_http_journey_log_post(log);
            }

            return;

        case NGX_AGAIN:
            if (!log->retry.timer_set) {
                ngx_add_timer(&log->retry, NGX_HTTP_JOURNEY_LOG_RETRY);
            }

            return;

        default:
            return;
        }
    }

    if (log->state == NGX_HTTP_JOURNEY_LOG_IDLE
        && ngx_http_journey_log_find(log) != NGX_OK)
    {
        return;
    }

    /* half of what waits, lest a storm leaves the packing behind; but of a
     * large buffer that is full no more than a turn may take */

    unread = journey_ring_unread(log->job.ring, &log->cursor);
    unread = ngx_min(unread / 2, NGX_HTTP_JOURNEY_LOG_PIECES);

    if (ngx_http_journey_log_pack(log, ngx_max(NGX_HTTP_JOURNEY_LOG_PIECE,
                                               unread))
        != NGX_OK)
    {
        return;
    }

    if (log->state == NGX_HTTP_JOURNEY_LOG_APPENDING || log->flushing
        || log->old || ngx_http_journey_log_foreign(log))
    {
        ngx_http_journey_log_post(log);
    }
}


/* The lines so far are of the former period: they end a member of its file,
 * at the latest NGX_HTTP_JOURNEY_LOG_OLD seconds from now. */

static void
ngx_http_journey_log_period(ngx_http_journey_log_t *log)
{
    u_char  name[NGX_MAX_PATH + 1];

    log->rendered = ngx_time();

    if (ngx_http_journey_log_render(log, log->rendered, name) != NGX_OK
        || ngx_strcmp(name, log->name) == 0)
    {
        return;
    }

    if (log->state == NGX_HTTP_JOURNEY_LOG_APPENDING && !log->failed) {
        (void) ngx_http_journey_log_append(log, NGX_HTTP_JOURNEY_LOG_SHORT);
    }

    /* a member that is packed, but not appended, lacks the latest lines */

    if (log->state == NGX_HTTP_JOURNEY_LOG_APPENDING
        || ngx_http_journey_log_foreign(log))
    {
        ngx_http_journey_log_stop(log);
    }

    if (log->own.ring != NULL
        && log->state == NGX_HTTP_JOURNEY_LOG_IDLE
        && journey_ring_waiting(log->own.ring) > 0)
    {
        (void) ngx_http_journey_log_start(log, &log->own);
    }

    if (log->state == NGX_HTTP_JOURNEY_LOG_PACKING && !log->old) {
        ngx_http_journey_file_name(&log->file, log->name);

        log->old = 1;
        log->left = journey_ring_unread(log->job.ring, &log->cursor);
        log->changed = log->rendered;

        ngx_http_journey_log_post(log);
    }

    ngx_cpystrn(log->name, name, NGX_MAX_PATH + 1);

    if (!log->old) {
        ngx_http_journey_file_name(&log->file, log->name);
    }
}


void
ngx_http_journey_log_close(ngx_http_journey_log_t *log)
{
    uint64_t  waiting;

    if (!log->attached) {
        return;
    }

    log->failed = 0;
    log->flushing = 1;

    if (log->own.ring != NULL) {

        while ((journey_ring_waiting(log->own.ring) > 0
                || log->state != NGX_HTTP_JOURNEY_LOG_IDLE)
               && ngx_http_journey_log_sync(log, log->buffer,
                                            NGX_HTTP_JOURNEY_LOG_LONG)
                  == NGX_OK)
        {
            /* void */
        }
    }

    ngx_http_journey_log_stop(log);

    if (log->own.ring != NULL) {
        waiting = journey_ring_waiting(log->own.ring);

        if (waiting > 0) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "journey log \"%s\": %uL lines could not be "
                          "written, %s", log->name, waiting,
                          (log->own.slot != NULL)
                          ? "they are left to other processes"
                          : "they are lost");
        }

        if (log->own.slot != NULL) {
            ngx_http_journey_segment_release(ngx_http_journey_log_segment(log),
                                             log->own.n);

        } else {
            ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_DROPPED,
                                       waiting);
            ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_BUFFERED,
                                       -(ngx_atomic_int_t) waiting);
            ngx_free(log->own.ring);
        }

        log->own.ring = NULL;
    }

    ngx_http_journey_log_finish(log);
}


static void
ngx_http_journey_log_finish(ngx_http_journey_log_t *log)
{
    if (log->timer.timer_set) {
        ngx_del_timer(&log->timer);
    }

    if (log->retry.timer_set) {
        ngx_del_timer(&log->retry);
    }

    if (log->turn.posted) {
        ngx_delete_posted_event(&log->turn);
    }

    ngx_http_journey_file_close(&log->file);
    ngx_http_journey_member_free(&log->member);

    log->attached = 0;
}


void
ngx_http_journey_log_drain(ngx_http_journey_log_t *log)
{
    ngx_int_t                  rc;
    ngx_uint_t                 tries;
    ngx_http_journey_source_t  source;
    ngx_http_journey_totals_t  totals;

    if (log->zone == NULL || log->shared == NULL) {
        return;
    }

    if (ngx_http_journey_log_begin(log) == NGX_OK) {

        for (tries = 0; tries < NGX_HTTP_JOURNEY_LOG_LAST; /* void */) {

            /* at last without knowing what the dead wrote */

            log->draining = (tries == NGX_HTTP_JOURNEY_LOG_LAST - 1);

            rc = ngx_http_journey_log_look(log, 0, &source);

            if (rc == NGX_DECLINED) {
                break;
            }

            if (rc == NGX_OK) {
                rc = ngx_http_journey_log_start(log, &source);

                if (rc == NGX_OK) {
                    rc = ngx_http_journey_log_sync(log, log->buffer,
                                                   NGX_HTTP_JOURNEY_LOG_LONG);
                }

                ngx_http_journey_log_stop(log);

                if (rc == NGX_AGAIN) {
                    break;
                }
            }

            if (rc == NGX_OK) {
                tries = 0;

            } else {
                tries++;
                ngx_msleep(NGX_HTTP_JOURNEY_LOG_REST);
            }
        }

        ngx_http_journey_log_finish(log);
    }

    /* no worker lives any more */

    ngx_memzero(&totals, sizeof(ngx_http_journey_totals_t));

    ngx_http_journey_segment_totals(ngx_http_journey_log_segment(log),
                                    &totals);

    if (totals.buffered > 0) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "journey log \"%V\": %uL lines are lost", &log->path,
                      totals.buffered);
    }
}


void
ngx_http_journey_log_totals(ngx_array_t *logs,
    ngx_http_journey_shared_t *shared, ngx_http_journey_totals_t *totals)
{
    ngx_uint_t                i;
    ngx_http_journey_log_t  **log;

    totals->lines = shared->counters[NGX_HTTP_JOURNEY_LOG_LINES];
    totals->members = shared->counters[NGX_HTTP_JOURNEY_LOG_MEMBERS];
    totals->bytes = shared->counters[NGX_HTTP_JOURNEY_LOG_BYTES];
    totals->dropped = shared->counters[NGX_HTTP_JOURNEY_LOG_DROPPED];
    totals->buffered = shared->counters[NGX_HTTP_JOURNEY_LOG_BUFFERED];

    log = logs->elts;

    for (i = 0; i < logs->nelts; i++) {
        ngx_http_journey_segment_totals(ngx_http_journey_log_segment(log[i]),
                                        totals);
    }
}
