
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_chain.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>


#define JOURNEY_CHAIN_DENSE    64       /* states that are eliminated at once */
#define JOURNEY_CHAIN_LARGEST  4096     /* and where nothing else helps */

#define JOURNEY_CHAIN_SWEEPS   24       /* of Gauss and Seidel */
#define JOURNEY_CHAIN_STEPS    60       /* of BiCGSTAB, from one residual */
#define JOURNEY_CHAIN_STARTS   20

#define JOURNEY_CHAIN_AIM      1e-14    /* relative error to be aimed at */
#define JOURNEY_CHAIN_MOST     1e-10    /* and to be content with */

#define JOURNEY_CHAIN_VECTORS  10


/* A large component: x = A x + b, the rows of A in row, column and value. */

typedef struct {
    uint32_t         m;
    const size_t    *row;
    const uint32_t  *column;
    const double    *value;
    const double    *b;
    const double    *importance;
    double           aim;               /* of the bound */
    double           floor;             /* below it all is rounding */
} journey_system_t;


int
journey_chain_work_init(journey_chain_work_t *work, uint32_t n)
{
    size_t  room;

    memset(work, 0, sizeof(journey_chain_work_t));

    work->n = n;
    room = (size_t) n + 1;

    work->x = malloc(room * sizeof(double));
    work->known = calloc(room, sizeof(uint32_t));
    work->index = malloc(room * sizeof(uint32_t));
    work->low = malloc(room * sizeof(uint32_t));
    work->member = malloc(room * sizeof(uint32_t));
    work->place = malloc(room * sizeof(uint32_t));
    work->stack = malloc(room * sizeof(uint32_t));
    work->calls = malloc(room * sizeof(uint32_t));
    work->cursor = malloc(room * sizeof(size_t));
    work->row = malloc(room * sizeof(size_t));

    if (work->x == NULL || work->known == NULL || work->index == NULL
        || work->low == NULL || work->member == NULL || work->place == NULL
        || work->stack == NULL || work->calls == NULL || work->cursor == NULL
        || work->row == NULL)
    {
        return JOURNEY_ERROR;
    }

    return JOURNEY_OK;
}


void
journey_chain_work_free(journey_chain_work_t *work)
{
    free(work->x);
    free(work->known);
    free(work->index);
    free(work->low);
    free(work->member);
    free(work->place);
    free(work->stack);
    free(work->calls);
    free(work->cursor);
    free(work->dense);
    free(work->row);
    free(work->column);
    free(work->value);
    free(work->vectors);
}


static int
journey_chain_room(void *array, size_t n, size_t *size, size_t element)
{
    void  *p;

    if (n <= *size) {
        return JOURNEY_OK;
    }

    p = realloc(*(void **) array, n * element);
    if (p == NULL) {
        return JOURNEY_ERROR;
    }

    *(void **) array = p;
    *size = n;

    return JOURNEY_OK;
}


static int
journey_chain_removed(const journey_chain_t *chain, uint32_t state)
{
    return chain->removed != NULL && chain->removed[state] == chain->removal;
}


/* One state, when all that it depends on is known. */

static void
journey_chain_single(journey_chain_work_t *work, const journey_chain_t *chain,
    uint32_t state)
{
    size_t    i;
    double    sum;
    uint32_t  on;

    sum = chain->gain[state];

    for (i = chain->first[state]; i < chain->first[state + 1]; i++) {
        on = chain->state[i];

        if (!journey_chain_removed(chain, on)
            && chain->weight[chain->step[i]] > 0)
        {
            sum += chain->weight[chain->step[i]] * work->x[on];
        }
    }

    work->x[state] = sum / chain->total[state];
}


/* a[j][i] is the weight of j's dependency on i, end what leaves the component,
 * gain what that brings. */

static void
journey_chain_fill(const journey_chain_work_t *work,
    const journey_chain_t *chain, const uint32_t *states, uint32_t m,
    double *a, double *end, double *gain)
{
    double    weight;
    size_t    e;
    uint32_t  j, on, component;

    component = work->member[states[0]];

    memset(a, 0, (size_t) m * m * sizeof(double));

    for (j = 0; j < m; j++) {
        end[j] = chain->end[states[j]];
        gain[j] = chain->gain[states[j]];

        for (e = chain->first[states[j]]; e < chain->first[states[j] + 1];
             e++)
        {
            on = chain->state[e];
            weight = chain->weight[chain->step[e]];

            if (!(weight > 0)) {
                continue;
            }

            if (journey_chain_removed(chain, on)) {
                end[j] += weight;

            } else if (work->member[on] == component) {
                a[(size_t) j * m + work->place[on]] += weight;

            } else {
                end[j] += weight;
                gain[j] += weight * work->x[on];
            }
        }
    }
}


