
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_status html: one page without JavaScript.  Each picture is a bar in
 * the row of a table that holds its number, so that nothing is told by pictures
 * alone.
 */


#include "ngx_http_journey_status.h"
#include "ngx_http_journey_status_pieces.h"
#include "ngx_http_journey_status_style.h"


/* Rows of a list; what comes behind is one row. */

#define NGX_HTTP_JOURNEY_HTML_CHANNELS  24
#define NGX_HTTP_JOURNEY_HTML_REASONS   12
#define NGX_HTTP_JOURNEY_HTML_GOALS     24

#define NGX_HTTP_JOURNEY_HTML_TILES     6


/* The pieces, and the most bytes that each becomes. */

#define NGX_HTTP_JOURNEY_HTML_HEAD                                            \
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"                           \
    "<meta charset=\"utf-8\">\n"                                              \
    "<meta name=\"viewport\" content=\"width=device-width, "                  \
    "initial-scale=1\">\n"                                                    \
    "<meta name=\"robots\" content=\"noindex\">\n"

#define NGX_HTTP_JOURNEY_HTML_REFRESH                                         \
    "<meta http-equiv=\"refresh\" content=\"10\">\n"

#define NGX_HTTP_JOURNEY_HTML_BODY                                            \
    "<title>journey status</title>\n"                                         \
    "<style>" NGX_HTTP_JOURNEY_STYLE "</style>\n</head>\n<body>\n"            \
    "<header>\n<h1>journey status</h1>\n<p>"

#define NGX_HTTP_JOURNEY_HTML_PAUSE                                           \
    "refreshed every 10 seconds, <a href=\"?refresh=0\">pause</a>"

#define NGX_HTTP_JOURNEY_HTML_RESUME                                          \
    "paused, <a href=\"?refresh=10\">resume</a>"

#define NGX_HTTP_JOURNEY_HTML_ALERT                                           \
    "<p class=\"alert\">Events are lost: %s lines of the journey log had to " \
    "make room. See journey log, below.</p>\n"

#define NGX_HTTP_JOURNEY_HTML_ROW_SIZE                                        \
    (sizeof("<tr class=\"warn\"><th scope=\"row\"></th><td></td><td></td>"    \
            "</tr>\n")                                                        \
     + sizeof(NGX_HTTP_JOURNEY_HTML_BAR) + 2 * sizeof("1000")                 \
     + 2 * NGX_HTTP_JOURNEY_HTML_NUMBER + sizeof("100.0%"))

#define NGX_HTTP_JOURNEY_HTML_LIST_SIZE                                       \
    (sizeof("<section class=\"funnel\"><h2></h2>\n<table>\n<thead><tr>"       \
            "<th scope=\"col\"></th><th scope=\"col\"></th>"                  \
            "<th scope=\"col\"></th><th scope=\"col\"></th></tr></thead>\n"   \
            "<tbody>\n</tbody></table>\n<p class=\"soft\"></p></section>\n")  \
     + 256)

#define NGX_HTTP_JOURNEY_HTML_TILE_SIZE                                       \
    (sizeof("<div><dt></dt><dd></dd><dd></dd></div>\n")                       \
     + 4 * (NGX_HTTP_JOURNEY_MONEY_LEN + NGX_HTTP_JOURNEY_HTML_NUMBER) + 128)


/* A list of rows. */

typedef struct {
    const char         *title;
    const char         *what;           /* the columns' heads */
    const char         *number;
    const char         *none;           /* said when there is nothing */
    const char         *more;           /* "N more …" */
    ngx_uint_t          limit;          /* of rows; 0: none */
    unsigned            zeros:1;        /* are rows, too */
    unsigned            funnel:1;
} ngx_http_journey_list_t;


static size_t ngx_http_journey_html_size(
    ngx_http_journey_snapshot_t *snapshot);
static u_char *ngx_http_journey_html_write(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot);
static u_char *ngx_http_journey_html_head(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot);
static u_char *ngx_http_journey_html_tiles(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot);
static u_char *ngx_http_journey_html_tile(u_char *p, u_char *last,
    const char *title, ngx_atomic_uint_t n, const char *what,
    ngx_atomic_uint_t more);
static u_char *ngx_http_journey_html_worth(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot);
static ngx_uint_t ngx_http_journey_html_currencies(ngx_array_t *worths,
    ngx_http_journey_worth_t *best, ngx_uint_t max);
