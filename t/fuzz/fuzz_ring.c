
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The ring of lines: any order of appending, dropping, reading and writing to
 * a file, against a list of the lines' numbers, with a process that dies at
 * any step in which others could see it.  Its successor looks what the file
 * holds, as the log does, and goes on.  Every line that was published is in
 * the file once, or was dropped and counted, or waits; and a ring that was
 * scribbled on is refused or at least harms nobody.
 */


#include <setjmp.h>

static void fuzz_step(void);

#define JOURNEY_RING_STEP()  fuzz_step()

#include "journey_ring.c"

#include "fuzz.h"


#define FUZZ_LINES    256
#define FUZZ_LINE     40                /* bytes of a line, at most */
#define FUZZ_TRAILER  8
#define FUZZ_OP       4                 /* bytes of an operation */

enum { FUZZ_WAITS = 1, FUZZ_WRITTEN, FUZZ_DROPPED };


typedef struct {
    journey_ring_t         *ring;
    size_t                  size;

    uint8_t                 fate[FUZZ_LINES];
    uint8_t                 last[FUZZ_LINES];   /* of a member in the file */
    uint16_t                len[FUZZ_LINES];
    unsigned                nlines;     /* published */
    unsigned                oldest;     /* that waits */

    u_char                  file[FUZZ_LINES * (FUZZ_LINE + FUZZ_TRAILER)];
    size_t                  file_len;
    unsigned                nfile;      /* lines there */

    journey_ring_cursor_t   cursor;
    unsigned                open;       /* lines are being read */
    unsigned                from;       /* their first one */
    u_char                  member[FUZZ_LINES * FUZZ_LINE + FUZZ_TRAILER];
    size_t                  member_len;
} fuzz_t;


static fuzz_t    fuzz;
static jmp_buf   fuzz_death;
static unsigned  fuzz_lives;            /* steps left; 0: for ever */


static void
fuzz_step(void)
{
    if (fuzz_lives > 0 && --fuzz_lives == 0) {
        longjmp(fuzz_death, 1);
    }
}


/* The bytes of a line tell its number and length. */

static void
fuzz_line_write(u_char *p, unsigned n, size_t len)
{
    size_t  i;

    for (i = 0; i < len - 1; i++) {
        p[i] = (u_char) ('A' + (n * 7 + i * 3 + len) % 53);
    }

    p[len - 1] = '\n';
}


static const u_char *
fuzz_line_check(const u_char *p, const u_char *end, unsigned n)
{
    u_char  line[FUZZ_LINE];

    check((size_t) (end - p) >= fuzz.len[n]);

    fuzz_line_write(line, n, fuzz.len[n]);
    check(memcmp(p, line, fuzz.len[n]) == 0);

    return p + fuzz.len[n];
}


/* What the ring says of itself, and that every line has one place. */

static void
fuzz_check(void)
{
    size_t                   n, bytes;
    unsigned                 i, ndropped, nwritten;
    u_char                  *text;
    const u_char            *p;
    const uint8_t           *data;
    journey_ring_cursor_t    cursor;

    check(journey_ring_valid(fuzz.ring, fuzz.size));

    ndropped = 0;
    nwritten = 0;
    bytes = 0;

    for (i = 0; i < fuzz.nlines; i++) {
        ndropped += (fuzz.fate[i] == FUZZ_DROPPED);
        nwritten += (fuzz.fate[i] == FUZZ_WRITTEN);
        bytes += (fuzz.fate[i] == FUZZ_WAITS) ? fuzz.len[i] : 0;
        check(fuzz.fate[i] != FUZZ_WAITS || i >= fuzz.oldest);
        check(fuzz.fate[i] == FUZZ_WAITS || i < fuzz.oldest);
    }

    check(journey_ring_lines(fuzz.ring) == fuzz.nlines);
    check(journey_ring_dropped(fuzz.ring) == ndropped);
    check(fuzz.ring->written == nwritten);
    check(journey_ring_waiting(fuzz.ring)
          == fuzz.nlines - ndropped - nwritten);

    /* the waiting ones, from a cursor as it would be set */

    if (fuzz.open || fuzz.oldest == fuzz.nlines) {
        return;
    }

    text = malloc(bytes + 1);
    check(text != NULL);

    journey_ring_start(fuzz.ring, &cursor);
    check(journey_ring_unread(fuzz.ring, &cursor) == bytes);

    for (p = text; (n = journey_ring_read(fuzz.ring, &cursor, 13, &data)) > 0;
         p += n)
    {
        check(n <= bytes - (size_t) (p - text));
        memcpy((u_char *) p, data, n);
    }

    check((size_t) (p - text) == bytes && cursor.read == bytes);
    check(cursor.lines == fuzz.nlines - fuzz.oldest);

    for (p = text, i = fuzz.oldest; i < fuzz.nlines; i++) {
        p = fuzz_line_check(p, text + bytes, i);
    }

    free(text);
}


static void
fuzz_published(size_t len)
{
    fuzz.fate[fuzz.nlines] = FUZZ_WAITS;
    fuzz.len[fuzz.nlines] = (uint16_t) len;
    fuzz.nlines++;
}


