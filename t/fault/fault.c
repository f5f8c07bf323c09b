
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Faults for the writer of the journey log.  scripts/build.sh links this file
 * into the module when FAULTS=1, with the linker's --wrap: what the module
 * calls there comes here first.  No line of the module knows of it.
 *
 * The plan is in the environment, JOURNEY_FAULTS, in words:
 *
 *     LOG COUNTS RULE ...
 *
 * LOG     the log's full name: only calls on files whose name begins so count
 * COUNTS  a file that is made; all processes count there (see fault_count_t)
 * RULE    CALL:FROM[-[TO]]=ACTION, of the calls with these numbers, from 1;
 *         "3-" has no end.  The first rule that fits holds.
 *
 * ACTION  ENOSPC, EIO, ...  the call fails, nothing is done
 *         short,K           write() writes K bytes and says so
 *         die               SIGKILL before the call
 *         die,K             SIGKILL when write() has written K bytes
 *         died              SIGKILL after the call
 *
 * K below 0 is counted from the end.  Only workers die.  A plan that makes no
 * sense ends nginx: no test goes on without its fault.
 */


#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zlib.h>


#define FAULT_FDS    4096
#define FAULT_RULES  16
#define FAULT_WORKER 3                  /* NGX_PROCESS_WORKER */


typedef enum {
    FAULT_OPEN = 0,
    FAULT_OPENAT,
    FAULT_OPENDIR,
    FAULT_FSTAT,
    FAULT_LSTAT,
    FAULT_FLOCK,
    FAULT_FCNTL,
    FAULT_PREAD,
    FAULT_WRITE,
    FAULT_FTRUNCATE,
    FAULT_CLOSE,
    FAULT_ALLOC,
    FAULT_TRYLOCK,
    FAULT_DEFLATE_INIT,
    FAULT_DEFLATE_RESET,
    FAULT_DEFLATE,
    FAULT_CALLS
} fault_call_e;

typedef enum {
    FAULT_FAIL = 0,
    FAULT_SHORT,
    FAULT_DIE,
    FAULT_DIE_AT,
    FAULT_DIED
} fault_action_e;

/* COUNTS is an array of these. */

typedef struct {
    char             name[16];
    uint64_t         calls;
    uint64_t         fired;             /* of which a rule had its way */
} fault_count_t;

typedef struct {
    fault_call_e     call;
    uint64_t         from;
    uint64_t         to;
    fault_action_e   action;
    int              err;
    long             bytes;
} fault_rule_t;


static const char *fault_names[FAULT_CALLS] = {
    "open", "openat", "opendir", "fstat", "lstat", "flock", "fcntl", "pread",
    "write", "ftruncate", "close", "alloc", "trylock", "deflateInit",
    "deflateReset", "deflate"
};

static const struct {
    const char      *name;
    int              err;
} fault_errors[] = {
    { "EACCES", EACCES }, { "EAGAIN", EAGAIN }, { "EBUSY", EBUSY },
    { "EDQUOT", EDQUOT }, { "EFBIG", EFBIG }, { "EINTR", EINTR },
    { "EIO", EIO }, { "ELOOP", ELOOP }, { "EMFILE", EMFILE },
    { "ENOENT", ENOENT }, { "ENOLCK", ENOLCK }, { "ENOMEM", ENOMEM },
    { "ENOSPC", ENOSPC }, { "EROFS", EROFS }, { "ESTALE", ESTALE },
    { "EWOULDBLOCK", EWOULDBLOCK },
};

static fault_count_t  *fault_counts;
static fault_rule_t    fault_rules[FAULT_RULES];
static size_t          fault_nrules;
static char            fault_log[4096];
static unsigned char   fault_ours[FAULT_FDS];

/* nginx's own: what this process is */

extern uintptr_t       ngx_process;


/* ---- the plan ---------------------------------------------------------- */

__attribute__((noreturn)) static void
fault_bad(const char *what, const char *value)
{
    fprintf(stderr, "JOURNEY_FAULTS: %s: \"%s\"\n", what, value);
    _exit(2);
}


static void
fault_action(fault_rule_t *rule, const char *action)
{
    char    *end;
    size_t   i;

    if (strcmp(action, "die") == 0) {
        rule->action = FAULT_DIE;
        return;
    }

    if (strcmp(action, "died") == 0) {
        rule->action = FAULT_DIED;
        return;
    }

    if (strncmp(action, "short,", 6) == 0 || strncmp(action, "die,", 4) == 0) {

        rule->action = (action[0] == 's') ? FAULT_SHORT : FAULT_DIE_AT;
        action = strchr(action, ',') + 1;
        rule->bytes = strtol(action, &end, 10);

        if (end == action || *end != '\0' || rule->call != FAULT_WRITE) {
            fault_bad("no number of bytes of a write", action);
        }

        return;
    }

    rule->action = FAULT_FAIL;

    for (i = 0; i < sizeof(fault_errors) / sizeof(fault_errors[0]); i++) {
        if (strcmp(action, fault_errors[i].name) == 0) {
            rule->err = fault_errors[i].err;
            return;
        }
    }

    fault_bad("no such action", action);
}


