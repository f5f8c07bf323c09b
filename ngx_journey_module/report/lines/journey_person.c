
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Visitors are joined in two steps.  One reading gathers what joins them, for
 * the lines that say so may stand behind those they are about: pv (a
 * cookieless session became a cookie's) joins two visitors, u joins a visitor
 * and the user.  The second one then knows all of them.
 */


#define _GNU_SOURCE                     /* memmem() */

#include "journey_person.h"

#include <stdio.h>
#include <stdlib.h>


int
journey_person_is_id(const u_char *p, size_t len)
{
    u_char  id[12];

    return len == JOURNEY_VISITOR_LEN && (p[0] == 'c' || p[0] == 'h')
           && journey_base64url_decode(id, p + 1, len - 1) == 12;
}


int
journey_person_cmp(const void *one, const void *two)
{
    return memcmp(one, two, JOURNEY_VISITOR_LEN);
}


static int
journey_visitors_has(const journey_visitors_t *visitors, const u_char *id)
{
    return visitors->n != 0
           && bsearch(id, visitors->ids, visitors->n, JOURNEY_VISITOR_LEN,
                      journey_person_cmp) != NULL;
}


/* JOURNEY_OK when it is new, JOURNEY_DECLINED when it is there. */

static int
journey_visitors_add(journey_visitors_t *visitors, const u_char *id)
{
    size_t    i, size;
    u_char  (*ids)[JOURNEY_VISITOR_LEN];

    if (journey_visitors_has(visitors, id)) {
        return JOURNEY_DECLINED;
    }

    if (visitors->n == visitors->size) {
        size = visitors->size ? 2 * visitors->size : 16;

        ids = realloc(visitors->ids, size * JOURNEY_VISITOR_LEN);
        if (ids == NULL) {
            return JOURNEY_ERROR;
        }

        visitors->ids = ids;
        visitors->size = size;
    }

    for (i = visitors->n; i > 0; i--) {
        if (memcmp(visitors->ids[i - 1], id, JOURNEY_VISITOR_LEN) < 0) {
            break;
        }
    }

    memmove(visitors->ids + i + 1, visitors->ids + i,
            (visitors->n - i) * JOURNEY_VISITOR_LEN);
    memcpy(visitors->ids[i], id, JOURNEY_VISITOR_LEN);
    visitors->n++;

    return JOURNEY_OK;
}


static int
journey_person_id(journey_person_t *person, const char *id)
{
    if (!journey_person_is_id((const u_char *) id, strlen(id))) {
        fprintf(stderr, "journey: \"%s\" is no visitor: a c or an h, and 16 "
                "characters of A-Z, a-z, 0-9, - and _\n", id);
        return JOURNEY_EXIT_USAGE;
    }

    if (journey_visitors_add(&person->named, (const u_char *) id)
        == JOURNEY_ERROR)
    {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    return JOURNEY_OK;
}


static int
journey_person_user(journey_person_t *person)
{
    int                       rc;
    journey_str_t             id;
    journey_keys_t           *keys;
    journey_pool_t           *pool;
    journey_error_t           err;
    const journey_options_t  *opts;

    opts = person->opts;

    if (opts->user == NULL || *opts->user == '\0' || opts->secret == NULL) {
        fprintf(stderr, "journey: --user ID and --secret FILE, the file of "
                "journey_secret, go together\n");
        return JOURNEY_EXIT_USAGE;
    }

    pool = journey_pool_create();

    if (pool == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    id.data = (u_char *) opts->user;
    id.len = strlen(opts->user);

    err.text[0] = '\0';
    keys = journey_keys_load(pool, opts->secret, &err);

    rc = (keys == NULL) ? JOURNEY_ERROR
                        : journey_user_hash(keys, person->user, &id);

    if (rc != JOURNEY_OK) {
        fprintf(stderr, "journey: --secret: %s\n",
                err.text[0] ? err.text : "libcrypto's SipHash failed");
        rc = JOURNEY_EXIT_USAGE;
    }

    journey_pool_destroy(pool);

    person->has_user = (rc == JOURNEY_OK);

    return rc;
}


int
journey_person_init(journey_person_t *person, const journey_options_t *opts)
{
    int       rc;
    unsigned  i;

    memset(person, 0, sizeof(journey_person_t));

    person->opts = opts;

    person->files = calloc(opts->nargs + 1, sizeof(char *));
    if (person->files == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    rc = JOURNEY_OK;

    for (i = 0; i < opts->nids && rc == JOURNEY_OK; i++) {
        rc = journey_person_id(person, opts->ids[i]);
    }

    /* behind "--" are files only */

    for (i = 0; i < opts->nargs && rc == JOURNEY_OK; i++) {

        if (i < opts->nfirst
            && journey_person_is_id((u_char *) opts->args[i],
                                    strlen(opts->args[i])))
        {
            rc = journey_person_id(person, opts->args[i]);

        } else {
            person->files[person->nfiles++] = opts->args[i];
        }
    }

    if (rc == JOURNEY_OK && (opts->user != NULL || opts->secret != NULL)) {
        rc = journey_person_user(person);
    }

    if (rc == JOURNEY_OK && person->named.n == 0 && !person->has_user) {
        fprintf(stderr, "journey: no ID of a visitor (a c or an h and 16 "
                "characters), and no --user; see journey %s --help\n",
                opts->command->name);
        rc = JOURNEY_EXIT_USAGE;
    }

    return rc;
}


void
journey_person_free(journey_person_t *person)
{
    unsigned  i;

    for (i = 0; i < JOURNEY_THREADS_MAX; i++) {
        free(person->links[i].links);
    }

    free(person->named.ids);
    free(person->user_visitors.ids);
    free(person->files);
}


static int
journey_person_is_user(const journey_person_t *person,
    const journey_str_t *user)
{
    return person->has_user && user->len == JOURNEY_KEYED_HASH_LEN
           && memcmp(user->data, person->user, JOURNEY_KEYED_HASH_LEN) == 0;
}


static int
journey_person_is_in(const journey_visitors_t *visitors,
    const journey_str_t *id)
{
    return id->len == JOURNEY_VISITOR_LEN
           && journey_visitors_has(visitors, id->data);
}


/* Lines that repeat what the one before said are many. */

static void
journey_person_link(journey_links_t *links, const journey_link_t *link)
{
    size_t           size;
    journey_link_t  *p;

    if (links->n != 0
        && memcmp(&links->links[links->n - 1], link, sizeof(journey_link_t))
           == 0)
    {
        return;
    }

    if (links->n == links->size) {
        size = links->size ? 2 * links->size : 64;

        p = realloc(links->links, size * sizeof(journey_link_t));
        if (p == NULL) {
            links->no_memory = 1;
            return;
        }

        links->links = p;
        links->size = size;
    }

    links->links[links->n++] = *link;
}


static int
journey_person_gather(void *ctx, unsigned thread, const journey_record_t *rec,
    const journey_str_t *line, int near)
{
    journey_link_t     link;
    journey_person_t  *person;

    (void) line;
    (void) near;

    person = ctx;

    if (rec == NULL
        || !journey_person_is_id(rec->visitor.data, rec->visitor.len))
    {
        return 0;
    }

    memset(&link, 0, sizeof(journey_link_t));
    memcpy(link.one, rec->visitor.data, JOURNEY_VISITOR_LEN);

    if (journey_person_is_id(rec->previous.data, rec->previous.len)) {
        memcpy(link.two, rec->previous.data, JOURNEY_VISITOR_LEN);
        journey_person_link(&person->links[thread], &link);
        memset(link.two, 0, JOURNEY_VISITOR_LEN);
    }

    if (journey_person_is_user(person, &rec->user)) {
        link.user = 1;
        journey_person_link(&person->links[thread], &link);
    }

    return 0;
}


/* Adds the other end of links, until there is nothing to be added. */

static int
journey_person_follow(journey_person_t *person, journey_visitors_t *visitors)
{
    int              rc;
    size_t           k;
    unsigned         i, one, two, found;
    journey_link_t  *link;

    do {
        found = 0;

        for (i = 0; i < JOURNEY_THREADS_MAX; i++) {

            for (k = 0; k < person->links[i].n; k++) {
                link = &person->links[i].links[k];

                if (link->user) {
                    continue;
                }

                one = journey_visitors_has(visitors, link->one);
                two = journey_visitors_has(visitors, link->two);

                if (one == two) {
                    continue;
                }

                rc = journey_visitors_add(visitors,
                                          one ? link->two : link->one);
                if (rc == JOURNEY_ERROR) {
                    return rc;
                }

                found = 1;
            }
        }

    } while (found);

    return JOURNEY_OK;
}


static int
journey_person_links(journey_person_t *person)
{
    size_t            k;
    unsigned          i;
    journey_links_t  *links;

    for (i = 0; i < JOURNEY_THREADS_MAX; i++) {
        links = &person->links[i];

        if (links->no_memory) {
            return JOURNEY_ERROR;
        }

        for (k = 0; k < links->n; k++) {

            if (links->links[k].user
                && journey_visitors_add(&person->user_visitors,
                                        links->links[k].one)
                   == JOURNEY_ERROR)
            {
                return JOURNEY_ERROR;
            }
        }
    }

    if (journey_person_follow(person, &person->named) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    return journey_person_follow(person, &person->user_visitors);
}


int
journey_person_join(journey_person_t *person)
{
    int              rc;
    unsigned         i;
    journey_scan_t   scan;
    journey_error_t  err;
    journey_judge_t  judge;

    if (person->opts->exact) {
        return JOURNEY_OK;
    }

    judge.line = journey_person_gather;
    judge.ctx = person;

    for (i = 0; i < person->nfiles; i++) {
        (void) journey_scan(&scan, person->files[i], &judge, 0, &err);
        journey_scan_free(&scan);
    }

    rc = journey_person_links(person);

    if (rc != JOURNEY_OK) {
        fprintf(stderr, "journey: not enough memory\n");
    }

    return rc;
}


/* An id is 96 random bits: text that holds it is about it, whatever else is
 * wrong with the line. */

static int
journey_person_holds(const journey_visitors_t *visitors,
    const journey_str_t *line)
{
    size_t  i;

    for (i = 0; i < visitors->n; i++) {
        if (memmem(line->data, line->len, visitors->ids[i],
                   JOURNEY_VISITOR_LEN) != NULL)
        {
            return 1;
        }
    }

    return 0;
}


int
journey_person_line(void *ctx, unsigned thread, const journey_record_t *rec,
    const journey_str_t *line, int near)
{
    journey_person_t  *person;

    (void) thread;
    (void) near;

    person = ctx;

    if (rec == NULL) {
        return journey_person_holds(&person->named, line)
               || journey_person_holds(&person->user_visitors, line)
               || (person->has_user
                   && memmem(line->data, line->len, person->user,
                             JOURNEY_KEYED_HASH_LEN) != NULL);
    }

    if (journey_person_is_in(&person->named, &rec->visitor)
        || journey_person_is_in(&person->named, &rec->previous)
        || journey_person_is_user(person, &rec->user))
    {
        return 1;
    }

    if (!journey_person_is_in(&person->user_visitors, &rec->visitor)
        && !journey_person_is_in(&person->user_visitors, &rec->previous))
    {
        return 0;
    }

    /* the browser was another person's at that moment */

    if (rec->user.len != 0) {
        __atomic_add_fetch(&person->others, 1, __ATOMIC_RELAXED);
        return 0;
    }

    return 1;
}
