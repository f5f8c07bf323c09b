
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_paths.h"

#include <math.h>
#include <stdlib.h>
#include <sys/random.h>


#define JOURNEY_PATHS_TOUCHES  (1U << 29)       /* of one path */


/* Makes room for n elements. */

static int
journey_paths_room(void *array, size_t n, size_t *size, size_t element)
{
    void    *p;
    size_t   more;

    if (n <= *size) {
        return JOURNEY_OK;
    }

    more = *size + *size / 2 + 64;
    more = journey_max(more, n);

    if (more > SIZE_MAX / 2 / element) {
        return JOURNEY_ERROR;
    }

    p = realloc(*(void **) array, more * element);
    if (p == NULL) {
        return JOURNEY_ERROR;
    }

    *(void **) array = p;
    *size = more;

    return JOURNEY_OK;
}


/* The same where sizes have 32 bits. */

static int
journey_paths_grow(void *array, size_t n, uint32_t *size, size_t element)
{
    int     rc;
    size_t  room;

    room = *size;

    rc = journey_paths_room(array, n, &room, element);

    if (room > UINT32_MAX) {
        return JOURNEY_ERROR;
    }

    *size = (uint32_t) room;

    return rc;
}


int
journey_paths_init(journey_paths_t *paths, double half_life,
    unsigned outcomes)
{
    uint64_t  seed;

    memset(paths, 0, sizeof(journey_paths_t));

    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
        seed = (uint64_t) time(NULL) * 0x9e3779b97f4a7c15ULL;
    }

    paths->half_life = half_life;
    paths->outcomes_wanted = (outcomes != 0);
    paths->npaths = 1;

    if (journey_intern_init(&paths->keys, seed) != JOURNEY_OK
        || journey_intern_init(&paths->outcome_keys, seed) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return JOURNEY_OK;
}


void
journey_paths_free(journey_paths_t *paths)
{
    journey_intern_free(&paths->keys);
    journey_intern_free(&paths->outcome_keys);

    free(paths->paths);
    free(paths->touches);
    free(paths->items);
    free(paths->places);
    free(paths->decays);
    free(paths->outcomes);
    free(paths->buf);
    free(paths->weights);
}


/* The place of an item, from 1; 0 when memory is exhausted. */

static uint32_t
journey_paths_place(journey_paths_t *paths, uint32_t item)
{
    uint32_t  size;

    if (item >= paths->places_size) {
        size = paths->places_size;

        if (item == UINT32_MAX
            || journey_paths_grow(&paths->places, (size_t) item + 1,
                                  &paths->places_size, sizeof(uint32_t))
               != JOURNEY_OK)
        {
            return 0;
        }

        memset(paths->places + size, 0,
               (paths->places_size - size) * sizeof(uint32_t));
    }

    if (paths->places[item] == 0) {

        if (journey_paths_grow(&paths->items, (size_t) paths->nitems + 1,
                               &paths->items_size, sizeof(uint32_t))
            != JOURNEY_OK)
        {
            return 0;
        }

        paths->items[paths->nitems++] = item;
        paths->places[item] = paths->nitems;
    }

    return paths->places[item];
}


/* The path of the n places in buf. */

static journey_paths_path_t *
journey_paths_find(journey_paths_t *paths, uint32_t n)
{
    uint32_t         number;
    journey_paths_path_t  *path;

    number = journey_intern(&paths->keys, (u_char *) paths->buf,
                            n * sizeof(uint32_t));

    if (number == 0) {
        return NULL;
    }

    if (number < paths->npaths) {
        return &paths->paths[number];
    }

    if (journey_paths_grow(&paths->paths, (size_t) number + 1,
                           &paths->paths_size, sizeof(journey_paths_path_t))
        != JOURNEY_OK
        || journey_paths_room(&paths->touches, paths->ntouches + n,
                              &paths->touches_size, sizeof(uint32_t))
           != JOURNEY_OK)
    {
        return NULL;
    }

    path = &paths->paths[number];
    memset(path, 0, sizeof(journey_paths_path_t));

    path->first = paths->ntouches;
    path->n = n;
    path->decay = SIZE_MAX;

    memcpy(paths->touches + path->first, paths->buf, n * sizeof(uint32_t));

    paths->ntouches += n;
    paths->npaths = number + 1;

    return path;
}


