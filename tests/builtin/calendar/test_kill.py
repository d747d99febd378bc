# SPDX-License-Identifier: Apache-2.0
"""Killing the host (SIGKILL) between scheduling and sending, and while it sends: no mail is lost, none is doubled.

The one exception is in the last test: killed after the server took a mail and before that could be written down. Then a
second copy goes out, which is the same to the byte.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from podium.core import Person, SessionView
from podium.plugins.calendar.outbox import LEASE
from tests.builtin.calendar.mail_server import MailServer, mail_server
from tests.builtin.calendar.samples import session_at
from tests.builtin.shipped import ROOT

pytestmark = pytest.mark.campaign  # test_whole_host kills at each moment once

PEOPLE = tuple(Person(name=f"P{n}", email=f"p{n}@example.org", participant_id=f"p{n}") for n in range(25))
SESSIONS = [session_at("2026-11-23T09:00", participants=PEOPLE)]
LATER = LEASE.total_seconds() / 60


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


class Host:
    """Starts processes over one database."""

    def __init__(self, url: str, port: int, folder: Path) -> None:
        self._arguments = [url, str(port), str(folder / "sessions.json")]
        self.keep(SESSIONS, folder)

    @staticmethod
    def keep(sessions: list[SessionView], folder: Path) -> None:
        (folder / "sessions.json").write_bytes(msgspec.json.encode(sessions))

    def start(self, *, later: float = 0, stop: str = "no") -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.builtin.calendar.driver", *self._arguments, str(later), stop]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def run(self, *, later: float = 0) -> None:
        with self.start(later=later) as process:
            assert said(process, "sent")
        assert process.returncode == 0


def said(process: "subprocess.Popen[str]", word: str) -> bool:
    """Wait until it has said this."""
    assert process.stdout is not None
    return any(line.strip() == word for line in process.stdout)


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


@pytest.fixture
def host(database_url: str, server: MailServer, tmp_path: Path) -> Host:
    return Host(database_url, server.port, tmp_path)


@pytest.mark.parametrize("stop", ["before", "claimed"])
def test_killed_before_it_sent_anything(host: Host, server: MailServer, stop: str) -> None:
    process = host.start(stop=stop)
    assert said(process, "read" if stop == "before" else "claimed")
    kill(process)
    assert server.received == []
    host.run()
    host.run(later=LATER)
    assert len(server.by_recipient()) == len(server.received) == 26


def test_killed_while_it_sends_and_before_the_server_took_the_mail(host: Host, server: MailServer) -> None:
    server.proceed = threading.Event()
    process = host.start()
    assert said(process, "read")
    assert server.reached.wait(30)
    kill(process)
    server.proceed.set()
    server.proceed = None
    host.run(later=LATER)
    copies = {mail.recipients[0]: mail.data for mail in server.received}
    assert len(copies) == 26
    assert all(mail.data == copies[mail.recipients[0]] for mail in server.received)
    assert len(server.received) <= 27


def test_killed_again_and_again(host: Host, server: MailServer) -> None:
    for turn in range(2):
        process = host.start(later=turn * LATER)
        assert said(process, "read")
        wanted = len(server.received) + 3
        while len(server.received) < wanted and process.poll() is None:
            time.sleep(0.001)
        kill(process)
    host.run(later=3 * LATER)
    copies = {mail.recipients[0]: mail.data for mail in server.received}
    assert len(copies) == 26
    assert all(mail.data == copies[mail.recipients[0]] for mail in server.received), "a second copy differs"
    assert len(server.received) <= 26 + 2
