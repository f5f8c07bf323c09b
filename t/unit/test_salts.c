
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The life of the daily salts.
 */


#include "salts.h"
#include "tap.h"


/* 1 when every byte of what may hold a salt is zero. */

static int
is_blank(const void *data, size_t len)
{
    size_t         i;
    const u_char  *p = data;

    for (i = 0; i < len; i++) {
        if (p[i] != 0) {
            return 0;
        }
    }

    return 1;
}


static int
has_byte(const journey_salts_t *salts, unsigned n)
{
    u_char  key[JOURNEY_SALT_LEN];
    size_t  i;

    memset(key, (int) n, sizeof(key));

    for (i = 0; i + sizeof(key) <= sizeof(journey_salts_t); i++) {
        if (memcmp((const u_char *) salts + i, key, sizeof(key)) == 0) {
            return 1;
        }
    }

    return 0;
}


/* "TODAY PREVIOUS": which salts are there, and that no other is anywhere. */

static void
is_salts(const journey_salts_t *salts, unsigned today, unsigned previous,
    const char *name)
{
    unsigned  n, bad;

    bad = (salts->today.exists ? salts->today.key[0] : 0) != today
          || (salts->previous.exists ? salts->previous.key[0] : 0) != previous;

    for (n = 1; n <= drawn; n++) {
        bad += has_byte(salts, n) != (n == today || n == previous);
    }

    bad += (!salts->today.exists
            && !is_blank(&salts->today, sizeof(journey_salt_t)));
    bad += (!salts->previous.exists
            && !is_blank(&salts->previous, sizeof(journey_salt_t)));

    bad += (salts->created - salts->destroyed
            != (uint64_t) (today != 0) + (previous != 0));

    ok(bad == 0, "%s (%d %d)", name,
       salts->today.exists ? salts->today.key[0] : 0,
       salts->previous.exists ? salts->previous.key[0] : 0);
}


static void
test_days(void)
{
    uint32_t         generation;
    journey_salts_t  s;

    fresh(&s);

    is_int(at(&s, AT(DAY, 13, 0, 0)), JOURNEY_OK, "first use");
    is_salts(&s, 1, 0, "a salt of today, none of yesterday");
    is_int(s.today.day, DAY, "of the day");
    is_int(s.today.created, AT(DAY, 13, 0, 0), "made then");
    ok(s.generation != 0, "a generation");

    generation = s.generation;
    at(&s, AT(DAY, 23, 59, 59));
    is_salts(&s, 1, 0, "until midnight");
    is_int(s.generation, generation, "nothing has changed");

    at(&s, AT(DAY + 1, 0, 0, 0));
    is_salts(&s, 2, 1, "midnight");
    ok(s.generation != generation, "another generation");
    is_int(s.previous.created, AT(DAY, 13, 0, 0), "its time goes with it");

    generation = s.generation;
    at(&s, AT(DAY + 1, 3, 59, 59));
    is_salts(&s, 2, 1, "until 04:00");
    is_int(s.generation, generation, "nothing has changed");
    is_int(s.destroyed, 0, "none destroyed yet");

    at(&s, AT(DAY + 1, 4, 0, 0));
    is_salts(&s, 2, 0, "04:00: yesterday's is gone");
    ok(s.generation != generation, "another generation");
    is_int(s.destroyed, 1, "counted");
    is_int(s.ngone, 1, "remembered");
    is_int(s.gone[0].day, DAY, "its day");
    is_int(s.gone[0].created, AT(DAY, 13, 0, 0), "when it was made");
    is_int(s.gone[0].destroyed, AT(DAY + 1, 4, 0, 0), "and destroyed");

    at(&s, AT(DAY + 2, 0, 0, 1));
    is_salts(&s, 3, 2, "the next midnight");

    at(&s, AT(DAY + 3, 0, 0, 1));
    is_salts(&s, 4, 3, "a day without any call");

    at(&s, AT(DAY + 4, 4, 0, 0));
    is_salts(&s, 5, 0, "none from before midnight till 04:00");
    is_int(s.gone[0].day, DAY + 3, "the latest first");
    is_int(s.gone[1].day, DAY + 2, "then the one before");

    at(&s, AT(DAY + 9, 1, 0, 0));
    is_salts(&s, 6, 0, "asleep for days");

    at(&s, AT(DAY + 10, 1, 0, 0));
    is_salts(&s, 7, 6, "awake");
    at(&s, AT(DAY + 12, 1, 0, 0));
    is_salts(&s, 8, 0, "asleep with two salts");

    journey_salts_destroy(&s, AT(DAY + 12, 2, 0, 0));
    is_salts(&s, 0, 0, "the end");
    is_int(s.created, 8, "made");
    is_int(s.destroyed, 8, "and destroyed, all");
    is_int(s.ngone, JOURNEY_SALTS_GONE, "remembered, the latest");
    is_int(s.gone[0].day, DAY + 12, "the last");
    is_int(s.gone[JOURNEY_SALTS_GONE - 1].day, DAY, "the first");

    generation = s.generation;
    journey_salts_destroy(&s, AT(DAY + 12, 2, 0, 0));
    is_int(s.destroyed, 8, "nothing is destroyed twice");
    is_int(s.generation, generation, "nor changed");

    at(&s, AT(DAY + 12, 2, 0, 0));
    journey_salts_destroy(&s, AT(DAY + 12, 2, 0, 1));
    is_int(s.ngone, JOURNEY_SALTS_GONE, "no more are remembered");
    is_int(s.gone[JOURNEY_SALTS_GONE - 1].day, DAY + 1, "the first goes");
}


