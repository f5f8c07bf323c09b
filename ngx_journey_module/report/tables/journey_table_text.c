
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Tables for people: aligned, as wide as the terminal at most, and free of
 * anything a log could make a terminal do.
 */


#include "journey_table.h"
#include "journey_table_cell.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>


#define JOURNEY_TEXT_WIDTH   100        /* where there is no terminal */
#define JOURNEY_TEXT_LEAST   8          /* a string is not cut shorter */
#define JOURNEY_TEXT_DIFFER  16         /* the one that says what a row is is
                                           cut so that rows differ, or to
                                           this */
#define JOURNEY_TEXT_BAR     24
#define JOURNEY_TEXT_BAR_LEAST  6
#define JOURNEY_TEXT_GAP     2
#define JOURNEY_TEXT_COLUMNS 32

#define JOURNEY_TEXT_BOLD    "\033[1m"
#define JOURNEY_TEXT_DIM     "\033[2m"
#define JOURNEY_TEXT_GREEN   "\033[32m"
#define JOURNEY_TEXT_PLAIN   "\033[0m"


typedef struct {
    unsigned                natural;    /* what it wants */
    unsigned                width;      /* what it gets */
    unsigned                least;
    unsigned                shown:1;
    unsigned                wanted:1;   /* shown, in one of the parts */
    unsigned                label:1;    /* it says what a row is */
    unsigned                stays:1;    /* beside the column before */
} journey_text_column_t;

typedef struct {
    journey_output_t       *out;
    const journey_table_t  *table;
    journey_text_column_t   columns[JOURNEY_TEXT_COLUMNS];
} journey_layout_t;


static void
journey_text_pad(FILE *file, unsigned n)
{
    while (n-- > 0) {
        fputc(' ', file);
    }
}


static void
journey_text_colour(journey_output_t *out, const char *colour)
{
    if (out->colour) {
        fputs(colour, out->file);
    }
}


unsigned
journey_text_terminal(FILE *file)
{
    long             columns;
    const char      *env;
    struct winsize   size;

    env = getenv("COLUMNS");
    columns = (env == NULL) ? 0 : strtol(env, NULL, 10);

    if (isatty(fileno(file)) && ioctl(fileno(file), TIOCGWINSZ, &size) == 0
        && size.ws_col != 0)
    {
        columns = size.ws_col;
    }

    return columns <= 0 ? JOURNEY_TEXT_WIDTH
           : (unsigned) journey_max(journey_min(columns, 1000), 20);
}


void
journey_output_init(journey_output_t *out, FILE *file,
    const journey_zone_t *zone)
{
    const char  *env;

    out->file = file;
    out->zone = zone;
    out->width = journey_text_terminal(file);

    env = getenv("NO_COLOR");
    out->colour = isatty(fileno(file)) && (env == NULL || *env == '\0');

    env = getenv("TERM");

    if (env == NULL || strcmp(env, "dumb") == 0) {
        out->colour = 0;
    }

}


static journey_str_t
journey_text_title(const journey_column_t *column)
{
    journey_str_t  title;

    title.data = (u_char *) column->title;
    title.len = strlen(column->title);

    return title;
}


/* How wide columns want to be, titles included. */

static void
journey_text_natural(journey_layout_t *l)
{
    char                     buf[512];
    uint64_t                 row;
    unsigned                 i, n;
    journey_str_t            str;
    const journey_cell_t    *cell;
    const journey_column_t  *column;

    for (i = 0; i < l->table->ncolumns; i++) {
        column = &l->table->columns[i];
        l->columns[i].width = 0;
        l->columns[i].shown = (column->title != NULL);

        if (column->title == NULL) {
            continue;
        }

        str = journey_text_title(column);
        l->columns[i].width = journey_text_width(&str);
        l->columns[i].stays = (str.len == 0 && i != 0);

        for (row = 0; row < l->table->nrows; row++) {
            cell = &l->table->cells[row * l->table->ncolumns + i];

            if (column->type == JOURNEY_CELL_BAR) {
                n = JOURNEY_TEXT_BAR;

            } else if (column->type == JOURNEY_CELL_LIST) {
                n = journey_text_list(NULL, cell, 0);

            } else {
                str = journey_text_cell(l->out, column, cell, buf);
                n = journey_text_width(&str);
            }

            l->columns[i].width = journey_max(l->columns[i].width, n);
        }

        l->columns[i].natural = l->columns[i].width;
    }
}


