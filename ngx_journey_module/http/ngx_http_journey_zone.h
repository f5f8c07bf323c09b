
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The shared zone: counters, the key when there is no file of keys, salts of
 * the daily hash, visitors without a cookie, landings that wait for their
 * page.
 */


#ifndef NGX_HTTP_JOURNEY_ZONE_H
#define NGX_HTTP_JOURNEY_ZONE_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "journey_daily.h"
#include "journey_token.h"

#include "ngx_http_journey_landings.h"
#include "ngx_http_journey_names.h"
#include "ngx_http_journey_visitors.h"


#define NGX_HTTP_JOURNEY_ZONE_SIZE  (32 * 1024 * 1024)
#define NGX_HTTP_JOURNEY_ZONE_MIN   (128 * 1024)


typedef enum {
    NGX_HTTP_JOURNEY_REQUESTS = 0,      /* main requests seen */
    NGX_HTTP_JOURNEY_PAGES,
    NGX_HTTP_JOURNEY_PREFETCHED,
    NGX_HTTP_JOURNEY_GOALS_REACHED,
    NGX_HTTP_JOURNEY_ERRORS,
    NGX_HTTP_JOURNEY_CLICKS,
    NGX_HTTP_JOURNEY_PIXELS,
    NGX_HTTP_JOURNEY_BOTS,              /* requests of bots */
    NGX_HTTP_JOURNEY_AI_AGENTS,         /* of these, agents for a person */
    NGX_HTTP_JOURNEY_VISITORS_NEW,
    NGX_HTTP_JOURNEY_VISITORS_RETURNING,
                                        /* sessions of known visitors */
    NGX_HTTP_JOURNEY_JOURNEYS,
    NGX_HTTP_JOURNEY_SESSIONS,
    NGX_HTTP_JOURNEY_TOUCHES,
    NGX_HTTP_JOURNEY_COMPLETED,
    NGX_HTTP_JOURNEY_SPAM,
    NGX_HTTP_JOURNEY_COOKIES_SET,
    NGX_HTTP_JOURNEY_COOKIES_DELETED,
    NGX_HTTP_JOURNEY_CONTINUED,         /* cookieless sessions that a cookie
                                           went on with */
    NGX_HTTP_JOURNEY_SUPPRESSED_OPTOUT, /* events not written */
    NGX_HTTP_JOURNEY_SUPPRESSED_GPC,    /* events without a cookie */
    NGX_HTTP_JOURNEY_SUPPRESSED_DNT,
    NGX_HTTP_JOURNEY_SUPPRESSED_CONSENT,
    NGX_HTTP_JOURNEY_CLAMPED,           /* by their profile */
    NGX_HTTP_JOURNEY_LINK_TAKEN,        /* visitors that another site handed
                                           over */
    NGX_HTTP_JOURNEY_LINK_IGNORED,
    NGX_HTTP_JOURNEY_LANDINGS_KEPT,     /* answered by a redirect */
    NGX_HTTP_JOURNEY_LANDINGS_TAKEN,
    NGX_HTTP_JOURNEY_LANDINGS_LOST,     /* for lack of room, or of time */
    NGX_HTTP_JOURNEY_REFUSED,           /* redirects to nowhere: 404 */
    NGX_HTTP_JOURNEY_OPTOUTS,           /* asked for, granted */
    NGX_HTTP_JOURNEY_UNDONE,
    NGX_HTTP_JOURNEY_COOKIELESS,        /* these two: always 0 here, they */
    NGX_HTTP_JOURNEY_EVICTED,           /* are visitors' own */
    NGX_HTTP_JOURNEY_TOKENS,            /* by journey_token_e, _LAST of them */
    NGX_HTTP_JOURNEY_BAD_VALUES = NGX_HTTP_JOURNEY_TOKENS
                                  + JOURNEY_TOKEN_LAST,
                                        /* of goals: value or currency */
    NGX_HTTP_JOURNEY_BAD_PHASES,        /* a variable named none */
    NGX_HTTP_JOURNEY_BAD_IDENTITIES,
    NGX_HTTP_JOURNEY_BAD_GOALS,         /* the application's word: goals, */
    NGX_HTTP_JOURNEY_BAD_ORDERS,        /* ids without a secret, */
    NGX_HTTP_JOURNEY_BAD_USERS,         /* users */
    NGX_HTTP_JOURNEY_BAD_SUMS,          /* values that no sum could take */
    NGX_HTTP_JOURNEY_LOG_LINES,         /* these five: what slots do not */
    NGX_HTTP_JOURNEY_LOG_MEMBERS,       /* count, or not any longer */
    NGX_HTTP_JOURNEY_LOG_BYTES,
    NGX_HTTP_JOURNEY_LOG_DROPPED,
    NGX_HTTP_JOURNEY_LOG_BUFFERED,
    NGX_HTTP_JOURNEY_LOG_RECOVERED,     /* lines that others had left */
    NGX_HTTP_JOURNEY_LOG_ERRORS,        /* appends that failed */
    NGX_HTTP_JOURNEY_LOG_UNSLOTTED,     /* workers without a slot */
    NGX_HTTP_JOURNEY_COUNTERS
} ngx_http_journey_counter_e;


typedef struct {
    time_t          started;            /* when the zone was made */
    u_char          key[JOURNEY_KEY_LEN];
    journey_salts_t              salts;
    ngx_http_journey_visitors_t  visitors;
    ngx_http_journey_landings_t  landings;
    ngx_atomic_t    counters[NGX_HTTP_JOURNEY_COUNTERS];
    ngx_atomic_t    channels[256];      /* touches, by channel code */
    ngx_atomic_t    phases[256];        /* pages, by phase code */
    ngx_http_journey_reasons_t   reasons;   /* of bots */
    ngx_http_journey_goals_t     goals;
} ngx_http_journey_shared_t;


#define ngx_http_journey_count(mcf, counter)                                  \
    (void) ngx_atomic_fetch_add(&(mcf)->shared->counters[counter], 1)


/* The zone's init: takes over an older one's data at a reload, makes the keys
 * when there is no file of them, checks that the logs can be written. */
ngx_int_t ngx_http_journey_zone_init(ngx_shm_zone_t *shm_zone, void *data);


#endif /* NGX_HTTP_JOURNEY_ZONE_H */
