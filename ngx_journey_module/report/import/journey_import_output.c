
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_import_output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>


int
journey_import_output_open(journey_import_output_t *out, const char *path,
    journey_error_t *err)
{
    struct stat  st;

    memset(out, 0, sizeof(journey_import_output_t));

    /* a link that leads nowhere is there, too */

    if (path != NULL && lstat(path, &st) == 0) {
        (void) journey_error(err, "\"%s\" exists", path);
        return JOURNEY_DECLINED;
    }

    out->size = JOURNEY_REWRITE_MEMBER;
    out->buf = malloc(out->size);

    if (out->buf == NULL) {
        return journey_error(err, "not enough memory");
    }

    if (path == NULL) {
        return JOURNEY_OK;
    }

    out->path = path;

    if (journey_rewrite_open(&out->rw, path, err) != JOURNEY_OK) {
        free(out->buf);
        return JOURNEY_ERROR;
    }

    out->rw.fresh = 1;
    out->file = 1;

    return JOURNEY_OK;
}


static void
journey_import_output_flush(journey_import_output_t *out)
{
    if (out->len == 0 || out->failed) {
        return;
    }

    if (out->file) {
        out->failed = (journey_rewrite_lines(&out->rw, out->buf, out->len)
                       != JOURNEY_OK);

    } else {
        out->failed = (fwrite(out->buf, 1, out->len, stdout) != out->len);
    }

    out->len = 0;
}


int
journey_import_output_put(journey_import_output_t *out,
    const journey_record_t *rec)
{
    size_t   size;
    u_char  *buf;

    size = journey_record_size(rec);

    if (size > out->size - out->len) {
        journey_import_output_flush(out);
    }

    if (size > out->size && !out->failed) {
        buf = realloc(out->buf, size);

        if (buf == NULL) {
            out->rw.error = ENOMEM;
            out->failed = 1;

        } else {
            out->buf = buf;
            out->size = size;
        }
    }

    if (out->failed) {
        return JOURNEY_ERROR;
    }

    out->len = journey_record_write(out->buf + out->len, rec) - out->buf;
    out->events++;

    return JOURNEY_OK;
}


int
journey_import_output_lines(journey_import_output_t *out, const u_char *lines,
    size_t len, uint64_t events)
{
    if (len > out->size - out->len) {
        journey_import_output_flush(out);
    }

    if (out->failed) {
        return JOURNEY_ERROR;
    }

    if (len > out->size) {

        /* more than one member: past the buffer */

        out->failed = out->file
                      ? (journey_rewrite_lines(&out->rw, lines, len)
                         != JOURNEY_OK)
                      : (fwrite(lines, 1, len, stdout) != len);

    } else {
        memcpy(out->buf + out->len, lines, len);
        out->len += len;
    }

    out->events += events;

    return out->failed ? JOURNEY_ERROR : JOURNEY_OK;
}


int
journey_import_output_close(journey_import_output_t *out,
    journey_error_t *err)
{
    journey_error_t  wrong;

    journey_import_output_flush(out);

    free(out->buf);
    out->buf = NULL;

    if (out->file) {
        return journey_rewrite_commit(&out->rw, NULL, &wrong) == JOURNEY_OK
               ? JOURNEY_OK
               : journey_error(err, "\"%s\": %s", out->path, wrong.text);
    }

    if (fflush(stdout) != 0) {
        out->failed = 1;
    }

    return out->rw.error ? journey_error(err, "not enough memory")
                         : JOURNEY_OK;
}


void
journey_import_output_abort(journey_import_output_t *out)
{
    free(out->buf);
    out->buf = NULL;

    if (out->file) {
        journey_rewrite_abort(&out->rw);
    }
}
