
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Visitors handed over in a link: to the hosts and the browser it is for, for
 * a minute, and to nobody else.
 */


#include "journey_handover.h"

#include "keys.h"
#include "tap.h"


#define NOW      1795321780u
#define MAX_AGE  (390u * 86400)


static journey_keys_t  *keys;
static journey_str_t    agent = journey_string("Mozilla/5.0 (X11)");
static journey_str_t    shop = journey_string("shop.example");


static journey_state_t
visitor(void)
{
    unsigned         i;
    journey_hit_t    hit;
    journey_state_t  state;

    u_char  id[JOURNEY_ID_LEN] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

    journey_state_init(&state, id, NOW - 100);

    memset(&hit, 0, sizeof(journey_hit_t));

    hit.timeout = 1800;
    hit.opens = 1;
    hit.external = 1;

    for (i = 0; i < 20; i++) {
        hit.now = NOW - 100 + i;
        hit.channel = (uint8_t) (1 + i);
        hit.hash = i;

        (void) journey_state_hit(&state, &hit);
    }

    return state;
}


static int
decode(journey_str_t token, const char *host, const journey_str_t *who,
    uint32_t now)
{
    journey_str_t    name;
    journey_state_t  state, want;

    name.data = (u_char *) host;
    name.len = strlen(host);

    if (journey_handover_decode(keys, &token, &name, who, now, MAX_AGE,
                                &state)
        != JOURNEY_OK)
    {
        return 0;
    }

    want = visitor();

    return memcmp(state.id, want.id, JOURNEY_ID_LEN) == 0
           && state.session == want.session && state.touches == want.touches
           && state.touch_hash == want.touch_hash
           && memcmp(state.channels, want.channels, JOURNEY_STATE_TOUCHES)
              == 0;
}


static void
test_hosts(void)
{
    unsigned         n;
    u_char           buf[JOURNEY_HANDOVER_MAX];
    uint32_t         hosts[JOURNEY_HANDOVER_HOSTS + 1];
    journey_str_t    token;
    journey_state_t  state;

    state = visitor();

    for (n = 0; n <= JOURNEY_HANDOVER_HOSTS; n++) {
        hosts[n] = n;
    }

    ok(journey_handover_encode(keys, hosts, 0, &agent, &state, NOW, buf) == 0,
       "no host");
    ok(journey_handover_encode(keys, hosts, JOURNEY_HANDOVER_HOSTS + 1,
                               &agent, &state, NOW, buf) == 0,
       "a host too many");

    for (n = 1; n <= JOURNEY_HANDOVER_HOSTS; n++) {
        hosts[n - 1] = journey_handover_host(&shop);

        token.data = buf;
        token.len = journey_handover_encode(keys, hosts, n, &agent, &state,
                                            NOW, buf);

        ok(token.len > 0 && token.len <= JOURNEY_HANDOVER_MAX,
           "%u hosts in %u bytes", n, (unsigned) token.len);
        ok(decode(token, "shop.example", &agent, NOW), "taken");
        ok(decode(token, "www.shop.example", &agent, NOW), "by a subdomain");
        ok(!decode(token, "example", &agent, NOW), "not by the parent");
        ok(!decode(token, "xshop.example", &agent, NOW), "nor another name");
        ok(!decode(token, "shop.example.evil", &agent, NOW), "nor behind it");
        ok(!decode(token, "", &agent, NOW), "nor by no host");

        hosts[n - 1] = n;
    }
}


