
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_attribution_run.h"

#include <math.h>
#include <stdlib.h>


#define JOURNEY_ATTR_EXACT  1e-9        /* relative error of what must hold */
#define JOURNEY_ATTR_TIE    1e-12       /* fits that differ less are equal */


static const char  *journey_attr_names[JOURNEY_ATTR_MODELS] = {
    "first", "last", "last_non_direct", "linear", "position", "time_decay",
    "markov", "shapley", "counterfactual"
};


const char *
journey_attr_name(unsigned model)
{
    return journey_attr_names[model];
}


unsigned
journey_attr_find(const char *name)
{
    unsigned  i;

    for (i = 0; i < JOURNEY_ATTR_MODELS; i++) {
        if (strcmp(journey_attr_names[i], name) == 0) {
            break;
        }
    }

    return i;
}


int
journey_attr_work_init(journey_attr_work_t *work,
    const journey_attr_run_t *run)
{
    size_t    npaths, nitems;
    unsigned  i;

    memset(work, 0, sizeof(journey_attr_work_t));

    npaths = run->paths->npaths;
    nitems = (size_t) run->paths->nitems + 1;

    work->conversions = calloc(npaths, sizeof(double));
    work->nulls = calloc(npaths, sizeof(double));
    work->value = calloc(npaths, sizeof(double));
    work->seen = calloc(nitems, sizeof(uint32_t));
    work->distinct = malloc(nitems * sizeof(uint32_t));
    work->removal = calloc(nitems, sizeof(double));
    work->removal_value = calloc(nitems, sizeof(double));

    if (work->conversions == NULL || work->nulls == NULL
        || work->value == NULL || work->seen == NULL
        || work->distinct == NULL || work->removal == NULL
        || work->removal_value == NULL)
    {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < JOURNEY_ATTR_MODELS; i++) {

        if (!(run->opts->models & 1 << i)) {
            continue;
        }

        work->sums[i] = malloc(nitems * sizeof(work->sums[i][0]));
        if (work->sums[i] == NULL) {
            return JOURNEY_ERROR;
        }
    }

    if (work->sums[JOURNEY_ATTR_MARKOV] == NULL) {
        return JOURNEY_OK;
    }

    return journey_markov_work_init(&work->markov, &run->markov);
}


void
journey_attr_work_free(journey_attr_work_t *work)
{
    unsigned  i;

    for (i = 0; i < JOURNEY_ATTR_MODELS; i++) {
        free(work->sums[i]);
    }

    free(work->conversions);
    free(work->nulls);
    free(work->value);
    free(work->seen);
    free(work->distinct);
    free(work->removal);
    free(work->removal_value);

    journey_markov_work_free(&work->markov);
}


static void
journey_attr_add(journey_attr_work_t *work, unsigned model, uint32_t item,
    long double conversions, long double value)
{
    if (work->sums[model] != NULL) {
        work->sums[model][item][0] += conversions;
        work->sums[model][item][1] += value;
    }
}


/* Models that look at places in the path. */

static void
journey_attr_places(journey_attr_work_t *work, const journey_attr_run_t *run,
    const journey_paths_path_t *path, long double conversions,
    long double value)
{
    uint32_t         i, n, last;
    long double      share;
    const uint32_t  *touches, *items;

    n = path->n;
    touches = journey_path_touches(run->paths, path);
    items = run->paths->items;

    journey_attr_add(work, JOURNEY_ATTR_FIRST, touches[0], conversions, value);
    journey_attr_add(work, JOURNEY_ATTR_LAST, touches[n - 1], conversions,
                     value);

    if (work->sums[JOURNEY_ATTR_LAST_NON_DIRECT] != NULL) {
        for (last = n; last > 0; last--) {
            if (items[touches[last - 1]] != run->opts->direct) {
                break;
            }
        }

        last = last ? last - 1 : n - 1;
        journey_attr_add(work, JOURNEY_ATTR_LAST_NON_DIRECT, touches[last],
                         conversions, value);
    }

    if (work->sums[JOURNEY_ATTR_LINEAR] != NULL) {
        for (i = 0; i < n; i++) {
            journey_attr_add(work, JOURNEY_ATTR_LINEAR, touches[i],
                             conversions / n, value / n);
        }
    }

    if (work->sums[JOURNEY_ATTR_POSITION] == NULL) {
        return;
    }

    for (i = 0; i < n; i++) {
        share = (n == 1) ? 1.0L : (n == 2) ? 0.5L
                : (i == 0 || i == n - 1) ? 0.4L : 0.2L / (n - 2);

        journey_attr_add(work, JOURNEY_ATTR_POSITION, touches[i],
                         share * conversions, share * value);
    }
}


