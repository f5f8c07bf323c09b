
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "journey_address.h"
#include "journey_daily.h"


#define JOURNEY_DAILY_MAC    16

/* What separates the visitor's message from those of keyed_hash(). */
#define JOURNEY_DAILY_WHO    "visitor"

/* The message: the word with its NUL, four lengths, four fields. */
#define JOURNEY_DAILY_MAX    (sizeof(JOURNEY_DAILY_WHO) + 4 * 2 + 8           \
                              + JOURNEY_DAILY_AGENT + JOURNEY_DAILY_LANGUAGE  \
                              + JOURNEY_HOST_MAX)


typedef struct {
    unsigned      exists;
    u_char        key[JOURNEY_SALT_LEN];
} journey_daily_salt_t;


struct journey_daily_s {
    EVP_MAC               *mac;
    EVP_MAC_CTX           *ctx;
    uint32_t               generation;
    uint64_t               from;        /* s since 1970: what is held is */
    uint64_t               until;       /* right from then until before then */
    journey_daily_salt_t   salts[JOURNEY_SALT_LAST];
};


static int journey_salt_create(journey_salts_t *salts, uint64_t now,
    uint64_t up, journey_random_pt random);
static int journey_salt_expired(const journey_salt_t *salt, uint64_t up);
static int journey_salt_destroy(journey_salts_t *salts, journey_salt_t *salt,
    uint64_t now);
static void journey_salts_changed(journey_salts_t *salts);
static void journey_daily_free(void *data);
static void journey_daily_copy(journey_daily_salt_t *copy,
    const journey_salt_t *salt);
static u_char *journey_daily_put(u_char *p, const u_char *data, size_t len,
    size_t max);
static int journey_daily_mac(journey_daily_t *daily, journey_salt_e salt,
    const u_char *one, size_t one_len, const journey_str_t *two, u_char *mac);


int
journey_salts_rotate(journey_salts_t *salts, uint64_t now, uint64_t up,
    journey_random_pt random)
{
    int              rc, changed;
    uint32_t         day, current;
    uint64_t         second;
    journey_salt_t  *today, *previous;

    today = &salts->today;
    previous = &salts->previous;

    day = (uint32_t) (now / JOURNEY_SALT_DAY);
    second = now % JOURNEY_SALT_DAY;

    changed = 0;

    if (journey_salt_expired(today, up)) {
        changed |= journey_salt_destroy(salts, today, now);
    }

    if (journey_salt_expired(previous, up)) {
        changed |= journey_salt_destroy(salts, previous, now);
    }

    if (today->exists && today->day != day
        && !(today->day == day + 1
             && second >= JOURNEY_SALT_DAY - JOURNEY_SALT_AHEAD))
    {
        if (today->day + 1 == day && second < JOURNEY_SALT_KEEP) {
            (void) journey_salt_destroy(salts, previous, now);

            *previous = *today;
            OPENSSL_cleanse(today, sizeof(journey_salt_t));

            changed = 1;

        } else {
            changed |= journey_salt_destroy(salts, today, now);
        }
    }

    current = today->exists ? today->day : day;

    if (previous->exists
        && (previous->day + 1 != current
            || now >= (uint64_t) current * JOURNEY_SALT_DAY
                      + JOURNEY_SALT_KEEP))
    {
        changed |= journey_salt_destroy(salts, previous, now);
    }

    rc = JOURNEY_OK;

    if (!today->exists) {
        rc = journey_salt_create(salts, now, up, random);
        changed |= (rc == JOURNEY_OK);
    }

    if (changed) {
        journey_salts_changed(salts);
    }

    return rc;
}


static int
journey_salt_create(journey_salts_t *salts, uint64_t now, uint64_t up,
    journey_random_pt random)
{
    journey_salt_t  *salt;

    salt = &salts->today;

    if (random == NULL) {
        random = RAND_bytes;
    }

    if (random(salt->key, JOURNEY_SALT_LEN) != 1) {
        OPENSSL_cleanse(salt, sizeof(journey_salt_t));
        return JOURNEY_ERROR;
    }

    salt->day = (uint32_t) (now / JOURNEY_SALT_DAY);
    salt->created = now;
    salt->born = up;
    salt->exists = 1;

    salts->created++;

    return JOURNEY_OK;
}


/* A caller may have read up before another one made the salt. */

static int
journey_salt_expired(const journey_salt_t *salt, uint64_t up)
{
    return salt->exists
           && (up >= salt->born + JOURNEY_SALT_LIFE
               || up + JOURNEY_SALT_AHEAD < salt->born);
}


