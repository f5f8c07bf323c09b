
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The numbers beside a picture: for those who cannot see it, and for copying.
 */


#include "journey_html.h"


#define JOURNEY_HTML_LIST  10           /* strings of a list that are shown */


/* Columns whose rows may be added up: not those that count a visitor or a
 * journey in several rows. */

static const char  *journey_html_additive[] = {
    "touches", "conversions", "views", "clicks", "visits", "entries", "exits",
    "without_visitor", "exits_error", "exits_slow", "exits_dead_end"
};


static unsigned
journey_html_adds(const journey_table_t *table, unsigned column)
{
    unsigned     i;
    const char  *key;

    key = table->columns[column].key;

    if (key == NULL) {
        return 0;
    }

    /* goals may be in several currencies; a path's journeys are its own */

    if (strcmp(key, "value") == 0) {
        return strcmp(table->key, "goals") != 0;
    }

    if (strcmp(key, "journeys") == 0) {
        return strcmp(table->key, "paths") == 0;
    }

    for (i = 0; i < sizeof(journey_html_additive)
                    / sizeof(journey_html_additive[0]); i++)
    {
        if (strcmp(key, journey_html_additive[i]) == 0) {
            return 1;
        }
    }

    return 0;
}


static unsigned
journey_html_shown(const journey_column_t *column)
{
    return column->title != NULL && column->type != JOURNEY_CELL_BAR;
}


static unsigned
journey_html_is_number(const journey_column_t *column)
{
    return column->type == JOURNEY_CELL_COUNT
           || column->type == JOURNEY_CELL_CREDIT
           || column->type == JOURNEY_CELL_MONEY
           || column->type == JOURNEY_CELL_SHARE;
}


static unsigned
journey_html_is_name(const journey_column_t *column)
{
    return column->key != NULL && (strcmp(column->key, "channel") == 0
                                   || strcmp(column->key, "phase") == 0);
}


static void
journey_html_cell_list(journey_html_t *h, const journey_column_t *column,
    const journey_cell_t *cell)
{
    uint32_t  i, n, head;
    unsigned  touches;

    touches = (column->key != NULL && strcmp(column->key, "path") == 0);
    n = cell->u.list.n;
    head = (n > JOURNEY_HTML_LIST) ? JOURNEY_HTML_LIST / 2 : n;

    for (i = 0; i < n; i++) {
        if (i != 0) {
            journey_html_raw(h, " \xe2\x80\xba ");
        }

        if (i == head) {
            journey_html_fmt(h, "\xe2\x80\xa6 %u more \xe2\x80\xa6 "
                             "\xe2\x80\xba ",
                             (unsigned) (n - JOURNEY_HTML_LIST));
            i = n - (JOURNEY_HTML_LIST - head);
        }

        if (touches) {
            journey_html_touch(h, &cell->u.list.strs[i], 32);

        } else {
            journey_html_name(h, &cell->u.list.strs[i], 32);
        }
    }
}


static void
journey_html_cell(journey_html_t *h, const journey_column_t *column,
    const journey_cell_t *cell)
{
    if (cell->null) {
        journey_html_raw(h, "\xe2\x80\x93");
        return;
    }

    switch (column->type) {

    case JOURNEY_CELL_STRING:
        if (journey_html_is_name(column)) {
            journey_html_name(h, &cell->u.str, JOURNEY_HTML_CELL);

        } else {
            journey_html_str(h, &cell->u.str, JOURNEY_HTML_CELL);
        }

        break;

    case JOURNEY_CELL_COUNT:
        journey_html_count(h, cell->u.count);
        break;

    case JOURNEY_CELL_CREDIT:
        journey_html_credit(h, cell->u.number);
        break;

    case JOURNEY_CELL_MONEY:
        journey_html_money(h, cell->u.number);
        break;

    case JOURNEY_CELL_TIME:
        journey_html_time(h, cell->u.count);
        break;

    case JOURNEY_CELL_BOOL:
        journey_html_raw(h, cell->u.count ? "yes" : "no");
        break;

    case JOURNEY_CELL_LIST:
        journey_html_cell_list(h, column, cell);
        break;

    default:
        journey_html_share(h, cell->u.number);
    }
}


