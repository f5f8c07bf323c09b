#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# scripts/test.sh [--quick] [STEP …]
#
# Installs what is missing, builds, and runs every test there is; exit code 0
# when all of them hold.  What failed is named at the end, with its log.  Two
# steps run at once, since most of them wait, and the fuzzers beside them.
#
#   --quick  the steps that need no other nginx than the installed one
#   STEP     only these (scripts/test.sh steps prints their names)
#
# nginx 1.22, 1.26 and 1.30 are brought from the Debian archive and built in
# build/, once: a second run is quick.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
cd "$top"

build=$top/build
logs=$build/test-logs
reports=$build/sanitizer-reports
jobs=$(cpus)
own_nginx=$(PATH=$PATH:/usr/sbin:/sbin command -v nginx || true)

unset NGINX_SRC CC ASAN STATIC BUILD ASAN_OPTIONS UBSAN_OPTIONS

at_once=2
failed=()
nfiles=0
ntests=0


# ---- helpers ---------------------------------------------------------------

# Those of the command, and those that are as long on any nginx.

once() {
    printf 't/%s.t\n' browser html_browser faults drill command classify import check show \
           html erase link prune min_visitors campaigns touchpoints_report offline \
           persons retention time content geo_report funnel tail privacy_cmd simulate shell \
           attribution exact sources matomo readme memory no_memory robust \
           report_options
}

# suite KIND NGINX MODULE [VARIABLE=VALUE …]: prove of t/*.t, by KIND
# all: all of them; sanitized: all but the longest, which say little more of a
# slower nginx; nginx: those to which another nginx may make a difference;
# versions: those that meet what versions do in other ways (headers, cookies,
# redirects), for one between two that see more; blocks: those made
# of blocks, which Test::Nginx can run by reloads; order: those that know in
# what order filters run.  Most of their time is spent waiting, so that more run at once
# than there are processors, and another suite beside them; the long ones begin.

