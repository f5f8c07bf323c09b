
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_status prometheus: the text exposition format, version 0.0.4.  All
 * series of a metric stand together, behind its HELP and TYPE.
 */


#include "ngx_http_journey_status.h"


#define NGX_HTTP_JOURNEY_METRIC  "journey_"

/* Around a label's value and a number: {kind="…"} 1 and a line feed. */

#define NGX_HTTP_JOURNEY_SERIES_SIZE                                          \
    (sizeof(NGX_HTTP_JOURNEY_METRIC) + sizeof("{=\"\"} \n") + NGX_ATOMIC_T_LEN)


/* Metrics whose series come from lists, not from the table. */

typedef enum {
    NGX_HTTP_JOURNEY_METRIC_PHASES = 0,
    NGX_HTTP_JOURNEY_METRIC_REACHED,
    NGX_HTTP_JOURNEY_METRIC_COMPLETED,
    NGX_HTTP_JOURNEY_METRIC_VALUE,
    NGX_HTTP_JOURNEY_METRIC_DEDUCTED,
    NGX_HTTP_JOURNEY_METRIC_REASONS,
    NGX_HTTP_JOURNEY_METRIC_SALTS_CREATED,
    NGX_HTTP_JOURNEY_METRIC_SALTS_DESTROYED,
    NGX_HTTP_JOURNEY_METRIC_SALT,
    NGX_HTTP_JOURNEY_METRIC_BUILD,
    NGX_HTTP_JOURNEY_METRIC_STARTED,
    NGX_HTTP_JOURNEY_METRIC_LAST
} ngx_http_journey_metric_e;


static size_t ngx_http_journey_prometheus_size(
    ngx_http_journey_snapshot_t *snapshot);
static size_t ngx_http_journey_prometheus_names_size(ngx_array_t *found,
    const char *metric);
static u_char *ngx_http_journey_prometheus_write(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot);
static u_char *ngx_http_journey_prometheus_fields(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot);
static u_char *ngx_http_journey_prometheus_head(u_char *p, u_char *last,
    const char *metric, const char *help);
static u_char *ngx_http_journey_prometheus_metric(u_char *p, u_char *last,
    ngx_http_journey_metric_e i);
static u_char *ngx_http_journey_prometheus_named(u_char *p, u_char *last,
    const char *metric, const char *label, ngx_array_t *found);
static u_char *ngx_http_journey_prometheus_goals(u_char *p, u_char *last,
    ngx_http_journey_metric_e i, ngx_array_t *goals);
static u_char *ngx_http_journey_prometheus_values(u_char *p, u_char *last,
    ngx_http_journey_metric_e i, ngx_array_t *goals);
static u_char *ngx_http_journey_prometheus_salts(u_char *p, u_char *last,
    ngx_http_journey_salt_times_t *salts);
static u_char *ngx_http_journey_prometheus_label(u_char *p,
    const ngx_str_t *value);


static const struct {
    const char  *metric;
    const char  *label;
    const char  *help;
} ngx_http_journey_metrics[] = {
    { "phase_pages_total", "phase", "Pages, by phase." },
    { "goals_reached_total", "goal", "Goals reached, by goal." },
    { "goals_completed_total", "goal",
      "Journeys completed, by the goal that did." },
    { "goal_value_total", NULL,
      "Values of goals, by goal and currency; without those below 0." },
    { "goal_value_deducted_total", NULL,
      "Values of goals that are below 0, without their sign." },
    { "bot_reasons_total", "reason",
      "Pages and goals that bots asked for, by why they are bots." },
    { "salts_created_total", NULL, "Salts of the daily hash made." },
    { "salts_destroyed_total", NULL, "Salts of the daily hash overwritten." },
    { "salt_created_timestamp_seconds", "salt",
      "When the salts that exist were made." },
    { "build_info", NULL, "The module's version." },
    { "start_time_seconds", NULL, "When the counters began." },
    { NULL, NULL, NULL }
};


