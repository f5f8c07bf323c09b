
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The cookie: its directive, finding the client's, writing ours
 * (design, section 7).
 */


#include "ngx_http_journey_module.h"
#include "ngx_http_journey_compat.h"


#define NGX_HTTP_JOURNEY_COOKIE_NAME_MAX  64
#define NGX_HTTP_JOURNEY_MAX_AGE          (400 * 24 * 3600)
#define NGX_HTTP_JOURNEY_MAX_AGE_DEFAULT  (390 * 24 * 3600)


/* Parameters of journey_cookie, before they are rendered. */

typedef struct {
    ngx_str_t                    domain;
    ngx_str_t                    path;
    ngx_str_t                    samesite;
} ngx_http_journey_cookie_params_t;


/* A place in the client's Cookie headers; all zero at first. */

typedef struct {
    ngx_table_elt_t             *h;
    ngx_uint_t                   i;
    u_char                      *p;     /* in its value */
} ngx_http_journey_cookie_place_t;


static char *ngx_http_journey_cookie_name(ngx_conf_t *cf, ngx_str_t *name);
static char *ngx_http_journey_cookie_param(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_journey_cookie_t *cookie,
    ngx_http_journey_cookie_params_t *params);
static char *ngx_http_journey_cookie_domain(ngx_str_t *domain);
static char *ngx_http_journey_cookie_secure(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_journey_cookie_t *cookie);
static char *ngx_http_journey_cookie_prefix(ngx_conf_t *cf,
    ngx_http_journey_cookie_t *cookie,
    ngx_http_journey_cookie_params_t *params);
static char *ngx_http_journey_cookie_render(ngx_conf_t *cf,
    ngx_http_journey_cookie_t *cookie,
    ngx_http_journey_cookie_params_t *params);
static ngx_int_t ngx_http_journey_cookie_next(ngx_http_request_t *r,
    ngx_http_journey_cookie_place_t *place, ngx_str_t *set,
    journey_str_t *value);
static ngx_int_t ngx_http_journey_cookie_push(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie, ngx_str_t *set, journey_str_t *token,
    time_t life);
static ngx_int_t ngx_http_journey_cookie_verify(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie, journey_str_t *token,
    journey_state_t *state);
static ngx_int_t ngx_http_journey_cookie_is_secure(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie);


char *
ngx_http_journey_cookie(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t                         *value;
    ngx_uint_t                         i;
    ngx_http_journey_cookie_t         *cookie;
    ngx_http_journey_cookie_params_t   params;

    if (jlcf->cookie != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_http_journey_cookie_name(cf, &value[1]) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    cookie = ngx_pcalloc(cf->pool, sizeof(ngx_http_journey_cookie_t));
    if (cookie == NULL) {
        return NGX_CONF_ERROR;
    }

    cookie->name = value[1];
    cookie->max_age = NGX_HTTP_JOURNEY_MAX_AGE_DEFAULT;
    cookie->secure = NGX_HTTP_JOURNEY_SECURE_AUTO;

    ngx_str_null(&params.domain);
    ngx_str_set(&params.path, "/");
    ngx_str_set(&params.samesite, "Lax");

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_journey_cookie_param(cf, &value[i], cookie, &params)
            != NGX_CONF_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of "
                               "\"journey_cookie\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_strcmp(params.samesite.data, "None") == 0
        && cookie->secure == NGX_HTTP_JOURNEY_SECURE_OFF)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"samesite=none\" of \"journey_cookie\" needs "
                           "another \"secure=\" than off: browsers refuse it");
        return NGX_CONF_ERROR;
    }

    if (ngx_http_journey_cookie_prefix(cf, cookie, &params) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    jlcf->cookie = cookie;
    ngx_http_journey_at(cf, &jlcf->cookie_at);

    return ngx_http_journey_cookie_render(cf, cookie, &params);
}


/* A cookie's name is a token of RFC 9110, section 5.6.2. */

