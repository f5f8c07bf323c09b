
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The begin and the end of processes: workers take their slots of the logs,
 * and leave nothing there; the master writes what dead workers left when none
 * is to come.
 */


#include "ngx_http_journey_module.h"
#include "ngx_http_journey_rights.h"


static ngx_http_journey_main_conf_t *ngx_http_journey_cycle_conf(
    ngx_cycle_t *cycle);
static void ngx_http_journey_close_cycle(ngx_cycle_t *cycle);


/* Not in the cache manager, nor without http{}. */

ngx_int_t
ngx_http_journey_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_http_journey_log_t       **logs;
    ngx_http_journey_main_conf_t  *mcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    mcf = ngx_http_journey_cycle_conf(cycle);

    if (mcf == NULL || mcf->shared == NULL) {
        return NGX_OK;
    }

    (void) ngx_http_journey_landing_expire(mcf, 1);
    (void) ngx_http_journey_salts_start(cycle, mcf);

    logs = mcf->logs.elts;

    for (i = 0; i < mcf->logs.nelts; i++) {

        if (ngx_http_journey_log_attach(logs[i]) != NGX_OK) {

            /* the first line tries again */

            ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                          "journey log \"%V\": no memory to write it",
                          &logs[i]->path);
        }
    }

    return NGX_OK;
}


/* A single process may still have the cycles before its reloads, for the
 * sake of their connections. */

void
ngx_http_journey_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t     i;
    ngx_cycle_t  **old;

    ngx_http_journey_close_cycle(cycle);

    old = ngx_old_cycles.elts;

    for (i = 0; i < ngx_old_cycles.nelts; i++) {
        if (old[i] != NULL) {
            ngx_http_journey_close_cycle(old[i]);
        }
    }
}


void
ngx_http_journey_exit_master(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_http_journey_log_t       **logs;
    ngx_http_journey_rights_t      rights;
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_journey_cycle_conf(cycle);

    if (mcf == NULL || mcf->shared == NULL
        || ngx_http_journey_rights_take(cycle, &rights) != NGX_OK)
    {
        return;
    }

    logs = mcf->logs.elts;

    for (i = 0; i < mcf->logs.nelts; i++) {
        ngx_http_journey_log_drain(logs[i]);
    }

    (void) ngx_http_journey_rights_return(cycle, &rights);
}


/* A cycle may not know this module. */

static ngx_http_journey_main_conf_t *
ngx_http_journey_cycle_conf(ngx_cycle_t *cycle)
{
    ngx_uint_t  i;

    for (i = 0; cycle->modules[i] != &ngx_http_journey_module; i++) {
        if (cycle->modules[i] == NULL) {
            return NULL;
        }
    }

    return ngx_http_cycle_get_module_main_conf(cycle, ngx_http_journey_module);
}


static void
ngx_http_journey_close_cycle(ngx_cycle_t *cycle)
{
    ngx_http_journey_main_conf_t  *mcf;

    mcf = ngx_http_journey_cycle_conf(cycle);

    if (mcf != NULL) {
        ngx_http_journey_close_logs(mcf);
    }
}


void
ngx_http_journey_close_logs(ngx_http_journey_main_conf_t *mcf)
{
    ngx_uint_t                i;
    ngx_http_journey_log_t  **logs;

    logs = mcf->logs.elts;

    for (i = 0; i < mcf->logs.nelts; i++) {
        ngx_http_journey_log_close(logs[i]);
    }
}
