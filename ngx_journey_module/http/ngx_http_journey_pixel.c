
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * journey_pixel: an image of one pixel that tells of a mail opened or an ad
 * shown (design, section 5).  A view is no visit: no cookie is set, no state
 * changes, no touch opens.
 */


#include "ngx_http_journey_module.h"


static ngx_int_t ngx_http_journey_pixel_handler(ngx_http_request_t *r);


/* GIF89a of 1 x 1, two colours, the first of them transparent. */

static u_char  ngx_http_journey_gif[] = {
    'G', 'I', 'F', '8', '9', 'a',
    0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00,   /* screen: a table of two */
    0x00, 0x00, 0x00, 0xff, 0xff, 0xff,         /* black, white */
    0x21, 0xf9, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00,
                                                /* control: transparent */
    0x2c, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00,
                                                /* the image */
    0x02, 0x02, 0x44, 0x01, 0x00,               /* its data, LZW */
    0x3b
};


char *
ngx_http_journey_pixel(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_journey_loc_conf_t *jlcf = conf;

    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_journey_main_conf_t  *mcf;

    if (jlcf->pixel) {
        return "is duplicate";
    }

    jlcf->pixel = 1;
    ngx_http_journey_at(cf, &jlcf->pixel_at);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_journey_pixel_handler;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_journey_module);
    mcf->used = 1;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_journey_pixel_handler(ngx_http_request_t *r)
{
    ngx_str_t                  type;
    ngx_http_complex_value_t   cv;
    ngx_http_journey_ctx_t    *ctx;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    if (r == r->main) {
        ctx = ngx_http_journey_get_ctx(r);

        if (ctx != NULL) {
            ctx->pixel = 1;

            /* as a rewrite has made it: codes of mails stand in paths, too;
             * what a landing has left here is for a page */

            ctx->query = (r->args.len > 0) ? r->args : ctx->args;
        }
    }

    if (ngx_http_journey_no_store(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&type, "image/gif");

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    cv.value.data = ngx_http_journey_gif;
    cv.value.len = sizeof(ngx_http_journey_gif);

    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &cv);
}
