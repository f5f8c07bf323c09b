
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_link.h"
#include "journey_query.h"
#include "journey_signals.h"
#include "journey_table.h"
#include "journey_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>


/*
 * No vowels, so that no code is a word, of a language or of nginx's map
 * ("default", "include", …), and none of 0, o, 1, i and l.  A map does not
 * know upper case from lower case.
 */

static const char  journey_link_alphabet[] = "23456789bcdfghjkmnpqrstvwxz";

#define JOURNEY_LINK_LETTERS     (sizeof(journey_link_alphabet) - 1)

/* What nginx and others take by default of a request's first line is 8192;
 * of a word of a configuration 4096. */
#define JOURNEY_LINK_URL_MAX     8000
#define JOURNEY_LINK_WORD_MAX    4000


static const struct {
    const char  *option;
    const char  *parameter;
} journey_link_values[JOURNEY_QUERY_VALUES] = {
    { "source", "utm_source" },
    { "medium", "utm_medium" },
    { "campaign", "utm_campaign" },
    { "term", "utm_term" },
    { "content", "utm_content" }
};


static journey_str_t
journey_link_str(const char *text)
{
    journey_str_t  str;

    str.data = (u_char *) text;
    str.len = strlen(text);

    return str;
}


/* What cannot become a link, and why; place may be NULL. */

static void journey_link_refuse(journey_linker_t *linker, const char *place,
    const journey_str_t *target, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void
journey_link_refuse(journey_linker_t *linker, const char *place,
    const journey_str_t *target, const char *fmt, ...)
{
    va_list  args;

    linker->failed = 1;

    fprintf(stderr, "journey: %s%s\"", place ? place : "", place ? ": " : "");
    (void) journey_text_print(stderr, target, 100);
    fputs("\" ", stderr);

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);

    fputc('\n', stderr);
}


/* As a value of a query: all but the unreserved characters (RFC 3986, 2.3);
 * at most 3 * s->len bytes. */

static u_char *
journey_link_encode(u_char *dst, const journey_str_t *s)
{
    u_char               c;
    size_t               i;
    static const char    plain[] = "-._~";
    static const u_char  hex[] = "0123456789ABCDEF";

    for (i = 0; i < s->len; i++) {
        c = s->data[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
            || (c >= 'a' && c <= 'z')
            || (c != '\0' && strchr(plain, c) != NULL))
        {
            *dst++ = c;
            continue;
        }

        *dst++ = '%';
        *dst++ = hex[c >> 4];
        *dst++ = hex[c & 0xf];
    }

    return dst;
}


static u_char *
journey_link_put(u_char *dst, const char *text, size_t len)
{
    memcpy(dst, text, len);

    return dst + len;
}


/* ---- what holds for all links ------------------------------------------- */

/* Regular expressions and nginx's quotes stay simple: the path has nothing
 * that would have to be escaped but dots. */

static int
journey_link_base(journey_linker_t *linker)
{
    size_t             i;
    u_char            *p, c;
    journey_str_t      url;
    journey_target_t   target;

    url = journey_link_str(linker->opts->base);

    if (journey_target_parse(&target, &url) != JOURNEY_OK
        || target.host.len == 0)
    {
        fprintf(stderr, "journey: --base has to be an http or https URL, that "
                "of a location with journey_redirect\n");
        return JOURNEY_DECLINED;
    }

    if (target.query || target.fragment.len != 0) {
        fprintf(stderr, "journey: --base ends before \"?\" and \"#\"\n");
        return JOURNEY_DECLINED;
    }

    p = memchr(url.data + sizeof("https://") - 1, '/',
               url.len - (sizeof("https://") - 1));

    for (i = 0; p != NULL && p + i < url.data + url.len; i++) {
        c = p[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
              || (c >= 'a' && c <= 'z') || strchr("/-._~", c) != NULL))
        {
            fprintf(stderr, "journey: the path of --base may hold letters, "
                    "digits and \"-\", \".\", \"_\", \"~\", \"/\"\n");
            return JOURNEY_DECLINED;
        }
    }

    linker->host = journey_pstrdup(linker->pool, target.host.data,
                                   target.host.len);
    linker->base.data = journey_palloc(linker->pool, url.len + 2);

    if (linker->host.data == NULL || linker->base.data == NULL) {
        return JOURNEY_ERROR;
    }

    memcpy(linker->base.data, url.data, url.len);
    linker->base.len = url.len;

    /* a code is a name of its own, what is signed needs some path */

    if (p == NULL
        || (linker->opts->code && url.data[url.len - 1] != '/'))
    {
        linker->base.data[linker->base.len++] = '/';
    }

    i = (p == NULL) ? url.len : (size_t) (p - url.data);
    linker->path.data = linker->base.data + i;
    linker->path.len = linker->base.len - i;

    return JOURNEY_OK;
}