/* Elimination: the diagonal is what leaves and all dependencies together, and
 * is never stored, since only what is positive is ever added. */

static int
journey_chain_eliminate(journey_chain_work_t *work,
    const journey_chain_t *chain, const uint32_t *states, uint32_t m)
{
    double    *a, *end, *gain, *top, *row, factor, sum;
    uint32_t   i, j, k;

    if (journey_chain_room(&work->dense, ((size_t) m + 2) * m,
                           &work->dense_size, sizeof(double)) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    a = work->dense;
    end = a + (size_t) m * m;
    gain = end + m;

    journey_chain_fill(work, chain, states, m, a, end, gain);

    for (k = m - 1; k > 0; k--) {
        top = a + (size_t) k * m;

        for (i = 0, sum = end[k]; i < k; i++) {
            sum += top[i];
        }

        for (j = 0; j < k; j++) {
            row = a + (size_t) j * m;

            if (row[k] == 0) {
                continue;
            }

            factor = row[k] / sum;

            for (i = 0; i < k; i++) {
                row[i] += factor * top[i];
            }

            end[j] += factor * end[k];
            gain[j] += factor * gain[k];
        }

        top[k] = sum;
    }

    a[0] = end[0];

    for (j = 0; j < m; j++) {
        row = a + (size_t) j * m;
        sum = gain[j];

        for (i = 0; i < j; i++) {
            sum += row[i] * work->x[states[i]];
        }

        work->x[states[j]] = sum / row[j];
    }

    return JOURNEY_OK;
}


/* One of Gauss and Seidel's sweeps; of a residual, when b is one and x begins
 * as zero, it is a good guess of the error. */

static void
journey_system_sweep(const journey_system_t *sys, const double *b, double *x)
{
    size_t    e;
    double    sum;
    uint32_t  j;

    for (j = 0; j < sys->m; j++) {
        sum = b[j];

        for (e = sys->row[j]; e < sys->row[j + 1]; e++) {
            sum += sys->value[e] * x[sys->column[e]];
        }

        x[j] = sum;
    }
}


static void
journey_system_guess(const journey_system_t *sys, const double *b, double *x)
{
    memset(x, 0, sys->m * sizeof(double));

    journey_system_sweep(sys, b, x);
}


/* y = x - A x */

static void
journey_system_times(const journey_system_t *sys, const double *x, double *y)
{
    size_t    e;
    double    sum;
    uint32_t  j;

    for (j = 0; j < sys->m; j++) {
        sum = x[j];

        for (e = sys->row[j]; e < sys->row[j + 1]; e++) {
            sum -= sys->value[e] * x[sys->column[e]];
        }

        y[j] = sum;
    }
}


static double
journey_system_dot(const journey_system_t *sys, const double *x,
    const double *y)
{
    double    sum;
    uint32_t  j;

    for (j = 0, sum = 0; j < sys->m; j++) {
        sum += x[j] * y[j];
    }

    return sum;
}


/* The residual, and the bound of the error that it leaves. */

static double
journey_system_residual(journey_system_t *sys, const double *x,
    double *r)
{
    double    bound, size;
    uint32_t  j;

    journey_system_times(sys, x, r);

    for (j = 0, bound = 0, size = 0; j < sys->m; j++) {
        r[j] = sys->b[j] - r[j];
        bound += sys->importance[j] * fabs(r[j]);
        size += sys->importance[j] * fabs(x[j]);
    }

    sys->floor = 4 * DBL_EPSILON * size;

    return bound;
}


/* BiCGSTAB from x on, with the sweep before it; returns the bound, x being the
 * best that was seen.  Long, for it is one recurrence over its vectors. */

static double
journey_system_bicgstab(journey_system_t *sys, double *x, double *v)
{
    double    *r, *r0, *p, *ph, *ap, *sh, *as, *best;
    double     rho, last, alpha, beta, omega, bound, least, size;
    size_t     m;
    uint32_t   j;
    unsigned   start, i;

    m = sys->m;
    r = v;
    r0 = v + m;
    p = v + 2 * m;
    ph = v + 3 * m;
    ap = v + 4 * m;
    sh = v + 5 * m;
    as = v + 6 * m;
    best = v + 7 * m;

    least = journey_system_residual(sys, x, r);
    memcpy(best, x, m * sizeof(double));

    for (start = 0; start < JOURNEY_CHAIN_STARTS; start++) {

        if (least <= journey_max(sys->aim, sys->floor)) {
            break;
        }

        memcpy(r0, r, m * sizeof(double));
        memset(p, 0, m * sizeof(double));
        memset(ap, 0, m * sizeof(double));
        last = alpha = omega = 1;

        for (i = 0; i < JOURNEY_CHAIN_STEPS; i++) {
            rho = journey_system_dot(sys, r0, r);

            if (!(fabs(rho) > 0) || !isfinite(rho)) {
                break;
            }

            beta = rho / last * (alpha / omega);
            last = rho;

            for (j = 0; j < m; j++) {
                p[j] = r[j] + beta * (p[j] - omega * ap[j]);
            }

            journey_system_guess(sys, p, ph);
            journey_system_times(sys, ph, ap);
            alpha = rho / journey_system_dot(sys, r0, ap);

            for (j = 0; j < m; j++) {
                r[j] -= alpha * ap[j];
            }

            journey_system_guess(sys, r, sh);
            journey_system_times(sys, sh, as);

            size = journey_system_dot(sys, as, as);
            omega = size > 0 ? journey_system_dot(sys, as, r) / size : 0;

            for (j = 0, bound = 0; j < m; j++) {
                x[j] += alpha * ph[j] + omega * sh[j];
                r[j] -= omega * as[j];
                bound += sys->importance[j] * fabs(r[j]);
            }

            if (!isfinite(bound) || omega == 0 || bound <= sys->aim / 4) {
                break;
            }
        }

        bound = journey_system_residual(sys, x, r);

        if (!(bound < least)) {

            /* no better: on from the best, by sweeps and another start */

            memcpy(x, best, m * sizeof(double));

            for (i = 0; i < JOURNEY_CHAIN_SWEEPS; i++) {
                journey_system_sweep(sys, sys->b, x);
            }

            bound = journey_system_residual(sys, x, r);

            if (!(bound < least)) {
                break;
            }
        }

        least = bound;
        memcpy(best, x, m * sizeof(double));
    }

    memcpy(x, best, m * sizeof(double));

    return least;
}


/* Room for a component's own system. */

static int
journey_chain_vectors(journey_chain_work_t *work, const journey_chain_t *chain,
    const uint32_t *states, uint32_t m)
{
    size_t    n, room;
    uint32_t  j;

    for (j = 0, n = 0; j < m; j++) {
        n += chain->first[states[j] + 1] - chain->first[states[j]];
    }

    if (n > work->value_size) {
        room = 0;
        free(work->column);
        work->column = NULL;

        if (journey_chain_room(&work->column, n, &room, sizeof(uint32_t))
            != JOURNEY_OK
            || journey_chain_room(&work->value, n, &work->value_size,
                                  sizeof(double)) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return journey_chain_room(&work->vectors,
                              (size_t) (JOURNEY_CHAIN_VECTORS + 1) * m,
                              &work->vectors_size, sizeof(double));
}


/* The system of a component: what it depends on besides is known, and goes
 * into b. */

static void
journey_chain_system(journey_chain_work_t *work, const journey_chain_t *chain,
    const uint32_t *states, uint32_t m, double *b, double *importance)
{
    double    weight;
    size_t    e, n;
    uint32_t  j, on, component;

    component = work->member[states[0]];

    for (j = 0, n = 0; j < m; j++) {
        b[j] = chain->gain[states[j]];
        importance[j] = chain->importance[states[j]];
        work->row[j] = n;

        for (e = chain->first[states[j]]; e < chain->first[states[j] + 1];
             e++)
        {
            on = chain->state[e];
            weight = chain->weight[chain->step[e]];

            if (!(weight > 0) || journey_chain_removed(chain, on)) {
                continue;
            }

            if (work->member[on] == component) {
                work->column[n] = work->place[on];
                work->value[n++] = weight / chain->total[states[j]];

            } else {
                b[j] += weight * work->x[on];
            }
        }

        b[j] /= chain->total[states[j]];
    }

    work->row[m] = n;
}


/* Iterates; JOURNEY_DECLINED when the bound is not met. */

static int
journey_chain_iterate(journey_chain_work_t *work,
    const journey_chain_t *chain, const uint32_t *states, uint32_t m)
{
    double            *b, *x, *importance, bound;
    uint32_t           j;
    unsigned           i;
    journey_system_t   sys;

    if (journey_chain_vectors(work, chain, states, m) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    b = work->vectors;
    x = b + m;
    importance = x + m;

    journey_chain_system(work, chain, states, m, b, importance);

    memset(&sys, 0, sizeof(journey_system_t));

    sys.m = m;
    sys.row = work->row;
    sys.column = work->column;
    sys.value = work->value;
    sys.b = b;
    sys.importance = importance;
    sys.aim = JOURNEY_CHAIN_AIM * chain->scale;

    /* from zero the sweeps grow to the solution and never beyond */

    memset(x, 0, m * sizeof(double));

    for (i = 0; i < JOURNEY_CHAIN_SWEEPS; i++) {
        journey_system_sweep(&sys, b, x);
    }

    bound = journey_system_bicgstab(&sys, x, importance + m);

    if (!(bound <= JOURNEY_CHAIN_MOST * chain->scale)) {
        return JOURNEY_DECLINED;
    }

    for (j = 0; j < m; j++) {
        work->x[states[j]] = x[j];
    }

    work->bound += bound / chain->scale;

    return JOURNEY_OK;
}


static int
journey_chain_component(journey_chain_work_t *work,
    const journey_chain_t *chain, const uint32_t *states, uint32_t m)
{
    int       rc;
    uint32_t  i, component;

    component = work->index[states[0]];

    for (i = 0; i < m; i++) {
        work->member[states[i]] = component;
        work->place[states[i]] = i;
    }

    if (m == 1) {
        journey_chain_single(work, chain, states[0]);
        return JOURNEY_OK;
    }

    if (m > JOURNEY_CHAIN_DENSE) {
        rc = journey_chain_iterate(work, chain, states, m);

        if (rc != JOURNEY_DECLINED || m > JOURNEY_CHAIN_LARGEST) {
            return rc;
        }
    }

    return journey_chain_eliminate(work, chain, states, m);
}


void
journey_chain_begin(journey_chain_work_t *work)
{
    if (work->run >= UINT32_MAX - 3) {
        memset(work->known, 0, work->n * sizeof(uint32_t));
        work->run = 0;
    }

    work->run += 2;                     /* run: met; run + 1: solved */
    work->next = 1;
    work->bound = 0;
}


/* The component that ends the stack and begins with state; the first to be
 * met depend on the others, so that those are put first. */

static int
journey_chain_close(journey_chain_work_t *work, const journey_chain_t *chain,
    uint32_t state, uint32_t *nstack)
{
    uint32_t  i, k, n, other, *states;

    n = *nstack;

    do {
        n--;
        work->known[work->stack[n]] = work->run + 1;
    } while (work->stack[n] != state);

    states = work->stack + n;

    for (i = n, k = *nstack - 1; i < k; i++, k--) {
        other = work->stack[i];
        work->stack[i] = work->stack[k];
        work->stack[k] = other;
    }

    k = *nstack - n;
    *nstack = n;

    return journey_chain_component(work, chain, states, k);
}


static void
journey_chain_meet(journey_chain_work_t *work, const journey_chain_t *chain,
    uint32_t state)
{
    work->known[state] = work->run;
    work->index[state] = work->next;
    work->low[state] = work->next++;
    work->cursor[state] = chain->first[state];
}


/* Tarjan's algorithm, with a stack of its own instead of calls. */

int
journey_chain_solve(journey_chain_work_t *work, const journey_chain_t *chain,
    uint32_t state)
{
    int       rc;
    size_t    e;
    uint32_t  v, u, nstack, ncalls;

    if (work->known[state] == work->run + 1) {
        return JOURNEY_OK;
    }

    journey_chain_meet(work, chain, state);

    work->stack[0] = state;
    work->calls[0] = state;
    nstack = 1;
    ncalls = 1;

    while (ncalls != 0) {
        v = work->calls[ncalls - 1];
        e = work->cursor[v];

        if (e < chain->first[v + 1]) {
            work->cursor[v]++;
            u = chain->state[e];

            if (!(chain->weight[chain->step[e]] > 0)
                || journey_chain_removed(chain, u))
            {
                continue;
            }

            if (work->known[u] < work->run) {
                journey_chain_meet(work, chain, u);
                work->stack[nstack++] = u;
                work->calls[ncalls++] = u;

            } else if (work->known[u] == work->run) {
                work->low[v] = journey_min(work->low[v], work->index[u]);
            }

            continue;
        }

        ncalls--;

        if (ncalls != 0) {
            u = work->calls[ncalls - 1];
            work->low[u] = journey_min(work->low[u], work->low[v]);
        }

        if (work->low[v] == work->index[v]) {
            rc = journey_chain_close(work, chain, v, &nstack);

            if (rc != JOURNEY_OK) {
                return rc;
            }
        }
    }

    return JOURNEY_OK;
}
