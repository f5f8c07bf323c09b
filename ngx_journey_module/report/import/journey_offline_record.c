
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_offline_record.h"
#include "journey_application.h"
#include "journey_money.h"
#include "journey_person.h"
#include "journey_time.h"

#include <stdio.h>


#define JOURNEY_OFFLINE_QUOTE    40     /* characters of a value in a message */
#define JOURNEY_OFFLINE_SECONDS  11     /* digits before the point */


static const journey_str_t  journey_offline_names[JOURNEY_OFFLINE_COLUMNS] = {
    [JOURNEY_OFFLINE_TIME] = journey_string("time"),
    [JOURNEY_OFFLINE_USER] = journey_string("user"),
    [JOURNEY_OFFLINE_VISITOR] = journey_string("visitor"),
    [JOURNEY_OFFLINE_KIND] = journey_string("kind"),
    [JOURNEY_OFFLINE_CHANNEL] = journey_string("channel"),
    [JOURNEY_OFFLINE_SOURCE] = journey_string("source"),
    [JOURNEY_OFFLINE_MEDIUM] = journey_string("medium"),
    [JOURNEY_OFFLINE_CAMPAIGN] = journey_string("campaign"),
    [JOURNEY_OFFLINE_GOAL] = journey_string("goal"),
    [JOURNEY_OFFLINE_VALUE] = journey_string("value"),
    [JOURNEY_OFFLINE_CURRENCY] = journey_string("currency"),
    [JOURNEY_OFFLINE_ID] = journey_string("id")
};


/* A value as a message may show it: nothing that a terminal would obey, and
 * nobody's address, which has got into the wrong column. */

static const char *
journey_offline_quote(const journey_str_t *str, char *dst)
{
    size_t  i, n;

    if (memchr(str->data, '@', str->len) != NULL) {
        return "(it has an @ and is not shown)";
    }

    n = journey_min(str->len, JOURNEY_OFFLINE_QUOTE);

    dst[0] = '"';

    for (i = 0; i < n; i++) {
        dst[i + 1] = (str->data[i] >= 0x20 && str->data[i] < 0x7f)
                     ? (char) str->data[i] : '?';
    }

    memcpy(dst + n + 1, n < str->len ? "...\"" : "\"",
           n < str->len ? sizeof("...\"") : sizeof("\""));

    return dst;
}


static int
journey_offline_bad(journey_error_t *err, const char *what,
    const journey_str_t *value, const char *why)
{
    char  quoted[JOURNEY_OFFLINE_QUOTE + 8];

    return journey_error(err, "%s %s %s", what,
                         journey_offline_quote(value, quoted), why);
}


int
journey_offline_reader_init(journey_offline_reader_t *reader,
    journey_pool_t *pool, const journey_conf_t *conf,
    const journey_keys_t *keys)
{
    memset(reader, 0, sizeof(journey_offline_reader_t));

    reader->conf = conf;
    reader->keys = keys;

    if (conf != NULL) {
        reader->classifier.sources = conf->sources;
        reader->classifier.codes = conf->channel_codes;
        reader->classifier.channels = conf->channels;

        return JOURNEY_OK;
    }

    reader->classifier.sources = journey_sources_create(pool);
    reader->classifier.codes = journey_channel_codes_create(pool);

    return (reader->classifier.sources == NULL
            || reader->classifier.codes == NULL) ? JOURNEY_ERROR : JOURNEY_OK;
}


int
journey_offline_header(journey_offline_reader_t *reader,
    const journey_str_t *fields, unsigned n, journey_error_t *err)
{
    unsigned  i, c, seen;

    for (i = 0, seen = 0; i < n; i++) {

        for (c = 0; c < JOURNEY_OFFLINE_COLUMNS; c++) {
            if (journey_strcmp(&fields[i], &journey_offline_names[c]) == 0) {
                break;
            }
        }

        if (c == JOURNEY_OFFLINE_COLUMNS) {
            return journey_offline_bad(err, "column", &fields[i],
                                       "is not known");
        }

        if (seen >> c & 1) {
            return journey_offline_bad(err, "column", &fields[i],
                                       "stands there twice");
        }

        seen |= 1u << c;
        reader->columns[c] = i;
    }

    for (c = 0; c < JOURNEY_OFFLINE_COLUMNS; c++) {
        if (!(seen >> c & 1)) {
            return journey_offline_bad(err, "column",
                                       &journey_offline_names[c],
                                       "is missing");
        }
    }

    return JOURNEY_OK;
}


/* Seconds since 1970, with a fraction or without; *ms. */

