
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Sections: the headline, what happened when, and the funnel.
 */


#include "journey_html.h"


#define JOURNEY_HTML_BARS    62         /* buckets as bars; more are a line */
#define JOURNEY_HTML_TOP     16         /* px above the plot */
#define JOURNEY_HTML_PLOT    112        /* px of its height */
#define JOURNEY_HTML_TICKS   5          /* dates below it, at most */
#define JOURNEY_HTML_MODELS  3          /* funnels drawn */
#define JOURNEY_HTML_STEPS   20         /* phases of one */


/* ---- the headline -------------------------------------------------------- */

/* What it was before, and by how much it has changed: an arrow, a sign and a
 * number, so that no colour has to be told. */

static void
journey_html_change(journey_html_t *h, double now, double before,
    unsigned points)
{
    double  change;

    if (!h->before.there) {
        return;
    }

    if (points) {
        change = 100 * (now - before);

    } else if (before == 0) {
        journey_html_raw(h, "<span>none before</span>");
        return;

    } else {
        change = 100 * (now - before) / before;
    }

    if (change < 0.05 && change > -0.05) {
        journey_html_raw(h, "<span class=\"same\">= as before</span>");
        return;
    }

    journey_html_fmt(h, "<span class=\"%s\">%s %+.1f\xc2\xa0%s</span>",
                     change > 0 ? "up" : "down",
                     change > 0 ? "\xe2\x96\xb2" : "\xe2\x96\xbc", change,
                     points ? "points" : "%");
}


static void
journey_html_tile(journey_html_t *h, const char *name, uint64_t now,
    uint64_t before)
{
    journey_html_fmt(h, "<div class=\"tile\"><span>%s</span><b>", name);
    journey_html_count(h, now);
    journey_html_raw(h, "</b>");
    journey_html_change(h, (double) now, (double) before, 0);

    if (h->before.there) {
        journey_html_raw(h, "<span>before: ");
        journey_html_count(h, before);
        journey_html_raw(h, "</span>");
    }

    journey_html_raw(h, "</div>\n");
}


static double
journey_html_rate(const journey_headline_t *sum)
{
    return sum->journeys ? (double) sum->conversions / (double) sum->journeys
                         : 0;
}


static void
journey_html_compared(journey_html_t *h)
{
    journey_html_raw(h, "<p class=\"note\">");

    if (h->before.there) {
        journey_html_raw(h, "Compared with the period of the same length "
                         "before: ");
        journey_html_time(h, h->before.since);
        journey_html_raw(h, " \xe2\x80\x93 ");
        journey_html_time(h, h->now.since);
        journey_html_raw(h, ".");

    } else if (h->before.late) {
        journey_html_raw(h, "No comparison: of the period of the same length "
                         "before, these files hold only what came after ");
        journey_html_time(h, h->before.from);
        journey_html_raw(h, ".");

    } else if (h->now.since != 0) {
        journey_html_raw(h, "No comparison: these files hold nothing of the "
                         "period of the same length before.");

    } else {
        journey_html_raw(h, "A page for a period (--since, --until) compares "
                         "it with the one before.");
    }

    journey_html_raw(h, "</p>\n");
}


void
journey_html_headline(journey_html_t *h)
{
    char  text[352];

    if (h->a->events == 0) {
        journey_html_empty(h, "No events: the files are empty, or nothing in "
                           "them is of this period and these hosts.");
        return;
    }

    journey_html_raw(h, "<div class=\"tiles\">\n");
    journey_html_tile(h, "Visitors", h->now.visitors, h->before.visitors);
    journey_html_tile(h, "Sessions", h->now.sessions, h->before.sessions);
    journey_html_tile(h, "Journeys", h->now.journeys, h->before.journeys);
    journey_html_tile(h, "Conversions", h->now.conversions,
                      h->before.conversions);

    journey_html_raw(h, "<div class=\"tile\"><span>Conversion rate"
                     "</span><b>");
    journey_html_share(h, journey_html_rate(&h->now));
    journey_html_raw(h, "</b>");
    journey_html_change(h, journey_html_rate(&h->now),
                        journey_html_rate(&h->before), 1);

    if (h->before.there) {
        journey_html_raw(h, "<span>before: ");
        journey_html_share(h, journey_html_rate(&h->before));
        journey_html_raw(h, "</span>");
    }

    journey_html_raw(h, "</div>\n");

    if (h->value != NULL) {
        journey_html_raw(h, "<div class=\"tile\"><span>Value");
        journey_html_currency(h);
        journey_text_money(text, journey_round(h->now.value));
        journey_html_fmt(h, "</span><b%s>", strlen(text) > 12
                                            ? " class=\"long\"" : "");
        journey_html_money(h, journey_round(h->now.value));
        journey_html_raw(h, "</b>");
        journey_html_change(h, (double) h->now.value,
                            (double) h->before.value, 0);

        if (h->before.there) {
            journey_html_raw(h, "<span>before: ");
            journey_html_money(h, journey_round(h->before.value));
            journey_html_raw(h, "</span>");
        }

        journey_html_raw(h, "</div>\n");
    }

    journey_html_raw(h, "</div>\n");
    journey_html_compared(h);
}


