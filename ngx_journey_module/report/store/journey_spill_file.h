
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What journey_spill.h keeps: files, and what each record in them holds.
 */


#ifndef JOURNEY_SPILL_FILE_H
#define JOURNEY_SPILL_FILE_H


#include "journey_spill.h"

#include <pthread.h>


#define JOURNEY_SPILL_BITS   8
#define JOURNEY_SPILL_PARTS  (1 << JOURNEY_SPILL_BITS)  /* partitions */


/* Records that were written at once, all of one partition. */

typedef struct {
    uint64_t                offset;
    uint64_t                len;
} journey_spill_block_t;

typedef struct {
    u_char                 *buf;        /* not yet written */
    size_t                  used;
    journey_spill_block_t  *blocks;
    size_t                  nblocks;
    size_t                  size;
    uint64_t                bytes;      /* of the records that are read from
                                           it: not of those moved */
} journey_spill_list_t;

typedef struct {
    int                     fd;         /* -1: none yet */
    uint64_t                end;
    size_t                  room;       /* of each buffer */
    journey_spill_list_t    lists[JOURNEY_SPILL_PARTS];
} journey_spill_file_t;


/* A record: this, the visitor's name, then what has says, in that order. */

#define JOURNEY_SPILL_MORE   0x01       /* journey_more_t, journey_first_t */
#define JOURNEY_SPILL_USER   0x02       /* a string */
#define JOURNEY_SPILL_GOAL   0x04       /* journey_goal_ev_t, its ways, a
                                           string: the order */
#define JOURNEY_SPILL_JOIN   0x08       /* no event: t and a string, who
                                           went on as the visitor */

typedef struct {
    uint32_t                len;        /* of the record */
    uint32_t                node;       /* of the visitor, or the user */
    uint64_t                input;      /* place in the input */
    uint64_t                t;
    uint32_t                journey;
    uint32_t                session;
    uint32_t                page;       /* these in the thread's tables */
    uint32_t                phase;
    uint32_t                touch;
    uint32_t                name;       /* length of the visitor's */
    uint16_t                position;
    uint16_t                thread;
    uint8_t                 kind;
    uint8_t                 flags;
    uint8_t                 has;
    uint8_t                 pad;
} journey_spill_record_t;


/* The first report of an order. */

typedef struct {
    uint64_t                key[2];     /* hash of goal and order; 0: free */
    uint64_t                t;
    uint64_t                input;
    uint32_t                rank;       /* how badly its visitor is known */
} journey_spill_order_t;

typedef struct {
    journey_spill_order_t  *slots;
    size_t                  mask;
    size_t                  n;
} journey_spill_orders_t;


/* From a thread's numbers to those of all. */

typedef struct {
    uint32_t               *names;
    uint32_t               *pages;
    uint32_t               *touches;
    uint32_t               *places;
} journey_spill_maps_t;

/* A thread, while it gathers. */

typedef struct {
    journey_spill_file_t    file;
    u_char                 *record;     /* the one that is made */
    size_t                  room;
    uint64_t               *jobs;       /* pairs: first event, number */
    size_t                  njobs;
    size_t                  size;
    uint64_t                nevents;    /* written */
    journey_spill_maps_t    maps;
    journey_error_t         wrong;
} journey_spill_thread_t;

struct journey_spill_s {
    pthread_mutex_t         mutex;      /* of nodes and orders */
    uint64_t                memory;
    uint64_t                most;       /* bytes of a part, then it is
                                           written */
    unsigned                used;
    unsigned                nthreads;
    journey_spill_thread_t *threads;
    journey_spill_file_t    moved;      /* whose visitors are joined to those
                                           of other partitions */

    uint32_t               *nodes;      /* a forest: whose events have to be
                                           together; NULL: everybody's own */
    unsigned                bits;       /* of a node's number */

    journey_spill_orders_t  orders;

    unsigned                first[JOURNEY_SPILL_PARTS + 1];
                                        /* partition of each window */
    unsigned                nwindows;
    unsigned                loaded;     /* window, from 1 */
    uint64_t               *input;      /* by ref: the place in it */
    uint32_t               *users;      /* by ref */
    uint32_t                size;       /* of both */
    u_char                 *buf;        /* a block */
    size_t                  buf_size;
};


/* The node's first: that of all it is joined with. */
uint32_t journey_spill_root(journey_spill_t *spill, uint32_t node);

/* Those of a node belong together with those of another. */
int journey_spill_join(journey_spill_t *spill, uint32_t one, uint32_t two);

static inline unsigned
journey_spill_partition(const journey_spill_t *spill, uint32_t node)
{
    return node >> (spill->bits - JOURNEY_SPILL_BITS);
}


/* What tells the orders of a goal. */
void journey_spill_key(uint64_t seed, const journey_str_t *goal,
    const journey_str_t *order, uint64_t *key);

/* Another report of an order; the one that counts is kept. */
int journey_spill_order(journey_spill_t *spill,
    const journey_spill_order_t *order);

/* The one that counts. */
const journey_spill_order_t *journey_spill_ordered(
    const journey_spill_t *spill, const uint64_t *key);


void journey_spill_file_init(journey_spill_file_t *file, size_t room);
void journey_spill_file_free(journey_spill_file_t *file);

/* Appends a record; *err says what failed, JOURNEY_ERROR. */
int journey_spill_file_put(journey_spill_file_t *file, unsigned partition,
    const u_char *record, size_t len, journey_error_t *err);

/* Writes what waits. */
int journey_spill_file_flush(journey_spill_file_t *file,
    journey_error_t *err);

/* Reads a block to spill->buf. */
int journey_spill_file_read(journey_spill_t *spill, journey_spill_file_t *file,
    const journey_spill_block_t *block, journey_error_t *err);


#endif /* JOURNEY_SPILL_FILE_H */
