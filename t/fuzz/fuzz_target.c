
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Targets of redirects: two lines, a target and what is added to it.  What is
 * accepted leads to the host that is said, read as a browser reads it, which
 * mends what it can; also when written with arguments of any kind, which is
 * fit for a header, no longer than was said, and what the plainest way to do
 * it gives.
 */


#include "journey_target.h"

#include "fuzz.h"


#define FUZZ_MAX         4096           /* bytes of an input that count */
#define FUZZ_PARAMETERS  128

#define OWN              "own.invalid"


/* Text that is built up; large enough for all of the input, encoded. */

typedef struct {
    size_t         len;
    u_char         data[4 * FUZZ_MAX];
} fuzz_text_t;


typedef struct {
    unsigned       count;
    journey_str_t  params[FUZZ_MAX];    /* not empty */
} fuzz_params_t;


static void
fuzz_put(fuzz_text_t *text, u_char c)
{
    check(text->len < sizeof(text->data));
    text->data[text->len++] = c;
}


static int
fuzz_is(const u_char *data, size_t len, const char *want)
{
    return len == strlen(want) && memcmp(data, want, len) == 0;
}


static int
fuzz_digit(u_char c, unsigned radix)
{
    int  n;

    n = (c >= '0' && c <= '9') ? c - '0'
        : (c >= 'a' && c <= 'f') ? c - 'a' + 10
        : (c >= 'A' && c <= 'F') ? c - 'A' + 10 : -1;

    return (n >= (int) radix) ? -1 : n;
}


/* "%xx" as bytes, "+" as a blank when plus is 1. */

static void
fuzz_unescape(fuzz_text_t *text, const u_char *data, size_t len, int plus)
{
    size_t  i;

    text->len = 0;

    for (i = 0; i < len; i++) {

        if (data[i] == '%' && len - i > 2 && fuzz_digit(data[i + 1], 16) >= 0
            && fuzz_digit(data[i + 2], 16) >= 0)
        {
            fuzz_put(text, (u_char) (fuzz_digit(data[i + 1], 16) * 16
                                     + fuzz_digit(data[i + 2], 16)));
            i += 2;

        } else {
            fuzz_put(text, (plus && data[i] == '+') ? ' ' : data[i]);
        }
    }
}


/* ---- as a browser (WHATWG's URL standard, for http and https) ------------ */

/* The number of a label, -1 when it is none; too large is as good as large. */

static long long
fuzz_ipv4_label(const u_char *p, size_t len)
{
    long long  n;
    unsigned   radix;

    if (len == 0) {
        return -1;
    }

    radix = 10;

    if (len >= 2 && p[0] == '0' && p[1] == 'x') {
        radix = 16;
        p += 2;
        len -= 2;

    } else if (len >= 2 && p[0] == '0') {
        radix = 8;
        p++;
        len--;
    }

    for (n = 0; len > 0; p++, len--) {

        if (fuzz_digit(*p, radix) < 0) {
            return -1;
        }

        n = journey_min(n * radix + fuzz_digit(*p, radix), 1ll << 40);
    }

    return n;
}


/* 1 when the last label is a number, or looks like one. */

static int
fuzz_ends_in_number(const fuzz_text_t *host)
{
    size_t  i, start;

    start = host->len;

    while (start > 0 && host->data[start - 1] != '.') {
        start--;
    }

    if (fuzz_ipv4_label(host->data + start, host->len - start) >= 0) {
        return 1;
    }

    for (i = start; i < host->len; i++) {
        if (fuzz_digit(host->data[i], 10) < 0) {
            return 0;
        }
    }

    return host->len > start;
}


/* Writes the address anew; 0 when there is none. */

static int
fuzz_ipv4(fuzz_text_t *host)
{
    char       text[32];
    size_t     i, start;
    unsigned   parts;
    long long  n, address;

    address = 0;
    parts = 0;

    for (start = 0, i = 0; i <= host->len; i++) {

        if (i < host->len && host->data[i] != '.') {
            continue;
        }

        n = fuzz_ipv4_label(host->data + start, i - start);
        start = i + 1;

        if (n < 0 || ++parts > 4) {
            return 0;
        }

        if (i == host->len) {

            if (n >= 1ll << 8 * (5 - parts)) {
                return 0;
            }

            address += n;

        } else {

            if (n > 255) {
                return 0;
            }

            address += n << 8 * (4 - parts);
        }
    }

    (void) snprintf(text, sizeof(text), "%lld.%lld.%lld.%lld",
                    address >> 24 & 255, address >> 16 & 255,
                    address >> 8 & 255, address & 255);

    host->len = strlen(text);
    memcpy(host->data, text, host->len);

    return 1;
}