static char *
ngx_http_journey_cookie_name(ngx_conf_t *cf, ngx_str_t *name)
{
    u_char      c;
    ngx_uint_t  i;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
            || (c >= 'A' && c <= 'Z')
            || (c != '\0' && ngx_strchr("!#$%&'*+-.^_`|~", c) != NULL))
        {
            continue;
        }

        break;
    }

    if (name->len == 0 || i < name->len
        || name->len > NGX_HTTP_JOURNEY_COOKIE_NAME_MAX)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid cookie name \"%V\" of \"journey_cookie\"",
                           name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_journey_cookie_param(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_journey_cookie_t *cookie,
    ngx_http_journey_cookie_params_t *params)
{
    ngx_str_t   s;
    ngx_uint_t  i;

    if (ngx_http_journey_prefix(value, "domain=")) {
        params->domain.data = value->data + 7;
        params->domain.len = value->len - 7;

        return ngx_http_journey_cookie_domain(&params->domain);
    }

    if (ngx_http_journey_prefix(value, "path=")) {
        params->path.data = value->data + 5;
        params->path.len = value->len - 5;

        for (i = 0; i < params->path.len; i++) {
            if (params->path.data[i] <= ' ' || params->path.data[i] >= 0x7f
                || params->path.data[i] == ';' || params->path.data[i] == ',')
            {
                return NGX_CONF_ERROR;
            }
        }

        return (params->path.len > 0 && params->path.data[0] == '/')
               ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    if (ngx_http_journey_prefix(value, "max_age=")) {
        s.data = value->data + 8;
        s.len = value->len - 8;

        cookie->max_age = ngx_parse_time(&s, 1);

        return (cookie->max_age >= 60
                && cookie->max_age <= NGX_HTTP_JOURNEY_MAX_AGE)
               ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    if (ngx_strcmp(value->data, "samesite=lax") == 0) {
        ngx_str_set(&params->samesite, "Lax");
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value->data, "samesite=strict") == 0) {
        ngx_str_set(&params->samesite, "Strict");
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value->data, "samesite=none") == 0) {
        ngx_str_set(&params->samesite, "None");
        return NGX_CONF_OK;
    }

    if (ngx_http_journey_prefix(value, "secure=")) {
        s.data = value->data + 7;
        s.len = value->len - 7;

        return ngx_http_journey_cookie_secure(cf, &s, cookie);
    }

    return NGX_CONF_ERROR;
}


/* Labels of letters, digits and inner hyphens; a dot in front is what old
 * configurations have, and browsers pass over it. */

static char *
ngx_http_journey_cookie_domain(ngx_str_t *domain)
{
    u_char      c, previous;
    ngx_uint_t  i;

    previous = '.';

    for (i = (domain->len > 0 && domain->data[0] == '.'); i < domain->len; i++)
    {
        c = domain->data[i];

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
            || (c == '-' && previous != '.')
            || (c == '.' && previous != '.' && previous != '-'))
        {
            previous = c;
            continue;
        }

        return NGX_CONF_ERROR;
    }

    return (previous != '.' && previous != '-') ? NGX_CONF_OK
                                                : NGX_CONF_ERROR;
}


static char *
ngx_http_journey_cookie_secure(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_journey_cookie_t *cookie)
{
    if (ngx_strcmp(value->data, "auto") == 0) {
        cookie->secure = NGX_HTTP_JOURNEY_SECURE_AUTO;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value->data, "on") == 0) {
        cookie->secure = NGX_HTTP_JOURNEY_SECURE_ON;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value->data, "off") == 0) {
        cookie->secure = NGX_HTTP_JOURNEY_SECURE_OFF;
        return NGX_CONF_OK;
    }

    cookie->secure = NGX_HTTP_JOURNEY_SECURE_VALUE;
    cookie->secure_value = ngx_http_journey_compile(cf, value);

    return (cookie->secure_value != NULL
            && cookie->secure_value->lengths != NULL)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* What browsers demand of the prefixes __Host- and __Secure-. */

static char *
ngx_http_journey_cookie_prefix(ngx_conf_t *cf,
    ngx_http_journey_cookie_t *cookie,
    ngx_http_journey_cookie_params_t *params)
{
    if (cookie->secure == NGX_HTTP_JOURNEY_SECURE_OFF
        && (ngx_http_journey_prefix(&cookie->name, "__Host-")
            || ngx_http_journey_prefix(&cookie->name, "__Secure-")))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"secure=off\" of \"journey_cookie\": browsers "
                           "refuse the cookie \"%V\" then", &cookie->name);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_journey_prefix(&cookie->name, "__Host-")
        && (params->domain.len > 0 || params->path.len != 1))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"journey_cookie\": browsers refuse the cookie "
                           "\"%V\" with a domain or a path other than \"/\"",
                           &cookie->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_journey_cookie_render(ngx_conf_t *cf,
    ngx_http_journey_cookie_t *cookie,
    ngx_http_journey_cookie_params_t *params)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, 2 * cookie->name.len + sizeof("=_out=") - 1);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    cookie->set.data = p;
    cookie->set.len = ngx_sprintf(p, "%V=", &cookie->name) - p;

    p += cookie->set.len;

    cookie->optout.data = p;
    cookie->optout.len = ngx_sprintf(p, "%V_out=", &cookie->name) - p;

    p = ngx_pnalloc(cf->pool, params->path.len + params->domain.len
                              + sizeof("; Path=; Domain=; HttpOnly; "
                                       "SameSite=Strict; Max-Age="));
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    cookie->attributes.data = p;

    p = ngx_sprintf(p, "; Path=%V", &params->path);

    if (params->domain.len > 0) {
        cookie->domain = params->domain;
        p = ngx_sprintf(p, "; Domain=%V", &params->domain);
    }

    p = ngx_sprintf(p, "; HttpOnly; SameSite=%V; Max-Age=",
                    &params->samesite);

    cookie->attributes.len = p - cookie->attributes.data;

    return NGX_CONF_OK;
}


