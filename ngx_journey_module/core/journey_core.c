
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "journey_core.h"


#define JOURNEY_POOL_BLOCK  (64 * 1024)
#define JOURNEY_POOL_ALIGN  16


typedef struct journey_pool_block_s  journey_pool_block_t;

struct journey_pool_block_s {
    journey_pool_block_t    *next;
    u_char                  *last;
    u_char                  *end;
};


typedef struct journey_pool_cleanup_s  journey_pool_cleanup_t;

struct journey_pool_cleanup_s {
    journey_pool_cleanup_t  *next;
    void                   (*handler)(void *data);
    void                    *data;
};


struct journey_pool_s {
    journey_pool_block_t    *blocks;        /* the first is the current one */
    journey_pool_cleanup_t  *cleanup;
};


static void *journey_pool_block(journey_pool_t *pool, size_t size);


static const u_char  journey_base64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


int
journey_error(journey_error_t *err, const char *fmt, ...)
{
    va_list  args;

    if (err != NULL) {
        va_start(args, fmt);
        (void) vsnprintf(err->text, sizeof(err->text), fmt, args);
        va_end(args);
    }

    return JOURNEY_ERROR;
}


journey_pool_t *
journey_pool_create(void)
{
    return calloc(1, sizeof(journey_pool_t));
}


void
journey_pool_destroy(journey_pool_t *pool)
{
    journey_pool_block_t    *block, *next;
    journey_pool_cleanup_t  *cleanup;

    if (pool == NULL) {
        return;
    }

    /* the list itself lies in the blocks */

    for (cleanup = pool->cleanup; cleanup != NULL; cleanup = cleanup->next) {
        cleanup->handler(cleanup->data);
    }

    for (block = pool->blocks; block != NULL; block = next) {
        next = block->next;
        free(block);
    }

    free(pool);
}


void *
journey_palloc(journey_pool_t *pool, size_t size)
{
    u_char                *p;
    journey_pool_block_t  *block;

    if (size > SIZE_MAX / 2) {
        return NULL;
    }

    size = (size + JOURNEY_POOL_ALIGN - 1)
           & ~((size_t) JOURNEY_POOL_ALIGN - 1);

    block = pool->blocks;

    if (block != NULL && (size_t) (block->end - block->last) >= size) {
        p = block->last;
        block->last += size;
        return p;
    }

    return journey_pool_block(pool, size);
}


/* A piece that is larger than a block gets one of its own, behind the current
 * one, so that the rest of that one is not lost. */

static void *
journey_pool_block(journey_pool_t *pool, size_t size)
{
    size_t                 head;
    u_char                *p;
    journey_pool_block_t  *block;

    head = (sizeof(journey_pool_block_t) + JOURNEY_POOL_ALIGN - 1)
           & ~((size_t) JOURNEY_POOL_ALIGN - 1);

    block = malloc(head + journey_max(size, JOURNEY_POOL_BLOCK));
    if (block == NULL) {
        return NULL;
    }

    p = (u_char *) block + head;
    block->last = p + size;
    block->end = p + journey_max(size, JOURNEY_POOL_BLOCK);

    if (size >= JOURNEY_POOL_BLOCK && pool->blocks != NULL) {
        block->next = pool->blocks->next;
        pool->blocks->next = block;

    } else {
        block->next = pool->blocks;
        pool->blocks = block;
    }

    return p;
}


void *
journey_pcalloc(journey_pool_t *pool, size_t size)
{
    void  *p;

    p = journey_palloc(pool, size);

    if (p != NULL) {
        memset(p, 0, size);
    }

    return p;
}


journey_str_t
journey_pstrdup(journey_pool_t *pool, const u_char *data, size_t len)
{
    journey_str_t  copy;

    copy.len = 0;
    copy.data = journey_palloc(pool, len + 1);

    if (copy.data != NULL) {

        if (len > 0) {
            memcpy(copy.data, data, len);
        }

        copy.data[len] = '\0';
        copy.len = len;
    }

    return copy;
}


int
journey_pool_cleanup(journey_pool_t *pool, void (*handler)(void *data),
    void *data)
{
    journey_pool_cleanup_t  *cleanup;

    cleanup = journey_palloc(pool, sizeof(journey_pool_cleanup_t));
    if (cleanup == NULL) {
        return JOURNEY_ERROR;
    }

    cleanup->handler = handler;
    cleanup->data = data;
    cleanup->next = pool->cleanup;
    pool->cleanup = cleanup;

    return JOURNEY_OK;
}


