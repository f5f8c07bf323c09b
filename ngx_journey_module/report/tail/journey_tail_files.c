
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Nothing depends on inotify but how soon something is noticed, and how a file
 * came to its name: a log is made where it stands, a copy or a file written
 * anew often gets there by a rename.
 */


#include "journey_tail_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>


/* Files that are open at once, and how long one that is gone is kept, in ms:
 * a worker may have been about to write to it. */

#define JOURNEY_TAIL_OPEN    64
#define JOURNEY_TAIL_LINGER  (30 * 1000)

#define JOURNEY_TAIL_EVENTS  1024       /* names that are remembered */

#define JOURNEY_TAIL_MASK                                                     \
    (IN_CREATE|IN_MOVED_TO|IN_MOVED_FROM|IN_DELETE|IN_MODIFY|IN_ONLYDIR)


uint64_t
journey_tail_clock(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}


/* A pattern of the names that strftime() makes of one. */

static char *
journey_tail_pattern(const char *name)
{
    char  *pattern, *p;

    pattern = malloc(2 * strlen(name) + 3);
    if (pattern == NULL) {
        return NULL;
    }

    for (p = pattern; *name != '\0'; name++) {

        if (*name != '%') {
            *p++ = *name;
            continue;
        }

        name += 1 + strspn(name + 1, "-_0^#EO");

        if (*name == '\0') {
            break;
        }

        *p++ = (*name == '%') ? '%' : '*';
    }

    *p = '\0';

    return pattern;
}


/* Watches the folder of a name; one whose own name is a pattern is looked at
 * by itself. */

static int
journey_tail_watch(journey_tail_files_t *files, const char *name,
    unsigned folder)
{
    int          watch;
    char        *dir;
    const char  *slash;

    if (files->inotify == -1) {
        return -1;
    }

    dir = strdup(name);
    if (dir == NULL) {
        return -1;
    }

    if (!folder) {
        slash = strrchr(name, '/');

        if (slash == NULL) {
            free(dir);
            dir = strdup(".");

        } else {
            dir[slash - name + (slash == name)] = '\0';
        }
    }

    watch = (dir == NULL || dir[strcspn(dir, "*?[")] != '\0') ? -1
            : inotify_add_watch(files->inotify, dir, JOURNEY_TAIL_MASK);

    free(dir);

    return watch;
}


static int
journey_tail_arg(journey_tail_files_t *files, journey_tail_arg_t *arg,
    const char *name, journey_error_t *err)
{
    struct stat  st;

    arg->name = name;

    if (stat(name, &st) == 0) {
        if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
            return journey_error(err, "%s is neither a file nor a folder",
                                 name);
        }

        arg->kind = S_ISDIR(st.st_mode) ? JOURNEY_TAIL_FOLDER
                                        : JOURNEY_TAIL_FILE;
        arg->watch = journey_tail_watch(files, name, S_ISDIR(st.st_mode));

        return JOURNEY_OK;
    }

    if (name[strcspn(name, "*?[%")] == '\0') {
        return journey_error(err, "%s: %s", name, strerror(errno));
    }

    arg->kind = JOURNEY_TAIL_PATTERN;
    arg->pattern = journey_tail_pattern(name);

    if (arg->pattern == NULL) {
        return journey_error(err, "not enough memory");
    }

    arg->watch = journey_tail_watch(files, arg->pattern, 0);

    return JOURNEY_OK;
}


static void
journey_tail_forget_events(journey_tail_files_t *files)
{
    size_t  i;

    for (i = 0; i < files->nevents; i++) {
        free(files->events[i].name);
    }

    files->nevents = 0;
}


static void
journey_tail_entry_free(journey_tail_files_t *files,
    journey_tail_entry_t *entry)
{
    files->nopen -= (entry->file.fd != -1);

    journey_tail_file_free(&entry->file);
    free(entry->path);
    free(entry);
}


