#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# The analyser beside "zcat | wc -l", and how it grows; sourced by
# scripts/bench.sh, whose variables it uses.

# shellcheck disable=SC2154

# The visitors of "journey simulate" have 7.19 events each.
visitors_of() {
    echo $(($1 * 100 / 719))
}

# simulated FILE EVENTS SEED: a log of about so many
simulated() {
    "$command" simulate --visitors "$(visitors_of "$2")" --seed "$3" \
        --output "$1" 2> "$work/simulated" ||
        { cat "$work/simulated" >&2; die "simulate: no log"; }
}

# room WHAT BYTES: dies when the folder of work has less
room() {
    local free

    free=$(df --output=avail -B 1 "$work" | tail -n 1)

    printf '  %s: %d MB on the disk, %d MB are free\n' "$1" \
           $(($2 / 1000000)) $((free / 1000000))

    [[ $free -gt $2 ]] || die "$1: too little room in $work: set TMPDIR"
}

# measured NAME COMMAND…: a line "wall cpu memory" in the file of that name
measured() {
    local name=$1
    shift

    /usr/bin/time -f '%e %U %S %M' -o "$work/timed" "$@" \
        > "$work/measured.out" 2> "$work/measured.err" ||
        { cat "$work/timed" "$work/measured.err" >&2; die "$name failed"; }
    awk '{ print $1, $2 + $3, $4 / 1024 }' "$work/timed" \
        >> "$work/measured.$name"
}

# middle NAME FIELD: the median of what was measured
middle() {
    cut -d ' ' -f "$2" "$work/measured.$1" | sort -n |
        awk '{ n[NR] = $1 } END { print n[int((NR + 1) / 2)] }'
}

# measured_line NAME TITLE EVENTS
measured_line() {
    perl -e 'my ($title, $n, $wall, $cpu, $mb) = @ARGV;
             my $rate = int($n / ($wall || 0.01));
             1 while $rate =~ s/^(\d+)(\d{3})/$1,$2/;
             printf("  %-24s %8.2f %8.2f %8.1f %14s\n", $title, $wall, $cpu,
                    $mb, $rate)' \
        "$2" "$3" "$(middle "$1" 1)" "$(middle "$1" 2)" "$(middle "$1" 3)"
}

measured_head() {
    printf '  %-24s %8s %8s %8s %14s\n' '' seconds 'cpu s' MB 'events/s'
}

analyser() {
    local log=$work/events.gz count round size part n
    local -a parts=(zcat report attribution content retention funnel html)

    "$top/scripts/build.sh" command > /dev/null

    simulated "$work/few.gz" $((events / 10)) 1
    size=$(stat -c %s "$work/few.gz")

    echo "The analyser: logs of journey simulate, gzip, a plain line each"
    echo
    room "$((events * 10)) events and a tenth, a hundredth" $((size * 115))

    simulated "$log" "$events" 1
    count=$(zcat "$log" | wc -l)

    printf '\n%d events, %.1f MB, medians of %d rounds in turn\n\n' "$count" \
           "$(perl -e "print($(stat -c %s "$log") / 1e6)")" "$rounds"

    for ((round = 0; round < rounds; round++)); do
        # shellcheck disable=SC2016
        measured zcat bash -c 'set -o pipefail; zcat "$0" | wc -l' "$log"
        measured report "$command" report "$log"
        measured attribution "$command" attribution --order 4 "$log"
        measured content "$command" content "$log"
        measured retention "$command" retention "$log"
        measured funnel "$command" funnel \
                 --funnel '/products/*,/cart,goal:purchase' "$log"
        measured html "$command" report --html "$work/page.html" "$log"
    done

    measured_head

    for part in "${parts[@]}"; do
        case $part in
            zcat) n='zcat | wc -l' ;;
            attribution) n='attribution --order 4' ;;
            funnel) n='funnel, of 3 steps' ;;
            html) n='report --html' ;;
            *) n=$part ;;
        esac
        measured_line "$part" "$n" "$count"
    done

    echo
    growth "$log" "$count"
    rm -f "$work"/{few,events}.gz "$work"/measured.*
}

# growth LOG EVENTS: a tenth of them, and ten times as many
growth() {
    local count before='' n took

    printf 'journey report, ten times as much each time\n\n'
    measured_head

    simulated "$work/many.gz" $((events * 10)) 1

    for n in few events many; do
        count=$(zcat "$work/$n.gz" | wc -l)
        rm -f "$work/measured.growth"

        for ((round = 0; round < (rounds + 1) / 2; round++)); do
            measured growth "$command" report "$work/$n.gz"
        done

        measured_line growth "$count events" "$count"

        # of processor time, which others on the machine change less
        took=$(perl -e "print($(middle growth 2) / $count)")
        perl -e 'exit(($ARGV[1] || $ARGV[0]) * 2 < $ARGV[0])' "$took" \
             "${before:-0}" || die "the time an event has doubled"
        before=$took
    done

    rm -f "$work/many.gz"
    echo
}

# Ten logs of other visitors each; a log of 100,000 events says how large they
# are, and what a spilled event takes: 100 bytes at most, once.
spill() {
    local i size
    local -a logs=()

    "$top/scripts/build.sh" command > /dev/null
    "$command" report --help | grep -q -e '--memory' ||
        die "spill: this journey has no --memory"

    simulated "$work/few.gz" 100000 1
    size=$(stat -c %s "$work/few.gz")

    printf 'journey report --memory %s\n\n' "$memory"
    room "$spilled events and their files" \
         $((spilled * (size + 10000000) / 95000))

    for ((i = 1; i <= 10; i++)); do
        simulated "$work/spill.$i.gz" $((spilled / 10)) "$i"
        logs+=("$work/spill.$i.gz")
    done

    echo
    measured_head

    mkdir "$work/spilled"

    for i in 1 5 10; do
        rm -f "$work/measured.spill"
        TMPDIR=$work/spilled measured spill "$command" report \
            --memory "$memory" "${logs[@]:0:i}"
        size=$(awk 'NR == 3 { gsub(",", "", $1); print $1 }' \
                   "$work/measured.out")
        measured_line spill "$size events" "$size"
    done

    rmdir "$work/spilled" || die "spill: a file is left"

    rm -f "$work"/spill.*.gz "$work/few.gz"
    echo
}
