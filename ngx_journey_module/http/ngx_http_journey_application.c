
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The application's word: X-Journey-Goal, X-Journey-User, X-Journey-Phase in
 * its responses, and journey_user (design, section 5).  No message quotes what
 * may tell a person or an order.
 */


#include "ngx_http_journey_module.h"


/* The name is as long as one of the three. */

#define ngx_http_journey_may_be_said(h)                                       \
    ((h)->key.len - (sizeof("X-Journey-Goal") - 1) <= 1)


/* What a response said that is not taken: told once for all of it. */

typedef struct {
    ngx_uint_t                   ignored;
    journey_error_t              first;
} ngx_http_journey_complaint_t;


static void ngx_http_journey_application_hear(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static ngx_uint_t ngx_http_journey_application_believed(
    ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx);
static void ngx_http_journey_application_take(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_table_elt_t *h,
    ngx_http_journey_complaint_t *complaint);
static void ngx_http_journey_application_goals(ngx_http_request_t *r,
    ngx_http_journey_said_t *said, ngx_str_t *value,
    ngx_http_journey_complaint_t *complaint);
static ngx_int_t ngx_http_journey_application_goal(
    ngx_http_journey_said_t *said, journey_application_goal_t *goal,
    journey_error_t *err);
static ngx_uint_t ngx_http_journey_user_known(ngx_http_journey_ctx_t *ctx);
static ngx_int_t ngx_http_journey_user_take(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *id, const char *where);


char *
ngx_http_journey_user(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t  *value;

    if (jlcf->user != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    ngx_http_journey_at(cf, &jlcf->user_at);

    if (ngx_http_journey_value_is(&value[1], "off")) {
        jlcf->user = NULL;
        return NGX_CONF_OK;
    }

    jlcf->user = ngx_http_journey_compile(cf, &value[1]);

    if (jlcf->user == NULL) {
        return NGX_CONF_ERROR;
    }

    if (jlcf->user->lengths == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"journey_user\" \"%V\" is no variable: everybody "
                           "would be the same user", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Every response comes here: of most only the lengths of their headers' names
 * are looked at, by a loop that calls nothing. */

void
ngx_http_journey_application_read(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    if (ctx != NULL && ctx->said != NULL && r->filter_finalize) {

        /* a filter gave up the response, and what it said */

        ctx->said = NULL;
        ctx->evaluated = 0;
    }

    for (part = &r->headers_out.headers.part; part != NULL; part = part->next)
    {
        h = part->elts;
        n = part->nelts;

        for (i = 0; i < n; i++) {

            if (ngx_http_journey_may_be_said(&h[i])) {
                ngx_http_journey_application_hear(r, ctx);
                return;
            }
        }
    }
}


static void
ngx_http_journey_application_hear(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t                     i;
    ngx_list_part_t               *part;
    ngx_table_elt_t               *h;
    ngx_http_journey_complaint_t   complaint;

    complaint.ignored = 0;

    if (!ngx_http_journey_application_believed(r, ctx)) {
        ctx = NULL;
    }

    for (part = &r->headers_out.headers.part; part != NULL; part = part->next)
    {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_journey_may_be_said(&h[i])) {
                ngx_http_journey_application_take(r, ctx, &h[i], &complaint);
            }
        }
    }

    if (complaint.ignored > 0) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "%ui goal(s) in \"X-Journey-Goal\" of the application "
                      "ignored, the first one because %s",
                      complaint.ignored, complaint.first.text);
    }
}


/* What the cache keeps was said of another request. */

static ngx_uint_t
ngx_http_journey_application_believed(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    if (ctx == NULL || !ctx->conf->enable
        || (ctx->filtered && !r->filter_finalize))
    {
        return 0;
    }

#if (NGX_HTTP_CACHE)
    return !r->cached;
#else
    return 1;
#endif
}


/* Takes one header out of the response, if it is one of the three; ctx is NULL
 * when it is not believed. */

static void
ngx_http_journey_application_take(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_table_elt_t *h,
    ngx_http_journey_complaint_t *complaint)
{
    size_t      len;
    u_char     *name;
    ngx_str_t  *value;

    name = h->key.data + sizeof("X-Journey-") - 1;
    len = h->key.len - (sizeof("X-Journey-") - 1);

    if (h->hash == 0
        || ngx_strncasecmp(h->key.data, (u_char *) "X-Journey-",
                           sizeof("X-Journey-") - 1)
           != 0)
    {
        return;
    }

    if ((len != 4 || (ngx_strncasecmp(name, (u_char *) "Goal", 4) != 0
                      && ngx_strncasecmp(name, (u_char *) "User", 4) != 0))
        && (len != 5 || ngx_strncasecmp(name, (u_char *) "Phase", 5) != 0))
    {
        return;
    }

    h->hash = 0;

    if (ctx == NULL || h->value.len == 0) {
        return;
    }

    if (ctx->said == NULL) {
        ctx->said = ngx_pcalloc(r->pool, sizeof(ngx_http_journey_said_t));
        if (ctx->said == NULL) {
            return;
        }
    }

    if (len == 4 && (*name | 0x20) == 'g') {
        ngx_http_journey_application_goals(r, ctx->said, &h->value, complaint);
        return;
    }

    /* of several the first one counts */

    value = (len == 5) ? &ctx->said->phase : &ctx->said->user;

    if (value->len == 0) {
        *value = h->value;
    }

    /* longer than any name is no name when it is cut, too */

    ctx->said->phase.len = ngx_min(ctx->said->phase.len,
                                   JOURNEY_APPLICATION_PHASE);
}