/* The campaign's values as arguments, each as the click will be read. */

static int
journey_link_campaign(journey_linker_t *linker)
{
    size_t            size;
    u_char           *p;
    unsigned          i;
    const char       *name;
    journey_str_t     value;
    journey_query_t   query;

    size = 1;

    for (i = 0; i < JOURNEY_QUERY_VALUES; i++) {
        if (linker->opts->utm[i] != NULL) {
            size += 3 * strlen(linker->opts->utm[i])
                    + strlen(journey_link_values[i].parameter) + 2;
        }
    }

    p = journey_palloc(linker->pool, size);
    if (p == NULL) {
        return JOURNEY_ERROR;
    }

    linker->campaign.data = p;

    for (i = 0; i < JOURNEY_QUERY_VALUES; i++) {
        if (linker->opts->utm[i] == NULL) {
            continue;
        }

        if (p != linker->campaign.data) {
            *p++ = '&';
        }

        name = journey_link_values[i].parameter;
        value = journey_link_str(linker->opts->utm[i]);

        p = journey_link_put(p, name, strlen(name));
        *p++ = '=';
        p = journey_link_encode(p, &value);
    }

    linker->campaign.len = p - linker->campaign.data;

    (void) journey_query_parse(&query, linker->campaign.data,
                               linker->campaign.len);

    for (i = 0; i < JOURNEY_QUERY_VALUES; i++) {
        if (linker->opts->utm[i] == NULL) {
            continue;
        }

        if (query.values[i].len == 0) {
            fprintf(stderr, "journey: --%s would count as absent: it is empty, "
                    "\"(none)\" or the like, or holds an \"@\"\n",
                    journey_link_values[i].option);
            return JOURNEY_DECLINED;
        }

        if (strlen(linker->opts->utm[i]) > JOURNEY_VALUE_MAX) {
            fprintf(stderr, "journey: --%s is longer than the %d bytes that "
                    "are logged\n", journey_link_values[i].option,
                    JOURNEY_VALUE_MAX);
            return JOURNEY_DECLINED;
        }
    }

    return JOURNEY_OK;
}


/* ---- one link ----------------------------------------------------------- */

static int
journey_link_sign_url(journey_linker_t *linker, journey_link_t *link,
    const journey_str_t *url)
{
    u_char  *p;

    link->target = *url;
    link->signature.len = JOURNEY_SIGNATURE_LEN;
    link->signature.data = journey_palloc(linker->pool, JOURNEY_SIGNATURE_LEN);
    link->url.data = journey_palloc(linker->pool,
                                    linker->base.len + 3 * url->len
                                    + JOURNEY_SIGNATURE_LEN
                                    + linker->campaign.len
                                    + sizeof("?u=&s=&"));

    if (link->signature.data == NULL || link->url.data == NULL) {
        return JOURNEY_ERROR;
    }

    if (journey_link_sign(linker->keys, link->signature.data, url)
        != JOURNEY_OK)
    {
        fprintf(stderr, "journey: libcrypto's SipHash failed\n");
        return JOURNEY_DECLINED;
    }

    p = journey_link_put(link->url.data, (char *) linker->base.data,
                         linker->base.len);
    p = journey_link_put(p, "?u=", 3);
    p = journey_link_encode(p, url);
    p = journey_link_put(p, "&s=", 3);
    p = journey_link_put(p, (char *) link->signature.data,
                         JOURNEY_SIGNATURE_LEN);

    if (linker->campaign.len != 0) {
        *p++ = '&';
        p = journey_link_put(p, (char *) linker->campaign.data,
                             linker->campaign.len);
    }

    *p = '\0';
    link->url.len = p - link->url.data;

    return JOURNEY_OK;
}


