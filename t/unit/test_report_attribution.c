
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_attribution: worked examples, and every model beside one that
 * was written from its definition alone, on thousands of small inputs.
 */


#include "attribution.h"


#define ITEMS   6                       /* of random inputs, at most */
#define PATHS   10
#define LONG    9
#define STATES  400

static void
test_examples(void)
{
    journey_attr_t   attr;
    journey_paths_t  paths;

    defaults();

    journey_paths_init(&paths, HALF, 0);
    add(&paths, "abc", 1, 30, 0);
    add(&paths, "a", 0, 0, 1);
    add(&paths, "bc", 0, 0, 1);

    is_int(run(&attr, &paths), JOURNEY_OK, "C1 > C2 > C3");
    ok(near(attr.p, 1 / 3.0L), "p is 1/3");
    ok(near(effect(&attr, 0, 0), 0.5) && near(effect(&attr, 1, 0), 1)
       && near(effect(&attr, 2, 0), 1), "removal effects are 0.5, 1, 1");
    is_credits(&attr, JOURNEY_ATTR_MARKOV, "shares", 0.2, 0.4, 0.4);
    is_credits(&attr, JOURNEY_ATTR_FIRST, "C1", 1.0, 0.0, 0.0);
    is_credits(&attr, JOURNEY_ATTR_LAST, "C3", 0.0, 0.0, 1.0);
    is_credits(&attr, JOURNEY_ATTR_LAST_NON_DIRECT, "C3", 0.0, 0.0, 1.0);
    is_credits(&attr, JOURNEY_ATTR_LINEAR, "thirds", 1 / 3.0, 1 / 3.0,
               1 / 3.0);
    is_credits(&attr, JOURNEY_ATTR_POSITION, "40/20/40", 0.4, 0.2, 0.4);
    is_credits(&attr, JOURNEY_ATTR_SHAPLEY, "thirds", 1 / 3.0, 1 / 3.0,
               1 / 3.0);
    is_credits(&attr, JOURNEY_ATTR_COUNTERFACTUAL, "thirds", 1 / 3.0, 1 / 3.0,
               1 / 3.0);
    is_credits(&attr, JOURNEY_ATTR_TIME_DECAY, "ages unknown", 0.0, 0.0, 0.0);
    ok(near(credit(&attr, JOURNEY_ATTR_MARKOV, 1, 1), 12), "and of values");
    is_int(attr.aged, 0, "no conversion with ages");
    journey_attr_free(&attr);
    journey_paths_free(&paths);

    journey_paths_init(&paths, HALF, 0);
    add(&paths, "a", 2, 0, 1);
    add(&paths, "b", 1, 0, 0);
    add(&paths, "ab", 1, 0, 0);

    is_int(run(&attr, &paths), JOURNEY_OK, "google, mailing");
    ok(near(attr.p, 0.8), "p is 0.8");
    ok(near(effect(&attr, 0, 0), 0.75) && near(effect(&attr, 1, 0), 0.5),
       "removal effects are 0.75, 0.5");
    is_credits(&attr, JOURNEY_ATTR_MARKOV, "credits", 2.4, 1.6);
    journey_attr_free(&attr);
    journey_paths_free(&paths);

    journey_paths_init(&paths, HALF, 0);
    add(&paths, "a", 4, 0, 0);
    add(&paths, "ab", 6, 0, 0);

    is_int(run(&attr, &paths), JOURNEY_OK, "{a: 4, a>b: 6}");
    is_credits(&attr, JOURNEY_ATTR_SHAPLEY, "7 and 3", 7.0, 3.0);
    is_credits(&attr, JOURNEY_ATTR_COUNTERFACTUAL, "10 : 6", 6.25, 3.75);
    journey_attr_free(&attr);
    journey_paths_free(&paths);

    /* c after b after a, 1 of 2; a loop a b a b: from a to b 3 of 4, so that
     * every number is told by hand: a: 4 visits, b: 4, c: 1 */

    journey_paths_init(&paths, HALF, 0);
    add(&paths, "abab", 1, 10, 0);
    add(&paths, "a", 0, 0, 1);
    add(&paths, "bac", 1, 90, 0);
    add(&paths, "b", 0, 0, 1);

    is_int(run(&attr, &paths), JOURNEY_OK, "a loop");
    ok(near(attr.p, 0.5), "p is a half");

    /* h(a) = 2/4 h(b) + 1/4 h(c), h(b) = 2/4 h(a) + 1/4, h(c) = 1;
     * without a: b alone, 2 starts, 1/4 each: 0.5 of 2 conversions */

    ok(near(effect(&attr, 0, 0), 0.75), "R(a) is 0.75");

    /* without c: the conversion that is left is b's: x = 1/2 y, y = 1/2 x
     * + 1/4: y = 1/3, x = 1/6; 2 x + 2 y = 1 of 2 */

    ok(near(effect(&attr, 2, 0), 0.5), "R(c) is 0.5");
    ok(near(effect(&attr, 2, 1), 0.9), "and of values 0.9");
    journey_attr_free(&attr);
    journey_paths_free(&paths);
}


