
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The command journey.  A report goes through these folders in this order:
 *
 * command/      the command line (journey_options), what the command says of
 *               itself (journey_help) and of its work (journey_messages);
 *               classify and token, which show what core/ does
 * read/         files to lines: journey_load has them read by journey_jobs in
 *               threads, journey_input finds members and lines
 * store/        lines to events, which journey_store keeps, and journey_spill
 *               those that memory has no room for; journey_persons joins
 *               visitors that are one person
 * analysis/     events to numbers: journey_analysis, with journey_goals,
 *               journey_campaigns, journey_funnel and journey_fold
 *               (--min-visitors).  What needs the events once more is a
 *               journey_pass, all of a run in the same ones (journey_counts):
 *               retention, conversion_time (with survival), direct,
 *               transitions, content, places, steps, for the page timeline and
 *               flows, and touches, which are the paths of attribution
 * attribution/  paths (of touches, or of CSV by journey_paths_read) to credits:
 *               nine models in journey_attribution, one of them journey_markov
 *               over journey_chain; intervals by journey_bootstrap
 * tables/       numbers to tables (journey_report*), tables to text, JSON and
 *               CSV (journey_table)
 * html/         numbers and tables to a page
 *
 * Who wants lines rather than numbers:
 *
 * lines/        journey_scan tells which bytes hold which lines, journey_person
 *               whose they are; show prints them, erase and prune take them out
 *               of a file (journey_edit, with journey_live and
 *               journey_rewrite), check judges files
 * tail/         logs that grow: which files, bytes to lines, what is printed
 * privacy/      the answer of journey_status beside logs
 *
 * Who makes them:
 *
 * import/       access logs of servers (in the order of their time, a line to
 *               its fields, to events, with their visitors), and what happened
 *               offline, from CSV
 * link/         links to track (journey_link) and their pictures (journey_qr)
 * simulate/     logs to try all of this with: what is planted in _model, who
 *               comes in _visitor, what they do in _visit
 */


#include "journey_attribution_cmd.h"
#include "journey_check.h"
#include "journey_classify_cmd.h"
#include "journey_erase.h"
#include "journey_import.h"
#include "journey_link_cmd.h"
#include "journey_privacy.h"
#include "journey_report.h"
#include "journey_show.h"
#include "journey_simulate.h"
#include "journey_tail.h"
#include "journey_token_cmd.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>


#define JOURNEY_LOGS                                                          \
    (JOURNEY_OPTIONS_CONF|JOURNEY_OPTIONS_LOG|JOURNEY_OPTIONS_FORMAT)


