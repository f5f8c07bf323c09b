
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Taking lines out of journey logs: what erase and prune have in common.
 */


#ifndef JOURNEY_EDIT_H
#define JOURNEY_EDIT_H


#include "journey_options.h"
#include "journey_scan.h"

#include <sys/types.h>


typedef struct {
    const journey_options_t  *opts;
    journey_judge_t           judge;    /* wanted: to be taken out */
    unsigned                  removes;  /* a file with no other line goes */
    pid_t                     pid;      /* 0: nobody is signalled */
} journey_edit_t;


typedef struct {
    const char     *name;               /* as the caller said */
    char           *now;                /* FILE.N; NULL: not moved */
    uint64_t        lines;              /* taken out */
    uint64_t        members;            /* written anew; plain lines are as
                                           one */
    uint64_t        dropped;            /* members that went whole */
    uint64_t        unread;             /* lines that stay and cannot be
                                           read */
    uint64_t        torn;
    unsigned        removed:1;
    unsigned        failed:1;           /* a message was printed */
} journey_edited_t;


/*
 * Takes the wanted lines out of one file.  Members without any stay byte for
 * byte.  What fails is printed and leaves the file as it was.  With
 * --dry-run the file is only read.  JOURNEY_ERROR when edited->failed.
 */
int journey_edit(const journey_edit_t *edit, const char *name,
    journey_edited_t *edited);
void journey_edited_free(journey_edited_t *edited);

/* Files must be there and may not be standard input; sets edit->pid from
 * --pid.  JOURNEY_OK or an exit code, with a message. */
int journey_edit_init(journey_edit_t *edit, const journey_options_t *opts,
    char *const *files, unsigned nfiles);


#endif /* JOURNEY_EDIT_H */
