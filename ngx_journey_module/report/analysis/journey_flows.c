
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_flows.h"
#include "journey_fold.h"

#include <stdlib.h>


/* A goal whose row is folded has no name. */

static uint32_t
journey_flows_goal(const journey_analysis_t *a, uint32_t goal)
{
    uint32_t  i;

    if (a->other_name == 0) {
        return goal;
    }

    for (i = 0; i < a->ngoals; i++) {
        if (a->goals[i].goal == goal) {
            return goal;
        }
    }

    return a->other_name;
}


static int
journey_flows_add(journey_flows_t *flows, const journey_flow_key_t *key,
    uint64_t visitor)
{
    uint32_t         i, size;
    journey_flow_t  *flow;

    i = journey_intern(&flows->keys, (u_char *) key,
                       sizeof(journey_flow_key_t));
    if (i == 0) {
        return JOURNEY_ERROR;
    }

    i--;

    if (i >= flows->size) {
        size = flows->size ? 2 * flows->size : 256;

        flow = realloc(flows->flows, size * sizeof(journey_flow_t));
        if (flow == NULL) {
            return JOURNEY_ERROR;
        }

        flows->flows = flow;
        flows->size = size;
    }

    flow = &flows->flows[i];

    if (i == flows->n) {
        memset(flow, 0, sizeof(journey_flow_t));
        flow->key = *key;
        flows->n++;
    }

    flow->journeys++;

    if (flow->visitor != visitor) {
        flow->visitor = visitor;
        flow->visitors++;
    }

    return JOURNEY_OK;
}


static int
journey_flows_journey(void *ctx, const uint32_t *refs, uint32_t n)
{
    uint32_t                   i, k, furthest;
    unsigned                   touched, done;
    journey_ev_t              *ev;
    journey_flows_t           *flows;
    journey_flow_key_t         key;
    const journey_analysis_t  *a;

    flows = ctx;
    a = flows->a;

    /* number 0 is what happened outside any */

    if (journey_store_event(a->store, refs[0])->journey == 0) {
        return JOURNEY_OK;
    }

    memset(&key, 0, sizeof(journey_flow_key_t));

    key.model = JOURNEY_FLOW_NONE;
    furthest = 0;
    touched = 0;
    done = 0;
    ev = NULL;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(a->store, refs[i]);

        if (!touched && ev->touch != 0 && !(ev->flags & JOURNEY_EV_TOUCHED)
            && !journey_analysis_direct(a, ev->touch))
        {
            touched = 1;

            /* rows are folded of channels alone */

            key.channel = (a->touch_way != NULL)
                          ? a->touch_way[ev->touch]
                          : journey_fold_row(a->channel_row,
                                             a->touch_channel[ev->touch]);
        }

        if (ev->goal != 0) {
            done |= (ev->flags & JOURNEY_EV_DONE);

            if (journey_goals_converts(a, ev)) {
                key.end = journey_flows_goal(a,
                                  a->store->all.goals[ev->goal - 1].goal);
            }
        }

        if (ev->position == 0 || ev->phase == 0) {
            continue;
        }

        if (key.model == JOURNEY_FLOW_NONE) {
            key.model = a->funnel.host_model[a->funnel.page_host[ev->page]];
        }

        if (ev->position > furthest
            && key.model
               == a->funnel.host_model[a->funnel.page_host[ev->page]])
        {
            furthest = ev->position;
            k = journey_funnel_find(&a->funnel.models[key.model], furthest);
            key.phases |= 1ULL << journey_min(k, JOURNEY_FLOW_PHASES - 1);
        }
    }

    if (key.end == 0) {
        key.end = (!done && a->until >= ev->t
                   && a->until - ev->t >= a->opts->idle)
                  ? JOURNEY_FLOW_DROPPED : JOURNEY_FLOW_OPEN;
    }

    return journey_flows_add(flows, &key, flows->visitor_gen);
}


static int
journey_flows_visitor(void *ctx, uint32_t visitor, const uint32_t *refs,
    uint32_t n)
{
    journey_flows_t  *flows;

    (void) visitor;
    (void) refs;
    (void) n;

    flows = ctx;
    flows->visitor_gen++;

    return JOURNEY_OK;
}


/* The smallest first. */

static int
journey_flows_size_cmp(const void *one, const void *two, void *names)
{
    int                    rc;
    const journey_flow_t  *a, *b;

    a = one;
    b = two;

    if (a->visitors != b->visitors) {
        return a->visitors < b->visitors ? -1 : 1;
    }

    if (a->key.model != b->key.model) {
        return a->key.model < b->key.model ? -1 : 1;
    }

    if (a->key.phases != b->key.phases) {
        return a->key.phases < b->key.phases ? -1 : 1;
    }

    rc = journey_intern_cmp(names, a->key.channel, b->key.channel);

    return rc ? rc : journey_intern_cmp(names, a->key.end, b->key.end);
}


/* As rows of tables: never one alone, and together as many as a row needs. */

static void
journey_flows_fold(journey_flows_t *flows, uint64_t min)
{
    uint32_t        i, n;
    uint64_t        visitors;
    journey_flow_t  other;

    if (min == 0 || flows->n == 0) {
        return;
    }

    memset(&other, 0, sizeof(journey_flow_t));
    other.key.folded = 1;
    visitors = 0;

    for (i = 0; i < flows->n; i++) {
        if (flows->flows[i].visitors >= min
            && (i == 0 || (i > 1 && visitors >= min)))
        {
            break;
        }

        /* at least: one visitor may be in several */

        visitors = journey_max(visitors, flows->flows[i].visitors);
        other.journeys += flows->flows[i].journeys;
    }

    if (i == 0) {
        return;
    }

    other.visitors = visitors;
    n = flows->n - i;
    memmove(flows->flows + 1, flows->flows + i, n * sizeof(journey_flow_t));
    flows->flows[0] = other;
    flows->n = n + 1;
}


static int
journey_flows_end(void *ctx)
{
    journey_flows_t  *flows;

    flows = ctx;

    if (flows->n != 0) {
        qsort_r(flows->flows, flows->n, sizeof(journey_flow_t),
                journey_flows_size_cmp, &flows->a->store->all.names);
    }

    journey_flows_fold(flows, flows->a->opts->min_visitors);

    return JOURNEY_OK;
}


int
journey_flows_init(journey_flows_t *flows, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    memset(flows, 0, sizeof(journey_flows_t));
    memset(pass, 0, sizeof(journey_pass_t));

    flows->a = a;

    pass->ctx = flows;
    pass->visitor = journey_flows_visitor;
    pass->journey = journey_flows_journey;
    pass->end = journey_flows_end;

    return journey_intern_init(&flows->keys, a->store->all.names.seed);
}


void
journey_flows_free(journey_flows_t *flows)
{
    journey_intern_free(&flows->keys);
    free(flows->flows);
}
