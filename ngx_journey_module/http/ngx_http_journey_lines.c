
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The log phase: an event becomes lines of the journey log, and counts.
 */


#include "ngx_http_journey_module.h"
#include "journey_money.h"


static void ngx_http_journey_count_event(ngx_http_journey_ctx_t *ctx,
    ngx_http_journey_main_conf_t *mcf);
static void ngx_http_journey_count_goal(ngx_http_journey_reached_t *reached,
    ngx_http_journey_main_conf_t *mcf);
static void ngx_http_journey_count_privacy(ngx_http_journey_ctx_t *ctx,
    ngx_http_journey_main_conf_t *mcf);
static void ngx_http_journey_common(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, u_char *id, journey_record_t *rec);
static void ngx_http_journey_page_line(ngx_http_journey_ctx_t *ctx,
    u_char *previous, journey_record_t *rec);
static void ngx_http_journey_first_line(ngx_http_journey_ctx_t *ctx,
    u_char *previous, journey_record_t *rec);
static void ngx_http_journey_goal_line(ngx_http_journey_ctx_t *ctx,
    ngx_http_journey_reached_t *reached, journey_codes_t *channels,
    journey_record_t *rec);
static void ngx_http_journey_bot_line(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static void ngx_http_journey_write_line(ngx_http_journey_log_t *log,
    journey_record_t *rec);


ngx_int_t
ngx_http_journey_log_handler(ngx_http_request_t *r)
{
    u_char                         id[NGX_HTTP_JOURNEY_VISITOR_LEN];
    u_char                         previous[NGX_HTTP_JOURNEY_VISITOR_LEN];
    ngx_uint_t                     i;
    journey_record_t               rec;
    ngx_http_journey_ctx_t        *ctx;
    ngx_http_journey_main_conf_t  *mcf;

    /* "log_subrequest on" runs this phase for subrequests too */

    if (r != r->main) {
        return NGX_OK;
    }

    ctx = ngx_http_journey_get_ctx(r);

    if (ctx == NULL || !ctx->filtered) {
        return NGX_OK;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    if (ctx->hidden) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_SUPPRESSED_OPTOUT);
        return NGX_OK;
    }

    if (ctx->kind == JOURNEY_EVENT_NONE && ctx->nreached == 0 && !ctx->bot) {
        return NGX_OK;
    }

    /* nginx cuts ranges behind our filter: the event is decided by then, but
     * its line tells what was sent (206, or 416) */

    if (ctx->status == NGX_HTTP_OK
        && (r->headers_out.status == NGX_HTTP_PARTIAL_CONTENT
            || r->headers_out.status == NGX_HTTP_RANGE_NOT_SATISFIABLE))
    {
        ctx->status = r->headers_out.status;
    }

    ngx_http_journey_count_event(ctx, mcf);

    if (ctx->bot) {

        if (ctx->kind != JOURNEY_EVENT_NONE && ctx->conf->bots != NULL) {
            ngx_http_journey_bot_line(r, ctx);
        }

        return NGX_OK;
    }

    if (ctx->conf->log == NULL) {
        return NGX_OK;
    }

    if (ctx->visitor) {
        (void) ngx_http_journey_visitor(id, ctx->identity, ctx->state.id);
    }

    if (ctx->kind != JOURNEY_EVENT_NONE) {
        ngx_http_journey_common(r, ctx, id, &rec);
        ngx_http_journey_page_line(ctx, previous, &rec);
        ngx_http_journey_write_line(ctx->conf->log, &rec);
    }

    for (i = 0; i < ctx->nreached; i++) {
        ngx_http_journey_common(r, ctx, id, &rec);
        ngx_http_journey_goal_line(ctx, &ctx->reached[i], mcf->channels,
                                   &rec);

        if (i == 0 && !ctx->as_page) {
            ngx_http_journey_first_line(ctx, previous, &rec);
        }

        ngx_http_journey_write_line(ctx->conf->log, &rec);
    }

    return NGX_OK;
}


