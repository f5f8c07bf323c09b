
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_check.h"
#include "journey_check_repair.h"
#include "journey_gzip.h"
#include "journey_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>


typedef struct {
    journey_inflater_t      *inflater;
    journey_check_lines_t    lines;
    journey_job_t           *job;
} journey_check_thread_t;

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


static void
journey_check_no_memory(journey_checker_t *checker)
{
    __atomic_store_n(&checker->no_memory, 1, __ATOMIC_RELAXED);
}


static int
journey_check_judged(void *ctx, const u_char *line, size_t len,
    const journey_error_t *err)
{
    journey_job_t           *job;
    journey_check_thread_t  *thread;

    (void) line;
    (void) len;

    thread = ctx;
    job = thread->job;

    if (err == NULL) {
        job->nevents++;

    } else {
        job->nlines = thread->lines.nlines;
        journey_job_complain(job, err);
    }

    return JOURNEY_OK;
}


static int
journey_check_piece(void *ctx, const u_char *data, size_t len)
{
    journey_check_thread_t  *thread;

    thread = ctx;

    return journey_check_lines_add(&thread->lines, data, len);
}


static int
journey_check_member(journey_check_thread_t *thread, journey_job_t *job)
{
    if (thread->inflater == NULL) {
        thread->inflater = journey_inflater_create();

        if (thread->inflater == NULL) {
            return JOURNEY_ERROR;
        }
    }

    thread->lines.handler = journey_check_judged;
    thread->lines.ctx = thread;
    thread->job = job;

    journey_check_lines_reset(&thread->lines);

    job->wrong = journey_inflate_pieces(thread->inflater, job->data, job->len,
                                        journey_check_piece, thread);
    if (job->wrong != NULL) {
        return JOURNEY_OK;
    }

    job->open = journey_check_lines_open(&thread->lines);

    if (journey_check_lines_end(&thread->lines) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    job->nlines = thread->lines.nlines;

    return JOURNEY_OK;
}


/* Text; job->data becomes its lines that are neither broken nor empty. */

static int
journey_check_text(journey_check_thread_t *thread, journey_job_t *job)
{
    int               rc;
    size_t            n;
    u_char           *line, *p, *end, *last;
    journey_error_t   err;

    last = job->data;
    end = job->data + job->len;

    for (line = job->data; line < end; line += n) {

        p = memchr(line, '\n', end - line);

        n = (p == NULL) ? (size_t) (end - line) : (size_t) (p + 1 - line);

        job->nlines++;

        rc = journey_check_line(&thread->lines, line, n - (p != NULL), &err);

        if (rc == JOURNEY_ERROR) {
            if (err.text[0] == '\0') {
                return JOURNEY_ERROR;
            }

            journey_job_complain(job, &err);
            continue;
        }

        job->kept += n;

        if (rc == JOURNEY_DECLINED) {
            continue;
        }

        job->nevents++;

        if (last != line) {
            memmove(last, line, n);
        }

        last += n;
    }

    job->len = last - job->data;

    return JOURNEY_OK;
}


static void
journey_check_work(void *ctx, unsigned number, journey_job_t *job)
{
    int                      rc;
    journey_checker_t       *checker;
    journey_check_thread_t  *thread;

    checker = ctx;
    thread = &checker->threads[number];

    if (__atomic_load_n(&checker->no_memory, __ATOMIC_RELAXED)) {
        return;
    }

    rc = job->member ? journey_check_member(thread, job)
                     : journey_check_text(thread, job);

    if (rc != JOURNEY_OK) {
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


/* One pass over an open file. */

static int
journey_check_read(journey_checker_t *checker, const char *name)
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

        rc = journey_check_read(checker, opts->args[i]);

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

    rc = journey_check_read(checker, opts->args[0]);

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

    rc = journey_check_read(checker, opts->args[0]);

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
        journey_inflater_destroy(checker->threads[i].inflater);
        journey_check_lines_free(&checker->threads[i].lines);
    }
}


int
journey_check(const journey_options_t *opts)
{
    int                      rc;
    long                     ncpu;
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

    ncpu = sysconf(_SC_NPROCESSORS_ONLN);
    checker.nthreads = ncpu < 1 ? 1
                       : (unsigned) journey_min(ncpu, JOURNEY_THREADS_MAX);

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
