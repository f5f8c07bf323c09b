
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * --min-visitors: rows of fewer visitors are counted as one row.
 */


#ifndef JOURNEY_FOLD_H
#define JOURNEY_FOLD_H


#include "journey_analysis.h"


/*
 * Chooses the rows of channels, campaigns, pages, paths and phases to be
 * folded, from the sums that are there; to be called again after they were
 * counted anew.
 * Each table's choice is: the rows of fewer visitors, and the next smallest
 * one as long as a single row would be folded, or all that are folded have
 * too few visitors together.  Rows without any event are none.
 *
 * JOURNEY_OK when more is folded than before, JOURNEY_DECLINED when the sums
 * are as they must be, JOURNEY_ERROR when memory is exhausted.
 */
int journey_fold(journey_analysis_t *a);

/*
 * The choice for any one table: *map, which is made in the first call and is
 * to be freed, says for which of size rows each one counts; other is the one of
 * all that are folded.  seen tells the visitors of a row, and 0 for rows that
 * are none.  JOURNEY_OK, JOURNEY_DECLINED and JOURNEY_ERROR as above.
 */
typedef int (*journey_fold_seen_pt)(const void *ctx, uint32_t i,
    uint64_t *visitors);

int journey_fold_few(uint32_t **map, uint32_t size, uint32_t other,
    uint64_t min, journey_fold_seen_pt seen, const void *ctx,
    const journey_intern_t *keys);

/* Folds the table of goals, which has all it needs for that. */
int journey_fold_goals(journey_analysis_t *a);


/* The row to count for. */

static inline uint32_t
journey_fold_row(const uint32_t *rows, uint32_t i)
{
    return rows == NULL ? i : rows[i];
}


#endif /* JOURNEY_FOLD_H */
