
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The moment that lies a span back, over months of every length.
 */


#include "journey_time.h"
#include "tap.h"


static uint64_t
at(const char *text)
{
    uint64_t        ms;
    journey_zone_t  utc;

    memset(&utc, 0, sizeof(journey_zone_t));

    ms = UINT64_MAX;
    utc.fixed = 1;

    (void) journey_time_parse(&utc, text, &ms, NULL);

    return ms;
}


static void
test_before(const char *span, const char *now, const char *expect)
{
    uint64_t         ms;
    journey_error_t  err;

    ms = 0;

    ok(journey_span_before(span, at(now), &ms, &err) == JOURNEY_OK
       && ms == at(expect), "%s before %s is %s", span, now, expect);
}


static void
test_bad(const char *span)
{
    uint64_t         ms;
    journey_error_t  err;

    err.text[0] = '\0';

    ok(journey_span_before(span, at("2026-11-22"), &ms, &err)
       == JOURNEY_ERROR && strstr(err.text, "bad span") != NULL,
       "\"%s\" is no span", span);
}


int
main(void)
{
    unsigned     i;
    uint64_t     ms;

    static const char  *bad[] = {
        "", "mo", "y", "25", "25 mo", "25months", "mo25", "-1mo", "+1y",
        "1.5y", "99999mo", "9999999999d", "1Y", "1MO", "1moo", "0x1d"
    };

    /* the same day of the month, the time of day stays */

    test_before("25mo", "2026-11-22T10:20:30Z", "2024-10-22T10:20:30Z");
    test_before("1mo", "2026-12-01", "2026-11-01");
    test_before("12mo", "2026-11-22", "2025-11-22");
    test_before("2y", "2026-11-22", "2024-11-22");
    test_before("0mo", "2026-11-22", "2026-11-22");

    /* over the begin of a year */

    test_before("1mo", "2026-01-15", "2025-12-15");
    test_before("11mo", "2026-11-22", "2025-12-22");
    test_before("13mo", "2026-01-31", "2024-12-31");

    /* a day that the month does not have is its last one */

    test_before("1mo", "2026-03-31", "2026-02-28");
    test_before("1mo", "2028-03-31", "2028-02-29");
    test_before("1mo", "2026-05-31", "2026-04-30");
    test_before("1y", "2028-02-29", "2027-02-28");
    test_before("4y", "2028-02-29", "2024-02-29");
    test_before("1mo", "2100-03-30", "2100-02-28");

    /* spans that are no months */

    test_before("90d", "2026-11-22", "2026-08-24");
    test_before("12w", "2026-11-22", "2026-08-30");
    test_before("36h", "2026-11-22", "2026-11-20T12:00:00Z");
    test_before("30m", "2026-11-22", "2026-11-21T23:30:00Z");

    /* before all time */

    test_before("9999y", "2026-11-22", "1970-01-01");
    test_before("683mo", "2026-11-22", "1970-01-01");
    test_before("999999999w", "2026-11-22", "1970-01-01");

    ms = 0;
    (void) journey_span_before("1mo", at("2026-11-22") + 123, &ms, NULL);
    ok(ms == at("2026-10-22") + 123, "milliseconds stay");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        test_bad(bad[i]);
    }

    return done();
}
