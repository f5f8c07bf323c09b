
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_edit.h"
#include "journey_gzip.h"
#include "journey_live.h"
#include "journey_messages.h"
#include "journey_rewrite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>


#define JOURNEY_EDIT_BLOCK  (256 * 1024)
#define JOURNEY_EDIT_TORN   5           /* named one by one */


typedef struct {
    const journey_edit_t  *edit;
    journey_live_t        *live;
    journey_rewrite_t      rw;
    journey_inflater_t    *inflater;
    journey_progress_t     progress;
    journey_lines_t        lines;
    journey_tally_t        tally;       /* of what is written anew */
    u_char                *buf;         /* of the file */
    size_t                 size;
    u_char                *text;        /* lines gathered */
    size_t                 len;
    size_t                 text_size;
    unsigned               gzip:1;      /* they become members */
} journey_editor_t;


static int
journey_edit_read(journey_editor_t *ed, uint64_t offset, size_t len,
    journey_error_t *err)
{
    size_t    have;
    u_char   *buf;
    ssize_t   n;

    if (len > ed->size) {
        buf = realloc(ed->buf, len);
        if (buf == NULL) {
            return journey_error(err, "not enough memory");
        }

        ed->buf = buf;
        ed->size = len;
    }

    for (have = 0; have < len; have += n) {
        n = pread(ed->live->fd, ed->buf + have, len - have,
                  (off_t) (offset + have));

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            return journey_error(err, "cannot be read: %s",
                                 n == 0 ? "it became shorter"
                                        : strerror(errno));
        }
    }

    return JOURNEY_OK;
}


/* As they are. */

