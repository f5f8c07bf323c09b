
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * load -p PORT -o LIST [-c CONNECTIONS] [-r RATE] [-t SECONDS] [-k]
 *
 * Asks 127.0.0.1:PORT for pages on kept-alive connections until SECONDS are
 * over or SIGTERM comes, and says in LIST what a log must hold then.
 *
 *   -c  connections at a time (64)
 *   -r  requests a second; 0, the default, is as many as are answered
 *   -k  each client keeps the journey cookie, over connections too
 *
 * A request's path is /d/CONNECTION/N: numbers of connections never repeat,
 * N counts from 1 within one.  A connection has one request under way at a
 * time, so that the server is done with a request, its log phase included,
 * when the next one is answered.  LIST has a line for each connection:
 *
 *   number  sure  open  in-flight  began  ended
 *
 * sure: so many of its responses were followed by another one; these events
 * are in the log.  open: 1 for the last response, whose event may be there.
 * in-flight: 1 for a request that was not answered, whose event may be there,
 * too.  began, ended: milliseconds since 1970.  stdout has the totals, one
 * name and number a line.  Exit code 1 when an answer was none, not 200, or
 * took longer than 10 s.
 */


#define _GNU_SOURCE                     /* memmem() */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define LOAD_CONNECTIONS_MAX  4096
#define LOAD_EVENTS           256
#define LOAD_BUFFER           4096
#define LOAD_COOKIE           256
#define LOAD_REQUEST          1024

#define LOAD_HUNG             10000000      /* us: that is no answer */
#define LOAD_DRAIN            5000000       /* us for the last answers */
#define LOAD_RETRY            10000         /* us after a refused connection */
#define LOAD_CATCH_UP         1000000       /* us of the rate to make up for */

#define LOAD_HEADERS                                                          \
    " HTTP/1.1\r\n"                                                           \
    "Host: drill.example\r\n"                                                 \
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) "                  \
    "Gecko/20100101 Firefox/132.0\r\n"                                        \
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,"          \
    "*/*;q=0.8\r\n"                                                           \
    "Accept-Language: en-US,en;q=0.5\r\n"                                     \
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"                            \
    "Upgrade-Insecure-Requests: 1\r\n"                                        \
    "Sec-Fetch-Dest: document\r\n"                                            \
    "Sec-Fetch-Mode: navigate\r\n"                                            \
    "Sec-Fetch-Site: none\r\n"                                                \
    "Sec-Fetch-User: ?1\r\n"


typedef enum {
    LOAD_CLOSED = 0,                    /* connects at "at" */
    LOAD_CONNECTING,
    LOAD_READY,
    LOAD_WAITING                        /* for the answer since "at" */
} load_state_t;

typedef struct {
    int            fd;
    load_state_t   state;
    uint64_t       number;
    uint64_t       sent;
    uint64_t       answered;
    uint64_t       began;               /* ms since 1970 */
    uint64_t       at;                  /* us */

    /* the answer: its header, and then how much of its body is missing */

    size_t         len;
    uint64_t       rest;
    unsigned       body:1;
    unsigned       last:1;              /* the server closes behind it */
    unsigned       queued:1;

    size_t         cookie_len;
    char           cookie[LOAD_COOKIE];
    char           buf[LOAD_BUFFER];
} load_connection_t;

typedef struct {
    int                 epoll;
    unsigned            port;
    unsigned            n;
    double              rate;
    double              seconds;
    unsigned            keep;           /* the cookie */
    FILE               *list;

    load_connection_t  *connections;
    unsigned            closed;         /* how many of them are */

    /* those that may send, first come, first served */

    load_connection_t **ready;
    unsigned            first;
    unsigned            nready;

    double              due;            /* us: the next request's turn */
    uint64_t            numbers;
    uint64_t            answered;
    uint64_t            refused;
    uint64_t            others;
    uint64_t            broken;
    uint64_t            hung;
    uint64_t            slowest;        /* us */
    uint64_t            slowest_at;     /* ms since 1970 */
} load_t;


