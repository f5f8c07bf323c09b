
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The words of a file in nginx's syntax.
 */


#ifndef JOURNEY_LEX_H
#define JOURNEY_LEX_H


#include "journey_core.h"


/* What ended the words. */

typedef enum {
    JOURNEY_LEX_EOF = 0,                /* no words */
    JOURNEY_LEX_LINE,                   /* words; */
    JOURNEY_LEX_BLOCK,                  /* words { */
    JOURNEY_LEX_END                     /* }, no words */
} journey_lex_e;

typedef struct {
    journey_pool_t   *pool;
    const char       *path;
    unsigned          line;             /* where reading stands, from 1 */

    journey_str_t    *words;            /* of the last call; they live as long
                                           as the pool and end in a NUL, the
                                           array lives until the next call */
    unsigned          nwords;

    unsigned          nalloc;
    u_char           *pos;
    u_char           *end;
} journey_lex_t;


/* Reads the file into the pool; path must live as long as lex does. */
int journey_lex_open(journey_lex_t *lex, journey_pool_t *pool,
    const char *path, journey_error_t *err);

/* The next words, as nginx would take them; JOURNEY_LEX_…, or JOURNEY_ERROR
 * with a text that does not name file and line. */
int journey_lex_next(journey_lex_t *lex, journey_error_t *err);

/*
 * Passes over the block whose words were the last that were read, with the
 * blocks inside.  In one whose name ends in "_block" is code of another
 * language (Lua): there quotes count wherever they stand.
 */
int journey_lex_skip(journey_lex_t *lex, journey_error_t *err);


#endif /* JOURNEY_LEX_H */
