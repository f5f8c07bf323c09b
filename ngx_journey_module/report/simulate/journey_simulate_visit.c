
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_simulate_random.h"
#include "journey_simulate_visit.h"


#define JOURNEY_SIMULATE_TIMEOUT   1800         /* s, journey_session */
#define JOURNEY_SIMULATE_ID_LEN    (1 + JOURNEY_ID_LEN * 4 / 3)
#define JOURNEY_SIMULATE_HASH_LEN  (JOURNEY_ID_LEN * 4 / 3)
#define JOURNEY_SIMULATE_NO_ENTRY  0xff
#define JOURNEY_SIMULATE_PAGES     200          /* of a visit, at most */

/* Streams of a seed, far from those of occasions. */

#define JOURNEY_SIMULATE_COOKIE    (1ULL << 40) /* and the device */
#define JOURNEY_SIMULATE_USER      (2ULL << 40)
#define JOURNEY_SIMULATE_HASH      (3ULL << 40) /* and the day */
#define JOURNEY_SIMULATE_ORDER     (4ULL << 40) /* and the occasion */

#define JOURNEY_SIMULATE_QUANTILES  32


/* Bytes of ids that one record may hold. */

typedef struct {
    u_char           visitor[JOURNEY_SIMULATE_ID_LEN];
    u_char           previous[JOURNEY_SIMULATE_ID_LEN];
    u_char           user[JOURNEY_SIMULATE_HASH_LEN];
    u_char           order[JOURNEY_SIMULATE_HASH_LEN];
} journey_simulate_ids_t;


/* Cents of a purchase: log-normal, median 59, sigma 0.75 */

static const uint32_t
    journey_simulate_values[JOURNEY_SIMULATE_QUANTILES + 1] =
{
    855, 1459, 1867, 2196, 2490, 2766, 3033, 3296, 3558, 3821, 4089,
    4363, 4646, 4938, 5243, 5563, 5900, 6257, 6639, 7049, 7493, 7978,
    8512, 9109, 9785, 10562, 11477, 12584, 13981, 15855, 18644, 23855, 40724
};

/* Milliseconds on a page: log-normal, median 32 s, sigma 1.05 */

static const uint32_t
    journey_simulate_stays[JOURNEY_SIMULATE_QUANTILES + 1] =
{
    2141, 4526, 6391, 8019, 9563, 11081, 12607, 14161, 15761, 17420, 19154,
    20976, 22901, 24945, 27128, 29471, 32000, 34746, 37747, 41050, 44715,
    48818, 53461, 58781, 64972, 72311, 81226, 92409, 107083, 127695, 160222,
    226242, 478357
};

static journey_str_t  journey_simulate_host = journey_string("shop.example");


/* 96 bits of a stream, byte by byte, whatever the order of bytes here. */

static void
journey_simulate_bits(uint64_t seed, uint64_t stream,
    u_char bits[JOURNEY_ID_LEN])
{
    unsigned  i;
    uint64_t  random, n;

    random = journey_simulate_stream(seed, stream);
    n = 0;

    for (i = 0; i < JOURNEY_ID_LEN; i++) {
        if (i % 8 == 0) {
            n = journey_simulate_next(&random);
        }

        bits[i] = (u_char) n;
        n >>= 8;
    }
}


static journey_str_t
journey_simulate_hash(const journey_simulate_visitor_t *v, uint64_t stream,
    u_char *buf)
{
    u_char         bits[JOURNEY_ID_LEN];
    journey_str_t  text;

    journey_simulate_bits(v->seed, stream, bits);

    text.data = buf;
    text.len = journey_base64url_encode(buf, bits, JOURNEY_ID_LEN) - buf;

    return text;
}


static journey_str_t
journey_simulate_id(const u_char *bits, u_char kind, u_char *buf)
{
    journey_str_t  text;

    buf[0] = kind;
    text.data = buf;
    text.len = journey_base64url_encode(buf + 1, bits, JOURNEY_ID_LEN) - buf;

    return text;
}


/* A C string of the tables, as a string. */

static journey_str_t
journey_simulate_text(const char *text)
{
    journey_str_t  str;

    str.data = (u_char *) text;
    str.len = strlen(text);

    return str;
}


/* What every record holds; the rest is cleared. */

