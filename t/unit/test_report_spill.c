
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What memory has no room for: a store that is spilled gives every visitor and
 * person the same events, in the same order, as one that is not; with any
 * number of threads, and jobs of any size.
 */


#include "journey_spill_file.h"
#include "journey_analysis.h"
#include "journey_persons.h"
#include "tap.h"

#include <unistd.h>


#define EVENTS    3000
#define VISITORS  90
#define LONG      9000                  /* a record that no buffer holds */


/* The events, and what each of a store's becomes as text. */

typedef struct {
    journey_record_t   rec;
    char               visitor[24];
    char               previous[24];
    char               user[24];
    char               order[24];
    char               path[16];
} event_t;

typedef struct {
    char             **lines;
    size_t             n;
    unsigned           wrong;
} listing_t;


/* What the sums of a store are to be. */

typedef struct {
    uint64_t           n;
    uint64_t           nobody;          /* without visitor and user */
    uint64_t           bots;
    uint64_t           prefetched;
    uint64_t           exempt;
    unsigned           days[VISITORS];  /* the first one + 1 */
} expected_t;


static event_t     events[EVENTS];
static expected_t  expected;
static char        filling[2 * LONG];   /* of long strings */
static uint64_t    state = 20261122;


static unsigned
draw(unsigned n)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;

    return (unsigned) ((state >> 33) % n);
}


