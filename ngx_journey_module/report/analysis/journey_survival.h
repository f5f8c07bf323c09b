
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Times to an event of which some are known only to be longer: the product
 * limit estimator (Kaplan and Meier, 1958), its variance (Greenwood, 1926) and
 * intervals on the scale log(-log) (Kalbfleisch and Prentice, 1980).
 */


#ifndef JOURNEY_SURVIVAL_H
#define JOURNEY_SURVIVAL_H


#include "journey_core.h"


/* What one time (ms) did to the curve.  The first point is at 0 whether
 * anybody converted there or not; the others are times of conversions. */

typedef struct {
    uint64_t                   time;
    uint64_t                   at_risk;     /* just before it */
    uint64_t                   converted;
    uint64_t                   censored;    /* then or later, before the time
                                               of the next point */
    double                     left;        /* S: the share of those that have
                                               not converted yet */
    double                     low;         /* its 95 % interval; */
    double                     high;
    unsigned                   bounded;     /* 0: there is none, where S is 0
                                               or 1 */
} journey_survival_point_t;


typedef struct {
    uint64_t                  *times;   /* time, censored, not the first one of
                                           its visitor: sorted so */
    uint64_t                   n;
    uint64_t                   size;
    uint64_t                   converted;
    uint64_t                   visitors;

    journey_survival_point_t  *points;
    uint64_t                   npoints;
    uint64_t                   points_size;
} journey_survival_t;


void journey_survival_init(journey_survival_t *survival);
void journey_survival_free(journey_survival_t *survival);

/*
 * Adds one: it converted after that time, at most 2^48 ms, or was seen for so
 * long without doing so.  first is 1 for one of each visitor's.  JOURNEY_ERROR
 * when memory is exhausted.
 */
int journey_survival_add(journey_survival_t *survival, uint64_t time,
    unsigned converted, unsigned first);

/*
 * Computes the curve, to be called once.  Of those that convert and are
 * censored at the same time the latter are at risk then.  With min, points are
 * put together from the first one on until min visitors, each counted with the
 * first of theirs, leave in one of them, which has the time and S of the last;
 * fewer than min visitors have no points.  JOURNEY_ERROR when memory is
 * exhausted.
 */
int journey_survival_estimate(journey_survival_t *survival, uint64_t min);

/* The first time at which S is not above share; JOURNEY_DECLINED when it does
 * not come so far. */
int journey_survival_quantile(const journey_survival_t *survival, double share,
    uint64_t *time);

/* The interval (95 %) of the median: the first times at which the bounds of S
 * are not above 1/2.  JOURNEY_DECLINED for one that does not come so far. */
int journey_survival_median_low(const journey_survival_t *survival,
    uint64_t *time);
int journey_survival_median_high(const journey_survival_t *survival,
    uint64_t *time);

/* The point in force at that time; NULL when there are no points. */
const journey_survival_point_t *journey_survival_at(
    const journey_survival_t *survival, uint64_t time);

/* How many are still there without having converted, just after that time. */
uint64_t journey_survival_after(const journey_survival_t *survival,
    uint64_t time);


#endif /* JOURNEY_SURVIVAL_H */
