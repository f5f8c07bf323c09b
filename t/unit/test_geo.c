
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Country, region and city, by files that t/data/make_mmdb.pl writes.
 * Run it at the project's top.
 */


#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "journey_geo.h"
#include "tap.h"


static char  test_dir[] = "/tmp/test_geo.XXXXXX";


/* Writes an mmdb file and returns its path. */

static const char *
test_make(const char *option)
{
    char         command[512];
    static char  path[256];

    snprintf(path, sizeof(path), "%s/test%s.mmdb", test_dir, option);
    snprintf(command, sizeof(command), "perl t/data/make_mmdb.pl %s %s",
             option, path);

    if (system(command) != 0) {
        printf("Bail out! cannot make an mmdb file, is "
               "libmaxmind-db-writer-perl installed?\n");
        exit(1);
    }

    return path;
}


static void
test_address(const char *text, struct sockaddr_storage *ss)
{
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    memset(ss, 0, sizeof(struct sockaddr_storage));

    if (strchr(text, ':') == NULL) {
        sin = (struct sockaddr_in *) ss;
        sin->sin_family = AF_INET;
        inet_pton(AF_INET, text, &sin->sin_addr);

    } else {
        sin6 = (struct sockaddr_in6 *) ss;
        sin6->sin6_family = AF_INET6;
        inet_pton(AF_INET6, text, &sin6->sin6_addr);
    }
}


/* "country/region/city", or "declined". */

static void
test_is(const journey_geo_t *geo, const char *address, const char *want)
{
    char                     got[256];
    journey_place_t          place;
    struct sockaddr_storage  ss;

    test_address(address, &ss);
    memset(&place, 'x', sizeof(place));

    if (journey_geo_find(geo, (struct sockaddr *) &ss, &place)
        == JOURNEY_OK)
    {
        snprintf(got, sizeof(got), "%.*s/%.*s/%.*s",
                 (int) place.country.len, place.country.data,
                 (int) place.region.len, place.region.data,
                 (int) place.city.len, place.city.data);

    } else {
        snprintf(got, sizeof(got), "%s",
                 (place.country.len + place.region.len + place.city.len == 0)
                 ? "declined" : "declined, but filled");
    }

    ok(strcmp(got, want) == 0, "%s: %s", address, want);

    if (strcmp(got, want) != 0) {
        printf("#   got %s\n", got);
    }
}


static void
test_city(void)
{
    int              i;
    journey_geo_t   *geo;
    struct sockaddr  sa;
    journey_pool_t  *pool;
    journey_error_t  err;
    journey_place_t  place;

    pool = journey_pool_create();
    geo = journey_geo_open(pool, test_make(""), &err);

    ok(geo != NULL, "a file with cities");

    if (geo == NULL) {
        printf("# %s\n", err.text);
        journey_pool_destroy(pool);
        return;
    }

    /* the second round comes from the slots */

    for (i = 0; i < 2; i++) {
        test_is(geo, "127.0.0.1", "DE//");
        test_is(geo, "127.200.3.4", "DE//");
        test_is(geo, "127.0.1.77", "FR/IDF/Paris");
        test_is(geo, "198.51.100.17", "DE/BE/Berlin");
        test_is(geo, "2001:db8:1::17", "DE/BY/München");
        test_is(geo, "2001:db8:1:ffff::1", "DE/BY/München");
        test_is(geo, "::ffff:198.51.100.17", "DE/BE/Berlin");
    }

    /* what differs behind the cut cannot be told, and the first to ask does
     * not leave his answer to the others */

    test_is(geo, "203.0.113.200", "FR/IDF/Paris");
    test_is(geo, "203.0.113.1", "FR/IDF/Paris");
    test_is(geo, "2001:db8:2:8000::1", "GB/SCT/Edinburgh");
    test_is(geo, "2001:db8:2::1", "GB/SCT/Edinburgh");

    test_is(geo, "192.0.2.1", "declined");
    test_is(geo, "192.0.2.1", "declined");
    test_is(geo, "2001:db8:3::1", "declined");
    test_is(geo, "8.8.8.8", "declined");
    test_is(geo, "2a00::1", "declined");
    test_is(geo, "::", "declined");
    test_is(geo, "::1", "declined");

    /* 128 bytes of a name: 23 of ASCII and 25 whole characters of 3 are left */

    test_is(geo, "198.18.7.7", "TH/10/Krung Thep Maha Nakhon "
            "กรุงเทพกรุงเทพกรุงเทพกรุง");

    test_is(geo, "198.19.0.1", "declined");         /* no codes */

    memset(&sa, 0, sizeof(sa));
    sa.sa_family = AF_UNIX;
    is_int(journey_geo_find(geo, &sa, &place), JOURNEY_DECLINED,
           "a unix socket has no country");
    is_int(place.country.len, 0, "and the place is empty");

    sa.sa_family = AF_UNSPEC;
    is_int(journey_geo_find(geo, &sa, &place), JOURNEY_DECLINED,
           "nor has an address of no family");

    journey_pool_destroy(pool);
}


