
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_check_file.h"
#include "journey_input.h"

#include <unistd.h>


static void
journey_check_no_memory(journey_checker_t *checker)
{
    __atomic_store_n(&checker->no_memory, 1, __ATOMIC_RELAXED);
}


static void
journey_check_work(void *ctx, unsigned number, journey_job_t *job)
{
    journey_checker_t  *checker;

    checker = ctx;

    if (!__atomic_load_n(&checker->no_memory, __ATOMIC_RELAXED)
        && journey_check_judge(&checker->threads[number], job) != JOURNEY_OK)
    {
        journey_check_no_memory(checker);
    }
}


/*
 * Looks at a member of len bytes once more: what lines of it can be trusted,
 * and to the copy with them.  joined: it may go on with a line of the member
 * before; open: the next one may go on with its last line.
 */

static int
journey_check_again(journey_checker_t *checker, const journey_job_t *job,
    uint64_t len, unsigned joined, unsigned open, uint64_t *nlines)
{
    int                rc;
    journey_salvage_t  salvage;

    memset(&salvage, 0, sizeof(journey_salvage_t));

    salvage.fd = checker->fd;
    salvage.offset = checker->start + job->offset;
    salvage.len = len;

    if (checker->repair != NULL) {
        if (!joined) {
            journey_repair_end(checker->repair);
        }

        journey_repair_before(checker->repair, &salvage.before);
    }

    rc = journey_salvage_judge(&salvage);

    if (rc == JOURNEY_OK) {
        *nlines = salvage.nlines;

        if (checker->repair != NULL) {
            journey_repair_lines(checker->repair, &salvage, open);
        }

    } else if (salvage.error == 0) {
        journey_check_no_memory(checker);

    } else if (checker->repair != NULL) {
        checker->repair->error = salvage.error;
    }

    journey_salvage_free(&salvage);

    return rc;
}


static void
journey_check_torn(journey_checker_t *checker, const journey_job_t *job)
{
    uint64_t  span, read, nlines;
    unsigned  known;

    span = job->member ? job->len : job->span;

    /* what was read of it does not count as lines of a whole member */

    read = (job->stream && checker->offset == job->offset) ? checker->nlines
                                                           : 0;
    nlines = read;
    known = job->stream;

    if (checker->seekable) {
        known = (journey_check_again(checker, job, span, job->stream, 0,
                                     &nlines)
                 == JOURNEY_OK);
    }

    checker->counts.torn++;
    checker->counts.lost_bytes += span;
    checker->counts.lines -= read;
    checker->counts.salvaged += nlines;
    checker->counts.unknown |= !known;

    checker->offset = UINT64_MAX;

    journey_check_print_torn(&checker->print, job, span, nlines, known);
}


/* The lines that came before are those of a whole member, or plain. */

static void
journey_check_ended(journey_checker_t *checker, const journey_job_t *job)
{
    uint64_t           nlines;
    unsigned           broken;
    journey_str_t      before;
    journey_repair_t  *repair;

    if (!job->stream) {
        checker->counts.lost_bytes += job->span - checker->kept;
        checker->kept = 0;
        return;
    }

    checker->counts.members++;

    broken = (checker->offset == job->offset && checker->nbad != 0);
    checker->offset = UINT64_MAX;

    repair = checker->repair;

    if (repair == NULL) {
        return;
    }

    journey_repair_before(repair, &before);

    if (broken || job->open || before.len != 0) {
        (void) journey_check_again(checker, job, job->span, 1, job->open,
                                   &nlines);

    } else {
        journey_repair_copy(repair, checker->start + job->offset, job->span);
    }
}


static void
journey_check_lines(journey_checker_t *checker, const journey_job_t *job)
{
    uint64_t           nlines;
    journey_repair_t  *repair;

    if (job->first) {
        checker->base = 0;
        checker->offset = UINT64_MAX;

        if (!job->member && job->gzip) {
            checker->offset = job->offset;
            checker->nlines = 0;
            checker->nbad = 0;
        }
    }

    if (job->bad_lines != 0) {
        journey_check_print_bad_lines(&checker->print, job, checker->base);
    }

    checker->base += job->nlines;
    checker->counts.lines += job->nevents;
    checker->counts.bad_lines += job->bad_lines;

    repair = checker->repair;

    if (!job->member && job->gzip) {
        checker->nlines += job->nevents;
        checker->nbad += job->bad_lines;

    } else if (!job->member) {
        checker->kept += job->kept;

        if (repair != NULL) {
            journey_repair_end(repair);
            journey_repair_plain(repair, job->data, job->len);
        }

    } else {
        checker->counts.members++;

        if (repair != NULL) {
            journey_repair_end(repair);

            if (job->bad_lines == 0 && !job->open) {
                journey_repair_member(repair, job->data, job->len);

            } else {
                (void) journey_check_again(checker, job, job->len, 0, 1,
                                           &nlines);
                journey_repair_end(repair);
            }
        }
    }
}


static void
journey_check_done(void *ctx, journey_job_t *job)
{
    journey_checker_t  *checker;

    checker = ctx;

    if (__atomic_load_n(&checker->no_memory, __ATOMIC_RELAXED)) {
        return;
    }

    if (job->error != 0) {
        checker->counts.bad_files++;
        journey_check_print_error(&checker->print, job->file,
                                  strerror(job->error));

    } else if (job->wrong != NULL) {
        journey_check_torn(checker, job);

    } else if (job->ended) {
        journey_check_ended(checker, job);

    } else {
        journey_check_lines(checker, job);
    }

    if (!checker->print.silent) {
        journey_progress(&checker->print.progress, checker->counts.lines,
                         "lines");
    }
}


int
journey_check_file(journey_checker_t *checker, const char *name)
{
    int              rc;
    off_t            start;
    struct stat      st;
    journey_jobs_t  *jobs;

    checker->start = 0;
    checker->seekable = 0;
    checker->kept = 0;
    checker->offset = UINT64_MAX;

    if (fstat(checker->fd, &st) == 0 && S_ISREG(st.st_mode)) {
        start = lseek(checker->fd, 0, SEEK_CUR);

        if (start != -1) {
            checker->start = start;
            checker->seekable = 1;
        }
    }

    jobs = journey_jobs_create(checker->nthreads, journey_check_work,
                               journey_check_done, checker);
    if (jobs == NULL) {
        return JOURNEY_ERROR;
    }

    rc = journey_input_read_fd(jobs, name, checker->fd);

    journey_jobs_finish(jobs);

    if (checker->repair != NULL) {
        journey_repair_end(checker->repair);
    }

    journey_check_print_file(&checker->print, name);

    return checker->no_memory ? JOURNEY_ERROR : rc;
}
