
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Keyed hashes and tokens.
 */


#include "journey_token.h"

#include "keys.h"
#include "tap.h"


#define NOW      1795321780u
#define MAX_AGE  (390 * 86400u)


static journey_pool_t  *pool;
static journey_str_t    name = journey_string("jny");
static uint64_t         seed = 0x6a6f75726e6579ull;


static uint32_t
rnd(void)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;

    return (uint32_t) (seed >> 33) ^ (uint32_t) (seed >> 21);
}


/* SipHash-2-4-128 after its paper, apart from libcrypto's. */

static uint64_t
rotl(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}


static void
sip_rounds(uint64_t v[4], unsigned n)
{
    while (n-- > 0) {
        v[0] += v[1];
        v[1] = rotl(v[1], 13) ^ v[0];
        v[0] = rotl(v[0], 32);

        v[2] += v[3];
        v[3] = rotl(v[3], 16) ^ v[2];

        v[0] += v[3];
        v[3] = rotl(v[3], 21) ^ v[0];

        v[2] += v[1];
        v[1] = rotl(v[1], 17) ^ v[2];
        v[2] = rotl(v[2], 32);
    }
}


static uint64_t
sip_load(const u_char *p, size_t len)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < len; i++) {
        n |= (uint64_t) p[i] << (8 * i);
    }

    return n;
}


static void
siphash(u_char out[16], const u_char key[16], const u_char *data, size_t len)
{
    size_t    i;
    uint64_t  m, v[4];

    v[0] = sip_load(key, 8) ^ 0x736f6d6570736575ull;
    v[1] = sip_load(key + 8, 8) ^ 0x646f72616e646f6dull ^ 0xee;
    v[2] = sip_load(key, 8) ^ 0x6c7967656e657261ull;
    v[3] = sip_load(key + 8, 8) ^ 0x7465646279746573ull;

    for (i = 0; i + 8 <= len; i += 8) {
        m = sip_load(data + i, 8);
        v[3] ^= m;
        sip_rounds(v, 2);
        v[0] ^= m;
    }

    m = sip_load(data + i, len - i) | (uint64_t) len << 56;
    v[3] ^= m;
    sip_rounds(v, 2);
    v[0] ^= m;

    v[2] ^= 0xee;
    sip_rounds(v, 4);
    m = v[0] ^ v[1] ^ v[2] ^ v[3];

    for (i = 0; i < 8; i++) {
        out[i] = (u_char) (m >> (8 * i));
    }

    v[1] ^= 0xdd;
    sip_rounds(v, 4);
    m = v[0] ^ v[1] ^ v[2] ^ v[3];

    for (i = 0; i < 8; i++) {
        out[8 + i] = (u_char) (m >> (8 * i));
    }
}


static void
random_bytes(u_char *p, size_t len)
{
    while (len-- > 0) {
        *p++ = (u_char) rnd();
    }
}


static void
random_state(journey_state_t *state)
{
    unsigned  i;

    memset(state, 0, sizeof(journey_state_t));

    random_bytes(state->id, JOURNEY_ID_LEN);

    state->first_seen = NOW - rnd() % (MAX_AGE - 1);
    state->journey = 1 + rnd() % 0xffffff;
    state->session = 1 + rnd() % 0xffffff;
    state->touches = (rnd() & 1) ? rnd() % 18 : 1 + rnd() % 0xffffff;
    state->session_start = NOW - rnd() % 10000;
    state->last_seen = NOW + JOURNEY_TOKEN_AHEAD - rnd() % 10000;
    state->touch_hash = rnd() << 16 ^ rnd();
    state->furthest = (uint8_t) rnd();
    state->floor = (uint8_t) rnd();
    state->completed = rnd() & 1;

    for (i = 0; i < journey_state_channels(state); i++) {
        state->channels[i] = (uint8_t) rnd();
    }
}


static journey_keys_t *
random_keys(void)
{
    u_char           key[JOURNEY_KEY_LEN];
    journey_keys_t  *keys;

    random_bytes(key, sizeof(key));

    keys = journey_keys_create(pool, key, NULL);

    if (keys == NULL) {
        printf("Bail out! no keys\n");
        exit(1);
    }

    return keys;
}


