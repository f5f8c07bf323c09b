
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Passes over the events: what each is called with and in which order, those
 * that go on beside those that are done, windows of spilled events, and what
 * fails.
 */


#include "journey_pass.h"
#include "journey_load.h"
#include "tap.h"

#include <unistd.h>


#define VISITORS  3000


/* What a pass saw. */

typedef struct {
    const journey_store_t  *store;
    unsigned                passes;     /* that it wants */
    unsigned                done;
    unsigned                windows;
    unsigned                fails;      /* in this call of visitor() */

    uint64_t                visitors;
    uint64_t                sessions;
    uint64_t                journeys;
    uint64_t                events;     /* of visitors */
    uint64_t                in_sessions;
    uint64_t                in_journeys;
    uint64_t                nobody;
    unsigned                wrong;      /* calls that must not be */

    uint32_t                visitor;    /* the latest */
    unsigned                stage;      /* 1 visitor, 2 session, 3 journey */
} seen_t;


static int
see_window(void *ctx)
{
    seen_t  *seen;

    seen = ctx;
    seen->windows++;
    seen->stage = 0;

    return JOURNEY_OK;
}


static int
see_visitor(void *ctx, uint32_t visitor, const uint32_t *refs, uint32_t n)
{
    uint32_t   i;
    seen_t    *seen;

    seen = ctx;

    for (i = 0; i < n; i++) {
        seen->wrong += (journey_store_event(seen->store, refs[i])->visitor
                        != visitor);
        seen->wrong += (i != 0
                        && journey_store_event(seen->store, refs[i - 1])->t
                           > journey_store_event(seen->store, refs[i])->t);
    }

    seen->wrong += (n == 0);
    seen->visitor = visitor;
    seen->stage = 1;

    if (visitor == 0) {
        seen->nobody += n;
        return JOURNEY_OK;
    }

    seen->visitors++;
    seen->events += n;

    return (seen->fails != 0 && --seen->fails == 0) ? JOURNEY_ERROR
                                                    : JOURNEY_OK;
}


static int
see_session(void *ctx, const uint32_t *refs, uint32_t n)
{
    uint32_t             i;
    seen_t              *seen;
    const journey_ev_t  *ev, *first;

    seen = ctx;
    first = journey_store_event(seen->store, refs[0]);

    for (i = 0; i < n; i++) {
        ev = journey_store_event(seen->store, refs[i]);
        seen->wrong += (ev->visitor != seen->visitor
                        || ev->session != first->session);
    }

    seen->wrong += (seen->stage > 2 || seen->visitor == 0);
    seen->stage = 2;
    seen->sessions += (first->session != 0);
    seen->in_sessions += n;

    return JOURNEY_OK;
}


static int
see_journey(void *ctx, const uint32_t *refs, uint32_t n)
{
    uint32_t             i;
    seen_t              *seen;
    const journey_ev_t  *ev, *first;

    seen = ctx;
    first = journey_store_event(seen->store, refs[0]);

    for (i = 0; i < n; i++) {
        ev = journey_store_event(seen->store, refs[i]);
        seen->wrong += (ev->visitor != seen->visitor
                        || ev->journey != first->journey);
    }

    seen->wrong += (seen->visitor == 0);
    seen->stage = 3;
    seen->journeys += (first->journey != 0);
    seen->in_journeys += n;

    return JOURNEY_OK;
}


static int
see_end(void *ctx)
{
    seen_t  *seen;

    seen = ctx;

    return ++seen->done < seen->passes ? JOURNEY_AGAIN : JOURNEY_OK;
}


static int
fail_end(void *ctx)
{
    (void) ctx;

    return JOURNEY_ERROR;
}


static void
pass_init(journey_pass_t *pass, seen_t *seen, const journey_store_t *store,
    unsigned passes)
{
    memset(seen, 0, sizeof(seen_t));

    seen->store = store;
    seen->passes = passes;

    pass->ctx = seen;
    pass->window = see_window;
    pass->visitor = see_visitor;
    pass->session = see_session;
    pass->journey = see_journey;
    pass->end = see_end;
}


/* Each visitor has two sessions that overlap, and two journeys, the first of
 * one event of each session; every tenth line is of nobody. */

