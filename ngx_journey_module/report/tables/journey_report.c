
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_report.h"
#include "journey_html.h"
#include "journey_attribution.h"
#include "journey_config.h"
#include "journey_steps.h"


#define JOURNEY_REPORT_TOP  10          /* rows of long lists as text */

#define JOURNEY_REPORT_SUMMARY      0x01
#define JOURNEY_REPORT_CHANNELS     0x02
#define JOURNEY_REPORT_CAMPAIGNS    0x04
#define JOURNEY_REPORT_PHASES       0x08
#define JOURNEY_REPORT_GOALS        0x10
#define JOURNEY_REPORT_ATTRIBUTION  0x20
#define JOURNEY_REPORT_PAGES        0x40
#define JOURNEY_REPORT_PATHS        0x80
#define JOURNEY_REPORT_RETENTION    0x100
#define JOURNEY_REPORT_CONTENT      0x200
#define JOURNEY_REPORT_GEO          0x400
#define JOURNEY_REPORT_FUNNEL       0x800
#define JOURNEY_REPORT_TIME         0x1000
#define JOURNEY_REPORT_DIRECT       0x2000
#define JOURNEY_REPORT_MOVES        0x4000  /* between phases */
#define JOURNEY_REPORT_WHOLE        0x8000  /* the command report */

/* The tables of report: one screen for people, all for machines. */
#define JOURNEY_REPORT_SCREEN                                                 \
    (JOURNEY_REPORT_SUMMARY|JOURNEY_REPORT_CHANNELS|JOURNEY_REPORT_CAMPAIGNS  \
     |JOURNEY_REPORT_PHASES|JOURNEY_REPORT_GOALS|JOURNEY_REPORT_ATTRIBUTION   \
     |JOURNEY_REPORT_PAGES|JOURNEY_REPORT_PATHS|JOURNEY_REPORT_WHOLE)

#define JOURNEY_REPORT_ALL                                                    \
    (JOURNEY_REPORT_SCREEN|JOURNEY_REPORT_MOVES|JOURNEY_REPORT_TIME           \
     |JOURNEY_REPORT_DIRECT|JOURNEY_REPORT_RETENTION|JOURNEY_REPORT_CONTENT   \
     |JOURNEY_REPORT_GEO)

/* Tables of who is followed for long, which the profile exempt forbids. */
#define JOURNEY_REPORT_LONG                                                   \
    (JOURNEY_REPORT_RETENTION|JOURNEY_REPORT_TIME)

/* Tables that need more of each event. */
#define JOURNEY_REPORT_MORE                                                   \
    (JOURNEY_REPORT_RETENTION|JOURNEY_REPORT_CONTENT|JOURNEY_REPORT_GEO       \
     |JOURNEY_REPORT_TIME)

#define JOURNEY_REPORT_TABLES    24


typedef struct {
    const journey_options_t   *opts;
    const journey_analysis_t  *a;
    const journey_damage_t    *damage;
    journey_counts_t           counts;
    unsigned                   wanted;
    long                       limit;
    long                       top;     /* the limit of long lists */
    journey_table_t            tables[JOURNEY_REPORT_TABLES];
    unsigned                   n;
    unsigned                   declined;        /* a table of report cannot be:
                                           it was said why */
} journey_report_t;


static journey_table_t *
journey_report_next(journey_report_t *r)
{
    return &r->tables[r->n++];
}


static int
journey_report_make_summary(journey_report_t *r)
{
    int               rc;
    journey_table_t  *table;

    table = journey_report_next(r);
    rc = journey_table_summary(table, r->a, r->damage);

    if (rc == JOURNEY_OK && (r->wanted & JOURNEY_REPORT_WHOLE)
        && journey_report_exempt(r->a))
    {
        journey_table_note(table, "all events are of the profile exempt, which "
                           "measures audiences and follows nobody: no "
                           "attribution, time to conversion and retention");
    }

    return rc;
}


static int
journey_report_make_channels(journey_report_t *r)
{
    return journey_table_channels(journey_report_next(r), r->a, r->limit);
}


static int
journey_report_make_campaigns(journey_report_t *r)
{
    int               rc;
    journey_table_t  *table;

    table = journey_report_next(r);
    rc = journey_table_campaigns(table, r->a, r->top);

    if (table->nrows == 0 && table->more == 0
        && (r->wanted & JOURNEY_REPORT_WHOLE)
        && r->opts->format == JOURNEY_FORMAT_TEXT)
    {
        /* most sites have none at most times */

        r->n--;
    }

    return rc;
}


static int
journey_report_make_phases(journey_report_t *r)
{
    return journey_table_phases(journey_report_next(r), r->a);
}


static int
journey_report_make_goals(journey_report_t *r)
{
    return journey_table_goals(journey_report_next(r), r->a, r->limit);
}


