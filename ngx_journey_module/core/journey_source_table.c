
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Reading files of sources into the table.
 */


#include "journey_rules.h"
#include "journey_source_table.h"


#define JOURNEY_SOURCE_KEY_MAX  64
#define JOURNEY_SOURCE_SLOTS    256     /* at first; a power of 2 */


static int journey_sources_line(void *ctx, journey_str_t *words,
    unsigned nwords, journey_error_t *err);
static journey_source_t *journey_sources_key(journey_sources_t *sources,
    journey_kind_e kind, journey_str_t *words, journey_error_t *err);
static int journey_sources_name(journey_str_t *name, journey_error_t *err);
static int journey_sources_word(journey_sources_t *sources,
    journey_source_t *source, journey_str_t *word, journey_error_t *err);
static int journey_sources_alias(journey_str_t *name, journey_error_t *err);
static int journey_sources_host(journey_sources_t *sources,
    journey_source_t *source, journey_str_t *word, journey_error_t *err);
static journey_node_e journey_sources_type(journey_str_t *text);
static int journey_sources_pattern(journey_node_e type,
    const journey_str_t *text, const journey_str_t *path, int whole);
static int journey_sources_put(journey_sources_t *sources,
    journey_source_t *source, journey_node_e type, const journey_str_t *text,
    const journey_str_t *path, int whole);
static int journey_sources_put_path(journey_sources_t *sources,
    journey_node_t *node, journey_source_t *source, const journey_str_t *path,
    int whole);
static journey_node_t *journey_sources_node(journey_sources_t *sources,
    journey_node_e type, const journey_str_t *text);
static int journey_sources_grow(journey_sources_t *sources);
static void journey_sources_insert(journey_sources_t *sources,
    journey_node_t *node);


journey_sources_t *
journey_sources_create(journey_pool_t *pool)
{
    journey_sources_t  *sources;

    sources = journey_pcalloc(pool, sizeof(journey_sources_t));
    if (sources == NULL) {
        return NULL;
    }

    sources->pool = pool;
    sources->size = JOURNEY_SOURCE_SLOTS;
    sources->slots = journey_pcalloc(pool,
                                    sources->size * sizeof(journey_node_t *));
    if (sources->slots == NULL) {
        return NULL;
    }

    return sources;
}


int
journey_sources_load(journey_sources_t *sources, const char *path,
    journey_error_t *err)
{
    sources->files++;

    return journey_rules_read_lines(sources->pool, path, journey_sources_line,
                                    sources, err);
}


/* One line: kind key "Name" pattern… */

