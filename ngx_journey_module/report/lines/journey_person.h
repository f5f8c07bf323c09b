
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Whose lines: the visitors and the user that a person was known by.
 */


#ifndef JOURNEY_PERSON_H
#define JOURNEY_PERSON_H


#include "journey_options.h"
#include "journey_scan.h"
#include "journey_token.h"


/* "c" or "h" and 96 bits in base64url. */
#define JOURNEY_VISITOR_LEN  (1 + JOURNEY_KEYED_HASH_LEN)

/* What joins two visitors, or a visitor (one) and the user (two empty). */

typedef struct {
    u_char           one[JOURNEY_VISITOR_LEN];
    u_char           two[JOURNEY_VISITOR_LEN];
    unsigned         user:1;
} journey_link_t;

typedef struct {
    journey_link_t  *links;
    size_t           n;
    size_t           size;
    unsigned         no_memory:1;
} journey_links_t;

/* Visitors in the order of their bytes. */

typedef struct {
    u_char         (*ids)[JOURNEY_VISITOR_LEN];
    size_t           n;
    size_t           size;
} journey_visitors_t;


typedef struct {
    const journey_options_t  *opts;
    char                    **files;
    unsigned                  nfiles;

    journey_visitors_t        named;    /* by the command line, and those that
                                           pv joins to them */
    journey_visitors_t        user_visitors;    /* those that came with the
                                           user, and those joined to them */
    unsigned                  has_user:1;
    u_char                    user[JOURNEY_KEYED_HASH_LEN];

    journey_links_t           links[JOURNEY_THREADS_MAX];
    uint64_t                  others;   /* lines of these visitors with
                                           another user; set by threads,
                                           atomically */
} journey_person_t;


/*
 * Reads IDs, files, --user and --secret of the command line.  JOURNEY_OK, or
 * an exit code with a message.  To be freed in any case.
 */
int journey_person_init(journey_person_t *person,
    const journey_options_t *opts);
void journey_person_free(journey_person_t *person);

/* 1 for what has the form of a visitor's v. */
int journey_person_is_id(const u_char *p, size_t len);

/* The order of visitors, for bsearch(). */
int journey_person_cmp(const void *one, const void *two);

/*
 * Reads the files for visitors that belong together.  What is broken or
 * cannot be read is passed over: whoever reads for the lines tells.
 * JOURNEY_ERROR with a message when memory is exhausted.
 */
int journey_person_join(journey_person_t *person);

/* 1 when the line is the person's; a journey_line_pt whose ctx is a
 * journey_person_t.  A line that cannot be read is when it holds one of the
 * person's ids as text, in erase only with --force. */
int journey_person_line(void *ctx, unsigned thread,
    const journey_record_t *rec, const journey_str_t *line, int near);


#endif /* JOURNEY_PERSON_H */
