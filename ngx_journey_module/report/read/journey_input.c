
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What a file may hold, in any order: members with their length (ours), other
 * members, plain lines, and what is left of any of them after a crash.
 */


#define _GNU_SOURCE                     /* memrchr() */

#include "journey_input.h"
#include "journey_gzip.h"
#include "journey_record.h"
#include "journey_window.h"

#include <stdlib.h>
#include <zlib.h>


#define JOURNEY_INPUT_BLOCK   (256 * 1024)      /* of text in one job */
#define JOURNEY_INPUT_LINE    JOURNEY_LINE_MAX  /* longest line */
#define JOURNEY_INPUT_SLICE   (64 * 1024)       /* inflated at once */
#define JOURNEY_INPUT_HEADER  (65536 + 32)      /* longest start of a member */
#define JOURNEY_INPUT_TRIAL   (32 * 1024)

/* Times that what looks torn is read anew because the file has changed. */
#define JOURNEY_INPUT_AGAIN   100

static const char  journey_torn[] = "it is cut";


typedef struct {
    const char        *name;
    journey_jobs_t    *jobs;
    journey_window_t   w;

    /* lines that no member of ours holds are gathered here */

    u_char            *text;
    size_t             len;
    size_t             size;
    uint64_t           offset;          /* of their member or first line */
    unsigned           gzip:1;          /* offset is that of a member */
    unsigned           first:1;         /* nothing of it is handed over */
    unsigned           overlong:1;      /* the rest of a line is passed over */

    unsigned           again;           /* times, in this file */
    unsigned           no_memory:1;
} journey_input_t;


static void
journey_input_add(journey_input_t *in, journey_job_t *job)
{
    if (in->no_memory || journey_jobs_add(in->jobs, job) != JOURNEY_OK) {
        in->no_memory = 1;
        free(job->data);
    }
}


/* Messages, in the order of the input.  What they are about begins at offset
 * and ends at the window. */

static void
journey_input_message(journey_input_t *in, journey_job_t *job,
    uint64_t offset)
{
    job->file = in->name;
    job->offset = offset;
    job->span = in->w.offset - offset;
    job->done = 1;

    journey_input_add(in, job);
}


static void
journey_input_error(journey_input_t *in)
{
    journey_job_t  job;

    memset(&job, 0, sizeof(journey_job_t));

    job.error = in->w.error;

    journey_input_message(in, &job, in->w.offset);
}


static void
journey_input_wrong(journey_input_t *in, uint64_t offset, const char *wrong,
    unsigned stream)
{
    journey_job_t  job;

    memset(&job, 0, sizeof(journey_job_t));

    job.wrong = wrong;
    job.stream = stream;

    journey_input_message(in, &job, offset);
}


static void
journey_input_ended(journey_input_t *in, uint64_t offset, unsigned stream)
{
    journey_job_t  job;

    memset(&job, 0, sizeof(journey_job_t));

    job.ended = 1;
    job.stream = stream;
    job.open = stream && (in->len != 0 || in->overlong);

    journey_input_message(in, &job, offset);
}


/* Hands over a copy of the data: a member, or lines. */

static void
journey_input_data(journey_input_t *in, uint64_t offset, const u_char *data,
    size_t len, unsigned member)
{
    journey_job_t  job;

    memset(&job, 0, sizeof(journey_job_t));

    job.file = in->name;
    job.offset = offset;
    job.len = len;
    job.member = member;
    job.gzip = member | in->gzip;
    job.first = member | in->first;

    job.data = malloc(len);
    if (job.data == NULL) {
        in->no_memory = 1;
        return;
    }

    memcpy(job.data, data, len);

    journey_input_add(in, &job);
}


/* Hands over the lines that are gathered; what follows the last newline stays
 * unless it is the end. */

static void
journey_input_flush(journey_input_t *in, unsigned end)
{
    size_t   len;
    u_char  *p;

    len = in->len;

    if (len == 0) {
        return;
    }

    if (!end) {
        p = memrchr(in->text, '\n', len);

        if (p != NULL) {
            len = p + 1 - in->text;

        } else if (len >= JOURNEY_INPUT_LINE) {

            /* its begin is one broken line, the rest of it none */

            in->overlong = 1;

        } else {
            return;
        }
    }

    journey_input_data(in, in->offset, in->text, len, 0);

    in->first = 0;
    in->len -= len;
    memmove(in->text, in->text + len, in->len);
}


/* The end of lines that nothing can continue. */

static void
journey_input_end(journey_input_t *in)
{
    journey_input_flush(in, 1);
    in->overlong = 0;
}


