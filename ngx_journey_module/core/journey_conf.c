
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include <glob.h>
#include <stdio.h>

#include "journey_conf.h"
#include "journey_lex.h"


#define JOURNEY_CONF_INCLUDES  10       /* files within files */
#define JOURNEY_CONF_SESSION   1800     /* s */

/* Bounds of journey_session, in s. */
#define JOURNEY_CONF_SESSION_MIN  1
#define JOURNEY_CONF_SESSION_MAX  (7 * 24 * 3600)


/* One reading of a folder. */

typedef struct journey_conf_reader_s  journey_conf_reader_t;

typedef int (*journey_conf_line_pt)(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);

struct journey_conf_reader_s {
    journey_pool_t     *pool;
    journey_conf_t     *conf;
    const char         *dir;
    unsigned            depth;
    unsigned            ngoals_alloc;
    unsigned            located:1;      /* the text names file and line */
};


typedef struct {
    journey_str_t           name;
    journey_conf_line_pt    handler;
    journey_conf_line_pt    line;       /* of a block's lines, else NULL */
    unsigned                min;        /* arguments */
    unsigned                max;        /* 0: any number */
} journey_conf_directive_t;


static int journey_conf_file(journey_conf_reader_t *reader, const char *path,
    journey_conf_line_pt line, journey_error_t *err);
static int journey_conf_read(journey_conf_reader_t *reader,
    journey_lex_t *lex, journey_conf_line_pt line, int block,
    journey_error_t *err);
static int journey_conf_directive(journey_conf_reader_t *reader,
    journey_lex_t *lex, int end, journey_error_t *err);
static int journey_conf_include(journey_conf_reader_t *reader,
    const journey_lex_t *lex, journey_conf_line_pt line,
    journey_error_t *err);
static char *journey_conf_path(journey_conf_reader_t *reader,
    const journey_str_t *name, journey_error_t *err);
static int journey_conf_locate(journey_conf_reader_t *reader,
    const journey_lex_t *lex, journey_error_t *err);
static int journey_conf_finish(journey_conf_t *conf, journey_error_t *err);

static int journey_conf_sources(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);
static int journey_conf_agents(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);
static int journey_conf_table(journey_conf_reader_t *reader, int rc,
    const char *path, const journey_error_t *err);
static int journey_conf_channels(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);
static int journey_conf_channel(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);
static int journey_conf_phases(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);
static int journey_conf_phase(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);
static int journey_conf_goal(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);
static int journey_conf_hosts(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);
static int journey_conf_ignored(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);
static int journey_conf_host_set(journey_conf_reader_t *reader,
    journey_hosts_t **hosts, const journey_str_t *words, unsigned nwords,
    journey_error_t *err);
static int journey_conf_session(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);
static int journey_conf_time(const journey_str_t *word, uint64_t *seconds);
static int journey_conf_drop_spam(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err);


static const journey_conf_directive_t  journey_conf_directives[] = {
    { journey_string("journey_sources"), journey_conf_sources, NULL, 1, 0 },
    { journey_string("journey_agents"), journey_conf_agents, NULL, 1, 0 },
    { journey_string("journey_channels"), journey_conf_channels,
      journey_conf_channel, 0, 0 },
    { journey_string("journey_phases"), journey_conf_phases,
      journey_conf_phase, 0, 0 },
    { journey_string("journey_goal"), journey_conf_goal, NULL, 1, 0 },
    { journey_string("journey_hosts"), journey_conf_hosts, NULL, 1, 0 },
    { journey_string("journey_ignore_referrers"), journey_conf_ignored, NULL,
      1, 0 },
    { journey_string("journey_session"), journey_conf_session, NULL, 1, 1 },
    { journey_string("journey_drop_spam"), journey_conf_drop_spam, NULL,
      1, 1 },
    { journey_null_string, NULL, NULL, 0, 0 }
};


