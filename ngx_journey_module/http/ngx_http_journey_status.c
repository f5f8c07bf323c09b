
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_status: the counters of the zone.
 */


#include "ngx_http_journey_status_privacy.h"


/* The document in order: an object's begin, a counter, an object's end. */

typedef struct {
    const char    *name;                /* NULL: the end of an object */
    ngx_int_t      counter;             /* -1: the begin of one */
} ngx_http_journey_status_t;


static ngx_int_t ngx_http_journey_status_handler(ngx_http_request_t *r);
static ngx_buf_t *ngx_http_journey_status_json(ngx_http_request_t *r,
    ngx_http_journey_main_conf_t *mcf);
static u_char *ngx_http_journey_status_reasons(u_char *p, u_char *last,
    ngx_http_journey_shared_t *shared);
static u_char *ngx_http_journey_status_codes(u_char *p, u_char *last,
    const char *name, journey_codes_t *codes, ngx_atomic_t *counters);


static ngx_http_journey_status_t  ngx_http_journey_status_fields[] = {
    { "requests", NGX_HTTP_JOURNEY_REQUESTS },
    { "events", -1 },
    { "page", NGX_HTTP_JOURNEY_PAGES },
    { "prefetched", NGX_HTTP_JOURNEY_PREFETCHED },
    { "goal", NGX_HTTP_JOURNEY_GOALS_REACHED },
    { "error", NGX_HTTP_JOURNEY_ERRORS },
    { "click", NGX_HTTP_JOURNEY_CLICKS },
    { "pixel", NGX_HTTP_JOURNEY_PIXELS },
    { NULL, 0 },
    { "visitors", -1 },
    { "new", NGX_HTTP_JOURNEY_VISITORS_NEW },
    { "returning", NGX_HTTP_JOURNEY_VISITORS_RETURNING },
    { NULL, 0 },
    { "journeys", NGX_HTTP_JOURNEY_JOURNEYS },
    { "completed", NGX_HTTP_JOURNEY_COMPLETED },
    { "sessions", NGX_HTTP_JOURNEY_SESSIONS },
    { "touches", NGX_HTTP_JOURNEY_TOUCHES },
    { "bots", NGX_HTTP_JOURNEY_BOTS },
    { "ai_agents", NGX_HTTP_JOURNEY_AI_AGENTS },
    { "spam", NGX_HTTP_JOURNEY_SPAM },
    { "cookies_set", NGX_HTTP_JOURNEY_COOKIES_SET },
    { "cookies_deleted", NGX_HTTP_JOURNEY_COOKIES_DELETED },
    { "continued", NGX_HTTP_JOURNEY_CONTINUED },
    { "links", -1 },
    { "taken", NGX_HTTP_JOURNEY_LINK_TAKEN },
    { "ignored", NGX_HTTP_JOURNEY_LINK_IGNORED },
    { NULL, 0 },
    { "landings", -1 },
    { "kept", NGX_HTTP_JOURNEY_LANDINGS_KEPT },
    { "taken", NGX_HTTP_JOURNEY_LANDINGS_TAKEN },
    { "lost", NGX_HTTP_JOURNEY_LANDINGS_LOST },
    { NULL, 0 },
    { "refused", NGX_HTTP_JOURNEY_REFUSED },
    { "optouts", NGX_HTTP_JOURNEY_OPTOUTS },
    { "undone", NGX_HTTP_JOURNEY_UNDONE },
    { "suppressed", -1 },
    { "optout", NGX_HTTP_JOURNEY_SUPPRESSED_OPTOUT },
    { "gpc", NGX_HTTP_JOURNEY_SUPPRESSED_GPC },
    { "dnt", NGX_HTTP_JOURNEY_SUPPRESSED_DNT },
    { "consent", NGX_HTTP_JOURNEY_SUPPRESSED_CONSENT },
    { "clamped", NGX_HTTP_JOURNEY_CLAMPED },
    { NULL, 0 },
    { "cookieless", -1 },
    { "visitors", NGX_HTTP_JOURNEY_COOKIELESS },
    { "evicted", NGX_HTTP_JOURNEY_EVICTED },
    { NULL, 0 },
    { "tokens", -1 },
    { "valid", NGX_HTTP_JOURNEY_TOKENS + JOURNEY_TOKEN_OK },
    { "malformed", NGX_HTTP_JOURNEY_TOKENS + JOURNEY_TOKEN_MALFORMED },
    { "forged", NGX_HTTP_JOURNEY_TOKENS + JOURNEY_TOKEN_FORGED },
    { "future", NGX_HTTP_JOURNEY_TOKENS + JOURNEY_TOKEN_FUTURE },
    { "expired", NGX_HTTP_JOURNEY_TOKENS + JOURNEY_TOKEN_EXPIRED },
    { NULL, 0 },
    { "ignored", -1 },
    { "goal_values", NGX_HTTP_JOURNEY_BAD_VALUES },
    { "phases", NGX_HTTP_JOURNEY_BAD_PHASES },
    { "identities", NGX_HTTP_JOURNEY_BAD_IDENTITIES },
    { "goals", NGX_HTTP_JOURNEY_BAD_GOALS },
    { "orders", NGX_HTTP_JOURNEY_BAD_ORDERS },
    { "users", NGX_HTTP_JOURNEY_BAD_USERS },
    { "goal_sums", NGX_HTTP_JOURNEY_BAD_SUMS },
    { NULL, 0 },
    { "log", -1 },
    { "lines", NGX_HTTP_JOURNEY_LOG_LINES },
    { "members", NGX_HTTP_JOURNEY_LOG_MEMBERS },
    { "bytes", NGX_HTTP_JOURNEY_LOG_BYTES },
    { "buffered", NGX_HTTP_JOURNEY_LOG_BUFFERED },
    { "dropped", NGX_HTTP_JOURNEY_LOG_DROPPED },
    { "recovered", NGX_HTTP_JOURNEY_LOG_RECOVERED },
    { "errors", NGX_HTTP_JOURNEY_LOG_ERRORS },
    { "unslotted", NGX_HTTP_JOURNEY_LOG_UNSLOTTED },
    { NULL, 0 }
};


