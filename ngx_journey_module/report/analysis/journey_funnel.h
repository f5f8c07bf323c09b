
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Phases: which models the log holds, and how far journeys came in them.
 */


#ifndef JOURNEY_FUNNEL_H
#define JOURNEY_FUNNEL_H


#include "journey_phase.h"
#include "journey_store.h"


typedef enum {
    JOURNEY_COMPLETED = 0,              /* reached a goal that completes */
    JOURNEY_DROPPED,                    /* no hit for --idle */
    JOURNEY_OPEN,
    JOURNEY_ENDS
} journey_end_e;


typedef struct {
    uint32_t          position;
    uint32_t          phase;            /* names */
    uint64_t          events;           /* seen of it */
    uint64_t          ended[JOURNEY_ENDS];  /* journeys that came no further */
    uint64_t          visitors;         /* of these journeys */
    uint64_t          visitor_gen;      /* counted for this one already */
    unsigned          folded;           /* its journeys are those of the
                                           funnel's other */
} journey_step_t;


/* One model: that of one host, or of several whose sequences agree. */

typedef struct {
    journey_step_t   *steps;            /* by position */
    uint32_t          nsteps;
    uint32_t         *hosts;            /* names, the busiest first */
    uint32_t          nhosts;

    uint64_t          gen;              /* of the journey looked at */
    uint32_t          furthest;         /* position, in that journey */
    uint32_t          next;             /* of that journey's models */
} journey_model_t;


typedef struct {
    journey_model_t  *models;
    uint32_t          nmodels;
    uint32_t         *host_model;       /* by the number of the host's name;
                                           UINT32_MAX: no phases */
    uint32_t          nhosts;
    uint32_t         *page_host;        /* names, by the number of the page */
    journey_step_t    other;            /* of all phases that are folded */
    uint64_t          renamed;          /* events whose phase is not the usual
                                           one of their position */

    struct journey_sights_s  *sights;   /* while models are read */
} journey_funnel_t;


typedef struct journey_sights_s  journey_sights_t;

/*
 * Reads the models from the events of all windows, each of which is seen.  A
 * model of the configuration (NULL: none) adds the phases that nobody reached
 * where it agrees.  JOURNEY_ERROR when memory is exhausted; to be freed in any
 * case.
 */
int journey_funnel_init(journey_funnel_t *funnel, journey_store_t *store);
int journey_funnel_see(journey_funnel_t *funnel, const journey_store_t *store);
int journey_funnel_finish(journey_funnel_t *funnel, journey_store_t *store,
    const journey_phases_t *phases);
void journey_funnel_free(journey_funnel_t *funnel);

/* Counts a journey by the furthest phase of its n events; gen is a number
 * that no journey before had, visitor that of its visitor. */
void journey_funnel_count(journey_funnel_t *funnel,
    const journey_store_t *store, const uint32_t *refs, uint32_t n,
    uint64_t gen, uint64_t visitor, journey_end_e end);

/* The number of the model's first step at that position or behind it. */
uint32_t journey_funnel_find(const journey_model_t *model, uint32_t position);

/* Forgets what was counted. */
void journey_funnel_reset(journey_funnel_t *funnel);


#endif /* JOURNEY_FUNNEL_H */
