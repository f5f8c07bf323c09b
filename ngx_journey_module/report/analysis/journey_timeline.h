
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
    uint64_t           from;            /* ms: of the first bucket */
    uint64_t           until;           /* ms: … the last, inclusive */
    uint64_t           few;             /* visitors: a bucket of fewer is not
                                           to be shown */
    uint64_t           gen;             /* of the visitor looked at */
} journey_timeline_t;


/*
 * The moment before a period from since to until that is in the place of t
 * within it, by the clock of the zone: midnight is midnight, be summer time
 * between them or not.  All ms.
 */
uint64_t journey_timeline_back(const journey_zone_t *zone, uint64_t t,
    uint64_t since, uint64_t until);

/*
 * Counts the events of a finished analysis by the calendar of --tz.  The unit
 * is the one that the span asks for; with --min-visitors a longer one, until
 * every bucket has as many visitors or none.  Unless until is 0, there are
 * buckets for all times from since on and before until, had they events or not.
 * JOURNEY_ERROR when memory is exhausted; to be freed in any case.
 */
int journey_timeline_init(journey_timeline_t *line,
    const journey_analysis_t *a, uint64_t since, uint64_t until,
    journey_pass_t *pass);

/* Counts the period before that of line, whose buckets it has, those of a
 * period from since to until, for a finished analysis of it.  Later events are
 * left out. */
int journey_timeline_init_before(journey_timeline_t *past,
    const journey_timeline_t *line, const journey_analysis_t *a,
    uint64_t since, uint64_t until, journey_pass_t *pass);

void journey_timeline_free(journey_timeline_t *line);

/* The name of a bucket: "22 Nov", with the year and day if long; dst has
 * JOURNEY_TIME_LEN bytes. */
void journey_timeline_name(const journey_timeline_t *line,
    const journey_zone_t *zone, unsigned i, unsigned full, char *dst);

/* When a bucket begins: "2026-11-22", with the time unless that is midnight. */
void journey_timeline_start(const journey_timeline_t *line,
    const journey_zone_t *zone, unsigned i, char *dst);

/* "day" … */
const char *journey_timeline_unit(const journey_timeline_t *line);


#endif /* JOURNEY_TIMELINE_H */
