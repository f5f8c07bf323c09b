
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * User agents: one pass over any bytes; the case of letters tells nothing; a
 * name that stands in it is found, and what takes it back.
 */


#include "fuzz_file.h"

#include "journey_agent.h"


static const char  fuzz_table[] =
    "bot     googlebot  \"Googlebot\"\n"
    "bot     ab         \"abab\" \"babb\"\n"
    "bot     generic    \"crawler\" \"bot\"\n"
    "bot     tool       \"curl/\"\n"
    "agent   chatgpt    \"ChatGPT-User\"\n"
    "not     cubot      \"CUBOT\"\n"
    "app     facebook   \"FBAN/\" \"FBAV/\"\n"
    "device  tablet     \"iPad\"\n"
    "device  mobile     \"Mobile\" \"iPhone\"\n";


static journey_agents_t *
fuzz_agents(void)
{
    int                fd;
    char               path[FUZZ_PATH_MAX];
    journey_pool_t    *pool;
    journey_error_t    err;
    journey_agents_t  *agents;

    fd = fuzz_file(path, fuzz_table, sizeof(fuzz_table) - 1);

    pool = journey_pool_create();
    check(pool != NULL);

    agents = journey_agents_create(pool);
    check(agents != NULL);

    if (journey_agents_load(agents, path, &err) != JOURNEY_OK
        || journey_agents_compile(agents, &err) != JOURNEY_OK)
    {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }

    close(fd);

    return agents;
}


static int
fuzz_has(const uint8_t *data, size_t size, const char *word)
{
    return size > 0
           && memmem(data, size, word, strlen(word)) != NULL;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                   *lower, *same;
    size_t                    i;
    journey_agent_t           agent, again;
    journey_agent_headers_t   headers;

    static journey_agents_t  *agents;

    if (agents == NULL) {
        agents = fuzz_agents();
    }

    memset(&headers, 0, sizeof(journey_agent_headers_t));

    if (size > 0) {
        headers.known = data[0] & 1;
        headers.https = (data[0] >> 1) & 1;
        headers.sec_fetch = (data[0] >> 2) & 1;
        headers.accept = (data[0] >> 3) & 1;
        headers.accept_language = (data[0] >> 4) & 1;
        headers.ch_mobile = (data[0] >> 5) % 3;
        data++;
        size--;
    }

    journey_agent_find(agents, data, size, &headers, &agent);

    check(agent.device < JOURNEY_DEVICE_LAST);
    check(agent.bot == NULL || agent.bot->len > 0);
    check(!agent.ai_agent || agent.bot != NULL);
    check(agent.app == NULL || journey_str_is(agent.app, "facebook"));

    lower = malloc(size + 1);
    same = malloc(size + 1);
    check(lower != NULL && same != NULL);

    /* but for "Mozilla/" in front, which no browser spells otherwise */

    for (i = 0; i < size; i++) {
        lower[i] = journey_tolower(data[i]);
        same[i] = (i < 8) ? data[i] : lower[i];
    }

    journey_agent_find(agents, same, size, &headers, &again);

    check(again.bot == agent.bot && again.app == agent.app
          && again.device == agent.device
          && again.ai_agent == agent.ai_agent);

    check((agent.app != NULL)
          == (fuzz_has(lower, size, "fban/")
              || fuzz_has(lower, size, "fbav/")));

    /* names stand whatever else is there; generic words give way to what
     * takes them back, and to apps */

    if (fuzz_has(lower, size, "googlebot")
        || fuzz_has(lower, size, "abab") || fuzz_has(lower, size, "babb")
        || fuzz_has(lower, size, "curl/")
        || fuzz_has(lower, size, "chatgpt-user"))
    {
        check(agent.bot != NULL);
    }

    if (fuzz_has(lower, size, "crawler") && !fuzz_has(lower, size, "cubot")
        && agent.app == NULL)
    {
        check(agent.bot != NULL);
    }

    free(lower);
    free(same);

    return 0;
}