static journey_token_e
decode(const journey_keys_t *keys, const u_char *data, size_t len,
    uint32_t now, journey_state_t *state)
{
    journey_str_t  token;

    token.data = (u_char *) data;
    token.len = len;

    return journey_token_decode(keys, &name, &token, now, MAX_AGE, state);
}


static const u_char  key1[JOURNEY_KEY_LEN] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
};


static void
test_siphash(void)
{
    u_char           out[16], back[12], data[80];
    u_char           hash[JOURNEY_KEYED_HASH_LEN];
    size_t           len, same;
    journey_str_t    value;
    journey_keys_t  *keys;

    /* vectors of the reference implementation: the bytes 00, 01, 02 … under
     * the key 00 … 0f; the NUL behind an empty domain is the first of them */

    static const u_char  of_0[16] = {
        0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
        0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93
    };
    static const u_char  of_1[12] = {
        0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11
    };
    static const u_char  of_15[12] = {
        0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11, 0x7e, 0x08, 0xec, 0x0f
    };
    static const u_char  of_63[12] = {
        0x51, 0x50, 0xd1, 0x77, 0x2f, 0x50, 0x83, 0x4a, 0x50, 0x3e, 0x06, 0x9a
    };

    for (len = 0; len < sizeof(data); len++) {
        data[len] = (u_char) len;
    }

    siphash(out, key1, data, 0);
    ok(memcmp(out, of_0, 16) == 0, "the test's own SipHash is right");

    keys = journey_keys_create(pool, key1, NULL);

    value.data = NULL;
    value.len = 0;

    ok(journey_keyed_hash(keys, hash, "", &value) == JOURNEY_OK
       && journey_base64url_decode(back, hash, sizeof(hash)) == 12
       && memcmp(back, of_1, 12) == 0,
       "keyed hash: reference vector of 1 byte, for an empty value");

    value.data = data + 1;
    value.len = 14;

    ok(journey_keyed_hash(keys, hash, "", &value) == JOURNEY_OK
       && journey_base64url_decode(back, hash, sizeof(hash)) == 12
       && memcmp(back, of_15, 12) == 0, "reference vector of 15 bytes");

    value.len = 62;

    ok(journey_keyed_hash(keys, hash, "", &value) == JOURNEY_OK
       && journey_base64url_decode(back, hash, sizeof(hash)) == 12
       && memcmp(back, of_63, 12) == 0, "reference vector of 63 bytes");

    same = 0;

    for (len = 0; len < sizeof(data); len++) {
        value.len = len;
        siphash(out, key1, data, len + 1);

        if (len + 1 < sizeof(data)
            && journey_keyed_hash(keys, hash, "", &value) == JOURNEY_OK
            && journey_base64url_decode(back, hash, sizeof(hash)) == 12)
        {
            same += (memcmp(back, out, 12) == 0);
        }
    }

    is_int(same, sizeof(data) - 1, "keyed hash: every length up to 79 bytes");
}


static void
test_keyed_hash(void)
{
    u_char           a[16], b[16], out[16];
    u_char           text[] = "ord\0A-1001", back[12];
    journey_str_t    value = journey_string("A-1001");
    journey_str_t    shifted = journey_string("er\0A-1001");
    journey_keys_t  *keys, *two;

    keys = load_keys(pool, KEY1 "\n", 33);

    ok(keys != NULL, "one key");

    (void) journey_keyed_hash(keys, a, "ord", &value);
    siphash(out, key1, text, sizeof(text) - 1);

    ok(journey_base64url_decode(back, a, 16) == 12
       && memcmp(back, out, 12) == 0, "over domain, NUL, value; 96 bits");

    (void) journey_keyed_hash(keys, b, "u", &value);
    ok(memcmp(a, b, 16) != 0, "another domain, another hash");

    (void) journey_user_hash(keys, a, &value);
    ok(memcmp(a, b, 16) == 0, "a user's hash has the domain u");

    (void) journey_keyed_hash(keys, a, "ord", &value);

    (void) journey_keyed_hash(keys, b, "ord", &value);
    ok(memcmp(a, b, 16) == 0, "the same again, the same hash");

    /* "u" "ser" as if it were "user": the NUL parts them */

    (void) journey_keyed_hash(keys, a, "us", &shifted);
    (void) journey_keyed_hash(keys, b, "user", &value);
    ok(memcmp(a, b, 16) != 0, "a value cannot pass for a part of a domain");

    two = load_keys(pool, KEY3 "\n" KEY1 "\n", 66);

    (void) journey_keyed_hash(keys, a, "ord", &value);
    (void) journey_keyed_hash(two, b, "ord", &value);
    ok(memcmp(a, b, 16) == 0, "the last key keys it, whatever stands before");

    two = load_keys(pool, KEY1 "\n" KEY3 "\n", 66);

    (void) journey_keyed_hash(two, b, "ord", &value);
    ok(memcmp(a, b, 16) != 0, "another last key, another hash");
}


