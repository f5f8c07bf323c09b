
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The table of sources: forms of patterns, which of them wins, bad lines,
 * and conf/sources.conf as a whole.
 */


#include <unistd.h>

#include "journey_source.h"
#include "tap.h"


static journey_pool_t     *pool;
static journey_sources_t  *sources;
static char                folder[] = "/tmp/journey-test-XXXXXX";
static char                file[64];


static journey_str_t
text(const char *s)
{
    journey_str_t  str;

    str.data = (u_char *) s;
    str.len = strlen(s);

    return str;
}


static int
load(const char *lines, journey_error_t *err)
{
    FILE  *f;

    f = fopen(file, "w");

    if (f == NULL) {
        return 1;
    }

    fputs(lines, f);
    fclose(f);

    memset(err, 0, sizeof(*err));

    return journey_sources_load(sources, file, err);
}


static void
fresh(const char *lines)
{
    journey_error_t  err;

    sources = journey_sources_create(pool);
    is_int(load(lines, &err), JOURNEY_OK, "loaded");

    if (err.text[0] != '\0') {
        printf("#   %s\n", err.text);
    }
}


static const char *
key(const char *referrer)
{
    static char              buf[128];
    journey_referrer_t       ref;
    const journey_source_t  *source;

    if (journey_referrer_parse(&ref, (u_char *) referrer, strlen(referrer))
        != JOURNEY_OK)
    {
        return "no URL";
    }

    source = journey_source_by_referrer(sources, &ref);

    if (source == NULL) {
        return "";
    }

    snprintf(buf, sizeof(buf), "%.*s", (int) source->key.len,
             source->key.data);

    return buf;
}


#define is(referrer, want)                                                    \
    ok(strcmp(key(referrer), want) == 0, "%s is \"%s\", got \"%s\"",          \
       referrer, want, key(referrer))


static void
name(const char *value, const char *want, int want_paid)
{
    int                      paid;
    journey_str_t            str;
    const journey_source_t  *source;

    str = text(value);
    paid = 7;
    source = journey_source_by_name(sources, &str, &paid);

    if (want == NULL) {
        ok(source == NULL, "\"%s\" is nobody", value);

    } else {
        ok(source != NULL, "\"%s\" is somebody", value);

        if (source != NULL) {
            is_str(source->key, want, value);
        }
    }

    is_int(paid, want_paid, "paid");
}


