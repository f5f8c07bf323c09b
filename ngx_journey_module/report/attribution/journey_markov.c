
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_markov.h"

#include <stdlib.h>


/* An array by first: offsets counted, summed, then filled. */

static void
journey_markov_offsets(size_t *first, uint32_t n)
{
    uint32_t  i;

    for (i = 0; i < n; i++) {
        first[i + 1] += first[i];
    }
}


/* The windows and steps of a path; returns where its route ends. */

static int
journey_markov_route(journey_markov_t *markov, uint32_t number,
    size_t *end)
{
    uint32_t               i, k, n, state, previous, pair[2], step;
    const uint32_t        *touches;
    const journey_paths_path_t  *path;

    path = &markov->paths->paths[number];
    touches = journey_path_touches(markov->paths, path);
    k = journey_min(markov->order, path->n);
    n = path->n - k + 1;
    previous = 0;

    markov->first[number] = *end;

    for (i = 0; i < n; i++) {
        state = journey_intern(&markov->windows, (u_char *) (touches + i),
                               k * sizeof(uint32_t));

        if (state-- == 0) {
            return JOURNEY_ERROR;
        }

        if (i == 0) {
            markov->route[(*end)++] = state;

        } else if (state != previous) {
            pair[0] = previous;
            pair[1] = state;

            step = journey_intern(&markov->pairs, (u_char *) pair,
                                  sizeof(pair));
            if (step-- == 0) {
                return JOURNEY_ERROR;
            }

            markov->route[(*end)++] = step;
        }

        previous = state;
    }

    markov->last[number] = previous;

    return JOURNEY_OK;
}


/* The steps by the state they leave, and by the one they lead to. */

static int
journey_markov_steps(journey_markov_t *markov)
{
    size_t     out, in;
    uint32_t   i, pair[2];

    markov->out_first = calloc((size_t) markov->nstates + 2, sizeof(size_t));
    markov->in_first = calloc((size_t) markov->nstates + 2, sizeof(size_t));
    markov->out_state = malloc(((size_t) markov->nsteps + 1)
                               * sizeof(uint32_t));
    markov->out_step = malloc(((size_t) markov->nsteps + 1)
                              * sizeof(uint32_t));
    markov->in_state = malloc(((size_t) markov->nsteps + 1)
                              * sizeof(uint32_t));
    markov->in_step = malloc(((size_t) markov->nsteps + 1)
                             * sizeof(uint32_t));

    if (markov->out_first == NULL || markov->in_first == NULL
        || markov->out_state == NULL || markov->out_step == NULL
        || markov->in_state == NULL || markov->in_step == NULL)
    {
        return JOURNEY_ERROR;
    }

    /* counted one further: filling moves each begin to its end, which is the
     * next one's begin */

    for (i = 0; i < markov->nsteps; i++) {
        memcpy(pair, journey_intern_str(&markov->pairs, i + 1).data,
               sizeof(pair));
        markov->out_first[pair[0] + 2]++;
        markov->in_first[pair[1] + 2]++;
    }

    journey_markov_offsets(markov->out_first, markov->nstates + 1);
    journey_markov_offsets(markov->in_first, markov->nstates + 1);

    for (i = 0; i < markov->nsteps; i++) {
        memcpy(pair, journey_intern_str(&markov->pairs, i + 1).data,
               sizeof(pair));

        out = markov->out_first[pair[0] + 1]++;
        markov->out_state[out] = pair[1];
        markov->out_step[out] = i;

        in = markov->in_first[pair[1] + 1]++;
        markov->in_state[in] = pair[0];
        markov->in_step[in] = i;
    }

    return JOURNEY_OK;
}


/* The different items of a state; returns their number. */

