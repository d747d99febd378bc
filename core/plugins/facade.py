# SPDX-License-Identifier: Apache-2.0
"""The hooks as typed methods: what core and hosts call. One method for each declaration in `hooks`.

Methods of the contract notify return at once, the others are awaited. None of them raises what a plugin raised.
"""

from typing import final

from podium.core.events import Event, TrackSource
from podium.core.identity.caller import Caller
from podium.core.plugins.caller import HookCaller
from podium.core.plugins.health import Health
from podium.core.rooms.observer import ParticipantView, RoomView, TrackView, Veto
from podium.core.sessions import SessionChange, SessionView


@final
class Hooks:
    """Fits podium.core.rooms' RoomObserver."""

    def __init__(self, caller: HookCaller) -> None:
        self._caller = caller

    def room_opened(self, *, room: RoomView) -> None:
        self._caller.notify("room_opened", {"room": room})

    def room_closed(self, *, room: RoomView, reason: str) -> None:
        self._caller.notify("room_closed", {"room": room, "reason": reason})

    async def participant_joining(self, *, room: RoomView, participant: ParticipantView) -> Veto | None:
        return await self._caller.decide("participant_joining", {"room": room, "participant": participant})

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

    def session_changed(self, *, session: SessionView, change: SessionChange) -> None:
        self._caller.notify("session_changed", {"session": session, "change": change})

    def event_emitted(self, *, plugin: str, event: Event) -> None:
        self._caller.notify("event_emitted", {"plugin": plugin, "event": event})

    async def authenticate(self, *, credential: str) -> dict[str, Caller | Veto]:
        """What those plugins say that know the credential, in their order."""
        answers = await self._caller.collect("authenticate", {"credential": credential})
        return {name: answer.value for name, answer in answers.items() if answer.value and answer.failure is None}

    async def health_check(self) -> dict[str, Health]:
        """By plugin; a plugin that fails to answer is failing."""
        answers = await self._caller.collect("health_check", {})
        return {
            name: answer.value if answer.failure is None else Health(status="failing", detail=answer.failure)
            for name, answer in answers.items()
        }
