
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Tables in terminals of any width: no line is longer than the terminal,
 * numbers stand below each other at their right ends, rows say what they are.
 */


#include "journey_table.h"
#include "tap.h"

#include <stdlib.h>


#define ROWS  3


static char    *text;
static size_t   text_len;


static journey_str_t
str(const char *s)
{
    journey_str_t  str;

    str.data = (u_char *) s;
    str.len = strlen(s);

    return str;
}


static const char *
shown(const journey_table_t *table, unsigned width)
{
    journey_zone_t    zone;
    journey_error_t   err;
    journey_output_t  out;

    free(text);
    text = NULL;

    (void) journey_zone_set(&zone, "UTC", &err);

    memset(&out, 0, sizeof(journey_output_t));
    out.file = open_memstream(&text, &text_len);
    out.zone = &zone;
    out.width = width;

    journey_table_text(&out, table);
    fclose(out.file);

    return text;
}


/* Columns of the longest line. */

static unsigned
widest(const char *p)
{
    unsigned        most, n;
    const char     *end;
    journey_str_t   line;

    for (most = 0; *p != '\0'; p = end + 1) {
        end = strchr(p, '\n');

        line.data = (u_char *) p;
        line.len = end - p;
        n = journey_text_width(&line);

        most = journey_max(most, n);
    }

    return most;
}


/* How often needle is in the text. */

static unsigned
times(const char *p, const char *needle)
{
    unsigned  n;

    for (n = 0; (p = strstr(p, needle)) != NULL; p++) {
        n++;
    }

    return n;
}


static void
fill(journey_table_t *table, const char *const *names)
{
    unsigned         i, k;
    journey_cell_t  *row;

    for (i = 0; i < ROWS; i++) {
        row = journey_table_row(table);

        for (k = 0; k < table->ncolumns; k++) {

            switch (table->columns[k].type) {

            case JOURNEY_CELL_STRING:
                row[k].u.str = str(k == 0 ? names[i] : "EUR");
                break;

            case JOURNEY_CELL_COUNT:
                row[k].u.count = (i == 0) ? 7 : (uint64_t) i * 123456 + k;
                break;

            default:
                row[k].u.number = 0.25 * i;
            }
        }
    }
}


static void
test_widths(void)
{
    unsigned         width, bad, lost;
    const char      *p;
    journey_pool_t  *pool;
    journey_table_t  table;

    static const journey_column_t  columns[] = {
        { "name", "Name", JOURNEY_CELL_STRING },
        { NULL, "", JOURNEY_CELL_BAR },
        { "visits", "Visits", JOURNEY_CELL_COUNT },
        { "conversions", "Conversions", JOURNEY_CELL_COUNT },
        { "share", "Share", JOURNEY_CELL_SHARE },
        { "hidden", NULL, JOURNEY_CELL_COUNT },
        { "value", "Value", JOURNEY_CELL_MONEY },
        { "currency", "", JOURNEY_CELL_STRING }
    };
    static const char *const  names[ROWS] = {
        "organic_search", "organic_social", "direct"
    };

    pool = journey_pool_create();
    memset(&table, 0, sizeof(journey_table_t));
    journey_table_init(&table, pool, "table", "Table", columns, 8);
    fill(&table, names);

    for (width = 30, bad = 0, lost = 0; width <= 200; width++) {
        p = shown(&table, width);
        bad += (widest(p) > width);

        lost += (times(p, "Visits") != 1 || times(p, "Conversions") != 1
                 || times(p, "Share") != 1 || times(p, "Value") != 1
                 || times(p, "123,458") != 1 || times(p, "246,915") != 1
                 || times(p, "50.0 %") != 1 || times(p, "EUR") != 3
                 || times(p, "direct") < 1);
    }

    is_int(bad, 0, "no line is longer than the terminal, from 30 on");
    is_int(lost, 0, "each title and number is there once");

    p = shown(&table, 200);
    ok(times(p, "organic_search ") == 1 && times(p, "Name") == 1,
       "wide: in one piece");

    p = shown(&table, 60);
    ok(strstr(p, "\xe2\x96\x88") == NULL && times(p, "Name") == 1,
       "narrower: without its bar");

    p = shown(&table, 40);
    ok(times(p, "Name") == 2, "narrow: in parts that name rows");
    ok(times(p, "organic_sea\xe2\x80\xa6") == 2
       || times(p, "organic_search") == 2, "rows that differ stay different");
    ok(strstr(p, "0.00  EUR\n") != NULL, "a currency is beside its value");
    ok(strstr(p, " \n") == NULL, "no blanks at the end of lines");

    ok(strstr(p, "      7\n") != NULL || strstr(p, "      7  ") != NULL,
       "numbers stand at the right");

    journey_table_free(&table);
    journey_pool_destroy(pool);
}


