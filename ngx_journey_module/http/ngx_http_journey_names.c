
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "ngx_http_journey_names.h"


/* A slot is the place of a name and its length, in one word: whoever sees it
 * sees the name, too. */

#define NGX_HTTP_JOURNEY_SLOT_SHIFT  8

#define ngx_http_journey_slot_len(slot)                                       \
    ((slot) & ((1 << NGX_HTTP_JOURNEY_SLOT_SHIFT) - 1))

#define ngx_http_journey_slot_text(names, slot)                               \
    ((names)->text + ((slot) >> NGX_HTTP_JOURNEY_SLOT_SHIFT))


/* The name of all that have no slot: never one's own. */

static journey_str_t  ngx_http_journey_rest = journey_string("other");


static void *ngx_http_journey_names_init(ngx_slab_pool_t *shpool,
    ngx_http_journey_names_t *names, ngx_uint_t n, size_t size, size_t more);
static ngx_uint_t ngx_http_journey_names_place(ngx_slab_pool_t *shpool,
    ngx_http_journey_names_t *names, const journey_str_t *name);
static ngx_uint_t ngx_http_journey_names_put(ngx_http_journey_names_t *names,
    ngx_uint_t i, const journey_str_t *name);
static ngx_int_t ngx_http_journey_sum(uint64_t *sum, uint64_t value);


/* Of n names that have size bytes; returns more bytes, all 0.  One piece: less
 * is lost at the ends of pages. */

static void *
ngx_http_journey_names_init(ngx_slab_pool_t *shpool,
    ngx_http_journey_names_t *names, ngx_uint_t n, size_t size, size_t more)
{
    u_char  *p;

    p = ngx_slab_calloc(shpool, n * sizeof(ngx_atomic_t) + more + size);
    if (p == NULL) {
        return NULL;
    }

    names->slots = (ngx_atomic_t *) p;
    p += n * sizeof(ngx_atomic_t);

    names->n = n;
    names->text = p + more;
    names->size = size;
    names->used = 0;

    return p;
}


