
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Rule files, regular expressions with limits, and patterns for paths.
 */


#define _GNU_SOURCE

#include <unistd.h>

#include "journey_rules.h"

#include "tap.h"


static journey_pool_t   *pool;
static journey_error_t   error;
static char              file[400];


static journey_str_t
str(const char *text)
{
    journey_str_t  s;

    s.len = strlen(text);
    s.data = (u_char *) text;

    return s;
}


/* What a file is read as: words in <>, a line's end as ";". */

static char      seen[40000];
static unsigned  calls;
static size_t    refuse_len;            /* of the text of refusal; 0: none */
static unsigned  refuse_at;
static u_char   *kept;


static int
handler(void *ctx, journey_str_t *words, unsigned nwords,
    journey_error_t *err)
{
    char      text[600];
    size_t    len;
    unsigned  i;

    if (ctx != &calls) {
        return journey_error(err, "another context");
    }

    calls++;

    for (i = 0; i < nwords; i++) {
        len = strlen(seen);

        if (len + words[i].len + 4 < sizeof(seen)) {
            (void) sprintf(seen + len, "<%.*s>", (int) words[i].len,
                           (char *) words[i].data);
        }
    }

    (void) strcat(seen, ";");
    kept = words[0].data;

    if (refuse_len > 0 && calls == refuse_at) {
        memset(text, 'q', sizeof(text));
        return journey_error(err, "%.*s", (int) refuse_len, text);
    }

    return JOURNEY_OK;
}


static int
read_bytes(const char *text, size_t len)
{
    int  fd, rc;

    (void) strcpy(file, "/tmp/test_rules.XXXXXX");
    fd = mkstemp(file);

    if (fd == -1 || write(fd, text, len) != (ssize_t) len) {
        printf("Bail out! cannot write %s\n", file);
        exit(1);
    }

    close(fd);

    seen[0] = '\0';
    calls = 0;
    error.text[0] = '\0';

    rc = journey_rules_read_lines(pool, file, handler, &calls, &error);

    unlink(file);

    return rc;
}


static int
reads(const char *text, const char *want)
{
    int  rc;

    rc = read_bytes(text, strlen(text));

    if (rc == JOURNEY_OK && strcmp(seen, want) == 0) {
        return 1;
    }

    printf("#   got %d %s %s\n", rc, seen, error.text);

    return 0;
}


static int
refuses(const char *text, size_t len, const char *what, unsigned line)
{
    char  want[500];

    if (read_bytes(text, len) != JOURNEY_ERROR) {
        return 0;
    }

    (void) snprintf(want, sizeof(want), "%s in %s:%u", what, file, line);

    if (strcmp(want, error.text) == 0) {
        return 1;
    }

    printf("#   got \"%s\", want \"%s\"\n", error.text, want);

    return 0;
}


#define REFUSES(text, what, line)  refuses(text, sizeof(text) - 1, what, line)


static void
test_lines(void)
{
    ok(reads("", ""), "an empty file");
    ok(reads("\n\n  \t\n", ""), "empty lines");
    ok(reads("a b\tc", "<a><b><c>;"), "blanks and tabs, no newline");
    ok(reads("  a  \n b\n", "<a>;<b>;"), "blanks around words");
    ok(reads("a b\r\nc\r\n\r\n", "<a><b>;<c>;"), "CRLF");
    ok(reads("# all\na # b\n  # c\nd#e #f\n", "<a>;<d#e>;"),
       "# begins a comment at the start of a word alone");
    ok(reads("a \"b c\" d\n", "<a><b c><d>;"), "a quoted word");
    ok(reads("\"a # b\" \"\"\n", "<a # b><>;"),
       "# in quotes, and nothing in quotes");
    ok(reads("\"a \\\"b\\\" \\\\ \\c\"\n", "<a \"b\" \\ \\c>;"),
       "\\\" and \\\\ in quotes");
    ok(reads("a\\b c\"d\"\n", "<a\\b><c\"d\">;"),
       "outside of them \\ and \" are letters");
    ok(reads("\"a\"\t\"b\"\r\n", "<a><b>;"), "what may follow a quote");
    ok(reads("\"gr\xc3\xbc\xc3\x9f\" \xff\n", "<gr\xc3\xbc\xc3\x9f><\xff>;"),
       "bytes are what they are");

    (void) reads("word\n", "<word>;");
    ok(kept != NULL && memcmp(kept, "word", 4) == 0,
       "the words outlive the reading");
}


