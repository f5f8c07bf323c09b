
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_options.h"
#include "journey_attribution_cmd.h"
#include "journey_help.h"
#include "journey_link.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


#define JOURNEY_WAIT  (60ULL * 1000)


static int
journey_usage_error(const journey_options_t *opts, const char *fmt,
    const char *value)
{
    fprintf(stderr, "journey: ");
    fprintf(stderr, fmt, value);

    if (opts->command != NULL) {
        fprintf(stderr, "; see journey %s --help\n", opts->command->name);

    } else {
        fprintf(stderr, "; see journey --help\n");
    }

    return JOURNEY_EXIT_USAGE;
}


static int
journey_options_append(const char ***list, unsigned *n, const char *value)
{
    const char  **p;

    p = realloc(*list, (*n + 1) * sizeof(char *));
    if (p == NULL) {
        return JOURNEY_ERROR;
    }

    p[(*n)++] = value;
    *list = p;

    return JOURNEY_OK;
}


/* Bytes; the machine has to have them, which nobody checks. */

static int
journey_options_memory(const char *value, uint64_t *bytes,
    journey_error_t *err)
{
    size_t       n;
    unsigned     shift;
    const char  *unit;

    static const char  units[] = "kKmMgG";

    n = strspn(value, "0123456789");
    unit = strchr(units, value[n] ? value[n] : ' ');

    if (n == 0 || n > 9 || (value[n] != '\0' && unit == NULL)
        || (unit != NULL && value[n + 1] != '\0'))
    {
        return journey_error(err, "\"%s\" is no size", value);
    }

    shift = (unit == NULL) ? 0 : 10 * ((unsigned) (unit - units) / 2 + 1);
    *bytes = strtoull(value, NULL, 10) << shift;

    if (*bytes < JOURNEY_MEMORY_MIN) {
        return journey_error(err, "\"%s\" is too little: %uM at least", value,
                             JOURNEY_MEMORY_MIN >> 20);
    }

    return JOURNEY_OK;
}


/* Half of the machine's. */

static uint64_t
journey_options_half(void)
{
    long  pages, size;

    pages = sysconf(_SC_PHYS_PAGES);
    size = sysconf(_SC_PAGESIZE);

    return (pages <= 0 || size <= 0) ? UINT64_MAX / 4
           : journey_max((uint64_t) pages * (uint64_t) size / 2,
                         JOURNEY_MEMORY_MIN);
}


static int
journey_options_number(const char *value, long *n, journey_error_t *err)
{
    if (*value == '\0' || value[strspn(value, "0123456789")] != '\0'
        || strlen(value) > 9)
    {
        return journey_error(err, "bad number \"%s\"", value);
    }

    *n = strtol(value, NULL, 10);

    return JOURNEY_OK;
}


/* Those of import. */

static int
journey_options_import(journey_options_t *opts, unsigned option,
    const char *value)
{
    switch (option) {

    case JOURNEY_OPT_OWN_HOST:
        return journey_options_append(&opts->own_hosts, &opts->nown_hosts,
                                      value);

    case JOURNEY_OPT_OFFLINE:
        opts->offline = 1;
        return JOURNEY_OK;

    default: /* JOURNEY_OPT_OUTPUT */
        opts->output = value;
        return JOURNEY_OK;
    }
}


/* Those of link. */

