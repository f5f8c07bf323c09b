
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * t/data/agents_people.tsv and agents_bots.tsv with conf/agents.conf: a test
 * a line.  Then what must hold for all of them, and what no browser sends.
 * Run it at the project's top, or with the paths of conf/ and t/data/ as its
 * arguments.
 */


#include <ctype.h>

#include "journey_agent.h"
#include "tap.h"


#define TEST_MEGABYTE  (1024 * 1024)


typedef struct {
    char  *ua;
    char  *want;                        /* device, or the reason */
    char  *app;
} test_agent_t;

typedef struct {
    test_agent_t  *agents;
    int            n;
    char          *text;
} test_set_t;


static const journey_agent_headers_t  test_unknown;


static char *
test_read(const char *dir, const char *name, size_t *len)
{
    char    path[4096], *text;
    FILE   *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);

    text = malloc(TEST_MEGABYTE + 1);
    f = fopen(path, "rb");

    if (f == NULL || text == NULL) {
        printf("Bail out! cannot read %s\n", path);
        exit(1);
    }

    *len = fread(text, 1, TEST_MEGABYTE, f);
    text[*len] = '\0';
    fclose(f);

    return text;
}


static int
test_order(const void *one, const void *two)
{
    return strcmp(*(char *const *) one, *(char *const *) two);
}


/* The lines of a set, each of so many fields; a wrong one is a failed test. */

static void
test_load(test_set_t *set, const char *dir, const char *name, int fields)
{
    int     i, n, line, bad, same;
    char   *p, *end, *field[4], **sorted;
    size_t  len;

    memset(set, 0, sizeof(test_set_t));

    set->text = test_read(dir, name, &len);
    set->agents = calloc(len / 2 + 1, sizeof(test_agent_t));

    line = 0;
    bad = 0;

    for (p = set->text; *p != '\0'; p = end + 1) {
        line++;
        end = strchr(p, '\n');

        if (end == NULL) {
            printf("# %s: the last line has no end\n", name);
            bad++;
            break;
        }

        *end = '\0';

        if (*p == '#' || *p == '\0') {
            continue;
        }

        memset(field, 0, sizeof(field));

        for (n = 0; n < 4 && p != NULL; n++) {
            field[n] = p;
            p = strchr(p, '\t');

            if (p != NULL) {
                *p++ = '\0';
            }
        }

        if (n != fields || *field[0] == '\0' || *field[n - 1] == '\0') {
            printf("# %s line %d has not %d fields\n", name, line, fields);
            bad++;
            continue;
        }

        set->agents[set->n].ua = field[0];
        set->agents[set->n].want = field[1];
        set->agents[set->n].app = field[2];
        set->n++;
    }

    ok(bad == 0, "%s is well-formed", name);
    ok(set->n >= 300, "%s has %d user agents", name, set->n);

    sorted = malloc((set->n + 1) * sizeof(char *));

    for (i = 0; i < set->n; i++) {
        sorted[i] = set->agents[i].ua;
    }

    qsort(sorted, set->n, sizeof(char *), test_order);

    for (i = 1, same = 0; i < set->n; i++) {
        if (strcmp(sorted[i - 1], sorted[i]) == 0) {
            printf("# twice: %s\n", sorted[i]);
            same++;
        }
    }

    free(sorted);

    ok(same == 0, "%s has each once", name);
}


/* Of memory that ends where the user agent does, so that a sanitizer sees a
 * look behind it. */

static void
test_find(const journey_agents_t *agents, const char *ua, size_t len,
    journey_agent_t *agent)
{
    u_char  *copy;

    copy = malloc(len == 0 ? 1 : len);
    memcpy(copy, ua, len);

    journey_agent_find(agents, copy, len, &test_unknown, agent);

    free(copy);
}


static int
test_word(const journey_str_t *got, const char *want)
{
    if (got == NULL || got->len == 0) {
        return strcmp(want, "-") == 0;
    }

    return got->len == strlen(want) && memcmp(got->data, want, got->len) == 0;
}


static void
test_got(const journey_agent_t *agent)
{
    const journey_str_t  *device;

    device = journey_device_name(agent->device);

    printf("#   got bot \"%.*s\", device \"%.*s\", app \"%.*s\"\n",
           agent->bot == NULL ? 0 : (int) agent->bot->len,
           agent->bot == NULL ? "" : (char *) agent->bot->data,
           (int) device->len, device->len == 0 ? "" : (char *) device->data,
           agent->app == NULL ? 0 : (int) agent->app->len,
           agent->app == NULL ? "" : (char *) agent->app->data);
}


