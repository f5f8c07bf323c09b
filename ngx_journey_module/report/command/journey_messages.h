
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What commands that read logs say on standard error: what is broken, with
 * its place, and on a terminal how far they are.
 */


#ifndef JOURNEY_MESSAGES_H
#define JOURNEY_MESSAGES_H


#include "journey_jobs.h"


typedef struct {
    const char  *doing;                 /* "reading" when NULL */
    unsigned     terminal:1;
    unsigned     there:1;               /* there is one to be erased */
} journey_progress_t;


/* "-" as people say it. */
const char *journey_file_name(const char *file);

/* Counts a broken line, the one that job->nlines counted last, and keeps its
 * message if there is room. */
void journey_job_complain(journey_job_t *job, const journey_error_t *err);

/* Prints the i-th message of the job; base is the number of lines of its
 * member or file before it. */
void journey_job_bad_line(const journey_job_t *job, unsigned i, uint64_t base);


/*
 * Of a process, one after another.  Nothing is shown where standard error is
 * no terminal or a dumb one, nor before a quarter of a second has passed since
 * the first was begun.
 */
void journey_progress_init(journey_progress_t *progress);

/* Lines go to standard output while others are read: nothing may be shown in
 * their midst. */
void journey_progress_output(journey_progress_t *progress);

/* "reading: 12,345 events", four times a second, in one line. */
void journey_progress(journey_progress_t *progress, uint64_t n,
    const char *what);

/*
 * The same with a bar: done of total.  total 0: it is not known, and n alone
 * is shown.
 */
void journey_progress_bar(journey_progress_t *progress, uint64_t done,
    uint64_t total, uint64_t n, const char *what);

/* Before anything else is printed. */
void journey_progress_erase(journey_progress_t *progress);


#endif /* JOURNEY_MESSAGES_H */
