
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Rows of reports: their names, their order, how many there are.
 */


#ifndef JOURNEY_REPORT_ROWS_H
#define JOURNEY_REPORT_ROWS_H


#include "journey_analysis.h"
#include "journey_table.h"


#define journey_columns(array)  array, sizeof(array) / sizeof(array[0])


typedef int (*journey_report_cmp_pt)(const void *one, const void *two,
    void *a);


/* By number; the row of folded groups has a name for people and one for
 * machines. */
journey_str_t journey_report_name(const journey_analysis_t *a, uint32_t name);

/* An empty string is null. */
void journey_report_string(journey_cell_t *cell, journey_str_t str);

/* A copy of the columns in which some can be changed. */
journey_column_t *journey_report_columns(journey_pool_t *pool,
    const journey_column_t *columns, unsigned n);

/* The numbers 0 to n - 1 of those that are wanted, sorted; to be freed.  NULL
 * when memory is exhausted. */
uint32_t *journey_report_sorted(const journey_analysis_t *a, uint32_t n,
    int (*wanted)(const journey_analysis_t *a, uint32_t i),
    journey_report_cmp_pt cmp, uint32_t *nsorted);

/* Which pages have a row, and their order. */
int journey_report_has_page(const journey_analysis_t *a, uint32_t i);
int journey_report_page_cmp(const void *one, const void *two, void *ctx);

/* Host, path and phase of a page into three cells. */
void journey_report_page(journey_cell_t *cell, const journey_analysis_t *a,
    uint32_t number);

/* The number of rows out of n; the others are told to the table. */
uint32_t journey_report_limit(journey_table_t *table, uint32_t n, long limit);

/* The name of the value's column: with its currency, none without values. */
const char *journey_report_value(const journey_analysis_t *a);

/* A span of time as "3 d 4 h": the two largest units.  JOURNEY_ERROR when
 * memory is exhausted. */
int journey_report_span(journey_cell_t *cell, journey_pool_t *pool, double ms);

/* The hosts of a model: "a.example, b.example and 3 more". */
journey_str_t journey_report_hosts(const journey_analysis_t *a,
    journey_pool_t *pool, const journey_model_t *model);


#endif /* JOURNEY_REPORT_ROWS_H */
