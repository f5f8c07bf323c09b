
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The section of how journeys run: two pictures of the same flows, one for
 * wide windows, with a column for every phase unless there are too many, one
 * with four columns, and the table of the latter.
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_html_sankey.h"

#include <stdlib.h>


#define JOURNEY_FLOWS_MODELS  3         /* pictures */


typedef struct {
    uint64_t   journeys;
    uint32_t   number;                  /* of a model, step or name */
} journey_rank_t;

typedef struct {
    const journey_analysis_t  *a;
    const journey_flows_t     *flows;
    uint32_t                   model;
    unsigned                   first:1; /* flows without any phase are its */
    uint32_t                  *channels;        /* ranks, by name */
    uint32_t                  *goals;
    uint32_t                   first_steps[JOURNEY_FLOW_PHASES];
    uint32_t                   last_steps[JOURNEY_FLOW_PHASES];
    uint64_t                   steps;   /* bits: those that are reached */
} journey_flow_plan_t;


/* The most frequent first, then names by what they are, since their numbers
 * depend on which thread was first; other things by their number. */

static int
journey_rank_cmp(const void *one, const void *two, void *ctx)
{
    const journey_rank_t      *a, *b;
    const journey_analysis_t  *names;

    a = one;
    b = two;
    names = ctx;

    if (a->journeys != b->journeys) {
        return a->journeys > b->journeys ? -1 : 1;
    }

    if (names != NULL) {
        return journey_intern_cmp(&names->store->all.names, a->number,
                                  b->number);
    }

    return a->number < b->number ? -1 : a->number > b->number;
}


/* Gives the n numbers their ranks; those without a journey have none.  names
 * is NULL where they are none. */

static void
journey_rank(journey_rank_t *sums, uint32_t n, uint32_t *ranks,
    const journey_analysis_t *names)
{
    uint32_t  i, k;

    for (i = 0; i < n; i++) {
        ranks[i] = UINT32_MAX;
    }

    for (i = 0, k = 0; i < n; i++) {
        if (sums[i].journeys != 0) {
            sums[k++] = sums[i];
        }
    }

    if (k != 0) {
        qsort_r(sums, k, sizeof(journey_rank_t), journey_rank_cmp,
                (void *) names);
    }

    for (i = 0; i < k; i++) {
        ranks[sums[i].number] = i;
    }
}


static unsigned
journey_flow_of(const journey_flow_plan_t *plan, const journey_flow_t *flow)
{
    return (flow->key.folded || flow->key.model == JOURNEY_FLOW_NONE)
           ? plan->first : flow->key.model == plan->model;
}


static uint32_t
journey_flow_first(uint64_t phases)
{
    return (uint32_t) __builtin_ctzll(phases);
}


static uint32_t
journey_flow_last(uint64_t phases)
{
    return 63 - (uint32_t) __builtin_clzll(phases);
}


/* What is drawn by its name: the most frequent ones. */