/* ---- over time ----------------------------------------------------------- */

static uint64_t
journey_html_bucket(const journey_bucket_t *bucket, unsigned what)
{
    return what == 0 ? bucket->visitors
           : what == 1 ? bucket->sessions : bucket->conversions;
}


/* The top of the scale: 1, 2 or 5 by a power of ten, not below n. */

static uint64_t
journey_html_scale(uint64_t n)
{
    uint64_t  scale;

    for (scale = 1; scale < UINT64_MAX / 100; scale *= 10) {
        if (n <= scale) {
            return scale;
        }

        if (n <= 2 * scale) {
            return 2 * scale;
        }

        if (n <= 5 * scale) {
            return 5 * scale;
        }
    }

    return n;
}


/* "1.2k" beside the plot, where 52 px have to do. */

static void
journey_html_short(journey_html_t *h, uint64_t n)
{
    static const char  units[] = "kMGTPE";

    double    value;
    unsigned  unit;

    if (n < 100000) {
        journey_html_count(h, n);
        return;
    }

    for (value = (double) n / 1000, unit = 0; value >= 1000; value /= 1000) {
        unit++;
    }

    journey_html_fmt(h, "%g%c", value, units[unit]);
}


static void
journey_html_bars(journey_html_t *h, unsigned what, uint64_t top)
{
    unsigned                   i;
    double                     height, step;
    const journey_timeline_t  *line;

    line = &h->counts.timeline;
    step = 100.0 / line->n;

    for (i = 0; i < line->n; i++) {
        height = JOURNEY_HTML_PLOT
                 * (double) journey_html_bucket(&line->buckets[i], what)
                 / (double) top;

        if (height > 0) {
            height = journey_max(height, 1);
            journey_html_fmt(h, "<rect class=\"bar c%u\" x=\"%.3f%%\" "
                             "y=\"%.1f\" width=\"%.3f%%\" height=\"%.1f\"/>\n",
                             what, i * step + 0.12 * step,
                             JOURNEY_HTML_TOP + JOURNEY_HTML_PLOT - height,
                             0.76 * step, height);
        }
    }
}


static void
journey_html_line(journey_html_t *h, unsigned what, uint64_t top)
{
    double                     x, y;
    unsigned                   i, area;
    const journey_timeline_t  *line;

    line = &h->counts.timeline;

    journey_html_fmt(h, "<svg y=\"%u\" width=\"100%%\" height=\"%u\" "
                     "viewBox=\"0 0 1000 %u\" "
                     "preserveAspectRatio=\"none\">\n", JOURNEY_HTML_TOP,
                     JOURNEY_HTML_PLOT, JOURNEY_HTML_PLOT);

    for (area = 0; area < 2; area++) {
        journey_html_fmt(h, area ? "<path class=\"area c%u\" d=\"M0 %u"
                                 : "<path class=\"line s%u\" d=\"", what,
                         JOURNEY_HTML_PLOT);

        for (i = 0; i < line->n; i++) {
            x = 1000 * (i + 0.5) / line->n;
            y = JOURNEY_HTML_PLOT
                * (1 - (double) journey_html_bucket(&line->buckets[i], what)
                       / (double) top);

            journey_html_fmt(h, "%s%.1f %.1f", (i || area) ? "L" : "M", x, y);
        }

        if (area) {
            journey_html_fmt(h, "L1000 %uZ", JOURNEY_HTML_PLOT);
        }

        journey_html_raw(h, "\"/>\n");
    }

    journey_html_raw(h, "</svg>\n");
}


/* What the pointer finds: the numbers of a bucket, over the plot's height. */

