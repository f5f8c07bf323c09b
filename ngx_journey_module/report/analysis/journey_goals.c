
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Which goal events count: each order once, without an order a goal once a
 * session.
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_analysis.h"
#include "journey_persons.h"
#include "journey_spill.h"

#include <stdlib.h>


#define JOURNEY_GOALS_KEY  6            /* numbers that tell goals apart */


/* What makes a goal the same: its order; else its session, or its moment when
 * it has none.  0 when nothing does. */

static int
journey_goals_key(const journey_store_t *store, const journey_goal_ev_t *goal,
    const journey_ev_t *ev, uint32_t *key)
{
    memset(key, 0, JOURNEY_GOALS_KEY * sizeof(uint32_t));

    key[0] = goal->goal;
    key[1] = goal->order;

    if (goal->order != 0) {
        return 1;
    }

    key[2] = ev->visitor;
    key[3] = ev->session;

    if (ev->session != 0 && journey_persons_is(store, ev->visitor)) {

        /* one number for all who were there */

        key[2] = UINT32_MAX;
    }

    if (ev->session == 0) {
        key[4] = (uint32_t) ev->t;
        key[5] = (uint32_t) (ev->t >> 32);
    }

    return ev->visitor != 0;
}


/* How well an event is known: one of two that are the same is the one whose
 * journey is named, else the one whose visitor is. */

static unsigned
journey_goals_rank(const journey_ev_t *ev)
{
    return (ev->visitor == 0) ? 2 : (ev->flags & JOURNEY_EV_LOOSE) ? 1 : 0;
}


/* Marks what was counted before: in the order of time, the best known first,
 * since an order may be reported by both a browser and another system. */

int
journey_goals_mark(journey_store_t *store)
{
    int                 rc;
    uint32_t            i, n, key[JOURNEY_GOALS_KEY];
    unsigned            rank, spilled;
    journey_ev_t       *ev;
    journey_intern_t    known;
    journey_goal_ev_t  *goal;

    rc = journey_intern_init(&known, store->all.names.seed);
    spilled = journey_spill_is(store);

    for (rank = 0; rank <= 2; rank++) {

        for (i = 0; i < store->ngoals && rc == JOURNEY_OK; i++) {
            ev = journey_store_event(store, store->goals[i]);
            goal = &store->all.goals[ev->goal - 1];

            if (journey_goals_rank(ev) != rank
                || !journey_goals_key(store, goal, ev, key))
            {
                continue;
            }

            if (spilled && goal->order != 0) {

                /* the other report may be in another window */

                if (journey_spill_repeated(store, store->goals[i])) {
                    ev->flags |= JOURNEY_EV_REPEATED;
                }

                continue;
            }

            n = known.n;

            if (journey_intern(&known, (u_char *) key, sizeof(key)) < n) {
                ev->flags |= JOURNEY_EV_REPEATED;
            }

            if (known.no_memory) {
                rc = JOURNEY_ERROR;
            }
        }
    }

    journey_intern_free(&known);

    return rc;
}


int
journey_goals_converts(const journey_analysis_t *a, const journey_ev_t *ev)
{
    if (ev->goal == 0 || (ev->flags & JOURNEY_EV_REPEATED)) {
        return 0;
    }

    return a->goal_wanted[a->store->all.goals[ev->goal - 1].goal]
           && (!a->goals_done || (ev->flags & JOURNEY_EV_DONE));
}


/* The goals that conversions are made of: those that were asked for, else
 * those that complete a journey, else all. */

static int
journey_goals_wanted(journey_analysis_t *a)
{
    uint32_t        i;
    unsigned        k;
    journey_str_t   name;

    a->goal_wanted = calloc(a->store->all.names.n, 1);
    if (a->goal_wanted == NULL) {
        return JOURNEY_ERROR;
    }

    if (a->opts->ngoals == 0) {
        memset(a->goal_wanted, 1, a->store->all.names.n);

        a->goals_done = a->store->all.done;

        return JOURNEY_OK;
    }

    for (i = 0; i < a->store->all.names.n; i++) {
        name = journey_intern_str(&a->store->all.names, i);

        for (k = 0; k < a->opts->ngoals; k++) {
            if (name.len == strlen(a->opts->goals[k])
                && memcmp(name.data, a->opts->goals[k], name.len) == 0)
            {
                a->goal_wanted[i] = 1;
            }
        }
    }

    return JOURNEY_OK;
}


static int
journey_goals_currency_cmp(const void *one, const void *two, void *names)
{
    const journey_currency_sum_t  *a, *b;

    a = one;
    b = two;

    if (a->conversions != b->conversions) {
        return a->conversions > b->conversions ? -1 : 1;
    }

    return journey_intern_cmp(names, a->currency, b->currency);
}


/* How many visitors the conversions of each currency had. */

