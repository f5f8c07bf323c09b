
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What tables need beyond the analysis, counted in the same passes.
 */


#ifndef JOURNEY_COUNTS_H
#define JOURNEY_COUNTS_H


#include "journey_content.h"
#include "journey_conversion_time.h"
#include "journey_direct.h"
#include "journey_flows.h"
#include "journey_places.h"
#include "journey_retention.h"
#include "journey_steps.h"
#include "journey_timeline.h"
#include "journey_touches.h"
#include "journey_transitions.h"


#define JOURNEY_COUNT_TOUCHES      0x001
#define JOURNEY_COUNT_TRANSITIONS  0x002
#define JOURNEY_COUNT_TIME         0x004
#define JOURNEY_COUNT_DIRECT       0x008
#define JOURNEY_COUNT_RETENTION    0x010
#define JOURNEY_COUNT_PLACES       0x020
#define JOURNEY_COUNT_STEPS        0x040
#define JOURNEY_COUNT_CONTENT      0x080
#define JOURNEY_COUNT_TIMELINE     0x100
#define JOURNEY_COUNT_FLOWS        0x200
#define JOURNEY_COUNTS             10


typedef struct {
    unsigned                   wanted;          /* bits of the above */
    unsigned                   outcomes;        /* as journey_touches_init() */
    journey_period_e           period;          /* of retention */
    uint64_t                   since;           /* of the timeline, as
                                                   journey_timeline_init() */
    uint64_t                   until;

    journey_touches_t          touches;
    journey_transitions_t      transitions;
    journey_conversion_time_t  time;
    journey_direct_t           direct;
    journey_retention_t        retention;
    journey_places_t           places;
    journey_steps_t            steps;
    journey_content_t          content;
    journey_timeline_t         timeline;
    journey_flows_t            flows;
} journey_counts_t;


/* Wants nothing, and the period of --period. */
void journey_counts_init(journey_counts_t *counts,
    const journey_options_t *opts);

/* Counts what is wanted, from a finished analysis that lives as long.
 * JOURNEY_ERROR when memory is exhausted or a file cannot be read
 * (journey_store_complain()); to be freed in any case. */
int journey_counts_run(journey_counts_t *counts, const journey_analysis_t *a);
void journey_counts_free(journey_counts_t *counts);


#endif /* JOURNEY_COUNTS_H */
