
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Directives that take more than a flag, and the blocks.
 */


#include "ngx_http_journey_module.h"


typedef int (*ngx_http_journey_load_pt)(void *table, const char *path,
    journey_error_t *err);

/* A block's line: what core/ adds it to. */

typedef int (*ngx_http_journey_line_pt)(void *object,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);

typedef struct {
    ngx_http_journey_line_pt     line;
    void                        *object;
} ngx_http_journey_block_t;


static char *ngx_http_journey_load(ngx_conf_t *cf, void *table,
    ngx_http_journey_load_pt load);
static char *ngx_http_journey_block(ngx_conf_t *cf,
    ngx_http_journey_line_pt line, void *object);
static char *ngx_http_journey_block_line(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
static int ngx_http_journey_channels_line(void *object,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);
static int ngx_http_journey_phases_line(void *object,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);


char *
ngx_http_journey_enable(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    char                          *rv;
    ngx_http_journey_main_conf_t  *mcf;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);

    if (rv == NGX_CONF_OK && jlcf->enable) {
        mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);
        mcf->enabled = 1;
        mcf->used = 1;
    }

    return rv;
}


/* journey_log and journey_log_bots */

char *
ngx_http_journey_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char *p = conf;

    ssize_t                         size;
    ngx_int_t                       flush;
    ngx_str_t                      *value, s;
    ngx_uint_t                      i;
    ngx_http_journey_log_t        **log;
    ngx_http_journey_main_conf_t   *mcf;
    ngx_http_journey_log_params_t   params;

    log = (ngx_http_journey_log_t **) (p + cmd->offset);

    if (*log != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {

        if (cf->args->nelts > 2) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of \"%V\": "
                               "\"off\" takes none", &value[2], &value[0]);
            return NGX_CONF_ERROR;
        }

        *log = NULL;
        return NGX_CONF_OK;
    }

    params.path = value[1];
    params.level = 1;
    params.buffer = NGX_HTTP_JOURNEY_LOG_BUFFER;
    params.flush = NGX_HTTP_JOURNEY_LOG_FLUSH;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_http_journey_prefix(&value[i], "gzip=")) {
            params.level = ngx_atoi(value[i].data + 5, value[i].len - 5);

            if (params.level >= 1 && params.level <= 9) {
                continue;
            }

        } else if (ngx_http_journey_prefix(&value[i], "buffer=")) {
            s.data = value[i].data + 7;
            s.len = value[i].len - 7;

            size = ngx_parse_size(&s);

            if (size >= NGX_HTTP_JOURNEY_LOG_BUFFER_MIN
                && size <= JOURNEY_RING_MAX)
            {
                params.buffer = (size_t) size;
                continue;
            }

        } else if (ngx_http_journey_prefix(&value[i], "flush=")) {
            s.data = value[i].data + 6;
            s.len = value[i].len - 6;

            flush = ngx_parse_time(&s, 0);

            if (flush >= 100 && flush <= 3600 * 1000) {
                params.flush = (ngx_msec_t) flush;
                continue;
            }
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"%V\": "
                           "gzip= takes 1 to 9, buffer= 64k to 16m, flush= "
                           "100ms to 1h", &value[i], &value[0]);
        return NGX_CONF_ERROR;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    *log = ngx_http_journey_log_add(cf, &mcf->logs, &params);

    return (*log == NULL) ? NGX_CONF_ERROR : NGX_CONF_OK;
}