static u_char *ngx_http_journey_html_list(u_char *p, u_char *last,
    const ngx_http_journey_list_t *list, ngx_array_t *found);
static u_char *ngx_http_journey_html_goals(u_char *p, u_char *last,
    ngx_array_t *goals);
static u_char *ngx_http_journey_html_goal(u_char *p, u_char *last,
    ngx_http_journey_counted_goal_t *goal, ngx_atomic_uint_t max);
static u_char *ngx_http_journey_html_object(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot, const char *key);
static u_char *ngx_http_journey_html_scalars(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot);
static u_char *ngx_http_journey_html_field(u_char *p, u_char *last,
    const ngx_http_journey_field_t *field, ngx_atomic_uint_t n,
    ngx_atomic_uint_t max);
static u_char *ngx_http_journey_html_salts(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot);
static int ngx_libc_cdecl ngx_http_journey_html_by_number(const void *one,
    const void *two);
static int ngx_libc_cdecl ngx_http_journey_html_by_position(const void *one,
    const void *two);
static int ngx_libc_cdecl ngx_http_journey_html_by_reached(const void *one,
    const void *two);


static const ngx_http_journey_list_t  ngx_http_journey_html_channels = {
    "Touches by channel", "channel", "touches", "No touches yet.",
    "more channels", NGX_HTTP_JOURNEY_HTML_CHANNELS, 0, 0
};

static const ngx_http_journey_list_t  ngx_http_journey_html_phases = {
    "Pages by phase", "phase", "pages", "No phases are configured.", "",
    0, 1, 1
};

static const ngx_http_journey_list_t  ngx_http_journey_html_reasons = {
    "Bots by reason", "reason", "requests", "No bots yet.", "more reasons",
    NGX_HTTP_JOURNEY_HTML_REASONS, 0, 0
};

/* The objects of the table that follow the lists. */

static const char  *ngx_http_journey_html_objects[] = {
    "log", "zone", "events", "visitors", "suppressed", "tokens", "cookieless",
    "links", "landings", "ignored", NULL
};


const ngx_http_journey_format_t  ngx_http_journey_status_html = {
    ngx_string("html"),
    ngx_string("text/html; charset=utf-8"),
    sizeof("text/html") - 1,
    ngx_string("default-src 'none'; style-src 'sha256-"
               NGX_HTTP_JOURNEY_STYLE_HASH "'; base-uri 'none'; "
               "form-action 'none'; frame-ancestors 'none'"),
    ngx_http_journey_html_size,
    ngx_http_journey_html_write
};


static size_t
ngx_http_journey_html_size(ngx_http_journey_snapshot_t *snapshot)
{
    size_t      size;
    ngx_uint_t  i, rows;

    size = sizeof(NGX_HTTP_JOURNEY_HTML_HEAD)
           + sizeof(NGX_HTTP_JOURNEY_HTML_REFRESH)
           + sizeof(NGX_HTTP_JOURNEY_HTML_BODY)
           + sizeof(NGX_HTTP_JOURNEY_HTML_PAUSE)
           + sizeof(NGX_HTTP_JOURNEY_HTML_ALERT)
           + NGX_HTTP_JOURNEY_HTML_NUMBER
           + 2 * sizeof(NGX_HTTP_JOURNEY_HTML_TIME) + 256
           + NGX_HTTP_JOURNEY_HTML_TILES * NGX_HTTP_JOURNEY_HTML_TILE_SIZE;

    /* lists, objects, all other numbers, salts */

    size += (4 + sizeof(ngx_http_journey_html_objects) / sizeof(char *) + 2)
            * NGX_HTTP_JOURNEY_HTML_LIST_SIZE;

    /* a row more each for what is beyond the limit */

    rows = ngx_min(snapshot->channels.nelts, NGX_HTTP_JOURNEY_HTML_CHANNELS)
           + ngx_min(snapshot->reasons.nelts, NGX_HTTP_JOURNEY_HTML_REASONS)
           + ngx_min(snapshot->goals.nelts, NGX_HTTP_JOURNEY_HTML_GOALS)
           + snapshot->phases.nelts + 3;

    size += rows * (NGX_HTTP_JOURNEY_HTML_ROW_SIZE
                    + sizeof("&quot;") * NGX_HTTP_JOURNEY_NAME_MAX);

    size += snapshot->worths.nelts
            * (sizeof("<br>EUR ") + NGX_HTTP_JOURNEY_MONEY_LEN
               + NGX_HTTP_JOURNEY_HTML_NUMBER);

    for (i = 0; i < ngx_http_journey_status_nfields; i++) {

        if (ngx_http_journey_status_fields[i].key != NULL) {
            size += NGX_HTTP_JOURNEY_HTML_ROW_SIZE
                    + ngx_strlen(ngx_http_journey_status_fields[i].text);
        }
    }

    return size + 4 * (NGX_HTTP_JOURNEY_HTML_ROW_SIZE + 64);
}


