#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# scripts/build.sh [module] [command] [nginx] [install]
#
# Makes build/ngx_http_journey_module.so (module) and build/journey (command)
# with its manual page and completion; without an argument both.  A second run
# makes only what has changed.  "install" makes the command and puts it, its
# manual page and its completion in place.
#
# By default the module is for the distribution's nginx, by its package
# nginx-dev.  The environment, all optional:
#
#   NGINX_SRC=DIR  for the nginx of this source tree.  The options of a tree
#                  that has been configured are kept; else the build is
#                  --with-compat, as a distribution's is.  Nothing is written
#                  into the tree.
#   CC=gcc|clang   compiler
#   BUILD=DIR      another folder than build/
#   PREFIX=DIR     for "install": where bin/ and share/ are (/usr/local)
#   DESTDIR=DIR    for "install": the root of another system
#   ASAN=1         AddressSanitizer and UndefinedBehaviorSanitizer
#   STATIC=1       for "nginx": the module is linked in
#   FAULTS=1       BUILD/faults/ngx_http_journey_module.so, too: the same with
#                  t/fault/fault.c, which lets system calls of the log's writer
#                  fail, for t/faults.t
#   JOBS=N         parallel jobs
#
# "nginx" makes BUILD/nginx of NGINX_SRC, too, with the modules that the tests
# use.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

out=${BUILD:-$top/build}
jobs=${JOBS:-$(cpus)}
cc=${CC:-gcc}
san=
cflags=(-g -O2)
ldflags=()

[[ $# -gt 0 ]] || set -- module command

for target; do
    case $target in
        module|command|nginx|install) ;;
        *) usage ;;
    esac
done

wants() {
    [[ " $targets " == *" $1 "* ]]
}

targets=$*

mkdir -p "$out"
out=$(cd "$out" && pwd)


# ---- what a build needs ----------------------------------------------------

command -v "$cc" > /dev/null || die "$cc is missing: apt-get install $cc"
command -v make > /dev/null || die "make is missing: apt-get install make"

need() {
    if ! "$cc" -E -x c - > /dev/null 2>&1 <<< "#include <$1>
"
    then
        die "<$1> is missing: apt-get install $2 (or scripts/install-deps.sh)"
    fi
}

need zlib.h zlib1g-dev
need openssl/core_names.h libssl-dev
need maxminddb.h libmaxminddb-dev
! { wants command || wants install; } || need qrencode.h libqrencode-dev

"$cc" -E -x c - > /dev/null 2>&1 << 'END' ||
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
END
    die "<pcre2.h> is missing: apt-get install libpcre2-dev" \
        "(or scripts/install-deps.sh)"

if [[ -n ${ASAN:-} ]]; then
    san="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
    cflags=(-g -O1 -fno-omit-frame-pointer)
elif command -v dpkg-buildflags > /dev/null; then
    # The distribution's hardening.
    read -ra cflags <<< "$(cd / && dpkg-buildflags --get CFLAGS) \
                         $(dpkg-buildflags --get CPPFLAGS)"
    read -ra ldflags <<< "$(dpkg-buildflags --get LDFLAGS)"
fi

# An nginx for tests is to be there soon.
if [[ -z ${ASAN:-} ]] && wants nginx; then
    cflags+=(-O1 -g0)
fi


# What t/fault/fault.c stands before; each has another name where files have
# 64 bits, or where buffers are guarded.

faulty=(open openat fstat lstat fcntl pread ftruncate
        open64 openat64 fstat64 lstat64 fcntl64 pread64 ftruncate64
        __pread_chk __pread64_chk flock close write opendir
        ngx_alloc pthread_mutex_trylock deflateInit2_ deflateReset deflate)

[[ -z ${FAULTS:-} || -z ${STATIC:-} ]] ||
    die "FAULTS=1 is for the dynamic module: not with STATIC=1"


# ---- the command -----------------------------------------------------------

make_command() {
    local log=$out/command.log

    if ! make -s -f "$top/scripts/journey.mk" -j"$jobs" OUT="$out" \
              CC="$cc" CFLAGS="${cflags[*]} $san" LDFLAGS="${ldflags[*]} $san" \
              command > "$log" 2>&1
    then
        grep -E -A 8 'error:|undefined reference|cannot find' "$log" | head -n 40 >&2 ||
            tail -n 20 "$log" >&2
        die "the command could not be built: $log"
    fi

    say "$out/journey"
}


make_install() {
    local to=${DESTDIR:-}${PREFIX:-/usr/local} mode from name

    while read -r mode from name; do
        install -D -m "$mode" "$out/$from" "$to/$name" ||
            die "$to/$name could not be installed"
        say "$to/$name"
    done <<< "755 journey bin/journey
644 journey.1 share/man/man1/journey.1
644 journey.bash share/bash-completion/completions/journey"
}


# ---- the module, and nginx -------------------------------------------------

# The options that a tree was configured with, one a line, without those that
# would add modules or another folder.

configured() {
    sed -n 's/^#define NGX_CONFIGURE "\(.*\)"$/\1/p' "$1" |
        xargs -r -n 1 printf '%s\n' |
        grep -v -E '^--(add-(dynamic-)?module|builddir|with-cc|with-cc-opt|with-ld-opt)='
}


# What nginx is configured with; sets src and args.

