
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_content.h"
#include "journey_fold.h"

#include <stdlib.h>


typedef struct journey_content_walk_s {
    journey_content_t         *content;
    const journey_analysis_t  *a;
    const journey_store_t     *store;
    journey_content_times_t    times;
    uint32_t                  *furthest;        /* by model: the position that
                                                   comes later */
    unsigned                   causes;  /* the second time: what is needed
                                           to tell them is known */
} journey_content_walk_t;


/* Why the session ended at its last page. */

static journey_exit_e
journey_content_cause(const journey_content_page_t *page,
    const journey_ev_t *last, uint32_t ms)
{
    if (last->kind == JOURNEY_EVENT_ERROR) {
        return JOURNEY_EXIT_ERROR;
    }

    if (page->timed >= JOURNEY_CONTENT_LEAST && ms != 0
        && ms - 1 > page->slow)
    {
        return JOURNEY_EXIT_SLOW;
    }

    /* fewer than 5 % */

    if (page->visits >= JOURNEY_CONTENT_LEAST
        && (page->visits - page->last) * 20 < page->visits)
    {
        return JOURNEY_EXIT_DEAD;
    }

    return JOURNEY_EXIT_OTHER;
}


static int
journey_content_session(void *ctx, const uint32_t *refs, uint32_t n)
{
    uint32_t                 i, exit, last, row;
    journey_ev_t            *ev;
    journey_content_page_t  *page;
    journey_content_walk_t  *walk;

    walk = ctx;

    if (journey_store_event(walk->store, refs[0])->session == 0) {
        return JOURNEY_OK;
    }

    exit = n;
    last = 0;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(walk->store, refs[i]);

        if (ev->kind != JOURNEY_EVENT_PIXEL) {

            /* a mail that is opened after an error does not mend it */

            last = i;
        }

        if (ev->kind != JOURNEY_EVENT_PAGE) {
            continue;
        }

        exit = i;

        if (!walk->causes) {
            walk->content->pages[ev->page].visits++;
        }
    }

    if (exit == n) {
        return JOURNEY_OK;
    }

    ev = journey_store_event(walk->store, refs[exit]);
    page = &walk->content->pages[ev->page];

    if (ev->flags & JOURNEY_EV_LEFT) {

        /* it went on as another person's */

        return JOURNEY_OK;
    }

    if (!walk->causes) {
        page->last++;
        return JOURNEY_OK;
    }

    row = journey_fold_row(walk->a->page_row, ev->page);

    walk->content->pages[row].exits[journey_content_cause(page,
                        journey_store_event(walk->store, refs[last]),
                        journey_store_more(walk->store, refs[exit])->ms)]++;

    return JOURNEY_OK;
}


/* From the end on, so that what comes later is known. */

static void
journey_content_advance(journey_content_walk_t *walk, const uint32_t *refs,
    uint32_t n)
{
    uint32_t                 i, m;
    journey_ev_t            *ev;
    const journey_funnel_t  *funnel;
    journey_content_page_t  *sum;

    funnel = &walk->a->funnel;

    /* of its own models only: clients decide how many there are */

    for (i = 0; i < n; i++) {
        ev = journey_store_event(walk->store, refs[i]);

        if (ev->position != 0 && ev->phase != 0) {
            m = funnel->host_model[funnel->page_host[ev->page]];
            walk->furthest[m] = 0;
        }
    }

    for (i = n; i > 0; i--) {
        ev = journey_store_event(walk->store, refs[i - 1]);

        if (ev->position == 0 || ev->phase == 0) {
            continue;
        }

        m = funnel->host_model[funnel->page_host[ev->page]];

        if (ev->kind == JOURNEY_EVENT_PAGE) {
            sum = &walk->content->pages[journey_fold_row(walk->a->page_row,
                                                         ev->page)];
            sum->staged++;
            sum->advanced += (walk->furthest[m] > ev->position);
        }

        walk->furthest[m] = journey_max(walk->furthest[m], ev->position);
    }
}


/* Which channels came into which phases: each touch for all phases of its
 * journey. */

static void
journey_content_reached(journey_content_walk_t *walk, const uint32_t *refs,
    uint32_t n)
{
    uint32_t            i, k, phase, channel;
    journey_ev_t       *ev;
    journey_content_t  *content;

    content = walk->content;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(walk->store, refs[i]);
        phase = content->phase_of[ev->phase];

        if (phase != 0) {
            walk->furthest[phase - 1] = 1;
        }
    }

    for (i = 0; i < n; i++) {
        ev = journey_store_event(walk->store, refs[i]);
        channel = ev->touch ? walk->a->touch_channel[ev->touch] : 0;

        if (channel == 0 || (ev->flags & JOURNEY_EV_TOUCHED)) {
            continue;
        }

        for (k = 0; k < content->nphases; k++) {
            content->phases[k].channels[journey_fold_row(walk->a->channel_row,
                                                         channel)]
                |= walk->furthest[k];
        }
    }

    memset(walk->furthest, 0, content->nphases * sizeof(uint32_t));
}


