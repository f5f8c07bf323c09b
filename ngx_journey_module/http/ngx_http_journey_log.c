
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The logs of a configuration: their paths, and whether the workers will be
 * able to write there.
 */


#include "ngx_http_journey_log.h"
#include "ngx_http_journey_module.h"
#include "ngx_http_journey_rights.h"


/* Conversions of strftime() that can stand in a file's name. */

#define NGX_HTTP_JOURNEY_LOG_CONVERSIONS  "YymdHMSjFGVuUWwbBaAs%"


static ngx_int_t ngx_http_journey_log_path(ngx_conf_t *cf, ngx_str_t *path);
static ngx_uint_t ngx_http_journey_log_same(ngx_http_journey_log_t *log,
    ngx_open_file_t *file);
static ngx_int_t ngx_http_journey_log_writable(ngx_cycle_t *cycle,
    ngx_http_journey_log_t *log);
static ngx_int_t ngx_http_journey_log_kept(ngx_conf_t *cf,
    ngx_shm_zone_t *zone, ngx_http_journey_segment_t *segment);


ngx_http_journey_log_t *
ngx_http_journey_log_add(ngx_conf_t *cf, ngx_array_t *logs,
    ngx_http_journey_log_params_t *params)
{
    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_http_journey_log_t   *log, **p;

    value = cf->args->elts;

    if (ngx_http_journey_log_path(cf, &params->path) != NGX_OK) {
        return NULL;
    }

    p = logs->elts;

    for (i = 0; i < logs->nelts; i++) {

        if (p[i]->path.len != params->path.len
            || ngx_strncmp(p[i]->path.data, params->path.data,
                           params->path.len)
               != 0)
        {
            continue;
        }

        if (p[i]->level != params->level || p[i]->buffer != params->buffer
            || p[i]->flush != params->flush)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" \"%V\" has other parameters "
                               "in %s:%ui", &value[0], &params->path,
                               p[i]->conf_file, p[i]->conf_line);
            return NULL;
        }

        return p[i];
    }

    log = ngx_pcalloc(cf->pool, sizeof(ngx_http_journey_log_t));
    p = ngx_array_push(logs);

    if (log == NULL || p == NULL) {
        return NULL;
    }

    *p = log;

    log->directive = value[0];
    log->path = params->path;
    log->level = params->level;
    log->buffer = params->buffer;
    log->flush = params->flush;
    log->timed = (ngx_strchr(log->path.data, '%') != NULL);
    log->conf_file = cf->conf_file->file.name.data;
    log->conf_line = cf->conf_file->line;

    log->zone = ngx_http_journey_segment_add(cf, &log->path, log->buffer);

    return (log->zone == NULL) ? NULL : log;
}


static ngx_int_t
ngx_http_journey_log_path(ngx_conf_t *cf, ngx_str_t *path)
{
    ngx_str_t   *value;
    ngx_uint_t   i;
    const char  *what;

    what = NULL;
    value = cf->args->elts;

    if (path->len == 0 || path->data[path->len - 1] == '/') {
        what = "it names no file";

    } else if (ngx_strlchr(path->data, path->data + path->len, '$') != NULL) {
        what = "variables are not supported";

    } else if (ngx_strncmp(path->data, "syslog:", 7) == 0) {
        what = "syslog is not supported";
    }

    for (i = 0; what == NULL && i < path->len; i++) {

        if (path->data[i] != '%') {
            continue;
        }

        if (++i == path->len
            || ngx_strchr(NGX_HTTP_JOURNEY_LOG_CONVERSIONS, path->data[i])
               == NULL)
        {
            what = "a conversion of strftime that cannot stand in a name";
        }
    }

    if (what != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid path \"%V\" of \"%V\": %s",
                           path, &value[0], what);
        return NGX_ERROR;
    }

    if (ngx_conf_full_name(cf->cycle, path, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    if (path->len > NGX_MAX_PATH / 2) {
        /* the path last: it may be cut */

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "too long path of \"%V\": \"%V\"", &value[0], path);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_journey_log_check(ngx_cycle_t *cycle, ngx_array_t *logs)
{
    ngx_uint_t                i, n;
    ngx_list_part_t          *part;
    ngx_open_file_t          *file;
    ngx_http_journey_log_t  **p;

    p = logs->elts;
    part = &cycle->open_files.part;
    file = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NGX_OK;
            }

            part = part->next;
            file = part->elts;
            i = 0;
        }

        for (n = 0; n < logs->nelts; n++) {

            if (!p[n]->kept && ngx_http_journey_log_same(p[n], &file[i])) {
                ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                              "the path \"%V\" of \"%V\" is another log's "
                              "already in %s:%ui", &p[n]->path,
                              &p[n]->directive, p[n]->conf_file,
                              p[n]->conf_line);
                return NGX_ERROR;
            }
        }
    }
}


/* By its name, and by the file itself once nginx has it open. */

