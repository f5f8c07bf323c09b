
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Tables, and their forms for machines: JSON (RFC 8259) and CSV (RFC 4180).
 */


#include "journey_table.h"
#include "journey_record.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>


void
journey_table_init(journey_table_t *table, journey_pool_t *pool,
    const char *key, const char *title, const journey_column_t *columns,
    unsigned ncolumns)
{
    memset(table, 0, sizeof(journey_table_t));

    table->pool = pool;
    table->key = key;
    table->title = title;
    table->columns = columns;
    table->ncolumns = ncolumns;
}


void
journey_table_free(journey_table_t *table)
{
    free(table->cells);
}


void
journey_table_note(journey_table_t *table, const char *fmt, ...)
{
    int       len;
    char     *note;
    va_list   args;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);

    if (len < 0 || table->nnotes == JOURNEY_TABLE_NOTES) {
        return;
    }

    note = journey_palloc(table->pool, (size_t) len + 1);

    if (note == NULL) {
        table->no_memory = 1;
        return;
    }

    va_start(args, fmt);
    vsnprintf(note, (size_t) len + 1, fmt, args);
    va_end(args);

    table->notes[table->nnotes++] = note;
}


journey_cell_t *
journey_table_row(journey_table_t *table)
{
    size_t           row;
    uint64_t         size;
    journey_cell_t  *cells;

    row = table->ncolumns * sizeof(journey_cell_t);

    if (table->nrows == table->size) {
        size = table->size ? 2 * table->size : 16;

        cells = realloc(table->cells, size * row);
        if (cells == NULL) {
            return NULL;
        }

        table->cells = cells;
        table->size = size;
    }

    cells = table->cells + table->nrows++ * table->ncolumns;
    memset(cells, 0, row);

    return cells;
}


double
journey_round(long double value)
{
    double  rounded;

    rounded = (double) (roundl(value * 10000) / 10000);

    return fabsl(rounded - value) <= 1e-9L ? rounded : (double) value;
}


static void
journey_json_str(FILE *file, const journey_str_t *str)
{
    size_t   n, len;
    u_char   buf[6 * 512], *end;
    u_char  *p;

    fputc('"', file);

    for (p = str->data, len = str->len; len > 0; p += n, len -= n) {
        n = len;

        if (n > 512) {
            n = journey_utf8_cut(p, len, 512);

            if (n == 0) {
                n = 512;
            }
        }

        end = journey_json_escape(buf, p, n);
        (void) fwrite(buf, 1, end - buf, file);
    }

    fputc('"', file);
}


static void
journey_json_double(FILE *file, double value)
{
    u_char  buf[JOURNEY_JSON_NUMBER_LEN], *end;

    end = journey_json_number(buf, value);
    (void) fwrite(buf, 1, end - buf, file);
}


static void
journey_json_cell(FILE *file, const journey_column_t *column,
    const journey_cell_t *cell)
{
    uint32_t  i;

    if (cell->null) {
        fputs("null", file);
        return;
    }

    switch (column->type) {

    case JOURNEY_CELL_STRING:
        journey_json_str(file, &cell->u.str);
        break;

    case JOURNEY_CELL_COUNT:
    case JOURNEY_CELL_TIME:
        fprintf(file, "%llu", (unsigned long long) cell->u.count);
        break;

    case JOURNEY_CELL_BOOL:
        fputs(cell->u.count ? "true" : "false", file);
        break;

    case JOURNEY_CELL_LIST:
        fputc('[', file);

        for (i = 0; i < cell->u.list.n; i++) {
            if (i != 0) {
                fputc(',', file);
            }

            journey_json_str(file, &cell->u.list.strs[i]);
        }

        fputc(']', file);
        break;

    default:
        journey_json_double(file, cell->u.number);
    }
}


static void
journey_json_row(FILE *file, const journey_table_t *table, uint64_t row)
{
    unsigned               i, n;
    const journey_cell_t  *cells;

    cells = table->cells + row * table->ncolumns;

    fputc('{', file);

    for (i = 0, n = 0; i < table->ncolumns; i++) {
        if (table->columns[i].key == NULL) {
            continue;
        }

        fprintf(file, "%s\"%s\":", n++ ? "," : "", table->columns[i].key);
        journey_json_cell(file, &table->columns[i], &cells[i]);
    }

    fputc('}', file);
}


