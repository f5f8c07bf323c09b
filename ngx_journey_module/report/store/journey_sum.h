
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Sums of values that do not depend on the order in which they were added:
 * threads finish in another order each time, and the same input must give the
 * same bytes.  113 bits hold doubles whose sizes differ by up to 2^60, divided
 * by their number, without rounding: cents and millions alike.
 */


#ifndef JOURNEY_SUM_H
#define JOURNEY_SUM_H


#if defined(__SIZEOF_FLOAT128__) && defined(__x86_64__)

typedef __float128   journey_sum_t;

#else

typedef long double  journey_sum_t;     /* 113 bits on 64-bit ARM */

#endif


#endif /* JOURNEY_SUM_H */
