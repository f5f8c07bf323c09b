
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Markov chains of paths, and what becomes of their conversions without an
 * item: the removal effect (Anderl, Becker, von Wangenheim, Schumann 2016).
 *
 * A state is a window of `order` touches, a shorter path is one shorter window;
 * equal neighbouring windows are one.  Every step of a path weighs what the
 * path does, its last one ends in conversions and nulls.  As many paths come to
 * a state as leave it, and two things follow.  How often a state is visited is
 * known without solving anything: as often as in the paths.  And the chain may
 * be run backwards: the share g of a state's visits that have not met an item
 * before solves the same kind of system as the chance h that a visit ends in a
 * conversion.  One system of h then serves all items; and for an item c, with S
 * the states that hold it, the conversions that are lost without it are
 *
 *     the sum over s in S of h(s) × (starts in s + the sum over all states i
 *     outside S of g(i) × steps from i to s),
 *
 * in which g is asked only of states from which S can be reached, and nothing
 * is subtracted.  R(c) = 1 - p(-c)/p is what is lost over all conversions.
 */


#ifndef JOURNEY_MARKOV_H
#define JOURNEY_MARKOV_H


#include "journey_attribution.h"
#include "journey_chain.h"


/* States and steps are numbers from 0. */

typedef struct {
    unsigned                order;
    const journey_paths_t  *paths;

    journey_intern_t        windows;
    journey_intern_t        pairs;      /* of states: steps */
    uint32_t                nstates;
    uint32_t                nsteps;

    size_t                 *first;      /* by path, and one more: where it
                                           begins in route */
    uint32_t               *route;      /* its first state, then its steps */
    uint32_t               *last;       /* by path: its last state */

    size_t                 *out_first;  /* by state, and one more */
    uint32_t               *out_state;
    uint32_t               *out_step;
    size_t                 *in_first;
    uint32_t               *in_state;
    uint32_t               *in_step;

    size_t                 *item_first; /* by item, and one more */
    uint32_t               *item_state; /* that hold it */
} journey_markov_t;


/* What is counted for one weighing of the paths. */

typedef struct {
    double                 *steps;      /* by step: weight */
    double                 *total;      /* by state: visits */
    double                 *start;      /*   paths that begin there */
    double                 *end;        /*   and end there */
    double                 *gain;       /*   in conversions */
    double                 *value;      /*   in value */
    double                 *h;          /*   conversions of a visit */
    double                 *worth;      /*   value of a visit */
    double                 *important;
    uint32_t               *removed;    /*   number of the removal */
    uint32_t                removal;
    journey_chain_work_t    chain;
} journey_markov_work_t;


typedef struct {
    double                  p;
    double                  mean;       /* value of a path */
    double                  bound;      /* of the error of any removal */
} journey_markov_sum_t;


/* JOURNEY_ERROR when memory is exhausted, or there are too many states; to be
 * freed in any case. */
int journey_markov_init(journey_markov_t *markov,
    const journey_paths_t *paths, unsigned order);
void journey_markov_free(journey_markov_t *markov);

int journey_markov_work_init(journey_markov_work_t *work,
    const journey_markov_t *markov);
void journey_markov_work_free(journey_markov_work_t *work);

/*
 * R of every item, in conversions and in values: shares of what would be lost,
 * 0 where there is nothing to lose.  The weights are by path.  JOURNEY_DECLINED
 * when a system could not be solved within 1e-10.
 */
int journey_markov_removals(const journey_markov_t *markov,
    journey_markov_work_t *work, const double *conversions,
    const double *nulls, const double *value, double *removal,
    double *removal_value, journey_markov_sum_t *sum);

/* How well an order tells conversions from nulls. */
int journey_markov_fit(const journey_paths_t *paths, unsigned order,
    journey_attr_fit_t *fit);


#endif /* JOURNEY_MARKOV_H */
