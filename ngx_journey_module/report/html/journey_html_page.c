
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The document: its head, its sections in their order, its foot.
 */


#define _GNU_SOURCE                     /* qsort_r() */

/* EVP_Digest() allocates on the way, and libcrypto crashes within itself when
 * that fails; what is deprecated does not. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "journey_html.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>


#define JOURNEY_HTML_HOSTS  5           /* named in the head */
#define JOURNEY_HTML_FOOT   4096        /* bytes kept for what follows */


/* A section is added here, and nowhere else. */

typedef struct {
    const char   *id;
    const char   *title;
    const char   *how;                  /* to read it, for everyone */
    unsigned      settings;             /* options that make it another one */
    void        (*draw)(journey_html_t *h);
} journey_html_section_t;

#define JOURNEY_HTML_TOUCHES                                                  \
    (JOURNEY_SETTING_NO_DIRECT|JOURNEY_SETTING_VIEWS|JOURNEY_SETTING_LOOKBACK)

#define JOURNEY_HTML_PATHS                                                    \
    (JOURNEY_HTML_TOUCHES|JOURNEY_SETTING_TOUCH|JOURNEY_SETTING_REPEATS)

static const journey_html_section_t  journey_html_sections[] = {

    { "headline", "At a glance",
      "A visitor is a browser, or a person once signed in. A session is a "
      "visit to the site. A journey runs from the first contact to the goal "
      "that completes it. A conversion is a goal that was reached.",
      JOURNEY_SETTING_HOST|JOURNEY_SETTING_GOAL,
      journey_html_headline },

    { "time", "Over time",
      "How busy the site was, and how often a goal was reached. Point at a "
      "bar for its numbers; the first and the last one may be incomplete.",
      0,
      journey_html_timeline },

    { "channels", "Where visitors come from",
      "A channel is the kind of place a visit came from. Compare its two "
      "bars: where the lower one is longer, the channel brings more "
      "conversions than its share of touches. A conversion belongs to the "
      "last channel before it.",
      JOURNEY_HTML_TOUCHES|JOURNEY_SETTING_ENTRY,
      journey_html_channels },

    { "flows", "How journeys run",
      "From left to right: the channel of the first touch, the phases of the "
      "journey, and how it ended. The wider the band, the more journeys took "
      "that way. Dropped means no visit for a long time, still open that the "
      "visitor may yet return.",
      JOURNEY_SETTING_NO_DIRECT|JOURNEY_SETTING_TOUCH|JOURNEY_SETTING_VIEWS
      |JOURNEY_SETTING_IDLE,
      journey_html_flows },

    { "phases", "How far journeys get",
      "Every journey counts for the furthest phase it reached and for all "
      "phases before it. The longest loss between two phases is where work "
      "on the site pays most.",
      JOURNEY_SETTING_IDLE,
      journey_html_funnel },

    { "moves", "From phase to phase",
      "Each row is a phase, each column the share of moves that went from it "
      "to another one. Right of the dots journeys get on, left of them they "
      "go back. The last column is the time until half of those who get on "
      "have done so.",
      0,
      journey_html_moves },

    { "steps", "The funnel",
      "Visitors who took these steps in this order, within the window. What "
      "is missing from one row to the next was lost there.",
      0,
      journey_html_steps },

    { "goals", "What was reached",
      "Goals and what they were worth. Values in different currencies are "
      "not added up.",
      0,
      journey_html_goals },

    { "paths", "Which channels work together",
      "The channels of a journey in their order, the most frequent first. "
      "Channels that stand at the begin of paths win attention, those at the "
      "end close the sale.",
      JOURNEY_HTML_PATHS,
      journey_html_paths },

    { "attribution", "What each channel is worth",
      "Several models share the conversions among the channels that led to "
      "them. First touch asks who began, last touch who finished; equal "
      "shares treats all alike; Markov asks what would be missed without the "
      "channel. The line shows where the number may lie (95 %): where lines "
      "overlap, the difference may be chance.",
      JOURNEY_HTML_PATHS|JOURNEY_SETTING_ORDER|JOURNEY_SETTING_HALF_LIFE
      |JOURNEY_SETTING_BOOTSTRAP,
      journey_html_attribution },

    { "conversion-time", "How long it takes",
      "From the first event of a journey to its conversion. Journeys that may "
      "yet convert count as long as they were seen (Kaplan and Meier), so that "
      "recent ones do not lower the share. The axis of time grows by factors.",
      JOURNEY_SETTING_IDLE,
      journey_html_conversion_time },

    { "retention", "Who comes back",
      "Each row is the people who first came in that time, each column the "
      "share of them who were there again so much later. The stronger the "
      "colour, the more.",
      0,
      journey_html_retention },

    { "campaigns", "Campaigns",
      "Views are mails opened and ads shown, clicks are links of ours that "
      "were followed, visits are all other arrivals with the campaign's "
      "name.",
      JOURNEY_HTML_TOUCHES,
      journey_html_campaigns },

    { "countries", "Countries",
      "Where visitors are, as far as their address tells. The server writes "
      "down the place alone, not the address.",
      0,
      journey_html_places },

    { "pages", "Pages",
      "Entries are sessions that began on the page, exits those that ended "
      "there. Many exits are good after an order, and a question anywhere "
      "else. Led on is the share of visits after which the journey reached a "
      "later phase.",
      0,
      journey_html_pages },

    { "notes", "What to know about these numbers",
      "What was left out, and why.",
      0,
      journey_html_notes }
};

