
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Strings by number: each different string is kept once.
 */


#ifndef JOURNEY_INTERN_H
#define JOURNEY_INTERN_H


#include "journey_core.h"


#define JOURNEY_INTERN_SMALL  24

/* A short string lies in the table itself: one place in memory less to wait
 * for, and visitors are short. */

typedef struct {
    uint32_t      len;
    uint32_t      hash;
    union {
        u_char    small[JOURNEY_INTERN_SMALL];
        u_char   *large;
    } u;
} journey_interned_t;

typedef struct {
    journey_interned_t   *strings;      /* n of them; number 0 is "" */
    uint32_t              n;

    uint32_t              size;
    uint32_t             *slots;        /* numbers, 0 for a free one */
    uint32_t              mask;
    uint64_t              seed;
    struct journey_intern_block_s  *blocks;
    size_t                bytes;        /* of the blocks */
    unsigned              no_memory:1;
} journey_intern_t;


/* Multiply and fold: every bit of the input reaches every bit of the hash. */

static inline uint64_t
journey_intern_mix(uint64_t a, uint64_t b)
{
    __uint128_t  product;

    product = (__uint128_t) a * b;

    return (uint64_t) product ^ (uint64_t) (product >> 64);
}


/* The seed makes the places of strings unforeseeable; tables that are merged
 * must share it. */
int journey_intern_init(journey_intern_t *in, uint64_t seed);
void journey_intern_free(journey_intern_t *in);

/* The number of the string, which is copied when it is new.  0 when memory
 * is exhausted, with in->no_memory set. */
uint32_t journey_intern(journey_intern_t *in, const u_char *data, size_t len);

/*
 * Takes over all strings of another table, which keeps their memory and must
 * live as long; returns a table from its numbers to ours, to be freed; NULL
 * when memory is exhausted.  The other table's look-ups end.
 */
uint32_t *journey_intern_merge(journey_intern_t *in, journey_intern_t *other);

/* Memory that a table has, bytes. */

static inline uint64_t
journey_intern_memory(const journey_intern_t *in)
{
    return in->size * (uint64_t) sizeof(journey_interned_t)
           + ((uint64_t) in->mask + 1) * sizeof(uint32_t) + in->bytes;
}


/* The string, valid until the next one is added. */

static inline journey_str_t
journey_intern_str(const journey_intern_t *in, uint32_t number)
{
    journey_str_t  str;

    str.len = in->strings[number].len;
    str.data = (str.len > JOURNEY_INTERN_SMALL)
               ? in->strings[number].u.large
               : (u_char *) in->strings[number].u.small;

    return str;
}


/* The order of two strings by what they are: their numbers depend on which
 * thread was first.  Numbers that the table does not have are last. */

static inline int
journey_intern_cmp(const journey_intern_t *in, uint32_t one, uint32_t two)
{
    journey_str_t  x, y;

    if (one == two || one >= in->n || two >= in->n) {
        return one < two ? -1 : one > two;
    }

    x = journey_intern_str(in, one);
    y = journey_intern_str(in, two);

    return journey_strcmp(&x, &y);
}


#endif /* JOURNEY_INTERN_H */