static int
journey_sources_line(void *ctx, journey_str_t *words, unsigned nwords,
    journey_error_t *err)
{
    unsigned            i;
    journey_kind_e      kind;
    journey_source_t   *source;
    journey_sources_t  *sources = ctx;

    kind = journey_kind_parse(&words[0]);

    if (kind == JOURNEY_KIND_NONE) {
        return journey_error(err, "unknown kind \"%.*s\" of source",
                             (int) journey_min(words[0].len, 100),
                             words[0].data);
    }

    if (nwords < 2) {
        return journey_error(err, "no key behind \"%.*s\"",
                             (int) words[0].len, words[0].data);
    }

    source = journey_sources_key(sources, kind, words, err);
    if (source == NULL) {
        return JOURNEY_ERROR;
    }

    if (nwords < 3) {
        return journey_error(err, "source \"%.*s\" has no name",
                             (int) source->key.len, source->key.data);
    }

    if (journey_sources_name(&words[2], err) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (nwords < 4) {
        return journey_error(err, "source \"%.*s\" has no pattern behind its "
                             "name \"%.*s\"",
                             (int) source->key.len, source->key.data,
                             (int) journey_min(words[2].len, 100),
                             words[2].data);
    }

    source->name = words[2];

    for (i = 3; i < nwords; i++) {
        if (journey_sources_word(sources, source, &words[i], err)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


static journey_source_t *
journey_sources_key(journey_sources_t *sources, journey_kind_e kind,
    journey_str_t *words, journey_error_t *err)
{
    u_char             c;
    size_t             i;
    journey_str_t     *key;
    journey_node_t    *node;
    journey_source_t  *source;

    key = &words[1];

    for (i = 0; i < key->len; i++) {
        c = key->data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')
            && (i == 0 || (c != '_' && c != '-' && c != '.')))
        {
            break;
        }
    }

    if (i < key->len || key->len == 0 || key->len > JOURNEY_SOURCE_KEY_MAX) {
        journey_error(err, "invalid key \"%.*s\": it must be of the form "
                      "[a-z0-9][a-z0-9_.-]* and have at most %d characters",
                      (int) journey_min(key->len, 100), key->data,
                      JOURNEY_SOURCE_KEY_MAX);
        return NULL;
    }

    node = journey_sources_node(sources, JOURNEY_NODE_KEY, key);
    if (node == NULL) {
        journey_error(err, "out of memory");
        return NULL;
    }

    source = node->source;

    if (source == NULL) {
        source = journey_pcalloc(sources->pool, sizeof(journey_source_t));
        if (source == NULL) {
            journey_error(err, "out of memory");
            return NULL;
        }

        source->key = *key;
        node->source = source;

    } else if (source->kind != kind && node->file == sources->files) {
        journey_error(err, "source \"%.*s\" is of the kind \"%s\" already, "
                      "it cannot be of the kind \"%s\" too",
                      (int) key->len, key->data,
                      journey_kind_name(source->kind)->data,
                      journey_kind_name(kind)->data);
        return NULL;
    }

    source->kind = kind;
    node->file = sources->files;

    return source;
}


static int
journey_sources_name(journey_str_t *name, journey_error_t *err)
{
    size_t  i;

    if (name->len == 0 || name->len > JOURNEY_VALUE_MAX) {
        return journey_error(err, "name \"%.*s\" is not 1 to %d bytes long",
                             (int) journey_min(name->len, 100), name->data,
                             JOURNEY_VALUE_MAX);
    }

    /* "key pattern pattern": the name was forgotten */

    if ((name->len > 2 && memcmp(name->data + name->len - 2, ".*", 2) == 0)
        || (name->len > 2 && memcmp(name->data + name->len - 2, "**", 2) == 0)
        || (name->len > 4 && memcmp(name->data, "app:", 4) == 0)
        || (name->len > 6 && memcmp(name->data, "alias:", 6) == 0))
    {
        return journey_error(err, "pattern \"%.*s\" where the name is "
                             "expected", (int) name->len, name->data);
    }

    for (i = 0; i < name->len; i++) {
        if (name->data[i] < ' ' || name->data[i] == 0x7f) {
            return journey_error(err, "a control character in a name");
        }
    }

    if (journey_utf8_mend(name->data, name->len) != 0) {
        return journey_error(err, "name \"%.*s\" is not valid UTF-8",
                             (int) name->len, name->data);
    }

    return JOURNEY_OK;
}


/* One pattern. */

static int
journey_sources_word(journey_sources_t *sources, journey_source_t *source,
    journey_str_t *word, journey_error_t *err)
{
    int             rc;
    u_char          buf[JOURNEY_HOST_MAX + 1];
    journey_str_t   text;
    journey_node_e  type;

    if (word->len > 4 && memcmp(word->data, "app:", 4) == 0) {
        type = JOURNEY_NODE_APP;
        text.data = buf;
        text.len = journey_host_read(buf, word->data + 4, word->len - 4);

        if (text.len == 0 || buf[0] == '[') {
            return journey_error(err, "pattern \"%.*s\" is no name of an "
                                 "application's package",
                                 (int) journey_min(word->len, 300),
                                 word->data);
        }

    } else if (word->len > 6 && memcmp(word->data, "alias:", 6) == 0) {
        type = JOURNEY_NODE_ALIAS;
        text.data = word->data + 6;
        text.len = word->len - 6;

        if (journey_sources_alias(&text, err) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

    } else {
        return journey_sources_host(sources, source, word, err);
    }

    rc = journey_sources_put(sources, source, type, &text, NULL, 0);

    return (rc == JOURNEY_OK) ? rc : journey_error(err, "out of memory");
}


static int
journey_sources_alias(journey_str_t *name, journey_error_t *err)
{
    u_char  c;
    size_t  i;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (c < ' ' || c == 0x7f || c == '@') {
            break;
        }

        name->data[i] = journey_tolower(c);
    }

    if (i < name->len || name->len > JOURNEY_VALUE_MAX
        || name->data[0] == ' ' || name->data[name->len - 1] == ' ')
    {
        return journey_error(err, "alias \"%.*s\" cannot be a value of "
                             "utm_source: at most %d bytes, no control "
                             "character, no \"@\", no blank at an end",
                             (int) journey_min(name->len, 100), name->data,
                             JOURNEY_VALUE_MAX);
    }

    return JOURNEY_OK;
}


static int
journey_sources_host(journey_sources_t *sources, journey_source_t *source,
    journey_str_t *word, journey_error_t *err)
{
    int             rc, whole;
    u_char         *p, buf[JOURNEY_HOST_MAX + 1];
    journey_str_t   text, path;
    journey_node_e  type;

    text = *word;
    whole = (text.len > 0 && text.data[0] == '=');
    text.data += whole;
    text.len -= whole;

    journey_str_null(&path);
    p = memchr(text.data, '/', text.len);

    if (p != NULL) {
        path.data = p;
        path.len = text.data + text.len - p;
        text.len = p - text.data;

        while (path.len > 0 && path.data[path.len - 1] == '/') {
            path.len--;
        }
    }

    type = journey_sources_type(&text);

    /* the reader forgives dots at the end, a pattern does not need them */

    if (text.len > 0 && text.data[text.len - 1] != '.') {
        text.len = journey_host_read(buf, text.data, text.len);
        text.data = buf;

    } else {
        text.len = 0;
    }

    if (text.len == 0
        || !journey_sources_pattern(type, &text, &path, whole))
    {
        return journey_error(err, "invalid pattern \"%.*s\": neither host, "
                             "=host, host/path, name.*, name.*/path, "
                             "label.**, label-*.**, app:PACKAGE nor "
                             "alias:NAME",
                             (int) journey_min(word->len, 200), word->data);
    }

    rc = journey_sources_put(sources, source, type, &text, &path, whole);

    return (rc == JOURNEY_OK) ? rc : journey_error(err, "out of memory");
}


/* Takes the stars from the end of a pattern. */

static journey_node_e
journey_sources_type(journey_str_t *text)
{
    u_char  *end;

    end = text->data + text->len;

    if (text->len > 4 && memcmp(end - 4, "*.**", 4) == 0) {
        text->len -= 4;
        return JOURNEY_NODE_PREFIX;
    }

    if (text->len > 3 && memcmp(end - 3, ".**", 3) == 0) {
        text->len -= 3;
        return JOURNEY_NODE_LABEL;
    }

    if (text->len > 2 && memcmp(end - 2, ".*", 2) == 0) {
        text->len -= 2;
        return JOURNEY_NODE_STAR;
    }

    return JOURNEY_NODE_HOST;
}


/* What a type of pattern asks of its parts; the text is a host's by form. */

static int
journey_sources_pattern(journey_node_e type, const journey_str_t *text,
    const journey_str_t *path, int whole)
{
    int     dot;
    size_t  i;

    if (text->data[0] == '[') {
        return 0;
    }

    for (i = 0; i < path->len; i++) {
        if (memchr("*?#", path->data[i], 3) != NULL) {
            return 0;
        }
    }

    dot = (memchr(text->data, '.', text->len) != NULL);

    switch (type) {

    case JOURNEY_NODE_HOST:
        return dot;

    case JOURNEY_NODE_STAR:
        return !whole;

    case JOURNEY_NODE_LABEL:
        return !whole && !dot && path->len == 0;

    default: /* JOURNEY_NODE_PREFIX */
        return !whole && !dot && path->len == 0 && text->len >= 2
               && text->data[text->len - 1] == '-';
    }
}


/* The pattern is the source's from now on, whoever had it. */

static int
journey_sources_put(journey_sources_t *sources, journey_source_t *source,
    journey_node_e type, const journey_str_t *text, const journey_str_t *path,
    int whole)
{
    journey_node_t  *node;

    node = journey_sources_node(sources, type, text);
    if (node == NULL) {
        return JOURNEY_ERROR;
    }

    if (type == JOURNEY_NODE_ALIAS) {
        node->paid = (text->len >= 2
                      && memcmp(text->data + text->len - 2, "ad", 2) == 0)
                     || (text->len >= 3
                         && memcmp(text->data + text->len - 3, "ads", 3) == 0);
    }

    if (path != NULL && path->len > 0) {
        return journey_sources_put_path(sources, node, source, path, whole);
    }

    if (whole) {
        node->exact = source;

    } else {
        node->source = source;
    }

    return JOURNEY_OK;
}


/* The list of a host's paths is as short as the file says: a few. */

static int
journey_sources_put_path(journey_sources_t *sources, journey_node_t *node,
    journey_source_t *source, const journey_str_t *path, int whole)
{
    journey_source_path_t  *item, **at;

    for (at = &node->paths; *at != NULL; at = &(*at)->next) {

        item = *at;

        if (item->path.len < path->len
            || (item->path.len == path->len && !item->whole && whole))
        {
            break;
        }

        if (item->whole == (unsigned) whole
            && journey_strcmp(&item->path, path) == 0)
        {
            item->source = source;
            return JOURNEY_OK;
        }
    }

    item = journey_pcalloc(sources->pool, sizeof(journey_source_path_t));
    if (item == NULL) {
        return JOURNEY_ERROR;
    }

    item->path = *path;
    item->source = source;
    item->whole = (unsigned) whole;
    item->next = *at;
    *at = item;

    return JOURNEY_OK;
}


/* From the end: (hash ^ byte) * prime, as journey_sources_levels() does. */

static uint32_t
journey_sources_hash_back(const u_char *data, size_t len)
{
    uint32_t  hash;

    hash = JOURNEY_SOURCE_BASIS;

    while (len > 0) {
        hash = (hash ^ data[--len]) * JOURNEY_SOURCE_PRIME;
    }

    return hash;
}


static size_t
journey_sources_slot(const journey_sources_t *sources, journey_node_e type,
    uint32_t hash)
{
    hash += (uint32_t) type * 0x9e3779b9u;

    return (hash ^ hash >> 16) & (sources->size - 1);
}


/* The node of that type and text, made when there is none. */

static journey_node_t *
journey_sources_node(journey_sources_t *sources, journey_node_e type,
    const journey_str_t *text)
{
    uint32_t         hash;
    journey_node_t  *node;

    if (type == JOURNEY_NODE_HOST || type == JOURNEY_NODE_STAR) {
        hash = journey_sources_hash_back(text->data, text->len);

    } else {
        hash = journey_hash(text->data, text->len);
    }

    node = journey_sources_find(sources, type, hash, text->data, text->len);
    if (node != NULL) {
        return node;
    }

    if (journey_sources_grow(sources) != JOURNEY_OK) {
        return NULL;
    }

    node = journey_pcalloc(sources->pool, sizeof(journey_node_t));
    if (node == NULL) {
        return NULL;
    }

    node->type = type;
    node->hash = hash;
    node->text = journey_pstrdup(sources->pool, text->data, text->len);

    if (node->text.data == NULL) {
        return NULL;
    }

    journey_sources_insert(sources, node);
    sources->count++;
    sources->types |= 1u << type;

    return node;
}


/* Makes room for one more. */

static int
journey_sources_grow(journey_sources_t *sources)
{
    size_t            i, size;
    journey_node_t  **old;

    if ((sources->count + 1) * 2 <= sources->size) {
        return JOURNEY_OK;
    }

    old = sources->slots;
    size = sources->size;

    sources->slots = journey_pcalloc(sources->pool,
                                     2 * size * sizeof(journey_node_t *));
    if (sources->slots == NULL) {
        sources->slots = old;
        return JOURNEY_ERROR;
    }

    sources->size = 2 * size;

    for (i = 0; i < size; i++) {
        if (old[i] != NULL) {
            journey_sources_insert(sources, old[i]);
        }
    }

    return JOURNEY_OK;
}


static void
journey_sources_insert(journey_sources_t *sources, journey_node_t *node)
{
    size_t  i;

    i = journey_sources_slot(sources, node->type, node->hash);

    while (sources->slots[i] != NULL) {
        i = (i + 1) & (sources->size - 1);
    }

    sources->slots[i] = node;
}


journey_node_t *
journey_sources_find(const journey_sources_t *sources, journey_node_e type,
    uint32_t hash, const u_char *data, size_t len)
{
    size_t           i;
    journey_node_t  *node;

    i = journey_sources_slot(sources, type, hash);

    for ( ;; ) {
        node = sources->slots[i];

        if (node == NULL) {
            return NULL;
        }

        if (node->hash == hash && node->type == type && node->text.len == len
            && memcmp(node->text.data, data, len) == 0)
        {
            return node;
        }

        i = (i + 1) & (sources->size - 1);
    }
}
