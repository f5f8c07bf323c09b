
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_touches.h"
#include "journey_fold.h"
#include "journey_persons.h"

#include <stdlib.h>


#define JOURNEY_TOUCHES_MOST  (1U << 22)        /* in paths of one journey */
#define JOURNEY_TOUCHES_ENDS  128               /* then of each end */

/* The last byte of a name: it is the data's, or ours. */
#define JOURNEY_NAME_DATA     'd'
#define JOURNEY_NAME_OWN      'o'


typedef struct {
    uint32_t                   item;
    uint64_t                   latest;  /* t, ms */
} journey_touch_way_t;


typedef struct journey_touches_walk_s {
    journey_touches_t         *touches;
    const journey_analysis_t  *a;
    uint32_t                  *touch_items;     /* by touch of the store */
    uint32_t                  *name_items;      /* by name, 0: not known */
    u_char                    *touch_direct;    /* by touch */

    unsigned                   person;  /* the visitor looked at is one */

    journey_touch_way_t       *ways;    /* of the journey, collapsed */
    uint32_t                   nways;
    uint32_t                   size;
    uint32_t                   old;     /* of them are out of the look-back */
    uint64_t                   last;    /* t of the last touch, of a direct
                                           one, too */
    uint64_t                   handed;  /* touches, in paths of the journey */

    uint32_t                  *items;
    uint64_t                  *ages;
    uint32_t                   items_size;
} journey_touches_walk_t;