nginx_options() {
    local NGX_CONF_FLAGS=()

    if [[ -z ${NGINX_SRC:-} ]]; then
        src=/usr/share/nginx/src
        [[ -f $src/conf_flags ]] ||
            die "nginx's headers are missing: apt-get install nginx-dev" \
                "(or scripts/install-deps.sh), or NGINX_SRC=DIR"
    else
        [[ -d $NGINX_SRC ]] || die "NGINX_SRC: no folder $NGINX_SRC"
        src=$(cd "$NGINX_SRC" && pwd)
        [[ -f $src/auto/options && -d $src/src/core ]] ||
            die "NGINX_SRC: $src is no source tree of nginx"
    fi

    if [[ -f $src/conf_flags ]]; then
        # nginx-dev: its own nginx's options.
        # shellcheck source=/dev/null
        . "$src/conf_flags"
        args=("${NGX_CONF_FLAGS[@]}")

    elif [[ -f $src/objs/ngx_auto_config.h ]] && ! wants nginx; then
        mapfile -t args < <(configured "$src/objs/ngx_auto_config.h")

    else
        args=(--with-compat --with-threads
              --with-http_ssl_module --with-http_v2_module
              --with-http_realip_module --with-http_stub_status_module
              --with-http_auth_request_module --with-http_gunzip_module
              --with-http_gzip_static_module --with-http_sub_module
              --with-http_addition_module --with-http_slice_module)
    fi
}


# nginx's configure writes beside itself, so that it runs in a folder of links
# to the tree.

link_tree() {
    local entry

    mkdir -p "$work"

    for entry in "$src"/*; do
        case ${entry##*/} in
            objs|Makefile) ;;
            *) ln -sfn "$entry" "$work/${entry##*/}" ;;
        esac
    done
}


configure_nginx() {
    local stamp configure=./configure

    # A change of these needs configure to run again, a changed source does
    # not.
    stamp=$(printf '%s\n' "$src" "$cc" "$("$cc" -dumpversion)" "${args[@]}"
            cksum < "$src/src/core/nginx.h"
            cksum < "$top/config"
            ls "$top"/ngx_journey_module/{core,http}/*.[ch])

    if [[ -f $work/objs/Makefile && -f $work/stamp &&
          $(< "$work/stamp") == "$stamp" ]]
    then
        return
    fi

    rm -rf "$work"
    link_tree
    [[ -x $work/configure ]] || configure=auto/configure

    if ! (cd "$work" && "$configure" "${args[@]}") > "$work.log" 2>&1; then
        grep -A 1 'error: ' "$work.log" >&2 || tail -n 20 "$work.log" >&2
        die "nginx's configure failed: $work.log"
    fi

    echo "$stamp" > "$work/stamp"
}


# The same objects once more: the linker sends the module's calls, and those
# of nothing else, to fault.c.  What it makes is moved away, so that the next
# make links the module itself again.

make_faults() {
    local name link="$cc $work/fault.o"

    for name in "${faulty[@]}"; do
        link+=" -Wl,--wrap=$name"
    done

    rm -f "$work/objs/ngx_http_journey_module.so"

    # shellcheck disable=SC2086
    if ! { "$cc" -std=gnu99 -Wall -Wextra -Werror -fPIC "${cflags[@]}" $san \
                 -c -o "$work/fault.o" "$top/t/fault/fault.c" &&
           make -C "$work" -f objs/Makefile LINK="$link" modules
         } > "$work-faults.log" 2>&1
    then
        tail -n 20 "$work-faults.log" >&2
        die "the module could not be built with faults: $work-faults.log"
    fi

    mkdir -p "$out/faults"
    mv -f "$work/objs/ngx_http_journey_module.so" "$out/faults/"
    say "$out/faults/ngx_http_journey_module.so"
}


make_nginx() {
    local goals=() src args flags ld

    nginx_options

    # -Wextra for the module's sake; that handlers leave parameters unused is
    # nginx's way.
    flags="${cflags[*]} -fPIC $san"
    ld="${ldflags[*]} $san"

    if [[ -n $san ]]; then
        # nginx itself copies nothing from NULL and adds to NULL; a pool hides
        # an overrun inside its blocks unless each piece is a malloc().
        flags+=" -fno-sanitize=nonnull-attribute,pointer-overflow,alignment"
        flags+=" -DNGX_DEBUG_PALLOC=1"
        [[ $cc != clang* ]] || flags+=" -fno-sanitize=function"
    fi

    if wants nginx; then
        [[ ! -f $src/conf_flags ]] ||
            die "nginx-dev has no source of nginx itself: give NGINX_SRC=DIR"
        goals+=(binary)
    fi

    if [[ -n ${STATIC:-} ]]; then
        args+=("--add-module=$top")
        work=$out/nginx-static
    else
        args+=("--add-dynamic-module=$top")
        work=$out/nginx-objs
        goals+=(modules)
        flags+=" -std=gnu99 -Wall -Wextra -Wno-unused-parameter"
    fi

    args+=("--with-cc=$cc" "--with-cc-opt=$flags" "--with-ld-opt=$ld"
           "--builddir=objs")

    configure_nginx

    if ! (cd "$work" && make -j"$jobs" -f objs/Makefile "${goals[@]}") \
             > "$work.log" 2>&1
    then
        grep -E -A 8 'error:|undefined reference|cannot find' "$work.log" |
            head -n 40 >&2 || tail -n 20 "$work.log" >&2
        die "the module could not be built: $work.log"
    fi

    if wants nginx; then
        install -m 755 "$work/objs/nginx" "$out/nginx"
        say "$out/nginx"
    fi

    if [[ -z ${STATIC:-} ]]; then
        # As it was if it is the same: t/faults.t compares the times.
        install -C -m 644 "$work/objs/ngx_http_journey_module.so" "$out/"
        say "$out/ngx_http_journey_module.so"

        if [[ -n ${FAULTS:-} ]]; then
            make_faults
        fi
    fi
}


if wants module || wants nginx; then
    make_nginx
fi

if wants command || wants install; then
    make_command
fi

if wants install; then
    make_install
fi
