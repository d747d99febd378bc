# SPDX-License-Identifier: Apache-2.0
"""A class is scheduled over REST on a host with all of scheduling, calendar and events, which is killed (SIGKILL) at
chosen moments and started again: everybody has one invitation, one change and one cancellation.

The moment that SMTP cannot make exact has a test of its own: there the second copy is the same to the byte.
"""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.builtin.calendar.mail_server import MailServer, mail_server
from tests.builtin.calendar.whole_host import PATIENCE, WholeHost

pytestmark = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.campaign)], indirect=True
)

ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "participant_id": "ada"}
STUDENTS = [{"name": f"Student {n}", "email": f"s{n}@example.org", "participant_id": f"s{n}"} for n in range(5)]
PEOPLE = sorted(str(each["email"]) for each in (ADA, *STUDENTS))
DAY = f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}"
CLASS = {
    "session_id": "algebra",
    "title": "Algebra",
    "instructor": ADA,
    "participants": STUDENTS,
    "start": f"{DAY}T09:00",
    "time_zone": "Asia/Kolkata",
    "duration": 45,
}


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def host(tmp_path: Path, database_url: str, server: MailServer, builtins: Any) -> Iterator[WholeHost]:
    """One that runs."""
    if "scheduling" not in builtins or "events" not in builtins:
        pytest.skip("nobody keeps sessions without the plugin scheduling, and all three are asked for")
    host = WholeHost(tmp_path, database_url, server.port)
    host.start()
    yield host
    host.kill()


def hold(server: MailServer, *, after: int, answer: bool = False) -> None:
    """The server takes so many mails and then waits: before it takes the next, or with the answer that it has."""
    server.hold_from, server.hold_answer = after, answer
    server.proceed = threading.Event()


def kill_while_held(host: WholeHost, server: MailServer) -> None:
    assert server.reached.wait(PATIENCE), host.log()
    host.kill()
    assert server.lost.wait(PATIENCE), "the connection of a killed process stays open"
    proceed(server)


def proceed(server: MailServer) -> None:
    assert server.proceed is not None
    server.proceed.set()
    server.proceed = None


def schedule(host: WholeHost) -> Any:
    return host.ask("POST", "/sessions", **CLASS)["session"]


def check_each_has(server: MailServer, method: str, sequence: int, session: Any, *, already: int) -> None:
    """Of the mails beyond those, everybody got exactly one, and it says when the class is."""
    mails = server.received[already:]
    assert sorted(mail.recipients[0] for mail in mails) == PEOPLE
    starts_at = datetime.fromisoformat(session["starts_at"])
    for mail in mails:
        calendar = mail.calendar
        (event,) = calendar.events
        assert calendar["METHOD"] == method
        assert (event["UID"], event["SEQUENCE"]) == ("algebra@podium", sequence)
        assert event["ATTENDEE"] == f"mailto:{mail.recipients[0]}"
        assert event["DTSTART"].dt.astimezone(UTC) == starts_at
        assert event["DTEND"].dt.astimezone(UTC) == starts_at + timedelta(minutes=45)


def check_the_rest_of_its_life(host: WholeHost, server: MailServer, session: Any) -> None:
    """Once everybody is invited: a change and a cancellation reach everybody once, and nothing else comes."""
    already = len(server.received)
    changed = host.ask("PATCH", "/sessions/algebra", version=session["version"], start=f"{DAY}T14:30")
    assert changed["starts_at"] != session["starts_at"]
    host.wait_until_sent("algebra", "REQUEST", 1, len(PEOPLE))
    check_each_has(server, "REQUEST", 1, changed, already=already)
    cancelled = host.ask("DELETE", "/sessions/algebra")
    host.wait_until_sent("algebra", "CANCEL", cancelled["version"] - 1, len(PEOPLE))
    check_each_has(server, "CANCEL", 2, cancelled, already=already + len(PEOPLE))
    host.stop()
    assert len(server.received) == already + 2 * len(PEOPLE)


