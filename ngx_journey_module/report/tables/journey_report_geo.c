
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From the sums of places to the table of geography.
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_report.h"
#include "journey_report_rows.h"
#include "journey_places.h"

#include <stdlib.h>


static const journey_column_t  journey_geo_columns[] = {
    { "country", "Country", JOURNEY_CELL_STRING },
    { "region", "Region", JOURNEY_CELL_STRING },
    { "city", "City", JOURNEY_CELL_STRING },
    { "visitors", "Visitors", JOURNEY_CELL_COUNT },
    { "sessions", "Sessions", JOURNEY_CELL_COUNT },
    { "journeys", "Journeys", JOURNEY_CELL_COUNT },
    { "conversions", "Conversions", JOURNEY_CELL_COUNT },
    { NULL, "Rate", JOURNEY_CELL_SHARE },
    { "value", "Value", JOURNEY_CELL_MONEY }
};


/* The place of most visitors first, other last. */

static int
journey_report_place_cmp(const void *one, const void *two, void *ctx)
{
    uint32_t                 i, k;
    journey_str_t            x, y;
    const journey_place_t   *p, *q;
    const journey_places_t  *places;

    places = ctx;
    i = *(const uint32_t *) one;
    k = *(const uint32_t *) two;

    if (i == places->other || k == places->other) {
        return (i == places->other) - (k == places->other);
    }

    p = &places->places[i];
    q = &places->places[k];

    if (p->visitors != q->visitors) {
        return p->visitors > q->visitors ? -1 : 1;
    }

    x = journey_intern_str(&places->keys, i);
    y = journey_intern_str(&places->keys, k);

    return journey_strcmp(&x, &y);
}


static int
journey_report_place(journey_cell_t *cell, const journey_analysis_t *a,
    journey_pool_t *pool, const journey_places_t *places, uint32_t number)
{
    u_char                 *p;
    unsigned                i;
    journey_str_t           names[3];
    const journey_place_t  *place;

    place = &places->places[number];

    if (number == places->other) {
        cell[0].u.str = journey_report_name(a, a->other_name);
        cell[1].null = 1;
        cell[2].null = 1;

    } else {
        journey_places_name(places, number, names);

        for (i = 0; i < 3; i++) {

            /* the places are gone when the table is printed */

            if (names[i].len != 0) {
                p = journey_palloc(pool, names[i].len);
                if (p == NULL) {
                    return JOURNEY_ERROR;
                }

                memcpy(p, names[i].data, names[i].len);
                names[i].data = p;
            }

            journey_report_string(&cell[i], names[i]);
        }
    }

    cell[3].u.count = place->visitors;
    cell[4].u.count = place->sessions;
    cell[5].u.count = place->journeys;
    cell[6].u.count = place->conversions;
    cell[7].null = (place->journeys == 0);
    cell[7].u.number = place->journeys ? (double) place->conversions
                                         / (double) place->journeys : 0;
    cell[8].u.number = journey_round(place->value);

    return JOURNEY_OK;
}


static int
journey_report_places(journey_table_t *table, const journey_analysis_t *a,
    const journey_places_t *places, unsigned parts, long limit)
{
    uint32_t           i, n, *sorted;
    journey_cell_t    *cell;
    journey_column_t  *columns;

    columns = journey_report_columns(table->pool,
                                     journey_columns(journey_geo_columns));
    sorted = malloc(places->n * sizeof(uint32_t));

    if (columns == NULL || sorted == NULL) {
        free(sorted);
        return JOURNEY_ERROR;
    }

    columns[8].title = journey_report_value(a);

    for (i = parts; i < 3; i++) {
        columns[i].title = NULL;
        columns[i].key = NULL;
    }

    journey_table_init(table, table->pool, "geo", "Geography", columns,
                       sizeof(journey_geo_columns)
                       / sizeof(journey_geo_columns[0]));
    table->empty = "no visitors";

    for (i = 0, n = 0; i < places->n; i++) {
        if (journey_places_counted(places, i)) {
            sorted[n++] = i;
        }
    }

    qsort_r(sorted, n, sizeof(uint32_t), journey_report_place_cmp,
            (void *) places);

    n = journey_report_limit(table, n, limit);

    for (i = 0; i < n; i++) {
        cell = journey_table_row(table);

        if (cell == NULL
            || journey_report_place(cell, a, table->pool, places, sorted[i])
               != JOURNEY_OK)
        {
            free(sorted);
            return JOURNEY_ERROR;
        }
    }

    free(sorted);

    if (places->keys.n == 1 && a->visitors != 0) {
        journey_table_note(table, "the log has no places: journey_geoip adds "
                           "them");
    }

    return JOURNEY_OK;
}


int
journey_table_geo(journey_table_t *table, const journey_analysis_t *a,
    const journey_places_t *places, long limit)
{
    return journey_report_places(table, a, places, 1 + (unsigned) a->opts->by,
                                 limit);
}
