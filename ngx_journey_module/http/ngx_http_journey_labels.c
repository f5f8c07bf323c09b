
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_label: dimensions of the operator's own (design, section 5).
 */


#include "ngx_http_journey_module.h"


#define NGX_HTTP_JOURNEY_LABEL_NAME   32    /* bytes at most */
#define NGX_HTTP_JOURNEY_LABEL_VALUE  64


static ngx_uint_t ngx_http_journey_label_name(ngx_str_t *name);
static ngx_http_journey_label_t *ngx_http_journey_label_find(
    ngx_array_t *labels, ngx_str_t *name);


char *
ngx_http_journey_label(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_str_t                 *value;
    ngx_http_journey_label_t  *label;

    value = cf->args->elts;

    if (!ngx_http_journey_label_name(&value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the name \"%V\" of \"journey_label\" is not of "
                           "the form [a-z][a-z0-9_]* with at most %d "
                           "characters", &value[1],
                           NGX_HTTP_JOURNEY_LABEL_NAME);
        return NGX_CONF_ERROR;
    }

    if (jlcf->labels == NULL) {
        jlcf->labels = ngx_array_create(cf->pool, JOURNEY_RECORD_LABELS,
                                        sizeof(ngx_http_journey_label_t));
        if (jlcf->labels == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_journey_label_find(jlcf->labels, &value[1]) != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"journey_label\" \"%V\" is duplicate", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (jlcf->labels->nelts == JOURNEY_RECORD_LABELS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than %d labels with \"journey_label\" "
                           "\"%V\"", JOURNEY_RECORD_LABELS, &value[1]);
        return NGX_CONF_ERROR;
    }

    label = ngx_array_push(jlcf->labels);
    if (label == NULL) {
        return NGX_CONF_ERROR;
    }

    label->name = value[1];
    label->value = ngx_http_journey_compile(cf, &value[2]);
    ngx_http_journey_at(cf, &label->at);

    if (label->value == NULL) {
        return NGX_CONF_ERROR;
    }

    if (label->value->lengths == NULL
        && value[2].len > NGX_HTTP_JOURNEY_LABEL_VALUE)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the value \"%V\" of \"journey_label\" is longer "
                           "than %d bytes", &value[2],
                           NGX_HTTP_JOURNEY_LABEL_VALUE);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_journey_label_name(ngx_str_t *name)
{
    u_char  c;
    size_t  i;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if ((c >= 'a' && c <= 'z')
            || (i > 0 && ((c >= '0' && c <= '9') || c == '_')))
        {
            continue;
        }

        return 0;
    }

    return i > 0 && i <= NGX_HTTP_JOURNEY_LABEL_NAME;
}


static ngx_http_journey_label_t *
ngx_http_journey_label_find(ngx_array_t *labels, ngx_str_t *name)
{
    ngx_uint_t                 i;
    ngx_http_journey_label_t  *label;

    label = labels->elts;

    for (i = 0; i < labels->nelts; i++) {

        if (label[i].name.len == name->len
            && ngx_memcmp(label[i].name.data, name->data, name->len) == 0)
        {
            return &label[i];
        }
    }

    return NULL;
}


/* Labels add to those of the outer level; of one name the inner one counts,
 * in the place of the outer one. */

char *
ngx_http_journey_merge_labels(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *prev, ngx_http_journey_loc_conf_t *conf)
{
    ngx_uint_t                 i;
    ngx_array_t               *labels;
    ngx_http_journey_label_t  *label, *inner;

    labels = conf->labels;

    if (prev->labels != NULL && conf->labels == NULL) {
        conf->labels = prev->labels;
        return NGX_CONF_OK;
    }

    if (prev->labels != NULL) {
        labels = ngx_array_create(cf->pool, prev->labels->nelts
                                            + conf->labels->nelts,
                                  sizeof(ngx_http_journey_label_t));
        if (labels == NULL) {
            return NGX_CONF_ERROR;
        }

        /* has room for all: cannot fail */

        label = ngx_array_push_n(labels, prev->labels->nelts);
        ngx_memcpy(label, prev->labels->elts,
                   prev->labels->nelts * sizeof(ngx_http_journey_label_t));

        inner = conf->labels->elts;

        for (i = 0; i < conf->labels->nelts; i++) {
            label = ngx_http_journey_label_find(labels, &inner[i].name);

            if (label == NULL) {
                label = ngx_array_push(labels);
            }

            *label = inner[i];
        }
    }

    if (labels != NULL && labels->nelts > JOURNEY_RECORD_LABELS) {
        label = labels->elts;
        label += JOURNEY_RECORD_LABELS;

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "more than %d labels in force with \"journey_label\" "
                      "\"%V\" in %s:%ui", JOURNEY_RECORD_LABELS,
                      &label->name, label->at.file, label->at.line);
        return NGX_CONF_ERROR;
    }

    conf->labels = labels;

    return NGX_CONF_OK;
}


void
ngx_http_journey_labels_read(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ngx_str_t                 *value;
    ngx_uint_t                 i;
    ngx_http_journey_label_t  *label;

    if (ctx->conf->labels == NULL) {
        return;
    }

    label = ctx->conf->labels->elts;
    ctx->nlabels = ctx->conf->labels->nelts;

    for (i = 0; i < ctx->nlabels; i++) {
        value = &ctx->labels[i];

        if (ngx_http_complex_value(r, label[i].value, value) != NGX_OK) {
            value->len = 0;
        }

        value->len = journey_utf8_cut(value->data, value->len,
                                      NGX_HTTP_JOURNEY_LABEL_VALUE);
    }
}


void
ngx_http_journey_labels_line(ngx_http_journey_ctx_t *ctx,
    journey_record_t *rec)
{
    ngx_uint_t                 i, n;
    ngx_http_journey_label_t  *label;

    if (ctx->nlabels == 0) {
        return;
    }

    label = ctx->conf->labels->elts;

    for (i = 0, n = 0; i < ctx->nlabels; i++) {

        if (ctx->labels[i].len == 0) {
            continue;
        }

        rec->label_names[n] = ngx_http_journey_str(&label[i].name);
        rec->label_values[n] = ngx_http_journey_str(&ctx->labels[i]);
        n++;
    }

    rec->nlabels = (uint32_t) n;
}
