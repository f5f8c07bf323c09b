
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Patterns of paths on the command line.
 */


#ifndef JOURNEY_GLOB_H
#define JOURNEY_GLOB_H


#include "journey_core.h"


/* 1 when the pattern is all of the len bytes; "*" is any part, and every other
 * byte itself. */
unsigned journey_glob(const journey_str_t *pattern, const u_char *p,
    size_t len);


#endif /* JOURNEY_GLOB_H */
