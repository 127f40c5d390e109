# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks measure, each a function that gives rows of one table.

A row: what, stock's figure, the plugin's, the difference as a text, the limit as a text, whether it is kept (None: only told).
"""

import shutil
import statistics

import captures

PLAIN = ["-Y", "frame.number==1"]
QUIET = [*PLAIN, "-q"]
MP2P_OFF = [*PLAIN, "--disable-protocol", "mp2p"]
TABLE = [*QUIET, "-z", "hikcascade,sessions"]
FIELD = ["-Y", "hikcascade.session==999"]  # which is not there: what a filter costs, not what is printed


def columns(fields):
    """Stock's columns, with so many columns of fields in front of Info."""
    words = ['"No.", "%m"', '"Time", "%t"', '"Source", "%s"', '"Destination", "%d"', '"Protocol", "%p"']
    words += ['"%d", "%%Cus:%s:0:R"' % (number, field) for number, field in enumerate(fields)]
    return [*PLAIN, "-o", "gui.column.format:" + ", ".join([*words, '"Info", "%i"'])]


# The profile's. For stock: as many that are in none of the RTP packets.
OURS = columns(["hikcascade.session", "hikcascade.verdict", "hikcascade.camera", "hikcascade.camera_name"])
STOCKS = columns(["sip.Call-ID", "sip.Method", "sdp.owner", "sdp.session_name"])

# name: arguments, stock's arguments, limit in percent
CASES = {
    "mp2p off": (MP2P_OFF, PLAIN, 2),
    "video parsed, nothing asked for": (PLAIN, PLAIN, 8),
    "-Y hikcascade.session==999": (FIELD, PLAIN, 15),
    "the profile's columns": (OURS, STOCKS, 15),
    "sessions table": (TABLE, QUIET, 10),
}
# RTP packets of a call whose memory is measured.
FEW = 4
# A linear share grows ten times with ten times as much; what is paid once a capture, or now and then, is in it as well.
GROWTH = 13


class PerPacket:
    """Instructions per RTP packet: the difference of a capture with twice the packets of the same calls."""

    def __init__(self, folder, calls, packets, kind):
        self.files = [folder / ("%s-%d.pcap" % (kind, times)) for times in (1, 2)]
        counts = [captures.calls(path, calls, packets * times, kind) for path, times in zip(self.files, (1, 2))]
        self.packets = counts[1] - counts[0]

    def of(self, tshark, arguments):
        small, large = (tshark.instructions(path, arguments) for path in self.files)
        return (large - small) / self.packets


def per_packet(per, stock, plugin, names=CASES):
    """{name: (stock's, the plugin's instructions per RTP packet)}"""
    base = {}
    found = {}
    for name in names:
        mine, theirs, _ = CASES[name]
        key = tuple(theirs)
        if key not in base:
            base[key] = per.of(stock, theirs)
        found[name] = base[key], per.of(plugin, mine)
    return found


def percent(stock, mine):
    return 100 * (mine / stock - 1)


