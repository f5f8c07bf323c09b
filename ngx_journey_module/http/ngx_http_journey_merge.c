
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The levels of the configuration: what is said nowhere, what an inner level
 * takes from the outer one, and what only then can be judged.
 */


#include "ngx_http_journey_module.h"


static void ngx_http_journey_merge_handlers(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *prev, ngx_http_journey_loc_conf_t *conf);
static void ngx_http_journey_mask_types(ngx_http_journey_loc_conf_t *conf,
    ngx_array_t *keys);
static char *ngx_http_journey_merge_phase(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *prev, ngx_http_journey_loc_conf_t *conf);
static char *ngx_http_journey_merge_goals(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *prev, ngx_http_journey_loc_conf_t *conf);
static char *ngx_http_journey_check_goals(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *conf);
static char *ngx_http_journey_check_user(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *conf);


static ngx_str_t  ngx_http_journey_default_types[] = {
    ngx_string("text/html"),
    ngx_string("application/xhtml+xml"),
    ngx_null_string
};


void *
ngx_http_journey_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_journey_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_journey_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->phase = NULL;
     *     conf->phase_value = NULL;
     *     conf->goals = NULL;
     *     conf->user_at = { NULL };
     *     conf->labels = NULL;
     *     conf->pixel = 0;
     *     conf->redirect = NULL;
     *     conf->redirect_to = NULL;
     *     conf->identity_value = NULL;
     *     conf->identity_at = { NULL };
     *     conf->profile_at = { NULL };
     *     conf->consent_at = { NULL };
     *     conf->cookie_at = { NULL };
     *     conf->optout = NGX_HTTP_JOURNEY_OPTOUT_NONE;
     *     conf->types = { NULL };
     *     conf->types_keys = NULL;
     */

    conf->enable = NGX_CONF_UNSET;
    conf->log = NGX_CONF_UNSET_PTR;
    conf->bots = NGX_CONF_UNSET_PTR;
    conf->identity = NGX_CONF_UNSET_UINT;
    conf->profile = NGX_CONF_UNSET_UINT;
    conf->consent = NGX_CONF_UNSET_PTR;
    conf->signals = NGX_CONF_UNSET_UINT;
    conf->cookie = NGX_CONF_UNSET_PTR;
    conf->session = NGX_CONF_UNSET;
    conf->channels = NGX_CONF_UNSET_PTR;
    conf->phases = NGX_CONF_UNSET_PTR;
    conf->hosts = NGX_CONF_UNSET_PTR;
    conf->ignored = NGX_CONF_UNSET_PTR;
    conf->drop_spam = NGX_CONF_UNSET;
    conf->page = NGX_CONF_UNSET_PTR;
    conf->user = NGX_CONF_UNSET_PTR;
    conf->link = NGX_CONF_UNSET_PTR;

    return conf;
}


