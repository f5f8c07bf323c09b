
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey classify: what the module would make of a visit.
 */


#ifndef JOURNEY_CLASSIFY_CMD_H
#define JOURNEY_CLASSIFY_CMD_H


#include "journey_options.h"


int journey_classify_command(const journey_options_t *opts);


#endif /* JOURNEY_CLASSIFY_CMD_H */
