
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Spilling when the system fails: what cannot be written or read, and memory
 * that is exhausted, ends it with a reason; what is written or read by halves
 * makes no difference.  Never are there other numbers.
 */


#include "journey_load.h"
#include "journey_spill_file.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef O_TMPFILE
#define O_TMPFILE  (020000000 | O_DIRECTORY)
#endif


#define FILES   24
#define LINES   80
#define MEMORY  (128 * 1024)

/* A sanitizer has a malloc() of its own. */

#if defined(__SANITIZE_ADDRESS__)
#define FAULTY_MALLOC  0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FAULTY_MALLOC  0
#endif
#endif

#ifndef FAULTY_MALLOC
#define FAULTY_MALLOC  1
#endif


typedef enum {
    FAULT_NONE = 0,
    FAULT_ERROR,                        /* the call fails */
    FAULT_ZERO,                         /* it does nothing */
    FAULT_SHORT,                        /* each does a part */
    FAULT_AGAIN                         /* each other one is interrupted */
} fault_e;

typedef struct {
    fault_e   kind;
    int       error;
    unsigned  at;                       /* number of the call, from 1 */
    unsigned  calls;
} fault_t;

typedef struct {
    uint64_t  events;
    uint64_t  sum;
} digest_t;


static fault_t  writes, reads, opens, mallocs;
static char     folder[] = "/tmp/journey-spill-XXXXXX";
static char     names[FILES][64];
static char    *args[FILES];


/* In place of the C library's.  1 when the call fails as the fault has it, len
 * becomes less when it is short. */

static int
faulty(fault_t *fault, size_t *len)
{
    unsigned  n;

    n = __atomic_add_fetch(&fault->calls, 1, __ATOMIC_RELAXED);

    switch (fault->kind) {

    case FAULT_ERROR:
    case FAULT_ZERO:
        return n == fault->at;

    case FAULT_SHORT:
        *len = (*len > 1) ? 1 + n * 7919 % (*len - 1) : *len;
        return 0;

    case FAULT_AGAIN:
        return n & 1;

    default:
        return 0;
    }
}


static ssize_t
failed(const fault_t *fault)
{
    if (fault->kind == FAULT_ZERO) {
        return 0;
    }

    errno = (fault->kind == FAULT_AGAIN) ? EINTR : fault->error;

    return -1;
}


ssize_t
pwrite(int fd, const void *p, size_t len, off_t offset)
{
    if (faulty(&writes, &len)) {
        return failed(&writes);
    }

    return syscall(SYS_pwrite64, fd, p, len, offset);
}


ssize_t
pread(int fd, void *p, size_t len, off_t offset)
{
    if (faulty(&reads, &len)) {
        return failed(&reads);
    }

    return syscall(SYS_pread64, fd, p, len, offset);
}


/* Where the C library guards buffers. */

ssize_t __pread_chk(int fd, void *p, size_t len, off_t offset, size_t size);

ssize_t
__pread_chk(int fd, void *p, size_t len, off_t offset, size_t size)
{
    return len <= size ? pread(fd, p, len, offset) : -1;
}


int
open(const char *name, int flags, ...)
{
    int      mode;
    size_t   len;
    va_list  ap;

    va_start(ap, flags);
    mode = (flags & (O_CREAT|O_TMPFILE)) ? va_arg(ap, int) : 0;
    va_end(ap);

    len = 0;

    if ((flags & O_TMPFILE) == O_TMPFILE && faulty(&opens, &len)) {
        return (int) failed(&opens);
    }

    return (int) syscall(SYS_openat, AT_FDCWD, name, flags, mode);
}


#if FAULTY_MALLOC

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);


void *
malloc(size_t size)
{
    return faulty(&mallocs, &size) ? NULL : __libc_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    return faulty(&mallocs, &n) ? NULL : __libc_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    return faulty(&mallocs, &size) ? NULL : __libc_realloc(p, size);
}

#endif