static u_char *
ngx_http_journey_html_write(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot)
{
    const char  **key;

    ngx_qsort(snapshot->channels.elts, snapshot->channels.nelts,
              sizeof(ngx_http_journey_named_t),
              ngx_http_journey_html_by_number);
    ngx_qsort(snapshot->reasons.elts, snapshot->reasons.nelts,
              sizeof(ngx_http_journey_named_t),
              ngx_http_journey_html_by_number);
    ngx_qsort(snapshot->phases.elts, snapshot->phases.nelts,
              sizeof(ngx_http_journey_named_t),
              ngx_http_journey_html_by_position);
    ngx_qsort(snapshot->goals.elts, snapshot->goals.nelts,
              sizeof(ngx_http_journey_counted_goal_t),
              ngx_http_journey_html_by_reached);

    p = ngx_http_journey_html_head(p, last, snapshot);
    p = ngx_http_journey_html_tiles(p, last, snapshot);

    p = ngx_slprintf(p, last, "<main>\n");

    p = ngx_http_journey_html_list(p, last, &ngx_http_journey_html_channels,
                                   &snapshot->channels);
    p = ngx_http_journey_html_list(p, last, &ngx_http_journey_html_phases,
                                   &snapshot->phases);
    p = ngx_http_journey_html_goals(p, last, &snapshot->goals);
    p = ngx_http_journey_html_list(p, last, &ngx_http_journey_html_reasons,
                                   &snapshot->reasons);

    for (key = ngx_http_journey_html_objects; *key != NULL; key++) {
        p = ngx_http_journey_html_object(p, last, snapshot, *key);
    }

    p = ngx_http_journey_html_scalars(p, last, snapshot);
    p = ngx_http_journey_html_salts(p, last, snapshot);

    return ngx_slprintf(p, last, "</main>\n</body>\n</html>\n");
}


static u_char *
ngx_http_journey_html_head(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot)
{
    u_char             number[NGX_HTTP_JOURNEY_HTML_NUMBER];
    ngx_atomic_uint_t  dropped;

    p = ngx_slprintf(p, last, "%s%s%s", NGX_HTTP_JOURNEY_HTML_HEAD,
                     snapshot->paused ? "" : NGX_HTTP_JOURNEY_HTML_REFRESH,
                     NGX_HTTP_JOURNEY_HTML_BODY);

    p = ngx_slprintf(p, last, "Counted since ");
    p = ngx_http_journey_html_time(p, last, snapshot->started);
    p = ngx_slprintf(p, last, ", for ");
    p = ngx_http_journey_html_span(p, last,
                                   snapshot->now - snapshot->started);
    p = ngx_slprintf(p, last, "; now it is ");
    p = ngx_http_journey_html_time(p, last, snapshot->now);

    p = ngx_slprintf(p, last, "; %s. Version " NGX_HTTP_JOURNEY_VERSION
                     ".</p>\n</header>\n",
                     snapshot->paused ? NGX_HTTP_JOURNEY_HTML_RESUME
                                      : NGX_HTTP_JOURNEY_HTML_PAUSE);

    dropped = snapshot->numbers[NGX_HTTP_JOURNEY_LOG_DROPPED];

    if (dropped > 0) {
        *ngx_http_journey_html_number(number, number + sizeof(number) - 1,
                                      dropped) = '\0';
        p = ngx_slprintf(p, last, NGX_HTTP_JOURNEY_HTML_ALERT, number);
    }

    return p;
}


