
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Referrers and all that follows from them: a host is well-formed, and every
 * value of an entry can stand in a log.
 */


#include "fuzz_file.h"

#include "journey_channel.h"


static const char  fuzz_table[] =
    "search  google   \"Google\"   google.* =mail.google.com/x app:com.g.q\n"
    "social  facebook \"Facebook\" facebook.com alias:fb alias:fb-ads\n"
    "ai      grok     \"Grok\"     grok.com x.com/i/grok\n"
    "email   webmail  \"Webmail\"  webmail.** deref-*.**\n"
    "gateway paypal   \"PayPal\"   paypal.com\n"
    "spam    bad      \"Bad\"      bad.example\n";

static journey_codes_t       *fuzz_codes;
static journey_classifier_t   fuzz_classifier;


static void
fuzz_init(void)
{
    int                fd;
    char               path[FUZZ_PATH_MAX];
    journey_pool_t    *pool;
    journey_error_t    err;
    journey_hosts_t   *own;
    journey_name_t    *clash;
    journey_sources_t *sources;
    journey_str_t      host = journey_string("shop.example");

    fd = fuzz_file(path, fuzz_table, sizeof(fuzz_table) - 1);

    pool = journey_pool_create();
    check(pool != NULL);

    sources = journey_sources_create(pool);
    own = journey_hosts_create(pool);
    fuzz_codes = journey_channel_codes_create(pool);

    if (journey_sources_load(sources, path, &err) != JOURNEY_OK
        || journey_hosts_add(own, &host, &err) != JOURNEY_OK)
    {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }

    check(journey_codes_assign(fuzz_codes, &clash) == 0);

    fuzz_classifier.sources = sources;
    fuzz_classifier.codes = fuzz_codes;
    fuzz_classifier.own = own;
    fuzz_classifier.drop_spam = 1;

    close(fd);
}


static void
fuzz_host(const journey_str_t *host)
{
    u_char  c;
    size_t  i;

    check(host->len > 0 && host->len <= JOURNEY_HOST_MAX);

    for (i = 0; i < host->len; i++) {
        c = host->data[i];

        check((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
              || strchr(".-_:[]", c) != NULL);
        check(c != '\0');
    }

    check(host->data[0] != '.' && host->data[host->len - 1] != '.');
}


static void
fuzz_entry(const journey_entry_t *e)
{
    unsigned              i;
    journey_str_t         none = journey_null_string;
    const journey_str_t  *values[] = { &e->source, &e->medium, &e->campaign,
                                       &e->term, &e->content, &e->referrer };

    check(journey_codes_find(fuzz_codes, e->channel) != NULL);
    check(journey_strcmp(&journey_codes_find(fuzz_codes, e->channel)->name,
                         &e->channel_name) == 0);
    check(journey_strcmp(&e->why, &none) != 0);
    check(e->click < JOURNEY_CLICK_LAST && e->kind < JOURNEY_KIND_LAST);

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        fuzz_value(values[i]);
        check(values[i]->len == 0
              || memchr(values[i]->data, '@', values[i]->len) == NULL);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    journey_str_t         app = journey_string("facebook");
    journey_entry_t       entry;
    journey_visit_t       visit;
    journey_referrer_t    ref;

    if (fuzz_codes == NULL) {
        fuzz_init();
    }

    memset(&visit, 0, sizeof(journey_visit_t));

    visit.referrer = fuzz_line(&data, &size);
    visit.args = fuzz_line(&data, &size);
    visit.path = fuzz_line(&data, &size);
    journey_str_set(&visit.host, "shop.example");
    visit.app = (size & 1) ? &app : NULL;

    if (journey_referrer_parse(&ref, visit.referrer.data, visit.referrer.len)
        == JOURNEY_OK)
    {
        fuzz_host(&ref.host);
        check(ref.host.data == ref.buf);
        check(ref.path.len == 0 || ref.path.data[0] == '/');
        check(ref.path.len <= visit.referrer.len);
        check(ref.path.len == 0
              || (memchr(ref.path.data, '?', ref.path.len) == NULL
                  && memchr(ref.path.data, '#', ref.path.len) == NULL));

        (void) journey_source_by_referrer(fuzz_classifier.sources, &ref);
    }

    journey_classify(&fuzz_classifier, &visit, &entry);
    fuzz_entry(&entry);

    return 0;
}
