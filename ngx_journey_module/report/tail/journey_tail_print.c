
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Strings of a log reach the terminal through journey_text_print() alone.
 */


#include "journey_tail_print.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>


#define JOURNEY_TAIL_VISITOR  7         /* letters of an id */
#define JOURNEY_TAIL_WORD     7         /* "offline" */

#define JOURNEY_TAIL_PLAIN    "\033[0m"
#define JOURNEY_TAIL_DIM      "\033[2m"


/* A line on its way: what is left of the terminal's width. */

typedef struct {
    journey_output_t   *out;
    unsigned            left;
    unsigned            blanks;         /* before what comes next */
} journey_tail_row_t;


/* What steers no terminal and is told apart on light and on dark. */

static const char  *journey_tail_colours[] = {
    "\033[31m", "\033[32m", "\033[33m", "\033[34m", "\033[35m", "\033[36m",
    "\033[91m", "\033[92m", "\033[93m", "\033[94m", "\033[95m", "\033[96m"
};

#define JOURNEY_TAIL_COLOURS                                                  \
    (sizeof(journey_tail_colours) / sizeof(journey_tail_colours[0]))


void
journey_tail_print_init(journey_tail_print_t *print,
    const journey_options_t *opts)
{
    memset(print, 0, sizeof(journey_tail_print_t));

    journey_output_init(&print->out, stdout, &opts->zone);

    print->terminal = isatty(STDOUT_FILENO);
    print->raw = (opts->format == JOURNEY_FORMAT_JSON);
}


void
journey_tail_print_free(journey_tail_print_t *print)
{
    free(print->host.data);
}


int
journey_tail_wanted(const journey_record_t *rec, unsigned all)
{
    if (all) {
        return 1;
    }

    if (rec->bot.len != 0 || rec->prefetched) {
        return 0;
    }

    switch (rec->kind) {

    case JOURNEY_EVENT_PAGE:
        return rec->channel.len != 0;

    case JOURNEY_EVENT_ERROR:
        return 0;

    default:
        return 1;
    }
}


/* Columns that are used before the next part; none are printed at the end of a
 * line. */

static void
journey_tail_gap(journey_tail_row_t *row, unsigned n)
{
    row->blanks += n;
}


static unsigned
journey_tail_put(journey_tail_row_t *row, journey_str_t str,
    const char *colour)
{
    unsigned  used;

    if (str.len == 0 || row->left <= row->blanks) {
        row->left = (str.len == 0) ? row->left : 0;
        return 0;
    }

    row->left -= row->blanks;

    for ( /* void */ ; row->blanks > 0; row->blanks--) {
        fputc(' ', row->out->file);
    }

    if (colour != NULL && row->out->colour) {
        fputs(colour, row->out->file);
    }

    used = journey_text_print(row->out->file, &str, row->left);
    row->left -= used;

    if (colour != NULL && row->out->colour) {
        fputs(JOURNEY_TAIL_PLAIN, row->out->file);
    }

    return used;
}


static unsigned
journey_tail_text(journey_tail_row_t *row, const char *text,
    const char *colour)
{
    journey_str_t  str;

    str.data = (u_char *) text;
    str.len = strlen(text);

    return journey_tail_put(row, str, colour);
}


/* The same, as wide as width at least. */

static void
journey_tail_cell(journey_tail_row_t *row, journey_str_t str, unsigned width,
    const char *colour)
{
    unsigned  used;

    used = journey_tail_put(row, str, colour);

    if (used < width) {
        journey_tail_gap(row, width - used);
    }

    journey_tail_gap(row, 2);
}


/* The time of day; a line of its own where another day begins. */

