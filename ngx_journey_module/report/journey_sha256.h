
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * SHA-256 (FIPS 180-4) of what is no secret, without an allocation: libcrypto's
 * needs many, and crashes within itself when one of them fails.
 */


#ifndef JOURNEY_SHA256_H
#define JOURNEY_SHA256_H


#include "journey_core.h"


#define JOURNEY_SHA256_LEN     32
#define JOURNEY_SHA256_BASE64  44       /* with its "=" (RFC 4648, section 4) */


/* The hash of len bytes; dst has JOURNEY_SHA256_LEN bytes. */
void journey_sha256(u_char *dst, const void *data, size_t len);

/* The same in base64, with padding; dst has JOURNEY_SHA256_BASE64 bytes and
 * one for the NUL. */
void journey_sha256_base64(char *dst, const void *data, size_t len);


#endif /* JOURNEY_SHA256_H */
