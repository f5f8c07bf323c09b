
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What journeys have in common from end to end: the channel of their first
 * touch, the phases by which they got further, and how they ended.
 */


#ifndef JOURNEY_FLOWS_H
#define JOURNEY_FLOWS_H


#include "journey_pass.h"


#define JOURNEY_FLOW_NONE     UINT32_MAX        /* model: no phase at all */
#define JOURNEY_FLOW_OPEN     UINT32_MAX        /* ends */
#define JOURNEY_FLOW_DROPPED  (UINT32_MAX - 1)
#define JOURNEY_FLOW_PHASES   64

typedef struct {
    uint64_t         phases;            /* bits: 1 << step of the model, those
                                           that were the furthest so far */
    uint32_t         model;             /* of the first page with a phase, and
                                           of all phases */
    uint32_t         channel;           /* names: of the first touch, or what
                                           it is told by; 0: none is known */
    uint32_t         end;               /* the goal's name, of the last
                                           conversion; or as above */
    uint32_t         folded;            /* by --min-visitors: nothing above
                                           counts */
} journey_flow_key_t;

typedef struct {
    journey_flow_key_t  key;
    uint64_t            journeys;
    uint64_t            visitors;
    uint64_t            visitor;        /* counted last */
} journey_flow_t;

typedef struct {
    journey_intern_t    keys;
    journey_flow_t     *flows;
    uint32_t            n;
    uint32_t            size;

    const journey_analysis_t  *a;
    uint64_t            visitor_gen;    /* of the visitor looked at */
} journey_flows_t;


/*
 * The pass that counts every journey in one flow.  Those of fewer than
 * --min-visitors visitors become one.  JOURNEY_ERROR when memory is exhausted;
 * to be freed in any case.
 */
int journey_flows_init(journey_flows_t *flows, const journey_analysis_t *a,
    journey_pass_t *pass);
void journey_flows_free(journey_flows_t *flows);


#endif /* JOURNEY_FLOWS_H */
