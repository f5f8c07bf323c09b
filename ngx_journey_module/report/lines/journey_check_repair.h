
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The clean copy of one journey log: its whole members byte for byte, and
 * what could be saved of the others in new ones.
 */


#ifndef JOURNEY_CHECK_REPAIR_H
#define JOURNEY_CHECK_REPAIR_H


#include "journey_check_salvage.h"
#include "journey_rewrite.h"


typedef struct {
    const char         *out;
    int                 fd;             /* of the source */
    struct stat         source;
    journey_rewrite_t   rw;

    u_char             *text;           /* lines that wait for a member */
    size_t              len;
    u_char             *carry;          /* the begin of a line that goes on
                                           in the next member */
    size_t              carry_len;

    unsigned            members:1;      /* it has members */
    unsigned            plain:1;        /* it has plain lines */
    unsigned            packed:1;       /* set by the caller: plain lines
                                           become members */
    unsigned            no_memory:1;
    int                 error;          /* errno: the source could not be
                                           read again */
} journey_repair_t;


/*
 * Begins the copy of the source fd that is to be at out.  JOURNEY_DECLINED
 * with a message when that must not be: out exists, it is the source itself,
 * or the source is no file.  JOURNEY_ERROR with a message when it cannot be.
 * After JOURNEY_OK journey_repair_commit() or journey_repair_abort() must
 * follow.
 */
int journey_repair_open(journey_repair_t *repair, const char *out, int fd,
    journey_error_t *err);

/*
 * What the copy is made of, in its order.  Failures are remembered for the
 * commit.
 */

/* Bytes of a whole member of ours. */
void journey_repair_member(journey_repair_t *repair, const u_char *data,
    size_t len);

/* A whole member at offset; text is not in the midst of a line before or
 * behind it. */
void journey_repair_copy(journey_repair_t *repair, uint64_t offset,
    uint64_t len);

/*
 * The lines of a member that is not copied; salvage is that of
 * journey_salvage_judge().  open: its last line goes on in the next member.
 */
void journey_repair_lines(journey_repair_t *repair,
    journey_salvage_t *salvage, unsigned open);

/* Plain lines. */
void journey_repair_plain(journey_repair_t *repair, const u_char *data,
    size_t len);

/* Text that the next member goes on with. */
void journey_repair_before(journey_repair_t *repair, journey_str_t *text);

/* No member goes on with it: it is a last line without its newline. */
void journey_repair_end(journey_repair_t *repair);

/*
 * 1 when there are plain lines in front of members: then it is no file that
 * zcat reads, and must be made again with packed set.
 */
int journey_repair_is_mixed(const journey_repair_t *repair);

/* JOURNEY_ERROR with a message: there is no file then. */
int journey_repair_commit(journey_repair_t *repair, journey_error_t *err);
void journey_repair_abort(journey_repair_t *repair);


#endif /* JOURNEY_CHECK_REPAIR_H */
