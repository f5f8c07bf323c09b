
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A table: filled once, printed as text, JSON or CSV.
 */


#ifndef JOURNEY_TABLE_H
#define JOURNEY_TABLE_H


#include "journey_core.h"
#include "journey_options.h"

#include <stdio.h>


#define journey_plural(n, one, many)  ((n) == 1 ? one : many)


typedef enum {
    JOURNEY_CELL_STRING = 0,
    JOURNEY_CELL_COUNT,                 /* whole number */
    JOURNEY_CELL_CREDIT,                /* double, whole more often than not */
    JOURNEY_CELL_MONEY,                 /* double */
    JOURNEY_CELL_SHARE,                 /* double, 0 to 1; text: per cent */
    JOURNEY_CELL_TIME,                  /* ms since 1970 */
    JOURNEY_CELL_BOOL,
    JOURNEY_CELL_LIST,                  /* strings */
    JOURNEY_CELL_BAR                    /* double: share of a full bar */
} journey_cell_e;


typedef struct {
    const char            *key;         /* of JSON and CSV; NULL: text only */
    const char            *title;       /* of text; NULL: not in text */
    journey_cell_e         type;
} journey_column_t;

typedef struct {
    unsigned               null;
    union {
        journey_str_t      str;
        uint64_t           count;
        double             number;
        struct {
            journey_str_t *strs;
            uint32_t       n;
        } list;
    } u;
} journey_cell_t;


#define JOURNEY_TABLE_NOTES  8

typedef struct {
    const char              *key;       /* of JSON */
    const char              *title;     /* of text */
    const journey_column_t  *columns;
    unsigned                 ncolumns;
    unsigned                 object:1;  /* its one row is no array in JSON */
    unsigned                 block:1;   /* text: names beside values */
    journey_cell_t          *cells;
    uint64_t                 nrows;
    uint64_t                 size;
    uint64_t                 more;      /* rows that a limit left out */
    const char              *empty;     /* text when there is no row */
    const char              *members;   /* JSON: these stand for the table,
                                           key and all; NULL: none do */
    journey_pool_t          *pool;      /* of lists */
    const char              *notes[JOURNEY_TABLE_NOTES];    /* what a reader
                                           has to know besides */
    unsigned                 nnotes;
    unsigned                 no_memory:1;       /* a note is missing */
} journey_table_t;


/* pool owns what is not the caller's. */
void journey_table_init(journey_table_t *table, journey_pool_t *pool,
    const char *key, const char *title, const journey_column_t *columns,
    unsigned ncolumns);
void journey_table_free(journey_table_t *table);

/* Adds a note; one that memory is lacking for is told by no_memory. */
void journey_table_note(journey_table_t *table, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The cells of a new row, all zero; NULL when memory is exhausted. */
journey_cell_t *journey_table_row(journey_table_t *table);


typedef struct {
    FILE                  *file;
    const journey_zone_t  *zone;
    unsigned               width;       /* columns of the terminal */
    unsigned               colour:1;
} journey_output_t;

/* Columns of the terminal that a file is, else of COLUMNS, else 100. */
unsigned journey_text_terminal(FILE *file);

/* Looks at the terminal and its variables. */
void journey_output_init(journey_output_t *out, FILE *file,
    const journey_zone_t *zone);

void journey_table_text(journey_output_t *out, const journey_table_t *table);

/* One object with all tables. */
void journey_tables_json(journey_output_t *out, const journey_table_t *tables,
    unsigned n);

/* Tables one after another, an empty line between. */
void journey_tables_csv(journey_output_t *out, const journey_table_t *tables,
    unsigned n);

/*
 * A string as a terminal may see it: control characters, what steers the
 * direction of writing and what is no UTF-8 becomes U+FFFD; at most width
 * columns of it, then "…".  Returns the columns used.
 */
unsigned journey_text_print(FILE *file, const journey_str_t *str,
    unsigned width);

/* Columns that journey_text_print() needs. */
unsigned journey_text_width(const journey_str_t *str);

/*
 * The same of all of it, which goes on in lines of at most width columns,
 * indented by indent; column is where the first line stands.
 */
void journey_text_fold(FILE *file, const journey_str_t *str, unsigned column,
    unsigned indent, unsigned width);

/* "12,345"; dst has 32 bytes. */
void journey_text_count(char *dst, uint64_t n);

/* "1,234.50"; dst has 352 bytes. */
void journey_text_money(char *dst, double value);

/* A sum as it should have come out: 299.7, not 299.70000000000005. */
double journey_round(long double value);


#endif /* JOURNEY_TABLE_H */
