# SPDX-License-Identifier: Apache-2.0
"""From the outbox to the mail server: in trio, with the server's connection and the making of mails in a thread.

A batch is claimed, one connection carries it, each mail is written down before and after it is handed over. What fails
for now is tried again with growing pauses: for five days when the server refuses a recipient (RFC 5321 section
4.5.4.1), and until the class is over when the server itself is in trouble, or a link cannot be made.
"""

import math
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, TypeVar, final

import msgspec
import structlog
import trio
from sqlalchemy.exc import SQLAlchemyError

from podium.core import Database, DatabaseError, Person, PodiumError
from podium.plugins.calendar import outbox
from podium.plugins.calendar._config import CalendarConfig
from podium.plugins.calendar.body import Occasion
from podium.plugins.calendar.checking import CalendarError
from podium.plugins.calendar.events import Entry, Method
from podium.plugins.calendar.holders import is_gone, new_holder
from podium.plugins.calendar.mail import Letter, MailError, encoded, message_of
from podium.plugins.calendar.occurrences import ends_at
from podium.plugins.calendar.outbox import Claimed
from podium.plugins.calendar.pacing import FIRST_PAUSE, FIRST_SERVER_PAUSE, Bell, pause_after
from podium.plugins.calendar.smtp import Connection, RefusedError, ServerError

BATCH = 20
"""Mails for one connection."""
GIVE_UP_AFTER = timedelta(days=5)
STEP = 240.0
"""Seconds that one step with the server may take in all; less than the lease."""
GRACE = 3.0
"""Seconds that the server has to answer for a mail that is being handed over when the host stops."""
NOTE_AGAIN = (0.5, 1.0, 2.0, 4.0)
"""Seconds between tries to write down that a mail was sent."""
IDLE = 30.0
"""Seconds between two looks into the outbox when nothing says that there is something new."""

T = TypeVar("T")
Result = Literal["sent", "postponed", "failed"]
MakeLink = Callable[[str, Person], Awaitable[str]]
"""The personal link to a session. Raises PodiumError."""


