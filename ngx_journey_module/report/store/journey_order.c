
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_order.h"

#include <stdlib.h>


static int
journey_order_cmp(const void *one, const void *two)
{
    const uint64_t  *a, *b;

    a = one;
    b = two;

    return *a < *b ? -1 : *a > *b;
}


static inline uint32_t
journey_order_number(const journey_store_t *store, uint32_t ref,
    unsigned by_journey)
{
    const journey_ev_t  *ev;

    ev = journey_store_event(store, ref);

    return by_journey ? ev->journey : ev->session;
}


int
journey_order_init(journey_order_t *order, const journey_store_t *store)
{
    uint32_t  i, n, most;

    for (i = 1, most = 1; i < store->nvisitors; i++) {
        n = store->visitors[i + 1] - store->visitors[i];
        most = journey_max(most, n);
    }

    order->keys = malloc(most * sizeof(uint64_t));
    order->refs = malloc(most * sizeof(uint32_t));

    return (order->keys == NULL || order->refs == NULL) ? JOURNEY_ERROR
                                                        : JOURNEY_OK;
}


void
journey_order_free(journey_order_t *order)
{
    free(order->keys);
    free(order->refs);
}


const uint32_t *
journey_order_by(journey_order_t *order, const journey_store_t *store,
    const uint32_t *refs, uint32_t n, unsigned by_journey)
{
    uint32_t  i, last, number;
    unsigned  sorted;

    last = 0;
    sorted = 1;

    for (i = 0; i < n; i++) {
        number = journey_order_number(store, refs[i], by_journey);
        order->keys[i] = (uint64_t) number << 32 | i;
        sorted &= (number >= last);
        last = number;
    }

    if (sorted) {
        return refs;
    }

    qsort(order->keys, n, sizeof(uint64_t), journey_order_cmp);

    for (i = 0; i < n; i++) {
        order->refs[i] = refs[(uint32_t) order->keys[i]];
    }

    return order->refs;
}


uint32_t
journey_order_run(const journey_store_t *store, const uint32_t *refs,
    uint32_t n, unsigned by_journey)
{
    uint32_t  i, number;

    number = journey_order_number(store, refs[0], by_journey);

    for (i = 1; i < n; i++) {
        if (journey_order_number(store, refs[i], by_journey) != number) {
            break;
        }
    }

    return i;
}
