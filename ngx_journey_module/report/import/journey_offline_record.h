
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A record of offline touchpoints, and the event that it becomes.
 */


#ifndef JOURNEY_OFFLINE_RECORD_H
#define JOURNEY_OFFLINE_RECORD_H


#include "journey_conf.h"
#include "journey_record.h"
#include "journey_token.h"


typedef enum {
    JOURNEY_OFFLINE_TIME = 0,
    JOURNEY_OFFLINE_USER,
    JOURNEY_OFFLINE_VISITOR,
    JOURNEY_OFFLINE_KIND,
    JOURNEY_OFFLINE_CHANNEL,
    JOURNEY_OFFLINE_SOURCE,
    JOURNEY_OFFLINE_MEDIUM,
    JOURNEY_OFFLINE_CAMPAIGN,
    JOURNEY_OFFLINE_GOAL,
    JOURNEY_OFFLINE_VALUE,
    JOURNEY_OFFLINE_CURRENCY,
    JOURNEY_OFFLINE_ID,
    JOURNEY_OFFLINE_COLUMNS
} journey_offline_column_e;


/* By what a record is read. */

typedef struct {
    const journey_conf_t     *conf;     /* NULL: none */
    const journey_keys_t     *keys;     /* NULL: none, no user and no id */
    journey_classifier_t      classifier;
    unsigned                  columns[JOURNEY_OFFLINE_COLUMNS];
                                        /* where each one stands */

    /* what the event points to, until the next one is read */

    journey_entry_t           entry;
    u_char                    user[JOURNEY_KEYED_HASH_LEN];
    u_char                    order[JOURNEY_KEYED_HASH_LEN];
} journey_offline_reader_t;


/* conf and keys may be NULL.  JOURNEY_ERROR when memory is exhausted. */
int journey_offline_reader_init(journey_offline_reader_t *reader,
    journey_pool_t *pool, const journey_conf_t *conf,
    const journey_keys_t *keys);

/* The header: every column once, in any order, and no others. */
int journey_offline_header(journey_offline_reader_t *reader,
    const journey_str_t *fields, unsigned n, journey_error_t *err);

/*
 * The event of a record.  rec->order is set for touches, too, whose line does
 * not have it: it tells those that are the same.  JOURNEY_ERROR with a message
 * that quotes neither user nor id.
 */
int journey_offline_record(journey_offline_reader_t *reader,
    const journey_str_t *fields, unsigned n, journey_record_t *rec,
    journey_error_t *err);


#endif /* JOURNEY_OFFLINE_RECORD_H */
