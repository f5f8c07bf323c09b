
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_attribution_cmd.h"
#include "journey_config.h"
#include "journey_load.h"

#include <stdio.h>
#include <stdlib.h>


#define JOURNEY_ATTR_SAMPLES  100000    /* of --bootstrap, at most */


/* A number from least to most. */

static int
journey_attribution_number(const char *value, long least, long most,
    long *n, journey_error_t *err)
{
    if (*value == '\0' || value[strspn(value, "0123456789")] != '\0'
        || strlen(value) > 9)
    {
        return journey_error(err, "bad number \"%s\"", value);
    }

    *n = strtol(value, NULL, 10);

    if (*n < least || *n > most) {
        return journey_error(err, "\"%s\" is not from %ld to %ld", value,
                             least, most);
    }

    return JOURNEY_OK;
}


static int
journey_attribution_touch(journey_options_t *opts, const char *value,
    journey_error_t *err)
{
    if (strcmp(value, "channel") == 0) {
        opts->touch = JOURNEY_TOUCH_CHANNEL;

    } else if (strcmp(value, "source") == 0) {
        opts->touch = JOURNEY_TOUCH_SOURCE;

    } else if (strcmp(value, "campaign") == 0) {
        opts->touch = JOURNEY_TOUCH_CAMPAIGN;

    } else {
        return journey_error(err, "\"%s\" is none of channel, source and "
                             "campaign", value);
    }

    return JOURNEY_OK;
}


