
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define PCRE2_CODE_UNIT_WIDTH  8

#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "journey_rules.h"


/*
 * What a match may take, at most: of backtracks and of kilobytes.  The
 * library's own default of 10,000,000 backtracks is a quarter of a second.
 */

#define JOURNEY_REGEX_MATCHES  20000
#define JOURNEY_REGEX_HEAP     1024

/*
 * The limits count anew from each byte at which a match may begin, and do not
 * count the bytes that one repeat runs over: "a+a+b" costs the cube of the
 * subject's length.  Longer subjects, in bytes, do not match: with JIT, and
 * by the interpreter, which takes a thousand times as long.
 */

#define JOURNEY_REGEX_SUBJECT              4096
#define JOURNEY_REGEX_SUBJECT_INTERPRETED  512

#define JOURNEY_RULES_FILE_MAX (64 * 1024 * 1024)


struct journey_regex_s {
    pcre2_code            *code;
    pcre2_match_data      *match;
    pcre2_match_context   *context;
    size_t                 max;         /* of a subject's length */
};


static int journey_rules_line(u_char *p, u_char *end, journey_str_t *words,
    journey_error_t *err);
static int journey_rules_place(journey_error_t *err, const char *path,
    unsigned line);
static u_char *journey_rules_load(journey_pool_t *pool, const char *path,
    size_t *size, journey_error_t *err);
static void journey_regex_free(void *data);


int
journey_rules_read_lines(journey_pool_t *pool, const char *path,
    journey_rules_line_pt handler, void *ctx, journey_error_t *err)
{
    int              n, rc;
    u_char          *p, *end, *next, *data;
    size_t           size;
    unsigned         line;
    journey_str_t   *words;
    journey_error_t  own;

    if (err == NULL) {
        err = &own;
    }

    data = journey_rules_load(pool, path, &size, err);
    if (data == NULL) {
        return JOURNEY_ERROR;
    }

    words = malloc(JOURNEY_RULES_WORDS * sizeof(journey_str_t));
    if (words == NULL) {
        return journey_error(err, "out of memory");
    }

    rc = JOURNEY_OK;
    end = data + size;
    err->text[0] = '\0';

    for (p = data, line = 1; p < end; p = next + 1, line++) {

        next = memchr(p, '\n', end - p);
        if (next == NULL) {
            next = end;
        }

        n = journey_rules_line(p, next, words, err);

        if (n > 0) {
            rc = handler(ctx, words, (unsigned) n, err);
        }

        if (n < 0 || rc != JOURNEY_OK) {
            rc = journey_rules_place(err, path, line);
            break;
        }
    }

    free(words);

    return rc;
}


/* Adds the place to a text; of a long text the end gives way. */

static int
journey_rules_place(journey_error_t *err, const char *path, unsigned line)
{
    char    place[sizeof(err->text)];
    size_t  len;

    (void) snprintf(place, sizeof(place), " in %s:%u", path, line);

    len = journey_min(strlen(err->text),
                      sizeof(err->text) - 1 - strlen(place));

    (void) strcpy(err->text + len, place);

    return JOURNEY_ERROR;
}


/* Splits a line into words, in place; returns their number. */

static int
journey_rules_line(u_char *p, u_char *end, journey_str_t *words,
    journey_error_t *err)
{
    int      n;
    u_char  *dst;

    if (memchr(p, '\0', end - p) != NULL) {
        return journey_error(err, "a NUL byte");
    }

    n = 0;

    for ( ;; ) {

        while (p < end && (*p == ' ' || *p == '\t' || *p == '\r')) {
            p++;
        }

        if (p == end || *p == '#') {
            return n;
        }

        if (n == JOURNEY_RULES_WORDS) {
            return journey_error(err, "more than %d words",
                                 JOURNEY_RULES_WORDS);
        }

        if (*p != '"') {
            words[n].data = p;

            while (p < end && *p != ' ' && *p != '\t' && *p != '\r') {
                p++;
            }

            words[n].len = p - words[n].data;
            n++;
            continue;
        }

        p++;
        dst = p;
        words[n].data = p;

        for ( ;; ) {

            if (p == end) {
                return journey_error(err, "a quote that does not end");
            }

            if (*p == '"') {
                p++;
                break;
            }

            if (*p == '\\' && p + 1 < end && (p[1] == '"' || p[1] == '\\')) {
                p++;
            }

            *dst++ = *p++;
        }

        if (p < end && *p != ' ' && *p != '\t' && *p != '\r') {
            return journey_error(err, "no blank after a quote");
        }

        words[n].len = dst - words[n].data;
        n++;
    }
}


static u_char *
journey_rules_load(journey_pool_t *pool, const char *path, size_t *size,
    journey_error_t *err)
{
    FILE         *f;
    u_char       *data;
    struct stat   st;

    f = fopen(path, "rb");

    if (f == NULL) {
        journey_error(err, "cannot open \"%s\": %s", path, strerror(errno));
        return NULL;
    }

    if (fstat(fileno(f), &st) == -1 || !S_ISREG(st.st_mode)
        || st.st_size > JOURNEY_RULES_FILE_MAX)
    {
        journey_error(err, "\"%s\" is no regular file of at most %d MiB",
                      path, JOURNEY_RULES_FILE_MAX >> 20);
        fclose(f);
        return NULL;
    }

    data = journey_palloc(pool, (size_t) st.st_size + 1);

    if (data == NULL) {
        journey_error(err, "out of memory");
        fclose(f);
        return NULL;
    }

    *size = fread(data, 1, (size_t) st.st_size, f);

    if (ferror(f)) {
        journey_error(err, "cannot read \"%s\": %s", path, strerror(errno));
        data = NULL;
    }

    fclose(f);

    return data;
}


