
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* memrchr() */

#include "journey_url.h"

#include <strings.h>


/* Decodes [p, end) to dst, folds "//", "/./" and "/../"; NULL when it leads
 * above the root or is badly encoded, which nginx answers with 400. */

static u_char *
journey_url_path(u_char *dst, const u_char *p, const u_char *end)
{
    int      hex;
    u_char  *start, *last;

    start = dst;
    *dst++ = '/';

    for ( /* void */ ; p < end; p++) {

        if (*p != '%') {
            *dst++ = *p;

        } else {
            if (end - p < 3) {
                return NULL;
            }

            hex = journey_hex_byte(p + 1);

            if (hex <= 0) {
                return NULL;
            }

            *dst++ = (u_char) hex;
            p += 2;
        }

        if (dst[-1] == '/' && dst[-2] == '/') {
            dst--;
        }

        /* a segment ends at a slash or with the path */

        if (dst[-1] != '/' && p + 1 < end) {
            continue;
        }

        last = (dst[-1] == '/') ? dst - 1 : dst;

        if (last - start >= 2 && last[-1] == '.' && last[-2] == '/') {
            dst = last - 1;

        } else if (last - start >= 3 && last[-1] == '.' && last[-2] == '.'
                   && last[-3] == '/')
        {
            dst = last - 3;

            if (dst == start) {
                return NULL;
            }

            while (dst[-1] != '/') {
                dst--;
            }
        }
    }

    return dst;
}


/* The host of "scheme://[user@]host[:port]": behind the scheme at *p, which is
 * moved to its end; to dst in lower case.  NULL when it is none. */

static u_char *
journey_url_host(u_char *dst, const u_char **url, const u_char *end)
{
    u_char        *start;
    const u_char  *p, *last, *at;

    for (p = *url; p < end && *p != '/' && *p != '?'; p++) {
        if (*p <= ' ' || *p >= 0x7f || *p == '"' || *p == '\\') {
            return NULL;
        }
    }

    last = p;
    at = memrchr(*url, '@', last - *url);
    p = (at == NULL) ? *url : at + 1;
    start = dst;

    /* the colons of an IPv6 literal are no port's */

    if (p < last && *p == '[') {
        while (p < last && *p != ']') {
            *dst++ = journey_tolower(*p);
            p++;
        }
    }

    while (p < last && *p != ':') {
        *dst++ = journey_tolower(*p);
        p++;
    }

    *url = last;

    return (dst == start || dst - start > JOURNEY_HOST_MAX) ? NULL : dst;
}


const char *
journey_url_parse(journey_url_t *parts, const journey_str_t *url, u_char *buf)
{
    u_char        *dst;
    const u_char  *p, *end, *path, *query;

    memset(parts, 0, sizeof(journey_url_t));

    p = url->data;
    end = p + url->len;
    dst = buf;

    if (url->len == 0) {
        return NULL;
    }

    query = memchr(p, '#', url->len);
    end = (query == NULL) ? end : query;

    if (url->data[0] != '/') {
        if (end - p >= 7 && strncasecmp((char *) p, "http://", 7) == 0) {
            p += 7;

        } else if (end - p >= 8
                   && strncasecmp((char *) p, "https://", 8) == 0)
        {
            p += 8;

        } else {
            return "the URL is neither http nor https nor a path";
        }

        dst = journey_url_host(buf, &p, end);

        if (dst == NULL) {
            return "bad host in the URL";
        }

        parts->host.data = buf;
        parts->host.len = dst - buf;
    }

    query = memchr(p, '?', end - p);
    path = (query == NULL) ? end : query;

    parts->path.data = dst;
    dst = journey_url_path(dst, p + (p < path), path);

    if (dst == NULL) {
        return "bad path in the URL";
    }

    parts->path.len = dst - parts->path.data;

    if (query != NULL) {
        parts->args.data = (u_char *) query + 1;
        parts->args.len = end - query - 1;
    }

    return NULL;
}
