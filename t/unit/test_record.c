
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The log record: written, read back, and read from bad lines.
 */


#include "journey_record.h"

#include "tap.h"


static u_char  out[65536];
static u_char  buf[65536];


static journey_str_t
str(const char *text)
{
    journey_str_t  s;

    s.len = strlen(text);
    s.data = (u_char *) text;

    return s;
}


static journey_str_t
bytes(const char *data, size_t len)
{
    journey_str_t  s;

    s.len = len;
    s.data = (u_char *) data;

    return s;
}


/* Writes the record into memory of exactly the promised size, so that a
 * sanitizer sees any byte beyond it. */

static journey_str_t
write_record(const journey_record_t *rec)
{
    size_t         size;
    u_char        *mem, *end;
    journey_str_t  line;

    size = journey_record_size(rec);
    mem = malloc(size);

    if (mem == NULL) {
        abort();
    }

    end = journey_record_write(mem, rec);

    line.len = end - mem;

    if (line.len > size || line.len > sizeof(out)) {
        printf("Bail out! %zu bytes written, %zu promised\n", line.len, size);
        exit(1);
    }

    memcpy(out, mem, line.len);
    free(mem);

    line.data = out;

    return line;
}


/* Reads from memory of exactly the line's size. */

static int
read_line(journey_record_t *rec, const char *line, size_t len,
    journey_error_t *err)
{
    int             rc;
    u_char         *mem, *room;
    static u_char  *last_mem, *last_room;

    free(last_mem);
    free(last_room);

    mem = malloc(len + 1);
    room = malloc(len + 1);

    if (mem == NULL || room == NULL) {
        abort();
    }

    memcpy(mem, line, len);
    mem = realloc(mem, len ? len : 1);
    room = realloc(room, len ? len : 1);

    rc = journey_record_read(rec, mem, len, room, err);

    last_mem = mem;
    last_room = room;

    return rc;
}


static int
read_text(journey_record_t *rec, const char *line, journey_error_t *err)
{
    err->text[0] = '\0';

    return read_line(rec, line, strlen(line), err);
}


static void
page(journey_record_t *rec)
{
    memset(rec, 0, sizeof(journey_record_t));

    rec->time = 1795321795110ULL;
    rec->visitor = str("cSJBiXSDE-3rgHpRx");
    rec->journey = 1;
    rec->session = 3;
    rec->kind = JOURNEY_EVENT_PAGE;
    rec->host = str("shop.example");
    rec->path = str("/cart");
    rec->phase = str("decision");
    rec->position = 3;
    rec->ms = 9;
    rec->has_ms = 1;
    rec->country = str("DE");
    rec->device = JOURNEY_DEVICE_MOBILE;
    rec->basis = 'c';
}


