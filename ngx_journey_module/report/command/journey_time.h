
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Times of day in the zone that --tz names, and spans of time.
 */


#ifndef JOURNEY_TIME_H
#define JOURNEY_TIME_H


#include "journey_core.h"


#define JOURNEY_TIME_LEN  48            /* bytes of a formatted time */

typedef struct {
    unsigned     fixed:1;               /* offset counts, else libc's zone */
    int          offset;                /* s east of Greenwich */
    char         name[64];
} journey_zone_t;


/* "UTC", "+02:00", or a name of the IANA's, which becomes the process's TZ. */
int journey_zone_set(journey_zone_t *zone, const char *name,
    journey_error_t *err);

/* The zone of this machine, or that of TZ. */
void journey_zone_local(journey_zone_t *zone);

/*
 * "2026-11-22", "2026-11-22T07:00", with seconds, a fraction and an offset
 * (RFC 3339) if wanted, or seconds since 1970; *ms since 1970.
 */
int journey_time_parse(const journey_zone_t *zone, const char *text,
    uint64_t *ms, journey_error_t *err);

/* "2026-11-22 07:00 UTC"; JOURNEY_TIME_LEN bytes at dst, with a NUL. */
void journey_time_format(const journey_zone_t *zone, uint64_t ms, char *dst);

/* The same with seconds: "2026-11-22 07:00:03 UTC". */
void journey_time_format_seconds(const journey_zone_t *zone, uint64_t ms,
    char *dst);

/* The day in the zone, days since 1970. */
int64_t journey_time_day(const journey_zone_t *zone, uint64_t ms);

/* "90s" "30m" "12h" "30d" "4w"; *ms. */
int journey_span_parse(const char *text, uint64_t *ms, journey_error_t *err);

/*
 * The moment that lies a span before now, both ms since 1970: as
 * journey_span_parse(), and "25mo" "2y", months of the calendar in UTC (a day
 * that the month does not have is its last one).
 */
int journey_span_before(const char *text, uint64_t now, uint64_t *ms,
    journey_error_t *err);


#endif /* JOURNEY_TIME_H */