static void
test_clock(void)
{
    uint32_t         generation;
    journey_salts_t  s;

    fresh(&s);
    at(&s, AT(DAY, 12, 0, 0));
    at(&s, AT(DAY + 1, 0, 0, 0));
    generation = s.generation;

    /* another worker's clock is behind */

    at(&s, AT(DAY, 23, 59, 59));
    is_salts(&s, 2, 1, "a second before midnight, after it");
    at(&s, AT(DAY, 23, 55, 0));
    is_salts(&s, 2, 1, "five minutes");
    is_int(s.generation, generation, "nothing has changed");

    at(&s, AT(DAY, 23, 54, 59));
    is_salts(&s, 3, 0, "more: set back, and yesterday's is not resurrected");
    is_int(s.today.day, DAY, "the day is the clock's");
    at(&s, AT(DAY + 1, 0, 0, 0));
    is_salts(&s, 4, 3, "midnight again");

    fresh(&s);
    at(&s, AT(DAY, 12, 0, 0));
    at(&s, AT(DAY + 1, 0, 0, 0));
    at(&s, AT(DAY, 0, 30, 0));
    is_salts(&s, 3, 0, "set back to the small hours of the day before");

    fresh(&s);
    at(&s, AT(DAY, 12, 0, 0));
    at(&s, AT(DAY - 3, 12, 0, 0));
    is_salts(&s, 2, 0, "set back by days");
    at(&s, AT(DAY, 12, 0, 0));
    is_salts(&s, 3, 0, "and set right");
    at(&s, AT(DAY + 400, 12, 0, 0));
    is_salts(&s, 4, 0, "set forward");

    fresh(&s);
    at(&s, AT(DAY, 12, 0, 0));
    at(&s, AT(DAY + 1, 3, 0, 0));
    at(&s, AT(DAY + 1, 4, 0, 0));
    at(&s, AT(DAY + 1, 0, 30, 0));
    is_salts(&s, 2, 0, "what went at 04:00 does not return at 00:30");

    /* the clock is set back within the day, uptime tells */

    fresh(&s);
    journey_salts_rotate(&s, AT(DAY, 1, 0, 0), 5000, draw);
    journey_salts_rotate(&s, AT(DAY, 1, 0, 0), 5000 + 28 * HOUR - 1, draw);
    is_salts(&s, 1, 0, "a day that lasts too long");
    journey_salts_rotate(&s, AT(DAY, 1, 0, 0), 5000 + 28 * HOUR, draw);
    is_salts(&s, 2, 0, "after 28 h it goes");

    journey_salts_rotate(&s, AT(DAY + 1, 1, 0, 0), 5000 + 50 * HOUR, draw);
    is_salts(&s, 3, 2, "the next day");
    journey_salts_rotate(&s, AT(DAY + 1, 1, 0, 0), 5000 + 56 * HOUR, draw);
    is_salts(&s, 3, 0, "a night that lasts too long");
    journey_salts_rotate(&s, AT(DAY + 1, 1, 0, 0), 5000 + 49 * HOUR, draw);
    is_salts(&s, 4, 0, "an uptime that runs backwards");

    fresh(&s);
    journey_salts_rotate(&s, AT(DAY, 1, 0, 0), 5000, draw);
    journey_salts_rotate(&s, AT(DAY, 1, 0, 0), 4998, draw);
    is_salts(&s, 1, 0, "a caller that was late for the lock");

    fresh(&s);
    journey_salts_rotate(&s, 0, 0, draw);
    is_salts(&s, 1, 0, "1970");
    journey_salts_rotate(&s, 86400, 86400, draw);
    is_salts(&s, 2, 1, "and its second day");
}


