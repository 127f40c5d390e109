# SPDX-License-Identifier: GPL-2.0-or-later
set(PACKAGE_VERSION_COMPATIBLE TRUE)
