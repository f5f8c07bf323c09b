
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Reading journey logs: plain or gzip by content, whole files or a file that
 * nginx appends to, standard input.  Finds members and lines, and hands them
 * over as jobs; so it does what it could not read, in the same order.
 *
 * Messages among the jobs: error (the file cannot be read), wrong (what is
 * torn), and ended (of the lines that came as text: all of them came).
 */


#ifndef JOURNEY_INPUT_H
#define JOURNEY_INPUT_H


#include "journey_jobs.h"


/* Reads one file, "-" for standard input, up to its end.  JOURNEY_ERROR when
 * memory is exhausted. */
int journey_input_read(journey_jobs_t *jobs, const char *name);

/* The same with a file that is open, from where it stands; it stays open. */
int journey_input_read_fd(journey_jobs_t *jobs, const char *name, int fd);

/* As journey_input_read(), by jobs of its own, as many at once as there are
 * processors. */
int journey_input_work(const char *name, journey_job_pt work,
    journey_job_done_pt done, void *ctx);


#endif /* JOURNEY_INPUT_H */