static void
journey_html_hits(journey_html_t *h, unsigned what, const char *one,
    const char *many)
{
    char                       name[JOURNEY_TIME_LEN];
    double                     step;
    unsigned                   i;
    const journey_timeline_t  *line;

    line = &h->counts.timeline;
    step = 100.0 / line->n;

    for (i = 0; i < line->n; i++) {
        journey_timeline_name(line, &h->opts->zone, i, 1, name);
        journey_html_fmt(h, "<rect class=\"hit\" x=\"%.3f%%\" y=\"%u\" "
                         "width=\"%.3f%%\" height=\"%u\"><title>%s: ",
                         i * step, JOURNEY_HTML_TOP, step, JOURNEY_HTML_PLOT,
                         name);
        journey_html_counted(h, journey_html_bucket(&line->buckets[i], what),
                             one, many);
        journey_html_raw(h, "</title></rect>\n");
    }
}


static void
journey_html_dates(journey_html_t *h)
{
    char                       name[JOURNEY_TIME_LEN];
    unsigned                   i, k, n, last;
    const journey_timeline_t  *line;

    line = &h->counts.timeline;
    n = journey_min(line->n, JOURNEY_HTML_TICKS);
    last = line->n - 1;

    if (line->unit == JOURNEY_HOUR || line->unit == JOURNEY_WEEK) {
        n = journey_min(n, 3);
    }

    for (i = 0; i < n; i++) {
        k = (n == 1) ? 0 : (i * last + (n - 1) / 2) / (n - 1);
        journey_timeline_name(line, &h->opts->zone, k, 0, name);
        journey_html_fmt(h, "<text class=\"a%s\" x=\"%.3f%%\" y=\"%u\" "
                         "text-anchor=\"%s\">%s</text>\n",
                         (n > 3 && i % 2 == 1) ? " b" : "",
                         n == 1 ? 50 : i == 0 ? 0 : i == n - 1 ? 100
                         : 100 * (k + 0.5) / line->n,
                         JOURNEY_HTML_TOP + JOURNEY_HTML_PLOT + 17,
                         n == 1 ? "middle" : i == 0 ? "start"
                         : i == n - 1 ? "end" : "middle", name);
    }
}


static void
journey_html_plot(journey_html_t *h, unsigned what, const char *title,
    const char *one, const char *many)
{
    char                       name[JOURNEY_TIME_LEN];
    uint64_t                   n, most, top;
    unsigned                   i, best, id;
    const journey_timeline_t  *line;

    line = &h->counts.timeline;

    for (i = 0, most = 0, best = 0; i < line->n; i++) {
        n = journey_html_bucket(&line->buckets[i], what);

        if (n > most) {
            most = n;
            best = i;
        }
    }

    top = journey_html_scale(most);
    id = ++h->ids;
    journey_timeline_name(line, &h->opts->zone, best, 1, name);

    journey_html_fmt(h, "<figure><figcaption><b>%s</b> by %s</figcaption>\n"
                     "<div class=\"plot\"><svg class=\"axis\" width=\"52\" "
                     "height=\"%u\" aria-hidden=\"true\">\n", title,
                     journey_timeline_unit(line),
                     JOURNEY_HTML_TOP + JOURNEY_HTML_PLOT + 22);

    for (i = 0; i <= 2; i++) {
        if (i == 1 && top % 2 != 0) {
            continue;
        }

        journey_html_fmt(h, "<text x=\"44\" y=\"%u\" text-anchor=\"end\">",
                         JOURNEY_HTML_TOP + 4
                         + JOURNEY_HTML_PLOT * (2 - i) / 2);
        journey_html_short(h, top * i / 2);
        journey_html_raw(h, "</text>\n");
    }

    journey_html_fmt(h, "</svg>\n<svg class=\"chart\" width=\"100%%\" "
                     "height=\"%u\" role=\"img\" aria-labelledby=\"t%u d%u\">"
                     "\n<title id=\"t%u\">%s by %s</title>\n<desc id=\"d%u\">"
                     "Most: ",
                     JOURNEY_HTML_TOP + JOURNEY_HTML_PLOT + 22, id, id, id,
                     title, journey_timeline_unit(line), id);
    journey_html_counted(h, most, one, many);
    journey_html_fmt(h, ", %s. The table below has all numbers.</desc>\n",
                     name);

    for (i = 0; i <= 2; i++) {
        journey_html_fmt(h, "<line class=\"grid\" x1=\"0\" x2=\"100%%\" "
                         "y1=\"%u\" y2=\"%u\"/>\n",
                         JOURNEY_HTML_TOP + JOURNEY_HTML_PLOT * i / 2,
                         JOURNEY_HTML_TOP + JOURNEY_HTML_PLOT * i / 2);
    }

    if (line->n <= JOURNEY_HTML_BARS) {
        journey_html_bars(h, what, top);

    } else {
        journey_html_line(h, what, top);
    }

    journey_html_hits(h, what, one, many);
    journey_html_dates(h);
    journey_html_raw(h, "</svg></div></figure>\n");
}


