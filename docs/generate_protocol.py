# SPDX-License-Identifier: Apache-2.0
"""Writes docs/protocol.md, the reference of the signaling protocol, from the message types themselves.

Run `python docs/generate_protocol.py` after changing a message; a test fails while the page is stale.
"""

import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec.inspect import (
    BoolType,
    DateTimeType,
    DictType,
    Field,
    FloatType,
    IntType,
    ListType,
    LiteralType,
    Metadata,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)

from podium.core.events import AnyEvent
from podium.core.events import Error as ErrorEvent
from podium.hosts.web.conversation import JOIN_WITHIN, PING_EVERY, SILENCE_LIMIT
from podium.hosts.web.messages import CLIENT_MESSAGES, HOST_MESSAGES
from podium.hosts.web.signalling import OPERATIONS_AT_ONCE, WAY_BACK

PAGE = Path(__file__).parent / "protocol.md"

INTRODUCTION = f"""\
# Signaling protocol

<!-- Written by docs/generate_protocol.py; change the message types, not this page. -->

A browser opens a WebSocket at `/signal` and exchanges JSON objects in text frames. The `type` of an object says which
message it is; its other fields are listed below. `podium.js` speaks this protocol; anything else may.

1. `Join` comes first and within {JOIN_WITHIN:.0f} seconds; the host answers `Joined`.
2. `Offer` follows: sections to send microphone, camera and screen, and as many receiving sections as there shall be
   audio and video slots. The host answers `Answer`. It never offers itself, and nobody negotiates again because others
   come and go.
3. From then on events tell who is there, what they publish and who is in which slot; `Show` chooses. Until the first
   `Show` the host fills the video slots itself.
4. The host sends `Ping` every {PING_EVERY:.0f} seconds; answer `Pong`. Who sends nothing for
   {SILENCE_LIMIT:.0f} seconds is gone.

## Tokens

A join token is a signed link for one person: it says the session, the role and, as a rule, the participant id and the
name, which all win over those of the `Join`. Where rooms are ad hoc, one may join without a token; a token that is
given is checked there too. The operation `CreateJoinToken` makes them. A wrong or late one is answered by
`token_invalid` or `token_expired`.

In an ad-hoc room the `role` of a `Join` without a token is a wish. The first who wishes to be instructor or assistant
becomes that; once anybody has led the room, with a token or without, later ones without a token become students, until
the room has closed. `Joined` says the role that was given, and gives whoever came without a token that names them one
for {WAY_BACK // 3600} hours: join again with it to come back as the same person in the role one came in. Further
leaders come with tokens, which an instructor makes, or are made so by a plugin; these need a token to come back, too.

## Waiting

A `Join` may be answered by `Waiting` first: somebody has to let the person in. It stays open for as long as that takes;
`Joined` or an `Error` about `Join` comes when it is decided, and nothing of the room is told before. Meanwhile the host
sends `Ping` as usual, and only `Ping`, `Pong` and `Leave` may be sent; anything else is answered by `join_first`, and
another `Join` by `already_joined`. After a lost connection come back with a `Join` that has the `participant_id` of
`Waiting`, or the same token. Who comes a second time by the same id ends the earlier waiting, which is told `Left` with
`replaced`. A refusal says why by its code: `session_ended` and `room_closed` when there is nothing to wait for,
`waiting_room_full` when too many do, else what the plugins of the host say.

## Operations

After joining, every operation that the host offers can be asked for: `type` is the operation's name, beside it stand
the fields of its request, and the caller is the participant with its role and the grants of its token. The answer's
`type` is the name of the response, or `Error`. Up to {OPERATIONS_AT_ONCE} may run at once, and answers come in any
order: a text `request_id` beside the fields comes back in the answer, whatever that is.

    {{"type": "CloseRoom", "session_id": "algebra", "request_id": "1"}}
    {{"type": "RoomClosed", "session_id": "algebra", "participants": 3, "request_id": "1"}}

`/api` on a running host lists its operations with their fields; they are served there as REST, too. In `podium.js`
this is `await podium.call("CloseRoom", {{ session_id: "algebra" }})`, which gives the response or throws `PodiumError`.

## Events of plugins

Besides those below the host tells events that plugins have declared, to the roles that they are for. Their `type` is
never one of this page; `/api` on a running host lists them with their fields, and `x-podium-events` in
`/api/openapi.json` has their schemas. Ignore types that you do not know.

## Rules

Fields marked optional may be left out by a browser; the host always sends all fields but
the `id` of a `Pong` and the `request_id` of an answer.

What is wrong is answered by `Error`, and the connection stays open. Fields must be known and of the right type. A
message may have 256 KiB; compression is not offered. Messages are limited to 30 a second over time (bursts of 150; an
`Offer` counts as ten, an operation as three).

| close code | meaning | come back? |
|---|---|---|
| 1000 | left, replaced by a later `Join` of the same participant, or the room was closed (`Left` says which) | no |
| 1001 | nothing was heard from the client for too long | yes |
| 1008 | too many messages or errors, no `Join` in time, or too slow in reading | after a pause |
| 1009 | a message was too large | no |
| 1011 | a fault of the host | yes |
| 1012 | the host restarts | yes |
| 1013 | the host has too many connections | later |
"""


