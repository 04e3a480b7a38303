# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Source this with $root set: a fresh Debian as a folder, and commands in it.
fresh_root() { # ARCHIVE, made by scripts/debian-root if it is not there
    local device
    "$(dirname "${BASH_SOURCE[0]}")/../../scripts/debian-root" "$1"
    mkdir "$root"
    tar -C "$root" --exclude=./dev/* -xf "$1"
    for device in null:3 urandom:9; do
        mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"
    done
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    printf '%s\n' 'APT::Get::Assume-Yes "true";' 'APT::Install-Recommends "false";' 'Dpkg::Options "--force-unsafe-io";' \
        >"$root/etc/apt/apt.conf.d/90tests"
}
# Its own mounts and processes, and a network only where apt needs one.
inside() { unshare -mpf --mount-proc="$root/proc" --kill-child chroot "$root" env DEBIAN_FRONTEND=noninteractive "$@"; }
offline() {
    # shellcheck disable=SC2016 # expanded inside
    unshare -nmpf --mount-proc="$root/proc" --kill-child sh -c 'ip link set lo up && exec chroot "$@"' sh "$root" "$@"
}
