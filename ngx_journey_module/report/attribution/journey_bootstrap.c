
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Intervals by resampling: as many journeys as there are, drawn from them with
 * replacement, and credited by all models, many times (Efron 1979).  A draw is
 * a path with what it ended in, a conversion of a value or none; how often each
 * is drawn is multinomial, so that a sample costs as much as there are
 * different ones, however many journeys they stand for.
 */


#include "journey_attribution_run.h"
#include "journey_messages.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>


#define JOURNEY_BOOTSTRAP_LOW    0.025
#define JOURNEY_BOOTSTRAP_HIGH   0.975
#define JOURNEY_BOOTSTRAP_BYTES  (1ULL << 30)   /* that samples may take */
#define JOURNEY_BOOTSTRAP_SMALL  1000000        /* touches to be looked at:
                                                   one thread is enough */
#define JOURNEY_BOOTSTRAP_MANY   2              /* threads */


/* Which sample is next, and what came of them, is shared. */

typedef struct {
    journey_attr_run_t   *run;
    uint32_t              next;
    unsigned              failed;
    unsigned              nmodels;
    journey_progress_t    progress;     /* of the first thread */
    double               *samples;      /* by model, item, conversions or
                                           value, sample */
} journey_bootstrap_t;

typedef struct {
    journey_bootstrap_t  *boot;
    journey_attr_work_t   work;
    pthread_t             thread;
    unsigned              running:1;
    unsigned              first:1;      /* the process's own */
} journey_bootstrap_thread_t;


static uint64_t
journey_random_rotate(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}


uint64_t
journey_random(journey_random_t *random)
{
    uint64_t  *s, t, result;

    s = random->state;
    result = journey_random_rotate(s[1] * 5, 7) * 9;
    t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = journey_random_rotate(s[3], 45);

    return result;
}


void
journey_random_init(journey_random_t *random, uint64_t seed, uint64_t number)
{
    uint64_t  x, z;
    unsigned  i;

    x = seed ^ (number * 0xd1342543de82ef95ULL);

    for (i = 0; i < 4; i++) {
        x += 0x9e3779b97f4a7c15ULL;
        z = x;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
        random->state[i] = z ^ z >> 31;
    }
}


/* Above 0, below 1. */

static double
journey_random_unit(journey_random_t *random)
{
    return ((double) (journey_random(random) >> 11) + 0.5) * 0x1p-53;
}


/* What Stirling's formula of log(k!) lacks. */

static double
journey_random_stirling(double k)
{
    double  square;

    static const double  tail[] = {
        0.08106146679532726, 0.04134069595540929, 0.02767792568499834,
        0.02079067210376509, 0.01664469118982119, 0.01387612882307075,
        0.01189670994589177, 0.01041126526197209, 0.009255462182712733,
        0.008330563433362871
    };

    if (k <= 9) {
        return tail[(int) k];
    }

    k += 1;
    square = k * k;

    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / k;
}


/* Few hits are expected: the gaps between them are geometric. */

static uint64_t
journey_random_gaps(journey_random_t *random, uint64_t n, double p)
{
    double    place, miss;
    uint64_t  hits;

    miss = log1p(-p);

    for (hits = 0, place = 0; /* void */ ; hits++) {
        place += ceil(log(journey_random_unit(random)) / miss);

        if (!(place <= (double) n)) {
            return hits;
        }
    }
}


/* Many are: transformed rejection (BTRS, W. Hörmann, The generation of
 * binomial random variates, 1993), p being at most one half. */

static uint64_t
journey_random_reject(journey_random_t *random, uint64_t draws, double p)
{
    double  n, q, r, spread, a, b, c, alpha, fast, mode, u, v, us, k, bound;

    n = (double) draws;
    q = 1 - p;
    r = p / q;
    spread = sqrt(n * p * q);
    b = 1.15 + 2.53 * spread;
    a = -0.0873 + 0.0248 * b + 0.01 * p;
    c = n * p + 0.5;
    alpha = (2.83 + 5.1 / b) * spread;
    fast = 0.92 - 4.2 / b;
    mode = floor((n + 1) * p);

    for ( ;; ) {
        u = journey_random_unit(random) - 0.5;
        v = journey_random_unit(random);
        us = 0.5 - fabs(u);
        k = floor((2 * a / us + b) * u + c);

        if (k < 0 || k > n) {
            continue;
        }

        if (us >= 0.07 && v <= fast) {
            return (uint64_t) k;
        }

        v = log(v * alpha / (a / (us * us) + b));

        bound = (mode + 0.5) * log((mode + 1) / (r * (n - mode + 1)))
                + (n + 1) * log((n - mode + 1) / (n - k + 1))
                + (k + 0.5) * log(r * (n - k + 1) / (k + 1))
                + journey_random_stirling(mode)
                + journey_random_stirling(n - mode)
                - journey_random_stirling(k)
                - journey_random_stirling(n - k);

        if (v <= bound) {
            return (uint64_t) k;
        }
    }
}


