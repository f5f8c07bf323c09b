
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Goes through the events of a finished analysis: each table that counts more
 * than it is a pass, and all that are wanted go together, since events that
 * were spilled are read from their files each time.
 */


#ifndef JOURNEY_PASS_H
#define JOURNEY_PASS_H


#include "journey_analysis.h"


/*
 * What is not wanted is NULL.  Events are given by n references (in the store,
 * to journey_store_event()), in the order of time.  Each returns JOURNEY_OK, or
 * JOURNEY_ERROR when memory is exhausted, which ends all.
 */

typedef struct {
    void     *ctx;

    /* of each window, before its visitors */

    int     (*window)(void *ctx);

    /* each visitor with events; 0: those without one, who has no sessions and
     * no journeys, and may be in each window */

    int     (*visitor)(void *ctx, uint32_t visitor, const uint32_t *refs,
                       uint32_t n);

    /* then his sessions and his journeys; events outside any, whose number is
     * 0, come as one */

    int     (*session)(void *ctx, const uint32_t *refs, uint32_t n);
    int     (*journey)(void *ctx, const uint32_t *refs, uint32_t n);

    /* behind all: JOURNEY_OK when all is counted, JOURNEY_AGAIN to go through
     * the events once more */

    int     (*end)(void *ctx);
} journey_pass_t;


/* Runs n of them; JOURNEY_ERROR when memory is exhausted, or a file cannot be
 * read, which was said.  Those that have ended are taken out of the array. */
int journey_pass(const journey_analysis_t *a, journey_pass_t *passes,
    unsigned n);


#endif /* JOURNEY_PASS_H */
