
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The words of --help that are no option's.  Examples are run by t/shell.t,
 * where the files of an installation are other ones.
 */


#include "journey_help.h"


#define JOURNEY_HELP_LOGS_OF  "/var/log/journey/*.gz"
#define JOURNEY_HELP_SECRET   "--secret /etc/nginx/journey.secret"


const char *const  journey_help_groups[JOURNEY_HELP_GROUPS + 1] = {
    "Reports of logs",
    "Logs",
    "Before a reload, and for links",
    "Privacy",
    "More"
};


/* The values of an option, when they are words; each is asked for by the
 * parser as well. */

const char *const  journey_help_words[JOURNEY_OPT_LAST] = {
    [JOURNEY_OPT_LEVEL] = "L M Q H",
    [JOURNEY_OPT_MODEL] = "first last last_non_direct linear position "
                          "time_decay markov shapley counterfactual",
    [JOURNEY_OPT_ORDER] = "1 2 3 4 auto",
    [JOURNEY_OPT_TOUCH] = "channel source campaign",
    [JOURNEY_OPT_WITHOUT] = "email paid_search organic_search ai_assistant "
                            "referral paid_social offline organic_social "
                            "display affiliates direct",
    [JOURNEY_OPT_PERIOD] = "day week month",
    [JOURNEY_OPT_BY] = "country region city"
};


