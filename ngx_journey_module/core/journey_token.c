
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include <errno.h>
#include <stdio.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "journey_token.h"


#define JOURNEY_TOKEN_VERSION  1

/*
 * The payload, numbers in network byte order:
 *
 *     version 1, key number 1, id 12, first seen 4, journey 3, session 3,
 *     touches 3, session start 4, last seen 4, hash of the touch 4, furthest
 *     phase 1, floor 1, completed 1, channels 0..16;  then the MAC, 16
 */

#define JOURNEY_TOKEN_FIXED    42
#define JOURNEY_TOKEN_BYTES    (JOURNEY_TOKEN_FIXED + JOURNEY_STATE_TOUCHES  \
                                + JOURNEY_MAC_LEN)


typedef struct {
    EVP_MAC_CTX    *ctx;
    u_char          number;
    u_char          key[JOURNEY_KEY_LEN];
} journey_key_t;


struct journey_keys_s {
    EVP_MAC        *mac;
    unsigned        nkeys;
    journey_key_t   keys[JOURNEY_KEYS_MAX];
};


static journey_keys_t *journey_keys_new(journey_pool_t *pool,
    journey_error_t *err);
static void journey_keys_free(void *data);
static int journey_keys_add(journey_keys_t *keys, const u_char *key,
    journey_error_t *err);
static int journey_keys_line(FILE *f, u_char *line, size_t size);
static int journey_keys_parse(u_char *key, const u_char *line, size_t len);
static int journey_mac(const journey_key_t *key, u_char *mac,
    const journey_str_t *one, const journey_str_t *two);
static void journey_token_parse(const u_char *p, size_t nchannels,
    journey_state_t *state);


static inline u_char *
journey_put(u_char *p, uint32_t n, unsigned bytes)
{
    while (bytes > 0) {
        bytes--;
        *p++ = (u_char) (n >> (8 * bytes));
    }

    return p;
}


static inline uint32_t
journey_get3(const u_char *p)
{
    return (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];
}


static inline uint32_t
journey_get4(const u_char *p)
{
    return (uint32_t) p[0] << 24 | journey_get3(p + 1);
}


journey_keys_t *
journey_keys_load(journey_pool_t *pool, const char *path,
    journey_error_t *err)
{
    int              rc, len;
    char             buffer[512];
    FILE            *f;
    u_char           line[128], key[JOURNEY_KEY_LEN];
    unsigned         number;
    journey_keys_t  *keys;

    keys = journey_keys_new(pool, err);
    if (keys == NULL) {
        return NULL;
    }

    f = fopen(path, "r");

    if (f == NULL) {
        journey_error(err, "cannot open \"%s\": %s", path, strerror(errno));
        return NULL;
    }

    /* a buffer of our own, so that it can be wiped */

    setvbuf(f, buffer, _IOFBF, sizeof(buffer));

    rc = JOURNEY_OK;

    for (number = 1; /* void */ ; number++) {

        len = journey_keys_line(f, line, sizeof(line));

        if (len == JOURNEY_DECLINED) {
            break;
        }

        if (len == 0) {
            continue;
        }

        rc = (len < 0) ? JOURNEY_ERROR
                       : journey_keys_parse(key, line, (size_t) len);

        if (rc != JOURNEY_OK) {
            journey_error(err, "a line that is not %d hexadecimal digits "
                          "in %s:%u", 2 * JOURNEY_KEY_LEN, path, number);
            break;
        }

        if (keys->nkeys == JOURNEY_KEYS_MAX) {
            rc = journey_error(err, "more than %d keys in %s:%u",
                               JOURNEY_KEYS_MAX, path, number);
            break;
        }

        rc = journey_keys_add(keys, key, err);

        if (rc != JOURNEY_OK) {
            break;
        }
    }

    if (rc == JOURNEY_OK && ferror(f)) {
        rc = journey_error(err, "cannot read \"%s\": %s", path,
                           strerror(errno));
    }

    fclose(f);

    OPENSSL_cleanse(line, sizeof(line));
    OPENSSL_cleanse(buffer, sizeof(buffer));
    OPENSSL_cleanse(key, sizeof(key));

    if (rc != JOURNEY_OK) {
        return NULL;
    }

    if (keys->nkeys == 0) {
        journey_error(err, "no key in \"%s\"", path);
        return NULL;
    }

    return keys;
}


/*
 * Reads a line without its comment and the blanks around it; returns its
 * length, JOURNEY_ERROR when it is too long, JOURNEY_DECLINED at the end of
 * the file.
 */

static int
journey_keys_line(FILE *f, u_char *line, size_t size)
{
    int     c;
    size_t  len;

    len = 0;

    for (c = getc(f); c == ' ' || c == '\t'; c = getc(f)) {
        /* void */
    }

    if (c == EOF) {
        return JOURNEY_DECLINED;
    }

    while (c != EOF && c != '\n' && c != '#') {

        if (len == size) {
            return JOURNEY_ERROR;
        }

        line[len++] = (u_char) c;
        c = getc(f);
    }

    while (c != EOF && c != '\n') {
        c = getc(f);
    }

    while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'
                       || line[len - 1] == '\r'))
    {
        len--;
    }

    return (int) len;
}