static int
test_person(const test_agent_t *want, const journey_agent_t *got)
{
    return got->bot == NULL && !got->ai_agent
           && test_word(journey_device_name(got->device), want->want)
           && test_word(got->app, want->app);
}


static void
test_people(const journey_agents_t *agents, const test_set_t *set)
{
    int              i, right;
    test_agent_t    *t;
    journey_agent_t  agent;

    for (i = 0; i < set->n; i++) {
        t = &set->agents[i];

        test_find(agents, t->ua, strlen(t->ua), &agent);

        right = test_person(t, &agent);
        ok(right, "%s %s: %s", t->want, t->app, t->ua);

        if (!right) {
            test_got(&agent);
        }
    }
}


static void
test_bots(const journey_agents_t *agents, const test_set_t *set)
{
    int              i, right;
    test_agent_t    *t;
    journey_agent_t  agent;

    for (i = 0; i < set->n; i++) {
        t = &set->agents[i];

        test_find(agents, t->ua, strlen(t->ua), &agent);

        right = agent.bot != NULL && test_word(agent.bot, t->want)
                && agent.ai_agent == (strcmp(t->want, "ai_agent") == 0);
        ok(right, "%s: %s", t->want, t->ua);

        if (!right) {
            test_got(&agent);
        }
    }
}


/* Neither the case nor what stands behind makes another out of anybody. */

static void
test_turned(const journey_agents_t *agents, const test_set_t *people,
    const test_set_t *bots)
{
    int                i, j, upper, lower, more, ads, n;
    char              *ua;
    size_t             len;
    test_agent_t      *t;
    const test_set_t  *set;
    journey_agent_t    agent;

    static const char  suffix[] = " NewBot/1.0";

    ua = malloc(TEST_MEGABYTE);
    upper = lower = more = ads = n = 0;

    for (i = 0; i < people->n + bots->n; i++) {
        set = (i < people->n) ? people : bots;
        t = &set->agents[i < people->n ? i : i - people->n];
        len = strlen(t->ua);

        for (j = 0; t->ua[j] != '\0'; j++) {
            ua[j] = (char) toupper((unsigned char) t->ua[j]);
        }

        /* whether it begins with "Mozilla/" is asked as it is written */

        memcpy(ua, t->ua, journey_min(len, sizeof("Mozilla/") - 1));
        test_find(agents, ua, len, &agent);

        if (set == people) {
            upper += !test_person(t, &agent);

        } else {
            lower += !(agent.bot != NULL && test_word(agent.bot, t->want));
            continue;
        }

        if (strcmp(t->app, "-") != 0) {
            continue;
        }

        memcpy(ua, t->ua, len);
        memcpy(ua + len, suffix, sizeof(suffix) - 1);
        test_find(agents, ua, len + sizeof(suffix) - 1, &agent);
        n++;
        more += !(agent.bot != NULL && test_word(agent.bot, "generic"));

        memcpy(ua + len, " GPTBot", 7);
        test_find(agents, ua, len + 7, &agent);
        ads += !(agent.bot != NULL && test_word(agent.bot, "gptbot"));
    }

    free(ua);

    is_int(upper, 0, "people in upper case are people");
    is_int(lower, 0, "bots in upper case are bots");
    ok(n > 200, "%d people without an app", n);
    is_int(more, 0, "a bot's word behind a person's browser is a bot");
    is_int(ads, 0, "a bot's name behind a person's browser is that bot");
}


/* Every beginning of every user agent has an answer, and one of the known. */

static void
test_cuts(const journey_agents_t *agents, const test_set_t *set)
{
    int              i, wrong;
    size_t           len, cut;
    test_agent_t    *t;
    journey_agent_t  agent;

    wrong = 0;

    for (i = 0; i < set->n; i++) {
        t = &set->agents[i];
        len = strlen(t->ua);

        for (cut = 0; cut <= len; cut++) {
            test_find(agents, t->ua, cut, &agent);

            wrong += (agent.device == JOURNEY_DEVICE_NONE) != (cut == 0)
                     || agent.device >= JOURNEY_DEVICE_LAST
                     || (agent.bot != NULL && agent.bot->len == 0)
                     || (agent.ai_agent && agent.bot == NULL);
        }
    }

    is_int(wrong, 0, "all beginnings of all user agents");
}


