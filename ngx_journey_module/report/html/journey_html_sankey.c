
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_html_sankey.h"

#include <stdlib.h>


#define JOURNEY_SANKEY_BAND   300       /* px of all journeys together */
#define JOURNEY_SANKEY_TOP    26        /* px above, with the heads */
#define JOURNEY_SANKEY_LABEL  31        /* px that a label needs */
#define JOURNEY_SANKEY_GAP    6


unsigned
journey_sankey_node(journey_sankey_t *s, unsigned column,
    journey_sankey_kind_e kind, uint32_t number, uint32_t name,
    unsigned passes)
{
    unsigned                i;
    journey_sankey_node_t  *node;

    for (i = 0; i < s->nnodes; i++) {
        node = &s->nodes[i];

        if (node->column == column && node->kind == kind
            && node->number == number && node->passes == passes)
        {
            return i;
        }
    }

    if (s->nnodes == JOURNEY_SANKEY_NODES) {

        /* the bounds of what is drawn by name leave room for all */

        s->full = 1;
        return JOURNEY_SANKEY_NODES - 1;
    }

    node = &s->nodes[s->nnodes];
    memset(node, 0, sizeof(journey_sankey_node_t));

    node->column = column;
    node->kind = kind;
    node->number = number;
    node->name = name;
    node->passes = (passes != 0);

    return s->nnodes++;
}


void
journey_sankey_add(journey_sankey_t *s, const unsigned *stations, unsigned n,
    uint64_t journeys)
{
    unsigned                      i, column, from, next;
    const journey_sankey_node_t  *to;

    from = stations[0];
    s->nodes[from].journeys += journeys;
    s->total += journeys;

    for (i = 1; i < n; i++) {
        to = &s->nodes[stations[i]];

        for (column = s->nodes[from].column + 1; column <= to->column;
             column++)
        {
            next = (column == to->column) ? stations[i]
                   : journey_sankey_node(s, column, to->kind, to->number,
                                         to->name, 1);

            s->links[from][next] += journeys;
            s->nodes[next].journeys += journeys;
            from = next;
        }
    }
}


/* From top to bottom: what stands here, then what passes; ends in their
 * order. */

static int
journey_sankey_cmp(const journey_sankey_node_t *a,
    const journey_sankey_node_t *b)
{
    if (a->passes != b->passes) {
        return a->passes ? 1 : -1;
    }

    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }

    return a->number < b->number ? -1 : a->number > b->number;
}


/* The nodes of a column in their order; returns their number. */

static unsigned
journey_sankey_column(const journey_sankey_t *s, unsigned column,
    unsigned *order)
{
    unsigned  i, k, n;

    for (i = 0, n = 0; i < s->nnodes; i++) {
        if (s->nodes[i].column != column) {
            continue;
        }

        for (k = n; k > 0 && journey_sankey_cmp(&s->nodes[i],
                                                &s->nodes[order[k - 1]]) < 0;
             k--)
        {
            order[k] = order[k - 1];
        }

        order[k] = i;
        n++;
    }

    return n;
}


/* What a node takes of its column. */

static double
journey_sankey_slot(const journey_sankey_node_t *node)
{
    return node->passes ? node->height + JOURNEY_SANKEY_GAP
           : journey_max(node->height, JOURNEY_SANKEY_LABEL)
             + JOURNEY_SANKEY_GAP;
}


void
journey_sankey_layout(journey_sankey_t *s, const double *x, unsigned ncolumns)
{
    double                  y, sum;
    unsigned                i, k, column, n, order[JOURNEY_SANKEY_NODES];
    journey_sankey_node_t  *node;

    s->ncolumns = ncolumns;
    s->scale = JOURNEY_SANKEY_BAND / (double) journey_max(s->total, 1);
    s->height = 0;

    for (i = 0; i < s->nnodes; i++) {
        node = &s->nodes[i];
        node->height = journey_max(s->scale * (double) node->journeys, 1.5);
    }

    for (i = 0; i < 2 * ncolumns; i++) {
        column = i % ncolumns;
        s->x[column] = x[column];
        n = journey_sankey_column(s, column, order);

        if (i < ncolumns) {

            /* first the height, which is that of the highest */

            for (sum = 0; n > 0; n--) {
                sum += journey_sankey_slot(&s->nodes[order[n - 1]]);
            }

            s->height = journey_max(s->height, sum);
            continue;
        }

        for (k = 0, sum = 0; k < n; k++) {
            sum += journey_sankey_slot(&s->nodes[order[k]]);
        }

        y = JOURNEY_SANKEY_TOP + (s->height - sum) / 2;

        for (k = 0; k < n; k++) {
            node = &s->nodes[order[k]];
            sum = journey_sankey_slot(node);
            node->y = y + (sum - JOURNEY_SANKEY_GAP - node->height) / 2;
            y += sum;
        }
    }
}


