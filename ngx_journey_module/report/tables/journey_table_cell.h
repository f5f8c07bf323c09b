
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Cells of a table as text; for journey_table_text.c alone.
 */


#ifndef JOURNEY_TABLE_CELL_H
#define JOURNEY_TABLE_CELL_H


#include "journey_table.h"


/* 1: it stands at the right of its column, and is never cut. */
int journey_text_is_number(journey_cell_e type);

/* What a cell is as a string; buf has 512 bytes and is used for numbers. */
journey_str_t journey_text_cell(const journey_output_t *out,
    const journey_column_t *column, const journey_cell_t *cell, char *buf);

/* A list in at most width columns.  Returns those used; without a file those
 * that all of it needs. */
unsigned journey_text_list(FILE *file, const journey_cell_t *cell,
    unsigned width);

/* A bar of share of width columns; returns those used. */
unsigned journey_text_bar(FILE *file, double share, unsigned width);


#endif /* JOURNEY_TABLE_CELL_H */
