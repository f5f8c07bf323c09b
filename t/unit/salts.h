
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Salts of tests: a random source that is none, and a clock.
 */


#ifndef JOURNEY_SALTS_H
#define JOURNEY_SALTS_H


#include "journey_daily.h"


#define DAY      20779u                 /* 2026-11-22 */
#define AT(day, h, m, s)                                                      \
    ((uint64_t) (day) * 86400 + (h) * 3600 + (m) * 60 + (s))
#define HOUR     3600u


static unsigned         drawn;          /* salts that were drawn */
static int              exhausted;
static uint64_t         up, last;       /* uptime, clock */


/* The n-th salt is 16 times n. */

static inline int
draw(unsigned char *buf, int len)
{
    if (exhausted) {
        memset(buf, 0x77, len);
        return 0;
    }

    memset(buf, (int) ++drawn, len);

    return 1;
}


/* Rotates at a time.  Uptime runs with the clock, but when that is set back. */

static inline int
at(journey_salts_t *salts, uint64_t now)
{
    up += (now > last) ? now - last : 0;
    last = now;

    return journey_salts_rotate(salts, now, up, draw);
}


static inline void
fresh(journey_salts_t *salts)
{
    memset(salts, 0, sizeof(journey_salts_t));
    drawn = 0;
    exhausted = 0;
    up = 1000;
    last = UINT64_MAX;
}


#endif /* JOURNEY_SALTS_H */
