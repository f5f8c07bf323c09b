
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_messages.h"
#include "journey_signals.h"
#include "journey_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>


#define JOURNEY_PROGRESS_PAUSE  250     /* ms between two signs of life */
#define JOURNEY_PROGRESS_WIDTH  80      /* of a terminal that does not say */
#define JOURNEY_PROGRESS_BAR    30
#define JOURNEY_PROGRESS_LEAST  5
#define JOURNEY_PROGRESS_TEXT   512


/* When the last sign of life was given, ms; the first begin before that. */

static uint64_t  journey_progress_shown;


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
    const char  *term;

    term = getenv("TERM");

    memset(progress, 0, sizeof(journey_progress_t));

    progress->terminal = (isatty(STDERR_FILENO)
                          && term != NULL && strcmp(term, "dumb") != 0);

    if (journey_progress_shown == 0) {
        journey_progress_shown = journey_progress_clock();
    }

    if (progress->terminal) {
        journey_signals_catch();
    }
}


void
journey_progress_output(journey_progress_t *progress)
{
    if (isatty(STDOUT_FILENO)) {
        progress->terminal = 0;
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

    if (now - journey_progress_shown < JOURNEY_PROGRESS_PAUSE) {
        return 0;
    }

    journey_progress_shown = now;

    return 1;
}


/* The columns of the terminal, but the last: a line that fills it might go on
 * in the next one, which nobody would erase. */

static unsigned
journey_progress_width(void)
{
    struct winsize  size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col == 0) {
        return JOURNEY_PROGRESS_WIDTH - 1;
    }

    return size.ws_col - 1;
}


static void
journey_progress_line(journey_progress_t *progress, const char *text,
    unsigned width)
{
    journey_str_t  line;

    line.data = (u_char *) text;
    line.len = strlen(text);

    progress->there = 1;
    journey_signals_line = 1;

    fputc('\r', stderr);
    (void) journey_text_print(stderr, &line, width);
    fputs("\033[K", stderr);
    (void) fflush(stderr);
}


void
journey_progress(journey_progress_t *progress, uint64_t n, const char *what)
{
    journey_progress_bar(progress, 0, 0, n, what);
}


void
journey_progress_bar(journey_progress_t *progress, uint64_t done,
    uint64_t total, uint64_t n, const char *what)
{
    char      text[JOURNEY_PROGRESS_TEXT], count[32];
    size_t    len;
    double    share;
    unsigned  width, bar, full;

    if (!journey_progress_due(progress)) {
        return;
    }

    width = journey_progress_width();
    journey_text_count(count, n);

    len = (size_t) snprintf(text, sizeof(text), "%s: ",
                            progress->doing ? progress->doing : "reading");

    if (total != 0) {

        /* a log that is in use may have grown since */

        share = (double) journey_min(done, total) / (double) total;

        full = (unsigned) (len + strlen("[] 100 %, ") + strlen(count)
                           + 1 + strlen(what));
        bar = (width > full) ? journey_min(width - full, JOURNEY_PROGRESS_BAR)
                             : 0;

        if (bar >= JOURNEY_PROGRESS_LEAST) {
            full = (unsigned) (share * bar);
            text[len++] = '[';
            memset(text + len, '#', full);
            memset(text + len + full, ' ', bar - full);
            len += bar;
            text[len++] = ']';
            text[len++] = ' ';
        }

        len += (size_t) snprintf(text + len, sizeof(text) - len, "%3d %%, ",
                                 (int) (share * 100));
    }

    snprintf(text + len, sizeof(text) - len, "%s %s", count, what);

    journey_progress_line(progress, text, width);
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
