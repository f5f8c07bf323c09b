
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_simulate_model.h"


/*
 * The planted truth.  Display is often the first touch and seldom the last: it
 * hardly sells by itself, but makes people come again.  Direct and affiliates
 * (coupons) are often the last one, since those who have made up their mind
 * come that way, and nearly all of these would have come without.
 */

const journey_simulate_channel_t  journey_simulate_channels[] = {

    /*                                     first again effect lift anyway */

    { JOURNEY_CHANNEL_EMAIL,                 20,  230, 1500, 120,  50,
      { 10,  10,  5, 25, 50 } },
    { JOURNEY_CHANNEL_PAID_SEARCH,          165,  125, 1250,  60, 120,
      {  5,   0,  5, 30, 60 } },
    { JOURNEY_CHANNEL_ORGANIC_SEARCH,       165,   75, 1000,  40, 200,
      { 20,  35,  0, 15, 30 } },
    { JOURNEY_CHANNEL_AI_ASSISTANT,          85,   55,  750,  40, 250,
      {  5,  35,  0, 10, 50 } },
    { JOURNEY_CHANNEL_REFERRAL,              65,   25,  550,  40, 200,
      { 20,  40,  0, 10, 30 } },
    { JOURNEY_CHANNEL_PAID_SOCIAL,           90,   40,  550,  80, 100,
      {  5,   5, 15, 25, 50 } },
    { JOURNEY_CHANNEL_OFFLINE,               65,    4,  350,  50, 100,
      { 40,   0, 15, 15, 30 } },
    { JOURNEY_CHANNEL_ORGANIC_SOCIAL,       100,   10,  150,  60, 100,
      { 15,  60,  0,  5, 20 } },
    { JOURNEY_CHANNEL_DISPLAY,              200,   12,   50, 250,  50,
      { 10,   0, 20, 30, 40 } },
    { JOURNEY_CHANNEL_AFFILIATES,            10,   10,   50,   0, 950,
      {  5,   0,  5, 20, 70 } },
    { JOURNEY_CHANNEL_DIRECT,                35,  260,    0,   0, 1000,
      { 60,   5,  0, 10, 25 } }
};

const unsigned  journey_simulate_nchannels =
    sizeof(journey_simulate_channels) / sizeof(journey_simulate_channels[0]);

const journey_simulate_entry_t  journey_simulate_entries[] = {
    { 0, 50, "newsletter", "email", "newsletter_w", "", "", "utm",
      NULL, "/open.gif" },
    { 0, 20, "newsletter", "email", "newsletter_w", "", "", "utm",
      "/r/news", "/open.gif" },
    { 0, 20, "newsletter", "email", "basket_reminder", "", "", "utm",
      NULL, "/open.gif" },
    { 0, 10, "newsletter", "email", "welcome", "", "", "utm",
      NULL, NULL },
    { 1, 35, "google", "cpc", "brand", "gclid", "www.google.com", "utm",
      NULL, NULL },
    { 1, 40, "google", "cpc", "generic_coffee", "gclid", "www.google.com",
      "utm", NULL, NULL },
    { 1, 15, "google", "cpc", "winter_sale", "gclid", "www.google.com", "utm",
      NULL, NULL },
    { 1, 10, "bing", "cpc", "", "msclkid", "www.bing.com", "click",
      NULL, NULL },
    { 2, 80, "google", "organic", "", "", "www.google.com", "referrer",
      NULL, NULL },
    { 2, 12, "bing", "organic", "", "", "www.bing.com", "referrer",
      NULL, NULL },
    { 2, 8, "duckduckgo", "organic", "", "", "duckduckgo.com", "referrer",
      NULL, NULL },
    { 3, 75, "chatgpt", "ai-assistant", "", "", "chatgpt.com", "referrer",
      NULL, NULL },
    { 3, 25, "perplexity", "ai-assistant", "", "", "www.perplexity.ai",
      "referrer", NULL, NULL },
    { 4, 45, "forum.example", "referral", "", "", "forum.example", "referrer",
      NULL, NULL },
    { 4, 35, "barista.example", "referral", "", "", "barista.example",
      "referrer", NULL, NULL },
    { 4, 20, "magazine.example", "referral", "", "", "magazine.example",
      "referrer", NULL, NULL },
    { 5, 60, "instagram", "paid_social", "autumn_looks", "",
      "www.instagram.com", "utm", NULL, NULL },
    { 5, 40, "facebook", "paid_social", "lookalike", "fbclid",
      "l.facebook.com", "utm", NULL, NULL },
    { 6, 60, "poster", "qr", "station", "", "", "utm", "/r/poster", NULL },
    { 6, 40, "flyer", "qr", "parcel", "", "", "utm", "/r/flyer", NULL },
    { 7, 55, "facebook", "social", "", "fbclid", "l.facebook.com", "click",
      NULL, NULL },
    { 7, 30, "instagram", "social", "", "", "www.instagram.com", "referrer",
      NULL, NULL },
    { 7, 15, "pinterest", "social", "", "", "www.pinterest.com", "referrer",
      NULL, NULL },
    { 8, 70, "adnet", "display", "brand_film", "", "adnet.example", "utm",
      NULL, "/ad.gif" },
    { 8, 30, "adnet", "display", "retargeting", "", "adnet.example", "utm",
      NULL, "/ad.gif" },
    { 9, 70, "coupons.example", "affiliate", "coupon", "", "coupons.example",
      "utm", NULL, NULL },
    { 9, 30, "cashback.example", "affiliate", "cashback", "",
      "cashback.example", "utm", NULL, NULL },
    { 10, 1, "", "", "", "", "", "direct", NULL, NULL }
};

