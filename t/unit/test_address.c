
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Cutting addresses.
 */


#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "journey_address.h"

#include "tap.h"


typedef struct {
    const char  *text;
    const char  *visitor;               /* family, bytes in hexadecimal */
    const char  *place;
} address_case_t;


static const address_case_t  cases[] = {
    { "192.0.2.17", "4 c0000211", "4 c00002" },
    { "255.255.255.255", "4 ffffffff", "4 ffffff" },
    { "0.0.0.0", "4 00000000", "4 000000" },
    { "::ffff:192.0.2.17", "4 c0000211", "4 c00002" },
    { "2001:db8:1:2:3:4:5:6", "6 20010db800010002", "6 20010db80001" },
    { "2001:db8:1:2::", "6 20010db800010002", "6 20010db80001" },
    { "ffff:ffff:ffff:ffff:ffff::", "6 ffffffffffffffff", "6 ffffffffffff" },
    { "::1", "6 0000000000000000", "6 000000000000" },
    /* compatible, not mapped; and NAT64's prefix is a network of its own */
    { "::192.0.2.17", "6 0000000000000000", "6 000000000000" },
    { "64:ff9b::c000:211", "6 0064ff9b00000000", "6 0064ff9b0000" }
};


static journey_str_t
text_of(const journey_address_t *cut, char *text, size_t size)
{
    size_t         n, i;
    journey_str_t  s;

    n = snprintf(text, size, "%d ", cut->family);

    for (i = 0; i < cut->len; i++) {
        n += snprintf(text + n, size - n, "%02x", cut->data[i]);
    }

    s.data = (u_char *) text;
    s.len = n;

    return s;
}


static void
test_case(const address_case_t *c)
{
    int                  rc;
    char                 text[64];
    unsigned             i, rest;
    struct sockaddr     *addr;
    journey_address_t    cut;
    struct sockaddr_in   sin;
    struct sockaddr_in6  sin6;

    memset(&sin, 0, sizeof(sin));
    memset(&sin6, 0, sizeof(sin6));

    sin.sin_family = AF_INET;
    sin.sin_port = 0xffff;
    sin6.sin6_family = AF_INET6;
    sin6.sin6_port = 0xffff;
    sin6.sin6_scope_id = 7;

    if (inet_pton(AF_INET, c->text, &sin.sin_addr) == 1) {
        addr = (struct sockaddr *) &sin;

    } else if (inet_pton(AF_INET6, c->text, &sin6.sin6_addr) == 1) {
        addr = (struct sockaddr *) &sin6;

    } else {
        ok(0, "%s is an address", c->text);
        return;
    }

    for (i = 0; i < 2; i++) {
        memset(&cut, 0xaa, sizeof(cut));

        rc = journey_address_cut(&cut, addr, i == 0 ? JOURNEY_ADDRESS_VISITOR
                                                    : JOURNEY_ADDRESS_PLACE);
        is_int(rc, JOURNEY_OK, c->text);
        is_str(text_of(&cut, text, sizeof(text)),
               i == 0 ? c->visitor : c->place, c->text);

        for (rest = cut.len; rest < sizeof(cut.data); rest++) {
            if (cut.data[rest] != 0) {
                break;
            }
        }

        is_int(rest, sizeof(cut.data), "nothing more is left of it");
    }
}


int
main(void)
{
    unsigned            i;
    struct sockaddr     other;
    journey_address_t   cut;
    struct sockaddr_un  local;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_case(&cases[i]);
    }

    memset(&cut, 0xaa, sizeof(cut));
    is_int(journey_address_cut(&cut, NULL, JOURNEY_ADDRESS_PLACE),
           JOURNEY_DECLINED, "no address");
    is_int(cut.family + cut.len, 0, "is none");

    memset(&local, 0, sizeof(local));
    local.sun_family = AF_UNIX;
    strcpy(local.sun_path, "/nonexistent/socket");

    memset(&cut, 0xaa, sizeof(cut));
    is_int(journey_address_cut(&cut, (struct sockaddr *) &local,
                               JOURNEY_ADDRESS_VISITOR),
           JOURNEY_DECLINED, "a unix socket");
    is_int(cut.family + cut.len, 0, "has none");

    memset(&other, 0, sizeof(other));
    other.sa_family = AF_UNSPEC;
    is_int(journey_address_cut(&cut, &other, JOURNEY_ADDRESS_VISITOR),
           JOURNEY_DECLINED, "another family has none");

    return done();
}
