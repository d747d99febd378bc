# SPDX-License-Identifier: Apache-2.0
"""Who gets into which slot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.core.rooms.assignment import (
    DEFAULT_PRIORITIES,
    TrackKey,
    by_priority,
    fill_as_wished,
    fill_automatically,
)

ANN, BOB, CAT, DAN = (TrackKey(name, "camera", "video") for name in ("ann", "bob", "cat", "dan"))
SCREEN = TrackKey("dan", "screen", "video")


@pytest.mark.parametrize(
    ("before", "published", "after"),
    [
        ((None, None), [], (None, None)),
        ((None, None), [ANN], (ANN, None)),
        ((None, None), [ANN, BOB, CAT], (ANN, BOB)),
        ((ANN, BOB), [ANN, BOB, CAT], (ANN, BOB)),
        ((ANN, BOB), [BOB, CAT], (CAT, BOB)),
        ((ANN, BOB), [BOB], (None, BOB)),
        ((ANN, BOB), [SCREEN, ANN, BOB], (ANN, SCREEN)),
        ((ANN, SCREEN), [ANN, BOB], (ANN, BOB)),
        ((BOB, ANN), [ANN, BOB], (BOB, ANN)),
        ((), [ANN], ()),
    ],
    ids=str,
)
def test_automatic_slots_go_to_the_first_and_nobody_moves(
    before: tuple[TrackKey | None, ...], published: list[TrackKey], after: tuple[TrackKey | None, ...]
) -> None:
    mids = [f"v{index}" for index in range(len(before))]
    assert fill_automatically(dict(zip(mids, before, strict=True)), published) == dict(zip(mids, after, strict=True))


@given(
    st.lists(st.sampled_from([None, ANN, BOB, CAT, DAN, SCREEN]), max_size=4),
    st.lists(st.sampled_from([ANN, BOB, CAT, DAN, SCREEN]), unique=True),
)
def test_as_many_as_fit_are_shown_and_each_once(before: list[TrackKey | None], published: list[TrackKey]) -> None:
    once = [track if track not in before[:index] else None for index, track in enumerate(before)]
    current = {str(index): track for index, track in enumerate(once)}
    shown = [track for track in fill_automatically(current, published).values() if track is not None]
    assert sorted(shown) == sorted(published[: len(current)])


def test_wishes_are_met_where_the_track_is_published_and_wait_where_it_is_not() -> None:
    wishes = {"v0": ANN, "v1": BOB, "v2": None}
    assert fill_as_wished(wishes, [ANN, CAT]) == {"v0": ANN, "v1": None, "v2": None}


def test_one_track_may_be_wished_for_twice() -> None:
    assert fill_as_wished({"small": ANN, "large": ANN}, [ANN]) == {"small": ANN, "large": ANN}


def test_screens_come_before_cameras_and_otherwise_the_order_stays() -> None:
    priorities = {track: DEFAULT_PRIORITIES[track.source] for track in (BOB, ANN, SCREEN, CAT)}
    assert by_priority(priorities) == [SCREEN, BOB, ANN, CAT]


def test_a_higher_priority_comes_first() -> None:
    assert by_priority({BOB: 100.0, SCREEN: 200.0, CAT: 300.0}) == [CAT, SCREEN, BOB]
