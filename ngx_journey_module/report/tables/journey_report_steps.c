
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From the steps of a funnel to their table.
 */


#include "journey_report.h"
#include "journey_report_rows.h"
#include "journey_steps.h"


static const journey_column_t  journey_steps_columns[] = {
    { "step", NULL, JOURNEY_CELL_COUNT },
    { "name", "Step", JOURNEY_CELL_STRING },
    { NULL, "", JOURNEY_CELL_BAR },
    { "visitors", "Visitors", JOURNEY_CELL_COUNT },
    { "share", "Of first", JOURNEY_CELL_SHARE },
    { "share_before", "Of before", JOURNEY_CELL_SHARE },
    { "median", NULL, JOURNEY_CELL_CREDIT },
    { NULL, "Median time", JOURNEY_CELL_STRING }
};


static int
journey_report_step(journey_table_t *table, const journey_analysis_t *a,
    const journey_steps_t *steps, unsigned number)
{
    double                      first;
    unsigned                    few;
    journey_cell_t             *cell;
    const journey_steps_one_t  *step, *before;

    step = &steps->steps[number];
    before = &steps->steps[number ? number - 1 : 0];
    first = (double) steps->steps[0].visitors;
    few = (step->visitors < a->opts->min_visitors);

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    cell[0].u.count = number + 1;
    cell[1].u.str = step->name;

    if (few) {

        /* so are all that follow: nobody is there who was not here */

        cell[0].null = 1;
        cell[1].u.str = journey_report_name(a, a->other_name);
        cell[3].null = 1;
    }

    cell[2].u.number = (few || first == 0) ? 0
                                           : (double) step->visitors / first;
    cell[3].u.count = step->visitors;
    cell[4].null = (few || first == 0);
    cell[4].u.number = cell[2].u.number;
    cell[5].null = (few || before->visitors == 0);
    cell[5].u.number = cell[5].null ? 0 : (double) step->visitors
                                          / (double) before->visitors;
    cell[6].null = (few || step->ntimes == 0);
    cell[7].null = cell[6].null;

    if (cell[6].null) {
        return JOURNEY_OK;
    }

    cell[6].u.number = journey_steps_median(step);

    return journey_report_span(&cell[7], table->pool, cell[6].u.number);
}


int
journey_table_funnel(journey_table_t *table, const journey_analysis_t *a,
    const journey_steps_t *steps)
{
    int       rc;
    unsigned  i;

    journey_table_init(table, table->pool, "funnel", "Funnel",
                       journey_columns(journey_steps_columns));

    for (i = 0, rc = JOURNEY_OK; i < steps->n && rc == JOURNEY_OK; i++) {
        rc = journey_report_step(table, a, steps, i);

        if (steps->steps[i].visitors < a->opts->min_visitors) {
            break;
        }
    }

    return rc;
}
