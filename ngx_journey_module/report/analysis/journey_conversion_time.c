
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_conversion_time.h"
#include "journey_persons.h"

#include <stdlib.h>


#define JOURNEY_DAY  86400000ULL        /* ms */


typedef struct journey_conversion_walk_s {
    journey_conversion_time_t *time;
    const journey_analysis_t  *a;

    /* of the visitor looked at */

    unsigned                   person;
    unsigned                   hash;
    unsigned                   exempt;
    uint32_t                   day;     /* first seen, + 1; 0: not known */
    unsigned                   counted; /* a journey of his */

    /* of his journeys so far */

    uint32_t                   journeys;
    uint32_t                   session; /* the last one */
} journey_conversion_walk_t;


/* 1 when the event, the journey's first one that is not offline, is its
 * start. */

static unsigned
journey_conversion_begins(const journey_conversion_walk_t *walk,
    const journey_ev_t *ev)
{
    if (ev->touch == 0 || (ev->kind != JOURNEY_EVENT_PAGE
                           && ev->kind != JOURNEY_EVENT_CLICK))
    {
        return 0;
    }

    if (walk->journeys != 0) {

        /* a person's begins behind a goal, unless a number was left out */

        return walk->person ? !(ev->flags & JOURNEY_EV_JUMPED)
                            : ev->session == walk->session + 1;
    }

    /* the session may have begun before, and so may another browser */

    return (ev->flags & JOURNEY_EV_FIRST)
           && (walk->day == 0 || walk->day > ev->t / JOURNEY_DAY);
}


/* The place of the first event of n that is not offline; n without any. */

static uint32_t
journey_conversion_first(const journey_store_t *store, const uint32_t *refs,
    uint32_t n)
{
    uint32_t  i;

    for (i = 0; i < n; i++) {
        if (!(journey_store_event(store, refs[i])->flags & JOURNEY_EV_LOOSE)) {
            break;
        }
    }

    return i;
}


/* Adds a journey whose start is there. */

static int
journey_conversion_add(journey_conversion_walk_t *walk, const uint32_t *refs,
    uint32_t n)
{
    uint32_t                   i;
    uint64_t                   end, first;
    unsigned                   later;
    const journey_ev_t        *ev;
    const journey_analysis_t  *a;

    a = walk->a;
    ev = journey_store_event(a->store, refs[0]);
    first = ev->t;

    later = walk->counted;
    walk->counted = 1;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(a->store, refs[i]);

        if (journey_goals_converts(a, ev)) {
            return journey_survival_add(&walk->time->survival, ev->t - first,
                                        1, !later);
        }
    }

    /* what comes after the end of the data has not been seen */

    end = (a->until > ev->t && a->until - ev->t > a->opts->idle)
          ? ev->t + a->opts->idle : journey_max(a->until, ev->t);

    return journey_survival_add(&walk->time->survival, end - first, 0, !later);
}


static int
journey_conversion_journey(void *ctx, const uint32_t *refs, uint32_t n)
{
    uint32_t                    i, first;
    const journey_ev_t         *ev;
    const journey_store_t      *store;
    journey_conversion_walk_t  *walk;
    journey_conversion_time_t  *time;

    walk = ctx;
    time = walk->time;
    store = walk->a->store;

    if (journey_store_event(store, refs[0])->journey == 0) {
        return JOURNEY_OK;
    }

    first = journey_conversion_first(store, refs, n);
    ev = journey_store_event(store, refs[first < n ? first : 0]);

    if (walk->hash) {
        time->hashes++;

    } else if (walk->exempt) {
        time->exempt++;

    } else if (first == n) {
        time->offline++;

    } else if (!journey_conversion_begins(walk, ev)) {
        time->begun++;

    } else if (journey_conversion_add(walk, refs, n) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    walk->journeys++;

    for (i = first; i < n; i++) {
        ev = journey_store_event(store, refs[i]);

        if (!(ev->flags & JOURNEY_EV_LOOSE)) {
            walk->session = journey_max(walk->session, ev->session);
        }
    }

    return JOURNEY_OK;
}


static int
journey_conversion_visitor(void *ctx, uint32_t visitor, const uint32_t *refs,
    uint32_t n)
{
    journey_str_t               name;
    const journey_store_t      *store;
    journey_conversion_walk_t  *walk;

    (void) refs;
    (void) n;

    walk = ctx;
    store = walk->a->store;

    walk->person = journey_persons_is(store, visitor);
    walk->hash = 0;
    walk->exempt = 0;
    walk->day = 0;
    walk->counted = 0;
    walk->journeys = 0;
    walk->session = 0;

    if (visitor == 0) {
        return JOURNEY_OK;
    }

    if (!walk->person) {
        name = journey_intern_str(&store->all.visitors, visitor);
        walk->hash = (name.len == 0 || name.data[0] != 'c');
    }

    if (store->all.more) {
        walk->exempt = store->all.firsts[visitor].exempt;
        walk->day = store->all.firsts[visitor].day;
    }

    return JOURNEY_OK;
}


static int
journey_conversion_end(void *ctx)
{
    journey_conversion_walk_t  *walk;

    walk = ctx;

    return journey_survival_estimate(&walk->time->survival,
                                     walk->a->opts->min_visitors);
}


int
journey_conversion_time_init(journey_conversion_time_t *time,
    const journey_analysis_t *a, journey_pass_t *pass)
{
    journey_conversion_walk_t  *walk;

    memset(time, 0, sizeof(journey_conversion_time_t));
    memset(pass, 0, sizeof(journey_pass_t));

    journey_survival_init(&time->survival);

    walk = calloc(1, sizeof(journey_conversion_walk_t));
    if (walk == NULL) {
        return JOURNEY_ERROR;
    }

    time->walk = walk;
    walk->time = time;
    walk->a = a;

    pass->ctx = walk;
    pass->visitor = journey_conversion_visitor;
    pass->journey = journey_conversion_journey;
    pass->end = journey_conversion_end;

    return JOURNEY_OK;
}


void
journey_conversion_time_free(journey_conversion_time_t *time)
{
    journey_survival_free(&time->survival);
    free(time->walk);
}
