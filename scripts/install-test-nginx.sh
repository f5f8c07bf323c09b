#!/usr/bin/env bash
# Copyright (C) ngx_journey_module contributors
#
# scripts/install-test-nginx.sh
#
# Installs Test::Nginx, the frame of t/*.t.  Of Debian only sid carries it
# (libtest-nginx-perl); it is pure Perl and everything it depends on is in
# stable, so that this one file is taken from sid and the rest from the
# machine's own suites.  No entry for sid stays behind.
#
# Needs root or sudo, and does nothing where Test::Nginx is there already.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

there() {
    perl -MTest::Nginx::Socket -e 1 > /dev/null 2>&1
}

if there; then
    exit 0
fi

otherwise="install Test::Nginx in another way, as with \"cpanm Test::Nginx\""

command -v apt-get > /dev/null || die "there is no apt-get: $otherwise"

say "installs libtest-nginx-perl"
export DEBIAN_FRONTEND=noninteractive

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

# A later suite than Debian 12 may have it by itself.
if as_root apt-get -q -y --no-install-recommends install libtest-nginx-perl \
       > "$work/log" 2>&1 && there
then
    exit 0
fi

private_apt "$work/apt" sid deb || die "sid cannot be read: $otherwise"

(cd "$work/apt/files" &&
 APT_CONFIG=$work/apt/conf apt-get -q download libtest-nginx-perl) \
    >> "$work/log" 2>&1 ||
    { tail -n 5 "$work/log" >&2; die "sid has no such file: $otherwise"; }

if ! as_root apt-get -q -y --no-install-recommends install \
         "$work"/apt/files/libtest-nginx-perl_*.deb > "$work/log" 2>&1
then
    tail -n 15 "$work/log" >&2
    die "libtest-nginx-perl could not be installed: $otherwise"
fi

there || die "perl does not load Test::Nginx::Socket: $otherwise"
