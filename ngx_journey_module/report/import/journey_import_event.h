
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From the fields of a line to events, by the functions of core/ and in the
 * order in which the module asks them (design, section 6).
 */


#ifndef JOURNEY_IMPORT_EVENT_H
#define JOURNEY_IMPORT_EVENT_H


#include "journey_conf.h"
#include "journey_daily.h"
#include "journey_import_line.h"
#include "journey_import_output.h"
#include "journey_import_visitors.h"


/* A line that is older than the newest so far by more begins anew, s. */
#define JOURNEY_IMPORT_BACK    86400

#define JOURNEY_IMPORT_AGENTS  4096     /* verdicts kept, a power of 2 */
#define JOURNEY_IMPORT_AGENT   400      /* longer user agents are not */


typedef struct {
    uint32_t                    hash;
    uint32_t                    len;
    journey_agent_t             agent;
    u_char                      text[JOURNEY_IMPORT_AGENT];
} journey_import_agent_t;

typedef struct {
    uint64_t                    pages;
    uint64_t                    goals;
    uint64_t                    errors;
    uint64_t                    bots;   /* pages of theirs */
    uint64_t                    ai_agents;      /* of bots */
    uint64_t                    assets;
    uint64_t                    others; /* neither page nor asset */
    uint64_t                    visitors;
    uint64_t                    sessions;
    uint64_t                    touches;
    uint64_t                    spam;
    uint64_t                    restarts;       /* the time went back */
} journey_import_counts_t;

typedef struct {
    const journey_conf_t       *conf;
    journey_classifier_t        classifier;
    journey_str_t               host;   /* of lines without one */
    journey_goal_t            **goals;  /* that can be told from a line */
    unsigned                    ngoals;
    journey_import_output_t    *output;
    journey_import_counts_t     counts;

    journey_import_visitors_t   visitors;
    journey_salts_t             salts;
    journey_daily_t            *daily;
    uint32_t                    clock;  /* s: the newest line so far */
    unsigned                    no_memory:1;
    unsigned                    no_hash:1;      /* libcrypto failed */

    journey_import_agent_t     *agents;
    u_char                     *buf;    /* for strings of a line */

    /* of the line */

    uint32_t                    time;
    unsigned                    status;
    journey_str_t               page_host;
    journey_str_t               path;   /* decoded */
    journey_str_t               args;
    journey_str_t               referrer;
    journey_str_t               agent;
    const journey_agent_t      *verdict;
    const journey_phase_t      *phase;
} journey_importer_t;


/* host is the first own host, own all of them.  JOURNEY_ERROR with a message;
 * to be freed in any case. */
int journey_importer_init(journey_importer_t *im, journey_pool_t *pool,
    journey_conf_t *conf, const char **own, unsigned nown,
    journey_import_output_t *output, journey_error_t *err);
void journey_importer_free(journey_importer_t *im);

/* 1 when the line may become an event; else it is counted, and done. */
int journey_importer_wants(journey_importer_t *im,
    const journey_import_line_t *line);

/* A line that may.  JOURNEY_ERROR: it is no use to go on (no_memory, no_hash,
 * the output). */
int journey_importer_line(journey_importer_t *im,
    const journey_import_line_t *line);


#endif /* JOURNEY_IMPORT_EVENT_H */
