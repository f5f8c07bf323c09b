
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Goals: the directive, which ones a response reaches by it or by the
 * application's word, and with what value (design, sections 5 and 6.5).
 */


#include "ngx_http_journey_module.h"

#include "journey_money.h"


typedef struct {
    ngx_conf_t                  *cf;
    ngx_http_journey_goal_t     *goal;
} ngx_http_journey_goal_ctx_t;


#define ngx_http_journey_said_goals(ctx)                                      \
    ((ctx)->said != NULL && (ctx)->said->goals.nelts > 0)


static int ngx_http_journey_goal_word(void *ctx, const journey_str_t *word,
    journey_error_t *err);
static void ngx_http_journey_reach_said(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static ngx_uint_t ngx_http_journey_completing(ngx_http_journey_ctx_t *ctx,
    journey_str_t *name);
static ngx_uint_t ngx_http_journey_is_reached(ngx_http_journey_ctx_t *ctx,
    journey_str_t *name);
static ngx_http_journey_reached_t *ngx_http_journey_reach_one(
    ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx, journey_str_t *name,
    ngx_uint_t completes);
static ngx_uint_t ngx_http_journey_condition(ngx_http_request_t *r,
    ngx_http_complex_value_t *condition);
static void ngx_http_journey_goal_values(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_goal_t *goal,
    ngx_http_journey_reached_t *reached);
static void ngx_http_journey_set_value(ngx_http_journey_main_conf_t *mcf,
    journey_str_t *text, ngx_http_journey_reached_t *reached);
static void ngx_http_journey_set_currency(ngx_http_journey_main_conf_t *mcf,
    journey_str_t *text, ngx_http_journey_reached_t *reached);
static void ngx_http_journey_set_order(ngx_http_journey_ctx_t *ctx,
    ngx_http_journey_main_conf_t *mcf, journey_str_t *id,
    ngx_http_journey_reached_t *reached);


char *
ngx_http_journey_goal(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t                      *value;
    ngx_uint_t                      i;
    journey_str_t                  *words;
    journey_error_t                 err;
    const journey_str_t           **name;
    ngx_http_journey_goal_t        *goal, **p;
    ngx_http_journey_goal_ctx_t     ctx;
    ngx_http_journey_main_conf_t   *mcf;

    goal = ngx_pcalloc(cf->pool, sizeof(ngx_http_journey_goal_t));
    words = ngx_palloc(cf->temp_pool,
                       cf->args->nelts * sizeof(journey_str_t));

    if (goal == NULL || words == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        words[i] = ngx_http_journey_str(&value[i]);
    }

    ctx.cf = cf;
    ctx.goal = goal;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    if (journey_goal_parse(mcf->pool, &goal->goal, &words[1],
                           (unsigned) cf->args->nelts - 1,
                           ngx_http_journey_goal_word, &ctx, &err)
        != JOURNEY_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"journey_goal\": %s",
                           err.text);
        return NGX_CONF_ERROR;
    }

    goal->file = cf->conf_file->file.name.data;
    goal->line = cf->conf_file->line;

    if (jlcf->goals == NULL) {
        jlcf->goals = ngx_array_create(cf->pool, 4,
                                       sizeof(ngx_http_journey_goal_t *));
        if (jlcf->goals == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    p = ngx_array_push(jlcf->goals);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    *p = goal;

    /* for the counters */

    name = ngx_array_push(&mcf->goals);
    if (name == NULL) {
        return NGX_CONF_ERROR;
    }

    *name = &goal->goal.name;

    return NGX_CONF_OK;
}


/* The words that need nginx: value= currency= id= if=. */

static int
ngx_http_journey_goal_word(void *data, const journey_str_t *word,
    journey_error_t *err)
{
    ngx_http_journey_goal_ctx_t *ctx = data;

    ngx_str_t                   value;
    journey_str_t               text;
    ngx_http_complex_value_t  **field;

    value = ngx_http_journey_ngx_str(word);

    if (ngx_http_journey_prefix(&value, "value=")) {
        field = &ctx->goal->value;

    } else if (ngx_http_journey_prefix(&value, "currency=")) {
        field = &ctx->goal->currency;

    } else if (ngx_http_journey_prefix(&value, "id=")) {
        field = &ctx->goal->id;

    } else if (ngx_http_journey_prefix(&value, "if=")) {
        field = &ctx->goal->condition;

    } else {
        return JOURNEY_DECLINED;
    }

    if (*field != NULL) {
        return journey_error(err, "duplicate parameter \"%.*s\"",
                             (int) word->len, word->data);
    }

    while (*value.data != '=') {
        value.data++;
        value.len--;
    }

    value.data++;
    value.len--;

    if (value.len == 0) {
        return journey_error(err, "empty parameter \"%.*s\"",
                             (int) word->len, word->data);
    }

    *field = ngx_http_journey_compile(ctx->cf, &value);
    if (*field == NULL) {
        return journey_error(err, "invalid parameter \"%.*s\"",
                             (int) word->len, word->data);
    }

    if (field == &ctx->goal->condition && (*field)->lengths == NULL) {
        return journey_error(err, "\"%.*s\" holds no variable",
                             (int) word->len, word->data);
    }

    text = ngx_http_journey_str(&value);

    if (field == &ctx->goal->currency && (*field)->lengths == NULL
        && !journey_money_currency(&text))
    {
        return journey_error(err, "invalid currency in \"%.*s\": three "
                             "capital letters of ISO 4217, as in \"EUR\"",
                             (int) word->len, word->data);
    }

    return JOURNEY_OK;
}


ngx_uint_t
ngx_http_journey_may_reach(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t                 i, status;
    ngx_http_journey_goal_t  **goals;

    if ((ctx->conf->goals == NULL && ctx->said == NULL)
        || ctx->method == NGX_HTTP_HEAD)
    {
        return 0;
    }

    status = r->headers_out.status;

    if ((status < 200 || status >= 300)
        && (ctx->method != NGX_HTTP_POST
            || (status != NGX_HTTP_MOVED_TEMPORARILY
                && status != NGX_HTTP_SEE_OTHER)))
    {
        return 0;
    }

    if (ngx_http_journey_said_goals(ctx)) {
        return 1;
    }

    if (ctx->conf->goals == NULL) {
        return 0;
    }

    goals = ctx->conf->goals->elts;

    for (i = 0; i < ctx->conf->goals->nelts; i++) {
        if (journey_goal_match(&goals[i]->goal, ctx->uri.data, ctx->uri.len)) {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_journey_would_reach(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t                 i;
    ngx_http_journey_goal_t  **goals;

    if (ngx_http_journey_said_goals(ctx)) {
        return 1;
    }

    goals = ctx->conf->goals->elts;

    for (i = 0; i < ctx->conf->goals->nelts; i++) {

        if (journey_goal_match(&goals[i]->goal, ctx->uri.data, ctx->uri.len)
            && ngx_http_journey_condition(r, goals[i]->condition))
        {
            return 1;
        }
    }

    return 0;
}


/* The application's word goes first: of one name it holds whole. */

void
ngx_http_journey_reach(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t                    i;
    ngx_http_journey_goal_t     **goals;
    ngx_http_journey_reached_t   *reached;

    if (ngx_http_journey_said_goals(ctx)) {
        ngx_http_journey_reach_said(r, ctx);
    }

    if (ctx->conf->goals == NULL) {
        return;
    }

    goals = ctx->conf->goals->elts;

    for (i = 0; i < ctx->conf->goals->nelts; i++) {

        if (!journey_goal_match(&goals[i]->goal, ctx->uri.data, ctx->uri.len)
            || ngx_http_journey_is_reached(ctx, &goals[i]->goal.name)
            || !ngx_http_journey_condition(r, goals[i]->condition))
        {
            continue;
        }

        reached = ngx_http_journey_reach_one(r, ctx, &goals[i]->goal.name,
                                             goals[i]->goal.completes);
        if (reached == NULL) {
            return;
        }

        ngx_http_journey_goal_values(r, ctx, goals[i], reached);
    }
}


static void
ngx_http_journey_reach_said(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t                     i;
    journey_application_goal_t    *said;
    ngx_http_journey_reached_t    *reached;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    said = ctx->said->goals.elts;

    for (i = 0; i < ctx->said->goals.nelts; i++) {

        reached = ngx_http_journey_reach_one(r, ctx, &said[i].name,
                      said[i].completes
                      || ngx_http_journey_completing(ctx, &said[i].name));

        if (reached == NULL) {
            return;
        }

        if (said[i].value.len > 0) {
            ngx_http_journey_set_value(mcf, &said[i].value, reached);
        }

        if (said[i].currency.len > 0) {
            ngx_http_journey_set_currency(mcf, &said[i].currency, reached);
        }

        if (said[i].id.len == 0) {
            continue;
        }

        /* the key that lives in memory changes at a restart */

        if (said[i].id.len > JOURNEY_APPLICATION_ID
            || (!mcf->secret && !ngx_http_journey_anonymous(ctx)))
        {
            ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_BAD_ORDERS);

            ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                          "the id of a goal in \"X-Journey-Goal\" is ignored: "
                          "%s", mcf->secret ? "it is longer than 256 bytes"
                                     : "there is no \"journey_secret\"");
            continue;
        }

        ngx_http_journey_set_order(ctx, mcf, &said[i].id, reached);
    }
}


/* 1 if a goal of that name in force here completes, whatever its path. */

static ngx_uint_t
ngx_http_journey_completing(ngx_http_journey_ctx_t *ctx, journey_str_t *name)
{
    ngx_uint_t                 i;
    ngx_http_journey_goal_t  **goals;

    if (ctx->conf->goals == NULL) {
        return 0;
    }

    goals = ctx->conf->goals->elts;

    for (i = 0; i < ctx->conf->goals->nelts; i++) {

        if (goals[i]->goal.completes
            && journey_strcmp(&goals[i]->goal.name, name) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* One name once a request. */

static ngx_uint_t
ngx_http_journey_is_reached(ngx_http_journey_ctx_t *ctx, journey_str_t *name)
{
    ngx_uint_t     i;
    journey_str_t  reached;

    for (i = 0; i < ctx->nreached; i++) {
        reached = ngx_http_journey_str(&ctx->reached[i].name);

        if (journey_strcmp(&reached, name) == 0) {
            return 1;
        }
    }

    return 0;
}


/* Moves the visitor's state; NULL without memory. */

static ngx_http_journey_reached_t *
ngx_http_journey_reach_one(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx,
    journey_str_t *name, ngx_uint_t completes)
{
    size_t                       n;
    journey_hit_t                hit;
    ngx_http_journey_reached_t  *reached;

    if (ctx->nreached == 0) {

        /* an earlier response of this request may have had fewer */

        n = (ctx->conf->goals != NULL) ? ctx->conf->goals->nelts : 0;
        n += (ctx->said != NULL) ? ctx->said->goals.nelts : 0;

        ctx->reached = ngx_palloc(r->pool,
                                  n * sizeof(ngx_http_journey_reached_t));
        if (ctx->reached == NULL) {
            return NULL;
        }
    }

    reached = &ctx->reached[ctx->nreached++];

    ngx_memzero(reached, sizeof(ngx_http_journey_reached_t));
    reached->name = ngx_http_journey_ngx_str(name);
    reached->completes = (completes != 0);

    if (!ctx->visitor) {
        return reached;
    }

    ngx_memzero(&hit, sizeof(journey_hit_t));

    hit.now = (uint32_t) r->start_sec;
    hit.timeout = (uint32_t) ctx->conf->session;
    hit.goal = 1;
    hit.completes = reached->completes;
    hit.touchless = ngx_http_journey_exempt(ctx);
    hit.phase = ctx->phase;
    hit.phases = ctx->conf->phases;

    reached->event = journey_state_hit(&ctx->state, &hit);
    ctx->changed |= reached->event.changed;

    return reached;
}


static ngx_uint_t
ngx_http_journey_condition(ngx_http_request_t *r,
    ngx_http_complex_value_t *condition)
{
    ngx_str_t  value;

    if (condition == NULL) {
        return 1;
    }

    return ngx_http_complex_value(r, condition, &value) == NGX_OK
           && value.len > 0
           && (value.len != 1 || value.data[0] != '0');
}


static void
ngx_http_journey_goal_values(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_goal_t *goal,
    ngx_http_journey_reached_t *reached)
{
    ngx_str_t                      value;
    journey_str_t                  text;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    if (goal->value != NULL
        && ngx_http_complex_value(r, goal->value, &value) == NGX_OK
        && value.len > 0)
    {
        text = ngx_http_journey_str(&value);
        ngx_http_journey_set_value(mcf, &text, reached);
    }

    if (goal->currency != NULL
        && ngx_http_complex_value(r, goal->currency, &value) == NGX_OK
        && value.len > 0)
    {
        text = ngx_http_journey_str(&value);
        ngx_http_journey_set_currency(mcf, &text, reached);
    }

    if (goal->id != NULL
        && ngx_http_complex_value(r, goal->id, &value) == NGX_OK
        && value.len > 0)
    {
        text = ngx_http_journey_str(&value);
        ngx_http_journey_set_order(ctx, mcf, &text, reached);
    }
}


/* What is no value is dropped and counted: the goal is reached all the same. */

static void
ngx_http_journey_set_value(ngx_http_journey_main_conf_t *mcf,
    journey_str_t *text, ngx_http_journey_reached_t *reached)
{
    reached->has_value = (journey_money_parse(text, &reached->value)
                          == JOURNEY_OK);

    if (!reached->has_value) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_BAD_VALUES);
    }
}


static void
ngx_http_journey_set_currency(ngx_http_journey_main_conf_t *mcf,
    journey_str_t *text, ngx_http_journey_reached_t *reached)
{
    reached->has_currency = journey_money_currency(text);

    if (reached->has_currency) {
        ngx_memcpy(reached->currency, text->data, JOURNEY_CURRENCY_LEN);

    } else {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_BAD_VALUES);
    }
}


static void
ngx_http_journey_set_order(ngx_http_journey_ctx_t *ctx,
    ngx_http_journey_main_conf_t *mcf, journey_str_t *id,
    ngx_http_journey_reached_t *reached)
{
    reached->has_order =
        ngx_http_journey_anonymous(ctx)
        ? ngx_http_journey_salts_ready(mcf) == NGX_OK
          && journey_daily_keyed_hash(mcf->daily, JOURNEY_SALT_TODAY,
                                      reached->order, "ord", id)
             == JOURNEY_OK
        : journey_keyed_hash(mcf->keys, reached->order, "ord", id)
          == JOURNEY_OK;
}
