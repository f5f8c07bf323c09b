
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The parts of a page's URL as a server sees them.
 */


#ifndef JOURNEY_URL_H
#define JOURNEY_URL_H


#include "journey_core.h"


typedef struct {
    journey_str_t    host;              /* lower case, no port */
    journey_str_t    path;              /* decoded, normalised as nginx does */
    journey_str_t    args;              /* raw */
} journey_url_t;


/*
 * Takes an http or https URL, or a path that begins with "/", apart.  buf has
 * url->len + 1 bytes and must live as long as parts.  NULL on success, else
 * what is wrong.
 */
const char *journey_url_parse(journey_url_t *parts, const journey_str_t *url,
    u_char *buf);


#endif /* JOURNEY_URL_H */
