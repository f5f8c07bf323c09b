
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The daily hash.
 */


#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "journey_token.h"

#include "salts.h"
#include "tap.h"


static journey_pool_t  *pool;


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

    test_ready();
    test_message();
    test_who();
    test_wiped();

    return done();
}
