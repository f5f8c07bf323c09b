
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_classify_cmd.h"
#include "journey_config.h"
#include "journey_json.h"
#include "journey_record.h"
#include "journey_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


#define JOURNEY_CLASSIFY_MESSAGES  20


typedef struct {
    journey_conf_t        *conf;
    journey_classifier_t   classifier;
    u_char                *buf;         /* for the URL, then for strings */
    size_t                 size;
} journey_classify_t;

typedef struct {
    journey_str_t          referrer;
    journey_str_t          url;
    journey_str_t          agent;
} journey_classify_visit_t;


static u_char *
journey_classify_put(u_char *p, const char *key, const journey_str_t *str)
{
    size_t  len;

    if (str->len == 0) {
        return p;
    }

    if (p[-1] != '{') {
        *p++ = ',';
    }

    len = strlen(key);

    *p++ = '"';
    memcpy(p, key, len);
    p += len;
    memcpy(p, "\":\"", 3);
    p = journey_json_escape(p + 3, str->data, str->len);
    *p++ = '"';

    return p;
}


/* One line; what is absent in a record of the log is absent here.  The
 * strings are values of an entry, at most 100 bytes, and names. */

static void
journey_classify_print(const journey_entry_t *e, const journey_agent_t *agent,
    const journey_phase_t *phase)
{
    u_char  buf[16384], *p;

    p = buf;
    *p++ = '{';

    p = journey_classify_put(p, "ch", &e->channel_name);
    p = journey_classify_put(p, "src", &e->source);
    p = journey_classify_put(p, "med", &e->medium);
    p = journey_classify_put(p, "cmp", &e->campaign);
    p = journey_classify_put(p, "trm", &e->term);
    p = journey_classify_put(p, "con", &e->content);
    p = journey_classify_put(p, "cid", journey_click_name(e->click));
    p = journey_classify_put(p, "ref", &e->referrer);
    p = journey_classify_put(p, "why", &e->why);

    if (agent->bot != NULL) {
        p = journey_classify_put(p, "bot", agent->bot);
    }

    p = journey_classify_put(p, "dev", journey_device_name(agent->device));

    if (phase != NULL) {
        p = journey_classify_put(p, "ph", &phase->name->name);
    }

    *p++ = '}';
    *p++ = '\n';

    (void) fwrite(buf, 1, p - buf, stdout);
}


static const char *
journey_classify_visit(journey_classify_t *c,
    const journey_classify_visit_t *input, u_char *buf)
{
    const char                  *wrong;
    journey_url_t                url;
    journey_entry_t              entry;
    journey_visit_t              visit;
    journey_agent_t              agent;
    const journey_phase_t       *phase;
    journey_agent_headers_t      headers;

    wrong = journey_url_parse(&url, &input->url, buf);

    if (wrong != NULL) {
        return wrong;
    }

    /* the headers beside the agent are not known */

    memset(&headers, 0, sizeof(journey_agent_headers_t));
    journey_agent_find(c->conf->agents, input->agent.data, input->agent.len,
                       &headers, &agent);

    memset(&visit, 0, sizeof(journey_visit_t));
    visit.host = url.host;
    visit.path = url.path;
    visit.args = url.args;
    visit.referrer = input->referrer;
    visit.app = agent.app;

    journey_classify(&c->classifier, &visit, &entry);

    phase = (c->conf->phases == NULL || url.path.len == 0) ? NULL
            : journey_phases_match(c->conf->phases, url.path.data,
                                   url.path.len);

    journey_classify_print(&entry, &agent, phase);

    return NULL;
}


static int
journey_classify_room(journey_classify_t *c, size_t size)
{
    u_char  *buf;

    if (size <= c->size) {
        return JOURNEY_OK;
    }

    buf = realloc(c->buf, 2 * size);
    if (buf == NULL) {
        return JOURNEY_ERROR;
    }

    c->buf = buf;
    c->size = 2 * size;

    return JOURNEY_OK;
}


/* {"referrer":…,"url":…,"agent":…}; other keys are passed over. */

