
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Sections of phases: how journeys go from one to another, what drives them
 * away, and what a model of phases lacks.  Besides: direct touches by what
 * they probably are.
 */


#include "journey_html.h"


#define JOURNEY_HTML_MATRIX   12        /* phases of a matrix */
#define JOURNEY_HTML_GRIDS    3         /* matrices */
#define JOURNEY_HTML_GAPS     20        /* phases that lack something */
#define JOURNEY_HTML_ABSENT   6         /* channels named of one of them */


typedef struct {
    const journey_cell_t  *phases[JOURNEY_HTML_MATRIX];
    const journey_cell_t  *cells[JOURNEY_HTML_MATRIX][JOURNEY_HTML_MATRIX];
    unsigned               n;
} journey_html_matrix_t;


/* A share as the cell of a heat map, in whole per cent on a telephone; levels
 * are the four shares at which the colour changes. */

void
journey_html_heat(journey_html_t *h, double share, const double *levels)
{
    unsigned  i;

    for (i = 0; i < 4 && share >= levels[i]; i++) {
        /* void */
    }

    journey_html_fmt(h, "<td class=\"q%u\"><span class=\"x\">",
                     share <= 0 ? 0 : i + 1);
    journey_html_share(h, share);
    journey_html_fmt(h, "</span><span class=\"i\">%.0f</span>", 100 * share);
}


/* Rows of phase times: 0 host, 1 phase, 2 position, 3 journeys, 4 advanced,
 * 9 the median time.  A model's rows share the text of their hosts. */

static unsigned
journey_html_same(const journey_cell_t *one, const journey_cell_t *two)
{
    return !one->null && !two->null && one->u.str.data == two->u.str.data
           && one->u.str.len == two->u.str.len;
}


static unsigned
journey_html_matrix_find(const journey_html_matrix_t *m,
    const journey_cell_t *name)
{
    unsigned  i;

    for (i = 0; i < m->n; i++) {
        if (m->phases[i][1].u.str.len == name->u.str.len
            && memcmp(m->phases[i][1].u.str.data, name->u.str.data,
                      name->u.str.len) == 0)
        {
            break;
        }
    }

    return i;
}


/* Rows of transitions: 0 host, 1 from, 2 to, 4 times, 6 share. */

static void
journey_html_matrix_fill(journey_html_matrix_t *m,
    const journey_table_t *moves)
{
    uint64_t               row;
    unsigned               from, to;
    const journey_cell_t  *cell;

    for (row = 0; row < moves->nrows; row++) {
        cell = &moves->cells[row * moves->ncolumns];

        if (journey_html_same(&cell[0], &m->phases[0][0])) {
            from = journey_html_matrix_find(m, &cell[1]);
            to = journey_html_matrix_find(m, &cell[2]);

            if (from < m->n && to < m->n) {
                m->cells[from][to] = cell;
            }
        }
    }
}


static void
journey_html_matrix_row(journey_html_t *h, const journey_html_matrix_t *m,
    unsigned from)
{
    static const double  levels[] = { 0.1, 0.25, 0.5, 0.75 };

    unsigned               to;
    const journey_cell_t  *cell, *phase;

    phase = m->phases[from];

    journey_html_fmt(h, "<tr><th scope=\"row\">%u\xc2\xa0", from + 1);
    journey_html_name(h, &phase[1].u.str, JOURNEY_HTML_NAME);
    journey_html_raw(h, "</th><td class=\"less\">");
    journey_html_count(h, phase[3].u.count);
    journey_html_raw(h, "</td>");

    for (to = 0; to < m->n; to++) {
        cell = m->cells[from][to];

        if (to == from) {
            journey_html_raw(h, "<td class=\"none\">\xc2\xb7</td>");

        } else if (cell == NULL || cell[6].null) {
            journey_html_raw(h, "<td></td>");

        } else {
            journey_html_heat(h, cell[6].u.number, levels);
            journey_html_raw(h, "</td>");
        }
    }

    journey_html_raw(h, "<td>");

    if (phase[9].null) {
        journey_html_raw(h, "\xe2\x80\x93");

    } else {
        journey_html_str(h, &phase[9].u.str, JOURNEY_HTML_NAME);
    }

    journey_html_raw(h, "</td></tr>\n");
}


