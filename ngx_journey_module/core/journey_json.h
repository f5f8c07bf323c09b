
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Reading JSON (RFC 8259) of one line: a parser that is asked for what it
 * should find.  No allocation, no recursion, linear time.
 */


#ifndef JOURNEY_JSON_H
#define JOURNEY_JSON_H


#include "journey_core.h"


typedef struct {
    const u_char     *line;
    const u_char     *pos;
    const u_char     *end;
    u_char           *buf;              /* room for strings with escapes, as
                                           long as the line */
    journey_error_t  *err;
} journey_json_t;


/*
 * Each reads one thing after blanks and leaves pos behind it.  JOURNEY_ERROR
 * and a text with the place (byte of the line, from 1) when it is not there.
 */

/* A string: points into the line when it holds no escape, else into buf.
 * Half a surrogate pair becomes U+FFFD. */
int journey_json_string(journey_json_t *json, journey_str_t *str);

/* A whole number up to max, without sign, point and exponent. */
int journey_json_uint(journey_json_t *json, uint64_t max, uint64_t *value);

/* Any number; infinite when it is too large for a double. */
int journey_json_double(journey_json_t *json, double *value);

/* "KEY": of a member of an object. */
int journey_json_name(journey_json_t *json, journey_str_t *name);

/* Passes over any value; nested up to 64 levels. */
int journey_json_skip(journey_json_t *json);

/* Fills the error: "what at byte N"; returns JOURNEY_ERROR. */
int journey_json_error(journey_json_t *json, const char *what);


/* The next byte that is no blank, left where it is; 0 at the end. */

static inline u_char
journey_json_peek(journey_json_t *json)
{
    while (json->pos < json->end && *json->pos <= ' ') {
        if (*json->pos != ' ' && *json->pos != '\t' && *json->pos != '\r'
            && *json->pos != '\n')
        {
            return *json->pos;
        }

        json->pos++;
    }

    return json->pos < json->end ? *json->pos : 0;
}


#endif /* JOURNEY_JSON_H */
