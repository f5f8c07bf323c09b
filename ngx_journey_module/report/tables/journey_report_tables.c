
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From the sums of the analysis to tables: summary, channels, phases.
 */


#include "journey_report.h"
#include "journey_report_rows.h"

#include <stdlib.h>


/* Hosts of a model that its rows name; how many others there are is said. */
#define JOURNEY_REPORT_HOSTS  3

static const journey_column_t  journey_summary_columns[] = {
    { "events", "Events", JOURNEY_CELL_COUNT },
    { "visitors", "Visitors", JOURNEY_CELL_COUNT },
    { "sessions", "Sessions", JOURNEY_CELL_COUNT },
    { "journeys", "Journeys", JOURNEY_CELL_COUNT },
    { "conversions", "Conversions", JOURNEY_CELL_COUNT },
    { NULL, "Rate", JOURNEY_CELL_SHARE },
    { "value", "Value", JOURNEY_CELL_MONEY },
    { "currency", "", JOURNEY_CELL_STRING },
    { "from", NULL, JOURNEY_CELL_TIME },
    { "until", NULL, JOURNEY_CELL_TIME },
    { "bad_lines", NULL, JOURNEY_CELL_COUNT },
    { "bad_members", NULL, JOURNEY_CELL_COUNT },
    { "hash_share", NULL, JOURNEY_CELL_SHARE }
};

static const journey_column_t  journey_channels_columns[] = {
    { "channel", "Channel", JOURNEY_CELL_STRING },
    { "touches", "Touches", JOURNEY_CELL_COUNT },
    { "visitors", "Visitors", JOURNEY_CELL_COUNT },
    { "sessions", "Sessions", JOURNEY_CELL_COUNT },
    { "journeys", "Journeys", JOURNEY_CELL_COUNT },
    { "conversions", "Conversions", JOURNEY_CELL_CREDIT },
    { "value", "Value", JOURNEY_CELL_MONEY }
};

static const journey_column_t  journey_phases_columns[] = {
    { "host", "Host", JOURNEY_CELL_STRING },
    { "phase", "Phase", JOURNEY_CELL_STRING },
    { "position", NULL, JOURNEY_CELL_COUNT },
    { NULL, "", JOURNEY_CELL_BAR },
    { "journeys", "Journeys", JOURNEY_CELL_COUNT },
    { "share", "Of before", JOURNEY_CELL_SHARE },
    { "completed", "Completed", JOURNEY_CELL_COUNT },
    { "dropped", "Dropped", JOURNEY_CELL_COUNT },
    { "open", "Open", JOURNEY_CELL_COUNT }
};


int
journey_table_summary(journey_table_t *table, const journey_analysis_t *a,
    const journey_damage_t *damage)
{
    journey_cell_t    *cell;
    journey_column_t  *columns;

    columns = journey_report_columns(table->pool,
                                     journey_columns(journey_summary_columns));
    if (columns == NULL) {
        return JOURNEY_ERROR;
    }

    if (a->valued == 0) {
        columns[6].title = NULL;
        columns[7].title = NULL;
    }

    journey_table_init(table, table->pool, "summary", NULL, columns,
                       sizeof(journey_summary_columns)
                       / sizeof(journey_summary_columns[0]));
    table->object = 1;

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    cell[0].u.count = a->events;
    cell[1].u.count = a->visitors;
    cell[2].u.count = a->sessions;
    cell[3].u.count = a->journeys;
    cell[4].u.count = a->conversions;
    cell[5].null = (a->journeys == 0);
    cell[5].u.number = a->journeys
                       ? (double) a->conversions / (double) a->journeys : 0;
    cell[7].null = 1;

    if (a->currency != UINT32_MAX && a->ncurrencies != 0) {
        uint32_t  i;

        for (i = 0; i < a->ncurrencies; i++) {
            if (a->currencies[i].currency == a->currency) {
                cell[6].u.number = journey_round(a->currencies[i].value);
            }
        }

        journey_report_string(&cell[7], journey_report_name(a, a->currency));
    }

    cell[8].u.count = a->from;
    cell[9].u.count = a->until;
    cell[8].null = (a->events == 0);
    cell[9].null = (a->events == 0);
    cell[10].u.count = damage->bad_lines;
    cell[11].u.count = damage->bad_members;

    /* of the visitors: those that no other day knows */

    cell[12].null = (a->visitors == 0);
    cell[12].u.number = a->visitors
                        ? (double) a->hashes / (double) a->visitors : 0;

    return JOURNEY_OK;
}


