
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Which entry speaks for a host that several match, first of all first:
 *
 *   1. those that name the whole host: =host, host, and name.* with nothing
 *      before the name;
 *   2. label-*.** (the longest), then label.**: the first label under any
 *      domain.  label.** wants two more labels, so that mail.** is silent
 *      about mail.example; label-*.** wants one, as deref-* is a domain;
 *   3. those that name a parent, the longest parent first: host, name.*.
 *
 * Among the entries that name the same host one whose path fits goes before
 * all without a path, a longer path before a shorter one; then =host, host,
 * name.* in this order.  A path fits at a boundary of segments: /i/grok fits
 * /i/grok and /i/grok/new, not /i/grokked.
 *
 * Everything lies in one hash table.  Hosts are hashed from their end, so one
 * pass over a host gives the hashes of all of its parents: a look-up costs a
 * few instructions a byte and a few probes a label, whatever the table holds.
 */


#include "journey_source_table.h"


#define JOURNEY_SOURCE_LEVELS  (JOURNEY_HOST_MAX / 2 + 1)


/* A host and its parents, with the hashes of what may name them. */

typedef struct {
    size_t                    start;    /* in the host */
    uint32_t                  host;
    uint32_t                  star[2];
} journey_level_t;

typedef struct {
    journey_str_t             host;
    size_t                    end[2];   /* of the name in name.*; 0: none */
    unsigned                  nlevels;  /* the whole host is the last */
    journey_level_t           levels[JOURNEY_SOURCE_LEVELS];
} journey_levels_t;


static journey_source_t *journey_sources_match(
    const journey_sources_t *sources, const journey_str_t *host,
    const journey_str_t *path);
static void journey_sources_suffix(journey_levels_t *l,
    const journey_str_t *host);
static int journey_sources_in(const char *words, const u_char *word,
    size_t n);
static void journey_sources_levels(journey_levels_t *l,
    const journey_str_t *host);
static journey_source_t *journey_sources_level(
    const journey_sources_t *sources, const journey_levels_t *l, unsigned n,
    const journey_str_t *path);
static journey_source_t *journey_sources_label(
    const journey_sources_t *sources, const journey_str_t *host);


static const journey_str_t  journey_kind_names[JOURNEY_KIND_LAST] = {
    [JOURNEY_KIND_NONE] = journey_string(""),
    [JOURNEY_KIND_SEARCH] = journey_string("search"),
    [JOURNEY_KIND_SOCIAL] = journey_string("social"),
    [JOURNEY_KIND_VIDEO] = journey_string("video"),
    [JOURNEY_KIND_SHOPPING] = journey_string("shopping"),
    [JOURNEY_KIND_AI] = journey_string("ai"),
    [JOURNEY_KIND_EMAIL] = journey_string("email"),
    [JOURNEY_KIND_ADS] = journey_string("ads"),
    [JOURNEY_KIND_GATEWAY] = journey_string("gateway"),
    [JOURNEY_KIND_GUARD] = journey_string("guard"),
    [JOURNEY_KIND_SPAM] = journey_string("spam")
};


const journey_str_t *
journey_kind_name(journey_kind_e kind)
{
    if ((unsigned) kind >= JOURNEY_KIND_LAST) {
        kind = JOURNEY_KIND_NONE;
    }

    return &journey_kind_names[kind];
}


journey_kind_e
journey_kind_parse(const journey_str_t *word)
{
    unsigned  i;

    for (i = 1; i < JOURNEY_KIND_LAST; i++) {
        if (journey_strcmp(&journey_kind_names[i], word) == 0) {
            return (journey_kind_e) i;
        }
    }

    return JOURNEY_KIND_NONE;
}


const journey_source_t *
journey_source_by_key(const journey_sources_t *sources,
    const journey_str_t *key)
{
    journey_node_t  *node;

    node = journey_sources_find(sources, JOURNEY_NODE_KEY,
                                journey_hash(key->data, key->len),
                                key->data, key->len);

    return (node != NULL) ? node->source : NULL;
}