static void
ngx_http_journey_application_goals(ngx_http_request_t *r,
    ngx_http_journey_said_t *said, ngx_str_t *value,
    ngx_http_journey_complaint_t *complaint)
{
    int                            rc;
    ngx_str_t                      copy;
    journey_str_t                  text;
    journey_error_t                err;
    journey_application_goal_t     goal;
    ngx_http_journey_main_conf_t  *mcf;

    text = ngx_http_journey_str(value);

    if (ngx_strlchr(value->data, value->data + value->len, '\\') != NULL) {

        /* the header stays what variables of nginx tell of it */

        copy.len = value->len;
        copy.data = ngx_pstrdup(r->pool, value);

        if (copy.data == NULL) {
            return;
        }

        text = ngx_http_journey_str(&copy);
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    if (said->goals.elts == NULL
        && ngx_array_init(&said->goals, r->pool, 2,
                          sizeof(journey_application_goal_t))
           != NGX_OK)
    {
        return;
    }

    while (text.len > 0) {

        rc = journey_application_goal_parse(&text, &goal, &err);

        if (rc == JOURNEY_DECLINED) {
            return;
        }

        if (rc == JOURNEY_OK
            && ngx_http_journey_application_goal(said, &goal, &err) == NGX_OK)
        {
            continue;
        }

        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_BAD_GOALS);

        if (complaint->ignored++ == 0) {
            complaint->first = err;
        }
    }
}


static ngx_int_t
ngx_http_journey_application_goal(ngx_http_journey_said_t *said,
    journey_application_goal_t *goal, journey_error_t *err)
{
    ngx_uint_t                   i;
    journey_application_goal_t  *goals;

    goals = said->goals.elts;

    for (i = 0; i < said->goals.nelts; i++) {

        if (journey_strcmp(&goals[i].name, &goal->name) == 0) {
            (void) journey_error(err, "its name stands there twice");
            return NGX_DECLINED;
        }
    }

    if (i == JOURNEY_APPLICATION_GOALS) {
        (void) journey_error(err, "a response has %d at most",
                             JOURNEY_APPLICATION_GOALS);
        return NGX_DECLINED;
    }

    goals = ngx_array_push(&said->goals);

    if (goals == NULL) {
        (void) journey_error(err, "memory is out");
        return NGX_ERROR;
    }

    *goals = *goal;

    return NGX_OK;
}


void
ngx_http_journey_application_user(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_str_t  id;

    ngx_str_null(&ctx->user);

    if (!ngx_http_journey_user_known(ctx)) {
        return;
    }

    if (ctx->said != NULL
        && ngx_http_journey_user_take(r, ctx, &ctx->said->user,
                                      "X-Journey-User")
           == NGX_OK)
    {
        return;
    }

    if (ctx->conf->user != NULL
        && ngx_http_complex_value(r, ctx->conf->user, &id) == NGX_OK)
    {
        (void) ngx_http_journey_user_take(r, ctx, &id, "journey_user");
    }
}


/*
 * 1 if a user may be told: not before a consent that is waited for, not in
 * profiles that know no users, not against an objection, and not by an image
 * in a mail.
 */

static ngx_uint_t
ngx_http_journey_user_known(ngx_http_journey_ctx_t *ctx)
{
    if (ctx->bot || ctx->optout || ngx_http_journey_anonymous(ctx)
        || (ctx->signals & ctx->conf->signals))
    {
        return 0;
    }

    if (ctx->conf->consent != NULL
        && ctx->identity != NGX_HTTP_JOURNEY_IDENTITY_COOKIE)
    {
        return 0;
    }

    return ctx->kind != JOURNEY_EVENT_PIXEL || ctx->visitor;
}


/* NGX_DECLINED when it names nobody. */

static ngx_int_t
ngx_http_journey_user_take(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx,
    ngx_str_t *id, const char *where)
{
    int                            rc;
    u_char                        *hash;
    journey_str_t                  value;
    journey_error_t                err;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    value = ngx_http_journey_str(id);

    rc = journey_application_user(&value, &err);

    if (rc == JOURNEY_DECLINED) {
        return NGX_DECLINED;
    }

    if (rc == JOURNEY_OK && !mcf->secret) {
        rc = journey_error(&err, "there is no \"journey_secret\"");
    }

    if (rc != JOURNEY_OK) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_BAD_USERS);

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "the user in \"%s\" is ignored: %s", where, err.text);

        return NGX_DECLINED;
    }

    hash = ngx_pnalloc(r->pool, JOURNEY_KEYED_HASH_LEN);

    if (hash == NULL
        || journey_user_hash(mcf->keys, hash, &value) != JOURNEY_OK)
    {
        return NGX_ERROR;
    }

    ctx->user.data = hash;
    ctx->user.len = JOURNEY_KEYED_HASH_LEN;

    return NGX_OK;
}
