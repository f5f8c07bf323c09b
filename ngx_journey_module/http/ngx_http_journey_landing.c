
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Landings that are answered by a redirect: browsers repeat the referrer by
 * themselves, campaign values wait in the zone for the page that they are led
 * to (design, section 6.3).
 */


#include "ngx_http_journey_module.h"


/* ms between two looks of a worker at what is too old: while something waits,
 * as far as it knows, and else */

#define NGX_HTTP_JOURNEY_LANDING_SOON  10000
#define NGX_HTTP_JOURNEY_LANDING_IDLE  60000


/* What waited for a request. */

struct ngx_http_journey_landed_s {
    ngx_http_journey_landing_key_t   key;
    ngx_str_t                        query;
    ngx_str_t                        own;       /* ctx->query before */
    uint32_t                         until;
    struct sockaddr                 *of;        /* the address of key */
    unsigned                         taken:1;
};


static ngx_uint_t ngx_http_journey_landing_again(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_main_conf_t *mcf);
static void ngx_http_journey_landing_look(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_main_conf_t *mcf);
static ngx_int_t ngx_http_journey_landing_target(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, journey_landing_t *target);
static ngx_str_t *ngx_http_journey_landing_location(ngx_http_request_t *r,
    ngx_uint_t *rooted);
static ngx_uint_t ngx_http_journey_landing_own(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, const journey_str_t *host);
static ngx_uint_t ngx_http_journey_landing_person(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static ngx_int_t ngx_http_journey_landing_id(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_main_conf_t *mcf,
    journey_salt_e salt, const journey_str_t *host,
    ngx_http_journey_landing_key_t *key);
static void ngx_http_journey_landing_lost(ngx_http_journey_main_conf_t *mcf,
    ngx_uint_t n);
static void ngx_http_journey_landing_wake(ngx_http_journey_main_conf_t *mcf);


#define ngx_http_journey_landing_shpool(mcf)                                  \
    ((ngx_slab_pool_t *) (mcf)->zone->shm.addr)


/*
 * The values are those of the request's own query, else those that have come
 * with it through earlier redirects, whose time goes on.  A click's own are in
 * the query of where it leads; only what waited for it waits again.
 */

void
ngx_http_journey_landing_keep(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t                       own, clicks;
    journey_str_t                    host;
    ngx_str_t                        name;
    journey_query_t                  query;
    journey_landing_t                target;
    ngx_http_journey_landing_t       landing;
    ngx_http_journey_main_conf_t    *mcf;
    ngx_http_journey_landing_key_t   key;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    own = (!ctx->click && ctx->args.len > 0
           && journey_query_parse(&query, ctx->args.data, ctx->args.len)
              == JOURNEY_OK);

    if (!own && ctx->landing == NULL && mcf->shared->landings.number == 0) {
        return;
    }

    if (ctx->landed || !ngx_http_journey_landing_person(r, ctx)
        || ngx_http_journey_landing_target(r, ctx, &target) != NGX_OK)
    {
        return;
    }

    landing.until = (uint32_t) ngx_time() + JOURNEY_LANDING_LIFE;

    if (!own) {
        ngx_http_journey_landing_take(r, ctx);

        if (ctx->landing == NULL || !ctx->landing->taken) {
            return;
        }

        (void) journey_query_parse(&query, ctx->landing->query.data,
                                   ctx->landing->query.len);
        landing.until = ctx->landing->until;
    }

    clicks = !(ctx->signals & ctx->conf->signals);
    landing.len = (uint32_t) journey_landing_write(landing.values, &query,
                                                   (unsigned) clicks);
    if (landing.len == 0) {
        return;
    }

    host = target.host;

    if (host.len == 0) {
        name = ngx_http_journey_host(r);
        host = ngx_http_journey_str(&name);
    }

    key.target = journey_landing_hash(&target.path, &target.args);

    if (ngx_http_journey_salts_ready(mcf) != NGX_OK
        || ngx_http_journey_landing_id(r, ctx, mcf, JOURNEY_SALT_TODAY, &host,
                                       &key)
           != NGX_OK)
    {
        return;
    }

    ngx_http_journey_landing_lost(mcf,
        ngx_http_journey_landings_keep(ngx_http_journey_landing_shpool(mcf),
                                       &mcf->shared->landings, &key,
                                       &landing));

    ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_LANDINGS_KEPT);
    ngx_http_journey_landing_wake(mcf);

    ctx->landed = 1;
}


/*
 * Before the response's header it is only looked up: this may be no page, or
 * the client may give up and ask again.  Where nothing waits for anybody, it
 * costs nothing to speak of; where nothing waits at this target, a hash of it.
 */

