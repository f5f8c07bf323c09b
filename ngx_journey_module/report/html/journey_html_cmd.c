
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * "report --html FILE": reads, counts, and puts the page in its place when it
 * is whole.
 */


#include "journey_html.h"
#include "journey_config.h"
#include "journey_rewrite.h"
#include "journey_steps.h"
#include "journey_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


#define JOURNEY_HTML_TABLES  13


static void
journey_html_sum(journey_headline_t *sum, const journey_analysis_t *a)
{
    uint32_t  i;

    sum->from = a->from;
    sum->visitors = a->visitors;
    sum->sessions = a->sessions;
    sum->journeys = a->journeys;
    sum->conversions = a->conversions;
    sum->value = 0;

    for (i = 0; i < a->ncurrencies; i++) {
        if (a->currencies[i].currency == a->currency) {
            sum->value = a->currencies[i].value;
        }
    }
}


/* The period of the same length that ends where --since begins. */

typedef struct {
    journey_options_t    opts;
    char                 currency[4];
    journey_store_t      store;
    journey_analysis_t   a;
    unsigned             loaded;
} journey_html_before_t;


/*
 * From the same files.  There is none without --since, from standard input,
 * which cannot be read again, or when the log begins in its midst.
 */

static int
journey_html_before(journey_html_t *h, journey_html_before_t *before,
    const journey_conf_t *conf)
{
    int                 rc;
    uint64_t            since;
    unsigned            i;
    journey_str_t       name;
    journey_damage_t    damage;
    journey_options_t  *opts;

    if (h->opts->since == 0 || h->a->events == 0
        || h->a->until <= h->opts->since
        || h->a->until - h->opts->since >= h->opts->since)
    {
        return JOURNEY_OK;
    }

    since = journey_timeline_back(&h->opts->zone, h->opts->since,
                                  h->opts->since, h->a->until);

    if (since >= h->opts->since) {
        return JOURNEY_OK;
    }

    for (i = 0; i < h->opts->nargs; i++) {
        if (strcmp(h->opts->args[i], "-") == 0) {
            return JOURNEY_OK;
        }
    }

    opts = &before->opts;
    *opts = *h->opts;
    opts->until = opts->since;
    opts->since = since;
    opts->min_visitors = 0;
    opts->quiet = 1;

    /* values in the currency of the report */

    if (h->value != NULL && strlen(h->value) == sizeof("Value EUR") - 1) {
        name = journey_intern_str(&h->a->store->all.names, h->a->currency);
        memcpy(before->currency, name.data, 3);
        before->currency[3] = '\0';
        opts->currency = before->currency;
    }

    before->loaded = 1;

    rc = journey_load(&before->store, opts, &damage);

    if (rc == JOURNEY_OK) {
        rc = journey_analyse(&before->a, &before->store, opts, conf);
    }

    if (rc == JOURNEY_OK && before->a.events != 0) {
        journey_html_sum(&h->before, &before->a);
        h->before.since = since;
        h->before.late = (before->a.from - since
                          > (opts->until - since) / 10);
        h->before.there = !h->before.late;
    }

    return rc;
}


static void
journey_html_before_free(journey_html_before_t *before)
{
    if (before->loaded) {
        journey_analysis_free(&before->a);
        journey_store_free(&before->store);
    }
}


/* The timeline of it, beside that of the page. */

