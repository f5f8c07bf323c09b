
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Journeys as bands between the columns of a Sankey diagram.  Every journey
 * stands once in every column or passes it, so that the sums of all columns
 * are the same.
 */


#ifndef JOURNEY_HTML_SANKEY_H
#define JOURNEY_HTML_SANKEY_H


#include "journey_html.h"


#define JOURNEY_SANKEY_NODES    160
#define JOURNEY_SANKEY_COLUMNS  8
#define JOURNEY_SANKEY_CHANNELS 7       /* by name; the others are one */
#define JOURNEY_SANKEY_GOALS    3
#define JOURNEY_SANKEY_STEPS    6       /* phases that get columns */
#define JOURNEY_SANKEY_PHASES   8       /* nodes of a column of phases */


/* In the order in which a column is drawn. */

typedef enum {
    JOURNEY_SANKEY_CHANNEL = 0,         /* number: its rank */
    JOURNEY_SANKEY_CHANNEL_OTHER,
    JOURNEY_SANKEY_PHASE,               /* number: step of the model */
    JOURNEY_SANKEY_PHASE_OTHER,
    JOURNEY_SANKEY_PHASE_NONE,
    JOURNEY_SANKEY_GOAL,                /* number: its rank */
    JOURNEY_SANKEY_GOAL_OTHER,
    JOURNEY_SANKEY_END_OTHER,           /* --min-visitors */
    JOURNEY_SANKEY_OPEN,
    JOURNEY_SANKEY_DROPPED
} journey_sankey_kind_e;

typedef struct {
    journey_sankey_kind_e  kind;
    uint32_t               number;
    uint32_t               name;        /* names, of what has one */
    unsigned               column;
    unsigned               passes:1;    /* on the way to that kind */
    uint64_t               journeys;

    double                 y;           /* px */
    double                 height;
    double                 in;          /* used so far, px */
    double                 out;
} journey_sankey_node_t;

typedef struct {
    journey_sankey_node_t  nodes[JOURNEY_SANKEY_NODES];
    unsigned               nnodes;
    uint64_t               links[JOURNEY_SANKEY_NODES][JOURNEY_SANKEY_NODES];
    unsigned               ncolumns;
    double                 x[JOURNEY_SANKEY_COLUMNS];   /* of 1000 */
    double                 height;      /* px */
    double                 scale;       /* px a journey */
    uint64_t               total;
    unsigned               full:1;      /* a node found no room */
} journey_sankey_t;


/* The number of the node, which is made if it is new. */
unsigned journey_sankey_node(journey_sankey_t *s, unsigned column,
    journey_sankey_kind_e kind, uint32_t number, uint32_t name,
    unsigned passes);

/* Journeys that pass these nodes, each in a later column than the one
 * before. */
void journey_sankey_add(journey_sankey_t *s, const unsigned *stations,
    unsigned n, uint64_t journeys);

/* Gives all nodes their places. */
void journey_sankey_layout(journey_sankey_t *s, const double *x,
    unsigned ncolumns);

/* The picture; class is "broad", "narrow" or "".  It is at least room px
 * wide. */
void journey_sankey_draw(journey_html_t *h, journey_sankey_t *s,
    const char *class, unsigned width, unsigned room,
    const char *const *heads);

/* What a node is called, as text. */
void journey_sankey_label(journey_html_t *h, const journey_sankey_node_t *node,
    unsigned letters);


#endif /* JOURNEY_HTML_SANKEY_H */
