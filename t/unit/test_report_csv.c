
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Reading CSV: what is a record, what is none, and where reading goes on.
 */


#include "journey_csv.h"

#include "tap.h"

#include <unistd.h>
#include <zlib.h>


static char  name[] = "/tmp/journey_csv_XXXXXX";


static void
spew(const void *data, size_t len)
{
    FILE  *f;

    f = fopen(name, "wb");

    if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
        exit(2);
    }
}


/* What is read: "[line a|b]" for a record, "[line !]" for a bad one, "wrong"
 * at the end of a file that breaks off. */

static const char *
told(void)
{
    int               rc;
    char             *p;
    size_t            k;
    unsigned          i;
    journey_csv_t     csv;
    journey_error_t   err;

    static char       text[1 << 16];

    p = text;
    *p = '\0';

    if (journey_csv_open(&csv, name) != JOURNEY_OK) {
        journey_csv_close(&csv);
        return "not opened";
    }

    while ((rc = journey_csv_next(&csv, &err)) != JOURNEY_DECLINED) {
        p += sprintf(p, "[%d", (int) csv.line);

        if (rc != JOURNEY_OK) {
            p += sprintf(p, " !]");
            continue;
        }

        for (i = 0; i < csv.nfields; i++) {
            *p++ = i ? '|' : ' ';

            for (k = 0; k < csv.fields[i].len && k < 40; k++) {
                *p++ = (csv.fields[i].data[k] == '\n')
                       ? '/' : (char) csv.fields[i].data[k];
            }
        }

        p += sprintf(p, "]");
    }

    if (csv.wrong[0] != '\0') {
        (void) sprintf(p, "wrong");
    }

    journey_csv_close(&csv);

    return text;
}


static void
reads(const char *data, size_t len, const char *want, const char *what)
{
    journey_str_t  got;

    spew(data, len);

    got.data = (u_char *) told();
    got.len = strlen((char *) got.data);

    is_str(got, want, what);
}

#define READS(data, want, what)  reads(data, sizeof(data) - 1, want, what)


static void
records(void)
{
    READS("a,b\nc,d\n", "[1 a|b][2 c|d]", "records");
    READS("a,b\r\nc,d\r\n", "[1 a|b][2 c|d]", "CR LF");
    READS("a,b\nc,d", "[1 a|b][2 c|d]", "no line end at the end");
    READS("a,b\r\nc,d\r", "[1 a|b][2 c|d]", "half of one at the end");
    READS("a,b\nc,", "[1 a|b][2 c|]", "an empty field at the end");
    READS("a,b\n,\n", "[1 a|b][2 |]", "empty fields");
    READS("", "", "nothing");
    READS("\n\r\n\n", "", "empty lines");
    READS("\n\na\n\nb\n", "[3 a][5 b]", "between others");
    READS("a b , c\n", "[1 a b | c]", "blanks are part of a field");
    READS("a\rb,c\n", "[1 a\rb|c]", "a CR alone, too");
    READS("\xef\xbb\xbf" "a,b\n", "[1 a|b]", "a byte order mark");
    READS("\xef\xbb\xbf" "\"a\",b\n", "[1 a|b]", "before a quote");
    READS("\xef\xbb\xbf", "", "and nothing else");
    READS("a\n\xef\xbb\xbf" "b\n", "[1 a][2 \xef\xbb\xbf" "b]",
          "no mark in the midst");
    READS("\xff\xfe" "a\0,\0b\0\n\0", "wrong", "UTF-16");
    READS("\xfe\xff\0a", "wrong", "in the other order");
}


static void
quotes(void)
{
    READS("\"a,b\",c\n", "[1 a,b|c]", "a comma");
    READS("\"a\nb\",c\nd,e\n", "[1 a/b|c][3 d|e]", "a line end");
    READS("\"a\r\nb\"\r\nc\r\n", "[1 a\r/b][3 c]", "CR LF");
    READS("\"a\"\"b\"\n", "[1 a\"b]", "a quote");
    READS("\"\"\"\"\n", "[1 \"]", "and nothing else");
    READS("\"\"\"\"\"\",x\n", "[1 \"\"|x]", "two");
    READS("\"\",\"\"\n", "[1 |]", "nothing");
    READS("a,\"b\"", "[1 a|b]", "at the end of the file");
    READS("a,\"b\"\r", "[1 a|b]", "with half a line end");
    READS("a,\"b\"\"\"", "[1 a|b\"]", "two at the end of the file");
}


static void
faults(void)
{
    READS("a\"b,c\nd,e\n", "[1 !][2 d|e]", "a quote in the midst of a field");
    READS("a \"b\"\nd\n", "[1 !][2 d]", "behind a blank");
    READS("\"a\" ,b\nd\n", "[1 !][2 d]", "a blank behind a quote");
    READS("\"a\"b\nd\n", "[1 !][2 d]", "a letter behind a quote");
    READS("\"a\"\rb\nd\n", "[1 !][2 d]", "a CR behind a quote");
    READS("\"a,b\nc,d\ne,f\n", "[1 !][2 c|d][3 e|f]",
          "a quote that nobody closes costs one line");
    READS("\"a,b\nc,d\ne,\"f\"\n", "[1 !][2 c|d][3 e|f]",
          "nor does one that another field's seems to close");
    READS("a\n\"", "[1 a][2 !]", "a quote alone");
    READS("\"\"\"", "[1 !]", "three");
}