static void
fault_rule(char *text)
{
    char          *colon, *action, *end;
    size_t         i;
    fault_rule_t  *rule;

    colon = strchr(text, ':');
    action = strchr(text, '=');

    if (colon == NULL || action == NULL || action < colon
        || fault_nrules == FAULT_RULES)
    {
        fault_bad("no rule, or too many", text);
    }

    *colon = '\0';
    *action = '\0';

    rule = &fault_rules[fault_nrules++];

    for (i = 0; i < FAULT_CALLS && strcmp(text, fault_names[i]) != 0; i++) {
        /* void */
    }

    if (i == FAULT_CALLS) {
        fault_bad("no such call", text);
    }

    rule->call = (fault_call_e) i;
    rule->from = strtoul(colon + 1, &end, 10);
    rule->to = rule->from;

    if (*end == '-') {
        rule->to = (end[1] == '\0') ? UINT64_MAX : strtoul(end + 1, &end, 10);
        end = (rule->to == UINT64_MAX) ? action : end;
    }

    if (end != action || rule->from == 0 || rule->to < rule->from) {
        fault_bad("no range", colon + 1);
    }

    fault_action(rule, action + 1);
}


/* Runs in the first process, as it loads the module; the others inherit. */

__attribute__((constructor)) static void
fault_init(void)
{
    int    fd;
    char  *plan, *word, *save;
    void  *p;
    size_t  i;

    plan = getenv("JOURNEY_FAULTS");

    if (plan == NULL) {
        return;
    }

    plan = strdup(plan);
    save = NULL;

    word = strtok_r(plan, " ", &save);

    if (word == NULL || word[0] != '/' || strlen(word) >= sizeof(fault_log)) {
        fault_bad("no full name of a log", (word != NULL) ? word : "");
    }

    strcpy(fault_log, word);

    word = strtok_r(NULL, " ", &save);
    fd = (word != NULL) ? open(word, O_RDWR|O_CREAT|O_CLOEXEC, 0600) : -1;

    if (fd == -1
        || ftruncate(fd, FAULT_CALLS * sizeof(fault_count_t)) == -1)
    {
        fault_bad("no file to count in", (word != NULL) ? word : "");
    }

    p = mmap(NULL, FAULT_CALLS * sizeof(fault_count_t), PROT_READ|PROT_WRITE,
             MAP_SHARED, fd, 0);

    if (p == MAP_FAILED) {
        fault_bad("mmap() failed", word);
    }

    close(fd);

    for (word = strtok_r(NULL, " ", &save); word != NULL;
         word = strtok_r(NULL, " ", &save))
    {
        fault_rule(word);
    }

    free(plan);

    fault_counts = p;

    for (i = 0; i < FAULT_CALLS; i++) {
        strcpy(fault_counts[i].name, fault_names[i]);
    }
}


/* ---- a call ------------------------------------------------------------ */

static int
fault_named(const char *name)
{
    return fault_counts != NULL
           && strncmp(name, fault_log, strlen(fault_log)) == 0;
}


static int
fault_fd(int fd)
{
    return fault_counts != NULL && fd >= 0 && fd < FAULT_FDS && fault_ours[fd];
}


static void
fault_die(void)
{
    (void) kill(getpid(), SIGKILL);

    for ( ;; ) {
        (void) pause();
    }
}


/* Counts it.  The rule that holds, NULL: none; whoever is to die before the
 * call does so here. */

static const fault_rule_t *
fault_call(fault_call_e call)
{
    size_t               i;
    uint64_t             n;
    const fault_rule_t  *rule;

    n = __atomic_add_fetch(&fault_counts[call].calls, 1, __ATOMIC_SEQ_CST);

    for (i = 0; i < fault_nrules; i++) {
        rule = &fault_rules[i];

        if (rule->call != call || n < rule->from || n > rule->to) {
            continue;
        }

        if (rule->action >= FAULT_DIE && ngx_process != FAULT_WORKER) {
            return NULL;
        }

        (void) __atomic_add_fetch(&fault_counts[call].fired, 1,
                                  __ATOMIC_SEQ_CST);

        if (rule->action == FAULT_DIE) {
            fault_die();
        }

        return rule;
    }

    return NULL;
}


/* 1: the call is to fail, errno is set. */

static int
fault_fails(const fault_rule_t *rule)
{
    if (rule == NULL || rule->action != FAULT_FAIL) {
        return 0;
    }

    errno = rule->err;

    return 1;
}