static int
journey_keys_parse(u_char *key, const u_char *line, size_t len)
{
    int       hi, lo;
    unsigned  i;

    if (len != 2 * JOURNEY_KEY_LEN) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < JOURNEY_KEY_LEN; i++) {
        hi = OPENSSL_hexchar2int(line[2 * i]);
        lo = OPENSSL_hexchar2int(line[2 * i + 1]);

        if (hi < 0 || lo < 0) {
            return JOURNEY_ERROR;
        }

        key[i] = (u_char) (hi << 4 | lo);
    }

    return JOURNEY_OK;
}


journey_keys_t *
journey_keys_create(journey_pool_t *pool, const u_char *key,
    journey_error_t *err)
{
    journey_keys_t  *keys;

    keys = journey_keys_new(pool, err);

    if (keys == NULL || journey_keys_add(keys, key, err) != JOURNEY_OK) {
        return NULL;
    }

    return keys;
}


static journey_keys_t *
journey_keys_new(journey_pool_t *pool, journey_error_t *err)
{
    journey_keys_t  *keys;

    keys = journey_pcalloc(pool, sizeof(journey_keys_t));

    if (keys == NULL
        || journey_pool_cleanup(pool, journey_keys_free, keys) != JOURNEY_OK)
    {
        journey_error(err, "out of memory");
        return NULL;
    }

    keys->mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_SIPHASH, NULL);

    if (keys->mac == NULL) {
        journey_error(err, "libcrypto has no SipHash");
        return NULL;
    }

    return keys;
}


static void
journey_keys_free(void *data)
{
    unsigned         i;
    journey_keys_t  *keys = data;

    for (i = 0; i < keys->nkeys; i++) {
        EVP_MAC_CTX_free(keys->keys[i].ctx);
    }

    EVP_MAC_free(keys->mac);

    OPENSSL_cleanse(keys, sizeof(journey_keys_t));
}


static int
journey_keys_add(journey_keys_t *keys, const u_char *key,
    journey_error_t *err)
{
    size_t          size;
    u_char          mac[JOURNEY_MAC_LEN];
    OSSL_PARAM      params[2];
    journey_key_t  *k;
    journey_str_t   label = journey_string("key");
    journey_str_t   none = journey_null_string;

    k = &keys->keys[keys->nkeys];

    k->ctx = EVP_MAC_CTX_new(keys->mac);
    if (k->ctx == NULL) {
        return journey_error(err, "out of memory");
    }

    keys->nkeys++;

    memcpy(k->key, key, JOURNEY_KEY_LEN);

    size = JOURNEY_MAC_LEN;
    params[0] = OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size);
    params[1] = OSSL_PARAM_construct_end();

    if (!EVP_MAC_init(k->ctx, k->key, JOURNEY_KEY_LEN, params)
        || journey_mac(k, mac, &label, &none) != JOURNEY_OK)
    {
        return journey_error(err, "libcrypto's SipHash failed");
    }

    k->number = mac[0];

    return JOURNEY_OK;
}


/* Over one, NUL when two is there, two: in one update where they fit, since a
 * call costs more than the bytes. */

static int
journey_mac(const journey_key_t *key, u_char *mac, const journey_str_t *one,
    const journey_str_t *two)
{
    size_t  size;
    u_char  buf[256], *p;

    if (!EVP_MAC_init(key->ctx, key->key, JOURNEY_KEY_LEN, NULL)) {
        return JOURNEY_ERROR;
    }

    if (one->len + 1 + two->len <= sizeof(buf)) {
        memcpy(buf, one->data, one->len);
        p = buf + one->len;

        if (two->data != NULL) {
            *p++ = '\0';
            memcpy(p, two->data, two->len);
            p += two->len;
        }

        if (!EVP_MAC_update(key->ctx, buf, p - buf)) {
            return JOURNEY_ERROR;
        }

    } else if (!EVP_MAC_update(key->ctx, one->data, one->len)
               || !EVP_MAC_update(key->ctx, (const u_char *) "", 1)
               || !EVP_MAC_update(key->ctx, two->data, two->len))
    {
        return JOURNEY_ERROR;
    }

    if (!EVP_MAC_final(key->ctx, mac, &size, JOURNEY_MAC_LEN)
        || size != JOURNEY_MAC_LEN)
    {
        return JOURNEY_ERROR;
    }

    return JOURNEY_OK;
}


