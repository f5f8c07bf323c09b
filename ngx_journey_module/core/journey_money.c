
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_money.h"

#include <math.h>


#define JOURNEY_MONEY_WHOLE     12
#define JOURNEY_MONEY_FRACTION  6


int
journey_money_parse(const journey_str_t *text, double *value)
{
    int            whole, fraction;
    double         scale;
    int64_t        n;
    const u_char  *p, *last;

    p = text->data;
    last = p + text->len;

    if (p < last && *p == '-') {
        p++;
    }

    n = 0;
    scale = 1;
    whole = 0;
    fraction = -1;

    for ( /* void */ ; p < last; p++) {

        if (*p == '.' && fraction == -1 && whole > 0) {
            fraction = 0;
            continue;
        }

        if (*p < '0' || *p > '9') {
            return JOURNEY_DECLINED;
        }

        n = n * 10 + (*p - '0');

        if (fraction == -1) {
            whole++;

        } else {
            fraction++;
            scale *= 10;
        }

        if (whole > JOURNEY_MONEY_WHOLE || fraction > JOURNEY_MONEY_FRACTION) {
            return JOURNEY_DECLINED;
        }
    }

    if (whole == 0 || fraction == 0) {
        return JOURNEY_DECLINED;
    }

    *value = (double) n / scale;

    if (text->data[0] == '-') {
        *value = - *value;
    }

    return JOURNEY_OK;
}


int64_t
journey_money_millionths(double value)
{
    int       i;
    double    scale;
    int64_t   n, unit;

    /* the division is that of the parser */

    scale = 1;
    unit = 1000000;

    for (i = 0; i < JOURNEY_MONEY_FRACTION; i++) {
        n = llround(value * scale);

        if ((double) n / scale == value) {
            return n * unit;
        }

        scale *= 10;
        unit /= 10;
    }

    return llround(value * scale);
}


int
journey_money_currency(const journey_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < 'A' || text->data[i] > 'Z') {
            return 0;
        }
    }

    return text->len == JOURNEY_CURRENCY_LEN;
}