static void
test_write(void)
{
    journey_record_t  rec;

    page(&rec);
    is_str(write_record(&rec),
           "{\"t\":1795321795110,\"v\":\"cSJBiXSDE-3rgHpRx\",\"j\":1,\"s\":3,"
           "\"k\":\"page\",\"h\":\"shop.example\",\"p\":\"/cart\","
           "\"ph\":\"decision\",\"pn\":3,\"ms\":9,\"cc\":\"DE\","
           "\"dev\":\"mobile\",\"b\":\"c\"}\n", "a page");

    rec.time = 1795321780003ULL;
    rec.path = str("/products/");
    rec.phase = str("consideration");
    rec.position = 2;
    rec.channel = str("organic_search");
    rec.source = str("google");
    rec.medium = str("organic");
    rec.referrer = str("www.google.com");
    rec.why = str("referrer");
    rec.first_seen = 20770;
    rec.has_first_seen = 1;
    rec.ms = 12;
    is_str(write_record(&rec),
           "{\"t\":1795321780003,\"v\":\"cSJBiXSDE-3rgHpRx\",\"j\":1,\"s\":3,"
           "\"k\":\"page\",\"h\":\"shop.example\",\"p\":\"/products/\","
           "\"ph\":\"consideration\",\"pn\":2,\"ch\":\"organic_search\","
           "\"src\":\"google\",\"med\":\"organic\",\"ref\":\"www.google.com\","
           "\"why\":\"referrer\",\"fs\":20770,\"ms\":12,\"cc\":\"DE\","
           "\"dev\":\"mobile\",\"b\":\"c\"}\n", "a touch");

    page(&rec);
    rec.time = 1795321833412ULL;
    rec.kind = JOURNEY_EVENT_GOAL;
    rec.path = str("/checkout/done");
    rec.has_ms = 0;
    rec.goal = str("purchase");
    rec.done = 1;
    rec.value = 99.9;
    rec.has_value = 1;
    rec.currency = str("EUR");
    rec.order = str("x7Qd");
    rec.touches[0] = str("email");
    rec.touches[1] = str("direct");
    rec.touches[2] = str("organic_search");
    rec.ntouches = 3;
    rec.touches_total = 3;
    is_str(write_record(&rec),
           "{\"t\":1795321833412,\"v\":\"cSJBiXSDE-3rgHpRx\",\"j\":1,\"s\":3,"
           "\"k\":\"goal\",\"h\":\"shop.example\",\"p\":\"/checkout/done\","
           "\"ph\":\"decision\",\"pn\":3,\"goal\":\"purchase\",\"done\":1,"
           "\"val\":99.9,\"cur\":\"EUR\",\"ord\":\"x7Qd\","
           "\"w\":[\"email\",\"direct\",\"organic_search\"],\"wn\":3,"
           "\"cc\":\"DE\",\"dev\":\"mobile\",\"b\":\"c\"}\n", "a goal");

    memset(&rec, 0, sizeof(rec));
    rec.time = 5;
    rec.kind = JOURNEY_EVENT_PIXEL;
    is_str(write_record(&rec), "{\"t\":5,\"k\":\"pixel\"}\n",
           "nothing but time and kind");

    rec.kind = JOURNEY_EVENT_ERROR;
    rec.status = 404;
    rec.has_ms = 1;
    rec.prefetched = 1;
    rec.previous = str("hABCDEFGHIJKLMNOP");
    rec.country = str("CH");
    rec.region = str("ZH");
    rec.city = str("Z\xc3\xbcrich");
    rec.device = JOURNEY_DEVICE_TV;
    rec.bot = str("googlebot");
    rec.user = str("uuu");
    rec.label_names[0] = str("segment");
    rec.label_values[0] = str("b2b");
    rec.label_names[1] = str("empty");
    rec.nlabels = 2;
    rec.basis = 'e';
    is_str(write_record(&rec),
           "{\"t\":5,\"k\":\"error\",\"st\":404,\"ms\":0,\"pf\":1,"
           "\"pv\":\"hABCDEFGHIJKLMNOP\",\"cc\":\"CH\",\"rg\":\"ZH\","
           "\"ct\":\"Z\xc3\xbcrich\",\"dev\":\"tv\","
           "\"bot\":\"googlebot\",\"u\":\"uuu\","
           "\"l\":{\"segment\":\"b2b\",\"empty\":\"\"},\"b\":\"e\"}\n",
           "the rare keys, ms 0");
}


