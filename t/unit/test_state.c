
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The state machine: every sentence of design, sections 6.4 to 6.8.
 */


#include "journey_state.h"

#include "tap.h"


#define T0       1795321780u
#define TIMEOUT  1800u


static journey_pool_t    *pool;
static journey_codes_t   *codes;
static journey_phases_t  *phases;       /* the model in force */
static journey_phases_t  *other;        /* one of other names */

static const u_char  id[JOURNEY_ID_LEN] = "abcdefghijkl";


static journey_str_t
str(const char *text)
{
    journey_str_t  s;

    s.len = strlen(text);
    s.data = (u_char *) text;

    return s;
}


static journey_phases_t *
model(const char **names)
{
    journey_str_t      word;
    journey_phases_t  *m;

    m = journey_phases_create(pool, codes);

    for ( /* void */ ; *names != NULL; names++) {
        word = str(*names);

        if (journey_phases_add(m, &word, 1, NULL) != JOURNEY_OK) {
            printf("Bail out! phase %s\n", *names);
            exit(1);
        }
    }

    (void) journey_phases_finish(m, NULL);

    return m;
}


static const journey_phase_t *
phase(const char *name)
{
    journey_str_t  word = str(name);

    return journey_phases_get(phases, &word);
}


static uint8_t
code(const char *name)
{
    return phase(name)->name->code;
}


/* Hits; at is in seconds after T0. */

static journey_event_t
hit_page(journey_state_t *state, uint32_t at, int external, uint8_t channel,
    uint32_t hash, const char *name)
{
    journey_hit_t  hit;

    memset(&hit, 0, sizeof(journey_hit_t));

    hit.now = T0 + at;
    hit.timeout = TIMEOUT;
    hit.opens = 1;
    hit.external = external;
    hit.channel = channel;
    hit.hash = hash;
    hit.phase = (name == NULL) ? NULL : phase(name);
    hit.phases = phases;

    return journey_state_hit(state, &hit);
}


/* A page whose referrer is an own one or none: direct. */

static journey_event_t
page(journey_state_t *state, uint32_t at)
{
    return hit_page(state, at, 0, 1, 7, NULL);
}


static journey_event_t
goal(journey_state_t *state, uint32_t at, int completes, const char *name)
{
    journey_hit_t  hit;

    memset(&hit, 0, sizeof(journey_hit_t));

    hit.now = T0 + at;
    hit.timeout = TIMEOUT;
    hit.goal = 1;
    hit.completes = completes;
    hit.phase = (name == NULL) ? NULL : phase(name);
    hit.phases = phases;

    return journey_state_hit(state, &hit);
}


/* A visitor whose first page was at T0. */

static journey_state_t
visitor(const char *name)
{
    journey_state_t  state;

    journey_state_init(&state, id, T0);
    (void) hit_page(&state, 0, 0, 1, 7, name);

    return state;
}


static int
same(const journey_state_t *a, const journey_state_t *b)
{
    return memcmp(a, b, sizeof(journey_state_t)) == 0;
}


static void
test_first(void)
{
    journey_event_t  e;
    journey_state_t  s;

    journey_state_init(&s, id, T0);

    ok(memcmp(s.id, id, JOURNEY_ID_LEN) == 0 && s.first_seen == T0
       && s.session == 0 && s.journey == 0 && s.touches == 0,
       "a visitor before the first hit");
    is_int(journey_state_ended(&s, T0, TIMEOUT), 1, "who has no session");

    e = hit_page(&s, 5, 1, 12, 99, "awareness");

    ok(e.journey && e.session && e.touch && e.changed && !e.completed
       && !e.ended, "the first page begins journey and session, opens a touch");
    is_int(s.journey, 1, "journey 1");
    is_int(s.session, 1, "session 1");
    is_int(s.touches, 1, "touch 1");
    is_int(s.channels[0], 12, "its channel");
    is_int(s.touch_hash, 99, "its hash");
    is_int(s.session_start, T0 + 5, "session start");
    is_int(s.last_seen, T0 + 5, "last seen");
    is_int(s.first_seen, T0, "first seen stays");
    is_int(s.furthest, code("awareness"), "furthest phase");

    journey_state_init(&s, id, T0);
    e = page(&s, 0);
    ok(e.touch && s.touches == 1 && s.channels[0] == 1,
       "a session that begins without a referrer is a direct touch");

    journey_state_init(&s, id, T0);
    e = goal(&s, 0, 1, "decision");
    ok(e.ended && !e.changed && !e.completed && s.session == 0
       && s.furthest == 0, "a goal creates no session");
}


