
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What joins and user ids make of events by hand, the same in memory and
 * spilled; the files of what is spilled, and reading them again.
 */


#include "journey_spill_file.h"
#include "journey_analysis.h"
#include "journey_persons.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>


/* An event by hand. */

typedef struct {
    uint64_t      t;
    const char   *visitor;
    const char   *user;
    const char   *previous;
    unsigned      journey;
    unsigned      session;
    unsigned      kind;
    unsigned      done;
    unsigned      exempt;
} made_t;


static journey_str_t
str(const char *text)
{
    journey_str_t  s;

    s.data = (u_char *) text;
    s.len = text ? strlen(text) : 0;

    return s;
}


static void
page(journey_record_t *r, uint64_t t, const char *visitor)
{
    memset(r, 0, sizeof(journey_record_t));

    r->time = t;
    r->kind = JOURNEY_EVENT_PAGE;
    r->host = str("shop.example");
    r->path = str("/");
    r->visitor = str(visitor);
    r->journey = visitor ? 1 : 0;
    r->session = visitor ? 1 : 0;
}


static int
start(journey_store_t *store, unsigned nparts, uint64_t memory)
{
    return (journey_store_init(store, nparts, 1) == JOURNEY_OK
            && journey_spill_create(store, memory) == JOURNEY_OK)
           ? JOURNEY_OK : JOURNEY_ERROR;
}


/* A store of events by hand; with memory 0 each is written at once. */

