
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Phase models and goals.
 */


#include "journey_phase.h"

#include "tap.h"


static journey_pool_t   *pool;
static journey_codes_t  *codes;
static journey_error_t   error;


static journey_str_t
str(const char *text)
{
    journey_str_t  s;

    s.len = strlen(text);
    s.data = (u_char *) text;

    return s;
}


/* Words parted by blanks; a text that lives as long as the test. */

static unsigned
split(const char *line, journey_str_t words[16])
{
    unsigned     n;
    const char  *end;

    for (n = 0; n < 16 && *line != '\0'; n++) {
        end = strchr(line, ' ');
        end = (end == NULL) ? line + strlen(line) : end;

        words[n].data = (u_char *) line;
        words[n].len = end - line;

        line = (*end == '\0') ? end : end + 1;
    }

    return n;
}


static int
add(journey_phases_t *phases, const char *line)
{
    unsigned       n;
    journey_str_t  words[16];

    n = split(line, words);
    error.text[0] = '\0';

    return journey_phases_add(phases, words, n, &error);
}


static const char *
match(const journey_phases_t *phases, const char *path)
{
    u_char                 *exact;
    const journey_phase_t  *phase;

    static char  name[64];

    /* without a NUL behind it */

    exact = malloc(strlen(path) + 1);
    memcpy(exact, path, strlen(path));
    phase = journey_phases_match(phases, exact, strlen(path));
    free(exact);

    if (phase == NULL) {
        return "-";
    }

    (void) snprintf(name, sizeof(name), "%.*s", (int) phase->name->name.len,
                    (char *) phase->name->name.data);

    return name;
}


static void
test_match(void)
{
    unsigned           i;
    journey_phases_t  *phases;

    static const struct {
        const char  *path;
        const char  *phase;
    } cases[] = {
        { "/", "awareness" },
        { "/x", "awareness" },
        { "", "-" },
        { "x", "-" },
        { "*", "-" },
        { "/blog/", "awareness" },
        { "/blog/a", "awareness" },
        { "/products/", "consideration" },
        { "/products/1", "consideration" },
        { "/products/sale/1", "decision" },
        { "/products/sale", "consideration" },
        { "/product", "awareness" },
        { "/products", "awareness" },
        { "/cart", "decision" },
        { "/cart/", "retention" },
        { "/cart/x", "retention" },
        { "/carts", "awareness" },
        { "/p/17", "awareness" },
        { "/reviews/new", "advocacy" },
        { "/reviews/old", "awareness" },
        { "/P", "awareness" }
    };

    phases = journey_phases_create(pool, codes);

    ok(add(phases, "awareness / /blog/") == JOURNEY_OK
       && add(phases, "consideration /products/ ~^/p/\\d+$") == JOURNEY_OK
       && add(phases, "decision =/cart /checkout/ /products/sale/")
          == JOURNEY_OK
       && add(phases, "retention /account/ /cart/") == JOURNEY_OK
       && add(phases, "advocacy /reviews/new") == JOURNEY_OK
       && add(phases, "by_header") == JOURNEY_OK
       && journey_phases_finish(phases, &error) == JOURNEY_OK,
       "a model: %s", error.text);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_str(str(match(phases, cases[i].path)), cases[i].phase,
               cases[i].path);
    }

    /* without "/" the rest is left to the regular expressions */

    phases = journey_phases_create(pool, codes);

    ok(add(phases, "one ~^/a") == JOURNEY_OK
       && add(phases, "two ~*^/AB ~^/c /abc/") == JOURNEY_OK
       && add(phases, "three =/abcd ~.") == JOURNEY_OK
       && journey_phases_finish(phases, &error) == JOURNEY_OK, "another");

    is_str(str(match(phases, "/abx")), "one", "the first expression wins");
    is_str(str(match(phases, "/Abx")), "two", "without case");
    is_str(str(match(phases, "/abc/x")), "two", "a prefix comes before them");
    is_str(str(match(phases, "/abcd")), "three", "an exact path before all");
    is_str(str(match(phases, "/c")), "two", "an expression of another phase");
    is_str(str(match(phases, "/z")), "three", "the last expression");
    is_str(str(match(phases, "")), "-", "nothing matches nothing");

    phases = journey_phases_create(pool, codes);
    ok(add(phases, "one") == JOURNEY_OK
       && journey_phases_finish(phases, &error) == JOURNEY_OK,
       "a model without patterns");
    is_str(str(match(phases, "/")), "-", "matches no path");
}