static int
journey_report_make_attribution(journey_report_t *r)
{
    int               rc;
    journey_table_t  *table;

    table = journey_report_next(r);
    rc = journey_table_attribution(table, r->a, &r->counts.touches, r->damage,
                                   r->top);

    if (table->nrows == 0 && r->opts->format == JOURNEY_FORMAT_TEXT) {

        /* nothing that could be credited */

        r->n--;
    }

    return rc;
}


static int
journey_report_make_pages(journey_report_t *r)
{
    return journey_table_pages(journey_report_next(r), r->a, r->top);
}


static int
journey_report_make_paths(journey_report_t *r)
{
    return journey_table_paths(journey_report_next(r), r->a, r->top);
}


static int
journey_report_make_moves(journey_report_t *r)
{
    return journey_tables_transitions(r->tables, &r->n, r->a,
                                      &r->counts.transitions, r->limit);
}


static int
journey_report_make_time(journey_report_t *r)
{
    if (journey_report_exempt(r->a)) {
        journey_report_next(r)->members = "\"time_summary\":null,\n"
                                          "\"time\":null";
        return JOURNEY_OK;
    }

    return journey_tables_time(r->tables, &r->n, r->a, &r->counts.time,
                               r->limit);
}


static int
journey_report_make_direct(journey_report_t *r)
{
    return journey_table_direct(journey_report_next(r), r->a, &r->counts.direct);
}


static int
journey_report_make_retention(journey_report_t *r)
{
    int               rc;
    journey_table_t  *table;

    table = journey_report_next(r);

    if (journey_report_exempt(r->a)) {
        table->members = "\"retention\":null";
        return JOURNEY_OK;
    }

    rc = journey_table_retention(table, r->a, &r->counts.retention, r->limit);

    if (rc == JOURNEY_DECLINED) {
        table->members = "\"retention\":null";
    }

    return rc;
}


static int
journey_report_make_geo(journey_report_t *r)
{
    return journey_table_geo(journey_report_next(r), r->a, &r->counts.places,
                             r->limit);
}


static int
journey_report_make_funnel(journey_report_t *r)
{
    return journey_table_funnel(journey_report_next(r), r->a, &r->counts.steps);
}


static int
journey_report_make_content(journey_report_t *r)
{
    return journey_tables_content(r->tables, &r->n, r->a, &r->counts.content,
                                  r->top);
}


/* In the order in which report has them, and what is counted for each. */

static const struct {
    unsigned   table;
    unsigned   count;
    int      (*make)(journey_report_t *r);
} journey_report_makers[] = {
    { JOURNEY_REPORT_SUMMARY, 0, journey_report_make_summary },
    { JOURNEY_REPORT_CHANNELS, 0, journey_report_make_channels },
    { JOURNEY_REPORT_CAMPAIGNS, 0, journey_report_make_campaigns },
    { JOURNEY_REPORT_PHASES, 0, journey_report_make_phases },
    { JOURNEY_REPORT_MOVES, JOURNEY_COUNT_TRANSITIONS,
      journey_report_make_moves },
    { JOURNEY_REPORT_GOALS, 0, journey_report_make_goals },
    { JOURNEY_REPORT_ATTRIBUTION, JOURNEY_COUNT_TOUCHES,
      journey_report_make_attribution },
    { JOURNEY_REPORT_PAGES, 0, journey_report_make_pages },
    { JOURNEY_REPORT_PATHS, 0, journey_report_make_paths },
    { JOURNEY_REPORT_TIME, JOURNEY_COUNT_TIME, journey_report_make_time },
    { JOURNEY_REPORT_DIRECT, JOURNEY_COUNT_DIRECT,
      journey_report_make_direct },
    { JOURNEY_REPORT_RETENTION, JOURNEY_COUNT_RETENTION,
      journey_report_make_retention },
    { JOURNEY_REPORT_GEO, JOURNEY_COUNT_PLACES, journey_report_make_geo },
    { JOURNEY_REPORT_FUNNEL, JOURNEY_COUNT_STEPS,
      journey_report_make_funnel },
    { JOURNEY_REPORT_CONTENT, JOURNEY_COUNT_CONTENT,
      journey_report_make_content }
};

#define JOURNEY_REPORT_MAKERS                                                 \
    (sizeof(journey_report_makers) / sizeof(journey_report_makers[0]))


static int
journey_report_count(journey_report_t *r)
{
    unsigned  i;

    journey_counts_init(&r->counts, r->opts);

    for (i = 0; i < JOURNEY_REPORT_MAKERS; i++) {
        if (r->wanted & journey_report_makers[i].table) {
            r->counts.wanted |= journey_report_makers[i].count;
        }
    }

    if (journey_report_exempt(r->a)) {
        r->counts.wanted &= ~(JOURNEY_COUNT_TOUCHES|JOURNEY_COUNT_TIME
                              |JOURNEY_COUNT_RETENTION);
    }

    return journey_counts_run(&r->counts, r->a);
}


