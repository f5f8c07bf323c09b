
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The application's word in headers of its responses: the grammar of goals,
 * and which users' ids count (design, section 5).
 */


#ifndef JOURNEY_APPLICATION_H
#define JOURNEY_APPLICATION_H


#include "journey_core.h"


#define JOURNEY_APPLICATION_GOALS  16       /* that count of a response */
#define JOURNEY_APPLICATION_ID     256      /* bytes of an order's id, of a
                                               user's */
#define JOURNEY_APPLICATION_PHASE  64       /* bytes of a phase that count */


/* Values are as they came, without quotes; of len 0: not given, or empty. */

typedef struct {
    journey_str_t   name;               /* as journey_goal_name() has it */
    journey_str_t   value;
    journey_str_t   currency;
    journey_str_t   id;
    unsigned        completes:1;
} journey_application_goal_t;


/*
 * Takes the first goal off the text, which is a header's value:
 *
 *     name *( ";" [ "completes" | ( "value" | "currency" | "id" ) "=" v ] )
 *
 * with blanks around everything but inside of a name; names of parameters in
 * either case, each at most once.  v is a quoted string (RFC 9110, section
 * 5.6.4), or what stands before the next ";" without blanks at its ends.
 * Neither holds control characters, the latter no quotation mark.
 *
 * Several goals of one text are parted by commas (RFC 9110, section 5.6.1): by
 * any behind a name or a quoted string, elsewhere only by one with a blank and
 * then a goal's name alone behind it, so that "value=99,90" is one value, if
 * none that is a number.
 *
 * JOURNEY_OK; JOURNEY_DECLINED when there is none left; JOURNEY_ERROR when
 * this goal is malformed, with a text that quotes nothing of it.  *text is what
 * is left, in each case.  Quoted strings lose their backslashes in place, and
 * the goal points into the text.  Time is linear in the length of the text,
 * however often it is called for it.
 */
int journey_application_goal_parse(journey_str_t *text,
    journey_application_goal_t *goal, journey_error_t *err);

/*
 * JOURNEY_OK when the id is a user's; JOURNEY_DECLINED when it says that there
 * is none: empty, or "-"; JOURNEY_ERROR when it is too long or holds control
 * characters, with a text that quotes nothing of it.
 */
int journey_application_user(const journey_str_t *id, journey_error_t *err);


#endif /* JOURNEY_APPLICATION_H */
