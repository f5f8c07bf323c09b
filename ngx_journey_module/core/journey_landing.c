
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_landing.h"
#include "journey_referrer.h"


/* In the order in which they are written; the last goes first. */

typedef struct {
    journey_str_t           name;
    journey_query_value_e   value;
} journey_landing_name_t;


static size_t journey_landing_beside(journey_landing_t *landing,
    const journey_str_t *base, int path, int query, u_char *buf);
static int journey_landing_scheme(const u_char **pos, const u_char *end);
static int journey_landing_authority(journey_landing_t *landing,
    const u_char **pos, const u_char *end);
static size_t journey_landing_decode(u_char *dst, const u_char *p,
    const u_char *end, unsigned slashes);
static size_t journey_landing_resolve(u_char *path, size_t len);
static uint32_t journey_landing_hash_path(uint32_t hash, const u_char *p,
    const u_char *end);
static uint32_t journey_landing_hash_args(uint32_t hash, const u_char *p,
    const u_char *end);
static size_t journey_landing_size(const journey_str_t *value);
static u_char *journey_landing_value(u_char *dst, const journey_str_t *value);


#define journey_landing_slash(c)  ((c) == '/' || (c) == '\\')


static const journey_landing_name_t  journey_landing_names[] = {
    { journey_string("utm_source="), JOURNEY_QUERY_SOURCE },
    { journey_string("utm_medium="), JOURNEY_QUERY_MEDIUM },
    { journey_string("utm_campaign="), JOURNEY_QUERY_CAMPAIGN },
    { journey_string("utm_content="), JOURNEY_QUERY_CONTENT },
    { journey_string("utm_term="), JOURNEY_QUERY_TERM }
};


int
journey_landing_parse(journey_landing_t *landing, const journey_str_t *base,
    const journey_str_t *location, unsigned rooted, u_char *buf)
{
    size_t         n;
    const u_char  *p, *end, *stop, *query;

    landing->host.data = landing->name;
    landing->host.len = 0;
    journey_str_null(&landing->args);

    p = location->data;
    end = p + location->len;

    while (p < end && *p <= ' ') {
        p++;
    }

    while (end > p && end[-1] <= ' ') {
        end--;
    }

    if (p == end) {
        return JOURNEY_DECLINED;
    }

    stop = memchr(p, '#', end - p);

    if (stop != NULL) {
        end = stop;
    }

    if (!rooted) {

        if (journey_landing_scheme(&p, end) != JOURNEY_OK) {
            return JOURNEY_DECLINED;
        }

        if (end - p > 1 && journey_landing_slash(p[0])
            && journey_landing_slash(p[1]))
        {
            p += 2;

            if (journey_landing_authority(landing, &p, end) != JOURNEY_OK) {
                return JOURNEY_DECLINED;
            }
        }
    }

    query = (p < end) ? memchr(p, '?', end - p) : NULL;
    stop = (query != NULL) ? query : end;

    n = 0;

    if (landing->host.len == 0 && !rooted
        && (p == stop || !journey_landing_slash(*p)))
    {
        n = journey_landing_beside(landing, base, p < stop, query != NULL,
                                   buf);
    }

    if (n == 0 && (p == stop || !journey_landing_slash(*p))) {
        buf[n++] = '/';
    }

    n += journey_landing_decode(buf + n, p, stop, 1);

    landing->path.data = buf;
    landing->path.len = journey_landing_resolve(buf, n);

    if (query != NULL) {
        landing->args.data = (u_char *) query + 1;
        landing->args.len = end - query - 1;
    }

    return JOURNEY_OK;
}


/*
 * What a target without a path from the root takes over of base: its folder,
 * with no path all of its path, with no query either its arguments.
 */

static size_t
journey_landing_beside(journey_landing_t *landing, const journey_str_t *base,
    int path, int query, u_char *buf)
{
    const u_char  *last;

    if (base->len == 0 || base->data[0] != '/') {
        return 0;
    }

    last = memchr(base->data, '?', base->len);

    if (last == NULL) {
        last = base->data + base->len;

    } else if (!path && !query) {
        landing->args.data = (u_char *) last + 1;
        landing->args.len = base->data + base->len - last - 1;
    }

    if (path) {
        while (last[-1] != '/') {
            last--;
        }
    }

    return journey_landing_decode(buf, base->data, last, 0);
}


