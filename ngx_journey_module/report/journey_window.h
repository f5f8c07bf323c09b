
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A window on a file that is read from its begin to its end, which may be
 * appended to meanwhile.
 */


#ifndef JOURNEY_WINDOW_H
#define JOURNEY_WINDOW_H


#include "journey_core.h"


typedef struct {
    int            fd;
    u_char        *pos;                 /* the first byte not yet used */
    u_char        *last;                /* behind the last byte there is */
    uint64_t       offset;              /* of pos in the file */
    int            error;               /* errno of a failed read */
    unsigned       eof:1;
    unsigned       no_memory:1;

    u_char        *buf;
    size_t         size;
} journey_window_t;


/* "-" is standard input.  JOURNEY_ERROR with w->error set. */
int journey_window_open(journey_window_t *w, const char *name);
void journey_window_close(journey_window_t *w);

/* Reads until need bytes are there or the file ends; returns the number of
 * bytes at pos, which may be more. */
size_t journey_window_fill(journey_window_t *w, size_t need);

/*
 * To be called at the end of a file in the middle of something: a file that
 * was written to just now gets a moment to grow.  As journey_window_fill().
 */
size_t journey_window_wait(journey_window_t *w, size_t need);

/* Passes over n bytes that are there. */
void journey_window_skip(journey_window_t *w, size_t n);


#endif /* JOURNEY_WINDOW_H */
