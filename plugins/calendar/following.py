# SPDX-License-Identifier: Apache-2.0
"""Keeping up with the sessions: reads what has changed since the last look, page by page, into the outbox.

The hook `session_changed` only says that there is something to read. What happened while the plugin was not running is
read at its start in the same way, so there is one way in which mails become due.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar, final

import msgspec
import structlog
import trio
from sqlalchemy.exc import SQLAlchemyError

from podium.core import Database, DatabaseError, Person, PodiumError, SessionView
from podium.plugins.calendar import store
from podium.plugins.calendar.pacing import Bell

PAGE = 20
"""Sessions in one transaction; each may have some thousand people."""
LOOK_EVERY = 60.0
"""Seconds after which is looked even if nothing was told."""

S = TypeVar("S", bound=msgspec.Struct)


class Operations(Protocol):
    """As `context.operations` is."""

    async def call(self, name: str, request: Any) -> msgspec.Struct: ...


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed of the answer to `ListSessionChanges`."""

    sessions: tuple[SessionView, ...]
    last: int
    more: bool


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed of the answer to `GetInvitation`."""

    path: str


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed of the answer to `GetSession`."""

    session_id: str


@final
class Following:
    """Reads changes; `problem` says why it cannot, None when all is well."""

    def __init__(
        self,
        operations: Callable[[], Operations | None],
        database: Database,
        log: structlog.stdlib.BoundLogger,
        now: Callable[[], datetime],
        on_due: Callable[[], None],
    ) -> None:
        self.problem: str | None = None
        self.changed = Bell()
        self._operations = operations
        self._database = database
        self._log = log
        self._now = now
        self._on_due = on_due
        self._one_at_a_time = trio.Lock()

    async def run(self) -> None:
        """Keep up until cancelled."""
        while True:
            try:
                await self.catch_up()
                self.problem = None
            except (PodiumError, DatabaseError, SQLAlchemyError) as error:
                problem = str(error).splitlines()[0]
                if problem != self.problem:
                    self._log.warning("sessions cannot be read", problem=problem)
                self.problem = problem
            await self.changed.wait(LOOK_EVERY)

    async def catch_up(self) -> None:
        """Read all that has changed. Raises PodiumError when nobody keeps sessions."""
        async with self._one_at_a_time:
            more = True
            while more:
                after = await self._database.read(store.position)
                found = await self._ask("ListSessionChanges", Changes, after=after, limit=PAGE)
                if found.last <= after:
                    return
                read = await self._database.run(store.take_in, found.sessions, found.last, self._now())
                for session_id in read.unread:
                    self._log.error(
                        "nobody is invited: time zone or recurrence are not understood", session_id=session_id
                    )
                if read.added:
                    self._on_due()
                more = found.more

    async def link_path(self, session_id: str, person: Person) -> str:
        """Where somebody enters a session, beginning with `/`. Raises PodiumError."""
        link = await self._ask("GetInvitation", Link, session_id=session_id, participant_id=person.participant_id)
        return link.path

    async def session_of(self, name: str) -> str:
        """The session with this id, or with a class of this id. Raises PodiumError."""
        found = await self._ask("GetSession", Named, session_id=name)
        return found.session_id

    async def _ask(self, name: str, kind: type[S], **fields: object) -> S:
        operations = self._operations()
        if operations is None:
            raise PodiumError("operations_missing", "operations are not on offer yet")
        answer = await operations.call(name, fields)
        try:
            return msgspec.convert(answer, kind, from_attributes=True)
        except msgspec.ValidationError as error:
            raise PodiumError("answer_invalid", f"{name} answers with something else than expected: {error}") from error
