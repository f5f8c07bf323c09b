
/*
 * Copyright (C) ngx_journey_module contributors
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE             /* memfd_create(), memmem() */
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journey_address.h"
#include "journey_geo.h"


/* Records that are kept decoded, networks whose record is kept. */
#define JOURNEY_GEO_SLOTS    256
#define JOURNEY_GEO_NETWORKS 1024

#define JOURNEY_GEO_COUNTRY  2
#define JOURNEY_GEO_REGION   8


/*
 * A record of the file, decoded.  What it holds depends on the file alone,
 * which never changes while it is open, and on no visitor.
 */

typedef struct {
    uint32_t          record;           /* its offset + 1, 0: a free slot */
    uint8_t           country;          /* lengths in text, in this order */
    uint8_t           region;
    uint8_t           city;
    u_char            text[JOURNEY_GEO_COUNTRY + JOURNEY_GEO_REGION
                           + JOURNEY_VALUE_MAX];
} journey_geo_slot_t;


/* The walk through the tree takes most of a look-up, and a visitor comes for
 * some pages in a row. */

typedef struct {
    uint64_t          key;              /* of the cut address, 0: free */
    uint32_t          record;           /* as above, 0: none is found */
} journey_geo_network_t;


struct journey_geo_s {
    MMDB_s                  mmdb;
    journey_geo_slot_t     *slots;
    journey_geo_network_t  *networks;
};


static int journey_geo_load(const char *path, journey_error_t *err);
static int journey_geo_copy(int from, int to);
static int journey_geo_has_country(const MMDB_s *mmdb);
static void journey_geo_close(void *data);
static uint64_t journey_geo_cut(const struct sockaddr *addr,
    struct sockaddr_storage *cut);
static uint32_t journey_geo_record(const journey_geo_t *geo,
    const struct sockaddr_storage *cut);
static void journey_geo_decode(const journey_geo_t *geo, uint32_t offset,
    journey_geo_slot_t *slot);
static int journey_geo_text(const journey_geo_t *geo, uint32_t offset,
    journey_str_t *text, const char *const *path);
static uint8_t journey_geo_code(u_char *dst, const journey_str_t *text,
    size_t min, size_t max);


/* Paths of the values: MaxMind's and DB-IP's databases have the first ones,
 * flat databases (IPinfo's) the second. */

static const char *const  journey_geo_country[] = {
    "country", "iso_code", NULL
};
static const char *const  journey_geo_country_code[] = {
    "country_code", NULL
};
static const char *const  journey_geo_country_flat[] = {
    "country", NULL
};
static const char *const  journey_geo_region[] = {
    "subdivisions", "0", "iso_code", NULL
};
static const char *const  journey_geo_city[] = {
    "city", "names", "en", NULL
};
static const char *const  journey_geo_city_flat[] = {
    "city", NULL
};


journey_geo_t *
journey_geo_open(journey_pool_t *pool, const char *path, journey_error_t *err)
{
    int             fd, rc;
    char            name[64];
    journey_geo_t  *geo;

    geo = journey_pcalloc(pool, sizeof(journey_geo_t));

    if (geo != NULL) {
        geo->slots = journey_pcalloc(pool, JOURNEY_GEO_SLOTS
                                           * sizeof(journey_geo_slot_t));
        geo->networks = journey_pcalloc(pool, JOURNEY_GEO_NETWORKS
                                              * sizeof(journey_geo_network_t));
    }

    if (geo == NULL || geo->slots == NULL || geo->networks == NULL) {
        journey_error(err, "no memory for \"%s\"", path);
        return NULL;
    }

    fd = journey_geo_load(path, err);

    if (fd == JOURNEY_ERROR) {
        return NULL;
    }

    if (fd == JOURNEY_DECLINED) {
        rc = MMDB_open(path, MMDB_MODE_MMAP, &geo->mmdb);

    } else {
        snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        rc = MMDB_open(name, MMDB_MODE_MMAP, &geo->mmdb);
        close(fd);

        if (rc == MMDB_FILE_OPEN_ERROR) {
            /* no /proc */
            rc = MMDB_open(path, MMDB_MODE_MMAP, &geo->mmdb);
        }
    }

    if (rc != MMDB_SUCCESS) {
        journey_error(err, "cannot open \"%s\": %s", path, MMDB_strerror(rc));
        return NULL;
    }

    if (journey_pool_cleanup(pool, journey_geo_close, geo) != JOURNEY_OK) {
        MMDB_close(&geo->mmdb);
        journey_error(err, "no memory for \"%s\"", path);
        return NULL;
    }

    if (!journey_geo_has_country(&geo->mmdb)) {
        journey_error(err, "\"%s\" holds no countries, it is a \"%.100s\"",
                      path, geo->mmdb.metadata.database_type);
        return NULL;
    }

    return geo;
}