const unsigned  journey_simulate_nentries =
    sizeof(journey_simulate_entries) / sizeof(journey_simulate_entries[0]);

const journey_simulate_page_kind_t
    journey_simulate_kinds[JOURNEY_SIMULATE_KINDS] =
{
    /*                          hom blg off cat prd sea nws sub crt adr pay don
                                acc hlp rev */

    { "home", "/", 1, 300, 60,  { 0, 15, 0, 35, 25, 15,  4,  0,  3,  0,  0, 0,
                                  2,  1,  0 } },
    { "blog", "/blog/%s-%02u", 60, 400, 90,
                                { 8, 40, 0, 14, 26,  4,  8,  0,  0,  0,  0, 0,
                                  0,  0,  0 } },
    { "offer", "/lp/spring-offer", 1, 980, 80,
                                { 1,  0, 0,  1,  1,  0,  0,  0,  0,  0,  0, 0,
                                  0,  0,  0 } },
    { "category", "/category/%s", 10, 180, 110,
                                { 5,  2, 0, 20, 65,  6,  1,  0,  1,  0,  0, 0,
                                  0,  0,  0 } },
    { "product", "/products/%s-%02u", 120, 240, 130,
                                { 5,  4, 0, 22, 42,  8,  2,  0, 16,  0,  0, 0,
                                  0,  1,  0 } },
    { "search", "/search", 1, 200, 210,
                                { 3,  3, 0, 10, 70, 14,  0,  0,  0,  0,  0, 0,
                                  0,  0,  0 } },
    { "newsletter", "/newsletter", 1, 350, 50,
                                { 30, 40, 0, 10, 20, 0,  0,  0,  0,  0,  0, 0,
                                  0,  0,  0 } },
    { "subscribed", "/newsletter/thanks", 1, 450, 70,
                                { 30, 30, 0, 20, 20, 0,  0,  0,  0,  0,  0, 0,
                                  0,  0,  0 } },
    { "cart", "/cart", 1, 350, 90,
                                { 5,  0, 0, 10, 35,  0,  0,  0,  0, 45,  0, 0,
                                  0,  5,  0 } },
    { "address", "/checkout/address", 1, 400, 100,
                                { 0,  0, 0,  0, 10,  0,  0,  0, 30,  0, 55, 0,
                                  0,  5,  0 } },
    { "payment", "/checkout/payment", 1, 550, 160,
                                { 5,  0, 0,  5, 20,  0,  0,  0, 50, 10,  0, 0,
                                  0, 10,  0 } },
    { "done", "/checkout/done", 1, 700, 240,
                                { 30, 5, 0,  0, 15,  0,  5,  0,  0,  0,  0, 0,
                                  45,  0,  0 } },
    { "account", "/account/orders", 1, 400, 120,
                                { 15, 0, 0, 10, 35, 10,  0,  0,  0,  0,  0, 0,
                                  5, 15, 10 } },
    { "help", "/help/%s", 10, 400, 70,
                                { 15, 5, 0,  5, 30, 10,  0,  0,  0,  0,  0, 0,
                                  5, 30,  0 } },
    { "review", "/reviews/new", 1, 800, 60,
                                { 40, 10, 0, 0, 30,  0,  0,  0,  0,  0,  0, 0,
                                  20,  0,  0 } }
};

