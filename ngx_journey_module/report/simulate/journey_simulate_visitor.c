
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Who comes, by which channel, and when the next time; what happens in a visit
 * is in journey_simulate_visit.
 */


#include "journey_simulate_random.h"
#include "journey_simulate_visit.h"


/* Streams of a seed: the person, then three an occasion. */

#define JOURNEY_SIMULATE_PERSON     0
#define JOURNEY_SIMULATE_CHOICE(n)  (3 * (uint64_t) (n) + 1)
#define JOURNEY_SIMULATE_VISIT(n)   (3 * (uint64_t) (n) + 2)
#define JOURNEY_SIMULATE_LATER(n)   (3 * (uint64_t) (n) + 3)

#define JOURNEY_SIMULATE_DAY        86400000ULL         /* ms */
#define JOURNEY_SIMULATE_SLEEP      (12 * 3600)         /* s */
#define JOURNEY_SIMULATE_GAPS       8

#define journey_simulate_sum(sum, list, n, field)                             \
    for (sum = 0, i = 0; i < (n); i++) {                                      \
        sum += (list)[i].field;                                               \
    }


/* From the end of a visit to the next occasion, seconds: before a purchase and
 * after one. */

static const uint32_t  journey_simulate_gaps[2][JOURNEY_SIMULATE_GAPS + 1] = {
    { 3600, 10800, 43200, 86400, 172800, 345600, 604800, 1382400, 3888000 },
    { 259200, 777600, 1209600, 1728000, 2419200, 3024000, 3888000, 5184000,
      7776000 }
};


static unsigned
journey_simulate_country(uint64_t *random)
{
    uint32_t  r, total;
    unsigned  i;

    journey_simulate_sum(total, journey_simulate_countries,
                         journey_simulate_ncountries, weight);

    r = journey_simulate_below(random, total);

    for (i = 0; r >= journey_simulate_countries[i].weight; i++) {
        r -= journey_simulate_countries[i].weight;
    }

    return i;
}


static journey_device_e
journey_simulate_device(uint64_t *random)
{
    uint32_t  r;

    r = journey_simulate_below(random, 1000);

    return r < 520 ? JOURNEY_DEVICE_MOBILE
           : r < 950 ? JOURNEY_DEVICE_DESKTOP
           : r < 995 ? JOURNEY_DEVICE_TABLET : JOURNEY_DEVICE_TV;
}


void
journey_simulate_visitor_init(const journey_simulate_world_t *world,
    journey_simulate_visitor_t *v, uint64_t index, uint64_t time)
{
    int       taste;
    uint32_t  r;
    unsigned  i;
    uint64_t  random;

    memset(v, 0, sizeof(journey_simulate_visitor_t));

    v->index = index;
    v->time = time;
    v->seed = journey_simulate_stream(world->seed, index);

    random = journey_simulate_stream(v->seed, JOURNEY_SIMULATE_PERSON);

    /* nearly normal: the sum of four that are even, whose standard deviation
     * is 577 */

    for (taste = -1998, i = 0; i < 4; i++) {
        taste += (int) journey_simulate_below(&random, 1000);
    }

    v->taste = (int16_t) (taste * journey_simulate_number(
                                      JOURNEY_SIMULATE_TASTE) / 577);

    v->country = (uint8_t) journey_simulate_country(&random);
    v->devices[0] = (uint8_t) journey_simulate_device(&random);
    v->devices[1] = (v->devices[0] == JOURNEY_DEVICE_MOBILE)
                    ? JOURNEY_DEVICE_DESKTOP : JOURNEY_DEVICE_MOBILE;

    r = journey_simulate_below(&random, 1000);

    v->consents = (r < (uint32_t) journey_simulate_number(
                                      JOURNEY_SIMULATE_CONSENT));
    v->cookieless = (r < (uint32_t) (journey_simulate_number(
                                         JOURNEY_SIMULATE_CONSENT)
                                     + journey_simulate_number(
                                         JOURNEY_SIMULATE_COOKIELESS)));

    v->member = journey_simulate_chance(&random,
                    journey_simulate_number(JOURNEY_SIMULATE_MEMBER));
    v->business = journey_simulate_chance(&random,
                      journey_simulate_number(JOURNEY_SIMULATE_BUSINESS));

    if (journey_simulate_chance(&random, journey_simulate_number(
                                             JOURNEY_SIMULATE_TWO_DEVICES))
        && !v->cookieless)
    {
        v->second = 1;
        v->member = 1;
    }
}


