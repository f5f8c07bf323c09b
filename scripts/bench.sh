#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# scripts/bench.sh [instructions] [throughput] [latency] [size] [analyser]
#                  [import] [agents] [classification] [spill]
#
# What the module costs, beside what nginx's own parts cost for a like job, in
# one run on this machine; without an argument all of it but spill:
#
#   instructions  instructions a request, by callgrind: the same from run to
#                 run.  Checks, too, that each page made one line in the log.
#   throughput    requests a second, by wrk, the configurations in turn
#   latency       how long the slowest of a hundred requests takes, at a fixed
#                 rate, with the journey log on and with it off, in turn
#   size          compressed bytes an event in the journey log
#   analyser      time and memory of reports, and events a second, beside
#                 "zcat | wc -l" on the same log, in turn; and a log of a tenth
#                 and one of ten times as many: the time an event is the same
#   import        lines a second of "journey import", of processor time, and
#                 its memory; on an access log, the same every time
#   agents        how many crawlers conf/agents.conf finds, how many people it
#                 takes for bots, and instructions a user agent; on two
#                 packages of npm, which are installed for the time of it
#   classification  lines a second of "journey classify"; loading the sources,
#                 what a look-up in them costs, in tables 4 and 16 times as
#                 large, too, and the queries that cost most
#   spill         "journey report --memory" over far more events than that
#                 holds: events a second at a tenth, half and all of them
#
# The configurations: off (access_log off), combined (access_log combined
# gzip=1 buffer=64k), stock (userid, geoip2, maps and a JSON log gzip=1 for the
# same facts), journey (this module).  All get the same requests, of visitors
# that are known, from one connection.
#
# Installs what is missing (install-deps.sh --bench) and builds.  Listens on
# 127.0.0.1 alone and leaves no process behind.  The environment: VISITORS
# (500), ROUNDS of wrk and analyser (5), SECONDS_EACH (4), PAIRS of latency
# (10), RATE of requests a second there (3000), EVENTS of analyser (1000000; of
# spill 100000000), MEMORY of spill (1G), ACCESS_LINES of the access log
# (3000000), MISSED=1 to see the user agents that were judged wrong.  All of it
# happens in TMPDIR: spill wants 13 GB there, and refuses when it has less.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

visitors=${VISITORS:-500}
rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-4}
pairs=${PAIRS:-10}
rate=${RATE:-3000}
events=${EVENTS:-1000000}
spilled=${EVENTS:-100000000}
memory=${MEMORY:-1G}
access_lines=${ACCESS_LINES:-3000000}
access_count=0

[[ $# -gt 0 ]] || set -- instructions throughput latency size analyser \
                       import agents classification

# parts that ask an nginx need one
site=

for part; do
    case $part in
        instructions|throughput|latency|size) site=1 ;;
        analyser|import|agents|classification|spill) ;;
        *) usage ;;
    esac
done

"$top/scripts/install-deps.sh" --bench
[[ -z $site ]] || "$top/scripts/build.sh" module > /dev/null

module=$top/build/ngx_http_journey_module.so
command=$top/build/journey
requests=$top/scripts/bench/requests.pl
nginx=$(command -v nginx || echo /usr/sbin/nginx)

pages=/,/products/lamp.html,/products/chair.html,/products/desk.html
pages+=,/products/shelf.html,/cart.html,/blog/guide.html,/blog/care.html
work=$(mktemp -d)
pid=

# Asked again and again: a single process that is about to wait for events
# does not see a signal before the next one.
stop() {
    if [[ -n $pid ]]; then
        while kill -QUIT "$pid" 2> /dev/null; do
            sleep 0.1
        done
        wait "$pid" 2> /dev/null || true
        pid=
    fi
}

tidy() {
    stop
    rm -rf "$work"
}

trap tidy EXIT


# ---- the site and the configurations ---------------------------------------

free_port() {
    perl -MIO::Socket::INET -e '
        print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1",
                                    LocalPort => 0)->sockport'
}

port=$(free_port)