void
journey_html_timeline(journey_html_t *h)
{
    static const char *const  titles[] = {
        "-From", "Visitors", "Sessions", "Conversions"
    };

    char                       name[JOURNEY_TIME_LEN];
    unsigned                   i, what;
    const journey_timeline_t  *line;

    line = &h->counts.timeline;

    if (line->n == 0) {
        journey_html_empty(h, h->a->events == 0 ? "No events in this period."
                           : line->unfit ? "The log holds times that no "
                                           "calendar has."
                           : "Too few visitors at a time to be shown "
                             "(--min-visitors).");
        return;
    }

    journey_html_raw(h, "<div class=\"plots\">\n");
    journey_html_plot(h, 0, "Visitors", "visitor", "visitors");
    journey_html_plot(h, 1, "Sessions", "session", "sessions");
    journey_html_plot(h, 2, "Conversions", "conversion", "conversions");
    journey_html_raw(h, "</div>\n");

    journey_html_table_begin(h, "Visitors, sessions and conversions over time",
                             titles, 4);

    for (i = 0; i < line->n; i++) {
        journey_timeline_name(line, &h->opts->zone, i, 1, name);
        journey_html_fmt(h, "<tr><th scope=\"row\">%s</th>", name);

        for (what = 0; what < 3; what++) {
            journey_html_raw(h, "<td>");
            journey_html_count(h, journey_html_bucket(&line->buckets[i],
                                                      what));
            journey_html_raw(h, "</td>");
        }

        journey_html_raw(h, "</tr>\n");
    }

    journey_html_table_end(h);
}


/* ---- the funnel ---------------------------------------------------------- */

/* A key of the bar's parts, which differ by pattern as well as by colour. */

static void
journey_html_swatch(journey_html_t *h, const char *class, const char *pattern,
    const char *text)
{
    journey_html_fmt(h, "<li><svg width=\"14\" height=\"14\" "
                     "aria-hidden=\"true\"><rect class=\"%s\" width=\"14\" "
                     "height=\"14\" rx=\"3\"/>", class);

    if (pattern != NULL) {
        journey_html_fmt(h, "<rect fill=\"url(#%s)\" width=\"14\" "
                         "height=\"14\"/>", pattern);
    }

    journey_html_fmt(h, "</svg>%s</li>\n", text);
}


static void
journey_html_part(journey_html_t *h, double *x, double share,
    const char *class, const char *pattern, const char *title, uint64_t n)
{
    if (n == 0) {
        return;
    }

    journey_html_fmt(h, "<g class=\"bar\"><title>%s: ", title);
    journey_html_counted(h, n, "journey", "journeys");
    journey_html_fmt(h, "</title><rect class=\"%s\" x=\"%.3f%%\" "
                     "width=\"%.3f%%\" height=\"24\"/>", class, 100 * *x,
                     100 * share);

    if (pattern != NULL) {
        journey_html_fmt(h, "<rect fill=\"url(#%s)\" x=\"%.3f%%\" "
                         "width=\"%.3f%%\" height=\"24\"/>", pattern,
                         100 * *x, 100 * share);
    }

    journey_html_raw(h, "</g>\n");
    *x += share;
}


/* A row of the table of phases: cells 1 phase, 4 journeys, 5 share of the
 * phase before, 6 completed, 7 dropped, 8 open. */