static int load_options(load_t *load, int argc, char **argv);
static int load_run(load_t *load);
static void load_start(load_t *load, uint64_t now);
static int load_events(load_t *load, int timeout);
static void load_hanging(load_t *load, uint64_t now);
static void load_drain(load_t *load);
static void load_connect(load_t *load, load_connection_t *c, uint64_t now);
static void load_connected(load_t *load, load_connection_t *c);
static void load_close(load_t *load, load_connection_t *c, uint64_t at);
static void load_queue(load_t *load, load_connection_t *c);
static void load_send(load_t *load, load_connection_t *c, uint64_t now);
static void load_read(load_t *load, load_connection_t *c);
static int load_header(load_t *load, load_connection_t *c);
static const char *load_find(load_connection_t *c, const char *name);
static void load_answered(load_t *load, load_connection_t *c);
static void load_broken(load_t *load, load_connection_t *c, const char *what);
static uint64_t load_now(clockid_t clock, uint64_t unit);
static void load_signal(int signo);


static volatile sig_atomic_t  load_ends;


int
main(int argc, char **argv)
{
    int                rc;
    load_t             load;
    struct sigaction   sa;

    memset(&load, 0, sizeof(load_t));
    memset(&sa, 0, sizeof(struct sigaction));

    if (load_options(&load, argc, argv) != 0) {
        fprintf(stderr, "usage: load -p PORT -o LIST [-c CONNECTIONS] "
                "[-r RATE] [-t SECONDS] [-k]\n");
        return 2;
    }

    sa.sa_handler = load_signal;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);

    sa.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &sa, NULL);

    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.connections = calloc(load.n, sizeof(load_connection_t));
    load.ready = calloc(load.n, sizeof(load_connection_t *));

    if (load.epoll == -1 || load.connections == NULL || load.ready == NULL) {
        perror("load");
        return 1;
    }

    rc = load_run(&load);

    free(load.connections);
    free(load.ready);
    close(load.epoll);

    if (fclose(load.list) != 0) {
        perror("load: the list");
        return 1;
    }

    return rc;
}


static int
load_options(load_t *load, int argc, char **argv)
{
    int          option;
    const char  *name;

    name = NULL;
    load->n = 64;

    while ((option = getopt(argc, argv, "p:o:c:r:t:k")) != -1) {

        switch (option) {

        case 'p':
            load->port = (unsigned) strtoul(optarg, NULL, 10);
            break;

        case 'o':
            name = optarg;
            break;

        case 'c':
            load->n = (unsigned) strtoul(optarg, NULL, 10);
            break;

        case 'r':
            load->rate = strtod(optarg, NULL);
            break;

        case 't':
            load->seconds = strtod(optarg, NULL);
            break;

        case 'k':
            load->keep = 1;
            break;

        default:
            return -1;
        }
    }

    if (optind != argc || name == NULL || load->port == 0
        || load->port > 65535 || load->n == 0
        || load->n > LOAD_CONNECTIONS_MAX || load->rate < 0
        || load->seconds < 0)
    {
        return -1;
    }

    load->list = fopen(name, "w");

    if (load->list == NULL) {
        perror(name);
        return -1;
    }

    return 0;
}


