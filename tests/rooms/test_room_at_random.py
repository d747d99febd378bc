# SPDX-License-Identifier: Apache-2.0
"""A room under any order of events keeps its promises: what it decides can be done, and what it tells adds up."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from podium.core.events import ParticipantJoined, ParticipantLeft, Showing, TrackPublished, TrackUnpublished
from podium.core.rooms.decisions import Switch, Tell
from podium.core.rooms.room import Room
from podium.core.rooms.wishes import Shown

SLOTS = ("v0", "v1", "v2")


class RoomMachine(RuleBasedStateMachine):
    """Carries decisions out on dictionaries, as a worker and some browsers would."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room("math", audio_slots=3, max_participants=5)
        self.last_id = 0
        self.sources: dict[int, tuple[str, str]] = {}
        self.running: set[int] = set()
        self.silent: set[tuple[str, str]] = set()
        self.viewers: dict[int, str] = {}
        self.shown: dict[int, int | None] = {}
        self.known: dict[str, set[str]] = {}

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    @rule(name=st.sampled_from("abcde"))
    def come_or_go(self, name: str) -> None:
        if name in self.known:
            self.room.leave(name, "left")
            del self.known[name]
            self.silent = {each for each in self.silent if each[0] != name}
            self.sources = {each: owner for each, owner in self.sources.items() if owner[0] != name}
            self.viewers = {each: owner for each, owner in self.viewers.items() if owner != name}
        else:
            self.room.join(name, name, "student")
            self.known[name] = {each.participant_id for each in self.room.snapshot(name).participants}
            for mid in SLOTS:
                slot_id = self.new_id()
                self.viewers[slot_id] = name
                self.room.add_slot(name, mid, "video", slot_id)
        self.carry_out()

    @precondition(lambda self: self.known)
    @rule(data=st.data(), source=st.sampled_from(["camera", "screen"]), layers=st.integers(1, 3))
    def publish_or_stop(self, data: st.DataObject, source: str, layers: int) -> None:
        name = data.draw(st.sampled_from(sorted(self.known)))
        mine = [each for each, owner in self.sources.items() if owner == (name, source)]
        if mine:
            self.room.remove_track(name, source, "video")  # type: ignore[arg-type]  # a sampled literal
            self.sources = {each: owner for each, owner in self.sources.items() if each not in mine}
        else:
            made = [self.new_id() for _ in range(layers)]
            self.sources.update(dict.fromkeys(made, (name, source)))
            self.room.add_track(name, source, "video", made)  # type: ignore[arg-type]  # a sampled literal
        self.carry_out()

    @precondition(lambda self: self.sources)
    @rule(data=st.data(), height=st.sampled_from([180, 360, 720]))
    def flow_or_pause(self, data: st.DataObject, height: int) -> None:
        source_id = data.draw(st.sampled_from(sorted(self.sources)))
        if source_id in self.running:
            self.running.remove(source_id)
            self.room.source_stopped(source_id)
        else:
            self.running.add(source_id)
            self.room.source_started(source_id)
            self.room.frame_size(source_id, height * 2, height)
        self.carry_out()

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def mute_or_unmute(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.known)))
        muted = (name, "camera") not in self.silent
        (self.silent.add if muted else self.silent.discard)((name, "camera"))
        self.room.set_muted(name, "camera", muted)
        self.carry_out()

    @precondition(lambda self: len(self.known) > 1)
    @rule(data=st.data(), mid=st.sampled_from(SLOTS), height=st.none() | st.sampled_from([180, 400]))
    def wish(self, data: st.DataObject, mid: str, height: int | None) -> None:
        viewer, owner = data.draw(st.permutations(sorted(self.known)))[:2]
        self.room.show(viewer, [Shown(mid=mid, participant_id=owner, max_height=height)])
        self.carry_out()

    def carry_out(self) -> None:
        for decision in self.room.take_decisions():
            if isinstance(decision, Switch):
                assert decision.slot_id in self.viewers
                assert decision.source_id is None or decision.source_id in self.sources
                self.shown[decision.slot_id] = decision.source_id
                self.room.slot_switched(decision.slot_id, decision.source_id or 0)
            elif isinstance(decision, Tell):
                self.hear(decision)
        for decision in self.room.take_decisions():
            assert isinstance(decision, Tell)
            assert isinstance(decision.event, Showing)

    def hear(self, tell: Tell) -> None:
        """Nobody is told of somebody they do not know of."""
        known, event = self.known[tell.participant_id], tell.event
        if isinstance(event, ParticipantJoined):
            assert event.participant.participant_id not in known
            known.add(event.participant.participant_id)
        elif isinstance(event, ParticipantLeft):
            known.remove(event.participant_id)
        elif isinstance(event, TrackPublished | TrackUnpublished):
            assert event.participant_id in known

    @invariant()
    def everybody_knows_everybody_else(self) -> None:
        assert all(others == self.known.keys() - {name} for name, others in self.known.items())

    @invariant()
    def slots_show_what_flows_of_others_and_is_not_muted(self) -> None:
        for slot_id, viewer in self.viewers.items():
            source_id = self.shown.get(slot_id)
            if source_id is not None:
                assert source_id in self.running
                assert self.sources[source_id][0] != viewer
                assert self.sources[source_id] not in self.silent


RoomMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestRoomAtRandom = RoomMachine.TestCase
