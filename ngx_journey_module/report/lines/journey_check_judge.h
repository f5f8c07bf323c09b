
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What a thread does for journey check: a member or some text, line by line.
 */


#ifndef JOURNEY_CHECK_JUDGE_H
#define JOURNEY_CHECK_JUDGE_H


#include "journey_check_lines.h"
#include "journey_gzip.h"
#include "journey_jobs.h"


typedef struct {
    journey_inflater_t      *inflater;
    journey_check_lines_t    lines;
    journey_job_t           *job;
} journey_check_thread_t;


/*
 * Counts lines (nlines), events among them (nevents) and broken ones, in
 * memory that does not grow with the member; says what is wrong with a member
 * (wrong), and whether it ends in the midst of a line (open).  Text becomes
 * its lines that are neither broken nor empty; kept are the bytes of those
 * that are not broken.  JOURNEY_ERROR when memory is exhausted.
 */
int journey_check_judge(journey_check_thread_t *thread, journey_job_t *job);

void journey_check_thread_free(journey_check_thread_t *thread);


#endif /* JOURNEY_CHECK_JUDGE_H */
