
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_gzip.h"

#include <stdlib.h>
#include <zlib.h>

#if (JOURNEY_LIBDEFLATE)
#include <libdeflate.h>
#endif


#define JOURNEY_GZIP_HEADER   10
#define JOURNEY_GZIP_TRAILER  8
#define JOURNEY_GZIP_EXTRA    0x04      /* FLG.FEXTRA */
#define JOURNEY_GZIP_FLAGS    0xe0      /* bits of FLG that must be zero */
#define JOURNEY_GZIP_PIECE    (64 * 1024)


static const char  journey_gzip_short[] = "it is too short";
static const char  journey_gzip_damaged[] = "its data are damaged or cut";
static const char  journey_gzip_unfit[] = "its length does not fit";


struct journey_inflater_s {
    u_char                          *buf;
    size_t                           size;
#if (JOURNEY_LIBDEFLATE)
    struct libdeflate_decompressor  *decompressor;
#else
    z_stream                         stream;
#endif
};


static inline uint32_t
journey_gzip_uint32(const u_char *p)
{
    return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16
           | (uint32_t) p[3] << 24;
}


int
journey_gzip_header(const u_char *p, size_t len, uint32_t *member)
{
    size_t         n;
    const u_char  *last;

    static const u_char  magic[] = { 0x1f, 0x8b, 0x08 };

    *member = 0;
    n = journey_min(len, sizeof(magic));

    if (memcmp(p, magic, n) != 0
        || (len > 3 && (p[3] & JOURNEY_GZIP_FLAGS)))
    {
        return JOURNEY_DECLINED;
    }

    if (len < JOURNEY_GZIP_HEADER) {
        return JOURNEY_AGAIN;
    }

    if (!(p[3] & JOURNEY_GZIP_EXTRA)) {
        return JOURNEY_OK;
    }

    if (len < JOURNEY_GZIP_HEADER + 2) {
        return JOURNEY_AGAIN;
    }

    n = p[JOURNEY_GZIP_HEADER] | (size_t) p[JOURNEY_GZIP_HEADER + 1] << 8;
    p += JOURNEY_GZIP_HEADER + 2;

    if (len - JOURNEY_GZIP_HEADER - 2 < n) {
        return JOURNEY_AGAIN;
    }

    for (last = p + n; last - p >= 4; p += 4 + n) {
        n = p[2] | (size_t) p[3] << 8;

        if ((size_t) (last - p) - 4 < n) {
            break;
        }

        if (p[0] == 'J' && p[1] == 'L' && n == 4) {
            *member = journey_gzip_uint32(p + 4);
            break;
        }
    }

    return JOURNEY_OK;
}


journey_inflater_t *
journey_inflater_create(void)
{
    journey_inflater_t  *inflater;

    inflater = calloc(1, sizeof(journey_inflater_t));
    if (inflater == NULL) {
        return NULL;
    }

#if (JOURNEY_LIBDEFLATE)
    inflater->decompressor = libdeflate_alloc_decompressor();

    if (inflater->decompressor == NULL) {
        free(inflater);
        return NULL;
    }
#else
    if (inflateInit2(&inflater->stream, 15 + 16) != Z_OK) {
        free(inflater);
        return NULL;
    }
#endif

    return inflater;
}


void
journey_inflater_destroy(journey_inflater_t *inflater)
{
    if (inflater == NULL) {
        return;
    }

#if (JOURNEY_LIBDEFLATE)
    libdeflate_free_decompressor(inflater->decompressor);
#else
    (void) inflateEnd(&inflater->stream);
#endif

    free(inflater->buf);
    free(inflater);
}


#if (JOURNEY_LIBDEFLATE)

static const char *
journey_inflate_buffer(journey_inflater_t *inflater, const u_char *p,
    size_t len, size_t room, size_t *used)
{
    size_t                  out;
    enum libdeflate_result  rc;

    rc = libdeflate_gzip_decompress_ex(inflater->decompressor, p, len,
                                       inflater->buf, room, used, &out);

    if (rc == LIBDEFLATE_SUCCESS && out == room) {
        return NULL;
    }

    return rc == LIBDEFLATE_BAD_DATA ? journey_gzip_damaged
                                     : journey_gzip_unfit;
}

#else

