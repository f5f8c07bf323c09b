
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The record of a request, and what the client sent: headers, cookie,
 * address.
 */


#include "ngx_http_journey_module.h"


/* The request headers that are read. */

typedef struct {
    ngx_str_t     accept;
    ngx_str_t     accept_language;
    ngx_str_t     sec_fetch_mode;
    ngx_str_t     sec_fetch_dest;
    ngx_str_t     sec_fetch_site;
    ngx_str_t     sec_purpose;
    ngx_str_t     purpose;
    ngx_str_t     x_moz;
    ngx_str_t     ch_mobile;
    ngx_str_t     dnt;
    ngx_str_t     sec_gpc;
} ngx_http_journey_headers_t;


static void ngx_http_journey_cleanup(void *data);
static void ngx_http_journey_find_headers(ngx_http_request_t *r,
    ngx_http_journey_headers_t *headers);
static ngx_str_t *ngx_http_journey_header(ngx_table_elt_t *h,
    ngx_http_journey_headers_t *headers);
static ngx_uint_t ngx_http_journey_contains(ngx_str_t *value,
    const char *word, size_t len);


/* Runs once for a main request, before realip and before any rewrite. */

ngx_int_t
ngx_http_journey_post_read(ngx_http_request_t *r)
{
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_REQUESTS);

    return (ngx_http_journey_create_ctx(r) == NULL)
           ? NGX_HTTP_INTERNAL_SERVER_ERROR : NGX_DECLINED;
}


ngx_http_journey_ctx_t *
ngx_http_journey_create_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_journey_ctx_t  *ctx;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_journey_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_journey_cleanup;

    ctx = cln->data;
    ngx_memzero(ctx, offsetof(ngx_http_journey_ctx_t, base));

    ctx->conf = ngx_http_get_module_loc_conf(r, ngx_http_journey_module);
    ctx->uri = r->uri;
    ctx->args = r->args;
    ctx->query = r->args;
    ctx->method = r->method;

    ngx_http_set_ctx(r, ctx, ngx_http_journey_module);

    return ctx;
}


/* Does nothing: the cleanup is the place where the record survives internal
 * redirects, which wipe the contexts of modules. */

static void
ngx_http_journey_cleanup(void *data)
{
}


ngx_int_t
ngx_http_journey_rewrite(ngx_http_request_t *r)
{
    ngx_http_journey_ctx_t  *ctx;

    if (r != r->main) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_journey_get_ctx(r);

    if (ctx != NULL && !ctx->located) {
        ngx_http_journey_locate(r, ctx);
    }

    return NGX_DECLINED;
}


/* The first location that the client's own URI selects speaks; a named one or
 * that of an internal redirect comes later and does not. */

void
ngx_http_journey_locate(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    ngx_http_journey_loc_conf_t  *conf;

    ctx->located = 1;

    /* an error page for what the server itself returned: no location spoke;
     * r->internal is no sign of it, a rewrite of the server sets it too */

    if (r->uri_changes != NGX_HTTP_MAX_URI_CHANGES + 1) {
        return;
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_http_journey_module);

    if (conf == ctx->conf) {
        return;
    }

    /* a variable at the server's level may have asked already */

    ctx->evaluated = 0;

    if (conf->cookie != ctx->conf->cookie
        || conf->identity != ctx->conf->identity
        || conf->identity_value != ctx->conf->identity_value
        || conf->profile != ctx->conf->profile
        || conf->consent != ctx->conf->consent
        || conf->signals != ctx->conf->signals)
    {
        ctx->identified = 0;
    }

    if (ctx->handed && conf->link != ctx->conf->link) {

        /* this location may take over nobody */

        ctx->identified = 0;
        ctx->fresh = 0;
    }

    ctx->conf = conf;
}


ngx_http_journey_ctx_t *
ngx_http_journey_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_journey_ctx_t  *ctx;

    r = r->main;

    ctx = ngx_http_get_module_ctx(r, ngx_http_journey_module);

    if (ctx != NULL || (!r->internal && !r->filter_finalize)) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln != NULL; cln = cln->next) {

        if (cln->handler == ngx_http_journey_cleanup) {
            ctx = cln->data;
            ngx_http_set_ctx(r, ctx, ngx_http_journey_module);
            return ctx;
        }
    }

    return NULL;
}


