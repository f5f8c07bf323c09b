
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * QR codes (ISO/IEC 18004), as pictures and as text for terminals.
 */


#ifndef JOURNEY_QR_H
#define JOURNEY_QR_H


#include "journey_core.h"

#include <stdio.h>


typedef struct {
    unsigned     width;                 /* modules of a side */
    u_char      *dark;                  /* width * width: 1 or 0 */
} journey_qr_t;


/*
 * The smallest code of the text; level is that of the error correction: L, M,
 * Q or H.  JOURNEY_DECLINED: the text is too long, or the level is none;
 * JOURNEY_ERROR: no memory.  To be freed.
 */
int journey_qr_encode(journey_qr_t *qr, const char *text, char level);
void journey_qr_free(journey_qr_t *qr);

/* 1 for L, M, Q and H. */
int journey_qr_level(char level);

/* One path on white, with the quiet zone of 4 modules; scales without loss. */
void journey_qr_svg(const journey_qr_t *qr, FILE *file, const char *title);

/*
 * Half blocks, two rows of modules a line, each line behind the prefix; with
 * the quiet zone.  With colour black on white whatever the terminal's colours
 * are; else what is light is drawn, for a dark ground.
 */
void journey_qr_text(const journey_qr_t *qr, FILE *file, const char *prefix,
    unsigned colour);


#endif /* JOURNEY_QR_H */
