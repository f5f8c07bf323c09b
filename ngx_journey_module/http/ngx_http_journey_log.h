
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A journey log: where it goes, and the process's way to write it.  Whoever
 * logs reserves room, writes a line there and commits it.  The line stands in
 * shared memory then; packing it and appending it to the file is the writer's,
 * in later turns of the event loop.
 */


#ifndef NGX_HTTP_JOURNEY_LOG_H
#define NGX_HTTP_JOURNEY_LOG_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_journey_file.h"
#include "ngx_http_journey_member.h"
#include "ngx_http_journey_segment.h"
#include "ngx_http_journey_zone.h"


#define NGX_HTTP_JOURNEY_LOG_BUFFER      (256 * 1024)
#define NGX_HTTP_JOURNEY_LOG_BUFFER_MIN  (64 * 1024)
#define NGX_HTTP_JOURNEY_LOG_FLUSH       5000


typedef struct {
    ngx_str_t     path;                 /* may hold strftime conversions */
    ngx_int_t     level;                /* of zlib, 1 to 9 */
    size_t        buffer;               /* bytes of lines, before zlib */
    ngx_msec_t    flush;                /* ms a line may wait */
} ngx_http_journey_log_params_t;


/* A ring in the writer's hands. */

typedef struct {
    journey_ring_t               *ring;     /* NULL: none */
    ngx_http_journey_slot_t      *slot;     /* NULL: this process's memory */
    ngx_uint_t                    n;        /* the slot's number */
} ngx_http_journey_source_t;

typedef enum {
    NGX_HTTP_JOURNEY_LOG_IDLE = 0,
    NGX_HTTP_JOURNEY_LOG_PACKING,           /* lines into a member */
    NGX_HTTP_JOURNEY_LOG_APPENDING          /* the member to the file */
} ngx_http_journey_log_state_e;

typedef struct {
    ngx_str_t                     directive;/* journey_log, …_bots */
    ngx_str_t                     path;     /* as configured, a full name */
    ngx_int_t                     level;
    size_t                        buffer;
    ngx_msec_t                    flush;

    u_char                       *conf_file;
    ngx_uint_t                    conf_line;

    ngx_shm_zone_t               *zone;     /* its data is the segment */
    ngx_http_journey_shared_t    *shared;

    unsigned                      timed:1;  /* path holds conversions */
    unsigned                      kept:1;   /* of a former configuration: what
                                               waits there is written */

    /* of the process */

    unsigned                      attached:1;
    unsigned                      failed:1; /* no append before the timer's */
    unsigned                      alarmed:1;/* nor any since an alert */
    unsigned                      flushing:1;
                                            /* what is packed goes out */
    unsigned                      looking:1;/* for what dead workers left */
    unsigned                      old:1;    /* the job is of the period
                                               before, as is file */
    unsigned                      draining:1;
                                            /* nobody comes after */

    ngx_http_journey_source_t     own;
    ngx_http_journey_source_t     job;      /* of which is packed */
    ngx_http_journey_log_state_e  state;
    journey_ring_cursor_t         cursor;
    size_t                        left;     /* bytes of an old job */

    ngx_http_journey_member_t     member;
    ngx_http_journey_file_t       file;
    u_char                        name[NGX_MAX_PATH + 1];
                                            /* of this period's file */
    time_t                        rendered; /* when name was made */
    time_t                        changed;  /* when the period did */

    ngx_uint_t                    fresh;    /* lines since a turn was asked
                                               for */
    uint64_t                      dropped;  /* of own, before it failed */

    ngx_event_t                   timer;
    ngx_event_t                   retry;
    ngx_event_t                   turn;
} ngx_http_journey_log_t;


/* The log of a path: one for all who name it.  Other parameters for a path
 * that is known, and what cannot be a path, are errors, logged with the
 * directive. */
ngx_http_journey_log_t *ngx_http_journey_log_add(ngx_conf_t *cf,
    ngx_array_t *logs, ngx_http_journey_log_params_t *params);

/* Once http{} is read: no access_log or error_log may have the path of a
 * journey log. */
ngx_int_t ngx_http_journey_log_check(ngx_cycle_t *cycle, ngx_array_t *logs);

/* Once the worker's user is known and nginx's own files are open: the same
 * again, and the user must be able to write.  From then on the logs count in
 * shared. */
ngx_int_t ngx_http_journey_log_probe(ngx_cycle_t *cycle, ngx_array_t *logs,
    ngx_http_journey_shared_t *shared);

/* Once http{} is read: adds the logs of the former configuration in whose
 * segments lines wait, or workers write. */
ngx_int_t ngx_http_journey_log_keep(ngx_conf_t *cf);

/* The name of the file of the period that now falls into; room for
 * NGX_MAX_PATH + 1 bytes. */
ngx_int_t ngx_http_journey_log_render(ngx_http_journey_log_t *log, time_t now,
    u_char *name);

/* Takes a slot for this worker, and what dead ones left. */
ngx_int_t ngx_http_journey_log_attach(ngx_http_journey_log_t *log);

/*
 * Room for size bytes (at most NGX_HTTP_JOURNEY_LOG_BUFFER_MIN), valid until
 * the next call; NULL without memory.  commit ends a line there: last is
 * behind its "\n".
 */
u_char *ngx_http_journey_log_reserve(ngx_http_journey_log_t *log,
    size_t size);
void ngx_http_journey_log_commit(ngx_http_journey_log_t *log, u_char *last);

/* Writes what waits, and lets go of slot and file. */
void ngx_http_journey_log_close(ngx_http_journey_log_t *log);

/* Writes what nobody lives to write, in the master at its end. */
void ngx_http_journey_log_drain(ngx_http_journey_log_t *log);

/* What the logs count, this process's own memory too. */
void ngx_http_journey_log_totals(ngx_array_t *logs,
    ngx_http_journey_shared_t *shared, ngx_http_journey_totals_t *totals);


#endif /* NGX_HTTP_JOURNEY_LOG_H */