suite() {
    local which=$1 nginx=$2 module=$3 files
    shift 3

    case $which in
        all)   mapfile -t files < <(printf '%s\n' t/*.t |
                                    grep -v 'browser\.t$') ;;
        sanitized) mapfile -t files < <(printf '%s\n' t/*.t |
                       grep -v -E '/(.*browser|drill|faults)\.t$' |
                       grep -v -E '/(link|shell|simulate|tail)\.t$') ;;
        nginx) mapfile -t files < <(grep -l '^use Journey' t/*.t |
                                    grep -v -F -f <(once)) ;;
        versions) mapfile -t files < <(printf 't/%s.t\n' application \
                      bad_conf bad_input cache_control conf consent cookie \
                      events goals handover http2 internal_redirects landing \
                      log pixel redirect status_formats user variables) ;;
        blocks) mapfile -t files < <(grep -l '^run_tests' t/*.t) ;;
        order) files=(t/cache_control.t t/cookie.t t/conf.t) ;;
    esac

    mapfile -t files < <(ls -S "${files[@]}")

    env TEST_NGINX_BINARY="$nginx" TEST_NGINX_JOURNEY_MODULE="$module" \
        TEST_NGINX_JOURNEY_TMP="$build/t" "$@" \
        timeout -k 10 900 prove --timer -j $((jobs + 1)) "${files[@]}"
}


# nginx_tree VERSION: its source, or what stands for it, in build/nginx-VERSION.

nginx_tree() {
    flock "$build/nginx-$1.lock" scripts/get-nginx.sh "$1" "$build/nginx-$1"
}


# one_page NGINX MODULE: does it start and answer one page, once?

one_page() {
    local nginx=$1 module=$2 dir=$build/t/one-page-$$ port code=0 answer=''

    mkdir -p "$dir"/{html,logs,tmp}
    echo '<p>a page' > "$dir/html/index.html"
    port=$((30000 + $$ % 2000))

    cat > "$dir/nginx.conf" << END
${module:+load_module $module;}
$([[ $EUID -ne 0 ]] || echo 'user root;')
pid $dir/nginx.pid;
events { }
http {
    types { text/html html; }
    access_log off;
    client_body_temp_path $dir/tmp/body;
    proxy_temp_path $dir/tmp/proxy;
    fastcgi_temp_path $dir/tmp/fastcgi;
    uwsgi_temp_path $dir/tmp/uwsgi;
    scgi_temp_path $dir/tmp/scgi;
    journey_log $dir/logs/journey.log flush=100ms;
    server {
        listen 127.0.0.1:$port;
        root $dir/html;
        expires 1h;
        journey on;
    }
}
END

    "$nginx" -p "$dir/" -e "$dir/logs/error.log" -c "$dir/nginx.conf" ||
        return 1

    answer=$(curl -s -i -A 'Mozilla/5.0 (X11; rv:132.0) Firefox/132.0' \
                  -H 'Accept: text/html' -H 'Accept-Language: en' \
                  "http://127.0.0.1:$port/") || code=1
    echo "$answer"

    # With our cookie no shared cache may keep the page, "expires" or not.
    grep -q '^Set-Cookie: jny=' <<< "$answer" || code=1
    grep -q -i '^Cache-Control: .*private' <<< "$answer" || code=1

    kill -QUIT "$(< "$dir/nginx.pid")"

    for _ in {1..100}; do
        [[ -e $dir/nginx.pid ]] || break
        sleep 0.1
    done

    zcat "$dir/logs/journey.log" || code=1
    [[ $(zcat "$dir/logs/journey.log" | grep -c '"k":"page"') == 1 ]] || code=1
    ! grep -E '\[(alert|emerg|crit)\]' "$dir/logs/error.log" || code=1

    return "$code"
}


sanitizer_options() {
    # Commas: Test::Nginx adds a test's name to the path that way.
    export ASAN_OPTIONS="detect_odr_violation=0,detect_leaks=$1"
    ASAN_OPTIONS+=",log_path=$reports/asan"
    export UBSAN_OPTIONS="print_stacktrace=1,log_path=$reports/ubsan"
}


# ---- steps -----------------------------------------------------------------

step_build() {
    FAULTS=1 scripts/build.sh
}

step_build_clang() {
    CC=clang BUILD=$build/clang scripts/build.sh
}

# Each library that is missing has to be named by its package: its header is
# hidden behind one that cannot be read.

without() {
    local header=$1 package=$2 dir=$build/config-test/$2

    rm -rf "$dir"
    mkdir -p "$dir/tree" "$dir/include/$(dirname "$header")"
    echo '#error hidden' > "$dir/include/$header"
    ln -s /usr/share/nginx/src/* "$dir/tree/"

    if (cd "$dir/tree" &&
        ./configure --with-compat --add-dynamic-module="$top" \
            --builddir=objs --with-cc-opt="-I$dir/include") > "$dir/log" 2>&1
    then
        echo "configure does not miss <$header>"
        return 1
    fi

    if ! grep -q "apt-get install $package\$" "$dir/log"; then
        echo "without <$header> configure does not name $package:"
        tail -n 5 "$dir/log"
        return 1
    fi

    echo "without <$header>: $(tail -n 2 "$dir/log" | head -n 1)"
}

step_config() {
    local job running=()

    without zlib.h zlib1g-dev & running+=($!)
    without openssl/evp.h libssl-dev & running+=($!)
    without maxminddb.h libmaxminddb-dev & running+=($!)
    without pcre2.h libpcre2-dev & running+=($!)

    for job in "${running[@]}"; do
        wait "$job"
    done
}

units() {
    local name=$1
    shift

    rm -rf "$build/unit-$name/t"
    make -s -f scripts/journey.mk -j "$jobs" OUT="$build/unit-$name" "$@" \
         units
    find "$build/unit-$name/t" -name 'test_*' -perm -100 -print0 | sort -z |
        xargs -0 prove -j "$jobs" --exec ''
}

step_unit_gcc() {
    units gcc CC=gcc
}

step_unit_clang() {
    units clang CC=clang
}

step_unit_sanitized() {
    local san="-fsanitize=address,undefined -fno-sanitize-recover=undefined"

    (
        sanitizer_options 1
        units sanitized CC=gcc CFLAGS="-g -O1 $san" LDFLAGS="$san"
    )
}

# A minute of processor time each for what reads cookies, query strings, log
# records and files of sources, less for the others.
step_fuzz() {
    local long=(token query record sources) others code=0

    mapfile -t others < <(find t/fuzz -name 'fuzz_*.c' -printf '%f\n' | sort |
                          sed 's/^fuzz_\(.*\)\.c$/\1/' |
                          grep -v -x -F "$(printf '%s\n' "${long[@]}")")

    export OUT=$build/fuzz JOBS=$jobs

    nice -n 19 t/fuzz/run.sh 60 "${long[@]}" || code=1
    nice -n 19 t/fuzz/run.sh 5 "${others[@]}" || code=1

    return "$code"
}

# In http/ a setter lends *cf a local variable and restores it, as nginx does.
step_cppcheck() {
    local rooms=(ngx_journey_module/report/*/)

    cppcheck -q --std=c99 --error-exitcode=1 -j "$jobs" \
             --enable=warning,performance,portability --inline-suppr \
             --suppress=missingIncludeSystem \
             --suppress='autoVariables:ngx_journey_module/http/*' -I ngx_journey_module/core \
             "${rooms[@]/#/-I}" ngx_journey_module scripts/drill
}

