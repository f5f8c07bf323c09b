
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A folder of configuration as the command reads it: journey.conf in nginx's
 * syntax with its includes (design, section 2, --conf DIR).
 */


#ifndef JOURNEY_CONF_H
#define JOURNEY_CONF_H


#include "journey_agent.h"
#include "journey_channel.h"
#include "journey_phase.h"


/* What both programs need to judge a request, from the http level. */

typedef struct {
    journey_sources_t     *sources;     /* never NULL */
    journey_agents_t      *agents;      /* never NULL, compiled */
    journey_codes_t       *channel_codes;
    journey_codes_t       *phase_codes;
    journey_channels_t    *channels;    /* NULL: no own rules */
    journey_phases_t      *phases;      /* NULL: no model */
    journey_hosts_t       *hosts;       /* NULL: none */
    journey_hosts_t       *ignored;     /* NULL: none */
    journey_goal_t        *goals;
    unsigned               ngoals;
    uint32_t               session;     /* s; 1800 by default */
    unsigned               drop_spam:1;
} journey_conf_t;


/*
 * Reads DIR/journey.conf.  In names of files a leading "journey/" becomes
 * DIR/; other relative names are taken from DIR.  include understands the
 * patterns of glob(3).  Directives and blocks it does not know are passed
 * over whole.  NULL and a text with file and line on an error.
 */
journey_conf_t *journey_conf_load(journey_pool_t *pool, const char *dir,
    journey_error_t *err);


#endif /* JOURNEY_CONF_H */
