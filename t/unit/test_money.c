
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
