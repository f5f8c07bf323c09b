
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Campaign values and click ids of a query string.
 */


#include "journey_query.h"
#include "tap.h"


static journey_query_t  q;


static int
parse(const char *args)
{
    memset(&q, 0xa5, sizeof(q));

    return journey_query_parse(&q, (u_char *) args, strlen(args));
}


static void
value(const char *args, journey_query_value_e n, const char *want)
{
    parse(args);
    is_str(q.values[n], want, args);
}


#define source(args, want)    value(args, JOURNEY_QUERY_SOURCE, want)
#define campaign(args, want)  value(args, JOURNEY_QUERY_CAMPAIGN, want)


static void
test_names(void)
{
    size_t  i;
    char    args[128];

    static const struct {
        const char            *name;
        journey_query_value_e  value;
    } names[] = {
        { "utm_source", JOURNEY_QUERY_SOURCE },
        { "utm_medium", JOURNEY_QUERY_MEDIUM },
        { "utm_campaign", JOURNEY_QUERY_CAMPAIGN },
        { "utm_term", JOURNEY_QUERY_TERM },
        { "utm_content", JOURNEY_QUERY_CONTENT },
        { "utm_id", JOURNEY_QUERY_CAMPAIGN },
        { "mtm_source", JOURNEY_QUERY_SOURCE },
        { "mtm_medium", JOURNEY_QUERY_MEDIUM },
        { "mtm_campaign", JOURNEY_QUERY_CAMPAIGN },
        { "mtm_kwd", JOURNEY_QUERY_TERM },
        { "mtm_keyword", JOURNEY_QUERY_TERM },
        { "mtm_content", JOURNEY_QUERY_CONTENT },
        { "mtm_cid", JOURNEY_QUERY_CAMPAIGN },
        { "pk_source", JOURNEY_QUERY_SOURCE },
        { "pk_medium", JOURNEY_QUERY_MEDIUM },
        { "pk_campaign", JOURNEY_QUERY_CAMPAIGN },
        { "pk_kwd", JOURNEY_QUERY_TERM },
        { "pk_keyword", JOURNEY_QUERY_TERM },
        { "pk_content", JOURNEY_QUERY_CONTENT },
        { "pk_cid", JOURNEY_QUERY_CAMPAIGN },
        { "piwik_source", JOURNEY_QUERY_SOURCE },
        { "piwik_medium", JOURNEY_QUERY_MEDIUM },
        { "piwik_campaign", JOURNEY_QUERY_CAMPAIGN },
        { "piwik_kwd", JOURNEY_QUERY_TERM },
        { "piwik_keyword", JOURNEY_QUERY_TERM },
        { "piwik_content", JOURNEY_QUERY_CONTENT },
        { "piwik_cid", JOURNEY_QUERY_CAMPAIGN },
        { "matomo_source", JOURNEY_QUERY_SOURCE },
        { "matomo_medium", JOURNEY_QUERY_MEDIUM },
        { "matomo_campaign", JOURNEY_QUERY_CAMPAIGN },
        { "matomo_kwd", JOURNEY_QUERY_TERM },
        { "matomo_keyword", JOURNEY_QUERY_TERM },
        { "matomo_content", JOURNEY_QUERY_CONTENT },
        { "matomo_cid", JOURNEY_QUERY_CAMPAIGN },
        { "ref", JOURNEY_QUERY_SOURCE },
        { "source", JOURNEY_QUERY_SOURCE },
        { "referrer", JOURNEY_QUERY_SOURCE }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(args, sizeof(args), "%s=value", names[i].name);
        value(args, names[i].value, "value");

        snprintf(args, sizeof(args), "a=b&%s=value&c", names[i].name);
        value(args, names[i].value, "value");

        /* neither a longer nor a shorter name */

        snprintf(args, sizeof(args), "%sx=value", names[i].name);
        is_int(parse(args), JOURNEY_DECLINED, args);
        snprintf(args, sizeof(args), "x%s=value", names[i].name);
        is_int(parse(args), JOURNEY_DECLINED, args);
        snprintf(args, sizeof(args), "%s=value", names[i].name + 1);
        is_int(parse(args), JOURNEY_DECLINED, args);
    }

    is_int(parse("mtm_group=a&mtm_placement=b&utm_referrer=c&utm_kwd=d"),
           JOURNEY_DECLINED, "names that mean nothing here");
    source("UTM_Source=a", "a");
    source("%75tm_%73ource=a", "a");
    source("%55TM%5Fsource=a", "a");
    source("utm%2Fsource=a", "");
    source("utm_source%3Da", "");
    source("utm_sourc%=a", "");
    source("utm_sourc%6=a", "");
    source("utm_sourc%65=a", "a");
    source("utm_source%00=a", "");
    source("=a", "");
    source("&&&utm_source=a&&&", "a");
    source("utm_source", "");
    source("utm_source&utm_source=a", "a");
    source(" utm_source=a", "");
    source("utm_source[]=a", "");
    source("page=utm_source=a", "");
    source("a;utm_source=b", "");
}


