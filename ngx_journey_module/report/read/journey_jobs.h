
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Work in pieces: a piece is a gzip member or some lines of text, threads
 * work on several at a time, and they come back in the order of the input.
 */


#ifndef JOURNEY_JOBS_H
#define JOURNEY_JOBS_H


#include "journey_core.h"

#include "journey_gzip.h"


#define JOURNEY_JOB_COMPLAINTS  20      /* kept of one job; all are counted */
#define JOURNEY_THREADS_MAX     16


typedef struct {
    uint64_t             line;          /* within the job, from 1 */
    char                 text[80];
} journey_complaint_t;


typedef struct journey_job_s  journey_job_t;

struct journey_job_s {
    journey_job_t       *next;          /* in the order of the input */
    journey_job_t       *queued;        /* to be worked on */
    size_t               size;          /* of data, as it was handed in */
    uint64_t             number;        /* in the order of the input */

    const char          *file;
    uint64_t             offset;        /* of the member, or of the plain
                                           text, in the file */
    u_char              *data;          /* freed with the job */
    size_t               len;
    unsigned             member:1;      /* data is a whole gzip member */
    unsigned             gzip:1;        /* offset is that of a member */
    unsigned             first:1;       /* lines count from 1 here */
    unsigned             stream:1;      /* a message: the lines of its member
                                           came before it, as text */
    unsigned             ended:1;       /* a message: what lines came of is
                                           whole, a member or plain text */
    unsigned             open:1;        /* it ends in the midst of a line */
    uint64_t             span;          /* of a message: bytes of the file,
                                           up to where reading went on */

    /* what became of it */

    unsigned             done:1;        /* set before: a mere message, which
                                           no thread works on */
    int                  error;         /* the file cannot be read: errno */
    const char          *wrong;         /* the member is damaged: why */
    uint64_t             nlines;
    uint64_t             bad_lines;
    uint64_t             kept;          /* bytes of text that are no broken
                                           line */
    unsigned             ncomplaints;
    journey_complaint_t *complaints;    /* freed with the job */
    unsigned             thread;
    uint64_t             first_event;   /* in the thread's part of the store */
    uint64_t             nevents;
};


typedef struct journey_jobs_s  journey_jobs_t;

/* Runs in a thread, numbered from 0; must set all of what became of it. */
typedef void (*journey_job_pt)(void *ctx, unsigned thread, journey_job_t *job);

/* Runs in the caller's thread, in the order of the input; the job is freed
 * behind it. */
typedef void (*journey_job_done_pt)(void *ctx, journey_job_t *job);


/* As many threads as there are processors, at most JOURNEY_THREADS_MAX. */
unsigned journey_jobs_threads(void);

/* nthreads of them, at least one; fewer are fine.  NULL when memory is
 * exhausted or no thread can be started. */
journey_jobs_t *journey_jobs_create(unsigned nthreads, journey_job_pt work,
    journey_job_done_pt done, void *ctx);

/* A job of the input's next len bytes: takes data over, which must come from
 * malloc().  May call done() for earlier jobs, and waits for one when too
 * many are open, or too many bytes.  JOURNEY_ERROR when memory is exhausted. */
int journey_jobs_add(journey_jobs_t *jobs, const journey_job_t *job);

/*
 * A thread's way from a job to its lines: *text is the job's data, or what its
 * member holds, valid until the next call with this inflater, which is made
 * when it is needed (NULL at first).  A damaged member is job->wrong.
 * JOURNEY_ERROR when memory is exhausted.
 */
int journey_job_text(journey_job_t *job, journey_inflater_t **inflater,
    journey_str_t *text);

/* Waits for all jobs, ends the threads, frees all. */
void journey_jobs_finish(journey_jobs_t *jobs);


#endif /* JOURNEY_JOBS_H */