/* What the headers may say of a set when they are not known: nothing. */

static int
test_headers_differ(const journey_agents_t *agents, const test_set_t *set)
{
    int                       i, bits, differ;
    test_agent_t             *t;
    journey_agent_t           agent, other;
    journey_agent_headers_t   h;

    differ = 0;

    for (i = 0; i < set->n; i++) {
        t = &set->agents[i];
        test_find(agents, t->ua, strlen(t->ua), &agent);

        for (bits = 0; bits < 16; bits++) {
            memset(&h, 0, sizeof(h));
            h.https = bits & 1;
            h.sec_fetch = bits >> 1 & 1;
            h.accept = bits >> 2 & 1;
            h.accept_language = bits >> 3 & 1;

            journey_agent_find(agents, (u_char *) t->ua, strlen(t->ua), &h,
                               &other);

            differ += (other.bot != agent.bot || other.app != agent.app
                       || other.device != agent.device
                       || other.ai_agent != agent.ai_agent);
        }
    }

    return differ;
}


/*
 * Whom the headers make a bot of, among people: without Sec-Fetch-* on https
 * those alone who say Chrome and a version from 80 on, and stand neither in a
 * web view nor in an application; on http, or with them, nobody.
 */

static void
test_headers(const journey_agents_t *agents, const test_set_t *people,
    const test_set_t *bots)
{
    int                       i, wrong, judged, others, bits;
    const char               *p;
    test_agent_t             *t;
    journey_agent_t           agent;
    journey_agent_headers_t   h;

    is_int(test_headers_differ(agents, people), 0,
           "headers that are not known are not judged: people");
    is_int(test_headers_differ(agents, bots), 0,
           "headers that are not known are not judged: bots");

    wrong = judged = others = 0;

    for (i = 0; i < people->n; i++) {
        t = &people->agents[i];

        for (bits = 0; bits < 4; bits++) {
            memset(&h, 0, sizeof(h));
            h.known = 1;
            h.accept = 1;
            h.accept_language = 1;
            h.https = bits & 1;
            h.sec_fetch = bits >> 1;

            journey_agent_find(agents, (u_char *) t->ua, strlen(t->ua), &h,
                               &agent);

            p = strstr(t->ua, "Chrome/");

            if (bits == 1 && p != NULL && atoi(p + 7) >= 80
                && strcmp(t->app, "-") == 0
                && strstr(t->ua, "; wv)") == NULL
                && strstr(t->ua, "Version/4.0 ") == NULL)
            {
                judged++;
                wrong += agent.bot == NULL
                         || !test_word(agent.bot, "no_sec_fetch");
                continue;
            }

            others++;
            wrong += !test_person(t, &agent);
        }
    }

    ok(judged > 50 && others > 1000,
       "%d people without Sec-Fetch-*, %d that need none", judged, others);
    is_int(wrong, 0, "people by their headers");

    wrong = 0;

    for (i = 0; i < bots->n; i++) {
        t = &bots->agents[i];

        for (bits = 0; bits < 16; bits++) {
            memset(&h, 0, sizeof(h));
            h.known = 1;
            h.https = bits & 1;
            h.sec_fetch = bits >> 1 & 1;
            h.accept = bits >> 2 & 1;
            h.accept_language = bits >> 3 & 1;

            journey_agent_find(agents, (u_char *) t->ua, strlen(t->ua), &h,
                               &agent);

            wrong += agent.bot == NULL || !test_word(agent.bot, t->want);
        }
    }

    is_int(wrong, 0, "a bot by its name is it whatever it sends");
}


