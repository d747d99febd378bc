# SPDX-License-Identifier: Apache-2.0
"""Messages are understood as written, and everything else is refused with a reason."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.core.events import ParticipantLeft
from podium.hosts.web.messages import (
    Answer,
    AnsweredSlot,
    Join,
    MessageError,
    Offer,
    Ping,
    Refused,
    Show,
    ShowSlot,
    decode_untrusted,
    encode,
)

JOIN = {"type": "Join", "session_id": "algebra", "display_name": "Ada"}


def refused(frame: Any) -> MessageError:
    with pytest.raises(MessageError) as info:
        decode_untrusted(frame if isinstance(frame, str | bytes) else json.dumps(frame))
    return info.value


def test_a_join_is_read() -> None:
    assert decode_untrusted(json.dumps(JOIN)) == Join(session_id="algebra", display_name="Ada")


def test_an_offer_says_what_its_sections_carry() -> None:
    message = decode_untrusted('{"type": "Offer", "sdp": "v=0", "sources": {"0": "microphone", "1": "camera"}}')
    assert message == Offer(sdp="v=0", sources={"0": "microphone", "1": "camera"})


def test_show_fills_and_empties_slots() -> None:
    message = decode_untrusted('{"type": "Show", "slots": [{"mid": "4", "participant_id": "p1"}, {"mid": "5"}]}')
    assert message == Show(slots=(ShowSlot(mid="4", participant_id="p1"), ShowSlot(mid="5")))


def test_host_messages_and_events_carry_their_type() -> None:
    answer = Answer(sdp="v=0", slots=(AnsweredSlot(mid="3", kind="audio"),))
    assert json.loads(encode(answer)) == {"type": "Answer", "sdp": "v=0", "slots": [{"mid": "3", "kind": "audio"}]}
    event = ParticipantLeft(participant_id="p1", reason="left")
    assert json.loads(encode(event)) == {"type": "ParticipantLeft", "participant_id": "p1", "reason": "left"}
    assert json.loads(encode(Refused(code="c", message="m")))["type"] == "Error"


@pytest.mark.parametrize(
    ("frame", "code", "field", "said"),
    [
        (b"{}", "not_text", None, "binary"),
        ("nonsense", "not_json", None, "not JSON"),
        ("", "not_json", None, "not JSON"),
        ('{"type": "Join"', "not_json", None, "truncated"),
        ("[" * 100_000, "not_json", None, "not JSON"),
        ('{"a":' * 100_000, "not_json", None, "not JSON"),
        ([1], "not_an_object", None, "object"),
        (None, "not_an_object", None, "object"),
        ({}, "type_missing", "type", "Join"),
        ({"type": "Jion"}, "type_unknown", "type", 'did you mean "Join"?'),
        ({"type": "join"}, "type_unknown", "type", 'did you mean "Join"?'),
        ({"type": "ICECandidate"}, "type_unknown", "type", 'did you mean "IceCandidate"?'),
        ({"type": 5}, "type_unknown", "type", "int"),
        ({"type": "x" * 100_000}, "type_unknown", "type", "there are Join"),
        ({**JOIN, "displayname": "x"}, "field_unknown", "displayname", 'did you mean "display_name"?'),
        ({"type": "Leave", "why": "x"}, "field_unknown", "why", "there are none"),
        ({"type": "Offer"}, "field_missing", "sdp", '"sdp"'),
        ({"type": "Offer", "sdp": 5}, "field_invalid", "sdp", "Offer.sdp: Expected `str`, got `int`"),
        ({"type": "Offer", "sdp": "v", "sources": {"0": "cam"}}, "field_invalid", "sources[...]", "'cam'"),
        ({"type": "Show", "slots": [{"mid": "1", "participant": "p"}]}, "field_unknown", "slots[0].participant", "_id"),
        ({"type": "Show", "slots": [{}]}, "field_missing", "slots[0].mid", '"mid"'),
        ({"type": "Show", "slots": [{"mid": "1", "max_height": 0}]}, "field_invalid", "slots[0].max_height", ">= 1"),
        ({"type": "Mute", "source": "camera", "muted": "yes"}, "field_invalid", "muted", "bool"),
        ({"type": "Ping", "id": 2**70}, "field_invalid", "id", "int"),
    ],
)
def test_wrong_input_is_named(frame: Any, code: str, field: str | None, said: str) -> None:
    error = refused(frame)
    assert (error.code, error.field) == (code, field)
    assert said in error.message
    assert len(error.message) < 400


def test_an_error_tells_which_message_it_is_about() -> None:
    assert refused({"type": "Offer"}).about == "Offer"
    assert refused({"type": "Ofer"}).about is None


def test_a_ping_without_id_is_answered_without_one() -> None:
    assert decode_untrusted('{"type": "Ping"}') == Ping()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
words = st.sampled_from(["Join", "Offer", "Show", "Mute", "Ping", "Leave", "IceCandidate", "Pong", "Joined"])
fields = st.sampled_from(["session_id", "display_name", "sdp", "sources", "slots", "mid", "id", "muted", "source"])


@given(st.text() | st.binary())
def test_any_frame_gives_a_message_or_a_clean_refusal(frame: str | bytes) -> None:
    try:
        decode_untrusted(frame)
    except MessageError as error:
        encode(Refused(code=error.code, message=error.message, field=error.field))


@given(words, st.dictionaries(fields | st.text(max_size=10), json_values, max_size=5))
def test_any_object_gives_a_message_or_a_clean_refusal(kind: str, content: dict[str, Any]) -> None:
    try:
        message = decode_untrusted(json.dumps({**content, "type": kind}))
    except MessageError as error:
        encode(Refused(code=error.code, message=error.message, field=error.field))
    else:
        assert msgspec.to_builtins(message)["type"] == kind