static void
test_round_trip(void)
{
    size_t           len, longest, i;
    u_char           buf[JOURNEY_TOKEN_MAX + 16];
    unsigned         n, good, letters, inside;
    journey_keys_t  *keys;
    journey_state_t  state, back;

    keys = random_keys();
    longest = 0;
    good = 0;
    letters = 0;
    inside = 0;

    for (n = 0; n < 20000; n++) {
        random_state(&state);
        memset(buf, '!', sizeof(buf));

        len = journey_token_encode(keys, &name, &state, buf);
        longest = journey_max(longest, len);

        for (i = 0; i < len; i++) {
            if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                       "0123456789-_", buf[i]) == NULL || buf[i] == '\0')
            {
                break;
            }
        }

        letters += (i == len);
        inside += (buf[len] == '!' && buf[JOURNEY_TOKEN_MAX] == '!');

        memset(&back, 0xa5, sizeof(journey_state_t));

        good += (len > 0
                 && decode(keys, buf, len, NOW, &back) == JOURNEY_TOKEN_OK
                 && memcmp(&state, &back, sizeof(journey_state_t)) == 0);
    }

    is_int(good, n, "20,000 random states come back");
    is_int(letters, n, "their tokens are base64url, without \",\"");
    is_int(inside, n, "nothing is written behind them");
    ok(longest <= JOURNEY_TOKEN_MAX && longest > 90,
       "the longest has %zu bytes", longest);
}


/* state is written when and only when the result says so. */

static int
untouched(const journey_state_t *state)
{
    size_t         i;
    const u_char  *p = (const u_char *) state;

    for (i = 0; i < sizeof(journey_state_t); i++) {
        if (p[i] != 0xa5) {
            return 0;
        }
    }

    return 1;
}


