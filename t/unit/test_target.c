
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Targets of redirects: what is one, what is added to it, and signatures.
 */


#include "journey_target.h"

#include "keys.h"
#include "tap.h"


#define REST  "https://shop.example"


static journey_pool_t  *pool;


static journey_str_t
str(const char *text)
{
    journey_str_t  s;

    s.len = strlen(text);
    s.data = (u_char *) text;

    return s;
}


/* A copy that ends where the text ends, so that reading on is found. */

static journey_str_t
heap(const u_char *data, size_t len)
{
    journey_str_t  s;

    s.len = len;
    s.data = malloc(len == 0 ? 1 : len);

    if (s.data == NULL) {
        exit(1);
    }

    memcpy(s.data, data, len);

    return s;
}


/* For a test's name. */

static const char *
shown(const char *text)
{
    size_t       i;
    static char  buf[2][80];
    static int   which;

    which = !which;

    for (i = 0; i < sizeof(buf[0]) - 1 && text[i] != '\0'; i++) {
        buf[which][i] = (text[i] < ' ' || text[i] == 0x7f || text[i] == '#')
                        ? '.' : text[i];
    }

    buf[which][i] = '\0';

    return buf[which];
}


static int
parse(journey_target_t *target, const char *text)
{
    static journey_str_t  url;

    free(url.data);
    url = heap((const u_char *) text, strlen(text));

    return journey_target_parse(target, &url);
}


static void
accepted(const char *text, const char *host, const char *base)
{
    int               rc;
    char              name[300];
    journey_target_t  target;

    rc = parse(&target, text);

    (void) snprintf(name, sizeof(name), "%s: accepted", shown(text));
    is_int(rc, JOURNEY_OK, name);

    (void) snprintf(name, sizeof(name), "%s: its host", shown(text));
    is_str(target.host, host, name);

    (void) snprintf(name, sizeof(name), "%s: its base", shown(text));
    is_str(target.base, base, name);
}


static void
refused(const char *text)
{
    journey_target_t  target;

    ok(parse(&target, text) == JOURNEY_DECLINED, "refused: %s", shown(text));
}


static void
refused_bytes(const char *data, size_t len, const char *what)
{
    journey_str_t     url;
    journey_target_t  target;

    url = heap((const u_char *) data, len);

    ok(journey_target_parse(&target, &url) == JOURNEY_DECLINED,
       "refused: %s", what);

    free(url.data);
}


static void
test_accepted(void)
{
    accepted("/", "", "/");
    accepted("/products/", "", "/products/");
    accepted("/a//b", "", "/a//b");
    accepted("/.//evil.example", "", "/.//evil.example");
    accepted("/%5cevil.example", "", "/%5cevil.example");
    accepted("/@evil.example", "", "/@evil.example");
    accepted("/https://evil.example", "", "/https://evil.example");
    accepted("/a?b=//c", "", "/a");
    accepted("/a?b=\\c", "", "/a");
    accepted("/a#b\\c", "", "/a");
    accepted("/?", "", "/");
    accepted("/#", "", "/");

    accepted("https://shop.example", "shop.example", "https://shop.example");
    accepted("http://shop.example/", "shop.example", "http://shop.example/");
    accepted("HTTPS://Shop.Example/A", "shop.example",
             "HTTPS://Shop.Example/A");
    accepted("hTtP://shop.example/", "shop.example", "hTtP://shop.example/");
    accepted("https://shop.example./a", "shop.example",
             "https://shop.example./a");
    accepted("https://shop.example:8443/a", "shop.example",
             "https://shop.example:8443/a");
    accepted("https://shop.example:65535", "shop.example",
             "https://shop.example:65535");
    accepted("https://shop.example?a@b", "shop.example",
             "https://shop.example");
    accepted("https://shop.example#a@b", "shop.example",
             "https://shop.example");
    accepted("https://shop.example/@b:c", "shop.example",
             "https://shop.example/@b:c");
    accepted("https://xn--caf-dma.example/", "xn--caf-dma.example",
             "https://xn--caf-dma.example/");
    accepted("https://127.0.0.1:80/", "127.0.0.1", "https://127.0.0.1:80/");
    accepted("https://127.0.0.1./", "127.0.0.1", "https://127.0.0.1./");
    accepted("https://[2001:DB8::1]:81/", "[2001:db8::1]",
             "https://[2001:DB8::1]:81/");
    accepted("https://[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]",
             "https://[::ffff:192.0.2.1]");
    accepted("https://1x.example/", "1x.example", "https://1x.example/");
    accepted("https://0x7.de/", "0x7.de", "https://0x7.de/");
    accepted("https://a.0xg/", "a.0xg", "https://a.0xg/");
    accepted("/caf\xc3\xa9", "", "/caf\xc3\xa9");
}


