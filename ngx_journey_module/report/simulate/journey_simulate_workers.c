
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_simulate_workers.h"

#include <errno.h>
#include <stdlib.h>


#define JOURNEY_SIMULATE_BUFFER  (64 * 1024)

#define JOURNEY_SIMULATE_TURN                                                 \
    (JOURNEY_SIMULATE_FLUSH / JOURNEY_SIMULATE_WORKERS)


int
journey_simulate_workers_init(journey_simulate_workers_t *workers,
    journey_import_output_t *output, journey_error_t *err)
{
    unsigned  i;

    memset(workers, 0, sizeof(journey_simulate_workers_t));

    workers->output = output;

    for (i = 0; i < JOURNEY_SIMULATE_WORKERS; i++) {
        workers->workers[i].size = JOURNEY_SIMULATE_BUFFER;
        workers->workers[i].buf = malloc(JOURNEY_SIMULATE_BUFFER);

        if (workers->workers[i].buf == NULL) {
            return journey_error(err, "not enough memory");
        }
    }

    return JOURNEY_OK;
}


void
journey_simulate_workers_free(journey_simulate_workers_t *workers)
{
    unsigned  i;

    for (i = 0; i < JOURNEY_SIMULATE_WORKERS; i++) {
        free(workers->workers[i].buf);
        workers->workers[i].buf = NULL;
    }
}


static int
journey_simulate_worker_flush(journey_simulate_workers_t *workers, unsigned i)
{
    int                         rc;
    journey_simulate_worker_t  *worker;

    worker = &workers->workers[i];

    if (worker->len == 0) {
        return JOURNEY_OK;
    }

    rc = journey_import_output_lines(workers->output, worker->buf,
                                     worker->len, worker->lines);

    worker->len = 0;
    worker->lines = 0;

    return rc;
}


int
journey_simulate_workers_clock(journey_simulate_workers_t *workers,
    uint64_t now)
{
    uint64_t  turn;

    turn = now / JOURNEY_SIMULATE_TURN;

    /* after a long silence each has its turn once */

    if (turn > workers->turn + JOURNEY_SIMULATE_WORKERS) {
        workers->turn = turn - JOURNEY_SIMULATE_WORKERS;
    }

    while (workers->turn < turn) {
        workers->turn++;

        if (journey_simulate_worker_flush(workers, workers->turn
                                                   % JOURNEY_SIMULATE_WORKERS)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


int
journey_simulate_workers_put(journey_simulate_workers_t *workers,
    unsigned i, const journey_record_t *rec)
{
    size_t                      size;
    u_char                     *buf;
    journey_simulate_worker_t  *worker;

    worker = &workers->workers[i];
    size = journey_record_size(rec);

    if (size > worker->size - worker->len
        && journey_simulate_worker_flush(workers, i) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    if (size > worker->size) {
        buf = realloc(worker->buf, size);

        if (buf == NULL) {
            workers->output->rw.error = ENOMEM;
            workers->output->failed = 1;
            return JOURNEY_ERROR;
        }

        worker->buf = buf;
        worker->size = size;
    }

    worker->len = journey_record_write(worker->buf + worker->len, rec)
                  - worker->buf;
    worker->lines++;

    return JOURNEY_OK;
}


int
journey_simulate_workers_flush(journey_simulate_workers_t *workers)
{
    unsigned  i;

    for (i = 1; i <= JOURNEY_SIMULATE_WORKERS; i++) {
        if (journey_simulate_worker_flush(workers, (workers->turn + i)
                                                   % JOURNEY_SIMULATE_WORKERS)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}