step_scripts() {
    local file cc

    shellcheck -x scripts/*.sh scripts/*/*.sh t/fuzz/*.sh

    for cc in gcc clang; do
        for file in scripts/drill/*.c; do
            "$cc" -std=gnu99 -O2 -Wall -Wextra -Werror -c -o /dev/null "$file"
        done
    done

    for file in scripts/*/*.pl t/data/*.pl t/*.t; do
        perl -I t/lib -c "$file"
    done
}

step_files() {
    local code=0 file n

    while read -r file; do
        n=$(wc -l < "$file")

        if [[ $n -gt 800 ]]; then
            echo "$file: $n lines are more than 800"
            code=1
        fi
    done < <(find ngx_journey_module t scripts -name '*.[ch]')

    # core/ and report/ stand without nginx.
    if grep -n -E '#include [<"]ngx_' -r ngx_journey_module/core \
            ngx_journey_module/report
    then
        code=1
    fi

    return "$code"
}

step_suite() {
    suite all "$own_nginx" "$build/ngx_http_journey_module.so"
}

step_suite_reload() {
    suite blocks "$own_nginx" "$build/ngx_http_journey_module.so" \
          TEST_NGINX_USE_HUP=1
}

# A real browser, once: which cookies it has and what is logged, with a table;
# and how it shows the page of reports.
step_browser() {
    TEST_NGINX_BINARY="$own_nginx" TEST_NGINX_JOURNEY_TMP="$build/t" \
        timeout -k 10 600 prove -v t/browser.t t/html_browser.t 2>&1 |
        grep -v '^ok '
}

# The shop's visitors, what is logged of them and what is reported.
step_demo() {
    scripts/demo.sh
}

step_suite_sanitized() {
    local out=$build/sanitized

    nginx_tree 1.22
    ASAN=1 NGINX_SRC=$build/nginx-1.22/src BUILD=$out \
        scripts/build.sh nginx module command

    (
        sanitizer_options 0
        suite sanitized "$out/nginx" "$out/ngx_http_journey_module.so" \
              TEST_NGINX_JOURNEY_COMMAND="$out/journey"
    )
}

dynamic() {
    local version=$1 which=$2 nginx out=$build/dynamic-$1 kind

    nginx_tree "$version"
    read -r _ kind < "$build/nginx-$version/VERSION"

    if [[ $kind == source ]]; then
        NGINX_SRC=$build/nginx-$version/src BUILD=$out \
            scripts/build.sh nginx module
        nginx=$out/nginx
    else
        NGINX_SRC=$build/nginx-$version/src BUILD=$out \
            scripts/build.sh module
        nginx=$build/nginx-$version/nginx
    fi

    one_page "$nginx" "$out/ngx_http_journey_module.so"
    suite "$which" "$nginx" "$out/ngx_http_journey_module.so"
}

static() {
    local version=$1 out=$build/static-$1

    nginx_tree "$version"
    STATIC=1 NGINX_SRC=$build/nginx-$version/src BUILD=$out \
        scripts/build.sh nginx
    one_page "$out/nginx" ""
    suite order "$out/nginx" ""
}

step_dynamic_1.26() {
    dynamic 1.26 versions
}

step_dynamic_1.30() {
    dynamic 1.30 nginx
}

step_static_1.22() {
    static 1.22
}

step_static_1.26() {
    static 1.26
}

step_sanitizer_reports() {
    local file code=0

    for file in "$reports"/*; do
        [[ -e $file ]] || continue
        echo "$file:"
        head -n 30 "$file"
        code=1
    done

    return "$code"
}

# No nginx of a test may be left; one that is, is named and stopped.
step_processes() {
    local pid code=0

    for pid in $(pgrep nginx || true); do
        if grep -q -a -F "$build/" "/proc/$pid/cmdline" 2> /dev/null; then
            echo "left: $pid $(tr '\0' ' ' < "/proc/$pid/cmdline")"
            kill -TERM "$pid" 2> /dev/null || true
            code=1
        fi
    done

    return "$code"
}

# Begun in this order: some that wait beside some that compute.
quick=(build suite build_clang config unit_gcc unit_clang unit_sanitized
       cppcheck scripts files suite_reload browser demo fuzz)
long=(suite_sanitized dynamic_1.26 dynamic_1.30 static_1.22 static_1.26)
last=(sanitizer_reports processes)


# ---- the run ---------------------------------------------------------------

declare -A names=()             # of the steps that run, by their process
declare -A began=()
busy=0                          # of them, without the fuzzers


# Each step is a session of its own, so that what it began can be ended with
# it; and another shell, since what follows "||" knows no "set -e".

start() {
    setsid "$0" --run "$1" > "$logs/$1" 2>&1 < /dev/null &
    names[$!]=$1
    began[$!]=$SECONDS
    [[ $1 == fuzz ]] || busy=$((busy + 1))
}


# Waits for one of them.

finish() {
    local pid=0 code=0 name count

    wait -n -p pid || code=$?
    name=${names[$pid]}
    unset "names[$pid]"
    pkill -TERM -s "$pid" || true
    [[ $name == fuzz ]] || busy=$((busy - 1))

    if [[ $code -eq 0 ]]; then
        printf '== %-18s ok      %4d s' "$name" $((SECONDS - began[$pid]))
    else
        printf '== %-18s FAILED  %4d s' "$name" $((SECONDS - began[$pid]))
        failed+=("$name")
    fi

    # What prove counted, of a suite or of unit tests.
    count=$(sed -n 's/^Files=\([0-9]*\), Tests=\([0-9]*\),.*/\1 \2/p' \
                "$logs/$name" | tail -n 1)

    if [[ -n $count ]]; then
        nfiles=$((nfiles + ${count% *}))
        ntests=$((ntests + ${count#* }))
        printf '   Files=%d, Tests=%d' "${count% *}" "${count#* }"
    fi

    printf '\n'

    if [[ $code -ne 0 ]]; then
        grep -v 'nginx: \[warn\] no "journey_secret"' "$logs/$name" |
            tail -n 60 | sed 's/^/    /'
    fi
}


# Waits until at most so many run.

leave() {
    while [[ $busy -gt $1 ]]; do
        finish
    done
}


# Interrupted: nothing that a step began goes on.

stop() {
    local pid signal

    [[ ${#names[@]} -gt 0 ]] || return 0

    for signal in TERM KILL; do
        for pid in "${!names[@]}"; do
            pkill -"$signal" -s "$pid" || true
        done

        sleep 1
    done

    step_processes || true
}


steps=()

if [[ ${1:-} == --run ]]; then
    "step_$2"
    exit
fi

for argument; do
    case $argument in
        steps)   printf '%s\n' "${quick[@]}" "${long[@]}" "${last[@]}"
                 exit ;;
        --quick) steps+=("${quick[@]}") ;;
        -*)      usage ;;
        *)       declare -F "step_$argument" > /dev/null ||
                     die "no such step: $argument"
                 steps+=("$argument") ;;
    esac
done

[[ ${#steps[@]} -gt 0 ]] || steps=("${quick[@]}" "${long[@]}")

scripts/install-deps.sh --test
own_nginx=${own_nginx:-$(PATH=$PATH:/usr/sbin:/sbin command -v nginx)} ||
    die "nginx is missing: scripts/install-deps.sh"

rm -rf "$logs" "$reports" "$build/t"
mkdir -p "$logs" "$build/t"
mkdir -m 1777 "$reports"

trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The fuzzers take what time the others leave them; what is built first, the
# others need.

[[ " ${steps[*]} " != *' fuzz '* ]] || start fuzz

for name in "${steps[@]}"; do
    [[ $name != fuzz ]] || continue
    leave $((at_once - 1))
    start "$name"
    [[ $name != build ]] || leave 0
done

while [[ ${#names[@]} -gt 0 ]]; do
    finish
done

for name in "${last[@]}"; do
    start "$name"
    finish
done

trap - EXIT INT TERM

printf '\n%d s\n' "$SECONDS"

if [[ ${#failed[@]} -gt 0 ]]; then
    printf 'FAILED: %s\n' "${failed[@]/#/$logs/}"
    printf 'Files=%d, Tests=%d\nResult: FAIL\n' "$nfiles" "$ntests"
    exit 1
fi

printf 'All tests successful.\nFiles=%d, Tests=%d\nResult: PASS\n' \
       "$nfiles" "$ntests"
