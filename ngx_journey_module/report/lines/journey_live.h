
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Having a journey log for oneself beside a running nginx (design, section
 * 9): workers hold a shared flock on what they append to.
 */


#ifndef JOURNEY_LIVE_H
#define JOURNEY_LIVE_H


#include "journey_core.h"

#include <sys/stat.h>
#include <sys/types.h>


typedef struct {
    char           *path;               /* without symbolic links; FILE.N when
                                           it was moved */
    int             fd;                 /* locked, for reading */
    struct stat     st;                 /* once it was locked */
    unsigned        moved:1;
} journey_live_t;


/*
 * Locks the file.  One that workers append to becomes FILE.N first, the first
 * N that is free, then pid (0: nobody) gets USR1, and the workers have wait
 * ms to let go of it.  JOURNEY_ERROR with a message; the file has its name
 * back then, or the message says which one it has.  To be released after
 * JOURNEY_OK.
 */
int journey_live_take(journey_live_t *live, const char *name, pid_t pid,
    uint64_t wait, journey_error_t *err);
void journey_live_release(journey_live_t *live);

/* JOURNEY_OK as long as nobody changed or replaced the file meanwhile. */
int journey_live_same(const journey_live_t *live, journey_error_t *err);

/* A number, or the file that nginx writes its number to.  JOURNEY_ERROR with
 * a message, also when the process is no nginx. */
int journey_live_pid(const char *text, pid_t *pid, journey_error_t *err);


#endif /* JOURNEY_LIVE_H */
