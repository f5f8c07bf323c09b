
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * The style of journey_status html, and its hash (SHA-256, base64), which the
 * page's Content-Security-Policy names: whoever changes the one changes the
 * other; the tests compare them.
 */


#ifndef NGX_HTTP_JOURNEY_STATUS_STYLE_H
#define NGX_HTTP_JOURNEY_STATUS_STYLE_H


#define NGX_HTTP_JOURNEY_STYLE_HASH                                           \
    "bhIk98+sPyEjfiK5JNA0/zsCr7EyHOsHcMl3xtNJUxU="


#define NGX_HTTP_JOURNEY_STYLE                                                \
    ":root{color-scheme:light dark;--bg:#f4f6f8;--card:#fff;"                 \
    "--line:#dfe4ea;--text:#1c2228;--soft:#56616d;--bar:#2f6fb3;"             \
    "--track:#e7ecf1;--bad:#b3261e;--badbg:#fdecea;--warn:#8a5300}\n"         \
    "@media(prefers-color-scheme:dark){:root{--bg:#13171b;--card:#1c2127;"    \
    "--line:#2e353d;--text:#e6eaee;--soft:#9ba7b4;--bar:#6aa5e3;"             \
    "--track:#2a3139;--bad:#ff9b93;--badbg:#3a1f1e;--warn:#f0b866}}\n"        \
    "*{box-sizing:border-box}\n"                                              \
    "body{margin:0 auto;max-width:76rem;padding:1rem;background:var(--bg)"    \
    ";color:var(--text);font:1rem/1.45 system-ui,sans-serif;"                 \
    "font-variant-numeric:tabular-nums}\n"                                    \
    "h1{font-size:1.35rem;margin:0}\n"                                        \
    "h2{font-size:1rem;margin:0 0 .5rem}\n"                                   \
    "p{margin:.25rem 0}\n"                                                    \
    "a{color:var(--bar)}\n"                                                   \
    "header p,.soft{color:var(--soft);font-size:.875rem}\n"                   \
    ".alert{margin:.75rem 0;padding:.6rem .9rem;border-radius:.5rem;"         \
    "background:var(--badbg);color:var(--bad);font-weight:600}\n"             \
    "dl{display:grid;grid-template-columns:repeat(auto-fit,"                  \
    "minmax(min(100%,10rem),1fr));gap:.75rem;margin:1rem 0}\n"                \
    "dl div,section{background:var(--card);border:1px solid var(--line);"     \
    "border-radius:.6rem}\n"                                                  \
    "dl div{padding:.75rem .9rem;min-width:0}\n"                              \
    "dt{color:var(--soft);font-size:.875rem}\n"                               \
    "dd{margin:0;font-size:.8125rem;color:var(--soft);"                       \
    "overflow-wrap:anywhere}\n"                                               \
    "dt+dd{font-size:1.35rem;line-height:1.3;font-weight:600;"                \
    "color:var(--text)}\n"                                                    \
    "main{columns:2 24rem;column-gap:.75rem}\n"                               \
    "section{break-inside:avoid;padding:.9rem;margin:0 0 .75rem;"             \
    "overflow-x:auto}\n"                                                      \
    "table{border-collapse:collapse;width:100%;font-size:.9375rem}\n"         \
    "th,td{padding:.3rem 0;vertical-align:top;font-weight:400;"               \
    "text-align:left}\n"                                                      \
    "th{overflow-wrap:anywhere}\n"                                            \
    "td,thead th+th{padding-left:.9rem;text-align:right;"                     \
    "white-space:nowrap;width:1%}\n"                                          \
    "thead th{color:var(--soft);font-size:.8125rem;padding-top:0}\n"          \
    "tbody tr+tr>*{border-top:1px solid var(--line)}\n"                       \
    "svg{display:block;width:100%;height:.45rem;margin:.15rem 0 .1rem;"       \
    "border-radius:.225rem;background:var(--track)}\n"                        \
    "rect{fill:var(--bar)}\n"                                                 \
    ".funnel svg{height:.7rem}\n"                                             \
    "tbody th{min-width:5rem}\n"                                              \
    ".bad,.bad th,.bad td{color:var(--bad);font-weight:600}\n"                \
    ".warn,.warn th,.warn td{color:var(--warn);font-weight:600}\n"            \
    ".bad rect{fill:var(--bad)}\n"                                            \
    "@media(max-width:30rem){body{padding:.6rem}dl{"                          \
    "grid-template-columns:1fr 1fr;gap:.5rem}dt+dd{font-size:1.2rem}td,"      \
    "thead th+th{padding-left:.6rem}.goals td:last-child{"                    \
    "white-space:normal;overflow-wrap:anywhere;min-width:7.3rem;"             \
    "width:auto}}\n"


#endif /* NGX_HTTP_JOURNEY_STATUS_STYLE_H */
