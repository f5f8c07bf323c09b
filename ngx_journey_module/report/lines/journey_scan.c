
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The reader hands over members, and text with messages that say which bytes
 * it came from: together they are the whole file.
 */


#include "journey_scan.h"
#include "journey_gzip.h"
#include "journey_input.h"
#include "journey_messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>


/* A block of lines without a newline and of this size is one line that the
 * reader does not hand over whole. */
#define JOURNEY_SCAN_LINE  (256 * 1024)


/* What became of a job. */

typedef struct {
    uint64_t             offset;
    uint64_t             len;           /* bytes of the file; not of text */
    unsigned             member:1;
    unsigned             text:1;
    unsigned             stream:1;      /* as of journey_job_t */
    unsigned             open:1;
    unsigned             judged:1;
    const char          *wrong;
    unsigned             thread;
    size_t               result;        /* of the thread */
} journey_piece_t;

typedef struct {
    journey_tally_t      tally;
    size_t               found;         /* the first, of the thread's lines */
    size_t               nfound;
    unsigned             overlong;
} journey_result_t;

typedef struct {
    journey_inflater_t  *inflater;
    journey_lines_t      lines;
    journey_result_t    *results;
    size_t               nresults;
    size_t               results_size;
} journey_scan_thread_t;


typedef struct {
    journey_scan_t         *scan;
    const journey_judge_t  *judge;
    unsigned                keep;

    journey_piece_t        *pieces;
    size_t                  npieces;
    size_t                  pieces_size;

    journey_progress_t      progress;
    uint64_t                size;       /* bytes of the file; 0: unknown */

    int                     error;      /* errno of the file */
    unsigned                no_memory;  /* set by threads, atomically */
    journey_scan_thread_t   threads[JOURNEY_THREADS_MAX];
} journey_scanner_t;


