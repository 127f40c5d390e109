# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports of captures, made with tshark and the hikcascade plugin. Python's standard library only.

main.py reads the command line and goes through the captures; capture.py asks tshark; page.py and svg.py draw; words.py
has every word of the pages in English and Chinese.
"""
