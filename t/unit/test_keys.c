
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Key files: what is read, what is refused, and that no text of an error
 * tells a key.
 */


#define _GNU_SOURCE

#include "keys.h"
#include "tap.h"


static journey_pool_t  *pool;


static journey_keys_t *
load(const char *text, size_t len)
{
    return load_keys(pool, text, len);
}


static void
test_file(void)
{
    int          i;
    char         text[8192], *p;
    const char  *bad;

    ok(load(KEY1, 32) != NULL, "a key without a newline");
    ok(load("# 2026\r\n\r\n  " KEY1 "  \r\n", 48) != NULL,
       "comment, empty line, blanks, CRLF");
    ok(load(KEY1 " # since March\n" KEY2 "\t#", 32 + 15 + 34) != NULL,
       "a comment behind a key");

    p = text;
    p += sprintf(p, "# ");

    for (i = 0; i < 1000; i++) {
        p += sprintf(p, "%x ", i);
    }

    p += sprintf(p, "\n" KEY1 "\n");

    ok(load(text, p - text) != NULL, "a long comment is a comment: %s",
       error.text);

    ok(load("", 0) == NULL && strstr(error.text, "no key in") != NULL
       && strstr(error.text, file) != NULL, "an empty file: %s", error.text);
    ok(load("# nothing\n", 10) == NULL
       && strstr(error.text, "no key in") != NULL, "comments alone");

    static const struct {
        const char  *text;
        size_t       len;
        unsigned     line;
        const char  *what;
    } wrong[] = {
#define WRONG(t, line, what)  { t, sizeof(t) - 1, line, what }
        WRONG("#\n" KEY1 "0\n", 2, "33 digits"),
        WRONG(KEY1 "\n\nf0e1d2c3b4a5968778695a4b3c2d1e0\n", 3, "31 digits"),
        WRONG("x" KEY2 "\n", 1, "a letter in front"),
        WRONG("f0e1d2c3b4a5968g78695a4b3c2d1e0f\n", 1, "a letter inside"),
        WRONG("f0e1d2c3 b4a59687 78695a4b 3c2d1e0f\n", 1, "blanks inside"),
        WRONG("0x" KEY2 "\n", 1, "0x in front"),
        WRONG(KEY1 "\n" KEY2 " " KEY2 "\n", 2, "two keys in a line"),
        WRONG(KEY1 "\0" "garbage\n", 1, "a NUL behind the key"),
        WRONG(KEY1 "\n\0\n", 2, "a NUL alone"),
        WRONG("\xef\xbb\xbf" KEY2 "\n", 1, "a byte order mark"),
        WRONG("f0\n", 1, "two digits")
    };

    for (i = 0; i < (int) (sizeof(wrong) / sizeof(wrong[0])); i++) {
        char  place[80];

        ok(load(wrong[i].text, wrong[i].len) == NULL, "refused: %s",
           wrong[i].what);

        (void) snprintf(place, sizeof(place), " in %s:%u", file,
                        wrong[i].line);

        bad = strstr(error.text, place);
        ok(bad != NULL && bad[strlen(place)] == '\0',
           "the text ends in file and line: %s", error.text);
        ok(strstr(error.text, "0102") == NULL
           && strcasestr(error.text, "e1d2") == NULL
           && strcasestr(error.text, "3c2d") == NULL
           && strstr(error.text, "garbage") == NULL,
           "and quotes nothing of the key");
    }

    /* a key, blanks beyond any line's length, another key */

    p = text;
    p += sprintf(p, "%s%300s%s\n", KEY1, "", KEY2);
    ok(load(text, p - text) == NULL && strstr(error.text, ":1") != NULL,
       "a second key far behind in the line is refused: %s", error.text);

    for (p = text, i = 0; i < JOURNEY_KEYS_MAX; i++) {
        p += sprintf(p, "%032x\n", i);
    }

    ok(load(text, p - text) != NULL, "16 keys");
    p += sprintf(p, "%032x\n", i);
    ok(load(text, p - text) == NULL && strstr(error.text, ":17") != NULL,
       "17 are too many: %s", error.text);

    ok(journey_keys_load(pool, "/nonexistent/secret", &error) == NULL
       && strstr(error.text, "\"/nonexistent/secret\"") != NULL
       && strstr(error.text, "No such file") != NULL,
       "no file: %s", error.text);
    ok(journey_keys_load(pool, "/tmp", &error) == NULL
       && strstr(error.text, "\"/tmp\"") != NULL, "a folder: %s", error.text);
    ok(journey_keys_load(pool, "/nonexistent/secret", NULL) == NULL,
       "an error nobody asks for");
}


int
main(void)
{
    pool = journey_pool_create();

    test_file();

    journey_pool_destroy(pool);

    return done();
}