static void
test_time_and_browser(void)
{
    u_char           buf[JOURNEY_HANDOVER_MAX];
    uint32_t         hosts[1];
    journey_str_t    token, other, none, longer;
    journey_state_t  state;
    static u_char    text[2000];

    state = visitor();
    hosts[0] = journey_handover_host(&shop);

    token.data = buf;
    token.len = journey_handover_encode(keys, hosts, 1, &agent, &state, NOW,
                                        buf);

    ok(decode(token, "shop.example", &agent, NOW + 59), "59 s");
    ok(!decode(token, "shop.example", &agent, NOW + 60), "60 s");
    ok(!decode(token, "shop.example", &agent, NOW + 1000000), "later");
    ok(decode(token, "shop.example", &agent, NOW - 5), "a clock behind");
    ok(!decode(token, "shop.example", &agent, NOW - 6), "far behind");

    journey_str_set(&other, "Mozilla/5.0 (X12)");
    journey_str_null(&none);

    ok(!decode(token, "shop.example", &other, NOW), "another browser");
    ok(!decode(token, "shop.example", &none, NOW), "one without a name");

    token.len = journey_handover_encode(keys, hosts, 1, &none, &state, NOW,
                                        buf);
    ok(decode(token, "shop.example", &none, NOW), "none on both sides");

    memset(text, 'a', sizeof(text));
    longer.data = text;
    longer.len = sizeof(text);

    token.len = journey_handover_encode(keys, hosts, 1, &longer, &state, NOW,
                                        buf);
    ok(decode(token, "shop.example", &longer, NOW), "a long name");
    text[100] = 'b';
    ok(!decode(token, "shop.example", &longer, NOW), "and another");

    /* the visitor's own age */

    token.len = journey_handover_encode(keys, hosts, 1, &agent, &state, NOW,
                                        buf);
    ok(journey_handover_decode(keys, &token, &shop, &agent, NOW, 100, &state)
       != JOURNEY_OK, "a visitor of whom it is too long");
}


static void
test_forged(void)
{
    size_t            i, n;
    u_char            buf[JOURNEY_HANDOVER_MAX], was;
    uint32_t          hosts[2];
    unsigned          bit, taken;
    journey_str_t     token, whole, name, cookie;
    journey_keys_t   *others;
    journey_pool_t   *pool;
    journey_state_t   state;

    state = visitor();
    hosts[0] = journey_handover_host(&shop);
    hosts[1] = 7;

    token.data = buf;
    token.len = journey_handover_encode(keys, hosts, 2, &agent, &state, NOW,
                                        buf);
    whole = token;
    taken = 0;

    for (i = 0; i < token.len; i++) {
        was = buf[i];

        for (bit = 0; bit < 8; bit++) {
            buf[i] = was ^ (u_char) (1 << bit);
            taken += decode(token, "shop.example", &agent, NOW);
        }

        buf[i] = was;
    }

    is_int(taken, 0, "no bit can be another");

    for (n = 0; n < whole.len; n++) {
        token.len = n;
        taken += decode(token, "shop.example", &agent, NOW);
    }

    is_int(taken, 0, "no byte can be missing");

    token.len = whole.len;
    ok(decode(token, "shop.example", &agent, NOW), "as it was");

    /* the state alone, as a cookie has it, and the other way round */

    journey_str_set(&name, "jny");
    cookie.data = buf;
    cookie.len = journey_token_encode(keys, &name, &state, buf);

    ok(!decode(cookie, "shop.example", &agent, NOW), "a cookie is none");

    token.len = journey_handover_encode(keys, hosts, 2, &agent, &state, NOW,
                                        buf);

    for (i = 0; buf[i] != '.'; i++) { /* void */ }

    cookie.data = buf + i + 1;
    cookie.len = token.len - i - 1;

    ok(journey_token_decode(keys, &name, &cookie, NOW, MAX_AGE, &state)
       == JOURNEY_TOKEN_FORGED, "and is no cookie");

    pool = journey_pool_create();
    others = load_keys(pool, KEY2, sizeof(KEY2) - 1);

    ok(journey_handover_decode(others, &token, &shop, &agent, NOW, MAX_AGE,
                               &state)
       != JOURNEY_OK, "another key's");

    journey_pool_destroy(pool);
}


int
main(void)
{
    journey_pool_t  *pool;

    pool = journey_pool_create();
    keys = load_keys(pool, KEY1, sizeof(KEY1) - 1);

    test_hosts();
    test_time_and_browser();
    test_forged();

    journey_pool_destroy(pool);

    return done();
}
