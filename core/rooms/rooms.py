# SPDX-License-Identifier: Apache-2.0
"""All rooms of this process, by session id: the entrance for hosts.

Rooms are spread over the media workers when they open, and close when their last participant has left. Whom plugins
let wait is outside of all of them, in the anteroom.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import trio

from podium.core.config import Config, media_settings
from podium.core.events import ClientConfiguration, Event, ParticipantInfo, TrackKind, TrackSource
from podium.core.media.settings import MediaSettings
from podium.core.media.tap import MediaTap
from podium.core.media.worker import Media, WorkerStatistics, open_media
from podium.core.rooms.anteroom import Anteroom, OnWait, Visit, WaitingEndedError
from podium.core.rooms.arrivals import Arrivals
from podium.core.rooms.blocks import HOST, Blocks, EarlyBlocks
from podium.core.rooms.identity import (
    LEADING,
    RoomError,
    checked_display_name,
    checked_identifier,
    checked_role,
    new_participant_id,
)
from podium.core.rooms.live import LiveRoom
from podium.core.rooms.messages import Keep, Message, check_message, received, recipients
from podium.core.rooms.observer import NobodyObserves, ParticipantView, RoomObserver, RoomView, Veto, Wait
from podium.core.rooms.policy import POLICIES
from podium.core.rooms.presence import LocalParticipant
from podium.core.rooms.room import Room


class RoomSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A room as it is now."""

    session_id: str
    participants: tuple[ParticipantInfo, ...]


@dataclass(frozen=True, slots=True)
class RoomsStatistics:
    """All rooms and workers as they are now."""

    rooms: int
    participants: int
    waiting: int
    """People outside of rooms, whom plugins let wait."""
    workers: tuple[WorkerStatistics, ...]


