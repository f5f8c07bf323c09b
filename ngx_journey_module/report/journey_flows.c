
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_flows.h"
#include "journey_fold.h"
#include "journey_order.h"

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


/* The step that has the position, as a bit. */

static uint64_t
journey_flows_phase(const journey_model_t *model, uint32_t position)
{
    uint32_t  k;

    for (k = 0; k < model->nsteps; k++) {
        if (model->steps[k].position == position) {
            return 1ULL << journey_min(k, JOURNEY_FLOW_PHASES - 1);
        }
    }

    return 0;
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
journey_flows_journey(journey_flows_t *flows, const journey_analysis_t *a,
    const uint32_t *refs, uint32_t n, uint64_t visitor)
{
    uint32_t             i, furthest;
    unsigned             touched, done;
    journey_ev_t        *ev;
    journey_flow_key_t   key;

    memset(&key, 0, sizeof(journey_flow_key_t));

    key.model = JOURNEY_FLOW_NONE;
    furthest = 0;
    touched = 0;
    done = 0;
    ev = NULL;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(a->store, refs[i]);

        if (!touched && ev->touch != 0 && !(ev->flags & JOURNEY_EV_TOUCHED)) {
            touched = 1;
            key.channel = journey_fold_row(a->channel_row,
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
            key.phases |= journey_flows_phase(&a->funnel.models[key.model],
                                              furthest);
        }
    }

    if (key.end == 0) {
        key.end = (!done && a->until >= ev->t
                   && a->until - ev->t >= a->opts->idle)
                  ? JOURNEY_FLOW_DROPPED : JOURNEY_FLOW_OPEN;
    }

    return journey_flows_add(flows, &key, visitor);
}


static int
journey_flows_visitor(journey_flows_t *flows, const journey_analysis_t *a,
    journey_order_t *order, const uint32_t *refs, uint32_t n, uint64_t visitor)
{
    uint32_t  i, first;

    refs = journey_order_by(order, a->store, refs, n, 1);

    for (first = 0; first < n; first += i) {
        i = journey_order_run(a->store, refs + first, n - first, 1);

        /* number 0 is what happened outside any */

        if (journey_store_event(a->store, refs[first])->journey != 0
            && journey_flows_journey(flows, a, refs + first, i, visitor)
               != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

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
journey_flows_window(journey_flows_t *flows, const journey_analysis_t *a,
    uint64_t *gen)
{
    int                     rc;
    uint32_t                i;
    journey_order_t         order;
    const journey_store_t  *store;

    store = a->store;
    rc = journey_order_init(&order, store);

    for (i = 1; i < store->nvisitors && rc == JOURNEY_OK; i++) {
        rc = journey_flows_visitor(flows, a, &order,
                                   store->order + store->visitors[i],
                                   store->visitors[i + 1]
                                   - store->visitors[i], ++*gen);
    }

    journey_order_free(&order);

    return rc;
}


int
journey_flows_count(journey_flows_t *flows, const journey_analysis_t *a)
{
    int       rc;
    uint64_t  gen;

    memset(flows, 0, sizeof(journey_flows_t));

    if (journey_intern_init(&flows->keys, a->store->all.names.seed)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    gen = 0;

    journey_analysis_rewind(a);

    while ((rc = journey_analysis_next(a)) == JOURNEY_OK) {
        if (journey_flows_window(flows, a, &gen) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    if (rc == JOURNEY_ERROR) {
        return JOURNEY_ERROR;
    }

    if (flows->n != 0) {
        qsort_r(flows->flows, flows->n, sizeof(journey_flow_t),
                journey_flows_size_cmp, &a->store->all.names);
    }

    journey_flows_fold(flows, a->opts->min_visitors);

    return JOURNEY_OK;
}


void
journey_flows_free(journey_flows_t *flows)
{
    journey_intern_free(&flows->keys);
    free(flows->flows);
}
