
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The product limit estimator: published examples, small cases by hand, and
 * random times beside a version that counts anew for each of them.
 */


#include "journey_survival.h"

#include "tap.h"

#include <math.h>


#define near(a, b, eps)  (fabs((a) - (b)) <= (eps))


typedef struct {
    uint64_t   time;
    unsigned   converted;
} subject_t;

typedef struct {
    uint64_t   time;
    uint64_t   at_risk;
    uint64_t   converted;
    double     left;
    double     se;
} published_t;


/* 6-MP against leukaemia: weeks of remission (Freireich et al., Blood 21,
 * 1963). */

static const subject_t  six_mp[] = {
    { 6, 0 }, { 6, 1 }, { 6, 1 }, { 6, 1 }, { 7, 1 }, { 9, 0 }, { 10, 0 },
    { 10, 1 }, { 11, 0 }, { 13, 1 }, { 16, 1 }, { 17, 0 }, { 19, 0 },
    { 20, 0 }, { 22, 1 }, { 23, 1 }, { 25, 0 }, { 32, 0 }, { 32, 0 },
    { 34, 0 }, { 35, 0 }
};

static const published_t  six_mp_curve[] = {
    { 6, 21, 3, 0.857, 0.0764 }, { 7, 17, 1, 0.807, 0.0869 },
    { 10, 15, 1, 0.753, 0.0963 }, { 13, 12, 1, 0.690, 0.1068 },
    { 16, 11, 1, 0.627, 0.1141 }, { 22, 7, 1, 0.538, 0.1282 },
    { 23, 6, 1, 0.448, 0.1346 }
};

static const subject_t  placebo[] = {
    { 1, 1 }, { 1, 1 }, { 2, 1 }, { 2, 1 }, { 3, 1 }, { 4, 1 }, { 4, 1 },
    { 5, 1 }, { 5, 1 }, { 8, 1 }, { 8, 1 }, { 8, 1 }, { 8, 1 }, { 11, 1 },
    { 11, 1 }, { 12, 1 }, { 12, 1 }, { 15, 1 }, { 17, 1 }, { 22, 1 },
    { 23, 1 }
};

/* Acute myelogenous leukaemia, maintained (Miller, Survival Analysis, 1981). */

static const subject_t  aml[] = {
    { 9, 1 }, { 13, 1 }, { 13, 0 }, { 18, 1 }, { 23, 1 }, { 28, 0 },
    { 31, 1 }, { 34, 1 }, { 45, 0 }, { 48, 1 }, { 161, 0 }
};

static const published_t  aml_curve[] = {
    { 9, 11, 1, 0.909, 0.0867 }, { 13, 10, 1, 0.818, 0.1163 },
    { 18, 8, 1, 0.716, 0.1397 }, { 23, 7, 1, 0.614, 0.1526 },
    { 31, 5, 1, 0.491, 0.1642 }, { 34, 4, 1, 0.368, 0.1627 },
    { 48, 2, 1, 0.184, 0.1535 }
};

static uint64_t  seed = 20261122;


static uint64_t
draw(uint64_t n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;

    return (seed >> 33) % n;
}


static void
fill(journey_survival_t *survival, const subject_t *subjects, size_t n)
{
    size_t  i;

    journey_survival_init(survival);

    for (i = 0; i < n; i++) {
        if (journey_survival_add(survival, subjects[i].time,
                                 subjects[i].converted, 1) != JOURNEY_OK)
        {
            abort();
        }
    }
}


/* The standard error that an interval on the scale log(-log) was made of. */

static double
error_of(const journey_survival_point_t *point)
{
    double  high, low;

    low = log(-log(point->low));
    high = log(-log(point->high));

    return (low - high) / 2 / 1.959963984540054 * point->left
           * -log(point->left);
}