const journey_source_t *
journey_source_by_name(const journey_sources_t *sources,
    const journey_str_t *name, int *paid)
{
    u_char                   buf[JOURNEY_HOST_MAX + 1];
    uint32_t                 hash;
    journey_str_t            host, path;
    journey_node_t          *node;

    *paid = 0;
    hash = journey_hash(name->data, name->len);

    node = journey_sources_find(sources, JOURNEY_NODE_KEY, hash, name->data,
                                name->len);
    if (node != NULL) {
        return node->source;
    }

    node = journey_sources_find(sources, JOURNEY_NODE_ALIAS, hash, name->data,
                                name->len);
    if (node != NULL) {
        *paid = node->paid;
        return node->source;
    }

    if (name->len == 0 || memchr(name->data, '.', name->len) == NULL) {
        return NULL;
    }

    host.data = buf;
    host.len = journey_host_read(buf, name->data, name->len);

    if (host.len == 0) {
        return NULL;
    }

    journey_str_null(&path);

    return journey_sources_match(sources, &host, &path);
}


const journey_source_t *
journey_source_by_referrer(const journey_sources_t *sources,
    const journey_referrer_t *ref)
{
    journey_node_t  *node;

    if (ref->app) {
        node = journey_sources_find(sources, JOURNEY_NODE_APP,
                                    journey_hash(ref->host.data,
                                                 ref->host.len),
                                    ref->host.data, ref->host.len);

        return (node != NULL) ? node->source : NULL;
    }

    return journey_sources_match(sources, &ref->host, &ref->path);
}


static journey_source_t *
journey_sources_match(const journey_sources_t *sources,
    const journey_str_t *host, const journey_str_t *path)
{
    unsigned           n;
    journey_source_t  *source;
    journey_levels_t   l;

    if (sources->count == 0 || host->len == 0 || host->data[0] == '[') {
        return NULL;
    }

    journey_sources_levels(&l, host);

    n = l.nlevels - 1;
    source = journey_sources_level(sources, &l, n, path);

    if (source != NULL) {
        return source;
    }

    source = journey_sources_label(sources, host);

    if (source != NULL) {
        return source;
    }

    /* level 0 is the last label alone, which no pattern names */

    while (n > 1) {
        n--;
        source = journey_sources_level(sources, &l, n, path);

        if (source != NULL) {
            return source;
        }
    }

    return NULL;
}


/*
 * Where the name ends in name.*: before one label that is com, net, org or a
 * country's, and before two that are co.uk, com.au and the like.
 */

static void
journey_sources_suffix(journey_levels_t *l, const journey_str_t *host)
{
    int      country;
    u_char  *p, *start, *label;
    size_t   len;

    l->end[0] = 0;
    l->end[1] = 0;

    start = host->data;
    p = start + host->len;

    for (label = p; label > start && label[-1] != '.'; label--) { /* void */ }

    if (label == start) {
        return;
    }

    len = p - label;

    country = (len == 2 && label[0] >= 'a' && label[0] <= 'z'
               && label[1] >= 'a' && label[1] <= 'z');

    if (!country && (len != 3 || !journey_sources_in("com net org", label, 3)))
    {
        return;
    }

    p = label - 1;
    l->end[0] = p - start;

    if (!country) {
        return;
    }

    for (label = p; label > start && label[-1] != '.'; label--) { /* void */ }

    len = p - label;

    if (label > start
        && ((len == 2 && journey_sources_in("co ne or ac", label, 2))
            || (len == 3
                && journey_sources_in("com net org edu gov", label, 3))))
    {
        l->end[1] = label - 1 - start;
    }
}


/* 1 when word is one of words, which all have n bytes, and a blank between. */

static int
journey_sources_in(const char *words, const u_char *word, size_t n)
{
    for ( ;; ) {
        if (memcmp(words, word, n) == 0) {
            return 1;
        }

        if (words[n] == '\0') {
            return 0;
        }

        words += n + 1;
    }
}


