
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * From events to numbers: touches, sessions, journeys, conversions and their
 * paths.  Every number that the command prints is counted here.
 */


#ifndef JOURNEY_ANALYSIS_H
#define JOURNEY_ANALYSIS_H


#include "journey_campaigns.h"
#include "journey_funnel.h"
#include "journey_options.h"


typedef struct {
    uint64_t       touches;
    uint64_t       visitors;
    uint64_t       sessions;
    uint64_t       journeys;
    double         conversions;         /* credit: last touch */
    journey_sum_t  value;               /* of them, in the currency */

    uint64_t       visitor_gen;         /* counted for this one already */
    uint64_t       session_gen;
    uint64_t       journey_gen;
} journey_channel_sum_t;

typedef struct {
    uint64_t       visits;
    uint64_t       entries;
    uint64_t       exits;
    uint64_t       visitors;
    uint64_t       visitor_gen;         /* counted for this one already */
    uint64_t       t;                   /* of the latest visit */
    uint32_t       phase;               /* names: of the latest visit */
} journey_page_sum_t;

typedef struct {
    uint32_t       goal;                /* names */
    uint32_t       currency;            /* names; 0: none */
    uint64_t       conversions;
    uint64_t       without_visitor;
    uint64_t       visitors;            /* at least */
    journey_sum_t  value;
    unsigned       bare:1;              /* it has conversions without value */
    unsigned       folded:1;
    unsigned       mixed:1;             /* the value has no currency: of rows
                                           that are folded */
} journey_goal_sum_t;

typedef struct {
    uint64_t       journeys;
    uint64_t       conversions;
    journey_sum_t  value;
    uint64_t       visitors;
    uint64_t       visitor_gen;
    uint64_t       journey_gen;
} journey_path_sum_t;

typedef struct {
    uint32_t       currency;            /* names; 0: none */
    uint64_t       conversions;         /* with a value in it */
    uint64_t       visitors;            /* of these; 0 unless they matter */
    journey_sum_t  value;
} journey_currency_sum_t;


typedef struct {
    journey_store_t          *store;
    const journey_options_t  *opts;
    const journey_phases_t   *phases;   /* of the configuration; or NULL */
    journey_funnel_t          funnel;
    journey_campaigns_t       campaigns;

    uint64_t                  events;
    uint64_t                  visitors;
    uint64_t                  persons;  /* of the visitors */
    uint64_t                  hashes;   /* of them: they live one day */
    uint64_t                  linked;   /* browsers that became persons */
    uint64_t                  sessions;
    uint64_t                  journeys;
    uint64_t                  conversions;
    uint64_t                  from;     /* ms */
    uint64_t                  until;    /* ms: the end of the data */

    /* numbers of their own */

    uint64_t                  prefetched;
    uint64_t                  bots;
    uint64_t                  without_visitor;  /* conversions */
    uint64_t                  unattributed;     /* conversions: without
                                                   visitor or path */
    uint64_t                  incomplete;       /* conversions whose path is
                                                   that of their w */
    uint64_t                  folded;           /* paths whose middle is left
                                                   out, being too long */

    journey_channel_sum_t    *channels; /* by the number of their name */
    uint32_t                  nnames;
    uint32_t                 *touch_channel;    /* names, by touch */
    uint32_t                 *touch_way;        /* names, by touch: what
                                                   paths show; NULL: the
                                                   channel */
    uint32_t                  direct;   /* names: the channel that is none
                                           (--no-direct), 0 */
    uint64_t                  left_out; /* of the incomplete ones: --touch */
    journey_page_sum_t       *pages;    /* by number */
    journey_goal_sum_t       *goals;
    uint32_t                  ngoals;
    journey_currency_sum_t   *currencies;       /* of the conversions, the
                                                   most frequent first */
    uint32_t                  ncurrencies;
    uint32_t                  currency; /* names; UINT32_MAX: one that no
                                           event has */
    uint64_t                  valued;   /* conversions with a value */
    char                      value[sizeof("Value EUR")];       /* the title of
                                           values in the currency */
    u_char                   *goal_wanted;      /* by the number of its name */
    uint32_t                 *currency_row;     /* of names: in currencies,
                                                   while these are read */
    unsigned                  goals_done;       /* only events with done */

    journey_intern_t          path_keys;        /* arrays of names, 0 for a
                                                   middle left out */
    journey_path_sum_t       *paths;    /* by number in path_keys */
    uint32_t                  paths_size;

    /* --min-visitors: rows of folded groups, and for which row each one
     * counts (NULL: for itself) */

    uint32_t                  other_name;
    uint32_t                  other_page;
    uint32_t                  other_path;
    uint32_t                 *channel_row;
    uint32_t                 *page_row;
    uint32_t                 *path_row;

    struct journey_walk_s    *walk;     /* while it is counted */
    unsigned                  walked;
} journey_analysis_t;


/* 1 when the touch is a direct one, and these are none (--no-direct). */

static inline unsigned
journey_analysis_direct(const journey_analysis_t *a, uint32_t touch)
{
    return a->direct != 0 && a->touch_channel[touch] == a->direct;
}


/* Counts all; conf is NULL where there is none.  JOURNEY_ERROR when memory is
 * exhausted; to be freed in any case. */
int journey_analyse(journey_analysis_t *a, journey_store_t *store,
    const journey_options_t *opts, const journey_conf_t *conf);
void journey_analysis_free(journey_analysis_t *a);

/*
 * The data window by window, below journey_pass(): each holds all events of
 * some visitors, in order and marked as they were counted; number 0, those
 * without visitor, may be in each.  What fits in memory is one window.
 *
 *     journey_analysis_rewind(a);
 *
 *     while ((rc = journey_analysis_next(a)) == JOURNEY_OK) {
 *         ... add what the visitors of a->store did ...
 *     }
 *
 * JOURNEY_DECLINED behind the last one, JOURNEY_ERROR when memory is exhausted
 * or a file cannot be read, which was said.  Names, pages, touches and places
 * have the same numbers in all windows; visitors, goals, orders and users of
 * the store are those of its window.
 */
void journey_analysis_rewind(const journey_analysis_t *a);
int journey_analysis_next(const journey_analysis_t *a);

/* Marks the goals of a window that were counted before. */
int journey_goals_mark(journey_store_t *store);

/* Counts the conversions, their currencies and the table of goals: those of
 * each window are added. */
int journey_goals_init(journey_analysis_t *a);
int journey_goals_add(journey_analysis_t *a);
void journey_goals_finish(journey_analysis_t *a);

/* 1 when the goal event is a conversion (not a repeated one). */
int journey_goals_converts(const journey_analysis_t *a,
    const journey_ev_t *ev);


#endif /* JOURNEY_ANALYSIS_H */