chmod 755 "$work"
mkdir -p "$work"/{logs,html/products,html/blog}
chmod 777 "$work/logs"
cp -r "$top/conf" "$work/journey"
perl "$top/t/data/make_mmdb.pl" "$work/geo.mmdb"
echo 000102030405060708090a0b0c0d0e0f > "$work/secret"

lines=100

for page in index products/{lamp,chair,desk,shelf} cart blog/{guide,care}; do
    lines=$((lines + 17))
    perl -e 'print "<!DOCTYPE html><title>page</title>\n",
             "<p>some words</p>\n" x '$lines > "$work/html/$page.html"
done

perl -e 'print "p { margin: 0 }\n" x 100' > "$work/html/style.css"

# nginx_conf NAME LOAD HTTP SERVER
nginx_conf() {
    local name=$1 load=$2 http=$3 server=$4

    cat > "$work/$name.conf" << END
$load
daemon off;
worker_processes 1;
pid logs/nginx.pid;
error_log logs/error.log warn;
pcre_jit on;
events { worker_connections 512; }
http {
    types { text/html html; text/css css; }
    keepalive_requests 100000000;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
    $http
    server {
        listen 127.0.0.1:$port;
        server_name shop.example;
        root html;
        $server
    }
}
END
    sed 's/^daemon off;/&\nmaster_process off;/' "$work/$name.conf" \
        > "$work/$name.single.conf"
}

nginx_conf off '' 'access_log off;' ''

nginx_conf combined '' \
    'access_log logs/combined.gz combined gzip=1 buffer=64k;' ''

# shellcheck disable=SC2016
nginx_conf stock \
    'load_module /usr/lib/nginx/modules/ngx_http_geoip2_module.so;' '
    geoip2 geo.mmdb { $geo_country country iso_code; }
    map $http_referer $channel {
        default                                 referral;
        ""                                      direct;
        ~^https?://shop\.example/               "";
        ~^https?://(www\.)?(google|bing|duckduckgo|ecosia|yahoo)\.
                                                organic_search;
        ~^https?://([a-z]+\.)?(facebook|instagram|x|t|linkedin|pinterest)\.
                                                organic_social;
        ~^https?://(www\.)?(chatgpt|perplexity|claude)\.
                                                ai_assistant;
    }
    map $arg_utm_medium $paid {
        default 0;  ~^(.*cp.*|ppc|retargeting|paid.*)$ 1;
    }
    map $uri $phase {
        default       "";
        /             awareness;
        ~^/blog/      awareness;
        ~^/products/  consideration;
        ~^/(cart|checkout)  decision;
        ~^/account/   retention;
        ~^/reviews/   advocacy;
    }
    map $http_user_agent $bot {
        default 0;  ~*(bot|crawl|spider|curl|wget|python|slurp) 1;
    }
    map $http_user_agent $device {
        default desktop;  ~*(iPad|Tablet) tablet;  ~*Mobi mobile;
    }
    map $sent_http_content_type $is_page { default 0; ~^text/html 1; }
    log_format journeys escape=json
        "{\"t\":\"$msec\",\"v\":\"$uid_got$uid_set\",\"h\":\"$host\","
        "\"p\":\"$uri\",\"ph\":\"$phase\",\"ch\":\"$channel\","
        "\"paid\":$paid,\"src\":\"$arg_utm_source\","
        "\"cmp\":\"$arg_utm_campaign\",\"bot\":$bot,\"dev\":\"$device\","
        "\"cc\":\"$geo_country\",\"st\":$status,\"ms\":\"$request_time\"}";
    access_log logs/stock.gz journeys gzip=1 buffer=256k if=$is_page;
    ' 'userid on; userid_name uid; userid_expires 390d;'

nginx_conf journey "load_module $module;" '
    access_log off;
    journey_secret secret;
    journey_geoip geo.mmdb;
    journey_sources journey/sources.conf;
    journey_agents journey/agents.conf;
    include journey/phases/five.conf;
    journey_session 7d;
    journey_log logs/journey.gz flush=1h;
    ' 'journey on;'

