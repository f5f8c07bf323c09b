
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The ring of lines where a process died between two stores, and a cursor
 * that has just gone on at the begin.
 */


#include <stdlib.h>

#include "journey_ring.h"

#include "tap.h"


#define SIZE  64


static const uint8_t  trailer[8];


static int
append(journey_ring_t *ring, const char *line)
{
    uint8_t  *p;

    p = journey_ring_reserve(ring, strlen(line));

    if (p == NULL) {
        return 0;
    }

    memcpy(p, line, strlen(line));
    journey_ring_publish(ring, p + strlen(line));

    return 1;
}


/* All lines that wait go to a file. */

static void
flush(journey_ring_t *ring)
{
    const uint8_t          *data;
    journey_ring_cursor_t   cursor;

    journey_ring_start(ring, &cursor);

    while (journey_ring_read(ring, &cursor, SIZE, &data) > 0) { /* void */ }

    journey_ring_intend(ring, &cursor, 1, 1, 0, 1, trailer);
    journey_ring_done(ring);
}


int
main(void)
{
    uint64_t                taken;
    const uint8_t          *data;
    journey_ring_t         *ring;
    journey_ring_cursor_t   cursor;

    ring = malloc(journey_ring_memory(SIZE));

    if (ring == NULL) {
        return 1;
    }

    /* empty, head and tail in the middle: a long line wants them at 0, and
     * the process dies when the head is there and the tail is not */

    journey_ring_init(ring, SIZE);
    ok(append(ring, "a line of thirty-one bytes....\n"), "a line");
    flush(ring);
    is_int(journey_ring_waiting(ring), 0, "is in the file");

    taken = ring->taken;
    ok(journey_ring_reserve(ring, 40) != NULL, "room for a longer one");
    ring->taken = taken;

    ok(journey_ring_valid(ring, SIZE), "death on the way: the ring is valid");
    is_int(journey_ring_waiting(ring), 0, "it is empty");
    ok(journey_ring_reserve(ring, 40) != NULL, "an empty ring has room");
    ok(journey_ring_reserve(ring, SIZE) != NULL, "all of it");
    is_int(journey_ring_dropped(ring), 0, "nothing was dropped for it");

    /* a cursor that has to go on at the begin, and is given no room to read:
     * it stands between two lines */

    journey_ring_init(ring, SIZE);
    ok(append(ring, "the first of twenty-eight..\n")
       && append(ring, "the second of thirty bytes...\n"), "two lines");
    ok(journey_ring_drop(ring) && append(ring, "a third\n"),
       "the first one makes room for a third");

    journey_ring_start(ring, &cursor);
    is_int(journey_ring_read(ring, &cursor, SIZE, &data), 30, "to the end");
    is_int(journey_ring_read(ring, &cursor, 0, &data), 0, "nothing more");
    is_int(journey_ring_read_line(ring, &cursor, &data), 0,
           "the cursor stands between two lines");
    is_int(journey_ring_read(ring, &cursor, SIZE, &data), 8, "the third line");
    is_int(journey_ring_unread(ring, &cursor), 0, "was the last");

    /* what stood at the end goes to the file, the third one waits at the
     * begin: all behind it is free */

    journey_ring_start(ring, &cursor);
    (void) journey_ring_read(ring, &cursor, 30, &data);
    journey_ring_intend(ring, &cursor, 1, 1, 0, 1, trailer);
    journey_ring_done(ring);

    is_int(journey_ring_waiting(ring), 1, "a line waits at the begin");
    ok(journey_ring_reserve(ring, SIZE - 8) != NULL, "the rest is room");

    /* death on the way through done, behind its first store: whoever comes
     * next knows that the lines are in the file, and asks no file */

    journey_ring_init(ring, SIZE);
    ok(append(ring, "the first\n") && append(ring, "the second\n"),
       "two lines");
    journey_ring_start(ring, &cursor);
    (void) journey_ring_read(ring, &cursor, 10, &data);
    journey_ring_intend(ring, &cursor, 1, 1, 0, 1, trailer);
    ok(!journey_ring_ending(ring), "an intent is no end");

    ring->written = ring->intent.written;
    ok(journey_ring_valid(ring, SIZE), "death in done: the ring is valid");
    ok(journey_ring_ending(ring), "it is known to be in the file");
    journey_ring_done(ring);
    is_int(journey_ring_waiting(ring), 1, "the other line waits");
    journey_ring_start(ring, &cursor);
    is_int(journey_ring_unread(ring, &cursor), 11, "and nothing else");

    journey_ring_start(ring, &cursor);
    (void) journey_ring_read(ring, &cursor, 11, &data);
    journey_ring_intend(ring, &cursor, 1, 1, 0, 1, trailer);
    ok(!journey_ring_ending(ring), "the next intent is none, either");
    journey_ring_undo(ring);
    is_int(journey_ring_waiting(ring), 1, "it waits again");

    /* a process that scribbled: its intent would take what does not wait */

    journey_ring_init(ring, SIZE);
    ok(append(ring, "the first\n") && append(ring, "the second\n"),
       "two lines");
    journey_ring_start(ring, &cursor);
    (void) journey_ring_read(ring, &cursor, 10, &data);
    journey_ring_intend(ring, &cursor, 1, 1, 0, 1, trailer);
    ok(journey_ring_valid(ring, SIZE), "an intent for one of two lines");

    ring->intent.tail = 21;
    ok(journey_ring_valid(ring, SIZE), "for both");

    ring->intent.tail = 22;
    ok(!journey_ring_valid(ring, SIZE), "not for more than there is");

    ring->intent.tail = 11;
    ok(!journey_ring_valid(ring, SIZE), "not for a part of a line");

    ring->intent.tail = 10;
    journey_ring_done(ring);
    ring->intent.pending = 1;
    ok(journey_ring_valid(ring, SIZE), "one that was done but for its end");

    ring->intent.tail = 0;
    ok(!journey_ring_valid(ring, SIZE), "not for what was taken");

    free(ring);

    return done();
}
