
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* timegm() */

#include "journey_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


#define JOURNEY_TIME_MAX  253402300799LL        /* the end of the year 9999 */


/* Reads n digits; NULL when they are not there. */

static const char *
journey_time_digits(const char *p, unsigned n, int *value)
{
    *value = 0;

    for ( /* void */ ; n > 0; n--, p++) {
        if (*p < '0' || *p > '9') {
            return NULL;
        }

        *value = *value * 10 + (*p - '0');
    }

    return p;
}


/* "+HH:MM" or "-HH:MM", in s; NULL for anything else. */

static const char *
journey_time_offset(const char *p, int *offset)
{
    int          hours, minutes;
    const char  *sign;

    sign = p;

    if (*p != '+' && *p != '-') {
        return NULL;
    }

    p = journey_time_digits(p + 1, 2, &hours);

    if (p == NULL || *p != ':') {
        return NULL;
    }

    p = journey_time_digits(p + 1, 2, &minutes);

    if (p == NULL || hours > 23 || minutes > 59) {
        return NULL;
    }

    *offset = (*sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);

    return p;
}


void
journey_zone_local(journey_zone_t *zone)
{
    memset(zone, 0, sizeof(journey_zone_t));

    tzset();
}


int
journey_zone_set(journey_zone_t *zone, const char *name, journey_error_t *err)
{
    char         path[128];
    const char  *p;

    zone->fixed = 1;
    zone->offset = 0;

    p = journey_time_offset(name, &zone->offset);

    if ((p != NULL && *p == '\0')
        || strcmp(name, "UTC") == 0 || strcmp(name, "Z") == 0)
    {
        snprintf(zone->name, sizeof(zone->name), "%s",
                 *name == 'Z' ? "UTC" : name);
        return JOURNEY_OK;
    }

    zone->fixed = 0;

    if (strlen(name) >= sizeof(zone->name) || *name == '\0' || *name == '/'
        || strstr(name, "..") != NULL
        || name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "abcdefghijklmnopqrstuvwxyz0123456789_+-/")]
           != '\0')
    {
        return journey_error(err, "bad time zone \"%s\"", name);
    }

    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);

    if (access(path, R_OK) != 0) {
        return journey_error(err, "unknown time zone \"%s\" (no %s; "
                             "Debian's package is tzdata)", name, path);
    }

    snprintf(zone->name, sizeof(zone->name), "%s", name);
    snprintf(path, sizeof(path), ":%s", name);

    if (setenv("TZ", path, 1) != 0) {
        return journey_error(err, "no memory");
    }

    tzset();

    return JOURNEY_OK;
}


static int
journey_time_bad(const char *text, journey_error_t *err)
{
    return journey_error(err, "bad time \"%s\": a date (2026-11-22), a date "
                         "and time (2026-11-22T07:00:00Z) or seconds since "
                         "1970 are understood", text);
}


static int
journey_time_days(int month, int year)
{
    static const int  days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        return 29;
    }

    return days[month - 1];
}


/* HH:MM[:SS[.fraction]] */

static const char *
journey_time_clock(const char *p, struct tm *tm, int *ms)
{
    int  digit;

    p = journey_time_digits(p, 2, &tm->tm_hour);

    if (p == NULL || *p != ':') {
        return NULL;
    }

    p = journey_time_digits(p + 1, 2, &tm->tm_min);

    if (p != NULL && *p == ':') {
        p = journey_time_digits(p + 1, 2, &tm->tm_sec);

        if (p != NULL && *p == '.') {
            p++;

            if (*p < '0' || *p > '9') {
                return NULL;
            }

            for (digit = 100; *p >= '0' && *p <= '9'; p++, digit /= 10) {
                *ms += digit * (*p - '0');
            }
        }
    }

    if (p == NULL || tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60) {
        return NULL;
    }

    return p;
}


int
journey_time_parse(const journey_zone_t *zone, const char *text, uint64_t *ms,
    journey_error_t *err)
{
    int          year, month, day, fraction, offset;
    time_t       t;
    unsigned     fixed;
    struct tm    tm;
    const char  *p;

    if (*text != '\0' && text[strspn(text, "0123456789")] == '\0') {
        if (strlen(text) > 11) {
            return journey_error(err, "bad time \"%s\": seconds since 1970 "
                                 "have at most 11 digits", text);
        }

        *ms = strtoull(text, NULL, 10) * 1000;
        return JOURNEY_OK;
    }

    memset(&tm, 0, sizeof(tm));

    fraction = 0;
    fixed = zone->fixed;
    offset = zone->offset;

    p = journey_time_digits(text, 4, &year);
    p = (p != NULL && *p == '-') ? journey_time_digits(p + 1, 2, &month)
                                 : NULL;
    p = (p != NULL && *p == '-') ? journey_time_digits(p + 1, 2, &day) : NULL;

    if (p == NULL || year < 1970 || month < 1 || month > 12 || day < 1
        || day > journey_time_days(month, year))
    {
        return journey_time_bad(text, err);
    }

    if (*p == 'T' || *p == 't' || *p == ' ') {
        p = journey_time_clock(p + 1, &tm, &fraction);

        if (p != NULL && (*p == 'Z' || *p == 'z')) {
            p++;
            fixed = 1;
            offset = 0;

        } else if (p != NULL && *p != '\0') {
            p = journey_time_offset(p, &offset);
            fixed = 1;
        }
    }

    if (p == NULL || *p != '\0') {
        return journey_time_bad(text, err);
    }

    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_isdst = -1;

    t = fixed ? timegm(&tm) - offset : mktime(&tm);

    if (t < 0) {
        return journey_time_bad(text, err);
    }

    *ms = (uint64_t) t * 1000 + (uint64_t) fraction;

    return JOURNEY_OK;
}


