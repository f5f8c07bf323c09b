
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey erase: a person's lines out of the logs.  journey prune: lines that
 * are too old.
 */


#ifndef JOURNEY_ERASE_H
#define JOURNEY_ERASE_H


#include "journey_edit.h"


int journey_erase_command(const journey_options_t *opts);
int journey_prune_command(const journey_options_t *opts);

/*
 * Edits all files and prints what became of them; verb is "erased" or
 * "pruned".  Returns the exit code.
 */
int journey_edit_files(const journey_edit_t *edit, char *const *files,
    unsigned nfiles, const char *verb);


#endif /* JOURNEY_ERASE_H */
