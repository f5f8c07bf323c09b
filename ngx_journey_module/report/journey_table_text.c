
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Tables for people: aligned, as wide as the terminal at most, and free of
 * anything a log could make a terminal do.
 */


#include "journey_table.h"
#include "journey_record.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>


#define JOURNEY_TEXT_WIDTH   100        /* where there is no terminal */
#define JOURNEY_TEXT_LEAST   8          /* a column is not made narrower,
                                           but for a bar */
#define JOURNEY_TEXT_BAR     24
#define JOURNEY_TEXT_GAP     2
#define JOURNEY_TEXT_COLUMNS 16

#define JOURNEY_TEXT_BOLD    "\033[1m"
#define JOURNEY_TEXT_DIM     "\033[2m"
#define JOURNEY_TEXT_GREEN   "\033[32m"
#define JOURNEY_TEXT_PLAIN   "\033[0m"


typedef struct {
    uint32_t     first;
    uint32_t     last;
} journey_range_t;

/* Characters that steer a terminal or the direction of writing, or that are
 * not to be seen. */

static const journey_range_t  journey_text_hidden[] = {
    { 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
    { 0x061c, 0x061c }, { 0x180e, 0x180e }, { 0x200b, 0x200f },
    { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
    { 0xfff0, 0xfffb }, { 0xe0000, 0xe0fff }
};

/* The blocks whose characters take no column, and those that take two
 * (Unicode, East Asian Width W and F). */

static const journey_range_t  journey_text_zero[] = {
    { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd },
    { 0x064b, 0x065f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
    { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }
};

static const journey_range_t  journey_text_wide[] = {
    { 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0x33ff },
    { 0x3400, 0x4dbf }, { 0x4e00, 0x9fff }, { 0xa000, 0xa4cf },
    { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },
    { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
    { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd }
};

#define journey_text_in(c, table)                                             \
    journey_text_range(c, table, sizeof(table) / sizeof(table[0]))


static int
journey_text_range(uint32_t c, const journey_range_t *ranges, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return 1;
        }
    }

    return 0;
}


/* The character at *p, U+FFFD for what must not be seen; moves *p on. */

static uint32_t
journey_text_char(const u_char **p, const u_char *end)
{
    size_t    n, i;
    uint32_t  c;

    c = **p;

    if (c < 0x80) {
        (*p)++;
        return (c < 0x20 || c == 0x7f) ? 0xfffd : c;
    }

    n = (c >= 0xf0) ? 4 : (c >= 0xe0) ? 3 : 2;

    /* a sequence is valid when nothing of it would be cut off */

    if (c < 0xc2 || c > 0xf4 || (size_t) (end - *p) < n) {
        (*p)++;
        return 0xfffd;
    }

    c &= 0xff >> (n + 1);

    for (i = 1; i < n; i++) {
        if (((*p)[i] & 0xc0) != 0x80) {
            (*p)++;
            return 0xfffd;
        }

        c = c << 6 | ((*p)[i] & 0x3f);
    }

    *p += n;

    if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff)))
        || (n == 4 && (c < 0x10000 || c > 0x10ffff))
        || journey_text_in(c, journey_text_hidden))
    {
        return 0xfffd;
    }

    return c;
}


static unsigned
journey_text_columns(uint32_t c)
{
    return c < 0x300 ? 1
           : journey_text_in(c, journey_text_zero) ? 0
           : journey_text_in(c, journey_text_wide) ? 2 : 1;
}


unsigned
journey_text_width(const journey_str_t *str)
{
    unsigned       width;
    const u_char  *p, *end;

    width = 0;
    p = str->data;
    end = p + str->len;

    while (p < end) {
        width += journey_text_columns(journey_text_char(&p, end));
    }

    return width;
}


unsigned
journey_text_print(FILE *file, const journey_str_t *str, unsigned width)
{
    unsigned       used, columns, cut;
    uint32_t       c;
    const u_char  *p, *start, *end;

    cut = journey_text_width(str) > width;

    if (cut && width == 0) {
        return 0;
    }

    width -= cut;
    used = 0;
    p = str->data;
    end = p + str->len;

    while (p < end) {
        start = p;
        c = journey_text_char(&p, end);
        columns = journey_text_columns(c);

        if (used + columns > width) {
            break;
        }

        used += columns;

        if (c == 0xfffd) {
            fputs("\xef\xbf\xbd", file);

        } else {
            (void) fwrite(start, 1, p - start, file);
        }
    }

    if (cut) {
        fputs("\xe2\x80\xa6", file);
        used++;
    }

    return used;
}


