
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_hashes.h"

#include <stdlib.h>


#define JOURNEY_HASHES_FIRST  1024


static const u_char  journey_hashes_none[JOURNEY_HASHES_LEN];


/* Where it is, or would be: its bits are random as they stand. */

static u_char *
journey_hashes_slot(const journey_hashes_t *set, const u_char *bits)
{
    size_t    i;
    uint64_t  place;

    memcpy(&place, bits, sizeof(place));

    for (i = (size_t) place & (set->size - 1);
         memcmp(set->slots[i], journey_hashes_none, JOURNEY_HASHES_LEN) != 0
         && memcmp(set->slots[i], bits, JOURNEY_HASHES_LEN) != 0;
         i = (i + 1) & (set->size - 1))
    {
        /* void */
    }

    return set->slots[i];
}


static int
journey_hashes_grow(journey_hashes_t *set)
{
    size_t            i;
    journey_hashes_t  more;

    more.n = set->n;
    more.size = set->size ? 2 * set->size : JOURNEY_HASHES_FIRST;
    more.slots = calloc(more.size, JOURNEY_HASHES_LEN);

    if (more.slots == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < set->size; i++) {
        if (memcmp(set->slots[i], journey_hashes_none, JOURNEY_HASHES_LEN)
            != 0)
        {
            memcpy(journey_hashes_slot(&more, set->slots[i]), set->slots[i],
                   JOURNEY_HASHES_LEN);
        }
    }

    free(set->slots);
    *set = more;

    return JOURNEY_OK;
}


int
journey_hashes_add(journey_hashes_t *set, const u_char *hash)
{
    u_char  *slot, bits[JOURNEY_HASHES_LEN];

    memset(bits, 0, sizeof(bits));
    (void) journey_base64url_decode(bits, hash, JOURNEY_KEYED_HASH_LEN);

    /* the one that looks like a free slot shares its place with another */

    if (memcmp(bits, journey_hashes_none, JOURNEY_HASHES_LEN) == 0) {
        bits[0] = 1;
    }

    if (set->n >= set->size / 3 * 2 && journey_hashes_grow(set) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    slot = journey_hashes_slot(set, bits);

    if (memcmp(slot, bits, JOURNEY_HASHES_LEN) == 0) {
        return JOURNEY_DECLINED;
    }

    memcpy(slot, bits, JOURNEY_HASHES_LEN);
    set->n++;

    return JOURNEY_OK;
}


void
journey_hashes_free(journey_hashes_t *set)
{
    free(set->slots);
    memset(set, 0, sizeof(journey_hashes_t));
}
