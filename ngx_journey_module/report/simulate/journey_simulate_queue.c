
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_simulate_queue.h"

#include <stdlib.h>


#define JOURNEY_SIMULATE_BLOCK  1024    /* visitors */


typedef struct journey_simulate_block_s  journey_simulate_block_t;

struct journey_simulate_block_s {
    journey_simulate_block_t    *next;
    journey_simulate_visitor_t   visitors[JOURNEY_SIMULATE_BLOCK];
};


int
journey_simulate_queue_init(journey_simulate_queue_t *queue, uint64_t start,
    uint32_t nhours)
{
    memset(queue, 0, sizeof(journey_simulate_queue_t));

    queue->start = start;
    queue->nhours = nhours;

    queue->hours = calloc(nhours, sizeof(journey_simulate_visitor_t *));

    return queue->hours != NULL ? JOURNEY_OK : JOURNEY_ERROR;
}


void
journey_simulate_queue_free(journey_simulate_queue_t *queue)
{
    journey_simulate_block_t  *block;

    while (queue->blocks != NULL) {
        block = queue->blocks;
        queue->blocks = block->next;
        free(block);
    }

    free(queue->hours);
    free(queue->heap);
}


journey_simulate_visitor_t *
journey_simulate_queue_new(journey_simulate_queue_t *queue)
{
    journey_simulate_block_t    *block;
    journey_simulate_visitor_t  *visitor;

    visitor = queue->unused;

    if (visitor != NULL) {
        queue->unused = visitor->next;
        return visitor;
    }

    if (queue->nblock == 0) {
        block = malloc(sizeof(journey_simulate_block_t));

        if (block == NULL) {
            return NULL;
        }

        block->next = queue->blocks;
        queue->blocks = block;
        queue->nblock = JOURNEY_SIMULATE_BLOCK;
        queue->memory += sizeof(journey_simulate_block_t);
    }

    block = queue->blocks;

    return &block->visitors[--queue->nblock];
}


void
journey_simulate_queue_drop(journey_simulate_queue_t *queue,
    journey_simulate_visitor_t *visitor)
{
    visitor->next = queue->unused;
    queue->unused = visitor;
}


/* The same order on every machine: nobody has two turns at once. */

static int
journey_simulate_before(const journey_simulate_visitor_t *a,
    const journey_simulate_visitor_t *b)
{
    return a->time != b->time ? a->time < b->time : a->index < b->index;
}


static int
journey_simulate_queue_up(journey_simulate_queue_t *queue,
    journey_simulate_visitor_t *visitor)
{
    size_t                        i, parent, size;
    journey_simulate_visitor_t  **heap;

    if (queue->nheap == queue->heap_size) {
        size = journey_max(2 * queue->heap_size, 256);
        heap = realloc(queue->heap,
                       size * sizeof(journey_simulate_visitor_t *));

        if (heap == NULL) {
            return JOURNEY_ERROR;
        }

        queue->heap = heap;
        queue->heap_size = size;
    }

    heap = queue->heap;

    for (i = queue->nheap++; i > 0; i = parent) {
        parent = (i - 1) / 2;

        if (!journey_simulate_before(visitor, heap[parent])) {
            break;
        }

        heap[i] = heap[parent];
    }

    heap[i] = visitor;

    return JOURNEY_OK;
}


int
journey_simulate_queue_add(journey_simulate_queue_t *queue,
    journey_simulate_visitor_t *visitor)
{
    uint32_t  hour;

    hour = (uint32_t) ((visitor->time - queue->start) / JOURNEY_SIMULATE_HOUR);

    if (hour <= queue->hour) {
        return journey_simulate_queue_up(queue, visitor);
    }

    visitor->next = queue->hours[hour];
    queue->hours[hour] = visitor;

    return JOURNEY_OK;
}


int
journey_simulate_queue_hour(journey_simulate_queue_t *queue, uint32_t hour)
{
    journey_simulate_visitor_t  *visitor;

    queue->hour = hour;

    while (queue->hours[hour] != NULL) {
        visitor = queue->hours[hour];
        queue->hours[hour] = visitor->next;

        if (journey_simulate_queue_up(queue, visitor) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


journey_simulate_visitor_t *
journey_simulate_queue_next(journey_simulate_queue_t *queue)
{
    size_t                        i, child;
    journey_simulate_visitor_t   *first, *last, **heap;

    if (queue->nheap == 0) {
        return NULL;
    }

    heap = queue->heap;
    first = heap[0];
    last = heap[--queue->nheap];

    for (i = 0; (child = 2 * i + 1) < queue->nheap; i = child) {

        if (child + 1 < queue->nheap
            && journey_simulate_before(heap[child + 1], heap[child]))
        {
            child++;
        }

        if (!journey_simulate_before(heap[child], last)) {
            break;
        }

        heap[i] = heap[child];
    }

    heap[i] = last;

    return first;
}
