
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Of what is not complete nothing is kept but its place: a write that failed
 * half-way is taken back by who wrote it, and others write there.
 */


#define _GNU_SOURCE                     /* memrchr(), memmem() */

#include "journey_tail_file.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>


#define JOURNEY_TAIL_BLOCK    (64 * 1024)
#define JOURNEY_TAIL_LINE     (1024 * 1024)     /* longest line */
#define JOURNEY_TAIL_HEADER   (65536 + 32)      /* longest start of a member */
#define JOURNEY_TAIL_LOOK     64        /* bytes of a line that is looked for
                                           in the midst of something */
#define JOURNEY_TAIL_KEEP     (1024 * 1024)     /* a larger buffer is given
                                                   back */

/* Times that a damaged member is read anew before it is believed. */
#define JOURNEY_TAIL_SUSPECT  3

/* What a step found out. */
#define JOURNEY_TAIL_MORE     JOURNEY_OK
#define JOURNEY_TAIL_WAIT     JOURNEY_AGAIN


struct journey_tail_stream_s {
    z_stream   z;
    uint64_t   begin;
};


static const char  journey_tail_begin[] = "\n{\"";


void
journey_tail_file_init(journey_tail_file_t *file, int fd, uint64_t pos,
    unsigned exact)
{
    memset(file, 0, sizeof(journey_tail_file_t));

    file->fd = fd;
    file->pos = pos;
    file->lost = !exact;
}


static void
journey_tail_stream_end(journey_tail_file_t *file)
{
    if (file->stream != NULL) {
        (void) inflateEnd(&file->stream->z);
        free(file->stream);
        file->stream = NULL;
    }
}


void
journey_tail_file_free(journey_tail_file_t *file)
{
    journey_tail_stream_end(file);

    if (file->fd != -1) {
        (void) close(file->fd);
    }

    free(file->text);
}


void
journey_tail_reader_free(journey_tail_reader_t *reader)
{
    journey_inflater_destroy(reader->inflater);
    free(reader->buf);
}


/* Bytes of the file at the reader's buffer; fewer than len at its end. */

static size_t
journey_tail_pread(journey_tail_file_t *file, journey_tail_reader_t *reader,
    uint64_t pos, size_t len)
{
    size_t    have;
    u_char   *buf;
    ssize_t   n;

    if (len > reader->size) {
        buf = realloc(reader->buf, len);
        if (buf == NULL) {
            return 0;
        }

        reader->buf = buf;
        reader->size = len;
    }

    for (have = 0; have < len; have += n) {
        n = pread(file->fd, reader->buf + have, len - have,
                  (off_t) (pos + have));

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            break;
        }
    }

    return have;
}


static int
journey_tail_line(journey_tail_file_t *file, journey_tail_reader_t *reader,
    u_char *data, size_t len)
{
    journey_str_t  line;

    if (len > 0 && data[len - 1] == '\r') {
        len--;
    }

    if (len == 0) {
        return JOURNEY_OK;
    }

    line.data = data;
    line.len = len;

    return reader->line(reader->ctx, file, &line);
}


/* The lines of data; returns what is behind the last of them in *rest. */