/* Random letters, each as likely as any other, that are no code yet. */

static int
journey_link_random(journey_linker_t *linker, u_char *code, size_t len)
{
    u_char    bytes[64];
    size_t    i, k;
    ssize_t   n;
    uint32_t  known;

    const unsigned  fair = 256 - 256 % JOURNEY_LINK_LETTERS;

    do {
        for (i = 0; i < len; /* void */) {

            n = getrandom(bytes, sizeof(bytes), 0);

            if (n == -1 && errno != EINTR) {
                fprintf(stderr, "journey: no random bytes: %s\n",
                        strerror(errno));
                return JOURNEY_DECLINED;
            }

            for (k = 0; n > 0 && k < (size_t) n && i < len; k++) {
                if (bytes[k] < fair) {
                    code[i++] = journey_link_alphabet[bytes[k]
                                                      % JOURNEY_LINK_LETTERS];
                }
            }
        }

        known = linker->codes.n;

        if (journey_intern(&linker->codes, code, len) == 0) {
            return JOURNEY_ERROR;
        }

    } while (linker->codes.n == known);

    return JOURNEY_OK;
}


/* Where the code leads, as a word in a map of nginx: journey_target_write()
 * leaves no quote and no backslash, and a "$" cannot be quoted there. */

static int
journey_link_map(journey_linker_t *linker, journey_link_t *link,
    const journey_target_t *target)
{
    u_char         *p, *end, *dst;
    size_t          size;
    journey_str_t   full;

    size = journey_target_size(target, &linker->campaign);

    p = journey_palloc(linker->pool, size);
    dst = journey_palloc(linker->pool, 3 * size);

    if (p == NULL || dst == NULL) {
        return JOURNEY_ERROR;
    }

    end = journey_target_write(p, target, &linker->campaign);

    for (link->target.data = dst; p < end; p++) {
        if (*p == '$') {
            dst = journey_link_put(dst, "%24", 3);

        } else {
            *dst++ = *p;
        }
    }

    full.data = link->target.data;
    full.len = dst - full.data;
    link->target.len = full.len;

    p = journey_palloc(linker->pool, link->code.len + full.len
                                     + sizeof("\"\"  \"\";"));
    if (p == NULL) {
        return JOURNEY_ERROR;
    }

    link->map.data = p;

    *p++ = '"';
    p = journey_link_put(p, (char *) link->code.data, link->code.len);
    p = journey_link_put(p, "\"  \"", 4);
    p = journey_link_put(p, (char *) full.data, full.len);
    p = journey_link_put(p, "\";", 2);

    link->map.len = p - link->map.data;

    return JOURNEY_OK;
}


/* 1 when at least half of the codes of that length are free. */

static int
journey_link_room(const journey_linker_t *linker)
{
    unsigned  i;
    uint64_t  all;

    all = 1;

    for (i = 0; i < linker->opts->code_length && all < UINT32_MAX; i++) {
        all *= JOURNEY_LINK_LETTERS;
    }

    return linker->codes.n <= all / 2;
}


