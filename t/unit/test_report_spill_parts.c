
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The parts of spilling, each by itself: the first report of an order, who
 * belongs together, what a window holds, how much memory a thread has before it
 * writes.
 */


#include "journey_spill_file.h"
#include "tap.h"

#include <malloc.h>


#define MANY    5000
#define MEMORY  (8 * 1024 * 1024)


static uint64_t  state = 20261122;


static uint64_t
draw(uint64_t n)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;

    return (state >> 33) % n;
}


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


/* Of 5000 orders the best report is kept, whatever comes first. */

static void
orders(void)
{
    int                           i, k;
    unsigned                      wrong, lows;
    journey_store_t               store;
    journey_spill_order_t         order;
    const journey_spill_order_t  *got;

    static unsigned char          low[65536];
    static journey_spill_order_t  best[MANY];

    ok(start(&store, 1, 1 << 20) == JOURNEY_OK, "orders");

    for (i = 0; i < 6 * MANY; i++) {
        k = i ? (int) draw(MANY) : 2;

        /* many share one half of the key; the first is in the last place,
         * however large the table is */

        order.key[0] = 1 + 2 * (uint64_t) (k / 3);
        order.key[1] = (k % 3 == 2) ? UINT64_MAX - (uint64_t) k / 3
                                    : (uint64_t) (k % 3) << 40 | 7;
        order.rank = (uint32_t) draw(3);
        order.t = draw(4);
        order.input = (uint64_t) i ^ 0x2a;

        if (best[k].key[0] == 0
            || order.rank < best[k].rank
            || (order.rank == best[k].rank
                && (order.t < best[k].t
                    || (order.t == best[k].t
                        && order.input < best[k].input))))
        {
            best[k] = order;
        }

        if (journey_spill_order(store.spill, &order) != JOURNEY_OK) {
            break;
        }
    }

    is_int(i, 6 * MANY, "all of them are taken");

    for (k = 0, wrong = 0; k < MANY; k++) {
        if (best[k].key[0] == 0) {
            continue;
        }

        got = journey_spill_ordered(store.spill, best[k].key);

        wrong += (got->key[1] != best[k].key[1] || got->rank != best[k].rank
                  || got->t != best[k].t || got->input != best[k].input);
    }

    is_int(wrong, 0, "the report that counts");
    ok(3 * store.spill->orders.n <= 2 * (store.spill->orders.mask + 2)
       && store.spill->orders.mask < 6 * MANY,
       "a table as large as they need");

    journey_store_free(&store);

    /* keys of goals and orders */

    for (i = 0, lows = 0; i < MANY; i++) {
        char           text[16];
        uint64_t       key[2];
        journey_str_t  one, two;

        snprintf(text, sizeof(text), "o%d", i);
        one = str("buy");
        two = str(text);

        journey_spill_key(0x243f6a8885a308d3ULL, &one, &two, key);
        lows += !low[key[0] >> 8 & 0xffff];
        low[key[0] >> 8 & 0xffff] = 1;
    }

    ok(lows > MANY * 9 / 10, "keys are spread: %u", lows);
}


static void
keys(void)
{
    unsigned       i, k, wrong;
    uint64_t       key[12][2];
    journey_str_t  goal, order;

    static const struct {
        const char  *goal;
        const char  *order;
        size_t       len;
    } pairs[] = {
        { "buy", "1", 1 }, { "buy", "1\0", 2 }, { "sign", "1", 1 },
        { "buy1", "", 0 }, { "", "buy1", 4 }, { "b", "uy1", 3 },
        { "buy", "12345678abcdefgh", 16 }, { "buy", "12345678abcdefgi", 16 },
        { "buy", "1234567812345678", 16 }, { "buy", "12345678", 8 },
        { "buy", "abcdefgh12345678", 16 }, { "buy", "2", 1 },
    };

    for (i = 0, wrong = 0; i < 12; i++) {
        goal = str(pairs[i].goal);
        order.data = (u_char *) pairs[i].order;
        order.len = pairs[i].len;

        journey_spill_key(0x452821e638d01377ULL, &goal, &order, key[i]);
        wrong += (key[i][0] == 0);

        for (k = 0; k < i; k++) {
            wrong += (key[i][0] == key[k][0]) + (key[i][1] == key[k][1]);
        }
    }

    is_int(wrong, 0, "goals and orders have keys of their own");
}


/* What is a share of the memory. */