journey_conf_t *
journey_conf_load(journey_pool_t *pool, const char *dir, journey_error_t *err)
{
    char                   *path;
    journey_str_t           name = journey_string("journey.conf");
    journey_conf_t         *conf;
    journey_error_t         own;
    journey_conf_reader_t   reader;

    if (err == NULL) {
        err = &own;
    }

    conf = journey_pcalloc(pool, sizeof(journey_conf_t));

    if (conf == NULL) {
        journey_error(err, "no memory for the configuration");
        return NULL;
    }

    conf->session = JOURNEY_CONF_SESSION;
    conf->drop_spam = 1;

    conf->sources = journey_sources_create(pool);
    conf->agents = journey_agents_create(pool);
    conf->channel_codes = journey_channel_codes_create(pool);
    conf->phase_codes = journey_codes_create(pool, 1);

    if (conf->sources == NULL || conf->agents == NULL
        || conf->channel_codes == NULL || conf->phase_codes == NULL)
    {
        journey_error(err, "no memory for the configuration");
        return NULL;
    }

    memset(&reader, 0, sizeof(journey_conf_reader_t));

    reader.pool = pool;
    reader.conf = conf;
    reader.dir = dir;

    path = journey_conf_path(&reader, &name, err);

    if (path == NULL
        || journey_conf_file(&reader, path, NULL, err) != JOURNEY_OK
        || journey_conf_finish(conf, err) != JOURNEY_OK)
    {
        return NULL;
    }

    return conf;
}


