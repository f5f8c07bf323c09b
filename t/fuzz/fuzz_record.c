
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The log record: any line is read or refused with a text; only JSON is read,
 * and JSON is refused for what it says alone; UTF-8 stays UTF-8; what is
 * written, from whatever bytes, is JSON and UTF-8, fits in the promised size,
 * is read back with every field, and is the same when it is written again.
 */


#include "journey_record.h"

#include "fuzz_json.h"

#include <math.h>


#define FUZZ_STRINGS  (sizeof(fuzz_strings) / sizeof(fuzz_strings[0]))
#define FUZZ_NUMBERS  (sizeof(fuzz_numbers) / sizeof(fuzz_numbers[0]))
#define FUZZ_REFUSED  (sizeof(fuzz_refused) / sizeof(fuzz_refused[0]))

#define fuzz_string(rec, i)                                                   \
    ((journey_str_t *) ((u_char *) (rec) + fuzz_strings[i]))

#define fuzz_number(rec, i)                                                   \
    ((uint32_t *) ((u_char *) (rec) + fuzz_numbers[i]))


static const size_t  fuzz_strings[] = {
    offsetof(journey_record_t, visitor),
    offsetof(journey_record_t, host),
    offsetof(journey_record_t, phase),
    offsetof(journey_record_t, channel),
    offsetof(journey_record_t, source),
    offsetof(journey_record_t, medium),
    offsetof(journey_record_t, campaign),
    offsetof(journey_record_t, term),
    offsetof(journey_record_t, content),
    offsetof(journey_record_t, click),
    offsetof(journey_record_t, referrer),
    offsetof(journey_record_t, why),
    offsetof(journey_record_t, goal),
    offsetof(journey_record_t, previous),
    offsetof(journey_record_t, country),
    offsetof(journey_record_t, region),
    offsetof(journey_record_t, city),
    offsetof(journey_record_t, bot),
    offsetof(journey_record_t, user)
};

static const size_t  fuzz_numbers[] = {
    offsetof(journey_record_t, journey),
    offsetof(journey_record_t, session),
    offsetof(journey_record_t, position),
    offsetof(journey_record_t, status)
};

/* The reasons to refuse a line that is JSON. */

static const char  *fuzz_refused[] = {
    "no t at ", "no k at ", "unknown k at ",
    "not an object at ", "not an array at ", "not a string at ",
    "not a number at ", "not a whole number at ", "number too large at ",
    "too many channels at ", "too many labels at ",
    "value nested too deeply at "
};


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
    check(fuzz_json(mem, line->len));

    return mem;
}


/* Bytes that are UTF-8 come back as they were; others come back too. */

static void
fuzz_same_string(const journey_str_t *a, const journey_str_t *b, size_t max)
{
    check((a->len == 0) == (b->len == 0));
    check(fuzz_utf8(b));

    if (a->len == 0 || !fuzz_utf8(a)) {
        return;
    }

    check(b->len == journey_utf8_cut(a->data, a->len, max));
    check(memcmp(a->data, b->data, b->len) == 0);
}