static void
is_curve(const subject_t *subjects, size_t n, const published_t *curve,
    size_t npoints, const char *name)
{
    size_t                           i;
    unsigned                         same, sure;
    journey_survival_t               survival;
    const journey_survival_point_t  *point;

    fill(&survival, subjects, n);
    (void) journey_survival_estimate(&survival, 0);

    is_int(survival.npoints, npoints + 1, name);

    same = 1;
    sure = 1;

    for (i = 0; i < npoints && i + 1 < survival.npoints; i++) {
        point = &survival.points[i + 1];

        same &= (point->time == curve[i].time
                 && point->at_risk == curve[i].at_risk
                 && point->converted == curve[i].converted
                 && near(point->left, curve[i].left, 0.0005));
        sure &= point->bounded && near(error_of(point), curve[i].se, 0.00006);
    }

    ok(same, "%s: times, at risk, events, estimate", name);
    ok(sure, "%s: standard errors (Greenwood)", name);

    journey_survival_free(&survival);
}


static void
is_quantile(const journey_survival_t *survival, double share, uint64_t want,
    const char *name)
{
    int       rc;
    uint64_t  time;

    time = 0;
    rc = journey_survival_quantile(survival, share, &time);

    ok(want == UINT64_MAX ? rc == JOURNEY_DECLINED
                          : rc == JOURNEY_OK && time == want,
       "%s: %lld", name, (long long) (rc == JOURNEY_OK ? (long long) time
                                                       : -1));
}


static void
published(void)
{
    uint64_t                         time;
    unsigned                         i, same;
    journey_survival_t               survival;
    const journey_survival_point_t  *p;

    /* as SAS prints them: its intervals are of the scale log(-log) */

    static const double  bounds[][2] = {
        { 0.6197, 0.9516 }, { 0.5631, 0.9228 }, { 0.5032, 0.8894 },
        { 0.4316, 0.8491 }, { 0.3675, 0.8049 }, { 0.2678, 0.7468 },
        { 0.1881, 0.6801 }
    };

    is_curve(six_mp, sizeof(six_mp) / sizeof(six_mp[0]), six_mp_curve, 7,
             "6-MP");
    is_curve(aml, sizeof(aml) / sizeof(aml[0]), aml_curve, 7, "AML");

    fill(&survival, six_mp, sizeof(six_mp) / sizeof(six_mp[0]));
    (void) journey_survival_estimate(&survival, 0);

    for (i = 0, same = 1; i < 7; i++) {
        p = &survival.points[i + 1];
        same &= near(p->low, bounds[i][0], 0.00006)
                && near(p->high, bounds[i][1], 0.00006);
    }

    ok(same, "6-MP: intervals");

    is_quantile(&survival, 0.5, 23, "6-MP: median");
    is_quantile(&survival, 0.75, 13, "6-MP: first quartile");
    is_quantile(&survival, 0.25, UINT64_MAX, "6-MP: third, not reached");

    ok(journey_survival_median_low(&survival, &time) == JOURNEY_OK
       && time == 13, "6-MP: the median's lower bound");
    ok(journey_survival_median_high(&survival, &time) == JOURNEY_DECLINED,
       "6-MP: the upper one is not reached");

    p = &survival.points[0];
    ok(p->time == 0 && p->at_risk == 21 && p->converted == 0
       && p->censored == 0 && p->left == 1 && !p->bounded,
       "the first point is at 0");
    is_int(survival.points[1].censored, 1,
           "censored at the time of an event: after it");
    is_int(survival.points[7].censored, 5, "those behind the last event");

    is_int(journey_survival_after(&survival, 6), 17, "after 6 weeks");
    is_int(journey_survival_after(&survival, 0), 21, "at the begin");
    is_int(journey_survival_after(&survival, 35), 0, "at the end");
    ok(journey_survival_at(&survival, 12)->time == 10, "the point at a time");
    ok(journey_survival_at(&survival, 0)->time == 0, "at 0");
    ok(journey_survival_at(&survival, 99)->time == 23, "behind the last one");

    journey_survival_free(&survival);

    fill(&survival, placebo, sizeof(placebo) / sizeof(placebo[0]));
    (void) journey_survival_estimate(&survival, 0);

    is_quantile(&survival, 0.5, 8, "placebo: median");
    is_quantile(&survival, 0.75, 4, "placebo: first quartile");
    is_quantile(&survival, 0.25, 12, "placebo: third quartile");

    p = &survival.points[survival.npoints - 1];
    ok(p->time == 23 && p->left == 0 && !p->bounded,
       "nobody is left: no interval");
    ok(near(journey_survival_at(&survival, 8)->left, 8.0 / 21, 1e-12),
       "without censoring it is the plain share");

    journey_survival_free(&survival);
}


