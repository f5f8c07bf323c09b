
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Country, region and city of an address, by libmaxminddb.
 */


#ifndef JOURNEY_GEO_H
#define JOURNEY_GEO_H


#include "journey_core.h"


struct sockaddr;

typedef struct {
    journey_str_t      country;         /* ISO 3166-1 alpha-2, "DE" */
    journey_str_t      region;          /* ISO 3166-2 without the country */
    journey_str_t      city;            /* English name */
    u_char             buf[2 + 8 + 100];
} journey_place_t;

typedef struct journey_geo_s  journey_geo_t;


/*
 * Opens an mmdb file.  It is read into memory of our own, so that overwriting
 * the file in place cannot hurt a running process; a new file is seen at the
 * next load of the configuration.  An error quotes the path and the library's
 * reason; a file that has no country is an error too.
 */
journey_geo_t *journey_geo_open(journey_pool_t *pool, const char *path,
    journey_error_t *err);

/*
 * Looks an address up, cut first: IPv4 to 24 bits, IPv6 to 48 (IPv4-mapped
 * ones as IPv4).  JOURNEY_DECLINED when nothing is found, the family is
 * another (a unix socket) or the file is broken there; place is then empty.
 * Strings point into place->buf: do not copy it.
 */
int journey_geo_find(const journey_geo_t *geo, const struct sockaddr *addr,
    journey_place_t *place);


#endif /* JOURNEY_GEO_H */
