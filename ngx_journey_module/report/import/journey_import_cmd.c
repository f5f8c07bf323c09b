
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The command: its options, the order in which files are read, and what is
 * said of them.
 *
 * Files are merged by time, so that neither their order on the command line
 * nor a second server's log makes a difference: of those that are open the one
 * whose next line is the oldest goes on, and a file is opened when the time of
 * its first line has come.
 */


#include "journey_config.h"
#include "journey_import.h"
#include "journey_import_event.h"
#include "journey_import_file.h"
#include "journey_messages.h"
#include "journey_offline.h"

#include <stdio.h>
#include <stdlib.h>


#define JOURNEY_IMPORT_MESSAGES  20     /* lines that are named */
#define JOURNEY_IMPORT_PROGRESS  0xfff  /* lines between two looks at the
                                           clock */


typedef struct {
    const journey_options_t  *opts;
    journey_importer_t        importer;
    journey_import_output_t   output;
    journey_import_minute_t   minute;
    journey_progress_t        progress;
    struct timespec           started;

    journey_import_file_t    *files;    /* by the time of their first line */
    unsigned                  nfiles;
    unsigned                  next;     /* to be opened */
    journey_import_file_t   **heap;     /* open ones, the oldest line first */
    unsigned                  nheap;

    uint64_t                  lines;
    uint64_t                  bad_lines;
    uint64_t                  bad_files;
    uint64_t                  read;     /* bytes of files that are closed */
    uint64_t                  size;     /* bytes of all; 0: not known */
} journey_import_t;


static int
journey_import_compare(const void *one, const void *two)
{
    const journey_import_file_t  *a, *b;

    a = one;
    b = two;

    if (a->first != b->first) {
        return a->first < b->first ? -1 : 1;
    }

    return strcmp(a->name, b->name);
}


/* A file that is not there is more likely a slip than a loss: nothing is
 * written then. */

static int
journey_import_look(journey_import_t *import)
{
    int               rc;
    unsigned          i, pipes;
    journey_error_t   err;

    rc = JOURNEY_OK;
    pipes = 0;

    for (i = 0; i < import->opts->nargs; i++) {

        if (journey_import_file_look(&import->files[i],
                                     import->opts->args[i], &err)
            != JOURNEY_OK)
        {
            fprintf(stderr, "journey: %s: %s\n",
                    journey_file_name(import->opts->args[i]), err.text);
            rc = JOURNEY_ERROR;
        }

        import->nfiles = i + 1;
        import->size += import->files[i].size;
        pipes += (import->files[i].size == 0 && import->files[i].pipe);
    }

    if (pipes > 0) {
        import->size = 0;
    }

    qsort(import->files, import->nfiles, sizeof(journey_import_file_t),
          journey_import_compare);

    return rc;
}


/* A binary heap; files with a line of the same second go by their order. */

static int
journey_import_before(const journey_import_file_t *a,
    const journey_import_file_t *b)
{
    return a->line.time != b->line.time ? a->line.time < b->line.time : a < b;
}


static void
journey_import_heap_down(journey_import_t *import)
{
    unsigned                i, child;
    journey_import_file_t  *file, **heap;

    heap = import->heap;

    if (import->nheap == 0) {
        return;
    }

    file = heap[0];

    for (i = 0; (child = 2 * i + 1) < import->nheap; i = child) {

        if (child + 1 < import->nheap
            && journey_import_before(heap[child + 1], heap[child]))
        {
            child++;
        }

        if (!journey_import_before(heap[child], file)) {
            break;
        }

        heap[i] = heap[child];
    }

    heap[i] = file;
}


static void
journey_import_heap_up(journey_import_t *import, journey_import_file_t *file)
{
    unsigned  i, parent;

    for (i = import->nheap++; i > 0; i = parent) {
        parent = (i - 1) / 2;

        if (!journey_import_before(file, import->heap[parent])) {
            break;
        }

        import->heap[i] = import->heap[parent];
    }

    import->heap[i] = file;
}


static void
journey_import_show(journey_import_t *import)
{
    unsigned  i;
    uint64_t  read;

    if (!import->progress.terminal) {
        return;
    }

    read = import->read;

    for (i = 0; i < import->nheap; i++) {
        read += import->heap[i]->window.offset;
    }

    journey_progress_bar(&import->progress, read, import->size, import->lines,
                         "lines");
}


