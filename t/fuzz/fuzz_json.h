
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * JSON once more, as RFC 8259 writes it down and by recursion: what the
 * reader of core/ is compared with.
 */


#ifndef JOURNEY_FUZZ_JSON_H
#define JOURNEY_FUZZ_JSON_H


#include "fuzz.h"


typedef struct {
    const uint8_t  *p;
    const uint8_t  *end;
} fuzz_json_t;


static int fuzz_json_value(fuzz_json_t *j);


static inline int
fuzz_json_take(fuzz_json_t *j, const char *set)
{
    if (j->p == j->end || *j->p == '\0' || strchr(set, *j->p) == NULL) {
        return 0;
    }

    j->p++;

    return 1;
}


static inline void
fuzz_json_blank(fuzz_json_t *j)
{
    while (fuzz_json_take(j, " \t\r\n")) { /* void */ }
}


static inline int
fuzz_json_string(fuzz_json_t *j)
{
    unsigned  i;

    if (!fuzz_json_take(j, "\"")) {
        return 0;
    }

    while (!fuzz_json_take(j, "\"")) {

        if (j->p == j->end || *j->p < 0x20) {
            return 0;
        }

        if (!fuzz_json_take(j, "\\")) {
            j->p++;
            continue;
        }

        if (fuzz_json_take(j, "u")) {
            for (i = 0; i < 4; i++) {
                if (!fuzz_json_take(j, "0123456789abcdefABCDEF")) {
                    return 0;
                }
            }

        } else if (!fuzz_json_take(j, "\"\\/bfnrt")) {
            return 0;
        }
    }

    return 1;
}


static inline int
fuzz_json_digits(fuzz_json_t *j)
{
    if (!fuzz_json_take(j, "0123456789")) {
        return 0;
    }

    while (fuzz_json_take(j, "0123456789")) { /* void */ }

    return 1;
}


static inline int
fuzz_json_number(fuzz_json_t *j)
{
    (void) fuzz_json_take(j, "-");

    if (!fuzz_json_take(j, "0") && !fuzz_json_digits(j)) {
        return 0;
    }

    if (fuzz_json_take(j, ".") && !fuzz_json_digits(j)) {
        return 0;
    }

    if (fuzz_json_take(j, "eE")) {
        (void) fuzz_json_take(j, "+-");
        return fuzz_json_digits(j);
    }

    return 1;
}


/* What stands in brackets or braces. */

static inline int
fuzz_json_list(fuzz_json_t *j, const char *close, int names)
{
    fuzz_json_blank(j);

    if (fuzz_json_take(j, close)) {
        return 1;
    }

    do {
        fuzz_json_blank(j);

        if (names) {
            if (!fuzz_json_string(j)) {
                return 0;
            }

            fuzz_json_blank(j);

            if (!fuzz_json_take(j, ":")) {
                return 0;
            }
        }

        if (!fuzz_json_value(j)) {
            return 0;
        }

    } while (fuzz_json_take(j, ","));

    return fuzz_json_take(j, close);
}


static inline int
fuzz_json_word(fuzz_json_t *j, const char *word)
{
    if ((size_t) (j->end - j->p) < strlen(word)
        || memcmp(j->p, word, strlen(word)) != 0)
    {
        return 0;
    }

    j->p += strlen(word);

    return 1;
}


static int
fuzz_json_value(fuzz_json_t *j)
{
    int  ok;

    fuzz_json_blank(j);

    if (fuzz_json_take(j, "{")) {
        ok = fuzz_json_list(j, "}", 1);

    } else if (fuzz_json_take(j, "[")) {
        ok = fuzz_json_list(j, "]", 0);

    } else {
        ok = (j->p < j->end && *j->p == '"') ? fuzz_json_string(j)
             : fuzz_json_word(j, "true") || fuzz_json_word(j, "false")
               || fuzz_json_word(j, "null") || fuzz_json_number(j);
    }

    fuzz_json_blank(j);

    return ok;
}


/* 1 when this is JSON text, and nothing else is there. */

static inline int
fuzz_json(const uint8_t *data, size_t size)
{
    fuzz_json_t  j = { data, data + size };

    return size > 0 && fuzz_json_value(&j) && j.p == j.end;
}


#endif /* JOURNEY_FUZZ_JSON_H */
