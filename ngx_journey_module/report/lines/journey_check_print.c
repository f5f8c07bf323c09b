
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What journey check says.  Each torn member is named, however many there
 * are: in JSON while they are found, so that none has to be remembered.
 */


#include "journey_check.h"
#include "journey_record.h"
#include "journey_table.h"

#include <stdlib.h>


/* Broken lines named of one file; the others are counted. */
#define JOURNEY_CHECK_BROKEN  20

#define JOURNEY_CHECK_ROWS    16


typedef struct {
    journey_column_t     columns[JOURNEY_CHECK_ROWS];
    journey_cell_t       cells[JOURNEY_CHECK_ROWS];
    unsigned             n;
} journey_check_block_t;


static const char *
journey_check_s(uint64_t n)
{
    return n == 1 ? "" : "s";
}


static void
journey_check_json_string(const char *text)
{
    size_t   len;
    u_char  *buf, *end;

    len = strlen(text);
    buf = malloc(6 * len + 1);

    if (buf == NULL) {
        fputs("null", stdout);
        return;
    }

    end = journey_json_escape(buf, (const u_char *) text, len);

    fputc('"', stdout);
    (void) fwrite(buf, 1, end - buf, stdout);
    fputc('"', stdout);

    free(buf);
}


/* Nothing is printed before it is known whether the command line will do. */

static void
journey_check_json_begin(journey_check_print_t *print)
{
    fputs(print->entries++ == 0 ? "{\"check\":{\"torn\":[\n" : ",\n", stdout);
}


void
journey_check_print_begin(journey_check_print_t *print,
    const journey_options_t *opts)
{
    memset(print, 0, sizeof(journey_check_print_t));

    print->format = opts->format;
    print->repair = opts->repair;

    journey_progress_init(&print->progress);
}


void
journey_check_print_torn(journey_check_print_t *print,
    const journey_job_t *job, uint64_t span, uint64_t nlines, unsigned known)
{
    char                bytes[32], lines[32];
    unsigned long long  offset;

    if (print->silent) {
        return;
    }

    journey_progress_erase(&print->progress);

    offset = job->offset;

    journey_text_count(bytes, span);
    journey_text_count(lines, nlines);

    fprintf(stderr, "journey: %s: torn member at byte %llu: %s; %s byte%s "
            "lost", journey_file_name(job->file), offset, job->wrong, bytes,
            journey_check_s(span));

    if (known) {
        fprintf(stderr, ", %s line%s %ssalvaged", lines,
                journey_check_s(nlines), print->repair ? "" : "can be ");
    }

    fputc('\n', stderr);

    if (print->format != JOURNEY_FORMAT_JSON) {
        return;
    }

    journey_check_json_begin(print);

    printf("{\"file\":");
    journey_check_json_string(job->file);
    printf(",\"offset\":%llu,\"bytes\":%llu,\"why\":", offset,
           (unsigned long long) span);
    journey_check_json_string(job->wrong);

    if (known) {
        printf(",\"salvaged\":%llu}", (unsigned long long) nlines);

    } else {
        printf(",\"salvaged\":null}");
    }
}


void
journey_check_print_bad_lines(journey_check_print_t *print,
    const journey_job_t *job, uint64_t base)
{
    unsigned  i;

    if (print->silent) {
        return;
    }

    journey_progress_erase(&print->progress);

    print->unnamed += job->bad_lines;

    for (i = 0; i < job->ncomplaints && print->broken < JOURNEY_CHECK_BROKEN;
         i++)
    {
        print->broken++;
        print->unnamed--;

        journey_job_bad_line(job, i, base);
    }
}


void
journey_check_print_error(journey_check_print_t *print, const char *file,
    const char *wrong)
{
    if (print->silent) {
        return;
    }

    journey_progress_erase(&print->progress);

    fprintf(stderr, "journey: %s: %s\n", journey_file_name(file), wrong);
}


