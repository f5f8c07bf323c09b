
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_import_file.h"
#include "journey_gzip.h"

#include <stdlib.h>
#include <sys/stat.h>


#define JOURNEY_IMPORT_TEXT  (JOURNEY_IMPORT_LINE_MAX + 64 * 1024)


static const char  journey_import_no_memory[] = "not enough memory";


/* Zeros behind the last member are padding, of a tape for instance. */

static int
journey_import_file_padding(journey_import_file_t *file)
{
    size_t             n, i;
    journey_window_t  *w;

    w = &file->window;

    while ((n = journey_window_fill(w, 1)) > 0) {

        for (i = 0; i < n; i++) {
            if (w->pos[i] != 0) {
                return 0;
            }
        }

        journey_window_skip(w, n);
    }

    return 1;
}


/* At the begin of a member, or of a file: NULL, or what is wrong. */

static const char *
journey_import_file_begin(journey_import_file_t *file)
{
    int        rc;
    size_t     n;
    uint32_t   member;

    n = journey_window_fill(&file->window, 3);

    if (n == 0) {
        return NULL;
    }

    rc = (n < 3) ? JOURNEY_DECLINED
                 : journey_gzip_header(file->window.pos, 3, &member);

    if (!file->began) {
        file->began = 1;
        file->gzip = (rc != JOURNEY_DECLINED);

    } else if (rc == JOURNEY_DECLINED) {
        return journey_import_file_padding(file)
               ? NULL : "something that is not gzip follows";
    }

    if (!file->gzip) {
        return NULL;
    }

    if (!file->inflating) {
        if (inflateInit2(&file->stream, 15 + 16) != Z_OK) {
            return journey_import_no_memory;
        }

        file->inflating = 1;

    } else if (inflateReset(&file->stream) != Z_OK) {
        return journey_import_no_memory;
    }

    file->member = 1;

    return NULL;
}


/* Some more text behind last, where there is room: NULL, or what is wrong. */

static const char *
journey_import_file_inflate(journey_import_file_t *file, size_t room)
{
    int                rc;
    size_t             n;
    z_stream          *z;
    journey_window_t  *w;

    w = &file->window;
    z = &file->stream;

    n = journey_window_fill(w, 1);

    if (n == 0) {
        return "it is cut";
    }

    z->next_in = w->pos;
    z->avail_in = (uInt) n;
    z->next_out = file->last;
    z->avail_out = (uInt) room;

    rc = inflate(z, Z_NO_FLUSH);

    journey_window_skip(w, n - z->avail_in);
    file->last = z->next_out;

    if (rc == Z_STREAM_END) {
        file->member = 0;
        return NULL;
    }

    /* no progress is possible only without input, which is read above */

    return rc == Z_OK ? NULL : rc == Z_MEM_ERROR ? journey_import_no_memory
                                                 : "its data are damaged";
}


/* Reads on until there is more text or no more. */

static void
journey_import_file_fill(journey_import_file_t *file)
{
    size_t       room, n;
    u_char      *before;
    const char  *wrong;

    before = file->last;
    wrong = NULL;

    while (file->last == before && !file->ended) {

        room = file->text + JOURNEY_IMPORT_TEXT - file->last;

        if (!file->began || (file->gzip && !file->member)) {
            wrong = journey_import_file_begin(file);
        }

        n = journey_window_fill(&file->window, 1);

        if (wrong == NULL && file->member) {
            wrong = journey_import_file_inflate(file, room);

        } else if (n == 0) {
            file->ended = 1;

        } else if (wrong == NULL && !file->gzip) {
            n = journey_min(n, room);

            memcpy(file->last, file->window.pos, n);
            file->last += n;

            journey_window_skip(&file->window, n);
        }

        if (file->window.error) {
            wrong = strerror(file->window.error);

        } else if (file->window.no_memory) {
            wrong = journey_import_no_memory;
        }

        if (wrong != NULL) {
            file->wrong = wrong;
            file->ended = 1;

            /* a line that was cut with it is none */

            while (file->last > file->pos && file->last[-1] != '\n') {
                file->last--;
            }
        }
    }
}