static int
load_run(load_t *load)
{
    double    seconds;
    unsigned  i;
    uint64_t  began, now, looked;

    began = load_now(CLOCK_MONOTONIC, 1000000);
    now = began;
    looked = began;

    load->due = (double) began;
    load->closed = load->n;

    for (i = 0; i < load->n; i++) {
        load->connections[i].fd = -1;
        load->connections[i].at = began;
    }

    while (!load_ends
           && (load->seconds == 0
               || (double) (now - began) < load->seconds * 1e6))
    {
        load_start(load, now);

        if (load_events(load, load->nready > 0 ? 1 : 5) != 0) {
            return 1;
        }

        now = load_now(CLOCK_MONOTONIC, 1000000);

        if (now - looked >= 1000000) {
            load_hanging(load, now);
            looked = now;
        }
    }

    seconds = (double) (now - began) / 1e6;

    load_drain(load);

    printf("answered %" PRIu64 "\n"
           "seconds %.3f\n"
           "rate %.0f\n"
           "slowest %.3f\n"
           "slowest_at %" PRIu64 "\n"
           "connections %" PRIu64 "\n"
           "refused %" PRIu64 "\n"
           "others %" PRIu64 "\n"
           "broken %" PRIu64 "\n"
           "hung %" PRIu64 "\n",
           load->answered, seconds,
           (seconds > 0) ? (double) load->answered / seconds : 0,
           (double) load->slowest / 1e6, load->slowest_at, load->numbers,
           load->refused, load->others, load->broken, load->hung);

    return (load->answered == 0 || load->others > 0 || load->broken > 0
            || load->hung > 0)
           ? 1 : 0;
}


/* Connects, and sends what is due. */

static void
load_start(load_t *load, uint64_t now)
{
    unsigned            i;
    load_connection_t  *c;

    for (i = 0; load->closed > 0 && i < load->n; i++) {
        c = &load->connections[i];

        if (c->state == LOAD_CLOSED && c->at <= now) {
            load_connect(load, c, now);
        }
    }

    if (load->due < (double) now - LOAD_CATCH_UP) {
        load->due = (double) now - LOAD_CATCH_UP;
    }

    while (load->nready > 0 && (load->rate == 0 || load->due <= (double) now)) {

        c = load->ready[load->first];

        load->first = (load->first + 1) % load->n;
        load->nready--;
        c->queued = 0;

        if (c->state != LOAD_READY) {       /* closed since */
            continue;
        }

        load_send(load, c, now);

        if (load->rate > 0) {
            load->due += 1e6 / load->rate;
        }
    }
}


static int
load_events(load_t *load, int timeout)
{
    int                  i, n;
    load_connection_t   *c;
    struct epoll_event   events[LOAD_EVENTS];

    n = epoll_wait(load->epoll, events, LOAD_EVENTS, timeout);

    if (n == -1) {

        if (errno == EINTR) {
            return 0;
        }

        perror("load: epoll_wait");
        return -1;
    }

    for (i = 0; i < n; i++) {
        c = events[i].data.ptr;

        if (c->state == LOAD_CONNECTING) {
            load_connected(load, c);

        } else if (c->state != LOAD_CLOSED) {
            load_read(load, c);
        }
    }

    return 0;
}


static void
load_hanging(load_t *load, uint64_t now)
{
    unsigned            i;
    load_connection_t  *c;

    for (i = 0; i < load->n; i++) {
        c = &load->connections[i];

        if (c->state == LOAD_WAITING && now - c->at >= LOAD_HUNG) {
            fprintf(stderr, "load: /d/%" PRIu64 "/%" PRIu64
                    " is not answered\n", c->number, c->sent);
            load->hung++;
            load_close(load, c, now);
        }
    }
}


/* The answers that are under way; then the connections end, by us. */

static void
load_drain(load_t *load)
{
    unsigned            i, waiting;
    uint64_t            now, until;
    load_connection_t  *c;

    now = load_now(CLOCK_MONOTONIC, 1000000);
    until = now + LOAD_DRAIN;

    while (now < until) {
        waiting = 0;

        for (i = 0; i < load->n; i++) {
            waiting += (load->connections[i].state == LOAD_WAITING);
        }

        if (waiting == 0 || load_events(load, 100) != 0) {
            break;
        }

        now = load_now(CLOCK_MONOTONIC, 1000000);
    }

    for (i = 0; i < load->n; i++) {
        c = &load->connections[i];

        if (c->state == LOAD_WAITING) {
            load->hung++;
        }

        if (c->state != LOAD_CLOSED) {
            load_close(load, c, now);
        }
    }
}