static int
journey_goals_visitors(journey_analysis_t *a)
{
    int                 rc;
    uint32_t            i, n, key[2];
    journey_ev_t       *ev;
    journey_intern_t    known;
    journey_goal_ev_t  *goal;

    rc = journey_intern_init(&known, a->store->all.names.seed);

    for (i = 0; i < a->store->ngoals && rc == JOURNEY_OK; i++) {
        ev = journey_store_event(a->store, a->store->goals[i]);
        goal = &a->store->all.goals[ev->goal - 1];

        if (!goal->has_value || ev->visitor == 0
            || !journey_goals_converts(a, ev))
        {
            continue;
        }

        key[0] = goal->currency;
        key[1] = ev->visitor;
        n = known.n;

        if (journey_intern(&known, (u_char *) key, sizeof(key)) == n) {
            a->currencies[a->currency_row[goal->currency] - 1].visitors++;
        }

        if (known.no_memory) {
            rc = JOURNEY_ERROR;
        }
    }

    journey_intern_free(&known);

    return rc;
}


/* The currency of values: the one asked for, else the most frequent. */

static void
journey_goals_currency(journey_analysis_t *a)
{
    uint32_t       i;
    journey_str_t  name, wanted;

    if (a->opts->currency == NULL) {
        a->currency = a->ncurrencies ? a->currencies[0].currency : 0;
        return;
    }

    a->currency = UINT32_MAX;
    wanted.data = (u_char *) a->opts->currency;
    wanted.len = strlen(a->opts->currency);

    for (i = 0; i < a->ncurrencies; i++) {
        name = journey_intern_str(&a->store->all.names,
                                  a->currencies[i].currency);

        if (journey_str_equal_ci(&name, &wanted)) {
            a->currency = a->currencies[i].currency;
        }
    }
}


/* Room for one more currency, by powers of two; NULL without memory. */

static journey_currency_sum_t *
journey_goals_more(journey_analysis_t *a)
{
    size_t                   size;
    journey_currency_sum_t  *sum;

    if ((a->ncurrencies & (a->ncurrencies - 1)) != 0) {
        return a->currencies;
    }

    size = a->ncurrencies ? 2 * (size_t) a->ncurrencies : 1;

    sum = realloc(a->currencies, size * sizeof(journey_currency_sum_t));
    if (sum != NULL) {
        a->currencies = sum;
    }

    return sum;
}


/* The sums of the window's conversions by currency. */

static int
journey_goals_currencies(journey_analysis_t *a)
{
    uint32_t                 i, k;
    journey_ev_t            *ev;
    journey_goal_ev_t       *goal;
    journey_currency_sum_t  *sum;

    for (i = 0; i < a->store->ngoals; i++) {
        ev = journey_store_event(a->store, a->store->goals[i]);

        if (!journey_goals_converts(a, ev)) {
            continue;
        }

        a->conversions++;

        if (ev->visitor == 0) {
            a->without_visitor++;
        }

        goal = &a->store->all.goals[ev->goal - 1];

        if (!goal->has_value) {
            continue;
        }

        a->valued++;
        k = a->currency_row[goal->currency];

        if (k == 0) {
            sum = journey_goals_more(a);
            if (sum == NULL) {
                return JOURNEY_ERROR;
            }

            k = a->currency_row[goal->currency] = ++a->ncurrencies;
            memset(&sum[k - 1], 0, sizeof(journey_currency_sum_t));
            sum[k - 1].currency = goal->currency;
        }

        sum = &a->currencies[k - 1];
        sum->conversions++;
        sum->value += goal->value;
    }

    return (a->opts->min_visitors != 0) ? journey_goals_visitors(a)
                                        : JOURNEY_OK;
}


static int
journey_goals_pair_cmp(const void *one, const void *two)
{
    const journey_goal_sum_t  *a, *b;

    a = one;
    b = two;

    if (a->goal != b->goal) {
        return a->goal < b->goal ? -1 : 1;
    }

    if (a->currency != b->currency) {
        return a->currency < b->currency ? -1 : 1;
    }

    return a->visitors < b->visitors ? -1 : a->visitors > b->visitors;
}


/* Conversions without a value have no currency: they stand in the row of
 * their goal's first currency, so that a goal without values is one row. */

static uint32_t
journey_goals_fold(const journey_analysis_t *a, journey_goal_sum_t *rows,
    uint32_t n)
{
    uint32_t             i, first;
    journey_goal_sum_t   bare;

    if (n < 2 || rows[0].currency != UINT32_MAX) {
        return n;
    }

    first = 1;

    for (i = 1; i < n; i++) {
        if (rows[i].currency == a->currency) {
            first = i;
            break;
        }

        if (rows[i].conversions > rows[first].conversions
            || (rows[i].conversions == rows[first].conversions
                && journey_intern_cmp(&a->store->all.names,
                                      rows[i].currency,
                                      rows[first].currency) < 0))
        {
            first = i;
        }
    }

    bare = rows[0];
    rows[first].conversions += bare.conversions;
    rows[first].without_visitor += bare.without_visitor;
    rows[first].visitors = journey_max(rows[first].visitors, bare.visitors);
    rows[first].bare = 1;

    memmove(rows, rows + 1, (n - 1) * sizeof(journey_goal_sum_t));

    return n - 1;
}


