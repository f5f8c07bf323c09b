
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Which files are followed: those that the arguments name now, and those that
 * had the names before until they rest.
 */


#ifndef JOURNEY_TAIL_FILES_H
#define JOURNEY_TAIL_FILES_H


#include "journey_tail_file.h"


typedef enum {
    JOURNEY_TAIL_FILE = 0,
    JOURNEY_TAIL_FOLDER,
    JOURNEY_TAIL_PATTERN
} journey_tail_arg_e;

typedef struct {
    journey_tail_arg_e     kind;
    const char            *name;
    char                  *pattern;     /* of glob(3) */
    int                    watch;       /* inotify's number of its folder; -1:
                                           none */
} journey_tail_arg_t;

typedef struct {
    char                  *path;        /* where it was seen last */
    dev_t                  dev;
    ino_t                  ino;
    uint64_t               size;        /* when it was seen last */
    uint64_t               mtime;       /* ns */
    uint64_t               round;       /* of that */
    uint64_t               born;        /* round in which it appeared */
    uint64_t               changed;     /* ms of a clock: when it grew last */
    unsigned               arg;
    unsigned               pending:1;   /* it has just appeared */
    unsigned               gone:1;      /* no argument names it any more */
    unsigned               copy:1;      /* of what was read: never opened */
    journey_tail_file_t    file;
} journey_tail_entry_t;

typedef struct {
    int                    watch;
    char                  *name;
    unsigned               moved:1;     /* it was not made there */
} journey_tail_event_t;

typedef struct {
    journey_tail_arg_t    *args;
    unsigned               nargs;
    journey_tail_entry_t **entries;     /* the oldest first */
    size_t                 nentries;
    size_t                 entries_size;
    unsigned               nopen;
    uint64_t               round;
    uint64_t               scanned;     /* ms of a clock */

    int                    inotify;     /* -1: there is none */
    journey_tail_event_t  *events;      /* names that came up since then */
    size_t                 nevents;
} journey_tail_files_t;


/* Takes the arguments and looks for their files; those are entries that are
 * not open.  JOURNEY_ERROR with a message.  To be freed in any case. */
int journey_tail_files_init(journey_tail_files_t *files, char **args,
    unsigned nargs, journey_error_t *err);
void journey_tail_files_free(journey_tail_files_t *files);

/* Opens an entry's file; JOURNEY_ERROR when it cannot be. */
int journey_tail_files_open(journey_tail_files_t *files,
    journey_tail_entry_t *entry);

/* Reads what inotify tells; 1 when there are other names than before. */
int journey_tail_files_events(journey_tail_files_t *files);

/*
 * Looks again: what has appeared or grown becomes open, what is gone and rests
 * is forgotten.  JOURNEY_ERROR when memory is exhausted.
 */
int journey_tail_files_scan(journey_tail_files_t *files);

/* ms of a clock that only goes forward. */
uint64_t journey_tail_clock(void);


#endif /* JOURNEY_TAIL_FILES_H */
