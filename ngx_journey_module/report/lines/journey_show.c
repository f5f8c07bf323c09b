
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_show.h"
#include "journey_edit.h"
#include "journey_person.h"
#include "journey_table.h"

#include <stdlib.h>


typedef struct {
    journey_person_t   person;
    journey_scan_t    *scans;           /* by file: they own the lines */
    journey_shown_t   *lines;
    size_t             nlines;
    u_char            *buf;             /* of unescaped visitors */
} journey_show_t;


static int
journey_show_cmp(const void *one, const void *two)
{
    const journey_shown_t  *a, *b;

    a = one;
    b = two;

    if (a->bad != b->bad) {
        return a->bad ? 1 : -1;
    }

    if (a->t != b->t) {
        return a->t < b->t ? -1 : 1;
    }

    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }

    return a->place < b->place ? -1 : a->place > b->place;
}


/* For reading: visitor by visitor, the one who came first before. */

static int
journey_show_block_cmp(const void *one, const void *two)
{
    int                     rc;
    const journey_shown_t  *a, *b;

    a = one;
    b = two;

    if (a->bad != b->bad) {
        return a->bad ? 1 : -1;
    }

    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }

    rc = journey_strcmp(&a->visitor, &b->visitor);

    if (rc != 0) {
        return rc;
    }

    if (a->journey != b->journey) {
        return a->journey < b->journey ? -1 : 1;
    }

    if (a->session != b->session) {
        return a->session < b->session ? -1 : 1;
    }

    return journey_show_cmp(one, two);
}


static int
journey_show_visitor_cmp(const void *one, const void *two)
{
    int                     rc;
    const journey_shown_t  *a, *b;

    a = one;
    b = two;
    rc = journey_strcmp(&a->visitor, &b->visitor);

    return rc ? rc : journey_show_cmp(one, two);
}


static void
journey_show_rank(journey_shown_t *lines, size_t n)
{
    size_t    i;
    uint64_t  rank;

    qsort(lines, n, sizeof(journey_shown_t), journey_show_visitor_cmp);

    for (i = 0, rank = 0; i < n; i++) {
        if (i == 0
            || journey_strcmp(&lines[i].visitor, &lines[i - 1].visitor) != 0)
        {
            rank = lines[i].t;
        }

        lines[i].rank = rank;
    }

    qsort(lines, n, sizeof(journey_shown_t), journey_show_block_cmp);
}


/* What is to be known of the lines, once all files are read. */

static int
journey_show_lines(journey_show_t *show)
{
    size_t             i, n, size;
    unsigned           file;
    journey_scan_t    *scan;
    journey_shown_t   *shown;
    journey_record_t   rec;

    for (file = 0, n = 0, size = 0; file < show->person.nfiles; file++) {
        scan = &show->scans[file];
        n += scan->nfound;

        for (i = 0; i < scan->nfound; i++) {
            size += scan->found[i].line.len;
        }
    }

    show->lines = calloc(n + 1, sizeof(journey_shown_t));
    show->buf = malloc(size + 1);

    if (show->lines == NULL || show->buf == NULL) {
        return JOURNEY_ERROR;
    }

    for (file = 0, size = 0; file < show->person.nfiles; file++) {
        scan = &show->scans[file];

        for (i = 0; i < scan->nfound; i++) {
            shown = &show->lines[show->nlines];

            shown->line = scan->found[i].line;
            shown->place = show->nlines++;
            shown->bad = (journey_record_read(&rec, shown->line.data,
                                              shown->line.len,
                                              show->buf + size, NULL)
                          != JOURNEY_OK);
            size += shown->line.len;

            if (shown->bad) {
                continue;
            }

            shown->visitor = rec.visitor;
            shown->t = rec.time;
            shown->journey = rec.journey;
            shown->session = rec.session;
            shown->kind = (uint8_t) rec.kind;
        }
    }

    qsort(show->lines, show->nlines, sizeof(journey_shown_t),
          journey_show_cmp);

    return JOURNEY_OK;
}


static void
journey_show_quoted(FILE *file, const journey_str_t *str)
{
    size_t  i, n;
    u_char  buf[6 * 512], *end;

    fputc('"', file);

    for (i = 0; i < str->len; i += n) {
        n = journey_utf8_cut(str->data + i, str->len - i, 512);
        n = (n == 0) ? journey_min(str->len - i, 512) : n;

        end = journey_json_escape(buf, str->data + i, n);
        (void) fwrite(buf, 1, end - buf, file);
    }

    fputc('"', file);
}


static void
journey_show_ids(const journey_show_t *show, unsigned json)
{
    size_t                     i, n;
    unsigned                   k;
    const journey_visitors_t  *lists[2];

    lists[0] = &show->person.named;
    lists[1] = &show->person.user_visitors;

    for (k = 0, n = 0; k < 2; k++) {
        for (i = 0; i < lists[k]->n; i++) {
            if (k == 1 && lists[0]->n > 0
                && bsearch(lists[k]->ids[i], lists[0]->ids, lists[0]->n,
                           JOURNEY_VISITOR_LEN, journey_person_cmp)
                   != NULL)
            {
                continue;
            }

            printf(json ? "%s\"%.*s\"" : "%s%.*s",
                   n++ == 0 ? "" : json ? "," : ", ", JOURNEY_VISITOR_LEN,
                   (char *) lists[k]->ids[i]);
        }
    }
}


