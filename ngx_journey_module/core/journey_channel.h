
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From a request to source, medium and channel (channels, sections 1, 2).
 */


#ifndef JOURNEY_CHANNEL_H
#define JOURNEY_CHANNEL_H


#include "journey_code.h"
#include "journey_query.h"
#include "journey_rules.h"
#include "journey_source.h"


/* Codes of the built-in channels; they stand in tokens and never change. */

typedef enum {
    JOURNEY_CHANNEL_NONE = 0,
    JOURNEY_CHANNEL_DIRECT = 1,
    JOURNEY_CHANNEL_CROSS_NETWORK = 2,
    JOURNEY_CHANNEL_PAID_SHOPPING = 3,
    JOURNEY_CHANNEL_PAID_SEARCH = 4,
    JOURNEY_CHANNEL_PAID_SOCIAL = 5,
    JOURNEY_CHANNEL_PAID_VIDEO = 6,
    JOURNEY_CHANNEL_DISPLAY = 7,
    JOURNEY_CHANNEL_PAID_OTHER = 8,
    JOURNEY_CHANNEL_ORGANIC_SHOPPING = 9,
    JOURNEY_CHANNEL_ORGANIC_SOCIAL = 10,
    JOURNEY_CHANNEL_ORGANIC_VIDEO = 11,
    JOURNEY_CHANNEL_ORGANIC_SEARCH = 12,
    JOURNEY_CHANNEL_AI_ASSISTANT = 13,
    JOURNEY_CHANNEL_REFERRAL = 14,
    JOURNEY_CHANNEL_EMAIL = 15,
    JOURNEY_CHANNEL_AFFILIATES = 16,
    JOURNEY_CHANNEL_AUDIO = 17,
    JOURNEY_CHANNEL_SMS = 18,
    JOURNEY_CHANNEL_PUSH = 19,
    JOURNEY_CHANNEL_OFFLINE = 20,
    JOURNEY_CHANNEL_UNASSIGNED = 21,
    JOURNEY_CHANNEL_LAST
} journey_channel_e;


/* Own rules of one level (journey_channels), tried before the built-in ones. */

typedef struct journey_channels_s  journey_channels_t;


/* A set of channel names that holds the built-in ones already. */
journey_codes_t *journey_channel_codes_create(journey_pool_t *pool);

/* The name of a code in a state; "unassigned" for a channel that is no longer
 * configured. */
const journey_str_t *journey_channel_name(const journey_codes_t *codes,
    uint8_t code);

/* codes receives the names of own channels. */
journey_channels_t *journey_channels_create(journey_pool_t *pool,
    journey_codes_t *codes);

/* Adds the rule "channel condition …"; words as in the configuration. */
int journey_channels_add(journey_channels_t *channels,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);


/* What classification knows of a request; strings may be empty. */

typedef struct {
    journey_str_t          host;        /* lower case, no port */
    journey_str_t          path;        /* decoded */
    journey_str_t          args;        /* raw, behind "?" */
    journey_str_t          referrer;    /* raw header */
    const journey_str_t   *app;         /* journey_agent_t's app, or NULL */
    unsigned               inside:1;    /* in a session: the entry matters
                                           only if it is external */
} journey_visit_t;

typedef struct {
    const journey_sources_t    *sources;
    const journey_codes_t      *codes;
    const journey_channels_t   *channels;   /* NULL: none */
    const journey_hosts_t      *own;        /* NULL: none; besides host */
    const journey_hosts_t      *server;     /* NULL: none; exact server_names */
    const journey_hosts_t      *linked;     /* NULL: none; other own sites */
    const journey_hosts_t      *ignored;    /* NULL: none */
    unsigned                    drop_spam:1;
} journey_classifier_t;


/*
 * The entry: what a touch opened by this request would hold.  Strings point
 * into the entry itself or into tables: do not copy it.  Each is valid UTF-8,
 * at most JOURNEY_VALUE_MAX bytes, without control characters and "@"; empty
 * is absent.
 */

typedef struct {
    uint8_t           channel;          /* code */
    journey_str_t     channel_name;
    journey_str_t     source;           /* "(direct)" is empty here */
    journey_str_t     medium;           /* "(none)" is empty here */
    journey_str_t     campaign;
    journey_str_t     term;
    journey_str_t     content;
    journey_str_t     referrer;         /* external referrer's host */
    journey_click_e   click;
    journey_kind_e    kind;             /* of the source */
    journey_str_t     why;              /* "utm" "click" "referrer" "app"
                                           "agent" "direct" "rule:NAME" */
    uint32_t          hash;             /* of source, medium, campaign */
    unsigned          external:1;       /* the request came from outside: an
                                           external referrer, a campaign or a
                                           click id */
    unsigned          spam:1;           /* a spam referrer was dropped */

    journey_query_t     query;
    journey_referrer_t  ref;
    u_char              why_buf[5 + 32];
} journey_entry_t;


/* Classifies a visit; never fails: e->channel is always a known code, but for
 * an inside visit that is not external, whose entry holds no more than that. */
void journey_classify(const journey_classifier_t *c,
    const journey_visit_t *visit, journey_entry_t *e);

/*
 * The same for values without a request, of a record or a list: what a visit
 * without referrer, host and path would be given whose query has them as utm_*,
 * however they are written.  values: as of journey_query_t, any bytes; they
 * are not needed afterwards.
 */
void journey_classify_values(const journey_classifier_t *c,
    const journey_str_t *values, journey_entry_t *e);


#endif /* JOURNEY_CHANNEL_H */
