
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What the files of http/ share: configuration, the record of a request, and
 * each file's functions.
 */


#ifndef NGX_HTTP_JOURNEY_MODULE_H
#define NGX_HTTP_JOURNEY_MODULE_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "journey_agent.h"
#include "journey_application.h"
#include "journey_channel.h"
#include "journey_daily.h"
#include "journey_geo.h"
#include "journey_phase.h"
#include "journey_record.h"
#include "journey_state.h"
#include "journey_token.h"

#include "ngx_http_journey_log.h"
#include "ngx_http_journey_zone.h"


#define NGX_HTTP_JOURNEY_VERSION  "0.1.0"

#define NGX_HTTP_JOURNEY_IDENTITY_COOKIE      1
#define NGX_HTTP_JOURNEY_IDENTITY_NONE        2
#define NGX_HTTP_JOURNEY_IDENTITY_COOKIELESS  3

#define NGX_HTTP_JOURNEY_PROFILE_NONE         0
#define NGX_HTTP_JOURNEY_PROFILE_EXEMPT       1
#define NGX_HTTP_JOURNEY_PROFILE_ANONYMOUS    2
#define NGX_HTTP_JOURNEY_PROFILE_CONSENT      3

#define NGX_HTTP_JOURNEY_SIGNAL_GPC           0x01
#define NGX_HTTP_JOURNEY_SIGNAL_DNT           0x02

#define NGX_HTTP_JOURNEY_OPTOUT_AGE           (395 * 24 * 3600)

#define NGX_HTTP_JOURNEY_OPTOUT_NONE          0
#define NGX_HTTP_JOURNEY_OPTOUT_SET           1
#define NGX_HTTP_JOURNEY_OPTOUT_UNDO          2

#define NGX_HTTP_JOURNEY_VISITOR_LEN          17    /* "c" or "h", 96 bits */


/* Where a directive stands; file NULL: nowhere. */

typedef struct {
    u_char                      *file;
    ngx_uint_t                   line;
} ngx_http_journey_at_t;


typedef struct {
    ngx_cycle_t                 *cycle;
    journey_pool_t              *pool;      /* owns all that core/ loads */

    journey_sources_t           *sources;
    journey_agents_t            *agents;
    journey_codes_t             *channels;
    journey_codes_t             *phases;
    journey_keys_t              *keys;      /* NULL until the zone is there,
                                               when there is no file */
    journey_geo_t               *geo;
    journey_daily_t             *daily;     /* this process's salts */
    ngx_event_t                  salts;     /* its timer */

    ngx_shm_zone_t              *zone;
    ngx_http_journey_shared_t   *shared;

    ngx_array_t                  logs;      /* ngx_http_journey_log_t * */
    ngx_array_t                  settings;  /* ngx_http_journey_settings_t */
    ngx_array_t                  models;    /* journey_phases_t *: where
                                               journey is on */
    ngx_array_t                  goals;     /* const journey_str_t *: names,
                                               also repeated */

    ngx_http_journey_at_t        optout;    /* a journey_optout, no undo */
    ngx_http_journey_at_t        exempt;    /* a profile that needs one */

    unsigned                     enabled:1; /* "journey on" somewhere */
    unsigned                     used:1;    /* or what needs the zone, too */
    unsigned                     optouts:1; /* "journey_optout" somewhere */
    unsigned                     secret:1;  /* "journey_secret" is there */
} ngx_http_journey_main_conf_t;


typedef struct {
    journey_hosts_t             *names;     /* exact server_names */
} ngx_http_journey_srv_conf_t;


typedef struct {
    ngx_str_t                    name;
    ngx_str_t                    domain;    /* empty: the host's own */
    ngx_str_t                    set;       /* "jny=" */
    ngx_str_t                    optout;    /* "jny_out=" */
    ngx_str_t                    attributes;
                                            /* "; Path=/; …; Max-Age=" */
    time_t                       max_age;
    ngx_uint_t                   secure;    /* _AUTO, _ON, _OFF, _VALUE */
    ngx_http_complex_value_t    *secure_value;
} ngx_http_journey_cookie_t;

