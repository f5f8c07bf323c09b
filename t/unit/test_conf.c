
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The reader of a folder of configuration: nginx's syntax by texts of its
 * own, then conf/ as it stands.
 * Run it at the project's top, or with the path of conf/ as its argument.
 */


#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journey_conf.h"
#include "tap.h"


#define TEST_FILE_MAX  (1024 * 1024)


static char  test_dir[] = "/tmp/test_conf.XXXXXX";


static void
test_write(const char *name, const char *text, size_t len)
{
    char   path[512];
    FILE  *f;

    snprintf(path, sizeof(path), "%s/%s", test_dir, name);
    f = fopen(path, "wb");

    if (f == NULL || fwrite(text, 1, len, f) != len || fclose(f) != 0) {
        printf("Bail out! cannot write %s\n", path);
        exit(1);
    }
}


/* Reads a folder whose journey.conf has the text. */

static journey_conf_t *
test_load(journey_pool_t *pool, const char *text, journey_error_t *err)
{
    test_write("journey.conf", text, strlen(text));
    err->text[0] = '\0';

    return journey_conf_load(pool, test_dir, err);
}


static journey_str_t
test_str(const char *text)
{
    journey_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


/* "retention 4", or "-". */

static const char *
test_phase(const journey_conf_t *conf, const char *path)
{
    static char             text[64];
    const journey_phase_t  *phase;

    phase = journey_phases_match(conf->phases, (u_char *) path, strlen(path));

    if (phase == NULL) {
        return "-";
    }

    snprintf(text, sizeof(text), "%.*s %u", (int) phase->name->name.len,
             phase->name->name.data, phase->position);

    return text;
}


static void
test_phase_is(const journey_conf_t *conf, const char *path, const char *want)
{
    const char  *got;

    got = test_phase(conf, path);

    ok(strcmp(got, want) == 0, "%s is %s", path, want);

    if (strcmp(got, want) != 0) {
        printf("#   got %s\n", got);
    }
}


/* "channel source medium"; agent may be NULL. */

static void
test_entry_is(const journey_conf_t *conf, const char *referrer,
    const char *args, const char *ua, const char *want)
{
    char                     got[512];
    journey_agent_t          agent;
    journey_entry_t          e;
    journey_visit_t          visit;
    journey_classifier_t     c;
    journey_agent_headers_t  headers;

    memset(&headers, 0, sizeof(headers));
    memset(&visit, 0, sizeof(visit));
    memset(&c, 0, sizeof(c));

    journey_agent_find(conf->agents, (u_char *) ua, strlen(ua), &headers,
                       &agent);

    c.sources = conf->sources;
    c.codes = conf->channel_codes;
    c.channels = conf->channels;
    c.own = conf->hosts;
    c.ignored = conf->ignored;
    c.drop_spam = conf->drop_spam;

    visit.host = test_str("www.site.example");
    visit.path = test_str("/");
    visit.args = test_str(args);
    visit.referrer = test_str(referrer);
    visit.app = agent.app;

    journey_classify(&c, &visit, &e);

    snprintf(got, sizeof(got), "%.*s %.*s %.*s",
             (int) e.channel_name.len, e.channel_name.data,
             (int) e.source.len, e.source.data,
             (int) e.medium.len, e.medium.data);

    ok(strcmp(got, want) == 0 && e.channel != 0, "%s %s%.20s: %s", referrer,
       args, ua, want);

    if (strcmp(got, want) != 0) {
        printf("#   got %s\n", got);
    }
}


static void
test_syntax(void)
{
    journey_str_t     path;
    journey_pool_t   *pool;
    journey_conf_t   *conf;
    journey_error_t   err;

    pool = journey_pool_create();

    conf = test_load(pool,
        "# a comment; { with signs\n"
        "journey_session 1h30m;journey_drop_spam off;\n"
        "unknown_directive a \"b; }\" 'c {' \"d\\\" ;\" e\\;f ${g}h {\n"
        "    nested { server { listen \"}\"; } }\n"
        "    # } a comment\n"
        "    'quoted }' 1; a_word_with\"quote}s 2;\n"
        "}\n"
        "content_by_lua_block {\n"
        "    -- don't count this }\n"
        "    ngx.say(\"}\", '{', \"\\\"}\") if a { b }\n"
        "}\n"
        "map $uri $x { \"~*^/a{2}\" 1; default \"\"; }\n"
        "journey on;\n"
        "journey_log \"/var/log/a b.gz\" gzip=1;\n"
        "journey_phases{one / \"~^/a{2}$\" '=/x y';two /t\\#o #comment\n"
        "  ;three;}\n"
        "journey_channels {\n"
        "    acme   source=acme.example;\n"
        "    \"own\"  \"campaign=~^it's \\\"quoted\\\"$\";\n"
        "}\n"
        "journey_hosts other.example\n\t\tthird.example\r\n;\n"
        "journey_hosts fourth.example;\n"
        "journey_ignore_referrers pay.example;\n"
        "journey_goal purchase uri=/done uri==/paid value=$arg_v "
            "id=$arg_id completes;\n"
        "journey_goal signup;\n"
        "server { journey_session 3x; journey_phases { nothing; } }\n",
        &err);

    ok(conf != NULL, "nginx's syntax%s", err.text);

    if (conf == NULL) {
        journey_pool_destroy(pool);
        return;
    }

    is_int(conf->session, 5400, "1h30m");
    is_int(conf->drop_spam, 0, "journey_drop_spam off");

    is_int(journey_phases_count(conf->phases), 3, "three phases");
    test_phase_is(conf, "/", "one 1");
    test_phase_is(conf, "/aa", "one 1");
    test_phase_is(conf, "/x y", "one 1");
    test_phase_is(conf, "/t\\#otherwise", "two 2");

    ok(conf->hosts != NULL && conf->ignored != NULL, "hosts");
    path = test_str("www.third.example");
    is_int(journey_hosts_match(conf->hosts, &path), 1, "a second own host");
    path = test_str("fourth.example");
    is_int(journey_hosts_match(conf->hosts, &path), 1, "directives add up");
    path = test_str("pay.example");
    is_int(journey_hosts_match(conf->ignored, &path), 1, "an ignored one");
    is_int(journey_hosts_match(conf->hosts, &path), 0, "which is not own");

    is_int(conf->ngoals, 2, "two goals");

    if (conf->ngoals == 2) {
        is_str(conf->goals[0].name, "purchase", "the first goal");
        is_int(conf->goals[0].completes, 1, "completes");
        is_int(conf->goals[1].completes, 0, "the second does not");
        is_int(journey_goal_match(&conf->goals[0], (u_char *) "/paid", 5), 1,
               "an exact path");
        is_int(journey_goal_match(&conf->goals[0], (u_char *) "/paid2", 6), 0,
               "and another");
        is_int(journey_goal_match(&conf->goals[1], (u_char *) "/", 1), 1,
               "a goal without a path");
    }

    path = test_str("acme");
    ok(journey_codes_get(conf->channel_codes, &path) != NULL
       && journey_codes_get(conf->channel_codes, &path)->code >= 64,
       "an own channel has a code");

    test_entry_is(conf, "https://acme.example/x", "", "",
                  "acme acme.example referral");
    test_entry_is(conf, "", "utm_source=a&utm_campaign=it%27s+%22quoted%22",
                  "", "own a ");

    journey_pool_destroy(pool);
}


static void
test_empty(void)
{
    journey_pool_t   *pool;
    journey_conf_t   *conf;
    journey_error_t   err;

    pool = journey_pool_create();
    conf = test_load(pool, "", &err);

    ok(conf != NULL && conf->sources != NULL && conf->agents != NULL
       && conf->channel_codes != NULL && conf->phase_codes != NULL
       && conf->channels == NULL && conf->phases == NULL
       && conf->hosts == NULL && conf->ignored == NULL && conf->ngoals == 0
       && conf->session == 1800 && conf->drop_spam == 1,
       "an empty file gives the defaults");

    ok(journey_conf_load(pool, test_dir, NULL) != NULL, "err may be NULL");
    ok(journey_conf_load(pool, "/nonexistent", NULL) == NULL,
       "err may be NULL with an error, too");

    ok(journey_conf_load(pool, "/nonexistent", &err) == NULL
       && strstr(err.text, "\"/nonexistent/journey.conf\"") != NULL
       && strstr(err.text, "No such file") != NULL,
       "a folder that is not there: %s", err.text);

    journey_pool_destroy(pool);
}


static void
test_times(void)
{
    char              text[128];
    size_t            i;
    journey_pool_t   *pool;
    journey_conf_t   *conf;
    journey_error_t   err;

    static const struct {
        const char  *text;
        int          want;              /* s; 0: refused */
    } times[] = {
        { "90", 90 }, { "30m", 1800 }, { "1h", 3600 }, { "1h30m", 5400 },
        { "\"1h 30m\"", 5400 }, { "1h30", 3630 }, { "7d", 604800 },
        { "1w", 604800 }, { "1d 12h", 0 }, { "\"1d 12h\"", 129600 },
        { "8d", 0 }, { "1M", 0 },
        { "0", 0 }, { "0s", 0 }, { "30m1h", 0 }, { "1m1m", 0 }, { "m", 0 },
        { "30ms", 0 }, { "30x", 0 }, { "-1", 0 }, { "1s2", 0 }, { "1.5h", 0 },
        { "\"\"", 0 }, { "\" 30m\"", 0 }, { "99999999999999999999", 0 },
        { "18446744073709551617", 0 }, { "999999999y", 0 },
    };

    pool = journey_pool_create();

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        snprintf(text, sizeof(text), "journey_session %s;", times[i].text);
        conf = test_load(pool, text, &err);

        is_int(conf == NULL ? 0 : (int) conf->session, times[i].want, text);
    }

    journey_pool_destroy(pool);
}


