
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Time to conversion: from the first event of a journey to its first
 * conversion.
 */


#ifndef JOURNEY_CONVERSION_TIME_H
#define JOURNEY_CONVERSION_TIME_H


#include "journey_pass.h"
#include "journey_survival.h"


typedef struct {
    journey_survival_t  survival;

    /* journeys that are left out */

    uint64_t            hashes;         /* of visitors of one day */
    uint64_t            exempt;         /* of that profile */
    uint64_t            begun;          /* before the input, or elsewhere */
    uint64_t            offline;        /* of offline events alone */

    struct journey_conversion_walk_s  *walk;
} journey_conversion_time_t;


/*
 * The pass that counts.  The input holds the start of a journey when its first
 * event that is not offline opens a touch, and either is of the visitor's first
 * session, or the session before it is in the input and of an earlier journey.
 * A person's first is held when it is of the first session of a browser on the
 * day on which the person was first seen, a later one when a goal in the input
 * completed the one before.  A journey without conversion is seen until --idle
 * after its last event, or the end of the data.
 *
 * Exempt visitors are told from others only where the store keeps more of
 * each event.  JOURNEY_ERROR when memory is exhausted; to be freed in any case.
 */
int journey_conversion_time_init(journey_conversion_time_t *time,
    const journey_analysis_t *a, journey_pass_t *pass);
void journey_conversion_time_free(journey_conversion_time_t *time);


#endif /* JOURNEY_CONVERSION_TIME_H */