@final
class Delivery:
    """Sends what is due; `problem` is what keeps it from doing so, None when all is well."""

    def __init__(
        self,
        config: CalendarConfig,
        database: Database,
        log: structlog.stdlib.BoundLogger,
        make_link: MakeLink,
        now: Callable[[], datetime],
        count: Callable[[Result], None],
    ) -> None:
        self.problem: str | None = None
        self.due = Bell()
        self._config = config
        self._database = database
        self._log = log
        self._make_link = make_link
        self._now = now
        self._count = count
        self._holder = new_holder()
        self._threads = trio.CapacityLimiter(2)
        self._answer_until = math.inf
        self._handing_over = trio.CancelScope()

    async def run(self) -> None:
        """Send until cancelled; a mail that is being handed over then has GRACE seconds."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._hasten_at_the_end)
                await self._send_on()
        finally:
            self._answer_until = math.inf

    async def _hasten_at_the_end(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self._answer_until = trio.current_time() + GRACE
            self._handing_over.deadline = self._answer_until

    async def _send_on(self) -> None:
        while True:
            seconds = IDLE
            try:
                await self._take_over()
                while await self.send_some():
                    pass
                seconds = await self._seconds_to_next()
            except (DatabaseError, SQLAlchemyError) as error:
                self.problem = f"the outbox cannot be read or written: {str(error).splitlines()[0]}"
                self._log.warning("invitations cannot be sent", problem=self.problem)
            await self.due.wait(seconds)

    async def _take_over(self) -> None:
        """What killed hosts had claimed need not wait until their leases are over."""
        held = await self._database.read(outbox.holders, self._now())
        if gone := [holder for holder in held if is_gone(holder)]:
            self._log.warning("a host was killed: its mails are taken over", hosts=len(gone))
            await self._database.run(outbox.free, gone)

    async def _seconds_to_next(self) -> float:
        due = await self._database.read(outbox.next_due)
        return IDLE if due is None else min(max((due - self._now()).total_seconds(), 1.0), IDLE)

    async def send_some(self) -> bool:
        """Try one batch; whether there may be more to send at once."""
        batch = await self._database.run(outbox.claim, self._holder, self._now(), BATCH)
        left = {claimed.id: claimed for claimed in batch}
        connection = Connection(self._config.smtp)
        try:
            for claimed in batch:
                await self._send_one(claimed, connection)
                del left[claimed.id]
            if batch:
                await self._in_thread(connection, connection.quit)
        except ServerError as error:
            await self._all_postponed(list(left.values()), error)
            left.clear()
            return False
        finally:
            connection.close()
            with trio.CancelScope(shield=True):
                if left:
                    await self._database.run(outbox.release, list(left), self._holder)
        return len(batch) == BATCH

    async def _send_one(self, claimed: Claimed, connection: Connection) -> None:
        """Raises ServerError when the others of the batch need not be tried either."""
        if claimed.was_sending:
            self._log.warning("a mail may be sent twice: a host stopped while it was sent", **_names(claimed))
        if ends_at(claimed.view) <= self._now():
            await self._fail(claimed, "the class is over")
            return
        try:
            letter = await self._letter(claimed)
            data = await trio.to_thread.run_sync(_written, letter, limiter=self._threads)
            recipient = encoded(claimed.person.email)
        except (MailError, CalendarError) as error:
            await self._fail(claimed, error.message)
            return
        except PodiumError as error:  # no link can be made now
            await self._postpone(claimed, f"no join link can be made: {error.message}")
            return
        try:
            await self._hand_over(claimed, connection, recipient, letter.message_id, data)
        except RefusedError as error:
            with trio.CancelScope(shield=True):  # that is known, so it is written down
                if error.permanent or self._now() - claimed.created_at > GIVE_UP_AFTER:
                    await self._fail(claimed, error.message)
                else:
                    await self._postpone(claimed, error.message)

    async def _letter(self, claimed: Claimed) -> Letter:
        person = claimed.person
        person = msgspec.structs.replace(person, language=person.language or self._config.language)
        method: Method = "CANCEL" if claimed.method == "CANCEL" else "REQUEST"
        occasions: dict[str, Occasion] = {"change": "change", "cancellation": "cancellation"}
        entry = Entry(
            session=claimed.view,
            person=msgspec.structs.replace(person, email=encoded(person.email)),
            sequence=claimed.sequence,
            stamp=claimed.stamp,
            organizer=encoded(self._config.sender),
            link=await self._make_link(claimed.view.session_id, person) if method == "REQUEST" else None,
            alarm=self._config.alarm_minutes,
        )
        return Letter(
            entry=entry,
            method=method,
            occasion=occasions.get(claimed.occasion, "invitation"),
            sender=self._config.sender,
            sender_name=self._config.sender_name,
            sending=claimed.sending,
        )

    async def _hand_over(
        self, claimed: Claimed, connection: Connection, recipient: str, message_id: str, data: bytes
    ) -> None:
        """Raises RefusedError or ServerError."""
        if not connection.is_open:
            await self._in_thread(connection, connection.open)
        self.problem = None
        await self._in_thread(connection, partial(connection.offer, encoded(self._config.sender), recipient))
        with trio.CancelScope(shield=True):  # from here on it has to be known what became of it
            wanted = await self._database.run(outbox.begin, claimed.id, self._holder, message_id, self._now())
            if not wanted:
                await self._answered(connection, connection.withdraw)
                return
            try:
                answered = await self._answered(connection, partial(connection.send, data))
            except ServerError as error:
                await self._postpone(claimed, error.message, maybe=True)
                raise
            if not answered:
                await self._postpone(claimed, "the host stopped before the mail server answered", maybe=True)
                return
            await self._noted(claimed)
        self._count("sent")
        self._log.info("invitation sent", **_names(claimed))

    async def _answered(self, connection: Connection, function: Callable[[], None]) -> bool:
        """One step that a stop does not end at once; False when the host stops and the server has not answered in time.

        Raises RefusedError or ServerError.
        """
        self._handing_over = trio.CancelScope(deadline=self._answer_until)
        with self._handing_over:
            await self._in_thread(connection, function)
        return not self._handing_over.cancelled_caught

    async def _noted(self, claimed: Claimed) -> None:
        """Write down that a server has it. What is not written down is sent again: a busy database is asked again."""
        for pause in NOTE_AGAIN:
            try:
                await self._database.run(outbox.delivered, claimed.id, self._holder, self._now())
                return
            except DatabaseError as error:
                self._log.warning("a mail that was sent cannot be noted yet", problem=error.message, **_names(claimed))
                await trio.sleep(pause)
        await self._database.run(outbox.delivered, claimed.id, self._holder, self._now())

    async def _in_thread(self, connection: Connection, function: Callable[[], T]) -> T:
        """One step with the server. A thread that is left behind ends when its connection is closed."""
        with trio.move_on_after(STEP):
            try:
                return await trio.to_thread.run_sync(function, abandon_on_cancel=True, limiter=self._threads)
            except trio.Cancelled:
                connection.abort()
                raise
        raise ServerError(f"the mail server {self._config.smtp.host} took longer than {STEP:g} s")

    async def _fail(self, claimed: Claimed, why: str) -> None:
        self._log.warning("invitation cannot be delivered", problem=why, **_names(claimed))
        await self._database.run(outbox.failed, claimed.id, self._holder, why)
        self._count("failed")

    async def _postpone(
        self, claimed: Claimed, why: str, *, maybe: bool = False, first: timedelta = FIRST_PAUSE
    ) -> None:
        until = self._now() + pause_after(claimed.attempts + 1, first)
        note = partial(outbox.postponed, maybe=maybe)
        await self._database.run(note, claimed.id, self._holder, why, until)
        self._count("postponed")

    async def _all_postponed(self, batch: list[Claimed], error: ServerError) -> None:
        self.problem = error.message
        self._log.warning("the mail server cannot be used", problem=error.message, waiting=len(batch))
        for claimed in batch:
            await self._postpone(claimed, error.message, maybe=True, first=FIRST_SERVER_PAUSE)


def _written(letter: Letter) -> bytes:
    """Whatever is wrong with one mail must not keep the others from being sent."""
    try:
        return message_of(letter).as_bytes()
    except PodiumError:
        raise
    except Exception as error:
        raise MailError("mail_unmade", f"the mail cannot be made: {type(error).__name__}: {error}") from error


def _names(claimed: Claimed) -> dict[str, Any]:
    """What a log line says of a mail: whose it is, not their address."""
    return {
        "session_id": claimed.view.session_id,
        "participant": claimed.person.participant_id,
        "method": claimed.method,
        "sequence": claimed.sequence,
    }