void
ngx_http_journey_landing_take(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    if (ctx->landing == NULL && mcf->shared->landings.number == 0) {
        return;
    }

    r = r->main;

    if (ctx->landing != NULL && ngx_http_journey_landing_again(r, ctx, mcf)) {
        return;
    }

    if (!ngx_http_journey_exempt(ctx)) {
        ngx_http_journey_landing_look(r, ctx, mcf);
    }
}


/* Something was found before; 0 when that does not hold any more. */

static ngx_uint_t
ngx_http_journey_landing_again(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_main_conf_t *mcf)
{
    ngx_http_journey_landed_t   *landed;
    ngx_http_journey_landing_t   landing;

    landed = ctx->landing;

    if (landed->taken) {
        return 1;
    }

    if (ctx->query.data != landed->query.data) {

        /* a click has found its target since */

        ctx->landing = NULL;
        return 0;
    }

    /* realip may have put another address in place */

    if (landed->of == r->connection->sockaddr) {

        if (!ctx->filtered) {
            return 1;
        }

        if (ngx_http_journey_landings_find(
                ngx_http_journey_landing_shpool(mcf), &mcf->shared->landings,
                &landed->key, 1, &landing)
            == NGX_OK)
        {
            landed->taken = 1;
            ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_LANDINGS_TAKEN);

            return 1;
        }
    }

    /* another request was faster, or this one too slow */

    ctx->query = landed->own;
    ctx->landing = NULL;
    ctx->classified = NULL;
    ctx->evaluated = 0;

    return 0;
}


static void
ngx_http_journey_landing_look(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_main_conf_t *mcf)
{
    ngx_int_t                        rc;
    ngx_str_t                        name;
    ngx_uint_t                       salt;
    journey_str_t                    host, path, args;
    journey_query_t                  query;
    ngx_http_journey_landed_t       *landed;
    ngx_http_journey_landing_t       landing;
    ngx_http_journey_landing_key_t   key;

    path = ngx_http_journey_str(&ctx->uri);
    args = ngx_http_journey_str(&ctx->args);

    key.target = journey_landing_hash(&path, &args);

    if (!ngx_http_journey_landings_any(&mcf->shared->landings, key.target)
        || (ctx->query.len > 0
            && journey_query_parse(&query, ctx->query.data, ctx->query.len)
               == JOURNEY_OK)
        || ngx_http_journey_salts_ready(mcf) != NGX_OK)
    {
        return;
    }

    name = ngx_http_journey_host(r);
    host = ngx_http_journey_str(&name);

    /* yesterday's, too: the redirect may have been before midnight */

    rc = NGX_DECLINED;

    for (salt = 0; salt < JOURNEY_SALT_LAST && rc != NGX_OK; salt++) {

        if (ngx_http_journey_landing_id(r, ctx, mcf, (journey_salt_e) salt,
                                        &host, &key)
            == NGX_OK)
        {
            rc = ngx_http_journey_landings_find(
                     ngx_http_journey_landing_shpool(mcf),
                     &mcf->shared->landings, &key, ctx->filtered, &landing);
        }
    }

    if (rc != NGX_OK) {
        return;
    }

    if (ctx->filtered) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_LANDINGS_TAKEN);
    }

    landed = ngx_palloc(r->pool, sizeof(ngx_http_journey_landed_t)
                                 + landing.len);
    if (landed == NULL) {
        return;
    }

    landed->key = key;
    landed->query.len = landing.len;
    landed->query.data = (u_char *) landed + sizeof(ngx_http_journey_landed_t);
    landed->own = ctx->query;
    landed->until = landing.until;
    landed->of = r->connection->sockaddr;
    landed->taken = ctx->filtered;

    ngx_memcpy(landed->query.data, landing.values, landing.len);

    ctx->landing = landed;
    ctx->query = landed->query;
    ctx->classified = NULL;
    ctx->evaluated = 0;
}


/* A target at an own host that tells no campaign itself. */

