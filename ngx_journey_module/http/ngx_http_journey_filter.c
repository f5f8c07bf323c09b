
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The two header filters.  The first runs before nginx's headers filter: it
 * sees the final status, and add_header may use our variables.  The second
 * runs after it, so that no "expires" or "add_header Cache-Control" lets a
 * shared cache hand one visitor's cookie, or $journey_link, to another
 * (design, section 7).
 */


#include "ngx_http_journey_module.h"
#include "ngx_http_journey_compat.h"


static ngx_int_t ngx_http_journey_header_filter(ngx_http_request_t *r);
#if (NGX_HTTP_JOURNEY_EARLY_HINTS)
static ngx_int_t ngx_http_journey_early_hints_filter(ngx_http_request_t *r);
#endif
static ngx_int_t ngx_http_journey_cache_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_journey_cache_filter_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_journey_keep_private(ngx_http_request_t *r);
static ngx_int_t ngx_http_journey_cut_public(ngx_http_request_t *r,
    ngx_str_t *value, ngx_uint_t *closed);
static u_char *ngx_http_journey_directive_end(u_char *p, u_char *last);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_header_filter_pt  ngx_http_next_cache_filter;
#if (NGX_HTTP_JOURNEY_EARLY_HINTS)
static ngx_http_output_header_filter_pt  ngx_http_next_early_hints_filter;
#endif


