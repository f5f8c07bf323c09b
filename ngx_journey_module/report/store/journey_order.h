
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A visitor's events by session or by journey.
 */


#ifndef JOURNEY_ORDER_H
#define JOURNEY_ORDER_H


#include "journey_store.h"


/* Room for the visitor with the most events. */

typedef struct {
    uint64_t             *keys;
    uint32_t             *refs;
} journey_order_t;


/* JOURNEY_ERROR when memory is exhausted; to be freed in any case. */
int journey_order_init(journey_order_t *order, const journey_store_t *store);
void journey_order_free(journey_order_t *order);

/* The n events, which are in the order of time, by session (by_journey: by
 * journey), in each by time: refs itself where they are so. */
const uint32_t *journey_order_by(journey_order_t *order,
    const journey_store_t *store, const uint32_t *refs, uint32_t n,
    unsigned by_journey);

/* How many of the n events, from the first on, are of its session or
 * journey. */
uint32_t journey_order_run(const journey_store_t *store, const uint32_t *refs,
    uint32_t n, unsigned by_journey);


#endif /* JOURNEY_ORDER_H */
