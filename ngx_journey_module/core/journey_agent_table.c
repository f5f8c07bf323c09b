
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Loading the table of agents.  All tokens of all files become one
 * Aho-Corasick automaton (Aho and Corasick, 1975) with every transition
 * written out: a byte of a user agent costs one step, however many tokens
 * there are.  When two lines have the same token, the later one counts; but
 * what is said of bots (bot, agent, proxy, not), of apps and of devices stands
 * side by side.
 */


#include <stdlib.h>

#include "journey_agent_table.h"
#include "journey_rules.h"


/* Bytes of all tokens together: the table has a row for each, at most. */
#define JOURNEY_AGENT_BYTES  262144

#define JOURNEY_AGENT_KEY    64


/* The automaton while it is built: states as the trie grew. */

typedef struct {
    journey_agent_match_t          match;
    uint32_t                       fail;
    uint32_t                       place;       /* of its final row */
    uint32_t                       nth;         /* state, breadth first */
} journey_agent_state_t;

typedef struct {
    uint32_t                      *go;
    journey_agent_state_t         *states;
    uint32_t                       nstates;
    uint32_t                       nclasses;
} journey_agent_trie_t;


static int journey_agents_line(void *ctx, journey_str_t *words,
    unsigned nwords, journey_error_t *err);
static int journey_agents_key(const journey_str_t *key,
    journey_agent_kind_e kind, journey_error_t *err);
static int journey_agents_error(journey_error_t *err, const char *what,
    const journey_str_t *word, const char *why);
static journey_agent_entry_t *journey_agents_append(journey_agents_t *agents,
    journey_agent_kind_e kind, const journey_str_t *key, journey_str_t *tokens,
    unsigned ntokens);
static uint32_t journey_agents_classes(journey_agents_t *agents);
static void journey_agent_trie_add(const journey_agents_t *agents,
    journey_agent_trie_t *trie, const journey_agent_entry_t *entry,
    const journey_str_t *token);
static void journey_agent_trie_set(journey_agent_match_t *match,
    const journey_agent_entry_t *entry, uint32_t len);
static void journey_agent_trie_close(journey_agent_trie_t *trie);
static void journey_agent_trie_merge(journey_agent_match_t *match,
    const journey_agent_match_t *shorter);
static int journey_agent_trie_ends(const journey_agent_match_t *match);
static int journey_agent_trie_write(journey_agents_t *agents,
    journey_agent_trie_t *trie);


static const journey_str_t  journey_agent_kinds[] = {
    journey_string("bot"),
    journey_string("agent"),
    journey_string("proxy"),
    journey_string("not"),
    journey_string("app"),
    journey_string("device"),
};

/* "Version/4.0" stands in every Android WebView since Chromium is in it, and
 * in the browsers that vendors made of it; "wv" since Android 5. */

static journey_str_t  journey_agent_browsers[] = {
    journey_string("Chrome/"),
    journey_string("Version/4.0 Chrome/"),
    journey_string("; wv)"),
};

#define JOURNEY_AGENT_BROWSERS  (sizeof(journey_agent_browsers)               \
                                 / sizeof(journey_agent_browsers[0]))


journey_agents_t *
journey_agents_create(journey_pool_t *pool)
{
    journey_agents_t  *agents;

    agents = journey_pcalloc(pool, sizeof(journey_agents_t));
    if (agents == NULL) {
        return NULL;
    }

    agents->pool = pool;
    agents->last = &agents->entries;

    return agents;
}


int
journey_agents_load(journey_agents_t *agents, const char *path,
    journey_error_t *err)
{
    return journey_rules_read_lines(agents->pool, path, journey_agents_line,
                                    agents, err);
}


