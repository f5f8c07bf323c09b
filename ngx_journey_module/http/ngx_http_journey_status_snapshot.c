
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The counters at one moment, and the table of their names.
 */


#include "ngx_http_journey_status.h"


static void ngx_http_journey_snapshot_numbers(
    ngx_http_journey_main_conf_t *mcf, ngx_http_journey_snapshot_t *snapshot);
static ngx_int_t ngx_http_journey_snapshot_codes(ngx_pool_t *pool,
    ngx_array_t *found, journey_codes_t *codes, ngx_atomic_t *counters);
static void ngx_http_journey_snapshot_positions(
    ngx_http_journey_main_conf_t *mcf, ngx_http_journey_snapshot_t *snapshot);
static ngx_int_t ngx_http_journey_snapshot_reasons(ngx_pool_t *pool,
    ngx_http_journey_reasons_t *reasons, ngx_array_t *found);
static ngx_int_t ngx_http_journey_snapshot_worths(ngx_pool_t *pool,
    ngx_http_journey_goals_t *goals, ngx_array_t *worths);
static ngx_int_t ngx_http_journey_snapshot_goals(ngx_pool_t *pool,
    ngx_http_journey_goals_t *goals, ngx_http_journey_snapshot_t *snapshot);
static int ngx_libc_cdecl ngx_http_journey_worth_cmp(const void *one,
    const void *two);
static int ngx_libc_cdecl ngx_http_journey_goal_cmp(const void *one,
    const void *two);


