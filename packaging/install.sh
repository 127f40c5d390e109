#!/bin/sh
# install.sh [--uninstall]: installs hikcascade for yourself, without root: plugin, profile, hikcascade-report, man pages.
# It asks Wireshark for your folders, says what it does, and leaves alone what you changed in the profile.
#
# SPDX-License-Identifier: GPL-2.0-or-later
set -eu

here=$(cd "$(dirname "$0")" && pwd)
local=${HOME:?}/.local
data=$local/share/hikcascade
list=$data/installed

say() { printf '%s\n' "$*"; }
die() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

# Where Wireshark keeps the sizes of windows, for all profiles: it opens a table half as wide as its sentences until somebody
# has made it wider. What is there already is left alone.
sizes=recent_common
ours='^gui\.geom\.Hikvision cascade '
widen() {
    for table in sessions platforms catalog; do
        ! grep -q "$ours$table\." "$1" 2>/dev/null || continue
        for line in 'x: 20' 'y: 80' 'width: 1320' 'height: 500'; do
            printf 'gui.geom.Hikvision cascade %s.%s\n' "$table" "$line"
        done >>"$1"
    done
}
forget_sizes() {
    grep -v "$ours" "$1" >"$1.new" || true
    if [ -s "$1.new" ]; then cat "$1.new" >"$1"; else rm "$1"; fi
    rm "$1.new"
}

# The profile's files may be the user's by now; Wireshark itself writes "recent" whenever it ends.
changed() { [ "${1##*/}" != recent ] && ! cmp -s "$1" "$data/profile/${1##*/}"; }