/* What conversions weighed by age are credited with, scaled to what the path
 * weighs now. */

static void
journey_attr_aged(journey_attr_work_t *work, const journey_attr_run_t *run,
    const journey_paths_path_t *path, long double conversions,
    long double value)
{
    uint32_t            i;
    long double         scale, scale_value;
    journey_sum_t     (*decays)[2];
    const uint32_t     *touches;

    if (work->sums[JOURNEY_ATTR_TIME_DECAY] == NULL || path->aged == 0) {
        return;
    }

    touches = journey_path_touches(run->paths, path);
    decays = run->paths->decays + path->decay;
    scale = conversions / path->conversions;
    scale_value = (path->value > 0) ? value / (long double) path->value : 0;

    for (i = 0; i < path->n; i++) {
        journey_attr_add(work, JOURNEY_ATTR_TIME_DECAY, touches[i],
                         scale * (long double) decays[i][0],
                         scale_value * (long double) decays[i][1]);
    }
}


/* Models that look at which items a path has: each conversion shared equally
 * among them is Shapley's value; what would be lost without each of them is
 * the counterfactual. */

static void
journey_attr_sets(journey_attr_work_t *work, const journey_attr_run_t *run,
    uint32_t number, long double conversions, long double value)
{
    uint32_t               i, n;
    const uint32_t        *touches;
    const journey_paths_path_t  *path;

    if (work->sums[JOURNEY_ATTR_SHAPLEY] == NULL
        && work->sums[JOURNEY_ATTR_COUNTERFACTUAL] == NULL)
    {
        return;
    }

    path = &run->paths->paths[number];
    touches = journey_path_touches(run->paths, path);

    for (i = 0, n = 0; i < path->n; i++) {
        if (work->seen[touches[i]] != number) {
            work->seen[touches[i]] = number;
            work->distinct[n++] = touches[i];
        }
    }

    for (i = 0; i < n; i++) {
        journey_attr_add(work, JOURNEY_ATTR_SHAPLEY, work->distinct[i],
                         conversions / n, value / n);
        journey_attr_add(work, JOURNEY_ATTR_COUNTERFACTUAL, work->distinct[i],
                         conversions, value);
    }
}


/* Credits in proportion to what each item's sums are. */

static void
journey_attr_normalise(long double (*sums)[2], uint32_t n, unsigned which,
    long double all)
{
    uint32_t     i;
    long double  sum;

    for (i = 0, sum = 0; i < n; i++) {
        sum += sums[i][which];
    }

    for (i = 0; i < n; i++) {
        sums[i][which] = (sum > 0) ? sums[i][which] / sum * all : 0;
    }
}


static int
journey_attr_near(long double got, long double want)
{
    return fabsl(got - want) <= JOURNEY_ATTR_EXACT * fabsl(want);
}


/* Removal effects to credits; what must hold of them is checked. */

static int
journey_attr_markov(journey_attr_work_t *work, const journey_attr_run_t *run,
    const long double *all, long double paths)
{
    int                    rc;
    double                *r, most;
    uint32_t               i;
    unsigned               which;
    long double            sum;
    journey_markov_sum_t  *got;

    got = &work->sum;

    rc = journey_markov_removals(&run->markov, &work->markov,
                                 work->conversions, work->nulls, work->value,
                                 work->removal, work->removal_value, got);

    if (rc == JOURNEY_DECLINED) {
        return journey_error(&work->err, "the Markov chain of order %u, %u "
                             "states, cannot be solved exactly: try a lower "
                             "--order", run->markov.order,
                             (unsigned) run->markov.nstates);
    }

    if (rc != JOURNEY_OK) {
        return journey_error(&work->err, "not enough memory");
    }

    if (all[0] > 0
        && (!journey_attr_near(got->p, all[0] / paths)
            || !journey_attr_near(got->mean, all[1] / paths)))
    {
        return journey_error(&work->err, "Markov, order %u: p is %.12g, but "
                             "the share of conversions is %.12Lg: please "
                             "report this", run->markov.order, got->p,
                             all[0] / paths);
    }

    most = 1 + JOURNEY_ATTR_EXACT;

    for (which = 0; which < 2; which++) {
        r = which ? work->removal_value : work->removal;

        for (i = 0, sum = 0; i < run->paths->nitems; i++) {

            if (!(r[i] >= 0 && r[i] <= most)) {
                return journey_error(&work->err, "Markov, order %u: a removal "
                                     "effect is %.12g, not between 0 and 1: "
                                     "please report this", run->markov.order,
                                     r[i]);
            }

            r[i] = journey_min(r[i], 1);
            sum += r[i];
            work->sums[JOURNEY_ATTR_MARKOV][i][which] = r[i];
        }

        /* every conversion is lost without some item */

        if (all[which] > 0 && !(sum >= 1 - JOURNEY_ATTR_EXACT)) {
            return journey_error(&work->err, "Markov, order %u: removal "
                                 "effects add up to %.12Lg, less than 1: "
                                 "please report this", run->markov.order,
                                 sum);
        }

        journey_attr_normalise(work->sums[JOURNEY_ATTR_MARKOV],
                               run->paths->nitems, which, all[which]);
    }

    return JOURNEY_OK;
}