static void
test_errors(void)
{
    size_t            i;
    journey_pool_t   *pool;
    journey_error_t   err;

    static const struct {
        const char  *text;
        const char  *want;
        const char  *place;
    } bad[] = {
        { "journey_session 30x;", "\"30x\" of \"journey_session\"", ":1" },
        { "\n\njourney_session 1 2;", "number of arguments", ":3" },
        { "journey_session;", "number of arguments", ":1" },
        { "journey_drop_spam maybe;", "\"maybe\"", ":1" },
        { "journey_session 30m", "unexpected end of file", ":1" },
        { "a b", "unexpected end of file", ":1" },
        { "a {\n b;", "block does not end", ":1" },
        { "a_block {\n b;", "code does not end", ":1" },
        { "a_block {\n \"b}", "code does not end", ":1" },
        { "a;\n}", "unexpected \"}\"", ":2" },
        { ";", "unexpected \";\"", ":1" },
        { "{ }", "unexpected \"{\"", ":1" },
        { "a \"b\"c;", "unexpected \"c\"", ":1" },
        { "a;\nb \"c\n\n", "quote does not end", ":2" },
        { "a { b }", "unexpected \"}\"", ":1" },
        { "journey_phases;", "no opening \"{\"", ":1" },
        { "journey_phases x { }", "number of arguments", ":1" },
        { "journey_phases {\n}", "no phases", ":2" },
        { "journey_phases {\n a /;\n b (;\n}", "\"(\"", ":3" },
        { "journey_phases {\n a /;\n b ~(;\n}", "\"(\"", ":3" },
        { "journey_phases {\n a /;\n a /b;\n}", "duplicate phase \"a\"",
          ":3" },
        { "journey_phases {\n a /;\n b { }\n}", "unexpected \"{\"", ":3" },
        { "journey_phases {\n a /;", "expecting \"}\"", ":2" },
        { "journey_phases { a /; }\njourney_phases { b /; }", "duplicate",
          ":2" },
        { "journey_channels { }\njourney_channels { }", "duplicate", ":2" },
        { "journey_channels {\n a what=b;\n}", "what", ":2" },
        { "journey_goal \"\";", "goal", ":1" },
        { "journey_goal a whatever;", "\"whatever\"", ":1" },
        { "journey_goal a { }", "not terminated", ":1" },
        { "journey_hosts\n*.example.com;", "\"*.example.com\"", ":2" },
        { "journey_sources nothing.conf;", "nothing.conf", ":1" },
        { "journey_agents /nonexistent/x.conf;", "/nonexistent/x.conf",
          ":1" },
        { "include nothing.conf;", "nothing.conf", ":1" },
        { "include a b;", "number of arguments", ":1" },
        { "include \"\";", "empty name", ":1" },
        { "\ninclude journey.conf;", "more than 10 deep", ":2" },
    };

    pool = journey_pool_create();

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(test_load(pool, bad[i].text, &err) == NULL
           && strstr(err.text, bad[i].want) != NULL
           && strstr(err.text, "/journey.conf:") != NULL
           && strcmp(err.text + strlen(err.text) - strlen(bad[i].place),
                     bad[i].place)
              == 0,
           "refused: %s", err.text);
    }

    /* the innermost place counts, and counts once */

    test_write("agents.conf", "bot a \"a\"\nbot b\n", 16);
    ok(test_load(pool, "journey_agents journey/agents.conf;", &err) == NULL
       && strstr(err.text, "/agents.conf:2") != NULL
       && strstr(err.text, "journey.conf") == NULL, "a bad table: %s",
       err.text);

    test_write("inner.conf", "a;\njourney_session x;\n", 22);
    ok(test_load(pool, "\ninclude journey/inner.conf;", &err) == NULL
       && strstr(err.text, "/inner.conf:2") != NULL
       && strstr(err.text, "journey.conf") == NULL, "a bad include: %s",
       err.text);

    test_write("journey.conf", "a\0b;", 4);
    ok(journey_conf_load(pool, test_dir, &err) == NULL
       && strstr(err.text, "NUL") != NULL, "a NUL: %s", err.text);

    journey_pool_destroy(pool);
}


