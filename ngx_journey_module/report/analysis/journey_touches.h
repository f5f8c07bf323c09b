
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From the events of logs to the paths that attribution is computed from.
 */


#ifndef JOURNEY_TOUCHES_H
#define JOURNEY_TOUCHES_H


#include "journey_pass.h"
#include "journey_paths.h"


typedef struct {
    journey_paths_t   paths;
    journey_intern_t  names;            /* of items, by their number; the
                                           last byte is one that parts names
                                           of the data from our own */
    uint32_t          direct;           /* the item of direct touches */

    /* conversions */

    uint64_t          unattributed;     /* without visitor or path */
    uint64_t          without_visitor;  /* of these */
    uint64_t          incomplete;       /* the input lacks touches: their path
                                           is the one they carry */
    uint64_t          left_out;         /* of these: they carry channels, but
                                           sources or campaigns are wanted */
    uint64_t          negative;         /* with a value below 0, taken for 0 */
    uint64_t          shortened;        /* their path lacks its middle */

    struct journey_touches_walk_s  *walk;
} journey_touches_t;


/* half_life (ms) and outcomes are those of journey_paths_init(). */
int journey_touches_init(journey_touches_t *touches, double half_life,
    unsigned outcomes);
void journey_touches_free(journey_touches_t *touches);

/*
 * The pass over the journeys: look-back, then --no-direct, then collapsing, the
 * latest time staying.  Time is linear in the events: the conversions of one
 * journey have paths of 4 million touches together, those beyond lose the
 * middle of theirs, which is counted.  JOURNEY_ERROR when memory is exhausted.
 */
int journey_touches_pass(journey_touches_t *touches,
    const journey_analysis_t *a, journey_pass_t *pass);

/* Sorts all that was added by the names of items (journey_paths_sort()), before
 * it is credited. */
int journey_touches_sort(journey_touches_t *touches);

/* The item of a channel's name; 0 when memory is exhausted. */
uint32_t journey_touches_item(journey_touches_t *touches,
    const u_char *data, size_t len);

/* The name of an item. */
journey_str_t journey_touches_name(const journey_touches_t *touches,
    uint32_t item);


#endif /* JOURNEY_TOUCHES_H */
