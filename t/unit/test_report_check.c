
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What journey check stands on: lines in pieces of any size, members judged
 * in pieces as they are judged at once, the lines of torn members.
 */


#include "journey_check_salvage.h"
#include "journey_gzip.h"
#include "journey_rewrite.h"
#include "tap.h"

#include <unistd.h>


#define LINE  "{\"t\":1795321780000,\"k\":\"page\",\"p\":\"/%06d\"}\n"
#define SIZE  (sizeof(LINE) + 1)        /* of a line, with its newline */

typedef struct {
    uint64_t     good;
    uint64_t     bad;
    uint64_t     sum;                   /* of all good lines */
    uint64_t     at;                    /* number of the last bad one */
    journey_check_lines_t  *lines;
} seen_t;


static int
seen_line(void *ctx, const u_char *line, size_t len,
    const journey_error_t *err)
{
    seen_t  *seen;

    seen = ctx;

    if (err != NULL) {
        seen->bad++;
        seen->at = seen->lines->nlines;
        return JOURNEY_OK;
    }

    seen->good++;
    seen->sum = seen->sum * 31 + journey_hash(line, len);

    return JOURNEY_OK;
}


static size_t
make_lines(u_char *p, int first, int n)
{
    int  i, len;

    for (i = 0, len = 0; i < n; i++) {
        len += sprintf((char *) p + len, LINE, first + i);
    }

    return len;
}


static void
test_lines(void)
{
    size_t                  n, len, step, wrong;
    u_char                 *text;
    seen_t                  once, seen;
    journey_error_t         err;
    journey_check_lines_t   lines;

    text = malloc(4 * JOURNEY_CHECK_LINE_MAX);
    memset(&lines, 0, sizeof(journey_check_lines_t));
    memset(&once, 0, sizeof(seen_t));

    lines.handler = seen_line;

    len = make_lines(text, 0, 50);
    len += sprintf((char *) text + len, "\n\r\nbroken\n");
    len += make_lines(text + len, 50, 50);
    len--;                                      /* the last newline */

    lines.ctx = &once;
    once.lines = &lines;
    ok(journey_check_lines_add(&lines, text, len) == JOURNEY_OK, "all at once");
    ok(journey_check_lines_open(&lines), "in the midst of a line");
    is_int(once.good, 99, "the last line has not ended");
    (void) journey_check_lines_end(&lines);
    ok(!journey_check_lines_open(&lines), "it is over");
    is_int(once.good, 100, "good lines");
    is_int(once.bad, 1, "a broken one");
    is_int(once.at, 53, "empty lines count");
    is_int(lines.nlines, 103, "lines");

    wrong = 0;

    for (step = 1; step < 200; step++) {
        memset(&seen, 0, sizeof(seen_t));
        seen.lines = &lines;
        lines.ctx = &seen;
        journey_check_lines_reset(&lines);

        for (n = 0; n < len; n += step) {
            (void) journey_check_lines_add(&lines, text + n,
                                           journey_min(step, len - n));
        }

        (void) journey_check_lines_end(&lines);

        wrong += (seen.good != 100 || seen.bad != 1 || seen.at != 53
                  || seen.sum != once.sum);
    }

    is_int(wrong, 0, "pieces of 1 to 199 bytes: the same");

    /* longer than a line may be, in pieces */

    memset(text, 'x', 3 * JOURNEY_CHECK_LINE_MAX);
    memset(&seen, 0, sizeof(seen_t));
    seen.lines = &lines;
    lines.ctx = &seen;
    journey_check_lines_reset(&lines);

    for (n = 0; n < 3 * JOURNEY_CHECK_LINE_MAX; n += 65536) {
        (void) journey_check_lines_add(&lines, text + n, 65536);
    }

    is_int(seen.bad, 1, "an overlong line is one");
    ok(lines.size < 2 * JOURNEY_CHECK_LINE_MAX, "it is not kept");

    len = 1;
    text[0] = '\n';
    len += make_lines(text + 1, 0, 3);
    (void) journey_check_lines_add(&lines, text, len);
    is_int(seen.good, 3, "lines behind it are read");
    is_int(lines.nlines, 4, "and counted");

    is_int(journey_check_line(&lines, (u_char *) "", 0, &err),
           JOURNEY_DECLINED, "an empty line is none");

    journey_check_lines_free(&lines);
    free(text);
}


static int
sum_piece(void *ctx, const u_char *data, size_t len)
{
    size_t    i;
    uint64_t *sum;

    sum = ctx;

    for (i = 0; i < len; i++) {
        *sum = *sum * 31 + data[i];
    }

    return JOURNEY_OK;
}


