
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Content: what comes after the visit of a page, why sessions end there, and
 * which phases and channels lack what they need.
 */


#ifndef JOURNEY_CONTENT_H
#define JOURNEY_CONTENT_H


#include "journey_pass.h"


#define JOURNEY_CONTENT_LEAST  20       /* visits of which something is said */

/* The first that holds is the cause of an exit. */

typedef enum {
    JOURNEY_EXIT_ERROR = 0,             /* the session's last event is one */
    JOURNEY_EXIT_SLOW,                  /* slower than 95 % of its visits */
    JOURNEY_EXIT_DEAD,                  /* hardly anybody goes on there */
    JOURNEY_EXIT_OTHER,
    JOURNEY_EXITS
} journey_exit_e;

typedef struct {
    uint64_t               staged;      /* visits of a phase, in a journey */
    uint64_t               advanced;    /* of these: a later phase came */
    uint64_t               exits[JOURNEY_EXITS];

    /* of the page itself, folded or not */

    uint64_t               visits;      /* in sessions */
    uint64_t               last;        /* that were their last */
    uint64_t               timed;
    uint32_t               slow;        /* ms: the 95th percentile, where
                                           timed is JOURNEY_CONTENT_LEAST */
} journey_content_page_t;

/* A phase of the configuration. */

typedef struct {
    uint32_t               name;        /* names */
    uint64_t               pages;       /* that were visited */
    uint64_t               visits;
    u_char                *channels;    /* by name: its journeys came here */
} journey_content_phase_t;

typedef struct {
    journey_content_page_t   *pages;    /* by row, as those of the analysis */
    journey_content_phase_t  *phases;   /* NULL without configuration */
    unsigned                  nphases;
    uint32_t                 *phase_of; /* by name: place in phases, from 1 */

    struct journey_content_walk_s  *walk;
} journey_content_t;

/* How many of a page's visits took so long. */

typedef struct {
    uint64_t              key;          /* page << 32 | ms */
    uint64_t              visits;
} journey_content_time_t;

typedef struct {
    journey_content_time_t  *times;     /* by key; each is there once */
    size_t                   n;
} journey_content_times_t;


/* The pass that counts, of a store with more; phases are those of the
 * analysis.  JOURNEY_ERROR when memory is exhausted; to be freed in any case. */
int journey_content_init(journey_content_t *content,
    const journey_analysis_t *a, journey_pass_t *pass);

/* Adds how long the pages of a window took; JOURNEY_ERROR when memory is
 * exhausted. */
int journey_content_times_add(journey_content_times_t *all,
    const journey_store_t *store);

/* The visits of each page whose time is known, and the time that 95 of 100 do
 * not exceed. */
void journey_content_times_slow(const journey_content_times_t *all,
    journey_content_t *content);
void journey_content_free(journey_content_t *content);


#endif /* JOURNEY_CONTENT_H */
