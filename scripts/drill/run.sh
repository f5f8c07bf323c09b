#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# run.sh DIR DISK SECONDS RATE LEAST EVERY DRILL…
#
# The drill itself, for scripts/drill.sh, which says what it is.  DISK is how a
# full disk is made: tmpfs, or limit (RLIMIT_FSIZE).  MODULE, NGINX_BINARY,
# JOURNEY, LOAD and DEATH are in the environment.  DIR is empty; DIR/left is
# what remains.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

dir=$1
disk=$2
seconds=$3
rate=$4
least=$5
every=$6
shift 6
drills=("$@")

clients=64
beat=$((seconds * 50))                      # ms: what the drills reckon in
[[ $beat -le 1000 ]] || beat=1000
logs=$dir/log
log=$logs/journey.log
pid_file=$dir/nginx.pid
error_log=$dir/left/error.log

loader=
killer=
sleeper=
began=
workers=2
renamed=0
failed=()
declare -A ran=() dropped=()

# Room for what comes while the disk is full, if one worker gets all of it.
buffer=$((1 + rate * 160 * 8 / 1000000))
[[ $buffer -le 64 ]] || buffer=64
buffer=${buffer}m


# ---- time and processes ----------------------------------------------------

# now: sets ms, milliseconds since 1970
now() {
    ms=${EPOCHREALTIME/[.,]/}
    ms=${ms%???}
}

phase() {
    now
    printf '%7.1f s  %s\n' "$(((ms - began) / 100))e-1" "$*"
}

fail() {
    failed+=("$*")
    phase "FAILED: $*"
}

# In the background, so that a signal need not wait for its end.
nap() {
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" &
    sleeper=$!
    wait "$sleeper"
    sleeper=
}

# await SECONDS CONDITION…: 1 when it does not come true
await() {
    local until=$((SECONDS + $1))
    shift

    until "$@"; do
        [[ $SECONDS -le $until ]] || return 1
        sleep 0.02
    done
}

# children PID: sets found; those that are dead already are none
children() {
    local file line

    found=()

    for file in /proc/[0-9]*/stat; do
        { read -r line < "$file"; } 2> /dev/null || continue

        if [[ $line =~ ^([0-9]+)\ \(.*\)\ ([A-Z])\ ([0-9]+)\  &&
              ${BASH_REMATCH[3]} == "$1" && ${BASH_REMATCH[2]} != Z ]]
        then
            found+=("${BASH_REMATCH[1]}")
        fi
    done
}

# worker PID: does it call itself one?  leaving PID: is it about to go?
worker() {
    local line

    { IFS= read -r -d '' line < "/proc/$1/cmdline"; } 2> /dev/null || true
    [[ ${line:-} == 'nginx: worker process'* ]]
}

leaving() {
    local line

    { IFS= read -r -d '' line < "/proc/$1/cmdline"; } 2> /dev/null || true
    [[ ${line:-} == *'shutting down'* ]]
}

alive() {
    local pid

    for pid; do
        [[ -d /proc/$pid ]] || continue
        ! grep -q '^State:.Z' "/proc/$pid/status" 2> /dev/null || continue
        return 0
    done

    return 1
}

gone() {
    ! alive "$@"
}

# settled MASTER: as many workers as there should be, and none that leaves
settled() {
    local pid n=0

    children "$1"

    for pid in "${found[@]}"; do
        worker "$pid" || continue
        ! leaving "$pid" || return 1
        n=$((n + 1))
    done

    [[ $n -eq $workers ]]
}

# running: sets pids, all processes of nginx
running() {
    local file

    pids=()

    for file in "$pid_file" "$pid_file.oldbin"; do
        [[ -s $file ]] || continue
        children "$(< "$file")"
        pids+=("$(< "$file")" "${found[@]}")
    done
}