def instructions(folder, stock, plugin, other=None, calls=2, packets=500):
    rows = []
    for title, kind, number, each, told in (("video of 4 Mbit/s", captures.VIDEO, calls, packets, False),
                                            ("a picture in each packet", captures.PICTURES, calls * 5, packets // 5, True)):
        per = PerPacket(folder, number, each, kind)
        found = per_packet(per, stock, plugin)
        for name, (theirs, mine) in found.items():
            limit = CASES[name][2]
            rows.append(("%s: %s" % (title, name), "%.0f" % theirs, "%.0f" % mine, "%+.1f %%" % percent(theirs, mine),
                         "" if told else "%+d %%" % limit, None if told else percent(theirs, mine) <= limit))
        if other:
            theirs, mine = found["video parsed, nothing asked for"][0], per.of(other, PLAIN)
            rows.append(("%s: the other plugin" % title, "%.0f" % theirs, "%.0f" % mine, "%+.1f %%" % percent(theirs, mine), "", None))
    return rows


def memory(folder, stock, plugin, other=None, calls=200, packets=400):
    """Peak resident memory above stock: per RTP packet, by twice the packets of the same calls; per call, by ten times the calls
    of few packets, whose share of that is taken off."""
    rows = []
    twice = {kind: [folder / ("memory-%s-%d.pcap" % (kind, times)) for times in (1, 2)] for kind in (captures.VIDEO, captures.PICTURES)}
    for kind, paths in twice.items():
        count = captures.calls(paths[0], calls, packets // 2, kind)
        captures.calls(paths[1], calls, packets, kind)
    for name, kind, arguments in (("video parsed", captures.VIDEO, PLAIN), ("a picture in each packet", captures.PICTURES, PLAIN),
                                  ("sessions table", captures.VIDEO, TABLE)):
        peaks = [[tshark.cost(path, arguments if tshark is plugin else PLAIN)[1] for path in twice[kind]] for tshark in (stock, plugin)]
        bytes_ = [(large - small) / count for small, large in peaks]
        more = bytes_[1] - bytes_[0]
        rows.append(("memory per RTP packet: %s" % name, "%.0f" % bytes_[0], "%.0f" % bytes_[1], "%+.0f bytes" % more, "64 bytes", more <= 64))
    bytes_, more = per_call(folder, stock, plugin, calls)
    rows.append(("memory per call, beside its %d RTP packets" % FEW, "%.0f" % bytes_[0], "%.0f" % bytes_[1], "%+.0f bytes" % more, "1024 bytes",
                 more <= 1024))
    return rows


def per_call(folder, stock, plugin, calls=200):
    """Peak resident bytes of a call of few RTP packets: ([stock's, the plugin's], what that is more without the share of the packets)"""
    many = [folder / ("calls-%d.pcap" % number) for number in (calls, calls * 5)]
    for path, number in zip(many, (calls, calls * 5)):
        captures.calls(path, number, FEW)
    peaks = [[tshark.cost(path, PLAIN)[1] for path in many] for tshark in (stock, plugin)]
    bytes_ = [(large - small) / (calls * 4) for small, large in peaks]
    return bytes_, bytes_[1] - bytes_[0] - FEW * 64


def growth(folder, stock, plugin, other=None, size=100):
    """What the plugin adds to stock's instructions, for n and for ten times n of something: linear is 10."""
    rows = []
    for title, write, number in (("bytes of SIP headers over TCP that come one by one", captures.slow_headers, size * 4),
                                 ("RTP packets of a call", lambda path, n: captures.calls(path, 2, n * 10), size),
                                 ("calls", lambda path, n: captures.calls(path, n, 4), size // 2),
                                 ("calls on the same two ports", captures.one_port, size // 2),
                                 ("SIP messages over TCP, byte by byte", captures.byte_by_byte, size // 20),
                                 ("header lines of a message", captures.header_lines, size)):
        theirs, whole, ours = grown(folder, stock, plugin, write, number)
        rows.append(("ten times the %s (%d)" % (title, number), "%.1f times" % theirs, "%.1f times" % whole,
                     "our share %.1f times" % ours, "%d times" % GROWTH, ours <= GROWTH))
    return rows


def grown(folder, stock, plugin, write, number):
    """How many times as many instructions ten times as much of something takes: stock's, with the plugin, and what that adds."""
    files = [folder / ("growth-%d.pcap" % times) for times in (0, 1, 10)]
    for path, times in zip(files, (0, 1, 10)):
        write(path, number * times)
    counts = [[tshark.instructions(path, PLAIN) for path in files] for tshark in (stock, plugin)]
    theirs, whole = ([each - one[0] for each in one[1:]] for one in counts)
    added = [mine - their for mine, their in zip(whole, theirs)]
    return theirs[1] / theirs[0], whole[1] / whole[0], added[1] / added[0] if added[0] > 0 else 0


def export(folder, stock, plugin, other=None, packets=4000, large=200000):
    """Instructions of exporting all media against a plain pass, and memory against the bytes of the files."""
    out = plugin.dir / "home" / "files"
    arguments = [*QUIET, "--export-objects", "hikcascade,%s" % out]  # without a filter, tshark -q dissects nothing

    def counted(path):
        count = plugin.instructions(path, arguments)
        shutil.rmtree(out)
        return count

    files = [folder / ("export-%d.pcap" % times) for times in (1, 2)]
    for path, times in zip(files, (1, 2)):
        captures.calls(path, 2, packets // 2 * times)
    plain, whole = (one[1] - one[0] for one in ([plugin.instructions(path, QUIET) for path in files], [counted(path) for path in files]))
    rows = [("export: instructions per RTP packet, against a plain pass", "%.0f" % (plain / packets), "%.0f" % (whole / packets),
             "%.3f times" % (whole / plain), "1.05 times", whole / plain <= 1.05)]
    big = folder / "export.pcap"
    captures.calls(big, 2, large // 2)
    plain = plugin.cost(big, QUIET)[1]
    peak = plugin.cost(big, arguments)[1]
    size = sum(path.stat().st_size for path in out.iterdir())
    shutil.rmtree(out)
    rows.append(("export: memory, against the bytes of the files (%d MB)" % (size // 1000000), "%d MB" % (plain // 1000000), "%d MB" % (peak // 1000000),
                 "%.2f times" % ((peak - plain) / size), "1.1 times", (peak - plain) / size <= 1.1))
    return rows


def time(folder, stock, plugin, other=None, packets=200000, pairs=5):
    """CPU seconds; the runs take turns, the figure is the median of the ratios of neighbours. Told, no limit: machines differ."""
    path = folder / "time.pcap"
    captures.calls(path, 20, packets // 20)
    rows = []
    programs = [("stock", stock, PLAIN), ("video parsed", plugin, PLAIN), ("sessions table", plugin, TABLE)]
    if other:
        programs.append(("the other plugin", other, PLAIN))
    costs = {name: [] for name, _, _ in programs}
    stock.cost(path, PLAIN)  # the file is in the cache from here on
    for number in range(pairs):
        for name, tshark, arguments in programs[::1 if number % 2 == 0 else -1]:
            costs[name].append(tshark.cost(path, arguments)[0])
    for name in list(costs)[1:]:
        ratios = [mine / theirs for mine, theirs in zip(costs[name], costs["stock"])]
        rows.append(("CPU time of %d RTP packets: %s" % (packets, name), "%.2f s" % statistics.median(costs["stock"]),
                     "%.2f s" % statistics.median(costs[name]), "%+.0f %%" % (100 * statistics.median(ratios) - 100), "", None))
    return rows


def large(folder, stock, plugin, other=None, packets=1000000, calls=10000):
    """Captures as large as promised, against a tenth of them: CPU seconds and peak resident bytes. Of the time, the growth of the
    whole is judged: our share of it is less than two runs differ by."""
    rows = []
    for title, number, write, limit in (("RTP packets", packets, lambda path, n: captures.calls(path, 20, n // 20, captures.VIDEO), 64),
                                        ("calls of %d RTP packets" % FEW, calls, lambda path, n: captures.calls(path, n, FEW), None)):
        costs = []
        for times in (1, 10):
            path = folder / "large.pcap"
            write(path, number * times)
            stock.cost(path, PLAIN)  # the file is in the cache from here on
            costs.append([tshark.cost(path, PLAIN) for tshark in (stock, plugin)])
            path.unlink()
        theirs, mine = ([cost[who][0] for cost in costs] for who in (0, 1))
        grown_by = mine[1] / mine[0]
        rows.append(("%d %s against a tenth of them: CPU time" % (number * 10, title), "%.1f times" % (theirs[1] / theirs[0]),
                     "%.1f times" % grown_by, "%+.0f %%, %+.0f %%" % tuple(percent(*pair) for pair in zip(theirs, mine)),
                     "%d times" % GROWTH, grown_by <= GROWTH))
        bytes_ = [(costs[1][who][1] - costs[0][who][1]) / (number * 9) for who in (0, 1)]
        more = bytes_[1] - bytes_[0]
        rows.append(("%d %s: memory of each" % (number * 10, title), "%.0f" % bytes_[0], "%.0f" % bytes_[1], "%+.0f bytes" % more,
                     "%d bytes" % limit if limit else "", more <= limit if limit else None))
    return rows


PARTS = {"instructions": instructions, "memory": memory, "growth": growth, "export": export, "time": time}
# Only if they are named: they take a quarter of an hour and gigabytes of disk and memory.
ON_DEMAND = {"large": large}
