
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * How source, medium and campaign of an entry come about (channels,
 * section 2).
 */


#include "journey_channel_rule.h"


/* The medium of an entry that a listed source alone explains. */

static const journey_str_t  journey_kind_media[JOURNEY_KIND_LAST] = {
    [JOURNEY_KIND_NONE] = journey_string("referral"),
    [JOURNEY_KIND_SEARCH] = journey_string("organic"),
    [JOURNEY_KIND_SOCIAL] = journey_string("social"),
    [JOURNEY_KIND_VIDEO] = journey_string("video"),
    [JOURNEY_KIND_SHOPPING] = journey_string("shopping"),
    [JOURNEY_KIND_AI] = journey_string("ai-assistant"),
    [JOURNEY_KIND_EMAIL] = journey_string("email"),
    [JOURNEY_KIND_ADS] = journey_string("display"),
    [JOURNEY_KIND_GATEWAY] = journey_string("referral"),
    [JOURNEY_KIND_GUARD] = journey_string("referral"),
    [JOURNEY_KIND_SPAM] = journey_string("referral")
};


/*
 * What a click id says (section 2, rule 2).  The kind is for tables that do
 * not list the network; also is a second site of the same network.
 */

typedef struct {
    journey_str_t      source;
    journey_str_t      medium;
    journey_kind_e     kind;
    journey_str_t      also;
    unsigned           video:1;         /* a video site that is the referrer
                                           is the source */
} journey_click_rule_t;

#define CLICK(s, m, k)                                                        \
    { journey_string(s), journey_string(m), JOURNEY_KIND_ ## k,               \
      journey_null_string, 0 }

#define GOOGLE_ADS                                                            \
    { journey_string("google"), journey_string("cpc"), JOURNEY_KIND_SEARCH,   \
      journey_string("youtube"), 1 }

static const journey_click_rule_t  journey_clicks[JOURNEY_CLICK_LAST] = {
    [JOURNEY_CLICK_GCLID] = GOOGLE_ADS,
    [JOURNEY_CLICK_GBRAID] = GOOGLE_ADS,
    [JOURNEY_CLICK_WBRAID] = GOOGLE_ADS,
    [JOURNEY_CLICK_GAD_SOURCE] = GOOGLE_ADS,
    [JOURNEY_CLICK_DCLID] = CLICK("google", "display", SEARCH),
    [JOURNEY_CLICK_MSCLKID] = CLICK("bing", "cpc", SEARCH),
    [JOURNEY_CLICK_TTCLID] = CLICK("tiktok", "cpc", SOCIAL),
    [JOURNEY_CLICK_TWCLID] = CLICK("x", "cpc", SOCIAL),
    [JOURNEY_CLICK_LI_FAT_ID] = CLICK("linkedin", "cpc", SOCIAL),
    [JOURNEY_CLICK_RDT_CID] = CLICK("reddit", "cpc", SOCIAL),
    [JOURNEY_CLICK_SCCID] = CLICK("snapchat", "cpc", SOCIAL),
    [JOURNEY_CLICK_EPIK] = CLICK("pinterest", "cpc", SOCIAL),
    [JOURNEY_CLICK_YCLID] = CLICK("yandex", "cpc", SEARCH),
    [JOURNEY_CLICK_SRSLTID] = CLICK("google", "organic", SEARCH),
    [JOURNEY_CLICK_FBCLID] = {
        journey_string("facebook"), journey_string("social"),
        JOURNEY_KIND_SOCIAL, journey_string("instagram"), 0
    }
};


/* Bytes of a value that are looked at: more than it can have afterwards, even
 * with blanks around it. */

#define JOURNEY_ENTRY_RAW  (2 * JOURNEY_VALUE_MAX)

static const journey_str_t  journey_entry_names[JOURNEY_QUERY_VALUES] = {
    [JOURNEY_QUERY_SOURCE] = journey_string("&utm_source="),
    [JOURNEY_QUERY_MEDIUM] = journey_string("&utm_medium="),
    [JOURNEY_QUERY_CAMPAIGN] = journey_string("&utm_campaign="),
    [JOURNEY_QUERY_TERM] = journey_string("&utm_term="),
    [JOURNEY_QUERY_CONTENT] = journey_string("&utm_content=")
};


