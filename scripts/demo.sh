#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# scripts/demo.sh [--keep] [--stop] [--seed N]
#
# Installs what is missing, builds, starts nginx with a small shop on
# 127.0.0.1, lets some hundred made-up visitors go shopping, prints the report
# of their journeys, one of these from the code on a poster to the order, and
# stops nginx.
#
#   --keep    leaves nginx running and prints its address
#   --stop    stops an nginx that --keep has left running, and does no more
#   --seed N  other visitors
#
# Everything is in build/demo: the log (journey.log.gz), the report, nginx's
# configuration.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

demo=$top/build/demo
keep=
seed=4711

while [[ $# -gt 0 ]]; do
    case $1 in
        --keep) keep=1 ;;
        --stop) keep=stop ;;
        --seed) [[ ${2:-} =~ ^[0-9]+$ ]] || usage
                seed=$2
                shift ;;
        *)      usage ;;
    esac
    shift
done


# The demo's nginx, if it runs: what the pid file names has to be it.

demo_pid() {
    local pid

    [[ -s $demo/nginx.pid ]] || return 1
    pid=$(< "$demo/nginx.pid")
    grep -q -a -F "$demo/nginx.conf" "/proc/$pid/cmdline" 2> /dev/null ||
        return 1
    echo "$pid"
}


stop_nginx() {
    local pid i

    pid=$(demo_pid) || return 0
    kill -QUIT "$pid" 2> /dev/null || return 0

    for ((i = 0; i < 100; i++)); do
        kill -0 "$pid" 2> /dev/null || return 0
        sleep 0.1
    done

    say "nginx ($pid) does not exit by itself; it is killed"
    kill -KILL "$pid" 2> /dev/null || true
    return 1
}


if [[ $keep == stop ]]; then
    stop_nginx
    exit
fi


# ---- what is needed --------------------------------------------------------

started=$SECONDS

"$top/scripts/install-deps.sh" --demo
"$top/scripts/build.sh"

stop_nginx
rm -rf "$demo"
mkdir -p "$demo"/{html,logs,tmp}

perl "$top/scripts/demo/shop.pl" "$demo/html"
perl "$top/t/data/make_mmdb.pl" "$demo/demo.mmdb"
od -A n -N 16 -t x1 /dev/urandom | tr -d ' \n' > "$demo/journey.secret"
echo >> "$demo/journey.secret"
chmod 600 "$demo/journey.secret"

# What hangs at the station, lies in the parcels and goes out by mail.
journey=$top/build/journey

"$journey" link --code --qr --base https://shop.example/r --source poster \
    --medium qr --campaign main_station /products/aroma-one \
    > "$demo/poster.map"
"$journey" link --code --base https://shop.example/r --source parcel \
    --medium qr --campaign thank_you /help/descaling > "$demo/parcel.map"
cat "$demo/poster.map" "$demo/parcel.map" > "$demo/codes.map"

"$journey" link --secret "$demo/journey.secret" \
    --base https://shop.example/l --source newsletter --medium email \
    --campaign week_47 /products/aroma-duo /products/house-blend /products/ \
    > "$demo/letter.links"

# Two free ports, from 8080 on: the shop's and its application's.
read -r port application < <(perl -MIO::Socket::INET -e '
    my @free;

    for my $port (8080 .. 8999) {
        push @free, $port
            if IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1,
                                     LocalPort => $port, ReuseAddr => 1);
        last if @free == 2;
    }

    print "@free\n";') || true
[[ -n $application ]] || die "no two ports between 8080 and 8999 are free"

# A demo of root's may lie where no other user can read.
user=
[[ $EUID -ne 0 ]] || user="user  root;"

sed -e "s|@DIR@|$demo|g" -e "s|@PORT@|$port|g" -e "s|@USER@|$user|g" \
    -e "s|@APPLICATION@|$application|g" \
    -e "s|@MODULE@|$top/build/ngx_http_journey_module.so|g" \
    "$top/scripts/demo/nginx.conf" > "$demo/nginx.conf"

# conf/ as an installation has it, but for the place of the log.
cp -R "$top/conf" "$demo/journey"
sed -i -e "s|/var/log/journey/[^ ;]*|$demo/journey.log.gz|" \
    "$demo/journey/journey.conf"


# ---- nginx and its visitors ------------------------------------------------

nginx=$(PATH=$PATH:/usr/sbin:/sbin command -v nginx) ||
    die "nginx is missing: scripts/install-deps.sh"

if ! "$nginx" -p "$demo/" -e "$demo/logs/error.log" -c "$demo/nginx.conf" \
         2> "$demo/logs/start"
