
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey privacy for people: a data-protection officer has not read the
 * manual of nginx.
 */


#include "journey_privacy.h"
#include "journey_messages.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>


/* A proof that is kept has all of it, whatever COLUMNS says. */
#define JOURNEY_PRIVACY_WIDE  8192
#define JOURNEY_PRIVACY_LINE  80        /* of prose, at most */
#define JOURNEY_PRIVACY_COUNT 9         /* columns of a number */


/* A word of the status, in other words. */

typedef struct {
    const char      *word;
    const char      *means;
} journey_word_t;

static const journey_word_t  journey_profile_words[] = {
    { "exempt", "exempt: audience measurement, without where visitors came "
                "from" },
    { "anonymous", "anonymous: no identifier on the device" },
    { "consent", "consent: full journeys of those who agreed, all others as "
                 "in anonymous" },
    { NULL, NULL }
};

static const journey_word_t  journey_identity_words[] = {
    { "cookie", "a cookie" },
    { "cookieless", "a hash of the day, nothing on the device" },
    { "none", "nothing: requests are not joined" },
    { "variable", "what the site decides for each request" },
    { NULL, NULL }
};

static const journey_word_t  journey_signal_words[] = {
    { "gpc", "Global Privacy Control (Sec-GPC)" },
    { "dnt", "Do Not Track (DNT)" },
    { NULL, NULL }
};


typedef struct {
    const journey_options_t  *opts;
    journey_pool_t           *pool;
    journey_output_t          out;
    unsigned                  no_memory;
} journey_writer_t;


static const journey_column_t  journey_pair_columns[] = {
    { NULL, "", JOURNEY_CELL_STRING },
    { NULL, "", JOURNEY_CELL_STRING }
};

static const journey_column_t  journey_number_columns[] = {
    { NULL, "", JOURNEY_CELL_STRING },
    { NULL, "", JOURNEY_CELL_COUNT }
};

static const journey_column_t  journey_salt_columns[] = {
    { NULL, "Day (UTC)", JOURNEY_CELL_STRING },
    { NULL, "Made", JOURNEY_CELL_STRING },
    { NULL, "To be destroyed by", JOURNEY_CELL_STRING },
    { NULL, "Destroyed", JOURNEY_CELL_STRING },
    { NULL, "In time", JOURNEY_CELL_BOOL }
};

static const journey_column_t  journey_log_columns[] = {
    { NULL, "Records", JOURNEY_CELL_COUNT },
    { NULL, "Exempt", JOURNEY_CELL_COUNT },
    { NULL, "Anonymous", JOURNEY_CELL_COUNT },
    { NULL, "Consent", JOURNEY_CELL_COUNT },
    { NULL, "No profile", JOURNEY_CELL_COUNT },
    { NULL, "Oldest", JOURNEY_CELL_STRING },
    { NULL, "Newest", JOURNEY_CELL_STRING },
    { NULL, ">25 months", JOURNEY_CELL_COUNT },
    { NULL, "File", JOURNEY_CELL_STRING }
};

#define journey_privacy_n(columns)  (sizeof(columns) / sizeof(columns[0]))


