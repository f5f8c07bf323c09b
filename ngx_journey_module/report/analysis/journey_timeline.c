
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* timegm() */

#include "journey_timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>


#define JOURNEY_TIMELINE_DAY   (24ULL * 3600 * 1000)
#define JOURNEY_TIMELINE_END   253402300799ULL  /* the year 9999 ends */
#define JOURNEY_TIMELINE_YEARS 200              /* buckets, about */


/* The longest span that is shown by hours, days … */

static const uint64_t  journey_timeline_spans[JOURNEY_UNITS] = {
    3 * JOURNEY_TIMELINE_DAY,
    100 * JOURNEY_TIMELINE_DAY,
    1500 * JOURNEY_TIMELINE_DAY,
    7300 * JOURNEY_TIMELINE_DAY,
    UINT64_MAX
};

static const char  *journey_timeline_units[JOURNEY_UNITS] = {
    "hour", "day", "week", "month", "year"
};

static const char  *journey_timeline_names[JOURNEY_UNITS][2] = {
    { "%e %b %H:00", "%Y-%m-%d %H:%M" },
    { "%e %b", "%Y-%m-%d" },
    { "%e %b %Y", "week of %Y-%m-%d" },
    { "%b %Y", "%Y-%m" },
    { "%Y", "%Y" }
};


static void
journey_timeline_split(const journey_zone_t *zone, uint64_t ms, struct tm *tm)
{
    time_t  t;

    t = (time_t) (ms / 1000);

    if (zone->fixed) {
        t += zone->offset;
        (void) gmtime_r(&t, tm);

    } else {
        (void) localtime_r(&t, tm);
    }
}


/* What lies before 1970 is 0. */

static uint64_t
journey_timeline_join(const journey_zone_t *zone, struct tm *tm)
{
    time_t  t;

    if (zone->fixed) {
        t = timegm(tm) - zone->offset;

    } else {
        tm->tm_isdst = -1;
        t = mktime(tm);
    }

    return t < 0 ? 0 : (uint64_t) t * 1000;
}


/* What the clock shows, as if it were UTC; seconds. */

static int64_t
journey_timeline_wall(const journey_zone_t *zone, uint64_t ms)
{
    struct tm  tm;

    journey_timeline_split(zone, ms, &tm);

    return (int64_t) timegm(&tm);
}


uint64_t
journey_timeline_back(const journey_zone_t *zone, uint64_t t, uint64_t since,
    uint64_t until)
{
    time_t     wall;
    struct tm  tm;

    wall = (time_t) (journey_timeline_wall(zone, t)
                     - (journey_timeline_wall(zone, until)
                        - journey_timeline_wall(zone, since)));

    (void) gmtime_r(&wall, &tm);

    return journey_timeline_join(zone, &tm) + t % 1000;
}


static uint64_t
journey_timeline_floor(const journey_zone_t *zone, journey_unit_e unit,
    uint64_t ms)
{
    struct tm  tm;

    journey_timeline_split(zone, ms, &tm);

    if (unit == JOURNEY_HOUR) {

        /* not by the calendar, which has an hour twice in autumn */

        return ms - (uint64_t) (tm.tm_min * 60 + tm.tm_sec) * 1000
               - ms % 1000;
    }

    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;

    if (unit == JOURNEY_WEEK) {
        tm.tm_mday -= (tm.tm_wday + 6) % 7;

    } else if (unit == JOURNEY_MONTH) {
        tm.tm_mday = 1;

    } else if (unit == JOURNEY_YEAR) {
        tm.tm_mday = 1;
        tm.tm_mon = 0;
    }

    return journey_timeline_join(zone, &tm);
}


static uint64_t
journey_timeline_next(const journey_zone_t *zone, journey_unit_e unit,
    unsigned years, uint64_t ms)
{
    uint64_t   next;
    struct tm  tm;

    if (unit == JOURNEY_HOUR) {
        return ms + 3600 * 1000;
    }

    journey_timeline_split(zone, ms, &tm);

    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_mday += (unit == JOURNEY_DAY) ? 1 : (unit == JOURNEY_WEEK) ? 7 : 0;
    tm.tm_mon += (unit == JOURNEY_MONTH);
    tm.tm_year += (unit == JOURNEY_YEAR) ? (int) years : 0;

    next = journey_timeline_join(zone, &tm);

    return next > ms ? next : ms + JOURNEY_TIMELINE_DAY;
}


