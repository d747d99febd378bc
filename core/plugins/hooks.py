# SPDX-License-Identifier: Apache-2.0
"""The hooks that there are. `docs/plugins/hooks/` has a page for each, and tests keep the two together.

Parameters an implementation does not need may be left out. Nothing here is called per packet.
"""

from podium.core.events import ClientConfiguration, Event, TrackSource, TransportState
from podium.core.identity.caller import Caller
from podium.core.plugins.context import PluginContext
from podium.core.plugins.contracts import collect, decide, declarations, filtering, notify
from podium.core.plugins.health import Health
from podium.core.rooms.identity import ROLES
from podium.core.rooms.messages import Message
from podium.core.rooms.observer import ParticipantView, RoomView, TrackView, Veto, Wait, WaitingOutcome
from podium.core.sessions import SessionChange, SessionView

TELL = 10.0
"""Seconds that a plugin gets to take in one thing that happened."""


@notify(deadline=TELL)
async def room_opened(context: PluginContext, room: RoomView) -> None:
    """A room has opened; nobody is in it yet."""


@notify(deadline=TELL)
async def room_closed(context: PluginContext, room: RoomView, reason: str) -> None:
    """A room is over: `empty` when the last participant left, `room_closed` on request, `shutdown` with the host."""


@filtering(deadline=2.0, among=ROLES)
async def participant_role(context: PluginContext, role: str, room: RoomView, participant: ParticipantView) -> str:
    """What role somebody has who joins, or who asks over REST with a token of the session."""
    raise NotImplementedError


@decide(deadline=2.0)
async def participant_joining(
    context: PluginContext, room: RoomView, participant: ParticipantView
) -> Veto | Wait | None:
    """Somebody wants to join. A `Veto` refuses them, a `Wait` keeps them outside; None lets the next plugin say."""


@notify(deadline=TELL)
async def participant_waiting(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
    """Somebody who wants to join has begun to wait, because a plugin answered `Wait`."""


@notify(deadline=TELL)
async def participant_waited(
    context: PluginContext, room: RoomView, participant: ParticipantView, outcome: WaitingOutcome
) -> None:
    """Somebody waits no longer: they are in the room (`admitted`), were `refused`, or are `gone`."""


@filtering(deadline=2.0)
async def client_configuration(
    context: PluginContext, configuration: ClientConfiguration, room: RoomView, participant: ParticipantView
) -> ClientConfiguration:
    """What a browser that joins has to know before it connects its media, such as TURN servers."""
    raise NotImplementedError


@notify(deadline=TELL)
async def join_refused(
    context: PluginContext, room: RoomView, participant: ParticipantView, code: str, message: str
) -> None:
    """Somebody wanted to join and was refused, by a plugin or because the room is unknown, full or closing."""


@notify(deadline=TELL)
async def participant_joined(context: PluginContext, room: RoomView, participant: ParticipantView) -> None:
    """Somebody is in the room now."""


@notify(deadline=TELL)
async def participant_left(context: PluginContext, room: RoomView, participant: ParticipantView, reason: str) -> None:
    """Somebody is gone, and their tracks with them; no `track_unpublished` is told for those."""


@notify(deadline=TELL)
async def track_published(
    context: PluginContext, room: RoomView, participant: ParticipantView, track: TrackView
) -> None:
    """A track of a participant has begun to flow."""


@notify(deadline=TELL)
async def track_unpublished(
    context: PluginContext, room: RoomView, participant: ParticipantView, track: TrackView
) -> None:
    """A track of a participant who stays no longer flows."""


@notify(deadline=TELL)
async def track_muted(
    context: PluginContext, room: RoomView, participant: ParticipantView, source: TrackSource, muted: bool
) -> None:
    """A participant muted or unmuted one of their own sources, whether or not it flows."""


@notify(deadline=TELL)
async def role_changed(context: PluginContext, room: RoomView, participant: ParticipantView, previous: str) -> None:
    """Somebody in the room has another role: a plugin called `context.rooms.set_role`."""


@notify(deadline=TELL)
async def speaker_changed(context: PluginContext, room: RoomView, participant: ParticipantView | None) -> None:
    """Somebody else than before is the loudest in the room; None: nobody speaks any more."""


@filtering(deadline=1.0, failing=frozenset())
async def track_audience(
    context: PluginContext, audience: frozenset[str], room: RoomView, publisher: ParticipantView, source: TrackSource
) -> frozenset[str]:
    """Who may see or hear a source, as participant ids; at first everybody else in the room."""
    raise NotImplementedError


@filtering(deadline=1.0)
async def track_priority(
    context: PluginContext, priority: float, room: RoomView, publisher: ParticipantView, source: TrackSource
) -> float:
    """How soon a camera (at first 100) or screen (200) is shown where the host fills the slots: the highest first."""
    raise NotImplementedError


@decide(deadline=2.0)
async def message_sending(context: PluginContext, room: RoomView, message: Message) -> Veto | None:
    """A message is about to be sent. A `Veto` refuses it; None lets it go on to the next plugin."""


@notify(deadline=TELL)
async def message_sent(context: PluginContext, room: RoomView, message: Message) -> None:
    """A message was sent to those in the room whom it is for."""


@notify(deadline=TELL)
async def session_ended(context: PluginContext, session_id: str, reason: str) -> None:
    """A session is over for good, not only its room: somebody called `context.rooms.end_session`."""


@notify(deadline=TELL)
async def session_changed(context: PluginContext, session: SessionView, change: SessionChange) -> None:
    """A scheduled class was made, edited or cancelled, or one has opened, begun or ended."""


@notify(deadline=TELL)
async def connection_changed(
    context: PluginContext, room: RoomView, participant: ParticipantView, state: TransportState
) -> None:
    """The media connection of somebody in the room has reached another state; `failed` and `closed` are its last."""


@notify(deadline=TELL)
async def event_emitted(context: PluginContext, plugin: str, event: Event) -> None:
    """Another plugin, or this one, said by `context.emit(event)` that something happened."""


@collect(deadline=2.0, needed=True)
async def session_wanted(context: PluginContext, session_id: str) -> SessionView | None:
    """Somebody asks by `context.sessions.get` what is known of a session or class. None: it is not ours."""


@collect(deadline=5.0)
async def authenticate(context: PluginContext, credential: str) -> Caller | Veto | None:
    """Somebody shows a credential that is no join token or API key of this installation. None: it is not for us."""


@decide(deadline=2.0)
async def token_shown(context: PluginContext, caller: Caller) -> Veto | None:
    """A person's credential for a session was shown, to join or over REST, and is good. A `Veto` voids it."""


@collect(deadline=3.0)
async def health_check(context: PluginContext) -> Health:
    """How the plugin is. Asked when somebody looks; answer from what is known rather than by long tests."""
    raise NotImplementedError


HOOKS = declarations(list(globals().values()))
