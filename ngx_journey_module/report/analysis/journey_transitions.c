
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_transitions.h"
#include "journey_fold.h"

#include <stdlib.h>


/* A model, in the journey looked at. */

typedef struct {
    uint64_t                   journey_gen;
    uint32_t                   last;    /* step of the event before */
    uint32_t                  *waiting; /* steps whose later one is to come:
                                           the one on top is the earliest */
    uint32_t                   nwaiting;
} journey_transitions_model_t;

typedef struct journey_transitions_walk_s {
    journey_transitions_t       *transitions;
    const journey_analysis_t    *a;
    journey_transitions_model_t *models;
    uint32_t                    *waiting;       /* of all models */
    uint64_t                    *firsts;        /* t of the first event of the
                                                   journey in each step */
    uint64_t                    *seen;          /* in which journey */
    uint64_t                     visitor_gen;
    uint64_t                     journey_gen;
} journey_transitions_walk_t;


static int
journey_transitions_pair(journey_transitions_walk_t *walk, uint32_t model,
    uint32_t from, uint32_t to)
{
    uint32_t                i, n, size, key[3];
    journey_transition_t   *rows;
    journey_transitions_t  *transitions;

    transitions = walk->transitions;

    key[0] = model;
    key[1] = from;
    key[2] = to;

    n = transitions->keys.n;
    i = journey_intern(&transitions->keys, (u_char *) key, sizeof(key));

    if (i == 0) {
        return JOURNEY_ERROR;
    }

    if (i >= transitions->rows_size) {
        size = i + i / 2 + 64;

        rows = realloc(transitions->rows, size * sizeof(journey_transition_t));
        if (rows == NULL) {
            return JOURNEY_ERROR;
        }

        memset(rows + transitions->rows_size, 0,
               (size - transitions->rows_size)
               * sizeof(journey_transition_t));

        transitions->rows = rows;
        transitions->rows_size = size;
    }

    rows = &transitions->rows[i];

    if (i == n) {
        rows->model = model;
        rows->from = from;
        rows->to = to;
    }

    rows = &transitions->rows[journey_fold_row(transitions->row, i)];
    rows->count++;

    if (rows->journey_gen != walk->journey_gen) {
        rows->journey_gen = walk->journey_gen;
        rows->journeys++;
    }

    if (rows->visitor_gen != walk->visitor_gen) {
        rows->visitor_gen = walk->visitor_gen;
        rows->visitors++;
    }

    return JOURNEY_OK;
}


/* The sums of a phase to count for. */

static journey_phase_time_t *
journey_transitions_time(journey_transitions_walk_t *walk, uint32_t step)
{
    return &walk->transitions->times[
               journey_fold_row(walk->transitions->time_row, step)];
}


/* A later phase than that of the step was reached after so long. */

static int
journey_transitions_advance(journey_transitions_walk_t *walk, uint32_t step,
    uint64_t time)
{
    uint64_t              *times;
    journey_phase_time_t  *phase;

    phase = journey_transitions_time(walk, step);

    if (phase->advanced == phase->size) {
        times = realloc(phase->times, (phase->size + phase->size / 2 + 64)
                                      * sizeof(uint64_t));
        if (times == NULL) {
            return JOURNEY_ERROR;
        }

        phase->times = times;
        phase->size += phase->size / 2 + 64;
    }

    phase->times[phase->advanced++] = time;

    if (phase->mover_gen != walk->visitor_gen) {
        phase->mover_gen = walk->visitor_gen;
        phase->movers++;
    }

    return JOURNEY_OK;
}


/* The first event of the journey in a step. */

static void
journey_transitions_enter(journey_transitions_walk_t *walk, uint32_t step,
    uint64_t t)
{
    journey_phase_time_t  *phase;

    walk->seen[step] = walk->journey_gen;
    walk->firsts[step] = t;

    phase = journey_transitions_time(walk, step);

    if (phase->journey_gen != walk->journey_gen) {
        phase->journey_gen = walk->journey_gen;
        phase->journeys++;
    }

    if (phase->visitor_gen != walk->visitor_gen) {
        phase->visitor_gen = walk->visitor_gen;
        phase->visitors++;
    }
}


/* An event with a phase: m is its model, k its step there. */