tidy() {
    local i

    trap '' INT TERM HUP

    [[ -z $sleeper ]] || kill -TERM "$sleeper" 2> /dev/null || true
    [[ -z $killer ]] || kill -TERM "$killer" 2> /dev/null || true
    [[ -z $loader ]] || kill -TERM "$loader" 2> /dev/null || true

    # Masters first; again, as one may have been about to begin another.
    for ((i = 0; i < 3; i++)); do
        running
        [[ ${#pids[@]} -gt 0 ]] || break
        kill -KILL "${pids[@]}" 2> /dev/null || true
        await 5 gone "${pids[@]}" || true
    done

    if [[ $disk == tmpfs ]]; then
        umount "$logs" 2> /dev/null || umount -l "$logs" 2> /dev/null || true
    fi
}


# ---- nginx -----------------------------------------------------------------

# For the number of workers and the buffer that are set.
configure() {
    cat > "$dir/nginx.conf" << END
${MODULE:+load_module $MODULE;}
$([[ $EUID -ne 0 ]] || echo 'user root;')
env ASAN_OPTIONS;
env UBSAN_OPTIONS;
env LD_PRELOAD;
env DRILL_DEATH;
worker_processes $workers;
pid $pid_file;
error_log $error_log notice;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path $dir/tmp/body;
    proxy_temp_path $dir/tmp/proxy;
    fastcgi_temp_path $dir/tmp/fastcgi;
    uwsgi_temp_path $dir/tmp/uwsgi;
    scgi_temp_path $dir/tmp/scgi;
    journey_secret $dir/secret;
    journey_log $log buffer=$buffer flush=200ms;
    server {
        listen 127.0.0.1:$port;
        journey on;
        location / { default_type text/html; return 200 "a page\n"; }
        location = /status { journey_status; }
    }
}
END
}

# A limit of the size of files is to be an error, as a full disk is: a process
# that ignores XFSZ is not killed by it.
start() {
    printf '\0' > "$dir/death"

    # The sanitizers' library need not be the first.
    if ! (trap '' XFSZ
          export LD_PRELOAD=$DEATH DRILL_DEATH=$dir/death:$log
          export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0
          exec "$NGINX_BINARY" -p "$dir/" -e "$error_log" \
              -c "$dir/nginx.conf" > "$dir/said" 2>&1)
    then
        cat "$dir/said" >&2
        die "nginx did not start"
    fi

    await 10 test -s "$pid_file" || die "nginx does not start"
    await 10 settled "$(< "$pid_file")" || die "nginx has no workers"
}

quit() {
    running
    kill -QUIT "$(< "$pid_file")"
    await 30 gone "${pids[@]}" || fail "QUIT: nginx does not exit"
}

# status: sets answer, the JSON
status() {
    answer=$(
        exec 2> /dev/null 3<> "/dev/tcp/127.0.0.1/$port"
        printf 'GET /status HTTP/1.0\r\n\r\n' >&3
        timeout 5 sed -n '/^{/p' <&3
    ) || true
    [[ -n $answer ]]
}

# Counters begin anew with a binary: a zone is told by when it began.
count_dropped() {
    await 5 status || { fail "journey_status does not answer"; return; }

    [[ $answer =~ \"started\":([0-9]+) ]] || die "status: $answer"
    local zone=${BASH_REMATCH[1]}
    [[ $answer =~ \"dropped\":([0-9]+) ]] || die "status: $answer"

    if [[ ${BASH_REMATCH[1]} -gt ${dropped[$zone]:-0} ]]; then
        dropped[$zone]=${BASH_REMATCH[1]}
    fi
}


# ---- the drills ------------------------------------------------------------

log_size() {
    size=$(stat -c %s "$log" 2> /dev/null || echo 0)
}

# limit_files BYTES|unlimited: for all processes; twice, as a master may have
# begun one before it had the limit itself
limit_files() {
    local pid

    for _ in 1 2; do
        running

        for pid in "${pids[@]}"; do
            prlimit --pid "$pid" --fsize="$1": 2> /dev/null || true
        done
    done
}

# With a limit there is room for half a member: a write ends in its middle.
disk_full() {
    if [[ $disk == tmpfs ]]; then
        dd if=/dev/zero of="$logs/fill" bs=1M 2> /dev/null || true
    else
        log_size
        limit=$((size + 2000))
        limit_files $limit

        # what was written meanwhile
        log_size
        [[ $size -le $limit ]] || limit=$size
    fi
}

disk_free() {
    if [[ $disk == tmpfs ]]; then
        rm -f "$logs/fill" "$logs/probe"
    else
        limit_files unlimited
    fi
}

# room: is there any, after all?  A page or two of what was taken back may be.
room() {
    if [[ $disk == tmpfs ]]; then
        dd if=/dev/zero of="$logs/probe" bs=64k count=1 2> /dev/null &&
            rm "$logs/probe"
        return
    fi

    log_size
    [[ $size -gt $((limit + 4096)) ]]
}

# full MILLISECONDS: the disk
full() {
    disk_full
    phase "the disk is full"
    nap "$1"
    ! room || fail "the disk was not full"
    disk_free
    phase "the disk is free again"
}

drill_disk() {
    local i

    full $((3 * beat))

    # a busy machine may let the workers wait
    for ((i = 0; i < 50; i++)); do
        nap "$beat"
        log_size
        [[ $size -eq 0 ]] || return 0
    done

    fail "nothing is written after the disk was full"
}

hup() {
    local before

    children "$(< "$pid_file")"
    before=("${found[@]}")
    kill -HUP "$(< "$pid_file")"

    await 20 gone "${before[@]}" || fail "HUP: old workers stay"
    await 20 settled "$(< "$pid_file")" || fail "HUP: new workers do not come"
}

drill_reload() {
    phase "HUP"
    hup
    nap "$beat"
}

drill_workers() {
    local n

    for n in 4 1 2; do
        workers=$n
        configure
        phase "HUP, worker_processes $n"
        hup
        nap $((beat / 2))
    done
}

rename_log() {
    renamed=$((renamed + 1))
    mv "$log" "$log.$renamed"
}

# The next file has to come by itself.
new_log() {
    await 10 test -s "$log" || fail "$1: no new log"
    nap "$beat"
}

drill_rename() {
    rename_log
    phase "the log is journey.log.$renamed now"
    new_log rename
}

drill_usr1() {
    rename_log
    kill -USR1 "$(< "$pid_file")"
    phase "the log is journey.log.$renamed now, and USR1"
    new_log USR1
}

# Those who come next find the half of a member in a file that has another
# name.
drill_torn() {
    renamed=$((renamed + 1))
    perl "$top/scripts/drill/kill.pl" --half "$dir/death" "$log" \
        "$log.$renamed" || fail "torn: no worker died in a write"
    phase "half a member is written, and the log is journey.log.$renamed"
    new_log torn
}

upgraded() {
    [[ -s $pid_file && -s $pid_file.oldbin && $(< "$pid_file") != "$1" ]] &&
        settled "$(< "$pid_file")"
}

drill_upgrade() {
    local old

    old=$(< "$pid_file")
    count_dropped
    phase "USR2"
    kill -USR2 "$old"

    if ! await 20 upgraded "$old"; then
        fail "USR2: no second master"
        return
    fi

    phase "both masters serve"
    nap $((2 * beat))
    kill -QUIT "$old"
    phase "QUIT to the old master"
    await 20 gone "$old" || fail "QUIT: the old master stays"
    count_dropped
    nap $((beat / 2))
}

# At most so many beats, with what they wait for.
declare -A beats=([disk]=5 [reload]=3 [workers]=4 [rename]=2 [usr1]=2
                  [torn]=3 [upgrade]=5)


# ---- the load and what came of it ------------------------------------------

# begin NAME RATE
begin() {
    "$LOAD" -p "$port" -o "$dir/left/$1.list" -c "$clients" -r "$2" -k \
        > "$dir/left/$1.load" &
    loader=$!
}

# end: the answers that are under way, and the load's own word about them
end() {
    local code=0

    kill -TERM "$loader" 2> /dev/null || true
    wait "$loader" || code=$?
    loader=
    [[ $code -eq 0 ]] || failed+=("the load: not every request was answered")
}

# of FILE NAME: the number that stands there
of() {
    sed -n "s/^$2 //p" "$1"
}

# verify NAME [OPTION…]: the log against the list; to NAME.result
verify() {
    local name=$1 code=0
    shift

    perl "$top/scripts/drill/verify.pl" --zero "$began" "$@" \
        "$dir/left/$name.list" "$log"* > "$dir/left/$name.result" || code=$?

    [[ $code -lt 2 ]] || die "the log cannot be verified"
}

# check NAME: what "journey check" says of the log has to be what was found in
# it; else sets torn to 1
check() {
    local name=$1 code=0 said lines
    local result=$dir/left/$1.result

    torn=0
    said=$dir/left/$name.check
    "$JOURNEY" check --json "$log"* > "$said" || code=$?
    lines=$(($(of "$result" found) + $(of "$result" doubled) \
             + $(of "$result" strangers)))

    if [[ $code -ne 0 || $(< "$said") != *"\"lines\":$lines,"* ]]; then
        torn=1
        echo "journey check: exit code $code, $(< "$said")"
    fi
}

run() {
    local round drill ms

    begin drill "$rate"
    phase "load: $clients connections, $rate requests a second"

    if [[ " ${drills[*]} " == *' kill '* ]]; then
        perl "$top/scripts/drill/kill.pl" "$pid_file" "$dir/death" "$every" \
            > "$dir/left/killed" &
        killer=$!
        phase "a worker is killed every $every s"
    fi

    nap "$beat"

    for ((round = 1; ; round++)); do
        for drill in "${drills[@]}"; do
            [[ $drill != kill && $drill != overflow ]] || continue
            now

            # all of them once, even if it takes longer
            if [[ $round -gt 1 ]] &&
               ((ms - began + (beats[$drill] + 1) * beat > seconds * 1000))
            then
                break 2
            fi

            "drill_$drill"
            ran[$drill]=$((${ran[$drill]:-0} + 1))
        done

        [[ ${#ran[@]} -gt 0 ]] || break
    done

    now
    ((ms - began >= seconds * 1000 - beat)) ||
        nap $((seconds * 1000 - beat - (ms - began)))

    if [[ -n $killer ]]; then
        kill -TERM "$killer"
        wait "$killer" || fail "kill.pl failed"
        killer=
        phase "no more kills"
    fi

    nap "$beat"
    end
    phase "the load ends"
    await 10 settled "$(< "$pid_file")" || fail "not all workers are there"
    count_dropped
    quit
    phase "QUIT"
}

# Sets n, what the counters say.
sum_dropped() {
    local zone

    n=0

    for zone in "${!dropped[@]}"; do
        n=$((n + dropped[$zone]))
    done
}

# move NAME: the log, away from the disk of the drill
move() {
    mkdir "$dir/left/$1"
    mv "$log"* "$dir/left/$1/"
}

overflow() {
    local slower=$((rate / 3)) missing name

    # enough to fill two buffers
    [[ $slower -ge 2000 ]] || slower=2000

    workers=2
    buffer=64k
    dropped=()
    configure
    start
    phase "another nginx, buffer=$buffer"
    begin overflow "$slower"
    phase "load: $clients connections, $slower requests a second"
    nap 500
    full 2000
    nap 700
    end
    count_dropped
    quit
    phase "QUIT"

    sum_dropped
    verify overflow --complete --dropped "$n"
    check overflow

    missing=$((n + $(of "$dir/left/overflow.result" lost)))
    phase "$n events were dropped by the counter, $missing are missing"

    [[ $n -gt 0 ]] || failed+=("overflow: nothing was dropped")
    [[ $torn -eq 0 ]] || failed+=("overflow: journey check complains")

    for name in lost doubled torn strangers; do
        n=$(of "$dir/left/overflow.result" "$name")
        [[ $n -eq 0 ]] || failed+=("overflow: $name: $n")
    done

    move overflow
}


# ---- the report ------------------------------------------------------------

# number NAME VALUE [NOTE]: with commas
number() {
    local digits=$2

    while [[ $digits =~ ^(-?[0-9]+)([0-9]{3}.*)$ ]]; do
        digits=${BASH_REMATCH[1]},${BASH_REMATCH[2]}
    done

    printf '%-20s %12s   %s\n' "$1" "$digits" "${3:-}"
}

# zero NAME VALUE [NOTE]: it has to be
zero() {
    number "$@"
    [[ $2 -eq 0 ]] || failed+=("$1: $2")
}

# What nginx has to say beside the kills and the full disk.
alarms() {
    grep -E '\[(alert|crit|emerg)\]|runtime error:|Sanitizer' "$error_log" |
        grep -v -E 'exited on signal 9$|journey log ".*": ' || true
}

report() {
    local result=$dir/left/drill.result said=$dir/left/drill.load name held
    local ways='' lines

    for name in disk reload workers rename usr1 torn upgrade; do
        [[ -z ${ran[$name]:-} ]] || ways+="${ways:+, }${ran[$name]} x $name"
    done

    if [[ -s $dir/left/killed ]]; then
        ways="$(of "$dir/left/killed" killed) kills -9, of them \
$(of "$dir/left/killed" before) before, $(of "$dir/left/killed" half) amid and \
$(of "$dir/left/killed" after) after a write to the log${ways:+; }$ways"

        [[ $(of "$dir/left/killed" killed) -gt 0 ]] ||
            failed+=("kill: nobody was killed")

        for name in before half after; do
            [[ $(of "$dir/left/killed" $name) -gt 0 || $seconds -lt 20 ]] ||
                failed+=("kill: nobody was killed in a write ($name)")
        done
    fi

    held=$(of "$said" rate)

    echo
    number 'requests answered' "$(of "$result" answered)" \
        "$held a second, the slowest in $(of "$said" slowest) s at \
$((($(of "$said" slowest_at) - began) / 1000)) s"
    number 'events found' "$(of "$result" found)" \
        "on $(of "$said" connections) connections"
    zero lost "$(of "$result" lost)"
    zero doubled "$(of "$result" doubled)"
    zero torn $(($(of "$result" torn) + torn))
    zero dropped "$full" 'for want of room, as the module counts them'
    zero 'never asked for' "$(of "$result" strangers)"
    zero 'not answered by 200' $(($(of "$said" others) \
                                  + $(of "$said" broken) \
                                  + $(of "$said" hung)))
    echo
    echo "$ways"

    [[ $held -ge $least ]] ||
        failed+=("$held requests a second are less than $least")

    lines=$(alarms)

    if [[ -n $lines ]]; then
        failed+=("nginx raised an alarm")
        head -n 10 <<< "$lines"
    fi
}


# ---- the whole of it -------------------------------------------------------

trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir -p "$dir"/{left,log,tmp}
: > "$error_log"

if [[ $disk == tmpfs ]]; then
    size=$((64 + seconds * rate / 10000))
    mount -t tmpfs -o size="${size}m" drill "$logs"
    what="a tmpfs of $size MB"
else
    what="no tmpfs can be mounted: a full disk is RLIMIT_FSIZE"
fi

chmod 777 "$logs"
od -A n -N 16 -t x1 /dev/urandom | tr -d ' \n' > "$dir/secret"
echo >> "$dir/secret"
chmod 600 "$dir/secret"

port=$(perl -MIO::Socket::INET -e '
    print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1",
                                LocalPort => 0)->sockport')

now
began=$ms
printf '%s, %s cores; %s\n' "$("$NGINX_BINARY" -v 2>&1)" "$(cpus)" "$what"

configure
start
run

sum_dropped
full=$n
only=()
[[ " ${drills[*]} " =~ \ (kill|torn)\  ]] || only=(--complete)

verify drill --dropped "$full" "${only[@]}"
check drill
move log

if [[ " ${drills[*]} " == *' overflow '* ]]; then
    kept=$torn
    overflow
    torn=$kept
fi

report

if [[ ${#failed[@]} -gt 0 ]]; then
    printf 'FAILED: %s\n' "${failed[@]}"
    exit 1
fi

echo 'Nothing is lost.'
