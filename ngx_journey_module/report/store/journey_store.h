
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The events of all input in memory, 40 bytes each (48 where more is kept):
 * filled by several threads (a part each), then merged and ordered by visitor.
 */


#ifndef JOURNEY_STORE_H
#define JOURNEY_STORE_H


#include "journey_intern.h"
#include "journey_record.h"


#define JOURNEY_CHUNK_BITS  12
#define JOURNEY_CHUNK       (1 << JOURNEY_CHUNK_BITS)

#define JOURNEY_EV_DONE      0x01       /* a goal that completes */
#define JOURNEY_EV_REPEATED  0x02       /* the same goal was counted before */
#define JOURNEY_EV_TOUCHED   0x04       /* the same touch was counted before */
#define JOURNEY_EV_LOOSE     0x08       /* of a visitor, without j: which
                                           journey it is of is told by its
                                           time (journey_loose.h) */

/* Of persons (journey_persons.h). */
#define JOURNEY_EV_CONTINUED 0x10       /* the session began as another's */
#define JOURNEY_EV_LEFT      0x20       /* it ended as another's */
#define JOURNEY_EV_JUMPED    0x40       /* a higher j without a goal before */

#define JOURNEY_EV_FIRST     0x80       /* of a browser's first session */


/* One event.  Strings are numbers in the store's tables, 0 is none. */

typedef struct {
    uint64_t              t;            /* ms since 1970 */
    uint32_t              visitor;      /* in visitors */
    uint32_t              journey;
    uint32_t              session;
    uint32_t              page;         /* in pages */
    uint32_t              phase;        /* in names */
    uint32_t              touch;        /* in touches */
    uint32_t              goal;         /* in goals, from 1 */
    uint16_t              position;     /* of the phase */
    uint8_t               kind;
    uint8_t               flags;
} journey_ev_t;


/* What some tables need more of an event; it lies behind the events of a
 * chunk. */

typedef struct {
    uint32_t              place;        /* in places */
    uint32_t              ms;           /* ms + 1, 0 without */
} journey_more_t;


/* What is known of a visitor. */

typedef struct {
    unsigned              day:31;       /* the earliest fs + 1, 0 without */
    unsigned              exempt:1;     /* of that profile */
} journey_first_t;


/* What a goal event has more. */

typedef struct {
    double                value;
    uint32_t              goal;         /* names */
    uint32_t              currency;     /* names */
    uint32_t              order;        /* orders */
    uint32_t              total;        /* wn */
    uint32_t              first;        /* of its w, in ways */
    uint8_t               nways;
    uint8_t               has_value;
} journey_goal_ev_t;


/* A cookieless visitor that went on as another at t. */

typedef struct {
    uint64_t              t;
    uint32_t              previous;     /* visitors */
    uint32_t              visitor;
} journey_join_t;


/* An event with a user id. */

typedef struct {
    uint32_t              event;        /* its number in the part */
    uint32_t              user;         /* users */
} journey_by_t;


/* What one thread gathers. */

typedef struct {
    unsigned              more;         /* journey_more_t, firsts are kept */

    journey_intern_t      names;        /* channels, phases, goals … */
    journey_intern_t      orders;
    journey_intern_t      visitors;
    journey_intern_t      users;
    journey_intern_t      pages;        /* host NUL path */
    journey_intern_t      touches;      /* channel NUL source NUL medium NUL
                                           campaign; without channel: a
                                           pixel's */
    journey_intern_t      places;       /* country NUL region NUL city */
    journey_ev_t        **chunks;
    uint32_t              nchunks;
    uint32_t              chunks_size;
    uint64_t              nevents;

    journey_goal_ev_t    *goals;
    uint32_t              ngoals;
    uint32_t              goals_size;

    uint32_t             *ways;         /* names */
    uint32_t              nways;
    uint32_t              ways_size;

    journey_join_t       *joins;
    uint32_t              njoins;
    uint32_t              joins_size;

    journey_by_t         *bys;
    uint32_t              nbys;
    uint32_t              bys_size;

    journey_first_t      *firsts;       /* by visitor */
    uint32_t              firsts_size;

    uint64_t              prefetched;   /* events with pf: a number only */
    uint64_t              bots;         /* of bots: a number only */
    uint64_t              exempt;       /* events of that profile */
    uint64_t              loose;        /* events that are JOURNEY_EV_LOOSE */
    uint64_t              from;         /* smallest and largest t */
    uint64_t              until;
    unsigned              done;         /* a goal completes a journey */

    u_char               *buf;          /* for keys of pages and touches */
    size_t                buf_size;
    unsigned              no_memory:1;
} journey_part_t;


