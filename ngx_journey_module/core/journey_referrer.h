
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Taking a referrer apart (channels, section 3), and sets of hosts.
 */


#ifndef JOURNEY_REFERRER_H
#define JOURNEY_REFERRER_H


#include "journey_core.h"


/*
 * host is in lower case, without user:pass@, port and trailing dots; for
 * android-app:// it is the package, in lower case.  An IPv6 literal keeps its
 * brackets.  path begins with "/" or is empty, ends before "?" and "#", and
 * points into the value; host points into buf: do not copy.
 */

typedef struct {
    journey_str_t   host;
    journey_str_t   path;
    unsigned        app:1;              /* android-app:// */
    u_char          buf[JOURNEY_HOST_MAX + 1];
} journey_referrer_t;


/*
 * JOURNEY_OK, or JOURNEY_DECLINED when the value is no http, https or
 * android-app URL with a well-formed host (letters, digits, ".", "-", "_",
 * labels of 1 to 63 bytes; or an IPv6 literal): such a referrer is none.
 */
int journey_referrer_parse(journey_referrer_t *ref, const u_char *value,
    size_t len);


/*
 * A host name alone, or an IPv6 literal in brackets: writes it to dst in lower
 * case without trailing dots, at most JOURNEY_HOST_MAX bytes, and returns its
 * length; 0 when it is not well-formed.
 */
size_t journey_host_read(u_char *dst, const u_char *host, size_t len);


/* A set of hosts, each with its subdomains, found in O(length of the host). */

typedef struct journey_hosts_s  journey_hosts_t;

journey_hosts_t *journey_hosts_create(journey_pool_t *pool);

/* Lower-cases; a leading "." or "*." and a port are errors, as is what is no
 * host name. */
int journey_hosts_add(journey_hosts_t *hosts, const journey_str_t *host,
    journey_error_t *err);

/* 1 when host (lower case, as in journey_referrer_t) or a parent of it is in
 * the set; hosts may be NULL. */
int journey_hosts_match(const journey_hosts_t *hosts,
    const journey_str_t *host);

/* 1 when host is domain or a subdomain of it; both in lower case. */
int journey_host_within(const journey_str_t *host,
    const journey_str_t *domain);


#endif /* JOURNEY_REFERRER_H */