static void
by_hand(void)
{
    journey_survival_t  survival;

    static const subject_t  four[] = {
        { 3, 1 }, { 1, 1 }, { 4, 1 }, { 2, 1 }
    };
    static const subject_t  zeros[] = {
        { 0, 1 }, { 0, 0 }, { 0, 1 }, { 5, 1 }
    };
    static const subject_t  never[] = { { 4, 0 }, { 0, 0 }, { 7, 0 } };
    static const subject_t  largest[] = {
        { 281474976710655ULL, 1 }, { 281474976710655ULL, 0 }
    };

    journey_survival_init(&survival);
    ok(journey_survival_estimate(&survival, 0) == JOURNEY_OK
       && survival.npoints == 0, "nobody: no points");
    is_quantile(&survival, 0.5, UINT64_MAX, "nobody: no median");
    ok(journey_survival_at(&survival, 5) == NULL, "nobody: no curve");
    is_int(journey_survival_after(&survival, 0), 0, "nobody is followed");
    journey_survival_free(&survival);

    fill(&survival, four, 4);
    (void) journey_survival_estimate(&survival, 0);
    is_quantile(&survival, 0.5, 2, "exactly half after 2: that is the median");
    is_quantile(&survival, 0.75, 1, "exactly a quarter");
    is_quantile(&survival, 0.25, 3, "exactly three quarters");
    journey_survival_free(&survival);

    fill(&survival, zeros, 4);
    (void) journey_survival_estimate(&survival, 0);
    is_int(survival.npoints, 2, "times of 0: one point");
    is_int(survival.points[0].converted, 2, "it has those that convert");
    is_int(survival.points[0].censored, 1, "and those that are censored");
    ok(near(survival.points[0].left, 0.5, 1e-12), "half is left");
    is_int(survival.points[1].at_risk, 1, "one is at risk later");
    is_quantile(&survival, 0.5, 0, "the median is 0");
    journey_survival_free(&survival);

    fill(&survival, never, 3);
    (void) journey_survival_estimate(&survival, 0);
    is_int(survival.npoints, 1, "no conversion: the first point alone");
    is_int(survival.points[0].censored, 3, "which has all");
    ok(survival.points[0].left == 1, "all are left");
    journey_survival_free(&survival);

    fill(&survival, largest, 2);
    (void) journey_survival_estimate(&survival, 0);
    ok(survival.npoints == 2
       && survival.points[1].time == 281474976710655ULL
       && near(survival.points[1].left, 0.5, 1e-12), "the largest time");
    journey_survival_free(&survival);
}


/* S and Greenwood's sum at a time, counted anew for each time before it. */

static double
plain(const subject_t *subjects, size_t n, uint64_t at, double *sum)
{
    size_t    i, k;
    double    left;
    uint64_t  risk, events;

    left = 1;
    *sum = 0;

    for (i = 0; i < n; i++) {
        risk = events = 0;

        for (k = 0; k < i; k++) {
            if (subjects[k].converted && subjects[k].time == subjects[i].time)
            {
                break;
            }
        }

        if (!subjects[i].converted || subjects[i].time > at || k < i) {
            continue;
        }

        for (k = 0; k < n; k++) {
            risk += (subjects[k].time >= subjects[i].time);
            events += (subjects[k].converted
                       && subjects[k].time == subjects[i].time);
        }

        left *= 1 - (double) events / (double) risk;
        *sum += (double) events / ((double) risk * (double) (risk - events));
    }

    return left;
}


