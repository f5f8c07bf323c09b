
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include <arpa/inet.h>
#include <netinet/in.h>

#include "journey_referrer.h"


#define JOURNEY_LABEL_MAX    63         /* RFC 1035 */
#define JOURNEY_HOSTS_SLOTS  16         /* at first; a power of 2 */


typedef struct {
    uint32_t              hash;
    journey_str_t         host;         /* data is NULL: the slot is free */
} journey_hosts_slot_t;


/* Open addressing, at most half full. */

struct journey_hosts_s {
    journey_pool_t        *pool;
    journey_hosts_slot_t  *slots;
    size_t                 size;        /* a power of 2 */
    size_t                 count;
};


static const u_char *journey_host_scan(u_char *dst, size_t *len,
    const u_char *p, const u_char *end);
static size_t journey_host_ipv6(u_char *dst, const u_char *host, size_t len);
static int journey_referrer_scheme(const u_char *value, size_t len,
    const char *scheme, size_t n);
static size_t journey_referrer_authority(u_char *dst, const u_char *p,
    const u_char *end);
static const journey_hosts_slot_t *journey_hosts_find(
    const journey_hosts_t *hosts, uint32_t hash, const u_char *data,
    size_t len);
static void journey_hosts_put(journey_hosts_t *hosts, uint32_t hash,
    const journey_str_t *host);
static int journey_hosts_grow(journey_hosts_t *hosts);


/* The lower case of what may stand in a host name, 0 for anything else. */

static const u_char  journey_host_chars[256] = {
    ['-'] = '-', ['.'] = '.', ['_'] = '_',

    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',
    ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9',

    ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e',
    ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j',
    ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o',
    ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't',
    ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y',
    ['Z'] = 'z',

    ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e',
    ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j',
    ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o',
    ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't',
    ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y',
    ['z'] = 'z'
};


int
journey_referrer_parse(journey_referrer_t *ref, const u_char *value,
    size_t len)
{
    size_t         n;
    const u_char  *p, *end, *stop;

    ref->app = 0;
    ref->host.data = ref->buf;
    ref->host.len = 0;
    journey_str_null(&ref->path);

    if ((len > 8 && memcmp(value, "https://", 8) == 0)
        || journey_referrer_scheme(value, len, "https://", 8))
    {
        n = 8;

    } else if (journey_referrer_scheme(value, len, "http://", 7)) {
        n = 7;

    } else if (journey_referrer_scheme(value, len, "android-app://", 14)) {
        n = 14;
        ref->app = 1;

    } else {
        return JOURNEY_DECLINED;
    }

    p = value + n;
    end = value + len;

    stop = journey_host_scan(ref->buf, &n, p, end);

    if (stop == NULL
        || (stop < end && *stop != '/' && *stop != '?' && *stop != '#'))
    {
        /* a port, user:pass@, an IPv6 literal, or no host at all */

        for (stop = p; stop < end; stop++) {
            if (*stop == '/' || *stop == '?' || *stop == '#') {
                break;
            }
        }

        n = journey_referrer_authority(ref->buf, p, stop);
    }

    if (n == 0 || (ref->app && ref->buf[0] == '[')) {
        return JOURNEY_DECLINED;
    }

    ref->host.len = n;

    if (stop < end && *stop == '/') {
        ref->path.data = (u_char *) stop;

        p = memchr(stop, '?', end - stop);
        if (p != NULL) {
            end = p;
        }

        p = memchr(stop, '#', end - stop);
        if (p != NULL) {
            end = p;
        }

        ref->path.len = end - stop;
    }

    return JOURNEY_OK;
}


static int
journey_referrer_scheme(const u_char *value, size_t len, const char *scheme,
    size_t n)
{
    size_t  i;

    if (len <= n) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (journey_tolower(value[i]) != (u_char) scheme[i]) {
            return 0;
        }
    }

    return 1;
}


/* The host in "[user[:pass]@]host[:port]"; returns its length, or 0. */

