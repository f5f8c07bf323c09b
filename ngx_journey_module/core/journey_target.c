
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include <arpa/inet.h>
#include <netinet/in.h>

#include <openssl/crypto.h>

#include "journey_referrer.h"
#include "journey_target.h"


#define JOURNEY_TARGET_PARAMETERS  128      /* of a query, that count */
#define JOURNEY_TARGET_PORT_MAX    65535


/* The name of a parameter: as it stands, and what it says when decoded. */

typedef struct {
    const u_char          *start;
    const u_char          *end;
    uint32_t               hash;
    uint32_t               len;
} journey_target_name_t;


/* Names that are known, in no order. */

typedef struct {
    unsigned               count;
    journey_target_name_t  names[2 * JOURNEY_TARGET_PARAMETERS];
} journey_target_names_t;


static int journey_target_authority(journey_target_t *target,
    const u_char *p, const u_char *end);
static int journey_target_port(const u_char *p, const u_char *end);
static int journey_target_number(const journey_str_t *host);
static int journey_target_next(const u_char **pos, const u_char *end,
    journey_str_t *param);
static const u_char *journey_target_end(const journey_str_t *args);
static void journey_target_name(journey_target_name_t *name,
    const journey_str_t *param);
static int journey_target_same(const journey_target_name_t *a,
    const journey_target_name_t *b);
static int journey_target_known(const journey_target_names_t *names,
    const journey_target_name_t *name);
static int journey_target_own(const journey_target_name_t *name);
static u_char journey_target_char(const u_char **pos, const u_char *end);
static int journey_target_unfit(u_char c);
static u_char *journey_target_copy(u_char *dst, const journey_str_t *s);
static size_t journey_target_copy_size(const journey_str_t *s);


int
journey_target_parse(journey_target_t *target, const journey_str_t *url)
{
    const u_char  *p, *end, *stop;

    target->host.data = target->buf;
    target->host.len = 0;
    target->query = 0;
    journey_str_set(&target->base, "");
    journey_str_set(&target->args, "");
    journey_str_set(&target->fragment, "");

    if (url->len == 0 || url->len > JOURNEY_TARGET_MAX) {
        return JOURNEY_DECLINED;
    }

    end = url->data + url->len;
    stop = NULL;

    for (p = url->data; p < end; p++) {

        /* browsers drop some of these wherever they stand */

        if (*p <= ' ' || *p == 0x7f) {
            return JOURNEY_DECLINED;
        }

        if (stop != NULL) {
            continue;
        }

        if (*p == '?' || *p == '#') {
            stop = p;

        } else if (*p == '\\') {
            return JOURNEY_DECLINED;
        }
    }

    if (stop == NULL) {
        stop = end;
    }

    target->base.data = url->data;
    target->base.len = stop - url->data;

    if (stop < end && *stop == '?') {
        target->query = 1;
        stop++;

        p = memchr(stop, '#', end - stop);

        if (p == NULL) {
            p = end;
        }

        target->args.data = (u_char *) stop;
        target->args.len = p - stop;
        stop = p;
    }

    if (stop < end) {
        target->fragment.data = (u_char *) stop;
        target->fragment.len = end - stop;
    }

    p = url->data;
    end = p + target->base.len;

    if (p < end && *p == '/') {
        return (end - p > 1 && p[1] == '/') ? JOURNEY_DECLINED : JOURNEY_OK;
    }

    return journey_target_authority(target, p, end);
}


/* "https://HOST[:PORT]" and whatever begins with "/" behind it. */

static int
journey_target_authority(journey_target_t *target, const u_char *p,
    const u_char *end)
{
    size_t               i, n;
    const u_char        *port;
    static const u_char  scheme[] = "http";

    if (end - p < (ptrdiff_t) sizeof("http://x") - 1) {
        return JOURNEY_DECLINED;
    }

    for (i = 0; i < sizeof(scheme) - 1; i++) {
        if (journey_tolower(p[i]) != scheme[i]) {
            return JOURNEY_DECLINED;
        }
    }

    p += i;
    p += (journey_tolower(*p) == 's');

    if (end - p < 4 || memcmp(p, "://", 3) != 0) {
        return JOURNEY_DECLINED;
    }

    p += 3;

    port = memchr(p, '/', end - p);

    if (port != NULL) {
        end = port;
    }

    /* the last ":", unless it is inside of an IPv6 literal */

    for (port = end; port > p && port[-1] != ':' && port[-1] != ']'; port--) {
        /* void */
    }

    if (port > p && port[-1] == ':') {

        if (!journey_target_port(port, end)) {
            return JOURNEY_DECLINED;
        }

        end = port - 1;
    }

    n = journey_host_read(target->buf, p, end - p);

    /* "shop.example." is a name, "shop.example.." is none */

    if (n == 0 || (size_t) (end - p) > n + 1) {
        return JOURNEY_DECLINED;
    }

    target->host.len = n;

    if (target->buf[0] != '[' && !journey_target_number(&target->host)) {
        target->host.len = 0;
        return JOURNEY_DECLINED;
    }

    return JOURNEY_OK;
}