static void
journey_html_matrix(journey_html_t *h, const journey_html_matrix_t *m)
{
    unsigned  i;

    if (h->a->funnel.nmodels > 1) {
        journey_html_raw(h, "<h3>");
        journey_html_str(h, &m->phases[0][0].u.str, JOURNEY_HTML_CELL);
        journey_html_raw(h, "</h3>\n");
    }

    journey_html_raw(h, "<div class=\"scroll\" tabindex=\"0\">"
                     "<table class=\"heat\" aria-labelledby=\"h-moves\">\n"
                     "<thead><tr><th scope=\"col\" class=\"t\">From</th>"
                     "<th scope=\"col\" class=\"less\">Journeys</th>");

    for (i = 0; i < m->n; i++) {
        journey_html_fmt(h, "<th scope=\"col\" title=\"to ");
        journey_html_name(h, &m->phases[i][1].u.str, JOURNEY_HTML_NAME);
        journey_html_fmt(h, "\">to\xc2\xa0%u</th>", i + 1);
    }

    journey_html_raw(h, "<th scope=\"col\">Half go on after</th></tr></thead>"
                     "\n<tbody>\n");

    for (i = 0; i < m->n; i++) {
        journey_html_matrix_row(h, m, i);
    }

    journey_html_raw(h, "</tbody></table></div>\n");
}


void
journey_html_moves(journey_html_t *h)
{
    uint64_t                row, next;
    unsigned                models, left;
    journey_html_matrix_t   m;
    const journey_table_t  *times;

    times = &h->moves[1];

    if (h->moves[0].nrows == 0) {
        journey_html_empty(h, "No journey went from one phase to another.");
        return;
    }

    models = 0;
    left = 0;

    for (row = 0; row < times->nrows; row = next) {
        memset(&m, 0, sizeof(journey_html_matrix_t));

        for (next = row; next < times->nrows; next++) {
            if (next != row
                && !journey_html_same(&times->cells[next * times->ncolumns],
                                      &times->cells[row * times->ncolumns]))
            {
                break;
            }

            if (m.n < JOURNEY_HTML_MATRIX) {
                m.phases[m.n++] = &times->cells[next * times->ncolumns];
            }
        }

        if (m.n < 2 || m.phases[0][0].null) {
            continue;
        }

        left |= (models == JOURNEY_HTML_GRIDS
                 || next - row > JOURNEY_HTML_MATRIX);

        if (models < JOURNEY_HTML_GRIDS) {
            models++;
            journey_html_matrix_fill(&m, &h->moves[0]);
            journey_html_matrix(h, &m);
        }
    }

    if (left) {
        journey_html_raw(h, "<p class=\"note\">There are more phases than are "
                         "drawn here; the command prints all.</p>\n");
    }

    journey_html_table(h, &h->moves[0], "Moves between phases");
    journey_html_table(h, &h->moves[1], "Time from a phase to a later one");
}


/* ---- what drives visitors away ------------------------------------------- */

/* Exits on the pages of a phase, for the hosts of a model; cells of content: 2
 * phase, 5 exits, 8 error, 9 slow, 10 dead end. */

void
journey_html_causes(journey_html_t *h, const journey_str_t *phase)
{
    uint64_t                row, exits, causes[3];
    unsigned                i, n;
    const journey_cell_t   *cell;
    const journey_table_t  *table;

    static const char *const  names[] = {
        "after\xc2\xa0" "an\xc2\xa0" "error", "on\xc2\xa0" "a\xc2\xa0slow page",
        "at\xc2\xa0" "a\xc2\xa0" "dead end"
    };

    table = &h->content[0];
    exits = 0;
    memset(causes, 0, sizeof(causes));

    for (row = 0; row < table->nrows; row++) {
        cell = &table->cells[row * table->ncolumns];

        if (cell[2].null || cell[2].u.str.len != phase->len
            || memcmp(cell[2].u.str.data, phase->data, phase->len) != 0)
        {
            continue;
        }

        exits += cell[5].u.count;

        for (i = 0; i < 3; i++) {
            causes[i] += cell[8 + i].u.count;
        }
    }

    if (exits == 0) {
        return;
    }

    journey_html_raw(h, "<br/>");
    journey_html_counted(h, exits, "session", "sessions");
    journey_html_raw(h, " ended on its pages");

    for (i = 0, n = 0; i < 3; i++) {
        if (causes[i] != 0) {
            journey_html_raw(h, n++ ? ", " : ": ");
            journey_html_count(h, causes[i]);
            journey_html_fmt(h, "\xc2\xa0%s", names[i]);
        }
    }

    if (n == 0) {
        journey_html_raw(h, ", none after an error, on a slow page or at a "
                         "dead end");
    }
}


/* Columns of gaps: 0 phase, 2 pages, 3 visits, 4 channels. */

