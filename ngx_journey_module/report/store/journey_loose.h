
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Events of a visitor that name no journey: offline touches, and goals that
 * another system reports.
 */


#ifndef JOURNEY_LOOSE_H
#define JOURNEY_LOOSE_H


#include "journey_store.h"


/*
 * Gives the loose ones among a visitor's n events, which are in the order of
 * time, the journey that was open at their time: the latest one that had
 * begun, unless it was completed before.  With none open they belong to the
 * visitor's next journey, or to one of their own, with a number that no other
 * has, when none follows or a goal among them completes it before.  Goals that
 * were counted before (JOURNEY_EV_REPEATED) are of no journey.
 */
void journey_loose_place(const journey_store_t *store, const uint32_t *refs,
    uint32_t n);


#endif /* JOURNEY_LOOSE_H */
