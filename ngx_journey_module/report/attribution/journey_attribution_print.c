
/*
 * Copyright (C) ngx_journey_module contributors
 */


#define _GNU_SOURCE                     /* qsort_r() */

#include "journey_attribution_print.h"
#include "journey_money.h"
#include "journey_record.h"
#include "journey_report_rows.h"
#include "journey_stream.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>


#define JOURNEY_ATTR_NOTE  1024         /* bytes of a note */


static const char  *journey_touch_keys[] = { "channel", "source", "campaign" };


journey_str_t
journey_attr_item(const journey_attr_print_t *p, uint32_t row)
{
    return journey_touches_name(p->at->touches, p->attr->items[row]);
}


static double
journey_attr_mean(const journey_attr_print_t *p, uint32_t row)
{
    double    sum;
    unsigned  i;

    for (i = 0, sum = 0; i < JOURNEY_ATTR_MODELS; i++) {
        if (p->attr->models[i] != NULL) {
            sum += p->attr->models[i][row].conversions;
        }
    }

    return sum;
}


/* Credits that are the same but for rounding are the same: the order is the
 * same on any machine. */

static int
journey_attr_row_cmp(const void *one, const void *two, void *ctx)
{
    double                       a, b;
    journey_str_t                x, y;
    const journey_attr_print_t  *p;

    p = ctx;

    a = (double) journey_round(journey_attr_mean(p, *(const uint32_t *) one));
    b = (double) journey_round(journey_attr_mean(p, *(const uint32_t *) two));

    if (a != b) {
        return a > b ? -1 : 1;
    }

    x = journey_attr_item(p, *(const uint32_t *) one);
    y = journey_attr_item(p, *(const uint32_t *) two);

    return journey_strcmp(&x, &y);
}


static int
journey_attr_rows(journey_attr_print_t *p)
{
    long      limit;
    uint32_t  i;

    p->rows = malloc(((size_t) p->attr->nitems + 1) * sizeof(uint32_t));
    if (p->rows == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0; i < p->attr->nitems; i++) {
        p->rows[i] = i;
    }

    qsort_r(p->rows, p->attr->nitems, sizeof(uint32_t), journey_attr_row_cmp,
            p);

    p->nrows = p->attr->nitems;
    limit = p->at->opts->limit;

    if (limit != JOURNEY_LIMIT_NONE && (uint64_t) limit < p->nrows) {
        p->more = p->nrows - (uint64_t) limit;
        p->nrows = (uint32_t) limit;
    }

    return JOURNEY_OK;
}


/* ---- what has to be known beside the credits ---------------------------- */

void
journey_attr_note(const journey_attr_print_t *p, const char *fmt, ...)
{
    char            text[JOURNEY_ATTR_NOTE];
    FILE           *file;
    va_list         args;
    journey_str_t   str;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    str.data = (u_char *) text;
    str.len = strlen(text);

    file = (p->at->opts->format == JOURNEY_FORMAT_TEXT) ? p->file : stderr;

    if (file == p->file) {
        fputs("  ", file);
        journey_text_fold(file, &str, 2, 4, p->out.width);

    } else {
        fputs("journey: note: ", file);
        journey_text_fold(file, &str, 0, 0, UINT_MAX);
    }

    fputc('\n', file);
}


static void
journey_attr_besides(const journey_attr_print_t *p)
{
    char                           value[352], n[32];
    uint32_t                       i;
    uint64_t                       few;
    journey_str_t                  name;
    const journey_analysis_t      *a;
    const journey_currency_sum_t  *sum;

    a = p->at->a;

    for (i = 0, few = 0; a != NULL && i < a->ncurrencies; i++) {
        sum = &a->currencies[i];

        if (sum->currency == a->currency) {
            continue;
        }

        if (sum->visitors < a->opts->min_visitors) {
            few += sum->conversions;
            continue;
        }

        journey_text_money(value, (double) sum->value);
        journey_text_count(n, sum->conversions);
        name = journey_intern_str(&a->store->all.names, sum->currency);

        /* a client's at worst: three letters or nothing */

        journey_attr_note(p, "values in another currency, left out: %s%s%.*s "
                          "in %s %s", value,
                          journey_money_currency(&name) ? " " : "",
                          journey_money_currency(&name) ? 3 : 0, name.data, n,
                          journey_plural(sum->conversions, "conversion",
                                         "conversions"));
    }

    if (few != 0) {
        journey_text_count(n, few);
        journey_attr_note(p, "values of %s %s in currencies of few visitors "
                          "are left out", n,
                          journey_plural(few, "conversion", "conversions"));
    }
}


