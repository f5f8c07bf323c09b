
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Sections that are lists: a name, bars, numbers in words.
 */


#include "journey_html.h"


#define JOURNEY_HTML_NOTES  40          /* lines */


void
journey_html_bar(journey_html_t *h, double share, unsigned y, unsigned height,
    const char *class)
{
    if (share > 0) {
        journey_html_fmt(h, "<rect class=\"%s\" y=\"%u\" width=\"%.3f%%\" "
                         "height=\"%u\" rx=\"2\"/>", class, y,
                         100 * journey_max(journey_min(share, 1), 0.002),
                         height);
    }
}


static void
journey_html_row(journey_html_t *h)
{
    journey_html_raw(h, "</div><svg width=\"100%\" height=\"22\" "
                     "aria-hidden=\"true\">");
}


static void
journey_html_numbers(journey_html_t *h)
{
    journey_html_raw(h, "</svg><div class=\"v\">");
}


static void
journey_html_dot(journey_html_t *h)
{
    journey_html_raw(h, " \xc2\xb7 ");
}


/* The rows that no bar has room for; cells from column on that are named are
 * summed up. */

static void
journey_html_others(journey_html_t *h, const journey_table_t *table,
    unsigned column, const char *one, const char *many)
{
    double      sum;
    uint64_t    row, count;

    if (table->nrows <= JOURNEY_HTML_ROWS) {
        return;
    }

    sum = 0;
    count = 0;

    for (row = JOURNEY_HTML_ROWS; row < table->nrows; row++) {
        if (table->columns[column].type == JOURNEY_CELL_COUNT) {
            count += table->cells[row * table->ncolumns + column].u.count;

        } else {
            sum += table->cells[row * table->ncolumns + column].u.number;
        }
    }

    journey_html_raw(h, "<li class=\"rest\"><div class=\"k\">other (");
    journey_html_counted(h, table->nrows - JOURNEY_HTML_ROWS, "row", "rows");
    journey_html_raw(h, ")");
    journey_html_row(h);
    journey_html_numbers(h);
    journey_html_counted(h, table->columns[column].type == JOURNEY_CELL_COUNT
                            ? count : (uint64_t) (sum + 0.5), one, many);
    journey_html_raw(h, "</div></li>\n");
}


static double
journey_html_number(const journey_table_t *table, uint64_t row,
    unsigned column)
{
    const journey_cell_t  *cell;

    cell = &table->cells[row * table->ncolumns + column];

    return table->columns[column].type == JOURNEY_CELL_COUNT
           ? (double) cell->u.count : cell->u.number;
}


static double
journey_html_total(const journey_table_t *table, unsigned column)
{
    double    sum;
    uint64_t  row;

    for (row = 0, sum = 0; row < table->nrows; row++) {
        sum += journey_html_number(table, row, column);
    }

    return sum;
}


static double
journey_html_most(const journey_table_t *table, unsigned column)
{
    double    most;
    uint64_t  row;

    for (row = 0, most = 0; row < table->nrows; row++) {
        most = journey_max(most, journey_html_number(table, row, column));
    }

    return most;
}


static void
journey_html_legend(journey_html_t *h, const char *first, const char *second)
{
    journey_html_raw(h, "<ul class=\"legend\">\n<li><svg width=\"14\" "
                     "height=\"11\" aria-hidden=\"true\"><rect class=\"c0\" "
                     "width=\"14\" height=\"11\" rx=\"2\"/></svg>upper bar: ");
    journey_html_raw(h, first);
    journey_html_raw(h, "</li>\n<li><svg width=\"14\" height=\"11\" "
                     "aria-hidden=\"true\"><rect class=\"c1\" y=\"3\" "
                     "width=\"14\" height=\"6\" rx=\"2\"/></svg>lower bar: ");
    journey_html_raw(h, second);
    journey_html_raw(h, "</li>\n</ul>\n");
}


