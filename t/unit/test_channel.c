
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From a request to source, medium and channel: the cases of
 * t/data/classify.tsv, own rules, own and ignored hosts, bad rules.
 */


#include "journey_channel.h"
#include "tap.h"


#define FIELDS  9


static journey_pool_t        *pool;
static journey_sources_t     *sources;
static journey_codes_t       *codes;
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
top_path(char *dst, size_t size, const char *name)
{
    size_t  len;

    /* this file is t/unit/test_channel.c */

    len = strlen(__FILE__) - strlen("t/unit/test_channel.c");
    snprintf(dst, size, "%.*s%s", (int) len, __FILE__, name);
}


static void
classify(const char *referrer, const char *args, const char *app)
{
    journey_str_t    app_str;
    journey_visit_t  visit;

    memset(&visit, 0, sizeof(visit));
    memset(&entry, 0xa5, sizeof(entry));

    visit.host = text("shop.example");
    visit.path = text("/landing/");
    visit.args = text(args);
    visit.referrer = text(referrer);

    if (app[0] != '\0') {
        app_str = text(app);
        visit.app = &app_str;
    }

    journey_classify(&classifier, &visit, &entry);
}


/* One line of the table; 1 when all is as it says. */

static int
table_line(char **f)
{
    int                 i, same;
    char                got[FIELDS][128];
    journey_str_t       value;
    const journey_str_t *fields[6];

    for (i = 0; i < FIELDS; i++) {
        if (strcmp(f[i], "-") == 0) {
            f[i] = "";
        }
    }

    classify(f[0], f[1], f[2]);

    value = *journey_click_name(entry.click);
    fields[0] = &entry.channel_name;
    fields[1] = &entry.source;
    fields[2] = &entry.medium;
    fields[3] = &entry.campaign;
    fields[4] = &value;
    fields[5] = &entry.why;

    same = 1;

    for (i = 0; i < 6; i++) {
        snprintf(got[i], sizeof(got[i]), "%.*s", (int) fields[i]->len,
                 fields[i]->len == 0 ? "" : (char *) fields[i]->data);
        same &= (strcmp(got[i], f[i + 3]) == 0);
    }

    if (!same) {
        printf("#   got  %s|%s|%s|%s|%s|%s\n", got[0], got[1], got[2], got[3],
               got[4], got[5]);
        printf("#   want %s|%s|%s|%s|%s|%s\n", f[3], f[4], f[5], f[6], f[7],
               f[8]);
    }

    return same;
}


static void
test_table(void)
{
    char   path[4096], line[8192], *f[FIELDS + 1], *p;
    int    n, number, cases;
    FILE  *file;

    top_path(path, sizeof(path), "t/data/classify.tsv");
    file = fopen(path, "r");
    ok(file != NULL, "%s is there", path);

    if (file == NULL) {
        return;
    }

    cases = 0;

    for (number = 1; fgets(line, sizeof(line), file) != NULL; number++) {

        line[strcspn(line, "\n")] = '\0';

        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }

        for (n = 0, p = line; p != NULL && n <= FIELDS; n++) {
            f[n] = strsep(&p, "\t");
        }

        if (n != FIELDS) {
            ok(0, "line %d has %d fields", number, n);
            continue;
        }

        cases++;
        ok(table_line(f), "line %d: %s ? %s (%s) is %s", number, f[0], f[1],
           f[2], f[3]);
    }

    fclose(file);
    ok(cases > 450, "%d cases", cases);
}


static void
test_codes(void)
{
    unsigned               code;
    journey_str_t          name;
    const journey_name_t  *object;

    static const char  *names[] = {
        "direct", "cross_network", "paid_shopping", "paid_search",
        "paid_social", "paid_video", "display", "paid_other",
        "organic_shopping", "organic_social", "organic_video",
        "organic_search", "ai_assistant", "referral", "email", "affiliates",
        "audio", "sms", "push", "offline", "unassigned"
    };

    is_int(sizeof(names) / sizeof(names[0]), JOURNEY_CHANNEL_LAST - 1,
           "21 built-in channels");

    for (code = 1; code < JOURNEY_CHANNEL_LAST; code++) {
        object = journey_codes_find(codes, (uint8_t) code);
        ok(object != NULL, "code %u", code);
        is_str(object->name, names[code - 1], names[code - 1]);
    }

    name = text("referral");
    is_int(journey_codes_get(codes, &name)->code, JOURNEY_CHANNEL_REFERRAL,
           "by name");

    is_str(*journey_channel_name(codes, JOURNEY_CHANNEL_EMAIL), "email",
           "the name of a code");
    is_str(*journey_channel_name(codes, 250), "unassigned",
           "a code that nobody has");
    is_str(*journey_channel_name(codes, 0), "unassigned", "no code");
}