/* What is found out on the way and is no part of the entry. */

typedef struct {
    const journey_source_t  *referrer;  /* the listed one, of an external
                                           referrer */
    unsigned                 free_listing:1;    /* srsltid alone */
} journey_found_t;


static void journey_entry_referrer(const journey_classifier_t *c,
    const journey_visit_t *visit, journey_entry_t *e, journey_found_t *found);
static int journey_entry_own(const journey_visit_t *visit);
static int journey_entry_internal(const journey_classifier_t *c,
    const journey_visit_t *visit, const journey_referrer_t *ref);
static int journey_host_local(const journey_str_t *host);
static void journey_entry_campaign(const journey_classifier_t *c,
    journey_entry_t *e);
static void journey_entry_click(const journey_classifier_t *c,
    journey_entry_t *e, journey_found_t *found);
static void journey_entry_source(journey_entry_t *e,
    const journey_source_t *source, const journey_str_t *key,
    journey_kind_e kind, const char *why, size_t len);
static void journey_entry_fill(const journey_classifier_t *c,
    const journey_visit_t *visit, journey_entry_t *e, journey_found_t *found);


void
journey_classify(const journey_classifier_t *c, const journey_visit_t *visit,
    journey_entry_t *e)
{
    uint32_t               hash;
    journey_found_t        found;
    const journey_name_t  *name;

    /* the buffers at the entry's end need no clearing */

    memset(e, 0, offsetof(journey_entry_t, query));
    memset(&found, 0, sizeof(journey_found_t));

    (void) journey_query_parse(&e->query, visit->args.data, visit->args.len);

    if (visit->referrer.len != 0) {
        journey_entry_referrer(c, visit, e, &found);
    }

    journey_entry_campaign(c, e);
    journey_entry_click(c, e, &found);

    if (visit->inside && !e->external) {
        return;
    }

    journey_entry_fill(c, visit, e, &found);

    if (e->source.len > JOURNEY_VALUE_MAX) {
        e->source.len = JOURNEY_VALUE_MAX;
    }

    if (e->referrer.len > JOURNEY_VALUE_MAX) {
        e->referrer.len = JOURNEY_VALUE_MAX;
    }

    name = (c->channels == NULL) ? NULL
           : journey_channels_match(c->channels, visit, e);

    if (name != NULL) {
        e->channel = name->code;
        e->channel_name = name->name;

        memcpy(e->why_buf, "rule:", 5);
        memcpy(e->why_buf + 5, name->name.data, name->name.len);
        e->why.data = e->why_buf;
        e->why.len = 5 + name->name.len;

    } else {
        journey_channel_decide(e, found.free_listing);
    }

    hash = journey_hash(e->source.data, e->source.len);
    hash = journey_hash_more(hash, (u_char *) "", 1);
    hash = journey_hash_more(hash, e->medium.data, e->medium.len);
    hash = journey_hash_more(hash, (u_char *) "", 1);
    e->hash = journey_hash_more(hash, e->campaign.data, e->campaign.len);
}


/* By way of a query, so that there is one reading of values. */

void
journey_classify_values(const journey_classifier_t *c,
    const journey_str_t *values, journey_entry_t *e)
{
    size_t               n, len;
    u_char              *p;
    unsigned             i;
    journey_visit_t      visit;
    static const u_char  hex[] = "0123456789abcdef";
    u_char               args[JOURNEY_QUERY_VALUES
                              * (3 * JOURNEY_ENTRY_RAW + 16)];

    p = args;

    for (i = 0; i < JOURNEY_QUERY_VALUES; i++) {

        if (values[i].len == 0) {
            continue;
        }

        memcpy(p, journey_entry_names[i].data, journey_entry_names[i].len);
        p += journey_entry_names[i].len;

        len = journey_min(values[i].len, JOURNEY_ENTRY_RAW);

        for (n = 0; n < len; n++) {
            *p++ = '%';
            *p++ = hex[values[i].data[n] >> 4];
            *p++ = hex[values[i].data[n] & 0xf];
        }
    }

    memset(&visit, 0, sizeof(journey_visit_t));

    visit.args.data = args;
    visit.args.len = p - args;

    journey_classify(c, &visit, e);
}