void
journey_attr_notes(const journey_attr_print_t *p)
{
    char                      n[32], m[32];
    const journey_options_t  *opts;
    const journey_touches_t  *touches;

    opts = p->at->opts;
    touches = p->at->touches;

    if (touches->unattributed != 0) {
        journey_text_count(n, touches->unattributed);
        journey_text_count(m, touches->without_visitor);
        journey_attr_note(p, "unattributed, in no model: %s %s (%s without "
                          "visitor)", n,
                          journey_plural(touches->unattributed, "conversion",
                                         "conversions"), m);
    }

    if (p->at->a != NULL && p->at->a->hashes != 0) {
        journey_text_count(n, p->at->a->hashes);
        journey_attr_note(p, "%s %s (%.1f %%) %s cookie: a hash of one day, "
                          "whose path ends with it", n,
                          journey_plural(p->at->a->hashes, "visitor",
                                         "visitors"),
                          100.0 * (double) p->at->a->hashes
                          / (double) p->at->a->visitors,
                          journey_plural(p->at->a->hashes, "has no",
                                         "have no"));
    }

    if (touches->incomplete != 0) {
        journey_text_count(n, touches->incomplete);
        journey_attr_note(p, "incomplete: %s %s of which the input lacks "
                          "touches: %s", n,
                          journey_plural(touches->incomplete, "conversion",
                                         "conversions"),
                          opts->touch == JOURNEY_TOUCH_CHANNEL
                          ? "their path is the one they carry, time_decay "
                            "leaves them out" : "left out");
    }

    if (p->at->a == NULL && (opts->models == 0 || opts->models
                             & 1U << JOURNEY_ATTR_TIME_DECAY))
    {
        journey_attr_note(p, "no time_decay: paths tell no times");
    }

    if (p->at->exempt != 0) {
        journey_text_count(n, p->at->exempt);
        journey_attr_note(p, "%s %s of the profile exempt, left out: no "
                          "touches are recorded there", n,
                          journey_plural(p->at->exempt, "event", "events"));
    }

    if (touches->negative != 0) {
        journey_text_count(n, touches->negative);
        journey_attr_note(p, "%s %s of a value below 0, taken for 0", n,
                          journey_plural(touches->negative, "conversion",
                                         "conversions"));
    }

    if (touches->shortened != 0) {
        journey_text_count(n, touches->shortened);
        journey_attr_note(p, "%s very long %s without the middle", n,
                          journey_plural(touches->shortened, "path",
                                         "paths"));
    }

    journey_attr_besides(p);
}


/* ---- JSON ---------------------------------------------------------------- */

static void
journey_attr_json_number(const journey_attr_print_t *p, const char *key,
    double value)
{
    u_char  buf[JOURNEY_JSON_NUMBER_LEN], *end;

    end = journey_json_number(buf, value);

    fprintf(p->file, ",\"%s\":%.*s", key, (int) (end - buf), (char *) buf);
}


static int
journey_attr_json_item(const journey_attr_print_t *p, uint32_t row)
{
    u_char         *buf, *end;
    journey_str_t   name;

    name = journey_attr_item(p, row);
    buf = malloc(6 * name.len + 1);

    if (buf == NULL) {
        return JOURNEY_ERROR;
    }

    end = journey_json_escape(buf, name.data, name.len);

    fprintf(p->file, "{\"%s\":\"", p->key);
    (void) fwrite(buf, 1, end - buf, p->file);
    fputc('"', p->file);
    free(buf);

    return JOURNEY_OK;
}