static size_t
journey_referrer_authority(u_char *dst, const u_char *p, const u_char *end)
{
    const u_char  *at, *port;

    /* browsers take "\" for "/": what stands around it is not to be told */

    if (memchr(p, '\\', end - p) != NULL) {
        return 0;
    }

    for (at = end; at > p; at--) {
        if (at[-1] == '@') {
            p = at;
            break;
        }
    }

    for (port = end; port > p && port[-1] >= '0' && port[-1] <= '9'; port--) {
        /* void */
    }

    if (port > p && port[-1] == ':') {
        end = port - 1;
    }

    return journey_host_read(dst, p, end - p);
}


size_t
journey_host_read(u_char *dst, const u_char *host, size_t len)
{
    size_t         n;
    const u_char  *end;

    if (len == 0) {
        return 0;
    }

    if (host[0] == '[') {
        return journey_host_ipv6(dst, host, len);
    }

    end = host + len;

    if (journey_host_scan(dst, &n, host, end) != end) {
        return 0;
    }

    return n;
}


/*
 * Copies a host name up to the first byte that cannot be in one, which is
 * returned; NULL when what stands before it is no host name.
 */

static const u_char *
journey_host_scan(u_char *dst, size_t *len, const u_char *p,
    const u_char *end)
{
    u_char    c;
    size_t    n;
    unsigned  label, dots;

    n = 0;
    label = 0;
    dots = 0;

    for ( /* void */ ; p < end; p++) {

        c = journey_host_chars[*p];

        if (c == 0) {
            break;
        }

        if (c == '.') {

            if (label == 0) {

                /* more than one dot: well, if nothing follows */

                dots = 1;
                continue;
            }

            label = 0;

        } else if (dots || ++label > JOURNEY_LABEL_MAX) {
            return NULL;
        }

        if (n == JOURNEY_HOST_MAX) {

            /* a dot at the end is not kept */

            if (c == '.') {
                dots = 1;
                continue;
            }

            return NULL;
        }

        dst[n++] = c;
    }

    if (n > 0 && dst[n - 1] == '.') {
        n--;
    }

    if (n == 0) {
        return NULL;
    }

    *len = n;

    return p;
}


static size_t
journey_host_ipv6(u_char *dst, const u_char *host, size_t len)
{
    char             text[INET6_ADDRSTRLEN];
    size_t           i;
    struct in6_addr  addr;

    if (len < 4 || len - 2 >= sizeof(text) || host[len - 1] != ']') {
        return 0;
    }

    memcpy(text, host + 1, len - 2);
    text[len - 2] = '\0';

    if (strlen(text) != len - 2 || inet_pton(AF_INET6, text, &addr) != 1) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        dst[i] = journey_tolower(host[i]);
    }

    return len;
}


int
journey_host_within(const journey_str_t *host, const journey_str_t *domain)
{
    size_t  n;

    if (domain->len == 0 || host->len < domain->len) {
        return 0;
    }

    n = host->len - domain->len;

    return (n == 0 || host->data[n - 1] == '.')
           && memcmp(host->data + n, domain->data, domain->len) == 0;
}


journey_hosts_t *
journey_hosts_create(journey_pool_t *pool)
{
    journey_hosts_t  *hosts;

    hosts = journey_pcalloc(pool, sizeof(journey_hosts_t));
    if (hosts == NULL) {
        return NULL;
    }

    hosts->pool = pool;
    hosts->size = JOURNEY_HOSTS_SLOTS;
    hosts->slots = journey_pcalloc(pool,
                                   hosts->size * sizeof(journey_hosts_slot_t));
    if (hosts->slots == NULL) {
        return NULL;
    }

    return hosts;
}


/*
 * The hash of a host goes from its end to its start, so that one pass over a
 * host gives the hashes of all of its parents.
 */

static uint32_t
journey_hosts_hash(const journey_str_t *host)
{
    size_t    i;
    uint32_t  hash;

    hash = 2166136261u;

    for (i = host->len; i > 0; i--) {
        hash = (hash ^ host->data[i - 1]) * 16777619u;
    }

    return hash;
}


