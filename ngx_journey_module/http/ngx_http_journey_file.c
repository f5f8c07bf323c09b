
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * All who append hold a lock that the system takes back when they die, so a
 * torn member can only be the last one, and whoever comes next takes it back:
 * nothing of it counts, its lines are still in their ring.
 */


#include "ngx_http_journey_file.h"

#include <dirent.h>
#include <sys/file.h>


/* A lock of the open file, not of the process, where there is such. */

#ifdef F_OFD_SETLK
#define NGX_HTTP_JOURNEY_SETLK  F_OFD_SETLK
#else
#define NGX_HTTP_JOURNEY_SETLK  F_SETLK
#endif

#define NGX_HTTP_JOURNEY_FILE_PIECE  32768

/* Calls that got nowhere, in a row: then it is an error, not a hurry. */

#define NGX_HTTP_JOURNEY_FILE_TRIES  16
#define NGX_HTTP_JOURNEY_FILE_PAUSE  1000   /* us between tries for a lock */

/* No member is longer. */

#define NGX_HTTP_JOURNEY_FILE_BACK   (JOURNEY_RING_MAX + JOURNEY_RING_MAX / 16)


static ngx_int_t ngx_http_journey_file_open(ngx_http_journey_file_t *file,
    const char **what);
static ngx_uint_t ngx_http_journey_file_is(ngx_http_journey_file_t *file);
static ngx_int_t ngx_http_journey_file_lock(ngx_http_journey_file_t *file,
    short type);
static ngx_int_t ngx_http_journey_file_mend(ngx_http_journey_file_t *file,
    off_t *size, const char **what);
static off_t ngx_http_journey_file_whole(ngx_fd_t fd, off_t size);
static ngx_uint_t ngx_http_journey_file_covered(ngx_fd_t fd, off_t offset,
    off_t size);
static ngx_int_t ngx_http_journey_file_header(ngx_fd_t fd, off_t size,
    off_t *offset, size_t *len);
static ngx_int_t ngx_http_journey_file_write(ngx_http_journey_file_t *file,
    u_char *p, size_t len);
static ngx_uint_t ngx_http_journey_file_passes(ngx_err_t err);
static ngx_int_t ngx_http_journey_file_has(ngx_fd_t fd,
    journey_ring_intent_t *intent);
static ngx_int_t ngx_http_journey_file_take_back(
    ngx_http_journey_file_t *file);
static ngx_fd_t ngx_http_journey_file_find(u_char *name,
    journey_ring_intent_t *intent);
static ngx_fd_t ngx_http_journey_file_same(int dir, const char *name,
    journey_ring_intent_t *intent);


void
ngx_http_journey_file_name(ngx_http_journey_file_t *file, u_char *name)
{
    if (ngx_strcmp(file->name, name) != 0) {
        ngx_http_journey_file_close(file);
        ngx_cpystrn(file->name, name, NGX_MAX_PATH + 1);
    }
}


