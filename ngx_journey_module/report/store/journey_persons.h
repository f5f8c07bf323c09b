
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Persons: visitors that a user id links are one visitor.
 */


#ifndef JOURNEY_PERSONS_H
#define JOURNEY_PERSONS_H


#include "journey_store.h"


/*
 * Gives events to persons: those with a user id to its person, others of the
 * visitor to that of its next user id, else of its last one.  A visitor
 * without any stays what it is.  Sessions stay those of the visitors, by
 * numbers that no other session has.  To be called when the events are ordered
 * by visitor; they have to be ordered anew then.
 */
int journey_persons_stitch(journey_store_t *store);

/*
 * Gives the sessions of persons their journeys: the first session that begins
 * after a goal which completes a journey begins the next one; so does a
 * session with a higher j than that of the browser's session before, when the
 * input lacks the goal between.  Needs goals that know whether they are
 * repeated; loose events (journey_loose.h) are left alone.
 */
int journey_persons_journeys(journey_store_t *store);


/* 1 when it is a person, not a browser. */

static inline unsigned
journey_persons_is(const journey_store_t *store, uint32_t visitor)
{
    return visitor >= store->persons;
}


#endif /* JOURNEY_PERSONS_H */
