
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What a goal is worth: the one grammar of values and currencies, of the
 * module and of imports.
 */


#ifndef JOURNEY_MONEY_H
#define JOURNEY_MONEY_H


#include "journey_core.h"


#define JOURNEY_CURRENCY_LEN  3


/*
 * A decimal, a "-" before it if need be, of at most 12 digits before the point
 * and 6 behind it, at least one on each side of a point: doubles hold these
 * exactly enough to be printed as they were written.  JOURNEY_OK, or
 * JOURNEY_DECLINED for anything else, *value being as it was.
 */
int journey_money_parse(const journey_str_t *text, double *value);

/*
 * The decimal that value was parsed from, in millionths: of those that lead to
 * this double the one with the fewest digits behind the point, which is the
 * one that is logged.  At most 10^18 either way; value is one that
 * journey_money_parse() has given.
 */
int64_t journey_money_millionths(double value);

/* 1 for three capital letters, the form of ISO 4217. */
int journey_money_currency(const journey_str_t *text);


#endif /* JOURNEY_MONEY_H */