const journey_simulate_country_t  journey_simulate_countries[] = {
    { "DE", 480, "EUR" }, { "AT", 120, "EUR" }, { "CH", 90, "CHF" },
    { "FR", 80, "EUR" }, { "NL", 60, "EUR" }, { "IT", 50, "EUR" },
    { "PL", 40, "EUR" }, { "ES", 30, "EUR" }, { "BE", 25, "EUR" },
    { "US", 15, "EUR" }, { "GB", 10, "EUR" }
};

const unsigned  journey_simulate_ncountries =
    sizeof(journey_simulate_countries) / sizeof(journey_simulate_countries[0]);

const journey_simulate_number_t
    journey_simulate_numbers[JOURNEY_SIMULATE_NUMBERS] =
{
    { "logit_base", -4600 },
    { "logit_mobile", -300 },
    { "logit_customer", 400 },
    { "logit_taste", 500 },
    { "return", 350 },
    { "return_customer", 600 },
    { "weight_direct_keen", 150 },
    { "weight_affiliates_cart", 24 },
    { "weight_email_subscriber", 250 },
    { "slow", 40 },
    { "slow_exit", 400 },
    { "error", 10 },
    { "error_server", 300 },
    { "error_exit", 600 },
    { "error_server_exit", 850 },
    { "entry_within", 15 },
    { "sign_up", 400 },
    { "cookieless", 140 },
    { "consent_later", 60 },
    { "member", 350 },
    { "two_devices", 80 },
    { "business", 80 }
};

const uint16_t  journey_simulate_hours[24] = {
    12, 8, 5, 4, 4, 7, 16, 30, 42, 50, 54, 56,
    58, 54, 50, 50, 52, 56, 62, 72, 80, 74, 50, 26
};

const uint16_t  journey_simulate_days[7] = { 104, 100, 98, 98, 92, 88, 108 };


static const char  *journey_simulate_blogs[] = {
    "brewing", "grinding", "roasting", "water", "milk", "travel"
};

static const char  *journey_simulate_products[] = {
    "hand-mill", "kettle", "scale", "dripper", "press", "machine", "espresso",
    "filter", "cup", "beans", "tamper", "cleaner"
};

static const char  *journey_simulate_categories[] = {
    "mills", "kettles", "scales", "drippers", "presses", "machines", "coffee",
    "filters", "cups", "care"
};

static const char  *journey_simulate_helps[] = {
    "delivery", "returns", "payment", "warranty", "manuals", "repair",
    "spare-parts", "contact", "size", "faq"
};

/* As conf/phases/five.conf has them, for the paths of this shop. */

static const char  *journey_simulate_phase_lines[][6] = {
    { "awareness", "/", "/blog", "/newsletter", "/lp/", NULL },
    { "consideration", "/products", "/category", "/search", NULL, NULL },
    { "decision", "/cart", "/checkout", NULL, NULL, NULL },
    { "retention", "/account", "/help", NULL, NULL, NULL },
    { "advocacy", "/reviews/new", NULL, NULL, NULL, NULL }
};


uint32_t
journey_simulate_logistic(int x)
{
    int       i, part;
    uint32_t  low;

    /* from -8 to 8 by halves, and straight between two */

    static const uint32_t  table[33] = {
        22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812,
        11955, 17625, 24743, 32768, 40793, 47911, 53581, 57724, 60565, 62428,
        63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514
    };

    x = journey_max(x, -8000);
    x = journey_min(x, 7999);

    i = (x + 8000) / 500;
    part = (x + 8000) % 500;
    low = table[i];

    return low + (table[i + 1] - low) * (uint32_t) part / 500;
}


const journey_str_t *
journey_simulate_channel_name(const journey_simulate_model_t *model,
    unsigned channel)
{
    return journey_channel_name(model->codes,
                                journey_simulate_channels[channel].code);
}


/* A phase of each path, by the function that the module asks. */