then
    cat "$demo/logs/start" >&2
    die "nginx did not start"
fi

trap 'stop_nginx || true' EXIT

address=http://127.0.0.1:$port/
say "the shop is open at $address"

# Dark on light, also where the terminal is neither.
light=
dark=
if [[ -t 1 ]]; then
    light=$'\e[97;40m'
    dark=$'\e[0m'
fi

code=$(sed -n 's|^# https://shop\.example||p' "$demo/poster.map")

printf '\nThe poster at the main station:\n\n'
sed -n "s/^# \(.*[█▀▄].*\)/    $light\1$dark/p" "$demo/poster.map"
sed -n -e 's/^# \(https.*\)/\n    \1/p' \
    -e 's/^"[^ ]*  "\(.*\)";/      → \1\n/p' "$demo/poster.map"

perl "$top/scripts/demo/traffic.pl" --port="$port" --seed="$seed" \
    --codes="$demo/codes.map" --letter="$demo/letter.links" > "$demo/traffic"

done_by() {
    sed -n "s/^$1 //p" "$demo/traffic"
}

say "$(done_by requests) requests of $(done_by visitors) visitors in" \
    "$(done_by sessions) sessions, and $(done_by bots) by bots"

# A moment later the last request is counted as well.
sleep 0.2
perl -MHTTP::Tiny -e 'print HTTP::Tiny->new->get($ARGV[0])->{content}' \
    "${address}journey/status" > "$demo/status.json"


# The log is complete once nginx has gone.  With --keep its timer writes it.

if [[ $keep ]]; then
    sleep 6
else
    stop_nginx
fi

if grep -E '\[(alert|emerg|crit)\]' "$demo/logs/error.log" >&2; then
    die "nginx raised an alarm: $demo/logs/error.log"
fi


# ---- what they left --------------------------------------------------------

log=$demo/journey.log.gz
[[ -s $log ]] || die "nginx has written no log: $log"

"$journey" report --conf "$demo/journey" "$log" \
    | tee "$demo/report.txt"

"$journey" report --conf "$demo/journey" --json "$log" \
    > "$demo/report.json"

"$journey" report --conf "$demo/journey" --html "$demo/report.html" "$log"

perl "$top/scripts/demo/check.pl" "$demo/traffic" "$log" "$demo/report.json" \
    "$demo/status.json" ||
    die "log, report or counters do not agree with the visits"


# One of them: who it is, the cookie says.  Its lines by time, since each of
# nginx's workers writes its own.  "journey tail" makes a line for people of
# each; it would wait for more.

example=$("$journey" token --secret "$demo/journey.secret" --json \
              "$(done_by cookie)" | sed -n 's/.*"v":"\([^"]*\)".*/\1/p')
zcat "$log" | grep -F "\"v\":\"$example\"" | sort -s -t , -k 1,1 \
    > "$demo/example.log" || true
kinds=$(sed 's/.*"k":"\([a-z]*\)".*/\1/' "$demo/example.log" | tr '\n' ' ')
[[ $kinds == "click page page pixel click page page page goal page " ]] ||
    die "the log tells of visitor $example: $kinds"

timeout 20 "$journey" tail --all --tz UTC --lines 100 "$demo/example.log" \
    > "$demo/example.txt" &
tail=$!
lines=$(wc -l < "$demo/example.log")

for ((i = 0; i < 100; i++)); do
    [[ $(wc -l < "$demo/example.txt") -le $lines ]] || break
    sleep 0.1
done

kill "$tail"
wait "$tail" || true
[[ $i -lt 100 ]] || die "journey tail does not print $demo/example.log"

printf '\nOne of these journeys, from the poster to the order\n\n'
sed 's/^/  /' "$demo/example.txt"

printf '\n%s pages, %s clicks, %s views, %s goals, %s errors:\n' \
    "$(done_by pages)" "$(done_by clicks)" "$(done_by pixels)" \
    "$(done_by goals)" "$(done_by errors)"

cat << END
log, report and live counters agree with the visits.

log     $log   (zcat reads it)
report  $demo/report.txt
        build/journey report --conf build/demo/journey build/demo/journey.log.gz
page    $demo/report.html   (open it in a browser)
visitor build/journey show $example build/demo/journey.log.gz
took    $((SECONDS - started)) s
END

if [[ $keep ]]; then
    trap - EXIT
    cat << END

nginx is running: $address
live numbers      ${address}journey  (/journey/metrics, /journey/status)
poster            $address${code#/}
stop it by        scripts/demo.sh --stop
END
fi