def test_killed_right_after_the_answer_and_before_any_mail(host: WholeHost, server: MailServer) -> None:
    hold(server, after=0)
    session = schedule(host)
    host.kill()
    proceed(server)
    assert server.received == []
    host.start()
    host.wait_until_sent("algebra", "REQUEST", 0, len(PEOPLE))
    check_each_has(server, "REQUEST", 0, session, already=0)
    check_the_rest_of_its_life(host, server, session)


@pytest.mark.parametrize("taken", [pytest.param(0, marks=pytest.mark.campaign), 3])
def test_killed_while_the_server_has_not_yet_accepted(host: WholeHost, server: MailServer, taken: int) -> None:
    hold(server, after=taken)
    session = schedule(host)
    kill_while_held(host, server)
    assert len(server.received) == taken
    host.start()
    host.wait_until_sent("algebra", "REQUEST", 0, len(PEOPLE))
    check_each_has(server, "REQUEST", 0, session, already=0)
    check_the_rest_of_its_life(host, server, session)


def test_killed_before_the_servers_answer_could_be_written_down(host: WholeHost, server: MailServer) -> None:
    hold(server, after=2, answer=True)
    session = schedule(host)
    kill_while_held(host, server)
    host.start()
    host.wait_until_sent("algebra", "REQUEST", 0, len(PEOPLE))
    doubtful = server.received.pop(2)
    check_each_has(server, "REQUEST", 0, session, already=0)
    (copy,) = (mail for mail in server.received if mail.recipients == doubtful.recipients)
    assert copy.data == doubtful.data
    assert copy.message["Message-ID"] == doubtful.message["Message-ID"]
    assert "may be sent twice" in host.log()
    check_the_rest_of_its_life(host, server, session)


@pytest.mark.campaign
def test_killed_between_a_change_and_its_mails(host: WholeHost, server: MailServer) -> None:
    session = schedule(host)
    host.wait_until_sent("algebra", "REQUEST", 0, len(PEOPLE))
    hold(server, after=len(PEOPLE))
    changed = host.ask("PATCH", "/sessions/algebra", version=session["version"], start=f"{DAY}T11:00")
    host.kill()
    proceed(server)
    host.start()
    host.wait_until_sent("algebra", "REQUEST", 1, len(PEOPLE))
    check_each_has(server, "REQUEST", 1, changed, already=len(PEOPLE))


def test_a_mail_server_that_comes_up_later_gets_everything(tmp_path: Path, database_url: str, builtins: Any) -> None:
    if "scheduling" not in builtins or "events" not in builtins:
        pytest.skip("nobody keeps sessions without the plugin scheduling, and all three are asked for")
    with mail_server() as gone:
        port = gone.port
    host = WholeHost(tmp_path, database_url, port)
    host.start()
    try:
        session = schedule(host)
        host.wait_until("algebra", len(PEOPLE), lambda mail: mail["attempts"] > 0)
        host.kill()
        with mail_server(port) as server:
            host.start()
            host.wait_until_sent("algebra", "REQUEST", 0, len(PEOPLE))
            check_each_has(server, "REQUEST", 0, session, already=0)
            host.stop()
    finally:
        host.kill()


@pytest.mark.campaign
def test_a_server_that_does_not_answer_does_not_hold_up_the_end(host: WholeHost, server: MailServer) -> None:
    hold(server, after=1)
    session = schedule(host)
    assert server.reached.wait(PATIENCE)
    assert host.stop() < 10
    assert server.lost.wait(PATIENCE)
    proceed(server)
    assert "did not stop" not in host.log()
    assert len(server.received) == 1
    host.start()
    mails = host.mails("algebra")
    assert sorted(each["last_error"] for each in mails.values() if each["last_error"]) == [
        "the host stopped before the mail server answered"
    ]
    host.ask("POST", "/calendar/algebra/invitations", recipients=[n for n, each in mails.items() if each["last_error"]])
    host.wait_until_sent("algebra", "REQUEST", 0, len(PEOPLE))
    check_each_has(server, "REQUEST", 0, session, already=0)
