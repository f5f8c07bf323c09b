
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From the kinds of direct touches to their table.
 */


#include "journey_direct.h"
#include "journey_report.h"
#include "journey_report_rows.h"


static const journey_column_t  journey_direct_columns[] = {
    { "kind", NULL, JOURNEY_CELL_STRING },
    { NULL, "Kind", JOURNEY_CELL_STRING },
    { "touches", "Touches", JOURNEY_CELL_COUNT },
    { "share", "Share", JOURNEY_CELL_SHARE },
    { "visitors", "Visitors", JOURNEY_CELL_COUNT },
    { "sessions", "Sessions", JOURNEY_CELL_COUNT },
    { "journeys", "Journeys", JOURNEY_CELL_COUNT },
    { "conversions", "Conversions", JOURNEY_CELL_CREDIT },
    { "value", "Value", JOURNEY_CELL_MONEY }
};

/* By journey_direct_kind_e; the last one is of several. */

static const struct {
    journey_str_t  kind;
    journey_str_t  name;
} journey_direct_names[JOURNEY_DIRECT_KINDS] = {
    { journey_string("returning"), journey_string("coming again") },
    { journey_string("deep"), journey_string("first visit, deep page") },
    { journey_string("entry"), journey_string("first visit, entry page") },
    { journey_string("unknown"), journey_string("not known") }
};


static int
journey_report_direct_row(journey_table_t *table, const journey_analysis_t *a,
    const journey_direct_t *direct, unsigned i, uint64_t touches)
{
    journey_cell_t              *cell;
    const journey_direct_sum_t  *sum;

    sum = &direct->sums[i];

    if (sum->touches == 0 && sum->conversions == 0) {
        return JOURNEY_OK;
    }

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    if (i == JOURNEY_DIRECT_KINDS) {
        cell[0].u.str = journey_report_name(a, a->other_name);
        cell[1].u.str = cell[0].u.str;

    } else {
        cell[0].u.str = journey_direct_names[i].kind;
        cell[1].u.str = journey_direct_names[i].name;
    }

    cell[2].u.count = sum->touches;
    cell[3].null = (touches == 0);
    cell[3].u.number = touches ? (double) sum->touches / (double) touches : 0;
    cell[4].u.count = sum->visitors;
    cell[5].u.count = sum->sessions;
    cell[6].u.count = sum->journeys;
    cell[7].u.number = sum->conversions;
    cell[8].u.number = journey_round(sum->value);

    return JOURNEY_OK;
}


static void
journey_report_direct_notes(journey_table_t *table,
    const journey_analysis_t *a, const journey_direct_t *direct)
{
    char  n[32];

    if (direct->few) {
        journey_table_note(table, "direct touches are among the channels of "
                           "fewer than %llu visitors",
                           (unsigned long long) a->opts->min_visitors);
    }

    if (direct->hashes != 0 && direct->row == NULL) {
        journey_text_count(n, direct->hashes);
        journey_table_note(table, "%s of the first visits %s of visitors "
                           "without a cookie, whom another day does not know "
                           "again", n, direct->hashes == 1 ? "is" : "are");
    }
}


int
journey_table_direct(journey_table_t *table, const journey_analysis_t *a,
    const journey_direct_t *direct)
{
    int                rc;
    uint64_t           touches;
    unsigned           i;
    journey_column_t  *columns;

    columns = journey_report_columns(table->pool,
                                     journey_columns(journey_direct_columns));
    if (columns == NULL) {
        return JOURNEY_ERROR;
    }

    columns[8].title = journey_report_value(a);

    journey_table_init(table, table->pool, "direct", "Direct", columns,
                       sizeof(journey_direct_columns)
                       / sizeof(journey_direct_columns[0]));
    table->empty = "no direct touches";

    rc = JOURNEY_OK;

    for (i = 0, touches = 0; i <= JOURNEY_DIRECT_KINDS; i++) {
        touches += direct->sums[i].touches;
    }

    for (i = 0; i <= JOURNEY_DIRECT_KINDS && rc == JOURNEY_OK; i++) {
        rc = journey_report_direct_row(table, a, direct, i, touches);
    }

    journey_report_direct_notes(table, a, direct);

    return rc;
}
