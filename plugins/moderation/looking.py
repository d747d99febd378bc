# SPDX-License-Identifier: Apache-2.0
"""How a class stands: the operations that only look, and the lists that browsers are told."""

from podium.core import Caller, Event, ParticipantInfo, PluginContext, TrackSource
from podium.plugins.moderation.acting import as_present
from podium.plugins.moderation.desk import Desk, desk_of
from podium.plugins.moderation.events import HandsChanged, RaisedHand, WaitingChanged, WaitingPerson
from podium.plugins.moderation.people import Person
from podium.plugins.moderation.requests import (
    AwayPerson,
    ExcludedPerson,
    GetModeration,
    ListParticipants,
    ModerationState,
    ParticipantList,
    PresentPerson,
    SpotlightView,
)
from podium.plugins.moderation.room import RoomState
from podium.plugins.moderation.rules import ACTIONS, LEADING, check_may, may
from podium.plugins.moderation.store import SOURCES
from podium.plugins.moderation.telling import Changed

MOST_AWAY = 300
"""People who are away that a list has, at most."""


async def list_participants(context: PluginContext, caller: Caller, request: ListParticipants) -> ParticipantList:
    """List everybody who is in the class, waits for it, has been there, or may not come in."""
    desk = desk_of(context)
    check_may(as_present(desk, caller, request.session_id), "list", desk.config.allowed)
    state = await desk.known(request.session_id)
    present = desk.present(request.session_id)
    people = [each for name, each in state.people.items() if each.entered and name not in present]
    away = [each for each in people if state.excluded(each.participant_id) is None]
    return ParticipantList(
        session_id=request.session_id,
        present=tuple(_present(state, each) for each in present.values()),
        waiting=waiting(desk, state),
        away=tuple(map(_away, sorted(away, key=_name)[:MOST_AWAY])),
        excluded=excluded(state),
    )


async def get_moderation(context: PluginContext, caller: Caller, request: GetModeration) -> ModerationState:
    """Read how a class stands for the caller: the door, hands, spotlight, one's own mutes, and what one may do.

    Who has a role of the room has to be in it.
    """
    desk = desk_of(context)
    if caller.in_room:
        caller = as_present(desk, caller, request.session_id)
    state = await desk.known(request.session_id)
    leads = caller.role in LEADING or not caller.in_room or may(caller, "admit", desk.config.allowed)
    return ModerationState(
        session_id=request.session_id,
        locked=state.settings.locked,
        waiting_room=state.waiting_room,
        spotlight=_spotlight(state),
        hands=hands(desk, state),
        reactions=desk.config.reactions,
        may=tuple(action for action in ACTIONS if may(caller, action, desk.config.allowed)),
        blocked=_sources(state, caller.subject or ""),
        waiting=waiting(desk, state) if leads else None,
        excluded=excluded(state) if leads else None,
    )


def told(desk: Desk, changed: Changed) -> Event | None:
    """The event for a list that has changed; None for a class that is not known any more."""
    state = desk.known_now(changed.room_id)
    if state is None:
        return None
    if changed.what == "hands":
        return HandsChanged(hands=hands(desk, state))
    return WaitingChanged(waiting=waiting(desk, state))


def hands(desk: Desk, state: RoomState) -> tuple[RaisedHand, ...]:
    """The queue, of those who are there."""
    present = desk.present_now(state.room_id)
    return tuple(
        RaisedHand(participant_id=each.participant_id, display_name=each.display_name, raised_at=each.hand_at)
        for each in state.hands()
        if each.hand_at is not None and each.participant_id in present
    )


def waiting(desk: Desk, state: RoomState) -> tuple[WaitingPerson, ...]:
    connected = desk.connected(state.room_id)
    return tuple(
        WaitingPerson(
            participant_id=each.participant_id,
            display_name=each.display_name,
            since=each.waiting_since,
            connected=each.participant_id in connected,
        )
        for each in state.waiting()
        if each.waiting_since is not None
    )


def excluded(state: RoomState) -> tuple[ExcludedPerson, ...]:
    people = [each for each in state.people.values() if each.kicked or each.refused]
    names = {each.participant_id: each.display_name for each in state.bans.values()}
    names |= {each.participant_id: each.display_name for each in people}
    found = [_excluded(state, participant_id, name) for participant_id, name in names.items()]
    return tuple(sorted(found, key=_name))


def _name(each: Person | ExcludedPerson) -> tuple[str, str]:
    return each.display_name, each.participant_id


def _excluded(state: RoomState, participant_id: str, display_name: str) -> ExcludedPerson:
    person, ban = state.people.get(participant_id), state.bans.get(participant_id)
    return ExcludedPerson(
        participant_id=participant_id,
        display_name=display_name,
        kicked=person is not None and person.kicked,
        banned=ban is not None,
        refused=person is not None and person.refused,
        reason=ban.reason if ban is not None else person.reason if person is not None else "",
    )


def _present(state: RoomState, info: ParticipantInfo) -> PresentPerson:
    person = state.people.get(info.participant_id)
    sources = {track.source: track.muted for track in info.tracks}
    return PresentPerson(
        participant_id=info.participant_id,
        display_name=info.display_name,
        role=info.role,
        promoted=person is not None and person.promoted,
        published=tuple(source for source in SOURCES if source in sources),
        muted=tuple(source for source in SOURCES if sources.get(source)),
        blocked=_sources(state, info.participant_id),
        hand_raised_at=person.hand_at if person is not None else None,
    )


def _away(person: Person) -> AwayPerson:
    return AwayPerson(
        participant_id=person.participant_id,
        display_name=person.display_name,
        role=person.effective_role,
        blocked=tuple(source for source in SOURCES if source in person.muted),
    )


def _sources(state: RoomState, participant_id: str) -> tuple[TrackSource, ...]:
    muted = state.muted(participant_id)
    return tuple(source for source in SOURCES if source in muted)


def _spotlight(state: RoomState) -> SpotlightView | None:
    settings = state.settings
    if settings.spotlight_id is None:
        return None
    return SpotlightView(participant_id=settings.spotlight_id, source=settings.spotlight_source)
