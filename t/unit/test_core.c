
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The ground of core/: pool, strings, UTF-8, base64url, hash, numbers.
 */


#include "journey_core.h"

#include "tap.h"


static uint64_t  seed = 42;


static uint32_t
rnd(void)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;

    return (uint32_t) (seed >> 33);
}


static journey_str_t
bytes(const char *data, size_t len)
{
    journey_str_t  s;

    s.len = len;
    s.data = (u_char *) data;

    return s;
}


static unsigned  order[8];
static unsigned  norder;


static void
cleanup(void *data)
{
    order[norder++] = *(unsigned *) data;
}


static void
test_pool(void)
{
    u_char          *p, **pieces;
    size_t           size, j, *sizes;
    unsigned         i, aligned, whole, numbers[3] = { 1, 2, 3 };
    journey_str_t    s;
    journey_pool_t  *pool;

    static const size_t  edges[] = {
        0, 1, 15, 16, 17, 65535, 65536, 65537, 65536 - 16, 1000000
    };

    pool = journey_pool_create();
    pieces = calloc(5000, sizeof(u_char *));
    sizes = calloc(5000, sizeof(size_t));
    aligned = 0;

    for (i = 0; i < 5000; i++) {
        size = (i % 50 == 0) ? edges[i / 50 % 10] : rnd() % 700;
        p = journey_palloc(pool, size);

        aligned += (p != NULL && (uintptr_t) p % 16 == 0);
        memset(p, (u_char) i, size);

        pieces[i] = p;
        sizes[i] = size;
    }

    is_int(aligned, i, "5,000 pieces of 0 to 1,000,000 bytes, aligned to 16");

    whole = 0;

    for (i = 0; i < 5000; i++) {
        for (j = 0; j < sizes[i] && pieces[i][j] == (u_char) i; j++) {
            /* void */
        }

        whole += (j == sizes[i]);
    }

    is_int(whole, i, "no piece lies in another");

    for (i = 0; i < 200; i++) {
        p = journey_pcalloc(pool, 1000);

        for (j = 0; j < 1000 && p[j] == 0; j++) {
            /* void */
        }

        if (j < 1000) {
            break;
        }
    }

    is_int(i, 200, "pcalloc zeroes");

    ok(journey_palloc(pool, SIZE_MAX) == NULL
       && journey_palloc(pool, SIZE_MAX - 7) == NULL
       && journey_pcalloc(pool, SIZE_MAX / 2 + 1) == NULL,
       "sizes that would wrap give NULL");

    s = journey_pstrdup(pool, (u_char *) "abc\0def", 7);
    ok(s.len == 7 && memcmp(s.data, "abc\0def", 8) == 0,
       "a copy, with a NUL behind it");

    s = journey_pstrdup(pool, NULL, 0);
    ok(s.data != NULL && s.len == 0 && s.data[0] == '\0',
       "a copy of nothing is no failure");

    for (i = 0; i < 3; i++) {
        (void) journey_pool_cleanup(pool, cleanup, &numbers[i]);
    }

    is_int(norder, 0, "cleanups wait");
    journey_pool_destroy(pool);
    ok(norder == 3 && order[0] == 3 && order[1] == 2 && order[2] == 1,
       "they run at the end, the latest first");

    journey_pool_destroy(NULL);
    free(pieces);
    free(sizes);
}


static void
test_error(void)
{
    char             text[2000];
    journey_error_t  err;

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';

    is_int(journey_error(NULL, "%s", text), JOURNEY_ERROR,
           "an error nobody asks for");
    is_int(journey_error(&err, "%s", text), JOURNEY_ERROR, "a long one");
    is_int(strlen(err.text), sizeof(err.text) - 1, "is cut");
    (void) journey_error(&err, "no \"%s\" in %u", "b", 7);
    is_str(bytes(err.text, strlen(err.text)), "no \"b\" in 7", "its text");
}


static void
test_strings(void)
{
    u_char         num[24];
    journey_str_t  a = journey_string("abc"), b = journey_string("abd");
    journey_str_t  c = journey_string("ab"), d = journey_string("\xe0");
    journey_str_t  none = journey_null_string;
    journey_str_t  upper = journey_string("AbC[@`{");
    journey_str_t  lower = journey_string("aBc[@`{");
    journey_str_t  near1 = journey_string("aBc{@`{");

    ok(journey_strcmp(&a, &a) == 0 && journey_strcmp(&none, &none) == 0,
       "equal");
    ok(journey_strcmp(&a, &b) < 0 && journey_strcmp(&b, &a) > 0, "by bytes");
    ok(journey_strcmp(&c, &a) < 0 && journey_strcmp(&a, &c) > 0,
       "then by length");
    ok(journey_strcmp(&none, &c) < 0 && journey_strcmp(&c, &none) > 0,
       "nothing comes first");
    ok(journey_strcmp(&a, &d) < 0, "bytes have no sign");

    ok(journey_str_equal_ci(&upper, &lower), "equal but for case");
    ok(!journey_str_equal_ci(&upper, &near1), "[ is no { in upper case");
    ok(!journey_str_equal_ci(&a, &c) && journey_str_equal_ci(&none, &none),
       "length counts");

    is_int(journey_hash((u_char *) "", 0), 0x811c9dc5, "FNV-1a of nothing");
    is_int(journey_hash((u_char *) "a", 1), 0xe40c292c, "FNV-1a of a");
    is_int(journey_hash((u_char *) "foobar", 6), 0xbf9cf968,
           "FNV-1a of foobar");
    is_int(journey_hash_more(journey_hash((u_char *) "foo", 3),
                             (u_char *) "bar", 3),
           0xbf9cf968, "in two parts");

    is_str(bytes((char *) num, journey_write_uint(num, 0) - num), "0", "0");
    is_str(bytes((char *) num, journey_write_uint(num, 1090) - num), "1090",
           "1090");
    is_str(bytes((char *) num,
                 journey_write_uint(num, 18446744073709551615ull) - num),
           "18446744073709551615", "the largest");
}


