
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Names that are one byte in a token: channels and phases.
 */


#ifndef JOURNEY_CODE_H
#define JOURNEY_CODE_H


#include "journey_core.h"


#define JOURNEY_CODE_OWN  64            /* own channels: 64 to 255 */

typedef struct {
    journey_str_t   name;               /* [a-z][a-z0-9_]*, at most 32 bytes */
    uint8_t         code;               /* 0 until journey_codes_assign() */
} journey_name_t;

typedef struct journey_codes_s  journey_codes_t;


/*
 * A set of names of one kind.  Codes come from a hash of the name, in
 * [first, 255], so that tokens outlive edits of the configuration and travel
 * between nodes; 0 is never given.  first is JOURNEY_CODE_OWN for channels,
 * 1 for phases.
 */
journey_codes_t *journey_codes_create(journey_pool_t *pool, unsigned first);

/* The name's object, one for each name, added when it is new; NULL when the
 * name is malformed or the set is full (err is filled). */
journey_name_t *journey_codes_add(journey_codes_t *codes,
    const journey_str_t *name, journey_error_t *err);

/* Adds a name with a code fixed for ever, below first (built-in channels). */
journey_name_t *journey_codes_add_fixed(journey_codes_t *codes,
    const journey_str_t *name, uint8_t code);

/*
 * Gives every name its code.  On a clash the alphabetically later name takes
 * the next free code; the number of such names is returned, and *clash is one
 * of them (for one warning).
 */
unsigned journey_codes_assign(journey_codes_t *codes, journey_name_t **clash);

/* NULL for a code that nobody has. */
const journey_name_t *journey_codes_find(const journey_codes_t *codes,
    uint8_t code);

/* NULL for an unknown name. */
journey_name_t *journey_codes_get(const journey_codes_t *codes,
    const journey_str_t *name);


#endif /* JOURNEY_CODE_H */