const journey_help_t  journey_help_table[] = {

    { "report", JOURNEY_HELP_REPORTS,
      "Summary, channels, campaigns, phases, goals, pages and paths; with\n"
      "--html a page for people who know the shop and not the command.", {
      { "all that the logs hold",
        "journey report " JOURNEY_HELP_LOGS_OF },
      { "November, in the shop's time",
        "journey report --since 2026-11-01 --until 2026-12-01 \\\n"
        "    --tz Europe/Berlin " JOURNEY_HELP_LOGS_OF },
      { "a page with pictures",
        "journey report --html report.html " JOURNEY_HELP_LOGS_OF },
      { "from another program",
        "zcat " JOURNEY_HELP_LOGS_OF " | journey report --json -" } } },

    { "channels", JOURNEY_HELP_REPORTS, NULL, {
      { "which channels sell",
        "journey channels --goal purchase " JOURNEY_HELP_LOGS_OF },
      { "for a spreadsheet",
        "journey channels --csv " JOURNEY_HELP_LOGS_OF " > channels.csv" } } },

    { "campaigns", JOURNEY_HELP_REPORTS, NULL, {
      { "the twenty with the most visits",
        "journey campaigns --limit 20 " JOURNEY_HELP_LOGS_OF },
      { "mails that were opened are touches of their own",
        "journey campaigns --views " JOURNEY_HELP_LOGS_OF } } },

    { "phases", JOURNEY_HELP_REPORTS, NULL, {
      { "the funnel of one host",
        "journey phases --host shop.example " JOURNEY_HELP_LOGS_OF },
      { "journeys of which nobody heard for a week are dropped",
        "journey phases --idle 7d " JOURNEY_HELP_LOGS_OF } } },

    { "goals", JOURNEY_HELP_REPORTS, NULL, {
      { "what was reached since November",
        "journey goals --since 2026-11-01 " JOURNEY_HELP_LOGS_OF },
      { "as one JSON object",
        "journey goals --json " JOURNEY_HELP_LOGS_OF } } },

    { "paths", JOURNEY_HELP_REPORTS, NULL, {
      { "the twenty most frequent",
        "journey paths --limit 20 " JOURNEY_HELP_LOGS_OF },
      { "none that fewer than five visitors took",
        "journey paths --min-visitors 5 " JOURNEY_HELP_LOGS_OF } } },

    { "attribution", JOURNEY_HELP_REPORTS,
      "What models agree on can be trusted; what they do not is seen.", {
      { "all models",
        "journey attribution " JOURNEY_HELP_LOGS_OF },
      { "one of them with intervals, remembering as much as pays",
        "journey attribution --model markov --order auto --bootstrap 200 \\\n"
        "    " JOURNEY_HELP_LOGS_OF },
      { "campaigns instead of channels, without direct visits",
        "journey attribution --touch campaign --no-direct --lookback 30d \\\n"
        "    " JOURNEY_HELP_LOGS_OF },
      { "paths that were counted elsewhere",
        "journey attribution --paths paths.csv" } } },

    { "content", JOURNEY_HELP_REPORTS,
      "Gaps are phases without pages, and channels without a journey to "
      "them:\nwhich phases there are, the configuration says.", {
      { "the pages with the most visits",
        "journey content --limit 20 " JOURNEY_HELP_LOGS_OF },
      { "with the phases of this configuration",
        "journey content --conf /etc/nginx/journey " JOURNEY_HELP_LOGS_OF } } },

    { "retention", JOURNEY_HELP_REPORTS, NULL, {
      { "by the week",
        "journey retention --tz Europe/Berlin " JOURNEY_HELP_LOGS_OF },
      { "by the month, all of it",
        "journey retention --period month --csv " JOURNEY_HELP_LOGS_OF } } },

    { "time", JOURNEY_HELP_REPORTS,
      "Journeys that are still open count for as long as they have been "
      "seen.", {
      { "until an order",
        "journey time --goal purchase " JOURNEY_HELP_LOGS_OF },
      { "as CSV, for a curve",
        "journey time --csv " JOURNEY_HELP_LOGS_OF " > time.csv" } } },

    { "direct", JOURNEY_HELP_REPORTS, NULL, {
      { "what direct visits really are",
        "journey direct " JOURNEY_HELP_LOGS_OF },
      { "people type these addresses",
        "journey direct --entry / --entry '/shops/*' \\\n"
        "    " JOURNEY_HELP_LOGS_OF } } },

    { "geo", JOURNEY_HELP_REPORTS, NULL, {
      { "countries",
        "journey geo " JOURNEY_HELP_LOGS_OF },
      { "the ten first regions",
        "journey geo --by region --limit 10 " JOURNEY_HELP_LOGS_OF } } },

    { "funnel", JOURNEY_HELP_REPORTS,
      "Steps are paths, in which * is any part, and goal:NAME; commas part "
      "them.\nQuote them, or the shell takes * for names of files.", {
      { "from a product to the order",
        "journey funnel --funnel '/products/*,/cart,goal:purchase' \\\n"
        "    " JOURNEY_HELP_LOGS_OF },
      { "within a day",
        "journey funnel --funnel '/cart,/checkout/*,goal:*' --window 1d \\\n"
        "    " JOURNEY_HELP_LOGS_OF } } },

    { "classify", JOURNEY_HELP_TRY,
      "Without --url it reads JSON lines on standard input, with the keys\n"
      "referrer, url and agent, and answers each by a line.", {
      { "a visit",
        "journey classify --referrer https://www.google.com/ \\\n"
        "    --url https://shop.example/products/lamp" },
      { "many of them",
        "echo '{\"referrer\":\"https://chatgpt.com/\",\"url\":"
        "\"https://shop.example/\"}' |\n"
        "    journey classify" } } },

    { "import", JOURNEY_HELP_LOGS,
      "The combined format of nginx and Apache, with a virtual host before it "
      "or\nnot, in the order of their time. It needs a configuration.", {
      { "what visitors did before the module was there",
        "journey import --own-host shop.example --output before.log.gz \\\n"
        "    /var/log/nginx/access.log*" },
      { "calls and fairs",
        "journey import --offline " JOURNEY_HELP_SECRET " \\\n"
        "    --output calls.log.gz calls.csv" } } },

    { "tail", JOURNEY_HELP_LOGS,
      "FILE may be a log, a folder, or a pattern in quotes. Ctrl-C ends it.", {
      { "who comes, from where, and buys",
        "journey tail /var/log/journey/journey.log.gz" },
      { "all that happens on one host",
        "journey tail --all --host shop.example /var/log/journey/" },
      { "for another program",
        "journey tail --lines 0 --json '" JOURNEY_HELP_LOGS_OF "'" } } },

    { "check", JOURNEY_HELP_LOGS,
      "Names each torn member and broken line; FILE is never changed.", {
      { "are they whole?",
        "journey check " JOURNEY_HELP_LOGS_OF },
      { "a copy without what is broken",
        "journey check --repair clean.log.gz "
        "/var/log/journey/journey.log.gz" } } },

    { "simulate", JOURNEY_HELP_LOGS,
      "The same options make the same lines. --effects says what is planted.",
      {
      { "to try reports with",
        "journey simulate --visitors 1000 --days 30 --output shop.log.gz" },
      { "and in a world without display",
        "journey simulate --visitors 1000 --days 30 --without display \\\n"
        "    --output without.log.gz" },
      { "what models are to find",
        "journey simulate --effects" } } },

    { "token", JOURNEY_HELP_TRY,
      "VALUE is the cookie's value, NAME=VALUE, or a whole Cookie header.", {
      { "whose cookie is it?",
        "journey token " JOURNEY_HELP_SECRET " \\\n"
        "    'jny=Ab0Uy1dTMReOoqILWHNr'" },
      { "a cookie of another name, as JSON",
        "journey token --json --name shop " JOURNEY_HELP_SECRET " \\\n"
        "    'theme=dark; shop=Ab0Uy1dTMReOoqILWHNr'" } } },

    { "link", JOURNEY_HELP_TRY,
      "TARGET is a path or a URL; - reads them, one a line.", {
      { "of a newsletter, signed",
        "journey link " JOURNEY_HELP_SECRET " \\\n"
        "    --base https://shop.example/r --source newsletter \\\n"
        "    --medium email --campaign spring https://partner.example/offer" },
      { "of a poster: a short code, and its picture",
        "journey link --code --base https://shop.example/r --source poster \\\n"
        "    --medium qr --svg poster.svg /products/ >> links.map" } } },

    { "show", JOURNEY_HELP_PRIVACY, NULL, {
      { "of a visitor",
        "journey show cFMtXUzEXjqKiC1hz " JOURNEY_HELP_LOGS_OF },
      { "of a user, as JSON",
        "journey show --user 4711 " JOURNEY_HELP_SECRET " \\\n"
        "    --json " JOURNEY_HELP_LOGS_OF } } },

    { "erase", JOURNEY_HELP_PRIVACY,
      "A log in use is renamed to FILE.1 first, and nginx begins a new one.", {
      { "what would go",
        "journey erase --dry-run cFMtXUzEXjqKiC1hz " JOURNEY_HELP_LOGS_OF },
      { "a user's lines, beside a running nginx",
        "journey erase --user 4711 " JOURNEY_HELP_SECRET " \\\n"
        "    --pid /run/nginx.pid " JOURNEY_HELP_LOGS_OF } } },

    { "prune", JOURNEY_HELP_PRIVACY, NULL, {
      { "what would go",
        "journey prune --dry-run --older-than 13mo " JOURNEY_HELP_LOGS_OF },
      { "by cron, every night",
        "journey prune --older-than 25mo --pid /run/nginx.pid \\\n"
        "    " JOURNEY_HELP_LOGS_OF } } },

    { "privacy", JOURNEY_HELP_PRIVACY, NULL, {
      { "settings, salts, and the age of logs",
        "journey privacy --status status.json " JOURNEY_HELP_LOGS_OF },
      { "as nginx says it now",
        "curl -s http://127.0.0.1/journey/status |\n"
        "    journey privacy --status -" } } },

    { NULL, JOURNEY_HELP_GROUPS, NULL, { { NULL, NULL } } }
};
