
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_jobs.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>


#define JOURNEY_JOBS_OPEN   8           /* a thread */
#define JOURNEY_JOBS_BYTES  (64 * 1024 * 1024)  /* of all that are open */


typedef struct {
    journey_jobs_t      *jobs;
    unsigned             number;
    pthread_t            id;
} journey_thread_t;


struct journey_jobs_s {
    pthread_mutex_t      mutex;
    pthread_cond_t       work_is_there;
    pthread_cond_t       job_is_done;

    journey_job_t       *first;         /* in order; the caller's own */
    journey_job_t      **last;
    unsigned             nopen;
    uint64_t             number;        /* of the next one */
    size_t               nbytes;        /* of their data */

    journey_job_t       *queue;         /* under the mutex */
    journey_job_t      **queue_last;
    unsigned             ended;

    journey_job_pt       work;
    journey_job_done_pt  done;
    void                *ctx;

    unsigned             nthreads;
    journey_thread_t     threads[JOURNEY_THREADS_MAX];
};


static void *
journey_jobs_thread(void *data)
{
    journey_job_t     *job;
    journey_jobs_t    *jobs;
    journey_thread_t  *thread;

    thread = data;
    jobs = thread->jobs;

    pthread_mutex_lock(&jobs->mutex);

    for ( ;; ) {
        job = jobs->queue;

        if (job == NULL) {
            if (jobs->ended) {
                break;
            }

            pthread_cond_wait(&jobs->work_is_there, &jobs->mutex);
            continue;
        }

        jobs->queue = job->queued;

        if (jobs->queue == NULL) {
            jobs->queue_last = &jobs->queue;
        }

        pthread_mutex_unlock(&jobs->mutex);

        jobs->work(jobs->ctx, thread->number, job);

        pthread_mutex_lock(&jobs->mutex);

        job->done = 1;
        pthread_cond_signal(&jobs->job_is_done);
    }

    pthread_mutex_unlock(&jobs->mutex);

    return NULL;
}


unsigned
journey_jobs_threads(void)
{
    long  n;

    n = sysconf(_SC_NPROCESSORS_ONLN);

    return (n < 1) ? 1 : (unsigned) journey_min(n, JOURNEY_THREADS_MAX);
}


journey_jobs_t *
journey_jobs_create(unsigned nthreads, journey_job_pt work,
    journey_job_done_pt done, void *ctx)
{
    journey_jobs_t    *jobs;
    journey_thread_t  *thread;

    jobs = calloc(1, sizeof(journey_jobs_t));
    if (jobs == NULL) {
        return NULL;
    }

    jobs->work = work;
    jobs->done = done;
    jobs->ctx = ctx;
    jobs->last = &jobs->first;
    jobs->queue_last = &jobs->queue;

    pthread_mutex_init(&jobs->mutex, NULL);
    pthread_cond_init(&jobs->work_is_there, NULL);
    pthread_cond_init(&jobs->job_is_done, NULL);

    nthreads = journey_min(nthreads, JOURNEY_THREADS_MAX);

    while (jobs->nthreads < nthreads) {
        thread = &jobs->threads[jobs->nthreads];
        thread->jobs = jobs;
        thread->number = jobs->nthreads;

        if (pthread_create(&thread->id, NULL, journey_jobs_thread, thread)
            != 0)
        {
            break;
        }

        jobs->nthreads++;
    }

    if (jobs->nthreads == 0) {
        free(jobs);
        return NULL;
    }

    return jobs;
}


static void
journey_job_free(journey_job_t *job)
{
    free(job->data);
    free(job->complaints);
    free(job);
}


/* Hands back the jobs at the front that are done; waits for some until at
 * most nopen of at most nbytes are left. */

static void
journey_jobs_collect(journey_jobs_t *jobs, unsigned nopen, size_t nbytes)
{
    unsigned        done;
    journey_job_t  *job;

    while (jobs->first != NULL) {
        job = jobs->first;

        pthread_mutex_lock(&jobs->mutex);

        while (!job->done
               && (jobs->nopen > nopen || jobs->nbytes > nbytes))
        {
            pthread_cond_wait(&jobs->job_is_done, &jobs->mutex);
        }

        done = job->done;

        pthread_mutex_unlock(&jobs->mutex);

        if (!done) {
            return;
        }

        jobs->first = job->next;

        if (jobs->first == NULL) {
            jobs->last = &jobs->first;
        }

        jobs->nopen--;
        jobs->nbytes -= job->size;

        jobs->done(jobs->ctx, job);

        journey_job_free(job);
    }
}


int
journey_jobs_add(journey_jobs_t *jobs, const journey_job_t *template)
{
    journey_job_t  *job;

    job = malloc(sizeof(journey_job_t));
    if (job == NULL) {
        return JOURNEY_ERROR;
    }

    *job = *template;
    job->next = NULL;
    job->queued = NULL;
    job->size = job->len;
    job->number = jobs->number++;

    *jobs->last = job;
    jobs->last = &job->next;
    jobs->nopen++;
    jobs->nbytes += job->size;

    if (!job->done) {
        pthread_mutex_lock(&jobs->mutex);

        *jobs->queue_last = job;
        jobs->queue_last = &job->queued;

        pthread_cond_signal(&jobs->work_is_there);
        pthread_mutex_unlock(&jobs->mutex);
    }

    journey_jobs_collect(jobs, JOURNEY_JOBS_OPEN * jobs->nthreads,
                         JOURNEY_JOBS_BYTES);

    return JOURNEY_OK;
}


int
journey_job_text(journey_job_t *job, journey_inflater_t **inflater,
    journey_str_t *text)
{
    text->data = job->data;
    text->len = job->len;

    if (!job->member) {
        return JOURNEY_OK;
    }

    if (*inflater == NULL) {
        *inflater = journey_inflater_create();

        if (*inflater == NULL) {
            return JOURNEY_ERROR;
        }
    }

    job->wrong = journey_inflate(*inflater, job->data, job->len, text);

    return JOURNEY_OK;
}


void
journey_jobs_finish(journey_jobs_t *jobs)
{
    unsigned  i;

    journey_jobs_collect(jobs, 0, 0);

    pthread_mutex_lock(&jobs->mutex);
    jobs->ended = 1;
    pthread_cond_broadcast(&jobs->work_is_there);
    pthread_mutex_unlock(&jobs->mutex);

    for (i = 0; i < jobs->nthreads; i++) {
        (void) pthread_join(jobs->threads[i].id, NULL);
    }

    pthread_mutex_destroy(&jobs->mutex);
    pthread_cond_destroy(&jobs->work_is_there);
    pthread_cond_destroy(&jobs->job_is_done);

    free(jobs);
}
