
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The application's word: goals in headers, and users.
 */


#include "journey_application.h"

#include "tap.h"


static journey_str_t
text_of(const char *text, size_t len)
{
    journey_str_t  str;

    /* on the heap, so that a look beyond its end is seen */

    str.len = len;
    str.data = malloc(len ? len : 1);

    if (str.data == NULL) {
        exit(2);
    }

    memcpy(str.data, text, len);

    return str;
}


static size_t
put(char *dst, const char *before, const journey_str_t *s)
{
    return (size_t) sprintf(dst, "%s%.*s", before, (int) s->len,
                            (char *) s->data);
}


/* All goals of a text in one line: "name/value/currency/id!", "?" for one that
 * is malformed, blanks between. */

static void
goals(const char *text, const char *want, const char *name)
{
    int                         rc;
    char                        got[8192];
    size_t                      len, left;
    journey_str_t               all, rest;
    journey_error_t             err;
    journey_application_goal_t  goal;

    all = text_of(text, strlen(text));
    rest = all;
    len = 0;

    for ( ;; ) {
        left = rest.len;
        err.text[0] = '\0';

        rc = journey_application_goal_parse(&rest, &goal, &err);

        if (rc == JOURNEY_DECLINED) {
            break;
        }

        if (rest.len >= left || rest.data + rest.len != all.data + all.len) {
            ok(0, "%s: it goes on", name);
            break;
        }

        len += (size_t) sprintf(got + len, "%s", len ? " " : "");

        if (rc != JOURNEY_OK) {
            len += (size_t) sprintf(got + len, "?");

            if (err.text[0] == '\0') {
                ok(0, "%s: the reason is said", name);
            }

            continue;
        }

        len += put(got + len, "", &goal.name);
        len += put(got + len, "/", &goal.value);
        len += put(got + len, "/", &goal.currency);
        len += put(got + len, "/", &goal.id);
        len += (size_t) sprintf(got + len, "%s", goal.completes ? "!" : "");
    }

    is_str(((journey_str_t) { len, (u_char *) got }), want, name);

    free(all.data);
}


static void
reason(const char *text, const char *want)
{
    int                         rc;
    journey_str_t               all, rest;
    journey_error_t             err;
    journey_application_goal_t  goal;

    all = text_of(text, strlen(text));
    rest = all;
    rc = journey_application_goal_parse(&rest, &goal, &err);

    ok(rc == JOURNEY_ERROR && strstr(err.text, want) != NULL
       && strstr(err.text, "4711") == NULL, "%s: %s", text, want);

    free(all.data);
}


static void
user(const char *text, size_t len, int want, const char *name)
{
    journey_str_t    id;
    journey_error_t  err;

    id = text_of(text, len);

    is_int(journey_application_user(&id, &err), want, name);

    free(id.data);
}


static void
grammar(void)
{
    goals("", "", "nothing");
    goals(" \t ", "", "blanks");
    goals(" , ,, ", "", "commas");
    goals("signup", "signup///", "a name");
    goals("  signup\t", "signup///", "blanks around it");
    goals("a1_-z", "a1_-z///", "all that a name may hold");
    goals("purchase; value=99.90; currency=EUR; id=A-1001; completes",
          "purchase/99.90/EUR/A-1001!", "all at once");
    goals("purchase;completes;id=A;currency=EUR;value=1",
          "purchase/1/EUR/A!", "in any order, without blanks");
    goals("purchase ;\tvalue = 1\t; completes ", "purchase/1//!",
          "blanks around everything");
    goals("p; VALUE=1; Currency=EUR; iD=x; COMPLETES", "p/1/EUR/x!",
          "parameters in any case");
    goals("p; value=; currency=\"\"; id= ", "p///", "empty ones");
    goals("p;; ;completes;", "p///!", "empty parameters");
    goals("p; id=a/b:c d#\xc3\xa4", "p///a/b:c d#\xc3\xa4",
          "what an id may hold without quotes");
    goals("p; id=a=b", "p///a=b", "an equals sign, too");
    goals("p; id=completes", "p///completes", "a word as a value");
    goals("p; value=99,90; currency=EUR", "p/99,90/EUR/",
          "a decimal comma stays in its value");
    goals("p; value=1,234.50", "p/1,234.50//", "as do those of thousands");
    goals("p; value=99, 90", "p/99, 90//", "with a blank, too");
    goals("p; id=a\\b", "p///a\\b", "a backslash without quotes is itself");
}


static void
quoted(void)
{
    goals("p; id=\"A;1, b\"; completes", "p///A;1, b!",
          "quotes keep all that parts");
    goals("p; id=\"a\\\"b\\\\c\\d\"", "p///a\"b\\cd", "backslashes");
    goals("p; id=\"\\\"\"", "p///\"", "a quotation mark alone");
    goals("p; id=\"\\a\\b\"; value=\"\\1\"", "p/1//ab", "in two values");
    goals("p; id=\" a\tb \"", "p/// a\tb ", "blanks inside stay");
    goals("p; value = \"1.50\" ; currency=\"EUR\"", "p/1.50/EUR/",
          "around other values");
    goals("p; id=\"a", "?", "no end");
    goals("p; id=\"", "?", "nothing but the begin");
    goals("p; id=\"a\\", "?", "a backslash at the end");
    goals("p; id=\"a\\\"", "?", "the end is not the end");
    goals("p; id=\"a\"b", "?", "something behind it");
    goals("p; id=\"a\" b", "?", "behind it and a blank");
    goals("p; id=a\"b\"", "?", "in the middle");
    goals("p; \"id\"=a", "?", "around a parameter's name");
    goals("\"p\"", "?", "around the name");
}


