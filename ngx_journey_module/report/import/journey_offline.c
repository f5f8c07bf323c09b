
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Records go by one at a time: what is kept of them are the hashes of their
 * ids.
 */


#include "journey_offline.h"
#include "journey_config.h"
#include "journey_csv.h"
#include "journey_hashes.h"
#include "journey_import_output.h"
#include "journey_messages.h"
#include "journey_offline_record.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>


#define JOURNEY_OFFLINE_MESSAGES  20    /* records that are named */
#define JOURNEY_OFFLINE_PROGRESS  0xfff /* records between two looks at the
                                           clock */


typedef struct {
    const journey_options_t    *opts;
    journey_offline_reader_t    reader;
    journey_import_output_t     output;
    journey_hashes_t            touches;    /* ids that were seen */
    journey_hashes_t            goals;
    journey_progress_t          progress;

    uint64_t                    records;
    uint64_t                    ntouches;
    uint64_t                    ngoals;
    uint64_t                    completing; /* of the goals */
    uint64_t                    repeated;
    uint64_t                    bad;
    uint64_t                    bad_files;
} journey_offline_t;


static void
journey_offline_complain(journey_offline_t *o, const char *file,
    const journey_csv_t *csv, const journey_error_t *err)
{
    if (++o->bad > JOURNEY_OFFLINE_MESSAGES) {
        return;
    }

    journey_progress_erase(&o->progress);
    fprintf(stderr, "journey: %s:%llu: %s\n", journey_file_name(file),
            (unsigned long long) csv->line, err->text);
}


/* JOURNEY_DECLINED when it is no use to go on. */

static int
journey_offline_put(journey_offline_t *o, journey_record_t *rec)
{
    int                rc;
    unsigned           touch;
    journey_hashes_t  *ids;

    touch = (rec->kind == JOURNEY_EVENT_OFFLINE);

    if (rec->order.len != 0) {
        ids = touch ? &o->touches : &o->goals;
        rc = journey_hashes_add(ids, rec->order.data);

        if (rc == JOURNEY_DECLINED) {
            o->repeated++;
            return JOURNEY_OK;
        }

        if (rc != JOURNEY_OK) {
            o->output.rw.error = ENOMEM;
            o->output.failed = 1;
            return JOURNEY_DECLINED;
        }
    }

    if (touch) {
        o->ntouches++;
        journey_str_null(&rec->order);  /* it is a goal's key */

    } else {
        o->ngoals++;
        o->completing += rec->done;
    }

    return journey_import_output_put(&o->output, rec) == JOURNEY_OK
           ? JOURNEY_OK : JOURNEY_DECLINED;
}


/* Reads the header.  Any fault in it is one of every record. */

static int
journey_offline_head(journey_offline_t *o, journey_csv_t *csv,
    const char *file)
{
    int               rc;
    journey_error_t   err;

    rc = journey_csv_next(csv, &err);

    if (rc == JOURNEY_OK) {
        rc = journey_offline_header(&o->reader, csv->fields, csv->nfields,
                                    &err);

    } else if (rc == JOURNEY_DECLINED) {
        (void) journey_error(&err, "%s", csv->wrong[0] ? csv->wrong
                                                       : "there is no header");
        csv->line = csv->next;
    }

    if (rc == JOURNEY_OK) {
        return JOURNEY_OK;
    }

    journey_progress_erase(&o->progress);
    fprintf(stderr, "journey: %s:%llu: %s\n", journey_file_name(file),
            (unsigned long long) csv->line, err.text);

    return JOURNEY_ERROR;
}


/* JOURNEY_ERROR: a header is wrong; JOURNEY_DECLINED: it is no use to go on. */

static int
journey_offline_file(journey_offline_t *o, const char *file)
{
    int               rc;
    journey_csv_t     csv;
    journey_error_t   err;
    journey_record_t  rec;

    if (journey_csv_open(&csv, file) == JOURNEY_OK) {
        rc = journey_offline_head(o, &csv, file);

    } else {
        rc = JOURNEY_OK;
    }

    while (rc == JOURNEY_OK && csv.file != NULL) {
        rc = journey_csv_next(&csv, &err);

        if (rc == JOURNEY_DECLINED) {
            rc = JOURNEY_OK;
            break;
        }

        if ((++o->records & JOURNEY_OFFLINE_PROGRESS) == 0) {
            journey_progress(&o->progress, o->records, "records");
        }

        if (rc != JOURNEY_OK
            || journey_offline_record(&o->reader, csv.fields, csv.nfields,
                                      &rec, &err) != JOURNEY_OK)
        {
            journey_offline_complain(o, file, &csv, &err);
            rc = JOURNEY_OK;
            continue;
        }

        rc = journey_offline_put(o, &rec);
    }

    if (rc == JOURNEY_OK && csv.wrong[0] != '\0') {
        o->bad_files++;

        journey_progress_erase(&o->progress);
        fprintf(stderr, "journey: %s:%llu: %s\n", journey_file_name(file),
                (unsigned long long) csv.next, csv.wrong);
    }

    journey_csv_close(&csv);

    return rc;
}


