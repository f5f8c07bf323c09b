
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Lines of access logs taken apart, and the states of imported visitors.
 */


#include "journey_import_file.h"
#include "journey_import_visitors.h"
#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>


#define REST  "\"GET / HTTP/1.1\" 200 1 \"-\" \"-\""
#define TIME  "[22/Nov/2026:07:00:03 +0100]"


static journey_import_line_t    line;
static journey_import_minute_t  minute;


static const char *
parse(const char *text)
{
    return journey_import_line_read(&line, (u_char *) text, strlen(text),
                                    &minute);
}


static void
refused(const char *text, const char *wrong)
{
    const char  *said;

    said = parse(text);

    ok(said != NULL && strcmp(said, wrong) == 0, "%s: %s", wrong, text);

    if (said == NULL || strcmp(said, wrong) != 0) {
        printf("#   said \"%s\"\n", said == NULL ? "nothing" : said);
    }
}


static void
test_fields(void)
{
    ok(parse("203.0.113.7 - - " TIME " \"GET /a?b=c HTTP/1.1\" 200 612 "
             "\"https://www.google.com/\" \"Mozilla/5.0 (X11)\"") == NULL,
       "combined");
    is_int(line.time, 1795327203, "its time");
    is_int(line.status, 200, "its status");
    is_int(line.method, JOURNEY_METHOD_GET, "its method");
    is_str(line.target, "/a?b=c", "its target");
    is_str(line.referrer, "https://www.google.com/", "its referrer");
    is_str(line.agent, "Mozilla/5.0 (X11)", "its user agent");
    is_str(line.client, "203.0.113.7 - -", "what stands before");

    ok(parse("::1 - - " TIME " " REST "\r") == NULL, "CRLF");
    is_int(line.referrer.len, 0, "no referrer");
    is_int(line.agent.len, 0, "no user agent, CR is none of it");

    ok(parse("1.2.3.4 - a [b] \\x22 c " TIME " " REST " \"10.0.0.1\" 0.003")
       == NULL, "a user of many words, fields behind");
    is_str(line.target, "/", "its target");

    ok(parse("1.2.3.4 - \"\" " TIME " " REST) == NULL, "a user without name");
    ok(parse("1.2.3.4 - x\\\" " TIME " " REST) == NULL, "a user with a quote");

    ok(parse("1.2.3.4 - [01/Jan/2000:00:00:00 +0000] \\x22GET /evil\\x22 "
             TIME " " REST) == NULL, "a user that looks like a line");
    is_str(line.target, "/", "is none");
    is_int(line.time, 1795327203, "nor is his time");

    ok(parse("1.2.3.4 - - " TIME " \"GET /\" 200 1 \"-\" \"-\"") == NULL,
       "HTTP/0.9");
    is_str(line.target, "/", "its target");
    ok(line.old, "is told from others");

    ok(parse("1.2.3.4 - - " TIME " \"GET /a b c HTTP/1.0\" 400 - \"-\" \"-\"")
       == NULL, "blanks in a target, no bytes");
    is_str(line.target, "/a b c", "its target");

    ok(parse("1.2.3.4 - - " TIME " \"GET /a HTTP/2\" 200 1 \"-\" \"-\"")
       == NULL, "HTTP/2 as some write it");
    is_str(line.target, "/a", "its target");

    ok(parse("1.2.3.4 - - " TIME " \"GET /a\\\"b\\\\\" 200 1 \"\\\\\" \"\\\"\"")
       == NULL, "Apache's escapes");
    is_str(line.target, "/a\\\"b\\\\", "stand in the target");
    is_str(line.referrer, "\\\\", "and the referrer");
    is_str(line.agent, "\\\"", "and the user agent");

    ok(parse("1.2.3.4 - - " TIME " \"POST /f HTTP/1.1\" 303 0 \"\" \"\"")
       == NULL && line.method == JOURNEY_METHOD_POST, "POST");
    ok(parse("1.2.3.4 - - " TIME " \"HEAD /f HTTP/1.1\" 200 0 \"-\" \"-\"")
       == NULL && line.method == JOURNEY_METHOD_HEAD, "HEAD");
    ok(parse("1.2.3.4 - - " TIME " \"get /f HTTP/1.1\" 400 0 \"-\" \"-\"")
       == NULL && line.method == JOURNEY_METHOD_OTHER, "no method");
}