static void
journey_simulate_common(const journey_simulate_visitor_t *v,
    journey_event_kind_e kind, journey_simulate_ids_t *ids,
    journey_record_t *rec)
{
    const journey_state_t  *state;

    memset(rec, 0, sizeof(journey_record_t));

    state = &v->states[v->device];

    rec->time = v->time;
    rec->kind = kind;
    rec->host = journey_simulate_host;

    if (state->session != 0) {
        rec->visitor = journey_simulate_id(state->id,
                                           v->cookieless ? 'h' : 'c',
                                           ids->visitor);
        rec->journey = state->journey;
        rec->session = state->session;
    }

    rec->device = (journey_device_e) v->devices[v->device];
    rec->country = journey_simulate_text(
                       journey_simulate_countries[v->country].country);

    if (v->signed_in) {
        rec->user = journey_simulate_hash(v, JOURNEY_SIMULATE_USER, ids->user);
    }

    if (v->business) {
        rec->nlabels = 1;
        journey_str_set(&rec->label_names[0], "segment");
        journey_str_set(&rec->label_values[0], "business");
    }
}


static void
journey_simulate_page_of(const journey_simulate_world_t *world,
    const journey_simulate_visitor_t *v, journey_record_t *rec)
{
    journey_simulate_path_t  *path;

    path = &world->model->paths[v->path];

    rec->path.data = path->path;
    rec->path.len = path->len;

    if (path->phase != NULL) {
        rec->phase = path->phase->name->name;
        rec->position = path->phase->position;
    }
}


/* The number of the week, of newsletters: they change in the night to a
 * Thursday, as the first day of 1970 was one. */

static unsigned
journey_simulate_week(const journey_simulate_visitor_t *v)
{
    return (unsigned) (v->time / (7 * 86400000ULL) % JOURNEY_SIMULATE_NEWS);
}


static int
journey_simulate_weekly(const char *campaign)
{
    size_t  len;

    len = strlen(campaign);

    return len > 2 && campaign[len - 2] == '_' && campaign[len - 1] == 'w';
}


static void
journey_simulate_campaign(const journey_simulate_world_t *world,
    const journey_simulate_visitor_t *v, unsigned i, journey_record_t *rec)
{
    const journey_simulate_entry_t  *e;

    e = &journey_simulate_entries[i];

    rec->source = journey_simulate_text(e->source);
    rec->medium = journey_simulate_text(e->medium);
    rec->click = journey_simulate_text(e->click);

    rec->campaign = journey_simulate_text(
                        journey_simulate_weekly(e->campaign)
                        ? world->model->news[journey_simulate_week(v)]
                        : e->campaign);
}


/* The state machine, and the record of a page or a click, but for its path. */

static void
journey_simulate_hit(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v, journey_event_kind_e kind,
    const journey_phase_t *phase, journey_simulate_ids_t *ids,
    journey_record_t *rec)
{
    u_char                           digits[2];
    unsigned                         entry, week;
    journey_hit_t                    hit;
    journey_state_t                 *state;
    journey_event_t                  event;
    const journey_simulate_entry_t  *e;

    entry = (v->entry == JOURNEY_SIMULATE_NO_ENTRY)
            ? world->model->direct_entry : v->entry;

    e = &journey_simulate_entries[entry];
    state = &v->states[v->device];

    memset(&hit, 0, sizeof(journey_hit_t));

    hit.now = (uint32_t) (v->time / 1000);
    hit.timeout = JOURNEY_SIMULATE_TIMEOUT;
    hit.opens = 1;
    hit.channel = journey_simulate_channels[e->channel].code;
    hit.external = (entry != world->model->direct_entry);
    hit.hash = world->model->hashes[entry];
    hit.phase = phase;
    hit.phases = world->model->phases;

    if (journey_simulate_weekly(e->campaign)) {
        week = journey_simulate_week(v) + 1;

        digits[0] = (u_char) ('0' + week / 10);
        digits[1] = (u_char) ('0' + week % 10);
        hit.hash = journey_hash_more(hit.hash, digits, 2);
    }

    event = journey_state_hit(state, &hit);

    journey_simulate_common(v, kind, ids, rec);

    if (event.touch) {
        rec->channel = *journey_simulate_channel_name(world->model,
                                                      e->channel);
        rec->referrer = journey_simulate_text(e->referrer);
        rec->why = journey_simulate_text(e->why);

        journey_simulate_campaign(world, v, entry, rec);
    }

    if (event.session && !v->cookieless) {
        rec->has_first_seen = 1;
        rec->first_seen = state->first_seen / 86400;
    }

    world->counts.sessions += event.session;
    world->counts.touches += event.touch;

    v->entry = JOURNEY_SIMULATE_NO_ENTRY;
}


/* A goal on the page that was just served. */

