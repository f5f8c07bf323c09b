#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# scripts/drill.sh [--seconds N] [--rate N] [--every S] [--no-mount] [DRILL…]
#
# Is every event in the log, once and whole, whatever happens to nginx?  Starts
# an nginx of its own on 127.0.0.1, keeps it under load on kept-alive
# connections, and meanwhile runs these drills in turn, again and again; without
# an argument all of them:
#
#   kill      all the time, a worker is killed with -9 every second: every
#             other time in the middle of a write to the log, at times all
#   disk      the disk is full for some seconds, and free again
#   reload    HUP
#   workers   HUP with another number of worker_processes
#   rename    the log is renamed
#   usr1      the log is renamed, and USR1
#   torn      a worker dies when half of a member is written, and the log is
#             renamed at once
#   upgrade   USR2; both masters with their workers serve; QUIT to the old one
#   overflow  at the end, by another nginx with the smallest buffer: the disk is
#             full until events are dropped; as many are missing as were counted
#
# Then it holds the log against the answers, and prints what is lost, doubled,
# torn or dropped: exit code 1 unless nothing is.  What must be in the log is
# each answer that was followed by another one on the same connection; the last
# one of a connection that was killed may be there.
#
#   --seconds N   length of the load (120)
#   --rate N      requests a second (12000); without it, a rate below 10000 is
#                 a failure, too
#   --every S     seconds from one kill to the next (1)
#   --no-mount    a full disk by RLIMIT_FSIZE, as where no tmpfs can be mounted
#
# Builds what is missing; BUILD is another folder than build/.  NGINX_BINARY,
# MODULE (a .so, or empty when it is linked in) and JOURNEY (the command) stand
# for those in PATH and BUILD.  Leaves logs and the list of answers in
# BUILD/drill, and no process and no mount, however it ends.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

export LC_ALL=C

# nginx takes listening sockets from it.
unset NGINX

known=(kill disk reload workers rename usr1 torn upgrade overflow)
seconds=120
rate=12000
least=10000
every=1
mount=1
drills=()

while [[ $# -gt 0 ]]; do
    case $1 in
        --seconds)  [[ ${2:-} =~ ^[1-9][0-9]{0,4}$ ]] || usage
                    seconds=$2
                    shift ;;
        --rate)     [[ ${2:-} =~ ^[1-9][0-9]{0,6}$ ]] || usage
                    rate=$2
                    least=0
                    shift ;;
        --every)    [[ ${2:-} =~ ^[0-9]*\.?[0-9]+$ ]] || usage
                    every=$2
                    shift ;;
        --no-mount) mount= ;;
        -*)         usage ;;
        *)          [[ " ${known[*]} " == *" $1 "* ]] || usage
                    drills+=("$1") ;;
    esac
    shift
done

[[ ${#drills[@]} -gt 0 ]] || drills=("${known[@]}")


# ---- what is needed --------------------------------------------------------

out=${BUILD:-$top/build}
mkdir -p "$out"
out=$(cd "$out" && pwd)

if [[ -z ${MODULE+set} ]]; then
    "$top/scripts/build.sh" module
    MODULE=$out/ngx_http_journey_module.so
fi

if [[ -z ${JOURNEY:-} ]]; then
    "$top/scripts/build.sh" command
    JOURNEY=$out/journey
fi

if [[ -z ${NGINX_BINARY:-} ]]; then
    NGINX_BINARY=$(PATH=$PATH:/usr/sbin:/sbin command -v nginx) ||
        die "nginx is missing: scripts/install-deps.sh"
fi

export MODULE JOURNEY NGINX_BINARY
export LOAD=$out/drill-load DEATH=$out/drill-death.so

# compile FILE SOURCE OPTION…
compile() {
    local file=$1 source=$top/scripts/drill/$2
    shift 2

    [[ $file -nt $source ]] ||
        "${CC:-gcc}" -std=gnu99 -O2 -Wall -Wextra -Werror "$@" -o "$file" \
            "$source"
}

compile "$LOAD" load.c
compile "$DEATH" death.c -shared -fPIC


# ---- in rooms of its own ---------------------------------------------------

# Where it is allowed, the drill has processes and mounts of its own: they end
# with it, even by kill -9.  Elsewhere run.sh stops by itself what it began.

rooms=(unshare --mount --pid --fork --kill-child --mount-proc)
work=$(mktemp -d)
disk=limit
pid=

tidy() {
    if [[ -n $pid ]]; then
        kill -TERM "$pid" 2> /dev/null || true

        # unshare(1) is deaf to TERM; what is in its rooms ends with it
        [[ $disk == limit ]] || kill -KILL "$pid" 2> /dev/null || true
        wait "$pid" 2> /dev/null || true
        pid=
    fi

    rm -rf "$work"
}

trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

chmod 755 "$work"

if [[ $mount ]] &&
   "${rooms[@]}" mount -t tmpfs -o size=1m drill "$work" 2> /dev/null
then
    disk=tmpfs
else
    rooms=()
fi

code=0
setpriv --pdeathsig "$([[ $disk == tmpfs ]] && echo KILL || echo TERM)" \
    "${rooms[@]}" "$top/scripts/drill/run.sh" "$work" "$disk" "$seconds" \
    "$rate" "$least" "$every" "${drills[@]}" &
pid=$!
wait "$pid" || code=$?
pid=

# The last drill's alone, for who wants to look.
rm -rf "$out/drill"
mv "$work/left" "$out/drill" 2> /dev/null || true

say "logs and the list of answers: $out/drill"

[[ $code -eq 0 ]] || exit "$code"