/* What the visitor knows of the shop already adds to a channel's weight. */

static int
journey_simulate_drawn(const journey_simulate_visitor_t *v,
    const journey_simulate_channel_t *c)
{
    switch (c->code) {

    case JOURNEY_CHANNEL_DIRECT:
        return (v->taste > 0)
               ? journey_simulate_number(JOURNEY_SIMULATE_KEEN) * v->taste
                 / 1000
               : 0;

    case JOURNEY_CHANNEL_AFFILIATES:
        return v->carted ? journey_simulate_number(JOURNEY_SIMULATE_CARTED)
                         : 0;

    case JOURNEY_CHANNEL_EMAIL:
        return v->subscriber
               ? journey_simulate_number(JOURNEY_SIMULATE_SUBSCRIBER) : 0;

    default:
        return 0;
    }
}


/* The channel of an occasion. */

static unsigned
journey_simulate_channel(const journey_simulate_visitor_t *v,
    uint64_t *random)
{
    uint16_t                           weight[16];
    uint32_t                           total;
    unsigned                           i;
    const journey_simulate_channel_t  *c;

    memset(weight, 0, sizeof(weight));

    for (total = 0, i = 0; i < journey_simulate_nchannels; i++) {
        c = &journey_simulate_channels[i];

        if (v->occasion == 0) {
            weight[i] = c->first;

        } else {
            weight[i] = (uint16_t) (c->again + journey_simulate_drawn(v, c));
        }

        total += weight[i];
    }

    return journey_simulate_pick(random, weight, journey_simulate_nchannels,
                                 total);
}


static unsigned
journey_simulate_entry(unsigned channel, uint64_t *random)
{
    uint32_t  r, total;
    unsigned  i;

    for (total = 0, i = 0; i < journey_simulate_nentries; i++) {
        if (journey_simulate_entries[i].channel == channel) {
            total += journey_simulate_entries[i].weight;
        }
    }

    r = journey_simulate_below(random, total);

    for (i = 0; /* void */ ; i++) {
        if (journey_simulate_entries[i].channel != channel) {
            continue;
        }

        if (r < journey_simulate_entries[i].weight) {
            return i;
        }

        r -= journey_simulate_entries[i].weight;
    }
}


static uint32_t
journey_simulate_purchase(const journey_simulate_visitor_t *v)
{
    int       logit;
    unsigned  i;

    logit = journey_simulate_number(JOURNEY_SIMULATE_BASE) + v->taste;

    if (v->devices[v->device] == JOURNEY_DEVICE_MOBILE) {
        logit += journey_simulate_number(JOURNEY_SIMULATE_MOBILE);
    }

    if (v->customer) {
        logit += journey_simulate_number(JOURNEY_SIMULATE_CUSTOMER);
    }

    for (i = 0; i < journey_simulate_nchannels; i++) {
        if (v->touched & (1u << i)) {
            logit += journey_simulate_channels[i].effect;
        }
    }

    return journey_simulate_logistic(logit);
}


/* The next occasion, if there is one. */