static void
test_external(void)
{
    journey_error_t   err;
    journey_hosts_t  *own, *server, *ignored;
    journey_str_t     host;

    own = journey_hosts_create(pool);
    server = journey_hosts_create(pool);
    ignored = journey_hosts_create(pool);

    host = text("shop.test");
    journey_hosts_add(own, &host, &err);
    host = text("www.brand.example");
    journey_hosts_add(server, &host, &err);
    host = text("ignored.example");
    journey_hosts_add(ignored, &host, &err);
    host = text("org.example.app");
    journey_hosts_add(ignored, &host, &err);

    classify("https://www.google.com/", "", "");
    is_int(entry.external, 1, "a search engine is external");
    is_str(entry.referrer, "www.google.com", "ref is the whole host");
    is_int(entry.kind, JOURNEY_KIND_SEARCH, "kind");

    classify("https://shop.example/a", "", "");
    is_int(entry.external, 0, "own host");
    is_str(entry.referrer, "", "no ref for an own host");

    classify("https://www.shop.example/a", "", "");
    is_int(entry.external, 0, "subdomain of the own host");

    classify("https://example/", "", "");
    is_int(entry.external, 1, "not the parent");

    classify("https://paypal.com/", "", "");
    is_int(entry.external, 0, "gateway");
    is_str(entry.referrer, "", "no ref for a gateway");
    is_int(entry.kind, JOURNEY_KIND_NONE, "no kind for a gateway");

    classify("", "", "facebook");
    is_int(entry.external, 0, "an in-app browser is not external");
    is_int(entry.channel, JOURNEY_CHANNEL_ORGANIC_SOCIAL, "but a source");

    classify("", "gclid=1", "");
    is_int(entry.external, 1, "a click id");
    classify("", "utm_campaign=x", "");
    is_int(entry.external, 1, "a campaign");
    classify("https://shop.example/", "utm_source=x", "");
    is_int(entry.external, 1, "a campaign from an own page");
    classify("", "utm_term=x&utm_content=y", "");
    is_int(entry.external, 0, "a term is no campaign");
    is_str(entry.term, "x", "term");
    is_str(entry.content, "y", "content");
    classify("", "", "");
    is_int(entry.external, 0, "nothing");
    is_int(entry.channel, JOURNEY_CHANNEL_DIRECT, "direct");

    classify("https://a.shop.test/", "", "");
    is_int(entry.external, 1, "before journey_hosts");
    classifier.own = own;
    classify("https://a.shop.test/", "", "");
    is_int(entry.external, 0, "journey_hosts with subdomains");
    is_int(entry.channel, JOURNEY_CHANNEL_DIRECT, "direct then");
    classify("https://notshop.test/", "", "");
    is_int(entry.external, 1, "at a label's boundary");

    classifier.server = server;
    classify("https://www.brand.example/", "", "");
    is_int(entry.external, 0, "server_name");
    classify("https://m.www.brand.example/", "", "");
    is_int(entry.external, 0, "subdomain of a server_name");
    classify("https://brand.example/", "", "");
    is_int(entry.external, 1, "parent of a server_name");

    classifier.ignored = ignored;
    classify("https://x.ignored.example/", "", "");
    is_int(entry.external, 0, "journey_ignore_referrers");
    classify("https://x.ignored.example/", "", "instagram");
    is_str(entry.source, "instagram", "an ignored one counts as none");
    classify("https://ignored.example/", "utm_source=a&utm_medium=email", "");
    is_int(entry.channel, JOURNEY_CHANNEL_EMAIL, "with a campaign");
    is_str(entry.referrer, "", "no ref for an ignored host");
    classify("android-app://org.example.app/", "", "");
    is_int(entry.external, 0, "an ignored app");
    classify("android-app://shop.test/", "", "");
    is_int(entry.external, 1, "an app is never an own host");

    classifier.own = NULL;
    classifier.server = NULL;
    classifier.ignored = NULL;

    classify("https://www.semalt.com/", "", "");
    is_int(entry.spam, 1, "spam");
    is_int(entry.external, 0, "spam is not external");
    is_int(entry.channel, JOURNEY_CHANNEL_DIRECT, "spam is no source");

    classifier.drop_spam = 0;
    classify("https://www.semalt.com/", "", "");
    is_int(entry.spam, 0, "spam kept");
    is_int(entry.external, 1, "spam kept is external");
    is_int(entry.channel, JOURNEY_CHANNEL_REFERRAL, "spam kept is referral");
    is_int(entry.kind, JOURNEY_KIND_SPAM, "and of its kind");
    classifier.drop_spam = 1;

    classify("https://docs.google.com/", "", "");
    is_int(entry.kind, JOURNEY_KIND_GUARD, "a guard's kind");
    is_str(entry.source, "docs.google.com", "a guard goes by its host");
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
test_hash(void)
{
    uint32_t  direct, google, facebook;

    classify("", "", "");
    direct = entry.hash;
    classify("https://shop.example/", "utm_term=x", "");
    is_int(entry.hash, direct, "a term is not in the hash");

    classify("https://www.google.com/", "", "");
    google = entry.hash;
    ok(google != direct, "another source, another hash");
    classify("http://google.de/search?q=x", "", "");
    is_int(entry.hash, google, "the same source, medium and campaign");
    classify("", "utm_source=google&utm_medium=organic", "");
    is_int(entry.hash, google, "whatever decided it");
    classify("", "utm_source=facebook&utm_medium=organic", "");
    facebook = entry.hash;
    ok(facebook != google, "source");
    classify("", "utm_source=google&utm_medium=cpc", "");
    ok(entry.hash != google, "medium");
    classify("", "utm_source=google&utm_medium=organic&utm_campaign=a", "");
    ok(entry.hash != google, "campaign");

    classify("", "utm_source=ab&utm_medium=c", "");
    direct = entry.hash;
    classify("", "utm_source=a&utm_medium=bc", "");
    ok(entry.hash != direct, "the parts do not run together");

    is_int(journey_hash((u_char *) "ab\0c\0", 5), direct,
           "source NUL medium NUL campaign");
}


static int
add(journey_channels_t *channels, journey_error_t *err, const char *rule)
{
    char           line[512], *p;
    unsigned       n;
    journey_str_t  words[8];

    snprintf(line, sizeof(line), "%s", rule);

    for (n = 0, p = line; p != NULL && *p != '\0' && n < 8; n++) {
        words[n] = journey_pstrdup(pool, (u_char *) p, strcspn(p, " "));
        p = strchr(p, ' ');
        p = (p == NULL) ? NULL : p + 1;
    }

    memset(err, 0, sizeof(*err));

    return journey_channels_add(channels, words, n, err);
}


static void
test_own_rules(void)
{
    unsigned             i;
    journey_str_t        name;
    journey_name_t      *clash;
    journey_error_t      err;
    journey_channels_t  *channels;

    static const char  *rules[] = {
        "partner source=ACME.example",
        "offline medium=~^(qr2|print2)$",
        "brand_search source=google campaign=~*BRAND",
        "loyal campaign=winback source!=google",
        "hosted kind=search click=gclid term=shoes",
        "from_wiki referrer=~\\.wiki\\.example$",
        "landing path=/special/ host=shop.example",
        "tagged content=banner-1 campaign!=",
        "nothing_else source=(direct) medium=(none) term=zzz",
        "a1234567890123456789012345678901 source=thirty-two"
    };

    channels = journey_channels_create(pool, codes);

    for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        is_int(add(channels, &err, rules[i]), JOURNEY_OK, rules[i]);
    }

    journey_codes_assign(codes, &clash);
    classifier.channels = channels;

    classify("https://www.acme.example/", "", "");
    is_str(entry.channel_name, "partner", "source, without regard to case");
    is_str(entry.why, "rule:partner", "why");
    name = text("partner");
    is_int(entry.channel, journey_codes_get(codes, &name)->code, "code");
    ok(entry.channel >= JOURNEY_CODE_OWN, "an own code");

    classify("", "utm_source=x&utm_medium=qr2", "");
    is_int(entry.channel, JOURNEY_CHANNEL_OFFLINE, "a built-in channel");
    is_str(entry.why, "rule:offline", "by an own rule");
    classify("", "utm_source=leaflet&utm_medium=qr22", "");
    is_str(entry.channel_name, "unassigned", "the expression is anchored");

    classify("", "gclid=1&utm_campaign=my-brand", "");
    is_str(entry.channel_name, "brand_search", "two conditions");
    classify_values("google", "cpc", "my-brand");
    is_str(entry.channel_name, "brand_search", "of values, too");
    classify("", "msclkid=1&utm_campaign=my-brand", "");
    is_str(entry.channel_name, "paid_search", "one of two");
    is_str(entry.why, "click", "and why is what it was");

    classify("", "utm_source=bing&utm_campaign=winback", "");
    is_str(entry.channel_name, "loyal", "!=");
    classify("", "utm_source=google&utm_campaign=winback", "");
    is_str(entry.channel_name, "organic_search", "not !=");
    classify("", "utm_campaign=winback", "");
    is_str(entry.channel_name, "loyal", "!= holds for what is absent");

    classify("", "gclid=1&utm_term=shoes", "");
    is_str(entry.channel_name, "hosted", "kind, click and term");
    classify("", "gbraid=1&utm_term=shoes", "");
    is_str(entry.channel_name, "paid_search", "another click id");

    classify("https://de.wiki.example/", "", "");
    is_str(entry.channel_name, "from_wiki", "referrer");
    classify("https://de.wiki.example/", "utm_source=a&utm_medium=email", "");
    is_str(entry.channel_name, "from_wiki", "referrer beside a campaign");
    classify("https://wiki.example.org/", "", "");
    is_str(entry.channel_name, "referral", "another referrer");

    classify("", "utm_content=banner-1&utm_campaign=c", "");
    is_str(entry.channel_name, "tagged", "content and any campaign");
    classify("", "utm_content=banner-1&utm_source=c", "");
    is_str(entry.channel_name, "unassigned", "campaign!= without campaign");

    classify("", "utm_term=zzz", "");
    is_str(entry.channel_name, "nothing_else", "the words for none");

    classify("", "utm_source=thirty-two", "");
    is_int(entry.why.len, 37, "the longest name fits");
    is_str(entry.why, "rule:a1234567890123456789012345678901", "whole");

    is_int(add(channels, &err, "late source=acme.example"), JOURNEY_OK,
           "a later rule for the same");
    is_int(add(channels, &err, "everything path=/landing/"), JOURNEY_OK,
           "a rule for a path");
    journey_codes_assign(codes, &clash);
    classify("https://acme.example/", "", "");
    is_str(entry.channel_name, "partner", "the first rule wins");
    classify("", "", "");
    is_str(entry.channel_name, "everything", "path");
    is_str(entry.source, "", "a rule changes the channel alone");
    is_int(entry.external, 0, "and makes nothing external");

    classifier.channels = NULL;
}


