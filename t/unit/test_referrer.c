
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Referrers taken apart, and sets of hosts.
 */


#include "journey_referrer.h"
#include "tap.h"


static journey_pool_t      *pool;
static journey_referrer_t   ref;


static journey_str_t
text(const char *s)
{
    journey_str_t  str;

    str.data = (u_char *) s;
    str.len = strlen(s);

    return str;
}


static int
parse(const char *value)
{
    memset(&ref, 0xa5, sizeof(ref));

    return journey_referrer_parse(&ref, (u_char *) value, strlen(value));
}


static void
url(const char *value, const char *host, const char *path)
{
    is_int(parse(value), JOURNEY_OK, value);
    is_str(ref.host, host, host);
    is_str(ref.path, path, value);
    is_int(ref.app, 0, "no app");
}


static void
app(const char *value, const char *package)
{
    is_int(parse(value), JOURNEY_OK, value);
    is_str(ref.host, package, package);
    is_int(ref.app, 1, "an app");
}


#define none(value)  is_int(parse(value), JOURNEY_DECLINED, value)


static void
test_parse(void)
{
    url("https://example.org", "example.org", "");
    url("https://example.org/", "example.org", "/");
    url("http://example.org/a/b?c=/d#e", "example.org", "/a/b");
    url("http://example.org/a#b?c", "example.org", "/a");
    url("https://example.org?a=/b", "example.org", "");
    url("https://example.org#a/b", "example.org", "");
    url("HTTPS://EXAMPLE.Org/Path", "example.org", "/Path");
    url("hTtP://x/", "x", "/");
    url("https://example.org:8080/a", "example.org", "/a");
    url("https://example.org:/a", "example.org", "/a");
    url("https://example.org./a", "example.org", "/a");
    url("https://example.org.../a", "example.org", "/a");
    url("https://example.org.:443", "example.org", "");
    url("https://user@example.org/", "example.org", "/");
    url("https://user:pass@example.org:1/", "example.org", "/");
    url("https://google.com@example.org/", "example.org", "/");
    url("https://google.com:443@example.org/", "example.org", "/");
    url("https://a@b@example.org/", "example.org", "/");
    url("https://example.org/@google.com/", "example.org", "/@google.com/");
    url("https://example.org?@google.com", "example.org", "");
    url("https://example.org#@google.com", "example.org", "");
    url("https://under_score.ex-ample.org/", "under_score.ex-ample.org", "/");
    url("https://192.0.2.1:80/", "192.0.2.1", "/");
    url("https://[2001:DB8::1]/a", "[2001:db8::1]", "/a");
    url("https://[::1]:8080", "[::1]", "");
    url("https://u@[::ffff:192.0.2.1]/", "[::ffff:192.0.2.1]", "/");
    url("https://xn--mnchen-3ya.de/", "xn--mnchen-3ya.de", "/");
    url("https://localhost/", "localhost", "/");

    app("android-app://com.example.App/", "com.example.app");
    app("android-app://com.example.app", "com.example.app");
    app("ANDROID-APP://com.example.app/https/example.org", "com.example.app");
    is_str(ref.path, "/https/example.org", "path of an app's referrer");

    none("");
    none("-");
    none("null");
    none("about:blank");
    none("ftp://example.org/");
    none("file:///etc/passwd");
    none("data:text/html,x");
    none("javascript:alert(1)");
    none("ios-app://1/x");
    none("http:");
    none("http:/example.org");
    none("http:example.org");
    none("http://");
    none("https://");
    none("https:///a");
    none("https://?a");
    none("https://#a");
    none("https://:80/");
    none("https://@/");
    none("https://user@/");
    none("https://./");
    none("https://.../");
    none("https://.example.org/");
    none("https://example..org/");
    none("https://example.org:port/");
    none("https://example.org:80x/");
    none("https://example.org:80:80/");
    none("https://exa mple.org/");
    none(" https://example.org/");
    none("https://example.org\\/");
    none("https://google.com\\@example.org/");
    none("https://ex%61mple.org/");
    none("https://m\xc3\xbcnchen.de/");
    none("https://exa\x01mple.org/");
    none("https://exam*ple.org/");
    none("https://[::1");
    none("https://::1/");
    none("https://[::1]x/");
    none("https://[]/");
    none("https://[x]/");
    none("https://[1:2:3]/");
    none("https://[::1%25eth0]/");
    none("https://[fe80::1%eth0]/");
    none("https://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]/");
    none("android-app://");
    none("android-app:///a");
    none("android-app://[::1]/");

    is_int(journey_referrer_parse(&ref, (u_char *) "https://a\0b/", 12),
           JOURNEY_DECLINED, "a NUL in a host");
    is_int(journey_referrer_parse(&ref, NULL, 0), JOURNEY_DECLINED,
           "no string");
    is_int(journey_referrer_parse(&ref, (u_char *) "https://example.org/", 15),
           JOURNEY_OK, "what stands behind the length");
    is_str(ref.host, "example", "is not read");
}


