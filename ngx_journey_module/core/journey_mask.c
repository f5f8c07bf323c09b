
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_mask.h"


#define JOURNEY_MASK_DIGITS  9          /* in a row */
#define JOURNEY_MASK_RUN     20         /* letters and digits in a row */
#define JOURNEY_MASK_UUID    36

#define JOURNEY_DIGIT        0x01
#define JOURNEY_LETTER       0x02
#define JOURNEY_HEX          0x04
#define JOURNEY_LOCAL        0x08       /* of a local part */
#define JOURNEY_LABEL        0x10       /* of a domain's label */
#define JOURNEY_AT           0x20       /* may begin an "@" */

#define JOURNEY_ALNUM        (JOURNEY_DIGIT|JOURNEY_LETTER)

#define JOURNEY_X16(c)       { c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c }

#define journey_is(c, what)  (journey_mask_class[c] & (what))


/* 16 bytes at a time, by whatever the processor has for that. */
typedef u_char  journey_mask_block_t __attribute__((vector_size(16)));


typedef struct {
    u_char           *buf;              /* JOURNEY_PATH_MAX bytes */
    size_t            len;              /* used in buf */
    const u_char     *plain;            /* from here on not in buf yet */
    unsigned          masked:1;
    unsigned          full:1;
} journey_mask_t;


static journey_str_t journey_mask_closely(const journey_str_t *path,
    u_char *buf) __attribute__((noinline));
static int journey_mask_nothing(const u_char *data, size_t len);
static int journey_mask_has_run(const u_char *data, size_t len, size_t run,
    unsigned kind);
static int journey_mask_has_uuid(const u_char *data, size_t len);
static void journey_mask_scan(journey_mask_t *mask, const u_char *p,
    const u_char *end);
static size_t journey_mask_at(const u_char *p, const u_char *end);
static const u_char *journey_mask_domains(const u_char *p, size_t at,
    const u_char *end);
static const u_char *journey_mask_domain(const u_char *p, const u_char *end);
static size_t journey_mask_byte(const u_char *p, const u_char *end,
    u_char *byte);
static void journey_mask_runs(journey_mask_t *mask, const u_char *p,
    const u_char *end);
static const u_char *journey_mask_uuid(const u_char *run, const u_char *p,
    const u_char *end);
static void journey_mask_digits(journey_mask_t *mask, const u_char *p,
    const u_char *end);
static void journey_mask_put(journey_mask_t *mask, const u_char *from,
    const u_char *to, const char *text);
static void journey_mask_copy(journey_mask_t *mask, const u_char *to);


static const u_char  journey_mask_class[256] = {
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x08, 0x00, 0x08, 0x08, 0x28, 0x08, 0x08,
    0x00, 0x00, 0x08, 0x08, 0x00, 0x18, 0x08, 0x00,
    0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d,
    0x1d, 0x1d, 0x00, 0x00, 0x00, 0x08, 0x00, 0x08,
    0x20, 0x1e, 0x1e, 0x1e, 0x1e, 0x1e, 0x1e, 0x1a,
    0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a,
    0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a,
    0x1a, 0x1a, 0x1a, 0x00, 0x00, 0x00, 0x08, 0x18,
    0x08, 0x1e, 0x1e, 0x1e, 0x1e, 0x1e, 0x1e, 0x1a,
    0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a,
    0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a,
    0x1a, 0x1a, 0x1a, 0x08, 0x08, 0x08, 0x08, 0x00,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x38,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18
};


journey_str_t
journey_mask(const journey_str_t *path, u_char *buf)
{
    if (path->len <= JOURNEY_PATH_MAX
        && journey_mask_nothing(path->data, path->len))
    {
        return *path;
    }

    return journey_mask_closely(path, buf);
}


/* Apart, so that the usual case saves no registers for it. */

static journey_str_t
journey_mask_closely(const journey_str_t *path, u_char *buf)
{
    journey_str_t   result;
    journey_mask_t  mask;

    mask.buf = buf;
    mask.len = 0;
    mask.plain = path->data;
    mask.masked = 0;
    mask.full = 0;

    journey_mask_scan(&mask, path->data, path->data + path->len);

    if (mask.masked) {
        journey_mask_copy(&mask, path->data + path->len);

        result.data = buf;
        result.len = mask.len;

    } else {
        result.data = path->data;
        result.len = journey_utf8_cut(path->data, path->len,
                                      JOURNEY_PATH_MAX);
    }

    return result;
}