static void
journey_import_bad_line(journey_import_t *import,
    const journey_import_file_t *file, const char *wrong)
{
    if (++import->bad_lines > JOURNEY_IMPORT_MESSAGES) {
        return;
    }

    journey_progress_erase(&import->progress);
    fprintf(stderr, "journey: %s:%llu: %s\n", journey_file_name(file->name),
            (unsigned long long) file->number, wrong);
}


/* Goes on to the next line that may become an event; JOURNEY_DECLINED at the
 * end of the file, which is then closed. */

static int
journey_import_advance(journey_import_t *import, journey_import_file_t *file)
{
    const char     *wrong;
    journey_str_t   line;

    while (journey_import_file_line(file, &line) == JOURNEY_OK) {

        if ((++import->lines & JOURNEY_IMPORT_PROGRESS) == 0) {
            journey_import_show(import);
        }

        wrong = (line.len > JOURNEY_IMPORT_LINE_MAX)
                ? "the line is too long"
                : journey_import_line_read(&file->line, line.data, line.len,
                                           &import->minute);

        if (wrong != NULL) {
            journey_import_bad_line(import, file, wrong);

        } else if (journey_importer_wants(&import->importer, &file->line)) {
            return JOURNEY_OK;
        }
    }

    if (file->wrong != NULL) {
        import->bad_files++;

        journey_progress_erase(&import->progress);
        fprintf(stderr, "journey: %s: behind line %llu: %s\n",
                journey_file_name(file->name),
                (unsigned long long) file->number, file->wrong);
    }

    import->read += file->window.offset;
    journey_import_file_close(file);

    return JOURNEY_DECLINED;
}


/* Opens those whose time has come. */

static void
journey_import_open(journey_import_t *import)
{
    journey_import_file_t  *file;

    while (import->next < import->nfiles) {
        file = &import->files[import->next];

        if (import->nheap > 0 && import->heap[0]->line.time < file->first) {
            break;
        }

        import->next++;

        if (journey_import_file_open(file) != JOURNEY_OK) {
            import->bad_files++;

            journey_progress_erase(&import->progress);
            fprintf(stderr, "journey: %s: %s\n",
                    journey_file_name(file->name), file->wrong);
            continue;
        }

        if (journey_import_advance(import, file) == JOURNEY_OK) {
            journey_import_heap_up(import, file);
        }
    }
}


/* All lines of all files; JOURNEY_ERROR: it was no use to go on. */

