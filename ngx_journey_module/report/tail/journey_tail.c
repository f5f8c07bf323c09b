
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * First what is there (the last lines, or those since a moment), then what
 * comes.
 */


#include "journey_tail.h"
#include "journey_tail_files.h"
#include "journey_tail_print.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>


#define JOURNEY_TAIL_POLL      500      /* ms between two looks */
#define JOURNEY_TAIL_REST      20       /* ms between two readings */
#define JOURNEY_TAIL_WINDOW    (256 * 1024)     /* at the end of a file, for
                                                   its last lines */
#define JOURNEY_TAIL_MESSAGES  20


/* What to do with a line that is wanted. */

typedef enum {
    JOURNEY_TAIL_PRINT = 0,
    JOURNEY_TAIL_COUNT,
    JOURNEY_TAIL_GATHER
} journey_tail_mode_e;

typedef struct {
    uint64_t                  t;
    journey_str_t             line;     /* a copy */
} journey_tail_last_t;

typedef struct {
    const journey_options_t  *opts;
    journey_tail_mode_e       mode;
    journey_tail_files_t      files;
    journey_tail_reader_t     reader;
    journey_tail_print_t      print;
    const char               *path;     /* of the file that is read */

    uint64_t                  count;    /* lines, of the file that is read */
    uint64_t                  wanted;   /* --lines */
    journey_tail_last_t      *last;     /* the last ones, by t */
    size_t                    nlast;
    size_t                    last_size;

    uint64_t                  messages;
    unsigned                  quiet:1;  /* what is wrong was so before */
    u_char                   *buf;      /* of unescaped strings */
    size_t                    size;
} journey_tail_t;


static unsigned  journey_tail_colour;


/* The end: silent, with the terminal's own colours. */

static void
journey_tail_signal(int signo)
{
    (void) signo;

    if (journey_tail_colour && write(STDOUT_FILENO, "\033[0m", 4) == -1) {
        /* nobody is left to be told */
    }

    _exit(JOURNEY_EXIT_OK);
}


static void
journey_tail_signals(void)
{
    struct sigaction  sa;

    memset(&sa, 0, sizeof(struct sigaction));

    sa.sa_handler = journey_tail_signal;

    (void) sigaction(SIGINT, &sa, NULL);
    (void) sigaction(SIGTERM, &sa, NULL);
    (void) sigaction(SIGPIPE, &sa, NULL);
}


/* 1 when one more message may be printed. */

static int
journey_tail_message(journey_tail_t *tail)
{
    if (tail->quiet || tail->messages > JOURNEY_TAIL_MESSAGES) {
        return 0;
    }

    (void) fflush(stdout);

    if (tail->messages++ == JOURNEY_TAIL_MESSAGES) {
        fprintf(stderr, "journey: and more: see journey check\n");
        return 0;
    }

    return 1;
}


static void
journey_tail_torn(void *ctx, journey_tail_file_t *file, uint64_t offset)
{
    journey_tail_t  *tail = ctx;

    (void) file;

    if (journey_tail_message(tail)) {
        fprintf(stderr, "journey: %s: torn at byte %llu\n", tail->path,
                (unsigned long long) offset);
    }
}


static int
journey_tail_host_wanted(const journey_options_t *opts,
    const journey_record_t *rec)
{
    unsigned       i;
    journey_str_t  host;

    for (i = 0; i < opts->nhosts; i++) {
        host.data = (u_char *) opts->hosts[i];
        host.len = strlen(opts->hosts[i]);

        if (journey_str_equal_ci(&host, &rec->host)) {
            return 1;
        }
    }

    return opts->nhosts == 0;
}


static void
journey_tail_drop(journey_tail_t *tail, size_t n)
{
    size_t  i;

    if (n == 0) {
        return;
    }

    for (i = 0; i < n; i++) {
        free(tail->last[i].line.data);
    }

    tail->nlast -= n;
    memmove(tail->last, tail->last + n,
            tail->nlast * sizeof(journey_tail_last_t));
}


/* Among the last lines by their time; among equals by their place. */

static int
journey_tail_gather(journey_tail_t *tail, uint64_t t,
    const journey_str_t *line)
{
    u_char               *copy;
    size_t                i, size;
    journey_tail_last_t  *last;

    if (tail->wanted == 0
        || (tail->nlast >= tail->wanted && t < tail->last[0].t))
    {
        return JOURNEY_OK;
    }

    if (tail->nlast == tail->last_size) {

        if (tail->nlast >= 2 * tail->wanted && tail->nlast >= 64) {
            journey_tail_drop(tail, tail->nlast - tail->wanted);

        } else {
            size = tail->last_size ? 2 * tail->last_size : 64;

            last = realloc(tail->last, size * sizeof(journey_tail_last_t));
            if (last == NULL) {
                return JOURNEY_ERROR;
            }

            tail->last = last;
            tail->last_size = size;
        }
    }

    copy = malloc(line->len);
    if (copy == NULL) {
        return JOURNEY_ERROR;
    }

    memcpy(copy, line->data, line->len);

    for (i = tail->nlast; i > 0 && tail->last[i - 1].t > t; i--) {
        tail->last[i] = tail->last[i - 1];
    }

    tail->last[i].t = t;
    tail->last[i].line.data = copy;
    tail->last[i].line.len = line->len;
    tail->nlast++;

    return JOURNEY_OK;
}


