
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The table of agents, as journey_agent_table.c builds it and
 * journey_agent.c reads it.  Nobody else includes this file.
 */


#ifndef JOURNEY_AGENT_TABLE_H
#define JOURNEY_AGENT_TABLE_H


#include "journey_agent.h"


/* What a match tells beside its entries. */
#define JOURNEY_AGENT_TOOL       0x01
#define JOURNEY_AGENT_GENERIC    0x02
#define JOURNEY_AGENT_NOT        0x04
#define JOURNEY_AGENT_CHROMIUM   0x08   /* "Chrome/" ends here */
#define JOURNEY_AGENT_WEBVIEW    0x10   /* of an Android application */

/* Those of our own tokens, whatever the files say of the same ones. */
#define JOURNEY_AGENT_OWN  (JOURNEY_AGENT_CHROMIUM|JOURNEY_AGENT_WEBVIEW)


typedef enum {
    JOURNEY_AGENT_BOT = 0,
    JOURNEY_AGENT_AGENT,
    JOURNEY_AGENT_PROXY,
    JOURNEY_AGENT_EXCEPT,
    JOURNEY_AGENT_APP,
    JOURNEY_AGENT_DEVICE,
    JOURNEY_AGENT_BROWSER               /* tokens that we add */
} journey_agent_kind_e;


typedef struct journey_agent_entry_s  journey_agent_entry_t;

struct journey_agent_entry_s {
    journey_str_t            key;
    journey_agent_kind_e     kind;
    journey_device_e         device;
    uint32_t                 rank;      /* from 1, in the order of lines */
    uint32_t                 flags;     /* of JOURNEY_AGENT_BROWSER */
    journey_str_t           *tokens;
    unsigned                 ntokens;
    journey_agent_entry_t   *next;
};


/* What it means to be in a state: its own token and all that end there too. */

typedef struct {
    const journey_agent_entry_t   *named;
    const journey_agent_entry_t   *app;
    const journey_agent_entry_t   *device;
    uint32_t                       named_len;
    uint32_t                       flags;
} journey_agent_match_t;


struct journey_agents_s {
    journey_pool_t                *pool;
    journey_agent_entry_t         *entries;
    journey_agent_entry_t        **last;
    uint32_t                       rank;
    size_t                         bytes;
    unsigned                       devices;     /* 1: some are known */

    /*
     * A state is the offset of its row in go.  States where something ends
     * stand behind all others, from first on, so that one comparison tells
     * them; the last column of their rows is the index of their match.
     */
    const uint32_t                *go;
    uint32_t                       first;
    uint32_t                       nclasses;
    const journey_agent_match_t   *matches;
    u_char                         classes[256];
};


extern const journey_str_t  journey_agent_tool;
extern const journey_str_t  journey_agent_generic;
extern const journey_str_t  journey_agent_ai;
extern const journey_str_t  journey_agent_no_accept;
extern const journey_str_t  journey_agent_no_sec_fetch;


#endif /* JOURNEY_AGENT_TABLE_H */
