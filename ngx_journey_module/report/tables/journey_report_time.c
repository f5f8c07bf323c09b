
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From times to conversion to tables: a headline; the curve, every step of it
 * for machines, at round times for people.
 */


#include "journey_conversion_time.h"
#include "journey_report.h"
#include "journey_report_rows.h"


#define JOURNEY_MINUTE  (60 * 1000ULL)
#define JOURNEY_HOUR    (60 * JOURNEY_MINUTE)
#define JOURNEY_DAY     (24 * JOURNEY_HOUR)


static const journey_column_t  journey_time_summary_columns[] = {
    { "journeys", NULL, JOURNEY_CELL_COUNT },
    { "converted", NULL, JOURNEY_CELL_COUNT },
    { "censored", NULL, JOURNEY_CELL_COUNT },
    { "q1", NULL, JOURNEY_CELL_COUNT },
    { "median", NULL, JOURNEY_CELL_COUNT },
    { "q3", NULL, JOURNEY_CELL_COUNT },
    { "median_low", NULL, JOURNEY_CELL_COUNT },
    { "median_high", NULL, JOURNEY_CELL_COUNT },
    { "no_cookie", NULL, JOURNEY_CELL_COUNT },
    { "exempt", NULL, JOURNEY_CELL_COUNT },
    { "begun_before", NULL, JOURNEY_CELL_COUNT },
    { "offline_only", NULL, JOURNEY_CELL_COUNT }
};

static const journey_column_t  journey_time_text_columns[] = {
    { NULL, "Journeys", JOURNEY_CELL_COUNT },
    { NULL, "Converted", JOURNEY_CELL_COUNT },
    { NULL, "A quarter after", JOURNEY_CELL_STRING },
    { NULL, "Half after", JOURNEY_CELL_STRING },
    { NULL, "Three quarters after", JOURNEY_CELL_STRING }
};

static const journey_column_t  journey_time_columns[] = {
    { "time", NULL, JOURNEY_CELL_COUNT },
    { NULL, "Within", JOURNEY_CELL_STRING },
    { NULL, "", JOURNEY_CELL_BAR },
    { "at_risk", NULL, JOURNEY_CELL_COUNT },
    { "converted", NULL, JOURNEY_CELL_COUNT },
    { "censored", NULL, JOURNEY_CELL_COUNT },
    { "left", NULL, JOURNEY_CELL_SHARE },
    { "low", NULL, JOURNEY_CELL_SHARE },
    { "high", NULL, JOURNEY_CELL_SHARE },
    { NULL, "Converted", JOURNEY_CELL_SHARE },
    { NULL, "At least", JOURNEY_CELL_SHARE },
    { NULL, "At most", JOURNEY_CELL_SHARE },
    { NULL, "Still followed", JOURNEY_CELL_COUNT }
};

/* Where people look at the curve. */

static const struct {
    uint64_t     time;
    const char  *name;
} journey_time_marks[] = {
    { JOURNEY_MINUTE, "1 min" },
    { 10 * JOURNEY_MINUTE, "10 min" },
    { JOURNEY_HOUR, "1 h" },
    { 6 * JOURNEY_HOUR, "6 h" },
    { JOURNEY_DAY, "1 d" },
    { 3 * JOURNEY_DAY, "3 d" },
    { 7 * JOURNEY_DAY, "7 d" },
    { 14 * JOURNEY_DAY, "14 d" },
    { 30 * JOURNEY_DAY, "30 d" },
    { 60 * JOURNEY_DAY, "60 d" },
    { 90 * JOURNEY_DAY, "90 d" },
    { 180 * JOURNEY_DAY, "180 d" },
    { 365 * JOURNEY_DAY, "365 d" },
    { 730 * JOURNEY_DAY, "730 d" }
};


static void
journey_report_time_note(journey_table_t *table, uint64_t n, const char *why)
{
    char  count[32];

    if (n != 0) {
        journey_text_count(count, n);
        journey_table_note(table, "left out: %s %s %s", count,
                           n == 1 ? "journey" : "journeys", why);
    }
}


