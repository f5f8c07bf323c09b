
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Test Anything Protocol for the unit tests of core/: one program a concept,
 * read by prove.
 */


#ifndef JOURNEY_TAP_H
#define JOURNEY_TAP_H


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "journey_core.h"


static int  tap_count;
static int  tap_failed;


static inline void
tap_result(int passed, const char *file, int line, const char *fmt, ...)
{
    va_list  args;

    tap_count++;
    printf("%s %d - ", passed ? "ok" : "not ok", tap_count);

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);

    printf("\n");

    if (!passed) {
        tap_failed++;
        printf("#   failed at %s line %d\n", file, line);
    }

    fflush(stdout);
}


static inline void
tap_str(journey_str_t got, const char *want, const char *file, int line,
    const char *name)
{
    int  same;

    same = (got.len == strlen(want)
            && (got.len == 0 || memcmp(got.data, want, got.len) == 0));

    tap_result(same, file, line, "%s", name);

    if (!same) {
        printf("#   got \"%.*s\", want \"%s\"\n", (int) got.len,
               got.data == NULL ? "" : (char *) got.data, want);
    }
}


static inline void
tap_int(long long got, long long want, const char *file, int line,
    const char *name)
{
    tap_result(got == want, file, line, "%s", name);

    if (got != want) {
        printf("#   got %lld, want %lld\n", got, want);
    }
}


#define ok(cond, ...)                                                         \
    tap_result((cond) ? 1 : 0, __FILE__, __LINE__, __VA_ARGS__)

#define is_str(got, want, name)  tap_str(got, want, __FILE__, __LINE__, name)

#define is_int(got, want, name)                                               \
    tap_int((long long) (got), (long long) (want), __FILE__, __LINE__, name)

/* Ends the program: the plan, and an exit code that fails with a test. */
#define done()                                                                \
    (printf("1..%d\n", tap_count), tap_failed == 0 ? 0 : 1)


#endif /* JOURNEY_TAP_H */