static int
journey_conf_finish(journey_conf_t *conf, journey_error_t *err)
{
    journey_name_t  *clash;

    if (journey_agents_compile(conf->agents, err) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    /* nginx, which gives the same codes, warns of clashes */

    (void) journey_codes_assign(conf->channel_codes, &clash);
    (void) journey_codes_assign(conf->phase_codes, &clash);

    return JOURNEY_OK;
}


/* line: what takes the lines when the file is a piece of a block. */

static int
journey_conf_file(journey_conf_reader_t *reader, const char *path,
    journey_conf_line_pt line, journey_error_t *err)
{
    int            rc;
    journey_lex_t  lex;

    if (journey_lex_open(&lex, reader->pool, path, err) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    reader->depth++;
    rc = journey_conf_read(reader, &lex, line, 0, err);
    reader->depth--;

    return rc;
}


/* Reads to the end of the file, or of the block when block is 1. */

static int
journey_conf_read(journey_conf_reader_t *reader, journey_lex_t *lex,
    journey_conf_line_pt line, int block, journey_error_t *err)
{
    int  rc, end;

    for ( ;; ) {
        end = journey_lex_next(lex, err);
        rc = JOURNEY_OK;

        if (end == JOURNEY_ERROR) {
            rc = JOURNEY_ERROR;

        } else if (end == JOURNEY_LEX_EOF) {
            if (!block) {
                return JOURNEY_OK;
            }

            rc = journey_error(err, "unexpected end of file, expecting \"}\"");

        } else if (end == JOURNEY_LEX_END) {
            if (block) {
                return JOURNEY_OK;
            }

            rc = journey_error(err, "unexpected \"}\"");

        } else if (journey_str_is(&lex->words[0], "include")
                   && end == JOURNEY_LEX_LINE)
        {
            rc = journey_conf_include(reader, lex, line, err);

        } else if (line == NULL) {
            rc = journey_conf_directive(reader, lex, end, err);

        } else if (end == JOURNEY_LEX_BLOCK) {
            rc = journey_error(err, "unexpected \"{\"");

        } else {
            rc = line(reader, lex->words, lex->nwords, err);
        }

        if (rc != JOURNEY_OK) {
            return journey_conf_locate(reader, lex, err);
        }
    }
}


static int
journey_conf_directive(journey_conf_reader_t *reader, journey_lex_t *lex,
    int end, journey_error_t *err)
{
    unsigned                         n;
    const journey_conf_directive_t  *d;

    for (d = journey_conf_directives; d->handler != NULL; d++) {
        if (journey_strcmp(&lex->words[0], &d->name) == 0) {
            break;
        }
    }

    if (d->handler == NULL) {
        return (end == JOURNEY_LEX_BLOCK) ? journey_lex_skip(lex, err)
                                          : JOURNEY_OK;
    }

    if (d->line != NULL && end != JOURNEY_LEX_BLOCK) {
        return journey_error(err, "directive \"%s\" has no opening \"{\"",
                             d->name.data);
    }

    if (d->line == NULL && end == JOURNEY_LEX_BLOCK) {
        return journey_error(err, "directive \"%s\" is not terminated by "
                             "\";\"", d->name.data);
    }

    n = lex->nwords - 1;

    if (n < d->min || (d->max != 0 && n > d->max)
        || (d->line != NULL && n != 0))
    {
        return journey_error(err, "invalid number of arguments in \"%s\"",
                             d->name.data);
    }

    if (d->handler(reader, &lex->words[1], n, err) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (d->line == NULL) {
        return JOURNEY_OK;
    }

    if (journey_conf_read(reader, lex, d->line, 1, err) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (d->line == journey_conf_phase) {
        return journey_phases_finish(reader->conf->phases, err);
    }

    return JOURNEY_OK;
}


static int
journey_conf_include(journey_conf_reader_t *reader, const journey_lex_t *lex,
    journey_conf_line_pt line, journey_error_t *err)
{
    int      rc;
    char    *path;
    glob_t   found;
    size_t   i;

    if (lex->nwords != 2) {
        return journey_error(err, "invalid number of arguments in "
                             "\"include\"");
    }

    if (reader->depth >= JOURNEY_CONF_INCLUDES) {
        return journey_error(err, "\"include %.*s\": files are included more "
                             "than %d deep",
                             (int) journey_min(lex->words[1].len, 200),
                             lex->words[1].data, JOURNEY_CONF_INCLUDES);
    }

    path = journey_conf_path(reader, &lex->words[1], err);

    if (path == NULL) {
        return JOURNEY_ERROR;
    }

    if (strpbrk(path, "*?[") == NULL) {
        return journey_conf_file(reader, path, line, err);
    }

    rc = glob(path, 0, NULL, &found);

    if (rc == GLOB_NOMATCH) {
        return JOURNEY_OK;
    }

    if (rc != 0) {
        return journey_error(err, "cannot look for files \"%s\"", path);
    }

    rc = JOURNEY_OK;

    for (i = 0; i < found.gl_pathc && rc == JOURNEY_OK; i++) {
        path = (char *) journey_pstrdup(reader->pool,
                                        (u_char *) found.gl_pathv[i],
                                        strlen(found.gl_pathv[i]))
                        .data;

        rc = (path == NULL) ? journey_error(err, "no memory for a path")
                            : journey_conf_file(reader, path, line, err);
    }

    globfree(&found);

    return rc;
}


/* "journey/…" and other relative names are in dir. */

static char *
journey_conf_path(journey_conf_reader_t *reader, const journey_str_t *name,
    journey_error_t *err)
{
    char          *path;
    size_t         len, size;
    const u_char  *p;

    p = name->data;
    len = name->len;

    if (len == 0) {
        journey_error(err, "empty name of a file");
        return NULL;
    }

    if (len > sizeof("journey/") - 1
        && memcmp(p, "journey/", sizeof("journey/") - 1) == 0)
    {
        p += sizeof("journey/") - 1;
        len -= sizeof("journey/") - 1;
    }

    size = strlen(reader->dir) + 1 + len + 1;
    path = journey_palloc(reader->pool, size);

    if (path == NULL) {
        journey_error(err, "no memory for a path");
        return NULL;
    }

    if (*p == '/') {
        snprintf(path, size, "%.*s", (int) len, p);

    } else {
        snprintf(path, size, "%s/%.*s", reader->dir, (int) len, p);
    }

    return path;
}


/* The innermost place is the one that counts. */

static int
journey_conf_locate(journey_conf_reader_t *reader, const journey_lex_t *lex,
    journey_error_t *err)
{
    size_t  len;

    if (!reader->located) {
        len = strlen(err->text);
        (void) snprintf(err->text + len, sizeof(err->text) - len, " in %s:%u",
                        lex->path, lex->line);
        reader->located = 1;
    }

    return JOURNEY_ERROR;
}


static int
journey_conf_sources(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err)
{
    int        rc;
    char      *path;
    unsigned   i;

    for (i = 0; i < nwords; i++) {
        path = journey_conf_path(reader, &words[i], err);

        if (path == NULL) {
            return JOURNEY_ERROR;
        }

        rc = journey_sources_load(reader->conf->sources, path, err);

        if (journey_conf_table(reader, rc, path, err) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


static int
journey_conf_agents(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err)
{
    int        rc;
    char      *path;
    unsigned   i;

    for (i = 0; i < nwords; i++) {
        path = journey_conf_path(reader, &words[i], err);

        if (path == NULL) {
            return JOURNEY_ERROR;
        }

        rc = journey_agents_load(reader->conf->agents, path, err);

        if (journey_conf_table(reader, rc, path, err) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


/* A bad line of a table has its place in the text already, a table that
 * cannot be read has not. */

static int
journey_conf_table(journey_conf_reader_t *reader, int rc, const char *path,
    const journey_error_t *err)
{
    const char  *p;

    if (rc == JOURNEY_OK) {
        return JOURNEY_OK;
    }

    for (p = strstr(err->text, " in "); p != NULL; p = strstr(p + 1, " in ")) {

        if (strncmp(p + 4, path, strlen(path)) == 0
            && p[4 + strlen(path)] == ':')
        {
            reader->located = 1;
        }
    }

    return JOURNEY_ERROR;
}


static int
journey_conf_channels(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err)
{
    journey_conf_t  *conf;

    (void) words;
    (void) nwords;

    conf = reader->conf;

    if (conf->channels != NULL) {
        return journey_error(err, "\"journey_channels\" directive is "
                             "duplicate");
    }

    conf->channels = journey_channels_create(reader->pool,
                                             conf->channel_codes);
    if (conf->channels == NULL) {
        return journey_error(err, "no memory for \"journey_channels\"");
    }

    return JOURNEY_OK;
}


static int
journey_conf_channel(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err)
{
    return journey_channels_add(reader->conf->channels, words, nwords, err);
}


static int
journey_conf_phases(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err)
{
    journey_conf_t  *conf;

    (void) words;
    (void) nwords;

    conf = reader->conf;

    if (conf->phases != NULL) {
        return journey_error(err, "\"journey_phases\" directive is "
                             "duplicate");
    }

    conf->phases = journey_phases_create(reader->pool, conf->phase_codes);
    if (conf->phases == NULL) {
        return journey_error(err, "no memory for \"journey_phases\"");
    }

    return JOURNEY_OK;
}


static int
journey_conf_phase(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err)
{
    return journey_phases_add(reader->conf->phases, words, nwords, err);
}


static int
journey_conf_goal(journey_conf_reader_t *reader, const journey_str_t *words,
    unsigned nwords, journey_error_t *err)
{
    journey_goal_t  *goals;
    journey_conf_t  *conf;

    conf = reader->conf;

    if (conf->ngoals == reader->ngoals_alloc) {
        reader->ngoals_alloc = reader->ngoals_alloc * 2 + 8;

        goals = journey_palloc(reader->pool, reader->ngoals_alloc
                                             * sizeof(journey_goal_t));
        if (goals == NULL) {
            return journey_error(err, "no memory for \"journey_goal\"");
        }

        if (conf->ngoals > 0) {
            memcpy(goals, conf->goals, conf->ngoals * sizeof(journey_goal_t));
        }

        conf->goals = goals;
    }

    if (journey_goal_parse(reader->pool, &conf->goals[conf->ngoals], words,
                           nwords, NULL, NULL, err)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    conf->ngoals++;

    return JOURNEY_OK;
}


static int
journey_conf_hosts(journey_conf_reader_t *reader, const journey_str_t *words,
    unsigned nwords, journey_error_t *err)
{
    return journey_conf_host_set(reader, &reader->conf->hosts, words, nwords,
                                 err);
}


static int
journey_conf_ignored(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err)
{
    return journey_conf_host_set(reader, &reader->conf->ignored, words,
                                 nwords, err);
}


/* Several directives add up. */

static int
journey_conf_host_set(journey_conf_reader_t *reader, journey_hosts_t **hosts,
    const journey_str_t *words, unsigned nwords, journey_error_t *err)
{
    unsigned  i;

    if (*hosts == NULL) {
        *hosts = journey_hosts_create(reader->pool);

        if (*hosts == NULL) {
            return journey_error(err, "no memory for hosts");
        }
    }

    for (i = 0; i < nwords; i++) {
        if (journey_hosts_add(*hosts, &words[i], err) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


static int
journey_conf_session(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err)
{
    uint64_t  seconds;

    (void) nwords;

    if (journey_conf_time(&words[0], &seconds) != JOURNEY_OK
        || seconds < JOURNEY_CONF_SESSION_MIN
        || seconds > JOURNEY_CONF_SESSION_MAX)
    {
        return journey_error(err, "invalid value \"%.*s\" of "
                             "\"journey_session\", it is a time between 1s "
                             "and 7d", (int) journey_min(words[0].len, 100),
                             words[0].data);
    }

    reader->conf->session = (uint32_t) seconds;

    return JOURNEY_OK;
}


/* nginx's times: "90", "30m", "1h30m", "1d 12h"; units from large to small. */

static int
journey_conf_time(const journey_str_t *word, uint64_t *seconds)
{
    u_char        c;
    size_t        i;
    unsigned      unit, next, digits;
    uint64_t      value;
    const char   *p;

    static const char      units[] = "yMwdhms";
    static const uint32_t  scales[] = {
        365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1
    };

    value = 0;
    next = 0;
    digits = 0;
    *seconds = 0;

    for (i = 0; i < word->len; i++) {
        c = word->data[i];

        if (c >= '0' && c <= '9') {
            value = value * 10 + (c - '0');

            if (++digits > 9) {
                return JOURNEY_ERROR;
            }

            continue;
        }

        if (c == ' ' && digits == 0 && next > 0) {
            continue;
        }

        p = memchr(units, c, sizeof(units) - 1);
        unit = (p == NULL) ? 0 : (unsigned) (p - units);

        if (p == NULL || digits == 0 || unit < next) {
            return JOURNEY_ERROR;
        }

        *seconds += value * scales[unit];
        next = unit + 1;
        value = 0;
        digits = 0;
    }

    /* seconds need no unit */

    if (digits != 0 && next >= sizeof(units) - 1) {
        return JOURNEY_ERROR;
    }

    *seconds += value;

    return (digits != 0 || next > 0) ? JOURNEY_OK : JOURNEY_ERROR;
}


static int
journey_conf_drop_spam(journey_conf_reader_t *reader,
    const journey_str_t *words, unsigned nwords, journey_error_t *err)
{
    (void) nwords;

    if (journey_str_is(&words[0], "on")) {
        reader->conf->drop_spam = 1;
        return JOURNEY_OK;
    }

    if (journey_str_is(&words[0], "off")) {
        reader->conf->drop_spam = 0;
        return JOURNEY_OK;
    }

    return journey_error(err, "invalid value \"%.*s\" of "
                         "\"journey_drop_spam\", it must be \"on\" or "
                         "\"off\"", (int) journey_min(words[0].len, 100),
                         words[0].data);
}
