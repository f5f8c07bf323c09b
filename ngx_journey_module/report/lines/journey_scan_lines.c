
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Lines of a journey log in memory, judged one by one.
 */


#include "journey_scan.h"

#include <stdlib.h>


void
journey_tally_init(journey_tally_t *tally)
{
    memset(tally, 0, sizeof(journey_tally_t));
    tally->oldest = UINT64_MAX;
}


void
journey_tally_add(journey_tally_t *tally, const journey_tally_t *more)
{
    tally->wanted += more->wanted;
    tally->kept += more->kept;
    tally->bad += more->bad;
    tally->bad_wanted += more->bad_wanted;
    tally->oldest = journey_min(tally->oldest, more->oldest);
    tally->newest = journey_max(tally->newest, more->newest);
}


/* The next line from pos on, without its newline; 0 at the end. */

static int
journey_lines_next(const journey_str_t *text, size_t *pos,
    journey_str_t *line)
{
    u_char  *p;

    if (*pos >= text->len) {
        return 0;
    }

    line->data = text->data + *pos;

    p = memchr(line->data, '\n', text->len - *pos);

    line->len = (p == NULL) ? text->len - *pos : (size_t) (p - line->data);
    *pos += line->len + (p != NULL);

    return 1;
}


static int
journey_lines_empty(const journey_str_t *line)
{
    return line->len == 0 || (line->len == 1 && line->data[0] == '\r');
}


static int
journey_lines_keep(journey_lines_t *lines, const journey_str_t *line,
    unsigned bad)
{
    size_t            size;
    journey_found_t  *found;

    if (lines->nfound == lines->found_size) {
        size = lines->found_size ? 2 * lines->found_size : 16;

        found = realloc(lines->found, size * sizeof(journey_found_t));
        if (found == NULL) {
            return JOURNEY_ERROR;
        }

        lines->found = found;
        lines->found_size = size;
    }

    found = &lines->found[lines->nfound];

    found->bad = bad;
    found->line.len = line->len;
    found->line.data = malloc(line->len);

    if (found->line.data == NULL) {
        return JOURNEY_ERROR;
    }

    memcpy(found->line.data, line->data, line->len);
    lines->nfound++;

    return JOURNEY_OK;
}


/* What is decided about the first line from pos on that can be read; it is
 * the neighbour of those before it. */

static int
journey_lines_near(journey_lines_t *lines, const journey_judge_t *judge,
    unsigned thread, const journey_str_t *text, size_t pos)
{
    journey_str_t     line;
    journey_record_t  rec;

    while (journey_lines_next(text, &pos, &line)) {

        if (!journey_lines_empty(&line)
            && journey_record_read(&rec, line.data, line.len, lines->buf, NULL)
               == JOURNEY_OK)
        {
            return judge->line(judge->ctx, thread, &rec, &line, -1);
        }
    }

    return -1;
}


int
journey_lines_judge(journey_lines_t *lines, const journey_judge_t *judge,
    unsigned thread, journey_str_t *text, unsigned keep,
    journey_tally_t *tally, size_t *left)
{
    int               near, wanted;
    size_t            pos, start;
    u_char           *buf, *out;
    unsigned          bad, looked;
    journey_str_t     line;
    journey_record_t  rec;

    if (text->len > lines->size) {
        buf = realloc(lines->buf, text->len);
        if (buf == NULL) {
            return JOURNEY_ERROR;
        }

        lines->buf = buf;
        lines->size = text->len;
    }

    pos = 0;
    start = 0;
    out = text->data;
    near = -1;
    looked = 0;

    for ( /* void */ ; journey_lines_next(text, &pos, &line); start = pos) {

        wanted = 0;

        if (!journey_lines_empty(&line)) {
            bad = (journey_record_read(&rec, line.data, line.len, lines->buf,
                                       NULL)
                   != JOURNEY_OK);

            if (bad && near == -1 && !looked) {
                near = journey_lines_near(lines, judge, thread, text, pos);
                looked = 1;
            }

            wanted = judge->line(judge->ctx, thread, bad ? NULL : &rec, &line,
                                 near);

            if (wanted) {
                tally->wanted++;
                tally->bad_wanted += bad;

                if (keep && journey_lines_keep(lines, &line, bad)
                            != JOURNEY_OK)
                {
                    return JOURNEY_ERROR;
                }

            } else {
                tally->kept++;
                tally->bad += bad;
            }

            if (!bad) {
                near = wanted;
                tally->oldest = journey_min(tally->oldest, rec.time);
                tally->newest = journey_max(tally->newest, rec.time);
            }
        }

        if (left != NULL && !wanted) {
            memmove(out, text->data + start, pos - start);
            out += pos - start;
        }
    }

    if (left != NULL) {
        *left = out - text->data;
    }

    return JOURNEY_OK;
}


void
journey_lines_free(journey_lines_t *lines)
{
    size_t  i;

    for (i = 0; i < lines->nfound; i++) {
        free(lines->found[i].line.data);
    }

    free(lines->found);
    free(lines->buf);
}
