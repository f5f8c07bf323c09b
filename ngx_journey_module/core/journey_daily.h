
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The daily hash, a visitor's name without a cookie, and the random salts
 * that key it (design, section 10).
 */


#ifndef JOURNEY_DAILY_H
#define JOURNEY_DAILY_H


#include "journey_core.h"
#include "journey_state.h"


struct sockaddr;

#define JOURNEY_SALT_LEN       16
#define JOURNEY_SALT_DAY       86400    /* s, the day is UTC's */
#define JOURNEY_SALT_KEEP      14400    /* s after midnight that yesterday's
                                           salt is kept */
#define JOURNEY_SALT_LIFE      (JOURNEY_SALT_DAY + JOURNEY_SALT_KEEP)
#define JOURNEY_SALT_AHEAD     300      /* s before midnight that tomorrow's
                                           salt is taken as today's: clocks
                                           of workers differ, and are adjusted
                                           by small steps */
#define JOURNEY_SALT_CHECK     900      /* s between two looks at the salts, at
                                           most */
#define JOURNEY_SALTS_GONE     8        /* destroyed ones that are remembered */

/* Bytes of the headers that are hashed, at most; beyond, only the length. */
#define JOURNEY_DAILY_AGENT    512
#define JOURNEY_DAILY_LANGUAGE 128


typedef struct {
    u_char       key[JOURNEY_SALT_LEN]; /* all zero when there is none */
    uint32_t     exists;
    uint32_t     day;                   /* UTC, days since 1970 */
    uint64_t     created;               /* s since 1970 */
    uint64_t     born;                  /* s of the uptime */
} journey_salt_t;


/* A salt that is gone: what the proof shows of it. */

typedef struct {
    uint32_t     day;
    uint64_t     created;               /* s since 1970 */
    uint64_t     destroyed;             /* s since 1970 */
} journey_salt_gone_t;


/*
 * The salts of all workers.  Lives in shared memory and nowhere else: plain
 * bytes without pointers, all zero at first.  Every member but generation is
 * read and written under the caller's lock only; what may be shown (times,
 * counts, never a key) is to be copied under it.
 */

typedef struct {
    uint32_t             generation;    /* another one after every change;
                                           read without the lock by
                                           journey_daily_ready() */
    uint32_t             ngone;         /* used in gone, the latest first */
    uint64_t             created;       /* numbers, since the memory is there */
    uint64_t             destroyed;
    journey_salt_t       today;
    journey_salt_t       previous;      /* yesterday's */
    journey_salt_gone_t  gone[JOURNEY_SALTS_GONE];
} journey_salts_t;


/* Fills in len random bytes, returns 1 for success: RAND_bytes()'s type. */
typedef int (*journey_random_pt)(unsigned char *buf, int len);


/*
 * Brings the salts to the time now (s since 1970).  Under the lock.  up is the
 * time of a clock that nobody sets and that runs on while the machine sleeps
 * (s, CLOCK_BOOTTIME).  random NULL: RAND_bytes().
 *
 * At midnight today's salt becomes the previous one and a new random one is
 * made; at 04:00 the previous one is overwritten (OPENSSL_cleanse).  A salt is
 * overwritten, too, when
 *
 *   - it is neither today's nor yesterday's: nobody called for days;
 *   - it is of a day that has not begun by more than JOURNEY_SALT_AHEAD: the
 *     clock was set back past midnight.  The previous salt, then today's by
 *     its date, goes as well and is never today's again;
 *   - it has lived JOURNEY_SALT_LIFE (28 h) by up, whatever now says, or up
 *     is before its making by more than JOURNEY_SALT_AHEAD.
 *
 * Returns JOURNEY_OK; JOURNEY_ERROR when there are no random bytes: then there
 * is no salt of today, what had to be overwritten is overwritten, and the next
 * call tries again.  Idempotent; a call that changes nothing costs some
 * comparisons.
 */
int journey_salts_rotate(journey_salts_t *salts, uint64_t now, uint64_t up,
    journey_random_pt random);

