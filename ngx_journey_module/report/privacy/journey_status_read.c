
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The saved answer of journey_status.  Keys that are not known here, of
 * another version, are passed over; those that are known have their type.
 */


#include "journey_privacy.h"
#include "journey_json.h"
#include "journey_messages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>


#define JOURNEY_STATUS_MAX   (64 * 1024 * 1024)
#define JOURNEY_STATUS_PAGE  65536
#define JOURNEY_STATUS_LIST  65536      /* elements of an array */

#define JOURNEY_TIME_MAX     253402300799ULL    /* the year 9999 */
#define JOURNEY_COUNT_MAX    INT64_MAX

#define JOURNEY_SALT_KEEP    (4 * 3600) /* s after the end of its day */
#define JOURNEY_SALT_GRACE   60         /* s that a timer may be late */


typedef struct {
    journey_json_t       json;
    journey_pool_t      *pool;
    journey_error_t      why;           /* without the file's name */
    journey_status_t    *status;

    journey_salt_times_t today;         /* day.len 0: none */
    journey_salt_times_t previous;
    journey_salt_times_t *gone;
    unsigned             ngone;

    unsigned             has_salts:1;
    unsigned             has_privacy:1;
} journey_status_reader_t;


typedef enum {
    JOURNEY_FIELD_COUNT = 0,
    JOURNEY_FIELD_TIME,
    JOURNEY_FIELD_BOOL,
    JOURNEY_FIELD_STRING,
    JOURNEY_FIELD_LIST,                 /* of strings */
    JOURNEY_FIELD_OTHER                 /* by its handler */
} journey_field_e;

typedef struct {
    const char      *key;
    journey_field_e  type;
    size_t           offset;            /* in what is read */
    int            (*read)(journey_status_reader_t *reader, void *to);
} journey_field_t;


static int journey_status_suppressed(journey_status_reader_t *reader,
    void *to);
static int journey_status_cookieless(journey_status_reader_t *reader,
    void *to);
static int journey_status_salts(journey_status_reader_t *reader, void *to);
static int journey_status_today(journey_status_reader_t *reader, void *to);
static int journey_status_previous(journey_status_reader_t *reader, void *to);
static int journey_status_gone(journey_status_reader_t *reader, void *to);
static int journey_status_privacy(journey_status_reader_t *reader, void *to);
static int journey_status_cookie(journey_status_reader_t *reader, void *to);


#define journey_status_count(key, member)                                     \
    { key, JOURNEY_FIELD_COUNT, offsetof(journey_status_t, member), NULL }

static const journey_field_t  journey_status_fields[] = {
    { "version", JOURNEY_FIELD_STRING, offsetof(journey_status_t, version),
      NULL },
    { "time", JOURNEY_FIELD_TIME, offsetof(journey_status_t, time), NULL },
    { "started", JOURNEY_FIELD_TIME, offsetof(journey_status_t, started),
      NULL },
    journey_status_count("cookies_deleted", cookies_deleted),
    journey_status_count("continued", continued),
    journey_status_count("optouts", optouts),
    journey_status_count("undone", undone),
    { "suppressed", JOURNEY_FIELD_OTHER, 0, journey_status_suppressed },
    { "cookieless", JOURNEY_FIELD_OTHER, 0, journey_status_cookieless },
    { "salts", JOURNEY_FIELD_OTHER, 0, journey_status_salts },
    { "privacy", JOURNEY_FIELD_OTHER, 0, journey_status_privacy },
    { NULL, 0, 0, NULL }
};

static const journey_field_t  journey_suppressed_fields[] = {
    journey_status_count("optout", suppressed_optout),
    journey_status_count("gpc", suppressed_gpc),
    journey_status_count("dnt", suppressed_dnt),
    journey_status_count("consent", suppressed_consent),
    journey_status_count("clamped", clamped),
    { NULL, 0, 0, NULL }
};

static const journey_field_t  journey_cookieless_fields[] = {
    journey_status_count("visitors", visitors),
    journey_status_count("evicted", evicted),
    { NULL, 0, 0, NULL }
};

