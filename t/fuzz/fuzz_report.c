
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The analyser as a whole: any log, through every command that counts, to
 * text, JSON, CSV and the page.  The command ends with 0 or 1, and with 1
 * exactly when it says why; JSON is JSON, all of it is UTF-8 that steers no
 * terminal, the page is whole and at most 1 MB; events, bad lines, prefetches
 * and bots are as many as there are.
 *
 * The first byte tells which command; the rest is the log.
 */


#define _GNU_SOURCE                     /* memfd_create() */

#include "fuzz_json.h"

#include "journey_record.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* main() is libFuzzer's */

#define main  journey_main
#include "../../ngx_journey_module/report/journey.c"
#undef main


#define FUZZ_PAGE  (1 << 20)
#define FUZZ_ARGS  6


typedef enum {
    FUZZ_TEXT = 0,
    FUZZ_JSON,
    FUZZ_CSV,
    FUZZ_HTML
} fuzz_form_e;

typedef struct {
    fuzz_form_e   form;
    const char   *args[FUZZ_ARGS];
} fuzz_command_t;

static const fuzz_command_t  fuzz_commands[] = {
    { FUZZ_JSON, { "report", "--json" } },
    { FUZZ_TEXT, { "report" } },
    { FUZZ_CSV,  { "report", "--csv" } },
    { FUZZ_HTML, { "report", "--html", "-" } },
    { FUZZ_JSON, { "report", "--json", "--min-visitors", "3" } },
    { FUZZ_JSON, { "report", "--json", "--views", "--idle", "1s" } },
    { FUZZ_HTML, { "report", "--html", "-", "--min-visitors", "2" } },
    { FUZZ_TEXT, { "report", "--since", "1", "--until", "2026-11-23" } },
    { FUZZ_JSON, { "attribution", "--json", "--order", "4" } },
    { FUZZ_TEXT, { "attribution", "--order", "auto", "--repeats" } },
    { FUZZ_CSV,  { "attribution", "--csv", "--touch", "campaign" } },
    { FUZZ_JSON, { "content", "--json" } },
    { FUZZ_TEXT, { "content" } },
    { FUZZ_JSON, { "retention", "--json", "--period", "day" } },
    { FUZZ_TEXT, { "retention" } },
    { FUZZ_JSON, { "geo", "--json", "--by", "city" } },
    { FUZZ_JSON, { "funnel", "--json", "--funnel", "/*,goal:a" } },
    { FUZZ_TEXT, { "funnel", "--funnel", "/,/*" } },
    { FUZZ_JSON, { "time", "--json" } },
    { FUZZ_JSON, { "direct", "--json" } },
    { FUZZ_JSON, { "campaigns", "--json", "--currency", "EUR" } },
    { FUZZ_TEXT, { "paths", "--goal", "a" } },
    { FUZZ_TEXT, { "phases" } },
    { FUZZ_TEXT, { "goals", "--min-visitors", "2" } }
};

#define FUZZ_COMMANDS  (sizeof(fuzz_commands) / sizeof(fuzz_commands[0]))


/* Runs the command with what it prints in memory. */

static int
fuzz_run(const fuzz_command_t *command, int fd, journey_str_t *out,
    journey_str_t *err)
{
    int    rc, argc;
    char   file[32], *argv[FUZZ_ARGS + 3], *text[2];
    FILE  *saved[2], *files[2];

    snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);

    argv[0] = "journey";

    for (argc = 1; argc <= FUZZ_ARGS && command->args[argc - 1] != NULL;
         argc++)
    {
        argv[argc] = (char *) command->args[argc - 1];
    }

    argv[argc++] = file;
    argv[argc] = NULL;

    files[0] = open_memstream(&text[0], &out->len);
    files[1] = open_memstream(&text[1], &err->len);
    check(files[0] != NULL && files[1] != NULL);

    saved[0] = stdout;
    saved[1] = stderr;
    stdout = files[0];
    stderr = files[1];

    rc = journey_main(argc, argv);

    stdout = saved[0];
    stderr = saved[1];

    check(fclose(files[0]) == 0 && fclose(files[1]) == 0);

    out->data = (u_char *) text[0];
    err->data = (u_char *) text[1];

    return rc;
}