/* Adds up rows of the same goal and currency; returns how many are left.
 * UINT32_MAX, "no value", is the first currency. */

static uint32_t
journey_goals_sum(journey_goal_sum_t *rows, uint32_t n, unsigned one_by_one)
{
    uint32_t             i, k;
    uint64_t             visitor;
    journey_goal_sum_t  *row;

    for (i = 0; i < n; i++) {
        rows[i].currency++;
    }

    qsort(rows, n, sizeof(journey_goal_sum_t), journey_goals_pair_cmp);

    visitor = 0;

    for (i = 0, k = 0; i < n; i++) {
        rows[i].currency--;
        row = (k > 0) ? &rows[k - 1] : NULL;

        if (row != NULL && row->goal == rows[i].goal
            && row->currency == rows[i].currency)
        {
            row->conversions += rows[i].conversions;
            row->without_visitor += rows[i].without_visitor;
            row->value += rows[i].value;
            row->visitors += one_by_one ? (rows[i].visitors != visitor)
                                        : rows[i].visitors;
            visitor = rows[i].visitors;
            continue;
        }

        visitor = rows[i].visitors;
        rows[k] = rows[i];

        if (one_by_one) {
            rows[k].visitors = (visitor != 0);
        }

        k++;
    }

    return k;
}


/* The window's goals: every goal for itself, be it a conversion or not, unless
 * some were asked for. */

static int
journey_goals_rows(journey_analysis_t *a)
{
    uint32_t             i, n;
    journey_ev_t        *ev;
    journey_goal_ev_t   *goal;
    journey_goal_sum_t  *rows;

    rows = realloc(a->goals, ((size_t) a->ngoals + a->store->ngoals + 1)
                             * sizeof(journey_goal_sum_t));
    if (rows == NULL) {
        return JOURNEY_ERROR;
    }

    a->goals = rows;
    rows += a->ngoals;

    for (i = 0, n = 0; i < a->store->ngoals; i++) {
        ev = journey_store_event(a->store, a->store->goals[i]);
        goal = &a->store->all.goals[ev->goal - 1];

        if ((ev->flags & JOURNEY_EV_REPEATED) || !a->goal_wanted[goal->goal]) {
            continue;
        }

        rows[n].goal = goal->goal;
        rows[n].currency = goal->has_value ? goal->currency : UINT32_MAX;
        rows[n].conversions = 1;
        rows[n].without_visitor = (ev->visitor == 0);
        rows[n].value = goal->has_value ? goal->value : 0;
        rows[n].visitors = ev->visitor;         /* which one, for now */
        rows[n].bare = !goal->has_value;
        rows[n].folded = 0;
        rows[n].mixed = 0;
        n++;
    }

    n = journey_goals_sum(rows, n, 1);

    /* and with those of the windows before */

    a->ngoals = journey_goals_sum(a->goals, a->ngoals + n, 0);

    return JOURNEY_OK;
}


int
journey_goals_init(journey_analysis_t *a)
{
    a->currency_row = calloc(a->store->all.names.n, sizeof(uint32_t));

    return a->currency_row == NULL ? JOURNEY_ERROR : journey_goals_wanted(a);
}


int
journey_goals_add(journey_analysis_t *a)
{
    return (journey_goals_currencies(a) != JOURNEY_OK
            || journey_goals_rows(a) != JOURNEY_OK) ? JOURNEY_ERROR
                                                    : JOURNEY_OK;
}


/* The name of a currency is a client's at worst: three letters only. */

static void
journey_goals_title(journey_analysis_t *a)
{
    journey_str_t  name;

    (void) snprintf(a->value, sizeof(a->value), "Value");

    if (a->currency == UINT32_MAX || a->currency == 0) {
        return;
    }

    name = journey_intern_str(&a->store->all.names, a->currency);

    if (name.len == 3) {
        (void) snprintf(a->value, sizeof(a->value), "Value %c%c%c",
                        name.data[0] & 0x5f, name.data[1] & 0x5f,
                        name.data[2] & 0x5f);
    }

    if (name.len != 3
        || strspn(a->value + 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
    {
        a->value[sizeof("Value") - 1] = '\0';
    }
}


void
journey_goals_finish(journey_analysis_t *a)
{
    uint32_t  i, n, first;

    if (a->ncurrencies != 0) {
        qsort_r(a->currencies, a->ncurrencies, sizeof(journey_currency_sum_t),
                journey_goals_currency_cmp, &a->store->all.names);
    }

    journey_goals_currency(a);
    journey_goals_title(a);

    for (i = 0, n = 0; i < a->ngoals; i = first) {
        for (first = i;
             first < a->ngoals && a->goals[first].goal == a->goals[i].goal;
             first++)
        {
            /* void */
        }

        memmove(a->goals + n, a->goals + i,
                (first - i) * sizeof(journey_goal_sum_t));
        n += journey_goals_fold(a, a->goals + n, first - i);
    }

    a->ngoals = n;
}
