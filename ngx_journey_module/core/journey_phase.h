
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Phase models and goals: which path belongs to which phase, which request
 * reaches which goal (design, sections 5 and 6.7).
 */


#ifndef JOURNEY_PHASE_H
#define JOURNEY_PHASE_H


#include "journey_code.h"
#include "journey_rules.h"


typedef struct {
    journey_name_t       *name;
    unsigned              position;     /* from 1 */
} journey_phase_t;

typedef struct journey_phases_s  journey_phases_t;


/* An empty model; codes receives the names. */
journey_phases_t *journey_phases_create(journey_pool_t *pool,
    journey_codes_t *codes);

/* Adds the line "phase pattern …"; the order of lines is the order of the
 * funnel.  A phase without patterns is allowed (journey_phase sets it). */
int journey_phases_add(journey_phases_t *phases, const journey_str_t *words,
    unsigned nwords, journey_error_t *err);

/* Ends the model: sorts prefixes.  An empty model is an error. */
int journey_phases_finish(journey_phases_t *phases, journey_error_t *err);

/* The phase of a decoded path: exact, then the longest prefix, then regular
 * expressions in order; NULL when none matches. */
const journey_phase_t *journey_phases_match(const journey_phases_t *phases,
    const u_char *path, size_t len);

/* The phase of that name; NULL when the model has none. */
const journey_phase_t *journey_phases_get(const journey_phases_t *phases,
    const journey_str_t *name);

/* The phase with that code (after journey_codes_assign()); NULL for 0 and for
 * codes the model does not have. */
const journey_phase_t *journey_phases_by_code(const journey_phases_t *phases,
    uint8_t code);

/* The phase at a position, from 1; NULL beyond the model. */
const journey_phase_t *journey_phases_at(const journey_phases_t *phases,
    unsigned position);

unsigned journey_phases_count(const journey_phases_t *phases);


/* The part of a goal that needs no request: name, paths, completes. */

typedef struct {
    journey_str_t         name;         /* [a-z][a-z0-9_-]*, at most 64 */
    journey_path_t       *paths;        /* none: every path */
    unsigned              npaths;
    unsigned              completes:1;
    unsigned              conditional:1;    /* it has an if= that nobody
                                               looked at (other is NULL) */
} journey_goal_t;

/*
 * Parses "name [uri=PATTERN …] [completes]"; a word it does not know is
 * offered to other(ctx, word), which returns JOURNEY_OK when it took it and
 * JOURNEY_DECLINED when it did not, which is an error here.  other may be
 * NULL: then value=, currency=, id= and if= are passed over.
 */

typedef int (*journey_goal_word_pt)(void *ctx, const journey_str_t *word,
    journey_error_t *err);

int journey_goal_parse(journey_pool_t *pool, journey_goal_t *goal,
    const journey_str_t *words, unsigned nwords, journey_goal_word_pt other,
    void *ctx, journey_error_t *err);

/* JOURNEY_OK for a name that a goal may have. */
int journey_goal_name(const journey_str_t *name, journey_error_t *err);

/* 1 when the goal has no path or one that matches. */
int journey_goal_match(const journey_goal_t *goal, const u_char *path,
    size_t len);


#endif /* JOURNEY_PHASE_H */
