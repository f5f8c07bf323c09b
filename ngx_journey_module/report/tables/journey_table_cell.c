
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_table_cell.h"


int
journey_text_is_number(journey_cell_e type)
{
    return type == JOURNEY_CELL_COUNT || type == JOURNEY_CELL_CREDIT
           || type == JOURNEY_CELL_MONEY || type == JOURNEY_CELL_SHARE;
}


journey_str_t
journey_text_cell(const journey_output_t *out, const journey_column_t *column,
    const journey_cell_t *cell, char *buf)
{
    double         number;
    journey_str_t  str;

    number = cell->u.number;
    str.data = (u_char *) buf;
    buf[0] = '\0';

    if (cell->null) {
        strcpy(buf, "\xe2\x80\x93");                    /* – */

    } else if (column->type == JOURNEY_CELL_STRING) {
        return cell->u.str;

    } else if (column->type == JOURNEY_CELL_COUNT) {
        journey_text_count(buf, cell->u.count);

    } else if (column->type == JOURNEY_CELL_CREDIT) {

        if (number >= 0 && number < 1e15
            && number == (double) (uint64_t) number)
        {
            journey_text_count(buf, (uint64_t) number);

        } else {
            journey_text_money(buf, number);
        }

    } else if (column->type == JOURNEY_CELL_MONEY) {
        journey_text_money(buf, number);

    } else if (column->type == JOURNEY_CELL_SHARE) {
        snprintf(buf, 32, "%.1f %%", 100 * number);

    } else if (column->type == JOURNEY_CELL_TIME) {
        journey_time_format(out->zone, cell->u.count, buf);

    } else if (column->type == JOURNEY_CELL_BOOL) {
        strcpy(buf, cell->u.count ? "yes" : "no");
    }

    str.len = strlen(buf);

    return str;
}


unsigned
journey_text_list(FILE *file, const journey_cell_t *cell, unsigned width)
{
    uint32_t  i;
    unsigned  used, left;

    if (cell->u.list.n == 0) {
        if (file != NULL) {
            fputs("\xe2\x80\x93", file);
        }

        return 1;
    }

    for (i = 0, used = 0; i < cell->u.list.n; i++) {

        if (i != 0) {
            used += 3;
        }

        left = journey_text_width(&cell->u.list.strs[i]);

        if (file == NULL) {
            used += left;
            continue;
        }

        if (i != 0) {
            fputs(" \xe2\x80\xba ", file);              /* › */
        }

        /* what follows needs room for " › …" at least */

        if (used + left + (i + 1 < cell->u.list.n ? 4 : 0) > width) {

            if (i == 0) {
                return journey_text_print(file, &cell->u.list.strs[0], width);
            }

            fputs("\xe2\x80\xa6", file);
            return used + 1;
        }

        used += journey_text_print(file, &cell->u.list.strs[i], left);
    }

    return used;
}


/* Eighths of a block. */

unsigned
journey_text_bar(FILE *file, double share, unsigned width)
{
    unsigned  eighths, used;

    eighths = (unsigned) (share * width * 8 + 0.5);

    if (eighths == 0 && share > 0) {
        eighths = 1;
    }

    eighths = journey_min(eighths, 8 * width);

    for (used = 0; eighths >= 8; eighths -= 8, used++) {
        fputs("\xe2\x96\x88", file);
    }

    if (eighths != 0) {
        fprintf(file, "\xe2\x96%c", 0x90 - (int) eighths);
        used++;
    }

    return used;
}