static const journey_field_t  journey_salts_fields[] = {
    journey_status_count("created", salts_created),
    journey_status_count("destroyed", salts_destroyed),
    { "today", JOURNEY_FIELD_OTHER, 0, journey_status_today },
    { "previous", JOURNEY_FIELD_OTHER, 0, journey_status_previous },
    { "gone", JOURNEY_FIELD_OTHER, 0, journey_status_gone },
    { NULL, 0, 0, NULL }
};

static const journey_field_t  journey_salt_fields[] = {
    { "day", JOURNEY_FIELD_STRING, offsetof(journey_salt_times_t, day), NULL },
    { "created", JOURNEY_FIELD_TIME,
      offsetof(journey_salt_times_t, created), NULL },
    { "destroyed", JOURNEY_FIELD_TIME,
      offsetof(journey_salt_times_t, destroyed), NULL },
    { NULL, 0, 0, NULL }
};

static const journey_field_t  journey_settings_fields[] = {
    { "profile", JOURNEY_FIELD_STRING, offsetof(journey_settings_t, profile),
      NULL },
    { "identity", JOURNEY_FIELD_STRING,
      offsetof(journey_settings_t, identity), NULL },
    { "consent", JOURNEY_FIELD_BOOL, offsetof(journey_settings_t, consent),
      NULL },
    { "signals", JOURNEY_FIELD_LIST, offsetof(journey_settings_t, signals),
      NULL },
    { "cookie", JOURNEY_FIELD_OTHER, 0, journey_status_cookie },
    { "session", JOURNEY_FIELD_COUNT, offsetof(journey_settings_t, session),
      NULL },
    { "geo", JOURNEY_FIELD_LIST, offsetof(journey_settings_t, geo), NULL },
    { "optout", JOURNEY_FIELD_BOOL, offsetof(journey_settings_t, optout),
      NULL },
    { "secret", JOURNEY_FIELD_BOOL, offsetof(journey_settings_t, secret),
      NULL },
    { "logs", JOURNEY_FIELD_LIST, offsetof(journey_settings_t, logs), NULL },
    { NULL, 0, 0, NULL }
};

static const journey_field_t  journey_cookie_fields[] = {
    { "name", JOURNEY_FIELD_STRING, offsetof(journey_settings_t, cookie),
      NULL },
    { "max_age", JOURNEY_FIELD_COUNT, offsetof(journey_settings_t, max_age),
      NULL },
    { "domain", JOURNEY_FIELD_STRING, offsetof(journey_settings_t, domain),
      NULL },
    { NULL, 0, 0, NULL }
};


/* 1 and passed over when it is null. */

static int
journey_status_null(journey_json_t *json)
{
    return journey_json_peek(json) == 'n'
           && journey_json_skip(json) == JOURNEY_OK;
}


/* 1 when there is another element, or a member, of what opened with c; 0 at
 * its end.  n counts them. */

static int
journey_status_more(journey_json_t *json, u_char c, unsigned *n)
{
    u_char  next;

    next = journey_json_peek(json);

    if (next == c + 2) {                /* '}' or ']' */
        json->pos++;
        return 0;
    }

    if (*n > 0) {
        if (next != ',') {
            return journey_json_error(json, "no comma");
        }

        json->pos++;
    }

    if (*n == JOURNEY_STATUS_LIST) {
        return journey_json_error(json, "too many values");
    }

    (*n)++;

    return 1;
}


static int
journey_status_open(journey_json_t *json, u_char c)
{
    if (journey_json_peek(json) != c) {
        return journey_json_error(json, c == '{' ? "not an object"
                                                 : "not an array");
    }

    json->pos++;

    return JOURNEY_OK;
}


/* Room for element n (from 1) of an array of the pool, all zero. */

static void *
journey_status_grow(journey_status_reader_t *reader, void *elements,
    unsigned n, size_t size)
{
    char  *p;

    if (n & (n - 1)) {
        p = elements;

    } else {
        p = journey_pcalloc(reader->pool, 2 * n * size);

        if (p == NULL) {
            (void) journey_error(&reader->why, "not enough memory");
            return NULL;
        }

        if (n > 1) {
            memcpy(p, elements, (n - 1) * size);
        }
    }

    return p;
}


