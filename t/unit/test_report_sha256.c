
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * SHA-256: the examples that NIST publishes, and every length around the ends
 * of blocks against libcrypto.
 */


#include "journey_sha256.h"

#include "tap.h"

#include <openssl/evp.h>
#include <stdlib.h>


static void
known(const char *text, const char *hex, const char *name)
{
    char      got[2 * JOURNEY_SHA256_LEN + 1];
    u_char    hash[JOURNEY_SHA256_LEN];
    unsigned  i;

    journey_sha256(hash, text, strlen(text));

    for (i = 0; i < JOURNEY_SHA256_LEN; i++) {
        (void) snprintf(got + 2 * i, 3, "%02x", hash[i]);
    }

    ok(strcmp(got, hex) == 0, "%s: %s", name, got);
}


int
main(void)
{
    char      base64[JOURNEY_SHA256_BASE64 + 1];
    u_char    hash[JOURNEY_SHA256_LEN], theirs[EVP_MAX_MD_SIZE];
    u_char    data[300], text[2 * EVP_MAX_MD_SIZE], *million;
    size_t    len;
    unsigned  n, wrong;

    known("", "e3b0c44298fc1c149afbf4c8996fb924"
          "27ae41e4649b934ca495991b7852b855", "nothing");
    known("abc", "ba7816bf8f01cfea414140de5dae2223"
          "b00361a396177a9cb410ff61f20015ad", "a block");
    known("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039"
          "a33ce45964ff2167f6ecedd419db06c1", "two blocks");

    for (len = 0; len < sizeof(data); len++) {
        data[len] = (u_char) (31 * len + 7);
    }

    wrong = 0;

    for (len = 0; len <= sizeof(data); len++) {
        journey_sha256(hash, data, len);
        journey_sha256_base64(base64, data, len);

        if (EVP_Digest(data, len, theirs, &n, EVP_sha256(), NULL) != 1
            || memcmp(hash, theirs, JOURNEY_SHA256_LEN) != 0
            || EVP_EncodeBlock(text, theirs, (int) n) != JOURNEY_SHA256_BASE64
            || strcmp((char *) text, base64) != 0)
        {
            wrong++;
        }
    }

    is_int(wrong, 0, "every length from 0 to 300, as libcrypto has it");

    million = malloc(1000000);

    if (million != NULL) {
        memset(million, 'a', 1000000);
        journey_sha256_base64(base64, million, 1000000);
        ok(strcmp(base64, "zcduXJkU+5KBocfihNc+Z/GAmkiklyAOBG05zMcRLNA=")
           == 0, "a million bytes: %s", base64);
        free(million);
    }

    return done();
}
