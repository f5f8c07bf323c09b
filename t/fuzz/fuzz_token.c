
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Tokens: any bytes are read without harm and verify never; a state that is
 * written comes back; a token that is changed does not.
 */


#include "journey_token.h"

#include "fuzz.h"


#define NOW  1795321780u


static void
fuzz_state(journey_state_t *state, const uint8_t *data, size_t size)
{
    uint32_t  n;
    unsigned  i;
    u_char    bytes[64];

    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, data, journey_min(size, sizeof(bytes)));

    memset(state, 0, sizeof(journey_state_t));
    memcpy(state->id, bytes, JOURNEY_ID_LEN);

    memcpy(&n, bytes + 12, 4);
    state->first_seen = NOW - n % 1000000;

    memcpy(&n, bytes + 16, 4);
    state->journey = 1 + n % 0xffffff;

    memcpy(&n, bytes + 20, 4);
    state->session = 1 + n % 0xffffff;

    memcpy(&n, bytes + 24, 4);
    state->touches = (bytes[28] & 1) ? n % 20 : n & 0xffffff;

    state->session_start = NOW - bytes[29];
    state->last_seen = NOW + bytes[30];

    memcpy(&state->touch_hash, bytes + 31, 4);

    state->furthest = bytes[35];
    state->floor = bytes[36];
    state->completed = bytes[37] & 1;

    for (i = 0; i < journey_state_channels(state); i++) {
        state->channels[i] = bytes[38 + i];
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                  i, at;
    u_char                  buf[JOURNEY_TOKEN_MAX];
    journey_str_t           token;
    journey_state_t         state, back;
    journey_token_e         result;

    static u_char           key[JOURNEY_KEY_LEN] = { 1, 2, 3 };
    static journey_str_t    name = journey_string("jny");
    static journey_pool_t  *pool;
    static journey_keys_t  *keys;

    if (keys == NULL) {
        pool = journey_pool_create();
        check(pool != NULL);

        keys = journey_keys_create(pool, key, NULL);
        check(keys != NULL);
    }

    token.data = (u_char *) data;
    token.len = size;

    memset(&back, 0x5a, sizeof(journey_state_t));
    result = journey_token_decode(keys, &name, &token, NOW, 1000001, &back);

    check(result == JOURNEY_TOKEN_MALFORMED
          || result == JOURNEY_TOKEN_FORGED);

    for (i = 0; i < sizeof(journey_state_t); i++) {
        check(((u_char *) &back)[i] == 0x5a);
    }

    fuzz_state(&state, data, size);

    token.data = buf;
    token.len = journey_token_encode(keys, &name, &state, buf);
    check(token.len > 0 && token.len <= JOURNEY_TOKEN_MAX);

    check(journey_token_decode(keys, &name, &token, NOW, 1000001, &back)
          == JOURNEY_TOKEN_OK);
    check(memcmp(&state, &back, sizeof(journey_state_t)) == 0);

    if (size < 2 || data[1] == 0) {
        return 0;
    }

    at = data[0] % token.len;
    buf[at] ^= data[1];

    check(journey_token_decode(keys, &name, &token, NOW, 1000001, &back)
          != JOURNEY_TOKEN_OK);

    return 0;
}
