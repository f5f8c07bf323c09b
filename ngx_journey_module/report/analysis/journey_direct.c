
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_direct.h"
#include "journey_fold.h"
#include "journey_glob.h"
#include "journey_persons.h"

#include <stdlib.h>


/* What a page is; 0 is not known yet. */
#define JOURNEY_DIRECT_PAGE_ENTRY  1
#define JOURNEY_DIRECT_PAGE_DEEP   2
#define JOURNEY_DIRECT_PAGE_NONE   3

#define JOURNEY_DIRECT_OTHER       JOURNEY_DIRECT_KINDS


typedef struct journey_direct_walk_s {
    journey_direct_t          *direct;
    const journey_analysis_t  *a;
    uint32_t                   channel; /* names: that of direct touches */
    u_char                    *pages;   /* by page */

    /* of the visitor looked at */

    unsigned                   hash;
} journey_direct_walk_t;


static unsigned
journey_direct_letters(const u_char *p)
{
    return ((p[0] | 0x20) >= 'a' && (p[0] | 0x20) <= 'z'
            && (p[1] | 0x20) >= 'a' && (p[1] | 0x20) <= 'z');
}


/* The site's own front pages: "/", "/xx/" and "/xx-yy/", unless others were
 * named. */

static unsigned
journey_direct_entry(const journey_options_t *opts, const u_char *p,
    size_t len)
{
    unsigned       i;
    journey_str_t  pattern;

    for (i = 0; i < opts->nentries; i++) {
        pattern.data = (u_char *) opts->entries[i];
        pattern.len = strlen(opts->entries[i]);

        if (journey_glob(&pattern, p, len)) {
            return 1;
        }
    }

    if (opts->nentries != 0 || len == 0 || p[0] != '/') {
        return 0;
    }

    return len == 1
           || (len == 4 && journey_direct_letters(p + 1) && p[3] == '/')
           || (len == 7 && journey_direct_letters(p + 1) && p[3] == '-'
               && journey_direct_letters(p + 4) && p[6] == '/');
}


static unsigned
journey_direct_page(journey_direct_walk_t *walk, uint32_t page)
{
    u_char         *known;
    journey_str_t   str;
    const u_char   *path;

    known = &walk->pages[page];

    if (*known == 0) {
        str = journey_intern_str(&walk->a->store->all.pages, page);
        path = memchr(str.data, '\0', str.len);

        if (path == NULL || path + 1 == str.data + str.len) {
            *known = JOURNEY_DIRECT_PAGE_NONE;

        } else {
            path++;
            *known = journey_direct_entry(walk->a->opts, path,
                                          str.len - (path - str.data))
                     ? JOURNEY_DIRECT_PAGE_ENTRY : JOURNEY_DIRECT_PAGE_DEEP;
        }
    }

    return *known;
}


static journey_direct_kind_e
journey_direct_kind(journey_direct_walk_t *walk, const journey_ev_t *ev)
{
    unsigned  page;

    if ((ev->kind != JOURNEY_EVENT_PAGE && ev->kind != JOURNEY_EVENT_CLICK)
        || ev->visitor == 0 || ev->session == 0)
    {
        return JOURNEY_DIRECT_UNKNOWN;
    }

    if (!(ev->flags & JOURNEY_EV_FIRST)) {
        return JOURNEY_DIRECT_RETURNING;
    }

    page = journey_direct_page(walk, ev->page);

    return page == JOURNEY_DIRECT_PAGE_NONE ? JOURNEY_DIRECT_UNKNOWN
           : page == JOURNEY_DIRECT_PAGE_ENTRY ? JOURNEY_DIRECT_ENTRY
           : JOURNEY_DIRECT_DEEP;
}


/* The touches of a session, as journey_analysis_session() counts them. */