int
journey_touches_init(journey_touches_t *touches, double half_life,
    unsigned outcomes)
{
    memset(touches, 0, sizeof(journey_touches_t));

    touches->direct = UINT32_MAX;

    if (journey_paths_init(&touches->paths, half_life, outcomes)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return journey_intern_init(&touches->names, touches->paths.keys.seed);
}


void
journey_touches_free(journey_touches_t *touches)
{
    if (touches->walk != NULL) {
        free(touches->walk->touch_items);
        free(touches->walk->touch_direct);
        free(touches->walk->name_items);
        free(touches->walk->ways);
        free(touches->walk->items);
        free(touches->walk->ages);
        free(touches->walk);
    }

    journey_paths_free(&touches->paths);
    journey_intern_free(&touches->names);
}


static int
journey_touches_cmp(const void *one, const void *two, void *ctx)
{
    journey_str_t  x, y;

    /* with the byte that tells ours from the data's */

    x = journey_intern_str(ctx, *(const uint32_t *) one);
    y = journey_intern_str(ctx, *(const uint32_t *) two);

    return journey_strcmp(&x, &y);
}


int
journey_touches_sort(journey_touches_t *touches)
{
    return journey_paths_sort(&touches->paths, journey_touches_cmp,
                              &touches->names);
}


static uint32_t
journey_touches_named(journey_touches_t *touches, const u_char *data,
    size_t len, u_char whose)
{
    u_char    buf[256], *p;
    uint32_t  item;

    p = (len < sizeof(buf)) ? buf : malloc(len + 1);
    if (p == NULL) {
        return 0;
    }

    memcpy(p, data, len);
    p[len] = whose;

    item = journey_intern(&touches->names, p, len + 1);

    if (p != buf) {
        free(p);
    }

    return item;
}


uint32_t
journey_touches_item(journey_touches_t *touches, const u_char *data,
    size_t len)
{
    uint32_t  item;

    item = journey_touches_named(touches, data, len, JOURNEY_NAME_DATA);

    if (len == 6 && memcmp(data, "direct", 6) == 0) {
        touches->direct = item;
    }

    return item;
}


journey_str_t
journey_touches_name(const journey_touches_t *touches, uint32_t item)
{
    journey_str_t  name;

    name = journey_intern_str(&touches->names, item);
    name.len--;

    return name;
}


static uint32_t
journey_touches_own(journey_touches_t *touches, const char *name)
{
    return journey_touches_named(touches, (const u_char *) name, strlen(name),
                                 JOURNEY_NAME_OWN);
}


/* The item of a channel, as rows are folded. */

static uint32_t
journey_touches_channel(journey_touches_walk_t *walk, uint32_t name)
{
    journey_str_t              str;
    const journey_analysis_t  *a;

    a = walk->a;
    name = journey_fold_row(a->channel_row, name);

    if (walk->name_items[name] == 0) {

        if (name == a->other_name && name != 0) {
            walk->name_items[name] = journey_touches_own(walk->touches,
                                                         "other");
        } else {
            str = journey_intern_str(&a->store->all.names, name);
            walk->name_items[name] = journey_touches_item(walk->touches,
                                                          str.data, str.len);
        }
    }

    return walk->name_items[name];
}


/* The source or campaign of a touch: of channel NUL source NUL medium NUL
 * campaign. */

static uint32_t
journey_touches_part(journey_touches_walk_t *walk, uint32_t touch)
{
    journey_str_t        part;
    journey_campaign_t   campaign;

    journey_campaigns_values(walk->a->store, touch, &campaign);

    part = (walk->a->opts->touch == JOURNEY_TOUCH_SOURCE) ? campaign.source
                                                          : campaign.campaign;

    if (part.len != 0) {
        return journey_touches_named(walk->touches, part.data, part.len,
                                     JOURNEY_NAME_DATA);
    }

    if (!walk->touch_direct[touch]) {
        return journey_touches_own(walk->touches, "(none)");
    }

    walk->touches->direct = journey_touches_own(walk->touches, "(direct)");

    return walk->touches->direct;
}


static int
journey_touches_items(journey_touches_walk_t *walk)
{
    uint32_t                   i, name, ntouches;
    journey_str_t              str;
    const journey_analysis_t  *a;

    a = walk->a;
    ntouches = a->store->all.touches.n;

    walk->touch_items = calloc(ntouches, sizeof(uint32_t));
    walk->touch_direct = calloc(ntouches, 1);
    walk->name_items = calloc(a->nnames, sizeof(uint32_t));

    if (walk->touch_items == NULL || walk->touch_direct == NULL
        || walk->name_items == NULL)
    {
        return JOURNEY_ERROR;
    }

    for (i = 1; i < ntouches; i++) {
        name = a->touch_channel[i];

        if (name == 0) {
            continue;
        }

        str = journey_intern_str(&a->store->all.names, name);
        walk->touch_direct[i] = (str.len == 6
                                 && memcmp(str.data, "direct", 6) == 0);

        walk->touch_items[i] =
              a->opts->touch == JOURNEY_TOUCH_CHANNEL
              ? journey_touches_channel(walk, name)
              : journey_touches_part(walk, i);

        if (walk->touch_items[i] == 0) {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


static int
journey_touches_add(journey_touches_walk_t *walk, uint32_t item, uint64_t t)
{
    uint32_t              size;
    journey_touch_way_t  *way;

    if (walk->nways != 0 && !walk->a->opts->repeats) {
        way = &walk->ways[walk->nways - 1];

        if (way->item == item) {
            way->latest = t;

            /* it may have been too old for a conversion before */

            walk->old = journey_min(walk->old, walk->nways - 1);
            return JOURNEY_OK;
        }
    }

    if (walk->nways == walk->size) {
        size = walk->size ? 2 * walk->size : 64;

        way = realloc(walk->ways, size * sizeof(journey_touch_way_t));
        if (way == NULL) {
            return JOURNEY_ERROR;
        }

        walk->ways = way;
        walk->size = size;
    }

    walk->ways[walk->nways].item = item;
    walk->ways[walk->nways++].latest = t;

    return JOURNEY_OK;
}


/* For a path of n touches. */

static int
journey_touches_room(journey_touches_walk_t *walk, uint32_t n)
{
    uint32_t   size, *items;
    uint64_t  *ages;

    if (n <= walk->items_size) {
        return JOURNEY_OK;
    }

    size = journey_max(n, 2 * walk->items_size);

    items = realloc(walk->items, size * sizeof(uint32_t));
    if (items == NULL) {
        return JOURNEY_ERROR;
    }

    walk->items = items;

    ages = realloc(walk->ages, size * sizeof(uint64_t));
    if (ages == NULL) {
        return JOURNEY_ERROR;
    }

    walk->ages = ages;
    walk->items_size = size;

    return JOURNEY_OK;
}


/* The journey's path at that moment: its length, UINT32_MAX when memory is
 * exhausted.  That looking back comes before collapsing makes no difference,
 * since the latest time of equal neighbours stays. */

static uint32_t
journey_touches_path(journey_touches_walk_t *walk, uint64_t now)
{
    uint32_t              i, n, from, skip, size;
    journey_touch_way_t  *way;

    while (walk->old < walk->nways
           && walk->ways[walk->old].latest < now
           && now - walk->ways[walk->old].latest > walk->a->opts->lookback)
    {
        walk->old++;
    }

    n = walk->nways - walk->old;
    skip = UINT32_MAX;

    if (n > 2 * JOURNEY_TOUCHES_ENDS
        && walk->handed + n > JOURNEY_TOUCHES_MOST)
    {
        skip = n - 2 * JOURNEY_TOUCHES_ENDS;
        n = 2 * JOURNEY_TOUCHES_ENDS;
        walk->touches->shortened++;
    }

    if (journey_touches_room(walk, n) != JOURNEY_OK) {
        return UINT32_MAX;
    }

    for (i = 0, size = 0; i < n; i++) {
        from = walk->old + i;

        if (skip != UINT32_MAX && i >= JOURNEY_TOUCHES_ENDS) {
            from += skip;
        }

        way = &walk->ways[from];

        if (i == JOURNEY_TOUCHES_ENDS && skip != UINT32_MAX
            && !walk->a->opts->repeats && walk->items[size - 1] == way->item)
        {
            /* neighbours now */

            size--;
        }

        walk->items[size] = way->item;
        walk->ages[size++] = (now > way->latest) ? now - way->latest : 0;
    }

    walk->handed += n;

    return size;
}


/* The path that a conversion carries. */

static uint32_t
journey_touches_carried(journey_touches_walk_t *walk,
    const journey_goal_ev_t *goal)
{
    uint32_t                   i, n, name, item;
    journey_str_t              str;
    const journey_analysis_t  *a;

    a = walk->a;

    if (journey_touches_room(walk, goal->nways) != JOURNEY_OK) {
        return UINT32_MAX;
    }

    for (i = 0, n = 0; i < goal->nways; i++) {
        name = a->store->all.ways[goal->first + i];

        if (name == 0) {
            continue;
        }

        str = journey_intern_str(&a->store->all.names, name);

        if (a->opts->no_direct && str.len == 6
            && memcmp(str.data, "direct", 6) == 0)
        {
            continue;
        }

        item = journey_touches_channel(walk, name);

        if (item == 0) {
            return UINT32_MAX;
        }

        if (a->opts->repeats || n == 0 || walk->items[n - 1] != item) {
            walk->items[n++] = item;
        }
    }

    return n;
}


static int
journey_touches_convert(journey_touches_walk_t *walk, const journey_ev_t *ev,
    uint32_t ntouches)
{
    uint32_t                   n;
    uint64_t                  *ages;
    long double                value;
    journey_touches_t         *touches;
    const journey_goal_ev_t   *goal;
    const journey_analysis_t  *a;

    a = walk->a;
    touches = walk->touches;
    goal = &a->store->all.goals[ev->goal - 1];
    value = (goal->has_value && goal->currency == a->currency) ? goal->value
                                                               : 0;

    if (value < 0) {
        touches->negative++;
        value = 0;
    }

    if (goal->total > ntouches && goal->nways != 0 && !walk->person) {
        touches->incomplete++;

        if (a->opts->touch != JOURNEY_TOUCH_CHANNEL) {
            touches->left_out++;
            return JOURNEY_OK;
        }

        n = journey_touches_carried(walk, goal);
        ages = NULL;

    } else {
        n = journey_touches_path(walk, ev->t);
        ages = walk->ages;
    }

    if (n == UINT32_MAX) {
        return JOURNEY_ERROR;
    }

    if (n == 0) {
        touches->unattributed++;
        return JOURNEY_OK;
    }

    return journey_paths_add(&touches->paths, walk->items, ages, n, 1, value,
                             0);
}


static int
journey_touches_journey(void *ctx, const uint32_t *refs, uint32_t n)
{
    uint32_t                 i, ntouches;
    unsigned                 converted;
    const journey_ev_t      *ev;
    journey_touches_walk_t  *walk;

    walk = ctx;
    walk->nways = 0;
    walk->old = 0;
    walk->handed = 0;
    ntouches = 0;
    converted = 0;
    ev = NULL;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(walk->a->store, refs[i]);

        if (ev->touch != 0 && !(ev->flags & JOURNEY_EV_TOUCHED)
            && ev->journey != 0)
        {
            /* wn is what the module knew of, and of no view */

            ntouches += (ev->kind != JOURNEY_EVENT_PIXEL
                         && !(ev->flags & JOURNEY_EV_LOOSE));

            walk->last = ev->t;

            if (!(walk->a->opts->no_direct && walk->touch_direct[ev->touch])
                && journey_touches_add(walk, walk->touch_items[ev->touch],
                                       ev->t) != JOURNEY_OK)
            {
                return JOURNEY_ERROR;
            }
        }

        if (journey_goals_converts(walk->a, ev)) {
            converted = 1;

            if (journey_touches_convert(walk, ev, ntouches) != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }
        }
    }

    if (converted || walk->nways == 0 || ev->journey == 0) {
        return JOURNEY_OK;
    }

    n = journey_touches_path(walk, walk->last);

    if (n == UINT32_MAX) {
        return JOURNEY_ERROR;
    }

    if (n == 0) {

        /* its other touches are too old for the direct one at its end */

        return JOURNEY_OK;
    }

    return journey_paths_add(&walk->touches->paths, walk->items, NULL, n, 0, 0,
                             1);
}


static int
journey_touches_visitor(void *ctx, uint32_t visitor, const uint32_t *refs,
    uint32_t n)
{
    journey_touches_walk_t  *walk;

    (void) refs;
    (void) n;

    walk = ctx;
    walk->person = journey_persons_is(walk->a->store, visitor);

    return JOURNEY_OK;
}


int
journey_touches_pass(journey_touches_t *touches, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    journey_touches_walk_t  *walk;

    walk = calloc(1, sizeof(journey_touches_walk_t));
    if (walk == NULL) {
        return JOURNEY_ERROR;
    }

    touches->walk = walk;
    walk->touches = touches;
    walk->a = a;

    if (journey_touches_items(walk) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    touches->without_visitor = a->without_visitor;
    touches->unattributed += a->without_visitor;

    memset(pass, 0, sizeof(journey_pass_t));

    pass->ctx = walk;
    pass->visitor = journey_touches_visitor;
    pass->journey = journey_touches_journey;

    return JOURNEY_OK;
}
