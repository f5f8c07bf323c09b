
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Directives and lifecycle.  One request goes through: request.c (the record,
 * the cookie), event.c and goals.c (classification, state, goals), called by
 * filter.c (the response header), lines.c (the lines), log.c (buffer, gzip,
 * file).
 */


#include "ngx_http_journey_module.h"
#include "ngx_http_journey_status_privacy.h"


static ngx_int_t ngx_http_journey_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_journey_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_journey_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_journey_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_journey_create_srv_conf(ngx_conf_t *cf);
static char *ngx_http_journey_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void ngx_http_journey_assign_codes(ngx_conf_t *cf,
    journey_codes_t *codes, const char *what);
static void ngx_http_journey_destroy_pool(void *data);


#define NGX_HTTP_JOURNEY_ALL                                                  \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


static ngx_command_t  ngx_http_journey_commands[] = {

    { ngx_string("journey"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_FLAG,
      ngx_http_journey_enable,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_journey_loc_conf_t, enable),
      NULL },

    { ngx_string("journey_log"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_1MORE,
      ngx_http_journey_log,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_journey_loc_conf_t, log),
      NULL },

    { ngx_string("journey_log_bots"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_1MORE,
      ngx_http_journey_log,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_journey_loc_conf_t, bots),
      NULL },

    { ngx_string("journey_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_journey_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_secret"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_journey_secret,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_identity"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_TAKE1,
      ngx_http_journey_identity,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_profile"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_TAKE1,
      ngx_http_journey_profile,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_consent"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_TAKE1,
      ngx_http_journey_consent,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_signals"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_1MORE,
      ngx_http_journey_signals,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_optout"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_journey_optout,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_cookie"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_1MORE,
      ngx_http_journey_cookie,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_session"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_TAKE1,
      ngx_http_journey_session,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_sources"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_journey_sources,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_agents"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_journey_agents,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_channels"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS,
      ngx_http_journey_channels,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_phases"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS,
      ngx_http_journey_phases,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_phase"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_TAKE1,
      ngx_http_journey_phase,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_goal"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_1MORE,
      ngx_http_journey_goal,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_page"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_journey_loc_conf_t, page),
      NULL },

    { ngx_string("journey_hosts"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_1MORE,
      ngx_http_journey_hosts,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_journey_loc_conf_t, hosts),
      NULL },

    { ngx_string("journey_ignore_referrers"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_1MORE,
      ngx_http_journey_hosts,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_journey_loc_conf_t, ignored),
      NULL },

    { ngx_string("journey_drop_spam"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_journey_loc_conf_t, drop_spam),
      NULL },

    { ngx_string("journey_types"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_1MORE,
      ngx_http_types_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_journey_loc_conf_t, types_keys),
      NULL },

    { ngx_string("journey_geoip"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_journey_geoip,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_user"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_TAKE1,
      ngx_http_journey_user,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_label"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_TAKE2,
      ngx_http_journey_label,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_link"),
      NGX_HTTP_JOURNEY_ALL|NGX_CONF_1MORE,
      ngx_http_journey_link,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_pixel"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_journey_pixel,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_redirect"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_journey_redirect,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("journey_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_journey_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_journey_module_ctx = {
    ngx_http_journey_preconfiguration,     /* preconfiguration */
    ngx_http_journey_postconfiguration,    /* postconfiguration */

    ngx_http_journey_create_main_conf,     /* create main configuration */
    ngx_http_journey_init_main_conf,       /* init main configuration */

    ngx_http_journey_create_srv_conf,      /* create server configuration */
    ngx_http_journey_merge_srv_conf,       /* merge server configuration */

    ngx_http_journey_create_loc_conf,      /* create location configuration */
    ngx_http_journey_merge_loc_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_journey_module = {
    NGX_MODULE_V1,
    &ngx_http_journey_module_ctx,          /* module context */
    ngx_http_journey_commands,             /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_journey_init_process,         /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_journey_exit_process,         /* exit process */
    ngx_http_journey_exit_master,          /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_journey_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_journey_add_variables(cf);
}


static void *
ngx_http_journey_create_main_conf(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_journey_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    mcf->cycle = cf->cycle;

    cln->handler = ngx_http_journey_destroy_pool;
    cln->data = mcf;

    mcf->pool = journey_pool_create();
    if (mcf->pool == NULL) {
        return NULL;
    }

    mcf->sources = journey_sources_create(mcf->pool);
    mcf->agents = journey_agents_create(mcf->pool);
    mcf->channels = journey_channel_codes_create(mcf->pool);
    mcf->phases = journey_codes_create(mcf->pool, 1);

    if (mcf->sources == NULL || mcf->agents == NULL || mcf->channels == NULL
        || mcf->phases == NULL)
    {
        return NULL;
    }

    if (ngx_array_init(&mcf->logs, cf->pool, 2,
                       sizeof(ngx_http_journey_log_t *))
        != NGX_OK
        || ngx_array_init(&mcf->settings, cf->pool, 2,
                          sizeof(ngx_http_journey_settings_t))
           != NGX_OK
        || ngx_array_init(&mcf->models, cf->pool, 2,
                          sizeof(journey_phases_t *))
           != NGX_OK
        || ngx_array_init(&mcf->goals, cf->pool, 4, sizeof(journey_str_t *))
           != NGX_OK)
    {
        return NULL;
    }

    return mcf;
}


/* A cycle's end; in a single process also a reload's, where lines may wait. */

static void
ngx_http_journey_destroy_pool(void *data)
{
    ngx_http_journey_main_conf_t *mcf = data;

    ngx_http_journey_close_logs(mcf);

    if (mcf->salts.timer_set) {
        ngx_del_timer(&mcf->salts);
    }

    journey_pool_destroy(mcf->pool);
}


static char *
ngx_http_journey_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_journey_main_conf_t *mcf = conf;

    ngx_str_t        name;
    ngx_uint_t       n;
    journey_error_t  err;

    if (journey_agents_compile(mcf->agents, &err) != JOURNEY_OK) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "journey_agents: %s",
                      err.text);
        return NGX_CONF_ERROR;
    }

    n = mcf->logs.nelts;

    if (ngx_http_journey_log_keep(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    /* lines of a former configuration are written without any use here, too */

    if ((!mcf->used && mcf->logs.nelts == n) || mcf->zone != NULL) {
        return NGX_CONF_OK;
    }

    ngx_str_set(&name, "journey");

    mcf->zone = ngx_shared_memory_add(cf, &name, NGX_HTTP_JOURNEY_ZONE_SIZE,
                                      &ngx_http_journey_module);
    if (mcf->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    mcf->zone->init = ngx_http_journey_zone_init;
    mcf->zone->data = mcf;

    return NGX_CONF_OK;
}


static void *
ngx_http_journey_create_srv_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_journey_srv_conf_t));
}


/* The exact names of the server are its own hosts. */

static char *
ngx_http_journey_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_journey_srv_conf_t *conf = child;

    ngx_uint_t                     i;
    journey_str_t                  name;
    ngx_http_server_name_t        *names;
    ngx_http_core_srv_conf_t      *cscf;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    conf->names = journey_hosts_create(mcf->pool);
    if (conf->names == NULL) {
        return NGX_CONF_ERROR;
    }

    names = cscf->server_names.elts;

    for (i = 0; i < cscf->server_names.nelts; i++) {

#if (NGX_PCRE)
        if (names[i].regex != NULL) {
            continue;
        }
#endif

        /* wildcards are no hosts and refused, as are "" and addresses of
         * a form that no referrer has; "_" is custom for no name */

        name = ngx_http_journey_str(&names[i].name);

        if (journey_str_is(&name, "_")) {
            continue;
        }

        (void) journey_hosts_add(conf->names, &name, NULL);
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_journey_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_handler_pt           *h;
    ngx_http_core_main_conf_t     *cmcf;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    ngx_http_journey_assign_codes(cf, mcf->channels, "channel");
    ngx_http_journey_assign_codes(cf, mcf->phases, "phase");

    if (ngx_http_journey_log_check(cf->cycle, &mcf->logs) != NGX_OK
        || ngx_http_journey_check_optout(cf, mcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!mcf->enabled) {
        return NGX_OK;
    }

    if (mcf->keys == NULL) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "no \"journey_secret\": the key lives in shared memory, "
                      "a restart makes every visitor a new one");
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_POST_READ_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_journey_post_read;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_REWRITE_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_journey_rewrite;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_journey_log_handler;

    return ngx_http_journey_filter_init(cf);
}


static void
ngx_http_journey_assign_codes(ngx_conf_t *cf, journey_codes_t *codes,
    const char *what)
{
    unsigned         n;
    ngx_str_t        name;
    journey_name_t  *clash;

    n = journey_codes_assign(codes, &clash);

    if (n > 0) {
        name = ngx_http_journey_ngx_str(&clash->name);

        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "%ui %s name(s) share a code with another one and took "
                      "the next free code, e.g. \"%V\": renaming keeps tokens "
                      "readable when names come and go", (ngx_uint_t) n, what,
                      &name);
    }
}