static int
journey_report_has_channel(const journey_analysis_t *a, uint32_t i)
{
    return a->channels[i].touches != 0 || a->channels[i].conversions != 0;
}


static int
journey_report_channel_cmp(const void *one, const void *two, void *ctx)
{
    uint32_t                      i, k;
    journey_str_t                 x, y;
    const journey_analysis_t     *a;
    const journey_channel_sum_t  *c, *d;

    a = ctx;
    i = *(const uint32_t *) one;
    k = *(const uint32_t *) two;
    c = &a->channels[i];
    d = &a->channels[k];

    if (a->other_name != 0 && (i == a->other_name || k == a->other_name)) {
        return i == a->other_name ? 1 : -1;
    }

    if (c->touches != d->touches) {
        return c->touches > d->touches ? -1 : 1;
    }

    if (c->conversions != d->conversions) {
        return c->conversions > d->conversions ? -1 : 1;
    }

    x = journey_report_name(a, i);
    y = journey_report_name(a, k);

    return journey_strcmp(&x, &y);
}


int
journey_table_channels(journey_table_t *table, const journey_analysis_t *a,
    long limit)
{
    uint32_t                      i, n, *sorted;
    journey_cell_t               *cell;
    journey_column_t             *columns;
    const journey_channel_sum_t  *sum;

    columns = journey_report_columns(table->pool,
                                     journey_columns(journey_channels_columns));
    sorted = journey_report_sorted(a, a->nnames, journey_report_has_channel,
                                   journey_report_channel_cmp, &n);

    if (columns == NULL || sorted == NULL) {
        free(sorted);
        return JOURNEY_ERROR;
    }

    columns[6].title = journey_report_value(a);

    journey_table_init(table, table->pool, "channels", "Channels", columns,
                       sizeof(journey_channels_columns)
                       / sizeof(journey_channels_columns[0]));
    table->empty = "no touches";

    n = journey_report_limit(table, n, limit);

    for (i = 0; i < n; i++) {
        cell = journey_table_row(table);

        if (cell == NULL) {
            free(sorted);
            return JOURNEY_ERROR;
        }

        sum = &a->channels[sorted[i]];

        cell[0].u.str = journey_report_name(a, sorted[i]);
        cell[1].u.count = sum->touches;
        cell[2].u.count = sum->visitors;
        cell[3].u.count = sum->sessions;
        cell[4].u.count = sum->journeys;
        cell[5].u.number = sum->conversions;
        cell[6].u.number = journey_round(sum->value);
    }

    free(sorted);

    return JOURNEY_OK;
}


journey_str_t
journey_report_hosts(const journey_analysis_t *a, journey_pool_t *pool,
    const journey_model_t *model)
{
    char           more[32];
    u_char        *p;
    size_t         len;
    uint32_t       i, n;
    journey_str_t  name, hosts;

    n = journey_min(model->nhosts, JOURNEY_REPORT_HOSTS);
    len = sizeof(more);

    for (i = 0; i < n; i++) {
        len += journey_report_name(a, model->hosts[i]).len + 2;
    }

    journey_str_null(&hosts);

    p = journey_palloc(pool, len);
    if (p == NULL) {
        return hosts;
    }

    hosts.data = p;

    for (i = 0; i < n; i++) {
        name = journey_report_name(a, model->hosts[i]);

        if (i != 0) {
            memcpy(p, ", ", 2);
            p += 2;
        }

        memcpy(p, name.data, name.len);
        p += name.len;
    }

    if (model->nhosts > n) {
        len = (size_t) snprintf(more, sizeof(more), " and %u more",
                                (unsigned) (model->nhosts - n));
        memcpy(p, more, len);
        p += len;
    }

    hosts.len = p - hosts.data;

    return hosts;
}