static int
journey_tail_lines(journey_tail_file_t *file, journey_tail_reader_t *reader,
    u_char *data, size_t len, size_t *rest)
{
    u_char  *p, *end;

    end = data + len;

    for ( /* void */ ; data < end; data = p + 1) {
        p = memchr(data, '\n', end - data);

        if (p == NULL) {
            break;
        }

        if (file->skip) {
            file->skip = 0;
            continue;
        }

        if (journey_tail_line(file, reader, data, p - data) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    *rest = end - data;

    return JOURNEY_OK;
}


/* A line that is longer than any can be: the rest of it is passed over. */

static void
journey_tail_overlong(journey_tail_file_t *file,
    journey_tail_reader_t *reader)
{
    if (!file->skip) {
        reader->torn(reader->ctx, file, file->pos);
    }

    file->skip = 1;
}


/* Text that comes in pieces, which end anywhere. */

static int
journey_tail_text(journey_tail_file_t *file, journey_tail_reader_t *reader,
    const u_char *data, size_t len)
{
    size_t   size, rest;
    u_char  *text;

    if (len == 0) {
        return JOURNEY_OK;
    }

    if (file->len + len > file->room) {
        size = file->len + len + JOURNEY_TAIL_BLOCK;

        text = realloc(file->text, size);
        if (text == NULL) {
            return JOURNEY_ERROR;
        }

        file->text = text;
        file->room = size;
    }

    memcpy(file->text + file->len, data, len);
    file->len += len;

    if (journey_tail_lines(file, reader, file->text, file->len, &rest)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    if (rest > JOURNEY_TAIL_LINE) {
        journey_tail_overlong(file, reader);
    }

    if (file->skip) {
        rest = 0;
    }

    memmove(file->text, file->text + file->len - rest, rest);
    file->len = rest;

    return JOURNEY_OK;
}


/* The end of lines that nothing can continue. */

static int
journey_tail_text_end(journey_tail_file_t *file,
    journey_tail_reader_t *reader)
{
    int     rc;
    size_t  len;

    len = file->len;
    rc = (len == 0 || file->skip) ? JOURNEY_OK
         : journey_tail_line(file, reader, file->text, len);

    file->len = 0;
    file->skip = 0;

    return rc;
}


/* What is torn is passed over, without a word if nobody knows what begins
 * there. */

static int
journey_tail_lose(journey_tail_file_t *file, journey_tail_reader_t *reader)
{
    if (!file->lost) {
        reader->torn(reader->ctx, file, file->pos);
    }

    journey_tail_stream_end(file);

    file->lost = 1;
    file->len = 0;
    file->skip = 0;
    file->suspect = 0;
    file->pos++;

    return JOURNEY_TAIL_MORE;
}


/* The newline before what may be a line as it is; compressed bytes may look so,
 * but not for long. */

static u_char *
journey_tail_plain_begin(u_char *p, u_char *end)
{
    u_char  *q, *last;

    for ( /* void */ ; p < end; p++) {
        p = memmem(p, end - p, journey_tail_begin,
                   sizeof(journey_tail_begin) - 1);

        if (p == NULL) {
            return NULL;
        }

        last = journey_min(end, p + JOURNEY_TAIL_LOOK);

        for (q = p + 1; q < last && *q >= 0x20 && *q != 0x7f; q++) {
            /* void */
        }

        if (q == last || *q == '\n') {
            return p;
        }
    }

    return NULL;
}


/* To the next member that says its length, or to a plain line. */

static int
journey_tail_seek(journey_tail_file_t *file, journey_tail_reader_t *reader)
{
    int        rc;
    size_t     have;
    u_char    *p, *end, *line;
    uint32_t   member;

    have = journey_tail_pread(file, reader, file->pos, JOURNEY_TAIL_BLOCK);

    if (have == 0) {
        return JOURNEY_TAIL_WAIT;
    }

    end = reader->buf + have;
    line = journey_tail_plain_begin(reader->buf, end);

    for (p = reader->buf; p < end; p++) {
        p = memchr(p, 0x1f, end - p);

        if (p == NULL || (line != NULL && p > line)) {
            break;
        }

        rc = journey_gzip_header(p, end - p, &member);

        if (rc == JOURNEY_OK && member != 0) {
            file->pos += p - reader->buf;
            file->lost = 0;
            return JOURNEY_TAIL_MORE;
        }

        if (line != NULL) {
            continue;
        }

        if (rc == JOURNEY_AGAIN && p != reader->buf) {
            file->pos += p - reader->buf;
            return have == JOURNEY_TAIL_BLOCK ? JOURNEY_TAIL_MORE
                                              : JOURNEY_TAIL_WAIT;
        }

        if (rc == JOURNEY_AGAIN && have < JOURNEY_TAIL_BLOCK) {
            return JOURNEY_TAIL_WAIT;
        }
    }

    if (line != NULL) {
        file->pos += line + 1 - reader->buf;
        file->lost = 0;
        file->gzip = 0;
        return JOURNEY_TAIL_MORE;
    }

    /* a begin of a line may lie across two blocks */

    if (have < sizeof(journey_tail_begin)) {
        return JOURNEY_TAIL_WAIT;
    }

    file->pos += have - (sizeof(journey_tail_begin) - 2);

    return have == JOURNEY_TAIL_BLOCK ? JOURNEY_TAIL_MORE : JOURNEY_TAIL_WAIT;
}


/* 1 when a member of ours begins within the first n bytes of the buffer, but
 * not at once. */

static int
journey_tail_holds(journey_tail_reader_t *reader, size_t n)
{
    u_char    *p, *end;
    uint32_t   member;

    end = reader->buf + n;

    for (p = reader->buf + 1; p < end; p++) {
        p = memchr(p, 0x1f, end - p);

        if (p == NULL) {
            break;
        }

        if (journey_gzip_header(p, end - p, &member) == JOURNEY_OK
            && member != 0)
        {
            return 1;
        }
    }

    return 0;
}


typedef struct {
    journey_tail_file_t    *file;
    journey_tail_reader_t  *reader;
} journey_tail_pieces_t;


static int
journey_tail_piece(void *data, const u_char *text, size_t len)
{
    journey_tail_pieces_t  *pieces = data;

    return journey_tail_text(pieces->file, pieces->reader, text, len);
}


/* A member that says its length; it is judged before any of it is believed. */

static int
journey_tail_member(journey_tail_file_t *file, journey_tail_reader_t *reader,
    uint32_t member)
{
    size_t                  have;
    const char             *wrong;
    journey_tail_pieces_t   pieces;

    have = journey_tail_pread(file, reader, file->pos,
                              journey_min(member, file->size - file->pos));

    if (have < member) {

        /* cut, or not yet there?  Whoever writes behind it has the answer. */

        return journey_tail_holds(reader, have)
               ? journey_tail_lose(file, reader) : JOURNEY_TAIL_WAIT;
    }

    if (reader->inflater == NULL) {
        reader->inflater = journey_inflater_create();

        if (reader->inflater == NULL) {
            return JOURNEY_ERROR;
        }
    }

    wrong = journey_inflate_pieces(reader->inflater, reader->buf, member, NULL,
                                   NULL);

    if (wrong != NULL) {
        if (file->suspect++ < JOURNEY_TAIL_SUSPECT
            && !journey_tail_holds(reader, member))
        {
            return JOURNEY_TAIL_WAIT;
        }

        return journey_tail_lose(file, reader);
    }

    pieces.file = file;
    pieces.reader = reader;

    if (journey_tail_text_end(file, reader) != JOURNEY_OK
        || journey_inflate_pieces(reader->inflater, reader->buf, member,
                               journey_tail_piece, &pieces) != NULL
        || journey_tail_text_end(file, reader) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    file->pos += member;
    file->gzip = 1;

    return JOURNEY_TAIL_MORE;
}


/* A member without its length: what there is of it. */

static int
journey_tail_stream(journey_tail_file_t *file, journey_tail_reader_t *reader)
{
    int                     rc;
    size_t                  have;
    u_char                  out[JOURNEY_TAIL_BLOCK];
    z_stream               *z;
    journey_tail_stream_t  *stream;

    stream = file->stream;

    if (stream == NULL) {
        stream = calloc(1, sizeof(journey_tail_stream_t));
        if (stream == NULL) {
            return JOURNEY_ERROR;
        }

        if (inflateInit2(&stream->z, 15 + 16) != Z_OK) {
            free(stream);
            return JOURNEY_ERROR;
        }

        stream->begin = file->pos;
        file->stream = stream;
    }

    have = journey_tail_pread(file, reader, file->pos, JOURNEY_TAIL_BLOCK);

    if (have == 0) {
        return JOURNEY_TAIL_WAIT;
    }

    z = &stream->z;
    z->next_in = reader->buf;
    z->avail_in = (uInt) have;

    do {
        z->next_out = out;
        z->avail_out = sizeof(out);

        rc = inflate(z, Z_SYNC_FLUSH);

        if (journey_tail_text(file, reader, out, sizeof(out) - z->avail_out)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

    } while (rc == Z_OK && z->avail_out == 0);

    if (rc != Z_STREAM_END && rc != Z_OK && rc != Z_BUF_ERROR) {
        file->pos = stream->begin;
        return journey_tail_lose(file, reader);
    }

    file->pos += have - z->avail_in;
    file->gzip = 1;

    if (rc == Z_STREAM_END) {
        journey_tail_stream_end(file);
    }

    return JOURNEY_TAIL_MORE;
}


/* Lines as they are, up to a member or to what is no whole line yet. */

static int
journey_tail_plain(journey_tail_file_t *file, journey_tail_reader_t *reader)
{
    size_t   have, want, rest;
    u_char  *p;

    want = JOURNEY_TAIL_BLOCK;

    for ( ;; ) {
        have = journey_tail_pread(file, reader, file->pos, want);

        if (have != 0 && memrchr(reader->buf, '\n', have) != NULL) {
            break;
        }

        if (have < want) {
            return JOURNEY_TAIL_WAIT;
        }

        if (file->skip || want > JOURNEY_TAIL_LINE) {
            journey_tail_overlong(file, reader);
            file->gzip = 0;
            file->pos += have;
            return JOURNEY_TAIL_MORE;
        }

        want *= 2;
    }

    /* a 0x1f at the begin of a line is never in JSON */

    p = memmem(reader->buf, have, "\n\x1f", 2);

    if (p != NULL) {
        have = p + 1 - reader->buf;
    }

    if (journey_tail_lines(file, reader, reader->buf, have, &rest)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    file->pos += have - rest;
    file->gzip = 0;

    return JOURNEY_TAIL_MORE;
}


/* Whatever is at the file's place. */

static int
journey_tail_step(journey_tail_file_t *file, journey_tail_reader_t *reader)
{
    int        rc;
    size_t     have;
    u_char     c;
    uint32_t   member;

    if (file->stream != NULL) {
        return journey_tail_stream(file, reader);
    }

    if (file->lost) {
        return journey_tail_seek(file, reader);
    }

    if (file->skip && !file->gzip) {
        return journey_tail_plain(file, reader);
    }

    have = journey_tail_pread(file, reader, file->pos, 64);
    rc = journey_gzip_header(reader->buf, have, &member);

    if (rc == JOURNEY_AGAIN && have == 64) {
        have = journey_tail_pread(file, reader, file->pos,
                                  JOURNEY_TAIL_HEADER);
        rc = journey_gzip_header(reader->buf, have, &member);
    }

    if (have == 0) {
        return JOURNEY_TAIL_WAIT;
    }

    if (rc == JOURNEY_AGAIN) {
        return have < JOURNEY_TAIL_HEADER ? JOURNEY_TAIL_WAIT
                                          : journey_tail_lose(file, reader);
    }

    if (rc == JOURNEY_OK) {
        return (member != 0 && member <= JOURNEY_MEMBER_MAX)
               ? journey_tail_member(file, reader, member)
               : journey_tail_stream(file, reader);
    }

    c = reader->buf[0];

    if (c == '{' || c == '\n' || c == '\r' || file->pos == 0) {
        return journey_tail_text_end(file, reader) == JOURNEY_OK
               ? journey_tail_plain(file, reader) : JOURNEY_ERROR;
    }

    if (file->suspect++ < JOURNEY_TAIL_SUSPECT) {
        return JOURNEY_TAIL_WAIT;
    }

    return journey_tail_lose(file, reader);
}


/* From the begin, when the file was cut, or what was read is not what is there
 * now. */

static void
journey_tail_again(journey_tail_file_t *file, uint64_t size)
{
    int      fd;
    u_char  *text, mark[JOURNEY_TAIL_MARK];
    size_t   room;

    if (size >= file->pos
        && (file->nmark == 0
            || (pread(file->fd, mark, file->nmark,
                      (off_t) (file->pos - file->nmark))
                == (ssize_t) file->nmark
                && memcmp(mark, file->mark, file->nmark) == 0)))
    {
        return;
    }

    journey_tail_stream_end(file);

    fd = file->fd;
    text = file->text;
    room = file->room;

    journey_tail_file_init(file, fd, 0, 1);

    file->text = text;
    file->room = room;
}


int
journey_tail_file_read(journey_tail_file_t *file,
    journey_tail_reader_t *reader)
{
    int          rc;
    ssize_t      n;
    uint64_t     pos;
    struct stat  st;

    if (fstat(file->fd, &st) == -1) {
        return JOURNEY_OK;
    }

    journey_tail_again(file, (uint64_t) st.st_size);

    file->size = (uint64_t) st.st_size;
    pos = file->pos;

    do {
        rc = (file->pos < file->size) ? journey_tail_step(file, reader)
                                      : JOURNEY_TAIL_WAIT;

        if (file->pos != pos) {
            pos = file->pos;
            file->suspect = 0;
        }

    } while (rc == JOURNEY_TAIL_MORE);

    n = (ssize_t) journey_min(file->pos, JOURNEY_TAIL_MARK);
    n = pread(file->fd, file->mark, (size_t) n, (off_t) file->pos - n);
    file->nmark = (n > 0) ? (size_t) n : 0;

    if (reader->size > JOURNEY_TAIL_KEEP) {
        free(reader->buf);
        reader->buf = NULL;
        reader->size = 0;
    }

    return rc == JOURNEY_ERROR ? JOURNEY_ERROR : JOURNEY_OK;
}