void
journey_text_count(char *dst, uint64_t n)
{
    char    digits[24];
    size_t  len, i;

    len = (size_t) snprintf(digits, sizeof(digits), "%llu",
                            (unsigned long long) n);

    for (i = 0; i < len; i++) {
        if (i != 0 && (len - i) % 3 == 0) {
            *dst++ = ',';
        }

        *dst++ = digits[i];
    }

    *dst = '\0';
}


void
journey_text_money(char *dst, double value)
{
    char      cents[8];
    uint64_t  whole;

    if (value < 0) {
        *dst++ = '-';
        value = -value;
    }

    if (!(value < 1e15)) {
        snprintf(dst, 32, "%g", value);
        return;
    }

    whole = (uint64_t) (value * 100 + 0.5);

    journey_text_count(dst, whole / 100);
    snprintf(cents, sizeof(cents), ".%02u", (unsigned) (whole % 100));
    strcat(dst, cents);
}


static int
journey_text_is_number(journey_cell_e type)
{
    return type == JOURNEY_CELL_COUNT || type == JOURNEY_CELL_CREDIT
           || type == JOURNEY_CELL_MONEY || type == JOURNEY_CELL_SHARE;
}


/* What a cell is as a string; buf has 512 bytes and is used for numbers. */

static journey_str_t
journey_text_cell(const journey_output_t *out, const journey_column_t *column,
    const journey_cell_t *cell, char *buf)
{
    double         number;
    journey_str_t  str;

    number = cell->u.number;
    str.data = (u_char *) buf;
    buf[0] = '\0';

    if (cell->null) {
        strcpy(buf, "\xe2\x80\x93");                    /* – */

    } else if (column->type == JOURNEY_CELL_STRING) {
        return cell->u.str;

    } else if (column->type == JOURNEY_CELL_COUNT) {
        journey_text_count(buf, cell->u.count);

    } else if (column->type == JOURNEY_CELL_CREDIT) {

        if (number >= 0 && number < 1e15
            && number == (double) (uint64_t) number)
        {
            journey_text_count(buf, (uint64_t) number);

        } else {
            journey_text_money(buf, number);
        }

    } else if (column->type == JOURNEY_CELL_MONEY) {
        journey_text_money(buf, number);

    } else if (column->type == JOURNEY_CELL_SHARE) {
        snprintf(buf, 32, "%.1f %%", 100 * number);

    } else if (column->type == JOURNEY_CELL_TIME) {
        journey_time_format(out->zone, cell->u.count, buf);

    } else if (column->type == JOURNEY_CELL_BOOL) {
        strcpy(buf, cell->u.count ? "yes" : "no");
    }

    str.len = strlen(buf);

    return str;
}


static unsigned
journey_text_list(FILE *file, const journey_cell_t *cell, unsigned width)
{
    uint32_t  i;
    unsigned  used, left;

    if (cell->u.list.n == 0) {
        if (file != NULL) {
            fputs("\xe2\x80\x93", file);
        }

        return 1;
    }

    for (i = 0, used = 0; i < cell->u.list.n; i++) {

        if (i != 0) {
            used += 3;
        }

        left = journey_text_width(&cell->u.list.strs[i]);

        if (file == NULL) {
            used += left;
            continue;
        }

        if (i != 0) {
            fputs(" \xe2\x80\xba ", file);              /* › */
        }

        /* what follows needs room for " › …" at least */

        if (used + left + (i + 1 < cell->u.list.n ? 4 : 0) > width) {

            if (i == 0) {
                return journey_text_print(file, &cell->u.list.strs[0], width);
            }

            fputs("\xe2\x80\xa6", file);
            return used + 1;
        }

        used += journey_text_print(file, &cell->u.list.strs[i], left);
    }

    return used;
}


/* Eighths of a block. */

