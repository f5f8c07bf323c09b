
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_config.h"

#include <stdio.h>
#include <unistd.h>


#define JOURNEY_CONFIG_DIR  "/etc/nginx/journey"


int
journey_config_load(journey_pool_t *pool, const journey_options_t *opts,
    unsigned required, journey_conf_t **conf)
{
    const char       *dir;
    journey_error_t   err;

    *conf = NULL;
    dir = opts->conf;

    if (dir == NULL) {
        if (access(JOURNEY_CONFIG_DIR "/journey.conf", F_OK) != 0) {
            if (!required) {
                return JOURNEY_OK;
            }

            fprintf(stderr, "journey: %s needs a configuration: --conf DIR, "
                    "or %s\n", opts->command->name, JOURNEY_CONFIG_DIR);
            return JOURNEY_ERROR;
        }

        dir = JOURNEY_CONFIG_DIR;
    }

    err.text[0] = '\0';
    *conf = journey_conf_load(pool, dir, &err);

    if (*conf == NULL) {
        fprintf(stderr, "journey: %s\n", err.text[0] ? err.text
                                                     : "no memory");

        /* a report that nobody asked to use it can do without */

        return (required || opts->conf != NULL) ? JOURNEY_ERROR : JOURNEY_OK;
    }

    return JOURNEY_OK;
}
