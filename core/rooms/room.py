# SPDX-License-Identifier: Apache-2.0
"""One room as a state machine without input or output: who is in it, who publishes what, who sees whom.

Three kinds of calls change it: what hosts ask for participants, what negotiation made, and what the worker saw.
`take_decisions` then returns everything that follows from all changes since it was last called, so a batch of
worker events costs one reassignment and tells each participant at most one `Showing`. Audio slots are filled by the
worker itself; here they are only reported. Who may see and hear whom is decided through `audiences`.
"""

from collections.abc import Sequence

from podium.core.events import (
    Event,
    Joined,
    PanelsChanged,
    ParticipantInfo,
    ParticipantJoined,
    ParticipantLeft,
    RoleChanged,
    TrackKind,
    TrackMuted,
    TrackPublished,
    TrackSource,
    TrackUnpublished,
)
from podium.core.rooms.assignment import TrackKey, by_priority
from podium.core.rooms.audience import Audiences
from podium.core.rooms.blocks import HOST, Blocks
from podium.core.rooms.decisions import Decision, FormerRole, News, NewsEvent, NowSpeaking, Silence, Tell
from podium.core.rooms.identity import RoomError
from podium.core.rooms.layers import Layer
from podium.core.rooms.model import Participant, Slot, Track
from podium.core.rooms.observer import ParticipantView
from podium.core.rooms.silence import Silences
from podium.core.rooms.speaker import Speaker
from podium.core.rooms.viewing import Stage, choose_from_now_on, place, report
from podium.core.rooms.wishes import Shown, check_shown


