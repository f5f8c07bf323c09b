
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_application.h"
#include "journey_phase.h"


#define journey_application_blank(c)  ((c) == ' ' || (c) == '\t')

/* What no value holds; a tab is a blank. */

#define journey_application_control(c)                                        \
    (((c) < 0x20 && (c) != '\t') || (c) == 0x7f)


static int journey_application_parameter(u_char **pos, u_char *last,
    journey_application_goal_t *goal, unsigned *seen, journey_error_t *err);
static int journey_application_value(u_char **pos, u_char *last,
    journey_str_t *value, journey_error_t *err);
static int journey_application_quoted(u_char **pos, u_char *last,
    journey_str_t *value, journey_error_t *err);
static u_char *journey_application_skip(u_char *p, u_char *last);
static u_char *journey_application_word(u_char *p, u_char *last,
    journey_str_t *word);
static int journey_application_parts(u_char *p, u_char *last);
static u_char *journey_application_next(u_char *p, u_char *last);


int
journey_application_goal_parse(journey_str_t *text,
    journey_application_goal_t *goal, journey_error_t *err)
{
    u_char    *p, *start, *last;
    unsigned   seen;

    memset(goal, 0, sizeof(journey_application_goal_t));

    p = text->data;
    last = p + text->len;

    while (p < last && (journey_application_blank(*p) || *p == ',')) {
        p++;
    }

    start = p;
    text->data = last;
    text->len = 0;

    if (p == last) {
        return JOURNEY_DECLINED;
    }

    p = journey_application_word(p, last, &goal->name);

    if (journey_goal_name(&goal->name, NULL) != JOURNEY_OK) {
        (void) journey_error(err, "a name is not of the form "
                             "[a-z][a-z0-9_-]* with at most 64 characters");

        if (p == last || *p != ',') {
            p = start;
        }

        goto malformed;
    }

    p = journey_application_skip(p, last);
    seen = 0;

    while (p < last && *p != ',') {

        start = p;

        if (*p != ';') {
            (void) journey_error(err, "behind a name or a value stands "
                                 "something else than \";\"");
            goto malformed;
        }

        p = journey_application_skip(p + 1, last);

        if (journey_application_parameter(&p, last, goal, &seen, err)
            != JOURNEY_OK)
        {
            p = start;
            goto malformed;
        }
    }

    text->data = p;
    text->len = last - p;

    return JOURNEY_OK;

malformed:

    p = journey_application_next(p, last);

    text->data = p;
    text->len = last - p;

    return JOURNEY_ERROR;
}


/* One parameter, or none, and the blanks behind it. */

static int
journey_application_parameter(u_char **pos, u_char *last,
    journey_application_goal_t *goal, unsigned *seen, journey_error_t *err)
{
    u_char         *p;
    unsigned        i;
    journey_str_t   name, *field[3];

    static const journey_str_t  names[] = {
        journey_string("value"),
        journey_string("currency"),
        journey_string("id"),
        journey_string("completes")
    };

    field[0] = &goal->value;
    field[1] = &goal->currency;
    field[2] = &goal->id;

    p = journey_application_word(*pos, last, &name);
    p = journey_application_skip(p, last);

    *pos = p;

    if (name.len == 0 && (p == last || *p != '=')) {
        return JOURNEY_OK;              /* ";;" */
    }

    for (i = 0; i < 4; i++) {
        if (journey_str_equal_ci(&name, &names[i])) {
            break;
        }
    }

    if (i == 4) {
        return journey_error(err, "a parameter is none of value, currency, "
                             "id and completes");
    }

    if (*seen & (1u << i)) {
        return journey_error(err, "%s stands twice", (char *) names[i].data);
    }

    *seen |= 1u << i;

    if (i == 3) {
        goal->completes = 1;

        return (p == last || *p != '=')
               ? JOURNEY_OK : journey_error(err, "completes has a value");
    }

    if (p == last || *p != '=') {
        return journey_error(err, "%s has no value", (char *) names[i].data);
    }

    *pos = journey_application_skip(p + 1, last);

    return journey_application_value(pos, last, field[i], err);
}


