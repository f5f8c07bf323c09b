
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Links for journey_redirect: signed ones, or short codes with their lines of
 * nginx's map; and their QR codes.
 */


#ifndef JOURNEY_LINK_H
#define JOURNEY_LINK_H


#include "journey_intern.h"
#include "journey_options.h"
#include "journey_qr.h"
#include "journey_token.h"


#define JOURNEY_LINK_CODE        6      /* letters of a code, by default */
#define JOURNEY_LINK_CODE_MIN    4
#define JOURNEY_LINK_CODE_MAX    32


typedef struct {
    journey_str_t             url;      /* with a NUL behind it */
    journey_str_t             target;
    journey_str_t             host;     /* of the target; len 0: a path */
    journey_str_t             code;     /* data is NULL: it is signed */
    journey_str_t             signature;
    journey_str_t             map;      /* the line of nginx's map */
    journey_str_t             svg;      /* name of the file, data may be NULL */
    journey_qr_t              qr;
} journey_link_t;


typedef struct {
    const journey_options_t  *opts;
    journey_pool_t           *pool;
    journey_keys_t           *keys;     /* NULL: codes are made */
    journey_str_t             base;     /* with a path */
    journey_str_t             path;     /* that of base */
    journey_str_t             host;     /* that of base */
    journey_str_t             campaign; /* raw arguments */
    journey_intern_t          codes;
    journey_link_t           *links;
    size_t                    nlinks;
    size_t                    size;
    unsigned                  failed;   /* a target was left out */
} journey_linker_t;


/*
 * Reads base, campaign and secret of the options, which must live as long.
 * JOURNEY_DECLINED when one of them will not do, which has been said on
 * standard error; JOURNEY_ERROR: no memory.  To be freed in any case.
 */
int journey_linker_init(journey_linker_t *linker,
    const journey_options_t *opts);
void journey_linker_free(journey_linker_t *linker);

/*
 * Makes the link to one target, with its pictures.  What cannot become one is
 * named on standard error, behind place ("stdin:3") unless that is NULL, and
 * left out: linker->failed.  JOURNEY_ERROR: no memory.
 */
int journey_link_add(journey_linker_t *linker, const char *text, size_t len,
    const char *place);


#endif /* JOURNEY_LINK_H */
