
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Landings that are answered by a redirect: what a browser asks for next, and
 * values that are written down and read back.
 */


#include "journey_landing.h"

#include "tap.h"


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
heap(const char *text)
{
    journey_str_t  s;

    s.len = strlen(text);
    s.data = malloc(s.len == 0 ? 1 : s.len);

    if (s.data == NULL) {
        exit(1);
    }

    memcpy(s.data, text, s.len);

    return s;
}


/* "host path ?args", or "-" for what is none. */

static void
is_target(const char *from, const char *to, unsigned rooted, const char *want)
{
    u_char             *buf;
    char                got[1024];
    journey_str_t       base, location;
    journey_landing_t   landing;

    base = heap(from);
    location = heap(to);
    buf = malloc(base.len + location.len + 1);

    if (buf == NULL) {
        exit(1);
    }

    if (journey_landing_parse(&landing, &base, &location, rooted, buf)
        == JOURNEY_OK)
    {
        snprintf(got, sizeof(got), "%.*s %.*s ?%.*s", (int) landing.host.len,
                 landing.host.data, (int) landing.path.len, landing.path.data,
                 (int) landing.args.len,
                 landing.args.len > 0 ? (char *) landing.args.data : "");

    } else {
        snprintf(got, sizeof(got), "-");
    }

    /* a name in a TAP line has neither "#" nor a control character */

    ok(strcmp(got, want) == 0, "target: %s", want);

    if (strcmp(got, want) != 0) {
        printf("#   of \"%s\" from \"%s\": got \"%s\"\n", to, from, got);
    }

    free(base.data);
    free(location.data);
    free(buf);
}


static void
test_targets(void)
{
    static const struct {
        const char  *from;
        const char  *to;
        const char  *want;
    } cases[] = {

        /* URLs */
        { "/?a", "https://shop.example/", "shop.example / ?" },
        { "/?a", "https://shop.example", "shop.example / ?" },
        { "/?a", "HTTP://Shop.Example:8443/X", "shop.example /X ?" },
        { "/?a", "https://shop.example?lang=de", "shop.example / ?lang=de" },
        { "/?a", "https://shop.example#top", "shop.example / ?" },
        { "/?a", "https://shop.example./a", "shop.example /a ?" },
        { "/?a", "https://u:p@shop.example:/a", "shop.example /a ?" },
        { "/?a", "https://evil.example@shop.example/", "shop.example / ?" },
        { "/?a", "https://shop.example\\@evil.example/",
          "shop.example /@evil.example/ ?" },
        { "/?a", "https:\\\\shop.example\\a\\b?c\\d",
          "shop.example /a/b ?c\\d" },
        { "/?a", "http://[::1]:80/a", "[::1] /a ?" },
        { "/?a", "//www.shop.example/a?b", "www.shop.example /a ?b" },
        { "/?a", "/\\www.shop.example/a", "www.shop.example /a ?" },
        { "/?a", "  https://shop.example/a \t", "shop.example /a ?" },

        /* paths */
        { "/x/y?a", "/", " / ?" },
        { "/x/y?a", "/path/?lang=de&b=1#fr?ag", " /path/ ?lang=de&b=1" },
        { "/x/y?a", "z", " /x/z ?" },
        { "/x/y?a", "z/?b=1", " /x/z/ ?b=1" },
        { "/x/y/?a", "z", " /x/y/z ?" },
        { "/x/y?a", "../z", " /z ?" },
        { "/x/y?a", "../../../z", " /z ?" },
        { "/x/y?a", ".", " /x/ ?" },
        { "/x/y/?a", "..", " /x/ ?" },
        { "/x/y?a", "./a:b", " /x/a:b ?" },
        { "/x/y?a", "1:b", " /x/1:b ?" },
        { "/x/y?a", "?lang=de", " /x/y ?lang=de" },
        { "/x/y?a", "?", " /x/y ?" },
        { "/x/y?a=1&b", "#top", " /x/y ?a=1&b" },
        { "/x/y", "#top", " /x/y ?" },
        { "/x?a/b", "z", " /z ?" },
        { "/x?a", "y?b?c", " /y ?b?c" },
        { "/a%2Fb/c?a", "d", " /a/b/d ?" },
        { "/x", "/a/./b/../c//d/", " /a/c/d/ ?" },
        { "/x", "/a/b/..", " /a/ ?" },
        { "/x", "/a/b/.", " /a/b/ ?" },
        { "/x", "/..", " / ?" },
        { "/x", "/.../..a/.b", " /.../..a/.b ?" },
        { "/x", "/%2e%2E/a/%2e/b", " /a/b ?" },
        { "/x", "/a\\b", " /a/b ?" },
        { "/x", "/a%5Cb", " /a\\b ?" },

        /* encoded, or not: what servers see */
        { "/x", "/caf%C3%A9/%E2%82%AC", " /caf\xc3\xa9/\xe2\x82\xac ?" },
        { "/x", "/caf\xc3\xa9", " /caf\xc3\xa9 ?" },
        { "/x", "/a%20b c", " /a b c ?" },
        { "/x", "/%41%7e%3f%23%25", " /A~?#% ?" },
        { "/x", "/100%/%zz/%4", " /100%/%zz/%4 ?" },
        { "/x", "/a?q=%C3%A9", " /a ?q=%C3%A9" },

        /* nothing of ours */
        { "/x", "", "-" },
        { "/x", " \t ", "-" },
        { "/x", "mailto:a@shop.example", "-" },
        { "/x", "javascript:alert(1)", "-" },
        { "/x", "app://shop.example/", "-" },
        { "/x", "httpx://shop.example/", "-" },
        { "/x", "htt://shop.example/", "-" },
        { "/x", "https:/path", "-" },
        { "/x", "https:path", "-" },
        { "/x", "https:", "-" },
        { "/x", "https://", "-" },
        { "/x", "https:///path", "-" },
        { "/x", "https://:80/", "-" },
        { "/x", "https://sh op.example/", "-" },
        { "/x", "https://m\xc3\xbcnchen.example/", "-" },
        { "/x", "//", "-" },
        { "/x", "///a", "-" },

        /* requests that are no paths */
        { "", "a", " /a ?" },
        { "*", "a", " /a ?" },
        { "x/y", "a", " /a ?" },
        { "?a=1", "#x", " / ?" },
        { "//x//y", "z", " /x/z ?" }
    };

    size_t  i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_target(cases[i].from, cases[i].to, 0, cases[i].want);
    }

    /* nginx puts scheme and host before these */

    is_target("/x?a", "/path?b", 1, " /path ?b");
    is_target("/x?a", "//www.shop.example/a", 1, " /www.shop.example/a ?");
    is_target("/x?a", "/\\evil.example/a", 1, " /evil.example/a ?");
}