/*
 * The usual case, told by few instructions: 1 when nothing can be there to be
 * masked.  0 says only that a closer look is needed.
 */

static int
journey_mask_nothing(const u_char *data, size_t len)
{
    size_t                i;
    u_char                pad[sizeof(journey_mask_block_t)];
    uint64_t              words[2];
    journey_mask_block_t  block, found, digits;

    static const journey_mask_block_t  at = JOURNEY_X16('@');
    static const journey_mask_block_t  percent = JOURNEY_X16('%');
    static const journey_mask_block_t  wide = JOURNEY_X16(0xef);
    static const journey_mask_block_t  high = JOURNEY_X16(0xf0);
    static const journey_mask_block_t  zero = JOURNEY_X16(0x30);

    if (len < sizeof(block)) {

        if (len == 0) {
            return 1;
        }

        memset(pad, 0, sizeof(pad));
        memcpy(pad, data, len);
        data = pad;
        len = sizeof(pad);
    }

    memset(&found, 0, sizeof(found));
    digits = found;

    i = 0;

    for ( ;; ) {
        memcpy(&block, data + i, sizeof(block));

        found |= (journey_mask_block_t) (block == at)
                 | (journey_mask_block_t) (block == percent)
                 | (journey_mask_block_t) (block == wide);

        /* 0 to 9 and : ; < = > ? */

        digits |= (journey_mask_block_t) ((block & high) == zero);

        if (i + sizeof(block) == len) {
            break;
        }

        /* the last block overlaps the one before */

        i = journey_min(i + sizeof(block), len - sizeof(block));
    }

    memcpy(words, &found, sizeof(words));

    if ((words[0] | words[1]) != 0) {
        return 0;
    }

    memcpy(words, &digits, sizeof(words));

    if ((words[0] | words[1]) != 0
        && (journey_mask_has_run(data, len, JOURNEY_MASK_DIGITS,
                                 JOURNEY_DIGIT)
            || journey_mask_has_run(data, len, JOURNEY_MASK_RUN,
                                    JOURNEY_ALNUM)))
    {
        return 0;
    }

    return len < JOURNEY_MASK_UUID || !journey_mask_has_uuid(data, len);
}


/*
 * 1 when a run of that many bytes of that kind is there, with each of the
 * kind's bits in it.  A window as long is read from its end: behind the first
 * byte that does not fit lies the next window, so that most bytes are never
 * looked at (Boyer and Moore's way to find a word).
 */

static int
journey_mask_has_run(const u_char *data, size_t len, size_t run,
    unsigned kind)
{
    size_t    i, n;
    unsigned  seen;

    i = run - 1;

    while (i < len) {

        for (n = 0; n < run && journey_is(data[i - n], kind); n++) {
            /* void */
        }

        if (n < run) {
            i += run - n;
            continue;
        }

        /* the window stands at the run's beginning */

        seen = 0;

        for (i -= run - 1; i < len && journey_is(data[i], kind); i++) {
            seen |= journey_mask_class[data[i]];
        }

        if ((seen & kind) == kind) {
            return 1;
        }

        i += run;
    }

    return 0;
}


/* By its hyphens: it may have no digit. */

static int
journey_mask_has_uuid(const u_char *data, size_t len)
{
    const u_char  *p, *last;

    /* the last place of the first hyphen */
    last = data + len - (JOURNEY_MASK_UUID - 8);

    for (p = data + 8; p <= last; p++) {
        p = memchr(p, '-', last + 1 - p);

        if (p == NULL) {
            break;
        }

        if (p[5] == '-' && p[10] == '-' && p[15] == '-') {
            return 1;
        }
    }

    return 0;
}


/*
 * Goes from run to run of what may stand in a local part: before an "@" it is
 * one if a domain follows.  What is between addresses is searched for tokens
 * and digits, as it is written: an "@" that is encoded ends none of their
 * runs, unless an address begins or ends there.
 */