static void
test_damage(void)
{
    u_char           buf[JOURNEY_TOKEN_MAX], bad[JOURNEY_TOKEN_MAX + 200];
    u_char           raw[JOURNEY_TOKEN_MAX];
    size_t           len, i, size, refused, kept;
    unsigned         n, bit, tried;
    ssize_t          bytes;
    journey_keys_t  *keys;
    journey_token_e  result;
    journey_state_t  state, back;

    keys = random_keys();

    refused = 0;
    kept = 0;
    tried = 0;

    for (n = 0; n < 20; n++) {
        random_state(&state);
        len = journey_token_encode(keys, &name, &state, buf);

        /* of the bytes that were signed … */

        bytes = journey_base64url_decode(raw, buf, len);

        for (i = 0; i < (size_t) bytes; i++) {
            for (bit = 0; bit < 8; bit++) {
                raw[i] ^= 1 << bit;
                size = journey_base64url_encode(bad, raw, bytes) - bad;
                raw[i] ^= 1 << bit;

                memset(&back, 0xa5, sizeof(journey_state_t));
                result = decode(keys, bad, size, NOW, &back);

                tried++;
                refused += (result == JOURNEY_TOKEN_FORGED
                            || result == JOURNEY_TOKEN_MALFORMED);
                kept += untouched(&back);
            }
        }

        /* … and of the characters */

        for (i = 0; i < len; i++) {
            for (bit = 0; bit < 8; bit++) {
                memcpy(bad, buf, len);
                bad[i] ^= 1 << bit;

                memset(&back, 0xa5, sizeof(journey_state_t));
                result = decode(keys, bad, len, NOW, &back);

                tried++;
                refused += (result == JOURNEY_TOKEN_FORGED
                            || result == JOURNEY_TOKEN_MALFORMED);
                kept += untouched(&back);
            }
        }
    }

    ok(tried > 20000, "%u single bits were flipped", tried);
    is_int(refused, tried, "every flip is refused");
    is_int(kept, tried, "and leaves the state alone");

    refused = 0;

    for (i = 0; i < len; i++) {
        refused += (decode(keys, buf, i, NOW, &back) != JOURNEY_TOKEN_OK);
        refused += (decode(keys, buf + i + 1, len - i - 1, NOW, &back)
                    != JOURNEY_TOKEN_OK);
    }

    is_int(refused, 2 * len, "cut at its end or start, it is refused");

    refused = 0;

    for (i = 0; i < 200; i++) {
        memcpy(bad, buf, len);
        memset(bad + len, "A=-, "[i % 5], i + 1);
        refused += (decode(keys, bad, journey_min(len + i + 1, sizeof(bad)),
                           NOW, &back) != JOURNEY_TOKEN_OK);
    }

    is_int(refused, 200, "so it is with something behind it");

    memset(bad, 'A', sizeof(bad));

    for (i = 0; i <= sizeof(bad); i++) {
        memset(&back, 0xa5, sizeof(journey_state_t));
        result = decode(keys, bad, i, NOW, &back);

        if (result != JOURNEY_TOKEN_MALFORMED || !untouched(&back)) {
            break;
        }
    }

    is_int(i, sizeof(bad) + 1, "zeros of any length to 340 are malformed");

    is_int(decode(keys, NULL, 0, NOW, &back), JOURNEY_TOKEN_MALFORMED,
           "an empty token is malformed");

    /* exactly the allocation, so that a sanitizer sees a byte behind it */

    for (i = 139; i <= 142; i++) {
        u_char  *exact;

        exact = malloc(i);
        memset(exact, 'A', i);
        exact[1] = 'Q';
        is_int(decode(keys, exact, i, NOW, &back), JOURNEY_TOKEN_MALFORMED,
               "a token around 140 bytes");
        free(exact);
    }
}


/* What carries our signature and makes no sense is no state. */

static void
test_senseless(void)
{
    size_t           len, i;
    u_char           buf[JOURNEY_TOKEN_MAX], raw[JOURNEY_TOKEN_MAX];
    u_char           text[JOURNEY_TOKEN_MAX];
    ssize_t          bytes;
    journey_keys_t  *keys;
    journey_state_t  state, back;

    keys = journey_keys_create(pool, key1, NULL);

    random_state(&state);
    state.session = 0;

    len = journey_token_encode(keys, &name, &state, buf);
    memset(&back, 0xa5, sizeof(journey_state_t));

    is_int(decode(keys, buf, len, NOW, &back), JOURNEY_TOKEN_MALFORMED,
           "signed, but without a session: malformed");
    ok(untouched(&back), "and the state is not written");

    /* three touches, two channels; signed by the test's own SipHash */

    random_state(&state);
    state.touches = 3;
    memset(state.channels + 3, 0, sizeof(state.channels) - 3);

    len = journey_token_encode(keys, &name, &state, buf);
    bytes = journey_base64url_decode(raw, buf, len) - JOURNEY_MAC_LEN;

    memcpy(text, "jny", 4);
    memcpy(text + 4, raw, bytes);
    siphash(raw + bytes, key1, text, 4 + bytes);

    i = journey_base64url_encode(buf, raw, bytes + 16) - buf;
    is_int(decode(keys, buf, i, NOW, &back), JOURNEY_TOKEN_OK,
           "the MAC is over name, NUL, version and payload");
    ok(memcmp(&back, &state, sizeof(journey_state_t)) == 0,
       "and what it holds is the state");

    siphash(raw + bytes - 1, key1, text, 4 + bytes - 1);
    i = journey_base64url_encode(buf, raw, bytes - 1 + 16) - buf;
    memset(&back, 0xa5, sizeof(journey_state_t));

    is_int(decode(keys, buf, i, NOW, &back), JOURNEY_TOKEN_MALFORMED,
           "signed, but with a channel too few: malformed");
    ok(untouched(&back), "and the state is not written");

    text[4] = 2;
    memcpy(raw, text + 4, bytes);
    siphash(raw + bytes, key1, text, 4 + bytes);
    i = journey_base64url_encode(buf, raw, bytes + 16) - buf;

    is_int(decode(keys, buf, i, NOW, &back), JOURNEY_TOKEN_MALFORMED,
           "signed, but of another version: malformed");
}


