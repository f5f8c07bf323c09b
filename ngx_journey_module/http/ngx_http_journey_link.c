
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_link: a visitor goes from one own site to another, where no cookie
 * of the first is sent.  $journey_link in the link hands over who it is
 * (design, section 5).
 */


#include "ngx_http_journey_module.h"

#include "journey_handover.h"


#define NGX_HTTP_JOURNEY_LINK  "_jl="


static ngx_int_t ngx_http_journey_link_host(ngx_conf_t *cf,
    ngx_http_journey_link_t *link, ngx_str_t *value);
static u_char *ngx_http_journey_link_find(u_char *p, u_char *last,
    u_char **end);
static journey_str_t ngx_http_journey_link_agent(ngx_http_request_t *r);


char *
ngx_http_journey_link(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t                     *value;
    ngx_uint_t                     i;
    ngx_http_journey_link_t       *link;
    ngx_http_journey_main_conf_t  *mcf;

    if (jlcf->link == NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {

        if (jlcf->link != NGX_CONF_UNSET_PTR) {
            return "is duplicate";
        }

        jlcf->link = NULL;
        return NGX_CONF_OK;
    }

    link = jlcf->link;

    /* several directives of one level add up, as journey_hosts does */

    if (link == NGX_CONF_UNSET_PTR) {

        link = ngx_pcalloc(cf->pool, sizeof(ngx_http_journey_link_t));
        if (link == NULL) {
            return NGX_CONF_ERROR;
        }

        mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

        link->hosts = journey_hosts_create(mcf->pool);

        if (link->hosts == NULL
            || ngx_array_init(&link->hashes, cf->pool, 4, sizeof(uint32_t))
               != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        ngx_http_journey_at(cf, &link->at);

        jlcf->link = link;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_http_journey_link_host(cf, link, &value[i]) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_journey_link_host(ngx_conf_t *cf, ngx_http_journey_link_t *link,
    ngx_str_t *value)
{
    u_char            buf[JOURNEY_HOST_MAX + 1];
    uint32_t         *hash;
    journey_str_t     host;
    journey_error_t   err;

    host = ngx_http_journey_str(value);

    if (journey_hosts_add(link->hosts, &host, &err) != JOURNEY_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"journey_link\": %s",
                           err.text);
        return NGX_ERROR;
    }

    if (link->hashes.nelts == JOURNEY_HANDOVER_HOSTS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"journey_link\": \"%V\" is one host too many: "
                           "it takes %d", value, JOURNEY_HANDOVER_HOSTS);
        return NGX_ERROR;
    }

    hash = ngx_array_push(&link->hashes);
    if (hash == NULL) {
        return NGX_ERROR;
    }

    /* as it is compared: in lower case; it was judged a host just now */

    host.len = journey_host_read(buf, host.data, host.len);
    host.data = buf;

    *hash = journey_handover_host(&host);

    return NGX_OK;
}


/*
 * Only a page or click asks, of a browser without a valid cookie of this site
 * that may have one; a forged token costs the signature's check and nothing
 * stays of it.
 */

ngx_int_t
ngx_http_journey_link_take(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    u_char                        *p, *end;
    ngx_str_t                      name;
    journey_str_t                  token, host, agent;
    ngx_http_journey_main_conf_t  *mcf;

    if (ctx->handed) {
        return NGX_OK;
    }

    if (ctx->conf->link == NULL || ctx->args.len == 0
        || ctx->identity != NGX_HTTP_JOURNEY_IDENTITY_COOKIE)
    {
        return NGX_DECLINED;
    }

    p = ngx_http_journey_link_find(ctx->args.data,
                                   ctx->args.data + ctx->args.len, &end);
    if (p == NULL) {
        return NGX_DECLINED;
    }

    r = r->main;

    token.data = p + sizeof(NGX_HTTP_JOURNEY_LINK) - 1;
    token.len = end - token.data;

    name = ngx_http_journey_host(r);
    host = ngx_http_journey_str(&name);
    agent = ngx_http_journey_link_agent(r);

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    return (journey_handover_decode(mcf->keys, &token, &host, &agent,
                                    (uint32_t) r->start_sec,
                                    (uint32_t) ctx->conf->cookie->max_age,
                                    &ctx->base)
            == JOURNEY_OK)
           ? NGX_OK : NGX_DECLINED;
}


void
ngx_http_journey_link_judge(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    u_char                        *end;
    ngx_http_journey_main_conf_t  *mcf;

    if (ctx->conf->link == NULL || ctx->args.len == 0
        || ngx_http_journey_link_find(ctx->args.data,
                                      ctx->args.data + ctx->args.len, &end)
           == NULL)
    {
        return;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    ngx_http_journey_count(mcf, ctx->handed ? NGX_HTTP_JOURNEY_LINK_TAKEN
                                            : NGX_HTTP_JOURNEY_LINK_IGNORED);
}


/*
 * Who has no cookie yet is handed over only once it is sure that this response
 * gives him one, or else the other site would know a visitor of whose first
 * touch there is no line.
 */

ngx_int_t
ngx_http_journey_link_value(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    u_char                        *p;
    size_t                         len;
    journey_str_t                  agent;
    ngx_http_journey_main_conf_t  *mcf;

    if (ctx->conf->link == NULL || !ctx->visitor
        || ctx->identity != NGX_HTTP_JOURNEY_IDENTITY_COOKIE
        || ngx_http_journey_anonymous(ctx)
        || !(ctx->known
             || (ctx->conf->redirect != NULL && ctx->as_page)
             || (ctx->filtered && ctx->changed)))
    {
        return NGX_DECLINED;
    }

    r = r->main;

    p = ngx_pnalloc(r->pool, sizeof(NGX_HTTP_JOURNEY_LINK) - 1
                             + JOURNEY_HANDOVER_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

    p = ngx_cpymem(p, NGX_HTTP_JOURNEY_LINK,
                   sizeof(NGX_HTTP_JOURNEY_LINK) - 1);

    agent = ngx_http_journey_link_agent(r);
    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    len = journey_handover_encode(mcf->keys, ctx->conf->link->hashes.elts,
                                  (unsigned) ctx->conf->link->hashes.nelts,
                                  &agent, &ctx->state,
                                  (uint32_t) r->start_sec, p);
    if (len == 0) {
        return NGX_DECLINED;
    }

    value->len = p + len - value->data;

    /* what holds it is for this visitor alone */

    ctx->linked = 1;

    return NGX_OK;
}


void
ngx_http_journey_link_cut(ngx_str_t *text)
{
    u_char  *p, *src, *dst, *end, *last;

    src = text->data;
    dst = src;
    last = src + text->len;

    for ( ;; ) {
        p = ngx_http_journey_link_find(src, last, &end);

        if (p == NULL) {
            break;
        }

        dst = ngx_movemem(dst, src, p - src);
        src = end;

        if (src < last && *src == '&') {
            src++;

        } else if (dst > text->data && (dst[-1] == '&' || dst[-1] == '?')) {

            /* the last of the query takes its sign with it */

            dst--;
        }
    }

    if (dst != src) {
        dst = ngx_movemem(dst, src, last - src);
        text->len = dst - text->data;
    }
}


/* As we write it, and no other way: the first parameter "_jl" of a query, or
 * of the query in a text. */

static u_char *
ngx_http_journey_link_find(u_char *p, u_char *last, u_char **end)
{
    size_t   len;
    u_char  *start;

    len = sizeof(NGX_HTTP_JOURNEY_LINK) - 1;
    start = p;

    for ( /* void */ ; p != NULL && (size_t) (last - p) >= len; p++) {

        p = memchr(p, '_', last - p - (len - 1));
        if (p == NULL) {
            return NULL;
        }

        if (ngx_memcmp(p, NGX_HTTP_JOURNEY_LINK, len) != 0
            || (p != start && p[-1] != '&' && p[-1] != '?'))
        {
            continue;
        }

        for (*end = p + len; *end < last && **end != '&' && **end != '#';
             (*end)++)
        {
            /* void */
        }

        return p;
    }

    return NULL;
}


static journey_str_t
ngx_http_journey_link_agent(ngx_http_request_t *r)
{
    journey_str_t  agent;

    if (r->headers_in.user_agent == NULL) {
        journey_str_null(&agent);
        return agent;
    }

    return ngx_http_journey_str(&r->headers_in.user_agent->value);
}