static int
journey_options_link(journey_options_t *opts, unsigned option,
    const char *value, journey_error_t *err)
{
    long  n;

    switch (option) {

    case JOURNEY_OPT_BASE:
        opts->base = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_CODE:
        opts->code = 1;
        return JOURNEY_OK;

    case JOURNEY_OPT_LENGTH:
        if (journey_options_number(value, &n, err) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        if (n < JOURNEY_LINK_CODE_MIN || n > JOURNEY_LINK_CODE_MAX) {
            return journey_error(err, "\"%s\" is not from %d to %d", value,
                                 JOURNEY_LINK_CODE_MIN, JOURNEY_LINK_CODE_MAX);
        }

        opts->code_length = (unsigned) n;
        return JOURNEY_OK;

    case JOURNEY_OPT_QR:
        opts->qr = 1;
        return JOURNEY_OK;

    case JOURNEY_OPT_SVG:
        opts->svg = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_LEVEL:
        if (!journey_qr_level(*value) || value[1] != '\0') {
            return journey_error(err, "\"%s\" is none of L, M, Q and H",
                                 value);
        }

        opts->level = *value;
        return JOURNEY_OK;

    default: /* JOURNEY_OPT_SOURCE to JOURNEY_OPT_CONTENT */
        opts->utm[option - JOURNEY_OPT_SOURCE] = value;
        return JOURNEY_OK;
    }
}


/* Those of simulate. */

static int
journey_options_simulate(journey_options_t *opts, unsigned option,
    const char *value, journey_error_t *err)
{
    switch (option) {

    case JOURNEY_OPT_VISITORS:
        return journey_options_number(value, &opts->visitors, err);

    case JOURNEY_OPT_DAYS:
        return journey_options_number(value, &opts->days, err);

    case JOURNEY_OPT_SEED:
        return journey_options_number(value, &opts->seed, err);

    case JOURNEY_OPT_WITHOUT:
        opts->without = value;
        return JOURNEY_OK;

    default: /* JOURNEY_OPT_EFFECTS */
        opts->effects = 1;
        return JOURNEY_OK;
    }
}


/* Those of show, erase and prune. */

static int
journey_options_rights(journey_options_t *opts, unsigned option,
    const char *value, journey_error_t *err)
{
    switch (option) {

    case JOURNEY_OPT_ID:
        return journey_options_append(&opts->ids, &opts->nids, value);

    case JOURNEY_OPT_USER:
        opts->user = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_EXACT:
        opts->exact = 1;
        return JOURNEY_OK;

    case JOURNEY_OPT_OLDER:
        opts->older = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_DRY_RUN:
        opts->dry_run = 1;
        return JOURNEY_OK;

    case JOURNEY_OPT_FORCE:
        opts->force = 1;
        return JOURNEY_OK;

    case JOURNEY_OPT_PID:
        opts->pid = value;
        return JOURNEY_OK;

    default: /* JOURNEY_OPT_WAIT */
        return journey_span_parse(value, &opts->wait, err);
    }
}


/* The place of a word among n. */

static int
journey_options_word(const char *value, const char *const *words, unsigned n,
    unsigned *place, journey_error_t *err)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (strcmp(value, words[i]) == 0) {
            *place = i;
            return JOURNEY_OK;
        }
    }

    return journey_error(err, "\"%s\" is neither %s, %s nor %s", value,
                         words[0], words[1], words[2]);
}


/* Those of single tables. */

