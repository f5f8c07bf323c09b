
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Which rows are folded.  A row that is left out must not be had by taking the
 * others from the total: so one row alone is never folded, and what is folded
 * has as many visitors as any other row, if there are so many.
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_fold.h"

#include <stdlib.h>


typedef struct {
    uint64_t     visitors;
    uint32_t     row;
    uint32_t     model;                 /* of phases */
} journey_fold_row_t;

typedef struct {
    journey_fold_row_t  *rows;          /* neither folded nor empty */
    uint32_t             n;
    uint32_t             folded;        /* rows that are */
} journey_fold_rows_t;


/* What tells rows apart, whoever was read first: keys has the name of each, or
 * the numbers of its names; else they are goals, or their numbers tell it. */

typedef struct {
    const journey_intern_t    *keys;
    const journey_intern_t    *names;
    const journey_goal_sum_t  *goals;
} journey_fold_names_t;


static int
journey_fold_names_cmp(const journey_fold_names_t *names, uint32_t one,
    uint32_t two)
{
    int            rc;
    size_t         i;
    uint32_t       a, b;
    journey_str_t  x, y;

    if (names->goals != NULL) {
        rc = journey_intern_cmp(names->names, names->goals[one].goal,
                                names->goals[two].goal);

        return rc ? rc : journey_intern_cmp(names->names,
                                            names->goals[one].currency,
                                            names->goals[two].currency);
    }

    if (names->keys == NULL) {
        return 0;
    }

    if (names->names == NULL) {
        return journey_intern_cmp(names->keys, one, two);
    }

    x = journey_intern_str(names->keys, one);
    y = journey_intern_str(names->keys, two);

    for (i = 0; i < x.len && i < y.len; i += sizeof(uint32_t)) {
        memcpy(&a, x.data + i, sizeof(uint32_t));
        memcpy(&b, y.data + i, sizeof(uint32_t));

        rc = (a == b) ? 0 : journey_intern_cmp(names->names, a, b);

        if (rc != 0) {
            return rc;
        }
    }

    return x.len < y.len ? -1 : x.len > y.len;
}


static int
journey_fold_cmp(const void *one, const void *two, void *names)
{
    int                        rc;
    const journey_fold_row_t  *a, *b;

    a = one;
    b = two;

    if (a->visitors != b->visitors) {
        return a->visitors < b->visitors ? -1 : 1;
    }

    if (a->model != b->model) {
        return a->model < b->model ? -1 : 1;
    }

    rc = journey_fold_names_cmp(names, a->row, b->row);

    return rc ? rc : a->row < b->row ? -1 : a->row > b->row;
}


/* How many of the rows, the smallest first, are to be folded now; together is
 * the number of visitors of those that are already. */

static uint32_t
journey_fold_choose(journey_fold_rows_t *rows,
    const journey_fold_names_t *names, uint64_t min, uint64_t together)
{
    uint32_t  n;

    qsort_r(rows->rows, rows->n, sizeof(journey_fold_row_t), journey_fold_cmp,
            (void *) names);

    for (n = 0; n < rows->n && rows->rows[n].visitors < min; n++) {
        /* void */
    }

    if (rows->folded + n == 0) {
        return 0;
    }

    if (n < rows->n
        && (rows->folded + n == 1 || (n == 0 && together < min)))
    {
        n++;
    }

    return n;
}


static int
journey_fold_rows(journey_fold_rows_t *rows, uint32_t size)
{
    rows->n = 0;
    rows->folded = 0;
    rows->rows = malloc((size + 1) * sizeof(journey_fold_row_t));

    return rows->rows == NULL ? JOURNEY_ERROR : JOURNEY_OK;
}


static void
journey_fold_add(journey_fold_rows_t *rows, uint32_t model, uint32_t row,
    uint64_t visitors)
{
    rows->rows[rows->n].model = model;
    rows->rows[rows->n].row = row;
    rows->rows[rows->n].visitors = visitors;
    rows->n++;
}


