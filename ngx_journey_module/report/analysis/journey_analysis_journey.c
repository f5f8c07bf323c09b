
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A journey's touches in a row, its path, and the credit of its conversions.
 */


#include "journey_analysis_walk.h"
#include "journey_persons.h"

#include <stdlib.h>


#define JOURNEY_PATH_LONG  256          /* channels of a path; a longer one
                                           loses its middle */
#define JOURNEY_PATH_HEAD  128


/* The numbers of a path: an array of names, found again as a string. */

static journey_path_sum_t *
journey_analysis_path(journey_analysis_t *a, const uint32_t *names, uint32_t n)
{
    uint32_t             i, size;
    journey_path_sum_t  *paths;

    i = journey_intern(&a->path_keys, (u_char *) names, n * sizeof(uint32_t));

    if (i == 0) {
        return NULL;
    }

    i = journey_fold_row(a->path_row, i);

    if (i >= a->paths_size) {
        size = a->paths_size + a->paths_size / 2 + 64;

        paths = realloc(a->paths, size * sizeof(journey_path_sum_t));
        if (paths == NULL) {
            return NULL;
        }

        memset(paths + a->paths_size, 0,
               (size - a->paths_size) * sizeof(journey_path_sum_t));

        a->paths = paths;
        a->paths_size = size;
    }

    return &a->paths[i];
}


/* The journey and the visitor count once for the path. */

static void
journey_analysis_path_journey(journey_analysis_t *a, journey_path_sum_t *path)
{
    if (path->journey_gen != a->walk->journey_gen) {
        path->journey_gen = a->walk->journey_gen;
        path->journeys++;
    }

    if (path->visitor_gen != a->walk->visitor_gen) {
        path->visitor_gen = a->walk->visitor_gen;
        path->visitors++;
    }
}


static int
journey_analysis_way(const journey_analysis_t *a, const journey_ev_t *ev,
    uint32_t campaign)
{
    uint32_t         size, name;
    journey_way_t   *ways;
    journey_walk_t  *walk;

    walk = a->walk;
    walk->last = ev->t;

    if (journey_analysis_direct(a, ev->touch)) {
        return JOURNEY_OK;
    }

    name = (a->touch_way != NULL) ? a->touch_way[ev->touch]
                                  : a->touch_channel[ev->touch];

    if (walk->nways != 0 && walk->ways[walk->nways - 1].name == name
        && !a->opts->repeats)
    {
        ways = &walk->ways[walk->nways - 1];
        ways->channel = a->touch_channel[ev->touch];
        ways->campaign = campaign;
        ways->latest = ev->t;
        return JOURNEY_OK;
    }

    if (walk->nways == walk->ways_size) {
        size = walk->ways_size ? 2 * walk->ways_size : 64;

        ways = realloc(walk->ways, size * sizeof(journey_way_t));
        if (ways == NULL) {
            return JOURNEY_ERROR;
        }

        walk->ways = ways;
        walk->ways_size = size;
    }

    ways = &walk->ways[walk->nways++];
    ways->name = name;
    ways->channel = a->touch_channel[ev->touch];
    ways->campaign = campaign;
    ways->latest = ev->t;

    return JOURNEY_OK;
}


/* The path of the touches gathered so far that are not older than the
 * look-back; returns its length. */

static uint32_t
journey_analysis_ways(journey_analysis_t *a, uint64_t now, uint32_t *names)
{
    uint32_t         i, n;
    journey_way_t   *ways;
    journey_walk_t  *walk;

    walk = a->walk;
    ways = walk->ways;
    n = walk->nways;

    while (n > 0 && ways->latest + a->opts->lookback < now) {
        ways++;
        n--;
    }

    if (n <= JOURNEY_PATH_LONG) {
        for (i = 0; i < n; i++) {
            names[i] = ways[i].name;
        }

        return n;
    }

    a->folded++;

    for (i = 0; i < JOURNEY_PATH_HEAD; i++) {
        names[i] = ways[i].name;
    }

    names[i++] = 0;
    ways += n - JOURNEY_PATH_LONG;

    for ( /* void */ ; i < JOURNEY_PATH_LONG; i++) {
        names[i] = ways[i].name;
    }

    return JOURNEY_PATH_LONG;
}


/* The path that a conversion carries, and the channel of its last touch. */

static uint32_t
journey_analysis_carried(const journey_analysis_t *a,
    const journey_goal_ev_t *goal, uint32_t *names, uint32_t *channel)
{
    uint32_t  i, n, name;

    for (i = 0, n = 0; i < goal->nways; i++) {
        name = a->store->all.ways[goal->first + i];

        if (name == 0 || name == a->direct) {
            continue;
        }

        *channel = name;

        if (n == 0 || names[n - 1] != name || a->opts->repeats) {
            names[n++] = name;
        }
    }

    return n;
}


