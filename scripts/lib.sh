# Sourced by the scripts beside it: set-up, build, and running things as an ordinary user.
#
# SPDX-License-Identifier: GPL-2.0-or-later

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${HIK_BUILD_DIR:-$repo/build}
nobody=65534

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# took WHAT: says how long it took since the last time.
took() {
    say "($1: $((SECONDS - ${took_since:-0})) s)"
    took_since=$SECONDS
}

# missing_packages build|test|screen|fuzz|check|matrix|package|lint|cache...: Debian packages of what is not there.
missing_packages() {
    local part
    for part in "$@"; do
        case $part in
        build)
            command -v cmake >/dev/null || echo cmake
            command -v ninja >/dev/null || command -v make >/dev/null || echo ninja-build
            command -v cc >/dev/null || echo gcc libc6-dev
            command -v pkg-config >/dev/null || echo pkg-config
            pkg-config --exists glib-2.0 2>/dev/null || echo libglib2.0-dev
            pkg-config --exists wireshark 2>/dev/null || echo wireshark-dev libwireshark-dev libwiretap-dev libwsutil-dev
            command -v tshark >/dev/null || echo tshark
            ;;
        test)
            command -v sharkd >/dev/null && command -v editcap >/dev/null || echo wireshark-common
            command -v dumpcap >/dev/null || [ -e /usr/bin/dumpcap ] || echo wireshark-common
            command -v ffmpeg >/dev/null || echo ffmpeg
            command -v sipp >/dev/null || echo sip-tester
            command -v unshare >/dev/null || echo util-linux
            command -v nm >/dev/null || echo binutils
            command -v valgrind >/dev/null || echo valgrind
            command -v mandoc >/dev/null || echo mandoc
            command -v git >/dev/null || echo git
            python_with_pytest >/dev/null || echo python3 python3-pytest
            # Only makes it faster, so nobody is asked to install it by hand.
            ! can_install || as_user /usr/bin/python3 -c 'import xdist' >/dev/null 2>&1 || echo python3-pytest-xdist
            ;;
        screen)
            # Wireshark's windows on a screen that is not there, a browser, fonts with Chinese characters; GNU parallel.
            command -v wireshark >/dev/null || echo wireshark
            command -v Xvfb >/dev/null || echo xvfb
            command -v xdotool >/dev/null || echo xdotool
            command -v import >/dev/null || echo imagemagick
            command -v chromium >/dev/null || echo chromium
            command -v parallel >/dev/null || echo parallel
            fc-list :lang=zh 2>/dev/null | grep -q . || echo fontconfig fonts-noto-cjk
            ;;
        fuzz)
            command -v clang >/dev/null || echo clang libclang-rt-dev
            ! command -v clang >/dev/null || has_fuzzer || echo libclang-rt-dev
            ;;
        package)
            command -v dpkg-shlibdeps >/dev/null || echo dpkg-dev
            command -v file >/dev/null || echo file
            ;;
        lint)
            command -v lintian >/dev/null || echo lintian
            ;;
        cache)
            command -v ccache >/dev/null || echo ccache
            ;;
        check)
            command -v valgrind >/dev/null || echo valgrind
            command -v cppcheck >/dev/null || echo cppcheck
            command -v clang-tidy >/dev/null || echo clang-tidy
            ;;
        matrix)
            command -v debootstrap >/dev/null || echo debootstrap
            [ -f /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
            ;;
        esac
    done
}

# Is clang's libFuzzer there?
has_fuzzer() {
    echo 'int LLVMFuzzerTestOneInput(const char *data, long size); int LLVMFuzzerTestOneInput(const char *data, long size) { return data && size < 0; }' |
        clang -x c -fsanitize=fuzzer,address,undefined - -o "$scratch/has-fuzzer" >/dev/null 2>&1
}

