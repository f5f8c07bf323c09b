
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey import: access logs of nginx and Apache, in the combined format,
 * become a journey log, by the same functions of core/ as the module's.
 */


#ifndef JOURNEY_IMPORT_H
#define JOURNEY_IMPORT_H


#include "journey_options.h"


int journey_import(const journey_options_t *opts);


#endif /* JOURNEY_IMPORT_H */
