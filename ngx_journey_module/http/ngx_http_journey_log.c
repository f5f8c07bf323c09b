
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Lines wait in the worker's memory; a flush makes one gzip member of them
 * and appends it in one write().  The worker opens the files itself: they may
 * follow the clock, and a rename is followed without a signal.
 */


#include "ngx_http_journey_log.h"
#include "ngx_http_journey_rights.h"
#include "ngx_http_journey_zone.h"

#include <sys/file.h>
#include <zlib.h>


/* Our subfield of the gzip header (RFC 1952, section 2.3.1.1): "JL", and in 4
 * bytes the length of the whole member, so that readers find members without
 * inflating. */

#define NGX_HTTP_JOURNEY_LOG_EXTRA   8
#define NGX_HTTP_JOURNEY_LOG_LENGTH  16     /* where these 4 bytes stand */

/* zlib's memLevel: lines are so alike that half the hash table of the default
 * finds the same matches, for fewer instructions. */

#define NGX_HTTP_JOURNEY_LOG_MEMORY  7

#define NGX_HTTP_JOURNEY_LOG_ALERT   60     /* s between two alerts */

/* Conversions of strftime() that can stand in a file's name. */

#define NGX_HTTP_JOURNEY_LOG_CONVERSIONS  "YymdHMSjFGVuUWwbBaAs%"


struct ngx_http_journey_log_s {
    ngx_str_t                     directive;/* journey_log, …_bots */
    ngx_str_t                     path;     /* as configured */
    ngx_int_t                     level;
    size_t                        buffer;
    ngx_msec_t                    flush;
    unsigned                      timed:1;  /* path holds conversions */

    u_char                       *conf_file;
    ngx_uint_t                    conf_line;

    ngx_http_journey_shared_t    *shared;

    /* of the process */

    ngx_fd_t                      fd;
    dev_t                         dev;
    ino_t                         ino;
    u_char                        name[NGX_MAX_PATH + 1];
    time_t                        rendered; /* when name was made */

    u_char                       *start;    /* lines */
    u_char                       *last;
    u_char                       *end;
    ngx_uint_t                    lines;

    z_stream                      zstream;
    unsigned                      zready:1;
    u_char                       *out;
    size_t                        out_size;

    ngx_event_t                   event;
    time_t                        alerted;
};


static ngx_int_t ngx_http_journey_log_path(ngx_conf_t *cf, ngx_str_t *path);
static ngx_uint_t ngx_http_journey_log_same(ngx_http_journey_log_t *log,
    ngx_open_file_t *file);
static ngx_int_t ngx_http_journey_log_writable(ngx_cycle_t *cycle,
    ngx_http_journey_log_t *log);
static ngx_int_t ngx_http_journey_log_render(ngx_http_journey_log_t *log,
    time_t now, u_char *name);
static void ngx_http_journey_log_period(ngx_http_journey_log_t *log);
static ngx_int_t ngx_http_journey_log_init(ngx_http_journey_log_t *log);
static void ngx_http_journey_log_timer(ngx_event_t *ev);
static void ngx_http_journey_log_flush(ngx_http_journey_log_t *log);
static size_t ngx_http_journey_log_compress(ngx_http_journey_log_t *log);
static ngx_int_t ngx_http_journey_log_open(ngx_http_journey_log_t *log);
static void ngx_http_journey_log_close_file(ngx_http_journey_log_t *log);
static void ngx_http_journey_log_follow(ngx_http_journey_log_t *log);
static ngx_int_t ngx_http_journey_log_write(ngx_http_journey_log_t *log,
    size_t size);
static void ngx_http_journey_log_alert(ngx_http_journey_log_t *log,
    ngx_err_t err, const char *what);


