
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_loose.h"
#include "journey_persons.h"


/* The highest number of a journey; JOURNEY_DECLINED when no event is loose. */

static int
journey_loose_highest(const journey_store_t *store, const uint32_t *refs,
    uint32_t n, uint32_t *highest)
{
    int            rc;
    uint32_t       i;
    journey_ev_t  *ev;

    rc = JOURNEY_DECLINED;
    *highest = 0;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(store, refs[i]);

        if (ev->flags & JOURNEY_EV_LOOSE) {
            ev->journey = 0;            /* what an earlier call gave it */
            rc = JOURNEY_OK;

        } else {
            *highest = journey_max(*highest, ev->journey);
        }
    }

    return rc;
}


/* A goal that was counted before ends no journey of a person; the cookie of a
 * browser does not know of it, and its next j is one higher. */

static int
journey_loose_completes(const journey_store_t *store, const journey_ev_t *ev)
{
    return (ev->flags & JOURNEY_EV_DONE)
           && (!(ev->flags & JOURNEY_EV_REPEATED)
               || !journey_persons_is(store, ev->visitor));
}


/* Those that waited for a journey have one. */

static void
journey_loose_settle(const journey_store_t *store, const uint32_t *refs,
    uint32_t n, uint32_t journey)
{
    uint32_t       i;
    journey_ev_t  *ev;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(store, refs[i]);

        if ((ev->flags & (JOURNEY_EV_LOOSE|JOURNEY_EV_REPEATED))
            == JOURNEY_EV_LOOSE
            && ev->journey == 0)
        {
            ev->journey = journey;
        }
    }
}


void
journey_loose_place(const journey_store_t *store, const uint32_t *refs,
    uint32_t n)
{
    uint32_t       i, first, open, begun, own;
    journey_ev_t  *ev;

    if (journey_loose_highest(store, refs, n, &own) != JOURNEY_OK) {
        return;
    }

    /* A journey of their own has the next number.  Only a log that is not ours
     * leaves none, and such events are of that log's last journey. */

    own += (own != UINT32_MAX);

    open = 0;                           /* which journey is, 0 for none */
    begun = 0;                          /* the latest one that has */
    first = 0;                          /* from there on some may wait */

    for (i = 0; i < n; i++) {
        ev = journey_store_event(store, refs[i]);

        if (!(ev->flags & JOURNEY_EV_LOOSE)) {

            /* the number stays until the session's end when a journey was
             * completed: only a new one says that one is open */

            if (ev->journey > begun) {
                journey_loose_settle(store, refs + first, i - first,
                                     ev->journey);
                begun = ev->journey;
                open = begun;
            }

            if (ev->journey == open && journey_loose_completes(store, ev)) {
                open = 0;
                first = i + 1;
            }

            continue;
        }

        if (ev->flags & JOURNEY_EV_REPEATED) {
            continue;
        }

        ev->journey = open;

        if (!(ev->flags & JOURNEY_EV_DONE)) {
            continue;
        }

        if (open == 0) {
            journey_loose_settle(store, refs + first, i + 1 - first, own);
            own += (own != UINT32_MAX);
        }

        open = 0;
        first = i + 1;
    }

    if (open == 0) {
        journey_loose_settle(store, refs + first, n - first, own);
    }
}
