
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From the sums of the analysis to tables in their order.
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_report.h"

#include <stdlib.h>


/* Hosts of a model that its rows name; how many others there are is said. */
#define JOURNEY_REPORT_HOSTS  3

#define journey_columns(array)  array, sizeof(array) / sizeof(array[0])


typedef int (*journey_report_cmp_pt)(const void *one, const void *two,
    void *a);


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
    { "bad_members", NULL, JOURNEY_CELL_COUNT }
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

static const journey_column_t  journey_goals_columns[] = {
    { "goal", "Goal", JOURNEY_CELL_STRING },
    { "conversions", "Conversions", JOURNEY_CELL_COUNT },
    { "without_visitor", "No visitor", JOURNEY_CELL_COUNT },
    { "value", "Value", JOURNEY_CELL_MONEY },
    { "currency", "", JOURNEY_CELL_STRING }
};

static const journey_column_t  journey_pages_columns[] = {
    { "host", "Host", JOURNEY_CELL_STRING },
    { "path", "Path", JOURNEY_CELL_STRING },
    { "phase", "Phase", JOURNEY_CELL_STRING },
    { "visits", "Visits", JOURNEY_CELL_COUNT },
    { "entries", "Entries", JOURNEY_CELL_COUNT },
    { "exits", "Exits", JOURNEY_CELL_COUNT }
};

static const journey_column_t  journey_paths_columns[] = {
    { "path", "Path", JOURNEY_CELL_LIST },
    { "journeys", "Journeys", JOURNEY_CELL_COUNT },
    { "conversions", "Conversions", JOURNEY_CELL_CREDIT },
    { NULL, "Rate", JOURNEY_CELL_SHARE },
    { "value", "Value", JOURNEY_CELL_MONEY }
};


static journey_str_t
journey_report_name(const journey_analysis_t *a, uint32_t name)
{
    return journey_intern_str(&a->store->all.names, name);
}


static void
journey_report_string(journey_cell_t *cell, journey_str_t str)
{
    cell->u.str = str;
    cell->null = (str.len == 0);
}


/* A copy of the columns in which some can be changed. */

static journey_column_t *
journey_report_columns(journey_pool_t *pool, const journey_column_t *columns,
    unsigned n)
{
    journey_column_t  *copy;

    copy = journey_palloc(pool, n * sizeof(journey_column_t));

    if (copy != NULL) {
        memcpy(copy, columns, n * sizeof(journey_column_t));
    }

    return copy;
}


/* The numbers 1 to n - 1 of those that are wanted, sorted. */

static uint32_t *
journey_report_sorted(const journey_analysis_t *a, uint32_t n,
    int (*wanted)(const journey_analysis_t *a, uint32_t i),
    journey_report_cmp_pt cmp, uint32_t *nsorted)
{
    uint32_t  i, k, *sorted;

    sorted = malloc((n + 1) * sizeof(uint32_t));
    if (sorted == NULL) {
        return NULL;
    }

    for (i = 0, k = 0; i < n; i++) {
        if (wanted(a, i)) {
            sorted[k++] = i;
        }
    }

    qsort_r(sorted, k, sizeof(uint32_t), cmp, (void *) a);

    *nsorted = k;

    return sorted;
}


static uint32_t
journey_report_limit(journey_table_t *table, uint32_t n, long limit)
{
    if (limit == JOURNEY_LIMIT_NONE || (uint64_t) limit >= n) {
        return n;
    }

    table->more = n - (uint32_t) limit;

    return (uint32_t) limit;
}


/* The name of the value's column: with its currency, none without values. */