static int
made(journey_store_t *store, const made_t *events, unsigned n, uint64_t memory)
{
    unsigned          i;
    journey_record_t  r;

    if (start(store, 2, memory) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < n; i++) {
        page(&r, events[i].t, events[i].visitor);

        r.kind = events[i].kind;
        r.user = str(events[i].user);
        r.previous = str(events[i].previous);
        r.journey = events[i].journey;
        r.session = events[i].session;
        r.done = events[i].done;
        r.basis = events[i].exempt ? 'e' : 'c';

        if (r.kind == JOURNEY_EVENT_GOAL) {
            r.goal = str("buy");
        }

        if (journey_spill_job(store, i & 1, i) != JOURNEY_OK
            || journey_part_add(&store->parts[i & 1], &r) != JOURNEY_OK
            || journey_store_run(store, i & 1,
                                 store->parts[i & 1].nevents - 1, 1)
               != JOURNEY_OK
            || journey_spill_check(store, i & 1) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return journey_store_merge(store);
}


/* The window with a visitor or person; its number, 0 when there is none. */

static uint32_t
find(journey_store_t *store, const char *name)
{
    uint32_t       i, tmp[16];
    journey_str_t  s;

    journey_store_rewind(store);

    while (journey_store_next(store) == JOURNEY_OK) {

        if (store->fresh) {
            store->fresh = 0;
            (void) journey_goals_mark(store);
            (void) journey_persons_journeys(store);
        }

        for (i = 1; i < store->nvisitors; i++) {
            s = journey_persons_is(store, i)
                ? journey_intern_str(&store->all.users, i - store->persons + 1)
                : journey_intern_str(&store->all.visitors, i);

            if (s.len == strlen(name) && memcmp(s.data, name, s.len) == 0
                && store->visitors[i + 1] != store->visitors[i])
            {
                journey_store_sort(store, store->order + store->visitors[i],
                                   store->visitors[i + 1]
                                   - store->visitors[i], tmp);
                return i;
            }
        }
    }

    return 0;
}


/* Event number n of visitor i. */

static const journey_ev_t *
nth(const journey_store_t *store, uint32_t i, unsigned n)
{
    return journey_store_event(store, store->order[store->visitors[i] + n]);
}


#define count(store, i)  ((store)->visitors[(i) + 1] - (store)->visitors[i])


static void
joins(uint64_t memory)
{
    uint32_t         i;
    journey_store_t  store;

    static const made_t  events[] = {
        { 150, "h", NULL, NULL, 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
        { 250, "h", NULL, NULL, 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
        { 100, "h", NULL, NULL, 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
        { 200, "c2", NULL, "h", 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
        { 100, "c1", NULL, "h", 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
        { 100, "c0", NULL, "g", 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
        { 100, "cz", NULL, "g", 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
        { 90, "g", NULL, NULL, 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
        { 70, "s", NULL, NULL, 1, 1, JOURNEY_EVENT_GOAL, 0, 0 },
        { 70, "s", NULL, NULL, 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
    };

    ok(made(&store, events, 10, memory) == JOURNEY_OK, "joins");

    i = find(&store, "c1");
    ok(i != 0 && count(&store, i) == 2 && nth(&store, i, 0)->t == 100
       && nth(&store, i, 1)->t == 100, "at the moment of going on");

    i = find(&store, "c2");
    ok(i != 0 && count(&store, i) == 2 && nth(&store, i, 0)->t == 150,
       "the next one who goes on");

    i = find(&store, "h");
    ok(i != 0 && count(&store, i) == 1 && nth(&store, i, 0)->t == 250,
       "nobody goes on");

    i = find(&store, "c0");
    ok(i != 0 && count(&store, i) == 2, "of two the first by name");

    i = find(&store, "s");
    ok(i != 0 && count(&store, i) == 2
       && nth(&store, i, 0)->kind == JOURNEY_EVENT_PAGE,
       "a page before its goal");

    journey_store_free(&store);
}


static void
persons(uint64_t memory)
{
    int              k;
    char             name[8];
    uint32_t         i, n[3];
    unsigned         wrong;
    journey_store_t  store;

    static made_t  events[] = {

        /* sessions that alternate, one of them loose */

        { 1, "c1", "A", NULL, 1, 1, JOURNEY_EVENT_PAGE, 0, 1 },
        { 2, "c1", NULL, NULL, 1, 2, JOURNEY_EVENT_PAGE, 0, 0 },
        { 3, "c1", NULL, NULL, 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
        { 4, "c1", NULL, NULL, 0, 0, JOURNEY_EVENT_GOAL, 1, 0 },
        { 5, "c1", NULL, NULL, 2, 3, JOURNEY_EVENT_PAGE, 0, 0 },

        /* the next journey is another person's */

        { 1, "c2", "B", NULL, 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
        { 2, "c2", "C", NULL, 2, 2, JOURNEY_EVENT_PAGE, 0, 0 },

        { 9, NULL, "D", NULL, 0, 0, JOURNEY_EVENT_PAGE, 0, 0 },
    };

    ok(made(&store, events, 8, memory) == JOURNEY_OK, "persons");

    i = find(&store, "A");
    ok(i != 0 && count(&store, i) == 5 && journey_persons_is(&store, i),
       "a person");

    for (k = 0; i != 0 && k < 3; k++) {
        n[k] = nth(&store, i, (unsigned) k)->session;
    }

    ok(i != 0 && n[0] == n[2] && n[0] != n[1], "sessions that alternate");
    ok(i != 0 && nth(&store, i, 3)->session == 0
       && nth(&store, i, 3)->journey == 0
       && (nth(&store, i, 3)->flags & JOURNEY_EV_LOOSE),
       "what is loose stays so");
    ok(i != 0 && (nth(&store, i, 4)->flags & JOURNEY_EV_JUMPED),
       "a loose goal is none of the browser's");
    ok(i != 0 && store.all.firsts[i].exempt, "exempt, as the browser was");
    is_int(store.nlinked >= 1, 1, "linked");

    i = find(&store, "C");
    ok(i != 0 && count(&store, i) == 1
       && !(nth(&store, i, 0)->flags & JOURNEY_EV_JUMPED),
       "another person's journey is none that jumps");
    ok(i != 0 && !store.all.firsts[i].exempt, "not exempt");

    i = find(&store, "D");
    ok(i != 0 && count(&store, i) == 1, "a person without a browser");

    journey_store_free(&store);

    /* more persons than the table of what is known has room for */

    if (memory != 0) {
        return;
    }

    ok(start(&store, 1, 4 << 20) == JOURNEY_OK, "many persons");

    wrong = (journey_spill_job(&store, 0, 0) != JOURNEY_OK);

    for (k = 0; k < 3000; k++) {
        journey_record_t  r;

        snprintf(name, sizeof(name), "U%d", k);
        page(&r, (uint64_t) k, k ? NULL : "c1");
        r.user = str(name);

        wrong += (journey_part_add(&store.parts[0], &r) != JOURNEY_OK);
    }

    store.spill->most = 0;
    wrong += (journey_spill_check(&store, 0) != JOURNEY_OK
              || journey_store_merge(&store) != JOURNEY_OK);
    store.spill->first[1] = JOURNEY_SPILL_PARTS;
    store.spill->nwindows = 1;

    ok(wrong == 0 && journey_store_next(&store) == JOURNEY_OK
       && store.nvisitors == 3002, "in one window");

    for (i = 1, wrong = 0; i < store.nvisitors; i++) {
        wrong += (store.all.firsts[i].day != 0 || store.all.firsts[i].exempt);
    }

    is_int(wrong, 0, "of none of them anything is known");

    journey_store_free(&store);
}


/* Files: their mode and names; where they are; who could not make one. */

static void
files(void)
{
    int                     fd;
    char                    folder[1024];
    journey_store_t         store;
    struct stat             st;
    const journey_error_t  *wrong;

    static const made_t  events[] = {
        { 1, "c1", NULL, NULL, 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
        { 2, "c2", NULL, NULL, 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
    };

    setenv("TMPDIR", "", 1);
    ok(made(&store, events, 2, 0) == JOURNEY_OK,
       "an empty TMPDIR is none");

    fd = store.spill->threads[1].file.fd;
    ok(fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0600 && st.st_nlink == 0,
       "nobody else reads the file, which has no name");
    ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "nor does another program");

    journey_store_free(&store);
    ok(fcntl(fd, F_GETFD) == -1, "it is closed");

    /* a name so long that the reason must not fall off; of the second thread */

    memset(folder, 'x', sizeof(folder));
    memcpy(folder, "/none/", 6);
    folder[600] = '\0';
    setenv("TMPDIR", folder, 1);

    ok(made(&store, events, 2, 0) == JOURNEY_ERROR, "no folder");
    journey_store_free(&store);

    ok(start(&store, 2, 0) == JOURNEY_OK, "two threads");

    {
        journey_record_t  r;

        page(&r, 1, "c1");

        ok(journey_spill_job(&store, 1, 0) == JOURNEY_OK
           && journey_part_add(&store.parts[1], &r) == JOURNEY_OK
           && journey_spill_check(&store, 1) == JOURNEY_OK
           && journey_store_merge(&store) == JOURNEY_ERROR,
           "one record waits, and cannot be written");
    }

    wrong = store.wrong.text[0] ? &store.wrong
                                : journey_spill_wrong(store.spill);
    ok(wrong != NULL
       && strncmp(wrong->text, "cannot make a file in \"/none/xxx", 32) == 0
       && strstr(wrong->text, "x...\" for what exceeds --memory: No such")
          != NULL, "why");

    journey_store_free(&store);
    unsetenv("TMPDIR");

    /* what fails in a thread */

    ok(start(&store, 3, 0) == JOURNEY_OK
       && journey_spill_wrong(store.spill) == NULL, "nothing is wrong");
    (void) journey_error(&store.spill->threads[2].wrong, "its fault");
    wrong = journey_spill_wrong(store.spill);
    ok(wrong != NULL && strcmp(wrong->text, "its fault") == 0,
       "the third thread's fault");
    journey_store_free(&store);
}


/* One window is read once, several anew in each pass. */

static void
passes(void)
{
    journey_store_t  store;

    static const made_t  events[] = {
        { 1, "c1", NULL, NULL, 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
        { 2, "c2", NULL, NULL, 1, 1, JOURNEY_EVENT_PAGE, 0, 0 },
    };

    ok(made(&store, events, 2, 0) == JOURNEY_OK, "two windows");

    ok(journey_store_next(&store) == JOURNEY_OK && store.fresh
       && find(&store, "c2") != 0 && find(&store, "c1") != 0
       && find(&store, "c2") != 0, "each is found again");

    store.spill->first[1] = JOURNEY_SPILL_PARTS;
    store.spill->nwindows = 1;
    store.spill->loaded = 0;
    journey_store_rewind(&store);

    ok(journey_store_next(&store) == JOURNEY_OK && store.fresh
       && store.window_events == 2, "one window");

    store.fresh = 0;
    journey_store_rewind(&store);

    ok(journey_store_next(&store) == JOURNEY_OK && !store.fresh
       && store.window_events == 2, "is still there");
    ok(journey_store_next(&store) == JOURNEY_DECLINED, "is the last");

    journey_store_free(&store);
}


int
main(void)
{
    joins(0);
    joins(UINT64_MAX / 4);
    persons(0);
    persons(UINT64_MAX / 4);

    files();
    passes();

    return done();
}