static void
test_direct(void)
{
    uint32_t         items[3];
    uint64_t         ages[3];
    journey_attr_t   attr;
    journey_paths_t  paths;

    defaults();
    opts.direct = 1;

    journey_paths_init(&paths, HALF, 0);
    add(&paths, "abb", 1, 0, 0);
    add(&paths, "b", 1, 0, 0);
    add(&paths, "bc", 1, 0, 0);

    items[0] = 0;
    items[1] = 1;
    items[2] = 0;
    ages[0] = 3000;
    ages[1] = 2000;
    ages[2] = 1000;

    is_int(journey_paths_add(&paths, items, ages, 3, 2, 70, 0), JOURNEY_OK,
           "a path with ages");
    is_int(run(&attr, &paths), JOURNEY_OK, "direct");
    is_credits(&attr, JOURNEY_ATTR_LAST_NON_DIRECT, "passes over direct", 3.0,
               1.0, 1.0);
    is_credits(&attr, JOURNEY_ATTR_TIME_DECAY, "4 : 2 : 1", 10 / 7.0, 4 / 7.0,
               0.0);
    ok(near(credit(&attr, JOURNEY_ATTR_TIME_DECAY, 0, 1), 50),
       "and of values");
    is_int(attr.aged, 2, "2 of 5 have ages");
    journey_attr_free(&attr);
    journey_paths_free(&paths);

    /* so old that a weight would be nothing */

    journey_paths_init(&paths, 1, 0);
    ages[0] = 4000002;
    ages[1] = 4000001;
    ages[2] = 4000001;
    is_int(journey_paths_add(&paths, items, ages, 3, 1, 0, 0), JOURNEY_OK,
           "a path with very old ages");
    is_int(run(&attr, &paths), JOURNEY_OK, "old touches");
    is_credits(&attr, JOURNEY_ATTR_TIME_DECAY, "by their difference", 0.6,
               0.4);
    journey_attr_free(&attr);
    journey_paths_free(&paths);
}


