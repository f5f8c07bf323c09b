
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey privacy: the proof of settings, of what was suppressed, of the end
 * of salts and the age of records.
 */


#include "journey_privacy.h"
#include "journey_messages.h"

#include <stdlib.h>


/* What the exempt measurement may keep (design, section 10). */
#define JOURNEY_PRIVACY_LIMIT  "25mo"


static const journey_column_t  journey_privacy_columns[] = {
    { "version", NULL, JOURNEY_CELL_STRING },
    { "time", NULL, JOURNEY_CELL_COUNT },
    { "started", NULL, JOURNEY_CELL_COUNT },
    { "optout", NULL, JOURNEY_CELL_COUNT },
    { "gpc", NULL, JOURNEY_CELL_COUNT },
    { "dnt", NULL, JOURNEY_CELL_COUNT },
    { "consent", NULL, JOURNEY_CELL_COUNT },
    { "clamped", NULL, JOURNEY_CELL_COUNT },
    { "optouts", NULL, JOURNEY_CELL_COUNT },
    { "undone", NULL, JOURNEY_CELL_COUNT },
    { "cookies_deleted", NULL, JOURNEY_CELL_COUNT },
    { "continued", NULL, JOURNEY_CELL_COUNT },
    { "visitors", NULL, JOURNEY_CELL_COUNT },
    { "evicted", NULL, JOURNEY_CELL_COUNT },
    { "salts_created", NULL, JOURNEY_CELL_COUNT },
    { "salts_destroyed", NULL, JOURNEY_CELL_COUNT },
    { "salts_held", NULL, JOURNEY_CELL_BOOL }
};

static const journey_column_t  journey_settings_columns[] = {
    { "profile", NULL, JOURNEY_CELL_STRING },
    { "identity", NULL, JOURNEY_CELL_STRING },
    { "consent", NULL, JOURNEY_CELL_BOOL },
    { "signals", NULL, JOURNEY_CELL_LIST },
    { "cookie", NULL, JOURNEY_CELL_STRING },
    { "max_age", NULL, JOURNEY_CELL_COUNT },
    { "domain", NULL, JOURNEY_CELL_STRING },
    { "session", NULL, JOURNEY_CELL_COUNT },
    { "geo", NULL, JOURNEY_CELL_LIST },
    { "optout", NULL, JOURNEY_CELL_BOOL },
    { "secret", NULL, JOURNEY_CELL_BOOL },
    { "logs", NULL, JOURNEY_CELL_LIST }
};

static const journey_column_t  journey_salts_columns[] = {
    { "day", NULL, JOURNEY_CELL_STRING },
    { "created", NULL, JOURNEY_CELL_COUNT },
    { "destroyed", NULL, JOURNEY_CELL_COUNT },
    { "due", NULL, JOURNEY_CELL_COUNT },
    { "held", NULL, JOURNEY_CELL_BOOL }
};

static const journey_column_t  journey_logs_columns[] = {
    { "file", NULL, JOURNEY_CELL_STRING },
    { "records", NULL, JOURNEY_CELL_COUNT },
    { "exempt", NULL, JOURNEY_CELL_COUNT },
    { "anonymous", NULL, JOURNEY_CELL_COUNT },
    { "consent", NULL, JOURNEY_CELL_COUNT },
    { "none", NULL, JOURNEY_CELL_COUNT },
    { "oldest", NULL, JOURNEY_CELL_COUNT },
    { "newest", NULL, JOURNEY_CELL_COUNT },
    { "old", NULL, JOURNEY_CELL_COUNT },
    { "old_exempt", NULL, JOURNEY_CELL_COUNT },
    { "unreadable", NULL, JOURNEY_CELL_COUNT },
    { "torn", NULL, JOURNEY_CELL_COUNT }
};

#define journey_privacy_n(columns)  (sizeof(columns) / sizeof(columns[0]))


static void
journey_privacy_set(journey_cell_t *cell, uint64_t value)
{
    cell->null = (value == JOURNEY_UNKNOWN);
    cell->u.count = value;
}


static void
journey_privacy_ms(journey_cell_t *cell, uint64_t seconds)
{
    cell->null = (seconds == JOURNEY_UNKNOWN);
    cell->u.count = seconds * 1000;
}


static void
journey_privacy_str(journey_cell_t *cell, const journey_str_t *str)
{
    cell->null = (str->len == 0);
    cell->u.str = *str;
}