/*
 * The library maps a file by its name.  A mapped file that is overwritten in
 * place kills the process with SIGBUS, so the file is copied into memory that
 * has a name of its own: memfd_create() and /proc.  Returns the descriptor.
 * JOURNEY_DECLINED: this kernel (or a filter of system calls) has no memfd;
 * then the file itself is mapped, and is to be replaced by rename only.
 */

static int
journey_geo_load(const char *path, journey_error_t *err)
{
    int          from, to;
    struct stat  st;

    from = open(path, O_RDONLY|O_CLOEXEC);

    if (from == -1) {
        return journey_error(err, "cannot open \"%s\": %s", path,
                             strerror(errno));
    }

    if (fstat(from, &st) == -1 || !S_ISREG(st.st_mode)) {
        close(from);
        return journey_error(err, "\"%s\" is no regular file", path);
    }

    to = memfd_create("journey_geoip", MFD_CLOEXEC);

    if (to == -1) {
        close(from);
        return JOURNEY_DECLINED;
    }

    if (journey_geo_copy(from, to) != JOURNEY_OK) {
        journey_error(err, "cannot read \"%s\" into memory: %s", path,
                      strerror(errno));
        close(from);
        close(to);
        return JOURNEY_ERROR;
    }

    close(from);

    return to;
}


static int
journey_geo_copy(int from, int to)
{
    char     buf[65536];
    ssize_t  n, done, written;

    for ( ;; ) {
        n = read(from, buf, sizeof(buf));

        if (n == 0) {
            return JOURNEY_OK;
        }

        if (n == -1) {
            if (errno == EINTR) {
                continue;
            }

            return JOURNEY_ERROR;
        }

        for (done = 0; done < n; done += written) {
            written = write(to, buf + done, n - done);

            if (written == -1) {
                if (errno != EINTR) {
                    return JOURNEY_ERROR;
                }

                written = 0;
            }
        }
    }
}


/*
 * A file that can tell countries has their key somewhere in its data: the
 * format writes a string of n bytes as the byte 0x40 + n and the text.
 */

static int
journey_geo_has_country(const MMDB_s *mmdb)
{
    size_t         len;
    const uint8_t  *data;

    static const char  nested[] = "\107country";
    static const char  flat[] = "\114country_code";

    data = mmdb->data_section;
    len = mmdb->data_section_size;

    return memmem(data, len, nested, sizeof(nested) - 1) != NULL
           || memmem(data, len, flat, sizeof(flat) - 1) != NULL;
}


static void
journey_geo_close(void *data)
{
    journey_geo_t *geo = data;

    MMDB_close(&geo->mmdb);
}


int
journey_geo_find(const journey_geo_t *geo, const struct sockaddr *addr,
    journey_place_t *place)
{
    uint64_t                 key;
    uint32_t                 record;
    journey_geo_slot_t      *slot;
    journey_geo_network_t   *network;
    struct sockaddr_storage  cut;

    journey_str_null(&place->country);
    journey_str_null(&place->region);
    journey_str_null(&place->city);

    key = journey_geo_cut(addr, &cut);

    if (key == 0) {
        return JOURNEY_DECLINED;
    }

    /* multipliers near the golden ratio spread neighbours (Knuth, 6.4) */

    network = &geo->networks[(key * 0x9e3779b97f4a7c15u >> 32)
                             % JOURNEY_GEO_NETWORKS];

    if (network->key != key) {
        network->record = journey_geo_record(geo, &cut);
        network->key = key;
    }

    record = network->record;

    if (record == 0) {
        return JOURNEY_DECLINED;
    }

    slot = &geo->slots[(record * 0x9e3779b1u >> 16) % JOURNEY_GEO_SLOTS];

    if (slot->record != record) {
        journey_geo_decode(geo, record - 1, slot);
        slot->record = record;
    }

    if (slot->country == 0 && slot->region == 0 && slot->city == 0) {
        return JOURNEY_DECLINED;
    }

    memcpy(place->buf, slot->text, sizeof(slot->text));

    place->country.data = place->buf;
    place->country.len = slot->country;
    place->region.data = place->buf + slot->country;
    place->region.len = slot->region;
    place->city.data = place->region.data + slot->region;
    place->city.len = slot->city;

    return JOURNEY_OK;
}


