# SPDX-License-Identifier: Apache-2.0
"""What a browser may say on the signaling socket, and what the host says besides the events of a room.

Every message is one JSON object whose `type` names its struct. Decoding is strict: an unknown type, an unknown or
missing field or a wrong value is refused with the place and, where a word looks misspelt, the nearest valid one. The
structs are the source of docs/protocol.md; events of rooms (ParticipantJoined, Showing, ...) live in
podium.core.events.
"""

import difflib
import re
from collections.abc import Collection, Iterable
from typing import Annotated, Any, Literal, NamedTuple, TypeGuard

import msgspec
from msgspec import UNSET, Meta, UnsetType

from podium.core.errors import PodiumError
from podium.core.events import AnyEvent, TrackKind, TrackSource

Identifier = Annotated[str, Meta(min_length=1, max_length=64)]
Mid = Annotated[str, Meta(min_length=1, max_length=16, description="The `a=mid` of a media section of the offer.")]
PingId = Annotated[int, Meta(ge=0, le=2**53, description="Any number; comes back in the Pong.")]


class MessageError(PodiumError):
    """A signaling message cannot be understood; `field` is the path of what was wrong, `about` the type if known.

    `request_id` is that of the message, if it had one, so that whoever waits for its answer learns of the refusal.
    """

    def __init__(self, code: str, message: str, field: str | None = None, about: str | None = None) -> None:
        super().__init__(code, message, field)
        self.about = about
        self.request_id: str | UnsetType = UNSET


class OperationCall(NamedTuple):
    """A message whose type is the name of an operation; its fields are judged by the operation."""

    name: str
    values: dict[str, Any]
    request_id: str | UnsetType


class ClientMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag=True):
    """A message from a browser."""


class Join(ClientMessage, frozen=True, kw_only=True):
    """Enter a session. Must be the first message; the answer is `Joined` or `Error`, after `Waiting` perhaps.

    Joining again with the same `participant_id` replaces the earlier presence.
    """

    session_id: Annotated[Identifier, Meta(description="Which session: letters, digits, `-`, `_`.")]
    display_name: Annotated[str, Meta(max_length=256, description="The name that others see.")]
    participant_id: Annotated[Identifier | None, Meta(description="Who this is; made up by the host when absent.")] = (
        None
    )
    token: Annotated[
        Annotated[str, Meta(max_length=8192)] | None,
        Meta(
            description="A join token; ad-hoc rooms need none. Its session, role, participant and name win over those "
            "of the message, and a wrong one is refused everywhere."
        ),
    ] = None
    role: Annotated[
        Literal["instructor", "assistant", "student", "observer"],
        Meta(
            description="Wished in ad-hoc rooms, where a room that has been led makes students of further instructors "
            "and assistants without a token; else the token's."
        ),
    ] = "student"


class Offer(ClientMessage, frozen=True, kw_only=True):
    """An SDP offer: once after joining, and again for more slots or an ICE restart. Answered by `Answer` or `Error`."""

    sdp: Annotated[str, Meta(min_length=1, max_length=200_000, description="The session description.")]
    sources: Annotated[
        dict[Mid, TrackSource] | None,
        Meta(
            description="What each sending section carries, by mid. "
            "Absent: the first audio is the microphone, the first video the camera, the second the screen."
        ),
    ] = None


class IceCandidate(ClientMessage, frozen=True, kw_only=True):
    """A candidate of the browser. Allowed but not needed: the host learns addresses from connectivity checks."""

    candidate: Annotated[str, Meta(max_length=2048, description="The `candidate:` line, empty at the end.")]
    sdp_mid: Annotated[str | None, Meta(description="As in RTCIceCandidate.")] = None
    sdp_m_line_index: Annotated[int | None, Meta(description="As in RTCIceCandidate.")] = None


