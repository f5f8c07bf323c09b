
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_token_cmd.h"
#include "journey_config.h"
#include "journey_table.h"
#include "journey_token.h"


/* The default of journey_cookie's max_age, s. */
#define JOURNEY_TOKEN_AGE  (390 * 24 * 3600)


static const journey_column_t  journey_token_columns[] = {
    { "valid", "valid", JOURNEY_CELL_BOOL },
    { "v", "visitor (v)", JOURNEY_CELL_STRING },
    { "first_seen", "first seen", JOURNEY_CELL_TIME },
    { "j", "journey (j)", JOURNEY_CELL_COUNT },
    { "s", "session (s)", JOURNEY_CELL_COUNT },
    { "touches", "touches", JOURNEY_CELL_COUNT },
    { "session_start", "session start", JOURNEY_CELL_TIME },
    { "last_seen", "last seen", JOURNEY_CELL_TIME },
    { "completed", "completed", JOURNEY_CELL_BOOL },
    { "channels", "channels", JOURNEY_CELL_LIST },
    { "furthest_phase", "furthest phase", JOURNEY_CELL_STRING }
};

#define JOURNEY_TOKEN_COLUMNS                                                 \
    (sizeof(journey_token_columns) / sizeof(journey_token_columns[0]))


typedef struct {
    const journey_options_t  *opts;
    journey_pool_t           *pool;
    journey_keys_t           *keys;
    journey_codes_t          *channels;
    journey_codes_t          *phases;   /* NULL: unknown */
} journey_token_reader_t;


static int
journey_token_row(journey_token_reader_t *reader, journey_cell_t *cell,
    const journey_state_t *state)
{
    u_char                *end;
    unsigned               i, n;
    journey_str_t          v, *names;
    const journey_name_t  *name;

    n = journey_state_channels(state);

    v.data = journey_palloc(reader->pool, 1 + JOURNEY_ID_LEN * 4 / 3 + 4);
    names = journey_palloc(reader->pool, (n + 1) * sizeof(journey_str_t));

    if (v.data == NULL || names == NULL) {
        return JOURNEY_ERROR;
    }

    v.data[0] = 'c';
    end = journey_base64url_encode(v.data + 1, state->id, JOURNEY_ID_LEN);
    v.len = end - v.data;

    for (i = 0; i < n; i++) {
        names[i] = *journey_channel_name(reader->channels, state->channels[i]);
    }

    name = (reader->phases == NULL) ? NULL
           : journey_codes_find(reader->phases, state->furthest);

    cell[1].u.str = v;
    cell[2].u.count = (uint64_t) state->first_seen * 1000;
    cell[3].u.count = state->journey;
    cell[4].u.count = state->session;
    cell[5].u.count = state->touches;
    cell[6].u.count = (uint64_t) state->session_start * 1000;
    cell[7].u.count = (uint64_t) state->last_seen * 1000;
    cell[8].u.count = state->completed;
    cell[9].u.list.strs = names;
    cell[9].u.list.n = n;
    cell[10].null = (name == NULL);

    if (name != NULL) {
        cell[10].u.str = name->name;
    }

    return JOURNEY_OK;
}


/* What people send in: the value alone, NAME=VALUE, or all of a Cookie header
 * as a browser's tools show it. */

static journey_str_t
journey_token_pasted(const char *value, const char *name)
{
    size_t          len;
    const char     *p;
    journey_str_t   token;

    len = strlen(name);

    for (p = value; len != 0 && (p = strstr(p, name)) != NULL; p += len) {

        if (p[len] == '='
            && (p == value || strchr("; \t:\"'", p[-1]) != NULL))
        {
            value = p + len + 1;
            break;
        }
    }

    value += strspn(value, " \t\r\n\"'");

    token.data = (u_char *) value;
    token.len = strcspn(value, "; \t\r\n\"'");

    return token;
}


