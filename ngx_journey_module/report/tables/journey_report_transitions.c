
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From transitions between phases, and the times in them, to their tables.
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_fold.h"
#include "journey_report.h"
#include "journey_report_rows.h"
#include "journey_transitions.h"

#include <stdlib.h>


static const journey_column_t  journey_transitions_columns[] = {
    { "host", "Host", JOURNEY_CELL_STRING },
    { "from", "From", JOURNEY_CELL_STRING },
    { "to", "To", JOURNEY_CELL_STRING },
    { "direction", "Direction", JOURNEY_CELL_STRING },
    { "count", "Times", JOURNEY_CELL_COUNT },
    { "journeys", "Journeys", JOURNEY_CELL_COUNT },
    { "share", "Of from", JOURNEY_CELL_SHARE }
};

static const journey_column_t  journey_phase_times_columns[] = {
    { "host", "Host", JOURNEY_CELL_STRING },
    { "phase", "Phase", JOURNEY_CELL_STRING },
    { "position", NULL, JOURNEY_CELL_COUNT },
    { "journeys", "Journeys", JOURNEY_CELL_COUNT },
    { "advanced", "Went on", JOURNEY_CELL_COUNT },
    { "q1", NULL, JOURNEY_CELL_CREDIT },
    { "median", NULL, JOURNEY_CELL_CREDIT },
    { "q3", NULL, JOURNEY_CELL_CREDIT },
    { NULL, "A quarter after", JOURNEY_CELL_STRING },
    { NULL, "Half after", JOURNEY_CELL_STRING },
    { NULL, "Three quarters", JOURNEY_CELL_STRING }
};


/* By model and the positions of the phases. */

static int
journey_report_transition_cmp(const void *one, const void *two, void *ctx)
{
    const journey_transition_t   *a, *b;
    const journey_transitions_t  *transitions;

    transitions = ctx;
    a = &transitions->rows[*(const uint32_t *) one];
    b = &transitions->rows[*(const uint32_t *) two];

    if (a->model != b->model) {
        return a->model < b->model ? -1 : 1;
    }

    if (a->from != b->from) {
        return a->from < b->from ? -1 : 1;
    }

    return a->to < b->to ? -1 : a->to > b->to;
}


static const journey_column_t *
journey_report_transitions_columns(const journey_analysis_t *a,
    journey_pool_t *pool, const journey_column_t *columns, unsigned n)
{
    journey_column_t  *copy;

    copy = journey_report_columns(pool, columns, n);

    if (copy != NULL && a->funnel.nmodels < 2) {

        /* one model: nothing to tell apart */

        copy[0].key = NULL;
        copy[0].title = NULL;
    }

    return copy;
}


/* The names of all models. */

static journey_str_t *
journey_report_transitions_hosts(const journey_analysis_t *a,
    journey_pool_t *pool)
{
    uint32_t        i;
    journey_str_t  *hosts;

    hosts = journey_palloc(pool, (a->funnel.nmodels + 1)
                                 * sizeof(journey_str_t));

    for (i = 0; hosts != NULL && i < a->funnel.nmodels; i++) {
        hosts[i] = journey_report_hosts(a, pool, &a->funnel.models[i]);
    }

    return hosts;
}


static int
journey_report_transition(journey_table_t *table, const journey_analysis_t *a,
    const journey_transition_t *row, const journey_str_t *hosts, uint64_t all)
{
    journey_cell_t         *cell;
    const journey_model_t  *model;

    static const journey_str_t  forward = journey_string("forward");
    static const journey_str_t  back = journey_string("back");

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    cell[4].u.count = row->count;
    cell[5].u.count = row->journeys;

    if (all == 0) {

        /* those that are folded */

        cell[0].null = 1;
        cell[1].u.str = journey_report_name(a, a->other_name);
        cell[2].null = 1;
        cell[3].null = 1;
        cell[6].null = 1;

        return JOURNEY_OK;
    }

    model = &a->funnel.models[row->model];

    cell[0].u.str = hosts[row->model];
    cell[1].u.str = journey_report_name(a, model->steps[row->from].phase);
    cell[2].u.str = journey_report_name(a, model->steps[row->to].phase);
    cell[3].u.str = (row->to > row->from) ? forward : back;
    cell[6].u.number = (double) row->count / (double) all;

    return JOURNEY_OK;
}


/* Shares are of the rows that are shown: what is folded must not be had from
 * them. */