static const char *
journey_sankey_class(const journey_sankey_node_t *node)
{
    static const char  *channels[] = {
        "c0", "c5", "c3", "c4", "c6", "c7", "c8"
    };

    switch (node->kind) {

    case JOURNEY_SANKEY_CHANNEL:
        return channels[node->number % JOURNEY_SANKEY_CHANNELS];

    case JOURNEY_SANKEY_GOAL:
    case JOURNEY_SANKEY_GOAL_OTHER:
        return "c2";

    case JOURNEY_SANKEY_DROPPED:
        return "c1";

    case JOURNEY_SANKEY_PHASE:
    case JOURNEY_SANKEY_PHASE_OTHER:
        return "c0";

    default:
        return "c7";
    }
}


void
journey_sankey_label(journey_html_t *h, const journey_sankey_node_t *node,
    unsigned letters)
{
    journey_str_t  name;

    name = journey_report_name(h->a, node->name);

    switch (node->kind) {

    case JOURNEY_SANKEY_CHANNEL:
    case JOURNEY_SANKEY_PHASE:
        if (name.len == 0) {
            journey_html_raw(h, node->kind == JOURNEY_SANKEY_CHANNEL
                                && h->opts->no_direct
                                ? "Direct or unknown" : "Unknown");

        } else if (node->kind == JOURNEY_SANKEY_CHANNEL) {
            journey_html_touch(h, &name, letters);

        } else {
            journey_html_name(h, &name, letters);
        }

        break;

    case JOURNEY_SANKEY_GOAL:
        journey_html_raw(h, "\xe2\x9c\x93 ");
        journey_html_str(h, &name, letters - 2);
        break;

    case JOURNEY_SANKEY_CHANNEL_OTHER:
        journey_html_raw(h, h->opts->touch == JOURNEY_TOUCH_CHANNEL
                            ? "Other channels" : "Others");
        break;

    case JOURNEY_SANKEY_PHASE_OTHER:
        journey_html_raw(h, "Other phases");
        break;

    case JOURNEY_SANKEY_PHASE_NONE:
        journey_html_raw(h, "No phase");
        break;

    case JOURNEY_SANKEY_GOAL_OTHER:
        journey_html_raw(h, "\xe2\x9c\x93 others");
        break;

    case JOURNEY_SANKEY_END_OTHER:
        journey_html_raw(h, "Other ends");
        break;

    case JOURNEY_SANKEY_OPEN:
        journey_html_raw(h, "Still open");
        break;

    default:
        journey_html_raw(h, "Dropped");
    }
}


static void
journey_sankey_band(journey_html_t *h, journey_sankey_t *s,
    journey_sankey_node_t *from, journey_sankey_node_t *to, uint64_t journeys,
    unsigned width)
{
    double       x0, x1, xm, y0, y1, height;
    const char  *class;

    x0 = s->x[from->column] + width;
    x1 = s->x[to->column] + (to->passes ? width : 0);
    xm = (x0 + x1) / 2;
    height = journey_max(s->scale * (double) journeys, 0.5);
    y0 = from->y + from->out;
    y1 = to->y + to->in;

    from->out += s->scale * (double) journeys;
    to->in += s->scale * (double) journeys;

    /* the ends tell where it leads, channels where it comes from */

    class = journey_sankey_class(to->kind >= JOURNEY_SANKEY_GOAL
                                 || from->kind > JOURNEY_SANKEY_CHANNEL_OTHER
                                 || from->passes ? to : from);

    journey_html_fmt(h, "<path class=\"flow %s\" d=\"M%.1f %.1fC%.1f %.1f "
                     "%.1f %.1f %.1f %.1fV%.1fC%.1f %.1f %.1f %.1f %.1f "
                     "%.1fZ\"><title>", class, x0, y0, xm, y0, xm, y1, x1, y1,
                     y1 + height, xm, y1 + height, xm, y0 + height, x0,
                     y0 + height);

    if (!from->passes) {
        journey_sankey_label(h, from, JOURNEY_HTML_NAME);
        journey_html_raw(h, " ");
    }

    journey_html_raw(h, "\xe2\x86\x92 ");
    journey_sankey_label(h, to, JOURNEY_HTML_NAME);
    journey_html_raw(h, ": ");
    journey_html_counted(h, journeys, "journey", "journeys");
    journey_html_raw(h, "</title></path>\n");
}