static int
journey_token_print(journey_token_reader_t *reader, const char *value,
    unsigned first)
{
    int                    rc;
    unsigned               i;
    journey_str_t          name, token;
    journey_cell_t        *cell;
    journey_state_t        state;
    journey_table_t        table;
    journey_token_e        result;
    journey_output_t       out;
    const journey_str_t   *text;

    name.data = (u_char *) reader->opts->cookie;
    name.len = strlen(reader->opts->cookie);
    token = journey_token_pasted(value, reader->opts->cookie);

    result = journey_token_decode(reader->keys, &name, &token,
                                  (uint32_t) time(NULL), JOURNEY_TOKEN_AGE,
                                  &state);

    journey_table_init(&table, reader->pool, "token", NULL,
                       journey_token_columns, JOURNEY_TOKEN_COLUMNS);
    table.object = 1;
    table.block = 1;

    cell = journey_table_row(&table);
    if (cell == NULL) {
        return JOURNEY_ERROR;
    }

    cell[0].u.count = (result == JOURNEY_TOKEN_OK);

    if (result == JOURNEY_TOKEN_OK || result == JOURNEY_TOKEN_FUTURE
        || result == JOURNEY_TOKEN_EXPIRED)
    {
        rc = journey_token_row(reader, cell, &state);

    } else {
        rc = JOURNEY_OK;

        for (i = 1; i < JOURNEY_TOKEN_COLUMNS; i++) {
            cell[i].null = 1;
        }
    }

    if (rc == JOURNEY_OK) {
        journey_output_init(&out, stdout, &reader->opts->zone);

        if (reader->opts->format == JOURNEY_FORMAT_JSON) {
            journey_tables_json(&out, &table, 1);

        } else {
            if (!first) {
                fputc('\n', stdout);
            }

            journey_table_text(&out, &table);
        }
    }

    journey_table_free(&table);

    if (rc == JOURNEY_OK && result != JOURNEY_TOKEN_OK) {
        text = journey_token_result(result);
        fprintf(stderr, "journey: the token is %.*s\n", (int) text->len,
                text->data);
        return JOURNEY_DECLINED;
    }

    return rc;
}


static int
journey_token_reader(journey_token_reader_t *reader)
{
    journey_conf_t   *conf;
    journey_name_t   *clash;
    journey_error_t   err;

    if (journey_config_load(reader->pool, reader->opts, 0, &conf)
        != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    err.text[0] = '\0';
    reader->keys = journey_keys_load(reader->pool, reader->opts->secret, &err);

    if (reader->keys == NULL) {
        fprintf(stderr, "journey: --secret: %s\n",
                err.text[0] ? err.text : "no memory");
        return JOURNEY_ERROR;
    }

    if (conf != NULL) {
        reader->channels = conf->channel_codes;
        reader->phases = conf->phase_codes;
        return JOURNEY_OK;
    }

    reader->channels = journey_channel_codes_create(reader->pool);

    if (reader->channels == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_ERROR;
    }

    (void) journey_codes_assign(reader->channels, &clash);

    return JOURNEY_OK;
}


int
journey_token_command(const journey_options_t *opts)
{
    int                     rc, worst;
    unsigned                i;
    journey_token_reader_t  reader;

    if (opts->nargs == 0) {
        fprintf(stderr, "journey: token needs the value of a cookie\n");
        return JOURNEY_EXIT_USAGE;
    }

    if (opts->secret == NULL) {
        fprintf(stderr, "journey: token needs --secret FILE, the file of "
                "journey_secret\n");
        return JOURNEY_EXIT_USAGE;
    }

    memset(&reader, 0, sizeof(journey_token_reader_t));

    reader.opts = opts;
    reader.pool = journey_pool_create();

    if (reader.pool == NULL) {
        fprintf(stderr, "journey: not enough memory\n");
        return JOURNEY_EXIT_DATA;
    }

    if (journey_token_reader(&reader) != JOURNEY_OK) {
        journey_pool_destroy(reader.pool);
        return JOURNEY_EXIT_USAGE;
    }

    worst = JOURNEY_EXIT_OK;

    for (i = 0; i < opts->nargs; i++) {
        rc = journey_token_print(&reader, opts->args[i], i == 0);

        if (rc == JOURNEY_ERROR) {
            fprintf(stderr, "journey: not enough memory\n");
        }

        if (rc != JOURNEY_OK) {
            worst = JOURNEY_EXIT_DATA;
        }
    }

    journey_pool_destroy(reader.pool);

    return worst;
}
