
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What is masked in a path, and what is not.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE             /* memmem() */
#endif

#include "journey_mask.h"

#include "tap.h"


#define UUID   "550e8400-e29b-41d4-a716-446655440000"
#define X9     "123456789"


typedef struct {
    const char  *path;
    const char  *want;                  /* NULL: as it is, and not copied */
} mask_case_t;


static const mask_case_t  emails[] = {
    { "/u/anna@example.com/x", "/u/:email/x" },
    { "/anna@example.com", "/:email" },
    { "anna@example.com", ":email" },
    { "/mailto:anna@example.com", "/mailto::email" },
    { "/a,b@c.d", "/a,:email" },
    { "/a@x.de,b@y.de;c@z.de d@z.de", "/:email,:email;:email :email" },
    { "/<anna@x.de>(bob@y.de)", "/<:email>(:email)" },
    { "/to=anna@x.de", "/:email" },
    { "/bounce+anna=example.com@lists.example.org/", "/:email/" },
    { "/anna.b+shop_1@mail.example.co.uk.html", "/:email" },
    { "/o'neil-x@example.com", "/:email" },
    { "/ANNA@EXAMPLE.COM", "/:email" },
    { "/anna@example.com.", "/:email." },
    { "/anna@example.com?x", "/:email?x" },
    { "/anna@example.com:8080/", "/:email:8080/" },
    { "/anna@163.com", "/:email" },
    { "/anna@example.com.2024", "/:email" },
    { "/anna@intranet/", "/:email/" },
    { "/anna@host_1.x/", "/:email/" },
    { "/anna@v2.example.com", "/:email" },
    { "/anna@v/", "/:email/" },
    { "/anna@[192.0.2.1]/x", "/:email/x" },
    { "/anna@[IPv6:2001:db8::1]/x", "/:email/x" },

    /* encoded once more, and more than that */
    { "/u/anna%40example.com/x", "/u/:email/x" },
    { "/u/anna%2540example.com", "/u/:email" },
    { "/u/anna%25252540example.com", "/u/:email" },
    { "/anna%2Bshop%40example%2Ecom%2Fx", "/:email%2Fx" },
    { "/anna%40m%C3%BCller.de/", "/:email/" },
    { "/anna@example%252ecom", "/:email" },

    /* beyond ASCII, UTF-8 or not */
    { "/j\303\266rg@m\303\274ller.de/x", "/:email/x" },
    { "/j\366rg@m\374ller.de/x", "/:email/x" },
    { "/\345\274\240@\344\276\213.\344\270\255\345\233\275", "/:email" },
    { "/anna@xn--mller-kva.de", "/:email" },
    { "/anna\357\274\240example.com", "/:email" },
    { "/anna\357\271\253example.com/", "/:email/" },

    /* quoted */
    { "/\"anna b\"@example.com/", "/:email/" },
    { "/x\"anna <b>\"@example.com/", "/x:email/" },
    { "/\"\"@x.de", "/:email" },
    { "/\"123456789 b\"@example.com/", "/\":n:email/" },

    /* one behind another */
    { "/a@b@c/", "/:email/" },
    { "/anna@x.de@proxy.example/", "/:email/" },
    { "/a@1@b.de", "/a@:email" },
    { "/@anna@social.example", "/@:email" },

    /* over the other rules */
    { "/anna" X9 "@example.com", "/:email" },
    { "/abcdefghij0123456789x@example.com", "/:email" },
    { "/" UUID "@example.com", "/:email" },
    { "/anna@abcdefghij0123456789x.com/", "/:email/" },

    /* taken for one */
    { "/react@latest", "/:email" },
    { "/logo@2x.png", "/:email" },

    /* none */
    { "/@", NULL },
    { "/@handle", NULL },
    { "/@handle/posts@", NULL },
    { "/folder/@@view", NULL },
    { "/%40handle", NULL },
    { "/maps/@52.5170365,13.3888599,15z", NULL },
    { "/lodash@4.17.21/lodash.js", NULL },
    { "/text@v0.3.1", NULL },
    { "/text@V0.3.1", NULL },
    { "/a@.de", NULL },
    { "/a@/b", NULL },
    { "/a @b", NULL },
    { "/a/@b", NULL },
    { "/a@[x", NULL },
    { "/a@[]", NULL },
    { "/a@[b/c]", NULL },
    { "/a%", NULL },
    { "/a%4", NULL },
    { "/a%25", NULL },
    { "/a%2525b%zz", NULL },
    { "/100%/a%41b", NULL },
    { "/\"a/b\"@", NULL },
    { "/\"@x.de", NULL },
    { "/a\357\274b", NULL },
    { "/a\357\274\241b.de", NULL },
    { NULL, NULL }
};