static void
test_bad_rules(void)
{
    unsigned             i;
    journey_error_t      err;
    journey_channels_t  *channels;

    static const struct {
        const char  *rule;
        const char  *says;
    } bad[] = {
        { "", "empty" },
        { "partner", "\"partner\"" },
        { "partner source", "\"source\"" },
        { "partner colour=red", "unknown field \"colour\"" },
        { "partner =red", "unknown field \"\"" },
        { "partner !=red", "unknown field \"\"" },
        { "partner Source=red", "unknown field \"Source\"" },
        { "partner source=a colour!=red", "colour!=red" },
        { "partner source=~(", "\"(\"" },
        { "partner source=~", "empty regular expression" },
        { "partner source=~*", "empty regular expression" },
        { "partner source!=~x", "\"source!=~x\"" },
        { "partner kind=serch", "unknown kind \"serch\"" },
        { "partner click!=clid", "unknown click \"clid\"" },
        { "Partner source=a", "\"Partner\"" },
        { "1partner source=a", "\"1partner\"" },
        { "part-ner source=a", "\"part-ner\"" },
        { "a12345678901234567890123456789012 source=a", "1 to 32" }
    };

    channels = journey_channels_create(pool, codes);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_int(add(channels, &err, bad[i].rule), JOURNEY_ERROR, bad[i].rule);
        ok(strstr(err.text, bad[i].says) != NULL, "the text \"%s\" has %s",
           err.text, bad[i].says);
    }
}


