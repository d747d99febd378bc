# SPDX-License-Identifier: Apache-2.0
"""Events as JSON."""

import msgspec
import pytest

from podium.core.events import (
    AnyEvent,
    ConnectionState,
    Joined,
    Left,
    ParticipantInfo,
    Showing,
    SlotContent,
    Speaking,
    TrackInfo,
)

ANN = ParticipantInfo(
    participant_id="ann",
    display_name="Ann",
    role="student",
    tracks=(TrackInfo(source="camera", kind="video", width=640, height=360),),
)


@pytest.mark.parametrize(
    "event",
    [
        Joined(
            session_id="math",
            participant_id="bob",
            display_name="Bob",
            role="instructor",
            participants=(ANN,),
            audio_slots=3,
            max_participants=50,
        ),
        Showing(slots=(SlotContent(mid="4", participant_id="ann", source="camera"), SlotContent(mid="5"))),
        Speaking(),
        ConnectionState(state="connected"),
        Left(reason="replaced"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_survives_json_and_is_told_by_its_type(event: AnyEvent) -> None:
    text = msgspec.json.encode(event)
    assert msgspec.json.decode(text)["type"] == type(event).__name__
    assert msgspec.json.decode(text, type=AnyEvent) == event


def test_an_empty_slot_says_so() -> None:
    text = msgspec.json.encode(Showing(slots=(SlotContent(mid="5"),)))
    assert msgspec.json.decode(text) == {
        "type": "Showing",
        "slots": [{"mid": "5", "participant_id": None, "source": None}],
    }


def test_every_kind_of_event_can_be_read_back() -> None:
    from podium.core import events

    kinds = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, events.Event)}
    assert kinds - {events.Event} == set(AnyEvent.__args__)