/* Nothing that steers a terminal, or that is no text. */

static void
fuzz_printed(const journey_str_t *s)
{
    size_t  i;

    check(fuzz_utf8(s));

    for (i = 0; i < s->len; i++) {
        check(s->data[i] >= 0x20 || s->data[i] == '\n');
        check(s->data[i] != 0x7f);
    }
}


/* 1 when something was said that is no note. */

static int
fuzz_complained(const journey_str_t *err)
{
    const char  *p;

    static const char  name[] = "journey: ", note[] = "journey: note: ";

    for (p = (char *) err->data; *p != '\0'; p++) {

        if (strncmp(p, name, sizeof(name) - 1) == 0
            && strncmp(p, note, sizeof(note) - 1) != 0)
        {
            return 1;
        }

        p = strchr(p, '\n');

        if (p == NULL) {
            break;
        }
    }

    return 0;
}


static uint64_t
fuzz_said(const journey_str_t *out, const char *key)
{
    const char  *p;

    p = strstr((char *) out->data, key);
    check(p != NULL);

    return strtoull(p + strlen(key), NULL, 10);
}


/* The summary against a count of lines, of a log that is text. */

static void
fuzz_counted(const journey_str_t *out, const uint8_t *data, size_t size)
{
    u_char            *buf;
    uint64_t           events, bad;
    journey_str_t      line;
    journey_record_t   rec;

    buf = malloc(size + 1);
    check(buf != NULL);

    events = 0;
    bad = 0;

    while (size > 0) {
        line = fuzz_line(&data, &size);

        if (line.len == 0 || (line.len == 1 && line.data[0] == '\r')) {
            continue;
        }

        if (journey_record_read(&rec, line.data, line.len, buf, NULL)
            != JOURNEY_OK)
        {
            bad++;

        } else if (!rec.prefetched && rec.bot.len == 0) {
            events++;
        }
    }

    free(buf);

    check(fuzz_said(out, "\"events\":") == events);
    check(fuzz_said(out, "\"bad_lines\":") == bad);
    check(fuzz_said(out, "\"bad_members\":") == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                     rc, fd;
    fuzz_json_t             j;
    journey_str_t           out, err;
    const fuzz_command_t   *command;

    static const struct timespec  old[2] = { { 1, 0 }, { 1, 0 } };

    if (size == 0) {
        return 0;
    }

    command = &fuzz_commands[*data++ % FUZZ_COMMANDS];
    size--;

    fd = memfd_create("log", MFD_CLOEXEC);
    check(fd != -1 && write(fd, data, size) == (ssize_t) size);

    /* nobody is going to add to it */

    check(futimens(fd, old) == 0);

    rc = fuzz_run(command, fd, &out, &err);

    (void) close(fd);

    if (rc != 0 && (rc != 1 || !fuzz_complained(&err))) {
        fprintf(stderr, "%s: exit code %d: %s\n", command->args[0], rc,
                err.data);
        abort();
    }

    check(rc != 0 || !fuzz_complained(&err));
    fuzz_printed(&err);

    switch (command->form) {

    case FUZZ_TEXT:
        fuzz_printed(&out);
        break;

    case FUZZ_JSON:
        j.p = out.data;
        j.end = out.data + out.len;
        check(fuzz_json_value(&j));
        fuzz_json_blank(&j);
        check(j.p == j.end && fuzz_utf8(&out));

        if (command == &fuzz_commands[0] && memchr(data, 0x1f, size) == NULL) {
            fuzz_counted(&out, data, size);
        }

        break;

    case FUZZ_CSV:
        check(fuzz_utf8(&out));
        check(out.len >= 2 && memcmp(out.data + out.len - 2, "\r\n", 2) == 0);
        break;

    case FUZZ_HTML:
        check(fuzz_utf8(&out) && out.len <= FUZZ_PAGE);
        check(out.len > 16 && strstr((char *) out.data, "</html>") != NULL);
    }

    free(out.data);
    free(err.data);

    return 0;
}
