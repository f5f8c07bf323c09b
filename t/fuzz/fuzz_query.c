
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Query strings: what is read of them can stand in a log.
 */


#include "journey_query.h"

#include "fuzz.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int               rc, any;
    u_char           *copy;
    size_t            i;
    unsigned          n;
    journey_str_t    *value;
    journey_query_t   q, again;

    rc = journey_query_parse(&q, data, size);

    any = (q.click != JOURNEY_CLICK_NONE);
    check(q.click < JOURNEY_CLICK_LAST);

    check((journey_click_name(q.click)->len > 0)
          == (q.click != JOURNEY_CLICK_NONE));

    for (n = 0; n < JOURNEY_QUERY_VALUES; n++) {
        value = &q.values[n];

        fuzz_value(value);

        if (value->len == 0) {
            continue;
        }

        any = 1;

        check(value->data >= q.buf
              && value->data + value->len <= q.buf + sizeof(q.buf));

        check(value->data[0] != ' ' && value->data[value->len - 1] != ' ');

        for (i = 0; i < value->len; i++) {
            check(value->data[i] < 'A' || value->data[i] > 'Z');
        }
    }

    check(rc == (any ? JOURNEY_OK : JOURNEY_DECLINED));

    /* a fragment changes nothing; the copy has no byte behind its end */

    copy = malloc(size + 12);
    check(copy != NULL);

    memcpy(copy, data, size);
    memcpy(copy + size, "#&utm_term=x", 12);

    check(journey_query_parse(&again, copy, size + 12) == rc);
    check(again.click == q.click);

    for (n = 0; n < JOURNEY_QUERY_VALUES; n++) {
        check(journey_strcmp(&again.values[n], &q.values[n]) == 0);
    }

    free(copy);

    return 0;
}