int
journey_strcmp(const journey_str_t *a, const journey_str_t *b)
{
    int     rc;
    size_t  n;

    n = journey_min(a->len, b->len);
    rc = (n == 0) ? 0 : memcmp(a->data, b->data, n);

    if (rc != 0) {
        return rc;
    }

    return (a->len > b->len) - (a->len < b->len);
}


int
journey_str_equal_ci(const journey_str_t *a, const journey_str_t *b)
{
    size_t  i;

    if (a->len != b->len) {
        return 0;
    }

    for (i = 0; i < a->len; i++) {
        if (journey_tolower(a->data[i]) != journey_tolower(b->data[i])) {
            return 0;
        }
    }

    return 1;
}


uint32_t
journey_hash(const u_char *data, size_t len)
{
    return journey_hash_more(2166136261u, data, len);
}


uint32_t
journey_hash_more(uint32_t hash, const u_char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        hash = (hash ^ data[i]) * 16777619u;
    }

    return hash;
}


/*
 * Length of the UTF-8 character at data, 0 when there is none: no overlong
 * forms, no surrogates, nothing beyond U+10FFFF (RFC 3629, section 4).
 */

static size_t
journey_utf8_char(const u_char *data, size_t len)
{
    u_char  c, min, max;
    size_t  i, n;

    c = data[0];

    if (c < 0x80) {
        return 1;
    }

    min = 0x80;
    max = 0xbf;

    if (c >= 0xc2 && c <= 0xdf) {
        n = 2;

    } else if (c >= 0xe0 && c <= 0xef) {
        n = 3;
        min = (c == 0xe0) ? 0xa0 : min;
        max = (c == 0xed) ? 0x9f : max;

    } else if (c >= 0xf0 && c <= 0xf4) {
        n = 4;
        min = (c == 0xf0) ? 0x90 : min;
        max = (c == 0xf4) ? 0x8f : max;

    } else {
        return 0;
    }

    if (len < n || data[1] < min || data[1] > max) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((data[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


size_t
journey_utf8_cut(const u_char *data, size_t len, size_t max)
{
    size_t  n, back;

    if (len <= max) {
        return len;
    }

    /* a character that begins before max and ends behind it goes whole; a
     * byte that belongs to none is cut like any other */

    for (back = 1; back <= 3 && back <= max; back++) {
        n = journey_utf8_char(data + max - back, len - (max - back));

        if (n != 0) {
            return (n > back) ? max - back : max;
        }
    }

    return max;
}


size_t
journey_utf8_mend(u_char *data, size_t len)
{
    size_t  i, n, mended;

    mended = 0;

    for (i = 0; i < len; i += n) {
        n = journey_utf8_char(data + i, len - i);

        if (n == 0) {
            data[i] = '?';
            mended++;
            n = 1;
        }
    }

    return mended;
}


u_char *
journey_base64url_encode(u_char *dst, const u_char *src, size_t len)
{
    uint32_t  v;

    for ( /* void */ ; len >= 3; src += 3, len -= 3) {
        v = (uint32_t) src[0] << 16 | (uint32_t) src[1] << 8 | src[2];

        *dst++ = journey_base64url[v >> 18];
        *dst++ = journey_base64url[(v >> 12) & 63];
        *dst++ = journey_base64url[(v >> 6) & 63];
        *dst++ = journey_base64url[v & 63];
    }

    if (len == 1) {
        *dst++ = journey_base64url[src[0] >> 2];
        *dst++ = journey_base64url[(src[0] & 3) << 4];

    } else if (len == 2) {
        *dst++ = journey_base64url[src[0] >> 2];
        *dst++ = journey_base64url[(src[0] & 3) << 4 | src[1] >> 4];
        *dst++ = journey_base64url[(src[1] & 15) << 2];
    }

    return dst;
}


/*
 * The value of each character, moved to its place in a group of four, so that
 * a group is four look-ups; the highest bit marks a foreign character.
 */

#define JOURNEY_FOREIGN  0x80000000u

#define JOURNEY_X8(x)    x, x, x, x, x, x, x, x
#define JOURNEY_V4(v, s) (v) << (s), ((v) + 1u) << (s), ((v) + 2u) << (s),    \
                         ((v) + 3u) << (s)
#define JOURNEY_V26(v, s)                                                     \
    JOURNEY_V4(v, s), JOURNEY_V4(v + 4u, s), JOURNEY_V4(v + 8u, s),           \
    JOURNEY_V4(v + 12u, s), JOURNEY_V4(v + 16u, s), JOURNEY_V4(v + 20u, s),   \
    (v + 24u) << (s), (v + 25u) << (s)

#define JOURNEY_VALUES(s) {                                                   \
    JOURNEY_X8(JOURNEY_FOREIGN), JOURNEY_X8(JOURNEY_FOREIGN),                 \
    JOURNEY_X8(JOURNEY_FOREIGN), JOURNEY_X8(JOURNEY_FOREIGN),                 \
    JOURNEY_X8(JOURNEY_FOREIGN),                                              \
    JOURNEY_FOREIGN, JOURNEY_FOREIGN, JOURNEY_FOREIGN, JOURNEY_FOREIGN,       \
    JOURNEY_FOREIGN, 62u << (s), JOURNEY_FOREIGN, JOURNEY_FOREIGN,            \
    JOURNEY_V4(52u, s), JOURNEY_V4(56u, s), 60u << (s), 61u << (s),           \
    JOURNEY_FOREIGN, JOURNEY_FOREIGN, JOURNEY_FOREIGN, JOURNEY_FOREIGN,       \
    JOURNEY_FOREIGN, JOURNEY_FOREIGN, JOURNEY_FOREIGN,                        \
    JOURNEY_V26(0u, s),                                                       \
    JOURNEY_FOREIGN, JOURNEY_FOREIGN, JOURNEY_FOREIGN, JOURNEY_FOREIGN,       \
    63u << (s), JOURNEY_FOREIGN,                                              \
    JOURNEY_V26(26u, s),                                                      \
    JOURNEY_FOREIGN, JOURNEY_FOREIGN, JOURNEY_FOREIGN, JOURNEY_FOREIGN,       \
    JOURNEY_FOREIGN,                                                          \
    JOURNEY_X8(JOURNEY_X8(JOURNEY_FOREIGN)),                                  \
    JOURNEY_X8(JOURNEY_X8(JOURNEY_FOREIGN))                                   \
}

static const uint32_t  journey_base64url_values[4][256] = {
    JOURNEY_VALUES(18),
    JOURNEY_VALUES(12),
    JOURNEY_VALUES(6),
    JOURNEY_VALUES(0)
};


ssize_t
journey_base64url_decode(u_char *dst, const u_char *src, size_t len)
{
    int        bits;
    u_char    *p;
    size_t     i;
    uint32_t   v, seen;

    if (len % 4 == 1) {
        return -1;
    }

    p = dst;
    seen = 0;

    for ( /* void */ ; len >= 4; src += 4, len -= 4) {
        v = journey_base64url_values[0][src[0]]
            | journey_base64url_values[1][src[1]]
            | journey_base64url_values[2][src[2]]
            | journey_base64url_values[3][src[3]];

        seen |= v;

        p[0] = (u_char) (v >> 16);
        p[1] = (u_char) (v >> 8);
        p[2] = (u_char) v;
        p += 3;
    }

    v = 0;
    bits = 0;

    for (i = 0; i < len; i++) {
        seen |= journey_base64url_values[3][src[i]];

        v = v << 6 | (journey_base64url_values[3][src[i]] & 63);
        bits += 6;

        if (bits >= 8) {
            bits -= 8;
            *p++ = (u_char) (v >> bits);
        }
    }

    if ((seen & JOURNEY_FOREIGN) || (v & ((1u << bits) - 1))) {
        return -1;
    }

    return p - dst;
}


int
journey_hex_byte(const u_char *p)
{
    int     n;
    u_char  c;
    size_t  i;

    n = 0;

    for (i = 0; i < 2; i++) {
        c = journey_tolower(p[i]);

        if (c >= '0' && c <= '9') {
            n = n * 16 + (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            n = n * 16 + (c - 'a' + 10);

        } else {
            return -1;
        }
    }

    return n;
}


u_char *
journey_write_uint(u_char *dst, uint64_t n)
{
    u_char  *p, temp[20];
    size_t   len;

    p = temp + sizeof(temp);

    do {
        *--p = (u_char) (n % 10 + '0');
        n /= 10;
    } while (n != 0);

    len = temp + sizeof(temp) - p;
    memcpy(dst, p, len);

    return dst + len;
}