void
journey_tail_files_free(journey_tail_files_t *files)
{
    size_t    i;
    unsigned  k;

    for (i = 0; i < files->nentries; i++) {
        journey_tail_entry_free(files, files->entries[i]);
    }

    for (k = 0; k < files->nargs; k++) {
        free(files->args[k].pattern);
    }

    journey_tail_forget_events(files);

    if (files->inotify != -1) {
        (void) close(files->inotify);
    }

    free(files->events);
    free(files->entries);
    free(files->args);
}


/* Room for one more: the file that has rested longest is closed, and opened
 * again when it grows. */

static void
journey_tail_close_one(journey_tail_files_t *files)
{
    size_t                 i;
    journey_tail_entry_t  *entry, *oldest;

    oldest = NULL;

    for (i = 0; i < files->nentries; i++) {
        entry = files->entries[i];

        if (entry->file.fd != -1 && !entry->gone
            && (oldest == NULL || entry->changed < oldest->changed))
        {
            oldest = entry;
        }
    }

    if (oldest != NULL) {
        (void) close(oldest->file.fd);
        oldest->file.fd = -1;
        files->nopen--;
    }
}


int
journey_tail_files_open(journey_tail_files_t *files,
    journey_tail_entry_t *entry)
{
    struct stat  st;

    if (entry->file.fd != -1) {
        return JOURNEY_OK;
    }

    if (files->nopen >= JOURNEY_TAIL_OPEN) {
        journey_tail_close_one(files);
    }

    entry->file.fd = open(entry->path, O_RDONLY|O_CLOEXEC|O_NONBLOCK);

    if (entry->file.fd == -1) {
        return JOURNEY_ERROR;
    }

    files->nopen++;

    if (fstat(entry->file.fd, &st) == -1 || st.st_ino != entry->ino
        || st.st_dev != entry->dev)
    {
        /* another one by now: the next look finds it */

        (void) close(entry->file.fd);
        entry->file.fd = -1;
        files->nopen--;

        errno = ENOENT;
        return JOURNEY_ERROR;
    }

    entry->changed = journey_tail_clock();

    return JOURNEY_OK;
}


/* A name that is another one with something added is that of a copy: FILE.1,
 * FILE.1.gz, FILE-20261122. */

static int
journey_tail_is_copy(const journey_tail_files_t *files, const char *path)
{
    size_t       i, len;
    const char  *known, *added;

    for (i = 0; i < files->nentries; i++) {
        known = files->entries[i]->path;
        len = strlen(known);

        if (strncmp(path, known, len) != 0
            || (path[len] != '.' && path[len] != '-'))
        {
            continue;
        }

        added = path + len + 1;

        if ((*added >= '0' && *added <= '9') || strcmp(added, "gz") == 0
            || strcmp(added, "bz2") == 0 || strcmp(added, "xz") == 0
            || strcmp(added, "zst") == 0)
        {
            return 1;
        }
    }

    return 0;
}


static int
journey_tail_entry_add(journey_tail_files_t *files, unsigned arg,
    const char *path, const struct stat *st)
{
    size_t                  size;
    journey_tail_entry_t   *entry, **entries;

    if (files->nentries == files->entries_size) {
        size = files->entries_size ? 2 * files->entries_size : 16;

        entries = realloc(files->entries,
                          size * sizeof(journey_tail_entry_t *));
        if (entries == NULL) {
            return JOURNEY_ERROR;
        }

        files->entries = entries;
        files->entries_size = size;
    }

    entry = calloc(1, sizeof(journey_tail_entry_t));
    if (entry == NULL) {
        return JOURNEY_ERROR;
    }

    entry->path = strdup(path);
    if (entry->path == NULL) {
        free(entry);
        return JOURNEY_ERROR;
    }

    entry->dev = st->st_dev;
    entry->ino = st->st_ino;
    entry->arg = arg;
    entry->born = files->round;

    if (files->round == 1) {
        journey_tail_file_init(&entry->file, -1, (uint64_t) st->st_size, 0);

    } else {
        journey_tail_file_init(&entry->file, -1, 0, 1);

        entry->pending = 1;
        entry->copy = (files->args[arg].kind != JOURNEY_TAIL_FILE
                       && journey_tail_is_copy(files, path));
    }

    files->entries[files->nentries++] = entry;

    return JOURNEY_OK;
}