static int
journey_target_port(const u_char *p, const u_char *end)
{
    unsigned  n;

    if (end - p < 1 || end - p > 5) {
        return 0;
    }

    for (n = 0; p < end; p++) {
        if (*p < '0' || *p > '9') {
            return 0;
        }

        n = n * 10 + (*p - '0');
    }

    return n <= JOURNEY_TARGET_PORT_MAX;
}


/*
 * Browsers take a host whose last label is a number for an IPv4 address, in
 * forms that lead elsewhere than they look ("0x7f.1", "010.0.0.1"): 0 unless
 * the host is four plain numbers or ends in no number.
 */

static int
journey_target_number(const journey_str_t *host)
{
    int             hex;
    char            text[INET_ADDRSTRLEN];
    const u_char   *p, *end;
    struct in_addr  addr;

    end = host->data + host->len;

    for (p = end; p > host->data && p[-1] != '.'; p--) {
        /* void */
    }

    hex = (end - p >= 2 && p[0] == '0' && p[1] == 'x');

    for (p += hex ? 2 : 0; p < end; p++) {
        if ((*p < '0' || *p > '9') && !(hex && *p >= 'a' && *p <= 'f')) {
            return 1;
        }
    }

    if (host->len >= sizeof(text)) {
        return 0;
    }

    memcpy(text, host->data, host->len);
    text[host->len] = '\0';

    return inet_pton(AF_INET, text, &addr) == 1;
}


u_char *
journey_target_write(u_char *dst, const journey_target_t *target,
    const journey_str_t *args)
{
    u_char                  last;
    unsigned                n;
    const u_char           *p, *end;
    journey_str_t           param;
    journey_target_name_t  *name;
    journey_target_names_t  known;

    known.count = 0;

    p = target->args.data;
    end = p + target->args.len;

    while (known.count < JOURNEY_TARGET_PARAMETERS
           && journey_target_next(&p, end, &param) == JOURNEY_OK)
    {
        journey_target_name(&known.names[known.count++], &param);
    }

    dst = journey_target_copy(dst, &target->base);

    /* what stands before the next parameter, 0 when nothing has to */

    last = '?';

    if (target->query) {
        *dst++ = '?';
        dst = journey_target_copy(dst, &target->args);

        last = (target->args.len == 0
                || target->args.data[target->args.len - 1] == '&') ? 0 : '&';
    }

    p = args->data;
    end = journey_target_end(args);

    for (n = 0; n < JOURNEY_TARGET_PARAMETERS; n++) {

        if (journey_target_next(&p, end, &param) != JOURNEY_OK) {
            break;
        }

        name = &known.names[known.count];
        journey_target_name(name, &param);

        if (journey_target_own(name) || journey_target_known(&known, name)) {
            continue;
        }

        known.count++;

        if (last != 0) {
            *dst++ = last;
        }

        dst = journey_target_copy(dst, &param);
        last = '&';
    }

    return journey_target_copy(dst, &target->fragment);
}


size_t
journey_target_size(const journey_target_t *target, const journey_str_t *args)
{
    return journey_target_copy_size(&target->base)
           + 1 + journey_target_copy_size(&target->args)
           + 1 + journey_target_copy_size(args)
           + journey_target_copy_size(&target->fragment);
}


int
journey_args_get(const journey_str_t *args, const char *name,
    journey_str_t *value, u_char *buf)
{
    u_char                 c, *dst;
    const u_char          *p, *v, *end;
    journey_str_t          param;
    journey_target_name_t  want, found;

    param.len = strlen(name);
    param.data = (u_char *) name;
    journey_target_name(&want, &param);

    journey_str_null(value);

    p = args->data;
    end = journey_target_end(args);

    do {
        if (journey_target_next(&p, end, &param) != JOURNEY_OK) {
            return JOURNEY_DECLINED;
        }

        journey_target_name(&found, &param);

    } while (!journey_target_same(&found, &want));

    v = found.end;
    end = param.data + param.len;

    if (v < end) {
        v++;                                /* "=" */
    }

    dst = buf;

    while (v < end) {
        c = journey_target_char(&v, end);

        if (c == '\0') {
            return JOURNEY_DECLINED;
        }

        *dst++ = c;
    }

    value->data = buf;
    value->len = dst - buf;

    return JOURNEY_OK;
}