static void
load_connect(load_t *load, load_connection_t *c, uint64_t now)
{
    int                 fd;
    struct epoll_event  event;
    struct sockaddr_in  sin;

    memset(&sin, 0, sizeof(struct sockaddr_in));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((uint16_t) load->port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    event.events = EPOLLOUT;
    event.data.ptr = c;

    if (fd == -1
        || (connect(fd, (struct sockaddr *) &sin, sizeof(struct sockaddr_in))
            == -1 && errno != EINPROGRESS)
        || epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &event) == -1)
    {
        if (fd != -1) {
            close(fd);
        }

        load->refused++;
        c->at = now + LOAD_RETRY;
        return;
    }

    c->fd = fd;
    c->state = LOAD_CONNECTING;
    c->sent = 0;
    c->answered = 0;
    load->closed--;
}


static void
load_connected(load_t *load, load_connection_t *c)
{
    int                 err;
    socklen_t           len;
    struct epoll_event  event;

    err = 0;
    len = sizeof(int);

    event.events = EPOLLIN;
    event.data.ptr = c;

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1 || err != 0
        || epoll_ctl(load->epoll, EPOLL_CTL_MOD, c->fd, &event) == -1)
    {
        load->refused++;
        load_close(load, c,
                   load_now(CLOCK_MONOTONIC, 1000000) + LOAD_RETRY);
        return;
    }

    c->state = LOAD_READY;
    c->number = ++load->numbers;
    c->began = load_now(CLOCK_REALTIME, 1000);

    load_queue(load, c);
}


static void
load_close(load_t *load, load_connection_t *c, uint64_t at)
{
    if (c->sent > 0) {
        fprintf(load->list,
                "%" PRIu64 " %" PRIu64 " %d %d %" PRIu64 " %" PRIu64 "\n",
                c->number, (c->answered > 0) ? c->answered - 1 : 0,
                c->answered > 0, c->sent > c->answered, c->began,
                load_now(CLOCK_REALTIME, 1000));
    }

    close(c->fd);

    c->fd = -1;
    c->state = LOAD_CLOSED;
    c->sent = 0;
    c->at = at;
    load->closed++;
}


static void
load_queue(load_t *load, load_connection_t *c)
{
    /* one that was closed and connected again may still stand there */

    if (!c->queued) {
        load->ready[(load->first + load->nready) % load->n] = c;
        load->nready++;
        c->queued = 1;
    }
}


static void
load_send(load_t *load, load_connection_t *c, uint64_t now)
{
    int      len;
    ssize_t  n;
    char     buf[LOAD_REQUEST];

    len = snprintf(buf, LOAD_REQUEST,
                   "GET /d/%" PRIu64 "/%" PRIu64 LOAD_HEADERS "%s%.*s\r\n",
                   c->number, c->sent + 1,
                   (c->cookie_len > 0) ? "Cookie: " : "",
                   (int) c->cookie_len, c->cookie);

    if (len < 0 || len >= LOAD_REQUEST) {
        load_broken(load, c, "a request that is too long");
        return;
    }

    c->sent++;
    c->state = LOAD_WAITING;
    c->at = now;
    c->len = 0;
    c->body = 0;
    c->last = 0;

    n = send(c->fd, buf, (size_t) len, 0);

    /* a socket takes a request whole or has been closed by the server, which
     * may have been its last answer's intent */

    if (n != (ssize_t) len) {
        load_close(load, c, now);
    }
}