/* All that is wanted.  What cannot be is left out of a report. */

static int
journey_report_make(journey_report_t *r)
{
    int       rc;
    unsigned  i;

    for (i = 0; i < JOURNEY_REPORT_MAKERS; i++) {

        if (!(r->wanted & journey_report_makers[i].table)) {
            continue;
        }

        rc = journey_report_makers[i].make(r);

        if (rc == JOURNEY_DECLINED && (r->wanted & JOURNEY_REPORT_WHOLE)) {
            r->declined = 1;
            continue;
        }

        if (rc != JOURNEY_OK) {
            return rc;
        }
    }

    for (i = 0; i < r->n; i++) {
        if (r->tables[i].no_memory) {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


/* Notes of all tables, below the headline or the only table. */

static int
journey_report_said(const journey_options_t *opts, const journey_analysis_t *a,
    const journey_damage_t *damage)
{
    if (journey_report_settings_notes(opts) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    journey_report_notes(opts, a, damage);

    return JOURNEY_OK;
}


static int
journey_report_text(const journey_options_t *opts, journey_output_t *out,
    const journey_analysis_t *a, const journey_damage_t *damage,
    const journey_table_t *tables, unsigned n)
{
    char            from[JOURNEY_TIME_LEN], until[JOURNEY_TIME_LEN];
    char            period[2 * JOURNEY_TIME_LEN + 8];
    unsigned        i;
    journey_str_t   str;

    for (i = 0; i < n; i++) {
        if (i != 0) {
            fputc('\n', out->file);
        }

        if (!tables[i].object) {
            journey_table_text(out, &tables[i]);
            continue;
        }

        fputs(out->colour ? "\033[1mJourneys\033[0m" : "Journeys", out->file);

        if (a->events != 0) {
            journey_time_format(&opts->zone, a->from, from);
            journey_time_format(&opts->zone, a->until, until);

            (void) snprintf(period, sizeof(period), "%s \xe2\x80\x93 %s",
                            from, until);
            str.data = (u_char *) period;
            str.len = strlen(period);

            fputs("  ", out->file);
            journey_text_fold(out->file, &str, sizeof("Journeys  ") - 1, 2,
                              out->width);
        }

        fputc('\n', out->file);

        journey_table_text(out, &tables[i]);

        if (journey_report_said(opts, a, damage) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    journey_report_table_notes(opts, tables, n);

    return tables[0].object ? JOURNEY_OK
                            : journey_report_said(opts, a, damage);
}


static int
journey_report_print(const journey_options_t *opts,
    const journey_analysis_t *a, const journey_damage_t *damage,
    unsigned wanted, journey_pool_t *pool)
{
    int               rc;
    unsigned          i;
    journey_output_t  out;
    journey_report_t  r;

    memset(&r, 0, sizeof(journey_report_t));

    r.opts = opts;
    r.a = a;
    r.damage = damage;
    r.wanted = wanted;
    r.limit = opts->limit;
    r.top = (opts->limit == JOURNEY_LIMIT_NONE
             && opts->format == JOURNEY_FORMAT_TEXT)
            ? JOURNEY_REPORT_TOP : opts->limit;

    for (i = 0; i < JOURNEY_REPORT_TABLES; i++) {
        r.tables[i].pool = pool;
    }

    rc = journey_report_count(&r);

    if (rc == JOURNEY_OK) {
        rc = journey_report_make(&r);
    }

    if (rc == JOURNEY_OK) {
        journey_output_init(&out, stdout, &opts->zone);

        if (opts->format == JOURNEY_FORMAT_TEXT) {
            rc = journey_report_text(opts, &out, a, damage, r.tables, r.n);

        } else {
            if (opts->format == JOURNEY_FORMAT_JSON) {
                journey_tables_json(&out, r.tables, r.n);

            } else {
                journey_tables_csv(&out, r.tables, r.n);
            }

            journey_report_table_notes(opts, r.tables, r.n);
            journey_report_notes(opts, a, damage);
        }
    }

    for (i = 0; i < JOURNEY_REPORT_TABLES; i++) {
        journey_table_free(&r.tables[i]);
    }

    journey_counts_free(&r.counts);

    return (rc == JOURNEY_OK && r.declined) ? JOURNEY_DECLINED : rc;
}


static int
journey_report_run(const journey_options_t *opts, unsigned wanted)
{
    int                  rc;
    journey_pool_t      *pool;
    journey_conf_t      *conf;
    journey_store_t      store;
    journey_damage_t     damage;
    journey_analysis_t   a;

    pool = journey_pool_create();

    if (pool == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    if (journey_config_load(pool, opts, 0, &conf) != JOURNEY_OK) {
        journey_pool_destroy(pool);
        return JOURNEY_EXIT_USAGE;
    }

    memset(&a, 0, sizeof(journey_analysis_t));

    rc = journey_load_more(&store, opts, (wanted & JOURNEY_REPORT_MORE) != 0,
                           &damage);

    if (rc == JOURNEY_OK && (wanted & JOURNEY_REPORT_LONG)
        && !(wanted & JOURNEY_REPORT_WHOLE)
        && store.all.exempt != 0 && store.all.exempt == store.all.nevents)
    {
        fprintf(stderr, "journey: %s: all events are of the profile "
                "exempt, which measures audiences and follows nobody\n",
                opts->command->name);

        rc = JOURNEY_DECLINED;
    }

    if (rc == JOURNEY_OK) {
        rc = journey_analyse(&a, &store, opts, conf);

        if (rc == JOURNEY_OK) {
            rc = journey_report_print(opts, &a, &damage, wanted, pool);
        }

        if (rc != JOURNEY_OK && rc != JOURNEY_DECLINED) {
            journey_store_complain(&store);
        }
    }

    journey_analysis_free(&a);
    journey_store_free(&store);
    journey_pool_destroy(pool);

    if (rc != JOURNEY_OK || damage.bad_lines != 0 || damage.bad_members != 0
        || damage.bad_files != 0)
    {
        return JOURNEY_EXIT_DATA;
    }

    return JOURNEY_EXIT_OK;
}


/* Options that say nothing together, or of this kind of report. */

static const char *
journey_report_wrong(const journey_options_t *opts)
{
    if (opts->min_visitors != 0 && opts->touch != JOURNEY_TOUCH_CHANNEL) {
        return "--min-visitors folds channels: not with --touch";
    }

    if (opts->window != JOURNEY_WINDOW && opts->funnel == NULL) {
        return "--window goes with --funnel";
    }

    if (opts->html != NULL) {
        return opts->models != 0 ? "--html shows all models: not with --model"
                                 : NULL;
    }

    if (opts->format != JOURNEY_FORMAT_TEXT) {
        return NULL;
    }

    /* tables and a model that are not on one screen */

    return opts->periods ? "--period goes with --html, --json and --csv; the "
                           "command for it is journey retention"
           : opts->places ? "--by goes with --html, --json and --csv; the "
                            "command for it is journey geo"
           : opts->nentries != 0 ? "--entry goes with --html, --json and "
                                   "--csv; the command for it is journey "
                                   "direct"
           : opts->half_life != JOURNEY_HALF_LIFE
             && !(opts->models & 1U << JOURNEY_ATTR_TIME_DECAY)
             ? "--half-life goes with --model time_decay, --html, --json and "
               "--csv"
           : NULL;
}


int
journey_report(const journey_options_t *opts)
{
    const char  *wrong;

    wrong = journey_report_wrong(opts);

    if (wrong != NULL) {
        fprintf(stderr, "journey: %s; see journey report --help\n", wrong);
        return JOURNEY_EXIT_USAGE;
    }

    return opts->html != NULL ? journey_report_html(opts)
           : journey_report_run(opts, opts->format == JOURNEY_FORMAT_TEXT
                                      ? JOURNEY_REPORT_SCREEN
                                      : JOURNEY_REPORT_ALL);
}


int
journey_report_channels(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_CHANNELS);
}


int
journey_report_campaigns(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_CAMPAIGNS);
}


int
journey_report_phases(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_PHASES
                                    |JOURNEY_REPORT_MOVES);
}


int
journey_report_goals(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_GOALS);
}


int
journey_report_geo(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_GEO);
}


int
journey_report_funnel(const journey_options_t *opts)
{
    journey_error_t  err;
    journey_steps_t  steps;

    if (opts->funnel == NULL) {
        fprintf(stderr, "journey: no --funnel; see journey funnel --help\n");
        return JOURNEY_EXIT_USAGE;
    }

    if (journey_steps_parse(&steps, opts->funnel, &err) != JOURNEY_OK) {
        fprintf(stderr, "journey: --funnel: %s\n", err.text);
        return JOURNEY_EXIT_USAGE;
    }

    return journey_report_run(opts, JOURNEY_REPORT_FUNNEL);
}


int
journey_report_content(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_CONTENT);
}


int
journey_report_retention(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_RETENTION);
}


int
journey_report_time(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_TIME);
}


int
journey_report_direct(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_DIRECT);
}


int
journey_report_paths(const journey_options_t *opts)
{
    return journey_report_run(opts, JOURNEY_REPORT_PATHS);
}