can_install() {
    command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

# An interpreter that an ordinary user can run and that has pytest.
python_with_pytest() {
    local candidate
    for candidate in /usr/bin/python3 python3; do
        if as_user "$candidate" -c 'import pytest' >/dev/null 2>&1; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

# set_up build|test|screen|fuzz|check|matrix|package|lint|cache...: installs what is missing, or says what to install.
set_up() {
    local packages apt
    packages=$(missing_packages "$@" | tr ' ' '\n' | sort -u | tr '\n' ' ')
    packages=${packages% }
    [ -n "$packages" ] || return 0
    command -v apt-get >/dev/null || die "This needs (Debian's names): $packages"
    # Somebody else may be installing: another script, or the system itself.
    if [ "$(id -u)" = 0 ]; then
        apt="env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300"
    elif sudo -n true 2>/dev/null; then
        apt="sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300"
    else
        die "Please install what is missing, then run this again:
    sudo apt-get install $packages"
    fi
    say "Installing: $packages"
    # shellcheck disable=SC2086
    if ! $apt install -y -q --no-install-recommends $packages >"$scratch/apt.log" 2>&1; then
        $apt update -q >"$scratch/apt.log" 2>&1 || { cat "$scratch/apt.log" >&2; die "apt-get update failed"; }
        $apt install -y -q --no-install-recommends $packages >"$scratch/apt.log" 2>&1 ||
            { tail -n 20 "$scratch/apt.log" >&2; die "Could not install: $packages"; }
    fi
    packages=$(missing_packages "$@" | tr '\n' ' ')
    [ -z "$packages" ] || die "Still missing after the installation: $packages"
}

# cached COMMAND...: CMake or a build of it. HIK_COMPILER_CACHE=FOLDER: what was compiled there before, from the same text with the
# same options, is not compiled again, wherever the tree lies (ccache); its warnings are said again.
cached() {
    if [ -n "${HIK_COMPILER_CACHE:-}" ]; then
        env CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_DIR="$HIK_COMPILER_CACHE" CCACHE_BASEDIR="$repo" CCACHE_NOHASHDIR=1 "$@"
    else
        "$@"
    fi
}

# build_plugin [CMake options]: configures and builds into $build, quietly unless it fails.
build_plugin() {
    local generator=() log=$scratch/build.log
    if [ ! -f "$build/CMakeCache.txt" ] && command -v ninja >/dev/null; then
        generator=(-G Ninja)
    fi
    say "Building into ${build#"$PWD"/}"
    if ! { cached cmake -S "$repo" -B "$build" "${generator[@]}" "$@" && cached cmake --build "$build" -j "$(nproc)"; } >"$log" 2>&1; then
        # Ninja's progress of other files is no help.
        { sed -n '/^FAILED/,/^\[/p' "$log" | grep . || tail -n 40 "$log"; } | head -60 >&2
        die "The build failed."
    fi
    ! grep -n 'warning:' "$log" >&2 || say "(warnings above)"
}

# make_packages FOLDER: a .deb and a .tar.gz of what build_plugin built.
make_packages() {
    rm -rf "$build/packed"
    if ! cpack --config "$build/CPackConfig.cmake" -B "$build/packed" >"$scratch/cpack.log" 2>&1; then
        tail -n 20 "$scratch/cpack.log" >&2
        die "cpack failed."
    fi
    mkdir -p "$1"
    rm -f "$1"/hikcascade*.deb "$1"/hikcascade*.tar.gz
    cp "$build"/packed/*.deb "$build"/packed/*.tar.gz "$1"
    touch "$1/ready"
}

# Runs a command as an ordinary user: as whoever we are, or as nobody if that is root. Wireshark ignores plugins
# outside the system's folder for uid 0 and for gid 0.
as_user() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=$nobody --regid=$nobody --clear-groups env HOME="$scratch/home" "$@"
    else
        "$@"
    fi
}

check_user() {
    if [ "$(id -u)" = 0 ]; then
        as_user true 2>/dev/null || die "As root this needs setpriv to become an ordinary user (Wireshark loads no
plugin from here for root), and that did not work. Please run it as an ordinary user."
    elif [ "$(id -g)" = 0 ]; then
        die "Your group is root's (gid 0), for which Wireshark loads no plugin from here. Please run this as another user."
    fi
}

# A folder that goes away with the script; as root, everybody may look into it.
scratch=$(mktemp -d /tmp/hikcascade.XXXXXX)
mkdir "$scratch/home"
if [ "$(id -u)" = 0 ]; then
    chmod 755 "$scratch"
    chown $nobody:$nobody "$scratch/home"
fi
trap 'rm -rf "$scratch"' EXIT
