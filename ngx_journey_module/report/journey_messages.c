
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_messages.h"
#include "journey_signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


#define JOURNEY_PROGRESS_PAUSE  250     /* ms between two signs of life */


const char *
journey_file_name(const char *file)
{
    return strcmp(file, "-") == 0 ? "stdin" : file;
}


void
journey_job_complain(journey_job_t *job, const journey_error_t *err)
{
    journey_complaint_t  *complaint;

    job->bad_lines++;

    if (job->ncomplaints == JOURNEY_JOB_COMPLAINTS) {
        return;
    }

    if (job->complaints == NULL) {
        job->complaints = malloc(JOURNEY_JOB_COMPLAINTS
                                 * sizeof(journey_complaint_t));
        if (job->complaints == NULL) {
            return;
        }
    }

    complaint = &job->complaints[job->ncomplaints++];
    complaint->line = job->nlines;
    snprintf(complaint->text, sizeof(complaint->text), "%.79s", err->text);
}


void
journey_job_bad_line(const journey_job_t *job, unsigned i, uint64_t base)
{
    const char                 *file;
    unsigned long long          line;
    const journey_complaint_t  *complaint;

    file = journey_file_name(job->file);
    complaint = &job->complaints[i];
    line = base + complaint->line;

    if (job->gzip) {
        fprintf(stderr, "journey: %s: member at byte %llu, line %llu: %s\n",
                file, (unsigned long long) job->offset, line,
                complaint->text);

    } else if (job->offset != 0) {
        fprintf(stderr, "journey: %s: behind byte %llu, line %llu: %s\n",
                file, (unsigned long long) job->offset, line,
                complaint->text);

    } else {
        fprintf(stderr, "journey: %s:%llu: %s\n", file, line,
                complaint->text);
    }
}


static uint64_t
journey_progress_clock(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}


void
journey_progress_init(journey_progress_t *progress)
{
    progress->terminal = isatty(STDERR_FILENO) ? 1 : 0;
    progress->there = 0;
    progress->shown = journey_progress_clock();

    if (progress->terminal) {
        journey_signals_catch();
    }
}


/* 1 when it is time for a sign of life. */

static int
journey_progress_due(journey_progress_t *progress)
{
    uint64_t  now;

    if (!progress->terminal) {
        return 0;
    }

    now = journey_progress_clock();

    if (now - progress->shown < JOURNEY_PROGRESS_PAUSE) {
        return 0;
    }

    progress->shown = now;
    progress->there = 1;
    journey_signals_line = 1;

    return 1;
}


void
journey_progress(journey_progress_t *progress, uint64_t n, const char *what)
{
    if (journey_progress_due(progress)) {
        fprintf(stderr, "\rreading: %llu %s", (unsigned long long) n, what);
    }
}


void
journey_progress_bar(journey_progress_t *progress, uint64_t done,
    uint64_t total, uint64_t n, const char *what)
{
    int     width;
    double  share;

    static const char  bar[] = "##############################";

    if (!journey_progress_due(progress)) {
        return;
    }

    if (total == 0) {
        fprintf(stderr, "\rreading: %llu %s", (unsigned long long) n, what);
        return;
    }

    /* a log that is in use may have grown since */

    share = (double) journey_min(done, total) / (double) total;
    width = (int) (share * (sizeof(bar) - 1));

    fprintf(stderr, "\rreading: [%.*s%*s] %3d %%, %llu %s", width, bar,
            (int) sizeof(bar) - 1 - width, "", (int) (share * 100),
            (unsigned long long) n, what);
}


void
journey_progress_erase(journey_progress_t *progress)
{
    if (progress->there) {
        fprintf(stderr, "\r\033[K");
        progress->there = 0;
        journey_signals_line = 0;
    }
}