void
journey_html_gain(journey_html_t *h, double conversions, double value)
{
    journey_html_raw(h, "<b>");
    journey_html_credit(h, conversions);
    journey_html_raw(h, conversions == 1 ? "\xc2\xa0" "conversion</b>"
                                         : "\xc2\xa0" "conversions</b>");

    if (h->value != NULL && value != 0) {
        journey_html_raw(h, ", ");
        journey_html_money(h, value);
        journey_html_currency(h);
    }
}


/* Both bars on one scale, that of shares, so that they can be compared. */

void
journey_html_channels(journey_html_t *h)
{
    double                  touches, sold, most, share, won;
    uint64_t                row, n;
    const journey_cell_t   *cell;
    const journey_table_t  *table;

    table = &h->channels;

    if (table->nrows == 0) {
        journey_html_empty(h, "No visit of this period has a channel.");
        return;
    }

    touches = journey_html_total(table, 1);
    sold = journey_html_total(table, 5);
    n = journey_min(table->nrows, JOURNEY_HTML_ROWS);

    for (row = 0, most = 0; row < table->nrows; row++) {
        share = touches ? journey_html_number(table, row, 1) / touches : 0;
        won = sold ? journey_html_number(table, row, 5) / sold : 0;
        most = journey_max(most, journey_max(share, won));
    }

    most = (most == 0) ? 1 : most;

    journey_html_legend(h, "share of all touches",
                        "share of all conversions");
    journey_html_raw(h, "<ol class=\"rows\">\n");

    for (row = 0; row < n; row++) {
        cell = &table->cells[row * table->ncolumns];
        share = touches ? (double) cell[1].u.count / touches : 0;
        won = sold ? cell[5].u.number / sold : 0;

        journey_html_raw(h, "<li><div class=\"k\">");
        journey_html_name(h, &cell[0].u.str, JOURNEY_HTML_NAME);
        journey_html_row(h);
        journey_html_bar(h, share / most, 2, 11, "bar c0");
        journey_html_bar(h, won / most, 14, 6, "bar c1");
        journey_html_numbers(h);
        journey_html_counted(h, cell[1].u.count, "touch", "touches");
        journey_html_raw(h, " (");
        journey_html_share(h, share);
        journey_html_raw(h, ")");
        journey_html_dot(h);
        journey_html_gain(h, cell[5].u.number, cell[6].u.number);
        journey_html_raw(h, "</div></li>\n");
    }

    journey_html_others(h, table, 1, "touch", "touches");
    journey_html_raw(h, "</ol>\n");
    journey_html_table(h, table, "Channels");
    journey_html_direct(h);
}


/* What a campaign has of these: views, clicks, visits. */

static void
journey_html_campaign_seen(journey_html_t *h, const journey_cell_t *cell)
{
    if (cell[4].u.count != 0) {
        journey_html_counted(h, cell[4].u.count, "view", "views");
        journey_html_dot(h);
    }

    if (cell[5].u.count != 0) {
        journey_html_counted(h, cell[5].u.count, "click", "clicks");

        if (!cell[6].null && cell[4].u.count != 0) {
            journey_html_raw(h, " (");
            journey_html_share(h, cell[6].u.number);
            journey_html_raw(h, ")");
        }

        journey_html_dot(h);
    }

    if (cell[7].u.count != 0) {
        journey_html_counted(h, cell[7].u.count, "visit", "visits");
        journey_html_dot(h);
    }
}


/* Columns: 0 campaign, 1 origin, 4 views, 5 clicks, 6 rate, 7 visits,
 * 10 conversions, 11 value. */

