
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A visitor of journey simulate: how visits come about, what happens in them,
 * and the events that the module would have written of it.  States are moved
 * by core's state machine, lines are written by core's writer.
 *
 * An occasion is a visit that a channel would bring about.  What is decided of
 * it (the channel, whether it ends in a purchase, when the next one comes) is
 * drawn from numbers of its own, apart from those of its pages: so a run
 * without a channel differs from the run with it by that channel alone, and
 * the purchases that are missing are those which it brought.
 */


#ifndef JOURNEY_SIMULATE_VISITOR_H
#define JOURNEY_SIMULATE_VISITOR_H


#include "journey_simulate_model.h"
#include "journey_simulate_workers.h"
#include "journey_state.h"


typedef struct journey_simulate_visitor_s  journey_simulate_visitor_t;

struct journey_simulate_visitor_s {
    journey_simulate_visitor_t  *next;          /* in lists */
    uint64_t                     time;          /* ms, of the next step */
    uint64_t                     index;         /* of this run, from 0 */
    uint64_t                     seed;
    uint64_t                     random;        /* of this visit's pages */
    journey_state_t              states[2];     /* of devices */
    uint32_t                     occasion;      /* from 0 */
    int16_t                      taste;         /* thousandths of a logit */
    uint16_t                     touched;       /* channels of this journey,
                                                   bits */
    uint16_t                     path;          /* of the next page */
    uint8_t                      stage;
    uint8_t                      kind;          /* of the next page */
    uint8_t                      channel;       /* of this visit */
    uint8_t                      entry;         /* of the next hit; or none */
    uint8_t                      pages;         /* of this visit, so far */
    uint8_t                      consent;       /* comes after so many pages;
                                                   0: not in this visit */
    uint8_t                      country;
    uint8_t                      worker;
    uint8_t                      devices[2];    /* journey_device_e */
    unsigned                     device:1;      /* of this visit */
    unsigned                     second:1;      /* has a second one */
    unsigned                     cookieless:1;
    unsigned                     consents:1;    /* will, in a visit */
    unsigned                     member:1;
    unsigned                     signed_in:1;   /* in this visit */
    unsigned                     business:1;
    unsigned                     subscriber:1;
    unsigned                     carted:1;
    unsigned                     customer:1;
    unsigned                     bought:1;      /* the next visit begins
                                                   another journey */
    unsigned                     buys:1;        /* this visit */
};

typedef struct {
    uint64_t                     visitors;
    uint64_t                     sessions;
    uint64_t                     touches;
    uint64_t                     purchases;
} journey_simulate_counts_t;

typedef struct {
    const journey_simulate_model_t  *model;
    journey_simulate_workers_t      *workers;
    uint64_t                         seed;
    uint64_t                         until;     /* ms */
    journey_simulate_counts_t        counts;
} journey_simulate_world_t;


/* Somebody whose first occasion is at that time (ms). */
void journey_simulate_visitor_init(const journey_simulate_world_t *world,
    journey_simulate_visitor_t *v, uint64_t index, uint64_t time);

/*
 * What is to happen at v->time; v->time becomes that of the next step.
 * JOURNEY_DECLINED: there will be none.  JOURNEY_ERROR: a line could not be
 * written.
 */
int journey_simulate_visitor_step(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v);


#endif /* JOURNEY_SIMULATE_VISITOR_H */