int
journey_attribution_option(journey_options_t *opts, const char *name,
    const char *value, journey_error_t *err)
{
    long      n;
    unsigned  model;

    if (strcmp(name, "paths") == 0) {
        opts->paths = value;
        return JOURNEY_OK;
    }

    if (strcmp(name, "no-direct") == 0) {
        opts->no_direct = 1;
        return JOURNEY_OK;
    }

    if (strcmp(name, "repeats") == 0) {
        opts->repeats = 1;
        return JOURNEY_OK;
    }

    if (strcmp(name, "touch") == 0) {
        return journey_attribution_touch(opts, value, err);
    }

    if (strcmp(name, "lookback") == 0) {
        return journey_span_parse(value, &opts->lookback, err);
    }

    if (strcmp(name, "bootstrap") == 0) {
        return journey_attribution_number(value, 1, JOURNEY_ATTR_SAMPLES,
                                          &opts->bootstrap, err);
    }

    if (strcmp(name, "half-life") == 0) {
        if (journey_span_parse(value, &opts->half_life, err) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        return opts->half_life != 0 ? JOURNEY_OK
                                    : journey_error(err, "\"%s\" is no time",
                                                    value);
    }

    if (strcmp(name, "model") == 0) {
        model = journey_attr_find(value);

        if (model == JOURNEY_ATTR_MODELS) {
            return journey_error(err, "unknown model \"%s\"", value);
        }

        opts->models |= 1U << model;
        return JOURNEY_OK;
    }

    /* order */

    if (strcmp(value, "auto") == 0) {
        opts->order = JOURNEY_ATTR_AUTO;
        return JOURNEY_OK;
    }

    if (journey_attribution_number(value, 1, JOURNEY_ATTR_ORDERS, &n, err)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    opts->order = (unsigned) n;

    return JOURNEY_OK;
}


/* Options that say nothing together. */

static const char *
journey_attribution_wrong(const journey_options_t *opts)
{
    if (opts->paths == NULL) {
        return opts->min_visitors != 0 && opts->touch != JOURNEY_TOUCH_CHANNEL
               ? "--min-visitors folds channels: not with --touch" : NULL;
    }

    if (opts->nargs != 0) {
        return "--paths stands instead of FILE";
    }

    if (opts->min_visitors != 0) {
        return "--min-visitors: paths do not tell visitors: not with --paths";
    }

    if (opts->touch != JOURNEY_TOUCH_CHANNEL) {
        return "--touch: not with --paths";
    }

    if (opts->nhosts != 0 || opts->ngoals != 0 || opts->since != 0
        || opts->until != UINT64_MAX || opts->currency != NULL
        || opts->views)
    {
        return "--since, --until, --host, --goal, --currency and --views "
               "choose from logs: not with --paths";
    }

    if (opts->models == 1U << JOURNEY_ATTR_TIME_DECAY) {
        return "time_decay needs times: not with --paths";
    }

    return NULL;
}


int
journey_attribution_credit(journey_attribution_t *at, unsigned wanted,
    journey_error_t *err)
{
    journey_attr_options_t  models;

    memset(&models, 0, sizeof(journey_attr_options_t));

    models.models = wanted;
    models.order = at->opts->order;
    models.direct = at->touches->direct;
    models.bootstrap = (uint32_t) at->opts->bootstrap;
    models.seed = (at->opts->seed == JOURNEY_LIMIT_NONE)
                  ? JOURNEY_ATTR_SEED : (uint64_t) at->opts->seed;

    if (at->a == NULL) {
        models.models &= ~(1U << JOURNEY_ATTR_TIME_DECAY);
    }

    if (journey_touches_sort(at->touches) != JOURNEY_OK) {
        return journey_error(err, "not enough memory");
    }

    return journey_attribute(&at->attr, &at->touches->paths, &models, err);
}


/* From paths to what is printed.  The exit code. */

static int
journey_attribution_run(journey_attribution_t *at)
{
    int              rc;
    journey_error_t  err;

    err.text[0] = '\0';
    rc = journey_attribution_credit(at, at->opts->models ? at->opts->models
                                                         : JOURNEY_ATTR_ALL,
                                    &err);

    if (rc == JOURNEY_OK) {
        rc = journey_attribution_print(at);
        (void) journey_error(&err, "not enough memory");
    }

    journey_attr_free(&at->attr);

    if (rc != JOURNEY_OK) {
        fprintf(stderr, "journey: %s\n", err.text);
        return JOURNEY_EXIT_DATA;
    }

    return JOURNEY_EXIT_OK;
}


static int
journey_attribution_paths(const journey_options_t *opts)
{
    int                     rc;
    journey_touches_t       touches;
    journey_attribution_t   at;

    memset(&at, 0, sizeof(journey_attribution_t));
    at.opts = opts;
    at.touches = &touches;

    rc = JOURNEY_EXIT_DATA;

    if (journey_touches_init(&touches, 0, opts->bootstrap != 0) != JOURNEY_OK)
    {
        fprintf(stderr, "journey: not enough memory\n");

    } else if (journey_paths_read(&touches, opts, &at.bad_lines)
               == JOURNEY_OK)
    {
        rc = journey_attribution_run(&at);
    }

    journey_touches_free(&touches);

    return at.bad_lines != 0 ? JOURNEY_EXIT_DATA : rc;
}


/* What is known of the touches.  The exit code. */

static int
journey_attribution_events(journey_attribution_t *at,
    journey_touches_t *touches, const journey_damage_t *damage)
{
    journey_pass_t  pass;

    at->exempt = damage->exempt;

    if (at->exempt != 0 && at->a->events == 0) {
        fprintf(stderr, "journey: attribution is refused: all events are of "
                "the profile exempt, which records no touches\n");
        return JOURNEY_EXIT_DATA;
    }

    if (journey_touches_pass(touches, at->a, &pass) != JOURNEY_OK
        || journey_pass(at->a, &pass, 1) != JOURNEY_OK)
    {
        journey_store_complain(at->a->store);
        return JOURNEY_EXIT_DATA;
    }

    return journey_attribution_run(at);
}


static int
journey_attribution_logs(const journey_options_t *opts, journey_conf_t *conf)
{
    int                     rc;
    journey_store_t         store;
    journey_damage_t        damage;
    journey_touches_t       touches;
    journey_analysis_t      a;
    journey_attribution_t   at;

    memset(&a, 0, sizeof(journey_analysis_t));
    memset(&at, 0, sizeof(journey_attribution_t));

    at.opts = opts;
    at.touches = &touches;
    at.a = &a;

    rc = journey_touches_init(&touches, (double) opts->half_life,
                              opts->bootstrap != 0);

    if (rc == JOURNEY_OK) {
        rc = journey_load(&store, opts, &damage);

        if (rc != JOURNEY_OK) {
            journey_store_free(&store);
            journey_touches_free(&touches);
            return JOURNEY_EXIT_DATA;
        }

        rc = journey_analyse(&a, &store, opts, conf);

        if (rc == JOURNEY_OK) {
            at.bad_lines = damage.bad_lines + damage.bad_members
                           + damage.bad_files;
            rc = journey_attribution_events(&at, &touches, &damage);

        } else {
            journey_store_complain(&store);
            rc = JOURNEY_EXIT_DATA;
        }

        journey_analysis_free(&a);
        journey_store_free(&store);

    } else {
        fprintf(stderr, "journey: not enough memory\n");
        rc = JOURNEY_EXIT_DATA;
    }

    journey_touches_free(&touches);

    return at.bad_lines != 0 ? JOURNEY_EXIT_DATA : rc;
}


int
journey_attribution_command(const journey_options_t *opts)
{
    int                  rc;
    const char          *wrong;
    journey_pool_t      *pool;
    journey_conf_t      *conf;
    journey_options_t    own;

    wrong = journey_attribution_wrong(opts);

    if (wrong != NULL) {
        fprintf(stderr, "journey: %s; see journey attribution --help\n",
                wrong);
        return JOURNEY_EXIT_USAGE;
    }

    if (opts->paths != NULL) {
        return journey_attribution_paths(opts);
    }

    pool = journey_pool_create();

    if (pool == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    if (journey_config_load(pool, opts, 0, &conf) != JOURNEY_OK) {
        journey_pool_destroy(pool);
        return JOURNEY_EXIT_USAGE;
    }

    /* events of the profile exempt have no touches, and must not be taken for
     * journeys without any */

    own = *opts;
    own.no_exempt = 1;

    rc = journey_attribution_logs(&own, conf);

    journey_pool_destroy(pool);

    return rc;
}