/* Only the differences of ages matter, so that the youngest touch weighs 1
 * and the sum is never 0. */

static int
journey_paths_decay(journey_paths_t *paths, journey_paths_path_t *path,
    const uint64_t *ages, uint64_t conversions, long double value)
{
    double        *weights;
    uint32_t       i;
    uint64_t       youngest;
    long double    sum, share;

    if (path->decay == SIZE_MAX) {

        if (journey_paths_room(&paths->decays, paths->ndecays + path->n,
                               &paths->decays_size,
                               sizeof(paths->decays[0]))
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        path->decay = paths->ndecays;
        paths->ndecays += path->n;

        memset(paths->decays + path->decay, 0,
               path->n * sizeof(paths->decays[0]));
    }

    weights = paths->weights;
    youngest = ages[0];

    for (i = 1; i < path->n; i++) {
        youngest = journey_min(youngest, ages[i]);
    }

    for (i = 0, sum = 0; i < path->n; i++) {
        weights[i] = exp2(-(double) (ages[i] - youngest) / paths->half_life);
        sum += weights[i];
    }

    for (i = 0; i < path->n; i++) {
        share = weights[i] / sum;
        paths->decays[path->decay + i][0] += share * conversions;
        paths->decays[path->decay + i][1] += share * value;
    }

    path->aged += conversions;
    path->aged_value += value;
    paths->aged += conversions;
    paths->aged_value += value;

    return JOURNEY_OK;
}


static int
journey_paths_outcome(journey_paths_t *paths, uint32_t path,
    uint64_t conversions, long double value)
{
    double              each;
    u_char              key[sizeof(uint32_t) + sizeof(double)];
    uint32_t            number;
    journey_outcome_t  *outcome;

    each = (double) (value / conversions);

    memcpy(key, &path, sizeof(uint32_t));
    memcpy(key + sizeof(uint32_t), &each, sizeof(double));

    number = journey_intern(&paths->outcome_keys, key, sizeof(key));

    if (number == 0) {
        return JOURNEY_ERROR;
    }

    if (number > paths->noutcomes) {

        if (journey_paths_grow(&paths->outcomes, number,
                               &paths->outcomes_size,
                               sizeof(journey_outcome_t))
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        outcome = &paths->outcomes[number - 1];
        outcome->path = path;
        outcome->conversions = 0;
        outcome->value = each;
        paths->noutcomes = number;
    }

    paths->outcomes[number - 1].conversions += conversions;

    return JOURNEY_OK;
}


int
journey_paths_add(journey_paths_t *paths, const uint32_t *items,
    const uint64_t *ages, uint32_t n, uint64_t conversions, long double value,
    uint64_t nulls)
{
    size_t           room;
    uint32_t         i;
    journey_paths_path_t  *path;

    if (n == 0 || n > JOURNEY_PATHS_TOUCHES || paths->sorted) {
        return JOURNEY_ERROR;
    }

    if (n > paths->buf_size) {
        room = paths->buf_size;

        if (journey_paths_room(&paths->buf, n, &room, sizeof(uint32_t))
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        free(paths->weights);
        paths->buf_size = 0;
        paths->weights = malloc(room * sizeof(double));

        if (paths->weights == NULL) {
            return JOURNEY_ERROR;
        }

        paths->buf_size = (uint32_t) room;
    }

    for (i = 0; i < n; i++) {
        paths->buf[i] = journey_paths_place(paths, items[i]);

        if (paths->buf[i]-- == 0) {
            return JOURNEY_ERROR;
        }
    }

    path = journey_paths_find(paths, n);
    if (path == NULL) {
        return JOURNEY_ERROR;
    }

    path->nulls += nulls;
    paths->nulls += nulls;

    if (conversions == 0) {
        return JOURNEY_OK;
    }

    path->conversions += conversions;
    path->value += value;
    paths->conversions += conversions;
    paths->value += value;

    if (ages != NULL && paths->half_life > 0
        && journey_paths_decay(paths, path, ages, conversions, value)
           != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    if (!paths->outcomes_wanted) {
        return JOURNEY_OK;
    }

    return journey_paths_outcome(paths, (uint32_t) (path - paths->paths),
                                 conversions, value);
}


/* By touches, a path before those that go on. */

static int
journey_paths_cmp(const void *one, const void *two, void *ctx)
{
    uint32_t                     i;
    const uint32_t              *x, *y;
    const journey_paths_t       *paths;
    const journey_paths_path_t  *a, *b;

    paths = ctx;
    a = &paths->paths[*(const uint32_t *) one];
    b = &paths->paths[*(const uint32_t *) two];
    x = journey_path_touches(paths, a);
    y = journey_path_touches(paths, b);

    for (i = 0; i < journey_min(a->n, b->n); i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }

    return a->n < b->n ? -1 : a->n > b->n;
}


static int
journey_paths_outcome_cmp(const void *one, const void *two)
{
    const journey_outcome_t  *a, *b;

    a = one;
    b = two;

    if (a->path != b->path) {
        return a->path < b->path ? -1 : 1;
    }

    return a->value < b->value ? -1 : a->value > b->value;
}


/* Items in their order: order has room for them. */

static void
journey_paths_sort_items(journey_paths_t *paths, uint32_t *order,
    int (*cmp)(const void *one, const void *two, void *ctx), void *ctx)
{
    size_t    k;
    uint32_t  i;

    /* what is a place now is found by the item's number */

    for (k = 0; k < paths->ntouches; k++) {
        paths->touches[k] = paths->items[paths->touches[k]];
    }

    memcpy(order, paths->items, paths->nitems * sizeof(uint32_t));
    qsort_r(order, paths->nitems, sizeof(uint32_t), cmp, ctx);

    for (i = 0; i < paths->nitems; i++) {
        paths->items[i] = order[i];
        paths->places[order[i]] = i + 1;
    }

    for (k = 0; k < paths->ntouches; k++) {
        paths->touches[k] = paths->places[paths->touches[k]] - 1;
    }
}


int
journey_paths_sort(journey_paths_t *paths,
    int (*cmp)(const void *one, const void *two, void *ctx), void *ctx)
{
    uint32_t              i, *order, *now;
    journey_paths_path_t  *sorted;

    paths->sorted = 1;

    if (paths->npaths <= 1) {
        return JOURNEY_OK;
    }

    i = journey_max(paths->nitems, paths->npaths);
    order = malloc(i * sizeof(uint32_t));
    now = malloc(paths->npaths * sizeof(uint32_t));
    sorted = malloc(paths->npaths * sizeof(journey_paths_path_t));

    if (order == NULL || now == NULL || sorted == NULL) {
        free(order);
        free(now);
        free(sorted);
        return JOURNEY_ERROR;
    }

    journey_paths_sort_items(paths, order, cmp, ctx);

    for (i = 1; i < paths->npaths; i++) {
        order[i] = i;
    }

    qsort_r(order + 1, paths->npaths - 1, sizeof(uint32_t), journey_paths_cmp,
            paths);

    memset(&sorted[0], 0, sizeof(journey_paths_path_t));

    for (i = 1; i < paths->npaths; i++) {
        sorted[i] = paths->paths[order[i]];
        now[order[i]] = i;
    }

    free(paths->paths);
    paths->paths = sorted;
    paths->paths_size = paths->npaths;

    for (i = 0; i < paths->noutcomes; i++) {
        paths->outcomes[i].path = now[paths->outcomes[i].path];
    }

    if (paths->noutcomes != 0) {
        qsort(paths->outcomes, paths->noutcomes, sizeof(journey_outcome_t),
              journey_paths_outcome_cmp);
    }

    free(order);
    free(now);

    return JOURNEY_OK;
}
