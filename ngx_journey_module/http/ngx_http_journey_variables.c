
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * $journey_…: provisional before the response's header is known, final after
 * it (design, section 5).  None is cacheable.
 */


#include "ngx_http_journey_module.h"


/* A value that has to be put together; the others point to what is there. */

typedef ngx_int_t (*ngx_http_journey_value_pt)(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value);

typedef struct {
    ngx_str_t                   name;
    ngx_http_journey_value_pt   value;
} ngx_http_journey_variable_t;


static ngx_int_t ngx_http_journey_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_journey_number(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, uint32_t number, ngx_str_t *value);
static const journey_str_t *ngx_http_journey_channel_name(
    ngx_http_request_t *r, uint8_t code);


static ngx_int_t
ngx_http_journey_value_id(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx,
    ngx_str_t *value)
{
    /* who is to stay unknown is not the application's to know, either */

    if (!ctx->visitor || ngx_http_journey_anonymous(ctx)) {
        return NGX_DECLINED;
    }

    value->data = ngx_pnalloc(r->pool, NGX_HTTP_JOURNEY_VISITOR_LEN);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = ngx_http_journey_visitor(value->data, ctx->identity,
                                          ctx->state.id)
                 - value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_value_number(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    return ngx_http_journey_number(r, ctx, ctx->state.journey, value);
}


static ngx_int_t
ngx_http_journey_value_session(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    return ngx_http_journey_number(r, ctx, ctx->state.session, value);
}


static ngx_int_t
ngx_http_journey_value_touch(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    return ngx_http_journey_number(r, ctx,
                                   ngx_http_journey_exempt(ctx)
                                   ? 0 : ctx->state.touches, value);
}


/* The channel of the current touch; without a visitor that of the touch that
 * this request opens. */

static ngx_int_t
ngx_http_journey_value_channel(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    unsigned  n;

    /* a cookie from before the profile may hold some */

    if (ngx_http_journey_exempt(ctx)) {
        return NGX_DECLINED;
    }

    if (!ctx->visitor) {

        if (ctx->entry == NULL) {
            return NGX_DECLINED;
        }

        *value = ngx_http_journey_ngx_str(&ctx->entry->channel_name);
        return NGX_OK;
    }

    n = journey_state_channels(&ctx->state);

    if (n == 0) {
        return NGX_DECLINED;
    }

    *value = ngx_http_journey_ngx_str(
        ngx_http_journey_channel_name(r, ctx->state.channels[n - 1]));

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_value_first_channel(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    if (!ctx->visitor || ctx->state.touches == 0
        || ngx_http_journey_exempt(ctx))
    {
        return NGX_DECLINED;
    }

    *value = ngx_http_journey_ngx_str(
            ngx_http_journey_channel_name(r, ctx->state.channels[0]));

    return NGX_OK;
}


/* The channels of the journey's touches, oldest first, ">" between them. */

static ngx_int_t
ngx_http_journey_value_touches(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    size_t                len;
    u_char               *p;
    unsigned              i, n;
    const journey_str_t  *names[JOURNEY_STATE_TOUCHES];

    if (!ctx->visitor || ngx_http_journey_exempt(ctx)) {
        return NGX_DECLINED;
    }

    n = journey_state_channels(&ctx->state);
    len = 0;

    for (i = 0; i < n; i++) {
        names[i] = ngx_http_journey_channel_name(r, ctx->state.channels[i]);
        len += names[i]->len + 1;
    }

    if (len == 0) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

    for (i = 0; i < n; i++) {

        if (i > 0) {
            *p++ = '>';
        }

        p = ngx_cpymem(p, names[i]->data, names[i]->len);
    }

    value->len = p - value->data;

    return NGX_OK;
}


#define ngx_http_journey_entry_value(field)                                   \
static ngx_int_t                                                              \
ngx_http_journey_value_##field(ngx_http_request_t *r,                         \
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)                            \
{                                                                             \
    if (ctx->entry == NULL) {                                                 \
        return NGX_DECLINED;                                                  \
    }                                                                         \
                                                                              \
    *value = ngx_http_journey_ngx_str(&ctx->entry->field);                    \
                                                                              \
    return NGX_OK;                                                            \
}

/* Of the touch that this request opens. */

ngx_http_journey_entry_value(source)
ngx_http_journey_entry_value(medium)
ngx_http_journey_entry_value(campaign)
ngx_http_journey_entry_value(why)


static ngx_int_t
ngx_http_journey_value_phase(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->phase == NULL) {
        return NGX_DECLINED;
    }

    *value = ngx_http_journey_ngx_str(&ctx->phase->name->name);

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_value_furthest(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    const journey_phase_t  *phase;

    if (!ctx->visitor || ctx->conf->phases == NULL) {
        return NGX_DECLINED;
    }

    phase = journey_phases_by_code(ctx->conf->phases, ctx->state.furthest);

    if (phase == NULL) {
        return NGX_DECLINED;
    }

    *value = ngx_http_journey_ngx_str(&phase->name->name);

    return NGX_OK;
}


/* The goals that this request reached, "," between them. */

static ngx_int_t
ngx_http_journey_value_goal(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    size_t       len;
    u_char      *p;
    ngx_str_t   *name;
    ngx_uint_t   i;

    if (ctx->nreached == 0) {
        return NGX_DECLINED;
    }

    for (i = 0, len = 0; i < ctx->nreached; i++) {
        len += ctx->reached[i].name.len + 1;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

    for (i = 0; i < ctx->nreached; i++) {

        if (i > 0) {
            *p++ = ',';
        }

        name = &ctx->reached[i].name;
        p = ngx_cpymem(p, name->data, name->len);
    }

    value->len = p - value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_value_country(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    journey_place_t  *place;

    place = ngx_http_journey_find_place(r, ctx);

    if (place == NULL) {
        return NGX_DECLINED;
    }

    *value = ngx_http_journey_ngx_str(&place->country);

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_value_device(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    ngx_http_journey_read_agent(r, ctx);

    *value = ngx_http_journey_ngx_str(journey_device_name(ctx->agent.device));

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_value_bot(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx,
    ngx_str_t *value)
{
    ngx_http_journey_read_agent(r, ctx);

    if (ctx->agent.bot == NULL) {
        return NGX_DECLINED;
    }

    *value = ngx_http_journey_ngx_str(ctx->agent.bot);

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_value_identity(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value)
{
    ngx_http_journey_identify(r, ctx);

    if (ctx->identity == NGX_HTTP_JOURNEY_IDENTITY_COOKIE) {
        ngx_str_set(value, "cookie");

    } else if (ctx->identity == NGX_HTTP_JOURNEY_IDENTITY_COOKIELESS) {
        ngx_str_set(value, "cookieless");

    } else {
        ngx_str_set(value, "none");
    }

    return NGX_OK;
}


static ngx_http_journey_variable_t  ngx_http_journey_variables[] = {
    { ngx_string("journey_id"), ngx_http_journey_value_id },
    { ngx_string("journey_number"), ngx_http_journey_value_number },
    { ngx_string("journey_session"), ngx_http_journey_value_session },
    { ngx_string("journey_touch"), ngx_http_journey_value_touch },
    { ngx_string("journey_channel"), ngx_http_journey_value_channel },
    { ngx_string("journey_source"), ngx_http_journey_value_source },
    { ngx_string("journey_medium"), ngx_http_journey_value_medium },
    { ngx_string("journey_campaign"), ngx_http_journey_value_campaign },
    { ngx_string("journey_rule"), ngx_http_journey_value_why },
    { ngx_string("journey_first_channel"),
      ngx_http_journey_value_first_channel },
    { ngx_string("journey_touches"), ngx_http_journey_value_touches },
    { ngx_string("journey_phase"), ngx_http_journey_value_phase },
    { ngx_string("journey_furthest_phase"), ngx_http_journey_value_furthest },
    { ngx_string("journey_goal"), ngx_http_journey_value_goal },
    { ngx_string("journey_country"), ngx_http_journey_value_country },
    { ngx_string("journey_device"), ngx_http_journey_value_device },
    { ngx_string("journey_bot"), ngx_http_journey_value_bot },
    { ngx_string("journey_identity"), ngx_http_journey_value_identity },
    { ngx_string("journey_link"), ngx_http_journey_link_value },
    { ngx_null_string, NULL }
};


ngx_int_t
ngx_http_journey_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t          *var;
    ngx_http_journey_variable_t  *v;

    for (v = ngx_http_journey_variables; v->name.len > 0; v++) {

        var = ngx_http_add_variable(cf, &v->name, NGX_HTTP_VAR_NOCACHEABLE);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_http_journey_variable;
        var->data = (uintptr_t) v;
    }

    return NGX_OK;
}


/* Empty, never "not found", where there is nothing. */

static ngx_int_t
ngx_http_journey_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_http_journey_variable_t *variable = (ngx_http_journey_variable_t *)
                                            data;

    ngx_int_t                rc;
    ngx_str_t                value;
    ngx_http_journey_ctx_t  *ctx;

    ngx_str_set(&value, "");

    ctx = ngx_http_journey_get_ctx(r);

    if (ctx != NULL && ctx->conf->enable) {

        ngx_http_journey_provisional(r, ctx);

        rc = variable->value(r->main, ctx, &value);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (value.len == 0) {

            /* a regular expression wants a string, be it empty */

            ngx_str_set(&value, "");
        }
    }

    v->len = (unsigned) value.len;
    v->data = value.data;
    v->valid = 1;
    v->no_cacheable = 1;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_number(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx,
    uint32_t number, ngx_str_t *value)
{
    if (!ctx->visitor || number == 0) {
        return NGX_DECLINED;
    }

    value->data = ngx_pnalloc(r->pool, NGX_INT32_LEN);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = journey_write_uint(value->data, number) - value->data;

    return NGX_OK;
}


static const journey_str_t *
ngx_http_journey_channel_name(ngx_http_request_t *r, uint8_t code)
{
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    return journey_channel_name(mcf->channels, code);
}
