
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What a user agent is: bot, AI agent, in-app browser, device
 * (channels.md, section 4; design, section 5: the form of conf/agents.conf).
 */


#ifndef JOURNEY_AGENT_H
#define JOURNEY_AGENT_H


#include "journey_core.h"


typedef enum {
    JOURNEY_DEVICE_NONE = 0,            /* not known: no user agent */
    JOURNEY_DEVICE_DESKTOP,
    JOURNEY_DEVICE_MOBILE,
    JOURNEY_DEVICE_TABLET,
    JOURNEY_DEVICE_TV,
    JOURNEY_DEVICE_OTHER,
    JOURNEY_DEVICE_LAST
} journey_device_e;


/* Facts of the request beside the user agent.  Absent is not unknown: import
 * knows no headers and sets known to 0. */

typedef struct {
    unsigned   known:1;                 /* the headers below were looked at */
    unsigned   https:1;                 /* the client is known to use https */
    unsigned   sec_fetch:1;             /* any Sec-Fetch-* header is there */
    unsigned   accept:1;
    unsigned   accept_language:1;
    unsigned   ch_mobile:2;             /* Sec-CH-UA-Mobile: 0 not sent,
                                           1 "?0", 2 "?1" */
} journey_agent_headers_t;

typedef struct {
    const journey_str_t   *bot;         /* the reason; NULL for people */
    const journey_str_t   *app;         /* key of the in-app browser's source,
                                           or NULL */
    journey_device_e       device;
    unsigned               ai_agent:1;  /* bot is an AI agent for a person */
    unsigned               proxy:1;     /* bot is a mail service that fetches
                                           images for its readers */
    unsigned               lacking:1;   /* bot by the headers it lacks alone */
} journey_agent_t;

typedef struct journey_agents_s  journey_agents_t;


/* An empty table: nobody is a bot but by headers. */
journey_agents_t *journey_agents_create(journey_pool_t *pool);

/* Adds a file; a wrong line is an error that names file and line. */
int journey_agents_load(journey_agents_t *agents, const char *path,
    journey_error_t *err);

/* Builds the automaton; call it once, after the last load. */
int journey_agents_compile(journey_agents_t *agents, journey_error_t *err);

/*
 * One pass over ua (the raw header; len 0 when there is none), whatever the
 * number of tokens.  *agent points into the table.
 */
void journey_agent_find(const journey_agents_t *agents, const u_char *ua,
    size_t len, const journey_agent_headers_t *headers,
    journey_agent_t *agent);

/* "desktop", …; empty for JOURNEY_DEVICE_NONE.  And back. */
const journey_str_t *journey_device_name(journey_device_e device);
journey_device_e journey_device_parse(const journey_str_t *word);


#endif /* JOURNEY_AGENT_H */
