
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Locations of redirects: two lines, what was asked for and where it leads.
 * What comes of it is a target as a server would see it, the same when it is
 * asked for in another way.  And the first line as a query: what is written
 * down of it is read back, but for what had to go.
 */


#include "journey_landing.h"

#include "fuzz.h"


#define FUZZ_MAX  4096                  /* bytes of a line that count */


static void fuzz_path(const journey_str_t *path);
static void fuzz_again(const journey_landing_t *landing);
static void fuzz_write(const journey_str_t *args);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t             i;
    u_char            *buf;
    unsigned           rooted;
    journey_str_t      base, location;
    journey_landing_t  landing;

    base = fuzz_line(&data, &size);
    location.data = (u_char *) data;
    location.len = size;

    base.len = journey_min(base.len, FUZZ_MAX);
    location.len = journey_min(location.len, FUZZ_MAX);

    buf = malloc(base.len + location.len + 1);
    check(buf != NULL);

    for (rooted = 0; rooted < 2; rooted++) {

        if (journey_landing_parse(&landing, &base, &location, rooted, buf)
            != JOURNEY_OK)
        {
            continue;
        }

        check(landing.path.data == buf);
        check(landing.path.len <= base.len + location.len + 1);
        check(!rooted || landing.host.len == 0);
        check(landing.host.len <= JOURNEY_HOST_MAX);

        for (i = 0; i < landing.host.len; i++) {
            check(landing.name[i] > ' ' && landing.name[i] < 0x7f
                  && landing.name[i] != '/'
                  && (landing.name[i] < 'A' || landing.name[i] > 'Z'));
        }

        check(landing.args.len == 0
              || (landing.args.data >= location.data
                  && landing.args.data + landing.args.len
                     <= location.data + location.len)
              || (landing.args.data >= base.data
                  && landing.args.data + landing.args.len
                     <= base.data + base.len));

        fuzz_path(&landing.path);
        fuzz_again(&landing);
    }

    free(buf);

    fuzz_write(&base);

    return 0;
}


/* From the root, without doubled slashes and dots. */

static void
fuzz_path(const journey_str_t *path)
{
    size_t  i, start;

    check(path->len > 0 && path->data[0] == '/');

    for (i = 1, start = 1; i <= path->len; i++) {

        if (i < path->len && path->data[i] != '/') {
            continue;
        }

        /* the last one is empty in a folder's path */

        check(i > start || i == path->len);
        check(i - start != 1 || path->data[start] != '.');
        check(i - start != 2 || memcmp(path->data + start, "..", 2) != 0);

        start = i + 1;
    }
}


/* Every byte encoded, and the slashes doubled: it is the same target. */

static void
fuzz_again(const journey_landing_t *landing)
{
    size_t               i, n;
    u_char              *text, *buf;
    journey_str_t        base, location, args;
    journey_landing_t    again;
    static const u_char  hex[] = "0123456789abcdef";

    text = malloc(3 * (landing->path.len + landing->args.len) + 2);
    buf = malloc(3 * (landing->path.len + landing->args.len) + 4);
    check(text != NULL && buf != NULL);

    for (i = 0, n = 0; i < landing->path.len; i++) {

        if (landing->path.data[i] == '/') {
            text[n++] = '/';
            text[n++] = '/';
            continue;
        }

        text[n++] = '%';
        text[n++] = hex[landing->path.data[i] >> 4];
        text[n++] = hex[landing->path.data[i] & 0xf];
    }

    journey_str_set(&base, "/");
    location.data = text;
    location.len = n;

    check(journey_landing_parse(&again, &base, &location, 1, buf)
          == JOURNEY_OK);
    check(journey_strcmp(&again.path, &landing->path) == 0);

    /* arguments that are encoded stay as they are, as browsers leave them */

    args.data = text;

    for (i = 0, n = 0; i < landing->args.len; i++) {

        if (landing->args.data[i] == '%') {
            text[n++] = '%';
            continue;
        }

        if (landing->args.data[i] > ' ' && landing->args.data[i] < 0x7f) {
            text[n++] = landing->args.data[i];
            continue;
        }

        text[n++] = '%';
        text[n++] = hex[landing->args.data[i] >> 4];
        text[n++] = hex[landing->args.data[i] & 0xf];
    }

    args.len = n;

    check(journey_landing_hash(&landing->path, &args)
          == journey_landing_hash(&landing->path, &landing->args));

    free(text);
    free(buf);
}


static void
fuzz_write(const journey_str_t *args)
{
    size_t           len;
    u_char           buf[JOURNEY_LANDING_MAX];
    unsigned         i;
    journey_query_t  one, two;

    (void) journey_query_parse(&one, args->data, args->len);

    len = journey_landing_write(buf, &one, 1);

    check(len <= JOURNEY_LANDING_MAX);
    check((len == 0) == (journey_query_parse(&two, buf, len) != JOURNEY_OK));
    check(one.click == two.click);

    for (i = 0; i < JOURNEY_QUERY_VALUES; i++) {

        /* what was no URL may be one without what was cut off */

        if (two.values[i].len == 0
            || (i == JOURNEY_QUERY_SOURCE
                && memchr(one.values[i].data, ':', one.values[i].len)
                   != NULL))
        {
            continue;
        }

        check(journey_strcmp(&one.values[i], &two.values[i]) == 0);
    }
}