static void
test_random(void)
{
    uint32_t         generation;
    journey_salts_t  s;

    fresh(&s);
    exhausted = 1;

    is_int(at(&s, AT(DAY, 12, 0, 0)), JOURNEY_ERROR, "no random bytes");
    is_salts(&s, 0, 0, "no salt");
    ok(!has_byte(&s, 0x77), "nor what was drawn");

    exhausted = 0;
    is_int(at(&s, AT(DAY, 12, 0, 1)), JOURNEY_OK, "the next call has some");
    is_salts(&s, 1, 0, "a salt");

    exhausted = 1;
    generation = s.generation;
    is_int(at(&s, AT(DAY + 1, 1, 0, 0)), JOURNEY_ERROR, "none at midnight");
    is_salts(&s, 0, 1, "yesterday's is yesterday's all the same");
    ok(s.generation != generation, "which is a change");

    is_int(at(&s, AT(DAY + 1, 4, 0, 0)), JOURNEY_ERROR, "still none");
    is_salts(&s, 0, 0, "04:00 holds");

    exhausted = 0;
    is_int(at(&s, AT(DAY + 1, 5, 0, 0)), JOURNEY_OK, "again some");
    is_salts(&s, 2, 0, "a salt");

    /* libcrypto's */

    fresh(&s);
    is_int(journey_salts_rotate(&s, AT(DAY, 1, 0, 0), 1, NULL), JOURNEY_OK,
           "RAND_bytes");
    ok(!is_blank(s.today.key, JOURNEY_SALT_LEN), "a key");

    s.generation = UINT32_MAX;
    journey_salts_rotate(&s, AT(DAY + 5, 1, 0, 0), 2, NULL);
    is_int(s.generation, 1, "no generation is 0");
}


static void
test_due(void)
{
    journey_salts_t  s;

    fresh(&s);
    journey_salts_rotate(&s, AT(DAY, 12, 0, 0), 1000, draw);

    is_int(journey_salts_due(&s, AT(DAY, 12, 0, 0), 1000), 900, "usually");
    is_int(journey_salts_due(&s, AT(DAY, 23, 59, 0), 1000), 60,
           "before midnight");
    is_int(journey_salts_due(&s, AT(DAY, 23, 59, 59), 1000), 1, "just before");
    is_int(journey_salts_due(&s, AT(DAY, 3, 59, 30), 1000), 900,
           "04:00 is nothing without a previous salt");
    is_int(journey_salts_due(&s, AT(DAY, 12, 0, 0), 1000 + 28 * HOUR - 5), 5,
           "before its age");
    is_int(journey_salts_due(&s, AT(DAY, 12, 0, 0), 1000 + 28 * HOUR), 1,
           "at its age");
    is_int(journey_salts_due(&s, AT(DAY, 12, 0, 0), 0), 1,
           "an uptime that runs backwards");

    journey_salts_rotate(&s, AT(DAY + 1, 0, 0, 0), 1000 + 12 * HOUR, draw);
    is_int(journey_salts_due(&s, AT(DAY + 1, 3, 59, 30), 1000 + 15 * HOUR), 30,
           "before 04:00");
    is_int(journey_salts_due(&s, AT(DAY + 1, 0, 0, 0), 1000 + 28 * HOUR - 7),
           7, "before the previous one's age");
}


int
main(void)
{
    test_days();
    test_clock();
    test_random();
    test_due();

    return done();
}