static void
test_edges(void)
{
    unsigned         order;
    uint32_t         item;
    journey_attr_t   attr;
    journey_paths_t  paths;

    defaults();

    for (order = 0; order <= 4; order++) {
        opts.order = order;

        journey_paths_init(&paths, HALF, 0);
        is_int(run(&attr, &paths), JOURNEY_OK, "no path");
        ok(attr.nitems == 0 && attr.p == 0, "nothing comes of nothing");
        journey_attr_free(&attr);

        add(&paths, "abcab", 0, 0, 7);
        add(&paths, "ba", 0, 0, 2);
        is_int(run(&attr, &paths), JOURNEY_OK, "nulls alone");
        ok(attr.p == 0 && effect(&attr, 0, 0) == 0, "p and R are 0");
        is_credits(&attr, JOURNEY_ATTR_MARKOV, "none", 0.0, 0.0, 0.0);
        is_credits(&attr, JOURNEY_ATTR_COUNTERFACTUAL, "none", 0.0, 0.0, 0.0);
        journey_attr_free(&attr);

        add(&paths, "c", 0, 0, 0);
        add(&paths, "d", 3, 5, 0);
        is_int(run(&attr, &paths), JOURNEY_OK, "one converts");
        ok(near(attr.p, 0.25), "p is 1/4");
        is_credits(&attr, JOURNEY_ATTR_MARKOV, "all to one", 0.0, 0.0, 0.0,
                   3.0);
        ok(near(credit(&attr, JOURNEY_ATTR_MARKOV, 3, 1), 5), "its value");
        journey_attr_free(&attr);
        journey_paths_free(&paths);
    }

    is_int(journey_paths_init(&paths, HALF, 0), JOURNEY_OK, "paths");
    item = UINT32_MAX;
    is_int(journey_paths_add(&paths, &item, NULL, 1, 1, 0, 0), JOURNEY_ERROR,
           "no item is as large as that");
    is_int(journey_paths_add(&paths, &item, NULL, 0, 1, 0, 0), JOURNEY_ERROR,
           "no path is empty");
    journey_paths_free(&paths);

    is_int(journey_attr_find("last_non_direct"), JOURNEY_ATTR_LAST_NON_DIRECT,
           "a model by its name");
    is_int(journey_attr_find("lasting"), JOURNEY_ATTR_MODELS, "no model");
}


/* ---- models by their definition ---------------------------------------- */

typedef struct {
    int          n;
    int          items[LONG];
    int          conversions;
    int          nulls;
    double       value;                 /* of all its conversions */
    int          aged;
    uint64_t     ages[LONG];
} brute_path_t;

static brute_path_t  brute[PATHS];
static int           nbrute;
static long double   wanted[JOURNEY_ATTR_MODELS][ITEMS][2];
static long double   wanted_removal[ITEMS][2];


static void
brute_random(journey_random_t *rnd, unsigned repeats)
{
    int            i, k, nitems, most;
    brute_path_t  *path;

    nitems = 1 + (int) (journey_random(rnd) % ITEMS);
    most = 1 + (int) (journey_random(rnd) % LONG);
    nbrute = 1 + (int) (journey_random(rnd) % PATHS);

    for (i = 0; i < nbrute; i++) {
        path = &brute[i];
        memset(path, 0, sizeof(brute_path_t));

        path->n = 1 + (int) (journey_random(rnd) % most);

        for (k = 0; k < path->n; k++) {
            do {
                path->items[k] = (int) (journey_random(rnd) % nitems);
            } while (!repeats && nitems > 1 && k > 0
                     && path->items[k] == path->items[k - 1]);

            path->ages[k] = journey_random(rnd) % 20000;
        }

        path->conversions = (int) (journey_random(rnd) % 3);
        path->nulls = (int) (journey_random(rnd) % 3);
        path->aged = (journey_random(rnd) % 4 != 0);
        path->value = path->conversions
                      ? (double) (journey_random(rnd) % 1000) / 8 : 0;

        if (journey_random(rnd) % 20 == 0) {
            path->nulls *= 1000000;
        }
    }
}


static void
brute_simple(int direct)
{
    int            i, k, n, seen;
    long double    c, v, share, sum;
    brute_path_t  *path;

    for (i = 0; i < nbrute; i++) {
        path = &brute[i];
        c = path->conversions;
        v = path->value;
        n = path->n;

        wanted[JOURNEY_ATTR_FIRST][path->items[0]][0] += c;
        wanted[JOURNEY_ATTR_FIRST][path->items[0]][1] += v;
        wanted[JOURNEY_ATTR_LAST][path->items[n - 1]][0] += c;
        wanted[JOURNEY_ATTR_LAST][path->items[n - 1]][1] += v;

        seen = path->items[n - 1];

        for (k = 0; k < n; k++) {
            if (path->items[k] != direct) {
                seen = path->items[k];
            }

            share = 1.0L / n;
            wanted[JOURNEY_ATTR_LINEAR][path->items[k]][0] += share * c;
            wanted[JOURNEY_ATTR_LINEAR][path->items[k]][1] += share * v;

            if (n == 1) {
                share = 1;
            } else if (n == 2) {
                share = 0.5L;
            } else if (k == 0 || k == n - 1) {
                share = 0.4L;
            } else {
                share = 0.2L / (n - 2);
            }

            wanted[JOURNEY_ATTR_POSITION][path->items[k]][0] += share * c;
            wanted[JOURNEY_ATTR_POSITION][path->items[k]][1] += share * v;
        }

        wanted[JOURNEY_ATTR_LAST_NON_DIRECT][seen][0] += c;
        wanted[JOURNEY_ATTR_LAST_NON_DIRECT][seen][1] += v;

        if (!path->aged) {
            continue;
        }

        for (k = 0, sum = 0; k < n; k++) {
            sum += powl(2, -(long double) path->ages[k] / HALF);
        }

        for (k = 0; k < n; k++) {
            share = powl(2, -(long double) path->ages[k] / HALF) / sum;
            wanted[JOURNEY_ATTR_TIME_DECAY][path->items[k]][0] += share * c;
            wanted[JOURNEY_ATTR_TIME_DECAY][path->items[k]][1] += share * v;
        }
    }
}


