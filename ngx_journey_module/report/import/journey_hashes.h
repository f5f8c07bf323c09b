
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A set of keyed hashes of 96 bits: 12 bytes each, and a third to two thirds
 * of room.
 */


#ifndef JOURNEY_HASHES_H
#define JOURNEY_HASHES_H


#include "journey_token.h"


#define JOURNEY_HASHES_LEN  12


typedef struct {
    u_char      (*slots)[JOURNEY_HASHES_LEN];   /* all zero: a free one */
    size_t        size;                 /* a power of two, or 0 */
    size_t        n;
} journey_hashes_t;


/*
 * Adds a hash of JOURNEY_KEYED_HASH_LEN characters of base64url.  JOURNEY_OK
 * when it is new, JOURNEY_DECLINED when it is there, JOURNEY_ERROR when memory
 * is exhausted.  Begins with a structure of zeros.
 */
int journey_hashes_add(journey_hashes_t *set, const u_char *hash);

void journey_hashes_free(journey_hashes_t *set);


#endif /* JOURNEY_HASHES_H */
