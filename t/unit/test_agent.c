
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Bots, AI agents, in-app browsers and devices: the automaton by small tables
 * of its own, conf/agents.conf by user agents as they are sent.
 * Run it at the project's top, or with the path of conf/ as its argument.
 */


#include <unistd.h>

#include "journey_agent.h"
#include "tap.h"


static char                     test_file[] = "/tmp/test_agent.XXXXXX";
static journey_agent_headers_t  test_unknown;


static void
test_write(const char *text, size_t len)
{
    FILE  *f;

    f = fopen(test_file, "wb");

    if (f == NULL || fwrite(text, 1, len, f) != len || fclose(f) != 0) {
        printf("Bail out! cannot write %s\n", test_file);
        exit(1);
    }
}


/* A table of the text; NULL and err on an error. */

static journey_agents_t *
test_table(journey_pool_t *pool, const char *text, journey_error_t *err)
{
    journey_agents_t  *agents;

    test_write(text, strlen(text));

    agents = journey_agents_create(pool);

    if (agents == NULL
        || journey_agents_load(agents, test_file, err) != JOURNEY_OK
        || journey_agents_compile(agents, err) != JOURNEY_OK)
    {
        return NULL;
    }

    return agents;
}


/* "bot app device", "-" for what is none. */

static const char *
test_verdict(const journey_agents_t *agents, const char *ua,
    const journey_agent_headers_t *headers)
{
    static char          text[256];
    journey_agent_t      agent;
    const journey_str_t  *device, none = journey_string("-");

    journey_agent_find(agents, (u_char *) ua, strlen(ua), headers, &agent);

    device = journey_device_name(agent.device);

    if (agent.bot == NULL) {
        agent.bot = &none;
    }

    if (agent.app == NULL) {
        agent.app = &none;
    }

    if (device->len == 0) {
        device = &none;
    }

    snprintf(text, sizeof(text), "%.*s %.*s %.*s%s",
             (int) agent.bot->len, agent.bot->data,
             (int) agent.app->len, agent.app->data,
             (int) device->len, device->data, agent.ai_agent ? " ai" : "");

    return text;
}


static void
test_is(const journey_agents_t *agents, const char *ua, const char *want)
{
    const char  *got;

    got = test_verdict(agents, ua, &test_unknown);

    ok(strcmp(got, want) == 0, "%s: %.70s", want, ua);

    if (strcmp(got, want) != 0) {
        printf("#   got %s\n", got);
    }
}