const ngx_http_journey_field_t  ngx_http_journey_status_fields[] = {
    { "requests", NGX_HTTP_JOURNEY_REQUESTS, "requests_total", NULL,
      "Main requests that nginx has read.", "requests" },

    { "events", -1, "events_total", "kind", "Events, by kind.", "Events" },
    { "page", NGX_HTTP_JOURNEY_PAGES, NULL, NULL, NULL, "pages" },
    { "prefetched", NGX_HTTP_JOURNEY_PREFETCHED, NULL, NULL, NULL,
      "pages fetched in advance" },
    { "goal", NGX_HTTP_JOURNEY_GOALS_REACHED, NULL, NULL, NULL,
      "goals reached" },
    { "error", NGX_HTTP_JOURNEY_ERRORS, NULL, NULL, NULL, "errors" },
    { "click", NGX_HTTP_JOURNEY_CLICKS, NULL, NULL, NULL, "clicks" },
    { "pixel", NGX_HTTP_JOURNEY_PIXELS, NULL, NULL, NULL, "views" },
    { NULL, 0, NULL, NULL, NULL, NULL },

    { "visitors", -1, "visitors_total", "kind",
      "Sessions begun, by new and by returning visitors.", "Visitors" },
    { "new", NGX_HTTP_JOURNEY_VISITORS_NEW, NULL, NULL, NULL, "new" },
    { "returning", NGX_HTTP_JOURNEY_VISITORS_RETURNING, NULL, NULL, NULL,
      "returning" },
    { NULL, 0, NULL, NULL, NULL, NULL },

    { "journeys", NGX_HTTP_JOURNEY_JOURNEYS, "journeys_total", NULL,
      "Journeys begun.", "journeys begun" },
    { "completed", NGX_HTTP_JOURNEY_COMPLETED, "journeys_completed_total",
      NULL, "Journeys completed by a goal.", "journeys completed" },
    { "sessions", NGX_HTTP_JOURNEY_SESSIONS, "sessions_total", NULL,
      "Sessions begun.", "sessions begun" },
    { "touches", NGX_HTTP_JOURNEY_TOUCHES, "touches_total", "channel",
      "Touches opened, by channel.", "touches opened" },
    { "bots", NGX_HTTP_JOURNEY_BOTS, "bots_total", NULL,
      "Pages and goals that bots asked for.", "requests of bots" },
    { "ai_agents", NGX_HTTP_JOURNEY_AI_AGENTS, "ai_agents_total", NULL,
      "Pages and goals that AI agents asked for, bots too.",
      "of these, by AI agents" },
    { "spam", NGX_HTTP_JOURNEY_SPAM, "spam_total", NULL,
      "Spam referrers dropped.", "spam referrers dropped" },
    { "cookies_set", NGX_HTTP_JOURNEY_COOKIES_SET, "cookies_set_total", NULL,
      "Journey cookies sent.", "cookies set" },
    { "cookies_deleted", NGX_HTTP_JOURNEY_COOKIES_DELETED,
      "cookies_deleted_total", NULL, "Journey cookies taken back.",
      "cookies taken back" },
    { "continued", NGX_HTTP_JOURNEY_CONTINUED, "sessions_continued_total",
      NULL, "Sessions without a cookie that went on with one.",
      "sessions continued after consent" },

    { "links", -1, "links_total", "result",
      "Visitors handed over by other own sites, by what came of it.",
      "Visitors handed over" },
    { "taken", NGX_HTTP_JOURNEY_LINK_TAKEN, NULL, NULL, NULL, "taken over" },
    { "ignored", NGX_HTTP_JOURNEY_LINK_IGNORED, NULL, NULL, NULL,
      "ignored" },
    { NULL, 0, NULL, NULL, NULL, NULL },

    { "landings", -1, "landings_total", "result",
      "Campaigns of landings answered by a redirect, by what came of them.",
      "Landings answered by a redirect" },
    { "kept", NGX_HTTP_JOURNEY_LANDINGS_KEPT, NULL, NULL, NULL,
      "campaigns kept" },
    { "taken", NGX_HTTP_JOURNEY_LANDINGS_TAKEN, NULL, NULL, NULL,
      "taken by the page" },
    { "lost", NGX_HTTP_JOURNEY_LANDINGS_LOST, NULL, NULL, NULL, "lost" },
    { NULL, 0, NULL, NULL, NULL, NULL },

    { "refused", NGX_HTTP_JOURNEY_REFUSED, "redirects_refused_total", NULL,
      "Redirects to nowhere, answered 404.", "redirects refused" },
    { "optouts", NGX_HTTP_JOURNEY_OPTOUTS, "optouts_total", NULL,
      "Opt-outs granted.", "opt-outs" },
    { "undone", NGX_HTTP_JOURNEY_UNDONE, "optouts_undone_total", NULL,
      "Opt-outs undone.", "opt-outs undone" },

    { "suppressed", -1, "suppressed_total", "reason",
      "Requests of which less is known than there could be, by reason.",
      "Suppressed" },
    { "optout", NGX_HTTP_JOURNEY_SUPPRESSED_OPTOUT, NULL, NULL, NULL,
      "not recorded: opted out" },
    { "gpc", NGX_HTTP_JOURNEY_SUPPRESSED_GPC, NULL, NULL, NULL,
      "no cookie: Sec-GPC" },
    { "dnt", NGX_HTTP_JOURNEY_SUPPRESSED_DNT, NULL, NULL, NULL,
      "no cookie: DNT" },
    { "consent", NGX_HTTP_JOURNEY_SUPPRESSED_CONSENT, NULL, NULL, NULL,
      "no cookie: no consent" },
    { "clamped", NGX_HTTP_JOURNEY_CLAMPED, NULL, NULL, NULL,
      "no cookie: the profile" },
    { NULL, 0, NULL, NULL, NULL, NULL },

    { "cookieless", -1, NULL, NULL, NULL, "Visitors without a cookie" },
    { "visitors", NGX_HTTP_JOURNEY_COOKIELESS, "cookieless_visitors", NULL,
      "Visitors without a cookie in the zone.", "in the zone" },
    { "evicted", NGX_HTTP_JOURNEY_EVICTED, "cookieless_evicted_total", NULL,
      "Visitors without a cookie that had to make room.",
      "had to make room" },
    { NULL, 0, NULL, NULL, NULL, NULL },

    { "tokens", -1, "tokens_total", "result", "Cookies received, by result.",
      "Cookies received" },
    { "valid", NGX_HTTP_JOURNEY_TOKENS + JOURNEY_TOKEN_OK, NULL, NULL, NULL,
      "valid" },
    { "malformed", NGX_HTTP_JOURNEY_TOKENS + JOURNEY_TOKEN_MALFORMED, NULL,
      NULL, NULL, "malformed" },
    { "forged", NGX_HTTP_JOURNEY_TOKENS + JOURNEY_TOKEN_FORGED, NULL, NULL,
      NULL, "forged" },
    { "future", NGX_HTTP_JOURNEY_TOKENS + JOURNEY_TOKEN_FUTURE, NULL, NULL,
      NULL, "of the future" },
    { "expired", NGX_HTTP_JOURNEY_TOKENS + JOURNEY_TOKEN_EXPIRED, NULL, NULL,
      NULL, "expired" },
    { NULL, 0, NULL, NULL, NULL, NULL },

    { "ignored", -1, "ignored_total", "what",
      "Words of the configuration's variables and of the application that "
      "were ignored.", "Ignored" },
    { "goal_values", NGX_HTTP_JOURNEY_BAD_VALUES, NULL, NULL, NULL,
      "values, currencies" },
    { "phases", NGX_HTTP_JOURNEY_BAD_PHASES, NULL, NULL, NULL, "phases" },
    { "identities", NGX_HTTP_JOURNEY_BAD_IDENTITIES, NULL, NULL, NULL,
      "identities" },
    { "goals", NGX_HTTP_JOURNEY_BAD_GOALS, NULL, NULL, NULL, "goals" },
    { "orders", NGX_HTTP_JOURNEY_BAD_ORDERS, NULL, NULL, NULL, "order ids" },
    { "users", NGX_HTTP_JOURNEY_BAD_USERS, NULL, NULL, NULL, "users" },
    { "goal_sums", NGX_HTTP_JOURNEY_BAD_SUMS, NULL, NULL, NULL,
      "values in no sum" },
    { NULL, 0, NULL, NULL, NULL, NULL },

    { "log", -1, NULL, NULL, NULL, "Journey log" },
    { "lines", NGX_HTTP_JOURNEY_LOG_LINES, "log_lines_total", NULL,
      "Lines logged.", "lines" },
    { "members", NGX_HTTP_JOURNEY_LOG_MEMBERS, "log_members_total", NULL,
      "Members written to files.", "members written" },
    { "bytes", NGX_HTTP_JOURNEY_LOG_BYTES, "log_bytes_total", NULL,
      "Bytes written to files.", "bytes written" },
    { "buffered", NGX_HTTP_JOURNEY_LOG_BUFFERED, "log_buffered_lines", NULL,
      "Lines that wait for their file.", "lines buffered" },
    { "dropped", NGX_HTTP_JOURNEY_LOG_DROPPED, "log_dropped_lines_total",
      NULL, "Lines that had to make room: lost events.", "lines dropped" },
    { "recovered", NGX_HTTP_JOURNEY_LOG_RECOVERED,
      "log_recovered_lines_total", NULL,
      "Lines taken over from workers that ended.", "lines recovered" },
    { "errors", NGX_HTTP_JOURNEY_LOG_ERRORS, "log_errors_total", NULL,
      "Appends to files that failed.", "failed appends" },
    { "unslotted", NGX_HTTP_JOURNEY_LOG_UNSLOTTED,
      "log_unslotted_workers_total", NULL, "Workers that found no slot.",
      "workers without a slot" },
    { NULL, 0, NULL, NULL, NULL, NULL },

    { "zone", -1, NULL, NULL, NULL, "Shared memory" },
    { "bytes", NGX_HTTP_JOURNEY_ZONE_BYTES, "zone_bytes", NULL,
      "Bytes of the zone that can be used.", "size" },
    { "used", NGX_HTTP_JOURNEY_ZONE_USED, "zone_used_bytes", NULL,
      "Bytes of the zone in pages that are in use.", "in use" },
    { NULL, 0, NULL, NULL, NULL, NULL }
};

