
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_redirect: links of newsletters, ads and QR codes.  A click is a hit
 * like a page, and leads on; never to where neither the operator nor a
 * signature sends it (design, section 5).
 */


#include "ngx_http_journey_module.h"
#include "ngx_http_journey_compat.h"

#include "journey_target.h"


static ngx_int_t ngx_http_journey_redirect_handler(ngx_http_request_t *r);
static size_t ngx_http_journey_redirect_shown(ngx_str_t *url);
static ngx_int_t ngx_http_journey_redirect_find(ngx_http_request_t *r,
    journey_str_t *args, ngx_str_t *url);
static ngx_int_t ngx_http_journey_redirect_signed(ngx_http_request_t *r,
    journey_str_t *args, ngx_str_t *url);
static ngx_uint_t ngx_http_journey_redirect_own(ngx_http_request_t *r,
    ngx_http_journey_loc_conf_t *conf, journey_str_t *host);
static ngx_int_t ngx_http_journey_redirect_query(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, journey_target_t *target);
static ngx_int_t ngx_http_journey_redirect_location(ngx_http_request_t *r,
    journey_target_t *target, journey_str_t *args);


char *
ngx_http_journey_redirect(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t                     *value;
    ngx_uint_t                     i;
    journey_str_t                  host;
    journey_error_t                err;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_journey_main_conf_t  *mcf;

    if (jlcf->redirect != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    jlcf->redirect = ngx_http_journey_compile(cf, &value[1]);

    if (jlcf->redirect == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (!ngx_http_journey_prefix(&value[i], "to=")) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of "
                               "\"journey_redirect\": behind the target stand "
                               "to=HOST alone", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (jlcf->redirect_to == NULL) {
            jlcf->redirect_to = journey_hosts_create(mcf->pool);
            if (jlcf->redirect_to == NULL) {
                return NGX_CONF_ERROR;
            }
        }

        host.data = value[i].data + 3;
        host.len = value[i].len - 3;

        if (journey_hosts_add(jlcf->redirect_to, &host, &err) != JOURNEY_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"journey_redirect\": %s", err.text);
            return NGX_CONF_ERROR;
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_journey_redirect_handler;

    mcf->used = 1;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_journey_redirect_handler(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_str_t                      url;
    journey_str_t                  args, s;
    journey_target_t               target;
    ngx_http_journey_ctx_t        *ctx;
    ngx_http_journey_main_conf_t  *mcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    ctx = (r == r->main) ? ngx_http_journey_get_ctx(r) : NULL;

    /* the client's own, whatever a rewrite has added to find the target */

    args = ngx_http_journey_str((ctx != NULL) ? &ctx->args : &r->args);

    rc = ngx_http_journey_redirect_find(r, &args, &url);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    s = ngx_http_journey_str(&url);

    if (rc == NGX_DECLINED
        || journey_target_parse(&target, &s) != JOURNEY_OK
        || (rc != NGX_DONE
            && !ngx_http_journey_redirect_own(r,
                    ngx_http_get_module_loc_conf(r, ngx_http_journey_module),
                    &target.host)))
    {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_REFUSED);

        if (rc == NGX_OK) {

            /* its arguments may tell a person, or hold $journey_link */

            url.len = ngx_http_journey_redirect_shown(&url);

            ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                          "the target \"%V\" of \"journey_redirect\" is "
                          "neither a path nor at an own host nor at one "
                          "of \"to=\"", &url);
        }

        if (ctx != NULL) {
            ctx->endpoint = 1;
        }

        return NGX_HTTP_NOT_FOUND;
    }

    if (ctx != NULL) {
        ctx->click = 1;

        if (ngx_http_journey_redirect_query(r, ctx, &target) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ngx_http_journey_redirect_location(r, &target, &args) != NGX_OK
        || ngx_http_journey_no_store(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_MOVED_TEMPORARILY;
}


static size_t
ngx_http_journey_redirect_shown(ngx_str_t *url)
{
    size_t  n;

    for (n = 0; n < url->len; n++) {
        if (url->data[n] == '?' || url->data[n] == '#') {
            break;
        }
    }

    return n;
}


/* NGX_OK: the operator's word; NGX_DONE: a link whose signature verifies;
 * NGX_DECLINED: neither. */

static ngx_int_t
ngx_http_journey_redirect_find(ngx_http_request_t *r, journey_str_t *args,
    ngx_str_t *url)
{
    ngx_http_journey_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_journey_module);

    if (ngx_http_complex_value(r, conf->redirect, url) != NGX_OK) {
        return NGX_ERROR;
    }

    return (url->len > 0) ? NGX_OK
                          : ngx_http_journey_redirect_signed(r, args, url);
}


static ngx_int_t
ngx_http_journey_redirect_signed(ngx_http_request_t *r, journey_str_t *args,
    ngx_str_t *url)
{
    u_char                        *buf;
    journey_str_t                  target, signature;
    ngx_http_journey_main_conf_t  *mcf;

    if (args->len == 0) {
        return NGX_DECLINED;
    }

    buf = ngx_pnalloc(r->pool, 2 * args->len);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    if (journey_args_get(args, "u", &target, buf) != JOURNEY_OK
        || journey_args_get(args, "s", &signature, buf + args->len)
           != JOURNEY_OK
        || journey_link_verify(mcf->keys, &target, &signature) != JOURNEY_OK)
    {
        return NGX_DECLINED;
    }

    *url = ngx_http_journey_ngx_str(&target);

    return NGX_DONE;
}


static ngx_uint_t
ngx_http_journey_redirect_own(ngx_http_request_t *r,
    ngx_http_journey_loc_conf_t *conf, journey_str_t *host)
{
    return ngx_http_journey_own_host(r, conf, host)
           || journey_hosts_match(conf->redirect_to, host);
}


/* What the link itself says of its campaign counts, then what it says of the
 * page that it leads to: of one name the first counts. */

static ngx_int_t
ngx_http_journey_redirect_query(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, journey_target_t *target)
{
    u_char  *p;

    ctx->query = ctx->args;

    if (target->args.len > 0) {

        p = ngx_pnalloc(r->pool, ctx->args.len + 1 + target->args.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ctx->query.data = p;

        p = ngx_cpymem(p, ctx->args.data, ctx->args.len);
        *p++ = '&';
        p = ngx_cpymem(p, target->args.data, target->args.len);

        ctx->query.len = p - ctx->query.data;
    }

    /* a variable may have been asked before the target was known */

    ctx->evaluated = 0;
    ctx->classified = NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_redirect_location(ngx_http_request_t *r,
    journey_target_t *target, journey_str_t *args)
{
    ngx_str_t         key, value;
    ngx_table_elt_t  *h;

    value.data = ngx_pnalloc(r->pool, journey_target_size(target, args));
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = journey_target_write(value.data, target, args) - value.data;

    ngx_str_set(&key, "Location");

    ngx_http_clear_location(r);

    h = ngx_http_journey_push_header(r, &key, &value);
    if (h == NULL) {
        return NGX_ERROR;
    }

    r->headers_out.location = h;

    return NGX_OK;
}