static int
journey_text_cmp(const void *one, const void *two)
{
    return journey_strcmp(one, two);
}


/*
 * Columns that strings need to differ although they are cut, up to
 * JOURNEY_TEXT_DIFFER; *unique is 1 when no two rows have the same one.
 */

static unsigned
journey_text_differ(const journey_table_t *table, unsigned column,
    unsigned *unique)
{
    size_t          i, n, len;
    unsigned        most;
    journey_str_t  *strs, same;

    n = table->nrows;
    *unique = 0;

    strs = malloc((n + 1) * sizeof(journey_str_t));
    if (strs == NULL) {
        return JOURNEY_TEXT_DIFFER;
    }

    for (i = 0; i < n; i++) {
        strs[i] = table->cells[i * table->ncolumns + column].u.str;
    }

    qsort(strs, n, sizeof(journey_str_t), journey_text_cmp);

    *unique = 1;

    for (i = 1, most = 0; i < n; i++) {

        for (len = 0; len < strs[i - 1].len && len < strs[i].len; len++) {
            if (strs[i - 1].data[len] != strs[i].data[len]) {
                break;
            }
        }

        if (len == strs[i].len) {
            *unique = 0;
            continue;
        }

        /* what is the same, one that is not, and the ellipsis */

        same.data = strs[i].data;
        same.len = len;
        most = journey_max(most, journey_text_width(&same) + 3);
    }

    free(strs);

    return journey_min(most, JOURNEY_TEXT_DIFFER);
}


/*
 * The columns that are to stand in each part of a table: those at the left,
 * or the one of them that tells all rows from each other.
 */

static void
journey_text_labels(journey_layout_t *l)
{
    unsigned  i, k, n, all, differ, unique;

    all = l->table->ncolumns;

    for (n = 0; n < l->table->ncolumns; n++) {
        if (l->columns[n].shown
            && (journey_text_is_number(l->table->columns[n].type)
                || l->table->columns[n].type == JOURNEY_CELL_BAR))
        {
            break;
        }
    }

    for (i = 0; i < n; i++) {
        l->columns[i].label = l->columns[i].shown;
    }

    /* with none at the left, one elsewhere will do */

    if (n == 0 && l->table->nrows > 1) {
        n = all;
    }

    for (i = 0; i < n; i++) {

        if (!l->columns[i].shown || l->columns[i].stays
            || l->table->columns[i].type != JOURNEY_CELL_STRING)
        {
            continue;
        }

        differ = journey_text_differ(l->table, i, &unique);

        if (n == 1 || unique) {
            l->columns[i].least = journey_max(l->columns[i].least, differ);
        }

        if (unique) {
            break;
        }
    }

    if (i != n) {
        for (k = 0; k < n; k++) {
            l->columns[k].label = (k == i);
        }
    }
}


/* How narrow columns may become before the table is parted. */