static int
journey_transitions_event(journey_transitions_walk_t *walk, uint32_t m,
    uint32_t k, uint64_t t)
{
    uint32_t                      first, step;
    journey_transitions_model_t  *model;

    model = &walk->models[m];
    first = walk->transitions->first[m];

    if (model->journey_gen != walk->journey_gen) {
        model->journey_gen = walk->journey_gen;
        model->nwaiting = 0;

    } else if (model->last != k
               && journey_transitions_pair(walk, m, model->last, k)
                  != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    model->last = k;

    while (model->nwaiting != 0 && model->waiting[model->nwaiting - 1] < k) {
        step = first + model->waiting[--model->nwaiting];

        if (journey_transitions_advance(walk, step, t - walk->firsts[step])
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    /* those that wait are later than k now, or it waits itself */

    if (walk->seen[first + k] != walk->journey_gen) {
        journey_transitions_enter(walk, first + k, t);
        model->waiting[model->nwaiting++] = k;
    }

    return JOURNEY_OK;
}


static int
journey_transitions_journey(void *ctx, const uint32_t *refs, uint32_t n)
{
    uint32_t                     i, m;
    const journey_ev_t          *ev;
    const journey_funnel_t      *funnel;
    journey_transitions_walk_t  *walk;

    walk = ctx;
    funnel = &walk->a->funnel;
    walk->journey_gen++;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(walk->a->store, refs[i]);

        if (ev->journey == 0 || ev->position == 0 || ev->phase == 0) {
            continue;
        }

        m = funnel->host_model[funnel->page_host[ev->page]];

        if (journey_transitions_event(walk, m,
                journey_funnel_find(&funnel->models[m], ev->position),
                ev->t) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


static int
journey_transitions_visitor(void *ctx, uint32_t visitor, const uint32_t *refs,
    uint32_t n)
{
    journey_transitions_walk_t  *walk;

    (void) visitor;
    (void) refs;
    (void) n;

    walk = ctx;
    walk->visitor_gen++;

    return JOURNEY_OK;
}


/* Forgets what was counted. */

static void
journey_transitions_reset(journey_transitions_walk_t *walk)
{
    uint32_t                i;
    journey_transition_t   *row;
    journey_phase_time_t   *phase;
    journey_transitions_t  *transitions;

    transitions = walk->transitions;

    walk->journey_gen = 0;
    walk->visitor_gen = 0;

    for (i = 0; i < walk->a->funnel.nmodels; i++) {
        walk->models[i].journey_gen = 0;
    }

    memset(walk->seen, 0, (transitions->ntimes + 1) * sizeof(uint64_t));

    for (i = 0; i < transitions->rows_size; i++) {
        row = &transitions->rows[i];
        row->count = 0;
        row->journeys = 0;
        row->visitors = 0;
        row->journey_gen = 0;
        row->visitor_gen = 0;
    }

    for (i = 0; i <= transitions->ntimes; i++) {
        phase = &transitions->times[i];
        phase->journeys = 0;
        phase->visitors = 0;
        phase->advanced = 0;
        phase->movers = 0;
        phase->journey_gen = 0;
        phase->visitor_gen = 0;
        phase->mover_gen = 0;
    }
}


static int
journey_transitions_row_seen(const void *ctx, uint32_t i, uint64_t *visitors)
{
    const journey_transitions_t  *transitions;

    transitions = ctx;
    *visitors = transitions->rows[i].visitors;

    return transitions->rows[i].count != 0;
}


static int
journey_transitions_time_seen(const void *ctx, uint32_t i, uint64_t *visitors)
{
    const journey_transitions_t  *transitions;

    transitions = ctx;
    *visitors = transitions->times[i].visitors;

    return transitions->times[i].journeys != 0;
}


/* JOURNEY_OK when more is folded than before. */

static int
journey_transitions_fold(journey_transitions_t *transitions, uint64_t min)
{
    int  rc, rc_times;

    rc = (transitions->keys.n < 2) ? JOURNEY_DECLINED
         : journey_fold_few(&transitions->row, transitions->keys.n, 0, min,
                            journey_transitions_row_seen, transitions,
                            &transitions->keys);

    rc_times = journey_fold_few(&transitions->time_row,
                                transitions->ntimes + 1, transitions->ntimes,
                                min, journey_transitions_time_seen,
                                transitions, NULL);

    if (rc == JOURNEY_ERROR || rc_times == JOURNEY_ERROR) {
        return JOURNEY_ERROR;
    }

    return (rc == JOURNEY_OK || rc_times == JOURNEY_OK) ? JOURNEY_OK
                                                        : JOURNEY_DECLINED;
}


static int
journey_transitions_cmp(const void *one, const void *two)
{
    const uint64_t  *a, *b;

    a = one;
    b = two;

    return *a < *b ? -1 : *a > *b;
}


static int
journey_transitions_end(void *ctx)
{
    int                          rc;
    uint32_t                     i;
    journey_transitions_t       *transitions;
    journey_transitions_walk_t  *walk;

    walk = ctx;
    transitions = walk->transitions;

    rc = (walk->a->opts->min_visitors == 0) ? JOURNEY_DECLINED
         : journey_transitions_fold(transitions, walk->a->opts->min_visitors);

    if (rc == JOURNEY_OK) {
        journey_transitions_reset(walk);
        return JOURNEY_AGAIN;
    }

    for (i = 0; i < transitions->ntimes && rc == JOURNEY_DECLINED; i++) {
        if (transitions->times[i].advanced != 0) {
            qsort(transitions->times[i].times, transitions->times[i].advanced,
                  sizeof(uint64_t), journey_transitions_cmp);
        }
    }

    return rc == JOURNEY_DECLINED ? JOURNEY_OK : rc;
}


int
journey_transitions_init(journey_transitions_t *transitions,
    const journey_analysis_t *a, journey_pass_t *pass)
{
    uint32_t                     i, n;
    const journey_funnel_t      *funnel;
    journey_transitions_walk_t  *walk;

    memset(transitions, 0, sizeof(journey_transitions_t));

    walk = calloc(1, sizeof(journey_transitions_walk_t));
    if (walk == NULL) {
        return JOURNEY_ERROR;
    }

    transitions->walk = walk;
    walk->transitions = transitions;
    walk->a = a;

    funnel = &a->funnel;

    if (journey_intern_init(&transitions->keys, a->store->all.names.seed)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    transitions->first = malloc((funnel->nmodels + 1) * sizeof(uint32_t));
    walk->models = calloc(funnel->nmodels + 1,
                          sizeof(journey_transitions_model_t));

    if (transitions->first == NULL || walk->models == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0, n = 0; i < funnel->nmodels; i++) {
        transitions->first[i] = n;
        n += funnel->models[i].nsteps;
    }

    transitions->times = calloc(n + 1, sizeof(journey_phase_time_t));
    walk->waiting = malloc((n + 1) * sizeof(uint32_t));
    walk->firsts = malloc((n + 1) * sizeof(uint64_t));
    walk->seen = malloc((n + 1) * sizeof(uint64_t));

    if (transitions->times == NULL || walk->waiting == NULL
        || walk->firsts == NULL || walk->seen == NULL)
    {
        return JOURNEY_ERROR;
    }

    transitions->ntimes = n;

    for (i = 0; i < funnel->nmodels; i++) {
        walk->models[i].waiting = walk->waiting + transitions->first[i];
    }

    journey_transitions_reset(walk);

    memset(pass, 0, sizeof(journey_pass_t));

    pass->ctx = walk;
    pass->visitor = journey_transitions_visitor;
    pass->journey = journey_transitions_journey;
    pass->end = journey_transitions_end;

    return JOURNEY_OK;
}


void
journey_transitions_free(journey_transitions_t *transitions)
{
    uint32_t  i;

    for (i = 0; transitions->times != NULL && i <= transitions->ntimes; i++) {
        free(transitions->times[i].times);
    }

    if (transitions->walk != NULL) {
        free(transitions->walk->models);
        free(transitions->walk->waiting);
        free(transitions->walk->firsts);
        free(transitions->walk->seen);
        free(transitions->walk);
    }

    journey_intern_free(&transitions->keys);
    free(transitions->rows);
    free(transitions->row);
    free(transitions->times);
    free(transitions->first);
    free(transitions->time_row);
}


double
journey_transitions_quantile(const uint64_t *times, uint64_t n, double share)
{
    double    place;
    uint64_t  i;

    place = (double) (n - 1) * share;
    i = (uint64_t) place;

    if (i + 1 >= n) {
        return (double) times[n - 1];
    }

    return (double) times[i]
           + (place - (double) i) * (double) (times[i + 1] - times[i]);
}
