
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What the tests of attribution share.
 */


#ifndef JOURNEY_TEST_ATTRIBUTION_H
#define JOURNEY_TEST_ATTRIBUTION_H


#include "tap.h"
#include "journey_attribution_run.h"

#include <math.h>


#define HALF    1000.0                  /* ms */


static journey_attr_options_t  opts;


static inline void
defaults(void)
{
    memset(&opts, 0, sizeof(opts));
    opts.models = JOURNEY_ATTR_ALL;
    opts.order = 1;
    opts.direct = JOURNEY_ATTR_NO_ITEM;
    opts.seed = JOURNEY_ATTR_SEED;
}


static inline int
near(long double a, long double b)
{
    return fabsl(a - b) <= 1e-9L * (1 + fabsl(b));
}


/* "abc" is a path of items 0, 1, 2 (a + i: from 0). */

static inline void
add(journey_paths_t *paths, const char *path, uint64_t conversions,
    double value, uint64_t nulls)
{
    uint32_t  i, n, items[64];

    n = (uint32_t) strlen(path);

    for (i = 0; i < n; i++) {
        items[i] = path[i] - 'a';
    }

    if (journey_paths_add(paths, items, NULL, n, conversions, value, nulls)
        != JOURNEY_OK)
    {
        ok(0, "a path is added: %s", path);
    }
}


/* The credit of an item by its number, 0 for one that is in no path. */

static inline double
credit(const journey_attr_t *attr, unsigned model, uint32_t item,
    unsigned which)
{
    uint32_t  i;

    for (i = 0; i < attr->nitems; i++) {
        if (attr->items[i] == item) {
            return which ? attr->models[model][i].value
                         : attr->models[model][i].conversions;
        }
    }

    return 0;
}


static inline double
effect(const journey_attr_t *attr, uint32_t item, unsigned which)
{
    uint32_t  i;

    for (i = 0; i < attr->nitems; i++) {
        if (attr->items[i] == item) {
            return which ? attr->removal_value[i] : attr->removal[i];
        }
    }

    return 0;
}


static inline void
is_credits(const journey_attr_t *attr, unsigned model, const char *name, ...)
{
    int       same;
    double    want, got;
    va_list   args;
    unsigned  i;

    va_start(args, name);

    for (i = 0, same = 1; i < attr->nitems; i++) {
        want = va_arg(args, double);
        got = credit(attr, model, i, 0);

        if (!near(got, want)) {
            printf("#   %c: got %.12g, want %.12g\n", 'a' + i, got, want);
            same = 0;
        }
    }

    va_end(args);

    ok(same, "%s: %s", journey_attr_name(model), name);
}


static inline int
run(journey_attr_t *attr, journey_paths_t *paths)
{
    int              rc;
    journey_error_t  err;

    err.text[0] = '\0';
    rc = journey_attribute(attr, paths, &opts, &err);

    if (rc != JOURNEY_OK) {
        printf("#   %s\n", err.text);
    }

    return rc;
}


#endif /* JOURNEY_TEST_ATTRIBUTION_H */
