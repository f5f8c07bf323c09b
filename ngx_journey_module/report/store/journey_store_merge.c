
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From what the threads gathered to one order of all events.
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_store_merge.h"
#include "journey_persons.h"
#include "journey_spill.h"

#include <stdlib.h>


/* From the numbers of one part to those of all. */

typedef struct {
    uint32_t  *names;
    uint32_t  *orders;
    uint32_t  *visitors;
    uint32_t  *users;
    uint32_t  *pages;
    uint32_t  *touches;
    uint32_t  *places;
    uint32_t   goals;                   /* how many are before its first */
    uint32_t   chunks;
} journey_maps_t;


static int
journey_merge_tables(journey_part_t *all, journey_part_t *part,
    journey_maps_t *maps)
{
    maps->names = journey_intern_merge(&all->names, &part->names);
    maps->orders = journey_intern_merge(&all->orders, &part->orders);
    maps->visitors = journey_intern_merge(&all->visitors, &part->visitors);
    maps->users = journey_intern_merge(&all->users, &part->users);
    maps->pages = journey_intern_merge(&all->pages, &part->pages);
    maps->touches = journey_intern_merge(&all->touches, &part->touches);
    maps->places = journey_intern_merge(&all->places, &part->places);

    return (maps->names == NULL || maps->orders == NULL
            || maps->visitors == NULL || maps->users == NULL
            || maps->pages == NULL || maps->touches == NULL
            || maps->places == NULL)
           ? JOURNEY_ERROR : JOURNEY_OK;
}


static void
journey_merge_free(journey_maps_t *maps)
{
    free(maps->names);
    free(maps->orders);
    free(maps->visitors);
    free(maps->users);
    free(maps->pages);
    free(maps->touches);
    free(maps->places);
}


/* Goals, their w and joins, at the places they have for all. */

static void
journey_merge_goals(journey_part_t *all, journey_part_t *part,
    const journey_maps_t *maps)
{
    uint32_t            i;
    journey_join_t     *join;
    journey_goal_ev_t  *goal;

    for (i = 0; i < part->ngoals; i++) {
        goal = &all->goals[all->ngoals++];
        *goal = part->goals[i];

        goal->goal = maps->names[goal->goal];
        goal->currency = maps->names[goal->currency];
        goal->order = maps->orders[goal->order];
        goal->first += all->nways;
    }

    for (i = 0; i < part->nways; i++) {
        all->ways[all->nways + i] = maps->names[part->ways[i]];
    }

    all->nways += part->nways;

    for (i = 0; i < part->njoins; i++) {
        join = &all->joins[all->njoins++];
        *join = part->joins[i];

        join->previous = maps->visitors[join->previous];
        join->visitor = maps->visitors[join->visitor];
    }

    journey_part_tally(all, part);
    all->nevents += part->nevents;
}


static int
journey_merge_join_cmp(const void *one, const void *two, void *visitors)
{
    journey_str_t          x, y;
    const journey_join_t  *a, *b;

    a = one;
    b = two;

    if (a->previous != b->previous) {
        return a->previous < b->previous ? -1 : 1;
    }

    if (a->t != b->t) {
        return a->t < b->t ? -1 : 1;
    }

    /* by name: numbers depend on which thread was first */

    x = journey_intern_str(visitors, a->visitor);
    y = journey_intern_str(visitors, b->visitor);

    return journey_strcmp(&x, &y);
}


/* An event of a cookieless visitor belongs to the one who went on with its
 * session next: the same hash may be that of another browser later. */

static uint32_t
journey_merge_visitor(const journey_part_t *all, uint32_t visitor, uint64_t t)
{
    uint32_t               lo, hi, i;
    const journey_join_t  *join;

    lo = 0;
    hi = all->njoins;

    while (lo < hi) {
        i = lo + (hi - lo) / 2;
        join = &all->joins[i];

        if (join->previous < visitor
            || (join->previous == visitor && join->t < t))
        {
            lo = i + 1;

        } else {
            hi = i;
        }
    }

    if (lo < all->njoins && all->joins[lo].previous == visitor) {
        return all->joins[lo].visitor;
    }

    return visitor;
}