#define NGX_HTTP_JOURNEY_SECURE_AUTO   0
#define NGX_HTTP_JOURNEY_SECURE_ON     1
#define NGX_HTTP_JOURNEY_SECURE_OFF    2
#define NGX_HTTP_JOURNEY_SECURE_VALUE  3


typedef struct {
    journey_goal_t               goal;
    ngx_http_complex_value_t    *value;
    ngx_http_complex_value_t    *currency;
    ngx_http_complex_value_t    *id;
    ngx_http_complex_value_t    *condition;
    u_char                      *file;      /* where the directive stands */
    ngx_uint_t                   line;
} ngx_http_journey_goal_t;


/* The other own sites, and how they stand in a token that hands a visitor
 * over to them. */

typedef struct {
    journey_hosts_t             *hosts;
    ngx_array_t                  hashes;    /* uint32_t */
    ngx_http_journey_at_t        at;
} ngx_http_journey_link_t;


typedef struct {
    ngx_str_t                    name;
    ngx_http_complex_value_t    *value;
    ngx_http_journey_at_t        at;
} ngx_http_journey_label_t;


typedef struct {
    ngx_flag_t                   enable;
    ngx_http_journey_log_t      *log;       /* NULL: off */
    ngx_http_journey_log_t      *bots;      /* NULL: off */

    ngx_uint_t                   identity;  /* 0: by identity_value */
    ngx_http_complex_value_t    *identity_value;
    ngx_http_journey_at_t        identity_at;

    ngx_uint_t                   profile;
    ngx_http_journey_at_t        profile_at;
    ngx_http_complex_value_t    *consent;   /* NULL: not asked for */
    ngx_http_journey_at_t        consent_at;
    ngx_uint_t                   signals;   /* a bit mask */
    ngx_uint_t                   optout;    /* _NONE, _SET, _UNDO; of this
                                               very location */

    ngx_http_journey_cookie_t   *cookie;
    ngx_http_journey_at_t        cookie_at;
    time_t                       session;

    journey_channels_t          *channels;
    journey_phases_t            *phases;
    journey_hosts_t             *hosts;
    journey_hosts_t             *ignored;
    ngx_flag_t                   drop_spam;

    const journey_phase_t       *phase;     /* journey_phase without
                                               variables */
    ngx_http_complex_value_t    *phase_value;
    u_char                      *phase_file;
    ngx_uint_t                   phase_line;

    ngx_http_complex_value_t    *page;
    ngx_array_t                 *goals;     /* ngx_http_journey_goal_t * */

    ngx_http_complex_value_t    *user;      /* NULL: off */
    ngx_http_journey_at_t        user_at;
    ngx_array_t                 *labels;    /* ngx_http_journey_label_t */
    ngx_http_journey_link_t     *link;      /* NULL: off */

    unsigned                     pixel:1;   /* these three: of this very
                                               location */
    ngx_http_journey_at_t        pixel_at;
    ngx_http_complex_value_t    *redirect;
    journey_hosts_t             *redirect_to;
                                            /* NULL: none */

    ngx_hash_t                   types;
    ngx_array_t                 *types_keys;
    uint64_t                     types_mask;
                                            /* a bit for each type's length
                                               and first letter */
    unsigned                     html:1;    /* text/html is one of them */
} ngx_http_journey_loc_conf_t;


/* Most responses are no pages: their type is not even hashed. */

#define ngx_http_journey_type_bit(type, len)                                  \
    ((uint64_t) 1 << ((((type)[0] | 0x20) * 7 + (len)) & 63))


typedef struct {
    ngx_str_t                    name;
    journey_event_t              event;
    unsigned                     has_value:1;
    double                       value;
    u_char                       currency[3];
    u_char                       order[JOURNEY_KEYED_HASH_LEN];
    unsigned                     has_currency:1;
    unsigned                     has_order:1;
    unsigned                     completes:1;
} ngx_http_journey_reached_t;


