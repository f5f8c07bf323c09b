
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The channel of values that no request brought: as of a link with them.
 */


#include "journey_channel.h"
#include "tap.h"


static journey_classifier_t   classifier;
static journey_entry_t        entry;


static journey_str_t
text(const char *s)
{
    journey_str_t  str;

    str.data = (u_char *) s;
    str.len = strlen(s);

    return str;
}


static void
classify_link(const char *args)
{
    journey_visit_t  visit;

    memset(&visit, 0, sizeof(visit));
    memset(&entry, 0xa5, sizeof(entry));

    visit.host = text("shop.example");
    visit.path = text("/landing/");
    visit.args = text(args);

    journey_classify(&classifier, &visit, &entry);
}


static void
classify_values(const char *source, const char *medium, const char *campaign)
{
    journey_str_t  values[JOURNEY_QUERY_VALUES];

    memset(values, 0, sizeof(values));
    memset(&entry, 0xa5, sizeof(entry));

    values[JOURNEY_QUERY_SOURCE] = text(source);
    values[JOURNEY_QUERY_MEDIUM] = text(medium);
    values[JOURNEY_QUERY_CAMPAIGN] = text(campaign);

    journey_classify_values(&classifier, values, &entry);
}


static void
test_values(void)
{
    char      *big;
    uint32_t   hash;

    classify_values("google", "cpc", "shoes");
    is_int(entry.channel, JOURNEY_CHANNEL_PAID_SEARCH, "values: a search ad");
    is_str(entry.source, "google", "its source");
    is_str(entry.medium, "cpc", "its medium");
    is_str(entry.campaign, "shoes", "its campaign");
    is_str(entry.why, "utm", "why");
    hash = entry.hash;
    classify_link("utm_source=google&utm_medium=cpc&utm_campaign=shoes");
    is_int(entry.hash, hash, "as a link with them is");

    classify_values("", "", "");
    is_int(entry.channel, JOURNEY_CHANNEL_DIRECT, "no value is direct");
    is_int(entry.external, 0, "and comes from nowhere");
    classify_values("", "", "spring");
    is_int(entry.channel, JOURNEY_CHANNEL_UNASSIGNED, "a campaign alone");
    classify_values("leaflet", "qr", "");
    is_int(entry.channel, JOURNEY_CHANNEL_OFFLINE, "offline");
    classify_values("letter", "email", "");
    is_int(entry.channel, JOURNEY_CHANNEL_EMAIL, "mail");

    classify_values(" Facebook-Ads ", "", "A&B=C+D%20#e");
    is_str(entry.source, "facebook", "an alias, in whatever case");
    is_str(entry.medium, "cpc", "which is paid");
    is_str(entry.campaign, "a&b=c+d%20#e", "what is a sign in links is none");
    classify_values("https://www.blog.example/a?b", "referral", "");
    is_str(entry.source, "blog.example", "a URL is its host");
    classify_values("(not set)", "null", "ann@mail.example");
    is_int(entry.channel, JOURNEY_CHANNEL_DIRECT, "what says nothing");
    classify_values("a\033[31mb\xff", "email", "\xc3\xa4");
    is_int(entry.channel, JOURNEY_CHANNEL_EMAIL, "whatever else there is");
    ok(memchr(entry.source.data, 033, entry.source.len) == NULL,
       "no control character");
    is_str(entry.campaign, "\xc3\xa4", "UTF-8");

    big = malloc(70001);
    memset(big, 'x', 70000);
    big[70000] = '\0';
    classify_values(big, big, big);
    is_int(entry.source.len, JOURNEY_VALUE_MAX, "70,000 letters are cut");
    is_int(entry.campaign.len, JOURNEY_VALUE_MAX, "each");
    free(big);
}


int
main(void)
{
    int                 len;
    char                path[4096];
    journey_pool_t     *pool;
    journey_error_t     err;
    journey_sources_t  *sources;

    pool = journey_pool_create();
    sources = journey_sources_create(pool);

    /* this file is t/unit/test_channel_values.c */

    len = (int) (strlen(__FILE__) - strlen("t/unit/test_channel_values.c"));
    snprintf(path, sizeof(path), "%.*sconf/sources.conf", len, __FILE__);

    err.text[0] = '\0';
    is_int(journey_sources_load(sources, path, &err), JOURNEY_OK, path);

    classifier.sources = sources;
    classifier.codes = journey_channel_codes_create(pool);
    classifier.drop_spam = 1;

    test_values();

    journey_pool_destroy(pool);

    return done();
}