static journey_str_t
str(char *text)
{
    journey_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


/* Some orders are longer than the room that there is for records. */

static void
make_goal(event_t *e)
{
    journey_record_t  *r;

    static char  goals[2][8] = { "buy", "sign" };
    static char  channels[2][8] = { "email", "direct" };

    r = &e->rec;

    r->kind = JOURNEY_EVENT_GOAL;
    r->goal = str(goals[draw(2)]);
    r->done = draw(2);
    r->has_value = 1;
    r->value = draw(1000);
    r->ntouches = draw(3);
    r->touches[0] = str(channels[draw(2)]);
    r->touches[1] = str(channels[draw(2)]);
    r->touches_total = r->ntouches;

    if (draw(4) == 0) {
        r->journey = 0;                 /* another system reports it */
        r->session = 0;
    }

    if (draw(2)) {
        snprintf(e->order, sizeof(e->order), "o%u", draw(60));
        r->order = str(e->order);

        if (draw(20) == 0) {
            r->order.data = (u_char *) filling + draw(4) * LONG / 4;
            r->order.len = 1 + draw(LONG);
        }
    }
}


/* What the sums have to be with the event, of visitor v if of any. */

static void
expect(const journey_record_t *r, unsigned v)
{
    unsigned  day;

    if (r->bot.len != 0 || r->prefetched) {
        expected.bots += (r->bot.len != 0);
        expected.prefetched += (r->bot.len == 0);
        return;
    }

    expected.n++;
    expected.nobody += (r->visitor.len == 0 && r->user.len == 0);
    expected.exempt += (r->basis == 'e');

    day = (unsigned) r->first_seen + 1;

    if (r->visitor.len != 0 && r->has_first_seen
        && (expected.days[v] == 0 || day < expected.days[v]))
    {
        expected.days[v] = day;
    }
}


/* joined: some visitors go on as others, some are of users. */

static void
make(unsigned joined)
{
    int                i;
    unsigned           v;
    event_t           *e;
    journey_record_t  *r;

    static char  host[] = "shop.example";
    static char  phases[2][12] = { "decision", "retention" };
    static char  channels[2][8] = { "email", "direct" };
    static char  countries[2][4] = { "DE", "FR" };

    memset(&expected, 0, sizeof(expected_t));

    for (i = 0; i < 2 * LONG; i++) {
        filling[i] = (char) ('a' + draw(26));
    }

    for (i = 0; i < EVENTS; i++) {
        e = &events[i];
        r = &e->rec;
        memset(e, 0, sizeof(event_t));

        v = draw(VISITORS);

        /* many at the same moment: their order is that of the input */

        r->time = 1000 + (unsigned) i / 50 * 10 + draw(3) * 10;
        r->kind = draw(20) ? JOURNEY_EVENT_PAGE : JOURNEY_EVENT_ERROR;
        r->host = str(host);
        snprintf(e->path, sizeof(e->path), "/%u", draw(40));
        r->path = str(e->path);
        r->phase = str(phases[draw(2)]);
        r->position = 1 + draw(3);
        r->has_ms = 1;
        r->ms = draw(500);
        r->country = str(countries[draw(2)]);
        r->has_first_seen = (draw(3) == 0);
        r->first_seen = 20000 + draw(50);

        r->basis = draw(15) ? 'c' : 'e';
        r->prefetched = (draw(40) == 0);

        if (draw(40) == 0) {
            r->bot = str(host);
        }

        if (draw(12)) {
            snprintf(e->visitor, sizeof(e->visitor), "%c%016u",
                     v % 3 ? 'c' : 'h', v);
            r->visitor = str(e->visitor);
            r->journey = 1 + draw(2);
            r->session = 1 + draw(3);
        }

        if (draw(4) == 0) {
            r->channel = str(channels[draw(2)]);
        }

        if (joined && r->visitor.len != 0 && draw(25) == 0) {
            snprintf(e->previous, sizeof(e->previous), "h%016u",
                     3 * draw(VISITORS / 3));
            r->previous = str(e->previous);
        }

        if (joined && draw(9) == 0) {
            snprintf(e->user, sizeof(e->user), "U%021u", draw(20));
            r->user = str(e->user);
        }

        if (draw(3) == 0) {
            make_goal(e);
        }

        expect(r, v);
    }
}


/* A store of all events, by jobs of up to size events, each of them any
 * thread's. */

static int
fill(journey_store_t *store, unsigned nthreads, uint64_t memory, unsigned size)
{
    int       i, n;
    uint64_t  job, first;
    unsigned  part;

    if (journey_store_init(store, nthreads, 1) != JOURNEY_OK
        || journey_spill_create(store, memory) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    for (i = 0, job = 0; i < EVENTS; job++) {
        part = draw(nthreads);
        first = store->parts[part].nevents;

        if (journey_spill_job(store, part, job) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        for (n = 1 + (int) draw(size); n > 0 && i < EVENTS; n--, i++) {
            if (journey_part_add(&store->parts[part], &events[i].rec)
                != JOURNEY_OK)
            {
                return JOURNEY_ERROR;
            }
        }

        if (journey_store_run(store, part, first,
                              store->parts[part].nevents - first)
            != JOURNEY_OK
            || journey_spill_check(store, part) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return journey_store_merge(store);
}


/* The events of visitor i in the order that they have: what is told by
 * numbers, which differ, is told by names, sessions by their first place. */

static void
list_visitor(listing_t *list, const journey_store_t *store, uint32_t i)
{
    char                     *text;
    FILE                     *file;
    size_t                    len;
    uint32_t                  k, m;
    journey_str_t             name, page, phase, goal, order, touch;
    journey_ev_t             *ev;
    const uint32_t           *refs;
    const journey_first_t    *first;
    const journey_goal_ev_t  *g;

    refs = store->order + store->visitors[i];
    first = &store->all.firsts[i];

    file = open_memstream(&text, &len);

    name = journey_persons_is(store, i)
           ? journey_intern_str(&store->all.users, i - store->persons + 1)
           : journey_intern_str(&store->all.visitors, i);

    fprintf(file, "%.*s %u/%u:", (int) name.len, name.data,
            (unsigned) first->day, (unsigned) first->exempt);

    for (k = 0; k < store->visitors[i + 1] - store->visitors[i]; k++) {
        ev = journey_store_event(store, refs[k]);
        page = journey_intern_str(&store->all.pages, ev->page);
        touch = journey_intern_str(&store->all.touches, ev->touch);
        name = journey_intern_str(&store->all.places,
                                  journey_store_more(store, refs[k])->place);
        phase = journey_intern_str(&store->all.names, ev->phase);

        for (m = 0; m < k; m++) {
            if (journey_store_event(store, refs[m])->session == ev->session) {
                break;
            }
        }

        fprintf(file, " %llu/%u/%u/%u%.*s/%c/%.*s/%u/%x/%.*s/%u", (long long
                unsigned) ev->t, ev->kind, ev->journey,
                ev->session ? m + 1 : 0, (int) page.len - 13, page.data + 13,
                phase.data[0],
                (int) touch.len, touch.data,
                ev->position, ev->flags, (int) name.len, name.data,
                journey_store_more(store, refs[k])->ms);

        if (ev->goal != 0) {
            g = &store->all.goals[ev->goal - 1];
            goal = journey_intern_str(&store->all.names, g->goal);
            order = journey_intern_str(&store->all.orders, g->order);

            fprintf(file, "/%.*s=%g:%.*s", (int) goal.len, goal.data,
                    g->value, (int) order.len, order.data);

            for (m = 0; m < g->nways; m++) {
                name = journey_intern_str(&store->all.names,
                                          store->all.ways[g->first + m]);
                fprintf(file, ">%.*s", (int) name.len, name.data);
            }
        }
    }

    fclose(file);

    list->lines = realloc(list->lines, (list->n + 1) * sizeof(char *));
    list->lines[list->n++] = text;
}


static int
list_cmp(const void *one, const void *two)
{
    return strcmp(*(char *const *) one, *(char *const *) two);
}


static void
list_free(listing_t *list)
{
    size_t  i;

    for (i = 0; i < list->n; i++) {
        free(list->lines[i]);
    }

    free(list->lines);
}


/* Events of nobody: how many, and the sum of their times. */

static void
nobody(journey_store_t *store, uint64_t *n, uint64_t *sum)
{
    uint32_t  i;

    *n = *sum = 0;

    journey_store_rewind(store);

    while (journey_store_next(store) == JOURNEY_OK) {
        for (i = 0; i < store->visitors[1]; i++) {
            (*n)++;
            *sum += journey_store_event(store, store->order[i])->t;
        }
    }
}


/* What a window holds, and what it must not hold of the one before: how much
 * is wrong.  Without joins a visitor of a window has events. */

static unsigned
window_wrong(const journey_store_t *store, unsigned joined)
{
    uint32_t            i, k, ways, first;
    unsigned            wrong, v;
    journey_str_t       name;
    const journey_ev_t  *ev;

    for (i = 0, ways = 0; i < store->all.ngoals; i++) {
        ways += store->all.goals[i].nways;
    }

    wrong = (store->all.ngoals != store->ngoals)
            + (store->all.nways != ways);

    /* sessions of persons are numbered from 1 */

    first = UINT32_MAX;

    for (i = store->persons; i < store->nvisitors; i++) {
        for (k = store->visitors[i]; k < store->visitors[i + 1]; k++) {
            ev = journey_store_event(store, store->order[k]);

            if (ev->session != 0) {
                first = journey_min(first, ev->session);
            }
        }
    }

    wrong += (store->nsessions != 0 && first != 1);

    if (joined) {
        return wrong;
    }

    for (i = 1; i < store->nvisitors; i++) {
        name = journey_intern_str(&store->all.visitors, i);
        v = (name.data[name.len - 2] - '0') * 10
            + (name.data[name.len - 1] - '0');

        wrong += (store->visitors[i + 1] == store->visitors[i])
                 + (store->all.firsts[i].day != expected.days[v]);
    }

    return wrong;
}


/* All visitors of all windows; those without visitor are put together, in the
 * order of time, and of their text in each moment. */

static int
list(listing_t *list, journey_store_t *store, unsigned joined,
    unsigned *windows)
{
    int       rc;
    uint32_t  i, *tmp;

    memset(list, 0, sizeof(listing_t));
    *windows = 0;

    journey_store_rewind(store);

    while ((rc = journey_store_next(store)) == JOURNEY_OK) {
        (*windows)++;
        list->wrong += window_wrong(store, joined);

        if (journey_goals_mark(store) != JOURNEY_OK
            || journey_persons_journeys(store) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        for (i = 1; i < store->nvisitors; i++) {
            if (store->visitors[i + 1] == store->visitors[i]) {
                continue;
            }

            tmp = malloc((store->visitors[i + 1] - store->visitors[i])
                         * sizeof(uint32_t));
            journey_store_sort(store, store->order + store->visitors[i],
                               store->visitors[i + 1] - store->visitors[i],
                               tmp);
            free(tmp);

            list_visitor(list, store, i);
        }
    }

    qsort(list->lines, list->n, sizeof(char *), list_cmp);

    return rc == JOURNEY_DECLINED ? JOURNEY_OK : JOURNEY_ERROR;
}


/* The sums that a store has to have. */

static void
sums(const journey_store_t *store)
{
    is_int(store->all.nevents, expected.n, "events in all");
    is_int(store->all.bots, expected.bots, "of bots");
    is_int(store->all.prefetched, expected.prefetched, "prefetched");
    is_int(store->all.exempt, expected.exempt, "exempt");
    is_int(store->all.done, 1, "a goal completes");
}


static void
compare(unsigned nthreads, uint64_t memory, unsigned size, unsigned joined)
{
    size_t           i;
    uint64_t         n[2], sum[2];
    unsigned         windows[2];
    listing_t        want, got;
    journey_store_t  plain, spilled;

    make(joined);

    ok(fill(&plain, 1, UINT64_MAX / 4, EVENTS) == JOURNEY_OK, "in memory");
    ok(fill(&spilled, nthreads, memory, size) == JOURNEY_OK,
       "%u threads, %u kB, jobs of %u", nthreads, (unsigned) (memory / 1024),
       size);

    ok(!journey_spill_is(&plain) && journey_spill_is(&spilled),
       "one is spilled");

    nobody(&plain, &n[0], &sum[0]);
    nobody(&spilled, &n[1], &sum[1]);
    ok(n[0] == n[1] && sum[0] == sum[1] && n[0] == expected.nobody,
       "events of nobody");

    ok(list(&want, &plain, joined, &windows[0]) == JOURNEY_OK, "listed");
    ok(list(&got, &spilled, joined, &windows[1]) == JOURNEY_OK,
       "windows listed");
    ok(windows[0] == 1 && windows[1] > 1, "%u windows", windows[1]);

    is_int(got.n, want.n, "visitors and persons");
    is_int(want.wrong, 0, "what is there in memory");
    is_int(got.wrong, 0, "what is there in each window");

    for (i = 0; i < want.n && i < got.n; i++) {
        if (strcmp(want.lines[i], got.lines[i]) != 0) {
            printf("# want %s\n# got  %s\n", want.lines[i], got.lines[i]);
            break;
        }
    }

    ok(i == want.n, "the same events, in the same order");

    sums(&plain);
    sums(&spilled);
    ok(plain.all.loose != 0 && plain.all.loose == spilled.all.loose, "loose");
    is_int(spilled.all.from, plain.all.from, "from");
    is_int(spilled.all.until, plain.all.until, "until");

    /* the windows can be read again */

    list_free(&got);
    ok(list(&got, &spilled, joined, &windows[1]) == JOURNEY_OK, "again");

    for (i = 0; i < want.n && i < got.n; i++) {
        if (strcmp(want.lines[i], got.lines[i]) != 0) {
            break;
        }
    }

    ok(i == want.n && got.n == want.n, "again, the same");

    list_free(&want);
    list_free(&got);
    journey_store_free(&plain);
    journey_store_free(&spilled);
}


/* What fails is said, and frees what it had. */

static void
failures(void)
{
    journey_store_t  store;

    make(1);

    setenv("TMPDIR", "/nowhere/at/all", 1);
    ok(fill(&store, 2, 64 * 1024, 100) == JOURNEY_ERROR, "no folder");
    journey_store_free(&store);
    unsetenv("TMPDIR");

    ok(fill(&store, 2, 64 * 1024, 100) == JOURNEY_OK, "a folder");
    ok(journey_store_next(&store) == JOURNEY_OK, "a window");
    journey_store_free(&store);

    /* a store that was never filled */

    ok(journey_store_init(&store, 3, 0) == JOURNEY_OK
       && journey_spill_create(&store, 1024) == JOURNEY_OK
       && journey_store_merge(&store) == JOURNEY_OK, "an empty store");
    ok(journey_store_next(&store) == JOURNEY_OK
       && journey_store_next(&store) == JOURNEY_DECLINED, "is one window");
    journey_store_free(&store);
}


int
main(void)
{
    unsigned  joined;

    for (joined = 0; joined <= 1; joined++) {
        compare(1, 64 * 1024, 100, joined);
        compare(2, 64 * 1024, 30, joined);
        compare(5, 128 * 1024, 7, joined);
        compare(16, 256 * 1024, 1, joined);
        compare(3, 32 * 1024, 1000, joined);

        /* several jobs are written at once */

        compare(1, 256 * 1024, 9, joined);
        compare(2, 512 * 1024, 5, joined);
        compare(3, 768 * 1024, 1, joined);
    }

    failures();

    return done();
}