/* Section 2, rule 3, as far as it is about who may be a source. */

static void
journey_entry_referrer(const journey_classifier_t *c,
    const journey_visit_t *visit, journey_entry_t *e, journey_found_t *found)
{
    const journey_source_t  *source;

    if (journey_entry_own(visit)) {
        return;
    }

    if (journey_referrer_parse(&e->ref, visit->referrer.data,
                               visit->referrer.len)
        != JOURNEY_OK
        || journey_entry_internal(c, visit, &e->ref))
    {
        return;
    }

    source = journey_source_by_referrer(c->sources, &e->ref);

    if (source != NULL) {

        if (source->kind == JOURNEY_KIND_GATEWAY) {
            return;
        }

        if (source->kind == JOURNEY_KIND_SPAM && c->drop_spam) {
            e->spam = 1;
            return;
        }
    }

    e->external = 1;
    e->referrer = e->ref.host;
    found->referrer = source;
}


/*
 * The referrer of most requests, known at a glance: a page of the same host.
 * What is written in any other way is left to journey_entry_internal().
 */

static int
journey_entry_own(const journey_visit_t *visit)
{
    size_t                len, n;
    u_char                c;
    const u_char         *p;
    const journey_str_t  *host;

    p = visit->referrer.data;
    len = visit->referrer.len;
    host = &visit->host;

    if (host->len == 0 || len < 8 + host->len) {
        return 0;
    }

    if (memcmp(p, "https://", 8) == 0) {
        n = 8;

    } else if (memcmp(p, "http://", 7) == 0) {
        n = 7;

    } else {
        return 0;
    }

    if (memcmp(p + n, host->data, host->len) != 0) {
        return 0;
    }

    n += host->len;

    if (n == len) {
        return 1;
    }

    c = p[n];

    return c == '/' || c == '?' || c == '#';
}


static int
journey_entry_internal(const journey_classifier_t *c,
    const journey_visit_t *visit, const journey_referrer_t *ref)
{
    const journey_str_t  *host;

    host = &ref->host;

    if (ref->app) {
        return journey_hosts_match(c->ignored, host);
    }

    return journey_host_within(host, &visit->host)
           || journey_hosts_match(c->own, host)
           || journey_hosts_match(c->server, host)
           || journey_hosts_match(c->linked, host)
           || journey_hosts_match(c->ignored, host)
           || journey_host_local(host);
}


/* This machine by name (RFC 6761, section 6.3) or address. */

static int
journey_host_local(const journey_str_t *host)
{
    size_t                      i;
    static const journey_str_t  localhost = journey_string("localhost");

    if (journey_host_within(host, &localhost)) {
        return 1;
    }

    if (host->len > 4 && memcmp(host->data, "127.", 4) == 0) {

        for (i = 4; i < host->len; i++) {
            if (host->data[i] != '.'
                && (host->data[i] < '0' || host->data[i] > '9'))
            {
                return 0;
            }
        }

        return 1;
    }

    return journey_str_is(host, "[::1]");
}


/* Section 2, rule 1. */

static void
journey_entry_campaign(const journey_classifier_t *c, journey_entry_t *e)
{
    int                      paid;
    journey_str_t           *values;
    const journey_source_t  *source;

    values = e->query.values;
    e->click = e->query.click;

    if (values[JOURNEY_QUERY_SOURCE].len == 0
        && values[JOURNEY_QUERY_MEDIUM].len == 0
        && values[JOURNEY_QUERY_CAMPAIGN].len == 0)
    {
        e->external |= (e->click != JOURNEY_CLICK_NONE);
        e->term = values[JOURNEY_QUERY_TERM];
        e->content = values[JOURNEY_QUERY_CONTENT];
        return;
    }

    e->external = 1;
    e->medium = values[JOURNEY_QUERY_MEDIUM];
    e->campaign = values[JOURNEY_QUERY_CAMPAIGN];
    e->term = values[JOURNEY_QUERY_TERM];
    e->content = values[JOURNEY_QUERY_CONTENT];

    if (e->medium.len != 0) {
        journey_str_set(&e->why, "utm");
    }

    if (values[JOURNEY_QUERY_SOURCE].len == 0) {
        return;
    }

    source = journey_source_by_name(c->sources, &values[JOURNEY_QUERY_SOURCE],
                                    &paid);

    /* the name of a plain referral stays what the link says */

    if (source != NULL && source->kind == JOURNEY_KIND_GUARD) {
        source = NULL;
    }

    journey_entry_source(e, source, &values[JOURNEY_QUERY_SOURCE],
                         JOURNEY_KIND_NONE, "utm", 3);

    if (e->medium.len != 0) {
        return;
    }

    if (paid) {
        journey_str_set(&e->medium, "cpc");

    } else if (e->kind == JOURNEY_KIND_ADS) {
        e->medium = journey_kind_media[JOURNEY_KIND_ADS];
    }
}


