
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Campaigns: how often they were seen, clicked and visited, and what came of
 * it.  A campaign is what cmp, src and med say together.
 */


#ifndef JOURNEY_CAMPAIGNS_H
#define JOURNEY_CAMPAIGNS_H


#include "journey_conf.h"
#include "journey_store.h"
#include "journey_sum.h"


/*
 * Views and clicks count for what they name, be it no more than a source; of
 * other touches those that name a campaign, since everything has a source.
 */

typedef struct {
    uint64_t                  views;    /* pixels, of nobody too */
    uint64_t                  clicks;   /* that opened a touch */
    uint64_t                  visits;   /* touches of any other kind */
    uint64_t                  visitors;
    uint64_t                  journeys;
    double                    conversions;      /* credit: last touch */
    journey_sum_t             value;

    uint64_t                  visitor_gen;      /* counted for this one
                                                   already */
    uint64_t                  journey_gen;
} journey_campaign_sum_t;

typedef struct {
    journey_intern_t          keys;     /* source NUL medium NUL campaign */
    uint32_t                 *touches;  /* numbers in keys, by touch; 0: it
                                           names nothing */
    u_char                   *named;    /* by number: with a campaign */
    journey_campaign_sum_t   *sums;     /* by number, and other */
    uint32_t                  n;        /* numbers, other among them */
    uint32_t                  other;    /* of what is folded */
    uint32_t                 *row;      /* --min-visitors: for which row each
                                           counts; NULL: for itself */
    uint64_t                  nameless; /* views that name nothing */
} journey_campaigns_t;


/* Reads the campaigns out of the store's touches.  JOURNEY_ERROR when memory
 * is exhausted; to be freed in any case. */
int journey_campaigns_init(journey_campaigns_t *campaigns,
    const journey_store_t *store);
void journey_campaigns_free(journey_campaigns_t *campaigns);

/* Forgets what was counted. */
void journey_campaigns_reset(journey_campaigns_t *campaigns);

/* The number that an event counts for, 0 for none. */

static inline uint32_t
journey_campaigns_of(const journey_campaigns_t *campaigns,
    const journey_ev_t *ev)
{
    uint32_t  number;

    number = campaigns->touches[ev->touch];

    return (ev->kind == JOURNEY_EVENT_CLICK || ev->kind == JOURNEY_EVENT_PIXEL
            || campaigns->named[number]) ? number : 0;
}

/* The sums of a number. */

static inline journey_campaign_sum_t *
journey_campaigns_sum(journey_campaigns_t *campaigns, uint32_t number)
{
    return &campaigns->sums[campaigns->row == NULL ? number
                                                   : campaigns->row[number]];
}

/* A pixel. */
void journey_campaigns_view(journey_campaigns_t *campaigns,
    const journey_ev_t *ev);

/* A touch, a view that counts as one among them; gen is a number of the
 * visitor, 0 for nobody. */
void journey_campaigns_touch(journey_campaigns_t *campaigns,
    const journey_ev_t *ev, uint64_t gen);

/* A touch of a journey; gen is a number of the journey. */
void journey_campaigns_journey(journey_campaigns_t *campaigns, uint32_t number,
    uint64_t gen);


/* What source, medium and campaign are, for sums that have a number. */

typedef struct {
    journey_str_t             campaign;
    journey_str_t             source;
    journey_str_t             medium;
} journey_campaign_t;

void journey_campaigns_name(const journey_campaigns_t *campaigns,
    uint32_t number, journey_campaign_t *campaign);

/* Those of a touch of the store; empty where it has none. */
void journey_campaigns_values(const journey_store_t *store, uint32_t touch,
    journey_campaign_t *campaign);


/*
 * Views as touches (--views): gives those of the store, which have no channel,
 * the one that a visit with their source, medium and campaign would get by
 * conf, by the built-in rules alone without one (NULL).  channels receives
 * the numbers of names, by touch; 0 for all others.
 */
int journey_campaigns_channels(journey_store_t *store,
    const journey_conf_t *conf, uint32_t *channels);


#endif /* JOURNEY_CAMPAIGNS_H */
