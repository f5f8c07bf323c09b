
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The states of visitors by their daily hash.  Those whose salt is gone are
 * dropped, so that memory is bounded by the visitors of a day and a night.
 */


#ifndef JOURNEY_IMPORT_VISITORS_H
#define JOURNEY_IMPORT_VISITORS_H


#include "journey_state.h"


typedef struct {
    journey_state_t            state;
    uint32_t                   seen;    /* s: set by the caller */
} journey_import_visitor_t;

typedef struct {
    journey_import_visitor_t  *items;
    uint32_t                   n;
    uint32_t                   size;
    uint32_t                  *slots;   /* index in items + 1; 0: none */
    uint32_t                   mask;    /* of a slot's number */
} journey_import_visitors_t;


/* An empty table is all zero.  NULL: nobody has that id.  A visitor is good
 * until the next one is added or dropped. */
journey_import_visitor_t *journey_import_visitors_find(
    const journey_import_visitors_t *visitors, const u_char *id);

/* One more, of an id that nobody has; NULL when memory is exhausted. */
journey_import_visitor_t *journey_import_visitors_add(
    journey_import_visitors_t *visitors, const journey_state_t *state);

/* Drops all that were seen before that time (UINT32_MAX: all), and gives back
 * memory that is no longer needed. */
void journey_import_visitors_drop(journey_import_visitors_t *visitors,
    uint32_t before);

void journey_import_visitors_free(journey_import_visitors_t *visitors);


#endif /* JOURNEY_IMPORT_VISITORS_H */
