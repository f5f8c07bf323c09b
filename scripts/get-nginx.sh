#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# scripts/get-nginx.sh 1.22|1.26|1.30 DIR
#
# Brings an nginx of the Debian archive into DIR, beside the one installed and
# without root: 1.22 of bookworm, 1.26 of trixie, 1.30 of sid.
#
#   DIR/src      its source, for NGINX_SRC of scripts/build.sh
#   DIR/nginx    only where no source could be had: the suite's own binary,
#                runnable in place with the suite's C library; DIR/src holds
#                what nginx-dev has, enough for a dynamic module
#   DIR/VERSION  "VERSION source" or "VERSION binary"
#
# A second run for the same DIR does nothing.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

[[ $# -eq 2 ]] || usage

case $1 in
    1.22) suite=bookworm ;;
    1.26) suite=trixie ;;
    1.30) suite=sid ;;
    *)    usage ;;
esac

mkdir -p "$2"
dir=$(cd "$2" && pwd)
apt=$dir/apt

if [[ -f $dir/VERSION ]]; then
    exit 0
fi

trap 'rm -rf "$apt"' EXIT


# The source packages listed, newest first: the archive's pool may lack the
# newest, and an older one of the same branch serves as well.

get_source() {
    local version

    private_apt "$apt" "$suite" deb-src || return 1

    while read -r version; do
        if (cd "$apt/files" &&
            APT_CONFIG=$apt/conf apt-get -q source --download-only \
                "nginx=$version" >> "$apt/log" 2>&1)
        then
            rm -rf "$dir/src"
            dpkg-source --no-check -x "$apt"/files/nginx_*.dsc "$dir/src" \
                >> "$apt/log" 2>&1
            rm -f "$dir"/nginx_*.orig.tar.*
            echo "$version source" > "$dir/VERSION"
            return 0
        fi

        rm -f "$apt"/files/*
    done < <(APT_CONFIG=$apt/conf apt-cache showsrc nginx 2> /dev/null |
             sed -n 's/^Version: //p' | sort -ruV)

    return 1
}


# The binary runs with the loader and libraries of its own suite, which is
# newer than this machine's.

get_binary() {
    local root=$dir/root package lib loader

    command -v patchelf > /dev/null ||
        die "patchelf is missing: apt-get install patchelf"

    private_apt "$apt" "$suite" deb || return 1

    for package in nginx nginx-dev libc6 libcrypt1 libpcre2-8-0 libssl3t64 \
                   libzstd1 zlib1g
    do
        (cd "$apt/files" &&
         APT_CONFIG=$apt/conf apt-get -q download "$package") \
            >> "$apt/log" 2>&1 || return 1
    done

    rm -rf "$root" "$dir/src"
    mkdir -p "$root"

    for package in "$apt"/files/*.deb; do
        dpkg-deb -x "$package" "$root"
    done

    ln -s root/usr/share/nginx/src "$dir/src"

    lib=$(dirname "$(find "$root/usr/lib" -name libc.so.6 | head -n 1)")
    loader=$(patchelf --print-interpreter "$root/usr/sbin/nginx")
    cp "$root/usr/sbin/nginx" "$dir/nginx"
    patchelf --set-interpreter "$lib/${loader##*/}" --force-rpath \
             --set-rpath "$lib" "$dir/nginx"

    echo "$(dpkg-deb -f "$apt"/files/nginx_*.deb Version) binary" \
        > "$dir/VERSION"
}


if ! get_source && ! get_binary; then
    [[ ! -f $apt/log ]] || tail -n 5 "$apt/log" >&2
    die "nginx $1 of $suite is not to be had"
fi

read -r version kind < "$dir/VERSION"
say "nginx $version ($kind) in $dir"

[[ $version == "$1".* ]] ||
    say "note: $suite carries $version now, no longer $1"
