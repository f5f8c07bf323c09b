
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Paths that somebody else has counted: CSV.
 */


#include "journey_attribution_cmd.h"
#include "journey_csv.h"
#include "journey_messages.h"
#include "journey_money.h"
#include "journey_table.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>


#define JOURNEY_PATHS_MESSAGES  20      /* bad lines that are named */
#define JOURNEY_PATHS_DIGITS    15      /* of a count: doubles hold it */


/* What stands for a line that cannot be quoted as it is. */

static int
journey_paths_bad(journey_error_t *err, const char *what,
    const journey_str_t *field)
{
    return journey_error(err, "%s \"%.*s\"", what,
                         (int) journey_utf8_cut(field->data, field->len, 64),
                         field->data);
}


static journey_str_t
journey_paths_trim(journey_str_t str)
{
    while (str.len != 0 && (str.data[0] == ' ' || str.data[0] == '\t')) {
        str.data++;
        str.len--;
    }

    while (str.len != 0 && (str.data[str.len - 1] == ' '
                            || str.data[str.len - 1] == '\t'))
    {
        str.len--;
    }

    return str;
}


static int
journey_paths_equal(const journey_str_t *str, const char *word)
{
    return str->len == strlen(word) && memcmp(str->data, word, str->len) == 0;
}


int
journey_paths_header(journey_paths_columns_t *columns,
    const journey_str_t *fields, unsigned n, journey_error_t *err)
{
    unsigned        i, *column;
    journey_str_t   name;

    columns->path = columns->conversions = UINT_MAX;
    columns->value = columns->nulls = UINT_MAX;
    columns->ncolumns = n;

    for (i = 0; i < n; i++) {
        name = journey_paths_trim(fields[i]);

        column = journey_paths_equal(&name, "path") ? &columns->path
                 : journey_paths_equal(&name, "conversions")
                   ? &columns->conversions
                 : journey_paths_equal(&name, "value") ? &columns->value
                 : journey_paths_equal(&name, "null") ? &columns->nulls
                 : NULL;

        if (column == NULL) {
            return journey_paths_bad(err, "unknown column", &name);
        }

        if (*column != UINT_MAX) {
            return journey_paths_bad(err, "a second column", &name);
        }

        *column = i;
    }

    if (columns->path == UINT_MAX || columns->conversions == UINT_MAX) {
        return journey_error(err, "no column \"%s\"",
                             columns->path == UINT_MAX ? "path"
                                                       : "conversions");
    }

    return JOURNEY_OK;
}


/* A whole number; an empty field, or a column that is not there, is 0. */

static int
journey_paths_count(const journey_str_t *fields, unsigned column,
    const char *what, uint64_t *count, journey_error_t *err)
{
    size_t         i;
    journey_str_t  field;

    *count = 0;

    if (column == UINT_MAX) {
        return JOURNEY_OK;
    }

    field = journey_paths_trim(fields[column]);

    for (i = 0; i < field.len; i++) {
        if (field.data[i] < '0' || field.data[i] > '9'
            || i == JOURNEY_PATHS_DIGITS)
        {
            return journey_paths_bad(err, what, &field);
        }

        *count = *count * 10 + (field.data[i] - '0');
    }

    return JOURNEY_OK;
}


/* The next channel of a path; *rest is what is behind it, data being NULL at
 * the end. */

static journey_str_t
journey_paths_channel(journey_str_t *rest)
{
    u_char         *p, *end;
    journey_str_t   channel;

    channel = *rest;
    end = rest->data + rest->len;

    for (p = rest->data; end - p >= 3; p++) {
        if (p[0] == ' ' && p[1] == '>' && p[2] == ' ') {
            channel.len = p - channel.data;
            rest->data = p + 3;
            rest->len = end - rest->data;
            return channel;
        }
    }

    journey_str_null(rest);

    return channel;
}


/* 1 when there is nothing, or a ">" with nothing on one side of it. */

static int
journey_paths_lacks(const journey_str_t *channel)
{
    size_t         n;
    const u_char  *p;

    p = channel->data;
    n = channel->len;

    return n == 0 || (p[0] == '>' && (n == 1 || p[1] == ' '))
           || (n > 1 && p[n - 1] == '>' && p[n - 2] == ' ');
}


/* JOURNEY_ERROR with a message when a channel is empty. */

