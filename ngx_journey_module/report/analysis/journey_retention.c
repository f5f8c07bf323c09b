
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_retention.h"
#include "journey_fold.h"
#include "journey_persons.h"

#include <stdio.h>
#include <stdlib.h>


#define JOURNEY_DAY  86400000ULL        /* ms */


/* What is needed while visitors are counted. */

typedef struct journey_retention_walk_s {
    journey_retention_t       *retention;
    const journey_analysis_t  *a;
    int64_t                    since;   /* the first day of a cohort */
    unsigned                   counted; /* the visitor is in a cohort */
    uint32_t                   cohort;
    uint64_t                  *back;    /* its row of returns */
    uint64_t                   gen;     /* number of the visitor */
    uint64_t                  *marks;   /* by column: that of the latest */
    uint64_t                  *cohorts; /* visitors of each, folded or not */
} journey_retention_walk_t;


/* The year and month of a day since 1970, which may be of any age. */

static void
journey_retention_civil(int64_t day, int64_t *year, int *month, int *mday)
{
    int64_t   era, n, y;
    unsigned  m;

    /* years that begin in March: the leap day is their last */

    day += 719468;
    era = (day >= 0 ? day : day - 146096) / 146097;
    n = day - era * 146097;
    y = (n - n / 1460 + n / 36524 - n / 146096) / 365;
    n -= 365 * y + y / 4 - y / 100;
    m = (unsigned) ((5 * n + 2) / 153);

    *mday = (int) (n - (153 * m + 2) / 5 + 1);
    *month = (int) (m < 10 ? m + 3 : m - 9);
    *year = y + era * 400 + (*month <= 2);
}


/* The number of the period that holds the day; weeks begin on Monday. */

static int64_t
journey_retention_period(const journey_retention_t *retention, int64_t day)
{
    int      month, mday;
    int64_t  year;

    switch (retention->period) {

    case JOURNEY_PERIOD_DAY:
        return day;

    case JOURNEY_PERIOD_MONTH:
        journey_retention_civil(day, &year, &month, &mday);
        return year * 12 + month - 1;

    default: /* JOURNEY_PERIOD_WEEK */
        return day + 3 >= 0 ? (day + 3) / 7 : -((3 - day) / 7);
    }
}


void
journey_retention_name(const journey_retention_t *retention, uint32_t row,
    char *dst)
{
    int      month, mday;
    int64_t  number, year;

    number = retention->first + row;

    if (retention->period == JOURNEY_PERIOD_MONTH) {
        snprintf(dst, 16, "%04d-%02d", (int) (number / 12) % 10000,
                 (int) (number % 12 + 1) % 100);
        return;
    }

    journey_retention_civil(retention->period == JOURNEY_PERIOD_DAY
                            ? number : number * 7 - 3, &year, &month, &mday);

    snprintf(dst, 16, "%04d-%02d-%02d", (int) year % 10000, month % 100,
             mday % 100);
}


/* The cohort of a visitor; JOURNEY_DECLINED when he is in none. */

static int
journey_retention_cohort(journey_retention_walk_t *walk, uint32_t visitor,
    uint32_t *cohort)
{
    int64_t                 day, number;
    journey_str_t           name;
    journey_retention_t    *retention;
    const journey_first_t  *first;
    const journey_store_t  *store;

    retention = walk->retention;
    store = walk->a->store;
    first = &store->all.firsts[visitor];

    retention->all++;

    if (!journey_persons_is(store, visitor)) {
        name = journey_intern_str(&store->all.visitors, visitor);

        if (name.data[0] != 'c') {
            retention->hashes++;
            return JOURNEY_DECLINED;
        }
    }

    if (first->exempt) {
        retention->exempt++;
        return JOURNEY_DECLINED;
    }

    day = (int64_t) first->day - 1;
    number = journey_retention_period(retention, day) - retention->first;

    if (first->day == 0 || number >= (int64_t) retention->n) {
        retention->unknown++;
        return JOURNEY_DECLINED;
    }

    if (day < walk->since) {
        retention->earlier++;
        return JOURNEY_DECLINED;
    }

    *cohort = (uint32_t) number;

    return JOURNEY_OK;
}


/* A session is of the period in which it began. */

static int
journey_retention_session(void *ctx, const uint32_t *refs, uint32_t n)
{
    int64_t                    k;
    const journey_ev_t        *ev;
    journey_retention_t       *retention;
    journey_retention_walk_t  *walk;

    (void) n;

    walk = ctx;
    retention = walk->retention;
    ev = journey_store_event(walk->a->store, refs[0]);

    if (!walk->counted || ev->session == 0) {
        return JOURNEY_OK;
    }

    k = journey_retention_period(retention,
                              journey_time_day(&walk->a->opts->zone, ev->t))
        - retention->first - walk->cohort;

    /* the day of fs is one of UTC */

    k = journey_max(k, 0);

    if (k < (int64_t) (retention->n - walk->cohort)
        && walk->marks[k] != walk->gen)
    {
        walk->marks[k] = walk->gen;
        walk->back[k]++;
    }

    return JOURNEY_OK;
}


static int
journey_retention_visitor(void *ctx, uint32_t visitor, const uint32_t *refs,
    uint32_t n)
{
    uint32_t                   row;
    journey_retention_t       *retention;
    journey_retention_walk_t  *walk;

    (void) refs;
    (void) n;

    walk = ctx;
    retention = walk->retention;

    walk->counted = (visitor != 0
                     && journey_retention_cohort(walk, visitor, &walk->cohort)
                        == JOURNEY_OK);

    if (walk->counted) {
        row = journey_fold_row(retention->row, walk->cohort);
        retention->visitors[row]++;
        walk->back = retention->back + (size_t) row * retention->n;
        walk->cohorts[walk->cohort]++;
        walk->gen++;
    }

    return JOURNEY_OK;
}