int
journey_import_file_line(journey_import_file_t *file, journey_str_t *line)
{
    size_t   have, skipped;
    u_char  *end;

    skipped = 0;
    end = NULL;

    for ( ;; ) {
        have = file->last - file->pos;

        if (have > 0) {
            end = memchr(file->pos, '\n', have);

            if (end != NULL || file->ended) {
                break;
            }
        }

        if (file->ended) {

            if (skipped == 0) {
                return JOURNEY_DECLINED;
            }

            /* the end of a long line without a newline */

            break;
        }

        if (have > JOURNEY_IMPORT_LINE_MAX) {

            /* it is passed over in pieces */

            skipped += have;
            file->pos = file->text;
            file->last = file->text;

        } else if (file->pos != file->text) {
            memmove(file->text, file->pos, have);
            file->pos = file->text;
            file->last = file->text + have;
        }

        journey_import_file_fill(file);
    }

    file->number++;

    line->data = file->pos;
    line->len = (end == NULL ? file->last : end) - file->pos;

    file->pos = (end == NULL) ? file->last : end + 1;

    if (skipped > 0) {
        line->len = JOURNEY_IMPORT_LINE_MAX + 1;
    }

    return JOURNEY_OK;
}


static int
journey_import_file_start(journey_import_file_t *file)
{
    struct stat  st;

    if (journey_window_open(&file->window, file->name) != JOURNEY_OK) {
        file->wrong = strerror(file->window.error);
        return JOURNEY_ERROR;
    }

    file->opened = 1;

    file->text = malloc(JOURNEY_IMPORT_TEXT);

    if (file->text == NULL) {
        file->wrong = journey_import_no_memory;
        journey_import_file_close(file);
        return JOURNEY_ERROR;
    }

    file->pos = file->text;
    file->last = file->text;
    file->pipe = !file->window.regular || strcmp(file->name, "-") == 0;

    if (file->window.regular && fstat(file->window.fd, &st) == 0
        && (uint64_t) st.st_size > file->window.start)
    {
        file->size = (uint64_t) st.st_size - file->window.start;
    }

    return JOURNEY_OK;
}


void
journey_import_file_close(journey_import_file_t *file)
{
    if (!file->opened) {
        return;
    }

    if (file->inflating) {
        (void) inflateEnd(&file->stream);
    }

    journey_window_close(&file->window);
    free(file->text);

    file->text = NULL;
    file->inflating = 0;
    file->opened = 0;
    file->began = 0;
    file->gzip = 0;
    file->member = 0;
    file->ended = 0;
    file->number = 0;
}


/* What the buffer holds of the file is enough to tell. */

static void
journey_import_file_first(journey_import_file_t *file)
{
    u_char                   *p, *end;
    journey_import_line_t     line;
    journey_import_minute_t   minute;

    memset(&minute, 0, sizeof(journey_import_minute_t));

    journey_import_file_fill(file);

    for (p = file->pos; p < file->last; p = end + 1) {
        end = memchr(p, '\n', file->last - p);
        end = (end == NULL) ? file->last : end;

        if (journey_import_line_read(&line, p, end - p, &minute) == NULL) {
            file->first = line.time;
            return;
        }
    }
}


int
journey_import_file_look(journey_import_file_t *file, const char *name,
    journey_error_t *err)
{
    memset(file, 0, sizeof(journey_import_file_t));

    file->name = name;

    if (journey_import_file_start(file) != JOURNEY_OK) {
        return journey_error(err, "%s", file->wrong);
    }

    journey_import_file_first(file);

    if (!file->pipe) {

        /* of what is wrong is told when it is read */

        file->wrong = NULL;
        journey_import_file_close(file);
    }

    return JOURNEY_OK;
}


int
journey_import_file_open(journey_import_file_t *file)
{
    return file->opened ? JOURNEY_OK : journey_import_file_start(file);
}