static void
test_session(void)
{
    uint32_t          at;
    journey_event_t   e;
    journey_state_t   s, before;

    s = visitor(NULL);
    before = s;
    e = page(&s, TIMEOUT / 6 - 1);
    ok(!e.changed && same(&s, &before),
       "a second before a sixth of the timeout nothing changes");

    e = page(&s, TIMEOUT / 6);
    ok(e.changed && !e.session && !e.touch && s.last_seen == T0 + 300,
       "at exactly a sixth last seen advances");

    s = visitor(NULL);
    e = page(&s, TIMEOUT - 1);
    ok(!e.session && s.session == 1 && s.last_seen == T0 + TIMEOUT - 1,
       "a second before the timeout the session goes on");

    s = visitor(NULL);
    is_int(journey_state_ended(&s, T0 + TIMEOUT - 1, TIMEOUT), 0,
           "a second before the timeout: not ended");
    is_int(journey_state_ended(&s, T0 + TIMEOUT, TIMEOUT), 1,
           "at the timeout: ended");

    e = page(&s, TIMEOUT);
    ok(e.session && e.touch && e.changed && !e.journey,
       "at exactly the timeout a session begins, with a touch");
    is_int(s.session, 2, "session 2");
    is_int(s.journey, 1, "of the same journey");
    is_int(s.touches, 2, "touch 2, though of the same hash");
    is_int(s.session_start, T0 + TIMEOUT, "its start");

    /* what the client saw within a sixth does not count */

    s = visitor(NULL);
    (void) page(&s, 299);
    e = page(&s, TIMEOUT);
    ok(e.session, "a page that did not advance last seen prolongs nothing");

    s = visitor(NULL);

    for (at = 300; at < 100 * TIMEOUT; at += 300) {
        e = page(&s, at);

        if (e.session || e.touch || !e.changed) {
            break;
        }
    }

    is_int(at, 100 * TIMEOUT, "pages without a gap are one session");
    is_int(s.session_start, T0, "whose start stays");

    /* a timeout that six does not divide */

    s = visitor(NULL);
    {
        journey_hit_t  hit;

        memset(&hit, 0, sizeof(journey_hit_t));
        hit.opens = 1;
        hit.timeout = 100;
        hit.now = T0 + 16;

        e = journey_state_hit(&s, &hit);
        ok(!e.changed, "16 s are less than a sixth of 100 s");

        hit.now = T0 + 17;
        e = journey_state_hit(&s, &hit);
        ok(e.changed, "17 s are more");

        hit.now = 0xffffffff;
        hit.timeout = 0xffffffff;
        e = journey_state_hit(&s, &hit);
        ok(!e.session && e.changed, "the largest timeout does not wrap");
    }
}


static void
test_clock(void)
{
    journey_event_t  e;
    journey_state_t  s, before;

    s = visitor("decision");
    before = s;
    e = page(&s, (uint32_t) -200);

    ok(!e.session && !e.touch && !e.changed && same(&s, &before),
       "a clock that is behind ends no session and takes nothing back");

    e = page(&s, (uint32_t) -100000);
    ok(!e.session && same(&s, &before), "however far it is behind");

    is_int(journey_state_ended(&s, 0, TIMEOUT), 0, "not ended at 1970");

    e = hit_page(&s, (uint32_t) -200, 1, 12, 99, NULL);
    ok(e.touch && s.last_seen == T0, "a touch opens, last seen stays");

    e = goal(&s, (uint32_t) -200, 1, NULL);
    ok(e.completed && !e.ended && s.last_seen == T0, "a goal counts");
}


static void
test_touch(void)
{
    unsigned         i, good;
    journey_event_t  e;
    journey_state_t  s, before;

    s = visitor(NULL);
    before = s;

    e = hit_page(&s, 10, 1, 12, 7, NULL);
    ok(!e.touch && !e.changed && same(&s, &before),
       "external, of the same source, medium and campaign: no touch");

    e = hit_page(&s, 10, 0, 12, 8, NULL);
    ok(!e.touch && same(&s, &before), "another, but not external: no touch");

    e = hit_page(&s, 10, 1, 12, 8, NULL);
    ok(e.touch && e.changed && !e.session && !e.journey,
       "external and another: a touch, no session");
    ok(s.touches == 2 && s.touch_hash == 8 && s.channels[0] == 1
       && s.channels[1] == 12 && s.session == 1, "its channel is the second");
    is_int(s.last_seen, T0, "a touch alone does not advance last seen");

    e = hit_page(&s, 11, 1, 12, 8, NULL);
    ok(!e.touch, "the same once more: none");

    e = hit_page(&s, 12, 1, 1, 7, NULL);
    ok(e.touch && s.touches == 3, "the first one again is another: a touch");

    /* 17 and more keep the first and the last 15 */

    s = visitor(NULL);
    s.channels[0] = 200;

    for (i = 2; i <= 16; i++) {
        (void) hit_page(&s, 1, 1, i, 1000 + i, NULL);
    }

    is_int(s.touches, 16, "16 touches");
    ok(s.channels[0] == 200 && s.channels[1] == 2 && s.channels[15] == 16,
       "all of them are kept");

    (void) hit_page(&s, 1, 1, 17, 1017, NULL);
    is_int(s.touches, 17, "the number goes on");
    is_int(journey_state_channels(&s), 16, "16 channels are there");
    is_int(s.channels[0], 200, "the first stays");
    is_int(s.channels[1], 3, "the second is gone");
    is_int(s.channels[15], 17, "the last is the newest");

    for (i = 18; i <= 100; i++) {
        (void) hit_page(&s, 1, 1, i, 1000 + i, NULL);
    }

    good = (s.channels[0] == 200);

    for (i = 1; i < 16; i++) {
        good += (s.channels[i] == 85 + i);
    }

    is_int(good, 16, "after 100 they are the first and the last 15");
    is_int(s.touches, 100, "of 100");
}