static void
journey_mask_scan(journey_mask_t *mask, const u_char *p, const u_char *end)
{
    size_t         at;
    const u_char  *rest, *from, *quote, *domain;

    rest = p;               /* not searched yet */
    quote = NULL;

    while (p < end && !mask->full) {

        if (quote == NULL && rest == p
            && mask->len + (p - mask->plain) >= JOURNEY_PATH_MAX)
        {
            return;
        }

        at = 0;

        for (from = p; p < end; p++) {

            if (journey_is(*p, JOURNEY_AT)) {
                at = journey_mask_at(p, end);

                if (at != 0) {
                    break;
                }
            }

            if (!journey_is(*p, JOURNEY_LOCAL)) {
                break;
            }
        }

        if (p == end) {
            break;
        }

        if (at == 0) {

            /* a quoted string is one only within a segment */

            if (*p == '/') {
                quote = NULL;

            } else if (*p == '"' && quote == NULL) {
                quote = p;
            }

            at = 1;

        } else {

            if (from == p && quote != NULL && p - quote > 1 && p[-1] == '"') {
                /* what was masked within the quotes stays so */
                from = journey_max(quote, mask->plain);
            }

            domain = NULL;

            if (from < p) {
                domain = journey_mask_domains(p, at, end);
            }

            if (domain != NULL) {

                if (rest < from) {
                    journey_mask_runs(mask, rest, from);
                }

                journey_mask_put(mask, from, domain, ":email");

                p = domain;
                rest = p;
                quote = NULL;
                continue;
            }

            if (*p == '%') {
                p += at;
                continue;
            }
        }

        journey_mask_runs(mask, rest, p);

        p += at;
        rest = p;
    }

    journey_mask_runs(mask, rest, p);
}


/* Where the address ends whose "@", of so many bytes, is at p; NULL when no
 * domain follows. */

static const u_char *
journey_mask_domains(const u_char *p, size_t at, const u_char *end)
{
    const u_char  *last;

    last = NULL;

    while (at != 0) {
        p = journey_mask_domain(p + at, end);

        if (p == NULL) {
            break;
        }

        last = p;
        at = journey_mask_at(p, end);
    }

    return last;
}


/* Bytes of the "@" at p in one of its forms; 0: there is none. */

static size_t
journey_mask_at(const u_char *p, const u_char *end)
{
    u_char  c;
    size_t  n;

    if (p == end) {
        return 0;
    }

    if (*p == 0xef) {
        return (end - p >= 3
                && ((p[1] == 0xbc && p[2] == 0xa0)
                    || (p[1] == 0xb9 && p[2] == 0xab)))
               ? 3 : 0;
    }

    n = journey_mask_byte(p, end, &c);

    return (n != 0 && c == '@') ? n : 0;
}


/* Where the domain at p ends; NULL when there is none. */

static const u_char *
journey_mask_domain(const u_char *p, const u_char *end)
{
    int            named;
    u_char         c, first, second;
    size_t         n, len;
    const u_char  *last;

    if (p < end && *p == '[') {
        last = p + 1;

        for (p = last; p < end; p++) {

            if (!journey_is(*p, JOURNEY_ALNUM)
                && *p != '.' && *p != ':' && *p != '-')
            {
                break;
            }
        }

        return (p > last && p < end && *p == ']') ? p + 1 : NULL;
    }

    last = NULL;
    named = 0;

    for ( ;; ) {
        first = '\0';
        second = '\0';

        for (len = 0; /* void */ ; len++) {
            n = journey_mask_byte(p, end, &c);

            if (n == 0 || !journey_is(c, JOURNEY_LABEL)) {
                break;
            }

            if (len == 0) {
                first = c;

            } else if (len == 1) {
                second = c;
            }

            p += n;
        }

        if (len == 0) {
            break;
        }

        last = p;

        if (first >= 0x80
            || (journey_is(first, JOURNEY_LETTER)
                && !((first | 0x20) == 'v'
                     && journey_is(second, JOURNEY_DIGIT))))
        {
            named = 1;
        }

        if (n == 0 || c != '.') {
            break;
        }

        p += n;
    }

    return named ? last : NULL;
}


/*
 * The byte that stands at p, be it encoded once or, as %25…, several times;
 * returns how many bytes it takes there, 0 at the end.
 */

