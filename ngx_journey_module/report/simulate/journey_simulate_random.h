
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Chance, the same on every machine: integers alone, no libc, no libm.  The
 * generator is SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom
 * Number Generators", 2014), one a visit, so that a visitor does the same
 * whatever others do.
 */


#ifndef JOURNEY_SIMULATE_RANDOM_H
#define JOURNEY_SIMULATE_RANDOM_H


#include "journey_core.h"


#define JOURNEY_SIMULATE_GAMMA  0x9e3779b97f4a7c15ULL


static inline uint64_t
journey_simulate_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;

    return z ^ (z >> 31);
}


static inline uint64_t
journey_simulate_next(uint64_t *state)
{
    *state += JOURNEY_SIMULATE_GAMMA;

    return journey_simulate_mix(*state);
}


/* The n-th stream of a seed. */

static inline uint64_t
journey_simulate_stream(uint64_t seed, uint64_t n)
{
    return journey_simulate_mix(journey_simulate_mix(seed)
                                + (n + 1) * JOURNEY_SIMULATE_GAMMA);
}


/* 0 to n - 1, n at least 1. */

static inline uint32_t
journey_simulate_below(uint64_t *state, uint32_t n)
{
    return (uint32_t) (((journey_simulate_next(state) >> 32) * n) >> 32);
}


/* 1 with a probability in thousandths. */

static inline unsigned
journey_simulate_chance(uint64_t *state, uint32_t thousandths)
{
    return journey_simulate_below(state, 1000) < thousandths;
}


/* A value of a distribution that is given by n + 1 quantiles, straight between
 * two of them. */

static inline uint32_t
journey_simulate_quantile(uint64_t *state, const uint32_t *quantiles,
    uint32_t n)
{
    uint32_t  i, part;
    uint64_t  r;

    r = (journey_simulate_next(state) >> 32) * n;

    i = (uint32_t) (r >> 32);
    part = (uint32_t) (r >> 16) & 0xffff;

    return quantiles[i]
           + (uint32_t) (((uint64_t) (quantiles[i + 1] - quantiles[i]) * part)
                         >> 16);
}


/* The place of a weight in a list of n, of those that sum up to total. */

static inline unsigned
journey_simulate_pick(uint64_t *state, const uint16_t *weights, unsigned n,
    uint32_t total)
{
    uint32_t  r;
    unsigned  i;

    r = journey_simulate_below(state, total);

    for (i = 0; i + 1 < n && r >= weights[i]; i++) {
        r -= weights[i];
    }

    return i;
}


#endif /* JOURNEY_SIMULATE_RANDOM_H */