static int
journey_flow_plan(journey_flow_plan_t *plan)
{
    uint32_t               i, n;
    journey_rank_t        *sums, *goals, *firsts, *lasts;
    const journey_flow_t  *flow;

    n = plan->a->store->all.names.n;
    plan->channels = malloc(n * sizeof(uint32_t));
    plan->goals = malloc(n * sizeof(uint32_t));
    sums = calloc(2 * (n + JOURNEY_FLOW_PHASES), sizeof(journey_rank_t));

    if (plan->channels == NULL || plan->goals == NULL || sums == NULL) {
        free(sums);
        return JOURNEY_ERROR;
    }

    goals = sums + n;
    firsts = goals + n;
    lasts = firsts + JOURNEY_FLOW_PHASES;

    for (i = 0; i < n; i++) {
        sums[i].number = i;
        goals[i].number = i;
    }

    for (i = 0; i < JOURNEY_FLOW_PHASES; i++) {
        firsts[i].number = i;
        lasts[i].number = i;
    }

    plan->steps = 0;

    for (i = 0; i < plan->flows->n; i++) {
        flow = &plan->flows->flows[i];

        if (!journey_flow_of(plan, flow) || flow->key.folded) {
            continue;
        }

        sums[flow->key.channel].journeys += flow->journeys;

        if (flow->key.end < JOURNEY_FLOW_DROPPED) {
            goals[flow->key.end].journeys += flow->journeys;
        }

        if (flow->key.phases != 0) {
            plan->steps |= flow->key.phases;
            firsts[journey_flow_first(flow->key.phases)].journeys
                += flow->journeys;
            lasts[journey_flow_last(flow->key.phases)].journeys
                += flow->journeys;
        }
    }

    journey_rank(sums, n, plan->channels, plan->a);
    journey_rank(goals, n, plan->goals, plan->a);
    journey_rank(firsts, JOURNEY_FLOW_PHASES, plan->first_steps, NULL);
    journey_rank(lasts, JOURNEY_FLOW_PHASES, plan->last_steps, NULL);

    free(sums);

    return JOURNEY_OK;
}


static unsigned
journey_flow_channel(const journey_flow_plan_t *plan, journey_sankey_t *s,
    const journey_flow_key_t *key)
{
    uint32_t  rank;

    rank = key->folded ? UINT32_MAX : plan->channels[key->channel];

    return rank < JOURNEY_SANKEY_CHANNELS
           ? journey_sankey_node(s, 0, JOURNEY_SANKEY_CHANNEL, rank,
                                 key->channel, 0)
           : journey_sankey_node(s, 0, JOURNEY_SANKEY_CHANNEL_OTHER, 0, 0, 0);
}


static unsigned
journey_flow_end(const journey_flow_plan_t *plan, journey_sankey_t *s,
    const journey_flow_key_t *key, unsigned column)
{
    uint32_t               rank;
    journey_sankey_kind_e  kind;

    if (!key->folded && key->end < JOURNEY_FLOW_DROPPED) {
        rank = plan->goals[key->end];

        return rank < JOURNEY_SANKEY_GOALS
               ? journey_sankey_node(s, column, JOURNEY_SANKEY_GOAL, rank,
                                     key->end, 0)
               : journey_sankey_node(s, column, JOURNEY_SANKEY_GOAL_OTHER, 0,
                                     0, 0);
    }

    kind = key->folded ? JOURNEY_SANKEY_END_OTHER
           : key->end == JOURNEY_FLOW_OPEN ? JOURNEY_SANKEY_OPEN
           : JOURNEY_SANKEY_DROPPED;

    return journey_sankey_node(s, column, kind, 0, 0, 0);
}


/* The phase's node of a column that has all of them. */

static unsigned
journey_flow_phase(const journey_flow_plan_t *plan, journey_sankey_t *s,
    const journey_flow_key_t *key, unsigned column)
{
    uint32_t  step, rank;

    if (key->folded || key->phases == 0) {
        return journey_sankey_node(s, column,
                                   key->folded ? JOURNEY_SANKEY_PHASE_OTHER
                                   : JOURNEY_SANKEY_PHASE_NONE, 0, 0, 0);
    }

    step = (column == 1) ? journey_flow_first(key->phases)
                         : journey_flow_last(key->phases);
    rank = (column == 1) ? plan->first_steps[step] : plan->last_steps[step];

    return rank < JOURNEY_SANKEY_PHASES - 1
           ? journey_sankey_node(s, column, JOURNEY_SANKEY_PHASE, step,
                                 plan->a->funnel.models[plan->model]
                                 .steps[step].phase, 0)
           : journey_sankey_node(s, column, JOURNEY_SANKEY_PHASE_OTHER, 0, 0,
                                 0);
}


/* Channel, first phase, furthest phase, end. */