static const char *
journey_report_value(const journey_analysis_t *a, journey_pool_t *pool)
{
    char           *title;
    journey_str_t   name;

    if (a->valued == 0) {
        return NULL;
    }

    if (a->currency == UINT32_MAX || a->currency == 0) {
        return "Value";
    }

    name = journey_report_name(a, a->currency);
    title = journey_palloc(pool, 16);

    if (title == NULL || name.len != 3) {
        return "Value";
    }

    /* the name of a currency is a client's at worst: letters only */

    snprintf(title, 16, "Value %c%c%c", name.data[0] & 0x5f,
             name.data[1] & 0x5f, name.data[2] & 0x5f);

    return (strspn(title + 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3) ? title
                                                                  : "Value";
}


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

    columns[6].title = journey_report_value(a, table->pool);

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


/* "a.example, b.example and 3 more" */

static journey_str_t
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

    reached = total;
    before = total;

    for (i = 0; i < model->nsteps; i++) {
        step = &model->steps[i];
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

    return JOURNEY_OK;
}


static int
journey_report_any(const journey_analysis_t *a, uint32_t i)
{
    (void) a;
    (void) i;

    return 1;
}


static int
journey_report_goal_cmp(const void *one, const void *two, void *ctx)
{
    int                        rc;
    journey_str_t              x, y;
    const journey_analysis_t  *a;
    const journey_goal_sum_t  *c, *d;

    a = ctx;
    c = &a->goals[*(const uint32_t *) one];
    d = &a->goals[*(const uint32_t *) two];

    if (c->conversions != d->conversions) {
        return c->conversions > d->conversions ? -1 : 1;
    }

    x = journey_report_name(a, c->goal);
    y = journey_report_name(a, d->goal);
    rc = journey_strcmp(&x, &y);

    if (rc != 0 || c->currency == d->currency) {
        return rc;
    }

    /* UINT32_MAX is "without value" */

    if (c->currency == UINT32_MAX || d->currency == UINT32_MAX) {
        return c->currency == UINT32_MAX ? 1 : -1;
    }

    x = journey_report_name(a, c->currency);
    y = journey_report_name(a, d->currency);

    return journey_strcmp(&x, &y);
}


int
journey_table_goals(journey_table_t *table, const journey_analysis_t *a,
    long limit)
{
    uint32_t                   i, n, *sorted;
    journey_cell_t            *cell;
    const journey_goal_sum_t  *sum;

    journey_table_init(table, table->pool, "goals", "Goals",
                       journey_columns(journey_goals_columns));
    table->empty = "no goals";

    sorted = journey_report_sorted(a, a->ngoals, journey_report_any,
                                   journey_report_goal_cmp, &n);
    if (sorted == NULL) {
        return JOURNEY_ERROR;
    }

    n = journey_report_limit(table, n, limit);

    for (i = 0; i < n; i++) {
        cell = journey_table_row(table);

        if (cell == NULL) {
            free(sorted);
            return JOURNEY_ERROR;
        }

        sum = &a->goals[sorted[i]];

        cell[0].u.str = journey_report_name(a, sum->goal);
        cell[1].u.count = sum->conversions;
        cell[2].u.count = sum->without_visitor;
        cell[3].u.number = journey_round(sum->value);
        cell[4].null = 1;

        if (sum->currency != UINT32_MAX) {
            journey_report_string(&cell[4],
                                  journey_report_name(a, sum->currency));
        }
    }

    free(sorted);

    return JOURNEY_OK;
}


static int
journey_report_has_page(const journey_analysis_t *a, uint32_t i)
{
    return a->pages[i].visits != 0;
}


static int
journey_report_page_cmp(const void *one, const void *two, void *ctx)
{
    uint32_t                   i, k;
    journey_str_t              x, y;
    const journey_analysis_t  *a;

    a = ctx;
    i = *(const uint32_t *) one;
    k = *(const uint32_t *) two;

    if (a->pages[i].visits != a->pages[k].visits) {
        return a->pages[i].visits > a->pages[k].visits ? -1 : 1;
    }

    /* host NUL path: the order of both */

    x = journey_intern_str(&a->store->all.pages, i);
    y = journey_intern_str(&a->store->all.pages, k);

    return journey_strcmp(&x, &y);
}


int
journey_table_pages(journey_table_t *table, const journey_analysis_t *a,
    long limit)
{
    uint32_t                   i, n, *sorted;
    journey_str_t              page, host;
    journey_cell_t            *cell;
    const journey_page_sum_t  *sum;

    journey_table_init(table, table->pool, "pages", "Pages",
                       journey_columns(journey_pages_columns));
    table->empty = "no pages";

    sorted = journey_report_sorted(a, a->store->all.pages.n,
                                   journey_report_has_page,
                                   journey_report_page_cmp, &n);
    if (sorted == NULL) {
        return JOURNEY_ERROR;
    }

    n = journey_report_limit(table, n, limit);

    for (i = 0; i < n; i++) {
        cell = journey_table_row(table);

        if (cell == NULL) {
            free(sorted);
            return JOURNEY_ERROR;
        }

        sum = &a->pages[sorted[i]];
        page = journey_intern_str(&a->store->all.pages, sorted[i]);
        host = journey_report_name(a, a->funnel.page_host[sorted[i]]);

        page.data += host.len + 1;
        page.len -= host.len + 1;

        journey_report_string(&cell[0], host);
        journey_report_string(&cell[1], page);
        journey_report_string(&cell[2], journey_report_name(a, sum->phase));
        cell[3].u.count = sum->visits;
        cell[4].u.count = sum->entries;
        cell[5].u.count = sum->exits;
    }

    free(sorted);

    return JOURNEY_OK;
}


static int
journey_report_has_path(const journey_analysis_t *a, uint32_t i)
{
    return i != 0 && a->paths[i].journeys != 0;
}


/* The most frequent path first; equal ones by their names. */

static int
journey_report_path_cmp(const void *one, const void *two, void *ctx)
{
    int                        rc;
    uint32_t                   i, k, n, x, y;
    journey_str_t              p, q, s, t;
    const journey_analysis_t  *a;

    a = ctx;
    i = *(const uint32_t *) one;
    k = *(const uint32_t *) two;

    if (a->paths[i].journeys != a->paths[k].journeys) {
        return a->paths[i].journeys > a->paths[k].journeys ? -1 : 1;
    }

    if (a->paths[i].conversions != a->paths[k].conversions) {
        return a->paths[i].conversions > a->paths[k].conversions ? -1 : 1;
    }

    p = journey_intern_str(&a->path_keys, i);
    q = journey_intern_str(&a->path_keys, k);

    for (n = 0; n < journey_min(p.len, q.len); n += sizeof(uint32_t)) {
        memcpy(&x, p.data + n, sizeof(uint32_t));
        memcpy(&y, q.data + n, sizeof(uint32_t));

        if (x != y) {
            s = journey_report_name(a, x);
            t = journey_report_name(a, y);
            rc = journey_strcmp(&s, &t);

            if (rc != 0) {
                return rc;
            }
        }
    }

    return p.len < q.len ? -1 : p.len > q.len;
}


static int
journey_report_path(journey_cell_t *cell, const journey_analysis_t *a,
    journey_pool_t *pool, uint32_t path)
{
    uint32_t        i, n, name;
    journey_str_t   key, *strs;

    key = journey_intern_str(&a->path_keys, path);
    n = (uint32_t) (key.len / sizeof(uint32_t));

    strs = journey_palloc(pool, n * sizeof(journey_str_t));
    if (strs == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < n; i++) {
        memcpy(&name, key.data + i * sizeof(uint32_t), sizeof(uint32_t));
        strs[i] = journey_report_name(a, name);

        if (name == 0) {
            journey_str_set(&strs[i], "\xe2\x80\xa6");          /* … */
        }
    }

    cell->u.list.strs = strs;
    cell->u.list.n = n;

    return JOURNEY_OK;
}


int
journey_table_paths(journey_table_t *table, const journey_analysis_t *a,
    long limit)
{
    int                        rc;
    uint32_t                   i, n, *sorted;
    journey_cell_t            *cell;
    journey_column_t          *columns;
    const journey_path_sum_t  *sum;

    columns = journey_report_columns(table->pool,
                                     journey_columns(journey_paths_columns));
    sorted = journey_report_sorted(a, a->path_keys.n, journey_report_has_path,
                                   journey_report_path_cmp, &n);

    if (columns == NULL || sorted == NULL) {
        free(sorted);
        return JOURNEY_ERROR;
    }

    columns[4].title = journey_report_value(a, table->pool);

    journey_table_init(table, table->pool, "paths", "Paths", columns,
                       sizeof(journey_paths_columns)
                       / sizeof(journey_paths_columns[0]));
    table->empty = "no paths";

    n = journey_report_limit(table, n, limit);
    rc = JOURNEY_OK;

    for (i = 0; i < n && rc == JOURNEY_OK; i++) {
        cell = journey_table_row(table);

        if (cell == NULL) {
            rc = JOURNEY_ERROR;
            break;
        }

        sum = &a->paths[sorted[i]];

        rc = journey_report_path(&cell[0], a, table->pool, sorted[i]);
        cell[1].u.count = sum->journeys;
        cell[2].u.number = (double) sum->conversions;
        cell[3].u.number = (double) sum->conversions / (double) sum->journeys;
        cell[4].u.number = journey_round(sum->value);
    }

    free(sorted);

    return rc;
}