static int
journey_simulate_goal(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v, const char *goal, unsigned completes)
{
    uint32_t                 i;
    journey_hit_t            hit;
    journey_state_t         *state;
    journey_record_t         rec;
    journey_simulate_ids_t   ids;

    state = &v->states[v->device];

    memset(&hit, 0, sizeof(journey_hit_t));

    hit.now = (uint32_t) (v->time / 1000);
    hit.timeout = JOURNEY_SIMULATE_TIMEOUT;
    hit.goal = 1;
    hit.completes = completes;
    hit.phase = world->model->paths[v->path].phase;
    hit.phases = world->model->phases;

    (void) journey_state_hit(state, &hit);

    journey_simulate_common(v, JOURNEY_EVENT_GOAL, &ids, &rec);
    journey_simulate_page_of(world, v, &rec);

    rec.goal = journey_simulate_text(goal);
    rec.done = completes;

    if (completes) {
        rec.has_value = 1;
        rec.value = (double) journey_simulate_quantile(&v->random,
                                 journey_simulate_values,
                                 JOURNEY_SIMULATE_QUANTILES)
                    / 100;
        rec.currency = journey_simulate_text(
                           journey_simulate_countries[v->country].currency);
        rec.order = journey_simulate_hash(v, JOURNEY_SIMULATE_ORDER
                                             + v->occasion,
                                          ids.order);

        world->counts.purchases++;
    }

    rec.ntouches = journey_state_channels(state);
    rec.touches_total = state->touches;

    for (i = 0; i < rec.ntouches; i++) {
        rec.touches[i] = *journey_channel_name(world->model->codes,
                                               state->channels[i]);
    }

    return journey_simulate_workers_put(world->workers, v->worker, &rec);
}


static void
journey_simulate_go(const journey_simulate_world_t *world,
    journey_simulate_visitor_t *v, unsigned kind)
{
    uint32_t  n;

    /* some are asked for much more often than others */

    n = journey_simulate_kinds[kind].pages;
    n = journey_simulate_below(&v->random,
                               journey_simulate_below(&v->random, n) + 1);

    v->kind = (uint8_t) kind;
    v->path = (uint16_t) (world->model->first_path[kind] + n);
    v->stage = JOURNEY_SIMULATE_PAGE;
}


/* A view before the visit, of who is known or not. */

static int
journey_simulate_view(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v)
{
    journey_record_t         rec;
    journey_simulate_ids_t   ids;

    journey_simulate_common(v, JOURNEY_EVENT_PIXEL, &ids, &rec);

    if (v->cookieless || v->occasion % 2 != 0) {

        /* a program for mails has no cookie */

        journey_str_null(&rec.visitor);
        rec.journey = 0;
        rec.session = 0;
    }

    rec.path = journey_simulate_text(journey_simulate_entries[v->entry].pixel);

    journey_simulate_campaign(world, v, v->entry, &rec);

    return journey_simulate_workers_put(world->workers, v->worker, &rec);
}