static int
journey_tail_room(journey_tail_t *tail, size_t len)
{
    u_char  *buf;

    if (len <= tail->size) {
        return JOURNEY_OK;
    }

    buf = realloc(tail->buf, len);
    if (buf == NULL) {
        return JOURNEY_ERROR;
    }

    tail->buf = buf;
    tail->size = len;

    return JOURNEY_OK;
}


static int
journey_tail_line(void *ctx, journey_tail_file_t *file,
    const journey_str_t *line)
{
    journey_tail_t    *tail = ctx;
    journey_error_t    err;
    journey_record_t   rec;

    (void) file;

    if (journey_tail_room(tail, line->len) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (journey_record_read(&rec, line->data, line->len, tail->buf, &err)
        != JOURNEY_OK)
    {
        if (journey_tail_message(tail)) {
            fprintf(stderr, "journey: %s: a line that cannot be read: %s\n",
                    tail->path, err.text);
        }

        return JOURNEY_OK;
    }

    if (rec.time < tail->opts->since
        || !journey_tail_wanted(&rec, tail->opts->all)
        || !journey_tail_host_wanted(tail->opts, &rec))
    {
        return JOURNEY_OK;
    }

    tail->count++;

    if (tail->mode == JOURNEY_TAIL_PRINT) {
        journey_tail_print(&tail->print, &rec, line);
        return JOURNEY_OK;
    }

    return tail->mode == JOURNEY_TAIL_COUNT
           ? JOURNEY_OK : journey_tail_gather(tail, rec.time, line);
}


static int
journey_tail_read(journey_tail_t *tail, journey_tail_entry_t *entry)
{
    int       rc;
    uint64_t  pos;

    tail->path = entry->path;
    pos = entry->file.pos;

    rc = journey_tail_file_read(&entry->file, &tail->reader);

    if (entry->file.pos != pos) {
        entry->changed = journey_tail_clock();
    }

    return rc;
}


/* Reads a file from a place on. */

static int
journey_tail_from(journey_tail_t *tail, journey_tail_entry_t *entry,
    uint64_t pos, journey_tail_mode_e mode)
{
    int  fd;

    fd = entry->file.fd;
    entry->file.fd = -1;

    journey_tail_file_free(&entry->file);
    journey_tail_file_init(&entry->file, fd, pos, pos == 0);

    tail->mode = mode;
    tail->count = 0;

    return journey_tail_read(tail, entry);
}


/* The last lines of a file, out of as much of its end as it takes; reading
 * goes on behind them. */

static int
journey_tail_end(journey_tail_t *tail, journey_tail_entry_t *entry)
{
    uint64_t  window, pos;

    for (window = JOURNEY_TAIL_WINDOW; ; window *= 8) {
        pos = (entry->size > window) ? entry->size - window : 0;

        if (pos == 0) {
            break;
        }

        if (journey_tail_from(tail, entry, pos, JOURNEY_TAIL_COUNT)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        if (tail->count >= tail->wanted && !entry->file.lost) {
            break;
        }
    }

    return journey_tail_from(tail, entry, pos, JOURNEY_TAIL_GATHER);
}


static int
journey_tail_newest_cmp(const void *one, const void *two)
{
    const journey_tail_entry_t  *a, *b;

    a = *(journey_tail_entry_t *const *) one;
    b = *(journey_tail_entry_t *const *) two;

    return a->mtime > b->mtime ? -1 : a->mtime < b->mtime;
}


static int
journey_tail_print_last(journey_tail_t *tail)
{
    size_t            i;
    journey_record_t  rec;

    if (tail->nlast > tail->wanted) {
        journey_tail_drop(tail, tail->nlast - tail->wanted);
    }

    for (i = 0; i < tail->nlast; i++) {

        if (journey_tail_room(tail, tail->last[i].line.len) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        if (journey_record_read(&rec, tail->last[i].line.data,
                                tail->last[i].line.len, tail->buf, NULL)
            == JOURNEY_OK)
        {
            journey_tail_print(&tail->print, &rec, &tail->last[i].line);
        }
    }

    journey_tail_drop(tail, tail->nlast);
    free(tail->last);
    tail->last = NULL;

    return JOURNEY_OK;
}


/* The files by their age: what is older than all that is wanted is not even
 * opened. */

static int
journey_tail_begin(journey_tail_t *tail)
{
    int                     rc;
    size_t                  i, n;
    unsigned                all;
    journey_tail_entry_t   *entry, **entries;

    all = (tail->opts->since != 0 && tail->opts->lines == JOURNEY_LIMIT_NONE);
    tail->wanted = (tail->opts->lines == JOURNEY_LIMIT_NONE)
                   ? JOURNEY_TAIL_LINES : (uint64_t) tail->opts->lines;

    entries = tail->files.entries;
    n = tail->files.nentries;
    rc = JOURNEY_OK;

    qsort(entries, n, sizeof(journey_tail_entry_t *),
          journey_tail_newest_cmp);

    for (i = 0; i < n && rc == JOURNEY_OK; i++) {
        entry = entries[all ? n - 1 - i : i];

        if (entry->mtime / 1000000 < tail->opts->since
            || (!all && i != 0 && tail->nlast >= tail->wanted
                && (tail->nlast == 0
                    || entry->mtime / 1000000 < tail->last[0].t)))
        {
            continue;
        }

        if (journey_tail_files_open(&tail->files, entry) != JOURNEY_OK) {
            fprintf(stderr, "journey: %s: %s\n", entry->path,
                    strerror(errno));
            continue;
        }

        rc = all ? journey_tail_from(tail, entry, 0, JOURNEY_TAIL_PRINT)
                 : journey_tail_end(tail, entry);
    }

    /* the oldest first from now on: what is left of a file that got another
     * name comes before what has its name now */

    for (i = 0; i < n / 2; i++) {
        entry = entries[i];
        entries[i] = entries[n - 1 - i];
        entries[n - 1 - i] = entry;
    }

    return rc == JOURNEY_OK ? journey_tail_print_last(tail) : rc;
}


/* Waits for a word of inotify, or a while.  Returns 1 when the reader of our
 * output has gone. */

static int
journey_tail_wait(journey_tail_t *tail)
{
    struct pollfd    fds[2];
    struct timespec  rest;

    /* a log that is written to all the time is read in pieces */

    rest.tv_sec = 0;
    rest.tv_nsec = JOURNEY_TAIL_REST * 1000000;

    (void) nanosleep(&rest, NULL);

    fds[0].fd = STDOUT_FILENO;
    fds[0].events = 0;
    fds[1].fd = tail->files.inotify;
    fds[1].events = POLLIN;
    fds[0].revents = 0;

    return poll(fds, 2, JOURNEY_TAIL_POLL) > 0
           && (fds[0].revents & (POLLERR|POLLHUP));
}


static int
journey_tail_follow(journey_tail_t *tail)
{
    int                    names;
    size_t                 i;
    journey_tail_entry_t  *entry;

    tail->mode = JOURNEY_TAIL_PRINT;
    tail->quiet = 0;
    names = 1;

    for ( ;; ) {

        if (names || journey_tail_clock() - tail->files.scanned
                     >= JOURNEY_TAIL_POLL)
        {
            if (journey_tail_files_scan(&tail->files) != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }
        }

        for (i = 0; i < tail->files.nentries; i++) {
            entry = tail->files.entries[i];

            if (entry->file.fd != -1
                && journey_tail_read(tail, entry) != JOURNEY_OK)
            {
                return JOURNEY_ERROR;
            }
        }

        if (fflush(stdout) != 0 || ferror(stdout)) {
            return JOURNEY_OK;
        }

        if (journey_tail_wait(tail)) {
            return JOURNEY_OK;
        }

        names = journey_tail_files_events(&tail->files);
    }
}


int
journey_tail(const journey_options_t *opts)
{
    int               rc;
    unsigned          i;
    journey_tail_t    tail;
    journey_error_t   err;

    for (i = 0; i < opts->nargs; i++) {
        if (strcmp(opts->args[i], "-") == 0) {
            fprintf(stderr, "journey: standard input cannot be followed\n");
            return JOURNEY_EXIT_USAGE;
        }
    }

    memset(&tail, 0, sizeof(journey_tail_t));

    err.text[0] = '\0';

    if (journey_tail_files_init(&tail.files, opts->args, opts->nargs, &err)
        != JOURNEY_OK)
    {
        fprintf(stderr, "journey: %s\n", err.text);
        journey_tail_files_free(&tail.files);
        return JOURNEY_EXIT_DATA;
    }

    tail.opts = opts;
    tail.quiet = 1;
    tail.reader.line = journey_tail_line;
    tail.reader.torn = journey_tail_torn;
    tail.reader.ctx = &tail;

    journey_tail_print_init(&tail.print, opts);
    journey_tail_colour = tail.print.out.colour && !tail.print.raw;
    journey_tail_signals();

    rc = journey_tail_begin(&tail);

    if (rc == JOURNEY_OK) {
        rc = journey_tail_follow(&tail);
    }

    if (rc != JOURNEY_OK) {
        fprintf(stderr, "journey: not enough memory\n");
    }

    journey_tail_files_free(&tail.files);
    journey_tail_reader_free(&tail.reader);
    journey_tail_print_free(&tail.print);
    free(tail.buf);

    return rc == JOURNEY_OK ? JOURNEY_EXIT_OK : JOURNEY_EXIT_DATA;
}
