
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_report_rows.h"

#include <stdlib.h>


journey_str_t
journey_report_name(const journey_analysis_t *a, uint32_t name)
{
    journey_str_t  other = journey_string("other");

    if (name != 0 && name == a->other_name
        && a->opts->format != JOURNEY_FORMAT_TEXT)
    {
        return other;
    }

    return journey_intern_str(&a->store->all.names, name);
}


void
journey_report_string(journey_cell_t *cell, journey_str_t str)
{
    cell->u.str = str;
    cell->null = (str.len == 0);
}


journey_column_t *
journey_report_columns(journey_pool_t *pool, const journey_column_t *columns,
    unsigned n)
{
    journey_column_t  *copy;

    copy = journey_palloc(pool, n * sizeof(journey_column_t));

    if (copy != NULL) {
        memcpy(copy, columns, n * sizeof(journey_column_t));
    }

    return copy;
}


uint32_t *
journey_report_sorted(const journey_analysis_t *a, uint32_t n,
    int (*wanted)(const journey_analysis_t *a, uint32_t i),
    journey_report_cmp_pt cmp, uint32_t *nsorted)
{
    uint32_t  i, k, *sorted;

    sorted = malloc((n + 1) * sizeof(uint32_t));
    if (sorted == NULL) {
        return NULL;
    }

    for (i = 0, k = 0; i < n; i++) {
        if (wanted(a, i)) {
            sorted[k++] = i;
        }
    }

    qsort_r(sorted, k, sizeof(uint32_t), cmp, (void *) a);

    *nsorted = k;

    return sorted;
}


uint32_t
journey_report_limit(journey_table_t *table, uint32_t n, long limit)
{
    if (limit == JOURNEY_LIMIT_NONE || (uint64_t) limit >= n) {
        return n;
    }

    table->more = n - (uint32_t) limit;

    return (uint32_t) limit;
}


const char *
journey_report_value(const journey_analysis_t *a)
{
    return a->valued ? a->value : NULL;
}


int
journey_report_span(journey_cell_t *cell, journey_pool_t *pool, double ms)
{
    char      *p;
    uint64_t   s;
    unsigned   i;

    static const struct {
        uint64_t     s;
        const char  *name;
        uint64_t     small;
        const char  *less;
    } units[] = {
        { 86400, "d", 3600, "h" },
        { 3600, "h", 60, "min" },
        { 60, "min", 1, "s" }
    };

    p = journey_palloc(pool, 64);
    if (p == NULL) {
        return JOURNEY_ERROR;
    }

    s = (uint64_t) (ms / 1000 + 0.5);

    snprintf(p, 64, "%llu s", (unsigned long long) s);

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (s >= units[i].s) {
            snprintf(p, 64, "%llu %s %llu %s",
                     (unsigned long long) (s / units[i].s), units[i].name,
                     (unsigned long long) (s % units[i].s / units[i].small),
                     units[i].less);
            break;
        }
    }

    cell->u.str.data = (u_char *) p;
    cell->u.str.len = strlen(p);

    return JOURNEY_OK;
}
