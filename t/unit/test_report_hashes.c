
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A set of keyed hashes.
 */


#include "journey_hashes.h"

#include "tap.h"


#define MANY  50000


/* The n-th of many, all different; close ones share their places. */

static const u_char *
hash(uint32_t n, unsigned close)
{
    u_char         bits[JOURNEY_HASHES_LEN];
    static u_char  text[JOURNEY_KEYED_HASH_LEN];

    memset(bits, 0, sizeof(bits));
    memcpy(bits + (close ? 8 : 0), &n, sizeof(n));

    if (!close) {
        n *= 2654435761u;
        memcpy(bits + 4, &n, sizeof(n));
    }

    (void) journey_base64url_encode(text, bits, sizeof(bits));

    return text;
}


int
main(void)
{
    uint32_t          i, fresh, known;
    journey_hashes_t  set;

    memset(&set, 0, sizeof(set));

    is_int(journey_hashes_add(&set, (u_char *) "AAAAAAAAAAAAAAAA"),
           JOURNEY_OK, "nothing but zeros");
    is_int(journey_hashes_add(&set, (u_char *) "AAAAAAAAAAAAAAAA"),
           JOURNEY_DECLINED, "once more");
    is_int(journey_hashes_add(&set, (u_char *) "AAAAAAAAAAAAAAAB"),
           JOURNEY_OK, "another one");

    journey_hashes_free(&set);

    for (i = 0, fresh = 0; i < MANY; i++) {
        fresh += (journey_hashes_add(&set, hash(i, 0)) == JOURNEY_OK);
    }

    for (i = 0, known = 0; i < MANY; i++) {
        known += (journey_hashes_add(&set, hash(i, 0)) == JOURNEY_DECLINED);
    }

    is_int(fresh, MANY, "many, and all are new");
    is_int(known, MANY, "all are there");
    is_int(set.n, MANY, "as many as there are");
    ok(set.size > MANY && set.size <= 4 * MANY, "room for %lu",
       (unsigned long) set.size);

    journey_hashes_free(&set);

    for (i = 1, fresh = 0, known = 0; i <= 2000; i++) {
        fresh += (journey_hashes_add(&set, hash(i, 1)) == JOURNEY_OK);
        known += (journey_hashes_add(&set, hash(i, 1)) == JOURNEY_DECLINED);
    }

    ok(fresh == 2000 && known == 2000, "all at one place");

    journey_hashes_free(&set);

    return done();
}