static const char *
journey_inflate_buffer(journey_inflater_t *inflater, const u_char *p,
    size_t len, size_t room, size_t *used)
{
    int        rc;
    z_stream  *z;

    z = &inflater->stream;

    if (inflateReset(z) != Z_OK) {
        return "zlib failed";
    }

    z->next_in = (u_char *) p;
    z->avail_in = (uInt) len;
    z->next_out = inflater->buf;
    z->avail_out = (uInt) room;

    rc = inflate(z, Z_FINISH);

    *used = len - z->avail_in;

    if (rc == Z_STREAM_END && z->avail_out == 0) {
        return NULL;
    }

    return rc == Z_DATA_ERROR ? journey_gzip_damaged : journey_gzip_unfit;
}

#endif


/* What the member promises, or JOURNEY_LINES_MAX + 1 for what cannot be:
 * deflate makes at most 1032 bytes of one. */

static size_t
journey_gzip_room(const u_char *p, size_t len)
{
    size_t  room;

    room = journey_gzip_uint32(p + len - 4);

    return (room > JOURNEY_LINES_MAX || room / 1032 > len)
           ? JOURNEY_LINES_MAX + 1 : room;
}


const char *
journey_inflate(journey_inflater_t *inflater, const u_char *p, size_t len,
    journey_str_t *out)
{
    size_t       room, used;
    u_char      *buf;
    const char  *wrong;

    if (len < JOURNEY_GZIP_HEADER + JOURNEY_GZIP_TRAILER) {
        return journey_gzip_short;
    }

    room = journey_gzip_room(p, len);

    if (room > JOURNEY_LINES_MAX) {
        return journey_gzip_unfit;
    }

    if (room + 1 > inflater->size) {
        buf = realloc(inflater->buf, room + 1);
        if (buf == NULL) {
            return "there is no memory for it";
        }

        inflater->buf = buf;
        inflater->size = room + 1;
    }

    wrong = journey_inflate_buffer(inflater, p, len, room, &used);

    if (wrong != NULL) {
        return wrong;
    }

    if (used != len) {
        return journey_gzip_unfit;
    }

    out->data = inflater->buf;
    out->len = room;

    return NULL;
}


/* room is what the member promises: zlib compares it modulo 2^32. */

static const char *
journey_inflate_stream(const u_char *p, size_t len, size_t room,
    journey_inflate_pt handler, void *ctx)
{
    int       rc;
    size_t    n, sum;
    u_char    out[JOURNEY_GZIP_PIECE];
    z_stream  z;

    memset(&z, 0, sizeof(z_stream));

    if (inflateInit2(&z, 15 + 16) != Z_OK) {
        return "there is no memory for it";
    }

    z.next_in = (u_char *) p;
    z.avail_in = (uInt) len;
    sum = 0;

    do {
        z.next_out = out;
        z.avail_out = sizeof(out);

        rc = inflate(&z, Z_NO_FLUSH);
        n = sizeof(out) - z.avail_out;
        sum += n;

        if (handler != NULL && n != 0 && handler(ctx, out, n) != JOURNEY_OK) {
            (void) inflateEnd(&z);
            return "it could not be worked on";
        }

    } while (rc == Z_OK && sum <= room);

    n = z.avail_in;

    (void) inflateEnd(&z);

    return rc == Z_DATA_ERROR ? journey_gzip_damaged
           : (rc != Z_STREAM_END || n != 0) ? journey_gzip_unfit : NULL;
}


const char *
journey_inflate_pieces(journey_inflater_t *inflater, const u_char *p,
    size_t len, journey_inflate_pt handler, void *ctx)
{
    size_t          room;
    const char     *wrong;
    journey_str_t   out;

    if (len < JOURNEY_GZIP_HEADER + JOURNEY_GZIP_TRAILER) {
        return journey_gzip_short;
    }

    room = journey_gzip_room(p, len);

    if (room > JOURNEY_LINES_MAX) {
        return journey_gzip_unfit;
    }

    if (room > JOURNEY_LINES_SMALL) {
        return journey_inflate_stream(p, len, room, handler, ctx);
    }

    wrong = journey_inflate(inflater, p, len, &out);

    if (wrong == NULL && handler != NULL && out.len != 0
        && handler(ctx, out.data, out.len) != JOURNEY_OK)
    {
        return "it could not be worked on";
    }

    return wrong;
}