uninstall() {
    [ -f "$list" ] || die "there is nothing to undo: $list is missing."
    profile=
    while IFS= read -r file; do
        case $file in
        */profiles/hikcascade/*)
            profile=${file%/*}
            if [ -e "$file" ] && changed "$file"; then
                say "kept, because you changed it: $file"
                continue
            fi
            ;;
        esac
        [ ! -e "$file" ] || { rm -f "$file" && say "removed $file"; }
    done <"$list"
    rm -rf "$data"
    [ -z "$profile" ] || [ ! -f "${profile%/profiles/*}/$sizes" ] || forget_sizes "${profile%/profiles/*}/$sizes"
    # Folders that are empty now, and only those.
    [ -z "$profile" ] || rmdir "$profile" 2>/dev/null || say "kept, because it is not empty: $profile"
    rmdir "$local/share/man/man1" "$local/share/man/man7" "$local/share/man" 2>/dev/null || true
    say "hikcascade is gone."
}

# folder NAME: what `tshark -G folders` says of it.
folder() { printf '%s\n' "$folders" | sed -n "s/^$1:[[:space:]]*//p"; }

# put FILE FOLDER: copies it there, and notes it for --uninstall.
put() {
    mkdir -p "$2"
    # Not over the old one: a Wireshark that runs has it mapped.
    rm -f "$2/${1##*/}"
    cp "$1" "$2/${1##*/}"
    printf '%s\n' "$2/${1##*/}" >>"$list.new"
}

install() {
    [ -d "$here/plugins" ] || die "the folder plugins is missing beside $0: run it in the unpacked archive."
    if [ "$(id -u)" = 0 ] || [ "$(id -g)" = 0 ]; then
        die "Wireshark ignores plugins of your own for root (user or group 0), without a word.
Run this as an ordinary user; for everybody there is the .deb package."
    fi
    built=$(cd "$here/plugins" && echo *)
    if command -v tshark >/dev/null; then
        program=tshark
    elif command -v wireshark >/dev/null; then
        program=wireshark
    else
        die "neither tshark nor wireshark is in PATH: install Wireshark $built first (Debian: sudo apt-get install tshark)."
    fi
    version=$($program --version 2>/dev/null | sed -n '1s/^[^0-9]*\([0-9]*\.[0-9]*\).*/\1/p')
    [ "$version" = "$built" ] || die "this archive is for Wireshark $built; $(command -v $program) is ${version:-of no version that it tells}.
Nothing was installed. Take the archive for ${version:-your version}, or build from source (README.md)."
    if [ $program = tshark ]; then
        folders=$(tshark -G folders 2>/dev/null)
        plugins=$(folder 'Personal Plugins')
        configuration=$(folder 'Personal configuration')
    else
        # Only tshark tells; these are where Wireshark looks when nothing says otherwise.
        plugins=$local/lib/wireshark/plugins/$built
        configuration=${XDG_CONFIG_HOME:-$HOME/.config}/wireshark
    fi
    if [ -z "$plugins" ] || [ -z "$configuration" ]; then
        die "tshark -G folders does not name your folders."
    fi
    configuration=${configuration%/}
    profile=$configuration/profiles/hikcascade

    mkdir -p "$data"
    : >"$list.new"
    put "$here/plugins/$built/epan/hikcascade.so" "$plugins/epan"
    say "plugin:     $plugins/epan/hikcascade.so"
    for file in "$here"/profile/preferences "$here"/profile/recent "$here"/profile/colorfilters "$here"/profile/dfilter_buttons; do
        name=${file##*/}
        if [ -e "$profile/$name" ] && { ! [ -e "$data/profile/$name" ] || changed "$profile/$name" || [ "$name" = recent ]; }; then
            cmp -s "$file" "$profile/$name" || say "kept:       $profile/$name (yours differs from ours)"
            printf '%s\n' "$profile/$name" >>"$list.new"
        else
            put "$file" "$profile"
        fi
    done
    say "profile:    $profile"
    widen "$configuration/$sizes"
    say "windows:    sizes of the tables, in $configuration/$sizes"
    put "$here/bin/hikcascade-report" "$local/bin"
    for file in "$here"/share/hikcascade/hikcascade_report/*.py; do
        put "$file" "$data/hikcascade_report"
    done
    say "report:     $local/bin/hikcascade-report"
    for file in "$here"/share/man/man?/*; do
        section=${file%/*}
        put "$file" "$local/share/man/${section##*/}"
    done
    say "man pages:  $local/share/man"
    # What is ours in the profile, for the next time, and this script, for the day the archive is gone.
    rm -rf "$data/profile"
    cp -R "$here/profile" "$data/profile"
    [ "$here" = "$data" ] || cp "$here/install.sh" "$data/install.sh"
    # What an older version had and this one has not.
    if [ -f "$list" ]; then
        sort "$list" >"$list.old"
        sort "$list.new" | comm -23 "$list.old" - | while IFS= read -r file; do
            case $file in */profiles/*) ;; *) rm -f "$file" && say "removed:    $file (of an older version)" ;; esac
        done
        rm -f "$list.old"
    fi
    mv "$list.new" "$list"

    if [ $program = tshark ]; then
        tshark -G plugins 2>"$list.said" | grep -q '^hikcascade\.so' || {
            cat "$list.said" >&2
            die "the files are in place, but tshark does not load the plugin (above). To undo it: $data/install.sh --uninstall"
        }
        rm -f "$list.said"
        say "tshark $version loads it. The verdicts of a capture:  tshark -r capture.pcap -q -z hikcascade,sessions"
    fi
    say "In Wireshark: Edit > Configuration Profiles > hikcascade, or  wireshark -C hikcascade capture.pcap"
    case :$PATH: in
    *":$local/bin:"*) ;;
    *) say "$local/bin is not in your PATH: call $local/bin/hikcascade-report by its whole name, or add the folder." ;;
    esac
    command -v python3 >/dev/null || say "hikcascade-report needs python3, which is not installed."
    say "To undo it: $data/install.sh --uninstall"
}

case ${1:-} in
'') install ;;
--uninstall) uninstall ;;
*) die "usage: install.sh [--uninstall]" ;;
esac
