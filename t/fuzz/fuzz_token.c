
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Tokens.  Bytes of a client: read without harm, and none verifies that was
 * not signed.  Any payload under a valid signature: what is said of it is what
 * stands in it, and a state that is read is written again the same.  Whatever
 * hits move such a state, it stays within its limits and fits in a token.
 */


#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "journey_token.h"

#include "fuzz.h"


#define NOW           1795321780u
#define FUZZ_MAX      256               /* bytes of an input that count */
#define FUZZ_FIXED    42                /* of a payload without channels */
#define FUZZ_NUMBER   0xffffffu         /* the largest of three bytes */
#define FUZZ_HITS     64


typedef struct {
    unsigned       version;
    unsigned       key;                 /* which signed */
    unsigned       known;               /* 1: the payload names that key */
    u_char         payload[FUZZ_MAX];
    size_t         size;
    u_char         text[2 * FUZZ_MAX];
    journey_str_t  token;
} fuzz_token_t;


static u_char            fuzz_secrets[2][JOURNEY_KEY_LEN] = {
    { 1, 2, 3 }, { 4, 5, 6 }
};

static journey_str_t     fuzz_name = journey_string("jny");
static journey_str_t     fuzz_other = journey_string("jnz");

static journey_pool_t   *fuzz_pool;
static journey_keys_t   *fuzz_keys;     /* both; the first one signs */
static journey_phases_t *fuzz_phases;


/* SipHash-2-4-128 from libcrypto, not by way of core/. */

static void
fuzz_mac(unsigned key, const void *data, size_t size,
    u_char mac[JOURNEY_MAC_LEN])
{
    size_t               n;
    OSSL_PARAM           params[2];
    static EVP_MAC_CTX  *ctx;

    if (ctx == NULL) {
        ctx = EVP_MAC_CTX_new(EVP_MAC_fetch(NULL, OSSL_MAC_NAME_SIPHASH,
                                            NULL));
        check(ctx != NULL);
    }

    n = JOURNEY_MAC_LEN;
    params[0] = OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &n);
    params[1] = OSSL_PARAM_construct_end();

    check(EVP_MAC_init(ctx, fuzz_secrets[key], JOURNEY_KEY_LEN, params));
    check(EVP_MAC_update(ctx, data, size));
    check(EVP_MAC_final(ctx, mac, &n, JOURNEY_MAC_LEN));
    check(n == JOURNEY_MAC_LEN);
}


static u_char
fuzz_key_number(unsigned key)
{
    u_char  mac[JOURNEY_MAC_LEN];

    fuzz_mac(key, "key", 3, mac);

    return mac[0];
}


static void
fuzz_init(void)
{
    int                fd;
    char               path[] = "/tmp/journey-fuzz-XXXXXX";
    FILE              *f;
    unsigned           i, n;
    journey_name_t    *clash;
    journey_codes_t   *codes;
    journey_error_t    err;
    journey_str_t      phases[][2] = {
        { journey_string("awareness"), journey_string("/blog/") },
        { journey_string("decision"), journey_string("/cart") },
        { journey_string("retention"), journey_string("/account") }
    };

    fd = mkstemp(path);
    check(fd != -1);
    f = fdopen(fd, "w");
    check(f != NULL);

    for (n = 0; n < 2; n++) {
        for (i = 0; i < JOURNEY_KEY_LEN; i++) {
            fprintf(f, "%02x", fuzz_secrets[n][i]);
        }

        fprintf(f, "\n");
    }

    check(fclose(f) == 0);

    fuzz_pool = journey_pool_create();
    check(fuzz_pool != NULL);

    fuzz_keys = journey_keys_load(fuzz_pool, path, &err);
    check(fuzz_keys != NULL);
    check(remove(path) == 0);

    /* else one key would answer for the other */
    check(fuzz_key_number(0) != fuzz_key_number(1));

    codes = journey_codes_create(fuzz_pool, 1);
    check(codes != NULL);

    fuzz_phases = journey_phases_create(fuzz_pool, codes);
    check(fuzz_phases != NULL);

    for (i = 0; i < 3; i++) {
        check(journey_phases_add(fuzz_phases, phases[i], 2, &err)
              == JOURNEY_OK);
    }

    check(journey_phases_finish(fuzz_phases, &err) == JOURNEY_OK);
    check(journey_codes_assign(codes, &clash) == 0);
}