static int
journey_status_list(journey_status_reader_t *reader, journey_cell_t *cell)
{
    int              rc;
    unsigned         n;
    journey_str_t   *strs;
    journey_json_t  *json;

    json = &reader->json;
    strs = NULL;
    n = 0;

    if (journey_status_open(json, '[') != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    while ((rc = journey_status_more(json, '[', &n)) == 1) {
        strs = journey_status_grow(reader, strs, n, sizeof(journey_str_t));

        if (strs == NULL
            || journey_json_string(json, &strs[n - 1]) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    cell->null = 0;
    cell->u.list.strs = strs;
    cell->u.list.n = n;

    return rc;
}


static int
journey_status_bool(journey_json_t *json, uint64_t *value)
{
    u_char  c;

    c = journey_json_peek(json);

    if (c != 't' && c != 'f') {
        return journey_json_error(json, "neither true nor false");
    }

    *value = (c == 't');

    return journey_json_skip(json);
}


static int
journey_status_field(journey_status_reader_t *reader,
    const journey_field_t *field, char *to)
{
    journey_json_t  *json;

    json = &reader->json;

    switch (field->type) {

    case JOURNEY_FIELD_COUNT:
        return journey_json_uint(json, JOURNEY_COUNT_MAX,
                                 (uint64_t *) (to + field->offset));

    case JOURNEY_FIELD_TIME:
        return journey_json_uint(json, JOURNEY_TIME_MAX,
                                 (uint64_t *) (to + field->offset));

    case JOURNEY_FIELD_BOOL:
        return journey_status_bool(json, (uint64_t *) (to + field->offset));

    case JOURNEY_FIELD_STRING:
        if (journey_status_null(json)) {
            journey_str_null((journey_str_t *) (to + field->offset));
            return JOURNEY_OK;
        }

        return journey_json_string(json,
                                   (journey_str_t *) (to + field->offset));

    case JOURNEY_FIELD_LIST:
        return journey_status_list(reader,
                                   (journey_cell_t *) (to + field->offset));

    default:
        return field->read(reader, to + field->offset);
    }
}


static int
journey_status_object(journey_status_reader_t *reader,
    const journey_field_t *fields, void *to)
{
    int                     rc;
    unsigned                n;
    journey_str_t           name;
    journey_json_t         *json;
    const journey_field_t  *field;

    json = &reader->json;
    n = 0;

    if (journey_status_open(json, '{') != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    while ((rc = journey_status_more(json, '{', &n)) == 1) {

        if (journey_json_name(json, &name) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        for (field = fields; field->key != NULL; field++) {
            if (strlen(field->key) == name.len
                && memcmp(field->key, name.data, name.len) == 0)
            {
                break;
            }
        }

        rc = (field->key == NULL) ? journey_json_skip(json)
                                  : journey_status_field(reader, field, to);
        if (rc != JOURNEY_OK) {
            return rc;
        }
    }

    return rc;
}


static int
journey_status_suppressed(journey_status_reader_t *reader, void *to)
{
    return journey_status_object(reader, journey_suppressed_fields, to);
}


static int
journey_status_cookieless(journey_status_reader_t *reader, void *to)
{
    return journey_status_object(reader, journey_cookieless_fields, to);
}


static int
journey_status_salts(journey_status_reader_t *reader, void *to)
{
    reader->has_salts = 1;

    return journey_status_object(reader, journey_salts_fields, to);
}


static int
journey_status_times(journey_status_reader_t *reader,
    journey_salt_times_t *salt)
{
    char            text[16];
    uint64_t        ms;
    journey_zone_t  utc;

    memset(salt, 0, sizeof(journey_salt_times_t));

    salt->created = JOURNEY_UNKNOWN;
    salt->destroyed = JOURNEY_UNKNOWN;

    if (journey_status_object(reader, journey_salt_fields, salt)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    if (salt->created == JOURNEY_UNKNOWN) {
        return journey_json_error(&reader->json,
                                  "a salt without \"created\"");
    }

    if (salt->day.len == sizeof("2026-11-22") - 1) {
        memcpy(text, salt->day.data, salt->day.len);
        text[salt->day.len] = '\0';

        if (journey_zone_set(&utc, "+00:00", NULL) == JOURNEY_OK
            && journey_time_parse(&utc, text, &ms, NULL) == JOURNEY_OK)
        {
            salt->due = ms / 1000 + 86400 + JOURNEY_SALT_KEEP;
            return JOURNEY_OK;
        }
    }

    return journey_json_error(&reader->json, "a salt without \"day\"");
}


static int
journey_status_today(journey_status_reader_t *reader, void *to)
{
    (void) to;

    reader->today.day.len = 0;

    return journey_status_null(&reader->json)
           ? JOURNEY_OK : journey_status_times(reader, &reader->today);
}


static int
journey_status_previous(journey_status_reader_t *reader, void *to)
{
    (void) to;

    reader->previous.day.len = 0;

    return journey_status_null(&reader->json)
           ? JOURNEY_OK : journey_status_times(reader, &reader->previous);
}


static int
journey_status_gone(journey_status_reader_t *reader, void *to)
{
    int                    rc;
    unsigned               n;
    journey_salt_times_t  *gone;

    (void) to;

    gone = NULL;
    n = 0;

    if (journey_status_open(&reader->json, '[') != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    while ((rc = journey_status_more(&reader->json, '[', &n)) == 1) {
        gone = journey_status_grow(reader, gone, n,
                                   sizeof(journey_salt_times_t));

        if (gone == NULL
            || journey_status_times(reader, &gone[n - 1]) != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        if (gone[n - 1].destroyed == JOURNEY_UNKNOWN) {
            return journey_json_error(&reader->json,
                                      "a salt that is gone without "
                                      "\"destroyed\"");
        }
    }

    reader->gone = gone;
    reader->ngone = n;

    return rc;
}


static int
journey_status_privacy(journey_status_reader_t *reader, void *to)
{
    int                  rc;
    unsigned             n;
    journey_settings_t  *settings, *all;

    (void) to;

    reader->has_privacy = 1;
    all = NULL;
    n = 0;

    if (journey_status_open(&reader->json, '[') != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    while ((rc = journey_status_more(&reader->json, '[', &n)) == 1) {
        all = journey_status_grow(reader, all, n, sizeof(journey_settings_t));
        if (all == NULL) {
            return JOURNEY_ERROR;
        }

        settings = &all[n - 1];

        settings->consent = JOURNEY_UNKNOWN;
        settings->optout = JOURNEY_UNKNOWN;
        settings->secret = JOURNEY_UNKNOWN;
        settings->max_age = JOURNEY_UNKNOWN;
        settings->session = JOURNEY_UNKNOWN;
        settings->signals.null = 1;
        settings->geo.null = 1;
        settings->logs.null = 1;

        if (journey_status_object(reader, journey_settings_fields, settings)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    reader->status->settings = all;
    reader->status->nsettings = n;

    return rc;
}


static int
journey_status_cookie(journey_status_reader_t *reader, void *to)
{
    return journey_status_null(&reader->json)
           ? JOURNEY_OK
           : journey_status_object(reader, journey_cookie_fields, to);
}


/* All salts in one list, each with the verdict. */

static int
journey_status_judge(journey_status_reader_t *reader)
{
    unsigned               i;
    journey_status_t      *status;
    journey_salt_times_t  *salt;

    status = reader->status;

    status->salts = journey_palloc(reader->pool, (reader->ngone + 2)
                                                 * sizeof(*salt));
    if (status->salts == NULL) {
        return journey_error(&reader->why, "not enough memory");
    }

    if (reader->today.day.len != 0) {
        status->salts[status->nsalts++] = reader->today;
    }

    if (reader->previous.day.len != 0) {
        status->salts[status->nsalts++] = reader->previous;
    }

    for (i = 0; i < reader->ngone; i++) {
        status->salts[status->nsalts++] = reader->gone[i];
    }

    for (i = 0; i < status->nsalts; i++) {
        salt = &status->salts[i];

        salt->held = journey_min(salt->destroyed, status->time)
                     <= salt->due + JOURNEY_SALT_GRACE;
        status->late += !salt->held;
    }

    return JOURNEY_OK;
}


static int
journey_status_parse(journey_status_reader_t *reader)
{
    journey_status_t  *status;

    status = reader->status;

    if (journey_status_object(reader, journey_status_fields, status)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    if (journey_json_peek(&reader->json) != 0
        || reader->json.pos != reader->json.end)
    {
        return journey_json_error(&reader->json, "something behind the end");
    }

    if (status->time == JOURNEY_UNKNOWN || status->started == JOURNEY_UNKNOWN
        || status->version.len == 0)
    {
        return journey_error(&reader->why, "JSON, but no answer of "
                             "journey_status: it lacks \"version\", \"time\" "
                             "or \"started\"");
    }

    if (!reader->has_salts || !reader->has_privacy) {
        return journey_error(&reader->why, "the answer of a journey_status "
                             "that knows no \"salts\" and \"privacy\": the "
                             "module is older than this command");
    }

    return journey_status_judge(reader);
}


/* The whole file, of the pool. */

static int
journey_status_load(journey_pool_t *pool, const char *name,
    journey_str_t *text, journey_error_t *err)
{
    FILE    *file;
    char    *buf, *p;
    size_t   n, size;

    file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    if (file == NULL) {
        return journey_error(err, "%s", strerror(errno));
    }

    buf = NULL;
    size = 0;
    text->len = 0;

    do {
        if (text->len == size) {
            size = size ? 2 * size : JOURNEY_STATUS_PAGE;
            p = (size > JOURNEY_STATUS_MAX) ? NULL : realloc(buf, size);

            if (p == NULL) {
                (void) journey_error(err, size > JOURNEY_STATUS_MAX
                                     ? "too large for a status"
                                     : "not enough memory");
                goto failed;
            }

            buf = p;
        }

        n = fread(buf + text->len, 1, size - text->len, file);
        text->len += n;

    } while (n > 0);

    if (ferror(file)) {
        (void) journey_error(err, "%s", strerror(errno));
        goto failed;
    }

    *text = journey_pstrdup(pool, (u_char *) buf, text->len);

    if (text->data == NULL) {
        (void) journey_error(err, "not enough memory");
        goto failed;
    }

    free(buf);

    if (file != stdin) {
        fclose(file);
    }

    return JOURNEY_OK;

failed:

    free(buf);

    if (file != stdin) {
        fclose(file);
    }

    return JOURNEY_ERROR;
}


int
journey_status_read(journey_pool_t *pool, const char *file,
    journey_status_t *status, journey_error_t *err)
{
    int                      rc;
    journey_str_t            text;
    journey_status_reader_t  reader;

    memset(&reader, 0, sizeof(journey_status_reader_t));

    /* whatever the status lacks is not known, rather than 0 */

    memset(status, 0xff, offsetof(journey_status_t, salts));

    status->file = file;
    journey_str_null(&status->version);
    status->salts = NULL;
    status->nsalts = 0;
    status->late = 0;
    status->settings = NULL;
    status->nsettings = 0;

    reader.pool = pool;
    reader.status = status;
    reader.why.text[0] = '\0';

    journey_str_null(&text);

    rc = journey_status_load(pool, file, &text, &reader.why);

    if (rc == JOURNEY_OK) {
        reader.json.line = text.data;
        reader.json.pos = text.data;
        reader.json.end = text.data + text.len;
        reader.json.buf = journey_palloc(pool, text.len + 1);
        reader.json.err = &reader.why;

        rc = (reader.json.buf == NULL)
             ? journey_error(&reader.why, "not enough memory")
             : journey_status_parse(&reader);
    }

    if (rc != JOURNEY_OK) {
        (void) journey_error(err, "%s: %s", journey_file_name(file),
                             reader.why.text);
        return JOURNEY_ERROR;
    }

    return JOURNEY_OK;
}