void
journey_html_campaigns(journey_html_t *h)
{
    double                  seen, visits, most;
    uint64_t                row, n;
    const journey_cell_t   *cell;
    const journey_table_t  *table;

    table = &h->campaigns;

    if (table->nrows == 0) {
        journey_html_empty(h, "No campaign was seen, clicked or visited.");
        return;
    }

    seen = journey_html_most(table, 4);
    visits = journey_max(journey_html_most(table, 5),
                         journey_html_most(table, 7));
    most = journey_max(journey_max(seen, visits), 1);
    n = journey_min(table->nrows, JOURNEY_HTML_ROWS);

    if (seen != 0) {
        journey_html_legend(h, "views", "clicks, or visits if there are "
                            "more");
    }

    journey_html_raw(h, "<ol class=\"rows\">\n");

    for (row = 0; row < n; row++) {
        cell = &table->cells[row * table->ncolumns];

        journey_html_raw(h, "<li><div class=\"k\">");

        if (!cell[0].null) {
            journey_html_str(h, &cell[0].u.str, JOURNEY_HTML_NAME);
        }

        if (!cell[1].null) {
            journey_html_raw(h, cell[0].null ? "" : "<small>");
            journey_html_str(h, &cell[1].u.str, JOURNEY_HTML_NAME);
            journey_html_raw(h, cell[0].null ? "" : "</small>");
        }

        journey_html_row(h);
        journey_html_bar(h, (double) cell[4].u.count / most, 2, 11,
                         "bar c0");
        journey_html_bar(h, (double) journey_max(cell[5].u.count,
                                                 cell[7].u.count) / most,
                         seen != 0 ? 14 : 3, seen != 0 ? 6 : 16, "bar c1");
        journey_html_numbers(h);
        journey_html_campaign_seen(h, cell);
        journey_html_gain(h, cell[10].u.number, cell[11].u.number);
        journey_html_raw(h, "</div></li>\n");
    }

    journey_html_others(h, table, 7, "visit", "visits");
    journey_html_raw(h, "</ol>\n");
    journey_html_table(h, table, "Campaigns");
}


/* Columns: 0 goal, 1 conversions, 2 without visitor, 3 value, 4 currency. */

void
journey_html_goals(journey_html_t *h)
{
    double                  most;
    uint64_t                row, n;
    const journey_cell_t   *cell;
    const journey_table_t  *table;

    table = &h->goals;

    if (table->nrows == 0) {
        journey_html_empty(h, "No goal was reached in this period.");
        return;
    }

    most = journey_max(journey_html_most(table, 1), 1);
    n = journey_min(table->nrows, JOURNEY_HTML_ROWS);

    journey_html_raw(h, "<ol class=\"rows\">\n");

    for (row = 0; row < n; row++) {
        cell = &table->cells[row * table->ncolumns];

        journey_html_raw(h, "<li><div class=\"k\">");
        journey_html_str(h, &cell[0].u.str, JOURNEY_HTML_NAME);
        journey_html_row(h);
        journey_html_bar(h, (double) cell[1].u.count / most, 3, 16,
                         "bar c2");
        journey_html_numbers(h);
        journey_html_raw(h, "<b>");
        journey_html_count(h, cell[1].u.count);
        journey_html_raw(h, "</b>");

        if (!cell[3].null && cell[3].u.number != 0) {
            journey_html_dot(h);
            journey_html_money(h, cell[3].u.number);

            if (!cell[4].null) {
                journey_html_raw(h, "\xc2\xa0");
                journey_html_str(h, &cell[4].u.str, 3);
            }

            journey_html_dot(h);
            journey_html_money(h, cell[3].u.number
                                  / journey_max((double) cell[1].u.count, 1));
            journey_html_raw(h, " each");
        }

        if (cell[2].u.count != 0) {
            journey_html_dot(h);
            journey_html_count(h, cell[2].u.count);
            journey_html_raw(h, " without visitor");
        }

        journey_html_raw(h, "</div></li>\n");
    }

    journey_html_others(h, table, 1, "conversion", "conversions");
    journey_html_raw(h, "</ol>\n");
    journey_html_table(h, table, "Goals");
}


/* The channels of a path; of a long one its ends. */

static void
journey_html_path(journey_html_t *h, const journey_cell_t *cell)
{
    uint32_t  i, n;

    n = cell->u.list.n;

    for (i = 0; i < n; i++) {
        if (i != 0) {
            journey_html_raw(h, " \xe2\x80\xba ");
        }

        if (n > 8 && i == 3) {
            journey_html_fmt(h, "\xe2\x80\xa6 %u more \xe2\x80\xa6 "
                             "\xe2\x80\xba ", (unsigned) (n - 6));
            i = n - 3;
        }

        journey_html_touch(h, &cell->u.list.strs[i], 32);
    }
}


