
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What the worker's user may do, found out by the master: it takes on that
 * user's rights for the moment of a look.
 */


#ifndef NGX_HTTP_JOURNEY_RIGHTS_H
#define NGX_HTTP_JOURNEY_RIGHTS_H


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    gid_t        *groups;               /* the master's own */
    int           ngroups;
    unsigned      taken:1;
} ngx_http_journey_rights_t;


/* Takes on user, group and groups of the workers, when they will have others
 * than this process; else does nothing.  An error is logged, and leaves this
 * process as it was. */
ngx_int_t ngx_http_journey_rights_take(ngx_cycle_t *cycle,
    ngx_http_journey_rights_t *rights);

/* Back to what it was. */
ngx_int_t ngx_http_journey_rights_return(ngx_cycle_t *cycle,
    ngx_http_journey_rights_t *rights);


#endif /* NGX_HTTP_JOURNEY_RIGHTS_H */
