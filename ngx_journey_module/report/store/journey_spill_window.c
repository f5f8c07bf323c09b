
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Reading what memory had no room for, a window at a time.
 */


#include "journey_spill_file.h"
#include "journey_store_merge.h"

#include <stdlib.h>


/* A record, while it is read. */

typedef struct {
    const u_char                *p;
    journey_spill_record_t       head;
    const journey_spill_maps_t  *maps;
} journey_spill_reader_t;


static inline void
journey_spill_get(journey_spill_reader_t *reader, void *dst, size_t len)
{
    memcpy(dst, reader->p, len);
    reader->p += len;
}


/* The number of a string. */

static uint32_t
journey_spill_get_str(journey_spill_reader_t *reader, journey_intern_t *table)
{
    uint32_t  len, number;

    journey_spill_get(reader, &len, sizeof(len));

    number = journey_intern(table, reader->p, len);
    reader->p += len;

    return number;
}


/* What the window before held; memory is used again. */

static int
journey_spill_clear(journey_store_t *store)
{
    uint64_t          seed;
    unsigned          i;
    journey_part_t   *all;
    journey_intern_t *tables[3];

    all = &store->all;
    seed = all->names.seed;

    tables[0] = &all->visitors;
    tables[1] = &all->orders;
    tables[2] = &all->users;

    for (i = 0; i < 3; i++) {
        journey_intern_free(tables[i]);

        if (journey_intern_init(tables[i], seed) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    all->ngoals = 0;
    all->nways = 0;
    all->njoins = 0;
    all->firsts_size = 0;

    free(all->firsts);
    free(store->order);
    free(store->visitors);
    free(store->goals);

    all->firsts = NULL;
    store->order = NULL;
    store->visitors = NULL;
    store->goals = NULL;

    store->window_events = 0;
    store->nlinked = 0;
    store->nsessions = 0;

    return JOURNEY_OK;
}


/* Room for the next event. */

static journey_ev_t *
journey_spill_next(journey_store_t *store)
{
    uint32_t          size, *users;
    uint64_t         *input;
    journey_ev_t     *ev;
    journey_spill_t  *spill;

    spill = store->spill;

    if (store->window_events == spill->size) {

        if (spill->size > UINT32_MAX / 2) {
            return NULL;
        }

        size = spill->size ? 2 * spill->size : 65536;

        input = realloc(spill->input, size * sizeof(uint64_t));
        if (input == NULL) {
            return NULL;
        }

        spill->input = input;

        users = realloc(spill->users, size * sizeof(uint32_t));
        if (users == NULL) {
            return NULL;
        }

        spill->users = users;
        spill->size = size;
    }

    ev = journey_part_place(&store->all, store->window_events);

    /* it may have been moved */

    store->chunks = store->all.chunks;

    return ev;
}


static int
journey_spill_get_goal(journey_store_t *store, journey_spill_reader_t *reader,
    journey_ev_t *ev)
{
    uint32_t            i, way;
    journey_part_t     *all;
    journey_goal_ev_t  *goal;

    all = &store->all;

    if (journey_store_grow(&all->goals, all->ngoals, &all->goals_size,
                           sizeof(journey_goal_ev_t)) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    goal = &all->goals[all->ngoals++];
    ev->goal = all->ngoals;

    journey_spill_get(reader, goal, sizeof(journey_goal_ev_t));

    goal->goal = reader->maps->names[goal->goal];
    goal->currency = reader->maps->names[goal->currency];
    goal->first = all->nways;

    for (i = 0; i < goal->nways; i++) {
        if (journey_store_grow(&all->ways, all->nways, &all->ways_size,
                               sizeof(uint32_t)) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        journey_spill_get(reader, &way, sizeof(way));
        all->ways[all->nways++] = reader->maps->names[way];
    }

    goal->order = journey_spill_get_str(reader, &all->orders);

    return JOURNEY_OK;
}


static int
journey_spill_get_join(journey_store_t *store, journey_spill_reader_t *reader,
    uint32_t visitor)
{
    journey_join_t  *join;
    journey_part_t  *all;

    all = &store->all;

    if (journey_store_grow(&all->joins, all->njoins, &all->joins_size,
                           sizeof(journey_join_t)) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    join = &all->joins[all->njoins++];

    join->t = reader->head.t;
    join->visitor = visitor;
    join->previous = journey_spill_get_str(reader, &all->visitors);

    return JOURNEY_OK;
}


static int
journey_spill_get_more(journey_store_t *store, journey_spill_reader_t *reader,
    const journey_ev_t *ev)
{
    journey_more_t   *more;
    journey_first_t   first;

    more = journey_store_more(store, (uint32_t) store->window_events);

    journey_spill_get(reader, more, sizeof(journey_more_t));
    journey_spill_get(reader, &first, sizeof(journey_first_t));

    more->place = reader->maps->places[more->place];

    return ev->visitor == 0 ? JOURNEY_OK
           : journey_part_known(&store->all, ev->visitor, &first);
}


/* A record, of which the head was read. */

static int
journey_spill_take(journey_store_t *store, journey_spill_reader_t *reader)
{
    uint32_t                       visitor, user;
    journey_ev_t                  *ev;
    journey_part_t                *all;
    const journey_spill_maps_t    *maps;
    const journey_spill_record_t  *head;

    all = &store->all;
    head = &reader->head;
    maps = reader->maps = &store->spill->threads[head->thread].maps;

    visitor = journey_intern(&all->visitors, reader->p, head->name);
    reader->p += head->name;

    if (head->has & JOURNEY_SPILL_JOIN) {
        return journey_spill_get_join(store, reader, visitor);
    }

    ev = journey_spill_next(store);
    if (ev == NULL) {
        return JOURNEY_ERROR;
    }

    ev->t = head->t;
    ev->visitor = visitor;
    ev->journey = head->journey;
    ev->session = head->session;
    ev->page = maps->pages[head->page];
    ev->phase = maps->names[head->phase];
    ev->touch = maps->touches[head->touch];
    ev->goal = 0;
    ev->position = head->position;
    ev->kind = head->kind;
    ev->flags = head->flags;

    if ((head->has & JOURNEY_SPILL_MORE)
        && journey_spill_get_more(store, reader, ev) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    user = (head->has & JOURNEY_SPILL_USER)
           ? journey_spill_get_str(reader, &all->users) : 0;

    if ((head->has & JOURNEY_SPILL_GOAL)
        && journey_spill_get_goal(store, reader, ev) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    store->spill->input[store->window_events] = head->input;
    store->spill->users[store->window_events] = user;
    store->window_events++;

    return JOURNEY_OK;
}


/* Those of the block that are the partition's. */

static int
journey_spill_block(journey_store_t *store, unsigned partition, size_t len)
{
    u_char                  *p;
    journey_spill_t         *spill;
    journey_spill_reader_t   reader;

    spill = store->spill;

    for (p = spill->buf; len != 0;
         p += reader.head.len, len -= reader.head.len)
    {
        memcpy(&reader.head, p, sizeof(reader.head));
        reader.p = p + sizeof(reader.head);

        if (journey_spill_partition(spill,
                                    journey_spill_root(spill,
                                                       reader.head.node))
            == partition
            && journey_spill_take(store, &reader) != JOURNEY_OK)
        {
            return journey_error(&store->wrong, "not enough memory");
        }
    }

    if (store->all.visitors.no_memory || store->all.orders.no_memory
        || store->all.users.no_memory)
    {
        return journey_error(&store->wrong, "not enough memory");
    }

    return JOURNEY_OK;
}


static int
journey_spill_list(journey_store_t *store, journey_spill_file_t *file,
    unsigned partition)
{
    size_t                 i;
    journey_spill_list_t  *list;

    list = &file->lists[partition];

    if (list->bytes == 0) {
        return JOURNEY_OK;              /* all of it was moved */
    }

    for (i = 0; i < list->nblocks; i++) {
        if (journey_spill_file_read(store->spill, file, &list->blocks[i],
                                    &store->wrong) != JOURNEY_OK
            || journey_spill_block(store, partition, list->blocks[i].len)
               != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


int
journey_spill_window(journey_store_t *store, unsigned window)
{
    unsigned          i, k;
    journey_spill_t  *spill;

    spill = store->spill;

    if (window >= spill->nwindows) {
        return JOURNEY_DECLINED;
    }

    if (spill->loaded == window + 1) {
        return JOURNEY_OK;
    }

    spill->loaded = 0;

    if (journey_spill_clear(store) != JOURNEY_OK) {
        return journey_error(&store->wrong, "not enough memory");
    }

    for (i = spill->first[window]; i < spill->first[window + 1]; i++) {
        for (k = 0; k < spill->nthreads; k++) {
            if (journey_spill_list(store, &spill->threads[k].file, i)
                != JOURNEY_OK)
            {
                return JOURNEY_ERROR;
            }
        }

        if (journey_spill_list(store, &spill->moved, i) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    if (journey_store_arrange(store, spill->input, spill->users)
        != JOURNEY_OK)
    {
        return journey_error(&store->wrong, "not enough memory");
    }

    store->fresh = 1;
    spill->loaded = window + 1;

    return JOURNEY_OK;
}


int
journey_spill_repeated(const journey_store_t *store, uint32_t ref)
{
    uint64_t                  key[2];
    journey_str_t             name, order;
    const journey_ev_t       *ev;
    const journey_goal_ev_t  *goal;

    ev = journey_store_event(store, ref);
    goal = &store->all.goals[ev->goal - 1];
    name = journey_intern_str(&store->all.names, goal->goal);
    order = journey_intern_str(&store->all.orders, goal->order);

    journey_spill_key(store->all.names.seed, &name, &order, key);

    return journey_spill_ordered(store->spill, key)->input
           != store->spill->input[ref];
}
