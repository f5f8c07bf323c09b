
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A funnel of steps that somebody names: pages and goals, in order, within a
 * window of time.
 */


#ifndef JOURNEY_STEPS_H
#define JOURNEY_STEPS_H


#include "journey_pass.h"


#define JOURNEY_STEPS_MAX  16

typedef struct {
    journey_str_t     name;             /* as it was given */
    uint64_t          visitors;         /* who came to it */
    uint64_t         *times;            /* ms since the step before, of each,
                                           in order once all are there */
    uint64_t          ntimes;
    uint64_t          size;
} journey_steps_one_t;

typedef struct {
    journey_steps_one_t   steps[JOURNEY_STEPS_MAX];
    unsigned              n;

    struct journey_steps_walk_s  *walk;
} journey_steps_t;


/* Steps with commas between: a path, in which "*" is any part of it, or "goal:"
 * and its name.  The text must live as long. */
int journey_steps_parse(journey_steps_t *steps, const char *text,
    journey_error_t *err);

/*
 * The pass that counts how far each visitor came, in steps of --funnel.  An
 * event is one step at most; all of them lie within the window from the first
 * on.  Of several ways to the furthest step that was the first to be complete,
 * and of these the one that began last.  JOURNEY_ERROR when memory is
 * exhausted; to be freed in any case.
 */
int journey_steps_init(journey_steps_t *steps, const journey_analysis_t *a,
    journey_pass_t *pass);
void journey_steps_free(journey_steps_t *steps);

/* The median time of a step that somebody came to, ms. */
double journey_steps_median(const journey_steps_one_t *step);


#endif /* JOURNEY_STEPS_H */