def page() -> str:
    """The whole reference."""
    events = [kind for kind in get_args(AnyEvent) if kind is not ErrorEvent]
    parts = [
        INTRODUCTION,
        *_chapter("From the browser", CLIENT_MESSAGES),
        *_chapter("From the host", (*HOST_MESSAGES, *events)),
        *_chapter("Parts of messages", _nested((*CLIENT_MESSAGES, *HOST_MESSAGES, *events))),
    ]
    return "\n".join(parts)


def _chapter(title: str, kinds: Iterable[type[msgspec.Struct]]) -> Iterator[str]:
    yield f"## {title}\n"
    for kind in kinds:
        yield _section(kind)


def _section(kind: type[msgspec.Struct]) -> str:
    struct = type_info(kind)
    assert isinstance(struct, StructType)
    lines = [f"### {struct.tag or kind.__name__}\n", _linked(inspect.getdoc(kind) or ""), ""]
    if struct.fields:
        lines += ["| field | type | |", "|---|---|---|", *map(_row, struct.fields), ""]
    return "\n".join(lines)


def _row(field: Field) -> str:
    description = "".join(_descriptions(field.type))
    return f"| `{field.encode_name}` | {_name(field.type)} | {f'{description} {_default(field)}'.strip()} |"


def _default(field: Field) -> str:
    if field.required:
        return ""
    if field.default in (None, msgspec.UNSET, msgspec.NODEFAULT, ()):
        return "Optional."
    return f"Optional, `{msgspec.json.encode(field.default).decode()}` by default."


def _descriptions(kind: Type) -> Iterator[str]:
    """The first description on the way into a type."""
    if isinstance(kind, Metadata):
        if kind.extra_json_schema and "description" in kind.extra_json_schema:
            yield kind.extra_json_schema["description"]
            return
        yield from _descriptions(kind.type)
    elif isinstance(kind, UnionType):
        yield from next(([text] for part in kind.types for text in _descriptions(part)), [])


def _name(kind: Type) -> str:
    """A type as people read it; `|` is escaped for the table."""
    match kind:
        case Metadata():
            return _name(kind.type)
        case UnionType():
            return " \\| ".join(_name(part) for part in kind.types)
        case LiteralType():
            return " \\| ".join(f'`"{value}"`' for value in sorted(kind.values, key=str))
        case ListType() | VarTupleType():
            return f"list of {_name(kind.item_type)}"
        case DictType():
            return f"object: {_name(kind.key_type)} to {_name(kind.value_type)}"
        case StructType():
            return f"[{kind.cls.__name__}](#{kind.cls.__name__.lower()})"
        case _:
            return _PLAIN[type(kind)]


_PLAIN: dict[type[Any], str] = {
    BoolType: "boolean",
    DateTimeType: "string (RFC 3339)",
    FloatType: "number",
    IntType: "integer",
    NoneType: "null",
    StrType: "string",
}


def _nested(kinds: Iterable[type[msgspec.Struct]]) -> list[type[msgspec.Struct]]:
    """Structs that appear inside of messages, in the order of appearance."""
    found: dict[type[msgspec.Struct], None] = {}

    def look(kind: Any) -> None:
        if isinstance(kind, StructType):
            if kind.tag is None:
                found.setdefault(kind.cls)
            for field in kind.fields:
                look(field.type)
        for name in ("type", "item_type", "key_type", "value_type"):
            if hasattr(kind, name):
                look(getattr(kind, name))
        for part in getattr(kind, "types", ()):
            look(part)

    for kind in kinds:
        look(type_info(kind))
    return list(found)


def _linked(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
