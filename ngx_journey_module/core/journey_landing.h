
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Landings that are answered by a redirect (design, section 6.3): which
 * request a browser makes of a Location, and campaign values written down
 * until it comes.
 */


#ifndef JOURNEY_LANDING_H
#define JOURNEY_LANDING_H


#include "journey_query.h"


#define JOURNEY_LANDING_MAX   512       /* bytes that are written */
#define JOURNEY_LANDING_LIFE  30        /* s from the first redirect on */


/*
 * Where a Location leads.  host is in lower case, without user:pass@, port and
 * trailing dots, and points into name: do not copy.  path is decoded, as
 * servers see it: without dot segments, with one slash where there are more.
 * args is raw, without "?" and fragment.
 */

typedef struct {
    journey_str_t   host;               /* len 0: the host that was asked */
    journey_str_t   path;
    journey_str_t   args;
    u_char          name[JOURNEY_HOST_MAX + 1];
} journey_landing_t;


/*
 * Reads a Location as browsers do that asked for base, "/path?args" as it was
 * sent: a URL, "//host/path", a path from the root, one beside base, "?args"
 * alone.  A backslash before "?" is a slash.  rooted 1: whatever it begins
 * with, it is a path of that host.  path is written to buf, which has
 * base->len + location->len + 1 bytes.
 *
 * JOURNEY_DECLINED when it is empty, or of another scheme than http and https,
 * or when its host is not well-formed.
 */
int journey_landing_parse(journey_landing_t *landing,
    const journey_str_t *base, const journey_str_t *location, unsigned rooted,
    u_char *buf);

/*
 * Path and arguments as a number, the same for a journey_landing_t and for the
 * request that comes of it: path decoded, args raw.  How a browser encodes
 * args, and slashes that are doubled, make no difference.
 */
uint32_t journey_landing_hash(const journey_str_t *path,
    const journey_str_t *args);

/*
 * Writes the values of q as a query that journey_query_parse() reads the same,
 * JOURNEY_LANDING_MAX bytes at most: beyond, the term goes, then content,
 * campaign, medium.  Of a click id there is the kind alone, "gclid=1"; click
 * 0: not even that.  Returns the length, 0 when there is nothing to write.
 */
size_t journey_landing_write(u_char *dst, const journey_query_t *q,
    unsigned click);


#endif /* JOURNEY_LANDING_H */