static void
journey_tail_time(journey_tail_print_t *print, journey_tail_row_t *row,
    uint64_t t)
{
    char   *p, *end, time[JOURNEY_TIME_LEN];
    FILE   *file;

    /* "2026-11-22 07:00:03 UTC", "… ms" for what is no time */

    journey_time_format_seconds(row->out->zone, t, time);

    p = strchr(time, ' ');
    end = (p == NULL) ? NULL : strchr(p + 1, ' ');

    if (end == NULL || p - time >= (ptrdiff_t) sizeof(print->day)) {
        (void) journey_tail_text(row, time, JOURNEY_TAIL_DIM);
        return;
    }

    *p++ = '\0';
    *end++ = '\0';

    if (strcmp(time, print->day) != 0) {
        memcpy(print->day, time, strlen(time) + 1);

        file = row->out->file;
        fprintf(file, "%s%s %s%s\n", row->out->colour ? JOURNEY_TAIL_DIM : "",
                time, end, row->out->colour ? JOURNEY_TAIL_PLAIN : "");
    }

    (void) journey_tail_text(row, p, JOURNEY_TAIL_DIM);
}


static void
journey_tail_visitor(journey_tail_row_t *row, const journey_str_t *visitor)
{
    uint32_t       hash;
    journey_str_t  id;

    if (visitor->len == 0) {
        journey_str_set(&id, "-");
        journey_tail_cell(row, id, JOURNEY_TAIL_VISITOR, NULL);
        return;
    }

    id = *visitor;
    id.len = journey_utf8_cut(id.data, journey_min(id.len, 256),
                              JOURNEY_TAIL_VISITOR);
    hash = journey_hash(visitor->data, visitor->len);

    journey_tail_cell(row, id, JOURNEY_TAIL_VISITOR,
                      journey_tail_colours[hash % JOURNEY_TAIL_COLOURS]);
}


/* "google / organic / campaign" */

static void
journey_tail_origin(journey_tail_row_t *row, const journey_record_t *rec)
{
    unsigned       i, n;
    journey_str_t  parts[3];

    parts[0] = rec->source;
    parts[1] = rec->medium;
    parts[2] = rec->campaign;

    for (i = 0, n = 0; i < 3; i++) {
        if (parts[i].len == 0) {
            continue;
        }

        if (n++ != 0) {
            (void) journey_tail_text(row, " / ", JOURNEY_TAIL_DIM);
        }

        (void) journey_tail_put(row, parts[i], NULL);
    }

    if (n != 0) {
        journey_tail_gap(row, 2);
    }
}


static void
journey_tail_page(journey_tail_print_t *print, journey_tail_row_t *row,
    const journey_record_t *rec)
{
    if (print->hosts) {
        (void) journey_tail_put(row, rec->host, JOURNEY_TAIL_DIM);
    }

    (void) journey_tail_put(row, rec->path, NULL);

    if (rec->phase.len != 0) {
        (void) journey_tail_text(row, " (", NULL);
        (void) journey_tail_put(row, rec->phase, NULL);
        (void) journey_tail_text(row, ")", NULL);
    }
}


static void
journey_tail_goal(journey_tail_print_t *print, journey_tail_row_t *row,
    const journey_record_t *rec)
{
    char      value[352];
    uint32_t  i;

    (void) journey_tail_put(row, rec->goal, "\033[1m");

    if (rec->has_value) {
        journey_text_money(value, rec->value);
        (void) journey_tail_text(row, " ", NULL);
        (void) journey_tail_text(row, value, NULL);

        if (rec->currency.len != 0) {
            (void) journey_tail_text(row, " ", NULL);
            (void) journey_tail_put(row, rec->currency, NULL);
        }
    }

    if (rec->ntouches != 0) {
        journey_tail_gap(row, 2);
    }

    for (i = 0; i < rec->ntouches; i++) {

        if (i != 0) {
            (void) journey_tail_text(row, " > ", JOURNEY_TAIL_DIM);
        }

        /* w holds the first and the last ones of wn */

        if (i != 0 && i + 1 == rec->ntouches
            && rec->touches_total > rec->ntouches)
        {
            (void) journey_tail_text(row, "\xe2\x80\xa6 > ", JOURNEY_TAIL_DIM);
        }

        (void) journey_tail_put(row, rec->touches[i], NULL);
    }

    if (rec->done) {
        journey_tail_gap(row, 2);
        (void) journey_tail_text(row, "completes", "\033[32m");
    }

    if (print->hosts && rec->host.len != 0) {
        journey_tail_gap(row, 2);
        (void) journey_tail_put(row, rec->host, JOURNEY_TAIL_DIM);
    }
}


