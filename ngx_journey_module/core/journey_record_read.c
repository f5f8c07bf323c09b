
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The way back: a line of the journey log as a record.  One pass, no
 * allocation; keys are told by their length and bytes, not by comparisons.
 */


#include "journey_json.h"
#include "journey_record.h"

#include <math.h>


/* A key of up to four bytes as one integer. */
#define journey_key(a, b, c, d)                                               \
    ((uint32_t) (a) | (uint32_t) (b) << 8 | (uint32_t) (c) << 16              \
     | (uint32_t) (d) << 24)


static int
journey_parse_flag(journey_json_t *json, unsigned *flag)
{
    uint64_t  n;

    if (journey_json_uint(json, 1, &n) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    *flag = (unsigned) n;

    return JOURNEY_OK;
}


/* w: an array of strings. */

static int
journey_parse_touches(journey_json_t *json, journey_record_t *rec)
{
    u_char  c;

    rec->ntouches = 0;

    if (journey_json_peek(json) != '[') {
        return journey_json_error(json, "not an array");
    }

    json->pos++;

    if (journey_json_peek(json) == ']') {
        json->pos++;
        return JOURNEY_OK;
    }

    for ( ;; ) {
        if (rec->ntouches == JOURNEY_RECORD_TOUCHES) {
            return journey_json_error(json, "too many channels");
        }

        if (journey_json_string(json, &rec->touches[rec->ntouches])
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        rec->ntouches++;

        c = journey_json_peek(json);

        if (c == ',') {
            json->pos++;
            continue;
        }

        if (c != ']') {
            return journey_json_error(json, "unfinished array");
        }

        json->pos++;

        return JOURNEY_OK;
    }
}


/* l: an object of strings. */

static int
journey_parse_labels(journey_json_t *json, journey_record_t *rec)
{
    u_char    c;
    uint32_t  n;

    rec->nlabels = 0;

    if (journey_json_peek(json) != '{') {
        return journey_json_error(json, "not an object");
    }

    json->pos++;

    if (journey_json_peek(json) == '}') {
        json->pos++;
        return JOURNEY_OK;
    }

    for ( ;; ) {
        n = rec->nlabels;

        if (n == JOURNEY_RECORD_LABELS) {
            return journey_json_error(json, "too many labels");
        }

        if (journey_json_name(json, &rec->label_names[n]) != JOURNEY_OK
            || journey_json_string(json, &rec->label_values[n]) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        rec->nlabels++;

        c = journey_json_peek(json);

        if (c == ',') {
            json->pos++;
            continue;
        }

        if (c != '}') {
            return journey_json_error(json, "unfinished object");
        }

        json->pos++;

        return JOURNEY_OK;
    }
}


static int
journey_parse_enum(journey_json_t *json, journey_record_t *rec, uint32_t key)
{
    journey_str_t  word;
    const u_char  *start;

    (void) journey_json_peek(json);
    start = json->pos;

    if (journey_json_string(json, &word) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (key == journey_key('b', 0, 0, 0)) {

        /* a letter of a later version is no reason to lose the event */

        if (word.len == 1 && (word.data[0] == 'e' || word.data[0] == 'a'
                              || word.data[0] == 'c'))
        {
            rec->basis = word.data[0];
        }

        return JOURNEY_OK;
    }

    rec->kind = journey_event_kind_parse(&word);

    if (rec->kind == JOURNEY_EVENT_NONE) {
        json->pos = start;
        return journey_json_error(json, "unknown k");
    }

    return JOURNEY_OK;
}


static int
journey_parse_device(journey_json_t *json, journey_record_t *rec)
{
    journey_str_t  word;

    if (journey_json_string(json, &word) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    /* and so is a device of a later version */

    rec->device = journey_str_is(&word, "desktop") ? JOURNEY_DEVICE_DESKTOP
                  : journey_str_is(&word, "mobile") ? JOURNEY_DEVICE_MOBILE
                  : journey_str_is(&word, "tablet") ? JOURNEY_DEVICE_TABLET
                  : journey_str_is(&word, "tv") ? JOURNEY_DEVICE_TV
                  : JOURNEY_DEVICE_OTHER;

    return JOURNEY_OK;
}


/* The value of one key.  Long, for it is one table of keys. */

static int
journey_parse_member(journey_json_t *json, journey_record_t *rec, uint32_t key)
{
    unsigned        flag;
    uint32_t       *num;
    uint64_t        n, max;
    journey_str_t  *str;

    str = NULL;
    num = NULL;
    flag = 0;
    max = UINT32_MAX;

    switch (key) {

    case journey_key('t', 0, 0, 0):
        /* the year 10889: later ones are no times of ours */
        return journey_json_uint(json, 281474976710655ULL, &rec->time);

    case journey_key('k', 0, 0, 0):
    case journey_key('b', 0, 0, 0):
        return journey_parse_enum(json, rec, key);

    case journey_key('d', 'e', 'v', 0):
        return journey_parse_device(json, rec);

    case journey_key('w', 0, 0, 0):
        return journey_parse_touches(json, rec);

    case journey_key('l', 0, 0, 0):
        return journey_parse_labels(json, rec);

    case journey_key('v', 'a', 'l', 0):
        if (journey_json_double(json, &rec->value) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        if (!(fabs(rec->value) <= JOURNEY_MONEY_MAX)) {
            return journey_json_error(json, "number too large");
        }

        rec->has_value = 1;
        return JOURNEY_OK;

    case journey_key('d', 'o', 'n', 'e'):
        if (journey_parse_flag(json, &flag) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        rec->done = flag & 1;
        return JOURNEY_OK;

    case journey_key('p', 'f', 0, 0):
        if (journey_parse_flag(json, &flag) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        rec->prefetched = flag & 1;
        return JOURNEY_OK;

    case journey_key('m', 's', 0, 0):
        rec->has_ms = 1;
        num = &rec->ms;
        break;

    case journey_key('f', 's', 0, 0):
        rec->has_first_seen = 1;
        num = &rec->first_seen;
        break;

    case journey_key('p', 'n', 0, 0):
        max = JOURNEY_POSITION_MAX;
        num = &rec->position;
        break;

    case journey_key('j', 0, 0, 0):         num = &rec->journey;        break;
    case journey_key('s', 0, 0, 0):         num = &rec->session;        break;
    case journey_key('w', 'n', 0, 0):       num = &rec->touches_total;  break;
    case journey_key('s', 't', 0, 0):       num = &rec->status;         break;

    case journey_key('v', 0, 0, 0):         str = &rec->visitor;        break;
    case journey_key('h', 0, 0, 0):         str = &rec->host;           break;
    case journey_key('p', 0, 0, 0):         str = &rec->path;           break;
    case journey_key('p', 'h', 0, 0):       str = &rec->phase;          break;
    case journey_key('c', 'h', 0, 0):       str = &rec->channel;        break;
    case journey_key('s', 'r', 'c', 0):     str = &rec->source;         break;
    case journey_key('m', 'e', 'd', 0):     str = &rec->medium;         break;
    case journey_key('c', 'm', 'p', 0):     str = &rec->campaign;       break;
    case journey_key('t', 'r', 'm', 0):     str = &rec->term;           break;
    case journey_key('c', 'o', 'n', 0):     str = &rec->content;        break;
    case journey_key('c', 'i', 'd', 0):     str = &rec->click;          break;
    case journey_key('r', 'e', 'f', 0):     str = &rec->referrer;       break;
    case journey_key('w', 'h', 'y', 0):     str = &rec->why;            break;
    case journey_key('g', 'o', 'a', 'l'):   str = &rec->goal;           break;
    case journey_key('c', 'u', 'r', 0):     str = &rec->currency;       break;
    case journey_key('o', 'r', 'd', 0):     str = &rec->order;          break;
    case journey_key('p', 'v', 0, 0):       str = &rec->previous;       break;
    case journey_key('b', 'o', 't', 0):
        str = &rec->bot;
        break;

    case journey_key('c', 'c', 0, 0):       str = &rec->country;        break;
    case journey_key('r', 'g', 0, 0):       str = &rec->region;         break;
    case journey_key('c', 't', 0, 0):       str = &rec->city;           break;
    case journey_key('u', 0, 0, 0):         str = &rec->user;           break;

    default:
        return journey_json_skip(json);
    }

    if (str != NULL) {
        return journey_json_string(json, str);
    }

    if (journey_json_uint(json, max, &n) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    *num = (uint32_t) n;

    return JOURNEY_OK;
}


/* The key as an integer, 0 for one that is longer than any of ours; json->pos
 * is behind the colon. */

static inline int
journey_parse_key(journey_json_t *json, uint32_t *key)
{
    size_t          i;
    u_char         *buf;
    journey_str_t   name;

#if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
    uint32_t        mask, slash;
    const u_char   *p;
#endif

#if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

    /* all that the module writes: "k":, "kk":, "kkk": or "kkkk": */

    p = json->pos;

    if (json->end - p > 7 && p[0] == '"') {
        memcpy(key, p + 1, sizeof(uint32_t));

        i = (p[2] == '"') ? 1 : (p[3] == '"') ? 2 : (p[4] == '"') ? 3 : 4;

        mask = UINT32_MAX >> (32 - 8 * i);
        *key &= mask;
        slash = *key ^ 0x5c5c5c5c;

        /* an escape, be it a bad one, goes the long way */

        if (p[i + 1] == '"' && p[i + 2] == ':' && p[1] != '"'
            && ((slash - 0x01010101) & ~slash & 0x80808080) == 0
            && ((*key - (0x20202020 & mask)) & ~*key & 0x80808080) == 0)
        {
            json->pos = p + i + 3;
            return JOURNEY_OK;
        }
    }

#endif

    buf = json->buf;
    *key = 0;

    if (journey_json_name(json, &name) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (name.len <= 4) {
        for (i = 0; i < name.len; i++) {
            *key |= (uint32_t) name.data[i] << (8 * i);
        }

        /* a NUL must not make another key of it */

        if (name.len == 0 || name.data[name.len - 1] == '\0') {
            *key = 0;
        }
    }

    json->buf = buf;

    return JOURNEY_OK;
}


int
journey_record_read(journey_record_t *rec, const u_char *line, size_t len,
    u_char *buf, journey_error_t *err)
{
    u_char            c;
    uint32_t          key;
    unsigned          has_time;
    journey_json_t    json;

    /* touches and labels are valid up to their numbers only: clearing them
     * would cost more than reading the line's short keys */

    memset(rec, 0, offsetof(journey_record_t, touches));
    memset(&rec->ntouches, 0, offsetof(journey_record_t, label_names)
                              - offsetof(journey_record_t, ntouches));
    memset(&rec->nlabels, 0, sizeof(journey_record_t)
                             - offsetof(journey_record_t, nlabels));

    json.line = line;
    json.pos = line;
    json.end = line + len;
    json.buf = buf;
    json.err = err;

    has_time = 0;

    if (len > JOURNEY_LINE_MAX) {
        return journey_error(err, "longer than %d bytes", JOURNEY_LINE_MAX);
    }

    if (journey_json_peek(&json) != '{') {
        return journey_json_error(&json, "not an object");
    }

    json.pos++;
    c = journey_json_peek(&json);

    if (c == '}') {
        json.pos++;
    }

    while (c != '}') {
        if (journey_parse_key(&json, &key) != JOURNEY_OK
            || journey_parse_member(&json, rec, key) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        has_time |= (key == journey_key('t', 0, 0, 0));

        c = journey_json_peek(&json);

        if (c != ',' && c != '}') {
            return journey_json_error(&json, "no comma behind a value");
        }

        json.pos++;

        if (c == ',') {
            (void) journey_json_peek(&json);
        }
    }

    (void) journey_json_peek(&json);

    if (json.pos != json.end) {
        return journey_json_error(&json, "something behind the object");
    }

    if (!has_time) {
        return journey_json_error(&json, "no t");
    }

    if (rec->kind == JOURNEY_EVENT_NONE) {
        return journey_json_error(&json, "no k");
    }

    return JOURNEY_OK;
}