/* The rows from first on, as one. */

static void
journey_html_rest(journey_html_t *h, const journey_table_t *table,
    uint64_t first)
{
    unsigned                i, named;
    uint64_t                row, count;
    long double             sum;
    journey_cell_t          total;
    const journey_cell_t   *cell;

    journey_html_raw(h, "<tr class=\"rest\">");

    for (i = 0, named = 0; i < table->ncolumns; i++) {

        if (!journey_html_shown(&table->columns[i])) {
            continue;
        }

        if (!named) {
            named = 1;
            journey_html_raw(h, "<th scope=\"row\">other (");
            journey_html_counted(h, table->nrows - first, "row", "rows");
            journey_html_raw(h, ")</th>");
            continue;
        }

        memset(&total, 0, sizeof(journey_cell_t));
        total.null = !journey_html_adds(table, i);
        sum = 0;
        count = 0;

        for (row = first; row < table->nrows && !total.null; row++) {
            cell = &table->cells[row * table->ncolumns + i];

            if (table->columns[i].type == JOURNEY_CELL_COUNT) {
                count += cell->u.count;

            } else {
                sum += cell->u.number;
            }
        }

        if (table->columns[i].type == JOURNEY_CELL_COUNT) {
            total.u.count = count;

        } else {
            total.u.number = journey_round(sum);
        }

        journey_html_raw(h, "<td>");
        journey_html_cell(h, &table->columns[i], &total);
        journey_html_raw(h, "</td>");
    }

    journey_html_raw(h, "</tr>\n");
}


static void
journey_html_table_open(journey_html_t *h, const char *caption)
{
    journey_html_fmt(h, "<details class=\"data\"><summary>%s: the numbers"
                     "</summary>\n<div class=\"scroll\" tabindex=\"0\">"
                     "<table><caption>%s</caption>\n<thead><tr>", caption,
                     caption);
}


void
journey_html_table(journey_html_t *h, const journey_table_t *table,
    const char *caption)
{
    unsigned                 i, named;
    uint64_t                 row, n;
    const char              *tag, *title;
    const journey_column_t  *column;

    n = journey_min(table->nrows, JOURNEY_HTML_TABLE);

    if (n == 0) {
        return;
    }

    journey_html_table_open(h, caption);

    for (i = 0; i < table->ncolumns; i++) {
        column = &table->columns[i];

        if (journey_html_shown(column)) {
            title = (column->title[0] != '\0') ? column->title : "Currency";
            journey_html_fmt(h, "<th scope=\"col\"%s>%s</th>",
                             journey_html_is_number(column) ? ""
                                                            : " class=\"t\"",
                             title);
        }
    }

    journey_html_raw(h, "</tr></thead>\n<tbody>\n");

    for (row = 0; row < n; row++) {
        journey_html_raw(h, "<tr>");

        for (i = 0, named = 0; i < table->ncolumns; i++) {
            column = &table->columns[i];

            if (!journey_html_shown(column)) {
                continue;
            }

            tag = named ? "td" : "th";
            journey_html_fmt(h, named++ ? "<%s%s>" : "<%s%s scope=\"row\">",
                             tag, journey_html_is_number(column)
                                  ? "" : " class=\"t\"");
            journey_html_cell(h, column,
                              &table->cells[row * table->ncolumns + i]);
            journey_html_fmt(h, "</%s>", tag);
        }

        journey_html_raw(h, "</tr>\n");
    }

    if (table->nrows > n) {
        journey_html_rest(h, table, n);
    }

    journey_html_table_end(h);
}


void
journey_html_table_begin(journey_html_t *h, const char *caption,
    const char *const *titles, unsigned n)
{
    unsigned  i;

    journey_html_table_open(h, caption);

    for (i = 0; i < n; i++) {
        journey_html_fmt(h, "<th scope=\"col\"%s>%s</th>",
                         titles[i][0] == '-' ? " class=\"t\"" : "",
                         titles[i] + (titles[i][0] == '-'));
    }

    journey_html_raw(h, "</tr></thead>\n<tbody>\n");
}


void
journey_html_table_end(journey_html_t *h)
{
    journey_html_raw(h, "</tbody></table></div></details>\n");
}
