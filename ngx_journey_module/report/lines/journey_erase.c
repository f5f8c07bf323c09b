
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_erase.h"
#include "journey_person.h"

#include <stdio.h>


/* Lines that cannot be read are not erased but by force: they may hold more
 * than what they were recognized by. */

static int
journey_erase_line(void *ctx, unsigned thread, const journey_record_t *rec,
    const journey_str_t *line, int near)
{
    journey_person_t  *person;

    person = ctx;

    if (rec == NULL && !person->opts->force) {
        return 0;
    }

    return journey_person_line(ctx, thread, rec, line, near);
}


int
journey_erase_command(const journey_options_t *opts)
{
    int               rc;
    journey_edit_t    edit;
    journey_person_t  person;

    rc = journey_person_init(&person, opts);

    if (rc != JOURNEY_OK) {
        journey_person_free(&person);
        return rc;
    }

    memset(&edit, 0, sizeof(journey_edit_t));

    rc = journey_edit_init(&edit, opts, person.files, person.nfiles);

    if (rc != JOURNEY_OK) {
        journey_person_free(&person);
        return rc;
    }

    edit.judge.line = journey_erase_line;
    edit.judge.ctx = &person;

    rc = JOURNEY_EXIT_DATA;

    if (journey_person_join(&person) == JOURNEY_OK) {
        rc = journey_edit_files(&edit, person.files, person.nfiles, "erased");

        if (person.others != 0) {
            fprintf(stderr, "journey: lines of these visitors that belong to "
                    "another user stay\n");
        }
    }

    journey_person_free(&person);

    return rc;
}
