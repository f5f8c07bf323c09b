
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The command: hour by hour, those who arrive in it and those who come again,
 * the next one first (journey_simulate_queue); each does a step
 * (journey_simulate_visitor), whose lines the workers write
 * (journey_simulate_workers).
 */


#include "journey_messages.h"
#include "journey_simulate.h"
#include "journey_simulate_queue.h"
#include "journey_simulate_random.h"

#include <stdio.h>


#define JOURNEY_SIMULATE_VISITORS  10000
#define JOURNEY_SIMULATE_SPAN      90           /* days */
#define JOURNEY_SIMULATE_DAYS_MAX  3660
#define JOURNEY_SIMULATE_SEED      1
#define JOURNEY_SIMULATE_UNTIL     1793491200000ULL     /* 2026-11-01 */
#define JOURNEY_SIMULATE_DAY_MS    86400000ULL

/* Times have to fit into the states. */
#define JOURNEY_SIMULATE_LATEST    4102444800000ULL     /* 2100-01-01 */

#define JOURNEY_SIMULATE_SHOW      0xfff        /* steps between two looks at
                                                   the clock */


typedef struct {
    journey_simulate_model_t    model;
    journey_simulate_world_t    world;
    journey_simulate_queue_t    queue;
    journey_simulate_workers_t  workers;
    journey_import_output_t     output;
    journey_progress_t          progress;
    struct timespec             started;
    uint64_t                    start;          /* ms */
    uint64_t                    visitors;
    uint64_t                    arrived;
    uint64_t                    total;          /* weight of all hours */
    uint64_t                    passed;         /* of those until now */
    uint32_t                    nhours;
    uint64_t                    steps;
    uint64_t                    arrivals;       /* random */
    unsigned                    no_memory:1;
} journey_simulation_t;


static uint32_t
journey_simulation_weight(const journey_simulation_t *sim, uint32_t hour)
{
    uint64_t  n;

    n = sim->start / JOURNEY_SIMULATE_HOUR + hour;

    /* the first of January 1970 was a Thursday */

    return (uint32_t) journey_simulate_hours[n % 24]
           * journey_simulate_days[(n / 24 + 3) % 7];
}


/* Those who come for the first time in this hour: of all visitors so many
 * that after each hour their part is that of the hours' weights. */

