
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Files of records by partition, who belongs together, orders.
 */


#define _GNU_SOURCE                     /* O_TMPFILE */

#include "journey_spill_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


void
journey_spill_file_init(journey_spill_file_t *file, size_t room)
{
    memset(file, 0, sizeof(journey_spill_file_t));

    file->fd = -1;
    file->room = room;
}


void
journey_spill_file_free(journey_spill_file_t *file)
{
    unsigned  i;

    for (i = 0; i < JOURNEY_SPILL_PARTS; i++) {
        free(file->lists[i].buf);
        free(file->lists[i].blocks);
    }

    if (file->fd != -1) {
        (void) close(file->fd);
    }
}


static const char *
journey_spill_folder(void)
{
    const char  *folder;

    folder = getenv("TMPDIR");

    return (folder != NULL && *folder != '\0') ? folder : "/var/tmp";
}


/* Says what failed; a folder whose name is long must not hide why. */

static int
journey_spill_failed(journey_error_t *err, const char *what, const char *then,
    const char *why)
{
    const char  *folder;

    folder = journey_spill_folder();

    return journey_error(err, "%s \"%.300s%s\"%s: %s", what, folder,
                         strlen(folder) > 300 ? "..." : "", then, why);
}


/* A file without a name: it goes with the process, however that ends. */

static int
journey_spill_file_open(journey_spill_file_t *file, journey_error_t *err)
{
    char  path[4096];

    file->fd = open(journey_spill_folder(), O_TMPFILE|O_RDWR|O_CLOEXEC|O_EXCL,
                    0600);

    if (file->fd != -1) {
        return JOURNEY_OK;
    }

    if ((errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)
        && snprintf(path, sizeof(path), "%s/journey.XXXXXX",
                    journey_spill_folder()) < (int) sizeof(path))
    {
        file->fd = mkostemp(path, O_CLOEXEC);

        if (file->fd != -1) {
            (void) unlink(path);
            return JOURNEY_OK;
        }
    }

    return journey_spill_failed(err, "cannot make a file in",
                                " for what exceeds --memory",
                                strerror(errno));
}


/* Writes bytes at the end, as a block of the partition. */

static int
journey_spill_file_write(journey_spill_file_t *file,
    journey_spill_list_t *list, const u_char *p, size_t len,
    journey_error_t *err)
{
    size_t                  size;
    ssize_t                 n;
    journey_spill_block_t  *blocks;

    if (file->fd == -1 && journey_spill_file_open(file, err) != JOURNEY_OK) {
        return JOURNEY_ERROR;
    }

    if (list->nblocks == list->size) {
        size = list->size ? 2 * list->size : 16;

        blocks = realloc(list->blocks, size * sizeof(journey_spill_block_t));
        if (blocks == NULL) {
            return journey_error(err, "not enough memory");
        }

        list->blocks = blocks;
        list->size = size;
    }

    list->blocks[list->nblocks].offset = file->end;
    list->blocks[list->nblocks].len = len;

    while (len != 0) {
        n = pwrite(file->fd, p, len, (off_t) file->end);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n <= 0) {
            return journey_spill_failed(err, "cannot write to a file in",
                                        " what exceeds --memory",
                                        strerror(n == 0 ? ENOSPC : errno));
        }

        p += n;
        len -= n;
        file->end += n;
    }

    list->nblocks++;

    return JOURNEY_OK;
}


static int
journey_spill_list_flush(journey_spill_file_t *file,
    journey_spill_list_t *list, journey_error_t *err)
{
    size_t  len;

    len = list->used;
    list->used = 0;

    return len == 0 ? JOURNEY_OK
           : journey_spill_file_write(file, list, list->buf, len, err);
}


int
journey_spill_file_put(journey_spill_file_t *file, unsigned partition,
    const u_char *record, size_t len, journey_error_t *err)
{
    journey_spill_list_t  *list;

    list = &file->lists[partition];

    if (list->buf == NULL) {
        list->buf = malloc(file->room);

        if (list->buf == NULL) {
            return journey_error(err, "not enough memory");
        }
    }

    if (len > file->room - list->used
        && journey_spill_list_flush(file, list, err) != JOURNEY_OK)
    {
        return JOURNEY_ERROR;
    }

    list->bytes += len;

    if (len > file->room) {
        return journey_spill_file_write(file, list, record, len, err);
    }

    memcpy(list->buf + list->used, record, len);
    list->used += len;

    return JOURNEY_OK;
}


int
journey_spill_file_flush(journey_spill_file_t *file, journey_error_t *err)
{
    unsigned  i;

    for (i = 0; i < JOURNEY_SPILL_PARTS; i++) {
        if (journey_spill_list_flush(file, &file->lists[i], err)
            != JOURNEY_OK)
        {
            return JOURNEY_ERROR;
        }

        free(file->lists[i].buf);
        file->lists[i].buf = NULL;
    }

    return JOURNEY_OK;
}


int
journey_spill_file_read(journey_spill_t *spill, journey_spill_file_t *file,
    const journey_spill_block_t *block, journey_error_t *err)
{
    size_t    done;
    ssize_t   n;
    u_char   *buf;

    if (block->len > spill->buf_size) {
        buf = realloc(spill->buf, block->len);
        if (buf == NULL) {
            return journey_error(err, "not enough memory");
        }

        spill->buf = buf;
        spill->buf_size = block->len;
    }

    for (done = 0; done < block->len; done += n) {
        n = pread(file->fd, spill->buf + done, block->len - done,
                  (off_t) (block->offset + done));

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            return journey_spill_failed(err, "cannot read what was written to",
                                        "", n == 0 ? "it is shorter"
                                                   : strerror(errno));
        }
    }

    return JOURNEY_OK;
}