void
ngx_http_journey_read_headers(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_str_t                   *mode, *dest;
    ngx_http_journey_headers_t   headers;

    if (ctx->headers) {
        return;
    }

    ctx->headers = 1;

    r = r->main;

    ngx_memzero(&headers, sizeof(ngx_http_journey_headers_t));
    ngx_http_journey_find_headers(r, &headers);

    mode = &headers.sec_fetch_mode;
    dest = &headers.sec_fetch_dest;

    ctx->sec_fetch = (mode->data != NULL || dest->data != NULL);

    if (ctx->method == NGX_HTTP_GET) {

        if (ctx->sec_fetch) {
            ctx->navigation =
                (mode->data == NULL
                 || ngx_http_journey_value_is(mode, "navigate"))
                && (dest->data == NULL
                    || ngx_http_journey_value_is(dest, "document"));

        } else {
            ctx->navigation = ngx_http_journey_contains(
                                  &headers.accept,
                                  "text/html", sizeof("text/html") - 1);
        }
    }

    ctx->prerender = ngx_http_journey_contains(&headers.sec_purpose,
                                               "prerender", 9);

    ctx->prefetch =
        ngx_http_journey_contains(&headers.sec_purpose, "prefetch", 8)
        || ngx_http_journey_contains(&headers.purpose, "prefetch", 8)
        || ngx_http_journey_contains(&headers.x_moz, "prefetch", 8);

    ctx->same_origin = ngx_http_journey_value_is(&headers.sec_fetch_site,
                                                 "same-origin");
    ctx->cross_site = ngx_http_journey_value_is(&headers.sec_fetch_site,
                                                "cross-site");

    ctx->hints.known = 1;
#if (NGX_HTTP_SSL)
    ctx->hints.https = (r->connection->ssl != NULL);
#endif
    ctx->hints.sec_fetch = (ctx->sec_fetch
                            || headers.sec_fetch_site.data != NULL);
    ctx->hints.accept = (headers.accept.len > 0);
    ctx->hints.accept_language = (headers.accept_language.len > 0);

    ctx->language = headers.accept_language;

    if (ngx_http_journey_value_is(&headers.sec_gpc, "1")) {
        ctx->signals |= NGX_HTTP_JOURNEY_SIGNAL_GPC;
    }

    if (ngx_http_journey_value_is(&headers.dnt, "1")) {
        ctx->signals |= NGX_HTTP_JOURNEY_SIGNAL_DNT;
    }

    if (ngx_http_journey_value_is(&headers.ch_mobile, "?0")) {
        ctx->hints.ch_mobile = 1;

    } else if (ngx_http_journey_value_is(&headers.ch_mobile, "?1")) {
        ctx->hints.ch_mobile = 2;
    }
}


void
ngx_http_journey_read_agent(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_str_t                      agent;
    ngx_http_journey_main_conf_t  *mcf;

    if (ctx->agent_found) {
        return;
    }

    ctx->agent_found = 1;

    r = r->main;

    ngx_http_journey_read_headers(r, ctx);

    ngx_str_null(&agent);

    if (r->headers_in.user_agent != NULL) {
        agent = r->headers_in.user_agent->value;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    journey_agent_find(mcf->agents, agent.data, agent.len, &ctx->hints,
                       &ctx->agent);
}


/* One pass over the headers; the first of a name counts. */

static void
ngx_http_journey_find_headers(ngx_http_request_t *r,
    ngx_http_journey_headers_t *headers)
{
    ngx_str_t        *value;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        value = ngx_http_journey_header(&h[i], headers);

        if (value != NULL && value->data == NULL) {
            *value = h[i].value;
        }
    }
}


/* Most headers are told apart by their length. */