static void
test_includes(void)
{
    char              text[512];
    journey_pool_t   *pool;
    journey_conf_t   *conf;
    journey_error_t   err;

    pool = journey_pool_create();

    test_write("a1.inc", "journey_session 10;", 19);
    test_write("a2.inc", "journey_session 20; journey_goal two;", 37);
    test_write("b.inc", "journey_goal three;", 19);
    test_write("lines.inc", "second /b; third /c;", 20);
    test_write("own.conf", "bot own \"mozilla\"\n", 18);

    conf = test_load(pool, "include journey/a*.inc; include b.inc;"
                           "include nothing*.conf;"
                           "journey_agents journey/own.conf;"
                           "journey_phases { first /a; include lines.inc; }",
                     &err);
    ok(conf != NULL && conf->session == 20 && conf->ngoals == 2,
       "includes by pattern, in order%s", err.text);

    if (conf != NULL) {
        test_phase_is(conf, "/c", "third 3");
    }

    snprintf(text, sizeof(text), "include %s/b.inc;", test_dir);
    conf = test_load(pool, text, &err);
    ok(conf != NULL && conf->ngoals == 1, "an absolute name%s", err.text);

    journey_pool_destroy(pool);
}


/* Where a phase of each preset model is, and its words in their order. */

static const struct {
    const char  *file;
    const char  *phases;
    const char  *path;
    const char  *want;
} test_models[] = {
    { "aida", "attention interest desire action", "/checkout/done",
      "action 4" },
    { "five", "awareness consideration decision retention advocacy",
      "/reviews/new", "advocacy 5" },
    { "five-purchase", "attention information purchase delivery loyalty",
      "/orders/17", "delivery 4" },
    { "four", "awareness consideration decision deployment", "/docs/api",
      "deployment 4" },
    { "seven", "pre_awareness awareness consideration preference purchase "
      "after_sale loyalty", "/blog/x", "pre_awareness 1" },
    { "moments-of-truth", "stimulus zero first second ultimate",
      "/warenkorb", "first 3" },
};


