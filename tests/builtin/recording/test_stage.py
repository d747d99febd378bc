# SPDX-License-Identifier: Apache-2.0
"""When a room records itself."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from podium.core import Occurrence, ParticipantView, Person, SessionState, SessionView
from podium.plugins.recording._config import RecordingConfig
from podium.plugins.recording.stage import Stage

NOW = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
ADA = ParticipantView(participant_id="ada", display_name="Ada", role="instructor")
BEN = ParticipantView(participant_id="ben", display_name="Ben", role="student")


def session(state: SessionState = "live", *, recording: bool = True, starts_in: float = 0.0) -> SessionView:
    starts_at = NOW + timedelta(minutes=starts_in)
    occurrence = Occurrence(
        room_id="algebra",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        original_starts_at=starts_at,
        state=state,
    )
    return SessionView(
        session_id="algebra",
        title="Algebra",
        description="",
        instructor=Person(name="Ada", email="ada@example.org", role="instructor", participant_id="ada"),
        participants=(),
        starts_at=starts_at,
        duration=60,
        time_zone="UTC",
        capacity=50,
        state=state,
        cancelled=False,
        version=1,
        recurrence=None,
        exceptions=(),
        occurrence=occurrence,
        recording=recording,
        updated_at=NOW,
        change_number=1,
    )


def wanted(stage: Stage, *present: ParticipantView, **settings: bool) -> bool:
    return stage.wanted(msgspec.convert(settings, RecordingConfig), NOW, present)


@pytest.fixture
def stage() -> Stage:
    stage = Stage("algebra")
    stage.session = session()
    return stage


def test_a_class_that_says_so_records_itself(stage: Stage) -> None:
    assert wanted(stage, ADA)
    assert wanted(stage, BEN)


def test_nothing_is_recorded_of_a_room_without_anybody(stage: Stage) -> None:
    assert not wanted(stage)


def test_students_who_wait_for_the_class_are_not_recorded(stage: Stage) -> None:
    stage.session = session(starts_in=5)
    assert not wanted(stage, BEN)
    assert wanted(stage, BEN, ADA)


@pytest.mark.parametrize("state", ["scheduled", "open", "ended", "cancelled"])
def test_a_class_that_is_not_on_is_not_recorded(stage: Stage, state: SessionState) -> None:
    stage.session = session(state)
    assert not wanted(stage, ADA)


def test_neither_a_class_that_should_not_nor_with_the_setting_off(stage: Stage) -> None:
    assert not wanted(stage, ADA, automatic=False)
    stage.session = session(recording=False)
    assert not wanted(stage, ADA)


def test_a_room_without_a_session_is_recorded_if_the_settings_say_so() -> None:
    stage = Stage("algebra")
    assert not wanted(stage, ADA)
    assert wanted(stage, ADA, ad_hoc=True)


def test_what_was_ended_by_hand_does_not_begin_again(stage: Stage) -> None:
    stage.stopped = True
    assert not wanted(stage, ADA)


def test_what_was_going_on_goes_on(stage: Stage) -> None:
    stage.session = None
    stage.goes_on = True
    assert wanted(stage, BEN)
