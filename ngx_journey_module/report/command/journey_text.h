
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Characters in a terminal.  What prints strings and numbers is in
 * journey_table.h.
 */


#ifndef JOURNEY_TEXT_H
#define JOURNEY_TEXT_H


#include "journey_core.h"


/* 1 for what must not reach a terminal. */
int journey_text_hidden(uint32_t c);

/* 0 for a mark on the character before, 2 for a wide one, else 1. */
unsigned journey_text_columns(uint32_t c);


#endif /* JOURNEY_TEXT_H */
