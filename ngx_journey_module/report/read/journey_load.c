
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_load.h"
#include "journey_input.h"
#include "journey_messages.h"
#include "journey_records.h"
#include "journey_spill.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


/* Messages printed; the others are counted. */
#define JOURNEY_LOAD_MESSAGES  20


typedef struct journey_loader_s  journey_loader_t;

typedef struct {
    journey_loader_t         *loader;
    journey_part_t           *part;     /* of the store */
    journey_records_t         records;
} journey_loader_thread_t;

struct journey_loader_s {
    journey_store_t          *store;
    const journey_options_t  *opts;
    journey_damage_t         *damage;

    uint64_t                  base;     /* lines before, of this member or
                                           file */
    uint64_t                  messages;
    uint64_t                  nevents;
    journey_progress_t        progress;

    unsigned                  failed;   /* set by threads, atomically */
    journey_loader_thread_t   threads[JOURNEY_THREADS_MAX];
};


/* Does a view say what was seen? */

static int
journey_load_names(const journey_record_t *rec)
{
    return rec->source.len != 0 || rec->medium.len != 0
           || rec->campaign.len != 0;
}


static int
journey_load_wanted(const journey_options_t *opts, const journey_record_t *rec)
{
    unsigned       i;
    journey_str_t  host;

    if (rec->time < opts->since || rec->time >= opts->until) {
        return 0;
    }

    for (i = 0; i < opts->nhosts; i++) {
        host.data = (u_char *) opts->hosts[i];
        host.len = strlen(opts->hosts[i]);

        if (journey_str_equal_ci(&host, &rec->host)) {
            return 1;
        }
    }

    return opts->nhosts == 0;
}


static int
journey_load_record(void *ctx, journey_record_t *rec)
{
    journey_loader_t         *loader;
    journey_loader_thread_t  *thread;

    thread = ctx;
    loader = thread->loader;

    if (rec->kind == JOURNEY_EVENT_PIXEL
        && (!loader->opts->views || !journey_load_names(rec)))
    {
        /* a view is no visit: it is nobody's unless it is let in, and is
         * a touch then */

        journey_str_null(&rec->visitor);
        journey_str_null(&rec->user);
    }

    if (!journey_load_wanted(loader->opts, rec)) {
        return JOURNEY_OK;
    }

    if (rec->basis == 'e' && loader->opts->no_exempt) {
        (void) __atomic_fetch_add(&loader->damage->exempt, 1,
                                  __ATOMIC_RELAXED);
        return JOURNEY_OK;
    }

    return journey_part_add(thread->part, rec);
}


