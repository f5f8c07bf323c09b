
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What the analysis holds while it walks over the visitors.
 */


#ifndef JOURNEY_ANALYSIS_WALK_H
#define JOURNEY_ANALYSIS_WALK_H


#include "journey_analysis.h"
#include "journey_fold.h"
#include "journey_order.h"


/* One or more equal touches in a row. */

typedef struct {
    uint32_t              name;         /* names: what the path shows */
    uint32_t              channel;      /* names, of the latest */
    uint32_t              campaign;     /* … */
    uint64_t              latest;       /* t, ms */
} journey_way_t;

/* When a touch of this kind was last counted, and in which session. */

typedef struct {
    uint64_t              session_gen;
    uint64_t              t;
} journey_seen_t;


typedef struct journey_walk_s  journey_walk_t;

struct journey_walk_s {
    uint64_t              visitor_gen;  /* numbers of what is looked at */
    uint64_t              session_gen;
    uint64_t              journey_gen;

    journey_seen_t       *seen;         /* by touch */

    journey_order_t       order;

    journey_way_t        *ways;         /* the touches of the journey */
    uint32_t              nways;
    uint32_t              ways_size;
    uint64_t              last;         /* t of the journey's last touch, be
                                           it in the path or not */
};


/* The sums to count for. */

static inline journey_channel_sum_t *
journey_analysis_channel(journey_analysis_t *a, uint32_t name)
{
    return &a->channels[journey_fold_row(a->channel_row, name)];
}


/*
 * Counts a journey of n events: its path, its conversions and who is credited,
 * how far it got.  Number 0 is what the visitor did outside any.  JOURNEY_ERROR
 * when memory is exhausted.
 */
int journey_analysis_journey(journey_analysis_t *a, const uint32_t *refs,
    uint32_t n);


#endif /* JOURNEY_ANALYSIS_WALK_H */