static void
test_lengths(void)
{
    int    i;
    char   value[20000], *p;

    p = value + sprintf(value, "https://");
    memset(p, 'a', 63);
    strcpy(p + 63, ".org/");
    is_int(parse(value), JOURNEY_OK, "a label of 63 bytes");

    memset(p, 'a', 64);
    strcpy(p + 64, ".org/");
    is_int(parse(value), JOURNEY_DECLINED, "a label of 64 bytes");

    for (i = 0; i < 255; i++) {
        p[i] = (i % 2) ? '.' : 'a';
    }

    strcpy(p + 255, "/x");
    is_int(parse(value), JOURNEY_OK, "a host of 255 bytes");
    is_int(ref.host.len, 255, "all of it");
    is_str(ref.path, "/x", "and the path");

    strcpy(p + 255, "./x");
    is_int(parse(value), JOURNEY_OK, "with a dot behind");
    is_int(ref.host.len, 255, "which is not kept");

    strcpy(p + 255, ".a/x");
    is_int(parse(value), JOURNEY_DECLINED, "a host of 257 bytes");

    memset(p, '.', 10000);
    p[10000] = '\0';
    is_int(parse(value), JOURNEY_DECLINED, "10,000 dots");

    p[0] = 'a';
    is_int(parse(value), JOURNEY_OK, "9,999 dots behind a host");
    is_str(ref.host, "a", "are none");

    memset(p, '@', 10000);
    strcpy(p + 10000, "example.org/");
    is_int(parse(value), JOURNEY_OK, "10,000 at signs");
    is_str(ref.host, "example.org", "before a host");

    memset(p, '1', 10000);
    memcpy(p, "a:", 2);
    strcpy(p + 10000, "/");
    is_int(parse(value), JOURNEY_OK, "a port of 9,998 digits");
}


static void
test_within(void)
{
    journey_str_t  a, b;

    static const struct {
        const char  *host;
        const char  *domain;
        int          within;
    } cases[] = {
        { "example.org", "example.org", 1 },
        { "www.example.org", "example.org", 1 },
        { "a.b.example.org", "example.org", 1 },
        { "notexample.org", "example.org", 0 },
        { "example.org", "www.example.org", 0 },
        { "example.org.evil.test", "example.org", 0 },
        { "org", "example.org", 0 },
        { "microsoft.com", "t.com", 0 },
        { "example.org", "", 0 },
        { "", "", 0 },
        { "", "example.org", 0 }
    };
    size_t  i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        a = text(cases[i].host);
        b = text(cases[i].domain);
        ok(journey_host_within(&a, &b) == cases[i].within, "\"%s\" in \"%s\"",
           cases[i].host, cases[i].domain);
    }
}


static int
match(journey_hosts_t *hosts, const char *host)
{
    journey_str_t  str;

    str = text(host);

    return journey_hosts_match(hosts, &str);
}


