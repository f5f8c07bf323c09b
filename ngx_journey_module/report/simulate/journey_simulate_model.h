
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What journey simulate plants: the shop, its pages, its channels and their
 * effects.  All of it is in tables, which --effects prints.
 *
 * How a visit comes about and ends is told in journey_simulate_visitor; the
 * chance that a visit may end in a purchase is the logistic function of a sum:
 * the base, the visitor's taste, the device, and the effect of each channel
 * that has brought the visitor in this journey, once each.
 */


#ifndef JOURNEY_SIMULATE_MODEL_H
#define JOURNEY_SIMULATE_MODEL_H


#include "journey_channel.h"
#include "journey_phase.h"

#include <stdio.h>


#define JOURNEY_SIMULATE_LANDINGS  5
#define JOURNEY_SIMULATE_PATH      48   /* bytes of a path */
#define JOURNEY_SIMULATE_NEWS      53   /* newsletters, one a week */

/* Kinds of pages; the first five are those where visits begin. */

typedef enum {
    JOURNEY_SIMULATE_HOME = 0,
    JOURNEY_SIMULATE_BLOG,
    JOURNEY_SIMULATE_OFFER,             /* from which nobody goes on */
    JOURNEY_SIMULATE_CATEGORY,
    JOURNEY_SIMULATE_PRODUCT,
    JOURNEY_SIMULATE_SEARCH,
    JOURNEY_SIMULATE_NEWSLETTER,
    JOURNEY_SIMULATE_SUBSCRIBED,
    JOURNEY_SIMULATE_CART,
    JOURNEY_SIMULATE_ADDRESS,
    JOURNEY_SIMULATE_PAYMENT,
    JOURNEY_SIMULATE_DONE,
    JOURNEY_SIMULATE_ACCOUNT,
    JOURNEY_SIMULATE_HELP,
    JOURNEY_SIMULATE_REVIEW,
    JOURNEY_SIMULATE_KINDS
} journey_simulate_kind_e;

typedef struct {
    const char  *name;
    const char  *path;                  /* with a word and a number, where
                                           there are many */
    uint16_t     pages;
    uint16_t     exits;                 /* thousandths of views that end the
                                           visit of who does not buy */
    uint16_t     ms;                    /* of its answer */
    uint16_t     next[JOURNEY_SIMULATE_KINDS];  /* where who does not buy goes
                                                   on: weights */
} journey_simulate_page_kind_t;

typedef struct {
    uint8_t      code;                  /* journey_channel_e */
    uint16_t     first;                 /* thousandths of first visits */
    uint16_t     again;                 /* weight among later ones */
    uint16_t     effect;                /* thousandths of a logit that a touch
                                           adds to the chance of a purchase */
    uint16_t     lift;                  /* thousandths that a touch adds to the
                                           chance of another visit */
    uint16_t     anyway;                /* thousandths of its visits that would
                                           come without it, too, as direct */
    uint16_t     landing[JOURNEY_SIMULATE_LANDINGS];    /* weights */
} journey_simulate_channel_t;

/* Ways by which a channel brings visitors; those of one follow each other. */

typedef struct {
    uint8_t      channel;               /* of the table of channels */
    uint16_t     weight;
    const char  *source;
    const char  *medium;
    const char  *campaign;              /* "": none; ends in "_w": the number
                                           of the week follows */
    const char  *click;
    const char  *referrer;
    const char  *why;
    const char  *link;                  /* journey_redirect's path; NULL: the
                                           visit begins on a page */
    const char  *pixel;                 /* journey_pixel's; NULL: no view goes
                                           before */
} journey_simulate_entry_t;

typedef struct {
    const char  *country;
    uint16_t     weight;
    const char  *currency;
} journey_simulate_country_t;

/* Single numbers, thousandths where nothing else is said. */

typedef struct {
    const char  *name;
    int          value;
} journey_simulate_number_t;

