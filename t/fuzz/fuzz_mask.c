
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Masked paths: whatever the path, what is promised never to be logged is not.
 */


#include "journey_mask.h"

#include "fuzz.h"


static int
is_digit(u_char c)
{
    return c >= '0' && c <= '9';
}


static int
is_letter(u_char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}


/* Bytes of the mask at p. */

static size_t
mask_len(const u_char *p, const u_char *end)
{
    size_t    len;
    unsigned  i;

    static const char *const  masks[] = { ":email", ":token", ":n" };

    for (i = 0; i < 3; i++) {
        len = strlen(masks[i]);

        if ((size_t) (end - p) >= len && memcmp(p, masks[i], len) == 0) {
            return len;
        }
    }

    return 0;
}


/*
 * No digits in a row, no token, and no address of the plainest form: a letter
 * before the "@" and one behind it that begins no version.  That is "v1", which
 * may be encoded, now maybe "v:n", or "v" where the path was cut.
 */

static void
check_clean(const journey_str_t *s)
{
    u_char    c;
    size_t    i, len, digits, run;
    unsigned  seen;

    digits = 0;
    run = 0;
    seen = 0;

    for (i = 0; i <= s->len; i++) {
        c = (i < s->len) ? s->data[i] : '/';

        if (c == ':') {
            /* its letters belong to no run */
            len = mask_len(s->data + i, s->data + s->len);
            i += (len > 0) ? len - 1 : 0;
        }

        if (is_digit(c) || is_letter(c)) {
            digits = is_digit(c) ? digits + 1 : 0;
            run++;
            seen |= is_digit(c) ? 1 : 2;

        } else {
            check(run < 20 || seen != 3);

            digits = 0;
            run = 0;
            seen = 0;
        }

        check(digits < 9);

        if (c == '@' && i > 0 && is_letter(s->data[i - 1])
            && i + 1 < s->len && is_letter(s->data[i + 1]))
        {
            check((s->data[i + 1] | 0x20) == 'v'
                  && (i + 2 == s->len || is_digit(s->data[i + 2])
                      || s->data[i + 2] == ':' || s->data[i + 2] == '%'));
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char         buf[JOURNEY_PATH_MAX + 1], more[JOURNEY_PATH_MAX];
    journey_str_t  path, got, again;

    path.data = (u_char *) data;
    path.len = size;

    buf[JOURNEY_PATH_MAX] = '#';

    got = journey_mask(&path, buf);

    check(buf[JOURNEY_PATH_MAX] == '#');
    check(got.len <= JOURNEY_PATH_MAX);

    if (got.data == data) {
        check(got.len == journey_utf8_cut(data, size, JOURNEY_PATH_MAX));

    } else {
        check(got.data == buf);
    }

    check_clean(&got);
    check(fuzz_utf8(&got) || !fuzz_utf8(&path));

    /* "x@v123456789" is "x@v:n", of which "x@v" is an address: once more may
     * mask more, never bring something back */

    again = journey_mask(&got, more);

    check(again.len <= JOURNEY_PATH_MAX);
    check_clean(&again);

    return 0;
}
