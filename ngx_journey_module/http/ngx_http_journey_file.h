
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A log's file: opened by the worker itself, followed when it is renamed, and
 * appended to so that it is whole at any moment, whoever else appends to it
 * and whatever happens to the disk.
 */


#ifndef NGX_HTTP_JOURNEY_FILE_H
#define NGX_HTTP_JOURNEY_FILE_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_journey_member.h"
#include "ngx_http_journey_segment.h"


typedef struct {
    ngx_fd_t     fd;
    dev_t        dev;
    ino_t        ino;
    off_t        end;                   /* of what we know to be whole */
    u_char       name[NGX_MAX_PATH + 1];
} ngx_http_journey_file_t;


/* The file's name from now on; another one that is open is closed. */
void ngx_http_journey_file_name(ngx_http_journey_file_t *file, u_char *name);

/*
 * Appends the member with the lines before the cursor, and takes them out of
 * the ring; slot (NULL: the ring is of no slot) learns the file's name.
 * NGX_OK: it is there, once.  NGX_AGAIN: another process writes or rewrites
 * the file just now.  NGX_ERROR: nothing of it is there; *what failed, with
 * *err.
 */
ngx_int_t ngx_http_journey_file_append(ngx_http_journey_file_t *file,
    ngx_http_journey_slot_t *slot, journey_ring_t *ring,
    journey_ring_cursor_t *cursor, ngx_http_journey_member_t *m,
    const char **what, ngx_err_t *err);

/* Whether the append during which the slot's owner died came to its end; the
 * ring is put right.  NGX_AGAIN, only if wait is not 0: it cannot be seen just
 * now, for the reason in ngx_errno. */
ngx_int_t ngx_http_journey_file_resolve(ngx_http_journey_slot_t *slot,
    journey_ring_t *ring, ngx_uint_t wait, ngx_log_t *log);

/* Lets go of a file that no longer has its name. */
void ngx_http_journey_file_follow(ngx_http_journey_file_t *file);
void ngx_http_journey_file_close(ngx_http_journey_file_t *file);


#endif /* NGX_HTTP_JOURNEY_FILE_H */