/*
 * Goes behind the scheme of a URL, if there is one.  "http:path" has as many
 * readings as there are schemes of the page before: none is taken.
 */

static int
journey_landing_scheme(const u_char **pos, const u_char *end)
{
    u_char         c;
    size_t         n;
    const u_char  *p;

    p = *pos;

    for (n = 0; p + n < end; n++) {
        c = journey_tolower(p[n]);

        if (c >= 'a' && c <= 'z') {
            continue;
        }

        if (n == 0 || ((c < '0' || c > '9') && c != '+' && c != '-'
                       && c != '.'))
        {
            break;
        }
    }

    if (n == 0 || p + n == end || p[n] != ':') {
        return JOURNEY_OK;
    }

    if (n < 4 || n > 5 || journey_tolower(p[0]) != 'h'
        || journey_tolower(p[1]) != 't' || journey_tolower(p[2]) != 't'
        || journey_tolower(p[3]) != 'p'
        || (n == 5 && journey_tolower(p[4]) != 's'))
    {
        return JOURNEY_DECLINED;
    }

    p += n + 1;

    if (end - p < 3 || !journey_landing_slash(p[0])
        || !journey_landing_slash(p[1]))
    {
        return JOURNEY_DECLINED;
    }

    *pos = p;

    return JOURNEY_OK;
}


/* "[user[:pass]@]host[:port]" and goes behind it. */

static int
journey_landing_authority(journey_landing_t *landing, const u_char **pos,
    const u_char *end)
{
    const u_char  *p, *at, *stop, *port;

    p = *pos;

    for (stop = p; stop < end; stop++) {
        if (journey_landing_slash(*stop) || *stop == '?') {
            break;
        }
    }

    for (at = stop; at > p; at--) {
        if (at[-1] == '@') {
            p = at;
            break;
        }
    }

    for (port = stop; port > p && port[-1] >= '0' && port[-1] <= '9'; port--) {
        /* void */
    }

    landing->host.len = journey_host_read(landing->name, p,
                            ((port > p && port[-1] == ':') ? port - 1 : stop)
                            - p);

    *pos = stop;

    return (landing->host.len != 0) ? JOURNEY_OK : JOURNEY_DECLINED;
}


/* A path without its "%xx"; with slashes 1 backslashes become some. */

static size_t
journey_landing_decode(u_char *dst, const u_char *p, const u_char *end,
    unsigned slashes)
{
    int      hex;
    u_char  *start;

    for (start = dst; p < end; p++) {

        if (*p == '%') {
            hex = (end - p < 3) ? -1 : journey_hex_byte(p + 1);

            if (hex >= 0) {
                *dst++ = (u_char) hex;
                p += 2;
                continue;
            }
        }

        *dst++ = (slashes && *p == '\\') ? '/' : *p;
    }

    return dst - start;
}


/* In place: what is written never gets before what is read. */

static size_t
journey_landing_resolve(u_char *path, size_t len)
{
    size_t    n;
    u_char   *p, *dst, *end, *start;
    unsigned  open;

    dst = path;
    end = path + len;
    open = 1;

    for (p = path; p < end; /* void */ ) {

        if (*p == '/') {
            open = 1;
            p++;
            continue;
        }

        for (start = p; p < end && *p != '/'; p++) { /* void */ }

        n = p - start;

        if (n == 1 && start[0] == '.') {
            continue;
        }

        if (n == 2 && start[0] == '.' && start[1] == '.') {

            while (dst > path && *--dst != '/') { /* void */ }

            continue;
        }

        open = 0;

        *dst++ = '/';
        memmove(dst, start, n);
        dst += n;
    }

    /* a folder, named by its slash or by dots */

    if (open) {
        *dst++ = '/';
    }

    return dst - path;
}


uint32_t
journey_landing_hash(const journey_str_t *path, const journey_str_t *args)
{
    uint32_t  hash;

    hash = journey_hash(NULL, 0);

    if (path->len > 0) {
        hash = journey_landing_hash_path(hash, path->data,
                                         path->data + path->len);
    }

    if (args->len > 0) {
        hash = journey_hash_more(hash, (u_char *) "?", 1);
        hash = journey_landing_hash_args(hash, args->data,
                                         args->data + args->len);
    }

    return hash;
}


