
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Sections: attribution by several models, and who comes back.
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_html.h"
#include "journey_attribution.h"
#include "journey_retention.h"
#include "journey_touches.h"

#include <stdlib.h>


#define JOURNEY_HTML_SAMPLES  200       /* of the bootstrap */
#define JOURNEY_HTML_SAMPLED  100       /* channels; of more of them samples
                                           would take minutes */
#define JOURNEY_HTML_SHOWN    4         /* models in the picture */
#define JOURNEY_HTML_LANE     14        /* px of a model in it */

#define JOURNEY_HTML_COHORTS  14        /* the latest ones */
#define JOURNEY_HTML_PERIODS  12        /* columns */


/* ---- attribution --------------------------------------------------------- */

typedef struct {
    journey_attr_e   model;
    const char      *name;
    const char      *class;
    const char      *mark;              /* its shape, around 0 0 */
} journey_html_model_t;

static const journey_html_model_t  journey_html_models[JOURNEY_HTML_SHOWN] = {
    { JOURNEY_ATTR_FIRST, "first touch", "c0", "<circle r=\"5\"/>" },
    { JOURNEY_ATTR_LAST, "last touch", "c1",
      "<rect x=\"-4.5\" y=\"-4.5\" width=\"9\" height=\"9\"/>" },
    { JOURNEY_ATTR_LINEAR, "equal shares", "c3",
      "<path d=\"M0 -6L6 4.5H-6Z\"/>" },
    { JOURNEY_ATTR_MARKOV, "what would be missed (Markov)", "c2",
      "<path d=\"M0 -6.5L6.5 0L0 6.5L-6.5 0Z\"/>" }
};

static const char *const  journey_html_touch_titles[] = {
    "-Channel", "-Source", "-Campaign"
};

static const char *const  journey_html_touch_names[] = {
    "channels", "sources", "campaigns"
};

static const char *const  journey_html_model_titles[] = {
    NULL, "First", "Last", "Last non-direct", "Linear", "Position",
    "Time decay", "Markov", "Shapley", "Counterfactual"
};


typedef struct {
    journey_html_t           *h;
    const journey_touches_t  *touches;
    const journey_attr_t     *attr;
    uint32_t                 *order;    /* places in items */
    unsigned                  intervals;
} journey_html_attr_t;


static int
journey_html_attr_cmp(const void *one, const void *two, void *ctx)
{
    double                 x, y;
    uint32_t               i, k;
    const journey_attr_t  *attr;

    attr = ctx;
    i = *(const uint32_t *) one;
    k = *(const uint32_t *) two;
    x = attr->models[JOURNEY_ATTR_MARKOV][i].conversions;
    y = attr->models[JOURNEY_ATTR_MARKOV][k].conversions;

    if (x != y) {
        return x > y ? -1 : 1;
    }

    return i < k ? -1 : i > k;
}


static void
journey_html_attr_name(const journey_html_attr_t *t, uint32_t i)
{
    journey_str_t  name;

    name = journey_touches_name(t->touches, t->attr->items[i]);
    journey_html_touch(t->h, &name, JOURNEY_HTML_NAME);
}


static void
journey_html_attr_row(const journey_html_attr_t *t, uint32_t i, double most)
{
    unsigned                     k, y;
    journey_html_t              *h;
    const journey_credit_t      *credit;
    const journey_html_model_t  *model;

    h = t->h;

    journey_html_raw(h, "<li><div class=\"k\">");
    journey_html_attr_name(t, i);
    journey_html_fmt(h, "</div><svg class=\"dots-in\" width=\"100%%\" "
                     "height=\"%u\" aria-hidden=\"true\">\n",
                     JOURNEY_HTML_SHOWN * JOURNEY_HTML_LANE + 4);

    for (k = 0; k < JOURNEY_HTML_SHOWN; k++) {
        model = &journey_html_models[k];
        credit = &t->attr->models[model->model][i];
        y = k * JOURNEY_HTML_LANE + JOURNEY_HTML_LANE / 2 + 2;

        journey_html_fmt(h, "<g class=\"bar %s\"><title>%s: %.1f",
                         model->class, model->name, credit->conversions);

        if (t->intervals) {
            journey_html_fmt(h, " (%.1f to %.1f)</title><rect "
                             "class=\"range\" x=\"%.3f%%\" y=\"%u\" "
                             "width=\"%.3f%%\" height=\"4\" rx=\"2\"/>",
                             credit->conversions_low, credit->conversions_high,
                             100 * credit->conversions_low / most, y - 2,
                             100 * journey_max(credit->conversions_high
                                               - credit->conversions_low, 0)
                             / most);
        } else {
            journey_html_raw(h, "</title>");
        }

        journey_html_fmt(h, "<svg x=\"%.3f%%\" y=\"%u\">%s</svg></g>\n",
                         100 * credit->conversions / most, y, model->mark);
    }

    journey_html_raw(h, "</svg><div class=\"v\">");

    for (k = 0; k < JOURNEY_HTML_SHOWN; k++) {
        model = &journey_html_models[k];

        journey_html_raw(h, k == 0 ? "first\xc2\xa0" : k == 1
                            ? " \xc2\xb7 last\xc2\xa0" : k == 2
                            ? " \xc2\xb7 equal\xc2\xa0"
                            : " \xc2\xb7 Markov\xc2\xa0<b>");
        journey_html_credit(h, t->attr->models[model->model][i].conversions);
    }

    journey_html_raw(h, "</b></div></li>\n");
}


