# SPDX-License-Identifier: Apache-2.0
"""The parts put together: follows sessions, sends what is due, takes replies. One object while the plugin runs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import final

import structlog
import trio
from sqlalchemy.exc import SQLAlchemyError

from podium.core import Database, DatabaseError, Health, Person, PodiumError
from podium.plugins.calendar import answers, outbox
from podium.plugins.calendar._config import CalendarConfig
from podium.plugins.calendar.delivery import Delivery, Result
from podium.plugins.calendar.following import Following, Operations
from podium.plugins.calendar.mailbox import Mailbox, MailboxError
from podium.plugins.calendar.pruning import prune
from podium.plugins.calendar.replies import Reply, ReplyError, replies_in_mail_untrusted


def utc_now() -> datetime:
    return datetime.now(UTC)


@final
class Calendar:
    """What the plugin keeps while it is enabled. `now` is the time of day, `count` is told what came of each try."""

    def __init__(
        self,
        config: CalendarConfig,
        database: Database,
        log: structlog.stdlib.BoundLogger,
        operations: Callable[[], Operations | None],
        now: Callable[[], datetime] = utc_now,
        count: Callable[[Result], None] = lambda _result: None,
    ) -> None:
        self.config = config
        self.database = database
        self.now = now
        self.delivery = Delivery(config, database, log, self.link, now, count)
        self.following = Following(operations, database, log, now, self.delivery.due.ring)
        self._log = log
        self._mailbox_problem: str | None = None
        self._mailbox_thread = trio.CapacityLimiter(1)

    async def link(self, session_id: str, person: Person) -> str:
        """Somebody's own link to a session. Raises PodiumError."""
        if not self.config.base_url:
            raise PodiumError("base_url_missing", "plugins.calendar.base_url is not set, so no link can be made")
        return self.config.base_url + await self.following.link_path(session_id, person)

    async def run_delivery(self) -> None:
        """Send what is due until cancelled; without a mail server everything waits."""
        if self.config.can_send:
            await self.delivery.run()

    async def run_pruning(self) -> None:
        """Delete what is older than `keep_days`, until cancelled."""
        await prune(self.database, self._log, self.now, timedelta(days=self.config.keep_days))

    async def run_mailbox(self) -> None:
        """Look for replies until cancelled."""
        if not self.config.imap.host:
            return
        while True:
            try:
                await self.look_into_mailbox()
                self._mailbox_problem = None
            except (MailboxError, DatabaseError, SQLAlchemyError) as error:
                self._mailbox_problem = str(error).splitlines()[0]
                self._log.warning("the mailbox cannot be read", problem=self._mailbox_problem)
            await trio.sleep(self.config.imap.interval)

    async def look_into_mailbox(self) -> int:
        """Take the replies that have come; how many messages were read. Raises MailboxError."""
        mailbox = Mailbox(self.config.imap)

        def take(message: bytes) -> None:
            trio.from_thread.run(self.take_mail, message)

        return await trio.to_thread.run_sync(mailbox.read, take, abandon_on_cancel=True, limiter=self._mailbox_thread)

    async def take_mail(self, data: bytes) -> None:
        """Take the replies in one mail; anything else is left alone."""
        try:
            found = await trio.to_thread.run_sync(replies_in_mail_untrusted, data)
        except ReplyError as error:
            self._log.info("a message in the mailbox is no reply", problem=error.message)
            return
        for reply in found:
            await self.take_reply(reply)

    async def take_reply(self, reply: Reply) -> bool:
        """Keep an answer; False when it fits no invitation."""
        taken = await self.database.run(answers.take_reply, reply, self.now())
        if not taken:
            self._log.info("a reply fits no invitation", session_id=reply.session_id)
        return taken

    async def health(self) -> Health:
        """`degraded` when mails wait for something that somebody has to look after."""
        counts = await self.database.read(outbox.counts)
        problems = [self.following.problem, self._mailbox_problem]
        if counts.waiting:  # a server that nobody needs now is no problem
            problems.append(self.delivery.problem)
        if not self.config.can_send:
            problems.append("no mail server is configured (plugins.calendar.smtp.host)")
        found = [problem for problem in problems if problem is not None]
        detail = f"{counts.waiting} invitations wait, {counts.failed} could not be delivered"
        return Health(status="degraded" if found else "ok", detail="; ".join([*found, detail]))
