
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From files to the store: threads inflate and read, what is broken is named
 * on standard error and counted.
 */


#ifndef JOURNEY_LOAD_H
#define JOURNEY_LOAD_H


#include "journey_options.h"
#include "journey_store.h"


typedef struct {
    uint64_t     bad_lines;
    uint64_t     bad_members;
    uint64_t     bad_files;             /* not opened, or not read to the
                                           end */
    uint64_t     exempt;                /* events of the profile exempt, left
                                           out if opts say so */
} journey_damage_t;


/* Reads and merges all files of opts that its --since, --until and --host let
 * through.  JOURNEY_ERROR, with a message printed, when memory is exhausted;
 * the store is to be freed in any case. */
int journey_load(journey_store_t *store, const journey_options_t *opts,
    journey_damage_t *damage);

/* The same, with more of each event where more is 1 (journey_store_init()). */
int journey_load_more(journey_store_t *store, const journey_options_t *opts,
    unsigned more, journey_damage_t *damage);


#endif /* JOURNEY_LOAD_H */