static void
journey_sankey_nodes(journey_html_t *h, const journey_sankey_t *s,
    unsigned width)
{
    unsigned                      i;
    const journey_sankey_node_t  *node;

    for (i = 0; i < s->nnodes; i++) {
        node = &s->nodes[i];

        if (node->passes) {
            continue;
        }

        journey_html_fmt(h, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" "
                         "width=\"%u\" height=\"%.1f\"><title>",
                         journey_sankey_class(node), s->x[node->column],
                         node->y, width, node->height);
        journey_sankey_label(h, node, JOURNEY_HTML_NAME);
        journey_html_raw(h, ": ");
        journey_html_counted(h, node->journeys, "journey", "journeys");
        journey_html_raw(h, "</title></rect>\n");
    }
}


static void
journey_sankey_labels(journey_html_t *h, const journey_sankey_t *s,
    unsigned width, unsigned room)
{
    double                        x, y, end;
    unsigned                      i, letters;
    const journey_sankey_node_t  *node;

    for (i = 0; i < s->nnodes; i++) {
        node = &s->nodes[i];

        if (node->passes) {
            continue;
        }

        end = (node->column + 1 < s->ncolumns) ? s->x[node->column + 1] : 1000;
        x = (s->x[node->column] + width) / 10;

        /* a letter is 6 px wide, those of telephones being smaller */

        letters = (unsigned) (((end / 10 - x) / 100 * room - 6) / 6);
        letters = journey_max(letters, 3);
        y = node->y + node->height / 2;

        journey_html_fmt(h, "<text x=\"%.2f%%\" y=\"%.1f\" dx=\"4\">", x,
                         y - 3);
        h->fit = 1;
        journey_sankey_label(h, node, letters);
        h->fit = 0;
        journey_html_fmt(h, "<tspan class=\"n\" x=\"%.2f%%\" y=\"%.1f\" "
                         "dx=\"4\">", x, y + 10);
        journey_html_count(h, node->journeys);
        journey_html_raw(h, "</tspan></text>\n");
    }
}


void
journey_sankey_draw(journey_html_t *h, journey_sankey_t *s, const char *class,
    unsigned width, unsigned room, const char *const *heads)
{
    unsigned  i, k, m, n, id, column, height;
    unsigned  from[JOURNEY_SANKEY_NODES], to[JOURNEY_SANKEY_NODES];

    id = ++h->ids;
    height = (unsigned) s->height + JOURNEY_SANKEY_TOP + 2;

    journey_html_fmt(h, "<svg class=\"%s\" width=\"100%%\" height=\"%u\" "
                     "role=\"img\" aria-labelledby=\"t%u d%u\">\n"
                     "<title id=\"t%u\">How journeys run</title>\n"
                     "<desc id=\"d%u\">", class, height, id, id, id, id);
    journey_html_counted(h, s->total, "journey", "journeys");
    journey_html_fmt(h, " from their first channel over the phases to their "
                     "end. The table below has all numbers.</desc>\n"
                     "<svg width=\"100%%\" height=\"%u\" "
                     "viewBox=\"0 0 1000 %u\" preserveAspectRatio=\"none\">\n",
                     height, height);

    for (column = 0; column + 1 < s->ncolumns; column++) {
        m = journey_sankey_column(s, column, from);
        n = journey_sankey_column(s, column + 1, to);

        for (i = 0; i < m; i++) {
            for (k = 0; k < n; k++) {
                if (s->links[from[i]][to[k]] != 0) {
                    journey_sankey_band(h, s, &s->nodes[from[i]],
                                        &s->nodes[to[k]],
                                        s->links[from[i]][to[k]], width);
                }
            }
        }
    }

    journey_sankey_nodes(h, s, width);
    journey_html_raw(h, "</svg>\n<g class=\"halo\">\n");

    for (column = 0; column < s->ncolumns; column++) {
        if (heads[column] != NULL) {
            journey_html_fmt(h, "<text class=\"n\" x=\"%.2f%%\" y=\"12\">%s"
                             "</text>\n", s->x[column] / 10, heads[column]);
        }
    }

    journey_sankey_labels(h, s, width, room);
    journey_html_raw(h, "</g></svg>\n");
}
