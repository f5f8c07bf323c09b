
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_query.h"
#include "journey_referrer.h"


#define JOURNEY_QUERY_NAME_MAX  15      /* bytes of the longest name below */
#define JOURNEY_QUERY_SCRATCH   512     /* a URL with the longest host */


/*
 * The higher rank wins, wherever the parameters stand; among equals the first
 * with a value.  An id is the campaign where its name is absent.
 */

enum {
    JOURNEY_QUERY_PLAIN = 1,            /* ref, source, referrer */
    JOURNEY_QUERY_ALIAS_ID,
    JOURNEY_QUERY_ALIAS,
    JOURNEY_QUERY_UTM_ID,
    JOURNEY_QUERY_UTM
};

typedef struct {
    const char  *name;
    u_char       value;                 /* journey_query_value_e, or _VALUES
                                           for a click id */
    u_char       rank;                  /* or journey_click_e */
} journey_query_name_t;


#define UTM(n, v)    { n, JOURNEY_QUERY_ ## v, JOURNEY_QUERY_UTM }
#define ALIAS(n, v)  { n, JOURNEY_QUERY_ ## v, JOURNEY_QUERY_ALIAS }
#define PLAIN(n)     { n, JOURNEY_QUERY_SOURCE, JOURNEY_QUERY_PLAIN }
#define CLICK(n, c)  { n, JOURNEY_QUERY_VALUES, JOURNEY_CLICK_ ## c }
#define ID(n, r)     { n, JOURNEY_QUERY_CAMPAIGN, JOURNEY_QUERY_ ## r }

#define JOURNEY_QUERY_GROUP  11

/* Names by their length, so that a foreign name costs a few comparisons. */

static const journey_query_name_t
    journey_query_names[JOURNEY_QUERY_NAME_MAX + 1][JOURNEY_QUERY_GROUP] =
{
    [3] = {
        PLAIN("ref")
    },
    [4] = {
        CLICK("epik", EPIK)
    },
    [5] = {
        CLICK("gclid", GCLID), CLICK("dclid", DCLID), CLICK("yclid", YCLID),
        CLICK("sccid", SCCID)
    },
    [6] = {
        ID("utm_id", UTM_ID), PLAIN("source"), CLICK("fbclid", FBCLID),
        CLICK("gbraid", GBRAID), CLICK("wbraid", WBRAID),
        CLICK("ttclid", TTCLID), CLICK("twclid", TWCLID),
        ALIAS("pk_kwd", TERM), ID("pk_cid", ALIAS_ID)
    },
    [7] = {
        CLICK("msclkid", MSCLKID), CLICK("rdt_cid", RDT_CID),
        CLICK("srsltid", SRSLTID), ALIAS("mtm_kwd", TERM),
        ID("mtm_cid", ALIAS_ID)
    },
    [8] = {
        UTM("utm_term", TERM), PLAIN("referrer")
    },
    [9] = {
        CLICK("li_fat_id", LI_FAT_ID), ALIAS("pk_source", SOURCE),
        ALIAS("pk_medium", MEDIUM), ALIAS("piwik_kwd", TERM),
        ID("piwik_cid", ALIAS_ID)
    },
    [10] = {
        UTM("utm_source", SOURCE), UTM("utm_medium", MEDIUM),
        CLICK("gad_source", GAD_SOURCE), ALIAS("mtm_source", SOURCE),
        ALIAS("mtm_medium", MEDIUM), ALIAS("pk_content", CONTENT),
        ALIAS("pk_keyword", TERM), ALIAS("matomo_kwd", TERM),
        ID("matomo_cid", ALIAS_ID)
    },
    [11] = {
        UTM("utm_content", CONTENT), ALIAS("mtm_content", CONTENT),
        ALIAS("mtm_keyword", TERM), ALIAS("pk_campaign", CAMPAIGN)
    },
    [12] = {
        UTM("utm_campaign", CAMPAIGN), ALIAS("mtm_campaign", CAMPAIGN),
        ALIAS("piwik_source", SOURCE), ALIAS("piwik_medium", MEDIUM)
    },
    [13] = {
        ALIAS("matomo_source", SOURCE), ALIAS("matomo_medium", MEDIUM),
        ALIAS("piwik_content", CONTENT), ALIAS("piwik_keyword", TERM)
    },
    [14] = {
        ALIAS("piwik_campaign", CAMPAIGN), ALIAS("matomo_content", CONTENT),
        ALIAS("matomo_keyword", TERM)
    },
    [15] = {
        ALIAS("matomo_campaign", CAMPAIGN)
    }
};


#define L(c)  (1u << ((c) - 'a'))

/* The first letter of a name, and the second ones that follow it. */

