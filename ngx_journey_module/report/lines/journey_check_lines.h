
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Text that comes in pieces of any size, judged line by line in bounded
 * memory.
 */


#ifndef JOURNEY_CHECK_LINES_H
#define JOURNEY_CHECK_LINES_H


#include "journey_record.h"


/* Longest line that goes over from one piece into the next. */
#define JOURNEY_CHECK_LINE_MAX  JOURNEY_LINE_MAX


/* The line, without its newline, and what is wrong with it, NULL for nothing.
 * Empty lines are passed over.  JOURNEY_ERROR ends it all. */
typedef int (*journey_check_line_pt)(void *ctx, const u_char *line, size_t len,
    const journey_error_t *err);

typedef struct {
    journey_check_line_pt   handler;
    void                   *ctx;

    uint64_t                nlines;     /* empty ones too */
    u_char                 *part;       /* the begin of a line */
    size_t                  len;
    size_t                  size;
    u_char                 *buf;        /* of unescaped strings */
    size_t                  buf_size;
    unsigned                overlong:1; /* the rest of a line is passed
                                           over */
} journey_check_lines_t;


/* A line: JOURNEY_OK, JOURNEY_DECLINED for an empty one, JOURNEY_ERROR for a
 * broken one with what is wrong, or when memory is exhausted: then err->text
 * is empty. */
int journey_check_line(journey_check_lines_t *lines, const u_char *line,
    size_t len, journey_error_t *err);

/* The next piece.  JOURNEY_ERROR when memory is exhausted, or the handler's. */
int journey_check_lines_add(journey_check_lines_t *lines, const u_char *data,
    size_t len);

/* The end: what has no newline is a line, too. */
int journey_check_lines_end(journey_check_lines_t *lines);

/* Forgets the begin of a line, and counts from 0. */
void journey_check_lines_reset(journey_check_lines_t *lines);

/* 1 when the text so far ends in the midst of a line. */
#define journey_check_lines_open(lines)                                       \
    ((lines)->len != 0 || (lines)->overlong)

void journey_check_lines_free(journey_check_lines_t *lines);


#endif /* JOURNEY_CHECK_LINES_H */
