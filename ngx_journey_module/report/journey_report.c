
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_report.h"
#include "journey_html.h"
#include "journey_config.h"
#include "journey_steps.h"

#include <stdarg.h>


#define JOURNEY_REPORT_TOP  10          /* rows of long lists as text */

#define JOURNEY_REPORT_CHANNELS  0x01
#define JOURNEY_REPORT_PHASES    0x02
#define JOURNEY_REPORT_GOALS     0x04
#define JOURNEY_REPORT_PAGES     0x08
#define JOURNEY_REPORT_PATHS     0x10
#define JOURNEY_REPORT_SUMMARY   0x20
#define JOURNEY_REPORT_CAMPAIGNS 0x40
#define JOURNEY_REPORT_ALL       0x7f
#define JOURNEY_REPORT_RETENTION 0x80
#define JOURNEY_REPORT_CONTENT   0x100
#define JOURNEY_REPORT_GEO       0x200
#define JOURNEY_REPORT_FUNNEL    0x400
#define JOURNEY_REPORT_TIME      0x800
#define JOURNEY_REPORT_DIRECT    0x1000
#define JOURNEY_REPORT_MOVES     0x2000 /* transitions */

/* Tables that need more of each event. */
#define JOURNEY_REPORT_MORE                                                   \
    (JOURNEY_REPORT_RETENTION|JOURNEY_REPORT_CONTENT|JOURNEY_REPORT_GEO       \
     |JOURNEY_REPORT_TIME)

#define JOURNEY_REPORT_TABLES    7


/* What a reader of the numbers has to know: under the headline as text, else
 * on standard error, as the keys of JSON and CSV are fixed. */

static FILE *
journey_report_notes_file(const journey_options_t *opts, const char **begin)
{
    if (opts->notes != NULL) {
        *begin = "";
        return opts->notes;
    }

    if (opts->format == JOURNEY_FORMAT_TEXT) {
        *begin = "  ";
        return stdout;
    }

    *begin = "journey: note: ";

    return stderr;
}