static void
fault_none(void)
{
    memset(&writes, 0, sizeof(fault_t));
    memset(&reads, 0, sizeof(fault_t));
    memset(&opens, 0, sizeof(fault_t));
    memset(&mallocs, 0, sizeof(fault_t));
}


/* Logs of visitors, some of them joined. */

static int
make(void)
{
    int       fd;
    FILE     *file;
    unsigned  i, k, n, v;

    if (mkdtemp(folder) == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0, n = 0; i < FILES; i++) {
        snprintf(names[i], sizeof(names[i]), "%s/%u.log", folder, i);
        args[i] = names[i];

        fd = (int) syscall(SYS_openat, AT_FDCWD, names[i],
                           O_WRONLY|O_CREAT, 0600);
        file = fdopen(fd, "w");

        if (file == NULL) {
            return JOURNEY_ERROR;
        }

        for (k = 0; k < LINES; k++, n++) {
            v = n * 7 % 211;

            fprintf(file, "{\"t\":%u,\"k\":\"%s\",\"v\":\"c%016u\",\"j\":1,"
                    "\"s\":%u,\"h\":\"shop.example\",\"p\":\"/%u\"",
                    1000 + n / 3, n % 5 ? "page" : "goal", v, 1 + n % 3,
                    n % 37);

            if (n % 5 == 0) {
                fprintf(file, ",\"goal\":\"buy\",\"ord\":\"the number %020u\","
                        "\"w\":[\"email\",\"direct\"],\"wn\":2", n % 90);
            }

            if (n % 11 == 0) {
                fprintf(file, ",\"u\":\"the user %020u\"", v % 40);
            }

            if (n % 13 == 0) {
                fprintf(file, ",\"pv\":\"h%016u\"", v);
            }

            fprintf(file, ",\"ch\":\"email\",\"src\":\"s%u\"}\n", n % 9);
        }

        if (fclose(file) != 0) {
            return JOURNEY_ERROR;
        }
    }

    return JOURNEY_OK;
}


static uint64_t
hash(uint64_t h, const journey_str_t *str)
{
    size_t  i;

    for (i = 0; i < str->len; i++) {
        h = (h ^ str->data[i]) * 0x100000001b3ULL;
    }

    return h;
}


/* All of a store, whatever its windows. */

static int
digest(journey_store_t *store, digest_t *d)
{
    int            rc;
    uint32_t       i, k, ref;
    uint64_t       h;
    journey_str_t  str;
    journey_ev_t  *ev;

    memset(d, 0, sizeof(digest_t));

    journey_store_rewind(store);

    while ((rc = journey_store_next(store)) == JOURNEY_OK) {
        for (i = 0; i < store->nvisitors; i++) {
            str = (i >= store->persons)
                  ? journey_intern_str(&store->all.users,
                                       i - store->persons + 1)
                  : journey_intern_str(&store->all.visitors, i);
            h = hash(0xcbf29ce484222325ULL, &str);

            for (k = store->visitors[i]; k < store->visitors[i + 1]; k++) {
                ref = store->order[k];
                ev = journey_store_event(store, ref);

                h = h * 31 + ev->t * 8 + ev->kind;
                str = journey_intern_str(&store->all.pages, ev->page);
                h = hash(h, &str);
                str = journey_intern_str(&store->all.touches, ev->touch);
                h = hash(h, &str);

                if (ev->goal != 0) {
                    str = journey_intern_str(&store->all.orders,
                              store->all.goals[ev->goal - 1].order);
                    h = hash(h, &str);
                }

                d->sum += h;
                d->events++;
            }
        }
    }

    return rc == JOURNEY_DECLINED ? JOURNEY_OK : JOURNEY_ERROR;
}


/*
 * Loads and reads all.  What failed is in text: what the command says, else
 * what the store does.
 */
