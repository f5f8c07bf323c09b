
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From cohorts to tables: a row for each cohort and period for machines, a
 * triangle for people.
 */


#include "journey_report.h"
#include "journey_report_rows.h"
#include "journey_retention.h"

#include <stdlib.h>


#define JOURNEY_RETENTION_SHOWN  14     /* periods of a triangle */
#define JOURNEY_RETENTION_SHARE  9      /* columns of one: "100.0 %" */


static const journey_column_t  journey_retention_columns[] = {
    { "cohort", "Cohort", JOURNEY_CELL_STRING },
    { "visitors", "Visitors", JOURNEY_CELL_COUNT },
    { "period", "Period", JOURNEY_CELL_COUNT },
    { "seen", "Seen", JOURNEY_CELL_COUNT },
    { "returned", "Returned", JOURNEY_CELL_COUNT },
    { "share", "Share", JOURNEY_CELL_SHARE },
    { "complete", "Complete", JOURNEY_CELL_BOOL }
};


static void
journey_report_retention_notes(journey_table_t *table,
    const journey_retention_t *retention)
{
    char  n[32];

    if (retention->hashes != 0) {
        journey_text_count(n, retention->hashes);
        journey_table_note(table, "left out: %s %s (%.1f %%) without a cookie, "
                           "whom the next day does not know", n,
                           retention->hashes == 1 ? "visitor" : "visitors",
                           100.0 * (double) retention->hashes
                           / (double) retention->all);
    }

    if (retention->exempt != 0) {
        journey_text_count(n, retention->exempt);
        journey_table_note(table, "left out: %s of the profile exempt, which "
                           "follows nobody", n);
    }

    if (retention->earlier != 0) {
        journey_text_count(n, retention->earlier);
        journey_table_note(table, "left out: %s who first came before the "
                           "input begins: of these it has only who came "
                           "again", n);
    }

    if (retention->unknown != 0) {
        journey_text_count(n, retention->unknown);
        journey_table_note(table, "left out: %s whose first day is unknown",
                           n);
    }
}


static int
journey_report_cohort_name(journey_table_t *table, const journey_analysis_t *a,
    const journey_retention_t *retention, uint32_t row, journey_str_t *name)
{
    char  *p;

    if (row == retention->n) {
        *name = journey_report_name(a, a->other_name);
        return JOURNEY_OK;
    }

    p = journey_palloc(table->pool, 16);
    if (p == NULL) {
        return JOURNEY_ERROR;
    }

    journey_retention_name(retention, row, p);

    name->data = (u_char *) p;
    name->len = strlen(p);

    return JOURNEY_OK;
}