static int
journey_offline_seconds(const journey_str_t *text, uint64_t *ms)
{
    size_t    i, digits;
    uint64_t  n, scale;

    n = 0;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < '0' || text->data[i] > '9') {
            break;
        }

        if (i == JOURNEY_OFFLINE_SECONDS) {
            return JOURNEY_DECLINED;
        }

        n = n * 10 + (text->data[i] - '0');
    }

    if (i == 0) {
        return JOURNEY_DECLINED;
    }

    n *= 1000;

    if (i < text->len) {

        if (text->data[i++] != '.' || i == text->len) {
            return JOURNEY_DECLINED;
        }

        for (digits = 0, scale = 100; i < text->len; i++, digits++) {
            if (text->data[i] < '0' || text->data[i] > '9') {
                return JOURNEY_DECLINED;
            }

            if (digits < 3) {
                n += scale * (text->data[i] - '0');
                scale /= 10;
            }
        }
    }

    *ms = n;

    return JOURNEY_OK;
}


/* A time without a zone is nobody's guess. */

static int
journey_offline_time(const journey_str_t *text, uint64_t *ms,
    journey_error_t *err)
{
    char            buf[64], c;
    size_t          len;
    journey_zone_t  utc;

    if (journey_offline_seconds(text, ms) == JOURNEY_OK) {
        return JOURNEY_OK;
    }

    len = text->len;

    if (len > sizeof("2026-11-22T07:00") - 1 && len < sizeof(buf)
        && memchr(text->data, '\0', len) == NULL)
    {
        memcpy(buf, text->data, len);
        buf[len] = '\0';

        c = buf[len - 1];

        memset(&utc, 0, sizeof(journey_zone_t));
        utc.fixed = 1;

        if ((c == 'Z' || c == 'z'
             || buf[len - 6] == '+' || buf[len - 6] == '-')
            && journey_time_parse(&utc, buf, ms, NULL) == JOURNEY_OK)
        {
            return JOURNEY_OK;
        }
    }

    return journey_offline_bad(err, "time", text, "is neither a date and time "
                               "with a zone (2026-11-22T07:00:00+01:00) nor "
                               "seconds since 1970");
}


/* Who: visitor, user or both. */

static int
journey_offline_who(journey_offline_reader_t *reader,
    const journey_str_t *user, const journey_str_t *visitor,
    journey_record_t *rec, journey_error_t *err)
{
    int              rc;
    journey_error_t  why;

    if (visitor->len != 0) {

        /* what stands there may be anybody's name: it is not shown */

        if (!journey_person_is_id(visitor->data, visitor->len)) {
            return journey_error(err, "the visitor is none: a c or an h, and "
                                 "16 characters of A-Z, a-z, 0-9, - and _");
        }

        rec->visitor = *visitor;
    }

    /* whom the module takes for nobody is nobody here, too */

    rc = journey_application_user(user, &why);

    if (rc == JOURNEY_DECLINED) {
        return JOURNEY_OK;
    }

    if (rc != JOURNEY_OK) {
        return journey_error(err, "the user is none: %s", why.text);
    }

    if (reader->keys == NULL) {
        return journey_error(err, "a user needs --secret, the file of "
                             "journey_secret");
    }

    if (journey_user_hash(reader->keys, reader->user, user) != JOURNEY_OK) {
        return journey_error(err, "libcrypto's SipHash failed");
    }

    rec->user.data = reader->user;
    rec->user.len = JOURNEY_KEYED_HASH_LEN;

    return JOURNEY_OK;
}


/* The number that orders have in the module's goals, too. */

static int
journey_offline_order(journey_offline_reader_t *reader,
    const journey_str_t *id, journey_record_t *rec, journey_error_t *err)
{
    if (id->len == 0) {
        return JOURNEY_OK;
    }

    if (reader->keys == NULL) {
        return journey_error(err, "an id needs --secret, the file of "
                             "journey_secret");
    }

    if (journey_keyed_hash(reader->keys, reader->order, "ord", id)
        != JOURNEY_OK)
    {
        return journey_error(err, "libcrypto's SipHash failed");
    }

    rec->order.data = reader->order;
    rec->order.len = JOURNEY_KEYED_HASH_LEN;

    return JOURNEY_OK;
}