static const uint32_t  journey_query_letters[26] = {
    ['d' - 'a'] = L('c'),
    ['e' - 'a'] = L('p'),
    ['f' - 'a'] = L('b'),
    ['g' - 'a'] = L('a') | L('b') | L('c'),
    ['l' - 'a'] = L('i'),
    ['m' - 'a'] = L('a') | L('s') | L('t'),
    ['p' - 'a'] = L('i') | L('k'),
    ['r' - 'a'] = L('d') | L('e'),
    ['s' - 'a'] = L('c') | L('o') | L('r'),
    ['t' - 'a'] = L('t') | L('w'),
    ['u' - 'a'] = L('t'),
    ['w' - 'a'] = L('b'),
    ['y' - 'a'] = L('c')
};


static const journey_str_t  journey_click_names[JOURNEY_CLICK_LAST] = {
    [JOURNEY_CLICK_NONE] = journey_string(""),
    [JOURNEY_CLICK_GCLID] = journey_string("gclid"),
    [JOURNEY_CLICK_GBRAID] = journey_string("gbraid"),
    [JOURNEY_CLICK_WBRAID] = journey_string("wbraid"),
    [JOURNEY_CLICK_DCLID] = journey_string("dclid"),
    [JOURNEY_CLICK_MSCLKID] = journey_string("msclkid"),
    [JOURNEY_CLICK_TTCLID] = journey_string("ttclid"),
    [JOURNEY_CLICK_TWCLID] = journey_string("twclid"),
    [JOURNEY_CLICK_LI_FAT_ID] = journey_string("li_fat_id"),
    [JOURNEY_CLICK_RDT_CID] = journey_string("rdt_cid"),
    [JOURNEY_CLICK_SCCID] = journey_string("sccid"),
    [JOURNEY_CLICK_EPIK] = journey_string("epik"),
    [JOURNEY_CLICK_YCLID] = journey_string("yclid"),
    [JOURNEY_CLICK_GAD_SOURCE] = journey_string("gad_source"),
    [JOURNEY_CLICK_SRSLTID] = journey_string("srsltid"),
    [JOURNEY_CLICK_FBCLID] = journey_string("fbclid")
};


static int journey_query_likely(const u_char *p);
static const journey_query_name_t *journey_query_name(const u_char *p,
    const u_char *end, const u_char **value);
static void journey_query_set(journey_query_t *q, u_char *ranks,
    const journey_query_name_t *name, const u_char *p, const u_char *end);
static journey_str_t journey_query_read(u_char *dst, size_t size,
    const u_char *p, const u_char *end);
static void journey_query_controls(u_char *data, size_t len);
static int journey_query_absent(const journey_str_t *value);


int
journey_query_parse(journey_query_t *q, const u_char *args, size_t len)
{
    u_char                       ranks[JOURNEY_QUERY_VALUES];
    unsigned                     i;
    const u_char                *p, *end, *next, *value;
    const journey_query_name_t  *name;

    memset(q->values, 0, sizeof(q->values));
    q->click = JOURNEY_CLICK_NONE;

    if (len == 0) {
        return JOURNEY_DECLINED;
    }

    memset(ranks, 0, sizeof(ranks));

    p = memchr(args, '#', len);
    end = (p != NULL) ? p : args + len;

    for (p = args; p < end; p = next + 1) {

        next = memchr(p, '&', end - p);
        if (next == NULL) {
            next = end;
        }

        if (next - p < 4 || !journey_query_likely(p)) {
            continue;
        }

        name = journey_query_name(p, next, &value);

        if (name != NULL) {
            journey_query_set(q, ranks, name, value, next);
        }
    }

    if (q->click != JOURNEY_CLICK_NONE) {
        return JOURNEY_OK;
    }

    for (i = 0; i < JOURNEY_QUERY_VALUES; i++) {
        if (q->values[i].len != 0) {
            return JOURNEY_OK;
        }
    }

    return JOURNEY_DECLINED;
}


/* 0 when no name begins like p; most parameters of a site end here. */

static int
journey_query_likely(const u_char *p)
{
    u_char  first, second;

    if (p[0] == '%' || p[1] == '%') {
        return 1;
    }

    first = (u_char) ((p[0] | 0x20) - 'a');
    second = (u_char) ((p[1] | 0x20) - 'a');

    return first < 26 && second < 26
           && (journey_query_letters[first] & (1u << second));
}


/* The known name that the parameter [p, end) has, or NULL. */

static const journey_query_name_t *
journey_query_name(const u_char *p, const u_char *end, const u_char **value)
{
    int                          hex;
    u_char                       c, text[JOURNEY_QUERY_NAME_MAX];
    size_t                       len;
    const journey_query_name_t  *name;

    for (len = 0; p < end && *p != '='; p++) {

        if (len == JOURNEY_QUERY_NAME_MAX) {
            return NULL;
        }

        c = *p;

        if (c == '%') {
            hex = (end - p < 3) ? -1 : journey_hex_byte(p + 1);

            if (hex >= 0) {
                c = (u_char) hex;
                p += 2;
            }
        }

        text[len++] = journey_tolower(c);
    }

    if (p == end || len == 0) {
        return NULL;
    }

    *value = p + 1;

    for (name = journey_query_names[len]; name->name != NULL; name++) {
        if (name->name[0] == (char) text[0]
            && memcmp(name->name, text, len) == 0)
        {
            return name;
        }
    }

    return NULL;
}


