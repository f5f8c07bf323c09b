
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A ring of lines in memory that outlives its writer.  One process appends
 * lines, packs the oldest ones and hands them to a file; when it dies at any
 * moment, the next one goes on with the same ring: nothing published is lost,
 * and nothing is handed over twice.  What can be seen from elsewhere changes
 * in single stores of 8 bytes.
 */


#ifndef JOURNEY_RING_H
#define JOURNEY_RING_H


#include "journey_core.h"


#define JOURNEY_RING_MAX    (1 << 24)   /* bytes of lines in a ring */


/* What is about to be appended to a file: written down first, so that a
 * successor can look whether it got there. */

typedef struct {
    uint64_t    dev;                    /* of the file */
    uint64_t    ino;
    uint64_t    offset;                 /* in the file, bytes */
    uint32_t    length;                 /* bytes there */
    uint8_t     trailer[8];             /* the last of them */

    uint32_t    pending;                /* 1: not known how it ended */

    uint32_t    tail;                   /* of the ring, once it is there */
    uint64_t    written;
    uint64_t    members;
    uint64_t    bytes;
} journey_ring_intent_t;

typedef struct {
    uint64_t    published;              /* lines so far, and the head */
    uint64_t    taken;                  /* lines dropped, and the tail */
    uint32_t    size;                   /* bytes of data */
    uint32_t    wrap;                   /* where lines end before they go on
                                           at the begin: head < tail only */
    uint64_t    written;                /* lines in a file */
    uint64_t    members;                /* appends */
    uint64_t    bytes;                  /* of these */

    journey_ring_intent_t  intent;
                                        /* data follows */
} journey_ring_t;

/* A place from where lines are read. */

typedef struct {
    uint32_t    pos;
    uint64_t    lines;                  /* that ended on the way here */
    uint64_t    read;                   /* bytes on the way here */
} journey_ring_cursor_t;


/* Bytes of memory, aligned to 8, that a ring of size bytes of lines takes. */
size_t journey_ring_memory(size_t size);

/* An empty ring; size is at most JOURNEY_RING_MAX. */
void journey_ring_init(journey_ring_t *ring, size_t size);

/* 1 if a dead process can have left it so; 0: it scribbled. */
int journey_ring_valid(const journey_ring_t *ring, size_t size);

/*
 * Room for size bytes in one piece, or NULL: as many lines are waiting.
 * publish ends a line there: last is behind its "\n".  The line counts from
 * this one store on.
 */
uint8_t *journey_ring_reserve(journey_ring_t *ring, size_t size);
void journey_ring_publish(journey_ring_t *ring, const uint8_t *last);

/* Drops the oldest line; 0 if there is none.  Cursors are void then. */
int journey_ring_drop(journey_ring_t *ring);

/* A cursor at the oldest line; there has to be one.  At most one cursor is in
 * use; it stays good while lines are published, until journey_ring_done() or
 * journey_ring_drop(). */
void journey_ring_start(journey_ring_t *ring, journey_ring_cursor_t *cursor);

/* The next bytes in one piece, at most max of them, and their number; the
 * cursor goes behind them.  0 at the end. */
size_t journey_ring_read(const journey_ring_t *ring,
    journey_ring_cursor_t *cursor, size_t max, const uint8_t **data);

/* The same, but up to the end of the line in which the cursor stands: 0 when
 * it stands between two lines. */
size_t journey_ring_read_line(const journey_ring_t *ring,
    journey_ring_cursor_t *cursor, const uint8_t **data);

/* Bytes that the cursor has before it. */
size_t journey_ring_unread(const journey_ring_t *ring,
    const journey_ring_cursor_t *cursor);

/*
 * The lines before the cursor (it stands between two) are about to be appended
 * to the file dev, ino at offset, as length bytes that end with trailer.
 * Afterwards comes done: they are there, the ring lets go of them; or undo:
 * they are not.  Both are also a successor's, who found intent.pending.
 */
void journey_ring_intend(journey_ring_t *ring,
    const journey_ring_cursor_t *cursor, uint64_t dev, uint64_t ino,
    uint64_t offset, uint32_t length, const uint8_t trailer[8]);
void journey_ring_done(journey_ring_t *ring);
void journey_ring_undo(journey_ring_t *ring);

/* With intent.pending: 1 if whoever died was on its way through done.  It knew
 * that they are there, wherever the file is now; undo would be wrong. */
int journey_ring_ending(const journey_ring_t *ring);

/* Numbers of lines: all that were published, dropped, and those that wait.
 * From another process too; then the last may be out by what just happens. */
uint64_t journey_ring_lines(const journey_ring_t *ring);
uint64_t journey_ring_dropped(const journey_ring_t *ring);
uint64_t journey_ring_waiting(const journey_ring_t *ring);


#endif /* JOURNEY_RING_H */
