
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Geography: who was where, by country, region or city.
 */


#ifndef JOURNEY_PLACES_H
#define JOURNEY_PLACES_H


#include "journey_pass.h"


/* Visitors, sessions and journeys with an event there; those of whom no event
 * has a place are of row 0. */

typedef struct {
    uint64_t              visitors;
    uint64_t              sessions;
    uint64_t              journeys;
    uint64_t              conversions;
    journey_sum_t         value;

    uint64_t              gens[3];      /* counted for this one already */
} journey_place_t;

typedef struct {
    journey_intern_t      keys;         /* country NUL region NUL city, as
                                           many as asked for */
    journey_place_t      *places;       /* by number, and other */
    uint32_t              n;            /* numbers, other among them */
    uint32_t              other;
    uint32_t             *row;          /* NULL: nothing is folded */
    uint32_t             *number;       /* by the place of the store */

    struct journey_places_walk_s  *walk;
} journey_places_t;


/* The pass that counts, of a store with more; parts is 1 for countries, 2 for
 * regions, 3 for cities.  JOURNEY_ERROR when memory is exhausted; to be freed
 * in any case. */
int journey_places_init(journey_places_t *places,
    const journey_analysis_t *a, unsigned parts, journey_pass_t *pass);
void journey_places_free(journey_places_t *places);

/* Is there anything to be shown of the place? */
int journey_places_counted(const journey_places_t *places, uint32_t i);

/* The parts of a number's name; what is unknown is empty. */
void journey_places_name(const journey_places_t *places, uint32_t number,
    journey_str_t *names);


#endif /* JOURNEY_PLACES_H */
