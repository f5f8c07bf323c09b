
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Lines of the log for the person whom they are about: nothing is left out,
 * and no key needs a manual.
 */


#include "journey_show.h"
#include "journey_json.h"
#include "journey_table.h"

#include <stdlib.h>


#define JOURNEY_SHOW_NAME  30           /* columns of a key's meaning */
#define JOURNEY_SHOW_WIDE  100000       /* columns of a value: all of it */


typedef enum {
    JOURNEY_SHOW_VALUE = 0,
    JOURNEY_SHOW_HEAD,                  /* stands above, in other words */
    JOURNEY_SHOW_DAY,
    JOURNEY_SHOW_FLAG
} journey_show_e;

typedef struct {
    const char      *key;
    const char      *means;
    journey_show_e   type;
} journey_show_key_t;


static const journey_show_key_t  journey_show_keys[] = {
    { "t", "time", JOURNEY_SHOW_HEAD },
    { "v", "visitor", JOURNEY_SHOW_HEAD },
    { "j", "journey", JOURNEY_SHOW_HEAD },
    { "s", "session", JOURNEY_SHOW_HEAD },
    { "k", "kind of event", JOURNEY_SHOW_HEAD },
    { "h", "host", JOURNEY_SHOW_VALUE },
    { "p", "page", JOURNEY_SHOW_VALUE },
    { "ph", "phase of the journey", JOURNEY_SHOW_VALUE },
    { "pn", "place of the phase", JOURNEY_SHOW_VALUE },
    { "ch", "came by (channel)", JOURNEY_SHOW_VALUE },
    { "src", "from (source)", JOURNEY_SHOW_VALUE },
    { "med", "medium", JOURNEY_SHOW_VALUE },
    { "cmp", "campaign", JOURNEY_SHOW_VALUE },
    { "trm", "campaign's term", JOURNEY_SHOW_VALUE },
    { "con", "campaign's content", JOURNEY_SHOW_VALUE },
    { "cid", "kind of click id", JOURNEY_SHOW_VALUE },
    { "ref", "referring host", JOURNEY_SHOW_VALUE },
    { "why", "rule that decided the channel", JOURNEY_SHOW_VALUE },
    { "fs", "first seen on", JOURNEY_SHOW_DAY },
    { "goal", "goal reached", JOURNEY_SHOW_VALUE },
    { "done", "completes the journey", JOURNEY_SHOW_FLAG },
    { "val", "value", JOURNEY_SHOW_VALUE },
    { "cur", "currency", JOURNEY_SHOW_VALUE },
    { "ord", "order (keyed hash)", JOURNEY_SHOW_VALUE },
    { "w", "channels of the journey", JOURNEY_SHOW_VALUE },
    { "wn", "touches of the journey", JOURNEY_SHOW_VALUE },
    { "st", "status of the answer", JOURNEY_SHOW_VALUE },
    { "ms", "milliseconds to answer", JOURNEY_SHOW_VALUE },
    { "pf", "fetched in advance", JOURNEY_SHOW_FLAG },
    { "pv", "visitor before consent", JOURNEY_SHOW_VALUE },
    { "cc", "country", JOURNEY_SHOW_VALUE },
    { "rg", "region", JOURNEY_SHOW_VALUE },
    { "ct", "city", JOURNEY_SHOW_VALUE },
    { "dev", "device", JOURNEY_SHOW_VALUE },
    { "bot", "taken for a bot because", JOURNEY_SHOW_VALUE },
    { "u", "user (keyed hash)", JOURNEY_SHOW_VALUE },
    { "l", "labels", JOURNEY_SHOW_VALUE },
    { "b", "privacy profile", JOURNEY_SHOW_VALUE }
};

static const journey_show_key_t  journey_show_profiles[] = {
    { "e", "exempt", JOURNEY_SHOW_VALUE },
    { "a", "anonymous", JOURNEY_SHOW_VALUE },
    { "c", "consent", JOURNEY_SHOW_VALUE }
};

#define journey_show_find(table, str)                                         \
    journey_show_search(table, sizeof(table) / sizeof(table[0]), str)


static const journey_show_key_t *
journey_show_search(const journey_show_key_t *table, size_t n,
    const journey_str_t *str)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (strlen(table[i].key) == str->len
            && memcmp(table[i].key, str->data, str->len) == 0)
        {
            return &table[i];
        }
    }

    return NULL;
}


/* A string without its quotes, anything else as it is written. */