void
journey_check_print_file(journey_check_print_t *print, const char *file)
{
    char  n[32];

    journey_progress_erase(&print->progress);

    if (print->unnamed != 0) {
        journey_text_count(n, print->unnamed);

        fprintf(stderr, "journey: %s: and %s more broken line%s\n",
                journey_file_name(file), n, journey_check_s(print->unnamed));
    }

    print->broken = 0;
    print->unnamed = 0;
}


static void
journey_check_print_json(journey_check_print_t *print,
    const journey_check_counts_t *counts, const char *written)
{
    if (print->entries == 0) {
        fputs("{\"check\":{\"torn\":[", stdout);
    }

    printf("],\n\"files\":%llu,\"members\":%llu,\"lines\":%llu,"
           "\"lost_bytes\":%llu,\"bad_lines\":%llu,\"bad_files\":%llu,",
           (unsigned long long) counts->files,
           (unsigned long long) counts->members,
           (unsigned long long) counts->lines,
           (unsigned long long) counts->lost_bytes,
           (unsigned long long) counts->bad_lines,
           (unsigned long long) counts->bad_files);

    if (counts->unknown) {
        printf("\"salvaged\":null,\"repaired\":");

    } else {
        printf("\"salvaged\":%llu,\"repaired\":",
               (unsigned long long) counts->salvaged);
    }

    if (written != NULL) {
        journey_check_json_string(written);

    } else {
        fputs("null", stdout);
    }

    fputs("}}\n", stdout);
}


/* A row of the block: a column of its table. */

static journey_cell_t *
journey_check_row(journey_check_block_t *block, const char *title,
    uint64_t count)
{
    journey_cell_t    *cell;
    journey_column_t  *column;

    column = &block->columns[block->n];
    cell = &block->cells[block->n++];

    column->title = title;
    column->type = JOURNEY_CELL_COUNT;
    cell->u.count = count;

    return cell;
}


static int
journey_check_print_text(const journey_options_t *opts,
    const journey_check_counts_t *counts, const char *written)
{
    journey_cell_t         *cell;
    journey_table_t         table;
    journey_output_t        out;
    journey_check_block_t   block;

    memset(&block, 0, sizeof(journey_check_block_t));

    (void) journey_check_row(&block, "files", counts->files);
    (void) journey_check_row(&block, "members", counts->members);
    (void) journey_check_row(&block, "lines", counts->lines);
    (void) journey_check_row(&block, "torn members", counts->torn);
    (void) journey_check_row(&block, "broken lines", counts->bad_lines);
    (void) journey_check_row(&block, "bytes lost", counts->lost_bytes);

    if (counts->torn != 0) {
        cell = journey_check_row(&block, opts->repair ? "lines salvaged"
                                                      : "lines to salvage",
                                 counts->salvaged);
        cell->null = counts->unknown;
    }

    if (counts->bad_files != 0) {
        (void) journey_check_row(&block, "files not read", counts->bad_files);
    }

    if (opts->repair != NULL) {
        cell = journey_check_row(&block, "written", 0);
        cell->null = (written == NULL);

        if (written != NULL) {
            block.columns[block.n - 1].type = JOURNEY_CELL_STRING;
            cell->u.str.data = (u_char *) written;
            cell->u.str.len = strlen(written);
        }
    }

    journey_table_init(&table, NULL, "check", NULL, block.columns, block.n);
    table.object = 1;
    table.block = 1;

    cell = journey_table_row(&table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    memcpy(cell, block.cells, block.n * sizeof(journey_cell_t));

    journey_output_init(&out, stdout, &opts->zone);
    journey_table_text(&out, &table);
    journey_table_free(&table);

    return JOURNEY_OK;
}


int
journey_check_print_end(journey_check_print_t *print,
    const journey_options_t *opts, const journey_check_counts_t *counts,
    const char *written)
{
    if (print->format != JOURNEY_FORMAT_JSON) {
        return journey_check_print_text(opts, counts, written);
    }

    journey_check_print_json(print, counts, written);

    return JOURNEY_OK;
}