static int
journey_scan_job(journey_scanner_t *scanner, unsigned number,
    journey_job_t *job)
{
    size_t                  size;
    journey_str_t           text;
    journey_result_t       *result;
    journey_scan_thread_t  *thread;

    thread = &scanner->threads[number];

    if (journey_job_text(job, &thread->inflater, &text) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (job->wrong != NULL) {
        return JOURNEY_OK;
    }

    if (thread->nresults == thread->results_size) {
        size = thread->results_size ? 2 * thread->results_size : 64;

        result = realloc(thread->results, size * sizeof(journey_result_t));
        if (result == NULL) {
            return JOURNEY_ERROR;
        }

        thread->results = result;
        thread->results_size = size;
    }

    result = &thread->results[thread->nresults];

    journey_tally_init(&result->tally);
    result->found = thread->lines.nfound;
    result->overlong = (!job->member && text.len >= JOURNEY_SCAN_LINE
                        && memchr(text.data, '\n', text.len) == NULL);

    if (journey_lines_judge(&thread->lines, scanner->judge, number, &text,
                            scanner->keep, &result->tally, NULL)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    result->nfound = thread->lines.nfound - result->found;

    job->thread = number;
    job->first_event = thread->nresults++;
    job->nevents = 1;

    return JOURNEY_OK;
}


static void
journey_scan_work(void *ctx, unsigned number, journey_job_t *job)
{
    journey_scanner_t  *scanner;

    scanner = ctx;

    if (__atomic_load_n(&scanner->no_memory, __ATOMIC_RELAXED)) {
        return;
    }

    if (journey_scan_job(scanner, number, job) != JOURNEY_OK) {
        __atomic_store_n(&scanner->no_memory, 1, __ATOMIC_RELAXED);
    }
}


/* Notes the piece.  Results of threads are not looked at before all have
 * ended, since they move while they grow. */

static void
journey_scan_done(void *ctx, journey_job_t *job)
{
    size_t              size;
    journey_piece_t    *piece;
    journey_scanner_t  *scanner;

    scanner = ctx;

    if (job->error != 0) {
        scanner->error = job->error;
        return;
    }

    if (scanner->npieces == scanner->pieces_size) {
        size = scanner->pieces_size ? 2 * scanner->pieces_size : 64;

        piece = realloc(scanner->pieces, size * sizeof(journey_piece_t));
        if (piece == NULL) {
            __atomic_store_n(&scanner->no_memory, 1, __ATOMIC_RELAXED);
            return;
        }

        scanner->pieces = piece;
        scanner->pieces_size = size;
    }

    journey_progress_bar(&scanner->progress, job->offset, scanner->size,
                         job->offset >> 20, "MB");

    piece = &scanner->pieces[scanner->npieces++];

    memset(piece, 0, sizeof(journey_piece_t));

    piece->offset = job->offset;
    piece->len = job->member ? job->len : job->span;
    piece->member = job->member;
    piece->stream = job->stream;
    piece->open = job->open;
    piece->text = (!job->member && !job->ended && job->wrong == NULL);
    piece->wrong = job->wrong;
    piece->judged = (job->nevents != 0);
    piece->thread = job->thread;
    piece->result = job->first_event;
}


static journey_extent_t *
journey_scan_extent(journey_scan_t *scan, journey_extent_e kind,
    uint64_t offset)
{
    size_t             size;
    journey_extent_t  *extent;

    if (scan->nextents == scan->extents_size) {
        size = scan->extents_size ? 2 * scan->extents_size : 64;

        extent = realloc(scan->extents, size * sizeof(journey_extent_t));
        if (extent == NULL) {
            return NULL;
        }

        scan->extents = extent;
        scan->extents_size = size;
    }

    extent = &scan->extents[scan->nextents++];

    memset(extent, 0, sizeof(journey_extent_t));

    extent->kind = kind;
    extent->offset = offset;
    journey_tally_init(&extent->tally);

    return extent;
}


static int
journey_scan_found(journey_scan_t *scan, journey_lines_t *lines,
    const journey_result_t *result)
{
    size_t            size;
    journey_found_t  *found;

    if (scan->nfound + result->nfound > scan->found_size) {
        size = 2 * (scan->nfound + result->nfound);

        found = realloc(scan->found, size * sizeof(journey_found_t));
        if (found == NULL) {
            return JOURNEY_ERROR;
        }

        scan->found = found;
        scan->found_size = size;
    }

    if (result->nfound != 0) {
        memcpy(scan->found + scan->nfound, lines->found + result->found,
               result->nfound * sizeof(journey_found_t));

        /* the copies change hands */

        memset(lines->found + result->found, 0,
               result->nfound * sizeof(journey_found_t));
    }

    scan->nfound += result->nfound;

    return JOURNEY_OK;
}


/* What threads made of a piece, as part of an extent. */

static int
journey_scan_add(journey_scanner_t *scanner, journey_extent_t *extent,
    const journey_piece_t *piece)
{
    journey_result_t       *result;
    journey_scan_thread_t  *thread;

    if (!piece->judged) {
        return JOURNEY_OK;
    }

    thread = &scanner->threads[piece->thread];
    result = &thread->results[piece->result];

    journey_tally_add(&extent->tally, &result->tally);

    if (result->overlong) {
        extent->torn = "a line is too long";
    }

    return journey_scan_found(scanner->scan, &thread->lines, result);
}


/*
 * Text comes before the message that says what it was part of.  Members that
 * a line goes over from and into are one extent.
 */

static journey_extent_t *
journey_scan_place(journey_scan_t *scan, const journey_piece_t *piece,
    unsigned *open)
{
    journey_extent_e   kind;
    journey_extent_t  *extent;

    kind = piece->wrong != NULL ? JOURNEY_EXTENT_OTHER
           : piece->member ? JOURNEY_EXTENT_MEMBER
           : piece->stream ? JOURNEY_EXTENT_GZIP
           : JOURNEY_EXTENT_PLAIN;

    if (*open && kind == JOURNEY_EXTENT_GZIP) {
        extent = &scan->extents[scan->nextents - 1];
        extent->len = piece->offset + piece->len - extent->offset;

    } else {
        extent = journey_scan_extent(scan, kind, piece->offset);

        if (extent == NULL) {
            return NULL;
        }

        extent->len = piece->len;
        extent->torn = piece->wrong;
    }

    *open = piece->open;

    return extent;
}


static int
journey_scan_pieces(journey_scanner_t *scanner)
{
    size_t             i, text;
    unsigned           open;
    journey_scan_t    *scan;
    journey_piece_t   *piece;
    journey_extent_t  *extent;

    scan = scanner->scan;
    extent = NULL;
    text = 0;
    open = 0;

    for (i = 0; i < scanner->npieces; i++) {
        piece = &scanner->pieces[i];

        if (piece->text) {
            continue;
        }

        /* a line that nothing went on with is that of the extent before */

        for ( /* void */ ; extent != NULL && text < i; text++) {

            if (scanner->pieces[text].offset >= piece->offset) {
                break;
            }

            if (journey_scan_add(scanner, extent, &scanner->pieces[text])
                != JOURNEY_OK)
            {
                return JOURNEY_ERROR;
            }
        }

        extent = journey_scan_place(scan, piece, &open);

        if (extent == NULL) {
            return JOURNEY_ERROR;
        }

        for ( /* void */ ; text <= i; text++) {

            if (journey_scan_add(scanner, extent, &scanner->pieces[text])
                != JOURNEY_OK)
            {
                return JOURNEY_ERROR;
            }
        }
    }

    for ( /* void */ ; text < i && extent != NULL; text++) {

        if (journey_scan_add(scanner, extent, &scanner->pieces[text])
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    journey_tally_init(&scan->tally);

    for (i = 0; i < scan->nextents; i++) {
        extent = &scan->extents[i];

        scan->size = extent->offset + extent->len;
        scan->ntorn += (extent->torn != NULL);
        scan->members += (extent->tally.wanted != 0);
        journey_tally_add(&scan->tally, &extent->tally);
    }

    return JOURNEY_OK;
}


static int
journey_scan_read(journey_scanner_t *scanner, const char *name)
{
    int          rc;
    struct stat  st;

    journey_progress_init(&scanner->progress);

    if (stat(name, &st) == 0 && S_ISREG(st.st_mode)) {
        scanner->size = (uint64_t) st.st_size;
    }

    rc = journey_input_work(name, journey_scan_work, journey_scan_done,
                            scanner);

    journey_progress_erase(&scanner->progress);

    return scanner->no_memory ? JOURNEY_ERROR : rc;
}


int
journey_scan(journey_scan_t *scan, const char *name,
    const journey_judge_t *judge, unsigned keep, journey_error_t *err)
{
    int                 rc;
    unsigned            i;
    journey_scanner_t  *scanner;

    memset(scan, 0, sizeof(journey_scan_t));

    scanner = calloc(1, sizeof(journey_scanner_t));
    if (scanner == NULL) {
        return journey_error(err, "not enough memory");
    }

    scanner->scan = scan;
    scanner->judge = judge;
    scanner->keep = keep;

    rc = journey_scan_read(scanner, name);

    if (rc == JOURNEY_OK && scanner->error == 0) {
        rc = journey_scan_pieces(scanner);
    }

    if (scanner->error != 0) {
        rc = journey_error(err, "%s", strerror(scanner->error));

    } else if (rc != JOURNEY_OK) {
        rc = journey_error(err, "not enough memory");
    }

    for (i = 0; i < JOURNEY_THREADS_MAX; i++) {
        journey_inflater_destroy(scanner->threads[i].inflater);
        journey_lines_free(&scanner->threads[i].lines);
        free(scanner->threads[i].results);
    }

    free(scanner->pieces);
    free(scanner);

    return rc;
}


void
journey_scan_free(journey_scan_t *scan)
{
    size_t  i;

    for (i = 0; i < scan->nfound; i++) {
        free(scan->found[i].line.data);
    }

    free(scan->found);
    free(scan->extents);
}
