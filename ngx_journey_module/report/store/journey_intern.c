
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_intern.h"

#include <stdlib.h>


#define JOURNEY_INTERN_BLOCK  (32 * 1024)
#define JOURNEY_INTERN_SIZE   256


typedef struct journey_intern_block_s  journey_intern_block_t;

struct journey_intern_block_s {
    journey_intern_block_t  *next;
    size_t                   used;
    size_t                   size;
};


/* Without the seed nobody can choose strings that share a place. */

static inline uint32_t
journey_intern_hash(uint64_t seed, const u_char *p, size_t len)
{
    size_t    n;
    uint64_t  h, w;

    h = seed ^ (len * 0x9e3779b97f4a7c15ULL);

    for (n = len; n >= 8; n -= 8, p += 8) {
        memcpy(&w, p, 8);
        h = journey_intern_mix(h ^ w, seed | 0x8000000000000001ULL);
    }

    w = 0;
    memcpy(&w, p, n);

    h = journey_intern_mix(h ^ w, 0xd6e8feb86659fd93ULL ^ seed);

    return (uint32_t) (h ^ h >> 32);
}


int
journey_intern_init(journey_intern_t *in, uint64_t seed)
{
    memset(in, 0, sizeof(journey_intern_t));

    in->seed = seed;
    in->size = JOURNEY_INTERN_SIZE;
    in->mask = 2 * JOURNEY_INTERN_SIZE - 1;
    in->strings = malloc(in->size * sizeof(journey_interned_t));
    in->slots = calloc(in->mask + 1, sizeof(uint32_t));

    if (in->strings == NULL || in->slots == NULL) {
        in->no_memory = 1;
        return JOURNEY_ERROR;
    }

    memset(&in->strings[0], 0, sizeof(journey_interned_t));
    in->n = 1;

    return JOURNEY_OK;
}


void
journey_intern_free(journey_intern_t *in)
{
    journey_intern_block_t  *block;

    while (in->blocks != NULL) {
        block = in->blocks;
        in->blocks = block->next;
        free(block);
    }

    free(in->strings);
    free(in->slots);

    in->strings = NULL;
    in->slots = NULL;
}


static int
journey_intern_grow(journey_intern_t *in)
{
    uint32_t             i, mask, place, *slots;
    journey_interned_t  *strings;

    if (in->size >= UINT32_MAX / 4) {
        return JOURNEY_ERROR;
    }

    strings = realloc(in->strings,
                      2 * (size_t) in->size * sizeof(journey_interned_t));
    if (strings == NULL) {
        return JOURNEY_ERROR;
    }

    in->strings = strings;

    mask = 2 * in->mask + 1;
    slots = calloc((size_t) mask + 1, sizeof(uint32_t));
    if (slots == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 1; i < in->n; i++) {
        place = strings[i].hash & mask;

        while (slots[place] != 0) {
            place = (place + 1) & mask;
        }

        slots[place] = i;
    }

    free(in->slots);

    in->slots = slots;
    in->mask = mask;
    in->size *= 2;

    return JOURNEY_OK;
}


static u_char *
journey_intern_copy(journey_intern_t *in, const u_char *data, size_t len)
{
    size_t                   size;
    u_char                  *p;
    journey_intern_block_t  *block;

    block = in->blocks;

    if (block == NULL || block->size - block->used < len) {
        size = journey_max(len, JOURNEY_INTERN_BLOCK);

        block = malloc(sizeof(journey_intern_block_t) + size);
        if (block == NULL) {
            return NULL;
        }

        block->size = size;
        block->used = 0;
        block->next = in->blocks;
        in->blocks = block;
        in->bytes += sizeof(journey_intern_block_t) + size;
    }

    p = (u_char *) (block + 1) + block->used;
    block->used += len;
    memcpy(p, data, len);

    return p;
}


/* Finds or adds; copy is 0 when the string stays where it is. */

static inline uint32_t
journey_intern_add(journey_intern_t *in, u_char *data, size_t len,
    uint32_t hash, unsigned copy)
{
    uint32_t             place, i;
    journey_interned_t  *str;

    for (place = hash & in->mask; in->slots[place] != 0;
         place = (place + 1) & in->mask)
    {
        i = in->slots[place];
        str = &in->strings[i];

        if (str->hash == hash && str->len == len
            && memcmp(len > JOURNEY_INTERN_SMALL ? str->u.large
                                                 : str->u.small,
                      data, len) == 0)
        {
            return i;
        }
    }

    if (in->n == in->size) {
        if (journey_intern_grow(in) != JOURNEY_OK) {
            in->no_memory = 1;
            return 0;
        }

        return journey_intern_add(in, data, len, hash, copy);
    }

    if (copy && len > JOURNEY_INTERN_SMALL) {
        data = journey_intern_copy(in, data, len);
        if (data == NULL) {
            in->no_memory = 1;
            return 0;
        }
    }

    i = in->n++;
    in->slots[place] = i;

    str = &in->strings[i];
    str->len = (uint32_t) len;
    str->hash = hash;

    if (len > JOURNEY_INTERN_SMALL) {
        str->u.large = data;

    } else {
        memcpy(str->u.small, data, len);
    }

    return i;
}


uint32_t
journey_intern(journey_intern_t *in, const u_char *data, size_t len)
{
    if (len == 0) {
        return 0;
    }

    return journey_intern_add(in, (u_char *) data, len,
                              journey_intern_hash(in->seed, data, len), 1);
}


uint32_t *
journey_intern_merge(journey_intern_t *in, journey_intern_t *other)
{
    uint32_t             i, *map;
    journey_str_t        str;

    map = malloc(other->n * sizeof(uint32_t));
    if (map == NULL) {
        return NULL;
    }

    map[0] = 0;

    for (i = 1; i < other->n; i++) {
        str = journey_intern_str(other, i);
        map[i] = journey_intern_add(in, str.data, str.len,
                                    other->strings[i].hash, 0);
    }

    free(other->strings);
    free(other->slots);

    other->strings = NULL;
    other->slots = NULL;

    if (in->no_memory) {
        free(map);
        return NULL;
    }

    return map;
}
