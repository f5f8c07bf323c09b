
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_link_cmd.h"
#include "journey_link.h"
#include "journey_table.h"

#include <errno.h>
#include <stdlib.h>


#define JOURNEY_LINK_HOSTS  8           /* with to= in the comment */


static const journey_column_t  journey_link_columns[] = {
    { "url", "url", JOURNEY_CELL_STRING },
    { "target", "target", JOURNEY_CELL_STRING },
    { "code", "code", JOURNEY_CELL_STRING },
    { "signature", "signature", JOURNEY_CELL_STRING },
    { "map", "map", JOURNEY_CELL_STRING },
    { "svg", "svg", JOURNEY_CELL_STRING }
};

#define JOURNEY_LINK_COLUMNS                                                  \
    (sizeof(journey_link_columns) / sizeof(journey_link_columns[0]))


/* One target a line; empty lines and comments are none. */

static int
journey_link_stdin(journey_linker_t *linker)
{
    int                  rc;
    char                *line, place[48];
    size_t               size;
    ssize_t              len;
    unsigned long long   number;

    rc = JOURNEY_OK;
    line = NULL;
    size = 0;
    number = 0;

    while (rc == JOURNEY_OK && (len = getline(&line, &size, stdin)) > 0) {
        number++;

        while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL
               && line[len - 1] != '\0')
        {
            len--;
        }

        if (len == 0 || line[0] == '#') {
            continue;
        }

        (void) snprintf(place, sizeof(place), "stdin:%llu", number);
        rc = journey_link_add(linker, line, (size_t) len, place);
    }

    free(line);

    if (rc == JOURNEY_OK && ferror(stdin)) {
        fprintf(stderr, "journey: cannot read stdin: %s\n", strerror(errno));
        linker->failed = 1;
    }

    return rc;
}


/* ---- what is printed ---------------------------------------------------- */

/* Where the lines of a map belong, and the hosts that have to be named. */

static void
journey_link_print_head(const journey_linker_t *linker)
{
    size_t                i, k, n;
    const journey_str_t  *host;

    printf("# In http, with the lines below in a file:\n"
           "#     map $code $target { include FILE; }\n"
           "# In server:\n"
           "#     location ~ \"^");

    for (i = 0; i < linker->path.len; i++) {
        printf("%s%c", linker->path.data[i] == '.' ? "\\" : "",
               linker->path.data[i]);
    }

    printf("(?<code>\\w+)$\" { journey_redirect $target");

    for (i = 0, n = 0; i < linker->nlinks; i++) {
        host = &linker->links[i].host;

        if (host->len == 0 || journey_strcmp(host, &linker->host) == 0) {
            continue;
        }

        for (k = 0; k < i; k++) {
            if (journey_strcmp(host, &linker->links[k].host) == 0) {
                break;
            }
        }

        if (k < i) {
            continue;
        }

        if (n++ == JOURNEY_LINK_HOSTS) {
            printf(" to=…");
            break;
        }

        printf(" to=%.*s", (int) host->len, host->data);
    }

    printf("; }\n");
}


static void
journey_link_print_text(const journey_linker_t *linker)
{
    size_t                  i;
    journey_output_t        out;
    const journey_link_t   *link;

    journey_output_init(&out, stdout, &linker->opts->zone);

    if (linker->keys == NULL && linker->nlinks > 0) {
        journey_link_print_head(linker);
    }

    for (i = 0; i < linker->nlinks; i++) {
        link = &linker->links[i];

        if (link->map.len == 0) {
            printf("%s\n", link->url.data);

        } else {
            printf("\n# %s\n%.*s\n", link->url.data, (int) link->map.len,
                   link->map.data);
        }

        if (linker->opts->qr) {

            /* a comment in a map, whose lines may go to a file */

            journey_qr_text(&link->qr, stdout, link->map.len ? "# " : "",
                            out.colour);
        }
    }
}