const ngx_http_journey_format_t  ngx_http_journey_status_prometheus = {
    ngx_string("prometheus"),
    ngx_string("text/plain; version=0.0.4; charset=utf-8"),
    sizeof("text/plain") - 1,
    ngx_null_string,
    ngx_http_journey_prometheus_size,
    ngx_http_journey_prometheus_write
};


/* Every field and metric as if it had a head and a series of its own. */

static size_t
ngx_http_journey_prometheus_size(ngx_http_journey_snapshot_t *snapshot)
{
    size_t                            size, name;
    ngx_uint_t                        i;
    const char                       *metric;
    const ngx_http_journey_field_t   *field;
    ngx_http_journey_counted_goal_t  *goal;

    size = 0;
    metric = "";

    for (i = 0; i < ngx_http_journey_status_nfields; i++) {
        field = &ngx_http_journey_status_fields[i];

        if (field->key == NULL) {
            continue;
        }

        if (field->metric != NULL) {
            metric = field->metric;
            size += 2 * (sizeof(NGX_HTTP_JOURNEY_METRIC) + ngx_strlen(metric))
                    + ngx_strlen(field->help)
                    + sizeof("# HELP  \n# TYPE  counter\n");
        }

        size += NGX_HTTP_JOURNEY_SERIES_SIZE + ngx_strlen(metric)
                + (field->label ? ngx_strlen(field->label) : sizeof("channel"))
                + ngx_strlen(field->key);
    }

    for (i = 0; i < NGX_HTTP_JOURNEY_METRIC_LAST; i++) {

        /* two series at most of those without a list */

        name = ngx_strlen(ngx_http_journey_metrics[i].metric);

        size += 2 * (sizeof(NGX_HTTP_JOURNEY_METRIC) + name)
                + ngx_strlen(ngx_http_journey_metrics[i].help)
                + sizeof("# HELP  \n# TYPE  counter\n")
                + 2 * (NGX_HTTP_JOURNEY_SERIES_SIZE + name
                       + sizeof("version" NGX_HTTP_JOURNEY_VERSION)
                       + NGX_TIME_T_LEN);
    }

    size += ngx_http_journey_prometheus_names_size(&snapshot->channels,
                                                   "touches_total")
            + ngx_http_journey_prometheus_names_size(&snapshot->phases,
                                                     "phase_pages_total")
            + ngx_http_journey_prometheus_names_size(&snapshot->reasons,
                                                     "bot_reasons_total");

    goal = snapshot->goals.elts;

    for (i = 0; i < snapshot->goals.nelts; i++) {
        size += (2 + 2 * goal[i].nworths)
                * (NGX_HTTP_JOURNEY_SERIES_SIZE
                   + sizeof("goal_value_deducted_total")
                   + sizeof("goal,currency=\"EUR\"")
                   + NGX_HTTP_JOURNEY_MONEY_LEN + 2 * goal[i].name.len);
    }

    return size;
}


static size_t
ngx_http_journey_prometheus_names_size(ngx_array_t *found, const char *metric)
{
    size_t                     size;
    ngx_uint_t                 i;
    ngx_http_journey_named_t  *named;

    size = 0;
    named = found->elts;

    for (i = 0; i < found->nelts; i++) {
        size += NGX_HTTP_JOURNEY_SERIES_SIZE + ngx_strlen(metric)
                + sizeof("channel") + 2 * named[i].name.len;
    }

    return size;
}