static int
journey_options_tables(journey_options_t *opts, unsigned option,
    const char *value, journey_error_t *err)
{
    unsigned  place;

    static const char *const  periods[] = { "week", "day", "month" };
    static const char *const  places[] = { "country", "region", "city" };

    switch (option) {

    case JOURNEY_OPT_PERIOD:
        if (journey_options_word(value, periods, 3, &place, err)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        opts->period = (journey_period_e) place;
        opts->periods = 1;
        return JOURNEY_OK;

    case JOURNEY_OPT_FUNNEL:
        opts->funnel = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_WINDOW:
        return journey_span_parse(value, &opts->window, err);

    case JOURNEY_OPT_ENTRY:
        if (*value != '/' && *value != '*') {
            return journey_error(err, "\"%s\" is no path", value);
        }

        return journey_options_append(&opts->entries, &opts->nentries, value);

    default: /* JOURNEY_OPT_BY */
        if (journey_options_word(value, places, 3, &place, err)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        opts->by = (journey_by_e) place;
        opts->places = 1;
        return JOURNEY_OK;
    }
}


static int
journey_options_set(journey_options_t *opts, unsigned option,
    const char *value, const char **times, journey_error_t *err)
{
    long  n;

    if (option >= JOURNEY_OPT_PERIOD) {
        return journey_options_tables(opts, option, value, err);
    }

    if (option >= JOURNEY_OPT_PATHS) {
        return journey_attribution_option(opts,
                                          journey_option_table[option].name,
                                          value, err);
    }

    if (option >= JOURNEY_OPT_BASE && option <= JOURNEY_OPT_LEVEL) {
        return journey_options_link(opts, option, value, err);
    }

    if (option >= JOURNEY_OPT_VISITORS && option <= JOURNEY_OPT_EFFECTS) {
        return journey_options_simulate(opts, option, value, err);
    }

    switch (option) {

    case JOURNEY_OPT_CONF:
        opts->conf = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_SINCE:
    case JOURNEY_OPT_UNTIL:
    case JOURNEY_OPT_TZ:
        /* read when all three are known */
        times[option - JOURNEY_OPT_SINCE] = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_HOST:
        return journey_options_append(&opts->hosts, &opts->nhosts, value);

    case JOURNEY_OPT_GOAL:
        return journey_options_append(&opts->goals, &opts->ngoals, value);

    case JOURNEY_OPT_CURRENCY:
        opts->currency = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_IDLE:
        return journey_span_parse(value, &opts->idle, err);

    case JOURNEY_OPT_LIMIT:
        return journey_options_number(value, &opts->limit, err);

    case JOURNEY_OPT_JSON:
        opts->format = JOURNEY_FORMAT_JSON;
        return JOURNEY_OK;

    case JOURNEY_OPT_CSV:
        opts->format = JOURNEY_FORMAT_CSV;
        return JOURNEY_OK;

    case JOURNEY_OPT_REFERRER:
        opts->referrer = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_URL:
        opts->url = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_AGENT:
        opts->agent = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_SECRET:
        opts->secret = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_NAME:
        opts->cookie = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_REPAIR:
        opts->repair = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_STATUS:
        opts->status = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_OWN_HOST:
    case JOURNEY_OPT_OUTPUT:
    case JOURNEY_OPT_OFFLINE:
        return journey_options_import(opts, option, value);

    case JOURNEY_OPT_VIEWS:
        opts->views = 1;
        return JOURNEY_OK;

    case JOURNEY_OPT_HTML:
        opts->html = value;
        return JOURNEY_OK;

    case JOURNEY_OPT_LINES:
        return journey_options_number(value, &opts->lines, err);

    case JOURNEY_OPT_ALL:
        opts->all = 1;
        return JOURNEY_OK;

    case JOURNEY_OPT_MIN_VISITORS:
        if (journey_options_number(value, &n, err) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        opts->min_visitors = (uint64_t) n;
        return JOURNEY_OK;

    case JOURNEY_OPT_MEMORY:
        return journey_options_memory(value, &opts->memory, err);

    default:
        return journey_options_rights(opts, option, value, err);
    }
}


/* The option that arg names, JOURNEY_OPT_LAST for none; *value is what
 * follows its "=". */

static unsigned
journey_options_find(const journey_options_t *opts, const char *arg,
    const char **value)
{
    size_t    len;
    unsigned  i;

    len = strcspn(arg, "=");
    *value = (arg[len] == '=') ? arg + len + 1 : NULL;

    for (i = 0; i < JOURNEY_OPT_LAST; i++) {
        if ((opts->command->options & journey_option_table[i].group)
            && strlen(journey_option_table[i].name) == len
            && memcmp(arg, journey_option_table[i].name, len) == 0)
        {
            break;
        }
    }

    return i;
}


static int
journey_options_times(journey_options_t *opts, const char **times,
    journey_error_t *err)
{
    if (times[2] == NULL && (opts->command->options & JOURNEY_OPTIONS_TAIL)) {
        journey_zone_local(&opts->zone);

    } else if (journey_zone_set(&opts->zone, times[2] ? times[2] : "UTC", err)
               != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    if (times[0] != NULL
        && journey_time_parse(&opts->zone, times[0], &opts->since, err)
           != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    if (times[1] != NULL
        && journey_time_parse(&opts->zone, times[1], &opts->until, err)
           != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    if (opts->until <= opts->since) {
        return journey_error(err, "--until is not after --since");
    }

    return JOURNEY_OK;
}


/* The options behind the command; arguments are gathered at the front of
 * argv. */

static int
journey_options_parse(journey_options_t *opts,
    const journey_command_t *commands, int argc, char **argv)
{
    int               i;
    unsigned          option;
    const char       *value, *times[3];
    journey_error_t   err;

    times[0] = times[1] = times[2] = NULL;

    opts->args = argv;

    for (i = 0; i < argc; i++) {

        if (opts->nfirst != UINT_MAX
            || argv[i][0] != '-' || argv[i][1] == '\0')
        {
            argv[opts->nargs++] = argv[i];
            continue;
        }

        if (strcmp(argv[i], "--") == 0) {
            opts->nfirst = opts->nargs;
            continue;
        }

        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            journey_help_command(opts->command);
            return JOURNEY_EXIT_OK;
        }

        if (strcmp(argv[i], "--version") == 0) {
            journey_help_version();
            return JOURNEY_EXIT_OK;
        }

        option = (argv[i][1] == '-')
                 ? journey_options_find(opts, argv[i] + 2, &value)
                 : (unsigned) JOURNEY_OPT_LAST;

        if (option == JOURNEY_OPT_LAST) {
            journey_help_unknown_option(opts->command, commands, argv[i]);
            return JOURNEY_EXIT_USAGE;
        }

        if (journey_option_table[option].value == NULL) {
            if (value != NULL) {
                return journey_usage_error(opts, "--%s takes no value",
                                           journey_option_table[option].name);
            }

        } else if (value == NULL) {
            if (i + 1 == argc) {
                return journey_usage_error(opts, "--%s needs a value",
                                           journey_option_table[option].name);
            }

            value = argv[++i];
        }

        err.text[0] = '\0';

        if (journey_options_set(opts, option, value, times, &err)
            != JOURNEY_OK)
        {
            fprintf(stderr, "journey: --%s: %s\n",
                    journey_option_table[option].name,
                    err.text[0] ? err.text : "no memory");
            return JOURNEY_EXIT_USAGE;
        }
    }

    if (journey_options_times(opts, times, &err) != JOURNEY_OK) {
        fprintf(stderr, "journey: %s\n", err.text);
        return JOURNEY_EXIT_USAGE;
    }

    if (opts->html == NULL && opts->funnel != NULL
        && (opts->command->options & JOURNEY_OPTIONS_HTML))
    {
        return journey_usage_error(opts, "%s", "--funnel goes with --html; "
                                   "the command for it is journey funnel");
    }

    if (opts->html != NULL
        && (opts->html[0] == '\0' || opts->format != JOURNEY_FORMAT_TEXT
            || opts->limit != JOURNEY_LIMIT_NONE))
    {
        return journey_usage_error(opts, "%s", opts->html[0] == '\0'
                                   ? "--html needs the name of a file"
                                   : "--html goes with none of --json, --csv "
                                     "and --limit");
    }

    if ((opts->command->options & (JOURNEY_OPTIONS_LOG|JOURNEY_OPTIONS_CHECK
                                   |JOURNEY_OPTIONS_IMPORT))
        && opts->nargs == 0 && opts->paths == NULL)
    {
        return journey_usage_error(opts, "%s",
                                   "no FILE (- is standard input)");
    }

    if ((opts->command->options & JOURNEY_OPTIONS_TAIL) && opts->nargs == 0) {
        return journey_usage_error(opts, "%s", "no FILE");
    }

    return -1;
}


static const journey_command_t *
journey_options_command(const journey_command_t *commands, const char *name)
{
    const char               *near;
    const journey_command_t  *c;

    for (c = commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }

    near = journey_help_near_command(commands, name);

    fprintf(stderr, "journey: unknown command \"%s\"", name);

    if (near != NULL) {
        fprintf(stderr, " (did you mean %s?)", near);
    }

    fprintf(stderr, "; see journey --help\n");

    return NULL;
}


/* journey help [COMMAND | --list] */

static int
journey_options_help(const journey_command_t *commands, int argc, char **argv)
{
    const journey_command_t  *c;

    if (argc > 1) {
        fprintf(stderr, "journey: help is of one command; see journey "
                "--help\n");
        return JOURNEY_EXIT_USAGE;
    }

    if (argc == 0 || strcmp(argv[0], "--help") == 0
        || strcmp(argv[0], "-h") == 0)
    {
        journey_help_commands(commands);
        return JOURNEY_EXIT_OK;
    }

    if (strcmp(argv[0], "--list") == 0) {
        journey_help_list(commands);
        return JOURNEY_EXIT_OK;
    }

    c = journey_options_command(commands, argv[0]);

    if (c == NULL) {
        return JOURNEY_EXIT_USAGE;
    }

    journey_help_command(c);

    return JOURNEY_EXIT_OK;
}


int
journey_options_read(journey_options_t *opts,
    const journey_command_t *commands, int argc, char **argv)
{
    memset(opts, 0, sizeof(journey_options_t));

    opts->until = UINT64_MAX;
    opts->limit = JOURNEY_LIMIT_NONE;
    opts->lines = JOURNEY_LIMIT_NONE;
    opts->visitors = JOURNEY_LIMIT_NONE;
    opts->days = JOURNEY_LIMIT_NONE;
    opts->seed = JOURNEY_LIMIT_NONE;
    opts->idle = JOURNEY_IDLE;
    opts->lookback = JOURNEY_LOOKBACK;
    opts->memory = journey_options_half();
    opts->window = JOURNEY_WINDOW;
    opts->order = 1;
    opts->half_life = JOURNEY_HALF_LIFE;
    opts->cookie = "jny";
    opts->wait = JOURNEY_WAIT;
    opts->nfirst = UINT_MAX;

    if (argc < 2) {
        return journey_usage_error(opts, "%s", "no command");
    }

    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        journey_help_commands(commands);
        return JOURNEY_EXIT_OK;
    }

    if (strcmp(argv[1], "help") == 0) {
        return journey_options_help(commands, argc - 2, argv + 2);
    }

    if (strcmp(argv[1], "--version") == 0) {
        journey_help_version();
        return JOURNEY_EXIT_OK;
    }

    opts->command = journey_options_command(commands, argv[1]);

    return opts->command != NULL
           ? journey_options_parse(opts, commands, argc - 2, argv + 2)
           : JOURNEY_EXIT_USAGE;
}


void
journey_options_free(journey_options_t *opts)
{
    free(opts->hosts);
    free(opts->goals);
    free(opts->ids);
    free(opts->own_hosts);
    free(opts->entries);
}
