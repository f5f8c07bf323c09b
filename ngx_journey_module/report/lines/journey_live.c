
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* renameat2() */

#include "journey_live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>


#define JOURNEY_LIVE_PAUSE    20        /* ms between two looks at a lock */
#define JOURNEY_LIVE_NUMBERS  100000    /* FILE.N */


static uint64_t
journey_live_clock(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}


/* Never over a file that is there. */

static int
journey_live_rename(const char *from, const char *to)
{
#if defined(RENAME_NOREPLACE)
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return JOURNEY_OK;
    }

    if (errno != EINVAL && errno != ENOSYS) {
        return JOURNEY_ERROR;
    }
#endif

    /* a file system that does not know how */

    if (link(from, to) == -1) {
        return JOURNEY_ERROR;
    }

    if (unlink(from) == -1) {
        (void) unlink(to);
        return JOURNEY_ERROR;
    }

    return JOURNEY_OK;
}


/* 1 when the path is still the file that is open. */

static int
journey_live_is(const char *path, int fd)
{
    struct stat  one, two;

    return fstat(fd, &one) == 0 && lstat(path, &two) == 0
           && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}


static int
journey_live_open(journey_live_t *live, const char *name,
    journey_error_t *err)
{
    live->path = realpath(name, NULL);

    if (live->path == NULL) {
        return journey_error(err, "%s", strerror(errno));
    }

    live->fd = open(live->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK
                                | O_NOCTTY | O_CLOEXEC);

    if (live->fd == -1 || fstat(live->fd, &live->st) == -1) {
        return journey_error(err, "%s", strerror(errno));
    }

    if (!S_ISREG(live->st.st_mode)) {
        return journey_error(err, "it is no regular file");
    }

    return JOURNEY_OK;
}


/* FILE becomes FILE.N. */

static int
journey_live_move(journey_live_t *live, journey_error_t *err)
{
    char      *path;
    size_t     len;
    unsigned   n;

    len = strlen(live->path) + 16;

    path = malloc(len);
    if (path == NULL) {
        return journey_error(err, "not enough memory");
    }

    for (n = 1; n < JOURNEY_LIVE_NUMBERS; n++) {
        snprintf(path, len, "%s.%u", live->path, n);

        if (journey_live_rename(live->path, path) == JOURNEY_OK) {
            free(live->path);
            live->path = path;
            live->moved = 1;
            return JOURNEY_OK;
        }

        if (errno != EEXIST) {
            break;
        }
    }

    journey_error(err, "it is in use and cannot be renamed to \"%.300s\": %s",
                  path, strerror(errno));
    free(path);

    return JOURNEY_ERROR;
}


/* Waits for the lock until now is end; *held: by workers, which share it. */

static int
journey_live_lock(journey_live_t *live, uint64_t end, unsigned *held)
{
    struct timespec  pause;

    for ( ;; ) {

        if (flock(live->fd, LOCK_EX|LOCK_NB) == 0) {
            return JOURNEY_OK;
        }

        if (errno != EWOULDBLOCK && errno != EINTR) {
            return JOURNEY_ERROR;
        }

        if (journey_live_clock() >= end) {
            *held = (flock(live->fd, LOCK_SH|LOCK_NB) == 0);
            (void) flock(live->fd, LOCK_UN);
            errno = EWOULDBLOCK;
            return JOURNEY_DECLINED;
        }

        pause.tv_sec = 0;
        pause.tv_nsec = JOURNEY_LIVE_PAUSE * 1000000;
        (void) nanosleep(&pause, NULL);
    }
}


/* The workers did not let go in time. */

static int
journey_live_give_up(journey_live_t *live, uint64_t wait,
    journey_error_t *err)
{
    char  *end, *name;

    name = strdup(live->path);

    if (name != NULL) {
        end = strrchr(name, '.');
        *end = '\0';

        if (journey_live_rename(live->path, name) == JOURNEY_OK) {
            free(name);
            return journey_error(err, "nginx did not let go of it in %llu s "
                                 "(--wait, --pid); nothing is changed",
                                 (unsigned long long) wait / 1000);
        }

        free(name);
    }

    return journey_error(err, "nginx did not let go of it in %llu s (--wait, "
                         "--pid); its lines are all in \"%.300s\", which is "
                         "to be named the next time",
                         (unsigned long long) wait / 1000, live->path);
}