static ngx_int_t
ngx_http_journey_landing_target(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, journey_landing_t *target)
{
    u_char                    *buf;
    ngx_str_t                 *value;
    ngx_uint_t                 rooted;
    journey_str_t              base, location;
    journey_query_t            query;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_core_srv_conf_t  *cscf;

    value = ngx_http_journey_landing_location(r, &rooted);

    if (value == NULL) {
        return NGX_DECLINED;
    }

    location = ngx_http_journey_str(value);
    base = ngx_http_journey_str(&r->unparsed_uri);

    buf = ngx_pnalloc(r->pool, base.len + location.len + 1);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    if (journey_landing_parse(target, &base, &location, (unsigned) rooted, buf)
        != JOURNEY_OK
        || !ngx_http_journey_landing_own(r, ctx, &target->host)
        || (target->args.len > 0
            && journey_query_parse(&query, target->args.data,
                                   target->args.len)
               == JOURNEY_OK))
    {
        return NGX_DECLINED;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (rooted && clcf->server_name_in_redirect) {
        cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

        target->host = ngx_http_journey_str(&cscf->server_name);
    }

    return NGX_OK;
}


/* Of what comes from upstream not every Location is r->headers_out.location.
 * rooted: nginx will put its scheme and host before it, whatever follows the
 * slash. */

static ngx_str_t *
ngx_http_journey_landing_location(ngx_http_request_t *r, ngx_uint_t *rooted)
{
    ngx_uint_t                 i;
    ngx_list_part_t           *part;
    ngx_table_elt_t           *h;
    ngx_http_core_loc_conf_t  *clcf;

    h = r->headers_out.location;

    if (h != NULL && h->value.len > 0) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        *rooted = (h->value.data[0] == '/' && clcf->absolute_redirect);

        return &h->value;
    }

    *rooted = 0;

    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash != 0 && h[i].key.len == sizeof("Location") - 1
            && ngx_strncasecmp(h[i].key.data, (u_char *) "Location",
                               sizeof("Location") - 1)
               == 0)
        {
            return &h[i].value;
        }
    }
}


static ngx_uint_t
ngx_http_journey_landing_own(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, const journey_str_t *host)
{
    ngx_str_t  name;

    if (ngx_http_journey_own_host(r, ctx->conf, host)
        || (ctx->conf->link != NULL
            && journey_hosts_match(ctx->conf->link->hosts, host)))
    {
        return 1;
    }

    /* "www.shop.example" leads to "shop.example" */

    name = ngx_http_journey_host(r);

    return name.len == host->len + 4
           && ngx_memcmp(name.data, "www.", 4) == 0
           && ngx_memcmp(name.data + 4, host->data, host->len) == 0;
}


/* Whose browser will ask for a page next, and who may be counted. */

static ngx_uint_t
ngx_http_journey_landing_person(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    if (ngx_http_journey_exempt(ctx)) {
        return 0;
    }

    ngx_http_journey_read_headers(r, ctx);

    if ((!ctx->navigation && (!ctx->click || ctx->sec_fetch))
        || ctx->prefetch || ctx->prerender)
    {
        return 0;
    }

    ngx_http_journey_read_agent(r, ctx);

    return ctx->agent.bot == NULL
           && !ngx_http_journey_cookie_optout(r, ctx->conf->cookie);
}


/* Who it will be at that host, by the hash of the day. */

static ngx_int_t
ngx_http_journey_landing_id(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_main_conf_t *mcf,
    journey_salt_e salt, const journey_str_t *host,
    ngx_http_journey_landing_key_t *key)
{
    journey_who_t  who;

    ngx_http_journey_read_who(r, ctx, &who);

    who.host = *host;

    return (journey_daily_hash(mcf->daily, salt, &who, key->id) == JOURNEY_OK)
           ? NGX_OK : NGX_DECLINED;
}


static void
ngx_http_journey_landing_lost(ngx_http_journey_main_conf_t *mcf, ngx_uint_t n)
{
    if (n > 0) {
        (void) ngx_atomic_fetch_add(
                   &mcf->shared->counters[NGX_HTTP_JOURNEY_LANDINGS_LOST], n);
    }
}


/* Also where journey is off by now: what a former configuration has left goes
 * in its time. */

ngx_msec_t
ngx_http_journey_landing_expire(ngx_http_journey_main_conf_t *mcf,
    ngx_uint_t start)
{
    if (start || mcf->shared->landings.number > 0) {
        ngx_http_journey_landing_lost(mcf,
            ngx_http_journey_landings_expire(
                ngx_http_journey_landing_shpool(mcf),
                &mcf->shared->landings));
    }

    /* a worker that ends leaves what it kept to those that do not know of it */

    return (mcf->shared->landings.number > 0) ? NGX_HTTP_JOURNEY_LANDING_SOON
                                              : NGX_HTTP_JOURNEY_LANDING_IDLE;
}


static void
ngx_http_journey_landing_wake(ngx_http_journey_main_conf_t *mcf)
{
    if (mcf->salts.timer_set
        && (ngx_msec_int_t) (mcf->salts.timer.key - ngx_current_msec)
           > NGX_HTTP_JOURNEY_LANDING_SOON)
    {
        ngx_add_timer(&mcf->salts, NGX_HTTP_JOURNEY_LANDING_SOON);
    }
}
