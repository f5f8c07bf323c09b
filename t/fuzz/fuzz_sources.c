
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Files of sources: read, or refused with a text that names the file and the
 * line.  Of a table that was read every pattern finds something, whatever else
 * is in it; what is found is in the file; reading the file once more changes
 * no answer; and a host and a name from the input's first lines are looked up
 * without harm.
 */


#include "fuzz_file.h"

#include "journey_rules.h"
#include "journey_source.h"


#define FUZZ_ANSWERS  64


typedef struct {
    journey_sources_t       *sources;
    const journey_source_t  *answers[FUZZ_ANSWERS];
    unsigned                 nanswers;
    unsigned                 again;     /* the second time */
} fuzz_ctx_t;


static int
fuzz_ends(const journey_str_t *s, const char *end)
{
    size_t  n = strlen(end);

    return s->len >= n && memcmp(s->data + s->len - n, end, n) == 0;
}


static int
fuzz_begins(const journey_str_t *s, const char *begin)
{
    size_t  n = strlen(begin);

    return s->len >= n && memcmp(s->data, begin, n) == 0;
}


/* A source is whole, and the same as at the first time. */

static void
fuzz_answer(fuzz_ctx_t *ctx, const journey_source_t *source)
{
    if (source != NULL) {
        check(source->key.len > 0 && source->name.len > 0);
        check(source->kind > JOURNEY_KIND_NONE
              && source->kind < JOURNEY_KIND_LAST);
        check(journey_source_by_key(ctx->sources, &source->key) == source);
        fuzz_value(&source->name);
    }

    if (ctx->nanswers == FUZZ_ANSWERS) {
        return;
    }

    if (ctx->again) {
        check(ctx->answers[ctx->nanswers] == source);
    }

    ctx->answers[ctx->nanswers++] = source;
}


/* By a referrer made of a scheme, a host's begin and end, and a path; found
 * unless that is no host any more, by its length. */

static void
fuzz_referrer(fuzz_ctx_t *ctx, const char *scheme, journey_str_t begin,
    const char *end, journey_str_t path)
{
    int                      rc;
    size_t                   size;
    char                    *url;
    journey_referrer_t       ref;
    const journey_source_t  *source;

    size = strlen(scheme) + begin.len + strlen(end) + path.len;
    url = malloc(size + 1);
    check(url != NULL);

    check((size_t) sprintf(url, "%s%.*s%s%.*s", scheme, (int) begin.len,
                           begin.data, end, (int) path.len, path.data)
          == size);

    rc = journey_referrer_parse(&ref, (u_char *) url, size);

    if (rc == JOURNEY_OK) {
        source = journey_source_by_referrer(ctx->sources, &ref);
        check(source != NULL);
        fuzz_answer(ctx, source);

    } else {
        check(end[0] != '\0' || begin.len > JOURNEY_HOST_MAX);
    }

    free(url);
}


static void
fuzz_pattern(fuzz_ctx_t *ctx, journey_str_t word)
{
    int                      paid;
    u_char                  *p;
    size_t                   i;
    journey_str_t            path;
    const journey_source_t  *source;

    if (word.len > 6 && fuzz_begins(&word, "alias:")) {
        word.data += 6;
        word.len -= 6;

        for (i = 0; i < word.len; i++) {
            word.data[i] = journey_tolower(word.data[i]);
        }

        source = journey_source_by_name(ctx->sources, &word, &paid);
        check(source != NULL);
        fuzz_answer(ctx, source);
        return;
    }

    journey_str_null(&path);

    if (word.len > 4 && fuzz_begins(&word, "app:")) {
        word.data += 4;
        word.len -= 4;
        fuzz_referrer(ctx, "android-app://", word, "", path);
        return;
    }

    if (fuzz_begins(&word, "=")) {
        word.data++;
        word.len--;
    }

    p = memchr(word.data, '/', word.len);

    if (p != NULL) {
        path.data = p;
        path.len = word.data + word.len - p;
        word.len = p - word.data;
    }

    if (fuzz_ends(&word, "*.**")) {
        word.len -= 4;
        fuzz_referrer(ctx, "https://", word, "a.example", path);

    } else if (fuzz_ends(&word, ".**")) {
        word.len -= 2;
        fuzz_referrer(ctx, "https://", word, "a.example", path);

    } else if (fuzz_ends(&word, ".*")) {
        word.len -= 1;
        fuzz_referrer(ctx, "https://", word, "com", path);
        fuzz_referrer(ctx, "https://", word, "de", path);
        fuzz_referrer(ctx, "https://", word, "co.uk", path);

    } else {
        fuzz_referrer(ctx, "https://", word, "", path);
    }
}


static int
fuzz_words(void *data, journey_str_t *words, unsigned nwords,
    journey_error_t *err)
{
    unsigned                 i;
    fuzz_ctx_t              *ctx = data;
    const journey_source_t  *source;

    (void) err;

    check(nwords >= 4);

    source = journey_source_by_key(ctx->sources, &words[1]);
    check(source != NULL);
    check(journey_strcmp(&source->key, &words[1]) == 0);
    check(journey_kind_parse(&words[0]) == source->kind);
    fuzz_answer(ctx, source);

    for (i = 3; i < nwords; i++) {
        fuzz_pattern(ctx, words[i]);
    }

    return JOURNEY_OK;
}


static void
fuzz_look(fuzz_ctx_t *ctx, const journey_str_t *url,
    const journey_str_t *value)
{
    int                  paid;
    u_char              *name;
    size_t               i;
    journey_str_t        s;
    journey_referrer_t   ref;

    if (journey_referrer_parse(&ref, url->data, url->len) == JOURNEY_OK) {
        fuzz_answer(ctx, journey_source_by_referrer(ctx->sources, &ref));
    }

    name = malloc(value->len + 1);
    check(name != NULL);

    for (i = 0; i < value->len; i++) {
        name[i] = journey_tolower(value->data[i]);
    }

    s.data = name;
    s.len = value->len;

    fuzz_answer(ctx, journey_source_by_name(ctx->sources, &s, &paid));
    check(paid == 0 || paid == 1);

    free(name);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int               fd;
    char              path[FUZZ_PATH_MAX];
    fuzz_ctx_t        ctx;
    journey_str_t     url, value;
    journey_pool_t   *pool;
    journey_error_t   err;

    url = fuzz_line(&data, &size);
    value = fuzz_line(&data, &size);

    fd = fuzz_file(path, data, size);

    pool = journey_pool_create();
    check(pool != NULL);

    memset(&ctx, 0, sizeof(fuzz_ctx_t));
    ctx.sources = journey_sources_create(pool);
    check(ctx.sources != NULL);

    fuzz_look(&ctx, &url, &value);
    check(ctx.nanswers == 0 || ctx.answers[ctx.nanswers - 1] == NULL);

    for (ctx.again = 0; ctx.again < 2; ctx.again++) {

        if (journey_sources_load(ctx.sources, path, &err) != JOURNEY_OK) {
            check(!ctx.again);
            fuzz_refused(&err, path);
            break;
        }

        ctx.nanswers = 0;
        fuzz_look(&ctx, &url, &value);

        check(journey_rules_read_lines(pool, path, fuzz_words, &ctx, &err)
              == JOURNEY_OK);
    }

    journey_pool_destroy(pool);
    close(fd);

    return 0;
}