static size_t
journey_mask_byte(const u_char *p, const u_char *end, u_char *byte)
{
    unsigned       i, n, value;
    const u_char  *q;

    if (p == end) {
        return 0;
    }

    *byte = *p;

    if (*p != '%') {
        return 1;
    }

    q = p + 1;

    while (end - q >= 2 && q[0] == '2' && q[1] == '5') {
        q += 2;
    }

    if (end - q < 2 || !journey_is(q[0], JOURNEY_HEX)
        || !journey_is(q[1], JOURNEY_HEX))
    {
        return 1;
    }

    value = 0;

    for (i = 0; i < 2; i++) {
        n = journey_is(q[i], JOURNEY_DIGIT) ? q[i] - '0'
                                            : (q[i] | 0x20) - 'a' + 10;
        value = value << 4 | n;
    }

    *byte = (u_char) value;

    return q + 2 - p;
}


/* UUIDs, tokens and digits in what holds no address. */

static void
journey_mask_runs(journey_mask_t *mask, const u_char *p, const u_char *end)
{
    unsigned       seen;
    const u_char  *from, *uuid;

    while (p < end) {

        if (!journey_is(*p, JOURNEY_ALNUM)) {
            p++;
            continue;
        }

        seen = 0;

        for (from = p; p < end && journey_is(*p, JOURNEY_ALNUM); p++) {
            seen |= journey_mask_class[*p];
        }

        uuid = journey_mask_uuid(from, p, end);

        if (uuid != NULL) {
            p = uuid;
            journey_mask_put(mask, from, p, ":token");

        } else if (p - from >= JOURNEY_MASK_RUN
                   && (seen & JOURNEY_ALNUM) == JOURNEY_ALNUM)
        {
            journey_mask_put(mask, from, p, ":token");

        } else if (p - from >= JOURNEY_MASK_DIGITS
                   && (seen & JOURNEY_DIGIT))
        {
            journey_mask_digits(mask, from, p);
        }
    }
}


/* The end of a UUID whose first part ends the run from there to p, and of the
 * run in which it ends; NULL: there is none. */

static const u_char *
journey_mask_uuid(const u_char *run, const u_char *p, const u_char *end)
{
    unsigned  i;

    if (p - run < 8 || end - p < JOURNEY_MASK_UUID - 8 || *p != '-') {
        return NULL;
    }

    p -= 8;

    for (i = 0; i < JOURNEY_MASK_UUID; i++) {

        if (i == 8 || i == 13 || i == 18 || i == 23) {

            if (p[i] != '-') {
                return NULL;
            }

        } else if (!journey_is(p[i], JOURNEY_HEX)) {
            return NULL;
        }
    }

    p += JOURNEY_MASK_UUID;

    while (p < end && journey_is(*p, JOURNEY_ALNUM)) {
        p++;
    }

    return p;
}


static void
journey_mask_digits(journey_mask_t *mask, const u_char *p, const u_char *end)
{
    const u_char  *from;

    while (p < end) {

        for (from = p; p < end && journey_is(*p, JOURNEY_DIGIT); p++) {
            /* void */
        }

        if (p - from >= JOURNEY_MASK_DIGITS) {
            journey_mask_put(mask, from, p, ":n");
        }

        while (p < end && !journey_is(*p, JOURNEY_DIGIT)) {
            p++;
        }
    }
}


/* The text instead of what stands from there to there. */

static void
journey_mask_put(journey_mask_t *mask, const u_char *from, const u_char *to,
    const char *text)
{
    size_t  n;

    journey_mask_copy(mask, from);

    n = strlen(text);

    if (!mask->full && n <= JOURNEY_PATH_MAX - mask->len) {
        memcpy(mask->buf + mask->len, text, n);
        mask->len += n;

    } else {
        mask->full = 1;
    }

    mask->plain = to;
    mask->masked = 1;
}


/* Copies what is plain, up to there. */

static void
journey_mask_copy(journey_mask_t *mask, const u_char *to)
{
    size_t  n, len;

    if (mask->full || to == mask->plain) {
        return;
    }

    len = to - mask->plain;

    n = journey_utf8_cut(mask->plain, len, JOURNEY_PATH_MAX - mask->len);
    mask->full = (n < len);

    memcpy(mask->buf + mask->len, mask->plain, n);

    mask->len += n;
    mask->plain = to;
}
