
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include <stdlib.h>

#include "journey_phase.h"


#define JOURNEY_PHASES_MAX    255       /* a code is a byte */
#define JOURNEY_GOAL_NAME_MAX 64


typedef struct {
    journey_path_t           path;
    const journey_phase_t   *phase;
} journey_phase_pattern_t;


/*
 * Every path begins with "/", so the second byte tells most patterns apart:
 * those with the second byte c stand from starts[c] to before starts[c + 1],
 * the longest first.  "/" itself has NUL for its second byte.
 */

typedef struct {
    journey_phase_pattern_t *elts;
    unsigned                 nelts;
    unsigned                 nalloc;
    unsigned                 starts[256 + 1];
} journey_phase_patterns_t;


struct journey_phases_s {
    journey_pool_t            *pool;
    journey_codes_t           *codes;
    journey_phase_t           *phases[JOURNEY_PHASES_MAX];
    unsigned                   nphases;

    journey_phase_patterns_t   patterns[JOURNEY_PATH_REGEX + 1];
                                        /* by journey_path_type_e */
};


static inline u_char
journey_phases_second(const u_char *path, size_t len)
{
    return (len > 1) ? path[1] : '\0';
}


static void journey_phases_sort(journey_phase_patterns_t *list);
static const journey_phase_t *journey_phases_bucket(
    const journey_phase_patterns_t *list, u_char second, const u_char *path,
    size_t len);
static journey_phase_pattern_t *journey_phases_push(journey_phases_t *phases,
    journey_path_type_e type);
static int journey_phases_cmp(const void *one, const void *two);
static int journey_goal_path(journey_pool_t *pool, journey_goal_t *goal,
    const journey_str_t *word, journey_error_t *err);


journey_phases_t *
journey_phases_create(journey_pool_t *pool, journey_codes_t *codes)
{
    journey_phases_t  *phases;

    phases = journey_pcalloc(pool, sizeof(journey_phases_t));

    if (phases != NULL) {
        phases->pool = pool;
        phases->codes = codes;
    }

    return phases;
}


