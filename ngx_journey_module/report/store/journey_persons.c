
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_persons.h"

#include <stdlib.h>


typedef struct {
    journey_store_t  *store;
    uint32_t         *refs;             /* the visitor's events, by time */
    uint32_t          n;
    uint32_t         *persons;          /* of each of them */
    uint64_t         *keys;             /* session, place in refs */
    uint32_t         *tmp;
} journey_stitch_t;

/* The journey of a session, as far as it is a person's. */

typedef struct {
    uint32_t          person;
    uint32_t          journey;
} journey_persons_session_t;


static int
journey_persons_key_cmp(const void *one, const void *two)
{
    const uint64_t  *a, *b;

    a = one;
    b = two;

    return *a < *b ? -1 : *a > *b;
}


/* The last user of the visitor's events, in the order that they are in; 0
 * without any. */

static uint32_t
journey_persons_last(const journey_stitch_t *stitch)
{
    uint32_t  i;

    for (i = stitch->n; i > 0; i--) {
        if (stitch->store->users[stitch->refs[i - 1]] != 0) {
            return stitch->store->users[stitch->refs[i - 1]];
        }
    }

    return 0;
}


/* Whose each event is; known from the end on. */

static void
journey_persons_whose(journey_stitch_t *stitch)
{
    uint32_t  i, user, next;

    next = journey_persons_last(stitch);

    for (i = stitch->n; i > 0; i--) {
        user = stitch->store->users[stitch->refs[i - 1]];
        next = user ? user : next;

        stitch->persons[i - 1] = stitch->store->persons + next - 1;
    }
}


/* Sees where j goes up although the input has no goal that made it do so. */

static void
journey_persons_jumps(journey_stitch_t *stitch)
{
    uint32_t       i, journey, person;
    unsigned       done;
    journey_ev_t  *ev;

    journey = 0;
    person = 0;
    done = 0;

    for (i = 0; i < stitch->n; i++) {
        ev = journey_store_event(stitch->store, stitch->refs[i]);

        if (ev->flags & JOURNEY_EV_LOOSE) {
            continue;
        }

        if (ev->journey > journey) {
            if (journey != 0 && !done && stitch->persons[i] == person) {
                ev->flags |= JOURNEY_EV_JUMPED;
            }

            journey = ev->journey;
            done = 0;
        }

        done |= ev->flags & JOURNEY_EV_DONE;
        person = stitch->persons[i];
    }
}


/* A session gets its number.  When several persons were there it is the one's
 * who saw its first page, and its exit the one's who saw its last. */

static void
journey_persons_session(journey_stitch_t *stitch, const uint64_t *keys,
    uint32_t n)
{
    uint32_t       i, k, first, last;
    journey_ev_t  *ev;

    first = last = (uint32_t) keys[0];
    k = 0;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(stitch->store,
                                 stitch->refs[(uint32_t) keys[i]]);

        if (ev->kind == JOURNEY_EVENT_PAGE) {
            first = k++ ? first : (uint32_t) keys[i];
            last = (uint32_t) keys[i];
        }
    }

    stitch->store->nsessions++;

    for (i = 0; i < n; i++) {
        k = (uint32_t) keys[i];
        ev = journey_store_event(stitch->store, stitch->refs[k]);

        ev->session = stitch->store->nsessions;

        if (stitch->persons[k] != stitch->persons[first]) {
            ev->flags |= JOURNEY_EV_CONTINUED;
        }

        if (stitch->persons[k] != stitch->persons[last]) {
            ev->flags |= JOURNEY_EV_LEFT;
        }
    }
}


/* A person is known since the first of the browsers is. */

static void
journey_persons_first(journey_store_t *store, uint32_t visitor,
    uint32_t person)
{
    journey_first_t        *to;
    const journey_first_t  *from;

    from = &store->all.firsts[visitor];
    to = &store->all.firsts[person];

    to->exempt |= from->exempt;

    if (from->day != 0 && (to->day == 0 || from->day < to->day)) {
        to->day = from->day;
    }
}


