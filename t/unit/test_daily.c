
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The daily hash and the life of its salts.
 */


#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "journey_daily.h"
#include "journey_token.h"

#include "tap.h"


#define DAY      20779u                 /* 2026-11-22 */
#define AT(day, h, m, s)                                                      \
    ((uint64_t) (day) * 86400 + (h) * 3600 + (m) * 60 + (s))
#define HOUR     3600u


static journey_pool_t  *pool;
static unsigned         drawn;          /* salts that were drawn */
static int              exhausted;
static uint64_t         up, last;       /* uptime, clock */


/* The n-th salt is 16 times n. */

static int
draw(unsigned char *buf, int len)
{
    if (exhausted) {
        memset(buf, 0x77, len);
        return 0;
    }

    memset(buf, (int) ++drawn, len);

    return 1;
}


/*
 * libcrypto's memory.  What a hash changes of it is the state that a salt can
 * be computed back from; it has to be as it was before, when that salt is
 * gone.
 */

#define BLOCKS  65536

static struct {
    u_char  *data;
    size_t   size;
    u_char  *before;
    int      changed;
} blocks[BLOCKS];

static unsigned  nblocks;
static unsigned  freed_changed;


static void
snapshot(void)
{
    unsigned  i;

    freed_changed = 0;

    for (i = 0; i < nblocks; i++) {
        free(blocks[i].before);

        blocks[i].before = NULL;
        blocks[i].changed = 0;

        if (blocks[i].data != NULL) {
            blocks[i].before = malloc(blocks[i].size);

            if (blocks[i].before == NULL) {
                abort();
            }

            memcpy(blocks[i].before, blocks[i].data, blocks[i].size);
        }
    }
}


static unsigned
changed(void)
{
    unsigned  i, n;

    n = 0;

    for (i = 0; i < nblocks; i++) {
        if (blocks[i].data != NULL && blocks[i].before != NULL
            && memcmp(blocks[i].data, blocks[i].before, blocks[i].size) != 0)
        {
            blocks[i].changed = 1;
            n++;
        }
    }

    return n;
}


static void *
watched_malloc(size_t size, const char *file, int line)
{
    void      *p;
    unsigned   i;

    (void) file;
    (void) line;

    p = malloc(size);

    for (i = 0; i < nblocks && blocks[i].data != NULL; i++) {
        /* void */
    }

    if (i == BLOCKS) {
        abort();
    }

    if (p != NULL) {
        blocks[i].data = p;
        blocks[i].size = size;
        nblocks = journey_max(nblocks, i + 1);
        memset(p, 0, size);
    }

    return p;
}


static void
watched_free(void *p, const char *file, int line)
{
    unsigned  i;

    (void) file;
    (void) line;

    for (i = 0; i < nblocks; i++) {
        if (p != NULL && blocks[i].data == p) {

            if (blocks[i].changed
                && memcmp(p, blocks[i].before, blocks[i].size) != 0)
            {
                freed_changed++;
            }

            free(blocks[i].before);

            blocks[i].data = NULL;
            blocks[i].before = NULL;
            blocks[i].changed = 0;
        }
    }

    free(p);
}


static void *
watched_realloc(void *p, size_t size, const char *file, int line)
{
    void      *moved;
    size_t     old;
    unsigned   i;

    old = 0;

    for (i = 0; i < nblocks; i++) {
        if (p != NULL && blocks[i].data == p) {
            old = blocks[i].size;
        }
    }

    moved = watched_malloc(size, file, line);

    if (moved != NULL && p != NULL) {
        memcpy(moved, p, journey_min(old, size));
        watched_free(p, file, line);
    }

    return moved;
}


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


/* Rotates at a time.  Uptime runs with the clock, but when that is set back. */

static int
at(journey_salts_t *salts, uint64_t now)
{
    up += (now > last) ? now - last : 0;
    last = now;

    return journey_salts_rotate(salts, now, up, draw);
}


static void
fresh(journey_salts_t *salts)
{
    memset(salts, 0, sizeof(journey_salts_t));
    drawn = 0;
    exhausted = 0;
    up = 1000;
    last = UINT64_MAX;
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


static journey_daily_t *
loaded(journey_salts_t *salts)
{
    journey_daily_t  *daily;
    journey_error_t   err;

    daily = journey_daily_create(pool, &err);

    if (daily == NULL) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }

    journey_daily_load(daily, salts);

    return daily;
}


