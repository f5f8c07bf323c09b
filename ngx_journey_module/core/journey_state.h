
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The state of a visitor, and the one function that moves it on
 * (design, sections 6.4 to 6.6).
 */


#ifndef JOURNEY_STATE_H
#define JOURNEY_STATE_H


#include "journey_phase.h"


#define JOURNEY_ID_LEN          12      /* 96 random bits */
#define JOURNEY_STATE_TOUCHES   16      /* the first and the last 15 */


typedef struct {
    u_char       id[JOURNEY_ID_LEN];
    uint32_t     first_seen;            /* s since 1970 */
    uint32_t     journey;               /* from 1 */
    uint32_t     session;               /* of the visitor, from 1 */
    uint32_t     touches;               /* of this journey, their number */
    uint32_t     session_start;         /* s since 1970 */
    uint32_t     last_seen;             /* s since 1970 */
    uint32_t     touch_hash;            /* source, medium, campaign of the
                                           current touch */
    uint8_t      channels[JOURNEY_STATE_TOUCHES];
                                        /* codes, oldest first;
                                           min(touches, 16) are used */
    uint8_t      furthest;              /* phase code; 0: none */
    uint8_t      floor;                 /* phase code: where the next journey
                                           begins; 0: none */
    uint8_t      completed;             /* 1: this journey is completed, the
                                           next session begins another */
} journey_state_t;


/* One hit: a page, a click, or a goal. */

typedef struct {
    uint32_t                  now;      /* s since 1970 */
    uint32_t                  timeout;  /* session timeout, s */
    unsigned                  opens:1;  /* a page or click: may begin a
                                           session and open a touch */
    unsigned                  goal:1;
    unsigned                  completes:1;  /* with goal */
    unsigned                  external:1;   /* the entry came from outside */
    unsigned                  touchless:1;  /* a profile that records no
                                               touches: none opens, those that
                                               the state holds go */
    uint8_t                   channel;  /* of the entry */
    uint32_t                  hash;     /* of the entry */
    const journey_phase_t    *phase;    /* of this path; NULL: none */
    const journey_phases_t   *phases;   /* the model in force; NULL: none */
} journey_hit_t;

/* What the hit did. */

typedef struct {
    unsigned     journey:1;             /* began a journey */
    unsigned     session:1;             /* began a session */
    unsigned     touch:1;               /* opened a touch */
    unsigned     completed:1;           /* completed the journey */
    unsigned     changed:1;             /* the state is another one now */
    unsigned     ended:1;               /* a goal after its session's end */
} journey_event_t;


/* A state before its first hit: id is copied, first_seen is now. */
void journey_state_init(journey_state_t *state,
    const u_char id[JOURNEY_ID_LEN], uint32_t now);

/*
 * The state machine: (state, hit) -> (state, event).  Pure: depends on its
 * arguments alone.  A page that is a goal too is two calls, the page first.
 */
journey_event_t journey_state_hit(journey_state_t *state,
    const journey_hit_t *hit);

/* 1 when a page at that time would begin a session. */
int journey_state_ended(const journey_state_t *state, uint32_t now,
    uint32_t timeout);

/* Number of codes used in state->channels. */
unsigned journey_state_channels(const journey_state_t *state);


#endif /* JOURNEY_STATE_H */
