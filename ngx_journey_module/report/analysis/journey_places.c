
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_places.h"
#include "journey_fold.h"

#include <stdlib.h>


/* What is counted at most once for a place: the index of its generation. */

#define JOURNEY_PLACE_VISITOR  0
#define JOURNEY_PLACE_SESSION  1
#define JOURNEY_PLACE_JOURNEY  2


typedef struct journey_places_walk_s {
    journey_places_t          *places;
    const journey_analysis_t  *a;
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
journey_places_names(journey_places_t *places, const journey_store_t *store,
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

    places->places = calloc(places->n, sizeof(journey_place_t));

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


static int
journey_places_visitor(void *ctx, uint32_t visitor, const uint32_t *refs,
    uint32_t n)
{
    if (visitor != 0) {
        journey_places_once(ctx, refs, n, JOURNEY_PLACE_VISITOR);
    }

    return JOURNEY_OK;
}


static int
journey_places_session(void *ctx, const uint32_t *refs, uint32_t n)
{
    const journey_ev_t     *ev;
    journey_places_walk_t  *walk;

    walk = ctx;
    ev = journey_store_event(walk->a->store, refs[0]);

    if (ev->session != 0 && !(ev->flags & JOURNEY_EV_CONTINUED)) {
        journey_places_once(walk, refs, n, JOURNEY_PLACE_SESSION);
    }

    return JOURNEY_OK;
}


static int
journey_places_journey(void *ctx, const uint32_t *refs, uint32_t n)
{
    journey_places_walk_t  *walk;

    walk = ctx;

    if (journey_store_event(walk->a->store, refs[0])->journey != 0) {
        journey_places_once(walk, refs, n, JOURNEY_PLACE_JOURNEY);
    }

    return JOURNEY_OK;
}


static int
journey_places_goals(void *ctx)
{
    uint32_t                  i;
    journey_ev_t             *ev;
    journey_place_t          *place;
    journey_places_walk_t    *walk;
    const journey_store_t    *store;
    const journey_goal_ev_t  *goal;

    walk = ctx;
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

    return JOURNEY_OK;
}


/* A session without a place may be of a visitor who has one in another. */

int
journey_places_counted(const journey_places_t *places, uint32_t i)
{
    const journey_place_t  *place;

    place = &places->places[i];

    return place->visitors != 0 || place->sessions != 0
           || place->journeys != 0 || place->conversions != 0;
}


static int
journey_places_seen(const void *ctx, uint32_t i, uint64_t *visitors)
{
    const journey_places_t  *places;

    places = ctx;
    *visitors = places->places[i].visitors;

    return journey_places_counted(places, i);
}


static int
journey_places_end(void *ctx)
{
    int                     rc;
    journey_places_t       *places;
    journey_places_walk_t  *walk;

    walk = ctx;
    places = walk->places;

    rc = (walk->a->opts->min_visitors == 0) ? JOURNEY_DECLINED
         : journey_fold_few(&places->row, places->n, places->other,
                            walk->a->opts->min_visitors, journey_places_seen,
                            places, &places->keys);

    if (rc == JOURNEY_OK) {
        memset(places->places, 0, places->n * sizeof(journey_place_t));
        return JOURNEY_AGAIN;
    }

    return rc == JOURNEY_DECLINED ? JOURNEY_OK : rc;
}


int
journey_places_init(journey_places_t *places, const journey_analysis_t *a,
    unsigned parts, journey_pass_t *pass)
{
    journey_places_walk_t  *walk;

    memset(places, 0, sizeof(journey_places_t));

    walk = calloc(1, sizeof(journey_places_walk_t));
    if (walk == NULL) {
        return JOURNEY_ERROR;
    }

    places->walk = walk;
    walk->places = places;
    walk->a = a;

    if (journey_places_names(places, a->store, parts) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    memset(pass, 0, sizeof(journey_pass_t));

    pass->ctx = walk;
    pass->window = journey_places_goals;
    pass->visitor = journey_places_visitor;
    pass->session = journey_places_session;
    pass->journey = journey_places_journey;
    pass->end = journey_places_end;

    return JOURNEY_OK;
}


void
journey_places_free(journey_places_t *places)
{
    journey_intern_free(&places->keys);

    free(places->walk);
    free(places->places);
    free(places->row);
    free(places->number);
}