static journey_str_t
journey_privacy_print(journey_writer_t *writer, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static journey_str_t
journey_privacy_print(journey_writer_t *writer, const char *fmt, ...)
{
    char           buf[1024];
    va_list        args;
    journey_str_t  str;

    va_start(args, fmt);
    (void) vsnprintf(buf, sizeof(buf), fmt, args);
    va_end(args);

    str = journey_pstrdup(writer->pool, (u_char *) buf, strlen(buf));

    if (str.data == NULL) {
        writer->no_memory = 1;
        str.len = 0;
    }

    return str;
}


static journey_str_t
journey_privacy_word(const journey_word_t *words, const journey_str_t *str)
{
    journey_str_t  means;

    for ( /* void */ ; words->word != NULL; words++) {
        if (strlen(words->word) == str->len
            && memcmp(words->word, str->data, str->len) == 0)
        {
            means.data = (u_char *) words->means;
            means.len = strlen(words->means);
            return means;
        }
    }

    return *str;                        /* another version's */
}


/* Strings in their order, of any length; words may be NULL. */

static journey_str_t
journey_privacy_list(journey_writer_t *writer, const journey_cell_t *cell,
    const journey_word_t *words, const char *none)
{
    size_t         size;
    u_char        *p;
    uint32_t       i;
    journey_str_t  str, one;

    if (cell->null || cell->u.list.n == 0) {
        return journey_privacy_print(writer, "%s",
                                     cell->null ? "unknown" : none);
    }

    for (i = 0, size = 0; i < cell->u.list.n; i++) {
        one = cell->u.list.strs[i];
        one = words ? journey_privacy_word(words, &one) : one;
        size += one.len + 2;
    }

    p = journey_palloc(writer->pool, size);

    if (p == NULL) {
        writer->no_memory = 1;
        journey_str_null(&str);
        return str;
    }

    str.data = p;

    for (i = 0; i < cell->u.list.n; i++) {
        one = cell->u.list.strs[i];
        one = words ? journey_privacy_word(words, &one) : one;

        if (i != 0) {
            *p++ = ',';
            *p++ = ' ';
        }

        memcpy(p, one.data, one.len);
        p += one.len;
    }

    str.len = p - str.data;

    return str;
}


/* "1 day 12 hours": nothing of it is rounded. */

static journey_str_t
journey_privacy_span(journey_writer_t *writer, uint64_t seconds)
{
    char      buf[256];
    size_t    len;
    unsigned  i;
    uint64_t  n;

    static const struct {
        const char  *name;
        uint64_t     seconds;
    } units[] = {
        { "day", 86400 }, { "hour", 3600 }, { "minute", 60 }, { "second", 1 }
    };

    if (seconds == JOURNEY_UNKNOWN) {
        return journey_privacy_print(writer, "unknown");
    }

    if (seconds == 0) {
        return journey_privacy_print(writer, "0 seconds");
    }

    for (i = 0, len = 0; i < 4; i++) {
        n = seconds / units[i].seconds;
        seconds %= units[i].seconds;

        if (n != 0) {
            len += snprintf(buf + len, sizeof(buf) - len, "%s%llu %s%s",
                            len ? " " : "", (unsigned long long) n,
                            units[i].name, n == 1 ? "" : "s");
        }
    }

    return journey_privacy_print(writer, "%s", buf);
}


static journey_str_t
journey_privacy_time(journey_writer_t *writer, uint64_t seconds)
{
    char  text[JOURNEY_TIME_LEN];

    if (seconds == JOURNEY_UNKNOWN) {
        return journey_privacy_print(writer, "\xe2\x80\x93");
    }

    journey_time_format_seconds(&writer->opts->zone, seconds * 1000, text);

    return journey_privacy_print(writer, "%s", text);
}


static const char *
journey_privacy_bool(uint64_t value, const char *yes, const char *no)
{
    return value == JOURNEY_UNKNOWN ? "unknown" : value ? yes : no;
}


/* A row of a list of names and values: where the value goes; NULL when memory
 * is exhausted. */

static journey_cell_t *
journey_privacy_row(journey_writer_t *writer, journey_table_t *table,
    const char *name)
{
    journey_cell_t  *cell;

    cell = journey_table_row(table);

    if (cell == NULL) {
        writer->no_memory = 1;
        return NULL;
    }

    cell[0].u.str.data = (u_char *) name;
    cell[0].u.str.len = strlen(name);

    return &cell[1];
}


static void
journey_privacy_pair(journey_writer_t *writer, journey_table_t *table,
    const char *name, journey_str_t value)
{
    journey_cell_t  *cell;

    cell = journey_privacy_row(writer, table, name);

    if (cell != NULL) {
        cell->u.str = value;
    }
}


static void
journey_privacy_number(journey_writer_t *writer, journey_table_t *table,
    const char *name, uint64_t value)
{
    journey_cell_t  *cell;

    cell = journey_privacy_row(writer, table, name);

    if (cell != NULL) {
        cell->null = (value == JOURNEY_UNKNOWN);
        cell->u.count = value;
    }
}


/* A sentence below a table. */

static void
journey_privacy_say(journey_writer_t *writer, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
journey_privacy_say(journey_writer_t *writer, const char *fmt, ...)
{
    char           buf[1024];
    va_list        args;
    journey_str_t  str;

    va_start(args, fmt);
    (void) vsnprintf(buf, sizeof(buf), fmt, args);
    va_end(args);

    str.data = (u_char *) buf;
    str.len = strlen(buf);

    fputs("  ", stdout);
    journey_text_fold(stdout, &str, 2, 2,
                      journey_min(writer->out.width, JOURNEY_PRIVACY_LINE));
    fputc('\n', stdout);
}


/* Names beside values, without a head; values are never cut. */

static void
journey_privacy_pairs(journey_writer_t *writer, journey_table_t *table)
{
    char                   number[32];
    uint64_t               row;
    unsigned               width, used;
    const journey_cell_t  *cell;

    for (row = 0, width = 0; row < table->nrows; row++) {
        used = journey_text_width(&table->cells[2 * row].u.str);
        width = journey_max(width, used);
    }

    for (row = 0; row < table->nrows && !writer->no_memory; row++) {
        cell = &table->cells[2 * row];

        fputs("  ", stdout);

        if (width + 4 + JOURNEY_PRIVACY_COUNT > writer->out.width
            && table->columns[1].type == JOURNEY_CELL_COUNT)
        {
            /* a narrow terminal: numbers below their names */

            journey_text_fold(stdout, &cell[0].u.str, 2, 4,
                              writer->out.width);
            fputs("\n      ", stdout);

        } else {
            used = journey_text_print(stdout, &cell[0].u.str, width);
            printf("%*s", (int) (width + 2 - used), "");
        }

        if (table->columns[1].type != JOURNEY_CELL_COUNT) {
            used = width + 4;
            journey_text_fold(stdout, &cell[1].u.str, used, used,
                              writer->out.width);

        } else if (cell[1].null) {
            printf("%*s", JOURNEY_PRIVACY_COUNT, "unknown");

        } else {
            journey_text_count(number, cell[1].u.count);
            printf("%*s", JOURNEY_PRIVACY_COUNT, number);
        }

        fputc('\n', stdout);
    }

    journey_table_free(table);
}


static void
journey_privacy_one(journey_writer_t *writer,
    const journey_settings_t *settings)
{
    journey_str_t    str, age;
    journey_table_t  table;

    journey_table_init(&table, writer->pool, NULL, NULL, journey_pair_columns,
                       journey_privacy_n(journey_pair_columns));

    str = (settings->profile.len == 0)
          ? journey_privacy_print(writer, "none: the bounds are those of each "
                                  "directive")
          : journey_privacy_word(journey_profile_words, &settings->profile);

    journey_privacy_pair(writer, &table, "profile", str);

    str = (settings->identity.len == 0)
          ? journey_privacy_print(writer, "unknown")
          : journey_privacy_word(journey_identity_words, &settings->identity);

    journey_privacy_pair(writer, &table, "visitors known by", str);
    journey_privacy_pair(writer, &table, "waits for consent",
        journey_privacy_print(writer, "%s",
                              journey_privacy_bool(settings->consent, "yes",
                                                   "no")));
    journey_privacy_pair(writer, &table, "objections honoured",
        journey_privacy_list(writer, &settings->signals,
                             journey_signal_words,
                             "none but the opt-out"));

    if (settings->cookie.len == 0) {
        journey_privacy_pair(writer, &table, "cookie",
            journey_privacy_print(writer, "none, but that of an opt-out"));

    } else {
        age = journey_privacy_span(writer, settings->max_age);

        journey_privacy_pair(writer, &table, "cookie",
            journey_privacy_print(writer, "%.*s, for %.*s from the first "
                                  "visit, never extended",
                                  (int) journey_min(settings->cookie.len, 500),
                                  settings->cookie.data, (int) age.len,
                                  age.data));
        journey_privacy_pair(writer, &table, "cookie sent to",
            (settings->domain.len == 0)
            ? journey_privacy_print(writer, "the host that set it")
            : journey_privacy_print(writer, "%.*s and its subdomains",
                                    (int) journey_min(settings->domain.len,
                                                      500),
                                    settings->domain.data));
    }

    age = journey_privacy_span(writer, settings->session);

    journey_privacy_pair(writer, &table, "session ends after",
        journey_privacy_print(writer, "%.*s without a page", (int) age.len,
                              age.data));
    journey_privacy_pair(writer, &table, "place logged, at most",
        journey_privacy_list(writer, &settings->geo, NULL, "none"));
    journey_privacy_pair(writer, &table, "opting out",
        journey_privacy_print(writer, "%s",
            journey_privacy_bool(settings->optout, "there is an address for "
                                 "it (journey_optout)",
                                 "there is no address for it")));
    journey_privacy_pair(writer, &table, "keys",
        journey_privacy_print(writer, "%s",
            journey_privacy_bool(settings->secret, "of a file "
                                 "(journey_secret)",
                                 "in memory alone, until nginx stops")));
    journey_privacy_pair(writer, &table, "written to",
        journey_privacy_list(writer, &settings->logs, NULL, "no log"));

    journey_privacy_pairs(writer, &table);
}


static void
journey_privacy_counters(journey_writer_t *writer,
    const journey_status_t *status)
{
    journey_table_t  table;

    journey_table_init(&table, writer->pool, NULL, NULL,
                       journey_number_columns,
                       journey_privacy_n(journey_number_columns));

    journey_privacy_number(writer, &table, "not written: the browser opted out",
                           status->suppressed_optout);
    journey_privacy_number(writer, &table,
                           "without a cookie: Global Privacy Control",
                           status->suppressed_gpc);
    journey_privacy_number(writer, &table, "without a cookie: Do Not Track",
                           status->suppressed_dnt);
    journey_privacy_number(writer, &table, "without a cookie: no consent",
                           status->suppressed_consent);
    journey_privacy_number(writer, &table,
                           "without a cookie: the profile allows none",
                           status->clamped);
    journey_privacy_number(writer, &table, "opt-outs", status->optouts);
    journey_privacy_number(writer, &table, "opt-outs undone", status->undone);
    journey_privacy_number(writer, &table, "cookies taken back",
                           status->cookies_deleted);
    journey_privacy_number(writer, &table,
                           "sessions that went on with a cookie after consent",
                           status->continued);
    journey_privacy_number(writer, &table,
                           "visitors without a cookie in memory now",
                           status->visitors);
    journey_privacy_number(writer, &table,
                           "forgotten early, for lack of memory",
                           status->evicted);

    journey_privacy_pairs(writer, &table);
}


static void
journey_privacy_salts(journey_writer_t *writer, const journey_status_t *status)
{
    unsigned                     i;
    journey_cell_t              *cell;
    journey_table_t              table;
    const journey_salt_times_t  *salt;

    journey_table_init(&table, writer->pool, NULL,
                       "Salts of the hash of the day (times alone, never a "
                       "salt)", journey_salt_columns,
                       journey_privacy_n(journey_salt_columns));
    table.empty = "none were made";

    for (i = 0; i < status->nsalts; i++) {
        salt = &status->salts[i];

        cell = journey_table_row(&table);

        if (cell == NULL) {
            writer->no_memory = 1;
            break;
        }

        cell[0].u.str = salt->day;
        cell[1].u.str = journey_privacy_time(writer, salt->created);
        cell[2].u.str = journey_privacy_time(writer, salt->due);
        cell[3].u.str = (salt->destroyed == JOURNEY_UNKNOWN)
                        ? journey_privacy_print(writer, "it exists")
                        : journey_privacy_time(writer, salt->destroyed);
        cell[4].u.count = salt->held;
    }

    if (!writer->no_memory) {
        journey_table_text(&writer->out, &table);
    }

    journey_table_free(&table);

    journey_privacy_say(writer, "A salt keys the hash that stands for a "
                        "visitor without a cookie; once it is destroyed, "
                        "nobody can tell whom that hash meant.");

    if (status->salts_created != JOURNEY_UNKNOWN
        && status->salts_destroyed != JOURNEY_UNKNOWN)
    {
        journey_privacy_say(writer, "%llu made and %llu destroyed in all%s",
                            (unsigned long long) status->salts_created,
                            (unsigned long long) status->salts_destroyed,
                            status->salts_created > status->nsalts
                            ? "; the status lists the latest" : "");
    }

    if (status->late != 0) {
        journey_privacy_say(writer, "The rule did NOT hold: %u outlived 04:00 "
                            "UTC of the day after its own.", status->late);

    } else if (status->nsalts != 0) {
        journey_privacy_say(writer, "The rule held: none outlived 04:00 UTC "
                            "of the day after its own.");
    }
}


/* The day alone: JSON has the time. */

static journey_str_t
journey_privacy_day(journey_writer_t *writer, uint64_t ms)
{
    char  text[JOURNEY_TIME_LEN];

    journey_time_format(&writer->opts->zone, ms, text);
    text[strcspn(text, " ")] = '\0';

    return journey_privacy_print(writer, "%s", text);
}


static void
journey_privacy_log(journey_writer_t *writer, journey_cell_t *cell,
    const char *file, const journey_age_t *age)
{
    unsigned  i;

    (cell++)->u.count = age->records;

    for (i = 0; i < JOURNEY_BASIS_LAST; i++) {
        (cell++)->u.count = age->basis[i];
    }

    if (age->records == 0) {
        (cell++)->null = 1;
        (cell++)->null = 1;

    } else {
        (cell++)->u.str = journey_privacy_day(writer, age->oldest);
        (cell++)->u.str = journey_privacy_day(writer, age->newest);
    }

    (cell++)->u.count = age->old;

    cell->u.str.data = (u_char *) journey_file_name(file);
    cell->u.str.len = strlen(journey_file_name(file));
}


static void
journey_privacy_ages(journey_writer_t *writer, char *const *files,
    const journey_age_t *ages, unsigned n)
{
    char              count[32], more[32];
    unsigned          i;
    uint64_t          old, exempt, unread;
    journey_cell_t   *cell;
    journey_table_t   table;

    journey_table_init(&table, writer->pool, NULL,
                       "Records in the logs, by profile",
                       journey_log_columns,
                       journey_privacy_n(journey_log_columns));
    table.empty = "no log was given: how old records are is not known";

    for (i = 0, old = exempt = unread = 0; i < n; i++) {
        cell = journey_table_row(&table);

        if (cell == NULL) {
            writer->no_memory = 1;
            break;
        }

        journey_privacy_log(writer, cell, files[i], &ages[i]);

        old += ages[i].old;
        exempt += ages[i].old_exempt;
        unread += ages[i].unreadable + ages[i].torn;
    }

    if (!writer->no_memory) {
        journey_table_text(&writer->out, &table);
    }

    journey_table_free(&table);

    if (n == 0) {
        return;
    }

    if (old == 0) {
        journey_privacy_say(writer, "No record is older than 25 months.");

    } else {
        journey_text_count(count, old);
        journey_text_count(more, exempt);
        journey_privacy_say(writer, "Older than 25 months: %s, of the profile "
                            "exempt, which allows no longer: %s%s", count,
                            more, exempt
                            ? " (journey prune --older-than 25mo)" : "");
    }

    if (unread != 0) {
        journey_text_count(count, unread);
        journey_privacy_say(writer, "Not readable, so of unknown age: %s lines "
                            "and pieces (journey check names them)", count);
    }
}


int
journey_privacy_text(const journey_options_t *opts, journey_pool_t *pool,
    const journey_status_t *status, char *const *files,
    const journey_age_t *ages, unsigned nfiles)
{
    unsigned          i;
    journey_str_t     str;
    journey_writer_t  writer;

    memset(&writer, 0, sizeof(journey_writer_t));

    writer.opts = opts;
    writer.pool = pool;

    journey_output_init(&writer.out, stdout, &opts->zone);

    if (!isatty(STDOUT_FILENO)) {
        writer.out.width = JOURNEY_PRIVACY_WIDE;
    }

    str = journey_privacy_time(&writer, status->time);
    str = journey_privacy_print(&writer, "What nginx said at %.*s (module "
                                "%.*s)", (int) str.len, str.data,
                                (int) journey_min(status->version.len, 40),
                                status->version.data);
    journey_text_fold(stdout, &str, 0, 2, writer.out.width);
    putchar('\n');

    for (i = 0; i < status->nsettings; i++) {
        printf("\nSettings in force");

        if (status->nsettings > 1) {
            printf(", %u of %u", i + 1, status->nsettings);
        }

        putchar('\n');
        journey_privacy_one(&writer, &status->settings[i]);
    }

    if (status->nsettings == 0) {
        printf("\nSettings in force\n  none: nothing is measured\n");
    }

    str = journey_privacy_time(&writer, status->started);
    str = journey_privacy_print(&writer, "Measured with less or not at all, "
                                "since %.*s", (int) str.len, str.data);
    putchar('\n');
    journey_text_fold(stdout, &str, 0, 2, writer.out.width);
    putchar('\n');
    journey_privacy_counters(&writer, status);

    putchar('\n');
    journey_privacy_salts(&writer, status);

    putchar('\n');
    journey_privacy_ages(&writer, files, ages, nfiles);

    return writer.no_memory ? JOURNEY_ERROR : JOURNEY_OK;
}
