
/*
 * Copyright (C) ngx_journey_module contributors
 */


#include "journey_options_table.h"


const journey_option_t  journey_option_table[JOURNEY_OPT_LAST] = {
    { "conf", "DIR", JOURNEY_OPTIONS_CONF,
      "configuration (default /etc/nginx/journey, if it is there)" },
    { "since", "TIME", JOURNEY_OPTIONS_LOG|JOURNEY_OPTIONS_TAIL,
      "events from this moment on: 2026-11-22,\n"
      "2026-11-22T07:00:00Z, or seconds since 1970" },
    { "until", "TIME", JOURNEY_OPTIONS_LOG|JOURNEY_OPTIONS_SIMULATE,
      "events before this moment; it is the end of the data\n"
      "(simulate: default 2026-11-01)" },
    { "tz", "ZONE", JOURNEY_OPTIONS_LOG|JOURNEY_OPTIONS_SHOW
                    |JOURNEY_OPTIONS_PRIVACY|JOURNEY_OPTIONS_TAIL,
      "zone of days and times: Europe/Berlin, +02:00\n"
      "(default UTC; tail: that of this machine)" },
    { "host", "HOST", JOURNEY_OPTIONS_LOG|JOURNEY_OPTIONS_TAIL,
      "events of this host only; may be repeated" },
    { "goal", "GOAL", JOURNEY_OPTIONS_LOG,
      "goals that count as conversions; may be repeated\n"
      "(default those that complete a journey, else all)" },
    { "currency", "CODE", JOURNEY_OPTIONS_LOG,
      "currency of values (default the most frequent one)" },
    { "idle", "SPAN", JOURNEY_OPTIONS_LOG,
      "a journey without a hit for so long is dropped\n(default 30d)" },
    { "limit", "N", JOURNEY_OPTIONS_LOG,
      "rows of a list (default 10 campaigns, pages and paths as\ntext, else all)" },
    { "json", NULL, JOURNEY_OPTIONS_FORMAT, "one JSON object" },
    { "csv", NULL, JOURNEY_OPTIONS_LOG, "CSV (RFC 4180)" },
    { "referrer", "R", JOURNEY_OPTIONS_CLASSIFY, "the Referer header" },
    { "url", "U", JOURNEY_OPTIONS_CLASSIFY,
      "the URL of the page; its host is the own one" },
    { "agent", "A", JOURNEY_OPTIONS_CLASSIFY, "the User-Agent header" },
    { "secret", "FILE", JOURNEY_OPTIONS_TOKEN|JOURNEY_OPTIONS_PERSON
                        |JOURNEY_OPTIONS_IMPORT
                        |JOURNEY_OPTIONS_LINK,
      "the file of journey_secret" },
    { "name", "NAME", JOURNEY_OPTIONS_TOKEN,
      "name of the cookie (default jny)" },
    { "min-visitors", "K", JOURNEY_OPTIONS_LOG,
      "rows of fewer than K visitors become one row" },
    { "views", NULL, JOURNEY_OPTIONS_LOG,
      "views (mails opened, ads shown) of known visitors are\n"
      "touches, and part of paths" },
    { "memory", "SIZE", JOURNEY_OPTIONS_LOG,
      "memory for events, as 500M or 4G; what exceeds it goes to\n"
      "files in TMPDIR (default half of the machine's)" },
    { "html", "FILE", JOURNEY_OPTIONS_HTML,
      "a page with pictures in FILE, which is replaced when the\n"
      "page is whole; - is standard output" },
    { "lines", "N", JOURNEY_OPTIONS_TAIL,
      "begin with the last N lines (default 10; with --since\n"
      "all from then on)" },
    { "all", NULL, JOURNEY_OPTIONS_TAIL,
      "pages and errors, too" },
    { "id", "ID", JOURNEY_OPTIONS_PERSON,
      "a visitor (v), as an argument of that form is;\nmay be repeated" },
    { "user", "USER", JOURNEY_OPTIONS_PERSON,
      "the application's id of a user; needs --secret" },
    { "exact", NULL, JOURNEY_OPTIONS_PERSON,
      "only lines that hold the ID or the user themselves,\n"
      "not those of visitors that belong to them" },
    { "older-than", "SPAN", JOURNEY_OPTIONS_PRUNE,
      "25mo, 2y (calendar, UTC), 90d, 12w, 36h" },
    { "dry-run", NULL, JOURNEY_OPTIONS_EDIT,
      "say what would be done, and change nothing" },
    { "force", NULL, JOURNEY_OPTIONS_EDIT,
      "go on in files with torn members, which stay" },
    { "pid", "PID", JOURNEY_OPTIONS_EDIT,
      "nginx's process, or the file with its number: it is\n"
      "told (USR1) to let go of a log in use" },
    { "wait", "SPAN", JOURNEY_OPTIONS_EDIT,
      "how long nginx may take to let go (default 60s)" },
    { "repair", "OUT", JOURNEY_OPTIONS_CHECK,
      "write what is whole of FILE to OUT, a new file" },
    { "status", "FILE", JOURNEY_OPTIONS_PRIVACY,
      "the saved answer of journey_status; - is standard\ninput" },
    { "own-host", "HOST", JOURNEY_OPTIONS_IMPORT,
      "the site's own host, the first is that of pages; may\n"
      "be repeated" },
    { "output", "FILE", JOURNEY_OPTIONS_IMPORT|JOURNEY_OPTIONS_SIMULATE,
      "a new file of gzip members (default: plain lines on\n"
      "standard output)" },
    { "offline", NULL, JOURNEY_OPTIONS_IMPORT,
      "FILE is CSV of touches and goals, no access log" },
    { "base", "URL", JOURNEY_OPTIONS_LINK,
      "that of the location with journey_redirect" },
    { "code", NULL, JOURNEY_OPTIONS_LINK,
      "short codes, and their lines of nginx's map, instead\n"
      "of signed links" },
    { "length", "N", JOURNEY_OPTIONS_LINK,
      "letters of a code (default 6)" },
    { "source", "VALUE", JOURNEY_OPTIONS_LINK,
      "utm_source of the link, or of the code's target" },
    { "medium", "VALUE", JOURNEY_OPTIONS_LINK, "its utm_medium" },
    { "campaign", "VALUE", JOURNEY_OPTIONS_LINK, "its utm_campaign" },
    { "term", "VALUE", JOURNEY_OPTIONS_LINK, "its utm_term" },
    { "content", "VALUE", JOURNEY_OPTIONS_LINK, "its utm_content" },
    { "qr", NULL, JOURNEY_OPTIONS_LINK,
      "the QR code below the link, for a terminal" },
    { "svg", "FILE", JOURNEY_OPTIONS_LINK,
      "the QR code as a picture in FILE, a new file; in the\n"
      "folder FILE/ as CODE.svg (signed links: 1.svg …)" },
    { "level", "LEVEL", JOURNEY_OPTIONS_LINK,
      "error correction of the QR code: L, M, Q or H\n(default M)" },
    { "visitors", "N", JOURNEY_OPTIONS_SIMULATE,
      "who come for the first time (default 10000)" },
    { "days", "D", JOURNEY_OPTIONS_SIMULATE,
      "that end at --until (default 90)" },
    { "seed", "S", JOURNEY_OPTIONS_SIMULATE|JOURNEY_OPTIONS_ATTRIBUTION
                      |JOURNEY_OPTIONS_HTML,
      "another number, other visitors (default 1), or other\nsamples" },
    { "without", "CHANNEL", JOURNEY_OPTIONS_SIMULATE,
      "the same visitors, had there not been this channel" },
    { "effects", NULL, JOURNEY_OPTIONS_SIMULATE,
      "the planted effects as JSON, no log" },
    { "paths", "FILE", JOURNEY_OPTIONS_ATTRIBUTION,
      "CSV of paths instead of logs: path,conversions,value,\n"
      "null; channels parted by \" > \"" },
    { "model", "NAME", JOURNEY_OPTIONS_ATTRIBUTION|JOURNEY_OPTIONS_HTML,
      "first, last, last_non_direct, linear, position,\n"
      "time_decay, markov, shapley or counterfactual; may be\n"
      "repeated (default all)" },
    { "order", "N", JOURNEY_OPTIONS_ATTRIBUTION|JOURNEY_OPTIONS_HTML,
      "touches that markov remembers: 1 to 4, or auto\n(default 1)" },
    { "half-life", "SPAN", JOURNEY_OPTIONS_ATTRIBUTION|JOURNEY_OPTIONS_HTML,
      "age at which a touch is worth half as much to\n"
      "time_decay (default 7d)" },
    { "lookback", "SPAN", JOURNEY_OPTIONS_LOG,
      "older touches have no part in a conversion (default\n90d)" },
    { "no-direct", NULL, JOURNEY_OPTIONS_ATTRIBUTION
                         |JOURNEY_OPTIONS_PATHS|JOURNEY_OPTIONS_CHANNELS
                         |JOURNEY_OPTIONS_HTML,
      "direct touches are none: conversions are credited to\n"
      "those before them" },
    { "touch", "WHAT", JOURNEY_OPTIONS_ATTRIBUTION
                       |JOURNEY_OPTIONS_PATHS|JOURNEY_OPTIONS_HTML,
      "what a touch is told by: channel, source or campaign\n(default channel)" },
    { "repeats", NULL, JOURNEY_OPTIONS_ATTRIBUTION
                       |JOURNEY_OPTIONS_PATHS|JOURNEY_OPTIONS_HTML,
      "equal touches in a row are not one" },
    { "bootstrap", "N", JOURNEY_OPTIONS_ATTRIBUTION|JOURNEY_OPTIONS_HTML,
      "intervals (95 %) from N samples of the journeys, drawn\n"
      "by --seed (default 20261122)" },
    { "period", "PERIOD", JOURNEY_OPTIONS_RETENTION|JOURNEY_OPTIONS_HTML,
      "day, week (from Monday on) or month (default week; of a\n"
      "page as its time asks for; report: not as text)" },
    { "by", "PLACE", JOURNEY_OPTIONS_GEO|JOURNEY_OPTIONS_HTML,
      "country, region or city (default country; report: not as\ntext)" },
    { "funnel", "STEPS", JOURNEY_OPTIONS_FUNNEL|JOURNEY_OPTIONS_HTML,
      "'/products/*,/cart,goal:purchase': paths, in which *\n"
      "is any part, and goals (report: with --html)" },
    { "window", "SPAN", JOURNEY_OPTIONS_FUNNEL|JOURNEY_OPTIONS_HTML,
      "time for all steps from the first on (default 7d)" },
    { "entry", "PATH", JOURNEY_OPTIONS_DIRECT|JOURNEY_OPTIONS_HTML,
      "pages whose address people type, * is any part; may be\n"
      "repeated (default /, /xx/ and /xx-yy/ of any letters;\n"
      "report: not as text)" }
};