/* v(S): of the paths whose items lie within S */

static long double
brute_worth(unsigned set, unsigned which)
{
    int          i, k, within;
    long double  sum;

    for (i = 0, sum = 0; i < nbrute; i++) {
        for (k = 0, within = 1; k < brute[i].n; k++) {
            within &= set >> brute[i].items[k] & 1;
        }

        if (within) {
            sum += which ? (long double) brute[i].value
                         : brute[i].conversions;
        }
    }

    return sum;
}


/* The mean of what an item adds, over all orders in which they may come. */

static void
brute_games(void)
{
    int          i, size;
    unsigned     set, which, all;
    long double  factorial[ITEMS + 1], sum;

    for (i = 1, factorial[0] = 1; i <= ITEMS; i++) {
        factorial[i] = factorial[i - 1] * i;
    }

    all = (1 << ITEMS) - 1;

    for (which = 0; which < 2; which++) {

        for (i = 0, sum = 0; i < ITEMS; i++) {

            for (set = 0; set <= all; set++) {
                if (set >> i & 1) {
                    continue;
                }

                size = __builtin_popcount(set);
                wanted[JOURNEY_ATTR_SHAPLEY][i][which] +=
                    factorial[size] * factorial[ITEMS - size - 1]
                    / factorial[ITEMS]
                    * (brute_worth(set | 1U << i, which)
                       - brute_worth(set, which));
            }

            wanted[JOURNEY_ATTR_COUNTERFACTUAL][i][which] =
                  brute_worth(all, which) - brute_worth(all & ~(1U << i),
                                                        which);
            sum += wanted[JOURNEY_ATTR_COUNTERFACTUAL][i][which];
        }

        for (i = 0; i < ITEMS; i++) {
            if (sum > 0) {
                wanted[JOURNEY_ATTR_COUNTERFACTUAL][i][which] *=
                                             brute_worth(all, which) / sum;
            }
        }
    }
}


/* States are strings, the chain a full matrix with start, conversion, null. */

static char         names[STATES][5];
static int          nnames;
static long double  chain[STATES][STATES + 1];
static long double  gain[STATES][2];    /* conversions, value */
static long double  leaves[STATES];     /* all that leaves a state */


static int
brute_state(const char *name)
{
    int  i;

    for (i = 0; i < nnames; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }

    strcpy(names[nnames], name);

    return nnames++;
}


/* Gauss, with pivots, of (I - P) x = gains; returns x of the start. */

