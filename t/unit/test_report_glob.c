
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Patterns of paths on the command line.
 */


#include "journey_glob.h"

#include "tap.h"


static unsigned
match(const char *pattern, const char *path)
{
    journey_str_t  str;

    str.data = (u_char *) pattern;
    str.len = strlen(pattern);

    return journey_glob(&str, (const u_char *) path, strlen(path));
}


/* Each way of giving bytes to the stars is tried. */

static unsigned
plain(const char *pattern, const char *path)
{
    if (*pattern == '\0') {
        return *path == '\0';
    }

    if (*pattern == '*') {
        return plain(pattern + 1, path)
               || (*path != '\0' && plain(pattern, path + 1));
    }

    return *pattern == *path && plain(pattern + 1, path + 1);
}


static void
words(unsigned n, unsigned long number, const char *letters, char *dst)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        dst[i] = letters[number % strlen(letters)];
        number /= strlen(letters);
    }

    dst[n] = '\0';
}


int
main(void)
{
    char           pattern[8], path[8], longer[4096];
    unsigned       n, m, same;
    unsigned long  i, k, patterns, paths;

    ok(match("/", "/"), "itself");
    ok(!match("/", "/a"), "no prefix");
    ok(!match("/a", "/"), "not longer than the path");
    ok(match("/*", "/"), "a star is nothing");
    ok(match("/*", "/a/b"), "or many parts");
    ok(match("*", ""), "a star alone: nothing, too");
    ok(!match("", "/"), "no pattern: no path");
    ok(match("/p/*/x", "/p/1/x/2/x"), "the last one counts");
    ok(!match("/p/*/x", "/p/1/x/2"), "to the end");
    ok(!match("/a.b", "/axb"), "a dot is a dot");
    ok(!match("/?", "/a"), "a question mark, too");
    ok(match("**/**", "/"), "two stars are one");

    same = 1;

    for (n = 0; n <= 5; n++) {
        for (m = 0; m <= 5; m++) {
            for (patterns = 1, i = 0; i < n; i++) {
                patterns *= 3;
            }

            for (i = 0; i < patterns; i++) {
                words(n, i, "a*b", pattern);
                paths = 1UL << m;

                for (k = 0; k < paths; k++) {
                    words(m, k, "ab", path);
                    same &= (match(pattern, path) == plain(pattern, path));
                }
            }
        }
    }

    ok(same, "all patterns of 5 bytes on all paths of 5");

    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    ok(!match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", longer),
       "many stars do not take for ever");

    return done();
}
