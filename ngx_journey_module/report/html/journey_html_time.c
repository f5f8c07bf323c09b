
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Sections of time: how long it takes to a conversion, and the funnel of steps
 * that somebody named, within its window.
 */


#include "journey_conversion_time.h"
#include "journey_html.h"

#include <math.h>


#define JOURNEY_HTML_SAMPLED  200       /* places of the curve */
#define JOURNEY_HTML_FOUND    25        /* … that the pointer finds */
#define JOURNEY_HTML_RISE     168       /* px of the plot's height */
#define JOURNEY_HTML_ABOVE    18        /* px above it */
#define JOURNEY_HTML_APART    14        /* per cent between two times below */

#define JOURNEY_HTML_MINUTE   (60 * 1000ULL)


/* Where people look at the curve, in minutes. */

static const struct {
    uint64_t     minutes;
    const char  *name;
} journey_html_marks[] = {
    { 1, "1 min" }, { 10, "10 min" }, { 60, "1 h" }, { 6 * 60, "6 h" },
    { 1440, "1 d" }, { 3 * 1440, "3 d" }, { 7 * 1440, "7 d" },
    { 14 * 1440, "14 d" }, { 30 * 1440, "30 d" }, { 60 * 1440, "60 d" },
    { 90 * 1440, "90 d" }, { 180 * 1440, "180 d" }, { 365 * 1440, "365 d" },
    { 730 * 1440, "730 d" }
};

#define JOURNEY_HTML_MARKS                                                    \
    (sizeof(journey_html_marks) / sizeof(journey_html_marks[0]))


typedef struct {
    journey_html_t            *h;
    const journey_survival_t  *survival;
    double                     end;     /* ms: the right edge */
    double                     top;     /* share: the upper one */
} journey_html_curve_t;


static void
journey_html_span(journey_html_t *h, double ms)
{
    size_t          i;
    journey_cell_t  cell;

    if (journey_report_span(&cell, h->summary.pool, ms) != JOURNEY_OK) {
        h->no_memory = 1;
        return;
    }

    /* "7 d 0 h" is "7 d" */

    for (i = 0; i + 3 < cell.u.str.len; i++) {
        if (memcmp(cell.u.str.data + i, " 0 ", 3) == 0) {
            cell.u.str.len = i;
        }
    }

    journey_html_str(h, &cell.u.str, JOURNEY_HTML_NAME);
}


/* Times of minutes and of months on one axis: its scale is that of
 * logarithms, from a minute on. */

static double
journey_html_curve_x(const journey_html_curve_t *curve, double ms)
{
    if (ms <= JOURNEY_HTML_MINUTE) {
        return 0;
    }

    return log(ms / JOURNEY_HTML_MINUTE)
           / log(curve->end / JOURNEY_HTML_MINUTE);
}


static double
journey_html_curve_time(const journey_html_curve_t *curve, double x)
{
    return JOURNEY_HTML_MINUTE * pow(curve->end / JOURNEY_HTML_MINUTE, x);
}


static double
journey_html_curve_y(const journey_html_curve_t *curve, double share)
{
    return JOURNEY_HTML_RISE * (1 - journey_min(share / curve->top, 1));
}


/* Shares that have converted: the least, the estimate, the most. */

static void
journey_html_curve_at(const journey_html_curve_t *curve, double ms,
    double *shares)
{
    const journey_survival_point_t  *point;

    point = journey_survival_at(curve->survival, (uint64_t) ms);

    if (point == NULL) {
        shares[0] = shares[1] = shares[2] = 0;
        return;
    }

    shares[1] = 1 - point->left;
    shares[0] = point->bounded ? 1 - point->high : shares[1];
    shares[2] = point->bounded ? 1 - point->low : shares[1];
}