static void
test_precedence(void)
{
    source("utm_source=a&mtm_source=b&ref=c", "a");
    source("ref=c&mtm_source=b&utm_source=a", "a");
    source("mtm_source=b&ref=c", "b");
    source("ref=c&mtm_source=b", "b");
    source("ref=c&source=d&referrer=e", "c");
    source("source=d&ref=c", "d");
    source("pk_source=p&mtm_source=m", "p");
    source("utm_source=a&utm_source=b", "a");
    source("utm_source=a&UTM_SOURCE=b", "a");
    source("utm_source=&utm_source=b", "b");
    source("utm_source=&ref=b", "b");
    source("utm_source=++&ref=b", "b");
    source("utm_source=(not%20set)&ref=b", "b");
    source("utm_source=(Not+Set)&ref=b", "b");
    source("utm_source=NULL&ref=b", "b");
    source("utm_source=%20null%20&ref=b", "b");
    source("utm_source=(direct)", "");
    source("utm_source=nullable", "nullable");
    source("utm_source=a%40b.example&ref=b", "b");

    campaign("utm_id=1&utm_campaign=a", "a");
    campaign("utm_campaign=a&utm_id=1", "a");
    campaign("utm_id=1", "1");
    campaign("utm_id=1&utm_campaign=", "1");
    campaign("mtm_cid=1&mtm_campaign=a", "a");
    campaign("mtm_campaign=a&utm_id=1", "1");
    campaign("mtm_cid=1", "1");
}


static void
test_values(void)
{
    source("utm_source=GooGLE", "google");
    source("utm_source=a+b%20c", "a b c");
    source("utm_source=a%2Bb", "a+b");
    source("utm_source=%41%62", "ab");
    source("utm_source=100%", "100%");
    source("utm_source=%zz%4", "%zz%4");
    source("utm_source=%2541", "%41");
    source("utm_source=a=b", "a=b");
    source("utm_source=+%20a%09", "a");
    source("utm_source=a%00b", "a b");
    source("utm_source=%00a%0d%0ab%7f", "a  b");
    source("utm_source=%00", "");
    source("utm_source=a%C2%85b", "a  b");
    source("utm_source=%C2%85", "");
    source("utm_source=%C3%84", "\xc3\x84");
    source("utm_source=\xc3\xa4", "\xc3\xa4");
    source("utm_source=%FF%FE", "??");
    source("utm_source=%C0%AF", "??");
    source("utm_source=%ED%A0%80", "???");
    source("utm_source=a%C3", "a?");
    source("utm_source=\"quote'", "\"quote'");
    source("utm_source=a#b&ref=c", "a");
    source("a=b#utm_source=a", "");
    source("#utm_source=a", "");

    /* the whole value is looked through for an "@" */

    source("utm_source=jane@example.org", "");
    source("utm_source=jane%40example.org", "");
    source("utm_source=jane%2540example.org", "");
    source("utm_source=jane%252540example.org", "");
    source("utm_source=jane%25252540example.org", "");
    source("utm_source=100%2541", "100%41");
    source("utm_source=a%2525b%2524b40", "a%25b%24b40");
    source("utm_source=50%254", "50%4");
    source("utm_source=@", "");
    campaign("utm_campaign=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
             "%40example.org", "");

    /* URLs, as a source alone */

    source("utm_source=https%3A%2F%2Fexample.org%2Fa%3Fb", "example.org");
    source("utm_source=HTTP://WWW.Example.org:8080/", "example.org");
    source("utm_source=https://www.de/", "de");
    source("utm_source=https://", "https://");
    source("utm_source=https://a b/", "https://a b/");
    source("utm_source=example.org/path", "example.org/path");
    source("utm_source=android-app://com.Example.app/", "com.example.app");
    campaign("utm_campaign=https://example.org/", "https://example.org/");
}


static void
test_cut(void)
{
    int    i;
    char   args[4096], *p;

    p = args + sprintf(args, "utm_source=");
    memset(p, 'x', 3000);
    p[3000] = '\0';
    parse(args);
    is_int(q.values[JOURNEY_QUERY_SOURCE].len, 100, "cut at 100 bytes");

    sprintf(p + 3000, "%%40");
    parse(args);
    is_int(q.values[JOURNEY_QUERY_SOURCE].len, 0, "an @ behind the cut");

    p = args + sprintf(args, "utm_source=x");

    for (i = 0; i < 60; i++) {
        p += sprintf(p, "%%C3%%A4");
    }

    parse(args);
    is_int(q.values[JOURNEY_QUERY_SOURCE].len, 99, "cut between characters");

    p = args + sprintf(args, "utm_source=");

    for (i = 0; i < 99; i++) {
        *p++ = 'x';
    }

    sprintf(p, "++yy");
    parse(args);
    is_int(q.values[JOURNEY_QUERY_SOURCE].len, 99, "no blank at the cut");

    p = args + sprintf(args, "utm_source=");

    for (i = 0; i < 700; i++) {
        *p++ = '+';
    }

    sprintf(p, "late");
    parse(args);
    is_str(q.values[JOURNEY_QUERY_SOURCE], "late", "behind 700 blanks");

    /* a URL whose host begins late */

    p = args + sprintf(args, "utm_source=https://");

    for (i = 0; i < 30; i++) {
        p += sprintf(p, "abcdefg.");
    }

    sprintf(p, "org/");
    parse(args);
    is_int(q.values[JOURNEY_QUERY_SOURCE].len, 100, "a host of 243 bytes");
    ok(memcmp(q.values[JOURNEY_QUERY_SOURCE].data, "abcdefg.abcdefg.", 16)
       == 0, "is cut after reading the URL");
}