static void
journey_persons_visitor(journey_stitch_t *stitch)
{
    uint32_t       i, first;
    journey_ev_t  *ev;

    journey_store_sort(stitch->store, stitch->refs, stitch->n, stitch->tmp);
    journey_persons_whose(stitch);
    journey_persons_jumps(stitch);

    for (i = 0; i < stitch->n; i++) {
        ev = journey_store_event(stitch->store, stitch->refs[i]);

        if (stitch->store->all.more) {
            journey_persons_first(stitch->store, ev->visitor,
                                  stitch->persons[i]);
        }

        ev->visitor = stitch->persons[i];
        stitch->keys[i] = (uint64_t) ev->session << 32 | i;
    }

    qsort(stitch->keys, stitch->n, sizeof(uint64_t), journey_persons_key_cmp);

    for (first = 0; first < stitch->n; first = i) {

        for (i = first + 1; i < stitch->n; i++) {
            if (stitch->keys[i] >> 32 != stitch->keys[first] >> 32) {
                break;
            }
        }

        if (stitch->keys[first] >> 32 != 0) {
            journey_persons_session(stitch, stitch->keys + first, i - first);
        }
    }
}


/* Events without a visitor, which a user id makes a person's. */

static void
journey_persons_nobody(journey_store_t *store)
{
    uint32_t  i, user;

    for (i = 0; i < store->visitors[1]; i++) {
        user = store->users[store->order[i]];

        if (user != 0) {
            journey_store_event(store, store->order[i])->visitor
                = store->persons + user - 1;
        }
    }
}


int
journey_persons_stitch(journey_store_t *store)
{
    int               rc;
    uint32_t          i, n, most;
    journey_stitch_t  stitch;

    for (i = 1, most = 1; i < store->persons; i++) {
        n = store->visitors[i + 1] - store->visitors[i];
        most = journey_max(most, n);
    }

    stitch.store = store;
    stitch.persons = malloc(most * sizeof(uint32_t));
    stitch.keys = malloc(most * sizeof(uint64_t));
    stitch.tmp = malloc(most * sizeof(uint32_t));

    rc = (stitch.persons == NULL || stitch.keys == NULL || stitch.tmp == NULL)
         ? JOURNEY_ERROR : JOURNEY_OK;

    for (i = 1; i < store->persons && rc == JOURNEY_OK; i++) {
        stitch.refs = store->order + store->visitors[i];
        stitch.n = store->visitors[i + 1] - store->visitors[i];

        if (journey_persons_last(&stitch) != 0) {
            store->nlinked++;
            journey_persons_visitor(&stitch);
        }
    }

    if (rc == JOURNEY_OK) {
        journey_persons_nobody(store);
    }

    free(stitch.persons);
    free(stitch.keys);
    free(stitch.tmp);

    return rc;
}


static void
journey_persons_person(journey_store_t *store,
    journey_persons_session_t *sessions, const uint32_t *refs, uint32_t n)
{
    uint32_t                    i, journey;
    unsigned                    done;
    journey_ev_t               *ev;
    journey_persons_session_t  *session;

    journey = 0;
    done = 0;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(store, refs[i]);

        if (!(ev->flags & JOURNEY_EV_LOOSE)) {
            session = &sessions[ev->session];

            if (session->person != ev->visitor) {

                if (journey == 0 || done || (ev->flags & JOURNEY_EV_JUMPED)) {
                    journey++;
                    done = 0;
                }

                session->person = ev->visitor;
                session->journey = journey;
            }

            ev->journey = session->journey;
        }

        if ((ev->flags & (JOURNEY_EV_DONE|JOURNEY_EV_REPEATED))
            == JOURNEY_EV_DONE)
        {
            done = 1;
        }
    }
}


int
journey_persons_journeys(journey_store_t *store)
{
    uint32_t                    i, n, most, *tmp, *refs;
    journey_persons_session_t  *sessions;

    if (store->persons == store->nvisitors) {
        return JOURNEY_OK;
    }

    for (i = store->persons, most = 1; i < store->nvisitors; i++) {
        n = store->visitors[i + 1] - store->visitors[i];
        most = journey_max(most, n);
    }

    tmp = malloc(most * sizeof(uint32_t));
    sessions = calloc((size_t) store->nsessions + 1,
                      sizeof(journey_persons_session_t));

    if (tmp == NULL || sessions == NULL) {
        free(tmp);
        free(sessions);
        return JOURNEY_ERROR;
    }

    for (i = store->persons; i < store->nvisitors; i++) {
        refs = store->order + store->visitors[i];
        n = store->visitors[i + 1] - store->visitors[i];

        journey_store_sort(store, refs, n, tmp);
        journey_persons_person(store, sessions, refs, n);
    }

    free(tmp);
    free(sessions);

    return JOURNEY_OK;
}
