
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * One weighing of the paths, credited by all models: that of the data, and
 * those of the bootstrap.
 */


#ifndef JOURNEY_ATTRIBUTION_RUN_H
#define JOURNEY_ATTRIBUTION_RUN_H


#include "journey_markov.h"


/* What one thread needs; arrays are by path, then by item. */

typedef struct {
    double                 *conversions;
    double                 *nulls;
    double                 *value;

    long double           (*sums[JOURNEY_ATTR_MODELS])[2];  /* conversions,
                                           value; NULL: not wanted */
    uint32_t               *seen;       /* number of the last path with it */
    uint32_t               *distinct;   /* items of a path */
    double                 *removal;
    double                 *removal_value;
    journey_markov_work_t   markov;
    journey_markov_sum_t    sum;        /* of the chain */

    journey_error_t         err;
} journey_attr_work_t;


typedef struct {
    const journey_paths_t         *paths;
    const journey_attr_options_t  *opts;
    journey_markov_t               markov;      /* if it is wanted */
} journey_attr_run_t;


int journey_attr_work_init(journey_attr_work_t *work,
    const journey_attr_run_t *run);
void journey_attr_work_free(journey_attr_work_t *work);

/* Credits what the weights of work say, into its sums, and checks them.
 * JOURNEY_ERROR with a message in work->err. */
int journey_attr_credit(journey_attr_work_t *work,
    const journey_attr_run_t *run);

/* Adds the intervals to the credits of attr. */
int journey_attr_bootstrap(journey_attr_t *attr, journey_attr_run_t *run,
    journey_error_t *err);


/* A generator of random numbers (xoshiro256**, Blackman and Vigna), begun
 * from a seed and the number of a sample (splitmix64). */

typedef struct {
    uint64_t                state[4];
} journey_random_t;

void journey_random_init(journey_random_t *random, uint64_t seed,
    uint64_t number);
uint64_t journey_random(journey_random_t *random);

/* How many of n draws hit what has the probability p: exactly the binomial
 * distribution, in a time that does not grow with n. */
uint64_t journey_random_binomial(journey_random_t *random, uint64_t n,
    double p);


#endif /* JOURNEY_ATTRIBUTION_RUN_H */