static long double
brute_solve(int without, unsigned which)
{
    int                 i, j, k, pivot;
    long double         factor, other;
    static long double  a[STATES][STATES + 1];

    for (i = 0; i < nnames; i++) {
        for (j = 0; j < nnames; j++) {
            a[i][j] = -(leaves[i] > 0 ? chain[i][j] / leaves[i] : 0);

            if (without >= 0 && strchr(names[j], 'a' + without) != NULL) {
                a[i][j] = 0;
            }
        }

        a[i][i] += 1;
        a[i][nnames] = leaves[i] > 0 ? gain[i][which] / leaves[i] : 0;
    }

    for (k = 0; k < nnames; k++) {
        for (pivot = k, i = k + 1; i < nnames; i++) {
            if (fabsl(a[i][k]) > fabsl(a[pivot][k])) {
                pivot = i;
            }
        }

        for (j = k; j <= nnames; j++) {
            other = a[k][j];
            a[k][j] = a[pivot][j];
            a[pivot][j] = other;
        }

        for (i = 0; i < nnames; i++) {
            if (i == k || a[i][k] == 0) {
                continue;
            }

            factor = a[i][k] / a[k][k];

            for (j = k; j <= nnames; j++) {
                a[i][j] -= factor * a[k][j];
            }
        }
    }

    return a[0][nnames] / a[0][0];
}


static long double
brute_markov(unsigned order)
{
    int          i, k, m, n, from, to, weight;
    char         window[5], last[5];
    unsigned     which;
    long double  p, all, sum, effects[ITEMS];

    memset(chain, 0, sizeof(chain));
    memset(gain, 0, sizeof(gain));
    memset(leaves, 0, sizeof(leaves));
    nnames = 0;
    (void) brute_state("");

    for (i = 0; i < nbrute; i++) {
        weight = brute[i].conversions + brute[i].nulls;
        m = brute[i].n < (int) order ? brute[i].n : (int) order;
        from = 0;
        last[0] = '\0';

        for (k = 0; k + m <= brute[i].n; k++) {
            for (n = 0; n < m; n++) {
                window[n] = 'a' + brute[i].items[k + n];
            }

            window[m] = '\0';

            if (strcmp(window, last) == 0) {
                continue;
            }

            to = brute_state(window);
            chain[from][to] += weight;
            leaves[from] += weight;
            from = to;
            strcpy(last, window);
        }

        leaves[from] += weight;
        gain[from][0] += brute[i].conversions;
        gain[from][1] += brute[i].value;
    }

    for (which = 0; which < 2; which++) {
        all = brute_worth((1 << ITEMS) - 1, which);
        p = brute_solve(-1, which);

        for (i = 0, sum = 0; i < ITEMS; i++) {
            effects[i] = p > 0 ? 1 - brute_solve(i, which) / p : 0;
            sum += effects[i];
        }

        for (i = 0; i < ITEMS; i++) {
            wanted_removal[i][which] = effects[i];
            wanted[JOURNEY_ATTR_MARKOV][i][which] =
                                        sum > 0 ? effects[i] / sum * all : 0;
        }
    }

    return brute_solve(-1, 0);
}


/* By all pairs of a path that converts and one that does not. */

static long double
brute_auc(unsigned order)
{
    int            i, k, j, m, same;
    long double    score[PATHS], c, n, won, pairs, x, y;
    brute_path_t  *p, *q;

    for (i = 0; i < nbrute; i++) {
        p = &brute[i];
        c = n = 0;

        for (k = 0; k < nbrute; k++) {
            q = &brute[k];
            m = p->n < (int) order ? p->n : (int) order;
            same = ((q->n < (int) order ? q->n : (int) order) == m);

            for (j = 1; j <= m && same; j++) {
                same = (p->items[p->n - j] == q->items[q->n - j]);
            }

            if (same) {
                c += q->conversions;
                n += q->conversions + q->nulls;
            }
        }

        score[i] = n > 0 ? c / n : 0;
    }

    for (i = 0, won = 0, pairs = 0; i < nbrute; i++) {
        for (k = 0; k < nbrute; k++) {
            x = score[i];
            y = score[k];
            c = (long double) brute[i].conversions * brute[k].nulls;
            pairs += c;
            won += c * (x > y + 1e-15L ? 1 : x < y - 1e-15L ? 0 : 0.5L);
        }
    }

    return pairs > 0 ? won / pairs : 0.5L;
}