static void
load_read(load_t *load, load_connection_t *c)
{
    char     *p;
    size_t    size;
    ssize_t   n;
    char      buf[LOAD_BUFFER];

    p = c->body ? buf : c->buf + c->len;
    size = LOAD_BUFFER - (c->body ? 0 : c->len);

    n = recv(c->fd, p, size, 0);

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n <= 0) {
        load_close(load, c, load_now(CLOCK_MONOTONIC, 1000000));
        return;
    }

    if (c->state == LOAD_READY) {
        load_broken(load, c, "an answer that nobody asked for");
        return;
    }

    if (!c->body) {
        c->len += (size_t) n;

        switch (load_header(load, c)) {

        case 0:
            return;

        case -1:
            load_broken(load, c, "no HTTP with a length");
            return;
        }

    } else if ((uint64_t) n > c->rest) {
        load_broken(load, c, "a body that is too long");
        return;

    } else {
        c->rest -= (uint64_t) n;
    }

    if (c->rest == 0) {
        load_answered(load, c);
    }
}


/* 1 with a whole header, behind which "rest" is still to come; 0 for more. */

static int
load_header(load_t *load, load_connection_t *c)
{
    char        *end;
    size_t       len, body;
    unsigned     status;
    const char  *value;

    end = memmem(c->buf, c->len, "\r\n\r\n", 4);

    if (end == NULL) {
        return (c->len == LOAD_BUFFER) ? -1 : 0;
    }

    body = c->len - (size_t) (end + 4 - c->buf);

    *end = '\0';

    if (sscanf(c->buf, "HTTP/1.1 %3u ", &status) != 1) {
        return -1;
    }

    if (status != 200 && load->others++ < 10) {
        fprintf(stderr, "load: /d/%" PRIu64 "/%" PRIu64
                " is answered with %u\n", c->number, c->sent, status);
    }

    value = load_find(c, "Content-Length");

    if (value == NULL) {
        return -1;
    }

    c->rest = strtoull(value, NULL, 10);

    if (body > c->rest) {
        return -1;
    }

    c->rest -= body;
    c->body = 1;

    value = load_find(c, "Connection");
    c->last = (value != NULL && strncasecmp(value, "close", 5) == 0);

    value = load->keep ? load_find(c, "Set-Cookie") : NULL;

    if (value != NULL) {
        len = strcspn(value, ";\r");

        if (len + 2 > LOAD_COOKIE) {
            return -1;
        }

        memcpy(c->cookie, value, len);
        memcpy(c->cookie + len, "\r\n", 2);
        c->cookie_len = len + 2;
    }

    return 1;
}


/* A header line's value; the header ends by '\0'. */

static const char *
load_find(load_connection_t *c, const char *name)
{
    char    *p;
    size_t   n;

    n = strlen(name);

    for (p = strstr(c->buf, "\r\n"); p != NULL; p = strstr(p, "\r\n")) {
        p += 2;

        if (strncasecmp(p, name, n) == 0 && p[n] == ':') {
            p += n + 1;
            return p + strspn(p, " ");
        }
    }

    return NULL;
}


static void
load_answered(load_t *load, load_connection_t *c)
{
    uint64_t  now;

    now = load_now(CLOCK_MONOTONIC, 1000000);

    if (now - c->at > load->slowest) {
        load->slowest = now - c->at;
        load->slowest_at = load_now(CLOCK_REALTIME, 1000);
    }

    load->answered++;
    c->answered++;
    c->len = 0;
    c->body = 0;

    if (c->last) {
        load_close(load, c, now);
        return;
    }

    c->state = LOAD_READY;
    load_queue(load, c);
}


static void
load_broken(load_t *load, load_connection_t *c, const char *what)
{
    if (load->broken++ < 10) {
        fprintf(stderr, "load: /d/%" PRIu64 "/%" PRIu64 ": %s\n", c->number,
                c->sent, what);
    }

    load_close(load, c, load_now(CLOCK_MONOTONIC, 1000000));
}


static uint64_t
load_now(clockid_t clock, uint64_t unit)
{
    struct timespec  ts;

    clock_gettime(clock, &ts);

    return (uint64_t) ts.tv_sec * unit
           + (uint64_t) ts.tv_nsec / (1000000000 / unit);
}


static void
load_signal(int signo)
{
    (void) signo;

    load_ends = 1;
}
