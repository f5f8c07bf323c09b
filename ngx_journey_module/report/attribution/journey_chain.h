
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Sparse systems of Markov chains, solved exactly.
 *
 * The unknown x of a state is the sum of gain and of weight times the x of the
 * states it depends on, over its total: the probability of a gain at the end
 * of the chain, when weights are counts.  States that depend on one another
 * (strongly connected components, by Tarjan's algorithm) are solved together,
 * after all that they depend on; those of a chain without loops one by one.
 *
 * A small component is eliminated state by state without any subtraction
 * (Grassmann, Taksar, Heyman 1985), so that no digits are lost however rarely
 * its loops are left.  A large one is iterated: Gauss and Seidel's sweeps, then
 * BiCGSTAB behind them (van der Vorst 1992).  Its end is told by a bound of the
 * error, not by the last change: the residual of each state times its
 * importance, which is how often the answer counts it.  What does not come
 * below the bound is eliminated, too.
 */


#ifndef JOURNEY_CHAIN_H
#define JOURNEY_CHAIN_H


#include "journey_core.h"


typedef struct {
    uint32_t         n;                 /* states */
    const size_t    *first;             /* by state, and one more: where its
                                           dependencies begin */
    const uint32_t  *state;             /* by dependency: on which */
    const uint32_t  *step;              /*   its place in weight */
    const double    *weight;            /* by step */
    const double    *total;             /* by state: end and all weights; 0: it
                                           is not there */
    const double    *end;               /*   the weight of leaving the chain */
    const double    *gain;              /*   what that brings */
    const uint32_t  *removed;           /*   those with number `removal` bring
                                           nothing; NULL: none */
    uint32_t         removal;
    const double    *importance;        /*   of an error in gain and weights,
                                           times total */
    double           scale;             /* errors are relative to it */
} journey_chain_t;


typedef struct {
    uint32_t         n;
    double          *x;                 /* by state, if known */
    uint32_t        *known;             /* number of the run that solved it */
    uint32_t         run;
    double           bound;             /* of the error of this run, relative
                                           to scale */

    uint32_t         next;              /* Tarjan's */
    uint32_t        *index;
    uint32_t        *low;
    uint32_t        *member;            /* component, then place in it */
    uint32_t        *place;
    uint32_t        *stack;
    uint32_t        *calls;
    size_t          *cursor;

    /* a component's own system */

    double          *dense;
    size_t           dense_size;
    size_t          *row;
    uint32_t        *column;
    double          *value;
    size_t           value_size;
    double          *vectors;           /* several of the component's size */
    size_t           vectors_size;
} journey_chain_work_t;


/* Memory for chains of n states; to be freed in any case. */
int journey_chain_work_init(journey_chain_work_t *work, uint32_t n);
void journey_chain_work_free(journey_chain_work_t *work);

/*
 * Begins a run, in which nothing is known; then solves a state that is not
 * removed, with all that it depends on.  JOURNEY_DECLINED when a component
 * cannot be solved within the bound, JOURNEY_ERROR when memory is exhausted.
 */
void journey_chain_begin(journey_chain_work_t *work);
int journey_chain_solve(journey_chain_work_t *work,
    const journey_chain_t *chain, uint32_t state);


#endif /* JOURNEY_CHAIN_H */
