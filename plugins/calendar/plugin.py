# SPDX-License-Identifier: Apache-2.0
"""What the calendar hears, does and can be asked, put together as a plugin."""

from functools import partial

from podium.core import (
    Caller,
    Health,
    OperationError,
    Plugin,
    PluginContext,
    PodiumError,
    SessionChange,
    SessionView,
    kind_of,
)
from podium.plugins.calendar import answers, feeds, store
from podium.plugins.calendar._config import CalendarConfig
from podium.plugins.calendar.answers import InvitationStatus
from podium.plugins.calendar.calendar import Calendar
from podium.plugins.calendar.names import normal
from podium.plugins.calendar.planning import people_of
from podium.plugins.calendar.replies import ReplyError, replies_untrusted
from podium.plugins.calendar.requests import (
    CalendarFeed,
    CalendarReplyTaken,
    CreateCalendarFeed,
    GetInvitationStatus,
    InvitationPage,
    InvitationsDue,
    ListInvitations,
    ReceiveCalendarReply,
    SendCalendarInvitation,
    TakenReply,
)
from podium.plugins.calendar.tables import metadata

TEACHERS = ("instructor", "service", "administrator")
PEOPLE = ("observer", "student", "assistant", "instructor", "service", "administrator")

plugin = Plugin(
    "calendar",
    version="1.0",
    after=("scheduling",),
    config=CalendarConfig,
    tables=metadata,
    migrations="podium.plugins.calendar.migrations",
)


@plugin.on_start
async def start(context: PluginContext) -> None:
    """Made anew each time the plugin is enabled."""
    context.state = Calendar(context.config, context.database, context.log, lambda: context.operations)


@plugin.task
async def follow(context: PluginContext) -> None:
    """Sessions into the outbox."""
    await _calendar(context).following.run()


@plugin.task
async def deliver(context: PluginContext) -> None:
    """The outbox to the mail server."""
    await _calendar(context).run_delivery()


@plugin.task
async def read_mailbox(context: PluginContext) -> None:
    """Replies that come as mail."""
    await _calendar(context).run_mailbox()


@plugin.hook
async def session_changed(context: PluginContext, session: SessionView, change: SessionChange) -> None:  # noqa: ARG001  # what changed is read in order
    _calendar(context).following.changed.ring()


@plugin.hook
async def health_check(context: PluginContext) -> Health:
    return await _calendar(context).health()


@plugin.operation(roles=TEACHERS, rest="POST /calendar/{session_id}/invitations", any_session=True)
async def send_calendar_invitation(
    context: PluginContext, caller: Caller, request: SendCalendarInvitation
) -> InvitationsDue:
    """Send the invitations to a session now, again where they were sent.

    Invitations go out by themselves; this is for one that got lost, or that waits for its next try.
    """
    calendar = _calendar(context)
    session_id = await _session(context, caller, request.session_id)
    await calendar.following.catch_up()
    wanted = {normal(address) for address in request.recipients}
    found = await calendar.database.run(store.again, session_id, wanted or None, calendar.now())
    if missing := sorted(wanted - set(found)):
        raise OperationError(
            "not_found", "recipient_unknown", f"{missing[0]} is not invited to this session", "recipients"
        )
    calendar.delivery.due.ring()
    return InvitationsDue(session_id=session_id, recipients=tuple(found))


@plugin.operation(roles=TEACHERS, rest="GET /calendar/{session_id}/invitations", any_session=True)
async def list_invitations(context: PluginContext, caller: Caller, request: ListInvitations) -> InvitationPage:
    """How the invitations to a session stand: sent or not and why, and what people answered."""
    session_id = await _session(context, caller, request.session_id)
    after, most = normal(request.after), request.limit + 1
    found = await _calendar(context).database.read(answers.statuses, session_id, after, most)
    shown = found[: request.limit]
    return InvitationPage(invitations=tuple(shown), next_after=shown[-1].recipient if len(found) > len(shown) else None)


