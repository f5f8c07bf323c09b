
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_check_judge.h"
#include "journey_messages.h"


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


int
journey_check_judge(journey_check_thread_t *thread, journey_job_t *job)
{
    return job->member ? journey_check_member(thread, job)
                       : journey_check_text(thread, job);
}


void
journey_check_thread_free(journey_check_thread_t *thread)
{
    journey_inflater_destroy(thread->inflater);
    journey_check_lines_free(&thread->lines);
}
