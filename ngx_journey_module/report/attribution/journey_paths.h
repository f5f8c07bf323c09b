
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Distinct paths of touches and what they ended in: what attribution is
 * computed from.  A touch is a number of the caller's, a channel's as a rule.
 */


#ifndef JOURNEY_PATHS_H
#define JOURNEY_PATHS_H


#include "journey_intern.h"
#include "journey_sum.h"


/* What a path ended in; one of them for each value that differs, so that
 * resampling sees how values vary. */

typedef struct {
    uint32_t              path;
    uint64_t              conversions;
    double                value;        /* of each conversion */
} journey_outcome_t;

typedef struct {
    size_t                first;        /* in touches */
    uint32_t              n;
    uint64_t              conversions;
    uint64_t              nulls;
    journey_sum_t         value;        /* of all conversions */
    uint64_t              aged;         /* conversions whose ages are known */
    journey_sum_t         aged_value;
    size_t                decay;        /* in decays; SIZE_MAX: none has */
} journey_paths_path_t;

typedef struct {
    double                half_life;    /* ms; 0: no time decay */
    unsigned              outcomes_wanted:1;
    unsigned              sorted:1;

    journey_intern_t      keys;         /* arrays of items; number 0 is none */
    journey_paths_path_t       *paths;        /* by number in keys, from 1 */
    uint32_t              npaths;       /* numbers: one more than paths */
    uint32_t              paths_size;

    uint32_t             *touches;      /* the paths' items, by place */
    size_t                ntouches;
    size_t                touches_size;

    uint32_t             *items;        /* the caller's numbers, by place */
    uint32_t              nitems;
    uint32_t              items_size;
    uint32_t             *places;       /* by the caller's number: place + 1 */
    uint32_t              places_size;

    /* for each touch of a path with aged conversions: their credit by time
     * decay, in conversions and in value */

    journey_sum_t       (*decays)[2];
    size_t                ndecays;
    size_t                decays_size;

    journey_outcome_t    *outcomes;     /* if wanted */
    journey_intern_t      outcome_keys;
    uint32_t              noutcomes;
    uint32_t              outcomes_size;

    uint64_t              conversions;
    uint64_t              nulls;
    journey_sum_t         value;
    uint64_t              aged;
    journey_sum_t         aged_value;

    uint32_t             *buf;          /* for a path's places */
    double               *weights;
    uint32_t              buf_size;
} journey_paths_t;


/*
 * half_life, in ms, is that of time decay, 0 for none.  With outcomes each
 * different value of a path is kept, for the bootstrap.  JOURNEY_ERROR when
 * memory is exhausted; to be freed in any case.
 */
int journey_paths_init(journey_paths_t *paths, double half_life,
    unsigned outcomes);
void journey_paths_free(journey_paths_t *paths);

/*
 * Adds a path of n touches, oldest first, n > 0: so many conversions with that
 * value together (not negative), and so many journeys that ended without one.
 * It is what it is to be: after look-back, without direct, collapsed.  ages
 * are those of the touches at the conversions, in ms; NULL: they are unknown,
 * and time decay leaves the conversions out.  Time and memory are linear in n,
 * memory only for a path that is new.  Items are small numbers: memory is
 * linear in the largest.  JOURNEY_ERROR when memory is exhausted.
 */
int journey_paths_add(journey_paths_t *paths, const uint32_t *items,
    const uint64_t *ages, uint32_t n, uint64_t conversions, long double value,
    uint64_t nulls);

/*
 * Puts items in the caller's order, paths in that of their items and outcomes
 * in that of their values, so that what is computed of them does not depend on
 * the order in which they came.  No path can be added then.  JOURNEY_ERROR when
 * memory is exhausted.
 */
int journey_paths_sort(journey_paths_t *paths,
    int (*cmp)(const void *one, const void *two, void *ctx), void *ctx);


/* The path's touches as places in items. */

static inline const uint32_t *
journey_path_touches(const journey_paths_t *paths,
    const journey_paths_path_t *path)
{
    return paths->touches + path->first;
}


#endif /* JOURNEY_PATHS_H */
