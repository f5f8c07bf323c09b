
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_optout: a browser says that it is not to be measured, or that it
 * may be again (design, section 10).  The cookie that keeps this holds no
 * identifier; what is known of the visitor without a cookie goes at once.
 */


#include "ngx_http_journey_module.h"


static ngx_int_t ngx_http_journey_optout_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_journey_optout_act(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static ngx_uint_t ngx_http_journey_optout_undone(ngx_http_request_t *r,
    ngx_http_journey_loc_conf_t *conf);
static ngx_int_t ngx_http_journey_optout_forget(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_cookie_t *cookie);


char *
ngx_http_journey_optout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t                     *value;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_journey_main_conf_t  *mcf;

    if (jlcf->optout != NGX_HTTP_JOURNEY_OPTOUT_NONE) {
        return "is duplicate";
    }

    value = cf->args->elts;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    if (cf->args->nelts == 1) {
        jlcf->optout = NGX_HTTP_JOURNEY_OPTOUT_SET;

        if (mcf->optout.file == NULL) {
            ngx_http_journey_at(cf, &mcf->optout);
        }

    } else if (ngx_strcmp(value[1].data, "undo") == 0) {
        jlcf->optout = NGX_HTTP_JOURNEY_OPTOUT_UNDO;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"journey_optout\": "
                           "it is undo, or none", &value[1]);
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_journey_optout_handler;

    mcf->used = 1;
    mcf->optouts = 1;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_journey_optout_handler(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_journey_ctx_t  *ctx;

    ctx = NULL;

    /* a part of another response (SSI, auth_request) speaks for nobody */

    if (r == r->main) {
        ctx = ngx_http_journey_get_ctx(r);

        if (ctx == NULL) {

            /* "journey on" is nowhere: there was no handler to make one */

            ctx = ngx_http_journey_create_ctx(r);
            if (ctx == NULL) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }
        }

        ctx->endpoint = 1;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_POST))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_journey_no_store(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx != NULL) {
        rc = ngx_http_journey_optout_act(r, ctx);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


static ngx_int_t
ngx_http_journey_optout_act(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t                     undo;
    ngx_http_journey_loc_conf_t   *conf;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_journey_module);

    ngx_http_journey_read_headers(r, ctx);

    /* what is fetched in advance is nobody's will yet */

    if (ctx->prefetch || ctx->prerender) {
        return NGX_OK;
    }

    undo = ngx_http_journey_optout_undone(r, conf);

    /* another site may not speak for the visitor against the opt-out */

    if (undo && ctx->cross_site) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (ngx_http_journey_cookie_out(r, conf->cookie, !undo) != NGX_OK
        || (!undo && ngx_http_journey_optout_forget(r, ctx, conf->cookie)
                     != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->cookie = 1;

    ngx_http_journey_count(mcf, undo ? NGX_HTTP_JOURNEY_UNDONE
                                     : NGX_HTTP_JOURNEY_OPTOUTS);

    return NGX_OK;
}


/* "undo" or "undo=1" among the arguments, as a rewrite has left them. */

static ngx_uint_t
ngx_http_journey_optout_undone(ngx_http_request_t *r,
    ngx_http_journey_loc_conf_t *conf)
{
    u_char     *p, *last, *end;
    ngx_str_t   arg;

    if (conf->optout == NGX_HTTP_JOURNEY_OPTOUT_UNDO) {
        return 1;
    }

    if (r->args.len == 0) {
        return 0;
    }

    last = r->args.data + r->args.len;

    for (p = r->args.data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');
        if (end == NULL) {
            end = last;
        }

        arg.data = p;
        arg.len = end - p;

        if (ngx_http_journey_value_is(&arg, "undo")
            || ngx_http_journey_value_is(&arg, "undo=1"))
        {
            return 1;
        }
    }

    return 0;
}


/* The journey cookie goes whether it was sent or not: it may be one of
 * another path. */

static ngx_int_t
ngx_http_journey_optout_forget(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_cookie_t *cookie)
{
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    if (mcf->enabled) {
        ngx_http_journey_forget_daily(r, ctx);
    }

    return ngx_http_journey_cookie_delete(r, cookie);
}