static void
test_goal(void)
{
    journey_event_t  e;
    journey_state_t  s, before;

    s = visitor("awareness");
    before = s;

    e = goal(&s, 299, 0, NULL);
    ok(!e.changed && !e.ended && !e.completed && same(&s, &before),
       "a goal within a sixth changes nothing");

    e = goal(&s, 300, 0, NULL);
    ok(e.changed && s.last_seen == T0 + 300,
       "a goal in the session refreshes last seen");

    before = s;
    e = goal(&s, 300 + TIMEOUT, 1, "decision");
    ok(e.ended && !e.changed && !e.completed && same(&s, &before),
       "a goal after the session's end changes nothing");

    e = goal(&s, 299 + TIMEOUT, 0, "decision");
    ok(!e.ended && e.changed && s.furthest == code("decision"),
       "a second before it still counts");

    e = page(&s, 299 + 2 * TIMEOUT);
    ok(e.session && s.session == 2, "and the session goes by its time");

    {
        journey_hit_t  hit;

        memset(&hit, 0, sizeof(journey_hit_t));
        hit.now = T0 + 90000;
        hit.timeout = TIMEOUT;
        hit.external = 1;
        hit.hash = 4711;
        hit.phase = phase("advocacy");
        hit.phases = phases;

        before = s;
        e = journey_state_hit(&s, &hit);
        ok(!e.changed && same(&s, &before),
           "what is neither page, click nor goal changes nothing");
    }
}


static void
test_journey(void)
{
    journey_event_t  e;
    journey_state_t  s, before;

    s = visitor("awareness");
    (void) hit_page(&s, 1, 0, 1, 7, "decision");

    e = goal(&s, 2, 1, "decision");
    ok(e.completed && e.changed && s.completed,
       "a goal that completes ends the journey");
    ok(s.journey == 1 && s.session == 1 && s.touches == 1,
       "but not at once: the numbers stay");
    is_int(s.furthest, code("decision"), "and the furthest phase");

    before = s;
    e = goal(&s, 3, 1, "awareness");
    ok(!e.completed && same(&s, &before),
       "it is completed once, by the first such goal");

    e = hit_page(&s, 10, 1, 12, 99, NULL);
    ok(e.touch && !e.journey && s.journey == 1 && s.touches == 2,
       "a touch in the rest of the session is of the same journey");

    e = hit_page(&s, 11, 0, 1, 7, "advocacy");
    ok(!e.journey && s.furthest == code("advocacy"),
       "so is a phase");

    e = hit_page(&s, TIMEOUT + 10, 1, 15, 99, NULL);
    ok(e.journey && e.session && e.touch,
       "the next session begins the next journey");
    is_int(s.journey, 2, "journey 2");
    is_int(s.session, 2, "session 2: sessions are the visitor's");
    is_int(s.touches, 1, "with its own first touch");
    ok(s.channels[0] == 15 && s.channels[1] == 0, "its own channels");
    is_int(s.furthest, code("retention"),
           "its floor is the phase after the completing one");
    ok(s.completed == 0 && s.floor == 0, "it is open");

    e = hit_page(&s, TIMEOUT + 11, 0, 1, 7, "awareness");
    ok(!e.changed && s.furthest == code("retention"),
       "the furthest phase does not fall below the floor");

    e = page(&s, 3 * TIMEOUT);
    ok(e.session && !e.journey && s.journey == 2,
       "a session after a journey that is open goes on with it");

    /* the phase of completion */

    s = visitor("decision");
    (void) goal(&s, 2, 1, NULL);
    (void) page(&s, TIMEOUT + 2);
    is_int(s.furthest, code("retention"),
           "a goal without a phase completes in the furthest one");

    s = visitor("retention");
    (void) goal(&s, 2, 1, "awareness");
    (void) page(&s, TIMEOUT + 2);
    is_int(s.furthest, code("consideration"),
           "a goal's own phase is the completing one");

    s = visitor("advocacy");
    (void) goal(&s, 2, 1, "advocacy");
    e = page(&s, TIMEOUT + 2);
    ok(e.journey && s.furthest == 0, "the last phase has none after it");

    s = visitor(NULL);
    (void) goal(&s, 2, 1, NULL);
    e = page(&s, TIMEOUT + 2);
    ok(e.journey && s.furthest == 0, "without a phase there is no floor");

    s = visitor("decision");
    (void) goal(&s, 2, 1, NULL);
    e = hit_page(&s, TIMEOUT + 2, 0, 1, 7, "advocacy");
    ok(e.journey && s.furthest == code("advocacy"),
       "a first page beyond the floor is the furthest");
}