static void
journey_flow_four(const journey_flow_plan_t *plan, journey_sankey_t *s)
{
    static const double  x[] = { 0, 280, 535, 785 };

    uint32_t               i;
    unsigned               stations[4];
    const journey_flow_t  *flow;

    for (i = 0; i < plan->flows->n; i++) {
        flow = &plan->flows->flows[i];

        if (journey_flow_of(plan, flow)) {
            stations[0] = journey_flow_channel(plan, s, &flow->key);
            stations[1] = journey_flow_phase(plan, s, &flow->key, 1);
            stations[2] = journey_flow_phase(plan, s, &flow->key, 2);
            stations[3] = journey_flow_end(plan, s, &flow->key, 3);
            journey_sankey_add(s, stations, 4, flow->journeys);
        }
    }

    journey_sankey_layout(s, x, 4);
}


/* Channel, a column for each phase that is reached, end. */

static void
journey_flow_all(const journey_flow_plan_t *plan, journey_sankey_t *s)
{
    double                 x[JOURNEY_SANKEY_COLUMNS];
    uint32_t               i, k;
    unsigned               n, column, end;
    unsigned               stations[JOURNEY_SANKEY_COLUMNS];
    const journey_flow_t  *flow;

    end = 1 + (unsigned) __builtin_popcountll(plan->steps);

    for (i = 0; i <= end; i++) {
        x[i] = 885.0 * i / end;
    }

    for (i = 0; i < plan->flows->n; i++) {
        flow = &plan->flows->flows[i];

        if (!journey_flow_of(plan, flow)) {
            continue;
        }

        stations[0] = journey_flow_channel(plan, s, &flow->key);
        n = 1;

        if (flow->key.phases == 0) {
            stations[n++] = journey_flow_phase(plan, s, &flow->key, 1);
        }

        for (k = 0, column = 0; k < JOURNEY_FLOW_PHASES; k++) {
            column += (plan->steps >> k & 1);

            if (flow->key.phases >> k & 1) {
                stations[n++] = journey_sankey_node(s, column,
                                    JOURNEY_SANKEY_PHASE, k,
                                    plan->a->funnel.models[plan->model]
                                    .steps[k].phase, 0);
            }
        }

        stations[n++] = journey_flow_end(plan, s, &flow->key, end);
        journey_sankey_add(s, stations, n, flow->journeys);
    }

    journey_sankey_layout(s, x, end + 1);
}


static void
journey_flow_table(journey_html_t *h, const journey_sankey_t *s)
{
    static const char *const  titles[] = {
        "-Between", "-From", "-To", "Journeys"
    };
    static const char *const  between[] = {
        "channel and first phase", "first and furthest phase",
        "furthest phase and end"
    };

    unsigned  i, k, column;

    journey_html_table_begin(h, "How journeys run", titles, 4);

    for (column = 0; column < 3; column++) {
        for (i = 0; i < s->nnodes; i++) {
            for (k = 0; k < s->nnodes; k++) {
                if (s->nodes[i].column != column || s->links[i][k] == 0) {
                    continue;
                }

                journey_html_fmt(h, "<tr><th scope=\"row\">%s</th>"
                                 "<td class=\"t\">", between[column]);
                journey_sankey_label(h, &s->nodes[i], JOURNEY_HTML_NAME);
                journey_html_raw(h, "</td><td class=\"t\">");
                journey_sankey_label(h, &s->nodes[k], JOURNEY_HTML_NAME);
                journey_html_raw(h, "</td><td>");
                journey_html_count(h, s->links[i][k]);
                journey_html_raw(h, "</td></tr>\n");
            }
        }
    }

    journey_html_table_end(h);
}