static const char *
write_log(void)
{
    int          i;
    FILE        *file;
    static char  path[] = "/tmp/journey-pass-XXXXXX";

    file = fdopen(mkstemp(path), "w");

    for (i = 0; i < VISITORS * 4; i++) {
        fprintf(file, "{\"t\":%llu,\"v\":\"c%016d\",\"j\":%d,\"s\":%d,"
                "\"k\":\"page\",\"h\":\"shop.example\",\"p\":\"/%d\"}\n",
                1795321780000ULL + (unsigned) i, i % VISITORS,
                i / VISITORS / 2 + 1, i / VISITORS % 2 + 1, i % 7);

        if (i % 10 == 0) {
            fprintf(file, "{\"t\":%llu,\"v\":\"\",\"j\":0,\"s\":0,"
                    "\"k\":\"goal\",\"h\":\"shop.example\",\"p\":\"/\","
                    "\"goal\":\"buy\"}\n", 1795321780000ULL + (unsigned) i);
        }
    }

    fclose(file);

    return path;
}


static void
check(const seen_t *seen, unsigned passes, const char *name)
{
    is_int(seen->done, passes, name);
    is_int(seen->visitors, passes * VISITORS, "visitors");
    is_int(seen->events, passes * VISITORS * 4, "their events");
    is_int(seen->sessions, passes * VISITORS * 2, "sessions");
    is_int(seen->in_sessions, seen->events, "events in sessions");
    is_int(seen->journeys, passes * VISITORS * 2, "journeys");
    is_int(seen->in_journeys, seen->events, "events in journeys");
    is_int(seen->nobody, passes * VISITORS * 4 / 10, "events of nobody");
    is_int(seen->wrong, 0, "nothing else");
}


static void
run(const char *path, uint64_t memory, unsigned spilled)
{
    int                  rc;
    seen_t               seen[3];
    unsigned             windows;
    const char          *files[1];
    journey_pass_t       passes[3];
    journey_store_t      store;
    journey_damage_t     damage;
    journey_options_t    opts;
    journey_analysis_t   a;

    memset(&a, 0, sizeof(journey_analysis_t));
    memset(&opts, 0, sizeof(journey_options_t));

    files[0] = path;
    opts.args = (char **) files;
    opts.nargs = 1;
    opts.memory = memory;
    opts.until = UINT64_MAX;
    opts.idle = 30 * 86400000ULL;
    opts.lookback = 90 * 86400000ULL;

    rc = journey_load(&store, &opts, &damage);
    ok(rc == JOURNEY_OK && damage.bad_lines == 0, "loaded");
    ok(journey_analyse(&a, &store, &opts, NULL) == JOURNEY_OK, "analysed");

    /* one is done, one goes on, one is done behind it */

    pass_init(&passes[0], &seen[0], &store, 1);
    pass_init(&passes[1], &seen[1], &store, 3);
    pass_init(&passes[2], &seen[2], &store, 2);

    ok(journey_pass(&a, passes, 3) == JOURNEY_OK, "three passes");

    check(&seen[0], 1, "the first is called once");
    check(&seen[1], 3, "the second three times");
    check(&seen[2], 2, "the third twice");

    windows = seen[0].windows;
    ok(spilled ? windows > 1 : windows == 1, "%u windows", windows);
    is_int(seen[1].windows, 3 * windows, "each time");

    /* what is not wanted is not called */

    pass_init(&passes[0], &seen[0], &store, 1);
    passes[0].window = NULL;
    passes[0].visitor = NULL;
    passes[0].session = NULL;
    passes[0].end = NULL;

    pass_init(&passes[1], &seen[1], &store, 1);
    passes[1].journey = NULL;

    ok(journey_pass(&a, passes, 2) == JOURNEY_OK, "of few handlers");
    is_int(seen[0].windows + seen[0].visitors + seen[0].sessions
           + seen[0].done, 0, "none but the journeys");
    is_int(seen[0].journeys, VISITORS * 2, "journeys");
    is_int(seen[1].journeys, 0, "no journeys");
    is_int(seen[1].sessions, VISITORS * 2, "sessions");

    ok(journey_pass(&a, passes, 0) == JOURNEY_OK, "of none");

    /* what fails ends all, at once */

    pass_init(&passes[0], &seen[0], &store, 1);
    pass_init(&passes[1], &seen[1], &store, 1);
    seen[0].fails = 7;

    ok(journey_pass(&a, passes, 2) == JOURNEY_ERROR, "one that fails");
    is_int(seen[0].visitors, 7, "ends it");
    is_int(seen[1].visitors, 6, "for the other, too");
    is_int(seen[1].done, 0, "which is not at its end");

    pass_init(&passes[0], &seen[0], &store, 1);
    passes[0].end = fail_end;
    ok(journey_pass(&a, passes, 1) == JOURNEY_ERROR, "an end that fails");

    journey_analysis_free(&a);
    journey_store_free(&store);
}


int
main(void)
{
    const char  *path;

    path = write_log();

    run(path, 1ULL << 40, 0);
    run(path, 1, 1);

    (void) unlink(path);

    return done();
}
