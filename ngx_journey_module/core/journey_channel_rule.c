
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Own channel rules: "channel condition …;" in journey_channels (design,
 * section 5).  A field that is absent is an empty string: campaign= is true
 * without a campaign, campaign!= with one.
 */


#include "journey_channel_rule.h"


typedef enum {
    JOURNEY_FIELD_SOURCE = 0,
    JOURNEY_FIELD_MEDIUM,
    JOURNEY_FIELD_CAMPAIGN,
    JOURNEY_FIELD_TERM,
    JOURNEY_FIELD_CONTENT,
    JOURNEY_FIELD_CLICK,
    JOURNEY_FIELD_KIND,
    JOURNEY_FIELD_REFERRER,
    JOURNEY_FIELD_HOST,
    JOURNEY_FIELD_PATH,
    JOURNEY_FIELD_LAST
} journey_field_e;


typedef struct {
    journey_field_e      field;
    unsigned             negated:1;
    journey_str_t        value;
    journey_regex_t     *regex;         /* NULL: value is compared */
} journey_condition_t;


typedef struct journey_own_rule_s  journey_own_rule_t;

struct journey_own_rule_s {
    journey_own_rule_t    *next;
    journey_name_t        *channel;
    journey_condition_t   *conditions;
    unsigned               nconditions;
};


struct journey_channels_s {
    journey_pool_t        *pool;
    journey_codes_t       *codes;
    journey_own_rule_t    *first;
    journey_own_rule_t   **last;
};


static int journey_condition_parse(journey_pool_t *pool,
    journey_condition_t *condition, const journey_str_t *word,
    journey_error_t *err);
static int journey_condition_value(journey_condition_t *condition,
    const journey_str_t *word, journey_error_t *err);
static const journey_str_t *journey_condition_field(
    const journey_condition_t *condition, const journey_visit_t *visit,
    const journey_entry_t *e);


static const journey_str_t  journey_fields[JOURNEY_FIELD_LAST] = {
    [JOURNEY_FIELD_SOURCE] = journey_string("source"),
    [JOURNEY_FIELD_MEDIUM] = journey_string("medium"),
    [JOURNEY_FIELD_CAMPAIGN] = journey_string("campaign"),
    [JOURNEY_FIELD_TERM] = journey_string("term"),
    [JOURNEY_FIELD_CONTENT] = journey_string("content"),
    [JOURNEY_FIELD_CLICK] = journey_string("click"),
    [JOURNEY_FIELD_KIND] = journey_string("kind"),
    [JOURNEY_FIELD_REFERRER] = journey_string("referrer"),
    [JOURNEY_FIELD_HOST] = journey_string("host"),
    [JOURNEY_FIELD_PATH] = journey_string("path")
};


journey_channels_t *
journey_channels_create(journey_pool_t *pool, journey_codes_t *codes)
{
    journey_channels_t  *channels;

    channels = journey_pcalloc(pool, sizeof(journey_channels_t));

    if (channels != NULL) {
        channels->pool = pool;
        channels->codes = codes;
        channels->last = &channels->first;
    }

    return channels;
}


