
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey show: all that logs hold about a person.
 */


#ifndef JOURNEY_SHOW_H
#define JOURNEY_SHOW_H


#include "journey_options.h"
#include "journey_record.h"

#include <stdio.h>


/* A line that was found; what a reader needs of it points into it. */

typedef struct {
    journey_str_t      line;
    unsigned           bad;             /* it cannot be read */
    uint64_t           place;           /* in the order of the input */
    uint64_t           rank;            /* t of the visitor's first line */
    journey_str_t      visitor;
    uint64_t           t;
    uint32_t           journey;
    uint32_t           session;
    uint8_t            kind;
} journey_shown_t;


int journey_show_command(const journey_options_t *opts);

/* One block a session, every key with its meaning; lines ordered by visitor,
 * journey and session.  JOURNEY_ERROR when memory is exhausted. */
int journey_show_text(FILE *file, const journey_zone_t *zone,
    const journey_shown_t *lines, size_t n);


#endif /* JOURNEY_SHOW_H */