static ngx_str_t *
ngx_http_journey_header(ngx_table_elt_t *h,
    ngx_http_journey_headers_t *headers)
{
    u_char  *key;

    key = h->lowcase_key;

    if (key == NULL) {
        return NULL;
    }

    switch (h->key.len) {

    case 3:
        return (ngx_memcmp(key, "dnt", 3) == 0) ? &headers->dnt : NULL;

    case 5:
        return (ngx_memcmp(key, "x-moz", 5) == 0) ? &headers->x_moz : NULL;

    case 6:
        return (ngx_memcmp(key, "accept", 6) == 0) ? &headers->accept : NULL;

    case 7:
        if (ngx_memcmp(key, "sec-gpc", 7) == 0) {
            return &headers->sec_gpc;
        }

        return (ngx_memcmp(key, "purpose", 7) == 0) ? &headers->purpose
                                                    : NULL;

    case 11:
        return (ngx_memcmp(key, "sec-purpose", 11) == 0)
               ? &headers->sec_purpose : NULL;

    case 14:
        if (ngx_memcmp(key, "sec-fetch-", 10) != 0) {
            return NULL;
        }

        if (ngx_memcmp(key + 10, "mode", 4) == 0) {
            return &headers->sec_fetch_mode;
        }

        if (ngx_memcmp(key + 10, "dest", 4) == 0) {
            return &headers->sec_fetch_dest;
        }

        return (ngx_memcmp(key + 10, "site", 4) == 0)
               ? &headers->sec_fetch_site : NULL;

    case 15:
        return (ngx_memcmp(key, "accept-language", 15) == 0)
               ? &headers->accept_language : NULL;

    case 16:
        return (ngx_memcmp(key, "sec-ch-ua-mobile", 16) == 0)
               ? &headers->ch_mobile : NULL;

    default:
        return NULL;
    }
}


static ngx_uint_t
ngx_http_journey_contains(ngx_str_t *value, const char *word, size_t len)
{
    return value->len >= len
           && ngx_strlcasestrn(value->data, value->data + value->len,
                               (u_char *) word, len - 1)
              != NULL;
}


ngx_str_t
ngx_http_journey_host(ngx_http_request_t *r)
{
    ngx_str_t                     address;
    journey_str_t                 name;
    ngx_http_core_srv_conf_t     *cscf;
    ngx_http_journey_srv_conf_t  *scf;

    r = r->main;

    if (r->headers_in.server.len > 0) {
        return r->headers_in.server;
    }

    /* HTTP/1.0 without Host */

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    scf = ngx_http_get_module_srv_conf(r, ngx_http_journey_module);

    name = ngx_http_journey_str(&cscf->server_name);

    if (journey_hosts_match(scf->names, &name)) {
        return cscf->server_name;
    }

    /* a server whose name is none (a pattern) is visited by its address */

    address.len = NGX_SOCKADDR_STRLEN;
    address.data = ngx_pnalloc(r->pool, NGX_SOCKADDR_STRLEN);

    if (address.data == NULL
        || ngx_connection_local_sockaddr(r->connection, &address, 0) != NGX_OK)
    {
        ngx_str_null(&address);

    } else if (ngx_http_journey_prefix(&address, "unix:")) {
        ngx_str_set(&address, "localhost");
    }

    return address;
}


ngx_uint_t
ngx_http_journey_own_host(ngx_http_request_t *r,
    ngx_http_journey_loc_conf_t *conf, const journey_str_t *host)
{
    ngx_str_t                     name;
    journey_str_t                 own;
    ngx_http_journey_srv_conf_t  *scf;

    if (host->len == 0) {
        return 1;
    }

    name = ngx_http_journey_host(r);
    own = ngx_http_journey_str(&name);

    scf = ngx_http_get_module_srv_conf(r, ngx_http_journey_module);

    return journey_strcmp(host, &own) == 0
           || journey_hosts_match(scf->names, host)
           || journey_hosts_match(conf->hosts, host);
}


journey_place_t *
ngx_http_journey_find_place(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    journey_place_t               *place;
    ngx_http_journey_main_conf_t  *mcf;

    r = r->main;

    /* realip may have put another address in place meanwhile */

    if (ctx->place_of == r->connection->sockaddr) {
        return ctx->place;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    if (mcf->geo == NULL) {
        return NULL;
    }

    ctx->place_of = r->connection->sockaddr;
    ctx->place = NULL;

    place = ngx_palloc(r->pool, sizeof(journey_place_t));
    if (place == NULL) {
        return NULL;
    }

    /* which looks for the network alone */

    if (journey_geo_find(mcf->geo, r->connection->sockaddr, place)
        == JOURNEY_OK)
    {
        ctx->place = place;
    }

    return ctx->place;
}
