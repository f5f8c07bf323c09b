
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Direct touches by what they probably are: visitors that come again, links
 * from where no referrer comes from, addresses that were typed.
 */


#ifndef JOURNEY_DIRECT_H
#define JOURNEY_DIRECT_H


#include "journey_pass.h"


typedef enum {
    JOURNEY_DIRECT_RETURNING = 0,       /* not the visitor's first session */
    JOURNEY_DIRECT_DEEP,                /* the first, on any other page */
    JOURNEY_DIRECT_ENTRY,               /* the first, on an entry page */
    JOURNEY_DIRECT_UNKNOWN,             /* offline, or not in the input: known
                                           by the conversion alone */
    JOURNEY_DIRECT_KINDS
} journey_direct_kind_e;

/* Visitors, sessions and journeys with several direct touches are counted
 * where the first of them is: rows add up to that of the channel. */

typedef struct {
    uint64_t       touches;
    uint64_t       visitors;
    uint64_t       sessions;
    uint64_t       journeys;
    double         conversions;         /* credit: last touch */
    journey_sum_t  value;
} journey_direct_sum_t;

typedef struct {
    journey_direct_sum_t  sums[JOURNEY_DIRECT_KINDS + 1];   /* the last one: of
                                           several, having few visitors */
    uint32_t             *row;          /* NULL: nothing is folded */
    uint64_t              hashes;       /* touches in the first session of
                                           visitors without a cookie */
    unsigned              few:1;        /* the channel itself is folded: it has
                                           no rows */

    struct journey_direct_walk_s  *walk;
} journey_direct_t;


/* The pass that counts, which has no ctx when there is nothing to count.
 * JOURNEY_ERROR when memory is exhausted; to be freed in any case. */
int journey_direct_init(journey_direct_t *direct, const journey_analysis_t *a,
    journey_pass_t *pass);
void journey_direct_free(journey_direct_t *direct);


#endif /* JOURNEY_DIRECT_H */
