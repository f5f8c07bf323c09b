
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Keys, keyed hashes, and the token: a visitor's state as a signed cookie
 * value (design, section 7).
 */


#ifndef JOURNEY_TOKEN_H
#define JOURNEY_TOKEN_H


#include "journey_state.h"


#define JOURNEY_KEY_LEN         16
#define JOURNEY_KEYS_MAX        16
#define JOURNEY_MAC_LEN         16
#define JOURNEY_TOKEN_MAX       140     /* bytes of a token, at most */
#define JOURNEY_TOKEN_AHEAD     300     /* s a token may be dated ahead */
#define JOURNEY_KEYED_HASH_LEN  16      /* 96 bits in base64url */


typedef struct journey_keys_s  journey_keys_t;


/*
 * Keys of SipHash-2-4-128 (libcrypto's).  The first signs, all verify, the
 * last keys the hashes of users and orders.  The key material is wiped at the
 * pool's end.
 */

/* Reads a journey_secret file: 32 hexadecimal digits a line, "#" comments.
 * A bad line is an error that names file and line and quotes nothing of it. */
journey_keys_t *journey_keys_load(journey_pool_t *pool, const char *path,
    journey_error_t *err);

/* One key of JOURNEY_KEY_LEN bytes. */
journey_keys_t *journey_keys_create(journey_pool_t *pool, const u_char *key,
    journey_error_t *err);

/* SipHash-2-4-128 under the last key over domain, NUL, value: the first 96
 * bits in base64url, JOURNEY_KEYED_HASH_LEN bytes at dst. */
int journey_keyed_hash(const journey_keys_t *keys, u_char *dst,
    const char *domain, const journey_str_t *value);

/* The user u of the application's user id: the keyed hash that the log has
 * and that the command looks for.  As journey_keyed_hash(). */
int journey_user_hash(const journey_keys_t *keys, u_char *dst,
    const journey_str_t *id);


typedef enum {
    JOURNEY_TOKEN_OK = 0,
    JOURNEY_TOKEN_MALFORMED,            /* cut, oversized, foreign */
    JOURNEY_TOKEN_FORGED,               /* no key verifies it */
    JOURNEY_TOKEN_FUTURE,               /* dated more than 300 s ahead */
    JOURNEY_TOKEN_EXPIRED,              /* max_age after first seen is over */
    JOURNEY_TOKEN_LAST
} journey_token_e;


/*
 * Writes the token of the state at dst (JOURNEY_TOKEN_MAX bytes), signed over
 * the cookie's name, the version and the payload.  Returns its length, 0 when
 * libcrypto fails.
 */
size_t journey_token_encode(const journey_keys_t *keys,
    const journey_str_t *name, const journey_state_t *state, u_char *dst);

/* The way back; compares in constant time.  max_age in s.  *state is written
 * when and only when JOURNEY_TOKEN_OK, FUTURE or EXPIRED is returned. */
journey_token_e journey_token_decode(const journey_keys_t *keys,
    const journey_str_t *name, const journey_str_t *token, uint32_t now,
    uint32_t max_age, journey_state_t *state);

/* "valid", "malformed", …. */
const journey_str_t *journey_token_result(journey_token_e result);


#endif /* JOURNEY_TOKEN_H */
