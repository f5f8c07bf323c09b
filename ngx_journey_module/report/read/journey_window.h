
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
    uint64_t       start;               /* where the file was taken up: that
                                           of standard input may have been
                                           read before */
    int            error;               /* errno of a failed read */
    unsigned       regular:1;           /* a file, not a pipe */
    unsigned       owned:1;             /* closed at the end */
    unsigned       eof:1;
    unsigned       no_memory:1;

    u_char        *buf;
    size_t         size;
} journey_window_t;


/* "-" is standard input.  JOURNEY_ERROR with w->error set. */
int journey_window_open(journey_window_t *w, const char *name);

/* A file that is open already, from where it stands; it stays open. */
void journey_window_attach(journey_window_t *w, int fd);

void journey_window_close(journey_window_t *w);

/* Reads until need bytes are there or the file ends; returns the number of
 * bytes at pos, which may be more. */
size_t journey_window_fill(journey_window_t *w, size_t need);

/*
 * To be called at the end of a file in the middle of something: a file that
 * was written to just now, or that nginx has open, gets a moment to grow.  As
 * journey_window_fill().
 */
size_t journey_window_wait(journey_window_t *w, size_t need);

/*
 * To be called when what is at pos is damaged or cut: 1 when the file holds
 * something else there by now, which is read instead.  A write that failed
 * half-way is taken back, and others write there.
 */
int journey_window_again(journey_window_t *w);

/* At the end: 1 when the file holds less than what was read of it. */
int journey_window_shrunk(const journey_window_t *w);

/* Passes over n bytes that are there. */
void journey_window_skip(journey_window_t *w, size_t n);


#endif /* JOURNEY_WINDOW_H */
