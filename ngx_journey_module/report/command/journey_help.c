
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_help.h"

#include <maxminddb.h>
#include <openssl/crypto.h>
#define PCRE2_CODE_UNIT_WIDTH  8
#include <pcre2.h>
#include <qrencode.h>
#include <stdio.h>
#include <zlib.h>

#ifdef JOURNEY_LIBDEFLATE
#include <libdeflate.h>
#endif


#define JOURNEY_HELP_NAME  17           /* columns of an option with VALUE */

/* Options that all readers of logs have; each command's own come first. */
#define JOURNEY_HELP_COMMON                                                   \
    (JOURNEY_OPTIONS_LOG|JOURNEY_OPTIONS_CONF|JOURNEY_OPTIONS_FORMAT)


static const journey_help_t  journey_help_none = {
    NULL, JOURNEY_HELP_GROUPS, NULL, { { NULL, NULL } }
};


static const journey_help_t *
journey_help_find(const journey_command_t *command)
{
    const journey_help_t  *help;

    for (help = journey_help_table; help->name != NULL; help++) {
        if (strcmp(help->name, command->name) == 0) {
            return help;
        }
    }

    return &journey_help_none;
}


void
journey_help_commands(const journey_command_t *commands)
{
    unsigned                  group, n;
    const journey_command_t  *c;

    printf("Usage: journey COMMAND [OPTION…] [ARGUMENT…]\n\n"
           "What the journey log of nginx tells: where visitors came from, "
           "how far they\ngot, what they reached.\n");

    for (group = 0; group <= JOURNEY_HELP_GROUPS; group++) {

        for (c = commands, n = 0; c->name != NULL; c++) {

            if (journey_help_find(c)->group != group) {
                continue;
            }

            if (n++ == 0) {
                printf("\n%s:\n", journey_help_groups[group]);
            }

            printf("  %-11s %s\n", c->name, c->about);
        }
    }

    printf("\n"
           "Files may be plain or gzip, several, or - for standard input.\n"
           "Options and examples of a command: journey help COMMAND, or\n"
           "journey COMMAND --help.\n"
           "\n"
           "Exit status:\n"
           "  0  all is well\n"
           "  1  something could not be read or written, or is not as it "
           "must be;\n"
           "     it is named on standard error, and the rest is done\n"
           "  2  the command line or the configuration is wrong\n"
           "\n"
           "Environment:\n"
           "  COLUMNS   width of tables where the output is no terminal\n"
           "  NO_COLOR  not empty: no colours; TERM=dumb: none, either\n"
           "  TMPDIR    folder of temporary files (default /var/tmp)\n"
           "  TZ        zone of tail's times, unless there is --tz\n");
}


/* One option with its lines. */

static void
journey_help_option(const journey_option_t *opt)
{
    char         name[48];
    const char  *p, *end;

    snprintf(name, sizeof(name), "--%s%s%s", opt->name,
             opt->value ? " " : "", opt->value ? opt->value : "");

    if (strlen(name) > JOURNEY_HELP_NAME) {
        printf("  %s\n", name);
        name[0] = '\0';
    }

    for (p = opt->about; /* void */ ; p = end + 1) {
        end = strchr(p, '\n');

        printf("  %-*s %.*s\n", JOURNEY_HELP_NAME,
               p == opt->about ? name : "",
               end ? (int) (end - p) : (int) strlen(p), p);

        if (end == NULL) {
            break;
        }
    }
}


/* Of a command that reads logs, or its own: an option may be one of all that
 * do, and of others besides. */

static void
journey_help_options(const journey_command_t *command, unsigned logs,
    const char *title)
{
    unsigned                 i, common;
    const journey_option_t  *opt;

    for (i = 0; i < JOURNEY_OPT_LAST; i++) {
        opt = &journey_option_table[i];

        if (!(opt->group & command->options)) {
            continue;
        }

        common = (command->options & JOURNEY_OPTIONS_LOG) != 0
                 && (opt->group & command->options & JOURNEY_HELP_COMMON) != 0;

        if (common != logs) {
            continue;
        }

        if (title != NULL) {
            printf("\n%s:\n", title);
            title = NULL;
        }

        journey_help_option(opt);
    }
}


