
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_analysis_walk.h"
#include "journey_fold.h"
#include "journey_loose.h"
#include "journey_persons.h"

#include <stdio.h>
#include <stdlib.h>


#define JOURNEY_TOUCH_SAME  (10 * 1000)     /* ms: equal touches within them
                                               are one */
#define JOURNEY_AHEAD       24              /* events fetched in advance */


/* The sums of a page. */

static journey_page_sum_t *
journey_analysis_page(journey_analysis_t *a, uint32_t page)
{
    return &a->pages[journey_fold_row(a->page_row, page)];
}


/* 1 when a touch counts: it is no view that is none, and not the same as one
 * just before.  It is marked else. */

static int
journey_analysis_new_touch(const journey_analysis_t *a, journey_walk_t *walk,
    journey_ev_t *ev)
{
    journey_seen_t  *seen;

    if (ev->kind == JOURNEY_EVENT_PIXEL
        && (ev->visitor == 0 || a->touch_channel[ev->touch] == 0))
    {
        ev->flags |= JOURNEY_EV_TOUCHED;
        return 0;
    }

    if (ev->visitor != 0) {
        seen = &walk->seen[ev->touch];

        if (seen->session_gen == walk->session_gen
            && ev->t - seen->t <= JOURNEY_TOUCH_SAME)
        {
            ev->flags |= JOURNEY_EV_TOUCHED;
            return 0;
        }

        seen->session_gen = walk->session_gen;
        seen->t = ev->t;
    }

    return 1;
}


static void
journey_analysis_touch(journey_analysis_t *a, journey_ev_t *ev,
    unsigned session)
{
    journey_walk_t         *walk;
    journey_channel_sum_t  *sum;

    walk = a->walk;

    if (ev->kind == JOURNEY_EVENT_PIXEL) {
        journey_campaigns_view(&a->campaigns, ev);
    }

    if (!journey_analysis_new_touch(a, walk, ev)) {
        return;
    }

    journey_campaigns_touch(&a->campaigns, ev,
                            ev->visitor ? walk->visitor_gen : 0);

    if (journey_analysis_direct(a, ev->touch)) {
        return;
    }

    sum = journey_analysis_channel(a, a->touch_channel[ev->touch]);
    sum->touches++;

    if (ev->visitor != 0 && sum->visitor_gen != walk->visitor_gen) {
        sum->visitor_gen = walk->visitor_gen;
        sum->visitors++;
    }

    if (session && sum->session_gen != walk->session_gen) {
        sum->session_gen = walk->session_gen;
        sum->sessions++;
    }
}


/* Is the visit the latest one?  Of two at one moment that whose phase has the
 * later name, whoever was read first. */

static int
journey_analysis_later(const journey_analysis_t *a, const journey_ev_t *ev,
    const journey_page_sum_t *page)
{
    if (ev->t != page->t) {
        return ev->t > page->t;
    }

    return journey_intern_cmp(&a->store->all.names, ev->phase, page->phase)
           > 0;
}


static void
journey_analysis_session(journey_analysis_t *a, const uint32_t *refs,
    uint32_t n)
{
    uint32_t             i;
    unsigned             session, flags;
    journey_ev_t        *ev, *entry, *exit;
    journey_page_sum_t  *page;

    ev = journey_store_event(a->store, refs[0]);
    session = (ev->visitor != 0 && ev->session != 0);
    flags = ev->flags;
    entry = NULL;
    exit = NULL;

    a->walk->session_gen++;
    a->sessions += session && !(flags & JOURNEY_EV_CONTINUED);

    for (i = 0; i < n; i++) {
        ev = journey_store_event(a->store, refs[i]);

        if (ev->touch != 0) {
            journey_analysis_touch(a, ev, session);
        }

        if (ev->kind == JOURNEY_EVENT_PAGE) {
            page = journey_analysis_page(a, ev->page);
            page->visits++;

            if (ev->visitor != 0
                && page->visitor_gen != a->walk->visitor_gen)
            {
                page->visitor_gen = a->walk->visitor_gen;
                page->visitors++;
            }

            if (journey_analysis_later(a, ev, page)) {
                page->t = ev->t;
                page->phase = ev->phase;
            }

            entry = (entry == NULL) ? ev : entry;
            exit = ev;
        }
    }

    if (session && entry != NULL) {
        journey_analysis_page(a, entry->page)->entries
            += !(flags & JOURNEY_EV_CONTINUED);
        journey_analysis_page(a, exit->page)->exits
            += !(flags & JOURNEY_EV_LEFT);
    }
}