/* The host of what follows the slashes; 0: an error.  A user's name and a dot
 * at the end are no error here. */

static int
fuzz_authority(fuzz_text_t *host, const u_char *p, const u_char *end)
{
    size_t         i;
    const u_char  *stop, *q;
    fuzz_text_t    raw;

    for (stop = p; stop < end; stop++) {
        if (strchr("/\\?#", *stop) != NULL && *stop != '\0') {
            break;
        }
    }

    for (q = p; q < stop; q++) {
        if (*q == '@') {
            p = q + 1;
        }
    }

    for (q = p; q < stop && *q != ':'; q++) {

        if (*q == '[') {
            while (q < stop && *q != ']') {
                q++;
            }
        }

        if (q == stop) {
            break;
        }
    }

    raw.len = 0;
    fuzz_unescape(&raw, p, q - p, 0);

    host->len = 0;

    for (i = 0; i < raw.len; i++) {
        fuzz_put(host, journey_tolower(raw.data[i]));

        /* a full stop of another script is one */

        if (i >= 2 && memcmp(raw.data + i - 2, "\xe3\x80\x82", 3) == 0) {
            host->len -= 3;
            fuzz_put(host, '.');
        }
    }

    if (host->len > 0 && host->data[0] == '[') {
        return 1;
    }

    if (host->len > 0 && host->data[host->len - 1] == '.') {
        host->len--;
    }

    if (host->len == 0) {
        return 0;
    }

    return fuzz_ends_in_number(host) ? fuzz_ipv4(host) : 1;
}


/* The host that a Location leads to from a page of http://OWN/; 0: an error,
 * or no http at all. */

static int
fuzz_browser(fuzz_text_t *host, const u_char *data, size_t len)
{
    size_t              i, n;
    const u_char       *p, *end;
    static fuzz_text_t  text;

    while (len > 0 && data[len - 1] <= ' ') {
        len--;
    }

    while (len > 0 && data[0] <= ' ') {
        data++;
        len--;
    }

    text.len = 0;

    for (i = 0; i < len; i++) {
        if (data[i] != '\t' && data[i] != '\r' && data[i] != '\n') {
            fuzz_put(&text, data[i]);
        }
    }

    p = text.data;
    end = p + text.len;

    for (n = 0; n < text.len; n++) {

        u_char  c = journey_tolower(p[n]);

        if (!((c >= 'a' && c <= 'z')
              || (n > 0 && ((c >= '0' && c <= '9') || c == '+' || c == '-'
                            || c == '.'))))
        {
            break;
        }
    }

    if (n > 0 && n < text.len && p[n] == ':') {

        for (i = 0; i < n; i++) {
            text.data[i] = journey_tolower(text.data[i]);
        }

        if (!fuzz_is(p, n, "http") && !fuzz_is(p, n, "https")) {
            return 0;
        }

        i = n + 1;

        if (n == 4 && !(text.len - i >= 2 && p[i] == '/' && p[i + 1] == '/')) {

            /* the page's own scheme: as if it were not there */

            p += i;

        } else {
            for (p += i; p < end && (*p == '/' || *p == '\\'); p++) {
                /* void */
            }

            return fuzz_authority(host, p, end);
        }
    }

    if (end - p >= 2 && (p[0] == '/' || p[0] == '\\')
        && (p[1] == '/' || p[1] == '\\'))
    {
        while (p < end && (*p == '/' || *p == '\\')) {
            p++;
        }

        return fuzz_authority(host, p, end);
    }

    host->len = sizeof(OWN) - 1;
    memcpy(host->data, OWN, host->len);

    return 1;
}


static void
fuzz_leads(const journey_target_t *target, const u_char *data, size_t len)
{
    static fuzz_text_t  host;

    check(fuzz_browser(&host, data, len));

    if (target->host.len == 0) {
        check(fuzz_is(host.data, host.len, OWN));
        return;
    }

    check(host.len == target->host.len);
    check(memcmp(host.data, target->host.data, host.len) == 0);
}