static int
journey_link_code(journey_linker_t *linker, journey_link_t *link,
    const journey_target_t *target, const char *place)
{
    int      rc;
    u_char  *p;

    link->code.len = linker->opts->code_length;
    link->code.data = journey_palloc(linker->pool, link->code.len);
    link->url.len = linker->base.len + link->code.len;
    link->url.data = journey_palloc(linker->pool, link->url.len + 1);

    if (link->code.data == NULL || link->url.data == NULL) {
        return JOURNEY_ERROR;
    }

    if (!journey_link_room(linker)) {
        journey_link_refuse(linker, place, &link->url, "is where codes of %u "
                            "letters become rare: --length has to be larger",
                            linker->opts->code_length);
        return JOURNEY_DECLINED;
    }

    rc = journey_link_random(linker, link->code.data, link->code.len);

    if (rc != JOURNEY_OK) {
        return rc;
    }

    p = journey_link_put(link->url.data, (char *) linker->base.data,
                         linker->base.len);
    p = journey_link_put(p, (char *) link->code.data, link->code.len);
    *p = '\0';

    return journey_link_map(linker, link, target);
}


/* A file of its own, never over another one. */

static int
journey_link_svg_open(char *path)
{
    int       fd;
    sigset_t  all, old;

    (void) sigfillset(&all);
    (void) sigprocmask(SIG_BLOCK, &all, &old);

    fd = open(path, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0666);

    if (fd != -1) {

        /* a signal must not leave half a picture behind */

        journey_signals_temp = path;
    }

    (void) sigprocmask(SIG_SETMASK, &old, NULL);

    return fd;
}


static int
journey_link_svg_write(const journey_link_t *link, char *path)
{
    int    fd, failed;
    FILE  *f;

    journey_signals_catch();

    fd = journey_link_svg_open(path);

    if (fd == -1) {
        return JOURNEY_ERROR;
    }

    f = fdopen(fd, "w");

    if (f == NULL) {
        (void) close(fd);
        (void) unlink(path);
        journey_signals_temp = NULL;
        return JOURNEY_ERROR;
    }

    journey_qr_svg(&link->qr, f, (char *) link->url.data);

    failed = ferror(f);

    if (fclose(f) != 0 || failed) {
        failed = errno;
        (void) unlink(path);
        journey_signals_temp = NULL;
        errno = failed;
        return JOURNEY_ERROR;
    }

    journey_signals_temp = NULL;

    return JOURNEY_OK;
}


static int
journey_link_svg(journey_linker_t *linker, journey_link_t *link,
    const char *place)
{
    char          *path;
    size_t         size;
    const char    *name;
    journey_str_t  target;

    name = linker->opts->svg;
    size = strlen(name) + link->code.len + 32;

    path = journey_palloc(linker->pool, size);
    if (path == NULL) {
        return JOURNEY_ERROR;
    }

    if (name[strlen(name) - 1] != '/') {
        (void) snprintf(path, size, "%s", name);

    } else if (link->code.data != NULL) {
        (void) snprintf(path, size, "%s%.*s.svg", name, (int) link->code.len,
                        link->code.data);

    } else {
        (void) snprintf(path, size, "%s%zu.svg", name, linker->nlinks + 1);
    }

    if (journey_link_svg_write(link, path) != JOURNEY_OK) {
        target = journey_link_str(path);
        journey_link_refuse(linker, place, &target, "cannot be written: %s",
                            strerror(errno));
        return JOURNEY_DECLINED;
    }

    link->svg = journey_link_str(path);

    return JOURNEY_OK;
}


/* What is asked for beside the link; it is left out when that fails. */

static int
journey_link_picture(journey_linker_t *linker, journey_link_t *link,
    const char *place)
{
    int  rc;

    if (!linker->opts->qr && linker->opts->svg == NULL) {
        return JOURNEY_OK;
    }

    rc = journey_qr_encode(&link->qr, (char *) link->url.data,
                           linker->opts->level);

    if (rc == JOURNEY_DECLINED) {
        journey_link_refuse(linker, place, &link->target,
                            "is too long for a QR code of level %c: its link "
                            "has %zu bytes%s", linker->opts->level,
                            link->url.len,
                            linker->opts->code ? "" : " (--code makes short "
                            "ones)");
        return rc;
    }

    if (rc != JOURNEY_OK || linker->opts->svg == NULL) {
        return rc;
    }

    return journey_link_svg(linker, link, place);
}


