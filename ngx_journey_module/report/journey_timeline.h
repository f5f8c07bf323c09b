
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Visitors, sessions and conversions by hour, day, week, month or year.
 */


#ifndef JOURNEY_TIMELINE_H
#define JOURNEY_TIMELINE_H


#include "journey_pass.h"


typedef enum {
    JOURNEY_HOUR = 0,
    JOURNEY_DAY,
    JOURNEY_WEEK,                       /* begins on Monday */
    JOURNEY_MONTH,
    JOURNEY_YEAR,                       /* or several */
    JOURNEY_UNITS
} journey_unit_e;

typedef struct {
    uint64_t           start;           /* ms */
    uint64_t           visitors;
    uint64_t           sessions;        /* that began in it */
    uint64_t           conversions;
    uint64_t           visitor;         /* counted last */
} journey_bucket_t;

typedef struct {
    journey_bucket_t  *buckets;         /* without a gap */
    unsigned           n;               /* 0: no events, or none may be shown
                                           (--min-visitors), or unfit */
    journey_unit_e     unit;
    unsigned           unfit:1;         /* times that no calendar has */

    const journey_analysis_t  *a;
    uint64_t           gen;             /* of the visitor looked at */
} journey_timeline_t;


/*
 * Counts the events of a finished analysis by the calendar of --tz.  The unit
 * is the one that the span asks for; with --min-visitors a longer one, until
 * every bucket has as many visitors or none.  JOURNEY_ERROR when memory is
 * exhausted; to be freed in any case.
 */
int journey_timeline_init(journey_timeline_t *line,
    const journey_analysis_t *a, journey_pass_t *pass);
void journey_timeline_free(journey_timeline_t *line);

/* The name of a bucket: "22 Nov", with the year and day if long; dst has
 * JOURNEY_TIME_LEN bytes. */
void journey_timeline_name(const journey_timeline_t *line,
    const journey_zone_t *zone, unsigned i, unsigned full, char *dst);

/* "day" … */
const char *journey_timeline_unit(const journey_timeline_t *line);


#endif /* JOURNEY_TIMELINE_H */
