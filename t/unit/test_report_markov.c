
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_markov, journey_chain: chains that are too large for
 * elimination, and loops that are hardly ever left.
 */


#include "attribution.h"


/* Paths of more items and touches, so that components are iterated; checked
 * by what is lost when the paths are cut by hand: p(-c) by a plain sum over
 * many steps, in long double. */

static long double
walk(const journey_markov_t *markov, const long double *steps,
    const long double *total, const long double *start,
    const long double *conversions, int without)
{
    long double       *now, *next, *swap, sum, left;
    size_t             e;
    uint32_t           i, k, n, to;
    journey_str_t      window;
    static u_char      gone[100000];

    n = markov->nstates;
    now = calloc(n, sizeof(long double));
    next = calloc(n, sizeof(long double));

    for (i = 0; i < n; i++) {
        window = journey_intern_str(&markov->windows, i + 1);
        gone[i] = 0;

        for (k = 0; k < window.len / 4; k++) {
            gone[i] |= ((const uint32_t *) window.data)[k]
                       == (uint32_t) without;
        }

        now[i] = gone[i] ? 0 : start[i];
    }

    sum = 0;

    for ( ;; ) {
        memset(next, 0, n * sizeof(long double));

        for (i = 0, left = 0; i < n; i++) {
            if (!(now[i] > 0)) {
                continue;
            }

            left += now[i];
            sum += now[i] * conversions[i] / total[i];

            for (e = markov->out_first[i]; e < markov->out_first[i + 1]; e++) {
                to = markov->out_state[e];
                next[to] += gone[to] ? 0 : now[i] * steps[markov->out_step[e]]
                                           / total[i];
            }
        }

        if (left < 1e-15L) {
            break;
        }

        swap = now;
        now = next;
        next = swap;
    }

    free(now);
    free(next);

    return sum;
}


static void
test_large(unsigned order, uint32_t nitems, unsigned npaths, unsigned most,
    unsigned loops)
{
    size_t             e;
    double             worst, off;
    uint32_t           i, k, n, items[512];
    unsigned           path;
    long double       *steps, *total, *start, *conversions, w, all, lost;
    journey_attr_t     attr;
    journey_paths_t    paths;
    journey_markov_t   markov;
    journey_random_t   rnd;

    defaults();
    opts.order = order;
    opts.models = 1 << JOURNEY_ATTR_MARKOV;

    journey_random_init(&rnd, order, nitems);
    journey_paths_init(&paths, HALF, 0);

    for (path = 0; path < npaths; path++) {
        n = 1 + (uint32_t) (journey_random(&rnd) % most);

        for (k = 0; k < n; k++) {
            do {
                items[k] = (uint32_t) (journey_random(&rnd) % nitems);

                if (loops && k > 1 && journey_random(&rnd) % loops) {
                    items[k] = items[k - 2];
                }
            } while (k > 0 && items[k] == items[k - 1]);
        }

        journey_paths_add(&paths, items, NULL, n, journey_random(&rnd) % 3,
                          0, journey_random(&rnd) % 5);
    }

    is_int(run(&attr, &paths), JOURNEY_OK, "a large chain");
    printf("#   order %u: %u states, %u steps, bound %.2g\n", order,
           attr.nstates, attr.nsteps, attr.bound);
    ok(attr.nstates > 64, "and it is large");
    ok(attr.bound < 1e-12, "its bound is small");

    journey_markov_init(&markov, &paths, order);
    steps = calloc(markov.nsteps + 1, sizeof(long double));
    total = calloc(markov.nstates, sizeof(long double));
    start = calloc(markov.nstates, sizeof(long double));
    conversions = calloc(markov.nstates, sizeof(long double));

    for (i = 1, all = 0; i < paths.npaths; i++) {
        w = paths.paths[i].conversions + paths.paths[i].nulls;
        all += paths.paths[i].conversions;
        start[markov.route[markov.first[i]]] += w;
        conversions[markov.last[i]] += paths.paths[i].conversions;
        total[markov.last[i]] += w;

        for (e = markov.first[i] + 1; e < markov.first[i + 1]; e++) {
            steps[markov.route[e]] += w;
        }
    }

    for (i = 0; i < markov.nstates; i++) {
        for (e = markov.out_first[i]; e < markov.out_first[i + 1]; e++) {
            total[i] += steps[markov.out_step[e]];
        }
    }

    for (i = 0, worst = 0; i < paths.nitems; i++) {
        lost = 1 - walk(&markov, steps, total, start, conversions, i) / all;
        off = (double) fabsl(lost - attr.removal[i]);
        worst = off > worst ? off : worst;
    }

    ok(worst < 1e-12, "removal effects of %u items as by walking: off by %.2g",
       paths.nitems, worst);

    free(steps);
    free(total);
    free(start);
    free(conversions);
    journey_markov_free(&markov);
    journey_attr_free(&attr);
    journey_paths_free(&paths);
}


