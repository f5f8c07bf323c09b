
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* memrchr() */

#include "journey_csv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>


#define JOURNEY_CSV_BUF    (4 * JOURNEY_CSV_RECORD)
#define JOURNEY_CSV_AGAIN  -2           /* more bytes are needed */


/* How reading a record went on. */

typedef struct {
    const u_char     *p;
    const u_char     *end;
    unsigned          eof;              /* nothing comes behind end */
    uint64_t          escaped;          /* fields with quotes in them, a bit
                                           each */
    journey_error_t  *err;
} journey_csv_scan_t;


int
journey_csv_open(journey_csv_t *csv, const char *name)
{
    int  fd;

    memset(csv, 0, sizeof(journey_csv_t));

    csv->next = 1;

    csv->buf = malloc(JOURNEY_CSV_BUF);
    if (csv->buf == NULL) {
        snprintf(csv->wrong, sizeof(csv->wrong), "not enough memory");
        return JOURNEY_ERROR;
    }

    fd = (strcmp(name, "-") == 0) ? dup(STDIN_FILENO)
                                  : open(name, O_RDONLY|O_CLOEXEC);
    if (fd == -1) {
        snprintf(csv->wrong, sizeof(csv->wrong), "%s", strerror(errno));
        return JOURNEY_ERROR;
    }

    csv->file = gzdopen(fd, "rb");
    if (csv->file == NULL) {
        (void) close(fd);
        snprintf(csv->wrong, sizeof(csv->wrong), "not enough memory");
        return JOURNEY_ERROR;
    }

    (void) gzbuffer(csv->file, JOURNEY_CSV_RECORD);

    return JOURNEY_OK;
}


void
journey_csv_close(journey_csv_t *csv)
{
    if (csv->file != NULL) {
        (void) gzclose(csv->file);
    }

    free(csv->buf);

    csv->file = NULL;
    csv->buf = NULL;
}


/* The first bytes of a file. */

static void
journey_csv_begin(journey_csv_t *csv)
{
    csv->began = 1;

    if (csv->end >= 3 && memcmp(csv->buf, "\xef\xbb\xbf", 3) == 0) {
        csv->pos = 3;

    } else if (csv->end >= 2 && (memcmp(csv->buf, "\xff\xfe", 2) == 0
                                 || memcmp(csv->buf, "\xfe\xff", 2) == 0))
    {
        snprintf(csv->wrong, sizeof(csv->wrong),
                 "it is UTF-16, and UTF-8 is understood");
        csv->pos = csv->end;
        csv->eof = 1;
    }
}


/* What was read before the file broke off is good up to its last line. */

static void
journey_csv_broken(journey_csv_t *csv, int n)
{
    int            failed;
    const char    *why;
    const u_char  *p;

    failed = Z_OK;
    why = gzerror(csv->file, &failed);

    if (n == 0 && failed != Z_BUF_ERROR) {
        return;
    }

    snprintf(csv->wrong, sizeof(csv->wrong), "%s",
             failed == Z_ERRNO ? strerror(errno)
             : failed == Z_BUF_ERROR ? "the gzip member is cut" : why);

    p = memrchr(csv->buf, '\n', csv->end);
    csv->end = (p == NULL) ? 0 : (size_t) (p + 1 - csv->buf);
}


/* As many bytes as there is room for. */

static void
journey_csv_fill(journey_csv_t *csv)
{
    int  n;

    csv->end -= csv->pos;
    memmove(csv->buf, csv->buf + csv->pos, csv->end);
    csv->pos = 0;

    while (csv->end < JOURNEY_CSV_BUF && !csv->eof) {
        n = gzread(csv->file, csv->buf + csv->end,
                   (unsigned) (JOURNEY_CSV_BUF - csv->end));

        if (n > 0) {
            csv->end += (size_t) n;
            continue;
        }

        csv->eof = 1;
        journey_csv_broken(csv, n);
    }

    if (!csv->began) {
        journey_csv_begin(csv);
    }
}


/* Behind a field: JOURNEY_OK when the next one follows, JOURNEY_DECLINED at
 * the record's end. */

static int
journey_csv_behind(journey_csv_scan_t *scan)
{
    if (scan->p == scan->end) {
        return scan->eof ? JOURNEY_DECLINED : JOURNEY_CSV_AGAIN;
    }

    if (*scan->p == ',') {
        scan->p++;
        return JOURNEY_OK;
    }

    if (*scan->p == '\r') {

        if (scan->end - scan->p == 1) {
            scan->p += scan->eof;
            return scan->eof ? JOURNEY_DECLINED : JOURNEY_CSV_AGAIN;
        }

        scan->p += (scan->p[1] == '\n');
    }

    if (*scan->p == '\n') {
        scan->p++;
        return JOURNEY_DECLINED;
    }

    return journey_error(scan->err, "something stands behind the quote that "
                         "closes a field");
}