static void
rooms(void)
{
    unsigned         i, n, wrong;
    uint64_t         memory, room, bits;
    journey_store_t  store;

    for (memory = 0, wrong = 0; memory < 1ULL << 44;
         memory = memory ? memory * 3 : 1000)
    {
        for (n = 1; n <= 16; n *= 4) {
            if (start(&store, n, memory) != JOURNEY_OK) {
                break;
            }

            room = store.spill->moved.room;
            bits = store.spill->bits;

            wrong += (room < 4096 || room > 65536 || bits < 16 || bits > 28
                      || (room > 4096
                          && room * n * JOURNEY_SPILL_PARTS > memory / 16)
                      || (bits > 16 && 4ULL << bits > memory / 8)
                      || (bits < 28 && 4ULL << (bits + 1) <= memory / 8)
                      || store.spill->most * n > memory / 8 * 3);

            for (i = 0; i < n; i++) {
                wrong += (store.spill->threads[i].file.room != room);
            }

            journey_store_free(&store);
        }
    }

    is_int(wrong, 0, "buffers and nodes have their share of the memory");
}


static void
forest(void)
{
    int               i;
    uint32_t          n, one, two, root;
    unsigned          wrong, low, moved;
    journey_store_t   store;
    journey_spill_t  *spill;

    static uint32_t  pairs[MANY][2];

    ok(start(&store, 1, 1 << 20) == JOURNEY_OK, "a forest");

    spill = store.spill;
    n = 1U << spill->bits;

    is_int(journey_spill_root(spill, 77), 77, "nobody is joined");

    for (i = 0; i < MANY; i++) {
        pairs[i][0] = (uint32_t) draw(n - 1);
        pairs[i][1] = (uint32_t) draw(n - 1);

        if (journey_spill_join(spill, pairs[i][0], pairs[i][1])
            != JOURNEY_OK)
        {
            break;
        }
    }

    is_int(i, MANY, "joined");

    is_int(journey_spill_root(spill, n - 1), n - 1, "the last node is alone");
    ok(journey_spill_join(spill, 3, n - 1) == JOURNEY_OK
       && journey_spill_root(spill, 3) == journey_spill_root(spill, n - 1),
       "and is joined");

    for (i = 0, wrong = 0, low = 0, moved = 0; i < MANY; i++) {
        one = journey_spill_root(spill, pairs[i][0]);
        two = journey_spill_root(spill, pairs[i][1]);
        wrong += (one != two || journey_spill_root(spill, one) != one);

        root = one;
        moved++;
        low += (journey_spill_partition(spill, root)
                < JOURNEY_SPILL_PARTS / 2);
    }

    is_int(wrong, 0, "those that are joined have one root");
    ok(low > moved * 45 / 100 && low < moved * 55 / 100,
       "partitions stay alike: %u of %u in the lower half", low, moved);

    journey_store_free(&store);
}


/* The windows of a store: how much is wrong. */

static unsigned
windows_wrong(journey_store_t *store, uint64_t memory, uint64_t *events)
{
    int               rc;
    unsigned          w, i, k, wrong, n, parts;
    uint64_t          bytes, all, end, of[JOURNEY_SPILL_PARTS];
    journey_spill_t  *spill;

    spill = store->spill;
    memory = memory / 8 * 3;

    for (i = 0, all = 0; i < JOURNEY_SPILL_PARTS; i++) {
        of[i] = spill->moved.lists[i].bytes;

        for (k = 0; k < spill->nthreads; k++) {
            of[i] += spill->threads[k].file.lists[i].bytes;
        }

        all += of[i];
    }

    for (k = 0, end = 0; k < spill->nthreads; k++) {
        end += spill->threads[k].file.end;
    }

    wrong = (all != end || spill->first[0] != 0
             || spill->first[spill->nwindows] != JOURNEY_SPILL_PARTS);

    for (w = 0; w < spill->nwindows; w++) {
        bytes = 0;
        parts = 0;

        for (i = spill->first[w]; i < spill->first[w + 1]; i++) {
            bytes += of[i];
            parts += (of[i] != 0);
        }

        wrong += (spill->first[w] >= spill->first[w + 1]
                  || (bytes > memory && parts > 1)
                  || (w + 1 < spill->nwindows && bytes + of[i] <= memory));
    }

    journey_store_rewind(store);

    for (n = 0, *events = 0; (rc = journey_store_next(store)) == JOURNEY_OK;
         n++)
    {
        *events += store->window_events;
    }

    return wrong + (rc != JOURNEY_DECLINED) + (n != spill->nwindows);
}