static const mask_case_t  numbers[] = {
    { "/order/" X9, "/order/:n" },
    { "/order/" X9 "0123456789012345", "/order/:n" },
    { "/IMG_20240101123456.jpg", "/IMG_:n.jpg" },
    { "/+491701234567", "/+:n" },
    { "/tel:0170123456789/x", "/tel::n/x" },
    { X9, ":n" },
    { "/" X9 "/" X9 "-" X9, "/:n/:n-:n" },
    { "/a" X9 "b", "/a:nb" },
    { "/" X9 "b" X9, "/:nb:n" },
    { "/\303\274" X9 "\303\274", "/\303\274:n\303\274" },
    { "/%20" X9, "/%:n" },
    { "/%4012345678", "/%:n" },
    { "/a%4012345678/", "/a%:n/" },
    { "/%4012345678%40x.de/", "/%40:email/" },
    { "/lodash@" X9 ".1.1", "/lodash@:n.1.1" },

    { "/order/12345678", NULL },
    { "/2024/05/06/12345678/87654321", NULL },
    { "/+49-170-1234567", NULL },
    { "/0170 1234 5678", NULL },
    { "/0170.1234.5678", NULL },
    { "/1234567a8901234", NULL },
    { "/2024-01-01-12-34-56", NULL },
    { NULL, NULL }
};


static const mask_case_t  tokens[] = {
    { "/u/" UUID "/x", "/u/:token/x" },
    { UUID, ":token" },
    { "/550E8400-E29B-41D4-A716-446655440000", "/:token" },
    { "/{" UUID "}", "/{:token}" },
    { "/urn:uuid:" UUID, "/urn:uuid::token" },
    { "/" UUID "-" UUID, "/:token-:token" },
    { "/" UUID ".html", "/:token.html" },
    { "/order" UUID "x/", "/:token/" },
    { "/deadbeef-dead-beef-dead-beefdeadbeef/", "/:token/" },
    { "/x-12345678-1234-1234-1234-123456789012", "/x-:token" },
    { "/12345678-1234-1234-1234-12345678901", "/12345678-1234-1234-1234-:n" },
    { "/550e8400-e29b-41d4-a716_446655440000", "/550e8400-e29b-41d4-a716_:n" },
    { "/550e8400e29b41d4a716446655440000", "/:token" },

    { "/t/abcdefghijklmnopqrs1", "/t/:token" },
    { "/t/1abcdefghijklmnopqrs", "/t/:token" },
    { "/t/1234567890123456789a", "/t/:token" },
    { "/t/ABCDEFGHIJKLMNOPQRS1.pdf", "/t/:token.pdf" },
    { "/DE89370400440532013000", "/:token" },
    { "/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x-_",
      "/:token.:token.x-_" },
    { "/\303\274abcdefghijklmnopqrs1\303\274", "/\303\274:token\303\274" },
    { "/abcdefghij0123456789;" X9, "/:token;:n" },

    { "/t/abcdefghijklmnopqrstuvwxyz", NULL },
    { "/t/abcdefghijklmnopqr1", NULL },
    { "/t/abcdefghij-0123-klmnopqrst-45678", NULL },
    { "/V1StGXR8_Z5jdHi6B-myT", NULL },
    { "/550e8400-e29b-41d4-a716-44665g440000", NULL },
    { "/g50e8400-e29b-41d4-a716-44665a440000", NULL },
    { "/------------------------------------", NULL },
    { "/deadbeef-dead-beef-dead-beefdeadbee", NULL },
    { "/deadbeeg-dead-beef-dead-beefdeadbeef", NULL },
    { "/Donaudampfschifffahrtsgesellschaft", NULL },
    { NULL, NULL }
};