static void
test_ready(void)
{
    u_char            id[JOURNEY_ID_LEN];
    journey_who_t     who;
    journey_salts_t   s;
    journey_daily_t  *d;

    memset(&who, 0, sizeof(who));
    fresh(&s);

    d = loaded(&s);
    ok(!journey_daily_ready(d, &s, AT(DAY, 12, 0, 0)), "nothing is there");
    is_int(journey_daily_hash(d, JOURNEY_SALT_TODAY, &who, id),
           JOURNEY_DECLINED, "nor can be hashed");

    at(&s, AT(DAY, 12, 0, 0));
    ok(!journey_daily_ready(d, &s, AT(DAY, 12, 0, 0)), "not loaded yet");

    journey_daily_load(d, &s);
    ok(journey_daily_ready(d, &s, AT(DAY, 12, 0, 0)), "loaded");
    ok(journey_daily_ready(d, &s, AT(DAY, 23, 59, 59)), "until midnight");
    ok(!journey_daily_ready(d, &s, AT(DAY + 1, 0, 0, 0)), "not longer");
    ok(journey_daily_ready(d, &s, AT(DAY - 1, 23, 55, 0)), "a clock behind");
    ok(!journey_daily_ready(d, &s, AT(DAY - 1, 23, 54, 59)), "not more");
    is_int(journey_daily_hash(d, JOURNEY_SALT_TODAY, &who, id), JOURNEY_OK,
           "today");
    is_int(journey_daily_hash(d, JOURNEY_SALT_PREVIOUS, &who, id),
           JOURNEY_DECLINED, "no yesterday");

    at(&s, AT(DAY + 1, 0, 0, 0));
    ok(!journey_daily_ready(d, &s, AT(DAY, 23, 59, 59)),
       "another worker has rotated");

    journey_daily_load(d, &s);
    ok(journey_daily_ready(d, &s, AT(DAY + 1, 3, 59, 59)), "until 04:00");
    ok(!journey_daily_ready(d, &s, AT(DAY + 1, 4, 0, 0)), "not longer");
    is_int(journey_daily_hash(d, JOURNEY_SALT_PREVIOUS, &who, id), JOURNEY_OK,
           "yesterday");

    at(&s, AT(DAY + 1, 4, 0, 0));
    journey_daily_load(d, &s);
    ok(journey_daily_ready(d, &s, AT(DAY + 1, 23, 59, 59)),
       "then until midnight");
    is_int(journey_daily_hash(d, JOURNEY_SALT_PREVIOUS, &who, id),
           JOURNEY_DECLINED, "yesterday is over");

    exhausted = 1;
    at(&s, AT(DAY + 2, 1, 0, 0));
    journey_daily_load(d, &s);
    ok(!journey_daily_ready(d, &s, AT(DAY + 2, 1, 0, 0)),
       "never ready without a salt of today");
    memset(id, 0x55, sizeof(id));
    is_int(journey_daily_hash(d, JOURNEY_SALT_TODAY, &who, id),
           JOURNEY_DECLINED, "and nothing is hashed");
    ok(id[0] == 0x55 && id[11] == 0x55, "nor written");
    exhausted = 0;

    at(&s, AT(DAY + 2, 1, 0, 0));
    journey_daily_load(d, &s);
    journey_daily_wipe(d);
    ok(!journey_daily_ready(d, &s, AT(DAY + 2, 1, 0, 0)), "wiped");
    is_int(journey_daily_hash(d, JOURNEY_SALT_TODAY, &who, id),
           JOURNEY_DECLINED, "nothing is hashed");
    journey_daily_load(d, &s);
    is_int(journey_daily_hash(d, JOURNEY_SALT_TODAY, &who, id), JOURNEY_OK,
           "loaded again");
}


/* The message as the header has it, hashed by journey_keyed_hash(). */