static int
journey_edit_copy(journey_editor_t *ed, const journey_extent_t *extent,
    journey_error_t *err)
{
    size_t    n;
    uint64_t  offset, end;

    end = extent->offset + extent->len;

    for (offset = extent->offset; offset < end; offset += n) {
        n = (size_t) journey_min(end - offset, JOURNEY_EDIT_BLOCK);

        if (journey_edit_read(ed, offset, n, err) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        /* what cannot be written is told by the commit */

        (void) journey_rewrite_put(&ed->rw, ed->buf, n);
    }

    return JOURNEY_OK;
}


/* Writes the lines of text that are to stay. */

static int
journey_edit_lines(journey_editor_t *ed, journey_str_t *text, unsigned gzip,
    journey_error_t *err)
{
    size_t  left;

    if (journey_lines_judge(&ed->lines, &ed->edit->judge, 0, text, 0,
                            &ed->tally, &left)
        != JOURNEY_OK)
    {
        return journey_error(err, "not enough memory");
    }

    if (gzip) {
        (void) journey_rewrite_lines(&ed->rw, text->data, left);

    } else {
        (void) journey_rewrite_put(&ed->rw, text->data, left);
    }

    return JOURNEY_OK;
}


static int
journey_edit_member(journey_editor_t *ed, const journey_extent_t *extent,
    journey_error_t *err)
{
    const char     *wrong;
    journey_str_t   text;

    if (journey_edit_read(ed, extent->offset, extent->len, err)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    if (ed->inflater == NULL) {
        ed->inflater = journey_inflater_create();

        if (ed->inflater == NULL) {
            return journey_error(err, "not enough memory");
        }
    }

    wrong = journey_inflate(ed->inflater, ed->buf, extent->len, &text);

    if (wrong != NULL) {
        return journey_error(err, "member at byte %llu: %s",
                             (unsigned long long) extent->offset, wrong);
    }

    return journey_edit_lines(ed, &text, 1, err);
}


/* Gathers text; lines that are complete are written when they are enough, all
 * of them at the end. */

static int
journey_edit_gather(journey_editor_t *ed, const u_char *p, size_t len,
    unsigned end, journey_error_t *err)
{
    size_t          n, size;
    u_char         *text;
    journey_str_t   lines;

    if (ed->len + len > ed->text_size) {
        size = ed->len + len + JOURNEY_EDIT_BLOCK;

        text = realloc(ed->text, size);
        if (text == NULL) {
            return journey_error(err, "not enough memory");
        }

        ed->text = text;
        ed->text_size = size;
    }

    if (len != 0) {
        memcpy(ed->text + ed->len, p, len);
        ed->len += len;
    }

    n = ed->len;

    if (!end) {
        if (n < JOURNEY_EDIT_BLOCK) {
            return JOURNEY_OK;
        }

        while (n > 0 && ed->text[n - 1] != '\n') {
            n--;
        }
    }

    if (n == 0) {
        return JOURNEY_OK;
    }

    lines.data = ed->text;
    lines.len = n;

    if (journey_edit_lines(ed, &lines, ed->gzip, err) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    ed->len -= n;
    memmove(ed->text, ed->text + n, ed->len);

    return JOURNEY_OK;
}


/* Inflates what is in buf, over the ends of members. */

static int
journey_edit_inflate(journey_editor_t *ed, z_stream *z, unsigned *ended,
    journey_error_t *err)
{
    int     rc;
    u_char  out[32 * 1024];

    do {
        if (*ended && inflateReset(z) != Z_OK) {
            return journey_error(err, "zlib failed");
        }

        *ended = 0;

        z->next_out = out;
        z->avail_out = sizeof(out);

        rc = inflate(z, Z_NO_FLUSH);

        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
            return journey_error(err, "a member cannot be inflated again");
        }

        *ended = (rc == Z_STREAM_END);

        if (journey_edit_gather(ed, out, sizeof(out) - z->avail_out, 0, err)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

    } while (z->avail_in != 0 || (z->avail_out == 0 && !*ended));

    return JOURNEY_OK;
}


/* Plain lines, or members that do not say their length. */

static int
journey_edit_stream(journey_editor_t *ed, const journey_extent_t *extent,
    journey_error_t *err)
{
    int        rc;
    size_t     n;
    uint64_t   offset, end;
    z_stream   z;
    unsigned   ended;

    ed->gzip = (extent->kind == JOURNEY_EXTENT_GZIP);
    ed->len = 0;
    ended = 0;

    memset(&z, 0, sizeof(z_stream));

    if (ed->gzip && inflateInit2(&z, 15 + 16) != Z_OK) {
        return journey_error(err, "not enough memory");
    }

    rc = JOURNEY_OK;
    end = extent->offset + extent->len;

    for (offset = extent->offset; offset < end && rc == JOURNEY_OK;
         offset += n)
    {
        n = (size_t) journey_min(end - offset, JOURNEY_EDIT_BLOCK);
        rc = journey_edit_read(ed, offset, n, err);

        if (rc != JOURNEY_OK) {
            break;
        }

        if (ed->gzip) {
            z.next_in = ed->buf;
            z.avail_in = (uInt) n;
            rc = journey_edit_inflate(ed, &z, &ended, err);

        } else {
            rc = journey_edit_gather(ed, ed->buf, n, 0, err);
        }
    }

    if (ed->gzip) {
        (void) inflateEnd(&z);

        if (rc == JOURNEY_OK && !ended) {
            rc = journey_error(err, "a member cannot be inflated again");
        }
    }

    if (rc == JOURNEY_OK) {
        rc = journey_edit_gather(ed, NULL, 0, 1, err);
    }

    return rc;
}


/* The new file: what is not touched as it is, the rest written anew. */

static int
journey_edit_extents(journey_editor_t *ed, const journey_scan_t *scan,
    journey_edited_t *edited, journey_error_t *err)
{
    int                      rc;
    size_t                   i;
    const journey_extent_t  *extent;

    for (i = 0; i < scan->nextents; i++) {
        extent = &scan->extents[i];

        journey_progress_bar(&ed->progress, extent->offset, scan->size,
                             extent->offset >> 20, "MB");

        if (extent->tally.wanted == 0 || extent->torn != NULL) {
            rc = journey_edit_copy(ed, extent, err);

        } else if (extent->tally.kept == 0) {
            ed->tally.wanted += extent->tally.wanted;
            edited->dropped++;
            rc = JOURNEY_OK;

        } else {
            edited->members++;
            rc = (extent->kind == JOURNEY_EXTENT_MEMBER)
                 ? journey_edit_member(ed, extent, err)
                 : journey_edit_stream(ed, extent, err);
        }

        if (rc != JOURNEY_OK) {
            return rc;
        }
    }

    edited->lines = ed->tally.wanted;

    return JOURNEY_OK;
}


static int
journey_edit_write(const journey_edit_t *edit, journey_live_t *live,
    const journey_scan_t *scan, journey_edited_t *edited,
    journey_error_t *err)
{
    int               rc;
    journey_editor_t  ed;

    memset(&ed, 0, sizeof(journey_editor_t));

    ed.edit = edit;
    ed.live = live;
    journey_tally_init(&ed.tally);
    journey_progress_init(&ed.progress);
    ed.progress.doing = "writing";

    if (journey_rewrite_open(&ed.rw, live->path, err) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    rc = journey_edit_extents(&ed, scan, edited, err);
    journey_progress_erase(&ed.progress);

    if (rc == JOURNEY_OK) {
        rc = journey_live_same(live, err);
    }

    if (rc == JOURNEY_OK) {
        rc = journey_rewrite_commit(&ed.rw, &live->st, err);

    } else {
        journey_rewrite_abort(&ed.rw);
    }

    journey_inflater_destroy(ed.inflater);
    journey_lines_free(&ed.lines);
    free(ed.buf);
    free(ed.text);

    return rc;
}


/* What is to be said before anything is done: parts that nobody can look
 * into.  1 when the file may be changed. */

static int
journey_edit_torn(const journey_edit_t *edit, const char *name,
    const journey_scan_t *scan)
{
    size_t    i;
    unsigned  n;

    for (i = 0, n = 0; i < scan->nextents && n < JOURNEY_EDIT_TORN; i++) {

        if (scan->extents[i].torn != NULL) {
            fprintf(stderr, "journey: %s: torn at byte %llu: %s\n", name,
                    (unsigned long long) scan->extents[i].offset,
                    scan->extents[i].torn);
            n++;
        }
    }

    if (scan->ntorn > n) {
        fprintf(stderr, "journey: %s: torn at %llu more places\n", name,
                (unsigned long long) scan->ntorn - n);
    }

    if (scan->ntorn == 0) {
        return 1;
    }

    if (!edit->opts->force) {
        fprintf(stderr, "journey: %s: left as it is: what is torn in it "
                "cannot be looked into; see journey check --repair, or use "
                "--force\n", name);
        return 0;
    }

    return 1;
}


/* Nothing to be taken out, or only to be told. */

static int
journey_edit_is_done(const journey_edit_t *edit, const journey_scan_t *scan,
    journey_edited_t *edited)
{
    size_t                   i;
    const journey_extent_t  *extent;

    if (scan->tally.wanted != 0 && !edit->opts->dry_run) {
        return 0;
    }

    edited->removed = (edit->removes && scan->tally.wanted != 0
                       && scan->tally.kept == 0);

    for (i = 0; i < scan->nextents; i++) {
        extent = &scan->extents[i];

        if (extent->tally.wanted != 0
            && (extent->torn == NULL || edited->removed))
        {
            edited->lines += extent->tally.wanted;
            edited->dropped += (extent->tally.kept == 0);
            edited->members += (extent->tally.kept != 0);
        }
    }

    return 1;
}


/* The extents are the whole file, each byte once: else something would be lost
 * or doubled. */

static int
journey_edit_whole(const journey_scan_t *scan, uint64_t size)
{
    size_t    i;
    uint64_t  offset;

    for (i = 0, offset = 0; i < scan->nextents; i++) {
        if (scan->extents[i].offset != offset) {
            return 0;
        }

        offset += scan->extents[i].len;
    }

    return offset == size;
}


/* The file is ours: it is changed, or removed. */

static int
journey_edit_locked(const journey_edit_t *edit, journey_live_t *live,
    const journey_scan_t *scan, journey_edited_t *edited,
    journey_error_t *err)
{
    if (!journey_edit_whole(scan, (uint64_t) live->st.st_size)) {
        return journey_error(err, "somebody wrote to it meanwhile");
    }

    if (live->st.st_nlink > 1) {
        fprintf(stderr, "journey: %s: it has other names (hard links), which "
                "keep what is taken out here\n", edited->name);
        edited->failed = 1;
    }

    if (edit->removes && scan->tally.kept == 0) {

        if (journey_live_same(live, err) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        if (unlink(live->path) == -1) {
            return journey_error(err, "cannot be removed: %s",
                                 strerror(errno));
        }

        edited->removed = 1;
        edited->lines = scan->tally.wanted;
        edited->dropped = scan->members;

        return JOURNEY_OK;
    }

    return journey_edit_write(edit, live, scan, edited, err);
}


static int
journey_edit_take(const journey_edit_t *edit, journey_scan_t *scan,
    journey_edited_t *edited, journey_error_t *err)
{
    int             rc;
    journey_live_t  live;

    if (journey_live_take(&live, edited->name, edit->pid, edit->opts->wait,
                          err)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    rc = JOURNEY_OK;

    if (live.moved) {
        edited->now = strdup(live.path);

        if (edited->now == NULL) {
            rc = journey_error(err, "not enough memory");
        }
    }

    /* lines came in since it was read */

    if (rc == JOURNEY_OK && scan->size != (uint64_t) live.st.st_size) {
        journey_scan_free(scan);
        rc = journey_scan(scan, live.path, &edit->judge, 0, err);

        if (rc == JOURNEY_OK && !journey_edit_torn(edit, live.path, scan)) {
            edited->failed = 1;
            journey_live_release(&live);
            return JOURNEY_OK;
        }
    }

    if (rc == JOURNEY_OK) {
        rc = journey_edit_locked(edit, &live, scan, edited, err);
    }

    journey_live_release(&live);

    return rc;
}


/* Lines before a tear can be read, but not taken out of it. */

static void
journey_edit_stays(const journey_scan_t *scan, const journey_edited_t *edited)
{
    size_t    i;
    uint64_t  n;

    for (i = 0, n = 0; i < scan->nextents; i++) {
        if (scan->extents[i].torn != NULL) {
            n += scan->extents[i].tally.wanted;
        }
    }

    if (n != 0 && !edited->removed) {
        fprintf(stderr, "journey: %s: %llu line%s stay%s in what is torn\n",
                edited->now ? edited->now : edited->name,
                (unsigned long long) n, n == 1 ? "" : "s", n == 1 ? "s" : "");
    }
}


int
journey_edit(const journey_edit_t *edit, const char *name,
    journey_edited_t *edited)
{
    int              rc;
    journey_scan_t   scan;
    journey_error_t  err;

    memset(edited, 0, sizeof(journey_edited_t));

    edited->name = name;

    rc = journey_scan(&scan, name, &edit->judge, 0, &err);

    if (rc == JOURNEY_OK) {
        edited->failed = (scan.ntorn != 0);

        if (journey_edit_torn(edit, name, &scan)
            && !journey_edit_is_done(edit, &scan, edited))
        {
            rc = journey_edit_take(edit, &scan, edited, &err);
        }

        edited->torn = scan.ntorn;
        edited->unread = scan.tally.bad;

        journey_edit_stays(&scan, edited);

        if (edited->unread != 0 && !edited->removed) {
            fprintf(stderr, "journey: %s: %llu line%s cannot be read and "
                    "stay%s\n", edited->now ? edited->now : name,
                    (unsigned long long) edited->unread,
                    edited->unread == 1 ? "" : "s",
                    edited->unread == 1 ? "s" : "");
            edited->failed = 1;
        }
    }

    if (rc != JOURNEY_OK) {
        fprintf(stderr, "journey: %s: %s\n", name, err.text);

        if (edited->now != NULL) {
            fprintf(stderr, "journey: %s: its lines are all in %s, which is "
                    "to be named the next time\n", name, edited->now);
        }

        edited->failed = 1;
        edited->lines = 0;
        edited->members = 0;
        edited->dropped = 0;
    }

    journey_scan_free(&scan);

    return edited->failed ? JOURNEY_ERROR : JOURNEY_OK;
}


void
journey_edited_free(journey_edited_t *edited)
{
    free(edited->now);
}


int
journey_edit_init(journey_edit_t *edit, const journey_options_t *opts,
    char *const *files, unsigned nfiles)
{
    unsigned         i;
    journey_error_t  err;

    edit->opts = opts;
    edit->pid = 0;

    if (nfiles == 0) {
        fprintf(stderr, "journey: no FILE; see journey %s --help\n",
                opts->command->name);
        return JOURNEY_EXIT_USAGE;
    }

    for (i = 0; i < nfiles; i++) {
        if (strcmp(files[i], "-") == 0) {
            fprintf(stderr, "journey: %s reads files more than once: standard "
                    "input will not do\n", opts->command->name);
            return JOURNEY_EXIT_USAGE;
        }
    }

    if (opts->pid != NULL
        && journey_live_pid(opts->pid, &edit->pid, &err) != JOURNEY_OK)
    {
        fprintf(stderr, "journey: --pid: %s\n", err.text);
        return JOURNEY_EXIT_USAGE;
    }

    return JOURNEY_OK;
}