static void
test_clicks(void)
{
    int   i;
    char  args[128];

    static const char  *names[] = {
        "gclid", "gbraid", "wbraid", "dclid", "msclkid", "ttclid", "twclid",
        "li_fat_id", "rdt_cid", "sccid", "epik", "yclid", "gad_source",
        "srsltid", "fbclid"
    };

    is_int(sizeof(names) / sizeof(names[0]), JOURNEY_CLICK_LAST - 1,
           "15 click ids");

    for (i = 0; i < JOURNEY_CLICK_LAST - 1; i++) {
        snprintf(args, sizeof(args), "x=1&%s=Ab-1", names[i]);
        is_int(parse(args), JOURNEY_OK, args);
        is_int(q.click, i + 1, args);
        is_str(*journey_click_name(q.click), names[i], names[i]);

        snprintf(args, sizeof(args), "%s=", names[i]);
        is_int(parse(args), JOURNEY_DECLINED, args);
        snprintf(args, sizeof(args), "%s", names[i]);
        is_int(parse(args), JOURNEY_DECLINED, args);
        snprintf(args, sizeof(args), "%s=%%20", names[i]);
        is_int(parse(args), JOURNEY_DECLINED, args);
    }

    is_str(*journey_click_name(JOURNEY_CLICK_NONE), "", "no name for none");
    is_str(*journey_click_name((journey_click_e) 99), "", "nor for others");

    parse("fbclid=1&gclid=2");
    is_int(q.click, JOURNEY_CLICK_GCLID, "gclid wins over fbclid");
    parse("gclid=2&fbclid=1");
    is_int(q.click, JOURNEY_CLICK_GCLID, "in any order");
    parse("gclid=&fbclid=1");
    is_int(q.click, JOURNEY_CLICK_FBCLID, "an empty one is none");
    parse("gad_source=1&gclid=2");
    is_int(q.click, JOURNEY_CLICK_GCLID, "gclid wins over gad_source");
    parse("gclid=null&srsltid=1");
    is_int(q.click, JOURNEY_CLICK_SRSLTID, "null is none");
}


/* 64 kB of whatever: the instructions are counted in cycles of the same test,
 * so a bound on the clock is wide. */

static void
test_large(void)
{
    int       i, n;
    char     *big, *p;
    clock_t   start;

    static const char  *units[] = {
        "p=1&", "utm_source=&", "utm_source=@&", "%75tm_source=&", "u&",
        "&", "%", "utm_sourceutm_sourceutm_source&", "utm_source=%C3&",
        "gclid=+&", "m=%40&utm_campaign=%20&"
    };

    big = malloc(65537);

    for (i = 0; i < (int) (sizeof(units) / sizeof(units[0])); i++) {

        for (p = big; p + strlen(units[i]) <= big + 65536; /* void */ ) {
            p += sprintf(p, "%s", units[i]);
        }

        start = clock();

        for (n = 0; n < 20; n++) {
            parse(big);
        }

        ok(clock() - start < 2 * CLOCKS_PER_SEC, "64 kB of \"%s\"", units[i]);
    }

    p = big + sprintf(big, "utm_campaign=");
    memset(p, '%', 65000);
    p[65000] = '\0';
    parse(big);
    is_int(q.values[JOURNEY_QUERY_CAMPAIGN].len, 100, "65,000 times %");

    for (p = big, i = 0; i < 10000; i++) {
        p += sprintf(p, "a%d=1&", i % 10);
    }

    sprintf(p, "utm_source=last");
    parse(big);
    is_str(q.values[JOURNEY_QUERY_SOURCE], "last",
           "the last of 10,000 parameters");

    free(big);
}


int
main(void)
{
    int  i;

    is_int(parse(""), JOURNEY_DECLINED, "nothing");
    is_int(q.click, JOURNEY_CLICK_NONE, "no click id");

    for (i = 0; i < JOURNEY_QUERY_VALUES; i++) {
        is_int(q.values[i].len, 0, "no value");
    }

    memset(&q, 0xa5, sizeof(q));
    is_int(journey_query_parse(&q, NULL, 0), JOURNEY_DECLINED, "no string");
    is_int(q.values[JOURNEY_QUERY_TERM].len, 0, "no value");

    is_int(parse("utm_term=a"), JOURNEY_OK, "a term is a value");
    is_int(parse("utm_term=@"), JOURNEY_DECLINED, "a dropped one is none");

    test_names();
    test_precedence();
    test_values();
    test_cut();
    test_clicks();
    test_large();

    return done();
}