ngx_http_journey_cookie_t *
ngx_http_journey_cookie_default(ngx_conf_t *cf)
{
    ngx_http_journey_cookie_t         *cookie;
    ngx_http_journey_cookie_params_t   params;

    cookie = ngx_pcalloc(cf->pool, sizeof(ngx_http_journey_cookie_t));
    if (cookie == NULL) {
        return NULL;
    }

    ngx_str_set(&cookie->name, "jny");
    cookie->max_age = NGX_HTTP_JOURNEY_MAX_AGE_DEFAULT;
    cookie->secure = NGX_HTTP_JOURNEY_SECURE_AUTO;

    ngx_str_null(&params.domain);
    ngx_str_set(&params.path, "/");
    ngx_str_set(&params.samesite, "Lax");

    if (ngx_http_journey_cookie_render(cf, cookie, &params) != NGX_CONF_OK) {
        return NULL;
    }

    return cookie;
}


/*
 * Several cookies of the name may be there (another path, a parent domain, a
 * client's invention): the first that verifies counts.
 */

ngx_int_t
ngx_http_journey_cookie_find(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie, journey_state_t *state)
{
    journey_str_t                    token;
    ngx_http_journey_cookie_place_t  place;

    ngx_memzero(&place, sizeof(ngx_http_journey_cookie_place_t));

    while (ngx_http_journey_cookie_next(r, &place, &cookie->set, &token)
           == NGX_OK)
    {
        if (ngx_http_journey_cookie_verify(r, cookie, &token, state)
            == NGX_OK)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_uint_t
ngx_http_journey_cookie_sent(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie)
{
    journey_str_t                    token;
    ngx_http_journey_cookie_place_t  place;

    ngx_memzero(&place, sizeof(ngx_http_journey_cookie_place_t));

    return ngx_http_journey_cookie_next(r, &place, &cookie->set, &token)
           == NGX_OK;
}


ngx_uint_t
ngx_http_journey_cookie_optout(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie)
{
    journey_str_t                    value;
    ngx_http_journey_cookie_place_t  place;

    ngx_memzero(&place, sizeof(ngx_http_journey_cookie_place_t));

    while (ngx_http_journey_cookie_next(r, &place, &cookie->optout, &value)
           == NGX_OK)
    {
        if (value.len == 1 && value.data[0] == '1') {
            return 1;
        }
    }

    return 0;
}


/*
 * The next cookie whose "name=" is set; its value without blanks at the end.
 * Before nginx 1.29.6 a comma ended a cookie too for its own finders; RFC 6265
 * knows ";" alone.
 */

static ngx_int_t
ngx_http_journey_cookie_next(ngx_http_request_t *r,
    ngx_http_journey_cookie_place_t *place, ngx_str_t *set,
    journey_str_t *value)
{
    u_char  *p, *end, *last;

    if (place->h == NULL && place->i == 0) {
        place->h = ngx_http_journey_cookie_header(r, 0, NULL);
        place->p = (place->h != NULL) ? place->h->value.data : NULL;
    }

    while (place->h != NULL) {

        end = place->h->value.data + place->h->value.len;

        while (place->p < end) {

            p = place->p;

            while (p < end && (*p == ' ' || *p == '\t')) {
                p++;
            }

            last = memchr(p, ';', end - p);
            if (last == NULL) {
                last = end;
            }

            place->p = last + 1;

            if ((size_t) (last - p) < set->len
                || ngx_memcmp(p, set->data, set->len) != 0)
            {
                continue;
            }

            value->data = p + set->len;
            value->len = last - value->data;

            while (value->len > 0 && value->data[value->len - 1] == ' ') {
                value->len--;
            }

            return NGX_OK;
        }

        place->h = ngx_http_journey_cookie_header(r, ++place->i, place->h);
        place->p = (place->h != NULL) ? place->h->value.data : NULL;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_journey_cookie_verify(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie, journey_str_t *token,
    journey_state_t *state)
{
    journey_str_t                  name;
    journey_state_t                found;
    journey_token_e                result;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    name = ngx_http_journey_str(&cookie->name);

    result = journey_token_decode(mcf->keys, &name, token,
                                  (uint32_t) r->start_sec,
                                  (uint32_t) cookie->max_age, &found);

    ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_TOKENS + result);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "journey token of %uz bytes: %d", token->len, result);

    if (result != JOURNEY_TOKEN_OK) {

        /* what has expired was decoded, and must not lend its id */

        return NGX_DECLINED;
    }

    *state = found;

    return NGX_OK;
}


ngx_int_t
ngx_http_journey_cookie_set(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie, journey_state_t *state)
{
    time_t                         life;
    u_char                         buf[JOURNEY_TOKEN_MAX];
    journey_str_t                  name, token;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    /* the life of the id is fixed from first seen, whatever comes later */

    life = (time_t) state->first_seen + cookie->max_age - r->start_sec;

    if (life <= 0) {
        return NGX_OK;
    }

    name = ngx_http_journey_str(&cookie->name);

    token.data = buf;
    token.len = journey_token_encode(mcf->keys, &name, state, buf);

    if (token.len == 0) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "libcrypto failed to sign a journey cookie");
        return NGX_ERROR;
    }

    if (ngx_http_journey_cookie_push(r, cookie, &cookie->set, &token, life)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_COOKIES_SET);

    return NGX_OK;
}


