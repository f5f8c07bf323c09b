
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Events as lines for people.
 */


#ifndef JOURNEY_TAIL_PRINT_H
#define JOURNEY_TAIL_PRINT_H


#include "journey_record.h"
#include "journey_table.h"


typedef struct {
    journey_output_t   out;
    unsigned           terminal:1;      /* of which lines are cut */
    unsigned           raw:1;           /* lines as they are in the log */
    unsigned           hosts:1;         /* more than one was seen */
    journey_str_t      host;            /* the first one; a copy */
    char               day[16];         /* of the line before */
} journey_tail_print_t;


void journey_tail_print_init(journey_tail_print_t *print,
    const journey_options_t *opts);
void journey_tail_print_free(journey_tail_print_t *print);

/* 1 when people who watch a log want to see the event: all asks for pages and
 * errors, too. */
int journey_tail_wanted(const journey_record_t *rec, unsigned all);

/* Prints a line; the log's is printed where lines are to be raw. */
void journey_tail_print(journey_tail_print_t *print,
    const journey_record_t *rec, const journey_str_t *line);


#endif /* JOURNEY_TAIL_PRINT_H */