static u_char *
ngx_http_journey_html_tiles(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot)
{
    ngx_atomic_uint_t  *n, events;

    n = snapshot->numbers;

    events = n[NGX_HTTP_JOURNEY_PAGES] + n[NGX_HTTP_JOURNEY_PREFETCHED]
             + n[NGX_HTTP_JOURNEY_GOALS_REACHED] + n[NGX_HTTP_JOURNEY_ERRORS]
             + n[NGX_HTTP_JOURNEY_CLICKS] + n[NGX_HTTP_JOURNEY_PIXELS];

    p = ngx_slprintf(p, last, "<dl>\n");

    p = ngx_http_journey_html_tile(p, last, "Requests",
                                   n[NGX_HTTP_JOURNEY_REQUESTS],
                                   "pages and goals for bots",
                                   n[NGX_HTTP_JOURNEY_BOTS]);
    p = ngx_http_journey_html_tile(p, last, "Events", events, "pages",
                                   n[NGX_HTTP_JOURNEY_PAGES]);
    p = ngx_http_journey_html_tile(p, last, "Sessions",
                                   n[NGX_HTTP_JOURNEY_SESSIONS], "touches",
                                   n[NGX_HTTP_JOURNEY_TOUCHES]);
    p = ngx_http_journey_html_tile(p, last, "New visitors",
                                   n[NGX_HTTP_JOURNEY_VISITORS_NEW],
                                   "sessions of returning ones",
                                   n[NGX_HTTP_JOURNEY_VISITORS_RETURNING]);

    /* goals that complete are what counts, unless there are none */

    p = ngx_http_journey_html_tile(p, last, "Conversions",
                                   n[NGX_HTTP_JOURNEY_COMPLETED] > 0
                                   ? n[NGX_HTTP_JOURNEY_COMPLETED]
                                   : n[NGX_HTTP_JOURNEY_GOALS_REACHED],
                                   n[NGX_HTTP_JOURNEY_COMPLETED] > 0
                                   ? "goals reached" : "journeys completed",
                                   n[NGX_HTTP_JOURNEY_COMPLETED] > 0
                                   ? n[NGX_HTTP_JOURNEY_GOALS_REACHED] : 0);

    p = ngx_http_journey_html_worth(p, last, snapshot);

    return ngx_slprintf(p, last, "</dl>\n");
}


static u_char *
ngx_http_journey_html_tile(u_char *p, u_char *last, const char *title,
    ngx_atomic_uint_t n, const char *what, ngx_atomic_uint_t more)
{
    p = ngx_slprintf(p, last, "<div><dt>%s</dt><dd>", title);
    p = ngx_http_journey_html_number(p, last, n);
    p = ngx_slprintf(p, last, "</dd><dd>%s: ", what);
    p = ngx_http_journey_html_number(p, last, more);

    return ngx_slprintf(p, last, "</dd></div>\n");
}


/* The value of all goals: the currency that adds up to most, and two more. */

static u_char *
ngx_http_journey_html_worth(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot)
{
    ngx_uint_t                i, n;
    ngx_http_journey_worth_t  best[3];

    n = ngx_http_journey_html_currencies(&snapshot->worths, best, 3);

    p = ngx_slprintf(p, last, "<div><dt>Value</dt><dd>");

    if (n == 0) {
        return ngx_slprintf(p, last, "0</dd><dd>no goal had a value</dd>"
                                     "</div>\n");
    }

    p = ngx_http_journey_html_money(p, last, &best[0]);
    p = ngx_slprintf(p, last, "</dd><dd>");

    for (i = 1; i < ngx_min(n, 3); i++) {
        p = ngx_slprintf(p, last, (i == 1) ? "and " : ", ");
        p = ngx_http_journey_html_money(p, last, &best[i]);
    }

    if (n > 3) {
        p = ngx_slprintf(p, last, ", and %ui more currencies", n - 3);
    }

    return ngx_slprintf(p, last, "%s</dd></div>\n",
                        (n == 1) ? "of all goals" : "");
}


/* The currencies with the largest sums over all goals, at most max of them;
 * returns how many there are.  Sums beyond what 64 bits hold stay at the
 * end. */