static void
test_forms(void)
{
    fresh("# a comment\n"
          "\n"
          "search plain  Plain      plain.example     # behind a line\n"
          "search exact  \"Exact\"  =exact.example\n"
          "search star   \"Star\"   star.*  two.words.*  UPPER.*\n"
          "social path   \"Path\"   host.example/a/b  =only.example/c/\n"
          "social spath  \"Path 2\" star.*/images\n"
          "email  label  \"Label\"  mail.**\n"
          "email  prefix \"Prefix\" deref-*.**\n"
          "email  px     \"Longer\" deref-y-*.**\n"
          "ai     app    \"App\"    app:com.Example.App  alias:The-APP\n"
          "ads    many   \"Ads\"    alias:an-ad  \"alias:my ads\"\n"
          "ads    many   \"Ads\"    alias:x_ads  alias:adspace\n"
          "ads    many   \"Ads\"    alias:cad  alias:ads2\n"
          "video  slash  \"Slash\"  slash.example/\n");

    is("https://plain.example/", "plain");
    is("https://a.b.plain.example/x", "plain");
    is("https://notplain.example/", "");
    is("https://plain.example.org/", "");
    is("https://example/", "");

    is("https://exact.example/", "exact");
    is("https://www.exact.example/", "");

    is("https://star.com/", "star");
    is("https://star.net/", "star");
    is("https://star.org/", "star");
    is("https://star.de/", "star");
    is("https://star.co.uk/", "star");
    is("https://star.com.au/", "star");
    is("https://star.net.nz/", "star");
    is("https://star.org.uk/", "star");
    is("https://star.ne.jp/", "star");
    is("https://star.or.kr/", "star");
    is("https://star.ac.at/", "star");
    is("https://star.edu.pl/", "star");
    is("https://star.gov.br/", "star");
    is("https://www.star.co.uk/", "star");
    is("https://a.b.star.de/", "star");
    is("https://upper.de/", "star");
    is("https://star.info/", "");
    is("https://star.example/", "");
    is("https://star.edu/", "");
    is("https://star.co.info/", "");
    is("https://star.me.uk/", "");
    is("https://star.gob.mx/", "");
    is("https://star.evil.com/", "");
    is("https://star.com.evil.org/", "");
    is("https://star.co.com/", "");
    is("https://mystar.de/", "");
    is("https://star.d1/", "");
    is("https://star/", "");
    is("https://com/", "");
    is("https://co.uk/", "");
    is("https://two.words.fr/", "star");
    is("https://x.two.words.com.tr/", "star");
    is("https://words.fr/", "");

    is("https://host.example/a/b", "path");
    is("https://host.example/a/b/", "path");
    is("https://host.example/a/b/c?d", "path");
    is("https://host.example/a/b?c", "path");
    is("https://www.host.example/a/b", "path");
    is("https://host.example/a/bc", "");
    is("https://host.example/a", "");
    is("https://host.example/", "");
    is("https://host.example", "");
    is("https://host.example/A/B", "");
    is("https://host.example/x/a/b", "");
    is("https://only.example/c", "path");
    is("https://only.example/c/d", "path");
    is("https://www.only.example/c", "");
    is("https://slash.example/", "slash");
    is("https://slash.example/deep", "slash");
    is("https://slash.example", "slash");

    is("https://star.co.uk/images?q=x", "spath");
    is("https://www.star.de/images/1", "spath");
    is("https://www.star.de/imagesque", "star");

    is("https://mail.example.org/", "label");
    is("https://mail.a.b.c/", "label");
    is("https://mail.example/", "");
    is("https://mail/", "");
    is("https://x.mail.example.org/", "");
    is("https://email.example.org/", "");
    is("https://deref-a.example/", "prefix");
    is("https://deref-a.b.c/", "prefix");
    is("https://deref-a-b.example/", "prefix");
    is("https://deref-y-b.example/", "px");
    is("https://deref-y.example/", "prefix");
    is("https://deref-.example/", "");
    is("https://deref.example.org/", "");
    is("https://deref-a/", "");
    is("https://x.deref-a.example/", "");

    is("android-app://com.example.app/", "app");
    is("android-app://com.example.APP", "app");
    is("android-app://com.example.app.more/", "");
    is("android-app://plain.example/", "");
    is("https://com.example.app/", "");
    is("https://[::1]/", "");
    is("https://192.0.2.1/", "");
}


static void
test_names(void)
{
    name("plain", "plain", 0);
    name("the-app", "app", 0);
    name("an-ad", "many", 1);
    name("my ads", "many", 1);
    name("x_ads", "many", 1);
    name("cad", "many", 1);
    name("adspace", "many", 0);
    name("ads2", "many", 0);
    name("many", "many", 0);
    name("plain.example", "plain", 0);
    name("www.plain.example", "plain", 0);
    name("www.star.co.uk", "star", 0);
    name("mail.example.org", "label", 0);
    name("mail.exa mple.org", NULL, 0);
    name("mail.example.org/x", NULL, 0);
    name("star", "star", 0);
    name("com.example.app", NULL, 0);
    name("nobody", NULL, 0);
    name("nobody.example", NULL, 0);
    name(".", NULL, 0);
    name("", NULL, 0);
}


static void
test_specific(void)
{
    fresh("search big    \"Big\"   big.*  big.com\n"
          "email  bmail  \"Mail\"  mail.big.com\n"
          "guard  docs   \"Docs\"  docs.big.com  accounts.big.*\n"
          "ai     chat   \"Chat\"  big.com/chat  big.*/chat/pro\n"
          "social lit    \"Lit\"   big.fr  deep.sub.big.com\n"
          "video  ex     \"Ex\"    =big.de  =www.big.com\n"
          "email  any    \"Any\"   mail.**  www.**\n"
          "ads    long   \"Long\"  big.com/chat/pro/x  =big.com/chat/pro\n"
          "shopping  net \"Net\"   net.org  com.au\n");

    is("https://big.com/", "big");
    is("https://news.big.com/", "big");
    is("https://mail.big.com/", "bmail");
    is("https://x.mail.big.com/", "bmail");
    is("https://docs.big.com/", "docs");
    is("https://accounts.big.co.uk/", "docs");
    is("https://x.accounts.big.de/", "docs");
    is("https://docs.big.de/", "big");

    /* label.** before a parent, behind the whole host */

    is("https://mail.big.de/", "any");
    is("https://mail.other.de/", "any");
    is("https://www.big.com/", "ex");
    is("https://www.big.de/", "any");

    /* a host before name.*, exactly before both */

    is("https://big.fr/", "lit");
    is("https://x.big.fr/", "lit");
    is("https://big.de/", "ex");
    is("https://x.big.de/", "big");
    is("https://big.it/", "big");

    /* the longest parent */

    is("https://x.deep.sub.big.com/", "lit");
    is("https://sub.big.com/", "big");

    /* the longest path, a host's before name.*'s */

    is("https://big.com/chat", "chat");
    is("https://big.com/chat/a", "chat");
    is("https://x.big.com/chat/a", "chat");
    is("https://big.com/chat/pro", "long");
    is("https://x.big.com/chat/pro", "chat");
    is("https://x.big.com/chat/pro/x/y", "long");
    is("https://big.it/chat/pro", "chat");
    is("https://big.it/chat", "big");
    is("https://docs.big.com/chat", "docs");

    is("https://net.org/", "net");
    is("https://foo.com.au/", "net");
}