/* The next parameter that is not empty; JOURNEY_DECLINED at the end. */

static int
journey_target_next(const u_char **pos, const u_char *end,
    journey_str_t *param)
{
    const u_char  *p, *next;

    for (p = *pos; p < end && *p == '&'; p++) {
        /* void */
    }

    if (p == end) {
        *pos = end;
        return JOURNEY_DECLINED;
    }

    next = memchr(p, '&', end - p);

    if (next == NULL) {
        next = end;
    }

    param->data = (u_char *) p;
    param->len = next - p;

    *pos = next;

    return JOURNEY_OK;
}


/* The end of raw arguments: a "#" would begin the fragment. */

static const u_char *
journey_target_end(const journey_str_t *args)
{
    const u_char  *p;

    if (args->len == 0) {
        return args->data;
    }

    p = memchr(args->data, '#', args->len);

    return (p == NULL) ? args->data + args->len : p;
}


static void
journey_target_name(journey_target_name_t *name, const journey_str_t *param)
{
    u_char         c;
    const u_char  *p, *end;

    p = param->data;
    end = p + param->len;

    name->start = p;
    name->hash = journey_hash(NULL, 0);
    name->len = 0;

    while (p < end && *p != '=') {
        c = journey_target_char(&p, end);

        name->hash = journey_hash_more(name->hash, &c, 1);
        name->len++;
    }

    name->end = p;
}


static int
journey_target_same(const journey_target_name_t *a,
    const journey_target_name_t *b)
{
    const u_char  *p, *q;

    if (a->hash != b->hash || a->len != b->len) {
        return 0;
    }

    p = a->start;
    q = b->start;

    while (p < a->end) {
        if (journey_target_char(&p, a->end) != journey_target_char(&q, b->end))
        {
            return 0;
        }
    }

    return 1;
}


static int
journey_target_known(const journey_target_names_t *names,
    const journey_target_name_t *name)
{
    unsigned  i;

    for (i = 0; i < names->count; i++) {
        if (journey_target_same(&names->names[i], name)) {
            return 1;
        }
    }

    return 0;
}


/* Those that speak to the redirect, not to where it leads. */

static int
journey_target_own(const journey_target_name_t *name)
{
    u_char         text[3];
    unsigned       i;
    const u_char  *p;

    if (name->len != 1 && name->len != 3) {
        return 0;
    }

    p = name->start;

    for (i = 0; i < name->len; i++) {
        text[i] = journey_target_char(&p, name->end);
    }

    return (name->len == 1) ? text[0] == 'u' || text[0] == 's'
                            : memcmp(text, "_jl", 3) == 0;
}


/* The next byte of a name or a value, decoded. */

static u_char
journey_target_char(const u_char **pos, const u_char *end)
{
    int            hex;
    u_char         c;
    const u_char  *p;

    p = *pos;
    c = *p;

    *pos = p + 1;

    if (c == '+') {
        return ' ';
    }

    if (c != '%' || end - p < 3) {
        return c;
    }

    hex = journey_hex_byte(p + 1);

    if (hex < 0) {
        return c;
    }

    *pos = p + 3;

    return (u_char) hex;
}


static int
journey_target_unfit(u_char c)
{
    return c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>'
           || c == '\\';
}


static u_char *
journey_target_copy(u_char *dst, const journey_str_t *s)
{
    u_char               c;
    size_t               i;
    static const u_char  hex[] = "0123456789ABCDEF";

    for (i = 0; i < s->len; i++) {
        c = s->data[i];

        if (journey_target_unfit(c)) {
            *dst++ = '%';
            *dst++ = hex[c >> 4];
            c = hex[c & 0xf];
        }

        *dst++ = c;
    }

    return dst;
}


static size_t
journey_target_copy_size(const journey_str_t *s)
{
    size_t  i, n;

    n = s->len;

    for (i = 0; i < s->len; i++) {
        n += journey_target_unfit(s->data[i]) ? 2 : 0;
    }

    return n;
}


int
journey_link_sign(const journey_keys_t *keys, u_char *dst,
    const journey_str_t *url)
{
    return journey_keyed_hash(keys, dst, "link", url);
}


int
journey_link_verify(const journey_keys_t *keys, const journey_str_t *url,
    const journey_str_t *signature)
{
    u_char  text[JOURNEY_SIGNATURE_LEN];

    if (signature->len != JOURNEY_SIGNATURE_LEN
        || journey_link_sign(keys, text, url) != JOURNEY_OK
        || CRYPTO_memcmp(text, signature->data, JOURNEY_SIGNATURE_LEN) != 0)
    {
        return JOURNEY_DECLINED;
    }

    return JOURNEY_OK;
}