static void
test_garbage(void)
{
    size_t  i;

    static const char *const  requests[] = {
        "", "-", " ", "  ", "\\x16\\x03\\x01\\x02", "GET", "GET ",
        "GET  HTTP/1.1", "OPTIONS * HTTP/1.1", "CONNECT a.example:443 HTTP/1.1",
        " / HTTP/1.1", "HTTP/1.1"
    };

    char  text[256];

    for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        snprintf(text, sizeof(text), "1.2.3.4 - - " TIME " \"%s\" 400 0 \"-\" "
                 "\"-\"", requests[i]);

        ok(parse(text) == NULL && line.target.len == 0,
           "garbage is a line: \"%s\"", requests[i]);
    }
}


static void
test_refused(void)
{
    size_t             i, len;
    journey_str_t      s;
    static const char  whole[] = "1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 200 "
                                 "17 \"http://a.example/\" \"Firefox\"";

    refused("", "no line of the combined format");
    refused("\r", "no line of the combined format");
    refused("nonsense", "no line of the combined format");
    refused(TIME " " REST, "no line of the combined format");
    refused("1.2.3.4 - - " REST, "no line of the combined format");
    refused("{\"t\":1,\"k\":\"page\"}", "no line of the combined format");
    refused("1.2.3.4 - - [22/Nov/2026:07:00:03 +01:00] " REST,
            "no line of the combined format");

    refused("1.2.3.4 - - [31/Nov/2026:07:00:03 +0100] " REST, "bad time");
    refused("1.2.3.4 - - [29/Feb/2026:07:00:03 +0100] " REST, "bad time");
    refused("1.2.3.4 - - [22/nov/2026:07:00:03 +0100] " REST, "bad time");
    refused("1.2.3.4 - - [22/Nov/2026:24:00:03 +0100] " REST, "bad time");
    refused("1.2.3.4 - - [22/Nov/2026:07:60:03 +0100] " REST, "bad time");
    refused("1.2.3.4 - - [22/Nov/2026:07:00:61 +0100] " REST, "bad time");
    refused("1.2.3.4 - - [22/Nov/2026:07:00:03 *0100] " REST, "bad time");
    refused("1.2.3.4 - - [22/Nov/2026:07:00:03 +0160] " REST, "bad time");
    refused("1.2.3.4 - - [22/Nov/2026-07:00:03 +0100] " REST, "bad time");
    refused("1.2.3.4 - - [00/Nov/2026:07:00:03 +0100] " REST, "bad time");
    refused("1.2.3.4 - - [01/Jan/1969:07:00:03 +0100] " REST, "bad time");
    refused("1.2.3.4 - - [01/Jan/1970:00:00:03 +0100] " REST, "bad time");
    refused("1.2.3.4 - - [01/Jan/2106:07:00:03 +0100] " REST, "bad time");

    refused("1.2.3.4 - - " TIME " \"GET / HTTP/1.1",
            "the request does not end");
    refused("1.2.3.4 - - " TIME " \"GET /\\\" 200 1 -",
            "the request does not end");
    refused("1.2.3.4 - - " TIME " \"GET /\"", "no status");
    refused("1.2.3.4 - - " TIME " \"GET /\" 20x 1 \"-\" \"-\"", "no status");
    refused("1.2.3.4 - - " TIME " \"GET /\" 2000 1 \"-\" \"-\"", "no status");
    refused("1.2.3.4 - - " TIME " \"GET /\" 200 x \"-\" \"-\"",
            "no number of bytes");
    refused("1.2.3.4 - - " TIME " \"GET /\" 200  \"-\" \"-\"",
            "no number of bytes");
    refused("1.2.3.4 - - " TIME " \"GET /\" 200 1234", "no number of bytes");
    refused("1.2.3.4 - - " TIME " \"GET /\" 200 1 - -", "no referrer");
    refused("1.2.3.4 - - " TIME " \"GET /\" 200 1 \"-\"", "no referrer");
    refused("1.2.3.4 - - " TIME " \"GET /\" 200 1 \"-\" -", "no user agent");
    refused("1.2.3.4 - - " TIME " \"GET /\" 200 1 \"-\" \"x", "no user agent");

    /* cut anywhere, it is none; nothing behind its end is read */

    len = strlen(whole);

    for (i = 0; i < len; i++) {
        s.len = i;
        s.data = malloc(i + 1);
        memcpy(s.data, whole, i);

        if (journey_import_line_read(&line, s.data, s.len, &minute) == NULL) {
            break;
        }

        free(s.data);
    }

    is_int(i, len, "no begin of a line is a line");
}