static void
journey_time_print(const journey_zone_t *zone, uint64_t ms, const char *format,
    char *dst)
{
    time_t     t;
    size_t     n;
    struct tm  tm;

    t = (time_t) (ms / 1000);

    if (zone->fixed) {
        t += zone->offset;
    }

    if (t > JOURNEY_TIME_MAX
        || (zone->fixed ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) == NULL)
    {
        snprintf(dst, JOURNEY_TIME_LEN, "%llu ms", (unsigned long long) ms);
        return;
    }

    n = strftime(dst, JOURNEY_TIME_LEN, format, &tm);

    if (zone->fixed) {
        snprintf(dst + n, JOURNEY_TIME_LEN - n, "%.20s", zone->name);

    } else {
        (void) strftime(dst + n, JOURNEY_TIME_LEN - n, "%Z", &tm);
    }
}


void
journey_time_format(const journey_zone_t *zone, uint64_t ms, char *dst)
{
    journey_time_print(zone, ms, "%Y-%m-%d %H:%M ", dst);
}


void
journey_time_format_seconds(const journey_zone_t *zone, uint64_t ms, char *dst)
{
    journey_time_print(zone, ms, "%Y-%m-%d %H:%M:%S ", dst);
}


int64_t
journey_time_day(const journey_zone_t *zone, uint64_t ms)
{
    int64_t    s;
    time_t     t;
    struct tm  tm;

    s = (int64_t) (ms / 1000);

    if (zone->fixed) {
        s += zone->offset;

    } else {
        t = (time_t) s;

        if (s <= JOURNEY_TIME_MAX && localtime_r(&t, &tm) != NULL) {
            s += tm.tm_gmtoff;
        }
    }

    return (s >= 0) ? s / 86400 : -((86399 - s) / 86400);
}


int
journey_span_parse(const char *text, uint64_t *ms, journey_error_t *err)
{
    char                *unit;
    uint64_t             n;
    unsigned             i;

    static const struct {
        char             name;
        uint64_t         ms;
    } units[] = {
        { 's', 1000 },
        { 'm', 60 * 1000 },
        { 'h', 3600 * 1000 },
        { 'd', 24 * 3600 * 1000 },
        { 'w', 7 * 24 * 3600 * 1000 }
    };

    n = strspn(text, "0123456789");

    if (n > 0 && n < 10) {
        n = strtoull(text, &unit, 10);

        for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
            if (unit[0] == units[i].name && unit[1] == '\0') {
                *ms = n * units[i].ms;
                return JOURNEY_OK;
            }
        }
    }

    return journey_error(err, "bad span \"%s\": a number and one of s, m, h, "
                         "d, w are understood", text);
}


int
journey_span_before(const char *text, uint64_t now, uint64_t *ms,
    journey_error_t *err)
{
    char      *unit;
    long       n;
    time_t     t;
    uint64_t   span;
    struct tm  tm;

    n = (long) strspn(text, "0123456789");

    if (n == 0 || n > 4
        || (strcmp(text + n, "mo") != 0 && strcmp(text + n, "y") != 0))
    {
        if (journey_span_parse(text, &span, NULL) != JOURNEY_OK) {
            return journey_error(err, "bad span \"%s\": a number and one of "
                                 "s, m, h, d, w, mo, y are understood", text);
        }

        *ms = now - journey_min(span, now);

        return JOURNEY_OK;
    }

    n = strtol(text, &unit, 10);
    n = (*unit == 'y') ? 12 * n : n;

    t = (time_t) (now / 1000);

    if (gmtime_r(&t, &tm) == NULL) {
        return journey_error(err, "the clock is wrong");
    }

    n = 12 * (tm.tm_year + 1900L) + tm.tm_mon - n;

    if (n < 12 * 1970) {
        *ms = 0;
        return JOURNEY_OK;
    }

    tm.tm_year = (int) (n / 12 - 1900);
    tm.tm_mon = (int) (n % 12);
    tm.tm_mday = journey_min(tm.tm_mday,
                             journey_time_days(tm.tm_mon + 1, n / 12));

    *ms = (uint64_t) timegm(&tm) * 1000 + now % 1000;

    return JOURNEY_OK;
}