/* Events that came from one job, so that their order is that of the input. */

typedef struct {
    uint64_t              first;        /* in its part; once merged: ref */
    uint32_t              count;
    uint32_t              part;
} journey_run_t;


typedef struct {
    journey_part_t       *parts;
    unsigned              nparts;
    journey_run_t        *runs;
    size_t                nruns;
    size_t                runs_size;

    /* after journey_store_merge() */

    journey_part_t        all;          /* its events are in the chunks of
                                           the parts */
    journey_ev_t        **chunks;
    uint32_t             *order;        /* all events by visitor, and those
                                           of each in the input's order */
    uint32_t             *visitors;     /* where each begins in order; one
                                           more than there are */
    uint32_t              nvisitors;    /* number 0: without visitor */
    uint32_t              persons;      /* from this number on they are those
                                           of all.users, from its 1 on */
    uint32_t              nlinked;      /* visitors that became persons */
    uint32_t              nsessions;    /* of persons */
    uint32_t             *users;        /* by ref, while it is merged; NULL:
                                           there is none */
    uint32_t             *goals;        /* goal events by t and place */
    uint32_t              ngoals;

    uint64_t              window_events;        /* events that are in
                                                   memory */
    unsigned              window;       /* those that were seen */
    unsigned              fresh;        /* the events are not marked yet */
    struct journey_spill_s  *spill;     /* NULL: memory has no bound */
    journey_error_t       wrong;        /* why something failed; empty: memory
                                           is exhausted */
} journey_store_t;


/* With more, places, times and first days are kept, too. */
int journey_store_init(journey_store_t *store, unsigned nparts,
    unsigned more);
void journey_store_free(journey_store_t *store);

/* Adds an event to a part; JOURNEY_ERROR when memory is exhausted. */
int journey_part_add(journey_part_t *part, const journey_record_t *rec);

/* Says where the next events of the input are. */
int journey_store_run(journey_store_t *store, unsigned part, uint64_t first,
    uint64_t count);

/* Merges the parts, joins visitors (pv), orders.  To be called once. */
int journey_store_merge(journey_store_t *store);

/*
 * The events in windows (journey_analysis.h): what memory holds is one, which
 * is there from the beginning.  store->fresh is set when events were read that
 * nobody has marked.  JOURNEY_DECLINED behind the last one.
 */
void journey_store_rewind(journey_store_t *store);
int journey_store_next(journey_store_t *store);

/* Says why something failed, on standard error. */
void journey_store_complain(const journey_store_t *store);

/* Sorts events by t, page before goal, keeping their order else; tmp has room
 * for n. */
void journey_store_sort(const journey_store_t *store, uint32_t *refs,
    uint32_t n, uint32_t *tmp);


static inline journey_ev_t *
journey_part_event(const journey_part_t *part, uint64_t i)
{
    return &part->chunks[i >> JOURNEY_CHUNK_BITS][i & (JOURNEY_CHUNK - 1)];
}


static inline journey_ev_t *
journey_store_event(const journey_store_t *store, uint32_t ref)
{
    return &store->chunks[ref >> JOURNEY_CHUNK_BITS]
                         [ref & (JOURNEY_CHUNK - 1)];
}


/* Only where more is kept. */

static inline journey_more_t *
journey_part_more(const journey_part_t *part, uint64_t i)
{
    journey_ev_t  *chunk;

    chunk = part->chunks[i >> JOURNEY_CHUNK_BITS];

    return (journey_more_t *) (chunk + JOURNEY_CHUNK)
           + (i & (JOURNEY_CHUNK - 1));
}


static inline journey_more_t *
journey_store_more(const journey_store_t *store, uint32_t ref)
{
    journey_ev_t  *chunk;

    chunk = store->chunks[ref >> JOURNEY_CHUNK_BITS];

    return (journey_more_t *) (chunk + JOURNEY_CHUNK)
           + (ref & (JOURNEY_CHUNK - 1));
}


#endif /* JOURNEY_STORE_H */