static void
test_automaton(void)
{
    char              *ua;
    size_t             i;
    journey_pool_t    *pool;
    journey_agent_t    agent;
    journey_agents_t  *a;
    journey_error_t    err;

    pool = journey_pool_create();

    a = test_table(pool,
        "# tokens within tokens, and one that another falls back to\n"
        "bot he \"he\"\n"
        "bot she \"she\"\n"
        "bot hers \"HERS\"\n"
        "bot tool \"curl/\"\n"
        "bot generic \"his\" \"bot \" \" start\"\n"
        "bot name \"name\"\n"
        "bot longer \"name-image\"\n"
        "agent human \"for-a-person\"\n"
        "not usual \"this is\"\n"
        "app net \"inapp\"\n"
        "app later \"inapp/2\"\n"
        "device desktop \"pc\" \"ipad\"\n"
        "device mobile \"phone\"\n"
        "device tablet \"pc phone\"\n"
        "device desktop \"big screen\"\n"
        "device tv \"screen\"\n", &err);

    ok(a != NULL, "a small table");

    if (a == NULL) {
        printf("# %s\n", err.text);
        journey_pool_destroy(pool);
        return;
    }

    test_is(a, "Mozilla/", "- - other");
    test_is(a, "pc", "- - desktop");
    test_is(a, "pc he", "he - desktop");
    test_is(a, "pc she", "she - desktop");
    test_is(a, "pc ushers", "she - desktop");
    test_is(a, "pc hers", "hers - desktop");
    test_is(a, "pc HeRs", "hers - desktop");
    test_is(a, "pc xname-imag", "name - desktop");
    test_is(a, "pc xname-image", "longer - desktop");
    test_is(a, "pc name he", "name - desktop");
    test_is(a, "pc curl/ his", "tool - desktop");
    test_is(a, "pc his curl/ he", "he - desktop");
    test_is(a, "pc for-a-person name", "ai_agent - desktop ai");
    test_is(a, "pc name for-a-person", "name - desktop");
    test_is(a, "pc his", "generic - desktop");
    test_is(a, "pc this is", "- - desktop");
    test_is(a, "pc this is his", "generic - desktop");
    test_is(a, "pc this is curl/", "tool - desktop");
    test_is(a, "pc bot", "generic - desktop");
    test_is(a, "pc bots", "- - desktop");
    test_is(a, "start pc", "generic - desktop");
    test_is(a, "pc restart", "- - desktop");
    test_is(a, "pc inapp bot", "- net desktop");
    test_is(a, "pc inapp/2 bot", "- later desktop");
    test_is(a, "pc inapp/2 inapp he", "he later desktop");
    test_is(a, "phone pc", "- - mobile");
    test_is(a, "pc phone", "- - tablet");
    test_is(a, "big screen pc", "- - tv");
    test_is(a, "an own program", "generic - other");
    test_is(a, "", "- - -");

    /* bytes of every value, at every place */

    ua = malloc(256 * 1024);

    for (i = 0; i < 256 * 1024; i++) {
        ua[i] = (char) (i * 131 + (i >> 8));
    }

    memcpy(ua + 256 * 1024 - 4, "hers", 4);
    journey_agent_find(a, (u_char *) ua, 256 * 1024, &test_unknown, &agent);
    ok(agent.bot != NULL && journey_str_is(agent.bot, "hers"),
       "the last four of 256 kilobytes");

    memset(ua, 'h', 256 * 1024);
    journey_agent_find(a, (u_char *) ua, 256 * 1024, &test_unknown, &agent);
    ok(agent.bot != NULL && journey_str_is(agent.bot, "generic"),
       "256 kilobytes of one letter");

    journey_agent_find(a, (u_char *) "pc\0he", 5, &test_unknown, &agent);
    ok(agent.bot != NULL && journey_str_is(agent.bot, "he"),
       "a token behind a NUL");

    free(ua);

    a = test_table(pool, "", &err);
    ok(a != NULL, "an empty file");
    test_is(a, "Googlebot/2.1", "- - other");

    a = journey_agents_create(pool);
    test_is(a, "Googlebot/2.1", "- - other");

    journey_pool_destroy(pool);
}


static void
test_files(void)
{
    journey_pool_t    *pool;
    journey_agents_t  *a;
    journey_error_t    err;

    static const char  first[] =
        "bot one \"one\"\n"
        "bot tool \"okhttp/\"\n"
        "app net \"one\"\n"
        "device mobile \"tab\"\n";
    static const char  second[] =
        "bot two \"ONE\"\n"
        "not mine \"okhttp/\"\n"
        "device tv \"tab\"\n";

    pool = journey_pool_create();
    a = journey_agents_create(pool);

    test_write(first, sizeof(first) - 1);
    ok(journey_agents_load(a, test_file, &err) == JOURNEY_OK, "first file");

    test_write(second, sizeof(second) - 1);
    ok(journey_agents_load(a, test_file, &err) == JOURNEY_OK, "second file");

    ok(journey_agents_compile(a, &err) == JOURNEY_OK, "both compiled");

    test_is(a, "tab one", "two net tv");
    test_is(a, "tab okhttp/4", "- - tv");

    ok(journey_agents_load(a, "/nonexistent/agents.conf", &err)
       == JOURNEY_ERROR
       && strstr(err.text, "/nonexistent/agents.conf") != NULL,
       "a file that is not there is named");

    journey_pool_destroy(pool);
}