static void
journey_html_phase(journey_html_t *h, const journey_cell_t *cell,
    uint64_t total)
{
    double    x;
    uint64_t  reached, on;

    reached = cell[4].u.count;
    on = reached - cell[6].u.count - cell[7].u.count - cell[8].u.count;
    total = journey_max(total, 1);
    x = 0;

    journey_html_raw(h, "<li><div class=\"k\">");
    journey_html_name(h, &cell[1].u.str, JOURNEY_HTML_NAME);
    journey_html_raw(h, "</div><svg width=\"100%\" height=\"24\" "
                     "aria-hidden=\"true\"><rect class=\"ground\" "
                     "width=\"100%\" height=\"24\"/>\n");

    journey_html_part(h, &x, (double) on / (double) total, "c0", NULL,
                      "Went on", on);
    journey_html_part(h, &x, (double) cell[6].u.count / (double) total, "c2",
                      "dots", "Completed here", cell[6].u.count);
    journey_html_part(h, &x, (double) cell[8].u.count / (double) total, "c7",
                      NULL, "Still open here", cell[8].u.count);
    journey_html_part(h, &x, (double) cell[7].u.count / (double) total, "c1",
                      "hatch", "Dropped here", cell[7].u.count);

    journey_html_raw(h, "</svg><div class=\"v\"><b>");
    journey_html_counted(h, reached, "journey", "journeys");
    journey_html_raw(h, "</b>");

    if (!cell[5].null && reached != total) {
        journey_html_raw(h, ", ");
        journey_html_share(h, cell[5].u.number);
        journey_html_raw(h, " of the phase before");
    }

    if (on != 0) {
        journey_html_raw(h, " \xc2\xb7 ");
        journey_html_count(h, on);
        journey_html_raw(h, "\xc2\xa0went on");
    }

    journey_html_raw(h, " \xc2\xb7 ended here: ");
    journey_html_count(h, cell[6].u.count);
    journey_html_raw(h, "\xc2\xa0" "completed, ");
    journey_html_count(h, cell[8].u.count);
    journey_html_raw(h, "\xc2\xa0still open, ");
    journey_html_count(h, cell[7].u.count);
    journey_html_raw(h, "\xc2\xa0" "dropped");

    /* pages know the names of their phases, not whose model it is; those that
     * are folded have none */

    if (h->a->funnel.nmodels == 1 && h->opts->min_visitors == 0) {
        journey_html_causes(h, &cell[1].u.str);
    }

    journey_html_raw(h, "</div></li>\n");
}


void
journey_html_funnel(journey_html_t *h)
{
    uint64_t                row, total;
    unsigned                models, steps;
    const journey_cell_t   *cell, *before;
    const journey_table_t  *table;

    table = &h->phases;

    if (table->nrows == 0) {
        journey_html_empty(h, "No journey met a phase: journey_phases gives "
                           "pages their phases.");
        return;
    }

    journey_html_raw(h, "<svg width=\"0\" height=\"0\" aria-hidden=\"true\">"
        "<defs><pattern id=\"hatch\" width=\"7\" height=\"7\" "
        "patternUnits=\"userSpaceOnUse\" "
        "patternTransform=\"rotate(45)\"><line class=\"hatch\" y2=\"7\"/>"
        "</pattern><pattern id=\"dots\" width=\"6\" height=\"6\" "
        "patternUnits=\"userSpaceOnUse\"><circle class=\"dots\" cx=\"3\" "
        "cy=\"3\" r=\"1.2\"/></pattern></defs></svg>\n"
        "<ul class=\"legend\">\n");
    journey_html_swatch(h, "c0", NULL, "went on to a later phase");
    journey_html_swatch(h, "c2", "dots", "completed");
    journey_html_swatch(h, "c7", NULL, "still open");
    journey_html_swatch(h, "c1", "hatch", "dropped");
    journey_html_raw(h, "</ul>\n");

    before = NULL;
    total = 0;
    models = 0;
    steps = 0;

    for (row = 0; row < table->nrows; row++) {
        cell = &table->cells[row * table->ncolumns];

        /* a host's funnel begins where the hosts change */

        if (before == NULL || cell[0].null != before[0].null
            || cell[0].u.str.data != before[0].u.str.data)
        {
            if (before != NULL) {
                journey_html_raw(h, "</ol>\n");
            }

            if (++models > JOURNEY_HTML_MODELS) {
                break;
            }

            if (h->a->funnel.nmodels > 1 && !cell[0].null) {
                journey_html_raw(h, "<h3>");
                journey_html_str(h, &cell[0].u.str, JOURNEY_HTML_CELL);
                journey_html_raw(h, "</h3>\n");
            }

            journey_html_raw(h, "<ol class=\"rows funnel\">\n");
            total = cell[4].u.count;
            steps = 0;
        }

        if (steps++ < JOURNEY_HTML_STEPS) {
            journey_html_phase(h, cell, total);
        }

        before = cell;
    }

    if (row == table->nrows) {
        journey_html_raw(h, "</ol>\n");

    } else {
        journey_html_raw(h, "<p class=\"note\">Hosts have more phase models "
                         "than are drawn here; the command prints all."
                         "</p>\n");
    }

    journey_html_table(h, table, "Phases");
}
