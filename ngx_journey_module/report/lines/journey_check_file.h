
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * One file of journey check: what the reader finds is counted, said, and, for
 * a repair, copied.
 */


#ifndef JOURNEY_CHECK_FILE_H
#define JOURNEY_CHECK_FILE_H


#include "journey_check.h"
#include "journey_check_judge.h"
#include "journey_check_repair.h"


typedef struct {
    journey_check_counts_t   counts;
    journey_check_print_t    print;
    journey_repair_t        *repair;    /* NULL: nothing is written */

    /* of the file that is read */

    int                      fd;
    uint64_t                 start;     /* where it was taken up */
    unsigned                 seekable:1;
    uint64_t                 base;      /* lines before, of this member or
                                           plain text */
    uint64_t                 kept;      /* bytes of plain lines */

    /* of the member without length whose lines come as text */

    uint64_t                 offset;
    uint64_t                 nlines;
    uint64_t                 nbad;

    unsigned                 nthreads;
    unsigned                 no_memory; /* set by threads, atomically */
    journey_check_thread_t   threads[JOURNEY_THREADS_MAX];
} journey_checker_t;


/* Reads the open file checker->fd to its end.  JOURNEY_ERROR when memory is
 * exhausted; what cannot be read is said and counted. */
int journey_check_file(journey_checker_t *checker, const char *name);


#endif /* JOURNEY_CHECK_FILE_H */