static void
journey_query_set(journey_query_t *q, u_char *ranks,
    const journey_query_name_t *name, const u_char *p, const u_char *end)
{
    u_char              *dst, scratch[JOURNEY_QUERY_SCRATCH];
    journey_str_t        value;
    journey_referrer_t   url;

    if (name->value == JOURNEY_QUERY_VALUES) {

        /* a click id is counted, its value is kept nowhere */

        if (q->click != JOURNEY_CLICK_NONE
            && q->click <= (journey_click_e) name->rank)
        {
            return;
        }

        value = journey_query_read(scratch, sizeof(scratch), p, end);

        if (value.len != 0) {
            q->click = (journey_click_e) name->rank;
        }

        return;
    }

    if (ranks[name->value] >= name->rank) {
        return;
    }

    value = journey_query_read(scratch, sizeof(scratch), p, end);

    if (value.len == 0) {
        return;
    }

    if (name->value == JOURNEY_QUERY_SOURCE
        && journey_referrer_parse(&url, value.data, value.len) == JOURNEY_OK)
    {
        value = url.host;

        if (!url.app && value.len > 4 && memcmp(value.data, "www.", 4) == 0) {
            value.data += 4;
            value.len -= 4;
        }
    }

    value.len = journey_utf8_cut(value.data, value.len, JOURNEY_VALUE_MAX);

    while (value.len > 0 && value.data[value.len - 1] == ' ') {
        value.len--;
    }

    dst = q->buf + name->value * JOURNEY_VALUE_MAX;
    memcpy(dst, value.data, value.len);

    q->values[name->value].data = dst;
    q->values[name->value].len = value.len;
    ranks[name->value] = name->rank;
}


/*
 * Decodes the value [p, end) into dst, as much as there is room for; the rest
 * is looked through for an "@" alone, which makes it a mail address, most
 * likely.  The string is empty when the value counts as absent.
 */

static journey_str_t
journey_query_read(u_char *dst, size_t size, const u_char *p,
    const u_char *end)
{
    int            hex;
    u_char         c;
    size_t         n;
    unsigned       at;
    journey_str_t  value;

    journey_str_null(&value);
    at = 0;

    for (n = 0; p < end; p++) {

        c = *p;

        if (c == '%') {
            hex = (end - p < 3) ? -1 : journey_hex_byte(p + 1);

            if (hex >= 0) {
                c = (u_char) hex;
                p += 2;
            }

        } else if (c == '+') {
            c = ' ';
        }

        /* an "@", or one that was encoded twice or more: %40, %2540 … */

        if (c == '@' || (at == 3 && c == '0')) {
            return value;
        }

        if (c == '%') {
            at = 1;

        } else if (at == 1 && c == '4') {
            at = 3;

        } else if (at == 1 && c == '2') {
            at = 2;

        } else {
            at = (at == 2 && c == '5');
        }

        if (n < size && !(n == 0 && (c <= ' ' || c == 0x7f))) {
            dst[n++] = journey_tolower(c);
        }
    }

    if (n == 0) {
        return value;
    }

    (void) journey_utf8_mend(dst, n);
    journey_query_controls(dst, n);

    while (n > 0 && *dst == ' ') {
        dst++;
        n--;
    }

    while (n > 0 && dst[n - 1] == ' ') {
        n--;
    }

    value.data = dst;
    value.len = n;

    if (journey_query_absent(&value)) {
        journey_str_null(&value);
    }

    return value;
}


/* Blanks for control characters: C0, DEL, and C1, which is two bytes. */

static void
journey_query_controls(u_char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {

        if (data[i] < ' ' || data[i] == 0x7f) {
            data[i] = ' ';

        } else if (data[i] == 0xc2 && i + 1 < len && data[i + 1] < 0xa0) {
            data[i++] = ' ';
            data[i] = ' ';
        }
    }
}


/* What tools write where they have no value. */

static int
journey_query_absent(const journey_str_t *value)
{
    return value->len == 0
           || journey_str_is(value, "(not set)")
           || journey_str_is(value, "null")
           || journey_str_is(value, "(none)")
           || journey_str_is(value, "(direct)");
}


const journey_str_t *
journey_click_name(journey_click_e click)
{
    if ((unsigned) click >= JOURNEY_CLICK_LAST) {
        click = JOURNEY_CLICK_NONE;
    }

    return &journey_click_names[click];
}