static int
journey_load_lines(journey_loader_thread_t *thread, unsigned number,
    journey_job_t *job, const journey_str_t *text)
{
    journey_store_t  *store;

    store = thread->loader->store;

    job->thread = number;
    job->first_event = thread->part->nevents;

    if (journey_spill_job(store, number, job->number) != JOURNEY_OK
        || journey_records_read(&thread->records, job, text,
                                journey_load_record, thread) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    job->nevents = thread->part->nevents - job->first_event;

    return journey_spill_check(store, number);
}


static void
journey_load_work(void *ctx, unsigned number, journey_job_t *job)
{
    journey_str_t             text;
    journey_loader_t         *loader;
    journey_loader_thread_t  *thread;

    loader = ctx;
    thread = &loader->threads[number];

    if (__atomic_load_n(&loader->failed, __ATOMIC_RELAXED)) {
        return;
    }

    if (journey_job_text(job, &thread->records.inflater, &text) != JOURNEY_OK
        || (job->wrong == NULL
            && journey_load_lines(thread, number, job, &text) != JOURNEY_OK))
    {
        __atomic_store_n(&loader->failed, 1, __ATOMIC_RELAXED);
    }
}


/* 1 when one more message may be printed. */

static int
journey_load_message(journey_loader_t *loader)
{
    if (loader->opts->quiet || loader->messages++ >= JOURNEY_LOAD_MESSAGES) {
        return 0;
    }

    journey_progress_erase(&loader->progress);

    return 1;
}


static void
journey_load_bad_lines(journey_loader_t *loader, const journey_job_t *job)
{
    unsigned  i;

    loader->damage->bad_lines += job->bad_lines;

    for (i = 0; i < job->ncomplaints; i++) {
        if (journey_load_message(loader)) {
            journey_job_bad_line(job, i, loader->base);
        }
    }

    loader->messages += job->bad_lines - job->ncomplaints;
}


static void
journey_load_done(void *ctx, journey_job_t *job)
{
    const char        *file;
    journey_loader_t  *loader;

    loader = ctx;
    file = journey_file_name(job->file);

    if (job->error != 0) {
        loader->damage->bad_files++;

        if (journey_load_message(loader)) {
            fprintf(stderr, "journey: %s: %s\n", file, strerror(job->error));
        }

        return;
    }

    if (job->wrong != NULL) {
        loader->damage->bad_members++;

        if (journey_load_message(loader)) {
            fprintf(stderr, "journey: %s: torn member at byte %llu: %s\n",
                    file, (unsigned long long) job->offset, job->wrong);
        }

        return;
    }

    if (job->ended) {
        return;
    }

    if (job->first) {
        loader->base = 0;
    }

    if (job->bad_lines != 0) {
        journey_load_bad_lines(loader, job);
    }

    loader->base += job->nlines;
    loader->nevents += job->nevents;

    if (journey_store_run(loader->store, job->thread, job->first_event,
                          job->nevents) != JOURNEY_OK)
    {
        __atomic_store_n(&loader->failed, 1, __ATOMIC_RELAXED);
    }

    journey_progress(&loader->progress, loader->nevents, "events");
}


static int
journey_load_files(journey_loader_t *loader, unsigned nthreads)
{
    int              rc;
    unsigned         i;
    journey_jobs_t  *jobs;

    for (i = 0; i < nthreads; i++) {
        loader->threads[i].loader = loader;
        loader->threads[i].part = &loader->store->parts[i];
    }

    jobs = journey_jobs_create(nthreads, journey_load_work, journey_load_done,
                               loader);
    if (jobs == NULL) {
        return JOURNEY_ERROR;
    }

    rc = JOURNEY_OK;

    for (i = 0; i < loader->opts->nargs && rc == JOURNEY_OK; i++) {
        rc = journey_input_read(jobs, loader->opts->args[i]);
    }

    journey_jobs_finish(jobs);

    for (i = 0; i < JOURNEY_THREADS_MAX; i++) {
        journey_records_free(&loader->threads[i].records);
    }

    if (loader->messages > JOURNEY_LOAD_MESSAGES && !loader->opts->quiet) {
        journey_progress_erase(&loader->progress);
        fprintf(stderr, "journey: and %llu more\n", (unsigned long long)
                loader->messages - JOURNEY_LOAD_MESSAGES);
    }

    journey_progress_erase(&loader->progress);

    return loader->failed ? JOURNEY_ERROR : rc;
}


int
journey_load(journey_store_t *store, const journey_options_t *opts,
    journey_damage_t *damage)
{
    return journey_load_more(store, opts, 0, damage);
}


int
journey_load_more(journey_store_t *store, const journey_options_t *opts,
    unsigned more, journey_damage_t *damage)
{
    unsigned          nthreads;
    journey_loader_t  loader;

    memset(&loader, 0, sizeof(journey_loader_t));
    memset(damage, 0, sizeof(journey_damage_t));

    loader.store = store;
    loader.opts = opts;
    loader.damage = damage;

    journey_progress_init(&loader.progress);

    nthreads = journey_jobs_threads();

    if (journey_store_init(store, nthreads, more) != JOURNEY_OK
        || journey_spill_create(store, opts->memory) != JOURNEY_OK
        || journey_load_files(&loader, nthreads) != JOURNEY_OK
        || journey_store_merge(store) != JOURNEY_OK)
    {
        journey_store_complain(store);
        return JOURNEY_ERROR;
    }

    return JOURNEY_OK;
}
