
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What the fuzz targets share: an invariant that does not hold ends the run.
 */


#ifndef JOURNEY_FUZZ_H
#define JOURNEY_FUZZ_H


#include <stdio.h>
#include <stdlib.h>

#include "journey_core.h"


#define check(cond)                                                           \
    if (!(cond)) {                                                            \
        fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__,      \
                #cond);                                                       \
        abort();                                                              \
    }


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* Takes what stands before the next newline, or all. */

static inline journey_str_t
fuzz_line(const uint8_t **data, size_t *size)
{
    journey_str_t   s;
    const uint8_t  *end;

    end = (*size == 0) ? NULL : memchr(*data, '\n', *size);

    s.data = (u_char *) *data;
    s.len = (end == NULL) ? *size : (size_t) (end - *data);

    *data += s.len + (end != NULL);
    *size -= s.len + (end != NULL);

    return s;
}


/* 1 when the string is UTF-8 that nothing has to be mended in. */

static inline int
fuzz_utf8(const journey_str_t *s)
{
    int      valid;
    u_char  *copy;

    if (s->len == 0) {
        return 1;
    }

    copy = malloc(s->len);
    check(copy != NULL);

    memcpy(copy, s->data, s->len);
    valid = (journey_utf8_mend(copy, s->len) == 0);
    free(copy);

    return valid;
}


/* A value for the log: UTF-8, no control characters, not too long. */

static inline void
fuzz_value(const journey_str_t *s)
{
    size_t  i;

    check(s->len <= JOURNEY_VALUE_MAX);
    check(fuzz_utf8(s));

    for (i = 0; i < s->len; i++) {
        check(s->data[i] >= 0x20 && s->data[i] != 0x7f);
    }
}


#endif /* JOURNEY_FUZZ_H */