/* kind 0: each a visitor; 1: of nobody; 2: of users that join all of them. */

static void
windows(unsigned kind, uint64_t memory)
{
    int               i;
    char              visitor[24], user[24];
    unsigned          k, wrong, lists;
    uint64_t          events;
    journey_store_t   store;
    journey_record_t  r;

    ok(start(&store, 2, memory) == JOURNEY_OK, "windows, %u", kind);

    for (i = 0, wrong = 0; i < MANY; i++) {
        snprintf(visitor, sizeof(visitor), "c%016d", i);
        page(&r, (uint64_t) i, kind == 1 ? NULL : visitor);

        if (kind == 2) {
            snprintf(user, sizeof(user), "U%021d", (i + 1) / 2);
            r.visitor = str(visitor);
            visitor[1] = 'x';
            snprintf(visitor, sizeof(visitor), "c%016d", i / 2);
            r.user = str(user);
        }

        wrong += (journey_spill_job(&store, i & 1, (uint64_t) i) != JOURNEY_OK
                  || journey_part_add(&store.parts[i & 1], &r) != JOURNEY_OK
                  || journey_spill_check(&store, i & 1) != JOURNEY_OK);
    }

    ok(wrong == 0 && journey_store_merge(&store) == JOURNEY_OK
       && journey_spill_is(&store), "spilled");

    is_int(windows_wrong(&store, memory, &events), 0,
           "windows as large as memory");
    is_int(events, MANY, "all events are in them");

    if (kind != 2) {
        ok(store.spill->nwindows > (memory > 1 << 18 ? 1 : 4),
           "several: %u", store.spill->nwindows);

    } else {
        for (i = 0, lists = 0; i < JOURNEY_SPILL_PARTS; i++) {
            lists += (store.spill->threads[0].file.lists[i].bytes != 0
                      || store.spill->threads[1].file.lists[i].bytes != 0);
        }

        is_int(lists, 1, "what was moved is read from one place");
    }

    for (i = 0, wrong = 0; i < JOURNEY_SPILL_PARTS; i++) {
        for (k = 0; k < 2; k++) {
            wrong += (store.spill->threads[k].file.lists[i].buf != NULL);
        }

        wrong += (store.spill->moved.lists[i].buf != NULL);
    }

    ok(wrong == 0 && store.parts[0].chunks == NULL
       && store.parts[1].chunks == NULL, "what was written is freed");

    journey_store_free(&store);
}


/* Memory in use; 0 with a sanitizer, which has its own. */

static size_t
in_use(void)
{
    struct mallinfo2  info;

    info = mallinfo2();

    return info.uordblks + info.hblkhd;
}


/* What a thread has before it writes, with much of one thing. */

static void
sizes(const char *name, unsigned visitors, unsigned users, unsigned order,
    unsigned ways, unsigned joins)
{
    int               i;
    char              visitor[24], user[24], previous[24], text[128];
    size_t            base, most, used;
    unsigned          k;
    journey_store_t   store;
    journey_record_t  r;

    ok(start(&store, 1, MEMORY) == JOURNEY_OK
       && journey_spill_job(&store, 0, 0) == JOURNEY_OK, "%s", name);

    base = in_use();

    for (i = 0, most = 0; i < 1000000; i++) {
        snprintf(visitor, sizeof(visitor), "c%016d", visitors ? i : 1);
        snprintf(user, sizeof(user), "U%021d", i);
        snprintf(previous, sizeof(previous), "h%016d", i);
        snprintf(text, sizeof(text), "%0*d", (int) order, i);

        page(&r, (uint64_t) i, visitor);

        r.user = str(users ? user : NULL);
        r.previous = str(joins ? previous : NULL);

        if (order || ways) {
            r.kind = JOURNEY_EVENT_GOAL;
            r.goal = str("buy");
            r.order = str(order ? text : NULL);
            r.ntouches = ways;

            for (k = 0; k < ways; k++) {
                r.touches[k] = str("email");
            }
        }

        if (journey_part_add(&store.parts[0], &r) != JOURNEY_OK) {
            break;
        }

        if (i % 16 == 0) {
            used = in_use() - base;
            most = journey_max(most, used);
        }

        if (journey_spill_check(&store, 0) != JOURNEY_OK
            || store.parts[0].nevents == 0)
        {
            break;
        }
    }

    ok(i > 1000 && i < 100000 && store.parts[0].nevents == 0, "written");

    ok(most <= (size_t) MEMORY / 8 * 3 / 3 * 4, "with %u kB of %u",
       (unsigned) (most / 1024), MEMORY / 8 * 3 / 1024);

    ok(store.parts[0].visitors.n == 1 && store.parts[0].users.n == 1
       && store.parts[0].orders.n == 1 && store.parts[0].ngoals == 0
       && store.parts[0].nways == 0 && store.parts[0].njoins == 0
       && store.parts[0].nbys == 0, "nothing of it is left");

    journey_store_free(&store);
}


