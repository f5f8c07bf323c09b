
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Who does something next.  Who is not due within the hour waits in the list
 * of an hour to come; those of this hour are in a heap.  So the cost of a step
 * grows with the visitors of one hour, and the memory with those who will
 * come again.
 */


#ifndef JOURNEY_SIMULATE_QUEUE_H
#define JOURNEY_SIMULATE_QUEUE_H


#include "journey_simulate_visitor.h"


#define JOURNEY_SIMULATE_HOUR  3600000ULL       /* ms */

typedef struct {
    uint64_t                        start;      /* ms, of the first hour */
    uint32_t                        nhours;
    uint32_t                        hour;       /* that is in the heap */
    journey_simulate_visitor_t    **hours;      /* lists */
    journey_simulate_visitor_t    **heap;
    size_t                          nheap;
    size_t                          heap_size;

    journey_simulate_visitor_t     *unused;     /* memory to be used again */
    void                           *blocks;
    unsigned                        nblock;     /* left in the last one */
    size_t                          memory;     /* bytes of all blocks */
} journey_simulate_queue_t;


int journey_simulate_queue_init(journey_simulate_queue_t *queue,
    uint64_t start, uint32_t nhours);
void journey_simulate_queue_free(journey_simulate_queue_t *queue);

/* Memory for a visitor, NULL when there is none, and back. */
journey_simulate_visitor_t *journey_simulate_queue_new(
    journey_simulate_queue_t *queue);
void journey_simulate_queue_drop(journey_simulate_queue_t *queue,
    journey_simulate_visitor_t *visitor);

/* The visitor waits until its time, which is not past, and before the end. */
int journey_simulate_queue_add(journey_simulate_queue_t *queue,
    journey_simulate_visitor_t *visitor);

/* Goes to an hour; that before must be empty. */
int journey_simulate_queue_hour(journey_simulate_queue_t *queue,
    uint32_t hour);

/* Takes out who is the next of this hour; NULL: nobody. */
journey_simulate_visitor_t *journey_simulate_queue_next(
    journey_simulate_queue_t *queue);


#endif /* JOURNEY_SIMULATE_QUEUE_H */