static void
fuzz_same(const journey_record_t *a, const journey_record_t *b)
{
    unsigned  i;

    check(a->time == b->time && a->kind == b->kind && a->device == b->device);
    check(a->basis == b->basis && a->prefetched == b->prefetched);
    check(a->has_ms == b->has_ms && (!a->has_ms || a->ms == b->ms));
    check(a->has_first_seen == b->has_first_seen);
    check(!a->has_first_seen || a->first_seen == b->first_seen);

    for (i = 0; i < FUZZ_NUMBERS; i++) {
        check(*fuzz_number(a, i) == *fuzz_number(b, i));
    }

    for (i = 0; i < FUZZ_STRINGS; i++) {
        fuzz_same_string(fuzz_string(a, i), fuzz_string(b, i), (size_t) -1);
    }

    fuzz_same_string(&a->path, &b->path, JOURNEY_PATH_MAX);

    check(a->nlabels == b->nlabels);

    for (i = 0; i < a->nlabels; i++) {
        fuzz_same_string(&a->label_names[i], &b->label_names[i], (size_t) -1);
        fuzz_same_string(&a->label_values[i], &b->label_values[i],
                         (size_t) -1);
    }

    /* what a goal has stands with a goal, or with a part of one */

    check(a->ntouches == b->ntouches);
    check(a->has_value == b->has_value);
    check(!a->has_value || a->value == b->value);

    for (i = 0; i < a->ntouches; i++) {
        fuzz_same_string(&a->touches[i], &b->touches[i], (size_t) -1);
    }

    if (a->kind != JOURNEY_EVENT_GOAL && a->goal.len == 0 && !a->has_value
        && a->ntouches == 0)
    {
        return;
    }

    check(a->done == b->done && a->touches_total == b->touches_total);
    fuzz_same_string(&a->currency, &b->currency, (size_t) -1);
    fuzz_same_string(&a->order, &b->order, (size_t) -1);
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

    /* without its end a line is no event */

    check(journey_record_read(&back, first.data, first.len - 2, buf, &err)
          == JOURNEY_ERROR);

    if (journey_record_read(&back, first.data, first.len - 1, buf, &err)
        != JOURNEY_OK)
    {
        fprintf(stderr, "%s: %.*s", err.text, (int) first.len, first.data);
        abort();
    }

    fuzz_same(rec, &back);

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
fuzz_uint(journey_str_t s)
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
    rec->time = (uint64_t) fuzz_uint(s) << (s.len % 17);
    rec->kind = 1 + s.len % (JOURNEY_EVENT_LAST - 1);

    s = fuzz_line(&data, &size);
    bits = 0;
    memcpy(&bits, s.data, journey_min(s.len, sizeof(bits)));
    memcpy(&rec->value, &bits, sizeof(rec->value));
    rec->has_value = (s.len > 0 && fabs(rec->value) <= JOURNEY_MONEY_MAX);

    s = fuzz_line(&data, &size);
    rec->ms = fuzz_uint(s);
    rec->has_ms = s.len & 1;
    rec->first_seen = s.len;
    rec->has_first_seen = (s.len & 2) != 0;
    rec->done = (s.len & 4) != 0;
    rec->prefetched = (s.len & 8) != 0;
    rec->device = s.len % JOURNEY_DEVICE_LAST;
    rec->basis = "\0eac"[s.len % 4];

    rec->path = fuzz_line(&data, &size);

    for (i = 0; i < FUZZ_STRINGS; i++) {
        *fuzz_string(rec, i) = fuzz_line(&data, &size);
    }

    rec->currency = fuzz_line(&data, &size);
    rec->order = fuzz_line(&data, &size);

    for (i = 0; i < FUZZ_NUMBERS; i++) {
        *fuzz_number(rec, i) = fuzz_uint(fuzz_line(&data, &size));
    }

    rec->position %= JOURNEY_POSITION_MAX + 1;

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


/* What was read of UTF-8 is UTF-8, halves of pairs too. */

static void
fuzz_read_utf8(const journey_record_t *rec)
{
    unsigned  i;

    for (i = 0; i < FUZZ_STRINGS; i++) {
        check(fuzz_utf8(fuzz_string(rec, i)));
    }

    for (i = 0; i < rec->ntouches; i++) {
        check(fuzz_utf8(&rec->touches[i]));
    }

    for (i = 0; i < rec->nlabels; i++) {
        check(fuzz_utf8(&rec->label_names[i]));
        check(fuzz_utf8(&rec->label_values[i]));
    }

    check(fuzz_utf8(&rec->path) && fuzz_utf8(&rec->currency)
          && fuzz_utf8(&rec->order));
}


/* "WHAT at byte N" */

static void
fuzz_refusal(const char *text, const uint8_t *data, size_t size)
{
    int            n;
    char           what[64];
    size_t         i;
    unsigned long  byte;

    n = 0;
    check(sscanf(text, "%63[^0-9]%lu%n", what, &byte, &n) == 2);
    check(text[n] == '\0' && byte >= 1 && byte <= size + 1);
    check(strlen(what) > 9
          && strcmp(what + strlen(what) - 9, " at byte ") == 0);

    if (!fuzz_json(data, size)) {
        return;
    }

    for (i = 0; i < FUZZ_REFUSED; i++) {
        if (strncmp(text, fuzz_refused[i], strlen(fuzz_refused[i])) == 0) {
            return;
        }
    }

    fprintf(stderr, "%s: %.*s\n", text, (int) size, data);
    abort();
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                rc;
    u_char            *buf;
    journey_error_t    err;
    journey_str_t      line;
    journey_record_t   rec;

    line.data = (u_char *) data;
    line.len = size;

    buf = malloc(size);
    check(buf != NULL);

    err.text[0] = '\0';
    rc = journey_record_read(&rec, data, size, buf, &err);

    if (rc == JOURNEY_OK) {
        check(fuzz_json(data, size));
        check(rec.kind > JOURNEY_EVENT_NONE && rec.kind < JOURNEY_EVENT_LAST);
        check(rec.device < JOURNEY_DEVICE_LAST);
        check(rec.ntouches <= JOURNEY_RECORD_TOUCHES);
        check(rec.nlabels <= JOURNEY_RECORD_LABELS);

        if (fuzz_utf8(&line)) {
            fuzz_read_utf8(&rec);
        }

        fuzz_round_trip(&rec);

    } else {
        check(rc == JOURNEY_ERROR);
        fuzz_refusal(err.text, data, size);
    }

    free(buf);

    fuzz_fill(&rec, data, size);
    fuzz_round_trip(&rec);

    return 0;
}