/* The lines themselves, as they are stored. */

static void
journey_show_json(const journey_show_t *show)
{
    size_t                  i;
    const journey_shown_t  *line;

    printf("{\"show\":[");

    for (i = 0; i < show->nlines && !show->lines[i].bad; i++) {
        line = &show->lines[i];

        fputs(i ? ",\n" : "\n", stdout);
        (void) fwrite(line->line.data, 1, line->line.len, stdout);
    }

    printf("],\n\"unreadable\":[");

    for (line = NULL; i < show->nlines; i++) {
        fputs(line ? ",\n" : "\n", stdout);
        line = &show->lines[i];
        journey_show_quoted(stdout, &line->line);
    }

    printf("],\n\"visitors\":[");
    journey_show_ids(show, 1);

    if (show->person.has_user) {
        printf("],\n\"user\":\"%.*s\"}\n", JOURNEY_KEYED_HASH_LEN,
               (char *) show->person.user);

    } else {
        printf("],\n\"user\":null}\n");
    }
}


static int
journey_show_print(journey_show_t *show)
{
    if (show->person.opts->format == JOURNEY_FORMAT_JSON) {
        journey_show_json(show);
        return JOURNEY_OK;
    }

    printf("%llu line%s in %u file%s", (unsigned long long) show->nlines,
           show->nlines == 1 ? "" : "s", show->person.nfiles,
           show->person.nfiles == 1 ? "" : "s");

    if (show->nlines == 0) {
        printf(": nothing is stored about ");

    } else {
        printf(" about ");
    }

    if (show->person.has_user) {
        printf("user %.*s%s", JOURNEY_KEYED_HASH_LEN,
               (char *) show->person.user,
               show->person.named.n + show->person.user_visitors.n
               ? " and " : "");
    }

    if (show->person.named.n + show->person.user_visitors.n != 0) {
        printf("%s ", show->person.named.n + show->person.user_visitors.n == 1
                      ? "visitor" : "visitors");
        journey_show_ids(show, 0);
    }

    putchar('\n');

    journey_show_rank(show->lines, show->nlines);

    return journey_show_text(stdout, &show->person.opts->zone, show->lines,
                             show->nlines);
}


static int
journey_show_read(journey_show_t *show)
{
    int               rc;
    unsigned          i;
    journey_scan_t   *scan;
    journey_judge_t   judge;
    journey_error_t   err;

    judge.line = journey_person_line;
    judge.ctx = &show->person;

    show->scans = calloc(show->person.nfiles, sizeof(journey_scan_t));
    if (show->scans == NULL) {
        return JOURNEY_ERROR;
    }

    rc = JOURNEY_OK;

    for (i = 0; i < show->person.nfiles; i++) {
        scan = &show->scans[i];

        if (journey_scan(scan, show->person.files[i], &judge, 1, &err)
            != JOURNEY_OK)
        {
            fprintf(stderr, "journey: %s: %s\n", show->person.files[i],
                    err.text);
            rc = JOURNEY_DECLINED;
            continue;
        }

        if (scan->ntorn != 0) {
            fprintf(stderr, "journey: %s: torn at %llu place%s, which cannot "
                    "be shown; see journey check\n", show->person.files[i],
                    (unsigned long long) scan->ntorn,
                    scan->ntorn == 1 ? "" : "s");
            rc = JOURNEY_DECLINED;
        }

        if (scan->tally.bad + scan->tally.bad_wanted != 0) {
            fprintf(stderr, "journey: %s: %llu lines cannot be read; %llu of "
                    "them hold one of the ids and are shown\n",
                    show->person.files[i], (unsigned long long)
                    (scan->tally.bad + scan->tally.bad_wanted),
                    (unsigned long long) scan->tally.bad_wanted);
            rc = JOURNEY_DECLINED;
        }
    }

    if (show->person.others != 0) {
        fprintf(stderr, "journey: lines of these visitors that belong to "
                "another user are left out\n");
    }

    return rc;
}


int
journey_show_command(const journey_options_t *opts)
{
    int             rc;
    unsigned        i;
    journey_edit_t  files;
    journey_show_t  show;

    memset(&show, 0, sizeof(journey_show_t));

    rc = journey_person_init(&show.person, opts);

    if (rc == JOURNEY_OK) {
        rc = journey_edit_init(&files, opts, show.person.files,
                               show.person.nfiles);
    }

    if (rc != JOURNEY_OK) {
        journey_person_free(&show.person);
        return rc;
    }

    rc = journey_person_join(&show.person);

    if (rc == JOURNEY_OK) {
        rc = journey_show_read(&show);

        if (rc != JOURNEY_ERROR
            && (journey_show_lines(&show) != JOURNEY_OK
                || journey_show_print(&show) != JOURNEY_OK))
        {
            rc = JOURNEY_ERROR;
        }

        if (rc == JOURNEY_ERROR) {
            fprintf(stderr, "journey: not enough memory\n");
        }
    }

    for (i = 0; show.scans != NULL && i < show.person.nfiles; i++) {
        journey_scan_free(&show.scans[i]);
    }

    free(show.scans);
    free(show.lines);
    free(show.buf);
    journey_person_free(&show.person);

    return rc == JOURNEY_OK ? JOURNEY_EXIT_OK : JOURNEY_EXIT_DATA;
}