/* ---- what is added, the plain way ---------------------------------------- */

static void
fuzz_split(fuzz_params_t *list, const journey_str_t *args)
{
    size_t  i, start;

    list->count = 0;

    for (i = 0, start = 0; i <= args->len; i++) {

        if (i == args->len || args->data[i] == '&') {

            if (i > start && list->count < FUZZ_MAX) {
                list->params[list->count].data = args->data + start;
                list->params[list->count].len = i - start;
                list->count++;
            }

            start = i + 1;
        }
    }
}


static void
fuzz_name(fuzz_text_t *name, const journey_str_t *param)
{
    size_t  len;

    for (len = 0; len < param->len && param->data[len] != '='; len++) {
        /* void */
    }

    fuzz_unescape(name, param->data, len, 1);
}


static int
fuzz_same(const journey_str_t *one, const journey_str_t *two)
{
    static fuzz_text_t  a, b;

    fuzz_name(&a, one);
    fuzz_name(&b, two);

    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}


/* 1 when the parameter i of args is to be added. */

static int
fuzz_adds(const fuzz_params_t *target, const fuzz_params_t *args, unsigned i)
{
    unsigned            k;
    static fuzz_text_t  name;

    fuzz_name(&name, &args->params[i]);

    if (i >= FUZZ_PARAMETERS || fuzz_is(name.data, name.len, "u")
        || fuzz_is(name.data, name.len, "s")
        || fuzz_is(name.data, name.len, "_jl"))
    {
        return 0;
    }

    for (k = 0; k < target->count && k < FUZZ_PARAMETERS; k++) {
        if (fuzz_same(&target->params[k], &args->params[i])) {
            return 0;
        }
    }

    for (k = 0; k < i; k++) {
        if (fuzz_same(&args->params[k], &args->params[i])) {
            return 0;
        }
    }

    return 1;
}


static void
fuzz_escape(fuzz_text_t *text, const u_char *data, size_t len)
{
    char    hex[4];
    size_t  i;

    for (i = 0; i < len; i++) {

        if (data[i] > ' ' && data[i] < 0x7f
            && strchr("\"<>\\", data[i]) == NULL)
        {
            fuzz_put(text, data[i]);
            continue;
        }

        (void) snprintf(hex, sizeof(hex), "%%%02X", data[i]);
        fuzz_put(text, hex[0]);
        fuzz_put(text, hex[1]);
        fuzz_put(text, hex[2]);
    }
}


static void
fuzz_expect(fuzz_text_t *text, const journey_str_t *url, journey_str_t args)
{
    unsigned              i;
    const char           *before;
    journey_str_t         base, query, fragment;
    const u_char         *p;
    static fuzz_params_t  have, come;

    p = (args.len == 0) ? NULL : memchr(args.data, '#', args.len);
    args.len = (p == NULL) ? args.len : (size_t) (p - args.data);

    p = memchr(url->data, '#', url->len);
    base.data = url->data;
    base.len = (p == NULL) ? url->len : (size_t) (p - url->data);
    fragment.data = base.data + base.len;
    fragment.len = url->len - base.len;

    p = memchr(base.data, '?', base.len);
    query.data = (p == NULL) ? base.data + base.len : (u_char *) p + 1;
    query.len = (p == NULL) ? 0 : base.data + base.len - query.data;

    fuzz_split(&have, &query);
    fuzz_split(&come, &args);

    text->len = 0;
    fuzz_escape(text, base.data, base.len);

    before = (p == NULL) ? "?"
             : (query.len == 0 || query.data[query.len - 1] == '&') ? "" : "&";

    for (i = 0; i < come.count; i++) {
        if (fuzz_adds(&have, &come, i)) {
            fuzz_escape(text, (const u_char *) before, strlen(before));
            fuzz_escape(text, come.params[i].data, come.params[i].len);
            before = "&";
        }
    }

    fuzz_escape(text, fragment.data, fragment.len);
}