static void
journey_text_leasts(journey_layout_t *l)
{
    unsigned                 i, least;
    journey_str_t            title;
    const journey_column_t  *column;

    for (i = 0; i < l->table->ncolumns; i++) {
        column = &l->table->columns[i];
        least = l->columns[i].width;

        if (column->title != NULL && column->type == JOURNEY_CELL_BAR) {
            least = JOURNEY_TEXT_BAR_LEAST;

        } else if (column->title != NULL
                   && !journey_text_is_number(column->type)
                   && column->type != JOURNEY_CELL_TIME)
        {
            title = journey_text_title(column);
            least = journey_max(journey_text_width(&title),
                                column->type == JOURNEY_CELL_LIST
                                ? JOURNEY_TEXT_DIFFER : JOURNEY_TEXT_LEAST);
        }

        l->columns[i].least = least;
    }

    journey_text_labels(l);

    for (i = 0; i < l->table->ncolumns; i++) {
        l->columns[i].least = journey_min(l->columns[i].least,
                                          l->columns[i].width);
    }
}


/* Columns of a line; labels: of what stands in each part only. */

static unsigned
journey_text_total(const journey_layout_t *l, unsigned labels)
{
    unsigned  i, total;

    for (i = 0, total = 0; i < l->table->ncolumns; i++) {
        if (l->columns[i].shown && (!labels || l->columns[i].label)) {
            total += JOURNEY_TEXT_GAP + l->columns[i].width;
        }
    }

    return total;
}


/* Makes columns fit into width; the widest gives way first.  0 when they
 * cannot. */

static int
journey_text_shrink(journey_layout_t *l, unsigned labels, unsigned width)
{
    unsigned  i, n, total, widest;

    n = l->table->ncolumns;

    for (total = journey_text_total(l, labels); total > width; total--) {
        widest = n;

        for (i = 0; i < n; i++) {
            if (l->columns[i].shown && (!labels || l->columns[i].label)
                && l->columns[i].width > l->columns[i].least
                && (widest == n
                    || l->columns[i].width > l->columns[widest].width))
            {
                widest = i;
            }
        }

        if (widest == n) {
            return 0;
        }

        l->columns[widest].width--;
    }

    return 1;
}


/* A bar says nothing that numbers do not. */

static void
journey_text_drop_bars(journey_layout_t *l)
{
    unsigned  i;

    for (i = 0; i < l->table->ncolumns; i++) {
        if (l->table->columns[i].type == JOURNEY_CELL_BAR) {
            l->columns[i].shown = 0;
        }
    }
}


static void
journey_text_row(const journey_layout_t *l, uint64_t row)
{
    FILE                    *file;
    char                     buf[512];
    unsigned                 i, used, pad, width;
    journey_str_t            str;
    const journey_cell_t    *cell;
    const journey_column_t  *column;

    file = l->out->file;
    pad = 0;

    for (i = 0; i < l->table->ncolumns; i++) {
        column = &l->table->columns[i];
        cell = &l->table->cells[row * l->table->ncolumns + i];
        width = l->columns[i].width;

        if (!l->columns[i].shown) {
            continue;
        }

        /* blanks are printed before a cell, so that no line ends in them */

        journey_text_pad(file, pad + JOURNEY_TEXT_GAP);

        if (column->type == JOURNEY_CELL_BAR) {
            journey_text_colour(l->out, JOURNEY_TEXT_GREEN);
            used = journey_text_bar(file, cell->u.number, width);
            journey_text_colour(l->out, JOURNEY_TEXT_PLAIN);

        } else if (column->type == JOURNEY_CELL_LIST) {
            used = journey_text_list(file, cell, width);

        } else {
            str = journey_text_cell(l->out, column, cell, buf);
            used = journey_text_width(&str);

            if (journey_text_is_number(column->type) && used < width) {
                journey_text_pad(file, width - used);
                used = width;
                (void) journey_text_print(file, &str, used);

            } else {
                used = journey_text_print(file, &str, width);
            }
        }

        pad = width - journey_min(used, width);
    }

    fputc('\n', file);
}


