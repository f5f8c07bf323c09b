
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Events that name no journey: which one they are given.
 */


#include "journey_loose.h"

#include "tap.h"


#define EVENTS  16


/*
 * A visitor's events in the order of time, a word each: "1" a page of journey
 * 1, "1!" a goal that completes it, "-" a page of no journey; "t" an offline
 * touch, "g" an offline goal, "g!" one that completes, "r!" one that was
 * counted before.  What they are given is told in the same form, twice, for
 * the tables are counted anew when rows are folded.
 */

static void
places(const char *events, const char *want, const char *name)
{
    char             got[256];
    size_t           len;
    uint32_t         i, n, refs[EVENTS];
    unsigned         twice;
    const char      *p;
    journey_ev_t     evs[EVENTS], *chunk, *ev;
    journey_store_t  store;

    memset(&store, 0, sizeof(journey_store_t));
    memset(evs, 0, sizeof(evs));

    chunk = evs;
    store.chunks = &chunk;

    for (p = events, n = 0; *p != '\0' && n < EVENTS; n++) {
        ev = &evs[n];
        refs[n] = n;
        ev->t = n;
        ev->visitor = 1;
        ev->kind = JOURNEY_EVENT_PAGE;

        if (*p == 't' || *p == 'g' || *p == 'r') {
            ev->flags = JOURNEY_EV_LOOSE;
            ev->flags |= (*p == 'r') ? JOURNEY_EV_REPEATED : 0;
            ev->kind = (*p == 't') ? JOURNEY_EVENT_OFFLINE
                                   : JOURNEY_EVENT_GOAL;
            p++;

        } else if (*p == '-') {
            p++;

        } else {
            ev->journey = (uint32_t) strtoul(p, (char **) &p, 10);
        }

        if (*p == '!') {
            ev->flags |= JOURNEY_EV_DONE;
            ev->kind = JOURNEY_EVENT_GOAL;
            p++;
        }

        p += (*p == ' ');
    }

    for (twice = 0; twice < 2; twice++) {
        journey_loose_place(&store, refs, n);

        for (i = 0, len = 0; i < n; i++) {
            len += (size_t) snprintf(got + len, sizeof(got) - len, "%s%lu",
                                     i ? " " : "",
                                     (unsigned long) evs[i].journey);
        }

        is_str(((journey_str_t) { len, (u_char *) got }), want, name);
    }
}


int
main(void)
{
    places("1 1 2", "1 1 2", "nothing is loose");

    places("1 t 1", "1 1 1", "the open journey");
    places("1 1! 1 t 2", "1 1 1 2 2", "completed before: the next one");
    places("1 1! 1 t", "1 1 1 2", "completed, and no other: one of its own");
    places("1 1! t t", "1 1 2 2", "the same one for both");
    places("t 1", "1 1", "before the first one: that one");
    places("t t", "1 1", "nothing but offline events");
    places("- t -", "0 1 0", "pages of no journey are no journey");
    places("1 t 2 t", "1 1 2 2", "the former one's end is not in the log");
    places("3 t 1 t", "3 3 1 3", "an earlier number does not begin again");
    places("1 1! 1 t 1 t 2 2! t 3", "1 1 1 2 1 2 2 2 3 3",
           "the number goes on until the session's end");

    places("1 g 1", "1 1 1", "a goal");
    places("1 g! t 2", "1 1 2 2", "a goal that completes");
    places("1 g! t", "1 1 2", "and no other follows");
    places("1 g! t 1 t 2", "1 1 2 1 2 2",
           "the browser does not know of it and goes on");
    places("t g! 1", "2 2 1", "completed before any page: one of its own");
    places("t g! t g! t", "1 1 2 2 3", "one after another");
    places("t g 1", "1 1 1", "not completed: the next one");
    places("1 1! g!", "1 1 2", "nothing is open: one of its own");
    places("1 1! g", "1 1 2", "nor does it have to complete");
    places("1 1! t g! t 2", "1 1 3 3 2 2", "between two");

    places("1 r! t 1", "1 0 1 1", "counted before: it completes nothing");
    places("t r! 1", "1 0 1", "nor what waits");
    places("r!", "0", "nor is it a journey");
    places("1 1! r! 2", "1 1 0 2", "nor is it of the next");

    places("4294967295 4294967295! t t g!",
           "4294967295 4294967295 4294967295 4294967295 4294967295",
           "no number is left");

    return done();
}
