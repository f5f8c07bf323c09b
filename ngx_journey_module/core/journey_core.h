
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The ground that all of core/ stands on: strings, results, error texts and
 * the pool.  core/ knows nothing of nginx; it has no global state and does
 * no I/O but reading the rule files it is given.
 */


#ifndef JOURNEY_CORE_H
#define JOURNEY_CORE_H


#include <sys/types.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>


#define JOURNEY_OK         0
#define JOURNEY_ERROR     -1
#define JOURNEY_AGAIN     -2        /* once more; of input: with more bytes */
#define JOURNEY_DECLINED  -5        /* nothing found, not an error */

/* Longest value that is logged of a source, medium, campaign …, in bytes. */
#define JOURNEY_VALUE_MAX  100

/* Longest host name (RFC 1035). */
#define JOURNEY_HOST_MAX   255


/* Not terminated by a NUL; the layout of nginx's strings. */

typedef struct {
    size_t       len;
    u_char      *data;
} journey_str_t;

#define journey_string(text)     { sizeof(text) - 1, (u_char *) (text) }
#define journey_null_string      { 0, NULL }

#define journey_str_set(str, text)                                            \
    (str)->len = sizeof(text) - 1; (str)->data = (u_char *) (text)

#define journey_str_null(str)                                                 \
    (str)->len = 0; (str)->data = NULL

/* True when the journey_str_t equals the literal, to the letter. */
#define journey_str_is(str, text)                                             \
    ((str)->len == sizeof(text) - 1                                           \
     && memcmp((str)->data, text, sizeof(text) - 1) == 0)

#define journey_tolower(c)                                                    \
    (u_char) (((c) >= 'A' && (c) <= 'Z') ? ((c) | 0x20) : (c))

#define journey_min(a, b)  (((a) < (b)) ? (a) : (b))
#define journey_max(a, b)  (((a) > (b)) ? (a) : (b))


/*
 * The text of an error, for the operator.  It quotes the offending value and,
 * when it is about a rule file, ends in "in FILE:LINE".
 */

typedef struct {
    char         text[512];
} journey_error_t;


/* Formats into err->text (err may be NULL); returns JOURNEY_ERROR. */
int journey_error(journey_error_t *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


/*
 * A pool: memory that lives until the pool is destroyed.  Everything that
 * core/ loads (tables, rules, models, keys) is owned by the pool it was
 * created with.  Functions return NULL when memory is exhausted.
 */

typedef struct journey_pool_s  journey_pool_t;

journey_pool_t *journey_pool_create(void);
void journey_pool_destroy(journey_pool_t *pool);

/* 16-byte aligned. */
void *journey_palloc(journey_pool_t *pool, size_t size);
void *journey_pcalloc(journey_pool_t *pool, size_t size);

/* A copy of the string, with a NUL behind it; data is NULL on failure. */
journey_str_t journey_pstrdup(journey_pool_t *pool, const u_char *data,
    size_t len);

/* handler(data) runs at the pool's end, the latest added first. */
int journey_pool_cleanup(journey_pool_t *pool, void (*handler)(void *data),
    void *data);


/* Total order of strings: bytes, then length. */
int journey_strcmp(const journey_str_t *a, const journey_str_t *b);

/* 1 when equal without regard to the case of ASCII letters. */
int journey_str_equal_ci(const journey_str_t *a, const journey_str_t *b);

/* FNV-1a, 32 bits: tables, and the codes of names in tokens (fixed for ever). */
uint32_t journey_hash(const u_char *data, size_t len);

/* Continues a hash begun by journey_hash(). */
uint32_t journey_hash_more(uint32_t hash, const u_char *data, size_t len);

/* Length of the longest prefix of at most max bytes that cuts no UTF-8
 * character in two. */
size_t journey_utf8_cut(const u_char *data, size_t len, size_t max);

/* Replaces every byte that is no part of valid UTF-8 (RFC 3629) by '?', in
 * place; returns the number of bytes replaced. */
size_t journey_utf8_mend(u_char *data, size_t len);

/*
 * base64url without padding (RFC 4648, section 5).
 * encode: writes (len * 4 + 2) / 3 bytes, returns the end.
 * decode: writes at most len * 3 / 4 bytes to dst; returns the number
 * written, or -1 for a foreign character, an impossible length or bits that
 * are not zero where the encoding has none (so each value has one form).
 */
u_char *journey_base64url_encode(u_char *dst, const u_char *src, size_t len);
ssize_t journey_base64url_decode(u_char *dst, const u_char *src, size_t len);

/* The byte that two hexadecimal digits at p make, in either case; -1 when they
 * are none. */
int journey_hex_byte(const u_char *p);

/* Writes n in decimal, returns the end; at most 20 bytes. */
u_char *journey_write_uint(u_char *dst, uint64_t n);


#endif /* JOURNEY_CORE_H */