static void
fault_after(const fault_rule_t *rule)
{
    if (rule != NULL && rule->action == FAULT_DIED) {
        fault_die();
    }
}


static int
fault_opened(int fd)
{
    if (fd >= 0 && fd < FAULT_FDS) {
        fault_ours[fd] = 1;
    }

    return fd;
}


/* One body for all calls that return -1 as they fail: whether it counts, what
 * it is, and the real one. */

#define fault_body(type, counts, call, real)                                  \
    type                 rc;                                                  \
    const fault_rule_t  *rule;                                                \
                                                                              \
    rule = (counts) ? fault_call(call) : NULL;                                \
                                                                              \
    if (fault_fails(rule)) {                                                  \
        return -1;                                                            \
    }                                                                         \
                                                                              \
    rc = real;                                                                \
    fault_after(rule);                                                        \
                                                                              \
    return rc


/* ---- files ------------------------------------------------------------- */

/* Each under both names that the C library has for it. */

#define fault_files(open, openat, fstat, lstat, fcntl, pread, ftruncate)      \
                                                                              \
extern int __real_##open(const char *name, int flags, mode_t mode);           \
extern int __real_##openat(int dir, const char *name, int flags,              \
    mode_t mode);                                                             \
extern int __real_##fstat(int fd, void *st);                                  \
extern int __real_##lstat(const char *name, void *st);                        \
extern int __real_##fcntl(int fd, int cmd, void *arg);                        \
extern ssize_t __real_##pread(int fd, void *p, size_t n, off64_t offset);     \
extern int __real_##ftruncate(int fd, off64_t size);                          \
                                                                              \