int
journey_keyed_hash(const journey_keys_t *keys, u_char *dst,
    const char *domain, const journey_str_t *value)
{
    u_char         mac[JOURNEY_MAC_LEN];
    journey_str_t  one, two;

    one.len = strlen(domain);
    one.data = (u_char *) domain;

    two.len = value->len;
    two.data = (value->data == NULL) ? (u_char *) "" : value->data;

    if (journey_mac(&keys->keys[keys->nkeys - 1], mac, &one, &two)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    (void) journey_base64url_encode(dst, mac, 12);

    return JOURNEY_OK;
}


int
journey_user_hash(const journey_keys_t *keys, u_char *dst,
    const journey_str_t *id)
{
    return journey_keyed_hash(keys, dst, "u", id);
}


size_t
journey_token_encode(const journey_keys_t *keys, const journey_str_t *name,
    const journey_state_t *state, u_char *dst)
{
    u_char                buf[JOURNEY_TOKEN_BYTES], *p;
    unsigned              n;
    journey_str_t         payload;
    const journey_key_t  *key;

    key = &keys->keys[0];

    p = buf;
    *p++ = JOURNEY_TOKEN_VERSION;
    *p++ = key->number;

    memcpy(p, state->id, JOURNEY_ID_LEN);
    p += JOURNEY_ID_LEN;

    p = journey_put(p, state->first_seen, 4);
    p = journey_put(p, state->journey, 3);
    p = journey_put(p, state->session, 3);
    p = journey_put(p, state->touches, 3);
    p = journey_put(p, state->session_start, 4);
    p = journey_put(p, state->last_seen, 4);
    p = journey_put(p, state->touch_hash, 4);

    *p++ = state->furthest;
    *p++ = state->floor;
    *p++ = state->completed;

    n = journey_state_channels(state);
    memcpy(p, state->channels, n);
    p += n;

    payload.data = buf;
    payload.len = p - buf;

    if (journey_mac(key, p, name, &payload) != JOURNEY_OK) {
        return 0;
    }

    return journey_base64url_encode(dst, buf, payload.len + JOURNEY_MAC_LEN)
           - dst;
}


journey_token_e
journey_token_decode(const journey_keys_t *keys, const journey_str_t *name,
    const journey_str_t *token, uint32_t now, uint32_t max_age,
    journey_state_t *state)
{
    u_char                mac[JOURNEY_MAC_LEN];
    u_char                buf[JOURNEY_TOKEN_MAX];
    ssize_t               size;
    unsigned              i, nchannels;
    journey_str_t         payload;
    journey_state_t       found;
    const journey_key_t  *key;

    if (token->len > JOURNEY_TOKEN_MAX) {
        return JOURNEY_TOKEN_MALFORMED;
    }

    size = journey_base64url_decode(buf, token->data, token->len);

    if (size < JOURNEY_TOKEN_FIXED + JOURNEY_MAC_LEN
        || size > JOURNEY_TOKEN_BYTES
        || buf[0] != JOURNEY_TOKEN_VERSION)
    {
        return JOURNEY_TOKEN_MALFORMED;
    }

    payload.data = buf;
    payload.len = size - JOURNEY_MAC_LEN;

    for (i = 0; i < keys->nkeys; i++) {
        key = &keys->keys[i];

        if (key->number == buf[1]
            && journey_mac(key, mac, name, &payload) == JOURNEY_OK
            && CRYPTO_memcmp(mac, buf + payload.len, JOURNEY_MAC_LEN) == 0)
        {
            break;
        }
    }

    if (i == keys->nkeys) {
        return JOURNEY_TOKEN_FORGED;
    }

    nchannels = payload.len - JOURNEY_TOKEN_FIXED;

    journey_token_parse(buf + 2, nchannels, &found);

    if (journey_state_channels(&found) != nchannels || found.session == 0) {

        /* ours, so this is a fault of ours; still no reason to crash */

        return JOURNEY_TOKEN_MALFORMED;
    }

    *state = found;

    if ((uint64_t) now + JOURNEY_TOKEN_AHEAD < state->first_seen
        || (uint64_t) now + JOURNEY_TOKEN_AHEAD < state->session_start
        || (uint64_t) now + JOURNEY_TOKEN_AHEAD < state->last_seen)
    {
        return JOURNEY_TOKEN_FUTURE;
    }

    if ((uint64_t) state->first_seen + max_age <= now) {
        return JOURNEY_TOKEN_EXPIRED;
    }

    return JOURNEY_TOKEN_OK;
}


static void
journey_token_parse(const u_char *p, size_t nchannels, journey_state_t *state)
{
    memset(state, 0, sizeof(journey_state_t));

    memcpy(state->id, p, JOURNEY_ID_LEN);
    p += JOURNEY_ID_LEN;

    state->first_seen = journey_get4(p);
    state->journey = journey_get3(p + 4);
    state->session = journey_get3(p + 7);
    state->touches = journey_get3(p + 10);
    state->session_start = journey_get4(p + 13);
    state->last_seen = journey_get4(p + 17);
    state->touch_hash = journey_get4(p + 21);
    state->furthest = p[25];
    state->floor = p[26];
    state->completed = p[27];

    memcpy(state->channels, p + 28, nchannels);
}


const journey_str_t *
journey_token_result(journey_token_e result)
{
    static const journey_str_t  names[JOURNEY_TOKEN_LAST] = {
        journey_string("valid"),
        journey_string("malformed"),
        journey_string("forged"),
        journey_string("future"),
        journey_string("expired")
    };

    return &names[result];
}