/* Overwrites both salts, at the end of their use.  Under the lock. */
void journey_salts_destroy(journey_salts_t *salts, uint64_t now);

/*
 * Seconds from now after which journey_salts_rotate() is to be called again:
 * at 04:00 if there is a previous salt, at midnight, when a salt reaches its
 * age, and in any case after JOURNEY_SALT_CHECK.  At least 1.  Under the lock.
 */
uint64_t journey_salts_due(const journey_salts_t *salts, uint64_t now,
    uint64_t up);


/*
 * A process's own copy of the salts, with libcrypto's context.  Owned by the
 * pool, wiped at its end.  NULL and err when memory is out or libcrypto has no
 * SipHash.
 *
 * For each request, without a lock in the usual case:
 *
 *     if (!journey_daily_ready(daily, salts, now)) {
 *         lock
 *         rc = journey_salts_rotate(salts, now, up, NULL);
 *         journey_daily_load(daily, salts);
 *         unlock
 *     }
 *
 *     rc = journey_daily_hash(daily, JOURNEY_SALT_TODAY, &who, id);
 *
 * The same five lines belong into a timer of each worker, armed anew by
 * journey_salts_due(): an idle worker has a copy to overwrite, too.
 */

typedef struct journey_daily_s  journey_daily_t;

journey_daily_t *journey_daily_create(journey_pool_t *pool,
    journey_error_t *err);

/* 1 when the copy is the salts' latest and holds exactly what is valid at
 * now.  No lock: of the shared memory only generation is read, atomically, and
 * keys never. */
int journey_daily_ready(const journey_daily_t *daily,
    const journey_salts_t *salts, uint64_t now);

/* Takes over the salts, after journey_salts_rotate() and under the same lock;
 * the copies before, and what libcrypto derived of them, are overwritten. */
void journey_daily_load(journey_daily_t *daily, const journey_salts_t *salts);

/* Overwrites the copies; nothing can be hashed until the next load. */
void journey_daily_wipe(journey_daily_t *daily);


typedef enum {
    JOURNEY_SALT_TODAY = 0,
    JOURNEY_SALT_PREVIOUS,              /* for sessions across midnight */
    JOURNEY_SALT_LAST
} journey_salt_e;


/* Who asks.  An absent header is one of len 0. */

typedef struct {
    const struct sockaddr  *addr;       /* the client's; NULL: unknown */
    journey_str_t           agent;      /* User-Agent */
    journey_str_t           language;   /* Accept-Language */
    journey_str_t           host;       /* in any case, without port */
} journey_who_t;


/*
 * The visitor's id of that day: the first 96 bits of SipHash-2-4-128 under the
 * salt over "visitor", NUL, and for each of address, user agent,
 * Accept-Language and host its length and its bytes, so that no two different
 * inputs are one message.  Address: see journey_address.h, without one (a unix
 * socket) the rest decides.  Of the user agent JOURNEY_DAILY_AGENT bytes
 * count, of the language JOURNEY_DAILY_LANGUAGE, of the host JOURNEY_HOST_MAX
 * in lower case, each with its whole length (65535 at most): headers that
 * differ beyond are one if they are of a length.
 *
 * JOURNEY_DECLINED: there is no such salt (the previous one after 04:00, or
 * none for lack of random bytes); JOURNEY_ERROR: libcrypto failed.  id is then
 * not written, and the visitor stays unknown.
 */
int journey_daily_hash(journey_daily_t *daily, journey_salt_e salt,
    const journey_who_t *who, u_char id[JOURNEY_ID_LEN]);

/*
 * As journey_keyed_hash() (journey_token.h), under a salt: domain, NUL, value;
 * the first 96 bits in base64url, 16 bytes at dst.  domain is not "visitor":
 * "ord" keys orders where a profile wants that.  Returns as above.
 */
int journey_daily_keyed_hash(journey_daily_t *daily, journey_salt_e salt,
    u_char *dst, const char *domain, const journey_str_t *value);


#endif /* JOURNEY_DAILY_H */
