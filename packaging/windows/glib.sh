#!/usr/bin/env bash
# glib.sh FOLDER: GLib for Windows into FOLDER, from Debian's sources: no package has it. A static library of GLib's core
# without translations, enough for the tests of the pure parts; its glibconfig.h serves the plugin's headers, too. Runs
# in Debian with gcc-mingw-w64-ucrt64, meson, cmake, ninja-build, libz-mingw-w64-dev and dpkg-dev.
#
# SPDX-License-Identifier: GPL-2.0-or-later
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
to=$1
host=x86_64-w64-mingw32ucrt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$to/include" "$to/lib/pkgconfig"
cd "$work"

# apt's own lists stay as they are.
mkdir -p apt/lists/partial apt/sources.d
sed 's/^deb /deb-src /' /etc/apt/sources.list >apt/sources.list
apt=(apt-get -q -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o "Dir::Etc::sourceparts=$work/apt/sources.d"
    -o "Dir::State::lists=$work/apt/lists" -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false)
"${apt[@]}" update
"${apt[@]}" source --tar-only glib2.0 pcre2
for archive in glib2.0_*.orig.tar.* pcre2_*.orig.tar.*; do
    tar -xf "$archive"
done

cmake -S pcre2-* -B pcre -G Ninja "-DCMAKE_TOOLCHAIN_FILE=$here/toolchain.cmake" "-DCMAKE_INSTALL_PREFIX=$to" \
    -DBUILD_SHARED_LIBS=OFF -DPCRE2_BUILD_PCRE2GREP=OFF -DPCRE2_BUILD_TESTS=OFF -DCMAKE_C_FLAGS=-w
ninja -C pcre install

# GLib asks for translations and for libffi; neither is used by its core.
cat >"$to/include/libintl.h" <<'C'
#pragma once
static inline char *gettext(const char *m) { return (char *)m; }
static inline char *dgettext(const char *d, const char *m) { (void)d; return (char *)m; }
static inline char *dcgettext(const char *d, const char *m, int c) { (void)d; (void)c; return (char *)m; }
static inline char *ngettext(const char *a, const char *b, unsigned long n) { return (char *)(n == 1 ? a : b); }
static inline char *dngettext(const char *d, const char *a, const char *b, unsigned long n) { (void)d; return ngettext(a, b, n); }
static inline char *textdomain(const char *d) { return (char *)d; }
static inline char *bindtextdomain(const char *d, const char *f) { (void)d; return (char *)f; }
static inline char *bind_textdomain_codeset(const char *d, const char *c) { (void)d; return (char *)c; }
C
printf 'Name: libffi\nDescription: not used\nVersion: 3.4\n' >"$to/lib/pkgconfig/libffi.pc"
cat >cross.ini <<INI
[binaries]
c = '$host-gcc'
cpp = '$host-gcc'
ar = '$host-ar'
strip = '$host-strip'
windres = '$host-windres'
pkg-config = 'pkg-config'
[built-in options]
c_args = ['-I$to/include', '-w']
[properties]
pkg_config_libdir = '$to/lib/pkgconfig'
needs_exe_wrapper = true
[host_machine]
system = 'windows'
cpu_family = 'x86_64'
cpu = 'x86_64'
endian = 'little'
INI
meson setup glib glib-*/ --cross-file cross.ini --default-library static --wrap-mode nofallback --buildtype plain \
    -Dtests=false -Dintrospection=disabled -Dnls=disabled -Dglib_debug=disabled -Dman-pages=disabled
ninja -C glib glib/libglib-2.0.a
cp glib/glib/libglib-2.0.a "$to/lib"
cp glib/glib/glibconfig.h "$to/include"
cp -r /usr/include/glib-2.0 "$to/include"
cp glib-*/glib/gwin32.h "$to/include/glib-2.0/glib"
rm "$to/include/libintl.h" "$to/lib/pkgconfig/libffi.pc"
cat >"$to/lib/pkgconfig/glib-2.0.pc" <<PC
Name: GLib
Description: its core, for Windows
Version: $(pkg-config --modversion glib-2.0)
Requires: libpcre2-8
Libs: -L$to/lib -lglib-2.0 -lws2_32 -lole32 -lwinmm -lshlwapi -luuid
Cflags: -I$to/include -I$to/include/glib-2.0 -DGLIB_STATIC_COMPILATION
PC
