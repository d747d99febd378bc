# SPDX-License-Identifier: Apache-2.0
"""The rules of one signaling connection, sans-IO: what a frame means, when it is out of turn, when it is one too many.

A connection joins once and first; as long as somebody waits to be let in, nothing else is in turn. Wrong input is
answered by an `Error` and does no harm; too much of anything, right or wrong, ends the connection. What the messages
then do is the business of podium.hosts.web.signalling.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple, final

from msgspec import UNSET, UnsetType

from podium.core.errors import PodiumError
from podium.hosts.web.limits import TokenBucket
from podium.hosts.web.messages import (
    AnyClientMessage,
    IceCandidate,
    Join,
    Leave,
    MessageError,
    Offer,
    OperationCall,
    Ping,
    Pong,
    Refused,
    Show,
    decode_untrusted,
)

JOIN_WITHIN = 10.0
"""Seconds that a connection may stay open without having joined."""
PING_EVERY = 15.0
SILENCE_LIMIT = 45.0
"""Seconds after which a peer that sent nothing, not even a Pong, is taken for gone."""

CLOSE_NORMAL = 1000
CLOSE_GONE = 1001
CLOSE_POLICY = 1008
CLOSE_INTERNAL = 1011
CLOSE_RESTART = 1012
CLOSE_TRY_LATER = 1013

_WEIGHTS: dict[type, float] = {Offer: 10.0, Show: 2.0, IceCandidate: 0.2, OperationCall: 3.0}
"""An offer costs the host milliseconds, an operation what its author likes, a candidate nothing."""


class Close(NamedTuple):
    """How to end a connection."""

    code: int
    reason: str


class Refusal(NamedTuple):
    """A frame that is not acted upon: what to answer, and whether that was the last straw."""

    error: Refused
    close: Close | None = None


@final
class Conversation:
    """Takes frames, gives messages to act upon or refusals. `operations` are known by name, at every moment anew."""

    def __init__(self, now: float, operations: Callable[[], Collection[str]] = tuple) -> None:
        self._operations = operations
        self.joined = False
        self.waiting = False
        """Whether a `Join` goes on, because somebody has to wait."""
        self._outside_since = now
        self._heard = now
        self._budget = TokenBucket(rate=30.0, capacity=150.0)
        self._patience = TokenBucket(rate=1.0, capacity=20.0)

    def receive_untrusted(self, frame: str | bytes, now: float) -> AnyClientMessage | OperationCall | Refusal:
        """What one frame asks for. Never raises."""
        self._heard = now
        if not self._budget.take(now):
            return self._flood("messages arrive too fast")
        try:
            message = decode_untrusted(frame, self._operations())
            self._check_turn(message)
        except MessageError as error:
            return self.refuse(error, error.about, now, error.request_id)
        if not self._budget.take(now, _WEIGHTS.get(type(message), 1.0) - 1.0):
            return self._flood(f"{_name(message)} messages arrive too fast")
        return message

    def refuse(self, error: PodiumError, about: str | None, now: float, request_id: str | UnsetType = UNSET) -> Refusal:
        """The answer to a message that could not be acted upon; counts against the peer."""
        answer = Refused(code=error.code, message=error.message, field=error.field, about=about, request_id=request_id)
        if self._patience.take(now):
            return Refusal(answer)
        return Refusal(answer, Close(CLOSE_POLICY, "too many errors"))

    def refuse_entry(self, error: PodiumError, about: str, now: float) -> Refusal:
        """The answer to a `Join` that has failed, at once or after waiting; it may be tried again for a while."""
        if self.waiting:
            self.waiting, self._outside_since = False, now
        return self.refuse(error, about, now)

    def overdue(self, now: float) -> Close | None:
        """Why the connection should end now although nothing was received, if so."""
        if not (self.joined or self.waiting) and now - self._outside_since >= JOIN_WITHIN:
            return Close(CLOSE_POLICY, "nobody joined")
        if now - self._heard >= SILENCE_LIMIT:
            return Close(CLOSE_GONE, "silent for too long")
        return None

    def _check_turn(self, message: AnyClientMessage | OperationCall) -> None:
        about = _name(message)
        if isinstance(message, Join):
            if self.joined or self.waiting:
                raise MessageError("already_joined", "this connection has joined; open another one", "type", about)
        elif not self.joined and not isinstance(message, Ping | Pong | Leave):
            what = f"{about} has to wait until `Joined`" if self.waiting else f"{about} needs a Join before it"
            error = MessageError("join_first", what, "type", about)
            if isinstance(message, OperationCall):
                error.request_id = message.request_id
            raise error

    def _flood(self, what: str) -> Refusal:
        return Refusal(Refused(code="too_many_messages", message=what), Close(CLOSE_POLICY, what))


def _name(message: AnyClientMessage | OperationCall) -> str:
    return message.name if isinstance(message, OperationCall) else type(message).__name__
