# shellcheck shell=bash
# Copyright (C) ngx_journey_module contributors
#
# Sourced by the other scripts, after "set -euo pipefail".

# shellcheck disable=SC2034
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)


say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}


die() {
    say "$*"
    exit 1
}


# The comment at the head of the script that runs, as its help.
usage() {
    sed -n '4,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}


# Runs a command of the administrator's: as it is for root, by sudo otherwise.
as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo --preserve-env=DEBIAN_FRONTEND "$@"
    else
        die "this needs root, and there is no sudo: $*"
    fi
}


# installed PACKAGE: exit code 0 when it is.
installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null) \
       == installed ]]
}


# cpus: how many jobs to run at once.
cpus() {
    nproc 2> /dev/null || echo 2
}


# private_apt DIR SUITE TYPE (deb or deb-src)
#
# An apt of its own beside the machine's, in DIR, that sees one suite of the
# archive which the machine's apt already reads; nothing of the machine's
# settings changes and no root is needed.  Afterwards apt-get and apt-cache
# are called with APT_CONFIG=DIR/conf; their messages go to DIR/log.

private_apt() {
    local dir=$1 suite=$2 type=$3 label url key archive='' security=''

    # shellcheck disable=SC2016
    while read -r label url; do
        case $label in
            Debian)          archive=${archive:-$url} ;;
            Debian-Security) security=${security:-$url} ;;
        esac
    done < <(apt-get indextargets --format '$(LABEL) $(REPO_URI)' \
                     'Created-By: Packages' 'Origin: Debian' 2> /dev/null)

    if [[ -z $archive ]]; then
        say "apt knows no archive yet: run apt-get update"
        return 1
    fi

    rm -rf "$dir"
    mkdir -p "$dir"/{lists/partial,cache/archives/partial,files}
    : > "$dir/status"           # of no package installed here

    key='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
    echo "$type $key $archive $suite main" > "$dir/sources"

    if [[ $suite != sid && -n $security ]]; then
        echo "$type $key $security $suite-security main" >> "$dir/sources"
    fi

    cat > "$dir/conf" << END
Dir::Etc::sourcelist "$dir/sources";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache";
Acquire::Languages "none";
END

    if [[ $EUID -eq 0 ]]; then
        # The sandbox's user may not enter a folder of root's.
        echo 'APT::Sandbox::User "root";' >> "$dir/conf"
    fi

    if ! APT_CONFIG=$dir/conf apt-get -q update > "$dir/log" 2>&1; then
        tail -n 5 "$dir/log" >&2
        return 1
    fi
}
