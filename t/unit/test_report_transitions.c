
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Quantiles of times in phases.
 */


#include "journey_transitions.h"

#include "tap.h"


static void
is_quantiles(const uint64_t *times, uint64_t n, double q1, double median,
    double q3, const char *name)
{
    double  got[3];

    got[0] = journey_transitions_quantile(times, n, 0.25);
    got[1] = journey_transitions_quantile(times, n, 0.5);
    got[2] = journey_transitions_quantile(times, n, 0.75);

    ok(got[0] == q1 && got[1] == median && got[2] == q3,
       "%s: %g %g %g", name, got[0], got[1], got[2]);
}


int
main(void)
{
    uint64_t  i, many[1001];

    static const uint64_t  one[] = { 7 };
    static const uint64_t  two[] = { 10, 20 };
    static const uint64_t  three[] = { 1, 2, 30 };
    static const uint64_t  four[] = { 1, 2, 3, 4 };
    static const uint64_t  five[] = { 0, 0, 5, 9, 9 };
    static const uint64_t  large[] = { 0, 281474976710655ULL };

    is_quantiles(one, 1, 7, 7, 7, "one");
    is_quantiles(two, 2, 12.5, 15, 17.5, "two: between them");
    is_quantiles(three, 3, 1.5, 2, 16, "three");
    is_quantiles(four, 4, 1.75, 2.5, 3.25, "four, as R's type 7");
    is_quantiles(five, 5, 0, 5, 9, "equal ones");
    is_quantiles(large, 2, 281474976710655.0 / 4, 281474976710655.0 / 2,
                 281474976710655.0 * 3 / 4, "the largest time");

    for (i = 0; i <= 1000; i++) {
        many[i] = 3 * i;
    }

    is_quantiles(many, 1001, 750, 1500, 2250, "many");
    ok(journey_transitions_quantile(many, 1001, 0) == 0
       && journey_transitions_quantile(many, 1001, 1) == 3000, "the ends");

    return done();
}
