#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# scripts/count-sources.sh [FILE …]
#
# How much the tables of sources hold, by kind: keys, patterns of hosts, apps
# and aliases; of conf/sources.conf, or of the files that are named.  A pattern
# that comes twice counts once.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

[[ ${1:-} != -* ]] || usage
[[ $# -gt 0 ]] || set -- "$top/conf/sources.conf"

awk '
    BEGIN {
        nkinds = split("search social video shopping ai email ads gateway " \
                       "guard spam", kinds)
        for (i = 1; i <= nkinds; i++) known[kinds[i]] = 1
    }

    # The words of a line: blanks part them, quotes hold them together.
    function words(line, w,   n) {
        n = 0
        while (match(line, /^[ \t\r]*("[^"]*"|[^ \t\r"#]+)/)) {
            w[++n] = substr(line, 1, RLENGTH)
            line = substr(line, RLENGTH + 1)
            gsub(/^[ \t\r]+|"/, "", w[n])
        }
        return n
    }

    function count(type, text,   id) {
        id = type SUBSEP text
        if (!(id in seen)) {
            seen[id] = 1
            of[$1, type]++
            sum[type]++
        }
    }

    $1 in known {
        n = words($0, w)
        count("keys", w[2])
        for (i = 4; i <= n; i++) {
            count(w[i] ~ /^app:/ ? "apps" : \
                  w[i] ~ /^alias:/ ? "aliases" : "hosts", w[i])
        }
    }

    function row(name, keys, hosts, apps, aliases) {
        printf "%-10s %6s %6s %6s %8s\n", name, keys, hosts, apps, aliases
    }

    END {
        row("kind", "keys", "hosts", "apps", "aliases")
        for (i = 1; i <= nkinds; i++) {
            k = kinds[i]
            row(k, of[k, "keys"] + 0, of[k, "hosts"] + 0,
                of[k, "apps"] + 0, of[k, "aliases"] + 0)
        }
        row("all", sum["keys"] + 0, sum["hosts"] + 0, sum["apps"] + 0,
            sum["aliases"] + 0)
    }
' "$@"
