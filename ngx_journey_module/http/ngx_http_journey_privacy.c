
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_profile and its bounds, journey_consent, journey_signals.  What a
 * profile promises holds wherever it is in force: a directive that passes its
 * bounds stops the start (design, section 10).
 */


#include "ngx_http_journey_module.h"


/* The exempt measurement's cookie lives 13 months at most. */

#define NGX_HTTP_JOURNEY_EXEMPT_AGE  (395 * 24 * 3600)


static char *ngx_http_journey_passes(ngx_conf_t *cf, const char *directive,
    ngx_http_journey_at_t *at, ngx_http_journey_loc_conf_t *conf,
    const char *why);


static ngx_conf_enum_t  ngx_http_journey_profiles[] = {
    { ngx_string("exempt"), NGX_HTTP_JOURNEY_PROFILE_EXEMPT },
    { ngx_string("anonymous"), NGX_HTTP_JOURNEY_PROFILE_ANONYMOUS },
    { ngx_string("consent"), NGX_HTTP_JOURNEY_PROFILE_CONSENT },
    { ngx_null_string, 0 }
};


char *
ngx_http_journey_profile(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;

    if (jlcf->profile != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 0; ngx_http_journey_profiles[i].name.len > 0; i++) {

        if (ngx_strcmp(value[1].data, ngx_http_journey_profiles[i].name.data)
            == 0)
        {
            jlcf->profile = ngx_http_journey_profiles[i].value;
            ngx_http_journey_at(cf, &jlcf->profile_at);

            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid profile \"%V\" of \"journey_profile\": it is "
                       "exempt, anonymous or consent", &value[1]);

    return NGX_CONF_ERROR;
}


ngx_str_t *
ngx_http_journey_profile_name(ngx_uint_t profile)
{
    return &ngx_http_journey_profiles[profile - 1].name;
}


char *
ngx_http_journey_consent(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t  *value;

    if (jlcf->consent != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    jlcf->consent = ngx_http_journey_compile(cf, &value[1]);

    if (jlcf->consent == NULL) {
        return NGX_CONF_ERROR;
    }

    if (jlcf->consent->lengths == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"journey_consent\" \"%V\" is no variable: "
                           "nobody would have been asked", &value[1]);
        return NGX_CONF_ERROR;
    }

    ngx_http_journey_at(cf, &jlcf->consent_at);

    return NGX_CONF_OK;
}


char *
ngx_http_journey_signals(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;

    if (jlcf->signals != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    jlcf->signals = 0;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "gpc") == 0) {
            jlcf->signals |= NGX_HTTP_JOURNEY_SIGNAL_GPC;

        } else if (ngx_strcmp(value[i].data, "dnt") == 0) {
            jlcf->signals |= NGX_HTTP_JOURNEY_SIGNAL_DNT;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid signal \"%V\" of \"journey_signals\": "
                               "they are gpc and dnt, or off alone",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_journey_merge_privacy(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *prev, ngx_http_journey_loc_conf_t *conf)
{
    if (conf->profile == NGX_CONF_UNSET_UINT) {
        conf->profile_at = prev->profile_at;
    }

    ngx_conf_merge_uint_value(conf->profile, prev->profile,
                              NGX_HTTP_JOURNEY_PROFILE_NONE);

    /* what was said outside, else what the profile in force here means */

    if (conf->identity == NGX_CONF_UNSET_UINT) {

        if (prev->identity_at.file != NULL) {
            conf->identity = prev->identity;
            conf->identity_value = prev->identity_value;
            conf->identity_at = prev->identity_at;

        } else {
            conf->identity =
                        (conf->profile == NGX_HTTP_JOURNEY_PROFILE_ANONYMOUS)
                        ? NGX_HTTP_JOURNEY_IDENTITY_COOKIELESS
                        : NGX_HTTP_JOURNEY_IDENTITY_COOKIE;
        }
    }

    if (conf->consent == NGX_CONF_UNSET_PTR) {
        conf->consent_at = prev->consent_at;
    }

    ngx_conf_merge_ptr_value(conf->consent, prev->consent, NULL);

    ngx_conf_merge_uint_value(conf->signals, prev->signals,
                              NGX_HTTP_JOURNEY_SIGNAL_GPC
                              |NGX_HTTP_JOURNEY_SIGNAL_DNT);

    return NGX_CONF_OK;
}


char *
ngx_http_journey_check_privacy(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *conf)
{
    ngx_http_journey_label_t      *label;
    ngx_http_journey_main_conf_t  *mcf;

    if (!conf->enable) {
        return NGX_CONF_OK;
    }

    if (conf->profile == NGX_HTTP_JOURNEY_PROFILE_EXEMPT
        || conf->profile == NGX_HTTP_JOURNEY_PROFILE_ANONYMOUS)
    {
        if (conf->link != NULL) {
            return ngx_http_journey_passes(cf, "\"journey_link\"",
                                           &conf->link->at, conf,
                                           "one site a visitor");
        }

        if (conf->user != NULL) {
            return ngx_http_journey_passes(cf, "\"journey_user\"",
                                           &conf->user_at, conf,
                                           "no user ids");
        }
    }

    switch (conf->profile) {

    case NGX_HTTP_JOURNEY_PROFILE_EXEMPT:

        mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

        if (mcf->exempt.file == NULL) {
            mcf->exempt = conf->profile_at;
        }

        if (conf->pixel) {
            return ngx_http_journey_passes(cf, "\"journey_pixel\"",
                                           &conf->pixel_at, conf,
                                           "it measures no opened mail");
        }

        if (conf->labels != NULL) {
            label = conf->labels->elts;

            return ngx_http_journey_passes(cf, "\"journey_label\"",
                                           &label->at, conf, "no labels");
        }

        if (conf->cookie->max_age > NGX_HTTP_JOURNEY_EXEMPT_AGE) {
            return ngx_http_journey_passes(cf, "max_age= of \"journey_cookie\"",
                                           &conf->cookie_at, conf,
                                           "at most 395 days");
        }

        break;

    case NGX_HTTP_JOURNEY_PROFILE_ANONYMOUS:

        if (conf->identity == NGX_HTTP_JOURNEY_IDENTITY_COOKIE) {
            return ngx_http_journey_passes(cf, "\"journey_identity\" cookie",
                                           &conf->identity_at, conf,
                                           "no identifier on the device");
        }

        break;

    case NGX_HTTP_JOURNEY_PROFILE_CONSENT:

        if (conf->consent == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"journey_profile\" consent needs "
                          "\"journey_consent\" in %s:%ui",
                          conf->profile_at.file, conf->profile_at.line);
            return NGX_CONF_ERROR;
        }

        break;
    }

    return (ngx_http_journey_settings_add(cf, conf) == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_journey_passes(ngx_conf_t *cf, const char *directive,
    ngx_http_journey_at_t *at, ngx_http_journey_loc_conf_t *conf,
    const char *why)
{
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "%s in %s:%ui passes the bounds of \"journey_profile\" %V: "
                  "%s in %s:%ui", directive, at->file, at->line,
                  ngx_http_journey_profile_name(conf->profile), why,
                  conf->profile_at.file, conf->profile_at.line);

    return NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_journey_check_optout(ngx_conf_t *cf,
    ngx_http_journey_main_conf_t *mcf)
{
    if (mcf->exempt.file == NULL || mcf->optout.file != NULL) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"journey_profile\" exempt needs a location with "
                  "\"journey_optout\" in %s:%ui", mcf->exempt.file,
                  mcf->exempt.line);

    return NGX_ERROR;
}
