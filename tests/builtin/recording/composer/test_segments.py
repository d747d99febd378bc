# SPDX-License-Identifier: Apache-2.0
"""Pieces and their index agree, whenever the process was killed."""

from pathlib import Path

import pytest

from podium.plugins.recording.composer.encoding import Piece
from podium.plugins.recording.composer.segments import HeaderDiffersError, SegmentStore, read_index
from podium.plugins.recording.composer.settings import CompositionSettings
from podium.plugins.recording.folders import InUseError

SETTINGS = CompositionSettings()


def fill(folder: Path, count: int) -> None:
    with SegmentStore(folder, SETTINGS) as store:
        for number in range(count):
            store.add(Piece(b"header", b"piece %d" % number), 200, "full", "ann")


def names(store: SegmentStore) -> list[str]:
    return [segment.name for segment in store.index.segments]


def test_pieces_are_numbered_and_kept(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    index = read_index(tmp_path)
    assert index is not None
    assert [(each.name, each.size, each.step, each.speaker) for each in index.segments] == [
        ("000000.m4s", 7, "full", "ann"),
        ("000001.m4s", 7, "full", "ann"),
    ]
    assert index.duration == 16.0
    assert (tmp_path / "000001.m4s").read_bytes() == b"piece 1"
    assert not index.complete
    with SegmentStore(tmp_path, SETTINGS) as store:
        store.complete()
        store.complete()
    index = read_index(tmp_path)
    assert index is not None
    assert index.complete
    assert "#EXT-X-ENDLIST" in index.playlist()


def test_nothing_was_made_yet(tmp_path: Path) -> None:
    assert read_index(tmp_path) is None


def test_a_piece_that_the_index_does_not_have_is_made_again(tmp_path: Path) -> None:
    """Killed between the two."""
    fill(tmp_path, 1)
    (tmp_path / "000001.m4s").write_bytes(b"torn")
    (tmp_path / "000002.m4s.part").write_bytes(b"torn")
    with SegmentStore(tmp_path, SETTINGS) as store:
        assert names(store) == ["000000.m4s"]
        store.add(Piece(b"header", b"whole"), 200, "full", None)
    assert (tmp_path / "000001.m4s").read_bytes() == b"whole"
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("how", ["missing", "cut"])
def test_pieces_behind_a_lost_one_are_made_again(tmp_path: Path, how: str) -> None:
    fill(tmp_path, 3)
    if how == "missing":
        (tmp_path / "000001.m4s").unlink()
    else:
        (tmp_path / "000001.m4s").write_bytes(b"")
    with SegmentStore(tmp_path, SETTINGS) as store:
        assert names(store) == ["000000.m4s"]


def test_settings_stay_those_of_the_first_piece(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with SegmentStore(tmp_path, CompositionSettings(width=640, height=360)) as store:
        assert store.index.settings == SETTINGS


def test_one_at_a_time(tmp_path: Path) -> None:
    with SegmentStore(tmp_path, SETTINGS), pytest.raises(InUseError):
        SegmentStore(tmp_path, SETTINGS)
    with SegmentStore(tmp_path, SETTINGS):
        pass


def test_pieces_of_another_encoder_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with SegmentStore(tmp_path, SETTINGS) as store, pytest.raises(HeaderDiffersError):
        store.add(Piece(b"other", b"piece"), 200, "full", None)
    index = read_index(tmp_path)
    assert index is not None
    assert len(index.segments) == 1


@pytest.mark.parametrize("wrong", [{"width": 1000}, {"height": 50}, {"frame_rate": 1}, {"tiles": 0}, {"voices": 0}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        CompositionSettings(**wrong)  # type: ignore[arg-type]  # all of these are numbers
