# SPDX-License-Identifier: GPL-2.0-or-later
"""Voice that goes down: broadcasts, in which the device calls the source, as GB/T 28181-2016 9.12 has it."""

from hikpcap import Capture, Link, Platform

PLATFORM = "34020000002000000001"
SOURCE = "34010000002000000001"
TARGET = "34020000001370000001"  # an audio output
PCMA = ((8, "PCMA/8000"),)


def speaker(cap):
    """A link whose lower end speaks for the loudspeaker: From carries its ID."""
    return Link(cap, Platform(TARGET, "192.0.2.10", agent="NCG V3.3.6.686194"))


def call(link, **options):
    return link.call(caller=link.lower, camera=SOURCE, subject="%s:0,%s:0" % (SOURCE, TARGET), media="audio", offer_codecs=PCMA,
                     answer_codecs=PCMA, pt=8, frames=lambda number: b"\xd5" * 160, rtp_interval=0.02, offer_extra=(),
                     answer_extra=(), **options)


def broadcast():
    """A catalog names the loudspeaker; Notify down, Response up, the device calls, the source speaks and hangs up."""
    cap = Capture()
    link = speaker(cap)
    link.catalog([(TARGET, "\u5e7f\u64ad", PLATFORM)], sn=1)                                    # 1, 2
    head = '<?xml version="1.0"?>\r\n<%s>\r\n<CmdType>Broadcast</CmdType>\r\n<SN>992</SN>\r\n'
    link.manscdp(link.upper, head % "Notify" + "<SourceID>%s</SourceID>\r\n<TargetID>%s</TargetID>\r\n</Notify>\r\n"
                 % (SOURCE, TARGET))                                                            # 3, 4
    link.manscdp(link.lower, head % "Response" + "<DeviceID>%s</DeviceID>\r\n<Result>OK</Result>\r\n</Response>\r\n"
                 % TARGET)                                                                      # 5, 6
    voice = call(link)
    voice.start()                                                                               # 7 to 10
    voice.rtp(5)                                                                                # 11 to 15
    voice.bye(sender=link.upper)                                                                # 16, 17
    return cap


def broadcast_alone():
    """Nothing but the call: only its IDs say who is who."""
    cap = Capture()
    call(speaker(cap)).play(5, rtcp=False)
    return cap


def listen():
    """Voice that goes up: the upper platform calls a microphone."""
    cap = Capture()
    link = Link(cap)
    link.call(camera="34020000001360000001", media="audio", offer_codecs=PCMA, answer_codecs=PCMA, pt=8,
              frames=lambda number: b"\xd5" * 160, rtp_interval=0.02).play(5, rtcp=False)
    return cap


def captures():
    yield "voice-broadcast.pcap", broadcast()
    yield "voice-broadcast-alone.pcap", broadcast_alone()
    yield "voice-listen.pcap", listen()