static void
journey_html_curve_edges(journey_html_curve_t *curve)
{
    double    shares[3], most;
    unsigned  i;

    static const double  tops[] = { 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1 };

    curve->end = (double) curve->survival->points[curve->survival->npoints
                                                  - 1].time * 1.25;
    curve->end = journey_max(curve->end, 60.0 * JOURNEY_HTML_MINUTE);
    curve->top = 1;

    for (i = 0, most = 0; i <= JOURNEY_HTML_SAMPLED; i++) {
        journey_html_curve_at(curve,
                              journey_html_curve_time(curve, (double) i
                                                      / JOURNEY_HTML_SAMPLED),
                              shares);
        most = journey_max(most, shares[2]);
    }

    for (i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
        if (most <= tops[i]) {
            curve->top = tops[i];
            break;
        }
    }
}


/* A path in steps: of the least (0), the estimate (1) or the most (2), from
 * left to right or back. */

static void
journey_html_curve_steps(const journey_html_curve_t *curve, unsigned which,
    unsigned back)
{
    double    x, y, last, shares[3];
    unsigned  i, k;

    for (i = 0, last = -1; i <= JOURNEY_HTML_SAMPLED; i++) {
        k = back ? JOURNEY_HTML_SAMPLED - i : i;
        x = (double) k / JOURNEY_HTML_SAMPLED;
        journey_html_curve_at(curve, journey_html_curve_time(curve, x),
                              shares);
        y = journey_html_curve_y(curve, shares[which]);

        if (i == 0) {
            journey_html_fmt(curve->h, "%s%.0f %.1f", back ? "L" : "M",
                             1000 * x, y);

        } else if (y != last || i == JOURNEY_HTML_SAMPLED) {
            /* forth: on to here, then up; back: down there, then on */
            journey_html_fmt(curve->h, back ? "V%.1fH%.0f" : "H%.0fV%.1f",
                             back ? y : 1000 * x, back ? 1000 * x : y);
        }

        last = y;
    }
}


static void
journey_html_curve_draw(const journey_html_curve_t *curve)
{
    journey_html_t  *h;

    h = curve->h;

    journey_html_fmt(h, "<svg y=\"%u\" width=\"100%%\" height=\"%u\" "
                     "viewBox=\"0 0 1000 %u\" "
                     "preserveAspectRatio=\"none\">\n<path class=\"area c0\" "
                     "d=\"", JOURNEY_HTML_ABOVE, JOURNEY_HTML_RISE,
                     JOURNEY_HTML_RISE);
    journey_html_curve_steps(curve, 2, 0);
    journey_html_curve_steps(curve, 0, 1);
    journey_html_raw(h, "Z\"/>\n<path class=\"line s0\" d=\"");
    journey_html_curve_steps(curve, 1, 0);
    journey_html_raw(h, "\"/>\n</svg>\n");
}


/* The times below, as many as have room; those of the pointer over all. */

static void
journey_html_curve_times(const journey_html_curve_t *curve)
{
    double           x, last, shares[3];
    unsigned         i;
    journey_html_t  *h;

    h = curve->h;

    for (i = 0, last = -100; i < JOURNEY_HTML_MARKS; i++) {
        x = 100 * journey_html_curve_x(curve,
                                       (double) journey_html_marks[i].minutes
                                       * JOURNEY_HTML_MINUTE);

        if (x - last >= JOURNEY_HTML_APART && x <= 96) {
            journey_html_fmt(h, "<line class=\"grid\" x1=\"%.2f%%\" "
                             "x2=\"%.2f%%\" y1=\"%u\" y2=\"%u\"/>"
                             "<text class=\"a\" x=\"%.2f%%\" y=\"%u\" "
                             "text-anchor=\"%s\">%s</text>\n", x, x,
                             JOURNEY_HTML_ABOVE + JOURNEY_HTML_RISE,
                             JOURNEY_HTML_ABOVE + JOURNEY_HTML_RISE + 4, x,
                             JOURNEY_HTML_ABOVE + JOURNEY_HTML_RISE + 17,
                             i == 0 ? "start" : "middle",
                             journey_html_marks[i].name);
            last = x;
        }
    }

    for (i = 0; i < JOURNEY_HTML_FOUND; i++) {
        x = journey_html_curve_time(curve,
                                    (i + 1.0) / JOURNEY_HTML_FOUND);
        journey_html_curve_at(curve, x, shares);

        journey_html_fmt(h, "<rect class=\"hit\" x=\"%.2f%%\" y=\"%u\" "
                         "width=\"%.2f%%\" height=\"%u\"><title>Within ",
                         100.0 * i / JOURNEY_HTML_FOUND, JOURNEY_HTML_ABOVE,
                         100.0 / JOURNEY_HTML_FOUND, JOURNEY_HTML_RISE);
        journey_html_span(h, x);
        journey_html_fmt(h, ": %.1f\xc2\xa0%% have converted (%.1f to %.1f)"
                         "</title></rect>\n", 100 * shares[1],
                         100 * shares[0], 100 * shares[2]);
    }
}