static ngx_uint_t
ngx_http_journey_html_currencies(ngx_array_t *worths,
    ngx_http_journey_worth_t *best, ngx_uint_t max)
{
    ngx_uint_t                 i, k, n;
    ngx_http_journey_worth_t  *worth, sum;

    n = 0;
    worth = worths->elts;

    for (i = 0; i < worths->nelts; i++) {

        for (k = 0; k < i; k++) {
            if (ngx_memcmp(worth[k].currency, worth[i].currency, 3) == 0) {
                break;
            }
        }

        if (k < i) {
            continue;
        }

        sum = worth[i];

        for (k = i + 1; k < worths->nelts; k++) {

            if (ngx_memcmp(worth[k].currency, sum.currency, 3) == 0) {
                sum.plus += ngx_min(worth[k].plus, INT64_MAX - sum.plus);
                sum.minus += ngx_min(worth[k].minus, INT64_MAX - sum.minus);
            }
        }

        for (k = ngx_min(n, max);
             k > 0 && best[k - 1].plus - best[k - 1].minus
                      < sum.plus - sum.minus;
             k--)
        {
            if (k < max) {
                best[k] = best[k - 1];
            }
        }

        if (k < max) {
            best[k] = sum;
        }

        n++;
    }

    return n;
}


static u_char *
ngx_http_journey_html_list(u_char *p, u_char *last,
    const ngx_http_journey_list_t *list, ngx_array_t *found)
{
    ngx_uint_t                 i, rows, more;
    ngx_atomic_uint_t          max, total, rest;
    ngx_http_journey_named_t  *named;

    p = ngx_slprintf(p, last, "<section%s><h2>%s</h2>\n",
                     list->funnel ? " class=\"funnel\"" : "", list->title);

    max = 0;
    total = 0;
    named = found->elts;

    for (i = 0; i < found->nelts; i++) {
        max = ngx_max(max, named[i].n);
        total += named[i].n;
    }

    if (found->nelts == 0 || (total == 0 && !list->zeros)) {
        return ngx_slprintf(p, last, "<p class=\"soft\">%s</p></section>\n",
                            list->none);
    }

    p = ngx_slprintf(p, last,
                     "<table>\n<thead><tr><th scope=\"col\">%s</th>"
                     "<th scope=\"col\">%s</th><th scope=\"col\">share</th>"
                     "</tr></thead>\n<tbody>\n", list->what, list->number);

    rows = 0;
    more = 0;
    rest = 0;

    for (i = 0; i < found->nelts; i++) {

        if (named[i].n == 0 && !list->zeros) {
            continue;
        }

        if (list->limit > 0 && rows == list->limit) {
            rest += named[i].n;
            more++;
            continue;
        }

        p = ngx_slprintf(p, last, "<tr><th scope=\"row\">");
        p = ngx_http_journey_html_text(p, &named[i].name);
        p = ngx_http_journey_html_bar(p, last, named[i].n, max, list->funnel);
        p = ngx_slprintf(p, last, "</th><td>");
        p = ngx_http_journey_html_number(p, last, named[i].n);
        p = ngx_slprintf(p, last, "</td><td>");
        p = ngx_http_journey_html_share(p, last, named[i].n, total);
        p = ngx_slprintf(p, last, "</td></tr>\n");

        rows++;
    }

    if (more > 0) {
        p = ngx_slprintf(p, last, "<tr><th scope=\"row\">%ui %s</th><td>",
                         more, list->more);
        p = ngx_http_journey_html_number(p, last, rest);
        p = ngx_slprintf(p, last, "</td><td>");
        p = ngx_http_journey_html_share(p, last, rest, total);
        p = ngx_slprintf(p, last, "</td></tr>\n");
    }

    return ngx_slprintf(p, last, "</tbody></table></section>\n");
}