static void
fuzz_dropped(void)
{
    fuzz.fate[fuzz.oldest++] = FUZZ_DROPPED;
    fuzz.open = 0;
}


/* Lines up to the cursor are in the file now. */

static void
fuzz_written(void)
{
    while (fuzz.oldest < fuzz.nlines
           && fuzz.ring->intent.written > fuzz.nfile)
    {
        fuzz.fate[fuzz.oldest++] = FUZZ_WRITTEN;
        fuzz.nfile++;
    }

    fuzz.last[fuzz.oldest - 1] = 1;
    check(fuzz.ring->intent.written == fuzz.nfile);
}


/* Room for more than the line needs, as a caller asks; what the line does not
 * use is written to and means nothing. */

static void
fuzz_append(size_t len, size_t more)
{
    uint8_t  *p;

    p = journey_ring_reserve(fuzz.ring, len + more);

    if (p == NULL) {
        check(fuzz.oldest < fuzz.nlines || len + more > fuzz.size);
        return;
    }

    check(p >= (uint8_t *) (fuzz.ring + 1)
          && p + len + more <= (uint8_t *) (fuzz.ring + 1) + fuzz.size);

    memset(p, '\n', len + more);
    fuzz_line_write(p, fuzz.nlines, len);
    fuzz.len[fuzz.nlines] = (uint16_t) len;

    journey_ring_publish(fuzz.ring, p + len);
    fuzz_published(len);
}


static void
fuzz_drop(void)
{
    if (journey_ring_drop(fuzz.ring)) {
        check(fuzz.oldest < fuzz.nlines);
        fuzz_dropped();

    } else {
        check(fuzz.oldest == fuzz.nlines);
    }
}


static void
fuzz_take(const uint8_t *data, size_t n)
{
    if (n == 0) {
        return;
    }

    check(n <= sizeof(fuzz.member) - FUZZ_TRAILER - fuzz.member_len);
    memcpy(fuzz.member + fuzz.member_len, data, n);
    fuzz.member_len += n;
}


static void
fuzz_read(size_t max)
{
    size_t          n;
    const uint8_t  *data;

    if (!fuzz.open) {
        if (fuzz.oldest == fuzz.nlines) {
            return;
        }

        journey_ring_start(fuzz.ring, &fuzz.cursor);
        fuzz.open = 1;
        fuzz.from = fuzz.oldest;
        fuzz.member_len = 0;
    }

    n = journey_ring_read(fuzz.ring, &fuzz.cursor, max, &data);
    check(n <= max);
    fuzz_take(data, n);
}


static size_t
fuzz_file_append(size_t n)
{
    check(n <= sizeof(fuzz.file) - fuzz.file_len);
    memcpy(fuzz.file + fuzz.file_len, fuzz.member, n);
    fuzz.file_len += n;

    return n;
}


/* What was read, to the end of its line, goes to the file: short bytes less
 * than all. */

static void
fuzz_flush(size_t less, unsigned dies)
{
    size_t          n, offset, length;
    u_char          trailer[FUZZ_TRAILER];
    const u_char   *p;
    const uint8_t  *data;
    unsigned        i;

    if (!fuzz.open) {
        return;
    }

    n = journey_ring_read_line(fuzz.ring, &fuzz.cursor, &data);
    fuzz_take(data, n);
    check(journey_ring_read_line(fuzz.ring, &fuzz.cursor, &data) == 0);

    for (p = fuzz.member, i = 0; i < fuzz.cursor.lines; i++) {
        p = fuzz_line_check(p, fuzz.member + fuzz.member_len, fuzz.from + i);
    }

    check(p == fuzz.member + fuzz.member_len);

    if (i == 0) {
        return;
    }

    memset(trailer, 0, sizeof(trailer));
    memcpy(trailer, &fuzz.cursor.lines, sizeof(uint32_t));
    memcpy(trailer + 4, &fuzz.from, sizeof(uint32_t));
    memcpy(fuzz.member + fuzz.member_len, trailer, sizeof(trailer));

    offset = fuzz.file_len;
    length = fuzz.member_len + FUZZ_TRAILER;
    less = journey_min(less, length);

    journey_ring_intend(fuzz.ring, &fuzz.cursor, 1, 2, offset,
                        (uint32_t) length, trailer);

    (void) fuzz_file_append(length - less);

    if (dies) {
        longjmp(fuzz_death, 1);
    }

    fuzz.open = 0;

    if (less > 0) {
        fuzz.file_len = offset;
        journey_ring_undo(fuzz.ring);
        return;
    }

    fuzz_written();
    journey_ring_done(fuzz.ring);
}


/* A successor: what it finds, and what it does about it.  It may die, too. */

