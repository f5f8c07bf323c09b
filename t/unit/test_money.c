
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What a goal is worth: the grammar of values and currencies.
 */


#include "journey_money.h"

#include "tap.h"


#define UNTOUCHED  (-77.5)


static journey_str_t
text_of(const char *text)
{
    journey_str_t  str;

    /* on the heap, so that a look beyond its end is seen */

    str.len = strlen(text);
    str.data = malloc(str.len ? str.len : 1);

    if (str.data == NULL) {
        exit(2);
    }

    memcpy(str.data, text, str.len);

    return str;
}


static void
good(const char *text, double want)
{
    int            rc;
    double         value;
    journey_str_t  str;

    value = UNTOUCHED;
    str = text_of(text);
    rc = journey_money_parse(&str, &value);

    ok(rc == JOURNEY_OK && value == want, "\"%s\" is %.6f", text, want);

    free(str.data);
}


static void
bad(const char *text)
{
    int            rc;
    double         value;
    journey_str_t  str;

    value = UNTOUCHED;
    str = text_of(text);
    rc = journey_money_parse(&str, &value);

    ok(rc == JOURNEY_DECLINED && value == UNTOUCHED, "\"%s\" is no value",
       text);

    free(str.data);
}


static void
currency(const char *text, int want)
{
    journey_str_t  str;

    str = text_of(text);
    is_int(journey_money_currency(&str), want, text);
    free(str.data);
}


/* What comes back of a value in millionths. */

static void
exact(const char *text, int64_t want)
{
    double         value;
    int64_t        n;
    journey_str_t  str;

    value = UNTOUCHED;
    str = text_of(text);

    ok(journey_money_parse(&str, &value) == JOURNEY_OK
       && (n = journey_money_millionths(value)) == want,
       "\"%s\" is %lld millionths", text, (long long) want);

    free(str.data);
}


/* Every decimal of up to fifteen digits comes back as it was. */

static void
exact_always(void)
{
    char           text[32];
    double         value;
    int64_t        n, unit, whole;
    unsigned       i, digits, bad;
    uint64_t       seed;
    journey_str_t  str;

    bad = 0;
    seed = 88172645463325252ULL;

    for (i = 0; i < 300000; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;

        digits = i % 7;
        whole = (int64_t) ((seed >> 16)
                           % ((i % 3) ? 100000ULL : 1000000000ULL));

        for (unit = 1; digits > 0; digits--) {
            unit *= 10;
        }

        n = whole * unit + (int64_t) (seed % (uint64_t) unit);

        str.data = (u_char *) text;
        str.len = (size_t) snprintf(text, sizeof(text), "%s%lld",
                                    (i & 1) ? "-" : "",
                                    (long long) (n / unit));

        if (unit > 1) {
            str.len += (size_t) snprintf(text + str.len,
                                         sizeof(text) - str.len, ".%0*lld",
                                         (int) (i % 7),
                                         (long long) (n % unit));
        }

        n *= 1000000 / unit;

        if (journey_money_parse(&str, &value) != JOURNEY_OK
            || journey_money_millionths(value) != ((i & 1) ? -n : n))
        {
            bad++;
        }
    }

    is_int(bad, 0, "300,000 decimals of up to fifteen digits");
}


int
main(void)
{
    journey_str_t  nothing = journey_null_string;

    good("0", 0);
    good("99.90", 99.9);
    good("-12.5", -12.5);
    good("007", 7);
    good("0.000001", 0.000001);
    good("999999999999.999999", 999999999999.999999);
    good("-0", 0);

    bad("");
    bad("-");
    bad(".");
    bad(".5");
    bad("5.");
    bad("-.5");
    bad("+5");
    bad("--5");
    bad("5-");
    bad("1.2.3");
    bad("1,5");
    bad("1e3");
    bad("0x10");
    bad("nan");
    bad("inf");
    bad(" 5");
    bad("5 ");
    bad("5 EUR");
    bad("1000000000000");
    bad("0000000000001");
    bad("1.0000000");
    bad("99999999999999999999999999999999999999");

    ok(journey_money_parse(&nothing, &(double) { 0 }) == JOURNEY_DECLINED,
       "nothing is no value");

    exact("0", 0);
    exact("-0", 0);
    exact("99.90", 99900000);
    exact("0.1", 100000);
    exact("0.000001", 1);
    exact("-0.000001", -1);
    exact("299.7", 299700000);
    exact("8589934591.999999", 8589934591999999);
    exact("999999999999.99", 999999999999990000);
    exact("-999999999999.99", -999999999999990000);
    exact("123456789012.345", 123456789012345000);
    exact("999999999999", 999999999999000000);
    exact("999999999999.999999", 1000000000000000000);
    exact_always();

    currency("EUR", 1);
    currency("USD", 1);
    currency("eur", 0);
    currency("EU", 0);
    currency("EURO", 0);
    currency("E\xc3\x84", 0);
    currency("E R", 0);
    currency("", 0);

    return done();
}
