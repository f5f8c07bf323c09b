
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Attribution for people: models side by side, in as many tables as the width
 * asks for; a table a model when there are intervals.
 */


#include "journey_attribution_print.h"


#define JOURNEY_ATTR_NAME   24          /* columns for a name, at most */
#define JOURNEY_ATTR_GAP    2


static const char  *journey_attr_titles[JOURNEY_ATTR_MODELS] = {
    "First", "Last", "Non-direct", "Linear", "Position", "Decay", "Markov",
    "Shapley", "Counterf."
};

static const char  *journey_attr_long[JOURNEY_ATTR_MODELS] = {
    "First", "Last", "Last non-direct", "Linear", "Position 40/20/40",
    "Time decay", "Markov", "Shapley", "Counterfactual"
};

static const char  *journey_touch_titles[] = { "Channel", "Source",
                                               "Campaign" };


static double
journey_attr_cell(const journey_attr_print_t *p, unsigned model, uint32_t row,
    unsigned value)
{
    const journey_credit_t  *credit;

    credit = &p->attr->models[model][row];

    return journey_round(value ? credit->value : credit->conversions);
}


/* The columns that a model needs. */

static unsigned
journey_attr_width(const journey_attr_print_t *p, unsigned model,
    unsigned value)
{
    char      buf[352];
    uint32_t  i;
    size_t    width;

    width = strlen(journey_attr_titles[model]);

    for (i = 0; i < p->nrows; i++) {
        journey_text_money(buf, journey_attr_cell(p, model, p->rows[i],
                                                  value));
        width = journey_max(width, strlen(buf));
    }

    return (unsigned) width;
}


/* A table of some of the models. */

static int
journey_attr_side(journey_attr_print_t *p, const unsigned *models, unsigned n,
    unsigned value)
{
    uint32_t           i;
    unsigned           k;
    journey_cell_t    *cell;
    journey_table_t    table;
    journey_column_t   columns[JOURNEY_ATTR_MODELS + 1];

    memset(columns, 0, sizeof(columns));

    columns[0].title = journey_touch_titles[p->at->opts->touch];
    columns[0].type = JOURNEY_CELL_STRING;

    for (k = 0; k < n; k++) {
        columns[k + 1].title = journey_attr_titles[models[k]];
        columns[k + 1].type = JOURNEY_CELL_MONEY;
    }

    memset(&table, 0, sizeof(journey_table_t));
    journey_table_init(&table, p->pool, "models", value ? p->value
                                                        : "Conversions",
                       columns, n + 1);
    table.empty = "no path";
    table.more = p->more;

    for (i = 0; i < p->nrows; i++) {
        cell = journey_table_row(&table);

        if (cell == NULL) {
            journey_table_free(&table);
            return JOURNEY_ERROR;
        }

        cell[0].u.str = journey_attr_item(p, p->rows[i]);

        for (k = 0; k < n; k++) {
            cell[k + 1].u.number = journey_attr_cell(p, models[k], p->rows[i],
                                                     value);
        }
    }

    fputc('\n', p->file);
    journey_table_text(&p->out, &table);
    journey_table_free(&table);

    return JOURNEY_OK;
}


/* All models, in as many tables as the width asks for. */

static int
journey_attr_sides(journey_attr_print_t *p, unsigned value)
{
    int            rc;
    uint32_t       i;
    unsigned       model, n, used, name, width, models[JOURNEY_ATTR_MODELS];
    journey_str_t  str;

    name = (unsigned) strlen(journey_touch_titles[p->at->opts->touch]);

    for (i = 0; i < p->nrows; i++) {
        str = journey_attr_item(p, p->rows[i]);
        width = journey_text_width(&str);
        name = journey_max(name, journey_min(width, JOURNEY_ATTR_NAME));
    }

    rc = JOURNEY_OK;
    used = n = 0;

    for (model = 0; model < JOURNEY_ATTR_MODELS && rc == JOURNEY_OK; model++)
    {
        if (p->attr->models[model] == NULL) {
            continue;
        }

        width = journey_attr_width(p, model, value) + JOURNEY_ATTR_GAP;

        if (n != 0 && JOURNEY_ATTR_GAP + name + used + width > p->out.width) {
            rc = journey_attr_side(p, models, n, value);
            used = n = 0;
        }

        models[n++] = model;
        used += width;
    }

    return (rc == JOURNEY_OK) ? journey_attr_side(p, models, n, value) : rc;
}


/* A model with its intervals. */

