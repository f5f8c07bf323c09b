
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Where a redirect leads: what kind of target it is, what is added to it, and
 * signed links (design, section 5, journey_redirect).
 */


#ifndef JOURNEY_TARGET_H
#define JOURNEY_TARGET_H


#include "journey_token.h"


#define JOURNEY_TARGET_MAX       4096       /* bytes of a target */
#define JOURNEY_SIGNATURE_LEN    JOURNEY_KEYED_HASH_LEN


/*
 * A target taken apart.  host is in lower case, without a port and trailing
 * dots, and points into buf: do not copy.  The others point into the target;
 * args is raw, without "?", fragment with its "#".
 */

typedef struct {
    journey_str_t   host;                   /* len 0: a path of this host */
    journey_str_t   base;                   /* what stands before "?" */
    journey_str_t   args;
    journey_str_t   fragment;
    unsigned        query:1;                /* there is a "?" */
    u_char          buf[JOURNEY_HOST_MAX + 1];
} journey_target_t;


/*
 * JOURNEY_OK for an http or https URL with a well-formed host and without a
 * user's name, or a path that begins with one "/".  JOURNEY_DECLINED for all
 * else, above all for what browsers read in another way than it looks: "//",
 * a backslash anywhere before "?", blanks, control characters, other schemes,
 * "http:/x", an "@" in the authority; and beyond JOURNEY_TARGET_MAX bytes.
 */
int journey_target_parse(journey_target_t *target, const journey_str_t *url);

/*
 * Writes the target with those of args (raw, "a=1&b=2") added to its query
 * whose name it lacks; u, s and _jl are never added, nor are a name's
 * repetitions.  Names are compared decoded.  What would not be fit for a
 * header (blanks, control characters, bytes beyond ASCII, quotes, "<", ">",
 * "\\") is percent-encoded.  Returns the end; writes at most
 * journey_target_size() bytes.  Time is bounded: of args, and of the target's
 * query, the first 128 parameters count.
 */
u_char *journey_target_write(u_char *dst, const journey_target_t *target,
    const journey_str_t *args);
size_t journey_target_size(const journey_target_t *target,
    const journey_str_t *args);

/*
 * The first parameter of that name in args (raw), percent-decoded ("+" is a
 * blank) into buf, which has args->len bytes.  JOURNEY_DECLINED: none, or one
 * that holds a NUL.
 */
int journey_args_get(const journey_str_t *args, const char *name,
    journey_str_t *value, u_char *buf);


/* The signature of a link to url: SipHash-2-4-128 under the last key over
 * "link", NUL, url; its first 96 bits in base64url, JOURNEY_SIGNATURE_LEN
 * bytes at dst. */
int journey_link_sign(const journey_keys_t *keys, u_char *dst,
    const journey_str_t *url);

/* JOURNEY_OK when it is; in constant time.  Else JOURNEY_DECLINED. */
int journey_link_verify(const journey_keys_t *keys, const journey_str_t *url,
    const journey_str_t *signature);


#endif /* JOURNEY_TARGET_H */
