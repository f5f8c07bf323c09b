
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * nginx's syntax, as its reader takes it: quotes count at a word's beginning
 * alone, \" \' \\ \t \r \n are replaced everywhere, "${" begins no block.
 */


#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "journey_lex.h"


#define JOURNEY_LEX_FILE_MAX  (16 * 1024 * 1024)


static int journey_lex_read(journey_lex_t *lex, FILE *f, size_t size,
    journey_error_t *err);
static int journey_lex_blank(journey_lex_t *lex);
static int journey_lex_word(journey_lex_t *lex, journey_error_t *err);
static int journey_lex_quoted(journey_lex_t *lex, journey_error_t *err);
static int journey_lex_push(journey_lex_t *lex, const u_char *start,
    const u_char *end, journey_error_t *err);
static int journey_lex_code(const journey_lex_t *lex);
static int journey_lex_skip_code(journey_lex_t *lex, journey_error_t *err);
static int journey_lex_skip_string(journey_lex_t *lex);


int
journey_lex_open(journey_lex_t *lex, journey_pool_t *pool, const char *path,
    journey_error_t *err)
{
    int          rc;
    FILE        *f;
    struct stat  st;

    memset(lex, 0, sizeof(journey_lex_t));

    lex->pool = pool;
    lex->path = path;
    lex->line = 1;

    f = fopen(path, "rb");

    if (f == NULL) {
        return journey_error(err, "cannot open \"%s\": %s", path,
                             strerror(errno));
    }

    if (fstat(fileno(f), &st) == -1 || !S_ISREG(st.st_mode)
        || st.st_size > JOURNEY_LEX_FILE_MAX)
    {
        rc = journey_error(err, "\"%s\" is no regular file of at most %d MiB",
                           path, JOURNEY_LEX_FILE_MAX >> 20);

    } else {
        rc = journey_lex_read(lex, f, (size_t) st.st_size, err);
    }

    fclose(f);

    return rc;
}


static int
journey_lex_read(journey_lex_t *lex, FILE *f, size_t size,
    journey_error_t *err)
{
    lex->pos = journey_palloc(lex->pool, size + 1);

    if (lex->pos == NULL) {
        return journey_error(err, "no memory for \"%s\"", lex->path);
    }

    lex->end = lex->pos + fread(lex->pos, 1, size, f);

    if (ferror(f)) {
        return journey_error(err, "cannot read \"%s\": %s", lex->path,
                             strerror(errno));
    }

    if (memchr(lex->pos, '\0', lex->end - lex->pos) != NULL) {
        return journey_error(err, "a NUL byte in \"%s\"", lex->path);
    }

    return JOURNEY_OK;
}


int
journey_lex_next(journey_lex_t *lex, journey_error_t *err)
{
    int     rc;
    u_char  c;

    lex->nwords = 0;

    for ( ;; ) {

        if (journey_lex_blank(lex) != JOURNEY_OK) {

            if (lex->nwords != 0) {
                return journey_error(err, "unexpected end of file, expecting "
                                     "\";\" or \"{\"");
            }

            return JOURNEY_LEX_EOF;
        }

        c = *lex->pos;

        if (c == ';' || c == '{' || c == '}') {

            if ((lex->nwords == 0) != (c == '}')) {
                return journey_error(err, "unexpected \"%c\"", c);
            }

            lex->pos++;

            return (c == ';') ? JOURNEY_LEX_LINE
                   : (c == '{') ? JOURNEY_LEX_BLOCK : JOURNEY_LEX_END;
        }

        rc = (c == '"' || c == '\'') ? journey_lex_quoted(lex, err)
                                     : journey_lex_word(lex, err);
        if (rc != JOURNEY_OK) {
            return rc;
        }
    }
}


/* Passes over blanks and comments; JOURNEY_DECLINED at the end of the file. */

static int
journey_lex_blank(journey_lex_t *lex)
{
    u_char  c;

    while (lex->pos < lex->end) {
        c = *lex->pos;

        if (c == '#') {
            while (lex->pos < lex->end && *lex->pos != '\n') {
                lex->pos++;
            }

            continue;
        }

        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            return JOURNEY_OK;
        }

        lex->line += (c == '\n');
        lex->pos++;
    }

    return JOURNEY_DECLINED;
}


static int
journey_lex_word(journey_lex_t *lex, journey_error_t *err)
{
    u_char   c, *start;

    start = lex->pos;

    while (lex->pos < lex->end) {
        c = *lex->pos;

        if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';'
            || (c == '{' && (lex->pos == start || lex->pos[-1] != '$')))
        {
            break;
        }

        /* what stands behind a backslash is a part of the word */

        if (c == '\\' && lex->pos + 1 < lex->end) {
            lex->pos++;
            lex->line += (*lex->pos == '\n');
        }

        lex->pos++;
    }

    return journey_lex_push(lex, start, lex->pos, err);
}