static void
journey_text_head(const journey_layout_t *l)
{
    unsigned       i, used, pad, width;
    journey_str_t  str;

    journey_text_colour(l->out, JOURNEY_TEXT_DIM);
    pad = 0;

    for (i = 0; i < l->table->ncolumns; i++) {
        if (!l->columns[i].shown) {
            continue;
        }

        str = journey_text_title(&l->table->columns[i]);
        width = l->columns[i].width;

        if (str.len == 0) {
            pad += JOURNEY_TEXT_GAP + width;
            continue;
        }

        journey_text_pad(l->out->file, pad + JOURNEY_TEXT_GAP);
        used = journey_text_width(&str);

        if (journey_text_is_number(l->table->columns[i].type) && used < width)
        {
            journey_text_pad(l->out->file, width - used);
            pad = 0;

        } else {
            pad = (used < width) ? width - used : 0;
        }

        (void) journey_text_print(l->out->file, &str, width);
    }

    journey_text_colour(l->out, JOURNEY_TEXT_PLAIN);
    fputc('\n', l->out->file);
}


static void
journey_text_rows(const journey_layout_t *l)
{
    uint64_t  row;

    journey_text_head(l);

    for (row = 0; row < l->table->nrows; row++) {
        journey_text_row(l, row);
    }
}


/* As many columns as fit into room, from first on: where the next part begins.
 * One without a title belongs to the one before it, as a currency to its
 * value. */

static unsigned
journey_text_part(const journey_layout_t *l, unsigned first, unsigned room)
{
    unsigned  i, next, used, n;

    n = l->table->ncolumns;

    for (i = first, used = 0; i < n; i = next) {
        next = i;

        do {
            used += l->columns[next].wanted
                    ? JOURNEY_TEXT_GAP + l->columns[next].width : 0;
            next++;
        } while (next < n && l->columns[next].stays);

        if (used > room && i != first) {
            break;
        }
    }

    return i;
}


/*
 * The line is too long for the terminal: several tables below each other, in
 * each of which rows say what they are.
 */

static void
journey_text_parts(journey_layout_t *l)
{
    unsigned  i, first, end, room, n, wanted, parts;

    n = l->table->ncolumns;

    for (i = 0; i < n; i++) {
        l->columns[i].width = l->columns[i].natural;
    }

    /* in half of the line, with titles cut if need be */

    if (!journey_text_shrink(l, 1, l->out->width / 2)) {
        for (i = 0; i < n; i++) {
            l->columns[i].least = journey_min(l->columns[i].least,
                                              JOURNEY_TEXT_LEAST);
        }

        (void) journey_text_shrink(l, 1, l->out->width / 2);
    }

    room = journey_text_total(l, 1);
    room = l->out->width - journey_min(room, l->out->width
                                             - JOURNEY_TEXT_LEAST);

    for (i = 0; i < n; i++) {

        if (l->columns[i].label) {
            continue;
        }

        l->columns[i].wanted = l->columns[i].shown;

        if (!journey_text_is_number(l->table->columns[i].type)) {
            l->columns[i].width = journey_min(l->columns[i].width,
                                              room - JOURNEY_TEXT_GAP);
        }
    }

    for (first = 0, parts = 0; first < n; first = end) {
        end = journey_text_part(l, first, room);

        for (i = 0, wanted = 0; i < n; i++) {
            if (!l->columns[i].label) {
                l->columns[i].shown = (i >= first && i < end
                                       && l->columns[i].wanted);
                wanted += l->columns[i].shown;
            }
        }

        if (wanted != 0) {
            if (parts++ != 0) {
                fputc('\n', l->out->file);
            }

            journey_text_rows(l);
        }
    }

    if (parts == 0) {
        journey_text_rows(l);           /* it has no other columns */
    }
}


/* As it is, with cut strings, without bars, or in parts. */

static void
journey_text_fit(journey_layout_t *l)
{
    if (journey_text_total(l, 0) > l->out->width) {
        journey_text_leasts(l);

        if (!journey_text_shrink(l, 0, l->out->width)) {
            journey_text_drop_bars(l);

            if (!journey_text_shrink(l, 0, l->out->width)) {
                journey_text_parts(l);
                return;
            }
        }
    }

    journey_text_rows(l);
}


