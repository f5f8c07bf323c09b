
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Lines of access logs: whatever a client put into one, its fields lie within
 * it, one after another, and what it cannot write (a quote without an escape)
 * it cannot forge.
 */


#include "fuzz.h"

#include "../../ngx_journey_module/report/import/journey_import_line.c"


/* It lies in [*p, end); *p goes behind it. */

static void
fuzz_within(const journey_str_t *s, const u_char **p, const u_char *end)
{
    check(s->data >= *p && s->data + s->len <= end);
    *p = s->data + s->len;
}


static void
fuzz_escapes(const journey_str_t *s)
{
    u_char         *buf;
    journey_str_t   plain;

    buf = malloc(s->len + (s->len == 0));
    check(buf != NULL);

    plain = journey_import_unescape(s, buf);

    check(plain.len <= s->len);
    check(plain.data == buf || plain.data == s->data);

    free(buf);
}


/* The same request by a server that escapes it: it is what it was. */

static void
fuzz_server(const u_char *data, size_t size)
{
    u_char                   *text, *buf, *p;
    size_t                    i, n;
    journey_str_t             agent;
    journey_import_line_t     line;
    journey_import_client_t   client;
    journey_import_minute_t   minute;

    static const char  before[] = "shop.example:443 203.0.113.7 - ";
    static const char  middle[] = " [22/Nov/2026:07:00:03 +0100] \"GET / "
                                  "HTTP/1.1\" 200 17 \"-\" \"";
    static const char  hex[] = "0123456789ABCDEF";

    text = malloc(sizeof(before) + sizeof(middle) + 8 * size + 2);
    buf = malloc(4 * size + 1);
    check(text != NULL && buf != NULL);

    memcpy(text, before, sizeof(before) - 1);
    p = text + sizeof(before) - 1;

    for (n = 0; n < 2; n++) {

        /* the user, then the user agent */

        for (i = 0; i < size; i++) {
            if (data[i] < 0x20 || data[i] > 0x7e || data[i] == '"'
                || data[i] == '\\')
            {
                *p++ = '\\';
                *p++ = 'x';
                *p++ = hex[data[i] >> 4];
                *p++ = hex[data[i] & 0xf];

            } else {
                *p++ = data[i];
            }
        }

        if (n == 0) {
            memcpy(p, middle, sizeof(middle) - 1);
            p += sizeof(middle) - 1;
        }
    }

    *p++ = '"';

    memset(&minute, 0, sizeof(journey_import_minute_t));

    check(journey_import_line_read(&line, text, p - text, &minute) == NULL);
    check(line.time == 1795327203 && line.status == 200);
    check(journey_str_is(&line.target, "/"));
    check(line.referrer.len == 0);

    journey_import_line_client(&client, &line);
    check(journey_str_is(&client.host, "shop.example:443"));
    check(client.addr.ss_family == AF_INET);

    agent = journey_import_unescape(&line.agent, buf);
    check(agent.len == (size == 1 && data[0] == '-' ? 0 : size));
    check(agent.len == 0 || memcmp(agent.data, data, size) == 0);

    free(text);
    free(buf);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char               *wrong, *again;
    const u_char             *p, *end;
    journey_import_line_t     line;
    journey_import_client_t   client;
    journey_import_minute_t   minute, fresh;

    memset(&minute, 0, sizeof(journey_import_minute_t));

    fuzz_server(data, size);

    do {
        journey_str_t  text = fuzz_line(&data, &size);

        wrong = journey_import_line_read(&line, text.data, text.len, &minute);

        /* what was read before makes no difference */

        memset(&fresh, 0, sizeof(journey_import_minute_t));
        again = journey_import_line_read(&line, text.data, text.len, &fresh);
        check(again == wrong);

        if (wrong != NULL) {
            continue;
        }

        p = text.data;
        end = p + text.len;

        fuzz_within(&line.client, &p, end);

        if (line.target.len > 0) {
            fuzz_within(&line.target, &p, end);
            check(memchr("/hH", line.target.data[0], 3) != NULL);
        }

        fuzz_within(&line.referrer, &p, end);
        fuzz_within(&line.agent, &p, end);

        check(line.status <= 999);

        journey_import_line_client(&client, &line);
        check(client.host.len <= line.client.len);
        check(client.addr.ss_family == AF_INET
              || client.addr.ss_family == AF_INET6);

        (void) journey_import_is_asset(&line.target);

        fuzz_escapes(&line.target);
        fuzz_escapes(&line.referrer);
        fuzz_escapes(&line.agent);

    } while (size > 0);

    return 0;
}
