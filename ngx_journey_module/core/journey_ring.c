
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Lines stand in [tail, head), or, once they went on at the begin, in
 * [tail, wrap) and [0, head).  head == tail is empty, so a ring is never
 * filled to the last byte.
 */


#include "journey_ring.h"


/* Position and count share a word: one store changes both. */

#define JOURNEY_RING_SHIFT   25         /* positions are 0 .. 2^24 */
#define JOURNEY_RING_MASK    ((1U << JOURNEY_RING_SHIFT) - 1)

#define journey_ring_pos(word)    ((uint32_t) (word) & JOURNEY_RING_MASK)
#define journey_ring_count(word)  ((word) >> JOURNEY_RING_SHIFT)

/* Between two stores that others see; tests die here. */

#ifndef JOURNEY_RING_STEP
#define JOURNEY_RING_STEP()
#endif


static inline uint8_t *
journey_ring_data(const journey_ring_t *ring)
{
    return (uint8_t *) (ring + 1);
}


static inline uint32_t
journey_ring_head(const journey_ring_t *ring)
{
    return journey_ring_pos(__atomic_load_n(&ring->published,
                                            __ATOMIC_ACQUIRE));
}


static inline uint32_t
journey_ring_tail(const journey_ring_t *ring)
{
    return journey_ring_pos(__atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE));
}


static inline void
journey_ring_store(uint64_t *word, uint64_t count, uint32_t pos)
{
    JOURNEY_RING_STEP();

    __atomic_store_n(word, count << JOURNEY_RING_SHIFT | pos,
                     __ATOMIC_RELEASE);

    JOURNEY_RING_STEP();
}


size_t
journey_ring_memory(size_t size)
{
    return (sizeof(journey_ring_t) + size + 7) & ~(size_t) 7;
}


void
journey_ring_init(journey_ring_t *ring, size_t size)
{
    memset(ring, 0, sizeof(journey_ring_t));

    ring->size = (uint32_t) size;
}


/* What is about to be written ends with a line of those that wait, or, when
 * that was done but for its end, right before them. */

static int
journey_ring_intends(const journey_ring_t *ring, uint32_t head, uint32_t tail)
{
    int       waits;
    uint32_t  to;

    to = ring->intent.tail;

    waits = (head < tail) ? (to >= tail && to <= ring->wrap) || to <= head
                          : to >= tail && to <= head;

    return waits && (to == 0 || journey_ring_data(ring)[to - 1] == '\n');
}


int
journey_ring_valid(const journey_ring_t *ring, size_t size)
{
    uint32_t  head, tail, last;

    head = journey_ring_head(ring);
    tail = journey_ring_tail(ring);

    if (ring->size != size || head > size || tail > size) {
        return 0;
    }

    if (head < tail && (ring->wrap < tail || ring->wrap > size)) {
        return 0;
    }

    if (ring->intent.pending
        && (ring->intent.pending != 1
            || !journey_ring_intends(ring, head, tail)))
    {
        return 0;
    }

    if (head == tail) {
        return 1;
    }

    last = head;

    if (head == 0) {
        if (ring->wrap == tail) {
            return 1;
        }

        last = ring->wrap;
    }

    return journey_ring_data(ring)[last - 1] == '\n';
}


uint8_t *
journey_ring_reserve(journey_ring_t *ring, size_t size)
{
    uint8_t   *data;
    uint32_t   head, tail;

    data = journey_ring_data(ring);
    head = journey_ring_head(ring);
    tail = journey_ring_tail(ring);

    if (head < tail && tail == ring->wrap) {

        /* nothing is left up there: a process may have died on its way */

        tail = 0;
        journey_ring_store(&ring->taken, journey_ring_dropped(ring), tail);
    }

    if (head < tail) {
        return (size < tail - head) ? data + head : NULL;
    }

    if (size <= ring->size - head) {
        return data + head;
    }

    if (head == tail) {

        /* empty at every step: [tail, wrap) and [0, 0) are */

        ring->wrap = tail;

        journey_ring_store(&ring->published, journey_ring_lines(ring), 0);
        journey_ring_store(&ring->taken, journey_ring_dropped(ring), 0);

        return (size <= ring->size) ? data : NULL;
    }

    if (size < tail) {

        /* of no meaning until a head before the tail is published */

        JOURNEY_RING_STEP();
        ring->wrap = head;

        return data;
    }

    return NULL;
}


void
journey_ring_publish(journey_ring_t *ring, const uint8_t *last)
{
    journey_ring_store(&ring->published, journey_ring_lines(ring) + 1,
                       (uint32_t) (last - journey_ring_data(ring)));
}


int
journey_ring_drop(journey_ring_t *ring)
{
    uint8_t                *data, *p;
    uint64_t                lines;
    uint32_t                head, tail, end;
    journey_ring_cursor_t   cursor;

    journey_ring_start(ring, &cursor);

    head = journey_ring_head(ring);
    tail = cursor.pos;

    if (head == tail) {
        return 0;
    }

    data = journey_ring_data(ring);
    end = (head < tail) ? ring->wrap : head;

    p = memchr(data + tail, '\n', end - tail);

    lines = 1;
    tail = (p != NULL) ? (uint32_t) (p + 1 - data) : end;

    journey_ring_store(&ring->taken, journey_ring_dropped(ring) + lines, tail);

    return 1;
}


