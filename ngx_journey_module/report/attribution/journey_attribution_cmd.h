
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey attribution: from logs or from paths to credits.
 */


#ifndef JOURNEY_ATTRIBUTION_CMD_H
#define JOURNEY_ATTRIBUTION_CMD_H


#include "journey_attribution.h"
#include "journey_options.h"
#include "journey_touches.h"


/* What is to be printed, and what has to be known beside it. */

typedef struct {
    const journey_options_t   *opts;
    journey_touches_t         *touches;
    journey_attr_t             attr;
    const journey_analysis_t  *a;       /* NULL: --paths */
    uint64_t                   exempt;  /* events that were left out */
    uint64_t                   bad_lines;
} journey_attribution_t;


int journey_attribution_command(const journey_options_t *opts);

/* Sets an option of the command by its name; JOURNEY_ERROR, with a message
 * unless memory is exhausted, when the value is none. */
int journey_attribution_option(journey_options_t *opts, const char *name,
    const char *value, journey_error_t *err);

/*
 * Reads CSV: its columns have names, path and conversions must be there.  Bad
 * lines are named on standard error, counted and passed over.  JOURNEY_ERROR,
 * with a message printed, when the file cannot be read or memory is exhausted.
 */
int journey_paths_read(journey_touches_t *touches,
    const journey_options_t *opts, uint64_t *bad_lines);

/* One record behind the header, as its fields; a message when it is bad,
 * without one when memory is exhausted. */

typedef struct {
    unsigned                   path;    /* columns */
    unsigned                   conversions;
    unsigned                   value;   /* UINT_MAX: there is none */
    unsigned                   nulls;
    unsigned                   ncolumns;
} journey_paths_columns_t;

int journey_paths_header(journey_paths_columns_t *columns,
    const journey_str_t *fields, unsigned n, journey_error_t *err);
int journey_paths_record(journey_touches_t *touches,
    const journey_options_t *opts, const journey_paths_columns_t *columns,
    const journey_str_t *fields, unsigned n, journey_error_t *err);

/* Credits at->touches, which were filled, by the models wanted (bits), as opts
 * ask for.  JOURNEY_ERROR with a message; at->attr is to be freed in any
 * case. */
int journey_attribution_credit(journey_attribution_t *at, unsigned wanted,
    journey_error_t *err);

/* JOURNEY_ERROR when memory is exhausted. */
int journey_attribution_print(const journey_attribution_t *at);


#endif /* JOURNEY_ATTRIBUTION_CMD_H */