static void
test_names_and_keys(void)
{
    size_t           len, n1, n2;
    u_char           buf[JOURNEY_TOKEN_MAX], other[JOURNEY_TOKEN_MAX];
    journey_str_t    token, jny2 = journey_string("jny2");
    journey_str_t    jn = journey_string("jn");
    journey_keys_t  *k1, *k2, *k21, *k12, *k3;
    journey_state_t  state, back;

    random_state(&state);

    k1 = load_keys(pool, KEY1 "\n", 33);
    k2 = load_keys(pool, KEY2 "\n", 33);
    k21 = load_keys(pool, KEY2 "\n" KEY1 "\n", 66);
    k12 = load_keys(pool, KEY1 "\n" KEY2 "\n", 66);
    k3 = load_keys(pool, KEY3 "\n" KEY2 "\n", 66);

    len = journey_token_encode(k1, &name, &state, buf);
    token.data = buf;
    token.len = len;

    is_int(journey_token_decode(k1, &jny2, &token, NOW, MAX_AGE, &back),
           JOURNEY_TOKEN_FORGED, "another cookie's name is refused");
    is_int(journey_token_decode(k1, &jn, &token, NOW, MAX_AGE, &back),
           JOURNEY_TOKEN_FORGED, "so is a part of the name");
    is_int(decode(k2, buf, len, NOW, &back), JOURNEY_TOKEN_FORGED,
           "a foreign key is refused");
    is_int(decode(random_keys(), buf, len, NOW, &back), JOURNEY_TOKEN_FORGED,
           "so is any other");

    is_int(decode(k21, buf, len, NOW, &back), JOURNEY_TOKEN_OK,
           "a new key came first: the old one verifies still");
    ok(memcmp(&back, &state, sizeof(journey_state_t)) == 0,
       "and the state is the same");

    n1 = journey_token_encode(k21, &name, &state, other);
    is_int(decode(k2, other, n1, NOW, &back), JOURNEY_TOKEN_OK,
           "the first key signs");
    is_int(decode(k1, other, n1, NOW, &back), JOURNEY_TOKEN_FORGED,
           "and no other");

    n2 = journey_token_encode(k12, &name, &state, other);
    ok(n2 == len && memcmp(other, buf, len) == 0,
       "the same state, name and key make the same token");

    is_int(decode(k3, buf, len, NOW, &back), JOURNEY_TOKEN_FORGED,
           "a key that was removed verifies no more");
}


/* Two keys whose number, one byte, is the same. */