static void
test_bad_lines(void)
{
    size_t            i;
    journey_pool_t   *pool;
    journey_error_t   err;

    static const struct {
        const char  *text;
        const char  *want;
    } bad[] = {
        { "robot google \"x\"\n", "unknown kind \"robot\"" },
        { "\nBot google \"x\"\n", "unknown kind \"Bot\"" },
        { "bot\n", "too few words after \"bot\"" },
        { "bot google\n", "too few words" },
        { "bot \"\" \"x\"\n", "invalid key \"\"" },
        { "bot Google \"x\"\n", "invalid key \"Google\"" },
        { "bot _a \"x\"\n", "invalid key \"_a\"" },
        { "bot a/b \"x\"\n", "invalid key \"a/b\"" },
        { "bot ai_agent \"x\"\n", "reserved key \"ai_agent\"" },
        { "bot no_accept \"x\"\n", "reserved key \"no_accept\"" },
        { "bot a \"x\" \"\"\n", "empty token of \"a\"" },
        { "device phone \"x\"\n", "unknown device \"phone\"" },
        { "device Mobile \"x\"\n", "\"Mobile\"" },
        { "bot a \"x\n", "quote" },
    };

    static const char  line2[] = "bot a \"a\"\nbot b\n";

    pool = journey_pool_create();

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(test_table(pool, bad[i].text, &err) == NULL
           && strstr(err.text, bad[i].want) != NULL
           && strstr(err.text, test_file) != NULL,
           "refused: %s", bad[i].want);
    }

    ok(test_table(pool, line2, &err) == NULL
       && strcmp(err.text + strlen(err.text) - 2, ":2") == 0,
       "the line is named");

    journey_pool_destroy(pool);
}


/* More tokens than the table takes are an error, not a loss. */

static void
test_too_many(void)
{
    char             *text, *p;
    int               i;
    journey_pool_t   *pool;
    journey_error_t   err;

    pool = journey_pool_create();
    text = malloc(1024 * 1024);

    p = text;

    for (i = 0; i < 10000; i++) {
        p += sprintf(p, "bot a \"token-number-%05d-of-those\"\n", i);
    }

    ok(test_table(pool, text, &err) == NULL
       && strstr(err.text, "no room for token") != NULL,
       "300 kilobytes of tokens are refused");

    p = text;

    for (i = 0; i < 9000; i++) {
        p += sprintf(p, "bot a%d \"token-number-%05d-of-them\"\n", i, i);
    }

    ok(test_table(pool, text, &err) != NULL, "9,000 tokens are taken");

    free(text);
    journey_pool_destroy(pool);
}


static void
test_headers(const journey_agents_t *a)
{
    journey_agent_headers_t  h;

    const char *chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
        "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
        "Safari/537.36";
    const char *chrome79 = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
        "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.0.0 "
        "Safari/537.36";
    const char *huge = "Mozilla/5.0 (Windows NT 10.0) "
        "Chrome/99999999999999999999999999999999 Safari/537.36";
    const char *firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) "
        "Gecko/20100101 Firefox/128.0";
    const char *webview = "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) "
        "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/130.0.0.0 Mobile Safari/537.36 "
        "[FB_IAB/FB4A;FBAV/480.0.0.0;]";

#define judged(ua, want)                                                      \
    ok(strcmp(test_verdict(a, ua, &h), want) == 0, "%s: line %d", want,       \
       __LINE__)

    memset(&h, 0, sizeof(h));

    judged(chrome, "- - desktop");
    judged("", "- - -");

    h.https = 1;
    judged(chrome, "- - desktop");                  /* known is 0 */

    h.known = 1;
    judged(chrome, "no_accept - desktop");
    judged(firefox, "no_accept - desktop");
    judged("", "no_accept - -");
    judged("curl/8.5.0", "tool - other");
    judged("Googlebot/2.1", "googlebot - other");

    h.accept = 1;
    judged("", "- - -");
    judged(firefox, "- - desktop");
    judged(chrome, "no_sec_fetch - desktop");
    judged(chrome79, "- - desktop");
    judged(huge, "no_sec_fetch - desktop");
    judged("Mozilla/5.0 (X11) Chrome/", "- - desktop");
    judged("Mozilla/5.0 (X11) Chrome/80", "no_sec_fetch - desktop");
    judged(webview, "- facebook mobile");

    h.accept = 0;
    h.accept_language = 1;
    judged(firefox, "- - desktop");

    h.accept = 1;
    h.sec_fetch = 1;
    judged(chrome, "- - desktop");

    h.sec_fetch = 0;
    h.https = 0;
    judged(chrome, "- - desktop");

    h.ch_mobile = 2;
    judged(chrome, "- - mobile");
    judged("", "- - -");

    h.ch_mobile = 1;
    judged(chrome, "- - desktop");
    judged(webview, "- facebook desktop");
    judged("Mozilla/5.0 (Linux; Android 14; K)", "- - tablet");
    judged("Mozilla/5.0 (unheard of)", "- - desktop");
    judged("Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0)", "- - tv");
}


