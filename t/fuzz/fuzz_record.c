
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The log record: any line is read or refused with a text; what is written,
 * from whatever bytes, is UTF-8, fits in the promised size, is read back, and
 * is the same when it is written again.
 */


#include "journey_record.h"

#include "fuzz.h"


static u_char *
fuzz_write(const journey_record_t *rec, journey_str_t *line)
{
    size_t   size;
    u_char  *mem;

    size = journey_record_size(rec);
    mem = malloc(size);
    check(mem != NULL);

    line->data = mem;
    line->len = journey_record_write(mem, rec) - mem;

    check(line->len > 0 && line->len <= size);
    check(mem[line->len - 1] == '\n');
    check(memchr(mem, '\n', line->len) == mem + line->len - 1);
    check(fuzz_utf8(line));

    return mem;
}


static void
fuzz_round_trip(const journey_record_t *rec)
{
    u_char            *one, *two, *buf;
    journey_str_t      first, second;
    journey_error_t    err;
    journey_record_t   back;

    one = fuzz_write(rec, &first);

    buf = malloc(first.len);
    check(buf != NULL);

    err.text[0] = '\0';

    if (journey_record_read(&back, first.data, first.len - 1, buf, &err)
        != JOURNEY_OK)
    {
        fprintf(stderr, "%s: %.*s", err.text, (int) first.len, first.data);
        abort();
    }

    two = fuzz_write(&back, &second);

    if (journey_strcmp(&first, &second) != 0) {
        fprintf(stderr, "%.*s%.*s", (int) first.len, first.data,
                (int) second.len, second.data);
        abort();
    }

    free(one);
    free(two);
    free(buf);
}


static uint32_t
fuzz_number(journey_str_t s)
{
    uint32_t  n;

    n = 0;
    memcpy(&n, s.data, journey_min(s.len, sizeof(n)));

    return n;
}


static void
fuzz_fill(journey_record_t *rec, const uint8_t *data, size_t size)
{
    unsigned       i;
    uint64_t       bits;
    journey_str_t  s;

    memset(rec, 0, sizeof(journey_record_t));

    s = fuzz_line(&data, &size);
    rec->time = (uint64_t) 1 << 40 | fuzz_number(s);
    rec->kind = 1 + s.len % (JOURNEY_EVENT_LAST - 1);

    rec->visitor = fuzz_line(&data, &size);
    rec->host = fuzz_line(&data, &size);
    rec->path = fuzz_line(&data, &size);
    rec->channel = fuzz_line(&data, &size);
    rec->source = fuzz_line(&data, &size);
    rec->campaign = fuzz_line(&data, &size);
    rec->goal = fuzz_line(&data, &size);
    rec->city = fuzz_line(&data, &size);
    rec->phase = fuzz_line(&data, &size);

    s = fuzz_line(&data, &size);
    rec->journey = fuzz_number(s);
    rec->session = s.len;

    s = fuzz_line(&data, &size);
    bits = 0;
    memcpy(&bits, s.data, journey_min(s.len, sizeof(bits)));
    memcpy(&rec->value, &bits, sizeof(rec->value));
    rec->has_value = (rec->value == rec->value && rec->value < 1e300
                      && rec->value > -1e300);

    s = fuzz_line(&data, &size);
    rec->ms = fuzz_number(s);
    rec->has_ms = s.len & 1;
    rec->first_seen = s.len;
    rec->has_first_seen = (s.len & 2) != 0;
    rec->done = (s.len & 4) != 0;
    rec->prefetched = (s.len & 8) != 0;
    rec->device = s.len % JOURNEY_DEVICE_LAST;

    for (i = 0; i < JOURNEY_RECORD_LABELS && size > 0; i++) {
        rec->label_names[i] = fuzz_line(&data, &size);
        rec->label_values[i] = fuzz_line(&data, &size);
        rec->nlabels++;
    }

    for (i = 0; i < JOURNEY_RECORD_TOUCHES && size > 0; i++) {
        rec->touches[i] = fuzz_line(&data, &size);
        rec->ntouches++;
    }

    rec->touches_total = rec->ntouches;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                rc;
    u_char            *buf;
    journey_error_t    err;
    journey_record_t   rec;

    buf = malloc(size + 1);
    check(buf != NULL);

    err.text[0] = '\0';
    rc = journey_record_read(&rec, data, size, buf, &err);

    if (rc == JOURNEY_OK) {
        check(rec.kind > JOURNEY_EVENT_NONE && rec.kind < JOURNEY_EVENT_LAST);
        check(rec.ntouches <= JOURNEY_RECORD_TOUCHES);
        check(rec.nlabels <= JOURNEY_RECORD_LABELS);

        fuzz_round_trip(&rec);

    } else {
        check(rc == JOURNEY_ERROR && err.text[0] != '\0');
    }

    free(buf);

    fuzz_fill(&rec, data, size);
    fuzz_round_trip(&rec);

    return 0;
}