ngx_int_t
ngx_http_journey_file_append(ngx_http_journey_file_t *file,
    ngx_http_journey_slot_t *slot, journey_ring_t *ring,
    journey_ring_cursor_t *cursor, ngx_http_journey_member_t *m,
    const char **what, ngx_err_t *err)
{
    off_t       size;
    ngx_int_t   rc, locked;
    ngx_uint_t  tries;

    for (tries = 0; /* void */ ; tries++) {

        rc = ngx_http_journey_file_open(file, what);

        if (rc != NGX_OK) {
            *err = ngx_errno;
            return rc;
        }

        locked = ngx_http_journey_file_lock(file, F_WRLCK);

        if (locked == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        /* renamed since, and maybe looked at by whoever renamed it */

        if (ngx_http_journey_file_is(file)) {
            break;
        }

        ngx_http_journey_file_close(file);

        if (tries == 10) {
            *err = 0;
            *what = "it is renamed again and again";
            return NGX_ERROR;
        }
    }

    if (slot != NULL && ngx_strcmp(slot->name, file->name) != 0) {
        ngx_cpystrn(slot->name, file->name, NGX_MAX_PATH + 1);
    }

    rc = NGX_ERROR;
    size = 0;

    if (locked == NGX_DECLINED
        || ngx_http_journey_file_mend(file, &size, what) == NGX_OK)
    {
        journey_ring_intend(ring, cursor, (uint64_t) file->dev,
                            (uint64_t) file->ino, (uint64_t) size,
                            (uint32_t) m->len,
                            m->out + m->len - NGX_HTTP_JOURNEY_MEMBER_TRAILER);

        rc = ngx_http_journey_file_write(file, m->out, m->len);

        if (rc == NGX_OK) {
            journey_ring_done(ring);
            file->end = size + (off_t) m->len;

        } else {
            *err = ngx_errno;
            *what = "write() failed";

            file->end = -1;

            /* if this fails as well, the next to append tries again */

            if (locked == NGX_OK && ftruncate(file->fd, size) == -1) {
                *what = "write() failed, and ftruncate() after it";
            }

            journey_ring_undo(ring);
        }

    } else {
        *err = ngx_errno;
    }

    if (locked == NGX_OK) {
        (void) ngx_http_journey_file_lock(file, F_UNLCK);
    }

    return rc;
}


static ngx_int_t
ngx_http_journey_file_open(ngx_http_journey_file_t *file, const char **what)
{
    ngx_err_t    err;
    struct stat  st;

    ngx_http_journey_file_follow(file);

    if (file->fd != NGX_INVALID_FILE) {
        return NGX_OK;
    }

    /* O_NONBLOCK: what turned into a pipe must not hold the worker up */

    file->fd = open((char *) file->name,
                    O_RDWR|O_APPEND|O_CREAT|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC,
                    0640);

    if (file->fd == NGX_INVALID_FILE) {
        *what = "open() failed";
        return NGX_ERROR;
    }

    if (fstat(file->fd, &st) == -1) {
        err = ngx_errno;
        ngx_http_journey_file_close(file);
        ngx_set_errno(err);
        *what = "fstat() failed";
        return NGX_ERROR;
    }

    if (!S_ISREG(st.st_mode)) {
        ngx_http_journey_file_close(file);
        ngx_set_errno(0);
        *what = "it is no regular file";
        return NGX_ERROR;
    }

    /* tells others that the file is alive; whoever rewrites it holds it
     * exclusively meanwhile, and puts another file in its place */

    if (flock(file->fd, LOCK_SH|LOCK_NB) == -1
        && ngx_errno == EWOULDBLOCK)
    {
        ngx_http_journey_file_close(file);
        return NGX_AGAIN;
    }

    file->dev = st.st_dev;
    file->ino = st.st_ino;
    file->end = -1;

    return NGX_OK;
}


void
ngx_http_journey_file_follow(ngx_http_journey_file_t *file)
{
    if (file->fd != NGX_INVALID_FILE && !ngx_http_journey_file_is(file)) {
        ngx_http_journey_file_close(file);
    }
}


static ngx_uint_t
ngx_http_journey_file_is(ngx_http_journey_file_t *file)
{
    struct stat  st;

    return lstat((char *) file->name, &st) == 0
           && st.st_dev == file->dev && st.st_ino == file->ino;
}


void
ngx_http_journey_file_close(ngx_http_journey_file_t *file)
{
    if (file->fd != NGX_INVALID_FILE) {

        /* nothing waits to be written by it */

        (void) ngx_close_file(file->fd);
        file->fd = NGX_INVALID_FILE;
    }
}


/* NGX_AGAIN: another process has it; NGX_DECLINED: this file system has no
 * locks, so nothing that may be another's is ever taken back. */

static ngx_int_t
ngx_http_journey_file_lock(ngx_http_journey_file_t *file, short type)
{
    struct flock  fl;

    ngx_memzero(&fl, sizeof(struct flock));

    fl.l_type = type;
    fl.l_whence = SEEK_SET;

    if (fcntl(file->fd, NGX_HTTP_JOURNEY_SETLK, &fl) == 0) {
        return NGX_OK;
    }

    return (ngx_errno == NGX_EAGAIN || ngx_errno == NGX_EACCES)
           ? NGX_AGAIN : NGX_DECLINED;
}


/* Takes a torn member at the file's end back; *size is the file's. */

static ngx_int_t
ngx_http_journey_file_mend(ngx_http_journey_file_t *file, off_t *size,
    const char **what)
{
    off_t        whole;
    struct stat  st;

    if (fstat(file->fd, &st) == -1) {
        *what = "fstat() failed";
        return NGX_ERROR;
    }

    *size = st.st_size;

    if (st.st_size == file->end) {
        return NGX_OK;
    }

    whole = ngx_http_journey_file_whole(file->fd, st.st_size);

    if (whole == -1) {
        *what = "pread() failed";
        return NGX_ERROR;
    }

    if (whole == st.st_size) {
        return NGX_OK;
    }

    if (ftruncate(file->fd, whole) == -1) {
        *what = "ftruncate() of a torn member failed";
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "journey log \"%s\": a torn member at %O is taken back",
                  file->name, whole);

    *size = whole;

    return NGX_OK;
}


/*
 * The length of the file without a torn member at its end, -1 on an error.
 * Bytes that are not ours stay: readers skip them.
 */

static off_t
ngx_http_journey_file_whole(ngx_fd_t fd, off_t size)
{
    off_t    offset, end;
    size_t   len, rest;
    u_char   p[NGX_HTTP_JOURNEY_MEMBER_HEADER];

    switch (ngx_http_journey_file_header(fd, size, &offset, &len)) {

    case NGX_OK:
        end = offset + (off_t) len;

        if (end > size) {
            return ngx_http_journey_file_covered(fd, offset, size)
                   ? size : offset;
        }

        break;

    case NGX_DECLINED:
        end = 0;
        break;

    default:
        return -1;
    }

    /* less than a header behind the last member */

    if (end == size || size - end >= NGX_HTTP_JOURNEY_MEMBER_HEADER) {
        return size;
    }

    rest = (size_t) (size - end);

    if (pread(fd, p, rest, end) != (ssize_t) rest) {
        return -1;
    }

    return ngx_http_journey_member_begins(p, rest) ? end : size;
}


/*
 * 1 if a whole member has the place offset inside: then what stands there only
 * looks like a header.  What deflate copies as it is, is UTF-8 and cannot; but
 * whoever knows all other lines of a member could choose some whose codes can.
 */

static ngx_uint_t
ngx_http_journey_file_covered(ngx_fd_t fd, off_t offset, off_t size)
{
    off_t   before;
    size_t  len;

    for (before = offset;
         ngx_http_journey_file_header(fd, before
                                          + NGX_HTTP_JOURNEY_MEMBER_HEADER - 1,
                                      &before, &len)
         == NGX_OK
         && offset - before < NGX_HTTP_JOURNEY_FILE_BACK;
         /* void */ )
    {
        if (before + (off_t) len > offset && before + (off_t) len <= size) {
            return 1;
        }
    }

    return 0;
}


/* The last header in the first size bytes of the file. */

static ngx_int_t
ngx_http_journey_file_header(ngx_fd_t fd, off_t size, off_t *offset,
    size_t *len)
{
    off_t    start, limit;
    size_t   n;
    u_char  *p, *last;
    u_char   buf[NGX_HTTP_JOURNEY_FILE_PIECE
                 + NGX_HTTP_JOURNEY_MEMBER_HEADER];

    limit = ngx_max(size - NGX_HTTP_JOURNEY_FILE_BACK, 0);

    /* headers that begin in [start, size - HEADER] */

    for (size -= NGX_HTTP_JOURNEY_MEMBER_HEADER - 1; size > limit;
         size = start)
    {
        start = ngx_max(size - NGX_HTTP_JOURNEY_FILE_PIECE, limit);

        n = (size_t) (size - start) + NGX_HTTP_JOURNEY_MEMBER_HEADER - 1;

        if (pread(fd, buf, n, start) != (ssize_t) n) {
            return NGX_ERROR;
        }

        last = buf + (size - start);

        for ( ;; ) {
            p = memrchr(buf, NGX_HTTP_JOURNEY_MEMBER_BEGIN[0], last - buf);

            if (p == NULL) {
                break;
            }

            if (ngx_http_journey_member_begins(p,
                                            NGX_HTTP_JOURNEY_MEMBER_LENGTH))
            {
                *offset = start + (p - buf);
                *len = ngx_http_journey_member_length(p);

                return NGX_OK;
            }

            last = p;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_journey_file_write(ngx_http_journey_file_t *file, u_char *p,
    size_t len)
{
    ssize_t     n;
    ngx_uint_t  tries;

    tries = 0;

    for ( /* void */ ; len > 0; p += n, len -= n) {

        n = write(file->fd, p, len);

        if (n > 0) {
            tries = 0;
            continue;
        }

        if (n == 0) {
            ngx_set_errno(NGX_ENOSPC);

        } else if (ngx_errno != NGX_EINTR) {
            return NGX_ERROR;
        }

        if (++tries == NGX_HTTP_JOURNEY_FILE_TRIES) {
            return NGX_ERROR;
        }

        n = 0;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_journey_file_resolve(ngx_http_journey_slot_t *slot,
    journey_ring_t *ring, ngx_uint_t wait, ngx_log_t *log)
{
    ngx_err_t                 err;
    ngx_int_t                 rc;
    const char               *what;
    journey_ring_intent_t    *intent;
    ngx_http_journey_file_t   file;

    intent = &ring->intent;

    if (!intent->pending) {
        return NGX_OK;
    }

    if (journey_ring_ending(ring)) {
        journey_ring_done(ring);
        return NGX_OK;
    }

    rc = NGX_ERROR;
    what = "the file is gone, its lines are appended again";

    file.fd = ngx_http_journey_file_find(slot->name, intent);
    file.end = -1;
    ngx_cpystrn(file.name, slot->name, NGX_MAX_PATH + 1);

    if (file.fd != NGX_INVALID_FILE) {
        rc = ngx_http_journey_file_has(file.fd, intent);
        what = (rc == NGX_OK) ? "its member is there"
                              : "its lines are appended again";
    }

    if (rc == NGX_DECLINED) {

        /* if the file was renamed, nobody else will */

        rc = ngx_http_journey_file_take_back(&file);
        rc = (rc == NGX_ERROR) ? NGX_ERROR : NGX_DECLINED;
    }

    err = (rc == NGX_ERROR) ? ngx_errno : 0;

    ngx_http_journey_file_close(&file);

    if (wait && ngx_http_journey_file_passes(err)) {
        ngx_set_errno(err);
        return NGX_AGAIN;
    }

    ngx_log_error(NGX_LOG_NOTICE, log, err,
                  "journey log \"%s\": process %P died while it appended, "
                  "%s", slot->name, slot->pid, what);

    if (rc == NGX_OK) {
        journey_ring_done(ring);

    } else {
        journey_ring_undo(ring);
    }

    return NGX_OK;
}


/* Errors that say nothing of the file. */

static ngx_uint_t
ngx_http_journey_file_passes(ngx_err_t err)
{
    return err == NGX_EMFILE || err == NGX_ENFILE || err == NGX_ENOMEM
           || err == NGX_EINTR || err == NGX_EAGAIN || err == EIO;
}


static ngx_int_t
ngx_http_journey_file_has(ngx_fd_t fd, journey_ring_intent_t *intent)
{
    ssize_t  n;
    u_char   p[NGX_HTTP_JOURNEY_MEMBER_HEADER];
    u_char   trailer[NGX_HTTP_JOURNEY_MEMBER_TRAILER];

    n = pread(fd, p, sizeof(p), (off_t) intent->offset);

    if (n == -1) {
        return NGX_ERROR;
    }

    if (n != (ssize_t) sizeof(p)
        || ngx_http_journey_member_length(p) != intent->length)
    {
        return NGX_DECLINED;
    }

    n = pread(fd, trailer, sizeof(trailer),
              (off_t) (intent->offset + intent->length - sizeof(trailer)));

    if (n == -1) {
        return NGX_ERROR;
    }

    return (n == (ssize_t) sizeof(trailer)
            && ngx_memcmp(trailer, intent->trailer, sizeof(trailer)) == 0)
           ? NGX_OK : NGX_DECLINED;
}


/* As before an append.  Whoever rewrites the file has its own look at it;
 * NGX_DECLINED: this file system has no locks. */

static ngx_int_t
ngx_http_journey_file_take_back(ngx_http_journey_file_t *file)
{
    off_t        size;
    ngx_int_t    rc;
    ngx_uint_t   tries;
    const char  *what;

    if (flock(file->fd, LOCK_SH|LOCK_NB) == -1) {
        return (ngx_errno == EWOULDBLOCK) ? NGX_ERROR : NGX_DECLINED;
    }

    for (tries = 0; tries < NGX_HTTP_JOURNEY_FILE_TRIES; tries++) {

        rc = ngx_http_journey_file_lock(file, F_WRLCK);

        if (rc == NGX_OK) {
            return ngx_http_journey_file_mend(file, &size, &what);
        }

        if (rc == NGX_DECLINED) {
            return NGX_DECLINED;
        }

        (void) usleep(NGX_HTTP_JOURNEY_FILE_PAUSE);
    }

    ngx_set_errno(NGX_EAGAIN);

    return NGX_ERROR;
}


/* By its name, or by that which it has now, in the same folder; ngx_errno
 * tells why it is not found. */

static ngx_fd_t
ngx_http_journey_file_find(u_char *name, journey_ring_intent_t *intent)
{
    DIR            *dir;
    u_char         *slash;
    ngx_fd_t        fd;
    ngx_err_t       err;
    struct dirent  *entry;
    u_char          folder[NGX_MAX_PATH + 1];

    fd = ngx_http_journey_file_same(AT_FDCWD, (char *) name, intent);

    if (fd != NGX_INVALID_FILE) {
        return fd;
    }

    ngx_cpystrn(folder, name, NGX_MAX_PATH + 1);

    slash = (u_char *) strrchr((char *) folder, '/');

    if (slash == NULL) {
        return NGX_INVALID_FILE;
    }

    slash[slash == folder] = '\0';

    dir = opendir((char *) folder);

    if (dir == NULL) {
        return NGX_INVALID_FILE;
    }

    do {
        ngx_set_errno(0);
        entry = readdir(dir);
        err = ngx_errno;

        if (entry != NULL && (uint64_t) entry->d_ino == intent->ino) {
            fd = ngx_http_journey_file_same(dirfd(dir), entry->d_name, intent);
            err = ngx_errno;
        }

    } while (fd == NGX_INVALID_FILE && entry != NULL
             && !ngx_http_journey_file_passes(err));

    (void) closedir(dir);

    ngx_set_errno(err);

    return fd;
}


static ngx_fd_t
ngx_http_journey_file_same(int dir, const char *name,
    journey_ring_intent_t *intent)
{
    ngx_fd_t     fd;
    ngx_err_t    err;
    struct stat  st;

    fd = openat(dir, name, O_RDWR|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd == NGX_INVALID_FILE && !ngx_http_journey_file_passes(ngx_errno)) {

        /* it may be read only, by now */

        fd = openat(dir, name, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);
    }

    if (fd == NGX_INVALID_FILE) {
        return fd;
    }

    if (fstat(fd, &st) == -1) {
        err = ngx_errno;

    } else if ((uint64_t) st.st_dev == intent->dev
               && (uint64_t) st.st_ino == intent->ino)
    {
        return fd;

    } else {
        err = NGX_ENOENT;
    }

    (void) ngx_close_file(fd);
    ngx_set_errno(err);

    return NGX_INVALID_FILE;
}