/* A loop that is hardly ever left; every number is told by hand. */

static void
test_loops(void)
{
    uint32_t         i, n, *items;
    unsigned         order;
    journey_attr_t   attr;
    journey_paths_t  paths;

    defaults();
    n = 1000000;
    items = malloc(n * sizeof(uint32_t));

    for (i = 0; i < n; i++) {
        items[i] = i % 2;
    }

    for (order = 1; order <= JOURNEY_ATTR_ORDERS; order++) {
        opts.order = order;

        journey_paths_init(&paths, HALF, 0);
        journey_paths_add(&paths, items, NULL, n, 1, 0, 0);
        add(&paths, "ac", 1, 0, 1);

        is_int(run(&attr, &paths), JOURNEY_OK, "a million touches");
        ok(near(attr.p, 2 / 3.0L), "order %u: p is 2/3", order);
        ok(near(effect(&attr, 0, 0), 1), "without a there is nothing");

        if (order > 1) {
            ok(near(effect(&attr, 1, 0), 0.5), "without b one is left");
            ok(near(effect(&attr, 2, 0), 0.5), "without c one is left");

        } else {

            /* a: n/2 + 2 visits, n/2 of them lead to b, 2 to c, which
             * converts 1 of 2; without b: 3 starts in a */

            ok(near(effect(&attr, 1, 0),
                    1 - 3 * 2.0L / (n / 2 + 2) / 2 / 2),
               "without b hardly anything is left");
        }

        journey_attr_free(&attr);
        journey_paths_free(&paths);
    }

    free(items);
}


/* Many loops, each hardly ever left, in one large component. */

static void
test_sticky(unsigned order)
{
    uint32_t         a, b, i, items[2002];
    journey_attr_t   attr;
    journey_paths_t  paths;

    defaults();
    opts.order = order;
    opts.models = 1 << JOURNEY_ATTR_MARKOV;

    journey_paths_init(&paths, HALF, 0);

    for (a = 0; a < 20; a++) {
        for (b = a + 1; b < 20; b++) {
            for (i = 0; i < 2000; i++) {
                items[i] = i % 2 ? a : b;
            }

            items[2000] = (a + 7) % 20 == a ? b : (a + 7) % 20;
            items[2001] = (b + 3) % 20;

            journey_paths_add(&paths, items, NULL,
                              items[2001] == items[2000] ? 2001 : 2002,
                              a % 3 == 0, 0, 100);
            journey_paths_add(&paths, items + 1997, NULL, 4, b % 5 == 0, 0,
                              1);
        }
    }

    is_int(run(&attr, &paths), JOURNEY_OK, "many loops");
    printf("#   order %u: %u states, bound %.2g\n", order, attr.nstates,
           attr.bound);
    ok(attr.bound < 1e-10, "solved within the bound");

    journey_attr_free(&attr);
    journey_paths_free(&paths);
}


