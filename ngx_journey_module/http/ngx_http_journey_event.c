
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From a request to its event: what it is, where the visitor came from, what
 * that does to the state, which goals are reached (design, section 6).
 */


#include "ngx_http_journey_module.h"

#include "journey_mask.h"


static ngx_uint_t ngx_http_journey_redirected(ngx_http_journey_ctx_t *ctx);
static void ngx_http_journey_goals(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static ngx_uint_t ngx_http_journey_is_bot(ngx_http_journey_ctx_t *ctx,
    journey_event_kind_e kind);
static void ngx_http_journey_view(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static void ngx_http_journey_bot(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, journey_event_kind_e kind, ngx_uint_t goals);
static void ngx_http_journey_describe(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static journey_event_kind_e ngx_http_journey_kind(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx);
static journey_event_kind_e ngx_http_journey_endpoint_kind(
    ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx);
static ngx_uint_t ngx_http_journey_is_page_type(ngx_http_request_t *r,
    ngx_http_journey_loc_conf_t *conf);
static void ngx_http_journey_evaluate(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_uint_t page);
static journey_entry_t *ngx_http_journey_enter(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_uint_t inside);
static ngx_uint_t ngx_http_journey_inside(ngx_http_request_t *r);
static const journey_phase_t *ngx_http_journey_find_phase(
    ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx);
static const journey_phase_t *ngx_http_journey_named_phase(
    ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx, ngx_str_t *value,
    const char *where);
static void ngx_http_journey_hit(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, journey_hit_t *hit);


void
ngx_http_journey_provisional(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t  page;

    /* while it goes on, the values of journey_phase and the like ask again */

    if (ctx->evaluated || ctx->evaluating || !ctx->conf->enable) {
        return;
    }

    r = r->main;

    ngx_http_journey_read_headers(r, ctx);
    ngx_http_journey_read_agent(r, ctx);

    page = (!ctx->filtered && ctx->navigation && !ctx->prefetch
            && !ctx->prerender && ctx->agent.bot == NULL);

    if (page) {
        ngx_http_journey_landing_take(r, ctx);
    }

    ngx_http_journey_evaluate(r, ctx, page);
}


void
ngx_http_journey_final(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t            goals, hit;
    journey_event_kind_e  kind;

    if (!ctx->located) {

        /* its location refused the request before any rewrite (413) */

        ngx_http_journey_locate(r, ctx);
    }

    if (ctx->nreached > 0) {

        /* a filter gave up this response: its goals are not reached */

        ctx->nreached = 0;
        ctx->evaluated = 0;
    }

    if ((ctx->said != NULL && ctx->said->phase.len > 0)
        || (ctx->conf->phase == NULL && ctx->conf->phase_value != NULL))
    {

        /* the response may say another phase than was known before it */

        ctx->evaluated = 0;
    }

    ctx->status = r->headers_out.status;
    ctx->kind = JOURNEY_EVENT_NONE;
    ctx->changed = 0;
    ctx->bot = 0;
    ctx->hidden = 0;

    if (!ctx->conf->enable || ctx->endpoint
        || ctx->conf->optout != NGX_HTTP_JOURNEY_OPTOUT_NONE)
    {
        return;
    }

    if (ctx->status >= NGX_HTTP_SPECIAL_RESPONSE
        && ngx_http_journey_redirected(ctx))
    {
        ngx_http_journey_landing_keep(r, ctx);
    }

    kind = ngx_http_journey_kind(r, ctx);
    goals = !ctx->pixel && ngx_http_journey_may_reach(r, ctx);

    if (kind == JOURNEY_EVENT_NONE && !goals) {

        /* what a variable saw before may have been taken for a page */

        ctx->evaluated = (ctx->evaluated && !ctx->as_page);
        return;
    }

    ngx_http_journey_read_headers(r, ctx);
    ngx_http_journey_read_agent(r, ctx);

    if (ctx->prefetch || ctx->prerender) {
        goals = 0;
    }

    /* who opted out has no line as a bot, either */

    if (ngx_http_journey_is_bot(ctx, kind)
        && !ngx_http_journey_cookie_optout(r, ctx->conf->cookie))
    {
        ngx_http_journey_bot(r, ctx, kind, goals);
        return;
    }

    ngx_http_journey_identify(r, ctx);

    if (ctx->optout) {
        ctx->hidden = (kind != JOURNEY_EVENT_NONE
                       || (goals && ngx_http_journey_would_reach(r, ctx)));
        kind = JOURNEY_EVENT_NONE;
        goals = 0;
    }

    if (kind == JOURNEY_EVENT_ERROR && !ctx->known) {
        kind = JOURNEY_EVENT_NONE;
    }

    ctx->kind = kind;

    if (kind == JOURNEY_EVENT_NONE && !goals) {
        ctx->evaluated = (ctx->evaluated && !ctx->as_page);
        return;
    }

    hit = (kind == JOURNEY_EVENT_CLICK
           || (kind == JOURNEY_EVENT_PAGE && !ctx->prefetch));

    if (goals && kind != JOURNEY_EVENT_PAGE && !hit
        && ngx_http_journey_continue(r, ctx) == NGX_OK)
    {
        /* consent came before a goal that is no page: it is the visitor's */

        ctx->known = 1;
        ctx->evaluated = 0;
    }

    if (hit) {
        ngx_http_journey_landing_take(r, ctx);

        if (ctx->click) {
            ngx_http_journey_landing_keep(r, ctx);
        }
    }

    ngx_http_journey_evaluate(r, ctx, hit);

    ctx->changed = ctx->event.changed
                   || (hit && (ctx->continued || ctx->handed));

    if (hit) {
        ngx_http_journey_link_judge(r, ctx);
    }

    if (kind == JOURNEY_EVENT_PIXEL) {
        ngx_http_journey_view(r, ctx);
    }

    if (goals) {
        ngx_http_journey_goals(r, ctx);
    }

    ngx_http_journey_describe(r, ctx);
}


/* A landing that the site sends on to another of its pages. */

static ngx_uint_t
ngx_http_journey_redirected(ngx_http_journey_ctx_t *ctx)
{
    if (ctx->method != NGX_HTTP_GET || ctx->click || ctx->pixel) {
        return 0;
    }

    switch (ctx->status) {

    case NGX_HTTP_MOVED_PERMANENTLY:
    case NGX_HTTP_MOVED_TEMPORARILY:
    case NGX_HTTP_SEE_OTHER:
    case NGX_HTTP_TEMPORARY_REDIRECT:
    case NGX_HTTP_PERMANENT_REDIRECT:
        return 1;

    default:
        return 0;
    }
}


static void
ngx_http_journey_goals(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    ctx->evaluating = 1;
    ngx_http_journey_reach(r, ctx);
    ctx->evaluating = 0;

    if (!ctx->continued || ctx->as_page) {
        return;
    }

    if (ctx->nreached > 0) {
        ctx->changed = 1;
        return;
    }

    /* no condition held: nobody has been given this id */

    ctx->known = 0;
    ctx->visitor = 0;
}


/* A view names its visitor by a valid cookie alone, and tells of the campaign
 * what its own query does. */

static void
ngx_http_journey_view(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    if (ctx->identity != NGX_HTTP_JOURNEY_IDENTITY_COOKIE) {
        ctx->visitor = 0;
    }

    /* a variable asked before may have taken it for a page */

    ctx->classified = NULL;

    if (ctx->query.len > 0) {
        (void) ngx_http_journey_enter(r, ctx, 0);
    }
}


/* Clients that mail services fetch images with are bots, but a mail was
 * opened; and programs that show mails send other headers than browsers. */

static ngx_uint_t
ngx_http_journey_is_bot(ngx_http_journey_ctx_t *ctx,
    journey_event_kind_e kind)
{
    return ctx->agent.bot != NULL
           && (kind != JOURNEY_EVENT_PIXEL
               || (!ctx->agent.proxy && !ctx->agent.lacking));
}


/* A bot is counted for what would have been an event of a person, and has a
 * line, if any, for its pages, clicks and views alone. */

static void
ngx_http_journey_bot(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx,
    journey_event_kind_e kind, ngx_uint_t goals)
{
    ctx->bot = (kind == JOURNEY_EVENT_PAGE || kind == JOURNEY_EVENT_CLICK
                || kind == JOURNEY_EVENT_PIXEL);

    if (ctx->bot && ctx->conf->bots != NULL) {
        ctx->kind = kind;
        ngx_http_journey_evaluate(r, ctx, 0);
        ngx_http_journey_describe(r, ctx);
    }

    if (!ctx->bot && goals) {
        ctx->bot = ngx_http_journey_would_reach(r, ctx);
    }
}


/* What a line tells beside the state. */

static void
ngx_http_journey_describe(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    u_char           buf[JOURNEY_PATH_MAX];
    ngx_time_t      *tp;
    journey_str_t    path;
    ngx_msec_int_t   ms;

    ctx->evaluating = 1;

    if (ctx->conf->page == NULL
        || ngx_http_complex_value(r, ctx->conf->page, &ctx->page) != NGX_OK
        || ctx->page.len == 0)
    {
        path = ngx_http_journey_str(&ctx->uri);
        path = journey_mask(&path, buf);

        ctx->page = ngx_http_journey_ngx_str(&path);

        if (path.data == buf) {

            /* most paths have nothing to mask, and stay where they are */

            ctx->page.data = ngx_pstrdup(r->pool, &ctx->page);

            if (ctx->page.data == NULL) {
                ctx->page.len = 0;
            }
        }

    } else if (ctx->args.len > 0 && ctx->conf->page->lengths != NULL) {

        /* a value with variables is a copy of its own */

        ngx_http_journey_link_cut(&ctx->page);
    }

    ngx_http_journey_application_user(r, ctx);
    ngx_http_journey_labels_read(r, ctx);

    ctx->evaluating = 0;

    tp = ngx_timeofday();

    ms = (ngx_msec_int_t) ((tp->sec - r->start_sec) * 1000
                           + (tp->msec - r->start_msec));
    ctx->ms = ngx_max(ms, 0);
}


/* What the response makes of the request: a page, an error, or neither. */

static journey_event_kind_e
ngx_http_journey_kind(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx)
{
    ngx_uint_t  status;

    if (ctx->method != NGX_HTTP_GET) {
        return JOURNEY_EVENT_NONE;
    }

    status = r->headers_out.status;

    if (ctx->pixel || ctx->click) {
        return ngx_http_journey_endpoint_kind(r, ctx);
    }

    /* what is no page for its type costs no look at the headers */

    if (status >= 200 && status < 300) {

        if (!ngx_http_journey_is_page_type(r, ctx->conf)) {
            return JOURNEY_EVENT_NONE;
        }

    } else if (status != NGX_HTTP_NOT_MODIFIED && status < 400) {
        return JOURNEY_EVENT_NONE;
    }

    ngx_http_journey_read_headers(r, ctx);

    if (ctx->prerender || (ctx->prefetch && !ctx->same_origin)) {
        return JOURNEY_EVENT_NONE;
    }

    if (status >= 400) {
        return (ctx->navigation && !ctx->prefetch)
               ? JOURNEY_EVENT_ERROR : JOURNEY_EVENT_NONE;
    }

    if (ctx->navigation) {
        return JOURNEY_EVENT_PAGE;
    }

    /* a 304 tells its type no more, and may be a prefetched style sheet's */

    if (status == NGX_HTTP_NOT_MODIFIED) {
        return JOURNEY_EVENT_NONE;
    }

    /* an iframe, a script's request */

    return (ctx->sec_fetch && !ctx->prefetch)
           ? JOURNEY_EVENT_NONE : JOURNEY_EVENT_PAGE;
}


static journey_event_kind_e
ngx_http_journey_endpoint_kind(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_http_journey_read_headers(r, ctx);

    if (ctx->prefetch || ctx->prerender) {
        return JOURNEY_EVENT_NONE;
    }

    if (ctx->pixel) {
        return (r->headers_out.status == NGX_HTTP_OK
                && !ngx_http_journey_exempt(ctx))
               ? JOURNEY_EVENT_PIXEL : JOURNEY_EVENT_NONE;
    }

    return (r->headers_out.status == NGX_HTTP_MOVED_TEMPORARILY
            && (ctx->navigation || !ctx->sec_fetch))
           ? JOURNEY_EVENT_CLICK : JOURNEY_EVENT_NONE;
}


static ngx_uint_t
ngx_http_journey_is_page_type(ngx_http_request_t *r,
    ngx_http_journey_loc_conf_t *conf)
{
    uint64_t  bit;

    if (r->headers_out.content_type.len > 0) {

        bit = ngx_http_journey_type_bit(r->headers_out.content_type.data,
                                        r->headers_out.content_type_len);

        if (!(conf->types_mask & bit)) {
            return 0;
        }

        if (conf->html && r->headers_out.content_type_len == 9
            && ngx_memcmp(r->headers_out.content_type.data, "text/html", 9)
               == 0)
        {
            return 1;
        }
    }

    return ngx_http_test_content_type(r, &conf->types) != NULL;
}


/* Moves the state, and finds what the variables tell of it. */

static void
ngx_http_journey_evaluate(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx,
    ngx_uint_t page)
{
    journey_hit_t  hit;

    ngx_http_journey_identify(r, ctx);

    if (ctx->evaluated && ctx->as_page == page) {
        return;
    }

    ctx->evaluating = 1;
    ctx->as_page = page;
    ctx->entry = NULL;
    ngx_memzero(&ctx->event, sizeof(journey_event_t));

    ctx->phase = ngx_http_journey_find_phase(r, ctx);

    if (page) {

        if (ctx->identity != NGX_HTTP_JOURNEY_IDENTITY_NONE
            && !ctx->known
            && ngx_http_journey_new_visitor(r, ctx) != NGX_OK)
        {
            /* without random bytes nobody gets an id */

            ctx->identity = NGX_HTTP_JOURNEY_IDENTITY_NONE;
        }

        ctx->visitor = (ctx->identity != NGX_HTTP_JOURNEY_IDENTITY_NONE);

    } else {
        ctx->visitor = ctx->known;
    }

    if (ctx->visitor) {
        ctx->state = ctx->base;
    }

    if (page) {
        ngx_memzero(&hit, sizeof(journey_hit_t));
        hit.opens = 1;

        ngx_http_journey_hit(r, ctx, &hit);
    }

    ctx->evaluated = 1;
    ctx->evaluating = 0;
}


/* A page: classify it where it may open a touch, then the state machine. */

static void
ngx_http_journey_hit(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx,
    journey_hit_t *hit)
{
    ngx_uint_t        ended;
    journey_entry_t  *entry;

    hit->now = (uint32_t) r->start_sec;
    hit->timeout = (uint32_t) ctx->conf->session;
    hit->phase = ctx->phase;
    hit->phases = ctx->conf->phases;

    ended = ctx->visitor
            && journey_state_ended(&ctx->state, hit->now, hit->timeout);

    entry = NULL;
    hit->touchless = (ngx_http_journey_exempt(ctx) || ctx->optout);

    if (!hit->touchless
        && (ended || ctx->query.len > 0 || !ngx_http_journey_inside(r)))
    {
        entry = ngx_http_journey_enter(r, ctx, ctx->visitor && !ended);
    }

    if (entry != NULL) {
        hit->channel = entry->channel;
        hit->hash = entry->hash;
        hit->external = entry->external;

    } else {
        hit->channel = JOURNEY_CHANNEL_DIRECT;
    }

    if (ctx->visitor) {
        ctx->event = journey_state_hit(&ctx->state, hit);

    } else {

        /* nobody to count sessions for: what came from outside is a touch */

        ctx->event.touch = hit->external;
    }

    if (ctx->event.touch) {
        ctx->entry = entry;
    }
}


static journey_entry_t *
ngx_http_journey_enter(ngx_http_request_t *r, ngx_http_journey_ctx_t *ctx,
    ngx_uint_t inside)
{
    ngx_str_t                      host;
    journey_entry_t               *entry;
    journey_visit_t                visit;
    journey_classifier_t           classifier;
    ngx_http_journey_srv_conf_t   *scf;
    ngx_http_journey_loc_conf_t   *conf;
    ngx_http_journey_main_conf_t  *mcf;

    entry = ctx->classified;

    if (entry == NULL) {
        entry = ngx_palloc(r->pool, sizeof(journey_entry_t));
        if (entry == NULL) {
            return NULL;
        }

        ctx->classified = entry;
    }

    conf = ctx->conf;
    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);
    scf = ngx_http_get_module_srv_conf(r, ngx_http_journey_module);

    ngx_memzero(&classifier, sizeof(journey_classifier_t));

    classifier.sources = mcf->sources;
    classifier.codes = mcf->channels;
    classifier.channels = conf->channels;
    classifier.own = conf->hosts;
    classifier.server = scf->names;
    classifier.linked = (conf->link != NULL) ? conf->link->hosts : NULL;
    classifier.ignored = conf->ignored;
    classifier.drop_spam = conf->drop_spam;

    ngx_memzero(&visit, sizeof(journey_visit_t));

    host = ngx_http_journey_host(r);

    visit.host = ngx_http_journey_str(&host);
    visit.path = ngx_http_journey_str(&ctx->uri);
    visit.args = ngx_http_journey_str(&ctx->query);
    visit.inside = inside;

    if (!ctx->pixel) {
        visit.app = ctx->agent.app;
    }

    if (r->headers_in.referer != NULL && !ctx->pixel) {
        visit.referrer = ngx_http_journey_str(&r->headers_in.referer->value);
    }

    journey_classify(&classifier, &visit, entry);

    return entry;
}


/*
 * The common case, told without parsing: the referrer is a page of this very
 * host.  Nothing but "/" may follow the host: after ":" a user's name could
 * have been what looked like it.
 */

static ngx_uint_t
ngx_http_journey_inside(ngx_http_request_t *r)
{
    u_char     *p, *last;
    ngx_str_t   host;

    if (r->headers_in.referer == NULL) {
        return 1;
    }

    host = ngx_http_journey_host(r);

    p = r->headers_in.referer->value.data;
    last = p + r->headers_in.referer->value.len;

    if (last - p > 8 && ngx_memcmp(p, "https://", 8) == 0) {
        p += 8;

    } else if (last - p > 7 && ngx_memcmp(p, "http://", 7) == 0) {
        p += 7;

    } else {
        return 0;
    }

    return (size_t) (last - p) > host.len
           && ngx_memcmp(p, host.data, host.len) == 0
           && p[host.len] == '/';
}


/* The location's word, then the patterns. */

static const journey_phase_t *
ngx_http_journey_find_phase(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_str_t                     value;
    const journey_phase_t        *phase;
    ngx_http_journey_loc_conf_t  *conf;

    conf = ctx->conf;

    if (conf->phases == NULL) {
        return NULL;
    }

    if (ctx->said != NULL && ctx->said->phase.len > 0) {

        phase = ngx_http_journey_named_phase(r, ctx, &ctx->said->phase,
                                             "X-Journey-Phase");
        if (phase != NULL) {
            return phase;
        }
    }

    if (conf->phase != NULL) {
        return conf->phase;
    }

    if (conf->phase_value != NULL
        && ngx_http_complex_value(r, conf->phase_value, &value) == NGX_OK
        && value.len > 0)
    {
        phase = ngx_http_journey_named_phase(r, ctx, &value,
                                             "journey_phase");
        if (phase != NULL) {
            return phase;
        }
    }

    return journey_phases_match(conf->phases, ctx->uri.data, ctx->uri.len);
}


static const journey_phase_t *
ngx_http_journey_named_phase(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx, ngx_str_t *value, const char *where)
{
    journey_str_t                  name;
    const journey_phase_t         *phase;
    ngx_http_journey_main_conf_t  *mcf;

    name = ngx_http_journey_str(value);

    phase = journey_phases_get(ctx->conf->phases, &name);

    /* before the header the value may not be there yet */

    if (phase == NULL && ctx->filtered) {
        mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

        ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_BAD_PHASES);

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "\"%s\" is \"%V\", which is no phase of the model",
                      where, value);
    }

    return phase;
}