int
journey_phases_add(journey_phases_t *phases, const journey_str_t *words,
    unsigned nwords, journey_error_t *err)
{
    unsigned                  i, n;
    journey_path_t            path;
    journey_phase_t          *phase;
    journey_phase_pattern_t  *pattern;

    if (journey_phases_get(phases, &words[0]) != NULL) {
        return journey_error(err, "duplicate phase \"%.*s\"",
                             (int) words[0].len, words[0].data);
    }

    if (phases->nphases == JOURNEY_PHASES_MAX) {
        return journey_error(err, "more than %d phases", JOURNEY_PHASES_MAX);
    }

    phase = journey_pcalloc(phases->pool, sizeof(journey_phase_t));
    if (phase == NULL) {
        return journey_error(err, "out of memory");
    }

    phase->name = journey_codes_add(phases->codes, &words[0], err);
    if (phase->name == NULL) {
        return JOURNEY_ERROR;
    }

    phases->phases[phases->nphases++] = phase;
    phase->position = phases->nphases;

    for (i = 1; i < nwords; i++) {

        if (journey_path_parse(phases->pool, &path, &words[i], err)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        for (n = 0; n < phases->patterns[path.type].nelts; n++) {
            pattern = &phases->patterns[path.type].elts[n];

            if (path.type != JOURNEY_PATH_REGEX
                && journey_strcmp(&pattern->path.text, &path.text) == 0)
            {
                return journey_error(err, "pattern \"%.*s\" of phase "
                                     "\"%.*s\" stands in phase \"%.*s\" "
                                     "already",
                                     (int) words[i].len, words[i].data,
                                     (int) words[0].len, words[0].data,
                                     (int) pattern->phase->name->name.len,
                                     pattern->phase->name->name.data);
            }
        }

        pattern = journey_phases_push(phases, path.type);
        if (pattern == NULL) {
            return journey_error(err, "out of memory");
        }

        pattern->path = path;
        pattern->phase = phase;
    }

    return JOURNEY_OK;
}


static journey_phase_pattern_t *
journey_phases_push(journey_phases_t *phases, journey_path_type_e type)
{
    journey_phase_pattern_t   *elts;
    journey_phase_patterns_t  *list;

    list = &phases->patterns[type];

    if (list->nelts == list->nalloc) {
        list->nalloc = list->nalloc * 2 + 8;

        elts = journey_palloc(phases->pool,
                              list->nalloc * sizeof(journey_phase_pattern_t));
        if (elts == NULL) {
            return NULL;
        }

        if (list->nelts > 0) {
            memcpy(elts, list->elts,
                   list->nelts * sizeof(journey_phase_pattern_t));
        }

        list->elts = elts;
    }

    return &list->elts[list->nelts++];
}


int
journey_phases_finish(journey_phases_t *phases, journey_error_t *err)
{
    if (phases->nphases == 0) {
        return journey_error(err, "no phases");
    }

    journey_phases_sort(&phases->patterns[JOURNEY_PATH_EXACT]);
    journey_phases_sort(&phases->patterns[JOURNEY_PATH_PREFIX]);

    return JOURNEY_OK;
}


static void
journey_phases_sort(journey_phase_patterns_t *list)
{
    unsigned              i;
    const journey_str_t  *text;

    if (list->nelts > 0) {
        qsort(list->elts, list->nelts, sizeof(journey_phase_pattern_t),
              journey_phases_cmp);
    }

    memset(list->starts, 0, sizeof(list->starts));

    for (i = 0; i < list->nelts; i++) {
        text = &list->elts[i].path.text;
        list->starts[journey_phases_second(text->data, text->len) + 1]++;
    }

    for (i = 1; i <= 256; i++) {
        list->starts[i] += list->starts[i - 1];
    }
}


static int
journey_phases_cmp(const void *one, const void *two)
{
    u_char                          c, d;
    const journey_phase_pattern_t  *a = one, *b = two;

    c = journey_phases_second(a->path.text.data, a->path.text.len);
    d = journey_phases_second(b->path.text.data, b->path.text.len);

    if (c != d) {
        return (c > d) - (c < d);
    }

    return (a->path.text.len < b->path.text.len)
           - (a->path.text.len > b->path.text.len);
}


const journey_phase_t *
journey_phases_match(const journey_phases_t *phases, const u_char *path,
    size_t len)
{
    u_char                           second;
    unsigned                         i;
    const journey_phase_t           *phase;
    const journey_phase_patterns_t  *list;

    second = journey_phases_second(path, len);

    phase = journey_phases_bucket(&phases->patterns[JOURNEY_PATH_EXACT],
                                  second, path, len);
    if (phase != NULL) {
        return phase;
    }

    list = &phases->patterns[JOURNEY_PATH_PREFIX];

    phase = journey_phases_bucket(list, second, path, len);

    if (phase == NULL && second != '\0') {
        phase = journey_phases_bucket(list, '\0', path, len);
    }

    if (phase != NULL) {
        return phase;
    }

    list = &phases->patterns[JOURNEY_PATH_REGEX];

    for (i = 0; i < list->nelts; i++) {
        if (journey_path_match(&list->elts[i].path, path, len)) {
            return list->elts[i].phase;
        }
    }

    return NULL;
}


static const journey_phase_t *
journey_phases_bucket(const journey_phase_patterns_t *list, u_char second,
    const u_char *path, size_t len)
{
    unsigned  i;

    for (i = list->starts[second]; i < list->starts[second + 1]; i++) {
        if (journey_path_match(&list->elts[i].path, path, len)) {
            return list->elts[i].phase;
        }
    }

    return NULL;
}


const journey_phase_t *
journey_phases_get(const journey_phases_t *phases, const journey_str_t *name)
{
    unsigned  i;

    for (i = 0; i < phases->nphases; i++) {
        if (journey_strcmp(&phases->phases[i]->name->name, name) == 0) {
            return phases->phases[i];
        }
    }

    return NULL;
}


const journey_phase_t *
journey_phases_by_code(const journey_phases_t *phases, uint8_t code)
{
    unsigned  i;

    if (code == 0) {
        return NULL;
    }

    for (i = 0; i < phases->nphases; i++) {
        if (phases->phases[i]->name->code == code) {
            return phases->phases[i];
        }
    }

    return NULL;
}


const journey_phase_t *
journey_phases_at(const journey_phases_t *phases, unsigned position)
{
    if (position == 0 || position > phases->nphases) {
        return NULL;
    }

    return phases->phases[position - 1];
}


unsigned
journey_phases_count(const journey_phases_t *phases)
{
    return phases->nphases;
}


int
journey_goal_parse(journey_pool_t *pool, journey_goal_t *goal,
    const journey_str_t *words, unsigned nwords, journey_goal_word_pt other,
    void *ctx, journey_error_t *err)
{
    int                   rc;
    unsigned              i, n;
    const journey_str_t  *word;

    static const journey_str_t  passed[] = {
        journey_string("value="),
        journey_string("currency="),
        journey_string("id="),
        journey_string("if=")
    };

    memset(goal, 0, sizeof(journey_goal_t));

    if (nwords == 0) {
        return journey_error(err, "no name of a goal");
    }

    if (journey_goal_name(&words[0], err) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    goal->name = journey_pstrdup(pool, words[0].data, words[0].len);
    goal->paths = journey_palloc(pool, nwords * sizeof(journey_path_t));

    if (goal->name.data == NULL || goal->paths == NULL) {
        return journey_error(err, "out of memory");
    }

    for (i = 1; i < nwords; i++) {
        word = &words[i];

        if (journey_str_is(word, "completes")) {
            goal->completes = 1;
            continue;
        }

        if (word->len >= 4 && memcmp(word->data, "uri=", 4) == 0) {

            if (journey_goal_path(pool, goal, word, err) != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }

            continue;
        }

        rc = JOURNEY_DECLINED;

        if (other != NULL) {
            rc = other(ctx, word, err);

        } else {
            for (n = 0; n < sizeof(passed) / sizeof(passed[0]); n++) {
                if (word->len > passed[n].len
                    && memcmp(word->data, passed[n].data, passed[n].len) == 0)
                {
                    rc = JOURNEY_OK;
                    goal->conditional |= journey_str_is(&passed[n], "if=");
                }
            }
        }

        if (rc == JOURNEY_DECLINED) {
            return journey_error(err, "invalid parameter \"%.*s\"",
                                 (int) journey_min(word->len, 200),
                                 word->data);
        }

        if (rc != JOURNEY_OK) {
            return rc;
        }
    }

    return JOURNEY_OK;
}


int
journey_goal_name(const journey_str_t *name, journey_error_t *err)
{
    u_char  c;
    size_t  i;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if ((c >= 'a' && c <= 'z')
            || (i > 0 && ((c >= '0' && c <= '9') || c == '_' || c == '-')))
        {
            continue;
        }

        break;
    }

    if (name->len == 0 || i < name->len || name->len > JOURNEY_GOAL_NAME_MAX) {
        return journey_error(err, "goal name \"%.*s\" is not of the form "
                             "[a-z][a-z0-9_-]* with at most %d characters",
                             (int) journey_min(name->len, 200), name->data,
                             JOURNEY_GOAL_NAME_MAX);
    }

    return JOURNEY_OK;
}


static int
journey_goal_path(journey_pool_t *pool, journey_goal_t *goal,
    const journey_str_t *word, journey_error_t *err)
{
    journey_str_t  text;

    text.len = word->len - 4;
    text.data = word->data + 4;

    if (journey_path_parse(pool, &goal->paths[goal->npaths], &text, err)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    goal->npaths++;

    return JOURNEY_OK;
}


int
journey_goal_match(const journey_goal_t *goal, const u_char *path, size_t len)
{
    unsigned  i;

    if (goal->npaths == 0) {
        return 1;
    }

    for (i = 0; i < goal->npaths; i++) {
        if (journey_path_match(&goal->paths[i], path, len)) {
            return 1;
        }
    }

    return 0;
}