static int
journey_link_print_json(const journey_linker_t *linker)
{
    size_t                 i;
    unsigned               k;
    journey_cell_t        *cell;
    journey_table_t        table;
    journey_output_t       out;
    const journey_link_t  *link;

    journey_table_init(&table, linker->pool, "link", NULL,
                       journey_link_columns, JOURNEY_LINK_COLUMNS);

    for (i = 0; i < linker->nlinks; i++) {
        link = &linker->links[i];

        cell = journey_table_row(&table);
        if (cell == NULL) {
            journey_table_free(&table);
            return JOURNEY_ERROR;
        }

        cell[0].u.str = link->url;
        cell[1].u.str = link->target;
        cell[2].u.str = link->code;
        cell[3].u.str = link->signature;
        cell[4].u.str = link->map;
        cell[5].u.str = link->svg;

        for (k = 0; k < JOURNEY_LINK_COLUMNS; k++) {
            cell[k].null = (cell[k].u.str.data == NULL);
        }
    }

    journey_output_init(&out, stdout, &linker->opts->zone);
    journey_tables_json(&out, &table, 1);
    journey_table_free(&table);

    return JOURNEY_OK;
}


/* ---- the command -------------------------------------------------------- */

/* 1 when the command line will do. */

static int
journey_link_usage(const journey_options_t *opts)
{
    unsigned     i;
    const char  *wrong;

    wrong = NULL;

    if (opts->nargs == 0) {
        wrong = "needs a TARGET (- is standard input, one a line)";

    } else if (opts->base == NULL) {
        wrong = "needs --base URL, that of a location with journey_redirect";

    } else if (opts->secret == NULL && !opts->code) {
        wrong = "needs --secret FILE, the file of journey_secret, or --code";

    } else if (opts->secret != NULL && opts->code) {
        wrong = "makes signed links with --secret, or codes with --code, not "
                "both";

    } else if (opts->code_length != 0 && !opts->code) {
        wrong = "takes --length with --code alone";

    } else if (opts->level != '\0' && !opts->qr && opts->svg == NULL) {
        wrong = "takes --level with --qr or --svg alone";

    } else if (opts->qr && opts->format == JOURNEY_FORMAT_JSON) {
        wrong = "prints --qr for people: with --json there is --svg";

    } else if (opts->svg != NULL && *opts->svg == '\0') {
        wrong = "needs the name of a file for --svg";

    } else if (opts->svg != NULL && opts->svg[strlen(opts->svg) - 1] != '/') {

        for (i = 0; i < opts->nargs; i++) {
            if (opts->nargs > 1 || strcmp(opts->args[i], "-") == 0) {
                wrong = "needs a folder (--svg NAME/) for the pictures of "
                        "several links";
            }
        }
    }

    if (wrong != NULL) {
        fprintf(stderr, "journey: link %s\n", wrong);
        return 0;
    }

    return 1;
}


static int
journey_link_run(journey_linker_t *linker, const journey_options_t *opts)
{
    int       rc;
    unsigned  i;

    rc = journey_linker_init(linker, opts);

    if (rc != JOURNEY_OK) {
        return (rc == JOURNEY_ERROR) ? rc : JOURNEY_EXIT_USAGE;
    }

    for (i = 0; i < opts->nargs; i++) {

        rc = (strcmp(opts->args[i], "-") == 0)
             ? journey_link_stdin(linker)
             : journey_link_add(linker, opts->args[i],
                                strlen(opts->args[i]), NULL);

        if (rc != JOURNEY_OK) {
            return rc;
        }
    }

    if (opts->format == JOURNEY_FORMAT_JSON) {
        if (journey_link_print_json(linker) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

    } else {
        journey_link_print_text(linker);
    }

    return linker->failed ? JOURNEY_EXIT_DATA : JOURNEY_EXIT_OK;
}


int
journey_link_command(const journey_options_t *given)
{
    int                rc;
    journey_linker_t   linker;
    journey_options_t  opts;

    if (!journey_link_usage(given)) {
        return JOURNEY_EXIT_USAGE;
    }

    opts = *given;
    opts.level = given->level ? given->level : 'M';
    opts.code_length = given->code_length ? given->code_length
                                          : JOURNEY_LINK_CODE;

    rc = journey_link_run(&linker, &opts);

    if (rc == JOURNEY_ERROR) {
        fprintf(stderr, "journey: not enough memory\n");
        rc = JOURNEY_EXIT_DATA;
    }

    journey_linker_free(&linker);

    return rc;
}