static int
refuse_piece(void *ctx, const u_char *data, size_t len)
{
    (void) ctx;
    (void) data;
    (void) len;

    return JOURNEY_ERROR;
}


/* Judged at once and in pieces: the same. */

static int
same_judgement(journey_inflater_t *inflater, const u_char *p, size_t len)
{
    uint64_t        a, b;
    const char     *one, *two;
    journey_str_t   out;

    a = 0;
    b = 0;

    one = journey_inflate(inflater, p, len, &out);

    if (one == NULL) {
        (void) sum_piece(&a, out.data, out.len);
    }

    two = journey_inflate_pieces(inflater, p, len, sum_piece, &b);

    return (one == NULL) == (two == NULL) && (one != NULL || a == b);
}


static void
test_pieces(journey_deflater_t *deflater)
{
    size_t               i, len, wrong;
    u_char              *text, *copy;
    uint64_t             sum;
    journey_str_t        member;
    journey_inflater_t  *inflater;

    len = 6 * 1024 * 1024;
    text = malloc(len + SIZE);
    inflater = journey_inflater_create();

    len = make_lines(text, 0, (int) (len / SIZE));
    ok(len > JOURNEY_LINES_SMALL, "text that is inflated in pieces");

    (void) journey_deflate(deflater, text, len, &member);
    copy = malloc(member.len + 8);
    memcpy(copy, member.data, member.len);

    ok(same_judgement(inflater, copy, member.len), "a whole large member");
    ok(journey_inflate_pieces(inflater, copy, member.len, NULL, NULL) == NULL,
       "without a handler");
    ok(journey_inflate_pieces(inflater, copy, member.len, refuse_piece, &sum)
       != NULL, "a handler that gives up");

    wrong = 0;

    for (i = 0; i < member.len; i += member.len / 40) {
        copy[i] ^= (u_char) (1 << i % 8);
        wrong += !same_judgement(inflater, copy, member.len);
        copy[i] ^= (u_char) (1 << i % 8);
        wrong += !same_judgement(inflater, copy, i);
    }

    is_int(wrong, 0, "bits flipped, bytes cut");

    /* its promise is too small, too large, or is modulo 2^32 the truth */

    wrong = 0;

    for (i = 0; i < 32; i++) {
        copy[member.len - 4 + i / 8] ^= (u_char) (1 << i % 8);
        wrong += (journey_inflate_pieces(inflater, copy, member.len, NULL,
                                         NULL) == NULL);
        wrong += !same_judgement(inflater, copy, member.len);
        copy[member.len - 4 + i / 8] ^= (u_char) (1 << i % 8);
    }

    is_int(wrong, 0, "promises that are not kept");

    memset(copy + member.len, 0, 8);
    ok(journey_inflate_pieces(inflater, copy, member.len + 8, NULL, NULL)
       != NULL, "bytes behind the member");

    /* and small ones */

    (void) journey_deflate(deflater, text, 20 * SIZE, &member);
    memcpy(copy, member.data, member.len);

    wrong = !same_judgement(inflater, copy, member.len);

    for (i = 0; i < member.len; i++) {
        wrong += !same_judgement(inflater, copy, i);
    }

    is_int(wrong, 0, "a small member, whole and cut");

    journey_inflater_destroy(inflater);
    free(text);
    free(copy);
}


static int
salvaged_line(void *ctx, const u_char *line, size_t len)
{
    int   *next;
    char   want[SIZE + 1];

    next = ctx;

    snprintf(want, sizeof(want), LINE, *next);

    if (len != SIZE - 1 || memcmp(line, want, len) != 0) {
        *next = -1000000;
    }

    (*next)++;

    return JOURNEY_OK;
}


static FILE  *file;


/* What can be had of the bytes; -1 when the lines are not those that were
 * counted. */

static int
salvage(const u_char *p, size_t len, journey_salvage_e *state, int first,
    const char *before)
{
    int                rc, next;
    journey_salvage_t  s;

    memset(&s, 0, sizeof(journey_salvage_t));

    rewind(file);
    (void) !ftruncate(fileno(file), 0);
    (void) fwrite("1234567", 1, 7, file);
    (void) fwrite(p, 1, len, file);
    (void) fflush(file);

    s.fd = fileno(file);
    s.offset = 7;
    s.len = len;
    s.before.data = (u_char *) before;
    s.before.len = (before == NULL) ? 0 : strlen(before);

    next = first;

    if (journey_salvage_judge(&s) != JOURNEY_OK
        || (*state = s.state, 0)
        || journey_salvage_lines(&s, salvaged_line, &next) != JOURNEY_OK
        || next != first + (int) s.nlines)
    {
        rc = -1;

    } else {
        rc = (int) s.nlines;
    }

    journey_salvage_free(&s);

    return rc;
}