static void
journey_report_note(const journey_options_t *opts, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


static void
journey_report_note(const journey_options_t *opts, const char *fmt, ...)
{
    FILE        *file;
    va_list      args;
    const char  *begin;

    file = journey_report_notes_file(opts, &begin);

    fputs(begin, file);

    va_start(args, fmt);
    vfprintf(file, fmt, args);
    va_end(args);

    fputc('\n', file);
}


#define journey_plural(n, one, many)  ((n) == 1 ? one : many)


static void
journey_report_currencies(const journey_options_t *opts,
    const journey_analysis_t *a)
{
    char                           value[352], n[32];
    FILE                          *file;
    uint32_t                       i;
    uint64_t                       few;
    const char                    *begin;
    journey_str_t                  name;
    const journey_currency_sum_t  *sum;

    file = journey_report_notes_file(opts, &begin);

    for (i = 0, few = 0; i < a->ncurrencies; i++) {
        sum = &a->currencies[i];

        if (sum->currency == a->currency) {
            continue;
        }

        if (sum->visitors < opts->min_visitors) {
            few += sum->conversions;
            continue;
        }

        journey_text_money(value, (double) sum->value);
        journey_text_count(n, sum->conversions);
        name = journey_intern_str(&a->store->all.names, sum->currency);

        fprintf(file, "%sbesides: %s ", begin, value);

        if (name.len == 0) {
            fputs("without currency", file);

        } else {
            (void) journey_text_print(file, &name, 16);
        }

        fprintf(file, " in %s %s\n", n,
                journey_plural(sum->conversions, "conversion", "conversions"));
    }

    if (few != 0) {
        journey_text_count(n, few);
        journey_report_note(opts, "besides: %s %s in currencies of fewer than "
                            "%llu visitors", n,
                            journey_plural(few, "conversion", "conversions"),
                            (unsigned long long) opts->min_visitors);
    }
}


void
journey_report_notes(const journey_options_t *opts,
    const journey_analysis_t *a, const journey_damage_t *damage)
{
    char  n[32], m[32];

    journey_report_currencies(opts, a);

    if (a->persons != 0) {
        journey_text_count(n, a->persons);
        journey_text_count(m, a->store->nlinked);
        journey_report_note(opts, "%s %s by user id, of %s %s", n,
                            journey_plural(a->persons, "visitor is a person "
                                           "known", "visitors are persons "
                                           "known"), m,
                            journey_plural(a->store->nlinked, "browser",
                                           "browsers"));
    }

    if (opts->currency != NULL && a->currency == UINT32_MAX) {
        journey_report_note(opts, "no conversion has a value in that "
                            "currency");
    }

    if (a->unattributed != 0) {
        journey_text_count(n, a->unattributed);
        journey_text_count(m, a->without_visitor);
        journey_report_note(opts, "%s %s to no channel (%s without visitor)",
                            n, journey_plural(a->unattributed,
                                              "conversion belongs",
                                              "conversions belong"), m);
    }

    if (a->incomplete != 0) {
        journey_text_count(n, a->incomplete);
        journey_report_note(opts, "%s %s of which the input lacks touches: "
                            "their path is the one they carry", n,
                            journey_plural(a->incomplete, "conversion",
                                           "conversions"));
    }

    if (a->prefetched != 0) {
        journey_text_count(n, a->prefetched);
        journey_report_note(opts, "%s prefetched %s, not counted", n,
                            journey_plural(a->prefetched, "page", "pages"));
    }

    if (a->campaigns.nameless != 0) {
        journey_text_count(n, a->campaigns.nameless);
        journey_report_note(opts, "%s %s of no campaign, medium or source", n,
                            journey_plural(a->campaigns.nameless, "view",
                                           "views"));
    }

    if (a->bots != 0) {
        journey_text_count(n, a->bots);
        journey_report_note(opts, "%s %s of bots, not counted", n,
                            journey_plural(a->bots, "page", "pages"));
    }

    if (a->folded != 0) {
        journey_text_count(n, a->folded);
        journey_report_note(opts, "%s very long %s without the middle", n,
                            journey_plural(a->folded, "path", "paths"));
    }

    if (a->funnel.renamed != 0) {
        journey_text_count(n, a->funnel.renamed);
        journey_report_note(opts, "%s %s in a phase of another name than is "
                            "usual at its position", n,
                            journey_plural(a->funnel.renamed, "event",
                                           "events"));
    }

    if (opts->format == JOURNEY_FORMAT_TEXT
        && (damage->bad_lines != 0 || damage->bad_members != 0))
    {
        journey_text_count(n, damage->bad_lines);
        journey_text_count(m, damage->bad_members);
        journey_report_note(opts, "passed over: %s broken %s, %s torn %s", n,
                            journey_plural(damage->bad_lines, "line",
                                           "lines"), m,
                            journey_plural(damage->bad_members, "member",
                                           "members"));
    }
}


static void
journey_report_table_notes(const journey_options_t *opts,
    const journey_table_t *tables, unsigned n)
{
    unsigned  i, k;

    for (i = 0; i < n; i++) {
        for (k = 0; k < tables[i].nnotes; k++) {
            journey_report_note(opts, "%s", tables[i].notes[k]);
        }
    }
}


static void
journey_report_text(const journey_options_t *opts, journey_output_t *out,
    const journey_analysis_t *a, const journey_damage_t *damage,
    const journey_table_t *tables, unsigned n)
{
    char      from[JOURNEY_TIME_LEN], until[JOURNEY_TIME_LEN];
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (i != 0) {
            fputc('\n', out->file);
        }

        if (!tables[i].object) {
            journey_table_text(out, &tables[i]);
            continue;
        }

        fputs(out->colour ? "\033[1mJourneys\033[0m" : "Journeys", out->file);

        if (a->events != 0) {
            journey_time_format(&opts->zone, a->from, from);
            journey_time_format(&opts->zone, a->until, until);
            fprintf(out->file, "  %s \xe2\x80\x93 %s", from, until);
        }

        fputc('\n', out->file);

        journey_table_text(out, &tables[i]);
        journey_report_notes(opts, a, damage);
    }

    journey_report_table_notes(opts, tables, n);

    if (!tables[0].object) {
        journey_report_notes(opts, a, damage);
    }
}


