
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_funnel.h"

#include <stdlib.h>


#define JOURNEY_NO_MODEL  UINT32_MAX

/* Models that a host may share, and how long those are: more are in no log of
 * ours, and each host would have to be compared with all of them. */
#define JOURNEY_SHARED         256
#define JOURNEY_SHARED_STEPS   255


/* How often a host's position had this phase. */

typedef struct {
    uint32_t    host;
    uint32_t    position;
    uint32_t    phase;
    uint64_t    events;
} journey_sight_t;

typedef struct {
    uint32_t    host;
    uint64_t    events;
    uint32_t    first;                  /* of its sights */
    uint32_t    n;
} journey_sighted_t;


static int
journey_funnel_hosts(journey_funnel_t *funnel, journey_store_t *store)
{
    size_t         len;
    u_char        *end;
    uint32_t       i;
    journey_str_t  page;

    funnel->page_host = calloc(store->all.pages.n, sizeof(uint32_t));
    if (funnel->page_host == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 1; i < store->all.pages.n; i++) {
        page = journey_intern_str(&store->all.pages, i);
        end = memchr(page.data, '\0', page.len);
        len = (end == NULL) ? page.len : (size_t) (end - page.data);

        funnel->page_host[i] = journey_intern(&store->all.names, page.data,
                                              len);
    }

    return store->all.names.no_memory ? JOURNEY_ERROR : JOURNEY_OK;
}


/* All different (host, position, phase), with the number of their events. */

struct journey_sights_s {
    journey_intern_t   keys;
    journey_sight_t   *sights;          /* by number in keys, from 1 */
    uint32_t           size;
    uint32_t          *last;            /* of each page */
};


static int
journey_funnel_sight(journey_sights_t *known, uint32_t host,
    const journey_ev_t *ev)
{
    uint32_t          i, n, key[3];
    journey_sight_t  *sights;

    /* the phase of a page rarely changes: the last answer is tried first */

    i = known->last[ev->page];

    if (i != 0 && known->sights[i].position == ev->position
        && known->sights[i].phase == ev->phase)
    {
        known->sights[i].events++;
        return JOURNEY_OK;
    }

    key[0] = host;
    key[1] = ev->position;
    key[2] = ev->phase;

    n = known->keys.n;
    i = journey_intern(&known->keys, (u_char *) key, sizeof(key));

    if (i == 0) {
        return JOURNEY_ERROR;
    }

    if (i >= known->size) {
        sights = realloc(known->sights,
                         2 * (size_t) i * sizeof(journey_sight_t));
        if (sights == NULL) {
            return JOURNEY_ERROR;
        }

        known->sights = sights;
        known->size = 2 * i;
    }

    if (i == n) {
        known->sights[i].host = key[0];
        known->sights[i].position = key[1];
        known->sights[i].phase = key[2];
        known->sights[i].events = 0;
    }

    known->sights[i].events++;
    known->last[ev->page] = i;

    return JOURNEY_OK;
}


int
journey_funnel_see(journey_funnel_t *funnel, const journey_store_t *store)
{
    int                   rc;
    size_t                r;
    uint32_t              i;
    const journey_ev_t   *ev;
    const journey_run_t  *run;

    rc = JOURNEY_OK;

    for (r = 0; r < store->nruns; r++) {
        run = &store->runs[r];

        for (i = 0; i < run->count && rc == JOURNEY_OK; i++) {
            ev = journey_store_event(store, (uint32_t) run->first + i);

            if (ev->position != 0 && ev->phase != 0) {
                rc = journey_funnel_sight(funnel->sights,
                                          funnel->page_host[ev->page], ev);
            }
        }
    }

    return rc;
}


/* By host and position, the usual phase of a position first. */