static void
test_phase(void)
{
    journey_hit_t    hit;
    journey_event_t  e;
    journey_state_t  s;

    s = visitor("decision");

    e = hit_page(&s, 1, 0, 1, 7, "awareness");
    ok(!e.changed && s.furthest == code("decision"), "it never falls");

    e = hit_page(&s, 2, 0, 1, 7, "decision");
    ok(!e.changed, "the same again changes nothing");

    e = hit_page(&s, 3, 0, 1, 7, NULL);
    ok(!e.changed && s.furthest == code("decision"),
       "nor does a page of no phase");

    e = hit_page(&s, 4, 0, 1, 7, "retention");
    ok(e.changed && s.furthest == code("retention"), "it rises");

    e = hit_page(&s, TIMEOUT + 4, 0, 1, 7, "awareness");
    ok(e.session && s.furthest == code("retention"),
       "in the same journey it stays over sessions");

    /* the model was edited, or is of another server */

    memset(&hit, 0, sizeof(journey_hit_t));
    hit.now = T0 + TIMEOUT + 5;
    hit.timeout = TIMEOUT;
    hit.opens = 1;
    hit.phases = other;
    hit.phase = journey_phases_at(other, 1);

    e = journey_state_hit(&s, &hit);
    ok(e.changed && s.furthest == hit.phase->name->code,
       "a code that the model does not know is no phase: any is further");

    s.furthest = 0;

    while (journey_phases_by_code(phases, s.furthest) != NULL
           || s.furthest == 0)
    {
        s.furthest++;
    }

    hit.goal = 1;
    hit.completes = 1;
    hit.phases = phases;
    hit.phase = NULL;
    s.completed = 0;

    e = journey_state_hit(&s, &hit);
    ok(e.completed && s.floor == 0, "and nothing comes after it");

    s = visitor("decision");
    (void) goal(&s, 2, 1, NULL);
    hit.goal = 0;
    hit.opens = 1;
    hit.phases = NULL;
    hit.now = T0 + 2 * TIMEOUT;
    e = journey_state_hit(&s, &hit);
    ok(e.journey && s.furthest == code("retention"),
       "without a model the floor's code stays as it was signed");

    s = visitor(NULL);
    hit.goal = 1;
    hit.now = T0 + 1;
    e = journey_state_hit(&s, &hit);
    ok(e.completed && s.floor == 0, "completed without a model: no floor");
}


static void
test_saturation(void)
{
    journey_event_t  e;
    journey_state_t  s;

    s = visitor(NULL);
    s.journey = 0xfffffe;
    s.session = 0xfffffe;
    s.touches = 0xfffffe;

    (void) hit_page(&s, 1, 1, 2, 1, NULL);
    is_int(s.touches, 0xffffff, "16,777,215 touches");
    e = hit_page(&s, 1, 1, 3, 2, NULL);
    ok(e.touch && s.touches == 0xffffff && s.channels[15] == 3,
       "there the number stops, the channels go on");

    (void) goal(&s, 2, 1, NULL);
    (void) page(&s, TIMEOUT + 2);
    ok(s.journey == 0xffffff && s.session == 0xffffff && s.touches == 1,
       "journeys and sessions come as far");

    (void) goal(&s, TIMEOUT + 3, 1, NULL);
    e = page(&s, 3 * TIMEOUT);
    ok(e.journey && e.session && s.journey == 0xffffff
       && s.session == 0xffffff, "and stop there");
}


int
main(void)
{
    journey_name_t  *clash;

    const char  *names[] = { "awareness", "consideration", "decision",
                             "retention", "advocacy", NULL };
    const char  *others[] = { "lesen", "kaufen", NULL };

    pool = journey_pool_create();
    codes = journey_codes_create(pool, 1);
    phases = model(names);
    other = model(others);

    is_int(journey_codes_assign(codes, &clash), 0, "no clash of codes");

    test_first();
    test_session();
    test_clock();
    test_touch();
    test_goal();
    test_journey();
    test_phase();
    test_saturation();

    journey_pool_destroy(pool);

    return done();
}
