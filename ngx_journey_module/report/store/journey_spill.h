
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Events that memory has no room for (--memory): each thread writes those that
 * it gathered to a file of its own, which has no name, by partitions; a
 * visitor's are in one of them, and so are those of all visitors that pv or a
 * user id joins.  A window of the store is as many partitions as there is room
 * for.
 */


#ifndef JOURNEY_SPILL_H
#define JOURNEY_SPILL_H


#include "journey_store.h"


typedef struct journey_spill_s  journey_spill_t;


/*
 * For a store that is initialised; memory is what all of it may take, bytes.
 * Files are made when they are needed, in the folder TMPDIR, else /var/tmp.
 * JOURNEY_ERROR when memory is exhausted.
 */
int journey_spill_create(journey_store_t *store, uint64_t memory);
void journey_spill_free(journey_spill_t *spill);

/* Says which of the input's jobs the part's next events are of; called by the
 * part's thread, with a number that goes up. */
int journey_spill_job(journey_store_t *store, unsigned part, uint64_t number);

/* Writes the part's events to its file when they are too many; called by its
 * thread.  JOURNEY_ERROR when that fails: journey_store_complain() knows why. */
int journey_spill_check(journey_store_t *store, unsigned part);

/* What failed in a thread; NULL: nothing did. */
const journey_error_t *journey_spill_wrong(const journey_spill_t *spill);

/* 1 when something was written. */
int journey_spill_is(const journey_store_t *store);

/* Writes what is still in memory, merges the tables of names; the windows can
 * be read then. */
int journey_spill_finish(journey_store_t *store);

/* Reads the window with that number, from 0, in place of what the store
 * holds.  JOURNEY_DECLINED behind the last one. */
int journey_spill_window(journey_store_t *store, unsigned window);

/* 1 when an event of the window, which is a goal with an order, is not the
 * first to report it. */
int journey_spill_repeated(const journey_store_t *store, uint32_t ref);


#endif /* JOURNEY_SPILL_H */
