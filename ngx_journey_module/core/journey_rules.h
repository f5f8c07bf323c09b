
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Reading rule files, and the patterns that rules are made of.
 */


#ifndef JOURNEY_RULES_H
#define JOURNEY_RULES_H


#include "journey_core.h"


#define JOURNEY_RULES_WORDS  4096       /* words in one line, at most */


/*
 * Reads a rule file of one entry a line (conf/sources.conf, conf/agents.conf):
 * words parted by blanks, "quoted words" with \" and \\ inside, # begins a
 * comment at the start of a word.  Calls handler for every line that has
 * words.  The words live as long as the pool.  When handler returns
 * JOURNEY_ERROR with a text, reading stops and " in FILE:LINE" is added.
 * An unreadable file, an unfinished quote and a NUL are errors likewise.
 */

typedef int (*journey_rules_line_pt)(void *ctx, journey_str_t *words,
    unsigned nwords, journey_error_t *err);

int journey_rules_read_lines(journey_pool_t *pool, const char *path,
    journey_rules_line_pt handler, void *ctx, journey_error_t *err);


/*
 * A regular expression of PCRE2, with JIT where it is there and with limits
 * that bound the time a hostile subject can take.  Not safe for threads:
 * one set of rules a thread.
 */

typedef struct journey_regex_s  journey_regex_t;

/* NULL and a text on a bad expression. */
journey_regex_t *journey_regex_compile(journey_pool_t *pool,
    const journey_str_t *pattern, int caseless, journey_error_t *err);

/* 1 on a match, else 0; a subject that passes the limits does not match. */
int journey_regex_match(const journey_regex_t *re, const u_char *data,
    size_t len);


/*
 * A pattern for paths, as in journey_phases and journey_goal uri=:
 * "=/cart" exact, "~re" and "~*re" regular expressions, else a prefix.
 */

typedef enum {
    JOURNEY_PATH_EXACT = 0,
    JOURNEY_PATH_PREFIX,
    JOURNEY_PATH_REGEX
} journey_path_type_e;

typedef struct {
    journey_path_type_e   type;
    journey_str_t         text;         /* without the sign */
    journey_regex_t      *regex;
} journey_path_t;

/* An exact pattern or prefix must begin with "/". */
int journey_path_parse(journey_pool_t *pool, journey_path_t *path,
    const journey_str_t *word, journey_error_t *err);

/* 1 on a match, else 0. */
int journey_path_match(const journey_path_t *path, const u_char *data,
    size_t len);


#endif /* JOURNEY_RULES_H */