uint64_t
journey_random_binomial(journey_random_t *random, uint64_t n, double p)
{
    if (n == 0 || !(p > 0)) {
        return 0;
    }

    if (p >= 1) {
        return n;
    }

    if (p > 0.5) {
        return n - journey_random_binomial(random, n, 1 - p);
    }

    return (double) n * p < 10 ? journey_random_gaps(random, n, p)
                               : journey_random_reject(random, n, p);
}


/* Draws the weights of a sample: how often each outcome comes, of those that
 * are left. */

static void
journey_bootstrap_draw(journey_attr_work_t *work, const journey_paths_t *paths,
    journey_random_t *random)
{
    uint32_t                  i;
    uint64_t                  left, mass, n;
    const journey_outcome_t  *outcome;

    memset(work->conversions, 0, paths->npaths * sizeof(double));
    memset(work->nulls, 0, paths->npaths * sizeof(double));
    memset(work->value, 0, paths->npaths * sizeof(double));

    left = mass = paths->conversions + paths->nulls;

    for (i = 0; i < paths->noutcomes; i++) {
        outcome = &paths->outcomes[i];

        n = journey_random_binomial(random, left,
                                    (double) outcome->conversions
                                    / (double) mass);
        left -= n;
        mass -= outcome->conversions;

        work->conversions[outcome->path] += (double) n;
        work->value[outcome->path] += (double) n * outcome->value;
    }

    for (i = 1; i < paths->npaths; i++) {

        if (paths->paths[i].nulls == 0) {
            continue;
        }

        n = journey_random_binomial(random, left,
                                    (double) paths->paths[i].nulls
                                    / (double) mass);
        left -= n;
        mass -= paths->paths[i].nulls;

        work->nulls[i] = (double) n;
    }
}


static double *
journey_bootstrap_samples(journey_bootstrap_t *boot, unsigned place,
    uint32_t item, unsigned which)
{
    return boot->samples + (((size_t) place * boot->run->paths->nitems + item)
                            * 2 + which) * boot->run->opts->bootstrap;
}


static void *
journey_bootstrap_work(void *arg)
{
    uint32_t                     i, item;
    unsigned                     model, place;
    journey_random_t             random;
    journey_attr_work_t         *work;
    journey_bootstrap_t         *boot;
    journey_bootstrap_thread_t  *thread;

    thread = arg;
    boot = thread->boot;
    work = &thread->work;

    for ( ;; ) {
        i = __atomic_fetch_add(&boot->next, 1, __ATOMIC_RELAXED);

        if (i >= boot->run->opts->bootstrap
            || __atomic_load_n(&boot->failed, __ATOMIC_RELAXED))
        {
            return NULL;
        }

        journey_random_init(&random, boot->run->opts->seed, i);
        journey_bootstrap_draw(work, boot->run->paths, &random);

        if (journey_attr_credit(work, boot->run) != JOURNEY_OK) {
            __atomic_store_n(&boot->failed, 1, __ATOMIC_RELAXED);
            return NULL;
        }

        for (model = 0, place = 0; model < JOURNEY_ATTR_MODELS; model++) {

            if (work->sums[model] == NULL) {
                continue;
            }

            for (item = 0; item < boot->run->paths->nitems; item++) {
                journey_bootstrap_samples(boot, place, item, 0)[i] =
                                     (double) work->sums[model][item][0];
                journey_bootstrap_samples(boot, place, item, 1)[i] =
                                     (double) work->sums[model][item][1];
            }

            place++;
        }

        if (thread->first) {
            journey_progress_bar(&boot->progress, i,
                                 boot->run->opts->bootstrap, i, "samples");
        }
    }
}


static int
journey_bootstrap_cmp(const void *one, const void *two)
{
    double  a, b;

    a = *(const double *) one;
    b = *(const double *) two;

    return a < b ? -1 : a > b;
}


/* Of n sorted samples; between two of them in proportion. */

static double
journey_bootstrap_percentile(const double *samples, uint32_t n, double share)
{
    double    place;
    uint32_t  i;

    place = share * (n - 1);
    i = (uint32_t) place;

    if (i + 1 >= n) {
        return samples[n - 1];
    }

    return samples[i] + (place - i) * (samples[i + 1] - samples[i]);
}