static void
test_errors(void)
{
    int     i;
    char   *text, *p, folder[64], want[64];
    FILE   *f;

    ok(REFUSES("a\nb \"c\n", "a quote that does not end", 2),
       "an unfinished quote");
    ok(calls == 1, "the line before it was read");
    ok(REFUSES("a \"b\\\"", "a quote that does not end", 1),
       "a quote whose end is escaped");
    ok(REFUSES("\"", "a quote that does not end", 1), "a quote alone");
    ok(REFUSES("#\n#\n\"a\"b\n", "no blank after a quote", 3),
       "something behind a quote");
    ok(REFUSES("\"a\"\"b\"\n", "no blank after a quote", 1), "a quote there");
    ok(REFUSES("a\nb\0c\n", "a NUL byte", 2), "a NUL");
    ok(REFUSES("a\n#\0\n", "a NUL byte", 2), "even in a comment");

    text = malloc(3 * JOURNEY_RULES_WORDS + 10);

    for (p = text, i = 0; i < JOURNEY_RULES_WORDS; i++) {
        p += sprintf(p, "w ");
    }

    ok(read_bytes(text, p - text) == JOURNEY_OK, "4,096 words");
    p += sprintf(p, "w");
    ok(refuses(text, p - text, "more than 4096 words", 1), "no more");
    free(text);

    refuse_len = 9;
    refuse_at = 2;
    ok(REFUSES("a\n\n#\nb\nc\n", "qqqqqqqqq", 4), "what a handler refuses");
    is_int(calls, 2, "nothing is read after it");

    refuse_len = 600;
    ok(read_bytes("a\nb\n", 4) == JOURNEY_ERROR, "a text of any length");
    (void) snprintf(want, sizeof(want), " in %.40s:2", file);
    p = strstr(error.text, want);
    ok(p != NULL && strcmp(p, want) == 0 && error.text[0] == 'q',
       "ends in file and line");
    refuse_len = 0;

    ok(journey_rules_read_lines(pool, "/nonexistent/f", handler, &calls,
                                &error) == JOURNEY_ERROR
       && strstr(error.text, "\"/nonexistent/f\"") != NULL
       && strstr(error.text, "No such file") != NULL,
       "no file: %s", error.text);
    ok(journey_rules_read_lines(pool, "/tmp", handler, &calls, &error)
       == JOURNEY_ERROR && strstr(error.text, "\"/tmp\"") != NULL,
       "a folder: %s", error.text);
    ok(journey_rules_read_lines(pool, "/dev/zero", handler, &calls, &error)
       == JOURNEY_ERROR && strstr(error.text, "\"/dev/zero\"") != NULL,
       "a device: %s", error.text);
    ok(journey_rules_read_lines(pool, "/nonexistent/f", handler, &calls, NULL)
       == JOURNEY_ERROR, "an error nobody asks for");

    /* a path nearly as long as the text */

    (void) strcpy(folder, "/tmp/test_rules_dir.XXXXXX");

    if (mkdtemp(folder) == NULL) {
        printf("Bail out! cannot make %s\n", folder);
        exit(1);
    }

    (void) snprintf(file, sizeof(file), "%s/%0200d", folder, 1);
    f = fopen(file, "w");
    fputs("a\n\"\n", f);
    fclose(f);

    ok(journey_rules_read_lines(pool, file, handler, &calls, &error)
       == JOURNEY_ERROR && strstr(error.text, file) != NULL
       && strcmp(error.text + strlen(error.text) - 2, ":2") == 0,
       "a long path is named whole");

    unlink(file);
    rmdir(folder);
}


