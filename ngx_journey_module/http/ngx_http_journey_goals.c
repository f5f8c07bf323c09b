
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Goals: which ones a response reaches, and with what value
 * (design, sections 5 and 6.5).
 */


#include "ngx_http_journey_module.h"


static ngx_uint_t ngx_http_journey_condition(ngx_http_request_t *r,
    ngx_http_complex_value_t *condition);
static void ngx_http_journey_goal_values(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_http_journey_goal_t *goal, ngx_http_journey_reached_t *reached);
static ngx_int_t ngx_http_journey_money(ngx_str_t *text, double *value);


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
            if (journey_strcmp(&ctx->reached[n].goal->name,
                               &goals[i]->goal.name)
                == 0)
            {
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
        reached->goal = &goals[i]->goal;

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
    journey_str_t                  id;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    if (goal->value != NULL
        && ngx_http_complex_value(r, goal->value, &value) == NGX_OK
        && value.len > 0)
    {
        reached->has_value = (ngx_http_journey_money(&value, &reached->value)
                              == NGX_OK);

        if (!reached->has_value) {
            ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_BAD_VALUES);
        }
    }

    if (goal->currency != NULL
        && ngx_http_complex_value(r, goal->currency, &value) == NGX_OK
        && value.len > 0)
    {
        reached->has_currency =
            (value.len == 3
             && value.data[0] >= 'A' && value.data[0] <= 'Z'
             && value.data[1] >= 'A' && value.data[1] <= 'Z'
             && value.data[2] >= 'A' && value.data[2] <= 'Z');

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


/* A decimal of at most 12 digits before the point and 6 behind it: doubles
 * hold these exactly enough to be printed as they were written. */

static ngx_int_t
ngx_http_journey_money(ngx_str_t *text, double *value)
{
    double    scale;
    u_char   *p, *last;
    int64_t   n;
    ssize_t   whole, fraction;

    p = text->data;
    last = p + text->len;

    if (p < last && *p == '-') {
        p++;
    }

    n = 0;
    scale = 1;
    whole = 0;
    fraction = -1;

    for ( /* void */ ; p < last; p++) {

        if (*p == '.' && fraction == -1 && whole > 0) {
            fraction = 0;
            continue;
        }

        if (*p < '0' || *p > '9') {
            return NGX_DECLINED;
        }

        n = n * 10 + (*p - '0');

        if (fraction == -1) {
            whole++;

        } else {
            fraction++;
            scale *= 10;
        }

        if (whole > 12 || fraction > 6) {
            return NGX_DECLINED;
        }
    }

    if (whole == 0 || fraction == 0) {
        return NGX_DECLINED;
    }

    *value = (double) n / scale;

    if (text->data[0] == '-') {
        *value = - *value;
    }

    return NGX_OK;
}