journey_regex_t *
journey_regex_compile(journey_pool_t *pool, const journey_str_t *pattern,
    int caseless, journey_error_t *err)
{
    int               code;
    size_t            offset, jit;
    uint32_t          options;
    PCRE2_UCHAR       text[128];
    journey_regex_t  *re;

    re = journey_pcalloc(pool, sizeof(journey_regex_t));
    if (re == NULL) {
        journey_error(err, "out of memory");
        return NULL;
    }

    options = caseless ? PCRE2_CASELESS : 0;

    re->code = pcre2_compile(pattern->data, pattern->len, options, &code,
                             &offset, NULL);

    if (re->code == NULL) {
        if (pcre2_get_error_message(code, text, sizeof(text)) < 0) {
            text[0] = '\0';
        }

        journey_error(err, "invalid regular expression \"%.*s\": %s at "
                      "character %lu", (int) journey_min(pattern->len, 200),
                      pattern->data, (char *) text, (unsigned long) offset);
        return NULL;
    }

    if (journey_pool_cleanup(pool, journey_regex_free, re) != JOURNEY_OK) {
        pcre2_code_free(re->code);
        journey_error(err, "out of memory");
        return NULL;
    }

    re->match = pcre2_match_data_create(1, NULL);
    re->context = pcre2_match_context_create(NULL);

    if (re->match == NULL || re->context == NULL) {
        journey_error(err, "out of memory");
        return NULL;
    }

    pcre2_set_match_limit(re->context, JOURNEY_REGEX_MATCHES);
    pcre2_set_heap_limit(re->context, JOURNEY_REGEX_HEAP);

    /* "(*NO_JIT)" makes it a success without code */

    (void) pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE);

    jit = 0;
    (void) pcre2_pattern_info(re->code, PCRE2_INFO_JITSIZE, &jit);

    re->max = (jit != 0) ? JOURNEY_REGEX_SUBJECT
                         : JOURNEY_REGEX_SUBJECT_INTERPRETED;

    return re;
}


static void
journey_regex_free(void *data)
{
    journey_regex_t  *re = data;

    pcre2_match_context_free(re->context);
    pcre2_match_data_free(re->match);
    pcre2_code_free(re->code);
}


int
journey_regex_match(const journey_regex_t *re, const u_char *data, size_t len)
{
    if (len > re->max) {
        return 0;
    }

    /* 0 is a match too: more pairs than the match data has room for */

    return pcre2_match(re->code, (data == NULL) ? (PCRE2_SPTR) "" : data, len,
                       0, 0, re->match, re->context) >= 0;
}


int
journey_path_parse(journey_pool_t *pool, journey_path_t *path,
    const journey_str_t *word, journey_error_t *err)
{
    int            caseless;
    journey_str_t  text;

    memset(path, 0, sizeof(journey_path_t));
    text = *word;

    if (text.len > 0 && text.data[0] == '~') {
        caseless = (text.len > 1 && text.data[1] == '*');
        text.data += 1 + caseless;
        text.len -= 1 + caseless;

        if (text.len == 0) {
            return journey_error(err, "empty regular expression \"%.*s\"",
                                 (int) word->len, word->data);
        }

        path->type = JOURNEY_PATH_REGEX;
        path->regex = journey_regex_compile(pool, &text, caseless, err);

        if (path->regex == NULL) {
            return JOURNEY_ERROR;
        }

    } else if (text.len > 0 && text.data[0] == '=') {
        path->type = JOURNEY_PATH_EXACT;
        text.data++;
        text.len--;

    } else {
        path->type = JOURNEY_PATH_PREFIX;
    }

    if (path->type != JOURNEY_PATH_REGEX
        && (text.len == 0 || text.data[0] != '/'))
    {
        return journey_error(err, "invalid path pattern \"%.*s\": it must "
                             "begin with \"/\", \"=/\" or \"~\"",
                             (int) journey_min(word->len, 200), word->data);
    }

    path->text = journey_pstrdup(pool, text.data, text.len);

    if (path->text.data == NULL) {
        return journey_error(err, "out of memory");
    }

    return JOURNEY_OK;
}


int
journey_path_match(const journey_path_t *path, const u_char *data, size_t len)
{
    switch (path->type) {

    case JOURNEY_PATH_EXACT:
        return len == path->text.len
               && memcmp(data, path->text.data, len) == 0;

    case JOURNEY_PATH_PREFIX:
        return len >= path->text.len
               && memcmp(data, path->text.data, path->text.len) == 0;

    default: /* JOURNEY_PATH_REGEX */
        return journey_regex_match(path->regex, data, len);
    }
}
