# Sourced after lib.sh by the scripts that work in other Debian releases: makes chroots, keeps them in HIK_CHROOTS
# (default /var/tmp/hikcascade-chroots), and runs commands in them. One that is missing or was left half made is made,
# and used again. Remove one to have it made anew. Mounts live in a mount namespace of their own and end with the
# command that needed them.
#
# clean-SUITE  what debootstrap makes, and nothing else
# SUITE        a copy of it with Wireshark, compiler and what the tests need
#
# SPDX-License-Identifier: GPL-2.0-or-later

chroots=${HIK_CHROOTS:-/var/tmp/hikcascade-chroots}
developers_packages="tshark wireshark-common wireshark-dev libwireshark-dev libwiretap-dev libwsutil-dev libglib2.0-dev cmake
    ninja-build gcc libc6-dev pkg-config binutils git python3 python3-pytest python3-pytest-xdist ffmpeg sip-tester mandoc
    dpkg-dev file ccache valgrind"
developers_packages=$(echo $developers_packages)
# In each chroot, and kept with it: see cached() in lib.sh.
cache_in_chroot=/var/cache/hikcascade

# as_root "$@": the script again, with sudo, if we are not root.
as_root() {
    [ "$(id -u)" != 0 ] || return 0
    sudo -n true 2>/dev/null || die "$0 makes chroots: please run it as root."
    rm -rf "$scratch"
    exec sudo -n env HIK_CHROOTS="${HIK_CHROOTS:-}" HIK_RECORDINGS="${HIK_RECORDINGS:-}" HIK_PACKAGES="${HIK_PACKAGES:-}" \
        HIK_ONCE_DONE="${HIK_ONCE_DONE:-}" HIK_COMPILER_CACHE="${HIK_COMPILER_CACHE:-}" "$0" "$@"
}

# this_suite: the Debian release of this machine, as its name.
this_suite() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

# in_chroot ROOT COMMAND...: with /proc and terminals, in a mount namespace of its own.
in_chroot() {
    # shellcheck disable=SC2016
    unshare --mount --propagation private bash -c \
        'root=$1; shift; mount -t proc proc "$root/proc" &&
            mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts" && exec chroot "$root" "$@"' in_chroot "$@"
}

# install_in_chroot ROOT PACKAGE...
install_in_chroot() {
    local root=$1
    shift
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    # A mirror may lag behind so far that its index counts as expired. The signatures are checked all the same.
    in_chroot "$root" apt-get update -q -o Acquire::Retries=3 -o Acquire::Check-Valid-Until=false || return 1
    # Whatever else is installed there at the moment may go first.
    in_chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 \
        --no-install-recommends "$@" || return 1
    rm -rf "$root"/var/cache/apt/archives/*.deb
}

# remove_chroot NAME WHY: so that it is made anew.
remove_chroot() {
    local root=$chroots/$1
    [ -e "$root" ] || return 0
    ! grep -q " $root/" /proc/mounts || die "$1: $2, and something is mounted in $root: please unmount it."
    say "$1: $2, beginning again"
    rm -rf --one-file-system "$root"
}

# make_chroot NAME: see above. The stamp is written last. (Called where set -e does not hold.)
make_chroot() {
    local name=$1 root=$chroots/$1 stamp=$chroots/$1/.hikcascade-ready packages=
    case $name in clean-*) ;; *) packages=$developers_packages ;; esac
    if [ ! -e "$stamp" ]; then
        remove_chroot "$name" "half made"
        say "$name: making the chroot"
        if [ -z "$packages" ]; then
            unshare --mount --propagation private debootstrap --variant=minbase "${name#clean-}" "$root" || return 1
        else
            have_chroot "clean-$name" || return 1
            cp -a "$chroots/clean-$name" "$root" || return 1
            rm "$root/.hikcascade-ready"
        fi
    elif [ "$(cat "$stamp")" = "$packages" ]; then
        return
    fi
    if [ -n "$packages" ]; then
        say "$name: installing Wireshark"
        # With apt, not with debootstrap --include, which resolves its dependencies wrongly.
        # shellcheck disable=SC2086
        install_in_chroot "$root" $packages || return 1
    fi
    printf '%s\n' "$packages" >"$stamp"
}

# have_chroot NAME: makes it, from nothing and after a pause if that fails: an old chroot of a moving suite may not take
# new packages any more, and a mirror may be in the middle of an update. One at a time makes it.
have_chroot() {
    local name=$1 attempt
    mkdir -p "$chroots"
    (
        flock 9
        for attempt in 1 2 3; do
            ! make_chroot "$name" >"$scratch/$name.log" 2>"$scratch/$name.err" || exit 0
            say "$name: the chroot could not be made (attempt $attempt of 3):"
            tail -n 20 "$scratch/$name.log" "$scratch/$name.err" >&2
            [ "$attempt" = 3 ] || { sleep $((attempt * 20)); remove_chroot "$name" "not usable"; }
        done
        exit 1
    ) 9>"$chroots/$name.lock"
}

# copy_tree FOLDER: the working tree as it is, without what git ignores.
copy_tree() {
    (cd "$repo" && git -c safe.directory="$repo" ls-files -z --cached --others --exclude-standard |
        while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
        tar --null -cf - -T -) | tar -xf - --no-same-owner -C "$1"
}