static int
journey_offline_touch(journey_offline_reader_t *reader,
    const journey_str_t **field, journey_record_t *rec, journey_error_t *err)
{
    journey_str_t           values[JOURNEY_QUERY_VALUES];
    journey_entry_t        *entry;
    const journey_str_t    *channel;
    const journey_name_t   *name;

    if (field[JOURNEY_OFFLINE_GOAL]->len != 0
        || field[JOURNEY_OFFLINE_VALUE]->len != 0)
    {
        return journey_error(err, "a touch has no goal and no value");
    }

    if (rec->visitor.len == 0 && rec->user.len == 0) {
        return journey_error(err, "a touch needs a visitor or a user");
    }

    memset(values, 0, sizeof(values));
    values[JOURNEY_QUERY_SOURCE] = *field[JOURNEY_OFFLINE_SOURCE];
    values[JOURNEY_QUERY_MEDIUM] = *field[JOURNEY_OFFLINE_MEDIUM];
    values[JOURNEY_QUERY_CAMPAIGN] = *field[JOURNEY_OFFLINE_CAMPAIGN];

    entry = &reader->entry;
    journey_classify_values(&reader->classifier, values, entry);

    rec->source = entry->source;
    rec->medium = entry->medium;
    rec->campaign = entry->campaign;

    channel = field[JOURNEY_OFFLINE_CHANNEL];

    if (channel->len != 0) {
        name = journey_codes_get(reader->classifier.codes, channel);

        if (name == NULL) {
            return journey_offline_bad(err, "channel", channel,
                                       reader->conf == NULL
                                       ? "is not built in, and there is no "
                                         "configuration (--conf DIR)"
                                       : "is neither built in nor one of the "
                                         "configuration's");
        }

        rec->channel = name->name;

        return JOURNEY_OK;
    }

    if (!entry->external) {
        return journey_error(err, "a touch needs a channel, a source, a "
                             "medium or a campaign");
    }

    if (reader->conf == NULL) {
        return journey_error(err, "without a channel a touch needs a "
                             "configuration to find it by (--conf DIR)");
    }

    rec->channel = entry->channel_name;
    rec->why = entry->why;

    return JOURNEY_OK;
}


static int
journey_offline_goal(journey_offline_reader_t *reader,
    const journey_str_t **field, journey_record_t *rec, journey_error_t *err)
{
    unsigned              i;
    const journey_str_t  *goal, *value, *currency;

    goal = field[JOURNEY_OFFLINE_GOAL];
    value = field[JOURNEY_OFFLINE_VALUE];
    currency = field[JOURNEY_OFFLINE_CURRENCY];

    if (field[JOURNEY_OFFLINE_CHANNEL]->len != 0
        || field[JOURNEY_OFFLINE_SOURCE]->len != 0
        || field[JOURNEY_OFFLINE_MEDIUM]->len != 0
        || field[JOURNEY_OFFLINE_CAMPAIGN]->len != 0)
    {
        return journey_error(err, "a goal has no channel, source, medium or "
                             "campaign: a record of kind touch has");
    }

    if (goal->len == 0) {
        return journey_error(err, "a goal needs its name");
    }

    if (journey_goal_name(goal, NULL) != JOURNEY_OK) {
        return journey_offline_bad(err, "goal", goal, "is not of the form "
                                   "[a-z][a-z0-9_-]* with at most 64 "
                                   "characters");
    }

    rec->goal = *goal;

    if (value->len != 0) {

        if (journey_money_parse(value, &rec->value) != JOURNEY_OK) {
            return journey_offline_bad(err, "value", value, "is no decimal "
                                       "like 1234.50");
        }

        rec->has_value = 1;
    }

    if (currency->len != 0) {

        if (!journey_money_currency(currency)) {
            return journey_offline_bad(err, "currency", currency,
                                       "is not three capital letters");
        }

        rec->currency = *currency;
    }

    for (i = 0; reader->conf != NULL && i < reader->conf->ngoals; i++) {
        if (reader->conf->goals[i].completes
            && journey_strcmp(&reader->conf->goals[i].name, goal) == 0)
        {
            rec->done = 1;
        }
    }

    return JOURNEY_OK;
}


int
journey_offline_record(journey_offline_reader_t *reader,
    const journey_str_t *fields, unsigned n, journey_record_t *rec,
    journey_error_t *err)
{
    unsigned              c;
    const journey_str_t  *kind, *field[JOURNEY_OFFLINE_COLUMNS];

    if (n != JOURNEY_OFFLINE_COLUMNS) {
        return journey_error(err, "%u fields, not %d", n,
                             JOURNEY_OFFLINE_COLUMNS);
    }

    for (c = 0; c < JOURNEY_OFFLINE_COLUMNS; c++) {
        field[c] = &fields[reader->columns[c]];
    }

    memset(rec, 0, sizeof(journey_record_t));

    kind = field[JOURNEY_OFFLINE_KIND];

    if (journey_offline_time(field[JOURNEY_OFFLINE_TIME], &rec->time, err)
        != JOURNEY_OK
        || journey_offline_who(reader, field[JOURNEY_OFFLINE_USER],
                               field[JOURNEY_OFFLINE_VISITOR], rec, err)
           != JOURNEY_OK
        || journey_offline_order(reader, field[JOURNEY_OFFLINE_ID], rec, err)
           != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    if (journey_str_is(kind, "touch")) {
        rec->kind = JOURNEY_EVENT_OFFLINE;
        return journey_offline_touch(reader, field, rec, err);
    }

    if (journey_str_is(kind, "goal")) {
        rec->kind = JOURNEY_EVENT_GOAL;
        return journey_offline_goal(reader, field, rec, err);
    }

    return journey_offline_bad(err, "kind", kind,
                               "is neither touch nor goal");
}
