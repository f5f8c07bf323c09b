
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_survival.h"

#include <math.h>
#include <stdlib.h>


/* A time's lower bits: those that convert come before those that do not. */
#define JOURNEY_SURVIVAL_LATER     0x1  /* not the first of its visitor */
#define JOURNEY_SURVIVAL_CENSORED  0x2
#define JOURNEY_SURVIVAL_BITS      2

#define JOURNEY_SURVIVAL_Z         1.959963984540054    /* 97.5 % of the normal
                                                           distribution */
#define JOURNEY_SURVIVAL_NEAR      1e-12    /* a product of shares that is
                                               equal to one by hand */


/* The curve while it is computed. */

typedef struct {
    journey_survival_t        *survival;
    journey_survival_point_t  *point;
    double                     left;
    double                     sum;     /* Greenwood's */
    uint64_t                   visitors;        /* that leave in the point */
    uint64_t                   min;
} journey_survival_walk_t;


void
journey_survival_init(journey_survival_t *survival)
{
    memset(survival, 0, sizeof(journey_survival_t));
}


void
journey_survival_free(journey_survival_t *survival)
{
    free(survival->times);
    free(survival->points);
}


int
journey_survival_add(journey_survival_t *survival, uint64_t time,
    unsigned converted, unsigned first)
{
    uint64_t   size;
    uint64_t  *times;

    if (survival->n == survival->size) {
        size = survival->size + survival->size / 2 + 256;

        times = realloc(survival->times, size * sizeof(uint64_t));
        if (times == NULL) {
            return JOURNEY_ERROR;
        }

        survival->times = times;
        survival->size = size;
    }

    survival->times[survival->n++] = time << JOURNEY_SURVIVAL_BITS
                                     | (converted ? 0
                                        : JOURNEY_SURVIVAL_CENSORED)
                                     | (first ? 0 : JOURNEY_SURVIVAL_LATER);

    survival->converted += (converted != 0);
    survival->visitors += (first != 0);

    return JOURNEY_OK;
}


static int
journey_survival_cmp(const void *one, const void *two)
{
    const uint64_t  *a, *b;

    a = one;
    b = two;

    return *a < *b ? -1 : *a > *b;
}


static int
journey_survival_point(journey_survival_walk_t *walk, uint64_t time,
    uint64_t at_risk)
{
    uint64_t                   size;
    journey_survival_t        *survival;
    journey_survival_point_t  *points;

    survival = walk->survival;

    if (survival->npoints == survival->points_size) {
        size = survival->points_size + survival->points_size / 2 + 64;

        points = realloc(survival->points,
                         size * sizeof(journey_survival_point_t));
        if (points == NULL) {
            return JOURNEY_ERROR;
        }

        survival->points = points;
        survival->points_size = size;
    }

    walk->point = &survival->points[survival->npoints++];
    memset(walk->point, 0, sizeof(journey_survival_point_t));

    walk->point->time = time;
    walk->point->at_risk = at_risk;
    walk->point->left = walk->left;
    walk->visitors = 0;

    return JOURNEY_OK;
}


static void
journey_survival_bounds(journey_survival_walk_t *walk)
{
    double                     se;
    journey_survival_point_t  *point;

    point = walk->point;
    point->left = walk->left;
    point->bounded = (walk->left > 0 && walk->left < 1);

    if (point->bounded) {
        se = sqrt(walk->sum) / -log(walk->left);

        point->low = pow(walk->left, exp(JOURNEY_SURVIVAL_Z * se));
        point->high = pow(walk->left, exp(-JOURNEY_SURVIVAL_Z * se));
    }
}


/* converted of the at_risk that are left do so at that time. */

static int
journey_survival_step(journey_survival_walk_t *walk, uint64_t time,
    uint64_t at_risk, uint64_t converted)
{
    if (time > walk->point->time) {

        if (walk->visitors >= walk->min) {
            if (journey_survival_point(walk, time, at_risk) != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }

        } else {
            walk->point->time = time;
        }
    }

    if (converted == at_risk) {
        walk->left = 0;

    } else {
        walk->left *= (double) (at_risk - converted) / (double) at_risk;
        walk->sum += (double) converted / ((double) at_risk
                                           * (double) (at_risk - converted));
    }

    walk->point->converted += converted;
    journey_survival_bounds(walk);

    return JOURNEY_OK;
}


