
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_label: dimensions of the operator's own (design, section 5).
 */


#include "ngx_http_journey_module.h"


char *
ngx_http_journey_label(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return "is not there yet";
}


char *
ngx_http_journey_merge_labels(ngx_conf_t *cf,
    ngx_http_journey_loc_conf_t *prev, ngx_http_journey_loc_conf_t *conf)
{
    return NGX_CONF_OK;
}


void
ngx_http_journey_labels_read(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    ctx->nlabels = 0;
}


void
ngx_http_journey_labels_line(ngx_http_journey_ctx_t *ctx,
    journey_record_t *rec)
{
    rec->nlabels = (uint32_t) ctx->nlabels;
}