static void
random_times(void)
{
    size_t                           n, k;
    double                           left, sum, se, share;
    uint64_t                         i, total, time;
    unsigned                         round, curve, sums, bounds, quantiles;
    subject_t                        subjects[60];
    journey_survival_t               survival;
    const journey_survival_point_t  *p;

    curve = sums = bounds = quantiles = 1;

    for (round = 0; round < 2000; round++) {
        n = 1 + draw(60);

        for (k = 0; k < n; k++) {
            subjects[k].time = draw(1 + draw(40));
            subjects[k].converted = (draw(3) != 0);
        }

        fill(&survival, subjects, n);
        (void) journey_survival_estimate(&survival, 0);

        for (i = 0, total = 0; i < survival.npoints; i++) {
            p = &survival.points[i];
            left = plain(subjects, n, p->time, &sum);

            sums &= (p->at_risk == n - total);
            total += p->converted + p->censored;
            curve &= near(p->left, left, 1e-12);

            if (p->bounded) {
                se = sqrt(sum) * left;
                bounds &= near(error_of(p), se, 1e-9)
                          && p->low < p->left && p->left < p->high;
            }
        }

        sums &= (total == n);

        for (share = 0.75; share > 0; share -= 0.25) {
            for (time = 0; time < 40; time++) {
                if (plain(subjects, n, time, &sum) <= share + 1e-9) {
                    break;
                }
            }

            i = 40;
            (void) journey_survival_quantile(&survival, share, &i);
            quantiles &= (i == time);
        }

        journey_survival_free(&survival);
    }

    ok(curve, "random times: the estimate is that of the plain version");
    ok(sums, "who leaves is no longer at risk, and all do");
    ok(bounds, "the interval is Greenwood's and holds the estimate");
    ok(quantiles, "quartiles");
}


/* Points of min visitors at least, on the same curve. */

static void
folded(void)
{
    size_t                           n, k;
    uint64_t                         i, min, total, last, visitors;
    unsigned                         round, few, curve, sums, none;
    subject_t                        subjects[60];
    journey_survival_t               whole, survival;
    const journey_survival_point_t  *p;

    few = curve = sums = none = 1;

    for (round = 0; round < 2000; round++) {
        n = 1 + draw(60);
        min = 1 + draw(8);
        visitors = 0;

        journey_survival_init(&survival);

        for (k = 0; k < n; k++) {
            unsigned  first;

            subjects[k].time = draw(1 + draw(40));
            subjects[k].converted = (draw(3) != 0);
            first = (draw(4) != 0);
            visitors += first;

            (void) journey_survival_add(&survival, subjects[k].time,
                                        subjects[k].converted, first);
        }

        fill(&whole, subjects, n);
        (void) journey_survival_estimate(&whole, 0);
        (void) journey_survival_estimate(&survival, min);

        if (visitors < min) {
            none &= (survival.npoints == 0);
        }

        for (i = 0, total = 0; i < survival.npoints; i++) {
            p = &survival.points[i];
            last = total;
            sums &= (p->at_risk == n - total);
            total += p->converted + p->censored;

            /* that there are enough of them, whoever is the first */

            few &= (total - last >= min);
            curve &= (p->left == journey_survival_at(&whole, p->time)->left);
        }

        sums &= (survival.npoints == 0 || total == n);

        journey_survival_free(&survival);
        journey_survival_free(&whole);
    }

    ok(none, "too few visitors: no points");
    ok(few, "points of enough visitors");
    ok(curve, "each lies on the curve");
    ok(sums, "and together they are all");

    /* nine conversions of one visitor are one */

    journey_survival_init(&survival);

    for (k = 0; k < 9; k++) {
        (void) journey_survival_add(&survival, k + 1, 1, k == 0);
    }

    (void) journey_survival_add(&survival, 20, 1, 1);
    (void) journey_survival_add(&survival, 30, 0, 1);
    (void) journey_survival_estimate(&survival, 2);

    is_int(survival.npoints, 1, "one visitor and two more: one point");
    is_int(survival.points[0].converted, 10, "of all conversions");
    is_int(survival.points[0].time, 20, "at the last one");
    journey_survival_free(&survival);
}


int
main(void)
{
    published();
    by_hand();
    random_times();
    folded();

    return done();
}