/* A row as lines "name  value". */

static void
journey_text_block(journey_output_t *out, const journey_table_t *table,
    uint64_t row)
{
    char                     buf[512];
    uint32_t                 k;
    unsigned                 i, width, used, last;
    journey_str_t            str;
    const journey_cell_t    *cell;
    const journey_column_t  *column;

    width = 0;

    for (i = 0; i < table->ncolumns; i++) {
        str = journey_text_title(&table->columns[i]);
        width = journey_max(width, journey_text_width(&str));
    }

    for (i = 0; i < table->ncolumns; i++) {
        column = &table->columns[i];
        cell = &table->cells[row * table->ncolumns + i];
        str = journey_text_title(column);

        journey_text_colour(out, JOURNEY_TEXT_DIM);
        journey_text_pad(out->file, JOURNEY_TEXT_GAP);
        used = journey_text_print(out->file, &str, (unsigned) -1);
        journey_text_pad(out->file, width - used);
        journey_text_colour(out, JOURNEY_TEXT_PLAIN);
        journey_text_pad(out->file, JOURNEY_TEXT_GAP);

        used = width + 2 * JOURNEY_TEXT_GAP;

        if (column->type != JOURNEY_CELL_LIST || cell->null) {
            str = journey_text_cell(out, column, cell, buf);
            journey_text_fold(out->file, &str, used, used, out->width);
            fputc('\n', out->file);
            continue;
        }

        if (cell->u.list.n == 0) {
            fputs("\xe2\x80\x93", out->file);
        }

        for (k = 0, last = used; k < cell->u.list.n; k++) {
            str = cell->u.list.strs[k];

            if (k != 0) {
                fputs(" \xe2\x80\xba", out->file);
                last += 2;

                if (last + 1 + journey_text_width(&str) + 2 > out->width) {
                    fputc('\n', out->file);
                    journey_text_pad(out->file, used);
                    last = used;

                } else {
                    fputc(' ', out->file);
                    last++;
                }
            }

            last += journey_text_print(out->file, &str, (unsigned) -1);
        }

        fputc('\n', out->file);
    }
}


void
journey_table_text(journey_output_t *out, const journey_table_t *table)
{
    char              more[32];
    uint64_t          row;
    journey_str_t     str;
    journey_layout_t  layout;

    if (table->title != NULL) {
        str.data = (u_char *) table->title;
        str.len = strlen(table->title);

        journey_text_colour(out, JOURNEY_TEXT_BOLD);
        journey_text_fold(out->file, &str, 0, JOURNEY_TEXT_GAP, out->width);
        journey_text_colour(out, JOURNEY_TEXT_PLAIN);
        fputc('\n', out->file);
    }

    if (table->nrows == 0 && table->more == 0) {
        str.data = (u_char *) (table->empty ? table->empty : "none");
        str.len = strlen((char *) str.data);

        journey_text_pad(out->file, JOURNEY_TEXT_GAP);
        journey_text_fold(out->file, &str, JOURNEY_TEXT_GAP, JOURNEY_TEXT_GAP,
                          out->width);
        fputc('\n', out->file);
        return;
    }

    if (table->block) {
        for (row = 0; row < table->nrows; row++) {
            if (row != 0) {
                fputc('\n', out->file);
            }

            journey_text_block(out, table, row);
        }

        return;
    }

    memset(&layout, 0, sizeof(journey_layout_t));
    layout.out = out;
    layout.table = table;

    journey_text_natural(&layout);
    journey_text_fit(&layout);

    if (table->more != 0) {
        journey_text_count(more, table->more);
        journey_text_colour(out, JOURNEY_TEXT_DIM);
        fprintf(out->file, "  \xe2\x80\xa6 and %s more (--limit)\n", more);
        journey_text_colour(out, JOURNEY_TEXT_PLAIN);
    }
}