/* Credits add up to what there is, and none is negative. */

static int
journey_attr_check(journey_attr_work_t *work, const journey_attr_run_t *run,
    const long double *all, const long double *aged)
{
    uint32_t             i;
    unsigned             model, which;
    long double          sum, want;

    for (model = 0; model < JOURNEY_ATTR_MODELS; model++) {

        if (work->sums[model] == NULL) {
            continue;
        }

        for (which = 0; which < 2; which++) {

            want = (model == JOURNEY_ATTR_TIME_DECAY) ? aged[which]
                                                      : all[which];

            for (i = 0, sum = 0; i < run->paths->nitems; i++) {

                if (!(work->sums[model][i][which] >= 0)) {
                    return journey_error(&work->err, "%s: a credit is %.12Lg: "
                                         "please report this",
                                         journey_attr_names[model],
                                         work->sums[model][i][which]);
                }

                sum += work->sums[model][i][which];
            }

            if (!journey_attr_near(sum, want)) {
                return journey_error(&work->err, "%s: credits add up to "
                                     "%.12Lg instead of %.12Lg: please report "
                                     "this", journey_attr_names[model], sum,
                                     want);
            }
        }
    }

    return JOURNEY_OK;
}


int
journey_attr_credit(journey_attr_work_t *work, const journey_attr_run_t *run)
{
    uint32_t               i;
    unsigned               model;
    long double            all[2], aged[2], paths, conversions, value;
    const journey_paths_path_t  *path;

    all[0] = all[1] = aged[0] = aged[1] = paths = 0;

    for (model = 0; model < JOURNEY_ATTR_MODELS; model++) {
        if (work->sums[model] != NULL) {
            memset(work->sums[model], 0,
                   run->paths->nitems * sizeof(work->sums[model][0]));
        }
    }

    memset(work->seen, 0, run->paths->nitems * sizeof(uint32_t));

    for (i = 1; i < run->paths->npaths; i++) {
        path = &run->paths->paths[i];
        conversions = work->conversions[i];
        value = work->value[i];
        paths += conversions + work->nulls[i];

        if (!(conversions > 0)) {
            continue;
        }

        all[0] += conversions;
        all[1] += value;

        if (path->aged != 0) {
            aged[0] += conversions / path->conversions * path->aged;
            aged[1] += (path->value > 0)
                       ? value / (long double) path->value
                         * (long double) path->aged_value : 0;
        }

        journey_attr_places(work, run, path, conversions, value);
        journey_attr_aged(work, run, path, conversions, value);
        journey_attr_sets(work, run, i, conversions, value);
    }

    if (work->sums[JOURNEY_ATTR_COUNTERFACTUAL] != NULL) {
        journey_attr_normalise(work->sums[JOURNEY_ATTR_COUNTERFACTUAL],
                               run->paths->nitems, 0, all[0]);
        journey_attr_normalise(work->sums[JOURNEY_ATTR_COUNTERFACTUAL],
                               run->paths->nitems, 1, all[1]);
    }

    if (work->sums[JOURNEY_ATTR_MARKOV] != NULL
        && journey_attr_markov(work, run, all, paths) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return journey_attr_check(work, run, all, aged);
}


/* The order that tells conversions from nulls best, for its number of states;
 * the lower one of two that are as good. */

static int
journey_attr_order(journey_attr_t *attr, const journey_paths_t *paths)
{
    unsigned             order;
    journey_attr_fit_t  *fit, *best;

    attr->order = 1;
    best = &attr->fits[0];

    for (order = 1; order <= JOURNEY_ATTR_ORDERS; order++) {
        fit = &attr->fits[order - 1];

        if (journey_markov_fit(paths, order, fit) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        if (fit->eligible
            && (!best->eligible
                || fit->penalised > best->penalised + JOURNEY_ATTR_TIE))
        {
            best = fit;
            attr->order = order;
        }
    }

    return JOURNEY_OK;
}


static int
journey_attr_copy(journey_attr_t *attr, journey_attr_work_t *work)
{
    uint32_t           i;
    unsigned           model;
    journey_credit_t  *credits;

    for (model = 0; model < JOURNEY_ATTR_MODELS; model++) {

        if (work->sums[model] == NULL) {
            continue;
        }

        credits = calloc((size_t) attr->nitems + 1, sizeof(journey_credit_t));
        if (credits == NULL) {
            return JOURNEY_ERROR;
        }

        attr->models[model] = credits;

        for (i = 0; i < attr->nitems; i++) {
            credits[i].conversions = (double) work->sums[model][i][0];
            credits[i].value = (double) work->sums[model][i][1];
        }
    }

    if (work->sums[JOURNEY_ATTR_MARKOV] != NULL) {
        attr->removal = work->removal;
        attr->removal_value = work->removal_value;
        work->removal = NULL;
        work->removal_value = NULL;
    }

    return JOURNEY_OK;
}


static int
journey_attr_run(journey_attr_t *attr, journey_attr_run_t *run,
    journey_attr_work_t *work, journey_error_t *err)
{
    uint32_t               i;
    const journey_paths_path_t  *path;

    if (run->opts->models & 1 << JOURNEY_ATTR_MARKOV) {

        attr->order = run->opts->order;

        if (attr->order == JOURNEY_ATTR_AUTO
            && journey_attr_order(attr, run->paths) != JOURNEY_OK)
        {
            return journey_error(err, "not enough memory");
        }

        if (journey_markov_init(&run->markov, run->paths, attr->order)
            != JOURNEY_OK)
        {
            return journey_error(err, "not enough memory");
        }

        attr->nstates = run->markov.nstates;
        attr->nsteps = run->markov.nsteps;
    }

    if (journey_attr_work_init(work, run) != JOURNEY_OK) {
        return journey_error(err, "not enough memory");
    }

    for (i = 1; i < run->paths->npaths; i++) {
        path = &run->paths->paths[i];
        work->conversions[i] = (double) path->conversions;
        work->nulls[i] = (double) path->nulls;
        work->value[i] = (double) path->value;
    }

    if (journey_attr_credit(work, run) != JOURNEY_OK) {
        *err = work->err;
        return JOURNEY_ERROR;
    }

    attr->p = work->sum.p;
    attr->bound = work->sum.bound;

    if (journey_attr_copy(attr, work) != JOURNEY_OK) {
        return journey_error(err, "not enough memory");
    }

    return run->opts->bootstrap ? journey_attr_bootstrap(attr, run, err)
                                : JOURNEY_OK;
}


int
journey_attribute(journey_attr_t *attr, const journey_paths_t *paths,
    const journey_attr_options_t *opts, journey_error_t *err)
{
    int                  rc;
    journey_attr_run_t   run;
    journey_attr_work_t  work;

    memset(attr, 0, sizeof(journey_attr_t));
    memset(&run, 0, sizeof(journey_attr_run_t));
    memset(&work, 0, sizeof(journey_attr_work_t));

    attr->nitems = paths->nitems;
    attr->items = paths->items;
    attr->conversions = paths->conversions;
    attr->nulls = paths->nulls;
    attr->value = (long double) paths->value;
    attr->aged = paths->aged;
    attr->aged_value = (long double) paths->aged_value;

    run.paths = paths;
    run.opts = opts;

    rc = journey_attr_run(attr, &run, &work, err);

    journey_attr_work_free(&work);
    journey_markov_free(&run.markov);

    return rc;
}


void
journey_attr_free(journey_attr_t *attr)
{
    unsigned  i;

    for (i = 0; i < JOURNEY_ATTR_MODELS; i++) {
        free(attr->models[i]);
    }

    free(attr->removal);
    free(attr->removal_value);
}