static const mask_case_t  plain[] = {
    { "", NULL },
    { "/", NULL },
    { "/a", NULL },
    { "/products/", NULL },
    { "/products/shoes/runner-42/x/", NULL },
    { "/2024/05/article-of-the-day-17.html", NULL },
    { "/\344\274\232\347\244\276\346\241\210\345\206\205/", NULL },
    { "/\357\274\241\357\274\242", NULL },
    { "\377\376\375", NULL },
    { "/c1d2e3f4g5h6i7j8k9/l1m2n3o4p5q6r7s8t9", NULL },
    { NULL, NULL }
};


/* A copy that ends where its block ends, so that a byte read beyond is seen by
 * a sanitizer. */

static u_char *
exact(const void *data, size_t len)
{
    u_char  *p;

    p = malloc(len == 0 ? 1 : len);
    if (p == NULL) {
        abort();
    }

    memcpy(p, data, len);

    return p;
}


static void
run(const mask_case_t *c)
{
    u_char         buf[JOURNEY_PATH_MAX];
    journey_str_t  path, got;

    for ( /* void */ ; c->path != NULL; c++) {
        path.len = strlen(c->path);
        path.data = exact(c->path, path.len);

        got = journey_mask(&path, buf);

        if (c->want == NULL) {
            ok(got.data == path.data && got.len == path.len,
               "\"%s\" stays (\"%.*s\")", c->path, (int) got.len, got.data);

        } else {
            is_str(got, c->want, c->path);
            ok(got.data == buf, "in the buffer");
        }

        free(path.data);
    }
}


/* Each mask at each place, so that no block of 16 bytes and no step of a
 * search passes it by. */

static void
test_places(void)
{
    u_char         buf[JOURNEY_PATH_MAX], text[256], want[256];
    size_t         n, after, len, wlen;
    unsigned       i, bad;
    journey_str_t  path, got;

    static const char  *const what[][2] = {
        { "a@b.c", ":email" }, { "a%40b.c", ":email" },
        { "a\357\274\240b.c", ":email" }, { X9, ":n" },
        { UUID, ":token" }, { "abcdefghijklmnopqrs1", ":token" },
        { "1abcdefghijklmnopqrs", ":token" },
        { "deadbeef-dead-beef-dead-beefdeadbeef", ":token" }
    };

    for (i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
        bad = 0;

        for (n = 0; n < 70; n++) {
            for (after = 0; after < 40; after++) {
                memset(text, '/', sizeof(text));
                memset(want, '/', sizeof(want));

                len = strlen(what[i][0]);
                wlen = strlen(what[i][1]);

                memcpy(text + n, what[i][0], len);
                memcpy(want + n, what[i][1], wlen);

                path.len = n + len + after;
                path.data = exact(text, path.len);

                got = journey_mask(&path, buf);

                bad += (got.len != n + wlen + after
                        || memcmp(got.data, want, got.len) != 0);

                free(path.data);
            }
        }

        is_int(bad, 0, what[i][0]);
    }
}