int
journey_hosts_add(journey_hosts_t *hosts, const journey_str_t *host,
    journey_error_t *err)
{
    int            quoted;
    u_char         buf[JOURNEY_HOST_MAX + 1];
    uint32_t       hash;
    journey_str_t  name;

    quoted = (int) journey_min(host->len, 300);

    if (host->len >= 1 && host->data[0] == '.') {
        return journey_error(err, "host \"%.*s\" begins with a dot: a host's "
                             "subdomains are in already", quoted, host->data);
    }

    if (host->len >= 2 && host->data[0] == '*' && host->data[1] == '.') {
        return journey_error(err, "host \"%.*s\" begins with \"*.\": a "
                             "host's subdomains are in already", quoted,
                             host->data);
    }

    name.data = buf;
    name.len = journey_host_read(buf, host->data, host->len);

    if (name.len == 0) {

        if (host->len > 0 && host->data[0] != '['
            && memchr(host->data, ':', host->len) != NULL)
        {
            return journey_error(err, "host \"%.*s\" holds a colon: it takes "
                                 "neither a port nor a scheme", quoted,
                                 host->data);
        }

        return journey_error(err, "\"%.*s\" is no host name", quoted,
                             host->data);
    }

    hash = journey_hosts_hash(&name);

    if (journey_hosts_find(hosts, hash, name.data, name.len) != NULL) {
        return JOURNEY_OK;
    }

    name = journey_pstrdup(hosts->pool, name.data, name.len);

    if (name.data == NULL || journey_hosts_grow(hosts) != JOURNEY_OK) {
        return journey_error(err, "out of memory");
    }

    journey_hosts_put(hosts, hash, &name);

    return JOURNEY_OK;
}


/* Makes room for one more. */

static int
journey_hosts_grow(journey_hosts_t *hosts)
{
    size_t                 i, size;
    journey_hosts_slot_t  *old;

    if ((hosts->count + 1) * 2 <= hosts->size) {
        return JOURNEY_OK;
    }

    old = hosts->slots;
    size = hosts->size;

    hosts->slots = journey_pcalloc(hosts->pool,
                                   2 * size * sizeof(journey_hosts_slot_t));
    if (hosts->slots == NULL) {
        hosts->slots = old;
        return JOURNEY_ERROR;
    }

    hosts->size = 2 * size;
    hosts->count = 0;

    for (i = 0; i < size; i++) {
        if (old[i].host.data != NULL) {
            journey_hosts_put(hosts, old[i].hash, &old[i].host);
        }
    }

    return JOURNEY_OK;
}


static void
journey_hosts_put(journey_hosts_t *hosts, uint32_t hash,
    const journey_str_t *host)
{
    size_t  i;

    i = (hash ^ hash >> 16) & (hosts->size - 1);

    while (hosts->slots[i].host.data != NULL) {
        i = (i + 1) & (hosts->size - 1);
    }

    hosts->slots[i].hash = hash;
    hosts->slots[i].host = *host;
    hosts->count++;
}


static const journey_hosts_slot_t *
journey_hosts_find(const journey_hosts_t *hosts, uint32_t hash,
    const u_char *data, size_t len)
{
    size_t                       i;
    const journey_hosts_slot_t  *slot;

    i = (hash ^ hash >> 16) & (hosts->size - 1);

    for ( ;; ) {
        slot = &hosts->slots[i];

        if (slot->host.data == NULL) {
            return NULL;
        }

        if (slot->hash == hash && slot->host.len == len
            && memcmp(slot->host.data, data, len) == 0)
        {
            return slot;
        }

        i = (i + 1) & (hosts->size - 1);
    }
}


int
journey_hosts_match(const journey_hosts_t *hosts, const journey_str_t *host)
{
    size_t    i;
    uint32_t  hash;

    if (hosts == NULL || hosts->count == 0 || host->len == 0) {
        return 0;
    }

    hash = 2166136261u;

    for (i = host->len; i > 0; i--) {

        if (host->data[i - 1] == '.'
            && journey_hosts_find(hosts, hash, host->data + i, host->len - i)
               != NULL)
        {
            return 1;
        }

        hash = (hash ^ host->data[i - 1]) * 16777619u;
    }

    return journey_hosts_find(hosts, hash, host->data, host->len) != NULL;
}
