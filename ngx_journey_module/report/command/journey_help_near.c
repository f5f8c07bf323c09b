
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Names that are not known.  "did you mean": the one that is the fewest slips
 * of the fingers away.
 */


#include "journey_help.h"

#include <limits.h>


#define JOURNEY_NEAR_MAX  31            /* letters of a name */
#define JOURNEY_NEAR_NAMED 6            /* commands that take an option */


/*
 * How many letters have to be put in, left out, changed, or changed with their
 * neighbour, to make one of the other (optimal string alignment).  UINT_MAX
 * for words that are too long to be compared.
 */

static unsigned
journey_near_slips(const char *one, size_t n, const char *two)
{
    size_t    i, j, m;
    unsigned  rows[3][JOURNEY_NEAR_MAX + 1], *before, *last, *row, slips;

    m = strlen(two);

    if (n > JOURNEY_NEAR_MAX || m > JOURNEY_NEAR_MAX) {
        return UINT_MAX;
    }

    for (j = 0; j <= m; j++) {
        rows[0][j] = (unsigned) j;
    }

    for (i = 1; i <= n; i++) {
        row = rows[i % 3];
        last = rows[(i - 1) % 3];
        before = rows[(i + 1) % 3];     /* of i - 2 */

        row[0] = (unsigned) i;

        for (j = 1; j <= m; j++) {
            slips = last[j - 1] + (one[i - 1] != two[j - 1]);
            slips = journey_min(slips, last[j] + 1);
            slips = journey_min(slips, row[j - 1] + 1);

            if (i > 1 && j > 1 && one[i - 1] == two[j - 2]
                && one[i - 2] == two[j - 1])
            {
                slips = journey_min(slips, before[j - 2] + 1);
            }

            row[j] = slips;
        }
    }

    return rows[n % 3][m];
}


/*
 * How far a name is from a word; UINT_MAX when nobody would have meant it.
 * One slip in three letters is one; a word that is cut short is one, too.
 */

static unsigned
journey_near(const char *word, size_t len, const char *name)
{
    unsigned  slips;

    if (len >= 3 && len < strlen(name) && memcmp(word, name, len) == 0) {
        return 1;
    }

    slips = journey_near_slips(word, len, name);

    return slips <= (journey_max(len, strlen(name)) + 1) / 3 ? slips
                                                             : UINT_MAX;
}


const char *
journey_help_near_command(const journey_command_t *commands, const char *word)
{
    unsigned                  slips, least;
    const char               *found;
    const journey_command_t  *c;

    found = NULL;
    least = UINT_MAX;

    for (c = commands; c->name != NULL; c++) {
        slips = journey_near(word, strlen(word), c->name);

        if (slips < least) {
            least = slips;
            found = c->name;
        }
    }

    return found;
}


static const char *
journey_help_near_option(const journey_command_t *command, const char *word)
{
    size_t       len;
    unsigned     i, slips, least;
    const char  *found;

    while (*word == '-') {
        word++;
    }

    len = strcspn(word, "=");
    found = NULL;
    least = UINT_MAX;

    for (i = 0; i < JOURNEY_OPT_LAST; i++) {

        if (!(journey_option_table[i].group & command->options)) {
            continue;
        }

        slips = journey_near(word, len, journey_option_table[i].name);

        if (slips < least) {
            least = slips;
            found = journey_option_table[i].name;
        }
    }

    return found;
}


/* The commands that take an option of this name; 0 when none does. */

static unsigned
journey_help_elsewhere(const journey_command_t *commands, const char *arg)
{
    size_t                    len;
    unsigned                  i, n, all;
    const journey_command_t  *c;

    len = strcspn(arg, "=");

    for (i = 0; i < JOURNEY_OPT_LAST; i++) {
        if (strlen(journey_option_table[i].name) == len
            && memcmp(arg, journey_option_table[i].name, len) == 0)
        {
            break;
        }
    }

    if (i == JOURNEY_OPT_LAST) {
        return 0;
    }

    for (c = commands, all = 0; c->name != NULL; c++) {
        all += ((c->options & journey_option_table[i].group) != 0);
    }

    for (c = commands, n = 0; c->name != NULL; c++) {
        if (!(c->options & journey_option_table[i].group)) {
            continue;
        }

        if (all > JOURNEY_NEAR_NAMED && n == JOURNEY_NEAR_NAMED - 1) {
            fprintf(stderr, " and %u others", all - n);
            break;
        }

        fprintf(stderr, "%s%s", n == 0 ? " (" : n + 1 == all ? " and " : ", ",
                c->name);
        n++;
    }

    fprintf(stderr, " take%s it)", all == 1 ? "s" : "");

    return all;
}


void
journey_help_unknown_option(const journey_command_t *command,
    const journey_command_t *commands, const char *arg)
{
    const char  *near;

    fprintf(stderr, "journey: unknown option \"%s\"", arg);

    if (strncmp(arg, "--", 2) != 0
        || journey_help_elsewhere(commands, arg + 2) == 0)
    {
        near = (strlen(arg) > 2) ? journey_help_near_option(command, arg)
                                 : NULL;

        if (near != NULL) {
            fprintf(stderr, " (did you mean --%s?)", near);
        }
    }

    fprintf(stderr, "; see journey %s --help\n", command->name);
}
