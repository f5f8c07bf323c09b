
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The part of a client's address that may be used for a purpose.
 */


#ifndef JOURNEY_ADDRESS_H
#define JOURNEY_ADDRESS_H


#include "journey_core.h"


struct sockaddr;

/* Purposes (design, section 10). */

typedef enum {
    JOURNEY_ADDRESS_VISITOR = 0,        /* the daily hash: IPv4, IPv6/64 */
    JOURNEY_ADDRESS_PLACE               /* a geo look-up: IPv4/24, IPv6/48 */
} journey_address_e;

typedef struct {
    u_char       family;                /* 4, 6; 0: none */
    u_char       len;                   /* bytes in data: 0, 3, 4, 6 or 8 */
    u_char       data[8];               /* the leading ones, the rest is 0 */
} journey_address_t;


/*
 * Cuts an address.  An IPv4-mapped IPv6 address (::ffff:0:0/96) is its IPv4
 * address.  Returns JOURNEY_OK, or JOURNEY_DECLINED with family and len 0 when
 * there is no IP address: addr is NULL, a unix socket, another family.
 * addr has the size of its family's structure.
 */
int journey_address_cut(journey_address_t *cut, const struct sockaddr *addr,
    journey_address_e purpose);


#endif /* JOURNEY_ADDRESS_H */