static void
journey_report_time_notes(journey_table_t *table,
    const journey_conversion_time_t *time, const journey_analysis_t *a)
{
    journey_report_time_note(table, time->hashes,
                             "of visitors without a cookie, whom the next day "
                             "does not know");
    journey_report_time_note(table, time->exempt,
                             "of the profile exempt, which follows nobody");
    journey_report_time_note(table, time->begun,
                             "whose start is not in the input");
    journey_report_time_note(table, time->offline, "of offline events alone");

    if (time->survival.n != 0 && time->survival.visitors
                                 < a->opts->min_visitors)
    {
        journey_table_note(table, "the others are of fewer than %llu visitors",
                           (unsigned long long) a->opts->min_visitors);
    }
}


static void
journey_report_time_summary(journey_cell_t *cell,
    const journey_conversion_time_t *time, unsigned few)
{
    unsigned                   i;
    const journey_survival_t  *survival;

    survival = &time->survival;

    cell[0].u.count = survival->n;
    cell[1].u.count = survival->converted;
    cell[2].u.count = survival->n - survival->converted;

    for (i = 0; i < 3; i++) {
        cell[i].null = few;
        cell[3 + i].null = journey_survival_quantile(survival,
                                                     0.75 - 0.25 * i,
                                                     &cell[3 + i].u.count)
                           != JOURNEY_OK;
    }

    cell[6].null = journey_survival_median_low(survival, &cell[6].u.count)
                   != JOURNEY_OK;
    cell[7].null = journey_survival_median_high(survival, &cell[7].u.count)
                   != JOURNEY_OK;

    cell[8].u.count = time->hashes;
    cell[9].u.count = time->exempt;
    cell[10].u.count = time->begun;
    cell[11].u.count = time->offline;
}


/* "2 d 3 h", and how sure that is: "(95 %: 1 d 20 h to 2 d 9 h)". */

static int
journey_report_time_median(journey_cell_t *cell, journey_pool_t *pool,
    const journey_survival_t *survival)
{
    int             low, high;
    char           *p;
    size_t          len;
    uint64_t        times[2];
    journey_cell_t  ends[2];

    static const char  format[] = "%.*s (95 %%: %.*s to %.*s)";

    low = journey_survival_median_low(survival, &times[0]);
    high = journey_survival_median_high(survival, &times[1]);

    ends[0].u.str = ends[1].u.str
        = (journey_str_t) journey_string("not reached");

    if ((low == JOURNEY_OK
         && journey_report_span(&ends[0], pool, (double) times[0])
            != JOURNEY_OK)
        || (high == JOURNEY_OK
            && journey_report_span(&ends[1], pool, (double) times[1])
               != JOURNEY_OK))
    {
        return JOURNEY_ERROR;
    }

    if (low != JOURNEY_OK) {

        /* even the lower bound of the curve does not come so far */

        return JOURNEY_OK;
    }

    len = cell->u.str.len + ends[0].u.str.len + ends[1].u.str.len
          + sizeof(format);

    p = journey_palloc(pool, len);
    if (p == NULL) {
        return JOURNEY_ERROR;
    }

    cell->u.str.len = (size_t)
        snprintf(p, len, format,
                 (int) cell->u.str.len, (char *) cell->u.str.data,
                 (int) ends[0].u.str.len, (char *) ends[0].u.str.data,
                 (int) ends[1].u.str.len, (char *) ends[1].u.str.data);
    cell->u.str.data = (u_char *) p;

    return JOURNEY_OK;
}


