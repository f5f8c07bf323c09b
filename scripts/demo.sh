#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# scripts/demo.sh [--keep] [--stop] [--seed N]
#
# Installs what is missing, builds, starts nginx with a small shop on
# 127.0.0.1, lets some hundred made-up visitors go shopping, prints the report
# of their journeys and stops nginx.
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

# A free port, from 8080 on.
port=$(perl -MIO::Socket::INET -e '
    for my $port (8080 .. 8999) {
        if (IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1,
                                  LocalPort => $port, ReuseAddr => 1)) {
            print $port;
            last;
        }
    }')
[[ -n $port ]] || die "no port between 8080 and 8999 is free"

# A demo of root's may lie where no other user can read.
user=
[[ $EUID -ne 0 ]] || user="user  root;"

sed -e "s|@DIR@|$demo|g" -e "s|@PORT@|$port|g" -e "s|@USER@|$user|g" \
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

perl "$top/scripts/demo/traffic.pl" --port="$port" --seed="$seed" \
    > "$demo/traffic"

done_by() {
    sed -n "s/^$1 //p" "$demo/traffic"
}

say "$(done_by requests) requests of $(done_by visitors) visitors in" \
    "$(done_by sessions) sessions, and $(done_by bots) by bots"


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

"$top/build/journey" report --conf "$demo/journey" "$log" \
    | tee "$demo/report.txt"

"$top/build/journey" report --conf "$demo/journey" --json "$log" \
    > "$demo/report.json"

perl "$top/scripts/demo/check.pl" "$demo/traffic" "$log" "$demo/report.json" ||
    die "log or report do not agree with the visits"

cat << END

$(done_by pages) pages, $(done_by goals) goals, $(done_by errors) errors: log and report agree with the visits.

log     $log   (zcat reads it)
report  $demo/report.txt
        build/journey report --conf build/demo/journey build/demo/journey.log.gz
took    $((SECONDS - started)) s
END

if [[ $keep ]]; then
    trap - EXIT
    cat << END

nginx is running: $address
counters          ${address}journey-status
stop it by        scripts/demo.sh --stop
END
fi