static int
journey_agents_line(void *ctx, journey_str_t *words, unsigned nwords,
    journey_error_t *err)
{
    journey_agents_t *agents = ctx;

    unsigned                i;
    journey_device_e        device;
    journey_agent_kind_e    kind;
    journey_agent_entry_t  *entry;

    for (kind = 0; kind <= JOURNEY_AGENT_DEVICE; kind++) {
        if (journey_strcmp(&words[0], &journey_agent_kinds[kind]) == 0) {
            break;
        }
    }

    if (kind > JOURNEY_AGENT_DEVICE) {
        return journey_agents_error(err, "unknown kind", &words[0],
                          "it must be bot, agent, not, app or device");
    }

    if (nwords < 3) {
        return journey_agents_error(err, "too few words after", &words[0],
                          "a line needs a kind, a key and a token at least");
    }

    if (journey_agents_key(&words[1], kind, err) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    device = JOURNEY_DEVICE_NONE;

    if (kind == JOURNEY_AGENT_DEVICE) {
        device = journey_device_parse(&words[1]);

        if (device == JOURNEY_DEVICE_NONE) {
            return journey_agents_error(err, "unknown device", &words[1],
                          "it must be desktop, mobile, tablet, tv or other");
        }
    }

    for (i = 2; i < nwords; i++) {
        if (words[i].len == 0) {
            return journey_agents_error(err, "empty token of", &words[1],
                                        "it would be found everywhere");
        }

        if (words[i].len > JOURNEY_AGENT_BYTES - agents->bytes) {
            return journey_agents_error(err, "no room for token", &words[i],
                          "all tokens together may have 256 kilobytes");
        }

        agents->bytes += words[i].len;
    }

    entry = journey_agents_append(agents, kind, &words[1], &words[2],
                                  nwords - 2);
    if (entry == NULL) {
        return journey_agents_error(err, "no memory for", &words[1],
                                    "the machine has none left");
    }

    entry->device = device;

    if (kind == JOURNEY_AGENT_DEVICE) {
        agents->devices = 1;
    }

    return JOURNEY_OK;
}


/*
 * Keys become log values and variables; those that name our own verdicts may
 * not be taken by an entry, for a reason must have one meaning.
 */

static int
journey_agents_key(const journey_str_t *key, journey_agent_kind_e kind,
    journey_error_t *err)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < key->len; i++) {
        c = key->data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')
            && (i == 0 || (c != '_' && c != '-' && c != '.')))
        {
            break;
        }
    }

    if (key->len == 0 || key->len > JOURNEY_AGENT_KEY || i != key->len) {
        return journey_agents_error(err, "invalid key", key, "it has 1 to 64 "
                                    "of a-z, 0-9, and behind the first \"_\", "
                                    "\"-\", \".\"");
    }

    if (kind == JOURNEY_AGENT_BOT
        && (journey_strcmp(key, &journey_agent_ai) == 0
            || journey_strcmp(key, &journey_agent_no_accept) == 0
            || journey_strcmp(key, &journey_agent_no_sec_fetch) == 0))
    {
        return journey_agents_error(err, "reserved key", key,
                                    "it is a verdict of our own");
    }

    return JOURNEY_OK;
}


static int
journey_agents_error(journey_error_t *err, const char *what,
    const journey_str_t *word, const char *why)
{
    return journey_error(err, "%s \"%.*s\", %s", what,
                         (int) journey_min(word->len, 100), word->data, why);
}


static journey_agent_entry_t *
journey_agents_append(journey_agents_t *agents, journey_agent_kind_e kind,
    const journey_str_t *key, journey_str_t *tokens, unsigned ntokens)
{
    journey_agent_entry_t  *entry;

    entry = journey_pcalloc(agents->pool, sizeof(journey_agent_entry_t));
    if (entry == NULL) {
        return NULL;
    }

    /* the words live in the pool, the array of them does not */

    entry->tokens = journey_palloc(agents->pool,
                                   ntokens * sizeof(journey_str_t));
    if (entry->tokens == NULL) {
        return NULL;
    }

    memcpy(entry->tokens, tokens, ntokens * sizeof(journey_str_t));

    entry->ntokens = ntokens;
    entry->kind = kind;
    entry->key = *key;
    entry->rank = ++agents->rank;

    *agents->last = entry;
    agents->last = &entry->next;

    return entry;
}


