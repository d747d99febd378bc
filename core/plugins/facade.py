# SPDX-License-Identifier: Apache-2.0
"""The hooks as typed methods: what core and hosts call. One method for each declaration in `hooks`.

Methods of the contract notify return at once, the others are awaited. None of them raises what a plugin raised;
`session_wanted` alone says by an error of its own that a plugin failed.
"""

from collections.abc import Callable, Collection
from typing import final

from podium.core.events import ClientConfiguration, Event, TrackSource, TransportState
from podium.core.identity.caller import Caller
from podium.core.plugins.caller import HookCaller
from podium.core.plugins.errors import PluginError
from podium.core.plugins.health import Health
from podium.core.rooms.messages import Message
from podium.core.rooms.observer import ParticipantView, RoomView, TrackView, Veto, Wait, WaitingOutcome
from podium.core.sessions import SessionChange, SessionView


@final
class Hooks:
    """Fits podium.core.rooms' RoomObserver."""

    def __init__(self, caller: HookCaller) -> None:
        self._caller = caller

    def implements(self, hook: str) -> bool:
        """Whether asking would make a difference."""
        return self._caller.implements(hook)

    def on_change(self, changed: Callable[[Collection[str]], None]) -> None:
        """Have `changed` called with the names of hooks whenever others implement them than before."""
        self._caller.on_change(changed)

    def room_opened(self, *, room: RoomView) -> None:
        self._caller.notify("room_opened", {"room": room})

    def room_closed(self, *, room: RoomView, reason: str) -> None:
        self._caller.notify("room_closed", {"room": room, "reason": reason})

    async def participant_role(self, *, role: str, room: RoomView, participant: ParticipantView) -> str:
        values = {"role": role, "room": room, "participant": participant}
        changed: str = await self._caller.filter("participant_role", values)
        return changed

    async def participant_joining(self, *, room: RoomView, participant: ParticipantView) -> Veto | Wait | None:
        return await self._caller.decide_or_wait("participant_joining", {"room": room, "participant": participant})

    def participant_waiting(self, *, room: RoomView, participant: ParticipantView) -> None:
        self._caller.notify("participant_waiting", {"room": room, "participant": participant})

    def participant_waited(self, *, room: RoomView, participant: ParticipantView, outcome: WaitingOutcome) -> None:
        values = {"room": room, "participant": participant, "outcome": outcome}
        self._caller.notify("participant_waited", values)

    def join_refused(self, *, room: RoomView, participant: ParticipantView, code: str, message: str) -> None:
        values = {"room": room, "participant": participant, "code": code, "message": message}
        self._caller.notify("join_refused", values)

    async def client_configuration(
        self, *, configuration: ClientConfiguration, room: RoomView, participant: ParticipantView
    ) -> ClientConfiguration:
        values = {"configuration": configuration, "room": room, "participant": participant}
        changed: ClientConfiguration = await self._caller.filter("client_configuration", values)
        return changed

    def participant_joined(self, *, room: RoomView, participant: ParticipantView) -> None:
        self._caller.notify("participant_joined", {"room": room, "participant": participant})

    def participant_left(self, *, room: RoomView, participant: ParticipantView, reason: str) -> None:
        self._caller.notify("participant_left", {"room": room, "participant": participant, "reason": reason})

    def track_published(self, *, room: RoomView, participant: ParticipantView, track: TrackView) -> None:
        self._caller.notify("track_published", {"room": room, "participant": participant, "track": track})

    def track_unpublished(self, *, room: RoomView, participant: ParticipantView, track: TrackView) -> None:
        self._caller.notify("track_unpublished", {"room": room, "participant": participant, "track": track})

    def track_muted(self, *, room: RoomView, participant: ParticipantView, source: TrackSource, muted: bool) -> None:
        values = {"room": room, "participant": participant, "source": source, "muted": muted}
        self._caller.notify("track_muted", values)

    def role_changed(self, *, room: RoomView, participant: ParticipantView, previous: str) -> None:
        values = {"room": room, "participant": participant, "previous": previous}
        self._caller.notify("role_changed", values)

    def speaker_changed(self, *, room: RoomView, participant: ParticipantView | None) -> None:
        self._caller.notify("speaker_changed", {"room": room, "participant": participant})

    def session_changed(self, *, session: SessionView, change: SessionChange) -> None:
        self._caller.notify("session_changed", {"session": session, "change": change})

    async def track_audience(
        self, *, audience: frozenset[str], room: RoomView, publisher: ParticipantView, source: TrackSource
    ) -> frozenset[str]:
        values = {"audience": audience, "room": room, "publisher": publisher, "source": source}
        changed: frozenset[str] = await self._caller.filter("track_audience", values)
        return changed

    async def track_priority(
        self, *, priority: float, room: RoomView, publisher: ParticipantView, source: TrackSource
    ) -> float:
        values = {"priority": priority, "room": room, "publisher": publisher, "source": source}
        changed: float = await self._caller.filter("track_priority", values)
        return changed

    async def message_sending(self, *, room: RoomView, message: Message) -> Veto | None:
        return await self._caller.decide("message_sending", {"room": room, "message": message})

    def message_sent(self, *, room: RoomView, message: Message) -> None:
        self._caller.notify("message_sent", {"room": room, "message": message})

    def session_ended(self, *, session_id: str, reason: str) -> None:
        self._caller.notify("session_ended", {"session_id": session_id, "reason": reason})

    def connection_changed(self, *, room: RoomView, participant: ParticipantView, state: TransportState) -> None:
        self._caller.notify("connection_changed", {"room": room, "participant": participant, "state": state})

    def event_emitted(self, *, plugin: str, event: Event) -> None:
        self._caller.notify("event_emitted", {"plugin": plugin, "event": event})

    async def session_wanted(self, *, session_id: str) -> SessionView | None:
        """What the first plugin knows that knows anything.

        Raises PluginError `session_unanswered` when none does and one could not say: that is not the same as None.
        """
        answers = await self._caller.collect("session_wanted", {"session_id": session_id})
        for answer in answers.values():
            if answer.failure is None and answer.value is not None:
                known: SessionView = answer.value
                return known
        failures = [f"plugin {name!r} {answer.failure}" for name, answer in answers.items() if answer.failure]
        if (broken := self._caller.broken_by("session_wanted")) is not None:
            failures.append(f"plugin {broken!r} has failed")
        if failures:
            what = f"it could not be found out whether {session_id!r} is a session: {'; '.join(failures)}"
            raise PluginError("session_unanswered", what, "session_id")
        return None

    async def authenticate(self, *, credential: str) -> dict[str, Caller | Veto]:
        """What those plugins say that know the credential, in their order."""
        answers = await self._caller.collect("authenticate", {"credential": credential})
        return {name: answer.value for name, answer in answers.items() if answer.value and answer.failure is None}

    async def token_shown(self, *, caller: Caller) -> Veto | None:
        return await self._caller.decide("token_shown", {"caller": caller})

    async def health_check(self) -> dict[str, Health]:
        """By plugin; a plugin that fails to answer is failing."""
        answers = await self._caller.collect("health_check", {})
        return {
            name: answer.value if answer.failure is None else Health(status="failing", detail=answer.failure)
            for name, answer in answers.items()
        }