static int
run(uint64_t memory, digest_t *d, char *text, size_t size)
{
    int                     rc, fd, old;
    ssize_t                 n;
    journey_store_t         store;
    journey_damage_t        damage;
    journey_options_t       opts;

    memset(&opts, 0, sizeof(journey_options_t));

    opts.until = UINT64_MAX;
    opts.memory = memory;
    opts.args = args;
    opts.nargs = FILES;

    text[0] = '\0';

    old = dup(STDERR_FILENO);
    fd = (int) syscall(SYS_openat, AT_FDCWD, folder, O_TMPFILE|O_RDWR, 0600);
    (void) dup2(fd, STDERR_FILENO);

    rc = journey_load(&store, &opts, &damage);

    if (rc == JOURNEY_OK) {
        rc = digest(&store, d);

        if (rc != JOURNEY_OK) {
            journey_store_complain(&store);

        } else if (damage.bad_lines + damage.bad_members + damage.bad_files) {
            rc = JOURNEY_DECLINED;      /* said, too */
        }
    }

    (void) dup2(old, STDERR_FILENO);
    (void) close(old);

    n = syscall(SYS_pread64, fd, text, size - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    (void) close(fd);

    journey_store_free(&store);

    return rc;
}


/* Each of some calls fails: how many end with what is wanted. */

static void
each(const char *name, fault_t *fault, fault_e kind, int error,
    unsigned step, const char *want, const digest_t *whole)
{
    char      text[1024], last[1024];
    unsigned  at, calls, refused, wrong;
    digest_t  d;

    fault_none();
    (void) run(MEMORY, &d, text, sizeof(text));
    calls = fault->calls;

    refused = wrong = 0;
    last[0] = '\0';

    for (at = 1; at <= calls; at += (at < 20) ? 1 : step) {
        fault_none();

        fault->kind = kind;
        fault->error = error;
        fault->at = at;

        if (run(MEMORY, &d, text, sizeof(text)) != JOURNEY_OK) {
            refused++;
            wrong += (strcmp(text, want) != 0);
            memcpy(last, text, sizeof(text));

        } else {

            /* threads share what there is to do: it may be less */

            wrong += (fault->calls >= at || d.events != whole->events
                      || d.sum != whole->sum);
        }
    }

    fault_none();

    ok(refused > 10 && wrong == 0, "%s: %u of %u calls", name, refused, calls);

    if (wrong != 0) {
        printf("# %u: %s", wrong, last);
    }
}


static void
halves(const char *name, fault_t *fault, fault_e kind, const digest_t *whole)
{
    char      text[1024];
    digest_t  d;

    fault_none();
    fault->kind = kind;

    ok(run(MEMORY, &d, text, sizeof(text)) == JOURNEY_OK
       && d.events == whole->events && d.sum == whole->sum
       && text[0] == '\0', "%s: no difference", name);

    ok(fault->calls > 20, "%u calls", fault->calls);
    fault_none();
}


/* Where files have to have a name: it is taken from them. */

static void
unnamed(const digest_t *whole)
{
    int               fd;
    char              text[1024];
    unsigned          i;
    digest_t          d;
    struct stat       st;
    journey_error_t   err;
    journey_spill_file_t  file;

    static const int  errors[] = { EOPNOTSUPP, EISDIR, EINVAL };

    for (i = 0; i < 3; i++) {
        fault_none();
        opens.kind = FAULT_ERROR;
        opens.error = errors[i];
        opens.at = 1;

        journey_spill_file_init(&file, 4096);

        ok(journey_spill_file_put(&file, 3, (u_char *) "12345", 5, &err)
           == JOURNEY_OK
           && journey_spill_file_flush(&file, &err) == JOURNEY_OK
           && file.end == 5, "another file instead, %d", (int) errors[i]);

        fd = file.fd;
        ok(fd != -1 && fstat(fd, &st) == 0 && st.st_nlink == 0
           && (st.st_mode & 0777) == 0600 && fcntl(fd, F_GETFD) & FD_CLOEXEC,
           "without a name, too");

        journey_spill_file_free(&file);
    }

    fault_none();
    opens.kind = FAULT_ERROR;
    opens.error = EMFILE;
    opens.at = 1;

    ok(run(MEMORY, &d, text, sizeof(text)) == JOURNEY_ERROR
       && strstr(text, "cannot make a file in") != NULL
       && strstr(text, strerror(EMFILE)) != NULL, "none is made");

    fault_none();
    ok(run(MEMORY, &d, text, sizeof(text)) == JOURNEY_OK
       && d.sum == whole->sum, "as before");
}


/* A window that could not be read is read again, whole. */

static void
again(const digest_t *whole)
{
    int                rc;
    unsigned           at, wrong;
    digest_t           d;
    journey_store_t    store;
    journey_damage_t   damage;
    journey_options_t  opts;

    memset(&opts, 0, sizeof(journey_options_t));

    opts.until = UINT64_MAX;
    opts.memory = MEMORY;
    opts.args = args;
    opts.nargs = FILES;

    fault_none();

    rc = journey_load(&store, &opts, &damage);
    ok(rc == JOURNEY_OK && store.spill->nwindows > 2, "several windows");

    for (at = 1, wrong = 0; at < 400 && rc == JOURNEY_OK; at += 13) {
        fault_none();
        reads.kind = FAULT_ERROR;
        reads.error = EIO;
        reads.at = at;

        if (digest(&store, &d) != JOURNEY_ERROR) {
            wrong += (reads.calls >= at);
        }

        fault_none();
        wrong += (digest(&store, &d) != JOURNEY_OK || d.sum != whole->sum
                  || d.events != whole->events);
    }

    is_int(wrong, 0, "read again");

    journey_store_free(&store);
}


int
main(void)
{
    char      text[1024];
    unsigned  i;
    digest_t  whole, d;

    unsetenv("TMPDIR");

    ok(make() == JOURNEY_OK, "logs");
    setenv("TMPDIR", folder, 1);

    ok(run(UINT64_MAX / 4, &whole, text, sizeof(text)) == JOURNEY_OK
       && whole.events == FILES * LINES && writes.calls == 0, "in memory");
    ok(run(MEMORY, &d, text, sizeof(text)) == JOURNEY_OK
       && d.events == whole.events && d.sum == whole.sum, "spilled");
    ok(writes.calls > 20 && reads.calls > 20, "by %u writes and %u reads",
       writes.calls, reads.calls);

    snprintf(text, sizeof(text), "journey: cannot write to a file in \"%s\" "
             "what exceeds --memory: %s\n", folder, strerror(ENOSPC));
    each("a full disk", &writes, FAULT_ERROR, ENOSPC, 29, text, &whole);
    each("nothing is written", &writes, FAULT_ZERO, 0, 151, text, &whole);

    snprintf(text, sizeof(text), "journey: cannot read what was written to "
             "\"%s\": %s\n", folder, strerror(EIO));
    each("a broken disk", &reads, FAULT_ERROR, EIO, 83, text, &whole);

    snprintf(text, sizeof(text), "journey: cannot read what was written to "
             "\"%s\": it is shorter\n", folder);
    each("a file that is cut", &reads, FAULT_ZERO, 0, 211, text, &whole);

    halves("short writes", &writes, FAULT_SHORT, &whole);
    halves("short reads", &reads, FAULT_SHORT, &whole);
    halves("writes that are interrupted", &writes, FAULT_AGAIN, &whole);
    halves("reads that are interrupted", &reads, FAULT_AGAIN, &whole);

    unnamed(&whole);
    again(&whole);

#if FAULTY_MALLOC
    each("no memory", &mallocs, FAULT_ERROR, ENOMEM, 1,
         "journey: not enough memory\n", &whole);
#endif

    for (i = 0; i < FILES; i++) {
        (void) unlink(names[i]);
    }

    ok(rmdir(folder) == 0, "nothing is left in the folder");

    return done();
}