static journey_token_e
fuzz_decode(const journey_str_t *name, const journey_str_t *token,
    uint32_t max_age, journey_state_t *state)
{
    size_t           i;
    journey_token_e  result;

    memset(state, 0x5a, sizeof(journey_state_t));

    result = journey_token_decode(fuzz_keys, name, token, NOW, max_age, state);

    check(result < JOURNEY_TOKEN_LAST);

    if (result == JOURNEY_TOKEN_MALFORMED || result == JOURNEY_TOKEN_FORGED) {
        for (i = 0; i < sizeof(journey_state_t); i++) {
            check(((u_char *) state)[i] == 0x5a);
        }
    }

    return result;
}


/* A state, written and read: the same; returns what the reading said. */

static journey_token_e
fuzz_write(const journey_state_t *state, uint32_t max_age, u_char *buf,
    journey_str_t *token)
{
    journey_state_t  back;
    journey_token_e  result;

    token->data = buf;
    token->len = journey_token_encode(fuzz_keys, &fuzz_name, state, buf);
    check(token->len > 0 && token->len <= JOURNEY_TOKEN_MAX);

    result = fuzz_decode(&fuzz_name, token, max_age, &back);

    check(result == JOURNEY_TOKEN_OK || result == JOURNEY_TOKEN_FUTURE
          || result == JOURNEY_TOKEN_EXPIRED);
    check(memcmp(state, &back, sizeof(journey_state_t)) == 0);

    return result;
}


static uint32_t
fuzz_uint(const u_char *p, unsigned bytes)
{
    uint32_t  n;

    for (n = 0; bytes > 0; bytes--) {
        n = n << 8 | *p++;
    }

    return n;
}


/* What has to be said of a payload that is signed. */

static journey_token_e
fuzz_expect(const fuzz_token_t *t, uint32_t max_age)
{
    size_t         channels;
    uint32_t       first_seen, latest;
    const u_char  *p = t->payload;

    if (t->size < FUZZ_FIXED || t->size > FUZZ_FIXED + JOURNEY_STATE_TOUCHES
        || p[0] != 1)
    {
        return JOURNEY_TOKEN_MALFORMED;
    }

    if (!t->known) {
        return JOURNEY_TOKEN_FORGED;
    }

    channels = fuzz_uint(p + 24, 3);

    if (t->size - FUZZ_FIXED
            != journey_min(channels, JOURNEY_STATE_TOUCHES)
        || fuzz_uint(p + 21, 3) == 0)
    {
        return JOURNEY_TOKEN_MALFORMED;
    }

    first_seen = fuzz_uint(p + 14, 4);
    latest = journey_max(first_seen, fuzz_uint(p + 27, 4));
    latest = journey_max(latest, fuzz_uint(p + 31, 4));

    if (latest > NOW && latest - NOW > JOURNEY_TOKEN_AHEAD) {
        return JOURNEY_TOKEN_FUTURE;
    }

    return (first_seen <= NOW && NOW - first_seen >= max_age)
           ? JOURNEY_TOKEN_EXPIRED : JOURNEY_TOKEN_OK;
}


/* The input as a payload, signed over the cookie's name. */

static void
fuzz_sign(fuzz_token_t *t, const uint8_t *data, size_t size, unsigned how)
{
    u_char  bytes[FUZZ_MAX + 8];

    t->size = size;
    memcpy(t->payload, data, size);
    t->key = how & 1;

    if (size > 1) {
        t->payload[0] = (how & 2) ? t->payload[0] : 1;
        t->payload[1] = (how & 4) ? t->payload[1] : fuzz_key_number(t->key);
        t->known = (t->payload[1] == fuzz_key_number(t->key));
    }

    memcpy(bytes, "jny", 4);
    memcpy(bytes + 4, t->payload, size);

    fuzz_mac(t->key, bytes, 4 + size, t->payload + size);

    t->token.data = t->text;
    t->token.len = journey_base64url_encode(t->text, t->payload,
                                            size + JOURNEY_MAC_LEN)
                   - t->text;
}


/* Hits of any kind and time, on a state of any kind. */