static const struct {
    const char  *want;
    const char  *ua;
} test_agents[] = {

    /* crawlers and their like */

    { "googlebot - mobile",
      "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) "
      "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile "
      "Safari/537.36 (compatible; Googlebot/2.1; "
      "+http://www.google.com/bot.html)" },
    { "google_image - other", "Googlebot-Image/1.0" },
    { "bingbot - other",
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; "
      "bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0 Safari" },
    { "gptbot - other",
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; "
      "GPTBot/1.2; +https://openai.com/gptbot" },
    { "facebook - other", "facebookexternalhit/1.1 "
      "(+http://www.facebook.com/externalhit_uatext.php)" },
    { "imessage - desktop",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 "
      "(KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 "
      "facebookexternalhit/1.1 Facebot Twitterbot/1.0" },
    { "pinterestbot - other",
      "Mozilla/5.0 (compatible; Pinterestbot/1.0; "
      "+http://www.pinterest.com/bot.html)" },
    { "whatsapp - other", "WhatsApp/2.23.20.0 A" },
    { "ahrefsbot - other",
      "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)" },
    { "headlesschrome - desktop",
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like "
      "Gecko) HeadlessChrome/120.0.0.0 Safari/537.36" },
    { "mastodon - other",
      "http.rb/5.1.1 (Mastodon/4.2.0; +https://mastodon.example/)" },
    { "tool - other", "curl/8.5.0" },
    { "tool - other", "Wget/1.21.4" },
    { "tool - other", "python-requests/2.31.0" },
    { "tool - other", "Go-http-client/2.0" },
    { "tool - other", "Ruby" },
    { "tool - tablet", "Dalvik/2.1.0 (Linux; U; Android 13; SM-A536B)" },
    { "generic - other", "Mozilla/5.0 (compatible; Unheard-Of Thing)" },
    { "generic - other", "SomeNewBot" },
    { "generic - desktop", "Mozilla/5.0 (X11; Linux x86_64) NewBot" },
    { "generic - other", "my own crawler" },
    { "generic - other", "unheard/1.0" },
    { "generic - desktop",
      "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; shopcrawler)" },

    /* AI agents for persons */

    { "ai_agent - other ai",
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; "
      "ChatGPT-User/1.0; +https://openai.com/bot" },
    { "ai_agent - other ai",
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; "
      "Perplexity-User/1.0; +https://perplexity.ai/perplexity-user)" },
    { "ai_agent - other ai",
      "Mozilla/5.0 (compatible; Claude-User/1.0; +Claude-User@anthropic.com)"
    },
    { "ai_agent - other ai", "Mozilla/5.0 (compatible; MistralAI-User/1.0)" },
    { "perplexitybot - other",
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; "
      "PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)" },

    /* people */

    { "- - desktop",
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, "
      "like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0" },
    { "- - desktop",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
      "(KHTML, like Gecko) Version/18.1 Safari/605.1.15" },
    { "- - desktop",
      "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, "
      "like Gecko) Chrome/131.0.0.0 Safari/537.36" },
    { "- - desktop",
      "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; "
      "SLCC2; .NET CLR 2.0.50727; .NET4.0C)" },
    { "- - desktop",
      "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; Embedded Web "
      "Browser from: http://bsalsa.com/; .NET CLR 2.0.50727)" },
    { "- - desktop",
      "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko" },
    { "- - desktop", "Lynx/2.9.0 libwww-FM/2.14 SSL-MM/1.4.1" },
    { "- - mobile",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) "
      "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 "
      "Safari/604.1" },
    { "- - mobile",
      "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like "
      "Gecko) Chrome/131.0.0.0 Mobile Safari/537.36" },
    { "- - mobile",
      "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like "
      "Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36" },
    { "- - mobile",
      "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) "
      "Presto/2.12.423 Version/12.16" },
    { "- - mobile",
      "Mozilla/5.0 (Linux; Android 9; CUBOT_P30) AppleWebKit/537.36 (KHTML, "
      "like Gecko) Chrome/96.0.4664.104 Mobile Safari/537.36" },
    { "- - mobile",
      "Mozilla/5.0 (Linux; Android 7.0; CUBOT X18 Plus) AppleWebKit/537.36 "
      "(KHTML, like Gecko) Chrome/96.0.4664.104 Mobile Safari/537.36" },
    { "- - mobile",
      "Mozilla/5.0 (Linux; Android 11; CUBOT) AppleWebKit/537.36 (KHTML, "
      "like Gecko) Chrome/96.0.4664.104 Mobile Safari/537.36" },
    { "generic - mobile",
      "Mozilla/5.0 (Linux; Android 11; CUBOT) AppleWebKit/537.36 (KHTML, "
      "like Gecko) Chrome/96.0.4664.104 Mobile Safari/537.36 new-bot/1.0" },
    { "- - mobile",
      "Mozilla/5.0 (Linux; Android 13; 22011119UY) AppleWebKit/537.36 "
      "(KHTML, like Gecko) Chrome/101.0.4951.41 Mobile Safari/537.36 "
      "(Ecosia android@101.0.4951.41)" },
    { "- - mobile",
      "Mozilla/5.0 (Linux; U; Android 12; en-us; POCO F3 Build/SKQ1) "
      "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/112.0 "
      "Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.3.1" },
    { "- - tablet",
      "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 "
      "(KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1" },
    { "- - tablet",
      "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, "
      "like Gecko) Chrome/131.0.0.0 Safari/537.36" },
    { "- - tablet",
      "Mozilla/5.0 (Linux; Android 11; KFTRWI) AppleWebKit/537.36 (KHTML, "
      "like Gecko) Silk/130.4 like Chrome/130.0 Safari/537.36" },
    { "- - tv",
      "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, "
      "like Gecko) 76.0.3809.146/6.0 TV Safari/537.36" },
    { "- - tv",
      "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like "
      "Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager" },
    { "- - tv",
      "Mozilla/5.0 (Linux; Android 7.1.2; AFTS Build/NS6265; wv) "
      "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/90.0 "
      "Mobile Safari/537.36" },
    { "- - tv",
      "Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 "
      "(KHTML, like Gecko)" },
    { "- - other",
      "Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/606.4 "
      "(KHTML, like Gecko) NF/6.0.1.15.4 NintendoBrowser/5.1.0.20393" },

    /* people in the browsers of networks */

    { "- facebook mobile",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
      "AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
      "[FBAN/FBIOS;FBAV/465.0.0.35.109;FBBV/602060281;FBDV/iPhone14,5]" },
    { "- instagram mobile",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
      "AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F90 Instagram "
      "334.0.4.32.98 (iPhone14,5; iOS 17_5; de_DE; de; scale=3.00)" },
    { "- pinterest mobile",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
      "AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
      "[Pinterest/iOS]" },
    { "- x mobile",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
      "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 "
      "Safari/604.1 Twitter for iPhone/10.45" },
    { "- tiktok mobile",
      "Mozilla/5.0 (Linux; Android 13; SM-A536B; wv) AppleWebKit/537.36 "
      "(KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile Safari/537.36 "
      "trill_350003 JsSdk/1.0 ByteLocale/en BytedanceWebview/d8a21c6" },
    { "- linkedin mobile",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
      "AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
      "[LinkedInApp]/9.29.5962" },
    { "- snapchat mobile",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
      "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 "
      "Snapchat/12.90.0.46 (like Safari/8618.2.12.10.9, panda)" },
    { "- line mobile",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
      "AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari "
      "Line/14.9.1" },
    { "- wechat mobile",
      "Mozilla/5.0 (Linux; Android 13; V2227A; wv) AppleWebKit/537.36 "
      "(KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 "
      "XWEB/1160083 MMWEBSDK/20231202 MicroMessenger/8.0.47.2560 "
      "WeChat/arm64 Weixin NetType/WIFI" },
    { "- google mobile",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
      "AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/317.0.634488990 "
      "Mobile/15E148 Safari/604.1" },
};


