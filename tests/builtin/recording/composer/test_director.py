# SPDX-License-Identifier: Apache-2.0
"""Who is shown, and who large."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from podium.plugins.recording.composer.director import Cut, Director
from podium.plugins.recording.composer.layout import Scene
from podium.plugins.recording.composer.speech import Turn

Told = tuple[float, str, dict[str, Any]]


def joined(time: float, who: str, role: str = "student") -> Told:
    return time, "joined", {"participant_id": who, "display_name": who, "role": role}


def camera(time: float, who: str, kind: str = "published") -> Told:
    return time, kind, {"participant_id": who, "source": "camera", "track_kind": "video"}


def screen(time: float, who: str, kind: str = "published") -> Told:
    return time, kind, {"participant_id": who, "source": "screen", "track_kind": "video"}


def speaking(time: float, who: str | None) -> Told:
    return time, "speaking", {"participant_id": who}


def directed(*events: Told, tiles: int = 4) -> list[Cut]:
    director = Director(tiles, 1.5)
    for event in events:
        director.take(*event)
    return director.cuts(100.0)


def last(*events: Told, tiles: int = 4) -> Scene:
    return directed(*events, tiles=tiles)[-1].scene


def names(scene: Scene) -> tuple[str, list[str]]:
    assert scene.main is not None
    mark = "'s screen" if scene.main.source == "screen" else ""
    return scene.main.participant_id + mark, [shown.participant_id for shown in scene.column]


CLASS = (joined(0, "ann", "instructor"), joined(1, "bob"), joined(1, "cid"), camera(2, "ann"), camera(2, "bob"))


def test_the_instructor_is_large_before_anybody_has_spoken() -> None:
    scene = last(*CLASS)
    assert names(scene) == ("ann", ["bob"])
    assert {shown.participant_id for shown in scene.pictures} == {"ann", "bob"}


def test_who_speaks_is_large_from_the_first_word_on() -> None:
    cuts = directed(*CLASS, speaking(5, "ann"), speaking(10, "bob"), speaking(20, "cid"))
    assert [(cut.time, names(cut.scene)) for cut in cuts[-2:]] == [
        (10, ("bob", ["ann"])),
        (20, ("cid", ["ann", "bob"])),
    ]


def test_the_last_speaker_stays_until_gone() -> None:
    assert names(last(*CLASS, speaking(5, "bob"), speaking(9, None))) == ("bob", ["ann"])
    gone = (30.0, "left", {"participant_id": "bob", "reason": "left"})
    assert names(last(*CLASS, speaking(5, "bob"), speaking(9, None), gone)) == ("ann", [])


def test_a_screen_is_large_with_the_speaker_beside_it() -> None:
    events = (*CLASS, speaking(5, "ann"), screen(10, "ann"), speaking(20, "bob"))
    assert [names(cut.scene) for cut in directed(*events)[-2:]] == [
        ("ann's screen", ["ann", "bob"]),
        ("ann's screen", ["bob", "ann"]),
    ]
    assert names(last(*events, screen(40, "ann", "unpublished"))) == ("bob", ["ann"])


def test_the_screen_shared_last_is_shown() -> None:
    assert names(last(*CLASS, screen(10, "ann"), screen(20, "bob")))[0] == "bob's screen"
    assert names(last(*CLASS, screen(10, "ann"), screen(20, "bob"), screen(30, "bob", "unpublished")))[0] == (
        "ann's screen"
    )


def test_the_spotlight_comes_before_the_speaker_and_other_screens() -> None:
    light = (10.0, "spotlight", {"participant_id": "bob", "source": "camera"})
    assert names(last(*CLASS, light, speaking(20, "ann")))[0] == "bob"
    off = (30.0, "spotlight", {"participant_id": None, "source": "camera"})
    assert names(last(*CLASS, light, speaking(20, "ann"), off))[0] == "ann"
    on_screen = (40.0, "spotlight", {"participant_id": "ann", "source": "screen"})
    assert names(last(*CLASS, screen(10, "ann"), screen(20, "bob"), on_screen))[0] == "ann's screen"


def test_who_has_no_picture_is_a_name() -> None:
    for kind in ("muted", "blocked"):
        off = (10.0, kind, {"participant_id": "ann", "source": "camera", kind: True})
        scene = last(*CLASS, speaking(5, "ann"), off)
        assert names(scene) == ("ann", ["bob"])
        assert {shown.participant_id for shown in scene.pictures} == {"bob"}
    assert names(last(joined(0, "ann"), speaking(2, "ann"), joined(3, "bob"), speaking(9, "bob"))) == ("bob", ["ann"])


def test_a_camera_that_was_switched_off_and_blocked_needs_both_lifted() -> None:
    def hidden(time: float, kind: str, on: bool) -> Told:
        return time, kind, {"participant_id": "bob", "source": "camera", kind: on}

    events = (*CLASS, hidden(10, "muted", True), hidden(11, "blocked", True), hidden(12, "blocked", False))
    assert names(last(*events)) == ("ann", [])
    assert names(last(*events, hidden(13, "muted", False))) == ("ann", ["bob"])


def test_muting_a_microphone_hides_nobody() -> None:
    off = (10.0, "muted", {"participant_id": "ann", "source": "microphone", "muted": True})
    assert directed(*CLASS, off) == directed(*CLASS)


def test_a_full_room_takes_no_more_places() -> None:
    crowd = [event for number in range(50) for event in (joined(1, f"p{number}"), camera(2, f"p{number}"))]
    scene = last(*crowd, speaking(5, "p40"), speaking(10, "p30"), tiles=6)
    main, column = names(scene)
    assert (main, len(column)) == ("p30", 5)
    assert "p40" in column


def test_people_stay_where_they_are_in_the_column() -> None:
    crowd = [event for number in range(4) for event in (joined(1, f"p{number}"), camera(2, f"p{number}"))]
    before = names(last(*crowd, speaking(5, "p0")))[1]
    after = names(last(*crowd, speaking(5, "p0"), speaking(10, "p2")))[1]
    assert before == ["p1", "p2", "p3"]
    assert after == ["p1", "p3", "p0"]


def test_nobody_of_the_run_before_is_there() -> None:
    began: Told = (50.0, "began", {})
    assert names(last(*CLASS, screen(10, "bob"), began, joined(50, "bob"))) == ("bob", [])


def test_loudness_counts_while_the_room_says_nothing() -> None:
    director = Director(4, 1.5)
    for event in (*CLASS, speaking(3, None)):
        director.take(*event)
    director.heard(Turn(5.0, "bob"))
    assert names(director.cuts(10.0)[-1].scene)[0] == "bob"
    director.take(*speaking(20, "ann"))
    director.heard(Turn(21.0, "bob"))
    assert names(director.cuts(30.0)[-1].scene)[0] == "ann"
    assert director.speaker == "ann"


KINDS = ["joined", "left", "published", "unpublished", "muted", "speaking", "spotlight", "began", "unknown", "blocked"]
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 60).map(float),
        st.sampled_from(KINDS),
        st.fixed_dictionaries(
            {
                "participant_id": st.sampled_from(["ann", "bob", "cid", "dan", "eve", None, 7]),
                "source": st.sampled_from(["camera", "screen", "microphone", None]),
                "track_kind": st.sampled_from(["audio", "video"]),
                "muted": st.booleans(),
                "role": st.sampled_from(["instructor", "student"]),
            }
        ),
    ),
    max_size=40,
).map(lambda events: sorted(events, key=lambda event: event[0]))


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.integers(1, 5))
def test_whatever_happens_in_whatever_portions_the_scenes_are_the_same(events: list[Told], tiles: int) -> None:
    at_once, portions = Director(tiles, 1.5), Director(tiles, 1.5)
    for event in events:
        at_once.take(*event)
    waiting, found = list(events), []
    for tick in range(140):
        now = tick / 2
        while waiting and waiting[0][0] <= now + portions.lookahead:
            portions.take(*waiting.pop(0))
        found += portions.cuts(now)
    expected = at_once.cuts(70.0)
    assert [cut for cut in found if cut.time < 60] == [cut for cut in expected if cut.time < 60]
    for cut in expected:
        shown = cut.scene.shown
        assert len(shown) <= tiles
        assert len(set(shown)) == len(shown)
        assert cut.scene.pictures <= set(shown)


def test_somebody_heard_a_moment_before_they_are_known_is_the_speaker() -> None:
    told: list[tuple[float, str]] = []
    director = Director(4, 1.5, lambda time, kind, _fields: told.append((time, kind)))
    director.heard(Turn(0.0, "cid"))
    for event in (*CLASS[:1], joined(0.01, "bob"), joined(0.02, "cid"), joined(5.0, "dan")):
        director.take(*event)
    assert names(director.cuts(1.0)[-1].scene)[0] == "cid"
    assert [each for each in told if each[1] == "speaker"] == [(0.02, "speaker")]
    director.heard(Turn(2.0, "dan"))
    director.cuts(9.0)
    assert director.speaker == "cid"