static void
test_refused(void)
{
    unsigned     i;
    char         text[64];
    const char  *rest[] = {
        "", " ", "?a=1", "#a", "a", "products/", "./a", "../a",

        "//", "//evil.example", "///evil.example", "/\\evil.example",
        "\\\\evil.example", "\\/evil.example", "/\t/evil.example",
        "/\n/evil.example", "/\r/evil.example", "\t//evil.example",
        " /a", "/a ", "/a b", "/a?b c", "/a#b c", "/a?b\tc",
        "/a\x7f", "/a\\b", "/a?b\r\nX: y", "/a#b\r\nX: y",

        "https:evil.example", "https:/evil.example", "https:///evil.example",
        "https:\\\\evil.example", "https:/\\evil.example",
        "https://\\evil.example", "https//evil.example",
        "https://", "http://", "HTTPS://", "https://?", "https://#",
        "https:///", "https://:80/", "https://:", "https://@", "https://.",
        "https://..", "https://shop.example../", "https://a..b/",
        "https://.shop.example/",

        "https://shop.example@evil.example/",
        "https://shop.example\\@evil.example",
        "https://shop.example:80@evil.example/",
        "https://user:pass@evil.example/",
        "https://@evil.example/", "https://evil.example%2f/",
        "https://shop.example%40evil.example",
        "https://shop.example\\evil.example",
        "https://shop.example/\\evil.example",
        "https://shop.example;evil.example/",
        "https://shop.example,evil.example/",
        "https://shop.example\343\200\202evil.example/",
        "https://caf\xc3\xa9.example/",

        "https://shop.example:/", "https://shop.example:99999/",
        "https://shop.example:65536", "https://shop.example:-1/",
        "https://shop.example:8a/", "https://shop.example:80:80/",
        "https://shop.example:000080/",

        "https://[::1", "https://::1/", "https://[::1]x/", "https://[]/",
        "https://[::1]:x/", "https://[::1%25lo]/", "https://[v1.a]/",
        "https://[::1]]/", "https://[1.2.3.4]/", "https://[::1]@evil/",

        "https://1/", "https://127.1/", "https://2130706433/",
        "https://0x7f000001/", "https://0x7f.0.0.1/", "https://127.0.0.0x1/",
        "https://010.0.0.1/", "https://256.0.0.1/", "https://1.2.3.4.5/",
        "https://shop.example.1/", "https://shop.example.0x/",
        "https://0X7F.1/", "https://shop.example.1./",

        "javascript:alert(1)", "javascript://shop.example/%0aalert(1)",
        "data:text/html,x", "ftp://shop.example/", "file:///etc/passwd",
        "mailto:a@b", "httpx://shop.example/", "httpss://shop.example/",
        "ht\ttps://shop.example/", "https ://shop.example/",
        "android-app://shop.example/", "blob:https://shop.example/"
    };

    for (i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
        refused(rest[i]);
    }

    refused_bytes("/a\0b", 4, "a NUL in a path");
    refused_bytes("https://shop.example\0.evil/", 27, "a NUL in a host");
    refused_bytes("/a?b\0", 5, "a NUL in the query");

    for (i = 1; i <= ' '; i++) {
        (void) snprintf(text, sizeof(text), "/%c/evil.example", i);
        ok(parse(&(journey_target_t) { .query = 0 }, text)
           == JOURNEY_DECLINED, "refused: byte %u after \"/\"", i);
    }
}


