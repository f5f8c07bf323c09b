
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_sha256.h"


#define JOURNEY_SHA256_BLOCK  64

/* The first 32 bits of the fractional parts of the cube roots of the first 64
 * primes (FIPS 180-4, section 4.2.2). */

static const uint32_t  journey_sha256_k[JOURNEY_SHA256_BLOCK] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
    0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
    0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};


static uint32_t
journey_sha256_turn(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}


/* A block of 64 bytes (section 6.2.2). */

static void
journey_sha256_block(uint32_t *hash, const u_char *p)
{
    uint32_t  v[8], w[JOURNEY_SHA256_BLOCK], one, two;
    unsigned  i;

    for (i = 0; i < 16; i++, p += 4) {
        w[i] = (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
               | (uint32_t) p[2] << 8 | p[3];
    }

    for ( /* void */ ; i < JOURNEY_SHA256_BLOCK; i++) {
        one = journey_sha256_turn(w[i - 15], 7)
              ^ journey_sha256_turn(w[i - 15], 18) ^ w[i - 15] >> 3;
        two = journey_sha256_turn(w[i - 2], 17)
              ^ journey_sha256_turn(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + one + w[i - 7] + two;
    }

    memcpy(v, hash, sizeof(v));

    for (i = 0; i < JOURNEY_SHA256_BLOCK; i++) {
        one = v[7] + (journey_sha256_turn(v[4], 6)
                      ^ journey_sha256_turn(v[4], 11)
                      ^ journey_sha256_turn(v[4], 25))
              + ((v[4] & v[5]) ^ (~v[4] & v[6])) + journey_sha256_k[i] + w[i];
        two = (journey_sha256_turn(v[0], 2) ^ journey_sha256_turn(v[0], 13)
               ^ journey_sha256_turn(v[0], 22))
              + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

        memmove(v + 1, v, 7 * sizeof(uint32_t));
        v[4] += one;
        v[0] = one + two;
    }

    for (i = 0; i < 8; i++) {
        hash[i] += v[i];
    }
}


void
journey_sha256(u_char *dst, const void *data, size_t len)
{
    size_t         left;
    u_char         last[2 * JOURNEY_SHA256_BLOCK];
    uint64_t       bits;
    unsigned       i, n;
    const u_char  *p;

    uint32_t  hash[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
    };

    bits = (uint64_t) len * 8;

    for (p = data, left = len; left >= JOURNEY_SHA256_BLOCK;
         left -= JOURNEY_SHA256_BLOCK)
    {
        journey_sha256_block(hash, p);
        p += JOURNEY_SHA256_BLOCK;
    }

    /* the rest, a bit 1, and the length at the end of a block */

    n = (left + 9 <= JOURNEY_SHA256_BLOCK) ? JOURNEY_SHA256_BLOCK
                                           : 2 * JOURNEY_SHA256_BLOCK;
    memset(last, 0, sizeof(last));

    if (left != 0) {
        memcpy(last, p, left);
    }

    last[left] = 0x80;

    for (i = 0; i < 8; i++) {
        last[n - 1 - i] = (u_char) (bits >> 8 * i);
    }

    for (i = 0; i < n; i += JOURNEY_SHA256_BLOCK) {
        journey_sha256_block(hash, last + i);
    }

    for (i = 0; i < JOURNEY_SHA256_LEN; i++) {
        dst[i] = (u_char) (hash[i / 4] >> (24 - 8 * (i % 4)));
    }
}


void
journey_sha256_base64(char *dst, const void *data, size_t len)
{
    static const char  letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    u_char    hash[JOURNEY_SHA256_LEN + 1];
    uint32_t  bits;
    unsigned  i;

    journey_sha256(hash, data, len);
    hash[JOURNEY_SHA256_LEN] = 0;

    for (i = 0; i < JOURNEY_SHA256_LEN; i += 3) {
        bits = (uint32_t) hash[i] << 16 | (uint32_t) hash[i + 1] << 8
               | hash[i + 2];

        *dst++ = letters[bits >> 18];
        *dst++ = letters[bits >> 12 & 63];
        *dst++ = letters[bits >> 6 & 63];
        *dst++ = letters[bits & 63];
    }

    /* 32 bytes lack one to whole threes */

    dst[-1] = '=';
    *dst = '\0';
}
