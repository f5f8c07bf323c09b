
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_import_line.h"

#include <arpa/inet.h>
#include <netinet/in.h>


/* "[22/Nov/2026:07:00:03 +0100] " before the request's quote. */
#define JOURNEY_IMPORT_TIME    26
#define JOURNEY_IMPORT_BEFORE  (JOURNEY_IMPORT_TIME + 3)

/* Years that a time in 32 bits of seconds can have. */
#define JOURNEY_IMPORT_FIRST   1970
#define JOURNEY_IMPORT_LAST    2105

/* Bytes of the longest extension that is known. */
#define JOURNEY_IMPORT_EXT     11


#define journey_is_digit(c)  ((c) >= '0' && (c) <= '9')


static int
journey_import_two(const u_char *p)
{
    return (journey_is_digit(p[0]) && journey_is_digit(p[1]))
           ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}


/* Days since 1970 of a date of the Gregorian calendar, -1 for none. */

static int64_t
journey_import_days(int year, int month, int day)
{
    int64_t    y, n;

    static const u_char  days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31,
                                    30, 31 };
    static const short   before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243,
                                      273, 304, 334 };

    if (year < JOURNEY_IMPORT_FIRST || year > JOURNEY_IMPORT_LAST
        || day < 1 || day > days[month])
    {
        return -1;
    }

    n = (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));

    if (month == 1 && day == 29 && !n) {
        return -1;
    }

    y = year - 1;

    return y * 365 + y / 4 - y / 100 + y / 400 - 719162
           + before[month] + (month > 1 && n) + day - 1;
}


/* "22/Nov/2026:07:00:03 +0100". */

static int
journey_import_time(const u_char *p, journey_import_minute_t *minute,
    uint32_t *time)
{
    int      day, month, year, hour, min, second, high, low;
    int64_t  base;

    static const char  months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    second = journey_import_two(p + 18);

    if (second < 0 || second > 60) {
        return JOURNEY_ERROR;
    }

    if (memcmp(p, minute->text, 18) != 0
        || memcmp(p + 20, minute->text + 20, 6) != 0)
    {
        if (p[2] != '/' || p[6] != '/' || p[11] != ':' || p[14] != ':'
            || p[17] != ':' || p[20] != ' ' || (p[21] != '+' && p[21] != '-'))
        {
            return JOURNEY_ERROR;
        }

        for (month = 0; month < 12; month++) {
            if (memcmp(p + 3, months + 3 * month, 3) == 0) {
                break;
            }
        }

        day = journey_import_two(p);
        year = journey_import_two(p + 7);
        low = journey_import_two(p + 9);
        hour = journey_import_two(p + 12);
        min = journey_import_two(p + 15);

        if (month == 12 || day < 0 || year < 0 || low < 0 || hour < 0
            || hour > 23 || min < 0 || min > 59)
        {
            return JOURNEY_ERROR;
        }

        base = journey_import_days(year * 100 + low, month, day);
        high = journey_import_two(p + 22);
        low = journey_import_two(p + 24);

        if (base < 0 || high < 0 || high > 23 || low < 0 || low > 59) {
            return JOURNEY_ERROR;
        }

        base = base * 86400 + hour * 3600 + min * 60;
        base -= (p[21] == '-' ? -1 : 1) * (high * 3600 + low * 60);

        memcpy(minute->text, p, JOURNEY_IMPORT_TIME);
        minute->base = base;
    }

    if (minute->base + second < 0 || minute->base + second > UINT32_MAX) {
        return JOURNEY_ERROR;
    }

    *time = (uint32_t) (minute->base + second);

    return JOURNEY_OK;
}


/*
 * The quote that begins the request: the first one with a time before it.
 * Nobody who logs in can put another one into his name, since both servers
 * escape quotes.  (Of a user without a name Apache writes "".)
 */

static const u_char *
journey_import_request(const u_char *p, const u_char *end)
{
    const u_char  *q;

    for (q = p; q < end; q++) {
        q = memchr(q, '"', end - q);

        if (q == NULL) {
            return NULL;
        }

        if (q - p > JOURNEY_IMPORT_BEFORE && q[-1] == ' ' && q[-2] == ']'
            && q[-JOURNEY_IMPORT_BEFORE] == '['
            && q[-JOURNEY_IMPORT_BEFORE - 1] == ' ')
        {
            return q;
        }
    }

    return NULL;
}


/* What a quote at p begins, up to the one that ends it; NULL without that.
 * Returns what is behind. */

static const u_char *
journey_import_quoted(journey_str_t *str, const u_char *p, const u_char *end)
{
    const u_char  *q, *b;

    if (p >= end || *p != '"') {
        return NULL;
    }

    p++;

    for (q = p; q < end; q++) {
        q = memchr(q, '"', end - q);

        if (q == NULL) {
            return NULL;
        }

        for (b = q; b > p && b[-1] == '\\'; b--) { /* void */ }

        if ((q - b) % 2 == 0) {
            str->data = (u_char *) p;
            str->len = q - p;

            return q + 1;
        }
    }

    return NULL;
}