static int
journey_report_model(journey_table_t *table, const journey_analysis_t *a,
    const journey_model_t *model)
{
    double                 share;
    uint64_t               total, reached, before;
    uint32_t               i;
    journey_str_t          hosts;
    journey_cell_t        *cell;
    const journey_step_t  *step;

    hosts = journey_report_hosts(a, table->pool, model);

    for (total = 0, i = 0; i < model->nsteps; i++) {
        step = &model->steps[i];
        total += step->ended[JOURNEY_COMPLETED] + step->ended[JOURNEY_DROPPED]
                 + step->ended[JOURNEY_OPEN];
    }

    if (total == 0 && a->funnel.other.visitors != 0) {

        /* all that is known of it is folded */

        return JOURNEY_OK;
    }

    reached = total;
    before = total;

    for (i = 0; i < model->nsteps; i++) {
        step = &model->steps[i];

        if (step->folded) {
            continue;
        }

        cell = journey_table_row(table);
        if (cell == NULL) {
            return JOURNEY_ERROR;
        }

        share = before ? (double) reached / (double) before : 0;

        cell[0].u.str = hosts;
        cell[1].u.str = journey_report_name(a, step->phase);
        cell[2].u.count = step->position;
        cell[3].u.number = total ? (double) reached / (double) total : 0;
        cell[4].u.count = reached;
        cell[5].u.number = share;
        cell[6].u.count = step->ended[JOURNEY_COMPLETED];
        cell[7].u.count = step->ended[JOURNEY_DROPPED];
        cell[8].u.count = step->ended[JOURNEY_OPEN];

        before = reached;
        reached -= step->ended[JOURNEY_COMPLETED]
                   + step->ended[JOURNEY_DROPPED]
                   + step->ended[JOURNEY_OPEN];
    }

    return JOURNEY_OK;
}


/* The journeys whose furthest phase has too few visitors: they count for no
 * other phase, or the differences would tell how many they are. */

static int
journey_report_folded(journey_table_t *table, const journey_analysis_t *a)
{
    journey_cell_t        *cell;
    const journey_step_t  *step;

    step = &a->funnel.other;

    if (step->ended[JOURNEY_COMPLETED] + step->ended[JOURNEY_DROPPED]
        + step->ended[JOURNEY_OPEN] == 0)
    {
        return JOURNEY_OK;
    }

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    cell[0].null = 1;
    cell[1].u.str = journey_report_name(a, a->other_name);
    cell[2].null = 1;
    cell[3].null = 1;
    cell[4].u.count = step->ended[JOURNEY_COMPLETED]
                      + step->ended[JOURNEY_DROPPED]
                      + step->ended[JOURNEY_OPEN];
    cell[5].null = 1;
    cell[6].u.count = step->ended[JOURNEY_COMPLETED];
    cell[7].u.count = step->ended[JOURNEY_DROPPED];
    cell[8].u.count = step->ended[JOURNEY_OPEN];

    return JOURNEY_OK;
}


int
journey_table_phases(journey_table_t *table, const journey_analysis_t *a)
{
    uint32_t           i;
    journey_column_t  *columns;

    columns = journey_report_columns(table->pool,
                                     journey_columns(journey_phases_columns));
    if (columns == NULL) {
        return JOURNEY_ERROR;
    }

    journey_table_init(table, table->pool, "phases", "Phases", columns,
                       sizeof(journey_phases_columns)
                       / sizeof(journey_phases_columns[0]));
    table->empty = "no phases";

    if (a->funnel.nmodels < 2) {

        /* one model: nothing to tell apart */

        columns[0].key = NULL;
        columns[0].title = NULL;
    }

    for (i = 0; i < a->funnel.nmodels; i++) {
        if (journey_report_model(table, a, &a->funnel.models[i])
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return journey_report_folded(table, a);
}
