
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "ngx_http_journey_rights.h"

#include <grp.h>
#include <pwd.h>


ngx_int_t
ngx_http_journey_rights_take(ngx_cycle_t *cycle,
    ngx_http_journey_rights_t *rights)
{
    int               rc;
    struct passwd    *pwd;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    ngx_memzero(rights, sizeof(ngx_http_journey_rights_t));

    /* a single process stays what it is */

    if (geteuid() != 0 || !ccf->master) {
        return NGX_OK;
    }

    rights->ngroups = getgroups(0, NULL);

    if (rights->ngroups == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "getgroups() failed");
        return NGX_ERROR;
    }

    rights->groups = ngx_alloc((rights->ngroups + 1) * sizeof(gid_t),
                               cycle->log);

    if (rights->groups == NULL) {
        return NGX_ERROR;
    }

    rights->ngroups = getgroups(rights->ngroups, rights->groups);
    rights->taken = 1;

    /* as ngx_worker_process_init() does, but for a user without a name */

    pwd = getpwuid(ccf->user);

    rc = (pwd == NULL) ? setgroups(0, NULL)
                       : initgroups(pwd->pw_name, ccf->group);

    if (rc == -1 || setegid(ccf->group) == -1 || seteuid(ccf->user) == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "taking on user %ui and group %ui failed",
                      (ngx_uint_t) ccf->user, (ngx_uint_t) ccf->group);

        (void) ngx_http_journey_rights_return(cycle, rights);

        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_journey_rights_return(ngx_cycle_t *cycle,
    ngx_http_journey_rights_t *rights)
{
    ngx_int_t  rc;

    if (!rights->taken) {
        return NGX_OK;
    }

    rc = NGX_OK;

    /* the user first: only root may set groups */

    if (seteuid(0) == -1 || setegid(getgid()) == -1
        || setgroups(rights->ngroups, rights->groups) == -1)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "giving back the rights of the workers failed");
        rc = NGX_ERROR;
    }

    ngx_free(rights->groups);
    rights->taken = 0;

    return rc;
}