int                                                                           \
__wrap_##open(const char *name, int flags, mode_t mode)                       \
{                                                                             \
    int  ours = fault_named(name);                                            \
                                                                              \
    fault_body(int, ours, FAULT_OPEN,                                         \
               ours ? fault_opened(__real_##open(name, flags, mode))          \
                    : __real_##open(name, flags, mode));                      \
}                                                                             \
                                                                              \
int                                                                           \
__wrap_##openat(int dir, const char *name, int flags, mode_t mode)            \
{                                                                             \
    int  ours = fault_counts != NULL                                          \
                && (dir != AT_FDCWD || fault_named(name));                    \
                                                                              \
    fault_body(int, ours, FAULT_OPENAT,                                       \
               ours ? fault_opened(__real_##openat(dir, name, flags, mode))   \
                    : __real_##openat(dir, name, flags, mode));               \
}                                                                             \
                                                                              \
int                                                                           \
__wrap_##fstat(int fd, void *st)                                              \
{                                                                             \
    fault_body(int, fault_fd(fd), FAULT_FSTAT, __real_##fstat(fd, st));       \
}                                                                             \
                                                                              \
int                                                                           \
__wrap_##lstat(const char *name, void *st)                                    \
{                                                                             \
    fault_body(int, fault_named(name), FAULT_LSTAT,                           \
               __real_##lstat(name, st));                                     \
}                                                                             \
                                                                              \
int                                                                           \
__wrap_##fcntl(int fd, int cmd, void *arg)                                    \
{                                                                             \
    fault_body(int, fault_fd(fd), FAULT_FCNTL,                                \
               __real_##fcntl(fd, cmd, arg));                                 \
}                                                                             \
                                                                              \
ssize_t                                                                       \
__wrap_##pread(int fd, void *p, size_t n, off64_t offset)                     \
{                                                                             \
    fault_body(ssize_t, fault_fd(fd), FAULT_PREAD,                            \
               __real_##pread(fd, p, n, offset));                             \
}                                                                             \
                                                                              \
int                                                                           \
__wrap_##ftruncate(int fd, off64_t size)                                      \
{                                                                             \
    fault_body(int, fault_fd(fd), FAULT_FTRUNCATE,                            \
               __real_##ftruncate(fd, size));                                 \
}

fault_files(open, openat, fstat, lstat, fcntl, pread, ftruncate)
fault_files(open64, openat64, fstat64, lstat64, fcntl64, pread64, ftruncate64)


/* The compiler's guard of buffers has names of its own. */

#define fault_pread_chk(pread)                                                \
                                                                              \
extern ssize_t __real_##pread(int fd, void *p, size_t n, off64_t offset,      \
    size_t size);                                                             \
                                                                              \
ssize_t                                                                       \
__wrap_##pread(int fd, void *p, size_t n, off64_t offset, size_t size)        \
{                                                                             \
    fault_body(ssize_t, fault_fd(fd), FAULT_PREAD,                            \
               __real_##pread(fd, p, n, offset, size));                       \
}

fault_pread_chk(__pread_chk)
fault_pread_chk(__pread64_chk)


extern int __real_flock(int fd, int operation);
extern int __real_close(int fd);
extern ssize_t __real_write(int fd, const void *p, size_t n);
extern DIR *__real_opendir(const char *name);


int
__wrap_flock(int fd, int operation)
{
    fault_body(int, fault_fd(fd), FAULT_FLOCK, __real_flock(fd, operation));
}


/* A file is closed even when that fails. */

int
__wrap_close(int fd)
{
    int                  rc;
    const fault_rule_t  *rule;

    rule = NULL;

    if (fault_fd(fd)) {
        fault_ours[fd] = 0;
        rule = fault_call(FAULT_CLOSE);
    }

    rc = __real_close(fd);
    fault_after(rule);

    return fault_fails(rule) ? -1 : rc;
}


ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
    long                 bytes;
    ssize_t              rc;
    const fault_rule_t  *rule;

    rule = fault_fd(fd) ? fault_call(FAULT_WRITE) : NULL;

    if (fault_fails(rule)) {
        return -1;
    }

    bytes = (long) n;

    if (rule != NULL
        && (rule->action == FAULT_SHORT || rule->action == FAULT_DIE_AT))
    {
        bytes = rule->bytes + ((rule->bytes < 0) ? (long) n : 0);
        bytes = (bytes < 0) ? 0 : bytes;
        bytes = (bytes > (long) n) ? (long) n : bytes;
    }

    /* so many bytes, unless the disk itself is full */

    rc = (bytes > 0) ? __real_write(fd, p, (size_t) bytes) : 0;

    if (rule != NULL && rule->action == FAULT_DIE_AT) {
        fault_die();
    }

    fault_after(rule);

    return rc;
}


/* Of a folder in which the log is. */

DIR *
__wrap_opendir(const char *name)
{
    DIR                 *dir;
    const fault_rule_t  *rule;

    rule = (fault_counts != NULL
            && strncmp(fault_log, name, strlen(name)) == 0
            && fault_log[strlen(name)] == '/')
           ? fault_call(FAULT_OPENDIR) : NULL;

    if (fault_fails(rule)) {
        return NULL;
    }

    dir = __real_opendir(name);
    fault_after(rule);

    return dir;
}


/* ---- memory, locks, zlib ----------------------------------------------- */

/* Of workers only: a master has other uses for memory. */

extern void *__real_ngx_alloc(size_t size, void *log);
extern int __real_pthread_mutex_trylock(void *mutex);
extern int __real_deflateInit2_(z_streamp z, int level, int method, int bits,
    int memory, int strategy, const char *version, int size);
extern int __real_deflateReset(z_streamp z);
extern int __real_deflate(z_streamp z, int flush);


void *
__wrap_ngx_alloc(size_t size, void *log)
{
    void                *p;
    const fault_rule_t  *rule;

    rule = (fault_counts != NULL && ngx_process == FAULT_WORKER)
           ? fault_call(FAULT_ALLOC) : NULL;

    if (fault_fails(rule)) {
        return NULL;
    }

    p = __real_ngx_alloc(size, log);
    fault_after(rule);

    return p;
}


/* Returns what went wrong, as all of pthread's. */

int
__wrap_pthread_mutex_trylock(void *mutex)
{
    int                  rc;
    const fault_rule_t  *rule;

    rule = (fault_counts != NULL && ngx_process == FAULT_WORKER)
           ? fault_call(FAULT_TRYLOCK) : NULL;

    if (fault_fails(rule)) {
        return rule->err;
    }

    rc = __real_pthread_mutex_trylock(mutex);
    fault_after(rule);

    return rc;
}


/* zlib has one error when memory is short, whatever the plan calls it. */

#define fault_zlib(call, real)                                                \
    int                  rc;                                                  \
    const fault_rule_t  *rule;                                                \
                                                                              \
    rule = (fault_counts != NULL) ? fault_call(call) : NULL;                  \
                                                                              \
    if (fault_fails(rule)) {                                                  \
        return Z_MEM_ERROR;                                                   \
    }                                                                         \
                                                                              \
    rc = real;                                                                \
    fault_after(rule);                                                        \
                                                                              \
    return rc


int
__wrap_deflateInit2_(z_streamp z, int level, int method, int bits, int memory,
    int strategy, const char *version, int size)
{
    fault_zlib(FAULT_DEFLATE_INIT,
               __real_deflateInit2_(z, level, method, bits, memory, strategy,
                                    version, size));
}


int
__wrap_deflateReset(z_streamp z)
{
    fault_zlib(FAULT_DEFLATE_RESET, __real_deflateReset(z));
}


int
__wrap_deflate(z_streamp z, int flush)
{
    fault_zlib(FAULT_DEFLATE, __real_deflate(z, flush));
}
