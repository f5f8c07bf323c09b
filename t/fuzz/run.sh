#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# t/fuzz/run.sh [--keep] [SECONDS [TARGET …]]
#
# Builds the fuzz targets with clang's libFuzzer, AddressSanitizer and
# UndefinedBehaviorSanitizer, and runs each (all of them by default) on the
# inputs kept in corpus/TARGET/ and on new ones, for SECONDS of processor time
# (60 by default; 0: only those that are kept).  JOBS targets run at once, 1
# by default.  OUT names the folder of what is made; the input of a failure
# stays in OUT/TARGET/found/.  Exit code 1 when there was one.
#
#   --keep   corpus/TARGET/ gets what was found: of all inputs as few as reach
#            the same code; those with a name of their own stay

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=${OUT:-$top/build/fuzz}
fatal=-fno-sanitize-recover=undefined
sanitizers=address,undefined
keep=
failed=0

if [[ ${1:-} == --keep ]]; then
    keep=1
    shift
fi

seconds=${1:-60}
shift $(($# > 0 ? 1 : 0))

if [[ ! $seconds =~ ^[0-9]+$ ]]; then
    sed -n '4,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi

if [[ $# -eq 0 ]]; then
    mapfile -t targets < <(find "$here" -name 'fuzz_*.c' -printf '%f\n' | sort)
    targets=("${targets[@]#fuzz_}")
    set -- "${targets[@]%.c}"
fi


# library NAME SOURCE …: so that a target may bring a file in its own way

library() {
    local name=$1 objs
    shift

    objs=("${@#"$top/ngx_journey_module/"}")
    objs=("${objs[@]/#/$out/core/objs/}")
    objs=("${objs[@]/%.c/.o}")

    make -s -f "$top/scripts/journey.mk" -j "$(nproc)" OUT="$out/core" \
         CC=clang \
         CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,$sanitizers $fatal" \
         "${objs[@]}"

    rm -f "$out/$name.a"
    ar crs "$out/$name.a" "${objs[@]}"
}


# All of the command but main(), for the targets that need more of it than one
# file.

build_report() {
    local report

    mapfile -t report < <(find "$top/ngx_journey_module/report" -name '*.c' \
                               ! -name journey.c | sort)
    library report "${report[@]}"
}


build() {
    local name libs rooms

    rooms=("$top"/ngx_journey_module/report/*/)

    library core "$top"/ngx_journey_module/core/*.c

    for name; do
        mkdir -p "$out/$name"/{corpus,found} "$here/corpus/$name"
        libs=("$out/core.a" -lmaxminddb -lcrypto -lpcre2-8)

        if [[ $name == report || $name == paths ]]; then
            build_report
            libs=("$out/report.a" "${libs[@]}" -lz -lqrencode -pthread -lm)

            if echo '#include <libdeflate.h>' |
               clang -E -x c - > /dev/null 2>&1
            then
                libs+=(-ldeflate)
            fi
        fi

        clang -std=gnu99 -g -O1 -Wall -Wextra -Werror \
              -fsanitize="fuzzer,$sanitizers" "$fatal" \
              -I"$top/ngx_journey_module/core" -I"$here" \
              "${rooms[@]/#/-I}" \
              -o "$out/$name/fuzz_$name" "$here/fuzz_$name.c" "${libs[@]}"
    done
}


# fuzz TARGET FLAG … FOLDER …: its log is OUT/TARGET/log.  At low priority an
# input may wait long for the processor: half a minute is too long.

fuzz() {
    local name=$1 dictionary=()
    shift

    [[ ! -e $here/$name.dict ]] || dictionary=("-dict=$here/$name.dict")

    exec "$out/$name/fuzz_$name" -timeout=30 -max_len=4096 \
         -print_final_stats=1 -artifact_prefix="$out/$name/found/" \
         "${dictionary[@]}" "$@" > "$out/$name/log" 2>&1
}


# Processor time of a process so far, in hundredths of a second.

spent() {
    local stat

    stat=$(cat "/proc/$1/stat" 2> /dev/null) || return 0
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    echo $((${12} + ${13}))
}


# The last number that a log gives for WHAT.

said() {
    sed -n "s/.*$2 *\([0-9][0-9]*\).*/\1/p" "$out/$1/log" | tail -n 1
}


count() {
    find "$1" -type f | wc -l
}


run() {
    local name=$1 pid used=0 now code=0

    cp "$here/corpus/$name"/* "$out/$name/corpus/" 2> /dev/null || true

    if [[ $seconds -eq 0 ]]; then
        fuzz "$name" -runs=0 "$out/$name/corpus" &
    else
        fuzz "$name" "$out/$name/corpus" &
    fi

    pid=$!
    # shellcheck disable=SC2064
    trap "kill $pid 2> /dev/null || true" EXIT
    trap 'exit 143' TERM

    # It ends by itself when it finds something; else it is asked to.
    while now=$(spent "$pid") && [[ -n $now ]]; do
        used=$now
        [[ $seconds -eq 0 || $used -lt ${seconds}00 ]] ||
            kill -USR1 "$pid" 2> /dev/null || true
        sleep 0.2
    done

    wait "$pid" || code=$?
    trap - EXIT TERM

    if [[ $code -ne 0 ]]; then
        printf '%-9s FAILED, exit code %d\n' "$name" "$code"
        grep -v '^#' "$out/$name/log" | tail -n 40
        return 1
    fi

    printf '%-9s ok  %4d s  %9d runs  %5d edges  %4d inputs kept, %d now\n' \
           "$name" $((used / 100)) \
           "$(said "$name" number_of_executed_units:)" \
           "$(said "$name" cov:)" \
           "$(count "$here/corpus/$name")" "$(count "$out/$name/corpus")"
}


# Those with a name of their own, and the fewest others; large ones are left
# out, as most of what they reach is reached by small ones too.

keep() {
    local name=$1 kept=$here/corpus/$1 new=$out/$1/new small=$out/$1/small

    rm -rf "$new" "$small"
    mkdir -p "$new" "$small"
    find "$kept" -type f ! -regex '.*/[0-9a-f]*' -exec cp -t "$new" {} +
    find "$out/$name/corpus" -type f -size -513c -exec cp -t "$small" {} +

    (fuzz "$name" -set_cover_merge=1 -use_counters=0 "$new" "$small")

    rm -rf "$kept"
    cp -R "$new" "$kept"

    printf '%-9s %4d inputs kept, %d bytes\n' "$name" "$(count "$kept")" \
           "$(cat "$kept"/* | wc -c)"
}


mkdir -p "$out"
build "$@"

# Whoever ends this ends what it started.
trap 'jobs -p | xargs -r kill 2> /dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

running=0

for name; do
    if [[ $running -eq ${JOBS:-1} ]]; then
        wait -n || failed=1
        running=$((running - 1))
    fi

    run "$name" &
    running=$((running + 1))
done

while [[ $running -gt 0 ]]; do
    wait -n || failed=1
    running=$((running - 1))
done

if [[ -n $keep ]]; then
    for name; do
        keep "$name"
    done
fi

exit "$failed"
