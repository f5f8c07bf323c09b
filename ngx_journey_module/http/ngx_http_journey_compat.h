
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The one place that knows versions of nginx.  1.23.0 turned the array of
 * Cookie headers into a linked list, and so some response headers; 1.29.0
 * brought responses of the status 103 with filters of their own.
 */


#ifndef NGX_HTTP_JOURNEY_COMPAT_H
#define NGX_HTTP_JOURNEY_COMPAT_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#define NGX_HTTP_JOURNEY_EARLY_HINTS  (nginx_version >= 1029000)


/* The i-th Cookie header, or NULL; previous is the one before. */

static ngx_inline ngx_table_elt_t *
ngx_http_journey_cookie_header(ngx_http_request_t *r, ngx_uint_t i,
    ngx_table_elt_t *previous)
{
#if (nginx_version >= 1023000)

    return (i == 0) ? r->headers_in.cookie : previous->next;

#else

    ngx_table_elt_t  **h;

    (void) previous;

    h = r->headers_in.cookies.elts;

    return (i < r->headers_in.cookies.nelts) ? h[i] : NULL;

#endif
}


/* Adds a response header with the name and value given; both must live as
 * long as the request.  NULL without memory. */

static ngx_inline ngx_table_elt_t *
ngx_http_journey_push_header(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
    h->key = *name;
    h->value = *value;
    h->lowcase_key = NULL;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return h;
}


#endif /* NGX_HTTP_JOURNEY_COMPAT_H */
