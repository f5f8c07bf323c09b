
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What journey privacy shows: the saved answer of journey_status, and what
 * logs tell of their age.
 */


#ifndef JOURNEY_PRIVACY_H
#define JOURNEY_PRIVACY_H


#include "journey_table.h"


/* A number that the status does not have: another version's. */
#define JOURNEY_UNKNOWN  UINT64_MAX


typedef struct {
    journey_str_t       profile;        /* len 0: none */
    journey_str_t       identity;
    uint64_t            consent;        /* these three: 0, 1 or unknown */
    uint64_t            optout;
    uint64_t            secret;
    journey_cell_t      signals;        /* lists */
    journey_cell_t      geo;
    journey_cell_t      logs;
    journey_str_t       cookie;         /* len 0: none */
    journey_str_t       domain;
    uint64_t            max_age;        /* s */
    uint64_t            session;        /* s */
} journey_settings_t;

typedef struct {
    journey_str_t       day;
    uint64_t            created;        /* s since 1970 */
    uint64_t            destroyed;      /* unknown: it exists */
    uint64_t            due;            /* to be destroyed, s since 1970 */
    unsigned            held;           /* and was, or may still exist */
} journey_salt_times_t;

typedef struct {
    const char             *file;
    journey_str_t           version;
    uint64_t                time;       /* s since 1970 */
    uint64_t                started;

    uint64_t                suppressed_optout;
    uint64_t                suppressed_gpc;
    uint64_t                suppressed_dnt;
    uint64_t                suppressed_consent;
    uint64_t                clamped;
    uint64_t                optouts;
    uint64_t                undone;
    uint64_t                cookies_deleted;
    uint64_t                continued;
    uint64_t                visitors;   /* without a cookie, in memory */
    uint64_t                evicted;

    uint64_t                salts_created;
    uint64_t                salts_destroyed;
    journey_salt_times_t   *salts;      /* the latest first */
    unsigned                nsalts;
    unsigned                late;       /* of them */

    journey_settings_t     *settings;
    unsigned                nsettings;
} journey_status_t;


/* Of the records of a log; the bases are those of b. */

typedef enum {
    JOURNEY_BASIS_EXEMPT = 0,
    JOURNEY_BASIS_ANONYMOUS,
    JOURNEY_BASIS_CONSENT,
    JOURNEY_BASIS_NONE,
    JOURNEY_BASIS_LAST
} journey_basis_e;

typedef struct {
    uint64_t            records;
    uint64_t            basis[JOURNEY_BASIS_LAST];
    uint64_t            oldest;         /* ms; UINT64_MAX and 0 without any */
    uint64_t            newest;
    uint64_t            old;            /* before the limit */
    uint64_t            old_exempt;     /* of these, of the profile exempt */
    uint64_t            unreadable;     /* lines */
    uint64_t            torn;           /* members */
} journey_age_t;


/*
 * Reads the saved JSON of journey_status, "-" for standard input; strings and
 * arrays belong to the pool.  JOURNEY_ERROR with a text that names the file.
 */
int journey_status_read(journey_pool_t *pool, const char *file,
    journey_status_t *status, journey_error_t *err);

/*
 * Reads a log; limit is in ms.  What is broken is printed and counted;
 * JOURNEY_DECLINED when anything was, JOURNEY_ERROR when memory is exhausted.
 */
int journey_age_read(const char *file, uint64_t limit, journey_age_t *age);

/* All of it in words; ages has one for each of files.  JOURNEY_ERROR when
 * memory is exhausted. */
int journey_privacy_text(const journey_options_t *opts, journey_pool_t *pool,
    const journey_status_t *status, char *const *files,
    const journey_age_t *ages, unsigned nfiles);

int journey_privacy_command(const journey_options_t *opts);


#endif /* JOURNEY_PRIVACY_H */