#define JOURNEY_HTML_SECTIONS                                                 \
    (sizeof(journey_html_sections) / sizeof(journey_html_sections[0]))


/* The funnel of steps has to be asked for. */

static unsigned
journey_html_wanted(const journey_html_t *h,
    const journey_html_section_t *section)
{
    return section->draw != journey_html_steps || h->opts->funnel != NULL;
}


/* The style's hash, which lets the browser take this one and no other. */

static void
journey_html_policy(journey_html_t *h)
{
    u_char      hash[SHA256_DIGEST_LENGTH], text[2 * SHA256_DIGEST_LENGTH];
    SHA256_CTX  sha;

    (void) SHA256_Init(&sha);
    (void) SHA256_Update(&sha, journey_html_style, strlen(journey_html_style));
    (void) SHA256_Final(hash, &sha);
    (void) EVP_EncodeBlock(text, hash, sizeof(hash));

    journey_html_fmt(h, "<meta http-equiv=\"Content-Security-Policy\" "
                     "content=\"default-src 'none'; style-src 'sha256-%s'; "
                     "base-uri 'none'; form-action 'none'\"/>\n", text);
}


typedef struct {
    uint32_t  host;
    uint64_t  visits;
} journey_html_host_t;


static int
journey_html_host_cmp(const void *one, const void *two, void *names)
{
    const journey_html_host_t  *a, *b;

    a = one;
    b = two;

    if (a->visits != b->visits) {
        return a->visits > b->visits ? -1 : 1;
    }

    return journey_intern_cmp(names, a->host, b->host);
}


/* The busiest hosts of the pages. */

static void
journey_html_hosts(journey_html_t *h)
{
    uint32_t                   i, k, n;
    journey_str_t              name;
    journey_html_host_t       *hosts;
    const journey_analysis_t  *a;

    a = h->a;

    hosts = calloc(a->nnames + 1, sizeof(journey_html_host_t));
    if (hosts == NULL) {
        h->no_memory = 1;
        return;
    }

    for (i = 1; i < a->store->all.pages.n; i++) {
        k = a->funnel.page_host[i];
        hosts[k].host = k;
        hosts[k].visits += a->pages[i].visits;
    }

    for (i = 1, n = 0; i < a->nnames; i++) {
        if (hosts[i].visits != 0) {
            hosts[n++] = hosts[i];
        }
    }

    qsort_r(hosts, n, sizeof(journey_html_host_t), journey_html_host_cmp,
            (void *) &a->store->all.names);

    for (i = 0; i < journey_min(n, JOURNEY_HTML_HOSTS); i++) {
        name = journey_intern_str(&a->store->all.names, hosts[i].host);

        journey_html_raw(h, i ? ", " : "");
        journey_html_str(h, &name, JOURNEY_HTML_NAME);
    }

    if (n == 0) {
        journey_html_raw(h, "none");

    } else if (n > JOURNEY_HTML_HOSTS) {
        journey_html_fmt(h, " and %u more",
                         (unsigned) (n - JOURNEY_HTML_HOSTS));
    }

    free(hosts);
}


