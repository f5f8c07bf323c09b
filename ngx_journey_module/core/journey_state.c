
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_state.h"


/* Numbers stop here: three bytes in a token. */

#define JOURNEY_STATE_NUMBER_MAX  0xffffff

/* Last seen moves only when this part of the timeout has passed since it:
 * most pages of a session need no new cookie. */

#define JOURNEY_STATE_LAST_SEEN_PART  6


static void journey_state_goal(journey_state_t *state,
    const journey_hit_t *hit, journey_event_t *event);
static void journey_state_session(journey_state_t *state,
    const journey_hit_t *hit, journey_event_t *event);
static void journey_state_touch(journey_state_t *state,
    const journey_hit_t *hit, journey_event_t *event);
static void journey_state_seen(journey_state_t *state,
    const journey_hit_t *hit, journey_event_t *event);
static void journey_state_phase(journey_state_t *state,
    const journey_hit_t *hit, journey_event_t *event);


static inline uint32_t
journey_state_next(uint32_t number)
{
    return (number < JOURNEY_STATE_NUMBER_MAX) ? number + 1 : number;
}


void
journey_state_init(journey_state_t *state, const u_char id[JOURNEY_ID_LEN],
    uint32_t now)
{
    memset(state, 0, sizeof(journey_state_t));
    memcpy(state->id, id, JOURNEY_ID_LEN);
    state->first_seen = now;
}


journey_event_t
journey_state_hit(journey_state_t *state, const journey_hit_t *hit)
{
    journey_event_t  event;

    memset(&event, 0, sizeof(journey_event_t));

    if (hit->touchless && state->touches > 0) {
        state->touches = 0;
        state->touch_hash = 0;
        memset(state->channels, 0, sizeof(state->channels));

        event.changed = 1;
    }

    if (hit->goal) {

        if (journey_state_ended(state, hit->now, hit->timeout)) {
            event.ended = 1;
            return event;
        }

        journey_state_goal(state, hit, &event);

    } else if (hit->opens) {

        if (journey_state_ended(state, hit->now, hit->timeout)) {
            journey_state_session(state, hit, &event);

            if (!hit->touchless) {
                journey_state_touch(state, hit, &event);
            }

        } else if (hit->external && !hit->touchless
                   && hit->hash != state->touch_hash)
        {
            journey_state_touch(state, hit, &event);
        }

    } else {
        return event;
    }

    journey_state_seen(state, hit, &event);
    journey_state_phase(state, hit, &event);

    return event;
}


int
journey_state_ended(const journey_state_t *state, uint32_t now,
    uint32_t timeout)
{
    if (state->session == 0) {
        return 1;
    }

    /* a clock that is behind the one that wrote the token: no time passed */

    return now > state->last_seen && now - state->last_seen >= timeout;
}


static void
journey_state_goal(journey_state_t *state, const journey_hit_t *hit,
    journey_event_t *event)
{
    uint8_t                 code;
    const journey_phase_t  *phase;

    if (!hit->completes || state->completed) {
        return;
    }

    state->completed = 1;
    state->floor = 0;

    event->completed = 1;
    event->changed = 1;

    if (hit->phases == NULL) {
        return;
    }

    /* the phase in which the journey was completed: of this goal's path,
     * else the furthest so far */

    code = (hit->phase != NULL) ? hit->phase->name->code : state->furthest;

    phase = journey_phases_by_code(hit->phases, code);

    if (phase != NULL) {
        phase = journey_phases_at(hit->phases, phase->position + 1);
    }

    if (phase != NULL) {
        state->floor = phase->name->code;
    }
}


static void
journey_state_session(journey_state_t *state, const journey_hit_t *hit,
    journey_event_t *event)
{
    if (state->session == 0 || state->completed) {
        state->journey = journey_state_next(state->journey);
        state->touches = 0;
        memset(state->channels, 0, sizeof(state->channels));

        state->furthest = state->floor;
        state->floor = 0;
        state->completed = 0;

        event->journey = 1;
    }

    state->session = journey_state_next(state->session);
    state->session_start = hit->now;
    state->last_seen = hit->now;

    event->session = 1;
    event->changed = 1;
}


static void
journey_state_touch(journey_state_t *state, const journey_hit_t *hit,
    journey_event_t *event)
{
    unsigned  n;

    n = journey_state_channels(state);

    if (n == JOURNEY_STATE_TOUCHES) {

        /* the first stays, of the others the last 15 */

        memmove(&state->channels[1], &state->channels[2],
                JOURNEY_STATE_TOUCHES - 2);
        n--;
    }

    state->channels[n] = hit->channel;
    state->touches = journey_state_next(state->touches);
    state->touch_hash = hit->hash;

    event->touch = 1;
    event->changed = 1;
}


static void
journey_state_seen(journey_state_t *state, const journey_hit_t *hit,
    journey_event_t *event)
{
    uint32_t  passed;

    if (hit->now <= state->last_seen) {
        return;
    }

    passed = hit->now - state->last_seen;

    if ((uint64_t) passed * JOURNEY_STATE_LAST_SEEN_PART >= hit->timeout) {
        state->last_seen = hit->now;
        event->changed = 1;
    }
}


static void
journey_state_phase(journey_state_t *state, const journey_hit_t *hit,
    journey_event_t *event)
{
    const journey_phase_t  *furthest;

    if (hit->phase == NULL || hit->phase->name->code == state->furthest) {
        return;
    }

    /* a phase that the model no longer has is none */

    furthest = (hit->phases == NULL)
               ? NULL : journey_phases_by_code(hit->phases, state->furthest);

    if (furthest == NULL || furthest->position < hit->phase->position) {
        state->furthest = hit->phase->name->code;
        event->changed = 1;
    }
}


unsigned
journey_state_channels(const journey_state_t *state)
{
    return journey_min(state->touches, JOURNEY_STATE_TOUCHES);
}
