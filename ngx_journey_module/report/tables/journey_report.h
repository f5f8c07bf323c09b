
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The commands that read logs: report, and its tables one by one.
 */


#ifndef JOURNEY_REPORT_H
#define JOURNEY_REPORT_H


#include "journey_counts.h"
#include "journey_load.h"
#include "journey_table.h"


/* The tables, each from a finished analysis, and some from what was counted
 * beside it.  JOURNEY_ERROR when memory is exhausted.  limit is the number of
 * rows, JOURNEY_LIMIT_NONE for all. */

int journey_table_summary(journey_table_t *table, const journey_analysis_t *a,
    const journey_damage_t *damage);
int journey_table_channels(journey_table_t *table,
    const journey_analysis_t *a, long limit);
int journey_table_campaigns(journey_table_t *table,
    const journey_analysis_t *a, long limit);
int journey_table_phases(journey_table_t *table, const journey_analysis_t *a);
int journey_table_goals(journey_table_t *table, const journey_analysis_t *a,
    long limit);
/* Attribution: some models side by side as text, as CSV the table of the
 * command; in JSON its members.  JOURNEY_DECLINED, which was said, when it
 * cannot be. */
int journey_table_attribution(journey_table_t *table,
    const journey_analysis_t *a, journey_touches_t *touches,
    const journey_damage_t *damage, long limit);

int journey_table_pages(journey_table_t *table, const journey_analysis_t *a,
    long limit);
int journey_table_paths(journey_table_t *table, const journey_analysis_t *a,
    long limit);

/* JOURNEY_DECLINED when it cannot be, with a message printed. */
int journey_table_retention(journey_table_t *table,
    const journey_analysis_t *a, const journey_retention_t *retention,
    long limit);

/* What a reader of the numbers has to know, a line each; to opts->notes. */
void journey_report_notes(const journey_options_t *opts,
    const journey_analysis_t *a, const journey_damage_t *damage);

/* Options that make numbers of a table other ones. */

#define JOURNEY_SETTING_NO_DIRECT  0x01
#define JOURNEY_SETTING_TOUCH      0x02
#define JOURNEY_SETTING_REPEATS    0x04
#define JOURNEY_SETTING_VIEWS      0x08
#define JOURNEY_SETTING_LOOKBACK   0x10
#define JOURNEY_SETTING_ORDER      0x20
#define JOURNEY_SETTING_HALF_LIFE  0x40
#define JOURNEY_SETTING_BOOTSTRAP  0x80
#define JOURNEY_SETTING_IDLE       0x100
#define JOURNEY_SETTING_ENTRY      0x200
#define JOURNEY_SETTING_HOST       0x400
#define JOURNEY_SETTING_GOAL       0x800

/* A sentence for each of these that is not as usual, a line each; to be freed.
 * NULL when memory is exhausted. */
char *journey_report_settings(const journey_options_t *opts, unsigned which);

/* The same of those that choose touches, where the report is text. */
int journey_report_settings_notes(const journey_options_t *opts);

/* Those of tables, n of them; to the same place. */
void journey_report_table_notes(const journey_options_t *opts,
    const journey_table_t *tables, unsigned n);

/* 1 when all events are of the profile exempt, which follows nobody. */
int journey_report_exempt(const journey_analysis_t *a);

int journey_table_geo(journey_table_t *table, const journey_analysis_t *a,
    const journey_places_t *places, long limit);

int journey_table_funnel(journey_table_t *table, const journey_analysis_t *a,
    const journey_steps_t *steps);

/* Time to conversion: the headline and the curve, *n tables. */
int journey_tables_time(journey_table_t *tables, unsigned *n,
    const journey_analysis_t *a, const journey_conversion_time_t *time,
    long limit);

/* Direct touches by their kinds. */
int journey_table_direct(journey_table_t *table, const journey_analysis_t *a,
    const journey_direct_t *direct);

/* Transitions between phases, and the times in phases: *n tables, two. */
int journey_tables_transitions(journey_table_t *tables, unsigned *n,
    const journey_analysis_t *a, const journey_transitions_t *transitions,
    long limit);

/* Content, and its gaps where there is a configuration: *n tables. */
int journey_tables_content(journey_table_t *tables, unsigned *n,
    const journey_analysis_t *a, const journey_content_t *content,
    long limit);

/* The commands. */
int journey_report(const journey_options_t *opts);
int journey_report_channels(const journey_options_t *opts);
int journey_report_campaigns(const journey_options_t *opts);
int journey_report_phases(const journey_options_t *opts);
int journey_report_goals(const journey_options_t *opts);
int journey_report_paths(const journey_options_t *opts);
int journey_report_geo(const journey_options_t *opts);
int journey_report_funnel(const journey_options_t *opts);
int journey_report_content(const journey_options_t *opts);
int journey_report_retention(const journey_options_t *opts);
int journey_report_time(const journey_options_t *opts);
int journey_report_direct(const journey_options_t *opts);


#endif /* JOURNEY_REPORT_H */
