# SPDX-License-Identifier: GPL-2.0-or-later
"""ffmpeg encodes, real sockets carry, dumpcap captures (realparts.py); the plugin exports, ffmpeg decodes: every frame
is the one that was encoded.
"""

import json
import shutil

import pytest

import realparts
from realparts import FRAMES, Unfit, ffmpeg

@pytest.fixture(scope="session")
def recording(recording_of):
    """The folder with the recording. No recording is a failure, never a skip."""
    if not shutil.which("ffmpeg"):
        pytest.fail("ffmpeg is not installed; scripts/test installs it")
    return recording_of("realparts.py", "HIK_REAL_PARTS", "manifest.json")


@pytest.fixture(scope="session")
def manifest(recording):
    return json.loads((recording / "manifest.json").read_text())


def decode(*arguments):
    try:
        return ffmpeg(*arguments)
    except Unfit as problem:
        pytest.fail(str(problem))


def pictures(path, *options):
    """Checksums of the decoded frames, in order."""
    text = decode(*options, "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framemd5", "-").decode()
    return [line.split(",")[-1].strip() for line in text.splitlines() if not line.startswith("#")]


def sounds(path, *options):
    """Checksums of the decoded samples, 320 at a time."""
    text = decode(*options, "-i", path, "-map", "0:a:0", "-af", "asetnsamples=n=320:p=0", "-f", "framemd5", "-").decode()
    return [line.split(",")[-1].strip() for line in text.splitlines() if not line.startswith("#")]


def source_sounds(recording, name):
    law = name.split(".")[1]
    return sounds(recording / name, "-f", law, "-ar", "8000", "-ac", "1")


def file_name(stream, extension, stream_id=None):
    name = "%d-%s-%010d" % (stream["session"], stream["camera"], stream["ssrc"])
    return name + ("-%02x" % stream_id if stream_id else "") + "." + extension


def is_program(stream):
    return stream["codecs"][0][1] == "PS/90000"


def video_extension(stream):
    return stream["video"].split(".")[1]


@pytest.fixture(scope="session", params=["udp", "tcp"])
def carried(request, recording, manifest, export_objects):
    """(streams, folder of the export, folder of the export of elementary streams)"""
    capture = recording / (request.param + ".pcapng")
    return (manifest[request.param], export_objects(capture),
            export_objects(capture, prefs={"hikcascade.export_elementary": "TRUE"}))


def test_what_was_sent_is_there(tshark, recording, manifest):
    """The recording itself: every RTP packet, each in its session."""
    for name, streams in manifest.items():
        for stream in streams:
            # Stock's h265 reports a bug of its own on small pictures.
            rows = tshark.fields(recording / (name + ".pcapng"), ["rtp.seq"], "hikcascade.session == %d && rtp" %
                                 stream["session"], extra=("--disable-protocol", "h265"))
            assert sum(len(row["rtp.seq"]) for row in rows) == stream["packets"], stream["name"]


def test_one_file_per_stream(carried):
    streams, exported, elementary = carried
    whole, parts = [], []
    for stream in streams:
        if is_program(stream):
            whole.append(file_name(stream, "mpg"))
            parts += [file_name(stream, video_extension(stream), 0xE0), file_name(stream, "wav", 0xC0)]
        else:
            whole.append(file_name(stream, video_extension(stream) if "video" in stream else "wav"))
            parts.append(whole[-1])
    assert sorted(path.name for path in exported.iterdir()) == sorted(whole)
    assert sorted(path.name for path in elementary.iterdir()) == sorted(parts)


def test_program_streams_byte_for_byte(carried, recording):
    streams, exported, _ = carried
    for stream in filter(is_program, streams):
        assert (exported / file_name(stream, "mpg")).read_bytes() == (recording / (stream["name"] + ".sent")).read_bytes()


def test_every_picture(carried, recording):
    streams, exported, elementary = carried
    for stream in streams:
        if "video" not in stream:
            continue
        source = pictures(recording / stream["video"])
        assert len(source) == len(set(source)) == FRAMES
        extension = video_extension(stream)
        assert pictures(exported / file_name(stream, "mpg" if is_program(stream) else extension)) == source, stream["name"]
        if is_program(stream):
            part = elementary / file_name(stream, extension, 0xE0)
            assert pictures(part) == source, stream["name"]
            assert part.read_bytes() == (recording / stream["video"]).read_bytes()


def test_every_sound(carried, recording):
    streams, exported, elementary = carried
    for stream in streams:
        if "audio" not in stream:
            continue
        source = source_sounds(recording, stream["audio"])
        assert len(source) == 60
        path = elementary / file_name(stream, "wav", 0xC0) if is_program(stream) else exported / file_name(stream, "wav")
        assert sounds(path) == source, stream["name"]


def test_same_in_two_passes(recording, manifest, export_objects):
    for name in manifest:
        one, two = (export_objects(recording / (name + ".pcapng"), extra=extra) for extra in ((), ("-2",)))
        names = sorted(path.name for path in one.iterdir())
        assert names == sorted(path.name for path in two.iterdir())
        for path in one.iterdir():
            assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_the_recording_is_hard_enough(recording, manifest):
    """Key frames that need several PES packets, several groups of pictures, both codecs."""
    for h265, name in ((False, "video.h264"), (True, "video.h265")):
        units = realparts.access_units((recording / name).read_bytes(), h265)
        keys = [len(data) for data, key in units if key]
        assert len(units) == FRAMES and len(keys) == 3 and min(keys) > 2 * 65536
    assert set(manifest) == {"udp", "tcp"}