/* When half have converted, if they do: a line and its interval. */

static void
journey_html_curve_median(const journey_html_curve_t *curve)
{
    double           x, y;
    uint64_t         time, ends[2];
    journey_html_t  *h;

    h = curve->h;

    if (journey_survival_quantile(curve->survival, 0.5, &time) != JOURNEY_OK) {
        return;
    }

    x = 100 * journey_html_curve_x(curve, (double) time);
    y = JOURNEY_HTML_ABOVE + journey_html_curve_y(curve, 0.5);

    if (journey_survival_median_low(curve->survival, &ends[0]) == JOURNEY_OK) {
        if (journey_survival_median_high(curve->survival, &ends[1])
            != JOURNEY_OK)
        {
            ends[1] = (uint64_t) curve->end;
        }

        journey_html_fmt(h, "<line class=\"between\" x1=\"%.2f%%\" "
                         "x2=\"%.2f%%\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
                         100 * journey_html_curve_x(curve, (double) ends[0]),
                         100 * journey_html_curve_x(curve, (double) ends[1]),
                         y, y);
    }

    journey_html_fmt(h, "<line class=\"mark\" x1=\"%.2f%%\" x2=\"%.2f%%\" "
                     "y1=\"%u\" y2=\"%u\"/>"
                     "<g class=\"halo\"><text x=\"%.2f%%\" y=\"12\" "
                     "text-anchor=\"%s\">half after ", x, x,
                     JOURNEY_HTML_ABOVE, JOURNEY_HTML_ABOVE
                     + JOURNEY_HTML_RISE, x, x < 20 ? "start" : x > 80 ? "end"
                     : "middle");
    journey_html_span(h, (double) time);
    journey_html_raw(h, "</text></g>\n");
}


static void
journey_html_curve_picture(const journey_html_curve_t *curve)
{
    unsigned         i, id, height;
    journey_html_t  *h;

    h = curve->h;
    id = ++h->ids;
    height = JOURNEY_HTML_ABOVE + JOURNEY_HTML_RISE + 24;

    journey_html_fmt(h, "<figure><figcaption><b>Share of journeys that have "
                     "converted</b> by the time since their first event; the "
                     "band is where the share may lie (95\xc2\xa0%%)"
                     "</figcaption>\n<div class=\"plot\"><svg class=\"axis\" "
                     "width=\"52\" height=\"%u\" aria-hidden=\"true\">\n",
                     height);

    for (i = 0; i <= 2; i++) {
        journey_html_fmt(h, "<text x=\"44\" y=\"%u\" text-anchor=\"end\">%g"
                         "\xc2\xa0%%</text>\n",
                         JOURNEY_HTML_ABOVE + 4
                         + JOURNEY_HTML_RISE * (2 - i) / 2,
                         50 * curve->top * i);
    }

    journey_html_fmt(h, "</svg>\n<svg class=\"chart\" width=\"100%%\" "
                     "height=\"%u\" role=\"img\" aria-labelledby=\"t%u d%u\">"
                     "\n<title id=\"t%u\">Time to conversion</title>\n"
                     "<desc id=\"d%u\">A curve that rises with time. The "
                     "table below has its numbers.</desc>\n", height, id, id,
                     id, id);

    for (i = 0; i <= 2; i++) {
        journey_html_fmt(h, "<line class=\"grid\" x1=\"0\" x2=\"100%%\" "
                         "y1=\"%u\" y2=\"%u\"/>\n",
                         JOURNEY_HTML_ABOVE + JOURNEY_HTML_RISE * i / 2,
                         JOURNEY_HTML_ABOVE + JOURNEY_HTML_RISE * i / 2);
    }

    journey_html_curve_draw(curve);
    journey_html_curve_median(curve);
    journey_html_curve_times(curve);
    journey_html_raw(h, "</svg></div></figure>\n");
}


