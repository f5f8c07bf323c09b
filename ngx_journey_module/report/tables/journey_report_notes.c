
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What has to be known beside the tables of a report.
 */


#include "journey_report.h"
#include "journey_report_rows.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>


#define JOURNEY_REPORT_NOTE  1024       /* bytes of a note */


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
    char            text[JOURNEY_REPORT_NOTE];
    FILE           *file;
    va_list         args;
    const char     *begin;
    journey_str_t   str;

    file = journey_report_notes_file(opts, &begin);

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    str.data = (u_char *) text;
    str.len = strlen(text);

    fputs(begin, file);

    if (file == stdout) {
        journey_text_fold(file, &str, 2, 4, journey_text_terminal(file));

    } else {
        journey_text_fold(file, &str, 0, 0, UINT_MAX);
    }

    fputc('\n', file);
}


static void
journey_report_currencies(const journey_options_t *opts,
    const journey_analysis_t *a)
{
    char                           value[352], n[32];
    uint32_t                       i;
    uint64_t                       few;
    journey_str_t                  name;
    const journey_currency_sum_t  *sum;

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

        if (name.len == 0) {
            name.data = (u_char *) "without currency";
            name.len = sizeof("without currency") - 1;
        }

        journey_report_note(opts, "besides: %s %.*s in %s %s", value,
                            (int) journey_min(name.len, 16), name.data, n,
                            journey_plural(sum->conversions, "conversion",
                                           "conversions"));
    }

    if (few != 0) {
        journey_text_count(n, few);
        journey_report_note(opts, "besides: %s %s in currencies of fewer than "
                            "%llu visitors", n,
                            journey_plural(few, "conversion", "conversions"),
                            (unsigned long long) opts->min_visitors);
    }
}


/* Who the visitors are. */

static void
journey_report_identities(const journey_options_t *opts,
    const journey_analysis_t *a)
{
    char  n[32], m[32];

    if (a->persons != 0) {
        journey_text_count(n, a->persons);
        journey_text_count(m, a->linked);
        journey_report_note(opts, "%s %s by user id, of %s %s", n,
                            journey_plural(a->persons, "visitor is a person "
                                           "known", "visitors are persons "
                                           "known"), m,
                            journey_plural(a->linked, "browser",
                                           "browsers"));
    }

    /* tables that go over days; others have a note of their own */

    if (a->hashes != 0
        && (strcmp(opts->command->name, "report") == 0
            || strcmp(opts->command->name, "paths") == 0))
    {
        journey_text_count(n, a->hashes);
        journey_report_note(opts, "%s %s (%.1f %%) %s cookie: a hash of one "
                            "day, whose journeys end with it", n,
                            journey_plural(a->hashes, "visitor", "visitors"),
                            100.0 * (double) a->hashes
                            / (double) a->visitors,
                            journey_plural(a->hashes, "has no", "have no"));
    }
}


void
journey_report_notes(const journey_options_t *opts,
    const journey_analysis_t *a, const journey_damage_t *damage)
{
    char  n[32], m[32];

    journey_report_currencies(opts, a);
    journey_report_identities(opts, a);

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
        journey_report_note(opts, "%s %s of which the input lacks touches: %s",
                            n, journey_plural(a->incomplete, "conversion",
                                              "conversions"),
                            a->left_out
                            ? "their paths are left out, since they carry "
                              "channels alone"
                            : "their path is the one they carry");
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


int
journey_report_settings_notes(const journey_options_t *opts)
{
    char  *text, *line, *next;

    text = journey_report_settings(opts, JOURNEY_SETTING_NO_DIRECT
                                         |JOURNEY_SETTING_TOUCH
                                         |JOURNEY_SETTING_REPEATS);
    if (text == NULL) {
        return JOURNEY_ERROR;
    }

    for (line = text; *line != '\0'; line = next) {
        next = strchr(line, '\n');
        next[-1] = '\0';                 /* notes have no full stop */
        next++;

        journey_report_note(opts, "%s", line);
    }

    free(text);

    return JOURNEY_OK;
}


void
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


int
journey_report_exempt(const journey_analysis_t *a)
{
    return a->store->all.exempt != 0
           && a->store->all.exempt == a->store->all.nevents;
}
