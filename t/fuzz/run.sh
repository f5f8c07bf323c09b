#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# t/fuzz/run.sh [SECONDS [TARGET …]]
#
# Builds the fuzz targets with clang's libFuzzer, AddressSanitizer and
# UndefinedBehaviorSanitizer, and runs each for that long (60 by default).
# OUT names the folder of what is made; what a target finds stays in
# OUT/TARGET/.  Exit code 1 when one found something.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=${OUT:-$top/build/fuzz}
seconds=${1:-60}
shift $(($# > 0 ? 1 : 0))

[[ $# -gt 0 ]] || set -- token rules query record agent referrer

code=0

for name; do
    mkdir -p "$out/$name/corpus" "$out/$name/found"

    clang -std=gnu99 -g -O1 -Wall -Wextra -Werror \
          -fsanitize=fuzzer,address,undefined \
          -fno-sanitize-recover=undefined \
          -I"$top/ngx_journey_module/core" -I"$here" \
          -o "$out/$name/fuzz_$name" "$here/fuzz_$name.c" \
          "$top"/ngx_journey_module/core/*.c \
          -lmaxminddb -lcrypto -lpcre2-8

    dictionary=()
    [[ ! -e $here/$name.dict ]] || dictionary=("-dict=$here/$name.dict")

    if "$out/$name/fuzz_$name" -max_total_time="$seconds" -timeout=5 \
           -max_len=4096 -print_final_stats=1 "${dictionary[@]}" \
           -artifact_prefix="$out/$name/found/" "$out/$name/corpus" \
           > "$out/$name/log" 2>&1
    then
        printf '%-9s ok, %s runs\n' "$name" \
               "$(sed -n 's/^stat::number_of_executed_units: *//p' \
                      "$out/$name/log")"
    else
        printf '%-9s FAILED\n' "$name"
        grep -v '^#' "$out/$name/log" | tail -n 40
        code=1
    fi
done

exit "$code"
