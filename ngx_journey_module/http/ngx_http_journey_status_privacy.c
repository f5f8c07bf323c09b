
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The part of journey_status that proves: which settings are in force where
 * journey is on, and when salts were made and destroyed.
 */


#include "ngx_http_journey_status_privacy.h"


/* Bytes of one object beside its strings: keys, words, numbers. */

#define NGX_HTTP_JOURNEY_SETTINGS_SIZE  512
#define NGX_HTTP_JOURNEY_SALT_SIZE      128


static ngx_int_t ngx_http_journey_settings_model(
    ngx_http_journey_main_conf_t *mcf, journey_phases_t *phases);
static ngx_int_t ngx_http_journey_settings_equal(
    ngx_http_journey_settings_t *a, ngx_http_journey_settings_t *b);
static ngx_int_t ngx_http_journey_settings_log(
    ngx_http_journey_settings_t *settings, ngx_http_journey_log_t *log);
static u_char *ngx_http_journey_settings_json(u_char *p, u_char *last,
    ngx_http_journey_settings_t *settings, ngx_http_journey_main_conf_t *mcf);
static u_char *ngx_http_journey_json_words(u_char *p, u_char *last,
    const char *key, ngx_uint_t mask, const char **words);
static u_char *ngx_http_journey_salt_json(u_char *p, u_char *last,
    const char *key, journey_salt_gone_t *salt);


static const char  *ngx_http_journey_identity_words[] = {
    "variable",                             /* 0 */
    "cookie",                               /* NGX_HTTP_JOURNEY_IDENTITY_… */
    "none",
    "cookieless"
};

static const char  *ngx_http_journey_signal_words[] = { "gpc", "dnt", NULL };

static const char  *ngx_http_journey_geo_words[] = {
    "country", "region", "city", NULL
};


