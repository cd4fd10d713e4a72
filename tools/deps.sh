#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# deps.sh PACKAGE... - installs those Debian packages that are missing; quick and without network when none is.
missing=
if ! command -v dpkg-query >/dev/null; then
    echo "this is no Debian system: these packages' like must be installed by hand: $*" >&2
    exit 0 # they may be there under other names; the build says when they are not
fi
for package in "$@"; do
    # a package that is known but not there is "not-installed": the whole word counts, on any architecture's line
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=env
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    as_root="sudo env"
else
    echo "missing packages, and no way to become root here. As root, run:" >&2
    echo "    apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi
echo "installing$missing" >&2
install() {
    # shellcheck disable=SC2086 # words on purpose
    $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
}
# a fresh system has no package lists, an old one stale ones
install || { $as_root apt-get update -qq >&2 && install; } || {
    echo "apt-get could not install:$missing" >&2
    exit 1
}
