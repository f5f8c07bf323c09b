
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_counts.h"


static int
journey_counts_touches(journey_counts_t *counts, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    if (journey_touches_init(&counts->touches, (double) a->opts->half_life,
                             counts->outcomes) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return journey_touches_pass(&counts->touches, a, pass);
}


static int
journey_counts_transitions(journey_counts_t *counts,
    const journey_analysis_t *a, journey_pass_t *pass)
{
    return journey_transitions_init(&counts->transitions, a, pass);
}


static int
journey_counts_time(journey_counts_t *counts, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    return journey_conversion_time_init(&counts->time, a, pass);
}


static int
journey_counts_direct(journey_counts_t *counts, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    return journey_direct_init(&counts->direct, a, pass);
}


static int
journey_counts_retention(journey_counts_t *counts,
    const journey_analysis_t *a, journey_pass_t *pass)
{
    return journey_retention_init(&counts->retention, a, counts->period, pass);
}


static int
journey_counts_places(journey_counts_t *counts, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    return journey_places_init(&counts->places, a,
                               1 + (unsigned) a->opts->by, pass);
}


static int
journey_counts_steps(journey_counts_t *counts, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    return journey_steps_init(&counts->steps, a, pass);
}


static int
journey_counts_content(journey_counts_t *counts, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    return journey_content_init(&counts->content, a, pass);
}


static int
journey_counts_timeline(journey_counts_t *counts, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    return journey_timeline_init(&counts->timeline, a, counts->since,
                                 counts->until, pass);
}


static int
journey_counts_flows(journey_counts_t *counts, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    return journey_flows_init(&counts->flows, a, pass);
}


static const struct {
    unsigned   count;
    int      (*init)(journey_counts_t *counts, const journey_analysis_t *a,
                     journey_pass_t *pass);
} journey_counts_inits[JOURNEY_COUNTS] = {
    { JOURNEY_COUNT_TOUCHES, journey_counts_touches },
    { JOURNEY_COUNT_TRANSITIONS, journey_counts_transitions },
    { JOURNEY_COUNT_TIME, journey_counts_time },
    { JOURNEY_COUNT_DIRECT, journey_counts_direct },
    { JOURNEY_COUNT_RETENTION, journey_counts_retention },
    { JOURNEY_COUNT_PLACES, journey_counts_places },
    { JOURNEY_COUNT_STEPS, journey_counts_steps },
    { JOURNEY_COUNT_CONTENT, journey_counts_content },
    { JOURNEY_COUNT_TIMELINE, journey_counts_timeline },
    { JOURNEY_COUNT_FLOWS, journey_counts_flows }
};


void
journey_counts_init(journey_counts_t *counts, const journey_options_t *opts)
{
    memset(counts, 0, sizeof(journey_counts_t));

    counts->period = opts->period;
    counts->outcomes = (opts->bootstrap != 0);
}


int
journey_counts_run(journey_counts_t *counts, const journey_analysis_t *a)
{
    unsigned        i, n;
    journey_pass_t  passes[JOURNEY_COUNTS];

    for (i = 0, n = 0; i < JOURNEY_COUNTS; i++) {

        if (!(counts->wanted & journey_counts_inits[i].count)) {
            continue;
        }

        if (journey_counts_inits[i].init(counts, a, &passes[n]) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        /* without ctx there is nothing to count */

        n += (passes[n].ctx != NULL);
    }

    return journey_pass(a, passes, n);
}


void
journey_counts_free(journey_counts_t *counts)
{
    journey_touches_free(&counts->touches);
    journey_transitions_free(&counts->transitions);
    journey_conversion_time_free(&counts->time);
    journey_direct_free(&counts->direct);
    journey_retention_free(&counts->retention);
    journey_places_free(&counts->places);
    journey_steps_free(&counts->steps);
    journey_content_free(&counts->content);
    journey_timeline_free(&counts->timeline);
    journey_flows_free(&counts->flows);
}
