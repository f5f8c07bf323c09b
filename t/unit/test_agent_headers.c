
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What headers tell of a client beside its user agent (channels, section 4),
 * rule by rule, with conf/agents.conf.
 * Run it at the project's top, or with the path of conf/ as its argument.
 */


#include "journey_agent.h"
#include "tap.h"


/* The headers of a request. */
#define K   0x01                        /* they are known */
#define T   0x02                        /* TLS: the scheme is https */
#define S   0x04                        /* Sec-Fetch-* */
#define A   0x08                        /* Accept */
#define L   0x10                        /* Accept-Language */
#define M0  0x20                        /* Sec-CH-UA-Mobile: ?0 */
#define M1  0x40                        /* Sec-CH-UA-Mobile: ?1 */

#define KHTML  "AppleWebKit/537.36 (KHTML, like Gecko) "
#define WINDOWS  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " KHTML
#define LINUX  "Mozilla/5.0 (X11; Linux x86_64) " KHTML
#define ANDROID  "Mozilla/5.0 (Linux; Android 10; K) " KHTML
#define IPHONE  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "     \
    "AppleWebKit/605.1.15 (KHTML, like Gecko) "


static const struct {
    unsigned     headers;
    const char  *want;                  /* reason and device */
    const char  *what;
    const char  *ua;
} tests[] = {

    /* no Accept together with no Accept-Language */

    { K, "no_accept desktop", "neither of the two",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36" },
    { K|A, "- desktop", "Accept alone",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36" },
    { K|L, "- desktop", "Accept-Language alone",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36" },
    { K|S, "no_accept desktop", "Sec-Fetch-* does not make up for them",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36" },
    { K|T, "no_accept desktop", "what lacks all has the first reason",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36" },
    { K, "no_accept desktop", "Firefox, neither of the two",
      "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 "
      "Firefox/133.0" },
    { K, "no_accept mobile", "Safari, neither of the two",
      IPHONE "Version/17.5 Mobile/15E148 Safari/604.1" },
    { K, "no_accept mobile", "an application, neither of the two",
      IPHONE "Mobile/15E148 [FBAN/FBIOS;FBAV/465.0.0.35.109]" },
    { K, "no_accept -", "no user agent, neither of the two", "" },
    { K|A, "- -", "no user agent, but Accept", "" },

    /* Chrome from 80 on without Sec-Fetch-*, on https */

    { K|T|A|L, "no_sec_fetch desktop", "Chrome 131 on https",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36" },
    { K|T|S|A|L, "- desktop", "Chrome 131 on https with Sec-Fetch-*",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36" },
    { K|A|L, "- desktop", "Chrome 131 on http",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36" },
    { T|A|L, "- desktop", "Chrome 131, nothing known",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36" },
    { T, "- desktop", "Chrome 131, nothing known and nothing sent",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36" },
    { K|T|A|L, "no_sec_fetch desktop", "Chrome 80",
      WINDOWS "Chrome/80.0.3987.149 Safari/537.36" },
    { K|T|A|L, "- desktop", "Chrome 79",
      WINDOWS "Chrome/79.0.3945.130 Safari/537.36" },
    { K|T|A|L, "- desktop", "Chrome 8",
      WINDOWS "Chrome/8.0.552.224 Safari/534.10" },
    { K|T|A|L, "no_sec_fetch desktop", "Chrome 1000",
      WINDOWS "Chrome/1000.0.0.0 Safari/537.36" },
    { K|T|A|L, "no_sec_fetch desktop", "Chrome 080",
      WINDOWS "Chrome/080.0.0.0 Safari/537.36" },
    { K|T|A|L, "- desktop", "Chrome of no version",
      WINDOWS "Chrome/ Safari/537.36" },
    { K|T|A|L, "- desktop", "Chrome -80",
      WINDOWS "Chrome/-80 Safari/537.36" },
    { K|T|A|L, "- desktop", "Chrome at the end", WINDOWS "Chrome/" },
    { K|T|A|L, "no_sec_fetch desktop", "two versions: the higher",
      LINUX "Chrome/70.0 Chrome/131.0.0.0 Safari/537.36" },
    { K|T|A|L, "no_sec_fetch desktop", "two versions: the other way round",
      LINUX "Chrome/131.0.0.0 Chrome/70.0 Safari/537.36" },
    { K|T|A|L, "no_sec_fetch desktop", "a case of its own",
      WINDOWS "CHROME/131.0.0.0 Safari/537.36" },
    { K|T|A|L, "no_sec_fetch desktop", "Edge",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0" },
    { K|T|A|L, "no_sec_fetch desktop", "Opera",
      WINDOWS "Chrome/130.0.0.0 Safari/537.36 OPR/115.0.0.0" },
    { K|T|A|L, "no_sec_fetch desktop", "Electron",
      WINDOWS "Chrome/128.0.6613.186 Electron/32.2.2 Safari/537.36" },
    { K|T|A|L, "no_sec_fetch mobile", "Chrome of Android",
      ANDROID "Chrome/131.0.0.0 Mobile Safari/537.36" },
    { K|T|A|L, "no_sec_fetch mobile", "Samsung Internet",
      ANDROID "SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36" },
    { K|T|A|L, "no_sec_fetch desktop", "\"wv\" not as a web view has it",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36 wv" },

    /* those never judged by it */

    { K|T|A|L, "- desktop", "Edge before it was Chromium",
      WINDOWS "Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763" },
    { K|T|A|L, "- desktop", "Internet Explorer",
      "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like "
      "Gecko" },
    { K|T|A|L, "- desktop", "Firefox 89, which knows none",
      "Mozilla/5.0 (X11; Linux x86_64; rv:89.0) Gecko/20100101 "
      "Firefox/89.0" },
    { K|T|A|L, "- desktop", "Firefox 133",
      "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 "
      "Firefox/133.0" },
    { K|T|A|L, "- desktop", "Safari 15, which knows none",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
      "(KHTML, like Gecko) Version/15.6 Safari/605.1.15" },
    { K|T|A|L, "- desktop", "Safari 18",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
      "(KHTML, like Gecko) Version/18.1 Safari/605.1.15" },
    { K|T|A|L, "- mobile", "Safari of iOS 12",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 12_5_7 like Mac OS X) "
      "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 "
      "Mobile/15E148 Safari/604.1" },
    { K|T|A|L, "- mobile", "Chrome of iOS, which is Safari within",
      IPHONE "CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1" },
    { K|T|A|L, "- mobile", "Edge of iOS",
      IPHONE "Version/17.0 EdgiOS/126.0.0.0 Mobile/15E148 Safari/605.1.15" },
    { K|T|A|L, "- mobile", "an iPhone's web view", IPHONE "Mobile/15E148" },
    { K|T|A|L, "- mobile", "Instagram of iOS",
      IPHONE "Mobile/21F90 Instagram 334.0.4.32.98 (iPhone14,5)" },
    { K|T|A|L, "- mobile", "Android's web view",
      "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) " KHTML
      "Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36" },
    { K|T|A|L, "- mobile", "a web view that says only its version",
      "Mozilla/5.0 (Linux; U; Android 13; V2227A) " KHTML
      "Version/4.0 Chrome/100.0.4896.58 UCBrowser/16.6.5 Mobile "
      "Safari/537.36" },
    { K|T|A|L, "- mobile", "a web view that says only \"wv\"",
      "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) " KHTML
      "Chrome/126.0.6478.71 Mobile Safari/537.36" },
    { K|T|A|L, "- mobile", "Facebook in Android's web view",
      "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) " KHTML
      "Version/4.0 Chrome/126.0 Mobile Safari/537.36 [FB_IAB/FB4A;]" },
    { K|T|A|L, "- mobile", "an application that says Chrome, no web view",
      ANDROID "Chrome/126.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;]" },

    /* Chrome's prefetches, by its proxy or not, have both kinds of headers;
     * what asks whether the site wants the proxy is a program */

    { K|T|S|A, "- mobile", "a prefetch by a proxy sends Sec-Fetch-*",
      ANDROID "Chrome/131.0.0.0 Mobile Safari/537.36" },
    { K|T|A, "generic other", "a prefetch proxy that asks for itself",
      "Chrome Privacy Preserving Prefetch Proxy" },

    /* names come before headers */

    { K, "googlebot other", "a named bot without headers", "Googlebot/2.1" },
    { K, "tool other", "a tool without headers", "curl/8.5.0" },
    { K|T|A|L, "headlesschrome desktop", "headless Chrome on https",
      LINUX "HeadlessChrome/131.0.0.0 Safari/537.36" },
    { K, "generic other", "a bot's word without headers", "some-crawler" },
    { K, "ai_agent other", "an AI agent without headers",
      "Mozilla/5.0 (compatible; ChatGPT-User/1.0)" },

    /* Sec-CH-UA-Mobile */

    { K|T|S|A|L|M1, "- mobile", "?1 is a telephone",
      ANDROID "Chrome/131.0.0.0 Mobile Safari/537.36" },
    { K|T|S|A|L|M1, "- mobile", "?1 that asks for desktop pages",
      LINUX "Chrome/131.0.0.0 Safari/537.36" },
    { K|T|S|A|L|M0, "- tablet", "?0 and Android is a tablet",
      ANDROID "Chrome/131.0.0.0 Safari/537.36" },
    { K|T|S|A|L|M0, "- desktop", "?0 is no telephone",
      ANDROID "Chrome/131.0.0.0 Mobile Safari/537.36" },
    { K|T|S|A|L|M0, "- desktop", "?0 and Windows",
      WINDOWS "Chrome/131.0.0.0 Safari/537.36" },
    { K|T|S|A|L|M0, "- tv", "?0 and a television set",
      "Mozilla/5.0 (Web0S; Linux/SmartTV) " KHTML
      "Chrome/108.0.5359.211 Safari/537.36" },
    { K|A|M1, "- -", "?1 without a user agent", "" },
};


int
main(int argc, char **argv)
{
    char                      path[4096], got[128];
    size_t                    i;
    journey_str_t             none = journey_string("-");
    journey_pool_t           *pool;
    journey_agent_t           agent;
    journey_error_t           err;
    journey_agents_t         *agents;
    const journey_str_t      *bot, *device;
    journey_agent_headers_t   h;

    pool = journey_pool_create();
    agents = journey_agents_create(pool);

    snprintf(path, sizeof(path), "%s/agents.conf",
             (argc > 1) ? argv[1] : "conf");

    if (journey_agents_load(agents, path, &err) != JOURNEY_OK
        || journey_agents_compile(agents, &err) != JOURNEY_OK)
    {
        printf("Bail out! %s\n", err.text);
        return 1;
    }

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        memset(&h, 0, sizeof(h));
        h.known = (tests[i].headers & K) != 0;
        h.https = (tests[i].headers & T) != 0;
        h.sec_fetch = (tests[i].headers & S) != 0;
        h.accept = (tests[i].headers & A) != 0;
        h.accept_language = (tests[i].headers & L) != 0;
        h.ch_mobile = (tests[i].headers & M0) ? 1
                      : (tests[i].headers & M1) ? 2 : 0;

        journey_agent_find(agents, (const u_char *) tests[i].ua,
                           strlen(tests[i].ua), &h, &agent);

        bot = (agent.bot == NULL) ? &none : agent.bot;
        device = (agent.device == JOURNEY_DEVICE_NONE)
                 ? &none : journey_device_name(agent.device);

        snprintf(got, sizeof(got), "%.*s %.*s", (int) bot->len, bot->data,
                 (int) device->len, device->data);

        ok(strcmp(got, tests[i].want) == 0, "%s: %s", tests[i].want,
           tests[i].what);

        if (strcmp(got, tests[i].want) != 0) {
            printf("#   got %s\n", got);
        }
    }

    /* an empty table: headers alone */

    agents = journey_agents_create(pool);

    memset(&h, 0, sizeof(h));
    h.known = 1;

    journey_agent_find(agents, (const u_char *) "x", 1, &h, &agent);
    ok(agent.bot != NULL && journey_str_is(agent.bot, "no_accept"),
       "without a table, no Accept");

    h.accept = 1;
    journey_agent_find(agents, (const u_char *) "x", 1, &h, &agent);
    ok(agent.bot == NULL, "without a table, Accept");

    journey_pool_destroy(pool);

    return done();
}