ngx_int_t
ngx_http_journey_cookie_delete(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie)
{
    journey_str_t                  nothing;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_journey_module);

    journey_str_null(&nothing);

    if (ngx_http_journey_cookie_push(r, cookie, &cookie->set, &nothing, 0)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_journey_count(mcf, NGX_HTTP_JOURNEY_COOKIES_DELETED);

    return NGX_OK;
}


ngx_int_t
ngx_http_journey_cookie_out(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie, ngx_uint_t out)
{
    journey_str_t  value;

    journey_str_null(&value);

    if (out) {
        value.data = (u_char *) "1";
        value.len = 1;
    }

    return ngx_http_journey_cookie_push(r, cookie, &cookie->optout, &value,
                                        out ? NGX_HTTP_JOURNEY_OPTOUT_AGE : 0);
}


static ngx_int_t
ngx_http_journey_cookie_push(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie, ngx_str_t *set, journey_str_t *token,
    time_t life)
{
    u_char     *p;
    ngx_str_t   key, value;

    p = ngx_pnalloc(r->pool, set->len + token->len + cookie->attributes.len
                             + NGX_TIME_T_LEN + sizeof("; Secure") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

    p = ngx_cpymem(p, set->data, set->len);
    p = ngx_cpymem(p, token->data, token->len);
    p = ngx_cpymem(p, cookie->attributes.data, cookie->attributes.len);
    p = journey_write_uint(p, (uint64_t) life);

    if (ngx_http_journey_cookie_is_secure(r, cookie)) {
        p = ngx_cpymem(p, "; Secure", sizeof("; Secure") - 1);
    }

    value.len = p - value.data;

    ngx_str_set(&key, "Set-Cookie");

    return (ngx_http_journey_push_header(r, &key, &value) == NULL)
           ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_http_journey_cookie_is_secure(ngx_http_request_t *r,
    ngx_http_journey_cookie_t *cookie)
{
    ngx_str_t  value;

    switch (cookie->secure) {

    case NGX_HTTP_JOURNEY_SECURE_ON:
        return 1;

    case NGX_HTTP_JOURNEY_SECURE_OFF:
        return 0;

    case NGX_HTTP_JOURNEY_SECURE_VALUE:

        if (ngx_http_complex_value(r, cookie->secure_value, &value)
            != NGX_OK)
        {
            return 1;
        }

        /* so that a proxy's X-Forwarded-Proto can be named as it is */

        return value.len > 0
               && !(value.len == 1 && value.data[0] == '0')
               && !(value.len == 3 && ngx_strncmp(value.data, "off", 3) == 0)
               && !(value.len == 4
                    && ngx_strncasecmp(value.data, (u_char *) "http", 4) == 0);

    default: /* NGX_HTTP_JOURNEY_SECURE_AUTO */
#if (NGX_HTTP_SSL)
        return r->connection->ssl != NULL;
#else
        return 0;
#endif
    }
}