static int
journey_report_time_text(journey_cell_t *cell, journey_pool_t *pool,
    const journey_survival_t *survival, unsigned few)
{
    unsigned  i;
    uint64_t  time;

    cell[0].u.count = survival->n;
    cell[1].u.count = survival->converted;
    cell[0].null = cell[1].null = few;

    for (i = 0; i < 3; i++) {
        cell[2 + i].null = few;

        if (journey_survival_quantile(survival, 0.75 - 0.25 * i, &time)
            != JOURNEY_OK)
        {
            cell[2 + i].u.str = (journey_str_t) journey_string("not reached");

        } else if (journey_report_span(&cell[2 + i], pool, (double) time)
                   != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return few ? JOURNEY_OK
               : journey_report_time_median(&cell[3], pool, survival);
}


static int
journey_report_time_point(journey_table_t *table,
    const journey_survival_point_t *point)
{
    journey_cell_t  *cell;

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    cell[0].u.count = point->time;
    cell[3].u.count = point->at_risk;
    cell[4].u.count = point->converted;
    cell[5].u.count = point->censored;
    cell[6].u.number = point->left;
    cell[7].u.number = point->low;
    cell[8].u.number = point->high;
    cell[7].null = !point->bounded;
    cell[8].null = !point->bounded;

    return JOURNEY_OK;
}


/* The curve at a round time; how many are followed then would tell the times
 * of single ones where rows are folded. */

static int
journey_report_time_mark(journey_table_t *table,
    const journey_survival_t *survival, uint64_t time, const char *name,
    unsigned folded)
{
    journey_cell_t                  *cell;
    const journey_survival_point_t  *point;

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    point = journey_survival_at(survival, time);

    cell[2].u.number = 1 - point->left;
    cell[9].u.number = 1 - point->left;
    cell[10].u.number = 1 - point->high;
    cell[11].u.number = 1 - point->low;
    cell[10].null = !point->bounded;
    cell[11].null = !point->bounded;
    cell[12].u.count = journey_survival_after(survival, time);
    cell[12].null = folded;

    if (name == NULL) {
        return journey_report_span(&cell[1], table->pool, (double) time);
    }

    cell[1].u.str.data = (u_char *) name;
    cell[1].u.str.len = strlen(name);

    return JOURNEY_OK;
}


/* From the first mark with a conversion to the last conversion. */

static int
journey_report_time_marks(journey_table_t *table,
    const journey_survival_t *survival, unsigned folded)
{
    unsigned                         i;
    uint64_t                         last;
    const journey_survival_point_t  *point;

    if (survival->npoints == 0 || survival->converted == 0) {
        return JOURNEY_OK;
    }

    last = survival->points[survival->npoints - 1].time;

    for (i = 0; i < sizeof(journey_time_marks) / sizeof(journey_time_marks[0]);
         i++)
    {
        if (journey_time_marks[i].time >= last) {
            break;
        }

        point = journey_survival_at(survival, journey_time_marks[i].time);

        if (point == NULL || point->left == 1) {
            continue;
        }

        if (journey_report_time_mark(table, survival,
                                     journey_time_marks[i].time,
                                     journey_time_marks[i].name, folded)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return journey_report_time_mark(table, survival, last, NULL, folded);
}


static int
journey_report_time_curve(journey_table_t *table, const journey_analysis_t *a,
    const journey_survival_t *survival, long limit)
{
    int       rc;
    uint64_t  i, n;

    journey_table_init(table, table->pool, "time", "Converted within",
                       journey_columns(journey_time_columns));
    table->empty = "no conversions";

    if (a->opts->format == JOURNEY_FORMAT_TEXT) {
        return journey_report_time_marks(table, survival,
                                         a->opts->min_visitors != 0);
    }

    n = survival->npoints;

    if (limit != JOURNEY_LIMIT_NONE && (uint64_t) limit < n) {
        table->more = n - (uint64_t) limit;
        n = (uint64_t) limit;
    }

    for (i = 0, rc = JOURNEY_OK; i < n && rc == JOURNEY_OK; i++) {
        rc = journey_report_time_point(table, &survival->points[i]);
    }

    return rc;
}


int
journey_tables_time(journey_table_t *tables, unsigned *n,
    const journey_analysis_t *a, const journey_conversion_time_t *time,
    long limit)
{
    int              rc;
    unsigned         text, few;
    journey_cell_t  *cell;
    journey_table_t *table;

    text = (a->opts->format == JOURNEY_FORMAT_TEXT);
    few = (time->survival.visitors < a->opts->min_visitors);
    table = &tables[(*n)++];

    if (text) {
        journey_table_init(table, table->pool, "time_summary",
                           "Time to conversion",
                           journey_columns(journey_time_text_columns));
        table->block = 1;
        table->empty = "no journeys";

    } else {
        journey_table_init(table, table->pool, "time_summary", NULL,
                           journey_columns(journey_time_summary_columns));
        table->object = 1;
    }

    rc = JOURNEY_OK;

    if (!text || time->survival.n != 0) {
        cell = journey_table_row(table);
        if (cell == NULL) {
            return JOURNEY_ERROR;
        }

        if (text) {
            rc = journey_report_time_text(cell, table->pool, &time->survival,
                                          few);
        } else {
            journey_report_time_summary(cell, time, few);
        }
    }

    journey_report_time_notes(table, time, a);

    if (rc == JOURNEY_OK) {
        rc = journey_report_time_curve(&tables[(*n)++], a, &time->survival,
                                       limit);
    }

    return rc;
}
