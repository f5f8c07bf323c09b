
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What of the options makes a table another one than it usually is, in words:
 * nobody is to read the numbers of --no-direct as if they were those of all.
 */


#include "journey_report.h"
#include "journey_attribution.h"
#include "journey_stream.h"


#define JOURNEY_SETTING_BYTES  200      /* of a list of values */


/* "30 d", "12 h": the unit that leaves no rest. */

static void
journey_settings_span(FILE *file, uint64_t ms)
{
    unsigned  i;

    static const struct {
        uint64_t     ms;
        const char  *unit;
    } units[] = {
        { 86400000, "d" }, { 3600000, "h" }, { 60000, "min" }, { 1000, "s" },
        { 1, "ms" }
    };

    for (i = 0; ms % units[i].ms != 0; i++) {
        /* void */
    }

    fprintf(file, "%llu %s", (unsigned long long) (ms / units[i].ms),
            units[i].unit);
}


/* Values of an option that may be repeated. */

static void
journey_settings_list(FILE *file, const char *const *values, unsigned n)
{
    size_t    used;
    unsigned  i;

    for (i = 0, used = 0; i < n; i++) {
        used += strlen(values[i]) + 2;

        if (i != 0 && used > JOURNEY_SETTING_BYTES) {
            fprintf(file, " and %u more", n - i);
            return;
        }

        fprintf(file, "%s%.*s", i ? ", " : "", JOURNEY_SETTING_BYTES,
                values[i]);
    }
}


static void
journey_settings_touches(FILE *file, const journey_options_t *opts,
    unsigned which)
{
    if ((which & JOURNEY_SETTING_NO_DIRECT) && opts->no_direct) {
        fputs("Without direct touches (--no-direct): conversions are credited "
              "to those before them, or to none.\n", file);
    }

    if ((which & JOURNEY_SETTING_TOUCH)
        && opts->touch != JOURNEY_TOUCH_CHANNEL)
    {
        fprintf(file, "A touch is told by its %s instead of its channel "
                "(--touch).\n", opts->touch == JOURNEY_TOUCH_SOURCE
                                ? "source" : "campaign");
    }

    if ((which & JOURNEY_SETTING_REPEATS) && opts->repeats) {
        fputs("Equal touches in a row stay several (--repeats).\n", file);
    }

    if ((which & JOURNEY_SETTING_VIEWS) && opts->views) {
        fputs("Views, mails opened and ads shown, are touches (--views).\n",
              file);
    }

    if ((which & JOURNEY_SETTING_LOOKBACK)
        && opts->lookback != JOURNEY_LOOKBACK)
    {
        fputs("Touches older than ", file);
        journey_settings_span(file, opts->lookback);
        fputs(" have no part in a conversion (--lookback).\n", file);
    }
}


static void
journey_settings_models(FILE *file, const journey_options_t *opts,
    unsigned which)
{
    if ((which & JOURNEY_SETTING_ORDER) && opts->order != 1) {
        if (opts->order == JOURNEY_ATTR_AUTO) {
            fputs("Markov remembers as many touches as tell most (--order "
                  "auto).\n", file);
        } else {
            fprintf(file, "Markov remembers %u touches (--order).\n",
                    opts->order);
        }
    }

    if ((which & JOURNEY_SETTING_HALF_LIFE)
        && opts->half_life != JOURNEY_HALF_LIFE)
    {
        fputs("Time decay: a touch is worth half as much after ", file);
        journey_settings_span(file, opts->half_life);
        fputs(" (--half-life).\n", file);
    }

    if ((which & JOURNEY_SETTING_BOOTSTRAP) && opts->bootstrap != 0) {
        fprintf(file, "Intervals are those of %ld %s (--bootstrap).\n",
                opts->bootstrap, opts->bootstrap == 1 ? "sample" : "samples");
    }
}


char *
journey_report_settings(const journey_options_t *opts, unsigned which)
{
    FILE              *file;
    journey_stream_t   stream;

    if (journey_stream_open(&stream) != JOURNEY_OK) {
        return NULL;
    }

    file = stream.file;

    if ((which & JOURNEY_SETTING_HOST) && opts->nhosts != 0) {
        fputs("Events of these hosts alone (--host): ", file);
        journey_settings_list(file, opts->hosts, opts->nhosts);
        fputs(".\n", file);
    }

    if ((which & JOURNEY_SETTING_GOAL) && opts->ngoals != 0) {
        fputs("Conversions are these goals alone (--goal): ", file);
        journey_settings_list(file, opts->goals, opts->ngoals);
        fputs(".\n", file);
    }

    journey_settings_touches(file, opts, which);
    journey_settings_models(file, opts, which);

    if ((which & JOURNEY_SETTING_IDLE) && opts->idle != JOURNEY_IDLE) {
        fputs("A journey is dropped after ", file);
        journey_settings_span(file, opts->idle);
        fputs(" without a hit (--idle).\n", file);
    }

    if ((which & JOURNEY_SETTING_ENTRY) && opts->nentries != 0
        && !opts->no_direct)
    {
        fputs("Entry pages are (--entry): ", file);
        journey_settings_list(file, opts->entries, opts->nentries);
        fputs(".\n", file);
    }

    (void) journey_stream_close(&stream);

    return stream.text;
}