static uint64_t
journey_tail_mtime(const struct stat *st)
{
    return (uint64_t) st->st_mtim.tv_sec * 1000000000
           + (uint64_t) st->st_mtim.tv_nsec;
}


/* A file that an argument names. */

static int
journey_tail_see(journey_tail_files_t *files, unsigned arg, const char *path)
{
    char                  *copy;
    size_t                 i;
    struct stat            st;
    journey_tail_entry_t  *entry;

    if (stat(path, &st) == -1 || !S_ISREG(st.st_mode)) {
        return JOURNEY_OK;
    }

    for (i = 0; i < files->nentries; i++) {
        entry = files->entries[i];

        if (entry->ino == st.st_ino && entry->dev == st.st_dev) {
            break;
        }
    }

    if (i == files->nentries
        && journey_tail_entry_add(files, arg, path, &st) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    entry = files->entries[i];

    if (strcmp(entry->path, path) != 0 && entry->round != files->round) {
        copy = strdup(path);
        if (copy == NULL) {
            return JOURNEY_ERROR;
        }

        free(entry->path);
        entry->path = copy;
    }

    if (entry->round != 0 && !entry->pending
        && (entry->size != (uint64_t) st.st_size
            || entry->mtime != journey_tail_mtime(&st)))
    {
        entry->changed = journey_tail_clock();
        (void) journey_tail_files_open(files, entry);
    }

    entry->size = (uint64_t) st.st_size;
    entry->mtime = journey_tail_mtime(&st);
    entry->round = files->round;
    entry->gone = 0;

    return JOURNEY_OK;
}


static int
journey_tail_see_folder(journey_tail_files_t *files, unsigned arg)
{
    int             rc;
    DIR            *dir;
    char           *path;
    size_t          len;
    const char     *name;
    struct dirent  *de;

    name = files->args[arg].name;
    rc = JOURNEY_OK;

    dir = opendir(name);
    if (dir == NULL) {
        return JOURNEY_OK;
    }

    while (rc == JOURNEY_OK && (de = readdir(dir)) != NULL) {

        if (de->d_name[0] == '.') {
            continue;
        }

        len = strlen(name) + strlen(de->d_name) + 2;

        path = malloc(len);
        if (path == NULL) {
            rc = JOURNEY_ERROR;
            break;
        }

        snprintf(path, len, "%s%s%s", name,
                 name[strlen(name) - 1] == '/' ? "" : "/", de->d_name);

        rc = journey_tail_see(files, arg, path);

        free(path);
    }

    (void) closedir(dir);

    return rc;
}


static int
journey_tail_see_pattern(journey_tail_files_t *files, unsigned arg)
{
    int      rc;
    glob_t   found;
    size_t   i;

    rc = glob(files->args[arg].pattern, 0, NULL, &found);

    if (rc != 0) {
        return rc == GLOB_NOSPACE ? JOURNEY_ERROR : JOURNEY_OK;
    }

    rc = JOURNEY_OK;

    for (i = 0; i < found.gl_pathc && rc == JOURNEY_OK; i++) {
        rc = journey_tail_see(files, arg, found.gl_pathv[i]);
    }

    globfree(&found);

    return rc;
}


static int
journey_tail_look(journey_tail_files_t *files)
{
    int       rc;
    unsigned  i;

    files->round++;
    files->scanned = journey_tail_clock();

    for (i = 0, rc = JOURNEY_OK; i < files->nargs && rc == JOURNEY_OK; i++) {

        switch (files->args[i].kind) {

        case JOURNEY_TAIL_FILE:
            rc = journey_tail_see(files, i, files->args[i].name);
            break;

        case JOURNEY_TAIL_FOLDER:
            rc = journey_tail_see_folder(files, i);
            break;

        default: /* JOURNEY_TAIL_PATTERN */
            rc = journey_tail_see_pattern(files, i);
        }
    }

    return rc;
}


int
journey_tail_files_init(journey_tail_files_t *files, char **args,
    unsigned nargs, journey_error_t *err)
{
    unsigned  i;

    memset(files, 0, sizeof(journey_tail_files_t));

    files->inotify = inotify_init1(IN_NONBLOCK|IN_CLOEXEC);
    files->args = calloc(nargs, sizeof(journey_tail_arg_t));
    files->events = calloc(JOURNEY_TAIL_EVENTS, sizeof(journey_tail_event_t));

    if (files->args == NULL || files->events == NULL) {
        return journey_error(err, "not enough memory");
    }

    for (i = 0; i < nargs; i++) {
        files->nargs++;

        if (journey_tail_arg(files, &files->args[i], args[i], err)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }
    }

    return journey_tail_look(files) == JOURNEY_OK
           ? JOURNEY_OK : journey_error(err, "not enough memory");
}


int
journey_tail_files_events(journey_tail_files_t *files)
{
    int                          names;
    char                        *p, *name;
    ssize_t                      n;
    journey_tail_event_t        *event;
    const struct inotify_event  *ie;
    char                         buf[8192]
                         __attribute__((aligned(__alignof__(*ie))));

    names = 0;

    if (files->inotify == -1) {
        return 0;
    }

    while ((n = read(files->inotify, buf, sizeof(buf))) > 0) {

        for (p = buf; p < buf + n; p += sizeof(*ie) + ie->len) {
            ie = (const struct inotify_event *) p;

            if (!(ie->mask & ~IN_MODIFY)) {
                continue;
            }

            names = 1;

            if (!(ie->mask & (IN_CREATE|IN_MOVED_TO)) || ie->len == 0
                || files->nevents == JOURNEY_TAIL_EVENTS)
            {
                continue;
            }

            name = strdup(ie->name);
            if (name == NULL) {
                continue;
            }

            event = &files->events[files->nevents++];
            event->watch = ie->wd;
            event->name = name;
            event->moved = (ie->mask & IN_MOVED_TO) != 0;
        }
    }

    return names;
}


/* What was heard of the entry's name: 1 it was made, 0 it was moved there, -1
 * nothing. */

static int
journey_tail_heard(const journey_tail_files_t *files,
    const journey_tail_entry_t *entry)
{
    size_t                       i;
    const char                  *name;
    const journey_tail_event_t  *event;

    name = strrchr(entry->path, '/');
    name = (name == NULL) ? entry->path : name + 1;

    /* the latest word counts */

    for (i = files->nevents; i > 0; i--) {
        event = &files->events[i - 1];

        if (event->watch == files->args[entry->arg].watch
            && strcmp(event->name, name) == 0)
        {
            return !event->moved;
        }
    }

    return -1;
}


/* A file that has just appeared is a new log, to be read from its begin,
 * unless it came to its name by a rename.  That may not have been heard yet:
 * then the next look decides. */

static void
journey_tail_adopt(journey_tail_files_t *files, journey_tail_entry_t *entry)
{
    int  heard;

    if (entry->copy) {
        return;
    }

    heard = 1;

    if (files->args[entry->arg].kind != JOURNEY_TAIL_FILE
        && files->args[entry->arg].watch != -1)
    {
        heard = journey_tail_heard(files, entry);

        if (heard == -1 && entry->born == files->round) {
            return;
        }
    }

    entry->pending = 0;

    if (heard == 0) {
        journey_tail_file_init(&entry->file, -1, entry->size, 0);
        return;
    }

    (void) journey_tail_files_open(files, entry);
}


int
journey_tail_files_scan(journey_tail_files_t *files)
{
    size_t                 i, n;
    journey_tail_entry_t  *entry;

    if (journey_tail_look(files) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    for (i = 0, n = 0; i < files->nentries; i++) {
        entry = files->entries[i];

        if (entry->pending) {
            journey_tail_adopt(files, entry);
        }

        if (entry->round != files->round) {
            entry->gone = 1;

            if (entry->file.fd == -1
                || files->scanned - entry->changed > JOURNEY_TAIL_LINGER)
            {
                journey_tail_entry_free(files, entry);
                continue;
            }
        }

        files->entries[n++] = entry;
    }

    files->nentries = n;

    journey_tail_forget_events(files);

    return JOURNEY_OK;
}
