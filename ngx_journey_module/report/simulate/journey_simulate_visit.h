
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * One visit, page by page.
 */


#ifndef JOURNEY_SIMULATE_VISIT_H
#define JOURNEY_SIMULATE_VISIT_H


#include "journey_simulate_visitor.h"


/* What a visitor's next step is. */

#define JOURNEY_SIMULATE_OCCASION  0
#define JOURNEY_SIMULATE_ENTRY     1    /* a view went before */
#define JOURNEY_SIMULATE_PAGE      2


/*
 * The steps of a visit, each at v->time, which becomes that of the next one.
 * JOURNEY_DECLINED: the visit has ended.  JOURNEY_ERROR: a line could not be
 * written.
 */

int journey_simulate_visit_begin(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v);
int journey_simulate_visit_enter(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v);
int journey_simulate_visit_page(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v);


#endif /* JOURNEY_SIMULATE_VISIT_H */
