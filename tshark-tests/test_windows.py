# SPDX-License-Identifier: GPL-2.0-or-later
"""The real Wireshark with the profile, on a screen of its own: the tables' windows and the export window open, the program
ends in good order, and says nothing on standard error."""

import os

import pytest
import screen

pytestmark = pytest.mark.once


@pytest.fixture
def gui(sandbox):
    runtime = sandbox.home / "run"
    runtime.mkdir(exist_ok=True)
    if sandbox.root:
        os.chown(runtime, os.stat(sandbox.home).st_uid, -1)
    runtime.chmod(0o700)
    with screen.Screen(dict(sandbox.environment(), XDG_RUNTIME_DIR=str(runtime)), sandbox.prefix) as made:
        yield made


@pytest.mark.parametrize("table", ["sessions", "platforms", "catalog"])
def test_table(sandbox, gui, table):
    with gui.wireshark("-r", sandbox.readable("handbook.pcap"), "-z", "hikcascade," + table) as wireshark:
        window = wireshark.window("^Wireshark . Hikvision cascade %s . handbook.pcap$" % table)
        assert window != wireshark.main
        # The filter at the bottom works: Wireshark makes the table anew.
        wireshark.focus(window)
        wireshark.type("sip")
        wireshark.keys("Return")
        wireshark.settle(window)
    assert wireshark.said == []


def test_export_window(sandbox, gui):
    with gui.wireshark("-r", sandbox.readable("handbook.pcap")) as wireshark:
        wireshark.export_objects()
    assert wireshark.said == []


def test_a_word_on_standard_error_would_be_found(sandbox, gui):
    """And a window that is not there."""
    capture = sandbox.readable("handbook.pcap")
    with gui.wireshark("-r", capture, "--log-level", "debug") as wireshark:
        pass
    assert len(wireshark.said) > 1
    with pytest.raises(AssertionError, match="no window"):
        with gui.wireshark("-r", capture) as wireshark:
            wireshark.window("Hikvision cascade sessions", patience=2)
