
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What the files that print attribution share.
 */


#ifndef JOURNEY_ATTRIBUTION_PRINT_H
#define JOURNEY_ATTRIBUTION_PRINT_H


#include "journey_attribution_cmd.h"
#include "journey_table.h"


typedef struct {
    const journey_attribution_t  *at;
    const journey_attr_t         *attr;
    FILE                         *file;
    uint32_t                     *rows; /* items, the most credited first */
    uint32_t                      nrows;
    uint64_t                      more;
    const char                   *value;        /* title; NULL: no values */
    const char                   *key;  /* "channel" … */
    journey_pool_t               *pool;
    journey_output_t              out;
} journey_attr_print_t;


/* The name of a row. */
journey_str_t journey_attr_item(const journey_attr_print_t *p, uint32_t row);

/* What has to be known beside the credits: below the headline as text, else on
 * standard error. */
void journey_attr_note(const journey_attr_print_t *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void journey_attr_notes(const journey_attr_print_t *p);

/* Begins with the rows in their order; p->rows is to be freed in any case.  All
 * that follows: JOURNEY_ERROR when memory is exhausted. */
int journey_attr_print_init(journey_attr_print_t *p,
    const journey_attribution_t *at, journey_pool_t *pool, FILE *file);

/* The members "attribution", "markov" and "models" of an object, to p->file. */
int journey_attr_json(journey_attr_print_t *p);

/* The credits as a table of CSV, whose names are those of the touches. */
int journey_attr_csv(journey_attr_print_t *p, journey_table_t *table);

int journey_attr_text(journey_attr_print_t *p);


#endif /* JOURNEY_ATTRIBUTION_PRINT_H */