static void
test_length(void)
{
    char              text[JOURNEY_TARGET_MAX + 2], label[80];
    journey_target_t  target;

    memset(text, 'a', sizeof(text));
    text[0] = '/';

    text[JOURNEY_TARGET_MAX] = '\0';
    is_int(parse(&target, text), JOURNEY_OK, "the longest target");
    is_int(target.base.len, JOURNEY_TARGET_MAX, "all of it");

    text[JOURNEY_TARGET_MAX] = 'a';
    text[JOURNEY_TARGET_MAX + 1] = '\0';
    is_int(parse(&target, text), JOURNEY_DECLINED, "one byte more");

    memset(label, 'a', sizeof(label));
    label[63] = '\0';
    (void) snprintf(text, sizeof(text), "https://%s.example/", label);
    is_int(parse(&target, text), JOURNEY_OK, "a label of 63 bytes");

    label[63] = 'a';
    label[64] = '\0';
    (void) snprintf(text, sizeof(text), "https://%s.example/", label);
    is_int(parse(&target, text), JOURNEY_DECLINED, "a label of 64 bytes");
}


static void
test_parts(void)
{
    journey_target_t  target;

    (void) parse(&target, "/a?b=1?2#c#d?e");
    is_str(target.base, "/a", "parts: the base");
    is_str(target.args, "b=1?2", "parts: the query goes on to the \"#\"");
    is_str(target.fragment, "#c#d?e", "parts: the rest is the fragment");
    is_int(target.query, 1, "parts: there is a query");

    (void) parse(&target, "/a#c?d");
    is_str(target.base, "/a", "parts: the base before a fragment");
    is_str(target.fragment, "#c?d", "parts: a \"?\" in the fragment");
    is_int(target.query, 0, "parts: there is no query");

    (void) parse(&target, "/a?#");
    is_str(target.args, "", "parts: an empty query");
    is_str(target.fragment, "#", "parts: an empty fragment");
    is_int(target.query, 1, "parts: an empty query is one");
}


/* The target with args, in memory that is as large as was said. */

static void
writes(const char *url, const char *args, const char *want)
{
    char              name[300];
    u_char           *end;
    size_t            size;
    journey_str_t     a, got;
    journey_target_t  target;

    (void) snprintf(name, sizeof(name), "%s with %s", shown(url),
                    shown(args));

    if (parse(&target, url) != JOURNEY_OK) {
        ok(0, "%s: the target is none", name);
        return;
    }

    a = heap((const u_char *) args, strlen(args));

    size = journey_target_size(&target, &a);
    got.data = malloc(size);

    if (got.data == NULL) {
        exit(1);
    }

    end = journey_target_write(got.data, &target, &a);
    got.len = end - got.data;

    is_str(got, want, name);

    if (got.len > size) {
        ok(0, "%s: more than was said", name);
    }

    free(got.data);
    free(a.data);
}


static void
test_write(void)
{
    writes("/a", "", "/a");
    writes("/a", "b=1", "/a?b=1");
    writes("/a", "b=1&c=2", "/a?b=1&c=2");
    writes("/a?", "", "/a?");
    writes("/a?", "b=1", "/a?b=1");
    writes("/a?b=1&", "c=2", "/a?b=1&c=2");
    writes("/a?b=1", "c=2", "/a?b=1&c=2");
    writes("/a?&", "c=2", "/a?&c=2");
    writes("/a#x", "b=1", "/a?b=1#x");
    writes("/a?b=1#x", "c=2", "/a?b=1&c=2#x");
    writes("/a?#x", "c=2", "/a?c=2#x");
    writes("https://Shop.example:8443", "b=1",
           "https://Shop.example:8443?b=1");

    /* what the target has is not added, however it is written */

    writes("/a?b=1", "b=2&c=3", "/a?b=1&c=3");
    writes("/a?utm_source=x", "utm%5Fsource=y&%75tm_medium=z",
           "/a?utm_source=x&%75tm_medium=z");
    writes("/a?utm%5fsource=x", "utm_source=y", "/a?utm%5fsource=x");
    writes("/a?a+b=1", "a%20b=2&a+b=3", "/a?a+b=1");
    writes("/a?b", "b=2", "/a?b");
    writes("/a?b=", "b", "/a?b=");
    writes("/a?%62=1", "b=2", "/a?%62=1");
    writes("/a?b=1", "B=2", "/a?b=1&B=2");
    writes("/a?b=1", "b%=2&%b=3&%zz=4", "/a?b=1&b%=2&%b=3&%zz=4");
    writes("/a?b%=1", "b%25=2", "/a?b%=1");
    writes("/a?ab=1", "a=2&b=3&abc=4", "/a?ab=1&a=2&b=3&abc=4");
    writes("/a?=1", "=2&b=3", "/a?=1&b=3");
    writes("/a#?b=1", "b=2", "/a?b=2#?b=1");

    /* repetitions, empty parameters, ours */

    writes("/a", "b=1&b=2&%62=3", "/a?b=1");
    writes("/a", "&&b=1&&&c=2&&", "/a?b=1&c=2");
    writes("/a", "&&&", "/a");
    writes("/a", "u=1&s=2&_jl=3", "/a");
    writes("/a", "u&s&_jl&b", "/a?b");
    writes("/a", "%75=1&%73=2&_%6al=3&%5fjl=4&b=1", "/a?b=1");
    writes("/a", "uu=1&U=2&_jl2=3&jl=4&t=5", "/a?uu=1&U=2&_jl2=3&jl=4&t=5");
    writes("/a?u=1&s=2", "u=3&s=4", "/a?u=1&s=2");

    /* what is not fit for a header */

    writes("/a", "b= \r\n\t\"<>\\\x7f\xc3\xa9",
           "/a?b=%20%0D%0A%09%22%3C%3E%5C%7F%C3%A9");
    writes("/caf\xc3\xa9\"<>?x=\xff\\#\xc3\xa9\\", "",
           "/caf%C3%A9%22%3C%3E?x=%FF%5C#%C3%A9%5C");
    writes("/a", "b=1#c=2&d=3", "/a?b=1");
    writes("/a", "#b=1", "/a");
    writes("/a", "b=%0d%0aX:%20y", "/a?b=%0d%0aX:%20y");
    writes("/a", "b='$;,/?:@=+", "/a?b='$;,/?:@=+");
    writes("/a", "b=//evil.example", "/a?b=//evil.example");
}