static void
journey_merge_events(journey_store_t *store, journey_part_t *part,
    const journey_maps_t *maps)
{
    uint32_t       chunk;
    uint64_t       i;
    journey_ev_t  *ev;

    for (chunk = 0; chunk < part->nchunks; chunk++) {
        store->chunks[maps->chunks + chunk] = part->chunks[chunk];
    }

    for (i = 0; i < part->nevents; i++) {
        ev = journey_part_event(part, i);

        ev->visitor = maps->visitors[ev->visitor];
        ev->page = maps->pages[ev->page];
        ev->phase = maps->names[ev->phase];
        ev->touch = maps->touches[ev->touch];

        if (ev->goal != 0) {
            ev->goal += maps->goals;
        }

        if (store->all.njoins != 0) {
            ev->visitor = journey_merge_visitor(&store->all, ev->visitor,
                                                ev->t);
        }

        store->visitors[ev->visitor + 1]++;

        if (part->more) {
            journey_part_more(part, i)->place
                = maps->places[journey_part_more(part, i)->place];
        }
    }
}


/* What is known of visitors, and of persons to come. */

static int
journey_merge_firsts(journey_store_t *store, const journey_maps_t *maps)
{
    size_t                  n;
    uint32_t                k;
    unsigned                i;
    journey_part_t         *part;
    journey_first_t        *to;
    const journey_first_t  *from;

    n = (size_t) store->nvisitors + store->all.users.n;

    store->all.firsts = calloc(n, sizeof(journey_first_t));
    if (store->all.firsts == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < store->nparts; i++) {
        part = &store->parts[i];

        for (k = 1; k < part->firsts_size && k < part->visitors.n; k++) {
            from = &part->firsts[k];
            to = &store->all.firsts[maps[i].visitors[k]];

            to->exempt |= from->exempt;

            if (from->day != 0 && (to->day == 0 || from->day < to->day)) {
                to->day = from->day;
            }
        }
    }

    return JOURNEY_OK;
}


static inline uint64_t
journey_sort_key(const journey_store_t *store, uint32_t ref)
{
    const journey_ev_t  *ev;

    ev = journey_store_event(store, ref);

    return ev->t << 1 | (ev->kind == JOURNEY_EVENT_GOAL);
}


void
journey_store_sort(const journey_store_t *store, uint32_t *refs, uint32_t n,
    uint32_t *tmp)
{
    uint32_t  half, i, j, k;
    uint64_t  key;

    if (n <= 16) {
        for (i = 1; i < n; i++) {
            k = refs[i];
            key = journey_sort_key(store, k);

            for (j = i; j > 0; j--) {
                if (journey_sort_key(store, refs[j - 1]) <= key) {
                    break;
                }

                refs[j] = refs[j - 1];
            }

            refs[j] = k;
        }

        return;
    }

    half = n / 2;

    journey_store_sort(store, refs, half, tmp);
    journey_store_sort(store, refs + half, n - half, tmp);

    if (journey_sort_key(store, refs[half - 1])
        <= journey_sort_key(store, refs[half]))
    {
        return;
    }

    memcpy(tmp, refs, half * sizeof(uint32_t));

    for (i = 0, j = half, k = 0; i < half; k++) {
        if (j < n && journey_sort_key(store, refs[j])
                     < journey_sort_key(store, tmp[i]))
        {
            refs[k] = refs[j++];

        } else {
            refs[k] = tmp[i++];
        }
    }
}


/* Puts the events behind their visitor, in the order of the input. */

static void
journey_merge_place(journey_store_t *store)
{
    size_t          r;
    uint32_t        i, ref;
    journey_ev_t   *ev;
    journey_run_t  *run;

    for (r = 0; r < store->nruns; r++) {
        run = &store->runs[r];

        for (i = 0; i < run->count; i++) {
            ref = (uint32_t) run->first + i;
            ev = journey_store_event(store, ref);

            store->order[store->visitors[ev->visitor]++] = ref;

            if (ev->goal != 0) {
                store->goals[store->ngoals++] = ref;
            }
        }
    }
}


static int
journey_merge_input_cmp(const void *one, const void *two, void *ctx)
{
    uint64_t         a, b;
    const uint64_t  *input;

    input = ctx;
    a = input[*(const uint32_t *) one];
    b = input[*(const uint32_t *) two];

    return a < b ? -1 : a > b;
}


/* By their place in the input. */