static void
test_escape(void)
{
    u_char            *end;
    char               path[1100], want[2048];
    size_t             i, n;
    journey_str_t      got;
    journey_record_t   rec, back;
    journey_error_t    err;

    memset(&rec, 0, sizeof(rec));
    rec.time = 1;
    rec.kind = JOURNEY_EVENT_PAGE;

    rec.path = str("/a\"b\\c");
    is_str(write_record(&rec),
           "{\"t\":1,\"k\":\"page\",\"p\":\"/a\\\"b\\\\c\"}\n",
           "quotes and backslashes");

    rec.path = bytes("/\x00\x01\n\x1f\x7f", 6);
    is_str(write_record(&rec),
           "{\"t\":1,\"k\":\"page\",\"p\":\"/\\u0000\\u0001\\u000a\\u001f\x7f"
           "\"}\n", "control characters");

    /* every place of a special byte in strings of every length */

    n = 0;

    for (i = 1; i <= 40; i++) {
        size_t  k;

        for (k = 0; k < i; k++) {
            memset(path, 'x', i);
            path[k] = '"';

            end = journey_json_escape(out, (u_char *) path, i);
            got.data = out;
            got.len = end - out;

            n += (got.len == i + 1 && got.data[k] == '\\'
                  && got.data[k + 1] == '"');
        }
    }

    is_int(n, 40 * 41 / 2, "a quote at every place of 1 to 40 bytes");

    for (n = 0, i = 0; i < 256; i++) {
        memset(path, 'x', 24);
        path[11] = (char) i;

        end = journey_json_escape(out, (u_char *) path, 24);

        n += (end - out == (i < 0x20 ? 29
                            : i == '"' || i == '\\' ? 25
                            : i >= 0x80 ? 26 : 24));
    }

    is_int(n, 256, "every byte value in the middle of a string");

    /* UTF-8: valid characters of 2, 3, 4 bytes stay, the rest is U+FFFD */

    rec.path = str("/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf");
    is_str(write_record(&rec),
           "{\"t\":1,\"k\":\"page\",\"p\":\"/\xc3\xa4\xe2\x82\xac"
           "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"}\n", "valid UTF-8 stays");

    rec.path = str("/\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80z\xe2\x82");
    is_str(write_record(&rec),
           "{\"t\":1,\"k\":\"page\",\"p\":\"/"
           "\xef\xbf\xbd" "\xef\xbf\xbd\xef\xbf\xbd"
           "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
           "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
           "z\xef\xbf\xbd\xef\xbf\xbd\"}\n",
           "overlong forms, surrogates, beyond U+10FFFF, cut characters");

    /* the path's bound */

    memset(path, 'a', sizeof(path));
    path[511] = '\xc3';
    path[512] = '\xa4';
    rec.path = bytes(path, 600);
    memcpy(want, "{\"t\":1,\"k\":\"page\",\"p\":\"", 23);
    memset(want + 23, 'a', 511);
    memcpy(want + 534, "\"}\n", 4);
    is_str(write_record(&rec), want, "a path is cut before a character");

    memset(path, '\xff', sizeof(path));
    rec.path = bytes(path, 512);
    got = write_record(&rec);
    is_int(got.len - 26, 510, "a path of 512 bad bytes has 170 U+FFFD");

    memset(path, '\x01', sizeof(path));
    rec.path = bytes(path, 1024);
    got = write_record(&rec);
    is_int(got.len - 26, 512 * 6, "a path of control characters: 512 of them");

    /* all strings at their worst, and back */

    memset(path, '\x01', sizeof(path));
    page(&rec);
    rec.time = 281474976710655ULL;
    rec.journey = rec.session = rec.ms = UINT32_MAX;
    rec.position = JOURNEY_POSITION_MAX;
    rec.status = rec.touches_total = rec.first_seen = UINT32_MAX;
    rec.kind = JOURNEY_EVENT_OFFLINE;
    rec.device = JOURNEY_DEVICE_DESKTOP;
    rec.has_first_seen = rec.has_value = rec.done = rec.prefetched = 1;
    rec.value = -5e-324;
    rec.visitor = rec.host = rec.path = rec.phase = rec.channel = rec.source
        = rec.medium = rec.campaign = rec.term = rec.content = rec.click
        = rec.referrer = rec.why = rec.goal = rec.currency = rec.order
        = rec.previous = rec.country = rec.region = rec.city = rec.bot
        = rec.user
        = bytes(path, 100);
    rec.ntouches = JOURNEY_RECORD_TOUCHES;
    rec.nlabels = JOURNEY_RECORD_LABELS;

    for (i = 0; i < JOURNEY_RECORD_TOUCHES; i++) {
        rec.touches[i] = bytes(path, 100);
    }

    for (i = 0; i < JOURNEY_RECORD_LABELS; i++) {
        rec.label_names[i] = bytes(path, 100);
        rec.label_values[i] = bytes(path, 100);
    }

    got = write_record(&rec);
    ok(got.len > 30000, "the worst record fits into its promised size");
    is_int(read_line(&back, (char *) got.data, got.len - 1, &err), JOURNEY_OK,
           "and is read back");
    ok(back.value == rec.value && back.has_value, "the smallest double too");
    ok(back.label_values[7].len == 100 && back.touches[15].len == 100
       && back.user.len == 100 && back.user.data[99] == 1
       && back.time == rec.time && back.ms == UINT32_MAX,
       "with everything in it");
}


