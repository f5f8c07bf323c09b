
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_places.h"
#include "journey_fold.h"
#include "journey_order.h"

#include <stdlib.h>


/* What is counted at most once for a place: the index of its generation. */

#define JOURNEY_PLACE_VISITOR  0
#define JOURNEY_PLACE_SESSION  1
#define JOURNEY_PLACE_JOURNEY  2


typedef struct {
    journey_places_t          *places;
    const journey_analysis_t  *a;
    journey_order_t            order;
    uint64_t                   gen;
} journey_places_walk_t;


void
journey_places_name(const journey_places_t *places, uint32_t number,
    journey_str_t *names)
{
    u_char         *p, *end, *last;
    unsigned        i;
    journey_str_t   key;

    key = journey_intern_str(&places->keys, number);
    p = key.data;
    last = key.data + key.len;

    for (i = 0; i < 3; i++) {
        end = (p < last) ? memchr(p, '\0', (size_t) (last - p)) : last;
        end = (end == NULL) ? last : end;

        names[i].data = p;
        names[i].len = (size_t) (end - p);

        p = (end < last) ? end + 1 : last;
    }
}


/* The store's places by their first parts. */

static int
journey_places_init(journey_places_t *places, const journey_store_t *store,
    unsigned parts)
{
    u_char         *p;
    size_t          len;
    uint32_t        i;
    unsigned        n;
    journey_str_t   place;

    places->number = calloc(store->all.places.n, sizeof(uint32_t));

    if (places->number == NULL
        || journey_intern_init(&places->keys, store->all.names.seed)
           != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    for (i = 1; i < store->all.places.n; i++) {
        place = journey_intern_str(&store->all.places, i);

        for (len = 0, n = 0; len < place.len; len++) {
            p = &place.data[len];

            if (*p == '\0' && ++n == parts) {
                break;
            }
        }

        places->number[i] = journey_intern(&places->keys, place.data, len);
    }

    if (places->keys.no_memory) {
        return JOURNEY_ERROR;
    }

    places->other = places->keys.n;
    places->n = places->keys.n + 1;

    places->places = malloc(places->n * sizeof(journey_place_t));

    return (places->places == NULL) ? JOURNEY_ERROR : JOURNEY_OK;
}


static inline journey_place_t *
journey_places_of(const journey_places_t *places, const journey_store_t *store,
    uint32_t ref)
{
    uint32_t  number;

    number = places->number[journey_store_more(store, ref)->place];

    return &places->places[journey_fold_row(places->row, number)];
}


/* Counts n events as one for each place that they have, for the unknown one
 * when they have none. */

static void
journey_places_once(journey_places_walk_t *walk, const uint32_t *refs,
    uint32_t n, unsigned what)
{
    uint32_t                i;
    unsigned                known;
    journey_place_t        *place;
    const journey_store_t  *store;

    store = walk->a->store;
    known = 0;
    walk->gen++;

    for (i = 0; i <= n; i++) {

        if (i == n) {
            if (known) {
                break;
            }

            place = &walk->places->places[journey_fold_row(walk->places->row,
                                                           0)];

        } else if (journey_store_more(store, refs[i])->place == 0) {
            continue;

        } else {
            place = journey_places_of(walk->places, store, refs[i]);
            known = 1;
        }

        if (place->gens[what] == walk->gen) {
            continue;
        }

        place->gens[what] = walk->gen;
        place->visitors += (what == JOURNEY_PLACE_VISITOR);
        place->sessions += (what == JOURNEY_PLACE_SESSION);
        place->journeys += (what == JOURNEY_PLACE_JOURNEY);
    }
}


static void
journey_places_visitor(journey_places_walk_t *walk, const uint32_t *refs,
    uint32_t n)
{
    uint32_t                first, len;
    unsigned                by_journey;
    journey_ev_t           *ev;
    const uint32_t         *order;
    const journey_store_t  *store;

    store = walk->a->store;

    journey_places_once(walk, refs, n, JOURNEY_PLACE_VISITOR);

    for (by_journey = 0; by_journey <= 1; by_journey++) {
        order = journey_order_by(&walk->order, store, refs, n, by_journey);

        for (first = 0; first < n; first += len) {
            len = journey_order_run(store, order + first, n - first,
                                    by_journey);
            ev = journey_store_event(store, order[first]);

            if (by_journey ? ev->journey == 0
                : ev->session == 0 || (ev->flags & JOURNEY_EV_CONTINUED))
            {
                continue;
            }

            journey_places_once(walk, order + first, len,
                                by_journey ? JOURNEY_PLACE_JOURNEY
                                           : JOURNEY_PLACE_SESSION);
        }
    }
}


static void
journey_places_goals(journey_places_walk_t *walk)
{
    uint32_t                  i;
    journey_ev_t             *ev;
    journey_place_t          *place;
    const journey_store_t    *store;
    const journey_goal_ev_t  *goal;

    store = walk->a->store;

    for (i = 0; i < store->ngoals; i++) {
        ev = journey_store_event(store, store->goals[i]);

        if (!journey_goals_converts(walk->a, ev)) {
            continue;
        }

        goal = &store->all.goals[ev->goal - 1];
        place = journey_places_of(walk->places, store, store->goals[i]);

        place->conversions++;

        if (goal->has_value && goal->currency == walk->a->currency) {
            place->value += goal->value;
        }
    }
}


static int
journey_places_seen(const void *ctx, uint32_t i, uint64_t *visitors)
{
    const journey_places_t  *places;

    places = ctx;
    *visitors = places->places[i].visitors;

    return places->places[i].visitors != 0
           || places->places[i].conversions != 0;
}


static int
journey_places_window(journey_places_walk_t *walk)
{
    int                     rc;
    uint32_t                i, n;
    const journey_store_t  *store;

    store = walk->a->store;
    rc = journey_order_init(&walk->order, store);

    for (i = 1; i < store->nvisitors && rc == JOURNEY_OK; i++) {
        n = store->visitors[i + 1] - store->visitors[i];

        if (n != 0) {
            journey_places_visitor(walk, store->order + store->visitors[i], n);
        }
    }

    journey_places_goals(walk);
    journey_order_free(&walk->order);

    return rc;
}


int
journey_places_count(journey_places_t *places, const journey_analysis_t *a,
    unsigned parts)
{
    int                     rc;
    journey_places_walk_t   walk;

    memset(places, 0, sizeof(journey_places_t));
    memset(&walk, 0, sizeof(journey_places_walk_t));

    walk.places = places;
    walk.a = a;

    rc = journey_places_init(places, a->store, parts);

    while (rc == JOURNEY_OK) {
        memset(places->places, 0, places->n * sizeof(journey_place_t));

        journey_analysis_rewind(a);

        while ((rc = journey_analysis_next(a)) == JOURNEY_OK) {
            if (journey_places_window(&walk) != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }
        }

        if (rc == JOURNEY_ERROR) {
            return JOURNEY_ERROR;
        }

        rc = (a->opts->min_visitors == 0) ? JOURNEY_DECLINED
             : journey_fold_few(&places->row, places->n, places->other,
                                a->opts->min_visitors, journey_places_seen,
                                places, &places->keys);
    }

    return rc == JOURNEY_DECLINED ? JOURNEY_OK : rc;
}


void
journey_places_free(journey_places_t *places)
{
    journey_intern_free(&places->keys);

    free(places->places);
    free(places->row);
    free(places->number);
}