static uint32_t
hash(const char *path, const char *args)
{
    journey_str_t  p, a;

    p = str(path);
    a = str(args);

    return journey_landing_hash(&p, &a);
}


static void
test_hash(void)
{
    uint32_t  one;

    one = hash("/a/b", "q=1");

    ok(one != hash("/a/b", ""), "other arguments");
    ok(one != hash("/a/b", "q=2"), "another argument");
    ok(one != hash("/a/b/", "q=1"), "a slash more");
    ok(one != hash("/a", "q=1"), "another path");
    ok(hash("/b", "") != hash("/", "b"), "path and arguments");
    ok(hash("/?b", "") == hash("/", "b"),
       "a path with a mark in it may be taken for arguments");

    ok(one == hash("/a/b", "q=%31"), "arguments encoded");
    ok(one == hash("/a/b", "%71%3d1"), "all of them");
    ok(hash("/", "q=%C3%A9&x= ") == hash("/", "q=\xc3\xa9&x=%20"),
       "as browsers do");
    ok(hash("/", "q=%c3%a9") == hash("/", "q=%C3%A9"),
       "capitals of digits");
    ok(hash("/", "q=a") != hash("/", "q=A"), "but not of letters");
    ok(hash("/", "100%") == hash("/", "100%25"), "a stray percent");
    ok(hash("/", "%") != hash("/", "%4"), "cut ones");
    ok(hash("/", "+") != hash("/", "%20"), "a plus stays one");

    ok(hash("//b///c/", "") == hash("/b/c/", ""), "slashes");
    ok(hash("//", "") == hash("/", ""), "only slashes");
    ok(hash("/b/c", "") != hash("/bc", ""), "one counts");
    ok(hash("", "") == hash("", ""), "nothing at all");
}


/* What is read of a query, and what is read of that written down. */