static void
fuzz_succeed(void)
{
    size_t                  end;
    journey_ring_intent_t  *intent;

    fuzz.open = 0;
    check(journey_ring_valid(fuzz.ring, fuzz.size));

    if (journey_ring_lines(fuzz.ring) == fuzz.nlines + 1) {
        fuzz_published(fuzz.len[fuzz.nlines]);
    }

    check(journey_ring_lines(fuzz.ring) == fuzz.nlines);

    intent = &fuzz.ring->intent;

    if (intent->pending) {
        check(intent->dev == 1 && intent->ino == 2);
        end = intent->offset + intent->length;

        if (fuzz.file_len == end
            && memcmp(fuzz.file + end - FUZZ_TRAILER, intent->trailer,
                      FUZZ_TRAILER)
               == 0)
        {
            fuzz_written();
            journey_ring_done(fuzz.ring);

        } else {
            check(fuzz.file_len < end);
            fuzz.file_len = intent->offset;
            journey_ring_undo(fuzz.ring);
        }
    }
}


/* The oldest one may have been dropped right before a death. */

static void
fuzz_bury(uint64_t dropped)
{
    if (journey_ring_dropped(fuzz.ring) == dropped + 1) {
        fuzz_dropped();
    }

    check(journey_ring_dropped(fuzz.ring) <= dropped + 1);
}


/* A ring in which bytes are not what they were: refused, or used with care. */

static void
fuzz_scribble(unsigned at, unsigned value)
{
    int                      rc;
    size_t                   n;
    uint8_t                 *p;
    const uint8_t           *data;
    journey_ring_t          *ring;
    journey_ring_cursor_t    cursor;

    fuzz_lives = 0;

    ring = malloc(journey_ring_memory(fuzz.size));
    check(ring != NULL);
    memcpy(ring, fuzz.ring, journey_ring_memory(fuzz.size));

    ((uint8_t *) ring)[at % sizeof(journey_ring_t)] ^= (uint8_t) value;

    if (journey_ring_valid(ring, fuzz.size)) {

        if (ring->intent.pending) {
            if (value & 1) {
                journey_ring_done(ring);

            } else {
                journey_ring_undo(ring);
            }

            check(journey_ring_valid(ring, fuzz.size));
        }

        journey_ring_start(ring, &cursor);

        for (n = 0; n <= fuzz.size; n += rc) {
            rc = journey_ring_read(ring, &cursor, FUZZ_LINE, &data);

            if (rc == 0) {
                break;
            }
        }

        check(n <= fuzz.size);

        (void) journey_ring_read_line(ring, &cursor, &data);

        for (n = 0; journey_ring_drop(ring); n++) {
            check(n <= fuzz.size);
        }

        p = journey_ring_reserve(ring, fuzz.size / 2);

        if (p != NULL) {
            memset(p, '\n', fuzz.size / 2);
            journey_ring_publish(ring, p + 1);
        }
    }

    free(ring);
}


/* What is done, two numbers for it, and when to die. */

static void
fuzz_operate(const uint8_t *op)
{
    switch (op[0] % 8) {

    case 0:
    case 1:
    case 2:
        fuzz_append(1 + op[1] % FUZZ_LINE, op[2] & 0x80 ? op[2] & 0x7f : 0);
        break;

    case 3:
        fuzz_drop();
        break;

    case 4:
    case 5:
        fuzz_read(op[1]);
        break;

    case 6:
        fuzz_flush(op[1] & 0x80 ? 0 : op[1], op[2] & 1);
        break;

    default:
        fuzz_scribble(op[1], op[2]);
    }
}


/* The lines that are written, in their order, each member behind its own. */

static void
fuzz_check_file(void)
{
    unsigned       n;
    const u_char  *p, *end;

    p = fuzz.file;
    end = p + fuzz.file_len;

    for (n = 0; n < fuzz.nlines; n++) {
        if (fuzz.fate[n] == FUZZ_WRITTEN) {
            p = fuzz_line_check(p, end, n);
            p += fuzz.last[n] ? FUZZ_TRAILER : 0;
        }
    }

    check(p == end);
}


/* An operation, and when the process dies of it, its successor; who may die of
 * what it does about that. */

static void
fuzz_live(const uint8_t *op)
{
    uint64_t  dropped;

    dropped = journey_ring_dropped(fuzz.ring);
    fuzz_lives = op[3] % 16;

    if (setjmp(fuzz_death) == 0) {
        fuzz_operate(op);
        fuzz_lives = 0;
        return;
    }

    fuzz_bury(dropped);
    fuzz_lives = op[3] / 16;

    (void) setjmp(fuzz_death);

    fuzz_succeed();
    fuzz_lives = 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t  i;

    if (size < 1) {
        return 0;
    }

    memset(&fuzz, 0, sizeof(fuzz_t));

    fuzz.size = 1 + data[0];
    fuzz.ring = malloc(journey_ring_memory(fuzz.size));
    check(fuzz.ring != NULL);

    journey_ring_init(fuzz.ring, fuzz.size);

    for (i = 1; i + FUZZ_OP <= size && i < FUZZ_OP * FUZZ_LINES; i += FUZZ_OP)
    {
        fuzz_live(data + i);
        fuzz_check();
    }

    fuzz_check_file();

    free(fuzz.ring);

    return 0;
}
