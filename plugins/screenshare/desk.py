# SPDX-License-Identifier: Apache-2.0
"""What runs while the plugin does: a board for each open room, and the one place where shares begin and end.

`begun` and `ended` do not wait, so a share and the block of its screen change together. What people ask for is written
before it takes effect; what simply happened to a share (its presenter is gone) takes effect at once and is written by
the driver as soon as the database can be written.
"""

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import final

import msgspec
import trio

from podium.core import Event, Health, OperationError, ParticipantInfo, PluginContext
from podium.plugins.screenshare import store
from podium.plugins.screenshare._config import ScreenshareConfig
from podium.plugins.screenshare.board import Board
from podium.plugins.screenshare.books import Books
from podium.plugins.screenshare.errors import room_unknown
from podium.plugins.screenshare.events import ScreenShareStarted, ScreenShareStopped
from podium.plugins.screenshare.rules import Rules
from podium.plugins.screenshare.share import Ending, Reason, Share


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class DeskStatistics:
    """Rooms that are known, shares that run, and ends that are not in the database yet."""

    rooms: int
    shares: int
    unwritten: int


@final
class Desk:
    """One for each time the plugin runs; `now` is the clock of what is written."""

    def __init__(self, context: PluginContext, now: Callable[[], datetime]) -> None:
        self.config: ScreenshareConfig = context.config
        self.now = now
        self.books = Books(context)
        self.problem: str | None = None
        """Why the database cannot be written at the moment."""
        self.rules_lock = trio.Lock()
        self._rules_version = 0
        """Raised when rules have been written, so that whoever was reading meanwhile reads again."""
        self._context = context
        self._boards: dict[str, Board] = {}
        self._nudged = trio.Event()
        self._stopping = False
        metrics = context.metrics
        self._started = metrics.counter("screen_shares_started", "Screen shares that began.")
        self._stopped = metrics.counter("screen_shares_stopped", "Screen shares that ended, for whatever reason.")
        active = metrics.gauge("screen_shares_active", "Screens that are shared now.")
        active.set_function(lambda: self.statistics().shares)

    def statistics(self) -> DeskStatistics:
        return DeskStatistics(
            rooms=len(self._boards),
            shares=sum(len(board.running) for board in self._boards.values()),
            unwritten=len(self.books),
        )

    # Boards

    def known(self, room_id: str) -> Board | None:
        """The board of a room that has been asked about since it opened."""
        return self._boards.get(room_id)

    def following(self, session_id: str) -> list[Board]:
        """Those in which new rules of this session hold, in a fixed order."""
        found = [board for board in self._boards.values() if board.follows(session_id)]
        return sorted(found, key=lambda board: board.room_id)

    def rules_changed(self, session_id: str, rules: Rules) -> None:
        """New rules have been written; boards that were made meanwhile get them as well."""
        self._rules_version += 1
        for board in self._boards.values():
            if board.follows(session_id):
                board.rules, board.own_rules = rules, board.own_rules or board.room_id == session_id

    async def board(self, room_id: str) -> Board:
        """Read what is kept of a room, unless it is known. Raises DatabaseError, and OperationError `room_unknown`."""
        while (board := self._boards.get(room_id)) is None:
            if self._stopping or not self.is_open(room_id):
                raise room_unknown(room_id)
            version = self._rules_version
            read = await self._read(room_id)
            if version == self._rules_version and self.is_open(room_id) and not self._stopping:
                self._boards.setdefault(room_id, read)
                self.nudge()
        return board

    async def _read(self, room_id: str) -> Board:
        view = await self._context.sessions.get(room_id)
        series_id = view.session_id if view is not None and view.session_id != room_id else None
        board = Board(room_id, series_id, self.config.rules)
        kept = await self._context.database.read(store.read_kept, board.names)
        board.rules, board.own_rules = kept.rules or board.rules, kept.own
        board.allowed = kept.allowed
        board.lost = {share.participant_id: share for share in kept.running}
        board.lost_until = trio.current_time() + self.config.resume_seconds
        return board

    def host_stops(self) -> None:
        """From now on people leave because of that: what runs goes on when they come back to the next host."""
        self._stopping = True
        self._boards.clear()

    def close(self, board: Board) -> None:
        """The room is closed; if it is open again, this is a new room's board from now on."""
        present = {each.participant_id for each in self.people(board.room_id)}
        for share in board.all():
            if share.participant_id not in present:
                self.ended(board, share, None, "room_closed")
        if not self.is_open(board.room_id):
            self._boards.pop(board.room_id, None)

    # Rooms

    def is_open(self, room_id: str) -> bool:
        return any(view.session_id == room_id for view in self._context.rooms.list())

    def people(self, room_id: str) -> tuple[ParticipantInfo, ...]:
        """Who is in a room, nobody if it is closed."""
        return tuple(self._context.rooms.participants(room_id)) if self.is_open(room_id) else ()

    def person(self, room_id: str, participant_id: str | None) -> ParticipantInfo | None:
        return next((each for each in self.people(room_id) if each.participant_id == participant_id), None)

    def tell(self, room_id: str, event: Event, to: Collection[str] | None = None) -> None:
        """Tell the trail, and all in a room or those of them, who are not told the names of keys."""
        self._context.emit(event)
        people = [each.participant_id for each in self.people(room_id)]
        actor_id = getattr(event, "actor_id", None)
        if actor_id is not None and actor_id not in people:
            event = msgspec.structs.replace(event, actor_id=None)
        if to is None and people:
            self._context.rooms.send(room_id, event)
        for participant_id in (each for each in people if to is not None and each in to):
            self._context.rooms.send(room_id, event, participant_id=participant_id)

    def enforce(self, room_id: str, participant_id: str) -> None:
        """Have somebody's screen flow if their share runs, and only then."""
        board = self._boards.get(room_id)
        running = board is not None and participant_id in board.running
        self._context.rooms.set_blocked(room_id, participant_id, "screen", not running)

    def enforce_everywhere(self) -> None:
        """The plugin has been switched on in the middle of classes."""
        for view in self._context.rooms.list():
            for person in self.people(view.session_id):
                self.enforce(view.session_id, person.participant_id)

    # Shares

    def begun(self, board: Board, share: Share, *, resumed: bool = False) -> None:
        """A share that has been written runs from now on."""
        board.lost.pop(share.participant_id, None)
        board.requests.pop(share.participant_id, None)
        board.running[share.participant_id] = share
        self.enforce(board.room_id, share.participant_id)
        if not resumed:
            self._started.inc()
        event = ScreenShareStarted(
            session_id=share.session_id,
            actor_id=share.participant_id,
            participant_id=share.participant_id,
            share_id=share.id,
            display_name=share.display_name,
            audio=share.audio,
            started_at=share.started_at,
            resumed=resumed,
        )
        self.tell(board.room_id, event)

    def ended(self, board: Board, share: Share, by: str | None, reason: Reason, *, written: bool = False) -> bool:
        """A share is over: nothing of it flows any more. False when it was over before."""
        if not board.forget(share):
            return False
        self._stopped.inc()
        person = self.person(board.room_id, by)
        event = ScreenShareStopped(
            session_id=share.session_id,
            actor_id=by,
            participant_id=share.participant_id,
            share_id=share.id,
            reason=reason,
            stopped_by=person.display_name if person is not None else None,
        )
        self.tell(board.room_id, event)  # first, so that the presenter's page knows why its screen is blocked
        if self.is_open(board.room_id):
            self.enforce(board.room_id, share.participant_id)
        if not written:
            self.write_later(Ending(share, self.now(), by, reason))
        return True

    def applied(self, board: Board, endings: Iterable[Ending]) -> None:
        """These ends have been written."""
        for ending in endings:
            self.ended(board, ending.share, ending.ended_by, ending.reason, written=True)

    def write_later(self, ending: Ending) -> None:
        self.books.add(ending)
        self.nudge()

    def session_ended(self, session_id: str) -> None:
        """Of a session that is over nothing runs, also of what this host does not know."""
        self.books.session_ended(session_id, self.now())
        self.nudge()

    # What is due

    def nudge(self) -> None:
        """Have the driver look now."""
        self._nudged.set()

    async def wait_for_nudge(self, until: float) -> None:
        """Until somebody nudges, until a time of trio's clock at most."""
        with trio.move_on_at(until):
            await self._nudged.wait()

    async def look(self) -> float | None:
        """End what nobody came back to, write what has ended, know the rooms that are open; when something is due next.

        Raises DatabaseError, and PluginError when nobody can say what session a room is of.
        """
        self._nudged = trio.Event()
        now = trio.current_time()
        for board in list(self._boards.values()):
            for share in list(board.lost.values()) if now >= board.lost_until else ():
                self.ended(board, share, None, "lost")
        await self.books.write()
        for view in self._context.rooms.list() if not self._stopping else ():
            with suppress(OperationError):  # it has been closed meanwhile
                await self.board(view.session_id)
        return min((board.lost_until for board in self._boards.values() if board.lost), default=None)

    async def finish(self) -> None:
        """The plugin stops in the middle of classes: what it blocked flows again, and nothing is kept of who shares."""
        for board in self._boards.values():
            for share in board.running.values():
                self.books.add(Ending(share, self.now(), None, "disabled"))
        await self.books.write()

    def health(self) -> Health:
        if self.problem is not None:
            return Health(status="degraded", detail=f"{len(self.books)} ends are not written: {self.problem}")
        return Health(status="ok", detail=f"{self.statistics().shares} screens are shared")


def desk_of(context: PluginContext) -> Desk:
    """What `on_start` made."""
    desk: Desk = context.state
    return desk