/* PAID and SHOP are written by hand: they must say what the expressions say. */

static void
test_expressions(void)
{
    int               i, j, n, differ, matched;
    char              args[128], *p;
    uint32_t          seed;
    const char       *letters;
    journey_str_t     pattern;
    journey_error_t   err;
    journey_regex_t  *paid, *shop;

    pattern = text("^(.*cp.*|ppc|retargeting|paid.*)$");
    paid = journey_regex_compile(pool, &pattern, 1, &err);
    pattern = text("^(.*(([^a-df-z]|^)shop|shopping).*)$");
    shop = journey_regex_compile(pool, &pattern, 1, &err);

    seed = 7;

    for (i = 0, differ = 0, matched = 0; i < 200000; i++) {
        seed = seed * 1664525 + 1013904223;
        letters = (seed >> 9 & 1) ? "cpaidP" : "pcx-";
        n = 1 + (seed >> 10) % 6;

        p = args + sprintf(args, "utm_source=google&utm_medium=");

        for (j = 0; j < n; j++) {
            seed = seed * 1664525 + 1013904223;
            *p++ = letters[(seed >> 12) % strlen(letters)];
        }

        *p = '\0';
        classify("", args, "");
        j = journey_regex_match(paid, entry.medium.data, entry.medium.len);
        matched += j;
        differ += (j != (entry.channel == JOURNEY_CHANNEL_PAID_SEARCH));
    }

    is_int(differ, 0, "PAID as the expression");
    ok(matched > 10000 && matched < 190000, "%d media are paid", matched);

    for (i = 0, differ = 0, matched = 0; i < 200000; i++) {

        p = args + sprintf(args, "utm_source=leaflet&utm_medium=email"
                                 "&utm_campaign=");
        seed = seed * 1664525 + 1013904223;
        n = (seed >> 10) % 4;

        for (j = 0; j < n; j++) {
            seed = seed * 1664525 + 1013904223;
            *p++ = "abdefzES-0_.sho"[(seed >> 12) % 15];
        }

        seed = seed * 1664525 + 1013904223;
        p += sprintf(p, "%s", (seed >> 12 & 1) ? "shop" : "SHOPpi");

        for (j = 0; j < n; j++) {
            seed = seed * 1664525 + 1013904223;
            *p++ = "ngshop-"[(seed >> 12) % 7];
        }

        *p = '\0';
        classify("", args, "");
        j = journey_regex_match(shop, entry.campaign.data,
                                entry.campaign.len);
        matched += j;
        differ += (j != (entry.channel == JOURNEY_CHANNEL_ORGANIC_SHOPPING));
    }

    is_int(differ, 0, "SHOP as the expression");
    ok(matched > 10000 && matched < 190000, "%d campaigns are shops",
       matched);
}