#define ngx_http_journey_log_count(log, counter, n)                           \
    if ((log)->shared != NULL) {                                              \
        (void) ngx_atomic_fetch_add(&(log)->shared->counters[counter], n);    \
    }


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
    log->fd = NGX_INVALID_FILE;

    return log;
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

            if (ngx_http_journey_log_same(p[n], &file[i])) {
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

        if (ngx_http_journey_log_writable(cycle, p[i]) != NGX_OK) {
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

        } else if (faccessat(AT_FDCWD, (char *) name, W_OK, AT_EACCESS) == -1)
        {
            err = ngx_errno;
            what = "the worker's user may not write it";
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


static ngx_int_t
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


u_char *
ngx_http_journey_log_reserve(ngx_http_journey_log_t *log, size_t size)
{
    if (log->start == NULL && ngx_http_journey_log_init(log) != NGX_OK) {
        return NULL;
    }

    /* a line belongs to the period in which it is appended */

    if (log->timed && log->rendered != ngx_time()) {
        ngx_http_journey_log_period(log);
    }

    if ((size_t) (log->end - log->last) < size) {
        ngx_http_journey_log_flush(log);
    }

    return log->last;
}


void
ngx_http_journey_log_commit(ngx_http_journey_log_t *log, u_char *last)
{
    log->last = last;
    log->lines++;

    ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_LINES, 1);

    if (!log->event.timer_set) {
        ngx_add_timer(&log->event, log->flush);
    }
}


static void
ngx_http_journey_log_period(ngx_http_journey_log_t *log)
{
    u_char  name[NGX_MAX_PATH + 1];

    log->rendered = ngx_time();

    if (ngx_http_journey_log_render(log, log->rendered, name) != NGX_OK
        || ngx_strcmp(name, log->name) == 0)
    {
        return;
    }

    ngx_http_journey_log_flush(log);
    ngx_http_journey_log_close_file(log);

    ngx_cpystrn(log->name, name, NGX_MAX_PATH + 1);
}


static ngx_int_t
ngx_http_journey_log_init(ngx_http_journey_log_t *log)
{
    log->rendered = ngx_time();

    if (ngx_http_journey_log_render(log, log->rendered, log->name) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!log->zready) {
        ngx_memzero(&log->zstream, sizeof(z_stream));

        if (deflateInit2(&log->zstream, (int) log->level, Z_DEFLATED,
                         MAX_WBITS + 16, NGX_HTTP_JOURNEY_LOG_MEMORY,
                         Z_DEFAULT_STRATEGY)
            != Z_OK)
        {
            return NGX_ERROR;
        }

        log->zready = 1;
    }

    log->out_size = deflateBound(&log->zstream, log->buffer)
                    + NGX_HTTP_JOURNEY_LOG_EXTRA + 2;

    log->out = ngx_alloc(log->out_size, ngx_cycle->log);
    log->start = ngx_alloc(log->buffer, ngx_cycle->log);

    if (log->out == NULL || log->start == NULL) {
        ngx_http_journey_log_close(log);
        return NGX_ERROR;
    }

    log->last = log->start;
    log->end = log->start + log->buffer;
    log->lines = 0;

    log->event.data = log;
    log->event.handler = ngx_http_journey_log_timer;
    log->event.log = ngx_cycle->log;
    log->event.cancelable = 1;

    return NGX_OK;
}


/* Runs as long as a file is open, so that an idle worker lets go of a file
 * that was renamed, or whose period is over. */

static void
ngx_http_journey_log_timer(ngx_event_t *ev)
{
    ngx_http_journey_log_t *log = ev->data;

    ngx_http_journey_log_flush(log);

    if (log->timed) {
        ngx_http_journey_log_period(log);
    }

    ngx_http_journey_log_follow(log);

    if (log->fd != NGX_INVALID_FILE) {
        ngx_add_timer(ev, log->flush);
    }
}


static void
ngx_http_journey_log_flush(ngx_http_journey_log_t *log)
{
    size_t      size;
    ngx_uint_t  lines;

    if (log->last == log->start) {
        return;
    }

    lines = log->lines;

    size = ngx_http_journey_log_compress(log);

    log->last = log->start;
    log->lines = 0;

    if (size > 0
        && ngx_http_journey_log_open(log) == NGX_OK
        && ngx_http_journey_log_write(log, size) == NGX_OK)
    {
        ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_MEMBERS, 1);
        ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_BYTES, size);
        return;
    }

    ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_ERRORS, 1);
    ngx_http_journey_log_count(log, NGX_HTTP_JOURNEY_LOG_DROPPED, lines);
}


/* One gzip member of all lines; its length, or 0. */