static ngx_http_module_t  ngx_http_journey_cache_filter_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_journey_cache_filter_init,    /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_journey_cache_filter_module = {
    NGX_MODULE_V1,
    &ngx_http_journey_cache_filter_module_ctx,
                                           /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_journey_header_filter(ngx_http_request_t *r)
{
    ngx_http_journey_ctx_t  *ctx;

    if (r != r->main) {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_journey_get_ctx(r);

    ngx_http_journey_application_read(r, ctx);

    /* a second run with the headers of the first thrown away is a filter's
     * that gave up the response; else one is enough */

    if (ctx == NULL || (ctx->filtered && !r->filter_finalize)) {
        return ngx_http_next_header_filter(r);
    }

    ctx->filtered = 1;

    if (!ctx->endpoint) {
        ctx->cookie = 0;
    }

    ngx_http_journey_final(r, ctx);

    ngx_http_journey_keep(r, ctx);

    return ngx_http_next_header_filter(r);
}


ngx_int_t
ngx_http_journey_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_journey_header_filter;

#if (NGX_HTTP_JOURNEY_EARLY_HINTS)
    ngx_http_next_early_hints_filter = ngx_http_top_early_hints_filter;
    ngx_http_top_early_hints_filter = ngx_http_journey_early_hints_filter;
#endif

    return NGX_OK;
}


#if (NGX_HTTP_JOURNEY_EARLY_HINTS)

/* What comes before the response is not the application's word yet, but no
 * more is it the client's to see. */

static ngx_int_t
ngx_http_journey_early_hints_filter(ngx_http_request_t *r)
{
    if (r == r->main) {
        ngx_http_journey_application_read(r, NULL);
    }

    return ngx_http_next_early_hints_filter(r);
}

#endif


/* Beside what "expires" may add: of two, this one counts. */

ngx_int_t
ngx_http_journey_no_store(ngx_http_request_t *r)
{
    ngx_str_t  key, value;

    ngx_str_set(&key, "Cache-Control");
    ngx_str_set(&value, "no-store");

    return (ngx_http_journey_push_header(r, &key, &value) == NULL)
           ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_http_journey_cache_filter(ngx_http_request_t *r)
{
    ngx_http_journey_ctx_t  *ctx;

    if (r != r->main) {
        return ngx_http_next_cache_filter(r);
    }

    ctx = ngx_http_journey_get_ctx(r);

    if (ctx != NULL && (ctx->cookie || ctx->linked)
        && ngx_http_journey_keep_private(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_cache_filter(r);
}


/* Modules' postconfigurations run in the order of the filters' modules: which
 * of ours is first differs between builds, so the flag is all that counts. */

static ngx_int_t
ngx_http_journey_cache_filter_init(ngx_conf_t *cf)
{
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);

    if (mcf->enabled || mcf->optouts) {
        ngx_http_next_cache_filter = ngx_http_top_header_filter;
        ngx_http_top_header_filter = ngx_http_journey_cache_filter;
    }

    return NGX_OK;
}


/* Drops "public" and "s-maxage" and adds "private", unless "private" or
 * "no-store" is there (RFC 9111, section 5.2.2). */

static ngx_int_t
ngx_http_journey_keep_private(ngx_http_request_t *r)
{
    u_char           *p;
    ngx_str_t         key, value;
    ngx_uint_t        i, closed;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *last;

    closed = 0;
    last = NULL;

    /* of all headers: not every handler makes its own known as such */

    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash == 0
            || h[i].key.len != sizeof("Cache-Control") - 1
            || ngx_strncasecmp(h[i].key.data, (u_char *) "Cache-Control",
                               sizeof("Cache-Control") - 1)
               != 0)
        {
            continue;
        }

        if (ngx_http_journey_cut_public(r, &h[i].value, &closed) != NGX_OK) {
            return NGX_ERROR;
        }

        if (h[i].value.len == 0) {
            h[i].hash = 0;
            continue;
        }

        last = &h[i];
    }

    if (closed) {
        return NGX_OK;
    }

    if (last != NULL) {
        p = ngx_pnalloc(r->pool, last->value.len + sizeof(", private") - 1);
        if (p == NULL) {
            return NGX_ERROR;
        }

        value.data = p;
        p = ngx_cpymem(p, last->value.data, last->value.len);
        p = ngx_cpymem(p, ", private", sizeof(", private") - 1);
        value.len = p - value.data;

        last->value = value;

        return NGX_OK;
    }

    ngx_str_set(&key, "Cache-Control");
    ngx_str_set(&value, "private");

    return (ngx_http_journey_push_header(r, &key, &value) == NULL)
           ? NGX_ERROR : NGX_OK;
}


/* Copies the directives that may stay; closed is set when one of them keeps
 * shared caches away already. */

static ngx_int_t
ngx_http_journey_cut_public(ngx_http_request_t *r, ngx_str_t *value,
    ngx_uint_t *closed)
{
    u_char  *p, *last, *end, *start, *dst, *copy;
    size_t   len, name;

    /* a comma may have come without the blank that is behind it here */

    copy = ngx_pnalloc(r->pool, 2 * value->len + 1);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    dst = copy;
    last = value->data + value->len;

    for (p = value->data; p < last; p = end + 1) {

        end = ngx_http_journey_directive_end(p, last);

        for (start = p; start < end && (*start == ' ' || *start == '\t');
             start++)
        {
            /* void */
        }

        for (len = end - start;
             len > 0 && (start[len - 1] == ' ' || start[len - 1] == '\t');
             len--)
        {
            /* void */
        }

        if (len == 0) {
            continue;
        }

        for (name = 0; name < len && start[name] != '='; name++) {
            /* void */
        }

        if ((name == 6 && ngx_strncasecmp(start, (u_char *) "public", 6) == 0)
            || (name == 8
                && ngx_strncasecmp(start, (u_char *) "s-maxage", 8) == 0))
        {
            continue;
        }

        /* private="field" keeps no more than that field */

        if ((len == 7 && ngx_strncasecmp(start, (u_char *) "private", 7) == 0)
            || (len == 8
                && ngx_strncasecmp(start, (u_char *) "no-store", 8) == 0))
        {
            *closed = 1;
        }

        if (dst > copy) {
            *dst++ = ',';
            *dst++ = ' ';
        }

        dst = ngx_cpymem(dst, start, len);
    }

    value->data = copy;
    value->len = dst - copy;

    return NGX_OK;
}


/* The next comma that is not inside quotes, or last. */

static u_char *
ngx_http_journey_directive_end(u_char *p, u_char *last)
{
    ngx_uint_t  quoted;

    for (quoted = 0; p < last; p++) {

        if (*p == '"') {
            quoted = !quoted;

        } else if (*p == '\\' && quoted && p + 1 < last) {
            p++;

        } else if (*p == ',' && !quoted) {
            break;
        }
    }

    return p;
}