char *
ngx_http_journey_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                     *value;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_journey_main_conf_t  *mcf;

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "json") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid format \"%V\" of \"journey_status\": "
                           "this version knows \"json\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_journey_status_handler;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);
    mcf->used = 1;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_journey_status_handler(ngx_http_request_t *r)
{
    ngx_buf_t                     *b;
    ngx_int_t                      rc;
    ngx_chain_t                    out;
    ngx_http_journey_main_conf_t  *mcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    b = ngx_http_journey_status_json(r, mcf);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = b->last - b->pos;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_buf_t *
ngx_http_journey_status_json(ngx_http_request_t *r,
    ngx_http_journey_main_conf_t *mcf)
{
    size_t                      size;
    u_char                     *p, *last;
    ngx_uint_t                  i, first;
    ngx_buf_t                  *b;
    ngx_http_journey_totals_t   totals;
    ngx_http_journey_status_t  *field;
    ngx_atomic_uint_t           counters[NGX_HTTP_JOURNEY_COUNTERS];

    /* a name is at most 32 bytes; quotes, colon, comma, number beside it */

    size = 512 + (sizeof(ngx_http_journey_status_fields)
                  / sizeof(ngx_http_journey_status_t) + 2 * 256)
                 * (32 + 5 + NGX_ATOMIC_T_LEN)
           + NGX_HTTP_JOURNEY_REASONS
             * (NGX_HTTP_JOURNEY_NAME_MAX + 5 + NGX_ATOMIC_T_LEN)
           + ngx_http_journey_privacy_size(mcf);

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NULL;
    }

    for (i = 0; i < NGX_HTTP_JOURNEY_COUNTERS; i++) {
        counters[i] = mcf->shared->counters[i];
    }

    counters[NGX_HTTP_JOURNEY_COOKIELESS] = mcf->shared->visitors.number;
    counters[NGX_HTTP_JOURNEY_EVICTED] = mcf->shared->visitors.evicted;

    ngx_http_journey_log_totals(&mcf->logs, mcf->shared, &totals);

    counters[NGX_HTTP_JOURNEY_LOG_LINES] = totals.lines;
    counters[NGX_HTTP_JOURNEY_LOG_MEMBERS] = totals.members;
    counters[NGX_HTTP_JOURNEY_LOG_BYTES] = totals.bytes;
    counters[NGX_HTTP_JOURNEY_LOG_DROPPED] = totals.dropped;
    counters[NGX_HTTP_JOURNEY_LOG_BUFFERED] = totals.buffered;

    p = b->last;
    last = b->end;

    p = ngx_slprintf(p, last,
                     "{\"version\":\"" NGX_HTTP_JOURNEY_VERSION "\","
                     "\"time\":%T,\"started\":%T",
                     ngx_time(), mcf->shared->started);

    first = 0;

    for (i = 0; i < sizeof(ngx_http_journey_status_fields)
                    / sizeof(ngx_http_journey_status_t); i++)
    {
        field = &ngx_http_journey_status_fields[i];

        if (field->name == NULL) {
            p = ngx_slprintf(p, last, "}");
            first = 0;
            continue;
        }

        p = ngx_slprintf(p, last, first ? "\"%s\":" : ",\"%s\":",
                         field->name);
        first = 0;

        if (field->counter == -1) {
            p = ngx_slprintf(p, last, "{");
            first = 1;

        } else {
            p = ngx_slprintf(p, last, "%uA", counters[field->counter]);
        }
    }

    p = ngx_http_journey_status_codes(p, last, "channels", mcf->channels,
                                      mcf->shared->channels);
    p = ngx_http_journey_status_codes(p, last, "phases", mcf->phases,
                                      mcf->shared->phases);
    p = ngx_http_journey_status_reasons(p, last, mcf->shared);
    p = ngx_http_journey_privacy_json(p, last, mcf);

    p = ngx_slprintf(p, last, "}\n");

    b->last = p;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    return b;
}