static int
journey_fold_named(uint32_t **map, uint32_t size, uint32_t other, uint64_t min,
    journey_fold_seen_pt seen, const void *ctx,
    const journey_fold_names_t *names)
{
    uint32_t             i, n;
    uint64_t             visitors, together;
    journey_fold_rows_t  rows;

    if (*map == NULL) {
        *map = malloc(size * sizeof(uint32_t));
        if (*map == NULL) {
            return JOURNEY_ERROR;
        }

        for (i = 0; i < size; i++) {
            (*map)[i] = i;
        }
    }

    if (journey_fold_rows(&rows, size) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    for (i = 0, together = 0; i < size; i++) {

        if (i == other) {
            (void) seen(ctx, i, &together);

        } else if ((*map)[i] == other) {
            rows.folded++;

        } else if (seen(ctx, i, &visitors)) {
            journey_fold_add(&rows, 0, i, visitors);
        }
    }

    n = journey_fold_choose(&rows, names, min, together);

    for (i = 0; i < n; i++) {
        (*map)[rows.rows[i].row] = other;
    }

    free(rows.rows);

    return n ? JOURNEY_OK : JOURNEY_DECLINED;
}


int
journey_fold_few(uint32_t **map, uint32_t size, uint32_t other, uint64_t min,
    journey_fold_seen_pt seen, const void *ctx, const journey_intern_t *keys)
{
    journey_fold_names_t  names = { keys, NULL, NULL };

    return journey_fold_named(map, size, other, min, seen, ctx, &names);
}


static int
journey_fold_map(journey_analysis_t *a, uint32_t **map, uint32_t size,
    uint32_t other, journey_fold_seen_pt seen, const journey_intern_t *keys)
{
    return journey_fold_few(map, size, other, a->opts->min_visitors, seen, a,
                            keys);
}


static int
journey_fold_channel(const void *ctx, uint32_t i, uint64_t *visitors)
{
    const journey_analysis_t  *a;

    a = ctx;
    *visitors = a->channels[i].visitors;

    return a->channels[i].touches != 0 || a->channels[i].conversions != 0;
}


static int
journey_fold_page(const void *ctx, uint32_t i, uint64_t *visitors)
{
    const journey_analysis_t  *a;

    a = ctx;
    *visitors = a->pages[i].visitors;

    return a->pages[i].visits != 0;
}


static int
journey_fold_path(const void *ctx, uint32_t i, uint64_t *visitors)
{
    const journey_analysis_t  *a;

    a = ctx;
    *visitors = (i < a->paths_size) ? a->paths[i].visitors : 0;

    return i != 0 && i < a->paths_size && a->paths[i].journeys != 0;
}


static int
journey_fold_campaign(const void *ctx, uint32_t i, uint64_t *visitors)
{
    const journey_analysis_t      *a;
    const journey_campaign_sum_t  *sum;

    a = ctx;
    sum = &a->campaigns.sums[i];
    *visitors = sum->visitors;

    return sum->views != 0 || sum->clicks != 0 || sum->visits != 0;
}


/* The phases of all models have one row together. */

static int
journey_fold_phases(journey_analysis_t *a)
{
    uint32_t              i, k, n;
    journey_step_t       *step;
    journey_model_t      *model;
    journey_fold_rows_t   rows;

    static const journey_fold_names_t  names;   /* models have an order */

    for (i = 0, n = 0; i < a->funnel.nmodels; i++) {
        n += a->funnel.models[i].nsteps;
    }

    if (journey_fold_rows(&rows, n) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < a->funnel.nmodels; i++) {
        model = &a->funnel.models[i];

        for (k = 0; k < model->nsteps; k++) {
            step = &model->steps[k];

            if (step->folded) {
                rows.folded++;

            } else if (step->ended[JOURNEY_COMPLETED]
                       + step->ended[JOURNEY_DROPPED]
                       + step->ended[JOURNEY_OPEN] != 0)
            {
                journey_fold_add(&rows, i, k, step->visitors);
            }
        }
    }

    n = journey_fold_choose(&rows, &names, a->opts->min_visitors,
                            a->funnel.other.visitors);

    for (i = 0; i < n; i++) {
        model = &a->funnel.models[rows.rows[i].model];
        model->steps[rows.rows[i].row].folded = 1;
    }

    free(rows.rows);

    return n ? JOURNEY_OK : JOURNEY_DECLINED;
}


int
journey_fold(journey_analysis_t *a)
{
    int                   rc[5];
    unsigned              i, more;
    journey_fold_names_t  paths = { &a->path_keys, &a->store->all.names,
                                    NULL };

    rc[0] = journey_fold_map(a, &a->channel_row, a->nnames, a->other_name,
                             journey_fold_channel, &a->store->all.names);
    rc[1] = journey_fold_map(a, &a->page_row, a->store->all.pages.n,
                             a->other_page, journey_fold_page,
                             &a->store->all.pages);
    rc[2] = journey_fold_named(&a->path_row, a->path_keys.n, a->other_path,
                               a->opts->min_visitors, journey_fold_path, a,
                               &paths);
    rc[3] = journey_fold_phases(a);
    rc[4] = journey_fold_map(a, &a->campaigns.row, a->campaigns.n,
                             a->campaigns.other, journey_fold_campaign,
                             &a->campaigns.keys);

    for (i = 0, more = 0; i < 5; i++) {
        if (rc[i] == JOURNEY_ERROR) {
            return JOURNEY_ERROR;
        }

        more |= (rc[i] == JOURNEY_OK);
    }

    return more ? JOURNEY_OK : JOURNEY_DECLINED;
}


/* Rows are sorted by goal and currency. */

static int
journey_fold_goal_cmp(const void *one, const void *two)
{
    const journey_goal_sum_t  *a, *b;

    a = one;
    b = two;

    if (a->goal != b->goal) {
        return a->goal < b->goal ? -1 : 1;
    }

    return a->currency < b->currency ? -1 : a->currency > b->currency;
}


/* The row that the goal is counted in; bare has that of those without a value,
 * by the goal's name. */

static const journey_goal_sum_t *
journey_fold_goal_row(const journey_analysis_t *a,
    const journey_goal_ev_t *goal, const uint32_t *bare)
{
    journey_goal_sum_t  key;

    if (!goal->has_value) {
        return &a->goals[bare[goal->goal]];
    }

    memset(&key, 0, sizeof(journey_goal_sum_t));
    key.goal = goal->goal;
    key.currency = goal->currency;

    return bsearch(&key, a->goals, a->ngoals, sizeof(journey_goal_sum_t),
                   journey_fold_goal_cmp);
}


/* The visitors of the window's goals that are folded. */

static uint64_t
journey_fold_window(const journey_analysis_t *a, u_char *known,
    const uint32_t *bare)
{
    uint32_t                   i;
    uint64_t                   n;
    journey_ev_t              *ev;
    journey_goal_ev_t         *goal;
    const journey_goal_sum_t  *row;

    for (i = 0, n = 0; i < a->store->ngoals; i++) {
        ev = journey_store_event(a->store, a->store->goals[i]);
        goal = &a->store->all.goals[ev->goal - 1];

        if ((ev->flags & JOURNEY_EV_REPEATED) || !a->goal_wanted[goal->goal]
            || ev->visitor == 0 || known[ev->visitor])
        {
            continue;
        }

        row = journey_fold_goal_row(a, goal, bare);

        if (row != NULL && row->folded) {
            known[ev->visitor] = 1;
            n++;
        }
    }

    return n;
}


/* The visitors of all goals that are folded. */

static int
journey_fold_together(const journey_analysis_t *a, const uint32_t *bare,
    uint64_t *n)
{
    int      rc;
    u_char  *known;

    *n = 0;

    journey_analysis_rewind(a);

    while ((rc = journey_analysis_next(a)) == JOURNEY_OK) {
        known = calloc(a->store->nvisitors + 1, 1);
        if (known == NULL) {
            return JOURNEY_ERROR;
        }

        *n += journey_fold_window(a, known, bare);
        free(known);
    }

    return rc == JOURNEY_DECLINED ? JOURNEY_OK : JOURNEY_ERROR;
}


/* One row of those that are folded, the last one.  Values of different
 * currencies have no sum. */

static void
journey_fold_goal_rows(journey_analysis_t *a)
{
    uint32_t             i, n;
    journey_goal_sum_t   other, *row;

    memset(&other, 0, sizeof(journey_goal_sum_t));

    other.goal = a->other_name;
    other.currency = UINT32_MAX;
    other.folded = 1;

    for (i = 0, n = 0; i < a->ngoals; i++) {
        row = &a->goals[i];

        if (!row->folded) {
            a->goals[n++] = *row;
            continue;
        }

        other.conversions += row->conversions;
        other.without_visitor += row->without_visitor;
        other.value += row->value;

        if (row->currency == UINT32_MAX) {
            continue;
        }

        other.mixed |= (other.currency != UINT32_MAX
                        && other.currency != row->currency);
        other.currency = row->currency;
    }

    if (n != a->ngoals) {
        a->goals[n++] = other;
        a->ngoals = n;
    }
}


int
journey_fold_goals(journey_analysis_t *a)
{
    int                   rc;
    uint32_t              i, n, *bare;
    uint64_t              together;
    journey_fold_rows_t   rows;
    journey_fold_names_t  names = { NULL, &a->store->all.names, a->goals };

    if (a->ngoals == 0) {
        return JOURNEY_OK;
    }

    bare = calloc(a->store->all.names.n, sizeof(uint32_t));
    rc = journey_fold_rows(&rows, a->ngoals);

    if (bare == NULL || rc != JOURNEY_OK) {
        rc = JOURNEY_ERROR;
        goto done;
    }

    for (i = 0; i < a->ngoals; i++) {
        if (a->goals[i].bare) {
            bare[a->goals[i].goal] = i;
        }
    }

    together = 0;

    do {
        rows.n = 0;
        rows.folded = 0;

        for (i = 0; i < a->ngoals; i++) {
            if (a->goals[i].folded) {
                rows.folded++;

            } else {
                journey_fold_add(&rows, 0, i, a->goals[i].visitors);
            }
        }

        n = journey_fold_choose(&rows, &names, a->opts->min_visitors,
                                together);

        for (i = 0; i < n; i++) {
            a->goals[rows.rows[i].row].folded = 1;
        }

        rc = journey_fold_together(a, bare, &together);

    } while (n != 0 && rc == JOURNEY_OK);

    journey_fold_goal_rows(a);

done:

    free(rows.rows);
    free(bare);

    return rc;
}