static int
journey_simulate_phases(journey_simulate_model_t *model, journey_error_t *err)
{
    unsigned           i, n;
    const char       **line;
    journey_str_t      words[6];
    journey_name_t    *clash;
    journey_codes_t   *codes;

    codes = journey_codes_create(model->pool, 1);

    if (codes == NULL) {
        return journey_error(err, "not enough memory");
    }

    model->phases = journey_phases_create(model->pool, codes);

    if (model->phases == NULL) {
        return journey_error(err, "not enough memory");
    }

    for (i = 0; i < sizeof(journey_simulate_phase_lines)
                    / sizeof(journey_simulate_phase_lines[0]);
         i++)
    {
        line = journey_simulate_phase_lines[i];

        for (n = 0; n < 6 && line[n] != NULL; n++) {
            words[n].data = (u_char *) line[n];
            words[n].len = strlen(line[n]);
        }

        if (journey_phases_add(model->phases, words, n, err) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    (void) journey_codes_assign(codes, &clash);

    return journey_phases_finish(model->phases, err);
}


static const char *
journey_simulate_word(journey_simulate_kind_e kind, unsigned i)
{
#define journey_simulate_of(words)                                            \
    words[i % (sizeof(words) / sizeof(words[0]))]

    switch (kind) {

    case JOURNEY_SIMULATE_BLOG:
        return journey_simulate_of(journey_simulate_blogs);

    case JOURNEY_SIMULATE_PRODUCT:
        return journey_simulate_of(journey_simulate_products);

    case JOURNEY_SIMULATE_CATEGORY:
        return journey_simulate_of(journey_simulate_categories);

    default: /* JOURNEY_SIMULATE_HELP */
        return journey_simulate_of(journey_simulate_helps);
    }

#undef journey_simulate_of
}


static int
journey_simulate_paths(journey_simulate_model_t *model, journey_error_t *err)
{
    unsigned                  i, k;
    char                     *text;
    const char               *format;
    journey_simulate_path_t  *path;

    for (k = 0; k < JOURNEY_SIMULATE_KINDS; k++) {
        model->first_path[k] = model->npaths;
        model->npaths += journey_simulate_kinds[k].pages;
    }

    model->paths = journey_pcalloc(model->pool, model->npaths
                                   * sizeof(journey_simulate_path_t));

    if (model->paths == NULL) {
        return journey_error(err, "not enough memory");
    }

    path = model->paths;

    for (k = 0; k < JOURNEY_SIMULATE_KINDS; k++) {

        for (i = 0; i < journey_simulate_kinds[k].pages; i++, path++) {
            text = (char *) path->path;
            format = strstr(journey_simulate_kinds[k].path, "%s");

            if (format == NULL) {
                snprintf(text, JOURNEY_SIMULATE_PATH, "%s",
                         journey_simulate_kinds[k].path);

            } else {
                snprintf(text, JOURNEY_SIMULATE_PATH, "%.*s%s",
                         (int) (format - journey_simulate_kinds[k].path),
                         journey_simulate_kinds[k].path,
                         journey_simulate_word(
                             (journey_simulate_kind_e) k, i));

                if (format[2] != '\0') {
                    snprintf(text + strlen(text),
                             JOURNEY_SIMULATE_PATH - strlen(text), "-%02u",
                             i + 1);
                }
            }

            path->len = strlen(text);
            path->phase = journey_phases_match(model->phases, path->path,
                                               path->len);
        }

        for (i = 0; i < JOURNEY_SIMULATE_KINDS; i++) {
            model->next_total[k] += journey_simulate_kinds[k].next[i];
        }
    }

    return JOURNEY_OK;
}


/* What tells one entry from another, as core's entries have it. */

static int
journey_simulate_hashes(journey_simulate_model_t *model, journey_error_t *err)
{
    uint32_t                         hash;
    unsigned                         i;
    const journey_simulate_entry_t  *e;

    model->hashes = journey_palloc(model->pool, journey_simulate_nentries
                                                * sizeof(uint32_t));

    if (model->hashes == NULL) {
        return journey_error(err, "not enough memory");
    }

    for (i = 0; i < journey_simulate_nentries; i++) {
        e = &journey_simulate_entries[i];

        hash = journey_hash((u_char *) e->source, strlen(e->source));
        hash = journey_hash_more(hash, (u_char *) "", 1);
        hash = journey_hash_more(hash, (u_char *) e->medium,
                                 strlen(e->medium));
        hash = journey_hash_more(hash, (u_char *) "", 1);

        model->hashes[i] = journey_hash_more(hash, (u_char *) e->campaign,
                                             strlen(e->campaign));
    }

    /* first ones of their channels */

    for (i = journey_simulate_nentries; i-- > 0; /* void */ ) {
        e = &journey_simulate_entries[i];

        switch (journey_simulate_channels[e->channel].code) {

        case JOURNEY_CHANNEL_DIRECT:
            model->direct = e->channel;
            model->direct_entry = i;
            break;

        case JOURNEY_CHANNEL_ORGANIC_SEARCH:
            model->search = i;
            break;
        }
    }

    for (i = 0; i < JOURNEY_SIMULATE_NEWS; i++) {
        snprintf(model->news[i], sizeof(model->news[i]), "newsletter_w%02u",
                 i + 1);
    }

    return JOURNEY_OK;
}


int
journey_simulate_model_init(journey_simulate_model_t *model,
    const char *without, journey_error_t *err)
{
    unsigned              i;
    journey_name_t       *clash;
    const journey_str_t  *name;

    memset(model, 0, sizeof(journey_simulate_model_t));

    model->without = -1;
    model->pool = journey_pool_create();

    if (model->pool == NULL) {
        return journey_error(err, "not enough memory");
    }

    model->codes = journey_channel_codes_create(model->pool);

    if (model->codes == NULL) {
        return journey_error(err, "not enough memory");
    }

    (void) journey_codes_assign(model->codes, &clash);

    for (i = 0; without != NULL && i < journey_simulate_nchannels; i++) {
        name = journey_simulate_channel_name(model, i);

        if (strlen(without) == name->len
            && memcmp(without, name->data, name->len) == 0)
        {
            model->without = (int) i;
        }
    }

    if (without != NULL && model->without == -1) {
        return journey_error(err, "\"%s\" is no channel of the simulation",
                             without);
    }

    if (journey_simulate_phases(model, err) != JOURNEY_OK
        || journey_simulate_paths(model, err) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    return journey_simulate_hashes(model, err);
}


void
journey_simulate_model_free(journey_simulate_model_t *model)
{
    if (model->pool != NULL) {
        journey_pool_destroy(model->pool);
        model->pool = NULL;
    }
}


/* A number of thousandths as a decimal, under its name. */

static void
journey_simulate_decimal(FILE *out, const char *name, int value)
{
    fprintf(out, "\"%s\":%s%d.%03d", name, value < 0 ? "-" : "",
            (value < 0 ? -value : value) / 1000,
            (value < 0 ? -value : value) % 1000);
}


/* Names and texts of the tables need no escapes. */

void
journey_simulate_effects(const journey_simulate_model_t *model, FILE *out)
{
    unsigned                             i;
    const char                          *name;
    const journey_str_t                 *channel;
    const journey_simulate_channel_t    *c;
    const journey_simulate_page_kind_t  *k;

    fprintf(out, "{\"effects\":[");

    for (i = 0; i < journey_simulate_nchannels; i++) {
        c = &journey_simulate_channels[i];
        channel = journey_simulate_channel_name(model, i);

        fprintf(out, "%s\n{\"channel\":\"%.*s\",", i ? "," : "",
                (int) channel->len, channel->data);
        journey_simulate_decimal(out, "first", c->first);
        fprintf(out, ",\"again\":%d,", c->again);
        journey_simulate_decimal(out, "logit", c->effect);
        fputc(',', out);
        journey_simulate_decimal(out, "lift", c->lift);
        fputc(',', out);
        journey_simulate_decimal(out, "anyway", c->anyway);
        fputc('}', out);
    }

    fprintf(out, "],\n\"model\":{");

    for (i = 0; i < JOURNEY_SIMULATE_NUMBERS; i++) {
        name = journey_simulate_numbers[i].name;

        fprintf(out, "%s\n", i ? "," : "");

        if (strncmp(name, "weight_", 7) == 0) {
            fprintf(out, "\"%s\":%d", name,
                    journey_simulate_numbers[i].value);
        } else {
            journey_simulate_decimal(out, name,
                                     journey_simulate_numbers[i].value);
        }
    }

    fprintf(out, "},\n\"pages\":[");

    for (i = 0; i < JOURNEY_SIMULATE_KINDS; i++) {
        k = &journey_simulate_kinds[i];

        fprintf(out, "%s\n{\"kind\":\"%s\",\"path\":\"%s\",\"pages\":%d,",
                i ? "," : "", k->name,
                (const char *) model->paths[model->first_path[i]].path,
                k->pages);
        journey_simulate_decimal(out, "exits", k->exits);
        fputc('}', out);
    }

    fprintf(out, "]}\n");
}