void
journey_html_gaps(journey_html_t *h)
{
    uint32_t                i;
    uint64_t                row;
    const journey_cell_t   *cell;
    const journey_table_t  *table;

    table = &h->content[1];

    if (table->key == NULL) {
        return;
    }

    journey_html_raw(h, "<h3>Gaps: what the phases lack</h3>\n");

    if (table->nrows == 0) {
        journey_html_raw(h, "<p class=\"note\">None: each phase has pages, "
                         "and journeys of each channel.</p>\n");
        return;
    }

    journey_html_raw(h, "<ul class=\"note\">\n");

    for (row = 0; row < journey_min(table->nrows, JOURNEY_HTML_GAPS); row++) {
        cell = &table->cells[row * table->ncolumns];

        journey_html_raw(h, "<li><b>");
        journey_html_name(h, &cell[0].u.str, JOURNEY_HTML_NAME);
        journey_html_raw(h, "</b>: ");
        journey_html_counted(h, cell[2].u.count, "page", "pages");
        journey_html_raw(h, ", ");
        journey_html_counted(h, cell[3].u.count, "visit", "visits");

        for (i = 0; i < cell[4].u.list.n; i++) {

            if (i == JOURNEY_HTML_ABSENT) {
                journey_html_fmt(h, " and %u more",
                                 (unsigned) (cell[4].u.list.n - i));
                break;
            }

            journey_html_raw(h, i ? ", " : "; no journey came here from ");
            journey_html_name(h, &cell[4].u.list.strs[i], JOURNEY_HTML_NAME);
        }

        journey_html_raw(h, "</li>\n");
    }

    journey_html_raw(h, "</ul>\n");
    journey_html_table(h, table, "Gaps");
}


/* ---- direct -------------------------------------------------------------- */

static void
journey_html_direct_kind(journey_html_t *h, const journey_cell_t *cell)
{
    static const struct {
        const char  *kind;
        const char  *name;
        const char  *more;
    } kinds[] = {
        { "returning", "Coming again", "the visitor was here before" },
        { "deep", "First visit, deep page",
          "a link of a chat, a mail or an app, most likely" },
        { "entry", "First visit, entry page", "the address was typed" },
        { "unknown", "Not known", "the touch is not in these files" }
    };

    unsigned  i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (cell[0].u.str.len == strlen(kinds[i].kind)
            && memcmp(cell[0].u.str.data, kinds[i].kind, cell[0].u.str.len)
               == 0)
        {
            journey_html_fmt(h, "%s<small>%s</small>", kinds[i].name,
                             kinds[i].more);
            return;
        }
    }

    journey_html_str(h, &cell[1].u.str, JOURNEY_HTML_NAME);
}


/* Columns: 0 kind, 1 name, 2 touches, 3 share, 7 conversions, 8 value. */

void
journey_html_direct(journey_html_t *h)
{
    uint64_t                row;
    unsigned                i;
    journey_str_t           note;
    const journey_cell_t   *cell;
    const journey_table_t  *table;

    table = &h->direct;

    if (table->nrows == 0 || h->opts->no_direct) {
        return;
    }

    journey_html_raw(h, "<h3>Direct: what it probably was</h3>\n"
                     "<ol class=\"rows\">\n");

    for (row = 0; row < table->nrows; row++) {
        cell = &table->cells[row * table->ncolumns];

        journey_html_raw(h, "<li><div class=\"k\">");
        journey_html_direct_kind(h, cell);
        journey_html_raw(h, "</div><svg width=\"100%\" height=\"22\" "
                         "aria-hidden=\"true\">");
        journey_html_bar(h, cell[3].null ? 0 : cell[3].u.number, 3, 16,
                         "bar c0");
        journey_html_raw(h, "</svg><div class=\"v\">");
        journey_html_counted(h, cell[2].u.count, "touch", "touches");

        if (!cell[3].null) {
            journey_html_raw(h, " (");
            journey_html_share(h, cell[3].u.number);
            journey_html_raw(h, ")");
        }

        journey_html_raw(h, " \xc2\xb7 ");
        journey_html_gain(h, cell[7].u.number, cell[8].u.number);
        journey_html_raw(h, "</div></li>\n");
    }

    journey_html_raw(h, "</ol>\n");

    for (i = 0; i < table->nnotes; i++) {
        journey_html_raw(h, "<p class=\"note\">");
        note.data = (u_char *) table->notes[i];
        note.len = strlen(table->notes[i]);
        journey_html_str(h, &note, 300);
        journey_html_raw(h, ".</p>\n");
    }

    journey_html_table(h, table, "Direct touches");
}