static void
journey_html_attr_cell(const journey_html_attr_t *t,
    const journey_credit_t *credit)
{
    journey_html_t  *h;

    h = t->h;

    journey_html_raw(h, "<td>");
    journey_html_money(h, credit->conversions);

    if (t->intervals) {
        journey_html_raw(h, " <small>");
        journey_html_money(h, credit->conversions_low);
        journey_html_raw(h, "\xe2\x80\x93");
        journey_html_money(h, credit->conversions_high);
        journey_html_raw(h, "</small>");
    }

    journey_html_raw(h, "</td>");
}


static void
journey_html_attr_table(const journey_html_attr_t *t)
{
    double           sum;
    uint32_t         i, n;
    unsigned         model;
    const char      *titles[1 + JOURNEY_ATTR_MODELS];
    journey_html_t  *h;

    h = t->h;
    n = journey_min(t->attr->nitems, JOURNEY_HTML_TABLE);

    memcpy(titles, journey_html_model_titles, sizeof(titles));
    titles[0] = journey_html_touch_titles[h->opts->touch];

    journey_html_table_begin(h, "Conversions by nine models", titles,
                             1 + JOURNEY_ATTR_MODELS);

    for (i = 0; i < n; i++) {
        journey_html_raw(h, "<tr><th scope=\"row\">");
        journey_html_attr_name(t, t->order[i]);
        journey_html_raw(h, "</th>");

        for (model = 0; model < JOURNEY_ATTR_MODELS; model++) {
            journey_html_attr_cell(t, &t->attr->models[model][t->order[i]]);
        }

        journey_html_raw(h, "</tr>\n");
    }

    if (n < t->attr->nitems) {
        journey_html_raw(h, "<tr class=\"rest\"><th scope=\"row\">other (");
        journey_html_counted(h, t->attr->nitems - n, "row", "rows");
        journey_html_raw(h, ")</th>");

        for (model = 0; model < JOURNEY_ATTR_MODELS; model++) {
            for (sum = 0, i = n; i < t->attr->nitems; i++) {
                sum += t->attr->models[model][t->order[i]].conversions;
            }

            journey_html_raw(h, "<td>");
            journey_html_money(h, sum);
            journey_html_raw(h, "</td>");
        }

        journey_html_raw(h, "</tr>\n");
    }

    journey_html_table_end(h);
}