void
journey_html_paths(journey_html_t *h)
{
    double                  most;
    uint64_t                row, n;
    const journey_cell_t   *cell;
    const journey_table_t  *table;

    table = &h->paths;

    if (table->nrows == 0) {
        journey_html_empty(h, "No journey of this period has a touch.");
        return;
    }

    most = journey_max(journey_html_most(table, 1), 1);
    n = journey_min(table->nrows, JOURNEY_HTML_ROWS);

    journey_html_raw(h, "<ol class=\"rows wide\">\n");

    for (row = 0; row < n; row++) {
        cell = &table->cells[row * table->ncolumns];

        journey_html_raw(h, "<li><div class=\"k\">");
        journey_html_path(h, &cell[0]);
        journey_html_row(h);
        journey_html_bar(h, (double) cell[1].u.count / most, 3, 16,
                         "bar c0");
        journey_html_numbers(h);
        journey_html_counted(h, cell[1].u.count, "journey", "journeys");
        journey_html_dot(h);
        journey_html_gain(h, cell[2].u.number, cell[4].u.number);
        journey_html_raw(h, " (");
        journey_html_share(h, cell[3].u.number);
        journey_html_raw(h, ")</div></li>\n");
    }

    journey_html_others(h, table, 1, "journey", "journeys");
    journey_html_raw(h, "</ol>\n");
    journey_html_table(h, table, "Paths");
}


/* Columns: 0 country, 1 region, 2 city, 3 visitors, 4 sessions, 6 conversions,
 * 7 rate, 8 value. */

void
journey_html_places(journey_html_t *h)
{
    double                  most;
    uint64_t                row, n;
    unsigned                i, named;
    const journey_cell_t   *cell;
    const journey_table_t  *table;

    table = &h->geo;

    for (row = 0, named = 0; row < table->nrows; row++) {
        named |= !table->cells[row * table->ncolumns].null;
    }

    if (!named) {
        journey_html_empty(h, "No event has a country: journey_geoip gives "
                           "it.");
        return;
    }

    most = journey_max(journey_html_most(table, 3), 1);
    n = journey_min(table->nrows, JOURNEY_HTML_ROWS);

    journey_html_raw(h, "<ol class=\"rows\">\n");

    for (row = 0; row < n; row++) {
        cell = &table->cells[row * table->ncolumns];

        journey_html_raw(h, "<li><div class=\"k\">");

        for (i = 0, named = 0; i < 3; i++) {
            if (!cell[i].null && cell[i].u.str.len != 0) {
                journey_html_raw(h, named++ ? " \xe2\x80\xba " : "");
                journey_html_str(h, &cell[i].u.str, JOURNEY_HTML_NAME);
            }
        }

        journey_html_raw(h, named ? "" : "unknown");
        journey_html_row(h);
        journey_html_bar(h, (double) cell[3].u.count / most, 3, 16,
                         "bar c0");
        journey_html_numbers(h);
        journey_html_counted(h, cell[3].u.count, "visitor", "visitors");
        journey_html_dot(h);
        journey_html_gain(h, (double) cell[6].u.count, cell[8].u.number);
        journey_html_raw(h, "</div></li>\n");
    }

    if (table->nrows > n) {
        journey_html_raw(h, "<li class=\"rest\"><div class=\"k\">other (");
        journey_html_counted(h, table->nrows - n, "row", "rows");
        journey_html_raw(h, ")");
        journey_html_row(h);
        journey_html_numbers(h);
        journey_html_raw(h, "the table has more of them</div></li>\n");
    }

    journey_html_raw(h, "</ol>\n");
    journey_html_table(h, table, h->opts->by == JOURNEY_BY_COUNTRY
                                 ? "Countries"
                                 : h->opts->by == JOURNEY_BY_REGION ? "Regions"
                                 : "Cities");
}


