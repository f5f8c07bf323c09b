
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Where imported and simulated events go: plain lines on standard output, or a new file of
 * gzip members as the module writes them.
 */


#ifndef JOURNEY_IMPORT_OUTPUT_H
#define JOURNEY_IMPORT_OUTPUT_H


#include "journey_record.h"
#include "journey_rewrite.h"


typedef struct {
    journey_rewrite_t   rw;
    const char         *path;           /* NULL: standard output */
    unsigned            file:1;         /* else standard output */
    unsigned            failed:1;       /* nothing more can be written */
    u_char             *buf;            /* whole lines */
    size_t              len;
    size_t              size;
    uint64_t            events;         /* put so far */
} journey_import_output_t;


/*
 * path NULL: standard output.  JOURNEY_DECLINED with a message when there is
 * such a file, JOURNEY_ERROR with one when there can be none.  After JOURNEY_OK
 * journey_import_output_close() or journey_import_output_abort() must follow.
 */
int journey_import_output_open(journey_import_output_t *out, const char *path,
    journey_error_t *err);

/* JOURNEY_ERROR: it is no use to go on; close tells why. */
int journey_import_output_put(journey_import_output_t *out,
    const journey_record_t *rec);

/* The same for len bytes of lines that are written already; events of them. */
int journey_import_output_lines(journey_import_output_t *out,
    const u_char *lines, size_t len, uint64_t events);

/* The end: the file gets its name.  JOURNEY_ERROR with a message when it could
 * not be written; then there is none.  Of standard output main() tells. */
int journey_import_output_close(journey_import_output_t *out,
    journey_error_t *err);

/* Nothing is left of the file. */
void journey_import_output_abort(journey_import_output_t *out);


#endif /* JOURNEY_IMPORT_OUTPUT_H */
