# SPDX-License-Identifier: Apache-2.0
"""Pictures at a time, of every codec, over losses and damage."""

from collections.abc import Iterator
from typing import cast

import pytest

from podium.plugins.recording.composer.decoding import HELD, Feed, PictureDecoder, Upcoming
from podium.plugins.recording.reading import CapturedTrack, Frame
from tests.builtin.recording.packetizers import encoded


def frames_of(codec: str, count: int = 20) -> list[Frame]:
    packets = encoded(codec, count)
    return [Frame(n / 15, codec.lower(), packet.is_keyframe, bytes(packet), 0) for n, packet in enumerate(packets)]


class Growing:
    """A cursor that a test adds to."""

    def __init__(self, *frames: Frame) -> None:
        self.frames = list(frames)
        self.ended = False
        self.closed = False

    def __iter__(self) -> Iterator[Frame]:
        while self.frames:
            yield self.frames.pop(0)

    def close(self) -> None:
        self.closed = True


class Track:
    def __init__(self, cursor: Growing, number: int = 0) -> None:
        self.id = f"{number:04d}"
        self.cursor = cursor
        self.since = -1.0

    def frames(self, since: float) -> Growing:
        self.since = since
        return self.cursor


def feed(*cursors: Growing, held: float | None = HELD, since: float = 0.0) -> Feed:
    feed = Feed(since, lambda time: time, lambda time: time, held)
    for number, cursor in enumerate(cursors):
        feed.add(cast("CapturedTrack", Track(cursor, number)))
    return feed


@pytest.mark.parametrize("codec", ["VP8", "VP9", "H264", "AV1"])
def test_each_frame_gives_its_picture_at_once(codec: str) -> None:
    decoder = PictureDecoder()
    pictures = [decoder.decode(frame) for frame in frames_of(codec)]
    assert [picture is not None for picture in pictures] == [True] * 20
    assert decoder.failed == 0


@pytest.mark.parametrize("codec", ["VP8", "VP9", "H264", "AV1"])
def test_damage_is_survived_until_the_next_key_frame(codec: str) -> None:
    decoder = PictureDecoder()
    frames = frames_of(codec)
    for number in (3, 4, 5):
        frames[number] = frames[number]._replace(data=b"\xff" * 40)
    pictures = [decoder.decode(frame) for frame in frames]
    assert all(pictures[:3])
    assert all(pictures[10:])


def test_another_codec_goes_on_with_its_key_frame() -> None:
    decoder = PictureDecoder()
    assert decoder.decode(frames_of("VP8")[0])
    other = frames_of("VP9")
    assert decoder.decode(other[1]) is None
    assert decoder.decode(other[0])
    assert decoder.decode(Frame(0.0, "theora", True, b"1", 0)) is None


def test_the_last_picture_is_held_and_then_given_up() -> None:
    cursor = Growing(*frames_of("VP8")[:3])
    camera = feed(cursor)
    assert camera.at(0.0) is None
    first = camera.at(0.01)
    assert first is not None
    assert camera.at(0.05) == first
    last = camera.at(1.0)
    assert last is not None
    assert last.number == 3
    assert camera.at(2 / 15 + HELD) == last
    assert camera.at(2 / 15 + HELD + 0.1) is None


def test_a_screen_that_does_not_change_stays() -> None:
    screen = feed(Growing(frames_of("VP8")[0]), held=None)
    assert screen.at(3600.0) is not None


def test_frames_that_come_later_are_shown_later() -> None:
    frames = frames_of("VP8")
    cursor = Growing(frames[0])
    camera = feed(cursor)
    assert camera.at(0.5) is not None
    cursor.frames += frames[1:5]
    picture = camera.at(0.6)
    assert picture is not None
    assert picture.number == 5


def test_the_newest_picture_of_several_layers_counts() -> None:
    frames = frames_of("VP8")
    late = [frame._replace(time=frame.time + 1) for frame in frames]
    camera = feed(Growing(*frames), Growing(*late))
    picture = camera.at(1.5)
    assert picture is not None
    assert picture.time == pytest.approx(1 + 7 / 15)
    camera.close()


def test_reading_begins_a_little_earlier() -> None:
    track = Track(Growing())
    Feed(10.0, lambda time: time - 5, lambda time: time + 5, HELD).add(cast("CapturedTrack", track))
    assert track.since == 13.0


def test_one_frame_is_kept_in_hand() -> None:
    cursor = Growing(*frames_of("VP8")[:3])
    upcoming = Upcoming(cursor, lambda time: time)
    assert len(list(upcoming.until(1 / 15))) == 1
    assert len(cursor.frames) == 1
    assert list(upcoming.until(0.01)) == []
    assert len(list(upcoming.until(9.0))) == 2
    before, cursor.ended = upcoming.ended, True
    assert (before, upcoming.ended) == (False, True)
    upcoming.close()
    assert cursor.closed