static void
journey_html_attr_draw(const journey_html_attr_t *t)
{
    double           most, sum;
    uint32_t         i, n;
    unsigned         k;
    journey_html_t  *h;

    h = t->h;
    n = journey_min(t->attr->nitems, JOURNEY_HTML_ROWS);

    for (i = 0, most = 0; i < t->attr->nitems; i++) {
        for (k = 0; k < JOURNEY_HTML_SHOWN; k++) {
            most = journey_max(most, t->attr->models
                                     [journey_html_models[k].model][i]
                                     .conversions_high);
            most = journey_max(most, t->attr->models
                                     [journey_html_models[k].model][i]
                                     .conversions);
        }
    }

    most = (most > 0) ? 1.02 * most : 1;

    journey_html_raw(h, "<ul class=\"legend\">\n");

    for (k = 0; k < JOURNEY_HTML_SHOWN; k++) {
        journey_html_fmt(h, "<li><svg class=\"%s\" width=\"16\" "
                         "height=\"14\" aria-hidden=\"true\"><svg x=\"8\" "
                         "y=\"7\">%s</svg></svg>%s</li>\n",
                         journey_html_models[k].class,
                         journey_html_models[k].mark,
                         journey_html_models[k].name);
    }

    journey_html_raw(h, "</ul>\n<ol class=\"rows\">\n");

    for (i = 0; i < n; i++) {
        journey_html_attr_row(t, t->order[i], most);
    }

    if (n < t->attr->nitems) {
        for (sum = 0, i = n; i < t->attr->nitems; i++) {
            sum += t->attr->models[JOURNEY_ATTR_MARKOV][t->order[i]]
                   .conversions;
        }

        journey_html_raw(h, "<li class=\"rest\"><div class=\"k\">other (");
        journey_html_counted(h, t->attr->nitems - n, "row", "rows");
        journey_html_raw(h, ")</div><div></div><div class=\"v\">"
                            "Markov\xc2\xa0");
        journey_html_credit(h, sum);
        journey_html_raw(h, "</div></li>\n");
    }

    journey_html_raw(h, "</ol>\n");

    if (!t->intervals) {
        journey_html_fmt(h, "<p class=\"note\">More than %u %s, and so "
                         "without intervals (--bootstrap has them).</p>\n",
                         JOURNEY_HTML_SAMPLED,
                         journey_html_touch_names[h->opts->touch]);
    }

    if (h->opts->order == JOURNEY_ATTR_AUTO) {
        journey_html_fmt(h, "<p class=\"note\">Of the orders of Markov, %u "
                         "was chosen.</p>\n", t->attr->order);
    }

    journey_html_attr_table(t);
}


void
journey_html_attribution(journey_html_t *h)
{
    uint32_t                i;
    journey_attr_t          attr;
    journey_error_t         err;
    journey_touches_t      *touches;
    journey_html_attr_t     t;
    journey_attr_options_t  models;

    if (journey_report_exempt(h->a)) {
        journey_html_empty(h, "Not to be told: all events are of the profile "
                           "exempt, which records no touches.");
        return;
    }

    memset(&attr, 0, sizeof(journey_attr_t));
    memset(&models, 0, sizeof(journey_attr_options_t));
    memset(&t, 0, sizeof(journey_html_attr_t));
    err.text[0] = '\0';

    touches = &h->counts.touches;

    if (journey_touches_sort(touches) != JOURNEY_OK) {
        h->no_memory = 1;
        return;
    }

    models.models = JOURNEY_ATTR_ALL;
    models.order = h->opts->order;
    models.direct = touches->direct;
    models.bootstrap = h->opts->bootstrap
                       ? (uint32_t) h->opts->bootstrap
                       : touches->paths.nitems <= JOURNEY_HTML_SAMPLED
                         ? JOURNEY_HTML_SAMPLES : 0;
    models.seed = (h->opts->seed == JOURNEY_LIMIT_NONE)
                  ? JOURNEY_ATTR_SEED : (uint64_t) h->opts->seed;

    if (journey_attribute(&attr, &touches->paths, &models, &err)
        != JOURNEY_OK)
    {
        /* a check that does not hold, or no memory: no number then */

        journey_html_empty(h, "Left out: it could not be computed; the "
                           "command tells why.");
        fprintf(stderr, "journey: attribution: %s\n", err.text);
        h->failed = 1;

    } else if (attr.conversions == 0) {
        journey_html_empty(h, "No conversion of this period has a path.");

    } else {
        t.h = h;
        t.touches = touches;
        t.attr = &attr;
        t.intervals = (models.bootstrap != 0);
        t.order = malloc((attr.nitems + 1) * sizeof(uint32_t));

        if (t.order == NULL) {
            h->no_memory = 1;

        } else {
            for (i = 0; i < attr.nitems; i++) {
                t.order[i] = i;
            }

            qsort_r(t.order, attr.nitems, sizeof(uint32_t),
                    journey_html_attr_cmp, &attr);
            journey_html_attr_draw(&t);
        }

        free(t.order);
    }

    journey_attr_free(&attr);
}


/* ---- retention ----------------------------------------------------------- */