static void
test_later(void)
{
    journey_error_t          err;
    journey_str_t            str;
    const journey_source_t  *source;

    fresh("search one \"One\" a.example b.example c.example/x alias:al\n"
          "social two \"Two\" b.example\n"
          "search one \"One again\" d.example\n");

    is("https://a.example/", "one");
    is("https://b.example/", "two");
    is("https://d.example/", "one");

    str = text("one");
    source = journey_source_by_key(sources, &str);
    ok(source != NULL, "by key");
    is_str(source->name, "One again", "the later name");
    is_int(source->kind, JOURNEY_KIND_SEARCH, "kind");

    is_int(load("social three \"Three\" a.example c.example/x/ alias:AL\n"
                "video two \"Zwei\" e.example\n", &err), JOURNEY_OK,
           "a second file");

    is("https://a.example/", "three");
    is("https://c.example/x", "three");
    is("https://b.example/", "two");
    is("https://e.example/", "two");
    is("https://d.example/", "one");
    name("al", "three", 0);

    str = text("two");
    source = journey_source_by_key(sources, &str);
    is_str(source->name, "Zwei", "a later file overrides the name");
    is_int(source->kind, JOURNEY_KIND_VIDEO, "and the kind");

    str = text("a.example");
    ok(journey_source_by_key(sources, &str) == NULL, "a host is no key");
    str = text("");
    ok(journey_source_by_key(sources, &str) == NULL, "nor is nothing");
}