static u_char *
ngx_http_journey_prometheus_write(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot)
{
    ngx_uint_t  i;

    p = ngx_http_journey_prometheus_fields(p, last, snapshot);

    for (i = 0; i < NGX_HTTP_JOURNEY_METRIC_LAST; i++) {

        p = ngx_http_journey_prometheus_metric(p, last, i);

        switch (i) {

        case NGX_HTTP_JOURNEY_METRIC_PHASES:
            p = ngx_http_journey_prometheus_named(p, last,
                                       ngx_http_journey_metrics[i].metric,
                                       ngx_http_journey_metrics[i].label,
                                       &snapshot->phases);
            break;

        case NGX_HTTP_JOURNEY_METRIC_REASONS:
            p = ngx_http_journey_prometheus_named(p, last,
                                       ngx_http_journey_metrics[i].metric,
                                       ngx_http_journey_metrics[i].label,
                                       &snapshot->reasons);
            break;

        case NGX_HTTP_JOURNEY_METRIC_REACHED:
        case NGX_HTTP_JOURNEY_METRIC_COMPLETED:
            p = ngx_http_journey_prometheus_goals(p, last, i,
                                                  &snapshot->goals);
            break;

        case NGX_HTTP_JOURNEY_METRIC_VALUE:
        case NGX_HTTP_JOURNEY_METRIC_DEDUCTED:
            p = ngx_http_journey_prometheus_values(p, last, i,
                                                   &snapshot->goals);
            break;

        case NGX_HTTP_JOURNEY_METRIC_SALT:
            p = ngx_http_journey_prometheus_salts(p, last, &snapshot->salts);
            break;

        case NGX_HTTP_JOURNEY_METRIC_BUILD:
            p = ngx_slprintf(p, last, NGX_HTTP_JOURNEY_METRIC "%s{version=\""
                             NGX_HTTP_JOURNEY_VERSION "\"} 1\n",
                             ngx_http_journey_metrics[i].metric);
            break;

        case NGX_HTTP_JOURNEY_METRIC_STARTED:
            p = ngx_slprintf(p, last, NGX_HTTP_JOURNEY_METRIC "%s %T\n",
                             ngx_http_journey_metrics[i].metric,
                             snapshot->started);
            break;

        default: /* salts created, destroyed */
            p = ngx_slprintf(p, last, NGX_HTTP_JOURNEY_METRIC "%s %uL\n",
                             ngx_http_journey_metrics[i].metric,
                             (i == NGX_HTTP_JOURNEY_METRIC_SALTS_CREATED)
                             ? snapshot->salts.created
                             : snapshot->salts.destroyed);
            break;
        }
    }

    return p;
}


static u_char *
ngx_http_journey_prometheus_fields(u_char *p, u_char *last,
    ngx_http_journey_snapshot_t *snapshot)
{
    ngx_uint_t                       i;
    const ngx_http_journey_field_t  *field, *object;

    object = NULL;

    for (i = 0; i < ngx_http_journey_status_nfields; i++) {
        field = &ngx_http_journey_status_fields[i];

        if (field->key == NULL) {
            object = NULL;
            continue;
        }

        if (field->metric != NULL) {
            p = ngx_http_journey_prometheus_head(p, last, field->metric,
                                                 field->help);
        }

        if (field->number == -1) {
            object = field;

        } else if (field->label != NULL) {

            /* what its total is the sum of */

            p = ngx_http_journey_prometheus_named(p, last, field->metric,
                                                  field->label,
                                                  &snapshot->channels);

        } else if (field->metric != NULL) {
            p = ngx_slprintf(p, last, NGX_HTTP_JOURNEY_METRIC "%s %uA\n",
                             field->metric, snapshot->numbers[field->number]);

        } else {
            p = ngx_slprintf(p, last,
                             NGX_HTTP_JOURNEY_METRIC "%s{%s=\"%s\"} %uA\n",
                             object->metric, object->label, field->key,
                             snapshot->numbers[field->number]);
        }
    }

    return p;
}


static u_char *
ngx_http_journey_prometheus_head(u_char *p, u_char *last, const char *metric,
    const char *help)
{
    size_t       len;
    const char  *type;

    len = ngx_strlen(metric);

    type = (len > sizeof("_total") - 1
            && ngx_strcmp(metric + len - (sizeof("_total") - 1), "_total")
               == 0)
           ? "counter" : "gauge";

    return ngx_slprintf(p, last,
                        "# HELP " NGX_HTTP_JOURNEY_METRIC "%s %s\n"
                        "# TYPE " NGX_HTTP_JOURNEY_METRIC "%s %s\n",
                        metric, help, metric, type);
}


static u_char *
ngx_http_journey_prometheus_metric(u_char *p, u_char *last,
    ngx_http_journey_metric_e i)
{
    return ngx_http_journey_prometheus_head(p, last,
                                            ngx_http_journey_metrics[i].metric,
                                            ngx_http_journey_metrics[i].help);
}