/* How often c stands in the target with args. */

static unsigned
count(const char *url, const char *args, char c)
{
    u_char           *buf, *end, *p;
    unsigned          n;
    journey_str_t     a;
    journey_target_t  target;

    a = str(args);

    if (parse(&target, url) != JOURNEY_OK) {
        return 0;
    }

    buf = malloc(journey_target_size(&target, &a));
    if (buf == NULL) {
        exit(1);
    }

    end = journey_target_write(buf, &target, &a);

    for (n = 0, p = buf; p < end; p++) {
        n += (*p == (u_char) c);
    }

    free(buf);

    return n;
}


static void
test_many(void)
{
    static char  args[300000], url[JOURNEY_TARGET_MAX + 1];
    unsigned     i;
    char        *p;

    for (p = args, i = 0; i < 10000; i++) {
        p += sprintf(p, "a%u=1&", i);
    }

    is_int(count("/", args, '='), 128, "10,000 parameters: 128 count");
    is_int(count("/?x=1&y=2", args, '='), 130, "beside those of the target");

    memset(args, '&', sizeof(args) - 10);
    (void) strcpy(args + 100000, "b=1");
    is_int(count("/", args, '='), 1, "empty parameters do not count");

    for (p = args, i = 0; i < 10000; i++) {
        p += sprintf(p, "%s", "a=1&");
    }

    (void) strcpy(p, "b=1");
    is_int(count("/", args, '='), 1, "repetitions count");

    for (p = url, p += sprintf(p, "/?"), i = 0; i < 200; i++) {
        p += sprintf(p, "a%u&", i);
    }

    is_int(count(url, "a0=1&a127=1", '='), 0,
           "the target's first 128 are known");
    is_int(count(url, "a128=1", '='), 1, "those behind them are not");

    /* long names that differ at their ends only */

    for (p = args, i = 0; i < 128; i++) {
        memset(p, 'n', 2000);
        p += 2000;
        p += sprintf(p, "%03u=1&", i);
    }

    is_int(count("/", args, '='), 128, "long names");
}


static void
argument(const char *args, const char *name, const char *want)
{
    int            rc;
    char           what[300];
    u_char        *buf;
    journey_str_t  a, value;

    (void) snprintf(what, sizeof(what), "%s of %s", name, shown(args));

    a = heap((const u_char *) args, strlen(args));
    buf = malloc(a.len == 0 ? 1 : a.len);

    if (buf == NULL) {
        exit(1);
    }

    rc = journey_args_get(&a, name, &value, buf);

    if (want == NULL) {
        is_int(rc, JOURNEY_DECLINED, what);

    } else {
        ok(rc == JOURNEY_OK, "%s: found", what);
        is_str(value, want, what);
    }

    free(buf);
    free(a.data);
}