/* Counters that have names: channels and phases, those that are not 0. */

static u_char *
ngx_http_journey_status_codes(u_char *p, u_char *last, const char *name,
    journey_codes_t *codes, ngx_atomic_t *counters)
{
    ngx_str_t              s;
    ngx_uint_t             code, first;
    const journey_name_t  *found;

    p = ngx_slprintf(p, last, ",\"%s\":{", name);

    for (code = 1, first = 1; code < 256; code++) {

        found = journey_codes_find(codes, (uint8_t) code);

        if (found == NULL || counters[code] == 0) {
            continue;
        }

        s = ngx_http_journey_ngx_str(&found->name);

        p = ngx_slprintf(p, last, first ? "\"%V\":%uA" : ",\"%V\":%uA", &s,
                         counters[code]);
        first = 0;
    }

    return ngx_slprintf(p, last, "}");
}


/* The requests of bots by their reason; keys need no escaping. */

static u_char *
ngx_http_journey_status_reasons(u_char *p, u_char *last,
    ngx_http_journey_shared_t *shared)
{
    ngx_str_t      s;
    ngx_uint_t     i, first;
    journey_str_t  name;

    p = ngx_slprintf(p, last, ",\"bot_reasons\":{");

    for (i = 0, first = 1; i < NGX_HTTP_JOURNEY_REASONS; i++) {

        if (ngx_http_journey_names_get(&shared->reasons.names, i, &name)
            != NGX_OK)
        {
            continue;
        }

        s = ngx_http_journey_ngx_str(&name);
        p = ngx_slprintf(p, last, first ? "\"%V\":%uA" : ",\"%V\":%uA", &s,
                         shared->reasons.counts[i]);
        first = 0;
    }

    if (shared->reasons.counts[i] > 0) {
        p = ngx_slprintf(p, last, first ? "\"other\":%uA" : ",\"other\":%uA",
                         shared->reasons.counts[i]);
    }

    return ngx_slprintf(p, last, "}");
}
