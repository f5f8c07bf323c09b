
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * agents AGENTS.CONF < user agents, one a line
 *
 * Writes for each line the reason for which it is a bot, "-" for people, and
 * the line.  No header beside the user agent is known.
 */


#include <stdio.h>
#include <stdlib.h>

#include "journey_agent.h"


int
main(int argc, char **argv)
{
    char                     *line;
    size_t                    size;
    ssize_t                   len;
    journey_str_t             none = journey_string("-");
    journey_pool_t           *pool;
    journey_error_t           err;
    journey_agent_t           agent;
    journey_agents_t         *agents;
    const journey_str_t      *bot;
    journey_agent_headers_t   headers;

    if (argc != 2) {
        fprintf(stderr, "usage: agents AGENTS.CONF < user agents\n");
        return 2;
    }

    memset(&headers, 0, sizeof(journey_agent_headers_t));

    pool = journey_pool_create();
    agents = (pool == NULL) ? NULL : journey_agents_create(pool);

    if (agents == NULL) {
        fprintf(stderr, "agents: no memory\n");
        return 1;
    }

    if (journey_agents_load(agents, argv[1], &err) != JOURNEY_OK
        || journey_agents_compile(agents, &err) != JOURNEY_OK)
    {
        fprintf(stderr, "agents: %s\n", err.text);
        return 1;
    }

    line = NULL;
    size = 0;

    while ((len = getline(&line, &size, stdin)) != -1) {

        if (len > 0 && line[len - 1] == '\n') {
            len--;
        }

        journey_agent_find(agents, (u_char *) line, (size_t) len, &headers,
                           &agent);

        bot = (agent.bot == NULL) ? &none : agent.bot;

        printf("%.*s\t%.*s\n", (int) bot->len, (char *) bot->data,
               (int) len, line);
    }

    free(line);
    journey_pool_destroy(pool);

    return 0;
}