static int
journey_simulation_arrive(journey_simulation_t *sim, uint32_t hour)
{
    uint64_t                     n, time;
    journey_simulate_visitor_t  *v;

    sim->passed += journey_simulation_weight(sim, hour);

    /* at most 10^9 visitors by 88,000 hours by 8,640: below 2^64 */

    n = sim->visitors * sim->passed / sim->total;

    for ( /* void */ ; sim->arrived < n; sim->arrived++) {
        v = journey_simulate_queue_new(&sim->queue);

        if (v == NULL) {
            return JOURNEY_ERROR;
        }

        time = sim->start + hour * JOURNEY_SIMULATE_HOUR
               + journey_simulate_below(&sim->arrivals,
                                        JOURNEY_SIMULATE_HOUR);

        journey_simulate_visitor_init(&sim->world, v, sim->arrived, time);

        if (journey_simulate_queue_add(&sim->queue, v) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


/* The steps of one hour; JOURNEY_ERROR: it is no use to go on. */

static int
journey_simulation_hour(journey_simulation_t *sim)
{
    journey_simulate_visitor_t  *v;

    for ( ;; ) {
        v = journey_simulate_queue_next(&sim->queue);

        if (v == NULL) {
            return JOURNEY_OK;
        }

        if ((++sim->steps & JOURNEY_SIMULATE_SHOW) == 0) {
            journey_progress(&sim->progress, sim->output.events, "events");
        }

        if (journey_simulate_workers_clock(&sim->workers, v->time)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        switch (journey_simulate_visitor_step(&sim->world, v)) {

        case JOURNEY_OK:
            if (journey_simulate_queue_add(&sim->queue, v) != JOURNEY_OK) {
                sim->no_memory = 1;
                return JOURNEY_ERROR;
            }

            break;

        case JOURNEY_DECLINED:
            journey_simulate_queue_drop(&sim->queue, v);
            break;

        default:
            return JOURNEY_ERROR;
        }
    }
}


static int
journey_simulation_hours(journey_simulation_t *sim)
{
    uint32_t  hour;

    for (hour = 0; hour < sim->nhours; hour++) {

        if (journey_simulate_queue_hour(&sim->queue, hour) != JOURNEY_OK
            || journey_simulation_arrive(sim, hour) != JOURNEY_OK)
        {
            sim->no_memory = 1;
            return JOURNEY_ERROR;
        }

        if (journey_simulation_hour(sim) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    return journey_simulate_workers_flush(&sim->workers);
}


static void
journey_simulation_summary(const journey_simulation_t *sim)
{
    double                           seconds;
    struct timespec                  now;
    const journey_simulate_counts_t *counts;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    seconds = (double) (now.tv_sec - sim->started.tv_sec)
              + (double) (now.tv_nsec - sim->started.tv_nsec) / 1e9;

    counts = &sim->world.counts;

    fprintf(stderr, "journey: %llu events: %llu visitors, %llu sessions, "
            "%llu touches, %llu purchases; %.1f s, %.0f events a second\n",
            (unsigned long long) sim->output.events,
            (unsigned long long) counts->visitors,
            (unsigned long long) counts->sessions,
            (unsigned long long) counts->touches,
            (unsigned long long) counts->purchases,
            seconds, seconds > 0 ? (double) sim->output.events / seconds : 0);
}


/* An exit code; the output is open. */

static int
journey_simulation_write(journey_simulation_t *sim)
{
    int               rc;
    journey_error_t   err;

    rc = journey_simulation_hours(sim);

    journey_progress_erase(&sim->progress);

    if (sim->no_memory) {
        fprintf(stderr, "journey: not enough memory\n");
        journey_import_output_abort(&sim->output);
        return JOURNEY_EXIT_DATA;
    }

    if (journey_import_output_close(&sim->output, &err) != JOURNEY_OK) {
        fprintf(stderr, "journey: --output: %s\n", err.text);
        return JOURNEY_EXIT_DATA;
    }

    if (rc != JOURNEY_OK || sim->output.failed) {

        /* main() tells of standard output */

        return JOURNEY_EXIT_DATA;
    }

    journey_simulation_summary(sim);

    return JOURNEY_EXIT_OK;
}


static int
journey_simulation_run(journey_simulation_t *sim, const char *output)
{
    int               rc;
    uint32_t          hour;
    journey_error_t   err;

    for (hour = 0; hour < sim->nhours; hour++) {
        sim->total += journey_simulation_weight(sim, hour);
    }

    if (journey_simulate_queue_init(&sim->queue, sim->start, sim->nhours)
        != JOURNEY_OK)
    {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    rc = JOURNEY_EXIT_DATA;

    switch (journey_import_output_open(&sim->output, output, &err)) {

    case JOURNEY_OK:
        sim->output.rw.quick = 1;

        if (journey_simulate_workers_init(&sim->workers, &sim->output, &err)
            == JOURNEY_OK)
        {
            rc = journey_simulation_write(sim);

        } else {
            fprintf(stderr, "journey: %s\n", err.text);
            journey_import_output_abort(&sim->output);
        }

        journey_simulate_workers_free(&sim->workers);
        break;

    case JOURNEY_DECLINED:
        rc = JOURNEY_EXIT_USAGE;

        /* fall through */

    default:
        fprintf(stderr, "journey: --output: %s\n", err.text);
    }

    journey_simulate_queue_free(&sim->queue);

    return rc;
}


/* What the options say, or an exit code. */

static int
journey_simulation_options(journey_simulation_t *sim,
    const journey_options_t *opts)
{
    long  days;

    if (opts->nargs != 0) {
        fprintf(stderr, "journey: simulate takes no FILE, but --output\n");
        return JOURNEY_EXIT_USAGE;
    }

    days = (opts->days != JOURNEY_LIMIT_NONE) ? opts->days
                                              : JOURNEY_SIMULATE_SPAN;

    if (days < 1 || days > JOURNEY_SIMULATE_DAYS_MAX) {
        fprintf(stderr, "journey: --days: \"%ld\" is not from 1 to %d\n", days,
                JOURNEY_SIMULATE_DAYS_MAX);
        return JOURNEY_EXIT_USAGE;
    }

    sim->visitors = (opts->visitors != JOURNEY_LIMIT_NONE)
                    ? (uint64_t) opts->visitors : JOURNEY_SIMULATE_VISITORS;

    sim->world.seed = (opts->seed != JOURNEY_LIMIT_NONE)
                      ? (uint64_t) opts->seed : JOURNEY_SIMULATE_SEED;

    sim->world.until = (opts->until != UINT64_MAX) ? opts->until
                                                   : JOURNEY_SIMULATE_UNTIL;

    if (sim->world.until > JOURNEY_SIMULATE_LATEST
        || sim->world.until < (uint64_t) days * JOURNEY_SIMULATE_DAY_MS)
    {
        fprintf(stderr, "journey: --until: not all of the %ld days before it "
                "are from 1970 to 2099\n", days);
        return JOURNEY_EXIT_USAGE;
    }

    sim->start = sim->world.until - (uint64_t) days * JOURNEY_SIMULATE_DAY_MS;
    sim->nhours = (uint32_t) days * 24;

    return -1;
}


int
journey_simulate(const journey_options_t *opts)
{
    int                   rc;
    journey_error_t       err;
    journey_simulation_t  sim;

    memset(&sim, 0, sizeof(journey_simulation_t));

    rc = journey_simulation_options(&sim, opts);

    if (rc != -1) {
        return rc;
    }

    if (journey_simulate_model_init(&sim.model, opts->without, &err)
        != JOURNEY_OK)
    {
        fprintf(stderr, "journey: --without: %s\n", err.text);
        journey_simulate_model_free(&sim.model);
        return JOURNEY_EXIT_USAGE;
    }

    if (opts->effects) {
        journey_simulate_effects(&sim.model, stdout);
        journey_simulate_model_free(&sim.model);
        return JOURNEY_EXIT_OK;
    }

    sim.world.model = &sim.model;
    sim.world.workers = &sim.workers;
    sim.arrivals = journey_simulate_stream(sim.world.seed, UINT64_MAX);

    journey_progress_init(&sim.progress);
    sim.progress.doing = "writing";

    if (opts->output == NULL) {
        journey_progress_output(&sim.progress);
    }

    (void) clock_gettime(CLOCK_MONOTONIC, &sim.started);

    rc = journey_simulation_run(&sim, opts->output);

    journey_simulate_model_free(&sim.model);

    return rc;
}