static void
journey_merge_input(uint32_t *refs, uint32_t n, const uint64_t *input)
{
    uint32_t  i;

    for (i = 1; i < n; i++) {
        if (input[refs[i - 1]] > input[refs[i]]) {
            qsort_r(refs, n, sizeof(uint32_t), journey_merge_input_cmp,
                    (void *) input);
            return;
        }
    }
}


/* input is NULL where runs are in the input's order. */

static int
journey_merge_order(journey_store_t *store, const uint64_t *input)
{
    uint32_t  i, *tmp;

    store->ngoals = 0;

    /* where each visitor begins: by their counts */

    for (i = 1; i <= store->nvisitors; i++) {
        store->visitors[i] += store->visitors[i - 1];
    }

    journey_merge_place(store);

    for (i = store->nvisitors; i > 0; i--) {
        store->visitors[i] = store->visitors[i - 1];
    }

    store->visitors[0] = 0;

    if (input != NULL) {
        for (i = 0; i < store->nvisitors; i++) {
            journey_merge_input(store->order + store->visitors[i],
                                store->visitors[i + 1] - store->visitors[i],
                                input);
        }

        journey_merge_input(store->goals, store->ngoals, input);
    }

    tmp = malloc(((size_t) store->ngoals + 1) * sizeof(uint32_t));
    if (tmp == NULL) {
        return JOURNEY_ERROR;
    }

    journey_store_sort(store, store->goals, store->ngoals, tmp);

    free(tmp);

    return JOURNEY_OK;
}


/* Which events have which user. */

static int
journey_merge_users(journey_store_t *store, const journey_maps_t *maps,
    uint64_t nchunks)
{
    uint32_t               k, ref;
    unsigned               i;
    const journey_part_t  *part;

    store->users = calloc(nchunks << JOURNEY_CHUNK_BITS, sizeof(uint32_t));
    if (store->users == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < store->nparts; i++) {
        part = &store->parts[i];

        for (k = 0; k < part->nbys; k++) {
            ref = (maps[i].chunks << JOURNEY_CHUNK_BITS) + part->bys[k].event;
            store->users[ref] = maps[i].users[part->bys[k].user];
        }
    }

    return JOURNEY_OK;
}


/* Visitors become persons, and events are ordered by these; store->users says
 * whose they are, and is not needed any more then. */

