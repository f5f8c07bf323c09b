
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Paths of journey attribution: whatever a record holds, it is refused or
 * counted; and whatever paths there are, all models hold to what must hold of
 * them (they check it themselves), and credits are those of the paths in
 * another order.  Lines of four fields, parted by tabs.
 */


#define _GNU_SOURCE

#include "fuzz.h"

#include "../../ngx_journey_module/report/store/journey_intern.c"
#include "../../ngx_journey_module/report/attribution/journey_paths.c"
#include "../../ngx_journey_module/report/analysis/journey_touches.c"
#include "../../ngx_journey_module/report/attribution/journey_paths_read.c"
#include "../../ngx_journey_module/report/attribution/journey_chain.c"
#include "../../ngx_journey_module/report/attribution/journey_markov.c"
#include "../../ngx_journey_module/report/attribution/journey_attribution.c"
#include "../../ngx_journey_module/report/attribution/journey_bootstrap.c"


#define FUZZ_LINES  64


static void
fuzz_record(journey_touches_t *touches, const journey_options_t *opts,
    const journey_str_t *line)
{
    int                      rc;
    unsigned                 n;
    u_char                  *p, *end, *field;
    journey_str_t            fields[8];
    journey_error_t          err;
    journey_paths_columns_t  columns = { 0, 1, 2, 3, 4 };

    field = line->data;
    end = line->data + line->len;

    for (n = 0; n < 8 && field != NULL; n++) {
        p = (field == end) ? NULL : memchr(field, '\t', end - field);

        fields[n].data = field;
        fields[n].len = (p != NULL) ? p - field : end - field;

        field = (p != NULL) ? p + 1 : NULL;
    }

    err.text[0] = '\0';
    rc = journey_paths_record(touches, opts, &columns, fields, n, &err);

    check(rc == JOURNEY_OK || err.text[0] != '\0');
}


/* Reads the lines, from the first or from the last one on. */

static void
fuzz_paths(journey_touches_t *touches, const journey_options_t *opts,
    const uint8_t *data, size_t size, unsigned back)
{
    unsigned       n, i;
    journey_str_t  lines[FUZZ_LINES];

    check(journey_touches_init(touches, 0, 1) == JOURNEY_OK);

    for (n = 0; n < FUZZ_LINES && size != 0; n++) {
        lines[n] = fuzz_line(&data, &size);
    }

    for (i = 0; i < n; i++) {
        fuzz_record(touches, opts, &lines[back ? n - 1 - i : i]);
    }
}


static void
fuzz_attribute(journey_touches_t *touches, const journey_attr_options_t *opts,
    journey_attr_t *attr)
{
    journey_error_t  err;

    err.text[0] = '\0';

    if (journey_attribute(attr, &touches->paths, opts, &err) != JOURNEY_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
}


/* The item's place in the other result. */

static uint32_t
fuzz_place(const journey_touches_t *one, const journey_touches_t *two,
    uint32_t i)
{
    uint32_t       k;
    journey_str_t  a, b;

    a = journey_touches_name(one, one->paths.items[i]);

    for (k = 0; k < two->paths.nitems; k++) {
        b = journey_touches_name(two, two->paths.items[k]);

        if (journey_strcmp(&a, &b) == 0) {
            return k;
        }
    }

    abort();
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double                  x, y;
    uint32_t                i, k;
    unsigned                model;
    journey_attr_t          attr, other;
    journey_options_t       opts;
    journey_touches_t       one, two;
    journey_attr_options_t  models;

    if (size == 0) {
        return 0;
    }

    memset(&opts, 0, sizeof(opts));
    memset(&models, 0, sizeof(models));

    opts.no_direct = data[0] & 1;
    opts.repeats = data[0] >> 1 & 1;
    models.order = data[0] >> 2 & 7;
    models.order = journey_min(models.order, JOURNEY_ATTR_ORDERS);
    models.bootstrap = data[0] >> 5 & 3;
    models.models = JOURNEY_ATTR_ALL;
    models.threads = 1;

    fuzz_paths(&one, &opts, data + 1, size - 1, 0);
    fuzz_paths(&two, &opts, data + 1, size - 1, 1);

    models.direct = one.direct;
    fuzz_attribute(&one, &models, &attr);
    models.direct = two.direct;
    fuzz_attribute(&two, &models, &other);

    check(attr.nitems == other.nitems && attr.order == other.order);
    check(attr.conversions == other.conversions && attr.nulls == other.nulls);

    for (i = 0; i < attr.nitems; i++) {
        k = fuzz_place(&one, &two, i);

        for (model = 0; model < JOURNEY_ATTR_MODELS; model++) {
            x = attr.models[model][i].conversions;
            y = other.models[model][k].conversions;
            check(fabs(x - y) <= 1e-9 * (1 + (double) attr.conversions));

            x = attr.models[model][i].value;
            y = other.models[model][k].value;
            check(fabs(x - y) <= 1e-9 * (1 + (double) attr.value));
        }
    }

    journey_attr_free(&attr);
    journey_attr_free(&other);
    journey_touches_free(&one);
    journey_touches_free(&two);

    return 0;
}
