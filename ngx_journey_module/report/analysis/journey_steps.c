
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_steps.h"
#include "journey_glob.h"

#include <stdlib.h>


/* How a visitor came to a step: when to each one up to it. */

typedef struct {
    uint64_t                   t[JOURNEY_STEPS_MAX];
    unsigned                   set;
} journey_steps_way_t;

typedef struct journey_steps_walk_s {
    journey_steps_t           *steps;
    const journey_analysis_t  *a;
    uint64_t                   window;
    uint32_t                  *pages;   /* bits of steps, by page */
    uint32_t                  *goals;   /* and by the goal's name */
} journey_steps_walk_t;


int
journey_steps_parse(journey_steps_t *steps, const char *text,
    journey_error_t *err)
{
    size_t                len;
    const char           *p;
    journey_steps_one_t  *step;

    memset(steps, 0, sizeof(journey_steps_t));

    for (p = text; /* void */ ; p += len + 1) {
        len = strcspn(p, ",");

        if (*p != '/' && *p != '*'
            && (strncmp(p, "goal:", 5) != 0 || len == 5))
        {
            return journey_error(err, "the step \"%.*s\" is neither a path "
                                 "nor goal:NAME", (int) len, p);
        }

        if (steps->n == JOURNEY_STEPS_MAX) {
            return journey_error(err, "more than %d steps", JOURNEY_STEPS_MAX);
        }

        step = &steps->steps[steps->n++];
        step->name.data = (u_char *) p;
        step->name.len = len;

        if (p[len] == '\0') {
            break;
        }
    }

    if (steps->n < 2) {
        return journey_error(err, "a funnel has two steps at least");
    }

    return JOURNEY_OK;
}


/* Which steps each page and each goal is. */

static int
journey_steps_match(journey_steps_walk_t *walk)
{
    uint32_t                i;
    unsigned                k;
    journey_str_t           str, *step;
    const u_char           *path;
    const journey_store_t  *store;

    store = walk->a->store;

    walk->pages = calloc(store->all.pages.n, sizeof(uint32_t));
    walk->goals = calloc(store->all.names.n, sizeof(uint32_t));

    if (walk->pages == NULL || walk->goals == NULL) {
        return JOURNEY_ERROR;
    }

    for (k = 0; k < walk->steps->n; k++) {
        step = &walk->steps->steps[k].name;

        if (step->data[0] == 'g') {
            for (i = 1; i < store->all.names.n; i++) {
                str = journey_intern_str(&store->all.names, i);

                if (str.len == step->len - 5
                    && memcmp(str.data, step->data + 5, str.len) == 0)
                {
                    walk->goals[i] |= 1U << k;
                }
            }

            continue;
        }

        for (i = 1; i < store->all.pages.n; i++) {
            str = journey_intern_str(&store->all.pages, i);
            path = memchr(str.data, '\0', str.len);

            if (path != NULL
                && journey_glob(step, path + 1,
                                str.len - (path + 1 - str.data)))
            {
                walk->pages[i] |= 1U << k;
            }
        }
    }

    return JOURNEY_OK;
}


static uint32_t
journey_steps_of(const journey_steps_walk_t *walk, const journey_ev_t *ev)
{
    if (ev->kind == JOURNEY_EVENT_PAGE) {
        return walk->pages[ev->page];
    }

    if (ev->goal != 0 && !(ev->flags & JOURNEY_EV_REPEATED)) {
        return walk->goals[walk->a->store->all.goals[ev->goal - 1].goal];
    }

    return 0;
}


/* How many steps a visitor made, and when. */