/* What the application said in headers of its response; the strings point
 * into them. */

typedef struct {
    ngx_array_t                  goals;     /* journey_application_goal_t */
    ngx_str_t                    user;
    ngx_str_t                    phase;
} ngx_http_journey_said_t;


typedef struct ngx_http_journey_landed_s  ngx_http_journey_landed_t;


/*
 * The record of a request.  Made at POST_READ, survives internal redirects;
 * holds what is the client's own.
 */

typedef struct {
    ngx_http_journey_loc_conf_t *conf;      /* of the first location */
    ngx_str_t                    uri;       /* the client's own, decoded */
    ngx_str_t                    args;
    ngx_str_t                    query;     /* where campaign values are read:
                                               args, or what stands for them */
    ngx_uint_t                   method;

    unsigned                     located:1; /* conf is final */
    unsigned                     headers:1; /* these five are read, signals
                                               and language, too */
    unsigned                     sec_fetch:1;
    unsigned                     navigation:1;
    unsigned                     prefetch:1;
    unsigned                     prerender:1;
    unsigned                     same_origin:1;
    unsigned                     cross_site:1;
    unsigned                     agent_found:1;
    unsigned                     identified:1;
    unsigned                     known:1;   /* base came from a cookie, or
                                               from the zone */
    unsigned                     fresh:1;   /* base has a new id */
    unsigned                     handed:1;  /* base came from another site */
    unsigned                     linked:1;  /* $journey_link named somebody */
    unsigned                     landed:1;  /* its campaign waits for where
                                               it leads */
    unsigned                     continued:1;
                                            /* base goes on with a cookieless
                                               session, of the id daily */
    unsigned                     previous:1;/* and is the first to do so */
    unsigned                     optout:1;  /* the browser opted out */
    unsigned                     hidden:1;  /* and would have an event */
    unsigned                     unconsented:1;
    unsigned                     clamped:1; /* the profile is stricter than
                                               journey_identity */
    unsigned                     forget:1;  /* a journey cookie is to go */
    unsigned                     evaluating:1;
    unsigned                     evaluated:1;
                                            /* phase, state, event, entry are
                                               there, provisional or final */
    unsigned                     as_page:1; /* evaluated as a page or click */
    unsigned                     click:1;   /* journey_redirect has a target */
    unsigned                     pixel:1;   /* answered by journey_pixel */
    unsigned                     visitor:1; /* state is somebody's */
    unsigned                     changed:1; /* state is to be kept: by the
                                               client, or in the zone */
    unsigned                     filtered:1;/* the response header is known */
    unsigned                     cookie:1;  /* it holds our Set-Cookie */
    unsigned                     bot:1;     /* a bot's page or goal */
    unsigned                     endpoint:1;/* answered by journey_optout:
                                               never an event */

    ngx_uint_t                   identity;
    ngx_uint_t                   signals;   /* those sent, of all */
    struct sockaddr             *daily_of;  /* whose daily is; NULL: it was not
                                               asked for */

    journey_agent_headers_t      hints;     /* what agent is judged by */
    journey_event_t              event;     /* of the page */
    journey_event_kind_e         kind;      /* page, click, pixel, error or
                                               none */
    ngx_uint_t                   status;

    const journey_phase_t       *phase;
    journey_entry_t             *entry;     /* of the touch that this request
                                               opens, or NULL */
    journey_entry_t             *classified;/* NULL: there was no need */

    journey_place_t             *place;     /* NULL: not known */
    struct sockaddr             *place_of;

    ngx_http_journey_reached_t  *reached;
    ngx_uint_t                   nreached;

    ngx_http_journey_landed_t   *landing;   /* what waited for this request;
                                               NULL: nothing */
    ngx_http_journey_said_t     *said;      /* NULL: nothing */
    ngx_uint_t                   nlabels;

    /* not zeroed with the rest, which every asset would pay for: the flags
     * tell when they are there, or an event does */

    journey_state_t              base;      /* before this request */
    journey_state_t              state;     /* after it */

    ngx_str_t                    language;  /* Accept-Language; with headers */
    u_char                       daily[JOURNEY_ID_LEN];
                                            /* the id without a cookie */
    journey_agent_t              agent;     /* with agent_found */

    ngx_msec_t                   ms;        /* these four: of an event; request
                                               to response header */
    ngx_str_t                    page;      /* what is logged as p */
    ngx_str_t                    user;      /* keyed hash; empty: none */
    ngx_str_t                    labels[JOURNEY_RECORD_LABELS];
                                            /* values, as conf->labels has
                                               their names */
} ngx_http_journey_ctx_t;


