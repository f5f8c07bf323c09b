
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What records a log has, how old they are, and what they rest on.
 */


#include "journey_privacy.h"
#include "journey_input.h"
#include "journey_messages.h"
#include "journey_records.h"

#include <stdlib.h>
#include <unistd.h>


/* Messages printed of a file; the others are counted. */
#define JOURNEY_AGE_MESSAGES  20


typedef struct {
    journey_records_t     records;
    journey_age_t         age;
    uint64_t              limit;        /* ms: what is older is old */
} journey_age_thread_t;

typedef struct {
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


static int
journey_age_record(void *ctx, journey_record_t *rec)
{
    journey_age_t         *age;
    journey_basis_e        basis;
    journey_age_thread_t  *thread;

    thread = ctx;
    age = &thread->age;

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

    if (rec->time < thread->limit) {
        age->old++;
        age->old_exempt += (basis == JOURNEY_BASIS_EXEMPT);
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

    if (journey_job_text(job, &thread->records.inflater, &text) != JOURNEY_OK
        || (job->wrong == NULL
            && journey_records_read(&thread->records, job, &text,
                                    journey_age_record, thread)
               != JOURNEY_OK))
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

    for (i = 0; i < JOURNEY_THREADS_MAX; i++) {
        journey_age_init(&reader->threads[i].age);
        reader->threads[i].limit = limit;
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

        journey_records_free(&reader->threads[i].records);
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