static ngx_uint_t
ngx_http_journey_log_same(ngx_http_journey_log_t *log, ngx_open_file_t *file)
{
    u_char       name[NGX_MAX_PATH + 1];
    struct stat  st, other;

    if (file->name.len == 0) {              /* stderr */
        return 0;
    }

    if (file->name.len == log->path.len
        && ngx_strncmp(file->name.data, log->path.data, log->path.len) == 0)
    {
        return 1;
    }

    return file->fd != NGX_INVALID_FILE
           && ngx_http_journey_log_render(log, ngx_time(), name) == NGX_OK
           && stat((char *) name, &st) == 0
           && fstat(file->fd, &other) == 0
           && st.st_dev == other.st_dev && st.st_ino == other.st_ino;
}


/* The worker will open the files, so its rights count. */

ngx_int_t
ngx_http_journey_log_probe(ngx_cycle_t *cycle, ngx_array_t *logs,
    ngx_http_journey_shared_t *shared)
{
    ngx_int_t                    rc;
    ngx_uint_t                   i;
    ngx_http_journey_log_t     **p;
    ngx_http_journey_rights_t    rights;

    /* an error_log may stand behind http{} */

    if (ngx_http_journey_log_check(cycle, logs) != NGX_OK
        || ngx_http_journey_rights_take(cycle, &rights) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = NGX_OK;
    p = logs->elts;

    for (i = 0; i < logs->nelts; i++) {

        p[i]->shared = shared;

        if (!p[i]->kept
            && ngx_http_journey_log_writable(cycle, p[i]) != NGX_OK)
        {
            rc = NGX_ERROR;
            break;
        }
    }

    if (ngx_http_journey_rights_return(cycle, &rights) != NGX_OK) {
        return NGX_ERROR;
    }

    return rc;
}


static ngx_int_t
ngx_http_journey_log_writable(ngx_cycle_t *cycle, ngx_http_journey_log_t *log)
{
    u_char       *slash;
    ngx_err_t     err;
    const char   *what;
    struct stat   st;
    u_char        name[NGX_MAX_PATH + 1];

    err = 0;
    what = NULL;

    if (ngx_http_journey_log_render(log, ngx_time(), name) != NGX_OK) {
        what = "its name is too long";

    } else if (lstat((char *) name, &st) == 0) {

        if (S_ISLNK(st.st_mode)) {
            what = "it is a symbolic link";

        } else if (!S_ISREG(st.st_mode)) {
            what = "it is no regular file";

        } else if (faccessat(AT_FDCWD, (char *) name, R_OK|W_OK, AT_EACCESS)
                   == -1)
        {
            err = ngx_errno;
            what = "the worker's user may not read and write it";
        }

    } else if (ngx_errno != NGX_ENOENT) {
        err = ngx_errno;
        what = "the worker's user may not see it";
    }

    if (what == NULL) {

        /* the path is a full name; in a folder files are made and renamed */

        slash = (u_char *) strrchr((char *) name, '/');
        slash[slash == name] = '\0';

        if (faccessat(AT_FDCWD, (char *) name, W_OK|X_OK, AT_EACCESS) == -1) {
            err = ngx_errno;
            what = "the worker's user may not make files in its folder";
        }
    }

    if (what == NULL) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cycle->log, err,
                  "\"%V\" \"%V\" cannot be written: %s in %s:%ui",
                  &log->directive, &log->path, what, log->conf_file, log->conf_line);

    return NGX_ERROR;
}


ngx_int_t
ngx_http_journey_log_render(ngx_http_journey_log_t *log, time_t now,
    u_char *name)
{
    struct tm  tm;

    if (!log->timed) {
        ngx_cpystrn(name, log->path.data, NGX_MAX_PATH + 1);
        return NGX_OK;
    }

    ngx_libc_gmtime(now, &tm);

    return (strftime((char *) name, NGX_MAX_PATH + 1,
                     (char *) log->path.data, &tm)
            == 0)
           ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_journey_log_keep(ngx_conf_t *cf)
{
    return ngx_http_journey_segment_keep(cf, ngx_http_journey_log_kept);
}


static ngx_int_t
ngx_http_journey_log_kept(ngx_conf_t *cf, ngx_shm_zone_t *zone,
    ngx_http_journey_segment_t *segment)
{
    ngx_http_journey_log_t        *log, **p;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    log = ngx_pcalloc(cf->pool, sizeof(ngx_http_journey_log_t));
    p = ngx_array_push(&mcf->logs);

    if (log == NULL || p == NULL) {
        return NGX_ERROR;
    }

    *p = log;

    /* the segment may be gone before its log */

    log->path.len = segment->path_len;
    log->path.data = ngx_pnalloc(cf->pool, segment->path_len + 1);

    if (log->path.data == NULL) {
        return NGX_ERROR;
    }

    ngx_cpystrn(log->path.data, segment->path, segment->path_len + 1);

    ngx_str_set(&log->directive, "journey_log");

    log->level = 1;
    log->buffer = segment->buffer;
    log->flush = NGX_HTTP_JOURNEY_LOG_FLUSH;
    log->timed = (ngx_strlchr(log->path.data, log->path.data + log->path.len,
                              '%')
                  != NULL);
    log->kept = 1;
    log->zone = zone;

    return NGX_OK;
}
