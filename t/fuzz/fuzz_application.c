
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The application's word: a header's value as goals.  Each is taken off the
 * text, one after the other, until nothing is left; what is accepted says the
 * same when it is written with all of its values in quotes, alone and with all
 * others in one text.  All of the value as a user.
 */


#include "journey_application.h"
#include "journey_phase.h"

#include "fuzz.h"


#define FUZZ_GOALS  64


typedef struct {
    size_t   len;
    u_char   data[32768];
} fuzz_text_t;


static void
fuzz_put(fuzz_text_t *text, const char *s)
{
    size_t  len;

    len = strlen(s);
    check(text->len + len <= sizeof(text->data));

    memcpy(text->data + text->len, s, len);
    text->len += len;
}


static void
fuzz_quoted(fuzz_text_t *text, const char *name, const journey_str_t *value)
{
    size_t  i;

    fuzz_put(text, name);
    check(text->len + 2 * value->len + 1 <= sizeof(text->data));

    for (i = 0; i < value->len; i++) {
        if (value->data[i] == '"' || value->data[i] == '\\') {
            text->data[text->len++] = '\\';
        }

        text->data[text->len++] = value->data[i];
    }

    text->data[text->len++] = '"';
}


static void
fuzz_write(fuzz_text_t *text, const journey_application_goal_t *goal)
{
    check(text->len + goal->name.len <= sizeof(text->data));
    memcpy(text->data + text->len, goal->name.data, goal->name.len);
    text->len += goal->name.len;

    fuzz_quoted(text, "; value=\"", &goal->value);
    fuzz_quoted(text, ";Currency = \"", &goal->currency);
    fuzz_quoted(text, " ; id=\"", &goal->id);

    if (goal->completes) {
        fuzz_put(text, ";completes");
    }
}


static void
fuzz_inside(const journey_str_t *s, const u_char *data, size_t size)
{
    size_t  i;

    if (s->len == 0) {
        return;
    }

    check(s->data >= data && s->data + s->len <= data + size);

    for (i = 0; i < s->len; i++) {
        check((s->data[i] >= 0x20 || s->data[i] == '\t')
              && s->data[i] != 0x7f);
    }
}


static int
fuzz_same(const journey_application_goal_t *a,
    const journey_application_goal_t *b)
{
    return journey_strcmp(&a->name, &b->name) == 0
           && journey_strcmp(&a->value, &b->value) == 0
           && journey_strcmp(&a->currency, &b->currency) == 0
           && journey_strcmp(&a->id, &b->id) == 0
           && a->completes == b->completes;
}


/* The text says these goals, and nothing else. */

static void
fuzz_says(fuzz_text_t *text, const journey_application_goal_t *goals,
    unsigned n)
{
    unsigned                    i;
    journey_str_t               rest;
    journey_application_goal_t  goal;

    rest.data = text->data;
    rest.len = text->len;

    for (i = 0; i < n; i++) {
        check(journey_application_goal_parse(&rest, &goal, NULL)
              == JOURNEY_OK);
        check(fuzz_same(&goal, &goals[i]));
    }

    check(journey_application_goal_parse(&rest, &goal, NULL)
          == JOURNEY_DECLINED);
    check(rest.len == 0);
}


static void
fuzz_reason(const journey_error_t *err)
{
    const char  *p;

    check(err->text[0] != '\0');

    for (p = err->text; *p != '\0'; p++) {
        check(*p >= 0x20 && *p < 0x7f);
    }
}


static void
fuzz_user(const uint8_t *data, size_t size)
{
    int              rc;
    size_t           i;
    journey_str_t    id;
    journey_error_t  err;

    id.data = (u_char *) data;
    id.len = size;

    err.text[0] = '\0';
    rc = journey_application_user(&id, &err);

    if (rc == JOURNEY_ERROR) {
        fuzz_reason(&err);
        return;
    }

    check(size <= JOURNEY_APPLICATION_ID);
    check((rc == JOURNEY_DECLINED)
          == (size == 0 || (size == 1 && data[0] == '-')));

    for (i = 0; i < size; i++) {
        check(data[i] >= 0x20 && data[i] != 0x7f);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                         rc;
    u_char                     *copy;
    size_t                      left;
    unsigned                    n;
    journey_str_t               rest;
    journey_error_t             err;
    journey_application_goal_t  goal, goals[FUZZ_GOALS];

    static fuzz_text_t  one, all;

    fuzz_user(data, size);

    copy = malloc(size ? size : 1);
    check(copy != NULL);
    memcpy(copy, data, size);

    rest.data = copy;
    rest.len = size;
    all.len = 0;
    n = 0;

    for ( ;; ) {
        left = rest.len;
        err.text[0] = '\0';

        rc = journey_application_goal_parse(&rest, &goal, &err);

        check(rest.data + rest.len == copy + size);

        if (rc == JOURNEY_DECLINED) {
            check(rest.len == 0);
            break;
        }

        check(rest.len < left);

        if (rc != JOURNEY_OK) {
            check(rc == JOURNEY_ERROR);
            fuzz_reason(&err);
            continue;
        }

        check(journey_goal_name(&goal.name, NULL) == JOURNEY_OK);
        fuzz_inside(&goal.name, copy, size);
        fuzz_inside(&goal.value, copy, size);
        fuzz_inside(&goal.currency, copy, size);
        fuzz_inside(&goal.id, copy, size);

        one.len = 0;
        fuzz_write(&one, &goal);
        fuzz_says(&one, &goal, 1);

        if (n < FUZZ_GOALS) {
            fuzz_put(&all, n ? ", " : "");
            fuzz_write(&all, &goal);
            goals[n++] = goal;
        }
    }

    fuzz_says(&all, goals, n);

    free(copy);

    return 0;
}