static void
journey_flow_draw(journey_html_t *h, journey_flow_plan_t *plan)
{
    static const char *const  touches[] = { "Channel", "Source", "Campaign" };

    unsigned           n;
    const char        *heads[JOURNEY_SANKEY_COLUMNS];
    const char        *four_heads[] = {
        NULL, "First phase", "Furthest phase", "End"
    };
    journey_sankey_t  *four, *all;

    four_heads[0] = touches[h->opts->touch];

    four = calloc(1, sizeof(journey_sankey_t));
    all = calloc(1, sizeof(journey_sankey_t));

    if (four == NULL || all == NULL
        || journey_flow_plan(plan) != JOURNEY_OK)
    {
        h->no_memory = 1;

    } else {
        journey_flow_four(plan, four);
        n = (unsigned) __builtin_popcountll(plan->steps);

        journey_html_raw(h, "<figure>\n");

        if (n >= 1 && n <= JOURNEY_SANKEY_STEPS) {
            memset(heads, 0, sizeof(heads));
            heads[0] = four_heads[0];
            heads[1] = "Phases";
            heads[n + 1] = "End";

            journey_flow_all(plan, all);
            journey_sankey_draw(h, all, "broad", 10, 810, heads);

        } else {
            journey_flow_four(plan, all);
            journey_sankey_draw(h, all, "broad", 10, 810, four_heads);
        }

        journey_sankey_draw(h, four, "narrow", 14, 340, four_heads);
        journey_html_raw(h, "</figure>\n");
        journey_flow_table(h, four);
    }

    free(four);
    free(all);
    free(plan->channels);
    free(plan->goals);

    plan->channels = NULL;
    plan->goals = NULL;
}


/* The models by the journeys that began in them. */

static journey_rank_t *
journey_flow_models(journey_html_t *h, uint32_t *n)
{
    uint32_t               i;
    journey_rank_t        *models;
    const journey_flow_t  *flow;

    *n = h->a->funnel.nmodels;

    models = calloc(*n + 1, sizeof(journey_rank_t));
    if (models == NULL) {
        return NULL;
    }

    for (i = 0; i < *n; i++) {
        models[i].number = i;
    }

    for (i = 0; i < h->counts.flows.n; i++) {
        flow = &h->counts.flows.flows[i];

        if (!flow->key.folded && flow->key.model != JOURNEY_FLOW_NONE) {
            models[flow->key.model].journeys += flow->journeys;
        }
    }

    qsort_r(models, *n, sizeof(journey_rank_t), journey_rank_cmp, NULL);

    while (*n > 0 && models[*n - 1].journeys == 0) {
        (*n)--;
    }

    return models;
}


void
journey_html_flows(journey_html_t *h)
{
    uint32_t              i, n;
    uint64_t              others;
    journey_str_t         host;
    journey_rank_t       *models;
    journey_flow_plan_t   plan;

    if (h->counts.flows.n == 0) {
        journey_html_empty(h, "No journey in this period.");
        return;
    }

    models = journey_flow_models(h, &n);
    if (models == NULL) {
        h->no_memory = 1;
        return;
    }

    memset(&plan, 0, sizeof(journey_flow_plan_t));
    plan.a = h->a;
    plan.flows = &h->counts.flows;
    plan.first = 1;

    /* journeys without any phase have a picture, too */

    for (i = 0; i < journey_max(journey_min(n, JOURNEY_FLOWS_MODELS), 1);
         i++)
    {
        plan.model = models[i].number;

        if (n > 1) {
            host = journey_report_name(h->a,
                               h->a->funnel.models[plan.model].hosts[0]);

            journey_html_raw(h, "<h3>Journeys that began at ");
            journey_html_str(h, &host, JOURNEY_HTML_NAME);
            journey_html_raw(h, h->a->funnel.models[plan.model].nhosts > 1
                                ? " and other hosts of the same phases</h3>\n"
                                : "</h3>\n");
        }

        journey_flow_draw(h, &plan);
        plan.first = 0;
    }

    for (others = 0; i < n; i++) {
        others += models[i].journeys;
    }

    if (others != 0) {
        journey_html_raw(h, "<p class=\"note\">");
        journey_html_counted(h, others, "journey", "journeys");
        journey_html_raw(h, " began at hosts of other phase models, which are "
                         "not drawn.</p>\n");
    }

    free(models);
}
