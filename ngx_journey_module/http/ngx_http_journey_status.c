
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_status: the counters of the zone, in one of three formats; JSON is
 * written here.
 */


#include "ngx_http_journey_status.h"


static ngx_int_t ngx_http_journey_status_json_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_journey_status_prometheus_handler(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_journey_status_html_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_journey_status_answer(ngx_http_request_t *r,
    const ngx_http_journey_format_t *format);
static ngx_buf_t *ngx_http_journey_status_document(ngx_http_request_t *r,
    const ngx_http_journey_format_t *format);
static ngx_int_t ngx_http_journey_status_headers(ngx_http_request_t *r,
    const ngx_http_journey_format_t *format);
static size_t ngx_http_journey_json_size(
    ngx_http_journey_snapshot_t *snapshot);
static u_char *ngx_http_journey_json_write(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot);
static u_char *ngx_http_journey_json_fields(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot);
static u_char *ngx_http_journey_json_named(u_char *p, u_char *last,
    const char *key, ngx_array_t *found, ngx_uint_t zeros);
static u_char *ngx_http_journey_json_goals(u_char *p, u_char *last,
    ngx_array_t *goals);


/* Those that an argument can name. */

static const struct {
    const ngx_http_journey_format_t  *format;
    ngx_http_handler_pt               handler;
} ngx_http_journey_status_formats[] = {
    { &ngx_http_journey_status_json, ngx_http_journey_status_json_handler },
    { &ngx_http_journey_status_prometheus,
      ngx_http_journey_status_prometheus_handler },
    { &ngx_http_journey_status_html, ngx_http_journey_status_html_handler },
    { NULL, NULL }
};


const ngx_http_journey_format_t  ngx_http_journey_status_json = {
    ngx_string("json"),
    ngx_string("application/json"),
    sizeof("application/json") - 1,
    ngx_null_string,
    ngx_http_journey_json_size,
    ngx_http_journey_json_write
};


char *
ngx_http_journey_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                     *value, name;
    ngx_uint_t                     i;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_journey_main_conf_t  *mcf;

    value = cf->args->elts;

    if (cf->args->nelts == 2) {
        name = value[1];

    } else {
        name = ngx_http_journey_status_json.name;
    }

    for (i = 0; /* void */ ; i++) {

        if (ngx_http_journey_status_formats[i].format == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid format \"%V\" of \"journey_status\": "
                               "it is \"json\", \"prometheus\" or \"html\"",
                               &name);
            return NGX_CONF_ERROR;
        }

        if (name.len == ngx_http_journey_status_formats[i].format->name.len
            && ngx_memcmp(name.data,
                          ngx_http_journey_status_formats[i].format->name.data,
                          name.len)
               == 0)
        {
            break;
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_journey_status_formats[i].handler;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);
    mcf->used = 1;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_journey_status_json_handler(ngx_http_request_t *r)
{
    return ngx_http_journey_status_answer(r, &ngx_http_journey_status_json);
}


static ngx_int_t
ngx_http_journey_status_prometheus_handler(ngx_http_request_t *r)
{
    return ngx_http_journey_status_answer(r,
                                          &ngx_http_journey_status_prometheus);
}


static ngx_int_t
ngx_http_journey_status_html_handler(ngx_http_request_t *r)
{
    return ngx_http_journey_status_answer(r, &ngx_http_journey_status_html);
}


static ngx_int_t
ngx_http_journey_status_answer(ngx_http_request_t *r,
    const ngx_http_journey_format_t *format)
{
    ngx_buf_t               *b;
    ngx_int_t                rc;
    ngx_chain_t              out;
    ngx_http_journey_ctx_t  *ctx;

    /* whoever watches is no visitor, in whichever format */

    ctx = (r == r->main) ? ngx_http_journey_get_ctx(r) : NULL;

    if (ctx != NULL) {
        ctx->endpoint = 1;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    b = ngx_http_journey_status_document(r, format);

    if (b == NULL || ngx_http_journey_status_headers(r, format) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = b->last - b->pos;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_buf_t *
ngx_http_journey_status_document(ngx_http_request_t *r,
    const ngx_http_journey_format_t *format)
{
    ngx_buf_t                     *b;
    ngx_str_t                      value;
    ngx_http_journey_main_conf_t  *mcf;
    ngx_http_journey_snapshot_t   *snapshot;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    snapshot = ngx_palloc(r->pool, sizeof(ngx_http_journey_snapshot_t));

    if (snapshot == NULL
        || ngx_http_journey_snapshot(r->pool, mcf, snapshot) != NGX_OK)
    {
        return NULL;
    }

    snapshot->paused = (ngx_http_arg(r, (u_char *) "refresh", 7, &value)
                        == NGX_OK
                        && value.len == 1 && value.data[0] == '0');

    /* one byte more than the document: a full buffer is one that cut it */

    b = ngx_create_temp_buf(r->pool, format->size(snapshot) + 1);
    if (b == NULL) {
        return NULL;
    }

    b->last = format->write(b->last, b->end, snapshot);

    if (b->last >= b->end) {
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "\"journey_status\" %V: %uz bytes are too few",
                      &format->name, (size_t) (b->end - b->start));
        return NULL;
    }

    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    return b;
}


static ngx_int_t
ngx_http_journey_status_headers(ngx_http_request_t *r,
    const ngx_http_journey_format_t *format)
{
    ngx_table_elt_t  *h;

    r->headers_out.content_type = format->type;
    r->headers_out.content_type_len = format->type_len;
    r->headers_out.content_type_lowcase = NULL;

    if (ngx_http_journey_no_store(r) != NGX_OK) {
        return NGX_ERROR;
    }

    if (format->csp.len == 0) {
        return NGX_OK;
    }

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    ngx_str_set(&h->key, "Content-Security-Policy");
    h->value = format->csp;

    return NGX_OK;
}


/* A name stands between quotes, with a colon and a comma; its escapes are at
 * most six times as long. */

#define ngx_http_journey_json_key(len)  (6 * (len) + sizeof("\"\":,") - 1)

static size_t
ngx_http_journey_json_size(ngx_http_journey_snapshot_t *snapshot)
{
    size_t                            size;
    ngx_uint_t                        i, k;
    ngx_array_t                      *lists[3];
    ngx_http_journey_named_t         *named;
    ngx_http_journey_counted_goal_t  *goal;

    size = sizeof("{\"version\":\"" NGX_HTTP_JOURNEY_VERSION "\",\"time\":,"
                  "\"started\":,\"channels\":{},\"phases\":{},\"goals\":{},"
                  "\"bot_reasons\":{}}\n")
           + 2 * NGX_TIME_T_LEN
           + ngx_http_journey_privacy_size(snapshot->mcf);

    for (i = 0; i < ngx_http_journey_status_nfields; i++) {

        if (ngx_http_journey_status_fields[i].key == NULL) {
            size += sizeof("}") - 1;
            continue;
        }

        size += ngx_http_journey_json_key(
                              ngx_strlen(ngx_http_journey_status_fields[i].key))
                + NGX_ATOMIC_T_LEN;
    }

    lists[0] = &snapshot->channels;
    lists[1] = &snapshot->phases;
    lists[2] = &snapshot->reasons;

    for (k = 0; k < 3; k++) {
        named = lists[k]->elts;

        for (i = 0; i < lists[k]->nelts; i++) {
            size += ngx_http_journey_json_key(named[i].name.len)
                    + NGX_ATOMIC_T_LEN;
        }
    }

    goal = snapshot->goals.elts;

    for (i = 0; i < snapshot->goals.nelts; i++) {
        size += ngx_http_journey_json_key(goal[i].name.len)
                + sizeof("{\"reached\":,\"completed\":,\"values\":{}}") - 1
                + 2 * NGX_ATOMIC_T_LEN
                + goal[i].nworths * (ngx_http_journey_json_key(3)
                                     + NGX_HTTP_JOURNEY_MONEY_LEN);
    }

    return size;
}


static u_char *
ngx_http_journey_json_write(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot)
{
    p = ngx_slprintf(p, last,
                     "{\"version\":\"" NGX_HTTP_JOURNEY_VERSION "\","
                     "\"time\":%T,\"started\":%T",
                     snapshot->now, snapshot->started);

    p = ngx_http_journey_json_fields(p, last, snapshot);

    p = ngx_http_journey_json_named(p, last, "channels", &snapshot->channels,
                                    0);
    p = ngx_http_journey_json_named(p, last, "phases", &snapshot->phases, 0);
    p = ngx_http_journey_json_goals(p, last, &snapshot->goals);
    p = ngx_http_journey_json_named(p, last, "bot_reasons",
                                    &snapshot->reasons, 1);

    p = ngx_http_journey_privacy_json(p, last, snapshot->mcf,
                                      &snapshot->salts);

    return ngx_slprintf(p, last, "}\n");
}


static u_char *
ngx_http_journey_json_fields(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot)
{
    ngx_uint_t                       i, first;
    const ngx_http_journey_field_t  *field;

    first = 0;

    for (i = 0; i < ngx_http_journey_status_nfields; i++) {
        field = &ngx_http_journey_status_fields[i];

        if (field->key == NULL) {
            p = ngx_slprintf(p, last, "}");
            first = 0;
            continue;
        }

        p = ngx_slprintf(p, last, first ? "\"%s\":" : ",\"%s\":", field->key);
        first = 0;

        if (field->number == -1) {
            p = ngx_slprintf(p, last, "{");
            first = 1;

        } else {
            p = ngx_slprintf(p, last, "%uA",
                             snapshot->numbers[field->number]);
        }
    }

    return p;
}


static u_char *
ngx_http_journey_json_named(u_char *p, u_char *last, const char *key,
    ngx_array_t *found, ngx_uint_t zeros)
{
    ngx_uint_t                 i, first;
    ngx_http_journey_named_t  *named;

    p = ngx_slprintf(p, last, ",\"%s\":{", key);

    named = found->elts;
    first = 1;

    for (i = 0; i < found->nelts; i++) {

        if (named[i].n == 0 && !zeros) {
            continue;
        }

        if (!first) {
            p = ngx_slprintf(p, last, ",");
        }

        p = ngx_http_journey_json_string(p, &named[i].name);
        p = ngx_slprintf(p, last, ":%uA", named[i].n);
        first = 0;
    }

    return ngx_slprintf(p, last, "}");
}


static u_char *
ngx_http_journey_json_goals(u_char *p, u_char *last, ngx_array_t *goals)
{
    ngx_uint_t                        i, k;
    ngx_http_journey_worth_t         *worth;
    ngx_http_journey_counted_goal_t  *goal;

    p = ngx_slprintf(p, last, ",\"goals\":{");

    goal = goals->elts;

    for (i = 0; i < goals->nelts; i++) {

        if (i > 0) {
            p = ngx_slprintf(p, last, ",");
        }

        p = ngx_http_journey_json_string(p, &goal[i].name);
        p = ngx_slprintf(p, last,
                         ":{\"reached\":%uA,\"completed\":%uA,\"values\":{",
                         goal[i].reached, goal[i].completed);

        worth = goal[i].worths;

        for (k = 0; k < goal[i].nworths; k++) {
            p = ngx_slprintf(p, last, k ? ",\"%s\":" : "\"%s\":",
                             worth[k].currency);
            p = ngx_http_journey_status_money(p, last,
                                              worth[k].plus - worth[k].minus);
        }

        p = ngx_slprintf(p, last, "}}");
    }

    return ngx_slprintf(p, last, "}");
}


u_char *
ngx_http_journey_status_money(u_char *p, u_char *last, int64_t millionths)
{
    uint64_t    n, fraction;
    ngx_uint_t  digits;

    n = (millionths < 0) ? (uint64_t) 0 - (uint64_t) millionths
                         : (uint64_t) millionths;

    p = ngx_slprintf(p, last, (millionths < 0) ? "-%uL" : "%uL", n / 1000000);

    fraction = n % 1000000;

    if (fraction == 0) {
        return p;
    }

    for (digits = 6; fraction % 10 == 0; digits--) {
        fraction /= 10;
    }

    /* nginx's own printf knows no "%0*" */

    *p++ = '.';

    for (n = 1; --digits > 0; n *= 10) { /* void */ }

    for ( /* void */ ; n > 0; n /= 10) {
        *p++ = (u_char) ('0' + fraction / n % 10);
    }

    return p;
}