int
journey_simulate_visit_begin(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v)
{
    v->pages = 0;
    v->signed_in = 0;
    v->worker = (uint8_t) journey_simulate_below(&v->random,
                                                 JOURNEY_SIMULATE_WORKERS);

    if (journey_simulate_entries[v->entry].pixel != NULL
        && journey_simulate_chance(&v->random, 500))
    {
        if (journey_simulate_view(world, v) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        v->time += 2000 + journey_simulate_below(&v->random, 30000);
        v->stage = JOURNEY_SIMULATE_ENTRY;

        return JOURNEY_OK;
    }

    return journey_simulate_visit_enter(world, v);
}


/* The state with which the visit begins: a hash lives for a day, but serves a
 * visit that it began. */

static void
journey_simulate_identify(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v)
{
    u_char            id[JOURNEY_ID_LEN];
    uint32_t          now;
    journey_state_t  *state;

    state = &v->states[v->device];
    now = (uint32_t) (v->time / 1000);

    /* who uses two browsers is remembered in both */

    v->signed_in = (v->second && v->occasion > 0);

    if (v->cookieless) {
        v->consent = (uint8_t) (v->consents
                                ? 2 + journey_simulate_below(&v->random, 3)
                                : 0);

        if (state->session != 0
            && (state->first_seen / 86400 == now / 86400
                || !journey_state_ended(state, now, JOURNEY_SIMULATE_TIMEOUT)))
        {
            return;
        }

        journey_simulate_bits(v->seed, JOURNEY_SIMULATE_HASH + now / 86400,
                              id);

    } else {
        v->consent = 0;

        if (state->session != 0) {
            return;
        }

        journey_simulate_bits(v->seed, JOURNEY_SIMULATE_COOKIE + v->device,
                              id);
    }

    journey_state_init(state, id, now);
    world->counts.visitors++;
}


/* The page on which the visit begins. */

static unsigned
journey_simulate_landing(journey_simulate_visitor_t *v)
{
    uint32_t         r, total;
    unsigned         i;
    const uint16_t  *landing;

    if (v->customer) {

        /* who has bought comes for more than to buy */

        r = journey_simulate_below(&v->random, 1000);

        if (r < 400) {
            return r < 250 ? JOURNEY_SIMULATE_ACCOUNT
                   : r < 340 ? JOURNEY_SIMULATE_HELP : JOURNEY_SIMULATE_REVIEW;
        }
    }

    landing = journey_simulate_channels[v->channel].landing;

    for (total = 0, i = 0; i < JOURNEY_SIMULATE_LANDINGS; i++) {
        total += landing[i];
    }

    return journey_simulate_pick(&v->random, landing,
                                 JOURNEY_SIMULATE_LANDINGS, total);
}


int
journey_simulate_visit_enter(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v)
{
    const char              *link;
    journey_record_t         rec;
    journey_simulate_ids_t   ids;

    journey_simulate_identify(world, v);
    journey_simulate_go(world, v, journey_simulate_landing(v));

    link = journey_simulate_entries[v->entry].link;

    if (link == NULL) {
        return journey_simulate_visit_page(world, v);
    }

    journey_simulate_hit(world, v, JOURNEY_EVENT_CLICK, NULL, &ids, &rec);

    rec.path = journey_simulate_text(link);

    if (journey_simulate_workers_put(world->workers, v->worker, &rec)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    v->time += 60 + journey_simulate_below(&v->random, 400);

    return JOURNEY_OK;
}


/* Where who buys goes next. */

static unsigned
journey_simulate_forward(journey_simulate_visitor_t *v)
{
    uint32_t  r;

    r = journey_simulate_below(&v->random, 100);

    switch (v->kind) {

    case JOURNEY_SIMULATE_PRODUCT:
        return r < 45 ? JOURNEY_SIMULATE_CART
               : r < 80 ? JOURNEY_SIMULATE_PRODUCT : JOURNEY_SIMULATE_CATEGORY;

    case JOURNEY_SIMULATE_CART:
        return r < 90 ? JOURNEY_SIMULATE_ADDRESS : JOURNEY_SIMULATE_PRODUCT;

    case JOURNEY_SIMULATE_ADDRESS:
        return JOURNEY_SIMULATE_PAYMENT;

    case JOURNEY_SIMULATE_PAYMENT:
        return JOURNEY_SIMULATE_DONE;

    default:
        return r < 70 ? JOURNEY_SIMULATE_PRODUCT : JOURNEY_SIMULATE_CATEGORY;
    }
}


/* After an answer that may make the visitor leave: thousandths. */

static int
journey_simulate_visit_next(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v, uint32_t leaves)
{
    unsigned                             kind;
    const journey_simulate_page_kind_t  *k;

    if (journey_simulate_chance(&v->random, leaves)
        || v->pages == JOURNEY_SIMULATE_PAGES)
    {
        return JOURNEY_DECLINED;
    }

    v->time += journey_simulate_quantile(&v->random, journey_simulate_stays,
                                         JOURNEY_SIMULATE_QUANTILES);

    k = &journey_simulate_kinds[v->kind];

    if (v->buys) {
        kind = journey_simulate_forward(v);

    } else if (v->kind == JOURNEY_SIMULATE_NEWSLETTER
               && journey_simulate_chance(&v->random,
                      journey_simulate_number(JOURNEY_SIMULATE_SIGN_UP)))
    {
        kind = JOURNEY_SIMULATE_SUBSCRIBED;

    } else {
        kind = journey_simulate_pick(&v->random, k->next,
                                     JOURNEY_SIMULATE_KINDS,
                                     world->model->next_total[v->kind]);
    }

    journey_simulate_go(world, v, kind);

    if (kind <= JOURNEY_SIMULATE_PRODUCT
        && journey_simulate_chance(&v->random,
               journey_simulate_number(JOURNEY_SIMULATE_AGAIN)))
    {
        /* went to a search engine, and came back */

        kind = journey_simulate_entries[world->model->search].channel;

        if ((int) kind != world->model->without) {
            v->entry = (uint8_t) world->model->search;
            v->touched |= (uint16_t) (1u << kind);
        }
    }

    return JOURNEY_OK;
}


static int
journey_simulate_error(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v)
{
    unsigned                 server;
    journey_record_t         rec;
    journey_simulate_ids_t   ids;

    server = journey_simulate_chance(&v->random,
                 journey_simulate_number(JOURNEY_SIMULATE_ERROR_SERVER));

    journey_simulate_common(v, JOURNEY_EVENT_ERROR, &ids, &rec);
    journey_simulate_page_of(world, v, &rec);

    journey_str_null(&rec.phase);
    rec.position = 0;
    rec.status = !server ? 404
                 : journey_simulate_chance(&v->random, 500) ? 500 : 503;
    rec.has_ms = 1;
    rec.ms = 2 + journey_simulate_below(&v->random, 60);

    if (journey_simulate_workers_put(world->workers, v->worker, &rec)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return journey_simulate_visit_next(world, v, (uint32_t)
               journey_simulate_number(server ? JOURNEY_SIMULATE_SERVER_EXIT
                                              : JOURNEY_SIMULATE_ERROR_EXIT));
}


/* The cookie takes the visit over, state and all. */

static void
journey_simulate_agree(journey_simulate_visitor_t *v,
    journey_simulate_ids_t *ids, journey_str_t *previous)
{
    journey_state_t  *state;

    state = &v->states[v->device];

    *previous = journey_simulate_id(state->id, 'h', ids->previous);

    journey_simulate_bits(v->seed, JOURNEY_SIMULATE_COOKIE + v->device,
                          state->id);

    v->cookieless = 0;
    v->consent = 0;
}


/* What a page makes of the visitor, with the goals that it reaches. */

static int
journey_simulate_reach(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v)
{
    switch (v->kind) {

    case JOURNEY_SIMULATE_SUBSCRIBED:
        v->subscriber = 1;

        return journey_simulate_goal(world, v, "newsletter", 0);

    case JOURNEY_SIMULATE_CART:
        v->carted = 1;
        return JOURNEY_OK;

    case JOURNEY_SIMULATE_DONE:
        v->buys = 0;
        v->bought = 1;
        v->customer = 1;

        return journey_simulate_goal(world, v, "purchase", 1);

    default:
        return JOURNEY_OK;
    }
}


int
journey_simulate_visit_page(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v)
{
    uint32_t                             ms, leaves;
    unsigned                             slow;
    journey_str_t                        previous;
    journey_record_t                     rec;
    journey_simulate_ids_t               ids;
    const journey_simulate_page_kind_t  *k;

    k = &journey_simulate_kinds[v->kind];

    if (v->pages > 0
        && journey_simulate_chance(&v->random,
               journey_simulate_number(JOURNEY_SIMULATE_ERROR)))
    {
        v->entry = JOURNEY_SIMULATE_NO_ENTRY;
        return journey_simulate_error(world, v);
    }

    journey_str_null(&previous);

    if (v->consent != 0 && v->pages + 1u == v->consent) {
        journey_simulate_agree(v, &ids, &previous);
    }

    if (v->member && (v->kind == JOURNEY_SIMULATE_ADDRESS
                      || v->kind == JOURNEY_SIMULATE_ACCOUNT))
    {
        v->signed_in = 1;
    }

    journey_simulate_hit(world, v, JOURNEY_EVENT_PAGE,
                         world->model->paths[v->path].phase, &ids, &rec);
    journey_simulate_page_of(world, v, &rec);

    if (previous.len != 0) {
        rec.previous = previous;
        rec.has_first_seen = 1;
        rec.first_seen = v->states[v->device].first_seen / 86400;
    }

    slow = journey_simulate_chance(&v->random,
               journey_simulate_number(JOURNEY_SIMULATE_SLOW));

    ms = k->ms / 2u + journey_simulate_below(&v->random, k->ms);

    rec.has_ms = 1;
    rec.ms = slow ? 2000 + 10 * ms : ms;

    v->pages++;

    if (journey_simulate_workers_put(world->workers, v->worker, &rec)
            != JOURNEY_OK
        || journey_simulate_reach(world, v) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    /* who means to buy is held up by nothing but a dead end, slowness and
     * errors */

    leaves = (v->buys && v->kind != JOURNEY_SIMULATE_OFFER) ? 0 : k->exits;

    if (slow) {
        leaves += (1000 - leaves) * (uint32_t) journey_simulate_number(
                                        JOURNEY_SIMULATE_SLOW_EXIT) / 1000;
    }

    return journey_simulate_visit_next(world, v, leaves);
}
