# SPDX-License-Identifier: Apache-2.0
"""What the calendar hears, does and can be asked, put together as a plugin."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import msgspec
import trio

from podium.core import (
    Caller,
    Health,
    OperationError,
    Plugin,
    PluginContext,
    PodiumError,
    SessionChange,
    SessionView,
    WebRequest,
    WebResponse,
    kind_of,
)
from podium.plugins.calendar import answers, feeds, store
from podium.plugins.calendar._config import CalendarConfig
from podium.plugins.calendar.answers import InvitationStatus
from podium.plugins.calendar.calendar import Calendar
from podium.plugins.calendar.delivery import Result
from podium.plugins.calendar.names import normal
from podium.plugins.calendar.planning import people_of
from podium.plugins.calendar.replies import replies_untrusted
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
    mails = context.metrics.counter("podium_calendar_mails", "Tries to hand a mail to the mail server.", ("result",))

    def count(result: Result) -> None:
        mails.labels(result).inc()

    context.state = Calendar(context.config, context.database, context.log, lambda: context.operations, count=count)


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


@plugin.task
async def forget(context: PluginContext) -> None:
    """What is long over."""
    await _calendar(context).run_pruning()


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
    return await _take(context, request.calendar.encode("utf-8", "replace"))


async def _take(context: PluginContext, data: bytes) -> CalendarReplyTaken:
    taken = []
    for reply in await trio.to_thread.run_sync(replies_untrusted, data):
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


@plugin.route("GET", "/feed/{file}")
async def feed(context: PluginContext, request: WebRequest) -> WebResponse:
    """All classes of whoever the secret in the address was made for."""
    calendar = _calendar(context)
    recipient = await _feed_owner(calendar, _name_of(request.fields["file"]))
    views = await calendar.database.read(feeds.sessions_of, recipient, calendar.now())
    return await _ics(calendar, views, recipient)


@plugin.route("GET", "/session/{file}")
async def session_file(context: PluginContext, request: WebRequest) -> WebResponse:
    """One session as a file, for somebody who has a feed."""
    calendar = _calendar(context)
    recipient = await _feed_owner(calendar, request.query.get("secret", ""))
    session_id = _name_of(request.fields["file"])
    views = await calendar.database.read(feeds.sessions_of, recipient, calendar.now(), session_id)
    if not views:
        raise OperationError("not_found", "session_unknown", "there is no such session in this calendar")
    return await _ics(calendar, views, recipient)


@plugin.route("POST", "/replies")
async def take_posted_reply(context: PluginContext, request: WebRequest) -> WebResponse:
    """The body of a reply as a mail service posts it, `text/calendar`; for services, with their key."""
    if request.caller.role not in ("service", "administrator"):
        kind: Literal["unauthenticated", "forbidden"] = (
            "unauthenticated" if request.caller.role == "anonymous" else "forbidden"
        )
        raise OperationError(kind, kind, "replies are taken from services: send an API key as `Authorization: Bearer`")
    taken = await _take(context, request.body)
    return WebResponse(body=msgspec.json.encode(taken), content_type="application/json")


def _name_of(file: str) -> str:
    return file.removesuffix(".ics")


async def _feed_owner(calendar: Calendar, secret: str) -> str:
    recipient = await calendar.database.read(feeds.owner_untrusted, secret)
    if recipient is None:
        raise OperationError(
            "not_found", "feed_unknown", "there is no calendar at this address; it may have been ended"
        )
    return recipient


async def _ics(calendar: Calendar, views: Sequence[SessionView], recipient: str) -> WebResponse:
    config = calendar.config
    data = await feeds.feed_of(views, recipient, config, calendar.link)
    headers = {"content-disposition": 'inline; filename="classes.ics"', "cache-control": "private, no-store"}
    return WebResponse(body=data, content_type="text/calendar; charset=utf-8", headers=headers)


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