static int
journey_csv_quoted(journey_csv_scan_t *scan, journey_str_t *field,
    unsigned number)
{
    const u_char  *quote;

    scan->p++;
    field->data = (u_char *) scan->p;

    for ( ;; ) {
        quote = memchr(scan->p, '"', (size_t) (scan->end - scan->p));

        if (quote == NULL) {
            return scan->eof ? journey_error(scan->err,
                                             "a quote is not closed")
                             : JOURNEY_CSV_AGAIN;
        }

        if (quote + 1 == scan->end && !scan->eof) {
            return JOURNEY_CSV_AGAIN;
        }

        scan->p = quote + 1;

        if (scan->p == scan->end || *scan->p != '"') {
            field->len = (size_t) (quote - field->data);
            return journey_csv_behind(scan);
        }

        scan->escaped |= 1ULL << number;
        scan->p++;
    }
}


static int
journey_csv_plain(journey_csv_scan_t *scan, journey_str_t *field)
{
    const u_char  *p;

    field->data = (u_char *) scan->p;

    for (p = scan->p; p < scan->end; p++) {
        if (*p == ',' || *p == '\n' || *p == '"') {
            break;
        }
    }

    field->len = (size_t) (p - scan->p);
    scan->p = p;

    if (p < scan->end && *p == '"') {
        return journey_error(scan->err, "a quote stands in a field that does "
                             "not begin with one");
    }

    if (p == scan->end && !scan->eof) {
        return JOURNEY_CSV_AGAIN;
    }

    /* CR LF */

    if ((p == scan->end || *p == '\n')
        && field->len > 0 && p[-1] == '\r')
    {
        field->len--;
    }

    return journey_csv_behind(scan);
}


/* The fields of the record at pos.  JOURNEY_OK, and *len is its length. */

static int
journey_csv_scan(journey_csv_t *csv, journey_csv_scan_t *scan)
{
    int             rc;
    journey_str_t  *field;

    scan->p = csv->buf + csv->pos;
    scan->end = csv->buf + csv->end;
    scan->eof = csv->eof;
    scan->escaped = 0;

    csv->nfields = 0;

    do {
        if (csv->nfields == JOURNEY_CSV_FIELDS) {
            return journey_error(scan->err, "more than %d fields",
                                 JOURNEY_CSV_FIELDS);
        }

        field = &csv->fields[csv->nfields];

        rc = (scan->p < scan->end && *scan->p == '"')
             ? journey_csv_quoted(scan, field, csv->nfields)
             : journey_csv_plain(scan, field);

        csv->nfields++;

    } while (rc == JOURNEY_OK);

    return rc == JOURNEY_DECLINED ? JOURNEY_OK : rc;
}


/* Two quotes are one; only now, for a record may be read once more. */

static void
journey_csv_unescape(journey_str_t *field)
{
    size_t   i;
    u_char  *p;

    for (i = 0, p = field->data; i < field->len; i++) {
        *p++ = field->data[i];
        i += (field->data[i] == '"');
    }

    field->len = (size_t) (p - field->data);
}


/* Goes behind the line; JOURNEY_DECLINED when its end is not there yet. */

static int
journey_csv_skip(journey_csv_t *csv)
{
    const u_char  *p;

    p = memchr(csv->buf + csv->pos, '\n', csv->end - csv->pos);

    if (p == NULL) {
        csv->pos = csv->end;
        csv->skipping = !csv->eof;
        return csv->eof ? JOURNEY_OK : JOURNEY_DECLINED;
    }

    csv->pos = (size_t) (p + 1 - csv->buf);
    csv->skipping = 0;
    csv->next++;

    return JOURNEY_OK;
}


/* Takes the record that was read. */

static void
journey_csv_take(journey_csv_t *csv, const journey_csv_scan_t *scan)
{
    unsigned       i;
    const u_char  *p;

    csv->line = csv->next;

    for (p = csv->buf + csv->pos;
         (p = memchr(p, '\n', (size_t) (scan->p - p))) != NULL;
         p++)
    {
        csv->next++;
    }

    csv->pos = (size_t) (scan->p - csv->buf);

    for (i = 0; i < csv->nfields && scan->escaped != 0; i++) {
        if (scan->escaped >> i & 1) {
            journey_csv_unescape(&csv->fields[i]);
        }
    }
}


int
journey_csv_next(journey_csv_t *csv, journey_error_t *err)
{
    int                 rc;
    journey_csv_scan_t  scan;

    scan.err = err;

    for ( ;; ) {

        if (csv->skipping) {
            journey_csv_fill(csv);
            (void) journey_csv_skip(csv);
            continue;
        }

        if (csv->pos == csv->end) {

            if (csv->eof) {
                return JOURNEY_DECLINED;
            }

            journey_csv_fill(csv);
            continue;
        }

        rc = journey_csv_scan(csv, &scan);

        if (rc == JOURNEY_CSV_AGAIN
            && csv->end - csv->pos <= JOURNEY_CSV_RECORD)
        {
            journey_csv_fill(csv);
            continue;
        }

        if (rc == JOURNEY_CSV_AGAIN
            || (rc == JOURNEY_OK
                && scan.p - (csv->buf + csv->pos) > JOURNEY_CSV_RECORD))
        {
            rc = journey_error(err, "a record of more than %d bytes; is a "
                               "quote not closed?", JOURNEY_CSV_RECORD);
        }

        if (rc != JOURNEY_OK) {
            csv->line = csv->next;
            (void) journey_csv_skip(csv);
            return JOURNEY_ERROR;
        }

        journey_csv_take(csv, &scan);

        if (csv->nfields > 1 || csv->fields[0].len > 0) {
            return JOURNEY_OK;
        }
    }
}