static void
test_presets(const char *dir)
{
    char                    text[1024], words[256], cwd[512];
    size_t                  i, len;
    unsigned                n;
    journey_pool_t         *pool;
    journey_conf_t         *conf;
    journey_error_t         err;
    const journey_phase_t  *phase;

    if (getcwd(cwd, sizeof(cwd)) == NULL) {
        cwd[0] = '\0';
    }

    for (i = 0; i < sizeof(test_models) / sizeof(test_models[0]); i++) {
        pool = journey_pool_create();

        if (dir[0] == '/') {
            snprintf(text, sizeof(text), "include %s/phases/%s.conf;", dir,
                     test_models[i].file);
        } else {
            snprintf(text, sizeof(text), "include \"%s/%s/phases/%s.conf\";",
                     cwd, dir, test_models[i].file);
        }

        conf = test_load(pool, text, &err);
        ok(conf != NULL && conf->phases != NULL, "%s.conf%s",
           test_models[i].file, err.text);

        len = 0;
        words[0] = '\0';

        for (n = 1; conf != NULL && conf->phases != NULL; n++) {
            phase = journey_phases_at(conf->phases, n);

            if (phase == NULL) {
                break;
            }

            len += snprintf(words + len, sizeof(words) - len, "%s%.*s",
                            n == 1 ? "" : " ", (int) phase->name->name.len,
                            phase->name->name.data);
        }

        ok(strcmp(words, test_models[i].phases) == 0, "%s", words);

        if (conf != NULL && conf->phases != NULL) {
            test_phase_is(conf, test_models[i].path, test_models[i].want);
        }

        journey_pool_destroy(pool);
    }
}


