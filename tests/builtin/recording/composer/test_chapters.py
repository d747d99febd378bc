# SPDX-License-Identifier: Apache-2.0
"""Who spoke and what was shared, in bounds, the same after a restart; and times of day as times of the film."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from podium.plugins.recording.composer.axis import Axis
from podium.plugins.recording.composer.chapters import (
    MOST,
    Chapter,
    Chapters,
    Contents,
    Stretch,
    fewest,
    film_time,
    read_chapters,
)
from podium.plugins.recording.composer.composing import Composer
from podium.plugins.recording.composer.segments import SegmentStore
from podium.plugins.recording.composer.settings import CompositionSettings
from podium.plugins.recording.reading import CapturedClass, open_class
from tests.builtin.recording.filming import Filming, tone
from tests.builtin.recording.stand_ins import ANN, BOB

Told = tuple[float, str, dict[str, Any]]


def joined(time: float, person: str) -> Told:
    return time, "joined", {"participant_id": person, "display_name": person.title(), "role": "student"}


def speaks(time: float, person: str) -> Told:
    return time, "speaker", {"participant_id": person}


def screen(time: float, person: str, kind: str, track_kind: str = "video") -> Told:
    return time, kind, {"participant_id": person, "source": "screen", "track_kind": track_kind}


def told(contents: Contents, *events: Told) -> Contents:
    for event in events:
        contents.take(*event)
    return contents


def shortly(chapters: tuple[Chapter, ...]) -> list[tuple[float, str, str, float]]:
    return [(each.time, each.kind, each.participant_id, each.until) for each in chapters]


def test_who_spoke_and_what_was_shared() -> None:
    contents = told(
        Contents(),
        joined(0, "ann"),
        speaks(1, "ann"),
        joined(2, "bob"),
        speaks(5, "bob"),
        screen(6, "ann", "published"),
        screen(6, "ann", "published", "audio"),
        screen(7, "ann", "unpublished", "audio"),
        screen(8, "ann", "unpublished"),
        (9, "left", {"participant_id": "bob"}),
    )
    assert shortly(contents.chapters(20, {})) == [
        (1, "spoke", "ann", 5),
        (5, "spoke", "bob", 9),
        (6, "shared", "ann", 8),
    ]
    told(contents, speaks(30, "ann"), screen(31, "ann", "published"), (40, "began", {}))
    assert shortly(contents.chapters(50, {}))[3:] == [(30, "spoke", "ann", 40), (31, "shared", "ann", 40)]


def test_what_goes_on_lasts_until_now() -> None:
    contents = told(Contents(), joined(0, "ann"), speaks(1, "ann"))
    assert [contents.chapters(end, {})[0].until for end in (8.0, 16.0)] == [8.0, 16.0]


def test_a_short_silence_or_a_screen_soon_shown_again_makes_no_new_chapter() -> None:
    contents = told(
        Contents(),
        joined(0, "ann"),
        speaks(1, "ann"),
        screen(2, "ann", "published"),
        (20, "left", {"participant_id": "ann"}),
        joined(21, "ann"),
        speaks(22, "ann"),
        screen(25, "ann", "published"),
        screen(30, "ann", "unpublished"),
        screen(60, "ann", "published"),
    )
    assert shortly(contents.chapters(70, {})) == [
        (1, "spoke", "ann", 70),
        (2, "shared", "ann", 30),
        (60, "shared", "ann", 70),
    ]


def test_what_happened_in_a_pause_is_no_chapter() -> None:
    """All of it has the same time."""
    contents = told(Contents(), joined(0, "ann"), speaks(1, "ann"), speaks(5, "bob"), speaks(5, "ann"))
    assert shortly(contents.chapters(9, {})) == [(1, "spoke", "ann", 9)]


def test_names_are_those_of_the_time() -> None:
    contents = told(
        Contents(),
        joined(0, "ann"),
        speaks(1, "ann"),
        (3, "renamed", {"participant_id": "ann", "display_name": "Dr. Ann"}),
        speaks(4, "bob"),
        speaks(8, "ann"),
        (9, "renamed", {"participant_id": "ann", "display_name": 7}),
        (10, "joined", {"participant_id": "eve", "display_name": "E" * 500}),
        speaks(12, "eve"),
    )
    names = [each.display_name for each in contents.chapters(20, {"bob": "Bob", "ann": "Nobody"})]
    assert names == ["Ann", "Bob", "Dr. Ann", "E" * 100]


@pytest.mark.parametrize("length", [600, 2 * 3600])
def test_however_much_is_spoken_there_are_not_too_many(length: int) -> None:
    contents = Contents()
    for number in range(length // 2):
        long = number % 300 < 30  # for a minute in ten nobody is interrupted
        contents.take(2.0 * number, "speaker", {"participant_id": "ann" if long else f"p{number % 7}"})
        if number % 50 == 0:
            chapters = contents.chapters(2.0 * number, {})
            assert len(chapters) <= 22 + number // 5
    chapters = contents.chapters(float(length), {})
    assert len(chapters) <= min(MOST + 1, 21 + length // 10)
    assert sum(each.participant_id == "ann" and each.until - each.time >= 60 for each in chapters) == length // 600
    assert all(0 <= later.time - earlier.until < 120 for earlier, later in pairwise(chapters))
    assert len(msgspec.json.encode(chapters)) < 100_000


def test_screens_are_not_too_many_either() -> None:
    contents = Contents()
    for number in range(5000):
        contents.take(number, "published", {"participant_id": f"p{number}", "source": "screen"})
        if number % 8 == 0:
            contents.chapters(number, {})
        contents.take(number + 0.9, "unpublished", {"participant_id": f"p{number}", "source": "screen"})
    for number in range(5000):
        contents.take(6000, "published", {"participant_id": f"p{number}", "source": "screen"})
    assert len(contents.chapters(9000, {})) <= MOST + 20


@pytest.mark.parametrize("kept_until", [8.0, 16.0, 24.0])
def test_known_again_from_what_was_kept(kept_until: float) -> None:
    """What was told by then is told again, as the timeline does, but loudness is not."""
    events = [
        joined(0, "ann"),
        joined(0, "bob"),
        speaks(2, "ann"),
        screen(5, "bob", "published"),
        speaks(7.99, "bob"),
        screen(12, "bob", "unpublished"),
        (15, "renamed", {"participant_id": "ann", "display_name": "Dr. Ann"}),
        speaks(15.98, "ann"),
        speaks(20, "bob"),
    ]
    whole = told(Contents(), *events).chapters(32, {})
    since = kept_until - 1 / 25
    ahead = told(Contents(), *(event for event in events if event[0] <= kept_until + 7)).chapters(kept_until + 8, {})
    exact = told(Contents(), *(event for event in events if event[0] <= since)).chapters(kept_until, {})
    for kept in (exact, ahead):
        kept = msgspec.json.decode(msgspec.json.encode(kept), type=tuple[Chapter, ...])
        again = told(Contents(kept, since), *(event for event in events if event[1] != "speaker" or event[0] > since))
        assert again.chapters(32, {}) == whole
    assert told(Contents(None, since), *events).chapters(32, {}) == whole


def test_times_of_day_are_times_of_the_film() -> None:
    pieces = Axis([(10.0, 25.0), (30.0, None)]).pieces(100.0)
    assert pieces == [(0, 0, 10), (25, 10, 5)]
    chapters = Chapters(started_at=1_700_000_000.0, pieces=tuple(pieces))
    times = [film_time(chapters, 1_700_000_000.0 + time) for time in (-5, 0, 4, 10, 20, 25, 27, 30, 99)]
    assert times == [0, 0, 4, 10, 10, 10, 12, 15, 15]
    assert film_time(Chapters(started_at=0.0), 5.0) == 0.0


def test_a_pause_that_goes_on_or_begins_behind_the_end() -> None:
    assert Axis([(0.0, 4.0)]).pieces(10.0) == [(4, 0, 6)]
    assert Axis([(4.0, None)]).pieces(10.0) == [(0, 0, 4)]
    assert Axis([(14.0, None)]).pieces(10.0) == [(0, 0, 10)]
    assert Axis([]).pieces(0.0) == []


def test_of_too_many_pauses_the_shortest_are_not_told() -> None:
    pieces: list[Stretch] = [(0, 0, 5), (6, 5, 4), (20, 9, 1), (22, 10, 3)]
    assert fewest(pieces, 4) == tuple(pieces)
    assert fewest(pieces, 2) == ((0, 0, 9), (20, 9, 4))


@pytest.mark.parametrize("data", [b"", b"{", b'{"started_at": "now"}'])
def test_a_damaged_file_counts_as_none(tmp_path: Path, data: bytes) -> None:
    assert read_chapters(tmp_path) is None
    (tmp_path / "chapters.json").write_bytes(data)
    assert read_chapters(tmp_path) is None


@contextmanager
def composing(captured: CapturedClass, out: Path) -> Iterator[Composer]:
    with SegmentStore(out, CompositionSettings(width=160, height=96, frame_rate=5)) as store:
        composer = Composer(captured, store)
        try:
            yield composer
        finally:
            composer.close()


def made(recording: Path, out: Path, most: int = 100) -> Chapters:
    """`most`: after so many pieces it is killed."""
    with open_class(recording) as captured, composing(captured, out) as composer:
        for number, _ in enumerate(composer.advance(final=True), 1):
            if number == most:
                break
    chapters = read_chapters(out)
    assert chapters is not None
    return chapters


@pytest.mark.parametrize("room_tells", [True, False])
def test_a_film_has_them_and_keeps_them(tmp_path: Path, room_tells: bool) -> None:
    filming = Filming(tmp_path / "capture")
    capture = filming.studio.capture
    capture.participant_joined(ANN)
    capture.participant_joined(BOB)
    filming.microphone(ANN, tone(440, times=[(0, 3.5), (9.5, 14)]), (0.0, 14.0))
    filming.microphone(BOB, tone(880, times=[(4, 7)]), (0.0, 14.0))
    for time, person in ((0.0, "ann"), (4.0, "bob")):
        filming.now(time)
        if room_tells:
            capture.speaking(person)
    filming.now(8.5)
    capture.pause()
    filming.now(9.5)
    capture.resume()
    if room_tells:
        capture.speaking("ann")
    filming.now(14.0)
    filming.studio.finish()
    folder, out = filming.studio.folder, tmp_path / "film"
    first = made(folder, out, most=1)
    assert [each.until for each in first.chapters] == pytest.approx([4, 8], abs=0.25)
    found = made(folder, out)
    assert found.chapters[:1] == first.chapters[:1]
    assert found.started_at == 1_700_000_000.0
    assert [list(piece) for piece in found.pieces] == [
        pytest.approx([0, 0, 8.5], abs=0.01),
        pytest.approx([9.5, 8.5, 4.5], abs=0.01),
    ]
    told = [(each.participant_id, each.display_name, each.kind) for each in found.chapters]
    assert told == [("ann", "Ann", "spoke"), ("bob", "Bob", "spoke"), ("ann", "Ann", "spoke")]
    assert [each.time for each in found.chapters] == pytest.approx([0, 4, 8.5], abs=0.25)
    assert [each.until for each in found.chapters] == pytest.approx([4, 8.5, 13], abs=0.25)
    if room_tells:
        (out / "chapters.json").unlink()
        assert made(folder, out) == found