static int
journey_application_value(u_char **pos, u_char *last, journey_str_t *value,
    journey_error_t *err)
{
    u_char  *p;

    p = *pos;

    if (p < last && *p == '"') {
        return journey_application_quoted(pos, last, value, err);
    }

    value->data = p;

    for ( /* void */ ; p < last && *p != ';'; p++) {

        if (*p == ',' && journey_application_parts(p, last)) {
            break;
        }

        if (*p == '"' || journey_application_control(*p)) {
            return journey_error(err, "a value without quotes holds a "
                                 "quotation mark or a control character");
        }
    }

    *pos = p;

    while (p > value->data && journey_application_blank(p[-1])) {
        p--;
    }

    value->len = p - value->data;

    return JOURNEY_OK;
}


static int
journey_application_quoted(u_char **pos, u_char *last, journey_str_t *value,
    journey_error_t *err)
{
    u_char  *p, *dst, *start;

    start = *pos + 1;

    /* judged first: what is malformed is left as it is */

    for (p = start; p < last && *p != '"'; p++) {

        if (*p == '\\' && p + 1 < last) {
            p++;
        }

        if (journey_application_control(*p)) {
            return journey_error(err, "a value holds a control character");
        }
    }

    if (p == last) {
        return journey_error(err, "a quoted value has no end");
    }

    *pos = journey_application_skip(p + 1, last);

    value->data = start;
    dst = memchr(start, '\\', p - start);

    if (dst == NULL) {
        value->len = p - start;
        return JOURNEY_OK;
    }

    for (last = p, p = dst; p < last; p++) {

        if (*p == '\\') {
            p++;
        }

        *dst++ = *p;
    }

    value->len = dst - start;

    return JOURNEY_OK;
}


static u_char *
journey_application_skip(u_char *p, u_char *last)
{
    while (p < last && journey_application_blank(*p)) {
        p++;
    }

    return p;
}


/* A name, whatever its form. */

static u_char *
journey_application_word(u_char *p, u_char *last, journey_str_t *word)
{
    word->data = p;

    while (p < last && *p != ';' && *p != ',' && *p != '='
           && !journey_application_blank(*p))
    {
        p++;
    }

    word->len = p - word->data;

    return p;
}


/* 1 when the comma at p has a blank and then the begin of a goal behind it. */

static int
journey_application_parts(u_char *p, u_char *last)
{
    journey_str_t  name;

    p++;

    if (p == last || !journey_application_blank(*p)) {
        return 0;
    }

    p = journey_application_skip(p, last);
    p = journey_application_word(p, last, &name);

    if (journey_goal_name(&name, NULL) != JOURNEY_OK) {
        return 0;
    }

    p = journey_application_skip(p, last);

    return p == last || *p == ';' || *p == ',';
}


/* The comma behind which the next goal begins. */

static u_char *
journey_application_next(u_char *p, u_char *last)
{
    int  quoted;

    if (p < last && *p == ',') {
        return p;
    }

    for (quoted = 0; p < last; p++) {

        if (*p == '"') {
            quoted = !quoted;

        } else if (*p == '\\' && quoted && p + 1 < last) {
            p++;

        } else if (*p == ',' && !quoted
                   && journey_application_parts(p, last))
        {
            break;
        }
    }

    return p;
}


int
journey_application_user(const journey_str_t *id, journey_error_t *err)
{
    size_t  i;

    if (id->len == 0 || journey_str_is(id, "-")) {
        return JOURNEY_DECLINED;
    }

    if (id->len > JOURNEY_APPLICATION_ID) {
        return journey_error(err, "it is longer than %d bytes",
                             JOURNEY_APPLICATION_ID);
    }

    for (i = 0; i < id->len; i++) {
        if (id->data[i] < 0x20 || id->data[i] == 0x7f) {
            return journey_error(err, "it holds a control character");
        }
    }

    return JOURNEY_OK;
}