/* Returns 1 when there was one. */

static int
journey_salt_destroy(journey_salts_t *salts, journey_salt_t *salt,
    uint64_t now)
{
    journey_salt_gone_t  *gone;

    if (!salt->exists) {
        return 0;
    }

    gone = salts->gone;

    memmove(&gone[1], &gone[0],
            (JOURNEY_SALTS_GONE - 1) * sizeof(journey_salt_gone_t));

    gone->day = salt->day;
    gone->created = salt->created;
    gone->destroyed = now;

    salts->ngone = journey_min(salts->ngone + 1, JOURNEY_SALTS_GONE);
    salts->destroyed++;

    OPENSSL_cleanse(salt, sizeof(journey_salt_t));

    return 1;
}


/* 0 is the generation before the first. */

static void
journey_salts_changed(journey_salts_t *salts)
{
    uint32_t  generation;

    generation = salts->generation + 1;

    __atomic_store_n(&salts->generation, (generation == 0) ? 1 : generation,
                     __ATOMIC_RELEASE);
}


void
journey_salts_destroy(journey_salts_t *salts, uint64_t now)
{
    int  changed;

    changed = journey_salt_destroy(salts, &salts->previous, now);
    changed |= journey_salt_destroy(salts, &salts->today, now);

    if (changed) {
        journey_salts_changed(salts);
    }
}


uint64_t
journey_salts_due(const journey_salts_t *salts, uint64_t now, uint64_t up)
{
    unsigned               i;
    uint64_t               due, second;
    const journey_salt_t  *salt;

    second = now % JOURNEY_SALT_DAY;

    due = journey_min(JOURNEY_SALT_CHECK, JOURNEY_SALT_DAY - second);

    if (salts->previous.exists && second < JOURNEY_SALT_KEEP) {
        due = journey_min(due, JOURNEY_SALT_KEEP - second);
    }

    for (i = 0; i < JOURNEY_SALT_LAST; i++) {
        salt = (i == JOURNEY_SALT_TODAY) ? &salts->today : &salts->previous;

        if (!salt->exists) {
            continue;
        }

        if (journey_salt_expired(salt, up)) {
            return 1;
        }

        due = journey_min(due, salt->born + JOURNEY_SALT_LIFE - up);
    }

    return due;
}


journey_daily_t *
journey_daily_create(journey_pool_t *pool, journey_error_t *err)
{
    size_t            size;
    OSSL_PARAM        params[2];
    journey_daily_t  *daily;

    static const u_char  none[JOURNEY_SALT_LEN];

    daily = journey_pcalloc(pool, sizeof(journey_daily_t));

    if (daily == NULL
        || journey_pool_cleanup(pool, journey_daily_free, daily) != JOURNEY_OK)
    {
        journey_error(err, "out of memory");
        return NULL;
    }

    daily->mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_SIPHASH, NULL);

    if (daily->mac == NULL) {
        journey_error(err, "libcrypto has no SipHash");
        return NULL;
    }

    daily->ctx = EVP_MAC_CTX_new(daily->mac);

    if (daily->ctx == NULL) {
        journey_error(err, "out of memory");
        return NULL;
    }

    size = JOURNEY_DAILY_MAC;
    params[0] = OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size);
    params[1] = OSSL_PARAM_construct_end();

    if (!EVP_MAC_init(daily->ctx, none, JOURNEY_SALT_LEN, params)) {
        journey_error(err, "libcrypto's SipHash failed");
        return NULL;
    }

    return daily;
}


static void
journey_daily_free(void *data)
{
    journey_daily_t  *daily = data;

    journey_daily_wipe(daily);

    EVP_MAC_CTX_free(daily->ctx);
    EVP_MAC_free(daily->mac);

    daily->ctx = NULL;
    daily->mac = NULL;
}


int
journey_daily_ready(const journey_daily_t *daily,
    const journey_salts_t *salts, uint64_t now)
{
    return now >= daily->from && now < daily->until
           && daily->generation == __atomic_load_n(&salts->generation,
                                                   __ATOMIC_ACQUIRE);
}


void
journey_daily_load(journey_daily_t *daily, const journey_salts_t *salts)
{
    uint64_t  begin;

    if (daily->generation == salts->generation && daily->until != 0) {
        return;
    }

    journey_daily_wipe(daily);

    daily->generation = salts->generation;

    journey_daily_copy(&daily->salts[JOURNEY_SALT_TODAY], &salts->today);
    journey_daily_copy(&daily->salts[JOURNEY_SALT_PREVIOUS],
                       &salts->previous);

    if (!salts->today.exists) {
        /* never ready: the next one to ask tries again */
        return;
    }

    begin = (uint64_t) salts->today.day * JOURNEY_SALT_DAY;

    daily->from = begin - journey_min(begin, JOURNEY_SALT_AHEAD);
    daily->until = begin + (salts->previous.exists ? JOURNEY_SALT_KEEP
                                                   : JOURNEY_SALT_DAY);
}