static int
journey_report_tables(const journey_options_t *opts,
    const journey_analysis_t *a, const journey_damage_t *damage,
    unsigned wanted, journey_table_t *tables, unsigned *n)
{
    int               rc;
    long              limit, top;
    journey_table_t  *table;

    limit = opts->limit;
    top = (limit == JOURNEY_LIMIT_NONE && opts->format == JOURNEY_FORMAT_TEXT)
          ? JOURNEY_REPORT_TOP : limit;

    rc = JOURNEY_OK;
    *n = 0;

    if (wanted & JOURNEY_REPORT_SUMMARY) {
        rc |= journey_table_summary(&tables[(*n)++], a, damage);
    }

    if (wanted & JOURNEY_REPORT_CHANNELS) {
        rc |= journey_table_channels(&tables[(*n)++], a, limit);
    }

    if (wanted & JOURNEY_REPORT_CAMPAIGNS) {
        table = &tables[(*n)++];
        rc |= journey_table_campaigns(table, a, top);

        if (table->nrows == 0 && table->more == 0
            && wanted == JOURNEY_REPORT_ALL
            && opts->format == JOURNEY_FORMAT_TEXT)
        {
            /* most sites have none at most times */

            (*n)--;
        }
    }

    if (wanted & JOURNEY_REPORT_PHASES) {
        rc |= journey_table_phases(&tables[(*n)++], a);
    }

    if (wanted & JOURNEY_REPORT_MOVES) {
        rc |= journey_tables_transitions(tables, n, a, limit);
    }

    if (wanted & JOURNEY_REPORT_GOALS) {
        rc |= journey_table_goals(&tables[(*n)++], a, limit);
    }

    if (wanted & JOURNEY_REPORT_PAGES) {
        rc |= journey_table_pages(&tables[(*n)++], a, top);
    }

    if (wanted & JOURNEY_REPORT_PATHS) {
        rc |= journey_table_paths(&tables[(*n)++], a, top);
    }

    if (wanted & JOURNEY_REPORT_RETENTION) {
        rc |= journey_table_retention(&tables[(*n)++], a, limit);
    }

    if (wanted & JOURNEY_REPORT_TIME) {
        rc |= journey_tables_time(tables, n, a, limit);
    }

    if (wanted & JOURNEY_REPORT_DIRECT) {
        rc |= journey_table_direct(&tables[(*n)++], a);
    }

    if (wanted & JOURNEY_REPORT_GEO) {
        rc |= journey_table_geo(&tables[(*n)++], a, limit);
    }

    if (wanted & JOURNEY_REPORT_FUNNEL) {
        rc |= journey_table_funnel(&tables[(*n)++], a);
    }

    if (wanted & JOURNEY_REPORT_CONTENT) {
        rc |= journey_tables_content(tables, n, a, top);
    }

    return rc;
}