static int
journey_direct_session(void *ctx, const uint32_t *refs, uint32_t n)
{
    uint32_t                i;
    unsigned                session;
    const journey_ev_t     *ev;
    journey_direct_kind_e   kind;
    journey_direct_sum_t   *sum;
    journey_direct_walk_t  *walk;

    walk = ctx;
    ev = journey_store_event(walk->a->store, refs[0]);
    session = (ev->visitor != 0 && ev->session != 0);

    for (i = 0; i < n; i++) {
        ev = journey_store_event(walk->a->store, refs[i]);

        if (ev->touch == 0 || (ev->flags & JOURNEY_EV_TOUCHED)
            || walk->a->touch_channel[ev->touch] != walk->channel)
        {
            continue;
        }

        kind = journey_direct_kind(walk, ev);
        sum = &walk->direct->sums[kind];
        sum->touches++;

        walk->direct->hashes += (walk->hash
                                 && (kind == JOURNEY_DIRECT_ENTRY
                                     || kind == JOURNEY_DIRECT_DEEP));

        sum->sessions += session;
        session = 0;
    }

    return JOURNEY_OK;
}


/* Whom a conversion is credited to, as journey_analysis_convert() does: last
 * is the last touch of the journey so far, ntouches those that the module
 * knew of. */

static void
journey_direct_convert(journey_direct_walk_t *walk, const journey_ev_t *ev,
    const journey_ev_t *last, uint32_t ntouches)
{
    uint32_t                   i, name;
    journey_direct_kind_e      kind;
    journey_direct_sum_t      *sum;
    const journey_goal_ev_t   *goal;
    const journey_analysis_t  *a;

    a = walk->a;
    goal = &a->store->all.goals[ev->goal - 1];

    if (goal->total > ntouches && goal->nways != 0
        && !journey_persons_is(a->store, ev->visitor))
    {
        for (i = goal->nways, name = 0; i > 0 && name == 0; i--) {
            name = a->store->all.ways[goal->first + i - 1];
        }

        if (name != walk->channel) {
            return;
        }

        kind = JOURNEY_DIRECT_UNKNOWN;

    } else {

        if (last == NULL || last->t + a->opts->lookback < ev->t
            || a->touch_channel[last->touch] != walk->channel)
        {
            return;
        }

        kind = journey_direct_kind(walk, last);
    }

    sum = &walk->direct->sums[kind];
    sum->conversions += 1;

    if (goal->has_value && goal->currency == a->currency) {
        sum->value += goal->value;
    }
}


static int
journey_direct_journey(void *ctx, const uint32_t *refs, uint32_t n)
{
    uint32_t                   i, ntouches;
    unsigned                   counted;
    const journey_ev_t        *ev, *last;
    journey_direct_walk_t     *walk;
    const journey_analysis_t  *a;

    walk = ctx;
    a = walk->a;
    ntouches = 0;
    counted = 0;
    last = NULL;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(a->store, refs[i]);

        if (ev->touch != 0 && !(ev->flags & JOURNEY_EV_TOUCHED)
            && ev->journey != 0)
        {
            last = ev;
            ntouches += (ev->kind != JOURNEY_EVENT_PIXEL
                         && !(ev->flags & JOURNEY_EV_LOOSE));

            if (!counted && a->touch_channel[ev->touch] == walk->channel) {
                counted = 1;
                walk->direct->sums[journey_direct_kind(walk, ev)].journeys++;
            }
        }

        if (journey_goals_converts(a, ev)) {
            journey_direct_convert(walk, ev, last, ntouches);
        }
    }

    return JOURNEY_OK;
}


/* A visitor is of the kind of the first touch in time: sessions of a person
 * have numbers that tell nothing of it. */

static void
journey_direct_first(journey_direct_walk_t *walk, const uint32_t *refs,
    uint32_t n)
{
    uint32_t             i;
    const journey_ev_t  *ev;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(walk->a->store, refs[i]);

        if (ev->touch != 0 && !(ev->flags & JOURNEY_EV_TOUCHED)
            && walk->a->touch_channel[ev->touch] == walk->channel)
        {
            walk->direct->sums[journey_direct_kind(walk, ev)].visitors++;
            return;
        }
    }
}


