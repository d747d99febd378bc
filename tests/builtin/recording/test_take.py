# SPDX-License-Identifier: Apache-2.0
"""A capture is told everything once, although it begins in the middle of what happens."""

from datetime import UTC, datetime
from typing import Any, cast

from podium.core import ParticipantInfo, ParticipantView, TrackInfo, TrackView
from podium.plugins.recording.store import Recording
from podium.plugins.recording.take import Take

NOW = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
ADA = ParticipantView(participant_id="ada", display_name="Ada", role="instructor")
BEN = ParticipantView(participant_id="ben", display_name="Ben", role="student")
CAMERA = TrackView(source="camera", kind="video")
MICROPHONE = TrackView(source="microphone", kind="audio")


class Told:
    """A capture that writes down what it is told."""

    state = "capturing"

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *values: self.calls.append((name, *(_short(value) for value in values)))


def _short(value: Any) -> Any:
    return getattr(value, "participant_id", None) or getattr(value, "source", None) or value


def take() -> tuple[Take, Told]:
    told = Told()
    recording = Recording(
        id="r", session_id="a", series_id="a", title="A", started_at=NOW, place="p", host="h", seen_at=NOW
    )
    return Take(recording, cast("Any", told)), told


def info(view: ParticipantView, *tracks: TrackInfo) -> ParticipantInfo:
    return ParticipantInfo(
        participant_id=view.participant_id, display_name=view.display_name, role=view.role, tracks=tracks
    )


def test_it_begins_with_everybody_and_what_they_publish() -> None:
    begun, told = take()
    begun.fill([ADA], [info(ADA, TrackInfo(source="camera", kind="video", muted=True))])
    assert told.calls == [
        ("participant_joined", "ada"),
        ("track_published", "ada", "camera"),
        ("track_muted", "ada", "camera", True),
    ]


def test_late_news_of_what_is_known_change_nothing() -> None:
    begun, told = take()
    begun.fill([ADA], [info(ADA, TrackInfo(source="camera", kind="video"))])
    told.calls.clear()
    begun.participant_joined(ADA)
    begun.track_published(ADA, CAMERA)
    assert told.calls == []


def test_late_news_of_somebody_who_is_gone_change_nothing() -> None:
    begun, told = take()
    begun.fill([ADA], [])
    told.calls.clear()
    begun.track_published(BEN, CAMERA)
    begun.track_muted("ben", "camera", muted=True)
    begun.track_unpublished("ben", CAMERA)
    begun.participant_left("ben", "left")
    assert told.calls == []


def test_who_comes_again_is_told_again() -> None:
    begun, told = take()
    begun.participant_joined(BEN)
    begun.track_published(BEN, MICROPHONE)
    begun.participant_left("ben", "left")
    begun.participant_joined(BEN)
    begun.track_published(BEN, MICROPHONE)
    names = [call[0] for call in told.calls]
    assert names == [
        "participant_joined",
        "track_published",
        "participant_left",
        "participant_joined",
        "track_published",
    ]


def test_a_track_may_end_and_begin_again() -> None:
    begun, told = take()
    begun.participant_joined(BEN)
    for _ in range(2):
        begun.track_published(BEN, CAMERA)
        begun.track_unpublished("ben", CAMERA)
    assert [call[0] for call in told.calls].count("track_published") == 2
