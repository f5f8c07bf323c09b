
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What the command says of itself: --help, the version, and the tables that
 * the man page, the completion of shells and the tests are made from.
 */


#ifndef JOURNEY_HELP_H
#define JOURNEY_HELP_H


#include "journey_options_table.h"


#define JOURNEY_HELP_EXAMPLES  4


typedef enum {
    JOURNEY_HELP_REPORTS = 0,
    JOURNEY_HELP_LOGS,
    JOURNEY_HELP_TRY,
    JOURNEY_HELP_PRIVACY,
    JOURNEY_HELP_GROUPS                 /* of a command without an entry */
} journey_help_group_e;

typedef struct {
    const char            *about;
    const char            *line;        /* of a shell; lines of at most 76
                                           columns, a longer one goes on
                                           behind a backslash */
} journey_example_t;

/* Of a command besides what journey_command_t has. */
typedef struct {
    const char            *name;
    journey_help_group_e   group;
    const char            *more;        /* lines of at most 78 columns, or
                                           NULL */
    journey_example_t      examples[JOURNEY_HELP_EXAMPLES];
} journey_help_t;


extern const char *const   journey_help_groups[JOURNEY_HELP_GROUPS + 1];

/* The last has no name. */
extern const journey_help_t  journey_help_table[];

/* The words that are values of an option, with blanks between; NULL: any
 * value may be. */
extern const char *const   journey_help_words[JOURNEY_OPT_LAST];


void journey_help_commands(const journey_command_t *commands);
void journey_help_command(const journey_command_t *command);

/* The version, and those of the libraries. */
void journey_help_version(void);

/*
 * All of it for programs: lines of fields with tabs between, the first says
 * what the others are.
 *
 *   version  NUMBER
 *   group    TITLE
 *   command  NAME GROUP ARGUMENTS ABOUT
 *   more     NAME TEXT              a paragraph
 *   takes    NAME OPTION…           blanks between
 *   example  NAME ABOUT
 *   line     NAME TEXT              of the example before
 *   option   NAME VALUE ABOUT
 *   words    OPTION WORD…           blanks between
 */
void journey_help_list(const journey_command_t *commands);


/* The name of a command that word was likely meant to be; NULL without one. */
const char *journey_help_near_command(const journey_command_t *commands,
    const char *word);

/* Says that arg is no option of the command, and whose it is or what it was
 * likely meant to be. */
void journey_help_unknown_option(const journey_command_t *command,
    const journey_command_t *commands, const char *arg);


#endif /* JOURNEY_HELP_H */
