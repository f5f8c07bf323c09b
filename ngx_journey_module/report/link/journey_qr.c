
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_qr.h"

#include <errno.h>
#include <stdlib.h>

#include <qrencode.h>


#define JOURNEY_QR_QUIET   4            /* modules, ISO/IEC 18004, 6.3.8 */
#define JOURNEY_QR_PIXELS  8            /* of a module, until it is scaled */


static const char  journey_qr_levels[] = "LMQH";


int
journey_qr_level(char level)
{
    return level != '\0' && strchr(journey_qr_levels, level) != NULL;
}


int
journey_qr_encode(journey_qr_t *qr, const char *text, char level)
{
    size_t                i, n;
    QRcode               *code;
    static const QRecLevel  levels[] = {
        QR_ECLEVEL_L, QR_ECLEVEL_M, QR_ECLEVEL_Q, QR_ECLEVEL_H
    };

    qr->dark = NULL;

    if (!journey_qr_level(level)) {
        return JOURNEY_DECLINED;
    }

    errno = 0;
    code = QRcode_encodeString(text, 0,
                       levels[strchr(journey_qr_levels, level)
                              - journey_qr_levels],
                       QR_MODE_8, 1);

    if (code == NULL) {
        return (errno == ENOMEM) ? JOURNEY_ERROR : JOURNEY_DECLINED;
    }

    qr->width = (unsigned) code->width;
    n = (size_t) qr->width * qr->width;
    qr->dark = malloc(n);

    if (qr->dark != NULL) {
        for (i = 0; i < n; i++) {
            qr->dark[i] = code->data[i] & 1;
        }
    }

    QRcode_free(code);

    return (qr->dark == NULL) ? JOURNEY_ERROR : JOURNEY_OK;
}


void
journey_qr_free(journey_qr_t *qr)
{
    free(qr->dark);
    qr->dark = NULL;
}


static void
journey_qr_escape(FILE *file, const char *text)
{
    for ( /* void */ ; *text != '\0'; text++) {

        switch (*text) {

        case '&':
            fputs("&amp;", file);
            break;

        case '<':
            fputs("&lt;", file);
            break;

        case '>':
            fputs("&gt;", file);
            break;

        default:
            fputc(*text, file);
        }
    }
}


void
journey_qr_svg(const journey_qr_t *qr, FILE *file, const char *title)
{
    unsigned       x, y, run, side;
    const u_char  *row;

    side = qr->width + 2 * JOURNEY_QR_QUIET;

    fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
            "height=\"%u\" viewBox=\"0 0 %u %u\" "
            "shape-rendering=\"crispEdges\" role=\"img\">\n<title>",
            side * JOURNEY_QR_PIXELS, side * JOURNEY_QR_PIXELS, side, side);

    journey_qr_escape(file, title);

    fprintf(file, "</title>\n<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>"
            "\n<path d=\"", side, side);

    for (y = 0; y < qr->width; y++) {
        row = qr->dark + (size_t) y * qr->width;

        for (x = 0; x < qr->width; x += run) {

            for (run = 1; x + run < qr->width && row[x + run] == row[x];
                 run++)
            {
                /* void */
            }

            if (row[x]) {
                fprintf(file, "M%u %uh%uv1h-%uz", x + JOURNEY_QR_QUIET,
                        y + JOURNEY_QR_QUIET, run, run);
            }
        }

        fputc('\n', file);
    }

    fputs("\"/>\n</svg>\n", file);
}


/* 1 or 0, also in the quiet zone and beyond it. */

static unsigned
journey_qr_dark(const journey_qr_t *qr, unsigned x, unsigned y)
{
    x -= JOURNEY_QR_QUIET;              /* below 0 is large */
    y -= JOURNEY_QR_QUIET;

    return x < qr->width && y < qr->width
           && qr->dark[(size_t) y * qr->width + x];
}


void
journey_qr_text(const journey_qr_t *qr, FILE *file, const char *prefix,
    unsigned colour)
{
    unsigned  x, y, side, drawn;

    /* by what is drawn: the upper half is 1, the lower 2 */

    static const char  *blocks[] = {
        " ", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88"
    };

    side = qr->width + 2 * JOURNEY_QR_QUIET;

    for (y = 0; y < side; y += 2) {
        fputs(prefix, file);

        if (colour) {
            fputs("\033[38;5;16;48;5;231m", file);
        }

        for (x = 0; x < side; x++) {
            drawn = journey_qr_dark(qr, x, y)
                    + 2 * journey_qr_dark(qr, x, y + 1);

            fputs(blocks[colour ? drawn : 3 - drawn], file);
        }

        fputs(colour ? "\033[0m\n" : "\n", file);
    }
}
