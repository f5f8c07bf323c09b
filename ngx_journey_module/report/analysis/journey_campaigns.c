
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_campaigns.h"

#include <stdlib.h>


/* A touch is channel NUL source NUL medium NUL campaign: what is behind the
 * channel. */

static journey_str_t
journey_campaigns_key(const journey_store_t *store, uint32_t touch)
{
    u_char         *p;
    journey_str_t   str;

    str = journey_intern_str(&store->all.touches, touch);
    p = (str.len == 0) ? NULL : memchr(str.data, '\0', str.len);

    if (p == NULL) {
        str.len = 0;
        return str;
    }

    str.len -= p + 1 - str.data;
    str.data = p + 1;

    return str;
}


/* What is up to the next NUL; key is moved on. */

static journey_str_t
journey_campaigns_part(journey_str_t *key)
{
    u_char         *p;
    journey_str_t   part;

    part = *key;

    if (key->len == 0) {
        return part;
    }

    p = memchr(key->data, '\0', key->len);

    if (p == NULL) {
        key->len = 0;
        return part;
    }

    part.len = p - key->data;
    key->len -= part.len + 1;
    key->data = p + 1;

    return part;
}


static void
journey_campaigns_split(journey_str_t key, journey_campaign_t *campaign)
{
    campaign->source = journey_campaigns_part(&key);
    campaign->medium = journey_campaigns_part(&key);
    campaign->campaign = key;
}


void
journey_campaigns_values(const journey_store_t *store, uint32_t touch,
    journey_campaign_t *campaign)
{
    journey_campaigns_split(journey_campaigns_key(store, touch), campaign);
}


int
journey_campaigns_init(journey_campaigns_t *campaigns,
    const journey_store_t *store)
{
    uint32_t            i, number;
    journey_str_t       key;
    journey_campaign_t  campaign;

    memset(campaigns, 0, sizeof(journey_campaigns_t));

    if (journey_intern_init(&campaigns->keys, store->all.names.seed)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    campaigns->touches = calloc(store->all.touches.n, sizeof(uint32_t));
    if (campaigns->touches == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 1; i < store->all.touches.n; i++) {
        key = journey_campaigns_key(store, i);
        journey_campaigns_split(key, &campaign);

        if (campaign.campaign.len != 0 || campaign.source.len != 0
            || campaign.medium.len != 0)
        {
            campaigns->touches[i] = journey_intern(&campaigns->keys, key.data,
                                                   key.len);
        }
    }

    if (campaigns->keys.no_memory) {
        return JOURNEY_ERROR;
    }

    campaigns->other = campaigns->keys.n;
    campaigns->n = campaigns->other + 1;

    campaigns->named = calloc(campaigns->n, 1);
    campaigns->sums = calloc(campaigns->n, sizeof(journey_campaign_sum_t));

    if (campaigns->named == NULL || campaigns->sums == NULL) {
        return JOURNEY_ERROR;
    }

    for (number = 1; number < campaigns->other; number++) {
        journey_campaigns_name(campaigns, number, &campaign);
        campaigns->named[number] = (campaign.campaign.len != 0);
    }

    return JOURNEY_OK;
}


void
journey_campaigns_free(journey_campaigns_t *campaigns)
{
    journey_intern_free(&campaigns->keys);

    free(campaigns->touches);
    free(campaigns->named);
    free(campaigns->sums);
    free(campaigns->row);
}


void
journey_campaigns_reset(journey_campaigns_t *campaigns)
{
    memset(campaigns->sums, 0, campaigns->n * sizeof(journey_campaign_sum_t));

    campaigns->nameless = 0;
}


void
journey_campaigns_view(journey_campaigns_t *campaigns, const journey_ev_t *ev)
{
    uint32_t  number;

    number = campaigns->touches[ev->touch];

    if (number == 0) {
        campaigns->nameless++;
        return;
    }

    journey_campaigns_sum(campaigns, number)->views++;
}


void
journey_campaigns_touch(journey_campaigns_t *campaigns, const journey_ev_t *ev,
    uint64_t gen)
{
    uint32_t                 number;
    journey_campaign_sum_t  *sum;

    number = journey_campaigns_of(campaigns, ev);

    if (number == 0) {
        return;
    }

    sum = journey_campaigns_sum(campaigns, number);

    if (ev->kind == JOURNEY_EVENT_CLICK) {
        sum->clicks++;

    } else if (ev->kind != JOURNEY_EVENT_PIXEL) {
        sum->visits++;
    }

    if (gen != 0 && sum->visitor_gen != gen) {
        sum->visitor_gen = gen;
        sum->visitors++;
    }
}


void
journey_campaigns_journey(journey_campaigns_t *campaigns, uint32_t number,
    uint64_t gen)
{
    journey_campaign_sum_t  *sum;

    if (number == 0) {
        return;
    }

    sum = journey_campaigns_sum(campaigns, number);

    if (sum->journey_gen != gen) {
        sum->journey_gen = gen;
        sum->journeys++;
    }
}


void
journey_campaigns_name(const journey_campaigns_t *campaigns, uint32_t number,
    journey_campaign_t *campaign)
{
    journey_campaigns_split(journey_intern_str(&campaigns->keys, number),
                            campaign);
}


static int
journey_campaigns_classify(journey_store_t *store,
    const journey_classifier_t *classifier, uint32_t *channels)
{
    uint32_t             i;
    journey_str_t        touch, values[JOURNEY_QUERY_VALUES];
    journey_entry_t      entry;
    journey_campaign_t   campaign;

    memset(values, 0, sizeof(values));

    for (i = 1; i < store->all.touches.n; i++) {
        touch = journey_intern_str(&store->all.touches, i);

        if (touch.len == 0 || touch.data[0] != '\0') {
            continue;
        }

        journey_campaigns_values(store, i, &campaign);

        if (campaign.campaign.len == 0 && campaign.source.len == 0
            && campaign.medium.len == 0)
        {
            /* of nothing known: no channel, and direct least of all */
            continue;
        }

        values[JOURNEY_QUERY_SOURCE] = campaign.source;
        values[JOURNEY_QUERY_MEDIUM] = campaign.medium;
        values[JOURNEY_QUERY_CAMPAIGN] = campaign.campaign;

        journey_classify_values(classifier, values, &entry);

        channels[i] = journey_intern(&store->all.names,
                                     entry.channel_name.data,
                                     entry.channel_name.len);
    }

    return store->all.names.no_memory ? JOURNEY_ERROR : JOURNEY_OK;
}


int
journey_campaigns_channels(journey_store_t *store, const journey_conf_t *conf,
    uint32_t *channels)
{
    int                   rc;
    journey_pool_t       *pool;
    journey_classifier_t  classifier;

    memset(&classifier, 0, sizeof(journey_classifier_t));

    if (conf != NULL) {
        classifier.sources = conf->sources;
        classifier.codes = conf->channel_codes;
        classifier.channels = conf->channels;

        return journey_campaigns_classify(store, &classifier, channels);
    }

    pool = journey_pool_create();
    if (pool == NULL) {
        return JOURNEY_ERROR;
    }

    rc = JOURNEY_ERROR;
    classifier.sources = journey_sources_create(pool);
    classifier.codes = journey_channel_codes_create(pool);

    if (classifier.sources != NULL && classifier.codes != NULL) {
        rc = journey_campaigns_classify(store, &classifier, channels);
    }

    journey_pool_destroy(pool);

    return rc;
}
