
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Retention: of those who came for the first time in a day, week or month,
 * how many had a session in each later one.
 */


#ifndef JOURNEY_RETENTION_H
#define JOURNEY_RETENTION_H


#include "journey_pass.h"


#define JOURNEY_RETENTION_MAX  1500     /* periods of an input */

/*
 * Row i is the cohort of period first + i; row n, where others may be folded,
 * is of several.  Column k is the k-th period after that of the cohort.
 */

typedef struct {
    journey_period_e  period;
    int64_t        first;
    uint32_t       n;                   /* periods, and so cohorts */
    uint32_t       over;                /* periods that have ended */
    uint64_t      *visitors;            /* of a cohort */
    uint64_t      *seen;                /* of whom a period could be seen */
    uint64_t      *back;                /* of whom there is a session in it */
    uint32_t      *row;                 /* NULL: nothing is folded */

    /* who is in no cohort, and how many there are */

    uint64_t       all;
    uint64_t       hashes;              /* of a day */
    uint64_t       exempt;
    uint64_t       earlier;             /* first seen before the input */
    uint64_t       unknown;             /* when, or not before its end */

    unsigned       unfit;               /* more than JOURNEY_RETENTION_MAX
                                           periods: nothing is counted */

    struct journey_retention_walk_s  *walk;
} journey_retention_t;


/* The pass that counts, which has no ctx when there is nothing to count.
 * JOURNEY_ERROR when memory is exhausted; to be freed in any case. */
int journey_retention_init(journey_retention_t *retention,
    const journey_analysis_t *a, journey_period_e period,
    journey_pass_t *pass);
void journey_retention_free(journey_retention_t *retention);

/* "2026-11-16", of a month "2026-11"; dst has 16 bytes. */
void journey_retention_name(const journey_retention_t *retention, uint32_t row,
    char *dst);


#endif /* JOURNEY_RETENTION_H */
