
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_records.h"
#include "journey_messages.h"

#include <stdlib.h>


int
journey_records_read(journey_records_t *records, journey_job_t *job,
    const journey_str_t *text, journey_record_pt handler, void *ctx)
{
    size_t             len;
    u_char            *buf;
    const u_char      *p, *end, *line;
    journey_error_t    err;
    journey_record_t   rec;

    if (text->len > records->size) {
        buf = realloc(records->buf, text->len);
        if (buf == NULL) {
            return JOURNEY_ERROR;
        }

        records->buf = buf;
        records->size = text->len;
    }

    end = text->data + text->len;

    for (line = text->data; line < end; line = p + 1) {

        p = memchr(line, '\n', end - line);

        if (p == NULL) {
            p = end;
        }

        len = p - line;
        job->nlines++;

        if (len == 0 || (len == 1 && line[0] == '\r')) {
            continue;
        }

        if (journey_record_read(&rec, line, len, records->buf, &err)
            != JOURNEY_OK)
        {
            journey_job_complain(job, &err);
            continue;
        }

        if (handler(ctx, &rec) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


void
journey_records_free(journey_records_t *records)
{
    journey_inflater_destroy(records->inflater);
    free(records->buf);
}