static void
journey_import_absent(journey_str_t *str)
{
    if (str->len == 1 && str->data[0] == '-') {
        str->len = 0;
    }
}


/* "GET /path HTTP/1.1", or without the last (HTTP/0.9).  What is none has a
 * target of len 0. */

static void
journey_import_target(journey_import_line_t *line,
    const journey_str_t *request)
{
    size_t         n;
    const u_char  *p, *end, *target;

    p = request->data;
    end = p + request->len;

    line->method = JOURNEY_METHOD_OTHER;
    line->old = 0;
    line->target.data = request->data;
    line->target.len = 0;

    target = memchr(p, ' ', end - p);

    if (target == NULL || target == p) {
        return;
    }

    n = target - p;
    target++;

    if (n == 3 && memcmp(p, "GET", 3) == 0) {
        line->method = JOURNEY_METHOD_GET;

    } else if (n == 4 && memcmp(p, "POST", 4) == 0) {
        line->method = JOURNEY_METHOD_POST;

    } else if (n == 4 && memcmp(p, "HEAD", 4) == 0) {
        line->method = JOURNEY_METHOD_HEAD;
    }

    if (end - target > 9 && end[-9] == ' '
        && memcmp(end - 8, "HTTP/", 5) == 0)
    {
        /* HTTP/1.1, the usual one */

        end -= 9;

    } else {

        for (p = end; p > target && p[-1] != ' '; p--) { /* void */ }

        if (p > target && end - p >= 6 && memcmp(p, "HTTP/", 5) == 0) {
            end = p - 1;

        } else {
            line->old = 1;
        }
    }

    if (*target == '/' || *target == 'h' || *target == 'H') {
        line->target.data = (u_char *) target;
        line->target.len = end - target;
    }
}


const char *
journey_import_line_read(journey_import_line_t *line, const u_char *p,
    size_t len, journey_import_minute_t *minute)
{
    journey_str_t   request;
    const u_char   *q, *end;

    end = p + len;

    if (end > p && end[-1] == '\r') {
        end--;
    }

    q = journey_import_request(p, end);

    if (q == NULL) {
        return "no line of the combined format";
    }

    if (journey_import_time(q - JOURNEY_IMPORT_BEFORE + 1, minute,
                            &line->time)
        != JOURNEY_OK)
    {
        return "bad time";
    }

    line->client.data = (u_char *) p;
    line->client.len = q - JOURNEY_IMPORT_BEFORE - 1 - p;

    q = journey_import_quoted(&request, q, end);

    if (q == NULL) {
        return "the request does not end";
    }

    /* " 200 1234 " */

    if (end - q < 7 || q[0] != ' ' || journey_import_two(q + 1) < 0
        || !journey_is_digit(q[3]) || q[4] != ' ')
    {
        return "no status";
    }

    line->status = (q[1] - '0') * 100 + (q[2] - '0') * 10 + (q[3] - '0');

    q += 5;

    if (*q == '-') {
        q++;

    } else {
        while (q < end && journey_is_digit(*q)) {
            q++;
        }
    }

    if (q[-1] == ' ' || q == end || *q != ' ') {
        return "no number of bytes";
    }

    q = journey_import_quoted(&line->referrer, q + 1, end);

    if (q == NULL || q == end || *q != ' ') {
        return "no referrer";
    }

    q = journey_import_quoted(&line->agent, q + 1, end);

    if (q == NULL) {
        return "no user agent";
    }

    journey_import_absent(&line->referrer);
    journey_import_absent(&line->agent);
    journey_import_target(line, &request);

    return NULL;
}


static int
journey_import_ip(const journey_str_t *text, struct sockaddr_storage *addr)
{
    char                  buf[INET6_ADDRSTRLEN];
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    if (text->len == 0 || text->len >= sizeof(buf)) {
        return 0;
    }

    memcpy(buf, text->data, text->len);
    buf[text->len] = '\0';

    memset(addr, 0, sizeof(struct sockaddr_storage));

    sin = (struct sockaddr_in *) addr;

    if (inet_pton(AF_INET, buf, &sin->sin_addr) == 1) {
        addr->ss_family = AF_INET;
        return 1;
    }

    sin6 = (struct sockaddr_in6 *) addr;

    if (inet_pton(AF_INET6, buf, &sin6->sin6_addr) == 1) {
        addr->ss_family = AF_INET6;
        return 1;
    }

    return 0;
}


/* The first 64 bits of an IPv6 address are hashed. */

static void
journey_import_name(const journey_str_t *text, struct sockaddr_storage *addr)
{
    uint32_t              hash;
    struct sockaddr_in6  *sin6;

    memset(addr, 0, sizeof(struct sockaddr_storage));

    sin6 = (struct sockaddr_in6 *) addr;
    sin6->sin6_family = AF_INET6;

    hash = journey_hash(text->data, text->len);
    memcpy(sin6->sin6_addr.s6_addr, &hash, sizeof(uint32_t));

    hash = journey_hash_more(journey_hash((u_char *) "name", 4), text->data,
                             text->len);
    memcpy(sin6->sin6_addr.s6_addr + 4, &hash, sizeof(uint32_t));
}