/* No table at all: networks of click ids are still known. */

static void
test_empty_table(void)
{
    journey_sources_t  *empty;

    empty = journey_sources_create(pool);
    classifier.sources = empty;

    classify("https://www.google.com/", "", "");
    is_str(entry.channel_name, "referral", "an empty table lists no host");
    is_str(entry.source, "google.com", "host without www.");
    classify("", "gclid=1", "");
    is_str(entry.channel_name, "paid_search", "gclid");
    classify("", "fbclid=1", "");
    is_str(entry.channel_name, "organic_social", "fbclid");
    classify("", "", "facebook");
    is_str(entry.channel_name, "organic_social", "in-app browser");
    classify("", "utm_source=google", "");
    is_str(entry.channel_name, "unassigned", "utm_source");

    classifier.sources = sources;
}


/* Whatever comes in, strings are short, clean and where they should be. */

static void
clean(const journey_str_t *s, int *bad)
{
    size_t  i;
    u_char  copy[512];

    if (s->len > JOURNEY_VALUE_MAX) {
        *bad = 1;
        return;
    }

    if (s->len == 0) {
        return;
    }

    memcpy(copy, s->data, s->len);

    if (journey_utf8_mend(copy, s->len) != 0) {
        *bad = 1;
    }

    for (i = 0; i < s->len; i++) {
        if (s->data[i] < ' ' || s->data[i] == 0x7f || s->data[i] == '@') {
            *bad = 1;
        }
    }
}