static void
test_hostile(const journey_agents_t *agents)
{
    char             *ua;
    size_t            i, j, len, n;
    uint32_t          seed;
    journey_agent_t   agent;

    /* what makes an automaton that falls back slowly slow, and a reader of
     * numbers read again and again */

    static const char *const  pieces[] = {
        "a", "bo", "Mozilla/5.0 (compatible; ", "Chrome/", "Chrome/0",
        "Chrome/79", "Googlebo", "meta-externalagen", " ", "(", "\\", "[FB",
        "google-cloudvertexbo", "python-request", "Instagra",
    };

    ua = malloc(TEST_MEGABYTE + 16);

    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        n = strlen(pieces[i]);

        for (len = 0; len + n <= TEST_MEGABYTE; len += n) {
            memcpy(ua + len, pieces[i], n);
        }

        test_find(agents, ua, len, &agent);

        ok(agent.device != JOURNEY_DEVICE_NONE && !agent.ai_agent,
           "a megabyte of \"%s\"", pieces[i]);

        memcpy(ua + len, " bingbot", 8);
        test_find(agents, ua, len + 8, &agent);

        ok(agent.bot != NULL && journey_str_is(agent.bot, "bingbot"),
           "a bot behind a megabyte of \"%s\"", pieces[i]);
    }

    seed = 1;

    for (j = 0; j < 64; j++) {
        for (i = 0; i < 16384; i++) {
            seed = seed * 1664525 + 1013904223;
            ua[j * 16384 + i] = (char) (seed >> 24);
        }
    }

    test_find(agents, ua, TEST_MEGABYTE, &agent);
    ok(agent.bot != NULL, "a megabyte of noise is no browser");

    memset(ua, 0, TEST_MEGABYTE);
    test_find(agents, ua, TEST_MEGABYTE, &agent);
    ok(agent.bot != NULL && journey_str_is(agent.bot, "generic"),
       "a megabyte of NULs is generic");

#define judged(text, want, dev)                                               \
    do {                                                                      \
        test_find(agents, text, sizeof(text) - 1, &agent);                    \
        ok((agent.bot == NULL ? strcmp(want, "-") == 0                        \
                              : test_word(agent.bot, want))                   \
           && test_word(journey_device_name(agent.device), dev),              \
           "line %d: %s", __LINE__, want);                                    \
    } while (0)

    judged("", "-", "-");
    judged(" ", "generic", "other");
    judged("-", "generic", "other");
    judged("\0", "generic", "other");
    judged("\xff\xfe\xfd", "generic", "other");
    judged("Mozilla/5.0", "-", "other");
    judged("mozilla/5.0", "generic", "other");
    judged("Mozilla/5.0 (X11; Linux x86_64)\0 Googlebot/2.1", "googlebot",
           "desktop");
    judged("Mozilla/5.0 (X11; Linux x86_64)\xc3(\xa0\xa1 Firefox/1", "-",
           "desktop");
    judged("Mozilla/5.0 (X11; Linux x86_64)\xed\xa0\x80\xf8\x88\x80\x80",
           "-", "desktop");
    judged("Mozilla/5.0 (X11; Linux x86_64)\xc0\x80 new-bot", "generic",
           "desktop");
    judged("Google\0bot", "generic", "other");
    judged("Google\xc2\xad" "bot/2.1", "generic", "other");
    judged("Mozilla/5.0 (X11; Linux) \"><script>alert(1)</script>", "-",
           "desktop");
    judged("Mozilla/5.0 (X11; Linux) ${jndi:ldap://127.0.0.1/a}", "-",
           "desktop");
    judged("() { :; }; /bin/true", "generic", "other");

    free(ua);
}


int
main(int argc, char **argv)
{
    char               path[4096];
    test_set_t         people, bots;
    const char        *conf, *data;
    journey_pool_t    *pool;
    journey_agents_t  *agents;
    journey_error_t    err;

    conf = (argc > 1) ? argv[1] : "conf";
    data = (argc > 2) ? argv[2] : "t/data";

    pool = journey_pool_create();
    agents = journey_agents_create(pool);

    snprintf(path, sizeof(path), "%s/agents.conf", conf);

    if (journey_agents_load(agents, path, &err) != JOURNEY_OK
        || journey_agents_compile(agents, &err) != JOURNEY_OK)
    {
        printf("Bail out! %s\n", err.text);
        return 1;
    }

    test_load(&people, data, "agents_people.tsv", 3);
    test_load(&bots, data, "agents_bots.tsv", 2);

    test_people(agents, &people);
    test_bots(agents, &bots);
    test_turned(agents, &people, &bots);
    test_headers(agents, &people, &bots);
    test_cuts(agents, &people);
    test_cuts(agents, &bots);
    test_hostile(agents);

    free(people.agents);
    free(people.text);
    free(bots.agents);
    free(bots.text);
    journey_pool_destroy(pool);

    return done();
}