# The same with a log that is flushed as by default, and without.
sed 's/ flush=1h//' "$work/journey.conf" > "$work/logging.conf"
sed 's/journey_log [^;]*/journey_log off/' "$work/journey.conf" \
    > "$work/silent.conf"

start() {
    local conf=$1
    shift

    rm -f "$work"/logs/{combined,stock,journey}.gz
    "$@" "$nginx" -p "$work/" -c "$conf" 2>> "$work/start.log" &
    pid=$!

    for _ in {1..300}; do
        if (: > "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
            return
        fi
        kill -0 "$pid" 2> /dev/null || break
        sleep 0.1
    done

    tail -n 5 "$work/start.log" "$work/logs/error.log" >&2
    die "nginx did not start with $conf"
}

# An hour's worth of cookies, known to every configuration by their bytes.
if [[ -n $site ]]; then
    start journey.single.conf
    perl "$requests" "$port" cookies "$visitors" "$work/visitors"
    stop
fi


# ---- instructions ----------------------------------------------------------

# collected CONF PATHS COUNT: instructions of a whole run
collected() {
    local conf=$1 paths=$2 count=$3 answered lines

    : > "$work/valgrind.log"
    start "$conf.single.conf" valgrind --tool=callgrind \
          --callgrind-out-file=/dev/null --log-file="$work/valgrind.log"
    answered=$(perl "$requests" "$port" send "$work/visitors" "$count" "$paths")
    stop

    [[ $answered -eq $count ]] || die "$conf: $answered of $count answered"

    if [[ $conf == journey ]]; then
        lines=$(zcat -f "$work"/logs/journey.gz 2> /dev/null | wc -l || true)
        [[ $paths == *.html* ]] || count=0
        [[ $lines -eq $count ]] ||
            die "$count human pages made $lines lines in the journey log"
    fi

    sed -n 's/.*Collected : //p' "$work/valgrind.log"
}

# a_request CONF PATHS
a_request() {
    local few=1000 many=5000

    echo $((($(collected "$1" "$2" $many) - $(collected "$1" "$2" $few))
            / (many - few)))
}

instructions() {
    local conf base combined n

    echo "Instructions a request (callgrind), pages of known visitors"
    echo

    for conf in off combined stock journey; do
        n=$(a_request "$conf" "$pages")
        base=${base:-$n}

        [[ $conf != combined ]] || combined=$((n - base))

        printf '  %-10s %7d' "$conf" "$n"
        [[ $conf == off ]] || printf '  +%6d' $((n - base))
        [[ $conf == off || $conf == combined ]] ||
            printf '  %5.2f x combined' \
                   "$(perl -e "print(($n - $base) / $combined)")"
        echo
    done

    echo
    base=$(a_request off /style.css)
    n=$(a_request journey /style.css)
    printf '  %-10s %7d\n' 'asset, off' "$base"
    printf '  %-10s %7d  +%6d\n' 'journey' "$n" $((n - base))
    echo
    echo "  Each page made one line in the journey log, each asset none."
    echo
}


# ---- throughput ------------------------------------------------------------

throughput() {
    local conf round

    echo "Requests a second (wrk, 1 worker, 32 connections, median of" \
         "$rounds rounds in turn)"
    echo

    perl "$requests" "$port" lua "$work/visitors" "$pages" > "$work/wrk.lua"

    for ((round = 0; round < rounds; round++)); do
        for conf in off combined stock journey; do
            start "$conf.conf"
            wrk -t 1 -c 32 -d "${seconds}s" --latency -s "$work/wrk.lua" \
                "http://127.0.0.1:$port/" > "$work/wrk.out"
            stop
            awk '/^Requests\/sec/ { r = $2 } /^ *99%/ { l = $2 }
                 END { print r, l }' "$work/wrk.out" >> "$work/wrk.$conf"
        done
    done

    local base='' middle

    for conf in off combined stock journey; do
        middle=$(sort -n "$work/wrk.$conf" |
                 sed -n "$(((rounds + 1) / 2))p")
        base=${base:-${middle% *}}
        printf '  %-10s %9.0f  %5.1f %%   p99 of that round %s\n' "$conf" \
               "${middle% *}" \
               "$(perl -e "print(100 * ${middle% *} / $base)")" \
               "${middle#* }"
    done
    echo
}


# ---- latency ---------------------------------------------------------------

# median_of FIELD FILE: the median of a column
median_of() {
    cut -d ' ' -f "$1" "$2" | sort -n | sed -n "$(((pairs + 1) / 2))p"
}

latency() {
    local pair conf

    echo "Microseconds until the answer ($rate requests a second, 1 worker," \
         "median of $pairs pairs in turn)"
    echo

    compile_latency
    cut -f 1 "$work/visitors" > "$work/cookies"

    for ((pair = 0; pair < pairs; pair++)); do
        for conf in silent logging; do
            start "$conf.conf"
            tr ',' '\n' <<< "$pages" |
                "$work/latency" "$port" "$rate" "$seconds" "$work/cookies" \
                    >> "$work/latency.$conf"
            stop
        done
    done

    printf '  %-10s %8s %8s %8s\n' '' p50 p99 slowest

    for conf in silent logging; do
        printf '  %-10s %8s %8s %8s\n' "log ${conf/silent/off}" \
               "$(median_of 1 "$work/latency.$conf")" \
               "$(median_of 2 "$work/latency.$conf")" \
               "$(median_of 3 "$work/latency.$conf")"
    done | sed 's/log logging/log on     /'

    echo
}

compile_latency() {
    "${CC:-cc}" -O2 -Wall -Wextra -Werror -o "$work/latency" \
        "$top/scripts/bench/latency.c"
}


# ---- size ------------------------------------------------------------------

size() {
    local count=40000 bytes lines

    start journey.single.conf
    perl "$requests" "$port" send "$work/visitors" $count "$pages" > /dev/null
    stop

    bytes=$(stat -c %s "$work/logs/journey.gz")
    lines=$(zcat "$work/logs/journey.gz" | wc -l)

    [[ $lines -eq $count ]] || die "$count pages made $lines lines"

    echo "The journey log, $lines events of $visitors visitors, gzip=1:"
    printf '\n  %.1f bytes an event (%.1f before compression)\n\n' \
           "$(perl -e "print($bytes / $lines)")" \
           "$(perl -e "print($(zcat "$work/logs/journey.gz" | wc -c) / $lines)")"
}


# ---- the command -----------------------------------------------------------

# shellcheck source-path=SCRIPTDIR source=bench/analyser.sh
. "$top/scripts/bench/analyser.sh"


# ---- import of access logs --------------------------------------------------

# imported NAME FILE ARGUMENT…: lines a second, of processor time
imported() {
    local name=$1 file=$2 took
    shift 2

    /usr/bin/time -f '%U %S %M' -o "$work/timed" \
        "$command" import --conf "$work/journey" --own-host shop.example \
        "$@" "$file" > /dev/null 2> "$work/import.err"

    grep -q "^journey: $access_count lines: .*, 0 bad$" "$work/import.err" ||
        { cat "$work/import.err" >&2; die "import: not every line was read"; }

    read -r -a took < "$work/timed"
    perl -e 'my ($name, $lines, $user, $sys, $memory) = @ARGV;
             my $rate = $lines / ($user + $sys);
             printf("  %-24s %9.0f lines a second  %6.1f MB\n", $name, $rate,
                    $memory / 1024);
             exit($rate < 300000)' \
        "$name" "$access_count" "${took[@]}" ||
        die "import: the aim is 300,000 lines a second"
}

import() {
    "$top/scripts/build.sh" command > /dev/null
    perl "$top/scripts/bench/access.pl" "$access_lines" > "$work/access.log"
    gzip -1 < "$work/access.log" > "$work/access.log.gz"
    access_count=$(wc -l < "$work/access.log")

    echo "journey import of $access_count lines, one core"
    echo

    imported 'plain' "$work/access.log"
    imported 'gzip' "$work/access.log.gz"
    imported 'plain, --output' "$work/access.log" --output "$work/import.gz"

    # All pages are people's: the most work a line.
    grep -E '"GET [^ "?]*(/|/[a-z-]+|\.html)(\?[^ "]*)? HTTP' \
         "$work/access.log" |
        grep -v -i -E 'bot|spider|crawl' > "$work/pages.log"
    access_count=$(wc -l < "$work/pages.log")
    imported 'pages alone' "$work/pages.log"

    sed -n 's/^journey: \([0-9]* lines: [0-9]* pages\).*/  (\1)/p' \
        "$work/import.err"
    rm -f "$work"/access.log* "$work"/pages.log "$work"/import.gz
    echo
}


# ---- user agents -----------------------------------------------------------

# judged LIST: instructions of all its user agents; the verdicts in LIST.out
judged() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null \
             --toggle-collect=journey_agent_find \
             --log-file="$work/valgrind.log" \
             "$work/agents" "$top/conf/agents.conf" < "$1" > "$1.out"
    sed -n 's/.*Collected : //p' "$work/valgrind.log"
}