@plugin.operation(roles=TEACHERS, rest="GET /calendar/{session_id}/invitations/{recipient}", any_session=True)
async def get_invitation_status(
    context: PluginContext, caller: Caller, request: GetInvitationStatus
) -> InvitationStatus:
    """How the invitation of one person stands."""
    session_id = await _session(context, caller, request.session_id)
    return await _status(context, session_id, normal(request.recipient))


@plugin.operation(roles=("service", "administrator"), rest="POST /calendar-replies")
async def receive_calendar_reply(
    context: PluginContext,
    caller: Caller,  # noqa: ARG001  # the signature of an operation is given
    request: ReceiveCalendarReply,
) -> CalendarReplyTaken:
    """Take what somebody answered to an invitation: the webhook for services that receive mail."""
    taken = []
    try:
        found = replies_untrusted(request.calendar.encode())
    except UnicodeEncodeError:
        raise ReplyError("reply_invalid", "this is no reply to an invitation: it is no text", "calendar") from None
    for reply in found:
        if not await _calendar(context).take_reply(reply):
            raise OperationError(
                "not_found", "invitation_unknown", "nobody with this address was invited to this session", "calendar"
            )
        status = await _status(context, reply.session_id, reply.recipient)
        taken.append(TakenReply(session_id=reply.session_id, invitation=status))
    return CalendarReplyTaken(replies=tuple(taken))


@plugin.operation(roles=PEOPLE, rest="POST /calendar/{session_id}/feeds", any_session=True)
async def create_calendar_feed(context: PluginContext, caller: Caller, request: CreateCalendarFeed) -> CalendarFeed:
    """A secret address at which somebody finds all their classes as a calendar to subscribe to.

    People in a session get their own; services and administrators name somebody of the session.
    """
    calendar = _calendar(context)
    if not calendar.config.base_url:
        raise OperationError("unavailable", "base_url_missing", "plugins.calendar.base_url is not set")
    session_id = await _session(context, caller, request.session_id)
    view = await calendar.database.read(store.view_of, session_id)
    people = {} if view is None else people_of(view)
    if caller.in_room:
        mine = [address for address, person in people.items() if person.participant_id == caller.subject]
    else:
        mine = [address for address in people if address == normal(request.recipient or "")]
    if not mine:
        raise OperationError("not_found", "recipient_unknown", "this person is not of this session", "recipient")
    secret = await calendar.database.run(
        partial(feeds.create, revoke_others=request.revoke_others), mine[0], calendar.now()
    )
    url = f"{calendar.config.base_url}/plugins/calendar/feed/{secret}.ics"
    return CalendarFeed(
        url=url,
        webcal_url=f"webcal://{url.partition('://')[2]}",
        session_url=f"{calendar.config.base_url}/plugins/calendar/session/{session_id}.ics?secret={secret}",
    )


def _calendar(context: PluginContext) -> Calendar:
    assert isinstance(context.state, Calendar)
    return context.state


async def _session(context: PluginContext, caller: Caller, name: str) -> str:
    """The session that is meant. People in a room may ask about the session of that room alone."""
    session_id = await _resolved(context, name)
    if caller.in_room and (caller.session_id is None or await _resolved(context, caller.session_id) != session_id):
        raise OperationError("forbidden", "forbidden", "this is not for callers of another session", "session_id")
    return session_id


async def _resolved(context: PluginContext, name: str) -> str:
    """The session with this id, or the one that a class with this id belongs to."""
    calendar = _calendar(context)
    if await calendar.database.read(store.view_of, name) is not None:
        return name
    try:
        return await calendar.following.session_of(name)
    except PodiumError as error:
        raise OperationError(kind_of(error), error.code, error.message, "session_id") from error


async def _status(context: PluginContext, session_id: str, recipient: str) -> InvitationStatus:
    found = await _calendar(context).database.read(answers.statuses, session_id, "", 1, recipient)
    if not found:
        raise OperationError(
            "not_found", "recipient_unknown", "nobody with this address was invited to this session", "recipient"
        )
    return found[0]
