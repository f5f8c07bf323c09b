
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey check: is every member of the logs whole, and if not, what is lost,
 * and what can be kept.  journey_check_file counts what the reader finds,
 * journey_check_judge (threads) judges its members and lines,
 * journey_check_print says it, journey_check_salvage finds the lines of torn
 * members, journey_check_repair writes what is whole.
 */


#ifndef JOURNEY_CHECK_H
#define JOURNEY_CHECK_H


#include "journey_messages.h"
#include "journey_options.h"


typedef struct {
    uint64_t            files;          /* named */
    uint64_t            bad_files;      /* not opened, or not read to the
                                           end */
    uint64_t            members;        /* whole */
    uint64_t            lines;          /* of whole members and plain text */
    uint64_t            salvaged;       /* of torn members */
    uint64_t            torn;
    uint64_t            bad_lines;
    uint64_t            lost_bytes;     /* of the files, as they are */
    unsigned            unknown:1;      /* salvaged: a pipe cannot be read
                                           again */
} journey_check_counts_t;


/* What is said of it; nothing while it is silent. */

typedef struct {
    journey_format_e    format;
    const char         *repair;         /* NULL: nothing is written */
    unsigned            silent:1;
    journey_progress_t  progress;
    uint64_t            broken;         /* lines named of this file */
    uint64_t            unnamed;
    uint64_t            entries;        /* of torn, in JSON */
} journey_check_print_t;


void journey_check_print_begin(journey_check_print_t *print,
    const journey_options_t *opts);

/* nlines: lines of it that can be kept; known: it was found out. */
void journey_check_print_torn(journey_check_print_t *print,
    const journey_job_t *job, uint64_t span, uint64_t nlines, unsigned known);
void journey_check_print_bad_lines(journey_check_print_t *print,
    const journey_job_t *job, uint64_t base);
void journey_check_print_error(journey_check_print_t *print, const char *file,
    const char *wrong);

/* The end of a file. */
void journey_check_print_file(journey_check_print_t *print, const char *file);

/* The end: written is the name of a repaired file, NULL without one. */
int journey_check_print_end(journey_check_print_t *print,
    const journey_options_t *opts, const journey_check_counts_t *counts,
    const char *written);


/* The command. */
int journey_check(const journey_options_t *opts);


#endif /* JOURNEY_CHECK_H */
