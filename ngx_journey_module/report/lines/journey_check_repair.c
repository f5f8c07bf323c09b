
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_check_repair.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>


#define JOURNEY_REPAIR_PIECE  (256 * 1024)


/* Who may read the source may read the copy, and nobody else. */

static void
journey_repair_rights(journey_repair_t *repair)
{
    mode_t              mode;
    const struct stat  *st;

    st = &repair->source;
    mode = st->st_mode & 0666;

    if (fchown(repair->rw.fd, st->st_uid, st->st_gid) == -1
        && fchown(repair->rw.fd, (uid_t) -1, st->st_gid) == -1)
    {
        mode &= 0600;
    }

    (void) fchmod(repair->rw.fd, mode | 0600);
}


int
journey_repair_open(journey_repair_t *repair, const char *out, int fd,
    journey_error_t *err)
{
    struct stat  st;

    memset(repair, 0, sizeof(journey_repair_t));

    repair->out = out;
    repair->fd = fd;

    if (fstat(fd, &repair->source) == -1
        || !S_ISREG(repair->source.st_mode))
    {
        (void) journey_error(err, "only a file can be repaired");
        return JOURNEY_DECLINED;
    }

    if (stat(out, &st) == 0
        && st.st_dev == repair->source.st_dev
        && st.st_ino == repair->source.st_ino)
    {
        (void) journey_error(err, "\"%s\" is the file to be repaired, which "
                             "is never written to", out);
        return JOURNEY_DECLINED;
    }

    /* a link that leads nowhere is there, too */

    if (lstat(out, &st) == 0) {
        (void) journey_error(err, "\"%s\" exists", out);
        return JOURNEY_DECLINED;
    }

    repair->text = malloc(JOURNEY_REWRITE_MEMBER);

    if (repair->text == NULL) {
        return journey_error(err, "not enough memory");
    }

    if (journey_rewrite_open(&repair->rw, out, err) != JOURNEY_OK) {
        free(repair->text);
        return JOURNEY_ERROR;
    }

    repair->rw.fresh = 1;

    journey_repair_rights(repair);

    return JOURNEY_OK;
}


static int
journey_repair_failed(const journey_repair_t *repair)
{
    return repair->no_memory || repair->error || repair->rw.error;
}


static void
journey_repair_flush(journey_repair_t *repair)
{
    if (repair->len != 0) {
        repair->members = 1;
        (void) journey_rewrite_lines(&repair->rw, repair->text, repair->len);
        repair->len = 0;
    }
}


/* Whole lines that are to be in a new member. */

static void
journey_repair_pack(journey_repair_t *repair, const u_char *data, size_t len,
    unsigned newline)
{
    if (len + newline > JOURNEY_REWRITE_MEMBER - repair->len) {
        journey_repair_flush(repair);
    }

    if (len + newline > JOURNEY_REWRITE_MEMBER) {

        /* plain text comes in larger pieces, and there are long lines */

        repair->members = 1;
        (void) journey_rewrite_lines(&repair->rw, data, len);

        len = 0;
    }

    if (len != 0) {
        memcpy(repair->text + repair->len, data, len);
        repair->len += len;
    }

    if (newline) {
        repair->text[repair->len++] = '\n';
    }
}


static int
journey_repair_line(void *ctx, const u_char *line, size_t len)
{
    journey_repair_t  *repair;

    repair = ctx;

    journey_repair_pack(repair, line, len, 1);

    return journey_repair_failed(repair) ? JOURNEY_ERROR : JOURNEY_OK;
}


void
journey_repair_member(journey_repair_t *repair, const u_char *data,
    size_t len)
{
    journey_repair_flush(repair);

    repair->members = 1;

    (void) journey_rewrite_put(&repair->rw, data, len);
}


void
journey_repair_copy(journey_repair_t *repair, uint64_t offset, uint64_t len)
{
    u_char   *buf;
    ssize_t   n;

    journey_repair_flush(repair);

    repair->members = 1;

    buf = malloc(JOURNEY_REPAIR_PIECE);
    if (buf == NULL) {
        repair->no_memory = 1;
        return;
    }

    for ( /* void */ ; len > 0 && !journey_repair_failed(repair); len -= n) {
        n = pread(repair->fd, buf, journey_min(len, JOURNEY_REPAIR_PIECE),
                  (off_t) offset);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            /* it was there a moment ago */
            repair->error = (n == 0) ? ESTALE : errno;
            break;
        }

        (void) journey_rewrite_put(&repair->rw, buf, n);
        offset += n;
    }

    free(buf);
}


void
journey_repair_lines(journey_repair_t *repair, journey_salvage_t *salvage,
    unsigned open)
{
    u_char  *carry;

    if (journey_salvage_lines(salvage, journey_repair_line, repair)
        != JOURNEY_OK && !journey_repair_failed(repair))
    {
        repair->error = salvage->error;
        repair->no_memory = (salvage->error == 0);
    }

    repair->carry_len = 0;

    if (!open || salvage->lines.len == 0) {
        return;
    }

    carry = realloc(repair->carry, salvage->lines.len);
    if (carry == NULL) {
        repair->no_memory = 1;
        return;
    }

    repair->carry = carry;
    repair->carry_len = salvage->lines.len;

    memcpy(carry, salvage->lines.part, salvage->lines.len);
}


void
journey_repair_before(journey_repair_t *repair, journey_str_t *text)
{
    text->data = repair->carry;
    text->len = repair->carry_len;
}


void
journey_repair_end(journey_repair_t *repair)
{
    journey_error_t        err;
    journey_check_lines_t  lines;

    if (repair->carry_len == 0) {
        return;
    }

    memset(&lines, 0, sizeof(journey_check_lines_t));

    if (journey_check_line(&lines, repair->carry, repair->carry_len, &err)
        == JOURNEY_OK)
    {
        journey_repair_pack(repair, repair->carry, repair->carry_len, 1);

    } else if (err.text[0] == '\0') {
        repair->no_memory = 1;
    }

    repair->carry_len = 0;

    journey_check_lines_free(&lines);
}


void
journey_repair_plain(journey_repair_t *repair, const u_char *data, size_t len)
{
    unsigned  newline;

    if (len == 0) {
        return;
    }

    newline = (data[len - 1] != '\n');

    if (repair->members || repair->packed) {
        journey_repair_pack(repair, data, len, newline);
        return;
    }

    repair->plain = 1;

    (void) journey_rewrite_put(&repair->rw, data, len);

    if (newline) {
        (void) journey_rewrite_put(&repair->rw, (u_char *) "\n", 1);
    }
}


int
journey_repair_is_mixed(const journey_repair_t *repair)
{
    return repair->plain && (repair->members || repair->len != 0);
}


int
journey_repair_commit(journey_repair_t *repair, journey_error_t *err)
{
    int              rc;
    journey_error_t  wrong;

    journey_repair_flush(repair);

    if (repair->no_memory || repair->error) {
        (void) journey_error(err, "the file cannot be read again: %s",
                             repair->no_memory ? "not enough memory"
                             : repair->error == ESTALE ? "it has changed"
                             : strerror(repair->error));

        journey_repair_abort(repair);
        return JOURNEY_ERROR;
    }

    rc = journey_rewrite_commit(&repair->rw, NULL, &wrong);

    if (rc != JOURNEY_OK) {
        (void) journey_error(err, "\"%s\": %s", repair->out, wrong.text);
    }

    free(repair->text);
    free(repair->carry);

    return rc;
}


void
journey_repair_abort(journey_repair_t *repair)
{
    journey_rewrite_abort(&repair->rw);

    free(repair->text);
    free(repair->carry);
}
