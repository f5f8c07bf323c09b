
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_check_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>


/* -1 with a message. */

static int
journey_check_open(journey_checker_t *checker, const char *name)
{
    int  fd;

    checker->counts.files++;

    fd = (strcmp(name, "-") == 0)
         ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd == -1) {
        checker->counts.bad_files++;
        journey_check_print_error(&checker->print, name, strerror(errno));
    }

    checker->fd = fd;

    return fd;
}


static int
journey_check_files(journey_checker_t *checker, const journey_options_t *opts)
{
    int       rc;
    unsigned  i;

    rc = JOURNEY_OK;

    for (i = 0; i < opts->nargs && rc == JOURNEY_OK; i++) {

        if (journey_check_open(checker, opts->args[i]) == -1) {
            continue;
        }

        rc = journey_check_file(checker, opts->args[i]);

        if (checker->fd != STDIN_FILENO) {
            (void) close(checker->fd);
        }
    }

    return rc;
}


/* Reads the source, and writes the copy meanwhile.  Once more when it turns
 * out that plain lines come before members. */

static int
journey_check_copy(journey_checker_t *checker, const journey_options_t *opts,
    journey_repair_t *repair, journey_error_t *err)
{
    int                     rc;
    journey_check_counts_t  counts;

    checker->repair = repair;

    rc = journey_check_file(checker, opts->args[0]);

    if (rc != JOURNEY_OK || !journey_repair_is_mixed(repair)
        || checker->counts.bad_files != 0)
    {
        return rc == JOURNEY_OK ? JOURNEY_OK
                                : journey_error(err, "not enough memory");
    }

    journey_repair_abort(repair);
    checker->repair = NULL;

    if (lseek(checker->fd, 0, SEEK_SET) == -1) {
        return journey_error(err, "%s: %s", opts->args[0], strerror(errno));
    }

    if (journey_repair_open(repair, opts->repair, checker->fd, err)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    repair->packed = 1;
    checker->repair = repair;
    checker->print.silent = 1;
    counts = checker->counts;

    rc = journey_check_file(checker, opts->args[0]);

    checker->counts = counts;

    return rc == JOURNEY_OK ? JOURNEY_OK
                            : journey_error(err, "not enough memory");
}


/* An exit code, or -1: *written says whether there is a file. */

static int
journey_check_repair(journey_checker_t *checker, const journey_options_t *opts,
    unsigned *written)
{
    int               rc;
    journey_error_t   err;
    journey_repair_t  repair;

    if (journey_check_open(checker, opts->args[0]) == -1) {
        return -1;
    }

    rc = journey_repair_open(&repair, opts->repair, checker->fd, &err);

    if (rc == JOURNEY_OK) {
        rc = journey_check_copy(checker, opts, &repair, &err);

        if (checker->repair != NULL && rc == JOURNEY_OK
            && checker->counts.bad_files == 0)
        {
            rc = journey_repair_commit(&repair, &err);
            *written = (rc == JOURNEY_OK);

        } else if (checker->repair != NULL) {
            journey_repair_abort(&repair);
        }
    }

    checker->repair = NULL;

    (void) close(checker->fd);

    if (rc != JOURNEY_OK) {
        journey_progress_erase(&checker->print.progress);
        fprintf(stderr, "journey: --repair: %s\n", err.text);
    }

    return rc == JOURNEY_OK ? -1
           : rc == JOURNEY_DECLINED ? JOURNEY_EXIT_USAGE : JOURNEY_EXIT_DATA;
}


static void
journey_check_free(journey_checker_t *checker)
{
    unsigned  i;

    for (i = 0; i < JOURNEY_THREADS_MAX; i++) {
        journey_check_thread_free(&checker->threads[i]);
    }
}


int
journey_check(const journey_options_t *opts)
{
    int                      rc;
    unsigned                 written;
    journey_checker_t        checker;
    journey_check_counts_t  *counts;

    if (opts->repair != NULL
        && (opts->nargs != 1 || strcmp(opts->args[0], "-") == 0))
    {
        fprintf(stderr, "journey: --repair takes one file, which is not "
                "standard input\n");
        return JOURNEY_EXIT_USAGE;
    }

    memset(&checker, 0, sizeof(journey_checker_t));

    checker.nthreads = journey_jobs_threads();

    counts = &checker.counts;
    written = 0;
    rc = -1;

    journey_check_print_begin(&checker.print, opts);

    if (opts->repair != NULL) {
        rc = journey_check_repair(&checker, opts, &written);

    } else if (journey_check_files(&checker, opts) != JOURNEY_OK) {
        fprintf(stderr, "journey: not enough memory\n");
        rc = JOURNEY_EXIT_DATA;
    }

    journey_check_free(&checker);

    if (rc == JOURNEY_EXIT_USAGE) {
        return rc;
    }

    if (journey_check_print_end(&checker.print, opts, counts,
                                written ? opts->repair : NULL)
        != JOURNEY_OK)
    {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    return (rc != -1 || counts->torn || counts->bad_lines
            || counts->bad_files)
           ? JOURNEY_EXIT_DATA : JOURNEY_EXIT_OK;
}