static int
brute_same(const journey_attr_t *attr, unsigned order, int direct)
{
    int       i;
    unsigned  model, which;

    memset(wanted, 0, sizeof(wanted));
    brute_simple(direct);
    brute_games();

    if (!near(attr->p, brute_markov(order))) {
        printf("#   order %u: p is %.15g\n", order, attr->p);
        return 0;
    }

    for (i = 0; i < ITEMS; i++) {
        for (which = 0; which < 2; which++) {

            if (!near(effect(attr, i, which), wanted_removal[i][which])) {
                printf("#   order %u, R of %c: %.15g, not %.15Lg\n", order,
                       'a' + i, effect(attr, i, which),
                       wanted_removal[i][which]);
                return 0;
            }

            for (model = 0; model < JOURNEY_ATTR_MODELS; model++) {
                if (!near(credit(attr, model, i, which),
                          wanted[model][i][which]))
                {
                    printf("#   order %u, %s of %c: %.15g, not %.15Lg\n",
                           order, journey_attr_name(model), 'a' + i,
                           credit(attr, model, i, which),
                           wanted[model][i][which]);
                    return 0;
                }
            }
        }
    }

    return 1;
}


static int
brute_fits(const journey_attr_t *attr, const journey_paths_t *paths)
{
    unsigned                   i, best;
    long double                m, n, auc, fit, top;
    const journey_attr_fit_t  *got;

    n = (long double) paths->conversions + paths->nulls;
    best = 0;
    top = 0;

    for (i = 1, m = 1; i <= JOURNEY_ATTR_ORDERS; i++) {
        got = &attr->fits[i - 1];
        m = m * (paths->nitems + i - 1) / i;
        auc = brute_auc(i);

        if (!near(got->auc, auc) || got->eligible != (n - m - 1 > 0)) {
            printf("#   order %u: AUC %.15g, not %.15Lg\n", i, got->auc, auc);
            return 0;
        }

        if (!got->eligible) {
            continue;
        }

        fit = 1 - (1 - auc) * (n - 1) / (n - m - 1);

        if (!near(got->penalised, fit)) {
            printf("#   order %u: %.15g, not %.15Lg\n", i, got->penalised,
                   fit);
            return 0;
        }

        if (best == 0 || fit > top + 1e-12L) {
            best = i;
            top = fit;
        }
    }

    if (attr->order != (best ? best : 1)) {
        printf("#   order %u, not %u\n", attr->order, best);
        return 0;
    }

    return 1;
}


static void
test_random(void)
{
    int                i, k, good, direct;
    uint32_t           items[LONG];
    unsigned           order, n, wrong, wrong_fit;
    journey_attr_t     attr;
    journey_paths_t    paths;
    journey_random_t   rnd;

    for (order = 0; order <= JOURNEY_ATTR_ORDERS; order++) {
        wrong = wrong_fit = 0;

        for (n = 0; n < 2000; n++) {
            defaults();
            journey_random_init(&rnd, 7, order * 10000 + n);
            brute_random(&rnd, n % 3 == 0);
            direct = n % ITEMS;

            journey_paths_init(&paths, HALF, 0);

            for (i = 0; i < nbrute; i++) {
                for (k = 0; k < brute[i].n; k++) {
                    items[k] = brute[i].items[k];
                }

                if (journey_paths_add(&paths, items,
                                      brute[i].aged ? brute[i].ages : NULL,
                                      brute[i].n, brute[i].conversions,
                                      brute[i].value, brute[i].nulls)
                    != JOURNEY_OK)
                {
                    wrong++;
                }
            }

            opts.order = order;
            opts.direct = direct;
            good = (run(&attr, &paths) == JOURNEY_OK);

            if (good && order == JOURNEY_ATTR_AUTO) {
                wrong_fit += !brute_fits(&attr, &paths);
            }

            if (!good || !brute_same(&attr, attr.order, direct)) {
                printf("#   input %u of order %u\n", n, order);
                wrong++;
            }

            journey_attr_free(&attr);
            journey_paths_free(&paths);
        }

        is_int(wrong, 0, "2000 random inputs, all models beside their "
               "definition");
        is_int(wrong_fit, 0, "and the fit of each order by all pairs");
    }
}


int
main(void)
{
    test_examples();
    test_direct();
    test_edges();
    test_random();

    return done();
}
