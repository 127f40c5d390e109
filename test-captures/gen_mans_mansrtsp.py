# SPDX-License-Identifier: GPL-2.0-or-later
"""MANSRTSP bodies of INFO: playback steered inside a session, and texts as devices write them."""

from hikpcap import Capture, Link

# (body, Content-Type)
TEXTS = [
    ("PLAY RTSP/1.0\r\nCSeq: 1\r\nScale: 1.0\r\nRange: npt=now-\r\n\r\n", "Application/MANSRTSP"),
    ("PAUSE RTSP/1.0\r\nCSeq: 2\r\nPauseTime: now\r\n", "Application/MANSRTSP"),
    ("PLAY MANSRTSP/1.0\r\nCSeq: 3\r\nScale: 4.0\r\n", "application/mansrtsp"),
    ("PLAY RTSP/1.0\nCSeq: 4\nScale: -0.25\nRange: npt=20.5-\n", "APPLICATION/MANSRTSP"),
    ("PLAY RTSP/1.0\r\nCSeq:5\r\nRange:npt=1:02:03.5-2:00:00", "Application/RTSP"),
    ("PLAY RTSP/1.0\r\nRange: npt=10-20\r\nCSeq: 6\r\nX-Vendor: yes\r\n\r\n", "Application/MANSRTSP"),
    ("PLAY RTSP/1.0\r\nCSeq: 7\r\nRange: clock=20240101T000000Z-\r\n", "Application/MANSRTSP"),
    ("TEARDOWN RTSP/1.0\r\nCSeq: 8\r\n\r\n", "Application/MANSRTSP"),
    ("PLAY rtsp://192.0.2.10/x RTSP/1.0\r\nCSeq: 9\r\nScale: 2\r\n", None),
    ("PLAY\r\nCSeq: 10\r\nScale: fast\r\nRange: npt=soon-\r\nno header\r\n", "Application/MANSRTSP"),
    ("hello\r\nCSeq: x\r\n", "Application/MANSRTSP"),
    ("play rtsp/1.0\r\ncseq: 12\r\nSCALE: 0.5\r\n\0", "Application/MANSRTSP"),
]


def texts():
    """Each text in one INFO of a playback session: INVITE to ACK are frames 1 to 4, then INFO and 200 by turns."""
    cap = Capture()
    call = Link(cap).call(session="Playback", t="1577290000 1577293600")
    call.invite()
    call.trying()
    call.ok()
    call.ack()
    for body, kind in TEXTS:
        call.answer_to(call.in_dialog("INFO", content_type=kind, body=body))
    call.answer_to(call.in_dialog("INFO", content_type="Application/MANSRTSP", body="PLAY RTSP/1.0\r\nCSeq: 13\r\n\r\n"),
                   content_type="Application/RTSP", body="RTSP/1.0 200 OK\r\nCSeq: 13\r\nRTP-Info: seq=1;rtptime=2\r\n\r\n")
    call.bye()
    return cap


def captures():
    yield "mansrtsp.pcap", texts()