char *
ngx_http_journey_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_main_conf_t *mcf = conf;

    u_char     *p;
    ssize_t     size;
    ngx_str_t  *value, name, s;

    if (mcf->zone != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    p = (u_char *) ngx_strchr(value[1].data, ':');

    if (p == NULL || p == value[1].data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone \"%V\" of \"journey_zone\": it is "
                           "written name:size", &value[1]);
        return NGX_CONF_ERROR;
    }

    name.data = value[1].data;
    name.len = p - value[1].data;

    s.data = p + 1;
    s.len = value[1].data + value[1].len - s.data;

    size = ngx_parse_size(&s);

    if (size < NGX_HTTP_JOURNEY_ZONE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size of zone \"%V\" of \"journey_zone\": "
                           "at least 128k", &value[1]);
        return NGX_CONF_ERROR;
    }

    mcf->zone = ngx_shared_memory_add(cf, &name, size,
                                      &ngx_http_journey_module);
    if (mcf->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    mcf->zone->init = ngx_http_journey_zone_init;
    mcf->zone->data = mcf;

    return NGX_CONF_OK;
}


char *
ngx_http_journey_secret(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_main_conf_t *mcf = conf;

    ngx_str_t        *value, path;
    journey_error_t   err;

    if (mcf->keys != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    path = value[1];

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    mcf->keys = journey_keys_load(mcf->pool, (char *) path.data, &err);

    if (mcf->keys == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"journey_secret\": %s",
                           err.text);
        return NGX_CONF_ERROR;
    }

    mcf->secret = 1;

    return NGX_CONF_OK;
}


char *
ngx_http_journey_identity(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t                 *value;
    ngx_http_complex_value_t  *cv;

    if (jlcf->identity != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    ngx_http_journey_at(cf, &jlcf->identity_at);

    if (ngx_strcmp(value[1].data, "cookie") == 0) {
        jlcf->identity = NGX_HTTP_JOURNEY_IDENTITY_COOKIE;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "cookieless") == 0) {
        jlcf->identity = NGX_HTTP_JOURNEY_IDENTITY_COOKIELESS;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "none") == 0) {
        jlcf->identity = NGX_HTTP_JOURNEY_IDENTITY_NONE;
        return NGX_CONF_OK;
    }

    cv = ngx_http_journey_compile(cf, &value[1]);
    if (cv == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cv->lengths == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid identity \"%V\" of \"journey_identity\": "
                           "it is \"cookie\", \"cookieless\", \"none\" or a "
                           "variable that holds one of these", &value[1]);
        return NGX_CONF_ERROR;
    }

    jlcf->identity = 0;
    jlcf->identity_value = cv;

    return NGX_CONF_OK;
}


