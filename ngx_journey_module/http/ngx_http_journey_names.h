
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What is counted by names that nobody knows beforehand, in the zone: bots by
 * reason, goals with their values by currency.  Names are bounded in number
 * and in bytes, and never forgotten; what has no room is counted together.
 */


#ifndef NGX_HTTP_JOURNEY_NAMES_H
#define NGX_HTTP_JOURNEY_NAMES_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "journey_core.h"


#define NGX_HTTP_JOURNEY_NAME_MAX       64

#define NGX_HTTP_JOURNEY_REASONS        1024    /* names, and bytes of them */
#define NGX_HTTP_JOURNEY_REASONS_TEXT   24000
#define NGX_HTTP_JOURNEY_GOALS          256
#define NGX_HTTP_JOURNEY_GOALS_TEXT     8000
#define NGX_HTTP_JOURNEY_GOAL_SUMS      256     /* of a goal and a currency */


/* A hash table of names.  Their places are those of their counters. */

typedef struct {
    ngx_atomic_t   *slots;              /* where in text, and the length;
                                           0: free */
    ngx_uint_t      n;
    u_char         *text;
    size_t          size;
    size_t          used;               /* under the lock */
} ngx_http_journey_names_t;


typedef struct {
    ngx_http_journey_names_t  names;
    ngx_atomic_t             *counts;   /* n + 1, the last one of the rest */
} ngx_http_journey_reasons_t;


/* What the values of a goal add up to in a currency, in millionths: those
 * above 0, and those below without their sign, so that both only grow. */

typedef struct {
    ngx_atomic_t    key;                /* 0: free */
    uint64_t        plus;
    uint64_t        minus;
} ngx_http_journey_goal_sum_t;

typedef struct {
    ngx_http_journey_names_t      names;
    ngx_atomic_t                 *reached;      /* n + 1, the last one of */
    ngx_atomic_t                 *completed;    /* the rest */
    ngx_http_journey_goal_sum_t  *sums;
} ngx_http_journey_goals_t;


/* In a new zone; NGX_ERROR when it has no room. */
ngx_int_t ngx_http_journey_reasons_init(ngx_slab_pool_t *shpool,
    ngx_http_journey_reasons_t *reasons);
ngx_int_t ngx_http_journey_goals_init(ngx_slab_pool_t *shpool,
    ngx_http_journey_goals_t *goals);

/* Counts a bot's request under its reason; lock-free but for a name that is
 * new, as all that follows. */
void ngx_http_journey_reasons_count(ngx_slab_pool_t *shpool,
    ngx_http_journey_reasons_t *reasons, const journey_str_t *reason);

/* A goal that is not reached yet, but could be. */
void ngx_http_journey_goals_know(ngx_slab_pool_t *shpool,
    ngx_http_journey_goals_t *goals, const journey_str_t *name);

/* Counts a goal; returns its place. */
ngx_uint_t ngx_http_journey_goals_count(ngx_slab_pool_t *shpool,
    ngx_http_journey_goals_t *goals, const journey_str_t *name,
    ngx_uint_t completed);

/* Adds a value, in millionths, of the goal at that place; currency is three
 * capital letters or NULL.  NGX_DECLINED: no room for the currency, or the
 * sum would be too large; nothing is added. */
ngx_int_t ngx_http_journey_goals_add(ngx_http_journey_goals_t *goals,
    ngx_uint_t goal, const u_char *currency, int64_t value);

/* The name at a place below n; NGX_DECLINED when there is none.  It stays
 * where it is. */
ngx_int_t ngx_http_journey_names_get(ngx_http_journey_names_t *names,
    ngx_uint_t i, journey_str_t *name);

/* The goal of a sum, and its currency: three letters and a zero byte, or just
 * that.  NGX_DECLINED for one that is free. */
ngx_int_t ngx_http_journey_goal_sum_key(ngx_http_journey_goal_sum_t *sum,
    ngx_uint_t *goal, u_char currency[4]);


#endif /* NGX_HTTP_JOURNEY_NAMES_H */