int
journey_agents_compile(journey_agents_t *agents, journey_error_t *err)
{
    int                     rc;
    size_t                  rows;
    unsigned                i;
    journey_str_t          *token;
    journey_agent_trie_t    trie;
    journey_agent_entry_t  *entry;

    rc = JOURNEY_ERROR;
    rows = agents->bytes + 1;

    for (i = 0; i < JOURNEY_AGENT_BROWSERS; i++) {
        token = &journey_agent_browsers[i];

        entry = journey_agents_append(agents, JOURNEY_AGENT_BROWSER, token,
                                      token, 1);
        if (entry == NULL) {
            return journey_error(err, "no memory for the table of agents");
        }

        entry->flags = (i == 0) ? JOURNEY_AGENT_CHROMIUM
                                : JOURNEY_AGENT_WEBVIEW;
        rows += token->len;
    }

    trie.nstates = 1;
    trie.nclasses = journey_agents_classes(agents);

    trie.go = calloc(rows * trie.nclasses, sizeof(uint32_t));
    trie.states = calloc(rows, sizeof(journey_agent_state_t));

    if (trie.go != NULL && trie.states != NULL) {
        for (entry = agents->entries; entry != NULL; entry = entry->next) {
            for (i = 0; i < entry->ntokens; i++) {
                journey_agent_trie_add(agents, &trie, entry,
                                       &entry->tokens[i]);
            }
        }

        journey_agent_trie_close(&trie);

        rc = journey_agent_trie_write(agents, &trie);
    }

    free(trie.go);
    free(trie.states);

    if (rc != JOURNEY_OK) {
        return journey_error(err, "no memory for the table of agents");
    }

    return JOURNEY_OK;
}


/* Bytes that no token holds are one class; the cases of a letter are one. */

static uint32_t
journey_agents_classes(journey_agents_t *agents)
{
    size_t                  j;
    u_char                  c;
    uint32_t                n;
    unsigned                i;
    journey_agent_entry_t  *entry;

    n = 1;

    for (entry = agents->entries; entry != NULL; entry = entry->next) {
        for (i = 0; i < entry->ntokens; i++) {
            for (j = 0; j < entry->tokens[i].len; j++) {
                c = journey_tolower(entry->tokens[i].data[j]);

                if (agents->classes[c] == 0) {
                    agents->classes[c] = (u_char) n++;
                }
            }
        }
    }

    for (c = 'a'; c <= 'z'; c++) {
        agents->classes[c - 'a' + 'A'] = agents->classes[c];
    }

    return n;
}


static void
journey_agent_trie_add(const journey_agents_t *agents,
    journey_agent_trie_t *trie, const journey_agent_entry_t *entry,
    const journey_str_t *token)
{
    size_t    i;
    uint32_t  state, *next;

    state = 0;

    for (i = 0; i < token->len; i++) {
        next = &trie->go[state * trie->nclasses
                         + agents->classes[token->data[i]]];

        if (*next == 0) {
            *next = trie->nstates++;
        }

        state = *next;
    }

    journey_agent_trie_set(&trie->states[state].match, entry,
                           (uint32_t) token->len);
}


static void
journey_agent_trie_set(journey_agent_match_t *match,
    const journey_agent_entry_t *entry, uint32_t len)
{
    switch (entry->kind) {

    case JOURNEY_AGENT_APP:
        match->app = entry;
        return;

    case JOURNEY_AGENT_DEVICE:
        match->device = entry;
        return;

    case JOURNEY_AGENT_BROWSER:
        match->flags |= entry->flags;
        return;

    default:
        break;
    }

    match->named = NULL;
    match->flags &= JOURNEY_AGENT_OWN;

    if (entry->kind == JOURNEY_AGENT_EXCEPT) {
        match->flags |= JOURNEY_AGENT_NOT;

    } else if (journey_strcmp(&entry->key, &journey_agent_tool) == 0) {
        match->flags |= JOURNEY_AGENT_TOOL;

    } else if (journey_strcmp(&entry->key, &journey_agent_generic) == 0) {
        match->flags |= JOURNEY_AGENT_GENERIC;

    } else {
        match->named = entry;
        match->named_len = len;
    }
}


