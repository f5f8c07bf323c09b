
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Members that are written, and files that appear whole or not at all.
 */


#include "journey_gzip.h"
#include "journey_rewrite.h"
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>


static char  dir[] = "/tmp/journey-rewrite-XXXXXX";
static char  path[64];


/* Names in the folder. */

static unsigned
names(void)
{
    DIR            *d;
    unsigned        n;
    struct dirent  *entry;

    n = 0;
    d = opendir(dir);

    while (d != NULL && (entry = readdir(d)) != NULL) {
        n += (strcmp(entry->d_name, ".") != 0
              && strcmp(entry->d_name, "..") != 0);
    }

    if (d != NULL) {
        (void) closedir(d);
    }

    return n;
}


static size_t
read_file(u_char *buf, size_t size)
{
    int      fd;
    ssize_t  n;
    size_t   len;

    fd = open(path, O_RDONLY);

    for (len = 0; fd != -1 && len < size; len += n) {
        n = read(fd, buf + len, size - len);

        if (n <= 0) {
            break;
        }
    }

    if (fd != -1) {
        (void) close(fd);
    }

    return len;
}


static void
test_deflate(void)
{
    size_t               n;
    u_char              *text;
    uint32_t             member;
    unsigned             sound;
    journey_str_t        out, back;
    journey_deflater_t  *deflater;
    journey_inflater_t  *inflater;

    deflater = journey_deflater_create();
    inflater = journey_inflater_create();
    text = malloc(300000);

    ok(deflater != NULL && inflater != NULL && text != NULL, "memory");

    srandom(1);

    for (n = 0; n < 300000; n++) {
        text[n] = (u_char) (random() >> 8);
    }

    sound = 1;

    /* what does not compress, in sizes that grow and shrink */

    for (n = 300000; n > 0; n = (n > 100000) ? n - 70001 : n / 3) {
        sound &= journey_deflate(deflater, text, n, &out) == JOURNEY_OK
                 && journey_gzip_header(out.data, out.len, &member)
                    == JOURNEY_OK
                 && member == out.len
                 && journey_inflate(inflater, out.data, out.len, &back) == NULL
                 && back.len == n && memcmp(back.data, text, n) == 0;
    }

    ok(sound, "members say their length, and inflate to what they were");

    ok(journey_deflate(deflater, text, 0, &out) == JOURNEY_OK
       && journey_inflate(inflater, out.data, out.len, &back) == NULL
       && back.len == 0, "a member of nothing");

    free(text);
    journey_deflater_destroy(deflater);
    journey_inflater_destroy(inflater);
}


static void
test_commit(void)
{
    u_char             buf[256];
    struct stat        st, like;
    journey_error_t    err;
    journey_rewrite_t  rw;

    ok(journey_rewrite_open(&rw, path, &err) == JOURNEY_OK, "open");
    (void) journey_rewrite_put(&rw, (u_char *) "one\n", 4);
    (void) journey_rewrite_put(&rw, (u_char *) "two\n", 4);
    ok(access(path, F_OK) == -1, "no file before the commit");
    ok(journey_rewrite_commit(&rw, NULL, &err) == JOURNEY_OK, "commit");
    ok(read_file(buf, sizeof(buf)) == 8 && memcmp(buf, "one\ntwo\n", 8) == 0,
       "the file");
    ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600,
       "the caller's alone");
    is_int(names(), 1, "and no other");

    (void) chmod(path, 0624);
    (void) stat(path, &like);
    like.st_mtim.tv_sec = 1000000000;

    (void) journey_rewrite_open(&rw, path, &err);
    (void) journey_rewrite_put(&rw, (u_char *) "three\n", 6);
    ok(read_file(buf, sizeof(buf)) == 8, "the old one until the commit");
    ok(journey_rewrite_commit(&rw, &like, &err) == JOURNEY_OK, "replaced");
    ok(read_file(buf, sizeof(buf)) == 6 && memcmp(buf, "three\n", 6) == 0,
       "by the new one");
    ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0624
       && st.st_mtim.tv_sec == 1000000000 && st.st_ino != like.st_ino,
       "mode and time as the old one's");

    (void) journey_rewrite_open(&rw, path, &err);
    (void) journey_rewrite_put(&rw, (u_char *) "four\n", 5);
    journey_rewrite_abort(&rw);
    ok(read_file(buf, sizeof(buf)) == 6, "abort: the old one");
    is_int(names(), 1, "abort: and no other");

    ok(journey_rewrite_open(&rw, "/nowhere/at/all", &err) == JOURNEY_ERROR
       && strstr(err.text, "/nowhere/at/") != NULL, "no such folder");
}