void
journey_tables_json(journey_output_t *out, const journey_table_t *tables,
    unsigned n)
{
    FILE                   *file;
    uint64_t                row;
    unsigned                i;
    const journey_table_t  *table;

    file = out->file;
    fputc('{', file);

    for (i = 0; i < n; i++) {
        table = &tables[i];

        fputs(i ? ",\n" : "", file);

        if (table->members != NULL) {
            fputs(table->members, file);
            continue;
        }

        fprintf(file, "\"%s\":", table->key);

        if (table->object) {
            journey_json_row(file, table, 0);
            continue;
        }

        fputc('[', file);

        for (row = 0; row < table->nrows; row++) {
            fputs(row ? ",\n" : "\n", file);
            journey_json_row(file, table, row);
        }

        fputc(']', file);
    }

    fputs("}\n", file);
}


/* The length of the character at p, 0 when it is no UTF-8. */

static size_t
journey_csv_char(const u_char *p, size_t len)
{
    size_t  n;
    u_char  copy[4];

    if (*p < 0x80) {
        return 1;
    }

    for (n = 2; n <= journey_min(len, sizeof(copy)); n++) {
        memcpy(copy, p, n);

        if (journey_utf8_mend(copy, n) == 0) {
            return n;
        }
    }

    return 0;
}


/* What is no UTF-8 is U+FFFD, as in JSON. */

static void
journey_csv_bytes(FILE *file, const u_char *p, size_t len)
{
    size_t  i, n;

    for (i = 0; i < len; i += n) {

        if (p[i] == '"') {
            fputc('"', file);
        }

        n = journey_csv_char(p + i, len - i);

        if (n == 1) {
            fputc(p[i], file);

        } else if (n != 0) {
            (void) fwrite(p + i, 1, n, file);

        } else {
            fputs("\xef\xbf\xbd", file);
            n = 1;
        }
    }
}


static void
journey_csv_strs(FILE *file, const journey_str_t *strs, uint32_t n)
{
    size_t    k;
    uint32_t  i;
    unsigned  quote;

    quote = 0;

    for (i = 0; i < n; i++) {
        for (k = 0; k < strs[i].len; k++) {
            quote |= (strs[i].data[k] == '"' || strs[i].data[k] == ','
                      || strs[i].data[k] == '\n' || strs[i].data[k] == '\r');
        }
    }

    if (quote) {
        fputc('"', file);
    }

    for (i = 0; i < n; i++) {
        if (i != 0) {
            fputs(" > ", file);
        }

        journey_csv_bytes(file, strs[i].data, strs[i].len);
    }

    if (quote) {
        fputc('"', file);
    }
}


static void
journey_csv_row(FILE *file, const journey_table_t *table, uint64_t row)
{
    unsigned               i, n;
    const journey_cell_t  *cell;

    for (i = 0, n = 0; i < table->ncolumns; i++) {
        if (table->columns[i].key == NULL) {
            continue;
        }

        if (n++ != 0) {
            fputc(',', file);
        }

        cell = &table->cells[row * table->ncolumns + i];

        if (cell->null) {
            continue;
        }

        if (table->columns[i].type == JOURNEY_CELL_STRING) {
            journey_csv_strs(file, &cell->u.str, 1);

        } else if (table->columns[i].type == JOURNEY_CELL_LIST) {
            journey_csv_strs(file, cell->u.list.strs, cell->u.list.n);

        } else {
            journey_json_cell(file, &table->columns[i], cell);
        }
    }

    fputs("\r\n", file);
}


void
journey_tables_csv(journey_output_t *out, const journey_table_t *tables,
    unsigned n)
{
    FILE                   *file;
    uint64_t                row;
    unsigned                i, k, column, first;
    const journey_table_t  *table;

    file = out->file;
    first = 1;

    for (i = 0; i < n; i++) {
        table = &tables[i];

        if (table->ncolumns == 0) {

            /* it could not be */

            continue;
        }

        if (!first) {
            fputs("\r\n", file);
        }

        first = 0;

        for (k = 0, column = 0; k < table->ncolumns; k++) {
            if (table->columns[k].key != NULL) {
                fprintf(file, "%s%s", column++ ? "," : "",
                        table->columns[k].key);
            }
        }

        fputs("\r\n", file);

        for (row = 0; row < table->nrows; row++) {
            journey_csv_row(file, table, row);
        }
    }
}
