
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The rules that turn source, medium and campaign into a channel: own ones
 * and the built-in ones.
 */


#ifndef JOURNEY_CHANNEL_RULE_H
#define JOURNEY_CHANNEL_RULE_H


#include "journey_channel.h"


/* The channel of the first own rule whose conditions all hold, or NULL. */
const journey_name_t *journey_channels_match(
    const journey_channels_t *channels, const journey_visit_t *visit,
    const journey_entry_t *e);

/* Sets e's channel by the built-in rules.  free_listing: a click on a free
 * product listing, which is shopping (section 2, srsltid). */
void journey_channel_decide(journey_entry_t *e, int free_listing);


#endif /* JOURNEY_CHANNEL_RULE_H */