static int
journey_report_print(const journey_options_t *opts,
    const journey_analysis_t *a, const journey_damage_t *damage,
    unsigned wanted, journey_pool_t *pool)
{
    int               rc;
    unsigned          i, n;
    journey_table_t   tables[JOURNEY_REPORT_TABLES];
    journey_output_t  out;

    memset(tables, 0, sizeof(tables));

    for (i = 0; i < JOURNEY_REPORT_TABLES; i++) {
        tables[i].pool = pool;
    }

    rc = journey_report_tables(opts, a, damage, wanted, tables, &n);

    if (rc == JOURNEY_OK) {
        journey_output_init(&out, stdout, &opts->zone);

        if (opts->format == JOURNEY_FORMAT_JSON) {
            journey_tables_json(&out, tables, n);
            journey_report_table_notes(opts, tables, n);
            journey_report_notes(opts, a, damage);

        } else if (opts->format == JOURNEY_FORMAT_CSV) {
            journey_tables_csv(&out, tables, n);
            journey_report_table_notes(opts, tables, n);
            journey_report_notes(opts, a, damage);

        } else {
            journey_report_text(opts, &out, a, damage, tables, n);
        }
    }

    for (i = 0; i < JOURNEY_REPORT_TABLES; i++) {
        journey_table_free(&tables[i]);
    }

    return rc;
}


static int
journey_report_run(const journey_options_t *opts, unsigned wanted)
{
    int                  rc;
    journey_pool_t      *pool;
    journey_conf_t      *conf;
    journey_store_t      store;
    journey_damage_t     damage;
    journey_analysis_t   a;

    pool = journey_pool_create();

    if (pool == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    if (journey_config_load(pool, opts, 0, &conf) != JOURNEY_OK) {
        journey_pool_destroy(pool);
        return JOURNEY_EXIT_USAGE;
    }

    memset(&a, 0, sizeof(journey_analysis_t));

    rc = journey_load_more(&store, opts, (wanted & JOURNEY_REPORT_MORE) != 0,
                           &damage);

    if (rc == JOURNEY_OK
        && (wanted & (JOURNEY_REPORT_RETENTION|JOURNEY_REPORT_TIME))
        && store.all.exempt != 0 && store.all.exempt == store.all.nevents)
    {
        fprintf(stderr, "journey: %s: all events are of the profile "
                "exempt, which measures audiences and follows nobody\n",
                opts->command->name);

        rc = JOURNEY_DECLINED;
    }

    if (rc == JOURNEY_OK) {
        rc = journey_analyse(&a, &store, opts, conf);

        if (rc == JOURNEY_OK) {
            rc = journey_report_print(opts, &a, &damage, wanted, pool);
        }

        if (rc != JOURNEY_OK && rc != JOURNEY_DECLINED) {
            fprintf(stderr, "journey: not enough memory\n");
        }
    }

    journey_analysis_free(&a);
    journey_store_free(&store);
    journey_pool_destroy(pool);

    if (rc != JOURNEY_OK || damage.bad_lines != 0 || damage.bad_members != 0
        || damage.bad_files != 0)
    {
        return JOURNEY_EXIT_DATA;
    }

    return JOURNEY_EXIT_OK;
}


int
journey_report(const journey_options_t *opts)
{
    return opts->html != NULL ? journey_report_html(opts)
           : journey_report_run(opts, JOURNEY_REPORT_ALL);
}


int
journey_report_channels(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_CHANNELS);
}


int
journey_report_campaigns(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_CAMPAIGNS);
}


int
journey_report_phases(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_PHASES
                                    |JOURNEY_REPORT_MOVES);
}


int
journey_report_goals(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_GOALS);
}


int
journey_report_geo(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_GEO);
}


int
journey_report_funnel(const journey_options_t *opts)
{
    journey_error_t  err;
    journey_steps_t  steps;

    if (opts->funnel == NULL) {
        fprintf(stderr, "journey: no --funnel; see journey funnel --help\n");
        return JOURNEY_EXIT_USAGE;
    }

    if (journey_steps_parse(&steps, opts->funnel, &err) != JOURNEY_OK) {
        fprintf(stderr, "journey: --funnel: %s\n", err.text);
        return JOURNEY_EXIT_USAGE;
    }

    return journey_report_run(opts, JOURNEY_REPORT_FUNNEL);
}


int
journey_report_content(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_CONTENT);
}


int
journey_report_retention(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_RETENTION);
}


int
journey_report_time(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_TIME);
}


int
journey_report_direct(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_DIRECT);
}


int
journey_report_paths(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_PATHS);
}