char *
ngx_http_journey_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_journey_loc_conf_t *prev = parent;
    ngx_http_journey_loc_conf_t *conf = child;

    ngx_http_journey_merge_handlers(cf, prev, conf);

    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_ptr_value(conf->log, prev->log, NULL);
    ngx_conf_merge_ptr_value(conf->bots, prev->bots, NULL);
    ngx_conf_merge_value(conf->session, prev->session, 1800);
    ngx_conf_merge_ptr_value(conf->channels, prev->channels, NULL);
    ngx_conf_merge_ptr_value(conf->phases, prev->phases, NULL);
    ngx_conf_merge_ptr_value(conf->hosts, prev->hosts, NULL);
    ngx_conf_merge_ptr_value(conf->ignored, prev->ignored, NULL);
    ngx_conf_merge_value(conf->drop_spam, prev->drop_spam, 1);
    ngx_conf_merge_ptr_value(conf->page, prev->page, NULL);
    ngx_conf_merge_ptr_value(conf->link, prev->link, NULL);

    if (conf->user == NGX_CONF_UNSET_PTR) {
        conf->user_at = prev->user_at;
    }

    ngx_conf_merge_ptr_value(conf->user, prev->user, NULL);

    if (conf->cookie == NGX_CONF_UNSET_PTR) {

        if (prev->cookie == NGX_CONF_UNSET_PTR) {
            prev->cookie = ngx_http_journey_cookie_default(cf);
            if (prev->cookie == NULL) {
                return NGX_CONF_ERROR;
            }
        }

        conf->cookie = prev->cookie;
        conf->cookie_at = prev->cookie_at;
    }

    if (ngx_http_journey_merge_privacy(cf, prev, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_merge_types(cf, &conf->types_keys, &conf->types,
                             &prev->types_keys, &prev->types,
                             ngx_http_journey_default_types)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    conf->types_mask = prev->types_mask;
    conf->html = prev->html;

    ngx_http_journey_mask_types(conf, conf->types_keys != NULL
                                      ? conf->types_keys : prev->types_keys);

    if (ngx_http_journey_merge_phase(cf, prev, conf) != NGX_CONF_OK
        || ngx_http_journey_merge_labels(cf, prev, conf) != NGX_CONF_OK
        || ngx_http_journey_merge_goals(cf, prev, conf) != NGX_CONF_OK
        || ngx_http_journey_check_goals(cf, conf) != NGX_CONF_OK
        || ngx_http_journey_check_user(cf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_journey_check_privacy(cf, conf);
}


/* A request that an "if" holds for keeps the handler of its location, which is
 * to find there what it was told; a location inside keeps neither. */

static void
ngx_http_journey_merge_handlers(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *prev, ngx_http_journey_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname) {
        conf->redirect = prev->redirect;
        conf->redirect_to = prev->redirect_to;
        conf->optout = prev->optout;
    }
}


static void
ngx_http_journey_mask_types(ngx_http_journey_loc_conf_t *conf,
    ngx_array_t *keys)
{
    ngx_uint_t       i;
    ngx_hash_key_t  *key;

    if (conf->types.size == 0) {            /* "*" */
        conf->types_mask = (uint64_t) -1;
        conf->html = 1;
        return;
    }

    if (keys == NULL) {                     /* as at the outer level */
        return;
    }

    conf->types_mask = 0;
    conf->html = 0;
    key = keys->elts;

    for (i = 0; i < keys->nelts; i++) {
        conf->types_mask |= ngx_http_journey_type_bit(key[i].key.data,
                                                      key[i].key.len);

        if (ngx_strcmp(key[i].key.data, "text/html") == 0) {
            conf->html = 1;
        }
    }
}


/* A name without variables must stand in the model that is in force here,
 * which may be another one than where the directive stands. */

static char *
ngx_http_journey_merge_phase(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *prev, ngx_http_journey_loc_conf_t *conf)
{
    journey_str_t  name;

    if (conf->phase_value == NULL) {
        conf->phase_value = prev->phase_value;
        conf->phase_file = prev->phase_file;
        conf->phase_line = prev->phase_line;
    }

    if (conf->phase_value == NULL || conf->phase_value->lengths != NULL) {
        return NGX_CONF_OK;
    }

    name = ngx_http_journey_str(&conf->phase_value->value);

    if (conf->phases != NULL) {
        conf->phase = journey_phases_get(conf->phases, &name);
    }

    if (conf->phase == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "unknown phase \"%V\" in \"journey_phase\": the "
                      "journey_phases in force %s in %s:%ui",
                      &conf->phase_value->value,
                      (conf->phases == NULL) ? "are none" : "lack it",
                      conf->phase_file, conf->phase_line);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Goals add to those of the outer level. */

static char *
ngx_http_journey_merge_goals(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *prev, ngx_http_journey_loc_conf_t *conf)
{
    void         *elts;
    ngx_uint_t    n;
    ngx_array_t  *goals;

    if (prev->goals == NULL) {
        return NGX_CONF_OK;
    }

    if (conf->goals == NULL) {
        conf->goals = prev->goals;
        return NGX_CONF_OK;
    }

    n = prev->goals->nelts + conf->goals->nelts;

    goals = ngx_array_create(cf->pool, n, sizeof(ngx_http_journey_goal_t *));
    if (goals == NULL) {
        return NGX_CONF_ERROR;
    }

    elts = ngx_array_push_n(goals, n);      /* has room: cannot fail */

    ngx_memcpy(ngx_cpymem(elts, prev->goals->elts,
                          prev->goals->nelts * goals->size),
               conf->goals->elts, conf->goals->nelts * goals->size);

    conf->goals = goals;

    return NGX_CONF_OK;
}


/* Only here it is known whether journey_secret stands anywhere, and which
 * profile is in force: two of them key orders by the day. */

static char *
ngx_http_journey_check_goals(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *conf)
{
    ngx_uint_t                      i;
    ngx_http_journey_goal_t       **goal;
    ngx_http_journey_main_conf_t   *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    if (mcf->keys != NULL || conf->goals == NULL
        || conf->profile == NGX_HTTP_JOURNEY_PROFILE_EXEMPT
        || conf->profile == NGX_HTTP_JOURNEY_PROFILE_ANONYMOUS)
    {
        return NGX_CONF_OK;
    }

    goal = conf->goals->elts;

    for (i = 0; i < conf->goals->nelts; i++) {

        if (goal[i]->id != NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"id=\" of \"journey_goal\" needs "
                          "\"journey_secret\": the key in shared memory "
                          "changes at a restart, and order ids with it, "
                          "in %s:%ui", goal[i]->file, goal[i]->line);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_journey_check_user(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *conf)
{
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    if (conf->user == NULL || mcf->secret) {
        return NGX_CONF_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"journey_user\" needs \"journey_secret\": the key in "
                  "shared memory changes at a restart, and users with it, "
                  "in %s:%ui", conf->user_at.file, conf->user_at.line);

    return NGX_CONF_ERROR;
}