/* What an event is called, and in which colour. */

static void
journey_tail_word(journey_tail_row_t *row, const journey_record_t *rec)
{
    const char     *colour;
    journey_str_t   word;

    word = *journey_event_kind_name(rec->kind);
    colour = NULL;

    if (rec->bot.len != 0) {
        journey_str_set(&word, "bot");

    } else if (rec->kind == JOURNEY_EVENT_PAGE && rec->channel.len != 0) {
        journey_str_set(&word, "touch");
        colour = "\033[36m";

    } else if (rec->kind == JOURNEY_EVENT_GOAL) {
        colour = "\033[1;32m";

    } else if (rec->kind == JOURNEY_EVENT_CLICK
               || rec->kind == JOURNEY_EVENT_OFFLINE)
    {
        colour = "\033[36m";

    } else if (rec->kind == JOURNEY_EVENT_ERROR) {
        colour = "\033[31m";
    }

    journey_tail_cell(row, word, JOURNEY_TAIL_WORD, colour);
}


static void
journey_tail_what(journey_tail_print_t *print, journey_tail_row_t *row,
    const journey_record_t *rec)
{
    char           status[16];
    unsigned       named;
    journey_str_t  bot;

    if (rec->kind == JOURNEY_EVENT_GOAL) {
        journey_tail_goal(print, row, rec);
        return;
    }

    if (rec->bot.len != 0) {
        bot = rec->bot;
        journey_tail_cell(row, bot, 0, NULL);
    }

    if (rec->prefetched) {
        (void) journey_tail_text(row, "prefetched", JOURNEY_TAIL_DIM);
        journey_tail_gap(row, 2);
    }

    if (rec->status != 0) {
        snprintf(status, sizeof(status), "%u", (unsigned) rec->status);
        (void) journey_tail_text(row, status, NULL);
        journey_tail_gap(row, 2);
    }

    named = (rec->source.len != 0 || rec->medium.len != 0
             || rec->campaign.len != 0);

    if (rec->channel.len != 0) {
        journey_tail_cell(row, rec->channel, 14, "\033[1m");
    }

    if (named) {
        journey_tail_origin(row, rec);
    }

    if (rec->path.len == 0 && rec->host.len == 0) {
        return;
    }

    if (named || rec->channel.len != 0) {
        (void) journey_tail_text(row, "\xe2\x86\x92", JOURNEY_TAIL_DIM);
        journey_tail_gap(row, 2);
    }

    journey_tail_page(print, row, rec);
}


/* From the second host on, all lines name theirs. */

static void
journey_tail_host(journey_tail_print_t *print, const journey_str_t *host)
{
    if (print->hosts || host->len == 0) {
        return;
    }

    if (print->host.len != 0) {
        print->hosts = (journey_strcmp(&print->host, host) != 0);
        return;
    }

    print->host.data = malloc(host->len);

    if (print->host.data != NULL) {
        memcpy(print->host.data, host->data, host->len);
        print->host.len = host->len;
    }
}


void
journey_tail_print(journey_tail_print_t *print, const journey_record_t *rec,
    const journey_str_t *line)
{
    journey_tail_row_t  row;

    if (print->raw) {

        /* JSON may hold what a terminal must not see */

        if (print->terminal) {
            (void) journey_text_print(stdout, line, UINT_MAX);

        } else {
            (void) fwrite(line->data, 1, line->len, stdout);
        }

        fputc('\n', stdout);
        return;
    }

    journey_tail_host(print, &rec->host);

    /* the terminal's width may have changed */

    if (print->terminal) {
        journey_output_init(&print->out, stdout, print->out.zone);
    }

    row.out = &print->out;
    row.left = print->terminal ? print->out.width : UINT_MAX;
    row.blanks = 0;

    journey_tail_time(print, &row, rec->time);
    journey_tail_gap(&row, 2);
    journey_tail_visitor(&row, &rec->visitor);
    journey_tail_word(&row, rec);
    journey_tail_what(print, &row, rec);

    fputc('\n', stdout);
}
