
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_pass.h"
#include "journey_order.h"


#define JOURNEY_PASS_AHEAD  24          /* events fetched in advance */


/* The sessions or the journeys of a visitor, for all passes. */

static int
journey_pass_runs(const journey_store_t *store, journey_order_t *order,
    const journey_pass_t *passes, unsigned npasses, const uint32_t *refs,
    uint32_t n, unsigned by_journey)
{
    int       (*run)(void *ctx, const uint32_t *refs, uint32_t n);
    uint32_t    len, first;
    unsigned    i, wanted;

    for (i = 0, wanted = 0; i < npasses; i++) {
        wanted |= by_journey ? passes[i].journey != NULL
                             : passes[i].session != NULL;
    }

    if (!wanted) {
        return JOURNEY_OK;
    }

    refs = journey_order_by(order, store, refs, n, by_journey);

    for (first = 0; first < n; first += len) {
        len = journey_order_run(store, refs + first, n - first, by_journey);

        for (i = 0; i < npasses; i++) {
            run = by_journey ? passes[i].journey : passes[i].session;

            if (run != NULL
                && run(passes[i].ctx, refs + first, len) != JOURNEY_OK)
            {
                return JOURNEY_ERROR;
            }
        }
    }

    return JOURNEY_OK;
}


static int
journey_pass_visitor(const journey_store_t *store, journey_order_t *order,
    const journey_pass_t *passes, unsigned npasses, uint32_t visitor)
{
    uint32_t         n;
    unsigned         i;
    const uint32_t  *refs;

    refs = store->order + store->visitors[visitor];
    n = store->visitors[visitor + 1] - store->visitors[visitor];

    if (n == 0) {
        return JOURNEY_OK;
    }

    for (i = 0; i < npasses; i++) {
        if (passes[i].visitor != NULL
            && passes[i].visitor(passes[i].ctx, visitor, refs, n)
               != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    if (visitor == 0) {
        return JOURNEY_OK;
    }

    if (journey_pass_runs(store, order, passes, npasses, refs, n, 0)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return journey_pass_runs(store, order, passes, npasses, refs, n, 1);
}


static int
journey_pass_window(const journey_store_t *store,
    const journey_pass_t *passes, unsigned npasses)
{
    int              rc;
    uint32_t         i, next, end;
    unsigned         k;
    journey_order_t  order;

    for (k = 0; k < npasses; k++) {
        if (passes[k].window != NULL
            && passes[k].window(passes[k].ctx) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    rc = journey_order_init(&order, store);
    next = store->visitors[1];

    for (i = 0; i < store->nvisitors && rc == JOURNEY_OK; i++) {

        /* events lie anywhere in memory: those of the next visitors are asked
         * for meanwhile */

        end = journey_min(store->visitors[i + 1] + JOURNEY_PASS_AHEAD,
                          store->visitors[store->nvisitors]);

        for ( /* void */ ; next < end; next++) {
            __builtin_prefetch(journey_store_event(store,
                                                   store->order[next]));
        }

        rc = journey_pass_visitor(store, &order, passes, npasses, i);
    }

    journey_order_free(&order);

    return rc;
}


int
journey_pass(const journey_analysis_t *a, journey_pass_t *passes, unsigned n)
{
    int       rc;
    unsigned  i, left;

    while (n != 0) {
        journey_analysis_rewind(a);

        while ((rc = journey_analysis_next(a)) == JOURNEY_OK) {
            if (journey_pass_window(a->store, passes, n) != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }
        }

        if (rc != JOURNEY_DECLINED) {
            return JOURNEY_ERROR;
        }

        for (i = 0, left = 0; i < n; i++) {
            rc = (passes[i].end != NULL) ? passes[i].end(passes[i].ctx)
                                         : JOURNEY_OK;

            if (rc == JOURNEY_AGAIN) {
                passes[left++] = passes[i];

            } else if (rc != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }
        }

        n = left;
    }

    return JOURNEY_OK;
}