/* A server may have been told to keep doubled slashes; there are hardly any. */

static uint32_t
journey_landing_hash_path(uint32_t hash, const u_char *p, const u_char *end)
{
    const u_char  *start;

    start = p;

    while (p < end) {

        p = memchr(p, '/', end - p);

        if (p == NULL) {
            break;
        }

        p++;

        if (p < end && *p == '/') {
            hash = journey_hash_more(hash, start, p - start);

            while (p < end && *p == '/') {
                p++;
            }

            start = p;
        }
    }

    return journey_hash_more(hash, start, end - start);
}


/* Browsers encode of them what they have to, and leave what is encoded. */

static uint32_t
journey_landing_hash_args(uint32_t hash, const u_char *p, const u_char *end)
{
    int            hex;
    u_char         c;
    const u_char  *start;

    while (p < end) {

        start = p;
        p = memchr(start, '%', end - start);

        if (p == NULL) {
            p = end;
        }

        hash = journey_hash_more(hash, start, p - start);

        if (p == end) {
            break;
        }

        hex = (end - p < 3) ? -1 : journey_hex_byte(p + 1);
        c = (hex >= 0) ? (u_char) hex : *p;

        hash = journey_hash_more(hash, &c, 1);

        p += (hex >= 0) ? 3 : 1;
    }

    return hash;
}


size_t
journey_landing_write(u_char *dst, const journey_query_t *q, unsigned click)
{
    size_t                         size[sizeof(journey_landing_names)
                                        / sizeof(journey_landing_names[0])];
    size_t                         total;
    u_char                        *p;
    unsigned                       i, n;
    const journey_str_t           *kind;
    const journey_landing_name_t  *name;

    kind = journey_click_name(click ? q->click : JOURNEY_CLICK_NONE);
    total = (kind->len > 0) ? kind->len + sizeof("&=1") - 1 : 0;

    n = sizeof(size) / sizeof(size[0]);

    for (i = 0; i < n; i++) {
        name = &journey_landing_names[i];
        size[i] = journey_landing_size(&q->values[name->value]);

        if (size[i] > 0) {
            size[i] += 1 + name->name.len;
        }

        total += size[i];
    }

    /* the "&" before the first one is not written */

    for (i = n; total > JOURNEY_LANDING_MAX + 1; /* void */ ) {
        i--;
        total -= size[i];
        size[i] = 0;
    }

    p = dst;

    for (i = 0; i < n; i++) {

        if (size[i] == 0) {
            continue;
        }

        if (p > dst) {
            *p++ = '&';
        }

        name = &journey_landing_names[i];

        memcpy(p, name->name.data, name->name.len);
        p = journey_landing_value(p + name->name.len, &q->values[name->value]);
    }

    if (kind->len > 0) {

        if (p > dst) {
            *p++ = '&';
        }

        memcpy(p, kind->data, kind->len);
        p += kind->len;

        *p++ = '=';
        *p++ = '1';
    }

    return p - dst;
}


/* Of bytes that are no part of a query's grammar each stands for itself. */

#define journey_landing_special(c)                                            \
    ((c) == '%' || (c) == '&' || (c) == '#' || (c) == '+')


static size_t
journey_landing_size(const journey_str_t *value)
{
    size_t  i, n;

    n = value->len;

    if (journey_str_is(value, "null")) {
        n += sizeof("http://") - 1;
    }

    for (i = 0; i < value->len; i++) {
        n += journey_landing_special(value->data[i]) ? 2 : 0;
    }

    return n;
}


static u_char *
journey_landing_value(u_char *dst, const journey_str_t *value)
{
    u_char               c;
    size_t               i;
    static const u_char  hex[] = "0123456789abcdef";

    /* the host of that name was one in a URL: alone it would be no value */

    if (journey_str_is(value, "null")) {
        memcpy(dst, "http://", 7);
        dst += 7;
    }

    for (i = 0; i < value->len; i++) {
        c = value->data[i];

        if (journey_landing_special(c)) {
            *dst++ = '%';
            *dst++ = hex[c >> 4];
            c = hex[c & 0xf];
        }

        *dst++ = c;
    }

    return dst;
}
