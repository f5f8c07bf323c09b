
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What a user agent is: one pass over it, whatever the client sent.
 */


#include "journey_agent_table.h"


/* The first Chrome whose every request for a page has Sec-Fetch-* headers:
 * Dest and User came with it, Site and Mode with 76. */
#define JOURNEY_AGENT_CHROME  80


typedef struct {
    const journey_agent_entry_t   *named;
    const journey_agent_entry_t   *app;
    const journey_agent_entry_t   *device;
    size_t                         start;
    size_t                         len;
    uint32_t                       flags;
    unsigned                       chrome;      /* its major version */
} journey_agent_scan_t;


static void journey_agent_scan(const journey_agents_t *agents,
    const u_char *ua, size_t len, journey_agent_scan_t *scan);
static void journey_agent_scan_match(const journey_agent_match_t *match,
    const u_char *ua, size_t len, size_t pos, journey_agent_scan_t *scan);
static journey_device_e journey_agent_device(const journey_agent_scan_t *scan,
    size_t len, unsigned ch_mobile);


const journey_str_t  journey_agent_ai = journey_string("ai_agent");
const journey_str_t  journey_agent_tool = journey_string("tool");
const journey_str_t  journey_agent_generic = journey_string("generic");
const journey_str_t  journey_agent_no_accept =
    journey_string("no_accept");
const journey_str_t  journey_agent_no_sec_fetch =
    journey_string("no_sec_fetch");

static const journey_str_t  journey_device_names[JOURNEY_DEVICE_LAST] = {
    journey_null_string,
    journey_string("desktop"),
    journey_string("mobile"),
    journey_string("tablet"),
    journey_string("tv"),
    journey_string("other"),
};


void
journey_agent_find(const journey_agents_t *agents, const u_char *ua,
    size_t len, const journey_agent_headers_t *headers,
    journey_agent_t *agent)
{
    journey_agent_scan_t  scan;

    memset(&scan, 0, sizeof(journey_agent_scan_t));
    memset(agent, 0, sizeof(journey_agent_t));

    journey_agent_scan(agents, ua, len, &scan);

    if (scan.app != NULL) {
        agent->app = &scan.app->key;

        /* an app's own words are told by a network, not by a crawler */
        scan.flags |= JOURNEY_AGENT_NOT;
    }

    agent->device = journey_agent_device(&scan, len, headers->ch_mobile);

    if (scan.named != NULL) {

        if (scan.named->kind == JOURNEY_AGENT_AGENT) {
            agent->bot = &journey_agent_ai;
            agent->ai_agent = 1;

        } else {
            agent->bot = &scan.named->key;
        }

        return;
    }

    if (scan.flags & JOURNEY_AGENT_TOOL) {
        agent->bot = &journey_agent_tool;
        return;
    }

    if ((scan.flags & (JOURNEY_AGENT_GENERIC|JOURNEY_AGENT_NOT))
        == JOURNEY_AGENT_GENERIC)
    {
        agent->bot = &journey_agent_generic;
        return;
    }

    if (!headers->known) {
        return;
    }

    if (!headers->accept && !headers->accept_language) {
        agent->bot = &journey_agent_no_accept;
        return;
    }

    /* browsers send no Sec-Fetch-* to http origins */

    if (scan.chrome >= JOURNEY_AGENT_CHROME && agent->app == NULL
        && headers->https && !headers->sec_fetch)
    {
        agent->bot = &journey_agent_no_sec_fetch;
    }
}


static void
journey_agent_scan(const journey_agents_t *agents, const u_char *ua,
    size_t len, journey_agent_scan_t *scan)
{
    size_t           i;
    uint32_t         state, first;
    const u_char    *classes;
    const uint32_t  *go;

    go = agents->go;

    if (go == NULL) {
        return;
    }

    first = agents->first;
    classes = agents->classes;
    state = 0;

    for (i = 0; i < len; i++) {
        state = go[state + classes[ua[i]]];

        if (state >= first) {
            journey_agent_scan_match(
                             &agents->matches[go[state + agents->nclasses]],
                             ua, len, i + 1, scan);
        }
    }
}


static void
journey_agent_scan_match(const journey_agent_match_t *match, const u_char *ua,
    size_t len, size_t pos, journey_agent_scan_t *scan)
{
    size_t    i, start;
    unsigned  major;

    scan->flags |= match->flags;

    if (match->named != NULL) {
        start = pos - match->named_len;

        /* the leftmost, and of those that begin there the longest */

        if (scan->named == NULL || start < scan->start
            || (start == scan->start && match->named_len > scan->len))
        {
            scan->named = match->named;
            scan->start = start;
            scan->len = match->named_len;
        }
    }

    if (match->app != NULL
        && (scan->app == NULL || scan->app->rank < match->app->rank))
    {
        scan->app = match->app;
    }

    if (match->device != NULL
        && (scan->device == NULL || scan->device->rank < match->device->rank))
    {
        scan->device = match->device;
    }

    if (match->flags & JOURNEY_AGENT_CHROMIUM) {
        major = 0;

        for (i = pos; i < len && ua[i] >= '0' && ua[i] <= '9'; i++) {
            major = major * 10 + (ua[i] - '0');

            if (major > JOURNEY_AGENT_CHROME) {
                break;
            }
        }

        scan->chrome = journey_max(scan->chrome, major);
    }
}


/* Sec-CH-UA-Mobile knows no tablets and no television sets: its ?0 says only
 * that the device is no telephone. */

static journey_device_e
journey_agent_device(const journey_agent_scan_t *scan, size_t len,
    unsigned ch_mobile)
{
    journey_device_e  device;

    if (len == 0) {
        return JOURNEY_DEVICE_NONE;
    }

    if (ch_mobile == 2) {
        return JOURNEY_DEVICE_MOBILE;
    }

    device = (scan->device == NULL) ? JOURNEY_DEVICE_OTHER
                                    : scan->device->device;

    if (ch_mobile == 1
        && (device == JOURNEY_DEVICE_MOBILE || device == JOURNEY_DEVICE_OTHER))
    {
        return JOURNEY_DEVICE_DESKTOP;
    }

    return device;
}


const journey_str_t *
journey_device_name(journey_device_e device)
{
    if ((unsigned) device >= JOURNEY_DEVICE_LAST) {
        device = JOURNEY_DEVICE_NONE;
    }

    return &journey_device_names[device];
}


journey_device_e
journey_device_parse(const journey_str_t *word)
{
    journey_device_e  device;

    for (device = JOURNEY_DEVICE_DESKTOP;
         device < JOURNEY_DEVICE_LAST;
         device++)
    {
        if (journey_strcmp(word, &journey_device_names[device]) == 0) {
            return device;
        }
    }

    return JOURNEY_DEVICE_NONE;
}
