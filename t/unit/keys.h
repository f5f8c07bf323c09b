
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Key files for the tests of keys and tokens.
 */


#ifndef JOURNEY_TEST_KEYS_H
#define JOURNEY_TEST_KEYS_H


#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "journey_token.h"


#define KEY1  "000102030405060708090a0b0c0d0e0f"
#define KEY2  "F0E1D2C3B4A5968778695A4B3C2D1E0F"
#define KEY3  "deadbeefdeadbeefdeadbeefdeadbeef"


/* Keys of a file with that text; NULL and the error's text else. */

static char             file[64];
static journey_error_t  error;


static inline journey_keys_t *
load_keys(journey_pool_t *pool, const char *text, size_t len)
{
    int              fd;
    journey_keys_t  *keys;

    (void) strcpy(file, "/tmp/test_keys.XXXXXX");
    fd = mkstemp(file);

    if (fd == -1 || write(fd, text, len) != (ssize_t) len) {
        printf("Bail out! cannot write %s\n", file);
        exit(1);
    }

    close(fd);

    error.text[0] = '\0';
    keys = journey_keys_load(pool, file, &error);

    unlink(file);

    return keys;
}


#endif /* JOURNEY_TEST_KEYS_H */