static void
test_lines(void)
{
    size_t               i, len, pos;
    u_char              *text, *buf;
    uint32_t             member;
    unsigned             n, sound;
    journey_str_t        out;
    journey_error_t      err;
    journey_rewrite_t    rw;
    journey_inflater_t  *inflater;

    len = 3 * JOURNEY_REWRITE_MEMBER;
    text = malloc(len);
    buf = malloc(len);
    inflater = journey_inflater_create();

    /* short lines, one longer than a member, the last one without its end */

    for (i = 0; i < len; i++) {
        text[i] = (u_char) ('a' + i % 23);

        if (i % 100 == 99
            && (i < len / 3 || i > len - JOURNEY_REWRITE_MEMBER / 2))
        {
            text[i] = '\n';
        }
    }

    text[len - 1] = 'z';

    (void) journey_rewrite_open(&rw, path, &err);
    ok(journey_rewrite_lines(&rw, text, len) == JOURNEY_OK, "lines");
    (void) journey_rewrite_commit(&rw, NULL, &err);

    len = read_file(buf, len);
    sound = 1;

    for (pos = 0, i = 0, n = 0; pos < len; pos += member, n++) {
        if (journey_gzip_header(buf + pos, len - pos, &member) != JOURNEY_OK
            || member == 0 || member > len - pos
            || journey_inflate(inflater, buf + pos, member, &out) != NULL)
        {
            sound = 0;
            break;
        }

        sound &= memcmp(out.data, text + i, out.len) == 0;
        i += out.len;
        sound &= (out.data[out.len - 1] == '\n'
                  || i == 3 * JOURNEY_REWRITE_MEMBER);
    }

    ok(sound && i == 3 * JOURNEY_REWRITE_MEMBER, "all of them, in their order");
    ok(n >= 3, "in several members of whole lines: %u", n);

    journey_inflater_destroy(inflater);
    free(text);
    free(buf);
}


/* A write that fails: the limit of a file's size stands for a full disk. */

static void
test_full(void)
{
    int                i;
    u_char             buf[65536], old[16];
    struct rlimit      limit, before;
    journey_error_t    err;
    journey_rewrite_t  rw;

    memset(buf, 'x', sizeof(buf));

    (void) journey_rewrite_open(&rw, path, &err);
    (void) journey_rewrite_put(&rw, (u_char *) "kept\n", 5);
    (void) journey_rewrite_commit(&rw, NULL, &err);

    (void) getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 100000;

    ok(setrlimit(RLIMIT_FSIZE, &limit) == 0, "a limit");

    (void) journey_rewrite_open(&rw, path, &err);

    for (i = 0; i < 10; i++) {
        (void) journey_rewrite_put(&rw, buf, sizeof(buf));
    }

    ok(journey_rewrite_put(&rw, buf, 1) == JOURNEY_ERROR,
       "full: it is known before the commit");
    ok(journey_rewrite_commit(&rw, NULL, &err) == JOURNEY_ERROR
       && strstr(err.text, "File too large") != NULL, "full: %s", err.text);

    (void) setrlimit(RLIMIT_FSIZE, &before);

    ok(read_file(old, sizeof(old)) == 5 && memcmp(old, "kept\n", 5) == 0,
       "full: the old file");
    is_int(names(), 1, "full: and no other");
}


int
main(void)
{
    if (mkdtemp(dir) == NULL) {
        return 1;
    }

    snprintf(path, sizeof(path), "%s/log", dir);

    test_deflate();
    test_commit();
    test_lines();
    test_full();

    (void) unlink(path);
    ok(rmdir(dir) == 0, "nothing else was written");

    return done();
}