static void
test_model(void)
{
    char                    line[64];
    unsigned                i;
    journey_str_t           name;
    journey_name_t         *clash;
    journey_codes_t        *many;
    journey_phases_t       *phases;
    const journey_phase_t  *phase;

    phases = journey_phases_create(pool, codes);

    ok(journey_phases_finish(phases, &error) == JOURNEY_ERROR
       && error.text[0] != '\0', "an empty model: %s", error.text);

    (void) add(phases, "awareness /");
    (void) add(phases, "decision /cart/");
    (void) add(phases, "advocacy");
    (void) journey_codes_assign(codes, &clash);

    is_int(journey_phases_count(phases), 3, "three phases");
    is_int(journey_phases_at(phases, 1)->position, 1, "the first");
    is_str(journey_phases_at(phases, 3)->name->name, "advocacy", "the last");
    ok(journey_phases_at(phases, 0) == NULL
       && journey_phases_at(phases, 4) == NULL
       && journey_phases_at(phases, 0xffffffff) == NULL, "none beyond");

    name = str("decision");
    phase = journey_phases_get(phases, &name);
    ok(phase != NULL && phase->position == 2, "by name");
    name = str("decisio");
    ok(journey_phases_get(phases, &name) == NULL, "not by a part of it");
    name = str("retention");
    ok(journey_phases_get(phases, &name) == NULL,
       "nor by a name of another model");

    ok(journey_phases_by_code(phases, phase->name->code) == phase, "by code");
    ok(journey_phases_by_code(phases, 0) == NULL, "0 is none");
    name = str("retention");
    ok(journey_phases_by_code(phases,
                              journey_codes_get(codes, &name)->code) == NULL,
       "a code of another model is none");

    ok(add(phases, "awareness /x/") == JOURNEY_ERROR
       && strstr(error.text, "\"awareness\"") != NULL,
       "a phase twice: %s", error.text);
    ok(add(phases, "loyalty /cart/") == JOURNEY_ERROR
       && strstr(error.text, "\"/cart/\"") != NULL
       && strstr(error.text, "\"loyalty\"") != NULL
       && strstr(error.text, "\"decision\"") != NULL,
       "a prefix twice: %s", error.text);
    ok(add(phases, "late =/x =/x") == JOURNEY_ERROR
       && strstr(error.text, "\"=/x\"") != NULL, "an exact path twice: %s",
       error.text);
    ok(add(phases, "both =/y /y") == JOURNEY_OK,
       "exact and prefix may be equal");
    ok(add(phases, "Bad /z") == JOURNEY_ERROR
       && strstr(error.text, "\"Bad\"") != NULL, "a bad name: %s",
       error.text);
    ok(add(phases, "bad z") == JOURNEY_ERROR
       && strstr(error.text, "\"z\"") != NULL, "a bad pattern: %s",
       error.text);
    ok(add(phases, "worse ~(") == JOURNEY_ERROR
       && strstr(error.text, "\"(\"") != NULL, "a bad expression: %s",
       error.text);

    /* as many as there are codes, each with its path */

    many = journey_codes_create(pool, 1);
    phases = journey_phases_create(pool, many);

    for (i = 1; i <= 255; i++) {
        (void) snprintf(line, sizeof(line), "p%u /%u/ =/%u", i, i, i);

        if (add(phases, line) != JOURNEY_OK) {
            break;
        }
    }

    is_int(i, 256, "255 phases");
    ok(add(phases, "p256") == JOURNEY_ERROR && error.text[0] != '\0',
       "and no more: %s", error.text);
    ok(journey_phases_at(phases, 255)->position == 255
       && journey_phases_at(phases, 256) == NULL, "at its last position");
    (void) journey_phases_finish(phases, &error);
    is_str(str(match(phases, "/77/x")), "p77", "each is found");
    is_str(str(match(phases, "/255")), "p255", "to the last");
}


static const char  *offered;
static int          answer;


static int
other(void *ctx, const journey_str_t *word, journey_error_t *err)
{
    static char  text[64];

    (void) snprintf(text, sizeof(text), "%.*s", (int) word->len,
                    (char *) word->data);
    offered = text;

    if (answer == JOURNEY_ERROR) {
        return journey_error(err, "not today: %s", (const char *) ctx);
    }

    return answer;
}