static void
sizes(void)
{
    int      i;
    char    *data, *p;
    gzFile   gz;

    data = malloc(1 << 20);

    if (data == NULL) {
        exit(2);
    }

    for (i = 0, p = data; i < JOURNEY_CSV_FIELDS; i++) {
        p += sprintf(p, "%s1", i ? "," : "");
    }

    p += sprintf(p, "\nx\n");
    spew(data, (size_t) (p - data));
    ok(strstr(told(), "1|1|1][2 x]") != NULL, "%d fields",
       JOURNEY_CSV_FIELDS);

    for (i = 0, p = data; i <= JOURNEY_CSV_FIELDS; i++) {
        p += sprintf(p, "%s1", i ? "," : "");
    }

    p += sprintf(p, "\nx\n");
    reads(data, (size_t) (p - data), "[1 !][2 x]", "one more");

    /* a record as long as one may be, and one more byte */

    memset(data, 'a', 1 << 20);
    data[JOURNEY_CSV_RECORD - 1] = '\n';
    memcpy(data + JOURNEY_CSV_RECORD, "x\n", 2);
    reads(data, JOURNEY_CSV_RECORD + 2,
          "[1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa][2 x]", "the longest");

    memset(data, 'a', 1 << 20);
    data[JOURNEY_CSV_RECORD] = '\n';
    memcpy(data + JOURNEY_CSV_RECORD + 1, "x\n", 2);
    reads(data, JOURNEY_CSV_RECORD + 3, "[1 !][2 x]", "a byte longer");

    /* more than the buffer holds */

    memset(data, 'a', 1 << 20);
    memcpy(data + (1 << 20) - 5, "\nx,y\n", 5);
    reads(data, 1 << 20, "[1 !][2 x|y]", "a line of a megabyte");

    memset(data, 'a', 1 << 20);
    reads(data, 1 << 20, "[1 !]", "without an end");

    memset(data, '\n', 200000);
    data[0] = '"';
    memcpy(data + 200000, "x\n", 2);
    reads(data, 200002, "[1 !][200000 x]", "an open quote, and many lines");

    /* records that lie across two readings */

    for (i = 0, p = data; p - data < (1 << 20) - 100; i++) {
        p += sprintf(p, "%d,\"a\"\"\n%d\"\r\n", i, i);
    }

    {
        int              n, good;
        char             want[64];
        journey_csv_t    csv;
        journey_error_t  err;

        spew(data, (size_t) (p - data));
        good = (journey_csv_open(&csv, name) == JOURNEY_OK);

        for (n = 0; good && journey_csv_next(&csv, &err) == JOURNEY_OK; n++) {
            i -= (snprintf(want, sizeof(want), "a\"\n%d", n)
                  == (int) csv.fields[1].len
                  && memcmp(want, csv.fields[1].data, csv.fields[1].len) == 0
                  && csv.line == (uint64_t) (2 * n + 1));
        }

        journey_csv_close(&csv);
        ok(i == 0, "%d records of two lines", n);
    }

    /* gzip, and gzip that is cut */

    gz = gzopen(name, "wb");
    (void) gzputs(gz, "a,b\nc,d\n");
    (void) gzclose(gz);
    is_str(((journey_str_t) { strlen(told()), (u_char *) told() }),
           "[1 a|b][2 c|d]", "gzip");

    for (i = 0, p = data; i < 20000; i++) {
        p += sprintf(p, "%d,%u\n", i, (unsigned) i * 2654435761u);
    }

    gz = gzopen(name, "wb");
    (void) gzwrite(gz, data, (unsigned) (p - data));
    (void) gzclose(gz);

    {
        journey_csv_t    csv;
        journey_error_t  err;

        ok(truncate(name, 100000) == 0
           && journey_csv_open(&csv, name) == JOURNEY_OK, "a member is cut");

        for (i = 0; journey_csv_next(&csv, &err) == JOURNEY_OK; i++) {
            if (csv.nfields != 2
                || strtoul((char *) csv.fields[1].data, NULL, 10)
                   != (unsigned) i * 2654435761u)
            {
                break;
            }
        }

        ok(i > 5000 && csv.wrong[0] != '\0' && csv.nfields == 2,
           "its whole lines are read: %d; then: %s", i, csv.wrong);
        journey_csv_close(&csv);
    }

    free(data);
}


int
main(void)
{
    int            fd;
    journey_csv_t  csv;

    fd = mkstemp(name);

    if (fd == -1) {
        return 2;
    }

    (void) close(fd);

    records();
    quotes();
    faults();
    sizes();

    (void) unlink(name);

    ok(journey_csv_open(&csv, name) == JOURNEY_ERROR && csv.wrong[0] != '\0',
       "a file that is not there: %s", csv.wrong);
    journey_csv_close(&csv);

    ok(journey_csv_open(&csv, "/") == JOURNEY_OK
       && journey_csv_next(&csv, NULL) == JOURNEY_DECLINED
       && csv.wrong[0] != '\0', "a folder: %s", csv.wrong);
    journey_csv_close(&csv);

    return done();
}
