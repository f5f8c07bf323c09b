
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_import_event.h"
#include "journey_mask.h"
#include "journey_record.h"
#include "journey_url.h"

#include <stdlib.h>


#define JOURNEY_IMPORT_ID_LEN  (1 + JOURNEY_ID_LEN * 4 / 3)

/* Room for a line's target, as it came and decoded, referrer and agent. */
#define JOURNEY_IMPORT_BUF     (4 * JOURNEY_IMPORT_LINE_MAX)


static int
journey_importer_hosts(journey_importer_t *im, journey_pool_t *pool,
    journey_conf_t *conf, const char **own, unsigned nown,
    journey_error_t *err)
{
    unsigned       i;
    journey_str_t  host;

    if (conf->hosts == NULL) {
        conf->hosts = journey_hosts_create(pool);

        if (conf->hosts == NULL) {
            return journey_error(err, "not enough memory");
        }
    }

    for (i = 0; i < nown; i++) {
        host.data = (u_char *) own[i];
        host.len = strlen(own[i]);

        if (journey_hosts_add(conf->hosts, &host, err) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    im->host.data = journey_palloc(pool, JOURNEY_HOST_MAX + 1);

    if (im->host.data == NULL) {
        return journey_error(err, "not enough memory");
    }

    im->host.len = journey_host_read(im->host.data, (u_char *) own[0],
                                     strlen(own[0]));

    return JOURNEY_OK;
}


/* A goal without a path depends on what a line does not tell, and so does one
 * with a condition. */

static int
journey_importer_goals(journey_importer_t *im, journey_pool_t *pool,
    const journey_conf_t *conf)
{
    unsigned  i;

    im->goals = journey_palloc(pool, (conf->ngoals + 1)
                                     * sizeof(journey_goal_t *));
    if (im->goals == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < conf->ngoals; i++) {
        if (conf->goals[i].npaths > 0 && !conf->goals[i].conditional) {
            im->goals[im->ngoals++] = &conf->goals[i];
        }
    }

    return JOURNEY_OK;
}


int
journey_importer_init(journey_importer_t *im, journey_pool_t *pool,
    journey_conf_t *conf, const char **own, unsigned nown,
    journey_import_output_t *output, journey_error_t *err)
{
    memset(im, 0, sizeof(journey_importer_t));

    im->conf = conf;
    im->output = output;

    if (journey_importer_hosts(im, pool, conf, own, nown, err) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    im->classifier.sources = conf->sources;
    im->classifier.codes = conf->channel_codes;
    im->classifier.channels = conf->channels;
    im->classifier.own = conf->hosts;
    im->classifier.ignored = conf->ignored;
    im->classifier.drop_spam = conf->drop_spam;

    im->daily = journey_daily_create(pool, err);

    if (im->daily == NULL) {
        return JOURNEY_ERROR;
    }

    im->buf = malloc(JOURNEY_IMPORT_BUF);
    im->agents = calloc(JOURNEY_IMPORT_AGENTS,
                        sizeof(journey_import_agent_t));

    if (im->buf == NULL || im->agents == NULL
        || journey_importer_goals(im, pool, conf) != JOURNEY_OK)
    {
        return journey_error(err, "not enough memory");
    }

    return JOURNEY_OK;
}


void
journey_importer_free(journey_importer_t *im)
{
    /* the salts are never to be found anywhere */

    journey_salts_destroy(&im->salts, im->clock);

    journey_import_visitors_free(&im->visitors);
    free(im->agents);
    free(im->buf);
}


static int
journey_importer_may_reach(const journey_importer_t *im,
    const journey_import_line_t *line)
{
    if (im->ngoals == 0 || line->method == JOURNEY_METHOD_HEAD) {
        return 0;
    }

    return (line->status >= 200 && line->status < 300)
           || (line->method == JOURNEY_METHOD_POST
               && (line->status == 302 || line->status == 303));
}


/* What the line would be of a person, goals aside. */

static journey_event_kind_e
journey_importer_kind(const journey_import_line_t *line)
{
    if (line->method != JOURNEY_METHOD_GET) {
        return JOURNEY_EVENT_NONE;
    }

    if ((line->status >= 200 && line->status < 300) || line->status == 304) {
        return JOURNEY_EVENT_PAGE;
    }

    return (line->status >= 400 && line->status < 600) ? JOURNEY_EVENT_ERROR
                                                       : JOURNEY_EVENT_NONE;
}


int
journey_importer_wants(journey_importer_t *im,
    const journey_import_line_t *line)
{
    /* the module sees no response without headers, either */

    if (line->target.len == 0 || line->old) {
        im->counts.others++;
        return 0;
    }

    if (journey_import_is_asset(&line->target)) {

        if (journey_importer_may_reach(im, line)) {
            return 1;
        }

        im->counts.assets++;
        return 0;
    }

    if (journey_importer_kind(line) != JOURNEY_EVENT_NONE
        || journey_importer_may_reach(im, line))
    {
        return 1;
    }

    im->counts.others++;
    return 0;
}


/* Host, path and strings without escapes; JOURNEY_DECLINED when it was no
 * request for this site. */

static int
journey_importer_read(journey_importer_t *im,
    const journey_import_line_t *line, journey_import_client_t *client,
    u_char *host)
{
    size_t          n;
    u_char         *p;
    journey_url_t   url;
    journey_str_t   target, name;

    p = im->buf;

    target = journey_import_unescape(&line->target, p);
    p += line->target.len;

    im->referrer = journey_import_unescape(&line->referrer, p);
    p += line->referrer.len;

    im->agent = journey_import_unescape(&line->agent, p);
    p += line->agent.len;

    if (journey_url_parse(&url, &target, p) != NULL || url.path.len == 0) {
        return JOURNEY_DECLINED;
    }

    im->path = url.path;
    im->args = url.args;

    journey_import_line_client(client, line);

    /* the port is no part of it */

    name = client->host;

    for (n = name.len; n > 0 && name.data[n - 1] >= '0'
                       && name.data[n - 1] <= '9'; n--)
    {
        /* void */
    }

    if (n > 0 && name.data[n - 1] == ':') {
        name.len = n - 1;
    }

    im->page_host.data = host;
    im->page_host.len = (name.len == 0)
                        ? 0 : journey_host_read(host, name.data, name.len);

    if (im->page_host.len == 0) {
        im->page_host = im->host;
    }

    if (url.host.len == 0 || journey_strcmp(&url.host, &im->page_host) == 0) {
        return JOURNEY_OK;
    }

    /* "GET http://host/ HTTP/1.1": of this site, or looking for a proxy */

    if (!journey_hosts_match(im->conf->hosts, &url.host)) {
        return JOURNEY_DECLINED;
    }

    memcpy(host, url.host.data, url.host.len);
    im->page_host.data = host;
    im->page_host.len = url.host.len;

    return JOURNEY_OK;
}


/* Few browsers make most of the lines: their verdicts are kept. */

static const journey_agent_t *
journey_importer_agent(journey_importer_t *im)
{
    uint32_t                  hash;
    journey_str_t            *ua;
    journey_agent_headers_t   headers;
    journey_import_agent_t   *kept;

    ua = &im->agent;

    hash = journey_hash(ua->data, ua->len);
    kept = &im->agents[hash & (JOURNEY_IMPORT_AGENTS - 1)];

    if (kept->hash == hash && kept->len == ua->len && ua->len > 0
        && memcmp(kept->text, ua->data, ua->len) == 0)
    {
        return &kept->agent;
    }

    /* the headers beside it are not known */

    memset(&headers, 0, sizeof(journey_agent_headers_t));
    journey_agent_find(im->conf->agents, ua->data, ua->len, &headers,
                       &kept->agent);

    kept->hash = hash;
    kept->len = 0;

    if (ua->len <= JOURNEY_IMPORT_AGENT) {
        memcpy(kept->text, ua->data, ua->len);
        kept->len = (uint32_t) ua->len;
    }

    return &kept->agent;
}


/* The salts at the time of the log: as the module's at the time of day. */

static int
journey_importer_clock(journey_importer_t *im)
{
    uint32_t  midnight;

    if (im->time > im->clock) {
        im->clock = im->time;

    } else if (im->clock - im->time > JOURNEY_IMPORT_BACK) {

        /* an older log: nobody of the later days is one of its visitors */

        journey_salts_destroy(&im->salts, im->time);
        journey_import_visitors_drop(&im->visitors, UINT32_MAX);

        im->clock = im->time;
        im->counts.restarts++;
    }

    if (journey_daily_ready(im->daily, &im->salts, im->clock)) {
        return JOURNEY_OK;
    }

    if (journey_salts_rotate(&im->salts, im->clock, im->clock, NULL)
        != JOURNEY_OK)
    {
        im->no_hash = 1;
        return JOURNEY_ERROR;
    }

    journey_daily_load(im->daily, &im->salts);

    /* those that no line finds any more */

    midnight = im->clock - im->clock % JOURNEY_SALT_DAY;

    if (im->salts.previous.exists && midnight > 0) {
        midnight -= JOURNEY_SALT_DAY;
    }

    journey_import_visitors_drop(&im->visitors, midnight);

    return JOURNEY_OK;
}


/* The visitor, or NULL, and the id that a new one gets.  JOURNEY_ERROR when
 * there is no hash. */

static int
journey_importer_visitor(journey_importer_t *im,
    const journey_import_client_t *client, u_char *id,
    journey_import_visitor_t **visitor)
{
    int                        rc;
    u_char                     previous[JOURNEY_ID_LEN];
    journey_who_t              who;
    journey_import_visitor_t  *found;

    memset(&who, 0, sizeof(journey_who_t));

    who.addr = (const struct sockaddr *) &client->addr;
    who.agent = im->agent;
    who.host = im->page_host;

    if (journey_importer_clock(im) != JOURNEY_OK
        || journey_daily_hash(im->daily, JOURNEY_SALT_TODAY, &who, id)
           != JOURNEY_OK)
    {
        im->no_hash = 1;
        return JOURNEY_ERROR;
    }

    *visitor = journey_import_visitors_find(&im->visitors, id);

    if (*visitor != NULL || !im->salts.previous.exists) {
        return JOURNEY_OK;
    }

    /* yesterday's salt serves sessions that go on across midnight */

    rc = journey_daily_hash(im->daily, JOURNEY_SALT_PREVIOUS, &who, previous);

    if (rc != JOURNEY_OK) {
        im->no_hash = 1;
        return JOURNEY_ERROR;
    }

    found = journey_import_visitors_find(&im->visitors, previous);

    if (found != NULL
        && !journey_state_ended(&found->state, im->time, im->conf->session))
    {
        *visitor = found;
    }

    return JOURNEY_OK;
}


/* What every record of the line holds; the rest is cleared. */

static void
journey_importer_common(const journey_importer_t *im,
    const journey_state_t *state, u_char *id, journey_record_t *rec)
{
    memset(rec, 0, sizeof(journey_record_t));

    rec->time = (uint64_t) im->time * 1000;

    if (state != NULL) {
        id[0] = 'h';
        (void) journey_base64url_encode(id + 1, state->id, JOURNEY_ID_LEN);

        rec->visitor.data = id;
        rec->visitor.len = JOURNEY_IMPORT_ID_LEN;
        rec->journey = state->journey;
        rec->session = state->session;
    }

    rec->host = im->page_host;
    rec->device = im->verdict->device;

    if (im->phase != NULL) {
        rec->phase = im->phase->name->name;
        rec->position = im->phase->position;
    }
}


static void
journey_importer_touch(const journey_entry_t *entry, journey_record_t *rec)
{
    rec->channel = entry->channel_name;
    rec->source = entry->source;
    rec->medium = entry->medium;
    rec->campaign = entry->campaign;
    rec->term = entry->term;
    rec->content = entry->content;
    rec->click = *journey_click_name(entry->click);
    rec->referrer = entry->referrer;
    rec->why = entry->why;
}


/* A page: where the visitor came from, then the state machine. */

static int
journey_importer_page(journey_importer_t *im, journey_state_t *state,
    const journey_str_t *masked)
{
    u_char            id[JOURNEY_IMPORT_ID_LEN];
    journey_hit_t     hit;
    journey_event_t   event;
    journey_entry_t   entry;
    journey_visit_t   visit;
    journey_record_t  rec;

    memset(&hit, 0, sizeof(journey_hit_t));

    hit.now = im->time;
    hit.timeout = im->conf->session;
    hit.opens = 1;
    hit.phase = im->phase;
    hit.phases = im->conf->phases;

    memset(&visit, 0, sizeof(journey_visit_t));

    visit.host = im->page_host;
    visit.path = im->path;
    visit.args = im->args;
    visit.referrer = im->referrer;
    visit.app = im->verdict->app;
    visit.inside = !journey_state_ended(state, hit.now, hit.timeout);

    journey_classify(&im->classifier, &visit, &entry);

    hit.channel = entry.channel;
    hit.hash = entry.hash;
    hit.external = entry.external;

    event = journey_state_hit(state, &hit);

    im->counts.pages++;
    im->counts.sessions += event.session;
    im->counts.touches += event.touch;
    im->counts.spam += entry.spam;

    journey_importer_common(im, state, id, &rec);

    rec.kind = JOURNEY_EVENT_PAGE;
    rec.path = *masked;
    rec.status = (im->status == 200) ? 0 : im->status;

    if (event.touch) {
        journey_importer_touch(&entry, &rec);
    }

    return journey_import_output_put(im->output, &rec);
}


/* Of a known visitor; what was not served was not reached. */

static int
journey_importer_error(journey_importer_t *im, const journey_state_t *state,
    const journey_str_t *masked)
{
    u_char            id[JOURNEY_IMPORT_ID_LEN];
    journey_record_t  rec;

    im->phase = NULL;
    im->counts.errors++;

    journey_importer_common(im, state, id, &rec);

    rec.kind = JOURNEY_EVENT_ERROR;
    rec.path = *masked;
    rec.status = im->status;

    return journey_import_output_put(im->output, &rec);
}


/* state NULL: a goal without a known visitor. */

static int
journey_importer_goal(journey_importer_t *im, journey_state_t *state,
    const journey_goal_t *goal, const journey_str_t *masked)
{
    u_char            id[JOURNEY_IMPORT_ID_LEN];
    unsigned          i;
    journey_hit_t     hit;
    journey_record_t  rec;

    im->counts.goals++;

    if (state != NULL) {
        memset(&hit, 0, sizeof(journey_hit_t));

        hit.now = im->time;
        hit.timeout = im->conf->session;
        hit.goal = 1;
        hit.completes = goal->completes;
        hit.phase = im->phase;
        hit.phases = im->conf->phases;

        (void) journey_state_hit(state, &hit);
    }

    journey_importer_common(im, state, id, &rec);

    rec.kind = JOURNEY_EVENT_GOAL;
    rec.path = *masked;
    rec.goal = goal->name;
    rec.done = goal->completes;

    if (state != NULL) {
        rec.ntouches = journey_state_channels(state);
        rec.touches_total = state->touches;

        for (i = 0; i < rec.ntouches; i++) {
            rec.touches[i] = *journey_channel_name(im->conf->channel_codes,
                                                   state->channels[i]);
        }
    }

    return journey_import_output_put(im->output, &rec);
}


/* The next goal from i on that this path reaches, one name once a line;
 * ngoals: none. */

static unsigned
journey_importer_next_goal(const journey_importer_t *im, unsigned i)
{
    unsigned               n;
    const journey_goal_t  *goal;

    for ( /* void */ ; i < im->ngoals; i++) {
        goal = im->goals[i];

        if (!journey_goal_match(goal, im->path.data, im->path.len)) {
            continue;
        }

        for (n = 0; n < i; n++) {
            if (journey_strcmp(&im->goals[n]->name, &goal->name) == 0
                && journey_goal_match(im->goals[n], im->path.data,
                                      im->path.len))
            {
                break;
            }
        }

        if (n == i) {
            break;
        }
    }

    return i;
}


static int
journey_importer_events(journey_importer_t *im, journey_event_kind_e kind,
    unsigned goal, const u_char *id, journey_import_visitor_t *visitor)
{
    u_char           buf[JOURNEY_PATH_MAX];
    journey_str_t    masked;
    journey_state_t  state, *known;

    if (kind == JOURNEY_EVENT_PAGE && visitor == NULL) {
        journey_state_init(&state, id, im->time);

        visitor = journey_import_visitors_add(&im->visitors, &state);

        if (visitor == NULL) {
            im->no_memory = 1;
            return JOURNEY_ERROR;
        }

        im->counts.visitors++;
    }

    known = (visitor == NULL) ? NULL : &visitor->state;

    if (visitor != NULL) {
        visitor->seen = im->clock;
    }

    im->phase = (im->conf->phases == NULL)
                ? NULL : journey_phases_match(im->conf->phases, im->path.data,
                                              im->path.len);

    masked = journey_mask(&im->path, buf);

    if (kind == JOURNEY_EVENT_ERROR) {
        return journey_importer_error(im, known, &masked);
    }

    if (kind == JOURNEY_EVENT_PAGE
        && journey_importer_page(im, known, &masked) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    for ( /* void */ ; goal < im->ngoals;
         goal = journey_importer_next_goal(im, goal + 1))
    {
        if (journey_importer_goal(im, known, im->goals[goal], &masked)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


int
journey_importer_line(journey_importer_t *im,
    const journey_import_line_t *line)
{
    u_char                     id[JOURNEY_ID_LEN];
    u_char                     host[JOURNEY_HOST_MAX + 1];
    unsigned                   goal, asset;
    journey_event_kind_e       kind;
    journey_import_client_t    client;
    journey_import_visitor_t  *visitor;

    asset = journey_import_is_asset(&line->target);
    kind = asset ? JOURNEY_EVENT_NONE : journey_importer_kind(line);

    if (journey_importer_read(im, line, &client, host) != JOURNEY_OK) {
        im->counts.others++;
        return JOURNEY_OK;
    }

    goal = journey_importer_may_reach(im, line)
           ? journey_importer_next_goal(im, 0) : im->ngoals;

    if (kind == JOURNEY_EVENT_NONE && goal == im->ngoals) {
        im->counts.assets += asset;
        im->counts.others += !asset;
        return JOURNEY_OK;
    }

    im->time = line->time;
    im->status = line->status;
    im->verdict = journey_importer_agent(im);

    if (im->verdict->bot != NULL) {

        if (kind == JOURNEY_EVENT_ERROR) {
            im->counts.others++;
            return JOURNEY_OK;
        }

        im->counts.bots++;
        im->counts.ai_agents += im->verdict->ai_agent;
        return JOURNEY_OK;
    }

    if (journey_importer_visitor(im, &client, id, &visitor) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (kind == JOURNEY_EVENT_ERROR && visitor == NULL) {
        im->counts.others++;
        return JOURNEY_OK;
    }

    return journey_importer_events(im, kind, goal, id, visitor);
}