# judged_share LIST WHAT VERDICT (bots or people) AIM
judged_share() {
    local list=$1 what=$2 verdict=$3 aim=$4 n=0 hits=0 ops bytes

    ops=$(judged "$list")
    n=$(wc -l < "$list")
    bytes=$(($(wc -c < "$list") - n))
    hits=$(awk -F '\t' '$1 != "-"' "$list.out" | wc -l)

    [[ $(wc -l < "$list.out") -eq $n && $n -gt 0 ]] ||
        die "$what: not each of $n user agents was judged"

    perl -e 'my ($what, $hits, $n, $ops, $bytes) = @ARGV;
             printf("  %-36s %5d of %5d  %6.2f %%\n", $what, $hits, $n,
                    100 * $hits / $n);
             printf("  %-36s %5.0f, %.2f a byte (%.0f bytes each)\n",
                    "  instructions a user agent", $ops / $n, $ops / $bytes,
                    $bytes / $n)' "$what" "$hits" "$n" "$ops" "$bytes"

    if [[ -n ${MISSED:-} && $verdict == bots ]]; then
        sed -n 's/^-\t/    /p' "$list.out"
    elif [[ -n ${MISSED:-} ]]; then
        sed '/^-\t/d; s/^/    /' "$list.out"
    fi

    perl -e "exit(!($hits / $n $aim))" || die "$what: the aim is $aim"
}

