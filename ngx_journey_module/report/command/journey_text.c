
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Strings and numbers as a terminal may see them.
 */


#include "journey_text.h"
#include "journey_table.h"


#define JOURNEY_TEXT_MARKS  3           /* on one character: a pile of them
                                           would reach into other lines */
#define JOURNEY_TEXT_FOLD   12          /* columns of a folded line, at
                                           least */


/* The character at *p, U+FFFD for what must not be seen; moves *p on. */

static uint32_t
journey_text_char(const u_char **p, const u_char *end)
{
    size_t    n, i;
    uint32_t  c;

    c = **p;

    if (c < 0x80) {
        (*p)++;
        return (c < 0x20 || c == 0x7f) ? 0xfffd : c;
    }

    n = (c >= 0xf0) ? 4 : (c >= 0xe0) ? 3 : 2;

    /* a sequence is valid when nothing of it would be cut off */

    if (c < 0xc2 || c > 0xf4 || (size_t) (end - *p) < n) {
        (*p)++;
        return 0xfffd;
    }

    c &= 0xff >> (n + 1);

    for (i = 1; i < n; i++) {
        if (((*p)[i] & 0xc0) != 0x80) {
            (*p)++;
            return 0xfffd;
        }

        c = c << 6 | ((*p)[i] & 0x3f);
    }

    *p += n;

    if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff)))
        || (n == 4 && (c < 0x10000 || c > 0x10ffff))
        || journey_text_hidden(c))
    {
        return 0xfffd;
    }

    return c;
}


unsigned
journey_text_width(const journey_str_t *str)
{
    unsigned       width;
    const u_char  *p, *end;

    width = 0;
    p = str->data;
    end = p + str->len;

    while (p < end) {
        width += journey_text_columns(journey_text_char(&p, end));
    }

    return width;
}


unsigned
journey_text_print(FILE *file, const journey_str_t *str, unsigned width)
{
    unsigned       used, columns, cut, marks;
    uint32_t       c;
    const u_char  *p, *start, *end;

    cut = journey_text_width(str) > width;

    if (cut && width == 0) {
        return 0;
    }

    width -= cut;
    used = 0;
    marks = 0;
    p = str->data;
    end = p + str->len;

    while (p < end) {
        start = p;
        c = journey_text_char(&p, end);
        columns = journey_text_columns(c);

        if (used + columns > width) {
            break;
        }

        used += columns;
        marks = (columns == 0) ? marks + 1 : 0;

        if (marks > JOURNEY_TEXT_MARKS) {
            continue;
        }

        if (c == 0xfffd) {
            fputs("\xef\xbf\xbd", file);

        } else {
            (void) fwrite(start, 1, p - start, file);
        }
    }

    if (cut) {
        fputs("\xe2\x80\xa6", file);
        used++;
    }

    return used;
}


void
journey_text_count(char *dst, uint64_t n)
{
    char    digits[24];
    size_t  len, i;

    len = (size_t) snprintf(digits, sizeof(digits), "%llu",
                            (unsigned long long) n);

    for (i = 0; i < len; i++) {
        if (i != 0 && (len - i) % 3 == 0) {
            *dst++ = ',';
        }

        *dst++ = digits[i];
    }

    *dst = '\0';
}


void
journey_text_money(char *dst, double value)
{
    char      cents[8];
    uint64_t  whole;

    if (value < 0) {
        *dst++ = '-';
        value = -value;
    }

    if (!(value < 1e15)) {
        snprintf(dst, 32, "%g", value);
        return;
    }

    whole = (uint64_t) (value * 100 + 0.5);

    journey_text_count(dst, whole / 100);
    snprintf(cents, sizeof(cents), ".%02u", (unsigned) (whole % 100));
    strcat(dst, cents);
}


/* The part of a word, from *p on, that fits into width columns, at least one
 * character. */

static journey_str_t
journey_text_part(const u_char **p, const u_char *end, unsigned width)
{
    unsigned       used, columns;
    const u_char  *next;
    journey_str_t  part;

    part.data = (u_char *) *p;

    for (used = 0; *p < end; *p = next) {
        next = *p;
        columns = journey_text_columns(journey_text_char(&next, end));

        if (used + columns > width && used != 0) {
            break;
        }

        used += columns;
    }

    part.len = *p - part.data;

    return part;
}


void
journey_text_fold(FILE *file, const journey_str_t *str, unsigned column,
    unsigned indent, unsigned width)
{
    unsigned       used, wide, gap, words, n;
    const u_char  *p, *end, *stop;
    journey_str_t  word;

    width = (width > indent + JOURNEY_TEXT_FOLD) ? width
                                                 : indent + JOURNEY_TEXT_FOLD;
    p = str->data;
    end = p + str->len;
    used = column;
    words = 0;                          /* of the line */
    gap = 0;

    while (p < end) {

        if (*p == ' ') {
            p++;
            gap = 1;
            continue;
        }

        stop = memchr(p, ' ', end - p);
        stop = (stop == NULL) ? end : stop;

        word.data = (u_char *) p;
        word.len = stop - p;
        wide = journey_text_width(&word);

        if ((words != 0 || used > indent) && used + gap + wide > width) {
            fputc('\n', file);

            for (n = 0; n < indent; n++) {
                fputc(' ', file);
            }

            used = indent;
            words = 0;
        }

        if (gap && words != 0) {
            fputc(' ', file);
            used++;
        }

        word = journey_text_part(&p, stop, width - used);
        used += journey_text_print(file, &word, (unsigned) -1);
        words++;
        gap = 0;
    }
}
