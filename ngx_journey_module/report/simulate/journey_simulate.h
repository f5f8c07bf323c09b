
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey simulate: a journey log of visitors that never were, whose channels
 * have effects that are known (journey_simulate_model).
 */


#ifndef JOURNEY_SIMULATE_H
#define JOURNEY_SIMULATE_H


#include "journey_options.h"


int journey_simulate(const journey_options_t *opts);


#endif /* JOURNEY_SIMULATE_H */
