
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* O_TMPFILE, memrchr(), renameat2() */

#include "journey_rewrite.h"
#include "journey_signals.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>


#define JOURNEY_REWRITE_BUFFER  (256 * 1024)
#define JOURNEY_REWRITE_LEVEL   6
#define JOURNEY_REWRITE_QUICK   1

/* Where JL's four bytes are: behind the header's 10, XLEN's 2, "JL" and the
 * subfield's length (RFC 1952, section 2.3.1). */
#define JOURNEY_REWRITE_EXTRA   8
#define JOURNEY_REWRITE_LENGTH  16


struct journey_deflater_s {
    z_stream    stream;
    u_char     *buf;
    size_t      size;
};


journey_deflater_t *
journey_deflater_create(void)
{
    journey_deflater_t  *deflater;

    deflater = calloc(1, sizeof(journey_deflater_t));
    if (deflater == NULL) {
        return NULL;
    }

    if (deflateInit2(&deflater->stream, JOURNEY_REWRITE_LEVEL, Z_DEFLATED,
                     15 + 16, 8, Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        free(deflater);
        return NULL;
    }

    return deflater;
}


int
journey_deflater_quick(journey_deflater_t *deflater)
{
    return (deflateParams(&deflater->stream, JOURNEY_REWRITE_QUICK,
                          Z_DEFAULT_STRATEGY)
            == Z_OK)
           ? JOURNEY_OK : JOURNEY_ERROR;
}


void
journey_deflater_destroy(journey_deflater_t *deflater)
{
    if (deflater == NULL) {
        return;
    }

    (void) deflateEnd(&deflater->stream);
    free(deflater->buf);
    free(deflater);
}


int
journey_deflate(journey_deflater_t *deflater, const u_char *p, size_t len,
    journey_str_t *out)
{
    size_t      size;
    u_char     *buf;
    z_stream   *z;
    gz_header   header;
    u_char      extra[JOURNEY_REWRITE_EXTRA] = { 'J', 'L', 4, 0 };

    z = &deflater->stream;

    memset(&header, 0, sizeof(gz_header));

    header.os = 3;                      /* Unix */
    header.extra = extra;
    header.extra_len = JOURNEY_REWRITE_EXTRA;

    if (deflateReset(z) != Z_OK || deflateSetHeader(z, &header) != Z_OK) {
        return JOURNEY_ERROR;
    }

    /* the bound counts the header that was set */

    size = deflateBound(z, len) + JOURNEY_REWRITE_EXTRA + 2;

    if (size > deflater->size) {
        buf = realloc(deflater->buf, size);
        if (buf == NULL) {
            return JOURNEY_ERROR;
        }

        deflater->buf = buf;
        deflater->size = size;
    }

    z->next_in = (u_char *) p;
    z->avail_in = (uInt) len;
    z->next_out = deflater->buf;
    z->avail_out = (uInt) deflater->size;

    if (deflate(z, Z_FINISH) != Z_STREAM_END) {
        return JOURNEY_ERROR;
    }

    out->data = deflater->buf;
    out->len = deflater->size - z->avail_out;

    buf = deflater->buf + JOURNEY_REWRITE_LENGTH;

    buf[0] = (u_char) out->len;
    buf[1] = (u_char) (out->len >> 8);
    buf[2] = (u_char) (out->len >> 16);
    buf[3] = (u_char) (out->len >> 24);

    return JOURNEY_OK;
}


/* "DIR/.NAME.PID.journey", beside the file, so that a rename is enough. */

static char *
journey_rewrite_name(const char *path)
{
    char        *temp;
    size_t       len;
    const char  *name;

    name = strrchr(path, '/');
    name = (name == NULL) ? path : name + 1;

    len = strlen(path) + sizeof("..journey") + 20;

    temp = malloc(len);
    if (temp == NULL) {
        return NULL;
    }

    snprintf(temp, len, "%.*s.%s.%ld.journey", (int) (name - path), path,
             name, (long) getpid());

    return temp;
}


static char *
journey_rewrite_dir(const char *path)
{
    const char  *name;

    name = strrchr(path, '/');

    return name == NULL ? strdup(".")
           : name == path ? strdup("/") : strndup(path, name - path);
}


/*
 * What a process left behind that was killed before it could tidy up: files of
 * our names that nobody holds a lock on.
 */

static void
journey_rewrite_sweep(const char *path)
{
    int             fd;
    DIR            *d;
    char           *dir;
    size_t          len, n;
    const char     *name;
    struct dirent  *entry;

    name = strrchr(path, '/');
    name = (name == NULL) ? path : name + 1;
    len = strlen(name);

    dir = journey_rewrite_dir(path);
    d = (dir == NULL) ? NULL : opendir(dir);
    free(dir);

    while (d != NULL && (entry = readdir(d)) != NULL) {

        /* ".NAME.PID.journey" */

        if (entry->d_name[0] != '.'
            || strncmp(entry->d_name + 1, name, len) != 0
            || entry->d_name[1 + len] != '.')
        {
            continue;
        }

        n = strspn(entry->d_name + 2 + len, "0123456789");

        if (n == 0 || strcmp(entry->d_name + 2 + len + n, ".journey") != 0) {
            continue;
        }

        fd = openat(dirfd(d), entry->d_name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

        if (fd != -1) {
            if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
                (void) unlinkat(dirfd(d), entry->d_name, 0);
            }

            (void) close(fd);
        }
    }

    if (d != NULL) {
        (void) closedir(d);
    }
}


#if defined(O_TMPFILE)

static int
journey_rewrite_nameless(const char *path)
{
    int    fd;
    char  *dir;

    /* without /proc it could not be given a name */

    if (access("/proc/self/fd", X_OK) == -1) {
        return -1;
    }

    dir = journey_rewrite_dir(path);
    if (dir == NULL) {
        return -1;
    }

    fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

    free(dir);

    return fd;
}

#endif


int
journey_rewrite_open(journey_rewrite_t *rw, const char *path,
    journey_error_t *err)
{
    memset(rw, 0, sizeof(journey_rewrite_t));

    rw->fd = -1;
    rw->path = strdup(path);
    rw->temp = journey_rewrite_name(path);
    rw->buf = malloc(JOURNEY_REWRITE_BUFFER);

    if (rw->path == NULL || rw->temp == NULL || rw->buf == NULL) {
        journey_rewrite_abort(rw);
        return journey_error(err, "not enough memory");
    }

    journey_signals_catch();
    journey_rewrite_sweep(path);

#if defined(O_TMPFILE)
    rw->fd = journey_rewrite_nameless(path);

    if (rw->fd != -1) {
        (void) flock(rw->fd, LOCK_EX | LOCK_NB);
        return JOURNEY_OK;
    }
#endif

    journey_signals_temp = rw->temp;

    rw->fd = open(rw->temp,
                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (rw->fd == -1) {
        journey_error(err, "cannot create \"%s\": %s", rw->temp,
                      strerror(errno));
        journey_signals_temp = NULL;
        journey_rewrite_abort(rw);
        return JOURNEY_ERROR;
    }

    (void) flock(rw->fd, LOCK_EX | LOCK_NB);
    rw->named = 1;

    return JOURNEY_OK;
}


static int
journey_rewrite_write(journey_rewrite_t *rw, const u_char *p, size_t len)
{
    ssize_t  n;

    while (len > 0 && rw->error == 0) {
        n = write(rw->fd, p, len);

        if (n == -1) {
            if (errno != EINTR) {
                rw->error = errno;
            }

            continue;
        }

        p += n;
        len -= n;
    }

    return rw->error ? JOURNEY_ERROR : JOURNEY_OK;
}


int
journey_rewrite_put(journey_rewrite_t *rw, const u_char *p, size_t len)
{
    if (rw->error) {
        return JOURNEY_ERROR;
    }

    rw->bytes += len;

    if (len > JOURNEY_REWRITE_BUFFER - rw->len) {

        if (journey_rewrite_write(rw, rw->buf, rw->len) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        rw->len = 0;

        if (len > JOURNEY_REWRITE_BUFFER) {
            return journey_rewrite_write(rw, p, len);
        }
    }

    memcpy(rw->buf + rw->len, p, len);
    rw->len += len;

    return JOURNEY_OK;
}


int
journey_rewrite_lines(journey_rewrite_t *rw, const u_char *p, size_t len)
{
    size_t         n, done;
    const u_char  *start;
    journey_str_t  member;

    if (rw->deflater == NULL) {
        rw->deflater = journey_deflater_create();

        if (rw->deflater == NULL
            || (rw->quick
                && journey_deflater_quick(rw->deflater) != JOURNEY_OK))
        {
            rw->error = ENOMEM;
        }
    }

    for (done = 0; done < len && rw->error == 0; done += n) {
        start = p + done;
        n = len - done;

        if (n > JOURNEY_REWRITE_MEMBER) {
            n = JOURNEY_REWRITE_MEMBER;

            while (n > 1 && start[n - 1] != '\n') {
                n--;
            }

            if (start[n - 1] != '\n') {

                /* one line that is longer */

                for (n = 1; n < len - done && start[n - 1] != '\n'; n++) {
                    /* void */
                }
            }
        }

        if (journey_deflate(rw->deflater, start, n, &member) != JOURNEY_OK) {
            rw->error = ENOMEM;
            break;
        }

        (void) journey_rewrite_put(rw, member.data, member.len);
    }

    return rw->error ? JOURNEY_ERROR : JOURNEY_OK;
}


/* A nameless file gets the name meanwhile: rename() replaces, linkat() does
 * not.  Signals wait until the file has its final name. */

static int
journey_rewrite_link(journey_rewrite_t *rw)
{
    char  proc[32];

    if (rw->named) {
        return JOURNEY_OK;
    }

    journey_signals_temp = rw->temp;

    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", rw->fd);

    if (linkat(AT_FDCWD, proc, AT_FDCWD, rw->temp, AT_SYMLINK_FOLLOW) == -1) {
        journey_signals_temp = NULL;
        return JOURNEY_ERROR;
    }

    rw->named = 1;

    return JOURNEY_OK;
}


/* The final name, which no other file may have. */

static int
journey_rewrite_new(journey_rewrite_t *rw)
{
    char  proc[32];

    if (!rw->named) {
        snprintf(proc, sizeof(proc), "/proc/self/fd/%d", rw->fd);

        return linkat(AT_FDCWD, proc, AT_FDCWD, rw->path, AT_SYMLINK_FOLLOW)
               == -1 ? JOURNEY_ERROR : JOURNEY_OK;
    }

    if (renameat2(AT_FDCWD, rw->temp, AT_FDCWD, rw->path, RENAME_NOREPLACE)
        == 0)
    {
        return JOURNEY_OK;
    }

    /* not every file system knows of it */

    if ((errno != EINVAL && errno != ENOSYS)
        || link(rw->temp, rw->path) == -1)
    {
        return JOURNEY_ERROR;
    }

    (void) unlink(rw->temp);

    return JOURNEY_OK;
}


/* The rename itself must be on the disk before the data count as gone. */

static void
journey_rewrite_sync(const char *path)
{
    int    fd;
    char  *dir;

    dir = journey_rewrite_dir(path);
    if (dir == NULL) {
        return;
    }

    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd != -1) {
        (void) fsync(fd);
        (void) close(fd);
    }

    free(dir);
}


static const char *
journey_rewrite_finish(journey_rewrite_t *rw, const struct stat *like)
{
    struct stat      st;
    struct timespec  times[2];

    if (journey_rewrite_write(rw, rw->buf, rw->len) != JOURNEY_OK) {
        return "cannot write the new file";
    }

    rw->len = 0;

    if (like != NULL) {

        /* the owner first: a change of it takes mode bits away */

        if (fstat(rw->fd, &st) == -1
            || ((st.st_uid != like->st_uid || st.st_gid != like->st_gid)
                && fchown(rw->fd, like->st_uid, like->st_gid) == -1))
        {
            rw->error = errno;
            return "cannot keep its owner";
        }

        times[0] = like->st_atim;
        times[1] = like->st_mtim;

        if (fchmod(rw->fd, like->st_mode & 07777) == -1
            || futimens(rw->fd, times) == -1)
        {
            rw->error = errno;
            return "cannot keep its mode and times";
        }
    }

    if (fsync(rw->fd) == -1) {
        rw->error = errno;
        return "cannot write the new file";
    }

    if (rw->fresh ? journey_rewrite_new(rw) != JOURNEY_OK
                  : journey_rewrite_link(rw) != JOURNEY_OK
                    || rename(rw->temp, rw->path) == -1)
    {
        rw->error = errno;
        return "cannot put the new file in its place";
    }

    return NULL;
}


int
journey_rewrite_commit(journey_rewrite_t *rw, const struct stat *like,
    journey_error_t *err)
{
    sigset_t     all, old;
    const char  *wrong;

    (void) sigfillset(&all);
    (void) sigprocmask(SIG_BLOCK, &all, &old);

    wrong = journey_rewrite_finish(rw, like);

    if (wrong == NULL) {
        rw->named = 0;
        journey_signals_temp = NULL;
        journey_rewrite_sync(rw->path);

    } else {
        journey_error(err, "%s: %s", wrong, strerror(rw->error));
    }

    journey_rewrite_abort(rw);

    (void) sigprocmask(SIG_SETMASK, &old, NULL);

    return wrong == NULL ? JOURNEY_OK : JOURNEY_ERROR;
}


void
journey_rewrite_abort(journey_rewrite_t *rw)
{
    if (rw->named) {
        (void) unlink(rw->temp);
        rw->named = 0;
        journey_signals_temp = NULL;
    }

    if (rw->fd != -1) {
        (void) close(rw->fd);
        rw->fd = -1;
    }

    journey_deflater_destroy(rw->deflater);
    free(rw->path);
    free(rw->temp);
    free(rw->buf);

    rw->deflater = NULL;
    rw->path = NULL;
    rw->temp = NULL;
    rw->buf = NULL;
}