static void
test_conf(const char *dir)
{
    journey_str_t      word;
    journey_pool_t    *pool;
    journey_conf_t    *conf;
    journey_error_t    err;

    const char *iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac "
        "OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
        "[FBAN/FBIOS;FBAV/465.0.0.35.109]";

    pool = journey_pool_create();
    err.text[0] = '\0';
    conf = journey_conf_load(pool, dir, &err);

    ok(conf != NULL, "%s as it stands%s", dir, err.text);

    if (conf == NULL) {
        journey_pool_destroy(pool);
        return;
    }

    is_int(conf->session, 1800, "half an hour");
    is_int(conf->drop_spam, 1, "spam is dropped");
    is_int(conf->ngoals, 0, "no goals");

    test_phase_is(conf, "/", "awareness 1");
    test_phase_is(conf, "/impressum", "awareness 1");
    test_phase_is(conf, "/products/17", "consideration 2");
    test_phase_is(conf, "/reviews/", "consideration 2");
    test_phase_is(conf, "/reviews/new", "advocacy 5");
    test_phase_is(conf, "/cart", "decision 3");
    test_phase_is(conf, "/orders/4711", "retention 4");

    word = test_str("advocacy");
    ok(journey_codes_get(conf->phase_codes, &word) != NULL
       && journey_codes_get(conf->phase_codes, &word)->code != 0,
       "phases have codes");

    test_entry_is(conf, "", "", "", "direct  ");
    test_entry_is(conf, "https://www.google.de/", "", "",
                  "organic_search google organic");
    test_entry_is(conf, "https://www.bing.com/", "msclkid=1", "",
                  "paid_search bing cpc");
    test_entry_is(conf, "https://l.facebook.com/", "", "",
                  "organic_social facebook social");
    test_entry_is(conf, "https://chatgpt.com/", "", "",
                  "ai_assistant chatgpt ai-assistant");
    test_entry_is(conf, "https://www.site.example/a", "", "", "direct  ");
    test_entry_is(conf, "https://unheard-of.example/a", "", "",
                  "referral unheard-of.example referral");
    test_entry_is(conf, "", "utm_source=news&utm_medium=email", "",
                  "email news email");
    test_entry_is(conf, "", "", iphone, "organic_social facebook social");

    journey_pool_destroy(pool);
}


/* Every in-app browser must be one of a source, or its visits have none. */

