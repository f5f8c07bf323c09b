#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# scripts/install-deps.sh [--build] [--demo] [--test] [--bench]
#
# Installs by apt-get, on Debian 12 or later, what is missing of the packages
# that a purpose needs, and says which; without an option: --build.
#
#   --build  a compiler, nginx and its headers, the libraries
#   --demo   --build, and what scripts/demo.sh needs
#   --test   --demo, and what scripts/test.sh needs
#   --bench  --build, and what scripts/bench.sh needs
#
# Needs root or sudo only where something is missing.  nginx's service, which
# the package would start, is not started.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

build=(gcc libc6-dev make nginx nginx-dev zlib1g-dev libssl-dev
       libmaxminddb-dev libpcre2-dev libqrencode-dev libdeflate-dev)
demo=(perl libmaxmind-db-writer-perl)
tests=(chromium clang cppcheck curl dpkg-dev faketime libbarcode-zbar-perl
       libclang-rt-dev libio-pty-perl libyaml-libyaml-perl logrotate man-db
       mandoc openssl patchelf procps psmisc shellcheck sqlite3 zsh)
bench=(time wrk valgrind libnginx-mod-http-geoip2)

want=()
test_nginx=

[[ $# -gt 0 ]] || set -- --build

for option; do
    case $option in
        --build) want+=("${build[@]}") ;;
        --demo)  want+=("${build[@]}" "${demo[@]}") ;;
        --test)  want+=("${build[@]}" "${demo[@]}" "${tests[@]}")
                 test_nginx=1 ;;
        --bench) want+=("${build[@]}" "${demo[@]}" "${bench[@]}") ;;
        *)       usage ;;
    esac
done

command -v apt-get > /dev/null ||
    die "there is no apt-get; the packages by their names in Debian:" \
        "${want[*]}"


missing=()

for package in "${want[@]}"; do
    if ! installed "$package" && [[ " ${missing[*]} " != *" $package "* ]]; then
        missing+=("$package")
    fi
done


log=
policy=

tidy() {
    [[ -z $log ]] || rm -f "$log"
    [[ -z $policy ]] || as_root rm -f "$policy"
}

trap tidy EXIT


# Debian starts a service when it is installed, unless this file forbids it.

forbid_services() {
    local file=/usr/sbin/policy-rc.d

    if [[ -e $file ]]; then
        return
    fi

    policy=$file
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$file" > /dev/null
    as_root chmod 755 "$file"
}


install_packages() {
    as_root apt-get -q -y --no-install-recommends install "$@" > "$log" 2>&1
}


if [[ ${#missing[@]} -gt 0 ]]; then
    say "installs ${missing[*]}"

    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)

    if [[ " ${missing[*]} " == *" nginx "* ]]; then
        forbid_services
    fi

    # apt's lists may be absent or stale: only then they are fetched.
    if ! install_packages "${missing[@]}"; then
        say "updates apt's lists"

        if ! as_root apt-get -q update > "$log" 2>&1 ||
           ! install_packages "${missing[@]}"
        then
            tail -n 20 "$log" >&2
            die "apt-get could not install ${missing[*]}"
        fi
    fi
else
    say "nothing is missing"
fi

if [[ -n $test_nginx ]]; then
    "$(dirname "$0")/install-test-nginx.sh"
fi