static void
test_key_number(void)
{
    int              fd;
    char             text[2][33];
    u_char           key[2][16], mac[16], buf[JOURNEY_TOKEN_MAX], raw[4];
    size_t           len;
    unsigned         i;
    journey_keys_t  *keys, *second;
    journey_state_t  state, back;

    random_bytes(key[0], 16);
    siphash(mac, key[0], (u_char *) "key", 3);
    fd = mac[0];

    do {
        random_bytes(key[1], 16);
        siphash(mac, key[1], (u_char *) "key", 3);
    } while (mac[0] != fd);

    for (i = 0; i < 16; i++) {
        (void) sprintf(&text[0][2 * i], "%02x", key[0][i]);
        (void) sprintf(&text[1][2 * i], "%02X", key[1][i]);
    }

    text[0][32] = '\n';
    keys = load_keys(pool, text[0], 65);
    second = journey_keys_create(pool, key[1], NULL);

    random_state(&state);
    len = journey_token_encode(second, &name, &state, buf);

    (void) journey_base64url_decode(raw, buf, 4);
    is_int(raw[1], fd, "the key's number is SipHash's first byte of \"key\"");

    is_int(decode(keys, buf, len, NOW, &back), JOURNEY_TOKEN_OK,
           "of two keys with one number, the second verifies");

    len = journey_token_encode(keys, &name, &state, buf);
    is_int(decode(keys, buf, len, NOW, &back), JOURNEY_TOKEN_OK,
           "and the first");
    is_int(decode(second, buf, len, NOW, &back), JOURNEY_TOKEN_FORGED,
           "and the number alone is no proof");
}


static void
test_times(void)
{
    size_t           len;
    u_char           buf[JOURNEY_TOKEN_MAX];
    unsigned         i;
    uint32_t        *field;
    journey_keys_t  *keys;
    journey_state_t  state, back;

    keys = random_keys();

    for (i = 0; i < 3; i++) {
        random_state(&state);
        state.first_seen = NOW - 100;
        state.session_start = NOW - 100;
        state.last_seen = NOW - 100;

        field = (i == 0) ? &state.first_seen
                         : (i == 1) ? &state.session_start : &state.last_seen;

        *field = NOW + 300;
        len = journey_token_encode(keys, &name, &state, buf);
        is_int(decode(keys, buf, len, NOW, &back), JOURNEY_TOKEN_OK,
               "dated 300 s ahead: valid");

        *field = NOW + 301;
        len = journey_token_encode(keys, &name, &state, buf);
        memset(&back, 0xa5, sizeof(journey_state_t));
        is_int(decode(keys, buf, len, NOW, &back), JOURNEY_TOKEN_FUTURE,
               "dated 301 s ahead: future");
        ok(memcmp(&back, &state, sizeof(journey_state_t)) == 0,
           "and the state is written");
    }

    random_state(&state);
    state.first_seen = NOW - MAX_AGE + 1;
    state.last_seen = NOW;
    len = journey_token_encode(keys, &name, &state, buf);

    is_int(decode(keys, buf, len, NOW, &back), JOURNEY_TOKEN_OK,
           "a second before max_age: valid");

    memset(&back, 0xa5, sizeof(journey_state_t));
    is_int(decode(keys, buf, len, NOW + 1, &back), JOURNEY_TOKEN_EXPIRED,
           "at max_age after first seen, though last seen today: expired");
    ok(memcmp(&back, &state, sizeof(journey_state_t)) == 0,
       "and the state is written");

    /* no sum may wrap */

    state.first_seen = 0xffffffff - 10;
    state.session_start = 0xffffffff - 10;
    state.last_seen = 0xffffffff;
    len = journey_token_encode(keys, &name, &state, buf);

    is_int(decode(keys, buf, len, 0xffffffff, &back), JOURNEY_TOKEN_OK,
           "at the end of 32 bits: valid");
    is_int(decode(keys, buf, len, 5, &back), JOURNEY_TOKEN_FUTURE,
           "at their start: future");
}


int
main(void)
{
    pool = journey_pool_create();

    test_siphash();
    test_keyed_hash();
    test_round_trip();
    test_damage();
    test_senseless();
    test_names_and_keys();
    test_key_number();
    test_times();

    is_str(*journey_token_result(JOURNEY_TOKEN_OK), "valid", "valid");
    is_str(*journey_token_result(JOURNEY_TOKEN_MALFORMED), "malformed",
           "malformed");
    is_str(*journey_token_result(JOURNEY_TOKEN_FORGED), "forged", "forged");
    is_str(*journey_token_result(JOURNEY_TOKEN_FUTURE), "future", "future");
    is_str(*journey_token_result(JOURNEY_TOKEN_EXPIRED), "expired",
           "expired");

    journey_pool_destroy(pool);

    return done();
}