static int
journey_report_retention_rows(journey_table_t *table,
    const journey_analysis_t *a, const journey_retention_t *retention,
    uint32_t row)
{
    uint32_t         k;
    uint64_t         seen, back;
    journey_str_t    name;
    journey_cell_t  *cell;

    if (journey_report_cohort_name(table, a, retention, row, &name)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    for (k = 0; k < retention->n; k++) {
        seen = retention->seen[(size_t) row * retention->n + k];
        back = retention->back[(size_t) row * retention->n + k];

        if (seen == 0) {
            break;
        }

        cell = journey_table_row(table);
        if (cell == NULL) {
            return JOURNEY_ERROR;
        }

        cell[0].u.str = name;
        cell[1].u.count = retention->visitors[row];
        cell[2].u.count = k;
        cell[3].u.count = seen;
        cell[4].u.count = back;
        cell[5].u.number = (double) back / (double) seen;
        cell[6].u.count = (row == retention->n)
                          ? retention->over == retention->n
                          : row + k < retention->over;
    }

    return JOURNEY_OK;
}


/* The cells of a cohort beside one another. */

static int
journey_report_retention_line(journey_table_t *table,
    const journey_analysis_t *a, const journey_retention_t *retention,
    uint32_t row)
{
    uint32_t         k;
    uint64_t         seen;
    journey_cell_t  *cell;

    cell = journey_table_row(table);

    if (cell == NULL
        || journey_report_cohort_name(table, a, retention, row,
                                      &cell[0].u.str) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    cell[1].u.count = retention->visitors[row];

    for (k = 1; k < table->ncolumns - 1; k++) {
        seen = retention->seen[(size_t) row * retention->n + k];

        cell[k + 1].null = (seen == 0);
        cell[k + 1].u.number
            = seen ? (double) retention->back[(size_t) row * retention->n + k]
                     / (double) seen : 0;
    }

    return JOURNEY_OK;
}


/* As many periods as the terminal has room for. */

static const journey_column_t *
journey_report_triangle(const journey_analysis_t *a, journey_pool_t *pool,
    const journey_retention_t *retention, unsigned *n)
{
    char              *title;
    unsigned           i, room;
    journey_output_t   out;
    journey_column_t  *columns;

    static const char *const  names[] = { "Week of", "Day", "Month" };

    journey_output_init(&out, stdout, &a->opts->zone);

    room = (out.width > 24) ? (out.width - 24) / JOURNEY_RETENTION_SHARE : 0;
    room = journey_min(room, JOURNEY_RETENTION_SHOWN);
    room = journey_max(room, 1);

    *n = 2 + (retention->n ? journey_min(room, retention->n - 1) : 0);

    columns = journey_palloc(pool, *n * sizeof(journey_column_t));
    if (columns == NULL) {
        return NULL;
    }

    memset(columns, 0, *n * sizeof(journey_column_t));

    columns[0].title = names[retention->period];
    columns[1].title = "Visitors";
    columns[1].type = JOURNEY_CELL_COUNT;

    for (i = 2; i < *n; i++) {
        title = journey_palloc(pool, 8);
        if (title == NULL) {
            return NULL;
        }

        snprintf(title, 8, "+%u", i - 1);

        columns[i].title = title;
        columns[i].type = JOURNEY_CELL_SHARE;
    }

    return columns;
}


static int
journey_report_retention_table(journey_table_t *table,
    const journey_analysis_t *a, const journey_retention_t *retention,
    long limit)
{
    int                      rc;
    uint32_t                 i, rows;
    unsigned                 text, n;
    const journey_column_t  *columns;

    text = (a->opts->format == JOURNEY_FORMAT_TEXT);

    if (text) {
        columns = journey_report_triangle(a, table->pool, retention, &n);

    } else {
        columns = journey_retention_columns;
        n = sizeof(journey_retention_columns)
            / sizeof(journey_retention_columns[0]);
    }

    if (columns == NULL) {
        return JOURNEY_ERROR;
    }

    journey_table_init(table, table->pool, "retention", "Retention", columns,
                       n);
    table->empty = "no visitors who can come back";

    if (retention->n == 0) {
        return JOURNEY_OK;
    }

    for (i = 0, rows = 0; i <= retention->n; i++) {
        rows += (retention->visitors[i] != 0);
    }

    rows = journey_report_limit(table, rows, limit);
    rc = JOURNEY_OK;

    for (i = 0; i <= retention->n && rows != 0 && rc == JOURNEY_OK; i++) {

        if (retention->visitors[i] == 0) {
            continue;
        }

        rows--;
        rc = text ? journey_report_retention_line(table, a, retention, i)
                  : journey_report_retention_rows(table, a, retention, i);
    }

    if (text && table->nrows != 0) {
        if (retention->over != retention->n) {
            journey_table_note(table, "the last period of each row is not "
                               "over yet");
        }

        if (n - 1 < retention->n) {
            journey_table_note(table, "periods after +%u: --csv or --json",
                               n - 2);
        }
    }

    journey_report_retention_notes(table, retention);

    return rc;
}


int
journey_table_retention(journey_table_t *table, const journey_analysis_t *a,
    const journey_retention_t *retention, long limit)
{
    if (retention->unfit) {
        fprintf(stderr, "journey: retention: the input has more than %d "
                "periods; --period, --since and --until make fewer\n",
                JOURNEY_RETENTION_MAX);
        return JOURNEY_DECLINED;
    }

    return journey_report_retention_table(table, a, retention, limit);
}