class Rooms:
    """Made by `open_rooms`. With `ad_hoc`, whoever joins opens a room; otherwise an invitation or `open_room` does."""

    def __init__(
        self,
        media: Media,
        settings: MediaSettings,
        nursery: trio.Nursery,
        *,
        ad_hoc: bool,
        observer: RoomObserver | None = None,
    ) -> None:
        self.ad_hoc = ad_hoc
        self._observer: RoomObserver = NobodyObserves() if observer is None else observer
        self._media = media
        self._settings = settings
        self._nursery = nursery
        self._observer.on_change(self._hooks_changed)
        self._live: dict[str, LiveRoom] = {}
        self._early_blocks = EarlyBlocks()
        self._arrivals = Arrivals()
        self._anteroom = Anteroom(self._observer)
        self._closed = False

    @property
    def local_address(self) -> str:
        """Where the workers are reached from this process."""
        return "127.0.0.1" if self._settings.bind_address in ("::", "0.0.0.0") else self._settings.bind_address

    @property
    def rooms(self) -> dict[str, RoomSummary]:
        """Every open room by session id."""
        return {
            room.id: RoomSummary(session_id=room.id, participants=room.participants()) for room in self._live.values()
        }

    async def join(
        self,
        session_id: str,
        participant_id: str | None,
        display_name: str,
        role: str = "student",
        *,
        invited: bool = False,
        wished: bool = False,
        proven: bool = True,
        on_wait: OnWait | None = None,
    ) -> LocalParticipant:
        """Enter a room, if plugins let them. An earlier presence of the same participant id ends, as `replaced`.

        Who is `invited` to the session, by a join token, opens its room even where rooms are not ad hoc. A role that
        is `wished` for, without a token, leads the room only if nobody has led it since it opened; then it is student.
        Whose `participant_id` is not `proven`, by a token that names it, is made to lead by no plugin, either: ids are
        no secret.

        Whom a plugin tells to wait goes on waiting in here; `on_wait` is called when that begins and when the message
        changes. Who comes without it cannot wait. To be canceled meanwhile is to have gone.

        Raises RoomError: `id_invalid`, `name_invalid`, `role_invalid`, `room_unknown`, `room_full`, `role_taken`,
        `waiting`, `waiting_room_full` or the code of a plugin's refusal; WaitingEndedError where nobody refused.
        Nothing has changed then.
        """
        checked_identifier(session_id, "session_id")
        own_id = (
            new_participant_id() if participant_id is None else checked_identifier(participant_id, "participant_id")
        )
        name, role = checked_display_name(display_name), checked_role(role)
        room = RoomView(session_id=session_id)
        with self._arrivals.announce(session_id, own_id) as arrival, self._anteroom.visit(room, on_wait) as visit:
            while True:
                arrival.begin_anew()
                given = self._granted(session_id, role) if wished else role
                participant = ParticipantView(participant_id=own_id, display_name=name, role=given, proven=proven)
                try:
                    participant = await self._in_role(visit, participant, invited=invited)
                    answer = await self._ask(visit, participant, invited=invited)
                    if isinstance(answer, Wait):
                        await visit.wait(participant, answer)
                        continue
                    # Plugins were asked about a role that the wish alone may not give any more.
                    if wished and participant.role in LEADING and given != self._granted(session_id, given):
                        what = "somebody else has come to lead this room meanwhile; join again"
                        raise RoomError("role_taken", what, "role")
                    now = arrival.role if arrival.role is not None and proven else participant.role
                    entered = self._enter(visit, participant, now, answer)
                    entered.came_as = given
                    return entered
                except WaitingEndedError:
                    raise
                except RoomError as error:
                    code, message = error.code, error.message
                    self._observer.join_refused(room=room, participant=participant, code=code, message=message)
                    raise

    async def _in_role(self, visit: Visit, participant: ParticipantView, *, invited: bool) -> ParticipantView:
        """Somebody who may join, in the role that plugins know them in. Raises RoomError."""
        self._check_joinable(visit.room.session_id, invited=invited)
        role = await self._observer.participant_role(role=participant.role, room=visit.room, participant=participant)
        visit.check()
        if role in LEADING and not participant.proven:
            return participant
        return msgspec.structs.replace(participant, role=role)

    async def _ask(self, visit: Visit, participant: ParticipantView, *, invited: bool) -> ClientConfiguration | Wait:
        """What to tell a browser that may join, by the rooms' own rules and by plugins. Raises RoomError."""
        room = visit.room
        self._check_joinable(room.session_id, invited=invited)
        answer = await self._observer.participant_joining(room=room, participant=participant)
        visit.check()
        if isinstance(answer, Veto):
            raise RoomError(answer.code, answer.message)
        configuration = ClientConfiguration()
        if answer is None:
            configuration = await self._observer.client_configuration(
                configuration=configuration, room=room, participant=participant
            )
            visit.check()
        self._check_joinable(room.session_id, invited=invited)
        return configuration if answer is None else answer

    def _enter(
        self, visit: Visit, participant: ParticipantView, role: str, configuration: ClientConfiguration
    ) -> LocalParticipant:
        """Raises RoomError `room_full`."""
        session_id, own_id = visit.room.session_id, participant.participant_id
        room = self._live.get(session_id) or self._open(session_id)
        entered = room.join(own_id, participant.display_name, role, configuration, proven=participant.proven)
        self._anteroom.replace(session_id, own_id, visit)
        return entered

    def _granted(self, session_id: str, wish: str) -> str:
        """What becomes of the wish for a role: a room is led by who comes first, and by whom they invite."""
        room = self._live.get(session_id)
        return "student" if wish in LEADING and room is not None and room.led else wish

    def _check_joinable(self, session_id: str, *, invited: bool) -> None:
        if self._closed:
            raise RoomError("room_closed", "the host is stopping")
        if session_id not in self._live and not (self.ad_hoc or invited):
            raise RoomError("room_unknown", f"no session {session_id!r} is open", "session_id")

    def open_room(self, session_id: str) -> None:
        """Open a room before anybody comes; does nothing when it is open."""
        checked_identifier(session_id, "session_id")
        if session_id not in self._live:
            self._open(session_id)

    def close_room(self, session_id: str, reason: str = "room_closed") -> None:
        """Send everybody away, who waits as well. Raises RoomError `room_unknown` when there is nobody and no room."""
        waited = self._anteroom.turn_all_away(session_id, "room_closed", "the room was closed")
        if session_id in self._live or not waited:
            self._room(session_id)
            self._close_room(session_id, reason)

    def end_session(self, session_id: str, reason: str = "ended") -> None:
        """The session is over for good: its room closes, if it is open, and plugins are told. Raises RoomError.

        Nobody waits for it any more, either.
        """
        checked_identifier(session_id, "session_id")
        self._anteroom.turn_all_away(session_id, "session_ended", "this session is over")
        if session_id in self._live:
            self._close_room(session_id, reason)
        self._forget_blocks(session_id, self._early_blocks.take(session_id))
        self._observer.session_ended(session_id=session_id, reason=reason)

    def _close_room(self, session_id: str, reason: str) -> None:
        room = self._live.pop(session_id)
        room.close(reason)
        self._forget_blocks(session_id, room.blocks)
        self._observer.room_closed(room=RoomView(session_id=session_id), reason=reason)

    # Who waits

    def waiting(self, session_id: str) -> tuple[ParticipantView, ...]:
        """Who waits for a session, in the order of coming; its room need not be open."""
        return self._anteroom.waiting(session_id)

    def admit(self, session_id: str, participant_id: str) -> bool:
        """Ask plugins anew whether somebody who waits may come in; False when nobody of that id waits."""
        return self._anteroom.admit(session_id, participant_id)

    def turn_away(self, session_id: str, participant_id: str, message: str, *, code: str = "refused") -> bool:
        """End somebody's waiting by a refusal; False when nobody of that id waits."""
        return self._anteroom.turn_away(session_id, participant_id, code, message)

    def views(self) -> tuple[RoomView, ...]:
        """All open rooms."""
        return tuple(RoomView(session_id=session_id) for session_id in self._live)

    def participants(self, session_id: str) -> tuple[ParticipantInfo, ...]:
        """Who is in a room. Raises RoomError `room_unknown`."""
        return self._room(session_id).participants()

    def present(self, session_id: str) -> tuple[ParticipantView, ...]:
        """The same people as hooks are told of them. Raises RoomError `room_unknown`."""
        return self._room(session_id).people()

    def tell(
        self,
        session_id: str,
        event: Event,
        participant_id: str | None = None,
        *,
        roles: Collection[str] | None = None,
    ) -> None:
        """Tell an event to one participant or to all in a room, with `roles` to those only. Raises RoomError."""
        self._room(session_id).tell(event, participant_id, roles)

    def remove(self, session_id: str, participant_id: str, reason: str = "removed") -> None:
        """Send one participant away. Raises RoomError."""
        self._room(session_id).remove(participant_id, reason)

    async def send_message(self, message: Message, keep: Keep | None = None) -> None:
        """Bring a message to those it is for, if plugins let it. `keep` is awaited then, before anybody is told.

        Raises RoomError: `room_unknown`, what `check_message` raises, or the code of a plugin's refusal; what `keep`
        raises comes through, and nobody is told.
        """
        room = RoomView(session_id=message.session_id)
        check_message(message, self._room(message.session_id).present)
        veto = await self._observer.message_sending(room=room, message=message)
        if veto is not None:
            raise RoomError(veto.code, veto.message)
        if keep is not None:
            await keep(message)
        live = self._room(message.session_id)
        live.tell_some(received(message), recipients(message, live.present))
        self._observer.message_sent(room=room, message=message)

    def set_blocked(
        self, session_id: str, participant_id: str, source: TrackSource, blocked: bool, *, owner: str = HOST
    ) -> None:
        """Forward nothing of a source, in the name of `owner`, whether or not somebody is there.

        Raises RoomError `id_invalid` or `source_invalid`.
        """
        checked_identifier(session_id, "session_id")
        checked_identifier(participant_id, "participant_id")
        room = self._live.get(session_id)
        if room is not None:
            room.set_blocked(participant_id, source, blocked, owner)
        else:
            self._early_blocks.change(session_id, participant_id, source, blocked, owner)

    def lift_blocks(self, owner: str) -> None:
        """Undo whatever somebody has blocked, in all sessions."""
        self._early_blocks.lift(owner)
        for room in list(self._live.values()):
            room.lift_blocks(owner)

    def set_role(self, session_id: str, participant_id: str, role: str) -> None:
        """Give somebody who is there another role.

        Raises RoomError `room_unknown`, `participant_unknown` or `role_invalid`.
        """
        self._room(session_id).set_role(participant_id, checked_role(role))
        self._arrivals.set_role(session_id, participant_id, role)

    def reconsider(self, session_id: str) -> None:
        """Ask plugins anew who may see and hear whom in a room. Returns at once. Raises RoomError."""
        self._room(session_id).reconsider()

    def open_tap(
        self,
        session_id: str,
        participant_id: str,
        source: TrackSource,
        *,
        kind: TrackKind | None = None,
        layer: int | None = None,
        capacity: int = 1 << 20,
    ) -> MediaTap:
        """Copy what a participant publishes into a ring of `capacity` bytes.

        `kind` None: video where the source has any. `layer` counts from 0, the smallest; None: the largest that flows.
        Raises RoomError: `room_unknown`, `participant_unknown`, `track_unknown`, `layer_unknown`, `capacity_invalid`
        or `taps_exhausted`.
        """
        return self._room(session_id).open_tap(participant_id, source, kind, layer, capacity)

    def _hooks_changed(self, hooks: Collection[str]) -> None:
        """Other plugins than before decide who sees and hears whom, or who may come in."""
        if "participant_joining" in hooks:
            self._anteroom.ask_all()
        if not POLICIES.isdisjoint(hooks):
            for room in self._live.values():
                room.reconsider()

    def _room(self, session_id: str) -> LiveRoom:
        room = self._live.get(session_id)
        if room is None:
            raise RoomError("room_unknown", f"no session {session_id!r} is open", "session_id")
        return room

    def close(self, reason: str = "shutdown") -> None:
        """Close every room; nobody can join any more."""
        self._closed = True
        self._anteroom.close()
        for session_id in list(self._live):
            self._close_room(session_id, reason)

    def statistics(self) -> RoomsStatistics:
        return RoomsStatistics(
            rooms=len(self._live),
            participants=sum(map(len, self._live.values())),
            waiting=len(self._anteroom),
            workers=tuple(worker.statistics() for worker in self._media.workers),
        )

    def streams(self) -> list[tuple[int, npt.NDArray[np.void]]]:
        """A row for each incoming and outgoing stream (`_fastpath.STATISTICS_DTYPE`), by port of the worker."""
        return [(worker.port, worker.worker.statistics()) for worker in self._media.workers]

    def _open(self, session_id: str) -> LiveRoom:
        settings = self._settings
        room = Room(
            session_id,
            audio_slots=settings.audio_slots,
            max_participants=settings.max_participants,
            blocks=self._early_blocks.take(session_id),
        )
        worker = self._media.least_loaded()
        live = self._live[session_id] = LiveRoom(room, worker, self._close_empty, self._observer, self._nursery)
        self._observer.room_opened(room=RoomView(session_id=session_id))
        return live

    def _forget_blocks(self, session_id: str, blocks: Blocks) -> None:
        """All but those of who is about to join: plugins may just have set them for the room that opens then."""
        blocks.keep(self._arrivals.to(session_id))
        self._early_blocks.put(session_id, blocks)

    def _close_empty(self, room: LiveRoom) -> None:
        self._close_room(room.id, "empty")


@asynccontextmanager
async def open_rooms(config: Config, observer: RoomObserver | None = None) -> AsyncIterator[Rooms]:
    """Start the media workers; on leaving, everybody is sent away and they stop. Raises MediaError.

    `observer` is told what happens, and asked who may join: the hooks of plugins, as `open_plugins` gives them.
    """
    settings = media_settings(config)
    async with open_media(settings) as media, trio.open_nursery() as nursery:
        rooms = Rooms(media, settings, nursery, ad_hoc=config.rooms.ad_hoc, observer=observer)
        try:
            yield rooms
        finally:
            rooms.close()
            nursery.cancel_scope.cancel()