/* How many went on from there, and what drove others away. */

static void
journey_html_page_more(journey_html_t *h, const journey_cell_t *cell)
{
    unsigned     i, n;

    static const char *const  causes[] = { "error", "slow", "dead end" };

    if (!cell[6].null) {
        journey_html_dot(h);
        journey_html_share(h, cell[6].u.number);
        journey_html_raw(h, "\xc2\xa0led on");
    }

    for (i = 0, n = 0; i < 3; i++) {
        if (cell[8 + i].u.count != 0) {
            journey_html_raw(h, n++ ? ", " : " \xc2\xb7 exits by: ");
            journey_html_count(h, cell[8 + i].u.count);
            journey_html_fmt(h, "\xc2\xa0%s", causes[i]);
        }
    }
}


/* Columns: 0 host, 1 path, 2 phase, 3 visits, 4 entries, 5 exits, 6 advance,
 * 8 exits by an error, 9 slow, 10 at a dead end. */

void
journey_html_pages(journey_html_t *h)
{
    double                  most;
    uint64_t                row, n;
    const journey_cell_t   *cell;
    const journey_table_t  *table;

    table = &h->content[0];

    if (table->nrows == 0) {
        journey_html_empty(h, "No page was visited in this period.");
        return;
    }

    most = journey_max(journey_html_most(table, 3), 1);
    n = journey_min(table->nrows, JOURNEY_HTML_ROWS);

    journey_html_raw(h, "<ol class=\"rows wide\">\n");

    for (row = 0; row < n; row++) {
        cell = &table->cells[row * table->ncolumns];

        journey_html_raw(h, "<li><div class=\"k\">");

        if (!cell[1].null) {
            journey_html_str(h, &cell[1].u.str, JOURNEY_HTML_NAME);
        }

        journey_html_raw(h, "<small>");

        if (!cell[0].null) {
            journey_html_str(h, &cell[0].u.str, JOURNEY_HTML_NAME);
        }

        if (!cell[2].null) {
            journey_html_dot(h);
            journey_html_name(h, &cell[2].u.str, JOURNEY_HTML_NAME);
        }

        journey_html_raw(h, "</small>");
        journey_html_row(h);
        journey_html_bar(h, (double) cell[3].u.count / most, 3, 16,
                         "bar c0");
        journey_html_numbers(h);
        journey_html_raw(h, "<b>");
        journey_html_counted(h, cell[3].u.count, "visit", "visits");
        journey_html_raw(h, "</b>");
        journey_html_dot(h);
        journey_html_counted(h, cell[4].u.count, "entry", "entries");
        journey_html_dot(h);
        journey_html_counted(h, cell[5].u.count, "exit", "exits");
        journey_html_page_more(h, cell);
        journey_html_raw(h, "</div></li>\n");
    }

    journey_html_others(h, table, 3, "visit", "visits");
    journey_html_raw(h, "</ol>\n");
    journey_html_table(h, table, "Pages");
    journey_html_gaps(h);
}


void
journey_html_notes(journey_html_t *h)
{
    unsigned        n;
    journey_str_t   line;
    const char     *p, *end;

    if (h->notes[0] == '\0') {
        journey_html_empty(h, "Nothing: every line was read and counted.");
        return;
    }

    journey_html_raw(h, "<ul class=\"note\">\n");

    for (p = h->notes, n = 0; *p != '\0'; p = end + (*end != '\0')) {
        end = strchr(p, '\n');
        end = (end == NULL) ? p + strlen(p) : end;

        line.data = (u_char *) p;
        line.len = end - p;

        if (line.len != 0 && n++ < JOURNEY_HTML_NOTES) {
            journey_html_raw(h, "<li>");
            journey_html_str(h, &line, 300);
            journey_html_raw(h, "</li>\n");
        }
    }

    if (n > JOURNEY_HTML_NOTES) {
        journey_html_fmt(h, "<li>and %u more; the command prints them</li>\n",
                         n - JOURNEY_HTML_NOTES);
    }

    journey_html_raw(h, "</ul>\n");
}