static int
journey_attr_json_model(const journey_attr_print_t *p, unsigned model)
{
    uint32_t                 i;
    const journey_credit_t  *credit;

    fprintf(p->file, "\"%s\":[", journey_attr_name(model));

    for (i = 0; i < p->nrows; i++) {
        fputs(i ? ",\n" : "\n", p->file);

        if (journey_attr_json_item(p, p->rows[i]) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        credit = &p->attr->models[model][p->rows[i]];

        journey_attr_json_number(p, "conversions", credit->conversions);

        if (p->at->opts->bootstrap) {
            journey_attr_json_number(p, "conversions_low",
                                     credit->conversions_low);
            journey_attr_json_number(p, "conversions_high",
                                     credit->conversions_high);
        }

        journey_attr_json_number(p, "value", credit->value);

        if (p->at->opts->bootstrap) {
            journey_attr_json_number(p, "value_low", credit->value_low);
            journey_attr_json_number(p, "value_high", credit->value_high);
        }

        fputc('}', p->file);
    }

    fputc(']', p->file);

    return JOURNEY_OK;
}


static int
journey_attr_json_markov(const journey_attr_print_t *p)
{
    uint32_t                   i;
    const journey_attr_t      *attr;
    const journey_attr_fit_t  *fit;

    attr = p->attr;

    fprintf(p->file, ",\n\"markov\":{\"order\":%u,\"states\":%u,\"steps\":%u",
            attr->order, (unsigned) attr->nstates, (unsigned) attr->nsteps);

    journey_attr_json_number(p, "p", attr->p);
    journey_attr_json_number(p, "bound", attr->bound);

    fputs(",\"fits\":[", p->file);

    for (i = 0; i < JOURNEY_ATTR_ORDERS; i++) {

        if (p->at->opts->order != JOURNEY_ATTR_AUTO) {
            break;
        }

        fit = &attr->fits[i];

        fprintf(p->file, "%s{\"order\":%u", i ? "," : "", (unsigned) i + 1);
        journey_attr_json_number(p, "auc", fit->auc);

        if (fit->eligible) {
            journey_attr_json_number(p, "penalised", fit->penalised);
        } else {
            fputs(",\"penalised\":null", p->file);
        }

        fputc('}', p->file);
    }

    fputs("],\"removal\":[", p->file);

    for (i = 0; i < p->nrows; i++) {
        fputs(i ? ",\n" : "\n", p->file);

        if (journey_attr_json_item(p, p->rows[i]) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }

        journey_attr_json_number(p, "conversions", attr->removal[p->rows[i]]);
        journey_attr_json_number(p, "value",
                                 attr->removal_value[p->rows[i]]);
        fputc('}', p->file);
    }

    fputs("]}", p->file);

    return JOURNEY_OK;
}


int
journey_attr_json(journey_attr_print_t *p)
{
    unsigned                   model, n;
    const char                *currency;
    const journey_attr_t      *attr;
    const journey_touches_t   *touches;

    attr = p->attr;
    touches = p->at->touches;

    /* the title is "Value EUR", letters only */

    currency = (p->value != NULL && strlen(p->value) > 6) ? p->value + 6
                                                           : NULL;

    fprintf(p->file, "\"attribution\":{\"conversions\":%llu,\"nulls\":%llu",
            (unsigned long long) attr->conversions,
            (unsigned long long) attr->nulls);
    journey_attr_json_number(p, "value", journey_round(attr->value));
    fprintf(p->file, currency ? ",\"currency\":\"%s\""
                              : ",\"currency\":null%s",
            currency ? currency : "");
    fprintf(p->file, ",\"aged\":%llu,\"unattributed\":%llu,"
            "\"without_visitor\":%llu,\"incomplete\":%llu,"
            "\"shortened\":%llu,\"negative\":%llu,\"exempt\":%llu,"
            "\"bad_lines\":%llu",
            (unsigned long long) attr->aged,
            (unsigned long long) touches->unattributed,
            (unsigned long long) touches->without_visitor,
            (unsigned long long) touches->incomplete,
            (unsigned long long) touches->shortened,
            (unsigned long long) touches->negative,
            (unsigned long long) p->at->exempt,
            (unsigned long long) p->at->bad_lines);

    fprintf(p->file, ",\"bootstrap\":%ld", p->at->opts->bootstrap);

    if (p->at->opts->bootstrap) {
        fprintf(p->file, ",\"seed\":%llu", (unsigned long long)
                (p->at->opts->seed == JOURNEY_LIMIT_NONE
                 ? JOURNEY_ATTR_SEED : p->at->opts->seed));
    } else {
        fputs(",\"seed\":null", p->file);
    }

    fputc('}', p->file);

    if (attr->models[JOURNEY_ATTR_MARKOV] != NULL
        && journey_attr_json_markov(p) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    fputs(",\n\"models\":{", p->file);

    for (model = 0, n = 0; model < JOURNEY_ATTR_MODELS; model++) {

        if (attr->models[model] == NULL) {
            continue;
        }

        fputs(n++ ? ",\n" : "", p->file);

        if (journey_attr_json_model(p, model) != JOURNEY_OK) {
            return JOURNEY_ERROR;
        }
    }

    fputc('}', p->file);

    return JOURNEY_OK;
}


/* ---- CSV ----------------------------------------------------------------- */

static void
journey_attr_csv_row(const journey_attr_print_t *p, journey_cell_t *cell,
    unsigned model, uint32_t row, unsigned n)
{
    const journey_credit_t  *credit;

    credit = &p->attr->models[model][row];

    cell[0].u.str.data = (u_char *) journey_attr_name(model);
    cell[0].u.str.len = strlen(journey_attr_name(model));
    cell[1].u.str = journey_attr_item(p, row);
    cell[2].u.number = credit->conversions;
    cell[3].u.number = credit->value;

    if (n == 8) {
        cell[4].u.number = credit->conversions_low;
        cell[5].u.number = credit->conversions_high;
        cell[6].u.number = credit->value_low;
        cell[7].u.number = credit->value_high;
    }
}


int
journey_attr_csv(journey_attr_print_t *p, journey_table_t *table)
{
    uint32_t           i;
    unsigned           model, n;
    journey_cell_t    *cell;
    journey_column_t  *columns;

    static const char  *keys[] = {
        "conversions", "value", "conversions_low", "conversions_high",
        "value_low", "value_high"
    };

    columns = journey_pcalloc(p->pool, 8 * sizeof(journey_column_t));
    if (columns == NULL) {
        return JOURNEY_ERROR;
    }

    columns[0].key = "model";
    columns[0].type = JOURNEY_CELL_STRING;
    columns[1].key = p->key;
    columns[1].type = JOURNEY_CELL_STRING;

    n = p->at->opts->bootstrap ? 8 : 4;

    for (i = 2; i < n; i++) {
        columns[i].key = keys[i - 2];
        columns[i].type = JOURNEY_CELL_CREDIT;
    }

    journey_table_init(table, p->pool, "models", "Models", columns, n);

    for (model = 0; model < JOURNEY_ATTR_MODELS; model++) {

        if (p->attr->models[model] == NULL) {
            continue;
        }

        for (i = 0; i < p->nrows; i++) {
            cell = journey_table_row(table);

            if (cell == NULL) {
                return JOURNEY_ERROR;
            }

            journey_attr_csv_row(p, cell, model, p->rows[i], n);
        }
    }

    return JOURNEY_OK;
}


int
journey_attr_print_init(journey_attr_print_t *p,
    const journey_attribution_t *at, journey_pool_t *pool, FILE *file)
{
    memset(p, 0, sizeof(journey_attr_print_t));

    p->at = at;
    p->attr = &at->attr;
    p->file = file;
    p->key = journey_touch_keys[at->opts->touch];
    p->pool = pool;
    p->value = (at->a != NULL) ? journey_report_value(at->a)
               : at->attr.value > 0 ? "Value" : NULL;

    return journey_attr_rows(p);
}


static int
journey_attr_print(journey_attr_print_t *p)
{
    int              rc;
    journey_table_t  table;

    if (p->at->opts->format == JOURNEY_FORMAT_TEXT) {
        return journey_attr_text(p);
    }

    if (p->at->opts->format == JOURNEY_FORMAT_JSON) {
        fputc('{', p->file);
        rc = journey_attr_json(p);
        fputs("}\n", p->file);

    } else {
        memset(&table, 0, sizeof(journey_table_t));
        rc = journey_attr_csv(p, &table);

        if (rc == JOURNEY_OK) {
            journey_tables_csv(&p->out, &table, 1);
        }

        journey_table_free(&table);
    }

    return rc;
}


/* All of it or nothing: what is printed is made in memory first. */

static int
journey_attr_print_whole(journey_attr_print_t *p, const journey_zone_t *zone)
{
    int               rc;
    journey_stream_t  stream;

    journey_output_init(&p->out, stdout, zone);

    if (journey_stream_open(&stream) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    p->file = stream.file;
    p->out.file = p->file;

    rc = journey_attr_print(p);

    if (journey_stream_close(&stream) != JOURNEY_OK) {
        rc = JOURNEY_ERROR;
    }

    if (rc == JOURNEY_OK) {
        (void) fwrite(stream.text, 1, stream.len, stdout);

        if (p->at->opts->format != JOURNEY_FORMAT_TEXT) {
            journey_attr_notes(p);
        }
    }

    free(stream.text);

    return rc;
}


int
journey_attribution_print(const journey_attribution_t *at)
{
    int                    rc;
    journey_pool_t        *pool;
    journey_attr_print_t   p;

    pool = journey_pool_create();
    if (pool == NULL) {
        return JOURNEY_ERROR;
    }

    rc = journey_attr_print_init(&p, at, pool, stdout);

    if (rc == JOURNEY_OK) {
        rc = journey_attr_print_whole(&p, &at->opts->zone);
    }

    free(p.rows);
    journey_pool_destroy(pool);

    return rc;
}