static void
journey_entry_source(journey_entry_t *e, const journey_source_t *source,
    const journey_str_t *key, journey_kind_e kind, const char *why,
    size_t len)
{
    if (source != NULL) {
        e->source = source->key;
        e->kind = source->kind;

    } else {
        e->source = *key;
        e->kind = kind;
    }

    if (e->why.len == 0) {
        e->why.data = (u_char *) why;
        e->why.len = len;
    }
}


/* Section 2, rule 2. */

static void
journey_entry_click(const journey_classifier_t *c, journey_entry_t *e,
    journey_found_t *found)
{
    const journey_source_t      *source;
    const journey_click_rule_t  *click;

    if (e->click == JOURNEY_CLICK_NONE) {
        return;
    }

    click = &journey_clicks[e->click];

    if (e->source.len == 0) {

        if (click->video && found->referrer != NULL
            && found->referrer->kind == JOURNEY_KIND_VIDEO)
        {
            source = found->referrer;

        } else {
            source = journey_source_by_key(c->sources, &click->source);
        }

        found->free_listing = (e->click == JOURNEY_CLICK_SRSLTID
                               && e->medium.len == 0);

        journey_entry_source(e, source, &click->source, click->kind, "click",
                             5);

    } else if (journey_strcmp(&e->source, &click->source) != 0
               && (click->also.len == 0
                   || journey_strcmp(&e->source, &click->also) != 0))
    {
        /* another network's: says nothing about this source */

        return;
    }

    if (e->medium.len == 0) {
        e->medium = click->medium;
    }
}


/*
 * Section 2, rules 3 to 5: what is left open is the referrer's, else the
 * in-app browser's, else nobody's.
 */

static void
journey_entry_fill(const journey_classifier_t *c,
    const journey_visit_t *visit, journey_entry_t *e, journey_found_t *found)
{
    journey_str_t            host;
    journey_kind_e           kind;
    const journey_source_t  *source;

    if (e->source.len != 0) {
        return;
    }

    if (e->referrer.len != 0) {
        host = e->referrer;
        kind = JOURNEY_KIND_NONE;
        source = found->referrer;

        if (!e->ref.app && host.len > 4 && memcmp(host.data, "www.", 4) == 0)
        {
            host.data += 4;
            host.len -= 4;
        }

        /* a plain referral goes by its host */

        if (source != NULL && source->kind == JOURNEY_KIND_GUARD) {
            source = NULL;
            kind = JOURNEY_KIND_GUARD;
        }

        if (e->ref.app) {
            journey_entry_source(e, source, &host, kind, "app", 3);

        } else {
            journey_entry_source(e, source, &host, kind, "referrer", 8);
        }

    } else if (visit->app != NULL) {
        source = journey_source_by_key(c->sources, visit->app);

        /* in-app browsers are those of networks, where no table says more */

        journey_entry_source(e, source, visit->app, JOURNEY_KIND_SOCIAL,
                             "agent", 5);

    } else {

        if (e->why.len == 0) {

            if (e->campaign.len != 0) {
                journey_str_set(&e->why, "utm");

            } else {
                journey_str_set(&e->why, "direct");
            }
        }

        return;
    }

    if (e->medium.len == 0) {
        e->medium = journey_kind_media[e->kind];
    }
}