static unsigned
journey_text_bar(FILE *file, double share, unsigned width)
{
    unsigned  eighths, used;

    eighths = (unsigned) (share * width * 8 + 0.5);

    if (eighths == 0 && share > 0) {
        eighths = 1;
    }

    eighths = journey_min(eighths, 8 * width);

    for (used = 0; eighths >= 8; eighths -= 8, used++) {
        fputs("\xe2\x96\x88", file);
    }

    if (eighths != 0) {
        fprintf(file, "\xe2\x96%c", 0x90 - (int) eighths);
        used++;
    }

    return used;
}


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


void
journey_output_init(journey_output_t *out, FILE *file,
    const journey_zone_t *zone)
{
    long             columns;
    const char      *env;
    struct winsize   size;

    out->file = file;
    out->zone = zone;
    out->width = JOURNEY_TEXT_WIDTH;

    env = getenv("NO_COLOR");
    out->colour = isatty(fileno(file)) && (env == NULL || *env == '\0');

    env = getenv("TERM");

    if (env == NULL || strcmp(env, "dumb") == 0) {
        out->colour = 0;
    }

    env = getenv("COLUMNS");
    columns = (env == NULL) ? 0 : strtol(env, NULL, 10);

    if (isatty(fileno(file)) && ioctl(fileno(file), TIOCGWINSZ, &size) == 0
        && size.ws_col != 0)
    {
        columns = size.ws_col;
    }

    if (columns > 0) {
        out->width = (unsigned) journey_max(journey_min(columns, 1000), 20);
    }
}


/* What a column that can be cut needs: its title stands whole. */

static unsigned
journey_text_least(const journey_column_t *column)
{
    unsigned       width;
    journey_str_t  title;

    width = (column->type == JOURNEY_CELL_BAR) ? 1 : JOURNEY_TEXT_LEAST;

    if (column->title == NULL) {
        return width;
    }

    title.data = (u_char *) column->title;
    title.len = strlen(column->title);

    return journey_max(width, journey_text_width(&title));
}


/* Widths of all columns; the widest that can be cut gives way when the line
 * is too long, then the bar. */

static void
journey_text_widths(journey_output_t *out, const journey_table_t *table,
    unsigned *widths)
{
    char                     buf[512];
    uint64_t                 row;
    unsigned                 i, n, width, total, widest;
    journey_str_t            str;
    const journey_cell_t    *cell;
    const journey_column_t  *column;

    total = 0;

    for (i = 0; i < table->ncolumns; i++) {
        column = &table->columns[i];
        widths[i] = 0;

        if (column->title == NULL) {
            continue;
        }

        str.data = (u_char *) column->title;
        str.len = strlen(column->title);
        width = journey_text_width(&str);

        for (row = 0; row < table->nrows; row++) {
            cell = &table->cells[row * table->ncolumns + i];

            if (column->type == JOURNEY_CELL_BAR) {
                n = JOURNEY_TEXT_BAR;

            } else if (column->type == JOURNEY_CELL_LIST) {
                n = journey_text_list(NULL, cell, 0);

            } else {
                str = journey_text_cell(out, column, cell, buf);
                n = journey_text_width(&str);
            }

            width = journey_max(width, n);
        }

        widths[i] = width;
        total += width + JOURNEY_TEXT_GAP;
    }

    while (total > out->width) {
        widest = table->ncolumns;

        for (i = 0; i < table->ncolumns; i++) {
            if (!journey_text_is_number(table->columns[i].type)
                && widths[i] > journey_text_least(&table->columns[i])
                && (widest == table->ncolumns || widths[i] > widths[widest]))
            {
                widest = i;
            }
        }

        if (widest == table->ncolumns) {
            break;
        }

        widths[widest]--;
        total--;
    }
}


