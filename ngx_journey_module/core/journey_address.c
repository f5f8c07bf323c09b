
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include <netinet/in.h>
#include <sys/socket.h>

#include "journey_address.h"


int
journey_address_cut(journey_address_t *cut, const struct sockaddr *addr,
    journey_address_e purpose)
{
    const u_char               *p;
    const struct sockaddr_in6  *sin6;

    memset(cut, 0, sizeof(journey_address_t));

    if (addr == NULL) {
        return JOURNEY_DECLINED;
    }

    switch (addr->sa_family) {

    case AF_INET:
        cut->family = 4;
        p = (const u_char *) &((const struct sockaddr_in *) addr)->sin_addr;
        break;

    case AF_INET6:
        sin6 = (const struct sockaddr_in6 *) addr;
        p = sin6->sin6_addr.s6_addr;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            cut->family = 4;
            p += 12;

        } else {
            cut->family = 6;
        }

        break;

    default:
        return JOURNEY_DECLINED;
    }

    if (purpose == JOURNEY_ADDRESS_VISITOR) {
        cut->len = (cut->family == 4) ? 4 : 8;

    } else {
        cut->len = (cut->family == 4) ? 3 : 6;
    }

    memcpy(cut->data, p, cut->len);

    return JOURNEY_OK;
}