static uint32_t
at(const char *time)
{
    char  text[256];

    snprintf(text, sizeof(text), "1.2.3.4 - - [%s] " REST, time);

    return parse(text) == NULL ? line.time : 0;
}


static void
test_time(void)
{
    is_int(at("01/Jan/1970:00:00:01 +0000"), 1, "the first time");
    is_int(at("22/Nov/2026:06:00:03 +0000"), 1795327203, "UTC");
    is_int(at("22/Nov/2026:07:00:03 +0100"), 1795327203, "east");
    is_int(at("22/Nov/2026:01:30:03 -0430"), 1795327203, "west");
    is_int(at("22/Nov/2026:07:00:04 +0100"), 1795327204, "a second later");
    is_int(at("22/Nov/2026:07:00:04 +0000"), 1795330804, "another zone");
    is_int(at("23/Nov/2026:00:30:00 +1400"), 1795343400, "a day before in UTC");
    is_int(at("29/Feb/2024:12:00:00 +0000"), 1709208000, "a leap day");
    is_int(at("01/Mar/2024:12:00:00 +0000"), 1709294400, "the day after");
    is_int(at("01/Mar/2100:00:00:00 +0000"), 4107542400LL, "no leap year");
    is_int(at("31/Dec/2105:23:59:60 +0000"), 4291747200LL, "a leap second");
}


static void
client(const char *before, const char *host, const char *addr,
    const char *name)
{
    char                      text[256], got[INET6_ADDRSTRLEN];
    struct sockaddr_in       *sin;
    journey_import_client_t   c;

    snprintf(text, sizeof(text), "%s " TIME " " REST, before);

    ok(parse(text) == NULL, "%s", name);

    journey_import_line_client(&c, &line);
    is_str(c.host, host, "its host");

    if (addr == NULL) {
        is_int(c.addr.ss_family, AF_INET6, "no address");
        return;
    }

    sin = (struct sockaddr_in *) &c.addr;

    inet_ntop(c.addr.ss_family,
              c.addr.ss_family == AF_INET
              ? (void *) &sin->sin_addr
              : (void *) &((struct sockaddr_in6 *) &c.addr)->sin6_addr,
              got, sizeof(got));

    ok(strcmp(got, addr) == 0, "its address: %s", got);
}


static void
test_client(void)
{
    char                     text[256];
    size_t                   i;
    u_char                   seen[4][8];
    journey_import_client_t  c;

    static const char *const  names[] = { "unix:", "a.example", "b.example",
                                          "a.example" };

    client("203.0.113.7 - -", "", "203.0.113.7", "IPv4");
    client("2001:db8::1:443 - -", "", "2001:db8::1:443", "IPv6");
    client("::1 - bob", "", "::1", "IPv6, the shortest");
    client("shop.example:443 203.0.113.7 - -", "shop.example:443",
           "203.0.113.7", "vhost_combined");
    client("shop.example:80 2001:db8::1 - bob b", "shop.example:80",
           "2001:db8::1", "vhost_combined, IPv6");
    client("shop.example 203.0.113.7 - -", "shop.example", "203.0.113.7",
           "a virtual host without a port");
    client("shop.example:443 dsl-7.isp.example - -", "shop.example:443", NULL,
           "vhost_combined, a client's name");
    client("dsl-7.isp.example - -", "", NULL, "a client's name");
    client("unix: - -", "", NULL, "a socket");
    client("- - -", "", NULL, "nothing");

    for (i = 0; i < 4; i++) {
        snprintf(text, sizeof(text), "%s - - " TIME " " REST, names[i]);
        (void) parse(text);
        journey_import_line_client(&c, &line);
        memcpy(seen[i], &((struct sockaddr_in6 *) &c.addr)->sin6_addr, 8);
    }

    ok(memcmp(seen[1], seen[2], 8) != 0, "other names are others");
    ok(memcmp(seen[0], seen[1], 8) != 0, "and so is a socket");
    ok(memcmp(seen[1], seen[3], 8) == 0, "equal ones are one");
}


static void
unescaped(const char *text, const char *want)
{
    u_char         buf[64];
    journey_str_t  s, got;

    s.data = (u_char *) text;
    s.len = strlen(text);

    got = journey_import_unescape(&s, buf);
    is_str(got, want, text);
}


