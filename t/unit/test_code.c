
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Names that are one byte in a token.
 */


#include "journey_channel.h"

#include "tap.h"


static journey_pool_t   *pool;
static journey_error_t   error;


static journey_str_t
str(const char *text)
{
    journey_str_t  s;

    s.len = strlen(text);
    s.data = (u_char *) text;

    return s;
}


static journey_name_t *
add(journey_codes_t *codes, const char *text)
{
    journey_str_t  s = str(text);

    error.text[0] = '\0';

    return journey_codes_add(codes, &s, &error);
}


static unsigned
place(const char *text, unsigned first)
{
    return first + journey_hash((u_char *) text, strlen(text))
                   % (256 - first);
}


/* Three names that want the same code, and one that wants the next. */

static void
clashing(char names[4][16], unsigned first)
{
    unsigned  n, found, want;

    (void) strcpy(names[0], "n0");
    want = place(names[0], first);
    found = 1;

    for (n = 1; found < 3; n++) {
        (void) snprintf(names[found], 16, "n%u", n);
        found += (place(names[found], first) == want);
    }

    want = (want == 255) ? first : want + 1;

    do {
        (void) snprintf(names[3], 16, "z%u", n++);
    } while (place(names[3], first) != want);
}


static int
compare(const void *one, const void *two)
{
    return strcmp(one, two);
}


static void
test_names(void)
{
    unsigned          i;
    journey_str_t     s;
    journey_codes_t  *codes;

    static const char *const  good[] = {
        "a", "z9", "organic_search", "a_", "a__9",
        "abcdefghijklmnopqrstuvwxyz_01234"
    };

    static const char *const  bad[] = {
        "", "9a", "_a", "A", "aB", "a-b", "a b", "a.b", "\xc3\xa4", "a\n",
        "abcdefghijklmnopqrstuvwxyz_012345"
    };

    codes = journey_codes_create(pool, 1);

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ok(add(codes, good[i]) != NULL, "\"%s\" is a name", good[i]);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(add(codes, bad[i]) == NULL && error.text[0] != '\0'
           && strstr(error.text, bad[i]) != NULL,
           "bad name %u is none, and the text quotes it", i);
    }

    s.data = (u_char *) "a\0b";
    s.len = 3;
    ok(journey_codes_add(codes, &s, &error) == NULL, "nor is one with a NUL");

    s.data = NULL;
    s.len = 0;
    ok(journey_codes_add(codes, &s, &error) == NULL, "nor is none at all");
    ok(journey_codes_add(codes, &s, NULL) == NULL, "and nobody has to ask why");

    ok(add(codes, "a") == add(codes, "a"), "one object for each name");

    s = str("a");
    ok(journey_codes_get(codes, &s) == add(codes, "a"), "get finds it");
    s = str("ab");
    ok(journey_codes_get(codes, &s) == NULL, "but not what begins with it");
}


static void
test_fixed(void)
{
    unsigned               i, good;
    journey_str_t          name = str("fixed"), second = str("second");
    journey_name_t        *clash, *own;
    journey_codes_t       *codes;
    const journey_name_t  *found;

    codes = journey_codes_create(pool, JOURNEY_CODE_OWN);

    ok(journey_codes_add_fixed(codes, &name, 5) != NULL, "a fixed code");
    ok(journey_codes_add_fixed(codes, &second, 5) == NULL,
       "no other takes it");
    ok(journey_codes_add_fixed(codes, &second, 0) == NULL, "0 is none");
    ok(journey_codes_add_fixed(codes, &second, 64) == NULL,
       "64 is of the own ones");

    own = add(codes, "partner");
    is_int(own->code, 0, "an own name has none before they are assigned");
    is_int(journey_codes_assign(codes, &clash), 0, "no clash");
    ok(clash == NULL, "so none is named");

    is_int(own->code, place("partner", 64), "64 + hash mod 192");
    ok(journey_codes_find(codes, own->code) == own, "it is found");
    found = journey_codes_find(codes, 5);
    ok(found != NULL && journey_str_is(&found->name, "fixed")
       && found->code == 5, "the fixed one keeps its code");
    ok(journey_codes_find(codes, 0) == NULL
       && journey_codes_find(codes, 6) == NULL, "codes that nobody has");

    codes = journey_channel_codes_create(pool);
    is_int(journey_codes_assign(codes, &clash), 0, "the built-in channels");

    good = 0;

    for (i = 1; i < JOURNEY_CHANNEL_LAST; i++) {
        found = journey_codes_find(codes, (uint8_t) i);
        good += (found != NULL && found->code == i);
    }

    is_int(good, JOURNEY_CHANNEL_LAST - 1, "have their codes");
    found = journey_codes_find(codes, 12);
    is_str(found->name, "organic_search", "12 is organic_search for ever");
    ok(add(codes, "direct")->code == 1, "an own rule may name a built-in one");
}


