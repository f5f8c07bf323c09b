
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey import --offline: what happened elsewhere (a call, a fair, a sale in
 * the shop) becomes events of the journey log, from CSV.
 */


#ifndef JOURNEY_OFFLINE_H
#define JOURNEY_OFFLINE_H


#include "journey_options.h"


int journey_offline_import(const journey_options_t *opts);


#endif /* JOURNEY_OFFLINE_H */