int
journey_live_take(journey_live_t *live, const char *name, pid_t pid,
    uint64_t wait, journey_error_t *err)
{
    int       rc;
    unsigned  held;

    memset(live, 0, sizeof(journey_live_t));
    live->fd = -1;
    held = 0;

    if (journey_live_open(live, name, err) != JOURNEY_OK) {
        goto failed;
    }

    rc = journey_live_lock(live, 0, &held);

    if (rc == JOURNEY_DECLINED && !held) {
        journey_error(err, "another journey is at work on it");
        goto failed;
    }

    if (rc == JOURNEY_DECLINED) {

        if (!journey_live_is(live->path, live->fd)) {
            journey_error(err, "it was replaced meanwhile");
            goto failed;
        }

        if (journey_live_move(live, err) != JOURNEY_OK) {
            goto failed;
        }

        if (pid != 0 && kill(pid, SIGUSR1) == -1) {
            fprintf(stderr, "journey: cannot signal process %ld: %s\n",
                    (long) pid, strerror(errno));
        }

        rc = journey_live_lock(live, journey_live_clock() + wait, &held);

        if (rc == JOURNEY_DECLINED) {
            (void) journey_live_give_up(live, wait, err);
            goto failed;
        }
    }

    if (rc != JOURNEY_OK || fstat(live->fd, &live->st) == -1) {
        journey_error(err, "cannot be locked: %s", strerror(errno));
        goto failed;
    }

    if (!journey_live_is(live->path, live->fd)) {
        journey_error(err, "it was replaced meanwhile");
        goto failed;
    }

    return JOURNEY_OK;

failed:

    journey_live_release(live);

    return JOURNEY_ERROR;
}


void
journey_live_release(journey_live_t *live)
{
    if (live->fd != -1) {
        (void) close(live->fd);
        live->fd = -1;
    }

    free(live->path);
    live->path = NULL;
}


int
journey_live_same(const journey_live_t *live, journey_error_t *err)
{
    struct stat  st;

    if (!journey_live_is(live->path, live->fd)) {
        return journey_error(err, "it was replaced meanwhile");
    }

    if (fstat(live->fd, &st) == -1 || st.st_size != live->st.st_size
        || st.st_mtim.tv_sec != live->st.st_mtim.tv_sec
        || st.st_mtim.tv_nsec != live->st.st_mtim.tv_nsec)
    {
        return journey_error(err, "somebody wrote to it meanwhile");
    }

    return JOURNEY_OK;
}


/* The file of a server that is gone may hold the number of anything, which
 * USR1 would end. */

static int
journey_live_nginx(pid_t pid)
{
    int      fd;
    char     path[48], title[512];
    ssize_t  i, n;

    snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long) pid);

    fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd == -1) {

        /* no /proc at all, or no such process: kill() tells */

        return access("/proc/self/cmdline", R_OK) == -1;
    }

    n = read(fd, title, sizeof(title) - 1);
    (void) close(fd);

    if (n <= 0) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        title[i] = (title[i] == '\0') ? ' ' : title[i];
    }

    title[n] = '\0';

    return strstr(title, "nginx") != NULL
           || strstr(title, "master process") != NULL;
}


int
journey_live_pid(const char *text, pid_t *pid, journey_error_t *err)
{
    char   line[32], *end;
    long   n;
    FILE  *f;

    if (text[strspn(text, "0123456789")] == '\0' && *text != '\0') {
        snprintf(line, sizeof(line), "%.31s", text);

    } else {
        f = fopen(text, "r");

        if (f == NULL) {
            return journey_error(err, "cannot open \"%.300s\": %s", text,
                                 strerror(errno));
        }

        if (fgets(line, sizeof(line), f) == NULL) {
            line[0] = '\0';
        }

        (void) fclose(f);
    }

    errno = 0;
    n = strtol(line, &end, 10);

    if (end == line || (*end != '\0' && *end != '\n' && *end != '\r')
        || errno != 0 || n < 2 || (long) (pid_t) n != n)
    {
        return journey_error(err, "no number of a process in \"%.300s\"",
                             text);
    }

    *pid = (pid_t) n;

    if (!journey_live_nginx(*pid)) {
        return journey_error(err, "process %ld of \"%.300s\" is no nginx", n,
                             text);
    }

    return JOURNEY_OK;
}
