
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The configuration that a command uses: --conf, else the one of nginx.
 */


#ifndef JOURNEY_CONFIG_H
#define JOURNEY_CONFIG_H


#include "journey_conf.h"
#include "journey_options.h"


/*
 * *conf is NULL when none was asked for and there is none that can be read.
 * JOURNEY_ERROR, with a message printed, when the one that was asked for or is
 * required cannot be read.
 */
int journey_config_load(journey_pool_t *pool, const journey_options_t *opts,
    unsigned required, journey_conf_t **conf);


#endif /* JOURNEY_CONFIG_H */