static void
journey_bootstrap_intervals(journey_bootstrap_t *boot, journey_attr_t *attr)
{
    double            *samples;
    uint32_t           n, item;
    unsigned           model, place;
    journey_credit_t  *credit;

    n = boot->run->opts->bootstrap;

    for (model = 0, place = 0; model < JOURNEY_ATTR_MODELS; model++) {

        if (attr->models[model] == NULL) {
            continue;
        }

        for (item = 0; item < attr->nitems; item++) {
            credit = &attr->models[model][item];

            samples = journey_bootstrap_samples(boot, place, item, 0);
            qsort(samples, n, sizeof(double), journey_bootstrap_cmp);
            credit->conversions_low = journey_bootstrap_percentile(samples, n,
                                                     JOURNEY_BOOTSTRAP_LOW);
            credit->conversions_high = journey_bootstrap_percentile(samples, n,
                                                     JOURNEY_BOOTSTRAP_HIGH);

            samples = journey_bootstrap_samples(boot, place, item, 1);
            qsort(samples, n, sizeof(double), journey_bootstrap_cmp);
            credit->value_low = journey_bootstrap_percentile(samples, n,
                                                     JOURNEY_BOOTSTRAP_LOW);
            credit->value_high = journey_bootstrap_percentile(samples, n,
                                                     JOURNEY_BOOTSTRAP_HIGH);
        }

        place++;
    }
}


static unsigned
journey_bootstrap_threads(const journey_attr_run_t *run)
{
    long  n;

    if (run->opts->threads != 0) {
        return journey_min(run->opts->threads, JOURNEY_BOOTSTRAP_MANY);
    }

    if ((double) run->paths->ntouches * run->opts->bootstrap
        < JOURNEY_BOOTSTRAP_SMALL)
    {
        return 1;
    }

    n = sysconf(_SC_NPROCESSORS_ONLN);

    return n > 1 ? JOURNEY_BOOTSTRAP_MANY : 1;
}


static int
journey_bootstrap_run(journey_bootstrap_t *boot, journey_error_t *err)
{
    int                         rc;
    unsigned                    i, n;
    journey_bootstrap_thread_t  threads[JOURNEY_BOOTSTRAP_MANY];

    memset(threads, 0, sizeof(threads));
    n = journey_bootstrap_threads(boot->run);
    rc = JOURNEY_OK;

    for (i = 0; i < n && rc == JOURNEY_OK; i++) {
        threads[i].boot = boot;
        rc = journey_attr_work_init(&threads[i].work, boot->run);
    }

    if (rc != JOURNEY_OK) {
        (void) journey_error(err, "not enough memory");

    } else {

        /* a thread that cannot be started is none: the others do its work */

        for (i = 1; i < n; i++) {
            threads[i].running = pthread_create(&threads[i].thread, NULL,
                                                journey_bootstrap_work,
                                                &threads[i]) == 0;
        }

        threads[0].first = 1;
        journey_progress_init(&boot->progress);
        boot->progress.doing = "drawing";

        (void) journey_bootstrap_work(&threads[0]);

        for (i = 1; i < n; i++) {
            if (threads[i].running) {
                (void) pthread_join(threads[i].thread, NULL);
            }
        }

        journey_progress_erase(&boot->progress);

        for (i = 0; i < n && boot->failed; i++) {
            if (threads[i].work.err.text[0] != '\0') {
                *err = threads[i].work.err;
                rc = JOURNEY_ERROR;
            }
        }
    }

    for (i = 0; i < n; i++) {
        journey_attr_work_free(&threads[i].work);
    }

    return rc;
}


int
journey_attr_bootstrap(journey_attr_t *attr, journey_attr_run_t *run,
    journey_error_t *err)
{
    int                  rc;
    double               bytes;
    unsigned             i;
    journey_bootstrap_t  boot;

    memset(&boot, 0, sizeof(journey_bootstrap_t));
    boot.run = run;

    for (i = 0; i < JOURNEY_ATTR_MODELS; i++) {
        boot.nmodels += (attr->models[i] != NULL);
    }

    bytes = 2.0 * sizeof(double) * boot.nmodels * attr->nitems
            * run->opts->bootstrap;

    if (bytes == 0) {
        return JOURNEY_OK;
    }

    if (bytes > JOURNEY_BOOTSTRAP_BYTES) {
        return journey_error(err, "--bootstrap: %u samples of %u rows by %u "
                             "models are more than 1 GB: take fewer samples "
                             "or models, or fold rows by --min-visitors",
                             (unsigned) run->opts->bootstrap,
                             (unsigned) attr->nitems, boot.nmodels);
    }

    boot.samples = malloc((size_t) bytes);

    if (boot.samples == NULL) {
        return journey_error(err, "not enough memory");
    }

    rc = journey_bootstrap_run(&boot, err);

    if (rc == JOURNEY_OK) {
        journey_bootstrap_intervals(&boot, attr);
    }

    free(boot.samples);

    return rc;
}
