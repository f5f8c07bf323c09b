
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Sections: the headline, and the funnel.
 */


#include "journey_html.h"


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


void
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

        if (h->before.from - h->before.since
            > (h->now.since - h->before.since) / 50)
        {
            journey_html_raw(h, " Its first event in these files is of ");
            journey_html_time(h, h->before.from);
            journey_html_raw(h, ".");
        }

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
