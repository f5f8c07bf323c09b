
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Attribution within a report: for people some models side by side, for
 * machines what the command attribution prints.
 */


#include "journey_report.h"
#include "journey_attribution_print.h"
#include "journey_report_rows.h"
#include "journey_stream.h"

#include <stdlib.h>


#define JOURNEY_REPORT_MODELS                                                 \
    (1U << JOURNEY_ATTR_FIRST | 1U << JOURNEY_ATTR_LAST                       \
     | 1U << JOURNEY_ATTR_LINEAR | 1U << JOURNEY_ATTR_MARKOV                  \
     | 1U << JOURNEY_ATTR_SHAPLEY)


/* Columns: the touch, all models, then of one of them its interval, share and
 * value. */

typedef struct {
    journey_attr_e   model;
    const char      *title;
    const char      *name;
} journey_report_model_t;

static const journey_report_model_t  journey_report_models[] = {
    { JOURNEY_ATTR_FIRST, "First", "the first touch" },
    { JOURNEY_ATTR_LAST, "Last", "the last touch" },
    { JOURNEY_ATTR_LAST_NON_DIRECT, "Non-direct", "the last non-direct touch" },
    { JOURNEY_ATTR_POSITION, "Position", "position" },
    { JOURNEY_ATTR_TIME_DECAY, "Decay", "time decay" },
    { JOURNEY_ATTR_COUNTERFACTUAL, "Counterf.", "counterfactual" },
    { JOURNEY_ATTR_LINEAR, "Linear", "linear" },
    { JOURNEY_ATTR_SHAPLEY, "Shapley", "Shapley" },
    { JOURNEY_ATTR_MARKOV, "Markov", "Markov" }
};

#define JOURNEY_REPORT_LOW      (1 + JOURNEY_ATTR_MODELS)
#define JOURNEY_REPORT_HIGH     (JOURNEY_REPORT_LOW + 1)
#define JOURNEY_REPORT_SHARE    (JOURNEY_REPORT_LOW + 2)
#define JOURNEY_REPORT_VALUE    (JOURNEY_REPORT_LOW + 3)
#define JOURNEY_REPORT_COLUMNS  (JOURNEY_REPORT_LOW + 4)


static int
journey_report_models_row(journey_table_t *table,
    const journey_attr_print_t *p, uint32_t row, journey_attr_e best)
{
    unsigned                 i;
    uint64_t                 all;
    journey_str_t            name;
    journey_cell_t          *cell;
    const journey_credit_t  *credit;

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    /* it outlives the touches */

    name = journey_attr_item(p, row);
    cell[0].u.str = journey_pstrdup(table->pool, name.data, name.len);

    if (cell[0].u.str.data == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < JOURNEY_ATTR_MODELS; i++) {
        if (p->attr->models[journey_report_models[i].model] != NULL) {
            credit = &p->attr->models[journey_report_models[i].model][row];
            cell[i + 1].u.number = journey_round(credit->conversions);
        }
    }

    credit = &p->attr->models[best][row];
    all = (best == JOURNEY_ATTR_TIME_DECAY) ? p->attr->aged
                                            : p->attr->conversions;

    cell[JOURNEY_REPORT_LOW].u.number = journey_round(credit->conversions_low);
    cell[JOURNEY_REPORT_HIGH].u.number
        = journey_round(credit->conversions_high);
    cell[JOURNEY_REPORT_SHARE].u.number = all ? credit->conversions
                                                / (double) all : 0;
    cell[JOURNEY_REPORT_VALUE].u.number = journey_round(credit->value);

    return JOURNEY_OK;
}


/* The models that were computed, one of which is told more of: Markov, or the
 * one that is next to it. */

static const journey_report_model_t *
journey_report_models_columns(journey_column_t *columns,
    const journey_attr_print_t *p)
{
    unsigned                       i;
    const journey_report_model_t  *best;

    static const char *const  touches[] = { "Channel", "Source", "Campaign" };

    columns[0].title = touches[p->at->opts->touch];
    columns[0].type = JOURNEY_CELL_STRING;
    best = NULL;

    for (i = 0; i < JOURNEY_ATTR_MODELS; i++) {
        columns[i + 1].type = JOURNEY_CELL_MONEY;

        if (p->attr->models[journey_report_models[i].model] != NULL) {
            best = &journey_report_models[i];
            columns[i + 1].title = best->title;
        }
    }

    columns[JOURNEY_REPORT_LOW].type = JOURNEY_CELL_MONEY;
    columns[JOURNEY_REPORT_HIGH].type = JOURNEY_CELL_MONEY;

    if (p->at->opts->bootstrap != 0) {
        columns[JOURNEY_REPORT_LOW].title = "2.5 %";
        columns[JOURNEY_REPORT_HIGH].title = "97.5 %";
    }

    columns[JOURNEY_REPORT_SHARE].title = "Share";
    columns[JOURNEY_REPORT_SHARE].type = JOURNEY_CELL_SHARE;
    columns[JOURNEY_REPORT_VALUE].title = p->value;
    columns[JOURNEY_REPORT_VALUE].type = JOURNEY_CELL_MONEY;

    return best;
}