static journey_regex_t *
compile(const char *text, int caseless)
{
    journey_str_t  s = str(text);

    error.text[0] = '\0';

    return journey_regex_compile(pool, &s, caseless, &error);
}


static int
match(const char *pattern, int caseless, const char *subject)
{
    journey_regex_t  *re;

    re = compile(pattern, caseless);

    if (re == NULL) {
        printf("#   %s\n", error.text);
        return -1;
    }

    return journey_regex_match(re, (u_char *) subject, strlen(subject));
}


static double
seconds(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


static void
test_regex(void)
{
    double            began, took, worst;
    size_t            len;
    u_char           *subject, *exact;
    unsigned          i;
    journey_regex_t  *re;

    /* hostile subjects for expressions that go back and forth */

    static const char *const  slow[] = {
        "(a+)+$", "^(a+)+$", "(a|aa)+$", "(a|a?)+$", "([a-z]+)*[0-9]",
        "(a*)*[bc]", "(.*)(.*)(.*)(.*)[bc]$", "a*a*a*a*[bc]", "a+a+[bc]",
        "^(([a-z])+.)+[A-Z]([a-z])+$", "(?:a|b)*[cd]", "(\\w\\w)*[0-9]",
        "(a(?1)?)[bc]", "(?=(a+))a*[bc]\\1", "(?:a{0,100}){0,100}[bc]",
        "^(\\w+\\s?)*$", "((a{0,5}){0,5})*[bc]", "(*NO_JIT)a+a+[bc]",
        "(*NO_JIT)(a+)+$"
    };

    static const size_t  lengths[] = { 30, 200, 512, 1000, 4096, 8192 };

    ok(match("^/p/\\d+$", 0, "/p/17") == 1, "a match");
    ok(match("^/p/\\d+$", 0, "/p/17a") == 0, "none");
    ok(match("b", 0, "abc") == 1, "anywhere");
    ok(match("SHOP", 0, "/shop") == 0, "case counts");
    ok(match("SHOP", 1, "/shop") == 1, "or not");
    ok(match("(a)(b)(c)(d)", 0, "abcd") == 1, "many groups");
    ok(match("^$", 0, "") == 1, "nothing");
    ok(match("^.$", 0, "\xff") == 1, "any byte");

    re = compile("^$", 0);
    ok(journey_regex_match(re, NULL, 0) == 1, "nothing at all");

    re = compile("a\\x{0}b", 0);
    ok(journey_regex_match(re, (u_char *) "a\0b", 3) == 1, "a NUL inside");

    ok(compile("a(b", 0) == NULL && strstr(error.text, "\"a(b\"") != NULL
       && strstr(error.text, "parenthes") != NULL,
       "a bad one: %s", error.text);
    ok(compile("a**b[", 0) == NULL && error.text[0] != '\0', "another: %s",
       error.text);

    /* the subject has no byte behind its end */

    exact = malloc(3);
    memcpy(exact, "abc", 3);
    re = compile("c$", 0);
    ok(journey_regex_match(re, exact, 3) == 1, "exactly the subject");
    free(exact);

    re = compile("^/[a-z/]+$", 0);
    subject = malloc(8192);
    memset(subject, 'a', 8192);
    subject[0] = '/';

    ok(journey_regex_match(re, subject, 4096) == 1,
       "a plain one matches 4,096 bytes");
    ok(journey_regex_match(re, subject, 8192) == 0,
       "a subject beyond that does not match");

    re = compile("(*NO_JIT)^/[a-z/]+$", 0);
    ok(journey_regex_match(re, subject, 512) == 1,
       "without JIT 512 bytes are matched");
    ok(journey_regex_match(re, subject, 513) == 0, "and no more");

    re = compile("^(/[a-z]+)+$", 0);
    ok(journey_regex_match(re, subject, 512) == 1,
       "a group matches as much as a log holds");

    for (i = 0; i < 512; i += 2) {
        subject[i] = '/';
    }

    ok(journey_regex_match(re, subject, 512) == 1, "and 256 times");

    memset(subject, 'a', 8192);
    worst = 0;

    for (i = 0; i < sizeof(slow) / sizeof(slow[0]); i++) {
        re = compile(slow[i], 0);
        began = seconds();

        for (len = 0; len < sizeof(lengths) / sizeof(lengths[0]); len++) {
            subject[lengths[len] - 1] = '!';

            if (journey_regex_match(re, subject, lengths[len])) {
                break;
            }

            subject[lengths[len] - 1] = 'a';
        }

        took = seconds() - began;
        worst = (took > worst) ? took : worst;

        ok(len == sizeof(lengths) / sizeof(lengths[0]) && took < 1.0,
           "%s on 30 to 8,192 bytes: %.1f ms", slow[i], took * 1000);
    }

    printf("# the slowest took %.1f ms\n", worst * 1000);
    free(subject);
}


static int
path(const char *word, const char *subject)
{
    journey_path_t  p;
    journey_str_t   s = str(word);

    error.text[0] = '\0';

    if (journey_path_parse(pool, &p, &s, &error) != JOURNEY_OK) {
        return -1;
    }

    return journey_path_match(&p, (u_char *) subject, strlen(subject));
}


static void
test_paths(void)
{
    char            word[8];
    unsigned        i;
    journey_path_t  p;
    journey_str_t   s;

    static const char *const  bad[] = {
        "", "=", "cart", "=cart", "~", "~*", " /", "~(", "~*[", "^/", "*"
    };

    ok(path("=/cart", "/cart") == 1, "exact");
    ok(path("=/cart", "/cart/") == 0, "is no prefix");
    ok(path("=/cart", "/car") == 0, "nor shorter");
    ok(path("=/cart", "/Cart") == 0, "nor of another case");
    ok(path("=/cart", "") == 0, "nor nothing");
    ok(path("/", "/anything") == 1, "the shortest prefix");
    ok(path("/blog/", "/blog/a") == 1, "a prefix");
    ok(path("/blog/", "/blog/") == 1, "is a prefix of itself");
    ok(path("/blog/", "/blog") == 0, "not of what is shorter");
    ok(path("/blog/", "") == 0, "not of nothing");
    ok(path("~^/p/\\d+$", "/p/1") == 1, "a regular expression");
    ok(path("~^/P/\\d+$", "/p/1") == 0, "by case");
    ok(path("~*^/P/\\d+$", "/p/1") == 1, "or not");
    ok(path("~\\*", "/a*b") == 1, "~ and an escaped star");
    ok(path("/~user", "/~user/x") == 1, "~ behind the slash is a letter");
    ok(path("=/=", "/=") == 1, "so is =");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(path(bad[i], "/") == -1 && strstr(error.text, "\"") != NULL
           && strstr(error.text, bad[i][0] == '~' && bad[i][1] == '*'
                     ? bad[i] + 2 : bad[i][0] == '~' ? bad[i] + 1 : bad[i])
              != NULL,
           "no pattern: %s", error.text);
    }

    /* the pattern keeps a text of its own */

    (void) strcpy(word, "=/cart");
    s = str(word);
    (void) journey_path_parse(pool, &p, &s, NULL);
    memset(word, 'x', 6);

    ok(journey_path_match(&p, (u_char *) "/cart", 5) == 1
       && p.type == JOURNEY_PATH_EXACT, "the word may go");
    is_str(p.text, "/cart", "its text is without the sign");

    s = str("");
    is_int(journey_path_parse(pool, &p, &s, NULL), JOURNEY_ERROR,
           "an error nobody asks for");
}


int
main(void)
{
    pool = journey_pool_create();

    test_lines();
    test_errors();
    test_regex();
    test_paths();

    journey_pool_destroy(pool);

    return done();
}