class Room:
    """State of one room. Participants are named by id; sources and slots by the worker's numbers.

    `blocks` are those there were before the room opened.
    """

    def __init__(self, room_id: str, *, audio_slots: int, max_participants: int, blocks: Blocks | None = None) -> None:
        self.room_id = room_id
        self._audio_slots = audio_slots
        self._max_participants = max_participants
        self._participants: dict[str, Participant] = {}
        self._tracks: dict[int, Track] = {}
        self._slots: dict[int, tuple[Participant, Slot]] = {}
        self.blocks = Blocks() if blocks is None else blocks
        self._silences = Silences(self._participants, self.blocks)
        self.audiences = Audiences(self._participants)
        self._speaker = Speaker(self._participants)
        self._decisions: list[Decision] = []
        self._news: list[News | NowSpeaking] = []
        self._stage = Stage(())
        self._tracks_changed = False
        self._unplaced: set[str] = set()
        self._unreported: set[str] = set()

    # Questions

    def __contains__(self, participant_id: str) -> bool:
        return participant_id in self._participants

    def __len__(self) -> int:
        return len(self._participants)

    def participants(self) -> tuple[ParticipantInfo, ...]:
        """Everybody, in the order in which they joined."""
        return tuple(participant.info() for participant in self._participants.values())

    def people(self) -> tuple[ParticipantView, ...]:
        """The same people as those outside of the room see them."""
        return tuple(participant.view() for participant in self._participants.values())

    def snapshot(self, participant_id: str) -> Joined:
        """The room as this participant finds it."""
        own = self._participants[participant_id]
        return Joined(
            session_id=self.room_id,
            participant_id=participant_id,
            display_name=own.display_name,
            role=own.role,
            participants=tuple(other.info() for other in self._participants.values() if other is not own),
            audio_slots=self._audio_slots,
            max_participants=self._max_participants,
            blocked=own.info().blocked,
        )

    def running_sources(self) -> list[int]:
        return [source_id for source_id, track in self._tracks.items() if track.layers[source_id].running]

    def is_silent(self, source_id: int) -> bool:
        """Whether nothing of a source is forwarded now, because somebody has muted or blocked it."""
        track = self._tracks[source_id]
        return self._participants[track.key.participant_id].silent(track.key.source)

    # What hosts ask

    def join(self, participant_id: str, display_name: str, role: str, *, proven: bool = True) -> None:
        """Let somebody in. Raises RoomError `room_full` or `participant_exists`."""
        if participant_id in self._participants:
            raise RoomError("participant_exists", f"{participant_id!r} is already in the room", "participant_id")
        if len(self._participants) >= self._max_participants:
            raise RoomError("room_full", f"the room holds at most {self._max_participants} participants")
        blocked = self.blocks.of(participant_id)
        participant = Participant(participant_id, display_name, role, blocked=blocked, proven=proven)
        self._participants[participant_id] = participant
        self._tell_others(participant_id, ParticipantJoined(participant=participant.info()))
        self._report(participant, ParticipantJoined(participant=participant.info()))

    def leave(self, participant_id: str, reason: str) -> None:
        """End a presence with all it publishes and receives."""
        participant = self._participants.pop(participant_id)
        for track in participant.tracks.values():
            self._forget_sources(track)
        for slot in participant.slots.values():
            del self._slots[slot.slot_id]
        self._tracks_changed = True
        self.audiences.exclude(participant_id)
        left = ParticipantLeft(participant_id=participant_id, reason=reason)
        self._tell_others(participant_id, left)
        self._report(participant, left)
        if self._speaker.participant_id == participant_id:
            self._change_speaker(None)

    def show(self, participant_id: str, shown: Sequence[Shown]) -> None:
        """Take over the choice of what the named slots show; others keep what they have. Raises RoomError."""
        viewer = self._participants[participant_id]
        check_shown(shown, participant_id, viewer.slots, self._participants)
        choose_from_now_on(viewer)
        for entry in shown:
            slot = viewer.slots[entry.mid]
            owner = entry.participant_id
            slot.wish = TrackKey(owner, entry.source, "video") if owner is not None else None
            slot.max_height = entry.max_height
        self._unplaced.add(participant_id)

    def set_muted(self, participant_id: str, source: TrackSource, muted: bool) -> None:
        """A participant mutes itself: others are told, and nothing is forwarded, whatever its browser sends."""
        participant = self._participants[participant_id]
        if muted == (source in participant.muted):
            return
        self._silence(self._silences.mute(participant_id, source, muted))
        self._report(participant, TrackMuted(participant_id=participant_id, source=source, muted=muted))

    def set_blocked(self, participant_id: str, source: TrackSource, blocked: bool, owner: str = HOST) -> None:
        """Somebody else decides that a participant's source is not forwarded, here or when it comes.

        Everybody is told when that makes a difference for somebody who is here. Raises RoomError `source_invalid`.
        """
        self._silence(self._silences.block(participant_id, source, blocked, owner))

    def lift_blocks(self, owner: str) -> None:
        """Undo all blocks of one owner."""
        self._silence(self._silences.lift(owner))

    def set_role(self, participant_id: str, role: str) -> None:
        """Somebody has another role from now on; everybody is told, themselves too."""
        participant = self._participants[participant_id]
        previous, participant.role = participant.role, role
        if role == previous:
            return
        changed = RoleChanged(participant_id=participant_id, role=role)
        self._decisions += [Tell(each, changed) for each in self._participants]
        self._decisions.append(Tell(participant_id, PanelsChanged()))
        self._report(participant, FormerRole(previous))

    def tell(self, participant_id: str, event: Event) -> None:
        """Pass on an event that is not the room's own, in order with those that are."""
        self._decisions.append(Tell(participant_id, event))

    # What plugins decide

    def groups_of(self, participant_id: str) -> int:
        """What the worker has to know of this participant's transport, a new one included."""
        return self._participants[participant_id].groups

    def published(self) -> list[tuple[ParticipantView, TrackSource]]:
        """Whose sources flow at this moment."""
        return [
            (participant.view(), source)
            for participant in self._participants.values()
            for source in dict.fromkeys(key.source for key, track in participant.tracks.items() if track.published)
        ]

    def set_priority(self, participant_id: str, source: TrackSource, priority: float | None) -> None:
        """How soon slots that are filled automatically show it; None: as usual for such a source."""
        participant = self._participants.get(participant_id)
        for track in participant.tracks_of(source) if participant is not None else ():
            if priority is None:
                track.reset_priority()
            else:
                track.priority = priority
            self._tracks_changed = True

    # What negotiation made

    def add_track(self, participant_id: str, source: TrackSource, kind: TrackKind, source_ids: Sequence[int]) -> None:
        """A track may begin to flow on these sources, the smallest layer first."""
        participant = self._participants[participant_id]
        key = TrackKey(participant_id, source, kind)
        layers = {source_id: Layer(source_id, rank, None, False) for rank, source_id in enumerate(source_ids)}
        track = participant.tracks[key] = Track(key, layers)
        self._tracks.update(dict.fromkeys(source_ids, track))
        self.audiences.add(track)
        if participant.silent(source):
            self._decisions += [Silence(source_id, True) for source_id in source_ids]

    def remove_track(self, participant_id: str, source: TrackSource, kind: TrackKind) -> None:
        track = self._participants[participant_id].tracks.pop(TrackKey(participant_id, source, kind))
        self._forget_sources(track)
        if self._speaker.is_track(track):
            self._change_speaker(None)
        if track.announced:
            event = TrackUnpublished(participant_id=participant_id, source=source, kind=kind)
            self._tell_others(participant_id, event)
            self._report(self._participants[participant_id], event)
        self._tracks_changed = True

    def add_slot(self, participant_id: str, mid: str, kind: TrackKind, slot_id: int) -> None:
        participant = self._participants[participant_id]
        slot = participant.slots[mid] = Slot(slot_id, mid, kind)
        self._slots[slot_id] = (participant, slot)
        self._unplaced.add(participant_id)
        self._unreported.add(participant_id)

    def remove_slot(self, participant_id: str, mid: str) -> None:
        slot = self._participants[participant_id].slots.pop(mid)
        del self._slots[slot.slot_id]
        self._unplaced.add(participant_id)
        self._unreported.add(participant_id)

    # What the worker saw

    def source_started(self, source_id: int) -> None:
        self._set_running(source_id, True)

    def source_stopped(self, source_id: int) -> None:
        self._set_running(source_id, False)

    def frame_size(self, source_id: int, width: int, height: int) -> None:
        track = self._tracks.get(source_id)
        if track is not None and track.set_size(source_id, width, height):
            self._tracks_changed = True

    def slot_switched(self, slot_id: int, source_id: int) -> None:
        """A slot now carries this source; 0 for nothing."""
        if slot_id not in self._slots:
            return
        viewer, slot = self._slots[slot_id]
        emptied = slot.kind == "video" and slot.decided is None
        track = self._tracks.get(source_id)
        reached = track is not None and track.reaches(viewer.participant_id)
        slot.seen = source_id if reached and not emptied else None
        self._unreported.add(viewer.participant_id)

    def speaker(self, source_id: int) -> None:
        """The loudest source of the room now; 0 for nobody."""
        self._change_speaker(self._tracks.get(source_id))

    # What follows

    def take_decisions(self) -> list[Decision]:
        """Everything to be carried out now, in order."""
        if self.audiences.changed:
            self._settle_audiences()
        if self._tracks_changed:
            self._tracks_changed = False
            self._settle_tracks()
        for viewer in self._those(self._unplaced):
            switches = place(viewer, self._stage)
            self._decisions += switches
            if any(switch.source_id is None for switch in switches):
                self._unreported.add(viewer.participant_id)
        for viewer in self._those(self._unreported):
            if showing := report(viewer, self._tracks):
                self._decisions.append(Tell(viewer.participant_id, showing))
        self._unplaced.clear()
        self._unreported.clear()
        decisions, self._decisions = self._decisions, []
        return decisions

    def take_news(self) -> list[News | NowSpeaking]:
        """What those outside of the room may want to know, in order; the decisions of the same changes come first."""
        news, self._news = self._news, []
        return news

    def _report(self, participant: Participant, event: NewsEvent) -> None:
        self._news.append(News(participant.view(), event))

    def _those(self, wanted: set[str]) -> list[Participant]:
        """In the order in which they joined; some may have left meanwhile."""
        return [self._participants[each] for each in self._participants if each in wanted]

    def _settle_tracks(self) -> None:
        """Tell what has come and gone. If what can be seen has changed, everybody's slots have to be looked at."""
        visible: dict[TrackKey, Track] = {}
        for participant in self._participants.values():
            for track in participant.tracks.values():
                self._announce(participant, track)
                if track.published and track.key.kind == "video" and not participant.silent(track.key.source):
                    visible[track.key] = track
        best_first = by_priority({key: track.priority for key, track in visible.items()})
        stage = Stage(
            [(key, visible[key].choices()) for key in best_first],
            {key: track.viewers for key, track in visible.items() if track.viewers is not None},
        )
        if not stage.same_as(self._stage):
            self._stage = stage
            self._unplaced.update(self._participants)

    def _settle_audiences(self) -> None:
        """Have the worker forward to others than before; a slot whose receiver is left out is empty from now on."""
        self._decisions += self.audiences.settle()
        self._tracks_changed = True
        for viewer, slot in self._slots.values():
            track = self._tracks.get(slot.seen) if slot.seen is not None else None
            if track is not None and not track.reaches(viewer.participant_id):
                slot.seen = None
                self._unreported.add(viewer.participant_id)
        self._decisions += self._speaker.tell()

    def _announce(self, participant: Participant, track: Track) -> None:
        if track.announced == track.published:
            return
        track.announced = track.published
        owner, source, kind = track.key
        event: TrackPublished | TrackUnpublished = TrackUnpublished(participant_id=owner, source=source, kind=kind)
        if track.published:
            width, height = track.size
            muted = source in participant.muted
            event = TrackPublished(
                participant_id=owner, source=source, kind=kind, width=width, height=height, muted=muted
            )
        self._tell_others(owner, event)
        self._report(participant, event)

    # Small changes

    def _set_running(self, source_id: int, running: bool) -> None:
        track = self._tracks.get(source_id)
        if track is not None:
            track.set_running(source_id, running)
            self._tracks_changed = True

    def _forget_sources(self, track: Track) -> None:
        for source_id in track.layers:
            del self._tracks[source_id]
        for viewer, slot in self._slots.values():
            if slot.seen in track.layers:
                slot.seen = None
                self._unreported.add(viewer.participant_id)

    def _change_speaker(self, track: Track | None) -> None:
        former = self._speaker.participant_id
        self._decisions += self._speaker.change(track)
        speaker = self._speaker.participant_id
        if speaker != former:
            self._news.append(NowSpeaking(self._participants[speaker].view() if speaker is not None else None))

    def _silence(self, decisions: Sequence[Decision]) -> None:
        self._decisions += decisions
        self._tracks_changed |= bool(decisions)

    def _tell_others(self, participant_id: str, event: Event) -> None:
        for other in self._participants:
            if other != participant_id:
                self._decisions.append(Tell(other, event))
