
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Writing journey logs: gzip members with the subfield JL, and files that
 * take another's place whole or not at all.
 */


#ifndef JOURNEY_REWRITE_H
#define JOURNEY_REWRITE_H


#include "journey_core.h"

#include <sys/stat.h>


/* Lines of one member that is written here, bytes before compression. */
#define JOURNEY_REWRITE_MEMBER  (256 * 1024)


typedef struct journey_deflater_s  journey_deflater_t;

/* NULL when memory is exhausted.  One a thread. */
journey_deflater_t *journey_deflater_create(void);
void journey_deflater_destroy(journey_deflater_t *deflater);

/* From now on as quickly as it goes, as the module does by default. */
int journey_deflater_quick(journey_deflater_t *deflater);

/*
 * One gzip member of len bytes, with its length in the subfield JL.  *out
 * belongs to the deflater and lives until its next use.  JOURNEY_ERROR when
 * memory is exhausted.
 */
int journey_deflate(journey_deflater_t *deflater, const u_char *p, size_t len,
    journey_str_t *out);


/*
 * A file in the making.  It has no name as long as the file system knows how
 * (O_TMPFILE), else a name of its own beside the file; what is not committed
 * is gone, also when the process is ended by SIGINT, SIGTERM, SIGHUP, SIGQUIT
 * or SIGPIPE, or meets its RLIMIT_FSIZE.  What a SIGKILL left is removed by
 * the next one for the same path.  One at a time in a process.
 */

typedef struct {
    char                *path;          /* where it is to be */
    char                *temp;          /* the name meanwhile */
    int                  fd;
    unsigned             named:1;       /* temp exists */
    unsigned             fresh:1;       /* set by the caller: a file that has
                                           the name by then is no file to be
                                           replaced, but an error */
    unsigned             quick:1;       /* set by the caller: speed counts
                                           more than size */
    u_char              *buf;           /* not yet written */
    size_t               len;
    uint64_t             bytes;         /* put so far */
    int                  error;         /* errno of the first failure */
    journey_deflater_t  *deflater;
} journey_rewrite_t;


/*
 * Begins a file that is to be at path.  JOURNEY_ERROR with a message.
 * After JOURNEY_OK journey_rewrite_commit() or journey_rewrite_abort() must
 * follow.
 */
int journey_rewrite_open(journey_rewrite_t *rw, const char *path,
    journey_error_t *err);

/* Bytes as they are.  A failure is remembered for the commit; JOURNEY_ERROR
 * is a reason to stop early. */
int journey_rewrite_put(journey_rewrite_t *rw, const u_char *p, size_t len);

/* Whole lines as one or more members. */
int journey_rewrite_lines(journey_rewrite_t *rw, const u_char *p, size_t len);

/*
 * Gives the file the mode, owner and times of like (NULL: the caller's, mode
 * 0600), writes it to the disk, and gives it its name, atomically: a file that
 * had it is replaced, but for fresh.  JOURNEY_ERROR with a message when any of that fails: then
 * nothing has changed and nothing is left.
 */
int journey_rewrite_commit(journey_rewrite_t *rw, const struct stat *like,
    journey_error_t *err);

void journey_rewrite_abort(journey_rewrite_t *rw);


#endif /* JOURNEY_REWRITE_H */
