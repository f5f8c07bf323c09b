
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From the sums of content to its tables.
 */


#include "journey_report.h"
#include "journey_report_rows.h"
#include "journey_content.h"

#include <stdlib.h>


#define JOURNEY_CONTENT_FEW  3          /* pages of a phase: fewer are a gap */


/* The causes of exits are parts of them, which add up. */

static const journey_column_t  journey_content_columns[] = {
    { "host", "Host", JOURNEY_CELL_STRING },
    { "path", "Path", JOURNEY_CELL_STRING },
    { "phase", "Phase", JOURNEY_CELL_STRING },
    { "visits", "Visits", JOURNEY_CELL_COUNT },
    { "entries", "Entries", JOURNEY_CELL_COUNT },
    { "exits", "Exits", JOURNEY_CELL_COUNT },
    { "advance", "Advance", JOURNEY_CELL_SHARE },
    { "drop_off", "Drop-off", JOURNEY_CELL_SHARE },
    { "exits_error", "Error", JOURNEY_CELL_COUNT },
    { "exits_slow", "Slow", JOURNEY_CELL_COUNT },
    { "exits_dead_end", "Dead end", JOURNEY_CELL_COUNT },
    { "exits_other", NULL, JOURNEY_CELL_COUNT }
};

static const journey_column_t  journey_gaps_columns[] = {
    { "phase", "Phase", JOURNEY_CELL_STRING },
    { "position", NULL, JOURNEY_CELL_COUNT },
    { "pages", "Pages", JOURNEY_CELL_COUNT },
    { "visits", "Visits", JOURNEY_CELL_COUNT },
    { "channels", "No journey from", JOURNEY_CELL_LIST }
};


static void
journey_report_content_row(journey_cell_t *cell, const journey_analysis_t *a,
    const journey_content_t *content, uint32_t number)
{
    unsigned                       i;
    const journey_page_sum_t      *page;
    const journey_content_page_t  *sum;

    page = &a->pages[number];
    sum = &content->pages[number];

    journey_report_page(cell, a, number);

    cell[3].u.count = page->visits;
    cell[4].u.count = page->entries;
    cell[5].u.count = page->exits;

    cell[6].null = (sum->staged == 0);
    cell[6].u.number = sum->staged ? (double) sum->advanced
                                     / (double) sum->staged : 0;
    cell[7].u.number = (double) page->exits / (double) page->visits;

    for (i = 0; i < JOURNEY_EXITS; i++) {
        cell[8 + i].u.count = sum->exits[i];
    }
}


static int
journey_report_content_pages(journey_table_t *table, const journey_analysis_t *a,
    const journey_content_t *content, long limit)
{
    uint32_t           i, n, host, *sorted;
    journey_cell_t    *cell;
    journey_column_t  *columns;

    columns = journey_report_columns(table->pool,
                                    journey_columns(journey_content_columns));
    sorted = journey_report_sorted(a, a->store->all.pages.n,
                                   journey_report_has_page,
                                   journey_report_page_cmp, &n);

    if (columns == NULL || sorted == NULL) {
        free(sorted);
        return JOURNEY_ERROR;
    }

    journey_table_init(table, table->pool, "content", "Content", columns,
                       sizeof(journey_content_columns)
                       / sizeof(journey_content_columns[0]));
    table->empty = "no pages";

    for (i = 0, host = 0; i < n; i++) {
        if (sorted[i] == a->other_page) {
            continue;
        }

        if (host != 0 && host != a->funnel.page_host[sorted[i]]) {
            break;
        }

        host = a->funnel.page_host[sorted[i]];
    }

    if (i == n) {

        /* one host: the line has room for better things */

        columns[0].title = NULL;
    }

    n = journey_report_limit(table, n, limit);

    for (i = 0; i < n; i++) {
        cell = journey_table_row(table);

        if (cell == NULL) {
            free(sorted);
            return JOURNEY_ERROR;
        }

        journey_report_content_row(cell, a, content, sorted[i]);
    }

    free(sorted);

    return JOURNEY_OK;
}


static int
journey_report_has_touches(const journey_analysis_t *a, uint32_t i)
{
    return a->channels[i].touches != 0;
}


static int
journey_report_name_cmp(const void *one, const void *two, void *a)
{
    journey_str_t  x, y;

    x = journey_report_name(a, *(const uint32_t *) one);
    y = journey_report_name(a, *(const uint32_t *) two);

    return journey_strcmp(&x, &y);
}


/* A phase that lacks pages, or into which some channels bring nobody. */

static int
journey_report_gap(journey_table_t *table, const journey_analysis_t *a,
    const journey_content_t *content, unsigned number,
    const uint32_t *channels, uint32_t nchannels)
{
    uint32_t                        i, n;
    journey_str_t                  *names;
    journey_cell_t                 *cell;
    const journey_content_phase_t  *phase;

    phase = &content->phases[number];

    names = journey_palloc(table->pool,
                           (nchannels + 1) * sizeof(journey_str_t));
    if (names == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0, n = 0; i < nchannels; i++) {
        if (!phase->channels[channels[i]]) {
            names[n++] = journey_report_name(a, channels[i]);
        }
    }

    if (n == 0 && phase->pages >= JOURNEY_CONTENT_FEW) {
        return JOURNEY_OK;
    }

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    cell[0].u.str = journey_phases_at(a->phases, number + 1)->name->name;
    cell[1].u.count = number + 1;
    cell[2].u.count = phase->pages;
    cell[3].u.count = phase->visits;
    cell[4].u.list.strs = names;
    cell[4].u.list.n = n;

    return JOURNEY_OK;
}


static int
journey_report_gaps(journey_table_t *table, const journey_analysis_t *a,
    const journey_content_t *content)
{
    int        rc;
    uint32_t   n, *sorted;
    unsigned   i;

    journey_table_init(table, table->pool, "gaps", "Gaps",
                       journey_columns(journey_gaps_columns));
    table->empty = "none: each phase has pages, and journeys of each channel";

    sorted = journey_report_sorted(a, a->nnames, journey_report_has_touches,
                                   journey_report_name_cmp, &n);
    if (sorted == NULL) {
        return JOURNEY_ERROR;
    }

    rc = JOURNEY_OK;

    for (i = 0; i < content->nphases && rc == JOURNEY_OK; i++) {
        rc = journey_report_gap(table, a, content, i, sorted, n);
    }

    free(sorted);

    return rc;
}


int
journey_tables_content(journey_table_t *tables, unsigned *n,
    const journey_analysis_t *a, const journey_content_t *content, long limit)
{
    int  rc;

    rc = journey_report_content_pages(&tables[(*n)++], a, content, limit);

    if (rc == JOURNEY_OK && a->phases != NULL
        && journey_phases_count(a->phases) != 0)
    {
        rc = journey_report_gaps(&tables[(*n)++], a, content);
    }

    return rc;
}
