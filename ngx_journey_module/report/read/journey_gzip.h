
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * gzip members (RFC 1952), with the subfield JL that holds a member's length
 * (design, section 8).
 */


#ifndef JOURNEY_GZIP_H
#define JOURNEY_GZIP_H


#include "journey_core.h"



/* Longer members are inflated as a stream, whatever their header says. */
#define JOURNEY_MEMBER_MAX  (64 * 1024 * 1024)
#define JOURNEY_LINES_MAX   (256 * 1024 * 1024)

/* Inflated at once where memory is dear. */
#define JOURNEY_LINES_SMALL  (4 * 1024 * 1024)


typedef struct journey_inflater_s  journey_inflater_t;


/*
 * JOURNEY_OK when a member begins at p: *member is its length in bytes by the
 * subfield JL, or 0 without one.  JOURNEY_DECLINED when none does,
 * JOURNEY_AGAIN when len bytes are too few to tell.
 */
int journey_gzip_header(const u_char *p, size_t len, uint32_t *member);


/* NULL when memory is exhausted.  One a thread. */
journey_inflater_t *journey_inflater_create(void);
void journey_inflater_destroy(journey_inflater_t *inflater);

/*
 * Inflates a whole member of len bytes and checks its sum.  *out belongs to
 * the inflater and lives until its next use.  NULL on success, else what is
 * wrong.
 */
const char *journey_inflate(journey_inflater_t *inflater, const u_char *p,
    size_t len, journey_str_t *out);


/* Is handed what was inflated, piece by piece; JOURNEY_ERROR ends it. */
typedef int (*journey_inflate_pt)(void *ctx, const u_char *data, size_t len);

/*
 * The same judgement in little memory: a member that promises more than
 * JOURNEY_LINES_SMALL is inflated in pieces.  handler may be NULL.  What it
 * was handed is to be trusted only when NULL is returned.
 */
const char *journey_inflate_pieces(journey_inflater_t *inflater,
    const u_char *p, size_t len, journey_inflate_pt handler, void *ctx);


#endif /* JOURNEY_GZIP_H */