static void
test_message(void)
{
    u_char               id[JOURNEY_ID_LEN], text[16], want[16], key[16];
    journey_who_t        who;
    journey_str_t        value, order = journey_string("order-17");
    journey_keys_t      *keys;
    journey_error_t      err;
    journey_salts_t      s;
    journey_daily_t     *d;
    struct sockaddr_in   sin;

    static const char  message[] =
        "\000\004\300\000\002\021" "\000\003Foo" "\000\005de-DE"
        "\000\014shop.example";

    fresh(&s);
    at(&s, AT(DAY, 12, 0, 0));
    d = loaded(&s);

    memset(key, 1, sizeof(key));
    keys = journey_keys_create(pool, key, &err);

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    inet_pton(AF_INET, "192.0.2.17", &sin.sin_addr);

    who.addr = (struct sockaddr *) &sin;
    journey_str_set(&who.agent, "Foo");
    journey_str_set(&who.language, "de-DE");
    journey_str_set(&who.host, "Shop.EXAMPLE");

    journey_str_set(&value, message);

    is_int(journey_keyed_hash(keys, want, "visitor", &value), JOURNEY_OK,
           "the message, hashed elsewhere");
    is_int(journey_daily_hash(d, JOURNEY_SALT_TODAY, &who, id), JOURNEY_OK,
           "hashed");
    (void) journey_base64url_encode(text, id, sizeof(id));
    ok(memcmp(text, want, 16) == 0, "is the same (%.16s)", text);

    is_int(journey_keyed_hash(keys, want, "ord", &order), JOURNEY_OK,
           "an order's hash");
    is_int(journey_daily_keyed_hash(d, JOURNEY_SALT_TODAY, text, "ord",
                                    &order), JOURNEY_OK, "under a salt");
    ok(memcmp(text, want, 16) == 0, "is the same (%.16s)", text);

    is_int(journey_daily_keyed_hash(d, JOURNEY_SALT_PREVIOUS, text, "ord",
                                    &order), JOURNEY_DECLINED,
           "no salt, no hash");

    journey_str_null(&order);
    is_int(journey_daily_keyed_hash(d, JOURNEY_SALT_TODAY, text, "ord",
                                    &order), JOURNEY_OK, "of nothing");
}


static int
same(journey_daily_t *d, const journey_who_t *a, const journey_who_t *b)
{
    u_char  one[JOURNEY_ID_LEN], two[JOURNEY_ID_LEN];

    if (journey_daily_hash(d, JOURNEY_SALT_TODAY, a, one) != JOURNEY_OK
        || journey_daily_hash(d, JOURNEY_SALT_TODAY, b, two) != JOURNEY_OK)
    {
        return -1;
    }

    return memcmp(one, two, JOURNEY_ID_LEN) == 0;
}


static struct sockaddr *
address(struct sockaddr_storage *storage, const char *text)
{
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    memset(storage, 0, sizeof(struct sockaddr_storage));
    sin = (struct sockaddr_in *) storage;
    sin6 = (struct sockaddr_in6 *) storage;

    if (inet_pton(AF_INET, text, &sin->sin_addr) == 1) {
        sin->sin_family = AF_INET;
        return (struct sockaddr *) storage;
    }

    /* what did not parse may have been written to */
    memset(storage, 0, sizeof(struct sockaddr_storage));

    if (inet_pton(AF_INET6, text, &sin6->sin6_addr) == 1) {
        sin6->sin6_family = AF_INET6;
        return (struct sockaddr *) storage;
    }

    storage->ss_family = AF_UNIX;

    return (struct sockaddr *) storage;
}


