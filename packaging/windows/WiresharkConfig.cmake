# Stands for the WiresharkConfig.cmake that no package for Windows brings: Wireshark's headers, and import libraries of
# the names that its libraries export. Both come from Debian's packages (scripts/test-windows puts them there).
#
# SPDX-License-Identifier: GPL-2.0-or-later
file(STRINGS "${HIK_WINDOWS}/include/ws_version.h" versions REGEX "WIRESHARK_VERSION_(MAJOR|MINOR)")
string(REGEX REPLACE ".*MAJOR ([0-9]+).*" "\\1" Wireshark_MAJOR_VERSION "${versions}")
string(REGEX REPLACE ".*MINOR ([0-9]+).*" "\\1" Wireshark_MINOR_VERSION "${versions}")
set(Wireshark_INSTALL_PREFIX /usr)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HIK_GLIB REQUIRED glib-2.0)
add_library(epan INTERFACE IMPORTED)
set_target_properties(epan PROPERTIES
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${HIK_WINDOWS}/include;${HIK_GLIB_INCLUDE_DIRS}"
    INTERFACE_INCLUDE_DIRECTORIES "${HIK_WINDOWS}/include;${HIK_GLIB_INCLUDE_DIRS}"
    INTERFACE_LINK_LIBRARIES "${HIK_WINDOWS}/libwireshark.dll.a;${HIK_WINDOWS}/libwsutil.dll.a;${HIK_WINDOWS}/libglib-2.0.dll.a")