/*
 * Cuts an address, and makes a number of it: 4 or 6 and the bits that are
 * left.  Zero: neither IPv4 nor IPv6.
 */

static uint64_t
journey_geo_cut(const struct sockaddr *addr, struct sockaddr_storage *cut)
{
    uint64_t              key;
    unsigned              i;
    journey_address_t     part;
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    if (journey_address_cut(&part, addr, JOURNEY_ADDRESS_PLACE)
        != JOURNEY_OK)
    {
        return 0;
    }

    memset(cut, 0, sizeof(struct sockaddr_in6));

    if (part.family == 4) {
        sin = (struct sockaddr_in *) cut;
        sin->sin_family = AF_INET;
        memcpy(&sin->sin_addr, part.data, part.len);

    } else {
        sin6 = (struct sockaddr_in6 *) cut;
        sin6->sin6_family = AF_INET6;
        memcpy(&sin6->sin6_addr, part.data, part.len);
    }

    key = part.family;

    for (i = 0; i < part.len; i++) {
        key = key << 8 | part.data[i];
    }

    return key;
}


/* The offset of the network's record, and 1; 0 when there is none. */

static uint32_t
journey_geo_record(const journey_geo_t *geo,
    const struct sockaddr_storage *cut)
{
    int                   rc;
    MMDB_lookup_result_s  result;

    result = MMDB_lookup_sockaddr(&geo->mmdb, (const struct sockaddr *) cut,
                                  &rc);

    if (rc != MMDB_SUCCESS || !result.found_entry) {
        return 0;
    }

    return result.entry.offset + 1;
}


static void
journey_geo_decode(const journey_geo_t *geo, uint32_t offset,
    journey_geo_slot_t *slot)
{
    u_char         *p;
    journey_str_t   text;

    p = slot->text;
    slot->country = 0;
    slot->region = 0;
    slot->city = 0;

    if (journey_geo_text(geo, offset, &text, journey_geo_country)
        || journey_geo_text(geo, offset, &text, journey_geo_country_code)
        || journey_geo_text(geo, offset, &text, journey_geo_country_flat))
    {
        slot->country = journey_geo_code(p, &text, 2, JOURNEY_GEO_COUNTRY);
        p += slot->country;
    }

    if (journey_geo_text(geo, offset, &text, journey_geo_region)) {
        slot->region = journey_geo_code(p, &text, 1, JOURNEY_GEO_REGION);
        p += slot->region;
    }

    if (journey_geo_text(geo, offset, &text, journey_geo_city)
        || journey_geo_text(geo, offset, &text, journey_geo_city_flat))
    {
        slot->city = (uint8_t) journey_utf8_cut(text.data, text.len,
                                                JOURNEY_VALUE_MAX);
        memcpy(p, text.data, slot->city);

        if (journey_utf8_mend(p, slot->city) != 0
            || memchr(p, '\0', slot->city) != NULL
            || memchr(p, '\n', slot->city) != NULL
            || memchr(p, '\r', slot->city) != NULL)
        {
            slot->city = 0;
        }
    }
}


static int
journey_geo_text(const journey_geo_t *geo, uint32_t offset,
    journey_str_t *text, const char *const *path)
{
    MMDB_entry_s       entry;
    MMDB_entry_data_s  data;

    entry.mmdb = &geo->mmdb;
    entry.offset = offset;

    if (MMDB_aget_value(&entry, &data, path) != MMDB_SUCCESS
        || !data.has_data
        || data.type != MMDB_DATA_TYPE_UTF8_STRING
        || data.data_size == 0)
    {
        return 0;
    }

    text->data = (u_char *) data.utf8_string;
    text->len = data.data_size;

    return 1;
}


/* Letters and digits, letters in upper case; else nothing. */

static uint8_t
journey_geo_code(u_char *dst, const journey_str_t *text, size_t min,
    size_t max)
{
    u_char  c;
    size_t  i;

    if (text->len < min || text->len > max) {
        return 0;
    }

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (c >= 'a' && c <= 'z') {
            c &= ~0x20;
        }

        if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) {
            return 0;
        }

        dst[i] = c;
    }

    return (uint8_t) text->len;
}
