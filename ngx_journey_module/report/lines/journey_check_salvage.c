
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_check_salvage.h"
#include "journey_gzip.h"

#include <errno.h>
#include <unistd.h>
#include <zlib.h>


#define JOURNEY_SALVAGE_PIECE  (64 * 1024)

/* So many NULs in a row are no data of a member, but blocks of a file that
 * were never written before the power went. */
#define JOURNEY_SALVAGE_NULS   64


static int
journey_salvage_line(void *ctx, const u_char *line, size_t len,
    const journey_error_t *err)
{
    journey_salvage_t  *salvage;

    salvage = ctx;

    if (salvage->good >= salvage->limit) {
        salvage->stopped = 1;
        return JOURNEY_ERROR;
    }

    if (err != NULL) {
        if (!salvage->bad) {
            salvage->bad = 1;
            salvage->good_before_bad = salvage->good;
        }

        return JOURNEY_OK;
    }

    salvage->good++;

    return salvage->handler == NULL ? JOURNEY_OK
           : salvage->handler(salvage->ctx, line, len);
}


/* At most size bytes at the offset; 0 at the end. */

static size_t
journey_salvage_read(journey_salvage_t *salvage, u_char *buf, size_t size,
    uint64_t offset)
{
    size_t   n;
    ssize_t  rc;

    for (n = 0; n < size; n += rc) {
        rc = pread(salvage->fd, buf + n, size - n, (off_t) (offset + n));

        if (rc == -1) {
            if (errno == EINTR) {
                rc = 0;
                continue;
            }

            salvage->error = errno;
            return 0;
        }

        if (rc == 0) {
            break;
        }
    }

    return n;
}


/* How many of n bytes come before a row of NULs.  NULs at their end, too few
 * to tell, are left for the next piece unless last is set. */

static size_t
journey_salvage_data(const u_char *buf, size_t n, unsigned last,
    unsigned *nuls)
{
    size_t         run;
    const u_char  *p, *end;

    *nuls = 0;
    end = buf + n;

    for (p = buf; p < end; p += run + 1) {
        p = memchr(p, '\0', end - p);

        if (p == NULL) {
            break;
        }

        for (run = 1; p + run < end && p[run] == '\0'; run++) {
            if (run + 1 == JOURNEY_SALVAGE_NULS) {
                *nuls = 1;
                return p - buf;
            }
        }

        if (p + run == end && !last) {
            return p - buf;
        }
    }

    return n;
}


/* Inflates what is in z->next_in; the code of zlib, or Z_ERRNO for that of
 * journey_check_lines_add(). */

static int
journey_salvage_inflate(journey_salvage_t *salvage, z_stream *z)
{
    int     rc;
    u_char  out[JOURNEY_SALVAGE_PIECE];

    do {
        z->next_out = out;
        z->avail_out = sizeof(out);

        rc = inflate(z, Z_NO_FLUSH);

        if (journey_check_lines_add(&salvage->lines, out,
                                    sizeof(out) - z->avail_out)
            != JOURNEY_OK)
        {
            return Z_ERRNO;
        }

    } while (rc == Z_OK);

    return rc;
}


/* One pass over the member. */

static int
journey_salvage_pass(journey_salvage_t *salvage, z_stream *z)
{
    int        rc;
    size_t     n, have;
    u_char     buf[JOURNEY_SALVAGE_PIECE];
    uint32_t   member;
    uint64_t   offset, end;
    unsigned   nuls;

    member = 0;
    offset = salvage->offset;
    end = offset + salvage->len;
    rc = Z_BUF_ERROR;
    nuls = 0;

    while (offset < end && !nuls && rc == Z_BUF_ERROR) {

        have = journey_salvage_read(salvage, buf,
                                    journey_min(sizeof(buf), end - offset),
                                    offset);
        if (have == 0) {
            break;
        }

        if (offset == salvage->offset) {
            (void) journey_gzip_header(buf, have, &member);
        }

        n = journey_salvage_data(buf, have, offset + have >= end
                                            || have < sizeof(buf), &nuls);

        z->next_in = buf;
        z->avail_in = (uInt) n;
        offset += n;

        rc = journey_salvage_inflate(salvage, z);

        if (rc == Z_ERRNO && salvage->stopped) {
            return JOURNEY_OK;
        }

        if (rc == Z_ERRNO || rc == Z_MEM_ERROR) {
            return JOURNEY_ERROR;
        }
    }

    /* what has all the bytes of a member and does not end with them has other
     * bytes */

    salvage->state = (rc == Z_STREAM_END) ? JOURNEY_SALVAGE_WHOLE
                     : (rc == Z_DATA_ERROR
                        || (member != 0 && member <= offset - salvage->offset))
                       ? JOURNEY_SALVAGE_CHANGED : JOURNEY_SALVAGE_CUT;

    return salvage->error ? JOURNEY_ERROR : JOURNEY_OK;
}


static int
journey_salvage_run(journey_salvage_t *salvage)
{
    int       rc;
    z_stream  z;

    salvage->good = 0;
    salvage->bad = 0;
    salvage->stopped = 0;
    salvage->error = 0;

    salvage->lines.handler = journey_salvage_line;
    salvage->lines.ctx = salvage;

    journey_check_lines_reset(&salvage->lines);

    memset(&z, 0, sizeof(z_stream));

    if (inflateInit2(&z, 15 + 16) != Z_OK) {
        return JOURNEY_ERROR;
    }

    rc = journey_check_lines_add(&salvage->lines, salvage->before.data,
                                 salvage->before.len);
    if (rc == JOURNEY_OK) {
        rc = journey_salvage_pass(salvage, &z);
    }

    (void) inflateEnd(&z);

    return rc;
}


int
journey_salvage_judge(journey_salvage_t *salvage)
{
    salvage->limit = UINT64_MAX;
    salvage->handler = NULL;

    if (journey_salvage_run(salvage) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    switch (salvage->state) {

    case JOURNEY_SALVAGE_WHOLE:
        salvage->nlines = salvage->good;
        break;

    case JOURNEY_SALVAGE_CUT:
        salvage->nlines = salvage->bad ? salvage->good_before_bad
                                       : salvage->good;
        break;

    default: /* JOURNEY_SALVAGE_CHANGED */
        salvage->nlines = 0;
    }

    return JOURNEY_OK;
}


int
journey_salvage_lines(journey_salvage_t *salvage, journey_salvage_pt handler,
    void *ctx)
{
    salvage->limit = salvage->nlines;
    salvage->handler = handler;
    salvage->ctx = ctx;

    return journey_salvage_run(salvage);
}


void
journey_salvage_free(journey_salvage_t *salvage)
{
    journey_check_lines_free(&salvage->lines);
}
