# SPDX-License-Identifier: Apache-2.0
"""A room under any order of events keeps its promises: what it decides can be done, and what it tells adds up."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from podium.core.events import (
    ParticipantJoined,
    ParticipantLeft,
    RoleChanged,
    Showing,
    TrackBlocked,
    TrackPublished,
    TrackUnpublished,
)
from podium.core.rooms.decisions import SetAudience, SetGroups, Silence, Switch, Tell
from podium.core.rooms.room import Room
from podium.core.rooms.wishes import Shown

SLOTS = ("v0", "v1", "v2")


class RoomMachine(RuleBasedStateMachine):
    """Carries decisions out on dictionaries, as a worker and some browsers would.

    `shown` is what a slot waits for or shows, `current` what is forwarded in it until the key frame of the other comes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.room = Room("math", audio_slots=3, max_participants=5)
        self.last_id = 0
        self.sources: dict[int, tuple[str, str]] = {}
        self.running: set[int] = set()
        self.silent: set[tuple[str, str]] = set()
        self.silenced: set[int] = set()
        self.blocked: dict[tuple[str, str], set[str]] = {}
        self.told_blocked: dict[str, set[tuple[str, str]]] = {}
        self.roles: dict[str, str] = {}
        self.told_roles: dict[str, dict[str, str]] = {}
        self.viewers: dict[int, str] = {}
        self.shown: dict[int, int | None] = {}
        self.current: dict[int, int] = {}
        self.restricted = False
        self.audiences: dict[tuple[str, str], set[str]] = {}
        self.bits: dict[int, int | None] = {}
        self.groups: dict[str, int] = {}
        self.known: dict[str, set[str]] = {}

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    @rule(name=st.sampled_from("abcde"))
    def come_or_go(self, name: str) -> None:
        if name in self.known:
            self.room.leave(name, "left")
            for here in (self.known, self.roles, self.told_roles, self.told_blocked):
                del here[name]
            self.silent = {each for each in self.silent if each[0] != name}
            self.sources = {each: owner for each, owner in self.sources.items() if owner[0] != name}
            self.viewers = {each: owner for each, owner in self.viewers.items() if owner != name}
            self.audiences = {each: audience - {name} for each, audience in self.audiences.items() if each[0] != name}
        else:
            self.groups[name] = 0
            self.room.join(name, name, "student")
            joined = self.room.snapshot(name)
            self.known[name] = {each.participant_id for each in joined.participants}
            self.roles[name] = "student"
            self.told_roles[name] = {each.participant_id: each.role for each in joined.participants} | {name: "student"}
            own = {(name, source) for source in joined.blocked}
            self.told_blocked[name] = own | {
                (each.participant_id, source) for each in joined.participants for source in each.blocked
            }
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
            self.bits.update(dict.fromkeys(made))
            self.audiences[name, source] = set() if self.restricted else set(self.known) - {name}
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

    @rule(
        name=st.sampled_from("abcde"), source=st.sampled_from(["camera", "screen"]), owner=st.sampled_from(["x", "y"])
    )
    def block_or_not(self, name: str, source: str, owner: str) -> None:
        """Of somebody who is there or not."""
        owners = self.blocked.setdefault((name, source), set())
        owners ^= {owner}
        self.room.set_blocked(name, source, owner in owners, owner)  # type: ignore[arg-type]  # a sampled literal
        self.carry_out()

    @rule(owner=st.sampled_from(["x", "y"]))
    def lift_blocks(self, owner: str) -> None:
        for owners in self.blocked.values():
            owners.discard(owner)
        self.room.lift_blocks(owner)
        self.carry_out()

    @precondition(lambda self: self.known)
    @rule(data=st.data(), role=st.sampled_from(["student", "instructor"]))
    def promote_or_demote(self, data: st.DataObject, role: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.known)))
        self.room.set_role(name, role)
        self.roles[name] = role
        self.carry_out()

    @precondition(lambda self: len(self.known) > 1)
    @rule(data=st.data(), mid=st.sampled_from(SLOTS), height=st.none() | st.sampled_from([180, 400]))
    def wish(self, data: st.DataObject, mid: str, height: int | None) -> None:
        viewer, owner = data.draw(st.permutations(sorted(self.known)))[:2]
        self.room.show(viewer, [Shown(mid=mid, participant_id=owner, max_height=height)])
        self.carry_out()

    @rule()
    def restrict_or_not(self) -> None:
        self.restricted = not self.restricted
        self.room.audiences.restrict(self.restricted)
        self.audiences = {each: set(self.known) - {each[0]} for each in self.sources.values()}
        self.carry_out()

    @precondition(lambda self: self.restricted and self.sources)
    @rule(data=st.data())
    def decide_about_an_audience(self, data: st.DataObject) -> None:
        name, source = data.draw(st.sampled_from(sorted(set(self.sources.values()))))
        audience = data.draw(st.sets(st.sampled_from("abcde")))
        self.room.audiences.decide(name, source, audience)  # type: ignore[arg-type]  # a sampled literal
        self.audiences[name, source] = (audience & set(self.known)) - {name}
        self.carry_out()

    @precondition(lambda self: self.sources)
    @rule(data=st.data(), priority=st.none() | st.sampled_from([50.0, 150.0, 250.0]))
    def prefer(self, data: st.DataObject, priority: float | None) -> None:
        name, source = data.draw(st.sampled_from(sorted(set(self.sources.values()))))
        self.room.set_priority(name, source, priority)  # type: ignore[arg-type]  # a sampled literal
        self.carry_out()

    @rule()
    def key_frames_come(self) -> None:
        """Every slot shows what it waits for, and the room learns of it."""
        for slot_id, source_id in self.shown.items():
            if source_id is not None and slot_id in self.viewers:
                self.current[slot_id] = source_id
                self.room.slot_switched(slot_id, source_id)
        self.carry_out()

    def carry_out(self) -> None:
        for decision in self.room.take_decisions():
            match decision:
                case Switch():
                    self.switch(decision)
                case Silence(source_id, silent):
                    (self.silenced.add if silent else self.silenced.remove)(source_id)
                case SetAudience(source_id, bits):
                    assert source_id in self.sources
                    self.bits[source_id] = bits
                    self.withdraw()
                case SetGroups(participant_id, groups):
                    self.groups[participant_id] = groups
                    self.withdraw()
                case Tell():
                    self.hear(decision)
        for decision in self.room.take_decisions():
            assert isinstance(decision, Tell)
            assert isinstance(decision.event, Showing)

    def switch(self, decision: Switch) -> None:
        slot_id, source_id = decision
        assert slot_id in self.viewers
        assert source_id is None or source_id in self.sources
        assert source_id is None or self.may_receive(self.viewers[slot_id], source_id)
        self.shown[slot_id] = source_id
        if source_id is None:
            self.current.pop(slot_id, None)
            self.room.slot_switched(slot_id, 0)

    def may_receive(self, viewer: str, source_id: int) -> bool:
        bits = self.bits[source_id]
        return bits is None or self.groups[viewer] & bits != 0

    def withdraw(self) -> None:
        """What a worker does when groups change: forwarding ends at once."""
        for slot_id, viewer in self.viewers.items():
            source_id = self.current.get(slot_id)
            if source_id in self.sources and not self.may_receive(viewer, source_id):
                del self.current[slot_id]

    def hear(self, tell: Tell) -> None:
        """Nobody is told of somebody they do not know of."""
        known, event = self.known[tell.participant_id], tell.event
        roles, blocked = self.told_roles[tell.participant_id], self.told_blocked[tell.participant_id]
        if isinstance(event, ParticipantJoined):
            assert event.participant.participant_id not in known
            known.add(event.participant.participant_id)
            roles[event.participant.participant_id] = event.participant.role
            blocked |= {(event.participant.participant_id, source) for source in event.participant.blocked}
        elif isinstance(event, ParticipantLeft):
            known.remove(event.participant_id)
            del roles[event.participant_id]
            blocked -= {each for each in blocked if each[0] == event.participant_id}
        elif isinstance(event, TrackBlocked):
            assert event.blocked is ((event.participant_id, event.source) not in blocked)
            blocked ^= {(event.participant_id, event.source)}
        elif isinstance(event, RoleChanged):
            assert roles[event.participant_id] != event.role
            roles[event.participant_id] = event.role
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
                assert not self.blocked.get(self.sources[source_id])

    @invariant()
    def the_worker_forwards_what_is_neither_muted_nor_blocked(self) -> None:
        silent = {each for each, key in self.sources.items() if key in self.silent or self.blocked.get(key)}
        assert self.silenced & self.sources.keys() == silent

    @invariant()
    def everybody_knows_what_is_blocked_and_who_is_what(self) -> None:
        blocked = {each for each, owners in self.blocked.items() if owners and each[0] in self.known}
        assert all(told == blocked for told in self.told_blocked.values())
        assert all(told == self.roles for told in self.told_roles.values())

    @invariant()
    def nobody_is_shown_what_is_not_for_them(self) -> None:
        for slot_id, viewer in self.viewers.items():
            for source_id in (self.shown.get(slot_id), self.current.get(slot_id)):
                if source_id in self.sources and self.restricted:
                    assert viewer in self.audiences[self.sources[source_id]]

    @invariant()
    def the_worker_knows_the_audiences(self) -> None:
        for source_id, (owner, source) in self.sources.items():
            reached = {each for each in self.known if each != owner and self.may_receive(each, source_id)}
            assert reached == (self.audiences[owner, source] if self.restricted else self.known.keys() - {owner})


RoomMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestRoomAtRandom = RoomMachine.TestCase
