
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From a job to the records of its lines.
 */


#ifndef JOURNEY_RECORDS_H
#define JOURNEY_RECORDS_H


#include "journey_jobs.h"
#include "journey_record.h"


/* What a thread needs; zeroed at first. */

typedef struct {
    journey_inflater_t  *inflater;
    u_char              *buf;           /* for unescaped strings */
    size_t               size;
} journey_records_t;


/* Of a record, which lives as long as the call, and may be changed;
 * JOURNEY_ERROR ends all. */
typedef int (*journey_record_pt)(void *ctx, journey_record_t *rec);


/* Calls handler for each line of text, which is the job's (journey_job_text()).
 * Counts lines; those that are no records become complaints of the job.
 * JOURNEY_ERROR when memory is exhausted, or the handler's. */
int journey_records_read(journey_records_t *records, journey_job_t *job,
    const journey_str_t *text, journey_record_pt handler, void *ctx);
void journey_records_free(journey_records_t *records);


#endif /* JOURNEY_RECORDS_H */