/* The numbers at the marks, and at the last conversion. */

static void
journey_html_curve_table(const journey_html_curve_t *curve)
{
    static const char *const  titles[] = {
        "-Within", "Converted", "At least", "At most", "Still followed"
    };

    double           shares[3];
    uint64_t         time, last;
    unsigned         i, done;
    journey_html_t  *h;

    h = curve->h;
    last = curve->survival->points[curve->survival->npoints - 1].time;

    journey_html_table_begin(h, "Converted within", titles, 5);

    for (i = 0, done = 0; i <= JOURNEY_HTML_MARKS && !done; i++) {
        time = (i == JOURNEY_HTML_MARKS)
               ? last : journey_html_marks[i].minutes * JOURNEY_HTML_MINUTE;
        done = (time >= last);
        time = done ? last : time;

        journey_html_curve_at(curve, (double) time, shares);

        journey_html_raw(h, "<tr><th scope=\"row\">");
        journey_html_span(h, (double) time);
        journey_html_raw(h, "</th><td>");
        journey_html_share(h, shares[1]);
        journey_html_raw(h, "</td><td>");
        journey_html_share(h, shares[0]);
        journey_html_raw(h, "</td><td>");
        journey_html_share(h, shares[2]);
        journey_html_raw(h, "</td><td>");

        /* where rows are folded it would tell the times of single ones */

        if (h->opts->min_visitors != 0) {
            journey_html_raw(h, "\xe2\x80\x93");

        } else {
            journey_html_count(h, journey_survival_after(curve->survival,
                                                         time));
        }

        journey_html_raw(h, "</td></tr>\n");
    }

    journey_html_table_end(h);
}


static void
journey_html_curve_tiles(journey_html_t *h,
    const journey_survival_t *survival)
{
    int       low, high;
    uint64_t  time, ends[2];
    unsigned  i;

    static const char *const  names[] = {
        "A quarter has converted after", "Half have converted after",
        "Three quarters have converted after"
    };

    journey_html_raw(h, "<div class=\"tiles\">\n");

    for (i = 0; i < 3; i++) {
        journey_html_fmt(h, "<div class=\"tile\"><span>%s</span><b>",
                         names[i]);

        if (journey_survival_quantile(survival, 0.75 - 0.25 * i, &time)
            == JOURNEY_OK)
        {
            journey_html_span(h, (double) time);

        } else {
            journey_html_raw(h, "not reached");
        }

        journey_html_raw(h, "</b>");

        low = journey_survival_median_low(survival, &ends[0]);
        high = journey_survival_median_high(survival, &ends[1]);

        if (i == 1 && low == JOURNEY_OK) {
            journey_html_raw(h, "<span>95\xc2\xa0%: ");
            journey_html_span(h, (double) ends[0]);
            journey_html_raw(h, " to ");

            if (high == JOURNEY_OK) {
                journey_html_span(h, (double) ends[1]);

            } else {
                journey_html_raw(h, "not reached");
            }

            journey_html_raw(h, "</span>");
        }

        journey_html_raw(h, "</div>\n");
    }

    journey_html_raw(h, "</div>\n");
}


static void
journey_html_curve_note(journey_html_t *h,
    const journey_conversion_time_t *time)
{
    static const char *const  whose[] = {
        " of visitors without a cookie, whom the next day does not know",
        " that began before these files do", " of offline events alone"
    };

    uint64_t  counts[3];
    unsigned  i, n;

    counts[0] = time->hashes + time->exempt;
    counts[1] = time->begun;
    counts[2] = time->offline;

    if (counts[0] + counts[1] + counts[2] == 0) {
        return;
    }

    journey_html_raw(h, "<p class=\"note\">Left out are journeys that cannot "
                     "be followed: ");

    for (i = 0, n = 0; i < 3; i++) {
        if (counts[i] != 0) {
            journey_html_raw(h, n++ ? ", " : "");
            journey_html_count(h, counts[i]);
            journey_html_raw(h, whose[i]);
        }
    }

    journey_html_raw(h, ".</p>\n");
}