static int
journey_report_transitions_rows(journey_table_t *table,
    const journey_analysis_t *a, const journey_transitions_t *transitions,
    const journey_str_t *hosts, long limit)
{
    int                    rc;
    uint32_t               i, k, n, m, *sorted;
    uint64_t               all;
    journey_transition_t  *row;

    sorted = malloc((transitions->keys.n + 1) * sizeof(uint32_t));
    if (sorted == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 1, n = 0; i < transitions->keys.n; i++) {
        if (transitions->rows[i].count != 0) {
            sorted[n++] = i;
        }
    }

    qsort_r(sorted, n, sizeof(uint32_t), journey_report_transition_cmp,
            (void *) transitions);

    m = n + (transitions->row != NULL && transitions->rows[0].count != 0);
    m = journey_report_limit(table, m, limit);

    for (i = 0, all = 0, rc = JOURNEY_OK; i < n && i < m && rc == JOURNEY_OK;
         i++)
    {
        row = &transitions->rows[sorted[i]];

        if (i == 0 || row->model != transitions->rows[sorted[i - 1]].model
            || row->from != transitions->rows[sorted[i - 1]].from)
        {
            for (k = i, all = 0; k < n; k++) {
                if (transitions->rows[sorted[k]].model != row->model
                    || transitions->rows[sorted[k]].from != row->from)
                {
                    break;
                }

                all += transitions->rows[sorted[k]].count;
            }
        }

        rc = journey_report_transition(table, a, row, hosts, all);
    }

    if (m > n && rc == JOURNEY_OK) {
        rc = journey_report_transition(table, a, &transitions->rows[0], hosts,
                                       0);
    }

    free(sorted);

    return rc;
}


static int
journey_report_phase_time(journey_table_t *table, const journey_analysis_t *a,
    const journey_phase_time_t *phase, const journey_str_t *host,
    const journey_step_t *step)
{
    unsigned         i;
    journey_cell_t  *cell;

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    if (host == NULL) {

        /* those that are folded: the times of several phases are no time */

        cell[0].null = 1;
        cell[1].u.str = journey_report_name(a, a->other_name);
        cell[2].null = 1;

    } else {
        cell[0].u.str = *host;
        cell[1].u.str = journey_report_name(a, step->phase);
        cell[2].u.count = step->position;
    }

    cell[3].u.count = phase->journeys;
    cell[4].u.count = phase->advanced;
    cell[4].null = (host == NULL
                    || (phase->movers != 0
                        && phase->movers < a->opts->min_visitors));

    for (i = 0; i < 3; i++) {
        cell[5 + i].null = (phase->advanced == 0 || cell[4].null);
        cell[8 + i].null = cell[5 + i].null;

        if (cell[5 + i].null) {
            continue;
        }

        cell[5 + i].u.number = journey_transitions_quantile(phase->times,
                                                            phase->advanced,
                                                            0.25 * (i + 1));

        if (journey_report_span(&cell[8 + i], table->pool,
                                cell[5 + i].u.number) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


static int
journey_report_phase_times(journey_table_t *table,
    const journey_analysis_t *a, const journey_transitions_t *transitions,
    const journey_str_t *hosts)
{
    int                          rc;
    uint32_t                     i, k, n;
    const journey_model_t       *model;
    const journey_phase_time_t  *other;

    rc = JOURNEY_OK;

    for (i = 0; i < a->funnel.nmodels; i++) {
        model = &a->funnel.models[i];

        for (k = 0; k < model->nsteps && rc == JOURNEY_OK; k++) {
            n = transitions->first[i] + k;

            if (journey_fold_row(transitions->time_row, n) == n) {
                rc = journey_report_phase_time(table, a,
                                               &transitions->times[n],
                                               &hosts[i], &model->steps[k]);
            }
        }
    }

    other = &transitions->times[transitions->ntimes];

    if (transitions->time_row != NULL && other->journeys != 0
        && rc == JOURNEY_OK)
    {
        rc = journey_report_phase_time(table, a, other, NULL, NULL);
    }

    return rc;
}


int
journey_tables_transitions(journey_table_t *tables, unsigned *n,
    const journey_analysis_t *a, const journey_transitions_t *transitions,
    long limit)
{
    unsigned                 ncolumns;
    journey_str_t           *hosts;
    journey_table_t         *table;
    const journey_column_t  *columns;

    table = &tables[*n];
    ncolumns = sizeof(journey_transitions_columns)
               / sizeof(journey_transitions_columns[0]);

    hosts = journey_report_transitions_hosts(a, table->pool);
    columns = journey_report_transitions_columns(a, table->pool,
                                                 journey_transitions_columns,
                                                 ncolumns);
    if (hosts == NULL || columns == NULL) {
        return JOURNEY_ERROR;
    }

    journey_table_init(table, table->pool, "transitions", "Transitions",
                       columns, ncolumns);
    table->empty = "no journey went from one phase to another";
    (*n)++;

    if (journey_report_transitions_rows(table, a, transitions, hosts, limit)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    table = &tables[*n];
    ncolumns = sizeof(journey_phase_times_columns)
               / sizeof(journey_phase_times_columns[0]);

    columns = journey_report_transitions_columns(a, table->pool,
                                                 journey_phase_times_columns,
                                                 ncolumns);
    if (columns == NULL) {
        return JOURNEY_ERROR;
    }

    journey_table_init(table, table->pool, "phase_times",
                       "Time from a phase to a later one", columns, ncolumns);
    table->empty = "no phases";
    (*n)++;

    return journey_report_phase_times(table, a, transitions, hosts);
}