static int
journey_report_models_text(journey_table_t *table,
    const journey_attr_print_t *p)
{
    char                          *title;
    uint32_t                       i;
    journey_column_t              *columns;
    const journey_report_model_t  *best;

    columns = journey_pcalloc(table->pool, JOURNEY_REPORT_COLUMNS
                                           * sizeof(journey_column_t));
    title = journey_palloc(table->pool, 128);

    if (columns == NULL || title == NULL) {
        return JOURNEY_ERROR;
    }

    best = journey_report_models_columns(columns, p);

    (void) snprintf(title, 128, "Attribution: conversions by model; %sshare "
                    "and value by %s", p->at->opts->bootstrap
                                       ? "interval (95 %), " : "",
                    best->name);

    journey_table_init(table, table->pool, "attribution", title, columns,
                       JOURNEY_REPORT_COLUMNS);
    table->more = p->more;

    if (p->attr->conversions == 0) {

        /* who is credited with nothing need not be told */

        table->more = 0;
        return JOURNEY_OK;
    }

    for (i = 0; i < p->nrows; i++) {
        if (journey_report_models_row(table, p, p->rows[i], best->model)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


/* The members as a string of the table's pool. */

static int
journey_report_models_json(journey_table_t *table, journey_attr_print_t *p)
{
    int               rc;
    journey_str_t     copy;
    journey_stream_t  stream;

    if (journey_stream_open(&stream) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    p->file = stream.file;

    rc = journey_attr_json(p);

    if (journey_stream_close(&stream) != JOURNEY_OK) {
        rc = JOURNEY_ERROR;
    }

    if (rc == JOURNEY_OK) {
        copy = journey_pstrdup(table->pool, (u_char *) stream.text,
                               stream.len + 1);
        table->members = (char *) copy.data;
        rc = (copy.data != NULL) ? JOURNEY_OK : JOURNEY_ERROR;
    }

    free(stream.text);

    return rc;
}


/* The names of CSV outlive the touches. */

static int
journey_report_models_csv(journey_table_t *table, journey_attr_print_t *p)
{
    uint64_t         row;
    journey_cell_t  *cell;

    if (journey_attr_csv(p, table) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    for (row = 0; row < table->nrows; row++) {
        cell = &table->cells[row * table->ncolumns + 1];

        cell->u.str = journey_pstrdup(table->pool, cell->u.str.data,
                                      cell->u.str.len);
        if (cell->u.str.data == NULL) {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


static int
journey_report_models_table(journey_table_t *table,
    const journey_attribution_t *at)
{
    int                   rc;
    journey_attr_print_t  p;

    rc = journey_attr_print_init(&p, at, table->pool, NULL);

    if (rc == JOURNEY_OK) {
        rc = at->opts->format == JOURNEY_FORMAT_JSON
             ? journey_report_models_json(table, &p)
             : at->opts->format == JOURNEY_FORMAT_CSV
               ? journey_report_models_csv(table, &p)
               : journey_report_models_text(table, &p);
    }

    if (rc == JOURNEY_OK && at->touches->negative != 0) {
        journey_table_note(table, "attribution: %llu %s of a value below 0, "
                           "taken for 0",
                           (unsigned long long) at->touches->negative,
                           journey_plural(at->touches->negative,
                                          "conversion", "conversions"));
    }

    free(p.rows);

    return rc;
}


int
journey_table_attribution(journey_table_t *table, const journey_analysis_t *a,
    journey_touches_t *touches, const journey_damage_t *damage, long limit)
{
    int                    rc;
    journey_error_t        err;
    journey_options_t      opts;
    journey_attribution_t  at;

    if (journey_report_exempt(a)) {
        table->members = "\"attribution\":null,\n\"markov\":null,\n"
                         "\"models\":null";
        return JOURNEY_OK;
    }

    memset(&at, 0, sizeof(journey_attribution_t));

    opts = *a->opts;
    opts.limit = limit;

    at.opts = &opts;
    at.touches = touches;
    at.a = a;
    at.exempt = a->store->all.exempt;
    at.bad_lines = damage->bad_lines + damage->bad_members
                   + damage->bad_files;
    err.text[0] = '\0';

    rc = journey_attribution_credit(&at, opts.models ? opts.models
                                         : opts.format == JOURNEY_FORMAT_TEXT
                                         ? JOURNEY_REPORT_MODELS
                                         : JOURNEY_ATTR_ALL, &err);

    if (rc != JOURNEY_OK) {
        fprintf(stderr, "journey: attribution: %s\n", err.text);
        table->members = "\"attribution\":null,\n\"markov\":null,\n"
                         "\"models\":null";
        rc = JOURNEY_DECLINED;

    } else {
        rc = journey_report_models_table(table, &at);
    }

    journey_attr_free(&at.attr);

    return rc;
}
