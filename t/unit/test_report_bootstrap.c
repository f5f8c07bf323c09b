
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_bootstrap: the distribution of its draws, intervals beside
 * those that a formula tells, the same ones for a seed.
 */


#include "attribution.h"


static void
test_binomial(uint64_t n, double p)
{
    double             sum, squares, x, mean, variance, draws;
    unsigned           i;
    journey_random_t   rnd;

    journey_random_init(&rnd, 11, n);
    draws = 200000;

    for (i = 0, sum = 0, squares = 0; i < draws; i++) {
        x = (double) journey_random_binomial(&rnd, n, p);

        if (x > (double) n) {
            ok(0, "no more hits than draws");
            return;
        }

        x -= (double) n * p;
        sum += x;
        squares += x * x;
    }

    mean = sum / draws;
    variance = squares / draws;

    ok(fabs(mean) < 5 * sqrt((double) n * p * (1 - p) / draws),
       "binomial %g of %llu: the mean", p, (unsigned long long) n);
    ok(fabs(variance / ((double) n * p * (1 - p)) - 1) < 0.05,
       "and the variance");
}


/* The distribution itself, by chi square. */

static void
test_binomial_shape(uint64_t n, double p)
{
    double             want, square, draws, seen[128];
    unsigned           i, classes;
    journey_random_t   rnd;

    memset(seen, 0, sizeof(seen));
    journey_random_init(&rnd, 12, n);
    draws = 500000;

    for (i = 0; i < draws; i++) {
        seen[journey_random_binomial(&rnd, n, p)]++;
    }

    for (i = 0, square = 0, classes = 0; i <= n; i++) {
        want = draws * exp(lgamma((double) n + 1) - lgamma(i + 1.0)
                           - lgamma((double) (n - i) + 1) + i * log(p)
                           + (double) (n - i) * log1p(-p));

        if (want >= 20) {
            square += (seen[i] - want) * (seen[i] - want) / want;
            classes++;
        }
    }

    ok(square < classes + 5 * sqrt(2.0 * classes),
       "binomial %g of %llu: chi square %.1f of %u classes", p,
       (unsigned long long) n, square, classes);
}


/* Long, for all of it is about one set of paths. */

static void
test_bootstrap(void)
{
    int               same;
    double            low, high;
    uint32_t          i;
    unsigned          model;
    journey_attr_t    attr, again;
    journey_credit_t *x, *y;
    journey_paths_t   paths;

    defaults();
    opts.bootstrap = 2000;
    opts.order = 2;
    opts.threads = 1;

    journey_paths_init(&paths, HALF, 1);
    add(&paths, "a", 100, 1000, 300);
    add(&paths, "ab", 50, 2500, 100);
    add(&paths, "bac", 30, 30, 400);
    add(&paths, "bac", 10, 1000, 0);
    add(&paths, "bcbcb", 1, 7, 10);
    add(&paths, "cab", 0, 0, 99);

    is_int(run(&attr, &paths), JOURNEY_OK, "a bootstrap");

    for (model = 0, same = 1; model < JOURNEY_ATTR_MODELS; model++) {
        for (i = 0; i < attr.nitems; i++) {
            x = &attr.models[model][i];

            same &= (x->conversions_low <= x->conversions
                     && x->conversions <= x->conversions_high
                     && x->value_low <= x->value
                     && x->value <= x->value_high);
        }
    }

    ok(same, "every credit is within its interval");

    /* those that end in a, of 1100 draws: the binomial distribution */

    x = &attr.models[JOURNEY_ATTR_LAST][0];
    low = 100 - 1.96 * sqrt(100 * (1 - 100 / 1100.0));
    high = 100 + 1.96 * sqrt(100 * (1 - 100 / 1100.0));
    ok(fabs(x->conversions_low - low) < 2
       && fabs(x->conversions_high - high) < 2,
       "last: %g to %g, as %.1f to %.1f", x->conversions_low,
       x->conversions_high, low, high);

    /* values of 1 and 100: their variance is that of 30 and 10 draws */

    x = &attr.models[JOURNEY_ATTR_LAST][2];
    low = 1030 - 1.96 * sqrt(30 + 10 * 10000.0);
    high = 1030 + 1.96 * sqrt(30 + 10 * 10000.0);
    ok(fabs(x->value_low - low) < 110 && fabs(x->value_high - high) < 110,
       "values: %g to %g, as %.0f to %.0f", x->value_low, x->value_high, low,
       high);

    opts.threads = 2;
    is_int(run(&again, &paths), JOURNEY_OK, "by two threads");

    for (model = 0, same = 1; model < JOURNEY_ATTR_MODELS; model++) {
        for (i = 0; i < attr.nitems; i++) {
            x = &attr.models[model][i];
            y = &again.models[model][i];
            same &= (memcmp(x, y, sizeof(journey_credit_t)) == 0);
        }
    }

    ok(same, "to the bit the same");
    journey_attr_free(&again);

    opts.seed++;
    is_int(run(&again, &paths), JOURNEY_OK, "another seed");
    ok(attr.models[JOURNEY_ATTR_LINEAR][0].conversions_low
       != again.models[JOURNEY_ATTR_LINEAR][0].conversions_low,
       "other intervals");
    journey_attr_free(&again);

    opts.bootstrap = 4000000000U;
    is_int(run(&again, &paths), JOURNEY_ERROR, "too much for the memory");
    journey_attr_free(&again);

    journey_attr_free(&attr);
    journey_paths_free(&paths);
}


int
main(void)
{
    test_binomial(1000000, 0.3);
    test_binomial(1000000000000ULL, 1e-11);
    test_binomial(30, 0.2);
    test_binomial(50, 0.7);
    test_binomial_shape(40, 0.4);
    test_binomial_shape(100, 0.11);
    test_binomial_shape(60, 0.05);

    test_bootstrap();

    return done();
}
