
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "ngx_http_journey_member.h"


/* zlib's memLevel: lines are so alike that half the hash table of the default
 * finds the same matches, for fewer instructions. */

#define NGX_HTTP_JOURNEY_MEMBER_MEMORY  7


static ngx_int_t ngx_http_journey_member_deflate(ngx_http_journey_member_t *m,
    const u_char *data, size_t len, int flush);


ngx_int_t
ngx_http_journey_member_init(ngx_http_journey_member_t *m, ngx_int_t level,
    size_t size)
{
    ngx_memzero(m, sizeof(ngx_http_journey_member_t));

    if (deflateInit2(&m->z, (int) level, Z_DEFLATED, MAX_WBITS + 16,
                     NGX_HTTP_JOURNEY_MEMBER_MEMORY, Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        return NGX_ERROR;
    }

    m->size = deflateBound(&m->z, size) + NGX_HTTP_JOURNEY_MEMBER_HEADER;

    m->out = ngx_alloc(m->size, ngx_cycle->log);

    if (m->out == NULL) {
        (void) deflateEnd(&m->z);
        return NGX_ERROR;
    }

    m->ready = 1;

    return NGX_OK;
}


void
ngx_http_journey_member_free(ngx_http_journey_member_t *m)
{
    if (m->ready) {
        (void) deflateEnd(&m->z);
        ngx_free(m->out);
        m->ready = 0;
    }
}


ngx_int_t
ngx_http_journey_member_begin(ngx_http_journey_member_t *m)
{
    m->len = 0;

    ngx_memzero(&m->header, sizeof(gz_header));
    ngx_memcpy(m->extra, "JL\x04\0\0\0\0\0", sizeof(m->extra));

    m->header.os = 3;
    m->header.extra = m->extra;
    m->header.extra_len = sizeof(m->extra);

    if (deflateReset(&m->z) != Z_OK
        || deflateSetHeader(&m->z, &m->header) != Z_OK)
    {
        return NGX_ERROR;
    }

    m->z.next_out = m->out;
    m->z.avail_out = (uInt) m->size;

    return NGX_OK;
}


ngx_int_t
ngx_http_journey_member_add(ngx_http_journey_member_t *m, const u_char *data,
    size_t len)
{
    return ngx_http_journey_member_deflate(m, data, len, Z_NO_FLUSH);
}


ngx_int_t
ngx_http_journey_member_end(ngx_http_journey_member_t *m)
{
    u_char  *p;
    size_t   len;

    if (ngx_http_journey_member_deflate(m, NULL, 0, Z_FINISH) != NGX_OK) {
        return NGX_ERROR;
    }

    len = m->size - m->z.avail_out;
    p = m->out + NGX_HTTP_JOURNEY_MEMBER_LENGTH;

    p[0] = (u_char) len;
    p[1] = (u_char) (len >> 8);
    p[2] = (u_char) (len >> 16);
    p[3] = (u_char) (len >> 24);

    m->len = len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_member_deflate(ngx_http_journey_member_t *m,
    const u_char *data, size_t len, int flush)
{
    int  rc;

    m->z.next_in = (Bytef *) data;
    m->z.avail_in = (uInt) len;

    rc = deflate(&m->z, flush);

    if (flush == Z_FINISH) {
        return (rc == Z_STREAM_END) ? NGX_OK : NGX_ERROR;
    }

    return (rc == Z_OK && m->z.avail_in == 0) ? NGX_OK : NGX_ERROR;
}


size_t
ngx_http_journey_member_length(const u_char *p)
{
    if (!ngx_http_journey_member_begins(p, NGX_HTTP_JOURNEY_MEMBER_LENGTH)) {
        return 0;
    }

    p += NGX_HTTP_JOURNEY_MEMBER_LENGTH;

    return (size_t) p[0] | (size_t) p[1] << 8 | (size_t) p[2] << 16
           | (size_t) p[3] << 24;
}


ngx_uint_t
ngx_http_journey_member_begins(const u_char *p, size_t len)
{
    size_t         i;
    const u_char  *begin;

    begin = (u_char *) NGX_HTTP_JOURNEY_MEMBER_BEGIN;
    len = ngx_min(len, NGX_HTTP_JOURNEY_MEMBER_LENGTH);

    for (i = 0; i < len; i++) {
        if (p[i] != begin[i] && i != NGX_HTTP_JOURNEY_MEMBER_LEVEL) {
            return 0;
        }
    }

    return 1;
}