void
journey_ring_start(journey_ring_t *ring, journey_ring_cursor_t *cursor)
{
    uint32_t  head, tail;

    head = journey_ring_head(ring);
    tail = journey_ring_tail(ring);

    if (head < tail && tail == ring->wrap) {
        tail = 0;
        journey_ring_store(&ring->taken, journey_ring_dropped(ring), tail);
    }

    cursor->pos = tail;
    cursor->lines = 0;
    cursor->read = 0;
}


size_t
journey_ring_read(const journey_ring_t *ring, journey_ring_cursor_t *cursor,
    size_t max, const uint8_t **data)
{
    size_t          n;
    uint32_t        head, end;
    const uint8_t  *p, *last;

    head = journey_ring_head(ring);

    if (head < cursor->pos && cursor->pos == ring->wrap) {
        cursor->pos = 0;
    }

    end = (head < cursor->pos) ? ring->wrap : head;

    n = end - cursor->pos;
    n = (n < max) ? n : max;

    *data = journey_ring_data(ring) + cursor->pos;

    last = *data + n;

    for (p = *data; p < last; p++) {

        p = memchr(p, '\n', (size_t) (last - p));

        if (p == NULL) {
            break;
        }

        cursor->lines++;
    }

    cursor->pos += (uint32_t) n;
    cursor->read += n;

    return n;
}


size_t
journey_ring_read_line(const journey_ring_t *ring,
    journey_ring_cursor_t *cursor, const uint8_t **data)
{
    uint32_t        head, end;
    const uint8_t  *p, *start;

    if (cursor->read == 0 || cursor->pos == 0) {
        return 0;
    }

    start = journey_ring_data(ring);

    /* a line stands in one piece, so its begin is right before */

    if (start[cursor->pos - 1] == '\n') {
        return 0;
    }

    head = journey_ring_head(ring);
    end = (head < cursor->pos) ? ring->wrap : head;

    p = memchr(start + cursor->pos, '\n', end - cursor->pos);

    return journey_ring_read(ring, cursor,
                             (p != NULL)
                             ? (size_t) (p + 1 - start) - cursor->pos
                             : end - cursor->pos,
                             data);
}


size_t
journey_ring_unread(const journey_ring_t *ring,
    const journey_ring_cursor_t *cursor)
{
    uint32_t  head;

    head = journey_ring_head(ring);

    return (head < cursor->pos) ? ring->wrap - cursor->pos + head
                                : head - cursor->pos;
}


void
journey_ring_intend(journey_ring_t *ring, const journey_ring_cursor_t *cursor,
    uint64_t dev, uint64_t ino, uint64_t offset, uint32_t length,
    const uint8_t trailer[8])
{
    journey_ring_intent_t  *intent;

    intent = &ring->intent;

    intent->dev = dev;
    intent->ino = ino;
    intent->offset = offset;
    intent->length = length;
    memcpy(intent->trailer, trailer, sizeof(intent->trailer));

    intent->tail = cursor->pos;
    intent->written = ring->written + cursor->lines;
    intent->members = ring->members + 1;
    intent->bytes = ring->bytes + length;

    JOURNEY_RING_STEP();
    __atomic_store_n(&intent->pending, 1, __ATOMIC_RELEASE);
    JOURNEY_RING_STEP();
}


/* May be done once more by a successor: nothing here adds up.  The number of
 * lines comes first: from then on there is no way back. */

void
journey_ring_done(journey_ring_t *ring)
{
    JOURNEY_RING_STEP();
    __atomic_store_n(&ring->written, ring->intent.written, __ATOMIC_SEQ_CST);

    ring->members = ring->intent.members;
    ring->bytes = ring->intent.bytes;

    journey_ring_store(&ring->taken, journey_ring_dropped(ring),
                       ring->intent.tail);

    journey_ring_undo(ring);
}


void
journey_ring_undo(journey_ring_t *ring)
{
    __atomic_store_n(&ring->intent.pending, 0, __ATOMIC_RELEASE);
    JOURNEY_RING_STEP();
}


/* An intent is for one line at least. */

int
journey_ring_ending(const journey_ring_t *ring)
{
    return ring->written == ring->intent.written;
}


uint64_t
journey_ring_lines(const journey_ring_t *ring)
{
    return journey_ring_count(__atomic_load_n(&ring->published,
                                              __ATOMIC_ACQUIRE));
}


uint64_t
journey_ring_dropped(const journey_ring_t *ring)
{
    return journey_ring_count(__atomic_load_n(&ring->taken,
                                              __ATOMIC_ACQUIRE));
}


uint64_t
journey_ring_waiting(const journey_ring_t *ring)
{
    uint64_t  gone, lines;

    gone = journey_ring_dropped(ring)
           + __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE);
    lines = journey_ring_lines(ring);

    return (lines > gone) ? lines - gone : 0;
}