static u_char *
ngx_http_journey_html_goals(u_char *p, u_char *last, ngx_array_t *goals)
{
    ngx_uint_t                        i, shown;
    ngx_atomic_uint_t                 reached, completed;
    ngx_http_journey_counted_goal_t  *goal;

    p = ngx_slprintf(p, last, "<section class=\"goals\"><h2>Goals</h2>\n");

    if (goals->nelts == 0) {
        return ngx_slprintf(p, last, "<p class=\"soft\">No goals are "
                                     "configured.</p></section>\n");
    }

    p = ngx_slprintf(p, last,
                     "<table>\n<thead><tr><th scope=\"col\">goal</th>"
                     "<th scope=\"col\">reached</th>"
                     "<th scope=\"col\">completed</th>"
                     "<th scope=\"col\">value</th></tr></thead>\n<tbody>\n");

    goal = goals->elts;
    shown = ngx_min(goals->nelts, NGX_HTTP_JOURNEY_HTML_GOALS);

    for (i = 0; i < shown; i++) {
        p = ngx_http_journey_html_goal(p, last, &goal[i], goal[0].reached);
    }

    if (i < goals->nelts) {
        reached = 0;
        completed = 0;

        for ( /* void */ ; i < goals->nelts; i++) {
            reached += goal[i].reached;
            completed += goal[i].completed;
        }

        p = ngx_slprintf(p, last,
                         "<tr><th scope=\"row\">%ui more goals</th><td>",
                         goals->nelts - shown);
        p = ngx_http_journey_html_number(p, last, reached);
        p = ngx_slprintf(p, last, "</td><td>");
        p = ngx_http_journey_html_number(p, last, completed);
        p = ngx_slprintf(p, last, "</td><td></td></tr>\n");
    }

    return ngx_slprintf(p, last, "</tbody></table></section>\n");
}


static u_char *
ngx_http_journey_html_goal(u_char *p, u_char *last,
    ngx_http_journey_counted_goal_t *goal, ngx_atomic_uint_t max)
{
    ngx_uint_t  i;

    p = ngx_slprintf(p, last, "<tr><th scope=\"row\">");
    p = ngx_http_journey_html_text(p, &goal->name);
    p = ngx_http_journey_html_bar(p, last, goal->reached, max, 0);
    p = ngx_slprintf(p, last, "</th><td>");
    p = ngx_http_journey_html_number(p, last, goal->reached);
    p = ngx_slprintf(p, last, "</td><td>");
    p = ngx_http_journey_html_number(p, last, goal->completed);
    p = ngx_slprintf(p, last, "</td><td>");

    for (i = 0; i < goal->nworths; i++) {
        p = ngx_slprintf(p, last, i ? "<br>" : "");
        p = ngx_http_journey_html_money(p, last, &goal->worths[i]);
    }

    return ngx_slprintf(p, last, "</td></tr>\n");
}


/* The members of an object of the table; those that are one metric have bars,
 * as has what of the zone is in use. */

static u_char *
ngx_http_journey_html_object(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot, const char *key)
{
    ngx_uint_t                       i;
    ngx_atomic_uint_t                max;
    const ngx_http_journey_field_t  *object, *field;

    object = ngx_http_journey_status_fields;

    while (object->key == NULL || object->number != -1
           || ngx_strcmp(object->key, key) != 0)
    {
        object++;
    }

    max = 0;

    for (i = 1; object[i].key != NULL; i++) {

        if (object->metric != NULL) {
            max = ngx_max(max, snapshot->numbers[object[i].number]);
        }
    }

    p = ngx_slprintf(p, last, "<section><h2>%s</h2>\n<table>\n<tbody>\n",
                     object->text);

    for (i = 1; object[i].key != NULL; i++) {
        field = &object[i];

        p = ngx_http_journey_html_field(p, last, field,
                                snapshot->numbers[field->number],
                                (field->number == NGX_HTTP_JOURNEY_ZONE_USED)
                                ? snapshot->numbers[NGX_HTTP_JOURNEY_ZONE_BYTES]
                                : max);
    }

    return ngx_slprintf(p, last, "</tbody></table></section>\n");
}


/* The numbers of the table that are in no object. */

static u_char *
ngx_http_journey_html_scalars(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot)
{
    ngx_uint_t                       i, inside;
    const ngx_http_journey_field_t  *field;

    p = ngx_slprintf(p, last, "<section><h2>All else</h2>\n<table>\n"
                              "<tbody>\n");

    inside = 0;

    for (i = 0; i < ngx_http_journey_status_nfields; i++) {
        field = &ngx_http_journey_status_fields[i];

        if (field->key == NULL) {
            inside = 0;

        } else if (field->number == -1) {
            inside = 1;

        } else if (!inside) {
            p = ngx_http_journey_html_field(p, last, field,
                                            snapshot->numbers[field->number],
                                            0);
        }
    }

    return ngx_slprintf(p, last, "</tbody></table></section>\n");
}


/* A row; max is the number of a full bar, 0: without one. */