static int
journey_direct_visitor(void *ctx, uint32_t visitor, const uint32_t *refs,
    uint32_t n)
{
    journey_str_t           name;
    journey_direct_walk_t  *walk;
    const journey_store_t  *store;

    walk = ctx;
    store = walk->a->store;
    walk->hash = 0;

    if (visitor == 0) {

        /* without visitor there is no session and no journey */

        return journey_direct_session(walk, refs, n);
    }

    journey_direct_first(walk, refs, n);

    if (!journey_persons_is(store, visitor)) {
        name = journey_intern_str(&store->all.visitors, visitor);
        walk->hash = (name.len == 0 || name.data[0] != 'c');
    }

    return JOURNEY_OK;
}


static int
journey_direct_seen(const void *ctx, uint32_t i, uint64_t *visitors)
{
    const journey_direct_t  *direct;

    direct = ctx;
    *visitors = direct->sums[i].visitors;

    return direct->sums[i].touches != 0 || direct->sums[i].conversions != 0;
}


/* Each visitor is counted in one row, so that rows can be put together. */

static int
journey_direct_fold(journey_direct_t *direct, uint64_t min)
{
    int                    rc;
    unsigned               i;
    journey_direct_sum_t  *sum, *other;

    other = &direct->sums[JOURNEY_DIRECT_OTHER];

    while ((rc = journey_fold_few(&direct->row, JOURNEY_DIRECT_KINDS + 1,
                                  JOURNEY_DIRECT_OTHER, min,
                                  journey_direct_seen, direct, NULL))
           == JOURNEY_OK)
    {
        for (i = 0; i < JOURNEY_DIRECT_KINDS; i++) {
            sum = &direct->sums[i];

            if (direct->row[i] != JOURNEY_DIRECT_OTHER) {
                continue;
            }

            other->touches += sum->touches;
            other->visitors += sum->visitors;
            other->sessions += sum->sessions;
            other->journeys += sum->journeys;
            other->conversions += sum->conversions;
            other->value += sum->value;

            memset(sum, 0, sizeof(journey_direct_sum_t));
        }
    }

    return rc == JOURNEY_DECLINED ? JOURNEY_OK : rc;
}


/* The name of the channel; UINT32_MAX when no event has it. */

static uint32_t
journey_direct_channel(const journey_analysis_t *a)
{
    uint32_t       i;
    journey_str_t  name;

    for (i = 1; i < a->nnames; i++) {
        name = journey_intern_str(&a->store->all.names, i);

        if (name.len == 6 && memcmp(name.data, "direct", 6) == 0) {
            return i;
        }
    }

    return UINT32_MAX;
}


static int
journey_direct_end(void *ctx)
{
    journey_direct_walk_t  *walk;

    walk = ctx;

    return walk->a->opts->min_visitors == 0 ? JOURNEY_OK
           : journey_direct_fold(walk->direct, walk->a->opts->min_visitors);
}


int
journey_direct_init(journey_direct_t *direct, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    uint32_t                channel;
    journey_direct_walk_t  *walk;

    memset(direct, 0, sizeof(journey_direct_t));
    memset(pass, 0, sizeof(journey_pass_t));

    channel = journey_direct_channel(a);

    if (channel == UINT32_MAX) {
        return JOURNEY_OK;
    }

    if (journey_fold_row(a->channel_row, channel) != channel) {
        direct->few = 1;
        return JOURNEY_OK;
    }

    walk = calloc(1, sizeof(journey_direct_walk_t));
    if (walk == NULL) {
        return JOURNEY_ERROR;
    }

    direct->walk = walk;
    walk->direct = direct;
    walk->a = a;
    walk->channel = channel;

    walk->pages = calloc(a->store->all.pages.n, 1);
    if (walk->pages == NULL) {
        return JOURNEY_ERROR;
    }

    pass->ctx = walk;
    pass->visitor = journey_direct_visitor;
    pass->session = journey_direct_session;
    pass->journey = journey_direct_journey;
    pass->end = journey_direct_end;

    return JOURNEY_OK;
}


void
journey_direct_free(journey_direct_t *direct)
{
    if (direct->walk != NULL) {
        free(direct->walk->pages);
        free(direct->walk);
    }

    free(direct->row);
}
