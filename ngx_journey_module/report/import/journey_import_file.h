
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * One access log, plain or gzip by content, read line by line.
 */


#ifndef JOURNEY_IMPORT_FILE_H
#define JOURNEY_IMPORT_FILE_H


#include "journey_import_line.h"
#include "journey_window.h"

#include <zlib.h>


typedef struct {
    const char             *name;
    uint32_t                first;      /* s: time of its first line */
    uint64_t                size;       /* bytes; 0 of a pipe */
    uint64_t                number;     /* of the line that was read last */
    const char             *wrong;      /* why it could not be read to its
                                           end; NULL: it could */
    unsigned                opened:1;
    unsigned                pipe:1;     /* it cannot be opened again */

    journey_window_t        window;
    journey_import_line_t   line;       /* the caller's: the one that waits */

    unsigned                began:1;    /* what it is is known */
    unsigned                gzip:1;
    unsigned                member:1;   /* in the midst of one */
    unsigned                ended:1;    /* text ends at last */
    unsigned                inflating:1;
    z_stream                stream;
    u_char                 *text;
    u_char                 *pos;
    u_char                 *last;
} journey_import_file_t;


/*
 * Opens the file ("-": standard input) and looks for the time of its first
 * line.  What cannot be opened again stays open.  JOURNEY_ERROR and a message
 * when it cannot be opened.
 */
int journey_import_file_look(journey_import_file_t *file, const char *name,
    journey_error_t *err);

/* Opens it to be read.  JOURNEY_ERROR: file->wrong says why not. */
int journey_import_file_open(journey_import_file_t *file);

/*
 * The next line, without its newline, valid until the next call; len is
 * beyond JOURNEY_IMPORT_LINE_MAX for one that is too long, of which there is
 * no more than its begin.  JOURNEY_DECLINED at the end.
 */
int journey_import_file_line(journey_import_file_t *file, journey_str_t *line);

void journey_import_file_close(journey_import_file_t *file);


#endif /* JOURNEY_IMPORT_FILE_H */