/* Which of two nodes is the first: in an order that has nothing to do with
 * partitions, so that these stay alike in size. */

static inline uint32_t
journey_spill_rank(uint32_t node)
{
    node *= 0x9e3779b1;

    return node ^ node >> 15;
}


uint32_t
journey_spill_root(journey_spill_t *spill, uint32_t node)
{
    if (spill->nodes == NULL) {
        return node;
    }

    while (spill->nodes[node] != node) {
        spill->nodes[node] = spill->nodes[spill->nodes[node]];
        node = spill->nodes[node];
    }

    return node;
}


int
journey_spill_join(journey_spill_t *spill, uint32_t one, uint32_t two)
{
    int       rc;
    uint32_t  i;

    rc = JOURNEY_OK;

    pthread_mutex_lock(&spill->mutex);

    if (spill->nodes == NULL) {
        spill->nodes = malloc(sizeof(uint32_t) << spill->bits);

        if (spill->nodes == NULL) {
            rc = JOURNEY_ERROR;
            goto done;
        }

        for (i = 0; i < 1U << spill->bits; i++) {
            spill->nodes[i] = i;
        }
    }

    one = journey_spill_root(spill, one);
    two = journey_spill_root(spill, two);

    if (journey_spill_rank(one) < journey_spill_rank(two)) {
        spill->nodes[two] = one;

    } else {
        spill->nodes[one] = two;
    }

done:

    pthread_mutex_unlock(&spill->mutex);

    return rc;
}


/* 128 bits that nobody can foresee: two orders share them by no chance that
 * is worth a thought. */

void
journey_spill_key(uint64_t seed, const journey_str_t *goal,
    const journey_str_t *order, uint64_t *key)
{
    size_t                n, len;
    uint64_t              w, h[2];
    unsigned              i, k;
    const u_char         *p;
    const journey_str_t  *str;

    h[0] = seed ^ 0x243f6a8885a308d3ULL;
    h[1] = ~seed ^ 0x13198a2e03707344ULL;

    for (i = 0; i < 2; i++) {
        str = i ? order : goal;
        p = str->data;
        w = str->len;

        for (len = str->len; /* void */ ; len -= n, p += n) {

            for (k = 0; k < 2; k++) {
                h[k] = journey_intern_mix(h[k] ^ w,
                                          (k ? ~seed : seed)
                                          | 0x8000000000000001ULL)
                       + (k ? 0xa4093822299f31d1ULL : 0x082efa98ec4e6c89ULL);
            }

            n = journey_min(len, 8);

            if (n == 0) {
                break;
            }

            w = 0;
            memcpy(&w, p, n);
        }
    }

    key[0] = h[0] | 1;                  /* 0 is a free slot */
    key[1] = h[1];
}


static journey_spill_order_t *
journey_spill_slot(const journey_spill_orders_t *orders, const uint64_t *key)
{
    size_t                  i;
    journey_spill_order_t  *slot;

    for (i = key[1] & orders->mask; /* void */ ; i = (i + 1) & orders->mask) {
        slot = &orders->slots[i];

        if (slot->key[0] == 0
            || (slot->key[0] == key[0] && slot->key[1] == key[1]))
        {
            return slot;
        }
    }
}


static int
journey_spill_orders_grow(journey_spill_orders_t *orders)
{
    size_t                  i;
    journey_spill_orders_t  larger;

    larger.n = orders->n;
    larger.mask = orders->slots ? 2 * orders->mask + 1 : 1023;
    larger.slots = calloc(larger.mask + 1, sizeof(journey_spill_order_t));

    if (larger.slots == NULL) {
        return JOURNEY_ERROR;
    }

    for (i = 0; orders->slots != NULL && i <= orders->mask; i++) {
        if (orders->slots[i].key[0] != 0) {
            *journey_spill_slot(&larger, orders->slots[i].key)
                = orders->slots[i];
        }
    }

    free(orders->slots);
    *orders = larger;

    return JOURNEY_OK;
}


/* 1 when one is the report that counts: the better known, the earlier, the
 * one that stands first. */

static int
journey_spill_before(const journey_spill_order_t *one,
    const journey_spill_order_t *two)
{
    if (one->rank != two->rank) {
        return one->rank < two->rank;
    }

    return one->t != two->t ? one->t < two->t : one->input < two->input;
}


int
journey_spill_order(journey_spill_t *spill, const journey_spill_order_t *order)
{
    int                      rc;
    journey_spill_order_t   *slot;
    journey_spill_orders_t  *orders;

    rc = JOURNEY_OK;
    orders = &spill->orders;

    pthread_mutex_lock(&spill->mutex);

    if (orders->slots == NULL || 3 * orders->n > 2 * orders->mask) {
        rc = journey_spill_orders_grow(orders);
    }

    if (rc == JOURNEY_OK) {
        slot = journey_spill_slot(orders, order->key);

        if (slot->key[0] == 0) {
            *slot = *order;
            orders->n++;

        } else if (journey_spill_before(order, slot)) {
            *slot = *order;
        }
    }

    pthread_mutex_unlock(&spill->mutex);

    return rc;
}


const journey_spill_order_t *
journey_spill_ordered(const journey_spill_t *spill, const uint64_t *key)
{
    return journey_spill_slot(&spill->orders, key);
}