static size_t
write_again(const char *args, unsigned click, journey_query_t *one,
    journey_query_t *two)
{
    size_t   len;
    u_char  *copy, buf[JOURNEY_LANDING_MAX + 1];

    (void) journey_query_parse(one, (u_char *) args, strlen(args));

    memset(buf, 0xa5, sizeof(buf));
    len = journey_landing_write(buf, one, click);

    if (len > JOURNEY_LANDING_MAX || buf[JOURNEY_LANDING_MAX] != 0xa5) {
        ok(0, "no more than JOURNEY_LANDING_MAX bytes");
        exit(1);
    }

    copy = malloc(len + 1);

    if (copy == NULL) {
        exit(1);
    }

    memcpy(copy, buf, len);
    (void) journey_query_parse(two, copy, len);
    free(copy);

    return len;
}


/* How many of the values differ, and the click. */

static unsigned
differences(const journey_query_t *one, const journey_query_t *two)
{
    unsigned  i, n;

    n = (one->click != two->click);

    for (i = 0; i < JOURNEY_QUERY_VALUES; i++) {
        n += (journey_strcmp(&one->values[i], &two->values[i]) != 0);
    }

    return n;
}


static void
test_write(void)
{
    size_t                     i, len;
    u_char                     buf[JOURNEY_LANDING_MAX];
    journey_str_t              got;
    journey_query_t            one, two;
    static const char *const   same[] = {
        "utm_source=n&utm_medium=email&utm_campaign=m&utm_term=t&utm_content=c",
        "utm_source=news",
        "utm_medium=cpc&gclid=abc",
        "fbclid=x",
        "srsltid=x&utm_content=b",
        "ref=partner.example",
        "pk_campaign=Spring+Sale&pk_kwd=a%26b",
        "mtm_source=A%2BB&mtm_medium=50%25&mtm_campaign=%23one%3D1",
        "utm_campaign=%d0%9b%d0%b5%d1%82%d0%be+2026",
        "utm_source=https%3A%2F%2Fwww.partner.example%2Fx%3Fy",
        "utm_source=http://null/",
        "utm_source=http://www.null/&utm_medium=m",
        "utm_campaign=%25zz%25&utm_term=%2541",
        "utm_term=a%00b%0ac%7f&utm_content=%ff%fe",
        "utm_source=%26utm_source%3dx&utm_medium=a%3db",
        "utm_id=17",
        "wbraid=1&gbraid=2&yclid=3",
        "gad_source=5",
        "utm_content=a%C2%80b+%C2%A0"
    };

    for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        len = write_again(same[i], 1, &one, &two);

        ok(len > 0 && differences(&one, &two) == 0, "read back: case %u",
           (unsigned) i);
    }

    (void) write_again("utm_source=News&gclid=SECRET&utm_content=x+y", 1, &one,
                       &two);
    got.data = buf;
    got.len = journey_landing_write(buf, &one, 1);
    is_str(got, "utm_source=news&utm_content=x y&gclid=1",
           "a click's kind, and never its value");

    got.len = journey_landing_write(buf, &one, 0);
    is_str(got, "utm_source=news&utm_content=x y", "no kind where none may be");

    is_int(write_again("gclid=x", 0, &one, &two), 0, "then nothing is left");
    is_int(write_again("q=1", 1, &one, &two), 0, "nothing to write");
    is_int(write_again("", 1, &one, &two), 0, "no query");

    len = write_again("msclkid=x", 1, &one, &two);
    is_int(len, 9, "a click alone");
    is_int(two.click, JOURNEY_CLICK_MSCLKID, "is read back");
}


/* Each value of n times the letters, as a query. */

static char *
query(const char *letters, const int n[JOURNEY_QUERY_VALUES])
{
    int                       i;
    char                     *p;
    unsigned                  v;
    static char               buf[4096];
    static const char *const  names[JOURNEY_QUERY_VALUES] = {
        [JOURNEY_QUERY_SOURCE] = "utm_source",
        [JOURNEY_QUERY_MEDIUM] = "utm_medium",
        [JOURNEY_QUERY_CAMPAIGN] = "utm_campaign",
        [JOURNEY_QUERY_TERM] = "utm_term",
        [JOURNEY_QUERY_CONTENT] = "utm_content"
    };

    p = buf;

    for (v = 0; v < JOURNEY_QUERY_VALUES; v++) {
        p += sprintf(p, "%s=", names[v]);

        for (i = 0; i < n[v]; i++) {
            p += sprintf(p, "%s", letters);
        }

        *p++ = '&';
    }

    strcpy(p, "li_fat_id=1");

    return buf;
}