static void
test_apps(const char *dir)
{
    int               apps, missing;
    char              path[512], line[1024], key[128];
    FILE             *f;
    journey_str_t     word;
    journey_pool_t   *pool;
    journey_conf_t   *conf;
    journey_error_t   err;

    pool = journey_pool_create();
    conf = journey_conf_load(pool, dir, &err);

    snprintf(path, sizeof(path), "%s/agents.conf", dir);
    f = fopen(path, "r");

    apps = 0;
    missing = 0;

    while (conf != NULL && f != NULL && fgets(line, sizeof(line), f) != NULL) {

        if (sscanf(line, "app %127s", key) == 1) {
            apps++;
            word = test_str(key);

            if (journey_source_by_key(conf->sources, &word) == NULL) {
                printf("# no source \"%s\"\n", key);
                missing++;
            }
        }
    }

    if (f != NULL) {
        fclose(f);
    }

    ok(apps > 10 && missing == 0, "the sources of %d lines of apps", apps);

    journey_pool_destroy(pool);
}


/*
 * Every file of conf/, cut at every 97th byte, as journey.conf and as a table:
 * taken, or refused with a text.
 */

static void
test_cuts(const char *dir, const char *sub)
{
    int                    bad;
    char                   path[512], name[512], *text;
    DIR                   *d;
    FILE                  *f;
    size_t                 len, cut;
    struct dirent         *entry;
    journey_pool_t        *pool;
    journey_error_t        err;
    const char            *table;

    snprintf(path, sizeof(path), "%s%s", dir, sub);
    d = opendir(path);
    ok(d != NULL, "%s", path);

    text = malloc(TEST_FILE_MAX);

    while (d != NULL && (entry = readdir(d)) != NULL) {

        if (snprintf(name, sizeof(name), "%.250s/%.250s", path, entry->d_name)
            >= (int) sizeof(name)
            || strstr(entry->d_name, ".conf") == NULL)
        {
            continue;
        }

        f = fopen(name, "rb");
        len = (f == NULL) ? 0 : fread(text, 1, TEST_FILE_MAX, f);

        if (f != NULL) {
            fclose(f);
        }

        table = (strcmp(entry->d_name, "sources.conf") == 0)
                ? "journey_sources piece.conf;"
                : (strcmp(entry->d_name, "agents.conf") == 0)
                ? "journey_agents piece.conf;" : "include piece.conf;";

        bad = (len == 0 || len == TEST_FILE_MAX);

        for (cut = 0; cut < len; cut += 97) {
            test_write("piece.conf", text, cut);

            pool = journey_pool_create();

            if (test_load(pool, table, &err) == NULL) {
                bad += (strstr(err.text, "piece.conf:") == NULL
                        && strstr(err.text, "cannot open") == NULL);
            }

            /* and as what it is not */

            if (cut % 970 == 0
                && test_load(pool, "journey_sources piece.conf;", &err)
                   == NULL)
            {
                bad += (err.text[0] == '\0');
            }

            if (cut % 970 == 0
                && test_load(pool, "include piece.conf;", &err) == NULL)
            {
                bad += (err.text[0] == '\0');
            }

            journey_pool_destroy(pool);
        }

        ok(bad == 0, "%s cut at every 97th byte", name);
    }

    free(text);

    if (d != NULL) {
        closedir(d);
    }
}


int
main(int argc, char **argv)
{
    char         command[512];
    const char  *dir;

    dir = (argc > 1) ? argv[1] : "conf";

    if (mkdtemp(test_dir) == NULL) {
        printf("Bail out! cannot create %s\n", test_dir);
        return 1;
    }

    test_empty();
    test_syntax();
    test_times();
    test_errors();
    test_includes();
    test_presets(dir);
    test_conf(dir);
    test_apps(dir);
    test_cuts(dir, "");
    test_cuts(dir, "/phases");

    snprintf(command, sizeof(command), "rm -r %s", test_dir);

    if (system(command) != 0) {
        printf("# cannot remove %s\n", test_dir);
    }

    return done();
}