static int
journey_funnel_sight_cmp(const void *one, const void *two, void *names)
{
    const journey_sight_t  *a, *b;

    a = one;
    b = two;

    if (a->host != b->host) {
        return a->host < b->host ? -1 : 1;
    }

    if (a->position != b->position) {
        return a->position < b->position ? -1 : 1;
    }

    if (a->events != b->events) {
        return a->events > b->events ? -1 : 1;
    }

    return journey_intern_cmp(names, a->phase, b->phase);
}


static int
journey_funnel_host_cmp(const void *one, const void *two, void *names)
{
    const journey_sighted_t  *a, *b;

    a = one;
    b = two;

    if (a->events != b->events) {
        return a->events > b->events ? -1 : 1;
    }

    return journey_intern_cmp(names, a->host, b->host);
}


uint32_t
journey_funnel_find(const journey_model_t *model, uint32_t position)
{
    uint32_t  low, high, middle;

    low = 0;
    high = model->nsteps;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (model->steps[middle].position < position) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


/* 1 when nothing that the host showed speaks against the model; place is the
 * position of each phase that it showed, by the number of its name. */

static int
journey_funnel_agrees(const journey_model_t *model,
    const journey_sight_t *sights, uint32_t n, const uint32_t *place)
{
    uint32_t               i, k;
    const journey_step_t  *step;

    if (model->nsteps > JOURNEY_SHARED_STEPS) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        k = journey_funnel_find(model, sights[i].position);

        if (k < model->nsteps
            && model->steps[k].position == sights[i].position
            && model->steps[k].phase != sights[i].phase)
        {
            return 0;
        }
    }

    for (k = 0; k < model->nsteps; k++) {
        step = &model->steps[k];

        if (place[step->phase] != 0 && place[step->phase] != step->position) {
            return 0;
        }
    }

    return 1;
}


static int
journey_funnel_step(journey_model_t *model, uint32_t position, uint32_t phase,
    uint64_t events)
{
    uint32_t         k;
    journey_step_t  *steps;

    k = journey_funnel_find(model, position);

    if (k < model->nsteps && model->steps[k].position == position) {
        model->steps[k].events += events;
        return JOURNEY_OK;
    }

    steps = realloc(model->steps,
                    (model->nsteps + 1) * sizeof(journey_step_t));
    if (steps == NULL) {
        return JOURNEY_ERROR;
    }

    model->steps = steps;

    memmove(steps + k + 1, steps + k,
            (model->nsteps - k) * sizeof(journey_step_t));
    memset(&steps[k], 0, sizeof(journey_step_t));

    steps[k].position = position;
    steps[k].phase = phase;
    steps[k].events = events;
    model->nsteps++;

    return JOURNEY_OK;
}


/* Puts a host into the first model that it agrees with, else into its own;
 * place is all zero. */