static void
journey_input_begin(journey_input_t *in, unsigned gzip)
{
    in->offset = in->w.offset;
    in->gzip = gzip;
    in->first = 1;
}


static void
journey_input_text(journey_input_t *in, const u_char *data, size_t len)
{
    size_t         size;
    u_char        *text;
    const u_char  *p;

    if (in->overlong) {
        p = memchr(data, '\n', len);

        if (p == NULL) {
            return;
        }

        in->overlong = 0;
        len -= p + 1 - data;
        data = p + 1;
    }

    if (len == 0) {
        return;
    }

    if (in->len + len > in->size) {
        size = in->len + len + JOURNEY_INPUT_BLOCK;
        text = realloc(in->text, size);

        if (text == NULL) {
            in->no_memory = 1;
            return;
        }

        in->text = text;
        in->size = size;
    }

    memcpy(in->text + in->len, data, len);
    in->len += len;

    if (in->len >= JOURNEY_INPUT_BLOCK) {
        journey_input_flush(in, 0);
    }
}


/* JOURNEY_OK when a member begins at the window; *member as in
 * journey_gzip_header().  JOURNEY_AGAIN when the file ends in its header. */

static int
journey_input_header(journey_input_t *in, uint32_t *member)
{
    int     rc;
    size_t  have;

    have = journey_window_fill(&in->w, 32);
    rc = journey_gzip_header(in->w.pos, have, member);

    if (rc == JOURNEY_AGAIN) {
        have = journey_window_fill(&in->w, JOURNEY_INPUT_HEADER);
        rc = journey_gzip_header(in->w.pos, have, member);
    }

    if (rc == JOURNEY_AGAIN) {
        have = journey_window_wait(&in->w, JOURNEY_INPUT_HEADER);
        rc = journey_gzip_header(in->w.pos, have, member);
    }

    return rc;
}


/* 1 when what looks like a header at p is that of a member without length:
 * some of it can be inflated. */

static int
journey_input_trial(const u_char *p, size_t len)
{
    int       rc;
    u_char    out[JOURNEY_INPUT_TRIAL];
    z_stream  z;

    memset(&z, 0, sizeof(z_stream));

    if (inflateInit2(&z, 15 + 16) != Z_OK) {
        return 0;
    }

    z.next_in = (u_char *) p;
    z.avail_in = (uInt) journey_min(len, JOURNEY_INPUT_SLICE);
    z.next_out = out;
    z.avail_out = sizeof(out);

    rc = inflate(&z, Z_SYNC_FLUSH);

    (void) inflateEnd(&z);

    return rc == Z_STREAM_END
           || ((rc == Z_OK || rc == Z_BUF_ERROR)
               && z.avail_out < sizeof(out));
}


/* Passes over what is torn: to the next member, or to the end.  Three fixed
 * bytes are in anything, so a member that does not say its length is believed
 * only when it inflates. */

static void
journey_input_resync(journey_input_t *in)
{
    int        rc;
    size_t     have;
    u_char    *p;
    uint32_t   member;

    journey_window_skip(&in->w, 1);

    for ( ;; ) {
        have = journey_window_fill(&in->w, JOURNEY_INPUT_HEADER);

        if (have == 0) {
            return;
        }

        p = memchr(in->w.pos, 0x1f, have);

        if (p == NULL) {
            journey_window_skip(&in->w, have);
            continue;
        }

        journey_window_skip(&in->w, p - in->w.pos);
        have = journey_window_fill(&in->w, JOURNEY_INPUT_HEADER);

        rc = journey_gzip_header(in->w.pos, have, &member);

        if (rc == JOURNEY_OK
            && (member != 0 || journey_input_trial(in->w.pos, have)))
        {
            return;
        }

        if (rc == JOURNEY_AGAIN && have >= 3) {
            /* the file ends in a header */
            return;
        }

        journey_window_skip(&in->w, 1);
    }
}


/* 1 when a member of ours begins within the next n bytes, which are there,
 * but not at once. */

static int
journey_input_holds(journey_input_t *in, size_t n)
{
    u_char    *p, *end;
    uint32_t   member;

    end = in->w.pos + n;

    for (p = in->w.pos + 1; p < end; p++) {
        p = memchr(p, 0x1f, end - p);

        if (p == NULL) {
            break;
        }

        if (journey_gzip_header(p, in->w.last - p, &member) == JOURNEY_OK
            && member != 0)
        {
            return 1;
        }
    }

    return 0;
}


/* 1 when n bytes on a member of ours begins, or the file ends, and none does
 * before. */

