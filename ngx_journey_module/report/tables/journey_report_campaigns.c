
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From the sums of the analysis to the table of campaigns.
 */


#include "journey_report.h"
#include "journey_report_rows.h"

#include <stdlib.h>


/* As text, what fits into a line: source and medium as one, no visitors. */

static const journey_column_t  journey_campaigns_columns[] = {
    { "campaign", "Campaign", JOURNEY_CELL_STRING },
    { NULL, "Source", JOURNEY_CELL_STRING },
    { "source", NULL, JOURNEY_CELL_STRING },
    { "medium", NULL, JOURNEY_CELL_STRING },
    { "views", "Views", JOURNEY_CELL_COUNT },
    { "clicks", "Clicks", JOURNEY_CELL_COUNT },
    { "click_rate", "Rate", JOURNEY_CELL_SHARE },
    { "visits", "Visits", JOURNEY_CELL_COUNT },
    { "visitors", NULL, JOURNEY_CELL_COUNT },
    { "journeys", "Journeys", JOURNEY_CELL_COUNT },
    { "conversions", "Conversions", JOURNEY_CELL_CREDIT },
    { "value", "Value", JOURNEY_CELL_MONEY }
};


static int
journey_report_has_campaign(const journey_analysis_t *a, uint32_t i)
{
    const journey_campaign_sum_t  *sum;

    sum = &a->campaigns.sums[i];

    return sum->views != 0 || sum->clicks != 0 || sum->visits != 0;
}


/* The one that was met most often first. */

static int
journey_report_campaign_cmp(const void *one, const void *two, void *ctx)
{
    int                            rc;
    uint32_t                       i, k;
    uint64_t                       m, n;
    journey_campaign_t             x, y;
    const journey_analysis_t      *a;
    const journey_campaign_sum_t  *c, *d;

    a = ctx;
    i = *(const uint32_t *) one;
    k = *(const uint32_t *) two;

    if (i == a->campaigns.other || k == a->campaigns.other) {
        return i == a->campaigns.other ? 1 : -1;
    }

    c = &a->campaigns.sums[i];
    d = &a->campaigns.sums[k];
    m = c->views + c->clicks + c->visits;
    n = d->views + d->clicks + d->visits;

    if (m != n) {
        return m > n ? -1 : 1;
    }

    journey_campaigns_name(&a->campaigns, i, &x);
    journey_campaigns_name(&a->campaigns, k, &y);

    rc = journey_strcmp(&x.campaign, &y.campaign);

    if (rc == 0) {
        rc = journey_strcmp(&x.source, &y.source);
    }

    return rc ? rc : journey_strcmp(&x.medium, &y.medium);
}


/* "google / cpc" */

static int
journey_report_campaign_origin(journey_cell_t *cell, journey_pool_t *pool,
    const journey_campaign_t *campaign)
{
    u_char               *p;
    const journey_str_t  *source, *medium;

    source = &campaign->source;
    medium = &campaign->medium;

    if (source->len == 0 || medium->len == 0) {
        journey_report_string(cell, source->len ? *source : *medium);
        return JOURNEY_OK;
    }

    p = journey_palloc(pool, source->len + 3 + medium->len);
    if (p == NULL) {
        return JOURNEY_ERROR;
    }

    cell->u.str.data = p;
    cell->u.str.len = source->len + 3 + medium->len;

    memcpy(p, source->data, source->len);
    memcpy(p + source->len, " / ", 3);
    memcpy(p + source->len + 3, medium->data, medium->len);

    return JOURNEY_OK;
}


static int
journey_report_campaign(journey_cell_t *cell, const journey_analysis_t *a,
    journey_pool_t *pool, uint32_t number)
{
    journey_campaign_t             campaign;
    const journey_campaign_sum_t  *sum;

    sum = &a->campaigns.sums[number];

    if (number == a->campaigns.other) {
        cell[0].u.str = journey_report_name(a, a->other_name);
        cell[1].null = 1;
        cell[2].null = 1;
        cell[3].null = 1;

    } else {
        journey_campaigns_name(&a->campaigns, number, &campaign);

        journey_report_string(&cell[0], campaign.campaign);
        journey_report_string(&cell[2], campaign.source);
        journey_report_string(&cell[3], campaign.medium);

        if (journey_report_campaign_origin(&cell[1], pool, &campaign)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    cell[4].u.count = sum->views;
    cell[5].u.count = sum->clicks;
    cell[6].null = (sum->views == 0);
    cell[6].u.number = sum->views ? (double) sum->clicks / (double) sum->views
                                  : 0;
    cell[7].u.count = sum->visits;
    cell[8].u.count = sum->visitors;
    cell[9].u.count = sum->journeys;
    cell[10].u.number = sum->conversions;
    cell[11].u.number = journey_round(sum->value);

    return JOURNEY_OK;
}


int
journey_table_campaigns(journey_table_t *table, const journey_analysis_t *a,
    long limit)
{
    int                rc;
    uint32_t           i, n, *sorted;
    journey_cell_t    *cell;
    journey_column_t  *columns;

    columns = journey_report_columns(table->pool,
                                 journey_columns(journey_campaigns_columns));
    sorted = journey_report_sorted(a, a->campaigns.n,
                                   journey_report_has_campaign,
                                   journey_report_campaign_cmp, &n);

    if (columns == NULL || sorted == NULL) {
        free(sorted);
        return JOURNEY_ERROR;
    }

    columns[11].title = journey_report_value(a);

    journey_table_init(table, table->pool, "campaigns", "Campaigns", columns,
                       sizeof(journey_campaigns_columns)
                       / sizeof(journey_campaigns_columns[0]));
    table->empty = "no campaigns";

    n = journey_report_limit(table, n, limit);
    rc = JOURNEY_OK;

    for (i = 0; i < n && rc == JOURNEY_OK; i++) {
        cell = journey_table_row(table);
        rc = (cell == NULL) ? JOURNEY_ERROR
             : journey_report_campaign(cell, a, table->pool, sorted[i]);
    }

    free(sorted);

    return rc;
}