static void
test_conf(const char *dir)
{
    char               path[4096];
    size_t             i;
    journey_pool_t    *pool;
    journey_agents_t  *a;
    journey_error_t    err;

    pool = journey_pool_create();
    a = journey_agents_create(pool);

    snprintf(path, sizeof(path), "%s/agents.conf", dir);
    err.text[0] = '\0';

    ok(journey_agents_load(a, path, &err) == JOURNEY_OK
       && journey_agents_compile(a, &err) == JOURNEY_OK, "%s%s", path,
       err.text);

    for (i = 0; i < sizeof(test_agents) / sizeof(test_agents[0]); i++) {
        test_is(a, test_agents[i].ua, test_agents[i].want);
    }

    test_headers(a);

    journey_pool_destroy(pool);
}


/* Whatever a cut leaves of the file, it is taken or refused with a text. */

static void
test_cuts(const char *dir)
{
    int                bad;
    char               path[4096], *text;
    FILE              *f;
    size_t             len, cut;
    journey_pool_t    *pool;
    journey_agent_t    agent;
    journey_agents_t  *a;
    journey_error_t    err;

    snprintf(path, sizeof(path), "%s/agents.conf", dir);
    text = malloc(1024 * 1024);
    f = fopen(path, "rb");
    len = (f == NULL) ? 0 : fread(text, 1, 1024 * 1024, f);

    if (f != NULL) {
        fclose(f);
    }

    bad = (len == 0);

    for (cut = 0; cut < len; cut += 97) {
        test_write(text, cut);

        pool = journey_pool_create();
        a = journey_agents_create(pool);
        err.text[0] = '\0';

        if (journey_agents_load(a, test_file, &err) != JOURNEY_OK) {
            bad += (strstr(err.text, test_file) == NULL);

        } else if (journey_agents_compile(a, &err) == JOURNEY_OK) {
            journey_agent_find(a, (u_char *) text, len, &test_unknown,
                               &agent);

        } else {
            bad++;
        }

        journey_pool_destroy(pool);
    }

    free(text);

    ok(bad == 0, "the file cut at every 97th byte");
}


static void
test_devices(void)
{
    journey_str_t     word, nonsense = journey_string("laptop");
    journey_device_e  device;

    for (device = JOURNEY_DEVICE_DESKTOP;
         device < JOURNEY_DEVICE_LAST;
         device++)
    {
        word = *journey_device_name(device);
        is_int(journey_device_parse(&word), device, "a name and back");
    }

    is_str(*journey_device_name(JOURNEY_DEVICE_NONE), "", "none has no name");
    is_str(*journey_device_name(JOURNEY_DEVICE_LAST), "", "nor what is none");
    is_int(journey_device_parse(&nonsense), JOURNEY_DEVICE_NONE, "no device");
}


int
main(int argc, char **argv)
{
    int          fd;
    const char  *dir;

    dir = (argc > 1) ? argv[1] : "conf";
    fd = mkstemp(test_file);

    if (fd == -1) {
        printf("Bail out! cannot create %s\n", test_file);
        return 1;
    }

    close(fd);

    test_automaton();
    test_files();
    test_bad_lines();
    test_too_many();
    test_conf(dir);
    test_cuts(dir);
    test_devices();

    unlink(test_file);

    return done();
}
