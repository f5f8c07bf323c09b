
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Goals: the directive, which ones a response reaches, and with what value
 * (design, sections 5 and 6.5).
 */


#include "ngx_http_journey_module.h"
#include "journey_money.h"


typedef struct {
    ngx_conf_t                  *cf;
    ngx_http_journey_goal_t     *goal;
} ngx_http_journey_goal_ctx_t;


static int ngx_http_journey_goal_word(void *ctx, const journey_str_t *word,
    journey_error_t *err);
static ngx_uint_t ngx_http_journey_condition(ngx_http_request_t *r,
    ngx_http_complex_value_t *condition);
static void ngx_http_journey_goal_values(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_goal_t *goal, ngx_http_journey_reached_t *reached);


char *
ngx_http_journey_goal(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t                      *value;
    ngx_uint_t                      i;
    journey_str_t                  *words;
    journey_error_t                 err;
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

    return NGX_CONF_OK;
}


/* The words that need nginx: value= currency= id= if=. */

static int
ngx_http_journey_goal_word(void *data, const journey_str_t *word,
    journey_error_t *err)
{
    ngx_http_journey_goal_ctx_t *ctx = data;

    ngx_str_t                   value;
    ngx_uint_t                  i;
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

    if (field == &ctx->goal->currency && (*field)->lengths == NULL) {

        for (i = 0; i < value.len; i++) {
            if (value.data[i] < 'A' || value.data[i] > 'Z') {
                break;
            }
        }

        if (value.len != 3 || i < 3) {
            return journey_error(err, "invalid currency in \"%.*s\": three "
                                 "capital letters of ISO 4217, as in \"EUR\"",
                                 (int) word->len, word->data);
        }
    }

    return JOURNEY_OK;
}


ngx_uint_t
ngx_http_journey_may_reach(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t                 i, status;
    ngx_http_journey_goal_t  **goals;

    if (ctx->conf->goals == NULL || ctx->method == NGX_HTTP_HEAD) {
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


void
ngx_http_journey_reach(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t                    i, n;
    journey_str_t                 name;
    journey_hit_t                 hit;
    ngx_http_journey_goal_t     **goals;
    ngx_http_journey_reached_t   *reached;

    goals = ctx->conf->goals->elts;

    for (i = 0; i < ctx->conf->goals->nelts; i++) {

        if (!journey_goal_match(&goals[i]->goal, ctx->uri.data, ctx->uri.len))
        {
            continue;
        }

        /* one name once a request */

        for (n = 0; n < ctx->nreached; n++) {
            name = ngx_http_journey_str(&ctx->reached[n].name);

            if (journey_strcmp(&name, &goals[i]->goal.name) == 0) {
                break;
            }
        }

        if (n < ctx->nreached
            || !ngx_http_journey_condition(r, goals[i]->condition))
        {
            continue;
        }

        if (ctx->reached == NULL) {
            ctx->reached = ngx_pcalloc(r->pool,
                                       ctx->conf->goals->nelts
                                       * sizeof(ngx_http_journey_reached_t));
            if (ctx->reached == NULL) {
                return;
            }
        }

        reached = &ctx->reached[ctx->nreached++];

        ngx_memzero(reached, sizeof(ngx_http_journey_reached_t));
        reached->name = ngx_http_journey_ngx_str(&goals[i]->goal.name);
        reached->completes = goals[i]->goal.completes;

        ngx_http_journey_goal_values(r, ctx, goals[i], reached);

        if (!ctx->visitor) {
            continue;
        }

        ngx_memzero(&hit, sizeof(journey_hit_t));

        hit.now = (uint32_t) r->start_sec;
        hit.timeout = (uint32_t) ctx->conf->session;
        hit.goal = 1;
        hit.completes = goals[i]->goal.completes;
        hit.touchless = ngx_http_journey_exempt(ctx);
        hit.phase = ctx->phase;
        hit.phases = ctx->conf->phases;

        reached->event = journey_state_hit(&ctx->state, &hit);
        ctx->changed |= reached->event.changed;
    }
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
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_goal_t *goal, ngx_http_journey_reached_t *reached)
{
    ngx_str_t                      value;
    journey_str_t                  id, text;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    if (goal->value != NULL
        && ngx_http_complex_value(r, goal->value, &value) == NGX_OK
        && value.len > 0)
    {
        text = ngx_http_journey_str(&value);
        reached->has_value = (journey_money_parse(&text, &reached->value)
                              == JOURNEY_OK);

        if (!reached->has_value) {
            ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_BAD_VALUES);
        }
    }

    if (goal->currency != NULL
        && ngx_http_complex_value(r, goal->currency, &value) == NGX_OK
        && value.len > 0)
    {
        text = ngx_http_journey_str(&value);
        reached->has_currency = journey_money_currency(&text);

        if (reached->has_currency) {
            ngx_memcpy(reached->currency, value.data, 3);

        } else {
            ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_BAD_VALUES);
        }
    }

    if (goal->id != NULL
        && ngx_http_complex_value(r, goal->id, &value) == NGX_OK
        && value.len > 0)
    {
        id = ngx_http_journey_str(&value);

        reached->has_order =
            ngx_http_journey_anonymous(ctx)
            ? ngx_http_journey_salts_ready(mcf) == NGX_OK
              && journey_daily_keyed_hash(mcf->daily, JOURNEY_SALT_TODAY,
                                          reached->order, "ord", &id)
                 == JOURNEY_OK
            : journey_keyed_hash(mcf->keys, reached->order, "ord", &id)
              == JOURNEY_OK;
    }
}
