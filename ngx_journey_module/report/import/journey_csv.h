
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Reading CSV (RFC 4180), record by record: lines may end in CR LF or LF,
 * quoted fields hold commas, quotes and line ends, a byte order mark of UTF-8
 * is passed over.  Files may be gzip, by content.
 */


#ifndef JOURNEY_CSV_H
#define JOURNEY_CSV_H


#include "journey_core.h"


#define JOURNEY_CSV_FIELDS  64          /* of a record */
#define JOURNEY_CSV_RECORD  65536       /* bytes of a record, at most */


typedef struct {
    void           *file;               /* zlib's */
    u_char         *buf;
    size_t          pos;
    size_t          end;
    unsigned        eof:1;
    unsigned        began:1;            /* something was read */
    unsigned        skipping:1;         /* to the end of a line */
    uint64_t        next;               /* line at pos, from 1 */

    /* the record */

    uint64_t        line;               /* on which it begins */
    journey_str_t   fields[JOURNEY_CSV_FIELDS];
    unsigned        nfields;

    char            wrong[128];         /* why the file cannot be read on;
                                           empty: it can */
} journey_csv_t;


/* "-" is standard input.  JOURNEY_ERROR with csv->wrong; to be closed in any
 * case. */
int journey_csv_open(journey_csv_t *csv, const char *name);
void journey_csv_close(journey_csv_t *csv);

/*
 * The next record; empty lines are passed over.  Its fields live until the
 * next call.  JOURNEY_ERROR with a message when it is none: the next call goes
 * on with the line behind the one on which it began, so that a quote that
 * nobody closes costs one line.  JOURNEY_DECLINED at the end, and when
 * csv->wrong tells that the file cannot be read on.
 */
int journey_csv_next(journey_csv_t *csv, journey_error_t *err);


#endif /* JOURNEY_CSV_H */
