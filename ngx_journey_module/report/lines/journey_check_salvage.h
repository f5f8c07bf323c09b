
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The lines of one gzip member that is torn, as far as they can be trusted;
 * or of one that is whole and is to be written anew.
 */


#ifndef JOURNEY_CHECK_SALVAGE_H
#define JOURNEY_CHECK_SALVAGE_H


#include "journey_check_lines.h"


typedef enum {
    JOURNEY_SALVAGE_WHOLE = 0,          /* the member is whole */
    JOURNEY_SALVAGE_CUT,                /* its bytes end too early */
    JOURNEY_SALVAGE_CHANGED             /* they are not its bytes */
} journey_salvage_e;


typedef int (*journey_salvage_pt)(void *ctx, const u_char *line, size_t len);

typedef struct {
    int                      fd;        /* of the file; its position stays */
    uint64_t                 offset;    /* of the member */
    uint64_t                 len;       /* bytes from there on that may be
                                           its own */
    journey_str_t            before;    /* text of the member before that
                                           goes on in this one */

    /* the result */

    journey_salvage_e        state;
    uint64_t                 nlines;    /* lines that can be trusted */
    journey_check_lines_t    lines;     /* its part is text that goes on in
                                           the next member, if any */

    /* within a run */

    uint64_t                 limit;
    journey_salvage_pt       handler;
    void                    *ctx;
    uint64_t                 good;
    uint64_t                 good_before_bad;
    unsigned                 bad:1;     /* there is a broken line */
    unsigned                 stopped:1; /* by the limit */
    int                      error;     /* errno of a failed read */
} journey_salvage_t;


/*
 * Finds out how many lines can be trusted.  Of a whole member it is all that
 * parse.  Of one that is cut, or whose rest was never written (NULs), it is
 * those before the tear.  Of one whose bytes have changed it is none: what
 * inflates from others repeats parts of earlier lines, as likely as not lines
 * that parse, and nothing tells where they begin.
 *
 * JOURNEY_ERROR when the file cannot be read (salvage->error) or memory is
 * exhausted.
 */
int journey_salvage_judge(journey_salvage_t *salvage);

/* Hands over the lines that journey_salvage_judge() found.  JOURNEY_ERROR as
 * there, or the handler's. */
int journey_salvage_lines(journey_salvage_t *salvage,
    journey_salvage_pt handler, void *ctx);

void journey_salvage_free(journey_salvage_t *salvage);


#endif /* JOURNEY_CHECK_SALVAGE_H */
