
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Who it is, and what that may rest on: the opt-out comes before anything
 * else, then journey_identity, signals, consent, and the profile's bounds;
 * then the cookie or, without one, the hash of the day (design, sections 5
 * and 10).
 */


#include "ngx_http_journey_module.h"

#include <openssl/rand.h>


static ngx_uint_t ngx_http_journey_decide(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static ngx_uint_t ngx_http_journey_read_identity(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static ngx_uint_t ngx_http_journey_consented(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static ngx_int_t ngx_http_journey_value(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_complex_value_t *cv,
    ngx_str_t *value);
static ngx_int_t ngx_http_journey_find_daily(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static ngx_int_t ngx_http_journey_random_id(u_char id[JOURNEY_ID_LEN]);


#define ngx_http_journey_shpool(mcf)                                          \
    ((ngx_slab_pool_t *) (mcf)->zone->shm.addr)


void
ngx_http_journey_identify(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    ngx_int_t   rc;
    ngx_uint_t  identity;

    r = r->main;

    if (ctx->daily_of != NULL && ctx->daily_of != r->connection->sockaddr) {

        /* realip has put another address in place since: another visitor */

        ctx->daily_of = NULL;
        ctx->identified = 0;
        ctx->evaluated = 0;
        ctx->fresh = 0;
    }

    if (ctx->identified) {
        return;
    }

    ctx->identified = 1;
    ctx->known = 0;

    identity = ngx_http_journey_decide(r, ctx);

    /* an id that another location's identity made stays only with it */

    ctx->fresh = (ctx->fresh && identity == ctx->identity);
    ctx->continued = (ctx->continued && ctx->fresh);
    ctx->handed = (ctx->handed && ctx->fresh);
    ctx->identity = identity;

    switch (identity) {

    case NGX_HTTP_JOURNEY_IDENTITY_COOKIE:
        ctx->known = (ngx_http_journey_cookie_find(r, ctx->conf->cookie,
                                                   &ctx->base)
                      == NGX_OK);
        break;

    case NGX_HTTP_JOURNEY_IDENTITY_COOKIELESS:
        rc = ngx_http_journey_find_daily(r, ctx);

        if (rc == NGX_ERROR) {
            ctx->identity = NGX_HTTP_JOURNEY_IDENTITY_NONE;
        }

        ctx->known = (rc == NGX_OK);
        break;
    }
}


static ngx_uint_t
ngx_http_journey_decide(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t                    identity;
    ngx_http_journey_loc_conf_t  *conf;

    conf = ctx->conf;

    ctx->unconsented = 0;
    ctx->clamped = 0;
    ctx->forget = 0;

    ctx->optout = ngx_http_journey_cookie_optout(r, conf->cookie);

    if (ctx->optout) {
        ctx->forget = ngx_http_journey_cookie_sent(r, conf->cookie);
        return NGX_HTTP_JOURNEY_IDENTITY_NONE;
    }

    identity = conf->identity;

    if (identity == 0) {
        identity = ngx_http_journey_read_identity(r, ctx);
    }

    if (identity != NGX_HTTP_JOURNEY_IDENTITY_COOKIE) {

        /* what the profile promises holds for what is left of earlier days */

        if (conf->profile == NGX_HTTP_JOURNEY_PROFILE_ANONYMOUS) {
            ctx->forget = ngx_http_journey_cookie_sent(r, conf->cookie);
        }

        return identity;
    }

    ngx_http_journey_read_headers(r, ctx);

    if (conf->profile == NGX_HTTP_JOURNEY_PROFILE_ANONYMOUS) {
        ctx->clamped = 1;

    } else if (!(ctx->signals & conf->signals)) {

        if (ngx_http_journey_consented(r, ctx)) {
            return identity;
        }

        ctx->unconsented = 1;
    }

    ctx->forget = ngx_http_journey_cookie_sent(r, conf->cookie);

    return NGX_HTTP_JOURNEY_IDENTITY_COOKIELESS;
}


/* What is none of the three is taken for the one that stores nothing. */

static ngx_uint_t
ngx_http_journey_read_identity(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_str_t                      value;
    ngx_http_journey_main_conf_t  *mcf;

    if (ngx_http_journey_value(r, ctx, ctx->conf->identity_value, &value)
        != NGX_OK)
    {
        return NGX_HTTP_JOURNEY_IDENTITY_NONE;
    }

    if (ngx_http_journey_value_is(&value, "cookie")) {
        return NGX_HTTP_JOURNEY_IDENTITY_COOKIE;
    }

    if (ngx_http_journey_value_is(&value, "cookieless")) {
        return NGX_HTTP_JOURNEY_IDENTITY_COOKIELESS;
    }

    if (!ngx_http_journey_value_is(&value, "none")) {
        mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_BAD_IDENTITIES);

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "\"journey_identity\" is \"%V\" and is taken for "
                      "\"none\"", &value);
    }

    return NGX_HTTP_JOURNEY_IDENTITY_NONE;
}


/* A value that cannot be had is no consent. */

static ngx_uint_t
ngx_http_journey_consented(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    ngx_str_t  value;

    if (ctx->conf->consent == NULL) {
        return 1;
    }

    return ngx_http_journey_value(r, ctx, ctx->conf->consent, &value) == NGX_OK
           && value.len > 0 && !ngx_http_journey_value_is(&value, "0");
}


/* The variable may be made of ours, which are empty meanwhile. */

static ngx_int_t
ngx_http_journey_value(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx,
    ngx_http_complex_value_t *cv, ngx_str_t *value)
{
    unsigned   evaluating;
    ngx_int_t  rc;

    evaluating = ctx->evaluating;
    ctx->evaluating = 1;

    rc = ngx_http_complex_value(r, cv, value);

    ctx->evaluating = evaluating;

    return rc;
}


/*
 * The state of the cookieless visitor, in base: NGX_DECLINED, and the id that
 * a new one gets in daily; NGX_ERROR when there is no hash.  Yesterday's salt
 * serves sessions that go on across midnight, and nothing else.
 */

static ngx_int_t
ngx_http_journey_find_daily(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    journey_who_t                  who;
    ngx_slab_pool_t               *shpool;
    u_char                         id[JOURNEY_ID_LEN];
    ngx_http_journey_visitors_t   *visitors;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    if (ngx_http_journey_salts_ready(mcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_journey_read_who(r, ctx, &who);

    ctx->daily_of = r->connection->sockaddr;

    if (journey_daily_hash(mcf->daily, JOURNEY_SALT_TODAY, &who, ctx->daily)
        != JOURNEY_OK)
    {
        return NGX_ERROR;
    }

    shpool = ngx_http_journey_shpool(mcf);
    visitors = &mcf->shared->visitors;

    if (ngx_http_journey_visitors_find(shpool, visitors, ctx->daily,
                                       &ctx->base)
        == NGX_OK)
    {
        return NGX_OK;
    }

    if (journey_daily_hash(mcf->daily, JOURNEY_SALT_PREVIOUS, &who, id)
        == JOURNEY_OK
        && ngx_http_journey_visitors_find(shpool, visitors, id, &ctx->base)
           == NGX_OK
        && !journey_state_ended(&ctx->base, (uint32_t) r->start_sec,
                                (uint32_t) ctx->conf->session))
    {
        ngx_memcpy(ctx->daily, id, JOURNEY_ID_LEN);
        return NGX_OK;
    }

    return NGX_DECLINED;
}


void
ngx_http_journey_read_who(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx,
    journey_who_t *who)
{
    ngx_str_t  host;

    ngx_http_journey_read_headers(r, ctx);

    ngx_memzero(who, sizeof(journey_who_t));

    who->addr = r->connection->sockaddr;
    who->language = ngx_http_journey_str(&ctx->language);

    if (r->headers_in.user_agent != NULL) {
        who->agent = ngx_http_journey_str(&r->headers_in.user_agent->value);
    }

    host = ngx_http_journey_host(r);
    who->host = ngx_http_journey_str(&host);
}


/* Under yesterday's salt, too: a session may have begun before midnight. */

void
ngx_http_journey_forget_daily(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t                     salt;
    journey_who_t                  who;
    u_char                         id[JOURNEY_ID_LEN];
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    if (ngx_http_journey_salts_ready(mcf) != NGX_OK) {
        return;
    }

    ngx_http_journey_read_who(r, ctx, &who);

    for (salt = 0; salt < JOURNEY_SALT_LAST; salt++) {

        if (journey_daily_hash(mcf->daily, (journey_salt_e) salt, &who, id)
            == JOURNEY_OK)
        {
            (void) ngx_http_journey_visitors_delete(
                                                 ngx_http_journey_shpool(mcf),
                                                 &mcf->shared->visitors, id);
        }
    }
}


ngx_int_t
ngx_http_journey_new_visitor(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    u_char     id[JOURNEY_ID_LEN];
    uint32_t   now;
    ngx_int_t  rc;

    if (ctx->fresh) {
        return NGX_OK;
    }

    now = (uint32_t) r->start_sec;

    if (ctx->identity == NGX_HTTP_JOURNEY_IDENTITY_COOKIELESS) {
        journey_state_init(&ctx->base, ctx->daily, now);
        ctx->fresh = 1;

        return NGX_OK;
    }

    if (ngx_http_journey_link_take(r, ctx) == NGX_OK) {
        ctx->handed = 1;
        ctx->fresh = 1;

        return NGX_OK;
    }

    rc = ngx_http_journey_continue(r, ctx);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_http_journey_random_id(id) != NGX_OK) {
        return NGX_ERROR;
    }

    journey_state_init(&ctx->base, id, now);
    ctx->fresh = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_journey_continue(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    u_char  id[JOURNEY_ID_LEN];

    if (ctx->continued) {
        return NGX_OK;
    }

    if (ctx->identity != NGX_HTTP_JOURNEY_IDENTITY_COOKIE
        || ctx->known || ctx->fresh
        || (ctx->conf->consent == NULL && ctx->conf->identity_value == NULL))
    {
        return NGX_DECLINED;
    }

    r = r->main;

    if (ngx_http_journey_find_daily(r, ctx) != NGX_OK
        || journey_state_ended(&ctx->base, (uint32_t) r->start_sec,
                               (uint32_t) ctx->conf->session))
    {
        return NGX_DECLINED;
    }

    if (ngx_http_journey_random_id(id) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(ctx->base.id, id, JOURNEY_ID_LEN);
    ctx->base.first_seen = (uint32_t) r->start_sec;

    ctx->fresh = 1;
    ctx->continued = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_random_id(u_char id[JOURNEY_ID_LEN])
{
    if (RAND_bytes(id, JOURNEY_ID_LEN) == 1) {
        return NGX_OK;
    }

    /* a connection's log would add the client's address */

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "libcrypto has no random bytes for a visitor");

    return NGX_ERROR;
}


void
ngx_http_journey_keep(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    ngx_int_t                      rc;
    ngx_http_journey_main_conf_t  *mcf;

    rc = NGX_OK;
    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    if (ctx->changed && ctx->identity == NGX_HTTP_JOURNEY_IDENTITY_COOKIELESS)
    {
        ngx_http_journey_visitors_store(ngx_http_journey_shpool(mcf),
                                        &mcf->shared->visitors, &ctx->state,
                                        ngx_cycle->log);

    } else if (ctx->changed) {
        rc = ngx_http_journey_cookie_set(r, ctx->conf->cookie, &ctx->state);
        ctx->cookie = (rc == NGX_OK);

        if (ctx->cookie && ctx->continued) {

            /* of two requests on their way at once one tells of it */

            ctx->previous |=
                ngx_http_journey_visitors_delete(ngx_http_journey_shpool(mcf),
                                                 &mcf->shared->visitors,
                                                 ctx->daily)
                == NGX_OK;
        }
    }

    if (ctx->forget && !ctx->pixel
        && (ctx->kind != JOURNEY_EVENT_NONE || ctx->nreached > 0
            || ctx->hidden))
    {
        rc = ngx_http_journey_cookie_delete(r, ctx->conf->cookie);
        ctx->cookie = (rc == NGX_OK);
    }

    if (rc != NGX_OK) {

        /* a visitor without a cookie is better than no page */

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "journey cookie not sent");
    }
}


ngx_uint_t
ngx_http_journey_anonymous(ngx_http_journey_ctx_t *ctx)
{
    switch (ctx->conf->profile) {

    case NGX_HTTP_JOURNEY_PROFILE_EXEMPT:
    case NGX_HTTP_JOURNEY_PROFILE_ANONYMOUS:
        return 1;

    case NGX_HTTP_JOURNEY_PROFILE_CONSENT:
        return ctx->identity != NGX_HTTP_JOURNEY_IDENTITY_COOKIE;

    default:
        return 0;
    }
}