agents() {
    local tool few many

    for tool in npm node; do
        command -v $tool > /dev/null ||
            die "agents: $tool is missing: apt-get install npm"
    done

    npm install --prefix "$work/npm" --no-save --no-audit --no-fund \
        --ignore-scripts crawler-user-agents user-agents \
        > "$work/npm.log" 2>&1 ||
        { tail -n 5 "$work/npm.log" >&2
          die "agents: npm did not install crawler-user-agents, user-agents"; }

    "${CC:-gcc}" -std=gnu99 -O2 -I "$top/ngx_journey_module/core" \
        -o "$work/agents" "$top/scripts/bench/agents.c" \
        "$top"/ngx_journey_module/core/*.c -lmaxminddb -lcrypto -lpcre2-8 -lz

    node - "$work" << 'END'
const fs = require('fs');
const work = process.argv[2];
const read = (file) => JSON.parse(fs.readFileSync(
                           work + '/npm/node_modules/' + file, 'utf8'));
const write = (name, agents) => fs.writeFileSync(work + '/' + name,
    agents.map((agent) => agent.replace(/[\r\n]/g, ' ') + '\n').join(''));

write('crawlers', read('crawler-user-agents/crawler-user-agents.json')
                      .flatMap((entry) => entry.instances || []));
write('people', read('user-agents/dist/user-agents.json')
                    .map((entry) => entry.userAgent));

for (const name of ['crawler-user-agents', 'user-agents']) {
    console.log('  ' + name + ' ' + read(name + '/package.json').version);
}
END

    judged_share "$work/crawlers" 'crawlers found' bots '>= 0.97'
    judged_share "$work/people" 'people taken for bots' people '<= 0.005'

    # The worst that a client can send costs no more a byte when it is longer.
    perl -e 'print(substr("Mozilla/5.0 (compatible; Chrome/0Googlebo" x 2e3,
                          0, 65536), "\n")' > "$work/long.64k"
    perl -e 'print(substr("Mozilla/5.0 (compatible; Chrome/0Googlebo" x 3e4,
                          0, 1048576), "\n")' > "$work/long.1m"
    few=$(judged "$work/long.64k")
    many=$(judged "$work/long.1m")

    perl -e 'printf("  %-36s %.2f, %.2f instructions a byte\n",
                    "64 kB, 1 MB of beginnings of names", $ARGV[0] / 65536,
                    $ARGV[1] / 1048576);
             exit($ARGV[1] > 16.8 * $ARGV[0])' "$few" "$many" ||
        die "agents: the time is not linear"
    echo
}


# ---- classification --------------------------------------------------------

# classified WHAT FUNCTION TABLE LINES: instructions in that function
classified() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null \
             --toggle-collect="$2" --log-file="$work/valgrind.log" \
             "$work/classification" "$1" "$3" < "$4" > "$work/known"
    sed -n 's/.*Collected : //p' "$work/valgrind.log"
}

# query_of BYTES PIECE: a query of that length, of that piece alone
query_of() {
    perl -e 'print(substr($ARGV[1] x $ARGV[0], 0, $ARGV[0]), "\n")' "$@"
}

classification() {
    local sources=$top/conf/sources.conf count=200000 times n ops few many
    local once='' piece milliseconds kilobytes before after lines

    "$top/scripts/build.sh" command > /dev/null
    "${CC:-gcc}" -std=gnu99 -O2 -I "$top/ngx_journey_module/core" \
        -o "$work/classification" "$top/scripts/bench/classification.c" \
        "$top"/ngx_journey_module/core/*.c -lmaxminddb -lcrypto -lpcre2-8 -lz

    perl "$top/scripts/bench/sources.pl" visits $count < "$sources" \
        > "$work/visits"
    before=$(date +%s%N)
    "$command" classify --conf "$work/journey" < "$work/visits" \
        > "$work/visits.out"
    after=$(date +%s%N)
    lines=$(grep -c '^{"ch":' "$work/visits.out" || true)

    [[ $lines -eq $count ]] || die "classify: $lines of $count lines"

    printf 'Classification\n\n  %-36s %.0f lines a second\n' \
           'journey classify' $((count * 1000000000 / (after - before)))

    perl "$top/scripts/bench/sources.pl" referrers < "$sources" \
        > "$work/referrers"
    n=$(wc -l < "$work/referrers")

    for times in 1 4 16; do
        perl "$top/scripts/bench/sources.pl" table $times < "$sources" \
            > "$work/table"
        read -r milliseconds kilobytes \
            < <("$work/classification" load "$work/table")
        ops=$(classified referrer journey_source_by_referrer "$work/table" \
                         "$work/referrers")
        once=${once:-$ops}

        printf '  %-36s %.1f ms, %.1f MB, %d instructions a look-up\n' \
               "sources.conf x $times" "$milliseconds" \
               "$(perl -e "print($kilobytes / 1024)")" $((ops / n))

        [[ $ops -le $((once * 11 / 10)) ]] ||
            die "a look-up depends on the size of the table"
    done

    # Names that are known, values that are refused: the most work a byte.
    for piece in 'k1=22&' 'ref=@&' 'utm_source=&' 'gclid=%20&' \
                 'utm_id=%ff%c3'
    do
        query_of 32768 "$piece" > "$work/query"
        few=$(classified query journey_classify "$sources" "$work/query")
        query_of 65536 "$piece" > "$work/query"
        many=$(classified query journey_classify "$sources" "$work/query")

        printf '  %-36s %.1f, %.1f instructions a byte\n' \
               "32 kB, 64 kB of $piece" "$(perl -e "print($few / 32768)")" \
               "$(perl -e "print($many / 65536)")"

        [[ $many -le $((few * 22 / 10)) ]] || die "the time is not linear"
    done
    echo
}


printf '%s, %s, %s cores\n\n' "$("$nginx" -v 2>&1)" "$(uname -m)" "$(cpus)"

for part; do
    $part
done
