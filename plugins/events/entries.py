# SPDX-License-Identifier: Apache-2.0
"""An entry of the trail: its place in time, who, whom, what, and details that are bounded and free of secrets.

What other plugins emit is not known here, so their fields are taken as they are named: `session_id`, `actor_id` (who
did it), `participant_id` (whom it concerned) and `result` have columns, everything else goes into the details.
Text that no database takes (NUL, half a surrogate pair, NaN) is made harmless here, once.
"""

import math
import re
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

import msgspec

from podium.core import Event

Result = Literal["ok", "refused", "failed"]

MOST_DETAILS = 4096
"""Bytes of details as JSON. What is beyond is left out, and `truncated` says so."""
LONGEST_TEXT = 500
MOST_ITEMS = 50
DEEPEST = 4

CURSOR = r"^[0-9a-f]{24}$"
_TIME_DIGITS = 14
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_SECRET_NAME = re.compile(r"token|secret|passw|credential|authori[sz]ation|cookie|(?:^|_|i)key$", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # a JSON web token
    r"|(?<=bearer )\S+"
    r"|(?<=://)[^/\s@]+(?=@)"  # user and password of a URL
    r"|(?:(?<=token=)|(?<=secret=)|(?<=password=)|(?<=key=)|(?<=signature=))[^&\s]+",
    re.IGNORECASE,
)
HIDDEN = "[hidden]"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. `actor_...` is who did it, `subject_id` the participant whom it was done to.

    `kind` is the name of a hook of Podium (`participant_joined`), or of an event that `plugin` emitted.
    """

    id: str
    at: datetime
    session_id: str | None
    kind: str
    plugin: str | None
    actor_id: str | None
    actor_name: str | None
    actor_role: str | None
    subject_id: str | None
    result: str
    details: dict[str, Any]


def microseconds() -> int:
    """Since 1970, in UTC."""
    return time.time_ns() // 1000


class Stamps:
    """Ids and times that rise from entry to entry, even when the clock is set back.

    An id begins with its time, so it is a place in the trail; its end is this process's own, so that entries of two
    hosts do not collide and one that is written twice stays one.
    """

    def __init__(self, now: Callable[[], int] = microseconds) -> None:
        self._now = now
        self._last = 0
        self._own = secrets.token_hex(5)

    def next(self) -> tuple[str, datetime]:
        self._last = max(self._now(), self._last + 1)
        return f"{self._last:0{_TIME_DIGITS}x}{self._own}", _EPOCH + timedelta(microseconds=self._last)


def time_of(entry_id: str) -> datetime:
    """When the entry of this id was made; the id fits CURSOR."""
    return _EPOCH + timedelta(microseconds=int(entry_id[:_TIME_DIGITS], 16))


class Emitted(msgspec.Struct, frozen=True, kw_only=True):
    """What the trail takes from an event of a plugin."""

    session_id: str | None
    actor_id: str | None
    subject_id: str | None
    result: Result
    details: dict[str, Any]


def taken_from(event: Event) -> Emitted:
    """The well-known fields of an event, and the rest as details."""
    fields: dict[str, Any] = msgspec.to_builtins(event, enc_hook=lambda value: type(value).__name__, str_keys=True)
    fields.pop("type", None)
    result: Result = "ok"
    if fields.get("result") in get_args(Result):
        result = fields.pop("result")
    known = {name: fields.pop(name) for name in _KNOWN if isinstance(fields.get(name), str)}
    return Emitted(
        session_id=known.get("session_id"),
        actor_id=known.get("actor_id"),
        subject_id=known.get("participant_id"),
        result=result,
        details=fields,
    )


_KNOWN = ("session_id", "actor_id", "participant_id")


def text(value: str | None, longest: int) -> str | None:
    """The text as every database takes it, cut to size."""
    return None if value is None else _plain(value)[:longest]


def bounded(details: Mapping[str, Any]) -> dict[str, Any]:
    """Details without secrets and of limited size; what does not fit is left out from the end."""
    whole: dict[str, Any] = _harmless(details, DEEPEST)
    kept: dict[str, Any] = {}
    room = MOST_DETAILS - len('{"truncated":true}')
    for name, value in whole.items():
        room -= len(msgspec.json.encode({name: value}))
        if room < 0:
            return {**kept, "truncated": True}
        kept[name] = value
    return kept


def _harmless(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(HIDDEN, _plain(value))[:LONGEST_TEXT]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and value.bit_length() > 63:
        return str(value)[:LONGEST_TEXT]
    if not isinstance(value, Mapping | list | tuple):
        return value
    if depth == 0:
        return "..."
    if isinstance(value, Mapping):
        return {
            _plain(str(name))[:LONGEST_TEXT]: HIDDEN if _SECRET_NAME.search(str(name)) else _harmless(each, depth - 1)
            for name, each in list(value.items())[:MOST_ITEMS]
        }
    return [_harmless(each, depth - 1) for each in value[:MOST_ITEMS]]


def _plain(value: str) -> str:
    return value.encode("utf-8", "replace").decode().replace("\0", "")
