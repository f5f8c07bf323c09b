
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey token: what the value of a journey cookie holds.
 */


#ifndef JOURNEY_TOKEN_CMD_H
#define JOURNEY_TOKEN_CMD_H


#include "journey_options.h"


int journey_token_command(const journey_options_t *opts);


#endif /* JOURNEY_TOKEN_CMD_H */
