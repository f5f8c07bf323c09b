
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Lines in the order in which the workers of an nginx would have written
 * them: each gathers its own and writes them in turn, so that lines are a
 * little out of order, as in a log.
 */


#ifndef JOURNEY_SIMULATE_WORKERS_H
#define JOURNEY_SIMULATE_WORKERS_H


#include "journey_import_output.h"


#define JOURNEY_SIMULATE_WORKERS  4
#define JOURNEY_SIMULATE_FLUSH    5000  /* ms between two writes of one */

typedef struct {
    u_char                   *buf;
    size_t                    len;
    size_t                    size;
    uint64_t                  lines;
} journey_simulate_worker_t;

typedef struct {
    journey_simulate_worker_t  workers[JOURNEY_SIMULATE_WORKERS];
    uint64_t                   turn;    /* that was last: one a worker and
                                           JOURNEY_SIMULATE_FLUSH */
    journey_import_output_t   *output;
} journey_simulate_workers_t;


int journey_simulate_workers_init(journey_simulate_workers_t *workers,
    journey_import_output_t *output, journey_error_t *err);
void journey_simulate_workers_free(journey_simulate_workers_t *workers);

/* All that happens from here on happens at now (ms) or later. */
int journey_simulate_workers_clock(journey_simulate_workers_t *workers,
    uint64_t now);

/* A line of one worker, a number below JOURNEY_SIMULATE_WORKERS. */
int journey_simulate_workers_put(journey_simulate_workers_t *workers,
    unsigned worker, const journey_record_t *rec);

/* What is left, at the end. */
int journey_simulate_workers_flush(journey_simulate_workers_t *workers);


#endif /* JOURNEY_SIMULATE_WORKERS_H */
