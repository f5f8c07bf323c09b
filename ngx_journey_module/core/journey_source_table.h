
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The table of sources from inside: what reading a file fills and a look-up
 * goes through.
 */


#ifndef JOURNEY_SOURCE_TABLE_H
#define JOURNEY_SOURCE_TABLE_H


#include "journey_source.h"


#define JOURNEY_SOURCE_BASIS  2166136261u
#define JOURNEY_SOURCE_PRIME  16777619u


typedef enum {
    JOURNEY_NODE_KEY = 1,
    JOURNEY_NODE_ALIAS,
    JOURNEY_NODE_APP,
    JOURNEY_NODE_HOST,                  /* host and =host */
    JOURNEY_NODE_STAR,                  /* name.* */
    JOURNEY_NODE_LABEL,                 /* label.** */
    JOURNEY_NODE_PREFIX                 /* label-*.** */
} journey_node_e;


typedef struct journey_source_path_s  journey_source_path_t;

struct journey_source_path_s {
    journey_source_path_t    *next;     /* the longer ones first */
    journey_str_t             path;
    journey_source_t         *source;
    unsigned                  whole:1;  /* of =host */
};


typedef struct {
    journey_node_e            type;
    uint32_t                  hash;
    journey_str_t             text;
    journey_source_t         *source;
    journey_source_t         *exact;    /* of =host */
    journey_source_path_t    *paths;
    unsigned                  file;     /* of a key: where it was seen last */
    unsigned                  paid:1;   /* an alias in "ads" or "ad" */
} journey_node_t;


struct journey_sources_s {
    journey_pool_t           *pool;
    journey_node_t          **slots;    /* open addressing, half full */
    size_t                    size;     /* a power of 2 */
    size_t                    count;
    unsigned                  files;
    unsigned                  types;    /* bits of journey_node_e in use */
};


/*
 * The node of that type and text, or NULL.  The hash of a host or of the name
 * in name.* goes from its end to its start, any other is journey_hash().
 */
journey_node_t *journey_sources_find(const journey_sources_t *sources,
    journey_node_e type, uint32_t hash, const u_char *data, size_t len);


#endif /* JOURNEY_SOURCE_TABLE_H */