static void
journey_text_row(journey_output_t *out, const journey_table_t *table,
    uint64_t row, const unsigned *widths)
{
    char                     buf[512];
    unsigned                 i, used, pad;
    journey_str_t            str;
    const journey_cell_t    *cell;
    const journey_column_t  *column;

    pad = 0;

    for (i = 0; i < table->ncolumns; i++) {
        column = &table->columns[i];
        cell = &table->cells[row * table->ncolumns + i];

        if (column->title == NULL) {
            continue;
        }

        /* blanks are printed before a cell, so that no line ends in them */

        journey_text_pad(out->file, pad + JOURNEY_TEXT_GAP);

        if (column->type == JOURNEY_CELL_BAR) {
            journey_text_colour(out, JOURNEY_TEXT_GREEN);
            used = journey_text_bar(out->file, cell->u.number, widths[i]);
            journey_text_colour(out, JOURNEY_TEXT_PLAIN);

        } else if (column->type == JOURNEY_CELL_LIST) {
            used = journey_text_list(out->file, cell, widths[i]);

        } else {
            str = journey_text_cell(out, column, cell, buf);
            used = journey_text_width(&str);

            if (journey_text_is_number(column->type) && used < widths[i]) {
                journey_text_pad(out->file, widths[i] - used);
                used = widths[i];
                (void) journey_text_print(out->file, &str, used);

            } else {
                used = journey_text_print(out->file, &str, widths[i]);
            }
        }

        pad = widths[i] - journey_min(used, widths[i]);
    }

    fputc('\n', out->file);
}


static void
journey_text_head(journey_output_t *out, const journey_table_t *table,
    const unsigned *widths)
{
    unsigned       i, used, pad;
    journey_str_t  str;

    journey_text_colour(out, JOURNEY_TEXT_DIM);
    pad = 0;

    for (i = 0; i < table->ncolumns; i++) {
        if (table->columns[i].title == NULL) {
            continue;
        }

        str.data = (u_char *) table->columns[i].title;
        str.len = strlen(table->columns[i].title);
        used = journey_text_width(&str);

        if (used == 0) {
            pad += JOURNEY_TEXT_GAP + widths[i];
            continue;
        }

        journey_text_pad(out->file, pad + JOURNEY_TEXT_GAP);

        if (journey_text_is_number(table->columns[i].type)) {
            journey_text_pad(out->file, widths[i] - used);
            used = widths[i];
        }

        fputs(table->columns[i].title, out->file);
        pad = widths[i] - used;
    }

    journey_text_colour(out, JOURNEY_TEXT_PLAIN);
    fputc('\n', out->file);
}


/* A row as lines "name  value". */

static void
journey_text_block(journey_output_t *out, const journey_table_t *table,
    uint64_t row)
{
    char                     buf[512];
    unsigned                 i, width, used;
    journey_str_t            str;
    const journey_cell_t    *cell;
    const journey_column_t  *column;

    width = 0;

    for (i = 0; i < table->ncolumns; i++) {
        used = (unsigned) strlen(table->columns[i].title);
        width = journey_max(width, used);
    }

    for (i = 0; i < table->ncolumns; i++) {
        column = &table->columns[i];
        cell = &table->cells[row * table->ncolumns + i];

        journey_text_colour(out, JOURNEY_TEXT_DIM);
        fprintf(out->file, "  %-*s", (int) width, column->title);
        journey_text_colour(out, JOURNEY_TEXT_PLAIN);
        fputs("  ", out->file);

        if (column->type == JOURNEY_CELL_LIST && !cell->null) {
            (void) journey_text_list(out->file, cell, (unsigned) -1);

        } else {
            str = journey_text_cell(out, column, cell, buf);
            (void) journey_text_print(out->file, &str, (unsigned) -1);
        }

        fputc('\n', out->file);
    }
}


void
journey_table_text(journey_output_t *out, const journey_table_t *table)
{
    char      more[32];
    uint64_t  row;
    unsigned  widths[JOURNEY_TEXT_COLUMNS];

    if (table->title != NULL) {
        journey_text_colour(out, JOURNEY_TEXT_BOLD);
        fputs(table->title, out->file);
        journey_text_colour(out, JOURNEY_TEXT_PLAIN);
        fputc('\n', out->file);
    }

    if (table->nrows == 0 && table->more == 0) {
        fprintf(out->file, "  %s\n", table->empty ? table->empty : "none");
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

    journey_text_widths(out, table, widths);
    journey_text_head(out, table, widths);

    for (row = 0; row < table->nrows; row++) {
        journey_text_row(out, table, row, widths);
    }

    if (table->more != 0) {
        journey_text_count(more, table->more);
        journey_text_colour(out, JOURNEY_TEXT_DIM);
        fprintf(out->file, "  \xe2\x80\xa6 and %s more (--limit)\n", more);
        journey_text_colour(out, JOURNEY_TEXT_PLAIN);
    }
}