/* Records of every length: none is longer than the room it has, and each is
 * read as it was written. */

static void
lengths(void)
{
    uint32_t          i;
    uint64_t          sum, want;
    journey_str_t     order;
    journey_store_t   store;
    journey_record_t  r;

    static u_char  text[10000];

    memset(text, 'o', sizeof(text));

    ok(start(&store, 1, 256 * 1024) == JOURNEY_OK
       && journey_spill_job(&store, 0, 0) == JOURNEY_OK, "records");

    for (i = 1, want = 0; i < sizeof(text); i++) {
        page(&r, i, "c0000000000000001");

        r.kind = JOURNEY_EVENT_GOAL;
        r.goal = str("buy");
        r.order.data = text;
        r.order.len = i;
        want += i;

        if (journey_part_add(&store.parts[0], &r) != JOURNEY_OK
            || journey_spill_check(&store, 0) != JOURNEY_OK
            || (store.parts[0].nevents == 0
                && journey_spill_job(&store, 0, i) != JOURNEY_OK))
        {
            break;
        }
    }

    ok(i == sizeof(text) && journey_store_merge(&store) == JOURNEY_OK
       && journey_spill_is(&store), "of every length");

    for (sum = 0; journey_store_next(&store) == JOURNEY_OK; ) {
        for (i = 0; i < store.ngoals; i++) {
            order = journey_intern_str(&store.all.orders,
                        store.all.goals[journey_store_event(&store,
                                            store.goals[i])->goal - 1].order);
            sum += order.len;
        }
    }

    is_int(sum, want, "are read");

    journey_store_free(&store);
}


/* A visitor with more events than the first table of chunks has room for. */

static void
giant(void)
{
    int               i;
    char              path[16];
    uint64_t          last, sum, n;
    unsigned          wrong;
    journey_ev_t     *ev;
    journey_store_t   store;
    journey_record_t  r;

    ok(start(&store, 1, 4 << 20) == JOURNEY_OK, "one visitor");

    for (i = 0, wrong = 0; i < 300000; i++) {
        page(&r, (uint64_t) i / 7, "c0000000000000001");
        snprintf(path, sizeof(path), "/%d", i % 100);
        r.path = str(path);
        r.country = str("DE");
        r.has_ms = 1;
        r.ms = (uint64_t) i;

        wrong += ((i % 5000 == 0
                   && (journey_spill_check(&store, 0) != JOURNEY_OK
                       || journey_spill_job(&store, 0, (uint64_t) i)
                          != JOURNEY_OK))
                  || journey_part_add(&store.parts[0], &r) != JOURNEY_OK);
    }

    ok(wrong == 0 && journey_store_merge(&store) == JOURNEY_OK, "merged");

    for (n = 0, sum = 0, last = 0; journey_store_next(&store) == JOURNEY_OK; )
    {
        for (i = 0; i < (int) store.window_events; i++) {
            ev = journey_store_event(&store, store.order[i]);

            wrong += (ev->t < last
                      || journey_store_more(&store, store.order[i])->ms
                         != n + 1);
            last = ev->t;
            sum += ev->t;
            n++;
        }
    }

    is_int(n, 300000, "all its events");
    is_int(wrong, 0, "in their order");
    is_int(sum, 6428421429LL, "with their times");

    journey_store_free(&store);
}


int
main(void)
{
    unsigned  kind;

    orders();
    keys();
    rooms();
    forest();

    for (kind = 0; kind <= 2; kind++) {
        windows(kind, 64 * 1024);
        windows(kind, 400 * 1024);
    }

    sizes("visitors", 1, 0, 0, 0, 0);
    sizes("users", 0, 1, 0, 0, 0);
    sizes("orders", 0, 0, 12, 0, 0);
    sizes("long orders", 0, 0, 100, 0, 0);
    sizes("ways", 0, 0, 0, JOURNEY_RECORD_TOUCHES, 0);
    sizes("joins", 0, 0, 0, 0, 1);

    lengths();
    giant();

    return done();
}
