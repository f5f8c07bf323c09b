
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * How journeys go from phase to phase, and how long they are in each.
 */


#ifndef JOURNEY_TRANSITIONS_H
#define JOURNEY_TRANSITIONS_H


#include "journey_pass.h"


/* From a phase to another one of the same model; steps are numbers in
 * model->steps. */

typedef struct {
    uint32_t              model;
    uint32_t              from;
    uint32_t              to;
    uint64_t              count;
    uint64_t              journeys;     /* at least one in each */
    uint64_t              visitors;
    uint64_t              visitor_gen;  /* counted for this one already */
    uint64_t              journey_gen;
} journey_transition_t;

/* A phase. */

typedef struct {
    uint64_t              journeys;     /* that were in it */
    uint64_t              visitors;     /* of these */
    uint64_t              advanced;     /* journeys that were in a later one
                                           afterwards */
    uint64_t              movers;       /* visitors of these */
    uint64_t             *times;        /* ms, of each of them, sorted: from
                                           the first event in the phase to the
                                           first in a later one */
    uint64_t              size;

    uint64_t              journey_gen;
    uint64_t              visitor_gen;
    uint64_t              mover_gen;
} journey_phase_time_t;


typedef struct {
    journey_intern_t      keys;         /* model, from, to */
    journey_transition_t *rows;         /* by number in keys, from 1; number 0
                                           is of those that are folded */
    uint32_t              rows_size;
    uint32_t             *row;          /* NULL: nothing is folded */

    journey_phase_time_t *times;        /* by first[model] + step; the last
                                           one is of those that are folded */
    uint32_t              ntimes;       /* without that one */
    uint32_t             *first;        /* by model */
    uint32_t             *time_row;     /* NULL: nothing is folded */

    struct journey_transitions_walk_s  *walk;
} journey_transitions_t;


/*
 * The pass that counts: the events that have a phase, of each journey and each
 * model in the order of time.  JOURNEY_ERROR when memory is exhausted; to be
 * freed in any case.
 */
int journey_transitions_init(journey_transitions_t *transitions,
    const journey_analysis_t *a, journey_pass_t *pass);
void journey_transitions_free(journey_transitions_t *transitions);

/* The time (ms) that the share of the n > 0 sorted times is not above, between
 * two of them by their distance; 0.5 is the median. */
double journey_transitions_quantile(const uint64_t *times, uint64_t n,
    double share);


#endif /* JOURNEY_TRANSITIONS_H */