static int
journey_input_follows(journey_input_t *in, size_t n)
{
    size_t    have;
    uint32_t  member;

    have = journey_window_fill(&in->w, n + 32);

    return (have == n
            || (journey_gzip_header(in->w.pos + n, have - n, &member)
                == JOURNEY_OK && member != 0))
           && !journey_input_holds(in, n);
}


/* What begins at the window is torn, unless it has become something else
 * since it was read. */

static void
journey_input_torn(journey_input_t *in, const char *wrong)
{
    uint64_t  begin;

    if (in->again < JOURNEY_INPUT_AGAIN && journey_window_again(&in->w)) {
        in->again++;
        return;
    }

    begin = in->w.offset;

    journey_input_resync(in);
    journey_input_wrong(in, begin, wrong, 0);
}


/* A member that says its length. */

static void
journey_input_member(journey_input_t *in, uint32_t member,
    journey_inflater_t *inflater)
{
    size_t       have;
    const char  *wrong;

    journey_input_end(in);

    wrong = NULL;
    have = journey_window_fill(&in->w, member);

    /* a member that the end of the file cuts may be growing, but not when
     * there are others behind it */

    if (have < member
        && (journey_input_holds(in, have)
            || journey_window_wait(&in->w, member) < member))
    {
        wrong = journey_torn;

    } else if (!journey_input_follows(in, member)) {

        /* Cut, with others behind it, or whole, with something else behind
         * it?  Usually a thread finds that out, but the place of the next
         * member depends on it. */

        wrong = journey_inflate_pieces(inflater, in->w.pos, member, NULL,
                                       NULL);

        if (wrong != NULL && journey_input_holds(in, member)) {
            wrong = journey_torn;
        }
    }

    if (wrong != NULL) {
        journey_input_torn(in, wrong);
        return;
    }

    journey_input_data(in, in->w.offset, in->w.pos, member, 1);
    journey_window_skip(&in->w, member);
}


/* A member without its length: inflated here, slice by slice. */

static void
journey_input_stream(journey_input_t *in)
{
    int          rc;
    size_t       n, kept;
    u_char       out[JOURNEY_INPUT_SLICE];
    uint64_t     begin;
    z_stream     z;
    const char  *wrong;

    begin = in->w.offset;
    kept = 0;
    wrong = NULL;

    journey_input_begin(in, 1);

    memset(&z, 0, sizeof(z_stream));

    if (inflateInit2(&z, 15 + 16) != Z_OK) {
        in->no_memory = 1;
        return;
    }

    do {
        /* the slice before stays in the window: a cut member goes over into
         * the next one, which is found a while after it began */

        n = journey_window_fill(&in->w, kept + JOURNEY_INPUT_SLICE);

        if (n == kept && (n = journey_window_wait(&in->w, kept + 1)) == kept) {
            wrong = journey_torn;
            break;
        }

        n = journey_min(n - kept, JOURNEY_INPUT_SLICE);

        z.next_in = in->w.pos + kept;
        z.avail_in = (uInt) n;

        do {
            z.next_out = out;
            z.avail_out = sizeof(out);

            rc = inflate(&z, Z_NO_FLUSH);

            journey_input_text(in, out, sizeof(out) - z.avail_out);

        } while (rc == Z_OK && z.avail_out == 0 && !in->no_memory);

        n -= z.avail_in;

        if (rc == Z_STREAM_END) {
            journey_window_skip(&in->w, kept + n);
            break;
        }

        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            wrong = "its data are damaged or cut";
            break;
        }

        journey_window_skip(&in->w, kept);
        kept = n;

    } while (!in->no_memory);

    (void) inflateEnd(&z);

    journey_input_flush(in, 0);

    if (wrong == NULL) {
        journey_input_ended(in, begin, 1);
        return;
    }

    /* the begin of a line that is cut is part of what is torn */

    in->len = 0;
    in->overlong = 0;

    journey_input_resync(in);
    journey_input_wrong(in, begin, wrong, 1);
}


/* Plain lines, up to the end or to a member. */