static int
journey_link_make(journey_linker_t *linker, journey_link_t *link,
    const journey_target_t *target, const journey_str_t *url,
    const char *place)
{
    int  rc;

    rc = (linker->keys != NULL) ? journey_link_sign_url(linker, link, url)
                                : journey_link_code(linker, link, target,
                                                    place);

    if (rc != JOURNEY_OK) {
        linker->failed = 1;
        return rc;
    }

    if (link->url.len > JOURNEY_LINK_URL_MAX
        || link->map.len > JOURNEY_LINK_WORD_MAX)
    {
        journey_link_refuse(linker, place, &link->target, "is too long for "
                            "a link: %s takes no more than %d bytes",
                            linker->keys ? "a request" : "nginx's map",
                            linker->keys ? JOURNEY_LINK_URL_MAX
                                         : JOURNEY_LINK_WORD_MAX);
        return JOURNEY_DECLINED;
    }

    if (target->host.len != 0) {
        link->host = journey_pstrdup(linker->pool, target->host.data,
                                     target->host.len);
        if (link->host.data == NULL) {
            return JOURNEY_ERROR;
        }
    }

    return journey_link_picture(linker, link, place);
}


int
journey_link_add(journey_linker_t *linker, const char *text, size_t len,
    const char *place)
{
    int                rc;
    size_t             size;
    journey_str_t      url;
    journey_link_t    *link;
    journey_target_t   target;

    url = journey_pstrdup(linker->pool, (const u_char *) text, len);
    if (url.data == NULL) {
        return JOURNEY_ERROR;
    }

    if (journey_target_parse(&target, &url) != JOURNEY_OK) {
        journey_link_refuse(linker, place, &url, "is no target: it has to be "
                            "a path that begins with one \"/\", or an http or "
                            "https URL, without a user's name, blanks and "
                            "backslashes, of at most %d bytes",
                            JOURNEY_TARGET_MAX);
        return JOURNEY_OK;
    }

    if (linker->nlinks == linker->size) {
        size = linker->size ? 2 * linker->size : 16;

        link = realloc(linker->links, size * sizeof(journey_link_t));
        if (link == NULL) {
            return JOURNEY_ERROR;
        }

        linker->links = link;
        linker->size = size;
    }

    link = &linker->links[linker->nlinks];
    memset(link, 0, sizeof(journey_link_t));

    rc = journey_link_make(linker, link, &target, &url, place);

    if (rc == JOURNEY_OK) {
        linker->nlinks++;
        return JOURNEY_OK;
    }

    journey_qr_free(&link->qr);

    return (rc == JOURNEY_ERROR) ? JOURNEY_ERROR : JOURNEY_OK;
}


int
journey_linker_init(journey_linker_t *linker, const journey_options_t *opts)
{
    int              rc;
    uint64_t         seed;
    journey_error_t  err;

    memset(linker, 0, sizeof(journey_linker_t));

    linker->opts = opts;
    linker->pool = journey_pool_create();

    if (linker->pool == NULL
        || getrandom(&seed, sizeof(seed), 0) != sizeof(seed)
        || journey_intern_init(&linker->codes, seed) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    rc = journey_link_base(linker);

    if (rc == JOURNEY_OK) {
        rc = journey_link_campaign(linker);
    }

    if (rc != JOURNEY_OK || opts->code) {
        return rc;
    }

    err.text[0] = '\0';
    linker->keys = journey_keys_load(linker->pool, opts->secret, &err);

    if (linker->keys == NULL) {
        fprintf(stderr, "journey: --secret: %s\n",
                err.text[0] ? err.text : "no memory");
        return JOURNEY_DECLINED;
    }

    return JOURNEY_OK;
}


void
journey_linker_free(journey_linker_t *linker)
{
    size_t  i;

    for (i = 0; i < linker->nlinks; i++) {
        journey_qr_free(&linker->links[i].qr);
    }

    free(linker->links);
    journey_intern_free(&linker->codes);

    if (linker->pool != NULL) {
        journey_pool_destroy(linker->pool);
    }
}