/* A walk to and fro along a line of items, a million touches long: slow for
 * everything that iterates.  The chance to convert without an item is that of
 * a full matrix of flows, eliminated without subtraction in long double.
 * Long, for the matrix is filled and eliminated in one place. */

#define LINE  300

static void
test_line(void)
{
    int                 i, j, k, at, gone, c;
    uint32_t           *items, n;
    double              worst, off;
    long double         sum, f, lost;
    journey_attr_t      attr;
    journey_paths_t     paths;
    journey_random_t    rnd;
    static long double  w[LINE][LINE], a[LINE][LINE], end[LINE], gain[LINE];

    defaults();
    opts.models = 1 << JOURNEY_ATTR_MARKOV;

    n = 1000000;
    items = malloc(n * sizeof(uint32_t));
    journey_random_init(&rnd, 5, 5);
    memset(w, 0, sizeof(w));

    for (i = 0, at = LINE / 2; i < (int) n; i++) {
        items[i] = at;
        j = (journey_random(&rnd) & 1) ? at + 1 : at - 1;
        j = (j < 0) ? 1 : (j == LINE) ? LINE - 2 : j;

        if (i + 1 < (int) n) {
            w[at][j]++;
        }

        at = j;
    }

    at = items[n - 1];

    journey_paths_init(&paths, 0, 0);
    journey_paths_add(&paths, items, NULL, n, 1, 0, 0);

    is_int(run(&attr, &paths), JOURNEY_OK, "a walk along a line");
    printf("#   %u states, bound %.2g\n", attr.nstates, attr.bound);
    ok(attr.nstates > 64, "many states");

    for (c = 0, worst = 0; c < LINE; c += 29) {

        /* from LINE / 2 to the end at `at`, never over c */

        memcpy(a, w, sizeof(w));
        memset(end, 0, sizeof(end));
        memset(gain, 0, sizeof(gain));
        end[at] = gain[at] = 1;

        for (i = 0; i < LINE; i++) {
            end[i] += a[i][c];
            a[i][c] = 0;
        }

        /* all but the start, LINE / 2 */

        for (k = 0; k < LINE; k++) {
            if (k == c || k == LINE / 2) {
                continue;
            }

            for (j = 0, sum = end[k]; j < LINE; j++) {
                sum += (j == k) ? 0 : a[k][j];
            }

            for (i = 0; i < LINE && sum > 0; i++) {
                gone = (i < k && i != LINE / 2);

                if (i == k || i == c || gone || a[i][k] == 0) {
                    continue;
                }

                f = a[i][k] / sum;

                for (j = 0; j < LINE; j++) {
                    a[i][j] += (j == k) ? 0 : f * a[k][j];
                }

                a[i][k] = 0;
                a[i][i] = 0;
                end[i] += f * end[k];
                gain[i] += f * gain[k];
            }
        }

        lost = (c == LINE / 2) ? 1 : 1 - gain[LINE / 2] / end[LINE / 2];

        for (i = 0, off = 1; i < (int) attr.nitems; i++) {
            if (attr.items[i] == (uint32_t) c) {
                off = (double) fabsl(attr.removal[i] - lost);
            }
        }

        worst = off > worst ? off : worst;
    }

    ok(worst < 1e-9, "removal effects as by elimination: off by %.2g", worst);

    journey_attr_free(&attr);
    journey_paths_free(&paths);
    free(items);
}


int
main(void)
{
    test_large(1, 150, 400, 12, 0);
    test_large(2, 20, 1500, 20, 0);
    test_large(3, 8, 500, 40, 0);
    test_large(4, 20, 800, 30, 0);
    test_large(2, 30, 200, 300, 20);
    test_large(4, 12, 100, 500, 10);

    test_loops();
    test_line();

    test_sticky(1);
    test_sticky(2);
    test_sticky(3);
    test_sticky(4);

    return done();
}