const ngx_uint_t  ngx_http_journey_status_nfields =
    sizeof(ngx_http_journey_status_fields) / sizeof(ngx_http_journey_field_t);


ngx_int_t
ngx_http_journey_snapshot(ngx_pool_t *pool,
    ngx_http_journey_main_conf_t *mcf, ngx_http_journey_snapshot_t *snapshot)
{
    ngx_http_journey_shared_t  *shared;

    shared = mcf->shared;

    snapshot->mcf = mcf;
    snapshot->now = ngx_time();
    snapshot->started = shared->started;

    ngx_http_journey_snapshot_numbers(mcf, snapshot);
    ngx_http_journey_salt_times(mcf, &snapshot->salts);

    if (ngx_http_journey_snapshot_codes(pool, &snapshot->channels,
                                        mcf->channels, shared->channels)
        != NGX_OK
        || ngx_http_journey_snapshot_codes(pool, &snapshot->phases,
                                           mcf->phases, shared->phases)
           != NGX_OK
        || ngx_http_journey_snapshot_reasons(pool, &shared->reasons,
                                             &snapshot->reasons)
           != NGX_OK
        || ngx_http_journey_snapshot_worths(pool, &shared->goals,
                                            &snapshot->worths)
           != NGX_OK
        || ngx_http_journey_snapshot_goals(pool, &shared->goals, snapshot)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_journey_snapshot_positions(mcf, snapshot);

    return NGX_OK;
}


static void
ngx_http_journey_snapshot_numbers(ngx_http_journey_main_conf_t *mcf,
    ngx_http_journey_snapshot_t *snapshot)
{
    ngx_uint_t                 i;
    ngx_slab_pool_t           *shpool;
    ngx_atomic_uint_t         *numbers;
    ngx_http_journey_totals_t  totals;

    numbers = snapshot->numbers;

    for (i = 0; i < NGX_HTTP_JOURNEY_COUNTERS; i++) {
        numbers[i] = mcf->shared->counters[i];
    }

    numbers[NGX_HTTP_JOURNEY_COOKIELESS] = mcf->shared->visitors.number;
    numbers[NGX_HTTP_JOURNEY_EVICTED] = mcf->shared->visitors.evicted;

    ngx_http_journey_log_totals(&mcf->logs, mcf->shared, &totals);

    numbers[NGX_HTTP_JOURNEY_LOG_LINES] = totals.lines;
    numbers[NGX_HTTP_JOURNEY_LOG_MEMBERS] = totals.members;
    numbers[NGX_HTTP_JOURNEY_LOG_BYTES] = totals.bytes;
    numbers[NGX_HTTP_JOURNEY_LOG_DROPPED] = totals.dropped;
    numbers[NGX_HTTP_JOURNEY_LOG_BUFFERED] = totals.buffered;

    /* without the lock: a number that changes all the time */

    shpool = (ngx_slab_pool_t *) mcf->zone->shm.addr;

    numbers[NGX_HTTP_JOURNEY_ZONE_BYTES] = shpool->end - shpool->start;
    numbers[NGX_HTTP_JOURNEY_ZONE_USED] =
                       numbers[NGX_HTTP_JOURNEY_ZONE_BYTES]
                       - ngx_min(shpool->pfree * ngx_pagesize,
                                 numbers[NGX_HTTP_JOURNEY_ZONE_BYTES]);
}


/* Counters by code.  Names that a reload took away are one; no name of ours
 * can be like its. */

static ngx_int_t
ngx_http_journey_snapshot_codes(ngx_pool_t *pool, ngx_array_t *found,
    journey_codes_t *codes, ngx_atomic_t *counters)
{
    ngx_uint_t                 code;
    ngx_atomic_uint_t          removed;
    const journey_name_t      *name;
    ngx_http_journey_named_t  *named;

    if (ngx_array_init(found, pool, 256, sizeof(ngx_http_journey_named_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    removed = 0;

    for (code = 1; code < 256; code++) {

        name = journey_codes_find(codes, (uint8_t) code);

        if (name == NULL) {
            removed += counters[code];
            continue;
        }

        named = ngx_array_push(found);

        named->name = ngx_http_journey_ngx_str(&name->name);
        named->n = counters[code];
        named->position = 0;
    }

    if (removed > 0) {
        named = ngx_array_push(found);

        ngx_str_set(&named->name, "(removed)");
        named->n = removed;
        named->position = 0;
    }

    return NGX_OK;
}


static void
ngx_http_journey_snapshot_positions(ngx_http_journey_main_conf_t *mcf,
    ngx_http_journey_snapshot_t *snapshot)
{
    ngx_uint_t                  i, k;
    journey_str_t               name;
    journey_phases_t          **model;
    const journey_phase_t      *phase;
    ngx_http_journey_named_t   *named;

    named = snapshot->phases.elts;
    model = mcf->models.elts;

    for (i = 0; i < snapshot->phases.nelts; i++) {

        name = ngx_http_journey_str(&named[i].name);

        for (k = 0; k < mcf->models.nelts; k++) {

            phase = journey_phases_get(model[k], &name);

            if (phase != NULL
                && (named[i].position == 0
                    || phase->position < named[i].position))
            {
                named[i].position = phase->position;
            }
        }
    }
}


static ngx_int_t
ngx_http_journey_snapshot_reasons(ngx_pool_t *pool,
    ngx_http_journey_reasons_t *reasons, ngx_array_t *found)
{
    ngx_uint_t                 i;
    journey_str_t              name;
    ngx_http_journey_named_t  *named;

    if (ngx_array_init(found, pool, 64, sizeof(ngx_http_journey_named_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i <= reasons->names.n; i++) {

        if (i == reasons->names.n) {

            if (reasons->counts[i] == 0) {
                break;
            }

            name = (journey_str_t) journey_string("other");

        } else if (ngx_http_journey_names_get(&reasons->names, i, &name)
                   != NGX_OK)
        {
            continue;
        }

        named = ngx_array_push(found);
        if (named == NULL) {
            return NGX_ERROR;
        }

        named->name = ngx_http_journey_ngx_str(&name);
        named->n = reasons->counts[i];
        named->position = 0;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_snapshot_worths(ngx_pool_t *pool,
    ngx_http_journey_goals_t *goals, ngx_array_t *worths)
{
    ngx_uint_t                 i;
    ngx_http_journey_worth_t  *worth, here;

    if (ngx_array_init(worths, pool, 8, sizeof(ngx_http_journey_worth_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_HTTP_JOURNEY_GOAL_SUMS; i++) {

        if (ngx_http_journey_goal_sum_key(&goals->sums[i], &here.goal,
                                          here.currency)
            != NGX_OK)
        {
            continue;
        }

        worth = ngx_array_push(worths);
        if (worth == NULL) {
            return NGX_ERROR;
        }

        here.plus = (int64_t) __atomic_load_n(&goals->sums[i].plus,
                                              __ATOMIC_RELAXED);
        here.minus = (int64_t) __atomic_load_n(&goals->sums[i].minus,
                                               __ATOMIC_RELAXED);
        *worth = here;
    }

    ngx_qsort(worths->elts, worths->nelts, sizeof(ngx_http_journey_worth_t),
              ngx_http_journey_worth_cmp);

    return NGX_OK;
}


/* After the worths: a goal is named before it is worth anything. */

static ngx_int_t
ngx_http_journey_snapshot_goals(ngx_pool_t *pool,
    ngx_http_journey_goals_t *goals, ngx_http_journey_snapshot_t *snapshot)
{
    ngx_uint_t                        i;
    journey_str_t                     name;
    ngx_http_journey_worth_t         *worth, *last;
    ngx_http_journey_counted_goal_t  *goal;

    if (ngx_array_init(&snapshot->goals, pool, 16,
                       sizeof(ngx_http_journey_counted_goal_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    worth = snapshot->worths.elts;
    last = worth + snapshot->worths.nelts;

    for (i = 0; i <= goals->names.n; i++) {

        if (i == goals->names.n) {

            if (goals->reached[i] == 0) {
                break;
            }

            name = (journey_str_t) journey_string("other");

        } else if (ngx_http_journey_names_get(&goals->names, i, &name)
                   != NGX_OK)
        {
            continue;
        }

        goal = ngx_array_push(&snapshot->goals);
        if (goal == NULL) {
            return NGX_ERROR;
        }

        goal->name = ngx_http_journey_ngx_str(&name);
        goal->reached = goals->reached[i];
        goal->completed = goals->completed[i];

        while (worth < last && worth->goal < i) {
            worth++;
        }

        goal->worths = worth;

        while (worth < last && worth->goal == i) {
            worth++;
        }

        goal->nworths = worth - goal->worths;
    }

    ngx_qsort(snapshot->goals.elts, snapshot->goals.nelts,
              sizeof(ngx_http_journey_counted_goal_t),
              ngx_http_journey_goal_cmp);

    return NGX_OK;
}


static int ngx_libc_cdecl
ngx_http_journey_worth_cmp(const void *one, const void *two)
{
    const ngx_http_journey_worth_t  *a = one;
    const ngx_http_journey_worth_t  *b = two;

    if (a->goal != b->goal) {
        return (a->goal < b->goal) ? -1 : 1;
    }

    return ngx_memcmp(a->currency, b->currency, sizeof(a->currency));
}


static int ngx_libc_cdecl
ngx_http_journey_goal_cmp(const void *one, const void *two)
{
    const ngx_http_journey_counted_goal_t  *a = one;
    const ngx_http_journey_counted_goal_t  *b = two;

    return (int) ngx_memn2cmp(a->name.data, b->name.data, a->name.len,
                              b->name.len);
}
