
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A journey log that is being written, as whole lines, each once: members and
 * plain lines as they become complete.
 */


#ifndef JOURNEY_TAIL_FILE_H
#define JOURNEY_TAIL_FILE_H


#include "journey_gzip.h"

#include <sys/stat.h>
#include <sys/types.h>


#define JOURNEY_TAIL_MARK  16           /* bytes before a place that tell
                                           whether the file is still the
                                           same */


typedef struct journey_tail_stream_s  journey_tail_stream_t;

typedef struct {
    int                     fd;         /* -1: it is not open */
    uint64_t                pos;        /* what is before it was handed over,
                                           or passed over */
    uint64_t                size;       /* when it was read last */
    unsigned                gzip:1;     /* the last that was found are
                                           members */
    unsigned                lost:1;     /* pos may be in the midst of
                                           something */
    unsigned                skip:1;     /* the rest of a line that is too
                                           long is passed over */
    unsigned                suspect;    /* times that what is at pos looked
                                           damaged */

    u_char                  mark[JOURNEY_TAIL_MARK];
    size_t                  nmark;

    journey_tail_stream_t  *stream;     /* a member without length, NULL
                                           outside one */
    u_char                 *text;       /* the begin of a line, out of members
                                           without length */
    size_t                  len;
    size_t                  room;
} journey_tail_file_t;


/* A line without its newline, not empty; JOURNEY_ERROR ends the reading. */
typedef int (*journey_tail_line_pt)(void *ctx, journey_tail_file_t *file,
    const journey_str_t *line);

/* Something is torn at that place. */
typedef void (*journey_tail_torn_pt)(void *ctx, journey_tail_file_t *file,
    uint64_t offset);

/* What reads all files, one after another; it keeps nothing of them. */

typedef struct {
    journey_tail_line_pt    line;
    journey_tail_torn_pt    torn;
    void                   *ctx;

    journey_inflater_t     *inflater;
    u_char                 *buf;
    size_t                  size;
} journey_tail_reader_t;


/* An open file, from a place on; exact: something begins there. */
void journey_tail_file_init(journey_tail_file_t *file, int fd, uint64_t pos,
    unsigned exact);

/* Closes the file, too. */
void journey_tail_file_free(journey_tail_file_t *file);

/*
 * Hands over what has become complete since the last time, from the begin when
 * the file was cut or written anew.  What the file ends in stays until the
 * rest of it is there.  JOURNEY_ERROR when memory is exhausted or a line's
 * handler said so.
 */
int journey_tail_file_read(journey_tail_file_t *file,
    journey_tail_reader_t *reader);

void journey_tail_reader_free(journey_tail_reader_t *reader);


#endif /* JOURNEY_TAIL_FILE_H */