static void
journey_offline_summary(const journey_offline_t *o)
{
    if (o->bad > JOURNEY_OFFLINE_MESSAGES) {
        fprintf(stderr, "journey: and %llu more such records\n",
                (unsigned long long) (o->bad - JOURNEY_OFFLINE_MESSAGES));
    }

    fprintf(stderr, "journey: %llu records: %llu touches, %llu goals (%llu of "
            "them complete a journey), %llu repeated, %llu bad\n",
            (unsigned long long) o->records,
            (unsigned long long) o->ntouches,
            (unsigned long long) o->ngoals,
            (unsigned long long) o->completing,
            (unsigned long long) o->repeated,
            (unsigned long long) o->bad);
}


/* An exit code; the output is open. */

static int
journey_offline_write(journey_offline_t *o)
{
    int               rc;
    unsigned          i;
    journey_error_t   err;

    rc = JOURNEY_OK;

    for (i = 0; i < o->opts->nargs && rc == JOURNEY_OK; i++) {
        rc = journey_offline_file(o, o->opts->args[i]);
    }

    journey_progress_erase(&o->progress);

    if (rc == JOURNEY_ERROR) {
        journey_import_output_abort(&o->output);
        return JOURNEY_EXIT_DATA;
    }

    if (journey_import_output_close(&o->output, &err) != JOURNEY_OK) {
        fprintf(stderr, "journey: %s%s\n", o->opts->output ? "--output: " : "",
                err.text);
        return JOURNEY_EXIT_DATA;
    }

    if (rc != JOURNEY_OK || o->output.failed) {

        /* main() tells of standard output */

        return JOURNEY_EXIT_DATA;
    }

    journey_offline_summary(o);

    return o->bad || o->bad_files ? JOURNEY_EXIT_DATA : JOURNEY_EXIT_OK;
}


/* A file that is not there is more likely a slip than a loss: nothing is
 * written then. */

static int
journey_offline_look(const journey_options_t *opts)
{
    int       rc;
    unsigned  i, stdins;

    rc = JOURNEY_EXIT_OK;
    stdins = 0;

    for (i = 0; i < opts->nargs; i++) {

        if (strcmp(opts->args[i], "-") == 0) {
            if (++stdins > 1) {
                fprintf(stderr, "journey: standard input can be read once\n");
                return JOURNEY_EXIT_USAGE;
            }

        } else if (access(opts->args[i], R_OK) != 0) {
            fprintf(stderr, "journey: %s: %s\n", opts->args[i],
                    strerror(errno));
            rc = JOURNEY_EXIT_DATA;
        }
    }

    return rc;
}


static int
journey_offline_run(journey_offline_t *o, journey_pool_t *pool)
{
    int               rc;
    journey_conf_t   *conf;
    journey_keys_t   *keys;
    journey_error_t   err;

    keys = NULL;
    err.text[0] = '\0';

    if (o->opts->secret != NULL) {
        keys = journey_keys_load(pool, o->opts->secret, &err);

        if (keys == NULL) {
            fprintf(stderr, "journey: --secret: %s\n",
                    err.text[0] ? err.text : "not enough memory");
            return JOURNEY_EXIT_USAGE;
        }
    }

    if (journey_config_load(pool, o->opts, 0, &conf) != JOURNEY_OK) {
        return JOURNEY_EXIT_USAGE;
    }

    if (journey_offline_reader_init(&o->reader, pool, conf, keys)
        != JOURNEY_OK)
    {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    rc = journey_offline_look(o->opts);

    if (rc != JOURNEY_EXIT_OK) {
        return rc;
    }

    rc = journey_import_output_open(&o->output, o->opts->output, &err);

    if (rc == JOURNEY_OK) {
        return journey_offline_write(o);
    }

    fprintf(stderr, "journey: --output: %s\n", err.text);

    return rc == JOURNEY_DECLINED ? JOURNEY_EXIT_USAGE : JOURNEY_EXIT_DATA;
}


int
journey_offline_import(const journey_options_t *opts)
{
    int                rc;
    journey_pool_t    *pool;
    journey_offline_t  o;

    if (opts->nown_hosts != 0) {
        fprintf(stderr, "journey: --own-host is for access logs, not for "
                "--offline\n");
        return JOURNEY_EXIT_USAGE;
    }

    pool = journey_pool_create();

    if (pool == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    memset(&o, 0, sizeof(journey_offline_t));

    o.opts = opts;
    journey_progress_init(&o.progress);

    if (opts->output == NULL) {
        journey_progress_output(&o.progress);
    }

    rc = journey_offline_run(&o, pool);

    journey_hashes_free(&o.touches);
    journey_hashes_free(&o.goals);
    journey_pool_destroy(pool);

    return rc;
}
