
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The table of sources: which hosts, apps and utm_source values belong to
 * which engine, network, site … (channels, section 3; design, section 5:
 * the form of conf/sources.conf).
 */


#ifndef JOURNEY_SOURCE_H
#define JOURNEY_SOURCE_H


#include "journey_referrer.h"


typedef enum {
    JOURNEY_KIND_NONE = 0,
    JOURNEY_KIND_SEARCH,
    JOURNEY_KIND_SOCIAL,
    JOURNEY_KIND_VIDEO,
    JOURNEY_KIND_SHOPPING,
    JOURNEY_KIND_AI,
    JOURNEY_KIND_EMAIL,
    JOURNEY_KIND_ADS,
    JOURNEY_KIND_GATEWAY,
    JOURNEY_KIND_GUARD,
    JOURNEY_KIND_SPAM,
    JOURNEY_KIND_LAST
} journey_kind_e;

typedef struct {
    journey_str_t     key;              /* "google" */
    journey_str_t     name;             /* "Google" */
    journey_kind_e    kind;
} journey_source_t;

typedef struct journey_sources_s  journey_sources_t;


/* An empty table; every look-up in it finds nothing. */
journey_sources_t *journey_sources_create(journey_pool_t *pool);

/* Adds a file; entries of later files win.  A wrong line is an error that
 * names file and line.  Look-ups are allowed after any number of loads. */
int journey_sources_load(journey_sources_t *sources, const char *path,
    journey_error_t *err);

/* Look-ups: NULL when nothing is found; no allocation; cost independent of
 * the table's size. */

/* By a parsed referrer: host, or app package; the most specific entry wins. */
const journey_source_t *journey_source_by_referrer(
    const journey_sources_t *sources, const journey_referrer_t *ref);

/*
 * By a value of utm_source: a key, an alias, or a host; name is in lower
 * case.  *paid is set to 1 when it is an alias that ends in "ads" or "ad",
 * else 0.
 */
const journey_source_t *journey_source_by_name(
    const journey_sources_t *sources, const journey_str_t *name, int *paid);

/* By key alone. */
const journey_source_t *journey_source_by_key(
    const journey_sources_t *sources, const journey_str_t *key);

/* "search", …; "" for JOURNEY_KIND_NONE.  And back; JOURNEY_KIND_NONE for an
 * unknown word. */
const journey_str_t *journey_kind_name(journey_kind_e kind);
journey_kind_e journey_kind_parse(const journey_str_t *word);


#endif /* JOURNEY_SOURCE_H */
