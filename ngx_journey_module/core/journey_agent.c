
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
    size_t                         generic;     /* their number */
    size_t                         except;      /* number of not */
    unsigned                       chrome;      /* its major version */
} journey_agent_scan_t;


static void journey_agent_scan(const journey_agents_t *agents,
    const u_char *ua, size_t len, journey_agent_scan_t *scan);
static void journey_agent_scan_match(const journey_agent_match_t *match,
    const u_char *ua, size_t len, size_t end, journey_agent_scan_t *scan);
static int journey_agent_faceless(const journey_agents_t *agents,
    const u_char *ua, size_t len, const journey_agent_scan_t *scan);
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
    }

    agent->device = journey_agent_device(&scan, len, headers->ch_mobile);

    if (scan.named != NULL) {

        if (scan.named->kind == JOURNEY_AGENT_AGENT) {
            agent->bot = &journey_agent_ai;
            agent->ai_agent = 1;

        } else {
            agent->bot = &scan.named->key;
            agent->proxy = (scan.named->kind == JOURNEY_AGENT_PROXY);
        }

        return;
    }

    if (scan.flags & JOURNEY_AGENT_TOOL) {
        agent->bot = &journey_agent_tool;
        return;
    }

    if (agent->app == NULL
        && (scan.generic > scan.except
            || journey_agent_faceless(agents, ua, len, &scan)))
    {
        agent->bot = &journey_agent_generic;
        return;
    }

    if (!headers->known) {
        return;
    }

    if (!headers->accept && !headers->accept_language) {
        agent->bot = &journey_agent_no_accept;
        agent->lacking = 1;
        return;
    }

    /*
     * Browsers send no Sec-Fetch-* to http origins.  Other engines are not
     * judged (Firefox has sent them since 90, Safari since 16.4, and their
     * versions can be anything), nor are web views: their applications may
     * fetch the pages with a client of their own, and vendors build browsers
     * of them.  Prefetches send them, by way of a proxy, too.
     */

    if (scan.chrome >= JOURNEY_AGENT_CHROME && agent->app == NULL
        && !(scan.flags & JOURNEY_AGENT_WEBVIEW)
        && headers->https && !headers->sec_fetch)
    {
        agent->bot = &journey_agent_no_sec_fetch;
        agent->lacking = 1;
    }
}


/*
 * A blank is put before and behind the user agent, so that tokens can ask for
 * its beginning and its end.  Places are counted with the first of them: a
 * match behind ua[i] ends at i + 2.
 *
 * Every request of a page comes through here, hence four steps a turn.
 */

#define journey_agent_step(c, i)                                              \
    state = go[state + classes[c]];                                           \
                                                                              \
    if (state >= first) {                                                     \
        journey_agent_scan_match(&agents->matches[go[state + column]],        \
                                 ua, len, (i) + 2, scan);                     \
    }


static void
journey_agent_scan(const journey_agents_t *agents, const u_char *ua,
    size_t len, journey_agent_scan_t *scan)
{
    size_t           i, state, first, column;
    const u_char    *classes;
    const uint32_t  *go;

    go = agents->go;

    if (go == NULL || len == 0) {
        return;
    }

    first = agents->first;
    column = agents->nclasses;
    classes = agents->classes;
    state = go[classes[' ']];

    for (i = 0; i + 4 <= len; i += 4) {
        journey_agent_step(ua[i], i)
        journey_agent_step(ua[i + 1], i + 1)
        journey_agent_step(ua[i + 2], i + 2)
        journey_agent_step(ua[i + 3], i + 3)
    }

    for ( /* void */ ; i < len; i++) {
        journey_agent_step(ua[i], i)
    }

    journey_agent_step(' ', len)
}


static void
journey_agent_scan_match(const journey_agent_match_t *match, const u_char *ua,
    size_t len, size_t end, journey_agent_scan_t *scan)
{
    size_t    i, start;
    unsigned  major;

    scan->flags |= match->flags;
    scan->generic += (match->flags & JOURNEY_AGENT_GENERIC) != 0;
    scan->except += (match->flags & JOURNEY_AGENT_NOT) != 0;

    if (match->named != NULL) {
        start = end - match->named_len;

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

        for (i = end - 1; i < len && ua[i] >= '0' && ua[i] <= '9'; i++) {
            major = major * 10 + (ua[i] - '0');

            if (major >= JOURNEY_AGENT_CHROME) {
                break;
            }
        }

        scan->chrome = journey_max(scan->chrome, major);
    }
}


/*
 * Browsers of people begin with "Mozilla/" or name their platform; what does
 * neither is a program with a name of its own.
 */

static int
journey_agent_faceless(const journey_agents_t *agents, const u_char *ua,
    size_t len, const journey_agent_scan_t *scan)
{
    if (!agents->devices || len == 0 || scan->device != NULL) {
        return 0;
    }

    return len < sizeof("Mozilla/") - 1
           || memcmp(ua, "Mozilla/", sizeof("Mozilla/") - 1) != 0;
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
