
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Rule files and user agents' tables: whatever is in them, they are read or
 * refused with a text that names the file and the line; patterns of paths are
 * taken or refused with a text.  Tables of sources have a target of their own.
 */


#include "fuzz_file.h"

#include "journey_agent.h"
#include "journey_phase.h"


typedef struct {
    const char  *path;
    unsigned     lines;
} fuzz_ctx_t;


static int
fuzz_words(void *data, journey_str_t *words, unsigned nwords,
    journey_error_t *err)
{
    unsigned     i;
    fuzz_ctx_t  *ctx = data;

    check(nwords > 0 && nwords <= JOURNEY_RULES_WORDS);
    ctx->lines++;

    for (i = 0; i < nwords; i++) {
        check(words[i].len == 0
              || (memchr(words[i].data, '\n', words[i].len) == NULL
                  && memchr(words[i].data, '\0', words[i].len) == NULL));
    }

    if (nwords == 3) {
        return journey_error(err, "three words, \"%.*s\" the first",
                             (int) journey_min(words[0].len, 600),
                             words[0].data);
    }

    return JOURNEY_OK;
}


static void
fuzz_patterns(journey_pool_t *pool, const uint8_t *data, size_t size)
{
    size_t             n;
    journey_str_t      words[5], path;
    journey_error_t    err;
    journey_goal_t     goal;
    journey_codes_t   *codes;
    journey_phases_t  *phases;

    path = fuzz_line(&data, &size);

    for (n = 0; n < 5 && size > 0; n++) {
        words[n] = fuzz_line(&data, &size);
    }

    if (n == 0) {
        return;
    }

    codes = journey_codes_create(pool, 1);
    check(codes != NULL);

    phases = journey_phases_create(pool, codes);
    check(phases != NULL);

    err.text[0] = '\0';

    if (journey_phases_add(phases, words, n, &err) == JOURNEY_OK) {
        check(journey_phases_finish(phases, &err) == JOURNEY_OK);
        (void) journey_phases_match(phases, path.data, path.len);

    } else {
        check(err.text[0] != '\0');
    }

    err.text[0] = '\0';

    if (journey_goal_parse(pool, &goal, words, n, NULL, NULL, &err)
        == JOURNEY_OK)
    {
        (void) journey_goal_match(&goal, path.data, path.len);

    } else {
        check(err.text[0] != '\0');
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                fd;
    char               path[FUZZ_PATH_MAX];
    fuzz_ctx_t         ctx;
    journey_pool_t    *pool;
    journey_error_t    err;
    journey_agents_t  *agents;

    fd = fuzz_file(path, data, size);

    pool = journey_pool_create();
    check(pool != NULL);

    ctx.path = path;
    ctx.lines = 0;

    if (journey_rules_read_lines(pool, path, fuzz_words, &ctx, &err)
        != JOURNEY_OK)
    {
        fuzz_refused(&err, path);
    }

    agents = journey_agents_create(pool);
    check(agents != NULL);

    if (journey_agents_load(agents, path, &err) != JOURNEY_OK) {
        fuzz_refused(&err, path);

    } else {
        check(journey_agents_compile(agents, &err) == JOURNEY_OK);
    }

    fuzz_patterns(pool, data, size);

    journey_pool_destroy(pool);
    close(fd);

    return 0;
}
