
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What records a log has, how old they are, and what they rest on.
 */


#include "journey_privacy.h"
#include "journey_gzip.h"
#include "journey_input.h"
#include "journey_messages.h"
#include "journey_record.h"

#include <stdlib.h>
#include <unistd.h>


/* Messages printed of a file; the others are counted. */
#define JOURNEY_AGE_MESSAGES  20


typedef struct {
    journey_inflater_t   *inflater;
    u_char               *buf;          /* for unescaped strings */
    size_t                size;
    journey_age_t         age;
} journey_age_thread_t;

typedef struct {
    uint64_t              limit;
    uint64_t              base;         /* lines before, of this member or
                                           file */
    uint64_t              messages;
    uint64_t              unreadable;
    uint64_t              torn;
    unsigned              failed;       /* the file cannot be read */
    unsigned              no_memory;    /* set by threads, atomically */
    uint64_t              lines;        /* of the file */
    journey_progress_t    progress;
    journey_age_thread_t  threads[JOURNEY_THREADS_MAX];
} journey_age_reader_t;


static void
journey_age_init(journey_age_t *age)
{
    memset(age, 0, sizeof(journey_age_t));
    age->oldest = UINT64_MAX;
}


static void
journey_age_record(journey_age_t *age, const journey_record_t *rec,
    uint64_t limit)
{
    journey_basis_e  basis;

    switch (rec->basis) {

    case 'e':
        basis = JOURNEY_BASIS_EXEMPT;
        break;

    case 'a':
        basis = JOURNEY_BASIS_ANONYMOUS;
        break;

    case 'c':
        basis = JOURNEY_BASIS_CONSENT;
        break;

    default:
        basis = JOURNEY_BASIS_NONE;
    }

    age->records++;
    age->basis[basis]++;
    age->oldest = journey_min(age->oldest, rec->time);
    age->newest = journey_max(age->newest, rec->time);

    if (rec->time < limit) {
        age->old++;
        age->old_exempt += (basis == JOURNEY_BASIS_EXEMPT);
    }
}


static int
journey_age_lines(journey_age_reader_t *reader, journey_age_thread_t *thread,
    journey_job_t *job, const journey_str_t *text)
{
    size_t             len;
    u_char            *buf;
    const u_char      *p, *end, *line;
    journey_error_t    err;
    journey_record_t   rec;

    if (text->len > thread->size) {
        buf = realloc(thread->buf, text->len);
        if (buf == NULL) {
            return JOURNEY_ERROR;
        }

        thread->buf = buf;
        thread->size = text->len;
    }

    end = text->data + text->len;

    for (line = text->data; line < end; line = p + 1) {

        p = memchr(line, '\n', end - line);

        if (p == NULL) {
            p = end;
        }

        len = p - line;
        job->nlines++;

        if (len == 0 || (len == 1 && line[0] == '\r')) {
            continue;
        }

        if (journey_record_read(&rec, line, len, thread->buf, &err)
            != JOURNEY_OK)
        {
            journey_job_complain(job, &err);
            continue;
        }

        journey_age_record(&thread->age, &rec, reader->limit);
    }

    return JOURNEY_OK;
}


static void
journey_age_work(void *ctx, unsigned number, journey_job_t *job)
{
    journey_str_t          text;
    journey_age_reader_t  *reader;
    journey_age_thread_t  *thread;

    reader = ctx;
    thread = &reader->threads[number];

    if (__atomic_load_n(&reader->no_memory, __ATOMIC_RELAXED)) {
        return;
    }

    if (journey_job_text(job, &thread->inflater, &text) != JOURNEY_OK
        || (job->wrong == NULL
            && journey_age_lines(reader, thread, job, &text) != JOURNEY_OK))
    {
        __atomic_store_n(&reader->no_memory, 1, __ATOMIC_RELAXED);
    }
}


static void
journey_age_done(void *ctx, journey_job_t *job)
{
    unsigned               i;
    const char            *file;
    journey_age_reader_t  *reader;

    reader = ctx;
    file = journey_file_name(job->file);

    if (job->error != 0) {
        reader->failed = 1;
        journey_progress_erase(&reader->progress);
        fprintf(stderr, "journey: %s: %s\n", file, strerror(job->error));
        return;
    }

    if (job->wrong != NULL) {
        reader->torn++;

        if (reader->messages++ < JOURNEY_AGE_MESSAGES) {
            journey_progress_erase(&reader->progress);
            fprintf(stderr, "journey: %s: torn member at byte %llu: %s\n",
                    file, (unsigned long long) job->offset, job->wrong);
        }

        return;
    }

    if (job->ended) {
        return;
    }

    if (job->first) {
        reader->base = 0;
    }

    for (i = 0; i < job->ncomplaints; i++) {
        if (reader->messages++ < JOURNEY_AGE_MESSAGES) {
            journey_progress_erase(&reader->progress);
            journey_job_bad_line(job, i, reader->base);
        }
    }

    reader->messages += job->bad_lines - job->ncomplaints;
    reader->unreadable += job->bad_lines;
    reader->base += job->nlines;
    reader->lines += job->nlines;

    journey_progress(&reader->progress, reader->lines, "lines");
}


static int
journey_age_file(journey_age_reader_t *reader, const char *file)
{
    int  rc;

    journey_progress_init(&reader->progress);

    rc = journey_input_work(file, journey_age_work, journey_age_done, reader);

    journey_progress_erase(&reader->progress);

    return reader->no_memory ? JOURNEY_ERROR : rc;
}


int
journey_age_read(const char *file, uint64_t limit, journey_age_t *age)
{
    int                    rc;
    unsigned               i, k;
    journey_age_t         *part;
    journey_age_reader_t  *reader;

    journey_age_init(age);

    reader = calloc(1, sizeof(journey_age_reader_t));
    if (reader == NULL) {
        return JOURNEY_ERROR;
    }

    reader->limit = limit;

    for (i = 0; i < JOURNEY_THREADS_MAX; i++) {
        journey_age_init(&reader->threads[i].age);
    }

    rc = journey_age_file(reader, file);

    if (reader->messages > JOURNEY_AGE_MESSAGES) {
        fprintf(stderr, "journey: %s: and %llu more\n",
                journey_file_name(file), (unsigned long long)
                reader->messages - JOURNEY_AGE_MESSAGES);
    }

    for (i = 0; i < JOURNEY_THREADS_MAX; i++) {
        part = &reader->threads[i].age;

        age->records += part->records;
        age->oldest = journey_min(age->oldest, part->oldest);
        age->newest = journey_max(age->newest, part->newest);
        age->old += part->old;
        age->old_exempt += part->old_exempt;

        for (k = 0; k < JOURNEY_BASIS_LAST; k++) {
            age->basis[k] += part->basis[k];
        }

        journey_inflater_destroy(reader->threads[i].inflater);
        free(reader->threads[i].buf);
    }

    age->unreadable = reader->unreadable;
    age->torn = reader->torn;

    if (rc == JOURNEY_OK
        && (reader->failed || reader->torn != 0 || reader->unreadable != 0))
    {
        rc = JOURNEY_DECLINED;
    }

    free(reader);

    return rc;
}