/* UTF-8 by decoding it, another way than the one that is tested. */

static size_t
character(const u_char *p, size_t len)
{
    size_t         n, i;
    uint32_t       cp;
    const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    if (p[0] < 0x80) {
        return 1;
    }

    n = (p[0] >> 5 == 6) ? 2 : (p[0] >> 4 == 14) ? 3
        : (p[0] >> 3 == 30) ? 4 : 0;

    if (n == 0 || n > len) {
        return 0;
    }

    cp = p[0] & (0xff >> (n + 1));

    for (i = 1; i < n; i++) {
        if (p[i] >> 6 != 2) {
            return 0;
        }

        cp = cp << 6 | (p[i] & 63);
    }

    return (cp < least[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
           ? 0 : n;
}


static int
mends(const char *in, size_t len, const char *out, size_t mended)
{
    int      good;
    u_char  *p;

    p = malloc(len + 1);
    memcpy(p, in, len);

    good = (journey_utf8_mend(p, len) == mended && memcmp(p, out, len) == 0);
    free(p);

    return good;
}


#define MEND(in, out, mended)  mends(in, sizeof(in) - 1, out, mended)


static void
test_utf8(void)
{
    u_char    buf[16], copy[16];
    size_t    len, i, n, max, want, bad;
    unsigned  round, cut, mended;

    static const u_char  some[] = {
        'a', 'z', 0x80, 0xbf, 0xc0, 0xc2, 0xc3, 0xdf, 0xe0, 0xa0, 0x9f, 0xe2,
        0x82, 0xac, 0xed, 0xef, 0xf0, 0x90, 0x8f, 0xf4, 0xf5, 0xff, 0x00, 0xc1
    };

    ok(MEND("", "", 0), "nothing");
    ok(MEND("abc\x7f", "abc\x7f", 0), "ASCII");
    ok(MEND("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
            "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 0), "2, 3 and 4 bytes");
    ok(MEND("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80"
            "\xf4\x8f\xbf\xbf",
            "\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80"
            "\xf4\x8f\xbf\xbf", 0), "the first and last of each length");
    ok(MEND("\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80", 0),
       "on both sides of the surrogates");
    ok(MEND("\xc0\xaf", "??", 2), "overlong in 2 bytes");
    ok(MEND("\xc1\xbf", "??", 2), "overlong in 2 bytes, the last");
    ok(MEND("\xe0\x9f\xbf", "???", 3), "overlong in 3 bytes");
    ok(MEND("\xf0\x8f\xbf\xbf", "????", 4), "overlong in 4 bytes");
    ok(MEND("\xed\xa0\x80", "???", 3), "the first surrogate");
    ok(MEND("\xed\xbf\xbf", "???", 3), "the last surrogate");
    ok(MEND("\xf4\x90\x80\x80", "????", 4), "U+110000");
    ok(MEND("\xf5\x80\x80\x80", "????", 4), "beyond it");
    ok(MEND("\xf8\x88\x80\x80\x80", "?????", 5), "5 bytes");
    ok(MEND("\xfe\xff", "??", 2), "FE FF");
    ok(MEND("\x80\xbf", "??", 2), "continuations alone");
    ok(MEND("\xe2\x82", "??", 2), "cut at the end");
    ok(MEND("\xe2\x82x", "??x", 2), "cut inside");
    ok(MEND("\xc3\xc3\xa9", "?\xc3\xa9", 1), "a lead before a character");
    ok(MEND("a\xf0\x9f\x98", "a???", 3), "three of four bytes");
    ok(MEND("\xc3\xa9\0\xff", "\xc3\xa9\0?", 1), "a NUL is a character");

    is_int(journey_utf8_cut((u_char *) "a\xe2\x82\xac", 4, 4), 4,
           "cut: it fits");
    is_int(journey_utf8_cut((u_char *) "a\xe2\x82\xac", 4, 3), 1,
           "not before its last byte");
    is_int(journey_utf8_cut((u_char *) "a\xe2\x82\xac", 4, 2), 1,
           "not before its second");
    is_int(journey_utf8_cut((u_char *) "a\xe2\x82\xac", 4, 1), 1,
           "before its first");
    is_int(journey_utf8_cut((u_char *) "\xe2\x82\xac", 3, 2), 0,
           "a character that is longer than the room");
    is_int(journey_utf8_cut((u_char *) "abc", 3, 0), 0, "to nothing");
    is_int(journey_utf8_cut((u_char *) "\x80\x80\x80\x80", 4, 2), 2,
           "what is no character is cut anywhere");
    is_int(journey_utf8_cut((u_char *) "\xf0\x9f\x98\x80z", 5, 3), 0,
           "4 bytes, 3 of them before the cut");

    cut = 0;
    mended = 0;
    memset(buf, 0, sizeof(buf));

    for (round = 0; round < 200000; round++) {
        len = rnd() % (sizeof(buf) + 1);

        for (i = 0; i < len; i++) {
            buf[i] = some[rnd() % sizeof(some)];
        }

        max = rnd() % 18;

        /* the cut, by walking from the start */

        want = 0;
        bad = 0;
        memcpy(copy, buf, len);

        for (i = 0; i < len; i += n) {
            n = character(buf + i, len - i);

            if (n == 0) {
                copy[i] = '?';
                bad++;
                n = 1;
            }

            if (i + n <= max) {
                want = i + n;
            }
        }

        cut += (journey_utf8_cut(buf, len, max) == want);

        mended += (journey_utf8_mend(buf, len) == bad
                   && memcmp(buf, copy, len) == 0);
    }

    is_int(cut, round, "200,000 random strings are cut as by decoding them");
    is_int(mended, round, "and mended so");
}


static ssize_t
decode(const char *text, u_char *dst)
{
    return journey_base64url_decode(dst, (u_char *) text, strlen(text));
}


static void
test_base64url(void)
{
    u_char    in[64], text[96], out[64];
    size_t    len, n;
    unsigned  round, good, c, refused;

    is_int(decode("", out), 0, "nothing");
    ok(decode("Zg", out) == 1 && out[0] == 'f', "f");
    ok(decode("Zm8", out) == 2 && memcmp(out, "fo", 2) == 0, "fo");
    ok(decode("Zm9v", out) == 3 && memcmp(out, "foo", 3) == 0, "foo");
    ok(decode("Zm9vYmFy", out) == 6 && memcmp(out, "foobar", 6) == 0,
       "foobar");
    ok(decode("-_-_", out) == 3 && memcmp(out, "\xfb\xff\xbf", 3) == 0,
       "- and _");

    is_int(decode("Z", out), -1, "one character is no length");
    is_int(decode("Zm9vY", out), -1, "nor are five");
    is_int(decode("Zh", out), -1, "a bit too many in two");
    is_int(decode("Zv", out), -1, "four bits too many in two");
    is_int(decode("Zm9", out), -1, "a bit too many in three");
    is_int(decode("Zm9vZm-", out), -1, "and behind whole groups");
    is_int(decode("Zg==", out), -1, "padding is foreign");
    is_int(decode("+/+/", out), -1, "+ and / are foreign");
    is_int(decode("Zm9v\n", out), -1, "so is a newline");

    refused = 0;

    for (c = 0; c < 256; c++) {
        for (n = 0; n < 4; n++) {
            memcpy(text, "AAAA", 4);
            text[n] = (u_char) c;
            refused += (journey_base64url_decode(out, text, 4) == -1);
        }
    }

    is_int(refused, 4 * (256 - 64), "192 of 256 bytes are foreign");

    good = 0;

    for (round = 0; round < 50000; round++) {
        len = rnd() % sizeof(in);

        for (n = 0; n < len; n++) {
            in[n] = (u_char) rnd();
        }

        memset(text, '!', sizeof(text));
        n = journey_base64url_encode(text, in, len) - text;

        good += (n == (len * 4 + 2) / 3 && text[n] == '!'
                 && journey_base64url_decode(out, text, n) == (ssize_t) len
                 && memcmp(in, out, len) == 0);
    }

    is_int(good, round, "50,000 random strings come back");

    /* each value has one form: what decodes encodes to itself */

    good = 0;

    for (round = 0; round < 50000; round++) {
        len = rnd() % 12;

        for (n = 0; n < len; n++) {
            text[n] = "ABQgw-_9z"[rnd() % 9];
        }

        n = len * 3 / 4;

        if (journey_base64url_decode(out, text, len) < 0) {
            good++;
            continue;
        }

        good += ((size_t) (journey_base64url_encode(in, out, n) - in) == len
                 && memcmp(in, text, len) == 0);
    }

    is_int(good, round, "what decodes is the one form of its value");
}


int
main(void)
{
    test_pool();
    test_error();
    test_strings();
    test_utf8();
    test_base64url();

    return done();
}
