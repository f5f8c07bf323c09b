
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Attribution: which touches are credited with the conversions of paths, by
 * nine models.  Nothing is simulated: Markov chains are solved (see
 * journey_markov.h), and what holds for any input is checked on every run.
 */


#ifndef JOURNEY_ATTRIBUTION_H
#define JOURNEY_ATTRIBUTION_H


#include "journey_paths.h"


typedef enum {
    JOURNEY_ATTR_FIRST = 0,
    JOURNEY_ATTR_LAST,
    JOURNEY_ATTR_LAST_NON_DIRECT,
    JOURNEY_ATTR_LINEAR,
    JOURNEY_ATTR_POSITION,
    JOURNEY_ATTR_TIME_DECAY,
    JOURNEY_ATTR_MARKOV,
    JOURNEY_ATTR_SHAPLEY,
    JOURNEY_ATTR_COUNTERFACTUAL,
    JOURNEY_ATTR_MODELS
} journey_attr_e;

#define JOURNEY_ATTR_ALL       ((1 << JOURNEY_ATTR_MODELS) - 1)

#define JOURNEY_ATTR_ORDERS    4        /* the highest order of Markov */
#define JOURNEY_ATTR_AUTO      0
#define JOURNEY_ATTR_NO_ITEM   UINT32_MAX

#define JOURNEY_ATTR_SEED      20261122 /* when nobody chose one */


typedef struct {
    unsigned       models;              /* bits: 1 << journey_attr_e */
    unsigned       order;               /* 1 to 4, JOURNEY_ATTR_AUTO */
    uint32_t       direct;              /* the item of direct touches, or
                                           JOURNEY_ATTR_NO_ITEM */
    uint32_t       bootstrap;           /* samples; 0: none */
    uint64_t       seed;
    unsigned       threads;             /* of the bootstrap; 0: as many as
                                           there are processors, at most 2 */
} journey_attr_options_t;


/* What an item is credited with; low and high are the 2.5 and 97.5 percentiles
 * of the bootstrap. */

typedef struct {
    double         conversions;
    double         value;
    double         conversions_low;
    double         conversions_high;
    double         value_low;
    double         value_high;
} journey_credit_t;


/* How well an order tells paths that convert from those that do not. */

typedef struct {
    double         auc;                 /* 0.5 where there are not both */
    double         penalised;
    unsigned       eligible:1;          /* 0: too few paths for so many
                                           states; penalised says nothing */
} journey_attr_fit_t;


typedef struct {
    uint32_t             nitems;
    const uint32_t      *items;         /* the caller's numbers; they are the
                                           paths' */
    journey_credit_t    *models[JOURNEY_ATTR_MODELS];   /* by place in items;
                                           NULL: not wanted */

    /* Of all models but time decay, which has those whose ages are known. */

    uint64_t             conversions;
    uint64_t             nulls;
    long double          value;
    uint64_t             aged;
    long double          aged_value;

    /* Markov, if wanted. */

    unsigned             order;
    journey_attr_fit_t   fits[JOURNEY_ATTR_ORDERS];     /* of "auto" */
    double               p;             /* that a path converts */
    double              *removal;       /* R, by place in items */
    double              *removal_value; /* the same of values */
    uint32_t             nstates;
    uint32_t             nsteps;        /* between them, that differ */
    double               bound;         /* of the error of any R */
} journey_attr_t;


/*
 * Credits the conversions of the paths, which must outlive the result.
 * JOURNEY_ERROR with a message when memory is exhausted or a check does not
 * hold: no number is to be printed then.  To be freed in any case.
 */
int journey_attribute(journey_attr_t *attr, const journey_paths_t *paths,
    const journey_attr_options_t *opts, journey_error_t *err);
void journey_attr_free(journey_attr_t *attr);

/* "first", "last_non_direct" …, as in JSON. */
const char *journey_attr_name(unsigned model);

/* JOURNEY_ATTR_MODELS when there is none of that name. */
unsigned journey_attr_find(const char *name);


#endif /* JOURNEY_ATTRIBUTION_H */