/* Of how many visitors each period could be seen. */

static void
journey_retention_seen(journey_retention_walk_t *walk)
{
    uint32_t              k, row, cohort;
    journey_retention_t  *retention;

    retention = walk->retention;

    for (cohort = 0; cohort < retention->n; cohort++) {
        row = journey_fold_row(retention->row, cohort);

        for (k = 0; k < retention->n - cohort; k++) {
            retention->seen[(size_t) row * retention->n + k]
                += walk->cohorts[cohort];
        }
    }
}


static int
journey_retention_row(const void *ctx, uint32_t i, uint64_t *visitors)
{
    const journey_retention_t  *retention;

    retention = ctx;
    *visitors = retention->visitors[i];

    return retention->visitors[i] != 0;
}


/* From which period to which; the last one may go on after the end. */

static int
journey_retention_range(journey_retention_walk_t *walk)
{
    int64_t               last, after;
    journey_retention_t  *retention;

    retention = walk->retention;

    /* --since may be long before the first event, which alone tells from when
     * on those who never came again are known, too */

    walk->since = (int64_t) (walk->a->from / JOURNEY_DAY);

    retention->first = journey_retention_period(retention, walk->since);

    after = journey_retention_period(retention,
                journey_time_day(&walk->a->opts->zone, walk->a->until));
    last = journey_retention_period(retention,
                journey_time_day(&walk->a->opts->zone,
                                 walk->a->until
                                 - (walk->a->opts->until != UINT64_MAX)));
    last = journey_max(last, retention->first);

    if (last - retention->first >= JOURNEY_RETENTION_MAX) {
        return JOURNEY_DECLINED;
    }

    retention->n = (uint32_t) (last - retention->first + 1);
    retention->over = (after > last) ? retention->n : retention->n - 1;

    return JOURNEY_OK;
}


static void
journey_retention_reset(journey_retention_walk_t *walk)
{
    size_t                size;
    journey_retention_t  *retention;

    retention = walk->retention;
    size = (size_t) (retention->n + 1) * retention->n;

    retention->all = retention->hashes = retention->exempt = 0;
    retention->earlier = retention->unknown = 0;

    walk->gen = 0;

    memset(walk->marks, 0, retention->n * sizeof(uint64_t));
    memset(walk->cohorts, 0, retention->n * sizeof(uint64_t));
    memset(retention->visitors, 0, (retention->n + 1) * sizeof(uint64_t));
    memset(retention->seen, 0, size * sizeof(uint64_t));
    memset(retention->back, 0, size * sizeof(uint64_t));
}


static int
journey_retention_end(void *ctx)
{
    int                        rc;
    journey_retention_t       *retention;
    journey_retention_walk_t  *walk;

    walk = ctx;
    retention = walk->retention;

    journey_retention_seen(walk);

    rc = (walk->a->opts->min_visitors == 0) ? JOURNEY_DECLINED
         : journey_fold_few(&retention->row, retention->n + 1, retention->n,
                            walk->a->opts->min_visitors,
                            journey_retention_row, retention, NULL);

    if (rc == JOURNEY_OK) {
        journey_retention_reset(walk);
        return JOURNEY_AGAIN;
    }

    return rc == JOURNEY_DECLINED ? JOURNEY_OK : rc;
}


int
journey_retention_init(journey_retention_t *retention,
    const journey_analysis_t *a, journey_period_e period,
    journey_pass_t *pass)
{
    size_t                     size;
    uint32_t                   n;
    journey_retention_walk_t  *walk;

    memset(retention, 0, sizeof(journey_retention_t));
    memset(pass, 0, sizeof(journey_pass_t));

    retention->period = period;

    if (a->visitors == 0) {
        return JOURNEY_OK;
    }

    walk = calloc(1, sizeof(journey_retention_walk_t));
    if (walk == NULL) {
        return JOURNEY_ERROR;
    }

    retention->walk = walk;
    walk->retention = retention;
    walk->a = a;

    if (journey_retention_range(walk) != JOURNEY_OK) {
        retention->unfit = 1;
        return JOURNEY_OK;
    }

    n = retention->n;
    size = (size_t) (n + 1) * n;

    walk->marks = malloc(n * sizeof(uint64_t));
    walk->cohorts = malloc(n * sizeof(uint64_t));
    retention->visitors = malloc((n + 1) * sizeof(uint64_t));
    retention->seen = malloc(size * sizeof(uint64_t));
    retention->back = malloc(size * sizeof(uint64_t));

    if (walk->marks == NULL || walk->cohorts == NULL
        || retention->visitors == NULL || retention->seen == NULL
        || retention->back == NULL)
    {
        return JOURNEY_ERROR;
    }

    journey_retention_reset(walk);

    pass->ctx = walk;
    pass->visitor = journey_retention_visitor;
    pass->session = journey_retention_session;
    pass->end = journey_retention_end;

    return JOURNEY_OK;
}


void
journey_retention_free(journey_retention_t *retention)
{
    if (retention->walk != NULL) {
        free(retention->walk->marks);
        free(retention->walk->cohorts);
        free(retention->walk);
    }

    free(retention->visitors);
    free(retention->seen);
    free(retention->back);
    free(retention->row);
}