/* All of a visitor: n events from place on.  They lie anywhere in memory, so
 * those of the next visitors are asked for meanwhile. */

static int
journey_analysis_visitor(journey_analysis_t *a, uint64_t place, uint32_t n)
{
    uint32_t         i, first, *refs;
    uint64_t         next, end;
    const uint32_t  *order;

    refs = a->store->order + place;
    end = journey_min(place + n + JOURNEY_AHEAD, a->store->window_events);

    for (next = journey_min(place + JOURNEY_AHEAD, end); next < end; next++) {
        __builtin_prefetch(journey_store_event(a->store,
                                               a->store->order[next]));
    }

    a->walk->visitor_gen++;

    journey_store_sort(a->store, refs, n, a->walk->order.refs);

    if (a->store->all.loose != 0) {
        journey_loose_place(a->store, refs, n);
    }

    /* they are so already but for tabs that raced each other */

    order = journey_order_by(&a->walk->order, a->store, refs, n, 0);

    for (first = 0; first < n; first += i) {
        i = journey_order_run(a->store, order + first, n - first, 0);

        journey_analysis_session(a, order + first, i);
    }

    order = journey_order_by(&a->walk->order, a->store, refs, n, 1);

    for (first = 0; first < n; first += i) {
        i = journey_order_run(a->store, order + first, n - first, 1);

        if (journey_analysis_journey(a, order + first, i) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


/* The name of what is folded is one that no log of ours holds: no channel,
 * phase or goal has blanks in it, and every page has a host. */

static int
journey_analysis_other(journey_analysis_t *a)
{
    int      n;
    char     page[64];
    u_char  *name;

    n = snprintf(page, sizeof(page), "%c(fewer than %llu visitors)", '\0',
                 (unsigned long long) a->opts->min_visitors);

    name = (u_char *) page + 1;

    a->other_name = journey_intern(&a->store->all.names, name, n - 1);
    a->other_page = journey_intern(&a->store->all.pages, (u_char *) page, n);

    return (a->other_name && a->other_page) ? JOURNEY_OK : JOURNEY_ERROR;
}


/* What paths show: names are added to those of the channels. */

static int
journey_analysis_paths(journey_analysis_t *a)
{
    uint32_t             i;
    journey_str_t        part;
    journey_store_t     *store;
    journey_campaign_t   campaign;

    static const journey_str_t  none = journey_string("(none)");
    static const journey_str_t  typed = journey_string("(direct)");

    store = a->store;

    if (a->opts->no_direct) {
        a->direct = journey_intern(&store->all.names, (u_char *) "direct", 6);
    }

    if (a->opts->touch == JOURNEY_TOUCH_CHANNEL) {
        return store->all.names.no_memory ? JOURNEY_ERROR : JOURNEY_OK;
    }

    a->touch_way = calloc(store->all.touches.n, sizeof(uint32_t));
    if (a->touch_way == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 1; i < store->all.touches.n; i++) {
        journey_campaigns_values(store, i, &campaign);
        part = (a->opts->touch == JOURNEY_TOUCH_SOURCE) ? campaign.source
                                                        : campaign.campaign;

        if (part.len == 0) {
            part = journey_intern_str(&store->all.names, a->touch_channel[i]);
            part = (part.len == 6 && memcmp(part.data, "direct", 6) == 0)
                   ? typed : none;
        }

        a->touch_way[i] = journey_intern(&store->all.names, part.data,
                                         part.len);
    }

    return store->all.names.no_memory ? JOURNEY_ERROR : JOURNEY_OK;
}


static int
journey_analysis_init(journey_analysis_t *a, const journey_conf_t *conf)
{
    uint32_t          i, ntouches;
    u_char           *end;
    journey_str_t     touch;
    journey_store_t  *store;

    store = a->store;
    ntouches = store->all.touches.n;

    a->touch_channel = calloc(ntouches, sizeof(uint32_t));
    if (a->touch_channel == NULL) {
        return JOURNEY_ERROR;
    }

    if (a->opts->views
        && journey_campaigns_channels(store, conf, a->touch_channel)
           != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    for (i = 1; i < ntouches; i++) {

        if (a->touch_channel[i] != 0) {
            continue;
        }

        touch = journey_intern_str(&store->all.touches, i);
        end = memchr(touch.data, '\0', touch.len);

        a->touch_channel[i] = journey_intern(&store->all.names, touch.data,
                                             end ? (size_t) (end - touch.data)
                                                 : touch.len);
    }

    if (store->all.names.no_memory) {
        return JOURNEY_ERROR;
    }

    if (journey_analysis_paths(a) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    /* from here on no name is added */

    a->nnames = store->all.names.n;
    a->channels = calloc(a->nnames, sizeof(journey_channel_sum_t));
    a->pages = calloc(store->all.pages.n, sizeof(journey_page_sum_t));

    if (a->channels == NULL || a->pages == NULL) {
        return JOURNEY_ERROR;
    }

    if (journey_intern_init(&a->path_keys, store->all.names.seed)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    if (a->other_name == 0) {
        return JOURNEY_OK;
    }

    a->other_path = journey_intern(&a->path_keys, (u_char *) &a->other_name,
                                   sizeof(uint32_t));

    return a->other_path ? JOURNEY_OK : JOURNEY_ERROR;
}


/* The visitors of a window. */

static int
journey_analysis_window(journey_analysis_t *a)
{
    int               rc;
    uint32_t          i, n;
    journey_store_t  *store;

    store = a->store;
    rc = journey_order_init(&a->walk->order, store);

    for (i = 0; i < store->nvisitors && rc == JOURNEY_OK; i++) {
        n = store->visitors[i + 1] - store->visitors[i];

        if (n == 0) {
            continue;
        }

        if (i == 0) {

            /* without visitor there is no session and no journey */

            journey_analysis_session(a, store->order, n);
            continue;
        }

        a->visitors++;

        if (journey_persons_is(store, i)) {
            a->persons++;

        } else {
            a->hashes += (journey_intern_str(&store->all.visitors, i).data[0]
                          == 'h');
        }

        rc = journey_analysis_visitor(a, store->visitors[i], n);
    }

    a->linked += store->nlinked;

    journey_order_free(&a->walk->order);

    return rc;
}


static int
journey_analysis_walk(journey_analysis_t *a)
{
    int              rc;
    journey_walk_t  *walk;

    walk = calloc(1, sizeof(journey_walk_t));
    if (walk == NULL) {
        return JOURNEY_ERROR;
    }

    walk->seen = calloc(a->store->all.touches.n, sizeof(journey_seen_t));
    if (walk->seen == NULL) {
        free(walk);
        return JOURNEY_ERROR;
    }

    a->walked = 0;

    journey_analysis_rewind(a);

    while ((rc = journey_analysis_next(a)) == JOURNEY_OK) {
        a->walk = walk;
        rc = journey_analysis_window(a);
        a->walk = NULL;

        if (rc != JOURNEY_OK) {
            break;
        }
    }

    a->walked = 1;
    a->unattributed += a->without_visitor;

    free(walk->seen);
    free(walk->ways);
    free(walk);

    return rc == JOURNEY_DECLINED ? JOURNEY_OK : JOURNEY_ERROR;
}


/* Counts what a visitor's events are, for rows as they are now. */

static int
journey_analysis_again(journey_analysis_t *a)
{
    a->visitors = 0;
    a->persons = 0;
    a->hashes = 0;
    a->linked = 0;
    a->sessions = 0;
    a->journeys = 0;
    a->unattributed = 0;
    a->incomplete = 0;
    a->left_out = 0;
    a->folded = 0;

    memset(a->channels, 0, a->nnames * sizeof(journey_channel_sum_t));
    memset(a->pages, 0, a->store->all.pages.n * sizeof(journey_page_sum_t));

    if (a->paths_size != 0) {
        memset(a->paths, 0, a->paths_size * sizeof(journey_path_sum_t));
    }

    journey_funnel_reset(&a->funnel);
    journey_campaigns_reset(&a->campaigns);

    return journey_analysis_walk(a);
}


static int
journey_analysis_fold(journey_analysis_t *a)
{
    int  rc;

    for ( ;; ) {
        rc = journey_fold(a);

        if (rc != JOURNEY_OK) {
            return rc == JOURNEY_DECLINED ? journey_fold_goals(a)
                                          : JOURNEY_ERROR;
        }

        if (journey_analysis_again(a) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }
}


/* What has to be known before visitors are counted: the currency of values,
 * and the phases of each host. */

static int
journey_analysis_learn(journey_analysis_t *a, const journey_conf_t *conf)
{
    int               rc;
    journey_store_t  *store;

    store = a->store;

    if (journey_funnel_init(&a->funnel, store) != JOURNEY_OK
        || journey_goals_init(a) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    journey_analysis_rewind(a);

    while ((rc = journey_analysis_next(a)) == JOURNEY_OK) {
        if (journey_funnel_see(&a->funnel, store) != JOURNEY_OK
            || journey_goals_add(a) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    if (rc == JOURNEY_ERROR) {
        return JOURNEY_ERROR;
    }

    journey_goals_finish(a);

    return journey_funnel_finish(&a->funnel, store,
                                 conf ? conf->phases : NULL);
}


int
journey_analyse(journey_analysis_t *a, journey_store_t *store,
    const journey_options_t *opts, const journey_conf_t *conf)
{
    memset(a, 0, sizeof(journey_analysis_t));

    a->store = store;
    a->opts = opts;
    a->phases = conf ? conf->phases : NULL;
    a->events = store->all.nevents;
    a->prefetched = store->all.prefetched;
    a->bots = store->all.bots;
    a->from = store->all.from;
    a->until = (opts->until == UINT64_MAX) ? store->all.until : opts->until;

    if (opts->min_visitors != 0 && journey_analysis_other(a) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (journey_analysis_learn(a, conf) != JOURNEY_OK
        || journey_campaigns_init(&a->campaigns, store) != JOURNEY_OK
        || journey_analysis_init(a, conf) != JOURNEY_OK
        || journey_analysis_walk(a) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return opts->min_visitors == 0 ? JOURNEY_OK : journey_analysis_fold(a);
}


void
journey_analysis_rewind(const journey_analysis_t *a)
{
    journey_store_rewind(a->store);
}


/* The marks that the walk leaves: of events that were read again. */

static int
journey_analysis_mark(const journey_analysis_t *a)
{
    int               rc;
    uint32_t          i, k, n, len, first, *refs;
    journey_ev_t     *ev;
    journey_walk_t    walk;
    const uint32_t   *order;
    journey_store_t  *store;

    memset(&walk, 0, sizeof(journey_walk_t));

    store = a->store;
    rc = journey_order_init(&walk.order, store);

    walk.seen = calloc(store->all.touches.n, sizeof(journey_seen_t));
    if (walk.seen == NULL) {
        rc = JOURNEY_ERROR;
    }

    for (i = 0; i < store->nvisitors && rc == JOURNEY_OK; i++) {
        refs = store->order + store->visitors[i];
        n = store->visitors[i + 1] - store->visitors[i];
        order = refs;

        if (i != 0) {
            journey_store_sort(store, refs, n, walk.order.refs);

            if (store->all.loose != 0) {
                journey_loose_place(store, refs, n);
            }

            order = journey_order_by(&walk.order, store, refs, n, 0);
        }

        for (first = 0; first < n; first += len) {
            len = i ? journey_order_run(store, order + first, n - first, 0)
                    : n;
            walk.session_gen++;

            for (k = first; k < first + len; k++) {
                ev = journey_store_event(store, order[k]);

                if (ev->touch != 0) {
                    (void) journey_analysis_new_touch(a, &walk, ev);
                }
            }
        }
    }

    journey_order_free(&walk.order);
    free(walk.seen);

    return rc;
}


int
journey_analysis_next(const journey_analysis_t *a)
{
    int               rc;
    journey_store_t  *store;

    store = a->store;
    rc = journey_store_next(store);

    if (rc != JOURNEY_OK || !store->fresh) {
        return rc;
    }

    store->fresh = 0;

    if (journey_goals_mark(store) != JOURNEY_OK
        || journey_persons_journeys(store) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return a->walked ? journey_analysis_mark(a) : JOURNEY_OK;
}


void
journey_analysis_free(journey_analysis_t *a)
{
    journey_funnel_free(&a->funnel);
    journey_campaigns_free(&a->campaigns);
    journey_intern_free(&a->path_keys);

    free(a->channels);
    free(a->touch_channel);
    free(a->touch_way);
    free(a->pages);
    free(a->goals);
    free(a->currencies);
    free(a->goal_wanted);
    free(a->currency_row);
    free(a->paths);
    free(a->channel_row);
    free(a->page_row);
    free(a->path_row);
}