typedef enum {
    JOURNEY_SIMULATE_BASE = 0,          /* logit */
    JOURNEY_SIMULATE_MOBILE,            /* logit */
    JOURNEY_SIMULATE_CUSTOMER,          /* logit */
    JOURNEY_SIMULATE_TASTE,             /* logit, standard deviation */
    JOURNEY_SIMULATE_RETURN,
    JOURNEY_SIMULATE_RETURN_CUSTOMER,
    JOURNEY_SIMULATE_KEEN,              /* weight of direct, again, a logit of
                                           taste */
    JOURNEY_SIMULATE_CARTED,            /* weight of affiliates, again, with
                                           something in the cart */
    JOURNEY_SIMULATE_SUBSCRIBER,        /* weight of email, again */
    JOURNEY_SIMULATE_SLOW,
    JOURNEY_SIMULATE_SLOW_EXIT,
    JOURNEY_SIMULATE_ERROR,
    JOURNEY_SIMULATE_ERROR_SERVER,      /* of errors: 5xx, else 404 */
    JOURNEY_SIMULATE_ERROR_EXIT,
    JOURNEY_SIMULATE_SERVER_EXIT,
    JOURNEY_SIMULATE_AGAIN,             /* pages with an entry from outside
                                           in mid-visit */
    JOURNEY_SIMULATE_SIGN_UP,
    JOURNEY_SIMULATE_COOKIELESS,
    JOURNEY_SIMULATE_CONSENT,           /* consent in the first visit */
    JOURNEY_SIMULATE_MEMBER,
    JOURNEY_SIMULATE_TWO_DEVICES,
    JOURNEY_SIMULATE_BUSINESS,
    JOURNEY_SIMULATE_NUMBERS
} journey_simulate_number_e;


typedef struct {
    u_char                   path[JOURNEY_SIMULATE_PATH];
    size_t                   len;
    const journey_phase_t   *phase;     /* NULL: none */
} journey_simulate_path_t;

/* The tables made ready. */

typedef struct {
    journey_pool_t            *pool;
    journey_codes_t           *codes;           /* of channels */
    journey_phases_t          *phases;
    journey_simulate_path_t   *paths;           /* of pages, by kinds */
    unsigned                   first_path[JOURNEY_SIMULATE_KINDS];
    unsigned                   npaths;
    uint32_t                   next_total[JOURNEY_SIMULATE_KINDS];
    uint32_t                  *hashes;          /* of entries; of newsletters
                                                   without their week */
    char                       news[JOURNEY_SIMULATE_NEWS][24];
    int                        without;         /* a channel, -1: none */
    unsigned                   direct;          /* the channel, its entry */
    unsigned                   direct_entry;
    unsigned                   search;          /* the first entry of
                                                   organic_search */
} journey_simulate_model_t;


extern const journey_simulate_page_kind_t
    journey_simulate_kinds[JOURNEY_SIMULATE_KINDS];

extern const journey_simulate_channel_t  journey_simulate_channels[];
extern const unsigned  journey_simulate_nchannels;

extern const journey_simulate_entry_t  journey_simulate_entries[];
extern const unsigned  journey_simulate_nentries;

extern const journey_simulate_country_t  journey_simulate_countries[];
extern const unsigned  journey_simulate_ncountries;

extern const journey_simulate_number_t
    journey_simulate_numbers[JOURNEY_SIMULATE_NUMBERS];

/* Weights of the hours of a day and of the days of a week, Monday first. */
extern const uint16_t  journey_simulate_hours[24];
extern const uint16_t  journey_simulate_days[7];


#define journey_simulate_number(i)  (journey_simulate_numbers[i].value)


/* without: the name of a channel, or NULL.  JOURNEY_ERROR with a message. */
int journey_simulate_model_init(journey_simulate_model_t *model,
    const char *without, journey_error_t *err);
void journey_simulate_model_free(journey_simulate_model_t *model);

/* The name of a channel of the table. */
const journey_str_t *journey_simulate_channel_name(
    const journey_simulate_model_t *model, unsigned channel);

/* 65536 / (1 + e^-x), x in thousandths. */
uint32_t journey_simulate_logistic(int x);

/* All that is planted, as one JSON object. */
void journey_simulate_effects(const journey_simulate_model_t *model,
    FILE *out);


#endif /* JOURNEY_SIMULATE_MODEL_H */