static void
test_unescape(void)
{
    u_char         buf[4];
    journey_str_t  s = journey_string("a b"), got;

    got = journey_import_unescape(&s, buf);
    ok(got.data == s.data, "without escapes nothing is copied");

    unescaped("\\x22\\x5C\\x5c", "\"\\\\");
    unescaped("a\\\"b\\\\c", "a\"b\\c");
    unescaped("\\n\\r\\t\\v\\b\\f", "\n\r\t\v\b\f");
    unescaped("\\xC3\\xA4", "\xc3\xa4");
    unescaped("\\x2", "\\x2");
    unescaped("\\xg0", "\\xg0");
    unescaped("\\q\\", "\\q\\");
    unescaped("\\\\x41", "\\x41");

    journey_str_set(&s, "\\x00");
    got = journey_import_unescape(&s, buf);
    ok(got.len == 1 && got.data[0] == '\0', "a NUL");
}


static void
asset(const char *target, int want)
{
    journey_str_t  s;

    s.data = (u_char *) target;
    s.len = strlen(target);

    is_int(journey_import_is_asset(&s), want, target);
}


static void
test_asset(void)
{
    journey_str_t  s = journey_string("/a.\0c");

    asset("/style.css", 1);
    asset("/STYLE.CSS?v=/x", 1);
    asset("/a/b.min.js", 1);
    asset("/site.webmanifest", 1);
    asset("/font.woff2", 1);
    asset("/a.JPeG", 1);
    asset("/api/x.json", 1);
    asset("/robots.txt", 1);
    asset("/x.geojson", 1);

    asset("/", 0);
    asset("", 0);
    asset("/index.html", 0);
    asset("/index.php", 0);
    asset("/x.css/", 0);
    asset("/x.css/y", 0);
    asset("/?a=b.css", 0);
    asset("/john.doe", 0);
    asset("/a.", 0);
    asset("/.", 0);
    asset(".css", 0);
    asset("/v1.2", 0);
    asset("/a.cssx", 0);
    asset("/a.ss", 0);
    asset("/a.c ss", 0);
    asset("/a.css png", 0);
    asset("/a.abcdefghijklmnop", 0);
    asset("css", 0);

    is_int(journey_import_is_asset(&s), 0, "a NUL in an extension");
}


static void
test_visitors(void)
{
    u_char                      id[JOURNEY_ID_LEN];
    uint32_t                    i, wrong;
    journey_state_t             state;
    journey_import_visitor_t   *v;
    journey_import_visitors_t   t;

    memset(&t, 0, sizeof(journey_import_visitors_t));
    memset(id, 0, sizeof(id));

    ok(journey_import_visitors_find(&t, id) == NULL, "an empty table");

    journey_import_visitors_drop(&t, UINT32_MAX);

    for (i = 0; i < 10000; i++) {

        /* ids that would meet if there were no key */

        memcpy(id + 4, &i, sizeof(uint32_t));
        memcpy(id, &(uint32_t) { i / 3 }, sizeof(uint32_t));
        journey_state_init(&state, id, i);

        v = journey_import_visitors_add(&t, &state);

        if (v == NULL) {
            break;
        }

        v->seen = i;
    }

    is_int(t.n, 10000, "many visitors");

    for (i = 0, wrong = 0; i < 10000; i++) {
        memcpy(id + 4, &i, sizeof(uint32_t));
        memcpy(id, &(uint32_t) { i / 3 }, sizeof(uint32_t));
        v = journey_import_visitors_find(&t, id);
        wrong += (v == NULL || v->state.first_seen != i);
    }

    is_int(wrong, 0, "each is found");

    journey_import_visitors_drop(&t, 9000);

    is_int(t.n, 1000, "those of before are dropped");
    ok(t.size < 10000, "and their memory");

    for (i = 0, wrong = 0; i < 10000; i++) {
        memcpy(id + 4, &i, sizeof(uint32_t));
        memcpy(id, &(uint32_t) { i / 3 }, sizeof(uint32_t));
        v = journey_import_visitors_find(&t, id);
        wrong += (i < 9000) ? v != NULL
                            : v == NULL || v->state.first_seen != i;
    }

    is_int(wrong, 0, "the others are found");

    journey_import_visitors_drop(&t, UINT32_MAX);

    is_int(t.n, 0, "all are dropped");
    ok(journey_import_visitors_find(&t, id) == NULL, "nobody is found");

    journey_import_visitors_free(&t);
}


int
main(void)
{
    test_fields();
    test_garbage();
    test_refused();
    test_time();
    test_client();
    test_unescape();
    test_asset();
    test_visitors();

    return done();
}
