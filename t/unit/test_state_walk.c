
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The state machine beside a second, naive model of it: a long random walk.
 */


#include "journey_state.h"

#include "tap.h"


#define T0       1795321780u
#define TIMEOUT  1800u


static journey_phases_t  *phases;

static const u_char  id[JOURNEY_ID_LEN] = "abcdefghijkl";


static int
same(const journey_state_t *a, const journey_state_t *b)
{
    return memcmp(a, b, sizeof(journey_state_t)) == 0;
}


/*
 * The second model: whole lists instead of what the token has room for, and
 * positions of phases instead of codes.
 */

typedef struct {
    uint32_t  journey, session, session_start, last_seen, hash;
    unsigned  ntouches;
    uint8_t   touches[100000];
    int       furthest, after;          /* positions; 0: none */
    int       completed;
} naive_t;

static naive_t  naive;


static int
naive_hit(naive_t *n, const journey_hit_t *hit)
{
    int      position, over;
    int64_t  gap;

    position = (hit->phase == NULL) ? 0 : (int) hit->phase->position;
    gap = (int64_t) hit->now - n->last_seen;
    over = (n->session == 0 || gap >= (int64_t) hit->timeout);

    if (hit->goal) {
        if (over) {
            return 0;
        }

        if (hit->completes && !n->completed) {
            n->completed = 1;
            n->after = (position != 0) ? position : n->furthest;
            n->after = (n->after == 0) ? 0 : n->after + 1;

            if (n->after > (int) journey_phases_count(hit->phases)) {
                n->after = 0;
            }
        }

    } else if (over) {
        if (n->session == 0 || n->completed) {
            n->journey++;
            n->ntouches = 0;
            n->furthest = n->after;
            n->after = 0;
            n->completed = 0;
        }

        n->session++;
        n->session_start = hit->now;
        n->last_seen = hit->now;
        n->touches[n->ntouches++] = hit->channel;
        n->hash = hit->hash;

    } else if (hit->external && n->hash != hit->hash) {
        n->touches[n->ntouches++] = hit->channel;
        n->hash = hit->hash;
    }

    if (hit->now > n->last_seen
        && 6.0 * ((double) hit->now - n->last_seen) >= hit->timeout)
    {
        n->last_seen = hit->now;
    }

    if (position > n->furthest) {
        n->furthest = position;
    }

    return 1;
}


static int
naive_same(const naive_t *n, const journey_state_t *s)
{
    unsigned                i, from;
    const journey_phase_t  *p;

    if (n->journey != s->journey || n->session != s->session
        || n->session_start != s->session_start
        || n->last_seen != s->last_seen || n->hash != s->touch_hash
        || n->ntouches != s->touches || n->completed != s->completed)
    {
        return 0;
    }

    p = journey_phases_at(phases, n->furthest);

    if (s->furthest != (p == NULL ? 0 : p->name->code)) {
        return 0;
    }

    p = journey_phases_at(phases, n->after);

    if (s->floor != (p == NULL ? 0 : p->name->code)) {
        return 0;
    }

    from = (n->ntouches > 16) ? n->ntouches - 15 : 1;

    for (i = 0; i < 16; i++) {
        if (i >= n->ntouches) {
            if (s->channels[i] != 0) {
                return 0;
            }

        } else if (s->channels[i] != n->touches[i == 0 ? 0 : from + i - 1]) {
            return 0;
        }
    }

    return 1;
}


static void
test_random(void)
{
    unsigned         step, sessions, journeys, touches, ended, behind;
    uint64_t         seed, r;
    journey_hit_t    hit;
    journey_event_t  e;
    journey_state_t  s, before;

    static const uint32_t  gaps[] = {
        0, 1, 3, 60, 299, 300, 301, 1499, 1500, 1799, 1800, 1801, 86400
    };

    seed = 20260117;
    sessions = journeys = touches = ended = behind = 0;

    memset(&naive, 0, sizeof(naive_t));
    journey_state_init(&s, id, T0);

    memset(&hit, 0, sizeof(journey_hit_t));
    hit.now = T0;
    hit.phases = phases;

    for (step = 0; step < 100000; step++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        r = seed >> 16;

        hit.now += gaps[(r % 7 == 0) ? r / 7 % 13 : r / 7 % 5];
        r /= 91;

        if (r % 50 == 0 && hit.now > T0 + 400) {
            hit.now -= r / 50 % 400;            /* another node's clock */
            behind++;
        }

        r = seed >> 24;
        hit.timeout = (r % 1000 == 0) ? 3600 : TIMEOUT;
        hit.goal = (r / 7 % 5 == 0);
        hit.opens = !hit.goal;
        hit.completes = (hit.goal && r / 35 % 6 == 0);
        hit.external = (r / 210 % 4 == 0);
        hit.channel = 1 + r / 840 % 20;
        hit.hash = (uint32_t) (r / 16800 % 4);
        hit.phase = journey_phases_at(phases, r / 67200 % 7);

        before = s;
        e = journey_state_hit(&s, &hit);

        if (naive_hit(&naive, &hit) == 0) {
            if (!e.ended || e.changed) {
                break;
            }

        } else if (e.ended) {
            break;
        }

        if (!naive_same(&naive, &s)
            || e.changed != !same(&before, &s)
            || e.session != (before.session != s.session)
            || e.journey != (before.journey != s.journey)
            || e.completed != (hit.goal && before.completed != s.completed)
            || (e.touch && !e.journey && s.touches != before.touches + 1)
            || (!e.touch && s.touches != before.touches)
            || s.first_seen != T0
            || memcmp(s.id, id, JOURNEY_ID_LEN) != 0)
        {
            break;
        }

        sessions += e.session;
        journeys += e.journey;
        touches += e.touch;
        ended += e.ended;
    }

    is_int(step, 100000, "100,000 random steps as the second model");
    ok(sessions > 1000 && journeys > 300 && touches > sessions && ended > 100
       && behind > 500, "among them %u sessions, %u journeys, %u touches, "
       "%u late goals, %u steps back", sessions, journeys, touches, ended,
       behind);
}


int
main(void)
{
    unsigned          i;
    journey_pool_t   *pool;
    journey_name_t   *clash;
    journey_codes_t  *codes;
    journey_str_t     names[5] = {
        journey_string("awareness"), journey_string("consideration"),
        journey_string("decision"), journey_string("retention"),
        journey_string("advocacy")
    };

    pool = journey_pool_create();
    codes = journey_codes_create(pool, 1);
    phases = journey_phases_create(pool, codes);

    for (i = 0; i < 5; i++) {
        is_int(journey_phases_add(phases, &names[i], 1, NULL), JOURNEY_OK,
               "a phase");
    }

    is_int(journey_phases_finish(phases, NULL), JOURNEY_OK, "the model");
    is_int(journey_codes_assign(codes, &clash), 0, "its codes");

    test_random();

    journey_pool_destroy(pool);

    return done();
}