ngx_int_t
ngx_http_journey_reasons_init(ngx_slab_pool_t *shpool,
    ngx_http_journey_reasons_t *reasons)
{
    reasons->counts = ngx_http_journey_names_init(shpool, &reasons->names,
                                  NGX_HTTP_JOURNEY_REASONS,
                                  NGX_HTTP_JOURNEY_REASONS_TEXT,
                                  (NGX_HTTP_JOURNEY_REASONS + 1)
                                  * sizeof(ngx_atomic_t));

    return (reasons->counts != NULL) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_journey_goals_init(ngx_slab_pool_t *shpool,
    ngx_http_journey_goals_t *goals)
{
    goals->sums = ngx_http_journey_names_init(shpool, &goals->names,
                                  NGX_HTTP_JOURNEY_GOALS,
                                  NGX_HTTP_JOURNEY_GOALS_TEXT,
                                  NGX_HTTP_JOURNEY_GOAL_SUMS
                                  * sizeof(ngx_http_journey_goal_sum_t)
                                  + 2 * (NGX_HTTP_JOURNEY_GOALS + 1)
                                    * sizeof(ngx_atomic_t));
    if (goals->sums == NULL) {
        return NGX_ERROR;
    }

    goals->reached = (ngx_atomic_t *)
                         (goals->sums + NGX_HTTP_JOURNEY_GOAL_SUMS);
    goals->completed = goals->reached + NGX_HTTP_JOURNEY_GOALS + 1;

    return NGX_OK;
}


void
ngx_http_journey_reasons_count(ngx_slab_pool_t *shpool,
    ngx_http_journey_reasons_t *reasons, const journey_str_t *reason)
{
    ngx_uint_t  i;

    i = ngx_http_journey_names_place(shpool, &reasons->names, reason);

    (void) ngx_atomic_fetch_add(&reasons->counts[i], 1);
}


void
ngx_http_journey_goals_know(ngx_slab_pool_t *shpool,
    ngx_http_journey_goals_t *goals, const journey_str_t *name)
{
    (void) ngx_http_journey_names_place(shpool, &goals->names, name);
}


ngx_uint_t
ngx_http_journey_goals_count(ngx_slab_pool_t *shpool,
    ngx_http_journey_goals_t *goals, const journey_str_t *name,
    ngx_uint_t completed)
{
    ngx_uint_t  i;

    i = ngx_http_journey_names_place(shpool, &goals->names, name);

    (void) ngx_atomic_fetch_add(&goals->reached[i], 1);

    if (completed) {
        (void) ngx_atomic_fetch_add(&goals->completed[i], 1);
    }

    return i;
}


/* The place of a name, a new one's too; n, that of the rest, for lack of
 * room. */

static ngx_uint_t
ngx_http_journey_names_place(ngx_slab_pool_t *shpool,
    ngx_http_journey_names_t *names, const journey_str_t *name)
{
    ngx_uint_t         i, k, place;
    journey_str_t      key;
    ngx_atomic_uint_t  slot;

    key.data = name->data;
    key.len = ngx_min(name->len, NGX_HTTP_JOURNEY_NAME_MAX);

    if (key.len == 0 || journey_strcmp(&key, &ngx_http_journey_rest) == 0) {
        return names->n;
    }

    i = journey_hash(key.data, key.len) % names->n;

    for (k = 0; k < names->n; k++) {

        slot = __atomic_load_n(&names->slots[i], __ATOMIC_ACQUIRE);

        if (slot == 0) {

            if (names->size - names->used < key.len) {
                return names->n;
            }

            ngx_shmtx_lock(&shpool->mutex);
            place = ngx_http_journey_names_put(names, i, &key);
            ngx_shmtx_unlock(&shpool->mutex);

            return place;
        }

        if (ngx_http_journey_slot_len(slot) == key.len
            && ngx_memcmp(ngx_http_journey_slot_text(names, slot), key.data,
                          key.len)
               == 0)
        {
            return i;
        }

        i = (i + 1) % names->n;
    }

    return names->n;
}


/* Under the lock: the first free slot from i on, unless somebody else was
 * faster with that name.  A process that dies here leaves at most bytes that
 * no slot names. */

static ngx_uint_t
ngx_http_journey_names_put(ngx_http_journey_names_t *names, ngx_uint_t i,
    const journey_str_t *name)
{
    ngx_uint_t         k;
    ngx_atomic_uint_t  slot;

    for (k = 0; k < names->n; k++) {

        slot = names->slots[i];

        if (slot == 0) {

            if (names->size - names->used < name->len) {
                return names->n;
            }

            ngx_memcpy(names->text + names->used, name->data, name->len);

            slot = (ngx_atomic_uint_t) names->used
                       << NGX_HTTP_JOURNEY_SLOT_SHIFT
                   | name->len;

            names->used += name->len;

            __atomic_store_n(&names->slots[i], slot, __ATOMIC_RELEASE);

            return i;
        }

        if (ngx_http_journey_slot_len(slot) == name->len
            && ngx_memcmp(ngx_http_journey_slot_text(names, slot), name->data,
                          name->len)
               == 0)
        {
            return i;
        }

        i = (i + 1) % names->n;
    }

    return names->n;
}


ngx_int_t
ngx_http_journey_names_get(ngx_http_journey_names_t *names, ngx_uint_t i,
    journey_str_t *name)
{
    ngx_atomic_uint_t  slot;

    slot = __atomic_load_n(&names->slots[i], __ATOMIC_ACQUIRE);

    if (slot == 0) {
        return NGX_DECLINED;
    }

    name->data = ngx_http_journey_slot_text(names, slot);
    name->len = ngx_http_journey_slot_len(slot);

    return NGX_OK;
}


ngx_int_t
ngx_http_journey_goals_add(ngx_http_journey_goals_t *goals, ngx_uint_t goal,
    const u_char *currency, int64_t value)
{
    ngx_uint_t                    i, k;
    ngx_atomic_uint_t             key, found;
    ngx_http_journey_goal_sum_t  *sum;

    key = goal + 1;

    for (i = 0; i < 3; i++) {
        key = key * 32 + (currency != NULL ? currency[i] - 'A' + 1 : 0);
    }

    /* multiplied by an odd number, neighbours part */

    i = ((uint32_t) key * 2654435761U >> 16) % NGX_HTTP_JOURNEY_GOAL_SUMS;

    for (k = 0; k < NGX_HTTP_JOURNEY_GOAL_SUMS; k++) {

        sum = &goals->sums[i];
        found = sum->key;

        if (found == 0 && ngx_atomic_cmp_set(&sum->key, 0, key)) {
            found = key;
        }

        /* another process may just have taken it, for this key too */

        if (found == key || sum->key == key) {
            return (value < 0)
                   ? ngx_http_journey_sum(&sum->minus, (uint64_t) -value)
                   : ngx_http_journey_sum(&sum->plus, (uint64_t) value);
        }

        i = (i + 1) % NGX_HTTP_JOURNEY_GOAL_SUMS;
    }

    return NGX_DECLINED;
}


/* Up to INT64_MAX, some nine million millions. */

static ngx_int_t
ngx_http_journey_sum(uint64_t *sum, uint64_t value)
{
    uint64_t  old;

    old = __atomic_load_n(sum, __ATOMIC_RELAXED);

    do {
        if (value > (uint64_t) INT64_MAX - old) {
            return NGX_DECLINED;
        }

    } while (!__atomic_compare_exchange_n(sum, &old, old + value, 0,
                                          __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED));

    return NGX_OK;
}


ngx_int_t
ngx_http_journey_goal_sum_key(ngx_http_journey_goal_sum_t *sum,
    ngx_uint_t *goal, u_char currency[4])
{
    ngx_uint_t         i;
    ngx_atomic_uint_t  key;

    key = sum->key;

    if (key == 0) {
        return NGX_DECLINED;
    }

    *goal = key / (32 * 32 * 32) - 1;

    ngx_memzero(currency, 4);

    if (key % 32 == 0) {
        return NGX_OK;
    }

    for (i = 3; i > 0; i--) {
        currency[i - 1] = (u_char) ('A' - 1 + key % 32);
        key /= 32;
    }

    return NGX_OK;
}