static uint32_t
journey_markov_window(const journey_markov_t *markov, uint32_t state,
    uint32_t *items)
{
    uint32_t       i, k, n, m, window[JOURNEY_ATTR_ORDERS];
    journey_str_t  str;

    str = journey_intern_str(&markov->windows, state + 1);
    m = (uint32_t) journey_min(str.len / sizeof(uint32_t),
                               JOURNEY_ATTR_ORDERS);
    memcpy(window, str.data, m * sizeof(uint32_t));

    for (i = 0, n = 0; i < m; i++) {
        for (k = 0; k < n && items[k] != window[i]; k++) {
            /* void */
        }

        if (k == n) {
            items[n++] = window[i];
        }
    }

    return n;
}


static int
journey_markov_items(journey_markov_t *markov)
{
    uint32_t  i, k, n, items[JOURNEY_ATTR_ORDERS], nitems;

    nitems = markov->paths->nitems;

    markov->item_first = calloc((size_t) nitems + 2, sizeof(size_t));
    if (markov->item_first == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < markov->nstates; i++) {
        n = journey_markov_window(markov, i, items);

        for (k = 0; k < n; k++) {
            markov->item_first[items[k] + 2]++;
        }
    }

    journey_markov_offsets(markov->item_first, nitems + 1);

    markov->item_state = malloc((markov->item_first[nitems + 1] + 1)
                                * sizeof(uint32_t));
    if (markov->item_state == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < markov->nstates; i++) {
        n = journey_markov_window(markov, i, items);

        for (k = 0; k < n; k++) {
            markov->item_state[markov->item_first[items[k] + 1]++] = i;
        }
    }

    return JOURNEY_OK;
}