static void
malformed(void)
{
    goals("; value=1", "?", "no name");
    goals("=1", "?", "an equals sign alone");
    goals("Purchase", "?", "a capital");
    goals("1st", "?", "a digit at the begin");
    goals("kauf\xc3\xa4", "?", "no ASCII");
    goals("two words", "?", "two words");
    goals("p value=1", "?", "no semicolon");
    goals("p=1", "?", "a name with a value");
    goals("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg",
          "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg///",
          "a name of 64");
    goals("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg",
          "?", "a name of 65");
    goals("p; price=1", "?", "an unknown parameter");
    goals("p; values=1", "?", "one that begins like a known one");
    goals("p; complete", "?", "a word that begins like completes");
    goals("p; completes=1", "?", "completes with a value");
    goals("p; completes=", "?", "completes with none");
    goals("p; value", "?", "value without a value");
    goals("p; value; completes", "?", "the same before another");
    goals("p; =1", "?", "a value without a name");
    goals("p; value=1; value=1", "?", "twice");
    goals("p; id=a; ID=b", "?", "twice in another case");
    goals("p; completes; completes", "?", "a word twice");
    goals("p; id=a\x01", "?", "a control character");
    goals("p; id=\x7f", "?", "another one");
    goals("p; id=\"a\nb\"", "?", "in quotes");
    goals("p; id=\"a\\\nb\"", "?", "in quotes behind a backslash");
    goals("p\x01", "?", "in a name");

    reason("4711", "a name is not of the form");
    reason("p 4711", "something else than \";\"");
    reason("p; id=\"4711\" x", "something else than \";\"");
    reason("p; 4711=1", "none of value, currency");
    reason("p; id=4711; id=4711", "id stands twice");
    reason("p; completes=4711", "completes has a value");
    reason("p; id; 4711", "id has no value");
    reason("p; id=4711\"", "quotation mark");
    reason("p; id=\"4711", "has no end");
    reason("p; id=\"4711\x01\"", "a control character");
}


static void
several(void)
{
    goals("a, b", "a/// b///", "two");
    goals("a,b,c", "a/// b/// c///", "three, without blanks");
    goals(", a , , b ,", "a/// b///", "empty elements");
    goals("a; value=1, b; value=2", "a/1// b/2//", "with values");
    goals("a; value=1 , b;value=2 ,c", "a/1// b/2 ,c//",
          "without a blank behind it a comma is the value's");
    goals("a; id=\"x\",b", "a///x b///", "behind a quoted one it needs none");
    goals("a; id=\"x\" ,b", "a///x b///", "nor with a blank before it");
    goals("a; id=x, y", "a///x y///", "what reads as a goal is one");
    goals("a; id=x, Y", "a///x, Y", "what does not is not");
    goals("a; completes, b; completes", "a///! b///!", "that complete");

    goals("A, b", "? b///", "a malformed one takes none with it");
    goals("A,b", "? b///", "without a blank, too");
    goals("a b, c", "? c///", "two words");
    goals("a; x=1, b; completes", "? b///!", "an unknown parameter");
    goals("a; id=\"x, y\" z, b", "? b///", "commas in its quotes are none");
    goals("a; id=\"x, b; value=1", "?", "without an end all is in quotes");
    goals("a; id=\"x\\\", b\" y, c", "? c///", "backslashes are seen there");
    goals("90; currency=EUR, b", "? b///", "the rest of a number");
}


/* Every prefix of a text, and every byte in every place: it ends. */

static void
all_ends(void)
{
    int                         rc;
    char                        text[64];
    size_t                      i, len, c;
    unsigned                    n, bad;
    journey_str_t               all, rest;
    journey_error_t             err;
    journey_application_goal_t  goal;

    strcpy(text, "ab; id=\"x\\y, \"; value = 1 , c ; completes,d, e");
    bad = 0;

    for (len = 0; len <= strlen(text); len++) {
        for (i = 0; i < len; i++) {
            for (c = 0; c < 256; c++) {
                all = text_of(text, len);
                all.data[i] = (u_char) c;
                rest = all;
                n = 0;

                do {
                    rc = journey_application_goal_parse(&rest, &goal, &err);
                } while (rc != JOURNEY_DECLINED && n++ < len);

                bad += (rc != JOURNEY_DECLINED);
                free(all.data);
            }
        }
    }

    is_int(bad, 0, "it ends, whatever stands there");
}


int
main(void)
{
    char  id[JOURNEY_APPLICATION_ID + 1];

    grammar();
    quoted();
    malformed();
    several();
    all_ends();

    memset(id, 'x', sizeof(id));

    user("4711", 4, JOURNEY_OK, "a user");
    user("anna@shop.example", 17, JOURNEY_OK, "whatever it looks like");
    user("\xc3\xa4\xff ", 4, JOURNEY_OK, "any bytes");
    user("0", 1, JOURNEY_OK, "0");
    user("--", 2, JOURNEY_OK, "two dashes");
    user(id, sizeof(id) - 1, JOURNEY_OK, "the longest one");
    user("", 0, JOURNEY_DECLINED, "nobody");
    user("-", 1, JOURNEY_DECLINED, "a dash is nobody");
    user(id, sizeof(id), JOURNEY_ERROR, "too long");
    user("a\0b", 3, JOURNEY_ERROR, "a NUL");
    user("a\tb", 3, JOURNEY_ERROR, "a tab");
    user("a\n", 2, JOURNEY_ERROR, "a line's end");
    user("\x7f", 1, JOURNEY_ERROR, "DEL");

    return done();
}
