
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_erase.h"

#include <stdio.h>
#include <time.h>


/* A line that cannot be read is as old as the one beside it; with none beside
 * it, nobody knows, and it stays. */

static int
journey_prune_line(void *ctx, unsigned thread, const journey_record_t *rec,
    const journey_str_t *line, int near)
{
    const uint64_t  *limit;

    (void) thread;
    (void) line;

    limit = ctx;

    return rec == NULL ? near == 1 : rec->time < *limit;
}


int
journey_prune_command(const journey_options_t *opts)
{
    int              rc;
    char             text[JOURNEY_TIME_LEN];
    uint64_t         limit;
    journey_edit_t   edit;
    journey_error_t  err;

    if (opts->older == NULL) {
        fprintf(stderr, "journey: prune needs --older-than SPAN, for example "
                "25mo; see journey prune --help\n");
        return JOURNEY_EXIT_USAGE;
    }

    if (journey_span_before(opts->older, (uint64_t) time(NULL) * 1000, &limit,
                            &err)
        != JOURNEY_OK)
    {
        fprintf(stderr, "journey: --older-than: %s\n", err.text);
        return JOURNEY_EXIT_USAGE;
    }

    memset(&edit, 0, sizeof(journey_edit_t));

    rc = journey_edit_init(&edit, opts, opts->args, opts->nargs);

    if (rc != JOURNEY_OK) {
        return rc;
    }

    edit.judge.line = journey_prune_line;
    edit.judge.ctx = &limit;
    edit.removes = 1;

    if (opts->format == JOURNEY_FORMAT_TEXT) {
        journey_time_format_seconds(&opts->zone, limit, text);
        printf("lines before %s\n", text);
    }

    return journey_edit_files(&edit, opts->args, opts->nargs, "pruned");
}