static int
journey_content_journey(void *ctx, const uint32_t *refs, uint32_t n)
{
    journey_content_walk_t  *walk;

    walk = ctx;

    if (!walk->causes
        || journey_store_event(walk->store, refs[0])->journey == 0)
    {
        return JOURNEY_OK;
    }

    journey_content_advance(walk, refs, n);

    if (walk->content->phases != NULL) {
        memset(walk->furthest, 0,
               walk->content->nphases * sizeof(uint32_t));
        journey_content_reached(walk, refs, n);
    }

    return JOURNEY_OK;
}


static int
journey_content_window(void *ctx)
{
    journey_content_walk_t  *walk;

    walk = ctx;

    return walk->causes ? JOURNEY_OK
           : journey_content_times_add(&walk->times, walk->store);
}


static int
journey_content_end(void *ctx)
{
    journey_content_walk_t  *walk;

    walk = ctx;

    if (walk->causes) {
        return JOURNEY_OK;
    }

    journey_content_times_slow(&walk->times, walk->content);
    walk->causes = 1;

    return JOURNEY_AGAIN;
}


static int
journey_content_phases(journey_content_t *content, const journey_analysis_t *a,
    const journey_phases_t *phases)
{
    uint32_t                  i, k;
    journey_str_t             name;
    const journey_str_t      *wanted;
    journey_content_phase_t  *phase;

    content->nphases = journey_phases_count(phases);
    content->phases = calloc(content->nphases + 1,
                             sizeof(journey_content_phase_t));
    content->phase_of = calloc(a->nnames, sizeof(uint32_t));

    if (content->phases == NULL || content->phase_of == NULL) {
        return JOURNEY_ERROR;
    }

    for (k = 0; k < content->nphases; k++) {
        phase = &content->phases[k];
        wanted = &journey_phases_at(phases, k + 1)->name->name;

        phase->channels = calloc(a->nnames, 1);
        if (phase->channels == NULL) {
            return JOURNEY_ERROR;
        }

        for (i = 1; i < a->nnames; i++) {
            name = journey_intern_str(&a->store->all.names, i);

            if (journey_strcmp(&name, wanted) == 0) {
                phase->name = i;
                content->phase_of[i] = k + 1;
            }
        }
    }

    /* a page is of the phase that it had last */

    for (i = 1; i < a->store->all.pages.n; i++) {
        k = content->phase_of[a->pages[i].phase];

        if (a->pages[i].visits != 0 && k != 0 && i != a->other_page) {
            content->phases[k - 1].pages++;
            content->phases[k - 1].visits += a->pages[i].visits;
        }
    }

    return JOURNEY_OK;
}


int
journey_content_init(journey_content_t *content, const journey_analysis_t *a,
    journey_pass_t *pass)
{
    journey_content_walk_t  *walk;

    memset(content, 0, sizeof(journey_content_t));

    walk = calloc(1, sizeof(journey_content_walk_t));
    if (walk == NULL) {
        return JOURNEY_ERROR;
    }

    content->walk = walk;
    walk->content = content;
    walk->a = a;
    walk->store = a->store;

    content->pages = calloc(a->store->all.pages.n,
                            sizeof(journey_content_page_t));
    walk->furthest = calloc((size_t) a->funnel.nmodels
                            + (a->phases ? journey_phases_count(a->phases) : 0)
                            + 1, sizeof(uint32_t));

    if (content->pages == NULL || walk->furthest == NULL
        || (a->phases != NULL
            && journey_content_phases(content, a, a->phases) != JOURNEY_OK))
    {
        return JOURNEY_ERROR;
    }

    memset(pass, 0, sizeof(journey_pass_t));

    pass->ctx = walk;
    pass->window = journey_content_window;
    pass->session = journey_content_session;
    pass->journey = journey_content_journey;
    pass->end = journey_content_end;

    return JOURNEY_OK;
}


void
journey_content_free(journey_content_t *content)
{
    unsigned  i;

    for (i = 0; content->phases != NULL && i < content->nphases; i++) {
        free(content->phases[i].channels);
    }

    if (content->walk != NULL) {
        free(content->walk->times.times);
        free(content->walk->furthest);
        free(content->walk);
    }

    free(content->pages);
    free(content->phases);
    free(content->phase_of);
}
