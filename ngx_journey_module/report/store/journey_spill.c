
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Writing what memory has no room for.
 */


#include "journey_spill_file.h"
#include "journey_store_merge.h"

#include <stdlib.h>


#define JOURNEY_SPILL_NODES_MIN  16     /* bits */
#define JOURNEY_SPILL_NODES_MAX  28
#define JOURNEY_SPILL_ROOM_MIN   4096
#define JOURNEY_SPILL_ROOM_MAX   (64 * 1024)


int
journey_spill_create(journey_store_t *store, uint64_t memory)
{
    size_t            room;
    unsigned          i;
    journey_spill_t  *spill;

    spill = calloc(1, sizeof(journey_spill_t));
    if (spill == NULL) {
        return JOURNEY_ERROR;
    }

    store->spill = spill;

    pthread_mutex_init(&spill->mutex, NULL);

    spill->memory = memory;
    spill->nthreads = store->nparts;
    spill->threads = calloc(store->nparts, sizeof(journey_spill_thread_t));

    if (spill->threads == NULL) {
        return JOURNEY_ERROR;
    }

    /* three eighths for events, a sixteenth for buffers, an eighth for who is
     * joined with whom, if anybody is; the rest is that of names and sums */

    spill->most = memory / 8 * 3 / store->nparts;
    room = memory / 16 / JOURNEY_SPILL_PARTS / store->nparts;
    room = journey_max(room, JOURNEY_SPILL_ROOM_MIN);
    room = journey_min(room, JOURNEY_SPILL_ROOM_MAX);

    for (i = 0; i < store->nparts; i++) {
        journey_spill_file_init(&spill->threads[i].file, room);
    }

    journey_spill_file_init(&spill->moved, room);

    spill->bits = JOURNEY_SPILL_NODES_MIN;

    while (spill->bits < JOURNEY_SPILL_NODES_MAX
           && (uint64_t) sizeof(uint32_t) << (spill->bits + 1) <= memory / 8)
    {
        spill->bits++;
    }

    return JOURNEY_OK;
}


void
journey_spill_free(journey_spill_t *spill)
{
    unsigned                 i;
    journey_spill_thread_t  *thread;

    if (spill == NULL) {
        return;
    }

    for (i = 0; spill->threads != NULL && i < spill->nthreads; i++) {
        thread = &spill->threads[i];

        journey_spill_file_free(&thread->file);

        free(thread->record);
        free(thread->jobs);
        free(thread->maps.names);
        free(thread->maps.pages);
        free(thread->maps.touches);
        free(thread->maps.places);
    }

    journey_spill_file_free(&spill->moved);
    pthread_mutex_destroy(&spill->mutex);

    free(spill->threads);
    free(spill->nodes);
    free(spill->orders.slots);
    free(spill->input);
    free(spill->users);
    free(spill->buf);
    free(spill);
}


const journey_error_t *
journey_spill_wrong(const journey_spill_t *spill)
{
    unsigned  i;

    for (i = 0; spill->threads != NULL && i < spill->nthreads; i++) {
        if (spill->threads[i].wrong.text[0] != '\0') {
            return &spill->threads[i].wrong;
        }
    }

    return NULL;
}


int
journey_spill_is(const journey_store_t *store)
{
    return store->spill != NULL
           && __atomic_load_n(&store->spill->used, __ATOMIC_RELAXED);
}


int
journey_spill_job(journey_store_t *store, unsigned part, uint64_t number)
{
    size_t                   size;
    uint64_t                *jobs;
    journey_spill_thread_t  *thread;

    if (store->spill == NULL) {
        return JOURNEY_OK;
    }

    thread = &store->spill->threads[part];

    if (thread->njobs == thread->size) {
        size = thread->size ? 2 * thread->size : 64;

        jobs = realloc(thread->jobs, 2 * size * sizeof(uint64_t));
        if (jobs == NULL) {
            return JOURNEY_ERROR;
        }

        thread->jobs = jobs;
        thread->size = size;
    }

    thread->jobs[2 * thread->njobs] = store->parts[part].nevents;
    thread->jobs[2 * thread->njobs + 1] = number;
    thread->njobs++;

    return JOURNEY_OK;
}


static uint32_t
journey_spill_node(const journey_spill_t *spill, const journey_intern_t *table,
    uint32_t number)
{
    return table->strings[number].hash >> (32 - spill->bits);
}


/* Bytes to the record, at its end. */