static int
journey_show_scalar(FILE *file, journey_json_t *json)
{
    journey_str_t  str;

    if (journey_json_peek(json) == '"') {
        if (journey_json_string(json, &str) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

    } else {
        str.data = (u_char *) json->pos;

        if (journey_json_skip(json) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        str.len = json->pos - str.data;
    }

    (void) journey_text_print(file, &str, JOURNEY_SHOW_WIDE);

    return JOURNEY_OK;
}


/* Lists and objects of scalars are read out, deeper ones as they are. */

static int
journey_show_value(FILE *file, journey_json_t *json)
{
    u_char          open;
    unsigned        n;
    journey_str_t   name;

    open = journey_json_peek(json);

    if (open != '[' && open != '{') {
        return journey_show_scalar(file, json);
    }

    json->pos++;

    for (n = 0; /* void */ ; n++) {

        if (journey_json_peek(json) == (open == '[' ? ']' : '}')) {
            json->pos++;
            return JOURNEY_OK;
        }

        if (n != 0) {
            json->pos++;                /* a comma: the line was read before */
            fputs(", ", file);
        }

        if (open == '{') {
            if (journey_json_name(json, &name) != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }

            (void) journey_text_print(file, &name, JOURNEY_SHOW_WIDE);
            fputs(" = ", file);
        }

        (void) journey_json_peek(json);

        if (journey_show_scalar(file, json) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }
}


static int
journey_show_day(FILE *file, journey_json_t *json)
{
    char            day[JOURNEY_TIME_LEN];
    time_t          t;
    uint64_t        n;
    struct tm       tm;

    if (journey_json_uint(json, UINT32_MAX, &n) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    t = (time_t) (n * 24 * 3600);

    if (gmtime_r(&t, &tm) == NULL
        || strftime(day, sizeof(day), "%Y-%m-%d", &tm) == 0)
    {
        snprintf(day, sizeof(day), "day %llu", (unsigned long long) n);
    }

    fputs(day, file);

    return JOURNEY_OK;
}


/* "    meaning   value", for one key. */

static int
journey_show_pair(FILE *file, journey_json_t *json, const journey_str_t *name)
{
    unsigned                   width;
    const u_char              *pos;
    journey_str_t              str;
    const journey_show_key_t  *key, *profile;

    key = journey_show_find(journey_show_keys, name);

    if (key != NULL && key->type == JOURNEY_SHOW_HEAD) {
        return journey_json_skip(json);
    }

    fputs("    ", file);

    if (key != NULL) {
        fprintf(file, "%-*s", JOURNEY_SHOW_NAME, key->means);

    } else {
        width = journey_text_print(file, name, JOURNEY_SHOW_WIDE);
        fprintf(file, "%*s", width < JOURNEY_SHOW_NAME
                             ? (int) (JOURNEY_SHOW_NAME - width) : 1, "");
    }

    (void) journey_json_peek(json);

    pos = json->pos;

    if (key != NULL && key->type == JOURNEY_SHOW_DAY
        && journey_show_day(file, json) == JOURNEY_OK)
    {
        fputc('\n', file);
        return JOURNEY_OK;
    }

    json->pos = pos;

    if (key != NULL && key->type == JOURNEY_SHOW_FLAG && *pos == '1') {
        fputs("yes\n", file);
        return journey_json_skip(json);
    }

    if (key != NULL && name->len == 1 && name->data[0] == 'b'
        && journey_json_string(json, &str) == JOURNEY_OK)
    {
        profile = journey_show_find(journey_show_profiles, &str);

        if (profile != NULL) {
            fprintf(file, "%s\n", profile->means);
            return JOURNEY_OK;
        }
    }

    json->pos = pos;

    if (journey_show_value(file, json) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    fputc('\n', file);

    return JOURNEY_OK;
}


static void
journey_show_line(FILE *file, const journey_zone_t *zone,
    const journey_shown_t *shown, u_char *buf)
{
    char                  time[JOURNEY_TIME_LEN];
    journey_str_t         name;
    journey_json_t        json;
    journey_error_t       err;
    const journey_str_t  *kind;

    kind = journey_event_kind_name(shown->kind);
    journey_time_format_seconds(zone, shown->t, time);

    fprintf(file, "\n  %s  %.*s\n", time, (int) kind->len, kind->data);

    json.line = shown->line.data;
    json.end = shown->line.data + shown->line.len;
    json.buf = buf;
    json.err = &err;

    json.pos = json.line;
    (void) journey_json_peek(&json);
    json.pos++;

    /* it was read before: its form is known to be right */

    while (journey_json_peek(&json) != '}' && json.pos < json.end) {

        if (*json.pos == ',') {
            json.pos++;
            continue;
        }

        if (journey_json_name(&json, &name) != JOURNEY_OK
            || journey_show_pair(file, &json, &name) != JOURNEY_OK)
        {
            fputc('\n', file);
            break;
        }
    }
}


static void
journey_show_head(FILE *file, const journey_shown_t *line)
{
    if (line->visitor.len == 0) {
        fprintf(file, "\nWithout a visitor\n");
        return;
    }

    fprintf(file, "\nVisitor ");
    (void) journey_text_print(file, &line->visitor, JOURNEY_SHOW_WIDE);

    fprintf(file, " (%s)", line->visitor.data[0] == 'c' ? "cookie"
                           : line->visitor.data[0] == 'h'
                             ? "daily hash, no cookie" : "of another kind");

    if (line->journey != 0) {
        fprintf(file, ", journey %lu", (unsigned long) line->journey);
    }

    if (line->session != 0) {
        fprintf(file, ", session %lu", (unsigned long) line->session);
    }

    fputc('\n', file);
}


int
journey_show_text(FILE *file, const journey_zone_t *zone,
    const journey_shown_t *lines, size_t n)
{
    size_t                  i, size;
    u_char                 *buf;
    const journey_shown_t  *line, *last;

    for (i = 0, size = 1; i < n; i++) {
        size = journey_max(size, lines[i].line.len);
    }

    buf = malloc(size);
    if (buf == NULL) {
        return JOURNEY_ERROR;
    }

    last = NULL;

    for (i = 0; i < n && !lines[i].bad; i++) {
        line = &lines[i];

        if (last == NULL || last->journey != line->journey
            || last->session != line->session
            || journey_strcmp(&last->visitor, &line->visitor) != 0)
        {
            journey_show_head(file, line);
        }

        journey_show_line(file, zone, line, buf);
        last = line;
    }

    if (i < n) {
        fprintf(file, "\nLines that cannot be read\n\n");
    }

    for ( /* void */ ; i < n; i++) {
        fputs("  ", file);
        (void) journey_text_print(file, &lines[i].line, JOURNEY_SHOW_WIDE);
        fputc('\n', file);
    }

    free(buf);

    return JOURNEY_OK;
}