static void
test_hosts(void)
{
    int               i, found, wrong;
    char              name[64];
    size_t            n;
    journey_str_t     str;
    journey_error_t   err;
    journey_hosts_t  *hosts;

    static const struct {
        const char  *host;
        const char  *says;
    } bad[] = {
        { "", "\"\"" },
        { ".example.org", "begins with a dot" },
        { ".", "dot" },
        { "*.example.org", "\"*.example.org\"" },
        { "example.org:80", "port" },
        { "https://example.org", "https://example.org" },
        { "exam ple.org", "exam ple.org" },
        { "example..org", "example..org" },
        { "example.org/path", "example.org/path" },
        { "user@example.org", "user@example.org" },
        { "exam*ple.org", "exam*ple.org" },
        { "~^example", "~^example" },
        { "[::1", "[::1" },
        { "m\xc3\xbcnchen.de", "no host name" }
    };

    ok(match(NULL, "example.org") == 0, "no set");

    hosts = journey_hosts_create(pool);
    ok(match(hosts, "example.org") == 0, "an empty set");

    for (n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
        str = text(bad[n].host);
        memset(&err, 0, sizeof(err));
        is_int(journey_hosts_add(hosts, &str, &err), JOURNEY_ERROR,
               bad[n].host);
        ok(strstr(err.text, bad[n].says) != NULL, "says: %s", err.text);
    }

    ok(match(hosts, "example.org") == 0, "still empty");

    str = text("Example.ORG");
    is_int(journey_hosts_add(hosts, &str, &err), JOURNEY_OK, "upper case");
    is_int(journey_hosts_add(hosts, &str, &err), JOURNEY_OK, "twice");
    str = text("deep.sub.test");
    is_int(journey_hosts_add(hosts, &str, &err), JOURNEY_OK, "a deep one");
    str = text("[::1]");
    is_int(journey_hosts_add(hosts, &str, &err), JOURNEY_OK, "IPv6");
    str = text("intranet");
    is_int(journey_hosts_add(hosts, &str, &err), JOURNEY_OK, "one label");

    ok(match(hosts, "example.org") == 1, "the host");
    ok(match(hosts, "www.example.org") == 1, "a subdomain");
    ok(match(hosts, "a.b.c.d.example.org") == 1, "a deep subdomain");
    ok(match(hosts, "myexample.org") == 0, "not at a boundary");
    ok(match(hosts, "example.org.test") == 0, "not at the end");
    ok(match(hosts, "org") == 0, "not the parent");
    ok(match(hosts, "sub.test") == 0, "not a parent");
    ok(match(hosts, "x.deep.sub.test") == 1, "below the deep one");
    ok(match(hosts, "[::1]") == 1, "the address");
    ok(match(hosts, "wiki.intranet") == 1, "below one label");
    ok(match(hosts, "") == 0, "no host");
    ok(match(hosts, ".example.org") == 1, "an empty label before");

    for (i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "host%d.example%d.net", i, i % 7);
        str = text(name);
        journey_hosts_add(hosts, &str, &err);
    }

    found = 0;
    wrong = 0;

    for (i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "www.host%d.example%d.net", i, i % 7);
        found += match(hosts, name);
        snprintf(name, sizeof(name), "host%d.example%d.net", i, (i + 1) % 7);
        wrong += match(hosts, name);
    }

    is_int(found, 5000, "5,000 hosts are found");
    is_int(wrong, 0, "and no others");
}


static void
test_read(void)
{
    u_char  dst[JOURNEY_HOST_MAX + 1];

    is_int(journey_host_read(dst, (u_char *) "WWW.Example.org.", 16), 15,
           "a host");
    ok(memcmp(dst, "www.example.org", 15) == 0, "in lower case");
    is_int(journey_host_read(dst, (u_char *) "example.org/", 12), 0,
           "no path");
    is_int(journey_host_read(dst, (u_char *) "example.org:80", 14), 0,
           "no port");
    is_int(journey_host_read(dst, (u_char *) "", 0), 0, "nothing");
    is_int(journey_host_read(dst, (u_char *) "[::1]", 5), 5, "an address");
}


int
main(void)
{
    pool = journey_pool_create();

    test_parse();
    test_lengths();
    test_within();
    test_hosts();
    test_read();

    journey_pool_destroy(pool);

    return done();
}
