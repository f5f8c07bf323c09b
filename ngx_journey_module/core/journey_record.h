
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The log record: one event as a line of JSON (design, section 8), written by
 * the module and read by the command.
 */


#ifndef JOURNEY_RECORD_H
#define JOURNEY_RECORD_H


#include "journey_agent.h"
#include "journey_core.h"


#define JOURNEY_PATH_MAX       512      /* bytes of p */
#define JOURNEY_RECORD_TOUCHES 16       /* names in w */
#define JOURNEY_RECORD_LABELS  8

/* A line that is read is in error beyond these, and so are its position (pn)
 * and its value (val, either way): a model has at most 255 phases, and sums of
 * values must be numbers, too. */
#define JOURNEY_LINE_MAX       (1024 * 1024)
#define JOURNEY_POSITION_MAX   65535
#define JOURNEY_MONEY_MAX      1e290

#define JOURNEY_JSON_NUMBER_LEN  352

typedef enum {
    JOURNEY_EVENT_NONE = 0,
    JOURNEY_EVENT_PAGE,
    JOURNEY_EVENT_GOAL,
    JOURNEY_EVENT_CLICK,
    JOURNEY_EVENT_PIXEL,
    JOURNEY_EVENT_ERROR,
    JOURNEY_EVENT_OFFLINE,
    JOURNEY_EVENT_LAST
} journey_event_kind_e;


/* Keys as in section 8; a string of len 0 and a number of 0 are absent, but
 * for ms, value and first_seen, which have flags of their own. */

typedef struct {
    uint64_t               time;            /* t, ms since 1970 */
    journey_str_t          visitor;         /* v */
    uint32_t               journey;         /* j */
    uint32_t               session;         /* s */
    journey_event_kind_e   kind;            /* k */
    journey_str_t          host;            /* h */
    journey_str_t          path;            /* p */
    journey_str_t          phase;           /* ph */
    uint32_t               position;        /* pn */
    journey_str_t          channel;         /* ch: present means touch */
    journey_str_t          source;          /* src */
    journey_str_t          medium;          /* med */
    journey_str_t          campaign;        /* cmp */
    journey_str_t          term;            /* trm */
    journey_str_t          content;         /* con */
    journey_str_t          click;           /* cid */
    journey_str_t          referrer;        /* ref */
    journey_str_t          why;             /* why */
    uint32_t               first_seen;      /* fs, days since 1970 */
    journey_str_t          goal;            /* goal */
    journey_str_t          currency;        /* cur */
    journey_str_t          order;           /* ord */
    double                 value;           /* val */
    journey_str_t          touches[JOURNEY_RECORD_TOUCHES];     /* w */
    uint32_t               ntouches;        /* used in touches */
    uint32_t               touches_total;   /* wn */
    uint32_t               status;          /* st */
    uint32_t               ms;              /* ms */
    journey_str_t          previous;        /* pv */
    journey_str_t          country;         /* cc */
    journey_str_t          region;          /* rg */
    journey_str_t          city;            /* ct */
    journey_device_e       device;          /* dev */
    journey_str_t          bot;             /* bot: the reason; in the log of
                                               bots alone */
    journey_str_t          user;            /* u */
    journey_str_t          label_names[JOURNEY_RECORD_LABELS];  /* l */
    journey_str_t          label_values[JOURNEY_RECORD_LABELS];
    uint32_t               nlabels;
    u_char                 basis;           /* b: 'e' 'a' 'c', 0 absent */
    unsigned               has_first_seen:1;
    unsigned               has_value:1;
    unsigned               has_ms:1;
    unsigned               done:1;          /* done */
    unsigned               prefetched:1;    /* pf */
} journey_record_t;


/* An upper bound for the bytes journey_record_write() writes. */
size_t journey_record_size(const journey_record_t *rec);

/*
 * Writes the line with its "\n"; returns the end.  Always valid JSON and
 * valid UTF-8, whatever bytes the strings hold: quotes, backslashes and
 * control characters are escaped, bytes that are no UTF-8 become U+FFFD, the
 * path is cut at JOURNEY_PATH_MAX bytes at a character's boundary.
 */
u_char *journey_record_write(u_char *dst, const journey_record_t *rec);

/*
 * Reads one line (without its "\n").  Strings point into the line where they
 * hold no escape, else into buf, which must have len bytes; both must live as
 * long as rec is used.  Unknown keys are passed over, whatever their value;
 * a key of the wrong type, a missing t or k, an unknown k, or bad JSON is an
 * error with a text that says where (byte in the line); so is one of more than
 * JOURNEY_LINE_MAX bytes.
 */
int journey_record_read(journey_record_t *rec, const u_char *line, size_t len,
    u_char *buf, journey_error_t *err);

/* "page", …. And back; JOURNEY_EVENT_NONE for an unknown word. */
const journey_str_t *journey_event_kind_name(journey_event_kind_e kind);
journey_event_kind_e journey_event_kind_parse(const journey_str_t *word);

/* Escapes a string for JSON as above, without the quotes; returns the end.
 * Writes at most 6 * len bytes. */
u_char *journey_json_escape(u_char *dst, const u_char *src, size_t len);

/*
 * The shortest decimal that reads back as the same double; no exponent below
 * 1e21; "null" for what is no number.  Returns the end; writes at most
 * JOURNEY_JSON_NUMBER_LEN bytes.
 */
u_char *journey_json_number(u_char *dst, double value);


#endif /* JOURNEY_RECORD_H */