static void
test_hostile(void)
{
    int       bad, i, j;
    char      referrer[300], args[300];
    uint32_t  seed;

    static const char  *pieces[] = {
        "https://", "http://", "android-app://", "utm_source=", "utm_medium=",
        "utm_campaign=", "gclid=", "&", "%00", "%", "%4", "%40", "@", "//",
        "google.com", ".", "..", "a", "\xc3\xa4", "%c3", "\xff", "www.", "?",
        "#", "[", "]", "[::1]", ":", "80", "=", "mail.", "deref-", "-", " ",
        "%0a", "%C2%85", "x.com/i/grok", "fb-ads", "cp", "shop", "+", "\x01"
    };

    bad = 0;
    seed = 1;

    for (i = 0; i < 200000 && !bad; i++) {

        referrer[0] = '\0';
        args[0] = '\0';

        for (j = 0; j < 12; j++) {
            seed = seed * 1664525 + 1013904223;
            strcat((seed >> 8 & 1) ? referrer : args,
                   pieces[(seed >> 12) % (sizeof(pieces) / sizeof(char *))]);
        }

        classify(referrer, args, (i & 3) ? "" : "facebook");

        clean(&entry.source, &bad);
        clean(&entry.medium, &bad);
        clean(&entry.campaign, &bad);
        clean(&entry.term, &bad);
        clean(&entry.content, &bad);
        clean(&entry.referrer, &bad);
        clean(&entry.why, &bad);

        if (entry.channel == 0 || entry.channel >= JOURNEY_CHANNEL_LAST
            || entry.why.len == 0)
        {
            bad = 1;
        }
    }

    ok(!bad, "200,000 entries of odd pieces");

    if (bad) {
        printf("#   %s ? %s\n", referrer, args);
    }
}


static void
test_long(void)
{
    char  *big;

    big = malloc(70001);
    memset(big, 'a', 70000);
    big[70000] = '\0';

    memcpy(big, "https://", 8);
    classify(big, "", "");
    is_int(entry.external, 0, "a label of 70,000 letters is no host");

    memcpy(big, "https://example.org/", 20);
    classify(big, "", "");
    is_str(entry.source, "example.org", "a path of 70,000 letters");

    memcpy(big, "utm_medium=email&utm_source=", 28);
    classify("", big, "");
    is_int(entry.source.len, JOURNEY_VALUE_MAX, "a source of 70,000 letters");
    is_int(entry.channel, JOURNEY_CHANNEL_EMAIL, "is cut");

    free(big);

    /* four labels of 60: longer than a value may be */

    classify("https://aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
             "ffffffffff.aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
             "ffffffffff.example/", "", "");
    is_int(entry.source.len, JOURNEY_VALUE_MAX, "a host as source is cut");
    is_int(entry.referrer.len, JOURNEY_VALUE_MAX, "and as referrer");
}


int
main(void)
{
    char             path[4096];
    journey_error_t  err;

    pool = journey_pool_create();
    sources = journey_sources_create(pool);
    codes = journey_channel_codes_create(pool);

    top_path(path, sizeof(path), "conf/sources.conf");
    err.text[0] = '\0';
    is_int(journey_sources_load(sources, path, &err), JOURNEY_OK, path);

    if (err.text[0] != '\0') {
        printf("#   %s\n", err.text);
    }

    classifier.sources = sources;
    classifier.codes = codes;
    classifier.drop_spam = 1;

    test_table();
    test_codes();
    test_external();
    test_hash();
    test_own_rules();
    test_bad_rules();
    test_expressions();
    test_empty_table();
    test_hostile();
    test_long();

    journey_pool_destroy(pool);

    return done();
}