static void
fuzz_walk(journey_state_t *state, const uint8_t *data, size_t size)
{
    u_char           buf[JOURNEY_TOKEN_MAX];
    unsigned         n;
    journey_hit_t    hit;
    journey_str_t    token;
    journey_state_t  was;
    journey_event_t  event;

    for (n = 0; n < FUZZ_HITS && size >= 4; n++, data += 4, size -= 4) {
        was = *state;

        memset(&hit, 0, sizeof(journey_hit_t));
        hit.now = state->last_seen + (uint32_t) (int8_t) data[1] * 60;
        hit.timeout = (data[0] & 0x80) ? 1800 : data[3];
        hit.opens = data[0] & 1;
        hit.goal = (data[0] >> 1) & 1;
        hit.completes = (data[0] >> 2) & 1;
        hit.external = (data[0] >> 3) & 1;
        hit.channel = data[2];
        hit.hash = data[3] % 4;
        hit.phases = (data[0] & 0x10) ? fuzz_phases : NULL;
        hit.phase = journey_phases_at(fuzz_phases, (data[0] >> 5) & 3);

        event = journey_state_hit(state, &hit);

        check(state->journey <= FUZZ_NUMBER && state->session <= FUZZ_NUMBER
              && state->touches <= FUZZ_NUMBER);
        check(memcmp(state->id, was.id, JOURNEY_ID_LEN) == 0);
        check(state->first_seen == was.first_seen);
        check(state->session >= was.session && state->journey >= was.journey);

        check(event.changed == (memcmp(&was, state, sizeof(was)) != 0));
        check(!event.journey || event.session);
        check(!event.session || event.touch);
        check(!event.completed || state->completed);
        check(!event.ended || (hit.goal && !event.changed));
        check(!event.touch
              || (state->touches > 0 && state->touch_hash == hit.hash
                  && state->channels[journey_state_channels(state) - 1]
                     == hit.channel));

        /* the longest life has no end in these years */

        check(fuzz_write(state, UINT32_MAX, buf, &token)
              != JOURNEY_TOKEN_EXPIRED);
    }
}


static void
fuzz_signed(const uint8_t *data, size_t size)
{
    size_t           n;
    u_char           buf[JOURNEY_TOKEN_MAX], at, how;
    uint32_t         max_age;
    fuzz_token_t     t;
    journey_str_t    again;
    journey_state_t  state, back;
    journey_token_e  result;

    memset(&t, 0, sizeof(fuzz_token_t));

    how = data[0];
    at = data[1];
    max_age = (how & 8) ? 390 * 86400 : (uint32_t) data[2] << (at >> 5) * 4;
    data += 3;
    size -= 3;

    n = journey_min(size, (how & 0x80) ? 80
                          : FUZZ_FIXED + (size_t) (at & 31) % 17);

    fuzz_sign(&t, data, n, how);
    result = fuzz_decode(&fuzz_name, &t.token, max_age, &state);

    check(result == fuzz_expect(&t, max_age));

    if (result == JOURNEY_TOKEN_MALFORMED || result == JOURNEY_TOKEN_FORGED) {
        return;
    }

    /* the same from the key that signs, to the letter when it was that one */

    check(fuzz_write(&state, max_age, buf, &again) == result);
    check(again.len == t.token.len);
    check((journey_strcmp(&again, &t.token) == 0) == (t.key == 0));

    /* under another name, or changed in any character, it is none */

    check(fuzz_decode(&fuzz_other, &t.token, max_age, &back)
          == JOURNEY_TOKEN_FORGED);

    t.text[at % t.token.len] ^= (u_char) (how | 1);
    result = fuzz_decode(&fuzz_name, &t.token, max_age, &back);
    check(result == JOURNEY_TOKEN_MALFORMED || result == JOURNEY_TOKEN_FORGED);

    fuzz_walk(&state, data + n, size - n);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char           buf[JOURNEY_TOKEN_MAX];
    journey_str_t    token, again;
    journey_state_t  state;
    journey_token_e  result;

    if (fuzz_keys == NULL) {
        fuzz_init();
    }

    /* as a client's; some of the inputs that are kept are signed */

    token.data = (u_char *) data;
    token.len = size;

    result = fuzz_decode(&fuzz_name, &token, 1000001, &state);

    if (result != JOURNEY_TOKEN_MALFORMED && result != JOURNEY_TOKEN_FORGED) {
        check(fuzz_write(&state, 1000001, buf, &again) == result);
    }

    if (size >= 3) {
        fuzz_signed(data, journey_min(size, FUZZ_MAX));
    }

    return 0;
}