static void
test_bad(void)
{
    char             want[128], lines[512], big[600];
    size_t           i;
    journey_error_t  err;

    static const struct {
        const char  *line;
        const char  *says;
    } bad[] = {
        { "serch google \"Google\" google.*", "unknown kind \"serch\"" },
        { "Search google \"Google\" google.*", "unknown kind \"Search\"" },
        { "\"\" google \"Google\" google.*", "unknown kind \"\"" },
        { "search", "no key" },
        { "search google", "\"google\" has no name" },
        { "search google \"Google\"", "no pattern" },
        { "search google google.*", "where the name is expected" },
        { "search google google.* google.com", "where the name is expected" },
        { "search google app:com.google x.example", "name is expected" },
        { "search google \"\" google.*", "name \"\"" },
        { "search Google \"Google\" google.*", "invalid key \"Google\"" },
        { "search goo,gle \"Google\" google.*", "invalid key \"goo,gle\"" },
        { "search _google \"Google\" google.*", "invalid key \"_google\"" },
        { "search \"\" \"Google\" google.*", "invalid key \"\"" },
        { "search \"go ogle\" \"Google\" google.*", "invalid key" },
        { "search g \"\xff\" google.*", "UTF-8" },
        { "search g \"a\x01\" google.*", "control" },
        { "search g \"Google\" google", "\"google\"" },
        { "search g \"Google\" google.com x..example", "\"x..example\"" },
        { "search g \"Google\" .google.com", "\".google.com\"" },
        { "search g \"Google\" google.com.", "\"google.com.\"" },
        { "search g \"Google\" *.google.com", "\"*.google.com\"" },
        { "search g \"Google\" goo*gle.com", "\"goo*gle.com\"" },
        { "search g \"Google\" google.*.com", "\"google.*.com\"" },
        { "search g \"Google\" .*", "\".*\"" },
        { "search g \"Google\" *", "\"*\"" },
        { "search g \"Google\" .**", "\".**\"" },
        { "search g \"Google\" *.**", "\"*.**\"" },
        { "search g \"Google\" -*.**", "\"-*.**\"" },
        { "search g \"Google\" deref*.**", "\"deref*.**\"" },
        { "search g \"Google\" a.b.**", "\"a.b.**\"" },
        { "search g \"Google\" a.b-*.**", "\"a.b-*.**\"" },
        { "search g \"Google\" =google.*", "\"=google.*\"" },
        { "search g \"Google\" =mail.**", "\"=mail.**\"" },
        { "search g \"Google\" mail.**/x", "\"mail.**/x\"" },
        { "search g \"Google\" =", "\"=\"" },
        { "search g \"Google\" =/x", "\"=/x\"" },
        { "search g \"Google\" /x", "\"/x\"" },
        { "search g \"Google\" \"\"", "\"\"" },
        { "search g \"Google\" google.com:80", "\"google.com:80\"" },
        { "search g \"Google\" https://google.com", "https://google.com" },
        { "search g \"Google\" google.com/a*", "\"google.com/a*\"" },
        { "search g \"Google\" google.com/a?b", "\"google.com/a?b\"" },
        { "search g \"Google\" [::1]", "\"[::1]\"" },
        { "search g \"Google\" m\xc3\xbcnchen.de", "invalid pattern" },
        { "search g \"Google\" app:", "\"app:\"" },
        { "search g \"Google\" app:com/google", "\"app:com/google\"" },
        { "search g \"Google\" alias:", "\"alias:\"" },
        { "search g \"Google\" alias:a@b", "\"a@b\"" },
        { "search g \"Google\" \"alias: x\"", "\" x\"" },
        { "search g \"Google\" google.com\nsocial g \"G\" g.example",
          "of the kind \"search\" already" },
        { "search g \"Google google.com", "quote" }
    };

    sources = journey_sources_create(pool);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(lines, sizeof(lines), "# comment\nvideo v%d \"V\" v.example\n"
                 "%s\n", (int) i, bad[i].line);

        is_int(load(lines, &err), JOURNEY_ERROR, bad[i].line);
        ok(strstr(err.text, bad[i].says) != NULL, "\"%s\" has %s", err.text,
           bad[i].says);

        snprintf(want, sizeof(want), " in %s:%d", file,
                 strchr(bad[i].line, '\n') != NULL ? 4 : 3);
        ok(strlen(err.text) > strlen(want)
           && strcmp(err.text + strlen(err.text) - strlen(want), want) == 0,
           "and ends in file and line");
    }

    memset(big, 'k', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';

    snprintf(lines, sizeof(lines), "search %.65s \"K\" k.example\n", big);
    is_int(load(lines, &err), JOURNEY_ERROR, "a key of 65 bytes");
    snprintf(lines, sizeof(lines), "search %.64s \"K\" k.example\n", big);
    is_int(load(lines, &err), JOURNEY_OK, "a key of 64 bytes");
    snprintf(lines, sizeof(lines), "search k %.101s k.example\n", big);
    is_int(load(lines, &err), JOURNEY_ERROR, "a name of 101 bytes");
    snprintf(lines, sizeof(lines), "search k K alias:%.101s\n", big);
    is_int(load(lines, &err), JOURNEY_ERROR, "an alias of 101 bytes");
    snprintf(lines, sizeof(lines), "search k K %.64s.example\n", big);
    is_int(load(lines, &err), JOURNEY_ERROR, "a label of 64 bytes");

    unlink(file);
    is_int(journey_sources_load(sources, file, &err), JOURNEY_ERROR,
           "no file");
    ok(strstr(err.text, file) != NULL, "is named: %s", err.text);
    is_int(journey_sources_load(sources, folder, &err), JOURNEY_ERROR,
           "a folder");
}


static void
test_kinds(void)
{
    unsigned       i;
    journey_str_t  word;

    static const char  *kinds[] = {
        "", "search", "social", "video", "shopping", "ai", "email", "ads",
        "gateway", "guard", "spam"
    };

    is_int(sizeof(kinds) / sizeof(kinds[0]), JOURNEY_KIND_LAST, "10 kinds");

    for (i = 0; i < JOURNEY_KIND_LAST; i++) {
        is_str(*journey_kind_name((journey_kind_e) i), kinds[i], kinds[i]);
        word = text(kinds[i]);
        is_int(journey_kind_parse(&word), i, kinds[i]);
    }

    is_str(*journey_kind_name((journey_kind_e) 99), "", "no such kind");
    word = text("searching");
    is_int(journey_kind_parse(&word), JOURNEY_KIND_NONE, "no such word");
}


