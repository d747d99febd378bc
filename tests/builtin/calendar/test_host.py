# SPDX-License-Identifier: Apache-2.0
"""The calendar beside scheduling in a running host: mails go out by themselves, and what can be asked."""

import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, get_args
from urllib.parse import parse_qs, urlsplit

import pytest
import recurring_ical_events  # type: ignore[import-untyped]  # it has no types
import trio
from icalendar import Calendar

from podium.core import Caller, OperationError, PodiumError, new_key
from podium.core.identity.caller import CallerRole
from podium.core.plugins.discovery import Installed
from podium.plugins.calendar import plugin
from tests.builtin.calendar.mail_server import MailServer, Received, mail_server
from tests.builtin.calendar.test_replies import GOOGLE
from tests.builtin.conftest import StartHost
from tests.builtin.host import BuiltinHost

ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "participant_id": "ada"}
BEN = {"name": "Ben", "email": "ben@example.org", "participant_id": "ben"}
ZOE = {"name": "Zoë", "email": "zoe@example.org", "participant_id": "zoe", "language": "de"}
SERVICE = Caller(role="service", subject="school")
KEY = new_key("mail")
NEXT_WEEK = f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}T09:00"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
async def host(
    start_host: StartHost, server: MailServer, builtins: Mapping[str, Installed]
) -> AsyncIterator[BuiltinHost]:
    if "scheduling" not in builtins:
        pytest.skip("nobody keeps sessions without the plugin scheduling")
    settings = (
        'base_url = "https://classes.example.org"\nsender = "classes@example.org"\n'
        f'[plugins.calendar.smtp]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
        f'[auth]\napi_keys = ["{KEY.entry}"]\n'
    )
    async with start_host(settings={"calendar": settings}) as host:
        yield host


async def scheduled(host: BuiltinHost, **fields: Any) -> str:
    values: dict[str, Any] = {
        "title": "Algebra",
        "instructor": ADA,
        "start": NEXT_WEEK,
        "time_zone": "Europe/Berlin",
        "duration": 60,
        "session_id": "algebra",
        "participants": (BEN, ZOE),
    } | fields
    made = await host.call("ScheduleSession", **values)
    return str(made.session.session_id)


async def arrived(server: MailServer, number: int) -> list[Received]:
    """The mails, once there are so many."""
    await until(lambda: len(server.received) >= number)
    assert len(server.received) == number
    return server.received


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(30):
        while not condition():
            await trio.sleep(0.01)


async def test_scheduling_changing_and_cancelling_send_mails_by_themselves(
    host: BuiltinHost, server: MailServer
) -> None:
    await scheduled(host)
    await arrived(server, 3)
    session = await host.call("GetSession", session_id="algebra")
    (event,) = server.by_recipient()["ben@example.org"].calendar.events
    assert event["DTSTART"].dt == session.starts_at
    await host.call("UpdateSession", session_id="algebra", version=session.version, title="Algebra II")
    await arrived(server, 6)
    await host.call("CancelSession", session_id="algebra")
    await arrived(server, 9)
    mails = [mail.calendar for mail in server.received if mail.recipients == ["ben@example.org"]]
    assert [calendar["METHOD"] for calendar in mails] == ["REQUEST", "REQUEST", "CANCEL"]
    sequences = [calendar.events[0]["SEQUENCE"] for calendar in mails]
    assert sequences == sorted(set(sequences))
    assert {str(calendar.events[0]["UID"]) for calendar in mails} == {"algebra@podium"}


async def test_the_link_in_a_mail_is_the_recipients_own(host: BuiltinHost, server: MailServer) -> None:
    await scheduled(host)
    await arrived(server, 3)
    for person in (ADA, BEN, ZOE):
        link = urlsplit(str(server.by_recipient()[person["email"]].calendar.events[0]["URL"]))
        assert link.netloc == "classes.example.org"
        (invitation,) = parse_qs(link.query)["invitation"]
        status = await host.call(
            "GetSessionStatus", Caller(role="anonymous"), session_id="algebra", invitation=invitation
        )
        assert status.display_name == person["name"]


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Australia/Sydney", "Asia/Kolkata"])
async def test_a_series_with_exceptions_expands_to_the_sessions_own_classes(
    host: BuiltinHost, server: MailServer, zone: str
) -> None:
    await scheduled(host, recurrence="FREQ=WEEKLY;COUNT=40", participants=(), time_zone=zone)
    await arrived(server, 1)
    listed = (await host.call("ListSessions", session_id="algebra", limit=200)).sessions
    rooms = [view.occurrence.room_id for view in listed]
    later = f"{listed[2].occurrence.starts_at + timedelta(days=1):%Y-%m-%d}T15:30"
    version = listed[0].version
    changed = await host.call("UpdateSession", session_id=rooms[2], version=version, start=later)
    await host.call("CancelSession", session_id=rooms[5], version=changed.version)
    await until(lambda: b"EXDATE" in server.received[-1].calendar.to_ical())
    listed = (await host.call("ListSessions", session_id="algebra", limit=200)).sessions
    expected = sorted(view.occurrence.starts_at for view in listed if not view.occurrence.cancelled)
    found = recurring_ical_events.of(server.received[-1].calendar).between(
        datetime.now(UTC), datetime.now(UTC) + timedelta(days=400)
    )
    assert sorted(event.start.astimezone(UTC) for event in found) == expected
    assert len(expected) == 39