char *
ngx_http_journey_session(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t  *value;

    if (jlcf->session != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    jlcf->session = ngx_parse_time(&value[1], 1);

    if (jlcf->session < 1 || jlcf->session > 7 * 24 * 3600) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\" of \"journey_session\": "
                           "between 1s and 7d", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_journey_sources(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_main_conf_t *mcf = conf;

    return ngx_http_journey_load(cf, mcf->sources,
                              (ngx_http_journey_load_pt) journey_sources_load);
}


char *
ngx_http_journey_agents(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_main_conf_t *mcf = conf;

    return ngx_http_journey_load(cf, mcf->agents,
                               (ngx_http_journey_load_pt) journey_agents_load);
}


static char *
ngx_http_journey_load(ngx_conf_t *cf, void *table,
    ngx_http_journey_load_pt load)
{
    ngx_str_t        *value, path;
    ngx_uint_t        i;
    journey_error_t   err;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        path = value[i];

        if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        if (load(table, (char *) path.data, &err) != JOURNEY_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\": %s", &value[0],
                               err.text);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_journey_channels(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_http_journey_main_conf_t  *mcf;

    if (jlcf->channels != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    jlcf->channels = journey_channels_create(mcf->pool, mcf->channels);
    if (jlcf->channels == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_journey_block(cf, ngx_http_journey_channels_line,
                                  jlcf->channels);
}


char *
ngx_http_journey_phases(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    char                          *rv;
    journey_error_t                err;
    ngx_http_journey_main_conf_t  *mcf;

    if (jlcf->phases != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    jlcf->phases = journey_phases_create(mcf->pool, mcf->phases);
    if (jlcf->phases == NULL) {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_journey_block(cf, ngx_http_journey_phases_line,
                                jlcf->phases);

    if (rv == NGX_CONF_OK
        && journey_phases_finish(jlcf->phases, &err) != JOURNEY_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"journey_phases\": %s",
                           err.text);
        return NGX_CONF_ERROR;
    }

    return rv;
}


static char *
ngx_http_journey_block(ngx_conf_t *cf, ngx_http_journey_line_pt line,
    void *object)
{
    char                      *rv;
    ngx_conf_t                 save;
    ngx_http_journey_block_t   block;

    block.line = line;
    block.object = object;

    save = *cf;
    cf->handler = ngx_http_journey_block_line;
    cf->handler_conf = (void *) &block;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    return rv;
}


/* The handler of the lines in a block; dummy is the directive's. */

static char *
ngx_http_journey_block_line(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_http_journey_block_t *block = conf;

    int               rc;
    ngx_str_t        *value;
    ngx_uint_t        i;
    journey_str_t    *words;
    journey_error_t   err;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "include") == 0) {
        return ngx_conf_include(cf, dummy, conf);
    }

    words = ngx_palloc(cf->temp_pool,
                       cf->args->nelts * sizeof(journey_str_t));
    if (words == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < cf->args->nelts; i++) {
        words[i] = ngx_http_journey_str(&value[i]);
    }

    rc = block->line(block->object, words, (unsigned) cf->args->nelts, &err);

    if (rc != JOURNEY_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\": %s",
                           &value[0], err.text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static int
ngx_http_journey_channels_line(void *object, const journey_str_t *words,
    unsigned nwords, journey_error_t *err)
{
    return journey_channels_add(object, words, nwords, err);
}


static int
ngx_http_journey_phases_line(void *object, const journey_str_t *words,
    unsigned nwords, journey_error_t *err)
{
    return journey_phases_add(object, words, nwords, err);
}


/* The name is judged when the levels are merged: the model may be another. */

char *
ngx_http_journey_phase(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t  *value;

    if (jlcf->phase_value != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    jlcf->phase_value = ngx_http_journey_compile(cf, &value[1]);
    if (jlcf->phase_value == NULL) {
        return NGX_CONF_ERROR;
    }

    jlcf->phase_file = cf->conf_file->file.name.data;
    jlcf->phase_line = cf->conf_file->line;

    return NGX_CONF_OK;
}


/* journey_hosts and journey_ignore_referrers */

char *
ngx_http_journey_hosts(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char *p = conf;

    ngx_str_t                      *value;
    ngx_uint_t                      i;
    journey_str_t                   host;
    journey_hosts_t               **hosts;
    journey_error_t                 err;
    ngx_http_journey_main_conf_t   *mcf;

    hosts = (journey_hosts_t **) (p + cmd->offset);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    /* several directives of one level add up, as server_name does */

    if (*hosts == NGX_CONF_UNSET_PTR) {
        *hosts = journey_hosts_create(mcf->pool);
        if (*hosts == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        host = ngx_http_journey_str(&value[i]);

        if (journey_hosts_add(*hosts, &host, &err) != JOURNEY_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\": %s", &value[0],
                               err.text);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_journey_geoip(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_main_conf_t *mcf = conf;

    ngx_str_t        *value, path;
    journey_error_t   err;

    if (mcf->geo != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    path = value[1];

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    mcf->geo = journey_geo_open(mcf->pool, (char *) path.data, &err);

    if (mcf->geo == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"journey_geoip\": %s",
                           err.text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


void
ngx_http_journey_at(ngx_conf_t *cf, ngx_http_journey_at_t *at)
{
    at->file = cf->conf_file->file.name.data;
    at->line = cf->conf_file->line;
}


ngx_http_complex_value_t *
ngx_http_journey_compile(ngx_conf_t *cf, ngx_str_t *value)
{
    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    cv = ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (cv == NULL) {
        return NULL;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = cv;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NULL;
    }

    return cv;
}
