
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey link: links for journey_redirect, signed ones or short codes with
 * their lines of nginx's map, and their QR codes.
 */


#ifndef JOURNEY_LINK_CMD_H
#define JOURNEY_LINK_CMD_H


#include "journey_options.h"


int journey_link_command(const journey_options_t *opts);


#endif /* JOURNEY_LINK_CMD_H */