int
journey_markov_init(journey_markov_t *markov, const journey_paths_t *paths,
    unsigned order)
{
    size_t    end;
    uint32_t  i;

    memset(markov, 0, sizeof(journey_markov_t));

    markov->order = order;
    markov->paths = paths;

    if (journey_intern_init(&markov->windows, paths->keys.seed) != JOURNEY_OK
        || journey_intern_init(&markov->pairs, paths->keys.seed) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    markov->first = malloc(((size_t) paths->npaths + 1) * sizeof(size_t));
    markov->last = malloc(((size_t) paths->npaths + 1) * sizeof(uint32_t));
    markov->route = malloc((paths->ntouches + 1) * sizeof(uint32_t));

    if (markov->first == NULL || markov->last == NULL
        || markov->route == NULL)
    {
        return JOURNEY_ERROR;
    }

    for (i = 1, end = 0; i < paths->npaths; i++) {
        if (journey_markov_route(markov, i, &end) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    markov->first[paths->npaths] = end;
    markov->nstates = markov->windows.n - 1;
    markov->nsteps = markov->pairs.n - 1;

    if (journey_markov_steps(markov) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    return journey_markov_items(markov);
}


void
journey_markov_free(journey_markov_t *markov)
{
    journey_intern_free(&markov->windows);
    journey_intern_free(&markov->pairs);

    free(markov->first);
    free(markov->route);
    free(markov->last);
    free(markov->out_first);
    free(markov->out_state);
    free(markov->out_step);
    free(markov->in_first);
    free(markov->in_state);
    free(markov->in_step);
    free(markov->item_first);
    free(markov->item_state);
}


int
journey_markov_work_init(journey_markov_work_t *work,
    const journey_markov_t *markov)
{
    size_t  room;

    memset(work, 0, sizeof(journey_markov_work_t));

    room = (size_t) markov->nstates + 1;

    work->steps = malloc(((size_t) markov->nsteps + 1) * sizeof(double));
    work->total = malloc(room * sizeof(double));
    work->start = malloc(room * sizeof(double));
    work->end = malloc(room * sizeof(double));
    work->gain = malloc(room * sizeof(double));
    work->value = malloc(room * sizeof(double));
    work->h = malloc(room * sizeof(double));
    work->worth = malloc(room * sizeof(double));
    work->important = malloc(room * sizeof(double));
    work->removed = calloc(room, sizeof(uint32_t));

    if (work->steps == NULL || work->total == NULL || work->start == NULL
        || work->end == NULL || work->gain == NULL || work->value == NULL
        || work->h == NULL || work->worth == NULL || work->important == NULL
        || work->removed == NULL)
    {
        return JOURNEY_ERROR;
    }

    return journey_chain_work_init(&work->chain, markov->nstates);
}


void
journey_markov_work_free(journey_markov_work_t *work)
{
    free(work->steps);
    free(work->total);
    free(work->start);
    free(work->end);
    free(work->gain);
    free(work->value);
    free(work->h);
    free(work->worth);
    free(work->important);
    free(work->removed);

    journey_chain_work_free(&work->chain);
}


/* What the paths weigh, on their states and steps. */

static void
journey_markov_weigh(const journey_markov_t *markov,
    journey_markov_work_t *work, const double *conversions,
    const double *nulls, const double *value)
{
    size_t    e, room;
    double    weight;
    uint32_t  i, last, first;

    room = (size_t) markov->nstates * sizeof(double);

    memset(work->steps, 0, (size_t) markov->nsteps * sizeof(double));
    memset(work->start, 0, room);
    memset(work->end, 0, room);
    memset(work->gain, 0, room);
    memset(work->value, 0, room);

    for (i = 1; i < markov->paths->npaths; i++) {
        weight = conversions[i] + nulls[i];

        if (!(weight > 0)) {
            continue;
        }

        first = markov->route[markov->first[i]];
        last = markov->last[i];

        work->start[first] += weight;
        work->end[last] += weight;
        work->gain[last] += conversions[i];
        work->value[last] += value[i];

        for (e = markov->first[i] + 1; e < markov->first[i + 1]; e++) {
            work->steps[markov->route[e]] += weight;
        }
    }

    for (i = 0; i < markov->nstates; i++) {
        work->total[i] = work->end[i];

        for (e = markov->out_first[i]; e < markov->out_first[i + 1]; e++) {
            work->total[i] += work->steps[markov->out_step[e]];
        }
    }
}


/* What a visit of each state brings in the end, by gain; and a path. */

static int
journey_markov_forward(const journey_markov_t *markov,
    journey_markov_work_t *work, const double *gain, double scale, double *x,
    double *sum, double *bound)
{
    int              rc;
    uint32_t         i;
    long double      all;
    journey_chain_t  chain;

    chain.n = markov->nstates;
    chain.first = markov->out_first;
    chain.state = markov->out_state;
    chain.step = markov->out_step;
    chain.weight = work->steps;
    chain.total = work->total;
    chain.end = work->end;
    chain.gain = gain;
    chain.removed = NULL;
    chain.removal = 0;
    chain.importance = work->total;
    chain.scale = scale;

    journey_chain_begin(&work->chain);

    for (i = 0, all = 0; i < markov->nstates; i++) {
        x[i] = 0;

        if (!(work->total[i] > 0)) {
            continue;
        }

        rc = journey_chain_solve(&work->chain, &chain, i);
        if (rc != JOURNEY_OK) {
            return rc;
        }

        x[i] = work->chain.x[i];
        all += (long double) work->start[i] * x[i];
    }

    *sum = (double) all;
    *bound = journey_max(*bound, work->chain.bound);

    return JOURNEY_OK;
}


/* Marks the states that hold an item; returns the number of the mark. */

static uint32_t
journey_markov_remove(const journey_markov_t *markov,
    journey_markov_work_t *work, uint32_t item)
{
    size_t  i;

    if (++work->removal == 0) {
        memset(work->removed, 0, markov->nstates * sizeof(uint32_t));
        work->removal = 1;
    }

    for (i = markov->item_first[item]; i < markov->item_first[item + 1]; i++)
    {
        work->removed[markov->item_state[i]] = work->removal;
    }

    return work->removal;
}


/* What is lost without an item. */

static int
journey_markov_removal(const journey_markov_t *markov,
    journey_markov_work_t *work, const journey_chain_t *chain, uint32_t item,
    long double *lost, long double *lost_value)
{
    int          rc;
    size_t       i, e;
    uint32_t     state, from;
    long double  comes;

    *lost = 0;
    *lost_value = 0;

    journey_chain_begin(&work->chain);

    for (i = markov->item_first[item]; i < markov->item_first[item + 1]; i++)
    {
        state = markov->item_state[i];

        if (!(work->total[state] > 0)
            || (work->h[state] == 0 && work->worth[state] == 0))
        {
            continue;
        }

        comes = work->start[state];

        for (e = markov->in_first[state]; e < markov->in_first[state + 1]; e++)
        {
            from = markov->in_state[e];

            if (work->removed[from] == chain->removal
                || !(work->steps[markov->in_step[e]] > 0))
            {
                continue;
            }

            rc = journey_chain_solve(&work->chain, chain, from);
            if (rc != JOURNEY_OK) {
                return rc;
            }

            comes += (long double) work->steps[markov->in_step[e]]
                     * work->chain.x[from];
        }

        *lost += comes * work->h[state];
        *lost_value += comes * work->worth[state];
    }

    return JOURNEY_OK;
}


/* The chain backwards, in which items are removed.  An error counts as much as
 * it can bring, in conversions or in value. */

static void
journey_markov_backward(const journey_markov_t *markov,
    journey_markov_work_t *work, double all, double all_value,
    journey_chain_t *chain)
{
    uint32_t  i;

    for (i = 0; i < markov->nstates; i++) {
        work->important[i] = work->h[i];

        if (all_value > 0) {
            work->important[i] = journey_max(work->h[i],
                                             work->worth[i] / all_value * all);
        }

        work->important[i] *= work->total[i];
    }

    chain->n = markov->nstates;
    chain->first = markov->in_first;
    chain->state = markov->in_state;
    chain->step = markov->in_step;
    chain->weight = work->steps;
    chain->total = work->total;
    chain->end = work->start;
    chain->gain = work->start;
    chain->removed = work->removed;
    chain->removal = 0;
    chain->importance = work->important;
    chain->scale = all;
}


int
journey_markov_removals(const journey_markov_t *markov,
    journey_markov_work_t *work, const double *conversions,
    const double *nulls, const double *value, double *removal,
    double *removal_value, journey_markov_sum_t *sum)
{
    int              rc;
    double           all, all_value, got, got_value;
    uint32_t         i, nitems;
    long double      lost, lost_value, paths;
    journey_chain_t  chain;

    nitems = markov->paths->nitems;

    memset(sum, 0, sizeof(journey_markov_sum_t));
    memset(removal, 0, nitems * sizeof(double));
    memset(removal_value, 0, nitems * sizeof(double));

    journey_markov_weigh(markov, work, conversions, nulls, value);

    for (i = 0, all = 0, all_value = 0, paths = 0; i < markov->nstates; i++) {
        all += work->gain[i];
        all_value += work->value[i];
        paths += work->end[i];
    }

    if (!(all > 0)) {
        return JOURNEY_OK;
    }

    rc = journey_markov_forward(markov, work, work->gain, all, work->h, &got,
                                &sum->bound);
    if (rc != JOURNEY_OK) {
        return rc;
    }

    got_value = 0;

    if (all_value > 0) {
        rc = journey_markov_forward(markov, work, work->value, all_value,
                                    work->worth, &got_value, &sum->bound);
        if (rc != JOURNEY_OK) {
            return rc;
        }

    } else {
        memset(work->worth, 0, markov->nstates * sizeof(double));
    }

    sum->p = (double) (got / paths);
    sum->mean = (double) (got_value / paths);

    journey_markov_backward(markov, work, all, all_value, &chain);

    for (i = 0; i < nitems; i++) {

        chain.removal = journey_markov_remove(markov, work, i);

        rc = journey_markov_removal(markov, work, &chain, i, &lost,
                                    &lost_value);
        if (rc != JOURNEY_OK) {
            return rc;
        }

        removal[i] = (double) (lost / all);

        if (all_value > 0) {
            removal_value[i] = (double) (lost_value / all_value);
        }

        sum->bound = journey_max(sum->bound, work->chain.bound);
    }

    return JOURNEY_OK;
}


/* Of the windows that paths end in. */

typedef struct {
    uint64_t  conversions;
    uint64_t  nulls;
} journey_markov_end_t;


/* By the share of conversions, exactly. */

static int
journey_markov_end_cmp(const void *one, const void *two)
{
    unsigned __int128            x, y;
    const journey_markov_end_t  *a, *b;

    a = one;
    b = two;

    x = (unsigned __int128) a->conversions * b->nulls;
    y = (unsigned __int128) b->conversions * a->nulls;

    return x < y ? -1 : x > y;
}


/* C(items + order - 1, order) */

static long double
journey_markov_combinations(uint32_t items, unsigned order)
{
    unsigned     i;
    long double  n;

    for (i = 1, n = 1; i <= order; i++) {
        n = n * ((long double) items + order - i) / i;
    }

    return n;
}


static void
journey_markov_auc(journey_markov_end_t *ends, uint32_t n,
    const journey_paths_t *paths, unsigned order, journey_attr_fit_t *fit)
{
    uint32_t     i, k;
    long double  won, nulls, conversions, below, all, m, count;

    qsort(ends, n, sizeof(journey_markov_end_t), journey_markov_end_cmp);

    fit->auc = 0.5;

    for (i = 0, won = 0, below = 0, all = 0; i < n; i = k) {

        conversions = 0;
        nulls = 0;

        for (k = i; k < n && journey_markov_end_cmp(&ends[i], &ends[k]) == 0;
             k++)
        {
            conversions += ends[k].conversions;
            nulls += ends[k].nulls;
        }

        won += conversions * (below + nulls / 2);
        below += nulls;
        all += conversions;
    }

    if (all > 0 && below > 0) {
        fit->auc = (double) (won / (all * below));
    }

    m = journey_markov_combinations(paths->nitems, order);
    count = (long double) paths->conversions + paths->nulls;

    fit->eligible = (count - m - 1 > 0);

    if (fit->eligible) {
        fit->penalised = (double) (1 - (1 - (long double) fit->auc)
                                       * (count - 1) / (count - m - 1));
    }
}


int
journey_markov_fit(const journey_paths_t *paths, unsigned order,
    journey_attr_fit_t *fit)
{
    int                     rc;
    uint32_t                i, k, number;
    journey_intern_t        windows;
    const journey_paths_path_t   *path;
    journey_markov_end_t   *ends;

    memset(fit, 0, sizeof(journey_attr_fit_t));

    rc = journey_intern_init(&windows, paths->keys.seed);
    ends = calloc((size_t) paths->npaths + 1, sizeof(journey_markov_end_t));

    if (ends == NULL) {
        rc = JOURNEY_ERROR;
    }

    for (i = 1; i < paths->npaths && rc == JOURNEY_OK; i++) {
        path = &paths->paths[i];
        k = journey_min(order, path->n);

        number = journey_intern(&windows,
                                (u_char *) (paths->touches + path->first
                                            + path->n - k),
                                k * sizeof(uint32_t));
        if (number == 0) {
            rc = JOURNEY_ERROR;
            break;
        }

        ends[number - 1].conversions += path->conversions;
        ends[number - 1].nulls += path->nulls;
    }

    if (rc == JOURNEY_OK) {

        /* paths that nobody took say nothing */

        for (i = 0, k = 0; i < windows.n - 1; i++) {
            if (ends[i].conversions != 0 || ends[i].nulls != 0) {
                ends[k++] = ends[i];
            }
        }

        journey_markov_auc(ends, k, paths, order, fit);
    }

    free(ends);
    journey_intern_free(&windows);

    return rc;
}