static void
journey_html_cohort(journey_html_t *h, const journey_retention_t *r,
    uint32_t row, uint32_t columns)
{
    static const double  levels[] = { 0.02, 0.05, 0.1, 0.2 };

    char      name[16];
    double    share;
    uint32_t  k;
    uint64_t  seen;

    journey_html_raw(h, "<tr><th scope=\"row\">");

    if (row == r->n) {
        journey_html_raw(h, "several, of few visitors");

    } else {
        journey_retention_name(r, row, name);
        journey_html_raw(h, name);
    }

    journey_html_raw(h, "<small class=\"more\">");
    journey_html_counted(h, r->visitors[row], "visitor", "visitors");
    journey_html_raw(h, "</small></th><td class=\"less\">");
    journey_html_count(h, r->visitors[row]);
    journey_html_raw(h, "</td>");

    for (k = 1; k <= columns; k++) {
        seen = r->seen[(size_t) row * r->n + k];

        if (seen == 0) {
            journey_html_raw(h, "<td></td>");
            continue;
        }

        share = (double) r->back[(size_t) row * r->n + k] / (double) seen;

        journey_html_heat(h, share, levels);

        if (row == r->n ? r->over != r->n : row + k >= r->over) {
            journey_html_raw(h, "<span class=\"s\">*</span>");
        }

        journey_html_raw(h, "</td>");
    }

    journey_html_raw(h, "</tr>\n");
}


static void
journey_html_cohorts(journey_html_t *h, const journey_retention_t *r)
{
    static const char *const  names[] = { "week", "day", "month" };

    uint32_t  i, k, n, first, columns;

    columns = journey_min(r->n - 1, JOURNEY_HTML_PERIODS);

    /* the latest cohorts, the folded one among them */

    for (i = r->n + 1, n = 0, first = 0; i > 0; i--) {
        if (r->visitors[i - 1] != 0 && n++ < JOURNEY_HTML_COHORTS) {
            first = i - 1;
        }
    }

    journey_html_fmt(h, "<p class=\"how\" id=\"cohorts\">Visitors by the %s "
                     "of their first visit, and the share of them with a "
                     "session so many %ss later.</p>\n<div class=\"scroll\" "
                     "tabindex=\"0\"><table class=\"heat\" "
                     "aria-labelledby=\"cohorts\">\n<thead><tr><th "
                     "scope=\"col\" class=\"t\">First visit</th><th "
                     "scope=\"col\" class=\"less\">Visitors</th>",
                     names[r->period], names[r->period]);

    for (k = 1; k <= columns; k++) {
        journey_html_fmt(h, "<th scope=\"col\">+%u</th>", (unsigned) k);
    }

    journey_html_raw(h, "</tr></thead>\n<tbody>\n");

    for (i = first; i <= r->n; i++) {
        if (r->visitors[i] != 0) {
            journey_html_cohort(h, r, i, columns);
        }
    }

    journey_html_raw(h, "</tbody></table></div>\n<p class=\"note\">* This "
                     "period is not over yet.");

    if (n > JOURNEY_HTML_COHORTS) {
        journey_html_fmt(h, " %u earlier rows are not shown.",
                         (unsigned) (n - JOURNEY_HTML_COHORTS));
    }

    if (r->hashes + r->exempt + r->earlier + r->unknown != 0) {
        journey_html_raw(h, " Of ");
        journey_html_counted(h, r->all, "visitor", "visitors");
        journey_html_raw(h, ", these are in no row: ");
        journey_html_count(h, r->hashes);
        journey_html_raw(h, " without a cookie, whom the next day does not "
                         "know, ");
        journey_html_count(h, r->earlier);
        journey_html_raw(h, " who first came before this period, ");
        journey_html_count(h, r->unknown + r->exempt);
        journey_html_raw(h, " whose first day is unknown.");
    }

    journey_html_raw(h, "</p>\n");
}


void
journey_html_retention(journey_html_t *h)
{
    uint32_t                    i;
    uint64_t                    visitors;
    const journey_retention_t  *r;

    r = &h->counts.retention;
    visitors = 0;

    for (i = 0; !r->unfit && r->n != 0 && i <= r->n; i++) {
        visitors += r->visitors[i];
    }

    if (r->unfit) {
        journey_html_empty(h, "The times of this log are too far apart to be "
                           "shown.");

    } else if (visitors == 0) {
        journey_html_empty(h, "No visitor of this period can be known again.");

    } else if (r->n < 2) {
        journey_html_empty(h, "Too short a period: nobody can have come back "
                           "on a later day.");

    } else {
        journey_html_cohorts(h, r);
    }
}