static void
test_kinds(void)
{
    const char       *path;
    journey_geo_t    *geo;
    journey_pool_t   *pool;
    journey_error_t   err;

    pool = journey_pool_create();

    geo = journey_geo_open(pool, test_make("--countries"), &err);
    ok(geo != NULL, "a file of countries");

    if (geo != NULL) {
        test_is(geo, "198.51.100.17", "DE//");
        test_is(geo, "192.0.2.1", "declined");
    }

    geo = journey_geo_open(pool, test_make("--flat"), &err);
    ok(geo != NULL, "a file with country_code");

    if (geo != NULL) {
        test_is(geo, "198.51.100.17", "DE//");
        test_is(geo, "198.19.0.1", "declined");     /* "Germany" is no code */
    }

    geo = journey_geo_open(pool, test_make("--ipv4"), &err);
    ok(geo != NULL, "a file for IPv4 alone");

    if (geo != NULL) {
        test_is(geo, "198.51.100.17", "DE/BE/Berlin");
        test_is(geo, "::ffff:198.51.100.17", "DE/BE/Berlin");
        test_is(geo, "2001:db8:1::1", "declined");
    }

    geo = journey_geo_open(pool, test_make(""), &err);
    ok(geo != NULL, "a file that nobody has asked yet");

    if (geo != NULL) {
        test_is(geo, "::ffff:203.0.113.200", "FR/IDF/Paris");
    }

    path = test_make("--asn");
    geo = journey_geo_open(pool, path, &err);
    ok(geo == NULL && strstr(err.text, path) != NULL
       && strstr(err.text, "Journey-Test-ASN") != NULL,
       "a file without countries is refused: %s", err.text);

    geo = journey_geo_open(pool, "/nonexistent.mmdb", &err);
    ok(geo == NULL && strstr(err.text, "\"/nonexistent.mmdb\"") != NULL
       && strstr(err.text, "No such file") != NULL,
       "a file that is not there: %s", err.text);

    geo = journey_geo_open(pool, "/tmp", &err);
    ok(geo == NULL && strstr(err.text, "\"/tmp\"") != NULL, "a folder: %s",
       err.text);

    geo = journey_geo_open(pool, "t/unit/tap.h", &err);
    ok(geo == NULL && strstr(err.text, "\"t/unit/tap.h\"") != NULL
       && strstr(err.text, "metadata") != NULL,
       "a file of another kind: %s", err.text);

    journey_pool_destroy(pool);
}


/* A file that is overwritten or cut while it is open changes nothing. */

static void
test_overwritten(void)
{
    FILE             *f;
    const char       *path;
    journey_geo_t    *geo;
    journey_pool_t   *pool;
    journey_error_t   err;

    pool = journey_pool_create();
    path = test_make("");
    geo = journey_geo_open(pool, path, &err);

    ok(geo != NULL, "opened");

    if (geo == NULL) {
        journey_pool_destroy(pool);
        return;
    }

    if (truncate(path, 0) != 0) {
        printf("# cannot truncate\n");
    }

    test_is(geo, "198.51.100.17", "DE/BE/Berlin");

    f = fopen(path, "w");

    if (f != NULL) {
        fputs("something else", f);
        fclose(f);
    }

    test_is(geo, "127.0.1.1", "FR/IDF/Paris");

    geo = journey_geo_open(pool, path, &err);
    ok(geo == NULL, "the next load sees the new file: %s", err.text);

    journey_pool_destroy(pool);
}


/* Broken files: cut, and with bytes turned over.  They are refused or answer
 * something short; nothing else is asked of them. */

static void
test_broken(void)
{
    int                       bad;
    char                      path[256], buf[16384], copy[16384];
    FILE                     *f;
    size_t                    len, i;
    unsigned                  n;
    journey_geo_t            *geo;
    journey_pool_t           *pool;
    journey_error_t           err;
    journey_place_t           place;
    struct sockaddr_storage   ss;

    static const char  *addresses[] = {
        "127.0.0.1", "127.0.1.1", "198.51.100.1", "203.0.113.1", "192.0.2.1",
        "198.18.0.1", "2001:db8:1::1", "2001:db8:2::1", "255.255.255.255",
    };

    f = fopen(test_make(""), "rb");
    len = (f == NULL) ? 0 : fread(buf, 1, sizeof(buf), f);

    if (f != NULL) {
        fclose(f);
    }

    bad = (len == 0 || len == sizeof(buf));
    snprintf(path, sizeof(path), "%s/broken.mmdb", test_dir);

    for (i = 0; i < 2 * len; i++) {
        memcpy(copy, buf, len);

        if (i >= len) {
            copy[i - len] ^= (char) (0x55 + i);
        }

        f = fopen(path, "wb");
        bad += (f == NULL);

        if (f != NULL) {
            fwrite(copy, 1, (i < len) ? i : len, f);
            fclose(f);
        }

        pool = journey_pool_create();
        geo = journey_geo_open(pool, path, &err);

        if (geo == NULL) {
            bad += (strstr(err.text, path) == NULL);
        }

        for (n = 0; geo != NULL && n < sizeof(addresses) / sizeof(char *); n++)
        {
            test_address(addresses[n], &ss);

            if (journey_geo_find(geo, (struct sockaddr *) &ss, &place)
                == JOURNEY_OK)
            {
                bad += (place.country.len != 2 && place.country.len != 0);
                bad += (place.region.len > 8 || place.city.len > 100);
                bad += (journey_utf8_mend(place.buf, place.country.len
                                          + place.region.len
                                          + place.city.len)
                        != 0);
            }
        }

        journey_pool_destroy(pool);
    }

    ok(bad == 0, "%zu broken files", 2 * len);
}


int
main(void)
{
    char  command[512];

    if (mkdtemp(test_dir) == NULL) {
        printf("Bail out! cannot create %s\n", test_dir);
        return 1;
    }

    test_city();
    test_kinds();
    test_overwritten();
    test_broken();

    snprintf(command, sizeof(command), "rm -r %s", test_dir);

    if (system(command) != 0) {
        printf("# cannot remove %s\n", test_dir);
    }

    return done();
}
