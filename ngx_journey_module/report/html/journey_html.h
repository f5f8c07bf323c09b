
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The report as one HTML page: no script, nothing from elsewhere, a bounded
 * size whatever the log holds.  Everything that comes from a log goes through
 * journey_html_str() or journey_html_name(), which cut and escape it.
 *
 * A reader goes through the files in this order: journey_html_cmd (from the
 * options to a file), journey_html_page (the document and the list of its
 * sections), journey_html_charts, journey_html_timeline, journey_html_lists,
 * journey_html_flows with journey_html_sankey, journey_html_moves,
 * journey_html_time and journey_html_models (the sections), journey_html_table
 * (the numbers beside a picture), journey_html (text), journey_html_style.
 */


#ifndef JOURNEY_HTML_H
#define JOURNEY_HTML_H


#include "journey_counts.h"
#include "journey_report.h"
#include "journey_report_rows.h"


#define JOURNEY_HTML_MAX      1000000   /* bytes of a page */
#define JOURNEY_HTML_ROWS     15        /* of a picture */
#define JOURNEY_HTML_TABLE    50        /* rows of a table beside one */
#define JOURNEY_HTML_NAME     60        /* characters of a name in a picture */
#define JOURNEY_HTML_CELL     100       /* … in a table */
#define JOURNEY_HTML_LONG     512       /* bytes of a short text, escaped */


/* The headline of a period. */

typedef struct {
    uint64_t                  since;    /* ms */
    uint64_t                  from;     /* of its first event */
    uint64_t                  visitors;
    uint64_t                  sessions;
    uint64_t                  journeys;
    uint64_t                  conversions;
    long double               value;    /* in the currency of the report */
    unsigned                  there:1;  /* it can be compared with */
    unsigned                  late:1;   /* the log begins in its midst */
} journey_headline_t;


typedef struct {
    u_char                   *data;
    size_t                    len;
    size_t                    size;
    unsigned                  no_memory:1;
    unsigned                  failed:1; /* something could not be told, and a
                                           message is printed */

    const journey_options_t  *opts;
    const journey_analysis_t *a;
    const journey_damage_t   *damage;
    journey_counts_t          counts;
    journey_headline_t        now;
    journey_headline_t        before;
    journey_timeline_t        past;     /* of before, beside the timeline */
    const char               *notes;    /* of the report, a line each */
    uint64_t                  generated;        /* ms */

    journey_table_t           summary;  /* all rows of each */
    journey_table_t           channels;
    journey_table_t           campaigns;
    journey_table_t           phases;
    journey_table_t           goals;
    journey_table_t           content[2];       /* pages, gaps */
    journey_table_t           paths;
    journey_table_t           geo;
    journey_table_t           direct;
    journey_table_t           moves[2];         /* transitions, times */
    journey_table_t           steps;            /* of --funnel */
    const char               *value;    /* "Value EUR"; NULL: no values */

    unsigned                  ids;      /* used so far, of titles */
    unsigned                  fit:1;    /* characters of names count by their
                                           width: where a picture has so much
                                           room and no more */
} journey_html_t;


/* ---- text: journey_html.c ----------------------------------------------- */

/* As it is: the command's own words alone. */
void journey_html_raw(journey_html_t *h, const char *text);

/* Numbers and the command's own words; at most JOURNEY_HTML_LONG bytes. */
void journey_html_fmt(journey_html_t *h, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * What a log holds, as text or within an attribute's quotes: at most max
 * characters, then "…"; what no reader may see (control characters, those that
 * steer the direction of writing, bytes that are no UTF-8) becomes U+FFFD.
 */
void journey_html_str(journey_html_t *h, const journey_str_t *str,
    unsigned max);

/* The same of a name that journey gives: organic_search is "Organic search". */
void journey_html_name(journey_html_t *h, const journey_str_t *str,
    unsigned max);

/* What a touch is told by (--touch): such a name, or what a log holds. */
void journey_html_touch(journey_html_t *h, const journey_str_t *str,
    unsigned max);

void journey_html_count(journey_html_t *h, uint64_t n);         /* 12,345 */
void journey_html_money(journey_html_t *h, double value);       /* 1,234.50 */
void journey_html_credit(journey_html_t *h, double number);     /* 12, 0.40 */
void journey_html_share(journey_html_t *h, double share);       /* 12.3 % */

/* A time in --tz. */
void journey_html_time(journey_html_t *h, uint64_t ms);

/* " EUR", or nothing. */
void journey_html_currency(journey_html_t *h);

/* "12 conversions"; "1 conversion". */
void journey_html_counted(journey_html_t *h, uint64_t n, const char *one,
    const char *many);

/* A paragraph that stands where there is nothing to draw. */
void journey_html_empty(journey_html_t *h, const char *text);


/* ---- a table: journey_html_table.c --------------------------------------- */

/*
 * The table in a <details>: its first rows, and one that sums up the others in
 * those columns that have a sum.  caption is the command's own.
 */
void journey_html_table(journey_html_t *h, const journey_table_t *table,
    const char *caption);

/* For tables that no command prints: what stands around the rows.  A title that
 * begins with "-" is that of text, others are numbers. */
void journey_html_table_begin(journey_html_t *h, const char *caption,
    const char *const *titles, unsigned n);
void journey_html_table_end(journey_html_t *h);


/* ---- rows of bars: journey_html_lists.c ---------------------------------- */

/* A bar of share (0 to 1) of the width; class is that of its colour. */
void journey_html_bar(journey_html_t *h, double share, unsigned y,
    unsigned height, const char *class);

/* "12 conversions, 1,234.50 EUR" */
void journey_html_gain(journey_html_t *h, double conversions, double value);

/* Opens a cell of a heat map; levels are the four shares at which the colour
 * changes. */
void journey_html_heat(journey_html_t *h, double share, const double *levels);


/* ---- sections: each draws what stands below its heading ------------------ */

void journey_html_headline(journey_html_t *h);
void journey_html_timeline(journey_html_t *h);
void journey_html_funnel(journey_html_t *h);

void journey_html_flows(journey_html_t *h);
void journey_html_moves(journey_html_t *h);
void journey_html_conversion_time(journey_html_t *h);
void journey_html_steps(journey_html_t *h);

void journey_html_attribution(journey_html_t *h);
void journey_html_retention(journey_html_t *h);

void journey_html_channels(journey_html_t *h);
void journey_html_campaigns(journey_html_t *h);
void journey_html_goals(journey_html_t *h);
void journey_html_paths(journey_html_t *h);
void journey_html_places(journey_html_t *h);
void journey_html_pages(journey_html_t *h);
void journey_html_notes(journey_html_t *h);

/* Parts of a section. */
void journey_html_compared(journey_html_t *h);
void journey_html_direct(journey_html_t *h);
void journey_html_causes(journey_html_t *h, const journey_str_t *phase);
void journey_html_gaps(journey_html_t *h);


/* ---- the page ------------------------------------------------------------ */

extern const char  journey_html_style[];

/* Writes the page to h; JOURNEY_ERROR when memory is exhausted.  What h points
 * to is the caller's, but for data. */
int journey_html_page(journey_html_t *h);

/* "report --html FILE". */
int journey_report_html(const journey_options_t *opts);


#endif /* JOURNEY_HTML_H */
