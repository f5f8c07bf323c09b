
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Landings that are answered by a redirect (design, section 6.3).
 */


#include "ngx_http_journey_module.h"


void
ngx_http_journey_landing_keep(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    (void) r;
    ctx->landed = 1;
}


void
ngx_http_journey_landing_take(ngx_http_request_t *r,
    ngx_http_journey_ctx_t *ctx)
{
    (void) r;
    ctx->landed = 1;
}
