# SPDX-License-Identifier: Apache-2.0
"""From a scheduled session to mails in a real server, on both databases; what fails is tried again or told."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from podium.core import DatabaseError, Person, PodiumError
from podium.core.plugins.manager import GIVE_UP_AFTER as GIVE_UP_ON_PLUGIN
from podium.plugins.calendar import CalendarConfig, delivery, outbox, store
from podium.plugins.calendar.delivery import GIVE_UP_AFTER
from podium.plugins.calendar.mail import Letter, message_of
from podium.plugins.calendar.outbox import LEASE
from podium.plugins.calendar.pacing import FIRST_PAUSE, FIRST_SERVER_PAUSE, LONGEST_PAUSE, pause_after
from podium.plugins.calendar.tables import cursor, invitations
from tests.builtin.calendar.desk import Sessions, config_for, open_desk
from tests.builtin.calendar.mail_server import PASSWORD, MailServer, authenticate, certificate, mail_server
from tests.builtin.calendar.samples import ADA, BEN, ZOE, edited, session_at

SESSION = session_at("2026-11-23T09:00")
ALL = ["Zoe@Example.org", "ada@example.org", "ben@example.org"]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


async def test_everybody_gets_an_invitation_of_their_own(database_url: str, server: MailServer) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        await desk.send()
        assert {mail.message["To"].addresses[0].addr_spec.lower() for mail in server.received} == set(
            server.by_recipient()
        )
        for person in (ADA, BEN, ZOE):
            mail = server.by_recipient()[person.email.lower()]
            (event,) = mail.calendar.events
            assert event["DTSTART"].dt.astimezone(UTC) == SESSION.starts_at
            assert event["DTEND"].dt.astimezone(UTC) == SESSION.ends_at
            assert event["ATTENDEE"] == f"mailto:{person.email}"
            assert f"invitation={person.participant_id}.secret" in event["URL"]
        assert await desk.states() == {"ada": "sent", "ben": "sent", "zoe": "sent"}
        await desk.send()
        assert len(server.received) == 3


async def test_a_change_and_a_cancellation_follow_under_the_same_uid(database_url: str, server: MailServer) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk:
        changed = edited(SESSION, starts_at=SESSION.starts_at + timedelta(hours=1))
        for view in (SESSION, changed, edited(changed, cancelled=True)):
            await desk.change(view)
            await desk.send()
        mails = [mail for mail in server.received if mail.recipients == ["ben@example.org"]]
        events = [mail.calendar.events[0] for mail in mails]
        assert [mail.calendar["METHOD"] for mail in mails] == ["REQUEST", "REQUEST", "CANCEL"]
        assert [event["SEQUENCE"] for event in events] == [0, 1, 2]
        assert len({str(event["UID"]) for event in events}) == 1
        assert events[1]["DTSTART"].dt == changed.starts_at
        assert [mail.message["Subject"].split(":")[0] for mail in mails] == ["Invitation", "Changed", "Cancelled"]
        assert len({mail.message["Message-ID"] for mail in server.received}) == 9


async def test_a_series_arrives_with_its_rule(database_url: str, server: MailServer) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(session_at("2026-11-23T09:00", recurrence="FREQ=WEEKLY;COUNT=10;BYDAY=MO"))
        await desk.send()
        (event,) = server.received[0].calendar.events
        assert event["RRULE"].to_ical() == b"FREQ=WEEKLY;COUNT=10;BYDAY=MO"


async def test_who_is_refused_for_now_is_tried_again_with_growing_pauses(database_url: str, server: MailServer) -> None:
    server.refused_recipients["ben@example.org"] = ["451 4.3.0 try later"] * 2
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        await desk.send()
        status = (await desk.statuses())["ben"]
        assert (status.state, status.attempts) == ("pending", 1)
        assert status.last_error == "the mail server answered 451 4.3.0 try later"
        assert status.next_attempt_at == desk.now + FIRST_PAUSE
        desk.later(seconds=29)
        await desk.send()
        assert (await desk.statuses())["ben"].attempts == 1
        desk.later(seconds=1)
        await desk.send()
        assert (await desk.statuses())["ben"].next_attempt_at == desk.now + 2 * FIRST_PAUSE
        desk.later(seconds=60)
        await desk.send()
        assert await desk.states() == {"ada": "sent", "ben": "sent", "zoe": "sent"}
        assert server.to() == ALL


def test_pauses_double_up_to_an_hour() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, 2000)]
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    assert pauses == sorted(pauses)


async def test_after_five_days_of_refusals_it_is_given_up(database_url: str, server: MailServer) -> None:
    server.refused_recipients["ben@example.org"] = ["452 mailbox full"] * 1000
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        await desk.send()
        desk.later(days=5)
        await desk.send()
        assert (await desk.states())["ben"] == "pending"
        assert timedelta(days=5) == GIVE_UP_AFTER
        desk.later(hours=2)
        await desk.send()
        status = (await desk.statuses())["ben"]
        assert (status.state, status.last_error) == ("failed", "the mail server answered 452 mailbox full")


@pytest.mark.parametrize("where", ["recipient", "data"])
async def test_who_is_refused_for_good_has_failed_and_the_others_get_theirs(
    database_url: str, server: MailServer, where: str
) -> None:
    if where == "recipient":
        server.refused_recipients["ada@example.org"] = ["550 5.1.1 no such user"]
    else:
        server.data_answers = ["550 5.1.1 no such user"]
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        await desk.send()
        status = (await desk.statuses())["ada"]
        assert (status.state, status.last_error) == ("failed", "the mail server answered 550 5.1.1 no such user")
        assert await desk.states() == {"ada": "failed", "ben": "sent", "zoe": "sent"}
        await desk.change(edited(SESSION, cancelled=True))
        await desk.send()
        assert server.to().count("ada@example.org") == 0  # who never got one needs no cancellation


async def test_a_server_that_takes_no_text_for_now_gets_it_later(database_url: str, server: MailServer) -> None:
    server.data_answers = ["452 4.3.1 no space"]
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        await desk.send()
        assert sorted((await desk.states()).values()) == ["pending", "sent", "sent"]
        desk.later(seconds=30)
        await desk.send()
        assert server.to() == ALL


async def test_an_outage_loses_nothing_and_is_told(database_url: str) -> None:
    with mail_server() as gone:
        port = gone.port
    async with open_desk(database_url, config_for(port)) as desk:
        await desk.change(SESSION)
        await desk.send()
        assert set((await desk.states()).values()) == {"pending"}
        assert {each.next_attempt_at for each in (await desk.statuses()).values()} == {desk.now + FIRST_SERVER_PAUSE}
        health = await desk.calendar.health()
        assert health.status == "degraded"
        assert f"mail server 127.0.0.1:{port}" in health.detail
        assert "3 invitations wait" in health.detail
        for _ in range(8):  # a day and a half without a server
            desk.later(hours=5)
            await desk.send()
        with mail_server(port) as server:
            desk.later(hours=1)
            await desk.send()
            assert server.to() == ALL
        health = await desk.calendar.health()
        assert (health.status, health.detail) == ("ok", "0 invitations wait, 0 could not be delivered")


@pytest.mark.parametrize("answer", ["550 who are you?", "421 too busy"])
async def test_trouble_about_the_sender_is_no_recipients_fault(
    database_url: str, server: MailServer, answer: str
) -> None:
    server.sender_answers = [answer]
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        await desk.send()
        assert set((await desk.states()).values()) == {"pending"}
        assert answer in str(desk.calendar.delivery.problem)
        desk.later(seconds=30)
        await desk.send()
        assert server.to() == ALL


async def test_a_server_that_hangs_up_before_it_takes_a_mail_gets_it_again(
    database_url: str, server: MailServer
) -> None:
    server.hang_up = "before"
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        await desk.send()
        assert server.received == []
        server.hang_up = ""
        desk.later(seconds=30)
        await desk.send()
        assert server.to() == ALL


async def test_of_what_nobody_knows_a_second_copy_is_the_same_to_the_byte(
    database_url: str, server: MailServer
) -> None:
    server.hang_up = "after"
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(msgspec.structs.replace(SESSION, participants=()))
        await desk.send()
        assert await desk.states() == {"ada": "pending"}
        server.hang_up = ""
        desk.later(seconds=30)
        await desk.send()
        first, second = server.received
        assert first.data == second.data
        assert await desk.states() == {"ada": "sent"}


async def test_who_may_have_got_one_is_told_of_a_cancellation(database_url: str, server: MailServer) -> None:
    server.hang_up = "after"
    async with open_desk(database_url, config_for(server.port)) as desk:
        alone = msgspec.structs.replace(SESSION, participants=())
        await desk.change(alone)
        await desk.send()
        server.hang_up = ""
        await desk.change(edited(alone, cancelled=True))
        desk.later(seconds=30)
        await desk.send()
        assert [mail.calendar["METHOD"] for mail in server.received] == ["REQUEST", "CANCEL"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_encrypted_and_logged_in(database_url: str, tmp_path: Path, security: str) -> None:
    trusted, context = certificate(tmp_path)
    options: dict[str, Any] = {
        "authenticator": authenticate,
        "auth_required": True,
        "auth_require_tls": security == "starttls",
    }
    login = {"security": security, "username": "podium", "password": PASSWORD, "ca_file": str(trusted)}
    with mail_server(tls=context, starttls=security == "starttls", **options) as server:
        async with open_desk(database_url, config_for(server.port, **login)) as desk:
            await desk.change(SESSION)
            await desk.send()
            assert server.to() == ALL
            assert {each["login"] for each in server.sessions} == {"podium"}
            assert all(each["tls"] for each in server.sessions) or security == "tls"


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [({"password": "battery staple"}, "refused the login: 535"), ({"ca_file": ""}, "CERTIFICATE_VERIFY_FAILED")],
)
async def test_a_wrong_password_or_an_unknown_certificate_sends_nothing(
    database_url: str, tmp_path: Path, wrong: dict[str, str], problem: str
) -> None:
    trusted, context = certificate(tmp_path)
    login = {"security": "starttls", "username": "podium", "password": PASSWORD, "ca_file": str(trusted)}
    with mail_server(tls=context, starttls=True, authenticator=authenticate, auth_required=True) as server:
        async with open_desk(database_url, config_for(server.port, **login | wrong)) as desk:
            await desk.change(SESSION)
            await desk.send()
            assert server.received == []
            assert problem in (await desk.calendar.health()).detail
            assert "battery staple" not in (await desk.calendar.health()).detail


async def test_a_server_without_tls_is_not_trusted_with_a_password(database_url: str, server: MailServer) -> None:
    config = config_for(server.port, security="starttls", username="podium", password=PASSWORD)
    async with open_desk(database_url, config) as desk:
        await desk.change(SESSION)
        await desk.send()
        assert server.received == []
        assert "STARTTLS" in str(desk.calendar.delivery.problem)


async def test_without_a_mail_server_all_waits_and_is_told(database_url: str, server: MailServer) -> None:
    sessions = Sessions()
    async with open_desk(database_url, CalendarConfig(), sessions) as desk:
        await desk.change(SESSION)
        with trio.fail_after(5):
            await desk.calendar.run_delivery()  # nothing to do, so it returns
        health = await desk.calendar.health()
        assert health.status == "degraded"
        assert "no mail server is configured" in health.detail
        assert "3 invitations wait" in health.detail
    async with open_desk(database_url, config_for(server.port), sessions) as desk:
        await desk.send()
        assert server.to() == ALL


async def test_two_hosts_send_each_mail_once(database_url: str, server: MailServer) -> None:
    people = tuple(Person(name=f"P{n}", email=f"p{n}@example.org", participant_id=f"p{n}") for n in range(70))
    sessions = Sessions()
    config = config_for(server.port)
    async with open_desk(database_url, config, sessions) as one, open_desk(database_url, config, sessions) as other:
        sessions.keep(msgspec.structs.replace(SESSION, participants=people))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.calendar.following.catch_up)
            nursery.start_soon(other.calendar.following.catch_up)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.send)
            nursery.start_soon(other.send)
        assert len(server.received) == len(server.by_recipient()) == 71


async def test_what_a_host_claimed_before_it_was_killed_is_sent_when_its_lease_is_over(
    database_url: str, server: MailServer
) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        await desk.database.run(outbox.claim, "killed", desk.now, 20)
        await desk.send()
        assert server.received == []
        desk.now += LEASE
        await desk.send()
        assert server.to() == ALL


async def test_what_a_killed_host_on_this_machine_had_claimed_is_sent_at_once(
    database_url: str, server: MailServer
) -> None:
    with subprocess.Popen([sys.executable, "-c", NAME_IT], stdout=subprocess.PIPE, text=True) as process:
        killed = process.communicate()[0].strip()
    async with open_desk(database_url, config_for(server.port)) as desk, trio.open_nursery() as nursery:
        await desk.change(SESSION)
        await desk.database.run(outbox.claim, killed, desk.now, 20)
        nursery.start_soon(desk.calendar.run_delivery)
        with trio.fail_after(30):
            while len(server.received) < 3:
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    assert server.to() == ALL


NAME_IT = "from podium.plugins.calendar.holders import new_holder; print(new_holder())"


async def test_a_host_that_lost_its_lease_sends_nothing(database_url: str, server: MailServer) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        slow = await desk.database.run(outbox.claim, "slow", desk.now, 20)
        desk.now += LEASE
        await desk.database.run(outbox.claim, "other", desk.now, 20)
        for claimed in slow:
            assert not await desk.database.run(outbox.begin, claimed.id, "slow", "<id>", desk.now)


async def test_a_mail_that_a_change_overtook_is_not_sent(database_url: str, server: MailServer) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        claimed = await desk.database.run(outbox.claim, "host", desk.now, 20)
        await desk.change(edited(SESSION, title="Algebra II"))
        assert not await desk.database.run(outbox.begin, claimed[0].id, "host", "<id>", desk.now)
        await desk.send()
        assert [mail.calendar.events[0]["SUMMARY"] for mail in server.received] == ["Algebra II"] * 3


async def test_a_mail_of_a_killed_host_that_a_change_overtook_is_not_sent_again(
    database_url: str, server: MailServer
) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        for claimed in await desk.database.run(outbox.claim, "killed", desk.now, 20):
            assert await desk.database.run(outbox.begin, claimed.id, "killed", "<id>", desk.now)
        await desk.change(edited(SESSION, title="Algebra II"))
        desk.now += LEASE
        await desk.send()
        assert [mail.calendar.events[0]["SUMMARY"] for mail in server.received] == ["Algebra II"] * 3


async def test_nobody_is_invited_to_what_is_over(database_url: str, server: MailServer) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(session_at("2026-10-23T09:00"))
        assert await desk.states() == {}
        await desk.change(session_at("2026-11-02T09:00", session_id="logic"))
        desk.later(days=7)
        await desk.send()
        assert server.received == []
        assert {(each.state, each.last_error) for each in (await desk.statuses("logic")).values()} == {
            ("failed", "the class is over")
        }


async def test_without_a_link_an_invitation_waits(database_url: str, server: MailServer) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        desk.sessions.failure = PodiumError("operation_unknown", "there is no operation 'GetInvitation'")
        await desk.send()
        status = (await desk.statuses())["ben"]
        assert status.state == "pending"
        assert status.last_error == "no join link can be made: there is no operation 'GetInvitation'"
        desk.sessions.failure = None
        desk.later(seconds=30)
        await desk.send()
        assert server.to() == ALL


async def test_an_address_that_is_none_has_failed(database_url: str, server: MailServer) -> None:
    odd = Person(name="Odd", email="odd at example", participant_id="odd")
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(msgspec.structs.replace(SESSION, participants=(odd,)))
        await desk.send()
        status = (await desk.statuses())["odd"]
        assert (status.state, status.last_error) == ("failed", "'odd at example' is no e-mail address")
        assert server.to() == ["ada@example.org"]


async def test_addresses_in_other_scripts_arrive(database_url: str, server: MailServer) -> None:
    person = Person(name="Δ", email="δοκιμή@exämple.org", participant_id="d")
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(msgspec.structs.replace(SESSION, participants=(person,)))
        await desk.send()
        assert server.to() == ["ada@example.org", "δοκιμή@xn--exmple-cua.org"]


async def test_sending_again_makes_another_mail(database_url: str, server: MailServer) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        await desk.send()
        desk.later(hours=1)
        again = await desk.database.run(store.again, "algebra", ["ben@example.org"], desk.now)
        assert again == ["ben@example.org"]
        await desk.send()
        first, second = [mail.message for mail in server.received if mail.recipients == ["ben@example.org"]]
        assert first["Message-ID"] != second["Message-ID"]
        assert (second["Date"].datetime - first["Date"].datetime) == timedelta(hours=1)


async def test_changes_that_were_read_are_not_read_again_after_a_restart(database_url: str, server: MailServer) -> None:
    sessions = Sessions()
    many = [session_at("2026-11-23T09:00", session_id=f"s{n}", participants=()) for n in range(45)]
    async with open_desk(database_url, config_for(server.port), sessions) as desk:
        await desk.change(*many)
        assert sessions.asked.count("ListSessionChanges") == 3
        await desk.send()
    async with open_desk(database_url, config_for(server.port), sessions) as desk:
        await desk.change(edited(many[7], title="Other"))
        await desk.send()
        rows = await desk.database.read(lambda session: session.execute(select(invitations.c.id)).all())
        assert len(rows) == len(server.received) == 46


async def test_a_cursor_that_is_behind_invites_nobody_twice(database_url: str, server: MailServer) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        await desk.send()
        await desk.database.run(rewind)
        await desk.change()
        await desk.send()
        assert server.to() == ALL


async def test_a_database_that_is_away_stops_nothing_for_good(database_url: str, server: MailServer) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk, trio.open_nursery() as nursery:
        await desk.database.run(rename, "calendar_invitations", "away")
        nursery.start_soon(desk.calendar.run_delivery)
        with trio.fail_after(10):
            while "the outbox cannot be read" not in str(desk.calendar.delivery.problem):
                await trio.sleep(0.01)
        await desk.database.run(rename, "away", "calendar_invitations")
        await desk.change(SESSION)  # which rings the bell
        with trio.fail_after(10):
            while len(server.received) < 3:
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


def rename(session: Session, before: str, after: str) -> None:
    session.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))


def rewind(session: Session) -> None:
    session.execute(update(cursor).values(change_number=0))


async def test_stopping_waits_for_the_mail_that_is_being_handed_over(database_url: str, server: MailServer) -> None:
    server.proceed = threading.Event()
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(msgspec.structs.replace(SESSION, participants=()))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(desk.calendar.run_delivery)
            await trio.to_thread.run_sync(server.reached.wait, 30)
            nursery.cancel_scope.cancel()
            server.proceed.set()
        assert await desk.states() == {"ada": "sent"}
        assert len(server.received) == 1


@pytest.mark.parametrize("security", ["none", "tls"])
async def test_stopping_leaves_a_server_that_does_not_answer(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    monkeypatch.setattr(delivery, "GRACE", 0.05)
    trusted, context = certificate(tmp_path)
    with mail_server(tls=context if security == "tls" else None) as server:
        server.proceed = threading.Event()
        config = config_for(server.port, security=security, ca_file=str(trusted), timeout=300)
        async with open_desk(database_url, config) as desk:
            await desk.change(msgspec.structs.replace(SESSION, participants=()))
            with trio.fail_after(30):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(desk.calendar.run_delivery)
                    await trio.to_thread.run_sync(server.reached.wait, 30)
                    nursery.cancel_scope.cancel()
                assert await trio.to_thread.run_sync(server.lost.wait, 30), "the connection is still open"
                while desk.calendar.delivery._threads.borrowed_tokens:
                    await trio.sleep(0.01)  # the thread that was left behind ends
            status = (await desk.statuses())["ada"]
            assert (status.state, status.last_error) == ("pending", "the host stopped before the mail server answered")
            server.proceed.set()
            server.proceed = None
            desk.later(seconds=30)
            await desk.send()  # the next host
            assert await desk.states() == {"ada": "sent"}
            assert server.to() == ["ada@example.org"]


async def test_a_refusal_that_comes_while_the_host_stops_is_written_down(database_url: str, server: MailServer) -> None:
    server.proceed = threading.Event()
    server.data_answers = ["550 5.7.1 not here"]
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(msgspec.structs.replace(SESSION, participants=()))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(desk.calendar.run_delivery)
            await trio.to_thread.run_sync(server.reached.wait, 30)
            nursery.cancel_scope.cancel()
            server.proceed.set()
        status = (await desk.statuses())["ada"]
        assert (status.state, status.last_error) == ("failed", "the mail server answered 550 5.7.1 not here")


def test_the_grace_fits_into_the_time_that_a_plugin_has_to_stop() -> None:
    assert delivery.GRACE + sum(delivery.NOTE_AGAIN) < GIVE_UP_ON_PLUGIN


async def test_stopping_gives_back_what_was_not_tried(database_url: str, server: MailServer) -> None:
    server.proceed = threading.Event()
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(desk.calendar.run_delivery)
            await trio.to_thread.run_sync(server.reached.wait, 30)
            nursery.cancel_scope.cancel()
            server.proceed.set()
        await desk.send()  # another host, at once
        assert server.to() == ALL


async def test_a_database_that_is_busy_is_asked_again_to_note_what_was_sent(
    database_url: str, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [DatabaseError("database_busy", "the database is busy")] * 2
    note = outbox.delivered

    def busy(*arguments: Any) -> None:
        if answers:
            raise answers.pop()
        note(*arguments)

    monkeypatch.setattr(outbox, "delivered", busy)
    monkeypatch.setattr(delivery, "NOTE_AGAIN", (0.0, 0.0))
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        await desk.send()
        assert set((await desk.states()).values()) == {"sent"}
        assert server.to() == ALL


async def test_a_session_that_is_not_understood_keeps_nobody_else_from_being_invited(
    database_url: str, server: MailServer
) -> None:
    async with open_desk(database_url, config_for(server.port)) as desk:
        odd = [
            msgspec.structs.replace(SESSION, session_id="odd-zone", time_zone="Mars/Olympus_Mons"),
            msgspec.structs.replace(SESSION, session_id="odd-rule", recurrence="FREQ=SOMETIMES"),
        ]
        await desk.change(*odd, SESSION)
        await desk.send()
        assert server.to() == ALL


async def test_a_mail_that_cannot_be_made_keeps_no_other_from_being_sent(
    database_url: str, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fragile(letter: Letter) -> EmailMessage:
        if letter.entry.person.participant_id == "ben":
            raise AttributeError("no such thing")
        return message_of(letter)

    monkeypatch.setattr(delivery, "message_of", fragile)
    async with open_desk(database_url, config_for(server.port)) as desk:
        await desk.change(SESSION)
        await desk.send()
        assert await desk.states() == {"ada": "sent", "ben": "failed", "zoe": "sent"}
        assert "cannot be made: AttributeError: no such thing" in str((await desk.statuses())["ben"].last_error)
