
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Visitors handed over.  Three lines: host, browser, token.  Bytes of a client
 * are read without harm, and none is taken that was not signed; a token made
 * for that host and that browser is taken, for no other browser, and for no
 * other host that does not end in it; and with one byte changed by nobody.
 */


#include "journey_handover.h"

#include "fuzz.h"


#define NOW      1795321780u
#define MAX_AGE  (390u * 86400)


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                  i;
    u_char                  buf[JOURNEY_HANDOVER_MAX];
    u_char                  id[JOURNEY_ID_LEN] = { 1 };
    uint32_t                hosts[JOURNEY_HANDOVER_HOSTS];
    unsigned                n;
    journey_str_t           host, agent, token, other;
    journey_hit_t           hit;
    journey_error_t         err;
    journey_state_t         state, found;
    static u_char           secret[JOURNEY_KEY_LEN] = { 7, 8, 9 };
    static journey_pool_t  *pool;
    static journey_keys_t  *keys;

    if (pool == NULL) {
        pool = journey_pool_create();
        check(pool != NULL);

        keys = journey_keys_create(pool, secret, &err);
        check(keys != NULL);
    }

    n = (size == 0) ? 1 : 1 + data[0] % JOURNEY_HANDOVER_HOSTS;

    host = fuzz_line(&data, &size);
    agent = fuzz_line(&data, &size);

    token.data = (u_char *) data;
    token.len = size;

    check(journey_handover_decode(keys, &token, &host, &agent, NOW, MAX_AGE,
                                  &found)
          != JOURNEY_OK);

    if (host.len == 0 || memchr(host.data, '\0', host.len) != NULL
        || (agent.len > 0
            && memchr(agent.data, '\0', agent.len) != NULL))
    {
        return 0;
    }

    journey_state_init(&state, id, NOW);
    memset(&hit, 0, sizeof(journey_hit_t));
    hit.now = NOW;
    hit.timeout = 1800;
    hit.opens = 1;
    hit.channel = 1;
    (void) journey_state_hit(&state, &hit);

    for (i = 0; i < n; i++) {
        hosts[i] = journey_handover_host(&host);
    }

    token.data = buf;
    token.len = journey_handover_encode(keys, hosts, n, &agent, &state, NOW,
                                        buf);
    check(token.len > 0 && token.len <= JOURNEY_HANDOVER_MAX);

    check(journey_handover_decode(keys, &token, &host, &agent, NOW, MAX_AGE,
                                  &found)
          == JOURNEY_OK);
    check(memcmp(found.id, id, JOURNEY_ID_LEN) == 0);

    /* the browser's last byte, if it counts */

    if (agent.len > 0 && agent.len <= 512) {
        other = agent;
        other.len--;

        check(journey_handover_decode(keys, &token, &host, &other, NOW,
                                      MAX_AGE, &found)
              != JOURNEY_OK);
    }

    i = (size == 0) ? 0 : data[0] % token.len;
    buf[i] ^= 1;

    check(journey_handover_decode(keys, &token, &host, &agent, NOW, MAX_AGE,
                                  &found)
          != JOURNEY_OK);

    return 0;
}