static void
journey_input_plain(journey_input_t *in)
{
    size_t     n, have;
    u_char    *p, *end;
    uint32_t   member;
    uint64_t   begin;
    unsigned   found;

    found = 0;
    begin = in->w.offset;

    journey_input_begin(in, 0);

    while (!found && !in->no_memory) {
        have = journey_window_fill(&in->w, JOURNEY_INPUT_BLOCK);

        if (have == 0) {
            if (in->len == 0 || in->text[in->len - 1] == '\n'
                || journey_window_wait(&in->w, 1) == 0)
            {
                break;
            }

            continue;
        }

        end = in->w.pos + have;

        /* a 0x1f at the begin of a line is never in JSON */

        for (p = in->w.pos; p < end; p++) {
            p = memchr(p, 0x1f, end - p);

            if (p == NULL) {
                break;
            }

            if (p == in->w.pos
                ? (in->len == 0 || in->text[in->len - 1] == '\n')
                : p[-1] == '\n')
            {
                n = p - in->w.pos;

                if (n != 0) {
                    end = p;
                    break;
                }

                if (journey_input_header(in, &member) == JOURNEY_OK) {
                    found = 1;
                    break;
                }

                end = in->w.last;
                p = in->w.pos;
            }
        }

        if (!found) {
            n = end - in->w.pos;
            journey_input_text(in, in->w.pos, n);
            journey_window_skip(&in->w, n);
        }
    }

    journey_input_end(in);
    journey_input_ended(in, begin, 0);
}


/* Lines begin here, or is it the rest of a member whose begin is lost? */

static int
journey_input_is_plain(journey_input_t *in)
{
    size_t     have;
    u_char    *p, *end;
    uint32_t   member;

    if (*in->w.pos == '{') {
        return 1;
    }

    if (in->w.offset != 0) {
        return 0;
    }

    have = journey_window_fill(&in->w, JOURNEY_INPUT_BLOCK);
    end = in->w.pos + have;

    for (p = in->w.pos; p < end; p++) {
        p = memchr(p, 0x1f, end - p);

        if (p == NULL) {
            break;
        }

        if (journey_gzip_header(p, end - p, &member) == JOURNEY_OK
            && member != 0)
        {
            return 0;
        }
    }

    return 1;
}


static void
journey_input_loop(journey_input_t *in, journey_inflater_t *inflater)
{
    int       rc;
    uint32_t  member;

    while (!in->no_memory && journey_window_fill(&in->w, 1) != 0) {

        rc = journey_input_header(in, &member);

        if (rc == JOURNEY_OK) {

            if (member != 0 && member <= JOURNEY_MEMBER_MAX) {
                journey_input_member(in, member, inflater);

            } else {
                journey_input_stream(in);
            }

            continue;
        }

        journey_input_end(in);

        if (rc == JOURNEY_DECLINED && journey_input_is_plain(in)) {
            journey_input_plain(in);
            continue;
        }

        journey_input_torn(in, rc == JOURNEY_AGAIN ? journey_torn
                                                   : "no member begins here");
    }

    journey_input_end(in);
}


static int
journey_input_run(journey_input_t *in)
{
    journey_inflater_t  *inflater;

    inflater = journey_inflater_create();

    if (inflater == NULL) {
        in->no_memory = 1;

    } else {
        journey_input_loop(in, inflater);
    }

    if (in->w.error) {
        journey_input_error(in);

    } else if (journey_window_shrunk(&in->w)) {

        /* copytruncate: what nobody had read yet may be gone */

        journey_input_wrong(in, in->w.offset,
                            "the file was cut while it was read", 0);
    }

    in->no_memory |= in->w.no_memory;

    journey_inflater_destroy(inflater);
    journey_window_close(&in->w);
    free(in->text);

    return in->no_memory ? JOURNEY_ERROR : JOURNEY_OK;
}


int
journey_input_read(journey_jobs_t *jobs, const char *name)
{
    journey_input_t  in;

    memset(&in, 0, sizeof(journey_input_t));

    in.name = name;
    in.jobs = jobs;

    if (journey_window_open(&in.w, name) != JOURNEY_OK) {
        journey_input_error(&in);
        return in.no_memory ? JOURNEY_ERROR : JOURNEY_OK;
    }

    return journey_input_run(&in);
}


int
journey_input_read_fd(journey_jobs_t *jobs, const char *name, int fd)
{
    journey_input_t  in;

    memset(&in, 0, sizeof(journey_input_t));

    in.name = name;
    in.jobs = jobs;

    journey_window_attach(&in.w, fd);

    return journey_input_run(&in);
}


int
journey_input_work(const char *name, journey_job_pt work,
    journey_job_done_pt done, void *ctx)
{
    int              rc;
    journey_jobs_t  *jobs;

    jobs = journey_jobs_create(journey_jobs_threads(), work, done, ctx);
    if (jobs == NULL) {
        return JOURNEY_ERROR;
    }

    rc = journey_input_read(jobs, name);

    journey_jobs_finish(jobs);

    return rc;
}