/* In one bucket of years. */

static unsigned
journey_timeline_years(const journey_timeline_t *line)
{
    return (unsigned) ((line->until - line->from)
                       / (365 * JOURNEY_TIMELINE_DAY)
                       / JOURNEY_TIMELINE_YEARS) + 1;
}


static int
journey_timeline_make(journey_timeline_t *line)
{
    uint64_t               t;
    unsigned               size;
    journey_bucket_t      *buckets;
    const journey_zone_t  *zone;

    zone = &line->a->opts->zone;

    free(line->buckets);
    line->buckets = NULL;
    line->n = 0;
    size = 0;

    for (t = journey_timeline_floor(zone, line->unit, line->from);
         t <= line->until;
         t = journey_timeline_next(zone, line->unit,
                                   journey_timeline_years(line), t))
    {
        if (line->n == size) {
            size = size ? 2 * size : 64;

            buckets = realloc(line->buckets, size * sizeof(journey_bucket_t));
            if (buckets == NULL) {
                return JOURNEY_ERROR;
            }

            line->buckets = buckets;
        }

        memset(&line->buckets[line->n], 0, sizeof(journey_bucket_t));
        line->buckets[line->n++].start = t;
    }

    return JOURNEY_OK;
}


static journey_bucket_t *
journey_timeline_bucket(const journey_timeline_t *line, uint64_t t)
{
    unsigned  low, high, middle;

    low = 0;
    high = line->n;

    while (high - low > 1) {
        middle = low + (high - low) / 2;

        if (line->buckets[middle].start <= t) {
            low = middle;

        } else {
            high = middle;
        }
    }

    return &line->buckets[low];
}


/* A session begins at its first event: those of a visitor are in the order
 * of time, but two tabs may have sessions that overlap. */

static int
journey_timeline_session(void *ctx, const uint32_t *refs, uint32_t n)
{
    journey_timeline_t  *line;
    const journey_ev_t  *ev;

    (void) n;

    line = ctx;
    ev = journey_store_event(line->a->store, refs[0]);

    if (ev->session != 0) {
        journey_timeline_bucket(line, ev->t)->sessions++;
    }

    return JOURNEY_OK;
}


static int
journey_timeline_visitor(void *ctx, uint32_t visitor, const uint32_t *refs,
    uint32_t n)
{
    uint32_t             k;
    const journey_ev_t  *ev;
    journey_bucket_t    *bucket;
    journey_timeline_t  *line;

    line = ctx;
    bucket = line->buckets;

    line->gen++;

    for (k = 0; k < n; k++) {
        ev = journey_store_event(line->a->store, refs[k]);

        if (ev->t < bucket->start || bucket + 1 == line->buckets + line->n
            || ev->t >= bucket[1].start)
        {
            bucket = journey_timeline_bucket(line, ev->t);
        }

        if (visitor != 0 && bucket->visitor != line->gen) {
            bucket->visitor = line->gen;
            bucket->visitors++;
        }

        if (ev->goal != 0 && journey_goals_converts(line->a, ev)) {
            bucket->conversions++;
        }
    }

    return JOURNEY_OK;
}


/* No bucket tells of fewer visitors than --min-visitors. */

static int
journey_timeline_large(const journey_timeline_t *line, uint64_t min)
{
    unsigned                 i;
    const journey_bucket_t  *bucket;

    for (i = 0; i < line->n; i++) {
        bucket = &line->buckets[i];

        if ((bucket->visitors != 0 || bucket->conversions != 0)
            && bucket->visitors < min)
        {
            return 0;
        }
    }

    return 1;
}


/* Buckets of the next larger unit that is fine enough for the data: none when
 * there is no such unit. */

static int
journey_timeline_unit_next(journey_timeline_t *line, unsigned unit)
{
    uint64_t  span;

    span = line->until - line->from;

    while (unit < JOURNEY_UNITS && span > journey_timeline_spans[unit]) {
        unit++;
    }

    if (unit == JOURNEY_UNITS) {
        line->n = 0;
        return JOURNEY_OK;
    }

    line->unit = unit;

    return journey_timeline_make(line);
}