static void
test_bounds(void)
{
    int               n[JOURNEY_QUERY_VALUES];
    size_t            len, most;
    unsigned          i, lost;
    journey_query_t   one, two;

    /* plain letters: four values of 100 bytes have room, and the click */

    for (i = 0; i < JOURNEY_QUERY_VALUES; i++) {
        n[i] = 100;
    }

    len = write_again(query("x", n), 1, &one, &two);
    ok(len <= JOURNEY_LANDING_MAX, "bounded");
    is_int(differences(&one, &two), 1, "one value too long for all of them");
    is_int(two.values[JOURNEY_QUERY_TERM].len, 0, "is the term");
    is_int(two.values[JOURNEY_QUERY_CONTENT].len, 100, "content stays");
    is_int(two.click, JOURNEY_CLICK_LI_FAT_ID, "and the click");

    /* one byte more or less decides */

    n[JOURNEY_QUERY_TERM] = 0;
    most = JOURNEY_LANDING_MAX - write_again(query("x", n), 1, &one, &two)
           - strlen("&utm_term=");

    n[JOURNEY_QUERY_TERM] = (int) most;
    is_int(write_again(query("x", n), 1, &one, &two), JOURNEY_LANDING_MAX,
           "just enough room");
    is_int(differences(&one, &two), 0, "for all of them");

    n[JOURNEY_QUERY_TERM]++;
    (void) write_again(query("x", n), 1, &one, &two);
    is_int(two.values[JOURNEY_QUERY_TERM].len, 0, "a byte too many");

    /* each byte is three: the source is left, medium and campaign go in turn */

    for (i = 0; i < JOURNEY_QUERY_VALUES; i++) {
        n[i] = 100;
    }

    (void) write_again(query("%26", n), 1, &one, &two);
    is_int(two.values[JOURNEY_QUERY_SOURCE].len, 100, "the source stays");
    is_int(two.values[JOURNEY_QUERY_MEDIUM].len, 0, "no medium");
    is_int(two.values[JOURNEY_QUERY_CAMPAIGN].len, 0, "no campaign");
    is_int(two.click, JOURNEY_CLICK_LI_FAT_ID, "but the click");

    n[JOURNEY_QUERY_MEDIUM] = 3;
    (void) write_again(query("%2b", n), 1, &one, &two);
    is_int(two.values[JOURNEY_QUERY_MEDIUM].len, 3, "a short medium stays");
    is_int(two.values[JOURNEY_QUERY_CAMPAIGN].len, 0, "the campaign goes");
    is_int(two.values[JOURNEY_QUERY_CONTENT].len, 0, "as what stands behind");

    /* letters of other scripts take what they take */

    for (i = 0; i < JOURNEY_QUERY_VALUES; i++) {
        n[i] = (i == JOURNEY_QUERY_TERM) ? 0 : 50;
    }

    (void) write_again(query("%d0%b0", n), 1, &one, &two);
    is_int(differences(&one, &two), 0, "four values of 50 Cyrillic letters");

    /* whatever goes, what stays is the same */

    for (i = 0, lost = 0; i < 4096; i++) {
        n[JOURNEY_QUERY_SOURCE] = (int) (i % 8) * 14;
        n[JOURNEY_QUERY_MEDIUM] = (int) (i / 8 % 8) * 14;
        n[JOURNEY_QUERY_CAMPAIGN] = (int) (i / 64 % 8) * 14;
        n[JOURNEY_QUERY_CONTENT] = (int) (i / 512) * 14;
        n[JOURNEY_QUERY_TERM] = 5;

        (void) write_again(query((i & 1) ? "%25" : "x", n), 1, &one, &two);

        lost += (two.click != one.click
                 || journey_strcmp(&one.values[JOURNEY_QUERY_SOURCE],
                                   &two.values[JOURNEY_QUERY_SOURCE])
                    != 0
                 || (two.values[JOURNEY_QUERY_TERM].len > 0
                     && differences(&one, &two) > 0));
    }

    is_int(lost, 0, "the term is the first to go, source and click never");
}


int
main(void)
{
    test_targets();
    test_hash();
    test_write();
    test_bounds();

    return done();
}
