
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The token is two parts with a "." between them: base64url of the time and
 * of the hosts' hashes, and the visitor's token of journey_token.h.  The MAC
 * of the second covers the first and the browser, as its name.
 */


#include "journey_handover.h"


#define JOURNEY_HANDOVER_HEAD   (4 + 4 * JOURNEY_HANDOVER_HOSTS)
#define JOURNEY_HANDOVER_HEAD_TEXT  ((JOURNEY_HANDOVER_HEAD * 4 + 2) / 3)

/* Of a browser's name so much counts: it stands in no token. */
#define JOURNEY_HANDOVER_AGENT  512

#define JOURNEY_HANDOVER_NAME   (4 + JOURNEY_HANDOVER_HEAD_TEXT + 1           \
                                 + JOURNEY_HANDOVER_AGENT)


/* Clocks of two nodes differ. */
#define JOURNEY_HANDOVER_AHEAD  5       /* s */


static u_char *
journey_handover_put(u_char *p, uint32_t n)
{
    *p++ = (u_char) (n >> 24);
    *p++ = (u_char) (n >> 16);
    *p++ = (u_char) (n >> 8);
    *p++ = (u_char) n;

    return p;
}


static uint32_t
journey_handover_get(const u_char *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


uint32_t
journey_handover_host(const journey_str_t *host)
{
    return journey_hash(host->data, host->len);
}


/* The name that the visitor's token is signed under: no cookie has it. */

static void
journey_handover_name(journey_str_t *name, u_char *buf, const u_char *head,
    size_t len, const journey_str_t *agent)
{
    size_t   n;
    u_char  *p;

    p = buf;

    memcpy(p, "_jl=", 4);
    p += 4;

    memcpy(p, head, len);
    p += len;

    *p++ = '\0';

    n = journey_min(agent->len, JOURNEY_HANDOVER_AGENT);

    if (n > 0) {
        memcpy(p, agent->data, n);
        p += n;
    }

    name->data = buf;
    name->len = p - buf;
}


size_t
journey_handover_encode(const journey_keys_t *keys, const uint32_t *hosts,
    unsigned nhosts, const journey_str_t *agent, const journey_state_t *state,
    uint32_t now, u_char *dst)
{
    size_t         len;
    u_char         head[JOURNEY_HANDOVER_HEAD], *p;
    u_char         buf[JOURNEY_HANDOVER_NAME];
    unsigned       i;
    journey_str_t  name;

    if (nhosts == 0 || nhosts > JOURNEY_HANDOVER_HOSTS) {
        return 0;
    }

    p = journey_handover_put(head, now);

    for (i = 0; i < nhosts; i++) {
        p = journey_handover_put(p, hosts[i]);
    }

    p = journey_base64url_encode(dst, head, p - head);

    journey_handover_name(&name, buf, dst, p - dst, agent);

    *p++ = '.';

    len = journey_token_encode(keys, &name, state, p);

    return (len == 0) ? 0 : (size_t) (p - dst) + len;
}


/* 1 when the host, or a domain that it is in, is one of those in head. */

static int
journey_handover_meant(const u_char *head, size_t len,
    const journey_str_t *host)
{
    size_t         i;
    u_char        *dot;
    uint32_t       hash;
    journey_str_t  name;

    name = *host;

    while (name.len > 0) {
        hash = journey_handover_host(&name);

        for (i = 4; i + 4 <= len; i += 4) {
            if (journey_handover_get(head + i) == hash) {
                return 1;
            }
        }

        dot = memchr(name.data, '.', name.len);

        if (dot == NULL) {
            break;
        }

        name.len -= dot + 1 - name.data;
        name.data = dot + 1;
    }

    return 0;
}


int
journey_handover_decode(const journey_keys_t *keys, const journey_str_t *token,
    const journey_str_t *host, const journey_str_t *agent, uint32_t now,
    uint32_t max_age, journey_state_t *state)
{
    size_t           len;
    u_char           head[JOURNEY_HANDOVER_HEAD + 2], *dot;
    u_char           buf[JOURNEY_HANDOVER_NAME];
    ssize_t          size;
    uint32_t         made;
    journey_str_t    name, rest;
    journey_state_t  found;

    if (token->len > JOURNEY_HANDOVER_MAX || token->len == 0) {
        return JOURNEY_DECLINED;
    }

    dot = memchr(token->data, '.', token->len);

    if (dot == NULL) {
        return JOURNEY_DECLINED;
    }

    len = dot - token->data;

    if (len == 0 || len > JOURNEY_HANDOVER_HEAD_TEXT) {
        return JOURNEY_DECLINED;
    }

    size = journey_base64url_decode(head, token->data, len);

    if (size < 8 || size % 4 != 0 || size > JOURNEY_HANDOVER_HEAD) {
        return JOURNEY_DECLINED;
    }

    made = journey_handover_get(head);

    if (made > now ? made - now > JOURNEY_HANDOVER_AHEAD
                   : now - made >= JOURNEY_HANDOVER_LIFE)
    {
        return JOURNEY_DECLINED;
    }

    if (!journey_handover_meant(head, size, host)) {
        return JOURNEY_DECLINED;
    }

    rest.data = dot + 1;
    rest.len = token->len - len - 1;

    journey_handover_name(&name, buf, token->data, len, agent);

    if (journey_token_decode(keys, &name, &rest, now, max_age, &found)
        != JOURNEY_TOKEN_OK)
    {
        return JOURNEY_DECLINED;
    }

    *state = found;

    return JOURNEY_OK;
}