static void
test_clash(unsigned first)
{
    char              names[4][16], sorted[4][16];
    unsigned          i, n, want, orders, good, codes_of[4];
    journey_name_t   *clash, *name;
    journey_codes_t  *codes;

    clashing(names, first);

    memcpy(sorted, names, sizeof(names));
    qsort(sorted, 4, 16, compare);

    /* the rule, written down: in the order of the alphabet, the next free */

    want = place(sorted[0], first);

    for (i = 0; i < 4; i++) {
        codes_of[i] = (want + i - first) % (256 - first) + first;
    }

    orders = 0;
    good = 0;

    for (n = 0; n < 256; n++) {
        unsigned  at[4] = { n & 3, n >> 2 & 3, n >> 4 & 3, n >> 6 };

        if ((1 << at[0] | 1 << at[1] | 1 << at[2] | 1 << at[3]) != 15) {
            continue;
        }

        orders++;
        codes = journey_codes_create(pool, first);

        for (i = 0; i < 4; i++) {
            (void) add(codes, names[at[i]]);
        }

        if (journey_codes_assign(codes, &clash) != 3 || clash == NULL) {
            continue;
        }

        for (i = 0; i < 4; i++) {
            name = add(codes, sorted[i]);

            if (name->code != codes_of[i]
                || journey_codes_find(codes, name->code) != name)
            {
                break;
            }
        }

        good += (i == 4 && clash != add(codes, sorted[0]));
    }

    is_int(orders, 24, "24 orders of four names that clash");
    is_int(good, 24, "the alphabetically later one goes on, in any order");
}


static void
test_full(unsigned first)
{
    char              text[16];
    unsigned          i, room, n;
    u_char            seen[256];
    journey_name_t   *clash, *names[256], *before[256];
    uint8_t           code[256];
    journey_codes_t  *codes;

    codes = journey_codes_create(pool, first);
    room = 256 - first;

    for (i = 1; i < first; i++) {
        journey_str_t  s;

        (void) snprintf(text, sizeof(text), "built%u", i);
        s = str(text);

        if (journey_codes_add_fixed(codes, &s, (uint8_t) i) == NULL) {
            break;
        }
    }

    is_int(i, first, "every code below the first is fixed");

    for (i = 0; i < room; i++) {
        (void) snprintf(text, sizeof(text), "own%u", i);
        names[i] = add(codes, text);

        if (names[i] == NULL) {
            break;
        }
    }

    is_int(i, room, "there is room for all the others");

    ok(add(codes, "more") == NULL && strstr(error.text, "\"more\"") != NULL,
       "and for no more: %s", error.text);
    ok(add(codes, "own0") == names[0], "one that is there is found still");

    (void) journey_codes_assign(codes, &clash);
    memset(seen, 0, sizeof(seen));
    n = 0;

    for (i = 0; i < room; i++) {
        n += (names[i]->code >= first && !seen[names[i]->code]);
        seen[names[i]->code] = 1;
        code[i] = names[i]->code;
        before[i] = names[i];
    }

    is_int(n, room, "each has a code of its own");

    (void) journey_codes_assign(codes, &clash);
    n = 0;

    for (i = 0; i < room; i++) {
        n += (before[i]->code == code[i]);
    }

    is_int(n, room, "assigned once more, the same ones");
    ok(add(codes, "more") == NULL, "full it stays");
}


int
main(void)
{
    pool = journey_pool_create();

    test_names();
    test_fixed();
    test_clash(1);
    test_clash(JOURNEY_CODE_OWN);
    test_full(1);
    test_full(JOURNEY_CODE_OWN);

    journey_pool_destroy(pool);

    return done();
}