static void
test_cut(void)
{
    char           text[2000];
    u_char         buf[JOURNEY_PATH_MAX + 1];
    size_t         n;
    unsigned       bad;
    journey_str_t  path, got;

    memset(text, 'x', sizeof(text));
    path.data = (u_char *) text;
    path.len = 600;

    got = journey_mask(&path, buf);
    ok(got.data == path.data && got.len == JOURNEY_PATH_MAX,
       "a long path is cut, not copied");

    memcpy(text + 511, "\303\274", 2);
    got = journey_mask(&path, buf);
    is_int(got.len, 511, "at a character's boundary");

    memset(text, '.', sizeof(text));
    memcpy(text, "/" X9, 10);
    memcpy(text + 517, "\303\274", 2);
    buf[JOURNEY_PATH_MAX] = '#';

    /* ":n" for nine: the character has 510 and 511 */
    got = journey_mask(&path, buf);
    ok(got.data == buf && got.len == JOURNEY_PATH_MAX
       && memcmp(buf + 510, "\303\274", 2) == 0,
       "a masked path takes all of the buffer");
    is_int(buf[JOURNEY_PATH_MAX], '#', "and nothing beyond");

    memcpy(text + 517, ".\303\274", 3);
    got = journey_mask(&path, buf);
    is_int(got.len, 511, "a masked path is cut at a boundary, too");

    /* an address over the end, wherever it begins */

    bad = 0;

    for (n = 480; n < 530; n++) {
        memset(text, '/', sizeof(text));
        memcpy(text + n, "anna.maria@example.com", 22);
        path.len = 700;

        got = journey_mask(&path, buf);

        bad += (memmem(got.data, got.len, "ann", 3) != NULL
                || got.len > JOURNEY_PATH_MAX
                || (n <= 506) != (memmem(got.data, got.len, ":email", 6)
                                  != NULL)
                || memchr(got.data, ':', got.len)
                   != memmem(got.data, got.len, ":email", 6));
    }

    is_int(bad, 0, "an address across the end leaves no part");

    memset(text, 'x', sizeof(text));
    text[500] = '/';
    memcpy(text + 1900, "@x.de", 5);
    path.len = 1905;
    got = journey_mask(&path, buf);
    is_int(got.len, 507, "its sign far behind the end");
    ok(memcmp(got.data + 500, "/:email", 7) == 0, "an address all the same");

    memset(text, 'x', sizeof(text));
    memcpy(text + 400, "/\"anna", 6);
    memset(text + 406, ' ', 1494);
    memcpy(text + 1900, "\"@x.de", 6);
    path.len = 1906;
    got = journey_mask(&path, buf);
    is_int(got.len, 407, "a quoted one, too");

    /* what is masked makes room for what follows */

    memset(text, '.', sizeof(text));
    memset(text + 1, '7', 1000);
    memcpy(text + 1001, "/tail", 5);
    path.len = 1006;
    got = journey_mask(&path, buf);
    is_str(got, ".:n/tail", "the rest of a long path");
}


/* 64 kB of what may be read again and again, if not taken care of. */

static void
test_time(void)
{
    double           seconds;
    u_char           buf[JOURNEY_PATH_MAX], *text;
    size_t           i, n, size;
    unsigned         k;
    journey_str_t    path, got;
    struct timespec  begin, end;

    static const char *const  bits[] = {
        "%25", "25", "@1", "a@1.", "a@[1", "\"", "\"@", "a\"@1", "%", "%4",
        "\357\274", "12345678-", "12345678a-1234-", "a@", "%2525252525",
        "1a", "12345678/", "abcdefghijklmnopqrst-", "\"a@1/", "a%401%40"
    };

    size = 65536;
    text = malloc(size);
    if (text == NULL) {
        abort();
    }

    for (k = 0; k < sizeof(bits) / sizeof(bits[0]); k++) {
        n = strlen(bits[k]);

        for (i = 0; i < size; i++) {
            text[i] = bits[k][i % n];
        }

        text[0] = '%';

        path.data = text;
        path.len = size;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);

        for (i = 0; i < 10; i++) {
            got = journey_mask(&path, buf);
        }

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);

        seconds = (end.tv_sec - begin.tv_sec)
                  + (end.tv_nsec - begin.tv_nsec) / 1e9;

        /* ten times 64 kB: some ms; were it quadratic, minutes */
        ok(seconds < 2 && got.len <= JOURNEY_PATH_MAX,
           "64 kB of \"%s\" in linear time", bits[k]);
    }

    free(text);
}


int
main(void)
{
    run(plain);
    run(emails);
    run(numbers);
    run(tokens);

    test_places();
    test_cut();
    test_time();

    return done();
}