static int
journey_classify_read(journey_classify_visit_t *visit, journey_json_t *json)
{
    u_char          c;
    journey_str_t   name, *str;

    memset(visit, 0, sizeof(journey_classify_visit_t));

    if (journey_json_peek(json) != '{') {
        return journey_json_error(json, "not an object");
    }

    json->pos++;

    if (journey_json_peek(json) == '}') {
        json->pos++;
        return JOURNEY_OK;
    }

    for ( ;; ) {
        if (journey_json_name(json, &name) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        str = journey_str_is(&name, "referrer") ? &visit->referrer
              : journey_str_is(&name, "url") ? &visit->url
              : journey_str_is(&name, "agent") ? &visit->agent : NULL;

        /* null is what absent is */

        if (str == NULL || journey_json_peek(json) == 'n') {
            if (journey_json_skip(json) != JOURNEY_OK) {
                return JOURNEY_ERROR;
            }

        } else if (journey_json_string(json, str) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        c = journey_json_peek(json);

        if (c != ',' && c != '}') {
            return journey_json_error(json, "no comma behind a value");
        }

        json->pos++;

        if (c == '}') {
            break;
        }
    }

    if (journey_json_peek(json) != 0 || json->pos != json->end) {
        return journey_json_error(json, "something behind the object");
    }

    return JOURNEY_OK;
}


/* A line out for a line in, so that both can be laid side by side. */

static const char *
journey_classify_line(journey_classify_t *c, const u_char *line, size_t len,
    journey_error_t *err)
{
    journey_json_t            json;
    journey_classify_visit_t  visit;

    /* unescaped strings, then the parts of the URL */

    if (journey_classify_room(c, 2 * len + 1) != JOURNEY_OK) {
        return "not enough memory";
    }

    json.line = line;
    json.pos = line;
    json.end = line + len;
    json.buf = c->buf;
    json.err = err;

    if (journey_classify_read(&visit, &json) != JOURNEY_OK) {
        return err->text;
    }

    return journey_classify_visit(c, &visit, c->buf + len);
}


static int
journey_classify_stdin(journey_classify_t *c)
{
    int               rc;
    char             *line;
    size_t            size;
    ssize_t           len;
    uint64_t          number, bad;
    const char       *wrong;
    journey_error_t   err;

    rc = JOURNEY_EXIT_OK;
    line = NULL;
    size = 0;
    number = 0;
    bad = 0;

    if (isatty(STDIN_FILENO)) {
        setvbuf(stdout, NULL, _IOLBF, 0);
    }

    while ((len = getline(&line, &size, stdin)) > 0) {
        number++;

        if (line[len - 1] == '\n') {
            len--;
        }

        wrong = journey_classify_line(c, (u_char *) line, (size_t) len, &err);

        if (wrong == NULL) {
            continue;
        }

        rc = JOURNEY_EXIT_DATA;
        fprintf(stdout, "{\"error\":\"%s\"}\n", wrong);

        if (++bad <= JOURNEY_CLASSIFY_MESSAGES) {
            fprintf(stderr, "journey: stdin:%llu: %s\n",
                    (unsigned long long) number, wrong);
        }
    }

    if (bad > JOURNEY_CLASSIFY_MESSAGES) {
        fprintf(stderr, "journey: and %llu more\n", (unsigned long long) bad
                - JOURNEY_CLASSIFY_MESSAGES);
    }

    free(line);

    if (ferror(stdin)) {
        fprintf(stderr, "journey: stdin cannot be read\n");
        return JOURNEY_EXIT_DATA;
    }

    return rc;
}


static int
journey_classify_one(journey_classify_t *c, const journey_options_t *opts)
{
    const char                *wrong;
    journey_classify_visit_t   visit;

    memset(&visit, 0, sizeof(journey_classify_visit_t));

    if (opts->referrer != NULL) {
        visit.referrer.data = (u_char *) opts->referrer;
        visit.referrer.len = strlen(opts->referrer);
    }

    if (opts->url != NULL) {
        visit.url.data = (u_char *) opts->url;
        visit.url.len = strlen(opts->url);
    }

    if (opts->agent != NULL) {
        visit.agent.data = (u_char *) opts->agent;
        visit.agent.len = strlen(opts->agent);
    }

    wrong = (journey_classify_room(c, visit.url.len + 1) != JOURNEY_OK)
            ? "not enough memory"
            : journey_classify_visit(c, &visit, c->buf);

    if (wrong == NULL) {
        return JOURNEY_EXIT_OK;
    }

    fprintf(stderr, "journey: --url: %s\n", wrong);

    return JOURNEY_EXIT_USAGE;
}


int
journey_classify_command(const journey_options_t *opts)
{
    int                  rc;
    journey_pool_t      *pool;
    journey_classify_t   c;

    if (opts->nargs > 1
        || (opts->nargs == 1 && strcmp(opts->args[0], "-") != 0))
    {
        fprintf(stderr, "journey: classify reads standard input, no file\n");
        return JOURNEY_EXIT_USAGE;
    }

    memset(&c, 0, sizeof(journey_classify_t));

    pool = journey_pool_create();

    if (pool == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    if (journey_config_load(pool, opts, 1, &c.conf) != JOURNEY_OK) {
        journey_pool_destroy(pool);
        return JOURNEY_EXIT_USAGE;
    }

    c.classifier.sources = c.conf->sources;
    c.classifier.codes = c.conf->channel_codes;
    c.classifier.channels = c.conf->channels;
    c.classifier.own = c.conf->hosts;
    c.classifier.ignored = c.conf->ignored;
    c.classifier.drop_spam = c.conf->drop_spam;

    rc = (opts->referrer != NULL || opts->url != NULL || opts->agent != NULL)
         ? journey_classify_one(&c, opts) : journey_classify_stdin(&c);

    free(c.buf);
    journey_pool_destroy(pool);

    return rc;
}