static int
journey_import_read(journey_import_t *import)
{
    uint64_t                restarts;
    journey_import_file_t  *file;

    for ( ;; ) {
        journey_import_open(import);

        if (import->nheap == 0) {
            return JOURNEY_OK;
        }

        file = import->heap[0];
        restarts = import->importer.counts.restarts;

        if (journey_importer_line(&import->importer, &file->line)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        if (import->importer.counts.restarts != restarts
            && restarts < JOURNEY_IMPORT_MESSAGES)
        {
            journey_progress_erase(&import->progress);
            fprintf(stderr, "journey: %s:%llu: older than a line before it by "
                    "more than a day: visitors begin anew\n",
                    journey_file_name(file->name),
                    (unsigned long long) file->number);
        }

        if (journey_import_advance(import, file) != JOURNEY_OK) {
            import->heap[0] = import->heap[--import->nheap];
        }

        journey_import_heap_down(import);
    }
}


static void
journey_import_summary(journey_import_t *import)
{
    double                          seconds;
    struct timespec                 now;
    const journey_import_counts_t  *counts;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    seconds = (double) (now.tv_sec - import->started.tv_sec)
              + (double) (now.tv_nsec - import->started.tv_nsec) / 1e9;

    counts = &import->importer.counts;

    if (import->bad_lines > JOURNEY_IMPORT_MESSAGES) {
        fprintf(stderr, "journey: and %llu more such lines\n",
                (unsigned long long) (import->bad_lines
                                      - JOURNEY_IMPORT_MESSAGES));
    }

    if (counts->restarts > JOURNEY_IMPORT_MESSAGES) {
        fprintf(stderr, "journey: visitors began anew at %llu more lines\n",
                (unsigned long long) (counts->restarts
                                      - JOURNEY_IMPORT_MESSAGES));
    }

    fprintf(stderr, "journey: %llu lines: %llu pages, %llu goals, %llu errors "
            "of visitors, %llu of bots (%llu AI agents), %llu assets, %llu "
            "others, %llu bad\n"
            "journey: %llu visitors, %llu sessions, %llu touches; %.1f s, "
            "%.0f lines a second\n",
            (unsigned long long) import->lines,
            (unsigned long long) counts->pages,
            (unsigned long long) counts->goals,
            (unsigned long long) counts->errors,
            (unsigned long long) counts->bots,
            (unsigned long long) counts->ai_agents,
            (unsigned long long) counts->assets,
            (unsigned long long) counts->others,
            (unsigned long long) import->bad_lines,
            (unsigned long long) counts->visitors,
            (unsigned long long) counts->sessions,
            (unsigned long long) counts->touches,
            seconds, seconds > 0 ? (double) import->lines / seconds : 0);
}


/* An exit code; the output is open. */

static int
journey_import_write(journey_import_t *import)
{
    int               rc;
    journey_error_t   err;

    rc = journey_import_read(import);

    journey_progress_erase(&import->progress);

    if (import->importer.no_memory || import->importer.no_hash) {
        fprintf(stderr, "journey: %s\n", import->importer.no_memory
                ? "not enough memory" : "libcrypto failed");

        journey_import_output_abort(&import->output);
        return JOURNEY_EXIT_DATA;
    }

    if (journey_import_output_close(&import->output, &err) != JOURNEY_OK) {
        fprintf(stderr, "journey: --output: %s\n", err.text);
        return JOURNEY_EXIT_DATA;
    }

    if (rc != JOURNEY_OK || import->output.failed) {

        /* main() tells of standard output */

        return JOURNEY_EXIT_DATA;
    }

    journey_import_summary(import);

    return import->bad_lines || import->bad_files ? JOURNEY_EXIT_DATA
                                                  : JOURNEY_EXIT_OK;
}


static int
journey_import_run(journey_import_t *import, journey_pool_t *pool,
    journey_conf_t *conf)
{
    int               rc;
    unsigned          i;
    journey_error_t   err;

    const journey_options_t  *opts = import->opts;

    if (journey_importer_init(&import->importer, pool, conf, opts->own_hosts,
                              opts->nown_hosts, &import->output, &err)
        != JOURNEY_OK)
    {
        fprintf(stderr, "journey: --own-host: %s\n", err.text);
        return JOURNEY_EXIT_USAGE;
    }

    import->files = calloc(opts->nargs, sizeof(journey_import_file_t));
    import->heap = calloc(opts->nargs, sizeof(journey_import_file_t *));

    if (import->files == NULL || import->heap == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    rc = JOURNEY_EXIT_DATA;

    if (journey_import_look(import) == JOURNEY_OK) {

        switch (journey_import_output_open(&import->output, opts->output,
                                           &err))
        {
        case JOURNEY_OK:
            rc = journey_import_write(import);
            break;

        case JOURNEY_DECLINED:
            rc = JOURNEY_EXIT_USAGE;

            /* fall through */

        default:
            fprintf(stderr, "journey: --output: %s\n", err.text);
        }
    }

    for (i = 0; i < import->nfiles; i++) {
        journey_import_file_close(&import->files[i]);
    }

    return rc;
}


static int
journey_import_logs(const journey_options_t *opts)
{
    int               rc;
    unsigned          i, stdins;
    journey_conf_t   *conf;
    journey_pool_t   *pool;
    journey_import_t  import;

    if (opts->secret != NULL) {
        fprintf(stderr, "journey: --secret is for import --offline, not for "
                "access logs\n");
        return JOURNEY_EXIT_USAGE;
    }

    if (opts->nown_hosts == 0) {
        fprintf(stderr, "journey: import needs --own-host, the site's own "
                "host\n");
        return JOURNEY_EXIT_USAGE;
    }

    for (i = 0, stdins = 0; i < opts->nargs; i++) {
        stdins += (strcmp(opts->args[i], "-") == 0);
    }

    if (stdins > 1) {
        fprintf(stderr, "journey: standard input can be read once\n");
        return JOURNEY_EXIT_USAGE;
    }

    pool = journey_pool_create();

    if (pool == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    memset(&import, 0, sizeof(journey_import_t));

    import.opts = opts;
    journey_progress_init(&import.progress);

    if (opts->output == NULL) {
        journey_progress_output(&import.progress);
    }

    (void) clock_gettime(CLOCK_MONOTONIC, &import.started);

    rc = JOURNEY_EXIT_USAGE;

    if (journey_config_load(pool, opts, 1, &conf) == JOURNEY_OK) {
        rc = journey_import_run(&import, pool, conf);
    }

    journey_importer_free(&import.importer);
    free(import.files);
    free(import.heap);
    journey_pool_destroy(pool);

    return rc;
}


int
journey_import(const journey_options_t *opts)
{
    return opts->offline ? journey_offline_import(opts)
                         : journey_import_logs(opts);
}