static size_t
ngx_http_journey_log_compress(ngx_http_journey_log_t *log)
{
    int         rc;
    size_t      size;
    u_char     *p;
    z_stream   *z;
    gz_header   header;
    u_char      extra[NGX_HTTP_JOURNEY_LOG_EXTRA] = { 'J', 'L', 4, 0 };

    z = &log->zstream;

    ngx_memzero(&header, sizeof(gz_header));

    header.os = 3;                          /* Unix */
    header.extra = extra;
    header.extra_len = NGX_HTTP_JOURNEY_LOG_EXTRA;

    rc = deflateReset(z);

    if (rc == Z_OK) {
        rc = deflateSetHeader(z, &header);
    }

    if (rc == Z_OK) {
        z->next_in = log->start;
        z->avail_in = (uInt) (log->last - log->start);
        z->next_out = log->out;
        z->avail_out = (uInt) log->out_size;

        rc = deflate(z, Z_FINISH);
    }

    if (rc != Z_STREAM_END) {
        ngx_http_journey_log_alert(log, 0, "deflate() failed");
        return 0;
    }

    size = log->out_size - z->avail_out;

    p = log->out + NGX_HTTP_JOURNEY_LOG_LENGTH;

    p[0] = (u_char) size;
    p[1] = (u_char) (size >> 8);
    p[2] = (u_char) (size >> 16);
    p[3] = (u_char) (size >> 24);

    return size;
}


static ngx_int_t
ngx_http_journey_log_open(ngx_http_journey_log_t *log)
{
    struct stat  st;

    ngx_http_journey_log_follow(log);

    if (log->fd != NGX_INVALID_FILE) {
        return NGX_OK;
    }

    /* O_NONBLOCK: what turned into a pipe must not hold the worker up */

    log->fd = open((char *) log->name,
                   O_WRONLY|O_APPEND|O_CREAT|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC,
                   0640);

    if (log->fd == NGX_INVALID_FILE) {
        ngx_http_journey_log_alert(log, ngx_errno, "open() failed");
        return NGX_ERROR;
    }

    if (fstat(log->fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        ngx_http_journey_log_alert(log, 0, "it is no regular file");
        ngx_http_journey_log_close_file(log);
        return NGX_ERROR;
    }

    /* tells others that the file is alive; whoever holds it exclusively has
     * renamed it first */

    (void) flock(log->fd, LOCK_SH|LOCK_NB);

    log->dev = st.st_dev;
    log->ino = st.st_ino;

    return NGX_OK;
}


/* Lets go of a file that no longer has the log's name. */

static void
ngx_http_journey_log_follow(ngx_http_journey_log_t *log)
{
    struct stat  st;

    if (log->fd == NGX_INVALID_FILE) {
        return;
    }

    if (lstat((char *) log->name, &st) == 0
        && st.st_dev == log->dev && st.st_ino == log->ino)
    {
        return;
    }

    ngx_http_journey_log_close_file(log);
}


static void
ngx_http_journey_log_close_file(ngx_http_journey_log_t *log)
{
    if (log->fd != NGX_INVALID_FILE) {

        if (ngx_close_file(log->fd) == NGX_FILE_ERROR) {
            ngx_http_journey_log_alert(log, ngx_errno, "close() failed");
        }

        log->fd = NGX_INVALID_FILE;
    }
}


/* In one write(), so that members of several workers do not mix. */

static ngx_int_t
ngx_http_journey_log_write(ngx_http_journey_log_t *log, size_t size)
{
    u_char   *p;
    ssize_t   n;

    for (p = log->out; size > 0; p += n, size -= n) {

        n = write(log->fd, p, size);

        if (n == -1) {

            if (ngx_errno == NGX_EINTR) {
                n = 0;
                continue;
            }

            ngx_http_journey_log_alert(log, ngx_errno, "write() failed");
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_journey_log_alert(ngx_http_journey_log_t *log, ngx_err_t err,
    const char *what)
{
    time_t  now;

    now = ngx_time();

    if (log->alerted != 0 && now - log->alerted < NGX_HTTP_JOURNEY_LOG_ALERT) {
        return;
    }

    log->alerted = now;

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, err,
                  "journey log \"%s\": %s", log->name, what);
}


void
ngx_http_journey_log_close(ngx_http_journey_log_t *log)
{
    if (log->start != NULL) {
        ngx_http_journey_log_flush(log);
    }

    ngx_http_journey_log_close_file(log);

    if (log->event.timer_set) {
        ngx_del_timer(&log->event);
    }

    if (log->zready) {
        (void) deflateEnd(&log->zstream);
        log->zready = 0;
    }

    if (log->start != NULL) {
        ngx_free(log->start);
        log->start = NULL;
    }

    if (log->out != NULL) {
        ngx_free(log->out);
        log->out = NULL;
    }
}