static void
test_get(void)
{
    journey_str_t  none = journey_null_string, value;

    argument("u=a", "u", "a");
    argument("x=1&u=a&y=2", "u", "a");
    argument("u=a&u=b", "u", "a");
    argument("uu=1&xu=2&u=3", "u", "3");
    argument("u=https%3A%2F%2Fa.example%2F%3Fb%3D1%26c%3D2", "u",
         "https://a.example/?b=1&c=2");
    argument("u=a=b=c", "u", "a=b=c");
    argument("u=a+b%2Bc", "u", "a b+c");
    argument("u=%", "u", "%");
    argument("u=%4", "u", "%4");
    argument("u=%4&x", "u", "%4");
    argument("u=%zz%41", "u", "%zzA");
    argument("%75=a", "u", "a");
    argument("u=a#b", "u", "a");
    argument("u=", "u", "");
    argument("u", "u", "");
    argument("u&s=1", "u", "");
    argument("&&&u=1", "u", "1");
    argument("_jl=x", "_jl", "x");

    argument("", "u", NULL);
    argument("&&", "u", NULL);
    argument("U=1", "u", NULL);
    argument("=u", "u", NULL);
    argument("#u=1", "u", NULL);
    argument("x=u=1", "u", NULL);
    argument("u=a%00b", "u", NULL);
    argument("u=%00&u=b", "u", NULL);

    is_int(journey_args_get(&none, "u", &value, NULL), JOURNEY_DECLINED,
           "no arguments at all");
}


static void
test_sign(void)
{
    int              i;
    u_char           text[JOURNEY_SIGNATURE_LEN + 1];
    unsigned         changed;
    journey_str_t    url, other, sig;
    journey_keys_t  *keys, *last, *first;
    const char       both[] = KEY1 "\n" KEY2 "\n";

    keys = load_keys(pool, both, sizeof(both) - 1);
    first = load_keys(pool, KEY1, sizeof(KEY1) - 1);
    last = load_keys(pool, KEY2, sizeof(KEY2) - 1);

    if (keys == NULL || first == NULL || last == NULL) {
        ok(0, "keys");
        return;
    }

    url = str("https://partner.example/offer?a=1");
    other = str("https://partner.example/offer?a=2");

    is_int(journey_link_sign(keys, text, &url), JOURNEY_OK, "signed");

    sig.data = text;
    sig.len = JOURNEY_SIGNATURE_LEN;

    /* printf 'link\0https://…' | openssl mac -macopt hexkey:KEY2
     * -macopt size:16 SIPHASH, the first 12 bytes */

    is_str(sig, "hIuGlxUuaiw32EfG",
           "the last key's hash over \"link\", NUL and the URL");

    is_int(journey_link_verify(keys, &url, &sig), JOURNEY_OK, "verifies");
    is_int(journey_link_verify(last, &url, &sig), JOURNEY_OK,
           "with the last key alone");
    is_int(journey_link_verify(first, &url, &sig), JOURNEY_DECLINED,
           "not with the first");
    is_int(journey_link_verify(keys, &other, &sig), JOURNEY_DECLINED,
           "not another URL");

    for (changed = 0, i = 0; i < JOURNEY_SIGNATURE_LEN; i++) {
        text[i] ^= 1;
        changed += (journey_link_verify(keys, &url, &sig)
                    == JOURNEY_DECLINED);
        text[i] ^= 1;
    }

    is_int(changed, JOURNEY_SIGNATURE_LEN,
           "not with any character changed");

    sig.len--;
    is_int(journey_link_verify(keys, &url, &sig), JOURNEY_DECLINED,
           "not when it is cut");

    text[JOURNEY_SIGNATURE_LEN] = 'A';
    sig.len += 2;
    is_int(journey_link_verify(keys, &url, &sig), JOURNEY_DECLINED,
           "not when it is longer");

    journey_str_null(&sig);
    is_int(journey_link_verify(keys, &url, &sig), JOURNEY_DECLINED,
           "not without one");
}


int
main(void)
{
    pool = journey_pool_create();
    if (pool == NULL) {
        return 1;
    }

    test_accepted();
    test_refused();
    test_length();
    test_parts();
    test_write();
    test_many();
    test_get();
    test_sign();

    journey_pool_destroy(pool);

    return done();
}