static int
journey_funnel_place(journey_funnel_t *funnel, uint32_t host,
    const journey_sight_t *sights, uint32_t n, uint32_t *place)
{
    uint32_t          i, m, phase, *hosts;
    journey_model_t  *model;

    for (i = 0; i < n; i++) {
        phase = sights[i].phase;

        /* a phase at two positions agrees with no model that has it */

        place[phase] = place[phase] ? UINT32_MAX : sights[i].position;
    }

    for (m = 0; m < funnel->nmodels && m < JOURNEY_SHARED; m++) {
        if (journey_funnel_agrees(&funnel->models[m], sights, n, place)) {
            break;
        }
    }

    for (i = 0; i < n; i++) {
        place[sights[i].phase] = 0;
    }

    if (m == funnel->nmodels || m == JOURNEY_SHARED) {
        m = funnel->nmodels;

        /* powers of two, as the number of hosts is what clients make it */

        if ((m & (m - 1)) == 0) {
            model = realloc(funnel->models, (m ? 2 * (size_t) m : 1)
                                            * sizeof(journey_model_t));
            if (model == NULL) {
                return JOURNEY_ERROR;
            }

            funnel->models = model;
        }

        funnel->nmodels++;
        memset(&funnel->models[m], 0, sizeof(journey_model_t));
    }

    model = &funnel->models[m];

    if ((model->nhosts & (model->nhosts - 1)) == 0) {
        hosts = realloc(model->hosts, (model->nhosts ? 2 * model->nhosts : 1)
                                      * sizeof(uint32_t));
        if (hosts == NULL) {
            return JOURNEY_ERROR;
        }

        model->hosts = hosts;
    }

    model->hosts[model->nhosts++] = host;
    funnel->host_model[host] = m;

    for (i = 0; i < n; i++) {
        if (journey_funnel_step(model, sights[i].position, sights[i].phase,
                                sights[i].events) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


/* Leaves one phase a position: the usual one. */

static uint32_t
journey_funnel_usual(journey_funnel_t *funnel, journey_sight_t *sights,
    uint32_t n)
{
    uint32_t  i, k;

    for (i = 0, k = 0; i < n; i++) {
        if (k > 0 && sights[k - 1].host == sights[i].host
            && sights[k - 1].position == sights[i].position)
        {
            funnel->renamed += sights[i].events;
            continue;
        }

        sights[k++] = sights[i];
    }

    return k;
}


static int
journey_funnel_models(journey_funnel_t *funnel, journey_store_t *store,
    journey_sight_t *sights, uint32_t n)
{
    int                 rc;
    uint32_t            i, nhosts, *place;
    journey_sighted_t  *hosts, *host;

    hosts = malloc((n + 1) * sizeof(journey_sighted_t));
    place = calloc(store->all.names.n, sizeof(uint32_t));

    if (hosts == NULL || place == NULL) {
        free(place);
        free(hosts);
        return JOURNEY_ERROR;
    }

    for (i = 0, nhosts = 0; i < n; i++) {
        if (i == 0 || sights[i].host != sights[i - 1].host) {
            host = &hosts[nhosts++];
            host->host = sights[i].host;
            host->events = 0;
            host->first = i;
            host->n = 0;
        }

        hosts[nhosts - 1].events += sights[i].events;
        hosts[nhosts - 1].n++;
    }

    qsort_r(hosts, nhosts, sizeof(journey_sighted_t), journey_funnel_host_cmp,
            &store->all.names);

    rc = JOURNEY_OK;

    for (i = 0; i < nhosts && rc == JOURNEY_OK; i++) {
        rc = journey_funnel_place(funnel, hosts[i].host,
                                  sights + hosts[i].first, hosts[i].n, place);
    }

    free(place);
    free(hosts);

    return rc;
}


/* The phases of the configuration that no event had. */

static int
journey_funnel_complete(journey_model_t *model, journey_store_t *store,
    const journey_phases_t *phases)
{
    uint32_t                i, k;
    journey_str_t           name;
    const journey_phase_t  *phase;

    for (k = 0; k < model->nsteps; k++) {
        phase = journey_phases_at(phases, model->steps[k].position);
        name = journey_intern_str(&store->all.names, model->steps[k].phase);

        if (phase == NULL || journey_strcmp(&phase->name->name, &name) != 0) {
            return JOURNEY_OK;
        }
    }

    for (i = 1; i <= journey_phases_count(phases); i++) {
        name = journey_phases_at(phases, i)->name->name;

        if (journey_funnel_step(model, i,
                                journey_intern(&store->all.names, name.data,
                                               name.len), 0)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return store->all.names.no_memory ? JOURNEY_ERROR : JOURNEY_OK;
}


int
journey_funnel_init(journey_funnel_t *funnel, journey_store_t *store)
{
    journey_sights_t  *known;

    memset(funnel, 0, sizeof(journey_funnel_t));

    if (journey_funnel_hosts(funnel, store) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    funnel->nhosts = store->all.names.n;
    funnel->host_model = malloc(funnel->nhosts * sizeof(uint32_t));
    funnel->sights = known = calloc(1, sizeof(journey_sights_t));

    if (funnel->host_model == NULL || known == NULL) {
        return JOURNEY_ERROR;
    }

    memset(funnel->host_model, 0xff, funnel->nhosts * sizeof(uint32_t));

    known->last = calloc(store->all.pages.n, sizeof(uint32_t));
    known->size = 64;
    known->sights = malloc(known->size * sizeof(journey_sight_t));

    if (known->last == NULL || known->sights == NULL) {
        return JOURNEY_ERROR;
    }

    return journey_intern_init(&known->keys, store->all.names.seed);
}


static void
journey_funnel_forget(journey_funnel_t *funnel)
{
    if (funnel->sights != NULL) {
        journey_intern_free(&funnel->sights->keys);
        free(funnel->sights->sights);
        free(funnel->sights->last);
        free(funnel->sights);
    }

    funnel->sights = NULL;
}


int
journey_funnel_finish(journey_funnel_t *funnel, journey_store_t *store,
    const journey_phases_t *phases)
{
    int               rc;
    uint32_t          i, n;
    journey_sight_t  *sights;

    sights = funnel->sights->sights + 1;
    n = funnel->sights->keys.n - 1;

    qsort_r(sights, n, sizeof(journey_sight_t), journey_funnel_sight_cmp,
            &store->all.names);

    n = journey_funnel_usual(funnel, sights, n);
    rc = journey_funnel_models(funnel, store, sights, n);

    journey_funnel_forget(funnel);

    for (i = 0; phases != NULL && i < funnel->nmodels && rc == JOURNEY_OK;
         i++)
    {
        rc = journey_funnel_complete(&funnel->models[i], store, phases);
    }

    return rc;
}


void
journey_funnel_free(journey_funnel_t *funnel)
{
    uint32_t  i;

    for (i = 0; i < funnel->nmodels; i++) {
        free(funnel->models[i].steps);
        free(funnel->models[i].hosts);
    }

    journey_funnel_forget(funnel);

    free(funnel->models);
    free(funnel->host_model);
    free(funnel->page_host);
}


static void
journey_funnel_reset_step(journey_step_t *step)
{
    memset(step->ended, 0, sizeof(step->ended));
    step->visitors = 0;
    step->visitor_gen = 0;
}


void
journey_funnel_reset(journey_funnel_t *funnel)
{
    uint32_t  i, k;

    for (i = 0; i < funnel->nmodels; i++) {
        funnel->models[i].gen = 0;

        for (k = 0; k < funnel->models[i].nsteps; k++) {
            journey_funnel_reset_step(&funnel->models[i].steps[k]);
        }
    }

    journey_funnel_reset_step(&funnel->other);
}


void
journey_funnel_count(journey_funnel_t *funnel, const journey_store_t *store,
    const uint32_t *refs, uint32_t n, uint64_t gen, uint64_t visitor,
    journey_end_e end)
{
    uint32_t          i, m, head;
    journey_ev_t     *ev;
    journey_step_t   *step;
    journey_model_t  *model;

    head = JOURNEY_NO_MODEL;

    for (i = 0; i < n; i++) {
        ev = journey_store_event(store, refs[i]);

        if (ev->position == 0 || ev->phase == 0) {
            continue;
        }

        m = funnel->host_model[funnel->page_host[ev->page]];
        model = &funnel->models[m];

        if (model->gen != gen) {
            model->gen = gen;
            model->furthest = 0;
            model->next = head;
            head = m;
        }

        model->furthest = journey_max(model->furthest, ev->position);
    }

    for (m = head; m != JOURNEY_NO_MODEL; m = model->next) {
        model = &funnel->models[m];
        step = &model->steps[journey_funnel_find(model, model->furthest)];

        if (step->folded) {
            step = &funnel->other;
        }

        step->ended[end]++;

        if (step->visitor_gen != visitor) {
            step->visitor_gen = visitor;
            step->visitors++;
        }
    }
}