ngx_int_t
ngx_http_journey_settings_add(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *conf)
{
    ngx_uint_t                     i;
    ngx_http_journey_settings_t    here, *settings;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    if (ngx_http_journey_settings_model(mcf, conf->phases) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&here, sizeof(ngx_http_journey_settings_t));

    here.profile = conf->profile;
    here.identity = conf->identity;
    here.consent = (conf->consent != NULL);
    here.signals = conf->signals;
    here.session = conf->session;

    if ((conf->identity == 0
         || conf->identity == NGX_HTTP_JOURNEY_IDENTITY_COOKIE)
        && conf->profile != NGX_HTTP_JOURNEY_PROFILE_ANONYMOUS)
    {
        here.cookie = conf->cookie;
    }

    if (mcf->geo != NULL) {
        here.geo = NGX_HTTP_JOURNEY_GEO_COUNTRY;

        if (conf->profile != NGX_HTTP_JOURNEY_PROFILE_ANONYMOUS) {
            here.geo |= NGX_HTTP_JOURNEY_GEO_REGION;
        }

        if (conf->profile == NGX_HTTP_JOURNEY_PROFILE_NONE
            || conf->profile == NGX_HTTP_JOURNEY_PROFILE_CONSENT)
        {
            here.geo |= NGX_HTTP_JOURNEY_GEO_CITY;
        }
    }

    settings = mcf->settings.elts;

    for (i = 0; i < mcf->settings.nelts; i++) {
        if (ngx_http_journey_settings_equal(&settings[i], &here)) {
            settings = &settings[i];
            goto found;
        }
    }

    if (ngx_array_init(&here.logs, cf->pool, 1, sizeof(ngx_str_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    settings = ngx_array_push(&mcf->settings);
    if (settings == NULL) {
        return NGX_ERROR;
    }

    *settings = here;

found:

    if (ngx_http_journey_settings_log(settings, conf->log) != NGX_OK
        || ngx_http_journey_settings_log(settings, conf->bots) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The phase models in force, each once. */

static ngx_int_t
ngx_http_journey_settings_model(ngx_http_journey_main_conf_t *mcf,
    journey_phases_t *phases)
{
    ngx_uint_t          i;
    journey_phases_t  **model;

    if (phases == NULL) {
        return NGX_OK;
    }

    model = mcf->models.elts;

    for (i = 0; i < mcf->models.nelts; i++) {
        if (model[i] == phases) {
            return NGX_OK;
        }
    }

    model = ngx_array_push(&mcf->models);
    if (model == NULL) {
        return NGX_ERROR;
    }

    *model = phases;

    return NGX_OK;
}


static ngx_int_t
ngx_http_journey_settings_equal(ngx_http_journey_settings_t *a,
    ngx_http_journey_settings_t *b)
{
    if (a->profile != b->profile || a->identity != b->identity
        || a->consent != b->consent || a->signals != b->signals
        || a->session != b->session || a->geo != b->geo)
    {
        return 0;
    }

    if (a->cookie == NULL || b->cookie == NULL) {
        return a->cookie == b->cookie;
    }

    return a->cookie->max_age == b->cookie->max_age
           && a->cookie->name.len == b->cookie->name.len
           && ngx_memcmp(a->cookie->name.data, b->cookie->name.data,
                         a->cookie->name.len) == 0
           && a->cookie->domain.len == b->cookie->domain.len
           && ngx_strncmp(a->cookie->domain.data, b->cookie->domain.data,
                          a->cookie->domain.len) == 0;
}


static ngx_int_t
ngx_http_journey_settings_log(ngx_http_journey_settings_t *settings,
    ngx_http_journey_log_t *log)
{
    ngx_str_t   *path;
    ngx_uint_t   i;

    if (log == NULL) {
        return NGX_OK;
    }

    path = settings->logs.elts;

    for (i = 0; i < settings->logs.nelts; i++) {
        if (path[i].len == log->path.len
            && ngx_memcmp(path[i].data, log->path.data, path[i].len) == 0)
        {
            return NGX_OK;
        }
    }

    path = ngx_array_push(&settings->logs);
    if (path == NULL) {
        return NGX_ERROR;
    }

    *path = log->path;

    return NGX_OK;
}


void
ngx_http_journey_salt_times(ngx_http_journey_main_conf_t *mcf,
    ngx_http_journey_salt_times_t *times)
{
    ngx_slab_pool_t  *shpool;
    journey_salts_t  *salts;

    ngx_memzero(times, sizeof(ngx_http_journey_salt_times_t));

    shpool = (ngx_slab_pool_t *) mcf->zone->shm.addr;
    salts = &mcf->shared->salts;

    ngx_shmtx_lock(&shpool->mutex);

    times->created = salts->created;
    times->destroyed = salts->destroyed;

    if (salts->today.exists) {
        times->today.day = salts->today.day;
        times->today.created = salts->today.created;
    }

    if (salts->previous.exists) {
        times->previous.day = salts->previous.day;
        times->previous.created = salts->previous.created;
    }

    times->ngone = ngx_min(salts->ngone, JOURNEY_SALTS_GONE);
    ngx_memcpy(times->gone, salts->gone,
               times->ngone * sizeof(journey_salt_gone_t));

    ngx_shmtx_unlock(&shpool->mutex);
}


size_t
ngx_http_journey_privacy_size(ngx_http_journey_main_conf_t *mcf)
{
    size_t                        size;
    ngx_str_t                    *path;
    ngx_uint_t                    i, n;
    ngx_http_journey_settings_t  *settings;

    size = NGX_HTTP_JOURNEY_SETTINGS_SIZE
           + (JOURNEY_SALTS_GONE + 2) * NGX_HTTP_JOURNEY_SALT_SIZE;

    settings = mcf->settings.elts;

    for (i = 0; i < mcf->settings.nelts; i++) {
        size += NGX_HTTP_JOURNEY_SETTINGS_SIZE;

        if (settings[i].cookie != NULL) {
            size += 6 * (settings[i].cookie->name.len
                         + settings[i].cookie->domain.len);
        }

        path = settings[i].logs.elts;

        for (n = 0; n < settings[i].logs.nelts; n++) {
            size += 6 * path[n].len + sizeof("\"\",") - 1;
        }
    }

    return size;
}


u_char *
ngx_http_journey_privacy_json(u_char *p, u_char *last,
    ngx_http_journey_main_conf_t *mcf, ngx_http_journey_salt_times_t *times)
{
    ngx_uint_t                    i;
    ngx_http_journey_settings_t  *settings;

    p = ngx_slprintf(p, last, ",\"salts\":{\"created\":%uL,\"destroyed\":%uL",
                     times->created, times->destroyed);

    p = ngx_http_journey_salt_json(p, last, ",\"today\":", &times->today);
    p = ngx_http_journey_salt_json(p, last, ",\"previous\":",
                                   &times->previous);
    p = ngx_slprintf(p, last, ",\"gone\":[");

    for (i = 0; i < times->ngone; i++) {
        p = ngx_http_journey_salt_json(p, last, i ? "," : "",
                                       &times->gone[i]);
    }

    p = ngx_slprintf(p, last, "]},\"privacy\":[");

    settings = mcf->settings.elts;

    for (i = 0; i < mcf->settings.nelts; i++) {

        if (i > 0) {
            p = ngx_slprintf(p, last, ",");
        }

        p = ngx_http_journey_settings_json(p, last, &settings[i], mcf);
    }

    return ngx_slprintf(p, last, "]");
}


static u_char *
ngx_http_journey_settings_json(u_char *p, u_char *last,
    ngx_http_journey_settings_t *settings, ngx_http_journey_main_conf_t *mcf)
{
    ngx_str_t                  *path;
    ngx_uint_t                  i;
    ngx_http_journey_cookie_t  *cookie;

    if (settings->profile == NGX_HTTP_JOURNEY_PROFILE_NONE) {
        p = ngx_slprintf(p, last, "{\"profile\":null");

    } else {
        p = ngx_slprintf(p, last, "{\"profile\":\"%V\"",
                         ngx_http_journey_profile_name(settings->profile));
    }

    p = ngx_slprintf(p, last, ",\"identity\":\"%s\",\"consent\":%s",
                     ngx_http_journey_identity_words[settings->identity],
                     settings->consent ? "true" : "false");

    p = ngx_http_journey_json_words(p, last, "signals", settings->signals,
                                    ngx_http_journey_signal_words);

    cookie = settings->cookie;

    if (cookie == NULL) {
        p = ngx_slprintf(p, last, ",\"cookie\":null");

    } else {
        p = ngx_slprintf(p, last, ",\"cookie\":{\"name\":");
        p = ngx_http_journey_json_string(p, &cookie->name);
        p = ngx_slprintf(p, last, ",\"max_age\":%T", cookie->max_age);

        if (cookie->domain.len > 0) {
            p = ngx_slprintf(p, last, ",\"domain\":");
            p = ngx_http_journey_json_string(p, &cookie->domain);
        }

        p = ngx_slprintf(p, last, "}");
    }

    p = ngx_slprintf(p, last, ",\"session\":%T", settings->session);

    p = ngx_http_journey_json_words(p, last, "geo", settings->geo,
                                    ngx_http_journey_geo_words);

    p = ngx_slprintf(p, last, ",\"optout\":%s,\"secret\":%s,\"logs\":[",
                     (mcf->optout.file != NULL) ? "true" : "false",
                     mcf->secret ? "true" : "false");

    path = settings->logs.elts;

    for (i = 0; i < settings->logs.nelts; i++) {

        if (i > 0) {
            p = ngx_slprintf(p, last, ",");
        }

        p = ngx_http_journey_json_string(p, &path[i]);
    }

    return ngx_slprintf(p, last, "]}");
}


/* The words of the bits that are set, an array. */

static u_char *
ngx_http_journey_json_words(u_char *p, u_char *last, const char *key,
    ngx_uint_t mask, const char **words)
{
    ngx_uint_t  i, first;

    p = ngx_slprintf(p, last, ",\"%s\":[", key);

    for (i = 0, first = 1; words[i] != NULL; i++) {

        if (mask & ((ngx_uint_t) 1 << i)) {
            p = ngx_slprintf(p, last, first ? "\"%s\"" : ",\"%s\"", words[i]);
            first = 0;
        }
    }

    return ngx_slprintf(p, last, "]");
}


u_char *
ngx_http_journey_json_string(u_char *p, ngx_str_t *value)
{
    *p++ = '"';
    p = journey_json_escape(p, value->data, value->len);
    *p++ = '"';

    return p;
}


static u_char *
ngx_http_journey_salt_json(u_char *p, u_char *last, const char *key,
    journey_salt_gone_t *salt)
{
    ngx_tm_t  tm;

    p = ngx_slprintf(p, last, "%s", key);

    if (salt->created == 0) {
        return ngx_slprintf(p, last, "null");
    }

    ngx_gmtime((time_t) salt->day * JOURNEY_SALT_DAY, &tm);

    p = ngx_slprintf(p, last,
                     "{\"day\":\"%4d-%02d-%02d\",\"created\":%uL",
                     tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                     salt->created);

    if (salt->destroyed != 0) {
        p = ngx_slprintf(p, last, ",\"destroyed\":%uL", salt->destroyed);
    }

    return ngx_slprintf(p, last, "}");
}