static int
journey_html_count_before(journey_html_t *h,
    const journey_html_before_t *before)
{
    journey_pass_t  pass;

    if (!h->before.there) {
        return JOURNEY_OK;
    }

    if (journey_timeline_init_before(&h->past, &h->counts.timeline,
                                     &before->a, h->opts->since, h->a->until,
                                     &pass)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return h->past.n ? journey_pass(&before->a, &pass, 1) : JOURNEY_OK;
}


/* What the report says under its headline. */

static char *
journey_html_said(const journey_options_t *opts, const journey_analysis_t *a,
    const journey_damage_t *damage)
{
    journey_stream_t   stream;
    journey_options_t  copy;

    if (journey_stream_open(&stream) != JOURNEY_OK) {
        return NULL;
    }

    copy = *opts;
    copy.notes = stream.file;
    journey_report_notes(&copy, a, damage);

    (void) journey_stream_close(&stream);

    return stream.text;
}


static int
journey_html_tables(journey_html_t *h, journey_pool_t *pool)
{
    int                rc;
    unsigned           i, n;
    journey_table_t   *tables[JOURNEY_HTML_TABLES] = {
        &h->summary, &h->channels, &h->campaigns, &h->phases, &h->goals,
        &h->paths, &h->geo, &h->content[0], &h->content[1], &h->direct,
        &h->moves[0], &h->moves[1], &h->steps
    };

    for (i = 0; i < JOURNEY_HTML_TABLES; i++) {
        tables[i]->pool = pool;
    }

    rc = journey_table_summary(&h->summary, h->a, h->damage);
    rc |= journey_table_channels(&h->channels, h->a, JOURNEY_LIMIT_NONE);
    rc |= journey_table_campaigns(&h->campaigns, h->a, JOURNEY_LIMIT_NONE);
    rc |= journey_table_phases(&h->phases, h->a);
    rc |= journey_table_goals(&h->goals, h->a, JOURNEY_LIMIT_NONE);
    rc |= journey_table_paths(&h->paths, h->a, JOURNEY_LIMIT_NONE);
    rc |= journey_table_geo(&h->geo, h->a, &h->counts.places,
                            JOURNEY_LIMIT_NONE);

    n = 0;
    rc |= journey_tables_content(h->content, &n, h->a, &h->counts.content,
                                 JOURNEY_LIMIT_NONE);

    n = 0;
    rc |= journey_tables_transitions(h->moves, &n, h->a,
                                     &h->counts.transitions,
                                     JOURNEY_LIMIT_NONE);
    rc |= journey_table_direct(&h->direct, h->a, &h->counts.direct);

    if (h->opts->funnel != NULL) {
        rc |= journey_table_funnel(&h->steps, h->a, &h->counts.steps);
    }

    for (i = 0; i < JOURNEY_HTML_TABLES; i++) {
        rc |= tables[i]->no_memory ? JOURNEY_ERROR : JOURNEY_OK;
    }

    return rc;
}


static int
journey_html_count_all(journey_html_t *h)
{
    uint64_t           days;
    journey_counts_t  *counts;

    counts = &h->counts;

    journey_counts_init(counts, h->opts);

    counts->wanted = JOURNEY_COUNT_TRANSITIONS|JOURNEY_COUNT_DIRECT
                     |JOURNEY_COUNT_RETENTION|JOURNEY_COUNT_PLACES
                     |JOURNEY_COUNT_CONTENT|JOURNEY_COUNT_TIMELINE
                     |JOURNEY_COUNT_FLOWS;

    if (h->opts->funnel != NULL) {
        counts->wanted |= JOURNEY_COUNT_STEPS;
    }

    if (!journey_report_exempt(h->a)) {
        counts->wanted |= JOURNEY_COUNT_TOUCHES|JOURNEY_COUNT_TIME;
    }

    /* as many periods of retention as can be looked at */

    days = (h->a->until - journey_min(h->a->from, h->a->until)) / 86400000;

    if (!h->opts->periods) {
        counts->period = (days <= 15) ? JOURNEY_PERIOD_DAY
                         : (days <= 180) ? JOURNEY_PERIOD_WEEK
                         : JOURNEY_PERIOD_MONTH;
    }

    counts->outcomes = 1;

    /* beside the period before, all of this one, as far as it is over */

    if (h->before.there) {
        counts->since = h->opts->since;
        counts->until = journey_min(h->a->until, h->generated);
    }

    return journey_counts_run(counts, h->a);
}


/* The page in memory; what fails is said. */

static int
journey_html_build(journey_html_t *h, const journey_options_t *opts,
    const journey_conf_t *conf, const journey_analysis_t *a,
    const journey_damage_t *damage, journey_pool_t *pool)
{
    int                    rc;
    char                  *notes;
    const journey_store_t  *store;
    journey_html_before_t  before;

    memset(&before, 0, sizeof(journey_html_before_t));

    h->opts = opts;
    h->a = a;
    h->damage = damage;
    h->value = journey_report_value(a);
    h->generated = (uint64_t) time(NULL) * 1000;

    journey_html_sum(&h->now, a);
    h->now.since = opts->since;

    notes = journey_html_said(opts, a, damage);
    h->notes = notes;

    store = a->store;
    rc = JOURNEY_ERROR;

    if (notes == NULL) {
        /* void */

    } else if (journey_html_before(h, &before, conf) != JOURNEY_OK) {
        store = &before.store;

    } else if (journey_html_count_all(h) != JOURNEY_OK) {
        /* void */

    } else if (journey_html_count_before(h, &before) != JOURNEY_OK) {
        store = &before.store;

    } else if (journey_html_tables(h, pool) == JOURNEY_OK) {
        rc = journey_html_page(h);
    }

    if (rc != JOURNEY_OK) {
        journey_store_complain(store);
    }

    journey_table_free(&h->summary);
    journey_table_free(&h->channels);
    journey_table_free(&h->campaigns);
    journey_table_free(&h->phases);
    journey_table_free(&h->goals);
    journey_table_free(&h->content[0]);
    journey_table_free(&h->content[1]);
    journey_table_free(&h->paths);
    journey_table_free(&h->geo);
    journey_table_free(&h->direct);
    journey_table_free(&h->moves[0]);
    journey_table_free(&h->moves[1]);
    journey_table_free(&h->steps);
    journey_counts_free(&h->counts);
    journey_timeline_free(&h->past);
    journey_html_before_free(&before);
    free(notes);

    return rc;
}


static int
journey_html_load(journey_html_t *h, const journey_options_t *opts,
    const journey_conf_t *conf, journey_damage_t *damage,
    journey_pool_t *pool)
{
    int                  rc;
    journey_store_t      store;
    journey_options_t    own;
    journey_analysis_t   a;

    memset(&a, 0, sizeof(journey_analysis_t));

    own = *opts;

    if (own.since != 0) {

        /* the period before is kept beside this one */

        own.memory = journey_max(own.memory / 2, JOURNEY_MEMORY_MIN);
    }

    rc = journey_load_more(&store, &own, 1, damage);

    if (rc == JOURNEY_OK) {
        rc = journey_analyse(&a, &store, &own, conf);

        if (rc != JOURNEY_OK) {
            journey_store_complain(&store);

        } else {
            rc = journey_html_build(h, &own, conf, &a, damage, pool);
        }
    }

    journey_analysis_free(&a);
    journey_store_free(&store);

    return rc;
}


/* A page that was there keeps its mode and owner; a new one has the mode that
 * any program's file would have. */

static int
journey_html_open(journey_rewrite_t *rw, const char *path, struct stat *like,
    journey_error_t *err)
{
    mode_t  mask;

    if (lstat(path, like) == 0) {

        if (!S_ISREG(like->st_mode)) {
            return journey_error(err, "\"%s\" is no regular file", path);
        }

    } else {
        mask = umask(0);
        (void) umask(mask);

        memset(like, 0, sizeof(struct stat));
        like->st_mode = 0666 & ~mask;
        like->st_uid = geteuid();
        like->st_gid = getegid();
    }

    return journey_rewrite_open(rw, path, err);
}


static int
journey_html_commit(journey_rewrite_t *rw, const journey_html_t *h,
    struct stat *like, journey_error_t *err)
{
    struct stat  st;

    (void) journey_rewrite_put(rw, h->data, h->len);

    /* the folder may give files another group than the process has */

    if (like->st_nlink == 0 && fstat(rw->fd, &st) == 0) {
        like->st_uid = st.st_uid;
        like->st_gid = st.st_gid;
    }

    (void) clock_gettime(CLOCK_REALTIME, &like->st_mtim);
    like->st_atim = like->st_mtim;

    return journey_rewrite_commit(rw, like, err);
}


int
journey_report_html(const journey_options_t *opts)
{
    int                 rc;
    unsigned            file;
    struct stat         like;
    journey_pool_t     *pool;
    journey_conf_t     *conf;
    journey_html_t      h;
    journey_error_t     err;
    journey_steps_t     steps;
    journey_damage_t    damage;
    journey_rewrite_t   rw;

    if (opts->funnel != NULL
        && journey_steps_parse(&steps, opts->funnel, &err) != JOURNEY_OK)
    {
        fprintf(stderr, "journey: --funnel: %s\n", err.text);
        return JOURNEY_EXIT_USAGE;
    }

    file = (strcmp(opts->html, "-") != 0);
    memset(&h, 0, sizeof(journey_html_t));

    pool = journey_pool_create();

    if (pool == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    if (journey_config_load(pool, opts, 0, &conf) != JOURNEY_OK) {
        journey_pool_destroy(pool);
        return JOURNEY_EXIT_USAGE;
    }

    /* what cannot be written is said before a long time of reading */

    if (file && journey_html_open(&rw, opts->html, &like, &err)
                != JOURNEY_OK)
    {
        fprintf(stderr, "journey: --html: %s\n", err.text);
        journey_pool_destroy(pool);
        return JOURNEY_EXIT_DATA;
    }

    rc = journey_html_load(&h, opts, conf, &damage, pool);

    if (file && rc != JOURNEY_OK) {
        journey_rewrite_abort(&rw);

    } else if (file) {
        rc = journey_html_commit(&rw, &h, &like, &err);

        if (rc != JOURNEY_OK) {
            fprintf(stderr, "journey: %s: %s\n", opts->html, err.text);
        }

    } else if (rc == JOURNEY_OK) {
        (void) fwrite(h.data, 1, h.len, stdout);
    }

    free(h.data);
    journey_pool_destroy(pool);

    if (rc != JOURNEY_OK || h.failed || damage.bad_lines != 0
        || damage.bad_members != 0 || damage.bad_files != 0)
    {
        return JOURNEY_EXIT_DATA;
    }

    return JOURNEY_EXIT_OK;
}
