
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What journey_store.c, journey_store_merge.c and journey_spill*.c share.
 */


#ifndef JOURNEY_STORE_MERGE_H
#define JOURNEY_STORE_MERGE_H


#include "journey_store.h"


/* Makes room for one more in a growing array. */
int journey_store_grow(void *array, uint32_t n, uint32_t *size,
    size_t element);

/* The place of event number i, which is at most one behind the last; NULL when
 * memory is exhausted. */
journey_ev_t *journey_part_place(journey_part_t *part, uint64_t i);

/* What is known of a visitor, 0 for a day that is not known. */
int journey_part_known(journey_part_t *part, uint32_t visitor,
    const journey_first_t *first);

/* Adds the part's sums, events aside, to those of all. */
void journey_part_tally(journey_part_t *all, const journey_part_t *part);

/* Frees what a part holds but for the strings of names, pages, touches and
 * places. */
void journey_part_empty(journey_part_t *part);

/* Orders the events of a window: numbers 0 to store->window_events - 1, in
 * all's chunks; input tells their order, users whose they are. */
int journey_store_arrange(journey_store_t *store, const uint64_t *input,
    uint32_t *users);


#endif /* JOURNEY_STORE_MERGE_H */