void
journey_html_conversion_time(journey_html_t *h)
{
    journey_html_curve_t       curve;
    const journey_survival_t  *survival;

    if (journey_report_exempt(h->a)) {
        journey_html_empty(h, "Not to be told: all events are of the profile "
                           "exempt, which follows nobody.");
        return;
    }

    survival = &h->counts.time.survival;

    if (survival->n == 0) {
        journey_html_empty(h, "No journey can be followed from its first "
                           "event on.");

    } else if (survival->npoints == 0
               || survival->visitors < h->opts->min_visitors)
    {
        journey_html_empty(h, "Too few visitors to be shown "
                           "(--min-visitors).");

    } else if (survival->converted == 0) {
        journey_html_empty(h, "No journey that can be followed has "
                           "converted.");

    } else {
        curve.h = h;
        curve.survival = survival;
        journey_html_curve_edges(&curve);

        journey_html_raw(h, "<p>Of <b>");
        journey_html_counted(h, survival->n, "journey", "journeys");
        journey_html_raw(h, "</b> that are followed from their first event on,"
                         " <b>");
        journey_html_count(h, survival->converted);
        journey_html_raw(h, "</b> converted.</p>\n");
        journey_html_curve_tiles(h, survival);
        journey_html_curve_picture(&curve);
        journey_html_curve_table(&curve);
    }

    journey_html_curve_note(h, &h->counts.time);
}


/* Columns: 0 step, 1 name, 3 visitors, 4 share of the first, 5 of the one
 * before, 7 median time. */

void
journey_html_steps(journey_html_t *h)
{
    uint64_t                row;
    const journey_cell_t   *cell;
    const journey_table_t  *table;

    table = &h->steps;

    if (table->nrows == 0 || (table->cells[3].u.count == 0
                              && !table->cells[3].null))
    {
        journey_html_empty(h, "Nobody came to the first step.");
        return;
    }

    journey_html_raw(h, "<ol class=\"rows\">\n");

    for (row = 0; row < table->nrows; row++) {
        cell = &table->cells[row * table->ncolumns];

        journey_html_raw(h, "<li><div class=\"k\">");

        if (!cell[0].null) {
            journey_html_count(h, cell[0].u.count);
            journey_html_raw(h, ". ");
        }

        journey_html_str(h, &cell[1].u.str, JOURNEY_HTML_NAME);
        journey_html_raw(h, "</div><svg width=\"100%\" height=\"22\" "
                         "aria-hidden=\"true\"><rect class=\"ground\" y=\"3\" "
                         "width=\"100%\" height=\"16\" rx=\"2\"/>");
        journey_html_bar(h, cell[2].u.number, 3, 16, "bar c0");
        journey_html_raw(h, "</svg><div class=\"v\">");

        if (cell[3].null) {
            journey_html_raw(h, "too few visitors to be shown");

        } else {
            journey_html_raw(h, "<b>");
            journey_html_counted(h, cell[3].u.count, "visitor", "visitors");
            journey_html_raw(h, "</b>");
        }

        if (row != 0 && !cell[5].null) {
            journey_html_raw(h, ", ");
            journey_html_share(h, cell[5].u.number);
            journey_html_raw(h, " of the step before");
        }

        if (row > 1 && !cell[4].null) {
            journey_html_raw(h, ", ");
            journey_html_share(h, cell[4].u.number);
            journey_html_raw(h, " of the first");
        }

        if (row != 0 && !cell[7].null) {
            journey_html_raw(h, " \xc2\xb7 half of them within ");
            journey_html_str(h, &cell[7].u.str, JOURNEY_HTML_NAME);
        }

        journey_html_raw(h, "</div></li>\n");
    }

    journey_html_raw(h, "</ol>\n");
    journey_html_table(h, table, "Steps");
}
