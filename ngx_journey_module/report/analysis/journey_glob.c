
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_glob.h"


unsigned
journey_glob(const journey_str_t *pattern, const u_char *p, size_t len)
{
    size_t  i, k, star, from;

    /* going back to the last "*" is enough */

    star = pattern->len;
    from = 0;

    for (i = 0, k = 0; k < len; /* void */ ) {

        if (i < pattern->len && pattern->data[i] == '*') {
            star = i++;
            from = k;

        } else if (i < pattern->len && pattern->data[i] == p[k]) {
            i++;
            k++;

        } else if (star != pattern->len) {
            i = star + 1;
            k = ++from;

        } else {
            return 0;
        }
    }

    while (i < pattern->len && pattern->data[i] == '*') {
        i++;
    }

    return i == pattern->len;
}