int
journey_channels_add(journey_channels_t *channels, const journey_str_t *words,
    unsigned nwords, journey_error_t *err)
{
    unsigned             i;
    journey_own_rule_t  *rule;

    if (nwords == 0) {
        return journey_error(err, "an empty channel rule");
    }

    if (nwords == 1) {
        return journey_error(err, "no condition in the rule of channel "
                             "\"%.*s\"",
                             (int) journey_min(words[0].len, 100),
                             words[0].data);
    }

    rule = journey_pcalloc(channels->pool, sizeof(journey_own_rule_t));
    if (rule == NULL) {
        return journey_error(err, "out of memory");
    }

    rule->nconditions = nwords - 1;
    rule->conditions = journey_pcalloc(channels->pool,
                           rule->nconditions * sizeof(journey_condition_t));
    if (rule->conditions == NULL) {
        return journey_error(err, "out of memory");
    }

    for (i = 0; i < rule->nconditions; i++) {
        if (journey_condition_parse(channels->pool, &rule->conditions[i],
                                    &words[i + 1], err)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    rule->channel = journey_codes_add(channels->codes, &words[0], err);
    if (rule->channel == NULL) {
        return JOURNEY_ERROR;
    }

    *channels->last = rule;
    channels->last = &rule->next;

    return JOURNEY_OK;
}


/* field=value field!=value field=~regex field=~*regex */

static int
journey_condition_parse(journey_pool_t *pool, journey_condition_t *condition,
    const journey_str_t *word, journey_error_t *err)
{
    int             quoted, caseless;
    u_char         *p, *end;
    unsigned        i;
    journey_str_t   name, value;

    quoted = (int) journey_min(word->len, 200);
    end = word->data + word->len;

    p = (word->len == 0) ? NULL : memchr(word->data, '=', word->len);

    if (p == NULL) {
        return journey_error(err, "no \"=\" in condition \"%.*s\"", quoted,
                             word->data);
    }

    name.data = word->data;
    name.len = p - word->data;

    value.data = p + 1;
    value.len = end - value.data;

    if (name.len > 0 && p[-1] == '!') {
        condition->negated = 1;
        name.len--;
    }

    for (i = 0; i < JOURNEY_FIELD_LAST; i++) {
        if (journey_strcmp(&journey_fields[i], &name) == 0) {
            break;
        }
    }

    if (i == JOURNEY_FIELD_LAST) {
        return journey_error(err, "unknown field \"%.*s\" in condition "
                             "\"%.*s\"",
                             (int) journey_min(name.len, 100), name.data,
                             quoted, word->data);
    }

    condition->field = (journey_field_e) i;

    if (value.len == 0 || value.data[0] != '~') {
        condition->value = journey_pstrdup(pool, value.data, value.len);

        if (condition->value.data == NULL) {
            return journey_error(err, "out of memory");
        }

        return journey_condition_value(condition, word, err);
    }

    if (condition->negated) {
        return journey_error(err, "\"!=\" takes no regular expression in "
                             "condition \"%.*s\"", quoted, word->data);
    }

    caseless = (value.len > 1 && value.data[1] == '*');
    value.data += 1 + caseless;
    value.len -= 1 + caseless;

    if (value.len == 0) {
        return journey_error(err, "empty regular expression in condition "
                             "\"%.*s\"", quoted, word->data);
    }

    condition->regex = journey_regex_compile(pool, &value, caseless, err);

    return (condition->regex != NULL) ? JOURNEY_OK : JOURNEY_ERROR;
}


/* Values that can never be, and the words for none. */

static int
journey_condition_value(journey_condition_t *condition,
    const journey_str_t *word, journey_error_t *err)
{
    unsigned        i;
    journey_str_t  *value;

    value = &condition->value;

    if (value->len == 0) {
        return JOURNEY_OK;
    }

    switch (condition->field) {

    case JOURNEY_FIELD_SOURCE:
        if (journey_str_is(value, "(direct)")) {
            value->len = 0;
        }

        return JOURNEY_OK;

    case JOURNEY_FIELD_MEDIUM:
        if (journey_str_is(value, "(none)")) {
            value->len = 0;
        }

        return JOURNEY_OK;

    case JOURNEY_FIELD_KIND:
        for (i = 1; i < JOURNEY_KIND_LAST; i++) {
            if (journey_str_equal_ci(value,
                                     journey_kind_name((journey_kind_e) i)))
            {
                return JOURNEY_OK;
            }
        }

        break;

    case JOURNEY_FIELD_CLICK:
        for (i = 1; i < JOURNEY_CLICK_LAST; i++) {
            if (journey_str_equal_ci(value,
                                     journey_click_name((journey_click_e) i)))
            {
                return JOURNEY_OK;
            }
        }

        break;

    default:
        return JOURNEY_OK;
    }

    return journey_error(err, "unknown %s \"%.*s\" in condition \"%.*s\"",
                         journey_fields[condition->field].data,
                         (int) journey_min(value->len, 100), value->data,
                         (int) journey_min(word->len, 200), word->data);
}


const journey_name_t *
journey_channels_match(const journey_channels_t *channels,
    const journey_visit_t *visit, const journey_entry_t *e)
{
    int                         match;
    unsigned                    i;
    const journey_str_t        *field;
    const journey_own_rule_t   *rule;
    const journey_condition_t  *condition;

    for (rule = channels->first; rule != NULL; rule = rule->next) {

        for (i = 0; i < rule->nconditions; i++) {
            condition = &rule->conditions[i];
            field = journey_condition_field(condition, visit, e);

            if (condition->regex != NULL) {
                match = journey_regex_match(condition->regex, field->data,
                                            field->len);

            } else {
                match = journey_str_equal_ci(field, &condition->value);
            }

            if (match == (int) condition->negated) {
                break;
            }
        }

        if (i == rule->nconditions) {
            return rule->channel;
        }
    }

    return NULL;
}


static const journey_str_t *
journey_condition_field(const journey_condition_t *condition,
    const journey_visit_t *visit, const journey_entry_t *e)
{
    switch (condition->field) {

    case JOURNEY_FIELD_SOURCE:
        return &e->source;

    case JOURNEY_FIELD_MEDIUM:
        return &e->medium;

    case JOURNEY_FIELD_CAMPAIGN:
        return &e->campaign;

    case JOURNEY_FIELD_TERM:
        return &e->term;

    case JOURNEY_FIELD_CONTENT:
        return &e->content;

    case JOURNEY_FIELD_CLICK:
        return journey_click_name(e->click);

    case JOURNEY_FIELD_KIND:
        return journey_kind_name(e->kind);

    case JOURNEY_FIELD_REFERRER:
        return &e->referrer;

    case JOURNEY_FIELD_HOST:
        return &visit->host;

    default: /* JOURNEY_FIELD_PATH */
        return &visit->path;
    }
}
