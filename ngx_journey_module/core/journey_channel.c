
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The built-in channels (channels, section 1).
 */


#include "journey_channel_rule.h"


/*
 * Section 1 as a table, in its order: first match wins.  A row holds when one
 * of its alternatives does (the kind of the source, SHOP for the campaign, a
 * word of source, medium or campaign), and PAID too if the row asks for it.
 */

typedef enum {
    JOURNEY_TEST_NONE = 0,
    JOURNEY_TEST_SOURCE,
    JOURNEY_TEST_MEDIUM,
    JOURNEY_TEST_CAMPAIGN,
    JOURNEY_TEST_EITHER                 /* source or medium */
} journey_test_e;

typedef enum {
    JOURNEY_WORD_IS = 0,
    JOURNEY_WORD_HOLDS,
    JOURNEY_WORD_ENDS
} journey_word_e;

#define JOURNEY_ALTERNATIVES  3
#define JOURNEY_WORDS         9

typedef struct {
    journey_test_e     test;
    journey_word_e     how;
    journey_str_t      words[JOURNEY_WORDS];    /* up to an empty one */
} journey_alternative_t;

typedef struct {
    journey_channel_e      channel;
    unsigned               paid:1;
    unsigned               anything:1;
    unsigned               nothing:1;   /* neither source, medium, campaign */
    unsigned               shop:1;
    unsigned               kinds;       /* bits of journey_kind_e */
    journey_alternative_t  words[JOURNEY_ALTERNATIVES];
} journey_channel_rule_t;


