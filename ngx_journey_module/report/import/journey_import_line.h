
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * A line of an access log in the combined format, taken apart:
 *
 *     ADDRESS IDENT USER [TIME] "REQUEST" STATUS BYTES "REFERRER" "AGENT"
 *
 * with the virtual host before it or not (Apache's vhost_combined), and
 * whatever a site has added behind it.
 */


#ifndef JOURNEY_IMPORT_LINE_H
#define JOURNEY_IMPORT_LINE_H


#include "journey_core.h"

#include <sys/socket.h>


/* Longer lines are none. */
#define JOURNEY_IMPORT_LINE_MAX  (256 * 1024)


typedef enum {
    JOURNEY_METHOD_OTHER = 0,
    JOURNEY_METHOD_GET,
    JOURNEY_METHOD_HEAD,
    JOURNEY_METHOD_POST
} journey_method_e;

/* Strings point into the line and are as they stand there, with escapes; "-"
 * is one of len 0. */

typedef struct {
    uint32_t           time;            /* s since 1970 */
    unsigned           status;
    journey_method_e   method;
    journey_str_t      client;          /* what stands before the time */
    journey_str_t      target;          /* len 0: the request is garbage */
    unsigned           old;             /* HTTP/0.9: it had no headers, and
                                           got none */
    journey_str_t      referrer;
    journey_str_t      agent;
} journey_import_line_t;

/* Who asked whom. */

typedef struct {
    journey_str_t            host;      /* len 0: the line has none; with its
                                           port */
    struct sockaddr_storage  addr;
} journey_import_client_t;

/* The minute that was read last, since most lines are of the same. */

typedef struct {
    u_char             text[26];
    int64_t            base;            /* s since 1970 of its second 0 */
} journey_import_minute_t;


/*
 * NULL, or what is wrong with the line (len bytes, without its newline): a
 * text that quotes nothing of it.  minute is all zero at first.
 */
const char *journey_import_line_read(journey_import_line_t *line,
    const u_char *p, size_t len, journey_import_minute_t *minute);

/*
 * The client of a line.  An address that is no IP address (a name, since the
 * server looked it up, "unix:") becomes one of IPv6's size that is the same
 * for equal names: it serves for the daily hash alone.
 */
void journey_import_line_client(journey_import_client_t *client,
    const journey_import_line_t *line);

/*
 * Undoes the escapes of both servers: \xHH, \" \\ \n \t ….  Without any the
 * result points into str, else into buf, which has str->len bytes.
 */
journey_str_t journey_import_unescape(const journey_str_t *str, u_char *buf);

/* 1 when the path of a target (before "?") ends in an extension that pages do
 * not have. */
int journey_import_is_asset(const journey_str_t *target);


#endif /* JOURNEY_IMPORT_LINE_H */