static void
test_salvage(journey_deflater_t *deflater)
{
    int                n, most, wrong;
    size_t             i, len;
    u_char            *text, *copy;
    journey_str_t      member;
    journey_salvage_e  state;

    text = malloc(1000 * SIZE + 1);
    len = make_lines(text, 0, 1000);

    (void) journey_deflate(deflater, text, len, &member);
    copy = malloc(member.len + 70000);
    memcpy(copy, member.data, member.len);

    is_int(salvage(copy, member.len, &state, 0, NULL), 1000, "a whole member");
    is_int(state, JOURNEY_SALVAGE_WHOLE, "it is whole");

    wrong = 0;
    most = 0;

    for (i = 0; i < member.len; i += 13) {
        n = salvage(copy, i, &state, 0, NULL);
        wrong += (n < most || n > 1000 || state != JOURNEY_SALVAGE_CUT);
        most = n;
    }

    is_int(wrong, 0, "cut anywhere: the more is there, the more is saved");
    ok(most > 900, "nearly all in the end");
    is_int(salvage(copy, member.len - 1, &state, 0, NULL), 1000,
           "all but a byte of the sum");

    /* a hole of NULs is no data, be it in the midst of a piece or at its end */

    memset(copy + member.len, 0, 70000);
    i = member.len / 2;
    most = salvage(copy, i, &state, 0, NULL);
    memset(copy + i, 0, member.len - i);
    is_int(salvage(copy, member.len + 70000, &state, 0, NULL), most,
           "a tail of NULs");
    is_int(state, JOURNEY_SALVAGE_CUT, "is a cut");
    is_int(salvage(copy + i, 70000, &state, 0, NULL), 0, "only NULs");
    memcpy(copy, member.data, member.len);

    /* other bytes instead: they may inflate to lines that parse */

    wrong = 0;

    for (n = 0; n < 256; n++) {
        memset(copy + i, n, member.len - i);
        wrong += (salvage(copy, member.len, &state, 0, NULL)
                  != (n == 0 ? most : 0));
    }

    is_int(wrong, 0, "one byte for ever: only NULs are a cut");

    wrong = 0;

    for (n = 1; n < 500; n++) {
        srand(n);

        for (len = i; len < member.len; len++) {
            copy[len] = (u_char) (rand() >> 8);
        }

        wrong += (salvage(copy, member.len, &state, 0, NULL) != 0);
        wrong += (state != JOURNEY_SALVAGE_CHANGED);
    }

    is_int(wrong, 0, "garbage: no line is to be trusted");

    len = 1000 * SIZE;
    memcpy(copy, member.data, member.len);

    /* a sum that does not fit */

    copy[member.len - 8] ^= 1;
    is_int(salvage(copy, member.len, &state, 0, NULL), 0,
           "a wrong sum: no line is to be trusted");
    is_int(state, JOURNEY_SALVAGE_CHANGED, "bytes have changed");
    copy[member.len - 8] ^= 1;
    copy[member.len - 1] ^= 1;
    is_int(salvage(copy, member.len, &state, 0, NULL), 0, "a wrong length");

    /* a broken line, in a cut member and in one with a wrong sum */

    memcpy(text + 10 * SIZE, "broken", 6);
    (void) journey_deflate(deflater, text, len, &member);
    memcpy(copy, member.data, member.len);
    is_int(salvage(copy, member.len - 20, &state, 0, NULL), 10,
           "cut, and a broken line: those before it");

    /* text that goes over from the member before */

    (void) make_lines(text, 0, 1000);
    (void) journey_deflate(deflater, text + 20, 50 * SIZE - 20, &member);
    is_int(salvage(member.data, member.len, &state, 0,
                   "{\"t\":1795321780000,\""), 50, "a line in two members");
    is_int(salvage(member.data, member.len, &state, 1, NULL), 49,
           "without its begin it is none");

    free(text);
    free(copy);
}


int
main(void)
{
    journey_deflater_t  *deflater;

    file = tmpfile();
    deflater = journey_deflater_create();

    if (file == NULL || deflater == NULL) {
        printf("Bail out!  no file or no memory\n");
        return 1;
    }

    test_lines();
    test_pieces(deflater);
    test_salvage(deflater);

    journey_deflater_destroy(deflater);
    (void) fclose(file);

    return done();
}
