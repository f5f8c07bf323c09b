
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_signals.h"

#include <time.h>
#include <unistd.h>


#define JOURNEY_SIGNALS_WIPE   "\r\033[K"
#define JOURNEY_SIGNALS_PAUSE  20000000         /* ns */


char *volatile         journey_signals_temp;
volatile sig_atomic_t  journey_signals_line;

static const int  journey_signals[] = {
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE
};


/* Only what a signal handler may do. */

static void
journey_signals_handler(int signo)
{
    ssize_t          n;
    struct timespec  pause;

    if (journey_signals_temp != NULL) {
        (void) unlink(journey_signals_temp);
    }

    if (journey_signals_line) {

        /* a terminal throws away what comes right behind Ctrl-C */

        pause.tv_sec = 0;
        pause.tv_nsec = JOURNEY_SIGNALS_PAUSE;
        (void) nanosleep(&pause, NULL);

        n = write(STDERR_FILENO, JOURNEY_SIGNALS_WIPE,
                  sizeof(JOURNEY_SIGNALS_WIPE) - 1);
        (void) n;                       /* nobody is left to be told */
    }

    (void) signal(signo, SIG_DFL);
    (void) raise(signo);
}


void
journey_signals_catch(void)
{
    unsigned          i;
    struct sigaction  sa, old;

    memset(&sa, 0, sizeof(struct sigaction));

    sa.sa_handler = journey_signals_handler;
    (void) sigfillset(&sa.sa_mask);

    /* a file beyond RLIMIT_FSIZE is an error of write(), as a full disk is */

    (void) signal(SIGXFSZ, SIG_IGN);

    for (i = 0; i < sizeof(journey_signals) / sizeof(int); i++) {

        if (sigaction(journey_signals[i], NULL, &old) == 0
            && old.sa_handler == SIG_DFL)
        {
            (void) sigaction(journey_signals[i], &sa, NULL);
        }
    }
}
