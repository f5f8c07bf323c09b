
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_check_lines.h"
#include "journey_record.h"

#include <stdlib.h>


static int
journey_check_room(u_char **buf, size_t *size, size_t need)
{
    u_char  *p;

    if (need <= *size) {
        return JOURNEY_OK;
    }

    need += need / 2 + 1024;

    p = realloc(*buf, need);
    if (p == NULL) {
        return JOURNEY_ERROR;
    }

    *buf = p;
    *size = need;

    return JOURNEY_OK;
}


int
journey_check_line(journey_check_lines_t *lines, const u_char *line,
    size_t len, journey_error_t *err)
{
    journey_record_t  rec;

    if (len == 0 || (len == 1 && line[0] == '\r')) {
        return JOURNEY_DECLINED;
    }

    if (journey_check_room(&lines->buf, &lines->buf_size, len) != JOURNEY_OK) {
        err->text[0] = '\0';
        return JOURNEY_ERROR;
    }

    return journey_record_read(&rec, line, len, lines->buf, err);
}


static int
journey_check_hand(journey_check_lines_t *lines, const u_char *line,
    size_t len)
{
    int              rc;
    journey_error_t  err;

    lines->nlines++;

    rc = journey_check_line(lines, line, len, &err);

    if (rc == JOURNEY_DECLINED) {
        return JOURNEY_OK;
    }

    if (rc != JOURNEY_OK && err.text[0] == '\0') {
        return JOURNEY_ERROR;
    }

    return lines->handler(lines->ctx, line, len,
                          rc == JOURNEY_OK ? NULL : &err);
}


/* More of a line; what is too long is broken, and its rest is no line. */

static int
journey_check_part(journey_check_lines_t *lines, const u_char *data,
    size_t len)
{
    journey_error_t  err;

    if (lines->overlong) {
        return JOURNEY_OK;
    }

    if (len > JOURNEY_CHECK_LINE_MAX - lines->len) {
        lines->overlong = 1;
        lines->nlines++;

        (void) journey_error(&err, "longer than %d bytes",
                             JOURNEY_CHECK_LINE_MAX);

        return lines->handler(lines->ctx, lines->part, lines->len, &err);
    }

    if (journey_check_room(&lines->part, &lines->size, lines->len + len)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    memcpy(lines->part + lines->len, data, len);
    lines->len += len;

    return JOURNEY_OK;
}


int
journey_check_lines_add(journey_check_lines_t *lines, const u_char *data,
    size_t len)
{
    int            rc;
    const u_char  *p, *end;

    if (len == 0) {
        return JOURNEY_OK;
    }

    end = data + len;

    for ( /* void */ ; data < end; data = p + 1) {
        p = memchr(data, '\n', end - data);

        if (p != NULL && !journey_check_lines_open(lines)) {
            rc = journey_check_hand(lines, data, p - data);

        } else if (p != NULL) {
            rc = journey_check_part(lines, data, p - data);

            if (rc == JOURNEY_OK) {
                rc = journey_check_lines_end(lines);
            }

        } else {
            return journey_check_part(lines, data, end - data);
        }

        if (rc != JOURNEY_OK) {
            return rc;
        }
    }

    return JOURNEY_OK;
}


int
journey_check_lines_end(journey_check_lines_t *lines)
{
    int  rc;

    rc = JOURNEY_OK;

    if (!lines->overlong && lines->len != 0) {
        rc = journey_check_hand(lines, lines->part, lines->len);
    }

    lines->overlong = 0;
    lines->len = 0;

    return rc;
}


void
journey_check_lines_reset(journey_check_lines_t *lines)
{
    lines->overlong = 0;
    lines->len = 0;
    lines->nlines = 0;
}


void
journey_check_lines_free(journey_check_lines_t *lines)
{
    free(lines->part);
    free(lines->buf);

    memset(lines, 0, sizeof(journey_check_lines_t));
}