static void
ngx_http_journey_count_event(ngx_http_journey_ctx_t *ctx,
    ngx_http_journey_main_conf_t *mcf)
{
    ngx_uint_t  i;

    if (ctx->bot) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_BOTS);
        ngx_http_journey_reasons_count(
                              (ngx_slab_pool_t *) mcf->zone->shm.addr,
                              &mcf->shared->reasons, ctx->agent.bot);

        if (ctx->agent.ai_agent) {
            ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_AI_AGENTS);
        }

        return;
    }

    ngx_http_journey_count_privacy(ctx, mcf);

    if (ctx->kind == JOURNEY_EVENT_ERROR) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_ERRORS);
    }

    if (ctx->kind == JOURNEY_EVENT_CLICK) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_CLICKS);
    }

    if (ctx->kind == JOURNEY_EVENT_PIXEL) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_PIXELS);
    }

    if (ctx->kind == JOURNEY_EVENT_PAGE) {

        if (ctx->prefetch) {
            ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_PREFETCHED);

        } else {
            ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_PAGES);

            if (ctx->phase != NULL) {
                (void) ngx_atomic_fetch_add(
                         &mcf->shared->phases[ctx->phase->name->code], 1);
            }
        }
    }

    if (ctx->event.session) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_SESSIONS);
        ngx_http_journey_count(mcf, ctx->known
                                    ? NGX_HTTP_JOURNEY_VISITORS_RETURNING
                                    : NGX_HTTP_JOURNEY_VISITORS_NEW);
    }

    if (ctx->event.journey) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_JOURNEYS);
    }

    if (ctx->entry != NULL) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_TOUCHES);
        (void) ngx_atomic_fetch_add(
                               &mcf->shared->channels[ctx->entry->channel], 1);
    }

    if (ctx->classified != NULL && ctx->classified->spam) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_SPAM);
    }

    for (i = 0; i < ctx->nreached; i++) {
        ngx_http_journey_count_goal(&ctx->reached[i], mcf);
    }
}


static void
ngx_http_journey_count_goal(ngx_http_journey_reached_t *reached,
    ngx_http_journey_main_conf_t *mcf)
{
    ngx_uint_t                 goal;
    journey_str_t              name;
    ngx_http_journey_goals_t  *goals;

    ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_GOALS_REACHED);

    if (reached->event.completed) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_COMPLETED);
    }

    goals = &mcf->shared->goals;
    name = ngx_http_journey_str(&reached->name);

    goal = ngx_http_journey_goals_count(
                                    (ngx_slab_pool_t *) mcf->zone->shm.addr,
                                    goals, &name, reached->event.completed);

    if (reached->has_value
        && ngx_http_journey_goals_add(goals, goal,
                                      reached->has_currency
                                      ? reached->currency : NULL,
                                      journey_money_millionths(reached->value))
           != NGX_OK)
    {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_BAD_SUMS);
    }
}


/* Requests with an event, of which less is known than without profile, signal
 * or missing consent. */

static void
ngx_http_journey_count_privacy(ngx_http_journey_ctx_t *ctx,
    ngx_http_journey_main_conf_t *mcf)
{
    ngx_uint_t  signals;

    signals = ctx->signals & ctx->conf->signals;

    if (signals & NGX_HTTP_JOURNEY_SIGNAL_GPC) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_SUPPRESSED_GPC);

    } else if (signals & NGX_HTTP_JOURNEY_SIGNAL_DNT) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_SUPPRESSED_DNT);
    }

    if (ctx->unconsented) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_SUPPRESSED_CONSENT);
    }

    if (ctx->clamped) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_CLAMPED);
    }

    if (ctx->previous) {
        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_CONTINUED);
    }
}


/* What every line of a request holds; the rest is cleared. */

static void
ngx_http_journey_common(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx,
    u_char *id, journey_record_t *rec)
{
    ngx_str_t         host;
    journey_place_t  *place;

    ngx_memzero(rec, sizeof(journey_record_t));

    rec->time = (uint64_t) r->start_sec * 1000 + r->start_msec;

    if (ctx->visitor) {
        rec->visitor.data = id;
        rec->visitor.len = NGX_HTTP_JOURNEY_VISITOR_LEN;
        rec->journey = ctx->state.journey;
        rec->session = ctx->state.session;
    }

    host = ngx_http_journey_host(r);

    rec->host.data = host.data;
    rec->host.len = ngx_min(host.len, JOURNEY_HOST_MAX);

    rec->path = ngx_http_journey_str(&ctx->page);

    if (ctx->phase != NULL) {
        rec->phase = ctx->phase->name->name;
        rec->position = ctx->phase->position;
    }

    if (ctx->user.len > 0) {
        rec->user = ngx_http_journey_str(&ctx->user);
    }

    ngx_http_journey_labels_line(ctx, rec);

    if (ctx->conf->profile != NGX_HTTP_JOURNEY_PROFILE_NONE) {
        rec->basis = ngx_http_journey_profile_name(ctx->conf->profile)->data[0];
    }

    if (ctx->agent.proxy) {

        /* of its reader neither place nor device is known */

        return;
    }

    rec->device = ctx->agent.device;

    place = ngx_http_journey_find_place(r, ctx);

    if (place != NULL) {
        rec->country = place->country;

        if (ngx_http_journey_exempt(ctx)) {
            rec->region = place->region;

        } else if (!ngx_http_journey_anonymous(ctx)) {
            rec->region = place->region;
            rec->city = place->city;
        }
    }
}