static void
journey_sources_levels(journey_levels_t *l, const journey_str_t *host)
{
    size_t            i;
    u_char            c;
    uint32_t          h, h0, h1;
    journey_level_t  *level;

    l->host = *host;
    l->nlevels = 0;

    journey_sources_suffix(l, host);

    h = JOURNEY_SOURCE_BASIS;
    h0 = JOURNEY_SOURCE_BASIS;
    h1 = JOURNEY_SOURCE_BASIS;

    for (i = host->len; /* void */ ; i--) {

        if (i == 0 || host->data[i - 1] == '.') {
            level = &l->levels[l->nlevels++];
            level->start = i;
            level->host = h;
            level->star[0] = h0;
            level->star[1] = h1;

            if (i == 0) {
                return;
            }
        }

        c = host->data[i - 1];
        h = (h ^ c) * JOURNEY_SOURCE_PRIME;

        if (i <= l->end[0]) {
            h0 = (h0 ^ c) * JOURNEY_SOURCE_PRIME;
        }

        if (i <= l->end[1]) {
            h1 = (h1 ^ c) * JOURNEY_SOURCE_PRIME;
        }
    }
}


/* Among the entries that name this host or parent, the one that speaks. */

static journey_source_t *
journey_sources_level(const journey_sources_t *sources,
    const journey_levels_t *l, unsigned n, const journey_str_t *path)
{
    int                      whole;
    u_char                  *data;
    unsigned                 i;
    journey_node_t          *nodes[3];
    const journey_level_t   *level;
    journey_source_path_t   *p, *best;

    level = &l->levels[n];
    whole = (n == l->nlevels - 1);
    data = l->host.data + level->start;

    nodes[0] = (n == 0) ? NULL
               : journey_sources_find(sources, JOURNEY_NODE_HOST, level->host,
                                      data, l->host.len - level->start);

    for (i = 0; i < 2; i++) {
        nodes[i + 1] = (l->end[i] <= level->start) ? NULL
               : journey_sources_find(sources, JOURNEY_NODE_STAR,
                                      level->star[i], data,
                                      l->end[i] - level->start);
    }

    best = NULL;

    for (i = 0; i < 3 && path->len > 0; i++) {

        if (nodes[i] == NULL) {
            continue;
        }

        /* the first that fits is the node's longest */

        for (p = nodes[i]->paths; p != NULL; p = p->next) {

            if (path->len >= p->path.len && (whole || !p->whole)
                && (path->len == p->path.len
                    || path->data[p->path.len] == '/')
                && memcmp(path->data, p->path.data, p->path.len) == 0)
            {
                break;
            }
        }

        if (p != NULL && (best == NULL || p->path.len > best->path.len)) {
            best = p;
        }
    }

    if (best != NULL) {
        return best->source;
    }

    if (whole && nodes[0] != NULL && nodes[0]->exact != NULL) {
        return nodes[0]->exact;
    }

    for (i = 0; i < 3; i++) {
        if (nodes[i] != NULL && nodes[i]->source != NULL) {
            return nodes[i]->source;
        }
    }

    return NULL;
}


/* label-*.** and label.** */

static journey_source_t *
journey_sources_label(const journey_sources_t *sources,
    const journey_str_t *host)
{
    u_char           *dot, *p;
    uint32_t          hash;
    journey_node_t   *node, *prefix;

    if (!(sources->types
          & (1u << JOURNEY_NODE_LABEL | 1u << JOURNEY_NODE_PREFIX)))
    {
        return NULL;
    }

    dot = memchr(host->data, '.', host->len);
    if (dot == NULL) {
        return NULL;
    }

    prefix = NULL;
    hash = JOURNEY_SOURCE_BASIS;

    for (p = host->data; p < dot; p++) {

        hash = (hash ^ *p) * JOURNEY_SOURCE_PRIME;

        if (*p == '-' && p + 1 < dot) {
            node = journey_sources_find(sources, JOURNEY_NODE_PREFIX, hash,
                                        host->data, p + 1 - host->data);
            prefix = (node != NULL) ? node : prefix;
        }
    }

    if (prefix != NULL) {
        return prefix->source;
    }

    if (memchr(dot + 1, '.', host->data + host->len - (dot + 1)) == NULL) {
        return NULL;
    }

    node = journey_sources_find(sources, JOURNEY_NODE_LABEL, hash, host->data,
                                dot - host->data);

    return (node != NULL) ? node->source : NULL;
}
