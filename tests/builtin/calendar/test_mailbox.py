# SPDX-License-Identifier: Apache-2.0
"""Replies in a mailbox: taken once, marked as seen, and junk does no harm."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from podium.plugins.calendar import CalendarConfig
from podium.plugins.calendar._config import ImapConfig
from podium.plugins.calendar.mailbox import MailboxError
from podium.plugins.calendar.replies import LARGEST_MAIL
from tests.builtin.calendar.desk import open_desk
from tests.builtin.calendar.mailbox_server import PASSWORD, Folder, mailbox_server
from tests.builtin.calendar.samples import session_at
from tests.builtin.calendar.test_replies import GOOGLE, mail_with

SESSION = session_at("2026-11-23T09:00", recurrence="FREQ=WEEKLY;COUNT=3;BYDAY=MO")


@pytest.fixture
def folder() -> Iterator[Folder]:
    with mailbox_server() as folder:
        yield folder


def config_with(server: Folder, **fields: Any) -> CalendarConfig:
    imap = {"host": "127.0.0.1", "port": server.port, "security": "none", "username": "classes", "password": PASSWORD}
    return CalendarConfig(imap=msgspec.convert(imap | fields, ImapConfig))


def reply(status: str, *, stamp: str = "20261120T101112Z", recurrence: str = "", who: str = "Ben@Example.org") -> bytes:
    data = GOOGLE.replace(b"ACCEPTED", status.encode()).replace(b"20261120T101112Z", stamp.encode())
    data = data.replace(b"Ben@Example.org", who.encode())
    return data.replace(b"SEQUENCE", f"RECURRENCE-ID:{recurrence}\r\nSEQUENCE".encode()) if recurrence else data


async def test_a_reply_sets_the_status_of_who_sent_it(database_url: str, folder: Folder) -> None:
    async with open_desk(database_url, config_with(folder)) as desk:
        await desk.change(SESSION)
        folder.put(mail_with(reply("ACCEPTED")), mail_with(reply("DECLINED", who="zoe@example.org")))
        assert await desk.calendar.look_into_mailbox() == 2
        found = await desk.statuses()
        assert {name: status.answer for name, status in found.items()} == {
            "ada": "needs-action",
            "ben": "accepted",
            "zoe": "declined",
        }
        assert folder.seen == {1, 2}
        assert await desk.calendar.look_into_mailbox() == 0


async def test_an_answer_for_one_class_leaves_the_others(database_url: str, folder: Folder) -> None:
    async with open_desk(database_url, config_with(folder)) as desk:
        await desk.change(SESSION)
        folder.put(mail_with(reply("ACCEPTED")), mail_with(reply("DECLINED", recurrence="20261130T080000Z")))
        await desk.calendar.look_into_mailbox()
        status = (await desk.statuses())["ben"]
        assert status.answer == "accepted"
        assert [(each.starts_at, each.answer) for each in status.class_answers] == [("20261130T080000Z", "declined")]


async def test_an_older_reply_that_comes_late_changes_nothing(database_url: str, folder: Folder) -> None:
    async with open_desk(database_url, config_with(folder)) as desk:
        await desk.change(SESSION)
        folder.put(mail_with(reply("DECLINED")), mail_with(reply("ACCEPTED", stamp="20261119T101112Z")))
        await desk.calendar.look_into_mailbox()
        assert (await desk.statuses())["ben"].answer == "declined"


async def test_junk_is_marked_as_seen_and_nothing_else(database_url: str, folder: Folder) -> None:
    async with open_desk(database_url, config_with(folder)) as desk:
        await desk.change(SESSION)
        folder.put(
            b"Subject: Lunch?\r\n\r\nAt noon.\r\n",
            b"\xff\x00\xfe",
            b"",
            mail_with(reply("ACCEPTED").replace(b"algebra@podium", b"logic@podium")),
            mail_with(reply("ACCEPTED", who="eve@example.org")),
            b"Subject: big\r\n\r\n" + b"x" * LARGEST_MAIL,
            mail_with(reply("TENTATIVE")),
        )
        assert await desk.calendar.look_into_mailbox() == 7
        assert (await desk.statuses())["ben"].answer == "tentative"
        assert len(folder.seen) == 7
        assert 6 not in folder.fetched  # too large to be read at all


async def test_a_reply_that_cannot_be_kept_is_read_again(database_url: str, folder: Folder) -> None:
    async with open_desk(database_url, config_with(folder)) as desk:
        await desk.change(SESSION)
        folder.put(mail_with(reply("ACCEPTED")))
        database = desk.calendar.database
        desk.calendar.database = _Away()  # type: ignore[assignment]  # stands in
        with pytest.raises(RuntimeError, match="away"):
            await desk.calendar.look_into_mailbox()
        assert folder.seen == set()
        desk.calendar.database = database
        await desk.calendar.look_into_mailbox()
        assert (await desk.statuses())["ben"].answer == "accepted"


class _Away:
    async def run(self, *arguments: object) -> None:
        raise RuntimeError("away")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [({"password": "battery staple"}, "wrong password"), ({"folder": "Replies"}, "folder cannot be opened")],
)
async def test_what_is_wrong_with_the_mailbox_is_told(
    database_url: str, folder: Folder, fields: dict[str, str], problem: str
) -> None:
    async with open_desk(database_url, config_with(folder, **fields)) as desk:
        with pytest.raises(MailboxError, match=problem):
            await desk.calendar.look_into_mailbox()


async def test_a_mailbox_that_is_not_there_is_told(database_url: str) -> None:
    with mailbox_server() as folder:
        config = config_with(folder)
    async with open_desk(database_url, config) as desk:
        with pytest.raises(MailboxError, match="refused"):
            await desk.calendar.look_into_mailbox()
