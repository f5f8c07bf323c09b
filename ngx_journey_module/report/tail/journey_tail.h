
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey tail: logs followed while they are written.
 */


#ifndef JOURNEY_TAIL_H
#define JOURNEY_TAIL_H


#include "journey_options.h"


#define JOURNEY_TAIL_LINES  10


/* Ends when it is told to (SIGINT, SIGTERM) or its reader goes away. */
int journey_tail(const journey_options_t *opts);


#endif /* JOURNEY_TAIL_H */