static unsigned
journey_steps_made(journey_steps_walk_t *walk, const uint32_t *refs,
    uint32_t n, journey_steps_way_t *best)
{
    uint32_t              i, bits;
    unsigned              k, furthest;
    journey_ev_t         *ev;
    journey_steps_way_t   ways[JOURNEY_STEPS_MAX];

    for (k = 0; k < walk->steps->n; k++) {
        ways[k].set = 0;
    }

    furthest = 0;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(walk->a->store, refs[i]);
        bits = journey_steps_of(walk, ev);

        if (bits == 0) {
            continue;
        }

        /* from the last step on, so that one event is one step of a way; the
         * way that began last has the most time left */

        for (k = walk->steps->n; k > 0; k--) {

            if (!(bits & 1U << (k - 1))) {
                continue;
            }

            if (k > 1) {
                if (!ways[k - 2].set
                    || ev->t - ways[k - 2].t[0] > walk->window)
                {
                    continue;
                }

                ways[k - 1] = ways[k - 2];
            }

            ways[k - 1].t[k - 1] = ev->t;
            ways[k - 1].set = 1;

            if (k > furthest) {
                furthest = k;
                *best = ways[k - 1];
            }
        }
    }

    return furthest;
}


static int
journey_steps_add(journey_steps_one_t *step, uint64_t time)
{
    uint64_t   size;
    uint64_t  *times;

    if (step->ntimes == step->size) {
        size = step->size ? 2 * step->size : 256;

        times = realloc(step->times, size * sizeof(uint64_t));
        if (times == NULL) {
            return JOURNEY_ERROR;
        }

        step->times = times;
        step->size = size;
    }

    step->times[step->ntimes++] = time;

    return JOURNEY_OK;
}


static int
journey_steps_cmp(const void *one, const void *two)
{
    const uint64_t  *a, *b;

    a = one;
    b = two;

    return *a < *b ? -1 : *a > *b;
}


static int
journey_steps_visitor(void *ctx, uint32_t visitor, const uint32_t *refs,
    uint32_t n)
{
    unsigned               k, furthest;
    journey_steps_one_t   *step;
    journey_steps_way_t    best;
    journey_steps_walk_t  *walk;

    walk = ctx;

    if (visitor == 0) {
        return JOURNEY_OK;
    }

    furthest = journey_steps_made(walk, refs, n, &best);

    for (k = 0; k < furthest; k++) {
        step = &walk->steps->steps[k];
        step->visitors++;

        if (k > 0
            && journey_steps_add(step, best.t[k] - best.t[k - 1])
               != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


static int
journey_steps_end(void *ctx)
{
    unsigned               k;
    journey_steps_t       *steps;
    journey_steps_walk_t  *walk;

    walk = ctx;
    steps = walk->steps;

    for (k = 1; k < steps->n; k++) {
        if (steps->steps[k].ntimes != 0) {
            qsort(steps->steps[k].times, steps->steps[k].ntimes,
                  sizeof(uint64_t), journey_steps_cmp);
        }
    }

    return JOURNEY_OK;
}


int
journey_steps_init(journey_steps_t *steps, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    journey_error_t        err;
    journey_steps_walk_t  *walk;

    /* it was read before, so that nothing is wrong with it */

    (void) journey_steps_parse(steps, a->opts->funnel, &err);

    walk = calloc(1, sizeof(journey_steps_walk_t));
    if (walk == NULL) {
        return JOURNEY_ERROR;
    }

    steps->walk = walk;
    walk->steps = steps;
    walk->a = a;
    walk->window = a->opts->window;

    if (journey_steps_match(walk) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    memset(pass, 0, sizeof(journey_pass_t));

    pass->ctx = walk;
    pass->visitor = journey_steps_visitor;
    pass->end = journey_steps_end;

    return JOURNEY_OK;
}


void
journey_steps_free(journey_steps_t *steps)
{
    unsigned  k;

    for (k = 0; k < steps->n; k++) {
        free(steps->steps[k].times);
    }

    if (steps->walk != NULL) {
        free(steps->walk->pages);
        free(steps->walk->goals);
        free(steps->walk);
    }
}


double
journey_steps_median(const journey_steps_one_t *step)
{
    uint64_t  n;

    n = step->ntimes;

    return ((double) step->times[(n - 1) / 2] + (double) step->times[n / 2])
           / 2;
}
