
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The journey log's writer.  Whoever logs reserves room, writes a line there
 * and commits it; buffering, compression and files are the writer's.
 */


#ifndef NGX_HTTP_JOURNEY_LOG_H
#define NGX_HTTP_JOURNEY_LOG_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_journey_zone.h"


#define NGX_HTTP_JOURNEY_LOG_BUFFER      (256 * 1024)
#define NGX_HTTP_JOURNEY_LOG_BUFFER_MIN  (64 * 1024)
#define NGX_HTTP_JOURNEY_LOG_FLUSH       5000


typedef struct ngx_http_journey_log_s  ngx_http_journey_log_t;

typedef struct {
    ngx_str_t     path;                 /* may hold strftime conversions */
    ngx_int_t     level;                /* of zlib, 1 to 9 */
    size_t        buffer;               /* bytes of lines, before zlib */
    ngx_msec_t    flush;                /* ms a line may wait */
} ngx_http_journey_log_params_t;


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

/*
 * Room for size bytes (at most NGX_HTTP_JOURNEY_LOG_BUFFER_MIN), valid until
 * the next call; NULL without memory.  commit ends a line there: last is
 * behind its "\n".
 */
u_char *ngx_http_journey_log_reserve(ngx_http_journey_log_t *log,
    size_t size);
void ngx_http_journey_log_commit(ngx_http_journey_log_t *log, u_char *last);

/* Writes what waits, and closes the file. */
void ngx_http_journey_log_close(ngx_http_journey_log_t *log);


#endif /* NGX_HTTP_JOURNEY_LOG_H */
