
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>


#define JOURNEY_WINDOW_READ   (256 * 1024)
#define JOURNEY_WINDOW_PIECE  4096      /* compared at once */

/* A file changed within so many seconds may be growing; it is looked at so
 * often, with so many milliseconds between, before its end is the end. */
#define JOURNEY_WINDOW_FRESH  5
#define JOURNEY_WINDOW_TRIES  25
#define JOURNEY_WINDOW_PAUSE  20

#define JOURNEY_WINDOW_LOCKS  "/proc/locks"


void
journey_window_attach(journey_window_t *w, int fd)
{
    off_t        start;
    struct stat  st;

    memset(w, 0, sizeof(journey_window_t));

    w->fd = fd;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        start = lseek(fd, 0, SEEK_CUR);

        if (start != -1) {
            w->regular = 1;
            w->start = start;
        }
    }

#ifdef POSIX_FADV_SEQUENTIAL
    (void) posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
}


int
journey_window_open(journey_window_t *w, const char *name)
{
    int          fd;
    struct stat  st;

    if (strcmp(name, "-") == 0) {
        journey_window_attach(w, STDIN_FILENO);
        return JOURNEY_OK;
    }

    memset(w, 0, sizeof(journey_window_t));

    fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd == -1) {
        w->error = errno;
        return JOURNEY_ERROR;
    }

    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        w->error = EISDIR;
        (void) close(fd);
        return JOURNEY_ERROR;
    }

    journey_window_attach(w, fd);
    w->owned = 1;

    return JOURNEY_OK;
}


void
journey_window_close(journey_window_t *w)
{
    if (w->owned) {
        (void) close(w->fd);
    }

    free(w->buf);
}


/* Makes room for size bytes from pos on. */

static int
journey_window_room(journey_window_t *w, size_t size)
{
    size_t   have;
    u_char  *buf;

    have = w->last - w->pos;

    if (w->buf != NULL) {

        if (w->size - (w->pos - w->buf) >= size) {
            return JOURNEY_OK;
        }

        memmove(w->buf, w->pos, have);

        w->pos = w->buf;
        w->last = w->buf + have;

        if (w->size >= size) {
            return JOURNEY_OK;
        }
    }

    buf = realloc(w->buf, size);
    if (buf == NULL) {
        w->no_memory = 1;
        w->eof = 1;
        return JOURNEY_ERROR;
    }

    w->buf = buf;
    w->size = size;
    w->pos = buf;
    w->last = buf + have;

    return JOURNEY_OK;
}


size_t
journey_window_fill(journey_window_t *w, size_t need)
{
    size_t   have;
    ssize_t  n;

    for ( ;; ) {
        have = w->last - w->pos;

        if (have >= need || w->eof) {
            return have;
        }

        /* read more than is needed, but grow with what is really there: a
         * length that lies must not cost its memory */

        need = journey_max(need, 1);

        if (journey_window_room(w, journey_min(need, have * 2)
                                   + JOURNEY_WINDOW_READ)
            != JOURNEY_OK)
        {
            return have;
        }

        n = read(w->fd, w->last, w->size - (w->last - w->buf));

        if (n == -1) {
            if (errno == EINTR) {
                continue;
            }

            w->error = errno;
        }

        if (n <= 0) {
            w->eof = 1;
            continue;
        }

        w->last += n;
    }
}


/* 1 when somebody has locked the file, as nginx does with a log that it has
 * open.  To try for the lock would tell, too, but a worker that opens the file
 * at that moment would be left without. */

static int
journey_window_locked(const struct stat *st)
{
    int                  found;
    char                 line[256], *inode, *end;
    FILE                *locks;

    locks = fopen(JOURNEY_WINDOW_LOCKS, "re");
    if (locks == NULL) {
        return 0;
    }

    found = 0;

    /* 1: FLOCK  ADVISORY  READ 3526 08:01:1311798 0 EOF
     *
     * The device is left out: some file systems say another one here.  A
     * wrong guess costs no more than the wait. */

    while (!found && fgets(line, sizeof(line), locks) != NULL) {

        if (strstr(line, " FLOCK ") == NULL) {
            continue;
        }

        inode = strrchr(line, ':');

        found = inode != NULL && inode[1] >= '0' && inode[1] <= '9'
                && strtoull(inode + 1, &end, 10) == st->st_ino && *end == ' ';
    }

    (void) fclose(locks);

    return found;
}


static void
journey_window_pause(void)
{
    struct timespec  pause;

    pause.tv_sec = 0;
    pause.tv_nsec = JOURNEY_WINDOW_PAUSE * 1000000;

    (void) nanosleep(&pause, NULL);
}


/* 1 when the file may be growing. */

static int
journey_window_alive(journey_window_t *w)
{
    struct stat  st;

    return w->regular && !w->error && !w->no_memory && fstat(w->fd, &st) == 0
           && (time(NULL) - st.st_mtime <= JOURNEY_WINDOW_FRESH
               || journey_window_locked(&st));
}


size_t
journey_window_wait(journey_window_t *w, size_t need)
{
    size_t    have;
    unsigned  tries;

    have = w->last - w->pos;

    for (tries = 0; tries < JOURNEY_WINDOW_TRIES && have < need; tries++) {

        if (!journey_window_alive(w)) {
            break;
        }

        if (tries > 0) {
            journey_window_pause();
        }

        w->eof = 0;

        if (journey_window_fill(w, need) > have) {
            have = w->last - w->pos;
            tries = 0;
        }
    }

    return have;
}


/* 1 when the file still holds the bytes from pos on. */

static int
journey_window_same(journey_window_t *w)
{
    size_t    n;
    u_char    buf[JOURNEY_WINDOW_PIECE], *p;
    ssize_t   rc;
    uint64_t  offset;

    offset = w->start + w->offset;

    for (p = w->pos; p < w->last; p += rc, offset += rc) {
        n = journey_min((size_t) (w->last - p), sizeof(buf));

        do {
            rc = pread(w->fd, buf, n, (off_t) offset);
        } while (rc == -1 && errno == EINTR);

        if (rc <= 0 || memcmp(p, buf, rc) != 0) {
            return 0;
        }
    }

    return 1;
}


int
journey_window_again(journey_window_t *w)
{
    if (!journey_window_alive(w) || journey_window_same(w)
        || lseek(w->fd, (off_t) (w->start + w->offset), SEEK_SET) == -1)
    {
        return 0;
    }

    journey_window_pause();

    w->last = w->pos;
    w->eof = 0;

    return 1;
}


int
journey_window_shrunk(const journey_window_t *w)
{
    struct stat  st;

    return w->regular && fstat(w->fd, &st) == 0
           && (uint64_t) st.st_size < w->start + w->offset;
}


void
journey_window_skip(journey_window_t *w, size_t n)
{
    w->pos += n;
    w->offset += n;
}