static int
journey_paths_items(journey_touches_t *touches, const journey_options_t *opts,
    const journey_str_t *path, uint32_t *items, uint32_t *nitems,
    journey_error_t *err)
{
    uint32_t       n, item;
    journey_str_t  rest, channel;

    rest = *path;
    n = 0;

    while (rest.data != NULL) {
        channel = journey_paths_channel(&rest);
        channel = journey_paths_trim(channel);

        if (journey_paths_lacks(&channel)) {
            return journey_paths_bad(err, "an empty channel in", path);
        }

        item = journey_touches_item(touches, channel.data, channel.len);

        if (item == 0) {
            return JOURNEY_ERROR;
        }

        if (opts->no_direct && journey_paths_equal(&channel, "direct")) {
            continue;
        }

        if (opts->repeats || n == 0 || items[n - 1] != item) {
            items[n++] = item;
        }
    }

    *nitems = n;

    return JOURNEY_OK;
}


int
journey_paths_record(journey_touches_t *touches,
    const journey_options_t *opts, const journey_paths_columns_t *columns,
    const journey_str_t *fields, unsigned n, journey_error_t *err)
{
    int             rc;
    double          value;
    uint32_t        nitems, *items;
    uint64_t        conversions, nulls;
    journey_str_t   path, field;

    if (n != columns->ncolumns) {
        return journey_error(err, "%u fields where the header has %u", n,
                             columns->ncolumns);
    }

    if (journey_paths_count(fields, columns->conversions,
                            "bad number of conversions", &conversions, err)
        != JOURNEY_OK
        || journey_paths_count(fields, columns->nulls, "bad number of nulls",
                               &nulls, err) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    value = 0;

    if (columns->value != UINT_MAX) {
        field = journey_paths_trim(fields[columns->value]);

        if (field.len != 0
            && (journey_money_parse(&field, &value) != JOURNEY_OK
                || value < 0))
        {
            return journey_paths_bad(err, "bad value", &field);
        }
    }

    if (value > 0 && conversions == 0) {
        return journey_error(err, "a value without conversions");
    }

    path = journey_paths_trim(fields[columns->path]);

    if (path.len == 0) {
        return journey_error(err, "no path");
    }

    items = malloc((path.len / 4 + 2) * sizeof(uint32_t));
    if (items == NULL) {
        return JOURNEY_ERROR;
    }

    nitems = 0;
    rc = journey_paths_items(touches, opts, &path, items, &nitems, err);

    if (rc == JOURNEY_OK && nitems == 0) {
        touches->unattributed += conversions;

    } else if (rc == JOURNEY_OK) {
        rc = journey_paths_add(&touches->paths, items, NULL, nitems,
                               conversions, value, nulls);
    }

    free(items);

    return rc;
}


int
journey_paths_read(journey_touches_t *touches, const journey_options_t *opts,
    uint64_t *bad_lines)
{
    int                      rc;
    const char              *name;
    unsigned                 header;
    journey_csv_t            csv;
    journey_str_t            message;
    journey_error_t          err;
    journey_paths_columns_t  columns;

    *bad_lines = 0;
    header = 0;
    name = journey_file_name(opts->paths);

    rc = journey_csv_open(&csv, opts->paths);

    while (rc == JOURNEY_OK) {
        err.text[0] = '\0';
        rc = journey_csv_next(&csv, &err);

        if (rc == JOURNEY_DECLINED) {
            break;
        }

        if (rc == JOURNEY_OK && !header) {
            rc = journey_paths_header(&columns, csv.fields, csv.nfields, &err);
            header = (rc == JOURNEY_OK);

        } else if (rc == JOURNEY_OK) {
            rc = journey_paths_record(touches, opts, &columns, csv.fields,
                                      csv.nfields, &err);
        }

        if (rc == JOURNEY_OK) {
            continue;
        }

        if (err.text[0] == '\0') {
            fprintf(stderr, "journey: not enough memory\n");
            break;
        }

        if ((*bad_lines)++ < JOURNEY_PATHS_MESSAGES) {
            fprintf(stderr, "journey: %s:%llu: ", name,
                    (unsigned long long) csv.line);
            message.data = (u_char *) err.text;
            message.len = strlen(err.text);
            (void) journey_text_print(stderr, &message, 512);
            fputc('\n', stderr);
        }

        if (!header) {
            break;
        }

        rc = JOURNEY_OK;
    }

    if (*bad_lines > JOURNEY_PATHS_MESSAGES) {
        fprintf(stderr, "journey: and %llu more\n", (unsigned long long)
                (*bad_lines - JOURNEY_PATHS_MESSAGES));
    }

    if (csv.wrong[0] != '\0') {
        fprintf(stderr, "journey: %s: %s\n", name, csv.wrong);
        rc = JOURNEY_ERROR;

    } else if (rc == JOURNEY_DECLINED) {
        rc = JOURNEY_OK;

        if (!header) {
            fprintf(stderr, "journey: %s: there is no header\n", name);
            rc = JOURNEY_ERROR;
        }
    }

    journey_csv_close(&csv);

    return rc;
}