/*
 * Breadth first: when a state is reached, the state for its longest proper
 * suffix is complete, so what is missing can be taken from there.
 */

static void
journey_agent_trie_close(journey_agent_trie_t *trie)
{
    uint32_t  c, head, tail, state, fail, *row, *suffix;

    head = 0;
    tail = 0;
    trie->states[tail++].nth = 0;

    while (head < tail) {
        state = trie->states[head++].nth;
        fail = trie->states[state].fail;
        row = &trie->go[state * trie->nclasses];
        suffix = &trie->go[fail * trie->nclasses];

        if (state != 0) {
            journey_agent_trie_merge(&trie->states[state].match,
                                     &trie->states[fail].match);
        }

        for (c = 0; c < trie->nclasses; c++) {

            if (row[c] == 0) {
                row[c] = (state == 0) ? 0 : suffix[c];
                continue;
            }

            trie->states[row[c]].fail = (state == 0) ? 0 : suffix[c];
            trie->states[tail++].nth = row[c];
        }
    }
}


static void
journey_agent_trie_merge(journey_agent_match_t *match,
    const journey_agent_match_t *shorter)
{
    match->flags |= shorter->flags;

    if (match->named == NULL) {
        match->named = shorter->named;
        match->named_len = shorter->named_len;
    }

    if (shorter->app != NULL
        && (match->app == NULL || match->app->rank < shorter->app->rank))
    {
        match->app = shorter->app;
    }

    if (shorter->device != NULL
        && (match->device == NULL
            || match->device->rank < shorter->device->rank))
    {
        match->device = shorter->device;
    }
}


static int
journey_agent_trie_ends(const journey_agent_match_t *match)
{
    return match->flags != 0 || match->named != NULL || match->app != NULL
           || match->device != NULL;
}


/* Writes the automaton in its final order: shallow states first, for they are
 * where a user agent spends its time, and states with a match last. */

static int
journey_agent_trie_write(journey_agents_t *agents, journey_agent_trie_t *trie)
{
    int                     ends;
    uint32_t                c, i, n, width, nmatches, *go, *row;
    journey_agent_match_t  *matches;
    journey_agent_state_t  *state;

    width = trie->nclasses + 1;
    n = 0;

    for (ends = 0; ends < 2; ends++) {
        agents->first = n * width;

        for (i = 0; i < trie->nstates; i++) {
            state = &trie->states[trie->states[i].nth];

            if (journey_agent_trie_ends(&state->match) == ends) {
                state->place = n++ * width;
            }
        }
    }

    nmatches = n - agents->first / width;

    go = journey_palloc(agents->pool, (size_t) n * width * sizeof(uint32_t));
    matches = journey_palloc(agents->pool,
                             nmatches * sizeof(journey_agent_match_t));

    if (go == NULL || matches == NULL) {
        return JOURNEY_ERROR;
    }

    n = 0;

    for (i = 0; i < trie->nstates; i++) {
        state = &trie->states[i];
        row = &go[state->place];

        for (c = 0; c < trie->nclasses; c++) {
            row[c] = trie->states[trie->go[i * trie->nclasses + c]].place;
        }

        row[c] = n;

        if (journey_agent_trie_ends(&state->match)) {
            matches[n++] = state->match;
        }
    }

    agents->go = go;
    agents->matches = matches;
    agents->nclasses = trie->nclasses;

    return JOURNEY_OK;
}