async def test_how_invitations_stand_is_told_to_those_who_teach(host: BuiltinHost, server: MailServer) -> None:
    server.refused_recipients["zoe@example.org"] = ["550 no such user"]
    await scheduled(host)
    await arrived(server, 2)
    instructor = Caller(role="instructor", subject="ada", session_id="algebra")

    async def failed() -> bool:
        status = await host.call("GetInvitationStatus", instructor, session_id="algebra", recipient="Zoe@example.org")
        return bool(status.state == "failed" and status.last_error == "the mail server answered 550 no such user")

    with trio.fail_after(30):
        while not await failed():
            await trio.sleep(0.01)
    first = await host.call("ListInvitations", instructor, session_id="algebra", limit=2)
    assert [each.recipient for each in first.invitations] == ["ada@example.org", "ben@example.org"]
    rest = await host.call("ListInvitations", instructor, session_id="algebra", limit=2, after=first.next_after)
    assert [each.recipient for each in rest.invitations] == ["zoe@example.org"]
    assert rest.next_after is None


TEACHERS = {"instructor", "service", "administrator"}
MAY_CALL = {
    "SendCalendarInvitation": TEACHERS,
    "ListInvitations": TEACHERS,
    "GetInvitationStatus": TEACHERS,
    "ReceiveCalendarReply": {"service", "administrator"},
    "CreateCalendarFeed": {"observer", "student", "assistant"} | TEACHERS,
}


def test_who_may_call_what() -> None:
    roles = get_args(CallerRole)
    found = {
        name: {role for role in roles if operation.admits(Caller(role=role))}
        for name, operation in plugin.operations.items()
    }
    assert found == MAY_CALL


@pytest.mark.parametrize("operation", ["ListInvitations", "SendCalendarInvitation", "CreateCalendarFeed"])
async def test_people_of_another_session_learn_nothing(host: BuiltinHost, server: MailServer, operation: str) -> None:
    await scheduled(host)
    await scheduled(host, session_id="logic", start=NEXT_WEEK.replace("09:00", "12:00"))
    stranger = Caller(role="instructor", subject="ada", session_id="logic")
    with pytest.raises(OperationError, match="not for callers of another session"):
        await host.call(operation, stranger, session_id="algebra")
    with pytest.raises(PodiumError, match=r"there is no session"):
        await host.call(operation, SERVICE, session_id="nothing")


async def test_the_instructor_of_one_class_of_a_series_may_ask(host: BuiltinHost, server: MailServer) -> None:
    await scheduled(host, recurrence="FREQ=WEEKLY;COUNT=3")
    await arrived(server, 3)
    room = (await host.call("GetSession", session_id="algebra")).occurrence.room_id
    instructor = Caller(role="instructor", subject="ada", session_id=room)
    for name in ("algebra", room):
        assert len((await host.call("ListInvitations", instructor, session_id=name)).invitations) == 3


async def test_an_invitation_is_sent_again_on_request(host: BuiltinHost, server: MailServer) -> None:
    await scheduled(host)
    await arrived(server, 3)
    due = await host.call("SendCalendarInvitation", SERVICE, session_id="algebra", recipients=["BEN@example.org"])
    assert due.recipients == ("ben@example.org",)
    await arrived(server, 4)
    assert server.received[-1].recipients == ["ben@example.org"]
    with pytest.raises(OperationError, match=r"eve@example\.org is not invited"):
        await host.call("SendCalendarInvitation", SERVICE, session_id="algebra", recipients=["eve@example.org"])


async def test_a_posted_reply_updates_the_status(host: BuiltinHost, server: MailServer) -> None:
    await scheduled(host)
    await arrived(server, 3)
    taken = await host.call("ReceiveCalendarReply", SERVICE, calendar=GOOGLE.decode())
    assert [(each.session_id, each.invitation.answer) for each in taken.replies] == [("algebra", "accepted")]
    status = await host.call("GetInvitationStatus", SERVICE, session_id="algebra", recipient="ben@example.org")
    assert status.answer == "accepted"
    for text, code in ((GOOGLE.replace(b"Ben@", b"Eve@"), "invitation_unknown"), (b"junk", "reply_invalid")):
        with pytest.raises(PodiumError) as caught:
            await host.call("ReceiveCalendarReply", SERVICE, calendar=text.decode())
        assert caught.value.code == code


async def test_health_says_what_waits(host: BuiltinHost, server: MailServer) -> None:
    await scheduled(host)
    await arrived(server, 3)
    calendar = host.context("calendar").state
    await until(lambda: calendar.delivery.problem is None and calendar.following.problem is None)
    with trio.fail_after(30):
        while (health := (await host.plugins.hooks.health_check())["calendar"]).detail[0] != "0":
            await trio.sleep(0.01)
    assert (health.status, health.detail) == ("ok", "0 invitations wait, 0 could not be delivered")
    page, _ = host.plugins.metrics.page()
    assert b'podium_calendar_mails_total{result="sent"} 3.0' in page


