
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * classification load FILE         best of 20: milliseconds, kB of memory
 * classification referrer FILE     looks up each line of stdin
 * classification query FILE        classifies each line of stdin, a query
 *
 * The last two print how many lines were of a listed source or a campaign; it
 * is callgrind that counts what they cost.
 */


#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "journey_channel.h"


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}


static size_t
in_use(void)
{
    struct mallinfo2  info;

    info = mallinfo2();

    return info.uordblks + info.hblkhd;
}


static journey_sources_t *
load(journey_pool_t *pool, const char *path)
{
    journey_error_t     err;
    journey_sources_t  *sources;

    sources = journey_sources_create(pool);

    if (sources == NULL
        || journey_sources_load(sources, path, &err) != JOURNEY_OK)
    {
        fprintf(stderr, "%s\n", sources == NULL ? "no memory" : err.text);
        exit(1);
    }

    return sources;
}


static void
measure_load(const char *path)
{
    int              i;
    double           begin, took, best;
    size_t           before, bytes;
    journey_pool_t  *pool;

    best = 1e9;
    bytes = 0;

    for (i = 0; i < 20; i++) {
        before = in_use();
        begin = now();
        pool = journey_pool_create();
        load(pool, path);
        took = now() - begin;
        bytes = in_use() - before;
        journey_pool_destroy(pool);

        if (took < best) {
            best = took;
        }
    }

    printf("%.2f %.0f\n", best, bytes / 1024.0);
}


int
main(int argc, char *argv[])
{
    int                    known;
    char                  *line;
    size_t                 size;
    ssize_t                n;
    journey_pool_t        *pool;
    journey_entry_t        entry;
    journey_visit_t        visit;
    journey_referrer_t     ref;
    journey_classifier_t   classifier;

    if (argc != 3) {
        fprintf(stderr, "classification load|referrer|query FILE\n");
        return 2;
    }

    if (strcmp(argv[1], "load") == 0) {
        measure_load(argv[2]);
        return 0;
    }

    pool = journey_pool_create();
    memset(&classifier, 0, sizeof(journey_classifier_t));
    classifier.sources = load(pool, argv[2]);
    classifier.codes = journey_channel_codes_create(pool);
    classifier.drop_spam = 1;

    memset(&visit, 0, sizeof(journey_visit_t));
    journey_str_set(&visit.host, "shop.example");
    journey_str_set(&visit.path, "/");

    line = NULL;
    size = 0;
    known = 0;

    while ((n = getline(&line, &size, stdin)) > 0) {

        n -= (line[n - 1] == '\n');

        if (strcmp(argv[1], "query") == 0) {
            visit.args.data = (u_char *) line;
            visit.args.len = n;
            journey_classify(&classifier, &visit, &entry);
            known += (entry.source.len != 0);
            continue;
        }

        if (journey_referrer_parse(&ref, (u_char *) line, n) == JOURNEY_OK) {
            known += (journey_source_by_referrer(classifier.sources, &ref)
                      != NULL);
        }
    }

    printf("%d\n", known);
    free(line);
    journey_pool_destroy(pool);

    return 0;
}