static u_char *
ngx_http_journey_prometheus_named(u_char *p, u_char *last, const char *metric,
    const char *label, ngx_array_t *found)
{
    ngx_uint_t                 i;
    ngx_http_journey_named_t  *named;

    named = found->elts;

    for (i = 0; i < found->nelts; i++) {
        p = ngx_slprintf(p, last, NGX_HTTP_JOURNEY_METRIC "%s{%s=\"", metric,
                         label);
        p = ngx_http_journey_prometheus_label(p, &named[i].name);
        p = ngx_slprintf(p, last, "\"} %uA\n", named[i].n);
    }

    return p;
}


static u_char *
ngx_http_journey_prometheus_goals(u_char *p, u_char *last,
    ngx_http_journey_metric_e i, ngx_array_t *goals)
{
    ngx_uint_t                        k;
    ngx_http_journey_counted_goal_t  *goal;

    goal = goals->elts;

    for (k = 0; k < goals->nelts; k++) {
        p = ngx_slprintf(p, last, NGX_HTTP_JOURNEY_METRIC "%s{%s=\"",
                         ngx_http_journey_metrics[i].metric,
                         ngx_http_journey_metrics[i].label);
        p = ngx_http_journey_prometheus_label(p, &goal[k].name);
        p = ngx_slprintf(p, last, "\"} %uA\n",
                         (i == NGX_HTTP_JOURNEY_METRIC_REACHED)
                         ? goal[k].reached : goal[k].completed);
    }

    return p;
}


/* Two metrics, since a counter may only grow. */

static u_char *
ngx_http_journey_prometheus_values(u_char *p, u_char *last,
    ngx_http_journey_metric_e i, ngx_array_t *goals)
{
    ngx_uint_t                        k, n;
    ngx_http_journey_worth_t         *worth;
    ngx_http_journey_counted_goal_t  *goal;

    goal = goals->elts;

    for (k = 0; k < goals->nelts; k++) {

        worth = goal[k].worths;

        for (n = 0; n < goal[k].nworths; n++) {
            p = ngx_slprintf(p, last, NGX_HTTP_JOURNEY_METRIC "%s{goal=\"",
                             ngx_http_journey_metrics[i].metric);
            p = ngx_http_journey_prometheus_label(p, &goal[k].name);
            p = ngx_slprintf(p, last, "\",currency=\"%s\"} ",
                             worth[n].currency);
            p = ngx_http_journey_status_money(p, last,
                                     (i == NGX_HTTP_JOURNEY_METRIC_VALUE)
                                     ? worth[n].plus : worth[n].minus);
            p = ngx_slprintf(p, last, "\n");
        }
    }

    return p;
}


static u_char *
ngx_http_journey_prometheus_salts(u_char *p, u_char *last,
    ngx_http_journey_salt_times_t *salts)
{
    ngx_uint_t            i;
    journey_salt_gone_t  *salt;

    for (i = 0; i < 2; i++) {
        salt = (i == 0) ? &salts->today : &salts->previous;

        if (salt->created != 0) {
            p = ngx_slprintf(p, last, NGX_HTTP_JOURNEY_METRIC
                             "%s{%s=\"%s\"} %uL\n",
                             ngx_http_journey_metrics[
                                         NGX_HTTP_JOURNEY_METRIC_SALT].metric,
                             ngx_http_journey_metrics[
                                         NGX_HTTP_JOURNEY_METRIC_SALT].label,
                             (i == 0) ? "today" : "previous", salt->created);
        }
    }

    return p;
}


/* Twice its length has room. */

static u_char *
ngx_http_journey_prometheus_label(u_char *p, const ngx_str_t *value)
{
    size_t  i;

    for (i = 0; i < value->len; i++) {

        switch (value->data[i]) {

        case '\\':
        case '"':
            *p++ = '\\';
            *p++ = value->data[i];
            break;

        case '\n':
            *p++ = '\\';
            *p++ = 'n';
            break;

        default:
            *p++ = value->data[i];
        }
    }

    return p;
}
