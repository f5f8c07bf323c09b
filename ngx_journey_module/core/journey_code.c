
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include <stdlib.h>

#include "journey_code.h"


#define JOURNEY_CODE_NAME_MAX  32


struct journey_codes_s {
    journey_pool_t    *pool;
    unsigned           first;           /* codes below it are fixed */
    unsigned           nnames;
    journey_name_t    *names[256];      /* in order of addition */
    journey_name_t    *by_code[256];
};


static journey_name_t *journey_codes_push(journey_codes_t *codes,
    const journey_str_t *name);
static int journey_codes_cmp(const void *one, const void *two);


journey_codes_t *
journey_codes_create(journey_pool_t *pool, unsigned first)
{
    journey_codes_t  *codes;

    codes = journey_pcalloc(pool, sizeof(journey_codes_t));

    if (codes != NULL) {
        codes->pool = pool;
        codes->first = first;
    }

    return codes;
}


journey_name_t *
journey_codes_add(journey_codes_t *codes, const journey_str_t *name,
    journey_error_t *err)
{
    u_char           c;
    size_t           i;
    unsigned         own;
    journey_name_t  *object;

    object = journey_codes_get(codes, name);
    if (object != NULL) {
        return object;
    }

    if (name->len == 0 || name->len > JOURNEY_CODE_NAME_MAX) {
        journey_error(err, "name \"%.*s\" is not 1 to %d characters long",
                      (int) journey_min(name->len, 100), name->data,
                      JOURNEY_CODE_NAME_MAX);
        return NULL;
    }

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if ((c >= 'a' && c <= 'z')
            || (i > 0 && ((c >= '0' && c <= '9') || c == '_')))
        {
            continue;
        }

        journey_error(err, "name \"%.*s\" is not of the form [a-z][a-z0-9_]*",
                      (int) name->len, name->data);
        return NULL;
    }

    own = 0;

    for (i = 0; i < codes->nnames; i++) {
        own += (codes->names[i]->code == 0
                || codes->names[i]->code >= codes->first);
    }

    if (own >= 256 - codes->first) {
        journey_error(err, "no room for the name \"%.*s\": there are %u "
                      "already", (int) name->len, name->data, own);
        return NULL;
    }

    object = journey_codes_push(codes, name);

    if (object == NULL) {
        journey_error(err, "out of memory");
    }

    return object;
}


journey_name_t *
journey_codes_add_fixed(journey_codes_t *codes, const journey_str_t *name,
    uint8_t code)
{
    journey_name_t  *object;

    if (code == 0 || code >= codes->first || codes->by_code[code] != NULL) {
        return NULL;
    }

    object = journey_codes_push(codes, name);

    if (object != NULL) {
        object->code = code;
        codes->by_code[code] = object;
    }

    return object;
}


static journey_name_t *
journey_codes_push(journey_codes_t *codes, const journey_str_t *name)
{
    journey_name_t  *object;

    if (codes->nnames == 256) {
        return NULL;
    }

    object = journey_pcalloc(codes->pool, sizeof(journey_name_t));
    if (object == NULL) {
        return NULL;
    }

    object->name = journey_pstrdup(codes->pool, name->data, name->len);
    if (object->name.data == NULL) {
        return NULL;
    }

    codes->names[codes->nnames++] = object;

    return object;
}


unsigned
journey_codes_assign(journey_codes_t *codes, journey_name_t **clash)
{
    unsigned         i, code, room, clashes;
    journey_name_t  *name, *sorted[256];

    *clash = NULL;
    clashes = 0;
    room = 256 - codes->first;

    memset(&codes->by_code[codes->first], 0, room * sizeof(journey_name_t *));
    memcpy(sorted, codes->names, codes->nnames * sizeof(journey_name_t *));
    qsort(sorted, codes->nnames, sizeof(journey_name_t *), journey_codes_cmp);

    for (i = 0; i < codes->nnames; i++) {
        name = sorted[i];

        if (name->code != 0 && name->code < codes->first) {
            continue;
        }

        code = codes->first + journey_hash(name->name.data, name->name.len)
                              % room;

        if (codes->by_code[code] != NULL) {
            clashes++;
            *clash = name;

            do {
                code = (code == 255) ? codes->first : code + 1;
            } while (codes->by_code[code] != NULL);
        }

        name->code = (uint8_t) code;
        codes->by_code[code] = name;
    }

    return clashes;
}


static int
journey_codes_cmp(const void *one, const void *two)
{
    const journey_name_t  *a, *b;

    a = *(journey_name_t * const *) one;
    b = *(journey_name_t * const *) two;

    return journey_strcmp(&a->name, &b->name);
}


const journey_name_t *
journey_codes_find(const journey_codes_t *codes, uint8_t code)
{
    return codes->by_code[code];
}


journey_name_t *
journey_codes_get(const journey_codes_t *codes, const journey_str_t *name)
{
    unsigned  i;

    for (i = 0; i < codes->nnames; i++) {
        if (journey_strcmp(&codes->names[i]->name, name) == 0) {
            return codes->names[i];
        }
    }

    return NULL;
}
