
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Many files, one after another, and what became of them.
 */


#include "journey_erase.h"
#include "journey_table.h"

#include <stdio.h>


static const journey_column_t  journey_edit_columns[] = {
    { "lines", NULL, JOURNEY_CELL_COUNT },
    { "members_rewritten", NULL, JOURNEY_CELL_COUNT },
    { "members_dropped", NULL, JOURNEY_CELL_COUNT },
    { "files", NULL, JOURNEY_CELL_COUNT },
    { "files_removed", NULL, JOURNEY_CELL_COUNT },
    { "files_read", NULL, JOURNEY_CELL_COUNT },
    { "files_failed", NULL, JOURNEY_CELL_COUNT },
    { "dry_run", NULL, JOURNEY_CELL_BOOL }
};

static const journey_column_t  journey_edit_file_columns[] = {
    { "file", NULL, JOURNEY_CELL_STRING },
    { "now", NULL, JOURNEY_CELL_STRING },
    { "lines", NULL, JOURNEY_CELL_COUNT },
    { "members_rewritten", NULL, JOURNEY_CELL_COUNT },
    { "members_dropped", NULL, JOURNEY_CELL_COUNT },
    { "removed", NULL, JOURNEY_CELL_BOOL },
    { "failed", NULL, JOURNEY_CELL_BOOL }
};

#define journey_columns(table)  table, sizeof(table) / sizeof(table[0])


typedef struct {
    uint64_t        lines;
    uint64_t        members;
    uint64_t        dropped;
    uint64_t        files;
    uint64_t        removed;
    uint64_t        failed;
} journey_edit_sum_t;


static const char *
journey_edit_s(uint64_t n)
{
    return n == 1 ? "" : "s";
}


/* "3 lines erased, 2 members rewritten, 1 dropped" */

static void
journey_edit_counts(uint64_t lines, uint64_t members, uint64_t dropped,
    const char *verb)
{
    printf("%llu line%s %s", (unsigned long long) lines, journey_edit_s(lines),
           verb);

    if (members != 0) {
        printf(", %llu member%s rewritten", (unsigned long long) members,
               journey_edit_s(members));
    }

    if (dropped != 0) {
        printf(", %llu member%s dropped", (unsigned long long) dropped,
               journey_edit_s(dropped));
    }
}


static void
journey_edit_text(const journey_edited_t *edited, const char *verb)
{
    journey_str_t  name;

    if (edited->lines == 0 && edited->now == NULL) {
        return;
    }

    name.data = (u_char *) edited->name;
    name.len = strlen(edited->name);
    (void) journey_text_print(stdout, &name, 4096);
    fputs(": ", stdout);

    if (edited->now != NULL) {
        fputs("in use, now ", stdout);
        name.data = (u_char *) edited->now;
        name.len = strlen(edited->now);
        (void) journey_text_print(stdout, &name, 4096);
        fputs(": ", stdout);
    }

    if (edited->removed) {
        printf("removed, %llu line%s\n", (unsigned long long) edited->lines,
               journey_edit_s(edited->lines));
        return;
    }

    journey_edit_counts(edited->lines, edited->members, edited->dropped, verb);
    putchar('\n');
}


static int
journey_edit_row(journey_table_t *table, journey_pool_t *pool,
    const journey_edited_t *edited)
{
    journey_cell_t  *cell;

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    cell[0].u.str.data = (u_char *) edited->name;
    cell[0].u.str.len = strlen(edited->name);
    cell[1].null = (edited->now == NULL);

    if (edited->now != NULL) {
        cell[1].u.str = journey_pstrdup(pool, (u_char *) edited->now,
                                        strlen(edited->now));
        if (cell[1].u.str.data == NULL) {
            return JOURNEY_ERROR;
        }
    }

    cell[2].u.count = edited->lines;
    cell[3].u.count = edited->members;
    cell[4].u.count = edited->dropped;
    cell[5].u.count = edited->removed;
    cell[6].u.count = edited->failed;

    return JOURNEY_OK;
}


static int
journey_edit_json(const journey_edit_t *edit, const journey_edit_sum_t *sum,
    journey_table_t *files, journey_pool_t *pool, unsigned nfiles)
{
    journey_cell_t    *cell;
    journey_table_t    tables[2];
    journey_output_t   out;

    journey_table_init(&tables[0], pool, edit->opts->command->name, NULL,
                       journey_columns(journey_edit_columns));
    tables[0].object = 1;

    cell = journey_table_row(&tables[0]);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    cell[0].u.count = sum->lines;
    cell[1].u.count = sum->members;
    cell[2].u.count = sum->dropped;
    cell[3].u.count = sum->files;
    cell[4].u.count = sum->removed;
    cell[5].u.count = nfiles;
    cell[6].u.count = sum->failed;
    cell[7].u.count = edit->opts->dry_run;

    tables[1] = *files;

    journey_output_init(&out, stdout, &edit->opts->zone);
    journey_tables_json(&out, tables, 2);

    journey_table_free(&tables[0]);

    return JOURNEY_OK;
}


static void
journey_edit_sum(const journey_edit_t *edit, const journey_edit_sum_t *sum,
    unsigned nfiles, const char *verb)
{
    if (sum->lines == 0) {
        printf("nothing found in %u file%s%s\n", nfiles,
               journey_edit_s(nfiles),
               sum->failed ? ", not all of which could be read" : "");
        return;
    }

    journey_edit_counts(sum->lines, sum->members, sum->dropped, verb);

    printf(", %llu of %u file%s", (unsigned long long) sum->files, nfiles,
           journey_edit_s(nfiles));

    if (sum->removed != 0) {
        printf(" (%llu removed)", (unsigned long long) sum->removed);
    }

    printf("%s\n", edit->opts->dry_run ? ": dry run, nothing is changed" : "");
}


int
journey_edit_files(const journey_edit_t *edit, char *const *files,
    unsigned nfiles, const char *verb)
{
    int                 rc;
    unsigned            i, json;
    journey_pool_t     *pool;
    journey_table_t     table;
    journey_edited_t    edited;
    journey_edit_sum_t  sum;

    memset(&sum, 0, sizeof(journey_edit_sum_t));

    pool = journey_pool_create();

    if (pool == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    json = (edit->opts->format == JOURNEY_FORMAT_JSON);
    rc = JOURNEY_OK;

    journey_table_init(&table, pool, "files", NULL,
                       journey_columns(journey_edit_file_columns));

    for (i = 0; i < nfiles; i++) {
        (void) journey_edit(edit, files[i], &edited);

        sum.lines += edited.lines;
        sum.members += edited.members;
        sum.dropped += edited.dropped;
        sum.files += (edited.lines != 0);
        sum.removed += edited.removed;
        sum.failed += edited.failed;

        if (!json) {
            journey_edit_text(&edited, verb);

        } else if (rc == JOURNEY_OK) {
            rc = journey_edit_row(&table, pool, &edited);
        }

        journey_edited_free(&edited);
    }

    if (!json) {
        journey_edit_sum(edit, &sum, nfiles, verb);

    } else if (rc == JOURNEY_OK) {
        rc = journey_edit_json(edit, &sum, &table, pool, nfiles);
    }

    if (rc != JOURNEY_OK) {
        fprintf(stderr, "journey: not enough memory\n");
    }

    journey_table_free(&table);
    journey_pool_destroy(pool);

    return (rc == JOURNEY_OK && sum.failed == 0) ? JOURNEY_EXIT_OK
                                                 : JOURNEY_EXIT_DATA;
}
