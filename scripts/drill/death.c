
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * LD_PRELOAD for nginx in a drill: kills a worker with -9 in the middle of its
 * appending to the journey log, where a kill from outside would come once in a
 * blue moon.  DRILL_DEATH=FILE:LOG; the first byte of FILE, which all processes
 * see, says when: 'b' before the next write to LOG or to LOG.anything, 'h' when
 * half of it is written, 'a' after it.  Whoever dies sets it to 0 first.
 */


#define _GNU_SOURCE                     /* syscall() */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>


static void death_init(void) __attribute__((constructor));
static int death_is_log(int fd);


static char  *death_when;
static char   death_log[1024];


static void
death_init(void)
{
    int          fd;
    void        *p;
    char         name[1024];
    size_t       len;
    const char  *value, *colon;

    value = getenv("DRILL_DEATH");
    colon = (value == NULL) ? NULL : strchr(value, ':');

    if (colon == NULL) {
        return;
    }

    len = (size_t) (colon - value);

    if (len >= sizeof(name) || strlen(colon + 1) >= sizeof(death_log)) {
        return;
    }

    memcpy(name, value, len);
    name[len] = '\0';
    strcpy(death_log, colon + 1);

    fd = open(name, O_RDWR|O_CLOEXEC);

    if (fd == -1) {
        return;
    }

    p = mmap(NULL, 1, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);

    if (p != MAP_FAILED) {
        death_when = p;
    }

    close(fd);
}


ssize_t
write(int fd, const void *buf, size_t size)
{
    char  when;

    if (death_when == NULL
        || __atomic_load_n(death_when, __ATOMIC_RELAXED) == 0
        || !death_is_log(fd))
    {
        return syscall(SYS_write, fd, buf, size);
    }

    when = __atomic_exchange_n(death_when, 0, __ATOMIC_SEQ_CST);

    switch (when) {

    case 0:                             /* another one was faster */
        return syscall(SYS_write, fd, buf, size);

    case 'h':
        (void) !syscall(SYS_write, fd, buf, size / 2);
        break;

    case 'a':
        (void) !syscall(SYS_write, fd, buf, size);
        break;
    }

    kill(getpid(), SIGKILL);

    return -1;
}


static int
death_is_log(int fd)
{
    char     name[64], target[1024];
    ssize_t  n;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);

    n = readlink(name, target, sizeof(target) - 1);

    if (n == -1) {
        return 0;
    }

    target[n] = '\0';

    return strncmp(target, death_log, strlen(death_log)) == 0;
}