static void
journey_daily_copy(journey_daily_salt_t *copy, const journey_salt_t *salt)
{
    if (salt->exists) {
        memcpy(copy->key, salt->key, JOURNEY_SALT_LEN);
        copy->exists = 1;
    }
}


void
journey_daily_wipe(journey_daily_t *daily)
{
    static const u_char  none[JOURNEY_SALT_LEN];

    OPENSSL_cleanse(daily->salts, sizeof(daily->salts));

    daily->generation = 0;
    daily->from = 0;
    daily->until = 0;

    /* libcrypto frees its state without wiping it, and a key can be computed
     * back from it; another key overwrites it */

    if (daily->ctx != NULL) {
        (void) EVP_MAC_init(daily->ctx, none, JOURNEY_SALT_LEN, NULL);
    }
}


int
journey_daily_hash(journey_daily_t *daily, journey_salt_e salt,
    const journey_who_t *who, u_char id[JOURNEY_ID_LEN])
{
    int                rc;
    size_t             i, len;
    u_char             buf[JOURNEY_DAILY_MAX], mac[JOURNEY_DAILY_MAC];
    u_char            *p, *host;
    journey_str_t      none = journey_null_string;
    journey_address_t  address;

    memcpy(buf, JOURNEY_DAILY_WHO, sizeof(JOURNEY_DAILY_WHO));
    p = buf + sizeof(JOURNEY_DAILY_WHO);

    (void) journey_address_cut(&address, who->addr, JOURNEY_ADDRESS_VISITOR);

    p = journey_daily_put(p, address.data, address.len, sizeof(address.data));
    p = journey_daily_put(p, who->agent.data, who->agent.len,
                          JOURNEY_DAILY_AGENT);
    p = journey_daily_put(p, who->language.data, who->language.len,
                          JOURNEY_DAILY_LANGUAGE);

    host = p + 2;
    p = journey_daily_put(p, who->host.data, who->host.len, JOURNEY_HOST_MAX);

    len = p - host;

    for (i = 0; i < len; i++) {
        host[i] = journey_tolower(host[i]);
    }

    rc = journey_daily_mac(daily, salt, buf, p - buf, &none, mac);

    if (rc == JOURNEY_OK) {
        memcpy(id, mac, JOURNEY_ID_LEN);
    }

    return rc;
}


/* The length in network byte order, and at most max bytes. */

static u_char *
journey_daily_put(u_char *p, const u_char *data, size_t len, size_t max)
{
    size_t  n;

    n = journey_min(len, 65535);

    *p++ = (u_char) (n >> 8);
    *p++ = (u_char) n;

    n = journey_min(len, max);

    if (n > 0) {
        memcpy(p, data, n);
    }

    return p + n;
}


int
journey_daily_keyed_hash(journey_daily_t *daily, journey_salt_e salt,
    u_char *dst, const char *domain, const journey_str_t *value)
{
    int     rc;
    u_char  mac[JOURNEY_DAILY_MAC];

    rc = journey_daily_mac(daily, salt, (const u_char *) domain,
                           strlen(domain) + 1, value, mac);

    if (rc == JOURNEY_OK) {
        (void) journey_base64url_encode(dst, mac, 12);
    }

    return rc;
}


static int
journey_daily_mac(journey_daily_t *daily, journey_salt_e salt,
    const u_char *one, size_t one_len, const journey_str_t *two, u_char *mac)
{
    size_t                       size;
    const journey_daily_salt_t  *s;

    s = &daily->salts[salt];

    if (!s->exists) {
        return JOURNEY_DECLINED;
    }

    if (!EVP_MAC_init(daily->ctx, s->key, JOURNEY_SALT_LEN, NULL)
        || !EVP_MAC_update(daily->ctx, one, one_len)
        || (two->len > 0
            && !EVP_MAC_update(daily->ctx, two->data, two->len))
        || !EVP_MAC_final(daily->ctx, mac, &size, JOURNEY_DAILY_MAC)
        || size != JOURNEY_DAILY_MAC)
    {
        return JOURNEY_ERROR;
    }

    return JOURNEY_OK;
}
