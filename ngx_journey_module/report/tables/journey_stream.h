
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A stream into memory.  open_memstream() loses what it has no memory for, and
 * says that all went well.
 */


#ifndef JOURNEY_STREAM_H
#define JOURNEY_STREAM_H


#include "journey_core.h"

#include <stdio.h>


typedef struct {
    FILE      *file;                    /* to be written to */
    char      *text;
    size_t     len;
    size_t     size;
    unsigned   no_memory;
} journey_stream_t;


/* It must not be moved until it is closed.  JOURNEY_ERROR when memory is
 * exhausted. */
int journey_stream_open(journey_stream_t *stream);

/* JOURNEY_OK: text has len bytes and a NUL behind them, and is to be freed.
 * JOURNEY_ERROR when memory was exhausted; it is NULL then. */
int journey_stream_close(journey_stream_t *stream);


#endif /* JOURNEY_STREAM_H */