static int
journey_privacy_counts(journey_table_t *table, const journey_status_t *status)
{
    journey_cell_t  *cell;

    cell = journey_table_row(table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    journey_privacy_str(cell++, &status->version);
    journey_privacy_ms(cell++, status->time);
    journey_privacy_ms(cell++, status->started);
    journey_privacy_set(cell++, status->suppressed_optout);
    journey_privacy_set(cell++, status->suppressed_gpc);
    journey_privacy_set(cell++, status->suppressed_dnt);
    journey_privacy_set(cell++, status->suppressed_consent);
    journey_privacy_set(cell++, status->clamped);
    journey_privacy_set(cell++, status->optouts);
    journey_privacy_set(cell++, status->undone);
    journey_privacy_set(cell++, status->cookies_deleted);
    journey_privacy_set(cell++, status->continued);
    journey_privacy_set(cell++, status->visitors);
    journey_privacy_set(cell++, status->evicted);
    journey_privacy_set(cell++, status->salts_created);
    journey_privacy_set(cell++, status->salts_destroyed);
    journey_privacy_set(cell++, (status->nsalts == 0) ? JOURNEY_UNKNOWN
                                                      : status->late == 0);

    return JOURNEY_OK;
}


static int
journey_privacy_settings(journey_table_t *table,
    const journey_status_t *status)
{
    unsigned                   i;
    journey_cell_t            *cell;
    const journey_settings_t  *settings;

    for (i = 0; i < status->nsettings; i++) {
        settings = &status->settings[i];

        cell = journey_table_row(table);
        if (cell == NULL) {
            return JOURNEY_ERROR;
        }

        journey_privacy_str(cell++, &settings->profile);
        journey_privacy_str(cell++, &settings->identity);
        journey_privacy_set(cell++, settings->consent);
        *cell++ = settings->signals;
        journey_privacy_str(cell++, &settings->cookie);
        journey_privacy_set(cell++, settings->max_age);
        journey_privacy_str(cell++, &settings->domain);
        journey_privacy_set(cell++, settings->session);
        *cell++ = settings->geo;
        journey_privacy_set(cell++, settings->optout);
        journey_privacy_set(cell++, settings->secret);
        *cell++ = settings->logs;
    }

    return JOURNEY_OK;
}


static int
journey_privacy_salts(journey_table_t *table, const journey_status_t *status)
{
    unsigned                     i;
    journey_cell_t              *cell;
    const journey_salt_times_t  *salt;

    for (i = 0; i < status->nsalts; i++) {
        salt = &status->salts[i];

        cell = journey_table_row(table);
        if (cell == NULL) {
            return JOURNEY_ERROR;
        }

        journey_privacy_str(cell++, &salt->day);
        journey_privacy_ms(cell++, salt->created);
        journey_privacy_ms(cell++, salt->destroyed);
        journey_privacy_ms(cell++, salt->due);
        journey_privacy_set(cell++, salt->held);
    }

    return JOURNEY_OK;
}


static int
journey_privacy_logs(journey_table_t *table, char *const *files,
    const journey_age_t *ages, unsigned n)
{
    unsigned              i, k;
    journey_str_t         name;
    journey_cell_t       *cell;
    const journey_age_t  *age;

    for (i = 0; i < n; i++) {
        age = &ages[i];

        cell = journey_table_row(table);
        if (cell == NULL) {
            return JOURNEY_ERROR;
        }

        name.data = (u_char *) files[i];
        name.len = strlen(files[i]);

        journey_privacy_str(cell++, &name);
        journey_privacy_set(cell++, age->records);

        for (k = 0; k < JOURNEY_BASIS_LAST; k++) {
            journey_privacy_set(cell++, age->basis[k]);
        }

        journey_privacy_set(cell++, age->records ? age->oldest
                                                 : JOURNEY_UNKNOWN);
        journey_privacy_set(cell++, age->records ? age->newest
                                                 : JOURNEY_UNKNOWN);
        journey_privacy_set(cell++, age->old);
        journey_privacy_set(cell++, age->old_exempt);
        journey_privacy_set(cell++, age->unreadable);
        journey_privacy_set(cell++, age->torn);
    }

    return JOURNEY_OK;
}


static int
journey_privacy_json(const journey_options_t *opts, journey_pool_t *pool,
    const journey_status_t *status, const journey_age_t *ages)
{
    int               rc;
    unsigned          i;
    journey_table_t   tables[4];
    journey_output_t  out;

    journey_table_init(&tables[0], pool, "privacy", NULL,
                       journey_privacy_columns,
                       journey_privacy_n(journey_privacy_columns));
    journey_table_init(&tables[1], pool, "settings", NULL,
                       journey_settings_columns,
                       journey_privacy_n(journey_settings_columns));
    journey_table_init(&tables[2], pool, "salts", NULL, journey_salts_columns,
                       journey_privacy_n(journey_salts_columns));
    journey_table_init(&tables[3], pool, "logs", NULL, journey_logs_columns,
                       journey_privacy_n(journey_logs_columns));

    tables[0].object = 1;

    rc = JOURNEY_ERROR;

    if (journey_privacy_counts(&tables[0], status) == JOURNEY_OK
        && journey_privacy_settings(&tables[1], status) == JOURNEY_OK
        && journey_privacy_salts(&tables[2], status) == JOURNEY_OK
        && journey_privacy_logs(&tables[3], opts->args, ages, opts->nargs)
           == JOURNEY_OK)
    {
        journey_output_init(&out, stdout, &opts->zone);
        journey_tables_json(&out, tables, 4);
        rc = JOURNEY_OK;
    }

    for (i = 0; i < 4; i++) {
        journey_table_free(&tables[i]);
    }

    return rc;
}


/* What does not hold is said on standard error, too: a script looks at the
 * exit code, and its mail has the reason. */

static int
journey_privacy_verdict(const journey_options_t *opts,
    const journey_status_t *status, const journey_age_t *ages)
{
    int       rc;
    unsigned  i;

    rc = JOURNEY_EXIT_OK;

    if (status->late != 0) {
        fprintf(stderr, "journey: %s: %u of %u salts outlived 04:00 UTC of the "
                "day after their own\n", journey_file_name(status->file),
                status->late, status->nsalts);
        rc = JOURNEY_EXIT_DATA;
    }

    for (i = 0; i < opts->nargs; i++) {
        if (ages[i].old_exempt != 0) {
            fprintf(stderr, "journey: %s: %llu records of the profile exempt "
                    "are older than 25 months: journey prune --older-than "
                    JOURNEY_PRIVACY_LIMIT "\n",
                    journey_file_name(opts->args[i]),
                    (unsigned long long) ages[i].old_exempt);
            rc = JOURNEY_EXIT_DATA;
        }
    }

    return rc;
}


static int
journey_privacy_run(const journey_options_t *opts, journey_pool_t *pool,
    journey_age_t *ages)
{
    int               rc, worst;
    unsigned          i;
    uint64_t          limit;
    journey_error_t   err;
    journey_status_t  status;

    if (journey_span_before(JOURNEY_PRIVACY_LIMIT,
                            (uint64_t) time(NULL) * 1000, &limit, &err)
            != JOURNEY_OK
        || journey_status_read(pool, opts->status, &status, &err)
           != JOURNEY_OK)
    {
        fprintf(stderr, "journey: %s\n", err.text);
        return JOURNEY_EXIT_DATA;
    }

    worst = JOURNEY_EXIT_OK;

    for (i = 0; i < opts->nargs; i++) {
        rc = journey_age_read(opts->args[i], limit, &ages[i]);

        if (rc == JOURNEY_ERROR) {
            goto no_memory;
        }

        if (rc != JOURNEY_OK) {
            worst = JOURNEY_EXIT_DATA;
        }
    }

    rc = (opts->format == JOURNEY_FORMAT_JSON)
         ? journey_privacy_json(opts, pool, &status, ages)
         : journey_privacy_text(opts, pool, &status, opts->args, ages,
                                opts->nargs);

    if (rc != JOURNEY_OK) {
        goto no_memory;
    }

    if (journey_privacy_verdict(opts, &status, ages) != JOURNEY_EXIT_OK) {
        worst = JOURNEY_EXIT_DATA;
    }

    return worst;

no_memory:

    fprintf(stderr, "journey: not enough memory\n");

    return JOURNEY_EXIT_DATA;
}


int
journey_privacy_command(const journey_options_t *opts)
{
    int              rc;
    unsigned         i, n;
    journey_age_t   *ages;
    journey_pool_t  *pool;

    if (opts->status == NULL) {
        fprintf(stderr, "journey: privacy needs --status FILE, the saved "
                "answer of journey_status; see journey privacy --help\n");
        return JOURNEY_EXIT_USAGE;
    }

    n = (strcmp(opts->status, "-") == 0);

    for (i = 0; i < opts->nargs; i++) {
        n += (strcmp(opts->args[i], "-") == 0);
    }

    if (n > 1) {
        fprintf(stderr, "journey: standard input (-) can be read once\n");
        return JOURNEY_EXIT_USAGE;
    }

    pool = journey_pool_create();
    ages = calloc(opts->nargs + 1, sizeof(journey_age_t));

    if (pool == NULL || ages == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        rc = JOURNEY_EXIT_DATA;

    } else {
        rc = journey_privacy_run(opts, pool, ages);
    }

    free(ages);

    if (pool != NULL) {
        journey_pool_destroy(pool);
    }

    return rc;
}