void
journey_help_command(const journey_command_t *command)
{
    unsigned               i;
    const char            *p;
    const journey_help_t  *help;

    help = journey_help_find(command);

    printf("Usage: journey %s [OPTION…]%s%s\n\n%s\n", command->name,
           *command->args ? " " : "", command->args, command->about);

    if (help->more != NULL) {
        printf("\n%s\n", help->more);
    }

    journey_help_options(command, 0, "Options");
    journey_help_options(command, 1, "Options of all that read logs");

    printf("  %-17s %s\n  %-17s %s\n", "--help", "this text", "--version",
           "the version, and those of libraries");

    for (i = 0; i < JOURNEY_HELP_EXAMPLES; i++) {

        if (help->examples[i].line == NULL) {
            break;
        }

        printf("%s  # %s\n  ", i == 0 ? "\nExamples:\n" : "\n",
               help->examples[i].about);

        for (p = help->examples[i].line; *p != '\0'; p++) {
            putchar(*p);

            if (*p == '\n') {
                fputs("  ", stdout);
            }
        }

        putchar('\n');
    }
}


void
journey_help_version(void)
{
    char  pcre2[64];

    pcre2[0] = '\0';
    (void) pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
    pcre2[strcspn(pcre2, " ")] = '\0';

    printf("journey %s\nzlib %s, ", JOURNEY_VERSION, zlibVersion());

#ifdef JOURNEY_LIBDEFLATE
    printf("libdeflate %s, ", LIBDEFLATE_VERSION_STRING);
#endif

    printf("OpenSSL %s,\nPCRE2 %s, libmaxminddb %s, libqrencode %s\n",
           OpenSSL_version(OPENSSL_VERSION_STRING), pcre2, MMDB_lib_version(),
           QRcode_APIVersionString());
}


/* Text whose lines are one. */

static void
journey_help_flat(const char *p)
{
    for ( /* void */ ; *p != '\0'; p++) {
        putchar(*p == '\n' ? ' ' : *p);
    }

    putchar('\n');
}


static void
journey_help_list_command(const journey_command_t *c)
{
    unsigned               i;
    const char            *p, *end;
    const journey_help_t  *help;

    help = journey_help_find(c);

    printf("command\t%s\t%s\t%s\t%s\n", c->name,
           journey_help_groups[help->group], c->args, c->about);

    if (help->more != NULL) {
        printf("more\t%s\t", c->name);
        journey_help_flat(help->more);
    }

    printf("takes\t%s\t", c->name);

    for (i = 0; i < JOURNEY_OPT_LAST; i++) {
        if (journey_option_table[i].group & c->options) {
            printf("%s ", journey_option_table[i].name);
        }
    }

    printf("help version\n");

    for (i = 0; i < JOURNEY_HELP_EXAMPLES; i++) {

        if (help->examples[i].line == NULL) {
            break;
        }

        printf("example\t%s\t%s\n", c->name, help->examples[i].about);

        for (p = help->examples[i].line; /* void */ ; p = end + 1) {
            end = p + strcspn(p, "\n");
            printf("line\t%s\t%.*s\n", c->name, (int) (end - p), p);

            if (*end == '\0') {
                break;
            }
        }
    }
}


void
journey_help_list(const journey_command_t *commands)
{
    unsigned                  i;
    const journey_option_t   *opt;
    const journey_command_t  *c;

    printf("version\t%s\n", JOURNEY_VERSION);

    for (i = 0; i <= JOURNEY_HELP_GROUPS; i++) {
        printf("group\t%s\n", journey_help_groups[i]);
    }

    for (c = commands; c->name != NULL; c++) {
        journey_help_list_command(c);
    }

    for (i = 0; i < JOURNEY_OPT_LAST; i++) {
        opt = &journey_option_table[i];

        printf("option\t%s\t%s\t", opt->name, opt->value ? opt->value : "");
        journey_help_flat(opt->about);

        if (journey_help_words[i] != NULL) {
            printf("words\t%s\t%s\n", opt->name, journey_help_words[i]);
        }
    }

    printf("option\thelp\t\tthe options of the command, with examples\n"
           "option\tversion\t\tthe version, and those of the libraries\n");
}
