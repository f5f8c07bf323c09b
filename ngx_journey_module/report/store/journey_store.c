
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_spill.h"
#include "journey_store_merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>


int
journey_store_grow(void *array, uint32_t n, uint32_t *size, size_t element)
{
    void      *p;
    uint32_t   more;

    if (n < *size) {
        return JOURNEY_OK;
    }

    more = (*size == 0) ? 64 : *size + *size / 2;

    if (more <= *size) {
        return JOURNEY_ERROR;
    }

    p = realloc(*(void **) array, more * element);
    if (p == NULL) {
        return JOURNEY_ERROR;
    }

    *(void **) array = p;
    *size = more;

    return JOURNEY_OK;
}


static int
journey_part_init(journey_part_t *part, uint64_t seed, unsigned more)
{
    part->more = more;
    part->from = UINT64_MAX;

    if (journey_intern_init(&part->names, seed) != JOURNEY_OK
        || journey_intern_init(&part->orders, seed) != JOURNEY_OK
        || journey_intern_init(&part->visitors, seed) != JOURNEY_OK
        || journey_intern_init(&part->users, seed) != JOURNEY_OK
        || journey_intern_init(&part->pages, seed) != JOURNEY_OK
        || journey_intern_init(&part->touches, seed) != JOURNEY_OK
        || journey_intern_init(&part->places, seed) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return JOURNEY_OK;
}


void
journey_part_empty(journey_part_t *part)
{
    uint32_t  i;

    journey_intern_free(&part->orders);
    journey_intern_free(&part->visitors);
    journey_intern_free(&part->users);

    for (i = 0; i < part->nchunks; i++) {
        free(part->chunks[i]);
    }

    free(part->chunks);
    free(part->goals);
    free(part->ways);
    free(part->joins);
    free(part->bys);
    free(part->firsts);
    free(part->buf);

    part->chunks = NULL;
    part->goals = NULL;
    part->ways = NULL;
    part->joins = NULL;
    part->bys = NULL;
    part->firsts = NULL;
    part->buf = NULL;
    part->nchunks = 0;
}


static void
journey_part_free(journey_part_t *part)
{
    journey_part_empty(part);

    journey_intern_free(&part->names);
    journey_intern_free(&part->pages);
    journey_intern_free(&part->touches);
    journey_intern_free(&part->places);
}


void
journey_part_tally(journey_part_t *all, const journey_part_t *part)
{
    all->from = journey_min(all->from, part->from);
    all->until = journey_max(all->until, part->until);
    all->prefetched += part->prefetched;
    all->bots += part->bots;
    all->exempt += part->exempt;
    all->loose += part->loose;
    all->done |= part->done;
}


int
journey_store_init(journey_store_t *store, unsigned nparts, unsigned more)
{
    uint64_t  seed;
    unsigned  i;

    memset(store, 0, sizeof(journey_store_t));

    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
        seed = (uint64_t) time(NULL) * 0x9e3779b97f4a7c15ULL;
    }

    store->parts = calloc(nparts, sizeof(journey_part_t));
    if (store->parts == NULL) {
        return JOURNEY_ERROR;
    }

    store->nparts = nparts;

    for (i = 0; i < nparts; i++) {
        if (journey_part_init(&store->parts[i], seed, more) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    return journey_part_init(&store->all, seed, more);
}


void
journey_store_free(journey_store_t *store)
{
    unsigned  i;

    for (i = 0; store->parts != NULL && i < store->nparts; i++) {
        journey_part_free(&store->parts[i]);
    }

    if (store->chunks == store->all.chunks) {
        store->chunks = NULL;
    }

    journey_part_free(&store->all);
    journey_spill_free(store->spill);

    free(store->parts);
    free(store->runs);
    free(store->chunks);
    free(store->order);
    free(store->visitors);
    free(store->goals);
    free(store->users);
}


/* The number of several strings as one, with NULs between. */

static uint32_t
journey_part_tuple(journey_part_t *part, journey_intern_t *table,
    const journey_str_t *const *strs, unsigned n)
{
    size_t     len;
    u_char    *p, *buf;
    unsigned   i;

    for (len = 0, i = 0; i < n; i++) {
        len += strs[i]->len + 1;
    }

    if (len > part->buf_size) {
        buf = realloc(part->buf, len + 4096);
        if (buf == NULL) {
            part->no_memory = 1;
            return 0;
        }

        part->buf = buf;
        part->buf_size = len + 4096;
    }

    p = part->buf;

    for (i = 0; i < n; i++) {
        if (strs[i]->len != 0) {
            memcpy(p, strs[i]->data, strs[i]->len);
            p += strs[i]->len;
        }

        *p++ = '\0';
    }

    return journey_intern(table, part->buf, p - part->buf - 1);
}


static int
journey_part_goal(journey_part_t *part, const journey_record_t *rec,
    journey_ev_t *ev)
{
    uint32_t            i;
    journey_goal_ev_t  *goal;

    if (journey_store_grow(&part->goals, part->ngoals, &part->goals_size,
                           sizeof(journey_goal_ev_t)) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    goal = &part->goals[part->ngoals++];

    /* it may be written to a file as it is (journey_spill.c) */

    memset(goal, 0, sizeof(journey_goal_ev_t));

    goal->goal = journey_intern(&part->names, rec->goal.data, rec->goal.len);
    goal->currency = journey_intern(&part->names, rec->currency.data,
                                    rec->currency.len);
    goal->order = journey_intern(&part->orders, rec->order.data,
                                 rec->order.len);
    goal->value = rec->value;
    goal->has_value = rec->has_value;
    goal->total = rec->touches_total;
    goal->first = part->nways;
    goal->nways = (uint8_t) rec->ntouches;

    for (i = 0; i < rec->ntouches; i++) {
        if (journey_store_grow(&part->ways, part->nways, &part->ways_size,
                               sizeof(uint32_t)) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        part->ways[part->nways++] = journey_intern(&part->names,
                                                   rec->touches[i].data,
                                                   rec->touches[i].len);
    }

    ev->goal = part->ngoals;

    if (rec->done) {
        ev->flags |= JOURNEY_EV_DONE;
        part->done = 1;
    }

    return JOURNEY_OK;
}


static int
journey_part_join(journey_part_t *part, const journey_record_t *rec,
    journey_ev_t *ev)
{
    journey_join_t  *join;

    if (journey_store_grow(&part->joins, part->njoins, &part->joins_size,
                           sizeof(journey_join_t)) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    join = &part->joins[part->njoins++];

    join->t = ev->t;
    join->visitor = ev->visitor;
    join->previous = journey_intern(&part->visitors, rec->previous.data,
                                    rec->previous.len);

    return JOURNEY_OK;
}


static int
journey_part_by(journey_part_t *part, const journey_record_t *rec)
{
    journey_by_t  *by;

    if (journey_store_grow(&part->bys, part->nbys, &part->bys_size,
                           sizeof(journey_by_t)) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    by = &part->bys[part->nbys++];

    by->event = (uint32_t) part->nevents;
    by->user = journey_intern(&part->users, rec->user.data, rec->user.len);

    return JOURNEY_OK;
}


/* What happened offline is of no session, and which journey was open then is
 * not known before all events of the visitor are.  So are goals that another
 * system reports. */

static void
journey_part_loose(journey_part_t *part, const journey_record_t *rec,
    journey_ev_t *ev)
{
    if (rec->kind == JOURNEY_EVENT_OFFLINE) {
        ev->journey = 0;
        ev->session = 0;

    } else if (ev->visitor == 0) {

        /* a person's, known by the user alone */

        ev->journey = 0;
        ev->session = 0;

    } else if (rec->kind != JOURNEY_EVENT_GOAL || rec->journey != 0) {
        return;
    }

    if (ev->visitor != 0 || rec->user.len != 0) {
        ev->flags |= JOURNEY_EV_LOOSE;
        part->loose++;
    }
}


int
journey_part_known(journey_part_t *part, uint32_t visitor,
    const journey_first_t *known)
{
    uint32_t          size;
    journey_first_t  *first;

    if (visitor >= part->firsts_size) {
        size = visitor + visitor / 2 + 64;

        first = realloc(part->firsts, size * sizeof(journey_first_t));
        if (first == NULL) {
            return JOURNEY_ERROR;
        }

        memset(first + part->firsts_size, 0,
               (size - part->firsts_size) * sizeof(journey_first_t));

        part->firsts = first;
        part->firsts_size = size;
    }

    first = &part->firsts[visitor];

    first->exempt |= known->exempt;

    if (known->day != 0 && (first->day == 0 || known->day < first->day)) {
        first->day = known->day;
    }

    return JOURNEY_OK;
}


static int
journey_part_keep(journey_part_t *part, const journey_record_t *rec,
    const journey_ev_t *ev)
{
    journey_more_t       *more;
    journey_first_t       first;
    const journey_str_t  *strs[3];

    more = journey_part_more(part, part->nevents);

    more->place = 0;
    more->ms = rec->has_ms ? journey_min(rec->ms, UINT32_MAX - 1) + 1 : 0;

    if (rec->country.len != 0) {
        strs[0] = &rec->country;
        strs[1] = &rec->region;
        strs[2] = &rec->city;
        more->place = journey_part_tuple(part, &part->places, strs, 3);
    }

    first.exempt = (rec->basis == 'e');
    first.day = (rec->has_first_seen && rec->first_seen < INT32_MAX)
                ? rec->first_seen + 1 : 0;

    if (ev->visitor != 0 && journey_part_known(part, ev->visitor, &first)
                            != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return part->places.no_memory ? JOURNEY_ERROR : JOURNEY_OK;
}


journey_ev_t *
journey_part_place(journey_part_t *part, uint64_t i)
{
    journey_ev_t  *chunk;

    if (i == (uint64_t) part->nchunks << JOURNEY_CHUNK_BITS) {

        if (journey_store_grow(&part->chunks, part->nchunks,
                               &part->chunks_size, sizeof(journey_ev_t *))
            != JOURNEY_OK)
        {
            return NULL;
        }

        chunk = malloc(JOURNEY_CHUNK
                       * (sizeof(journey_ev_t)
                          + (part->more ? sizeof(journey_more_t) : 0)));
        if (chunk == NULL) {
            return NULL;
        }

        part->chunks[part->nchunks++] = chunk;
    }

    return journey_part_event(part, i);
}


int
journey_part_add(journey_part_t *part, const journey_record_t *rec)
{
    journey_ev_t         *ev;
    const journey_str_t  *strs[4];

    static const journey_str_t  none = journey_null_string;

    if (rec->bot.len != 0) {
        part->bots++;
        return JOURNEY_OK;
    }

    if (rec->prefetched) {
        part->prefetched++;
        return JOURNEY_OK;
    }

    ev = journey_part_place(part, part->nevents);
    if (ev == NULL) {
        return JOURNEY_ERROR;
    }

    memset(ev, 0, sizeof(journey_ev_t));

    ev->t = rec->time;
    ev->kind = (uint8_t) rec->kind;
    ev->journey = rec->journey;
    ev->session = rec->session;
    ev->position = (uint16_t) journey_min(rec->position, UINT16_MAX);

    ev->visitor = journey_intern(&part->visitors, rec->visitor.data,
                                 rec->visitor.len);
    ev->phase = journey_intern(&part->names, rec->phase.data, rec->phase.len);

    strs[0] = &rec->host;
    strs[1] = &rec->path;
    ev->page = journey_part_tuple(part, &part->pages, strs, 2);

    if (rec->channel.len != 0 || rec->kind == JOURNEY_EVENT_PIXEL) {
        strs[0] = (rec->kind == JOURNEY_EVENT_PIXEL) ? &none : &rec->channel;
        strs[1] = &rec->source;
        strs[2] = &rec->medium;
        strs[3] = &rec->campaign;
        ev->touch = journey_part_tuple(part, &part->touches, strs, 4);
    }

    if (rec->kind == JOURNEY_EVENT_GOAL
        && journey_part_goal(part, rec, ev) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    journey_part_loose(part, rec, ev);

    if (ev->session == 1) {
        ev->flags |= JOURNEY_EV_FIRST;
    }

    if (rec->previous.len != 0 && ev->visitor != 0
        && journey_part_join(part, rec, ev) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    if (rec->user.len != 0 && journey_part_by(part, rec) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (part->more && journey_part_keep(part, rec, ev) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (part->no_memory || part->names.no_memory || part->orders.no_memory
        || part->visitors.no_memory || part->users.no_memory
        || part->pages.no_memory || part->touches.no_memory)
    {
        return JOURNEY_ERROR;
    }

    part->exempt += (rec->basis == 'e');
    part->from = journey_min(part->from, ev->t);
    part->until = journey_max(part->until, ev->t);
    part->nevents++;

    return JOURNEY_OK;
}


int
journey_store_run(journey_store_t *store, unsigned part, uint64_t first,
    uint64_t count)
{
    size_t          size;
    journey_run_t  *run;

    if (count == 0) {
        return JOURNEY_OK;
    }

    /* a thread that does many jobs in a row makes one long run of them */

    if (store->nruns != 0) {
        run = &store->runs[store->nruns - 1];

        if (run->part == part && run->first + run->count == first
            && count < UINT32_MAX - run->count)
        {
            run->count += (uint32_t) count;
            return JOURNEY_OK;
        }
    }

    if (store->nruns == store->runs_size) {
        size = store->runs_size ? 2 * store->runs_size : 256;

        run = realloc(store->runs, size * sizeof(journey_run_t));
        if (run == NULL) {
            return JOURNEY_ERROR;
        }

        store->runs = run;
        store->runs_size = size;
    }

    run = &store->runs[store->nruns++];
    run->part = part;
    run->first = first;
    run->count = (uint32_t) count;

    return JOURNEY_OK;
}


void
journey_store_rewind(journey_store_t *store)
{
    store->window = 0;
}


int
journey_store_next(journey_store_t *store)
{
    if (journey_spill_is(store)) {
        return journey_spill_window(store, store->window++);
    }

    return store->window++ == 0 ? JOURNEY_OK : JOURNEY_DECLINED;
}


void
journey_store_complain(const journey_store_t *store)
{
    const journey_error_t  *wrong;

    wrong = store->spill ? journey_spill_wrong(store->spill) : NULL;
    wrong = wrong ? wrong : &store->wrong;

    fprintf(stderr, "journey: %s\n",
            wrong->text[0] ? wrong->text : "not enough memory");
}