# Feeds and files


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: dict[str, str]


async def fetched(host: BuiltinHost, url: str, data: bytes | None = None, key: str | None = None) -> Answer:
    """What the host's web server answers for a public URL."""
    parts = urlsplit(url)
    local = f"http://127.0.0.1:{host.port}{parts.path}?{parts.query}"
    headers = {"content-type": "text/calendar"} | ({"authorization": f"Bearer {key}"} if key else {})

    def fetch() -> Answer:
        request = urllib.request.Request(local, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return Answer(answer.status, answer.read(), dict(answer.headers.items()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), dict(error.headers.items()))

    return await trio.to_thread.run_sync(fetch)


async def test_a_feed_shows_all_classes_of_one_person_and_follows_changes(
    host: BuiltinHost, server: MailServer
) -> None:
    await scheduled(host)
    await scheduled(host, session_id="logic", title="Logic", start=NEXT_WEEK.replace("09", "12"), participants=(BEN,))
    await arrived(server, 5)
    student = Caller(role="student", subject="ben", session_id="algebra")
    feed = await host.call("CreateCalendarFeed", student, session_id="algebra")
    assert feed.webcal_url == feed.url.replace("https://", "webcal://")
    answer = await fetched(host, feed.url)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    calendar: Any = Calendar.from_ical(answer.body)
    assert calendar["METHOD"] == "PUBLISH"
    assert {str(event["SUMMARY"]) for event in calendar.events} == {"Algebra", "Logic"}
    assert all("invitation=ben." in str(event["URL"]) for event in calendar.events)
    await host.call("CancelSession", session_id="logic")
    await arrived(server, 7)
    calendar = Calendar.from_ical((await fetched(host, feed.url)).body)
    assert [str(event["SUMMARY"]) for event in calendar.events] == ["Algebra"]


async def test_a_session_is_a_file_for_who_is_in_it(host: BuiltinHost, server: MailServer) -> None:
    await scheduled(host)
    await scheduled(host, session_id="logic", start=NEXT_WEEK.replace("09", "12"), participants=(ZOE,))
    await arrived(server, 5)
    feed = await host.call("CreateCalendarFeed", SERVICE, session_id="algebra", recipient="ben@example.org")
    answer = await fetched(host, feed.session_url)
    calendar: Any = Calendar.from_ical(answer.body)
    assert [str(event["UID"]) for event in calendar.events] == ["algebra@podium"]
    assert (await fetched(host, feed.session_url.replace("algebra.ics", "logic.ics"))).status == 404
    assert (await fetched(host, feed.session_url.partition("?")[0])).status == 404


async def test_a_feed_ends_when_it_is_revoked_and_a_guess_finds_nothing(host: BuiltinHost, server: MailServer) -> None:
    await scheduled(host)
    await arrived(server, 3)
    student = Caller(role="student", subject="ben", session_id="algebra")
    old = await host.call("CreateCalendarFeed", student, session_id="algebra")
    new = await host.call("CreateCalendarFeed", student, session_id="algebra", revoke_others=True)
    assert (await fetched(host, old.url)).status == 404
    assert (await fetched(host, new.url)).status == 200
    assert (await fetched(host, new.url[:-5] + "x.ics")).status == 404


async def test_only_the_last_feeds_of_a_person_are_kept(host: BuiltinHost, server: MailServer) -> None:
    await scheduled(host)
    await arrived(server, 3)
    ben = {"session_id": "algebra", "recipient": "ben@example.org"}
    made = [(await host.call("CreateCalendarFeed", SERVICE, **ben)).url for _ in range(11)]
    assert [(await fetched(host, url)).status for url in (made[0], made[1], made[-1])] == [404, 200, 200]


async def test_people_get_their_own_feed_only(host: BuiltinHost, server: MailServer) -> None:
    await scheduled(host)
    await arrived(server, 3)
    nobody = Caller(role="student", subject="eve", session_id="algebra")
    for caller, fields in ((nobody, {}), (SERVICE, {}), (SERVICE, {"recipient": "eve@example.org"})):
        with pytest.raises(OperationError, match="not of this session"):
            await host.call("CreateCalendarFeed", caller, session_id="algebra", **fields)


async def test_a_mail_service_posts_a_reply_as_it_came(host: BuiltinHost, server: MailServer) -> None:
    await scheduled(host)
    await arrived(server, 3)
    url = "https://classes.example.org/plugins/calendar/replies"
    assert (await fetched(host, url, GOOGLE)).status == 401
    assert (await fetched(host, url, GOOGLE, key=new_key("mail").key)).status == 401
    assert (await fetched(host, url, b"junk", key=KEY.key)).status == 400
    answer = await fetched(host, url, GOOGLE, key=KEY.key)
    assert answer.status == 200
    assert b'"answer":"accepted"' in answer.body
    status = await host.call("GetInvitationStatus", SERVICE, session_id="algebra", recipient="ben@example.org")
    assert status.answer == "accepted"