static int
journey_lex_quoted(journey_lex_t *lex, journey_error_t *err)
{
    u_char    c, quote, *start;
    unsigned  line;

    line = lex->line;
    quote = *lex->pos++;
    start = lex->pos;

    while (lex->pos < lex->end && *lex->pos != quote) {

        if (*lex->pos == '\\' && lex->pos + 1 < lex->end) {
            lex->pos++;
        }

        lex->line += (*lex->pos == '\n');
        lex->pos++;
    }

    if (lex->pos == lex->end) {
        lex->line = line;
        return journey_error(err, "unexpected end of file, the quote does not "
                             "end");
    }

    if (journey_lex_push(lex, start, lex->pos, err) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    lex->pos++;

    if (lex->pos == lex->end) {
        return JOURNEY_OK;
    }

    c = *lex->pos;

    if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != ';'
        && c != '{' && c != ')')
    {
        return journey_error(err, "unexpected \"%c\" behind a quote", c);
    }

    return JOURNEY_OK;
}


static int
journey_lex_push(journey_lex_t *lex, const u_char *start, const u_char *end,
    journey_error_t *err)
{
    u_char         *dst;
    journey_str_t  *words, word;

    if (lex->nwords == lex->nalloc) {
        words = journey_palloc(lex->pool, (lex->nalloc * 2 + 16)
                                          * sizeof(journey_str_t));
        if (words == NULL) {
            return journey_error(err, "no memory for the words of a line");
        }

        if (lex->nwords > 0) {
            memcpy(words, lex->words, lex->nwords * sizeof(journey_str_t));
        }

        lex->words = words;
        lex->nalloc = lex->nalloc * 2 + 16;
    }

    word = journey_pstrdup(lex->pool, start, end - start);

    if (word.data == NULL) {
        return journey_error(err, "no memory for a word");
    }

    for (dst = word.data; start < end; start++) {

        if (*start == '\\' && start + 1 < end) {

            switch (start[1]) {

            case '"':
            case '\'':
            case '\\':
                *dst++ = *++start;
                continue;

            case 't':
                *dst++ = '\t';
                start++;
                continue;

            case 'r':
                *dst++ = '\r';
                start++;
                continue;

            case 'n':
                *dst++ = '\n';
                start++;
                continue;

            default:
                break;
            }
        }

        *dst++ = *start;
    }

    *dst = '\0';
    word.len = dst - word.data;

    lex->words[lex->nwords++] = word;

    return JOURNEY_OK;
}


int
journey_lex_skip(journey_lex_t *lex, journey_error_t *err)
{
    int       rc;
    size_t    depth;
    unsigned  line;

    line = lex->line;
    depth = 0;
    rc = JOURNEY_LEX_BLOCK;

    do {
        if (rc == JOURNEY_LEX_BLOCK && !journey_lex_code(lex)) {
            depth++;

        } else if (rc == JOURNEY_LEX_BLOCK) {
            rc = journey_lex_skip_code(lex, err);

        } else if (rc == JOURNEY_LEX_END) {
            depth--;
        }

        if (depth == 0 || rc == JOURNEY_ERROR) {
            return (rc == JOURNEY_ERROR) ? JOURNEY_ERROR : JOURNEY_OK;
        }

        rc = journey_lex_next(lex, err);

    } while (rc != JOURNEY_LEX_EOF);

    lex->line = line;

    return journey_error(err, "unexpected end of file, the block does not "
                         "end");
}


static int
journey_lex_code(const journey_lex_t *lex)
{
    const journey_str_t  *word;

    word = &lex->words[0];

    return word->len > sizeof("_block") - 1
           && memcmp(word->data + word->len - (sizeof("_block") - 1),
                     "_block", sizeof("_block") - 1)
              == 0;
}


static int
journey_lex_skip_code(journey_lex_t *lex, journey_error_t *err)
{
    u_char    c;
    size_t    depth;
    unsigned  line;

    line = lex->line;
    depth = 1;

    while (lex->pos < lex->end) {
        c = *lex->pos;

        if (c == '"' || c == '\'') {
            if (journey_lex_skip_string(lex) != JOURNEY_OK) {
                break;
            }

            continue;
        }

        if (c == '-' && lex->pos + 1 < lex->end && lex->pos[1] == '-') {
            while (lex->pos < lex->end && *lex->pos != '\n') {
                lex->pos++;
            }

            continue;
        }

        lex->pos++;
        lex->line += (c == '\n');
        depth += (c == '{');
        depth -= (c == '}');

        if (depth == 0) {
            return JOURNEY_OK;
        }
    }

    lex->line = line;

    return journey_error(err, "unexpected end of file, the block of code does "
                         "not end");
}


static int
journey_lex_skip_string(journey_lex_t *lex)
{
    u_char  quote;

    quote = *lex->pos++;

    while (lex->pos < lex->end) {

        if (*lex->pos == quote) {
            lex->pos++;
            return JOURNEY_OK;
        }

        if (*lex->pos == '\\' && lex->pos + 1 < lex->end) {
            lex->pos++;
        }

        lex->line += (*lex->pos == '\n');
        lex->pos++;
    }

    return JOURNEY_DECLINED;
}