static int
journey_simulate_later(const journey_simulate_world_t *world,
    journey_simulate_visitor_t *v)
{
    uint32_t  gap, hour, total;
    unsigned  i, chance;
    uint64_t  random, day, time;

    random = journey_simulate_stream(v->seed,
                                     JOURNEY_SIMULATE_LATER(v->occasion));

    chance = (unsigned) journey_simulate_number(v->customer
                 ? JOURNEY_SIMULATE_RETURN_CUSTOMER : JOURNEY_SIMULATE_RETURN);

    for (i = 0; i < journey_simulate_nchannels; i++) {
        if (v->touched & (1u << i)) {
            chance += journey_simulate_channels[i].lift;
        }
    }

    if (!journey_simulate_chance(&random, journey_min(chance, 950))) {
        return JOURNEY_DECLINED;
    }

    gap = journey_simulate_quantile(&random,
                                    journey_simulate_gaps[v->bought],
                                    JOURNEY_SIMULATE_GAPS);

    time = v->time + (uint64_t) gap * 1000;

    if (gap >= JOURNEY_SIMULATE_SLEEP) {

        /* another day, at an hour at which people are awake */

        for (total = 0, i = 0; i < 24; i++) {
            total += journey_simulate_hours[i];
        }

        hour = journey_simulate_pick(&random, journey_simulate_hours, 24,
                                     total);
        day = time - time % JOURNEY_SIMULATE_DAY
              + hour * 3600000ULL + journey_simulate_below(&random, 3600000);

        time = (day < v->time + 3600000) ? day + JOURNEY_SIMULATE_DAY : day;
    }

    if (time >= world->until) {
        return JOURNEY_DECLINED;
    }

    v->time = time;
    v->occasion++;
    v->stage = JOURNEY_SIMULATE_OCCASION;

    return JOURNEY_OK;
}


/* JOURNEY_DECLINED: there is no visit, since its channel is not there. */

static int
journey_simulate_occasion(const journey_simulate_world_t *world,
    journey_simulate_visitor_t *v)
{
    unsigned  channel, anyway, bought;
    uint32_t  purchase;
    uint64_t  random;

    random = journey_simulate_stream(v->seed,
                                     JOURNEY_SIMULATE_CHOICE(v->occasion));

    if (v->bought) {
        v->bought = 0;
        v->carted = 0;
        v->touched = 0;
    }

    channel = journey_simulate_channel(v, &random);

    v->entry = (uint8_t) journey_simulate_entry(channel, &random);
    v->device = (v->second && v->occasion > 0
                 && journey_simulate_chance(&random, 500));

    anyway = journey_simulate_chance(&random,
                 journey_simulate_channels[channel].anyway);
    bought = (unsigned) (journey_simulate_next(&random) >> 48);

    if ((int) channel == world->model->without) {

        if (!anyway) {
            return JOURNEY_DECLINED;
        }

        channel = world->model->direct;
        v->entry = (uint8_t) world->model->direct_entry;
    }

    v->channel = (uint8_t) channel;
    v->touched |= (uint16_t) (1u << channel);

    purchase = journey_simulate_purchase(v);

    v->buys = (bought < purchase);
    v->random = journey_simulate_stream(v->seed,
                                        JOURNEY_SIMULATE_VISIT(v->occasion));

    return JOURNEY_OK;
}


int
journey_simulate_visitor_step(journey_simulate_world_t *world,
    journey_simulate_visitor_t *v)
{
    int  rc;

    switch (v->stage) {

    case JOURNEY_SIMULATE_OCCASION:
        if (journey_simulate_occasion(world, v) != JOURNEY_OK) {
            return journey_simulate_later(world, v);
        }

        rc = journey_simulate_visit_begin(world, v);
        break;

    case JOURNEY_SIMULATE_ENTRY:
        rc = journey_simulate_visit_enter(world, v);
        break;

    default: /* JOURNEY_SIMULATE_PAGE */
        rc = journey_simulate_visit_page(world, v);
    }

    if (rc == JOURNEY_DECLINED) {
        return journey_simulate_later(world, v);
    }

    if (rc == JOURNEY_OK && v->time >= world->until) {
        return JOURNEY_DECLINED;
    }

    return rc;
}