static void
fuzz_write(const journey_str_t *url, const journey_target_t *target,
    const journey_str_t *args)
{
    size_t              i, size;
    u_char             *buf;
    journey_str_t       out;
    journey_target_t    again;
    static fuzz_text_t  want, base;

    size = journey_target_size(target, args);
    check(size <= 3 * (url->len + args->len) + 2);

    buf = malloc(size);
    check(buf != NULL);

    out.data = buf;
    out.len = journey_target_write(buf, target, args) - buf;
    check(out.len <= size);

    for (i = 0; i < out.len; i++) {
        check(out.data[i] > ' ' && out.data[i] < 0x7f);
    }

    fuzz_expect(&want, url, *args);
    check(out.len == want.len && memcmp(out.data, want.data, want.len) == 0);

    fuzz_leads(target, out.data, out.len);

    if (out.len <= JOURNEY_TARGET_MAX) {
        check(journey_target_parse(&again, &out) == JOURNEY_OK);
        check(journey_strcmp(&again.host, &target->host) == 0);

        base.len = 0;
        fuzz_escape(&base, target->base.data, target->base.len);
        check(again.base.len == base.len);
        check(memcmp(again.base.data, base.data, base.len) == 0);
    }

    free(buf);
}


/* ---- one argument, and the signature ------------------------------------- */

static void
fuzz_get(const journey_str_t *args)
{
    int                   rc;
    u_char               *buf;
    unsigned              i;
    const u_char         *p;
    journey_str_t         raw, value, u = journey_string("u");
    static fuzz_text_t    want;
    static fuzz_params_t  list;

    buf = malloc(args->len + 1);
    check(buf != NULL);
    buf[args->len] = 0x5a;

    rc = journey_args_get(args, "u", &value, buf);
    check(buf[args->len] == 0x5a);

    raw = *args;
    p = (raw.len == 0) ? NULL : memchr(raw.data, '#', raw.len);
    raw.len = (p == NULL) ? raw.len : (size_t) (p - raw.data);

    fuzz_split(&list, &raw);

    for (i = 0; i < list.count; i++) {
        if (fuzz_same(&list.params[i], &u)) {
            break;
        }
    }

    if (i == list.count) {
        check(rc == JOURNEY_DECLINED);

    } else {
        raw = list.params[i];
        p = memchr(raw.data, '=', raw.len);
        p = (p == NULL) ? raw.data + raw.len : p + 1;

        fuzz_unescape(&want, p, raw.data + raw.len - p, 1);

        check((rc == JOURNEY_DECLINED)
              == (memchr(want.data, '\0', want.len) != NULL));
        check(rc == JOURNEY_DECLINED
              || (value.len == want.len
                  && memcmp(value.data, want.data, want.len) == 0));
    }

    free(buf);
}


static void
fuzz_signature(const journey_str_t *url, const journey_str_t *other)
{
    u_char                  text[JOURNEY_SIGNATURE_LEN];
    journey_str_t           sig;
    static const u_char     key[JOURNEY_KEY_LEN] = { 7, 8, 9 };
    static journey_keys_t  *keys;

    if (keys == NULL) {
        keys = journey_keys_create(journey_pool_create(), key, NULL);
        check(keys != NULL);
    }

    check(journey_link_sign(keys, text, url) == JOURNEY_OK);

    sig.data = text;
    sig.len = sizeof(text);
    check(journey_link_verify(keys, url, &sig) == JOURNEY_OK);
    check((journey_link_verify(keys, other, &sig) == JOURNEY_OK)
          == (journey_strcmp(url, other) == 0));
    check(journey_link_verify(keys, url, other) == JOURNEY_DECLINED);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char           *copy;
    journey_str_t     url, args, line;
    journey_target_t  target;

    size = journey_min(size, FUZZ_MAX);

    /* copies, so that a byte behind the end is found */

    line = fuzz_line(&data, &size);

    copy = malloc(line.len + 1);
    check(copy != NULL);
    memcpy(copy + 1, line.data, line.len);
    url.data = copy + 1;
    url.len = line.len;

    args.data = (u_char *) data;
    args.len = size;

    if (journey_target_parse(&target, &url) == JOURNEY_OK) {
        check(url.len > 0 && url.len <= JOURNEY_TARGET_MAX);
        check(target.host.len == 0 || target.host.data == target.buf);
        check((target.host.len == 0) == (url.data[0] == '/'));
        check(target.base.len + target.query + target.args.len
              + target.fragment.len == url.len);

        fuzz_leads(&target, url.data, url.len);
        fuzz_write(&url, &target, &args);
    }

    fuzz_get(&args);
    fuzz_signature(&url, &args);

    free(copy);

    return 0;
}
