
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The application's word: X-Journey-Goal, X-Journey-User, X-Journey-Phase in
 * its responses, and journey_user (design, section 5).
 */


#include "ngx_http_journey_module.h"


char *
ngx_http_journey_user(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return "is not there yet";
}


void
ngx_http_journey_application_read(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    (void) r;
    (void) ctx;
}


void
ngx_http_journey_application_user(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    (void) r;
    ngx_str_null(&ctx->user);
}