static int
journey_attr_intervals(journey_attr_print_t *p, unsigned model)
{
    uint32_t                 i;
    journey_cell_t          *cell;
    journey_table_t          table;
    journey_column_t         columns[7];
    const journey_credit_t  *credit;

    memset(columns, 0, sizeof(columns));

    columns[0].title = journey_touch_titles[p->at->opts->touch];
    columns[0].type = JOURNEY_CELL_STRING;
    columns[1].title = "Conversions";
    columns[2].title = "2.5 %";
    columns[3].title = "97.5 %";
    columns[4].title = p->value;
    columns[5].title = p->value ? "2.5 %" : NULL;
    columns[6].title = p->value ? "97.5 %" : NULL;

    for (i = 1; i < 7; i++) {
        columns[i].type = JOURNEY_CELL_MONEY;
    }

    memset(&table, 0, sizeof(journey_table_t));
    journey_table_init(&table, p->pool, "models", journey_attr_long[model],
                       columns, 7);
    table.empty = "no path";
    table.more = p->more;

    for (i = 0; i < p->nrows; i++) {
        cell = journey_table_row(&table);

        if (cell == NULL) {
            journey_table_free(&table);
            return JOURNEY_ERROR;
        }

        credit = &p->attr->models[model][p->rows[i]];

        cell[0].u.str = journey_attr_item(p, p->rows[i]);
        cell[1].u.number = journey_round(credit->conversions);
        cell[2].u.number = journey_round(credit->conversions_low);
        cell[3].u.number = journey_round(credit->conversions_high);
        cell[4].u.number = journey_round(credit->value);
        cell[5].u.number = journey_round(credit->value_low);
        cell[6].u.number = journey_round(credit->value_high);
    }

    fputc('\n', p->file);
    journey_table_text(&p->out, &table);
    journey_table_free(&table);

    return JOURNEY_OK;
}


static void
journey_attr_head(const journey_attr_print_t *p)
{
    char                   n[32], m[32], value[352], head[128];
    journey_str_t          str;
    const journey_attr_t  *attr;

    attr = p->attr;

    journey_text_count(n, attr->conversions);
    journey_text_count(m, attr->nulls);
    snprintf(head, sizeof(head), "%s %s, %s %s without", n,
             journey_plural(attr->conversions, "conversion", "conversions"),
             m, journey_plural(attr->nulls, "journey", "journeys"));
    str.data = (u_char *) head;
    str.len = strlen(head);

    fprintf(p->file, "%sAttribution%s  ", p->out.colour ? "\033[1m" : "",
            p->out.colour ? "\033[0m" : "");
    journey_text_fold(p->file, &str, sizeof("Attribution  ") - 1, 2,
                      p->out.width);
    fputc('\n', p->file);

    if (p->value != NULL) {
        journey_text_money(value, (double) attr->value);
        journey_attr_note(p, "%s: %s", p->value, value);
    }

    if (attr->models[JOURNEY_ATTR_TIME_DECAY] != NULL
        && attr->aged != attr->conversions)
    {
        journey_text_count(n, attr->aged);
        journey_attr_note(p, "time_decay: of %s %s", n,
                          journey_plural(attr->aged, "conversion",
                                         "conversions"));
    }

    if (attr->models[JOURNEY_ATTR_MARKOV] != NULL) {
        journey_text_count(n, attr->nstates);
        journey_attr_note(p, "markov: order %u%s, %s %s", attr->order,
                          p->at->opts->order == JOURNEY_ATTR_AUTO
                          ? " (chosen)" : "", n,
                          journey_plural(attr->nstates, "state", "states"));
    }

    if (p->at->opts->bootstrap != 0) {
        journey_text_count(n, (uint64_t) p->at->opts->bootstrap);
        journey_attr_note(p, "intervals: 95 %%, %s %s, seed %llu", n,
                          journey_plural(p->at->opts->bootstrap, "sample",
                                         "samples"),
                          (unsigned long long)
                          (p->at->opts->seed == JOURNEY_LIMIT_NONE
                           ? JOURNEY_ATTR_SEED : p->at->opts->seed));
    }
}


int
journey_attr_text(journey_attr_print_t *p)
{
    int       rc;
    unsigned  model;

    journey_attr_head(p);
    journey_attr_notes(p);

    if (p->at->opts->bootstrap == 0 || p->nrows == 0) {
        rc = journey_attr_sides(p, 0);

        return (rc == JOURNEY_OK && p->value != NULL && p->nrows != 0)
               ? journey_attr_sides(p, 1) : rc;
    }

    for (model = 0; model < JOURNEY_ATTR_MODELS; model++) {
        if (p->attr->models[model] != NULL
            && journey_attr_intervals(p, model) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}