static int
journey_timeline_end(void *ctx)
{
    journey_timeline_t  *line;

    line = ctx;

    if (journey_timeline_large(line, line->few)) {
        return JOURNEY_OK;
    }

    if (journey_timeline_unit_next(line, line->unit + 1) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    return line->n != 0 ? JOURNEY_AGAIN : JOURNEY_OK;
}


static void
journey_timeline_pass(journey_timeline_t *line, journey_pass_t *pass)
{
    if (line->n != 0) {
        pass->ctx = line;
        pass->visitor = journey_timeline_visitor;
        pass->session = journey_timeline_session;
        pass->end = journey_timeline_end;
    }
}


int
journey_timeline_init(journey_timeline_t *line, const journey_analysis_t *a,
    uint64_t since, uint64_t until, journey_pass_t *pass)
{
    memset(line, 0, sizeof(journey_timeline_t));
    memset(pass, 0, sizeof(journey_pass_t));

    line->a = a;

    if (a->events == 0) {
        return JOURNEY_OK;
    }

    if (journey_max(a->store->all.until, until) / 1000
        > JOURNEY_TIMELINE_END - 86400)
    {
        line->unfit = 1;
        return JOURNEY_OK;
    }

    line->few = a->opts->min_visitors;
    line->from = a->store->all.from;
    line->until = a->store->all.until;

    if (until != 0) {
        line->from = journey_min(line->from, since);
        line->until = journey_max(line->until, until - 1);
    }

    if (journey_timeline_unit_next(line, 0) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    journey_timeline_pass(line, pass);

    return JOURNEY_OK;
}


/* The last bucket is the time behind those of line: it goes. */

static int
journey_timeline_end_before(void *ctx)
{
    journey_timeline_t  *past;

    past = ctx;
    past->n--;

    if (!journey_timeline_large(past, past->few)) {
        past->n = 0;
    }

    return JOURNEY_OK;
}


int
journey_timeline_init_before(journey_timeline_t *past,
    const journey_timeline_t *line, const journey_analysis_t *a,
    uint64_t since, uint64_t until, journey_pass_t *pass)
{
    uint64_t               end;
    unsigned               i;
    const journey_zone_t  *zone;

    memset(past, 0, sizeof(journey_timeline_t));
    memset(pass, 0, sizeof(journey_pass_t));

    past->a = a;
    past->unit = line->unit;
    past->few = line->few;
    zone = &a->opts->zone;

    if (line->n == 0 || a->events == 0) {
        return JOURNEY_OK;
    }

    past->buckets = calloc(line->n + 1, sizeof(journey_bucket_t));
    if (past->buckets == NULL) {
        return JOURNEY_ERROR;
    }

    past->n = line->n + 1;
    end = journey_timeline_next(zone, line->unit,
                                journey_timeline_years(line),
                                line->buckets[line->n - 1].start);

    for (i = 0; i < past->n; i++) {
        past->buckets[i].start = journey_timeline_back(zone,
                                     i < line->n ? line->buckets[i].start
                                                 : end, since, until);
    }

    journey_timeline_pass(past, pass);
    pass->end = journey_timeline_end_before;

    return JOURNEY_OK;
}


void
journey_timeline_free(journey_timeline_t *line)
{
    free(line->buckets);
}


void
journey_timeline_name(const journey_timeline_t *line,
    const journey_zone_t *zone, unsigned i, unsigned full, char *dst)
{
    size_t     n;
    struct tm  tm;

    journey_timeline_split(zone, line->buckets[i].start, &tm);

    n = strftime(dst, JOURNEY_TIME_LEN,
                 journey_timeline_names[line->unit][full != 0], &tm);
    dst[n] = '\0';

    if (dst[0] == ' ') {
        memmove(dst, dst + 1, n);
    }
}


void
journey_timeline_start(const journey_timeline_t *line,
    const journey_zone_t *zone, unsigned i, char *dst)
{
    size_t     n;
    struct tm  tm;

    journey_timeline_split(zone, line->buckets[i].start, &tm);

    n = strftime(dst, JOURNEY_TIME_LEN, tm.tm_hour || tm.tm_min
                                        ? "%Y-%m-%d %H:%M" : "%Y-%m-%d", &tm);
    dst[n] = '\0';
}


const char *
journey_timeline_unit(const journey_timeline_t *line)
{
    return journey_timeline_units[line->unit];
}
