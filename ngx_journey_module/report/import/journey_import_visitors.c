
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Open addressing; ids come out of a keyed hash, so that nobody can make
 * theirs meet.
 */


#include "journey_import_visitors.h"

#include <stdlib.h>


#define JOURNEY_IMPORT_VISITORS_MIN  1024
#define JOURNEY_IMPORT_VISITORS_MAX  (1u << 30)


static inline uint32_t *
journey_import_visitors_slot(const journey_import_visitors_t *visitors,
    const u_char *id)
{
    uint32_t  i;

    memcpy(&i, id, sizeof(uint32_t));

    for (i &= visitors->mask; visitors->slots[i] != 0;
         i = (i + 1) & visitors->mask)
    {
        if (memcmp(visitors->items[visitors->slots[i] - 1].state.id, id,
                   JOURNEY_ID_LEN)
            == 0)
        {
            break;
        }
    }

    return &visitors->slots[i];
}


journey_import_visitor_t *
journey_import_visitors_find(const journey_import_visitors_t *visitors,
    const u_char *id)
{
    uint32_t  slot;

    if (visitors->n == 0) {
        return NULL;
    }

    slot = *journey_import_visitors_slot(visitors, id);

    return slot == 0 ? NULL : &visitors->items[slot - 1];
}


/* Room for size of them, a power of 2; slots are at most half full. */

static int
journey_import_visitors_resize(journey_import_visitors_t *visitors,
    uint32_t size)
{
    uint32_t                   i, *slots;
    journey_import_visitor_t  *items;

    slots = calloc((size_t) size * 2, sizeof(uint32_t));
    if (slots == NULL) {
        return JOURNEY_ERROR;
    }

    items = realloc(visitors->items,
                    (size_t) size * sizeof(journey_import_visitor_t));
    if (items == NULL) {
        free(slots);
        return JOURNEY_ERROR;
    }

    free(visitors->slots);

    visitors->items = items;
    visitors->size = size;
    visitors->slots = slots;
    visitors->mask = size * 2 - 1;

    for (i = 0; i < visitors->n; i++) {
        *journey_import_visitors_slot(visitors, items[i].state.id) = i + 1;
    }

    return JOURNEY_OK;
}


journey_import_visitor_t *
journey_import_visitors_add(journey_import_visitors_t *visitors,
    const journey_state_t *state)
{
    uint32_t                   size;
    journey_import_visitor_t  *visitor;

    if (visitors->n == visitors->size) {
        size = journey_max(visitors->size * 2, JOURNEY_IMPORT_VISITORS_MIN);

        if (size > JOURNEY_IMPORT_VISITORS_MAX
            || journey_import_visitors_resize(visitors, size) != JOURNEY_OK)
        {
            return NULL;
        }
    }

    visitor = &visitors->items[visitors->n++];
    visitor->state = *state;
    visitor->seen = 0;

    *journey_import_visitors_slot(visitors, state->id) = visitors->n;

    return visitor;
}


void
journey_import_visitors_drop(journey_import_visitors_t *visitors,
    uint32_t before)
{
    uint32_t  i, n, size;

    if (visitors->n == 0) {
        return;
    }

    for (i = 0, n = 0; i < visitors->n; i++) {
        if (before != UINT32_MAX && visitors->items[i].seen >= before) {
            visitors->items[n++] = visitors->items[i];
        }
    }

    if (n == visitors->n) {
        return;
    }

    visitors->n = n;

    for (size = JOURNEY_IMPORT_VISITORS_MIN; size < n * 2; size *= 2) {
        /* void */
    }

    size = journey_min(size, visitors->size);

    /* the slots are made anew in any case; without memory for that, nobody
     * is left */

    if (journey_import_visitors_resize(visitors, size) != JOURNEY_OK) {
        journey_import_visitors_free(visitors);
    }
}


void
journey_import_visitors_free(journey_import_visitors_t *visitors)
{
    free(visitors->items);
    free(visitors->slots);

    memset(visitors, 0, sizeof(journey_import_visitors_t));
}