static void
journey_html_head(journey_html_t *h)
{
    unsigned  i;

    journey_html_raw(h, "<header>\n<h1>Customer journeys</h1>\n<dl>\n"
                     "<div><dt>Period</dt><dd>");

    if (h->a->events != 0) {
        journey_html_time(h, h->a->from);
        journey_html_raw(h, " \xe2\x80\x93 ");
        journey_html_time(h, h->a->until);

    } else {
        journey_html_raw(h, "no events");
    }

    journey_html_raw(h, "</dd></div>\n<div><dt>Sites</dt><dd>");
    journey_html_hosts(h);
    journey_html_raw(h, "</dd></div>\n<div><dt>Events</dt><dd>");
    journey_html_count(h, h->a->events);
    journey_html_raw(h, "</dd></div>\n<div><dt>Made</dt><dd>");
    journey_html_time(h, h->generated);
    journey_html_raw(h, "</dd></div>\n</dl>\n</header>\n"
                     "<nav aria-label=\"Sections\"><ul>\n");

    for (i = 0; i < JOURNEY_HTML_SECTIONS; i++) {
        if (!journey_html_wanted(h, &journey_html_sections[i])) {
            continue;
        }

        journey_html_fmt(h, "<li><a href=\"#%s\">%s</a></li>\n",
                         journey_html_sections[i].id,
                         journey_html_sections[i].title);
    }

    journey_html_raw(h, "</ul></nav>\n<main>\n");
}


/* What is set in another way than usual. */

static void
journey_html_settings(journey_html_t *h, const journey_html_section_t *section)
{
    char           *text, *line, *next;
    journey_str_t   str;

    text = journey_report_settings(h->opts, section->settings);

    if (text == NULL) {
        h->no_memory = 1;
        return;
    }

    for (line = text; *line != '\0'; line = next) {
        next = strchr(line, '\n');

        str.data = (u_char *) line;
        str.len = next - line;
        next++;

        journey_html_raw(h, "<p class=\"set\">");
        journey_html_str(h, &str, JOURNEY_HTML_LONG);
        journey_html_raw(h, "</p>\n");
    }

    free(text);
}


/* Every section has its bounds; should all of them together pass that of the
 * page, the section that does is left out, and said to be. */

static void
journey_html_section(journey_html_t *h, const journey_html_section_t *section)
{
    size_t  start;

    journey_html_fmt(h, "<section id=\"%s\" aria-labelledby=\"h-%s\">\n"
                     "<h2 id=\"h-%s\">%s</h2>\n", section->id, section->id,
                     section->id, section->title);

    start = h->len;

    journey_html_fmt(h, "<p class=\"how\">%s</p>\n", section->how);
    journey_html_settings(h, section);
    section->draw(h);

    if (h->len > JOURNEY_HTML_MAX - JOURNEY_HTML_FOOT) {
        h->len = start;
        journey_html_empty(h, "Left out: the page would be larger than a "
                           "megabyte. The command prints these numbers.");
    }

    journey_html_raw(h, "</section>\n");
}


int
journey_html_page(journey_html_t *h)
{
    unsigned  i;

    journey_html_raw(h, "<!DOCTYPE html>\n"
        "<html lang=\"en\">\n<head>\n"
        "<meta charset=\"utf-8\"/>\n");

    journey_html_policy(h);
    journey_html_raw(h, "<meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\"/>\n"
        "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
        "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
        "<meta name=\"robots\" content=\"noindex\"/>\n"
        "<meta name=\"generator\" content=\"journey " JOURNEY_VERSION "\"/>\n"
        "<title>Customer journeys</title>\n<style>");
    journey_html_raw(h, journey_html_style);
    journey_html_raw(h, "</style>\n</head>\n<body>\n");

    journey_html_head(h);

    for (i = 0; i < JOURNEY_HTML_SECTIONS; i++) {
        if (journey_html_wanted(h, &journey_html_sections[i])) {
            journey_html_section(h, &journey_html_sections[i]);
        }
    }

    journey_html_raw(h, "</main>\n<footer><p>Made by journey " JOURNEY_VERSION
        " from nginx's journey log. Times and days are those of the zone "
        "named above; groups too small to be drawn are summed up as "
        "\xe2\x80\x9cother\xe2\x80\x9d.</p></footer>\n</body>\n</html>\n");

    return h->no_memory ? JOURNEY_ERROR : JOURNEY_OK;
}