static void
test_who(void)
{
    u_char                   one[JOURNEY_ID_LEN], two[JOURNEY_ID_LEN];
    u_char                  *long_a, *long_b;
    journey_who_t            a, b;
    journey_salts_t          s;
    journey_daily_t         *d;
    struct sockaddr_storage  x, y;

    fresh(&s);
    at(&s, AT(DAY, 12, 0, 0));
    at(&s, AT(DAY + 1, 1, 0, 0));
    d = loaded(&s);

    a.addr = address(&x, "192.0.2.17");
    journey_str_set(&a.agent, "Mozilla/5.0");
    journey_str_set(&a.language, "de");
    journey_str_set(&a.host, "shop.example");
    b = a;

    is_int(same(d, &a, &b), 1, "the same");

    b.addr = address(&y, "192.0.2.18");
    is_int(same(d, &a, &b), 0, "another address");
    b.addr = address(&y, "::ffff:192.0.2.17");
    is_int(same(d, &a, &b), 1, "the same, mapped to IPv6");
    b.addr = address(&y, "unix");
    is_int(same(d, &a, &b), 0, "a unix socket");
    a.addr = NULL;
    is_int(same(d, &a, &b), 1, "is no address");
    a.addr = address(&x, "2001:db8:0:1::1");
    b.addr = address(&y, "2001:db8:0:1:ffff::2");
    is_int(same(d, &a, &b), 1, "the same /64");
    b.addr = address(&y, "2001:db8:0:2::1");
    is_int(same(d, &a, &b), 0, "another /64");

    b = a;
    journey_str_set(&b.agent, "mozilla/5.0");
    is_int(same(d, &a, &b), 0, "another user agent");
    b = a;
    journey_str_set(&b.language, "DE");
    is_int(same(d, &a, &b), 0, "another language");
    b = a;
    journey_str_set(&b.host, "SHOP.example");
    is_int(same(d, &a, &b), 1, "the host in another case");
    journey_str_set(&b.host, "shop.example.");
    is_int(same(d, &a, &b), 0, "another host");

    /* no two inputs make one message by their seams */

    journey_str_set(&a.agent, "ab");
    journey_str_set(&a.language, "c");
    b = a;
    journey_str_set(&b.agent, "a");
    journey_str_set(&b.language, "bc");
    is_int(same(d, &a, &b), 0, "a seam between fields");

    journey_str_set(&a.agent, "x\000\001y");
    journey_str_set(&a.language, "");
    journey_str_set(&b.agent, "x");
    journey_str_set(&b.language, "y");
    is_int(same(d, &a, &b), 0, "a length inside a field");

    journey_str_null(&b.language);
    b.agent = a.agent;
    is_int(same(d, &a, &b), 1, "absent and empty are one");

    a.addr = address(&x, "0.0.0.0");
    b.addr = address(&y, "::");
    is_int(same(d, &a, &b), 0, "families differ");
    b.addr = NULL;
    is_int(same(d, &a, &b), 0, "an address of zeros is one");

    /* long headers */

    long_a = malloc(70000);
    long_b = malloc(70000);

    if (long_a == NULL || long_b == NULL) {
        abort();
    }

    memset(long_a, 'a', 70000);
    memset(long_b, 'a', 70000);
    a.addr = NULL;
    b = a;

    a.agent.data = long_a;
    b.agent.data = long_b;
    a.agent.len = b.agent.len = 512;
    long_b[511] = 'b';
    is_int(same(d, &a, &b), 0, "512 bytes of a user agent count");
    long_b[511] = 'a';
    long_b[512] = 'b';
    a.agent.len = b.agent.len = 513;
    is_int(same(d, &a, &b), 1, "no more");
    b.agent.len = 514;
    is_int(same(d, &a, &b), 0, "but their number");
    a.agent.len = 65535;
    b.agent.len = 70000;
    is_int(same(d, &a, &b), 1, "to 65535");

    a.agent = b.agent;
    a.language.data = long_a;
    b.language.data = long_b;
    a.language.len = b.language.len = 70000;
    a.host = a.language;
    b.host = b.language;
    is_int(same(d, &a, &b), 1, "all of them long");
    long_b[127] = 'b';
    is_int(same(d, &a, &b), 0, "128 bytes of the language count");

    free(long_a);
    free(long_b);

    /* the salts */

    memset(&a, 0, sizeof(a));
    journey_daily_hash(d, JOURNEY_SALT_TODAY, &a, one);
    journey_daily_hash(d, JOURNEY_SALT_PREVIOUS, &a, two);
    ok(memcmp(one, two, JOURNEY_ID_LEN) != 0, "another salt, another name");

    at(&s, AT(DAY + 2, 1, 0, 0));
    journey_daily_load(d, &s);
    journey_daily_hash(d, JOURNEY_SALT_PREVIOUS, &a, two);
    ok(memcmp(one, two, JOURNEY_ID_LEN) == 0,
       "after midnight yesterday's name is found");
}


static void
test_wiped(void)
{
    u_char            id[JOURNEY_ID_LEN];
    journey_who_t     who;
    journey_salts_t   s;
    journey_daily_t  *d;

    /* a message of whole words, so that none of it stays in a buffer */
    memset(&who, 0, sizeof(who));

    fresh(&s);
    d = loaded(&s);
    at(&s, AT(DAY, 12, 0, 0));
    journey_daily_load(d, &s);
    snapshot();

    journey_daily_hash(d, JOURNEY_SALT_TODAY, &who, id);
    ok(changed() > 0, "libcrypto keeps what it computed of a salt");

    at(&s, AT(DAY + 1, 5, 0, 0));
    journey_daily_load(d, &s);
    is_int(changed(), 0, "until the next one is loaded");

    journey_daily_hash(d, JOURNEY_SALT_TODAY, &who, id);
    ok(changed() > 0, "so with the next");
    journey_daily_wipe(d);
    is_int(changed(), 0, "until it is wiped");

    journey_daily_load(d, &s);
    journey_daily_hash(d, JOURNEY_SALT_TODAY, &who, id);
    ok(changed() > 0, "and once more");

    journey_pool_destroy(pool);
    pool = NULL;

    is_int(freed_changed, 0, "until the pool's end");
}


int
main(void)
{
    if (CRYPTO_set_mem_functions(watched_malloc, watched_realloc,
                                 watched_free) != 1)
    {
        printf("Bail out! libcrypto has memory already\n");
        return 1;
    }

    pool = journey_pool_create();

    test_days();
    test_clock();
    test_random();
    test_due();
    test_ready();
    test_message();
    test_who();
    test_wiped();

    return done();
}
