
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * One gzip member (RFC 1952), made piece by piece, so that no turn of the
 * event loop compresses more than one piece.
 */


#ifndef NGX_HTTP_JOURNEY_MEMBER_H
#define NGX_HTTP_JOURNEY_MEMBER_H


#include <ngx_config.h>
#include <ngx_core.h>

#include <zlib.h>


/* Every member begins with these bytes, but for that of the level: magic,
 * deflate, FEXTRA; time 0; level; Unix; 8 bytes of extra field (section
 * 2.3.1.1): "JL", and in 4 bytes, little-endian, the length of the whole
 * member, so that readers find members without inflating. */

#define NGX_HTTP_JOURNEY_MEMBER_BEGIN                                         \
    "\x1f\x8b\x08\x04\0\0\0\0\0\x03\x08\0JL\x04\0"
#define NGX_HTTP_JOURNEY_MEMBER_LEVEL    8      /* where the level stands */
#define NGX_HTTP_JOURNEY_MEMBER_LENGTH   16     /* where the length does */
#define NGX_HTTP_JOURNEY_MEMBER_HEADER   20     /* bytes, the length's too */
#define NGX_HTTP_JOURNEY_MEMBER_TRAILER  8      /* CRC32 and ISIZE */


typedef struct {
    z_stream     z;
    gz_header    header;
    u_char       extra[8];
    u_char      *out;                   /* the member */
    size_t       size;                  /* room there */
    size_t       len;                   /* the member's length; 0: open */
    unsigned     ready:1;
} ngx_http_journey_member_t;


/* Memory for members of at most size bytes of lines; level is zlib's. */
ngx_int_t ngx_http_journey_member_init(ngx_http_journey_member_t *m,
    ngx_int_t level, size_t size);
void ngx_http_journey_member_free(ngx_http_journey_member_t *m);

/* Begins one; adds to it; ends it: out and len are good until the next begin.
 * An error is zlib's, and leaves the lines to a new begin. */
ngx_int_t ngx_http_journey_member_begin(ngx_http_journey_member_t *m);
ngx_int_t ngx_http_journey_member_add(ngx_http_journey_member_t *m,
    const u_char *data, size_t len);
ngx_int_t ngx_http_journey_member_end(ngx_http_journey_member_t *m);

/* The length that a member's header gives: of p, the first
 * NGX_HTTP_JOURNEY_MEMBER_HEADER bytes; 0 if that is no header. */
size_t ngx_http_journey_member_length(const u_char *p);

/* 1 if the len bytes at p can be a header's begin. */
ngx_uint_t ngx_http_journey_member_begins(const u_char *p, size_t len);


#endif /* NGX_HTTP_JOURNEY_MEMBER_H */
