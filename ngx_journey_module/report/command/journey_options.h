
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The command line: journey COMMAND [OPTIONS] [FILE…].
 */


#ifndef JOURNEY_OPTIONS_H
#define JOURNEY_OPTIONS_H


#include "journey_query.h"
#include "journey_time.h"

#include <stdio.h>


#define JOURNEY_VERSION     "0.1.0"

#define JOURNEY_EXIT_OK     0
#define JOURNEY_EXIT_DATA   1           /* named with file and place */
#define JOURNEY_EXIT_USAGE  2

#define JOURNEY_LIMIT_NONE  -1L

#define JOURNEY_IDLE        (30ULL * 24 * 3600 * 1000)  /* defaults, ms */
#define JOURNEY_LOOKBACK    (90ULL * 24 * 3600 * 1000)
#define JOURNEY_HALF_LIFE   (7ULL * 24 * 3600 * 1000)
#define JOURNEY_WINDOW      (7ULL * 24 * 3600 * 1000)

#define JOURNEY_MEMORY_MIN  (1U << 20)  /* bytes, of --memory */


typedef enum {
    JOURNEY_FORMAT_TEXT = 0,
    JOURNEY_FORMAT_JSON,
    JOURNEY_FORMAT_CSV
} journey_format_e;


typedef struct journey_options_s  journey_options_t;

typedef struct {
    const char     *name;
    const char     *args;               /* for the usage: "FILE…" */
    const char     *about;
    unsigned        options;            /* bits of journey_options.c's groups:
                                           what it understands */
    int           (*run)(const journey_options_t *opts);
} journey_command_t;

/* Groups of options. */
#define JOURNEY_OPTIONS_LOG       0x01  /* what to read of logs */
#define JOURNEY_OPTIONS_FORMAT    0x02  /* --json --csv */
#define JOURNEY_OPTIONS_CLASSIFY  0x04
#define JOURNEY_OPTIONS_TOKEN     0x08
#define JOURNEY_OPTIONS_CONF      0x10
#define JOURNEY_OPTIONS_PERSON    0x20  /* whose records */
#define JOURNEY_OPTIONS_EDIT      0x40  /* how logs are rewritten */
#define JOURNEY_OPTIONS_SHOW      0x80
#define JOURNEY_OPTIONS_PRUNE     0x100
#define JOURNEY_OPTIONS_CHECK     0x200
#define JOURNEY_OPTIONS_PRIVACY   0x400
#define JOURNEY_OPTIONS_IMPORT    0x800
#define JOURNEY_OPTIONS_LINK      0x1000
#define JOURNEY_OPTIONS_TAIL      0x2000
#define JOURNEY_OPTIONS_SIMULATE  0x4000
#define JOURNEY_OPTIONS_ATTRIBUTION  0x8000
#define JOURNEY_OPTIONS_RETENTION    0x10000
#define JOURNEY_OPTIONS_GEO          0x20000
#define JOURNEY_OPTIONS_FUNNEL       0x40000
#define JOURNEY_OPTIONS_DIRECT       0x80000
#define JOURNEY_OPTIONS_HTML      0x100000
#define JOURNEY_OPTIONS_PATHS     0x200000
#define JOURNEY_OPTIONS_CHANNELS  0x400000      /* tables with channels */


/* Of retention; weeks begin on Monday. */
typedef enum {
    JOURNEY_PERIOD_WEEK = 0,
    JOURNEY_PERIOD_DAY,
    JOURNEY_PERIOD_MONTH
} journey_period_e;


/* Of geography; the number of further parts. */
typedef enum {
    JOURNEY_BY_COUNTRY = 0,
    JOURNEY_BY_REGION,
    JOURNEY_BY_CITY
} journey_by_e;


/* What a touch is told by. */
typedef enum {
    JOURNEY_TOUCH_CHANNEL = 0,
    JOURNEY_TOUCH_SOURCE,
    JOURNEY_TOUCH_CAMPAIGN
} journey_touch_e;


struct journey_options_s {
    const journey_command_t  *command;

    char                    **args;     /* files, or values of cookies */
    unsigned                  nargs;

    const char               *conf;     /* NULL: none was given */
    journey_format_e          format;
    journey_zone_t            zone;
    uint64_t                  since;    /* ms */
    uint64_t                  until;    /* ms; UINT64_MAX: no bound */
    const char              **hosts;    /* none: all */
    unsigned                  nhosts;
    const char              **goals;    /* none: those that complete … */
    unsigned                  ngoals;
    const char               *currency; /* NULL: the most frequent */
    long                      limit;    /* JOURNEY_LIMIT_NONE: not given */
    uint64_t                  idle;     /* ms */
    uint64_t                  lookback; /* ms */

    const char               *referrer; /* classify */
    const char               *url;
    const char               *agent;

    const char               *secret;   /* token, show, erase, link */
    const char               *cookie;

    unsigned                  nfirst;   /* args before a "--";
                                           UINT_MAX without one */
    const char              **ids;      /* show, erase: --id */
    unsigned                  nids;
    const char               *user;
    unsigned                  exact;

    unsigned                  dry_run;  /* erase, prune */
    unsigned                  force;
    const char               *pid;
    uint64_t                  wait;     /* ms */
    const char               *older;    /* prune */

    const char               *repair;   /* check: the file to be written */
    const char               *status;   /* privacy: of journey_status */

    const char              **own_hosts;        /* import */
    unsigned                  nown_hosts;
    const char               *output;   /* NULL: standard output */
    unsigned                  offline;  /* CSV instead of access logs */

    const char               *base;     /* link */
    const char               *utm[JOURNEY_QUERY_VALUES];
    const char               *svg;      /* a file, a folder with its "/" */
    unsigned                  code;
    unsigned                  code_length;      /* 0: not given */
    unsigned                  qr;
    char                      level;    /* 0: not given */

    uint64_t                  min_visitors;     /* of a row; smaller ones are
                                           folded */
    unsigned                  views;    /* they are touches */
    uint64_t                  memory;   /* bytes, for events */

    const char               *html;     /* report: a file or "-"; NULL: not
                                           as a page */
    FILE                     *notes;    /* where the report's notes go; NULL:
                                           as the format has it */
    unsigned                  quiet;    /* no word about damage */

    const char               *paths;    /* attribution: CSV instead of logs */
    journey_touch_e           touch;
    unsigned                  no_direct;
    unsigned                  repeats;
    unsigned                  models;   /* bits; 0: all */
    unsigned                  order;    /* of Markov; 0: auto */
    uint64_t                  half_life;        /* ms */
    long                      bootstrap;        /* samples */
    unsigned                  no_exempt;        /* events of the profile exempt
                                           are left out, and counted */

    journey_period_e          period;   /* retention */
    unsigned                  periods;  /* it was given */
    journey_by_e              by;       /* geo */
    unsigned                  places;   /* it was given */
    const char               *funnel;   /* its steps */
    uint64_t                  window;   /* ms */
    const char              **entries;  /* direct; none: those that are usual */
    unsigned                  nentries;

    long                      lines;    /* tail; as limit */
    unsigned                  all;

    long                      visitors; /* simulate; as limit */
    long                      days;
    long                      seed;
    const char               *without;  /* a channel, NULL: none */
    unsigned                  effects;
};


/*
 * Reads the command line.  Returns -1 when there is a command to run, else
 * the exit code: what was wrong, or --help and --version, is printed.
 */
int journey_options_read(journey_options_t *opts,
    const journey_command_t *commands, int argc, char **argv);

void journey_options_free(journey_options_t *opts);


#endif /* JOURNEY_OPTIONS_H */