#define IS(test, ...)                                                         \
    { JOURNEY_TEST_ ## test, JOURNEY_WORD_IS, { __VA_ARGS__ } }
#define HOLDS(test, ...)                                                      \
    { JOURNEY_TEST_ ## test, JOURNEY_WORD_HOLDS, { __VA_ARGS__ } }
#define ENDS(test, ...)                                                       \
    { JOURNEY_TEST_ ## test, JOURNEY_WORD_ENDS, { __VA_ARGS__ } }

#define W(word)   journey_string(word)
#define PAID      .paid = 1
#define ANYTHING  .anything = 1
#define NOTHING   .nothing = 1
#define SHOP      .shop = 1
#define KIND(k)   .kinds = 1u << JOURNEY_KIND_ ## k
#define WORDS     .words

static const journey_channel_rule_t  journey_channel_rules[] = {

    /* a campaign that names no source came from somewhere: unassigned */

    { JOURNEY_CHANNEL_DIRECT, NOTHING },

    { JOURNEY_CHANNEL_CROSS_NETWORK,
      WORDS = { HOLDS(CAMPAIGN, W("cross-network")) } },

    { JOURNEY_CHANNEL_PAID_SHOPPING, PAID, SHOP, KIND(SHOPPING) },

    { JOURNEY_CHANNEL_PAID_SEARCH, PAID, KIND(SEARCH) },

    { JOURNEY_CHANNEL_PAID_SOCIAL, PAID, KIND(SOCIAL) },

    { JOURNEY_CHANNEL_PAID_VIDEO, PAID, KIND(VIDEO) },

    { JOURNEY_CHANNEL_DISPLAY,
      WORDS = { IS(MEDIUM, W("display"), W("banner"), W("expandable"),
                   W("interstitial"), W("cpm")) } },

    { JOURNEY_CHANNEL_PAID_OTHER, PAID, ANYTHING },

    { JOURNEY_CHANNEL_ORGANIC_SHOPPING, SHOP, KIND(SHOPPING) },

    { JOURNEY_CHANNEL_ORGANIC_SOCIAL, KIND(SOCIAL),
      WORDS = { IS(MEDIUM, W("social"), W("social-network"),
                   W("social-media"), W("sm"), W("social network"),
                   W("social media")) } },

    { JOURNEY_CHANNEL_ORGANIC_VIDEO, KIND(VIDEO),
      WORDS = { HOLDS(MEDIUM, W("video")) } },

    /* before organic_search: an assistant is one whatever the medium */

    { JOURNEY_CHANNEL_AI_ASSISTANT, KIND(AI),
      WORDS = { IS(MEDIUM, W("ai-assistant")) } },

    { JOURNEY_CHANNEL_ORGANIC_SEARCH, KIND(SEARCH),
      WORDS = { IS(MEDIUM, W("organic")) } },

    { JOURNEY_CHANNEL_REFERRAL,
      WORDS = { IS(MEDIUM, W("referral"), W("app"), W("link")) } },

    { JOURNEY_CHANNEL_EMAIL, KIND(EMAIL),
      WORDS = { IS(EITHER, W("email"), W("e-mail"), W("e_mail"), W("e mail")),
                HOLDS(EITHER, W("newsletter")) } },

    { JOURNEY_CHANNEL_AFFILIATES,
      WORDS = { IS(MEDIUM, W("affiliate"), W("partner"), W("partnership"),
                   W("partnerships")) } },

    { JOURNEY_CHANNEL_AUDIO,
      WORDS = { IS(MEDIUM, W("audio")) } },

    { JOURNEY_CHANNEL_SMS,
      WORDS = { IS(EITHER, W("sms")) } },

    { JOURNEY_CHANNEL_PUSH,
      WORDS = { ENDS(MEDIUM, W("push")),
                HOLDS(MEDIUM, W("mobile"), W("notification")),
                IS(SOURCE, W("firebase")) } },

    { JOURNEY_CHANNEL_OFFLINE,
      WORDS = { IS(MEDIUM, W("qr"), W("qr-code"), W("qrcode"), W("print"),
                   W("offline"), W("tv"), W("radio"), W("poster"),
                   W("flyer")) } },

    { JOURNEY_CHANNEL_UNASSIGNED, ANYTHING }
};


static const journey_str_t  journey_channel_names[JOURNEY_CHANNEL_LAST] = {
    [JOURNEY_CHANNEL_NONE] = journey_string(""),
    [JOURNEY_CHANNEL_DIRECT] = journey_string("direct"),
    [JOURNEY_CHANNEL_CROSS_NETWORK] = journey_string("cross_network"),
    [JOURNEY_CHANNEL_PAID_SHOPPING] = journey_string("paid_shopping"),
    [JOURNEY_CHANNEL_PAID_SEARCH] = journey_string("paid_search"),
    [JOURNEY_CHANNEL_PAID_SOCIAL] = journey_string("paid_social"),
    [JOURNEY_CHANNEL_PAID_VIDEO] = journey_string("paid_video"),
    [JOURNEY_CHANNEL_DISPLAY] = journey_string("display"),
    [JOURNEY_CHANNEL_PAID_OTHER] = journey_string("paid_other"),
    [JOURNEY_CHANNEL_ORGANIC_SHOPPING] = journey_string("organic_shopping"),
    [JOURNEY_CHANNEL_ORGANIC_SOCIAL] = journey_string("organic_social"),
    [JOURNEY_CHANNEL_ORGANIC_VIDEO] = journey_string("organic_video"),
    [JOURNEY_CHANNEL_ORGANIC_SEARCH] = journey_string("organic_search"),
    [JOURNEY_CHANNEL_AI_ASSISTANT] = journey_string("ai_assistant"),
    [JOURNEY_CHANNEL_REFERRAL] = journey_string("referral"),
    [JOURNEY_CHANNEL_EMAIL] = journey_string("email"),
    [JOURNEY_CHANNEL_AFFILIATES] = journey_string("affiliates"),
    [JOURNEY_CHANNEL_AUDIO] = journey_string("audio"),
    [JOURNEY_CHANNEL_SMS] = journey_string("sms"),
    [JOURNEY_CHANNEL_PUSH] = journey_string("push"),
    [JOURNEY_CHANNEL_OFFLINE] = journey_string("offline"),
    [JOURNEY_CHANNEL_UNASSIGNED] = journey_string("unassigned")
};


static int journey_rule_match(const journey_channel_rule_t *rule,
    const journey_entry_t *e, int paid, int shop);
static int journey_rule_words(const journey_alternative_t *a,
    const journey_entry_t *e);
static int journey_word_match(const journey_alternative_t *a,
    const journey_str_t *value);
static int journey_holds(const journey_str_t *value,
    const journey_str_t *word);
static int journey_medium_paid(const journey_str_t *medium);
static int journey_campaign_shop(const journey_str_t *campaign);


journey_codes_t *
journey_channel_codes_create(journey_pool_t *pool)
{
    unsigned          code;
    journey_codes_t  *codes;

    codes = journey_codes_create(pool, JOURNEY_CODE_OWN);
    if (codes == NULL) {
        return NULL;
    }

    for (code = 1; code < JOURNEY_CHANNEL_LAST; code++) {
        if (journey_codes_add_fixed(codes, &journey_channel_names[code],
                                    (uint8_t) code)
            == NULL)
        {
            return NULL;
        }
    }

    return codes;
}


const journey_str_t *
journey_channel_name(const journey_codes_t *codes, uint8_t code)
{
    const journey_name_t  *name;

    name = journey_codes_find(codes, code);

    return (name != NULL) ? &name->name
                          : &journey_channel_names[JOURNEY_CHANNEL_UNASSIGNED];
}


void
journey_channel_decide(journey_entry_t *e, int free_listing)
{
    int                            paid, shop;
    const journey_channel_rule_t  *rule;

    paid = journey_medium_paid(&e->medium);
    shop = free_listing || journey_campaign_shop(&e->campaign);

    /* the last row takes anything */

    for (rule = journey_channel_rules;
         !journey_rule_match(rule, e, paid, shop);
         rule++)
    {
        /* void */
    }

    e->channel = (uint8_t) rule->channel;
    e->channel_name = journey_channel_names[rule->channel];
}


static int
journey_rule_match(const journey_channel_rule_t *rule,
    const journey_entry_t *e, int paid, int shop)
{
    unsigned  i;

    if (rule->paid && !paid) {
        return 0;
    }

    if (rule->anything
        || (rule->shop && shop)
        || (rule->kinds & (1u << e->kind)))
    {
        return 1;
    }

    if (rule->nothing) {
        return e->source.len == 0 && e->medium.len == 0
               && e->campaign.len == 0;
    }

    for (i = 0; i < JOURNEY_ALTERNATIVES; i++) {

        if (rule->words[i].test == JOURNEY_TEST_NONE) {
            break;
        }

        if (journey_rule_words(&rule->words[i], e)) {
            return 1;
        }
    }

    return 0;
}


static int
journey_rule_words(const journey_alternative_t *a, const journey_entry_t *e)
{
    switch (a->test) {

    case JOURNEY_TEST_SOURCE:
        return journey_word_match(a, &e->source);

    case JOURNEY_TEST_CAMPAIGN:
        return journey_word_match(a, &e->campaign);

    case JOURNEY_TEST_EITHER:
        return journey_word_match(a, &e->source)
               || journey_word_match(a, &e->medium);

    default: /* JOURNEY_TEST_MEDIUM */
        return journey_word_match(a, &e->medium);
    }
}


static int
journey_word_match(const journey_alternative_t *a, const journey_str_t *value)
{
    unsigned              i;
    const journey_str_t  *word;

    for (i = 0; i < JOURNEY_WORDS; i++) {
        word = &a->words[i];

        if (word->len == 0) {
            return 0;
        }

        if (value->len < word->len
            || (a->how == JOURNEY_WORD_IS && value->len != word->len))
        {
            continue;
        }

        if (a->how == JOURNEY_WORD_HOLDS) {
            if (journey_holds(value, word)) {
                return 1;
            }

            continue;
        }

        /* the end of the value, which may be all of it */

        if (memcmp(value->data + value->len - word->len, word->data,
                   word->len)
            == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Values are JOURNEY_VALUE_MAX bytes long at most. */

static int
journey_holds(const journey_str_t *value, const journey_str_t *word)
{
    size_t  i;

    for (i = 0; i + word->len <= value->len; i++) {
        if (value->data[i] == word->data[0]
            && memcmp(value->data + i, word->data, word->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* PAID: ^(.*cp.*|ppc|retargeting|paid.*)$ */

static int
journey_medium_paid(const journey_str_t *medium)
{
    static const journey_str_t  cp = journey_string("cp");

    if (medium->len == 0) {
        return 0;
    }

    return journey_holds(medium, &cp)
           || journey_str_is(medium, "ppc")
           || journey_str_is(medium, "retargeting")
           || (medium->len >= 4 && memcmp(medium->data, "paid", 4) == 0);
}


/* SHOP: ^(.*(([^a-df-z]|^)shop|shopping).*)$ */

static int
journey_campaign_shop(const journey_str_t *campaign)
{
    u_char         c;
    size_t         i;
    const u_char  *p;

    p = campaign->data;

    for (i = 0; i + 4 <= campaign->len; i++) {

        if (p[i] != 's' || memcmp(p + i, "shop", 4) != 0) {
            continue;
        }

        if (i == 0) {
            return 1;
        }

        c = p[i - 1];

        if (c < 'a' || c > 'z' || c == 'e') {
            return 1;
        }

        if (i + 8 <= campaign->len && memcmp(p + i + 4, "ping", 4) == 0) {
            return 1;
        }
    }

    return 0;
}
