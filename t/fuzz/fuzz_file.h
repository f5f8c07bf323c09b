
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * For the targets that read rule files: a file that is in memory only, and
 * the text that a file is refused with.  To be included first.
 */


#ifndef JOURNEY_FUZZ_FILE_H
#define JOURNEY_FUZZ_FILE_H


#define _GNU_SOURCE

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"


#define FUZZ_PATH_MAX  64


/* Writes its path, and returns what has to be closed. */

static inline int
fuzz_file(char path[FUZZ_PATH_MAX], const void *data, size_t size)
{
    int  fd;

    fd = memfd_create("fuzz", 0);
    check(fd != -1 && write(fd, data, size) == (ssize_t) size);

    (void) snprintf(path, FUZZ_PATH_MAX, "/proc/self/fd/%d", fd);

    return fd;
}


/* A text that says something, and ends in the file and the line. */

static inline void
fuzz_refused(const journey_error_t *err, const char *path)
{
    size_t  i;
    char    place[FUZZ_PATH_MAX + 8];

    i = strlen(err->text);
    check(i < sizeof(err->text));

    while (i > 0 && err->text[i - 1] >= '0' && err->text[i - 1] <= '9') {
        i--;
    }

    (void) snprintf(place, sizeof(place), " in %s:", path);

    check(i > strlen(place) && err->text[i] != '\0');
    check(strncmp(err->text + i - strlen(place), place, strlen(place)) == 0);
}


#endif /* JOURNEY_FUZZ_FILE_H */