static void
test_numbers(void)
{
    u_char         *end;
    size_t          i;
    journey_str_t   got;

    static const struct {
        double       value;
        const char  *text;
    } cases[] = {
        { 0, "0" }, { -0.0, "0" }, { 1, "1" }, { 10, "10" }, { 99, "99" },
        { 100, "100" }, { 99.9, "99.9" }, { 99.95, "99.95" },
        { 0.1, "0.1" }, { 0.01, "0.01" }, { 0.05, "0.05" }, { 0.1 + 0.2,
        "0.30000000000000004" }, { 1e-9, "0.000000001" }, { -12.5, "-12.5" },
        { 1.005, "1.005" }, { 19.999, "19.999" }, { 1234567.89, "1234567.89" },
        { 999999999999.99, "999999999999.99" }, { 1e14, "100000000000000" },
        { 999999999999999, "999999999999999" },
        { 123456789012345.67, "123456789012345.67" },
        { 1e15, "1000000000000000" }, { 1e20, "100000000000000000000" },
        { 1e21, "1e21" },
        { 1e22, "1e22" }, { 1.5e300, "1.5e300" },
        { 1.0 / 3, "0.3333333333333333" }, { 5e-324, "0.000" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        end = journey_json_number(out, cases[i].value);
        got.data = out;
        got.len = end - out;

        if (cases[i].value == 5e-324) {
            is_int(got.len, 326, "the smallest double has 326 characters");
            ok(got.data[325] == '5', "and ends in 5");
            continue;
        }

        is_str(got, cases[i].text, cases[i].text);
    }

    end = journey_json_number(out, __builtin_inf());
    got.data = out;
    got.len = end - out;
    is_str(got, "null", "infinity is no number");

    /* cents: every amount reads back, in its shortest form */

    for (i = 0; i < 200000; i++) {
        double  value;

        value = (double) (i * 7919 % 100000000) / 100;
        end = journey_json_number(out, value);
        *end = '\0';

        if (strtod((char *) out, NULL) != value || end - out > 9) {
            break;
        }
    }

    is_int(i, 200000, "200000 amounts of money read back");
}


static void
test_read(void)
{
    journey_record_t  rec;
    journey_error_t   err;

    is_int(read_text(&rec, "{\"t\":1795321833412,\"v\":\"cX\",\"j\":1,\"s\":3,"
                     "\"k\":\"goal\",\"h\":\"shop.example\",\"p\":\"/done\","
                     "\"ph\":\"decision\",\"pn\":3,\"goal\":\"purchase\","
                     "\"done\":1,\"val\":99.9,\"cur\":\"EUR\",\"ord\":\"x7\","
                     "\"w\":[\"email\",\"direct\"],\"wn\":2,\"cc\":\"DE\","
                     "\"dev\":\"tablet\",\"l\":{\"a\":\"b\"},\"b\":\"c\"}",
                     &err), JOURNEY_OK, "a goal is read");
    is_int(rec.time, 1795321833412LL, "t");
    is_str(rec.visitor, "cX", "v");
    is_int(rec.journey, 1, "j");
    is_int(rec.session, 3, "s");
    is_int(rec.kind, JOURNEY_EVENT_GOAL, "k");
    is_str(rec.host, "shop.example", "h");
    is_str(rec.path, "/done", "p");
    is_str(rec.phase, "decision", "ph");
    is_int(rec.position, 3, "pn");
    is_str(rec.goal, "purchase", "goal");
    ok(rec.done && rec.has_value && rec.value == 99.9, "done and val");
    is_str(rec.currency, "EUR", "cur");
    is_str(rec.order, "x7", "ord");
    ok(rec.ntouches == 2 && rec.touches_total == 2, "w and wn");
    is_str(rec.touches[1], "direct", "w's second");
    is_int(rec.device, JOURNEY_DEVICE_TABLET, "dev");
    is_int(rec.nlabels, 1, "l");
    is_str(rec.label_values[0], "b", "l's value");
    is_int(rec.basis, 'c', "b");
    ok(!rec.has_ms && !rec.has_first_seen && rec.channel.len == 0,
       "what is absent is absent");

    is_int(read_text(&rec, "{\"t\":1,\"k\":\"page\",\"v\":\"c1\",\"ch\":\"x\","
                     "\"src\":\"a\",\"med\":\"b\",\"cmp\":\"c\",\"trm\":\"d\","
                     "\"con\":\"e\",\"cid\":\"f\",\"ref\":\"g\",\"why\":\"h\","
                     "\"fs\":0,\"st\":304,\"ms\":0,\"pf\":1,\"pv\":\"i\","
                     "\"rg\":\"j\",\"ct\":\"k\",\"bot\":\"m\",\"u\":\"l\"}", &err),
           JOURNEY_OK, "a page is read");
    is_str(rec.channel, "x", "ch");
    is_str(rec.source, "a", "src");
    is_str(rec.medium, "b", "med");
    is_str(rec.campaign, "c", "cmp");
    is_str(rec.term, "d", "trm");
    is_str(rec.content, "e", "con");
    is_str(rec.click, "f", "cid");
    is_str(rec.referrer, "g", "ref");
    is_str(rec.why, "h", "why");
    is_str(rec.previous, "i", "pv");
    is_str(rec.region, "j", "rg");
    is_str(rec.city, "k", "ct");
    is_str(rec.bot, "m", "bot");
    is_str(rec.user, "l", "u");
    is_int(rec.status, 304, "st");
    ok(rec.has_ms && rec.ms == 0 && rec.has_first_seen && rec.prefetched,
       "ms 0, fs 0, pf");
    ok(rec.ntouches == 0 && rec.nlabels == 0 && rec.goal.len == 0
       && !rec.has_value, "nothing stays of the line before");

    is_int(read_text(&rec, " { \"k\" : \"page\" ,\t\"p\" : \"/x\" , \"t\" : 7 "
                     "} \r", &err), JOURNEY_OK, "blanks, t last");
    is_str(rec.path, "/x", "p among blanks");

    is_int(read_text(&rec, "{\"t\":1,\"k\":\"page\",\"p\":\"/\\u00e4\\n\\\"\\\\"
                     "\\/\\ud83d\\ude00\\ud800x\\u0000\",\"h\":\"a\\tb\"}",
                     &err), JOURNEY_OK, "escapes");
    is_int(rec.path.len, 1 + 2 + 1 + 1 + 1 + 1 + 4 + 3 + 1 + 1, "their bytes");
    ok(memcmp(rec.path.data,
              "/\xc3\xa4\n\"\\/\xf0\x9f\x98\x80\xef\xbf\xbdx", 16) == 0,
       "their characters; half a surrogate is U+FFFD");
    is_str(rec.host, "a\tb", "two strings with escapes in one line");

    is_int(read_text(&rec, "{\"\\u0074\":9,\"k\":\"pa\\u0067e\"}", &err),
           JOURNEY_OK, "an escaped key is the key");
    is_int(rec.time, 9, "and has its value");

    is_int(read_text(&rec, "{\"x\":null,\"t\":1,\"yy\":{\"a\":[1,{\"t\":5},"
                     "[],{}],\"b\":-1.5e-3},\"k\":\"page\",\"zzz\":[true,false,"
                     "\"\\\"]\"],\"longer\":1e999,\"\":{}}", &err),
           JOURNEY_OK, "unknown keys, whatever their value");
    is_int(rec.time, 1, "no key of theirs is taken for one of ours");

    is_int(read_text(&rec, "{\"t\\u0000\":9,\"t\":3,\"k\":\"page\"}", &err),
           JOURNEY_OK, "a key with a NUL is another key");
    is_int(rec.time, 3, "so t is t");

    is_int(read_text(&rec, "{\"t\":1,\"k\":\"page\",\"dev\":\"watch\","
                     "\"b\":\"z\"}", &err), JOURNEY_OK,
           "a device and a basis of later versions");
    ok(rec.device == JOURNEY_DEVICE_OTHER && rec.basis == 0,
       "are other and absent");

    is_int(read_text(&rec, "{\"t\":1,\"t\":2,\"k\":\"page\"}", &err),
           JOURNEY_OK, "a key twice");
    is_int(rec.time, 2, "the last one counts");
}


static void
test_values(void)
{
    size_t            i;
    char              line[256];
    journey_record_t  rec;
    journey_error_t   err;

    static const struct {
        const char  *text;
        double       value;
    } cases[] = {
        { "0", 0 }, { "-0", 0 }, { "99.9", 99.9 }, { "1e2", 100 },
        { "1E+2", 100 }, { "12.50", 12.5 }, { "1e-2", 0.01 },
        { "0.30000000000000004", 0.1 + 0.2 },
        { "123456789012345678901234567890", 123456789012345678901234567890.0 },
        { "0.1000000000000000055511151231257827021181583404541015625", 0.1 },
        { "1000000000000000000000000000000000000000000000000", 1e48 },
        { "0.000000000000000000000000000000000000000000000001", 1e-48 },
        { "4.9e-324", 5e-324 }, { "1e-999", 0 },
        { "-1e290", -1e290 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(line, sizeof(line), "{\"t\":1,\"k\":\"goal\",\"val\":%s}",
                 cases[i].text);

        ok(read_text(&rec, line, &err) == JOURNEY_OK && rec.has_value
           && rec.value == cases[i].value, "val %s", cases[i].text);
    }
}


static void
test_bad(void)
{
    size_t            i, n;
    char             *text, deep[512];
    journey_record_t  rec;
    journey_error_t   err;

    static const char  whole[] =
        "{\"t\":1795321833412,\"v\":\"cX\",\"j\":1,\"k\":\"goal\","
        "\"p\":\"/\\u00e4\",\"val\":-1.5e3,\"w\":[\"a\",\"b\"],"
        "\"l\":{\"a\":\"b\"},\"x\":[{\"y\":true}]}";

    static const struct {
        const char  *line;
        const char  *text;
    } cases[] = {
        { "", "not an object at byte 1" },
        { "[]", "not an object at byte 1" },
        { "nonsense", "not an object at byte 1" },
        { "{}", "no t at byte 3" },
        { "{\"t\":1}", "no k at byte 8" },
        { "{\"k\":\"page\"}", "no t at byte 13" },
        { "{\"t\":1,\"k\":\"pages\"}", "unknown k at byte 12" },
        { "{\"t\":1,\"k\":\"\"}", "unknown k at byte 12" },
        { "{\"t\":1,\"k\":1}", "not a string at byte 12" },
        { "{\"t\":\"1\",\"k\":\"page\"}", "not a whole number at byte 6" },
        { "{\"t\":-1,\"k\":\"page\"}", "not a whole number at byte 6" },
        { "{\"t\":1.5,\"k\":\"page\"}", "not a whole number at byte 6" },
        { "{\"t\":1e3,\"k\":\"page\"}", "not a whole number at byte 6" },
        { "{\"t\":01,\"k\":\"page\"}", "not a whole number at byte 6" },
        { "{\"t\":null,\"k\":\"page\"}", "not a whole number at byte 6" },
        { "{\"t\":281474976710656,\"k\":\"page\"}",
          "number too large at byte 6" },
        { "{\"t\":99999999999999999999999,\"k\":\"page\"}",
          "number too large at byte 6" },
        { "{\"t\":1,\"k\":\"page\",\"j\":4294967296}",
          "number too large at byte 23" },
        { "{\"t\":1,\"k\":\"page\",\"pf\":2}", "number too large at byte 24" },
        { "{\"t\":1,\"k\":\"page\",\"p\":7}", "not a string at byte 23" },
        { "{\"t\":1,\"k\":\"page\",\"val\":\"7\"}",
          "not a number at byte 25" },
        { "{\"t\":1,\"k\":\"page\",\"pn\":65536}",
          "number too large at byte 24" },
        { "{\"t\":1,\"k\":\"page\",\"val\":1e999}",
          "number too large at byte 30" },
        { "{\"t\":1,\"k\":\"page\",\"val\":-1e999}",
          "number too large at byte 31" },
        { "{\"t\":1,\"k\":\"page\",\"val\":1.01e290}",
          "number too large at byte 33" },
        { "{\"t\":1,\"k\":\"page\",\"val\":-1.7976931348623157e308}",
          "number too large at byte 48" },
        { "{\"t\":1,\"k\":\"page\",\"val\":.5}", "not a number at byte 25" },
        { "{\"t\":1,\"k\":\"page\",\"val\":5.}", "not a number at byte 25" },
        { "{\"t\":1,\"k\":\"page\",\"val\":1e}", "not a number at byte 25" },
        { "{\"t\":1,\"k\":\"page\",\"val\":00}", "not a number at byte 25" },
        { "{\"t\":1,\"k\":\"page\",\"w\":\"a\"}", "not an array at byte 23" },
        { "{\"t\":1,\"k\":\"page\",\"w\":[1]}", "not a string at byte 24" },
        { "{\"t\":1,\"k\":\"page\",\"w\":[\"a\",]}",
          "not a string at byte 28" },
        { "{\"t\":1,\"k\":\"page\",\"w\":[\"1\",\"2\",\"3\",\"4\",\"5\","
          "\"6\",\"7\",\"8\",\"9\",\"0\",\"1\",\"2\",\"3\",\"4\",\"5\","
          "\"6\",\"7\"]}", "too many channels at byte 88" },
        { "{\"t\":1,\"k\":\"page\",\"l\":[]}", "not an object at byte 23" },
        { "{\"t\":1,\"k\":\"page\",\"l\":{\"a\":1}}",
          "not a string at byte 28" },
        { "{\"t\":1,\"k\":\"page\",\"l\":{\"1\":\"\",\"2\":\"\",\"3\":\"\","
          "\"4\":\"\",\"5\":\"\",\"6\":\"\",\"7\":\"\",\"8\":\"\","
          "\"9\":\"\"}}", "too many labels at byte 80" },
        { "{\"t\":1,\"k\":\"page\",}", "not a string at byte 19" },
        { "{\"t\":1 \"k\":\"page\"}", "no comma behind a value at byte 8" },
        { "{\"t\" 1}", "no colon behind a key at byte 6" },
        { "{\"t\":1,\"k\":\"page\"} x", "something behind the object at "
          "byte 20" },
        { "{\"t\":1,\"k\":\"page\"}{}", "something behind the object at "
          "byte 19" },
        { "{\"t\":1,\"k\":\"page\",\"p\":\"a\nb\"}",
          "control character in a string at byte 25" },
        { "{\"t\":1,\"k\":\"page\",\"a\tb\":1}",
          "control character in a string at byte 21" },
        { "{\"t\":1,\"k\":\"page\",\"p\":\"a\\qb\"}", "bad escape at byte 26" },
        { "{\"t\":1,\"k\":\"page\",\"go\\l\":1}", "bad escape at byte 23" },
        { "{\"t\":1,\"k\":\"page\",\"\\g\":1}", "bad escape at byte 21" },
        { "{\"t\":1,\"k\":\"page\",\"p\":\"\\u12g4\"}",
          "bad \\u escape at byte 26" },
        { "{\"t\":1,\"k\":\"page\",\"x\":tru}", "not a value at byte 23" },
        { "{\"t\":1,\"k\":\"page\",\"x\":[1}", "unfinished value at byte 25" },
        { "{\"t\":1,\"k\":\"page\",\"x\":{1}}", "not a string at byte 24" },
        { "{\"t\":1,\"k\":\"page\",\"x\":+1}", "not a number at byte 23" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        journey_str_t  got;

        if (read_text(&rec, cases[i].line, &err) == JOURNEY_OK) {
            ok(0, "%s is refused", cases[i].line);
            continue;
        }

        got = str(err.text);
        is_str(got, cases[i].text, cases[i].text);
    }

    is_int(read_text(&rec, whole, &err), JOURNEY_OK, "a whole line");

    for (n = 0, i = 0; i < sizeof(whole) - 1; i++) {
        n += (read_line(&rec, whole, i, &err) == JOURNEY_ERROR);
    }

    is_int(n, sizeof(whole) - 1, "is refused wherever it is cut");

    /* as long as a line may be, and longer */

    text = malloc(JOURNEY_LINE_MAX + 1);
    memset(text, ' ', JOURNEY_LINE_MAX + 1);
    memcpy(text, whole, sizeof(whole) - 1);

    is_int(read_line(&rec, text, JOURNEY_LINE_MAX, &err), JOURNEY_OK,
           "a line of 1 MB");
    is_int(read_line(&rec, text, JOURNEY_LINE_MAX + 1, &err), JOURNEY_ERROR,
           "one byte more");
    is_str(str(err.text), "longer than 1048576 bytes", "... and why");

    free(text);

    /* any byte anywhere: no crash, and a verdict */

    for (n = 0, i = 0; i < sizeof(whole) - 1; i++) {
        unsigned  c;
        char      line[sizeof(whole)];

        for (c = 0; c < 256; c++) {
            memcpy(line, whole, sizeof(whole));
            line[i] = (char) c;
            (void) read_line(&rec, line, sizeof(whole) - 1, &err);
            n++;
        }
    }

    is_int(n, 256 * (sizeof(whole) - 1), "every byte at every place");

    n = sprintf(deep, "{\"t\":1,\"k\":\"page\",\"x\":");
    memset(deep + n, '[', 64);
    memset(deep + n + 64, ']', 64);
    strcpy(deep + n + 128, "}");
    is_int(read_text(&rec, deep, &err), JOURNEY_OK, "64 levels are passed");

    memset(deep + n, '[', 65);
    memset(deep + n + 65, ']', 65);
    strcpy(deep + n + 130, "}");
    is_int(read_text(&rec, deep, &err), JOURNEY_ERROR, "65 are refused");
}


/* Read, written and read again: the same line. */

static void
test_round_trip(void)
{
    size_t             i, n;
    u_char            *end;
    journey_record_t   rec;
    journey_error_t    err;

    static const char *lines[] = {
        "{\"t\":1795321780003,\"v\":\"cSJBiXSDE-3rgHpRx\",\"j\":1,\"s\":3,"
        "\"k\":\"page\",\"h\":\"shop.example\",\"p\":\"/products/\","
        "\"ph\":\"consideration\",\"pn\":2,\"ch\":\"organic_search\","
        "\"src\":\"google\",\"med\":\"organic\",\"ref\":\"www.google.com\","
        "\"why\":\"referrer\",\"fs\":20770,\"ms\":12,\"cc\":\"DE\","
        "\"dev\":\"mobile\",\"b\":\"c\"}\n",
        "{\"t\":1795321833412,\"v\":\"c\",\"j\":1,\"s\":3,\"k\":\"goal\","
        "\"goal\":\"purchase\",\"done\":1,\"val\":-99.9,\"cur\":\"EUR\","
        "\"ord\":\"x7\",\"w\":[\"email\",\"direct\"],\"wn\":31,"
        "\"l\":{\"a\":\"\\u0001\",\"\xc3\xa4\":\"\\\"\"}}\n",
        "{\"t\":0,\"k\":\"error\",\"st\":500,\"dev\":\"other\"}\n",
        "{\"t\":12,\"k\":\"offline\",\"ch\":\"offline\"}\n",
        "{\"t\":999999999999,\"j\":10,\"s\":123456,\"k\":\"error\"}\n",
        "{\"t\":10000000000000,\"k\":\"goal\",\"goal\":\"g\",\"val\":0}\n"
    };

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        n = strlen(lines[i]);

        if (journey_record_read(&rec, (u_char *) lines[i], n - 1, buf, &err)
            != JOURNEY_OK)
        {
            ok(0, "line %zu: %s", i, err.text);
            continue;
        }

        end = journey_record_write(out, &rec);

        ok((size_t) (end - out) == n && memcmp(out, lines[i], n) == 0,
           "line %zu comes back", i);
    }

    ok(journey_event_kind_parse(journey_event_kind_name(JOURNEY_EVENT_PIXEL))
       == JOURNEY_EVENT_PIXEL, "kinds by name and back");
    is_str(*journey_event_kind_name(JOURNEY_EVENT_NONE), "", "no kind");
    is_str(*journey_event_kind_name((journey_event_kind_e) 99), "",
           "a kind that is none");
}


int
main(void)
{
    test_write();
    test_escape();
    test_numbers();
    test_read();
    test_values();
    test_bad();
    test_round_trip();

    return done();
}