static const journey_command_t  journey_commands[] = {

    { "report", "FILE\xe2\x80\xa6", "everything on one screen",
      JOURNEY_LOGS|JOURNEY_OPTIONS_HTML, journey_report },

    { "channels", "FILE\xe2\x80\xa6",
      "what each channel brought; conversions belong to the last touch",
      JOURNEY_LOGS|JOURNEY_OPTIONS_CHANNELS, journey_report_channels },

    { "campaigns", "FILE\xe2\x80\xa6",
      "views, clicks and visits by campaign, and what came of them",
      JOURNEY_LOGS|JOURNEY_OPTIONS_CHANNELS, journey_report_campaigns },

    { "phases", "FILE\xe2\x80\xa6",
      "how far journeys got, and how those that went no further ended",
      JOURNEY_LOGS, journey_report_phases },

    { "goals", "FILE\xe2\x80\xa6", "the goals reached and their values",
      JOURNEY_LOGS, journey_report_goals },

    { "paths", "FILE\xe2\x80\xa6",
      "the channels of journeys in their order, the most frequent first",
      JOURNEY_LOGS|JOURNEY_OPTIONS_PATHS, journey_report_paths },

    { "attribution", "FILE\xe2\x80\xa6 | --paths FILE",
      "who is credited with conversions, by nine models side by side",
      JOURNEY_LOGS|JOURNEY_OPTIONS_ATTRIBUTION, journey_attribution_command },

    { "content", "FILE\xe2\x80\xa6",
      "pages: what comes after them, why visits end there; gaps",
      JOURNEY_LOGS|JOURNEY_OPTIONS_CHANNELS, journey_report_content },

    { "retention", "FILE\xe2\x80\xa6",
      "of those who came first in a week, how many came again later",
      JOURNEY_LOGS|JOURNEY_OPTIONS_RETENTION, journey_report_retention },

    { "time", "FILE\xe2\x80\xa6",
      "how long journeys take from their first event to a conversion",
      JOURNEY_LOGS, journey_report_time },

    { "direct", "FILE\xe2\x80\xa6",
      "direct touches: who comes again, hidden links, typed addresses",
      JOURNEY_LOGS|JOURNEY_OPTIONS_DIRECT, journey_report_direct },

    { "geo", "FILE\xe2\x80\xa6",
      "by country, region or city",
      JOURNEY_LOGS|JOURNEY_OPTIONS_GEO, journey_report_geo },

    { "funnel", "FILE\xe2\x80\xa6",
      "who made which steps that you name, in order and in time",
      JOURNEY_LOGS|JOURNEY_OPTIONS_FUNNEL, journey_report_funnel },

    { "classify", "[< JSON-LINES]",
      "the channel, source, bot and phase that a visit would be given",
      JOURNEY_OPTIONS_CONF|JOURNEY_OPTIONS_FORMAT|JOURNEY_OPTIONS_CLASSIFY,
      journey_classify_command },

    { "import", "FILE\xe2\x80\xa6",
      "access logs, or offline touches and goals as CSV, to a journey log",
      JOURNEY_OPTIONS_CONF|JOURNEY_OPTIONS_IMPORT, journey_import },

    { "tail", "FILE\xe2\x80\xa6",
      "logs while they are written: a line a touch, click, view or goal",
      JOURNEY_OPTIONS_TAIL|JOURNEY_OPTIONS_FORMAT, journey_tail },

    { "check", "FILE\xe2\x80\xa6",
      "is every member of logs whole; --repair writes a clean copy",
      JOURNEY_OPTIONS_CHECK|JOURNEY_OPTIONS_FORMAT, journey_check },

    { "token", "VALUE\xe2\x80\xa6", "what the value of a cookie holds",
      JOURNEY_OPTIONS_CONF|JOURNEY_OPTIONS_FORMAT|JOURNEY_OPTIONS_TOKEN,
      journey_token_command },

    { "show", "ID\xe2\x80\xa6 FILE\xe2\x80\xa6",
      "all that logs hold about a person, by visitor (v) or --user",
      JOURNEY_OPTIONS_PERSON|JOURNEY_OPTIONS_SHOW|JOURNEY_OPTIONS_FORMAT,
      journey_show_command },

    { "erase", "ID\xe2\x80\xa6 FILE\xe2\x80\xa6",
      "a person's lines out of logs, also out of those in use",
      JOURNEY_OPTIONS_PERSON|JOURNEY_OPTIONS_EDIT|JOURNEY_OPTIONS_FORMAT,
      journey_erase_command },

    { "prune", "FILE\xe2\x80\xa6",
      "lines that are too old out of logs, and logs that hold no others",
      JOURNEY_OPTIONS_PRUNE|JOURNEY_OPTIONS_EDIT|JOURNEY_OPTIONS_FORMAT,
      journey_prune_command },

    { "privacy", "[FILE\xe2\x80\xa6]",
      "the proof: settings, what was suppressed, ages of salts and logs",
      JOURNEY_OPTIONS_PRIVACY|JOURNEY_OPTIONS_FORMAT,
      journey_privacy_command },

    { "link", "TARGET\xe2\x80\xa6",
      "links for journey_redirect, signed or as codes, and QR codes",
      JOURNEY_OPTIONS_LINK|JOURNEY_OPTIONS_FORMAT, journey_link_command },

    { "simulate", "", "a log of visitors that never were, with known effects",
      JOURNEY_OPTIONS_SIMULATE, journey_simulate },

    { NULL, NULL, NULL, 0, NULL }
};


/* What was printed must have arrived: a full disk is an error, a reader that
 * has gone away is none worth a word. */

static int
journey_close_output(int rc)
{
    int  failed;

    failed = ferror(stdout);
    errno = 0;

    if (fflush(stdout) == 0 && !failed) {
        return rc;
    }

    if (failed) {

        /* why it failed then, stdio does not tell: the output is torn anyway,
         * and one more byte fails for the same reason */

        errno = 0;

        if (write(STDOUT_FILENO, "\n", 1) == 1) {
            errno = 0;
        }
    }

    if (errno != EPIPE) {
        fprintf(stderr, "journey: cannot write to standard output: %s\n",
                errno ? strerror(errno) : "it failed for a while");
    }

    return rc == JOURNEY_EXIT_USAGE ? rc : JOURNEY_EXIT_DATA;
}


int
main(int argc, char **argv)
{
    int                rc;
    journey_options_t  opts;

    (void) signal(SIGPIPE, SIG_DFL);
    (void) setvbuf(stdout, NULL, _IOFBF, 65536);

    rc = journey_options_read(&opts, journey_commands, argc, argv);

    if (rc == -1) {
        rc = opts.command->run(&opts);
    }

    journey_options_free(&opts);

    return journey_close_output(rc);
}
