
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The section of what happened when: bars or a line for each time, and a
 * dashed line for the same time of the period before, where it is known.
 */


#include "journey_html.h"


#define JOURNEY_HTML_BARS    62         /* buckets as bars; more are a line */
#define JOURNEY_HTML_TOP     16         /* px above the plot */
#define JOURNEY_HTML_PLOT    112        /* px of its height */
#define JOURNEY_HTML_TICKS   5          /* dates below it, at most */


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


/* The period before as a line through the middle of buckets; where there is but
 * one, across it. */

static void
journey_html_past(journey_html_t *h, unsigned what, uint64_t top)
{
    double                     x, y;
    unsigned                   i, halo;
    const journey_timeline_t  *past;

    past = &h->past;

    if (past->n == 0) {
        return;
    }

    journey_html_fmt(h, "<svg y=\"%u\" width=\"100%%\" height=\"%u\" "
                     "viewBox=\"0 0 1000 %u\" preserveAspectRatio=\"none\">\n",
                     JOURNEY_HTML_TOP, JOURNEY_HTML_PLOT, JOURNEY_HTML_PLOT);

    /* a light one below it sets it off from the bars */

    for (halo = 2; halo-- > 0; /* void */ ) {
        journey_html_fmt(h, "<path class=\"past%s\" d=\"", halo ? " p" : "");

        for (i = 0; i < past->n; i++) {
            x = 1000 * (i + 0.5) / past->n;
            y = JOURNEY_HTML_PLOT
                * (1 - (double) journey_html_bucket(&past->buckets[i], what)
                       / (double) top);

            if (past->n == 1) {
                journey_html_fmt(h, "M0 %.1fH1000", y);
                break;
            }

            journey_html_fmt(h, "%s%.1f %.1f", i ? "L" : "M", x, y);
        }

        journey_html_raw(h, "\"/>\n");
    }

    journey_html_raw(h, "</svg>\n");
}


/* "; before, from 2026-10-02: 12" */

static void
journey_html_past_number(journey_html_t *h, unsigned i, unsigned what)
{
    char  name[JOURNEY_TIME_LEN];

    if (h->past.n == 0) {
        return;
    }

    journey_timeline_start(&h->past, &h->opts->zone, i, name);
    journey_html_fmt(h, "; before, from %s: ", name);
    journey_html_count(h, journey_html_bucket(&h->past.buckets[i], what));
}


/* What the dashed line is, or why there is none. */

static void
journey_html_past_legend(journey_html_t *h)
{
    if (h->past.n != 0) {
        journey_html_raw(h, "<ul class=\"legend\">\n<li><svg width=\"26\" "
                         "height=\"10\" aria-hidden=\"true\"><path "
                         "class=\"past\" d=\"M0 5H26\"/></svg>the same time of "
                         "the period before: ");
        journey_html_time(h, h->before.since);
        journey_html_raw(h, " \xe2\x80\x93 ");
        journey_html_time(h, h->now.since);
        journey_html_raw(h, "</li>\n</ul>\n");

    } else if (h->before.there) {
        journey_html_raw(h, "<p class=\"note\">No line of the period before: "
                         "too few visitors at a time to be shown "
                         "(--min-visitors).</p>\n");

    } else if (h->now.since != 0) {
        journey_html_compared(h);
    }
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
        journey_html_past_number(h, i, what);
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
    uint64_t                   n, most, past, top;
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

    for (i = 0, past = 0; i < h->past.n; i++) {
        past = journey_max(past, journey_html_bucket(&h->past.buckets[i],
                                                     what));
    }

    top = journey_html_scale(journey_max(most, past));
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
    journey_html_fmt(h, ", %s. ", name);

    if (h->past.n != 0) {
        journey_html_raw(h, "In the period before, the dashed line: ");
        journey_html_counted(h, past, one, many);
        journey_html_raw(h, " at most. ");
    }

    journey_html_raw(h, "The table below has all numbers.</desc>\n");

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

    journey_html_past(h, what, top);
    journey_html_hits(h, what, one, many);
    journey_html_dates(h);
    journey_html_raw(h, "</svg></div></figure>\n");
}


static void
journey_html_numbers(journey_html_t *h, const journey_bucket_t *bucket)
{
    unsigned  what;

    for (what = 0; what < 3; what++) {
        journey_html_raw(h, "<td>");
        journey_html_count(h, journey_html_bucket(bucket, what));
        journey_html_raw(h, "</td>");
    }
}


void
journey_html_timeline(journey_html_t *h)
{
    static const char *const  titles[] = {
        "-From", "Visitors", "Sessions", "Conversions",
        "-Period before, from", "Visitors", "Sessions", "Conversions"
    };

    char                       name[JOURNEY_TIME_LEN];
    unsigned                   i;
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

    journey_html_past_legend(h);
    journey_html_raw(h, "<div class=\"plots\">\n");
    journey_html_plot(h, 0, "Visitors", "visitor", "visitors");
    journey_html_plot(h, 1, "Sessions", "session", "sessions");
    journey_html_plot(h, 2, "Conversions", "conversion", "conversions");
    journey_html_raw(h, "</div>\n");

    journey_html_table_begin(h, "Visitors, sessions and conversions over time",
                             titles, h->past.n ? 8 : 4);

    for (i = 0; i < line->n; i++) {
        journey_timeline_name(line, &h->opts->zone, i, 1, name);
        journey_html_fmt(h, "<tr><th scope=\"row\">%s</th>", name);
        journey_html_numbers(h, &line->buckets[i]);

        if (h->past.n != 0) {
            journey_timeline_start(&h->past, &h->opts->zone, i, name);
            journey_html_fmt(h, "<td class=\"t\">%s</td>", name);
            journey_html_numbers(h, &h->past.buckets[i]);
        }

        journey_html_raw(h, "</tr>\n");
    }

    journey_html_table_end(h);
}