static int
goal(journey_goal_t *g, const char *line, journey_goal_word_pt word)
{
    unsigned       n;
    journey_str_t  words[16];

    n = split(line, words);
    error.text[0] = '\0';

    return journey_goal_parse(pool, g, words, n, word, "context", &error);
}


static int
reached(const journey_goal_t *g, const char *path)
{
    return journey_goal_match(g, (const u_char *) path, strlen(path));
}


static void
test_goals(void)
{
    char             line[100];
    unsigned         i;
    journey_goal_t   g;

    static const char *const  bad[] = {
        "Purchase", "9a", "_a", "-a", "a.b", "a\xc3\xa4"
    };

    ok(goal(&g, "purchase", NULL) == JOURNEY_OK, "a name alone");
    is_str(g.name, "purchase", "its name");
    ok(g.npaths == 0 && !g.completes, "no path, completes nothing");
    ok(reached(&g, "/") && reached(&g, ""), "it is reached everywhere");

    ok(goal(&g, "sign-up_2 uri=/done/ uri==/thanks uri=~^/o/\\d+$ completes",
            NULL) == JOURNEY_OK, "paths: %s", error.text);
    ok(g.npaths == 3 && g.completes, "three of them, completes");
    ok(reached(&g, "/done/") && reached(&g, "/done/x")
       && reached(&g, "/thanks") && reached(&g, "/o/1"), "each is enough");
    ok(!reached(&g, "/done") && !reached(&g, "/thanks/")
       && !reached(&g, "/o/x") && !reached(&g, ""), "others are not");

    ok(goal(&g, "a value=$v currency=EUR id=$o if=$ok completes", NULL)
       == JOURNEY_OK && g.completes,
       "words of the module are passed over");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(goal(&g, bad[i], NULL) == JOURNEY_ERROR
           && strstr(error.text, bad[i]) != NULL, "no name: %s", error.text);
    }

    memset(line, 'a', 65);
    line[65] = '\0';
    ok(goal(&g, line, NULL) == JOURNEY_ERROR
       && strstr(error.text, "64") != NULL, "a name of 65 bytes");
    line[64] = '\0';
    ok(goal(&g, line, NULL) == JOURNEY_OK, "of 64");

    ok(goal(&g, "", NULL) == JOURNEY_ERROR && error.text[0] != '\0',
       "no word at all: %s", error.text);
    ok(goal(&g, "a complete", NULL) == JOURNEY_ERROR
       && strstr(error.text, "\"complete\"") != NULL, "an unknown word: %s",
       error.text);
    ok(goal(&g, "a value=", NULL) == JOURNEY_ERROR
       && strstr(error.text, "\"value=\"") != NULL, "an empty value: %s",
       error.text);
    ok(goal(&g, "a uri=", NULL) == JOURNEY_ERROR && error.text[0] != '\0',
       "an empty pattern: %s", error.text);
    ok(goal(&g, "a uri=done", NULL) == JOURNEY_ERROR
       && strstr(error.text, "\"done\"") != NULL, "a bad pattern: %s",
       error.text);
    ok(goal(&g, "a uri=~(", NULL) == JOURNEY_ERROR
       && strstr(error.text, "\"(\"") != NULL, "a bad expression: %s",
       error.text);

    answer = JOURNEY_OK;
    offered = "";
    ok(goal(&g, "a uri=/x strange", other) == JOURNEY_OK,
       "a word that another takes");
    is_str(str(offered), "strange", "is offered to it");

    offered = "";
    (void) goal(&g, "a uri=/x completes", other);
    is_str(str(offered), "", "words of the goal are not");

    answer = JOURNEY_DECLINED;
    ok(goal(&g, "a strange", other) == JOURNEY_ERROR
       && strstr(error.text, "\"strange\"") != NULL, "that none takes: %s",
       error.text);

    answer = JOURNEY_ERROR;
    ok(goal(&g, "a strange", other) == JOURNEY_ERROR
       && strcmp(error.text, "not today: context") == 0,
       "its own error stays");
}


int
main(void)
{
    pool = journey_pool_create();
    codes = journey_codes_create(pool, 1);

    test_match();
    test_model();
    test_goals();

    journey_pool_destroy(pool);

    return done();
}
