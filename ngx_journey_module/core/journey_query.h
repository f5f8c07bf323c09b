
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The campaign values and click ids of a query string
 * (channels, section 2, rules 1 and 2).
 */


#ifndef JOURNEY_QUERY_H
#define JOURNEY_QUERY_H


#include "journey_core.h"


/* Kinds of click ids, in the order in which they win when several are there. */

typedef enum {
    JOURNEY_CLICK_NONE = 0,
    JOURNEY_CLICK_GCLID,
    JOURNEY_CLICK_GBRAID,
    JOURNEY_CLICK_WBRAID,
    JOURNEY_CLICK_DCLID,
    JOURNEY_CLICK_MSCLKID,
    JOURNEY_CLICK_TTCLID,
    JOURNEY_CLICK_TWCLID,
    JOURNEY_CLICK_LI_FAT_ID,
    JOURNEY_CLICK_RDT_CID,
    JOURNEY_CLICK_SCCID,
    JOURNEY_CLICK_EPIK,
    JOURNEY_CLICK_YCLID,
    JOURNEY_CLICK_GAD_SOURCE,
    JOURNEY_CLICK_SRSLTID,
    JOURNEY_CLICK_FBCLID,
    JOURNEY_CLICK_LAST
} journey_click_e;

typedef enum {
    JOURNEY_QUERY_SOURCE = 0,
    JOURNEY_QUERY_MEDIUM,
    JOURNEY_QUERY_CAMPAIGN,
    JOURNEY_QUERY_TERM,
    JOURNEY_QUERY_CONTENT,
    JOURNEY_QUERY_VALUES
} journey_query_value_e;


/*
 * What a query string says.  Values are decoded, in lower case, valid UTF-8
 * without control characters, trimmed, cut at JOURNEY_VALUE_MAX bytes at a
 * character's boundary; a value that is absent has len 0.  They point into
 * buf, so a journey_query_t must not be copied.
 */

typedef struct {
    journey_str_t     values[JOURNEY_QUERY_VALUES];
    journey_click_e   click;
    u_char            buf[JOURNEY_QUERY_VALUES * JOURNEY_VALUE_MAX];
} journey_query_t;


/*
 * Reads args (the part behind "?", as the client sent it; a "#…" ends it).
 * Linear in the length, whatever is in it.  Returns JOURNEY_OK when there is
 * any value or click id, else JOURNEY_DECLINED (q->values are then empty).
 */
int journey_query_parse(journey_query_t *q, const u_char *args, size_t len);

/* "gclid", …; empty for JOURNEY_CLICK_NONE. */
const journey_str_t *journey_click_name(journey_click_e click);


#endif /* JOURNEY_QUERY_H */
