
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A visitor handed over from one own site to another, in a link: the state,
 * signed, for some seconds, for certain hosts and for the browser that asked
 * (design, section 5, journey_link).
 */


#ifndef JOURNEY_HANDOVER_H
#define JOURNEY_HANDOVER_H


#include "journey_token.h"


#define JOURNEY_HANDOVER_LIFE    60     /* s */
#define JOURNEY_HANDOVER_HOSTS   16     /* hosts in a token, at most */

/* "_jl=" is no part of it. */
#define JOURNEY_HANDOVER_MAX     ((4 + 4 * JOURNEY_HANDOVER_HOSTS) * 4 / 3    \
                                  + 4 + JOURNEY_TOKEN_MAX)


/* How a host (lower case, no port) stands in a token. */
uint32_t journey_handover_host(const journey_str_t *host);

/*
 * Writes the token at dst, JOURNEY_HANDOVER_MAX bytes, and returns its length;
 * 0 when libcrypto fails or there are no or too many hosts.  agent is the
 * User-Agent header: who gets hold of the link in another browser gets
 * nothing.
 */
size_t journey_handover_encode(const journey_keys_t *keys,
    const uint32_t *hosts, unsigned nhosts, const journey_str_t *agent,
    const journey_state_t *state, uint32_t now, u_char *dst);

/*
 * The way back, on a page of host.  JOURNEY_OK: *state is written.
 * JOURNEY_DECLINED: forged, cut, too old, dated ahead, for other hosts or
 * another browser, or a visitor whose max_age (s) is over.  A host that is a
 * subdomain of one in the token is meant, too.
 */
int journey_handover_decode(const journey_keys_t *keys,
    const journey_str_t *token, const journey_str_t *host,
    const journey_str_t *agent, uint32_t now, uint32_t max_age,
    journey_state_t *state);


#endif /* JOURNEY_HANDOVER_H */
