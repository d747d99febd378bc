# SPDX-License-Identifier: Apache-2.0
"""A room with its media: carries requests and worker events to the sans-IO `Room`, and its decisions out.

Every entry point ends in `_carry_out`, the one place where decisions become calls on the worker and events to people.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec
import trio

from podium.core import _fastpath
from podium.core.events import (
    ClientConfiguration,
    ConnectionState,
    Event,
    Joined,
    Left,
    ParticipantInfo,
    ParticipantJoined,
    TrackKind,
    TrackPublished,
    TrackSource,
)
from podium.core.media.connection import Connection, Negotiation
from podium.core.media.sdp import Offer
from podium.core.media.streams import IncomingTrack, StreamChanges
from podium.core.media.tap import MediaTap
from podium.core.media.worker import MediaWorker
from podium.core.rooms.blocks import HOST, Blocks
from podium.core.rooms.decisions import Decision, FormerRole, News, SetAudience, SetGroups, Silence, Switch, Tell
from podium.core.rooms.identity import LEADING, RoomError
from podium.core.rooms.observer import ParticipantView, RoomObserver, RoomView
from podium.core.rooms.policy import Policy
from podium.core.rooms.presence import LocalParticipant, Negotiated, NegotiatedSlot
from podium.core.rooms.reporting import report
from podium.core.rooms.room import Room
from podium.core.rooms.tapping import Taps
from podium.core.rooms.wishes import Shown

logger = logging.getLogger(__name__)


class LiveRoom:
    """One room on one worker. `on_empty` is called when the last participant has left, not before anybody came."""

    def __init__(
        self,
        room: Room,
        media: MediaWorker,
        on_empty: Callable[["LiveRoom"], None],
        observer: RoomObserver,
        nursery: trio.Nursery,
    ) -> None:
        self.id = room.room_id
        self._view = RoomView(session_id=room.room_id)
        self._observer = observer
        self._room = room
        self._media = media
        self._on_empty = on_empty
        self._media_room = media.add_room(self)
        self._present: dict[str, LocalParticipant] = {}
        self._owners: dict[Connection, LocalParticipant] = {}
        self._sources: dict[int, _fastpath.Source] = {}
        self._unopened: list[int] = []
        """New sources, which forward nothing until everything that limits them has been told to the worker."""
        self._slots: dict[int, _fastpath.Slot] = {}
        self._taps = Taps()
        self._policy = Policy(room, self._view, observer, nursery, self._carry_out)
        self.led = False
        """Whether anybody in a leading role has been here since the room opened."""
        self._entered = self._closed = self._crowded = False

    def __len__(self) -> int:
        return len(self._present)

    @property
    def present(self) -> Collection[str]:
        """Ids of those who are here, in the order in which they joined."""
        return self._present.keys()

    @property
    def blocks(self) -> Blocks:
        """What is blocked, of those who are here and of others."""
        return self._room.blocks

    def participants(self) -> tuple[ParticipantInfo, ...]:
        return self._room.participants()

    def people(self) -> tuple[ParticipantView, ...]:
        return self._room.people()

    def snapshot(self, participant: LocalParticipant) -> Joined:
        joined = self._room.snapshot(participant.id)
        return msgspec.structs.replace(joined, configuration=participant.configuration)

    # People

    def join(
        self,
        participant_id: str,
        display_name: str,
        role: str,
        configuration: ClientConfiguration,
        *,
        proven: bool = True,
    ) -> LocalParticipant:
        """Let somebody in, in place of an earlier presence of the same id. Raises RoomError `room_full`."""
        earlier = self._present.get(participant_id)
        if earlier is not None:
            self._remove(earlier, "replaced")
        self._room.join(participant_id, display_name, role, proven=proven)
        participant = LocalParticipant(self, participant_id, display_name, role, configuration)
        self._present[participant_id] = participant
        self.led = self.led or role in LEADING
        self._entered = True
        self._carry_out()
        return participant

    def leave(self, participant: LocalParticipant, reason: str) -> None:
        self._remove(participant, reason)
        self._carry_out()

    def close(self, reason: str) -> None:
        """Send everybody away and give the worker's room back."""
        self._closed = True
        self._policy.close()
        for participant in list(self._present.values()):
            self._remove(participant, reason)
        self._media.remove_room(self._media_room)
        self._report_news()

    def tell(self, event: Event, participant_id: str | None, roles: Collection[str] | None = None) -> None:
        """Pass on an event that is not the room's own, to one participant or all of these roles. Raises RoomError."""
        if participant_id is not None and roles is not None and self._participant(participant_id).role not in roles:
            what = f"{type(event).__name__} is for {', '.join(roles)}, which {participant_id!r} is not"
            raise RoomError("event_forbidden", what, "participant_id")
        told = list(self._present.values()) if participant_id is None else [self._participant(participant_id)]
        self.tell_some(event, [each.id for each in told if roles is None or each.role in roles])

    def tell_some(self, event: Event, participant_ids: Sequence[str]) -> None:
        for each in participant_ids:
            self._room.tell(each, event)
        self._carry_out()

    def remove(self, participant_id: str, reason: str) -> None:
        """Send somebody away. Raises RoomError `participant_unknown`."""
        self.leave(self._participant(participant_id), reason)

    def _participant(self, participant_id: str) -> LocalParticipant:
        if participant_id not in self._present:
            raise RoomError("participant_unknown", f"nobody with id {participant_id!r} is here", "participant_id")
        return self._present[participant_id]

    def _remove(self, participant: LocalParticipant, reason: str) -> None:
        del self._present[participant.id]
        self._room.leave(participant.id, reason)
        participant.tell(Left(reason=reason))
        if participant.connection is not None:
            self._release(participant.connection)

    # Requests

    def negotiate(self, participant: LocalParticipant, offer: Offer, sources: Mapping[str, str]) -> Negotiated:
        """Take an offer on the participant's connection, or on a new one when its browser began anew."""
        connection = participant.connection
        if connection is not None and connection.continues(offer):
            negotiation = self._media.negotiate(connection, offer, sources)
        else:
            connection, negotiation = self._connect(participant, offer, sources)
        self._apply(participant, negotiation.changes)
        self._carry_out()
        slots = tuple(NegotiatedSlot(mid=slot.mid, kind=slot.kind) for slot in connection.slots.values())
        return Negotiated(sdp=negotiation.answer, slots=slots)

    def show(self, participant: LocalParticipant, shown: Sequence[Shown]) -> None:
        self._room.show(participant.id, shown)
        self._carry_out()

    def set_muted(self, participant: LocalParticipant, source: TrackSource, muted: bool) -> None:
        self._room.set_muted(participant.id, source, muted)
        self._carry_out()

    # What plugins ask

    def set_blocked(self, participant_id: str, source: TrackSource, blocked: bool, owner: str = HOST) -> None:
        """Raises RoomError `source_invalid`."""
        self._room.set_blocked(participant_id, source, blocked, owner)
        self._carry_out()

    def lift_blocks(self, owner: str) -> None:
        self._room.lift_blocks(owner)
        self._carry_out()

    def set_role(self, participant_id: str, role: str) -> None:
        """Raises RoomError `participant_unknown`."""
        self._participant(participant_id).role = role
        self.led = self.led or role in LEADING
        self._room.set_role(participant_id, role)
        self._carry_out()

    def reconsider(self) -> None:
        """Ask plugins anew who may see and hear whom."""
        self._policy.reconsider()

    def open_tap(
        self, participant_id: str, source: TrackSource, kind: TrackKind | None, layer: int | None, capacity: int
    ) -> MediaTap:
        """Raises RoomError."""
        connection = self._participant(participant_id).connection
        running = self._room.running_sources()
        return self._taps.open(participant_id, connection, source, kind, layer, capacity, running)

    # What the worker reports

    def media_events(self, events: list[_fastpath.Event]) -> None:
        for event in events:
            self._take_in(event)
        self._carry_out()

    def connection_changed(self, connection: Connection) -> None:
        participant = self._owners.get(connection)
        if participant is None:
            return
        view = ParticipantView(
            participant_id=participant.id, display_name=participant.display_name, role=participant.role
        )
        self._observer.connection_changed(room=self._view, participant=view, state=connection.state)
        self._room.tell(participant.id, ConnectionState(state=connection.state))
        if connection.ended:
            self._disconnect(participant, connection)
        self._carry_out()

    def _take_in(self, event: _fastpath.Event) -> None:
        match event.kind:
            case _fastpath.EVENT_SOURCE_STARTED:
                self._room.source_started(event.subject)
            case _fastpath.EVENT_SOURCE_STOPPED:
                self._room.source_stopped(event.subject)
            case _fastpath.EVENT_FRAME_SIZE:
                self._room.frame_size(event.subject, event.value >> 16, event.value & 0xFFFF)
            case _fastpath.EVENT_SLOT_SWITCHED:
                self._room.slot_switched(event.subject, event.value)
            case _fastpath.EVENT_SPEAKER:
                self._room.speaker(event.value)

    # Media of one participant

    def _connect(
        self, participant: LocalParticipant, offer: Offer, sources: Mapping[str, str]
    ) -> tuple[Connection, Negotiation]:
        """Negotiate on a new connection; the one before, if any, ends once that has succeeded."""
        connection = self._media.connect(self._media_room)
        connection.set_groups(self._room.groups_of(participant.id))
        try:
            negotiation = self._media.negotiate(connection, offer, sources)
        except BaseException:
            self._media.disconnect(connection)
            raise
        if participant.connection is not None:
            self._disconnect(participant, participant.connection)
        participant.connection = connection
        self._owners[connection] = participant
        self._room.tell(participant.id, ConnectionState(state=connection.state))
        return connection, negotiation

    def _disconnect(self, participant: LocalParticipant, connection: Connection) -> None:
        """End a connection of somebody who stays."""
        if connection in self._owners:
            tracks, slots = tuple(connection.tracks.values()), tuple(connection.slots.values())
            self._apply(participant, StreamChanges(closed_tracks=tracks, closed_slots=slots))
            self._release(connection)

    def _release(self, connection: Connection) -> None:
        """Forget a connection and the worker's objects that belong to it."""
        if self._owners.pop(connection, None) is None:
            return
        for track in connection.tracks.values():
            self._forget_track(track)
        for slot in connection.slots.values():
            self._slots.pop(slot.slot.id, None)
        self._media.disconnect(connection)

    def _apply(self, participant: LocalParticipant, changes: StreamChanges) -> None:
        for track in changes.closed_tracks:
            self._room.remove_track(participant.id, track.source, track.kind)
            self._forget_track(track)
        for slot in changes.closed_slots:
            self._room.remove_slot(participant.id, slot.mid)
            self._slots.pop(slot.slot.id, None)
        for track in changes.opened_tracks:
            self._sources.update({source.id: source for source in track.layers})
            self._unopened += [source.id for source in track.layers]
            self._room.add_track(participant.id, track.source, track.kind, [source.id for source in track.layers])
        for slot in changes.opened_slots:
            self._slots[slot.slot.id] = slot.slot
            self._room.add_slot(participant.id, slot.mid, slot.kind, slot.slot.id)

    def _forget_track(self, track: IncomingTrack) -> None:
        for source in track.layers:
            self._sources.pop(source.id, None)

    # Decisions

    def _carry_out(self) -> None:
        """Perform what the room decided. Who cannot be told any more leaves, which may decide more."""
        while decisions := self._room.take_decisions():
            unread = {participant.id: participant for decision in decisions if (participant := self._perform(decision))}
            for participant in unread.values():
                self._remove(participant, "too_slow")
        self._open_sources()
        self._report_news()
        if self._entered and not self._present and not self._closed:
            self._on_empty(self)

    def _open_sources(self) -> None:
        unopened, self._unopened = self._unopened, []
        for source_id in unopened:
            if (source := self._sources.get(source_id)) is not None and not self._room.is_silent(source_id):
                source.set_blocked(False)

    def _report_news(self) -> None:
        for news in self._room.take_news():
            report(news, self._view, self._observer)
            if isinstance(news, News) and isinstance(news.event, ParticipantJoined | TrackPublished | FormerRole):
                self._policy.people_or_tracks_changed()
        if self._room.audiences.crowded and not self._crowded:
            self._crowded = True
            logger.warning("too many different audiences: some tracks reach nobody", extra={"session": self.id})

    def _perform(self, decision: Decision) -> LocalParticipant | None:
        """Returns the participant who was to be told something and does not read."""
        match decision:
            case Tell(participant_id, event):
                participant = self._present.get(participant_id)
                return participant if participant is not None and not participant.tell(event) else None
            case Switch(slot_id, source_id):
                if (slot := self._slots.get(slot_id)) is not None:
                    slot.show(self._sources.get(source_id) if source_id is not None else None)
            case Silence(source_id, silent):
                if (source := self._sources.get(source_id)) is not None:
                    source.set_blocked(silent)
            case SetAudience(source_id, groups):
                if (source := self._sources.get(source_id)) is not None:
                    source.set_audience(groups)
            case SetGroups(participant_id, groups):
                participant = self._present.get(participant_id)
                if participant is not None and participant.connection is not None:
                    participant.connection.set_groups(groups)
        return None