/* Credits a conversion.  Touches that the input lacks are told by w, but for
 * persons: what another of their browsers did is not in it. */

static int
journey_analysis_convert(journey_analysis_t *a, journey_ev_t *ev,
    uint32_t ntouches)
{
    double                   value;
    uint32_t                 n, channel, campaign, names[JOURNEY_PATH_LONG];
    unsigned                 left_out;
    journey_way_t           *last;
    journey_goal_ev_t       *goal;
    journey_path_sum_t      *path;
    journey_channel_sum_t   *sum;
    journey_campaign_sum_t  *sold;

    goal = &a->store->all.goals[ev->goal - 1];
    value = (goal->has_value && goal->currency == a->currency) ? goal->value
                                                               : 0;
    channel = 0;
    campaign = 0;
    left_out = 0;

    if (goal->total > ntouches && goal->nways != 0
        && !journey_persons_is(a->store, ev->visitor))
    {
        a->incomplete++;
        n = journey_analysis_carried(a, goal, names, &channel);

        /* only channels are carried */

        left_out = (a->touch_way != NULL);
        a->left_out += left_out;

    } else {
        n = journey_analysis_ways(a, ev->t, names);

        if (n != 0) {
            last = &a->walk->ways[a->walk->nways - 1];
            channel = last->channel;
            campaign = last->campaign;
        }
    }

    if (n == 0) {
        a->unattributed++;
        return JOURNEY_OK;
    }

    sum = journey_analysis_channel(a, channel);
    sum->conversions += 1;
    sum->value += value;

    if (campaign != 0) {
        sold = journey_campaigns_sum(&a->campaigns, campaign);
        sold->conversions += 1;
        sold->value += value;
    }

    if (left_out) {
        return JOURNEY_OK;
    }

    path = journey_analysis_path(a, names, n);

    if (path == NULL) {
        return JOURNEY_ERROR;
    }

    path->conversions++;
    path->value += value;

    journey_analysis_path_journey(a, path);

    return JOURNEY_OK;
}


int
journey_analysis_journey(journey_analysis_t *a, const uint32_t *refs,
    uint32_t n)
{
    uint32_t                i, campaign, ntouches;
    uint32_t                names[JOURNEY_PATH_LONG];
    unsigned                converted, done;
    journey_ev_t           *ev;
    journey_walk_t         *walk;
    journey_path_sum_t     *path;
    journey_channel_sum_t  *sum;

    walk = a->walk;
    walk->journey_gen++;
    walk->nways = 0;

    ev = journey_store_event(a->store, refs[0]);
    ntouches = 0;
    converted = 0;
    done = 0;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(a->store, refs[i]);

        if (ev->touch != 0 && !(ev->flags & JOURNEY_EV_TOUCHED)
            && ev->journey != 0)
        {
            campaign = journey_campaigns_of(&a->campaigns, ev);

            /* wn is what the module knew of, and of no view */

            ntouches += (ev->kind != JOURNEY_EVENT_PIXEL
                         && !(ev->flags & JOURNEY_EV_LOOSE));

            if (journey_analysis_way(a, ev, campaign) != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }

            journey_campaigns_journey(&a->campaigns, campaign,
                                      walk->journey_gen);

            sum = journey_analysis_channel(a, a->touch_channel[ev->touch]);

            if (sum->journey_gen != walk->journey_gen
                && !journey_analysis_direct(a, ev->touch))
            {
                sum->journey_gen = walk->journey_gen;
                sum->journeys++;
            }
        }

        if (ev->goal == 0) {
            continue;
        }

        done |= ev->flags & JOURNEY_EV_DONE;

        if (journey_goals_converts(a, ev)) {
            converted = 1;

            if (journey_analysis_convert(a, ev, ntouches) != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }
        }
    }

    if (ev->journey == 0) {
        return JOURNEY_OK;
    }

    a->journeys++;

    if (!converted && walk->nways != 0) {
        n = journey_analysis_ways(a, walk->last, names);
        path = (n != 0) ? journey_analysis_path(a, names, n) : NULL;

        if (path != NULL) {
            journey_analysis_path_journey(a, path);

        } else if (n != 0) {
            return JOURNEY_ERROR;
        }
    }

    journey_funnel_count(&a->funnel, a->store, refs, i, walk->journey_gen,
                         walk->visitor_gen,
                         done ? JOURNEY_COMPLETED
                         : a->until - ev->t >= a->opts->idle
                           && a->until >= ev->t ? JOURNEY_DROPPED
                         : JOURNEY_OPEN);

    return JOURNEY_OK;
}
