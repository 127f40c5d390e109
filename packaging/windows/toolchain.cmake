# MinGW-w64 with Microsoft's Universal C Runtime (Debian: gcc-mingw-w64-ucrt64), and Wine to run what it makes.
#
# SPDX-License-Identifier: GPL-2.0-or-later
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32ucrt-gcc)
set(CMAKE_CROSSCOMPILING_EMULATOR /usr/lib/wine/wine64)
# What Microsoft's compiler has not is a warning: GNU's extensions, and arrays of a length that is known late.
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_FLAGS_INIT "-pedantic -Wvla")
