
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * latency PORT RATE SECONDS COOKIES < paths
 *
 * Sends RATE requests a second to 127.0.0.1:PORT, at even distances, on 8
 * kept-alive connections, as visitors whose cookies (name=value) stand in the
 * file COOKIES, and prints how long the answers took: "p50 p99 max", in
 * microseconds from the moment at which a request was due.  Does not sleep:
 * it needs a processor of its own.  Exit code 1 when an answer was not 200.
 */


#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define LATENCY_CONNECTIONS  8
#define LATENCY_MAX          1000000    /* us */
#define LATENCY_LINES        4096
#define LATENCY_LINE         512
#define LATENCY_BUFFER       65536


typedef struct {
    int          fd;
    int          waiting;
    uint64_t     due;                   /* ns */
    size_t       len;
    char         buf[LATENCY_BUFFER];
} latency_connection_t;


static latency_connection_t  latency_connections[LATENCY_CONNECTIONS];
static uint32_t  latency_counts[LATENCY_MAX + 1];
static char  latency_cookies[LATENCY_LINES][LATENCY_LINE];
static char  latency_paths[LATENCY_LINES][LATENCY_LINE];


static uint64_t
latency_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


static int
latency_connect(unsigned port)
{
    int                 fd, on;
    struct sockaddr_in  sin;

    fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&sin, 0, sizeof(struct sockaddr_in));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((uint16_t) port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    if (fd == -1
        || connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1)
    {
        perror("latency: connect");
        exit(1);
    }

    on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fcntl(fd, F_SETFL, O_NONBLOCK);

    return fd;
}


static unsigned
latency_lines(FILE *file, char lines[LATENCY_LINES][LATENCY_LINE])
{
    unsigned  n;

    for (n = 0; n < LATENCY_LINES
                && fgets(lines[n], LATENCY_LINE, file) != NULL; n++)
    {
        lines[n][strcspn(lines[n], "\n")] = '\0';
    }

    return n;
}


static void
latency_send(latency_connection_t *c, uint64_t due, const char *path,
    const char *cookie)
{
    int   n;
    char  request[4 * LATENCY_LINE];

    n = snprintf(request, sizeof(request),
                 "GET %s HTTP/1.1\r\n"
                 "Host: shop.example\r\n"
                 "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) "
                 "Gecko/20100101 Firefox/132.0\r\n"
                 "Accept: text/html,application/xhtml+xml\r\n"
                 "Accept-Language: en-US,en;q=0.5\r\n"
                 "Sec-Fetch-Dest: document\r\n"
                 "Sec-Fetch-Mode: navigate\r\n"
                 "Sec-Fetch-Site: none\r\n"
                 "Referer: https://shop.example/\r\n"
                 "Cookie: %s\r\n\r\n", path, cookie);

    if (write(c->fd, request, (size_t) n) != n) {
        perror("latency: write");
        exit(1);
    }

    c->waiting = 1;
    c->due = due;
    c->len = 0;
}


/* 1 when the answer is complete. */

static int
latency_read(latency_connection_t *c)
{
    char     *body, *length;
    ssize_t   n;

    n = read(c->fd, c->buf + c->len, sizeof(c->buf) - 1 - c->len);

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }

    if (n <= 0) {
        fprintf(stderr, "latency: the connection is closed\n");
        exit(1);
    }

    c->len += (size_t) n;
    c->buf[c->len] = '\0';

    body = strstr(c->buf, "\r\n\r\n");

    if (body == NULL) {
        return 0;
    }

    length = strstr(c->buf, "Content-Length: ");

    if (strncmp(c->buf, "HTTP/1.1 200 ", 13) != 0 || length == NULL) {
        fprintf(stderr, "latency: answered: %.60s\n", c->buf);
        exit(1);
    }

    return c->len == (size_t) (body + 4 - c->buf)
                     + strtoul(length + 16, NULL, 10);
}


static unsigned
latency_percentile(uint64_t answered, double share)
{
    unsigned  i;
    uint64_t  n;

    for (i = 0, n = 0; i < LATENCY_MAX; i++) {
        n += latency_counts[i];

        if ((double) n >= share * (double) answered) {
            break;
        }
    }

    return i;
}


int
main(int argc, char **argv)
{
    FILE                  *file;
    double                 rate, seconds;
    unsigned               i, npaths, ncookies;
    uint64_t               now, began, due, sent, answered, us, last;
    latency_connection_t  *c;

    file = (argc == 5) ? fopen(argv[4], "r") : NULL;

    if (file == NULL) {
        fprintf(stderr, "usage: latency PORT RATE SECONDS COOKIES < paths\n");
        return 2;
    }

    rate = strtod(argv[2], NULL);
    seconds = strtod(argv[3], NULL);

    ncookies = latency_lines(file, latency_cookies);
    npaths = latency_lines(stdin, latency_paths);
    fclose(file);

    if (ncookies == 0 || npaths == 0 || rate <= 0) {
        return 2;
    }

    for (i = 0; i < LATENCY_CONNECTIONS; i++) {
        latency_connections[i].fd = latency_connect(
                                        (unsigned) strtoul(argv[1], NULL, 10));
    }

    sent = answered = 0;
    began = latency_now();
    due = began;
    last = began + (uint64_t) (seconds * 1e9);

    for (now = began; now < last || answered < sent; now = latency_now()) {

        for (i = 0; i < LATENCY_CONNECTIONS; i++) {
            c = &latency_connections[i];

            if (c->waiting && latency_read(c)) {
                us = (latency_now() - c->due) / 1000;
                latency_counts[(us < LATENCY_MAX) ? us : LATENCY_MAX]++;
                c->waiting = 0;
                answered++;
            }

            if (!c->waiting && now >= due && now < last) {
                latency_send(c, due, latency_paths[sent % npaths],
                             latency_cookies[sent % ncookies]);
                sent++;
                due = began + (uint64_t) ((double) sent * 1e9 / rate);
            }
        }
    }

    printf("%u %u %u\n", latency_percentile(answered, 0.5),
           latency_percentile(answered, 0.99),
           latency_percentile(answered, 1));

    return 0;
}
