
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* fopencookie() */

#include "journey_stream.h"

#include <stdlib.h>


/* 0 is an error of the stream. */

static ssize_t
journey_stream_write(void *ctx, const char *data, size_t len)
{
    char              *text;
    size_t             size;
    journey_stream_t  *stream;

    stream = ctx;

    if (stream->no_memory) {
        return 0;
    }

    if (len >= stream->size - stream->len) {
        size = 2 * stream->size + len + 1;

        text = realloc(stream->text, size);
        if (text == NULL) {
            stream->no_memory = 1;
            return 0;
        }

        stream->text = text;
        stream->size = size;
    }

    memcpy(stream->text + stream->len, data, len);
    stream->len += len;

    return (ssize_t) len;
}


int
journey_stream_open(journey_stream_t *stream)
{
    static const cookie_io_functions_t  functions = {
        .write = journey_stream_write
    };

    memset(stream, 0, sizeof(journey_stream_t));

    stream->size = 4096;

    stream->text = malloc(stream->size);
    if (stream->text == NULL) {
        return JOURNEY_ERROR;
    }

    stream->file = fopencookie(stream, "w", functions);

    if (stream->file == NULL) {
        free(stream->text);
        stream->text = NULL;
        return JOURNEY_ERROR;
    }

    return JOURNEY_OK;
}


int
journey_stream_close(journey_stream_t *stream)
{
    int  failed;

    failed = ferror(stream->file);

    if (fclose(stream->file) != 0 || failed || stream->no_memory) {
        free(stream->text);
        stream->text = NULL;
        return JOURNEY_ERROR;
    }

    stream->text[stream->len] = '\0';

    return JOURNEY_OK;
}