static int
journey_merge_persons(journey_store_t *store, const uint64_t *input)
{
    size_t          r;
    uint32_t        i;
    uint64_t        n;
    uint32_t       *visitors;
    journey_run_t  *run;

    n = (uint64_t) store->nvisitors + store->all.users.n - 1;

    if (n >= UINT32_MAX || journey_persons_stitch(store) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    visitors = calloc(n + 2, sizeof(uint32_t));
    if (visitors == NULL) {
        return JOURNEY_ERROR;
    }

    free(store->visitors);
    store->visitors = visitors;
    store->nvisitors = (uint32_t) n;

    for (r = 0; r < store->nruns; r++) {
        run = &store->runs[r];

        for (i = 0; i < run->count; i++) {
            visitors[journey_store_event(store, (uint32_t) run->first + i)
                     ->visitor + 1]++;
        }
    }

    return journey_merge_order(store, input);
}


int
journey_store_arrange(journey_store_t *store, const uint64_t *input,
    uint32_t *users)
{
    int              rc;
    size_t           n;
    uint64_t         i;
    journey_ev_t    *ev;
    journey_part_t  *all;
    journey_first_t *firsts;

    all = &store->all;

    store->nvisitors = all->visitors.n;
    store->persons = store->nvisitors;
    store->visitors = calloc((size_t) store->nvisitors + 2, sizeof(uint32_t));
    store->order = malloc((store->window_events + 1) * sizeof(uint32_t));
    store->goals = malloc(((size_t) all->ngoals + 1) * sizeof(uint32_t));

    if (store->visitors == NULL || store->order == NULL
        || store->goals == NULL)
    {
        return JOURNEY_ERROR;
    }

    store->nruns = 0;

    if (journey_store_run(store, 0, 0, store->window_events) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (all->njoins != 0) {
        qsort_r(all->joins, all->njoins, sizeof(journey_join_t),
                journey_merge_join_cmp, &all->visitors);
    }

    for (i = 0; i < store->window_events; i++) {
        ev = journey_store_event(store, (uint32_t) i);

        if (all->njoins != 0) {
            ev->visitor = journey_merge_visitor(all, ev->visitor, ev->t);
        }

        store->visitors[ev->visitor + 1]++;
    }

    rc = journey_merge_order(store, input);

    if (rc == JOURNEY_OK && all->more) {
        n = (size_t) store->nvisitors + all->users.n;

        firsts = realloc(all->firsts, n * sizeof(journey_first_t));
        if (firsts == NULL) {
            return JOURNEY_ERROR;
        }

        all->firsts = firsts;

        /* what lies behind the visitors is the persons' */

        if (all->firsts_size < n) {
            memset(firsts + all->firsts_size, 0,
                   (n - all->firsts_size) * sizeof(journey_first_t));
        }

        all->firsts_size = (uint32_t) n;
    }

    if (rc == JOURNEY_OK && all->users.n > 1) {
        store->users = users;
        rc = journey_merge_persons(store, input);
        store->users = NULL;
    }

    return rc;
}


int
journey_store_merge(journey_store_t *store)
{
    int              rc;
    size_t           r;
    uint64_t         nchunks, ngoals, nways, njoins;
    unsigned         i;
    journey_maps_t  *maps;
    journey_part_t  *all, *part;

    if (journey_spill_is(store)) {
        return journey_spill_finish(store);
    }

    all = &store->all;
    rc = JOURNEY_ERROR;
    nchunks = ngoals = nways = njoins = 0;

    maps = calloc(store->nparts, sizeof(journey_maps_t));
    if (maps == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < store->nparts; i++) {
        part = &store->parts[i];

        maps[i].chunks = (uint32_t) nchunks;
        maps[i].goals = (uint32_t) ngoals;

        nchunks += part->nchunks;
        ngoals += part->ngoals;
        nways += part->nways;
        njoins += part->njoins;

        if (journey_merge_tables(all, part, &maps[i]) != JOURNEY_OK) {
            goto done;
        }
    }

    /* events are told by 32 bits: four thousand million of them */

    if (nchunks >= 1ULL << (32 - JOURNEY_CHUNK_BITS) || nways > UINT32_MAX) {
        goto done;
    }

    store->nvisitors = all->visitors.n;
    store->persons = store->nvisitors;
    store->chunks = calloc(nchunks + 1, sizeof(journey_ev_t *));
    store->visitors = calloc((size_t) store->nvisitors + 2, sizeof(uint32_t));
    store->goals = malloc((ngoals + 1) * sizeof(uint32_t));
    all->goals = malloc((ngoals + 1) * sizeof(journey_goal_ev_t));
    all->ways = malloc((nways + 1) * sizeof(uint32_t));
    all->joins = malloc((njoins + 1) * sizeof(journey_join_t));

    if (store->chunks == NULL || store->visitors == NULL
        || store->goals == NULL || all->goals == NULL || all->ways == NULL
        || all->joins == NULL)
    {
        goto done;
    }

    for (i = 0; i < store->nparts; i++) {
        journey_merge_goals(all, &store->parts[i], &maps[i]);
    }

    qsort_r(all->joins, all->njoins, sizeof(journey_join_t),
            journey_merge_join_cmp, &all->visitors);

    for (i = 0; i < store->nparts; i++) {
        journey_merge_events(store, &store->parts[i], &maps[i]);
    }

    for (r = 0; r < store->nruns; r++) {
        store->runs[r].first += (uint64_t) maps[store->runs[r].part].chunks
                                << JOURNEY_CHUNK_BITS;
    }

    store->order = malloc((all->nevents + 1) * sizeof(uint32_t));

    if (store->order != NULL) {
        rc = journey_merge_order(store, NULL);
    }

    if (rc == JOURNEY_OK && all->more) {
        rc = journey_merge_firsts(store, maps);
    }

    if (rc == JOURNEY_OK && all->users.n > 1) {
        rc = journey_merge_users(store, maps, nchunks);
    }

    if (rc == JOURNEY_OK && store->users != NULL) {
        rc = journey_merge_persons(store, NULL);
    }

    store->window_events = all->nevents;
    store->fresh = 1;

    free(store->users);
    store->users = NULL;

done:

    for (i = 0; i < store->nparts; i++) {
        journey_merge_free(&maps[i]);
    }

    free(maps);

    return rc;
}