static u_char *
ngx_http_journey_html_field(u_char *p, u_char *last,
    const ngx_http_journey_field_t *field, ngx_atomic_uint_t n,
    ngx_atomic_uint_t max)
{
    const char  *class;

    class = "";

    if (n > 0) {

        switch (field->number) {

        case NGX_HTTP_JOURNEY_LOG_DROPPED:
        case NGX_HTTP_JOURNEY_LOG_ERRORS:
            class = " class=\"bad\"";
            break;

        case NGX_HTTP_JOURNEY_LOG_UNSLOTTED:
        case NGX_HTTP_JOURNEY_EVICTED:
        case NGX_HTTP_JOURNEY_BAD_SUMS:
            class = " class=\"warn\"";
            break;
        }
    }

    p = ngx_slprintf(p, last, "<tr%s><th scope=\"row\">%s", class,
                     field->text);

    if (max > 0) {
        p = ngx_http_journey_html_bar(p, last, n, max, 0);
    }

    p = ngx_slprintf(p, last, "</th><td>");

    switch (field->number) {

    case NGX_HTTP_JOURNEY_LOG_BYTES:
    case NGX_HTTP_JOURNEY_ZONE_BYTES:
        p = ngx_http_journey_html_bytes(p, last, n);
        break;

    case NGX_HTTP_JOURNEY_ZONE_USED:
        p = ngx_http_journey_html_bytes(p, last, n);
        p = ngx_slprintf(p, last, "</td><td>");
        p = ngx_http_journey_html_share(p, last, n, max);
        break;

    default:
        p = ngx_http_journey_html_number(p, last, n);
    }

    return ngx_slprintf(p, last, "</td></tr>\n");
}


static u_char *
ngx_http_journey_html_salts(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot)
{
    ngx_uint_t            i;
    journey_salt_gone_t  *salt;

    p = ngx_slprintf(p, last,
                     "<section><h2>Salts of the daily hash</h2>\n<table>\n"
                     "<tbody>\n<tr><th scope=\"row\">made</th><td>");
    p = ngx_http_journey_html_number(p, last, snapshot->salts.created);
    p = ngx_slprintf(p, last,
                     "</td></tr>\n<tr><th scope=\"row\">destroyed</th><td>");
    p = ngx_http_journey_html_number(p, last, snapshot->salts.destroyed);
    p = ngx_slprintf(p, last, "</td></tr>\n");

    for (i = 0; i < 2; i++) {
        salt = (i == 0) ? &snapshot->salts.today : &snapshot->salts.previous;

        p = ngx_slprintf(p, last, "<tr><th scope=\"row\">%s</th><td>",
                         (i == 0) ? "today\xe2\x80\x99s, since"
                                  : "the day before\xe2\x80\x99s, since");

        if (salt->created == 0) {
            p = ngx_slprintf(p, last, "none");

        } else {
            p = ngx_http_journey_html_time(p, last, (time_t) salt->created);
        }

        p = ngx_slprintf(p, last, "</td></tr>\n");
    }

    return ngx_slprintf(p, last, "</tbody></table></section>\n");
}


static int ngx_libc_cdecl
ngx_http_journey_html_by_number(const void *one, const void *two)
{
    const ngx_http_journey_named_t  *a = one;
    const ngx_http_journey_named_t  *b = two;

    if (a->n != b->n) {
        return (a->n > b->n) ? -1 : 1;
    }

    return (int) ngx_memn2cmp(a->name.data, b->name.data, a->name.len,
                              b->name.len);
}


/* Those that are in no model come last. */

static int ngx_libc_cdecl
ngx_http_journey_html_by_position(const void *one, const void *two)
{
    const ngx_http_journey_named_t  *a = one;
    const ngx_http_journey_named_t  *b = two;

    if (a->position != b->position) {
        return (a->position - 1 < b->position - 1) ? -1 : 1;
    }

    return (int) ngx_memn2cmp(a->name.data, b->name.data, a->name.len,
                              b->name.len);
}


static int ngx_libc_cdecl
ngx_http_journey_html_by_reached(const void *one, const void *two)
{
    const ngx_http_journey_counted_goal_t  *a = one;
    const ngx_http_journey_counted_goal_t  *b = two;

    if (a->reached != b->reached) {
        return (a->reached > b->reached) ? -1 : 1;
    }

    return (int) ngx_memn2cmp(a->name.data, b->name.data, a->name.len,
                              b->name.len);
}