/* 1 for "shop.example:443". */

static int
journey_import_has_port(const journey_str_t *text)
{
    size_t  i;

    for (i = text->len; i > 0 && journey_is_digit(text->data[i - 1]); i--) {
        /* void */
    }

    return i > 1 && i < text->len && text->data[i - 1] == ':';
}


static journey_str_t
journey_import_word(const u_char **p, const u_char *end)
{
    journey_str_t   word;
    const u_char   *q;

    q = memchr(*p, ' ', end - *p);
    q = (q == NULL) ? end : q;

    word.data = (u_char *) *p;
    word.len = q - *p;

    *p = (q == end) ? end : q + 1;

    return word;
}


void
journey_import_line_client(journey_import_client_t *client,
    const journey_import_line_t *line)
{
    journey_str_t   first, second;
    const u_char   *p, *end;

    journey_str_null(&client->host);

    p = line->client.data;
    end = p + line->client.len;

    first = journey_import_word(&p, end);

    if (journey_import_ip(&first, &client->addr)) {
        return;
    }

    second = journey_import_word(&p, end);

    if (journey_import_ip(&second, &client->addr)) {
        client->host = first;
        return;
    }

    /* "unix:" has no number */

    if (journey_import_has_port(&first) && second.len > 0) {
        client->host = first;
        first = second;
    }

    journey_import_name(&first, &client->addr);
}


journey_str_t
journey_import_unescape(const journey_str_t *str, u_char *buf)
{
    int             hex;
    u_char         *dst;
    const u_char   *p, *end;
    journey_str_t   result;

    if (str->len == 0 || memchr(str->data, '\\', str->len) == NULL) {
        return *str;
    }

    p = str->data;
    end = p + str->len;
    dst = buf;

    while (p < end) {

        if (*p != '\\' || end - p < 2) {
            *dst++ = *p++;
            continue;
        }

        if (p[1] == 'x' && end - p >= 4) {
            hex = journey_hex_byte(p + 2);

            if (hex >= 0) {
                *dst++ = (u_char) hex;
                p += 4;
                continue;
            }
        }

        switch (p[1]) {

        case 'n':
            *dst++ = '\n';
            break;

        case 'r':
            *dst++ = '\r';
            break;

        case 't':
            *dst++ = '\t';
            break;

        case 'v':
            *dst++ = '\v';
            break;

        case 'b':
            *dst++ = '\b';
            break;

        case 'f':
            *dst++ = '\f';
            break;

        case '"':
        case '\\':
            *dst++ = p[1];
            break;

        default:
            *dst++ = '\\';
            p++;
            continue;
        }

        p += 2;
    }

    result.data = buf;
    result.len = dst - buf;

    return result;
}


/* Extensions that pages do not have: what their types are not by default
 * (journey_types).  A blank before and behind each. */

static const char  journey_import_ext3[] =
    " css png jpg gif svg ico bmp tif avi mp3 mp4 m4a m4v mov mkv ogg oga ogv"
    " wav aac mpd vtt srt mjs cjs map xml rss txt csv ttf otf eot pdf doc xls"
    " ppt odt ods odp rtf zip tgz bz2 rar tar zst jar apk ipa dmg exe msi deb"
    " rpm iso bin ics vcf swf cur psd eps jxl md5 sig asc ";

static const char  journey_import_ext4[] =
    " jpeg webp avif apng heic heif tiff svgz json atom wasm woff webm opus"
    " flac m3u8 docx xlsx pptx epub mpeg yaml ";

/* By their length. */

static const char *const  journey_import_assets[JOURNEY_IMPORT_EXT + 1] = {
    "",
    "",
    " gz js br xz 7z ps ts ",
    journey_import_ext3,
    journey_import_ext4,
    " woff2 jsonp json5 ",
    " jsonld sha256 ",
    " geojson torrent ",
    " appcache ",
    "",
    "",
    " webmanifest ",
};


int
journey_import_is_asset(const journey_str_t *target)
{
    char           word[JOURNEY_IMPORT_EXT + 3];
    size_t         len, i;
    const u_char  *p, *q, *end;

    if (target->len == 0) {
        return 0;
    }

    p = target->data + 1;
    end = memchr(p - 1, '?', target->len);
    end = (end == NULL) ? target->data + target->len : end;

    /* the extension is [q, end) */

    for (q = end; /* void */ ; q--) {

        if (q <= p || q[-1] == '/' || end - q > JOURNEY_IMPORT_EXT) {
            return 0;
        }

        if (q[-1] == '.') {
            break;
        }
    }

    len = end - q;
    word[0] = ' ';

    for (i = 0; i < len; i++) {

        if (q[i] <= ' ') {
            return 0;
        }

        word[i + 1] = (char) journey_tolower(q[i]);
    }

    word[len + 1] = ' ';
    word[len + 2] = '\0';

    return strstr(journey_import_assets[len], word) != NULL;
}
