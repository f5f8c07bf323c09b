
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * How long the pages took: the 95th percentile of each.
 */


#include "journey_content.h"

#include <stdlib.h>


static int
journey_content_cmp(const void *one, const void *two)
{
    const journey_content_time_t  *a, *b;

    a = one;
    b = two;

    return a->key < b->key ? -1 : a->key > b->key;
}


/* Puts all of the same key together. */

static size_t
journey_content_pack(journey_content_time_t *times, size_t n)
{
    size_t  i, k;

    if (n == 0) {
        return 0;
    }

    qsort(times, n, sizeof(journey_content_time_t), journey_content_cmp);

    for (i = 0, k = 0; i < n; i++) {
        if (k != 0 && times[k - 1].key == times[i].key) {
            times[k - 1].visits += times[i].visits;

        } else {
            times[k++] = times[i];
        }
    }

    return k;
}


int
journey_content_times_add(journey_content_times_t *all,
    const journey_store_t *store)
{
    size_t                   r, n, size;
    uint32_t                 i, ref, ms;
    const journey_ev_t      *ev;
    const journey_run_t     *run;
    journey_content_time_t  *times;

    n = all->n;
    size = n;

    for (r = 0; r < store->nruns; r++) {
        run = &store->runs[r];

        for (i = 0; i < run->count; i++) {
            ref = (uint32_t) run->first + i;
            ev = journey_store_event(store, ref);
            ms = journey_store_more(store, ref)->ms;

            if (ev->kind != JOURNEY_EVENT_PAGE || ms == 0) {
                continue;
            }

            if (n == size) {

                /* most are there already: it rarely gets much larger */

                n = all->n = journey_content_pack(all->times, n);
                size = journey_max(2 * n, 65536);

                times = realloc(all->times,
                                size * sizeof(journey_content_time_t));
                if (times == NULL) {
                    return JOURNEY_ERROR;
                }

                all->times = times;
            }

            all->times[n].key = (uint64_t) ev->page << 32 | (ms - 1);
            all->times[n++].visits = 1;
        }
    }

    all->n = journey_content_pack(all->times, n);

    return JOURNEY_OK;
}


void
journey_content_times_slow(const journey_content_times_t *all,
    journey_content_t *content)
{
    size_t                   i, first;
    uint32_t                 page;
    uint64_t                 seen;
    journey_content_page_t  *sum;

    for (first = 0; first < all->n; first = i) {
        page = (uint32_t) (all->times[first].key >> 32);
        sum = &content->pages[page];
        sum->timed = 0;

        for (i = first; i < all->n && all->times[i].key >> 32 == page; i++) {
            sum->timed += all->times[i].visits;
        }

        seen = 0;

        for (i = first; i < all->n && all->times[i].key >> 32 == page; i++) {

            if (seen < (sum->timed * 95 + 99) / 100) {
                seen += all->times[i].visits;
                sum->slow = (uint32_t) all->times[i].key;
            }
        }
    }
}