/* directives with parameters and blocks, ngx_http_journey_conf.c */

char *ngx_http_journey_enable(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_journey_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_journey_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_journey_secret(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_journey_identity(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_journey_session(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_journey_sources(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_journey_agents(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_journey_channels(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_journey_phases(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_journey_phase(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_journey_goal(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_journey_hosts(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_journey_geoip(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_journey_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* The levels, ngx_http_journey_merge.c. */
void *ngx_http_journey_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_journey_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);

/* Notes where the directive stands that is being read. */
void ngx_http_journey_at(ngx_conf_t *cf, ngx_http_journey_at_t *at);

/* Compiles a value that may hold variables; NULL, with the error logged. */
ngx_http_complex_value_t *ngx_http_journey_compile(ngx_conf_t *cf,
    ngx_str_t *value);


/* the cookie, ngx_http_journey_cookie.c */

char *ngx_http_journey_cookie(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* The default of journey_cookie. */
ngx_http_journey_cookie_t *ngx_http_journey_cookie_default(ngx_conf_t *cf);

/* The state in the client's first cookie of that name that verifies; others
 * are counted.  NGX_DECLINED when there is none. */
ngx_int_t ngx_http_journey_cookie_find(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie, journey_state_t *state);

/* 1 if the client sent any cookie of that name; has opted out. */
ngx_uint_t ngx_http_journey_cookie_sent(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie);
ngx_uint_t ngx_http_journey_cookie_optout(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie);

/* Adds Set-Cookie with the state to the response. */
ngx_int_t ngx_http_journey_cookie_set(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie, journey_state_t *state);

/* Adds Set-Cookie that deletes the journey cookie; that sets (out 1) or
 * deletes (out 0) the opt-out's. */
ngx_int_t ngx_http_journey_cookie_delete(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie);
ngx_int_t ngx_http_journey_cookie_out(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie, ngx_uint_t out);


/* the request, ngx_http_journey_request.c */

/* Phase handlers: the record is made; the first location is kept. */
ngx_int_t ngx_http_journey_post_read(ngx_http_request_t *r);
ngx_int_t ngx_http_journey_rewrite(ngx_http_request_t *r);

/* Takes the configuration of the first location. */
void ngx_http_journey_locate(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* Makes the record of a main request; NULL without memory. */
ngx_http_journey_ctx_t *ngx_http_journey_create_ctx(ngx_http_request_t *r);

/* The record of the main request; NULL when there is none. */
ngx_http_journey_ctx_t *ngx_http_journey_get_ctx(ngx_http_request_t *r);

/* Reads the client's headers, and its user agent, once each. */
void ngx_http_journey_read_headers(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
void ngx_http_journey_read_agent(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* Host of the request as the client named it: lower case, without a port. */
ngx_str_t ngx_http_journey_host(ngx_http_request_t *r);

/* 1 if the host, in lower case, is an own one: the request's (and that of len
 * 0), one of server_name or of journey_hosts. */
ngx_uint_t ngx_http_journey_own_host(ngx_http_request_t *r,
    ngx_http_journey_loc_conf_t *conf, const journey_str_t *host);

/* Country and so on, looked up once an address; NULL when not known. */
journey_place_t *ngx_http_journey_find_place(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);


/* who it is, ngx_http_journey_identity.c */

/* Sets ctx->identity, ctx->base and ctx->known, once: from the opt-out, the
 * configuration, signals, consent and profile, then the cookie or the zone. */
void ngx_http_journey_identify(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* A state for who is not known: with a random id, or the one of the day.  One
 * for a request, however often it is evaluated. */
ngx_int_t ngx_http_journey_new_visitor(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* Consent given in mid-session: the state of the session without a cookie,
 * under a random id.  NGX_DECLINED when there is none to go on with. */
ngx_int_t ngx_http_journey_continue(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* What the hash of the day is made of. */
void ngx_http_journey_read_who(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, journey_who_t *who);

/* Keeps ctx->state where the identity keeps it; deletes a cookie that is to
 * go. */
void ngx_http_journey_keep(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* Deletes the states of who would be this visitor without a cookie. */
void ngx_http_journey_forget_daily(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* 1 if no more may be told than of somebody unknown: in the profiles exempt
 * and anonymous, and before consent. */
ngx_uint_t ngx_http_journey_anonymous(ngx_http_journey_ctx_t *ctx);

#define ngx_http_journey_exempt(ctx)                                          \
    ((ctx)->conf->profile == NGX_HTTP_JOURNEY_PROFILE_EXEMPT)


/* the salts of the daily hash, ngx_http_journey_salts.c */

/* At a worker's begin: its copy of the salts, and the timer that keeps them
 * to their time; where journey is off by now, they are only destroyed. */
ngx_int_t ngx_http_journey_salts_start(ngx_cycle_t *cycle,
    ngx_http_journey_main_conf_t *mcf);

/* Brings the salts to the time; NGX_ERROR when there are none. */
ngx_int_t ngx_http_journey_salts_ready(ngx_http_journey_main_conf_t *mcf);


/* profiles and their bounds, ngx_http_journey_privacy.c */

char *ngx_http_journey_profile(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_journey_consent(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_journey_signals(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* "exempt", …; of a profile that is one. */
ngx_str_t *ngx_http_journey_profile_name(ngx_uint_t profile);

/* Inherits profile, identity, consent and signals; and refuses what passes
 * the bounds of the profile in force. */
char *ngx_http_journey_merge_privacy(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *prev, ngx_http_journey_loc_conf_t *conf);
char *ngx_http_journey_check_privacy(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *conf);

/* Keeps what is in force at a place where journey is on, for its proof. */
ngx_int_t ngx_http_journey_settings_add(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *conf);

/* Once all is read: what a profile needs somewhere. */
ngx_int_t ngx_http_journey_check_optout(ngx_conf_t *cf,
    ngx_http_journey_main_conf_t *mcf);


/* views, ngx_http_journey_pixel.c */

char *ngx_http_journey_pixel(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/* clicks, ngx_http_journey_redirect.c */

char *ngx_http_journey_redirect(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* visitors handed over between own sites, ngx_http_journey_link.c */

char *ngx_http_journey_link(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* The state that another site handed over with the request's query, in base.
 * NGX_DECLINED when there is none that may be taken. */
ngx_int_t ngx_http_journey_link_take(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* Counts a token that was not taken. */
void ngx_http_journey_link_judge(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* $journey_link.  NGX_DECLINED: nobody is to be handed over. */
ngx_int_t ngx_http_journey_link_value(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value);

/* Takes tokens out of a text that may hold a query, in place. */
void ngx_http_journey_link_cut(ngx_str_t *text);


/* landings answered by a redirect, ngx_http_journey_landing.c */

/* Overwrites what waited for too long; with start 1, at a worker's begin, it
 * looks for what another one left that died at it, too.  Returns after how many
 * milliseconds to look again: by the timer of the salts, since one of its own
 * would cost every request a step in the tree of timers. */
ngx_msec_t ngx_http_journey_landing_expire(ngx_http_journey_main_conf_t *mcf,
    ngx_uint_t start);

/* A redirect of the client, once its header is known: if it leads to an own
 * host, what its query says of a campaign waits for the page there. */
void ngx_http_journey_landing_keep(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* Sets ctx->query to what waits for this page or click, if anything does; once
 * the header is known, it waits no more.  Before each evaluation as such. */
void ngx_http_journey_landing_take(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);


/* the application's word, ngx_http_journey_application.c */

char *ngx_http_journey_user(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* Takes X-Journey-* out of the response's header; what they say is kept in
 * ctx->said, if it may be believed.  ctx may be NULL. */
void ngx_http_journey_application_read(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* The keyed hash of the application's user in ctx->user, where the profile,
 * the consent and the signals let it be known.  Once, for an event. */
void ngx_http_journey_application_user(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);


/* labels, ngx_http_journey_labels.c */

char *ngx_http_journey_label(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_journey_merge_labels(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *prev, ngx_http_journey_loc_conf_t *conf);

/* Fills ctx->labels.  Once, for an event. */
void ngx_http_journey_labels_read(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* Puts them into the record. */
void ngx_http_journey_labels_line(ngx_http_journey_ctx_t *ctx,
    journey_record_t *rec);


/* the opt-out, ngx_http_journey_optout.c */

char *ngx_http_journey_optout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/* from request to event, ngx_http_journey_event.c */

/* The state as far as it can be told before the response: a navigation is
 * taken for a page. */
void ngx_http_journey_provisional(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* The event, once the response's header is known. */
void ngx_http_journey_final(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);


/* goals, ngx_http_journey_goals.c */

/* 1 when the response and the path allow any goal here. */
ngx_uint_t ngx_http_journey_may_reach(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* After that: 1 when the condition of one of them holds. */
ngx_uint_t ngx_http_journey_would_reach(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);

/* Fills ctx->reached, and moves the visitor's state by each goal. */
void ngx_http_journey_reach(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);


/* the log phase, ngx_http_journey_lines.c */

/* Log phase handler: counts the event and writes its lines. */
ngx_int_t ngx_http_journey_log_handler(ngx_http_request_t *r);

/* Writes what is logged as v, NGX_HTTP_JOURNEY_VISITOR_LEN bytes. */
u_char *ngx_http_journey_visitor(u_char *p, ngx_uint_t identity,
    const u_char id[JOURNEY_ID_LEN]);


/* processes, ngx_http_journey_process.c */

ngx_int_t ngx_http_journey_init_process(ngx_cycle_t *cycle);
void ngx_http_journey_exit_process(ngx_cycle_t *cycle);
void ngx_http_journey_exit_master(ngx_cycle_t *cycle);

/* Writes what waits in the logs, and closes them. */
void ngx_http_journey_close_logs(ngx_http_journey_main_conf_t *mcf);


/* ngx_http_journey_filter.c */

ngx_int_t ngx_http_journey_filter_init(ngx_conf_t *cf);

/* Adds "Cache-Control: no-store" to the response. */
ngx_int_t ngx_http_journey_no_store(ngx_http_request_t *r);


/* ngx_http_journey_variables.c */

ngx_int_t ngx_http_journey_add_variables(ngx_conf_t *cf);


extern ngx_module_t  ngx_http_journey_module;
extern ngx_module_t  ngx_http_journey_cache_filter_module;


#define ngx_http_journey_prefix(value, prefix)                                \
    ((value)->len >= sizeof(prefix) - 1                                       \
     && ngx_strncmp((value)->data, prefix, sizeof(prefix) - 1) == 0)


#define ngx_http_journey_value_is(value, literal)                             \
    ((value)->len == sizeof(literal) - 1                                      \
     && ngx_memcmp((value)->data, literal, sizeof(literal) - 1) == 0)


/* Strings of core/ and of nginx have one layout, not one type. */

static ngx_inline journey_str_t
ngx_http_journey_str(const ngx_str_t *str)
{
    journey_str_t  s;

    s.len = str->len;
    s.data = str->data;

    return s;
}


static ngx_inline ngx_str_t
ngx_http_journey_ngx_str(const journey_str_t *str)
{
    ngx_str_t  s;

    s.len = str->len;
    s.data = str->data;

    return s;
}


#endif /* NGX_HTTP_JOURNEY_MODULE_H */