static void
test_many(void)
{
    FILE             *f;
    int               i, found, wrong;
    char              url[128];
    journey_error_t   err;

    sources = journey_sources_create(pool);
    is("https://example.org/", "");

    f = fopen(file, "w");

    for (i = 0; i < 20000; i++) {
        fprintf(f, "search k%d \"K\" host%d.example alias:a%d app:app.n%d\n",
                i, i, i, i);
    }

    fclose(f);
    is_int(journey_sources_load(sources, file, &err), JOURNEY_OK,
           "20,000 sources");

    found = 0;
    wrong = 0;

    for (i = 0; i < 20000; i++) {
        snprintf(url, sizeof(url), "https://www.host%d.example/", i);
        found += (atoi(key(url) + 1) == i && key(url)[0] == 'k');
        snprintf(url, sizeof(url), "android-app://app.n%d/", i);
        found += (atoi(key(url) + 1) == i && key(url)[0] == 'k');
        snprintf(url, sizeof(url), "https://xhost%d.example/", i);
        wrong += (key(url)[0] != '\0');
    }

    is_int(found, 40000, "each is found");
    is_int(wrong, 0, "and nothing else");
}


/* The file that is shipped: what a first set has to hold, and no more slips
 * than a reader can find. */

static void
test_shipped(void)
{
    int                       n, kinds[JOURNEY_KIND_LAST];
    char                      path[4096], line[4096], word[3][256];
    size_t                    len, i;
    FILE                     *f;
    journey_str_t             str;
    journey_error_t           err;
    const journey_source_t   *source;
    const char               *seen[4096];
    unsigned                  nseen;

    static const int  least[JOURNEY_KIND_LAST] = {
        0, 150, 120, 30, 40, 30, 70, 30, 30, 10, 1
    };

    len = strlen(__FILE__) - strlen("t/unit/test_source.c");
    snprintf(path, sizeof(path), "%.*sconf/sources.conf", (int) len,
             __FILE__);

    sources = journey_sources_create(pool);
    memset(&err, 0, sizeof(err));
    is_int(journey_sources_load(sources, path, &err), JOURNEY_OK, path);

    if (err.text[0] != '\0') {
        printf("#   %s\n", err.text);
    }

    memset(kinds, 0, sizeof(kinds));
    nseen = 0;
    f = fopen(path, "r");

    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "%255s %255s %255s", word[0], word[1], word[2]) != 3
            || word[0][0] == '#')
        {
            continue;
        }

        str = text(word[1]);
        source = journey_source_by_key(sources, &str);

        if (source == NULL) {
            ok(0, "key %s", word[1]);
            continue;
        }

        for (i = 0; i < nseen; i++) {
            if (strcmp(seen[i], word[1]) == 0) {
                break;
            }
        }

        if (i == nseen && nseen < 4096) {
            seen[nseen++] = strdup(word[1]);
            kinds[source->kind]++;
        }
    }

    if (f != NULL) {
        fclose(f);
    }

    for (n = 1; n < JOURNEY_KIND_LAST; n++) {
        ok(kinds[n] >= least[n], "%d sources of the kind %s", kinds[n],
           (char *) journey_kind_name((journey_kind_e) n)->data);
    }

    while (nseen > 0) {
        free((char *) seen[--nseen]);
    }

    name("fb", "facebook", 0);
    name("facebook-ads", "facebook", 1);
    name("fb_ads", "facebook", 1);
    name("ig", "instagram", 0);
    name("google-ads", "google", 1);
    name("googleads", "google", 1);
    name("adwords", "google", 0);
    name("yt", "youtube", 0);
    name("tiktokads", "tiktok", 1);
    name("twitter-ads", "x", 1);
    name("linkedin-ads", "linkedin", 1);
}


int
main(void)
{
    if (mkdtemp(folder) == NULL) {
        printf("Bail out! no folder\n");
        return 1;
    }

    snprintf(file, sizeof(file), "%s/sources.conf", folder);
    pool = journey_pool_create();

    test_forms();
    test_names();
    test_specific();
    test_later();
    test_bad();
    test_kinds();
    test_many();
    test_shipped();

    journey_pool_destroy(pool);
    unlink(file);
    rmdir(folder);

    return done();
}