static int
journey_spill_add(journey_spill_thread_t *thread, size_t *len, const void *p,
    size_t n)
{
    size_t   room;
    u_char  *record;

    if (*len + n > thread->room) {
        room = *len + n + 4096;

        record = realloc(thread->record, room);
        if (record == NULL) {
            return JOURNEY_ERROR;
        }

        thread->record = record;
        thread->room = room;
    }

    if (n != 0) {
        memcpy(thread->record + *len, p, n);
        *len += n;
    }

    return JOURNEY_OK;
}


static int
journey_spill_add_str(journey_spill_thread_t *thread, size_t *len,
    const journey_intern_t *table, uint32_t number)
{
    uint32_t       n;
    journey_str_t  str;

    str = journey_intern_str(table, number);
    n = (uint32_t) str.len;

    if (journey_spill_add(thread, len, &n, sizeof(n)) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    return journey_spill_add(thread, len, str.data, str.len);
}


static int
journey_spill_add_goal(journey_store_t *store, journey_part_t *part,
    journey_spill_thread_t *thread, size_t *len, const journey_ev_t *ev,
    unsigned rank, uint64_t input)
{
    journey_str_t             name, number;
    journey_spill_order_t     order;
    const journey_goal_ev_t  *goal;

    goal = &part->goals[ev->goal - 1];

    if (goal->order != 0) {
        name = journey_intern_str(&part->names, goal->goal);
        number = journey_intern_str(&part->orders, goal->order);

        journey_spill_key(part->names.seed, &name, &number, order.key);
        order.t = ev->t;
        order.rank = rank;
        order.input = input;

        if (journey_spill_order(store->spill, &order) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    if (journey_spill_add(thread, len, goal, sizeof(journey_goal_ev_t))
        != JOURNEY_OK
        || journey_spill_add(thread, len, part->ways + goal->first,
                             goal->nways * sizeof(uint32_t)) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return journey_spill_add_str(thread, len, &part->orders, goal->order);
}


/* Event number i of the part; user is 0 without one. */

static int
journey_spill_event(journey_store_t *store, unsigned number, uint64_t i,
    uint32_t user, uint64_t input)
{
    size_t                   len;
    uint32_t                 node;
    unsigned                 rank;
    journey_str_t            name;
    journey_ev_t            *ev;
    journey_part_t          *part;
    journey_spill_t         *spill;
    journey_first_t          first;
    journey_spill_thread_t  *thread;
    journey_spill_record_t   head;

    spill = store->spill;
    thread = &spill->threads[number];
    part = &store->parts[number];
    ev = journey_part_event(part, i);
    rank = 0;

    if (ev->visitor != 0) {
        node = journey_spill_node(spill, &part->visitors, ev->visitor);

        if (user != 0
            && journey_spill_join(spill, node,
                                  journey_spill_node(spill, &part->users,
                                                     user)) != JOURNEY_OK)
        {
            return journey_error(&thread->wrong, "not enough memory");
        }

        rank = (ev->flags & JOURNEY_EV_LOOSE) ? 1 : 0;

    } else if (user != 0) {
        node = journey_spill_node(spill, &part->users, user);
        rank = 1;

    } else {
        node = (uint32_t) (input * 0x9e3779b97f4a7c15ULL
                           >> (64 - spill->bits));
        rank = 2;
    }

    name = journey_intern_str(&part->visitors, ev->visitor);

    memset(&head, 0, sizeof(head));

    head.node = node;
    head.input = input;
    head.t = ev->t;
    head.journey = ev->journey;
    head.session = ev->session;
    head.page = ev->page;
    head.phase = ev->phase;
    head.touch = ev->touch;
    head.name = (uint32_t) name.len;
    head.position = ev->position;
    head.thread = (uint16_t) number;
    head.kind = ev->kind;
    head.flags = ev->flags;
    head.has = (part->more ? JOURNEY_SPILL_MORE : 0)
               | (user ? JOURNEY_SPILL_USER : 0)
               | (ev->goal ? JOURNEY_SPILL_GOAL : 0);

    len = sizeof(head);

    if (journey_spill_add(thread, &len, name.data, name.len) != JOURNEY_OK) {
        goto no_memory;
    }

    if (part->more) {
        memset(&first, 0, sizeof(first));

        if (ev->visitor != 0 && ev->visitor < part->firsts_size) {
            first = part->firsts[ev->visitor];
        }

        if (journey_spill_add(thread, &len, journey_part_more(part, i),
                              sizeof(journey_more_t)) != JOURNEY_OK
            || journey_spill_add(thread, &len, &first, sizeof(first))
               != JOURNEY_OK)
        {
            goto no_memory;
        }
    }

    if (user != 0
        && journey_spill_add_str(thread, &len, &part->users, user)
           != JOURNEY_OK)
    {
        goto no_memory;
    }

    if (ev->goal != 0
        && journey_spill_add_goal(store, part, thread, &len, ev, rank, input)
           != JOURNEY_OK)
    {
        goto no_memory;
    }

    head.len = (uint32_t) len;
    memcpy(thread->record, &head, sizeof(head));

    return journey_spill_file_put(&thread->file,
                                  journey_spill_partition(spill, node),
                                  thread->record, len, &thread->wrong);

no_memory:

    return journey_error(&thread->wrong, "not enough memory");
}


static int
journey_spill_joined(journey_store_t *store, unsigned number,
    const journey_join_t *join)
{
    size_t                   len;
    journey_str_t            name;
    journey_part_t          *part;
    journey_spill_t         *spill;
    journey_spill_thread_t  *thread;
    journey_spill_record_t   head;

    spill = store->spill;
    thread = &spill->threads[number];
    part = &store->parts[number];
    name = journey_intern_str(&part->visitors, join->visitor);

    memset(&head, 0, sizeof(head));

    head.node = journey_spill_node(spill, &part->visitors, join->visitor);
    head.t = join->t;
    head.name = (uint32_t) name.len;
    head.has = JOURNEY_SPILL_JOIN;
    head.thread = (uint16_t) number;

    len = sizeof(head);

    if (journey_spill_add(thread, &len, name.data, name.len) != JOURNEY_OK
        || journey_spill_add_str(thread, &len, &part->visitors, join->previous)
           != JOURNEY_OK
        || journey_spill_join(spill, head.node,
                              journey_spill_node(spill, &part->visitors,
                                                 join->previous))
           != JOURNEY_OK)
    {
        return journey_error(&thread->wrong, "not enough memory");
    }

    head.len = (uint32_t) len;
    memcpy(thread->record, &head, sizeof(head));

    return journey_spill_file_put(&thread->file,
                                  journey_spill_partition(spill, head.node),
                                  thread->record, len, &thread->wrong);
}


/* A table of visitors, of users: begun anew. */

static int
journey_spill_forget(journey_intern_t *table)
{
    uint64_t  seed;

    seed = table->seed;
    journey_intern_free(table);

    return journey_intern_init(table, seed);
}


/* Writes all events of the part, which is empty then but for its tables of
 * names, pages, touches and places. */

static int
journey_spill_part(journey_store_t *store, unsigned number)
{
    size_t                   job;
    uint32_t                 k, user;
    uint64_t                 i, *jobs;
    journey_part_t          *part;
    journey_spill_thread_t  *thread;

    part = &store->parts[number];
    thread = &store->spill->threads[number];
    jobs = thread->jobs;

    __atomic_store_n(&store->spill->used, 1, __ATOMIC_RELAXED);

    for (i = 0, k = 0, job = 0; i < part->nevents; i++) {

        while (job + 1 < thread->njobs && jobs[2 * (job + 1)] <= i) {
            job++;
        }

        user = 0;

        if (k < part->nbys && part->bys[k].event == i) {
            user = part->bys[k++].user;
        }

        if (journey_spill_event(store, number, i, user,
                                (jobs[2 * job + 1] << 32)
                                + (i - jobs[2 * job])) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    for (k = 0; k < part->njoins; k++) {
        if (journey_spill_joined(store, number, &part->joins[k])
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    thread->nevents += part->nevents;
    thread->njobs = 0;

    part->nevents = 0;
    part->ngoals = 0;
    part->nways = 0;
    part->njoins = 0;
    part->nbys = 0;

    if (part->firsts != NULL) {
        memset(part->firsts, 0, part->firsts_size * sizeof(journey_first_t));
    }

    if (journey_spill_forget(&part->visitors) != JOURNEY_OK
        || journey_spill_forget(&part->orders) != JOURNEY_OK
        || journey_spill_forget(&part->users) != JOURNEY_OK)
    {
        return journey_error(&thread->wrong, "not enough memory");
    }

    return JOURNEY_OK;
}


static uint64_t
journey_spill_part_size(const journey_part_t *part)
{
    return part->nevents * (sizeof(journey_ev_t) + sizeof(uint32_t)
                            + (part->more ? sizeof(journey_more_t) : 0))
           + journey_intern_memory(&part->visitors)
           + journey_intern_memory(&part->orders)
           + journey_intern_memory(&part->users)
           + part->ngoals * (uint64_t) sizeof(journey_goal_ev_t)
           + part->nways * (uint64_t) sizeof(uint32_t)
           + part->njoins * (uint64_t) sizeof(journey_join_t)
           + part->nbys * (uint64_t) sizeof(journey_by_t)
           + part->firsts_size * (uint64_t) sizeof(journey_first_t);
}


int
journey_spill_check(journey_store_t *store, unsigned part)
{
    if (store->spill == NULL || store->parts[part].nevents == 0
        || journey_spill_part_size(&store->parts[part]) < store->spill->most)
    {
        return JOURNEY_OK;
    }

    return journey_spill_part(store, part);
}


/* What the threads know of names, and their sums. */

static int
journey_spill_merge(journey_store_t *store, unsigned number)
{
    journey_part_t        *all, *part;
    journey_spill_maps_t  *maps;

    all = &store->all;
    part = &store->parts[number];
    maps = &store->spill->threads[number].maps;

    maps->names = journey_intern_merge(&all->names, &part->names);
    maps->pages = journey_intern_merge(&all->pages, &part->pages);
    maps->touches = journey_intern_merge(&all->touches, &part->touches);
    maps->places = journey_intern_merge(&all->places, &part->places);

    if (maps->names == NULL || maps->pages == NULL || maps->touches == NULL
        || maps->places == NULL)
    {
        return journey_error(&store->wrong, "not enough memory");
    }

    all->nevents += store->spill->threads[number].nevents;

    journey_part_tally(all, part);

    return JOURNEY_OK;
}


/* Which partitions make a window: as many as memory has room for. */

static void
journey_spill_windows(journey_spill_t *spill)
{
    unsigned  i, k;
    uint64_t  bytes, here;

    for (i = 0, bytes = 0; i < JOURNEY_SPILL_PARTS; i++) {

        here = spill->moved.lists[i].bytes;

        for (k = 0; k < spill->nthreads; k++) {
            here += spill->threads[k].file.lists[i].bytes;
        }

        /* a record takes about as much room as an event with what belongs to
         * it, tables and the order; what is counted needs some, too */

        if (bytes != 0 && bytes + here > spill->memory / 8 * 3) {
            spill->first[++spill->nwindows] = i;
            bytes = 0;
        }

        bytes += here;
    }

    spill->first[++spill->nwindows] = JOURNEY_SPILL_PARTS;
}


/* Puts records into the partition of those whose visitors theirs is joined
 * with; what stays in the list is its bytes. */

static int
journey_spill_move_block(journey_store_t *store, journey_spill_list_t *list,
    unsigned partition, size_t len)
{
    u_char                  *p;
    unsigned                 to;
    journey_spill_t         *spill;
    journey_spill_record_t   head;

    spill = store->spill;

    for (p = spill->buf; len != 0; p += head.len, len -= head.len) {
        memcpy(&head, p, sizeof(head));

        to = journey_spill_partition(spill,
                                     journey_spill_root(spill, head.node));

        if (to == partition) {
            continue;
        }

        if (journey_spill_file_put(&spill->moved, to, p, head.len,
                                   &store->wrong) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        list->bytes -= head.len;
    }

    return JOURNEY_OK;
}


static int
journey_spill_move(journey_store_t *store)
{
    size_t                 b;
    unsigned               i, k;
    journey_spill_t       *spill;
    journey_spill_list_t  *list;

    spill = store->spill;

    if (spill->nodes == NULL) {
        return JOURNEY_OK;
    }

    for (i = 0; i < JOURNEY_SPILL_PARTS; i++) {
        for (k = 0; k < spill->nthreads; k++) {
            list = &spill->threads[k].file.lists[i];

            for (b = 0; b < list->nblocks; b++) {
                if (journey_spill_file_read(spill, &spill->threads[k].file,
                                            &list->blocks[b], &store->wrong)
                    != JOURNEY_OK
                    || journey_spill_move_block(store, list, i,
                                                list->blocks[b].len)
                       != JOURNEY_OK)
                {
                    return JOURNEY_ERROR;
                }
            }
        }
    }

    return journey_spill_file_flush(&spill->moved, &store->wrong);
}


int
journey_spill_finish(journey_store_t *store)
{
    unsigned          i;
    journey_spill_t  *spill;

    spill = store->spill;

    for (i = 0; i < store->nparts; i++) {
        if ((store->parts[i].nevents != 0
             && journey_spill_part(store, i) != JOURNEY_OK)
            || journey_spill_file_flush(&spill->threads[i].file,
                                        &store->wrong) != JOURNEY_OK
            || journey_spill_merge(store, i) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        journey_part_empty(&store->parts[i]);
    }

    if (journey_spill_move(store) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    journey_spill_windows(spill);

    return JOURNEY_OK;
}