/* Its titles are longer than its strings may be cut to. */

static void
test_titles(void)
{
    unsigned         width, bad;
    const char      *p;
    journey_pool_t  *pool;
    journey_table_t  table;

    static const journey_column_t  columns[] = {
        { "name", "A title that is longer than any name",
          JOURNEY_CELL_STRING },
        { "n", "Numbers", JOURNEY_CELL_COUNT },
        { "last", "Another title of some length", JOURNEY_CELL_STRING }
    };
    static const char *const  names[ROWS] = { "a", "b", "c" };

    pool = journey_pool_create();
    memset(&table, 0, sizeof(journey_table_t));
    journey_table_init(&table, pool, "table", NULL, columns, 3);
    fill(&table, names);

    for (width = 30, bad = 0; width <= 120; width++) {
        p = shown(&table, width);
        bad += (widest(p) > width);
    }

    is_int(bad, 0, "long titles are cut, and nothing else is printed");

    p = shown(&table, 30);
    ok(strstr(p, "\xe2\x80\xa6") != NULL && times(p, "Numbers") == 1,
       "with an ellipsis");

    p = shown(&table, 120);
    ok(strstr(p, "longer than any name  Numbers  Another") != NULL,
       "where there is room they stand whole");

    journey_table_free(&table);
    journey_pool_destroy(pool);
}


/* All rows are of one host; what tells them apart is the path. */

static void
test_keys(void)
{
    unsigned         i;
    const char      *p;
    journey_pool_t  *pool;
    journey_cell_t  *row;
    journey_table_t  table;

    static const journey_column_t  columns[] = {
        { "host", "Host", JOURNEY_CELL_STRING },
        { "path", "Path", JOURNEY_CELL_STRING },
        { "visits", "Visits", JOURNEY_CELL_COUNT },
        { "exits", "Exits", JOURNEY_CELL_COUNT }
    };
    static const char *const  paths[ROWS] = {
        "/category/mills", "/category/kettles", "/category/scales"
    };

    pool = journey_pool_create();
    memset(&table, 0, sizeof(journey_table_t));
    journey_table_init(&table, pool, "table", NULL, columns, 4);

    for (i = 0; i < ROWS; i++) {
        row = journey_table_row(&table);
        row[0].u.str = str("shop.example");
        row[1].u.str = str(paths[i]);
        row[2].u.count = 1000000 + i;
        row[3].u.count = 1;
    }

    p = shown(&table, 36);

    ok(widest(p) <= 36, "no line is too long");
    ok(times(p, "/category/m") == times(p, "Path")
       && times(p, "/category/k") == times(p, "Path")
       && times(p, "/category/s") == times(p, "Path"),
       "what tells rows apart is in each part, and does");
    is_int(times(p, "Host"), 1, "what does not is in one");

    journey_table_free(&table);
    journey_pool_destroy(pool);
}


/* Wide characters, marks, and what would steer a terminal. */