static void
ngx_http_journey_page_line(ngx_http_journey_ctx_t *ctx, u_char *previous,
    journey_record_t *rec)
{
    journey_entry_t  *entry;

    rec->kind = ctx->kind;

    if (ctx->kind == JOURNEY_EVENT_PAGE || ctx->kind == JOURNEY_EVENT_ERROR) {
        rec->has_ms = 1;
        rec->ms = (uint32_t) ctx->ms;

        if (ctx->status != NGX_HTTP_OK) {
            rec->status = (uint32_t) ctx->status;
        }
    }

    rec->prefetched = (ctx->kind == JOURNEY_EVENT_PAGE && ctx->prefetch);

    if (ctx->kind == JOURNEY_EVENT_ERROR || ctx->kind == JOURNEY_EVENT_PIXEL) {

        /* what was not served was not reached, and a view is no visit */

        journey_str_null(&rec->phase);
        rec->position = 0;
    }

    if (ctx->as_page) {
        ngx_http_journey_first_line(ctx, previous, rec);
    }

    if (ctx->kind == JOURNEY_EVENT_PIXEL) {
        entry = ctx->classified;

        if (entry == NULL) {
            return;
        }

    } else {
        entry = ctx->entry;

        if (entry == NULL) {
            return;
        }

        rec->channel = entry->channel_name;
        rec->referrer = entry->referrer;
        rec->why = entry->why;
    }

    rec->source = entry->source;
    rec->medium = entry->medium;
    rec->campaign = entry->campaign;
    rec->term = entry->term;
    rec->content = entry->content;

    if (!(ctx->signals & ctx->conf->signals)) {
        rec->click = *journey_click_name(entry->click);
    }
}


/* What the first line of a session, or of a cookie, tells beside. */

static void
ngx_http_journey_first_line(ngx_http_journey_ctx_t *ctx, u_char *previous,
    journey_record_t *rec)
{
    if (ctx->previous) {
        rec->previous.data = previous;
        rec->previous.len = ngx_http_journey_visitor(previous,
                                NGX_HTTP_JOURNEY_IDENTITY_COOKIELESS,
                                ctx->daily)
                            - previous;
    }

    if ((ctx->event.session || ctx->continued || ctx->handed)
        && ctx->identity == NGX_HTTP_JOURNEY_IDENTITY_COOKIE)
    {
        rec->has_first_seen = 1;
        rec->first_seen = ctx->state.first_seen / 86400;
    }
}


static void
ngx_http_journey_goal_line(ngx_http_journey_ctx_t *ctx,
    ngx_http_journey_reached_t *reached, journey_codes_t *channels,
    journey_record_t *rec)
{
    ngx_uint_t  i;

    rec->kind = JOURNEY_EVENT_GOAL;
    rec->goal = ngx_http_journey_str(&reached->name);
    rec->done = reached->completes;

    rec->has_value = reached->has_value;
    rec->value = reached->value;

    if (reached->has_currency) {
        rec->currency.data = reached->currency;
        rec->currency.len = sizeof(reached->currency);
    }

    if (reached->has_order) {
        rec->order.data = reached->order;
        rec->order.len = JOURNEY_KEYED_HASH_LEN;
    }

    if (!ctx->visitor) {
        return;
    }

    rec->ntouches = journey_state_channels(&ctx->state);
    rec->touches_total = ctx->state.touches;

    for (i = 0; i < rec->ntouches; i++) {
        rec->touches[i] = *journey_channel_name(channels,
                                                ctx->state.channels[i]);
    }
}


/* A bot is nobody, whatever cookie it brings. */

static void
ngx_http_journey_bot_line(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    journey_record_t  rec;

    ctx->visitor = 0;
    ngx_memzero(&ctx->event, sizeof(journey_event_t));

    ngx_http_journey_common(r, ctx, NULL, &rec);
    ngx_http_journey_page_line(ctx, NULL, &rec);

    rec.bot = *ctx->agent.bot;

    ngx_http_journey_write_line(ctx->conf->bots, &rec);
}


static void
ngx_http_journey_write_line(ngx_http_journey_log_t *log, journey_record_t *rec)
{
    u_char  *p;

    p = ngx_http_journey_log_reserve(log, journey_record_size(rec));

    if (p != NULL) {
        ngx_http_journey_log_commit(log, journey_record_write(p, rec));
    }
}


u_char *
ngx_http_journey_visitor(u_char *p, ngx_uint_t identity,
    const u_char id[JOURNEY_ID_LEN])
{
    *p++ = (identity == NGX_HTTP_JOURNEY_IDENTITY_COOKIELESS) ? 'h' : 'c';

    return journey_base64url_encode(p, id, JOURNEY_ID_LEN);
}
