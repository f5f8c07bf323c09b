
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * What has to be put right before a signal ends the command: a file in the
 * making loses its name, and the terminal's line of progress is wiped.
 */


#ifndef JOURNEY_SIGNALS_H
#define JOURNEY_SIGNALS_H


#include "journey_core.h"

#include <signal.h>


/* The name that must not be left behind, and whether there is a line on
 * standard error to be wiped. */
extern char *volatile         journey_signals_temp;
extern volatile sig_atomic_t  journey_signals_line;


/*
 * From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGPIPE end the process as
 * they would, with that done before.  Signals that the caller wants to be
 * ignored (nohup) stay so.  SIGXFSZ is ignored: write() fails then.
 */
void journey_signals_catch(void);


#endif /* JOURNEY_SIGNALS_H */