/* Too few in the last point: they are part of the one before. */

static void
journey_survival_last(journey_survival_walk_t *walk)
{
    journey_survival_point_t  *point, *last;

    if (walk->visitors >= walk->min || walk->survival->npoints < 2) {
        return;
    }

    last = walk->point;
    point = last - 1;

    point->time = last->time;
    point->converted += last->converted;
    point->censored += last->censored;
    point->left = last->left;
    point->low = last->low;
    point->high = last->high;
    point->bounded = last->bounded;

    walk->survival->npoints--;
}


int
journey_survival_estimate(journey_survival_t *survival, uint64_t min)
{
    uint64_t                 i, k, n, time, key, end;
    journey_survival_walk_t  walk;

    if (survival->n == 0 || survival->visitors < min) {
        return JOURNEY_OK;
    }

    qsort(survival->times, survival->n, sizeof(uint64_t),
          journey_survival_cmp);

    memset(&walk, 0, sizeof(journey_survival_walk_t));

    walk.survival = survival;
    walk.left = 1;
    walk.min = min;

    if (journey_survival_point(&walk, 0, survival->n) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < survival->n; i = k) {
        key = survival->times[i];
        time = key >> JOURNEY_SURVIVAL_BITS;
        end = key | ((1 << JOURNEY_SURVIVAL_BITS) - 1);

        for (k = i; k < survival->n && survival->times[k] <= end; k++) {
            if (survival->times[k] & JOURNEY_SURVIVAL_CENSORED) {
                break;
            }
        }

        if (k > i && journey_survival_step(&walk, time, survival->n - i, k - i)
                     != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        for (n = 0; k < survival->n && survival->times[k] <= end; k++) {
            n++;
        }

        walk.point->censored += n;

        for ( /* void */ ; i < k; i++) {
            walk.visitors += !(survival->times[i] & JOURNEY_SURVIVAL_LATER);
        }
    }

    journey_survival_last(&walk);

    return JOURNEY_OK;
}


int
journey_survival_quantile(const journey_survival_t *survival, double share,
    uint64_t *time)
{
    uint64_t  i;

    for (i = 0; i < survival->npoints; i++) {
        if (survival->points[i].left <= share + JOURNEY_SURVIVAL_NEAR) {
            *time = survival->points[i].time;
            return JOURNEY_OK;
        }
    }

    return JOURNEY_DECLINED;
}


int
journey_survival_median_low(const journey_survival_t *survival,
    uint64_t *time)
{
    uint64_t                         i;
    const journey_survival_point_t  *point;

    for (i = 0; i < survival->npoints; i++) {
        point = &survival->points[i];

        if (point->left == 0
            || (point->bounded && point->low <= 0.5 + JOURNEY_SURVIVAL_NEAR))
        {
            *time = point->time;
            return JOURNEY_OK;
        }
    }

    return JOURNEY_DECLINED;
}


int
journey_survival_median_high(const journey_survival_t *survival,
    uint64_t *time)
{
    uint64_t                         i;
    const journey_survival_point_t  *point;

    for (i = 0; i < survival->npoints; i++) {
        point = &survival->points[i];

        if (point->bounded && point->high <= 0.5 + JOURNEY_SURVIVAL_NEAR) {
            *time = point->time;
            return JOURNEY_OK;
        }
    }

    return JOURNEY_DECLINED;
}


const journey_survival_point_t *
journey_survival_at(const journey_survival_t *survival, uint64_t time)
{
    uint64_t  low, high, middle;

    low = 0;
    high = survival->npoints;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (survival->points[middle].time <= time) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low == 0 ? NULL : &survival->points[low - 1];
}


uint64_t
journey_survival_after(const journey_survival_t *survival, uint64_t time)
{
    uint64_t  low, high, middle;

    low = 0;
    high = survival->n;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (survival->times[middle] >> JOURNEY_SURVIVAL_BITS <= time) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return survival->n - low;
}