class ShowSlot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one video slot shall show."""

    mid: Mid
    participant_id: Annotated[Identifier | None, Meta(description="Whose track; null empties the slot.")] = None
    source: Annotated[Literal["camera", "screen"], Meta(description="Which of their tracks.")] = "camera"
    max_height: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Height of the tile in device pixels; null for the best.")
    ] = None


class Show(ClientMessage, frozen=True, kw_only=True):
    """Choose who is seen in which slot. Slots not named stay as they are; the first `Show` ends automatic filling."""

    slots: Annotated[tuple[ShowSlot, ...], Meta(max_length=100)]


class Mute(ClientMessage, frozen=True, kw_only=True):
    """Tell the others that one's own microphone, camera or screen is off or on again."""

    source: TrackSource
    muted: bool


class Leave(ClientMessage, frozen=True, kw_only=True):
    """Leave the room. The host answers `Left` and closes the socket with 1000."""


class Ping(ClientMessage, frozen=True, kw_only=True):
    """Ask for a `Pong`."""

    id: PingId | UnsetType = UNSET


class Pong(ClientMessage, frozen=True, kw_only=True):
    """The answer to the host's `Ping`. Whoever sends nothing at all for 45 seconds is taken for gone."""

    id: PingId | UnsetType = UNSET


CLIENT_MESSAGES: tuple[type[ClientMessage], ...] = (Join, Offer, IceCandidate, Show, Mute, Leave, Ping, Pong)
AnyClientMessage = Join | Offer | IceCandidate | Show | Mute | Leave | Ping | Pong


class HostMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    """A message from the host that is no event of a room."""


class AnsweredSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A section of the offer in which the host will send."""

    mid: Mid
    kind: TrackKind


class Answer(HostMessage, frozen=True, kw_only=True):
    """The answer to an `Offer`."""

    sdp: Annotated[str, Meta(description="The session description to apply.")]
    slots: Annotated[tuple[AnsweredSlot, ...], Meta(description="Where the host will send, in the order of the offer.")]


class HostPing(HostMessage, frozen=True, kw_only=True, tag="Ping"):
    """Sent every 15 seconds; answer with `Pong`."""

    id: PingId


class HostPong(HostMessage, frozen=True, kw_only=True, tag="Pong"):
    """The answer to `Ping`."""

    id: PingId | UnsetType = UNSET


class Refused(HostMessage, frozen=True, kw_only=True, tag="Error"):
    """A message was not acted upon. The connection stays open unless there were too many."""

    code: Annotated[str, Meta(description="A stable word for programs.")]
    message: Annotated[str, Meta(description="What was wrong and what would be right, for people.")]
    field: Annotated[str | None, Meta(description="The path of the field that was to blame.")] = None
    about: Annotated[str | None, Meta(description="The type of the refused message, if it could be told.")] = None
    request_id: Annotated[str | UnsetType, Meta(description="That of the refused message, if it had one.")] = UNSET


HOST_MESSAGES: tuple[type[HostMessage], ...] = (Answer, HostPing, HostPong, Refused)
AnyHostMessage = Answer | HostPing | HostPong | Refused | AnyEvent

_decoder: msgspec.json.Decoder[AnyClientMessage] = msgspec.json.Decoder(AnyClientMessage)
_encoder = msgspec.json.Encoder()
_LONGEST_REQUEST_ID = 64
_types = {kind.__name__: kind for kind in CLIENT_MESSAGES}
_error_place = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<path>.*)`)?$", re.DOTALL)
_error_field = re.compile(r"(?:unknown|required) field `(?P<name>.*)`$", re.DOTALL)


def encode(message: AnyHostMessage) -> str:
    return _encoder.encode(message).decode()


def encode_response(response: msgspec.Struct, request_id: str | UnsetType) -> str:
    """What an operation answers, as a message."""
    message = {"type": type(response).__name__, **msgspec.structs.asdict(response)}
    if request_id is not UNSET:
        message["request_id"] = request_id
    return _encoder.encode(message).decode()


def decode_untrusted(data: str | bytes, operations: Collection[str] = ()) -> AnyClientMessage | OperationCall:
    """The message in one WebSocket frame. Raises MessageError, and nothing else, on anything that is not one.

    `operations` are names of operations, each of which is a type of message besides those declared here.
    """
    if not isinstance(data, str):
        raise MessageError("not_text", "messages are JSON objects in text frames, this was a binary frame")
    try:
        return _decoder.decode(data)
    except msgspec.ValidationError as error:
        call = _call_or_error_untrusted(data, str(error), operations)
        if isinstance(call, MessageError):
            raise call from None
        return call
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise MessageError("not_json", f"this is not JSON: {error}") from None


def _call_or_error_untrusted(data: str, complaint: str, operations: Collection[str]) -> OperationCall | MessageError:
    """A request to an operation, or why decoding failed, in the terms of someone who writes a client."""
    try:
        content = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        return MessageError("not_json", f"this is not JSON: {error}")
    if not isinstance(content, dict):
        return MessageError("not_an_object", "a message is one JSON object with a type")
    result = _understood(content, complaint, operations)
    if isinstance(result, MessageError) and _fits(request_id := content.get("request_id")):
        result.request_id = request_id
    return result


def _understood(content: dict[str, Any], complaint: str, operations: Collection[str]) -> OperationCall | MessageError:
    if "type" not in content:
        return MessageError("type_missing", f"a message needs a type, one of {', '.join(_types)}", "type")
    name = content["type"]
    if isinstance(name, str) and name in operations and name not in _types:
        return _operation_call(name, content)
    if not isinstance(name, str) or name not in _types:
        hint = _nearest(name, (*_types, *operations))
        return MessageError("type_unknown", f"there is no message type {_quoted(name)}{hint}", "type")
    return _wrong_field(_types[name], complaint)


def _operation_call(name: str, content: dict[str, Any]) -> OperationCall | MessageError:
    request_id = content.get("request_id", UNSET)
    if request_id is not UNSET and not _fits(request_id):
        what = f"request_id is a text of at most {_LONGEST_REQUEST_ID} characters"
        return MessageError("field_invalid", what, "request_id", name)
    values = {field: value for field, value in content.items() if field not in ("type", "request_id")}
    return OperationCall(name, values, request_id)


def _fits(request_id: object) -> TypeGuard[str]:
    return isinstance(request_id, str) and len(request_id) <= _LONGEST_REQUEST_ID


def _wrong_field(kind: type[ClientMessage], complaint: str) -> MessageError:
    match = _error_place.match(complaint)
    what, path = (match["what"], match["path"] or "") if match else (complaint, "")
    named = _error_field.search(what)
    if named is None:
        place = f"{kind.__name__}.{path[:100]}" if path else kind.__name__
        return MessageError("field_invalid", f"{place}: {what}", path[:100] or None, kind.__name__)
    field = ".".join(filter(None, (path, named["name"])))[:100]
    if what.startswith("Object missing"):
        return MessageError(
            "field_missing", f"{kind.__name__} needs a field {_quoted(named['name'])}", field, kind.__name__
        )
    holder = ShowSlot if kind is Show and path else kind
    hint = _nearest(named["name"], (f.encode_name for f in msgspec.structs.fields(holder)))
    return MessageError(
        "field_unknown", f"{kind.__name__} has no field {_quoted(named['name'])}{hint}", field, kind.__name__
    )


def _quoted(word: Any) -> str:
    text = word if isinstance(word, str) else type(word).__name__
    return f'"{text if len(text) <= 40 else text[:40] + "..."}"'


def _nearest(word: Any, valid: Iterable[str]) -> str:
    """A hint at the valid word that was probably meant; case does not count."""
    words = {name.lower(): name for name in valid}
    close = difflib.get_close_matches(str(word)[:64].lower(), words, n=1, cutoff=0.5)
    return f'; did you mean "{words[close[0]]}"?' if close else f"; there are {', '.join(words.values()) or 'none'}"
