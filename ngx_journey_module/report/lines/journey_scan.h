
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A journey log as pieces that can be kept, dropped or written anew: which
 * bytes are a member, plain lines, or torn, and what their lines hold.
 */


#ifndef JOURNEY_SCAN_H
#define JOURNEY_SCAN_H


#include "journey_jobs.h"
#include "journey_record.h"


typedef enum {
    JOURNEY_EXTENT_MEMBER = 0,          /* one gzip member of ours */
    JOURNEY_EXTENT_GZIP,                /* other members, one or more */
    JOURNEY_EXTENT_PLAIN,
    JOURNEY_EXTENT_OTHER                /* torn, or without a line */
} journey_extent_e;


typedef struct {
    uint64_t           wanted;          /* lines */
    uint64_t           kept;            /* lines that are not */
    uint64_t           bad;             /* of kept: cannot be read */
    uint64_t           bad_wanted;      /* of wanted: cannot be read */
    uint64_t           oldest;          /* t of the lines, ms; UINT64_MAX and 0
                                           without any */
    uint64_t           newest;
} journey_tally_t;

typedef struct {
    journey_extent_e   kind;
    uint64_t           offset;          /* bytes of the file */
    uint64_t           len;
    journey_tally_t    tally;
    const char        *torn;            /* why; NULL: it is whole */
} journey_extent_t;


/*
 * Decides about a line: 1 when it is wanted (to be shown, erased, dropped).
 * rec is NULL for a line that cannot be read; near is then what was decided
 * about its neighbour in the piece, -1 without one.  Runs in threads.
 */
typedef int (*journey_line_pt)(void *ctx, unsigned thread,
    const journey_record_t *rec, const journey_str_t *line, int near);

typedef struct {
    journey_line_pt    line;
    void              *ctx;
} journey_judge_t;


typedef struct {
    journey_str_t      line;            /* without its newline; a copy */
    unsigned           bad;             /* it cannot be read */
} journey_found_t;

typedef struct {
    journey_extent_t  *extents;         /* they are the file, without gaps */
    size_t             nextents;
    size_t             extents_size;
    uint64_t           size;            /* bytes of the file that they are */
    journey_tally_t    tally;           /* of all */
    uint64_t           ntorn;           /* extents */
    uint64_t           members;         /* extents with a wanted line */

    journey_found_t   *found;           /* the wanted lines in their order, if
                                           they were to be kept */
    size_t             nfound;
    size_t             found_size;
} journey_scan_t;


/*
 * Reads a file to its end; keep: the wanted lines are copied.  JOURNEY_ERROR
 * with a message when it cannot be opened or read, or memory is exhausted.
 * To be freed in any case.
 */
int journey_scan(journey_scan_t *scan, const char *name,
    const journey_judge_t *judge, unsigned keep, journey_error_t *err);
void journey_scan_free(journey_scan_t *scan);


/* Lines in memory, one piece after another; for the threads of a scan, and
 * for writing anew. */

typedef struct {
    u_char            *buf;             /* of unescaped strings */
    size_t             size;
    journey_found_t   *found;
    size_t             nfound;
    size_t             found_size;
} journey_lines_t;

/*
 * Judges the lines of text and adds them to the tally; the wanted ones are
 * copied to lines->found when keep is 1, the others (and empty ones) moved to
 * the begin of the text when left is not NULL, which becomes their length.
 * JOURNEY_ERROR when memory is exhausted.
 */
int journey_lines_judge(journey_lines_t *lines, const journey_judge_t *judge,
    unsigned thread, journey_str_t *text, unsigned keep,
    journey_tally_t *tally, size_t *left);
void journey_lines_free(journey_lines_t *lines);

void journey_tally_init(journey_tally_t *tally);
void journey_tally_add(journey_tally_t *tally, const journey_tally_t *more);


#endif /* JOURNEY_SCAN_H */