static void
test_hostile(void)
{
    char             marks[64];
    size_t           len;
    unsigned         i, width, bad;
    const char      *p, *line, *end, *stop;
    journey_pool_t  *pool;
    journey_str_t    part;
    journey_table_t  table;

    static const journey_column_t  columns[] = {
        { "name", "Name", JOURNEY_CELL_STRING },
        { "n", "Visits", JOURNEY_CELL_COUNT }
    };
    const char  *names[ROWS] = {
        "\xe5\x95\x86\xe5\x93\x81\xe4\xb8\x80\xe8\xa6\xa7\xe9\xa0\x81\xe9\x9d"
        "\xa2", marks, "\x1b[2J\xe2\x80\xae\xff\xf0\x9f\x98\x80"
        "\xe0\xb8\x9b\xe0\xb8\xb5\xe0\xb9\x89"
    };

    strcpy(marks, "a");

    for (i = 0, len = 1; i < 20; i++, len += 2) {
        memcpy(marks + len, "\xcc\x81", 3);
    }

    pool = journey_pool_create();
    memset(&table, 0, sizeof(journey_table_t));
    journey_table_init(&table, pool, "table", NULL, columns, 2);
    fill(&table, names);

    part = str(marks);
    is_int(journey_text_width(&part), 1, "marks take no column");

    part = str(names[0]);
    is_int(journey_text_width(&part), 12, "wide characters take two");

    part = str("\xe0\xb8\x9b\xe0\xb8\xb5\xe0\xb9\x89");
    is_int(journey_text_width(&part), 1, "nor do those of Thai");

    part = str("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8");
    is_int(journey_text_width(&part), 2, "a syllable of Hangul in parts");

    for (width = 20, bad = 0; width <= 40; width++) {
        p = shown(&table, width);

        bad += (strpbrk(p, "\x1b\x7f\xff") != NULL);
        bad += (strstr(p, "\xe2\x80\xae") != NULL);
        bad += (widest(p) > width);

        /* the numbers of all rows end in the same column */

        stop = strchr(p, '\n');
        part.data = (u_char *) p;
        part.len = stop - p;
        i = journey_text_width(&part);

        for (line = stop + 1; *line != '\0'; line = end + 1) {
            end = strchr(line, '\n');
            part.data = (u_char *) line;
            part.len = end - line;
            bad += (journey_text_width(&part) != i);
        }
    }

    is_int(bad, 0, "columns stay below each other, and nothing steers");

    p = shown(&table, 40);
    is_int(times(p, "\xcc\x81"), 3, "a pile of marks is cut");

    journey_table_free(&table);
    journey_pool_destroy(pool);
}


static void
test_blocks(void)
{
    unsigned         i, width, bad;
    const char      *p;
    journey_pool_t  *pool;
    journey_cell_t  *row;
    journey_str_t    list[16];
    journey_table_t  table;

    static const journey_column_t  columns[] = {
        { "channels", "channels", JOURNEY_CELL_LIST },
        { "note", "note", JOURNEY_CELL_STRING }
    };

    for (i = 0; i < 16; i++) {
        list[i] = str("organic_search");
    }

    pool = journey_pool_create();
    memset(&table, 0, sizeof(journey_table_t));
    journey_table_init(&table, pool, "table", NULL, columns, 2);
    table.block = 1;

    row = journey_table_row(&table);
    row[0].u.list.strs = list;
    row[0].u.list.n = 16;
    row[1].u.str = str("words that go on and on, and one-that-is-much-longer-"
                       "than-any-line-of-a-terminal-may-ever-be");

    for (width = 40, bad = 0; width <= 200; width++) {
        p = shown(&table, width);
        bad += (widest(p) > width);
        bad += (times(p, "organic_search") != 16);
    }

    is_int(bad, 0, "lists and words go on in lines below");
    ok(strstr(shown(&table, 40), "\n            ") != NULL, "and indented");

    journey_table_free(&table);
    journey_pool_destroy(pool);
}


static void
test_fold(void)
{
    FILE           *file;
    journey_str_t   line;

    free(text);

    file = open_memstream(&text, &text_len);
    line = str("left out: 794 visitors  without a-very-long-cookie-of-theirs");
    journey_text_fold(file, &line, 2, 4, 24);
    fclose(file);

    ok(strcmp(text, "left out: 794 visitors\n    without\n"
              "    a-very-long-cookie-o\n    f-theirs") == 0,
       "folded at blanks, else where a line ends");

    free(text);

    file = open_memstream(&text, &text_len);
    line = str("12 visitors");
    journey_text_fold(file, &line, 2, 4, 80);
    fclose(file);

    ok(strcmp(text, "12 visitors") == 0, "a word as short as the indentation");
}


int
main(void)
{
    test_widths();
    test_titles();
    test_keys();
    test_hostile();
    test_blocks();
    test_fold();

    free(text);

    return done();
}
