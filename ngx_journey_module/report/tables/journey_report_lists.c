
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From the sums of the analysis to tables: goals, pages, paths.
 */


#include "journey_report.h"
#include "journey_report_rows.h"

#include <stdlib.h>


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

    if (c->folded != d->folded) {
        return c->folded ? 1 : -1;
    }

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
        cell[3].null = sum->mixed;
        cell[4].null = 1;

        if (sum->currency != UINT32_MAX && !sum->mixed) {
            journey_report_string(&cell[4],
                                  journey_report_name(a, sum->currency));
        }
    }

    free(sorted);

    return JOURNEY_OK;
}


int
journey_report_has_page(const journey_analysis_t *a, uint32_t i)
{
    return a->pages[i].visits != 0;
}


int
journey_report_page_cmp(const void *one, const void *two, void *ctx)
{
    uint32_t                   i, k;
    journey_str_t              x, y;
    const journey_analysis_t  *a;

    a = ctx;
    i = *(const uint32_t *) one;
    k = *(const uint32_t *) two;

    if (a->other_page != 0 && (i == a->other_page || k == a->other_page)) {
        return i == a->other_page ? 1 : -1;
    }

    if (a->pages[i].visits != a->pages[k].visits) {
        return a->pages[i].visits > a->pages[k].visits ? -1 : 1;
    }

    /* host NUL path: the order of both */

    x = journey_intern_str(&a->store->all.pages, i);
    y = journey_intern_str(&a->store->all.pages, k);

    return journey_strcmp(&x, &y);
}


void
journey_report_page(journey_cell_t *cell, const journey_analysis_t *a,
    uint32_t number)
{
    journey_str_t  page, host;

    page = journey_intern_str(&a->store->all.pages, number);
    host = journey_report_name(a, a->funnel.page_host[number]);

    page.data += host.len + 1;
    page.len -= host.len + 1;

    journey_report_string(&cell[0], host);
    journey_report_string(&cell[1], page);
    journey_report_string(&cell[2], journey_report_name(a,
                                                   a->pages[number].phase));

    if (number == a->other_page) {
        cell[1].u.str = journey_report_name(a, a->other_name);
        cell[2].null = 1;
    }
}


int
journey_table_pages(journey_table_t *table, const journey_analysis_t *a,
    long limit)
{
    uint32_t                   i, n, *sorted;
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
        journey_report_page(cell, a, sorted[i]);

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
    /* the row of what is folded may have no sums at all */

    return i != 0 && i < a->paths_size && a->paths[i].journeys != 0;
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

    if (a->other_path != 0 && (i == a->other_path || k == a->other_path)) {
        return i == a->other_path ? 1 : -1;
    }

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


static int
journey_report_path_row(journey_table_t *table, const journey_analysis_t *a,
    uint32_t path, const journey_path_sum_t *sum)
{
    journey_cell_t  *cell;

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    cell[1].u.count = sum->journeys;
    cell[2].u.number = (double) sum->conversions;
    cell[3].u.number = (double) sum->conversions / (double) sum->journeys;
    cell[4].u.number = journey_round(sum->value);

    if (path != 0) {
        return journey_report_path(&cell[0], a, table->pool, path);
    }

    /* the rest */

    cell[0].u.list.n = 1;
    cell[0].u.list.strs = journey_pcalloc(table->pool, sizeof(journey_str_t));

    return (cell[0].u.list.strs != NULL) ? JOURNEY_OK : JOURNEY_ERROR;
}


/* Those that a limit left out, as one row: sums are those of all. */

static int
journey_report_path_rest(journey_table_t *table, const journey_analysis_t *a,
    const uint32_t *paths, uint32_t n)
{
    char                more[64], *name;
    uint32_t            i;
    journey_cell_t     *cell;
    journey_path_sum_t  rest;

    memset(&rest, 0, sizeof(journey_path_sum_t));

    for (i = 0; i < n; i++) {
        rest.journeys += a->paths[paths[i]].journeys;
        rest.conversions += a->paths[paths[i]].conversions;
        rest.value += a->paths[paths[i]].value;
    }

    if (journey_report_path_row(table, a, 0, &rest) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    cell = table->cells + (table->nrows - 1) * table->ncolumns;

    if (a->opts->format != JOURNEY_FORMAT_TEXT) {
        journey_str_set(&cell[0].u.list.strs[0], "other");
        return JOURNEY_OK;
    }

    journey_text_count(more, n);
    name = journey_palloc(table->pool, sizeof(more) + 32);

    if (name == NULL) {
        return JOURNEY_ERROR;
    }

    cell[0].u.list.strs[0].data = (u_char *) name;
    cell[0].u.list.strs[0].len = (size_t) snprintf(name, sizeof(more) + 32,
                                                   "\xe2\x80\xa6 and %s more "
                                                   "(--limit)", more);
    table->more = 0;

    return JOURNEY_OK;
}


int
journey_table_paths(journey_table_t *table, const journey_analysis_t *a,
    long limit)
{
    int                rc;
    uint32_t           i, n, all, *sorted;
    journey_column_t  *columns;

    columns = journey_report_columns(table->pool,
                                     journey_columns(journey_paths_columns));
    sorted = journey_report_sorted(a, a->path_keys.n, journey_report_has_path,
                                   journey_report_path_cmp, &all);

    if (columns == NULL || sorted == NULL) {
        free(sorted);
        return JOURNEY_ERROR;
    }

    columns[4].title = journey_report_value(a);

    journey_table_init(table, table->pool, "paths", "Paths", columns,
                       sizeof(journey_paths_columns)
                       / sizeof(journey_paths_columns[0]));
    table->empty = "no paths";

    n = journey_report_limit(table, all, limit);
    rc = JOURNEY_OK;

    for (i = 0; i < n && rc == JOURNEY_OK; i++) {
        rc = journey_report_path_row(table, a, sorted[i],
                                     &a->paths[sorted[i]]);
    }

    if (rc == JOURNEY_OK && n < all) {
        rc = journey_report_path_rest(table, a, sorted + n, all - n);
    }

    free(sorted);

    return rc;
}
