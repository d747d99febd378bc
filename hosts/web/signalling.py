# SPDX-License-Identifier: Apache-2.0
"""One signaling connection: joins a participant to a room and carries messages both ways until either side ends it.

Four small tasks: reading and acting, sending, relaying the room's events, watching the clock; and one for each
operation that was asked for. Whatever of the four ends first ends all; the participant leaves the room at once, even
while a send to a peer that reads nothing cannot be cancelled. A fault of ours closes this one socket with 1011, and
nobody else notices.

Joining is a task of its own. Reading waits for it, so that what a browser sends behind its `Join` is acted upon after
that, unless the person has to wait to be let in: then reading goes on, and ends the joining when it ends.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast, final

import msgspec
import trio

from podium.core.errors import PodiumError
from podium.core.events import Joined, Left, Waiting
from podium.core.identity import AuthenticationError, Caller, CallerRole
from podium.core.operations import OperationError, Services
from podium.core.rooms.anteroom import WaitingEndedError
from podium.core.rooms.identity import ROLES
from podium.core.rooms.wishes import Shown
from podium.hosts.web.conversation import (
    CLOSE_INTERNAL,
    CLOSE_NORMAL,
    CLOSE_POLICY,
    CLOSE_RESTART,
    PING_EVERY,
    Close,
    Conversation,
    Refusal,
)
from podium.hosts.web.entrance import Entrance, Presence
from podium.hosts.web.messages import (
    Answer,
    AnsweredSlot,
    AnyClientMessage,
    AnyHostMessage,
    HostPing,
    HostPong,
    IceCandidate,
    Join,
    Leave,
    Mute,
    Offer,
    OperationCall,
    Ping,
    Pong,
    Show,
    ShowSlot,
    encode,
    encode_response,
)
from podium.hosts.web.websocket import ClientDisconnectedError, Outbox, Socket

CHECK_EVERY = 1.0
"""Seconds between looks at the clock while nobody has joined."""
FLUSH_WITHIN = 2.0
"""Seconds that an ending connection gets to take its last messages."""

WAY_BACK = 86_400
"""Seconds for which who came to an ad-hoc room without a token may come back as the same."""

OPERATIONS_AT_ONCE = 4
"""Operations of one connection that may run beside each other."""

logger = logging.getLogger(__name__)


@final
class Signalling:
    """Serves one socket; `run` returns when it is over."""

    def __init__(self, rooms: Entrance, services: Services, socket: Socket) -> None:
        self._rooms = rooms
        self._services = services
        self._socket = socket
        self._conversation = Conversation(trio.current_time(), services.registry.names)
        self._outbox = Outbox()
        self._participant: Presence | None = None
        self._reading = trio.CancelScope()
        self._joining = trio.CancelScope()
        self._answered = trio.Event()
        """Set when a `Join` was answered, if only by `Waiting`."""
        self._ended = False
        self._everything = trio.CancelScope()
        self._caller: Caller | None = None
        self._operations_running = 0
        self._nursery: trio.Nursery

    async def run(self) -> None:
        with self._everything:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                self._start(self._write)
                self._start(self._watch)
                self._start(self._read)

    def end(self, close: Close, *, discard: bool = False) -> None:
        """Stop listening, send what is waiting (or discard it), close the socket."""
        if discard:
            self._outbox.discard()
        self._outbox.finish(close.code, close.reason)
        self._reading.cancel()
        self._everything.deadline = min(self._everything.deadline, trio.current_time() + FLUSH_WITHIN)
        if close.code == CLOSE_RESTART and self._participant is not None:
            self._participant.leave("shutdown")  # rather than `disconnected`: they come back by themselves

    def _start(self, task: Callable[[], Awaitable[None]]) -> None:
        self._nursery.start_soon(self._guard, task)

    async def _guard(self, task: Callable[[], Awaitable[None]]) -> None:
        """Run one of the tasks; whatever goes wrong in it concerns this connection only."""
        try:
            await task()
        except ClientDisconnectedError:
            self._everything.cancel()
        except Exception:
            logger.exception("signaling failed")
            self.end(Close(CLOSE_INTERNAL, "internal error"))

    async def _read(self) -> None:
        try:
            with self._reading:
                while True:
                    frame = await self._socket.receive()
                    await self._handle(self._conversation.receive_untrusted(frame, trio.current_time()))
        finally:
            self._ended = True
            self._joining.cancel()
            if self._participant is not None:
                self._participant.leave("disconnected")

    async def _write(self) -> None:
        await self._outbox.drain(self._socket)
        self._everything.cancel()

    async def _watch(self) -> None:
        count = 0
        while True:
            inside = self._participant is not None
            await trio.sleep(PING_EVERY if inside or self._conversation.waiting else CHECK_EVERY)
            overdue = self._conversation.overdue(trio.current_time())
            if overdue is not None:
                self.end(overdue)
                return
            if self._participant is not None or self._conversation.waiting:
                count += 1
                self._tell(HostPing(id=count))

    async def _relay(self) -> None:
        assert self._participant is not None
        async for event in self._participant.events:
            self._tell(event)
            if isinstance(event, Left):
                self.end(_farewell(event))
                return
        self.end(Close(CLOSE_NORMAL, "the room is over"))

    def _tell(self, message: AnyHostMessage) -> None:
        self._send(encode(message))

    def _send(self, text: str) -> None:
        if not self._outbox.put(text):
            self.end(Close(CLOSE_POLICY, "reads too slowly"), discard=True)

    async def _handle(self, asked: AnyClientMessage | OperationCall | Refusal) -> None:
        if isinstance(asked, Refusal):
            self._refuse(asked)
            return
        if isinstance(asked, OperationCall):
            self._start(partial(self._operate, asked))
            return
        try:
            await self._act(asked)
        except PodiumError as error:
            self._refuse(self._conversation.refuse(error, type(asked).__name__, trio.current_time()))

    def _refuse(self, refusal: Refusal) -> None:
        self._tell(refusal.error)
        if refusal.close is not None:
            self.end(refusal.close)

    async def _act(self, message: AnyClientMessage) -> None:
        match message:
            case Ping():
                self._tell(HostPong(id=message.id))
            case Join():
                self._joining, self._answered = trio.CancelScope(), trio.Event()
                self._start(partial(self._join, message))
                await self._answered.wait()
            case Leave() if self._participant is None:
                self.end(Close(CLOSE_NORMAL, "left"))
            case Pong():
                pass
            case _ if self._participant is not None:
                await self._act_in_room(message, self._participant)

    async def _join(self, message: Join) -> None:
        try:
            with self._joining:
                await self._enter(message)
        except WaitingEndedError as error:
            self._end_waiting(error)
        except PodiumError as error:
            self._refuse(self._conversation.refuse_entry(error, Join.__name__, trio.current_time()))
        finally:
            self._answered.set()

    def _wait(self, waiting: Waiting) -> None:
        self._conversation.waiting = True
        self._tell(waiting)
        self._answered.set()

    def _end_waiting(self, error: WaitingEndedError) -> None:
        """Nobody refused them, so they are told what those inside would be told."""
        if error.code == "replaced":
            left = Left(reason=error.code)
            self._tell(left)
            self.end(_farewell(left))
        else:
            self.end(Close(CLOSE_RESTART, "the host restarts"))

    async def _enter(self, message: Join) -> None:
        caller = await self._identify(message)
        assert caller.session_id is not None
        self._participant = await self._rooms.join(
            caller.session_id,
            caller.subject or message.participant_id,
            caller.display_name or message.display_name,
            caller.role,
            invited=message.token is not None,
            wished=message.token is None,
            proven=caller.subject is not None,
            on_wait=self._wait,
        )
        if self._ended:  # too late to be noticed by the reading that has ended
            self._participant.leave("disconnected")
            return
        joined = self._participant.snapshot()
        if caller.subject is None:
            joined = msgspec.structs.replace(joined, token=self._way_back(joined, self._participant.came_as))
        self._caller = msgspec.structs.replace(caller, subject=joined.participant_id)
        self._conversation.joined, self._conversation.waiting = True, False
        self._tell(joined)
        self._start(self._relay)

    async def _identify(self, message: Join) -> Caller:
        """Who wants to join what. A token that is given is checked, even where none is needed."""
        if message.token is None:
            if not self._rooms.ad_hoc:
                what = f"there is no session {message.session_id!r} that can be joined without a token"
                raise PodiumError("session_unknown", what, "session_id")
            return Caller(role=cast(CallerRole, message.role), session_id=message.session_id)
        caller = await self._services.identities.authenticate(message.token, joining=True)
        if caller.session_id is None or caller.role not in ROLES:
            raise AuthenticationError("token_invalid", "this token is not for joining a session", "token")
        return caller

    def _way_back(self, joined: Joined, role: str) -> str:
        """A token for who came without one that names them, to prove next time who they are, in the role they came in.

        What plugins have made of that role is asked of them again.
        """
        return self._services.identities.tokens.issue(
            joined.session_id, role, lifetime=WAY_BACK, participant_id=joined.participant_id
        )

    async def _operate(self, call: OperationCall) -> None:
        try:
            if self._operations_running >= OPERATIONS_AT_ONCE:
                what = f"at most {OPERATIONS_AT_ONCE} operations at once; wait for their answers"
                raise OperationError("exhausted", "too_many_operations", what)
            self._operations_running += 1
            try:
                response = await self._services.dispatcher.call(call.name, call.values, self._caller_now())
            finally:
                self._operations_running -= 1
            self._send(encode_response(response, call.request_id))
        except PodiumError as error:
            self._refuse(self._conversation.refuse(error, call.name, trio.current_time(), call.request_id))

    def _caller_now(self) -> Caller:
        """In the role that the room gave, which may have changed since: not always the one of the token or wish."""
        assert self._caller is not None
        assert self._participant is not None
        return msgspec.structs.replace(self._caller, role=msgspec.convert(self._participant.role, CallerRole))

    async def _act_in_room(self, message: AnyClientMessage, participant: Presence) -> None:
        match message:
            case Offer():
                result = await participant.negotiate(message.sdp, message.sources)
                slots = tuple(AnsweredSlot(mid=slot.mid, kind=slot.kind) for slot in result.slots)
                self._tell(Answer(sdp=result.sdp, slots=slots))
            case IceCandidate():
                participant.add_candidate(message.candidate)
            case Show():
                participant.show([_shown(slot) for slot in message.slots])
            case Mute():
                participant.set_muted(message.source, message.muted)
            case Leave():
                participant.leave("left")


def _shown(slot: ShowSlot) -> Shown:
    return Shown(mid=slot.mid, participant_id=slot.participant_id, source=slot.source, max_height=slot.max_height)


def _farewell(event: Left) -> Close:
    return Close(CLOSE_POLICY if event.reason == "too_slow" else CLOSE_NORMAL, event.reason)
